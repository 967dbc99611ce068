"""A contact list against the one before, supplier by supplier: whose addresses come and go, and who is told of it.

Whoever brings us to list an address of theirs for a supplier we know gets that supplier's codes. So such an address is
said before all else, and the addresses listed until then hear of it, by a letter that they would not get otherwise.
Source: durability notes, attack row 32.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from daemon.rules.counterparties import Names, names_of
from daemon.rules.phrases import safe
from daemon.rules.policy import Counterparty

GONE_SHARE = 0.02
"""More suppliers than this going at once is likely half a list."""


@dataclass(frozen=True, slots=True)
class Move:
    """What becomes of one supplier that was listed. Each address once, in the order of the list."""

    party: str
    becomes: tuple[str, ...]
    """Who asks for its codes in the new list: itself, under whatever name, and who took it over; empty: nobody."""
    before: tuple[str, ...]
    added: tuple[str, ...]
    """Addresses that may ask for its codes from now on, and could not before."""
    kept: frozenset[str] = field(default_factory=frozenset)
    """Addresses of `before` that are listed still, for it or for others."""

    @property
    def at_new_domain(self) -> tuple[str, ...]:
        """Those of `added` at a domain that the supplier had no address at."""
        domains = {_domain(address) for address in self.before}
        return tuple(address for address in self.added if _domain(address) not in domains)

    @property
    def told(self) -> tuple[str, ...]:
        """Who hears of it: all of its addresses where it gets a new one, else those that are listed no more."""
        return tuple(address for address in self.before if self.added or address not in self.kept)


def moves(old: tuple[Counterparty, ...], new: tuple[Counterparty, ...]) -> tuple[Move, ...]:
    """One for each supplier of `old`. It is known again by any of its names: an old MPID under a new name is no new one."""
    was, becomes = _Book(old), _Book(new)
    listed = {address.casefold() for party in new for address in _addresses([party])}
    found = []
    for party in old:
        before, heirs = _addresses([party]), becomes.speaking_for(party)
        known = {address.casefold() for address in (*before, *_addresses(was.speaking_for(party)))}
        found.append(
            Move(
                party=party.party,
                becomes=tuple(heir.party for heir in heirs),
                before=before,
                added=tuple(a for a in _addresses(heirs) if a.casefold() not in known),
                kept=frozenset(a for a in before if a.casefold() in listed),
            )
        )
    return tuple(found)


class _Book:
    """A list by the names in it: who is called so, and who took over whom."""

    def __init__(self, parties: tuple[Counterparty, ...]) -> None:
        self._by_name: dict[str, list[Counterparty]] = defaultdict(list)
        for party in parties:
            for key in _own_names(party) | _taken_over(party):
                self._by_name[key].append(party)

    def speaking_for(self, party: Counterparty) -> tuple[Counterparty, ...]:
        """Those of the list that bear a name of `party`, or took it over."""
        found = {one.party: one for key in sorted(_own_names(party)) for one in self._by_name.get(key, ())}
        return tuple(found.values())


def _own_names(party: Counterparty) -> Names:
    return names_of(replace(party, successor_of=frozenset()), ())


def _taken_over(party: Counterparty) -> Names:
    return names_of(Counterparty("", aliases=party.successor_of), ())


def _addresses(parties: Iterable[Counterparty]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for party in parties:
        for contact in party.contacts:
            found.setdefault(contact.email.casefold(), contact.email)
    return tuple(found.values())


def _domain(address: str) -> str:
    return address.rpartition("@")[2].casefold()


def warnings(found: tuple[Move, ...], most: int = 50) -> tuple[str, ...]:
    """What whoever confirms a list must not overlook: many gone, then new addresses, those at new domains first."""
    gone = [move.party for move in found if not move.becomes]
    half = f"{len(gone):,} OF {len(found):,} SUPPLIERS WOULD GO, and could ask for nothing any more. Is the sheet complete?"
    news = [line for far in (True, False) for move in found for line in _new_addresses(move, far=far)]
    more = len(news) - most
    rest = (f"NEW ADDRESSES for suppliers we know: {more:,} more",) if more > 0 else ()
    return (*([half] if len(gone) > len(found) * GONE_SHARE else []), *news[:most], *rest)


def _new_addresses(move: Move, *, far: bool) -> Iterator[str]:
    """A line for each address that is new; `far`: those at a domain that it had none at, else the others."""
    others = [name for name in move.becomes if name != move.party]
    through = f" (through {safe(' and '.join(others))})" if others else ""
    where = ", at a domain that it had no address at" if far else ""
    for address in move.added:
        if (address in move.at_new_domain) is far:
            yield f"NEW ADDRESS for {safe(move.party)}{through}, whom we know: {address}{where}"
