"""One file a version, forward only."""
