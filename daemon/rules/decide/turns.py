"""A letter or a day later: whose turn under the cap has come, and what goes back to a person."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from daemon.rules.counterparties import is_listed, party_address
from daemon.rules.decide import judge as judging
from daemon.rules.decide.drafting import answer_plan, row, settle_item
from daemon.rules.decide.judge import Allowance, Judgement
from daemon.rules.decision import Decision, Fate
from daemon.rules.facts import TurnFacts
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import Answer, AnswerRow
from daemon.rules.moving import moved
from daemon.rules.policy import Counterparty, Mode, Policy
from daemon.rules.reasons import Reason
from daemon.rules.thread import Event, Item, MailThread, State
from daemon.rules.workdays import local_day


def take_turn(thread: MailThread, facts: TurnFacts, policy: Policy) -> Decision | None:
    """Judge the PENDING items of one thread anew, as today's number allows; None: none moves today.

    What has to wait on keeps its place and its promise, and is not told again. Threads are to come in the order of
    their arrival, each with `rates` that count what was queued for those before it.
    """
    party = next((p for p in facts.counterparties if p.party == thread.party), None)
    recipient = recipient_of(thread, party, facts.now)
    waiting = [item for item in thread.items if item.state is State.PENDING]
    observed = policy.mode_for(thread.party) is Mode.OBSERVE
    changed, rows = _moved(waiting, _judgements(waiting, party, recipient, facts, policy), facts.now, observed=observed)
    if not changed:
        return None
    letter = bool(rows)
    thread = replace(
        thread.with_items(changed),
        reply_to=recipient or thread.reply_to,
        letters_queued=thread.letters_queued + letter,
    )
    return Decision(
        Fate.DECIDED,
        Reason.DAILY_CAP,
        keep_content=True,
        moves_mail=True,
        threads=(thread,),
        plans=(answer_plan(thread, Answer(rows=tuple(rows))),) if letter else (),
        observed=observed,
        joins=thread.case_id,
    )


def recipient_of(thread: MailThread, party: Counterparty | None, now: datetime) -> str | None:
    """Where the thread's letters go today: the address as before while it is listed, else the party's own."""
    if party is None:
        return None
    return thread.reply_to if is_listed(thread.reply_to, party, now) else party_address(party, now)


def _judgements(
    waiting: Iterable[Item], party: Counterparty | None, recipient: str | None, facts: TurnFacts, policy: Policy
) -> Iterable[Judgement]:
    if party is None or recipient is None:
        return [judging.hold(Reason.NO_REPLY_ADDRESS, item.outcome) for item in waiting]
    docket = judging.docket(party, facts, policy)
    allowance = Allowance(docket, first_in_line=True)
    return [judging.judge(item.device_id, docket, item.due, allowance) for item in waiting]


def _moved(
    waiting: Iterable[Item], judgements: Iterable[Judgement], now: datetime, *, observed: bool
) -> tuple[list[Item], list[AnswerRow]]:
    """The items that move today, and what is told of them; a hold is told to nobody, for they wait already."""
    changed, rows = [], []
    for item, judgement in zip(waiting, judgements, strict=True):
        if judgement.event in (Event.ANSWER, Event.HOLD):
            changed.append(settle_item(item, judgement, now, observed=observed))
        elif judgement.sent_on is not None:
            changed.append(item.move(Event.ANSWER, reason=Reason.ANSWERED, promised_for=None))
        if judgement.event is Event.ANSWER:
            rows.append(row(item, judgement, local_day(now)))
    return changed, rows


# A letter that did not go, or not yet ───────────────────────────────────────────────────────────────


def held_after_send(
    thread: MailThread, devices: Iterable[DeviceId], reason: Reason, now: datetime, policy: Policy
) -> MailThread:
    """A letter that did not go: what it had answered is held, and ops hear of it. What moved on since stays.

    It is due by today's calendar: a holiday that was made since moved only what was open then.
    """
    settled = [item for item in _of(thread, devices) if item.state is State.ANSWERED or is_kept_back(item)]
    return thread.with_items(replace(_held(item, reason, now), due=moved(item.due, policy)) for item in settled)


def kept_back(thread: MailThread, devices: Iterable[DeviceId], now: datetime) -> MailThread:
    """A letter that has to wait, for letters are stopped: what it answers is open until it goes, and the clock runs.

    Ops were told that letters are stopped, so that they are only reminded of what waits.
    """
    settled = [item for item in _of(thread, devices) if item.state is State.ANSWERED]
    return thread.with_items(replace(_held(item, Reason.KEPT_BACK, now), told_ops_at=now) for item in settled)


def let_go(thread: MailThread, devices: Iterable[DeviceId]) -> MailThread:
    """It need not wait any more: what it answers is answered."""
    waiting = [item for item in _of(thread, devices) if is_kept_back(item)]
    nothing = {"held_at": None, "told_ops_at": None, "reminded_day": 0}
    return thread.with_items(item.move(Event.ANSWER, reason=Reason.ANSWERED, **nothing) for item in waiting)


def is_kept_back(item: Item) -> bool:
    """Decided, and in a letter that waits."""
    return item.state is State.HELD and item.reason is Reason.KEPT_BACK


def _of(thread: MailThread, devices: Iterable[DeviceId]) -> Iterator[Item]:
    items = thread.by_device()
    return (items[device] for device in devices if device in items)


def _held(item: Item, reason: Reason, now: datetime) -> Item:
    return item.move(Event.HOLD, reason=reason, promised_for=None, held_at=now, told_ops_at=None, reminded_day=0)
