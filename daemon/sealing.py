"""From a claimed letter to its bytes: the gate asked again, codes opened, written, sealed, frozen.

`judge` reads and `set_down` writes, each in a transaction of the caller's. A code is in the clear here alone, for as long
as `judge` runs, and in the bytes of its letter while they are on the wire. What the gate does not let go is held, and
says so.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from daemon.edge import audit, inventory, outbox, threads, wants
from daemon.edge.audit import Entry
from daemon.edge.database import chunks
from daemon.edge.inbox import whereabouts
from daemon.edge.outbox import LetterState, Queued, attempts
from daemon.errors import SealBroken
from daemon.gatekeeper import Go, Ruling, rule
from daemon.mail.compose import compose
from daemon.mail.message import Envelope
from daemon.parts import Parts
from daemon.rules.decide.filed import folder_for
from daemon.rules.decide.turns import held_after_send, kept_back, let_go
from daemon.rules.decision import folder_path
from daemon.rules.disclosure import failures
from daemon.rules.explain import next_step, why
from daemon.rules.gate import Condition
from daemon.rules.identifiers import DeviceId, InstallCode
from daemon.rules.letters import Answer, Asking, LetterKind, LetterPlan, Matter, OpsNews, Result
from daemon.rules.overdue import addressed, hears
from daemon.rules.reasons import Reason
from daemon.rules.thread import MailThread, Outcome, State
from daemon.rules.wording import write

log = structlog.get_logger()
K = TypeVar("K")

_OTHER_RECIPIENT = (
    "Check who gets codes ([[company.team]], role code_recipients). Where nobody has them yet, they are handed over by "
    "themselves once somebody else stands there"
)
MOST_IN_ENTRY = 30
"""Devices in an entry of the audit trail, so that EVIDENCE shows it whole."""
SUSPENDED_FOR = timedelta(minutes=1)
"""How long a letter with codes waits before the gate is asked whether it is still suspended."""


@dataclass(frozen=True, slots=True)
class End:
    """How a letter ends that does not go: HELD or REJECTED, why, and in whose words."""

    state: LetterState
    reason: Reason
    words: str
    verdict: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """A claimed letter, and what the gate said of it now; with its sealed bytes where it `goes`."""

    queued: Queued
    ruling: Ruling
    goes: bool
    opened: bool = False
    """Its codes were, for its bytes."""


def judge(connection: Connection, parts: Parts, claimed: Sequence[Queued], now: datetime) -> list[Judged]:
    """What may go now, written and sealed, and what may not. Reads and writes nothing down: it holds no other writer up."""
    rulings = list(zip(claimed, rule(connection, parts, claimed, now), strict=True))
    going = [queued for queued, ruling in rulings if ruling.go is Go.SEND]
    codes = _Codes(_opened(connection, parts, going), _answered(connection, parts, going))
    return [_judged(parts, queued, ruling, codes) for queued, ruling in rulings]


def _judged(parts: Parts, queued: Queued, ruling: Ruling, codes: "_Codes") -> Judged:
    goes = ruling.go is Go.SEND and _can_be_written(queued, codes)
    if not goes or queued.content is not None:
        return Judged(queued, ruling, goes)
    return Judged(_sealed(parts, queued, codes), ruling, goes, opened=True)


def set_down(connection: Connection, parts: Parts, judged: Sequence[Judged], now: datetime) -> list[Queued]:
    """Freeze the bytes of what goes, and write down what does not; those that go, in their order."""
    going = [one for one in judged if one.goes]
    openings = (entry for one in going if one.opened for entry in _openings(one.queued, now))
    ends: list[Entry] = []
    for one in judged:
        if not one.goes:
            ends += _put_down(connection, parts, one.queued, one.ruling, now)
    attempts.freeze(connection, [(one.queued, one.ruling.verdict) for one in going])
    _let_go(connection, [one.queued for one in going])
    _kept_back(connection, [one.queued for one in judged if one.ruling.go is Go.WAIT], now)
    audit.append(connection, parts.vault, chain(openings, ends))
    return [one.queued for one in going]


# Its bytes ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Codes:
    """Codes in the clear: `ours`, out of our inventory, for suppliers; `theirs`, answered to us, for our own team."""

    ours: Mapping[DeviceId, InstallCode] = field(repr=False)
    theirs: Mapping[DeviceId, InstallCode] = field(repr=False)

    def of(self, plan: LetterPlan) -> Mapping[DeviceId, InstallCode]:
        """The codes that this letter may carry; those of the one kind never stand in a letter of the other."""
        return self.theirs if isinstance(plan.content, Result) else self.ours


def _answered(connection: Connection, parts: Parts, going: Sequence[Queued]) -> dict[DeviceId, InstallCode]:
    """The codes that other suppliers gave us, for the letters to our own code recipients."""
    ids = dict.fromkeys(want for queued in going if queued.content is None for want in queued.plan.result_wants)
    return _each_that_opens(lambda some: wants.open_codes(connection, parts.vault, some), list(ids))


def _opened(connection: Connection, parts: Parts, going: Sequence[Queued]) -> dict[DeviceId, InstallCode]:
    """The codes of those letters that have no bytes yet."""
    devices = dict.fromkeys(d for queued in going if queued.content is None for d in queued.plan.code_devices)
    return _each_that_opens(lambda some: inventory.open_codes(connection, parts.vault, some), list(devices))


def _each_that_opens(
    open_codes: Callable[[Sequence[K]], dict[DeviceId, InstallCode]], keys: Sequence[K]
) -> dict[DeviceId, InstallCode]:
    """All in one go; where one does not open it is left out, and takes none with it."""
    try:
        return open_codes(keys) if keys else {}
    except SealBroken as failure:
        trouble = str(failure)
    log.error("a code does not open", why=trouble)
    codes: dict[DeviceId, InstallCode] = {}
    for key in keys:
        with suppress(SealBroken):
            codes |= open_codes([key])
    return codes


def _openings(queued: Queued, now: datetime) -> Iterator[Entry]:
    """Which codes were opened for the letter; a sheet has tens of thousands."""
    plan = queued.plan
    whose = {"party": plan.party} if plan.party else {"to": plan.to}
    for devices in chunks(plan.promised_codes, MOST_IN_ENTRY):
        yield Entry(now, "codes-opened", f"letter:{queued.id}", {"devices": list(devices), **whose})


def _can_be_written(queued: Queued, codes: _Codes) -> bool:
    opened = codes.of(queued.plan)
    return queued.content is not None or all(device in opened for device in queued.plan.promised_codes)


def _sealed(parts: Parts, queued: Queued, codes: _Codes) -> Queued:
    """The letter with its bytes, sealed. Written once: what has its bytes never comes here again."""
    envelope = compose(
        write(queued.plan, codes.of(queued.plan), parts.words),
        sender=parts.settings.mailbox.address,
        sender_name=parts.policy.company,
        message_id=queued.message_id,
        written_at=queued.written_at,
    )
    sealed = parts.vault.seal(envelope.content, table="letter", column="content", row=queued.message_id)
    return replace(queued, content=sealed)


def envelope_of(parts: Parts, queued: Queued) -> Envelope:
    """A frozen letter, opened for the wire. Raises SealBroken."""
    if queued.content is None:
        raise SealBroken(f"letter {queued.id} has no bytes")
    return Envelope(
        sender=parts.settings.mailbox.address,
        recipient=queued.plan.to,
        message_id=queued.message_id,
        content=parts.vault.open(queued.content, table="letter", column="content", row=queued.message_id),
    )


# What waits, and goes after all ─────────────────────────────────────────────────────────────────────


def _kept_back(connection: Connection, waiting: Sequence[Queued], now: datetime) -> None:
    """What these letters are to answer is open until they go."""
    answers = _answers(waiting)
    loaded = threads.load(connection, threads.cases_with(connection, list(answers), State.ANSWERED))
    _save_moved(connection, {case: kept_back(thread, answers[case], now) for case, thread in loaded.items()}, loaded)


def _let_go(connection: Connection, going: Sequence[Queued]) -> None:
    """What these letters answer is answered, where they had to wait."""
    answers = _answers(going)
    cases = threads.cases_with(connection, list(answers), State.HELD, Reason.KEPT_BACK)
    loaded = threads.load(connection, cases)
    _save_moved(connection, {case: let_go(thread, answers[case]) for case, thread in loaded.items()}, loaded)


def _save_moved(connection: Connection, changed: Mapping[str, MailThread], before: Mapping[str, MailThread]) -> None:
    moved = [thread for case, thread in changed.items() if thread.items != before[case].items]
    threads.save(connection, moved)
    for thread in moved:
        whereabouts.want_folder(connection, thread.case_id, folder_path(folder_for(thread)))


def _answers(letters: Sequence[Queued]) -> dict[str, list[DeviceId]]:
    """The devices that these letters settle, by case."""
    found: dict[str, list[DeviceId]] = {}
    for queued in letters:
        if isinstance(queued.plan.content, Answer):
            found.setdefault(queued.plan.case_id, []).extend(_settled_by(queued.plan.content))
    return {case: devices for case, devices in found.items() if devices}


def _settled_by(answer: Answer) -> list[DeviceId]:
    return [row.device_id for row in answer.rows if row.outcome is not Outcome.PENDING]


# What does not go ───────────────────────────────────────────────────────────────────────────────────


def _put_down(connection: Connection, parts: Parts, queued: Queued, ruling: Ruling, now: datetime) -> Sequence[Entry]:
    if ruling.go is Go.WAIT:
        attempts.freeze(connection, [(queued, ruling.verdict)])
        attempts.give_back(connection, [queued.id], now + SUSPENDED_FOR)
        return ()
    if ruling.go is Go.CANCEL and not queued.resends:
        attempts.finish(connection, queued.id, LetterState.CANCELLED, now, reply=ruling.words)
        return [Entry(now, "letter-cancelled", f"letter:{queued.id}", {"why": ruling.words})]
    words = ruling.words or "a code that it is to carry cannot be opened"
    return hold_back(connection, parts, queued, End(LetterState.HELD, ruling.reason, words, ruling.verdict), now)


def hold_back(connection: Connection, parts: Parts, queued: Queued, end: End, now: datetime) -> Sequence[Entry]:
    """The letter ends here: what it was to tell is held again, and ops hear of it."""
    maybe_sent = queued.resends > 0 or end.reason is Reason.OUTCOME_UNKNOWN
    attempts.finish(
        connection, queued.id, end.state, now, reply=end.words, verdict=end.verdict or None, maybe_sent=maybe_sent
    )
    plan = queued.plan
    of_thread = isinstance(plan.content, Answer) and _items_held(connection, parts, plan, plan.content, end.reason, now)
    if end.reason is Reason.REFUSED_BY_RELAY or failures(end.verdict):
        wants.handed_back(connection, plan.case_id, plan.result_wants)
    if isinstance(plan.content, Answer | Asking | Result) and not of_thread:
        _tell_team(connection, parts, plan, end.reason, now)
    log.warning("letter held", letter=queued.id, kind=plan.kind, state=end.state, reason=end.reason)
    failed = [condition.gate for condition in failures(end.verdict)]
    return [Entry(now, f"letter-{end.state}", f"letter:{queued.id}", {"reason": end.reason, "failed": failed})]


def _items_held(  # noqa: PLR0917  # what the letter was to settle, and why it did not
    connection: Connection, parts: Parts, plan: LetterPlan, answer: Answer, reason: Reason, now: datetime
) -> bool:
    """Whether items went back to HELD: those that this letter was to settle, and which nobody took back since."""
    thread = threads.load(connection, [plan.case_id]).get(plan.case_id)
    if thread is None:
        return False
    changed = held_after_send(thread, _settled_by(answer), reason, now, parts.policy)
    if changed.items == thread.items:
        return False
    threads.save(connection, [changed])
    whereabouts.want_folder(connection, plan.case_id, folder_path(folder_for(changed)))
    return True


def _tell_team(connection: Connection, parts: Parts, plan: LetterPlan, reason: Reason, now: datetime) -> None:
    """A letter that settled no device: no item shows that it did not go, so ops are told of the letter itself."""
    title = f"A letter to {plan.party or plan.to} did not go out"
    step = _OTHER_RECIPIENT if isinstance(plan.content, Result) else next_step(reason)
    matter = Matter(what=title, why=why(reason), reference=plan.reference, subject=plan.subject, next_step=step)
    name = parts.vault.derive("ops", "undelivered", plan.case_id, plan.kind, str(plan.seq)).hex()
    news = OpsNews(title, (matter,), party=plan.party)
    plans = addressed(name, LetterKind.HELD, news, hears(parts.policy, LetterKind.HELD))
    outbox.queue(connection, parts.vault, plans, mailbox=parts.settings.mailbox.address, now=now)
