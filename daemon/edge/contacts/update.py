"""A contact list out of a mail's sheet against the one in force, in the caller's transaction. It is always the whole list."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from daemon.edge import contacts
from daemon.edge.contacts import Key, Listing
from daemon.edge.contacts import rows as contact_rows
from daemon.edge.sheets.imports import Sheet
from daemon.rules.policy import Policy
from daemon.rules.team import relisting
from daemon.rules.team.differences import Differences, Record, differences
from daemon.rules.team.relisting import Move

_NAMES = (("mpid", "mpids"), ("alias", "aliases"), ("successor_of", "successor_of"))


@dataclass(frozen=True, slots=True)
class Update:
    """A list held against the one in force. `before`: a digest of the latter."""

    found: Differences[Key]
    moves: tuple[Move, ...]
    listings: tuple[Listing, ...]
    own: int
    """Rows about ourselves, left out."""
    before: str


def weighed(connection: Connection, sheet: Sheet, policy: Policy) -> Update:
    """What the sheet does to our list. Rows that cannot be taken are noted in `sheet.faults`, and left out."""
    taken = contact_rows.read(sheet, policy)
    old = records(contacts.listed(connection))
    return Update(
        found=differences(old, records(taken.listings)),
        moves=relisting.moves(contacts.book(connection), contacts.book_of(taken.listings)),
        listings=taken.listings,
        own=taken.own,
        before=hashlib.sha256(repr(sorted(old.items())).encode()).hexdigest(),
    )


def records(listings: Iterable[Listing]) -> dict[Key, Record]:
    """Each row in words, with what its supplier is called: a name that comes or goes changes all rows of a supplier."""
    listings = tuple(listings)
    names: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in listings:
        for column, field in _NAMES:
            names[one.party, column].update(getattr(one, field))
    return {
        one.key: {
            "name": one.name,
            "valid_from": one.valid_from.isoformat() if one.valid_from else "",
            "robot": "yes" if one.robot else "",
            **{column: "; ".join(sorted(names[one.party, column])) for column, _ in _NAMES},
            **one.extra,
        }
        for one in listings
    }


def take(connection: Connection, update: Update, file_sha: str, *, counts_from: datetime, now: datetime) -> None:
    """Make it the list. What is new or says something new counts from `counts_from`; the rest as it did."""
    begins = contacts.waiting(connection) | dict.fromkeys(update.found.touched, counts_from)
    contacts.replace_all(connection, update.listings, begins)
    contacts.taken(connection, file_sha, len(update.listings), now)
