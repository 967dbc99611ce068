"""A mail of a member of our team: is it a command, is it proven, and what becomes of each line.

All lines are done in one savepoint, or none is. The member gets a transcript, whatever happened; people's mail gets
silence, and stays where it is.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from daemon.casework import Case
from daemon.commanding import deciding, matters, resending, sheets, telling
from daemon.commanding.asking import adopting, again, inquiries, requesting
from daemon.commanding.desk import NotDone, OpsDesk, to_team
from daemon.commanding.looking import evidence, help_page, lists, our_team, reporting, status
from daemon.commanding.standing import absences, calendar_days, incidents, pausing, waivers
from daemon.edge import outbox
from daemon.edge.audit import Entry
from daemon.edge.team import tokens
from daemon.edge.team.tokens import OwnLetter
from daemon.mail.message import IncomingMail
from daemon.parts import Parts
from daemon.rules import commands
from daemon.rules.commands import orders
from daemon.rules.commands.orders import CommandLine, CommandMail
from daemon.rules.commands.words import without_secrets
from daemon.rules.counterparties import AddressBook
from daemon.rules.decision import Decision, Fate
from daemon.rules.letters import LetterKind, LetterPlan, Matter, OpsNews, Said, Transcript
from daemon.rules.meaning import OpsMail, OwnMail
from daemon.rules.policy import Counterparty, Role
from daemon.rules.reasons import Reason
from daemon.rules.sense.personal import safe_subject
from daemon.rules.sense.scanning import holds_code
from daemon.rules.workdays import local_day

Handler = Callable[[OpsDesk, Any], str]
"""Obeys one order and says what it did; raises NotDone."""


def _bare(handler: Callable[[OpsDesk], str]) -> Handler:
    """The handler of an order that says nothing beside its verb."""
    return lambda desk, _: handler(desk)


_READER, _OPERATOR, _APPROVER = Role.READER, Role.OPERATOR, Role.APPROVER
ORDERS: Mapping[type, tuple[Role, Handler]] = MappingProxyType(
    {
        orders.Help: (_READER, help_page.help_),
        orders.Status: (_READER, status.status),
        orders.ListOf: (_READER, lists.list_of),
        orders.Report: (_READER, reporting.report),
        orders.Evidence: (_READER, evidence.evidence),
        orders.Team: (_READER, our_team.team),
        orders.Approve: (_APPROVER, deciding.approve),
        orders.Reject: (_APPROVER, deciding.reject),
        orders.Tell: (_APPROVER, telling.tell),
        orders.Note: (_OPERATOR, matters.note),
        orders.Wait: (_OPERATOR, matters.wait),
        orders.Close: (_OPERATOR, matters.close),
        orders.Resend: (_OPERATOR, resending.resend),
        orders.Replay: (_OPERATOR, matters.replay),
        orders.Pause: (_OPERATOR, pausing.pause),
        orders.Incident: (_OPERATOR, incidents.incident),
        orders.Resume: (_APPROVER, pausing.resume),
        orders.Waive: (_APPROVER, waivers.waive),
        orders.Away: (_OPERATOR, absences.away),
        orders.Holiday: (_OPERATOR, calendar_days.holiday),
        orders.Contacts: (_OPERATOR, _bare(sheets.contacts)),
        orders.Inventory: (_OPERATOR, _bare(sheets.inventory)),
        orders.Request: (_OPERATOR, requesting.request),
        orders.RequestAgain: (_OPERATOR, again.request_again),
        orders.RequestContact: (_OPERATOR, requesting.contact),
        orders.ChaseNow: (_OPERATOR, inquiries.chase),
        orders.Escalate: (_OPERATOR, inquiries.escalate),
        orders.Withdraw: (_OPERATOR, inquiries.withdraw),
        orders.Adopt: (_OPERATOR, _bare(adopting.adopt)),
    }
)
"""Every order: what a member must be to give it, and who carries it out.

A release, new contacts and a waiver are confirmed beside that.
"""
_MOST_TRIES = 10
"""Orders refused one after another, each in reply to the refusal of the one before."""
_MISUSED = "A letter to approve by counts only for the member it was written to. Please ask them whether they did this."
_ALONE = "it would have been done; nothing was, because of another line"


@dataclass(frozen=True, slots=True)
class Obeyed:
    """What a command mail led to: the mail's own fate with its transcript, and entries for the audit trail."""

    decision: Decision
    entries: tuple[Entry, ...] = ()
    changed_standing: bool = False


