"""What our team orders by email: approvals, proposals, standing orders, notes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("mail", sa.Column("wait_until", sa.Date(), comment="no reminder before that day, as a member said"))
    op.add_column(
        "mail",
        sa.Column(
            "waiver", sa.Text(), comment="JSON of rules.decision.Waiver: approved whole; it is read and decided anew"
        ),
    )
    op.add_column("item", sa.Column("wait_until", sa.Date(), comment="no reminder before that day, as a member said"))
    op.create_index("ix_item_device_id", "item", ["device_id"])
    _approval()
    _proposal()
    _standing_order()
    _note()


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _approval() -> None:
    op.create_table(
        "approval",
        sa.Column(
            "token",
            sa.Text(),
            nullable=False,
            comment="Message-ID of the member's own letter: burnt by this row",
        ),
        sa.Column("object", sa.Text(), nullable=False, comment="what was approved, and since when it is held"),
        sa.Column("member", sa.Text(), nullable=False, comment="whose letter it was"),
        sa.Column("person", sa.Text(), nullable=False, comment="one person may have several addresses"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("mail_id", _row_id(), nullable=False, comment="the mail that said APPROVE"),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_approval_mail_id")),
        sa.PrimaryKeyConstraint("token", "object", name=op.f("pk_approval")),
    )
    op.create_index("ix_approval_object", "approval", ["object"])


def _proposal() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", _row_id(), autoincrement=True, nullable=False),
        sa.Column(
            "kind", sa.String(length=12), nullable=False, comment="contacts, inventory, waive, resend, resume, code"
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False, comment="sealed JSON; may hold codes"),
        sa.Column("member", sa.Text(), nullable=False, comment="who proposed it"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False, comment="open, done, dropped"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )


def _standing_order() -> None:
    op.create_table(
        "standing_order",
        sa.Column("kind", sa.String(length=12), nullable=False, comment="pause, incident, holiday, away, waive"),
        sa.Column("subject", sa.Text(), nullable=False, comment="a party, an address, a day; see rules.standing"),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), comment="null: until it is taken back"),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject", name=op.f("pk_standing_order")),
    )


def _note() -> None:
    op.create_table(
        "note",
        sa.Column("id", _row_id(), autoincrement=True, nullable=False),
        sa.Column("ref", sa.Text(), nullable=False, comment="IC-XXXXXXXX or mail 12"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False, comment="sealed: people write what they like"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_index("ix_note_ref", "note", ["ref"])
