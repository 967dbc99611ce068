"""A contact list's rows, checked: each by itself, then all against each other and against what is ours."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, get_args

from daemon.edge.contacts import Listing
from daemon.edge.sheets import cells
from daemon.edge.sheets.cells import Fault
from daemon.edge.sheets.imports import Columns, Sheet
from daemon.rules.counterparties import Names, names_of, own_names, same_address
from daemon.rules.policy import ContactKind, Counterparty, Policy
from daemon.settings.values import ContactColumn, address

KINDS = tuple(kind.value for kind in ContactKind)
COLUMNS = Columns(
    "contacts",
    known=get_args(ContactColumn),
    needed=("party", "kind", "email"),
)
_EXTRA: Mapping[str, tuple[str, ...]] = {
    "delivery": ("tls", "smime", "pgp", "zip"),
    "channel": ("mail", "portal"),
    "phone": (),
    "certificate": (),
}
"""Columns that are kept as they are, with the words that each may hold; none named: any line."""


@dataclass(frozen=True, slots=True)
class ContactList:
    """The rows that can be taken, and how many were left out because they are about ourselves."""

    listings: tuple[Listing, ...]
    own: int


@dataclass(slots=True)
class _Party:
    """What the rows of one party say of it."""

    first: Listing
    names: Names = frozenset()
    listings: list[Listing] = field(default_factory=list)


def read(sheet: Sheet, policy: Policy) -> ContactList:
    """The whole list. Rows that cannot be taken are noted in `sheet.faults`, and left out."""
    sound = [one for line, row in sheet.rows if (one := _row(sheet, line, row)) is not None]
    parties = _parties(sound)
    ours = own_names(policy)
    others = [p for p in parties if not p.names & ours]
    bad: dict[int, list[str]] = {}
    for line, reason in (*_listed_twice(others), *_named_twice(others), *_our_people(others, policy)):
        bad.setdefault(line, []).append(reason)
    for line, reasons in bad.items():
        sheet.faults.add(line, cells.together(reasons))
    listings = tuple(one for p in others for one in p.listings if one.line not in bad)
    return ContactList(listings, own=sum(len(p.listings) for p in parties if p.names & ours))


# One row ────────────────────────────────────────────────────────────────────────────────────────────


def _row(sheet: Sheet, line: int, row: Sequence[str]) -> Listing | None:
    cell = dict(zip(sheet.present, row, strict=True))
    try:
        return _listing(line, cell)
    except Fault as fault:
        sheet.faults.add(line, str(fault))
        return None


def _listing(line: int, cell: Mapping[str, str]) -> Listing:
    """Raises Fault, which names all that is wrong with the row."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    for name, read_cell in _FIELDS.items():
        try:
            values[name] = read_cell(cell)
        except Fault as fault:
            faults.append(str(fault))
    if faults:
        raise Fault(cells.together(faults))
    return Listing(line=line, **values)


def _needed(cell: Mapping[str, str], column: str) -> str:
    text = cells.line(cell[column], column, most=254)
    if not text:
        raise Fault(f"{column} is empty")
    return text


def _email(text: str) -> str:
    try:
        return address(text)
    except ValueError as error:
        raise Fault(f"email {cells.shown(text)} {error}") from None


def _mpid(text: str) -> str:
    gas = len(text) == 3 and text.isalpha()
    if not (text.isascii() and text.isalnum() and (len(text) == 4 or gas)):
        raise Fault(f"mpid {cells.shown(text)} is none: it has 4 letters or digits (3 letters for a gas short code)")
    return text.upper()


def _extra(cell: Mapping[str, str]) -> dict[str, str]:
    kept = {}
    for column, words in _EXTRA.items():
        text = cell.get(column, "")
        value = cells.one_of(text, column, words) if words else cells.line(text, column, most=1000)
        if value:
            kept[column] = value
    return kept


def _begun(cell: Mapping[str, str]) -> date | None:
    day = cells.day(cell.get("valid_from", ""), "valid_from")
    return date.fromisoformat(day) if day else None


_FIELDS: Mapping[str, Callable[[Mapping[str, str]], Any]] = {
    "party": lambda cell: " ".join(_needed(cell, "party").split()),
    "kind": lambda cell: ContactKind(cells.one_of(_needed(cell, "kind"), "kind", KINDS)),
    "email": lambda cell: _email(_needed(cell, "email")),
    "name": lambda cell: cells.line(cell.get("name", ""), "name"),
    "valid_from": _begun,
    "robot": lambda cell: cells.yes(cell.get("robot", ""), "robot"),
    "mpids": lambda cell: tuple(_mpid(one) for one in cells.lines(cell.get("mpid", ""), "mpid")),
    "aliases": lambda cell: cells.lines(cell.get("alias", ""), "alias"),
    "successor_of": lambda cell: cells.lines(cell.get("successor_of", ""), "successor_of"),
    "extra": _extra,
}
"""What a `Listing` holds beside its line, and how each is read off a row."""


# All rows together ──────────────────────────────────────────────────────────────────────────────────


def _parties(listings: Sequence[Listing]) -> list[_Party]:
    parties: dict[str, _Party] = {}
    for one in listings:
        party = parties.setdefault(one.party, _Party(one))
        party.listings.append(one)
        called = Counterparty(one.party, mpids=frozenset(one.mpids), aliases=frozenset(one.aliases))
        party.names |= names_of(called, ())
    return list(parties.values())


def _named_twice(parties: Sequence[_Party]) -> Iterator[tuple[int, str]]:
    """Parties that share a name, alias or MPID: nobody could tell which one is meant."""
    owners: dict[str, _Party] = {}
    for party in parties:
        before = next((owners[name] for name in party.names if name in owners), None)
        if before is not None:
            why = f"party {party.first.party!r} shares a name, alias or MPID with {before.first.party!r} on line {before.first.line}"
            yield from (
                (one.line, f"{why}; use one spelling, or take the name from one of them") for one in party.listings
            )
        owners.update(dict.fromkeys(party.names, party))


def _listed_twice(parties: Sequence[_Party]) -> Iterator[tuple[int, str]]:
    """An address of two parties, which proves neither; and rows that say the same again."""
    places: dict[str, list[Listing]] = {}
    for one in (listing for party in parties for listing in party.listings):
        places.setdefault(one.email.casefold(), []).append(one)
    for listings in places.values():
        for one in listings:
            other = next((o for o in listings if o.party != one.party), None)
            if other is not None:
                yield one.line, f"email {one.email} is listed for {other.party!r} on line {other.line} too"
        seen: dict[tuple[str, ContactKind], int] = {}
        for one in listings:
            first = seen.setdefault((one.party, one.kind), one.line)
            if first != one.line:
                yield one.line, f"email {one.email} stands on line {first} already, of the same kind"


def _our_people(parties: Sequence[_Party], policy: Policy) -> Iterator[tuple[int, str]]:
    """Our own addresses in another party's name: a loop, or a member who could ask for codes."""
    for one in (listing for party in parties for listing in party.listings):
        if same_address(one.email, policy.mailbox):
            yield one.line, f"email {one.email} is our own mailbox: answering it would be a loop"
        elif any(same_address(one.email, member.address) for member in policy.team):
            yield one.line, f"email {one.email} belongs to our own team; a member is no counterparty"
