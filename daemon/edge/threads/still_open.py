"""What is open, counted and listed for people."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from daemon.edge.tables import (
    ITEM_OPEN,
    THREAD_OPEN,
    item,
    thread,
)
from daemon.rules.thread import State

_LOOKED_AT = 20_000
"""Open items that are looked at for the most urgent threads; one thread may have thousands."""


def counts(connection: Connection) -> dict[str, int]:
    """Items by state."""
    query = sa.select(item.c.state, sa.func.count().label("items")).group_by(item.c.state)
    return {row.state: row.items for row in connection.execute(query)}


def urgent_cases(connection: Connection, which: sa.ColumnElement[bool], limit: int) -> list[str]:
    """The case ids of the open items of `which` that fall due first."""
    query = sa.select(item.c.case_id).where(ITEM_OPEN, which).order_by(item.c.due_end).limit(_LOOKED_AT)
    return list(dict.fromkeys(connection.execute(query).scalars()))[:limit]


def open_summary(connection: Connection, limit: int = 200) -> list[RowMapping]:
    """Unsettled threads with their counts and earliest open due date, most urgent first."""

    def number(state: State) -> sa.Label[Any]:
        return sa.func.sum(sa.case((item.c.state == state, 1), else_=0)).label(state.value)

    due = sa.func.min(sa.case((ITEM_OPEN, item.c.due_end))).label("due")
    of_thread = (thread.c.reference, thread.c.party, thread.c.received_at)
    query = (
        sa.select(*of_thread, due, number(State.HELD), number(State.PENDING), number(State.ANSWERED))
        .join(item, item.c.case_id == thread.c.case_id)
        .where(thread.c.case_id.in_(urgent_cases(connection, sa.true(), limit)))
        .group_by(thread.c.case_id, *of_thread)
    )
    rows = connection.execute(query).mappings()
    return sorted(rows, key=lambda row: (row["due"], row["received_at"], row["reference"]))


def open_count(connection: Connection) -> int:
    """How many threads are not settled."""
    query = sa.select(sa.func.count()).select_from(thread).where(THREAD_OPEN)
    return int(connection.execute(query).scalar_one())
