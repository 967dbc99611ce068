"""What is held, as ops hear of it: the devices of one thread for one reason, and mails held whole."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from daemon.edge import inbox
from daemon.edge.database import chunks, eui_to_int, int_to_eui, micros, moment
from daemon.edge.tables import (
    ITEM_HELD,
    ITEM_OPEN,
    ITEM_UNTOLD,
    MAIL_HELD,
    MAIL_UNTOLD,
    frozen,
    item,
    letter,
    mail,
    thread,
)
from daemon.edge.threads.still_open import urgent_cases
from daemon.edge.threads.thread_rows import due_date
from daemon.rules.decision import Folder, folder_path
from daemon.rules.gate import Waiver
from daemon.rules.identifiers import DeviceId
from daemon.rules.overdue import BREACH, Band, Hold
from daemon.rules.reasons import Reason
from daemon.rules.thread import Outcome
from daemon.rules.workdays import local_day

_BELOW_BREACH = tuple(range(BREACH))
"""The days last reminded of that a breach alarm may follow; spelled out, so that the index leads to them."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Held devices and mails held whole: all, those ops were not told of, those past their due date."""

    held: int
    untold: int
    breached: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the last letter of a case did not go: failed conditions as (name, evidence), and the relay's words."""

    failed: tuple[tuple[str, str], ...]
    reply: str


# Looking ────────────────────────────────────────────────────────────────────────────────────────────


def oldest_untold(connection: Connection) -> datetime | None:
    """Since when the longest-held of what ops were not told of is held; None: they were told of all."""
    items = sa.select(sa.func.min(item.c.held_at)).where(ITEM_UNTOLD)
    mails = sa.select(sa.func.min(mail.c.settled_at)).where(MAIL_UNTOLD)
    moments = [connection.execute(query).scalar() for query in (items, mails)]
    return min((moment(value) for value in moments if value is not None), default=None)


def untold(connection: Connection) -> list[Hold]:
    """All that ops were not told of."""
    return [*_item_holds(connection, ITEM_UNTOLD), *_mail_holds(connection, MAIL_UNTOLD)]


def set_aside(connection: Connection) -> list[Hold]:
    """Mails that were set aside unread, and that ops were not told of."""
    return _mail_holds(connection, sa.and_(MAIL_UNTOLD, mail.c.reason == Reason.POISON))


def due(connection: Connection, bands: Iterable[Band], today: date) -> list[Hold]:
    """Holds that ops were told of and that may be due for a reminder, or whose due date has passed unsaid.

    Of a million held devices only those are read; of mails held whole, which are few, all that are not overdue.
    """
    places = [sa.and_(item.c.reminded_day.in_(_BELOW_BREACH), item.c.due_end < today)]
    for band in bands:
        days = range(band.reminded_from, band.reminded_below)
        awake = sa.or_(item.c.wait_until.is_(None), item.c.wait_until <= today)
        places.append(sa.and_(item.c.reminded_day.in_(days), item.c.due_start <= band.started_by, awake))
    told = (sa.and_(ITEM_HELD, item.c.told_ops_at.is_not(None), where) for where in places)
    waiting = sa.and_(MAIL_HELD, mail.c.told_ops_at.is_not(None), mail.c.reminded_day.in_(_BELOW_BREACH))
    return [*_item_holds(connection, *told), *_mail_holds(connection, waiting)]


def most_urgent(connection: Connection, limit: int) -> list[Hold]:
    """The holds that fall due first, told or not, those of at most `limit` threads and `limit` mails."""
    items = [
        hold
        for some in chunks(urgent_cases(connection, ITEM_HELD, limit))
        for hold in _item_holds(connection, sa.and_(ITEM_HELD, item.c.case_id.in_(some)))
    ]
    mails = _mail_holds(connection, MAIL_HELD, limit=limit)
    return sorted([*items, *mails], key=lambda hold: (hold.due, hold.arrived, hold.key))[:limit]


def of_case(connection: Connection, case_id: str) -> list[Hold]:
    """What is held in one thread."""
    return _item_holds(connection, sa.and_(ITEM_HELD, item.c.case_id == case_id))


