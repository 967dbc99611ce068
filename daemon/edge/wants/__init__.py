"""Devices whose codes we want, and the inquiries in which we ask for them, as kept; what they mean is `rules.wanting`."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy import Connection, RowMapping

from daemon.edge.database import among, chunks, eui_to_int, insert, int_to_eui, micros, moment
from daemon.edge.tables import WANT_OPEN, WANT_TO_ASK, WANT_TO_HAND_OVER, WANT_WAITING, inquiry, letter, mail, want
from daemon.edge.vault import Vault
from daemon.rules.identifiers import DeviceId, InstallCode
from daemon.rules.wanting import AskedParty, Inquiry, Want, WantState
from daemon.rules.workdays import DueDate

_ASKED = TypeAdapter(tuple[AskedParty, ...])
_DUE = TypeAdapter(DueDate)
_PLAIN = (
    "ordered_by", "order_mail_id", "losing_supplier", "installing_supplier", "needed_by", "urgent", "state", "party", "case_id", "late_from",
    "promised_for", "rung", "rung_on", "foretold_for", "wait_until", "note", "reason", "answer_mail_id", "handed_over",
)  # fmt: skip


# Wants ──────────────────────────────────────────────────────────────────────────────────────────────


def save(connection: Connection, changed: Iterable[Want]) -> list[Want]:
    """Write them whole, new ones (`id` 0) and changed ones alike; as they are now, with their rows."""
    saved = []
    for one in changed:
        values = _row(one)
        if one.id:
            connection.execute(sa.update(want).where(want.c.id == one.id).values(**values))
            saved.append(one)
        else:
            added = connection.execute(sa.insert(want).values(**values).returning(want)).mappings().one()
            saved.append(_want(added))
    return saved


def add(connection: Connection, fresh: Sequence[Want]) -> None:
    """Write new ones, tens of thousands at once."""
    for some in chunks([_row(one) for one in fresh]):
        connection.execute(sa.insert(want), list(some))


def change(connection: Connection, changed: Sequence[Want]) -> None:
    """Write kept ones whole, tens of thousands at once."""
    rows = [{"of_id": one.id, **_row(one)} for one in changed]
    names = [name for name in (rows[0] if rows else ()) if name != "of_id"]
    values = {name: sa.bindparam(f"new_{name}", type_=want.c[name].type) for name in names}
    statement = sa.update(want).where(want.c.id == sa.bindparam("of_id")).values(values)
    for some in chunks(rows):
        bound = [{"of_id": row["of_id"], **{f"new_{name}": row[name] for name in names}} for row in some]
        connection.execute(statement, bound)


def _row(one: Want) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _PLAIN} | {
        "device_id": eui_to_int(one.device_id),
        "ordered_at": micros(one.ordered_at),
        "asked": _ASKED.dump_json(one.asked).decode(),
        "due": None if one.due is None else _DUE.dump_json(one.due).decode(),
        "due_end": None if one.due is None else one.due.end,
        "answered_at": None if one.answered_at is None else micros(one.answered_at),
    }


def _want(row: RowMapping) -> Want:
    plain = {name: row[name] for name in _PLAIN} | {"state": WantState(row["state"])}
    return Want(
        **plain,
        id=row["id"],
        device_id=int_to_eui(row["device_id"]),
        ordered_at=moment(row["ordered_at"]),
        asked=_asked(row["asked"]),
        due=None if row["due"] is None else _due(row["due"]),
        answered_at=None if row["answered_at"] is None else moment(row["answered_at"]),
    )


@lru_cache(maxsize=256)
def _asked(told: str) -> tuple[AskedParty, ...]:
    """The parties that a row's JSON names; thousands of wants share one."""
    return _ASKED.validate_json(told)


@lru_cache(maxsize=256)
def _due(told: str) -> DueDate:
    return _DUE.validate_json(told)


def _find(connection: Connection, *where: sa.ColumnElement[bool]) -> list[Want]:
    return [_want(row) for row in connection.execute(sa.select(want).where(*where).order_by(want.c.id)).mappings()]


def open_for(connection: Connection, devices: Sequence[DeviceId]) -> dict[DeviceId, Want]:
    """The open want of each of `devices` that has one."""
    found: dict[DeviceId, Want] = {}
    for some in chunks([eui_to_int(device) for device in devices]):
        found |= {one.device_id: one for one in _find(connection, WANT_OPEN, want.c.device_id.in_(some))}
    return found


