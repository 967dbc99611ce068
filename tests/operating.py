"""A supplier's configuration, as an operator writes it: for the tests of settings, imports and commands."""

from datetime import UTC, datetime
from pathlib import Path

from daemon.edge.database import Database
from daemon.edge.lease import Lease
from daemon.edge.vault import Vault
from daemon.parts import Clock, Parts
from daemon.settings import Settings, load

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
CONFIG = """\
[company]
name = "Northwind Energy"
mpids = ["NWND"]
predecessors = ["Old Mill Energy"]
ops = ["ops@northwind.test"]

[mailbox]
address = "codes@northwind.test"
host = "imap.northwind.test"
username = "codes@northwind.test"
password_file = "{folder}/password"
authserv_id = "mx.northwind.test"

[relay]
host = "smtp.northwind.test"

[keys]
file = "{folder}/keys"

[database]
url = "sqlite:///{folder}/daemon.db"
"""


def write_config(folder: Path, config: str = CONFIG) -> Path:
    """The configuration and the password file that it names."""
    secret(folder / "password", "hunter2\n")
    return secret(folder / "daemon.toml", config.replace("{folder}", str(folder)))


def secret(path: Path, content: str) -> Path:
    """A file that its owner alone may read."""
    path.write_text(content, "utf-8")
    path.chmod(0o600)
    return path


def settings(folder: Path, config: str = CONFIG) -> Settings:
    """The settings of a written configuration."""
    return load(write_config(folder, config), {})


def parts(folder: Path, database: Database, vault: Vault, config: str = CONFIG) -> Parts:
    """The parts on a database of the test's choice."""
    made = settings(folder, config)
    return Parts(
        settings=made,
        configured=made.policy(),
        words=made.words(),
        database=database,
        vault=vault,
        lease=Lease(database, made.mailbox.address, "test"),
        clock=Clock(lambda: NOW, lambda: 0.0),
    )
