"""Which way the database goes: a query that every mail asks may not walk over a whole table."""

import re
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy import Connection, event

from daemon.edge.database import Database

_SCAN = re.compile(r"SCAN (mail|place|thread|item|letter|release|signature)(?! USING)")
_SEQ = re.compile(r"Seq Scan on (mail|place|thread|item|letter|release|signature)\b")


def walks(database: Database, look: Callable[[Connection], object]) -> list[str]:
    """The statements of `look` that no index serves, with their plans."""
    found = []
    with database.read() as connection:
        statements: list[tuple[str, object]] = []

        def note(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
            statements.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", note)
        look(connection)
        event.remove(connection, "before_cursor_execute", note)
        sqlite = connection.dialect.name == "sqlite"
        if not sqlite:
            # On small tables a walk is quickest; made dear, it is taken only where nothing else can be.
            connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        for statement, parameters in statements:
            explain = f"EXPLAIN {'QUERY PLAN ' if sqlite else ''}{statement}"
            plan = [str(row[-1]) for row in connection.exec_driver_sql(explain, parameters)]  # type: ignore[arg-type]
            if any((_SCAN if sqlite else _SEQ).search(line) for line in plan):
                found.append("\n".join([statement, *plan]))
    assert statements
    return found