def obey(connection: Connection, parts: Parts, case: Case, book: AddressBook) -> Obeyed | None:
    """Obey what `case`'s mail orders; None: it orders nothing, and is left alone as decided."""
    if case.decision.reason is Reason.OWN_MAIL and isinstance(case.meaning, OwnMail):
        return _from_shared_address(connection, parts, case)
    if case.decision.reason is not Reason.OPS_MAIL or not isinstance(case.meaning, OpsMail):
        return None
    mail, member = case.facts.mail, case.facts.writer.member
    letter = _replied_to(connection, mail)
    ordered = commands.read(mail, local_day(case.facts.now), names=_names(book.parties), reply=letter is not None)
    if member is None or not (ordered.lines or ordered.near_miss):
        return None
    doubt = _doubt(case)
    if doubt:
        return _unproven(connection, parts, case, doubt)
    desk = OpsDesk(connection, parts, case.facts.now, member, case, book, letter)
    if _was_answered(desk):
        return Obeyed(_decision(desk, ordered, (), ("its orders were answered before",)))
    return _answered(desk, ordered, _transcript(desk, ordered))


def _replied_to(connection: Connection, mail: IncomingMail) -> OwnLetter | None:
    """The letter of ours that a mail answers. Who is told that nothing was done sends a better order in reply to that:
    it is about what the first one was about.
    """
    found = tokens.find(connection, (*mail.in_reply_to, *mail.references[-1:]))
    letter = found
    for _ in range(_MOST_TRIES):
        if letter is None or not _did_nothing(letter):
            break
        letter = tokens.find(connection, letter.plan.references[-1:])
    return letter if letter is not None and isinstance(letter.plan.content, OpsNews) else found


def _did_nothing(letter: OwnLetter) -> bool:
    content = letter.plan.content
    return isinstance(content, Transcript) and bool(content.refused or content.near_miss)


def _was_answered(desk: OpsDesk) -> bool:
    """An order counts once: whoever may drag its mail to `Requests` is nobody who may order."""
    transcript, mailbox = _plan(desk, Transcript(())), desk.parts.settings.mailbox.address
    return tokens.find(desk.connection, [outbox.message_id(desk.parts.vault, transcript, mailbox)]) is not None


def _names(book: tuple[Counterparty, ...]) -> frozenset[str]:
    return frozenset(name for party in book for name in (party.party, *party.mpids, *party.aliases))


# Proof ──────────────────────────────────────────────────────────────────────────────────────────────


def _doubt(case: Case) -> str:
    """Why this mail cannot be obeyed, in words; empty: it is the member's own."""
    proof = case.facts.proof
    proven, words = commands.proven_member(proof.origin, proof.arrived)
    if not proven:
        return words
    if proof.signature_reused:
        return "its signature came with another mail before"
    if proof.from_junk:
        return "it was found in Junk"
    date = proof.origin.date
    return "" if date is not None and (proof.arrived - date).days < _FRESH_DAYS else "it is old, or bears no date"


_FRESH_DAYS = 5


def _unproven(connection: Connection, parts: Parts, case: Case, doubt: str) -> Obeyed:
    """Not obeyed, and no word to its writer, who may be a forger; the team hears of it once a day and address."""
    address = case.facts.writer.address
    title = f"An order in the name of {address} was not obeyed"
    why = f"Nothing proves that {address} wrote it: {doubt}. If they did, please send it again through our own mail server."
    _tell_once(connection, parts, ("unproven", address), title, why)
    entry = Entry(case.facts.now, "command-refused", f"mail:{case.facts.mail_id}", {"member": address, "why": doubt})
    return Obeyed(replace(case.decision, reason=Reason.UNPROVEN_COMMAND), (entry,))


def _from_shared_address(connection: Connection, parts: Parts, case: Case) -> Obeyed | None:
    """Whoever may write as the shared mailbox is nobody in particular: refused, in one line to the team."""
    if not commands.from_shared_address(case.facts.mail):
        return None
    title = f"An order from {parts.policy.mailbox} itself was not obeyed"
    why = "Whoever writes from the shared address is nobody in particular. Please write from your own address."
    _tell_once(connection, parts, ("shared", ""), title, why)
    return Obeyed(case.decision, (Entry(case.facts.now, "command-refused", f"mail:{case.facts.mail_id}", {}),))


def _tell_once(connection: Connection, parts: Parts, what: tuple[str, str], title: str, why: str) -> None:
    """To the whole team, once a day: the letter's name is the day's, and a letter that is queued is not queued again."""
    now = parts.clock.now()
    name = parts.vault.derive("ops", *what, local_day(now).isoformat()).hex()
    plans = to_team(name, LetterKind.NOTICE, OpsNews(title, (Matter(what=title, why=why),)), parts)
    outbox.queue(connection, parts.vault, plans, mailbox=parts.settings.mailbox.address, now=now)