def of_mail(connection: Connection, mail_id: int) -> Hold | None:
    """A mail held whole; None: it is not, or not any more."""
    return next(iter(_mail_holds(connection, sa.and_(MAIL_HELD, mail.c.id == mail_id))), None)


def of_device(connection: Connection, device: DeviceId) -> list[str]:
    """The case ids of the threads in which this device is open."""
    query = sa.select(item.c.case_id).where(item.c.device_id == eui_to_int(device), ITEM_OPEN).order_by(item.c.id)
    return list(connection.execute(query).scalars())


def counts(connection: Connection, today: date) -> Counts:
    """How much is held in all."""
    items, mails = sa.select(sa.func.count()).select_from(item), sa.select(sa.func.count()).select_from(mail)

    def count(of_items: sa.ColumnElement[bool], of_mails: sa.ColumnElement[bool]) -> int:
        return sum(
            int(connection.execute(query).scalar_one()) for query in (items.where(of_items), mails.where(of_mails))
        )

    return Counts(
        held=count(ITEM_HELD, MAIL_HELD),
        untold=count(ITEM_UNTOLD, MAIL_UNTOLD),
        breached=count(sa.and_(ITEM_HELD, item.c.due_end < today), sa.and_(MAIL_HELD, mail.c.held_due < today)),
    )


_SHARED = (
    item.c.case_id, item.c.party, item.c.reason, item.c.outcome, item.c.due_start, item.c.due_days, item.c.due_end,
    item.c.due_skipped, item.c.due_nation, item.c.held_at, item.c.reminded_day, item.c.told_ops_at, item.c.wait_until,
    thread.c.reference, thread.c.asked_by, thread.c.subject, thread.c.received_at, thread.c.mail_id,
)  # fmt: skip
"""What all devices of one hold have in common."""


def _item_holds(connection: Connection, *places: sa.ColumnElement[bool]) -> list[Hold]:
    """The holds of all devices that stand in any of `places`, each once.

    One query a place: an OR over them makes PostgreSQL read every held device.
    """
    query = sa.select(item.c.id, item.c.device_id, *_SHARED).join(thread, thread.c.case_id == item.c.case_id)
    # Sorted here: asked for an order, SQLite prefers a walk over the whole table to the index that finds the few.
    rows = {row[0]: row for where in places for row in connection.execute(query.where(where)).all()}
    groups: dict[Any, list[int]] = {}
    for row in sorted(rows.values(), key=itemgetter(0)):
        groups.setdefault(row[2:], []).append(row[1])
    return [_item_hold(shared, devices) for shared, devices in groups.items()]


def _item_hold(shared: Any, devices: Sequence[int]) -> Hold:
    """Taken apart by place: a look at a column by its name costs a hundred times as much."""
    (case_id, party, reason, outcome, start, days, due, skipped, nation, held_at, reminded_day, told_ops_at, wait_until,
     reference, asked_by, subject, received_at, mail_id) = shared  # fmt: skip
    return Hold(
        mail_id=mail_id,
        case_id=case_id,
        party=party,
        reason=Reason(reason),
        sender=asked_by,
        subject=subject,
        arrived=moment(received_at),
        held_at=moment(held_at),
        start=start,
        due=due,
        due_sum=_due_sum(start, days, due, skipped, nation),
        outcome=None if outcome is None else Outcome(outcome),
        reference=reference,
        devices=tuple(map(int_to_eui, devices)),
        told_ops_at=None if told_ops_at is None else moment(told_ops_at),
        reminded_day=reminded_day,
        wait_until=wait_until,
    )


@lru_cache(maxsize=256)
def _due_sum(start: date, days: int, end: date, skipped: str, nation: str) -> str:
    """The sum in words: thousands of devices share one."""
    return due_date(start, days, end, skipped, nation).explain()


