"""The digest of a working morning: when it is due, who gets it, and what of the figures goes in.

Quiet by design: the subject says it all, the few things to do come first, and where there is nothing to say one line
says so.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType

from daemon.rules.asking.asking_news import how_it_stands
from daemon.rules.explain import cause
from daemon.rules.letters import AgeBar, Digest, LetterKind, LetterPlan, ToDo
from daemon.rules.morning import DueDay, Morning, Waiting
from daemon.rules.phrases import devices
from daemon.rules.policy import Policy, Role
from daemon.rules.reasons import Reason
from daemon.rules.team import approving
from daemon.rules.wanting import WantState
from daemon.rules.wording.digest_words import news, service, short, things
from daemon.rules.workdays import LONDON, Calendar, local_day

MOST_TO_DO = 7
MOST_LOOKED_AT = 200
"""So many of what is urgent are counted; who has more has no use for the number."""
_TOKEN_DAYS = 2
"""A letter to decide by counts for 72 hours; on the third day a reply may come too late."""
_MOST_BARS = 13
_FOR_PEOPLE: Mapping[WantState, str] = MappingProxyType(
    {
        WantState.WAITING_CONTACT: "LIST held shows whose; send CONTACTS with the complete sheet",
        WantState.WITH_OPS: "LIST held shows which; CLOSE, the reference and why, once done",
    }
)
"""What people do of what we ask of others, and how."""


# When, and to whom ──────────────────────────────────────────────────────────────────────────────────


def due(now: datetime, said: date | None, policy: Policy) -> date | None:
    """The working day whose digest is to be sent now; None: none is. `said`: the day of the last one.

    Only today's is ever due, so that five days of downtime bring one.
    """
    today = local_day(now)
    if policy.digest_at is None or said == today or now.astimezone(LONDON).time() < policy.digest_at:
        return None
    return today if Calendar.of(policy).is_working_day(today) else None


def told_from(today: date, said: date | None, policy: Policy) -> date:
    """The first day of which the digest tells: the last working day, or the day of the last digest where that is older."""
    calendar, day = Calendar.of(policy), today - timedelta(days=1)
    while not calendar.is_working_day(day):
        day -= timedelta(days=1)
    return min(day, said) if said else day


def urgent_by(today: date, policy: Policy) -> date:
    """What is held and due by this day is for today: it has waited until the first reminder, or nearly all its time."""
    first = min(policy.remind_on_working_days, default=policy.answer_within_working_days)
    left = max(1, policy.answer_within_working_days - first)
    return Calendar.of(policy).due(today, left).end


def letters(digest: Digest, case_id: str, policy: Policy) -> tuple[LetterPlan, ...]:
    """One letter to each member who may read and is not away; where all are away, to each of them."""
    able = [member.address for member in policy.team if member.may(Role.READER)]
    here = [address for address in able if address not in policy.away] or able
    return tuple(
        LetterPlan(
            case_id=case_id, kind=LetterKind.DIGEST, seq=seq, to=address, subject=digest.headline, content=digest
        )
        for seq, address in enumerate(here, 1)
    )


# What it says ───────────────────────────────────────────────────────────────────────────────────────


def digest(morning: Morning, policy: Policy) -> Digest:
    """What goes in."""
    todo = [one for _, one in sorted(_todo(morning, policy), key=lambda pair: pair[0])]
    pages = news(morning)
    quiet = not (todo or pages or morning.days)
    return Digest(
        headline=f"{short(morning.today)}: {headline(morning, len(todo), quiet=quiet)}",
        todo=tuple(todo[:MOST_TO_DO]),
        more=max(0, len(todo) - MOST_TO_DO),
        bars=bars(morning.days, morning.today, policy),
        deadline=policy.answer_within_working_days,
        pages=() if quiet else (*pages, service(morning)),
        audit_seq=morning.audit_seq,
        audit_hash=morning.audit_hash[:16],
    )


def headline(morning: Morning, todo: int, *, quiet: bool) -> str:
    """The one line that says it all."""
    if quiet:
        return "nothing is open, held or wrong"
    many = "or more " if len(morning.urgent) >= MOST_LOOKED_AT else ""
    first = f"{todo:,} {many}{'thing' if todo == 1 else 'things'} to do today" if todo else "nothing to do today"
    rest = [f"{sum(day.open for day in morning.days):,} open"] if morning.days else []
    late = sum(day.open for day in morning.days if day.due < morning.today)
    rest += [f"{late:,} overdue"] if late else []
    sought = sum(one.devices for one in morning.sought)
    rest += [f"{sought:,} asked of others"] if sought else []
    wrong = [] if morning.well else ["something is wrong with the service"]
    return "; ".join([first, *([", ".join(rest)] if rest else []), *wrong])


# To do ──────────────────────────────────────────────────────────────────────────────────────────────


def _todo(morning: Morning, policy: Policy) -> Iterator[tuple[tuple[date, int], ToDo]]:
    """The things to do, each with its place: by due date, and on one day by what comes before what."""
    today = morning.today
    if not morning.well:
        words = f"Something is wrong with the service: {(*morning.troubles, morning.health)[0]}"
        yield (date.min, 0), ToDo("Now", words, "tell whoever looks after it, unless they are at it")
    for one in morning.urgent:
        yield (one.due, 1), ToDo(_by(one.due, today), _what(one, today), _do(one, today))
    for proposal in morning.proposals:
        what = f"{proposal.title} (from {proposal.member}, {short(proposal.on)})"
        yield (today, 2), ToDo("Today", what, f"Approvers: {_reply(proposal.on, today)}")
    for some in morning.sought:
        if some.state in _FOR_PEOPLE:
            verb = "is" if some.devices == 1 else "are"
            what = f"{devices(some.devices)} that we ask others for {verb} {how_it_stands(some.state)}"
            yield (today, 3), ToDo("Today", what, _FOR_PEOPLE[some.state])
    taken = morning.inventory_on
    if taken is None or (today - taken).days > policy.inventory_max_age_days:
        age = f"of {short(taken)} is too old to say no by" if taken else "was never imported"
        yield (today, 4), ToDo("Today", f"Our inventory {age}", "send INVENTORY with a fresh sheet attached")


def _by(due_on: date, today: date) -> str:
    if due_on < today:
        return "Overdue"
    return {0: "Today", 1: "Tomorrow"}.get((due_on - today).days, short(due_on))


def _what(one: Waiting, today: date) -> str:
    whose = f"{one.party}, " if one.party else ""
    late = f"; was due {short(one.due)}" if one.due < today else ""
    return f"{one.reference}: {whose}{things(one.devices, 0 if one.devices else 1)}, {cause(one.reason)}{late}"


def _do(one: Waiting, today: date) -> str:
    """What settles it, in a few words."""
    if one.reason is Reason.POISON:
        return f"open it with care; REPLAY {one.reference} reads it once more"
    if one.reason is Reason.OBSERVE_ONLY:
        return f"answer by hand, then send CLOSE {one.reference} and why"
    if one.reason is Reason.KEPT_BACK:
        return f"RESUME lets its letter go, CLOSE {one.reference} takes it back; STATUS shows what is stopped"
    if approving.waives(one.reason) is None:
        return f"STATUS {one.reference} says what to do; CLOSE {one.reference} and why, once done"
    if one.told_on is None or (today - one.told_on).days > _TOKEN_DAYS:
        return f"send APPROVE {one.reference} to get a fresh letter to decide by"
    return _reply(one.told_on, today)


def _reply(told_on: date, today: date) -> str:
    if told_on == today:
        return "reply APPROVE or REJECT to our letter of today"
    return f"reply APPROVE or REJECT to our letter of {short(told_on)}"


# The chart ──────────────────────────────────────────────────────────────────────────────────────────


def bars(days: tuple[DueDay, ...], today: date, policy: Policy) -> tuple[AgeBar, ...]:
    """What is open by working days of age, against the deadline: 0 to 10, then late. Empty: nothing is open.

    Age is counted back from the due date, so that what is drawn before the deadline is never overdue.
    """
    if not days:
        return ()
    calendar, deadline = Calendar.of(policy), policy.answer_within_working_days
    step = -(-(deadline + 1) // (_MOST_BARS - 1))
    held, waiting = [0] * (deadline // step + 2), [0] * (deadline // step + 2)
    for day in days:
        age = max(0, deadline - calendar.working_days_between(today, day.due))
        place = -1 if day.due < today else age // step
        held[place] += day.held + day.mails
        waiting[place] += day.devices - day.held
    firsts = range(0, deadline + 1, step)
    labels = [str(n) if step == 1 else f"{n}-{min(n + step - 1, deadline)}" for n in firsts]
    return tuple(map(AgeBar, (*labels, "late"), held, waiting))
