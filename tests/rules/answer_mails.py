"""Answers as suppliers' people write them, as real bytes, each with what must be found in it.

What is found is written short: `A: CODE 1` (device A has the first code, and nobody need look), `look`, `checked` (its CRC stood
there), `| note`, `fault: words`, `unasked`, `remark`.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from typing import Any

import xlsxwriter

from daemon.mail.message import IncomingMail
from daemon.mail.parse import parse
from daemon.mail.sender.origin import Trust
from daemon.rules.answers import Finding
from daemon.rules.identifiers import DeviceId, InstallCode, grouped

TODAY = date(2026, 6, 9)
"""A Tuesday."""
A = DeviceId("00-DB-12-34-56-78-90-E7")
B = DeviceId("00-DB-12-34-56-78-91-A2")
C = DeviceId("BC-33-AC-FF-FE-FA-55-3D")
D = DeviceId("00-15-5F-00-10-88-21-4F")
E = DeviceId("90-B3-D5-1F-30-01-00-99")
"""Never asked for."""
ASKED = (A, B, C)
NAMES = {A: "A", B: "B", C: "C", D: "D", E: "E"}
CODES = {
    "1": InstallCode(bytes.fromhex("83FED3407A939723A5C639B26916D505")),
    "2": InstallCode(bytes.fromhex("00112233445566778899AABBCCDDEEFF")),
    "3": InstallCode(bytes.fromhex("30313233343536373839414243444546")),
}
X, Y, Z = (grouped(CODES[name]) for name in "123")
BARE_X, BARE_Y, BARE_Z = (code.replace(" ", "") for code in (X, Y, Z))
CRC_X, CRC_Y, CRC_Z = "C3B5", "528F", "F596"

LETTER = f"""Dear Northern Energy team,

We are now the registered supplier for 3 devices that were installed and never commissioned. According to our
records you installed them. Please send us the install code of each device by Friday 19 June 2026 (ten working
days, as the SECAS guidance asks).

Device ID
{A}
{B}
{C}

If you were not the installing supplier of a device, please tell us who was. If you hold no code for it, please
say so. You can fill in the attached file install-codes-IC-7F3K2Q9D.csv and send it back; the outcome is one of
CODE, NOT-INSTALLER, NO-CODE-HELD, TYPE-HAS-NO-CODE, NEED-MORE, PENDING.

We ask for the Device IDs only and send no personal data; please do the same.

Kind regards
Install codes, Our Company
Reference IC-7F3K2Q9D
"""
HEAD = "From: Install Codes <install.codes@our-company.example>\nSent: 08 June 2026 10:00\nTo: MP121 <mp121@northern-energy.example>\nSubject: Install codes for 3 devices (IC-7F3K2Q9D)\n"


@dataclass(frozen=True)
class Specimen:
    """A mail, what we asked for, and what must be found."""

    name: str
    mail: IncomingMail
    found: tuple[str, ...]
    asked: tuple[DeviceId, ...]
    written: Mapping[str, Any]
    """What the mail was made of by `message`."""


def short(finding: Finding) -> str:
    """A finding in a few words."""
    name = next((number for number, code in CODES.items() if code == finding.code), "?" if finding.code else "")
    words = [f"{NAMES.get(finding.device, finding.device)}:"]
    words += [finding.outcome.value] if finding.outcome else []
    words += [name] if name else []
    words += [word for word in ("checked", "unasked") if getattr(finding, word)]
    words += ["remark"] if finding.remark else ["look"] if finding.needs_look else []
    words += [f"| {finding.note}"] if finding.note and not finding.remark else []
    words += [f"fault: {finding.fault}"] if finding.fault else []
    return " ".join(words)


# Building mails ─────────────────────────────────────────────────────────────────────────────────────


def message(
    text: str = "",
    *,
    html: str = "",
    subject: str = "RE: Install codes for 3 devices (IC-7F3K2Q9D)",
    files: Iterable[tuple[str, bytes]] = (),
    headers: Sequence[tuple[str, str]] = (),
) -> bytes:
    """A mail of the supplier's, as bytes; it answers our letter."""
    mail = EmailMessage()
    mail["From"], mail["To"] = "Priya Shah <mp121@northern-energy.example>", "install.codes@our-company.example"
    mail["Subject"], mail["Message-ID"] = subject, "<answer-1@northern-energy.example>"
    mail["Date"] = "Tue, 09 Jun 2026 09:30:00 +0100"
    if subject.startswith("RE:"):
        mail["In-Reply-To"] = "<letter-1@our-company.example>"
    for name, value in headers:
        mail[name] = value
    if text or not html:
        mail.set_content(text + "\n")
    if html and text:
        mail.add_alternative(html, subtype="html")
    elif html:
        mail.set_content(html, subtype="html")
    for name, content in files:
        main, sub = ("text", "csv") if name.endswith((".csv", ".txt")) else ("application", "octet-stream")
        mail.add_attachment(content, main, sub if not name.endswith(".txt") else "plain", filename=name)
    return mail.as_bytes()


def received(text: str = "", **how: object) -> IncomingMail:
    """The mail as the reader hands it over."""
    return parse(message(text, **how), Trust())  # type: ignore[arg-type]


def csv(
    *lines: str, heading: str = "device_id,outcome,install_code,note", name: str = "install-codes.csv"
) -> tuple[str, bytes]:
    """Our sheet, filled in."""
    return name, "\r\n".join((heading, *lines, "")).encode()


