"""Threads and their items, and what our records say of devices that are asked for again."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from daemon.edge.database import among, chunks, eui_to_int, insert_in, int_to_eui, micros, moment, run_for_each
from daemon.edge.tables import (
    ITEM_OPEN,
    ITEM_PENDING,
    LETTER_NEVER_SENT,
    THREAD_OPEN,
    item,
    letter,
    mail,
    release,
    thread,
)
from daemon.rules.facts import Rates, Release
from daemon.rules.identifiers import DeviceId
from daemon.rules.policy import Nation
from daemon.rules.reasons import Reason
from daemon.rules.thread import Item, MailThread, Outcome, State
from daemon.rules.workdays import DueDate, local_day

_LOOKED_AT = 20_000
"""Open items that are looked at for the most urgent threads; one thread may have thousands."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The items of one party that wait for their turn under the cap, and the day the first of them falls due."""

    party: str
    waiting: int
    earliest_due: date


def save(connection: Connection, changed: Iterable[MailThread]) -> None:
    """Write threads whole: new ones and changed ones alike."""
    whole = list(changed)
    run_for_each(connection, _saving(connection.dialect.name), [_thread_row(one) for one in whole])
    for some in chunks([(one, i) for one in whole for i in one.items]):
        run_for_each(connection, _saving_items(connection.dialect.name), [_item_row(one, i) for one, i in some])


@cache
def _saving(dialect: str) -> Any:
    statement = insert_in(dialect, thread)
    changes = {column.name: statement.excluded[column.name] for column in thread.c if column.name != "case_id"}
    return statement.on_conflict_do_update(index_elements=["case_id"], set_=changes)


@cache
def _saving_items(dialect: str) -> Any:
    statement = insert_in(dialect, item)
    kept = {"id", "case_id", "device_id", "party"}
    changes = {column.name: statement.excluded[column.name] for column in item.c if column.name not in kept}
    # What a member said of reminders holds as long as the hold that it was said of.
    changes["wait_until"] = sa.case((item.c.held_at == statement.excluded.held_at, item.c.wait_until))
    return statement.on_conflict_do_update(index_elements=["case_id", "device_id"], set_=changes)


def _thread_row(one: MailThread) -> dict[str, Any]:
    return {
        "case_id": one.case_id,
        "reference": one.reference,
        "party": one.party,
        "reply_to": one.reply_to,
        "asked_by": one.asked_by,
        "subject": one.subject,
        "root_message_id": one.root_message_id,
        "message_refs": " ".join(one.references),
        "their_reference": one.their_reference,
        "received_at": micros(one.received_at),
        "mail_id": one.mail_id,
        "letters_queued": one.letters_queued,
        "settled": one.settled,
    }


def _item_row(one: MailThread, i: Item) -> dict[str, Any]:
    return {
        "case_id": one.case_id,
        "party": one.party,
        "device_id": eui_to_int(i.device_id),
        "state": i.state,
        "outcome": i.outcome,
        "reason": i.reason,
        "note": i.note,
        "asked_at": micros(i.asked_at),
        **due_columns(i.due),
        "promised_for": i.promised_for,
        "held_at": None if i.held_at is None else micros(i.held_at),
        "told_ops_at": None if i.told_ops_at is None else micros(i.told_ops_at),
        "reminded_day": i.reminded_day,
    }


@lru_cache(maxsize=256)
def due_columns(due: DueDate) -> Mapping[str, Any]:
    """The five columns of an item that spell its due date; thousands of items share one."""
    return {
        "due_start": due.start,
        "due_days": due.working_days,
        "due_end": due.end,
        "due_skipped": json.dumps([[day.isoformat(), name] for day, name in due.skipped]),
        "due_nation": due.nation,
    }


_THREADS = sa.select(thread).where(thread.c.case_id.in_(among("cases")))
_ITEMS = sa.select(item).where(item.c.case_id.in_(among("cases"))).order_by(item.c.case_id, item.c.id)


def load(connection: Connection, case_ids: Sequence[str]) -> dict[str, MailThread]:
    """Threads by case id; those that do not exist are left out."""
    found: dict[str, MailThread] = {}
    for some in chunks(list(case_ids)):
        rows = connection.execute(_THREADS, {"cases": some}).mappings().all()
        items = _items(connection, [row["case_id"] for row in rows]) if rows else {}
        found |= {row["case_id"]: _thread(row, items.get(row["case_id"], ())) for row in rows}
    return found


