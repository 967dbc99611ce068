"""Mails as the reader hands them over, made for tests; every field has a plain default."""

import hashlib
from datetime import UTC, datetime
from typing import Any

from daemon.mail.message import (
    DkimSignature,
    Evidence,
    IncomingMail,
    Machine,
    Mark,
    MarkedKind,
    Origin,
    Source,
    Table,
    Verdict,
)
from daemon.rules.facts import Standing, Writer
from daemon.rules.policy import Contact, ContactKind, Counterparty, Member, Role

MONDAY = datetime(2026, 6, 8, 9, 30, tzinfo=UTC)
SUPPLIER_DOMAIN = "northern-energy.example"
MP121_ADDRESS = f"mp121@{SUPPLIER_DOMAIN}"
COLLEAGUE_ADDRESS = f"priya.shah@{SUPPLIER_DOMAIN}"
STRANGER_ADDRESS = "info@meter-news.example"

MP121 = Contact(email=MP121_ADDRESS, kind=ContactKind.MP121, name="Install codes desk")
NORTHERN = Counterparty(
    party="Northern Energy",
    mpids=frozenset({"NORT"}),
    contacts=(MP121, Contact(email=f"operations@{SUPPLIER_DOMAIN}", kind=ContactKind.OPERATIONS)),
)


def verdict(dmarc: str = "pass", domain: str = SUPPLIER_DOMAIN, **changes: Any) -> Verdict:
    """What our own server says: a pass with an aligned signature, unless told otherwise."""
    fields: dict[str, Any] = {
        "dmarc": dmarc,
        "header_from": domain,
        "dkim_pass": (domain,) if dmarc == "pass" else (),
        "spf": dmarc,
        "note": "our own server's header",
    }
    return Verdict(**(fields | changes))


def origin(
    sender: str | None = MP121_ADDRESS,
    *,
    evidence: Evidence = Evidence.DKIM_ALIGNED,
    machine: Machine | None = None,
    mark: MarkedKind | None = None,
    mark_reference: str | None = None,
    **changes: Any,
) -> Origin:
    """A proven person of the supplier, unless told otherwise."""
    domain = sender.rpartition("@")[2] if sender else ""
    fields: dict[str, Any] = {
        "sender": sender,
        "display_name": "",
        "ambiguities": () if sender else ("two From fields",),
        "evidence": evidence if sender else Evidence.AMBIGUOUS,
        "verdict": verdict("pass" if evidence >= Evidence.SPF_ONLY else "none", domain),
        "signatures": (
            DkimSignature(domain, "c2lnbmF0dXJl", ("from", "subject", "to"), body_length=False, expires=None),
        ),
        "machine": machine,
        "machine_sign": "Auto-Submitted: auto-generated" if machine else "",
        "mark": Mark(mark, mark_reference) if mark else None,
        "date": MONDAY,
    }
    return Origin(**(fields | changes))


def mail(
    new_text: str = "",
    *,
    subject: str = "",
    tables: tuple[Table, ...] = (),
    reply: bool = False,
    written_by: Origin | None = None,
    **changes: Any,
) -> IncomingMail:
    """A mail that says `new_text`; `reply`: it answers another mail."""
    earlier = ("<earlier@northern-energy.example>",) if reply else ()
    digest = hashlib.sha256(f"{subject}\x00{new_text}\x00{tables}".encode("utf-8", "surrogatepass")).hexdigest()
    fields: dict[str, Any] = {
        "message_id": f"<{digest[:16]}@{SUPPLIER_DOMAIN}>",
        "in_reply_to": earlier,
        "references": earlier,
        "subject": subject,
        "origin": written_by or origin(),
        "new_text": new_text,
        "quoted_text": "",
        "signature_text": "",
        "forwarded_text": "",
        "tables": tables,
        "attachments": (),
        "defects": (),
        "semantic_key": digest,
    }
    return IncomingMail(**(fields | changes))


def table(*rows: tuple[str, ...], name: str = "table 1", source: Source = Source.HTML, first_line: int = 1) -> Table:
    """A table of an HTML mail, unless told otherwise."""
    return Table(source, name, rows, first_line)


def sheet(*rows: tuple[str, ...], name: str = "requests.xlsx, sheet S", first_line: int = 1) -> Table:
    """A sheet of a workbook."""
    return Table(Source.XLSX, name, rows, first_line)


def contact(**changes: Any) -> Writer:
    """The supplier's listed MP121 address."""
    return Writer(Standing.CONTACT, MP121_ADDRESS, **({"counterparty": NORTHERN, "contact": MP121} | changes))


def robot() -> Writer:
    """The supplier's MP121 address, listed as a machine's."""
    listed = Contact(email=MP121_ADDRESS, kind=ContactKind.MP121, robot=True)
    return contact(contact=listed)


def colleague() -> Writer:
    """Somebody in the same domain as the supplier's contacts."""
    return Writer(Standing.COLLEAGUE, COLLEAGUE_ADDRESS, counterparty=NORTHERN)


def listed_domain() -> Writer:
    """Somebody at a sub-domain of the supplier's."""
    return Writer(Standing.LISTED_DOMAIN, f"ann@mail.{SUPPLIER_DOMAIN}", looks_like=SUPPLIER_DOMAIN)


def stranger() -> Writer:
    """Nobody we know."""
    return Writer(Standing.UNLISTED, STRANGER_ADDRESS)


def member() -> Writer:
    """One of our own ops team."""
    address = "jo@our-company.example"
    return Writer(Standing.MEMBER, address, member=Member(address, frozenset({Role.OPERATOR})))


def ourselves() -> Writer:
    """Our own shared address as a sender."""
    return Writer(Standing.OURSELVES, "install.codes@our-company.example")
