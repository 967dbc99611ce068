"""Time passed: which holds ops hear of, and when they are reminded of what still waits.

A hold that nobody was told of counts as lost. So what is told, when and to whom stands in this one place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from daemon.rules.explain import cause, next_step, why
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import LetterKind, LetterPlan, Matter, OpsNews
from daemon.rules.policy import Policy, Role
from daemon.rules.reasons import Reason
from daemon.rules.team import approving
from daemon.rules.thread import Outcome
from daemon.rules.workdays import LONDON, Calendar, local_day

BREACH = 99
"""The rung past the due date: an alarm."""
OFFICE_FROM, OFFICE_UNTIL = time(8), time(18)
"""Reminders are written on working days between these hours in London."""
MOST_MATTERS = 100
"""Matters that one letter lists. Further new holds go in a further letter; a reminder counts the rest."""
_ACTING = frozenset({Role.OPERATOR, Role.APPROVER, Role.MANAGER})


@dataclass(frozen=True, slots=True)
class Hold:
    """What a person must look at: one mail held whole, or the devices of one thread held for one reason."""

    mail_id: int
    """The mail held whole, or the one that began the thread."""
    case_id: str
    """Empty: a mail held whole."""
    party: str
    reason: Reason
    sender: str
    subject: str
    arrived: datetime
    held_at: datetime
    start: date
    """The day from which its clock counts."""
    due: date
    due_sum: str
    outcome: Outcome | None = None
    """What would have been answered."""
    reference: str = ""
    devices: tuple[DeviceId, ...] = ()
    told_ops_at: datetime | None = None
    reminded_day: int = 0
    wait_until: date | None = None
    """No reminder before that day, as a member said; the alarm comes all the same."""
    evidence: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Names it: the same hold has the same key, and the next hold of the same devices another."""
        what = (self.case_id or f"mail:{self.mail_id}", self.reason, self.outcome or "")
        when = (self.start, self.due, self.held_at, self.reminded_day)
        return "|".join(map(str, (*what, *when)))


@dataclass(frozen=True, slots=True)
class Notice:
    """News for ops: one letter to each of those who hear of it."""

    kind: LetterKind
    holds: tuple[Hold, ...]
    """Most urgent first; a letter lists the first MOST_MATTERS of them."""


# What is due ────────────────────────────────────────────────────────────────────────────────────────


def first_notices(holds: Iterable[Hold], now: datetime, policy: Policy) -> list[Notice]:
    """The news of `holds`, which ops were not told of yet.

    Gathered by supplier and cause: once the oldest of a group has waited for `hold_gather_minutes`, all of the
    group goes. A mail that was set aside unread is told at once. What nobody proved to have written is told in one
    letter, however much it is: else a forger could fill the team's mailboxes.
    """
    groups: dict[tuple[str, Reason], list[Hold]] = {}
    for hold in holds:
        groups.setdefault((hold.party, hold.reason), []).append(hold)
    notices = []
    for (_, reason), group in groups.items():
        kind = LetterKind.QUARANTINE if reason is Reason.POISON else LetterKind.HELD
        if kind is LetterKind.QUARANTINE or min(h.held_at for h in group) <= gathered_since(now, policy):
            group.sort(key=lambda h: (h.due, h.arrived, h.key))
            step = len(group) if reason in _UNPROVEN else MOST_MATTERS
            notices += [Notice(kind, tuple(group[n : n + step])) for n in range(0, len(group), step)]
    return notices


def gathered_since(now: datetime, policy: Policy) -> datetime:
    """A group whose oldest hold is of this moment or before has been gathered long enough."""
    return now - timedelta(minutes=policy.hold_gather_minutes)


def in_office_hours(now: datetime, calendar: Calendar) -> bool:
    """A working day in London, between 08:00 and 18:00 by the clock on its walls."""
    return calendar.is_working_day(local_day(now)) and OFFICE_FROM <= now.astimezone(LONDON).time() < OFFICE_UNTIL


def reached(start: date, today: date, calendar: Calendar, policy: Policy) -> int:
    """The highest working day of `remind_on_working_days` that a clock begun on `start` has reached; 0: none."""
    elapsed = calendar.working_days_between(start, today)
    return max((day for day in policy.remind_on_working_days if day <= elapsed), default=0)


