"""The story that the demo tells: the mails that people write, and the days that pass."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from daemon.demo.company import ANN, BEN, BOB, BRIGHT, FITTERS, HARBOUR, MAYA, OURS
from daemon.embedded.stamps import Verdict

BEGIN = datetime(2026, 1, 13, 9, 30, tzinfo=UTC)
"""A Tuesday with no bank holiday in the weeks after it: the story is the same whenever it is told."""

OPENING = """\
install-code-daemon: two weeks in the mailbox of Northwind Energy
=================================================================
Northwind Energy fitted smart meters that never joined the network; the homes
have moved to other suppliers, who need the meters' install codes. It has gained
such homes, too, and needs theirs. All of that goes through one mailbox:

  install.codes@northwind.test   the daemon reads it, and answers
  ann, bob@northwind.test        the team: they command it by mail
  fitters@northwind.test         who may have the codes that we ask others for
  Harbour Power, Brightspark     two other suppliers, who ask us and are asked

The mail servers run in this process, on 127.0.0.1 alone, and the daemon is the
real one. The days are given, so that two weeks pass while you watch.

  >  a mail that arrives         |  a letter that the daemon sent
  […]  words that an earlier letter had, too"""


@dataclass(frozen=True)
class Scene:
    """One mail of the story. `told`: what a reader should know before it. `proof`: what the mail server says of it."""

    title: str
    told: str
    sender: str
    name: str
    subject: str
    """Empty in a reply: "Re: " and that of the letter."""
    body: str
    proof: Verdict = Verdict.PASS
    headers: tuple[tuple[str, str], ...] = ()
    sheet: tuple[tuple[str, ...], ...] = ()
    file: str = "meters.csv"
    """What the attached sheet is called."""
    answers: tuple[str, str] | None = None
    """It is a reply: to the newest letter in this mailbox that says these words."""
    watch: tuple[str, ...] = ()
    """Whose letters are waited for."""

    def mail(self, number: int, now: datetime, thread: str = "", quoted: str = "") -> bytes:
        """The bytes that their mail program sends. `thread`: the Message-ID that it replies to; `quoted`: that letter's text."""
        message = EmailMessage()
        message["From"] = f"{self.name} <{self.sender}>"
        message["To"] = OURS
        message["Subject"] = self.subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<demo.{number}.{now:%H%M%S}@{self.sender.rpartition('@')[2]}>"
        for name, value in self.headers:
            message[name] = value
        if thread:
            message["In-Reply-To"] = message["References"] = thread
        lines = "".join(f"> {line}\n" for line in quoted.splitlines())
        message.set_content(f"{self.body}\n\nNorthwind Energy wrote:\n{lines}" if quoted else self.body)
        if self.sheet:
            rows = "".join(",".join(row) + "\r\n" for row in self.sheet)
            message.add_attachment(rows.encode(), maintype="text", subtype="csv", filename=self.file)
        return message.as_bytes(policy=SMTP)


@dataclass(frozen=True)
class Day:
    """Time passes, until `at`; the inventory is imported anew, as it is every night in earnest."""

    title: str
    told: str
    at: datetime
    watch: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """What stands above a part of the story."""

    title: str


