"""Letters in which we ask, queued together with what they change; news of it to our own team.

Used by the station `asking` and by the orders of our team, each in a fenced transaction of its caller's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from daemon.edge import outbox, wants
from daemon.edge.audit import Entry
from daemon.edge.outbox import bounces
from daemon.edge.wants import inquiry_trail
from daemon.parts import Parts
from daemon.rules.asking import asking_news, inquiring, ladder, routing
from daemon.rules.asking.asking_news import Happened
from daemon.rules.asking.inquiring import ByHand, ToAsk
from daemon.rules.identifiers import reference
from daemon.rules.letters import LetterKind, LetterPlan, OpsNews
from daemon.rules.overdue import addressed, hears
from daemon.rules.wanting import Inquiry, Want, WantEvent

DEAD_FOR = timedelta(days=30)
"""How long an address counts as dead whose mail came back, unless a later letter was taken."""


# Letters to other suppliers ─────────────────────────────────────────────────────────────────────────


def ask(connection: Connection, parts: Parts, asked: ToAsk, now: datetime) -> Entry:
    """Begin an inquiry with the letter that asks for these devices; what to note of it."""
    inquiry = _begun(connection, parts, asked.party.party, asked.to, asked.wants, now)
    changed = [routing.asked(want, asked.party, inquiry.case_id, now, parts.policy) for want in asked.wants]
    queue(connection, parts, inquiry, inquiring.request(inquiry, changed), now)
    wants.change(connection, changed)
    return _asked_entry("asked", inquiry, len(changed), now)


def ask_by_hand(connection: Connection, parts: Parts, by_hand: ByHand, now: datetime) -> Entry:
    """Begin an inquiry that our own team must make on the party's web page; hand them the sheet."""
    inquiry = _begun(connection, parts, by_hand.party.party, by_hand.contact.email, by_hand.wants, now)
    asked = [routing.asked(want, by_hand.party, inquiry.case_id, now, parts.policy) for want in by_hand.wants]
    reason = f"{inquiry.party} takes requests on its own web page alone"
    changed = [want.move(WantEvent.HAND_OVER, reason=reason) for want in asked]
    wants.save_inquiry(connection, inquiry)
    wants.change(connection, changed)
    tell(connection, parts, ("by-hand", inquiry.case_id), asking_news.by_hand(inquiry, by_hand.contact, changed), now)
    return _asked_entry("asked-by-hand", inquiry, len(changed), now)


def _begun(  # noqa: PLR0917  # the parts of an inquiry
    connection: Connection, parts: Parts, party: str, to: str, theirs: Sequence[Want], now: datetime
) -> Inquiry:
    """A new inquiry. Its name derives from its first devices: the same after a crash."""
    case_id = parts.vault.derive("inquiry", party, *(str(want.id) for want in theirs[:3])).hex()
    name = free_reference(connection, case_id)
    return Inquiry(case_id, name, party, to, subject="", message_ids=(), asked_at=now)


def _asked_entry(what: str, inquiry: Inquiry, devices: int, now: datetime) -> Entry:
    detail = {"party": inquiry.party, "reference": inquiry.reference, "devices": devices}
    return Entry(now, what, f"case:{inquiry.case_id}", detail)


def chase(connection: Connection, parts: Parts, chased: ladder.Chase, now: datetime) -> Entry:
    """Queue one letter of a rung, and note the rung with its devices."""
    inquiries = wants.inquiries(connection, list({want.case_id for want in chased.wants}))
    inquiry = min(inquiries.values(), key=lambda one: (one.asked_at, one.case_id))
    wrote = they_wrote(connection, list(inquiries))
    queue(connection, parts, inquiry, inquiring.chase(chased, inquiry, inquiries, wrote), now)
    wants.change(connection, chased.changed)
    detail = {"party": chased.party, "to": chased.to, "rung": chased.kind.value, "devices": len(chased.wants)}
    return Entry(now, "chased", f"case:{inquiry.case_id}", detail)


def queue(connection: Connection, parts: Parts, inquiry: Inquiry, plan: LetterPlan, now: datetime) -> Inquiry:
    """Queue the next letter of an inquiry; the inquiry as it is then."""
    mailbox = parts.settings.mailbox.address
    outbox.queue(connection, parts.vault, [plan], mailbox=mailbox, now=now)
    begun = replace(inquiry, subject=inquiry.subject or plan.subject)
    changed = inquiring.with_letter(begun, outbox.message_id(parts.vault, plan, mailbox))
    wants.save_inquiry(connection, changed)
    return changed


def free_reference(connection: Connection, case_id: str) -> str:
    """The reference of a new inquiry: its first eight characters that no thread and no other inquiry has."""
    raw = bytes.fromhex(case_id)
    for attempt in range(6):
        name = reference(raw, attempt)
        if inquiry_trail.owner_of_reference(connection, name) in (None, case_id):
            return name
    raise RuntimeError("six collisions of a derived reference")


def dead(connection: Connection, now: datetime) -> frozenset[str]:
    """Addresses that are not written to: their mail comes back."""
    return inquiry_trail.dead(connection, now - DEAD_FOR) | bounces.dead(connection, now - DEAD_FOR)


# News to our own team ───────────────────────────────────────────────────────────────────────────────


def tell(connection: Connection, parts: Parts, name: Sequence[str], news: OpsNews, now: datetime) -> int:
    """Queue news for those who act, under a derived name: told once, however often this runs; how many letters."""
    case_id = parts.vault.derive("ops", *name).hex()
    plans = addressed(case_id, LetterKind.NOTICE, news, hears(parts.policy, LetterKind.HELD))
    return len(outbox.queue(connection, parts.vault, plans, mailbox=parts.settings.mailbox.address, now=now))


def evidence(connection: Connection, theirs: Iterable[Want]) -> dict[str, tuple[Inquiry, tuple[str, ...]]]:
    """Of each inquiry of these wants: itself, and in lines what went out, whether it was taken, and what came back."""
    cases = dict.fromkeys(want.case_id for want in theirs if want.case_id)
    found = wants.inquiries(connection, list(cases))
    return {case: (one, trail(connection, case)) for case, one in found.items()}


def they_wrote(connection: Connection, case_ids: Iterable[str]) -> tuple[str, ...]:
    """The mails that came in these inquiries, a line each: when, and what it was taken for."""
    came = [one for case in case_ids for one in inquiry_trail.came(connection, case)]
    return asking_news.they_wrote((one.at, one.read_as) for one in came)


def trail(connection: Connection, case_id: str) -> tuple[str, ...]:
    """What went and came in an inquiry, a line each."""
    went = [
        Happened(one.at, asking_news.letter_went(one.kind, one.to, one.state, one.reply))
        for one in inquiry_trail.went(connection, case_id)
    ]
    came = [
        Happened(one.at, asking_news.mail_came(one.id, one.sender, one.read_as))
        for one in inquiry_trail.came(connection, case_id)
    ]
    return asking_news.in_order([*went, *came])
