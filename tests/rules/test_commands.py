"""What a mail of our own team orders: as people write it, and as attackers would like it read.

The mails are real bytes, read by the real reader of `daemon.mail`; today is Monday, 8 June 2026.
"""

import html as markup
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.mail.message import DkimSignature, Evidence, IncomingMail
from daemon.mail.parse import parse
from daemon.mail.sender.authres import Trust
from daemon.rules import commands
from daemon.rules.commands import help_text
from daemon.rules.commands.orders import (
    Adopt,
    Approve,
    Away,
    ChaseNow,
    Close,
    CommandMail,
    Contacts,
    Escalate,
    Help,
    Holiday,
    Incident,
    Inventory,
    Listing,
    ListOf,
    Note,
    Order,
    OrderedRow,
    Pause,
    Reject,
    Replay,
    Report,
    Request,
    RequestAgain,
    RequestContact,
    Resend,
    Resume,
    Rows,
    Status,
    Team,
    Tell,
    Verb,
    Wait,
    Waive,
    Withdraw,
)  # fmt: skip
from daemon.rules.commands.orders import (
    Evidence as ShowEvidence,
)
from daemon.rules.commands.tell import OUTCOMES
from daemon.rules.identifiers import DeviceId, InstallCode, crc, grouped
from daemon.rules.meaning import MachineMail, OpsMail
from daemon.rules.thread import Outcome
from daemon.rules.understand import understand
from tests.rules import mails

TODAY = date(2026, 6, 8)
MX = "mx.our-company.example"
TRUST = Trust(authserv_id=MX)
NAMES = ("Northern Energy", "NORT", "Brightspark")
REF, OTHER = "IC-7F3K2Q9D", "IC-7F3K2Q9E"
DEVICE, SECOND = DeviceId("00-DB-12-34-56-78-90-A0"), DeviceId("00-DB-12-34-56-78-90-A1")
GSME = DeviceId("00-DB-12-34-56-78-90-A1")
CODE = InstallCode(bytes.fromhex("83FED3407A939738C552D3D2FAD3D505"))
SHOWN = grouped(CODE)
CHECK = crc(CODE.reveal()).hex().upper()


def row(line: int, device: str, rest: str) -> OrderedRow:
    """A row of an order in a mail's text, nothing but blanks between its cells."""
    return OrderedRow(f"line {line}", device, rest, loose=True)


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that is refused, with these words in what its writer is told."""

    words: str


@dataclass(frozen=True, slots=True)
class Near:
    """One line of help on this verb."""

    verb: str


SILENCE = ()
Effect = tuple[Order | Fault, ...] | Near


# Mails as bytes ─────────────────────────────────────────────────────────────────────────────────────


def raw(
    text: str | None = None,
    *,
    html: str | None = None,
    subject: str = "Install codes",
    answers: bool = False,
    attached: tuple[tuple[str, str, str], ...] = (),
    more: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """A mail of Jo's, as a mail program sends it. `attached`: (name, subtype of text, content)."""
    message = EmailMessage()
    message["From"] = "Jo Smith <jo.smith@our-company.example>"
    message["To"] = "install.codes@our-company.example"
    message["Subject"] = f"RE: {subject}" if answers else subject
    message["Date"] = "Mon, 08 Jun 2026 09:29:00 +0000"
    message["Message-ID"] = "<1@our-company.example>"
    if answers:
        message["In-Reply-To"] = message["References"] = "<letter@our-company.example>"
    for name, value in more:
        message[name] = value
    if text is not None:
        message.set_content(text)
    if html is not None and text is not None:
        message.add_alternative(html, subtype="html")
    elif html is not None:
        message.set_content(html, subtype="html")
    for name, subtype, content in attached:
        message.add_attachment(content, subtype=subtype, filename=name)
    return message.as_bytes()


def read(content: bytes, *, reply: bool = False) -> CommandMail:
    """What these bytes order."""
    return commands.read(parse(content, TRUST), TODAY, names=NAMES, reply=reply)


def effect(found: CommandMail) -> tuple[Order | str, ...] | Near:
    """Orders, or the words of faults, line by line."""
    if found.near_miss:
        assert not found.lines
        return Near(found.near_miss)
    return tuple(line.order if line.order is not None else line.fault for line in found.lines)


def check(found: CommandMail, expected: Effect) -> None:
    """That a mail does just this."""
    got = effect(found)
    if isinstance(expected, Near) or isinstance(got, Near):
        assert got == expected
        return
    assert len(got) == len(expected), got
    for one, wanted in zip(got, expected, strict=True):
        if isinstance(wanted, Fault):
            assert isinstance(one, str)
            assert wanted.words in one
        else:
            assert one == wanted
    assert [line.number for line in found.lines] == list(range(1, len(found.lines) + 1))
    assert all(bool(line.fault) is (line.order is None) for line in found.lines)


def tell(outcome: Outcome, note: str = "", code: InstallCode | None = None) -> Tell:
    """What is told of the device."""
    return Tell(DEVICE, outcome, note, code)


HOLD = f"""Held: 3 devices of Northern Energy
{REF}
To let them have the codes, send
APPROVE {REF}
or
REJECT {REF} removed
"""
GMAIL = "\nOn Mon, 8 Jun 2026 at 09:15, Install codes <install.codes@our-company.example> wrote:\n\n"
OUTLOOK = (
    "\n________________________________\nFrom: Install codes <install.codes@our-company.example>\n"
    "Sent: 08 June 2026 09:15\nTo: Jo Smith <jo.smith@our-company.example>\nSubject: Held: 3 devices\n\n"
)
SIGNATURE = "\n\nKind regards\n\nJo Smith\nOperations Analyst | Our Company\nT: 020 7946 0000\n"
DISCLAIMER = (
    "\nThis email and any attachments are confidential and intended solely for the addressee. If you have received it in"
    " error please notify the sender, approve nothing and close it.\n"
)


def marked(text: str) -> str:
    """Quoted with marks."""
    return "".join(f"> {line}\n" for line in text.splitlines())


def outlook_html(*paragraphs: str, below: str = "") -> str:
    """A body as desktop Outlook writes it."""
    body = "".join(f'<p class="MsoNormal">{markup.escape(p) or "<o:p>&nbsp;</o:p>"}</p>' for p in paragraphs)
    return (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal{margin:0cm}</style></head>'
        f'<body lang="EN-GB"><div class="WordSection1">{body}{below}</div></body></html>'
    )


OUTLOOK_BELOW = (
    '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>From:</b>'
    " Install codes &lt;install.codes@our-company.example&gt;<br><b>Sent:</b> 08 June 2026 09:15<br><b>To:</b> Jo Smith<br>"
    f'<b>Subject:</b> Held: 3 devices</p></div></div><p class="MsoNormal">APPROVE {REF}</p>'
)
GMAIL_BELOW = (
    '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Mon, 8 Jun 2026 at 09:15, Install codes &lt;'
    '<a href="mailto:i@our-company.example">i@our-company.example</a>&gt; wrote:<br></div><blockquote class="gmail_quote">'
    f"APPROVE {REF}<br>REJECT {REF} removed</blockquote></div>"
)

# New mails: the words ───────────────────────────────────────────────────────────────────────────────

