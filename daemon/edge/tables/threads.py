"""Threads in which we are asked, and their items."""

import sqlalchemy as sa

from daemon.edge.tables.columns import Day, Id, Moment, is_one_of, metadata, partial_index, row_id

thread = sa.Table(
    "thread",
    metadata,
    sa.Column("case_id", sa.String(64), primary_key=True),
    sa.Column("reference", sa.String(11), nullable=False, unique=True),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("reply_to", sa.Text, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, comment="masked"),
    sa.Column("root_message_id", sa.Text, nullable=False),
    sa.Column("message_refs", sa.Text, nullable=False, comment="Message-IDs, blank between"),
    sa.Column("their_reference", sa.String(11), nullable=False),
    sa.Column("received_at", Moment, nullable=False),
    sa.Column("mail_id", Id, sa.ForeignKey("mail.id"), nullable=False),
    sa.Column("letters_queued", sa.Integer, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False),
    sa.Index("ix_thread_root_message_id", "root_message_id"),
)

THREAD_OPEN = thread.c.settled.is_(False)

partial_index("ix_thread_open_party", thread.c.party, where=THREAD_OPEN)

item = sa.Table(
    "item",
    metadata,
    row_id(),
    sa.Column("case_id", sa.String(64), sa.ForeignKey("thread.case_id"), nullable=False),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("device_id", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("outcome", sa.String(20)),
    sa.Column("reason", sa.String(40)),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("due_start", Day, nullable=False),
    sa.Column("due_days", sa.Integer, nullable=False),
    sa.Column("due_end", Day, nullable=False),
    sa.Column("due_skipped", sa.Text, nullable=False, comment="JSON [[day, name], ...]"),
    sa.Column("due_nation", sa.String(20), nullable=False),
    sa.Column("promised_for", Day),
    sa.Column("held_at", Moment),
    sa.Column("told_ops_at", Moment),
    sa.Column("reminded_day", sa.Integer, nullable=False, server_default="0"),
    sa.Column("wait_until", Day, comment="no reminder before that day, as a member said"),
    sa.UniqueConstraint("case_id", "device_id"),
    sa.Index("ix_item_device_id", "device_id"),
)

ITEM_OPEN = is_one_of(item.c.state, "held", "pending")
ITEM_HELD = is_one_of(item.c.state, "held")
ITEM_UNTOLD = sa.and_(ITEM_HELD, item.c.told_ops_at.is_(None))
ITEM_PENDING = is_one_of(item.c.state, "pending")

partial_index("ix_item_open_device", item.c.device_id, where=ITEM_OPEN)
partial_index("ix_item_open_due", item.c.due_end, where=ITEM_OPEN)
partial_index("ix_item_held_start", item.c.reminded_day, item.c.due_start, where=ITEM_HELD)
partial_index("ix_item_held_end", item.c.reminded_day, item.c.due_end, where=ITEM_HELD)
partial_index("ix_item_untold", item.c.held_at, where=ITEM_UNTOLD)
partial_index("ix_item_pending", item.c.party, item.c.asked_at, where=ITEM_PENDING)
