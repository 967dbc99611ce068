"""The brake: letters that would only add to a loop, say nothing new, or go stale beside the very answer."""

from daemon.rules.decide.desk import Desk
from daemon.rules.decide.drafting import has_remarks
from daemon.rules.decide.left_or_held import hold_whole, quiet
from daemon.rules.decision import Decision, Fate
from daemon.rules.letters import Answer
from daemon.rules.reasons import Reason
from daemon.rules.thread import Outcome

AUTOMATIC_LETTERS_PER_CASE = 2
"""Two copies of this daemon facing each other: letters a day on one thread that answer automatic mail."""
LETTERS_WITHOUT_NEWS = 2
"""A robot without manners looks like a person: letters a day on one thread, beyond which only news are told."""
NOT_DELIVERED = frozenset((Reason.REFUSED_BY_RELAY, Reason.GATE_AT_SEND, Reason.OUTCOME_UNKNOWN))
"""An item is held because its letter did not reach the asker, or may not have."""


def is_on(desk: Desk) -> bool:
    """Enough letters went to them lately; an automatic counterpart is braked sooner than a person."""
    limits, rates = desk.policy.limits, desk.facts.rates
    per_thread = AUTOMATIC_LETTERS_PER_CASE if desk.automatic else limits.letters_per_thread_per_day
    on_thread = desk.home is not None and rates.letters_on_thread_24h >= per_thread
    return on_thread or rates.letters_to_party_1h >= limits.letters_per_counterparty_per_hour


def braked(desk: Desk) -> Decision:
    """An automatic chase is just counted; what may be somebody's request is held for a person."""
    meaning = desk.meaning
    if desk.automatic and not (meaning.asked or meaning.wants_codes or meaning.brings_codes or meaning.bad_lines):
        return quiet(desk, Fate.IGNORED, Reason.LOOP_BRAKE)
    return hold_whole(desk.facts, meaning, desk.policy, Reason.LOOP_BRAKE, desk.verdict)


def said_enough(desk: Desk, decision: Decision) -> bool:
    """Two letters went out on this thread within a day, and this one would tell nothing that has changed since."""
    if _tells_news(desk, decision) or _owes_what_came_back(decision):
        return False
    return desk.facts.rates.letters_on_thread_24h >= LETTERS_WITHOUT_NEWS


def _tells_news(desk: Desk, decision: Decision) -> bool:
    before = {t.case_id: t.items for t in (*desk.facts.open_threads, *((desk.home,) if desk.home else ()))}
    changed = any(before.get(t.case_id) != t.items for t in decision.threads)
    return changed or any(plan.code_devices for plan in decision.plans)


def would_go_stale(desk: Desk, decision: Decision) -> bool:
    """Letters to them are paused, and this one says only that something is open: it would go beside the very answer."""
    if not desk.policy.is_paused(desk.party.party) or desk.meaning.brings_codes or _tells_news(desk, decision):
        return False
    said = [plan.content for plan in decision.plans if isinstance(plan.content, Answer)]
    rows = [row for answer in said for row in answer.rows]
    return bool(rows) and all(r.outcome is Outcome.PENDING for r in rows) and not any(map(has_remarks, said))


def _owes_what_came_back(decision: Decision) -> bool:
    """They ask for what a letter answered that never reached them: what went to them since says nothing of it."""
    told = {row.device_id for plan in decision.plans if isinstance(plan.content, Answer) for row in plan.content.rows}
    items = (item for thread in decision.threads for item in thread.items)
    return any(item.device_id in told and item.open and item.reason in NOT_DELIVERED for item in items)


def unsaid(desk: Desk) -> Decision:
    """What is open is known to ops and has its date. What could not be read is known to nobody: a person looks."""
    meaning = desk.meaning
    unread = meaning.bad_lines or not desk.facts.mail.complete or (meaning.wants_codes and not meaning.asked)
    if unread and not meaning.chase and not meaning.withdraws:
        return hold_whole(desk.facts, meaning, desk.policy, Reason.SAID_TWICE, desk.verdict)
    return quiet(desk, Fate.DECIDED, Reason.ASKED_TOO_SOON)
