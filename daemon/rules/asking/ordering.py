"""What our team orders, row by row: devices to ask for, and to ask whom; each row that cannot be taken, and why.

A bad row is refused by itself and named; it holds up no other. What a row says beside a device, two suppliers and a day
is not kept. A device that somebody asks of us is no device that we ask for: a person must first say whose it is.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from daemon.rules import counterparties
from daemon.rules.asking import routing
from daemon.rules.asking.routing import Ask, Book, Next, ToOps, Unlisted, Why
from daemon.rules.commands.orders import OrderedRow
from daemon.rules.facts import DeviceRecord
from daemon.rules.identifiers import DeviceId
from daemon.rules.phrases import day
from daemon.rules.policy import Policy
from daemon.rules.sense import personal, scanning
from daemon.rules.sense.forms import plain
from daemon.rules.sense.written_days import BadDay, take_day
from daemon.rules.thread import Outcome
from daemon.rules.wanting import Want, WantEvent, WantState
from daemon.rules.workdays import local_day

MAX_NAME = 60
_NO_CODE_TYPES = ("GPF", "CHF")
_FINAL = (Outcome.NOT_INSTALLER, Outcome.NO_CODE_HELD, Outcome.TYPE_HAS_NO_CODE, Outcome.REFUSED)
"""Outcomes after which nobody asks the same party for the same device again."""
_LAST_DAY = re.compile(
    r"(?P<before>.*?)[ ,;(-]*(?:\b(?P<by>(?:(?:is )?(?:needed|required|wanted|due) )?(?:by|before|until) (?:the )?)(?P<written>[^()]{3,40})"
    r"|(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}))\)?",
    re.IGNORECASE,
)
"""A row's day at its end: as digits, or behind "needed by" in any words."""


@dataclass(frozen=True, slots=True)
class Order:
    """Who orders, by which mail, when."""

    by: str
    mail_id: int
    at: datetime
    urgent: bool


@dataclass(frozen=True, slots=True)
class Sound:
    """A row whose cells can be read. Suppliers are names as written, in one line."""

    where: str
    device: DeviceId
    losing: str
    installing: str
    needed_by: date | None
    asked_on: date | None = None
    """When our team asked by hand."""
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that is not taken. `why` shows nothing of the row but what may be shown."""

    where: str
    why: str
    device: DeviceId | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """The rows that can be read, and those that cannot."""

    rows: tuple[Sound, ...]
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class Crossed:
    """A party asks us for a device, in this thread."""

    party: str
    reference: str


@dataclass(frozen=True, slots=True)
class Known:
    """What our records say of the devices of an order."""

    records: Mapping[DeviceId, DeviceRecord] = field(default_factory=dict)
    wants: Mapping[DeviceId, Want] = field(default_factory=dict)
    """The newest of each."""
    references: Mapping[str, str] = field(default_factory=dict)
    """Of the inquiries that those are asked in, by case id."""
    crossed: Mapping[DeviceId, Crossed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What becomes of an order: new wants in the order of its rows, refused rows by line."""

    wants: tuple[Want, ...]
    refused: tuple[Refused, ...]


# Cells ──────────────────────────────────────────────────────────────────────────────────────────────


def checked(rows: Iterable[OrderedRow], today: date) -> Checked:
    """The rows, each by itself; a device that stands in the mail twice counts once."""
    sound: dict[DeviceId, Sound] = {}
    refused: list[Refused] = []
    for row in rows:
        one = _sound(row, today)
        first = sound.get(one.device) if isinstance(one, Sound) else None
        if isinstance(one, Refused):
            refused.append(one)
        elif first is not None:
            same = "" if _same(first.losing, one.losing) else ", with another supplier"
            refused.append(Refused(one.where, f"it stands on {first.where} already{same}", one.device))
        else:
            sound[one.device] = one
    return Checked(tuple(sound.values()), tuple(refused))


