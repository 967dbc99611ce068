"""What our own team hears of what we ask: who cannot be asked, what is escalated tomorrow, what is with them now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from daemon.rules.asking.inquiring import Unreached, devices_of
from daemon.rules.asking.ladder import Foresight
from daemon.rules.explain import cause
from daemon.rules.letters import Matter, OpsNews
from daemon.rules.phrases import day, devices, moment, safe
from daemon.rules.policy import Contact
from daemon.rules.reasons import Reason
from daemon.rules.wanting import Inquiry, Want, WantState
from daemon.rules.workdays import local_day

MOST_TOLD = 10
"""Mails of theirs that a chase names."""
MOST_LINES = 40
"""Of what happened in an inquiry; EVIDENCE has it all."""


_STANDS: Mapping[WantState, str] = MappingProxyType(
    {
        WantState.WAITING_CONTACT: "waiting for a contact",
        WantState.QUERIED: "asked again, as their answer was faulty",
        WantState.MOVED_ON: "to be asked of the next supplier",
        WantState.WITH_OPS: "with you",
    }
)


def how_it_stands(state: WantState) -> str:
    """A state in words for our team."""
    return _STANDS.get(state, state.value)


# Nobody to write to ─────────────────────────────────────────────────────────────────────────────────


def unreached(one: Unreached) -> OpsNews:
    """A party that is not listed, or has no address."""
    count = devices(len(one.wants))
    why = (
        f"{one.party} is in the contact list, but without an MP121 or operations address in force that we may write to"
        if one.listed
        else f"Nobody called {one.party} is in the contact list"
    )
    matter = Matter(
        what=f"{count} of {one.party} cannot be asked for",
        why=why,
        devices=devices_of(one.wants),
        next_step="Send the contact list with its address (CONTACTS and the complete sheet), and we ask at the next "
        "sending time. The SECAS Helpdesk finds contacts that the SEC Party list lacks: REQUEST CONTACT "
        f"{one.party} has us ask it. WITHDRAW takes a device back",
    )
    return OpsNews(
        f"No contact for {one.party}: {count} wait{'s' if len(one.wants) == 1 else ''}", (matter,), one.party
    )


def by_hand(inquiry: Inquiry, contact: Contact, wants: Sequence[Want]) -> OpsNews:
    """A party that takes requests on its own web page: the sheet for whoever fills it in."""
    count = devices(len(wants))
    matter = Matter(
        what=f"Please ask {inquiry.party} for {count}, on its web page",
        why=f"{contact.email} is listed as a contact that takes no requests by mail (channel portal)",
        reference=inquiry.reference,
        devices=devices_of(wants),
        next_step=f"Enter the devices of the sheet there, with our reference {inquiry.reference}. An answer that comes by "
        f"mail is read; CLOSE {inquiry.reference} and why ends it",
    )
    return OpsNews(f"To ask by hand: {count} of {inquiry.party}", (matter,), inquiry.party, with_sheet=True)


def circle(wants: Sequence[Want]) -> OpsNews:
    """Devices whose next party was asked before."""
    count = devices(len(wants))
    matters = tuple(
        Matter(
            what=f"{want.device_id} is with you",
            why=f"Asked so far: {', '.join(asked.party for asked in want.asked)}; {want.reason}",
            devices=(want.device_id,),
            next_step="Please find out who installed it; WITHDRAW and why takes it back",
        )
        for want in wants
    )
    return OpsNews(f"Sent round in a circle: {count}", matters)


# Late ───────────────────────────────────────────────────────────────────────────────────────────────


def foretold(
    seen: Sequence[Foresight], inquiries: Mapping[str, Inquiry], wrote: Mapping[str, tuple[str, ...]]
) -> OpsNews:
    """What will be escalated on the next working day, inquiry by inquiry. `wrote`: what they wrote, by case id."""
    count = sum(len(one.wants) for one in seen)
    matters = [
        Matter(
            what=f"{devices(len(theirs))} of {one.party}",
            why=_since(theirs),
            reference=inquiries[case].reference,
            devices=devices_of(theirs),
            evidence=wrote.get(case, ()),
            evidence_title="They wrote",
            next_step=f"To give them more time, answer WAIT {inquiries[case].reference} until the day you choose. Otherwise "
            "there is nothing for you to do",
        )
        for one in seen
        for case, theirs in _by_inquiry(one.wants).items()
        if case in inquiries
    ]
    party = seen[0].party if len(seen) == 1 else ""
    whom = party or f"{len(seen)} suppliers"
    return OpsNews(f"On {day(seen[0].day)} we escalate to {whom}: {devices(count)}", tuple(matters), party)


def _since(wants: Sequence[Want]) -> str:
    dues = [want.due.end for want in wants if want.due]
    asked = min(want.asked[-1].at for want in wants if want.asked)
    due = f", and the answer was due on {day(min(dues))}" if dues else ""
    return f"They have been asked since {moment(asked)}{due}{_standing(wants)}. Their escalation contact is written to"


def _standing(wants: Sequence[Want]) -> str:
    """What stands beside the devices of a party that owes them: its promises, and answers that could not be used."""
    promises = sorted({want.promised_for for want in wants if want.promised_for})
    promised = sum(1 for want in wants if want.promised_for)
    faulty = sum(1 for want in wants if want.state is WantState.QUERIED)
    days = f" by {day(promises[0])}" if len(promises) == 1 else ""
    said = f"; they promised {devices(promised)}{days}" if promised else ""
    return f"{said}; their answer for {devices(faulty)} could not be used" if faulty else said


def _by_inquiry(wants: Iterable[Want]) -> dict[str, list[Want]]:
    found: dict[str, list[Want]] = {}
    for want in wants:
        found.setdefault(want.case_id, []).append(want)
    return found


def handed_over(party: str, wants: Sequence[Want], evidence: Mapping[str, tuple[Inquiry, tuple[str, ...]]]) -> OpsNews:
    """The evidence on what a party owes us: what was asked when, what was delivered, what came back."""
    matters = []
    for case, theirs in _by_inquiry(wants).items():
        inquiry, lines = evidence[case]
        matters.append(
            Matter(
                what=f"{devices(len(theirs))} of {inquiry.reference} are with you"
                if len(theirs) > 1
                else f"1 device of {inquiry.reference} is with you",
                why=f"{theirs[0].reason}{_standing(theirs)}",
                due_sum=theirs[0].due.explain() if theirs[0].due else "",
                reference=inquiry.reference,
                devices=devices_of(theirs),
                evidence=lines,
                evidence_title="What happened",
                next_step="Please escalate it in the normal way; this letter is the evidence. A late answer is still "
                f"taken. CLOSE {inquiry.reference} and why ends it",
            )
        )
    return OpsNews(f"With you now: {devices(len(wants))} that {party} has not settled", tuple(matters), party)


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened in an inquiry, in words."""

    at: datetime
    words: str


