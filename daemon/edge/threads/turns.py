"""Whose turn it is under the cap: what waits, party by party, in order of arrival."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import int_to_eui
from daemon.edge.tables import (
    ITEM_PENDING,
    item,
)
from daemon.rules.identifiers import DeviceId


@dataclass(frozen=True, slots=True)
class Queue:
    """The items of one party that wait for their turn under the cap, and the day the first of them falls due."""

    party: str
    waiting: int
    earliest_due: date


def queues(connection: Connection) -> list[Queue]:
    """Every party whose items wait for their turn, the one that waits longest first."""
    first, due = sa.func.min(item.c.asked_at), sa.func.min(item.c.due_end)
    query = sa.select(item.c.party, sa.func.count().label("waiting"), due.label("due")).where(ITEM_PENDING)
    rows = connection.execute(query.group_by(item.c.party).order_by(first, item.c.party))
    return [Queue(row.party, row.waiting, row.due) for row in rows]


def queue_head(connection: Connection, party: str, limit: int) -> dict[str, list[DeviceId]]:
    """The first `limit` waiting devices of `party` in order of arrival, by case id."""
    return _by_case(connection, sa.and_(ITEM_PENDING, item.c.party == party), limit)


def queue_due(connection: Connection, party: str, day: date) -> dict[str, list[DeviceId]]:
    """The waiting devices of `party` that fall due on `day` or did before, by case id."""
    return _by_case(connection, sa.and_(ITEM_PENDING, item.c.party == party, item.c.due_end <= day), None)


def _by_case(connection: Connection, where: sa.ColumnElement[bool], limit: int | None) -> dict[str, list[DeviceId]]:
    query = sa.select(item.c.case_id, item.c.device_id).where(where).order_by(item.c.asked_at, item.c.id).limit(limit)
    found: dict[str, list[DeviceId]] = {}
    for row in connection.execute(query):
        found.setdefault(row.case_id, []).append(int_to_eui(row.device_id))
    return found
