"""What our team ordered and that stands until it is taken back or its last day is over: pauses, holidays, waivers.

They are laid over the configured policy, so that every rule sees one Policy and none asks who said what.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from daemon.rules.counterparties import same_address
from daemon.rules.letters import LetterKind, LetterPlan, OpsNews
from daemon.rules.policy import Member, Policy, Role

CODES = "codes"
"""Subject of a pause: letters with codes, to anybody."""


class StandingKind(StrEnum):
    """What stands. `subject` of each is said beside it."""

    PAUSE = "pause"
    """A party, "codes", or empty: everybody."""
    INCIDENT = "incident"
    """A party: frozen until two persons say otherwise."""
    HOLIDAY = "holiday"
    """The day, as yyyy-mm-dd."""
    AWAY = "away"
    """A member's address."""
    WAIVE = "waive"
    """A listed address of which SPF alone is enough."""


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """One of them. `last`: its last day; None: until it is taken back. `words`: why, or the holiday's name."""

    kind: StandingKind
    subject: str
    first: date
    last: date | None
    words: str
    member: str
    """Who ordered it."""
    at: datetime

    def in_force(self, today: date) -> bool:
        """Whether it counts today; a holiday always does, for deadlines look ahead."""
        if self.kind is StandingKind.HOLIDAY:
            return True
        return self.first <= today and (self.last is None or today <= self.last)


def applied(policy: Policy, orders: Iterable[StandingOrder], today: date) -> Policy:
    """`policy` as it is in force today."""
    orders = tuple(orders)
    holidays = {date.fromisoformat(o.subject): o.words for o in orders if o.kind is StandingKind.HOLIDAY}
    return replace(
        policy,
        paused=policy.paused | paused(orders, today),
        away=policy.away | _subjects(orders, today, StandingKind.AWAY),
        accept_spf_only=policy.accept_spf_only | _subjects(orders, today, StandingKind.WAIVE),
        extra_holidays=tuple(sorted({**dict(policy.extra_holidays), **holidays}.items())),
    )


def paused(orders: Iterable[StandingOrder], today: date) -> frozenset[str]:
    """What is kept back today, as `Policy.paused` names it."""
    return _subjects(orders, today, StandingKind.PAUSE, StandingKind.INCIDENT)


def _subjects(orders: Iterable[StandingOrder], today: date, *kinds: StandingKind) -> frozenset[str]:
    return frozenset(order.subject for order in orders if order.kind in kinds and order.in_force(today))


# Pauses in words ────────────────────────────────────────────────────────────────────────────────────


def whose_letters(subject: str) -> str:
    """What a pause of `subject` keeps back."""
    if not subject:
        return "all letters to suppliers"
    return "letters with install codes" if subject == CODES else f"letters to {subject}"


def headline(order: StandingOrder) -> str:
    """The news of a pause or an incident, as the team reads it; it also tells which pause a letter is about."""
    if order.kind is StandingKind.INCIDENT:
        return f"INCIDENT: {order.member} froze {order.subject}"
    return f"{order.member} paused {whose_letters(order.subject)}"


def is_about(plan: LetterPlan, written_at: datetime, order: StandingOrder) -> bool:
    """Whether our letter brought the news of this very pause: of an earlier one of the same it proves nothing."""
    if plan.kind is not LetterKind.NOTICE or not isinstance(plan.content, OpsNews):
        return False
    return plan.content.headline == headline(order) and written_at >= order.at.replace(microsecond=0)


# People ─────────────────────────────────────────────────────────────────────────────────────────────


def person_of(member: Member) -> str:
    """Who a member is, whatever address they write from: the name set for them, else the address without its +tag."""
    local, _, domain = member.address.casefold().rpartition("@")
    return member.name.casefold() or f"{local.partition('+')[0]}@{domain}"


def called(who: str, team: Iterable[Member]) -> tuple[Member, ...]:
    """The members that `who` may mean: by address, else by the part before the @, else by name, else by a word of it.

    All addresses of one person are that person's, so more than one person is a doubt, and more than one address none.
    """
    team, wanted = tuple(team), who.strip().casefold()
    ways = (
        [m for m in team if same_address(m.address, wanted)],
        [m for m in team if m.address.casefold().partition("@")[0] == wanted],
        [m for m in team if m.name.casefold() == wanted],
        [m for m in team if wanted in m.name.casefold().split()],
    )
    people = {person_of(m) for m in next((way for way in ways if way), [])} if wanted else set()
    return tuple(m for m in team if person_of(m) in people)


def approvers_left(team: Iterable[Member], orders: Iterable[StandingOrder], first: date, last: date) -> frozenset[str]:
    """The persons who may approve and are there on every day from `first` to `last`."""
    gone = {
        order.subject
        for order in orders
        if order.kind is StandingKind.AWAY and order.first <= last and (order.last is None or first <= order.last)
    }
    return frozenset(person_of(m) for m in team if m.may(Role.APPROVER) and m.address not in gone)
