"""What every batch asks is answered by indexes alone: codes of a day, letters to a party, mails that crashed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_POISONOUS = sa.text("state IN ('kept', 'claimed') AND crashes >= 3")
_DROPPED = sa.text("state = 'dropped'")
_NEVER_SENT = sa.text("state IN ('cancelled', 'observed', 'held')")


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_mail_poisonous", "mail", ["id"], sqlite_where=_POISONOUS, postgresql_where=_POISONOUS)
    op.create_index("ix_release_day_party", "release", ["day", "party"])
    op.drop_index("ix_release_day", "release")
    op.create_index("ix_release_dropped", "release", ["day", "party"], sqlite_where=_DROPPED, postgresql_where=_DROPPED)
    op.create_index(
        "ix_letter_never_sent",
        "letter",
        ["party", "written_at"],
        sqlite_where=_NEVER_SENT,
        postgresql_where=_NEVER_SENT,
    )
