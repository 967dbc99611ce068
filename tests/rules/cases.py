"""Facts as casework gathers them, made for tests: a proven contact asks for devices that we installed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from daemon.mail.message import DkimSignature, Evidence, IncomingMail, Origin
from daemon.rules.counterparties import AddressBook, identify
from daemon.rules.decide import decide
from daemon.rules.decide.desk import due_from
from daemon.rules.decision import Decision, Fate
from daemon.rules.facts import DeviceRecord, Facts, Proof, Release, Surroundings
from daemon.rules.identifiers import DeviceId, canonical
from daemon.rules.letters import Answer, AnswerRow
from daemon.rules.meaning import Asked, Correspondence, Meaning
from daemon.rules.policy import Contact, ContactKind, Counterparty, Limits, Member, Mode, Policy, Role
from daemon.rules.thread import Event, Item, MailThread, Outcome, State
from tests.rules import mails

NOW = mails.MONDAY + timedelta(minutes=5)
"""Monday 8 June 2026, 09:35 UTC; the mail arrived five minutes before."""
DUE = "2026-06-22"
"""Ten working days on, a Monday; no holiday lies between."""
OURS = "install.codes@our-company.example"
MEMBER = "jo@our-company.example"
SOUTHERN_DOMAIN = "southern-power.example"
SOUTHERN_ADDRESS = f"codes@{SOUTHERN_DOMAIN}"
SOUTHERN = Counterparty(
    party="Southern Power",
    mpids=frozenset({"SOUT"}),
    aliases=frozenset({"Southern"}),
    contacts=(Contact(email=SOUTHERN_ADDRESS, kind=ContactKind.MP121),),
)
BOOK = (mails.NORTHERN, SOUTHERN)
CASE = "ab" * 32


def device(number: int) -> DeviceId:
    """The n-th device."""
    return canonical(f"00DB1234{number:08X}")


A, B, C, D = (device(n) for n in range(1, 5))


def policy(**changes: Any) -> Policy:
    """Ours, in mode send."""
    fields: dict[str, Any] = {
        "company": "Our Company",
        "mailbox": OURS,
        "own_names": frozenset({"OUR COMPANY", "OURS", "OLDC"}),
        "team": (Member(MEMBER, frozenset({Role.OPERATOR})),),
        "mode": Mode.SEND,
    }
    return Policy(**(fields | changes))


def limits(**changes: Any) -> Policy:
    """Ours, with other limits."""
    return policy(limits=Limits(**changes))


def signature(domain: str = mails.SUPPLIER_DOMAIN, **changes: Any) -> DkimSignature:
    """A whole signature of the supplier's domain."""
    plain = DkimSignature(domain, "c2ln", ("from", "to", "subject", "date"), body_length=False, expires=None)
    return replace(plain, **changes)


def origin(sender: str | None = mails.MP121_ADDRESS, **changes: Any) -> Origin:
    """A person of the supplier, proven by a whole signature."""
    domain = sender.rpartition("@")[2] if sender else mails.SUPPLIER_DOMAIN
    return mails.origin(sender, **({"signatures": (signature(domain),)} | changes))


def unproven(sender: str = mails.MP121_ADDRESS, dmarc: str = "fail", **changes: Any) -> Origin:
    """The same address, and no proof of it."""
    verdict = mails.verdict(dmarc, sender.rpartition("@")[2] if dmarc != "none" else "")
    return origin(sender, **({"evidence": Evidence.UNPROVEN, "verdict": verdict} | changes))


def spf_only(sender: str = mails.MP121_ADDRESS) -> Origin:
    """DMARC passes, and no signature does."""
    verdict = mails.verdict("pass", sender.rpartition("@")[2], dkim_pass=())
    return origin(sender, evidence=Evidence.SPF_ONLY, verdict=verdict, signatures=())


def record(number: DeviceId, **changes: Any) -> DeviceRecord:
    """Ours, with a code, not commissioned."""
    fields: dict[str, Any] = {
        "device_id": number,
        "device_type": "ESME",
        "installing_supplier": "",
        "status": "",
        "gaining_supplier": "",
        "has_code": True,
    }
    return DeviceRecord(**(fields | changes))


def records(*devices: DeviceId) -> dict[DeviceId, DeviceRecord]:
    """Each ours, with a code, not commissioned."""
    return {d: record(d) for d in devices}


def proof(written_by: Origin, **changes: Any) -> Proof:
    """What is kept of a mail that arrived on Monday morning and was read whole."""
    fields: dict[str, Any] = {
        "origin": written_by,
        "arrived": mails.MONDAY,
        "complete": True,
        "signature_reused": False,
    }
    return Proof(**(fields | changes))


