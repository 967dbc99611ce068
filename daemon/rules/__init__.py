"""What we decide: pure functions over values. No clock, no network, no database, no log."""
