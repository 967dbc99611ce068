"""Letters that are decided, and queued under derived names. How each goes is told by its row (`attempts`):

    pending ─▶ sending(started) ─▶ sending(dot) ─▶ accepted | deferred | rejected | unknown
                    │ our side is down: deferred        unknown ─▶ accepted (proof) | pending (same bytes) | held

`started` means not sent: safe to try again. `dot` means that DATA may have begun: whoever finds such a row
after a crash makes it `unknown`, and looks for proof before any resend. One station sends, one batch at a
time, under a fenced lease: a letter that is `sending` when no batch is in hand was cut off.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy import Connection

from daemon.edge.database import among, insert_in, micros, moment
from daemon.edge.outbox import releases
from daemon.edge.tables import frozen, letter
from daemon.edge.vault import Vault
from daemon.rules.letters import LetterPlan
from daemon.rules.workdays import local_day

PLAN = TypeAdapter(LetterPlan)


class LetterState(StrEnum):
    """Where a letter stands."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    HELD = "held"
    CANCELLED = "cancelled"
    OBSERVED = "observed"
    """Would have been sent; the mode sends nothing. Never sent later unasked."""


WAITING = (LetterState.PENDING, LetterState.DEFERRED)


@dataclass(frozen=True, slots=True)
class Queued:
    """A letter in hand. `content` is sealed; None until it is frozen."""

    id: int
    plan: LetterPlan
    message_id: str
    written_at: datetime
    mail_id: int | None
    attempts: int
    """This one included; those that our own side or the relay's trouble ended do not count."""
    resends: int
    content: bytes | None = field(repr=False)

    @property
    def suspect(self) -> bool:
        """It was claimed before and never got as far as its bytes: writing it may be what stops us."""
        return self.attempts > 1 and self.content is None


@dataclass(frozen=True, slots=True)
class ToQueue:
    """A letter to be queued. `mail_id`: the mail it answers; `due`: the earliest due date of its rows."""

    plan: LetterPlan
    mail_id: int | None = None
    due: date | None = None
    state: LetterState = LetterState.PENDING

    @property
    def reserves(self) -> bool:
        """Its codes count as leaving us from now on."""
        return bool(self.plan.code_devices) and self.state is not LetterState.OBSERVED


def message_id(vault: Vault, plan: LetterPlan, mailbox: str) -> str:
    """The Message-ID that a plan derives, in angle brackets: the same after a rebuild."""
    digest = vault.derive("letter", plan.case_id, plan.kind, str(plan.seq))
    local = base64.b32encode(digest[:20]).decode().lower()
    return f"<{local}@{mailbox.rpartition('@')[2]}>"


def queue(
    connection: Connection,
    vault: Vault,
    plans: Sequence[LetterPlan],
    *,
    mailbox: str,
    now: datetime,
    mail_id: int | None = None,
    due: date | None = None,
    state: LetterState = LetterState.PENDING,
) -> list[int]:
    """Queue letters under their derived names, as `queue_all` does."""
    return queue_all(
        connection, vault, [ToQueue(plan, mail_id, due, state) for plan in plans], mailbox=mailbox, now=now
    )


def queue_all(
    connection: Connection, vault: Vault, letters: Sequence[ToQueue], *, mailbox: str, now: datetime
) -> list[int]:
    """Queue letters under their derived names, in their order; one that is queued already is left as it is."""
    named: dict[str, ToQueue] = {}
    for one in letters:
        named.setdefault(message_id(vault, one.plan, mailbox), one)
    rows = [_letter_row(name, one, now) for name, one in named.items()]
    added = connection.execute(_queueing(connection.dialect.name), rows).all() if rows else ()
    ids = {row.message_id: row.id for row in added}
    reserving = [(ids[name], one.plan) for name, one in named.items() if name in ids and one.reserves]
    releases.reserve(connection, reserving, now)
    return [ids[name] for name in named if name in ids]


def _letter_row(name: str, one: ToQueue, now: datetime) -> dict[str, Any]:
    plan = one.plan
    return {
        "case_id": plan.case_id,
        "kind": plan.kind,
        "seq": plan.seq,
        "message_id": name,
        "written_at": micros(now.replace(microsecond=0)),
        "recipient": plan.to,
        "party": plan.party,
        "plan": PLAN.dump_json(plan).decode(),
        "mail_id": one.mail_id,
        "codes": len(plan.code_devices),
        "codes_day": local_day(now) if one.reserves else None,
        "due": one.due,
        "state": one.state,
        "next_at": micros(now),
    }


@cache
def _queueing(dialect: str) -> Any:
    return insert_in(dialect, letter).on_conflict_do_nothing().returning(letter.c.id, letter.c.message_id)


# One attempt ────────────────────────────────────────────────────────────────────────────────────────


_ABOUT = (
    letter.c.id,
    letter.c.plan,
    letter.c.message_id,
    letter.c.written_at,
    letter.c.mail_id,
    letter.c.attempts,
    letter.c.resends,
)
_LOAD = sa.select(*_ABOUT, frozen.c.content).select_from(letter.outerjoin(frozen)).where(letter.c.id.in_(among("ids")))
_LOAD_BARE = sa.select(*_ABOUT, sa.null()).where(letter.c.id.in_(among("ids")))


def load(connection: Connection, ids: Sequence[int], *, bare: bool = False) -> list[Queued]:
    """Letters in the order of `ids`; `bare`: without their bytes."""
    if not ids:
        return []
    found = connection.execute(_LOAD_BARE if bare else _LOAD, {"ids": ids})
    by_id = {row[0]: _queued(*row) for row in found}
    return [by_id[letter_id] for letter_id in ids if letter_id in by_id]


def _queued(letter_id: int, plan: str, name: str, written_at: int, *others: Any) -> Queued:
    return Queued(letter_id, PLAN.validate_json(plan), name, moment(written_at), *others)


# Afterwards ─────────────────────────────────────────────────────────────────────────────────────────


def counts(connection: Connection) -> dict[str, int]:
    """Letters by state."""
    query = sa.select(letter.c.state, sa.func.count().label("letters")).group_by(letter.c.state)
    return {row.state: row.letters for row in connection.execute(query)}
