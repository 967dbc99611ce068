"""The audit chain: whatever is altered, dropped, moved or cut off shows."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge import audit
from daemon.edge import tables as t
from daemon.edge.audit import Entry
from daemon.edge.database import Database
from daemon.edge.vault import Vault

BEGAN = datetime(2026, 6, 8, 9, 30, tzinfo=UTC)


@pytest.fixture
def chain(database: Database, vault: Vault) -> Database:
    """A trail of nine entries, appended three at a time."""
    for group in range(3):
        entries = [
            Entry(BEGAN + timedelta(minutes=n), "mail-settled", f"mail:{n}", {"reason": "request", "n": n})
            for n in range(group * 3, group * 3 + 3)
        ]
        with database.write() as connection:
            audit.append(connection, vault, entries)
    return database


def _column(**values: object) -> Callable[[Connection], object]:
    return lambda c: c.execute(sa.update(t.audit).where(t.audit.c.seq == 5).values(**values))


def _swap(connection: Connection) -> None:
    """Entries 4 and 5 change places, hashes and all."""
    rows = {r["seq"]: dict(r) for r in connection.execute(sa.select(t.audit)).mappings() if r["seq"] in (4, 5)}
    connection.execute(sa.delete(t.audit).where(t.audit.c.seq.in_((4, 5))))
    connection.execute(sa.insert(t.audit), [rows[4] | {"seq": 5}, rows[5] | {"seq": 4}])


def _forge_with_another_key(connection: Connection) -> None:
    """Whoever holds the database alone rewrites the end, head included, with a key of their own."""
    connection.execute(sa.delete(t.audit).where(t.audit.c.seq >= 7))
    connection.execute(sa.delete(t.fact).where(t.fact.c.name == "audit_head"))
    audit.append(connection, Vault({"k": bytes(32)}, bytes(32)), [Entry(BEGAN, "mail-settled", "mail:6")])


TAMPERINGS: dict[str, tuple[Callable[[Connection], object], int]] = {
    "detail altered": (_column(detail='{"reason":"stranger"}'), 5),
    "time altered": (_column(at=0), 5),
    "what altered": (_column(what="mail-lost"), 5),
    "subject altered": (_column(subject="mail:99"), 5),
    "hash altered": (_column(hash="0" * 64), 5),
    "link altered": (_column(previous="0" * 64), 5),
    "one dropped": (lambda c: c.execute(sa.delete(t.audit).where(t.audit.c.seq == 5)), 5),
    "first dropped": (lambda c: c.execute(sa.delete(t.audit).where(t.audit.c.seq == 1)), 1),
    "two swapped": (_swap, 4),
    "end cut off": (lambda c: c.execute(sa.delete(t.audit).where(t.audit.c.seq > 7)), 8),
    "all cut off": (lambda c: c.execute(sa.delete(t.audit)), 1),
    "forged without our key": (_forge_with_another_key, 7),
}


def test_an_untouched_chain_holds(chain: Database, vault: Vault) -> None:
    """All entries fit, and the head is that of the last."""
    with chain.read() as connection:
        state = audit.verify(connection, vault)
        last = list(audit.export(connection))[-1]
    assert (state.entries, state.head, state.broken_at) == (9, last["hash"], None)


def test_the_chain_is_the_same_however_few_are_written_at_a_time(
    chain: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five entries two at a time follow on each other and on what was there; each with its own detail."""
    monkeypatch.setattr(audit, "_AT_A_TIME", 2)
    details = [{"letter": 1}] * 3 + [{"letter": 2}] * 2
    with chain.write() as connection:
        audit.append(connection, vault, (Entry(BEGAN, "code-opened", "device:x", detail) for detail in details))
    with chain.read() as connection:
        state = audit.verify(connection, vault)
        kept = [entry["detail"] for entry in audit.export(connection)][-5:]
    assert (state.entries, state.broken_at) == (14, None)
    assert kept == details


@pytest.mark.parametrize("how", TAMPERINGS)
def test_tampering_shows_where_it_begins(chain: Database, vault: Vault, how: str) -> None:
    """Each way of touching the trail is found, at the first entry that does not fit."""
    tamper, broken_at = TAMPERINGS[how]
    with chain.write() as connection:
        tamper(connection)
    with chain.read() as connection:
        assert audit.verify(connection, vault).broken_at == broken_at


@pytest.mark.parametrize(("end", "ours"), [((), True), ((1,), True), ((6,), True), ((1, 6), False)])
def test_whose_keys_wrote_a_trail_is_seen_at_either_end(
    chain: Database, vault: Vault, end: tuple[int, ...], *, ours: bool
) -> None:
    """One altered entry is for `verify` to tell; only where neither end fits, the keys are another installation's."""
    with chain.write() as connection:
        count = connection.execute(sa.select(sa.func.max(t.audit.c.seq))).scalar_one()
        numbers = [1 if number == 1 else count for number in end]
        connection.execute(sa.update(t.audit).where(t.audit.c.seq.in_(numbers)).values(what="altered"))
        assert audit.of_these_keys(connection, vault) is ours
        assert audit.of_these_keys(connection, Vault({"k": bytes(32)}, bytes(32))) is False


def test_an_empty_chain_holds(database: Database, vault: Vault) -> None:
    """Before the first entry there is nothing to be broken."""
    with database.read() as connection:
        assert audit.verify(connection, vault) == audit.Chain(0, audit.GENESIS, None)


def test_what_is_exported_is_what_was_said(chain: Database) -> None:
    """Plain values, oldest first, times with their zone."""
    with chain.read() as connection:
        rows = list(audit.export(connection))
    assert [row["detail"]["n"] for row in rows] == list(range(9))
    assert rows[0]["at"] == "2026-06-08T09:30:00+00:00"


def test_an_aborted_transaction_leaves_no_entry(chain: Database, vault: Vault) -> None:
    """An entry is there if, and only if, what it tells of is."""
    with contextlib.suppress(RuntimeError), chain.write() as connection:
        audit.append(connection, vault, [Entry(BEGAN, "never", "mail:0")])
        raise RuntimeError
    with chain.read() as connection:
        assert audit.verify(connection, vault).entries == 9
