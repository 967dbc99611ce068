"""Our letters that mail systems report of, and what was reported of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import insert, micros, moment
from daemon.edge.outbox import PLAN, LetterState
from daemon.edge.tables import BOUNCE_FAILED, bounce, letter
from daemon.mail.message import Delivery
from daemon.rules.asking.bounced import Heard, Sent, to_our_team, words
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import Answer, LetterPlan

_OVER = (LetterState.REJECTED, LetterState.HELD, LetterState.CANCELLED)


def find(connection: Connection, message_ids: Iterable[str]) -> list[Sent]:
    """The letters of ours that bear these very Message-IDs."""
    names = list(dict.fromkeys(name for name in message_ids if name))
    rows = connection.execute(sa.select(letter).where(letter.c.message_id.in_(names))).mappings()
    return [_sent(connection, row) for row in rows]


def _sent(connection: Connection, row: sa.RowMapping) -> Sent:
    query = sa.select(bounce.c.at, bounce.c.action, bounce.c.certain).where(bounce.c.letter_id == row["id"])
    known = connection.execute(query.order_by(bounce.c.at)).all()
    delays = [moment(one.at) for one in known if one.action == Delivery.DELAYED]
    return Sent(
        id=row["id"],
        plan=PLAN.validate_json(row["plan"]),
        written_at=moment(row["written_at"]),
        tried=row["attempts"] > 0,
        over=row["state"] in _OVER,
        unknown=row["state"] == LetterState.UNKNOWN,
        failed=any(one.action == Delivery.FAILED and one.certain for one in known),
        delayed_since=min(delays, default=None),
        reports=len(known),
    )


def note(connection: Connection, heard: Heard, mail_id: int, now: datetime) -> None:
    """Keep what the report `mail_id` says of a letter; the same report a second time changes nothing."""
    values = {
        "letter_id": heard.sent.id,
        "mail_id": mail_id,
        "at": micros(now),
        "recipient": heard.sent.plan.to,
        "action": heard.said.action,
        "status": heard.said.status,
        "certain": heard.certain,
        "words": words(heard.said),
    }
    connection.execute(insert(connection, bounce).values(**values).on_conflict_do_nothing())


def dead(connection: Connection, since: datetime) -> frozenset[str]:
    """Addresses from which a letter of ours came back for good since then: nothing that we ask goes there."""
    query = sa.select(bounce.c.recipient).where(BOUNCE_FAILED, bounce.c.at >= micros(since)).distinct()
    return frozenset(connection.execute(query).scalars())


# What becomes of the letter ─────────────────────────────────────────────────────────────────────────


def came_back(connection: Connection, one: Sent, reply: str, now: datetime) -> None:
    """It went, and did not arrive: from now on it counts as refused, and goes no second time.

    Its codes go on counting as released. One to our own team is lost, so that `undelivered` brings it by another way.
    """
    where = (letter.c.id == one.id, letter.c.state.not_in((*_OVER, LetterState.SENDING)))
    values: dict[str, Any] = {"state": LetterState.REJECTED, "stage": None, "reply": reply, "finished_at": micros(now)}
    if to_our_team(one.plan):
        values["sent_filed"] = False
    connection.execute(sa.update(letter).where(*where).values(**values))


def told_since(connection: Connection, one: Sent) -> frozenset[DeviceId]:
    """Devices of which a later letter of the same case tells, one that did not come back."""
    plans = _later(connection, one, letter.c.seq > one.plan.seq)
    return frozenset(row.device_id for plan in plans if isinstance(plan.content, Answer) for row in plan.content.rows)


def had(connection: Connection, one: Sent) -> frozenset[str]:
    """Addresses to which a letter of the same kind went in the same case, with this one or since."""
    plans = _later(connection, one, letter.c.written_at >= micros(one.written_at))
    return frozenset(plan.to for plan in plans)


def _later(connection: Connection, one: Sent, where: sa.ColumnElement[bool]) -> list[LetterPlan]:
    query = sa.select(letter.c.plan).where(
        letter.c.case_id == one.plan.case_id,
        letter.c.kind == one.plan.kind,
        letter.c.id != one.id,
        letter.c.state.not_in((*_OVER, LetterState.OBSERVED)),
        where,
    )
    return [PLAN.validate_json(plan) for plan in connection.execute(query).scalars()]
