"""Mail is kept before anything is made of it, and how far each folder is."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import chunks, insert, micros, run_for_each
from daemon.edge.inbox import KEPT, SETTLED, whereabouts
from daemon.edge.tables import cursor, mail, mail_content, place
from daemon.edge.vault import Vault
from daemon.mail.message import RawMail


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a folder is kept without a gap."""

    folder: str
    uidvalidity: int
    last_uid: int


def keep(
    connection: Connection,
    vault: Vault,
    batch: Sequence[RawMail],
    now: datetime,
    *,
    ordered: bool = False,
) -> tuple[int, ...]:
    """Keep `batch` and its places; the ids of mails that are new or were ordered to be read again.

    `ordered`: the batch was dragged to `Requests`, which is a person's order to take it in.
    """
    shas = [hashlib.sha256(raw.content).hexdigest() for raw in batch]
    known = _by_sha(connection, shas)
    added: dict[str, RawMail] = {}
    for raw, sha in zip(batch, shas, strict=True):
        if sha not in known:
            added.setdefault(sha, raw)
    known |= _insert_mails(connection, vault, added, now)
    fresh = [known[sha] for sha in added]
    places = [whereabouts.place_row(known[sha], raw.place, now) for raw, sha in zip(batch, shas, strict=True)]
    whereabouts.keep(connection, places)
    if ordered:
        _order(connection, vault, dict(zip(shas, batch, strict=True)), list(known.values()))
        fresh = list(known.values())
    return tuple(dict.fromkeys(fresh))


def _by_sha(connection: Connection, shas: Sequence[str]) -> dict[str, int]:
    query = sa.select(mail.c.raw_sha, mail.c.id).where(mail.c.raw_sha.in_(shas))
    return {row.raw_sha: row.id for row in connection.execute(query)}


_KEEP = sa.insert(mail).returning(mail.c.raw_sha, mail.c.id)
_KEEP_CONTENT = sa.insert(mail_content)


def _insert_mails(connection: Connection, vault: Vault, added: Mapping[str, RawMail], now: datetime) -> dict[str, int]:
    ids: dict[str, int] = {}
    for some in chunks(list(added.items()), 100):
        rows = [
            {
                "raw_sha": sha,
                "arrived": micros(raw.arrived),
                "kept_at": micros(now),
                "size": len(raw.content),
                "cut": raw.cut,
                "state": KEPT,
            }
            for sha, raw in some
        ]
        fresh = {row.raw_sha: row.id for row in connection.execute(_KEEP, rows)}
        run_for_each(connection, _KEEP_CONTENT, [_content_row(vault, fresh[sha], sha, raw) for sha, raw in some])
        ids |= fresh
    return ids


def _content_row(vault: Vault, mail_id: int, sha: str, raw: RawMail) -> dict[str, Any]:
    return {"mail_id": mail_id, "content": vault.seal(raw.content, table="mail", column="content", row=sha)}


def _order(connection: Connection, vault: Vault, raws: dict[str, RawMail], ids: Sequence[int]) -> None:
    """Dragged to `Requests`: a person's order. What was settled is settled anew, its first arrival kept.

    Content that was erased is put back. A mail that still waits keeps its count of crashes.
    """
    connection.execute(sa.update(mail).where(mail.c.id.in_(ids)).values(ordered=True))
    query = sa.select(mail.c.id, mail.c.raw_sha).where(mail.c.id.in_(ids), mail.c.state == SETTLED)
    for row in connection.execute(query).all():
        raw = raws[row.raw_sha]
        values = {"state": KEPT, "crashes": 0, "fate": None, "cut": raw.cut, "wait_until": None}
        connection.execute(sa.update(mail).where(mail.c.id == row.id).values(**values))
        connection.execute(sa.delete(mail_content).where(mail_content.c.mail_id == row.id))
        connection.execute(_KEEP_CONTENT, _content_row(vault, row.id, row.raw_sha, raw))


def cursor_of(connection: Connection, folder: str) -> Cursor | None:
    """How far `folder` is kept; None: never looked at."""
    row = connection.execute(sa.select(cursor).where(cursor.c.folder == folder)).mappings().first()
    return Cursor(**row) if row else None


def set_cursor(connection: Connection, position: Cursor) -> None:
    """Move the cursor; called in the transaction that kept what lies before it."""
    values = {"uidvalidity": position.uidvalidity, "last_uid": position.last_uid}
    statement = insert(connection, cursor).values(folder=position.folder, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["folder"], set_=values))


def uid_gaps(connection: Connection, folder: str) -> int:
    """UIDs between the first and the last that we kept of `folder` which we never saw: gone before we looked."""
    position = cursor_of(connection, folder)
    if position is None:
        return 0
    where = (place.c.folder == folder, place.c.uidvalidity == position.uidvalidity, place.c.uid <= position.last_uid)
    row = connection.execute(sa.select(sa.func.count(), sa.func.min(place.c.uid)).where(*where)).one()
    return 0 if row[1] is None else int(position.last_uid - row[1] + 1 - row[0])
