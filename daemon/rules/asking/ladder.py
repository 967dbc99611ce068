"""The chase ladder: who is chased today for what they owe us, how firmly, and when our own team takes over.

A device climbs `policy.ladder` by the working days since its present party was asked, of the calendar that is most
lenient to that party. It takes the highest rung reached; what was passed over, while we were down or a member said WAIT,
is never made up for. A party gets one gathered letter on a chase day, which lists all that it owes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

from daemon.rules import counterparties
from daemon.rules.asking import routing
from daemon.rules.overdue import in_office_hours
from daemon.rules.policy import OWED_WORKING_DAYS, ChaseKind, Counterparty, Policy, Rung, Weekday
from daemon.rules.wanting import WAITING, Want, WantEvent, WantState
from daemon.rules.workdays import Calendar, local_day

# One device ─────────────────────────────────────────────────────────────────────────────────────────


def next_rung(want: Want, today: date, policy: Policy) -> Rung | None:
    """The highest rung that `want` has reached and not yet used; None: nothing is due.

    Nobody is called late before their due date has passed, and nothing is escalated that ops did not see coming.
    A promise stops nothing: our own clock runs on.
    """
    return _reached(want, today, policy, foretold=_is_foretold(want, today))


def _reached(want: Want, today: date, policy: Policy, *, foretold: bool) -> Rung | None:
    if want.state not in WAITING or _is_silenced(want, today):
        return None
    calendar = routing.chase_calendar(policy)
    elapsed, used = _elapsed(calendar, _asked_on(want), today), _height_of(want.rung)
    late = today > _last_day(want, calendar)
    due = (
        rung
        for rung in policy.ladder
        if rung.reached_on(want.needed_by) <= elapsed
        and _height(rung) > used
        and (late or not rung.kind.calls_late)
        and (foretold or rung.kind is not ChaseKind.ESCALATION)
    )
    return max(due, key=_height, default=None)


def _is_silenced(want: Want, today: date) -> bool:
    return want.wait_until is not None and today < want.wait_until


def _is_foretold(want: Want, today: date) -> bool:
    """Ops were told for a day that has come. A WAIT that runs longer than that day asks for new telling."""
    told = want.foretold_for
    return told is not None and told <= today and (want.wait_until is None or want.wait_until <= told)


def _asked_on(want: Want) -> date:
    """The day on which its present party was asked."""
    return local_day(want.asked[-1].at if want.asked else want.ordered_at)


def _last_day(want: Want, calendar: Calendar) -> date:
    """The last day on which nobody would call it late, by today's list of holidays."""
    last = _owed_until(calendar, _asked_on(want))
    return last if want.late_from is None else max(last, want.late_from)


def _height(rung: Rung) -> tuple[int, int]:
    """Where it stands in any ladder: the firmer kind is higher, then the later day."""
    return rung.kind.firmness, rung.day


def _height_of(name: str) -> tuple[int, int]:
    """The same of a rung's name, which may be of a ladder that was set before; of no name: below all."""
    kind, _, day = name.rpartition(" ")
    return (ChaseKind(kind).firmness, int(day)) if name else (-1, 0)


@lru_cache(maxsize=4096)
def _elapsed(calendar: Calendar, start: date, today: date) -> int:
    return calendar.working_days_between(start, today)


@lru_cache(maxsize=4096)
def _owed_until(calendar: Calendar, asked_on: date) -> date:
    return calendar.due(asked_on, OWED_WORKING_DAYS).end


# Days and hours ─────────────────────────────────────────────────────────────────────────────────────


def may_chase(now: datetime, policy: Policy) -> bool:
    """A working day of the chase calendar, 08:00 to 18:00 in London."""
    return in_office_hours(now, routing.chase_calendar(policy))


def is_chase_day(today: date, policy: Policy, wants: Iterable[Want] = ()) -> bool:
    """A working day that is one of the chase days, or the first one after one of `wants` was due."""
    calendar = routing.chase_calendar(policy)
    if not calendar.is_working_day(today):
        return False
    return tuple(Weekday)[today.weekday()] in policy.chase_days or any(
        _elapsed(calendar, _last_day(want, calendar), today) == 1 for want in wants
    )


