"""When we ask: the devices whose codes we want, and the inquiries in which we ask for them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TO_ASK = sa.text("state IN ('ordered', 'moved-on', 'waiting-contact')")
_WAITING = sa.text("state IN ('asked', 'queried', 'promised', 'overdue', 'escalated')")
_OPEN = sa.text(
    "state IN ('ordered', 'waiting-contact', 'asked', 'queried', 'promised', 'moved-on', 'overdue', 'escalated', 'with-ops')"
)


def upgrade() -> None:
    """Apply."""
    _inquiry()
    _want()
    _want_indexes()


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _inquiry() -> None:
    op.create_table(
        "inquiry",
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=11), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False, comment="the listed address that was asked first"),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("message_ids", sa.Text(), nullable=False, comment="of our letters, blank between"),
        sa.Column("message_refs", sa.Text(), nullable=False, comment="Message-IDs of their mails, blank between"),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("letters_queued", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_inquiry")),
        sa.UniqueConstraint("reference", name=op.f("uq_inquiry_reference")),
    )
    op.create_index("ix_inquiry_party", "inquiry", ["party"], unique=False)


def _want() -> None:
    op.create_table(
        "want",
        *_ordered(),
        *_asked(),
        sa.ForeignKeyConstraint(["answer_mail_id"], ["mail.id"], name=op.f("fk_want_answer_mail_id")),
        sa.ForeignKeyConstraint(["order_mail_id"], ["mail.id"], name=op.f("fk_want_order_mail_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_want")),
    )


def _ordered() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("id", _row_id(), autoincrement=True, nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("ordered_by", sa.Text(), nullable=False),
        sa.Column("ordered_at", sa.BigInteger(), nullable=False),
        sa.Column("order_mail_id", _row_id(), nullable=False),
        sa.Column("losing_supplier", sa.Text(), nullable=False),
        sa.Column("installing_supplier", sa.Text(), nullable=False),
        sa.Column("needed_by", sa.Date(), nullable=True),
        sa.Column("urgent", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def _asked() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("party", sa.Text(), nullable=False, comment="whom we ask now, or next"),
        sa.Column(
            "case_id",
            sa.String(length=64),
            server_default="",
            nullable=False,
            comment="the inquiry; empty: not yet asked",
        ),
        sa.Column("asked", sa.Text(), nullable=False, comment="JSON of the parties asked so far"),
        sa.Column("due", sa.Text(), nullable=True, comment="JSON of rules.workdays.DueDate"),
        sa.Column("due_end", sa.Date(), nullable=True),
        sa.Column("late_from", sa.Date(), nullable=True),
        sa.Column("promised_for", sa.Date(), nullable=True),
        sa.Column("rung", sa.String(length=32), server_default="", nullable=False),
        sa.Column("rung_on", sa.Date(), nullable=True, comment="the day on which it was last chased"),
        sa.Column(
            "foretold_for",
            sa.Date(),
            nullable=True,
            comment="the day for which our team was told that it will be escalated",
        ),
        sa.Column("wait_until", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("install_code", sa.LargeBinary(), nullable=True, comment="sealed; what they answered"),
        sa.Column("answer_mail_id", _row_id(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column(
            "handed_over",
            sa.Boolean(),
            server_default=sa.false(),
            nullable=False,
            comment="the code recipients have it",
        ),
    )


def _want_indexes() -> None:
    op.create_index("ix_want_case_id", "want", ["case_id"])
    op.create_index("ix_want_device_id", "want", ["device_id"])
    op.create_index(
        "uq_want_open_device", "want", ["device_id"], unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    op.create_index("ix_want_to_ask", "want", ["party", "ordered_at"], sqlite_where=_TO_ASK, postgresql_where=_TO_ASK)
    op.create_index("ix_want_waiting", "want", ["party", "late_from"], sqlite_where=_WAITING, postgresql_where=_WAITING)
    op.create_index(
        "ix_want_to_hand_over",
        "want",
        ["answered_at"],
        sqlite_where=sa.text("state = 'answered' AND handed_over IS 0"),
        postgresql_where=sa.text("state = 'answered' AND handed_over IS false"),
    )
