"""What several tables say together, for people to read."""
