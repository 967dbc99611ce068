"""Where the bench takes place: a Dovecot with mail that waits, the far side, and an installation of the daemon."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import mails
from tests.servers.dovecot import Dovecot, dovecot
from tests.servers.process import server_user

ROOT = Path(__file__).parents[2]
PASSWORD = "bench-password"
PROGRAM = Path(sys.executable).with_name("install-code-daemon")
PAUSE_S = 0.02
LINKS = 16
"""A relay of one's own bears so many; as the daemon ships it uses three."""


@dataclass(frozen=True, slots=True)
class Line:
    """What lies between us and the servers. `delay_ms`: one way; `refuse_every`: see `tests.bench.far`."""

    delay_ms: float = 0
    refuse_every: int = 0


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that the listener took, at `at_s` of the steady clock."""

    at_s: float
    recipient: str
    answers: str


@dataclass(slots=True)
class World:
    """The servers of one run, and where it keeps its files."""

    folder: Path
    server: Dovecot
    imap_port: int
    smtp_port: int

    # Mail that waits ────────────────────────────────────────────────────────────────────────────────

    @property
    def inbox(self) -> Path:
        """The Maildir of INBOX."""
        return self.server.folder / "mail" / mails.MAILBOX

    def fill(self, count: int, first: int = 0) -> None:
        """`count` mails wait, as if the exchanger had just brought them."""
        at = now()
        for name in ("new", "cur", "tmp"):
            (self.inbox / name).mkdir(parents=True, exist_ok=True)
        for number in range(first, first + count):
            path = self.inbox / "new" / f"{int(at.timestamp())}.M{number:06}P1.bench"
            path.write_bytes(mails.request(number, at))
            self.give(path)
        for path in (self.inbox, *(self.inbox / name for name in ("new", "cur", "tmp"))):
            self.give(path)

    def give(self, path: Path) -> None:
        """Make a file the mail server's own."""
        user = server_user()
        os.chown(path, user.pw_uid, user.pw_gid)

    def waiting(self) -> bool:
        """Whether a mail is left in INBOX."""
        return any(any(os.scandir(self.inbox / name)) for name in ("new", "cur"))

    # Letters that came ──────────────────────────────────────────────────────────────────────────────

    @property
    def letters_file(self) -> Path:
        """Where the far side writes down what it took."""
        return self.folder / "letters"

    def letters(self) -> list[Letter]:
        """What was taken so far, in that order."""
        lines = self.letters_file.read_text("utf-8").splitlines()
        return [Letter(float(at), to, answers) for at, to, answers in (line.split("\t") for line in lines)]

    def taken(self) -> int:
        """How many letters were taken so far."""
        return self.letters_file.read_bytes().count(b"\n")


def now() -> datetime:
    """The wall clock: the daemon that is measured goes by it."""
    return datetime.now(UTC)  # noqa: TID251  # the daemon as it ships has the real clock


@contextlib.contextmanager
def world(line: Line) -> Iterator[World]:
    """Fresh servers for one run."""
    folder = Path(tempfile.mkdtemp(prefix="icd-bench-"))
    (folder / "letters").touch()
    try:
        with dovecot(users={mails.MAILBOX: PASSWORD}) as server, _far_side(folder, line, server.imap_port) as ports:
            slow = line.delay_ms > 0
            imap_port = ports["slow_imap"] if slow else server.imap_port
            yield World(folder, server, imap_port, ports["slow_relay"] if slow else ports["relay"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _far_side(folder: Path, line: Line, imap_port: int) -> Iterator[dict[str, int]]:
    arguments = [folder / "letters", line.delay_ms, line.refuse_every, imap_port]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.far", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


def until(reached: Callable[[], bool], what: str, limit_s: float, watch: Callable[[], object] = bool) -> None:
    """Wait until `reached`, calling `watch` in between. Raises TimeoutError."""
    end = time.monotonic() + limit_s
    while not reached():
        watch()
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {limit_s:g} s")
        time.sleep(PAUSE_S)


# The daemon as it ships ─────────────────────────────────────────────────────────────────────────────

_CONFIG = """\
[company]
name = "North Energy"
mpids = ["NRTH"]
ops = ["ops@north.test"]
[mailbox]
address = "{mailbox}"
host = "127.0.0.1"
port = {imap_port}
security = "none"
username = "{mailbox}"
password = "{password}"
authserv_id = "{authserv}"
start_from = "2020-01-01"
{busy_look}
[relay]
host = "127.0.0.1"
port = {smtp_port}
security = "none"
connections = {links}
[database]
url = "sqlite:///{folder}/daemon.db"
[keys]
file = "{folder}/keys"
[policy]
mode = "send"
digest_at = "off"
[policy.limits]
codes_per_counterparty_per_day = {many}
codes_per_day = {many}
letters_per_counterparty_per_hour = {many}
[health]
tick_seconds = {tick_seconds}
"""
_FIRST_COMMANDS = """\
from daemon.__main__ import app
for words in ("keys new", "migrate", "import contacts contacts.csv", "import inventory inventory.csv"):
    if code := app(["--config", "daemon.toml", *words.split()], standalone_mode=False):
        raise SystemExit(code)
"""
"""In one process: the daemon is loaded once, and nothing of it is measured."""
MANY = 100_000_000
"""The limits on what leaves us a day are lifted: they would, rightly, hold back a drain of ten thousand requests."""


@dataclass(slots=True)
class Installation:
    """The daemon's folder: configuration, keys, database, log."""

    world: World
    tick_seconds: int = 30
    busy_look_ms: int | None = None
    """None: as it ships."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        """Beside the files of the world."""
        return self.world.folder

    def prepare(self, devices: int) -> None:
        """What an operator does first, by the commands."""
        text = _CONFIG.format(
            mailbox=mails.MAILBOX,
            imap_port=self.world.imap_port,
            smtp_port=self.world.smtp_port,
            password=PASSWORD,
            authserv=mails.AUTHSERV,
            links=LINKS,
            folder=self.folder,
            many=MANY,
            tick_seconds=self.tick_seconds,
            busy_look="" if self.busy_look_ms is None else f"busy_look_ms = {self.busy_look_ms}",
        )
        (self.folder / "daemon.toml").write_text(text, "utf-8")
        (self.folder / "daemon.toml").chmod(0o600)
        (self.folder / "contacts.csv").write_text(mails.contacts(), "utf-8")
        with (self.folder / "inventory.csv").open("w", encoding="utf-8") as file:
            file.writelines(mails.inventory(devices))
        self._ended_well([sys.executable, "-c", _FIRST_COMMANDS])

    def command(self, *words: str) -> str:
        """Run one command to its end; what it said."""
        return self._ended_well(self._words(*words))

    def _ended_well(self, words: list[str]) -> str:
        done = subprocess.run(words, cwd=self.folder, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr.decode()[-2000:]}")
        return done.stdout.decode()

    def _words(self, *words: str) -> list[str]:
        return [str(PROGRAM), "--config", "daemon.toml", *words]

    def start(self) -> int:
        """Start the daemon, a session of its own; return its id once it holds the mailbox."""
        log = self.folder / "daemon.log"
        with log.open("ab") as said:
            self.process = subprocess.Popen(
                self._words("run"), cwd=self.folder, stdout=said, stderr=said, start_new_session=True
            )
        until(lambda: b"holding the mailbox" in log.read_bytes() or self._ended(), "start", 60)
        return self.process.pid

    def _ended(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(f"the daemon ended:\n{(self.folder / 'daemon.log').read_text('utf-8')[-3000:]}")
        return False

    def stop(self) -> None:
        """SIGTERM, and wait."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)
