"""The simulated supplier: it reads our letters as a person would, and answers as people write."""

import base64
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.policy import SMTP
from email.utils import format_datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from daemon.embedded.stamps import Verdict, stamped
from daemon.rules.identifiers import DeviceId
from tests.journeys.world import AUTHSERV, US, subject_of, text_of
from tests.rules.answer_mails import SPECIMENS, Specimen, message
from tests.servers.scripted_smtp import Taken

LISTED = {"LOSE": "Lose Energy", "British Gas": "British Gas", "E.ON": "E.ON"}
"""Installers whom the specimens name, by the word that stands there."""
_PLACES = ("DB-12-34-56-78", "33-AC-FF-FE-FA", "5F-00-10-88-21", "D5-1F-30-01-00")
"""The middle octets of the specimens' devices, the last two of which may be any: no spelling is cut just there."""
_DEVICE = re.compile(r"\b(?:[0-9A-F]{2}-){7}[0-9A-F]{2}\b")
_REFERENCE = "IC-7F3K2Q9D"


@dataclass(frozen=True)
class Letter:
    """A letter of ours, as whoever gets it sees it."""

    taken: Taken

    @cached_property
    def devices(self) -> tuple[DeviceId, ...]:
        """The devices that it names, in order."""
        return tuple(dict.fromkeys(DeviceId(found) for found in _DEVICE.findall(text_of(self.taken.content))))

    @cached_property
    def kind(self) -> str:
        """`request`, `chase` or `answer`, as it is marked; empty: not marked."""
        return str(message_from_bytes(self.taken.content)["Install-Code-Message"] or "").partition(";")[0]

    @cached_property
    def subject(self) -> str:
        """Its subject, decoded."""
        return subject_of(self.taken.content)

    @cached_property
    def reference(self) -> str:
        """Our reference in it."""
        found = re.search(r"IC-[0-9A-Z]{8}", self.subject)
        return found[0] if found else ""

    @cached_property
    def message_id(self) -> str:
        """Its Message-ID."""
        return str(message_from_bytes(self.taken.content)["Message-ID"]).strip()


def posted(  # the parts of a mail
    letter: Letter, sender: str, written: Mapping[str, Any], at: datetime, verdict: Verdict = Verdict.PASS
) -> bytes:
    """A reply to `letter` by `sender`, as it comes out of our mail server. `written`: as `answer_mails.message` takes it."""
    mail = message_from_bytes(message(**written), policy=SMTP)
    replies = mail["In-Reply-To"] is not None
    for name in ("From", "To", "Date", "Message-ID", "In-Reply-To", "References"):
        del mail[name]
    mail["From"], mail["To"], mail["Date"] = f"Priya Shah <{sender}>", US, format_datetime(at)
    named = sha256(repr((sender, letter.message_id, at, sorted(written))).encode() + mail.as_bytes()).hexdigest()
    mail["Message-ID"] = f"<{named[:24]}@{sender.rpartition('@')[2]}>"
    if replies:
        mail["In-Reply-To"] = mail["References"] = letter.message_id
    return stamped(mail.as_bytes(), recipient=US, authserv_id=AUTHSERV, verdict=verdict, arrived=at)


