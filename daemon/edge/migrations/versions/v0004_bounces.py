"""What mail systems reported of our letters: delivered, delayed, failed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "bounce",
        sa.Column("id", _row_id(), autoincrement=True, nullable=False),
        sa.Column("letter_id", _row_id(), nullable=False),
        sa.Column("mail_id", _row_id(), nullable=False, comment="the report"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False, comment="of our letter"),
        sa.Column("action", sa.String(length=10), nullable=False, comment="failed, delayed, delivered, relayed"),
        sa.Column("status", sa.String(length=11), nullable=False, comment="RFC 3463"),
        sa.Column(
            "certain",
            sa.Boolean(),
            nullable=False,
            comment="said of the letter's own recipient, not of where it went on",
        ),
        sa.Column("words", sa.Text(), nullable=False, comment="the server's, masked"),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_bounce_letter_id")),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_bounce_mail_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce")),
        sa.UniqueConstraint("letter_id", "mail_id", name=op.f("uq_bounce_letter_id_mail_id")),
    )
    op.create_index("ix_bounce_letter_id", "bounce", ["letter_id"])
    op.create_index(
        "ix_bounce_failed",
        "bounce",
        ["at"],
        sqlite_where=sa.text("action = 'failed' AND certain IS 1"),
        postgresql_where=sa.text("action = 'failed' AND certain IS true"),
    )


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
