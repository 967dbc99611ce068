"""Codes that came and do not work: their supplier is asked once more, in the thread in which it answered."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from daemon.rules.asking import receiving, routing
from daemon.rules.letters import AskedRow, LetterPlan
from daemon.rules.phrases import day
from daemon.rules.policy import Counterparty, Policy
from daemon.rules.wanting import Inquiry, Want, WantEvent
from daemon.rules.workdays import local_day

SAME_CODE = "came before already, and did not work then: speak to them before use"


def asked_again(  # noqa: PLR0917  # what was, who says so, and whom
    before: Want, by: str, mail_id: int, why: str, party: Counterparty, now: datetime, policy: Policy
) -> tuple[Want, Want]:
    """(the answered want, closed; a new one in its place, queried, whose clock begins now).

    A new one, so that what comes is handed over anew, and what came stays as evidence.
    """
    reason = f"its code does not work, said {by}{': ' if why else ''}{why}; they were asked again"
    fresh = Want(
        device_id=before.device_id,
        ordered_by=by,
        ordered_at=now,
        order_mail_id=mail_id,
        losing_supplier=before.losing_supplier,
        installing_supplier=before.installing_supplier,
        needed_by=before.needed_by,
        urgent=before.urgent,
        party=before.party,
        asked=tuple(a for a in before.asked if a.party != party.party),
    )
    queried = routing.asked(fresh, party, before.case_id, now, policy).move(WantEvent.QUERY, note=_fault(before))
    return before.move(WantEvent.CLOSE, reason=reason), queried


def with_same_code(want: Want) -> Want:
    """Their new answer is the old one: whoever gets the code reads it."""
    return replace(want, note=f"{SAME_CODE}; and it {want.note}" if want.note else SAME_CODE)


def letter(inquiry: Inquiry, wants: Sequence[Want], to: str) -> LetterPlan:
    """The letter that says which codes do not work; `wants` as `asked_again` made them.

    It bears no mark of ours: another copy of this daemon would send the same code again, and no person would look.
    """
    rows = [AskedRow(w.device_id, local_day(w.asked[-1].at), w.due.end if w.due else None, fault=w.note) for w in wants]
    _, plan = receiving.query(inquiry, rows, to, inquiry.message_ids[-1] if inquiry.message_ids else "")
    return replace(plan, subject=plan.subject or "Install codes that do not work", mark=None)


def _fault(answered: Want) -> str:
    sent = f" that you sent on {day(local_day(answered.answered_at))}" if answered.answered_at else " that you sent"
    return f"The device does not take the code{sent}. Please check it against your records"