def _items(connection: Connection, case_ids: Sequence[str]) -> dict[str, tuple[Item, ...]]:
    by_case: dict[str, list[Item]] = {}
    for row in connection.execute(_ITEMS, {"cases": case_ids}).mappings():
        by_case.setdefault(row["case_id"], []).append(_item(row))
    return {case: tuple(items) for case, items in by_case.items()}


def _thread(row: RowMapping, items: tuple[Item, ...]) -> MailThread:
    return MailThread(
        case_id=row["case_id"],
        reference=row["reference"],
        party=row["party"],
        reply_to=row["reply_to"],
        asked_by=row["asked_by"],
        subject=row["subject"],
        root_message_id=row["root_message_id"],
        references=tuple(row["message_refs"].split()),
        received_at=moment(row["received_at"]),
        mail_id=row["mail_id"],
        items=items,
        letters_queued=row["letters_queued"],
        their_reference=row["their_reference"],
    )


@lru_cache(maxsize=256)
def due_date(start: date, days: int, end: date, skipped: str, nation: str) -> DueDate:
    """The due date that the five columns of an item spell; thousands of items share one."""
    over = tuple((date.fromisoformat(day), name) for day, name in json.loads(skipped))
    return DueDate(start, days, end, over, Nation(nation))


def _item(row: RowMapping) -> Item:
    return Item(
        device_id=int_to_eui(row["device_id"]),
        due=due_date(row["due_start"], row["due_days"], row["due_end"], row["due_skipped"], row["due_nation"]),
        asked_at=moment(row["asked_at"]),
        state=State(row["state"]),
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        reason=None if row["reason"] is None else Reason(row["reason"]),
        note=row["note"],
        promised_for=row["promised_for"],
        held_at=None if row["held_at"] is None else moment(row["held_at"]),
        told_ops_at=None if row["told_ops_at"] is None else moment(row["told_ops_at"]),
        reminded_day=row["reminded_day"],
    )


_FIRST_MAIL = sa.select(thread.c.case_id, thread.c.mail_id).where(thread.c.case_id.in_(among("cases")))
_TAKEN_BACK = sa.select(item.c.case_id, item.c.device_id).where(
    item.c.case_id.in_(among("cases")), item.c.state.in_((State.WITHDRAWN, State.CLOSED))
)


def first_mails(connection: Connection, case_ids: Sequence[str]) -> dict[str, int]:
    """The mail that began each of these threads, by case id."""
    found: dict[str, int] = {}
    for some in chunks(list(case_ids)):
        found |= {row.case_id: row.mail_id for row in connection.execute(_FIRST_MAIL, {"cases": some})}
    return found


def taken_back(connection: Connection, case_ids: Sequence[str]) -> dict[str, frozenset[DeviceId]]:
    """The devices that their asker withdrew or our team closed, by case id: no more is read of these threads."""
    found: dict[str, set[DeviceId]] = {}
    for some in chunks(list(case_ids)):
        for row in connection.execute(_TAKEN_BACK, {"cases": some}):
            found.setdefault(row.case_id, set()).add(int_to_eui(row.device_id))
    return {case: frozenset(devices) for case, devices in found.items()}


_WITH_ITEMS = (
    sa.select(item.c.case_id)
    .where(item.c.case_id.in_(among("cases")), item.c.state == sa.bindparam("in_state"))
    .distinct()
)
_HELD_FOR = _WITH_ITEMS.where(item.c.reason == sa.bindparam("for_reason"))


def cases_with(
    connection: Connection, case_ids: Sequence[str], state: State, reason: Reason | None = None
) -> list[str]:
    """Those of these threads that have an item in this state, and for this reason where one is given."""
    query, of = (_WITH_ITEMS, {}) if reason is None else (_HELD_FOR, {"for_reason": reason})
    found: list[str] = []
    for some in chunks(list(case_ids)):
        found += connection.execute(query, {"cases": some, "in_state": state, **of}).scalars()
    return found


# Finding ────────────────────────────────────────────────────────────────────────────────────────────


# Asked apart: an OR over the three makes PostgreSQL read the whole table of threads.
_CASES_OF = sa.union(
    sa.select(letter.c.case_id).where(letter.c.message_id.in_(among("ids"))),
    sa.select(mail.c.case_id).where(mail.c.message_id.in_(among("ids")), mail.c.case_id.is_not(None)),
    sa.select(thread.c.case_id).where(thread.c.reference.in_(among("references"))),
)


