"""Mail in: each mail, its bytes, where it lies; what was seen of senders and days."""

import sqlalchemy as sa

from daemon.edge.tables.columns import Day, Id, Moment, is_one_of, metadata, partial_index, row_id

mail = sa.Table(
    "mail",
    metadata,
    row_id(),
    sa.Column("raw_sha", sa.String(64), nullable=False, comment="SHA-256 of the bytes as fetched"),
    sa.Column("semantic_key", sa.String(64), comment="null until read"),
    sa.Column("message_id", sa.Text, comment="null until read"),
    sa.Column("sender", sa.Text, comment="From addr-spec of mail that concerns us; null until read, or not ours"),
    sa.Column("party", sa.Text),
    sa.Column("subject", sa.Text, comment="masked"),
    sa.Column("arrived", Moment, nullable=False, comment="INTERNALDATE"),
    sa.Column("kept_at", Moment, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("cut", sa.Boolean, nullable=False, server_default=sa.false(), comment="only its beginning is kept"),
    sa.Column("state", sa.String(12), nullable=False, comment="kept, claimed, settled"),
    sa.Column("claimed_gen", sa.BigInteger),
    sa.Column("crashes", sa.Integer, nullable=False, server_default="0"),
    sa.Column("ordered", sa.Boolean, nullable=False, server_default=sa.false(), comment="dragged to Requests"),
    sa.Column("fate", sa.String(12), comment="decided, held, ignored, poison; null until settled"),
    sa.Column("reason", sa.String(40)),
    sa.Column("settled_at", Moment),
    sa.Column("evidence", sa.Integer, comment="0-3, the class of proof of the sender"),
    sa.Column("proof", sa.Text, comment="JSON of rules.facts.Proof, for the gate at send"),
    sa.Column("case_id", sa.String(64), comment="the thread it belongs to"),
    sa.Column("wanted_folder", sa.Text, comment="where filing puts it; null: leave it alone"),
    sa.Column("filed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("held_due", Day, comment="due date of a mail held whole"),
    sa.Column("held_due_sum", sa.Text),
    sa.Column("told_ops_at", Moment),
    sa.Column("reminded_day", sa.Integer, nullable=False, server_default="0"),
    sa.Column("wait_until", Day, comment="no reminder before that day, as a member said"),
    sa.Column("waiver", sa.Text, comment="JSON of rules.decision.Waiver: approved whole; it is read and decided anew"),
    sa.Index("ix_mail_semantic_key", "semantic_key"),
    sa.Index("ix_mail_raw_sha", "raw_sha"),
    sa.Index("ix_mail_message_id", "message_id"),
    sa.Index("ix_mail_case_id", "case_id"),
)

MAIL_UNSETTLED = is_one_of(mail.c.state, "kept", "claimed")
MOST_CRASHES = 3
MAIL_POISONOUS = sa.and_(MAIL_UNSETTLED, mail.c.crashes >= sa.literal_column(str(MOST_CRASHES)))
"""Its reading died so often that it is not tried again."""
MAIL_UNFILED = sa.and_(mail.c.wanted_folder.is_not(None), mail.c.filed.is_(False))
MAIL_HELD = is_one_of(mail.c.fate, "held", "poison")
"""Ops must look at it, and its clock runs."""
MAIL_UNTOLD = sa.and_(MAIL_HELD, mail.c.told_ops_at.is_(None))

partial_index("ix_mail_unsettled", mail.c.id, where=MAIL_UNSETTLED)
partial_index("ix_mail_poisonous", mail.c.id, where=MAIL_POISONOUS)
partial_index("ix_mail_unfiled", mail.c.wanted_folder, mail.c.id, where=MAIL_UNFILED)
partial_index("ix_mail_held_reminded", mail.c.reminded_day, mail.c.held_due, where=MAIL_HELD)
partial_index("ix_mail_untold", mail.c.settled_at, where=MAIL_UNTOLD)

mail_content = sa.Table(
    "mail_content",
    metadata,
    sa.Column("mail_id", Id, sa.ForeignKey("mail.id"), primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary, nullable=False, comment="sealed; the row is deleted when it is none of ours"),
)

place = sa.Table(
    "place",
    metadata,
    row_id(),
    sa.Column("mail_id", Id, sa.ForeignKey("mail.id"), nullable=False, index=True),
    sa.Column("folder", sa.Text, nullable=False),
    sa.Column("uidvalidity", sa.BigInteger, nullable=False),
    sa.Column("uid", sa.BigInteger, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Column("gone", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("folder", "uidvalidity", "uid"),
)

cursor = sa.Table(
    "cursor",
    metadata,
    sa.Column("folder", sa.Text, primary_key=True),
    sa.Column("uidvalidity", sa.BigInteger, nullable=False),
    sa.Column("last_uid", sa.BigInteger, nullable=False, comment="all up to here are kept, none left out"),
)

signature = sa.Table(
    "signature",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True, comment="SHA-256 of a DKIM b= value"),
    sa.Column("semantic_key", sa.String(64), nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
)

tally = sa.Table(
    "tally",
    metadata,
    sa.Column("day", Day, primary_key=True),
    sa.Column("reason", sa.String(40), primary_key=True),
    sa.Column("mails", sa.Integer, nullable=False),
)
