"""What stands around our inquiries: the letters that went, the mails that came, who asks us for the same devices."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import chunks, eui_to_int, int_to_eui, micros, moment
from daemon.edge.tables import ITEM_OPEN, MAIL_UNSETTLED, WANT_OPEN, audit, inquiry, item, letter, mail, thread, want
from daemon.rules.asking.asking_news import ReadAs
from daemon.rules.asking.ordering import Crossed
from daemon.rules.identifiers import DeviceId
from daemon.rules.reasons import Reason
from daemon.rules.wanting import WantState

_ASKING = ("request", "chase", "query", "taken-back")


@dataclass(frozen=True, slots=True)
class Went:
    """A letter of an inquiry. `reply`: the relay's last words."""

    kind: str
    to: str
    at: datetime
    state: str
    reply: str


@dataclass(frozen=True, slots=True)
class Came:
    """A mail that belongs to an inquiry."""

    id: int
    at: datetime
    sender: str
    read_as: ReadAs


def went(connection: Connection, case_id: str) -> list[Went]:
    """The letters of an inquiry, oldest first."""
    query = sa.select(letter).where(letter.c.case_id == case_id, letter.c.kind.in_(_ASKING)).order_by(letter.c.id)
    rows = connection.execute(query).mappings()
    return [
        Went(r["kind"], r["recipient"], moment(r["finished_at"] or r["written_at"]), r["state"], r["reply"] or "")
        for r in rows
    ]


def came(connection: Connection, case_id: str) -> list[Came]:
    """The mails that came in an inquiry, oldest first, each with what it was taken for."""
    query = sa.select(mail.c.id, mail.c.arrived, mail.c.sender, mail.c.reason).where(mail.c.case_id == case_id)
    rows = connection.execute(query.order_by(mail.c.arrived)).all()
    taken = _taken_for(connection, [row.id for row in rows])
    return [
        Came(r.id, moment(r.arrived), r.sender or "", _read_as(Reason(r.reason) if r.reason else None, taken.get(r.id)))
        for r in rows
    ]


def _taken_for(connection: Connection, mail_ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """What each of these mails changed, as it was noted when it was settled."""
    found: dict[int, Mapping[str, Any]] = {}
    for some in chunks(list(mail_ids)):
        named = {f"mail:{number}": number for number in some}
        query = sa.select(audit.c.subject, audit.c.detail).where(
            audit.c.subject.in_(list(named)), audit.c.what == "answer-received"
        )
        found |= {named[row.subject]: json.loads(row.detail) for row in connection.execute(query)}
    return found


def _read_as(reason: Reason | None, noted: Mapping[str, Any] | None) -> ReadAs:
    if noted is None:
        return ReadAs(reason)
    faulty = noted["faulty"]
    states = Counter(WantState(state) for device, state in noted["changed"].items() if device not in faulty)
    return ReadAs(reason, tuple(sorted(states.items())), len(faulty), len(noted.get("untouched", ())))


def dead(connection: Connection, since: datetime) -> frozenset[str]:
    """Addresses of other parties at which the last letter that ended since then was refused for good."""
    query = sa.select(letter.c.recipient, letter.c.state).where(
        letter.c.party != "",
        letter.c.kind.in_(_ASKING),
        letter.c.state.in_(("accepted", "rejected")),
        letter.c.written_at >= micros(since),
    )
    last = {row.recipient: row.state for row in connection.execute(query.order_by(letter.c.id))}
    return frozenset(address for address, state in last.items() if state == "rejected")


def standing(connection: Connection) -> dict[WantState, tuple[int, int]]:
    """Of what is open by its state: how many devices, of how many parties."""
    query = sa.select(want.c.state, sa.func.count(), sa.func.count(want.c.party.distinct())).where(WANT_OPEN)
    return {
        WantState(state): (devices, parties)
        for state, devices, parties in connection.execute(query.group_by(want.c.state))
    }


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many devices of one inquiry that stand alike. `reference` is empty before they were asked for."""

    reference: str
    party: str
    state: WantState
    devices: int
    due: date | None


def open_summary(connection: Connection, states: Iterable[WantState], limit: int) -> list[Wanted]:
    """What is open and stands at one of `states`, by inquiry, what is due first first, what was not asked yet last."""
    due = sa.func.min(want.c.due_end)
    names = (inquiry.c.reference, want.c.party, want.c.state)
    query = sa.select(*names, sa.func.count(), due).select_from(
        want.outerjoin(inquiry, inquiry.c.case_id == want.c.case_id)
    )
    query = (
        query.where(WANT_OPEN, want.c.state.in_(list(states)))
        .group_by(*names)
        .order_by(due.nulls_last(), want.c.party)
        .limit(limit)
    )
    return [
        Wanted(reference or "", party, WantState(state), devices, day)
        for reference, party, state, devices, day in connection.execute(query)
    ]


def unsettled(connection: Connection) -> bool:
    """Whether a mail is kept and not yet read: an answer may stand in it."""
    return connection.execute(sa.select(mail.c.id).where(MAIL_UNSETTLED).limit(1)).first() is not None


def crossed(connection: Connection, devices: Sequence[DeviceId]) -> dict[DeviceId, Crossed]:
    """Those of `devices` that somebody asks of us at this moment."""
    found: dict[DeviceId, Crossed] = {}
    query = sa.select(item.c.device_id, item.c.party, thread.c.reference).join(thread)
    for some in chunks([eui_to_int(device) for device in devices]):
        for row in connection.execute(query.where(item.c.device_id.in_(some), ITEM_OPEN)):
            found[int_to_eui(row.device_id)] = Crossed(row.party, row.reference)
    return found


def owner_of_reference(connection: Connection, reference: str) -> str | None:
    """The case id of the thread or the inquiry that bears `reference`."""
    both = sa.union_all(
        sa.select(thread.c.case_id).where(thread.c.reference == reference),
        sa.select(inquiry.c.case_id).where(inquiry.c.reference == reference),
    )
    return connection.execute(both).scalar()
