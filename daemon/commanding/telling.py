"""ANSWER: a person says what one device is told.

A code that a person typed is taken on the word of as many as approve, and so is an answer that our own inventory belies.
"""

from collections.abc import Iterable
from datetime import date

from daemon import casework
from daemon.commanding.approving.approvals import burn, check_current, fresh, own_letter, rows_meant, still_needed
from daemon.commanding.approving.proposing import propose
from daemon.commanding.approving.releasing import (
    approve_devices,
    check_mail,
    must_send,
    object_of,
    released,
    while_paused,
)
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.edge import inventory, threads
from daemon.edge.team.proposals import Proposal, ProposalKind
from daemon.edge.team.tokens import OwnLetter
from daemon.edge.threads import holds
from daemon.rules import disclosure, overdue
from daemon.rules.commands.orders import Rows, Tell
from daemon.rules.counterparties import own_names
from daemon.rules.decide.turns import is_kept_back
from daemon.rules.identifiers import DeviceId, InstallCode
from daemon.rules.letters import Matter, OpsNews
from daemon.rules.overdue import Hold
from daemon.rules.phrases import devices as devices_in_words
from daemon.rules.team import approving
from daemon.rules.thread import MailThread, Outcome


def tell(desk: OpsDesk, order: Tell) -> str:
    """One device is answered as a person says; a code goes the way of an approval."""
    thread = _thread_with(desk, order.device)
    if order.outcome is Outcome.CODE:
        return _tell_code(desk, order, thread)
    note = approving.refusal(order.note) if order.outcome is Outcome.REFUSED else order.note
    record = inventory.lookup(desk.connection, [order.device]).get(order.device)
    doubt = approving.belies(order.outcome, record, own_names(desk.parts.policy))
    if doubt:
        return _propose_against(desk, thread, order, doubt)
    return told(desk, thread, [order.device], order.outcome, note)


def _thread_with(desk: OpsDesk, device: DeviceId) -> MailThread:
    """The one open thread with this device: among those of the letter replied to, else of all. Raises NotDone."""
    found = threads.load(desk.connection, holds.of_device(desk.connection, device))
    news = desk.letter.plan.content if desk.letter else None
    named = {matter.case_id for matter in news.matters} if isinstance(news, OpsNews) else set()
    threads_here = [t for t in found.values() if t.case_id in named] or list(found.values())
    if not threads_here:
        raise NotDone(f"no request for {device} is open")
    if len(threads_here) > 1:
        refs = ", ".join(f"{thread.reference} ({thread.party})" for thread in threads_here)
        raise NotDone(f"{device} is open in {refs}; reply to our letter about the one you mean")
    return threads_here[0]


def told(desk: OpsDesk, thread: MailThread, devices: Iterable[DeviceId], outcome: Outcome, note: str) -> str:
    """The asker is told an outcome without code; PENDING tells them by when, and decides nothing."""
    must_send(desk, thread.party)
    devices = tuple(devices)
    if outcome is not Outcome.PENDING:
        _check_undecided(thread, devices)
    facts = casework.turn_facts(desk.connection, thread, devices, desk.now)
    if outcome is Outcome.PENDING:
        decision = approving.promise(thread, devices, date.fromisoformat(note.removeprefix("by: ")), facts)
    else:
        decision = approving.tell(thread, devices, outcome, note, facts)
    if decision is None:
        raise NotDone(f"nothing of {thread.reference} is open, or {thread.party} has no address to answer to")
    casework.write_turn(desk.connection, desk.parts, thread, decision, desk.now)
    desk.record("answered", f"case:{thread.case_id}", devices=list(devices), outcome=outcome)
    what = f"{thread.party} is told {outcome} for {devices_in_words(len(devices))} of {thread.reference}"
    return what + while_paused(desk, thread.party, codes=False)


def _check_undecided(thread: MailThread, devices: Iterable[DeviceId]) -> None:
    """That no letter waits in which these are answered already. Raises NotDone."""
    wanted = set(devices)
    decided = [item for item in thread.items if item.device_id in wanted and is_kept_back(item)]
    if decided:
        raise NotDone(
            f"the answer for {devices_in_words(len(decided))} of {thread.reference} is decided already, and its letter "
            f"waits while letters are stopped; CLOSE {thread.reference} takes that back, and RESUME lets it go"
        )


# Against our own inventory ──────────────────────────────────────────────────────────────────────────


def _propose_against(desk: OpsDesk, thread: MailThread, order: Tell, doubt: str) -> str:
    """Nothing untrue goes out by a slip: what our inventory belies is told once it is confirmed."""
    must_send(desk, thread.party)
    device, outcome = order.device, order.outcome
    _check_undecided(thread, [device])
    title = f"Answer {outcome} for {device}, against our own inventory"
    matter = Matter(
        what=title,
        why=f"{desk.member.address} ordered it for {thread.party} ({thread.reference}), but {doubt}",
        next_step="Make sure which is true. If the inventory is wrong, correct it too (INVENTORY).",
        on_approve=f"{thread.party} is told {outcome}.",
        on_reject=f"Nothing is told; {thread.reference} goes on waiting.",
    )
    payload = {"case": thread.case_id, "device": device, "outcome": outcome, "note": order.note}
    number = propose(desk, ProposalKind.TELL, title, payload, matter)
    return f"{doubt}, so {thread.party} is told nothing yet; the approvers are asked first (proposal {number})"


