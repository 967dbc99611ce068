"""Small facts about ourselves that outlive a restart: when we first started, the last full round."""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import micros
from daemon.edge.tables import fact

_GET = sa.select(fact.c.value).where(fact.c.name == sa.bindparam("of_name"))


def get(connection: Connection, name: str) -> Any | None:
    """The JSON value of `name`, or None."""
    value = connection.execute(_GET, {"of_name": name}).scalar()
    return None if value is None else json.loads(value)


_SET = (
    sa.update(fact)
    .where(fact.c.name == sa.bindparam("of_name"))
    .values(value=sa.bindparam("value"), at=sa.bindparam("at"))
)
_ADD = sa.insert(fact)


def put(connection: Connection, name: str, value: Any, now: datetime) -> None:
    """Set `name` to a JSON value."""
    values = {"value": json.dumps(value), "at": micros(now)}
    if connection.execute(_SET, {"of_name": name, **values}).rowcount == 0:
        connection.execute(_ADD, {"name": name, **values})