def device_of(row: OrderedRow) -> DeviceId | None:
    """The Device ID of its cell; None: it is none."""
    return scanning.exact(row.device.strip()) or scanning.whole_cell(row.device)


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _sound(row: OrderedRow, today: date) -> Sound | Refused:
    device = device_of(row)
    if device is None:
        why = scanning.what_is_wrong(row.device) if row.device.strip() else "the Device ID is missing"
        return Refused(row.where, why)
    losing, installing = _one_line(row.losing), _one_line(row.installing)
    needed = row.needed_by.strip()
    if row.loose:
        losing, needed = _day_apart(losing, today)
    if not (losing or installing):
        return Refused(row.where, "no supplier is named", device)
    try:
        needed_by, asked_on = _day(needed, today), _day(row.asked_on.strip(), today)
    except BadDay:
        return Refused(row.where, "a day in it cannot be read; write days like 2026-12-24", device)
    if asked_on is not None and asked_on > today:
        return Refused(row.where, f"it was not asked on {day(asked_on)}, which is still to come", device)
    return Sound(row.where, device, losing, installing, needed_by, asked_on, row.loose)


def _day_apart(written: str, today: date) -> tuple[str, str]:
    """(the supplier, the day that the row ends with; empty: none)."""
    match = _LAST_DAY.fullmatch(written)
    if match is None:
        return written, ""
    named = match["day"] or match["written"]
    says_needed = match["day"] or match["by"].strip().count(" ")
    return (match["before"], named) if says_needed or _is_day(named, today) else (written, "")


def _is_day(text: str, today: date) -> bool:
    try:
        return _day(text, today) is not None
    except BadDay:
        return False


def _one_line(cell: str) -> str:
    return " ".join(plain(cell).split())


def _day(text: str, today: date) -> date | None:
    """The day of a cell; None for an empty one. Raises BadDay."""
    if not text:
        return None
    found = take_day(re.sub(r"[T ]00:00(?::00)?\Z", "", text), today)
    if found is None or found[1]:
        raise BadDay("no day")
    return found[0]


# Suppliers ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Suppliers:
    """What the two supplier cells of a row mean: thousands of rows share them. `why`: nobody can be asked."""

    losing: str
    installing: str
    first: Next
    why: str = ""


def _suppliers(row: Sound, book: Book, policy: Policy, order: Order) -> _Suppliers:
    losing, installing = _told_apart(row, book) if row.loose else (row.losing, row.installing)
    strange = [name for name in (losing, installing) if name and counterparties.resolve(name, book) is None]
    named = Want(row.device, order.by, order.at, order.mail_id, losing, installing)
    first = routing.first_party(named, book, policy)
    if any(map(_is_no_name, strange)) or (row.loose and strange and _goes_on(losing, book)):
        why = "a supplier's cell holds more than a name or MPID; write those alone, with a comma between"
    elif first == ToOps(Why.OURSELVES):
        why = "the supplier named is ourselves; name the one who lost the premises, or the installing one"
    else:
        why = "no supplier is named" if isinstance(first, ToOps) else ""
    return _Suppliers(_listed_name(losing, book), _listed_name(installing, book), first, why)


def _told_apart(row: Sound, book: Book) -> tuple[str, str]:
    """The two suppliers, where nothing but blanks stands between them: by the names that are listed.

    What follows a listed name and is no word (a number, say) is left out; other words make it another name.
    """
    words = row.losing.split()
    if counterparties.resolve(row.losing, book) is not None:
        return row.losing, ""
    for count in range(len(words) - 1, 0, -1):
        first, rest = " ".join(words[:count]), words[count:]
        if counterparties.resolve(first, book) is None:
            continue
        if counterparties.resolve(" ".join(rest), book) is not None:
            return first, " ".join(rest)
        if all(re.fullmatch(r"[0-9\W]+", word) for word in rest):
            return first, ""
    return row.losing, ""


def _is_no_name(name: str) -> bool:
    """Whether a cell holds more than what somebody is called: it is neither kept nor shown."""
    return len(name) > MAX_NAME or bool(
        re.search(r"[0-9]{5}|@", name)
        or scanning.holds_code(name)
        or scanning.scan(name).devices
        or personal.kinds(name)
    )


def _goes_on(name: str, book: Book) -> bool:
    """Whether it is more than a name: words in small letters behind a listed one with a capital, or nothing but such."""
    words = name.split()
    if len(words) > 3 and name.islower():
        return True
    for count in range(len(words) - 1, 0, -1):
        first = " ".join(words[:count])
        if counterparties.resolve(first, book) is not None:
            return not first.islower() and any(word.isalpha() and word.islower() for word in words[count:])
    return False


