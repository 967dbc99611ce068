"""Letters that are decided: queued, claimed, frozen, marked, finished.

    pending ─▶ sending(started) ─▶ sending(dot) ─▶ accepted | deferred | rejected | unknown
                    │ our side is down: deferred        unknown ─▶ accepted (proof) | pending (same bytes) | held

`started` means not sent: safe to try again. `dot` means that DATA may have begun: whoever finds such a row
after a crash makes it `unknown`, and looks for proof before any resend.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy import Connection, Row

from daemon.edge.database import chunks, eui_to_int, insert, micros, moment
from daemon.edge.tables import letter, release
from daemon.edge.vault import Vault
from daemon.rules.decision import Condition, LetterPlan
from daemon.rules.workdays import local_day

PLAN = TypeAdapter(LetterPlan)
_VERDICT = TypeAdapter(tuple[Condition, ...])

CLAIM_S = 900
"""A claimed letter whose attempt died is looked at again after this; longer than the longest DATA."""


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
FINAL = (LetterState.ACCEPTED, LetterState.REJECTED, LetterState.HELD, LetterState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Queued:
    """A letter in hand. `content` is sealed; None until it is frozen."""

    id: int
    plan: LetterPlan
    message_id: str
    written_at: datetime
    mail_id: int | None
    attempts: int
    resends: int
    content: bytes | None


def retry_at(now: datetime, attempts: int) -> datetime:
    """When a deferred letter is tried again: after 1 minute, doubling, at most 30 minutes."""
    return now + timedelta(minutes=min(30, 2 ** min(attempts - 1, 5)))


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
    """Queue letters under their derived names; one that is queued already is left as it is."""
    ids = []
    for plan in plans:
        values = {
            "case_id": plan.case_id,
            "kind": plan.kind,
            "seq": plan.seq,
            "message_id": message_id(vault, plan, mailbox),
            "written_at": micros(now.replace(microsecond=0)),
            "recipient": plan.to,
            "party": plan.party,
            "plan": PLAN.dump_json(plan).decode(),
            "mail_id": mail_id,
            "codes": len(plan.code_devices),
            "due": due,
            "state": state,
            "next_at": micros(now),
        }
        statement = insert(connection, letter).values(**values).on_conflict_do_nothing().returning(letter.c.id)
        letter_id = connection.execute(statement).scalar()
        if letter_id is not None:
            _reserve(connection, plan, letter_id, now, state)
            ids.append(letter_id)
    return ids


def _reserve(connection: Connection, plan: LetterPlan, letter_id: int, now: datetime, state: LetterState) -> None:
    if state is LetterState.OBSERVED or not plan.code_devices:
        return
    rows = [
        {
            "device_id": eui_to_int(device),
            "party": plan.party,
            "letter_id": letter_id,
            "at": micros(now),
            "day": local_day(now),
            "state": "queued",
        }
        for device in plan.code_devices
    ]
    connection.execute(sa.insert(release), rows)


# One attempt ────────────────────────────────────────────────────────────────────────────────────────


def claim(connection: Connection, gen: int, now: datetime, limit: int) -> list[Queued]:
    """Due letters, the earliest due date first; each marked as an attempt begun, its next look in the future."""
    stale = sa.and_(letter.c.state == LetterState.SENDING, letter.c.stage == "started")
    ready = sa.or_(letter.c.state.in_(WAITING), stale)
    query = (
        sa.select(letter.c.id)
        .where(ready, letter.c.next_at <= micros(now))
        .order_by(letter.c.due.is_(None), letter.c.due, letter.c.id)
        .limit(limit)
    )
    ids = list(connection.execute(query).scalars())
    if not ids:
        return []
    changes = {
        "state": LetterState.SENDING,
        "stage": "started",
        "attempts": letter.c.attempts + 1,
        "claimed_gen": gen,
        "next_at": micros(now + timedelta(seconds=CLAIM_S)),
    }
    connection.execute(sa.update(letter).where(letter.c.id.in_(ids)).values(**changes))
    return _load(connection, ids)


def _load(connection: Connection, ids: Sequence[int]) -> list[Queued]:
    query = sa.select(letter).where(letter.c.id.in_(ids))
    order = {letter_id: position for position, letter_id in enumerate(ids)}
    return sorted(map(_queued, connection.execute(query)), key=lambda q: order[q.id])


def _queued(row: Row[tuple[object, ...]]) -> Queued:
    values = row._mapping  # noqa: SLF001  # SQLAlchemy's documented name for it
    return Queued(
        id=values["id"],
        plan=PLAN.validate_json(values["plan"]),
        message_id=values["message_id"],
        written_at=moment(values["written_at"]),
        mail_id=values["mail_id"],
        attempts=values["attempts"],
        resends=values["resends"],
        content=values["content"],
    )


def freeze(connection: Connection, letter_id: int, sealed: bytes, verdict: Sequence[Condition]) -> None:
    """Keep the exact bytes (sealed) and the gate's verdict before the first attempt."""
    values = {"content": sealed, "verdict": _VERDICT.dump_json(tuple(verdict)).decode()}
    connection.execute(sa.update(letter).where(letter.c.id == letter_id).values(**values))


def mark_dot(connection: Connection, letter_id: int) -> None:
    """DATA is about to begin: from here on only proof says that it was not sent."""
    connection.execute(sa.update(letter).where(letter.c.id == letter_id).values(stage="dot"))


