"""Letters that are decided: queued, claimed, frozen, marked, finished.

    pending ─▶ sending(started) ─▶ sending(dot) ─▶ accepted | deferred | rejected | unknown
                    │ our side is down: deferred        unknown ─▶ accepted (proof) | pending (same bytes) | held

`started` means not sent: safe to try again. `dot` means that DATA may have begun: whoever finds such a row
after a crash makes it `unknown`, and looks for proof before any resend. One station sends, one batch at a
time, under a fenced lease: a letter that is `sending` when no batch is in hand was cut off.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import islice
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy import Connection

from daemon.edge.database import among, chunks, eui_to_int, insert_in, int_to_eui, micros, moment, run_for_each
from daemon.edge.tables import LETTER_UNFILED, LETTER_WAITING, frozen, letter, release
from daemon.edge.vault import Vault
from daemon.errors import LeaseLost
from daemon.rules.decision import Condition, LetterPlan
from daemon.rules.facts import Release
from daemon.rules.identifiers import DeviceId
from daemon.rules.workdays import local_day

PLAN = TypeAdapter(LetterPlan)
_VERDICT = TypeAdapter(tuple[Condition, ...])

FARTHEST = timedelta(days=7)
"""Nothing is ever put off by more: what is, was so by a clock that has been set right since, and is due."""


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
    _reserve(connection, [(ids[name], one) for name, one in named.items() if name in ids], now)
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


_RESERVE = sa.insert(release)
ROWS_AT_A_TIME = 2000
"""A sheet has tens of thousands."""


def _reserve(connection: Connection, added: Sequence[tuple[int, ToQueue]], now: datetime) -> None:
    """Count the codes of these letters as leaving us, from now on."""
    shared = {"at": micros(now), "state": "queued"}
    rows = (
        {"device_id": eui_to_int(device), "party": one.plan.party, "letter_id": letter_id, **shared}
        for letter_id, one in added
        if one.reserves
        for device in one.plan.code_devices
    )
    while some := list(islice(rows, ROWS_AT_A_TIME)):
        run_for_each(connection, _RESERVE, some)


# One attempt ────────────────────────────────────────────────────────────────────────────────────────


def claim(connection: Connection, gen: int, now: datetime, limit: int, *, suspects: int = 1) -> list[Queued]:
    """Due letters, the earliest due date first; each marked as an attempt begun.

    At most one of them is `suspect`, and it comes last, so that a letter that we cannot write takes no other with it: of
    several the one that was tried least, so that no letter is blamed for crashes that have another cause. `suspects` 0:
    none, for others are on their way.
    """
    query = (
        sa.select(letter.c.id, letter.c.attempts)
        .where(LETTER_WAITING, letter.c.state.in_(WAITING), _due(now))
        .order_by(letter.c.due.is_(None), letter.c.due, letter.c.id)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    tried = {row.id: row.attempts for row in rows if row.attempts > 0}
    suspected = sorted(_unwritten(connection, list(tried)), key=tried.__getitem__)
    ids = [row.id for row in rows if row.id not in suspected] + suspected[:suspects]
    if not ids:
        return []
    changes = {
        "state": LetterState.SENDING,
        "stage": "started",
        "attempts": letter.c.attempts + 1,
        "claimed_gen": gen,
    }
    connection.execute(sa.update(letter).where(letter.c.id.in_(ids)).values(**changes))
    return _load(connection, ids)


def _unwritten(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Those letters that have no bytes yet, in their order."""
    if not ids:
        return []
    query = sa.select(frozen.c.letter_id).where(frozen.c.letter_id.in_(ids), frozen.c.content.is_not(None))
    written = set(connection.execute(query).scalars())
    return [letter_id for letter_id in ids if letter_id not in written]


