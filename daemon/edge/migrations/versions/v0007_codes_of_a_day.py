"""The codes of a day are counted off the letters that carry them: a tenth of the rows, and three indexes less."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_WITH_CODES = sa.text("codes_day IS NOT NULL")


def upgrade() -> None:
    """Apply. What was reserved for a letter was reserved at one moment, so that the day of one code is that of all."""
    op.add_column(
        "letter",
        sa.Column(
            "codes_day", sa.Date(), nullable=True, comment="London day on whose caps its codes count; null: none do"
        ),
    )
    op.execute(
        "UPDATE letter SET codes_day ="
        " (SELECT MIN(day) FROM release WHERE release.letter_id = letter.id AND state <> 'dropped') WHERE codes > 0"
    )
    op.create_index(
        "ix_letter_codes_day",
        "letter",
        ["codes_day", "party", "codes"],
        sqlite_where=_WITH_CODES,
        postgresql_where=_WITH_CODES,
    )
    op.drop_index("ix_release_day_party", "release")
    op.drop_index("ix_release_party_day", "release")
    op.drop_index("ix_release_dropped", "release")
    op.drop_column("release", "day")
