"""Runs an energy supplier's shared install-code mailbox."""
