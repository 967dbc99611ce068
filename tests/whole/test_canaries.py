"""Attack row 59: codes, supply numbers and passwords stand nowhere but in the letter and in the mail that brought them.

Every test of this folder ends with the same search; here it is made at the worst moments, and shown to find things.
"""

import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.servers.postgres import Postgres
from tests.whole.canaries import files_below, held_in, in_bytes, readable, spellings
from tests.whole.conftest import Make
from tests.whole.installation import Installation
from tests.whole.invariants import GIVEN_FILES, OF_CODES, OF_SECRETS
from tests.whole.process import Running
from tests.whole.story import CODES, GOOD, INVENTORY, morning, now

NEEDLES = [needle for needles in (*OF_CODES.values(), *OF_SECRETS.values()) for needle in needles]


PLAIN = [one for code in CODES.values() for one in (bytes.fromhex(code), code.encode(), code.lower().encode())]
"""What a column would hold that was not sealed; a search of a whole cluster's files for more takes too long."""


def found_in(files: Iterable[Path], needles: Iterable[bytes] = NEEDLES) -> list[str]:
    """The files that hold one of the secrets."""
    return [path.name for path in files if in_bytes(held_in(path), needles)]


def shown(running: Running) -> list[int]:
    """The processes of the daemon whose command line or environment shows a secret."""
    files = {pid: [Path(f"/proc/{pid}/{name}") for name in ("cmdline", "environ")] for pid in running.family()}
    return [pid for pid, paths in files.items() if found_in(paths)]


def cut_off(world: Installation, failpoint: str) -> Running:
    """The morning's mail, and a daemon that reached `failpoint`."""
    world.deliver(*(mail.raw for mail in morning(world.address, now())))
    running = world.run(failpoint)
    world.until(running, lambda: running.state == "T", failpoint)
    return running


@pytest.mark.parametrize("failpoint", ["after-freeze:freeze", "after-354:freeze"])
def test_nothing_secret_is_on_disk_while_a_letter_goes(on_sqlite: Make, failpoint: str) -> None:
    """With letters sealed and on the wire: database, WAL, log, temporary files, command lines, environments."""
    world = on_sqlite()
    running = cut_off(world, failpoint)

    assert any(path.name == "daemon.db-wal" and path.stat().st_size for path in world.folder.iterdir())
    assert found_in(files_below(world.folder, but=GIVEN_FILES)) == []
    assert shown(running) == []
    running.kill()
    assert found_in(files_below(world.folder, but=GIVEN_FILES)) == []


def test_nothing_secret_is_in_the_database_servers_files(on_postgresql: Make, postgres_cluster: Postgres) -> None:
    """Tables, write-ahead log and the server's own log."""
    world = on_postgresql()
    begun = time.time()
    cut_off(world, "after-354:freeze").kill()
    written = [path for path in files_below(postgres_cluster.folder) if path.stat().st_mtime >= begun - 1]

    assert any(path.parent.name == "pg_wal" for path in written)
    assert found_in(written, [*PLAIN, *(text.encode() for text in OF_SECRETS)]) == []
    assert found_in(files_below(world.folder, but=GIVEN_FILES)) == []


def test_the_search_finds_every_spelling(tmp_path: Path) -> None:
    """Raw, hex, grouped, base64, wherever it stands in a file."""
    known = sorted(spellings(CODES[GOOD]))
    for number, spelled in enumerate(known):
        (tmp_path / f"{number:03d}").write_bytes(b"xx" + spelled + b"yy")

    assert len(known) > 50  # they are many
    assert found_in(files_below(tmp_path)) == [f"{number:03d}" for number in range(len(known))]


def test_the_search_finds_what_is_there(on_sqlite: Make, tmp_path: Path) -> None:
    """The inventory that an operator hands in holds codes; the files with passwords hold passwords; a letter its code."""
    world = on_sqlite()
    (tmp_path / "inventory.csv").write_text(INVENTORY, "utf-8")
    world.deliver(morning(world.address, now())[0].raw)
    running = world.run()
    world.until_quiet(running)
    running.stop()
    [letter] = world.relay.server.taken

    assert "inventory.csv" in found_in(files_below(tmp_path))
    assert found_in(files_below(world.folder)) == ["mailbox-password", "relay-password"]
    assert in_bytes(readable(letter.content), OF_CODES[GOOD])
