"""Standing orders of our team, as kept; what they mean is `rules.team.standing`."""

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import insert, micros, moment
from daemon.edge.tables import standing_order
from daemon.rules.team.standing import StandingKind, StandingOrder


def load(connection: Connection) -> tuple[StandingOrder, ...]:
    """All of them, those whose last day is over included, oldest first."""
    rows = connection.execute(sa.select(standing_order).order_by(standing_order.c.at)).mappings()
    return tuple(
        StandingOrder(
            kind=StandingKind(row["kind"]),
            subject=row["subject"],
            first=row["first"],
            last=row["last"],
            words=row["words"],
            member=row["member"],
            at=moment(row["at"]),
        )
        for row in rows
    )


def put(connection: Connection, order: StandingOrder) -> None:
    """Keep it; one of the same kind and subject is replaced."""
    values = {
        "first": order.first,
        "last": order.last,
        "words": order.words,
        "member": order.member,
        "at": micros(order.at),
    }
    statement = insert(connection, standing_order).values(kind=order.kind, subject=order.subject, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["kind", "subject"], set_=values))


def drop(connection: Connection, kind: StandingKind, subject: str) -> bool:
    """Take it back; whether there was one."""
    where = (standing_order.c.kind == kind, standing_order.c.subject == subject)
    return connection.execute(sa.delete(standing_order).where(*where)).rowcount > 0
