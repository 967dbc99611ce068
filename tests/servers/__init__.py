"""Real servers on loopback, each in a throw-away directory, for tests."""