NEW: list[tuple[str, Effect]] = [
    # reading
    ("HELP", (Help(),)),
    ("help!", (Help(),)),
    ("Help please", (Help(),)),
    ("HELP APPROVE", (Help(),)),
    ("STATUS", (Status(),)),
    ("status.", (Status(),)),
    ("STATUS IC-7F3K2Q9D", (Status(REF),)),
    ("Status of ic-7f3k2q9d please", (Status(REF),)),
    ("status for IC-7F3KZQ9O?", (Status("IC-7F3KZQ90"),)),
    ("STATUS IC\u20117F3K2Q9D", (Status(REF),)),
    ("STATUS: IC 7F3K2Q9D", (Status(REF),)),
    ("STATUS mail #12", (Status("mail 12"),)),
    ("STATUS 00-DB-12-34-56-78-90-A0", (Status(device=DEVICE),)),
    ("STATUS device 00db1234567890a0", (Status(device=DEVICE),)),
    ("status 00:DB:12:34:56:78:90:A0.", (Status(device=DEVICE),)),
    ("STATUS 00DB 1234 5678 90A0", (Status(device=DEVICE),)),
    ("STATUS IC-7F3K2Q9U", (Fault("look like IC-"),)),
    ("STATUS IC-7F3", (Fault("look like IC-"),)),
    ("STATUS OF THE NATION", (Fault("STATUS stands alone"),)),
    ("STATUS IC-7F3K2Q9D IC-7F3K2Q9E", (Fault("one reference"),)),
    ("LIST held", (ListOf(Listing.HELD),)),
    ("list all the open ones", (ListOf(Listing.OPEN),)),
    ("List: overdue.", (ListOf(Listing.OVERDUE),)),
    ("LIST hold", (Fault("LIST held would work"),)),
    ("LIST overdu", (Fault("LIST overdue would work"),)),
    ("LIST", (Fault("LIST held, LIST open or LIST overdue"),)),
    ("REPORT", (Report(),)),
    ("TEAM", (Team(),)),
    ("EVIDENCE IC-7F3K2Q9D", (ShowEvidence(REF),)),
    ("evidence for mail 0012", (ShowEvidence("mail 12"),)),
    # deciding
    ("APPROVE IC-7F3K2Q9D", (Approve(REF),)),
    ("*APPROVE* IC-7F3K2Q9D", (Approve(REF),)),
    ("**APPROVE IC-7F3K2Q9D**", (Approve(REF),)),
    ("“APPROVE IC-7F3K2Q9D”", (Approve(REF),)),
    ("- approve IC-7F3K2Q9D", (Approve(REF),)),
    ("1. APPROVE IC-7F3K2Q9D\n2. APPROVE IC-7F3K2Q9E", (Approve(REF), Approve(OTHER))),
    ("\ufeff\u200bAPPROVE\u00a0IC-7F3K2Q9D", (Approve(REF),)),
    ("APPROVE the request IC-7F3K2Q9D, please.", (Approve(REF),)),
    ("APPROVE IC-7F3K2Q9D except 3, 7", (Approve(REF, Rows(but=(3, 7))),)),
    ("approve ic-7f3k2q9d all but rows 3 and 7", (Approve(REF, Rows(but=(3, 7))),)),
    ("APPROVE IC-7F3K2Q9D only 1-4", (Approve(REF, Rows(only=(1, 2, 3, 4))),)),
    ("APPROVE rows 1–3 & 5 of IC-7F3K2Q9D", (Approve(REF, Rows(only=(1, 2, 3, 5))),)),
    ("APPROVE IC-7F3K2Q9D 1, 2 and 5", (Approve(REF, Rows(only=(1, 2, 5))),)),
    ("APPROVE IC-7F3K2Q9D all", (Approve(REF),)),
    ("APPROVE IC-7F3K2Q9D K7M2-9QXD", (Approve(REF, typed="K7M29QXD"),)),
    ("APPROVE k7m2 9qxd except 2", (Approve(rows=Rows(but=(2,)), typed="K7M29QXD"),)),
    ("APPROVE ABCD-EFGH", (Approve(typed="ABCDEFGH"),)),
    ("APPROVE IC-7F3K2Q9D 7-3", (Fault("row numbers"),)),
    ("APPROVE IC-7F3K2Q9D except 0", (Fault("row numbers"),)),
    ("APPROVE IC-7F3K2Q9D, IC-7F3K2Q9E", (Fault("what of it is approved"),)),
    ("APPROVE IC-7F3K2Q9D except the last", (Fault("what of it is approved"),)),
    ("Approve IC-7F3K2Q9D once Jim has confirmed", (Fault("what of it is approved"),)),
    ("APPROVE IC-7F3K2Q9D?", (Fault("question mark"),)),
    ("REJECT IC-7F3K2Q9D removed", (Reject(REF, reason="removed"),)),
    ("Reject IC-7F3K2Q9D: the meter was taken out in 2025", (Reject(REF, reason="removed"),)),
    ("REJECT IC-7F3K2Q9D 3, 7 commissioned", (Reject(REF, Rows(only=(3, 7)), "commissioned"),)),
    ("REJECT IC-7F3K2Q9D except 2: they could not confirm it", (Reject(REF, Rows(but=(2,)), "not-confirmed"),)),
    ("reject IC-7F3K2Q9D unconfirmed", (Reject(REF, reason="not-confirmed"),)),
    ("REJECT IC-7F3K2Q9D ask again", (Reject(REF, reason="ask-again"),)),
    ("REJECT IC-7F3K2Q9D NEED-MORE", (Reject(REF, reason="ask-again"),)),
    ("REJECT mail 12", (Reject("mail 12"),)),
    ("REJECT IC-7F3K2Q9D because I say so", (Fault("removed, commissioned, not confirmed, or ask again"),)),
    ("REJECT IC-7F3K2Q9D not removed", (Fault("none of the reasons"),)),
    ("REJECT IC-7F3K2Q9D not yet commissioned", (Fault("none of the reasons"),)),
    ("REJECT IC-7F3K2Q9D removed or commissioned", (Fault("more than one"),)),
    # answering
    (f"ANSWER {DEVICE} CODE {SHOWN}", (tell(Outcome.CODE, code=CODE),)),
    (f"answer 00db1234567890a0: code = {SHOWN.replace(' ', '').lower()}{CHECK}", (tell(Outcome.CODE, code=CODE),)),
    (f"ANSWER {DEVICE} CODE {SHOWN} check {CHECK}", (tell(Outcome.CODE, code=CODE),)),
    (f"ANSWER {DEVICE} CODE {SHOWN[:20]}\n{SHOWN[20:]}", (tell(Outcome.CODE, code=CODE),)),
    (f"ANSWER {DEVICE} CODE {SHOWN} 0000", (Fault("check"),)),
    (f"ANSWER {DEVICE} CODE {SHOWN[:-5]}", (Fault("28 hexadecimal digits"),)),
    (f"ANSWER {DEVICE} CODE", (Fault("0 hexadecimal digits"),)),
    (f"ANSWER {DEVICE} {SHOWN}", (Fault(OUTCOMES),)),
    (f"ANSWER {DEVICE} not-installer NORT", (tell(Outcome.NOT_INSTALLER, "installer: NORT"),)),
    (f"ANSWER {DEVICE} NOT INSTALLER", (tell(Outcome.NOT_INSTALLER),)),
    (f"ANSWER {DEVICE} NO_CODE_HELD", (tell(Outcome.NO_CODE_HELD),)),
    (f"ANSWER {DEVICE} TYPE HAS NO CODE {GSME}", (tell(Outcome.TYPE_HAS_NO_CODE, f"device: {GSME}"),)),
    (f"ANSWER {DEVICE} TYPE-HAS-NO-CODE the boiler", (Fault("GSME"),)),
    (f"ANSWER {DEVICE} PENDING by Friday", (tell(Outcome.PENDING, "by: 2026-06-12"),)),
    (f"ANSWER {DEVICE} PENDING", (Fault("by which day"),)),
    (f"ANSWER {DEVICE} NEED-MORE", (tell(Outcome.NEED_MORE),)),
    (f"ANSWER {DEVICE} REFUSED: not confirmed", (tell(Outcome.REFUSED, "not confirmed"),)),
    (f"ANSWER {DEVICE} REFUSED ask again", (Fault("NEED-MORE"),)),
    ("ANSWER 00-DB-12-34-56-78-90-A NO-CODE-HELD", (Fault("no Device ID"),)),
    ("ANSWER 0000000000000000 NO-CODE-HELD", (Fault("no Device ID"),)),
    ("ANSWER", (Fault("no Device ID"),)),
    # matters
    ("NOTE IC-7F3K2Q9D spoke to Ann, she will send the list.", (Note("spoke to Ann, she will send the list", REF),)),
    ("NOTE IC-7F3K2Q9D spoke to Ann, who will look into it and\nsend the list", (Note("spoke to Ann, who will look into it and send the list", REF),)),
    (f"NOTE IC-7F3K2Q9D the code is {SHOWN}", (Note("the code is [removed]", REF),)),
    (f"NOTE IC-7F3K2Q9D {DEVICE} {GSME} are one home", (Note(f"{DEVICE} {GSME} are one home", REF),)),
    (f"NOTE IC-7F3K2Q9D {'a' * 501}", (Fault("500 characters"),)),
    ("NOTE IC-7F3K2Q9D", (Fault("words are missing"),)),
    ("CHASE IC-7F3K2Q9D SAYING we took the customer over on 3 December", (ChaseNow(REF, "we took the customer over on 3 December"),)),
    ("chase IC-7F3K2Q9D, saying: we are the registered supplier of it since\nthe third of December.\n\nAnn", (ChaseNow(REF, "we are the registered supplier of it since the third of December"),)),
    (f"CHASE IC-7F3K2Q9D saying it is {DEVICE}", (ChaseNow(REF, f"it is {DEVICE}"),)),
    ("CHASE IC-7F3K2Q9D SAYING", (Fault("words are missing"),)),
    (f"CHASE IC-7F3K2Q9D SAYING the code is {SHOWN}", (Fault("no letter may carry"),)),
    ("CHASE IC-7F3K2Q9D SAYING its MPAN is 1200023456789", (Fault("no letter may carry"),)),
    ("CHASE IC-7F3K2Q9D SAYING it is at 12 High Street, AB1 2CD", (Fault("no letter may carry"),)),
    ("CHASE IC-7F3K2Q9D SAYING the customer was taken over on 3 December\nBob, these people are hopeless, do not tell them", (Fault("for the supplier too"),)),
    ("CHASE IC-7F3K2Q9D SAYING we wait\nbob, these people are hopeless", (Fault("for the supplier too"),)),
    ("CHASE IC-7F3K2Q9D SAYING the customer was taken over on 3 December.\nthey are hopeless", (Fault("for the supplier too"),)),
    ("CHASE IC-7F3K2Q9D SAYING the customer was taken over on 3 December\nand is ours\nbob, they are hopeless", (Fault("for the supplier too"),)),
    ("CHASE IC-7F3K2Q9D SAYING the customer was taken over on 3 December\nP. Quill\nDesk 4, 07700 900123", (Fault("for the supplier too"),)),
    ("CHASE IC-7F3K2Q9D SAYING we took it over\n\nP. Quill\n07700 900123", (ChaseNow(REF, "we took it over"),)),
    ("CHASE IC-7F3K2Q9D SAYING we wait\nBob, these people are hopeless\nSTATUS", (Fault("for the supplier too"), Status())),
    ("CHASE IC-7F3K2Q9D SAYING we took it over\nSTATUS", (ChaseNow(REF, "we took it over"), Status())),
    ("CHASE IC-7F3K2Q9D SAYING ring Quill on 07700 900123", (Fault("no letter may carry"),)),
    ("CHASE IC-7F3K2Q9D SAYING ring Quill on +44 (0)7700-900-123", (Fault("no letter may carry"),)),
    ("CHASE IC-7F3K2Q9D SAYING my telephone is 900123", (Fault("no letter may carry"),)),
    (f"CHASE IC-7F3K2Q9D SAYING the code is {' '.join(f'({part})' for part in SHOWN.split())}", (Fault("no letter may carry"),)),
    (f"CHASE IC-7F3K2Q9D SAYING it is {SHOWN[:19]} and {SHOWN[20:]}", (Fault("no letter may carry"),)),
    (f"CHASE IC-7F3K2Q9D SAYING it is {' and '.join(f'({part})' for part in SHOWN.split())}", (Fault("no letter may carry"),)),
    ("CHASE IC-7F3K2Q9D SAYING its MPAN is 1200-0123-45678", (Fault("no letter may carry"),)),
    ("CHASE IC-7F3K2Q9D SAYING its MPAN is 120001 then 2345678", (Fault("no letter may carry"),)),
    (f"CHASE IC-7F3K2Q9D SAYING {DEVICE} is ours since 3 December 2026", (ChaseNow(REF, f"{DEVICE} is ours since 3 December 2026"),)),
    ("CHASE IC-7F3K2Q9D they promised it for Friday", (Fault("one reference and nothing else"),)),
    ("CHASE IC-7F3K2Q9D please hurry SAYING we wait", (Fault("one reference and nothing else"),)),
    ("NOTE: the meeting moved", (Fault("which matter"),)),
    ("WAIT IC-7F3K2Q9D until 2026-12-24", (Wait(date(2026, 12, 24), REF),)),
    ("wait ic-7f3k2q9d until 24 Dec", (Wait(date(2026, 12, 24), REF),)),
    ("WAIT IC-7F3K2Q9D till Thursday 24th December 2026", (Wait(date(2026, 12, 24), REF),)),
    ("WAIT IC-7F3K2Q9D until 24/12/2026", (Wait(date(2026, 12, 24), REF),)),
    ("WAIT IC-7F3K2Q9D until 24.12.26", (Wait(date(2026, 12, 24), REF),)),
    ("WAIT IC-7F3K2Q9D until Dec 24, 2026", (Wait(date(2026, 12, 24), REF),)),
    ("WAIT IC-7F3K2Q9D until 3 Feb", (Wait(date(2027, 2, 3), REF),)),
    ("WAIT IC-7F3K2Q9D until Monday", (Wait(date(2026, 6, 15), REF),)),
    ("WAIT IC-7F3K2Q9D tomorrow", (Wait(date(2026, 6, 9), REF),)),
    ("WAIT IC-7F3K2Q9D until Friday 24 Dec", (Fault("is a Thursday"),)),
    ("WAIT IC-7F3K2Q9D until 31/02/2027", (Fault("no such day"),)),
    ("WAIT IC-7F3K2Q9D until 1 June 2026", (Fault("past"),)),
    ("WAIT IC-7F3K2Q9D until today", (Fault("today"),)),
    ("WAIT IC-7F3K2Q9D until 2028-01-01", (Fault("1 year away"),)),
    ("WAIT IC-7F3K2Q9D until next week", (Fault("WAIT needs a day"),)),
    ("CLOSE IC-7F3K2Q9D answered by telephone", (Close("answered by telephone", REF),)),
    ("RESEND IC-7F3K2Q9D", (Resend(REF),)),
    ("RESEND IC-7F3K2Q9D to ann@supplier.example", (Fault("one reference and nothing else"),)),
    ("REPLAY mail 12", (Replay("mail 12"),)),
    # what stands
    ("PAUSE", (Pause(),)),
    ("PAUSE all", (Pause(),)),
    ("pause the codes", (Pause("codes"),)),
    ("Pause northern energy", (Pause("northern energy"),)),
    ("PAUSE Nothern Energy", (Fault("PAUSE Northern Energy"),)),
    ("PAUSE Northern", (Fault("PAUSE Northern Energy"),)),
    ("PAUSE the coffee machine", (Fault("no supplier of that name"),)),
    ("RESUME IC-7F3K2Q9D", (Resume(REF),)),
    ("RESUME codes", (Resume("codes"),)),
    ("INCIDENT NORT", (Incident("NORT"),)),
    ("INCIDENT", (Fault("needs the supplier"),)),
    ("WAIVE ann@supplier.example until 24 Dec", (Waive("ann@supplier.example", date(2026, 12, 24)),)),
    ("WAIVE <ann@supplier.example> to 2026-12-24", (Waive("ann@supplier.example", date(2026, 12, 24)),)),
    ("WAIVE ann@supplier.example", (Fault("its last day"),)),
    ("AWAY jo from 24 Dec to 2 Jan", (Away("jo", date(2026, 12, 24), date(2027, 1, 2)),)),
    ("AWAY Jo Smith 2026-12-24 - 2027-01-02", (Away("Jo Smith", date(2026, 12, 24), date(2027, 1, 2)),)),
    ("AWAY me 24-28 Dec", (Away("me", date(2026, 12, 24), date(2026, 12, 28)),)),
    ("Away until Friday", (Away("me", TODAY, date(2026, 6, 12)),)),
    ("AWAY me from 24 Dec 2026 to 22 Dec 2026", (Fault("before its first"),)),
    ("AWAY me from 24 Dec to 22 Dec", (Fault("from 2026-12-24 to 2027-12-22 is more than half a year; if"),)),
    ("AWAY me from 24 Dec to 22 Dec 2027", (Away("me", date(2026, 12, 24), date(2027, 12, 22)),)),
    ("AWAY me from 24/12/2026 to 22/12/2027", (Away("me", date(2026, 12, 24), date(2027, 12, 22)),)),
    ("AWAY me", (Fault("first day and its last"),)),
    ("HOLIDAY 2026-12-24 Christmas Eve", (Holiday(date(2026, 12, 24), "Christmas Eve"),)),
    ("HOLIDAY 2026-12-24", (Fault("its name"),)),
    ("CONTACTS", (Contacts(),)),
    ("Inventory.", (Inventory(),)),
    ("CONTACTS OF NORT", (Fault("stands alone"),)),
    # a later release
    (f"REQUEST\n{DEVICE} NORT\n{GSME} Brightspark\n\nSTATUS", (Request(rows=(row(2, DEVICE, "NORT"), row(3, GSME, "Brightspark"))), Status())),
    (f"request\n{DEVICE} NORT", (Request(rows=(row(2, DEVICE, "NORT"),)),)),
    (f"Request now please\n\n{DEVICE} NORT\nThanks\nJo", (Request(now=True, rows=(row(3, DEVICE, "NORT"),)),)),
    (f"REQUEST the code of {DEVICE} from NORT\n", (Request(rows=(row(1, DEVICE, "NORT"),)),)),
    (f"REQUEST\n{DEVICE} NORT\n-- \n{GSME} NORT", (Request(rows=(row(2, DEVICE, "NORT"),)),)),
    (f"REQUEST\n\n{DEVICE} NORT\n\n{GSME} NORT\n\nThanks", (Request(rows=(row(3, DEVICE, "NORT"), row(5, GSME, "NORT"))),)),
    (f"REQUEST\n{DEVICE} NORT\n\nThe other, {GSME}, is at home", (Request(rows=(row(2, DEVICE, "NORT"),)),)),
    ("REQUEST from the van", (Fault("REQUEST stands alone"),)),
    ("Request from the van attached", SILENCE),
    ("Request\nfor the van", SILENCE),
    ("REQUEST NOW", (Request(now=True),)),
    ("REQUEST CONTACT of Nowhere Energy", (RequestContact("Nowhere Energy"),)),
    ("Request contact details please", SILENCE),
    (f"REQUEST AGAIN {DEVICE} the meter refuses it", (RequestAgain((DEVICE,), why="the meter refuses it"),)),
    (f"Request again for {DEVICE}, {SECOND} and {DEVICE}", (RequestAgain((DEVICE, SECOND)),)),
    (f"REQUEST AGAIN {REF}: a row was skipped", (RequestAgain(ref=REF, why="a row was skipped"),)),
    (f"REQUEST AGAIN\n{DEVICE}\n{SECOND}", (RequestAgain(rows=(OrderedRow("line 2", DEVICE, loose=True), OrderedRow("line 3", SECOND, loose=True))),)),
    ("REQUEST AGAIN the codes from the van", (Fault("takes the Device IDs whose codes do not work"),)),
    (f"REQUEST AGAIN {DEVICE} not 83FED3407A939723A5C639B26916D505", (Fault("may hold an install code"),)),
    ("Request again whatever you need", SILENCE),
    ("chase ic-7f3k2q9d", (ChaseNow(REF),)),
    (f"ESCALATE {REF}", (Escalate(REF),)),
    (f"ESCALATE {REF} today", (Fault("takes one reference"),)),
    (f"WITHDRAW {DEVICE} customer left", (Withdraw(DEVICE, "customer left"),)),
    (f"WITHDRAW {DEVICE}", (Fault("say why"),)),
    ("WITHDRAW the offer", (Fault("needs one Device ID"),)),
    ("ADOPT", (Adopt(),)),
    ("Adopt a cat", SILENCE),
    # several lines
    ("STATUS\nLIST held\n\nREPORT\n\n\nTEAM", (Status(), ListOf(Listing.HELD), Report(), Team())),
    (f"APPROVE {REF}\nCLOSE {OTHER} answered by telephone", (Approve(REF), Close("answered by telephone", OTHER))),
    (f"NOTE {REF} called them\nWAIT {REF} until Friday", (Note("called them", REF), Wait(date(2026, 6, 12), REF))),
    (f"NOTE {REF} they write that we should, as they see the matter,\nclose {OTHER} as answered", (Fault("begins with CLOSE"), Close("as answered", OTHER))),
    (f"APPROVE {REF}\nREJECT {REF} removed", (Approve(REF), Fault("decides the same"))),
    (f"APPROVE {REF} 1\nREJECT {REF} 2 removed", (Approve(REF, Rows(only=(1,))), Reject(REF, Rows(only=(2,)), "removed"))),
    (f"APPROVE {REF}\n\nCan somebody ring Ann about the others, please?", (Approve(REF),)),
    ("\n".join(["STATUS"] * 10), (Status(),) * 10),
    ("\n".join(["STATUS"] * 14), ((Status(),) * 10 + (Fault("at most 10 orders"),))),
    # greetings and endings
    ("Hi,\n\nAPPROVE IC-7F3K2Q9D", (Approve(REF),)),
    ("Hello team\nstatus\n", (Status(),)),
    ("Dear all,\n\nLIST held\n\nThanks\nJo", (ListOf(Listing.HELD),)),
    ("Team,\n\nSTATUS", (Status(),)),
    ("team\nstatus", (Team(), Status())),
    ("STATUS\nThanks, Jo", (Status(),)),
    ("STATUS\nJo", (Status(),)),
    ("STATUS\nCheers\nAPPROVE IC-7F3K2Q9D", (Status(),)),
    ("Status\n\nJo Smith\nOperations Analyst | Our Company", (Status(),)),
    # nearly
    ("APROVE", Near("APPROVE")),
    ("Aprove.", Near("APPROVE")),
    ("Approved", Near("APPROVE")),
    ("approved, thanks", Near("APPROVE")),
    ("Approve?", Near("APPROVE")),
    ("Status?", Near("STATUS")),
    ("\u0410PPROVE", Near("APPROVE")),
    ("rejct IC-7F3K2Q9D removed", Near("REJECT IC-7F3K2Q9D removed")),
    ("STAUTS", Near("STATUS")),
    ("hlep", Near("HELP")),
    ("yes approve", Near("APPROVE")),
    ("I approve", Near("APPROVE")),
    ("ok approve", Near("APPROVE")),
    ("please approve IC-7F3K2Q9D", Near("APPROVE IC-7F3K2Q9D")),
    ("Please chase IC-7F3K2Q9D", Near("CHASE IC-7F3K2Q9D")),
    ("Please chase IC-7F3K2Q9D, thanks", Near("CHASE IC-7F3K2Q9D")),
    ("ok approve IC-7F3K2Q9D ABCD-2345", Near("APPROVE")),
    ("Hi\n\nAprove", Near("APPROVE")),
    # prose
    ("Report from yesterday attached", SILENCE),
    ("Note that the meeting moved", SILENCE),
    ("Note: the meeting moved to Monday", SILENCE),
    ("Answer is below", SILENCE),
    ("List of meters attached", SILENCE),
    ("Wait for me", SILENCE),
    ("Team, can you look at this?", SILENCE),
    ("Team,\n\ncan you look at this before the weekend?", SILENCE),
    ("Team's lunch is on Friday", SILENCE),
    ("Help me please", SILENCE),
    ("Close the door behind you", SILENCE),
    ("Close-up photos of the meter", SILENCE),
    ("Request from the boss: who has the list?", SILENCE),
    ("Resume attached", SILENCE),
    ("Pause for thought: do we need this?", SILENCE),
    ("Incident at the depot yesterday, see below", SILENCE),
    ("Inventory of the van is done", SILENCE),
    ("Holiday request form attached", SILENCE),
    ("Approve the holiday request for Jim", SILENCE),
    ("Reject the invoice, it is wrong", SILENCE),
    ("Chase Ann about the invoice", SILENCE),
    ("Report\nfrom yesterday is attached", SILENCE),
    ("Status\n\nAll forty meters were installed by the contractor on Monday.", SILENCE),
    ("Noted.", SILENCE),
    ("Approved.\n\nSee you on Monday about the invoice", SILENCE),
    ("Status?\n\nJim is waiting for the invoice", SILENCE),
    ("Noted, thanks", SILENCE),
    ("Done", SILENCE),
    ("None", SILENCE),
    ("Reply to Ann by Friday", SILENCE),
    ("Hi Jo,\n\nnote that the meeting moved", SILENCE),
    ("Approved the invoice.\n\nSee you on Monday", SILENCE),
    ("Can you approve the hold on Northern Energy when you have a minute?", SILENCE),
    ("I will approve this tomorrow when Ann is back in the office", SILENCE),
    ("Please find attached\n\nAPPROVE IC-7F3K2Q9D", SILENCE),
    ("\u202eAPPROVE IC-7F3K2Q9D", SILENCE),
    ("", SILENCE),
    ("Thanks\n\nAPPROVE IC-7F3K2Q9D", SILENCE),
    ("-- \nAPPROVE IC-7F3K2Q9D", SILENCE),
    ("--\nAPPROVE IC-7F3K2Q9D", SILENCE),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), NEW, ids=[repr(text)[:60] for text, _ in NEW])
