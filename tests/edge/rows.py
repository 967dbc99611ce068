"""Mails and threads for the tests of the database's rooms."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge import wants
from daemon.edge.database import int_to_eui, micros
from daemon.edge.tables import WANT_OPEN, mail, want
from daemon.mail.message import Place, RawMail
from daemon.rules.identifiers import DeviceId, canonical
from daemon.rules.policy import Nation
from daemon.rules.reasons import Reason
from daemon.rules.thread import Item, MailThread, Outcome, State
from daemon.rules.wanting import Want
from daemon.rules.workdays import Calendar

NOW = datetime(2026, 6, 8, 9, 30, tzinfo=UTC)
"""Monday 8 June 2026, half past ten in London."""
PARTY, OTHER = "Northern Energy", "Southern Power"
CALENDAR = Calendar(Nation.ENGLAND_AND_WALES)


def device(number: int) -> DeviceId:
    """An invented device; some ids have their highest bit set."""
    return canonical(f"{'F0' if number % 2 else '00'}DB1234{number:08X}")


def raw(text: str = "hello", *, uid: int = 1, folder: str = "INBOX", uidvalidity: int = 7, **changes: Any) -> RawMail:
    """A mail as it is fetched."""
    fields = {"place": Place(folder, uidvalidity, uid), "arrived": NOW, "content": text.encode()}
    return RawMail(**(fields | changes))


def mail_row(connection: Connection, **changes: Any) -> int:
    """A settled mail; its id."""
    values = {
        "raw_sha": "00",
        "arrived": micros(NOW),
        "kept_at": micros(NOW),
        "size": 1,
        "state": "settled",
        "fate": "decided",
    } | changes
    return int(connection.execute(sa.insert(mail).values(**values).returning(mail.c.id)).scalar_one())


def item(number: int, state: State = State.HELD, **changes: Any) -> Item:
    """One device asked for on Monday."""
    fields: dict[str, Any] = {
        "device_id": device(number),
        "due": CALENDAR.due(NOW.date(), 10),
        "asked_at": NOW,
        "state": state,
    }
    if state is State.HELD:
        fields |= {"reason": Reason.DEVICE_STATUS, "outcome": Outcome.CODE, "held_at": NOW}
    return Item(**(fields | changes))


def thread(connection: Connection, number: int, *items: Item, **changes: Any) -> MailThread:
    """A thread with the mail that began it; not saved yet."""
    case = f"{number:064x}"
    message_id = f"<request-{number}@northern.example>"
    fields: dict[str, Any] = {
        "case_id": case,
        "reference": f"IC-{number:08d}",
        "party": PARTY,
        "reply_to": "codes@northern.example",
        "asked_by": "ann@northern.example",
        "subject": "Install codes",
        "root_message_id": message_id,
        "references": (message_id,),
        "received_at": NOW + timedelta(minutes=number),
        "items": items,
        "letters_queued": 1,
    } | changes
    if "mail_id" not in fields:
        fields["mail_id"] = mail_row(
            connection,
            raw_sha=f"{number:064x}",
            message_id=fields["root_message_id"],
            case_id=case,
            party=fields["party"],
        )
    return MailThread(**fields)


def open_wants(connection: Connection) -> list[Want]:
    """Every device whose code we want and have not, the oldest first."""
    query = sa.select(want.c.device_id).where(WANT_OPEN).order_by(want.c.id)
    devices = [int_to_eui(number) for number in connection.execute(query).scalars()]
    return list(wants.open_for(connection, devices).values())