def _due(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(letter.c.next_at <= micros(now), letter.c.next_at > micros(now + FARTHEST))


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


def _load(connection: Connection, ids: Sequence[int], *, bare: bool = False) -> list[Queued]:
    """Letters in the order of `ids`; `bare`: without their bytes."""
    if not ids:
        return []
    found = connection.execute(_LOAD_BARE if bare else _LOAD, {"ids": ids})
    by_id = {row[0]: _queued(*row) for row in found}
    return [by_id[letter_id] for letter_id in ids if letter_id in by_id]


def _queued(letter_id: int, plan: str, name: str, written_at: int, *others: Any) -> Queued:
    return Queued(letter_id, PLAN.validate_json(plan), name, moment(written_at), *others)


@cache
def _freezing(dialect: str, *columns: str) -> Any:
    statement = insert_in(dialect, frozen)
    new = {name: statement.excluded[name] for name in columns}
    return statement.on_conflict_do_update(index_elements=["letter_id"], set_=new)


def freeze(connection: Connection, judged: Sequence[tuple[Queued, Sequence[Condition]]]) -> None:
    """Keep each letter's sealed bytes, if it has any, and what the gate said of it, before it is tried."""
    rows = [
        {"letter_id": one.id, "verdict": _VERDICT.dump_json(tuple(verdict)).decode(), "content": one.content}
        for one, verdict in judged
    ]
    run_for_each(connection, _freezing(connection.dialect.name, "verdict", "content"), rows)


def _keep_verdict(connection: Connection, letter_id: int, verdict: Sequence[Condition]) -> None:
    row = {"letter_id": letter_id, "verdict": _VERDICT.dump_json(tuple(verdict)).decode()}
    connection.execute(_freezing(connection.dialect.name, "verdict"), row)


_MARK_DOT = (
    sa.update(letter)
    .where(
        letter.c.id.in_(among("letters")),
        letter.c.state == LetterState.SENDING,
        letter.c.stage == "started",
        letter.c.claimed_gen == sa.bindparam("gen"),
    )
    .values(stage="dot")
)


def mark_dot(connection: Connection, ids: Sequence[int], gen: int) -> None:
    """DATA is about to begin: from here on only proof says that these were not sent.

    Raises LeaseLost where one of them is not ours.
    """
    if connection.execute(_MARK_DOT, {"letters": ids, "gen": gen}).rowcount != len(ids):
        raise LeaseLost(f"a letter is in other hands, one of {', '.join(map(str, ids))}")


def give_back(connection: Connection, ids: Sequence[int], next_at: datetime) -> None:
    """These were claimed and not tried, for no fault of theirs: due again, the attempt not counted."""
    values = {
        "state": LetterState.DEFERRED,
        "stage": None,
        "attempts": letter.c.attempts - 1,
        "next_at": micros(next_at),
    }
    connection.execute(sa.update(letter).where(letter.c.id.in_(ids)).values(**values))


# Built once: building a statement costs more than running it, and these run for every letter.
_FINISH = (
    sa.update(letter)
    .where(letter.c.id == sa.bindparam("letter_id"))
    .values(
        state=sa.bindparam("new_state"),
        stage=sa.null(),
        reply=sa.bindparam("words"),
        next_at=sa.func.coalesce(sa.bindparam("later", type_=letter.c.next_at.type), letter.c.next_at),
        finished_at=sa.func.coalesce(sa.bindparam("ended", type_=letter.c.finished_at.type), letter.c.finished_at),
    )
)
_COUNTS_NO_MORE = sa.update(letter).where(letter.c.id == sa.bindparam("of_letter")).values(codes_day=sa.null())
_SETTLE_RELEASES = (
    sa.update(release).where(release.c.letter_id.in_(among("letters"))).values(state=sa.bindparam("outcome"))
)


def finish(
    connection: Connection,
    letter_id: int,
    state: LetterState,
    now: datetime,
    *,
    reply: str = "",
    next_at: datetime | None = None,
    verdict: Sequence[Condition] | None = None,
    maybe_sent: bool = False,
) -> None:
    """Write down how the attempt ended; `next_at` for deferred and unknown ones.

    `maybe_sent`: an earlier attempt may have arrived, so that its codes go on counting as released.
    """
    final = state in FINAL
    values = {
        "letter_id": letter_id,
        "new_state": state,
        "words": reply[:500],
        "later": None if next_at is None else micros(next_at),
        "ended": micros(now) if final else None,
    }
    connection.execute(_FINISH, values)
    if verdict is not None:
        _keep_verdict(connection, letter_id, verdict)
    if final:
        gone = state is LetterState.ACCEPTED or maybe_sent
        connection.execute(_SETTLE_RELEASES, {"letters": [letter_id], "outcome": "released" if gone else "dropped"})
        if not gone:
            connection.execute(_COUNTS_NO_MORE, {"of_letter": letter_id})


def accept(connection: Connection, replies: Mapping[int, str], now: datetime) -> None:
    """Write down that the relay took these letters, and in which words: `finish` for many."""
    same = {"new_state": LetterState.ACCEPTED, "later": None, "ended": micros(now)}
    rows = [{"letter_id": letter_id, "words": reply[:500], **same} for letter_id, reply in replies.items()]
    run_for_each(connection, _FINISH, rows)
    connection.execute(_SETTLE_RELEASES, {"letters": list(replies), "outcome": "released"})


def cancel(connection: Connection, case_ids: Sequence[str], now: datetime) -> int:
    """Take back the letters of these cases that were never tried; how many."""
    if not case_ids:
        return 0
    query = sa.select(letter.c.id).where(
        letter.c.case_id.in_(case_ids), letter.c.state.in_(WAITING), letter.c.attempts == 0, letter.c.resends == 0
    )
    ids = list(connection.execute(query).scalars())
    for letter_id in ids:
        finish(connection, letter_id, LetterState.CANCELLED, now)
    return len(ids)


# Unknown outcomes ───────────────────────────────────────────────────────────────────────────────────


def unknown_after_crash(connection: Connection, look_at: datetime) -> list[int]:
    """Letters that were cut off in DATA become unknown; which. `look_at`: when proof is looked for.

    That is later than the longest wait for a relay's word: an instance that lost its lease may still be in DATA.
    """
    where = (LETTER_WAITING, letter.c.state == LetterState.SENDING, letter.c.stage == "dot")
    values = {"state": LetterState.UNKNOWN, "stage": None, "next_at": micros(look_at), "reply": "cut off in DATA"}
    return list(connection.execute(sa.update(letter).where(*where).values(**values).returning(letter.c.id)).scalars())


def started_after_crash(connection: Connection, gen: int, now: datetime) -> int:
    """Letters that were cut off before DATA were not sent: due at once; how many.

    An attempt counts where it may have ended the process: in an older generation.
    """
    where = (LETTER_WAITING, letter.c.state == LetterState.SENDING, letter.c.stage == "started")
    attempts = sa.case((letter.c.claimed_gen == gen, letter.c.attempts - 1), else_=letter.c.attempts)
    values = {"state": LetterState.DEFERRED, "stage": None, "attempts": attempts, "next_at": micros(now)}
    return connection.execute(sa.update(letter).where(*where).values(**values)).rowcount


def unknown_due(connection: Connection, now: datetime) -> list[Queued]:
    """Unknown letters whose wait is over: time to look for proof."""
    query = sa.select(letter.c.id).where(LETTER_WAITING, letter.c.state == LetterState.UNKNOWN, _due(now))
    return _load(connection, list(connection.execute(query.order_by(letter.c.next_at).limit(100)).scalars()))


def resend(connection: Connection, letter_id: int, now: datetime) -> None:
    """No proof was found: the same bytes go to the same address once more."""
    values = {"state": LetterState.PENDING, "resends": letter.c.resends + 1, "next_at": micros(now)}
    connection.execute(sa.update(letter).where(letter.c.id == letter_id).values(**values))


# Afterwards ─────────────────────────────────────────────────────────────────────────────────────────


def to_file_in_sent(connection: Connection, limit: int, *, bare: bool = False) -> list[Queued]:
    """Accepted letters that have no copy in Sent yet; `bare`: without their bytes, where masked copies are made."""
    query = sa.select(letter.c.id).where(LETTER_UNFILED)
    return _load(connection, list(connection.execute(query.order_by(letter.c.id).limit(limit)).scalars()), bare=bare)


def copies_may_wait(connection: Connection, now: datetime, longest: timedelta) -> bool:
    """Whether letters are to go this moment, and no copy for Sent is `longest` behind its letter."""
    due = sa.select(letter.c.id).where(LETTER_WAITING, letter.c.next_at <= micros(now)).limit(1)
    late = sa.select(letter.c.id).where(LETTER_UNFILED, letter.c.finished_at <= micros(now - longest)).limit(1)
    return connection.execute(due).first() is not None and connection.execute(late).first() is None


def newest(connection: Connection) -> int:
    """The id of the letter that was queued last; 0: there is none."""
    return connection.execute(sa.select(sa.func.max(letter.c.id))).scalar() or 0


def sent_filed(connection: Connection, ids: Sequence[int]) -> None:
    """These have their copy in Sent."""
    connection.execute(sa.update(letter).where(letter.c.id.in_(ids)).values(sent_filed=True))


_RELEASES = (
    sa.select(release.c.device_id, release.c.letter_id, release.c.party, release.c.at)
    .where(
        release.c.device_id.in_(among("devices")),
        release.c.at >= sa.bindparam("since"),
        release.c.state != "dropped",
    )
    .order_by(release.c.at)
)


def releases_by_letter(
    connection: Connection, devices: Sequence[DeviceId], since: datetime
) -> dict[DeviceId, list[tuple[int, Release]]]:
    """Codes of `devices` that left us, or are queued to, since then, each with the letter that carries it."""
    found: dict[DeviceId, list[tuple[int, Release]]] = {}
    of_letter: dict[int, tuple[int, Release]] = {}  # one for all of its codes: they were queued together
    for some in chunks([eui_to_int(device) for device in devices]):
        rows = connection.execute(_RELEASES, {"devices": some, "since": micros(since)}).all()
        for number, letter_id, party, at in rows:
            entry = of_letter.get(letter_id) or of_letter.setdefault(letter_id, (letter_id, Release(party, moment(at))))
            found.setdefault(int_to_eui(number), []).append(entry)
    return found


def ours(connection: Connection, message_ids: Sequence[str]) -> frozenset[str]:
    """Those of `message_ids` that are our own letters'."""
    found: set[str] = set()
    for some in chunks(list(message_ids)):
        found |= set(connection.execute(sa.select(letter.c.message_id).where(letter.c.message_id.in_(some))).scalars())
    return frozenset(found)


def counts(connection: Connection) -> dict[str, int]:
    """Letters by state."""
    query = sa.select(letter.c.state, sa.func.count().label("letters")).group_by(letter.c.state)
    return {row.state: row.letters for row in connection.execute(query)}
