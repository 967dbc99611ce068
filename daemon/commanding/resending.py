"""RESEND: the last letter of a matter once more, to the same listed address; one with codes once others confirm it."""

from collections.abc import Sequence
from dataclasses import replace

from daemon.commanding.approving.proposing import propose
from daemon.commanding.approving.releasing import while_paused
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.edge import outbox, threads
from daemon.edge.inbox import whereabouts
from daemon.edge.outbox import LetterState, thread_letters
from daemon.edge.outbox.thread_letters import Ended
from daemon.edge.team.proposals import Proposal, ProposalKind
from daemon.rules import counterparties
from daemon.rules.commands.orders import Resend
from daemon.rules.decide.filed import folder_for
from daemon.rules.decision import folder_path
from daemon.rules.gate import Gate, Waiver
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import Answer, Matter
from daemon.rules.phrases import number
from daemon.rules.policy import Mode
from daemon.rules.reasons import Reason
from daemon.rules.thread import Event, MailThread, Outcome, State
from daemon.rules.workdays import in_words, local_day

_AT_SEND = frozenset({Reason.REFUSED_BY_RELAY, Reason.GATE_AT_SEND, Reason.OUTCOME_UNKNOWN})
"""Holds that are about a letter that did not go: sending it once more ends them."""
_MOST_NAMED = 12


def resend(desk: OpsDesk, order: Resend) -> str:
    """The last letter once more, to the same listed address; one with codes only once others confirm it."""
    ref = desk.ref(order.ref)
    if ref.startswith("mail "):
        raise NotDone(f"no letter of ours belongs to {ref}; REPLAY {ref} has it read once more")
    thread = desk.thread(ref)
    last = _last_letter(desk, thread)
    codes = last.plan.code_devices
    if not codes:
        _queued_again(desk, thread, last, last.plan.waiver)
        desk.record("resent", f"case:{thread.case_id}", letter=last.id, codes=0)
        return f"{_which(last)} on {ref} goes to {last.plan.to} once more{while_paused(desk, last.plan.party, codes=bool(last.plan.code_devices))}"
    title = f"Send the last letter on {ref} to {thread.party} once more ({number(len(codes), 'install code')})"
    matter = Matter(
        what=title,
        why=f"{desk.member.address} asks for it. It is {_which(last)}, which {_FATE[last.state]}.",
        reference=ref,
        evidence=_named(codes),
        on_approve=f"{last.plan.to} is sent the same answer again, codes included. {_waived_in_words(last)}",
        on_reject="Nothing is sent.",
    )
    proposed = propose(desk, ProposalKind.RESEND, title, {"reference": ref, "letter": last.id}, matter)
    return f"the letter carries {number(len(codes), 'install code')}, so the approvers are asked first (proposal {proposed})"


_FATE = {
    LetterState.ACCEPTED: "was accepted by the relay",
    LetterState.REJECTED: "was refused by the relay",
    LetterState.HELD: "was held and did not go",
}


def apply_resend(desk: OpsDesk, proposal: Proposal, by: tuple[str, ...]) -> str:
    """It was confirmed: the letter goes, and the limit on repeats is waived for its devices. Raises NotDone."""
    thread = desk.thread(proposal.payload["reference"])
    last = _last_letter(desk, thread)
    if last.id != proposal.payload["letter"]:
        raise NotDone(f"another letter went out on {thread.reference} since; RESEND {thread.reference} asks anew")
    codes = last.plan.code_devices
    _queued_again(desk, thread, last, Waiver(_waived(last), by, codes))
    desk.record("resent", f"case:{thread.case_id}", letter=last.id, codes=len(codes), by=list(by))
    who = " and ".join(by)
    told = Matter(
        what=f"{number(len(codes), 'install code')} to {last.plan.to}, once more",
        why=f"{proposal.member} asked for it.",
        reference=thread.reference,
        devices=codes,
    )
    desk.tell_team(f"{who} let the last letter on {thread.reference} go once more", (told,), party=thread.party)
    return f"{_which(last)} on {thread.reference} goes to {last.plan.to} once more{while_paused(desk, last.plan.party, codes=bool(last.plan.code_devices))}"


