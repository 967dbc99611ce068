"""The mail server of `demo` and of the tests: IMAP by pymap, SMTP by aiosmtpd, in the caller's event loop."""