def _mail_holds(connection: Connection, where: sa.ColumnElement[bool], limit: int | None = None) -> list[Hold]:
    # Never the content, which may be 25 MiB.
    columns = (
        mail.c.id, mail.c.party, mail.c.reason, mail.c.sender, mail.c.subject, mail.c.arrived, mail.c.settled_at,
        mail.c.held_due, mail.c.held_due_sum, mail.c.told_ops_at, mail.c.reminded_day, mail.c.wait_until,
    )  # fmt: skip
    query = sa.select(*columns).where(where).order_by(mail.c.held_due, mail.c.id).limit(limit)
    return [_mail_hold(row) for row in connection.execute(query).mappings()]


def _mail_hold(row: RowMapping) -> Hold:
    arrived = moment(row["arrived"])
    return Hold(
        mail_id=row["id"],
        case_id="",
        party=row["party"] or "",
        reason=Reason(row["reason"]),
        sender=row["sender"] or "",
        subject=row["subject"] or "",
        arrived=arrived,
        held_at=moment(row["settled_at"]),
        start=local_day(arrived),
        due=row["held_due"],
        due_sum=row["held_due_sum"] or "",
        told_ops_at=None if row["told_ops_at"] is None else moment(row["told_ops_at"]),
        reminded_day=row["reminded_day"],
        wait_until=row["wait_until"],
    )


def last_refusal(connection: Connection, case_id: str) -> Refusal | None:
    """What stood in the way of the last letter of a case that did not go; None: none was refused."""
    ended = letter.c.state.in_(("rejected", "held", "cancelled"))
    query = sa.select(frozen.c.verdict, letter.c.reply).select_from(letter.outerjoin(frozen))
    query = query.where(letter.c.case_id == case_id, ended)
    row = connection.execute(query.order_by(letter.c.id.desc()).limit(1)).first()
    if row is None:
        return None
    failed = [condition for condition in json.loads(row.verdict or "[]") if not condition["holds"]]
    return Refusal(tuple((condition["gate"], condition["evidence"]) for condition in failed), row.reply or "")


# Writing down ───────────────────────────────────────────────────────────────────────────────────────


def told(connection: Connection, hold: Hold, now: datetime, day: int) -> None:
    """Ops have been told of this hold, on working day `day` of its clock, as far as reminders go."""
    _update(connection, hold, told_ops_at=micros(now), reminded_day=day)


def reminded(connection: Connection, hold: Hold, day: int) -> None:
    """Ops have been reminded of this hold on that working day, or alarmed (BREACH)."""
    _update(connection, hold, reminded_day=day)


def approve_whole(connection: Connection, mail_id: int, waiver: Waiver) -> None:
    """A mail held whole is read and decided anew, with what our team waived; its first arrival is kept."""
    approval = inbox.WAIVER.dump_json(waiver).decode()
    values = {"state": inbox.KEPT, "crashes": 0, "fate": None, "ordered": True, "waiver": approval, "wait_until": None}
    connection.execute(sa.update(mail).where(mail.c.id == mail_id, MAIL_HELD).values(**values))


def close_whole(connection: Connection, mail_id: int, now: datetime) -> bool:
    """A mail held whole is closed by our team; whether it was held."""
    done = {"fate": "decided", "reason": Reason.CLOSED_BY_OPS, "settled_at": micros(now), "filed": False}
    answers = folder_path(Folder.ANSWERS)  # what holds codes stays where such mail is kept
    folder = sa.case(
        (mail.c.wanted_folder == answers, answers), (mail.c.wanted_folder.is_not(None), folder_path(Folder.DONE))
    )
    filed = {"wanted_folder": folder}
    statement = sa.update(mail).where(mail.c.id == mail_id, MAIL_HELD).values(**done, **filed)
    return connection.execute(statement).rowcount == 1


def wait(connection: Connection, hold: Hold, until: date) -> None:
    """No reminder of this hold before that day; the alarm past its due date comes all the same."""
    _update(connection, hold, wait_until=until)


def _update(connection: Connection, hold: Hold, **values: Any) -> None:
    if not hold.case_id:
        connection.execute(sa.update(mail).where(mail.c.id == hold.mail_id, MAIL_HELD).values(**values))
        return
    for some in chunks([eui_to_int(device) for device in hold.devices]):
        where = (item.c.case_id == hold.case_id, item.c.device_id.in_(some), ITEM_HELD)
        connection.execute(sa.update(item).where(*where).values(**values))