def _last_letter(desk: OpsDesk, thread: MailThread) -> Ended:
    """The letter that can go once more, as things stand. Raises NotDone."""
    ref = thread.reference
    if desk.parts.policy.mode_for(thread.party) is Mode.OBSERVE:
        raise NotDone(f"the mode for {thread.party} is observe, so nothing is sent; answer by hand")
    if thread_letters.waiting(desk.connection, thread.case_id):
        raise NotDone(f"a letter on {ref} is still on its way; STATUS {ref} shows when it went")
    last = thread_letters.last_ended(desk.connection, thread.case_id)
    if last is None:
        raise NotDone(f"no letter on {ref} ever went to {thread.party}; STATUS {ref} shows how it stands")
    party = next((p for p in desk.book if p.party == thread.party), None)
    if party is None or not counterparties.is_listed(last.plan.to, party, desk.now):
        words = f"{last.plan.to} is no listed address of {thread.party} in force; correct the contact list first"
        raise NotDone(f"{words}, or answer by hand")
    return last


def _queued_again(desk: OpsDesk, thread: MailThread, last: Ended, waiver: Waiver | None) -> None:
    """The same content under the next number of the thread; what its failing had held is answered again."""
    content = last.plan.content
    arrived = last.state is LetterState.ACCEPTED
    if isinstance(content, Answer) and arrived and content.rows:
        content = replace(content, repeat=True)
    changed = replace(_answered_again(thread, last), letters_queued=thread.letters_queued + 1)
    threads.save(desk.connection, [changed])
    whereabouts.want_folder(desk.connection, thread.case_id, folder_path(folder_for(changed)))
    outbox.queue(
        desk.connection,
        desk.parts.vault,
        [replace(last.plan, seq=changed.letters_queued, content=content, waiver=waiver)],
        mailbox=desk.parts.settings.mailbox.address,
        now=desk.now,
        mail_id=last.mail_id or thread.mail_id,
        due=last.due,
    )


def _answered_again(thread: MailThread, last: Ended) -> MailThread:
    rows = last.plan.content.rows if isinstance(last.plan.content, Answer) else ()
    said = {row.device_id: row.outcome for row in rows if row.outcome is not Outcome.PENDING}
    held = [i for i in thread.items if i.device_id in said and i.state is State.HELD and i.reason in _AT_SEND]
    return thread.with_items(
        i.move(
            Event.ANSWER,
            outcome=said[i.device_id],
            reason=Reason.ANSWERED,
            held_at=None,
            told_ops_at=None,
            reminded_day=0,
        )
        for i in held
    )


def _which(last: Ended) -> str:
    return f"our letter of {in_words(local_day(last.at))}"


def _waived(last: Ended) -> tuple[Gate, ...]:
    """The limit on repeats, and what was waived when the letter was first let go."""
    before = last.plan.waiver.gates if last.plan.waiver else ()
    return tuple(dict.fromkeys((*before, Gate.WITHIN_LIMITS)))


def _waived_in_words(last: Ended) -> str:
    before = [gate.partition(" ")[0] for gate in _waived(last) if gate is not Gate.WITHIN_LIMITS]
    again = f", and once more what was waived before ({', '.join(before)})" if before else ""
    return f"You waive the limits on repeats and on a day's codes for it (G10){again}; all other checks stay in force."


def _named(devices: Sequence[DeviceId]) -> tuple[str, ...]:
    """The first of them, and how many more: a proposal is decided whole, so its devices are no rows."""
    more = len(devices) - _MOST_NAMED
    return (*devices[:_MOST_NAMED], *([f"and {more:,} more"] if more > 0 else []))