def apply_tell(desk: OpsDesk, proposal: Proposal, by: tuple[str, ...]) -> str:
    """It was confirmed: the asker is told. Raises NotDone where the device is not open any more."""
    case, said = proposal.payload["case"], Outcome(proposal.payload["outcome"])
    thread = threads.load(desk.connection, [case])[case]
    done = told(desk, thread, [DeviceId(proposal.payload["device"])], said, proposal.payload["note"])
    desk.tell_team(f"{' and '.join(by)} approved: {done}", party=thread.party)
    return done


# A code that a person found ─────────────────────────────────────────────────────────────────────────


def _tell_code(desk: OpsDesk, order: Tell, thread: MailThread) -> str:
    letter = own_letter(desk, thread.reference, "")
    rows = [row for row in rows_meant(letter, "", Rows()) if row.device == order.device]
    if not rows:
        raise NotDone(f"the letter that you reply to is not about {order.device}", fresh(desk, thread.reference))
    if order.code is None:
        return approve_devices(desk, letter, rows)
    hold = _held(desk, thread.case_id, order.device)
    check_current(desk, letter, hold)
    check_mail(desk, hold)
    _check_wanted(desk, order.device)
    if desk.parts.policy.approvals_needed > 1:
        return _propose_code(desk, letter, hold, order.device, order.code)
    _keep(desk, order.device, order.code)
    return approve_devices(desk, letter, rows)


def _held(desk: OpsDesk, case_id: str, device: DeviceId) -> Hold:
    found = (hold for hold in holds.of_case(desk.connection, case_id) if device in hold.devices)
    one = next(found, None)
    if one is None:
        raise NotDone(f"{device} is not held any more")
    must_send(desk, one.party)
    return one


def _check_wanted(desk: OpsDesk, device: DeviceId) -> None:
    """That a code for it is missing: one that we hold is never overwritten by a line of a mail. Raises NotDone."""
    record = inventory.lookup(desk.connection, [device]).get(device)
    if record is None:
        return
    if record.has_code:
        words = "APPROVE lets that one go, and a sheet with INVENTORY corrects it"
        raise NotDone(f"we hold a code for {device} already; {words}")
    if not disclosure.is_ours(record, own_names(desk.parts.policy)):
        raise NotDone(f"our records say that {record.installing_supplier} installed {device}; INVENTORY corrects them")
    if record.device_type in disclosure.TYPES_WITHOUT_CODE:
        raise NotDone(f"{device} is a {record.device_type}, which has no code; ANSWER {device} TYPE-HAS-NO-CODE")


def _keep(desk: OpsDesk, device: DeviceId, code: InstallCode) -> None:
    inventory.put_code(desk.connection, desk.parts.vault, device, code)
    desk.record("code-kept", f"device:{device}")


def _propose_code(desk: OpsDesk, letter: OwnLetter, hold: Hold, device: DeviceId, code: InstallCode) -> str:
    """The code is kept sealed with a proposal until others confirm it; the writer's own letter is their approval."""
    title = f"Take the install code that {desk.member.address} found for {device}"
    matter = Matter(
        what=title,
        why=f"{desk.member.address} typed it in their answer to {hold.reference}. Ask them where they have it from",
        on_approve=f"The code is kept in our inventory. {approving.on_approve(hold.reason, Outcome.CODE, hold.party, 1)}",
        on_reject=f"The code is erased, and {hold.reference} goes on being held.",
    )
    payload = {"case": hold.case_id, "device": device, "hold": object_of(hold, device), "code": code.reveal().hex()}
    number = propose(desk, ProposalKind.CODE, title, payload, matter)
    by = burn(desk, letter, f"proposal:{number}")
    return still_needed(desk, by, f"the code for {device} (proposal {number})")


def apply_code(desk: OpsDesk, proposal: Proposal, by: tuple[str, ...]) -> str:
    """It was confirmed: the code is kept and goes to the asker. Raises NotDone where the device is not held as it was."""
    device = DeviceId(proposal.payload["device"])
    hold = _held(desk, proposal.payload["case"], device)
    if object_of(hold, device) != proposal.payload["hold"]:
        raise NotDone(f"{device} was held anew since that was proposed; please order it anew")
    check_mail(desk, hold)
    _check_wanted(desk, device)
    _keep(desk, device, InstallCode(bytes.fromhex(proposal.payload["code"])))
    return released(desk, overdue.matter(hold), [device], hold.reason, by)
