"""The whole service as it is deployed: one process, a real Dovecot, a real Postfix, ended by a signal."""

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient

from daemon.console.importing import import_contacts, import_inventory
from daemon.edge import migrations, vault
from daemon.edge.database import Database
from daemon.edge.lease import Lease
from daemon.embedded.stamps import Verdict, stamped
from daemon.parts import Clock
from daemon.report import health
from daemon.running import build
from daemon.settings import load
from tests.journeys.world import A0, AUTHSERV, CODES, INVENTORY, OPS, US, config, text_of, written
from tests.servers.dovecot import USERS
from tests.servers.postfix import Postfix

SOUTH = "codes@south.test"
LONGEST_S = 60.0
"""For what takes a second or two on an idle machine."""


def now() -> datetime:
    """The time of the servers, whose clock nobody sets."""
    return datetime.fromtimestamp(time.time(), UTC)


class Service:
    """An installation, and the process that runs it."""

    def __init__(self, folder: Path, postfix: Postfix) -> None:
        self._dovecot = postfix.dovecot
        self._folder = folder
        toml = config(
            folder,
            f"sqlite:///{folder}/daemon.db",
            postfix.dovecot.imap_port,
            postfix.smtp_port,
            username=US,
            password=USERS[US],
            mailbox=("poll_seconds = 1",),
        )
        (folder / "daemon.toml").write_text(toml.replace("idle = false", "idle = true"), "utf-8")
        (folder / "daemon.toml").chmod(0o600)
        (folder / "contacts.csv").write_text(f"party,mpid,kind,name,email\nSouth,SOUT,mp121,Desk,{SOUTH}\n", "utf-8")
        (folder / "inventory.csv").write_text(INVENTORY, "utf-8")

    def command(self, *words: str) -> list[str]:
        """How an operator calls it."""
        return [sys.executable, "-m", "daemon", "--config", str(self._folder / "daemon.toml"), *words]

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command, to its end."""
        return subprocess.run(self.command(*words), capture_output=True, text=True, timeout=LONGEST_S, check=False)

    def prepare(self) -> None:
        """What the commands do before the first `run`."""
        settings = load(self._folder / "daemon.toml", {})
        vault.new_key_file(settings.keys.file)
        parts = build(settings, Clock(now, time.monotonic))
        parts.database.migrate()
        import_contacts(parts, self._folder / "contacts.csv", now())
        import_inventory(parts, self._folder / "inventory.csv", now())
        parts.database.close()

    def well(self) -> bool:
        """What `health` finds, without the second that a command takes."""
        database = Database(f"sqlite:///{self._folder}/daemon.db")
        try:
            return health(database, now(), 300).well
        finally:
            database.close()

    @contextlib.contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        """`run`, for the length of the block; the log stands in `run.log`."""
        with (self._folder / "run.log").open("w") as log:
            process = subprocess.Popen(self.command("run"), stdout=log, stderr=log, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def log(self) -> str:
        """All that `run` wrote."""
        return (self._folder / "run.log").read_text("utf-8")

    def letters(self, user: str) -> list[bytes]:
        """What lies in a user's INBOX."""
        with IMAPClient("127.0.0.1", self._dovecot.imap_port, ssl=False) as program:
            program.login(user, USERS[user])
            program.select_folder("INBOX", readonly=True)
            found = program.search()
            return [data[b"BODY[]"] for data in program.fetch(found, ["BODY.PEEK[]"]).values()] if found else []

    def deliver(self, body: str) -> None:
        """A mail of the listed supplier comes in by the MX."""
        raw = written(SOUTH, body, at=now(), verdict=None)
        mail = stamped(raw, recipient=US, authserv_id=AUTHSERV, verdict=Verdict.PASS, arrived=now())
        self._dovecot.deliver(US, mail, sender=SOUTH)


def until(look: Callable[[], Any], service: Service) -> Any:
    """What `look` finds, as soon as that is something."""
    end = time.monotonic() + LONGEST_S
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.1)
    pytest.fail(f"nothing came of it:\n{service.log()[-3000:]}")


def test_the_service_answers_and_ends_on_a_signal(tmp_path: Path, postfix: Postfix) -> None:
    """Set up by commands, unwell before it runs and well while it does; a request is answered through Postfix;
    SIGTERM ends it with exit 0 within ten seconds; the log is JSON and shows no code.
    """
    service = Service(tmp_path, postfix)
    for words in (("keys", "new"), ("migrate",), ("import", "contacts", str(tmp_path / "contacts.csv")),
                  ("import", "inventory", str(tmp_path / "inventory.csv")), ("check",)):  # fmt: skip
        done = service.call(*words)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    before = service.call("health")
    assert (before.returncode, before.stdout[:17]) == (1, "no full round yet")

    with service.running() as process:
        until(service.well, service)
        service.deliver(f"Please send the code of {A0}")
        (answer,) = until(lambda: service.letters(SOUTH), service)
        until(lambda: '"filed"' in service.log(), service)
        well = service.call("health")
        picture = json.loads(service.call("status", "--json").stdout)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0

    assert "83FE D340 7A93 9723 A5C6 39B2 6916 D505" in text_of(answer)
    assert well.returncode == 0, well.stdout
    assert picture["items"] == {"answered": 1}
    assert picture["letters"] == {"accepted": 1}
    assert picture["mails"] == {"decided": 1}
    assert picture["holds"] == 0
    assert service.letters(OPS) == []
    lines = [json.loads(line) for line in service.log().splitlines()]
    assert {"holding the mailbox", "kept", "settled", "letter", "filed", "stopped"} <= {line["event"] for line in lines}
    assert not any(code in service.log() or code.lower() in service.log() for code in CODES.values())
    assert "83FE D340" not in service.log()
    assert service.call("audit", "verify").returncode == 0


def test_it_ends_at_once_while_it_waits_for_mail_and_while_a_server_is_silent(tmp_path: Path, postfix: Postfix) -> None:
    """A stop in the middle of IDLE, with the relay dead, is as quick; what was queued goes out after the next start."""
    service = Service(tmp_path, postfix)
    service.prepare()
    postfix.stop()
    with service.running() as process:
        until(service.well, service)
        service.deliver(f"Please send the code of {A0}")
        until(lambda: "station waits" in service.log(), service)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    assert service.letters(SOUTH) == []

    postfix.start()
    with service.running() as process:
        (answer,) = until(lambda: service.letters(SOUTH), service)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    assert "83FE D340" in text_of(answer)


def test_a_new_release_waits_until_the_one_before_was_stopped(tmp_path: Path, postfix: Postfix) -> None:
    """It changes no table under an instance at work; then it does, and goes on by itself."""
    service = Service(tmp_path, postfix)
    settings = load(tmp_path / "daemon.toml", {})
    vault.new_key_file(settings.keys.file)
    database = Database(settings.database.url)
    with database.write() as connection:
        migrations.upgrade(connection, "0005")
    old = Lease(database, US, "old")
    old.acquire()
    with service.running() as process:
        until(lambda: "an instance of the release before still works" in service.log(), service)
        assert database.pending()
        old.release()
        until(lambda: "holding the mailbox" in service.log(), service)
        assert not database.pending()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    database.close()
