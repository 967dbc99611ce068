"""The audit trail: every decision, release and opening of a code, in a chain that shows alteration.

Each entry's hash is keyed and covers the one before it, so that whoever holds the database alone can
neither change, drop nor reorder entries unseen. Entries cut off at the end are shown by the head that
the last one left in `fact.audit_head`, and by the heads that ops receive.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge import remembered
from daemon.edge.database import micros, moment, run_for_each
from daemon.edge.tables import audit
from daemon.edge.vault import Vault

GENESIS = "0" * 64
_LOCK = 7_221_402
_HEAD = "audit_head"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `detail` is plain JSON and never holds a code or personal data."""

    at: datetime
    what: str
    subject: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chain:
    """The state of the whole trail. `broken_at`: the first entry that does not fit; None: all fit."""

    entries: int
    head: str
    broken_at: int | None


_in_order = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode
_ADD = sa.insert(audit)
_AT_A_TIME = 2000
_EITHER_END = (audit.c.seq, audit.c.seq.desc())
_LAST = sa.select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)


def append(connection: Connection, vault: Vault, entries: Iterable[Entry]) -> None:
    """Add `entries` to the end of the chain, in the caller's transaction, some at a time."""
    left = iter(entries)
    while some := list(islice(left, _AT_A_TIME)):
        _append(connection, vault, some)


def _append(connection: Connection, vault: Vault, entries: Sequence[Entry]) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    seq, previous = _head(connection)
    rows = []
    for entry in entries:
        seq += 1
        row = _row(seq, entry)
        row |= {"previous": previous, "hash": _hash(vault, previous, row)}
        previous = row["hash"]
        rows.append(row)
    run_for_each(connection, _ADD, rows)
    remembered.put(connection, _HEAD, {"seq": seq, "hash": previous}, entries[-1].at)


def _head(connection: Connection) -> tuple[int, str]:
    last = connection.execute(_LAST).first()
    return (last.seq, last.hash) if last else (0, GENESIS)


def _row(seq: int, entry: Entry) -> dict[str, Any]:
    return {
        "seq": seq,
        "at": micros(entry.at),
        "what": entry.what,
        "subject": entry.subject,
        "detail": _in_order(entry.detail),
    }


def _hash(vault: Vault, previous: str, row: Mapping[str, Any]) -> str:
    parts = (previous, str(row["seq"]), str(row["at"]), row["what"], row["subject"], row["detail"])
    return vault.derive("audit", *parts).hex()


def of_these_keys(connection: Connection, vault: Vault) -> bool:
    """Whether the trail was begun, or gone on with, under this `names` key: both ends, for either may have been altered."""
    ends = [connection.execute(sa.select(audit).order_by(seq).limit(1)).mappings().first() for seq in _EITHER_END]
    return not any(ends) or any(row["hash"] == _hash(vault, row["previous"], dict(row)) for row in ends if row)


def verify(connection: Connection, vault: Vault) -> Chain:
    """Walk the whole chain and hold its end against the head that was left apart."""
    seq, previous = 0, GENESIS
    for row in connection.execute(sa.select(audit).order_by(audit.c.seq)).mappings():
        seq += 1
        if row["seq"] != seq or row["previous"] != previous or row["hash"] != _hash(vault, previous, dict(row)):
            return Chain(seq, previous, seq)
        previous = row["hash"]
    head = remembered.get(connection, _HEAD)
    if head is not None and (head["seq"], head["hash"]) != (seq, previous):
        return Chain(seq, previous, seq + 1)
    return Chain(seq, previous, None)


def export(connection: Connection) -> Iterator[dict[str, Any]]:
    """Every entry, oldest first, as plain JSON values."""
    for row in connection.execute(sa.select(audit).order_by(audit.c.seq)).mappings():
        yield {**row, "at": moment(row["at"]).isoformat(), "detail": json.loads(row["detail"])}
