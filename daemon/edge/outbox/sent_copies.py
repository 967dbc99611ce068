"""Which accepted letters still want their copy in Sent, and whether it may wait."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import micros
from daemon.edge.outbox import Queued, load
from daemon.edge.tables import LETTER_UNFILED, LETTER_WAITING, letter


def to_file_in_sent(
    connection: Connection, limit: int, went_by: datetime | None = None, *, bare: bool = False
) -> list[Queued]:
    """Accepted letters that have no copy in Sent yet; `bare`: without their bytes, where masked copies are made.

    `went_by`: those alone that were accepted by then.
    """
    query = sa.select(letter.c.id).where(LETTER_UNFILED)
    if went_by is not None:
        query = query.where(letter.c.finished_at <= micros(went_by))
    return load(connection, list(connection.execute(query.order_by(letter.c.id).limit(limit)).scalars()), bare=bare)


def copies_may_wait(connection: Connection, now: datetime, longest: timedelta) -> bool:
    """Whether letters are to go this moment, and the first copy for Sent that is to be made is not `longest` behind its letter."""
    due = sa.select(letter.c.id).where(LETTER_WAITING, letter.c.next_at <= micros(now)).limit(1)
    # The first alone: the others may be thousands, and this is asked after every batch.
    first = sa.select(letter.c.finished_at).where(LETTER_UNFILED).order_by(letter.c.id).limit(1)
    went = connection.execute(first).scalar()
    return connection.execute(due).first() is not None and (went is None or went > micros(now - longest))


def newest(connection: Connection) -> int:
    """The id of the letter that was queued last; 0: there is none."""
    return connection.execute(sa.select(sa.func.max(letter.c.id))).scalar() or 0


def sent_filed(connection: Connection, ids: Sequence[int]) -> None:
    """These have their copy in Sent."""
    connection.execute(sa.update(letter).where(letter.c.id.in_(ids)).values(sent_filed=True))
