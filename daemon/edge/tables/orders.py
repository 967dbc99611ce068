"""What our team orders: approvals, proposals, what stands, notes."""

import sqlalchemy as sa

from daemon.edge.tables.columns import Day, Id, Moment, metadata, row_id

approval = sa.Table(
    "approval",
    metadata,
    sa.Column("token", sa.Text, primary_key=True, comment="Message-ID of the member's own letter: burnt by this row"),
    sa.Column("object", sa.Text, primary_key=True, comment="what was approved, and since when it is held"),
    sa.Column("member", sa.Text, nullable=False, comment="whose letter it was"),
    sa.Column("person", sa.Text, nullable=False, comment="one person may have several addresses"),
    sa.Column("at", Moment, nullable=False),
    sa.Column("mail_id", Id, sa.ForeignKey("mail.id"), nullable=False, comment="the mail that said APPROVE"),
    sa.Index("ix_approval_object", "object"),
)

proposal = sa.Table(
    "proposal",
    metadata,
    row_id(),
    sa.Column("kind", sa.String(12), nullable=False, comment="contacts, inventory, waive, resend, resume, code"),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False, comment="sealed JSON; may hold codes"),
    sa.Column("member", sa.Text, nullable=False, comment="who proposed it"),
    sa.Column("at", Moment, nullable=False),
    sa.Column("state", sa.String(10), nullable=False, comment="open, done, dropped"),
)

standing_order = sa.Table(
    "standing_order",
    metadata,
    sa.Column("kind", sa.String(12), primary_key=True, comment="pause, incident, holiday, away, waive"),
    sa.Column("subject", sa.Text, primary_key=True, comment="a party, an address, a day; see rules.standing"),
    sa.Column("first", Day, nullable=False),
    sa.Column("last", Day, comment="null: until it is taken back"),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("member", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

note = sa.Table(
    "note",
    metadata,
    row_id(),
    sa.Column("ref", sa.Text, nullable=False, comment="IC-XXXXXXXX or mail 12"),
    sa.Column("at", Moment, nullable=False),
    sa.Column("member", sa.Text, nullable=False),
    sa.Column("words", sa.LargeBinary, nullable=False, comment="sealed: people write what they like"),
    sa.Index("ix_note_ref", "ref"),
)
