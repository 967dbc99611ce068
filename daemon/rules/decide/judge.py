"""One device of one party: what is it to be told, or why must a person look?

The order of the questions is the order of harm; the first that settles it does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from daemon.rules import disclosure
from daemon.rules.counterparties import Names, called, called_to_others, names_of, own_names
from daemon.rules.disclosure import DISCLOSABLE_STATUSES, TYPES_WITHOUT_CODE, is_ours
from daemon.rules.facts import DeviceRecord, Facts, Rates, Release, TurnFacts
from daemon.rules.gate import Gate, Waiver
from daemon.rules.identifiers import DeviceId
from daemon.rules.policy import Counterparty, Policy
from daemon.rules.reasons import Reason
from daemon.rules.thread import Event, Outcome
from daemon.rules.workdays import DueDate, local_day


@dataclass(frozen=True)
class Docket:
    """All that a judgement of one party's devices may depend on; names are worked out once, not for each device."""

    party: str
    asker: Names
    ours: Names
    book: tuple[Counterparty, ...]
    policy: Policy
    now: datetime
    records: Mapping[DeviceId, DeviceRecord]
    stale: bool
    """The inventory is too old, or was never there, for a "no" to be true."""
    releases: Mapping[DeviceId, tuple[Release, ...]]
    rates: Rates
    asked_by_others: frozenset[DeviceId] = frozenset()
    waiver: Waiver | None = None
    """Our team approved: a person's word stands for what they waived, and for the age of our inventory."""

    @cached_property
    def others(self) -> Mapping[str, str]:
        """How other suppliers are named to the asker; only where a device is not ours."""
        return called_to_others(self.book)

    def waives(self, gate: Gate) -> bool:
        """Whether our team waived this condition."""
        return self.waiver is not None and gate in self.waiver.gates


def docket(
    party: Counterparty,
    facts: Facts | TurnFacts,
    policy: Policy,
    asked_by_others: frozenset[DeviceId] = frozenset(),
) -> Docket:
    """The docket of `party`. A turn knows no other askers: whoever waits for a turn asked first."""
    oldest = facts.now - timedelta(days=policy.inventory_max_age_days)
    return Docket(
        party=party.party,
        asker=names_of(party, facts.counterparties),
        ours=own_names(policy),
        book=facts.counterparties,
        policy=policy,
        now=facts.now,
        records=facts.records,
        stale=facts.inventory_taken_at is None or facts.inventory_taken_at < oldest,
        releases=facts.releases,
        rates=facts.rates,
        asked_by_others=asked_by_others,
        waiver=facts.waiver,
    )


@dataclass(frozen=True, slots=True)
class Judgement:
    """What happens to an item. No event: nothing does, for it was answered lately.

    `sent_on`: the day on which its code went to them, where that is why nothing happens.
    """

    event: Event | None
    outcome: Outcome | None = None
    reason: Reason | None = None
    note: str = ""
    promised_for: date | None = None
    sent_on: date | None = None


def hold(reason: Reason, outcome: Outcome | None = None) -> Judgement:
    """A person must look; `outcome`: what would have been answered otherwise."""
    return Judgement(Event.HOLD, outcome=outcome, reason=reason)


def _tell(outcome: Outcome, note: str = "") -> Judgement:
    return Judgement(Event.ANSWER, outcome=outcome, reason=Reason.ANSWERED, note=note)


_CODE = _tell(Outcome.CODE)


class Allowance:
    """How many codes may still go today, counted down as they are granted; then the places in the line.

    `first_in_line`: whoever is judged is the head of the queue; else those who wait already go first.
    """

    def __init__(self, of: Docket, *, first_in_line: bool) -> None:
        limits, rates = of.policy.limits, of.rates
        self._per_day = limits.codes_per_counterparty_per_day
        self._waiting = 0 if first_in_line else rates.codes_waiting_for_party
        self._today = 0 if self._waiting else self._per_day - rates.codes_today_to_party
        self._all = limits.codes_per_day - rates.codes_today
        self._day = local_day(of.now)

    def grant(self, due: DueDate) -> Judgement:
        """CODE while the day's number lasts; then a place in the line, or a hold where that would break `due`."""
        if self._today > 0:
            return self._grant_now()
        turn = self._next_turn()
        if turn is None or turn > due.end:
            return hold(Reason.CAP_BREAKS_DUE_DATE, Outcome.CODE)
        self._waiting += 1
        return Judgement(Event.DEFER, outcome=Outcome.CODE, reason=Reason.DAILY_CAP, promised_for=turn)

    def _grant_now(self) -> Judgement:
        if self._all <= 0:
            return hold(Reason.GLOBAL_CAP, Outcome.CODE)
        self._today -= 1
        self._all -= 1
        return _CODE

    def _next_turn(self) -> date | None:
        """The day on which the next in line is served; None where a day serves nobody."""
        return self._day + timedelta(days=1 + self._waiting // self._per_day) if self._per_day > 0 else None


def judge(device: DeviceId, of: Docket, due: DueDate, allowance: Allowance) -> Judgement:
    """The outcome for one device of `of.party`, without regard to the mode."""
    record = of.records.get(device)
    settled = _without_code(record, of)
    if settled is not None:
        return settled
    fault = disclosure.device_fault(device, record, of.ours, of.asker)
    if fault is not None and not disclosure.waived((fault,), of.waiver)[0].holds:
        return hold(fault.reason or Reason.GATE_AT_SEND, Outcome.CODE)
    if record is None or not record.has_code:
        return hold(Reason.DEVICE_STATUS, Outcome.CODE)  # an approval cannot make a code of none
    if of.waives(Gate.WITHIN_LIMITS):
        return _CODE
    releases = of.releases.get(device, ())
    if device in of.asked_by_others or disclosure.to_others(releases, of.party):
        return hold(Reason.ASKED_BY_ANOTHER, Outcome.CODE)
    return _asked_again(releases, of) or allowance.grant(due)


def _without_code(record: DeviceRecord | None, of: Docket) -> Judgement | None:
    """The answers that carry no code; a "no" out of an old inventory is held, for it may be untrue."""
    if record is not None and record.device_type in TYPES_WITHOUT_CODE:
        return _tell(Outcome.TYPE_HAS_NO_CODE, f"device: {record.linked_gsme}" if record.linked_gsme else "")
    if record is None or not is_ours(record, of.ours):
        installer = f"installer: {called(record.installing_supplier, of.others, of.asker)}" if record else ""
        said = _tell(Outcome.NOT_INSTALLER, installer)
    elif not record.has_code and record.status in DISCLOSABLE_STATUSES:
        said = _tell(Outcome.NO_CODE_HELD)
    else:
        return None
    return hold(Reason.INVENTORY_STALE, said.outcome) if of.stale and of.waiver is None else said


def _asked_again(releases: tuple[Release, ...], of: Docket) -> Judgement | None:
    """First answer and at most two repeats in 30 days, a day apart; sooner is counted, and sends nothing."""
    if not releases:
        return None
    limits = of.policy.limits
    last = max(release.at for release in releases)
    if of.now - last < timedelta(hours=limits.hours_between_repeats):
        return Judgement(None, Outcome.CODE, Reason.ASKED_TOO_SOON, sent_on=local_day(last))
    if len(releases) >= limits.codes_per_device_per_30_days:
        return hold(Reason.REPEAT_LIMIT, Outcome.CODE)
    return None
