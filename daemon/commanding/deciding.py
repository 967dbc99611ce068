"""What is held is decided by reply: APPROVE and REJECT.

APPROVE needs the member's own letter about it: the letter is used up first, for each thing in it, and only then is
anything done. What was held goes out when enough different persons have approved, and the whole gate is asked again.
"""

from collections.abc import Sequence

from daemon.commanding import resending, sheets, telling
from daemon.commanding.approving.approvals import (
    ask_others,
    burn,
    check_current,
    enough,
    held_under,
    own_letter,
    rows_meant,
    still_needed,
    waiting_proposal,
)
from daemon.commanding.approving.releasing import approve_devices, check_mail, gates_of, object_of
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.commanding.standing import pausing, waivers
from daemon.commanding.telling import told
from daemon.edge import threads
from daemon.edge.team import proposals
from daemon.edge.team.proposals import Proposal, ProposalKind
from daemon.edge.team.tokens import OwnLetter
from daemon.edge.threads import holds
from daemon.rules import overdue
from daemon.rules.commands.orders import Approve, Reject, Rows
from daemon.rules.explain import cause
from daemon.rules.gate import Waiver
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import LetterKind, Matter
from daemon.rules.overdue import Notice
from daemon.rules.team import approving
from daemon.rules.team.approving import HeldRow
from daemon.rules.thread import State

_PROPOSALS = {
    ProposalKind.CONTACTS: sheets.apply_contacts,
    ProposalKind.INVENTORY: sheets.apply_inventory,
    ProposalKind.WAIVE: waivers.apply_waive,
    ProposalKind.RESUME: pausing.apply_resume,
    ProposalKind.RESEND: resending.apply_resend,
    ProposalKind.CODE: telling.apply_code,
    ProposalKind.TELL: telling.apply_tell,
}


# APPROVE ────────────────────────────────────────────────────────────────────────────────────────────


def approve(desk: OpsDesk, order: Approve) -> str:
    """Burn the member's letter for what they approve, then let go what enough persons approved."""
    letter = own_letter(desk, order.ref, order.typed)
    rows, left = _approvable(rows_meant(letter, order.ref, order.rows), order.rows)
    said = [_approve_proposal(desk, letter, row) for row in rows if row.matter.proposal_id]
    said += [_approve_mail(desk, letter, row) for row in rows if row.matter.mail_id and row.device is None]
    for case_id in dict.fromkeys(row.matter.case_id for row in rows if row.device is not None):
        of_case = [row for row in rows if row.matter.case_id == case_id and row.device is not None]
        said.append(approve_devices(desk, letter, of_case))
    if left:
        numbers = ", ".join(str(row.number) for row in left)
        said.append(f"row {numbers} stays held" if len(left) == 1 else f"rows {numbers} stay held")
        said[-1] += ", for no approval ends that"
    return "; ".join(said)


def _approvable(rows: tuple[HeldRow, ...], named: Rows) -> tuple[tuple[HeldRow, ...], tuple[HeldRow, ...]]:
    """(those that an approval ends, those that it leaves held). Who names a row by its number means that very row."""
    able = tuple(row for row in rows if row.matter.on_approve)
    if not able or named.only:
        return rows, ()
    return able, tuple(row for row in rows if not row.matter.on_approve)


# A proposal ─────────────────────────────────────────────────────────────────────────────────────────


def _approve_proposal(desk: OpsDesk, letter: OwnLetter, row: HeldRow) -> str:
    proposal = _open_proposal(desk, row.matter.proposal_id)
    by = burn(desk, letter, f"proposal:{proposal.id}")
    desk.record("approved", f"proposal:{proposal.id}")
    if not enough(desk, by):
        ask_others(desk, letter, (row.matter,), by)
        return still_needed(desk, by, proposal.title)
    said = _PROPOSALS[proposal.kind](desk, proposal, tuple(by.values()))
    proposals.end(desk.connection, proposal.id, done=True)
    return said