def test_a_new_mail(text, expected):
    """A new mail orders what its first words say, exactly; nearly gets help, prose gets silence."""
    check(read(raw(text)), expected)


# Replies to our letters ─────────────────────────────────────────────────────────────────────────────

REPLIES: list[tuple[str, Effect]] = [
    ("APPROVE", (Approve(),)),
    ("approve", (Approve(),)),
    ("Approve.", (Approve(),)),
    ("Approve all", (Approve(),)),
    ("APPROVE except 3, 7", (Approve(rows=Rows(but=(3, 7))),)),
    ("Reject", (Reject(),)),
    ("reject removed", (Reject(reason="removed"),)),
    ("REJECT\nthe meter was removed in May", (Reject(reason="removed"),)),
    ("Reject, it is too early", (Fault("none of the reasons"),)),
    ("Approve, but only once Jim has confirmed", (Fault("what of it is approved"),)),
    ("NOTE called them", (Note("called them"),)),
    ("Note: called them, no answer", (Note("called them, no answer"),)),
    ("Note that the meeting moved", SILENCE),
    ("WAIT until Friday", (Wait(date(2026, 6, 12)),)),
    ("Wait for me", SILENCE),
    ("CLOSE answered by telephone", (Close("answered by telephone"),)),
    ("Close the door behind you", SILENCE),
    ("RESEND", (Resend(),)),
    ("resend it", (Resend(),)),
    ("EVIDENCE", (ShowEvidence(),)),
    ("Approved by Jim", Near("APPROVE")),
    ("Approved.\n\nJim, please tell Ann about it when you see her", Near("APPROVE")),
    ("Looks good, approve", Near("APPROVE")),
    ("ok, approve all but 2", Near("APPROVE all but 2")),
    ("CAUTION: This email came from outside.\n\nAPPROVE 1", Near("APPROVE 1")),
    ("I looked at it with Ben, all is well.\n\nApprove\n\nJo", Near("APPROVE")),
    ("I looked at it with Ben.\n\nApprove of it I do not.", SILENCE),
    (
        "Ben, see what they write:\n\nReply to this letter, and begin with one of these lines:\n\n- APPROVE.\n- REJECT.",
        SILENCE,
    ),
    ("Yes, reject 2 removed", Near("REJECT 2 removed")),
    ("Aprove except 3", Near("APPROVE except 3")),
    ("ok approve the first two", Near("APPROVE")),
    ("Go ahead and approve", Near("APPROVE")),
    ("Noted.", SILENCE),
    ("Thanks for letting me know", SILENCE),
    ("What is this about?", SILENCE),
    ("APPROVE\n\nREJECT removed", (Approve(), Fault("decides the same"))),
    ("APPROVE\nAPPROVE", (Approve(), Fault("decides the same"))),
]