# The specimens, for other devices ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Known:
    """A specimen about devices of its own: no two of different numbers name the same."""

    specimen: Specimen
    number: int

    @property
    def devices(self) -> tuple[DeviceId, ...]:
        """What it must be asked for, to make sense."""
        return tuple(DeviceId(self._moved(device)) for device in self.specimen.asked)

    def written(self, letter: Letter) -> dict[str, Any]:
        """The arguments of `answer_mails.message`, in answer to `letter`."""
        how = {name: self._anywhere(value, letter) for name, value in self.specimen.written.items()}
        return {"subject": f"RE: {letter.subject}"} | how

    def after(self, party: str) -> dict[DeviceId, tuple[str, str]]:
        """State and party of each device once it was read; `party` was asked, REQUEST NOW."""
        said = dict(one.split(": ", 1) for one in self.specimen.found if "unasked" not in one)
        names = dict(zip("ABC", self.devices, strict=False))
        return {device: _after(said.get(name, ""), party) for name, device in names.items()}

    def codes(self) -> dict[DeviceId, str]:
        """Which of the specimens' codes is kept for which device."""
        names = dict(zip("ABC", self.devices, strict=False))
        found = (re.fullmatch(r"([ABC]): CODE (\d).*", one) for one in self.specimen.found)
        return {names[one[1]]: one[2] for one in found if one}

    def _moved(self, text: str) -> str:
        """`text` about our own devices, however they are spelled in it."""
        for place in _PLACES:
            octets = place.split("-")
            for glue in ("-", "", ":"):
                old, new = (
                    glue.join(octets),
                    glue.join([*octets[:3], f"{self.number >> 8:02X}", f"{self.number & 255:02X}"]),
                )
                text = text.replace(old, new).replace(old.lower(), new.lower())
        return text

    def _anywhere(self, value: Any, letter: Letter) -> Any:
        if isinstance(value, str):
            return self._moved(value).replace(_REFERENCE, letter.reference)
        if isinstance(value, bytes):
            return (
                self._in_book(value)
                if value.startswith(b"PK")
                else self._moved(value.decode("latin-1")).encode("latin-1")
            )
        return tuple(self._anywhere(one, letter) for one in value)

    def _in_book(self, book: bytes) -> bytes:
        """A workbook with the devices moved in all that it is packed of."""
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w") as new:
            for name in old.namelist():
                new.writestr(name, self._moved(old.read(name).decode()))
        return out.getvalue()


def _after(said: str, party: str) -> tuple[str, str]:
    """What must become of a device of which this is found; see `answer_mails.short`."""
    outcome, _, note = said.partition(" | ")
    named = LISTED.get(note.removeprefix("installer: "))
    match outcome.replace(" look", "").split(" ")[0]:
        case "":
            return "asked", party
        case "CODE":
            return "answered", party
        case "NOT-INSTALLER" if named and not outcome.endswith(" look"):
            return "asked", named
        case "remark":
            return "asked", party
        case "NO-CODE-HELD" if not outcome.endswith(" look"):
            return "closed", party
        case "PENDING":
            return "promised", party
        case _:
            return ("queried" if "fault:" in said else "with-ops"), party


def known() -> tuple[Known, ...]:
    """Every specimen, each about devices of its own."""
    return tuple(Known(specimen, number) for number, specimen in enumerate(SPECIMENS, 0x4000))


# Bounces ────────────────────────────────────────────────────────────────────────────────────────────


def bounce(letter: Letter, at: datetime, *, why: str = "550 5.1.1 User unknown") -> bytes:
    """What the mail system of their side reports of a letter that it could not deliver (RFC 3464)."""
    to, status = letter.taken.recipient, why.split(" ")[1]
    domain = to.rpartition("@")[2]
    name = letter.message_id.strip("<>")
    boundary = base64.b16encode(sha256(name.encode()).digest()[:8]).decode()
    text = f"""\
Return-Path: <>
From: MAILER-DAEMON@mx.{domain} (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {US}
Date: {format_datetime(at)}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"
Message-ID: <{boundary}@mx.{domain}>

--{boundary}
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

<{to}>: host mail.{domain} said: {why}

--{boundary}
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.{domain}
Original-Envelope-Id: {name}

Final-Recipient: rfc822; {to}
Action: failed
Status: {status}
Diagnostic-Code: smtp; {why}

--{boundary}
Content-Type: text/rfc822-headers

From: {US}
To: {to}
Message-ID: <{name}>

--{boundary}--
"""
    return text.replace("\n", "\r\n").encode()


def order_sheet(rows: Sequence[Sequence[str]], heading: str = "device_id,losing_supplier") -> tuple[str, bytes]:
    """A sheet of orders, as our team attaches one."""
    return "orders.csv", "\r\n".join((heading, *(",".join(row) for row in rows), "")).encode()