def _listed_name(name: str, book: Book) -> str:
    party = counterparties.resolve(name, book)
    return party.party if party else name


# What becomes of a row ──────────────────────────────────────────────────────────────────────────────


def weigh(found: Checked, known: Known, book: Book, policy: Policy, order: Order) -> Receipt:
    """New wants, and every row that is not taken with the reason."""
    by_cells: dict[tuple[str, str, bool], _Suppliers] = {}
    ours = counterparties.own_names(policy)
    wants: list[Want] = []
    refused = list(found.refused)
    for row in found.rows:
        cells = (row.losing, row.installing, row.loose)
        named = by_cells.get(cells) or by_cells.setdefault(cells, _suppliers(row, book, policy, order))
        why = _in_the_way(row.device, known, ours) or named.why or _asked_before(row.device, named.first, known)
        if why:
            refused.append(Refused(row.where, why, row.device))
        else:
            wants.append(_want(row, named, order))
    return Receipt(tuple(wants), tuple(refused))


def _in_the_way(device: DeviceId, known: Known, ours: counterparties.Names) -> str:
    """Why nobody needs to be asked for this device, or not yet; empty: nothing."""
    record, crossed, want = known.records.get(device), known.crossed.get(device), known.wants.get(device)
    if record is not None and record.device_type in _NO_CODE_TYPES:
        gsme = f"; its GSME is {record.linked_gsme}" if record.linked_gsme else "; order its GSME in its place"
        return f"it is a {record.device_type}, which has no install code{gsme}"
    if record is not None and (
        not record.installing_supplier or counterparties.means(record.installing_supplier, ours)
    ):
        code = "and we hold its code" if record.has_code else "but we hold no code for it"
        return f"it is in our own inventory: we installed it, {code}"
    if crossed is not None:
        return (
            f"{crossed.party} asks us for it in {crossed.reference}: one matter; answer or close that first, then order "
            "it again if we still need it"
        )
    return _of_want(want, known) if want is not None else ""


def _of_want(want: Want, known: Known) -> str:
    reference = known.references.get(want.case_id, "")
    in_inquiry = f" in {reference}" if reference else ""
    if want.state is WantState.ANSWERED and want.answered_at is not None:
        answered = f"{want.party} answered with its code on {day(local_day(want.answered_at))}{in_inquiry}"
        return f"{answered}; if it does not work, say REQUEST AGAIN {want.device_id}"
    if not want.open:
        return ""
    if not want.asked:
        since = day(local_day(want.ordered_at))
        return f"{want.ordered_by} ordered it on {since} already, and {want.party} has not been asked yet; WITHDRAW it to ask somebody else"
    asked = want.asked[-1]
    stands = "" if want.state is WantState.ASKED else f"; it is {want.state}"
    return f"{asked.party} has been asked for it since {day(local_day(asked.at))}{in_inquiry}{stands}"


def _asked_before(device: DeviceId, first: Next, known: Known) -> str:
    """Its party said once and for all that it has no code for it; empty: it did not."""
    before = known.wants.get(device)
    if before is None or not isinstance(first, Ask):
        return ""
    final = (a for a in before.asked if a.party == first.party.party and a.outcome in _FINAL)
    said = next(final, None)
    return f"{said.party} was asked on {day(local_day(said.at))}, and answered {said.outcome}" if said else ""


def _want(row: Sound, named: _Suppliers, order: Order) -> Want:
    """As ordered; where nobody of that name is listed, it waits for a contact."""
    first = named.first
    want = Want(
        device_id=row.device,
        ordered_by=order.by,
        ordered_at=order.at,
        order_mail_id=order.mail_id,
        losing_supplier=named.losing,
        installing_supplier=named.installing,
        needed_by=row.needed_by,
        urgent=order.urgent,
        party=first.party.party if isinstance(first, Ask) else first.name if isinstance(first, Unlisted) else "",
    )
    return want.move(WantEvent.NO_CONTACT) if isinstance(first, Unlisted) else want