@pytest.mark.parametrize(("text", "expected"), REPLIES, ids=[repr(text)[:60] for text, _ in REPLIES])
@pytest.mark.parametrize("below", ["", GMAIL + marked(HOLD), OUTLOOK + HOLD, SIGNATURE + OUTLOOK + HOLD], ids=["bare", "gmail", "outlook", "signed"])  # fmt: skip
def test_a_reply(text, expected, below):
    """A reply to a letter of ours needs no reference; what stands below it changes nothing."""
    check(read(raw(text + "\n" + below, answers=True), reply=True), expected)


ROW_40 = [
    (f"APPROVE {REF}\nAPROVE {OTHER}", (Approve(REF), Fault("nearest word is APPROVE"))),
    (f"APPROVE {REF}\n\nREJCT {OTHER} removed", (Approve(REF), Fault("nearest word is REJECT"))),
    (f"APPROVE {REF}\nand tell Ann", (Approve(REF), Fault("empty line"))),
    (f"APPROVE {REF}\nand tell Ann\nand Bob", (Approve(REF), Fault("empty line"))),
    (f"APPROVE {REF}\nSTATUS IC-9", (Approve(REF), Fault("look like IC-"))),
    (f"APPROVE {REF}\n\nWAIT {OTHER} until the cows come home", (Approve(REF), Fault("WAIT needs a day"))),
    (f"LIST nothing\nAPPROVE {REF}", (Fault("LIST what?"), Approve(REF))),
]


