"""What a letter is before it is written: its kinds, what each holds, the plan that waits in the outbox. Never a code."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Discriminator

from daemon.mail.message import MarkedKind
from daemon.rules.gate import Waiver
from daemon.rules.identifiers import DeviceId
from daemon.rules.meaning import BadLine
from daemon.rules.thread import Outcome


class LetterKind(StrEnum):
    """What a letter is for. The first is to a counterparty, the others to our own ops team."""

    ANSWER = "answer"
    HELD = "held"
    REMINDER = "reminder"
    BREACH = "breach"
    QUARANTINE = "quarantine"
    ALARM = "alarm"
    TRANSCRIPT = "transcript"
    """What became of a command mail, to the member who wrote it."""
    NOTICE = "notice"
    """Who did what, to the whole team, at once: a release, a change of contacts, a pause."""
    PROPOSAL = "proposal"
    """Something that a member ordered and that is done once it is confirmed."""
    DIGEST = "digest"
    REQUEST = "request"
    """We ask a counterparty for codes; so the four that follow go to counterparties, too."""
    CHASE = "chase"
    QUERY = "query"
    """Their answer was faulty: which line, and what would work."""
    TAKEN_BACK = "taken-back"
    """We need these no more."""
    HELPDESK = "helpdesk"
    """To the SECAS Helpdesk: whom do we ask?"""
    RESULT = "result"
    """Codes that were answered, to our own code recipients alone."""
    CHANGED = "changed"
    """To an address of a counterparty that was listed until now: the contact list was changed by mail."""


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """What the asker is told of one device. A CODE row names the device only; the code is opened at send."""

    device_id: DeviceId
    outcome: Outcome
    note: str = ""
    """Machine-readable: `installer: MPID`, `device: ID`, `by: YYYY-MM-DD`; else plain words."""


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
    only_quoted: bool = False
    """The Device IDs stand in the mail that they quote alone, from which none is taken."""
    withdrawn: tuple[DeviceId, ...] = ()
    left_out: tuple[DeviceId, ...] = ()
    """Devices that they named and, as we read it, do not want: nothing was open for them, and nothing is sent."""
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
    """Failed conditions of the gate, with what was found; or what else `evidence_title` calls it."""
    evidence_title: str = ""
    """Empty: by the letter's kind."""
    next_step: str = ""
    case_id: str = ""
    """A reply decides the devices of this thread; where there are none, the mail `mail_id` held whole."""
    mail_id: int = 0
    proposal_id: int = 0
    """A reply decides this proposal."""
    on_approve: str = ""
    """What APPROVE does; empty: it cannot be approved, and `on_reject` and `next_step` say what works."""
    on_reject: str = ""

    @property
    def decidable(self) -> bool:
        """A reply to the letter may decide it."""
        return bool(self.case_id or self.mail_id or self.proposal_id)


@dataclass(frozen=True, slots=True)
class OpsNews:
    """The content of a letter to our own ops team."""

    headline: str
    matters: tuple[Matter, ...]
    party: str = ""
    needed: int = 0
    """How many different persons must approve; 0: nothing in it is to be approved."""
    approved_by: tuple[str, ...] = ()
    """Who approved it already."""
    with_sheet: bool = False
    """The devices come as a sheet, too, however few they are."""
    decided_by: tuple[str, ...] = ()
    """Who may decide what is in it, where its reader may not."""
    about: Literal["ops"] = "ops"


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a command mail and what became of it. `line`: as written, masked."""

    line: str
    result: str
    """What it did; or why not, and the nearest thing that would work."""
    done: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Something that a reading command shows: words, then a table. Never a code, never personal data."""

    title: str
    lines: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """The content of the answer to a command mail."""

    said: tuple[Said, ...]
    pages: tuple[Page, ...] = ()
    refused: bool = False
    """A line could not be done, so none was."""
    near_miss: str = ""
    """Nothing was ordered: the mail nearly said this line, which would work."""
    about: Literal["transcript"] = "transcript"


@dataclass(frozen=True, slots=True)
class ToDo:
    """One thing to do today, in the digest."""

    by: str
    """"Overdue", "Today", or a day."""
    what: str
    do: str
    """What to reply or to do; empty: `what` says it."""


