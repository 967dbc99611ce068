"""What the digest asks of the database. Reads only, and by the partial indexes: what is settled costs nothing.

What happened is read off the audit trail: its numbers grow with time, so that a day is found by halving.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import chunks, micros, moment
from daemon.edge.outbox import PLAN
from daemon.edge.tables import (
    ITEM_HELD,
    ITEM_OPEN,
    MAIL_HELD,
    audit,
    inquiry,
    item,
    letter,
    mail,
    proposal,
    tally,
    thread,
)
from daemon.edge.threads import still_open
from daemon.edge.views import figures
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import Answer, LetterKind
from daemon.rules.morning import Act, Answered, DueDay, Heard, HeldFor, Proposed, Waiting
from daemon.rules.reasons import Reason
from daemon.rules.team.standing import StandingKind, whose_letters
from daemon.rules.thread import Outcome
from daemon.rules.wanting import WantState
from daemon.rules.workdays import LONDON, Calendar, local_day

_COUNT = sa.func.count().label("number")


def _unseen(reason: sa.Column[Any], due: sa.Column[Any], today: date) -> sa.ColumnElement[bool]:
    """Held for the mode alone and past its date: people answer it by hand, and we do not see that they did."""
    return sa.and_(due < today, reason == Reason.OBSERVE_ONLY)


# How it stands ──────────────────────────────────────────────────────────────────────────────────────


def days(connection: Connection, today: date) -> tuple[DueDay, ...]:
    """What is open by due date, earliest first, but for what is `unseen`."""
    opened = _by_due(connection, item.c.due_end, ITEM_OPEN)
    held = _by_due(connection, item.c.due_end, ITEM_HELD)
    mails = _by_due(connection, mail.c.held_due, MAIL_HELD)
    for day, number in _unseen_items(connection, today).items():
        opened[day] -= number
        held[day] -= number
    for day, number in _unseen_mails(connection, today).items():
        mails[day] -= number
    found = (DueDay(day, opened[day], held[day], mails[day]) for day in sorted({*opened, *mails}))
    return tuple(day for day in found if day.open)


def unseen(connection: Connection, today: date) -> int:
    """Devices and mails held for the mode alone, past their due date."""
    return sum(_unseen_items(connection, today).values()) + sum(_unseen_mails(connection, today).values())


def _unseen_items(connection: Connection, today: date) -> dict[date, int]:
    return _by_due(connection, item.c.due_end, sa.and_(ITEM_HELD, _unseen(item.c.reason, item.c.due_end, today)))


def _unseen_mails(connection: Connection, today: date) -> dict[date, int]:
    return _by_due(connection, mail.c.held_due, sa.and_(MAIL_HELD, _unseen(mail.c.reason, mail.c.held_due, today)))


def _by_due(connection: Connection, due: sa.Column[Any], where: sa.ColumnElement[bool]) -> dict[date, int]:
    rows = connection.execute(sa.select(due.label("due"), _COUNT).where(where).group_by(due))
    return defaultdict(int, {row.due: row.number for row in rows})


def held(connection: Connection, today: date) -> tuple[tuple[HeldFor, ...], int]:
    """What is held by reason, but for what is `unseen`; and how much of it a member put off."""
    devices = _by_reason(connection, item.c.reason, item.c.due_end, item.c.wait_until, ITEM_HELD, today)
    mails = _by_reason(connection, mail.c.reason, mail.c.held_due, mail.c.wait_until, MAIL_HELD, today)
    found = tuple(
        HeldFor(
            Reason(reason),
            devices=of_devices.number if of_devices else 0,
            mails=of_mails.number if of_mails else 0,
            earliest=min(row.earliest for row in (of_devices, of_mails) if row),
        )
        for reason in sorted({*devices, *mails})
        for of_devices, of_mails in [(devices.get(reason), mails.get(reason))]
    )
    return found, sum(row.put_off for row in (*devices.values(), *mails.values()))


def _by_reason(  # noqa: PLR0917  # the columns of two tables
    connection: Connection,
    reason: sa.Column[Any],
    due: sa.Column[Any],
    wait: sa.Column[Any],
    where: sa.ColumnElement[bool],
    today: date,
) -> dict[str, Any]:
    put_off = sa.func.sum(sa.case((wait > today, 1), else_=0)).label("put_off")
    query = sa.select(reason.label("reason"), _COUNT, sa.func.min(due).label("earliest"), put_off)
    rows = connection.execute(query.where(where, sa.not_(_unseen(reason, due, today))).group_by(reason))
    return {row.reason: row for row in rows}


def urgent(connection: Connection, by: date, today: date, limit: int) -> tuple[Waiting, ...]:
    """What a person must look at and falls due by that day, earliest first, but for what is put off or `unseen`."""
    found = [*_urgent_devices(connection, by, today, limit), *_urgent_mails(connection, by, today, limit)]
    return tuple(sorted(found, key=lambda one: (one.due, one.reference, one.reason))[:limit])


def _urgent_devices(connection: Connection, by: date, today: date, limit: int) -> list[Waiting]:
    where = sa.and_(ITEM_HELD, _for_today(item.c.reason, item.c.due_end, item.c.wait_until, by, today))
    told = sa.func.max(item.c.told_ops_at).label("told")
    alike = (thread.c.reference, item.c.party, item.c.reason, item.c.due_end)
    found = []
    for some in chunks(still_open.urgent_cases(connection, where, limit)):
        query = sa.select(*alike, _COUNT, told).join(thread, thread.c.case_id == item.c.case_id)
        for row in connection.execute(query.where(where, item.c.case_id.in_(some)).group_by(*alike)):
            reason = Reason(row.reason)
            found.append(Waiting(row.reference, row.party, reason, row.due_end, row.number, _day(row.told)))
    return found


def _urgent_mails(connection: Connection, by: date, today: date, limit: int) -> list[Waiting]:
    where = _for_today(mail.c.reason, mail.c.held_due, mail.c.wait_until, by, today)
    columns = (mail.c.id, mail.c.party, mail.c.reason, mail.c.held_due, mail.c.told_ops_at)
    query = sa.select(*columns).where(MAIL_HELD, where).order_by(mail.c.held_due, mail.c.id).limit(limit)
    return [
        Waiting(f"mail {row.id}", row.party or "", Reason(row.reason), row.held_due, 0, _day(row.told_ops_at))
        for row in connection.execute(query)
    ]


def _for_today(
    reason: sa.Column[Any], due: sa.Column[Any], wait: sa.Column[Any], by: date, today: date
) -> sa.ColumnElement[bool]:
    awake = sa.or_(wait.is_(None), wait <= today)
    return sa.and_(due <= by, awake, sa.not_(_unseen(reason, due, today)))


def _day(value: int | None) -> date | None:
    return None if value is None else local_day(moment(value))


def proposed(connection: Connection) -> tuple[Proposed, ...]:
    """What waits for confirmation, oldest first."""
    columns = (proposal.c.title, proposal.c.member, proposal.c.at)
    rows = connection.execute(sa.select(*columns).where(proposal.c.state == "open").order_by(proposal.c.id))
    return tuple(Proposed(row.title, row.member, local_day(moment(row.at))) for row in rows)


# What happened ──────────────────────────────────────────────────────────────────────────────────────


def trail(connection: Connection, since: date, until: date) -> tuple[int, int]:
    """The entries of the audit trail from the first London day up to, not including, the second: first, and end."""
    return _first_at(connection, _midnight(since)), _first_at(connection, _midnight(until))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), LONDON)


def _first_at(connection: Connection, when: datetime) -> int:
    """The number of the first entry at or after `when`; one past the last where there is none."""
    first, last = connection.execute(sa.select(sa.func.min(audit.c.seq), sa.func.max(audit.c.seq))).one()
    low, high = first or 1, (last or 0) + 1
    while low < high:
        middle = (low + high) // 2
        query = sa.select(audit.c.at).where(audit.c.seq >= middle).order_by(audit.c.seq).limit(1)
        if connection.execute(query).scalar_one() < micros(when):
            low = middle + 1
        else:
            high = middle
    return int(low)


def acts(connection: Connection, entries: tuple[int, int]) -> tuple[Act, ...]:
    """What members of our team did, in order."""
    by_member = audit.c.detail.contains('"member":', autoescape=True)
    rows = connection.execute(
        _within(entries, by_member, columns=(audit.c.what, audit.c.subject, audit.c.detail))
    ).all()
    names = _references(connection, [row.subject for row in rows])
    return tuple(
        Act(json.loads(row.detail)["member"], row.what, names.get(row.subject) or _about(row.subject)) for row in rows
    )


def _about(subject: str) -> str:
    """What an entry is about, for people: "mail 12", "letters to Harbour Power", an address or a Device ID."""
    kind, _, name = subject.partition(":")
    if kind in (StandingKind.PAUSE, StandingKind.INCIDENT):
        return whose_letters("" if name == "all" else name)
    return f"{kind} {name}" if name.isdigit() else name


def _references(connection: Connection, subjects: Sequence[str]) -> dict[str, str]:
    """`case:...` -> IC-XXXXXXXX."""
    cases = [subject.removeprefix("case:") for subject in dict.fromkeys(subjects) if subject.startswith("case:")]
    found: dict[str, str] = {}
    for some in chunks(cases):
        for table in (thread, inquiry):
            query = sa.select(table.c.case_id, table.c.reference).where(table.c.case_id.in_(some))
            found |= {f"case:{row.case_id}": row.reference for row in connection.execute(query)}
    return found


def answered(connection: Connection, entries: tuple[int, int], calendar: Calendar) -> tuple[Answered, ...]:
    """The answers that the relay took, device by device; promises and repeats are none."""
    taken = _within(entries, audit.c.what == "letter-accepted", columns=(audit.c.subject,))
    ids = [int(subject.removeprefix("letter:")) for subject in connection.execute(taken).scalars()]
    given: list[tuple[str, DeviceId, Outcome, date]] = []
    for some in chunks(ids):
        query = sa.select(letter.c.case_id, letter.c.plan, letter.c.finished_at)
        for row in connection.execute(query.where(letter.c.id.in_(some), letter.c.kind == LetterKind.ANSWER)):
            content, day = PLAN.validate_json(row.plan).content, local_day(moment(row.finished_at))
            rows = content.rows if isinstance(content, Answer) and not content.repeat else ()
            given += [(row.case_id, r.device_id, r.outcome, day) for r in rows if r.outcome is not Outcome.PENDING]
    clocks = figures.clocks(connection, [case for case, *_ in given])
    took = {pair: calendar.working_days_between(*pair) for pair in {(clocks[c, d][0], day) for c, d, _, day in given}}
    return tuple(
        Answered(outcome, took[clocks[case, device][0], day], day > clocks[case, device][1])
        for case, device, outcome, day in given
    )


def heard(connection: Connection, entries: tuple[int, int]) -> tuple[Heard, ...]:
    """What became of the devices that we asked for by the answers that came, supplier by supplier."""
    came = _within(entries, audit.c.what == "answer-received", columns=(audit.c.detail,))
    counts: Counter[tuple[str, WantState]] = Counter()
    for detail in map(json.loads, connection.execute(came).scalars()):
        counts.update((detail["party"], WantState(state)) for state in detail["changed"].values())
    return tuple(Heard(party, state, devices) for (party, state), devices in sorted(counts.items()))


def _within(
    entries: tuple[int, int], which: sa.ColumnElement[bool], columns: Sequence[sa.Column[Any]]
) -> sa.Select[Any]:
    where = (audit.c.seq >= entries[0], audit.c.seq < entries[1], which)
    return sa.select(*columns).where(*where).order_by(audit.c.seq)


def settled(connection: Connection, since: date, until: date) -> dict[str, int]:
    """Settled mails by reason, from the first London day up to, not including, the second."""
    query = sa.select(tally.c.reason, sa.func.sum(tally.c.mails).label("mails"))
    rows = connection.execute(query.where(tally.c.day >= since, tally.c.day < until).group_by(tally.c.reason))
    return {row.reason: int(row.mails) for row in rows}


def head(connection: Connection) -> tuple[int, str]:
    """Number and hash of the audit trail's last entry."""
    row = connection.execute(sa.select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).first()
    return (row.seq, row.hash) if row else (0, "")
