"""The shapes of mail: what comes in, and what goes out.

Mail comes in (`RawMail`, `IncomingMail`), a letter goes out (`Letter`, `Envelope`).
All are frozen values of plain types, so that they cross the reader's pipe as JSON.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mail lies. A UID means nothing without its folder's UIDVALIDITY (RFC 9051 2.3.1.1)."""

    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class RawMail:
    """A mail as the mailbox holds it. `arrived` is INTERNALDATE in UTC, `content` the untouched bytes."""

    place: Place
    arrived: datetime
    content: bytes = field(repr=False)
    cut: bool = False
    """Larger than we take in: `content` is only its beginning."""


class Machine(StrEnum):
    """Who wrote it, when it was no person."""

    BOUNCE = "bounce"
    AUTO_REPLY = "auto-reply"
    RECEIPT = "receipt"
    ROBOT = "robot"


class MarkedKind(StrEnum):
    """`Install-Code-Message`: the kinds that copies of this daemon send each other."""

    REQUEST = "request"
    ANSWER = "answer"
    CHASE = "chase"
    WITHDRAWAL = "withdrawal"


@dataclass(frozen=True, slots=True)
class Mark:
    """The headers by which another copy of this daemon is known. They correlate; they are never authority."""

    kind: MarkedKind
    reference: str | None


class Evidence(IntEnum):
    """What our own mail server proved about the From address, weakest first."""

    AMBIGUOUS = 0
    """E0: the identity headers can be read in more than one way."""
    UNPROVEN = 1
    """E1: no verdict of our own server, or a verdict that is not a pass."""
    SPF_ONLY = 2
    """E2: DMARC passes by SPF alone."""
    DKIM_ALIGNED = 3
    """E3: DMARC passes, with a DKIM signature aligned to the From domain."""


@dataclass(frozen=True, slots=True)
class DkimSignature:
    """One DKIM-Signature header, read and not verified (verifying is our server's work).

    `body_length`: it has `l=`, so text may have been appended. `expires`: `x=`. `signed`: `h=`, lower case.
    """

    domain: str
    signature: str
    signed: tuple[str, ...]
    body_length: bool
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one trusted Authentication-Results header says; see RFC 8601."""

    dmarc: str
    """`pass`, `fail`, `none`, `temperror`, ...; `none` where nothing can be relied on."""
    header_from: str
    """The domain that DMARC looked at, lower-case A-label; empty when not said."""
    dkim_pass: tuple[str, ...]
    """Domains (`header.d`) of the signatures that passed, lower-case A-labels."""
    spf: str
    note: str
    """One line for people: which header was believed, or why none was."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who or what wrote a mail, and what is proved of it."""

    sender: str | None
    """The one From address, domain as lower-case A-label, local part as written; None when ambiguous."""
    display_name: str
    ambiguities: tuple[str, ...]
    """Why the identity headers cannot be relied on; empty when they can."""
    evidence: Evidence
    verdict: Verdict
    signatures: tuple[DkimSignature, ...] = ()
    machine: Machine | None = None
    machine_sign: str = ""
    """Which sign gave the machine away."""
    mark: Mark | None = None
    reply_to: str | None = None
    to: tuple[str, ...] = ()
    """Addresses in To and Cc, at most 50."""
    date: datetime | None = None
    internal: str = ""
    """How our own server vouched that a logged-in user of ours wrote it as just this `sender`; empty: it did not."""

    @property
    def domain(self) -> str:
        """The From domain, or an empty string when ambiguous."""
        return self.sender.rpartition("@")[2] if self.sender else ""


