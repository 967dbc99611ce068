"""One installation of the daemon: its folder, its mailbox, its database, and what a person can see of them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from imapclient import IMAPClient

from daemon.edge.database import Database
from daemon.edge.vault import Vault
from tests.servers.dovecot import Dovecot
from tests.whole.post import RelayThread
from tests.whole.process import ROOT, Running, Zygote, children
from tests.whole.story import AUTHSERV, CONTACTS, INVENTORY, OPS

MAILBOX_PASSWORD = "mailbox-canary-8c1f"
RELAY_LOGIN = ("north", "relay-canary-77aa")

_OPEN_ENDS = """
    SELECT (SELECT count(*) FROM mail WHERE state IN ('kept', 'claimed'))
         + (SELECT count(*) FROM letter WHERE state IN ('pending', 'sending', 'deferred', 'unknown'))
         + (SELECT count(*) FROM letter WHERE state = 'accepted' AND NOT sent_filed)
         + (SELECT count(*) FROM letter WHERE state IN ('rejected', 'held', 'cancelled') AND party = '' AND NOT sent_filed)
         + (SELECT count(*) FROM item WHERE state = 'held' AND told_ops_at IS NULL)
         + (SELECT count(*) FROM mail WHERE fate IN ('held', 'poison') AND told_ops_at IS NULL)
         + (SELECT count(*) FROM mail WHERE wanted_folder IS NOT NULL AND NOT filed
              AND EXISTS (SELECT 1 FROM place WHERE place.mail_id = mail.id AND NOT place.gone))
"""


@dataclass(frozen=True, slots=True)
class Lying:
    """A mail in a folder, as a person's mail program sees it."""

    folder: str
    uidvalidity: int
    uid: int
    content: bytes
    flags: frozenset[str]


@dataclass
class Installation:
    """North Energy's daemon. `template`: a folder that `prepare` made, whose database and keys are copied."""

    folder: Path
    address: str
    url: str
    zygote: Zygote
    dovecot: Dovecot
    relay: RelayThread
    runs: int = 0
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    log: Path = Path()
    started: list[Running] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = self.folder / "daemon.log"
        (self.folder / "tmp").mkdir(parents=True, exist_ok=True)
        for name, secret in (("mailbox-password", MAILBOX_PASSWORD), ("relay-password", RELAY_LOGIN[1])):
            (self.folder / name).write_text(secret, "utf-8")
            (self.folder / name).chmod(0o600)
        self.configure()

    def configure(self, **changes: Mapping[str, Any]) -> None:
        """Write the configuration anew; `changes` are settings by section, added to those it was made with."""
        sections: dict[str, dict[str, Any]] = {
            "company": {"name": "North Energy", "mpids": ["NRTH"], "ops": [OPS]},
            "mailbox": {
                "address": self.address,
                "host": "127.0.0.1",
                "port": self.dovecot.imap_port,
                "security": "none",
                "username": self.address,
                "password_file": str(self.folder / "mailbox-password"),
                "authserv_id": AUTHSERV,
                "idle": False,
                "start_from": "2020-01-01",
            },
            "relay": {
                "host": "127.0.0.1",
                "port": self.relay.port,
                "security": "none",
                "username": RELAY_LOGIN[0],
                "password_file": str(self.folder / "relay-password"),
            },
            "database": {"url": self.url, "lease_seconds": 3},
            "keys": {"file": str(self.folder / "keys")},
            "policy": {"mode": "send", "hold_gather_minutes": 0, "digest_at": "off"},
            "health": {"tick_seconds": 1},
            "reader": {"children": 1},
        }
        for name, keys in (*self.settings.items(), *changes.items()):
            sections.setdefault(name, {}).update(keys)
        lines = [line for name, keys in sections.items() for line in (f"[{name}]", *map(_toml, keys.items()))]
        (self.folder / "daemon.toml").write_text("\n".join(lines) + "\n", "utf-8")

    # The command ────────────────────────────────────────────────────────────────────────────────────

    def command(self, *argv: str) -> int:
        """Run one command to its end; its exit code."""
        return self._start(argv).wait()

    def run(self, failpoints: str = "", *, most_bytes: int = 0) -> Running:
        """Start the daemon."""
        self.runs += 1
        return self._start(["run"], failpoints, most_bytes)

    def _start(self, argv: Sequence[str], failpoints: str = "", most_bytes: int = 0) -> Running:
        whole = ["--config", str(self.folder / "daemon.toml"), *argv]
        running = self.zygote.start(whole, self.folder, self.log, failpoints=failpoints, most_bytes=most_bytes)
        self.started.append(running)
        return running

    def until(self, running: Running, reached: Callable[[], bool], what: str, limit_s: float = 30) -> None:
        """Wait until `reached`; fail when the daemon ends before, or takes too long."""
        end = time.monotonic() + limit_s
        while not reached():
            assert running.lives, f"the daemon ended, waiting for {what}:\n{self.said()[-3000:]}"
            assert time.monotonic() < end, f"waited in vain for {what}:\n{self.said()[-3000:]}"
            time.sleep(0.02)

    def until_quiet(self, running: Running, limit_s: float = 30) -> None:
        """Wait until a whole round that began after this call has left nothing to do."""
        mark = self.last_round()

        def quiet() -> bool:
            self.pass_waits()
            return self.last_round() not in ("", mark) and self.open_ends() == 0

        self.until(running, quiet, "quiet", limit_s)

    @contextmanager
    def under(self, *wrapper: str) -> Iterator[int]:
        """The command as a child of `wrapper`, once all is quiet: its process id. It is told to end, and its exit code is 0."""
        command = [*wrapper, sys.executable, "-m", "daemon", "--config", str(self.folder / "daemon.toml"), "run"]
        with self.log.open("ab") as log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as process:
            self.runs += 1
            end = time.monotonic() + 60
            while not (self.last_round() and self.open_ends() == 0):
                assert process.poll() is None, self.said()
                assert time.monotonic() < end, self.said()
                time.sleep(0.05)
            [child] = children(process.pid)
            try:
                yield child
                os.kill(child, signal.SIGTERM)
                assert process.wait(20) == 0, self.said()
            finally:
                if process.poll() is None:
                    os.kill(child, signal.SIGKILL)

    def until_killed(self, running: Running, limit_s: float = 30) -> None:
        """Wait until its failpoint has killed it."""
        end = time.monotonic() + limit_s
        while running.lives:
            assert time.monotonic() < end, f"no failpoint was passed:\n{self.said()[-3000:]}"
            self.pass_waits()
            time.sleep(0.02)
        assert running.wait() == -9, self.said()[-3000:]

    def said(self) -> str:
        """The log of all runs."""
        return self.log.read_text("utf-8") if self.log.exists() else ""

    # The database ───────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def database(self) -> Database:
        """A look of our own into its database."""
        return Database(self.url)

    def close(self) -> None:
        """End whatever a failed test left running, and look no more."""
        for running in self.started:
            running.kill()
        self.database.close()

    def rows(self, query: str) -> list[sa.RowMapping]:
        """What the database says."""
        with self.database.read() as connection:
            return list(connection.execute(sa.text(query)).mappings())

    def one(self, query: str) -> Any:
        """The one value that the database says."""
        with self.database.read() as connection:
            return connection.execute(sa.text(query)).scalar()

    def change(self, *statements: str) -> None:
        """Alter the database behind the daemon's back; retried by nobody."""
        with self.database.write() as connection:
            for statement in statements:
                connection.execute(sa.text(statement))

    def open_ends(self) -> int:
        """How much there is left to do."""
        return int(self.one(_OPEN_ENDS))

    def last_round(self) -> str:
        """When intake last finished a look at the mailbox."""
        return str(self.one("SELECT value FROM fact WHERE name = 'last_round'") or "")

    def pass_waits(self) -> None:
        """As if the time had gone by that letters wait which are deferred, or of unknown outcome."""
        waits = "state IN ('unknown', 'deferred') AND next_at > 0"
        if self.one(f"SELECT count(*) FROM letter WHERE {waits}"):
            self.change(f"UPDATE letter SET next_at = 0 WHERE {waits}")

    def pass_lease(self) -> None:
        """As if the lease of a dead instance had run out."""
        self.change("UPDATE lease SET expires = 0")

    def vault(self) -> Vault:
        """Its keys."""
        return Vault.load(self.folder / "keys")

    # The mailbox ────────────────────────────────────────────────────────────────────────────────────

    def deliver(self, *mails: bytes) -> None:
        """Mail comes in, through LMTP."""
        self.dovecot.deliver(self.address, *mails, sender="bounces@post.test")

    @contextmanager
    def hands(self) -> Iterator[IMAPClient]:
        """A person's own connection to the mailbox."""
        client = IMAPClient("127.0.0.1", self.dovecot.imap_port, ssl=False, timeout=20)
        client.login(self.address, MAILBOX_PASSWORD)
        try:
            yield client
        finally:
            client.logout()

    def mailbox(self) -> list[Lying]:
        """Every mail in every folder."""
        found: list[Lying] = []
        with self.hands() as client:
            for flags, _, name in client.list_folders():
                if b"\\Noselect" not in flags:
                    found += _folder(client, name)
        return found