def finish(
    connection: Connection,
    letter_id: int,
    state: LetterState,
    now: datetime,
    *,
    reply: str = "",
    next_at: datetime | None = None,
    verdict: Sequence[Condition] | None = None,
) -> None:
    """Write down how the attempt ended; `next_at` for deferred and unknown ones."""
    values: dict[str, object] = {"state": state, "stage": None, "reply": reply[:500]}
    if next_at is not None:
        values["next_at"] = micros(next_at)
    if state in FINAL:
        values["finished_at"] = micros(now)
    if verdict is not None:
        values["verdict"] = _VERDICT.dump_json(tuple(verdict)).decode()
    connection.execute(sa.update(letter).where(letter.c.id == letter_id).values(**values))
    if state in FINAL:
        outcome = "released" if state is LetterState.ACCEPTED else "dropped"
        connection.execute(sa.update(release).where(release.c.letter_id == letter_id).values(state=outcome))


def cancel(connection: Connection, case_ids: Sequence[str], now: datetime) -> int:
    """Take back the letters of these cases that were never tried; how many."""
    query = sa.select(letter.c.id).where(
        letter.c.case_id.in_(case_ids), letter.c.state == LetterState.PENDING, letter.c.attempts == 0
    )
    ids = list(connection.execute(query).scalars())
    for letter_id in ids:
        finish(connection, letter_id, LetterState.CANCELLED, now)
    return len(ids)


# Unknown outcomes ───────────────────────────────────────────────────────────────────────────────────


def unknown_after_crash(connection: Connection, gen: int, now: datetime) -> int:
    """Attempts of an older generation that had reached DATA become unknown; how many."""
    where = (
        letter.c.state == LetterState.SENDING,
        letter.c.stage == "dot",
        sa.or_(letter.c.claimed_gen != gen, letter.c.next_at <= micros(now)),
    )
    values = {"state": LetterState.UNKNOWN, "stage": None, "next_at": micros(now), "reply": "cut off in DATA"}
    return connection.execute(sa.update(letter).where(*where).values(**values)).rowcount


def started_after_crash(connection: Connection, gen: int, now: datetime) -> int:
    """Attempts of an older generation that had not reached DATA were not sent: due at once; how many."""
    where = (letter.c.state == LetterState.SENDING, letter.c.stage == "started", letter.c.claimed_gen != gen)
    return connection.execute(sa.update(letter).where(*where).values(next_at=micros(now))).rowcount


def unknown_due(connection: Connection, now: datetime) -> list[Queued]:
    """Unknown letters whose wait is over: time to look for proof."""
    query = sa.select(letter.c.id).where(letter.c.state == LetterState.UNKNOWN, letter.c.next_at <= micros(now))
    return _load(connection, list(connection.execute(query.order_by(letter.c.id).limit(100)).scalars()))


def resend(connection: Connection, letter_id: int, now: datetime) -> None:
    """No proof was found: the same bytes go to the same address once more."""
    values = {"state": LetterState.PENDING, "resends": letter.c.resends + 1, "next_at": micros(now)}
    connection.execute(sa.update(letter).where(letter.c.id == letter_id).values(**values))


# Afterwards ─────────────────────────────────────────────────────────────────────────────────────────


def to_file_in_sent(connection: Connection, limit: int) -> list[Queued]:
    """Accepted letters that have no copy in Sent yet."""
    query = sa.select(letter.c.id).where(letter.c.state == LetterState.ACCEPTED, letter.c.sent_filed.is_(False))
    return _load(connection, list(connection.execute(query.order_by(letter.c.id).limit(limit)).scalars()))


def sent_filed(connection: Connection, ids: Sequence[int]) -> None:
    """These have their copy in Sent."""
    connection.execute(sa.update(letter).where(letter.c.id.in_(ids)).values(sent_filed=True))


def next_seq(connection: Connection, case_id: str, kind: str) -> int:
    """The number of the next letter of this case and kind."""
    query = sa.select(sa.func.max(letter.c.seq)).where(letter.c.case_id == case_id, letter.c.kind == kind)
    return (connection.execute(query).scalar() or 0) + 1


def ours(connection: Connection, message_ids: Sequence[str]) -> frozenset[str]:
    """Those of `message_ids` that are our own letters'."""
    found: set[str] = set()
    for some in chunks(list(message_ids)):
        found |= set(connection.execute(sa.select(letter.c.message_id).where(letter.c.message_id.in_(some))).scalars())
    return frozenset(found)


def oldest_unsent(connection: Connection) -> datetime | None:
    """When the longest-waiting letter was queued, among those that still have to go."""
    states = (*WAITING, LetterState.SENDING, LetterState.UNKNOWN)
    value = connection.execute(sa.select(sa.func.min(letter.c.written_at)).where(letter.c.state.in_(states))).scalar()
    return None if value is None else moment(value)


def counts(connection: Connection) -> dict[str, int]:
    """Letters by state."""
    query = sa.select(letter.c.state, sa.func.count().label("letters")).group_by(letter.c.state)
    return {row.state: row.letters for row in connection.execute(query)}


def verdict_of(connection: Connection, letter_id: int) -> list[dict[str, object]]:
    """The gate's verdict that was stored with a letter, as plain JSON."""
    text = connection.execute(sa.select(letter.c.verdict).where(letter.c.id == letter_id)).scalar()
    return list(json.loads(text)) if text else []
