"""One morning's mail at North Energy, and what must become of each piece: the story that every kill interrupts."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from daemon.embedded.stamps import Verdict, stamped

AUTHSERV = "mx.north.test"
OPS = "ops@north.test"
ANN, DESK, BOB = "ann@south.test", "mp121@south.test", "bob@south.test"
WEST = "codes@west.test"
CONTACTS = f"""\
party,mpid,kind,name,email
South Power,SOUT,mp121,Desk,{DESK}
South Power,SOUT,operations,Ann,{ANN}
West Energy,WEST,mp121,Desk,{WEST}
"""
LISTED = frozenset({ANN, DESK, WEST})


def device(number: int) -> str:
    """An invented Device ID."""
    return f"00-DB-12-34-56-78-{number >> 8:02X}-{number & 255:02X}"


def code_of(name: str) -> str:
    """The invented install code of an invented device: 32 hex digits that occur nowhere by chance."""
    return hashlib.sha256(f"canary {name}".encode()).hexdigest()[:32].upper()


GOOD, MIXED, PERSONAL, SAME_NAME, WANTED_BY_A_FORGER, WANTED_BY_A_STRANGER = (device(n) for n in range(1, 7))
NO_CODE, GPF, COMMISSIONED = device(0xB1), device(0xB2), device(0xB3)
CODES = {d: code_of(d) for d in (GOOD, MIXED, PERSONAL, SAME_NAME, WANTED_BY_A_FORGER, WANTED_BY_A_STRANGER)}
MPAN = "1012345678906"
"""A supply number with a right check digit."""
INVENTORY = "\n".join(
    (
        "device_id,device_type,install_code,installing_supplier,status,gaining_supplier,linked_gsme",
        *(f"{d},ESME,{code},,Pending,," for d, code in CODES.items()),
        f"{NO_CODE},ESME,,,,,",
        f"{GPF},GPF,,,,,",
        f"{COMMISSIONED},ESME,,,Commissioned,,",
    )
)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as our exchanger hands it over, and what must become of it.

    `fates`: fate and reason of each copy that arrived; `folder`: where it lies in the end.
    """

    message_id: str
    raw: bytes
    fate: tuple[str, str]
    folder: str = "Install codes/Done"
    items: Mapping[str, str] = field(default_factory=dict)
    codes: frozenset[str] = frozenset()
    """The devices whose codes it may bring about."""


def written(
    name: str,
    sender: str,
    body: str,
    *,
    to: str,
    subject: str = "Install codes please",
    at: datetime,
    verdict: Verdict | None = Verdict.PASS,
    headers: Mapping[str, str] | None = None,
    sheet: str = "",
) -> bytes:
    """A mail with our exchanger's verdict on top; None: an exchanger that says nothing of it."""
    message = EmailMessage()
    message["From"] = f"Somebody <{sender}>"
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{name}@{sender.rpartition('@')[2]}>"
    for key, value in (headers or {}).items():
        message[key] = value
    message.set_content(body)
    if sheet:
        message.add_attachment(sheet.encode(), maintype="text", subtype="csv", filename="devices.csv")
    raw = message.as_bytes(policy=SMTP)
    if verdict is None:
        return raw
    return stamped(raw, recipient=to, authserv_id=AUTHSERV, verdict=verdict, arrived=at)


def morning(to: str, at: datetime) -> list[Mail]:
    """The mails, in the order of their arrival. `at`: their Date, and when the exchanger took them."""

    def mail(name: str, sender: str, body: str, fate: tuple[str, str], **how: object) -> Mail:
        ends = {key: how.pop(key) for key in ("folder", "items", "codes") if key in how}
        raw = written(name, sender, body, to=to, at=at, **how)  # type: ignore[arg-type]
        message_id = f"<{name}@{sender.rpartition('@')[2]}>"
        return Mail(message_id, raw, fate, **ends)  # type: ignore[arg-type]

    good = mail(
        "good", ANN, f"Please send the code of {GOOD}", ("decided", "request"),
        items={GOOD: "answered"}, codes=frozenset({GOOD}),
    )  # fmt: skip
    return [
        good,
        mail(
            "mixed", BOB, "The devices are in the sheet.", ("decided", "request"),
            sheet=f"device_id\n{MIXED}\n{NO_CODE}\n{GPF}\n",
            items={MIXED: "answered", NO_CODE: "answered", GPF: "answered"}, codes=frozenset({MIXED}),
        ),
        mail(
            "personal", ANN, f"Please send the code of {PERSONAL}, MPAN {MPAN}", ("decided", "request"),
            subject=f"Codes for {MPAN}", items={PERSONAL: "answered"}, codes=frozenset({PERSONAL}),
        ),
        mail(
            "forged", ANN, f"Please send the code of {WANTED_BY_A_FORGER}", ("held", "unproven-sender"),
            verdict=Verdict.FAIL, folder="Install codes/Held",
        ),
        Mail(good.message_id, good.raw.replace(b"\r\n\tby", b" \r\n\tby", 1), ("ignored", "duplicate")),
        mail(
            "good", ANN, f"Please send the code of {SAME_NAME}", ("decided", "request"),
            subject="Another matter under a Message-ID that was used before",
            items={SAME_NAME: "answered"}, codes=frozenset({SAME_NAME}),
        ),
        mail(
            "away", DESK, "I am out of the office.", ("ignored", "auto-reply"), subject="Automatic reply",
            headers={"Auto-Submitted": "auto-replied"}, folder="INBOX",
        ),
        mail(
            "news", "news@shop.test", "Ten new meters", ("ignored", "not-ours"), subject="Our offers",
            verdict=None, folder="INBOX",
        ),
        mail(
            "unlisted", "carl@riverside.test", f"Please send the code of {WANTED_BY_A_STRANGER}",
            ("held", "unlisted-sender"), folder="Install codes/Held",
        ),
        mail(
            "live", ANN, f"Please send the code of {COMMISSIONED}", ("decided", "request"),
            items={COMMISSIONED: "held"}, folder="Install codes/Held",
        ),
        mail("lunch", ANN, "Shall we have lunch on Friday?", ("ignored", "not-ours"), subject="Lunch", folder="INBOX"),
    ]  # fmt: skip


def now() -> datetime:
    """The wall clock, which the daemon under test goes by; in whole seconds, as mail tells the time."""
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251  # the daemon has the real clock here