def latest_for(connection: Connection, devices: Sequence[DeviceId]) -> dict[DeviceId, Want]:
    """The newest want of each of `devices`, open or settled."""
    found: dict[DeviceId, Want] = {}
    for some in chunks([eui_to_int(device) for device in devices]):
        found |= {one.device_id: one for one in _find(connection, want.c.device_id.in_(some))}
    return found


def to_ask(connection: Connection, *, urgent_only: bool = False) -> list[Want]:
    """Those that go out with the next letters, oldest first; those that waited for a contact are tried again."""
    return _find(connection, WANT_TO_ASK, *([want.c.urgent] if urgent_only else []))


def waiting(connection: Connection, party: str = "") -> list[Want]:
    """Those that some party, or `party`, was asked for and has not settled."""
    return _find(connection, WANT_WAITING, *([want.c.party == party] if party else []))


def parties_waiting(connection: Connection) -> list[str]:
    """The parties that were asked for something and have not settled it."""
    return list(
        connection.execute(sa.select(want.c.party).where(WANT_WAITING).distinct().order_by(want.c.party)).scalars()
    )


def awaited_of(connection: Connection, order_mail_ids: Sequence[int]) -> int:
    """How many devices of these orders are still open."""
    query = sa.select(sa.func.count()).select_from(want)
    found = (query.where(WANT_OPEN, want.c.order_mail_id.in_(some)) for some in chunks(list(order_mail_ids)))
    return sum(int(connection.execute(one).scalar_one()) for one in found)


_ANSWERABLE = sa.or_(WANT_OPEN, want.c.state == WantState.WITHDRAWN)
_ANY_ANSWERABLE = sa.select(want.c.id).where(_ANSWERABLE).limit(1)


def any_answerable(connection: Connection) -> bool:
    """Whether any party was asked for anything that it may still answer."""
    return connection.execute(_ANY_ANSWERABLE).first() is not None


def of_party(connection: Connection, party: str) -> dict[DeviceId, Want]:
    """The newest want of each device that `party` was asked for and may still answer: those that went on to another
    party, and those that our team took back, included.
    """
    named = f'"party":{json.dumps(party, ensure_ascii=False)}'  # as `_ASKED` writes it
    asked = want.c.asked.contains(named, autoescape=True)
    return {one.device_id: one for one in _find(connection, _ANSWERABLE, asked)}


def of_inquiry(connection: Connection, case_id: str) -> list[Want]:
    """All of one inquiry, settled ones included."""
    return _find(connection, want.c.case_id == case_id)


def to_hand_over(connection: Connection) -> list[Want]:
    """Answered, and not yet with the code recipients."""
    return _find(connection, WANT_TO_HAND_OVER)


def answered_since(connection: Connection, since: datetime) -> list[Want]:
    """Those whose code came since then."""
    return _find(connection, want.c.answered_at >= micros(since))


def handed_over(connection: Connection, ids: Sequence[int]) -> None:
    """The code recipients have the codes of these."""
    for some in chunks(list(ids)):
        connection.execute(sa.update(want).where(want.c.id.in_(some)).values(handed_over=True))


def handed_back(connection: Connection, results: str, ids: Sequence[int]) -> None:
    """A letter of `results` reached nobody; where no other of them may, the codes are to be handed over anew."""
    others = sa.select(letter.c.id).where(
        letter.c.case_id == results, letter.c.state.not_in(("rejected", "held", "cancelled"))
    )
    if connection.execute(others.limit(1)).first() is None:
        for some in chunks(list(ids)):
            connection.execute(sa.update(want).where(want.c.id.in_(some)).values(handed_over=False))


# Codes ──────────────────────────────────────────────────────────────────────────────────────────────


def keep_code(connection: Connection, vault: Vault, one: Want, code: InstallCode) -> None:
    """Seal the code that a party answered. `one` must be kept already."""
    sealed = vault.seal(code.reveal(), table="want", column="install_code", row=one.id)
    connection.execute(sa.update(want).where(want.c.id == one.id).values(install_code=sealed))


def open_codes(connection: Connection, vault: Vault, ids: Sequence[int]) -> dict[DeviceId, InstallCode]:
    """The codes of these wants, opened; the caller audits each. Raises SealBroken."""
    codes: dict[DeviceId, InstallCode] = {}
    # In their order: of several wants of a device the newest counts.
    query = sa.select(want.c.id, want.c.device_id, want.c.install_code).order_by(want.c.id)
    for some in chunks(list(ids)):
        for row in connection.execute(query.where(want.c.id.in_(some), want.c.install_code.is_not(None))):
            octets = vault.open(row.install_code, table="want", column="install_code", row=row.id)
            codes[int_to_eui(row.device_id)] = InstallCode(octets)
    return codes


