"""What passed between one supplier and us lately: what it asked for, what went to it, who wrote, what waits. No code."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import int_to_eui, micros, moment
from daemon.edge.tables import ITEM_OPEN, LETTER_WAITING, MAIL_HELD, item, letter, mail, release, thread
from daemon.mail.message import Evidence
from daemon.rules.identifiers import DeviceId


@dataclass(frozen=True, slots=True)
class AskedFor:
    """A device that the supplier asked for."""

    at: datetime
    device: DeviceId
    reference: str
    by: str
    state: str
    outcome: str


@dataclass(frozen=True, slots=True)
class CodeSent:
    """A code that went to the supplier, or is queued to. `state`: queued, released, dropped."""

    at: datetime
    device: DeviceId
    to: str
    state: str


@dataclass(frozen=True, slots=True)
class WriterSeen:
    """An address that wrote in the supplier's name, what our mail server proved of it, and how often."""

    address: str
    evidence: Evidence | None
    reason: str
    mails: int
    last: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that still waits: devices of a thread, a mail held whole, letters."""

    name: str
    what: str
    count: int
    due: date | None


def asked_for(connection: Connection, party: str, since: datetime, limit: int) -> list[AskedFor]:
    """The latest first."""
    columns = (item.c.asked_at, item.c.device_id, thread.c.reference, thread.c.asked_by, item.c.state, item.c.outcome)
    query = (
        sa.select(*columns)
        .join(thread, thread.c.case_id == item.c.case_id)
        .where(item.c.party == party, item.c.asked_at >= micros(since))
        .order_by(item.c.asked_at.desc(), item.c.id)
        .limit(limit)
    )
    return [
        AskedFor(moment(row[0]), int_to_eui(row[1]), row[2], row[3], row[4], row[5] or "")
        for row in connection.execute(query)
    ]


def codes_sent(connection: Connection, party: str, since: datetime, limit: int) -> list[CodeSent]:
    """The latest first; when it went, or when it was queued where it did not."""
    at = sa.func.coalesce(letter.c.finished_at, release.c.at)
    query = (
        sa.select(at, release.c.device_id, letter.c.recipient, release.c.state)
        .join(letter, letter.c.id == release.c.letter_id)
        .where(letter.c.party == party, letter.c.written_at >= micros(since))
        .order_by(at.desc(), release.c.id)
        .limit(limit)
    )
    return [CodeSent(moment(row[0]), int_to_eui(row[1]), row[2], row[3]) for row in connection.execute(query)]


def writers(
    connection: Connection, party: str, domains: Collection[str], since: datetime, limit: int
) -> list[WriterSeen]:
    """Who wrote as the supplier, or from one of its domains, the most frequent first."""
    at_domains = [mail.c.sender.endswith(f"@{domain}", autoescape=True) for domain in sorted(domains)]
    mails = sa.func.count().label("mails")
    query = (
        sa.select(mail.c.sender, mail.c.evidence, mail.c.reason, mails, sa.func.max(mail.c.arrived))
        .where(mail.c.arrived >= micros(since), mail.c.sender.is_not(None), sa.or_(mail.c.party == party, *at_domains))
        .group_by(mail.c.sender, mail.c.evidence, mail.c.reason)
        .order_by(mails.desc(), mail.c.sender, mail.c.reason)
        .limit(limit)
    )
    return [
        WriterSeen(row[0], None if row[1] is None else Evidence(row[1]), row[2] or "", row[3], moment(row[4]))
        for row in connection.execute(query)
    ]


def waiting(connection: Connection, party: str, limit: int) -> list[Waiting]:
    """Open devices by thread and state, mails held whole, letters that have not gone."""
    devices = sa.func.count().label("devices")
    items = (
        sa.select(thread.c.reference, item.c.state, devices, sa.func.min(item.c.due_end).label("due"))
        .join(thread, thread.c.case_id == item.c.case_id)
        .where(item.c.party == party, ITEM_OPEN)
        .group_by(thread.c.reference, item.c.state)
        .order_by(sa.text("due"), thread.c.reference)
        .limit(limit)
    )
    mails = sa.select(mail.c.id, mail.c.held_due).where(mail.c.party == party, MAIL_HELD).order_by(mail.c.id)
    letters = (
        sa.select(letter.c.recipient, sa.func.count(), sa.func.sum(letter.c.codes))
        .where(letter.c.party == party, LETTER_WAITING)
        .group_by(letter.c.recipient)
        .order_by(letter.c.recipient)
    )
    return [
        *(Waiting(row.reference, f"{row.state} devices", row.devices, row.due) for row in connection.execute(items)),
        *(Waiting(f"mail {row.id}", "held mail", 1, row.held_due) for row in connection.execute(mails.limit(limit))),
        *(
            Waiting(row[0], f"letters not gone, with {row[2]} codes", row[1], None)
            for row in connection.execute(letters.limit(limit))
        ),
    ]
