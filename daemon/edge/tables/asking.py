"""When we ask: inquiries, and the devices that we want."""

import sqlalchemy as sa

from daemon.edge.tables.columns import Day, Id, Moment, is_one_of, metadata, partial_index, row_id

inquiry = sa.Table(
    "inquiry",
    metadata,
    sa.Column("case_id", sa.String(64), primary_key=True),
    sa.Column("reference", sa.String(11), nullable=False, unique=True),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False, comment="the listed address that was asked first"),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("message_ids", sa.Text, nullable=False, comment="of our letters, blank between"),
    sa.Column("message_refs", sa.Text, nullable=False, comment="Message-IDs of their mails, blank between"),
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("letters_queued", sa.Integer, nullable=False),
    sa.Index("ix_inquiry_party", "party"),
)

want = sa.Table(
    "want",
    metadata,
    row_id(),
    sa.Column("device_id", sa.BigInteger, nullable=False),
    sa.Column("ordered_by", sa.Text, nullable=False),
    sa.Column("ordered_at", Moment, nullable=False),
    sa.Column("order_mail_id", Id, sa.ForeignKey("mail.id"), nullable=False),
    sa.Column("losing_supplier", sa.Text, nullable=False),
    sa.Column("installing_supplier", sa.Text, nullable=False),
    sa.Column("needed_by", Day),
    sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("party", sa.Text, nullable=False, comment="whom we ask now, or next"),
    sa.Column("case_id", sa.String(64), nullable=False, server_default="", comment="the inquiry; empty: not yet asked"),
    sa.Column("asked", sa.Text, nullable=False, comment="JSON of the parties asked so far"),
    sa.Column("due", sa.Text, comment="JSON of rules.workdays.DueDate"),
    sa.Column("due_end", Day),
    sa.Column("late_from", Day),
    sa.Column("promised_for", Day),
    sa.Column("rung", sa.String(32), nullable=False, server_default=""),
    sa.Column("rung_on", Day, comment="the day on which it was last chased"),
    sa.Column("foretold_for", Day, comment="the day for which our team was told that it will be escalated"),
    sa.Column("wait_until", Day),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("install_code", sa.LargeBinary, comment="sealed; what they answered"),
    sa.Column("answer_mail_id", Id, sa.ForeignKey("mail.id")),
    sa.Column("answered_at", Moment),
    sa.Column(
        "handed_over", sa.Boolean, nullable=False, server_default=sa.false(), comment="the code recipients have it"
    ),
    sa.Index("ix_want_device_id", "device_id"),
    sa.Index("ix_want_case_id", "case_id"),
)

WANT_OPEN = is_one_of(
    want.c.state,
    "ordered", "waiting-contact", "asked", "queried", "promised", "moved-on", "overdue", "escalated", "with-ops",
)  # fmt: skip
WANT_TO_ASK = is_one_of(want.c.state, "ordered", "moved-on", "waiting-contact")
WANT_WAITING = is_one_of(want.c.state, "asked", "queried", "promised", "overdue", "escalated")
"""Some party was asked, and may be chased."""
WANT_TO_HAND_OVER = sa.and_(is_one_of(want.c.state, "answered"), want.c.handed_over.is_(False))

sa.Index("uq_want_open_device", want.c.device_id, unique=True, sqlite_where=WANT_OPEN, postgresql_where=WANT_OPEN)
partial_index("ix_want_to_ask", want.c.party, want.c.ordered_at, where=WANT_TO_ASK)
partial_index("ix_want_waiting", want.c.party, want.c.late_from, where=WANT_WAITING)
partial_index("ix_want_to_hand_over", want.c.answered_at, where=WANT_TO_HAND_OVER)
