"""Letters on their way: claimed, frozen, marked, and how each attempt ended."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy import Connection

from daemon.edge.database import among, insert_in, micros, run_for_each
from daemon.edge.outbox import WAITING, LetterState, Queued, load
from daemon.edge.tables import LETTER_WAITING, frozen, letter, release
from daemon.errors import LeaseLost
from daemon.rules.gate import Condition

_VERDICT = TypeAdapter(tuple[Condition, ...])

FARTHEST = timedelta(days=7)
"""Nothing is ever put off by more: what is, was so by a clock that has been set right since, and is due."""
FINAL = (LetterState.ACCEPTED, LetterState.REJECTED, LetterState.HELD, LetterState.CANCELLED)


def retry_at(now: datetime, attempts: int) -> datetime:
    """When a deferred letter is tried again: after 1 minute, doubling, at most 30 minutes."""
    return now + timedelta(minutes=min(30, 2 ** min(attempts - 1, 5)))


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
    return load(connection, ids)


def _unwritten(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Those letters that have no bytes yet, in their order."""
    if not ids:
        return []
    query = sa.select(frozen.c.letter_id).where(frozen.c.letter_id.in_(ids), frozen.c.content.is_not(None))
    written = set(connection.execute(query).scalars())
    return [letter_id for letter_id in ids if letter_id not in written]


def _due(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(letter.c.next_at <= micros(now), letter.c.next_at > micros(now + FARTHEST))


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


def any_put_off(connection: Connection) -> bool:
    """Whether a letter waits that was tried already."""
    query = sa.select(letter.c.id).where(LETTER_WAITING, letter.c.state == LetterState.DEFERRED, letter.c.attempts > 0)
    return connection.execute(query.limit(1)).first() is not None


def unknown_due(connection: Connection, now: datetime) -> list[Queued]:
    """Unknown letters whose wait is over: time to look for proof."""
    query = sa.select(letter.c.id).where(LETTER_WAITING, letter.c.state == LetterState.UNKNOWN, _due(now))
    return load(connection, list(connection.execute(query.order_by(letter.c.next_at).limit(100)).scalars()))


def resend(connection: Connection, letter_id: int, now: datetime) -> None:
    """No proof was found: the same bytes go to the same address once more."""
    values = {"state": LetterState.PENDING, "resends": letter.c.resends + 1, "next_at": micros(now)}
    connection.execute(sa.update(letter).where(letter.c.id == letter_id).values(**values))