ASKED_US = (
    Scene(
        "A good request, with a sheet",
        "Maya is in the contact list, and our mail server vouches for her mail. So each device is answered, at once.",
        MAYA,
        "Maya Lee",
        "Install codes for three meters",
        "Hello,\n\nwe have gained the attached meters, which never joined the network.\nCould you send us"
        " their install codes?\n\nMany thanks\nMaya Lee, Harbour Power",
        sheet=(
            ("Device ID", "Meter type"),
            ("00-DB-12-34-56-78-90-A0", "electricity"),
            ("00-DB-12-34-56-78-90-A1", "gas"),
            ("00-DB-12-34-56-78-90-A2", "electricity"),
        ),
        watch=(MAYA,),
    ),
    Scene(
        "A mixed one, from a colleague who is on nobody's list",
        "Ben is proven to write from Brightspark's domain. What can be answered is, at their listed address; one"
        " device is held, for our records say that Harbour Power has the home.",
        BEN,
        "Ben Shah",
        "codes please",
        "Hi team\n\nafter change of supplier we need the codes for\n\n  00db1234567890b0\n  00:DB:12:34:56:78:90:B1"
        "   (the gas one)\n  0x00DB1234567890B3\n  00-DB-12-34-56-78-90-B4\n\nCheers, Ben",
        watch=(BRIGHT, ANN, BOB),
    ),
    Scene(
        "A forged approval",
        "Somebody writes in Ann's name. Our mail server cannot prove it, so it is not obeyed, and the team is told.",
        ANN,
        "Ann Ross",
        "Re: held device",
        "APPROVE",
        Verdict.FAIL,
        watch=(ANN, BOB),
    ),
    Scene(
        "Ann approves, by reply",
        "She has checked who has the home now: Brightspark. That is one approval of two, so nothing is sent yet.",
        ANN,
        "Ann Ross",
        "",
        "Approve.\n\nAnn",
        answers=(ANN, "Decide by reply"),
        watch=(ANN, BOB),
    ),
    Scene(
        "Bob approves, too",
        "Four eyes: now the code goes, to the listed address of Brightspark and to nobody else.",
        BOB,
        "Bob Kerr",
        "",
        "approve",
        answers=(BOB, "Decide by reply"),
        watch=(BRIGHT, ANN, BOB),
    ),
    Scene(
        "One with personal data in it",
        "The device is answered. The meter point number and the address are repeated nowhere.",
        HARBOUR,
        "Harbour Power Install Codes",
        "Meter at MPAN 2000012345672",
        "Dear colleagues,\n\nplease send the code of 00-DB-12-34-56-78-90-A4 (MPAN 2000012345672,\n12 High Street,"
        " Leeds LS1 4AP).\n\nRegards",
        watch=(HARBOUR,),
    ),
    Scene(
        "A forged request: a listed name, an answer wanted elsewhere",
        "No code, and no reply to whoever wrote it: it is held for the team.",
        MAYA,
        "Maya Lee",
        "URGENT codes needed today",
        "Please send 00-DB-12-34-56-78-90-A0 at once, to maya.lee@harb0ur-power.test\n\nMaya",
        Verdict.FAIL,
        headers=(("Reply-To", "maya.lee@harb0ur-power.test"),),
        watch=(ANN, BOB),
    ),
    Scene(
        "Bob rejects it",
        "He rang Maya: it was not hers. One person is enough for a no.",
        BOB,
        "Bob Kerr",
        "",
        "REJECT",
        answers=(BOB, "Decide by reply"),
        watch=(BOB,),
    ),
    Scene(
        "An out-of-office",
        "It names a device, and is no request: it gets no answer, and starts no loop.",
        BEN,
        "Ben Shah",
        "Automatic reply: codes please",
        "I am away until Monday, and will read your mail about\n00-DB-12-34-56-78-90-B0 then.",
        headers=(("Auto-Submitted", "auto-replied"),),
    ),
)
WE_ASK = (
    Scene(
        "Ann orders codes that we need ourselves",
        "Her sheet has a column of meter point numbers, which is not read, and a device that is our own, which is"
        " refused by itself. The daemon says what it will do, and when.",
        ANN,
        "Ann Ross",
        "order",
        "REQUEST",
        sheet=(
            ("device_id", "losing_supplier", "mpan"),
            ("00-DB-12-34-56-78-90-C0", "Brightspark Energy", "2000012345672"),
            ("00-DB-12-34-56-78-90-C1", "BRSP", "2000012345689"),
            ("00-DB-12-34-56-78-90-C2", "BRSP", "2000012345690"),
            ("00-DB-12-34-56-78-90-A0", "BRSP", "2000012345691"),
        ),
        file="orders.csv",
        watch=(ANN,),
    ),
    Day(
        "Wednesday 14 January 2026, 09:00: the sending time",
        "All that was ordered goes out, one letter a supplier: Device IDs, and no personal data.",
        datetime(2026, 1, 14, 9, 0, tzinfo=UTC),
        watch=(BRIGHT,),
    ),
    Scene(
        "Brightspark answers in part",
        "Two codes in plain words, whose check digits are verified; the third they look for. The codes go to our"
        " fitters alone, and are masked in whatever else you see here.",
        BRIGHT,
        "Brightspark Install Codes",
        "",
        "Hi Northwind,\n\n00-DB-12-34-56-78-90-C0  C0FF EE01 0203 0405 0607 0809 0A0B 0C0D  CRC 0860\n"
        "00-DB-12-34-56-78-90-C1  1F2E 3D4C 5B6A 7988 97A6 B5C4 D3E2 F101  CRC A733\n\n"
        "For 00-DB-12-34-56-78-90-C2 we are still looking.\n\nBen",
        answers=(BRIGHT, "Please send us the install codes of"),
        watch=(FITTERS,),
    ),
    Day(
        "Tuesday 27 January 2026, 09:00: nine working days later",
        "Nothing more came. They have ten working days, so this is a reminder, in good time. Firmer letters would"
        " follow on working days 11 and 13; on the 16th the team would be handed the matter, with the evidence.",
        datetime(2026, 1, 27, 9, 0, tzinfo=UTC),
        watch=(BRIGHT,),
    ),
    Scene(
        "Brightspark sends the rest",
        "Our own sheet, filled in and sent back.",
        BRIGHT,
        "Brightspark Install Codes",
        "",
        "Sorry for the wait, here it is.\n\nBen",
        sheet=(
            ("device_id", "outcome", "install_code", "note"),
            ("00-DB-12-34-56-78-90-C2", "CODE", "7A1B 2C3D 4E5F 6071 8293 A4B5 C6D7 E8F9", ""),
        ),
        file="codes.csv",
        answers=(BRIGHT, "A reminder"),
        watch=(FITTERS,),
    ),
)
STORY: tuple[Part | Scene | Day, ...] = (
    Part("Part one: they ask us. Tuesday 13 January 2026"),
    *ASKED_US,
    Part("Part two: we ask them. The same morning"),
    *WE_ASK,
)
AFTERWARDS = """
  make demo ARGS=--stay keeps the servers up, to write to it yourself."""
