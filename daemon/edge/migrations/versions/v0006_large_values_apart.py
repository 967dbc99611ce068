"""What is large and written once stands apart from the rows that every step changes: mails' content, letters' bytes."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. Values move as they are: what is sealed is bound to the names `mail` and `letter`, as before."""
    _mail_content()
    _frozen()


def _mail_content() -> None:
    op.create_table(
        "mail_content",
        sa.Column("mail_id", _row_id(), autoincrement=False, nullable=False),
        sa.Column(
            "content",
            sa.LargeBinary(),
            nullable=False,
            comment="sealed; the row is deleted when it is none of ours",
        ),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_mail_content_mail_id")),
        sa.PrimaryKeyConstraint("mail_id", name=op.f("pk_mail_content")),
    )
    op.execute(
        "INSERT INTO mail_content (mail_id, content) SELECT id, content FROM mail WHERE content IS NOT NULL ORDER BY id"
    )
    op.drop_column("mail", "content")


def _frozen() -> None:
    op.create_table(
        "frozen",
        sa.Column("letter_id", _row_id(), autoincrement=False, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True, comment="JSON of the gate's conditions as last asked"),
        sa.Column(
            "content",
            sa.LargeBinary(),
            nullable=True,
            comment="sealed bytes, before the first attempt; null: the gate let none go",
        ),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_frozen_letter_id")),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_frozen")),
    )
    op.execute(
        "INSERT INTO frozen (letter_id, verdict, content) SELECT id, verdict, content FROM letter "
        "WHERE verdict IS NOT NULL OR content IS NOT NULL ORDER BY id"
    )
    op.drop_column("letter", "verdict")
    op.drop_column("letter", "content")


def _row_id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
