"""What a member ordered and that is done once it is confirmed. The payload is sealed: a sheet may hold codes."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import micros, moment
from daemon.edge.tables import proposal
from daemon.edge.vault import Vault


class ProposalKind(StrEnum):
    """What is proposed."""

    CONTACTS = "contacts"
    INVENTORY = "inventory"
    WAIVE = "waive"
    RESEND = "resend"
    RESUME = "resume"
    CODE = "code"
    TELL = "tell"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One of them, opened. `payload` is JSON as its own room wrote it."""

    id: int
    kind: ProposalKind
    title: str
    member: str
    at: datetime
    open: bool
    payload: Any = field(repr=False)


def add(  # noqa: PLR0917  # the columns of a row
    connection: Connection, vault: Vault, kind: ProposalKind, title: str, payload: Any, member: str, now: datetime
) -> int:
    """Keep it, open; its number."""
    values = {"kind": kind, "title": title, "payload": b"", "member": member, "at": micros(now), "state": "open"}
    number = connection.execute(sa.insert(proposal).values(**values).returning(proposal.c.id)).scalar_one()
    sealed = vault.seal(json.dumps(payload).encode(), table="proposal", column="payload", row=str(number))
    connection.execute(sa.update(proposal).where(proposal.c.id == number).values(payload=sealed))
    return int(number)


def load(connection: Connection, vault: Vault, number: int) -> Proposal | None:
    """The proposal of that number; one that is done or dropped has lost its payload."""
    row = connection.execute(sa.select(proposal).where(proposal.c.id == number)).mappings().first()
    if row is None:
        return None
    is_open = row["state"] == "open"
    opened = vault.open(row["payload"], table="proposal", column="payload", row=str(number)) if is_open else b"null"
    return Proposal(
        id=number,
        kind=ProposalKind(row["kind"]),
        title=row["title"],
        member=row["member"],
        at=moment(row["at"]),
        open=is_open,
        payload=json.loads(opened),
    )


def end(connection: Connection, number: int, *, done: bool) -> None:
    """It is done, or dropped; what it held is erased."""
    values = {"state": "done" if done else "dropped", "payload": b""}
    connection.execute(sa.update(proposal).where(proposal.c.id == number).values(**values))


def lapsed(connection: Connection, before: datetime) -> list[int]:
    """Those that are open and were proposed before that moment."""
    where = (proposal.c.state == "open", proposal.c.at < micros(before))
    return list(connection.execute(sa.select(proposal.c.id).where(*where).order_by(proposal.c.id)).scalars())
