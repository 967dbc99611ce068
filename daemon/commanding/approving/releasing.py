"""What was held goes out once enough different persons approved, and the whole gate is asked again."""

from collections.abc import Sequence
from dataclasses import replace

from daemon import casework
from daemon.commanding.approving.approvals import ask_others, burn, check_current, enough, still_needed
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.edge import inbox, inventory, threads
from daemon.edge.team.tokens import OwnLetter
from daemon.edge.threads import holds
from daemon.gatekeeper import gate_of_mail
from daemon.rules import disclosure, overdue
from daemon.rules.explain import cause, next_step
from daemon.rules.gate import Gate, Waiver
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import Matter
from daemon.rules.overdue import Hold
from daemon.rules.phrases import devices as devices_in_words
from daemon.rules.policy import Mode
from daemon.rules.reasons import Reason
from daemon.rules.team import approving
from daemon.rules.team.approving import HeldRow
from daemon.rules.team.standing import CODES
from daemon.rules.thread import Outcome


def gates_of(reason: Reason) -> tuple[Gate, ...]:
    """What approving such a hold waives. Raises NotDone where no approval ends it."""
    gates = approving.waives(reason)
    if gates is None:
        raise NotDone(f"what is held because of this cannot be approved: {cause(reason)}. {next_step(reason)}")
    return gates


def object_of(hold: Hold, device: DeviceId | None = None) -> str:
    """What an approval is of: this hold and no later one of the same thing."""
    return f"{hold.case_id or f'mail:{hold.mail_id}'}|{device or ''}|{hold.held_at.isoformat()}"


def check_mail(desk: OpsDesk, hold: Hold) -> None:
    """That nothing of the gate for the mail that asked fails but what is waived. Raises NotDone."""
    waiver = Waiver(gates_of(hold.reason), ("you",), hold.devices)
    doubt = _doubt(desk, hold.mail_id, waiver)
    if doubt:
        raise NotDone(f"{hold.reference or f'mail {hold.mail_id}'} cannot go all the same: {doubt}")


def _doubt(desk: OpsDesk, mail_id: int, waiver: Waiver) -> str:
    """What of the gate for the mail that asked fails although it is waived; empty: nothing."""
    stored = inbox.proof(desk.connection, mail_id)
    if stored is None:
        return "no proof of who wrote is kept"
    gate = gate_of_mail(casework.PROOF.validate_json(stored), desk.address_book, desk.parts, desk.now)
    return "; ".join(f"{c.gate}: {c.evidence}" for c in disclosure.failures(disclosure.waived(gate, waiver)))


def must_send(desk: OpsDesk, party: str) -> None:
    """That letters go to this party at all. Raises NotDone."""
    if desk.parts.policy.mode_for(party) is Mode.OBSERVE:
        raise NotDone(f"the mode for {party} is observe, so nothing is sent; answer by hand, then CLOSE the matter")


def while_paused(desk: OpsDesk, party: str, *, codes: bool) -> str:
    """In words, where letters to the party wait."""
    policy = desk.parts.policy
    waits = policy.is_paused(party) or (codes and CODES in policy.paused)
    return f", as soon as letters to {party} are no longer paused" if waits else ""


# Devices of a thread ────────────────────────────────────────────────────────────────────────────────


def approve_devices(desk: OpsDesk, letter: OwnLetter, rows: Sequence[HeldRow]) -> str:
    """Burn the letter for each device in `rows`, which are of one thread, and let go those that enough approved."""
    matter = rows[0].matter
    found = {d: hold for hold in holds.of_case(desk.connection, matter.case_id) for d in hold.devices}
    held = [row.device for row in rows if row.device is not None and row.device in found]
    if not held:
        raise NotDone(
            f"nothing of {matter.reference} is held any more; STATUS {matter.reference} shows what became of it"
        )
    must_send(desk, found[held[0]].party)
    ready: dict[tuple[Reason, tuple[str, ...]], list[DeviceId]] = {}
    waiting: dict[str, str] = {}
    for device in held:
        hold = found[device]
        check_current(desk, letter, hold)
        _check_device(desk, device, hold)
        by = burn(desk, letter, object_of(hold, device))
        if enough(desk, by):
            ready.setdefault((hold.reason, tuple(by.values())), []).append(device)
        else:
            waiting = waiting or by
    desk.record("approved", f"case:{matter.case_id}", devices=held)
    said = [released(desk, matter, devices, reason, by) for (reason, by), devices in ready.items()]
    undecided = [device for device in held if not any(device in devices for devices in ready.values())]
    if undecided:
        of_these = overdue.matter(replace(found[undecided[0]], devices=tuple(undecided)))
        ask_others(desk, letter, (of_these,), waiting)
        said.append(still_needed(desk, waiting, f"{devices_in_words(len(undecided))} of {matter.reference}"))
    return "; ".join(said)


def _check_device(desk: OpsDesk, device: DeviceId, hold: Hold) -> None:
    """That an approval can let it go at all. Raises NotDone."""
    check_mail(desk, hold)
    if hold.outcome not in (None, Outcome.CODE):
        return
    record = inventory.lookup(desk.connection, [device]).get(device)
    if record is None or not record.has_code:
        words = f"we hold no code for {device}; REJECT it, or say what is so: ANSWER {device} NO-CODE-HELD"
        raise NotDone(words)


def released(desk: OpsDesk, matter: Matter, devices: Sequence[DeviceId], reason: Reason, by: tuple[str, ...]) -> str:
    """What `by` approved is judged anew and goes to the asker. Raises NotDone where nothing of it can."""
    thread = threads.load(desk.connection, [matter.case_id])[matter.case_id]
    waiver = Waiver(gates_of(reason), by, tuple(devices))
    facts = casework.turn_facts(desk.connection, thread, devices, desk.now, waiver)
    others = threads.asked_by_others(desk.connection, thread.party, devices)
    outcomes = approving.approve(thread, devices, facts, desk.parts.policy, others)
    if outcomes.decision is None:
        raise NotDone(approving.why_still_held(outcomes.still_held))
    casework.write_turn(desk.connection, desk.parts, thread, outcomes.decision, desk.now)
    gone = [device for device in devices if device not in outcomes.still_held]
    desk.record("released", f"case:{thread.case_id}", devices=gone, by=list(by), waives=list(waiver.gates))
    codes = any(plan.code_devices for plan in outcomes.decision.plans)
    said = f"{devices_in_words(len(gone))} of {thread.reference} {'goes' if len(gone) == 1 else 'go'} to {thread.party}"
    said += while_paused(desk, thread.party, codes=codes)
    told = Matter(what=f"Was held: {cause(reason)}", why="", reference=thread.reference, devices=tuple(gone))
    desk.tell_team(f"{' and '.join(by)} approved: {said}", (told,), party=thread.party)
    return "; ".join([said, *([approving.why_still_held(outcomes.still_held)] if outcomes.still_held else [])])