def find_home(
    connection: Connection, party: str, message_ids: Sequence[str], references: Sequence[str]
) -> MailThread | None:
    """The thread of `party` that a mail belongs to: by our letters' or its mails' Message-IDs, or by reference."""
    if not (message_ids or references):
        return None
    named = {"ids": list(message_ids)[:50], "references": list(references)[:50]}
    cases = set(connection.execute(_CASES_OF, named).scalars())
    if not cases:
        return None
    query = sa.select(thread.c.case_id).where(thread.c.case_id.in_(cases), thread.c.party == party)
    case = connection.execute(query.order_by(thread.c.received_at.desc(), thread.c.case_id).limit(1)).scalar()
    return None if case is None else load(connection, [case])[case]


_ALREADY_ASKED = (
    sa.select(letter.c.case_id)
    .join(item, sa.and_(item.c.case_id == letter.c.case_id, item.c.device_id == sa.bindparam("of_device")))
    .where(letter.c.party == sa.bindparam("of_party"), letter.c.written_at >= sa.bindparam("since"))
    .order_by(letter.c.written_at.desc(), letter.c.id.desc())
    .limit(1)
)
_NOTHING_FOUND = (
    sa.select(letter.c.case_id)
    .join(thread, thread.c.case_id == letter.c.case_id)
    .where(
        letter.c.party == sa.bindparam("of_party"),
        letter.c.written_at >= sa.bindparam("since"),
        thread.c.asked_by == sa.bindparam("of_asker"),
        ~sa.exists().where(item.c.case_id == letter.c.case_id),
    )
    .order_by(letter.c.written_at.desc(), letter.c.id.desc())
    .limit(1)
)


def lately_answered(
    connection: Connection, party: str, asker: str, devices: Sequence[DeviceId], since: datetime
) -> MailThread | None:
    """The thread of `party` about all of `devices` in which a letter of ours went since then, the newest.

    Without devices: one of `asker`'s own in which none was found, and so they were asked for them. What a colleague
    asked for in words is another matter.
    """
    query = _ALREADY_ASKED if devices else _NOTHING_FOUND
    of = {"of_device": eui_to_int(devices[0])} if devices else {"of_asker": asker}
    case = connection.execute(query, {"of_party": party, "since": micros(since), **of}).scalar()
    found = load(connection, [case]).get(case) if case else None
    return found if found is not None and set(devices) <= found.by_device().keys() else None


_OWNER = sa.select(thread.c.case_id).where(thread.c.reference == sa.bindparam("of_reference"))


def owner_of_reference(connection: Connection, reference: str) -> str | None:
    """The case id that bears `reference`."""
    return connection.execute(_OWNER, {"of_reference": reference}).scalar()


_OF_DEVICES = (item.c.device_id.in_(among("devices")), ITEM_OPEN)
_OPEN_ELSEWHERE = sa.select(item.c.device_id, item.c.case_id).where(
    *_OF_DEVICES, item.c.party == sa.bindparam("of_party"), item.c.case_id != sa.bindparam("but_case")
)
_ASKED_BY_OTHERS = sa.select(item.c.device_id).where(*_OF_DEVICES, item.c.party != sa.bindparam("but_party"))
_RELEASES = (
    sa.select(release.c.device_id, release.c.party, release.c.at)
    .where(
        release.c.device_id.in_(among("devices")),
        release.c.at >= sa.bindparam("since"),
        release.c.state != "dropped",
        release.c.letter_id != sa.bindparam("but_letter"),
    )
    .order_by(release.c.at)
)


def open_elsewhere(
    connection: Connection, party: str, devices: Sequence[DeviceId], case_id: str
) -> dict[DeviceId, MailThread]:
    """Other threads of `party` in which one of `devices` is open."""
    found: dict[DeviceId, str] = {}
    for some in chunks([eui_to_int(d) for d in devices]):
        values = {"devices": some, "of_party": party, "but_case": case_id}
        found |= {int_to_eui(row.device_id): row.case_id for row in connection.execute(_OPEN_ELSEWHERE, values)}
    loaded = load(connection, list(dict.fromkeys(found.values())))
    return {device: loaded[case] for device, case in found.items()}


