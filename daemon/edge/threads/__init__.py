"""Threads and their items: kept whole, loaded whole, and found by what a mail names."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import among, chunks, eui_to_int, insert_in, int_to_eui, micros, run_for_each
from daemon.edge.tables import ITEM_OPEN, THREAD_OPEN, item, letter, mail, thread
from daemon.edge.threads.thread_rows import item_of, item_row, thread_of, thread_row
from daemon.rules.identifiers import DeviceId
from daemon.rules.reasons import Reason
from daemon.rules.thread import Item, MailThread, State


def save(connection: Connection, changed: Iterable[MailThread]) -> None:
    """Write threads whole: new ones and changed ones alike."""
    whole = list(changed)
    run_for_each(connection, _saving(connection.dialect.name), [thread_row(one) for one in whole])
    for some in chunks([(one, i) for one in whole for i in one.items]):
        run_for_each(connection, _saving_items(connection.dialect.name), [item_row(one, i) for one, i in some])


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


_THREADS = sa.select(thread).where(thread.c.case_id.in_(among("cases")))
_ITEMS = sa.select(item).where(item.c.case_id.in_(among("cases"))).order_by(item.c.case_id, item.c.id)


def load(connection: Connection, case_ids: Sequence[str]) -> dict[str, MailThread]:
    """Threads by case id; those that do not exist are left out."""
    found: dict[str, MailThread] = {}
    for some in chunks(list(case_ids)):
        rows = connection.execute(_THREADS, {"cases": some}).mappings().all()
        items = _items(connection, [row["case_id"] for row in rows]) if rows else {}
        found |= {row["case_id"]: thread_of(row, items.get(row["case_id"], ())) for row in rows}
    return found


def _items(connection: Connection, case_ids: Sequence[str]) -> dict[str, tuple[Item, ...]]:
    by_case: dict[str, list[Item]] = {}
    for row in connection.execute(_ITEMS, {"cases": case_ids}).mappings():
        by_case.setdefault(row["case_id"], []).append(item_of(row))
    return {case: tuple(items) for case, items in by_case.items()}


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