def letter_went(kind: str, to: str, state: str, reply: str) -> str:
    """One letter of ours, and what the relay said of it."""
    fate = {"accepted": "taken by the mail server", "rejected": "refused for good"}.get(state, state)
    said = f" ({safe(reply)})" if reply else ""
    return f"our {kind} to {to}: {fate}{said}"


@dataclass(frozen=True, slots=True)
class ReadAs:
    """What a mail of theirs was taken for: of so many devices a promise, a code that could not be used, and so on."""

    reason: Reason | None
    """None: it is not read yet."""
    states: tuple[tuple[WantState, int], ...] = ()
    """Where it brought how many devices, those with a fault apart."""
    faulty: int = 0
    unsure: int = 0
    """Devices that its words may be about, and that stayed as they were."""


_BROUGHT: Mapping[WantState, str] = MappingProxyType(
    {
        WantState.ANSWERED: "the code of {}",
        WantState.PROMISED: "a promise for {}",
        WantState.OVERDUE: "a promise for {}",
        WantState.ESCALATED: "a promise for {}",
        WantState.MOVED_ON: "that {} was installed by another supplier",
        WantState.CLOSED: "that no code is held for {}",
        WantState.WITH_OPS: "a question or a refusal for {}",
    }
)
_OTHERWISE: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.ACKNOWLEDGEMENT: "a receipt, without an answer",
        Reason.AUTO_REPLY: "an out-of-office reply",
        Reason.UNREAD_REPLY: "a reply in which no answer could be made out",
        Reason.CANNOT_READ: "a reply that could not be read whole",
        Reason.ANSWER_RECEIVED: "a reply that settles nothing",
        Reason.UNASKED_ANSWER: "codes of other devices",
        Reason.CLOSED_BY_OPS: "a reply that one of us has read",
    }
)


def in_words(read: ReadAs) -> str:
    """What a mail of theirs was taken for; empty: the reason for which a person must read it is none of their business."""
    if read.reason is None:
        return "not read yet"
    said = [_BROUGHT.get(state, "news of {}").format(devices(count)) for state, count in read.states]
    said += [f"an answer for {devices(read.faulty)} that could not be used"] if read.faulty else []
    said += [f"words that may be about {devices(read.unsure)} more"] if read.unsure else []
    return "; ".join(said) or _OTHERWISE.get(read.reason, "")


def mail_came(mail_id: int, sender: str, read: ReadAs) -> str:
    """One mail of theirs, and how we read it."""
    taken_for = in_words(read) or (cause(read.reason) if read.reason else "")
    return f"mail {mail_id}{f' from {sender}' if sender else ''}: {taken_for}"


def they_wrote(mails: Iterable[tuple[datetime, ReadAs]]) -> tuple[str, ...]:
    """A line for each of their mails, oldest first, of many the latest."""
    lines = [
        f"{day(local_day(at))}: {in_words(read) or 'a reply that one of us must read'}"
        for at, read in sorted(mails, key=lambda one: one[0])
    ]
    return tuple(lines[-MOST_TOLD:])


def in_order(happened: Iterable[Happened]) -> tuple[str, ...]:
    """Each on a line with its moment, oldest first."""
    lines = [f"{moment(one.at)}: {one.words}" for one in sorted(happened, key=lambda h: h.at)]
    more = len(lines) - MOST_LINES
    return tuple(lines) if more <= 0 else (*lines[:MOST_LINES], f"and {more:,} more")


# Codes ──────────────────────────────────────────────────────────────────────────────────────────────


def nobody_takes_codes(count: int, since: date) -> OpsNews:
    """Codes came, and nobody is listed to be sent them."""
    matter = Matter(
        what=f"The codes of {devices(count)} wait for somebody to be sent them",
        why="No member of the team has the role code_recipient, and [policy] hand_over_folder is not set",
        next_step="Whoever looks after this service can set either; the codes are kept sealed until then",
        arrived=None,
    )
    return OpsNews(f"Nobody may be sent the codes that were answered since {day(since)}", (matter,))