# All of them ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Chase:
    """One letter to one address."""

    party: str
    to: str
    kind: ChaseKind
    """The firmest of the rungs due that name this address."""
    wants: tuple[Want, ...]
    """All that the party owes us but what a member said WAIT for, longest asked first, each as it is after this letter."""
    changed: tuple[Want, ...]
    """Those whose rung is used today. They stand in the first of a party's letters, and not in the others."""
    saying: str = ""
    """Words of our team's, in answer to what they asked."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """News for ops of what will be escalated: they may say WAIT until then."""

    party: str
    day: date
    wants: tuple[Want, ...]
    """With the day noted; to be kept, else it is not escalated."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """Devices that are with our own team from now on, each with its reason."""

    party: str
    wants: tuple[Want, ...]


Step = Chase | Foresight | HandOver


@dataclass(frozen=True, slots=True)
class _Round:
    """What holds for every party of one look."""

    now: datetime
    today: date
    tomorrow: date
    """The next working day."""
    book: tuple[Counterparty, ...]
    policy: Policy
    quiet: frozenset[str]
    dead: Collection[str]


def chases(
    wants: Iterable[Want],
    book: tuple[Counterparty, ...],
    now: datetime,
    policy: Policy,
    *,
    chased_today: Collection[str] = (),
    dead: Collection[str] = (),
) -> list[Step]:
    """All that is to be done at this moment, party by party. Nothing outside office hours or on a day off.

    `chased_today`: parties or addresses that got a chase letter on this day: such a party is left alone until
    tomorrow. `dead`: addresses whose mail comes back for good: the next listed one takes their place.
    """
    if not may_chase(now, policy):
        return []
    today = local_day(now)
    tomorrow = routing.chase_calendar(policy).due(today, 1).end
    quiet = frozenset(one.casefold() for one in chased_today)
    look = _Round(now, today, tomorrow, book, policy, quiet, dead)
    by_party: dict[str, list[Want]] = {}
    for want in sorted(wants, key=lambda w: (w.party, _asked_on(w), w.device_id)):
        if want.state in WAITING:
            by_party.setdefault(want.party, []).append(want)
    return [step for party, theirs in by_party.items() for step in _steps(party, theirs, look)]


def _steps(name: str, owed: list[Want], look: _Round) -> Iterator[Step]:
    """What one party has coming: devices handed over, the letter of today, what ops are told of tomorrow's."""
    climbing = [(want, next_rung(want, look.today, look.policy)) for want in owed]
    handed = [want for want, rung in climbing if rung and rung.kind is ChaseKind.HAND_OVER]
    if handed:
        yield _hand_over(
            name, handed, f"{name} has sent nothing that settles it, and the last step of the chase ladder is reached"
        )
    left = [(want, rung) for want, rung in climbing if not rung or rung.kind is not ChaseKind.HAND_OVER]
    if look.policy.is_paused(name):
        return
    due = [(want, rung) for want, rung in left if rung]
    if due and _is_written_to(name, [want for want, _ in due], look):
        to = _addressed(name, {rung for _, rung in due}, look)
        if to:
            left = [(_used(want, rung, look.today) if rung else want, rung) for want, rung in left]
            yield from _letters(name, to, [one for one in left if not _is_silenced(one[0], look.today)])
        else:
            yield _hand_over(name, [want for want, _ in due], f"{name} has no address that we may write to")
            left = [(want, rung) for want, rung in left if not rung]
    yield from _foresights(name, [want for want, _ in left], look)


def _is_written_to(name: str, due: list[Want], look: _Round) -> bool:
    """Today is a chase day for it, and it was not chased today."""
    party = counterparties.resolve(name, look.book)
    called = {name.casefold(), *(c.email.casefold() for c in party.contacts)} if party else {name.casefold()}
    return called.isdisjoint(look.quiet) and is_chase_day(look.today, look.policy, due)


def _addressed(name: str, rungs: Iterable[Rung], look: _Round) -> dict[str, ChaseKind]:
    """The addresses that these rungs name, each with the firmest kind of letter for it; the gentlest letter first."""
    party = counterparties.resolve(name, look.book)
    kinds: dict[str, ChaseKind] = {}
    if party is None:
        return kinds
    for rung in sorted(rungs, key=_height):
        kinds |= dict.fromkeys(routing.addresses(party, rung.to, look.now, dead=look.dead), rung.kind)
    return kinds


def _letters(name: str, to: Mapping[str, ChaseKind], standing: list[tuple[Want, Rung | None]]) -> Iterator[Chase]:
    wants = tuple(want for want, _ in standing)
    changed = tuple(want for want, rung in standing if rung)
    for number, (address, kind) in enumerate(to.items()):
        yield Chase(name, address, kind, wants, () if number else changed)


def _used(want: Want, rung: Rung, today: date) -> Want:
    """`want` once it was chased so."""
    noted = replace(want, rung=rung.name, rung_on=today)
    if rung.kind is ChaseKind.ESCALATION:
        return noted.move(WantEvent.ESCALATE)
    is_news = rung.kind is ChaseKind.OVERDUE and want.state not in (WantState.OVERDUE, WantState.ESCALATED)
    return noted.move(WantEvent.LATE) if is_news else noted


def _hand_over(name: str, wants: Iterable[Want], reason: str) -> HandOver:
    return HandOver(name, tuple(want.move(WantEvent.HAND_OVER, reason=reason) for want in wants))


def _foresights(name: str, owed: list[Want], look: _Round) -> Iterator[Foresight]:
    """What the letter of the next working day would escalate, as far as ops do not know."""
    coming = [(w, rung) for w in owed if (rung := _reached(w, look.tomorrow, look.policy, foretold=True))]
    ahead = [
        replace(want, foretold_for=look.tomorrow)
        for want, rung in coming
        if rung.kind is ChaseKind.ESCALATION and not _is_foretold(want, look.tomorrow)
    ]
    if ahead and is_chase_day(look.tomorrow, look.policy, [want for want, _ in coming]):
        yield Foresight(name, look.tomorrow, tuple(ahead))
