"""What the tables are made of: their kinds of columns, and indexes that hold only the rows that are due."""

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.BigInteger
Day = sa.Date


def row_id() -> sa.Column[int]:
    """A number of its own for each row."""
    return sa.Column("id", Id, primary_key=True, autoincrement=True)


def is_one_of(column: sa.Column[str], *words: str) -> sa.ColumnElement[bool]:
    """`column` is one of `words`, written as literals and never bound."""
    literals = [sa.literal_column(f"'{word}'", column.type) for word in words]
    return column == literals[0] if len(literals) == 1 else column.in_(literals)


def partial_index(name: str, *columns: sa.Column[Any], where: sa.ColumnElement[bool]) -> None:
    """An index of the rows for which `where` holds."""
    sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)
