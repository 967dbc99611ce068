"""What a decision is: the fate of a mail, changed threads, letters to write. Values only."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from daemon.mail.message import MarkedKind
from daemon.rules.identifiers import DeviceId
from daemon.rules.reasons import Reason
from daemon.rules.thread import MailThread, Outcome


class Gate(StrEnum):
    """The conditions under which a code may leave, by name and number (see `disclosure`)."""

    MAILBOX_TRANSPORT = "G1 mailbox read over a trusted channel"
    ONE_SENDER = "G2 exactly one plain sender"
    VERDICT_FOUND = "G3 our own server's verdict found"
    DMARC_ALIGNED = "G4 DMARC pass for the sender's domain"
    DKIM_ALIGNED = "G5 aligned DKIM signature"
    WRITER_LISTED = "G6 writer listed, or colleague of a contact"
    NO_MACHINE = "G7 not written by a machine"
    FRESH = "G8 fresh, and signed for this mail alone"
    DEVICE_ENTITLED = "G9 our device, and the asker is entitled"
    WITHIN_LIMITS = "G10 within the limits"
    READ_WHOLE = "G11 read whole"
    ONE_LISTED_RECIPIENT = "G12 one listed recipient"
    RELAY_TRANSPORT = "G13 sent over a trusted channel"
    NOT_SUSPENDED = "G14 nothing suspended"


WAIVABLE = frozenset({Gate.DMARC_ALIGNED, Gate.DKIM_ALIGNED, Gate.FRESH, Gate.DEVICE_ENTITLED, Gate.WITHIN_LIMITS})
"""What a person may waive when approving; nothing else ever is."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of the gate: does it hold, and on what evidence (words for people, no secrets)."""

    gate: Gate
    holds: bool
    evidence: str
    reason: Reason | None = None
    """Where it fails: the reason that is recorded."""


class LetterKind(StrEnum):
    """What a letter is for. The first is to a counterparty, the others to our own ops team."""

    ANSWER = "answer"
    HELD = "held"
    REMINDER = "reminder"
    BREACH = "breach"
    QUARANTINE = "quarantine"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """What the asker is told of one device. A CODE row names the device only; the code is opened at send."""

    device_id: DeviceId
    outcome: Outcome
    note: str = ""
    """Machine-readable: `installer: MPID`, `device: ID`, `by: YYYY-MM-DD`; else plain words."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that we could not use. `where` as its writer sees it, `why` with what would work."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The content of a letter to a counterparty, codes apart."""

    rows: tuple[AnswerRow, ...]
    bad_lines: tuple[BadLine, ...] = ()
    unreadable: tuple[BadLine, ...] = ()
    """Attachments that could not be read: name and why."""
    personal_data: bool = False
    """They sent an MPxN or an address: ask for Device IDs only, quote nothing."""
    asked_by: str = ""
    """The colleague who wrote, where that is not the recipient."""
    nothing_found: bool = False
    """A request without a single Device ID: say where the ID stands."""
    withdrawn: tuple[DeviceId, ...] = ()
    repeat: bool = False
    """All rows were answered before, and are answered again."""
    chase: bool = False
    """They asked where our answer is."""
    which_request: bool = False
    """They mean a request of theirs, and none is open: ask which."""
    sent_before: tuple[tuple[DeviceId, date], ...] = ()
    """Devices whose code went to them so lately that it is not sent again, with the day it did."""
    capped_at: int = 0
    """The daily number of codes, where some wait for it; 0: none do."""
    about: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that ops are told of. No code, no personal data, no text of the sender but a safe subject."""

    what: str
    why: str
    due: date | None = None
    reference: str = ""
    devices: tuple[DeviceId, ...] = ()
    sender: str = ""
    arrived: datetime | None = None
    due_sum: str = ""
    subject: str = ""
    evidence: tuple[str, ...] = ()
    """Failed conditions of the gate, with what was found."""
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class OpsNews:
    """The content of a letter to our own ops team."""

    headline: str
    matters: tuple[Matter, ...]
    party: str = ""
    about: Literal["ops"] = "ops"


@dataclass(frozen=True, slots=True)
class LetterPlan:
    """A letter decided, not yet written: kept in the outbox as JSON, written when sent.

    (`case_id`, `kind`, `seq`) is its name: its Message-ID and effect key derive from it.
    """

    case_id: str
    kind: LetterKind
    seq: int
    to: str
    subject: str
    content: Answer | OpsNews
    party: str = ""
    reference: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    mark: MarkedKind | None = None
    mark_reference: str = ""
    """The reference in the mark's header: in an answer the asker's own, where they gave one."""

    @property
    def code_devices(self) -> tuple[DeviceId, ...]:
        """The devices whose codes this letter will carry."""
        if isinstance(self.content, OpsNews):
            return ()
        return tuple(row.device_id for row in self.content.rows if row.outcome is Outcome.CODE)


class Fate(StrEnum):
    """What became of a mail; each mail ends in exactly one."""

    DECIDED = "decided"
    HELD = "held"
    IGNORED = "ignored"
    POISON = "poison"


class Folder(StrEnum):
    """Where a mail that we handled is filed, under `Install codes/`."""

    WAITING = "Waiting"
    HELD = "Held"
    DONE = "Done"
    ANSWERS = "Answers"
    QUARANTINE = "Quarantine"
    REQUESTS = "Requests"


def folder_path(folder: Folder) -> str:
    """Its full name in the mailbox, `/` between levels."""
    return f"Install codes/{folder}"


FOLDERS = tuple(folder_path(folder) for folder in Folder)


@dataclass(frozen=True, slots=True)
class MailHold:
    """A mail held whole, because of its sender or because it cannot be read; no thread may come of it."""

    reason: Reason
    due_sum: str
    due: date


@dataclass(frozen=True, slots=True)
class Decision:
    """What one mail leads to. `threads` are new or changed ones, whole; `plans` the letters to queue."""

    fate: Fate
    reason: Reason
    keep_content: bool
    """False: of a mail that is none of ours only its hash is kept."""
    moves_mail: bool
    """False: it stays where and as it is."""
    threads: tuple[MailThread, ...] = ()
    plans: tuple[LetterPlan, ...] = ()
    observed: bool = False
    """The mode sends nothing: `plans` are kept to be seen, and never sent."""
    hold: MailHold | None = None
    verdict: tuple[Condition, ...] = ()
    """The conditions of the gate that concern the mail, each with its evidence."""
    holds_codes: bool = False
    """Install codes stand in the mail: it is filed apart, and kept no longer than codes are."""
    joins: str = ""
    """The case id of the thread the mail belongs to; empty: none."""
    notes: tuple[str, ...] = field(default=())
    """Lines for the audit trail and `read`: what was seen and why it led here."""
