"""Letters to our own team that the relay would not take: they must reach the team by another way."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.outbox import PLAN
from daemon.edge.tables import LETTER_LOST, LETTER_WAITING, letter
from daemon.rules.letters import LetterPlan


@dataclass(frozen=True, slots=True)
class Undelivered:
    """One piece of news and those of its letters that did not go. `reached`: another member has it."""

    plan: LetterPlan
    letter_ids: tuple[int, ...]
    addresses: tuple[str, ...]
    reply: str
    """The relay's last words to one of them."""
    reached: bool


def find(connection: Connection, limit: int = 50) -> list[Undelivered]:
    """News of which a letter did not go and none still waits, oldest first."""
    waits = sa.select(letter.c.case_id).where(LETTER_WAITING)
    query = sa.select(letter).where(LETTER_LOST, letter.c.case_id.not_in(waits)).order_by(letter.c.id)
    groups: dict[tuple[str, str], list[sa.RowMapping]] = {}
    for row in connection.execute(query.limit(1000)).mappings():
        groups.setdefault((row["case_id"], row["kind"]), []).append(row)
    return [_one(connection, rows) for rows in list(groups.values())[:limit]]


def _one(connection: Connection, rows: Sequence[sa.RowMapping]) -> Undelivered:
    last = rows[-1]
    same = (letter.c.case_id == last["case_id"], letter.c.kind == last["kind"], letter.c.state == "accepted")
    accepted = connection.execute(sa.select(letter.c.id).where(*same).limit(1)).first()
    return Undelivered(
        plan=PLAN.validate_json(last["plan"]),
        letter_ids=tuple(row["id"] for row in rows),
        addresses=tuple(row["recipient"] for row in rows),
        reply=last["reply"] or "",
        reached=accepted is not None,
    )


def count(connection: Connection) -> int:
    """Letters to our team that did not go and were not brought to them otherwise."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(letter).where(LETTER_LOST)).scalar_one())


def settle(connection: Connection, ids: Sequence[int]) -> None:
    """The team has this news: another member has it, or it lies in the mailbox."""
    connection.execute(sa.update(letter).where(letter.c.id.in_(ids), LETTER_LOST).values(sent_filed=True))
