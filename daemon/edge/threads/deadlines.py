"""Deadlines that a changed calendar moves. Items share sums, so a million of them move in as many statements as sums."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import chunks, moment
from daemon.edge.tables import ITEM_OPEN, MAIL_HELD, item, mail, thread
from daemon.edge.threads.thread_rows import due_columns, due_date
from daemon.rules.workdays import DueDate, local_day

_SUM = (item.c.due_start, item.c.due_days, item.c.due_end, item.c.due_skipped, item.c.due_nation)


@dataclass(frozen=True, slots=True)
class Affected:
    """The open devices of one thread that share a due date."""

    reference: str
    party: str
    devices: int
    due: DueDate


@dataclass(frozen=True, slots=True)
class HeldMail:
    """A mail held whole, and the two ends of its clock."""

    id: int
    party: str
    start: date
    end: date


def sums_over(connection: Connection, day: date) -> list[DueDate]:
    """Every different sum of an open item that counts over `day`."""
    rows = connection.execute(sa.select(*_SUM).where(_over(day)).distinct().order_by(item.c.due_end, item.c.due_start))
    return [due_date(*row) for row in rows]


def _over(day: date) -> sa.ColumnElement[bool]:
    return sa.and_(ITEM_OPEN, item.c.due_start < day, item.c.due_end >= day)


def affected(connection: Connection, day: date, limit: int) -> list[Affected]:
    """The threads whose open items count over `day`, the first due first, at most `limit`."""
    found = sa.select(thread.c.reference, item.c.party, sa.func.count().label("devices"), *_SUM)
    query = (
        found.join(thread, thread.c.case_id == item.c.case_id)
        .where(_over(day))
        .group_by(thread.c.reference, item.c.party, *_SUM)
        .order_by(item.c.due_end, thread.c.reference)
        .limit(limit)
    )
    return [Affected(row[0], row[1], row[2], due_date(*row[3:])) for row in connection.execute(query)]


def threads_with(connection: Connection, due: DueDate) -> int:
    """How many threads have an open item that was counted so."""
    query = sa.select(sa.func.count(item.c.case_id.distinct())).where(ITEM_OPEN, *_counted_as(due))
    return int(connection.execute(query).scalar_one())


def move(connection: Connection, old: DueDate, new: DueDate) -> int:
    """Every open item that was counted as `old` is counted as `new`; how many. Promises stay promises."""
    where = (ITEM_OPEN, *_counted_as(old))
    return connection.execute(sa.update(item).where(*where).values(**due_columns(new))).rowcount


def _counted_as(due: DueDate) -> list[sa.ColumnElement[bool]]:
    columns = due_columns(due)
    return [column == columns[column.name] for column in _SUM]


# Mails held whole ───────────────────────────────────────────────────────────────────────────────────


def held_mails_over(connection: Connection, day: date) -> list[HeldMail]:
    """Those whose clock counts over `day`, the first due first."""
    query = sa.select(mail.c.id, mail.c.party, mail.c.arrived, mail.c.held_due).where(MAIL_HELD, mail.c.held_due >= day)
    rows = connection.execute(query.order_by(mail.c.held_due, mail.c.id))
    found = (HeldMail(row.id, row.party or "", local_day(moment(row.arrived)), row.held_due) for row in rows)
    return [one for one in found if one.start < day]


def move_mails(connection: Connection, ids: Iterable[int], new: DueDate) -> None:
    """These mails are due by `new`."""
    values = {"held_due": new.end, "held_due_sum": new.explain()}
    wanted: Sequence[int] = list(ids)
    for some in chunks(wanted):
        connection.execute(sa.update(mail).where(mail.c.id.in_(some), MAIL_HELD).values(**values))