def closed_codes(connection: Connection, vault: Vault, devices: Sequence[DeviceId]) -> dict[DeviceId, InstallCode]:
    """The last code that came for each of `devices` and was given up. Raises SealBroken."""
    given_up = sa.select(want.c.id).where(want.c.state == WantState.CLOSED, want.c.install_code.is_not(None))
    ids = [
        want_id
        for some in chunks([eui_to_int(device) for device in devices])
        for want_id in connection.execute(given_up.where(want.c.device_id.in_(some))).scalars()
    ]
    return open_codes(connection, vault, ids)


def drop_codes(connection: Connection, ids: Sequence[int]) -> None:
    """Destroy these codes unread."""
    for some in chunks(list(ids)):
        connection.execute(sa.update(want).where(want.c.id.in_(some)).values(install_code=None))


# Inquiries ──────────────────────────────────────────────────────────────────────────────────────────


def save_inquiry(connection: Connection, one: Inquiry) -> None:
    """Write it whole."""
    values = {
        "reference": one.reference,
        "party": one.party,
        "recipient": one.to,
        "subject": one.subject,
        "message_ids": " ".join(one.message_ids),
        "message_refs": " ".join(one.references),
        "asked_at": micros(one.asked_at),
        "letters_queued": one.letters_queued,
    }
    statement = insert(connection, inquiry).values(case_id=one.case_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["case_id"], set_=values))


def _inquiry(row: RowMapping) -> Inquiry:
    return Inquiry(
        case_id=row["case_id"],
        reference=row["reference"],
        party=row["party"],
        to=row["recipient"],
        subject=row["subject"],
        message_ids=tuple(row["message_ids"].split()),
        references=tuple(row["message_refs"].split()),
        asked_at=moment(row["asked_at"]),
        letters_queued=row["letters_queued"],
    )


def inquiries(connection: Connection, case_ids: Sequence[str]) -> dict[str, Inquiry]:
    """Inquiries by case id."""
    found: dict[str, Inquiry] = {}
    for some in chunks(list(case_ids)):
        rows = connection.execute(sa.select(inquiry).where(inquiry.c.case_id.in_(some))).mappings()
        found |= {row["case_id"]: _inquiry(row) for row in rows}
    return found


def inquiry_of_reference(connection: Connection, reference: str) -> Inquiry | None:
    """The inquiry that bears `reference`."""
    row = connection.execute(sa.select(inquiry).where(inquiry.c.reference == reference)).mappings().first()
    return None if row is None else _inquiry(row)


_CASES_OF = sa.union(
    sa.select(letter.c.case_id).where(letter.c.message_id.in_(among("ids"))),
    sa.select(mail.c.case_id).where(mail.c.message_id.in_(among("ids")), mail.c.case_id.is_not(None)),
    sa.select(inquiry.c.case_id).where(inquiry.c.reference.in_(among("references"))),
)


def find_inquiry(
    connection: Connection, party: str, message_ids: Sequence[str], references: Sequence[str]
) -> Inquiry | None:
    """The inquiry with `party` that a mail answers: by our letters' or their mails' Message-IDs, or by reference."""
    named = {"ids": list(message_ids)[:50], "references": list(references)[:50]}
    cases = set(connection.execute(_CASES_OF, named).scalars())
    if not cases:
        return None
    where = (inquiry.c.case_id.in_(cases), inquiry.c.party == party)
    row = connection.execute(sa.select(inquiry).where(*where).order_by(inquiry.c.asked_at.desc())).mappings().first()
    return None if row is None else _inquiry(row)


def last_chased(connection: Connection, day: date) -> set[str]:
    """Parties that were chased on `day`."""
    return set(connection.execute(sa.select(want.c.party).where(want.c.rung_on == day).distinct()).scalars())


def asked_since(connection: Connection, party: str, since: datetime) -> list[Inquiry]:
    """Inquiries with `party` begun since then, oldest first."""
    where = (inquiry.c.party == party, inquiry.c.asked_at >= micros(since))
    rows = connection.execute(sa.select(inquiry).where(*where).order_by(inquiry.c.asked_at)).mappings()
    return [_inquiry(row) for row in rows]