@dataclass(frozen=True, slots=True)
class AgeBar:
    """How much is open of one age: held by our team, and waiting for its turn. `label`: "3", "4-7", "late"."""

    label: str
    held: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Digest:
    """The content of the letter of a working morning."""

    headline: str
    todo: tuple[ToDo, ...] = ()
    more: int = 0
    """Things to do that are not listed, less urgent."""
    bars: tuple[AgeBar, ...] = ()
    """Working days since it was asked for, up to the deadline, then what is late. Empty: nothing is open."""
    deadline: int = 10
    """The working day on which an answer is due."""
    pages: tuple[Page, ...] = ()
    audit_seq: int = 0
    audit_hash: str = ""
    """The first 16 hex digits of the audit chain's head: whoever keeps this letter can show whether it was altered."""
    about: Literal["digest"] = "digest"

    @property
    def nothing(self) -> bool:
        """Nothing to say: one line says it."""
        return not (self.todo or self.bars or self.pages)


@dataclass(frozen=True, slots=True)
class Relisted:
    """What an address that was listed until now is told of a changed contact list. No code, and no word of a stranger's.

    It goes to `listed` and nowhere else, although that address may no longer stand in the list when it goes.
    """

    listed: str
    kept: bool
    """It is still listed for the party."""
    new: tuple[str, ...]
    """Addresses that are listed for the party since; empty: `listed` went, and nothing took its place."""
    counts_from: datetime
    about: Literal["relisted"] = "relisted"


@dataclass(frozen=True, slots=True)
class AskedRow:
    """One device in a letter in which we ask. Device IDs only: never an MPxN, never an address."""

    device_id: DeviceId
    asked_on: date | None = None
    """When they were first asked for it; None: now."""
    due: date | None = None
    """By when we expect the answer."""
    reference: str = ""
    """Of the inquiry that it was asked in."""
    fault: str = ""
    """In a query: what is wrong with what they answered, and where it stands."""
    promised_for: date | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """The content of a letter to a counterparty in which we ask, chase, query or take back; `LetterPlan.kind` says which."""

    rows: tuple[AskedRow, ...]
    expected: date | None = None
    """A request: by when we expect the answer."""
    rung: str = ""
    """A chase: the rung of the ladder (`policy.ChaseKind`), so that each is firmer and still courteous."""
    asked_of: str = ""
    """To the Helpdesk, or to an escalation contact: the party, or the address that was asked before."""
    wrote: tuple[str, ...] = ()
    """A chase: what they wrote so far, a line a mail: when, and what it was taken for; nothing of their words."""
    said: str = ""
    """A chase: our team's answer to what they asked."""
    about: Literal["asking"] = "asking"


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One device in a result: its code is opened when the letter is written."""

    device_id: DeviceId
    outcome: Outcome
    supplier: str
    asked_on: date | None
    answered_on: date
    note: str = ""
    want_id: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """The content of a letter to our own code recipients: what was answered, codes apart."""

    rows: tuple[ResultRow, ...]
    missing: int = 0
    """How many devices of the same orders are still awaited."""
    about: Literal["result"] = "result"


_ByName = Discriminator("about")
"""By its name: else each of the shapes is tried on a letter that is read back, at ten times the cost."""
Content = Annotated[Answer | OpsNews | Transcript | Digest | Relisted | Asking | Result, _ByName]


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
    content: Content
    party: str = ""
    reference: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    mark: MarkedKind | None = None
    mark_reference: str = ""
    """The reference in the mark's header: in an answer the asker's own, where they gave one."""
    waiver: Waiver | None = None
    typed: str = ""
    """The code to type where a mail program loses the thread: it stands for a reply to this very letter."""

    @property
    def promised_codes(self) -> tuple[DeviceId, ...]:
        """All devices whose codes stand in this letter, whether ours or, to our own team, those that we were given."""
        if isinstance(self.content, Result):
            return tuple(row.device_id for row in self.content.rows if row.outcome is Outcome.CODE)
        return self.code_devices

    @property
    def result_wants(self) -> tuple[int, ...]:
        """The wants whose answered codes this letter will carry to our own code recipients."""
        if not isinstance(self.content, Result):
            return ()
        return tuple(row.want_id for row in self.content.rows if row.outcome is Outcome.CODE)

    @property
    def code_devices(self) -> tuple[DeviceId, ...]:
        """The devices whose codes this letter will carry."""
        if not isinstance(self.content, Answer):
            return ()
        code = Outcome.CODE  # looked up once: this is asked a dozen times a letter
        return tuple([row.device_id for row in self.content.rows if row.outcome is code])
