"""What a proven counterparty wants: codes, the state of its requests, or a request taken back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from daemon.rules.decide import judge as judging
from daemon.rules.decide.desk import Desk, asked_for, new_thread
from daemon.rules.decide.drafting import answered, has_remarks, pending_row, remarks, row, settle_item
from daemon.rules.decide.judge import Allowance, Docket, Judgement
from daemon.rules.decide.left_or_held import quiet
from daemon.rules.decide.turns import is_kept_back
from daemon.rules.decision import Decision, Fate
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import Answer, AnswerRow
from daemon.rules.reasons import Reason
from daemon.rules.thread import Event, Item, MailThread, Outcome, State
from daemon.rules.workdays import local_day


@dataclass(slots=True)
class _Said:
    """What a letter says of the devices asked for, as it grows."""

    rows: list[AnswerRow] = field(default_factory=list)
    changed: list[Item] = field(default_factory=list)
    sent_before: list[tuple[DeviceId, date]] = field(default_factory=list)
    news: bool = False
    """Something in it is worth a letter; what was said within the last day alone is not."""
    all_repeats: bool = True
    capped: bool = False

    def tell(self, what: AnswerRow, *, repeats: bool) -> None:
        """Say it, and that it is worth a letter."""
        self.rows.append(what)
        self.news = True
        self.all_repeats &= repeats


# Codes ──────────────────────────────────────────────────────────────────────────────────────────────


def request(desk: Desk, devices: Iterable[DeviceId], reason: Reason) -> Decision:
    """Judge each device, in the order of the mail, and answer all in one letter; a thread may come of it."""
    thread = desk.home or new_thread(desk)
    said = _say(desk, thread, devices)
    doubted = desk.meaning.doubted if desk.facts.waiver else ()  # an approval is of what is asked
    left_out = dict.fromkeys(one for one in desk.meaning.left_out if one not in doubted)
    taken = _taken_from(desk, left_out) if left_out else _Taken()
    answer = taken.told(remarks(desk))
    if not said.news and not has_remarks(answer):
        changed = (thread.with_items(said.changed),) if said.changed else ()
        return replace(quiet(desk, Fate.DECIDED, reason if changed else Reason.ASKED_TOO_SOON), threads=changed)
    answer = replace(
        answer,
        rows=tuple(said.rows),
        sent_before=tuple(said.sent_before),
        capped_at=desk.policy.limits.codes_per_counterparty_per_day if said.capped else 0,
        repeat=bool(said.rows) and said.all_repeats,
    )
    thread = taken.threads.get(thread.case_id, thread)
    decision = answered(desk, thread.with_items(said.changed), answer, reason)
    others = (other for case, other in taken.threads.items() if case != thread.case_id)
    return replace(decision, threads=(*decision.threads, *others))


def _say(desk: Desk, thread: MailThread, devices: Iterable[DeviceId]) -> _Said:
    docket = judging.docket(desk.party, desk.facts, desk.policy, desk.facts.asked_by_others)
    allowance = Allowance(docket, first_in_line=False)
    own, elsewhere = thread.by_device(), _open_elsewhere(desk)
    said = _Said()
    for device in devices:
        before = own.get(device)
        waiting = _waiting(desk, before) or elsewhere.get(device)
        if waiting is not None:
            said.tell(pending_row(waiting, local_day(desk.facts.now)), repeats=False)
            continue
        if desk.facts.ordered and not thread.settled and before is not None and before.state is State.ANSWERED:
            said.sent_before.extend((device, day) for day in _sent_on(desk, device)[-1:])
            continue  # the order is about what is still open
        item = asked_for(desk, device, before)
        _settle(desk, said, item, before, _judged(desk, item, before, docket, allowance))
    return said


def _waiting(desk: Desk, before: Item | None) -> Item | None:
    """Open already, and so left as it is; what was held is judged anew where a person ordered the mail.

    Not what is decided, and in a letter that waits: it would be answered twice.
    """
    anew = desk.facts.ordered and before is not None and before.state is State.HELD and not is_kept_back(before)
    return before if before is not None and before.open and not anew else None


def _open_elsewhere(desk: Desk) -> dict[DeviceId, Item]:
    """The open items of this party in other threads; each thread is gone through once."""
    threads = {thread.case_id: thread for thread in desk.facts.open_elsewhere.values()}
    if desk.home:
        threads.pop(desk.home.case_id, None)
    return {item.device_id: item for thread in threads.values() for item in thread.items if item.open}


def _judged(desk: Desk, item: Item, before: Item | None, docket: Docket, allowance: Allowance) -> Judgement:
    if desk.hold is not None:
        return judging.hold(desk.hold)
    judgement = judging.judge(item.device_id, docket, item.due, allowance)
    if before is None or before.state is not State.ANSWERED or judgement.event is not Event.ANSWER:
        return judgement
    if before.outcome is Outcome.CODE is not judgement.outcome:
        return judging.hold(Reason.INVENTORY_STALE, judgement.outcome)  # a "no" that our own earlier letter belies
    same = before.outcome is judgement.outcome is not Outcome.CODE
    return replace(judgement, event=None, reason=Reason.ASKED_TOO_SOON) if same and desk.lately_answered else judgement


def _settle(desk: Desk, said: _Said, item: Item, before: Item | None, judgement: Judgement) -> None:
    if judgement.sent_on is not None:
        said.sent_before.append((item.device_id, judgement.sent_on))
    elif judgement.event is None and judgement.outcome is not None:
        said.rows.append(AnswerRow(item.device_id, judgement.outcome, judgement.note))
    else:
        repeats = bool(_sent_on(desk, item.device_id)) or (before is not None and before.state is State.ANSWERED)
        said.changed.append(settle_item(item, judgement, desk.facts.now, observed=desk.observed))
        said.capped |= judgement.reason is Reason.DAILY_CAP
        if before is not None and before.open and judgement.event is Event.HOLD:
            said.rows.append(row(item, judgement, local_day(desk.facts.now)))
        else:
            said.tell(row(item, judgement, local_day(desk.facts.now)), repeats=repeats)


def _sent_on(desk: Desk, device: DeviceId) -> list[date]:
    """The days of the last month on which the code of `device` went to this very party, oldest first."""
    releases = desk.facts.releases.get(device, ())
    return sorted([local_day(release.at) for release in releases if release.party == desk.party.party])


# The state of requests ──────────────────────────────────────────────────────────────────────────────


def chase(desk: Desk) -> Decision:
    """A chase gets the state of its items.

    While any is open, nothing is sent twice: what was answered is named with its day. Where all was answered, our
    letter missed its reader, and the answers are repeated as far as the limits go.
    """
    named = [asked.device_id for asked in desk.meaning.asked]
    if named:
        return request(desk, named, Reason.CHASE)
    if desk.home is not None and desk.home.items:
        return _chase_of_thread(desk, desk.home)
    if desk.facts.open_threads:
        today = local_day(desk.facts.now)
        rows = (pending_row(item, today) for thread in desk.facts.open_threads for item in thread.items if item.open)
        answer = replace(remarks(desk), rows=tuple(rows))
        return answered(desk, desk.facts.open_threads[-1], answer, Reason.CHASE)
    return _which_request(desk)


def _chase_of_thread(desk: Desk, home: MailThread) -> Decision:
    if not home.settled and not desk.facts.ordered:
        return answered(desk, home, _state_of(desk, home), Reason.CHASE)
    again = [item.device_id for item in home.items if item.open or item.state is State.ANSWERED]
    return request(desk, again, Reason.CHASE) if again else _which_request(desk)


def _state_of(desk: Desk, thread: MailThread) -> Answer:
    rows: list[AnswerRow] = []
    sent: list[tuple[DeviceId, date]] = []
    elsewhere, today = _open_elsewhere(desk), local_day(desk.facts.now)
    for item in thread.items:
        waiting = item if item.open else elsewhere.get(item.device_id)
        if waiting is not None:
            rows.append(pending_row(waiting, today))
        elif item.state is State.ANSWERED and item.outcome is Outcome.CODE:
            sent.extend((item.device_id, day) for day in _sent_on(desk, item.device_id)[-1:])
        elif item.state is State.ANSWERED and item.outcome is not None:
            rows.append(AnswerRow(item.device_id, item.outcome, item.note))
    return replace(remarks(desk), rows=tuple(rows), sent_before=tuple(sent))


def _which_request(desk: Desk) -> Decision:
    """It means a request of theirs, and none is open: ask which."""
    answer = replace(remarks(desk), which_request=True)
    return answered(desk, desk.home or new_thread(desk), answer, Reason.NEED_MORE)


# Taken back ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Taken:
    """What was taken back: the changed threads by case id, its devices, and those named of which nothing was open."""

    threads: dict[str, MailThread] = field(default_factory=dict)
    gone: tuple[DeviceId, ...] = ()
    left: tuple[DeviceId, ...] = ()

    def told(self, answer: Answer) -> Answer:
        """`answer`, which says so too."""
        return replace(answer, withdrawn=self.gone, left_out=self.left)


def withdraw(desk: Desk) -> Decision:
    """Open items are taken back and that is confirmed; what was answered already stays answered."""
    taken = _taken_from(desk, {asked.device_id: None for asked in desk.meaning.asked})
    if not taken.gone and not taken.left and desk.home is not None and (desk.home.items or not desk.facts.open_threads):
        return quiet(desk, Fate.DECIDED, Reason.WITHDRAWAL)
    if not taken.gone and not taken.left:
        return _which_request(desk)
    changed = tuple(taken.threads.values())
    thread = changed[0] if changed else desk.home or new_thread(desk)
    decision = answered(desk, thread, taken.told(remarks(desk)), Reason.WITHDRAWAL)
    return replace(decision, threads=(*decision.threads, *changed[1:]))


def _taken_from(desk: Desk, named: dict[DeviceId, None]) -> _Taken:
    threads = _withdrawn_from(desk, named)
    taken = {thread.case_id: [i for i in thread.items if _is_taken(i, named)] for thread in threads}
    gone = tuple(item.device_id for items in taken.values() for item in items)
    left = tuple(device for device in named if device not in set(gone) and not _was_answered(desk, device))
    changed = {thread.case_id: thread.with_items(map(_taken_back, taken[thread.case_id])) for thread in threads}
    return _Taken(changed, gone, left)


def _is_taken(item: Item, named: dict[DeviceId, None]) -> bool:
    return item.open and (not named or item.device_id in named)


def _taken_back(item: Item) -> Item:
    return item.move(Event.WITHDRAW, reason=Reason.WITHDRAWN_BY_ASKER, promised_for=None, held_at=None)


def _was_answered(desk: Desk, device: DeviceId) -> bool:
    item = desk.home.by_device().get(device) if desk.home else None
    return bool(_sent_on(desk, device)) or (item is not None and item.state is State.ANSWERED)


def _withdrawn_from(desk: Desk, named: dict[DeviceId, None]) -> Sequence[MailThread]:
    """The threads in which something is taken back: theirs, those of the devices named, or their only open one."""
    facts = desk.facts
    candidates = [
        *((desk.home,) if desk.home else ()),
        *(facts.open_elsewhere[d] for d in named if d in facts.open_elsewhere),
    ]
    if not candidates and not named and len(facts.open_threads) == 1:
        candidates = [facts.open_threads[0]]
    unique = {thread.case_id: thread for thread in candidates}
    return [thread for thread in unique.values() if any(_is_taken(item, named) for item in thread.items)]


# Nothing that we could read ─────────────────────────────────────────────────────────────────────────


def need_more(desk: Desk) -> Decision:
    """Codes are wanted, and no device is named that we could read: say where the ID stands."""
    answer = replace(remarks(desk), nothing_found=True, only_quoted=desk.meaning.quotes_devices)
    return answered(desk, desk.home or new_thread(desk), answer, Reason.NEED_MORE)
