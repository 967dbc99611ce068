"""Servers that die under the daemon, a locked database, a full disk: named in the log, nothing lost, carries on alone."""

import contextlib
import json
import os
import resource
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.moody_imap import moody_imap_thread
from tests.servers.postgres import Postgres
from tests.whole.conftest import Make
from tests.whole.installation import Installation
from tests.whole.invariants import assert_invariants
from tests.whole.process import Running
from tests.whole.story import OPS, Mail, morning, now


def arrives(world: Installation) -> list[Mail]:
    """The morning's mail."""
    mails = morning(world.address, now())
    world.deliver(*(mail.raw for mail in mails))
    return mails


def troubled(world: Installation, running: Running, words: str) -> None:
    """Wait until the log names a trouble with `words`."""
    world.until(
        running, lambda: any('"warning"' in line and words in line for line in world.said().splitlines()), words
    )


def ends_well(world: Installation, running: Running, mails: list[Mail]) -> None:
    """All comes to its end, in the same process, and every invariant holds."""
    world.until_quiet(running)
    running.stop()
    assert_invariants(world, mails)


def test_a_dropped_line_is_taken_up_again(on_sqlite: Make, imap: Dovecot) -> None:
    """The server ends every session of ours, IDLE among them: we come back, and see what came meanwhile."""
    world = on_sqlite(mailbox={"idle": True})
    running = world.run()
    world.until_quiet(running)
    imap.doveadm("kick", world.address)
    mails = arrives(world)
    troubled(world, running, "mailbox at 127.0.0.1")
    ends_well(world, running, mails)


def test_a_mail_server_that_was_away(on_sqlite: Make, imap: Dovecot) -> None:
    """It dies with mail not yet seen in it, and comes back."""
    world = on_sqlite(mailbox={"idle": True})
    running = world.run()
    world.until_quiet(running)
    imap.kill()
    troubled(world, running, "mailbox at 127.0.0.1")
    imap.start()
    ends_well(world, running, arrives(world))


def test_a_mailbox_that_counts_commands_ends_nothing(on_sqlite: Make, imap: Dovecot) -> None:
    """Gmail says OVERQUOTA to whatever is asked beyond its limits (ljmerza/ha-email-sensor#16): we come back later."""
    world = on_sqlite()
    with moody_imap_thread(imap.imap_port) as moods:
        world.configure(mailbox={"port": moods.port})
        running = world.run()
        world.until_quiet(running)
        moods.answers(".*", b"TAG NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)\r\n")
        mails = arrives(world)
        troubled(world, running, "bandwidth limits")
        moods.calms_down()
        ends_well(world, running, mails)


def test_a_relay_that_was_away(on_sqlite: Make) -> None:
    """Letters wait, and go when it is back; what is held and filed goes on meanwhile."""
    world = on_sqlite()
    world.relay.down()
    try:
        running = world.run()
        mails = arrives(world)
        troubled(world, running, f"relay 127.0.0.1:{world.relay.port}")
    finally:
        world.relay.up()
    ends_well(world, running, mails)


def test_a_refused_login_is_not_said_at_every_tick(on_sqlite: Make) -> None:
    """A wrong password is tried once by each connection, so that the account is not locked; ops hear of it at once."""
    world = on_sqlite()
    (world.folder / "mailbox-password").write_text("expired", "utf-8")
    running = world.run()
    world.until(running, lambda: bool(world.relay.server.taken), "the alarm")
    seen: set[int] = set()

    def ticked() -> bool:
        seen.add(int(world.one("SELECT expires FROM lease")))
        return len(seen) > 3

    world.until(running, ticked, "three renewals of the lease, a second apart, as the ticks are")
    running.stop()

    refused = [line for line in world.said().splitlines() if "station waits" in line]
    assert sorted(json.loads(line)["station"] for line in refused) == ["filing", "mailbox"]
    assert {OPS} == {letter.recipient for letter in world.relay.server.taken}


def test_a_database_that_is_locked_for_a_while(on_sqlite: Make) -> None:
    """Another process holds SQLite's write lock for five seconds: everybody waits, nobody fails."""
    world = on_sqlite()
    running = world.run()
    world.until_quiet(running)
    with world.database.write():
        mails = arrives(world)
        time.sleep(5)
        assert running.lives
    ends_well(world, running, mails)


def test_a_database_server_that_was_away(on_postgresql: Make, postgres_cluster: Postgres) -> None:
    """It dies with our transactions in it, longer than a lease lasts; the mailbox is taken anew."""
    world = on_postgresql()
    running = world.run()
    world.until_quiet(running)
    world.database.close()
    mails = arrives(world)
    postgres_cluster.crash()
    troubled(world, running, "database:")
    time.sleep(4)
    postgres_cluster.up()
    world.until_quiet(running)
    running.stop()
    assert_invariants(world, mails, generations=2)


# The disk ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_may_not_grow(on_sqlite: Make) -> None:
    """Every write beyond a size fails, as on a broken disk; with room again, all goes on."""
    world = on_sqlite()
    running = world.run()
    world.until_quiet(running)
    soft, hard = resource.prlimit(running.pid, resource.RLIMIT_FSIZE)
    size = Path(f"{world.database.file}-wal").stat().st_size
    resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (size + 8192, hard))
    mails = arrives(world)
    troubled(world, running, "database: ")
    resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (soft, hard))
    ends_well(world, running, mails)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of three megabytes; skipped where we may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "icd-test", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small file system; the same is shown with RLIMIT_FSIZE above")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk(on_sqlite: Make, small_disk: Path) -> None:
    """Not a byte is left beside the database: the log says so, the mail stays in the mailbox; with room all goes on."""
    world = on_sqlite()
    for name in ("keys", "daemon.db"):
        os.replace(world.folder / name, world.folder / f"{name}.old")  # noqa: PTH105
        (small_disk / name).write_bytes((world.folder / f"{name}.old").read_bytes())
        (small_disk / name).chmod(0o600)
    world.url = f"sqlite:///{small_disk}/daemon.db"
    world.configure(keys={"file": str(small_disk / "keys")})
    running = world.run()
    world.until_quiet(running)
    ballast = small_disk / "ballast"
    with ballast.open("wb", buffering=0) as filling, contextlib.suppress(OSError):
        while True:
            filling.write(bytes(4096))
    mails = arrives(world)
    troubled(world, running, "database or disk is full")
    ballast.unlink()
    (world.folder / "keys").symlink_to(small_disk / "keys")
    ends_well(world, running, mails)
