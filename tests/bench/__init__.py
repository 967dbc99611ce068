"""What the daemon costs, beside a naive loop and the least that this machine can do with the same mail."""