class Source(StrEnum):
    """Where in a mail something stands."""

    TEXT = "text"
    HTML = "html"
    CSV = "csv"
    XLSX = "xlsx"
    FORWARDED = "forwarded"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells as text. `name` is for people: "requests.xlsx, sheet Sheet1" or "table 1"."""

    source: Source
    name: str
    rows: tuple[tuple[str, ...], ...] = field(repr=False)
    first_line: int = 1
    """The line number (from 1) of the first row, as its writer sees it."""


class Reading(StrEnum):
    """What became of an attachment."""

    READ = "read"
    IGNORED = "ignored"
    """Of no account: a logo, a vCard, a signature."""
    NOT_TEXT = "not-text"
    """A picture or a document: its sender is told that it was not read, and nothing is held for it."""
    UNREADABLE = "unreadable"
    """It should hold a list or a message, and cannot be read: a locked archive, a broken sheet."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part with a name, or one that is no text. `why` says in plain words why it could not be read."""

    name: str
    media_type: str
    size: int
    sha256: str
    reading: Reading
    why: str = ""


class Delivery(StrEnum):
    """What a mail system says that it did with a mail for one recipient (RFC 3464 2.3.3)."""

    FAILED = "failed"
    """Given up: it will not be tried again."""
    DELAYED = "delayed"
    """Not yet delivered, and tried on."""
    DELIVERED = "delivered"
    RELAYED = "relayed"
    """Handed on to where no further word is to be had; `expanded` to a list counts as that."""


@dataclass(frozen=True, slots=True)
class BouncedRecipient:
    """What became of a mail for one recipient."""

    address: str
    """As the reporting system names it, which may be where a rule of theirs sent the mail on."""
    original: str
    """As we named it, where the report says so; else empty."""
    action: Delivery
    status: str
    """`5.1.1` (RFC 3463); `5.0.0` and the like where none is given."""
    diagnostic: str = field(default="", repr=False)
    """The server's words: one line of at most 300 printable characters, not masked."""


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a mail system reports of a mail that it took for one of ours. It proves nothing by itself."""

    original_message_id: str
    """Of the mail that it is about, in angle brackets; empty: not said."""
    envelope_id: str
    """What was said as ENVID when the mail was handed over (RFC 3461 4.4); empty: not said."""
    recipients: tuple[BouncedRecipient, ...]
    from_nobody: bool
    """Its return path is empty, as a report's must be; where our server names none, it reads as a mail system's."""
    brings_letter: bool
    """The mail itself came back with it, and not only its headers."""


@dataclass(frozen=True, slots=True)
class IncomingMail:
    """What a mail says. Odd mail is data here, never an exception.

    `new_text` is what the writer wrote now, `quoted_text` what they quote (never acted on),
    `forwarded_text` what they handed on for us to read. `signature_text` is what stands under
    the writer's name. `tables` are those of the new part and of the attachments.
    """

    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    subject: str = field(repr=False)
    origin: Origin
    new_text: str = field(repr=False)
    quoted_text: str = field(repr=False)
    signature_text: str = field(repr=False)
    forwarded_text: str = field(repr=False)
    tables: tuple[Table, ...] = field(repr=False)
    attachments: tuple[Attachment, ...]
    defects: tuple[str, ...]
    """What was cut off or could not be decoded; any entry means that the reading is not complete."""
    semantic_key: str
    """SHA-256 in hex of what a person would call the same mail; trace headers are left out."""
    links_to_protected: bool = False
    """It only points at a protected message behind a link (never fetched)."""
    woven_text: str = field(default="", repr=False)
    """The marked lines of what is quoted, and what was typed between them, which is new and stands in `new_text` too."""
    bounce: Bounce | None = None
    """What a mail system reports in it of a mail that was sent; None: it reports nothing."""
    struck_text: str = field(default="", repr=False)
    """What is struck through in the new part and in what was handed on: it stands in none of the others."""

    @property
    def complete(self) -> bool:
        """Nothing that may hold a request was cut off or is unreadable."""
        return not self.defects and all(a.reading is not Reading.UNREADABLE for a in self.attachments)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet to attach. `rows` include the heading; every cell is text."""

    name: str
    rows: tuple[tuple[str, ...], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """Words ready to be sealed into bytes: one recipient, text and HTML, at most one sheet."""

    to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    sheet: Sheet | None
    mark: Mark | None
    in_reply_to: str = ""
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Envelope:
    """The exact bytes of a letter. CRLF line ends, no bare CR or LF, at most 998 octets a line."""

    sender: str
    recipient: str
    message_id: str
    content: bytes = field(repr=False)