@dataclass(frozen=True, slots=True)
class Band:
    """Holds last reminded from `reminded_from` up to, not including, `reminded_below` are due for `reminded_below`
    if their clock began on `started_by` or before.
    """

    reminded_from: int
    reminded_below: int
    started_by: date


def bands(today: date, calendar: Calendar, policy: Policy) -> tuple[Band, ...]:
    """Where to look for holds whose reminder is due today, so that no others need be read."""
    rungs = sorted(set(policy.remind_on_working_days))
    return tuple(
        Band(low, high, _started_by(today, high, calendar)) for low, high in zip([0, *rungs], rungs, strict=False)
    )


def _started_by(today: date, working_days: int, calendar: Calendar) -> date:
    """The last start from which at least `working_days` working days have passed, `today` counted."""
    day, left = today, working_days
    while left:
        left -= calendar.is_working_day(day)
        day -= timedelta(days=1)
    return day


def rung(hold: Hold, now: datetime, calendar: Calendar, policy: Policy) -> int:
    """The reminder that is due: working day 3, 7 or 9, BREACH once the due date has passed, or 0.

    It is the highest reached and not yet sent; those passed over while we were down or a member said WAIT are
    dropped, so that a restart after Christmas sends one. A breach is an alarm and waits for no office hours. What is held for the mode
    alone is never called a breach: people answer it by hand, and we do not see that they did.
    """
    today = local_day(now)
    if today > hold.due:
        return BREACH if hold.reminded_day < BREACH and hold.reason is not Reason.OBSERVE_ONLY else 0
    if not in_office_hours(now, calendar) or (hold.wait_until is not None and today < hold.wait_until):
        return 0
    highest = reached(hold.start, today, calendar, policy)
    return highest if highest > hold.reminded_day else 0


def reminders(holds: Iterable[Hold], now: datetime, policy: Policy) -> list[Notice]:
    """At most one gathered reminder and one alarm, most urgent matters first."""
    calendar = Calendar.of(policy)
    by_kind: dict[LetterKind, list[Hold]] = {}
    for hold in sorted(holds, key=lambda h: (h.due, h.arrived, h.key)):
        step = rung(hold, now, calendar, policy)
        if step:
            by_kind.setdefault(LetterKind.BREACH if step == BREACH else LetterKind.REMINDER, []).append(hold)
    return [Notice(kind, tuple(group)) for kind, group in sorted(by_kind.items())]


# Words ──────────────────────────────────────────────────────────────────────────────────────────────


def hears(policy: Policy, kind: LetterKind) -> tuple[str, ...]:
    """Who on the team gets news of this kind: those who may act; of what a member did everybody; of an alarm everybody,
    and the manager. Whoever is away hears nothing, while somebody else is there.

    Where nobody may act everybody hears: a hold that nobody was told of is lost.
    """
    here = [member for member in policy.team if member.address not in policy.away] or list(policy.team)
    acting = [member.address for member in here if member.roles & _ACTING]
    everybody = [member.address for member in here]
    alarm = kind in (LetterKind.BREACH, LetterKind.ALARM)
    addresses = everybody if alarm or kind is LetterKind.NOTICE or not acting else acting
    if policy.manager and (alarm or not addresses):
        addresses = [*addresses, policy.manager]
    return tuple(dict.fromkeys(addresses))


def letters(notice: Notice, case_id: str, policy: Policy, today: date) -> tuple[LetterPlan, ...]:
    """One letter for each of those who hear of it, with what their role may do. `case_id` is the derived name of the
    notice.
    """
    told = news(notice, policy, today)
    plans = addressed(case_id, notice.kind, told, hears(policy, notice.kind))
    return tuple(replace(plan, content=as_may(told, plan.to, policy)) for plan in plans)


def as_may(told: OpsNews, address: str, policy: Policy) -> OpsNews:
    """The news as a letter to this address has it: nobody is offered what they may not do, where somebody else may."""
    approvers = tuple(member.address for member in policy.team if member.may(Role.APPROVER))
    if address in approvers or not approvers or not any(matter.decidable for matter in told.matters):
        return told
    acts = any(member.may(Role.OPERATOR) for member in policy.team if member.address == address)
    undecided = (replace(matter, on_approve="", on_reject="") for matter in told.matters)
    shown = undecided if acts else (replace(one, case_id="", mail_id=0, proposal_id=0) for one in undecided)
    return replace(told, matters=tuple(shown), needed=0, decided_by=approvers)


