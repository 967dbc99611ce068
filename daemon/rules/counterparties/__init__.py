"""Who is writing, held against the contact list; which name means which supplier.

Standing is by the From address alone and proves nothing; proof is `disclosure`'s work.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache

from daemon.mail.message import Origin
from daemon.rules.counterparties.lookalike import looks_alike
from daemon.rules.counterparties.providers import is_shared_domain
from daemon.rules.facts import Standing, Writer
from daemon.rules.policy import Contact, ContactKind, Counterparty, Member, Policy
from daemon.rules.workdays import local_day

_Listed = tuple[Counterparty, Contact]


@dataclass(frozen=True, slots=True)
class AddressBook:
    """The contact list with its addresses sorted: made once for all the mails that are held against it."""

    parties: tuple[Counterparty, ...]
    by_address: Mapping[str, Sequence[_Listed]]
    """By address in folded letters."""
    by_domain: Mapping[str, Sequence[_Listed]]
    """The domains of free-mail and hosting providers left out."""

    @classmethod
    def of(cls, parties: tuple[Counterparty, ...]) -> "AddressBook":
        """`parties` as an address book."""
        by_address: dict[str, list[_Listed]] = {}
        by_domain: dict[str, list[_Listed]] = {}
        for party in parties:
            for contact in party.contacts:
                by_address.setdefault(contact.email.casefold(), []).append((party, contact))
                domain = _domain(contact.email)
                if not is_shared_domain(domain):
                    by_domain.setdefault(domain, []).append((party, contact))
        return cls(parties, by_address, by_domain)


def identify(origin: Origin, book: AddressBook, policy: Policy, now: datetime) -> Writer:
    """What the From address is to us. No plus or dot folding: an address is the one listed, or it is not."""
    if origin.sender is None:
        return Writer(Standing.UNLISTED, "")
    address = origin.sender
    if same_address(address, policy.mailbox):
        return Writer(Standing.OURSELVES, address)
    if member := _member(address, policy):
        return Writer(Standing.MEMBER, address, member=member)
    if listed := _listed(address, book, now):
        return Writer(Standing.CONTACT, address, *listed)
    return _unlisted(address, book, now)


def same_address(one: str, other: str) -> bool:
    """The same mailbox: no system tells addresses apart by upper and lower case."""
    return one.casefold() == other.casefold()


def _member(address: str, policy: Policy) -> Member | None:
    return next((m for m in policy.team if same_address(m.address, address)), None)


def _listed(address: str, book: AddressBook, now: datetime) -> _Listed | None:
    """The contact of this address, one in force before one that is not."""
    found = book.by_address.get(address.casefold(), ())
    return next((f for f in found if is_active(f[1], now)), found[0] if found else None)


def _unlisted(address: str, book: AddressBook, now: datetime) -> Writer:
    """A colleague needs a contact in force beside them: a contact that does not count yet brings nobody along."""
    domain = _domain(address)
    listed = book.by_domain
    here = listed.get(domain, ())
    parties = {party.party: party for party, _ in here}
    if len(parties) == 1 and any(is_active(contact, now) for _, contact in here):
        return Writer(Standing.COLLEAGUE, address, here[0][0])
    if near := domain if here else next((d for d in listed if _is_near(domain, d)), ""):
        return Writer(Standing.LISTED_DOMAIN, address, looks_like=near)
    alike = "" if is_shared_domain(domain) else next((d for d in listed if looks_alike(domain, d)), "")
    return Writer(Standing.UNLISTED, address, looks_like=alike)


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _is_near(domain: str, listed: str) -> bool:
    """x.listed, the parent of listed, or listed.x."""
    return domain.endswith(f".{listed}") or listed.endswith(f".{domain}") or domain.startswith(f"{listed}.")


# Addresses ──────────────────────────────────────────────────────────────────────────────────────────


def is_active(contact: Contact, now: datetime) -> bool:
    """Whether a listed address may be relied on yet."""
    begun = contact.valid_from is None or contact.valid_from <= local_day(now)
    return begun and (contact.counts_from is None or contact.counts_from <= now)


def reply_address(writer: Writer, now: datetime) -> str | None:
    """The one listed address that an answer goes to: the one that wrote, else mp121, else operations."""
    if writer.counterparty is None:
        return None
    if writer.contact is not None and is_active(writer.contact, now):
        return writer.contact.email
    return party_address(writer.counterparty, now)


def party_address(party: Counterparty, now: datetime) -> str | None:
    """The listed address of a party as such: mp121, else operations; None where it has none in force."""
    active = [c for c in party.contacts if is_active(c, now)]
    kinds = (ContactKind.MP121, ContactKind.OPERATIONS)
    return next((c.email for kind in kinds for c in active if c.kind is kind), None)


def is_listed(address: str, party: Counterparty, now: datetime) -> bool:
    """Whether `address` is a listed address of `party`, in force at this moment."""
    return any(c.email == address and is_active(c, now) for c in party.contacts)


# Names of suppliers ─────────────────────────────────────────────────────────────────────────────────

Names = frozenset[str]
"""What a supplier is called, in a form that ignores case, blanks and punctuation."""


@lru_cache(maxsize=4096)
def _key(name: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", unicodedata.normalize("NFKD", name).upper())


def resolve(name: str, book: tuple[Counterparty, ...]) -> Counterparty | None:
    """The counterparty of that name, alias or MPID, else the one that took it over; None where there is none."""
    key = _key(name)
    named = (p for p in book if key in map(_key, _called(p)))
    took_over = (p for p in book if key in map(_key, p.successor_of))
    return next(named, None) or next(took_over, None) if key else None


def _called(party: Counterparty) -> Iterator[str]:
    yield party.party
    yield from party.mpids
    yield from party.aliases


def nearest(name: str, book: Iterable[Counterparty]) -> str:
    """The listed supplier whose name, alias or MPID is spelled most like `name`; empty: none is near."""
    called = {word.casefold(): p.party for p in book for word in _called(p)}
    near = get_close_matches(name.casefold(), called, n=1)
    return called[near[0]] if near else ""


def names_of(party: Counterparty, book: tuple[Counterparty, ...]) -> Names:
    """The names of `party`, of those whose installs it took over, and theirs in turn."""
    keys: set[str] = set()
    waiting, seen = [party], {party.party}
    while waiting:
        one = waiting.pop()
        keys.update(map(_key, (*_called(one), *one.successor_of)))
        for name in one.successor_of:
            before = resolve(name, book)
            if before is not None and before.party not in seen:
                seen.add(before.party)
                waiting.append(before)
    return frozenset(keys - {""})


def own_names(policy: Policy) -> Names:
    """Our own names and MPIDs, and those of our predecessors."""
    return frozenset(map(_key, policy.own_names)) - {""}


def means(name: str, names: Names) -> bool:
    """Whether `name` is one of `names`."""
    return _key(name) in names


YOURSELVES = "(yourselves)"
"""Stands behind a supplier's name where it is the one that is told."""


def called_to_others(book: tuple[Counterparty, ...]) -> Mapping[str, str]:
    """How a listed supplier is named to another one, by each of its names: "SOUT (Southern Power)".

    The MPID stands first, for it is the word that other suppliers' systems know; where there are several, the one named.
    """
    named: dict[str, str] = {}
    for party in book:
        by_mpid = {_key(mpid): f"{mpid} ({party.party})" for mpid in party.mpids if _key(mpid) != _key(party.party)}
        if len(party.mpids) == 1 and by_mpid:
            named |= dict.fromkeys(map(_key, _called(party)), *by_mpid.values())
        named |= by_mpid
    return named


def called(name: str, named: Mapping[str, str], told: Names) -> str:
    """How we name a supplier to another one, whose names are `told`: as `named` has it, else as our records do."""
    plain = " ".join(name.split())
    if not means(name, told):
        return named.get(_key(name), plain)
    return f"{named.get(_key(name), plain).partition(' (')[0]} {YOURSELVES}"
