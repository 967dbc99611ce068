"""Settling by the batch: what waits to be written is never missed by what comes after it."""

import random
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.console.importing import import_contacts, import_inventory
from daemon.edge import tables
from daemon.edge.database import Database
from daemon.edge.inbox import keeping
from daemon.edge.inventory.load import Wish
from daemon.edge.reader.pool import Readers
from daemon.edge.vault import Vault
from daemon.embedded.stamps import Verdict, stamped
from daemon.errors import Unavailable
from daemon.parts import Parts
from daemon.running import readers_of
from daemon.settle import Settling
from tests import operating
from tests.edge.rows import raw
from tests.journeys import world
from tests.journeys.world import ANN, CODES, CONTACTS, INVENTORY, SOUTH, WEST, written
from tests.operating import NOW

US, MAILS = "codes@northwind.test", 60
CONFIG = (
    operating.CONFIG
    + """
[policy]
mode = "send"
[policy.limits]
codes_per_counterparty_per_day = 2
letters_per_counterparty_per_hour = 20
"""
)
_SENDERS = (ANN, ANN, SOUTH, WEST, WEST, "bob@south.test", "eve@elsewhere.test", "ops@northwind.test")
_BODIES = (
    "Please send us the install codes of {devices}.",
    "Please send us the install codes of {devices}.",
    "Please send the install codes for the meters we spoke of.",
    "Where are the codes of {devices}? We are still waiting.",
    "Any update on our request?",
    "We withdraw our request for {devices}.",
    "STATUS",
    "Dear all, the canteen is closed on Friday.",
)
MORE = [f"00-DB-12-34-56-78-91-A{number}" for number in range(8)]
"""Devices of ours, beside those of the journeys, so that some wait for their turn under the cap."""
DEVICES = [*CODES, *MORE, world.NO_CODE, world.THEIRS, world.COMMISSIONED]
_TABLES = (
    tables.mail,
    tables.mail_content,
    tables.thread,
    tables.item,
    tables.letter,
    tables.release,
    tables.signature,
    tables.tally,
    tables.audit,
)
_APART = {"mail_content": {"content"}, "item": {"id"}, "release": {"id"}}
"""Sealed anew each time; and numbers of which PostgreSQL leaves some out."""


def some_mails(seed: int) -> Iterator[bytes]:
    """Requests, chases, replies, copies, forgeries and other mail, about few devices, so that they meet."""
    chance = random.Random(seed)  # noqa: S311  # the same mails for each run
    before: list[bytes] = []
    for number in range(MAILS):
        at = NOW - timedelta(minutes=MAILS - number)
        if before and chance.random() < 0.1:
            yield b"X-Copy: again\r\n" + chance.choice(before)
            continue
        devices = ", ".join(chance.sample(DEVICES, chance.randint(1, 3)))
        headers = {"In-Reply-To": f"<{chance.randrange(number + 1)}@them.test>"} if chance.random() < 0.2 else {}
        mail = written(
            chance.choice(_SENDERS),
            chance.choice(_BODIES).format(devices=devices),
            at=at,
            verdict=None,
            headers=headers | ({"Auto-Submitted": "auto-replied"} if chance.random() < 0.05 else {}),
            message_id=f"<{number}@them.test>",
        )
        verdict = chance.choice((*[Verdict.PASS] * 6, Verdict.SPF_ONLY, Verdict.FAIL))
        before.append(stamped(mail, recipient=US, authserv_id="mx.northwind.test", verdict=verdict, arrived=at))
        yield before[-1]


@pytest.fixture
async def readers(tmp_path: Path) -> AsyncIterator[Readers]:
    """The children that read mail."""
    pool = readers_of(operating.settings(tmp_path, CONFIG))
    await pool.start()
    yield pool
    await pool.close()


def opened(folder: Path, database: Database, vault: Vault) -> Parts:
    """An installation that knows its contacts and devices, and holds its mailbox."""
    parts = operating.parts(folder, database, vault, CONFIG)
    inventory = "\n".join((INVENTORY, *(f"{device},ESME,{CODES[world.A0]},,Pending,," for device in MORE)))
    for name, text in (("contacts.csv", CONTACTS), ("inventory.csv", inventory)):
        (folder / name).write_text(text, "utf-8")
    import_contacts(parts, folder / "contacts.csv", NOW, Wish(confirm=True))
    import_inventory(parts, folder / "inventory.csv", NOW, Wish())
    gen = parts.lease.acquire()
    assert gen is not None
    parts.gen = gen
    return parts


async def settled(parts: Parts, readers: Readers, mails: list[bytes], at_once: int) -> dict[str, list[dict[str, Any]]]:
    """What the database holds once these mails are settled, so many at once."""
    settling = Settling(parts, readers)
    began = NOW
    raws = [raw(uid=n, content=content, arrived=began + timedelta(seconds=n)) for n, content in enumerate(mails)]
    for start in range(0, len(raws), at_once):
        some = raws[start : start + at_once]
        await parts.write(lambda c: keeping.keep(c, parts.vault, some, NOW))  # noqa: B023  # called before the next turn
        while await settling.once():
            pass
    with parts.database.read() as connection:
        return {table.name: _rows(connection, table) for table in _TABLES}


def _rows(connection: Connection, table: sa.Table) -> list[dict[str, Any]]:
    apart = _APART.get(table.name, set())
    rows = connection.execute(sa.select(table)).mappings()
    return sorted(({name: row[name] for name in row if name not in apart} for row in rows), key=str)


@pytest.mark.parametrize("seed", range(3))
async def test_a_batch_comes_to_what_its_mails_come_to_one_by_one(  # noqa: PLR0917  # fixtures
    seed: int, sqlite_url: str, postgres_url: str, vault: Vault, tmp_path: Path, readers: Readers
) -> None:
    """Whatever the mails have to do with each other: the same decisions, letters, reservations and audit trail."""
    mails = list(some_mails(seed))
    found = []
    for name, url, at_once in (("one", sqlite_url, 1), ("all", postgres_url, MAILS)):
        (tmp_path / name).mkdir()
        database = Database(url)
        found.append(await settled(opened(tmp_path / name, database, vault), readers, mails, at_once))
        database.close()

    for table in _TABLES:
        assert found[0][table.name] == found[1][table.name]
    assert {row["fate"] for row in found[0]["mail"]} >= {"decided", "held", "ignored"}
    assert any(row["state"] == "pending" for row in found[0]["item"])


async def test_what_the_database_would_not_take_is_settled_the_next_time(
    sqlite_url: str, vault: Vault, tmp_path: Path, readers: Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it does not: its mails are claimed again, and no crash counts against them."""
    database = Database(sqlite_url)
    database.migrate()
    parts = opened(tmp_path, database, vault)
    mails = list(some_mails(1))
    raws = [raw(uid=n, content=content, arrived=NOW + timedelta(seconds=n)) for n, content in enumerate(mails)]
    await parts.write(lambda c: keeping.keep(c, parts.vault, raws, NOW))
    settling = Settling(parts, readers)

    def refused(*_: object) -> None:
        raise Unavailable("database: busy")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(settling, "_settle", refused)
        for _ in range(tables.MOST_CRASHES):
            with pytest.raises(Unavailable):
                await settling.once()
    while await settling.once():
        pass

    with database.read() as connection:
        found = connection.execute(sa.select(tables.mail.c.state, tables.mail.c.fate)).all()
    database.close()
    assert {state for state, _ in found} == {"settled"}
    assert "poison" not in {fate for _, fate in found}
