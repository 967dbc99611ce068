"""Letters that have not gone: since when they wait, and whether our team keeps them back."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import micros, moment
from daemon.edge.outbox import LetterState
from daemon.edge.tables import LETTER_WAITING, letter
from daemon.rules.letters import LetterKind
from daemon.rules.team.standing import CODES


def oldest_unsent(connection: Connection, paused: Collection[str] = ()) -> datetime | None:
    """When the longest-waiting letter was queued, among those that still have to go; `paused`: but those kept back by it."""
    query = sa.select(sa.func.min(letter.c.written_at)).where(LETTER_WAITING)
    value = connection.execute(query.where(sa.not_(_stopped(paused))) if paused else query).scalar()
    return None if value is None else moment(value)


def _stopped(paused: Collection[str]) -> sa.ColumnElement[bool]:
    """Letters that `Policy.paused` keeps back: to suppliers (and about them), and those with codes to anybody."""
    stopped: list[sa.ColumnElement[bool]] = [letter.c.party.in_([party for party in paused if party])]
    if "" in paused:
        stopped += [letter.c.party != "", letter.c.kind == LetterKind.HELPDESK]
    if {"", CODES} & set(paused):
        stopped += [letter.c.codes > 0, letter.c.kind == LetterKind.RESULT]
    return sa.or_(*stopped)


def oldest_untried(connection: Connection) -> datetime | None:
    """Since when the first of the letters that nobody has begun to send is due to be sent."""
    due = sa.func.min(letter.c.next_at)
    value = connection.execute(sa.select(due).where(LETTER_WAITING, letter.c.state == LetterState.PENDING)).scalar()
    return None if value is None else moment(value)


def due_at_once(connection: Connection, now: datetime) -> None:
    """Letters that had to wait, and not for a relay: the gate is asked anew now."""
    waits = (LETTER_WAITING, letter.c.state == LetterState.DEFERRED, letter.c.reply.is_(None))
    connection.execute(sa.update(letter).where(*waits).values(next_at=micros(now)))
