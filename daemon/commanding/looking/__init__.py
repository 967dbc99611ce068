"""Orders that only look, and show pages: HELP, STATUS, LIST, TEAM, REPORT, EVIDENCE."""
