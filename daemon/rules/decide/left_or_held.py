"""A mail that is left alone, filed quietly, or looked at by a person: whole, or beside what was decided."""

from dataclasses import replace

from daemon.rules.decide import judge as judging
from daemon.rules.decide.desk import Desk, due_from
from daemon.rules.decide.drafting import settle_item
from daemon.rules.decide.turns import is_kept_back
from daemon.rules.decision import Decision, Fate, MailHold
from daemon.rules.facts import Facts
from daemon.rules.gate import Condition
from daemon.rules.meaning import Correspondence
from daemon.rules.policy import Policy
from daemon.rules.reasons import Reason
from daemon.rules.thread import State


def leave(reason: Reason, note: str = "") -> Decision:
    """It stays where and as it is; of it we keep a hash."""
    return Decision(Fate.IGNORED, reason, keep_content=False, moves_mail=False, notes=(note,) if note else ())


def hold_whole(
    facts: Facts, meaning: Correspondence, policy: Policy, reason: Reason, verdict: tuple[Condition, ...]
) -> Decision:
    """The mail is held whole: nobody but our own ops hears of it, and no thread changes."""
    return Decision(
        Fate.HELD,
        reason,
        keep_content=True,
        moves_mail=True,
        hold=_mail_hold(facts, policy, reason),
        verdict=verdict,
        holds_codes=meaning.brings_codes,
    )


def _mail_hold(facts: Facts, policy: Policy, reason: Reason) -> MailHold:
    due = due_from(facts.proof.arrived, policy)
    return MailHold(reason, due.explain(), due.end)


_SAYS_NOTHING_OF_WHY = frozenset(
    (Reason.NOT_OURS, Reason.ACKNOWLEDGEMENT, Reason.CHASE, Reason.WITHDRAWAL, Reason.REQUEST)
)


def ordered_in_vain(facts: Facts, decision: Decision, policy: Policy) -> Decision:
    """A person's order that would change nothing and say nothing is told to the team, with what stands in its way."""
    if decision.fate is Fate.HELD or decision.plans or decision.threads or facts.findings:
        return decision
    if facts.home is not None and any(map(is_kept_back, facts.home.items)):
        return decision  # its answer is decided, and waits
    reason = Reason.ORDERED_IN_VAIN if decision.reason in _SAYS_NOTHING_OF_WHY else decision.reason
    return replace(
        decision,
        fate=Fate.HELD,
        reason=reason,
        keep_content=True,
        moves_mail=True,
        hold=_mail_hold(facts, policy, reason),
        notes=(*decision.notes, f"ordered in vain: {decision.reason}"),
    )


def held_too(desk: Desk, decision: Decision, reason: Reason) -> Decision:
    """All that was decided, and the mail itself is held for a person."""
    return replace(
        decision,
        fate=Fate.HELD,
        reason=reason,
        hold=_mail_hold(desk.facts, desk.policy, reason),
        holds_codes=desk.meaning.brings_codes,
        notes=(*decision.notes, f"beside that: {decision.reason}"),
    )


def held_of_thread(desk: Desk, reason: Reason) -> Decision:
    """Held whole, and found with its thread."""
    held = hold_whole(desk.facts, desk.meaning, desk.policy, reason, desk.verdict)
    return replace(held, joins=desk.home.case_id if desk.home else "")


def held_with_what_waits(desk: Desk, reason: Reason) -> Decision:
    """Held of its thread; and what waits there for its turn under a cap, or is named, waits for a person from now on,
    who may approve it.
    """
    named = {one.device_id for one in desk.meaning.asked}
    threads = [thread for thread in (desk.home, *desk.facts.open_elsewhere.values()) if thread is not None]
    changed = []
    for thread in {thread.case_id: thread for thread in threads}.values():
        waiting = [one for one in thread.items if one.state is State.PENDING and (not named or one.device_id in named)]
        if waiting:
            holds = [judging.hold(Reason.NO_PLAIN_REQUEST, one.outcome) for one in waiting]
            held = [
                settle_item(one, hold, desk.facts.now, observed=False) for one, hold in zip(waiting, holds, strict=True)
            ]
            changed.append(thread.with_items(held))
    return replace(held_of_thread(desk, reason), threads=tuple(changed))


def quiet(desk: Desk, fate: Fate, reason: Reason) -> Decision:
    """Nothing is said and no item changes; the mail is filed with its thread."""
    return Decision(
        fate,
        reason,
        keep_content=True,
        moves_mail=True,
        verdict=desk.verdict,
        joins=desk.home.case_id if desk.home else "",
    )
