"""A throw-away PostgreSQL on loopback, run by a user that is not root."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.servers.ports import free_port

BINARIES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


def present() -> bool:
    """Whether PostgreSQL is installed."""
    return BINARIES is not None


class Postgres:
    """One cluster, with a database a test: `create` copies a template that was migrated once."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="icd-pg-"))
        self.port = free_port()
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        self._number = 0

    def _run(self, *command: str) -> None:
        subprocess.run(
            [*self._as_user, *command],
            check=True,
            capture_output=True,
            cwd=self.folder,
            env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
        )

    def start(self) -> None:
        """Make the cluster and wait until it answers."""
        assert BINARIES is not None
        data = self.folder / "data"
        self._run(str(BINARIES / "initdb"), "-D", str(data), "-U", "icd", "--auth=trust", "--no-sync", "-E", "UTF8")
        self.up()

    def keep(self, folder: Path) -> None:
        """End it in order, and put its files into `folder`, for others to `start_as`."""
        self._run(str(BINARIES / "pg_ctl"), "-D", str(self.folder / "data"), "-m", "fast", "-w", "stop")  # type: ignore[operator]
        subprocess.run(["cp", "-a", self.folder / "data", folder], check=True)

    def start_as(self, kept: Path) -> None:
        """Start as one that was kept, with its databases."""
        subprocess.run(["cp", "-a", kept / "data", self.folder], check=True)
        self._number = 1
        self.up()

    def up(self) -> None:
        """Start, also after `crash`, and wait until it answers."""
        assert BINARIES is not None
        data = self.folder / "data"
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off -c full_page_writes=off"
        self._run(
            str(BINARIES / "pg_ctl"), "-D", str(data), "-w", "-l", str(self.folder / "log"), "-o", options, "start"
        )

    def crash(self) -> None:
        """End it at once, with every connection."""
        self._run(str(BINARIES / "pg_ctl"), "-D", str(self.folder / "data"), "-m", "immediate", "stop")  # type: ignore[operator]

    def stop(self) -> None:
        """End it at once and remove its files."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://icd@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template1") -> str:
        """A new database, copied from `template`; its address."""
        import psycopg

        self._number += 1
        name = f"t{self._number}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def clean(self, url: str) -> None:
        """Empty a migrated database, whoever is still connected: a hundred times faster than a new one."""
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_END_OTHERS)
            connection.execute("SET session_replication_role = replica")  # the order of the tables is no matter
            tables = [row[0] for row in connection.execute(_TABLES).fetchall()]
            sequences = [row[0] for row in connection.execute(_SEQUENCES).fetchall()]
            deletes = [f"DELETE FROM {table}" for table in tables]
            restarts = [f"SELECT setval('{sequence}', 1, false)" for sequence in sequences]
            connection.execute("; ".join([*deletes, *restarts]))

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")


_END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_TABLES = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
_SEQUENCES = "SELECT quote_ident(sequencename) FROM pg_sequences WHERE schemaname = 'public'"
