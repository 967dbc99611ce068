"""A mail server in one process, for the demo and the tests."""