def xlsx(*rows: Sequence[object], name: str = "codes.xlsx") -> tuple[str, bytes]:
    """A workbook with one sheet."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("Codes")
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    book.close()
    return name, out.getvalue()


def table(*rows: Sequence[str]) -> str:
    """An HTML table as Outlook pastes one."""
    body = "".join(f"<tr>{''.join(f'<td><p>{cell}</p></td>' for cell in row)}</tr>" for row in rows)
    return f"<table border=1>{body}</table>"


def marked(letter: str) -> str:
    """Quoted with marks, as Thunderbird and Gmail do."""
    lines = "\n".join(f"> {line}".rstrip() for line in letter.split("\n"))
    return f"\n\nOn Mon, 8 Jun 2026 at 10:00, Install Codes <install.codes@our-company.example> wrote:\n{lines}"


def between(typed: Mapping[str, str]) -> str:
    """Our letter quoted with marks, and what was typed below some of its lines."""
    lines = marked(LETTER).split("\n")
    return "\n".join(f"{line}\n{typed[line[2:]]}" if line[2:] in typed else line for line in lines)


def outlook(letter: str) -> str:
    """Quoted under a block of header lines, as Outlook does."""
    return f"\n\n{HEAD}\n{letter}"


def _mail(name: str, text: str, *found: str, asked: tuple[DeviceId, ...] = ASKED, **how: object) -> Specimen:
    return Specimen(name, received(text, **how), found, asked, {"text": text, **how})


def _sheet(
    name: str, file: tuple[str, bytes], *found: str, text: str = "Please see attached.\n\nKind regards\nPriya"
) -> Specimen:
    return _mail(name, text, *found, files=(file,))


# Specimens ──────────────────────────────────────────────────────────────────────────────────────────

ALL_THREE = ("A: CODE 1", "B: NOT-INSTALLER | installer: LOSE", "C: PENDING | by: 2026-06-19")
LENGTH = "fault: the code has 30 digits; a code has 32"
CHECK = "fault: its check digits do not fit: perhaps a typing error"
MANGLED = "fault: a spreadsheet changed the code: please send it as text, in groups of four"
TWO = "fault: two different codes stand for it"
UNCLEAR = "fault: it is not clear which code belongs to it: please write each code on the line of its Device ID"
SHARED = "look fault: the same code stands for another device too"
MISSING = "fault: the code is missing"

SHEETS = (
    _sheet(
        "our sheet filled in",
        csv(f"{A},CODE,{X},", f"{B},NOT-INSTALLER,,installer: LOSE", f"{C},PENDING,,by: 2026-06-19"),
        *ALL_THREE,
    ),
    _sheet(
        "semicolons and a byte order mark",
        (
            "codes.csv",
            b"\xef\xbb\xbf"
            + f"device_id;outcome;install_code;note\r\n{A};CODE;{X};\r\n{B};NOT-INSTALLER;;installer: LOSE\r\n{C};PENDING;;by: 2026-06-19\r\n".encode(),
        ),
        *ALL_THREE,
    ),
    _sheet(
        "tabs, quotes, lower case",
        (
            "codes.csv",
            f'"device_id"\t"outcome"\t"install_code"\t"note"\r\n"{A.lower()}"\t"code"\t"{X.lower()}"\t""\r\n"{B.lower()}"\t"not installer"\t""\t"LOSE"\r\n'.encode(),
        ),
        "A: CODE 1",
        "B: NOT-INSTALLER | installer: LOSE",
    ),
    _sheet("outcome left empty", csv(f"{A},,{BARE_X},", f"{B},,,", f"{C},,,"), "A: CODE 1"),
    _sheet("the code in the outcome column", csv(f"{A},{X},,"), "A: CODE 1"),
    _sheet("the code in the note column", csv(f"{A},CODE,,{X}", f"{B},,,code is {Y}"), "A: CODE 1", "B: CODE 2"),
    _sheet(
        "36 digits",
        csv(f"{A},CODE,{BARE_X}{CRC_X},", f"{B},CODE,{Y} {CRC_Y},"),
        "A: CODE 1 checked",
        "B: CODE 2 checked",
    ),
    _sheet("a wrong check", csv(f"{A},CODE,{BARE_X}{CRC_Y},"), f"A: {CHECK}"),
    _sheet(
        "the check in the note",
        csv(f"{A},CODE,{X},check: {CRC_X}", f"{B},CODE,{Y},check: 0000"),
        "A: CODE 1 checked",
        f"B: {CHECK}",
    ),
    _sheet(
        "30 digits, and mangled ones",
        csv(f"{A},CODE,{BARE_X[:30]},", f"{B},CODE,3.01313E+31,", f"{C},,1.2E+35,"),
        f"A: {LENGTH}",
        f"B: {MANGLED}",
        f"C: {MANGLED}",
    ),
    _sheet(
        "a letter O for a 0",
        csv(f"{A},CODE,{X.replace('0', 'O')},"),
        "A: fault: the code holds something other than the digits 0-9 and the letters A-F (a letter O for a 0?)",
    ),
    _sheet("CODE without a code", csv(f"{A},CODE,,"), f"A: {MISSING}"),
    _sheet("columns swapped", csv(f"{BARE_X},CODE,{A.replace('-', '')},", f"{BARE_Y},,{B},"), "A: CODE 1", "B: CODE 2"),
    _sheet(
        "sixteen digits for a code", csv(f"{A},CODE,{BARE_X[:16]},"), "A: fault: the code has 16 digits; a code has 32"
    ),
    _sheet(
        "own headings in another order",
        csv(
            f"12345678,{X},ESME,{A.replace('-', '')}",
            f"87654321,{Y},GSME,{B.replace('-', ':')}",
            heading="Serial,Install Code,Type,Meter GUID",
        ),
        "A: CODE 1",
        "B: CODE 2",
    ),
    _sheet("IC and Key", csv(f"{A},{BARE_X}", heading="GUID,IC"), "A: CODE 1"),
    _sheet("Key", csv(f"{A},{BARE_X}", heading="Device,Key"), "A: CODE 1"),
    _sheet("no headings at all", ("codes.csv", f"{A},{BARE_X}\r\n{B},{BARE_Y}\r\n".encode()), "A: CODE 1", "B: CODE 2"),
    _sheet("a hub beside the meter", csv(f"{E},{A},{X}", heading="CHF ID,Device ID,Install code"), "A: CODE 1"),
    _sheet(
        "two asked devices in a row",
        csv(f"{A} {B},CODE,{X},"),
        "A: fault: more than one Device ID stands beside one code",
        "B: fault: more than one Device ID stands beside one code",
    ),
    _sheet(
        "outcomes in their words",
        csv(f"{A},Not installed by us,,LOSE", f"{B},No code held,,", f"{C},Already commissioned,,"),
        "A: NOT-INSTALLER | installer: LOSE",
        "B: NO-CODE-HELD",
        "C: REFUSED | commissioned",
    ),
    _sheet(
        "the gas proxy",
        csv(f"{A},TYPE-HAS-NO-CODE,,device: {D}", f"{B},GPF,,GSME is {D}"),
        f"A: TYPE-HAS-NO-CODE | device: {D}",
        f"B: TYPE-HAS-NO-CODE | device: {D}",
    ),
    _sheet(
        "words in the code column",
        csv(f"{A},,not found,", f"{B},,see email,", f"{C},,TBC,"),
        "A: look",
        "B: look",
        "C: PENDING",
    ),
    _sheet(
        "outcome and code contradict",
        csv(f"{A},NOT-INSTALLER,{X},"),
        "A: fault: a code stands for it, and also an answer that there is none",
    ),
    _sheet("two codes for one device", csv(f"{A},CODE,{X},", f"{A},CODE,{Y},"), f"A: {TWO}"),
    _sheet("one code twice", csv(f"{A},CODE,{X},", f"{A},CODE,{BARE_X},"), "A: CODE 1"),
    _sheet("the same code for two", csv(f"{A},CODE,{X},", f"{B},CODE,{X},"), f"A: {SHARED}", f"B: {SHARED}"),
    _sheet("a device that we did not ask for", csv(f"{A},CODE,{X},", f"{E},CODE,{Y},"), "A: CODE 1", "E: CODE unasked"),
    _sheet(
        "their code with somebody else's", csv(f"{A},CODE,{X},", f"{E},CODE,{X},"), f"A: {SHARED}", "E: CODE unasked"
    ),
    _sheet(
        "a workbook",
        xlsx(
            ["Device ID", "Install Code", "Comments"],
            [A, X, ""],
            [B, "", "Not our install, please contact British Gas"],
            [C, "", "no install code held"],
        ),
        "A: CODE 1",
        "B: NOT-INSTALLER | installer: British Gas",
        "C: NO-CODE-HELD",
    ),
    _sheet(
        "numbers in a workbook",
        xlsx(["Device ID", "Install Code"], [A, 30131323334353637383941424344454], [B, BARE_Y]),
        f"A: {MANGLED}",
        "B: CODE 2",
    ),
    _sheet(
        "zeros and dates in a workbook",
        xlsx(
            ["guid", "result", "when"],
            [A.replace("-", "")[2:], "pending", ""],
            [B, "awaiting back office, will send by 12/06", ""],
        ),
        "A: PENDING",
        "B: PENDING | by: 2026-06-12",
    ),
    _sheet(
        "a text file",
        ("codes.txt", f"{A}\t{X}\r\n{B}: {Y} {CRC_Y}\r\n{C}: {Z}\r\n".encode()),
        "A: CODE 1",
        "B: CODE 2 checked",
        "C: CODE 3 look",
    ),
    _sheet("a wish in the code column", csv(f"{A},required", f"{B},please provide", heading="GUID,Install code")),
    _sheet("our sheet sent back empty", csv(f"{A},,,", f"{B},,,", f"{C},,,")),
    _sheet("the end of an ID in a sheet", csv(f"...90-E7,CODE,{X},"), "A: CODE 1 look"),
    _sheet(
        "words under a status, or a heading that nobody knows",
        xlsx(
            ["GUID", "Code", "Status", "Feedback"],
            [A, X, "Found", ""],
            [B, "", "Installed by British Gas", ""],
            [C, "", "", "no code held"],
        ),
        "A: CODE 1",
        "B: NOT-INSTALLER | installer: British Gas",
        "C: NO-CODE-HELD look",
    ),
    _sheet(
        "who installed it in a column of its own",
        csv(f"{A},LOSE,", f"{B},Us,{Y}", f"{C},,{Z}", heading="GUID,Installed by,Install code"),
        "A: NOT-INSTALLER | installer: LOSE",
        "B: CODE 2",
        "C: CODE 3",
    ),
    _sheet(
        "headings down the side",
        (
            "codes.csv",
            f"Device,{A}\nType,ESME\nCode,{X}\n\nDevice,{B}\nCode,{BARE_Y[:30]}\n\nDevice,{E}\nCode,{Z}\n".encode(),
        ),
        "A: CODE 1",
        f"B: {LENGTH}",
        "E: CODE unasked",
    ),
    _sheet(
        "codes in the rows below their devices, and in pieces",
        csv(
            f"{A},,",
            f",{X},",
            f"{B},{Y[:19]},{Y[20:]}",
            f"{C},,",
            heading="GUID,Install code,more",
        ),
        "A: CODE 1 look",
        "B: CODE 2",
    ),
    _sheet("only a note", csv(f"{A},,,code sent in separate email", f"{B},,,ESME"), "A: look"),
    _sheet("an installer that nobody knows", csv(f"{A},NOT-INSTALLER,,installer: unknown"), "A: NOT-INSTALLER"),
    _sheet(
        "headings down the side, codes above or below several",
        ("codes.csv", f"Code,{X}\nDevice,{A}\nCode,{Y}\nDevice,{B}\nCode,{Z}\nDevice,{C}\n".encode()),
    ),
    _sheet("headings down the side, one code for two", ("codes.csv", f"ESME,{A}\nGSME,{B}\nCode,{X}\n".encode())),
    _sheet("headings down the side, the code first", ("codes.csv", f"Code,{X}\nDevice,{A}\n".encode()), "A: CODE 1"),
    _sheet(
        "two meters side by side",
        csv(
            f"1012345678901,{A},{X},3456789012,{B},{Y},ok",
            f"1012345678902,{C},,3456789013,{E},,not our install",
            heading="MPAN,ESME GUID,ESME code,MPRN,GSME GUID,GSME code,Comments",
        ),
        "A: CODE 1",
        "B: CODE 2",
        "C: NOT-INSTALLER",
        "E: NOT-INSTALLER unasked",
    ),
    _sheet(
        "two meters side by side, codes first",
        csv(f"{X},{A},{Y},{B}", heading="ESME code,ESME GUID,GSME code,GSME GUID"),
        "A: fault: more than one Device ID stands beside one code",
        "B: fault: more than one Device ID stands beside one code",
    ),
)

TABLES = (
    _mail(
        "a pasted table",
        "",
        "A: CODE 1",
        "B: NOT-INSTALLER | installer: LOSE",
        html=f"<p>Hi, please see below</p>{table(('Device ID', 'Outcome', 'Install code', 'Note'), (A, 'CODE', X, ''), (B, 'NOT-INSTALLER', '', 'LOSE'))}<p>Thanks</p>",
    ),
    _mail(
        "a pasted table without headings",
        "",
        "A: CODE 1",
        "B: CODE 2",
        html=f"<p>Hi</p>{table((A, BARE_X), (B, BARE_Y))}",
    ),
    _mail(
        "the same table in text and HTML",
        f"Hi\n\nDevice ID\n\nCode\n\n{A}\n\n{X}\n\n{B}\n\n{Y}\n",
        "A: CODE 1",
        "B: CODE 2",
        html=f"<p>Hi</p>{table(('Device ID', 'Code'), (A, X), (B, Y))}",
    ),
    _mail(
        "a table in plain text",
        f"Hello,\n\nDevice ID                 Outcome         Install code                              Note\n{A}   CODE            {X}\n{B}   NO-CODE-HELD\n{C}   not our install   LOSE\n",
        "A: CODE 1",
        "B: NO-CODE-HELD",
        "C: NOT-INSTALLER | installer: LOSE",
    ),
    _mail(
        "rows of the sheet in the text",
        f"device_id,outcome,install_code,note\n{A},CODE,{X},\n{B},NOT-INSTALLER,,installer: LOSE\n",
        "A: CODE 1",
        "B: NOT-INSTALLER | installer: LOSE",
    ),
    _mail(
        "code and check apart",
        "",
        "A: CODE 1 checked",
        f"B: {CHECK}",
        html=table(("Device ID", "Install code", "Check"), (A, X, CRC_X), (B, Y, CRC_X)),
    ),
    _mail(
        "headings at the left",
        "",
        "A: CODE 1 checked",
        "B: CODE 2",
        html=f"<p>Hi</p>{table(('Device ID', A), ('Install code', X), ('CRC', CRC_X))}<p></p>{table(('Device ID', B), ('Install code', Y))}",
    ),
    _mail(
        "a device a column",
        "",
        "A: CODE 1",
        "B: CODE 2",
        html=table(("Device", A, B), ("Code", X, Y)),
    ),
    _mail(
        "cells below each other",
        f"Hi\n\nDevice ID\nOutcome\nInstall code\nNote\n{A}\nCODE\n{X}\n\n{B}\nNOT-INSTALLER\n\ninstaller: LOSE\n",
        "A: CODE 1 look",
        "B: NOT-INSTALLER | installer: LOSE",
    ),
)

PROSE = (
    _mail("the end of an ID", f"Hi,\n\nthe code for ...-E7 is {X}.\n\nThanks", "A: CODE 1 look"),
    _mail(
        "the end of an ID, other signs",
        f"The install code for the device ending 91-A2 is {Y} {CRC_Y}\nand for xx-55-3D it is {Z}",
        "B: CODE 2 checked look",
        "C: CODE 3 look",
    ),
    _mail("one device, one code", f"Hi\n\nThe install code for {A} is {X}\n\nRegards\nPriya", "A: CODE 1 look"),
    _mail("one with its check", f"The install code for {A} is {X} {CRC_X}.", "A: CODE 1 checked"),
    _mail(
        "checks that are called so",
        f"{A}: {X}, CRC {CRC_X}\n{B}: {Y} (check: {CRC_Y.lower()})\n{C}  {Z}  CRC16={CRC_Z}\n",
        "A: CODE 1 checked",
        "B: CODE 2 checked",
        "C: CODE 3 checked",
    ),
    _mail("a wrong check that is called so", f"The code for {A} is {X}, CRC {CRC_Y}.", f"A: {CHECK}"),
    _mail(
        "checks below, in brackets, in hexadecimal",
        f"{A}\nIC: {X}\nCRC: {CRC_X}\n\n{B}: {Y} ({CRC_Y})\n{C}: {Z}, CRC-16 = 0x{CRC_Z}\n",
        "A: CODE 1 checked",
        "B: CODE 2 checked",
        "C: CODE 3 checked",
    ),
    _mail("a wrong check below", f"{A}: {X}\nCRC: {CRC_Y}\n", f"A: {CHECK}"),
    _mail("four digits that are no check", f"{A}: {X}\n2021\n{B}: {Y} (2019)", "A: CODE 1 look", "B: CODE 2 look"),
    _mail("a check without digits", f"The code for {A} is {X}, check it please", "A: CODE 1 look"),
    _mail("only a code, one device asked", f"Please find the code: {X}", "A: CODE 1 look", asked=(A,)),
    _mail("only a code, three asked", f"Please find the code: {X}", f"A: {UNCLEAR}", f"B: {UNCLEAR}", f"C: {UNCLEAR}"),
    _mail(
        "a code of what is not theirs",
        f"We're not the installing supplier for {A}, however we do hold the code: {X} {CRC_X}",
        "A: fault: a code stands for it, and also an answer that there is none",
    ),
    _mail(
        "not theirs, and a code of another",
        f"{A} is not ours. For the other it is: {X}",
        f"A: look {UNCLEAR}",
        f"B: {UNCLEAR}",
        asked=(A, B),
    ),
    _mail(
        "words below a code, about another device",
        f"{A}: {X} {CRC_X}\nCan you give me a ring about {B}? 0113 496 0321",
        "A: CODE 1 checked",
        "B: remark",
    ),
    _mail(
        "words between devices and codes",
        f"{A}\nInstall code: {X}\n{B}\nNot our meter\n{C}\nInstall code: {Z}\n",
        "A: CODE 1 look",
        "C: CODE 3 look",
        "B: NOT-INSTALLER look",
    ),
    _mail(
        "the others",
        f"We only installed {C}: {Z}. The others were there already.",
        "C: CODE 3 look",
        "A: remark",
        "B: remark",
    ),
    _mail(
        "words that are no answer, and mere names",
        f"Hi, re your request for {B}:\n{A}: {X} {CRC_X}\n\nThe customer at {C} has complained, so do not commission it.",
        "A: CODE 1 checked",
        "C: remark",
    ),
    _mail("no word of an answer", f"The customer at {C} has complained."),
    _mail(
        "only a code, the device in the subject",
        f"Code as requested: {X}",
        "B: CODE 1 look",
        subject=f"RE: {B} code",
        asked=ASKED,
    ),
    _mail(
        "only a code over a quoted request",
        f"Code: {X}{marked(f'Please send the code of{chr(10)}{C}')}",
        "C: CODE 1 look",
    ),
    _mail(
        "a list with colons",
        f"Hi\n{A}: {BARE_X}\n{B}: {BARE_Y}\n{C} - {BARE_Z}\n",
        "A: CODE 1 look",
        "B: CODE 2 look",
        "C: CODE 3 look",
    ),
    _mail("a list with arrows and numbers", f"1. {A} => {X}\n2. {B} => {Y}\n", "A: CODE 1 look", "B: CODE 2 look"),
    _mail("codes on the next line", f"{A}\n{X}\n\n{B}\n{Y} {CRC_Y}\n", "A: CODE 1 look", "B: CODE 2 checked"),
    _mail(
        "labels",
        f"Device: {A}\nType: ESME\nInstall code: {X}\n\nDevice: {B}\nType: GSME\nInstall code: {Y}\n",
        "A: CODE 1 look",
        "B: CODE 2 look",
    ),
    _mail("codes above their devices", f"{X}\n{A}\n{Y}\n{B}\n", "A: CODE 1 look", "B: CODE 2 look"),
    _mail(
        "a list of devices, then of codes",
        f"{A}\n{B}\n{C}\n\n{X}\n{Y}\n{Z}\n",
        f"A: {UNCLEAR}",
        f"B: {UNCLEAR}",
        f"C: {UNCLEAR}",
    ),
    _mail(
        "two devices in one sentence",
        f"The code for {A} is {X} and for {B} it is {Y}.",
        "A: CODE 1 look",
        "B: CODE 2 look",
    ),
    _mail("one code for two devices", f"{A} and {B}: {X}", f"A: {UNCLEAR}", f"B: {UNCLEAR}"),
    _mail(
        "a code broken by the mail program",
        f"The install code of {A} is 83FE D340 7A93 9723\nA5C6 39B2 6916 D505.",
        "A: CODE 1 look",
    ),
    _mail(
        "two lines of four groups below each device",
        f"{A}\n{X[:19]}\n{X[20:]}\n\n{B}\n{Y[:19]}\n{Y[20:]}\n",
        "A: CODE 1 look",
        "B: CODE 2 look",
    ),
    _mail("pairs of digits", f"{A}: {' '.join(BARE_X[i : i + 2] for i in range(0, 32, 2))}", "A: CODE 1 look"),
    _mail(
        "label of a device", f"Photo of the label says Z:{A.replace('-', '')}$I:{BARE_X}{CRC_X}", "A: CODE 1 checked"
    ),
    _mail("label of another maker", f"G$M:1234$A:{B.replace('-', '')}$I:{BARE_Y}", "B: CODE 2 look"),
    _mail("a label with a wrong check", f"Z:{A.replace('-', '')}$I:{BARE_X}{CRC_Y}", f"A: {CHECK}"),
    _mail("30 digits in prose", f"Code for {A}: {BARE_X[:30]}", f"A: {LENGTH}"),
    _mail(
        "16 digits in prose", f"The code for {A} is {BARE_X[:16]}", "A: fault: the code has 16 digits; a code has 32"
    ),
    _mail("a mangled code in prose", f"{A} 3.01313E+31", f"A: {MANGLED}"),
    _mail("two codes in prose", f"{A}: {X}\nsorry, correction\n{A}: {Y}", f"A: {TWO}"),
    _mail("not asked for", f"{E}: {X}", "E: CODE unasked"),
    _mail("a sheet and prose that differ", f"The code for {A} is {Y}", f"A: {TWO}", files=(csv(f"{A},CODE,{X},"),)),
    _mail(
        "answers and asks",
        f"Hi, the code for {A} is {X} {CRC_X}. Could you please also send us the install code for {E}?",
        "A: CODE 1 checked",
    ),
    _mail(
        "a code for one, not ours the other",
        f"The code for {A} is {X} {CRC_X} but we were not the installing supplier for {B}.",
        "A: CODE 1 checked",
        "B: NOT-INSTALLER",
    ),
    _mail(
        "handed on",
        f"FYI from our metering team.\n\n-----Original Message-----\nFrom: Metering\nSent: 8 June 2026\nTo: Priya\nSubject: codes\n\n{A}: {X} {CRC_X}\n{B}: not our install, LOSE installed it\n",
        "A: CODE 1 checked",
        "B: NOT-INSTALLER look | installer: LOSE",
        subject="FW: codes",
    ),
)

WORDS = (
    _mail(
        "not the installer of one",
        f"Hi\n\nWe were not the installing supplier for {A}. Please contact LOSE.\n\nThanks",
        "A: NOT-INSTALLER | installer: LOSE",
    ),
    _mail(
        "not the installer of all",
        "Hi\n\nWe were not the installing supplier for any of these devices. They were installed by British Gas.\n\nRegards",
        *(f"{n}: NOT-INSTALLER | installer: British Gas" for n in "ABC"),
    ),
    _mail(
        "none of the above",
        f"{A}\n{B}\n\nNone of the above were installed by us.",
        "A: NOT-INSTALLER",
        "B: NOT-INSTALLER",
    ),
    _mail(
        "a heading over a list",
        f"Not installed by us:\n{A}\n{B}\n\nNo install code held:\n{C}",
        "A: NOT-INSTALLER",
        "B: NOT-INSTALLER",
        "C: NO-CODE-HELD",
    ),
    _mail(
        "the remaining ones",
        f"{A}: {X} {CRC_X}\n\nWe did not install the remaining devices.",
        "A: CODE 1 checked",
        "B: NOT-INSTALLER",
        "C: NOT-INSTALLER",
    ),
    _mail(
        "all but one",
        f"{A}: {X} {CRC_X}\n\nAll of them except {A} were installed by LOSE.",
        "A: CODE 1 checked",
        "B: NOT-INSTALLER | installer: LOSE",
        "C: NOT-INSTALLER | installer: LOSE",
    ),
    _mail(
        "only whom to contact",
        "Hello, please contact British Gas about this.",
        *(f"{n}: NOT-INSTALLER look | installer: British Gas" for n in "ABC"),
    ),
    _mail(
        "two installers named",
        f"{A} was not installed by us, please contact LOSE / British Gas",
        "A: NOT-INSTALLER look",
    ),
    _mail(
        "none of them, and a request below",
        f"None of these were installed by us. Separately, please can you provide the install code for {E}.",
        *(f"{n}: NOT-INSTALLER" for n in "ABC"),
    ),
    _mail(
        "a supplier with a dot in its name",
        f"Not installed by us (please contact E.ON):\n{A}\n{B}",
        "A: NOT-INSTALLER | installer: E.ON",
        "B: NOT-INSTALLER | installer: E.ON",
    ),
    _mail("what is somebody's", f"{A} isn't ours, it was LOSE's", "A: NOT-INSTALLER | installer: LOSE"),
    _mail("no code held", f"Unfortunately we do not hold an install code for {A}.", "A: NO-CODE-HELD"),
    _mail(
        "no code on the device's line",
        f"{A} - no install code held\n{B} - no code available",
        "A: NO-CODE-HELD",
        "B: NO-CODE-HELD",
    ),
    _mail("a gas proxy", f"{A} is a GPF, the GSME is {D}.", f"A: TYPE-HAS-NO-CODE | device: {D}"),
    _mail(
        "a gas proxy in two sentences",
        f"{A} is the Gas Proxy Function and does not have an install code. The GSME ID is {D}",
        f"A: TYPE-HAS-NO-CODE | device: {D}",
    ),
    _mail("by Friday", "We'll get back to you by Friday.", *(f"{n}: PENDING look | by: 2026-06-12" for n in "ABC")),
    _mail(
        "by a date, the rest",
        f"{A}: {X} {CRC_X}\n\nWe will provide the rest by 12/06.",
        "A: CODE 1 checked",
        "B: PENDING | by: 2026-06-12",
        "C: PENDING | by: 2026-06-12",
    ),
    _mail(
        "tomorrow, and nobody says who",
        "Morning, will have all of these over to you tomorrow",
        *(f"{n}: PENDING | by: 2026-06-10" for n in "ABC"),
    ),
    _mail(
        "the end of the month",
        f"You'll have {A} by the end of the month. {B} will be with you by the end of July. {C} we'll send by the end of June or the end of July.",
        "A: PENDING | by: 2026-06-30",
        "B: PENDING | by: 2026-07-31",
        "C: remark",
    ),
    _mail("looking into one", f"{B} is being investigated by our back office.", "B: PENDING"),
    _mail(
        "please confirm",
        f"Please confirm the supply start date for {A}.",
        "A: NEED-MORE | Please confirm the supply start date for the device.",
    ),
    _mail(
        "more information for all",
        "Can you please confirm that you are the registered supplier for all of these?",
        *(
            f"{n}: NEED-MORE | Can you please confirm that you are the registered supplier for all of these?"
            for n in "ABC"
        ),
    ),
    _mail(
        "commissioned",
        f"We cannot release the code for {A} as it has already been commissioned.",
        "A: REFUSED | commissioned",
    ),
    _mail(
        "refused without a reason",
        f"We are unable to share the code for {A}.",
        "A: REFUSED look | We are unable to share the code for the device.",
    ),
    _mail(
        "none of them, and whom to try",
        "None of these are ours. Try LOSE.",
        *(f"{n}: NOT-INSTALLER | installer: LOSE" for n in "ABC"),
    ),
    _mail(
        "none found, and whom to ask",
        "None found. Ask Castle Gas.",
        *(f"{n}: NOT-INSTALLER look | installer: Castle Gas" for n in "ABC"),
    ),
    _mail(
        "who did it, before the verb",
        "Not us, Harbour Power fitted them.",
        *(f"{n}: NOT-INSTALLER look | installer: Harbour Power" for n in "ABC"),
    ),
    _mail("removed", f"{C} was removed in March.", "C: REFUSED | removed"),
    _mail(
        "the device's own line, then words",
        f"{A}\nNot our install, LOSE did it.\n\n{B}\nNo code held.",
        "A: NOT-INSTALLER look | installer: LOSE",
        "B: NO-CODE-HELD",
    ),
    _mail(
        "this device, one asked",
        "We were not the installing supplier for this device, you will need to contact LOSE.",
        "A: NOT-INSTALLER | installer: LOSE",
        asked=(A,),
    ),
    _mail(
        "this device, three asked",
        "We were not the installing supplier for this device.",
        *(f"{n}: NOT-INSTALLER look" for n in "ABC"),
    ),
    _mail("a device of no record", f"We have no record of {A}", "A: NOT-INSTALLER look"),
    _mail(
        "a wrapped sentence",
        f"Hi, with regard to {A} we can tell you that we were not the\ninstalling supplier, please contact British Gas for it.",
        "A: NOT-INSTALLER | installer: British Gas",
    ),
    _mail(
        "our own words, with more behind them",
        f"{A}: NOT-INSTALLER, installer: E.ON\n{B} REFUSED, note: commissioned 3 May\n{C}: NEED-MORE (please give SSD)",
        "A: NOT-INSTALLER | installer: E.ON",
        "B: REFUSED | commissioned",
        "C: NEED-MORE | please give SSD",
    ),
    _mail(
        "not before we confirm",
        f"We can't release the code for {A} until you confirm the supply start date.",
        "A: NEED-MORE | We can't release the code for the device until you confirm the supply start date.",
    ),
    _mail(
        "what stands below every mail of a company",
        f"Hi, all of these tomorrow.\n\n{A}: {X} {CRC_X}\n\nPriya\n\nThis email is confidential. You must not disclose, copy or distribute "
        "it without our consent. Northern Energy will never send you bank details by email.",
        "A: CODE 1 checked",
    ),
    _mail(
        "which MPAN",
        "Hi, which MPAN are these for?",
        *(f"{n}: NEED-MORE | Hi, which MPAN are these for?" for n in "ABC"),
    ),
    _mail(
        "not by mail",
        "We do not share install codes by email.",
        *(f"{n}: REFUSED look | We do not share install codes by email." for n in "ABC"),
    ),
    _mail(
        "behind a dash",
        f"{A} - commissioned in March\n{B} - removed\n{C}: commissioned",
        "A: REFUSED | commissioned",
        "B: REFUSED | removed",
        "C: REFUSED | commissioned",
    ),
    _mail("a condition", f"If {A} was not installed by you please tell us."),
    _mail("a question", f"Are you sure we were the installer of {A}? Was it not installed by LOSE?"),
    _mail("thanks", "Thanks, received."),
    _mail(
        "received", "Thank you for your email. We have received your request and will respond within 10 working days."
    ),
    _mail("as soon as possible", "Hi, we'll get back to you as soon as possible. Thanks, Priya"),
    _mail("out of office", "I am out of the office until Friday 12 June. Please contact Ann Smith if it is urgent."),
    _mail("an automatic reply", "We will respond by Friday 12 June.", headers=(("Auto-Submitted", "auto-replied"),)),
    _mail("ticket", "Your request has been logged under ticket 12345 and passed to the team."),
    _mail("sorry for the delay", "Hi, sorry for the delay, still on it. Kind regards, Priya"),
    _mail(
        "questions to",
        f"{A}: {X} {CRC_X}\n\nShould you have any questions, please contact Ann Smith on 0141 496 0000.",
        "A: CODE 1 checked",
    ),
)

_TABLE = f"{A}\n{B}\n{C}\n"
QUOTED = (
    _mail(
        "into the quoted table, marks",
        f"Hi, see below{marked(LETTER.replace(_TABLE, f'{A}   {X}{chr(10)}{B}   not our install{chr(10)}{C}{chr(10)}'))}",
        "A: CODE 1",
        "B: NOT-INSTALLER look",
    ),
    _mail(
        "into the quoted table, Outlook",
        f"Answers in red below{outlook(LETTER.replace(_TABLE, f'{A}    CODE    {X}{chr(10)}{B}{chr(10)}{C} - {Z}{chr(10)}'))}",
        "A: CODE 1",
        "C: CODE 3 look",
    ),
    _mail(
        "into the quoted table, HTML alone",
        "",
        "A: CODE 1",
        html="<p>Please see below.</p><p>Priya</p><hr><p><b>From:</b> North Energy &lt;codes@north.test&gt;<br><b>Sent:</b> "
        "01 June 2026 09:00<br><b>To:</b> Desk<br><b>Subject:</b> Install code request</p><p>Please fill in:</p>"
        f"{table(('Device ID', 'Outcome', 'Install code', 'Note'), (A, 'CODE', X, ''), (B, '', '', ''))}",
    ),
    _mail(
        "below each quoted line",
        f"See below{outlook(LETTER.replace(_TABLE, f'{A}{chr(10)}{X} {CRC_X}{chr(10)}{B}{chr(10)}Not installed by us{chr(10)}{C}{chr(10)}'))}",
        "A: CODE 1 checked",
        "B: NOT-INSTALLER",
    ),
    _mail(
        "a wrong code in the quoted table",
        f"See below{outlook(LETTER.replace(A, f'{A}   {BARE_X[:30]}'))}",
        f"A: {LENGTH}",
    ),
    _mail(
        "typed between the quoted lines",
        "Hi, see below"
        + between({A: X, B: "No code held for this one.", C: "Not ours I am afraid.\nPlease contact British Gas."}),
        "A: CODE 1 look",
        "B: NO-CODE-HELD",
        "C: NOT-INSTALLER | installer: British Gas",
    ),
    _mail(
        "typed between, with gaps, and of the rest",
        between({A: f"\n{X} {CRC_X}\n\nwe will send the rest by Friday", B: "\nwill send tomorrow"}),
        "A: CODE 1 checked",
        "B: PENDING | by: 2026-06-10",
        "C: PENDING | by: 2026-06-12",
    ),
    _mail("typed below one line of the list", between({B: "No code held."}), "B: NO-CODE-HELD"),
    _mail("typed below one, no answer", between({A: X, B: "Steve may know"}), "A: CODE 1 look", "B: remark"),
    _mail(
        "typed below the whole list",
        between({C: "No code held."}),
        *(f"{n}: NO-CODE-HELD look" for n in "ABC"),
    ),
    _mail(
        "typed above each line",
        f"On Monday Ann wrote:\n> Please send the codes of\n{X}\n> {A}\n{Y}\n> {B}\n{Z}\n> {C}\n",
        f"A: {UNCLEAR}",
        f"B: {UNCLEAR}",
        f"C: {UNCLEAR}",
    ),
    _mail("a code below the whole list", between({C: X}), f"A: {UNCLEAR}", f"B: {UNCLEAR}", f"C: {UNCLEAR}"),
    _mail(
        "typed between, and the rest cut off",
        f"On Monday Ann wrote:\n> {A}\n{X}\n> {B}\n{Y}\n\nCheers, the last one we never fitted",
        "A: CODE 1 look",
        "B: CODE 2 look",
        "C: NOT-INSTALLER",
    ),
    _mail("quoted back whole, marks", f"Thanks{marked(LETTER)}"),
    _mail("quoted back whole, Outlook", f"Noted.{outlook(LETTER)}"),
    _mail("quoted back whole, unmarked", f"Thanks, received.\n\n{LETTER}"),
    _mail("handed on whole", outlook(LETTER).strip(), subject="FW: Install codes for 3 devices (IC-7F3K2Q9D)"),
    _mail(
        "an answer above, our letter below", f"The code for {B} is {Y} {CRC_Y}{outlook(LETTER)}", "B: CODE 2 checked"
    ),
    _mail(
        "older history in the quoted letter",
        f"Any news?{outlook(f'Please chase.{chr(10)}{chr(10)}{HEAD}{chr(10)}{A}: {X}')}",
    ),
    _mail(
        "a device that we did not ask for, in the quoted letter",
        f"See below{outlook(LETTER.replace(A, f'{A}: {X} {CRC_X}, {E}: {Y}').replace(C, f'{C}{chr(10)}{E} {Z}'))}",
        "A: CODE 1 checked",
    ),
    _mail("a device of theirs in our own answer", f"Thanks{outlook(f'Here is the install code.{chr(10)}{E}   {Y}')}"),
)

ROBOTS = (
    _mail(
        "another copy of this daemon",
        f"Dear team,\n\nHere is the install code for 1 of the 3 devices you asked for; below is what we can say of the others.\n\nDevice ID                 Install code   Check\n{A}   {X}   {CRC_X}\n",
        "A: CODE 1 checked",
        "B: NO-CODE-HELD",
        "C: PENDING | by: 2026-06-19",
        files=(csv(f"{A},CODE,{X},check: {CRC_X}", f"{B},NO-CODE-HELD,,", f"{C},PENDING,,by: 2026-06-19"),),
        headers=(
            ("Install-Code-Message", "answer; version=1"),
            ("Install-Code-Reference", "IC-7F3K2Q9D"),
            ("Auto-Submitted", "auto-generated"),
        ),
    ),
    _mail(
        "a robot's request",
        f"Please send the codes of\n{A}   {X}\n",
        headers=(("Install-Code-Message", "request; version=1"), ("Auto-Submitted", "auto-generated")),
    ),
)

SPECIMENS = (*SHEETS, *TABLES, *PROSE, *WORDS, *QUOTED, *ROBOTS)
