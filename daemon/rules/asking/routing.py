"""Whom we ask for a device, whom next, at which address, and by when they owe us an answer."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache

from daemon.rules import counterparties
from daemon.rules.policy import OWED_WORKING_DAYS, Channel, Contact, ContactKind, Counterparty, Nation, Policy
from daemon.rules.wanting import AskedParty, Want, WantEvent
from daemon.rules.workdays import Calendar, DueDate, local_day

Book = tuple[Counterparty, ...]

# Whom ───────────────────────────────────────────────────────────────────────────────────────────────


class Why(StrEnum):
    """Why our own team must say whom to ask."""

    OURSELVES = "ourselves"
    """We are named as its installer: our own inventory may have it."""
    CIRCLE = "circle"
    """The party that is named was asked already."""
    NOBODY = "nobody"
    """Nobody is named."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask this party."""

    party: Counterparty


@dataclass(frozen=True, slots=True)
class Unlisted:
    """Nobody of that name is listed: the device waits for a contact. `name`: as written, at most 60 characters."""

    name: str


@dataclass(frozen=True, slots=True)
class ToOps:
    """Our own team decides. `parties`: in a circle the one that is named and the one that named it."""

    why: Why
    parties: tuple[str, ...] = ()


Next = Ask | Unlisted | ToOps


def first_party(want: Want, book: Book, policy: Policy) -> Next:
    """The losing supplier, as the guidance has it; else, where that is nobody or we ourselves, the installing one."""
    losing = _party_of(want.losing_supplier, book, policy)
    installing = _party_of(want.installing_supplier, book, policy)
    return installing if isinstance(losing, ToOps) and installing != ToOps(Why.NOBODY) else losing


def next_party(want: Want, note: str, book: Book, policy: Policy) -> Next:
    """Where it goes after its party was not the installer: to the one that ops named, else to the one that `note` names
    ("installer: NAME or MPID"). Nobody is asked twice, under whatever name.
    """
    ops_word = _party_of(want.installing_supplier, book, policy)
    if ops_word != ToOps(Why.NOBODY) and not _was_asked(ops_word, want, book):
        return ops_word
    theirs = _named_in(note, book, policy)
    if isinstance(theirs, Ask) and _was_asked(theirs, want, book):
        return ToOps(Why.CIRCLE, (theirs.party.party, want.party))
    return theirs


def _party_of(name: str, book: Book, policy: Policy) -> Next:
    if not re.search(r"\w", name):
        return ToOps(Why.NOBODY)
    if counterparties.means(name, counterparties.own_names(policy)):
        return ToOps(Why.OURSELVES)
    party = counterparties.resolve(name, book)
    return Unlisted(" ".join(name.split())[:60]) if party is None else Ask(party)


_INSTALLER = re.compile(r"\s*installer\s*:\s*(?P<name>[^\r\n]*)", re.IGNORECASE)
_MORE = re.compile(r"\s*[,;(].*")


def _named_in(note: str, book: Book, policy: Policy) -> Next:
    """The party that a note names: by all of its words, else by those before the first comma or bracket."""
    found = _INSTALLER.match(note)
    whole = _party_of(found["name"], book, policy) if found else ToOps(Why.NOBODY)
    return _party_of(_MORE.sub("", whole.name), book, policy) if isinstance(whole, Unlisted) else whole


def _was_asked(named: Next, want: Want, book: Book) -> bool:
    """Whether it is one of those asked, whatever they were listed as then."""
    if not isinstance(named, Ask):
        return False
    before = (counterparties.resolve(asked.party, book) for asked in want.asked)
    return named.party in before


def asked(want: Want, party: Counterparty, case_id: str, now: datetime, policy: Policy) -> Want:
    """`want` once `party` is asked for it in the letter of `case_id`: its clock and its ladder begin anew."""
    expected, late_from = due(local_day(now), policy)
    clean = replace(want, promised_for=None, rung="", rung_on=None, foretold_for=None, wait_until=None, reason="")
    return clean.move(
        WantEvent.ASK,
        party=party.party,
        case_id=case_id,
        asked=(*want.asked, AskedParty(party.party, now)),
        due=expected,
        late_from=late_from,
    )


# Where ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Mail:
    """By mail, to this listed address."""

    to: str


@dataclass(frozen=True, slots=True)
class Portal:
    """Only by a web page of theirs: ops get the filled sheet."""

    contact: Contact


@dataclass(frozen=True, slots=True)
class NoAddress:
    """The party has no contact for it that is in force and takes mail."""


Way = Mail | Portal | NoAddress

_ELSE = {
    ContactKind.MP121: (ContactKind.MP121, ContactKind.OPERATIONS),
    ContactKind.OPERATIONS: (ContactKind.OPERATIONS, ContactKind.MP121),
    ContactKind.ESCALATION: (ContactKind.ESCALATION, ContactKind.OPERATIONS, ContactKind.MP121),
}
"""Who gets it where a kind is not listed."""


def address(party: Counterparty, now: datetime, *, dead: Collection[str] = ()) -> Way:
    """Where `party` is asked: its mp121 contact, else operations. `dead`: addresses whose mail comes back for good."""
    for kind in _ELSE[ContactKind.MP121]:
        listed = _in_force(party, kind, now, dead)
        if listed:
            mail = next((Mail(c.email) for c in listed if c.channel is Channel.MAIL), None)
            return mail or Portal(listed[0])
    return NoAddress()


def addresses(
    party: Counterparty, kinds: Iterable[ContactKind], now: datetime, *, dead: Collection[str] = ()
) -> tuple[str, ...]:
    """The address of each of `kinds` that takes mail, or of the kind that stands in for it; each once."""
    found = (_mail_address(party, kind, now, dead) for kind in kinds)
    return tuple(dict.fromkeys(one for one in found if one))


def _mail_address(party: Counterparty, kind: ContactKind, now: datetime, dead: Collection[str]) -> str:
    listed = (c for stand_in in _ELSE[kind] for c in _in_force(party, stand_in, now, dead))
    return next((c.email for c in listed if c.channel is Channel.MAIL), "")


def _in_force(party: Counterparty, kind: ContactKind, now: datetime, dead: Collection[str]) -> list[Contact]:
    """Its contacts of one kind that may be relied on, in the list's order."""
    gone = {one.casefold() for one in dead}
    return [
        c
        for c in party.contacts
        if c.kind is kind and counterparties.is_active(c, now) and c.email.casefold() not in gone
    ]


# By when ────────────────────────────────────────────────────────────────────────────────────────────


def chase_calendar(policy: Policy) -> Calendar:
    """The calendar by which others are late."""
    return _calendar(policy.chase_calendar, policy.extra_holidays)


@lru_cache(maxsize=8)
def _calendar(nation: Nation, extra: tuple[tuple[date, str], ...]) -> Calendar:
    return Calendar(nation, extra)


def due(asked_on: date, policy: Policy) -> tuple[DueDate, date]:
    """By when we expect an answer, by our own calendar; and the last day on which nobody would call it late, which is
    that of the more lenient one.
    """
    expected, lenient = _owed(Calendar.of(policy), asked_on), _owed(chase_calendar(policy), asked_on)
    return expected, max(expected.end, lenient.end)


@lru_cache(maxsize=512)
def _owed(calendar: Calendar, asked_on: date) -> DueDate:
    """Thousands of devices are asked for on one day."""
    return calendar.due(asked_on, OWED_WORKING_DAYS)
