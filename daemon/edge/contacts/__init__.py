"""The contact list: other suppliers, their names and their listed addresses; replaced whole or not at all."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import micros, moment
from daemon.edge.tables import contact, import_run, party_name
from daemon.rules.counterparties import AddressBook
from daemon.rules.policy import Channel, Contact, ContactKind, Counterparty

CONTACTS = "contacts"


Key = tuple[str, str, str]
"""What tells one row of the list from another: party, kind, address."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One row of the contact list. Names of the party stand on any of its rows."""

    line: int
    party: str
    kind: ContactKind
    email: str
    name: str = ""
    valid_from: date | None = None
    robot: bool = False
    mpids: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    successor_of: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """What tells it from another row."""
        return self.party, self.kind.value, self.email


@dataclass(frozen=True, slots=True)
class Changes:
    """What a new list does to the old one, in rows."""

    added: int
    changed: int
    unchanged: int
    gone: int


def book(connection: Connection) -> tuple[Counterparty, ...]:
    """Every counterparty with its names and addresses, ordered by name."""
    return address_book(connection).parties


_NAMES = sa.select(party_name)
_CONTACTS = sa.select(contact).order_by(contact.c.id)


def address_book(connection: Connection) -> AddressBook:
    """The same, to look writers up in."""
    return _made(tuple(connection.execute(_NAMES)), tuple(connection.execute(_CONTACTS)))


@lru_cache(maxsize=1)
def _made(name_rows: tuple[Any, ...], contact_rows: tuple[Any, ...]) -> AddressBook:
    """Made anew where a row is another than before: for each batch the rows are read, and they seldom change."""
    names: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in name_rows:
        names[row.party][row.kind].add(row.name)
    contacts: dict[str, list[Contact]] = defaultdict(list)
    for row in contact_rows:
        contacts[row.party].append(_contact(row))
    parties = tuple(
        Counterparty(
            party=party,
            mpids=frozenset(names[party]["mpid"]),
            aliases=frozenset(names[party]["alias"]),
            successor_of=frozenset(names[party]["successor_of"]),
            contacts=tuple(contacts[party]),
        )
        for party in sorted({*names, *contacts})
    )
    return AddressBook.of(parties)


def book_of(listings: Sequence[Listing]) -> tuple[Counterparty, ...]:
    """The counterparties that a list would make, as `book` has those of the list in force."""
    parties: dict[str, list[Listing]] = defaultdict(list)
    for one in listings:
        parties[one.party].append(one)
    return tuple(
        Counterparty(
            party=party,
            mpids=frozenset(name for one in rows for name in one.mpids),
            aliases=frozenset(name for one in rows for name in one.aliases),
            successor_of=frozenset(name for one in rows for name in one.successor_of),
            contacts=tuple(_contact_of(one) for one in rows),
        )
        for party, rows in sorted(parties.items())
    )


def _contact_of(one: Listing) -> Contact:
    return Contact(one.email, one.kind, one.name, one.valid_from, robot=one.robot, channel=_channel(one.extra))


def _channel(extra: Mapping[str, str]) -> Channel:
    return Channel(extra.get("channel", Channel.MAIL))


def _contact(row: Any) -> Contact:
    return Contact(
        email=row.email,
        kind=ContactKind(row.kind),
        name=row.name,
        valid_from=row.valid_from,
        counts_from=None if row.counts_from is None else moment(row.counts_from),
        robot=row.robot,
        channel=_channel(json.loads(row.extra)),
    )


def taken_at(connection: Connection) -> datetime | None:
    """When the contact list was last imported; None: never."""
    last = connection.execute(sa.select(sa.func.max(import_run.c.at)).where(import_run.c.kind == CONTACTS)).scalar()
    return None if last is None else moment(last)


def size(connection: Connection) -> int:
    """How many addresses are listed."""
    return connection.execute(sa.select(sa.func.count()).select_from(contact)).scalar_one()


def listed(connection: Connection) -> tuple[Listing, ...]:
    """The list as an operator's file would say it, the names of a party on each of its rows."""
    parties = {party.party: party for party in book(connection)}
    rows = connection.execute(sa.select(contact).order_by(contact.c.party, contact.c.kind, contact.c.email))
    return tuple(_listing(row, parties[row.party]) for row in rows)


def _listing(row: Any, party: Counterparty) -> Listing:
    return Listing(
        line=0,
        party=row.party,
        kind=ContactKind(row.kind),
        email=row.email,
        name=row.name,
        valid_from=row.valid_from,
        robot=row.robot,
        mpids=tuple(sorted(party.mpids)),
        aliases=tuple(sorted(party.aliases)),
        successor_of=tuple(sorted(party.successor_of)),
        extra=json.loads(row.extra),
    )


def waiting(connection: Connection) -> dict[Key, datetime]:
    """The rows that were changed by mail, with the moment from which each counts."""
    rows = connection.execute(sa.select(contact).where(contact.c.counts_from.is_not(None)))
    return {(row.party, row.kind, row.email): moment(row.counts_from) for row in rows}


def compare(connection: Connection, listings: Sequence[Listing]) -> Changes:
    """What `replace_all` would do, in rows."""
    held = {(r.party, r.kind, r.email): _held(r) for r in connection.execute(sa.select(contact))}
    wanted = {listing.key: _wanted(listing) for listing in listings}
    both = held.keys() & wanted.keys()
    changed = sum(held[key] != wanted[key] for key in both)
    return Changes(len(wanted) - len(both), changed, len(both) - changed, len(held) - len(both))


def _held(row: Any) -> tuple[Any, ...]:
    return row.name, row.valid_from, row.robot, json.loads(row.extra)


def _wanted(listing: Listing) -> tuple[Any, ...]:
    return listing.name, listing.valid_from, listing.robot, dict(listing.extra)


def replace_all(
    connection: Connection, listings: Sequence[Listing], counts_from: Mapping[Key, datetime] | None = None
) -> None:
    """Make `listings` the whole list. An address counts at once, as who imports on the command line is trusted with
    it, unless `counts_from` names a moment for its row.
    """
    begins = counts_from or {}
    connection.execute(sa.delete(contact))
    connection.execute(sa.delete(party_name))
    if listings:
        connection.execute(sa.insert(contact), [_row(one, begins.get(one.key)) for one in listings])
    if names := _names(listings):
        connection.execute(sa.insert(party_name), names)


def _row(one: Listing, begins: datetime | None) -> dict[str, Any]:
    return {
        "party": one.party,
        "kind": one.kind.value,
        "name": one.name,
        "email": one.email,
        "valid_from": one.valid_from,
        "counts_from": None if begins is None else micros(begins),
        "robot": one.robot,
        "extra": json.dumps(one.extra, sort_keys=True),
    }


def taken(connection: Connection, file_sha: str, rows: int, now: datetime) -> None:
    """Note that a whole list was taken in."""
    run = {"kind": CONTACTS, "at": micros(now), "file_sha": file_sha, "rows": rows}
    connection.execute(sa.insert(import_run).values(**run))


def _names(listings: Sequence[Listing]) -> list[dict[str, str]]:
    columns = (("mpid", "mpids"), ("alias", "aliases"), ("successor_of", "successor_of"))
    rows = {
        (one.party, kind, name): None for one in listings for kind, column in columns for name in getattr(one, column)
    }
    return [{"party": party, "kind": kind, "name": name} for party, kind, name in rows]