def _folder(client: IMAPClient, name: str) -> list[Lying]:
    uidvalidity = int(client.select_folder(name, readonly=True)[b"UIDVALIDITY"])
    uids = client.search("ALL")
    if not uids:
        return []
    return [
        Lying(name, uidvalidity, uid, data[b"BODY[]"], frozenset(flag.decode() for flag in data[b"FLAGS"]))
        for uid, data in client.fetch(uids, ["BODY.PEEK[]", "FLAGS"]).items()
    ]


def _toml(entry: tuple[str, Any]) -> str:
    name, value = entry
    if isinstance(value, bool):
        return f"{name} = {str(value).lower()}"
    if isinstance(value, int):
        return f"{name} = {value}"
    if isinstance(value, list):
        return f"{name} = [{', '.join(f'{chr(34)}{one}{chr(34)}' for one in value)}]"
    return f'{name} = "{value}"'


def prepare(fresh: Installation, contacts: str = CONTACTS, inventory: str = INVENTORY) -> None:
    """What an operator does first, by the commands: keys, tables, contacts, inventory."""
    for name, text in (("contacts.csv", contacts), ("inventory.csv", inventory)):
        (fresh.folder / name).write_text(text, "utf-8")
    for argv in (
        ("keys", "new"),
        ("migrate",),
        ("import", "contacts", str(fresh.folder / "contacts.csv")),
        ("import", "inventory", str(fresh.folder / "inventory.csv")),
    ):
        assert fresh.command(*argv) == 0, fresh.said()
    for name in ("contacts.csv", "inventory.csv"):
        (fresh.folder / name).unlink()


def copied(template: Path, folder: Path) -> None:
    """The keys of a prepared installation, and its database where that is a file."""
    folder.mkdir(parents=True)
    for name in ("keys", "daemon.db"):
        if (template / name).exists():
            shutil.copyfile(template / name, folder / name)
            (folder / name).chmod(0o600)
