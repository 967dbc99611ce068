"""What an operator asks for on the command line: imports, `check`, `status`, `read` and `replay`."""
