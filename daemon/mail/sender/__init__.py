"""Who or what wrote a mail, and what our own mail server proved of it."""