@pytest.mark.parametrize(("text", "expected"), ROW_40)
def test_row_40_one_bad_line_among_good_ones(text, expected):
    """Row 40: one line that cannot be read, and the mail is not readable as a whole."""
    found = read(raw(text))
    check(found, expected)
    assert not found.readable
    assert read(raw(f"APPROVE {REF}\nSTATUS")).readable


# Layouts: what surrounds the words ──────────────────────────────────────────────────────────────────

APPROVED = (Approve(REF),)
WORKS = {
    "signature": raw(f"APPROVE {REF}{SIGNATURE}"),
    "signature and disclaimer": raw(f"APPROVE {REF}{SIGNATURE}{DISCLAIMER}"),
    "disclaimer alone": raw(f"APPROVE {REF}\n{DISCLAIMER}"),
    "sigdash": raw(f"APPROVE {REF}\n-- \nAPPROVE {OTHER}"),
    "iPhone": raw(f"Approve {REF}\n\nSent from my iPhone"),
    "Outlook phone": raw(f"Approve {REF}\nGet Outlook for iOS<https://aka.ms/o0ukef>"),
    "gmail quote": raw(f"APPROVE {REF}{GMAIL}{marked(HOLD)}", answers=True),
    "outlook block": raw(f"APPROVE {REF}{OUTLOOK}{HOLD}", answers=True),
    "original message": raw(f"APPROVE {REF}\n\n-----Original Message-----\nFrom: x\n\n{HOLD}", answers=True),
    "bottom posted": raw(f"{GMAIL.strip()}\n{marked(HOLD)}\nAPPROVE {REF}", answers=True),
    "between the quotes": raw(f"{marked(HOLD)}\nAPPROVE {REF}\n\n{marked(HOLD)}", answers=True),
    "Outlook HTML only": raw(html=outlook_html(f"APPROVE {REF}")),
    "Outlook HTML signed": raw(html=outlook_html(f"Approve {REF}", "", "Kind regards", "Jo Smith", "Operations")),
    "Outlook HTML reply": raw(html=outlook_html(f"APPROVE {REF}", "", below=OUTLOOK_BELOW), answers=True),
    "Outlook web reply": raw(
        html=f'<html><body><div dir="ltr">APPROVE {REF}</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">'
        f"<b>From:</b> Install codes<br><b>Sent:</b> 08 June 2026<br><b>To:</b> Jo<br><b>Subject:</b> Held</div>"
        f"<div>REJECT {REF} removed</div></body></html>",
        answers=True,
    ),
    "Gmail HTML reply": raw(html=f'<div dir="ltr">APPROVE {REF}</div><br>{GMAIL_BELOW}', answers=True),
    "bold in HTML": raw(html=f"<html><body><p><b>APPROVE</b>&nbsp;<span>{REF}</span></p></body></html>"),
    "both parts": raw(f"APPROVE {REF}\n", html=outlook_html(f"APPROVE {REF}")),
    "above a forwarded mail": raw(f"APPROVE {REF}\n\n---------- Forwarded message ---------\nFrom: a@b.example\nSubject: x\n\nREJECT {REF} removed", subject="Fwd: Held"),
    "beside an attachment": raw(f"APPROVE {REF}\n", attached=(("more.txt", "plain", f"APPROVE {OTHER}"),)),
    "8-bit blanks": raw(f"APPROVE\u00a0\u2009{REF}\u00a0\n\u00a0\n"),
    "wrapped by CRLF": raw(f"\r\n\r\n  APPROVE {REF}  \r\n\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("content", WORKS.values(), ids=WORKS.keys())
def test_a_command_in_its_surroundings(content):
    """Whatever mail program wrote it, and whatever stands below: the new text is obeyed, and it alone."""
    check(read(content, reply=b"In-Reply-To" in content), APPROVED)


ROW_38 = {
    "marked quote": raw(f"Thanks for this.\n{GMAIL}{marked(HOLD)}", answers=True),
    "quote alone": raw(marked(HOLD), answers=True),
    "quote of a quote": raw(marked(marked(f"APPROVE {REF}")), answers=True),
    "quote after blanks": raw(f"\n\n   > APPROVE {REF}\n", answers=True),
    "unmarked below an attribution": raw(f"Looking into it\n{GMAIL}{HOLD}", answers=True),
    "Outlook block": raw(f"Looking into it\n{OUTLOOK}APPROVE {REF}\n", answers=True),
    "Outlook block alone": raw(f"{OUTLOOK}APPROVE {REF}\n", answers=True),
    "original message": raw(f"See below\n\n-----Original Message-----\nFrom: x\n\nAPPROVE {REF}", answers=True),
    "below our letter's words": raw(f"Ok, will do.\n\nAPPROVE {REF}\n", answers=True),
    "signature": raw(f"Looking into it\n\nKind regards\nJo\nAPPROVE {REF}\n"),
    "behind the sigdash": raw(f"Looking into it\n-- \nAPPROVE {REF}\n"),
    "signature alone": raw(f"\n-- \nAPPROVE {REF}\n"),
    "text attachment": raw("See attached", attached=(("approve.txt", "plain", f"APPROVE {REF}"),)),
    "attachment of an empty mail": raw("\n", attached=(("approve.txt", "plain", f"APPROVE {REF}"),)),
    "sheet": raw("List attached", attached=(("orders.csv", "csv", f"APPROVE {REF}\nAPPROVE {OTHER}\n"),)),
    "web page attached": raw("See attached", attached=(("a.html", "html", f"<p>APPROVE {REF}</p>"),)),
    "saved mail attached": raw("See attached", attached=(("a.eml", "plain", f"Subject: x\n\nAPPROVE {REF}\n"),)),
    "forwarded": raw(f"\n---------- Forwarded message ---------\nFrom: a@b.example\nSubject: x\n\nAPPROVE {REF}", subject="Fwd: x"),
    "forwarded by Outlook": raw(f"{OUTLOOK}APPROVE {REF}\n", subject="FW: Held"),
    "HTML beside plain text": raw("Looking into it, more soon.\n", html=f"<p>APPROVE {REF}</p>"),
    "HTML quote": raw(html=f"<p>Looking into it</p>{GMAIL_BELOW}", answers=True),
    "Outlook HTML quote": raw(html=outlook_html("Looking into it", below=OUTLOOK_BELOW), answers=True),
    "HTML blockquote alone": raw(html=f"<blockquote>APPROVE {REF}</blockquote>", answers=True),
    "white on white": raw(html=f'<p>Looking into it</p><p style="color:#fff;background:#fff">APPROVE {REF}</p>'),
    "not displayed": raw(html=f'<p style="display:none">APPROVE {REF}</p><p>Looking into it</p>'),
    "no size": raw(html=f'<span style="font-size:0">APPROVE {REF}</span><p>Looking into it</p>'),
    "hidden": raw(html=f"<div hidden>APPROVE {REF}</div><p>Looking into it</p>"),
    "comment": raw(html=f"<!-- APPROVE {REF} --><p>Looking into it</p>"),
    "title": raw(html=f"<html><head><title>APPROVE {REF}</title></head><body><p>Looking into it</p></body></html>"),
    "alt text": raw(html=f'<img alt="APPROVE {REF}" src="cid:1"><p>Looking into it</p>'),
    "link target": raw(html=f'<p><a href="mailto:x?body=APPROVE%20{REF}" title="APPROVE {REF}">Looking into it</a></p>'),
    "script": raw(html=f"<script>APPROVE {REF}</script><p>Looking into it</p>"),
    "table of data": raw(html=f"<table><tr><td>APPROVE</td><td>{REF}</td></tr><tr><td>APPROVE</td><td>{OTHER}</td></tr></table>"),
    "subject of a reply": raw("\n", subject=f"APPROVE {REF}", answers=True),
    "subject of a pause answered": raw("\n", subject="PAUSE codes", answers=True),
    "subject with a reply's mark": raw("Looking into it\n", subject="Re: PAUSE codes"),
    "subject of what is handed on": raw("\n---------- Forwarded message ---------\nFrom: a@b.example\nSubject: x\n\nHello", subject="PAUSE codes"),
    "own header": raw("Looking into it\n", more=(("X-Command", f"APPROVE {REF}"),)),
}  # fmt: skip


@pytest.mark.parametrize("content", ROW_38.values(), ids=ROW_38.keys())
@pytest.mark.parametrize("reply", [False, True])
def test_row_38_commands_elsewhere_in_a_mail(content, reply):
    """Row 38: in a quote, a signature, an attachment, hidden HTML or a header, a command is nothing at all."""
    check(read(content, reply=reply), SILENCE)


@pytest.mark.parametrize(
    "header", [("Auto-Submitted", "auto-replied"), ("X-Autoreply", "yes"), ("Precedence", "auto_reply")]
)
def test_row_39_an_out_of_office_never_gets_here(header):
    """Row 39: what a machine answers is read by nobody for commands, though it begins with our very words."""
    mail = parse(raw(f"APPROVE {REF}\n", answers=True, more=(header,)), TRUST)
    assert isinstance(understand(mail, mails.member()), MachineMail)
    assert isinstance(understand(parse(raw(f"APPROVE {REF}\n"), TRUST), mails.member()), OpsMail)


def test_row_39_an_echo_of_our_help_orders_nothing():
    """Row 39: no line of the help is an order, at whatever place an echo of it begins."""
    lines = help_text.HELP_TEXT.splitlines()
    for first in range(len(lines)):
        check(read(raw("\n".join(lines[first:])), reply=True), SILENCE)
    assert len(lines) <= 29
    assert max(map(len, lines)) <= 45
    assert set(Verb) - {verb for verb in Verb if verb in help_text.HELP_TEXT} == {
        Verb.HELP,
    }  # fmt: skip


def test_a_sheet_and_the_word_for_it():
    """A list sent with "Contacts attached" earns a line of help; the same without a sheet is prose."""
    sheet = (("contacts.csv", "csv", "party,kind,email\nNorth,mp121,a@b.example\n"),)
    check(read(raw("Contacts attached", attached=sheet)), Near("CONTACTS"))
    check(read(raw("CONTACTS\n", attached=sheet)), (Contacts(),))
    check(read(raw("Contacts attached")), SILENCE)


@pytest.mark.parametrize(("text", "meant"), [("APPROVE", True), (f"status {REF}", True), ("Report from yesterday attached", False), ("", False)])  # fmt: skip
def test_from_the_shared_address(text, meant):
    """The same first word decides whether somebody meant to command from the shared address."""
    assert commands.from_shared_address(parse(raw(text), TRUST)) is meant


# Secrets ────────────────────────────────────────────────────────────────────────────────────────────


def holds_part(text: str, secret: str, size: int = 8) -> bool:
    """Whether `size` digits of `secret` in a row stand in `text`, however they are grouped."""
    bare = "".join(c for c in text.upper() if c.isalnum())
    return any(secret[at : at + size] in bare for at in range(len(secret) - size + 1))


def all_words(found: CommandMail) -> str:
    """All that a transcript may repeat."""
    return "\n".join(f"{line.text}\n{line.fault}\n{line!r}" for line in found.lines)


@pytest.mark.parametrize(
    "text",
    [
        "APPROVE IC-7F3K2Q9D K7M2-9QXD",
        "APPROVE K7M29QXD",
        "APPROVE k7m29qxd and some words",
        "APPROVE K7M2-9QX",
        "APPROVE K7M2-9QXDD",
        "Approve k7m2-9qxd today",
        "APROVE IC-7F3K2Q9D\n\nAPPROVE K7M2-9QXD\nAPROVE K7M2-9QXD",
        "REJECT K7M2-9QXD removed",
        "STATUS K7M2-9QXD",
        "APPROVE IC-7F3K2Q9D\nK7M2-9QXD",
    ],
)
def test_typed_codes_are_not_repeated(text):
    """The code of a letter is a key while it lives: no transcript shows it, whether it was read or not."""
    found = read(raw(text), reply=True)
    shown = "".join(f"{line.text} {line.fault}" for line in found.lines) + found.near_miss
    assert shown
    assert "K7M2" not in shown.upper()
    assert "9QX" not in shown.upper()


@pytest.mark.parametrize("text", ["INCIDENT", f"WITHDRAW {DEVICE}", f"EVIDENCE {DEVICE}", "INCIDENT SOUTH"])
def test_a_verb_of_eight_letters_is_no_code(text):
    """What its writer said is shown as said, though the verb has as many letters as a code of ours."""
    (line,) = read(raw(text)).lines
    assert line.text == text


@pytest.mark.parametrize("day", ["10 Feb 2029", "24 dec 2029", "2029-12-24", "24/12/2029"])
def test_a_day_is_no_code(day):
    """It is shown as written in a line that is refused, though February and December begin with hexadecimal digits."""
    (line,) = read(raw(f"WAIVE ann@supplier.example until {day}")).lines
    assert line.fault
    assert line.text.endswith(day)


def test_what_stands_behind_the_word_code_is_not_repeated():
    """A few digits of a code are no code, and are still not shown; the device is."""
    (line,) = read(raw(f"ANSWER {DEVICE} CODE 83FE or so")).lines
    assert "83FE" not in f"{line.text}{line.fault}"
    assert DEVICE in line.text


def test_personal_data_and_length_of_what_is_shown():
    """What a transcript repeats of a line holds no MPAN, no address, and is short."""
    (line,) = read(raw(f"NOTE {REF} supply 12 3456 7890 123 at 12 Station Road, SW1A 1AA {'x' * 300}")).lines
    assert len(line.text) <= 200
    assert "7890" not in line.text
    assert "SW1A" not in line.text
    assert REF in line.text


HEX_CODE = st.binary(min_size=16, max_size=16).map(lambda octets: octets.hex().upper())


@st.composite
def grouped_code(draw: st.DrawFn) -> tuple[str, str]:
    """A code, whole or short of a few digits, and some way to write it."""
    digits = draw(HEX_CODE) + draw(st.sampled_from(["", "C3B5", "00"]))
    size = draw(st.sampled_from([2, 4, 8, 16, 40]))
    joint = draw(st.sampled_from([" ", "-", ":", "  ", "\u00a0", "\u2011", ", ", "."]))
    written = joint.join(digits[at : at + size] for at in range(0, len(digits), size))
    return digits, draw(st.sampled_from([written, written.lower(), f"0x{written}"]))


@settings(max_examples=300)
@given(
    code=grouped_code(),
    before=st.sampled_from([*(f"{verb} " for verb in Verb), f"ANSWER {DEVICE} CODE ", f"ANSWER {DEVICE} ", f"NOTE {REF} code ", "ANSWER CODE ", "STATUS\n"]),
    behind=st.sampled_from(["", " please", "\nSTATUS", f" {DEVICE}"]),
    reply=st.booleans(),
)  # fmt: skip
def test_no_digit_of_a_code_is_repeated(code, before, behind, reply):
    """However a code is written and wherever it stands, neither a line's text nor its fault nor its repr shows it."""
    digits, written = code
    found = commands.read(mails.mail(f"{before}{written}{behind}"), TODAY, names=NAMES, reply=reply)
    assert not holds_part(all_words(found).replace(DEVICE, ""), digits)


# Whatever comes ─────────────────────────────────────────────────────────────────────────────────────

PIECE = st.one_of(
    st.text(max_size=30),
    st.sampled_from([verb.value for verb in Verb] + [verb.value.title() for verb in Verb]),
    st.sampled_from([REF, DEVICE, SHOWN, "mail 12", "except", "only", "3, 7", "1-4", "until", "from", "to", "24 Dec", "Friday", "\n", "\n\n", "> ", "- ", "?", ":", "Northern Energy", "Thanks", "99/99/9999", "9999-12-31", "0001-01-01"]),
)  # fmt: skip
TEXTS = st.lists(PIECE, max_size=12).map(" ".join)


@settings(max_examples=400)
@given(text=TEXTS, day=st.dates(), reply=st.booleans())
def test_nothing_that_is_written_raises(text, day, reply):
    """Any words on any day are read to orders, faults, help or silence; lines are numbered and one of the two."""
    found = commands.read(mails.mail(text), day, names=NAMES, reply=reply)
    assert all((line.order is None) is bool(line.fault) and len(line.text) <= 200 for line in found.lines)
    assert len(found.lines) <= 11
    assert not (found.near_miss and found.lines)


@settings(max_examples=150)
@given(new=TEXTS, quoted=TEXTS, signature=TEXTS, forwarded=TEXTS, reply=st.booleans())
def test_only_the_new_text_matters(new, quoted, signature, forwarded, reply):
    """Whatever is quoted, signed or handed on beside it, the new text orders the same."""
    alone = mails.mail(new)
    beside = replace(alone, quoted_text=quoted, signature_text=signature, forwarded_text=forwarded)
    assert commands.read(alone, TODAY, reply=reply) == commands.read(beside, TODAY, reply=reply)
    nothing = replace(beside, new_text="")
    assert commands.read(nothing, TODAY, reply=reply) == CommandMail()


LONG = [
    "APPROVE " * 20_000, "APPROVE\n" * 20_000, "\n" * 200_000, "NOTE IC-7F3K2Q9D " + "a " * 60_000, "NOTE IC-7F3K2Q9D a\n" + "b\n" * 60_000,
    "APPROVE " + "1," * 50_000, "APPROVE " + "1-" * 50_000, "REJECT " + "not " * 30_000, "ANSWER " + "00 " * 40_000, "ANSWER " + "A" * 100_000,
    "WAIVE " + "a@" * 50_000, "AWAY " + "x " * 50_000, "WAIT " + "the " * 30_000, "APPROVE " + "K7M2-" * 20_000, "*" * 100_000, "APPROVE" + "?" * 100_000,
    "STATUS " + "IC-" * 30_000, "A" * 1_000_000, "please " * 20_000, "STATUS" + " thanks" * 20_000, "APPROVE\n" + "A1 " * 40_000, "PAUSE " + "n" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("text", LONG, ids=[text[:20] for text in LONG])
@pytest.mark.timeout(20)
def test_row_46_long_words_take_no_long_time(text):
    """Row 46: megabytes of one word are read in a moment, whatever pattern they tease."""
    for reply in (False, True):
        commands.read(mails.mail(text), TODAY, names=NAMES * 100, reply=reply)


# Proof ──────────────────────────────────────────────────────────────────────────────────────────────

ARRIVED = datetime(2026, 6, 8, 9, 30, tzinfo=UTC)
DOMAIN = "our-company.example"
SIGNED = DkimSignature(DOMAIN, "c2ln", ("from", "subject", "date"), body_length=False, expires=None)


def received(*lines: str) -> IncomingMail:
    """Jo's APPROVE under these header lines."""
    return parse("\r\n".join((*lines, "")).encode() + raw(f"APPROVE {REF}"), TRUST)


OUTSIDE = f"Received: from out.example (out.example [203.0.113.9]) by {MX} with ESMTPS id 1"
LAPTOP = f"Received: from laptop (client.example [203.0.113.30]) by {MX} with ESMTPSA id 1"
DKIM = f"DKIM-Signature: v=1; a=rsa-sha256; d={DOMAIN}; s=k; h=From:To:Subject:Date; bh=aaaa; b=c2lnbmF0dXJl"
PASS = f"Authentication-Results: {MX}; dmarc=pass header.from={DOMAIN}; dkim=pass header.d={DOMAIN}; spf=pass smtp.mailfrom={DOMAIN}"
LOGIN = f"Authentication-Results: {MX}; auth=pass smtp.auth=jo.smith@{DOMAIN}"


@pytest.mark.parametrize(
    ("lines", "proven", "evidence"),
    [
        pytest.param((PASS, OUTSIDE, DKIM), True, f"signed by {DOMAIN}", id="signed"),
        pytest.param((LOGIN, LAPTOP), True, "auth=pass", id="logged in"),
        pytest.param((PASS, OUTSIDE, DKIM.replace(":Subject", "")), False, "partial", id="subject unsigned"),
        pytest.param((PASS, OUTSIDE, DKIM.replace("bh=", "l=10; bh=")), False, "partial", id="row 17: body length"),
        pytest.param((PASS, OUTSIDE, DKIM.replace("bh=", "x=1000000000; bh=")), False, "expired", id="expired"),
        pytest.param((PASS, OUTSIDE), False, "partial", id="signature taken off"),
        pytest.param((PASS.replace("dkim=pass", "dkim=none"), OUTSIDE), False, "SPF alone", id="row 15: SPF alone"),
        pytest.param(
            (PASS.replace("=pass", "=fail"), OUTSIDE, DKIM), False, "did not confirm", id="row 35: forged, verdict fail"
        ),
        pytest.param((OUTSIDE, DKIM), False, "did not confirm", id="row 35: forged, no verdict"),
        pytest.param((OUTSIDE, PASS, DKIM), False, "did not confirm", id="row 35: verdict forged below"),
        pytest.param((OUTSIDE, LOGIN), False, "did not confirm", id="row 35: login forged below"),
        pytest.param((LOGIN.replace("jo.smith", "eve"), LAPTOP), False, "did not confirm", id="somebody else's login"),
        pytest.param(
            (PASS, OUTSIDE, DKIM, "From: eve@evil.example"), False, "2 From fields", id="row 7: two From fields"
        ),
        pytest.param(
            ("X-MS-Exchange-Organization-AuthAs: Internal", OUTSIDE), False, "did not confirm", id="Microsoft's mark"
        ),
    ],
)
def test_row_35_who_is_proven_a_member(lines, proven, evidence):
    """Row 35: a whole aligned signature or a login of our own server proves the writer; all else is said in words."""
    found, words = commands.proven_member(received(*lines).origin, ARRIVED)
    assert found is proven
    assert evidence in words


def test_a_signature_that_expires_needs_a_time_of_arrival():
    """Not knowing when a mail came, one that expires is not relied on."""
    expiring = replace(SIGNED, expires=datetime(2026, 6, 9, tzinfo=UTC))
    origin = mails.origin(f"jo@{DOMAIN}", evidence=Evidence.DKIM_ALIGNED, signatures=(expiring,))
    assert commands.proven_member(origin, ARRIVED)[0]
    assert not commands.proven_member(origin)[0]
    assert commands.proven_member(replace(origin, signatures=(SIGNED,)))[0]