def facts(written_by: Origin | None = None, *, mail: IncomingMail | None = None, **changes: Any) -> Facts:
    """A proven contact's mail, our four devices on record, nothing that happened before."""
    author = written_by or origin()
    book = changes.pop("counterparties", BOOK)
    now = changes.pop("now", NOW)
    mail = mail or mails.mail("please", subject="Install codes", written_by=author)
    proven = changes.pop("proof", None) or proof(author, complete=mail.complete)
    fields: dict[str, Any] = {
        "mail": mail,
        "mail_id": 7,
        "proof": proven,
        "now": now,
        "writer": identify(author, AddressBook.of(book), policy(), now),
        "counterparties": book,
        "surroundings": Surroundings(mailbox_secure=True, relay_secure=True),
        "case_id": CASE,
        "reference": "IC-00000001",
        "records": records(A, B, C, D),
        "inventory_taken_at": now - timedelta(days=1),
    }
    return Facts(**(fields | changes))


def asks(*devices: DeviceId, **changes: Any) -> Correspondence:
    """A request for these devices."""
    return Correspondence(asked=tuple(Asked(d, f"line {n}") for n, d in enumerate(devices, 1)), **changes)


def ask(*devices: DeviceId, by: Policy | None = None, **changes: Any) -> Decision:
    """What a request for these devices leads to."""
    return decide(facts(**changes), asks(*devices), by or policy())


def decided(meaning: Meaning, by: Policy | None = None, **given: Any) -> Decision:
    """What a mail of this meaning leads to."""
    return decide(facts(**given), meaning, by or policy())


def is_left_alone(decision: Decision) -> bool:
    """Unread, in place, no letter, and only its hash kept."""
    return decision == Decision(
        Fate.IGNORED, decision.reason, keep_content=False, moves_mail=False, notes=decision.notes
    )


def item(number: DeviceId, state: State = State.HELD, **changes: Any) -> Item:
    """An item that arrived with the root mail, in this state."""
    fresh = Item(device_id=number, due=due_from(mails.MONDAY, policy()), asked_at=mails.MONDAY)
    return replace(fresh, **({"state": state} | changes))


def thread(*items: Item, **changes: Any) -> MailThread:
    """A thread of the supplier with these items; one letter went out on it."""
    fields: dict[str, Any] = {
        "case_id": "cd" * 32,
        "reference": "IC-00000002",
        "party": "Northern Energy",
        "reply_to": mails.MP121_ADDRESS,
        "asked_by": mails.MP121_ADDRESS,
        "subject": "Codes please",
        "root_message_id": "<root@northern-energy.example>",
        "references": ("<root@northern-energy.example>",),
        "received_at": mails.MONDAY,
        "mail_id": 3,
        "items": items,
        "letters_queued": 1,
    }
    return MailThread(**(fields | changes))


def answered(number: DeviceId, outcome: Outcome = Outcome.CODE, note: str = "") -> Item:
    """An item that was answered."""
    return item(number, State.ANSWERED, outcome=outcome, note=note)


def pending(number: DeviceId, **changes: Any) -> Item:
    """An item that waits for its turn."""
    return item(number, State.NEW).move(Event.DEFER, outcome=Outcome.CODE, **changes)


def sent(*ago: timedelta, party: str = "Northern Energy", now: datetime = NOW) -> tuple[Release, ...]:
    """Codes that left us so long ago."""
    return tuple(Release(party, now - before) for before in ago)


def said(decision: Decision) -> Answer:
    """The content of its one letter."""
    (plan,) = decision.plans
    assert isinstance(plan.content, Answer)
    return plan.content


def rows(decision: Decision) -> dict[DeviceId, tuple[str, str]]:
    """Outcome and note of each device in its one letter."""
    return {r.device_id: (r.outcome.value, r.note) for r in said(decision).rows}


def states(decision: Decision) -> Mapping[DeviceId, tuple[State, str | None]]:
    """State and reason of each item of its one thread."""
    (one,) = decision.threads
    return {i.device_id: (i.state, i.reason) for i in one.items}


def row(number: DeviceId, outcome: Outcome = Outcome.CODE) -> AnswerRow:
    """A row of a letter."""
    return AnswerRow(number, outcome)


def at(day: int, hour: int = 9) -> datetime:
    """A moment in June 2026."""
    return datetime(2026, 6, day, hour, tzinfo=UTC)