# Lines ──────────────────────────────────────────────────────────────────────────────────────────────


def _transcript(desk: OpsDesk, ordered: CommandMail) -> Transcript:
    if not ordered.lines:
        return Transcript((), near_miss=ordered.near_miss)
    if not ordered.readable:
        return Transcript(tuple(_unread(line) for line in ordered.lines), refused=True)
    savepoint = desk.connection.begin_nested()
    results = [_done(desk, line) if line is first else _as_above(line) for line, first in _with_first(ordered)]
    if all(said.done for said in results):
        savepoint.commit()
        return Transcript(tuple(results), tuple(desk.pages))
    savepoint.rollback()
    desk.entries.clear()
    desk.changed_standing = False
    desk.queue(desk.instead)
    for alarm in desk.alarms:
        _tell_once(desk.connection, desk.parts, ("misused", desk.member.address), alarm, _MISUSED)
    undone = (replace(said, result=_ALONE, done=False) if said.done else said for said in results)
    return Transcript(tuple(undone), tuple(desk.faults), refused=True)


def _with_first(ordered: CommandMail) -> Iterator[tuple[CommandLine, CommandLine]]:
    """Each line, and the first that orders the same: what stands twice in a mail is done once."""
    for line in ordered.lines:
        yield line, next(one for one in ordered.lines if one.order == line.order)


def _as_above(line: CommandLine) -> Said:
    return Said(line.text, "the same as above, so it is done once", done=True)


def _unread(line: CommandLine) -> Said:
    return Said(line.text, line.fault or _ALONE, done=False)


def _done(desk: OpsDesk, line: CommandLine) -> Said:
    try:
        if line.order is None:
            raise NotDone(line.fault)
        role, handler = ORDERS[type(line.order)]
        _allowed(desk, role)
        return Said(line.text, without_secrets(handler(desk, line.order)), done=True)
    except NotDone as refusal:
        desk.instead += refusal.letters
        desk.faults += refusal.pages
        if refusal.alarm:
            desk.alarms.append(refusal.alarm)
        return Said(line.text, without_secrets(str(refusal)), done=False)


def _allowed(desk: OpsDesk, role: Role) -> None:
    if not desk.member.may(role):
        able = [m.address for m in desk.parts.policy.team if m.may(role)]
        raise NotDone(f"your role does not allow it; ask {', '.join(able[:3]) or 'whoever looks after this service'}")


# The answer ─────────────────────────────────────────────────────────────────────────────────────────


def _answered(desk: OpsDesk, ordered: CommandMail, transcript: Transcript) -> Obeyed:
    facts = desk.case.facts
    done = [said for said in transcript.said if said.done]
    detail = {"lines": len(ordered.lines), "done": len(done), "refused": transcript.refused}
    desk.record("command-answered", f"mail:{facts.mail_id}", **detail)
    notes = tuple(f"{said.line}: {said.result}" for said in transcript.said)
    decision = _decision(desk, ordered, (_plan(desk, transcript),), notes)
    return Obeyed(decision, tuple(desk.entries), desk.changed_standing)


def _decision(desk: OpsDesk, ordered: CommandMail, plans: tuple[LetterPlan, ...], notes: tuple[str, ...]) -> Decision:
    """The fate of a command mail; one that may hold a code is filed and kept as such mail is. What only was nearly an
    order may be people's mail, and stays where it is.

    Of one that orders devices nothing is kept but what was ordered: its other columns (MPANs) are none of our business.
    """
    orders_devices = any(isinstance(line.order, orders.Request | orders.Adopt) for line in ordered.lines)
    codes = any(isinstance(line.order, orders.Tell) and line.order.code is not None for line in ordered.lines)
    return Decision(
        Fate.DECIDED,
        Reason.COMMAND,
        keep_content=bool(ordered.lines) and not orders_devices,
        moves_mail=bool(ordered.lines),
        plans=plans,
        holds_codes=codes or sheets.brings_codes(desk.mail) or holds_code(desk.mail.new_text),
        notes=notes,
    )


def _plan(desk: OpsDesk, transcript: Transcript) -> LetterPlan:
    mail = desk.mail
    return LetterPlan(
        case_id=desk.case.facts.case_id,
        kind=LetterKind.TRANSCRIPT,
        seq=1,
        to=desk.member.address,
        subject=f"Re: {safe_subject(mail.subject)}",
        content=transcript,
        in_reply_to=mail.message_id,
        references=mail.references[-10:],
    )