def addressed(case_id: str, kind: LetterKind, told: OpsNews, addresses: Iterable[str]) -> tuple[LetterPlan, ...]:
    """The same news to each of our team in a letter of their own."""
    return tuple(
        LetterPlan(case_id=case_id, kind=kind, seq=number, to=address, subject=told.headline, content=told)
        for number, address in enumerate(addresses, 1)
    )


def news(notice: Notice, policy: Policy, today: date) -> OpsNews:
    """What such a letter says."""
    matters = [matter(hold) for hold in notice.holds[:MOST_MATTERS]]
    if len(notice.holds) > MOST_MATTERS:
        matters.append(_rest(len(notice.holds) - MOST_MATTERS))
    parties = {hold.party for hold in notice.holds if hold.reason not in _UNPROVEN}
    return OpsNews(
        headline(notice, today),
        tuple(matters),
        party=parties.pop() if len(parties) == 1 else "",
        needed=policy.approvals_needed if any(one.on_approve for one in matters) else 0,
    )


def headline(notice: Notice, today: date) -> str:
    """The one line that says it all: how much, whose, why if it is one cause, and by when."""
    holds = notice.holds
    causes = {hold.reason for hold in holds}
    parties = {hold.party for hold in holds}
    origin = "in the name of" if causes <= _UNPROVEN else "from"
    whose = f" {origin} {holds[0].party}" if len(parties) == 1 and holds[0].party else ""
    because = f": {cause(holds[0].reason)}" if len(causes) == 1 else ""
    return f"{_LEAD[notice.kind]} {_counted(notice)}{whose}{because}, {_by_when(holds, today)}"


_UNPROVEN = frozenset({Reason.UNPROVEN_SENDER, Reason.AMBIGUOUS_SENDER, Reason.REPLAYED_SIGNATURE})
"""Nobody knows who wrote it."""
_LEAD = {
    LetterKind.HELD: "Held:",
    LetterKind.REMINDER: "Still waiting:",
    LetterKind.BREACH: "OVERDUE:",
    LetterKind.QUARANTINE: "Set aside:",
}


def _counted(notice: Notice) -> str:
    devices = sum(len(hold.devices) for hold in notice.holds)
    mails = sum(not hold.devices for hold in notice.holds)
    parts = [_number(devices, "device")] if devices else []
    parts += [_number(mails, "mail")] if mails else []
    return " and ".join(parts)


def _number(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _by_when(holds: Sequence[Hold], today: date) -> str:
    earliest = min(hold.due for hold in holds)
    if earliest < today:
        return f"was due {earliest:%a %-d %b}"
    if earliest == today:
        return "due today"
    answers = any(hold.devices for hold in holds)  # a mail held whole may be one that nobody should answer
    return f"{'answer by' if answers else 'due'} {earliest:%a %-d %b}"


def matter(hold: Hold) -> Matter:
    """One hold as ops read it: what, why, by when, and what can be done."""
    return Matter(
        what=_what(hold),
        why=why(hold.reason),
        due=hold.due,
        reference=hold.reference or f"mail {hold.mail_id}",
        devices=hold.devices,
        sender=hold.sender,
        arrived=hold.arrived,
        due_sum=hold.due_sum,
        subject=hold.subject,
        evidence=hold.evidence,
        next_step=next_step(hold.reason),
        case_id=hold.case_id,
        mail_id=0 if hold.case_id else hold.mail_id,
        on_approve=approving.on_approve(hold.reason, hold.outcome, hold.party, len(hold.devices)),
        on_reject=approving.on_reject(hold.reason, len(hold.devices)),
    )


def _what(hold: Hold) -> str:
    count = len(hold.devices)
    if not count:
        return f"Mail held: {cause(hold.reason)}"
    would = f"; we would have answered {hold.outcome}" if hold.reason is Reason.OBSERVE_ONLY and hold.outcome else ""
    return f"{_number(count, 'device')} held: {cause(hold.reason)}{would}"


def _rest(count: int) -> Matter:
    return Matter(
        what=f"{_number(count, 'further matter')} like these, less urgent",
        why=f"A letter lists {MOST_MATTERS} at most.",
        next_step="LIST held shows them all.",
    )
