"""Ourselves: who holds the mailbox, the audit trail, small facts."""

import sqlalchemy as sa

from daemon.edge.tables.columns import Id, Moment, metadata

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("mailbox", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("gen", sa.BigInteger, nullable=False),
    sa.Column("expires", Moment, nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", Id, primary_key=True, autoincrement=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("what", sa.String(32), nullable=False),
    sa.Column("subject", sa.Text, nullable=False, comment="mail:12, letter:3, case:..., device:..."),
    sa.Column("detail", sa.Text, nullable=False, comment="JSON; never a code, never personal data"),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Index("ix_audit_subject", "subject"),
)

fact = sa.Table(
    "fact",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.Text, nullable=False, comment="JSON: start_from, last_round, alarms, self_test, ..."),
    sa.Column("at", Moment, nullable=False),
)