def open_threads(connection: Connection, party: str) -> tuple[MailThread, ...]:
    """All unsettled threads of `party`, oldest first."""
    query = sa.select(thread.c.case_id).where(thread.c.party == party, THREAD_OPEN)
    cases = list(connection.execute(query.order_by(thread.c.received_at)).scalars())
    loaded = load(connection, cases)
    return tuple(loaded[case] for case in cases)


def asked_by_others(connection: Connection, party: str, devices: Sequence[DeviceId]) -> frozenset[DeviceId]:
    """Those of `devices` for which another party has an open item."""
    found: set[DeviceId] = set()
    for some in chunks([eui_to_int(d) for d in devices]):
        values = {"devices": some, "but_party": party}
        found |= {int_to_eui(number) for number in connection.execute(_ASKED_BY_OTHERS, values).scalars()}
    return frozenset(found)


def releases(
    connection: Connection, devices: Sequence[DeviceId], since: datetime, *, but: int = 0
) -> dict[DeviceId, tuple[Release, ...]]:
    """Codes of `devices` that left us, or are queued to, since then; `but`: a letter that does not count."""
    found: dict[DeviceId, list[Release]] = {}
    for some in chunks([eui_to_int(d) for d in devices]):
        for row in connection.execute(_RELEASES, {"devices": some, "since": micros(since), "but_letter": but}):
            found.setdefault(int_to_eui(row.device_id), []).append(Release(row.party, moment(row.at)))
    return {device: tuple(several) for device, several in found.items()}


class CodesToday:
    """The codes of a day, queued ones included, by party: counted once, then kept by who queues them.

    For the mails of one transaction: to count anew for each of them costs more with each code that left that day.
    """

    def __init__(self) -> None:
        self._day: date | None = None
        self._by_party: dict[str, int] = {}
        self._all = 0

    def add(self, party: str, codes: int) -> None:
        """So many were queued to `party` in this transaction."""
        self._by_party[party] = self._by_party.get(party, 0) + codes
        self._all += codes

    def of(self, connection: Connection, day: date, party: str) -> tuple[int, int]:
        """Codes of `day`: to everybody, and to `party`."""
        if day != self._day:
            self._day, self._by_party = day, _codes_by_party(connection, day)
            self._all = sum(self._by_party.values())
        return self._all, self._by_party.get(party, 0)


# Counted for every batch, and so off the letters, out of an index alone: there are ten times as many codes.
_RESERVED = (
    sa.select(letter.c.party, sa.func.sum(letter.c.codes).label("codes"))
    .where(letter.c.codes_day == sa.bindparam("of_day"))
    .group_by(letter.c.party)
)


def _codes_by_party(connection: Connection, day: date) -> dict[str, int]:
    return {row.party: row.codes for row in connection.execute(_RESERVED, {"of_day": day})}


_COUNT = sa.select(sa.func.count())
_PENDING = _COUNT.select_from(item).where(item.c.party == sa.bindparam("of_party"), ITEM_PENDING)
_ON_THREAD = _COUNT.select_from(letter).where(
    letter.c.case_id == sa.bindparam("of_case"),
    # Not by the index of what was written to a party: of a case there are few.
    letter.c.party.concat("") == sa.bindparam("of_party"),
    letter.c.written_at > sa.bindparam("a_day_ago"),
    sa.not_(LETTER_NEVER_SENT),
)
_TO_PARTY = _COUNT.select_from(letter).where(
    letter.c.party == sa.bindparam("of_party"), letter.c.written_at > sa.bindparam("an_hour_ago")
)
_WAITING_AND_SENT = sa.select(
    _PENDING.scalar_subquery(),
    _ON_THREAD.scalar_subquery(),
    _TO_PARTY.scalar_subquery() - _TO_PARTY.where(LETTER_NEVER_SENT).scalar_subquery(),
)


def rates(connection: Connection, party: str, case_id: str, now: datetime, *, codes: CodesToday | None = None) -> Rates:
    """What left us lately, queued letters included. `codes`: counted already."""
    values = {
        "of_party": party,
        "of_case": case_id,
        "a_day_ago": micros(now - timedelta(days=1)),
        "an_hour_ago": micros(now - timedelta(hours=1)),
    }
    counted = (codes or CodesToday()).of(connection, local_day(now), party)
    return Rates(*counted, *connection.execute(_WAITING_AND_SENT, values).one())


# Turns under the cap ────────────────────────────────────────────────────────────────────────────────


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


# For ops ────────────────────────────────────────────────────────────────────────────────────────────


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
