"""Sums for our team: how it stands now, and what was done since a day. Reads only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import chunks, int_to_eui, micros, moment
from daemon.edge.outbox import PLAN, LetterState
from daemon.edge.tables import ITEM_OPEN, THREAD_OPEN, audit, inquiry, item, letter, mail, release, tally, thread, want
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import LetterKind, LetterPlan


@dataclass(frozen=True, slots=True)
class Oldest:
    """The open request that came first."""

    reference: str
    party: str
    received_at: datetime


# Now ────────────────────────────────────────────────────────────────────────────────────────────────


def oldest_open(connection: Connection) -> Oldest | None:
    """The longest-waiting request; None: nothing is open."""
    columns = (thread.c.reference, thread.c.party, thread.c.received_at)
    query = sa.select(*columns).where(THREAD_OPEN).order_by(thread.c.received_at, thread.c.reference).limit(1)
    row = connection.execute(query).first()
    return None if row is None else Oldest(row.reference, row.party, moment(row.received_at))


def open_between(connection: Connection, first: date, last: date) -> int:
    """Open devices that fall due on these days, both counted."""
    query = sa.select(sa.func.count()).select_from(item).where(ITEM_OPEN, item.c.due_end >= first)
    return int(connection.execute(query.where(item.c.due_end <= last)).scalar_one())


def last_settled(connection: Connection) -> datetime | None:
    """When the latest mail that is settled was settled."""
    query = sa.select(mail.c.settled_at).where(mail.c.settled_at.is_not(None)).order_by(mail.c.id.desc()).limit(1)
    value = connection.execute(query).scalar()
    return None if value is None else moment(value)


def last_sent(connection: Connection) -> datetime | None:
    """When the relay took the latest letter that it took."""
    query = sa.select(letter.c.finished_at).where(letter.c.state == LetterState.ACCEPTED)
    value = connection.execute(query.order_by(letter.c.id.desc()).limit(1)).scalar()
    return None if value is None else moment(value)


# Since a day ────────────────────────────────────────────────────────────────────────────────────────


def mails_since(connection: Connection, day: date) -> dict[str, int]:
    """Settled mails by reason, from that London day on."""
    query = sa.select(tally.c.reason, sa.func.sum(tally.c.mails).label("mails")).where(tally.c.day >= day)
    return {row.reason: int(row.mails) for row in connection.execute(query.group_by(tally.c.reason))}


def asked_since(connection: Connection, since: datetime) -> tuple[int, int]:
    """Requests that came since, and the devices in them."""
    devices = sa.select(sa.func.count(sa.distinct(thread.c.case_id)), sa.func.count(item.c.id))
    query = devices.select_from(thread.join(item)).where(thread.c.received_at >= micros(since))
    requests, asked = connection.execute(query).one()
    return int(requests), int(asked)


def wanted_since(connection: Connection, since: datetime) -> int:
    """Devices whose codes our team ordered since."""
    query = sa.select(sa.func.count()).select_from(want).where(want.c.ordered_at >= micros(since))
    return int(connection.execute(query).scalar_one())


def inquiries_since(connection: Connection, since: datetime) -> tuple[int, int]:
    """Inquiries of ours that were begun since, and of how many suppliers."""
    query = sa.select(sa.func.count(), sa.func.count(inquiry.c.party.distinct()))
    inquiries, parties = connection.execute(query.where(inquiry.c.asked_at >= micros(since))).one()
    return int(inquiries), int(parties)


def answers_since(connection: Connection, since: datetime) -> list[tuple[LetterPlan, datetime]]:
    """The answers that the relay took since, each with the moment, in order."""
    query = sa.select(letter.c.plan, letter.c.finished_at).where(
        letter.c.kind == LetterKind.ANSWER,
        letter.c.state == LetterState.ACCEPTED,
        letter.c.finished_at >= micros(since),
    )
    rows = connection.execute(query.order_by(letter.c.id))
    return [(PLAN.validate_json(row.plan), moment(row.finished_at)) for row in rows]


def clocks(connection: Connection, case_ids: Iterable[str]) -> Mapping[tuple[str, DeviceId], tuple[date, date]]:
    """Of each device of these cases the day its clock began, and its due date."""
    found: dict[tuple[str, DeviceId], tuple[date, date]] = {}
    for some in chunks(list(dict.fromkeys(case_ids))):
        query = sa.select(item.c.case_id, item.c.device_id, item.c.due_start, item.c.due_end)
        for row in connection.execute(query.where(item.c.case_id.in_(some))):
            found[row.case_id, int_to_eui(row.device_id)] = (row.due_start, row.due_end)
    return found


def released_since(connection: Connection, day: date) -> dict[str, int]:
    """Codes that left us by supplier, from that London day on, most first."""
    number = sa.func.count().label("codes")
    query = (
        sa.select(letter.c.party, number)
        .join(release, release.c.letter_id == letter.c.id)
        .where(letter.c.codes_day >= day, release.c.state == "released")
    )
    rows = connection.execute(query.group_by(letter.c.party).order_by(number.desc(), letter.c.party))
    return {row.party: row.codes for row in rows}


def letters_since(connection: Connection, since: datetime) -> dict[tuple[bool, str], int]:
    """Letters written since: whether to a supplier, and their state."""
    outward = (letter.c.party != "").label("outward")
    query = sa.select(outward, letter.c.state, sa.func.count().label("letters"))
    rows = connection.execute(query.where(letter.c.written_at >= micros(since)).group_by(outward, letter.c.state))
    return {(bool(row.outward), row.state): row.letters for row in rows}


def ordered_since(connection: Connection, since: datetime) -> dict[str, int]:
    """What members of our team did since, by the audit trail's word for it."""
    by_member = audit.c.detail.contains('"member":', autoescape=True)
    query = sa.select(audit.c.what, sa.func.count().label("times")).where(audit.c.at >= micros(since), by_member)
    rows = connection.execute(query.group_by(audit.c.what).order_by(audit.c.what))
    return {row.what: row.times for row in rows}


def held_since(connection: Connection, since: datetime) -> int:
    """Devices that are held and were not before then."""
    query = sa.select(sa.func.count()).select_from(item).where(item.c.state == "held", item.c.held_at >= micros(since))
    return int(connection.execute(query).scalar_one())
