"""Everything that a decision may depend on. The time and the next name are facts too."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from daemon.mail.message import Evidence, IncomingMail, Origin
from daemon.rules.answers import Finding
from daemon.rules.gate import Waiver
from daemon.rules.identifiers import DeviceId
from daemon.rules.policy import Contact, Counterparty, Member
from daemon.rules.thread import MailThread
from daemon.rules.wanting import Want


class Standing(StrEnum):
    """What the writer is to us, by the From address alone; proof is apart from it."""

    CONTACT = "contact"
    COLLEAGUE = "colleague"
    """Unlisted, in the exact domain of listed contacts of just one party."""
    MEMBER = "member"
    OURSELVES = "ourselves"
    LISTED_DOMAIN = "listed-domain"
    """Unlisted and no colleague, yet near a listed domain: a sub-domain, a parent, or several parties'."""
    UNLISTED = "unlisted"


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote, read against the contact list. `counterparty` for CONTACT and COLLEAGUE, else None."""

    standing: Standing
    address: str
    counterparty: Counterparty | None = None
    contact: Contact | None = None
    member: Member | None = None
    looks_like: str = ""
    """A listed domain that this one can be mistaken for."""


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """What our inventory says of a device. Empty text means: not said."""

    device_id: DeviceId
    device_type: str
    """DUIS spelling: ESME, GSME, GPF, CHF, HCALCS, PPMID, IHD, CAD."""
    installing_supplier: str
    """Empty: us. Else an MPID or a name, as in the inventory."""
    status: str
    """DUIS DeviceStatus; empty: not commissioned."""
    gaining_supplier: str
    has_code: bool
    linked_gsme: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """A code that left us, or is about to: to which party and when it was queued."""

    party: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Rates:
    """What left us lately, what is queued included. Days are London days."""

    codes_today: int = 0
    codes_today_to_party: int = 0
    codes_waiting_for_party: int = 0
    """PENDING items of this party under its cap, which go first."""
    letters_on_thread_24h: int = 0
    letters_to_party_1h: int = 0


class Suspension(StrEnum):
    """Why no code may leave at the moment, whoever asks (G14)."""

    SELF_TEST_FAILED = "self-test-failed"
    TIME_SUSPECT = "time-suspect"
    PAUSED = "paused"
    """A member of our team said PAUSE."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the edges vouch for: how the mail reached us and how a letter will leave."""

    mailbox_secure: bool
    """Read over verified TLS, or from a loopback address by the explicit setting (G1)."""
    relay_secure: bool
    """Letters leave over verified TLS, or to a loopback address by the explicit setting (G13)."""
    suspensions: frozenset[Suspension] = frozenset()


@dataclass(frozen=True, slots=True)
class Proof:
    """What is kept of a mail so that the gate can be asked again when its letter is sent."""

    origin: Origin
    arrived: datetime
    complete: bool
    signature_reused: bool
    """A DKIM `b=` of it stood in another mail before (G8)."""
    from_junk: bool = False

    @property
    def evidence(self) -> Evidence:
        """The class of evidence for the From address."""
        return self.origin.evidence


@dataclass(frozen=True, slots=True)
class Facts:
    """One mail and all that bears on it."""

    mail: IncomingMail
    mail_id: int
    proof: Proof
    now: datetime
    writer: Writer
    counterparties: tuple[Counterparty, ...]
    surroundings: Surroundings
    case_id: str
    reference: str
    """The name that a new thread of this mail gets."""
    home: MailThread | None = None
    """The thread this mail belongs to, of the same party: by our Message-ID, theirs, or a reference in it.

    Where the mail is decided a second time, the thread that it began (`case_id`).
    """
    open_elsewhere: Mapping[DeviceId, MailThread] = field(default_factory=dict)
    """Open items of the same party in other threads, for the devices named in this mail."""
    open_threads: tuple[MailThread, ...] = ()
    """All unsettled threads of the party; filled only for a chase or withdrawal that names no device."""
    records: Mapping[DeviceId, DeviceRecord] = field(default_factory=dict)
    """Of every device that `decide.devices_to_look_up` names; one that is not here is not in our inventory."""
    inventory_taken_at: datetime | None = None
    releases: Mapping[DeviceId, tuple[Release, ...]] = field(default_factory=dict)
    """Of the last 30 days, all parties."""
    asked_by_others: frozenset[DeviceId] = frozenset()
    """Devices with an open item of another party."""
    rates: Rates = Rates()
    waiver: Waiver | None = None
    """Our team approved this mail, which was held whole."""
    wanted: Mapping[DeviceId, Want] = field(default_factory=dict)
    """The devices whose codes we asked this party for, where it may answer: it is proven."""
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    """What the mail answers about them."""
    inquired: frozenset[DeviceId] | None = None
    """What we asked for in the inquiry to which the mail belongs, where its writer is proven; None: it belongs to none."""
    inquiry: str = ""
    """The case id of the inquiry of ours to which the mail belongs, be its writer proven or not."""
    ordered: bool = False
    """A person dragged the mail to `Requests`: what is still open in its thread is judged anew."""


@dataclass(frozen=True, slots=True)
class TurnFacts:
    """What bears on the open items of one thread when a new day's number of codes is given out, or a person decides.

    `rates` count what is queued for the threads before it in the line.
    """

    now: datetime
    counterparties: tuple[Counterparty, ...]
    records: Mapping[DeviceId, DeviceRecord]
    inventory_taken_at: datetime | None
    releases: Mapping[DeviceId, tuple[Release, ...]] = field(default_factory=dict)
    rates: Rates = Rates()
    waiver: Waiver | None = None
    """Our team approved: it is judged with what they waived."""
