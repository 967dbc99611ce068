"""Migrations, forward only, run on the connection they are handed."""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.errors import ConfigError

_VERSIONS = Path(__file__).parent / "versions"
"""A file each, named by the version that it makes: v0005_answered_by_indexes.py."""
_HELD = sa.select(sa.column("version_num", sa.String)).select_from(sa.table("alembic_version"))


def upgrade(connection: Connection, to: str = "head") -> None:
    """To that version, the newest if none is named, in the caller's transaction."""
    from alembic import command  # noqa: PLC0415  # 0.4 s and 9 MB, which a daemon that is up to date does without
    from alembic.config import Config  # noqa: PLC0415  # as above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def is_current(connection: Connection) -> bool:
    """Whether the tables are of this release's version. Raises ConfigError where they are of one that it does not know."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return False
    known = {file.name.removeprefix("v").partition("_")[0] for file in _VERSIONS.glob("v*.py")}
    held = set(connection.execute(_HELD).scalars())
    if held - known:
        raise ConfigError(
            "database: its tables are of a newer release than this program; start that release again, "
            "or put back the copy of the database from before it"
        )
    return held == {max(known)}
