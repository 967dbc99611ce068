"""The work of the bench: request mails of 6 KB, and the books that make each of them answerable."""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from email.utils import format_datetime

from daemon.embedded.stamps import Verdict, stamped

MAILBOX, AUTHSERV = "codes@north.test", "mx.north.test"
DEVICES_A_MAIL = 10
PARTIES = 40
_FIRST_DEVICE = 0x00DB_1234_0000_0000
_WHY = (
    "We are now the registered supplier of the premises where these devices were installed, and our engineers cannot",
    "commission them before they hold the install codes. Could you look into your records and send what you hold for",
    "each of the devices listed here? Should you not be the installing supplier of one of them, please tell us, so that",
    "we can turn to whoever is. We look forward to your answer within the ten working days of the guidance notes.",
)
_SMALL_PRINT = (
    "This message and what is attached to it are meant for the addressee alone. If it reached you by mistake, please",
    "tell the sender and delete it; what it says is not to be relied on until it was confirmed in writing. Replies are",
    "read by several of us. We look after personal data as our privacy notice says, which we gladly send on request.",
    "Calls may be recorded for training and quality. Please consider the environment before you print this message.",
    "Registered in England and Wales under an invented number; registered office 1 High Street, Anytown, AN1 1YT.",
)
_STYLE = "".join(
    f"{tag}.Mso{kind}{{margin:0cm;margin-bottom:.0001pt;font-size:11.0pt;font-family:'Calibri',sans-serif;}}\r\n"
    for tag in ("p", "li", "div", "td")
    for kind in ("Normal", "Header", "Footer", "List", "Quote")
)
"""What programs put above their HTML, so that a mail weighs what mails weigh."""


def party(number: int) -> str:
    """The supplier that wrote mail `number`: they take turns."""
    return f"p{number % PARTIES:02}"


def message_id(number: int) -> str:
    """The Message-ID of mail `number`, in angle brackets."""
    return f"<request-{number}@{party(number)}.test>"


def device(number: int) -> str:
    """An invented Device ID."""
    digits = f"{_FIRST_DEVICE + number:016X}"
    return "-".join(digits[at : at + 2] for at in range(0, 16, 2))


def devices_of(number: int) -> list[str]:
    """What mail `number` asks for: no two mails ask for the same."""
    return [device(number * DEVICES_A_MAIL + place) for place in range(DEVICES_A_MAIL)]


def request(number: int, at: datetime) -> bytes:
    """Mail `number` as the exchanger hands it over at `at`."""
    asked = devices_of(number)
    text = "\r\n".join(("Dear colleagues,", "", *_WHY, "", *asked, "", "Kind regards", "Ann", "", *_SMALL_PRINT, ""))
    cells = "\r\n".join(f'<tr><td style="border:1px solid #999;padding:4px">{one}</td></tr>' for one in asked)
    html = (
        f'<html><head><meta charset="utf-8"><style>\r\n{_STYLE}</style></head>\r\n'
        '<body style="font-family:Calibri,sans-serif;font-size:11pt">\r\n'
        f"<p>Dear colleagues,</p>\r\n<p>{'<br>'.join(_WHY)}</p>\r\n<table>\r\n{cells}\r\n</table>\r\n"
        f'<p>Kind regards<br>Ann</p>\r\n<p style="color:#888;font-size:8pt">{" ".join(_SMALL_PRINT)}</p>\r\n'
        "</body></html>\r\n"
    ).replace("<br>", "<br>\r\n")
    edge = f"=_{hashlib.sha256(str(number).encode()).hexdigest()[:24]}"
    who = f"ann@{party(number)}.test"
    parts = "".join(
        f"--{edge}\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n{body}\r\n"
        for kind, body in (("plain", text), ("html", html))
    )
    raw = (
        f"From: Ann <{who}>\r\nTo: {MAILBOX}\r\nSubject: Install codes, batch {number}\r\n"
        f"Date: {format_datetime(at)}\r\nMessage-ID: {message_id(number)}\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/alternative; boundary="{edge}"\r\n\r\n{parts}--{edge}--\r\n'
    ).encode()
    return stamped(raw, recipient=MAILBOX, authserv_id=AUTHSERV, verdict=Verdict.PASS, arrived=at)


def contacts() -> str:
    """The contact list, as a CSV file."""
    rows = (f"Party {n},P{n:03},mp121,Ann,ann@{party(n)}.test" for n in range(PARTIES))
    return "\n".join(("party,mpid,kind,name,email", *rows)) + "\n"


def inventory(devices: int) -> Iterator[str]:
    """The lines of an inventory file of so many devices, each with its code."""
    yield "device_id,device_type,install_code,installing_supplier,status,gaining_supplier,linked_gsme\n"
    for number in range(devices):
        yield f"{device(number)},ESME,{code(number)},,Pending,,\n"


def code(number: int) -> str:
    """The invented code of device `number`."""
    return f"{(number * 0x9E3779B97F4A7C15F39CC0605CEDC835 + 0xC0DE) % (1 << 128):032X}"