def _open_proposal(desk: OpsDesk, number: int) -> Proposal:
    proposal = waiting_proposal(desk, number)
    if proposal is None:
        raise NotDone("that proposal was decided already, or is more than three days old; if it is, order it anew")
    return proposal


# A mail held whole ──────────────────────────────────────────────────────────────────────────────────


def _approve_mail(desk: OpsDesk, letter: OwnLetter, row: HeldRow) -> str:
    hold = holds.of_mail(desk.connection, row.matter.mail_id)
    if hold is None:
        raise NotDone(f"{row.matter.reference} is no longer held")
    check_current(desk, letter, hold)
    gates = gates_of(hold.reason)
    check_mail(desk, hold)
    by = burn(desk, letter, object_of(hold))
    desk.record("approved", f"mail:{hold.mail_id}", waives=list(gates))
    if not enough(desk, by):
        ask_others(desk, letter, (row.matter,), by)
        return still_needed(desk, by, row.matter.reference)
    who = tuple(by.values())
    holds.approve_whole(desk.connection, hold.mail_id, Waiver(gates, who))
    news = Matter(what=f"Was held: {cause(hold.reason)}", why="", reference=row.matter.reference, sender=hold.sender)
    desk.tell_team(f"{' and '.join(who)} approved: {row.matter.reference} is decided now", (news,), party=hold.party)
    return f"{row.matter.reference} is being decided now"


# REJECT ─────────────────────────────────────────────────────────────────────────────────────────────


def reject(desk: OpsDesk, order: Reject) -> str:
    """Say no: to the asker with a fixed note, to a proposal by dropping it; a mail held whole is closed unanswered."""
    rows = _rows_to_reject(desk, order)
    said = [_drop(desk, row) for row in rows if row.matter.proposal_id]
    said += [_close_mail(desk, row.matter) for row in rows if row.matter.mail_id and row.device is None]
    for case_id in dict.fromkeys(row.matter.case_id for row in rows if row.device is not None):
        devices = [r.device for r in rows if r.matter.case_id == case_id and r.device is not None]
        said.append(_refused(desk, case_id, devices, order.reason))
    return "; ".join(said)


def _rows_to_reject(desk: OpsDesk, order: Reject) -> tuple[HeldRow, ...]:
    if desk.letter is not None:
        return rows_meant(desk.letter, order.ref, order.rows)
    if not order.ref:
        raise NotDone("reply to our letter about it, or name it: REJECT IC-7F3K2Q9D removed")
    found = held_under(desk, order.ref)
    if not found:
        raise NotDone(f"nothing is held under {order.ref}")
    if order.rows != Rows():
        raise NotDone("row numbers need a reply to the letter that shows them")
    return approving.rows_of(overdue.news(Notice(LetterKind.HELD, tuple(found)), desk.parts.policy, desk.today))


def _drop(desk: OpsDesk, row: HeldRow) -> str:
    proposal = _open_proposal(desk, row.matter.proposal_id)
    proposals.end(desk.connection, proposal.id, done=False)
    desk.record("rejected", f"proposal:{proposal.id}")
    desk.tell_team(f"{desk.member.address} rejected: {proposal.title}")
    return f"{proposal.title}: dropped"


def _close_mail(desk: OpsDesk, matter: Matter) -> str:
    if not holds.close_whole(desk.connection, matter.mail_id, desk.now):
        raise NotDone(f"{matter.reference} is no longer held")
    desk.record("rejected", f"mail:{matter.mail_id}")
    return f"{matter.reference} is closed; nobody was answered"


def _refused(desk: OpsDesk, case_id: str, devices: Sequence[DeviceId], reason: str) -> str:
    if reason not in approving.REFUSALS:
        raise NotDone("say why: REJECT removed, REJECT commissioned, REJECT not confirmed, or REJECT ask again")
    thread = threads.load(desk.connection, [case_id])[case_id]
    outcome, note = approving.REFUSALS[reason]
    held = [item.device_id for item in thread.items if item.device_id in set(devices) and item.state is State.HELD]
    if not held:
        raise NotDone(f"nothing of {thread.reference} is held any more")
    return told(desk, thread, held, outcome, note)
