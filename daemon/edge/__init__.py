"""Whom we talk to: mailbox, relay, database, files, children. Does; never decides."""
