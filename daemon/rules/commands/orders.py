"""What our own team orders by email, each order as a value. `commands` reads them off a mail; `commanding` obeys them.

A `ref` is what our letters call a matter: "IC-7F3K2Q9D" (a thread), "mail 12" (a mail held whole or set aside), or
empty where the order is a reply and means what the letter replied to is about.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from daemon.rules.identifiers import DeviceId, InstallCode
from daemon.rules.thread import Outcome


class Verb(StrEnum):
    """The first word of an order. Names are fixed: people type them."""

    HELP = "HELP"
    STATUS = "STATUS"
    LIST = "LIST"
    REQUEST = "REQUEST"
    APPROVE = "APPROVE"
    REJECT = "REJECT"
    ANSWER = "ANSWER"
    CHASE = "CHASE"
    WAIT = "WAIT"
    ESCALATE = "ESCALATE"
    WITHDRAW = "WITHDRAW"
    NOTE = "NOTE"
    CLOSE = "CLOSE"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    CONTACTS = "CONTACTS"
    INVENTORY = "INVENTORY"
    WAIVE = "WAIVE"
    TEAM = "TEAM"
    AWAY = "AWAY"
    ADOPT = "ADOPT"
    HOLIDAY = "HOLIDAY"
    REPORT = "REPORT"
    EVIDENCE = "EVIDENCE"
    RESEND = "RESEND"
    REPLAY = "REPLAY"
    INCIDENT = "INCIDENT"


class Listing(StrEnum):
    """What LIST lists."""

    HELD = "held"
    OPEN = "open"
    OVERDUE = "overdue"


# Reading ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Help:
    """What can be said, on one phone screen."""


@dataclass(frozen=True, slots=True)
class Status:
    """How all stands, or one matter (`ref`) or one device."""

    ref: str = ""
    device: DeviceId | None = None


@dataclass(frozen=True, slots=True)
class ListOf:
    """All that is held, open or overdue."""

    which: Listing


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of the last thirty days."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything about one matter in one mail; never a code."""

    ref: str = ""


@dataclass(frozen=True, slots=True)
class Team:
    """Who may do what."""


# What is held ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Rows:
    """Which numbered rows of the letter replied to are meant: `only` these, or all `but` those; both empty: all."""

    only: tuple[int, ...] = ()
    but: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Approve:
    """Let what is held go out, or what is proposed be done. `typed`: the code of our letter, upper case, no hyphens,
    where the mail is no reply.
    """

    ref: str = ""
    rows: Rows = Rows()
    typed: str = ""


class RejectReason(StrEnum):
    """Why a request is refused: the three fixed notes, or (`ASK_AGAIN`) that its asker is asked for more instead."""

    REMOVED = "removed"
    COMMISSIONED = "commissioned"
    NOT_CONFIRMED = "not-confirmed"
    ASK_AGAIN = "ask-again"


@dataclass(frozen=True, slots=True)
class Reject:
    """Tell the asker no (REFUSED) for one of `RejectReason`, by its value; or drop what is proposed (`reason` empty)."""

    ref: str = ""
    rows: Rows = Rows()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Tell:
    """ANSWER: this device gets this outcome. `code` for CODE alone; `note` as `AnswerRow.note`."""

    device: DeviceId
    outcome: Outcome
    note: str = ""
    code: InstallCode | None = field(default=None, repr=False)


# Acts on matters ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Note:
    """Words to keep with a matter."""

    text: str
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """No reminder of this matter before that day; its clock runs on."""

    until: date
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Close:
    """It was dealt with otherwise: nothing more is said or asked about it."""

    reason: str
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Resend:
    """The last letter of a matter once more, to the same listed address."""

    ref: str = ""


@dataclass(frozen=True, slots=True)
class Replay:
    """Read a mail that was set aside once more."""

    ref: str = ""


# Asking others ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class OrderedRow:
    """One row of an order, as written: unchecked cells, which may hold anything."""

    where: str
    """Where it stands, for its writer: "line 3", "orders.xlsx, row 17"."""
    device: str = field(repr=False)
    losing: str = field(default="", repr=False)
    installing: str = field(default="", repr=False)
    needed_by: str = field(default="", repr=False)
    asked_on: str = field(default="", repr=False)
    """Of what is adopted: when our team asked by hand."""
    loose: bool = False
    """Nothing but blanks stands between the cells: `losing` is all that follows the device."""


@dataclass(frozen=True, slots=True)
class Request:
    """Ask other suppliers for these devices' codes; `now`: at once, and not at the next sending time.

    `rows` are those of the mail's text; a sheet that comes with it has more.
    """

    now: bool = False
    rows: tuple[OrderedRow, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Adopt:
    """The attached sheet names what our team asked by hand, each with its day: it is chased from here on."""


@dataclass(frozen=True, slots=True)
class RequestContact:
    """REQUEST CONTACT: ask the SECAS Helpdesk whom to write to at this supplier, named as in an order of ours."""

    party: str


@dataclass(frozen=True, slots=True)
class RequestAgain:
    """REQUEST AGAIN: the codes that a supplier sent for these devices, or for all of the inquiry `ref`, do not work.

    `rows`: devices that stand one a line below it. `why` is for our own team.
    """

    devices: tuple[DeviceId, ...] = ()
    ref: str = ""
    why: str = ""
    rows: tuple[OrderedRow, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class ChaseNow:
    """Remind the supplier of an inquiry today, whatever the ladder says."""

    ref: str = ""
    saying: str = ""
    """Our answer to what they asked back, to stand in the letter."""


@dataclass(frozen=True, slots=True)
class Escalate:
    """Write to the supplier's escalation contact about an inquiry today."""

    ref: str = ""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """We need the code of this device no more."""

    device: DeviceId
    reason: str


# What stands until it is taken back ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Pause:
    """Letters wait: all to counterparties (empty), all that carry codes ("codes"), or those to one supplier."""

    what: str = ""


@dataclass(frozen=True, slots=True)
class Resume:
    """Takes a pause or an incident back; empty: all pauses. Or the letters on one thread (`IC-...`)."""

    what: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """Freeze one supplier and gather the evidence."""

    party: str


@dataclass(frozen=True, slots=True)
class Waive:
    """SPF alone is enough for this listed address, until that day (the last one)."""

    address: str
    until: date


@dataclass(frozen=True, slots=True)
class Away:
    """A member hears nothing and is not counted upon, from the first day to the last."""

    who: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Holiday:
    """That day is no working day; open deadlines move."""

    day: date
    name: str


# Sheets ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Contacts:
    """The attached sheet is the complete contact list: show the differences, apply them once confirmed."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """The attached sheet updates the inventory: show the differences, apply them once confirmed."""


Order = (
    Help | Status | ListOf | Report | Evidence | Team
    | Approve | Reject | Tell
    | Note | Wait | Close | Resend | Replay
    | Pause | Resume | Incident | Waive | Away | Holiday
    | Contacts | Inventory | Adopt
    | Request | RequestAgain | RequestContact | ChaseNow | Escalate | Withdraw
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One line of a command mail: what it orders, or why it cannot be read and the nearest thing that would work.

    `text` is the line as written, personal data and codes masked, at most 200 characters.
    """

    number: int
    text: str
    order: Order | None = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class CommandMail:
    """What a member wrote to us: orders line by line. `near_miss`: nothing is, and this line would have been."""

    lines: tuple[CommandLine, ...] = ()
    near_miss: str = ""

    @property
    def readable(self) -> bool:
        """Every line is an order."""
        return bool(self.lines) and all(line.order is not None for line in self.lines)
