"""Letters out, the codes that they carry, and what came back."""

import sqlalchemy as sa

from daemon.edge.tables.columns import Day, Id, Moment, is_one_of, metadata, partial_index, row_id

letter = sa.Table(
    "letter",
    metadata,
    row_id(),
    sa.Column("case_id", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("message_id", sa.Text, nullable=False, unique=True),
    sa.Column("written_at", Moment, nullable=False, comment="its Date header, fixed when queued"),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("party", sa.Text, nullable=False, comment="empty: to our own ops team"),
    sa.Column("plan", sa.Text, nullable=False, comment="JSON of rules.decision.LetterPlan"),
    sa.Column("mail_id", Id, sa.ForeignKey("mail.id"), comment="the mail it answers"),
    sa.Column("codes", sa.Integer, nullable=False, comment="how many codes it carries"),
    sa.Column("codes_day", Day, comment="London day on whose caps its codes count; null: none do"),
    sa.Column("due", Day, comment="the earliest due date of its rows: order of the queue"),
    sa.Column(
        "state",
        sa.String(12),
        nullable=False,
        comment="pending, sending, accepted, deferred, rejected, unknown, held, cancelled, observed",
    ),
    sa.Column("stage", sa.String(8), comment="started, dot; of the attempt in hand"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("resends", sa.Integer, nullable=False, server_default="0", comment="after an unknown outcome"),
    sa.Column("next_at", Moment, nullable=False),
    sa.Column("claimed_gen", sa.BigInteger),
    sa.Column("reply", sa.Text, comment="the relay's last words"),
    sa.Column("finished_at", Moment),
    sa.Column("sent_filed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("case_id", "kind", "seq"),
    sa.Index("ix_letter_party_written", "party", "written_at"),
)

LETTER_WAITING = is_one_of(letter.c.state, "pending", "deferred", "sending", "unknown")
"""It still has to go, or somebody must find out whether it went."""
LETTER_UNFILED = sa.and_(is_one_of(letter.c.state, "accepted"), letter.c.sent_filed.is_(False))
LETTER_LOST = sa.and_(
    is_one_of(letter.c.state, "rejected", "held", "cancelled"),
    is_one_of(letter.c.party, ""),
    letter.c.sent_filed.is_(False),
)
"""To our own team, and it will not go by the relay: it must reach them by another way."""

LETTER_NEVER_SENT = is_one_of(letter.c.state, "cancelled", "observed", "held")
_WITH_CODES = letter.c.codes_day.is_not(None)
partial_index("ix_letter_codes_day", letter.c.codes_day, letter.c.party, letter.c.codes, where=_WITH_CODES)
partial_index("ix_letter_waiting", letter.c.next_at, where=LETTER_WAITING)
partial_index("ix_letter_unfiled", letter.c.id, where=LETTER_UNFILED)
partial_index("ix_letter_lost", letter.c.party, letter.c.id, where=LETTER_LOST)
partial_index("ix_letter_never_sent", letter.c.party, letter.c.written_at, where=LETTER_NEVER_SENT)

frozen = sa.Table(
    "frozen",
    metadata,
    sa.Column("letter_id", Id, sa.ForeignKey("letter.id"), primary_key=True, autoincrement=False),
    sa.Column("verdict", sa.Text, comment="JSON of the gate's conditions as last asked"),
    sa.Column("content", sa.LargeBinary, comment="sealed bytes, before the first attempt; null: the gate let none go"),
)

release = sa.Table(
    "release",
    metadata,
    row_id(),
    sa.Column("device_id", sa.BigInteger, nullable=False),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("letter_id", Id, sa.ForeignKey("letter.id"), nullable=False, index=True),
    sa.Column("at", Moment, nullable=False, comment="when it was queued"),
    sa.Column("state", sa.String(10), nullable=False, comment="queued, released, dropped"),
    sa.Index("ix_release_device_id_at", "device_id", "at"),
)

bounce = sa.Table(
    "bounce",
    metadata,
    row_id(),
    sa.Column("letter_id", Id, sa.ForeignKey("letter.id"), nullable=False, index=True),
    sa.Column("mail_id", Id, sa.ForeignKey("mail.id"), nullable=False, comment="the report"),
    sa.Column("at", Moment, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False, comment="of our letter"),
    sa.Column("action", sa.String(10), nullable=False, comment="failed, delayed, delivered, relayed"),
    sa.Column("status", sa.String(11), nullable=False, comment="RFC 3463"),
    sa.Column(
        "certain", sa.Boolean, nullable=False, comment="said of the letter's own recipient, not of where it went on"
    ),
    sa.Column("words", sa.Text, nullable=False, comment="the server's, masked"),
    sa.UniqueConstraint("letter_id", "mail_id"),
)

BOUNCE_FAILED = sa.and_(is_one_of(bounce.c.action, "failed"), bounce.c.certain.is_(True))
"""The letter did not arrive, and its address takes no mail of ours."""

partial_index("ix_bounce_failed", bounce.c.at, where=BOUNCE_FAILED)
