"""Notes that our team keeps with a matter, sealed: people write what they like."""

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import micros, moment
from daemon.edge.tables import note
from daemon.edge.vault import Vault


@dataclass(frozen=True, slots=True)
class KeptNote:
    """One of them, opened. It may hold personal data: mask it before it is shown."""

    at: datetime
    member: str
    words: str = field(repr=False)


def add(connection: Connection, vault: Vault, ref: str, words: str, member: str, now: datetime) -> int:  # noqa: PLR0917  # the columns of a row
    """Keep `words` with the matter that our letters call `ref`; the note's number."""
    values = {"ref": ref, "at": micros(now), "member": member, "words": b""}
    number = int(connection.execute(sa.insert(note).values(**values).returning(note.c.id)).scalar_one())
    sealed = vault.seal(words.encode(), table="note", column="words", row=number)
    connection.execute(sa.update(note).where(note.c.id == number).values(words=sealed))
    return number


def of(connection: Connection, vault: Vault, ref: str) -> tuple[KeptNote, ...]:
    """The notes on a matter, oldest first."""
    rows = connection.execute(sa.select(note).where(note.c.ref == ref).order_by(note.c.id))
    return tuple(
        KeptNote(moment(row.at), row.member, vault.open(row.words, table="note", column="words", row=row.id).decode())
        for row in rows
    )
