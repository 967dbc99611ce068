"""The numbers and lists that the rules go by. Rules never see a host or a password."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class Mode(StrEnum):
    """How far the daemon may go with counterparties."""

    OBSERVE = "observe"
    """Decides and reports; sends counterparties nothing."""
    SEND = "send"


class Colleagues(StrEnum):
    """What becomes of a request from a colleague of a listed contact (same authenticated domain)."""

    ANSWER = "answer"
    HOLD = "hold"


class SentCopy(StrEnum):
    """What our copy in Sent shows."""

    MASKED = "masked"
    FULL = "full"


class Nation(StrEnum):
    """Whose bank holidays count."""

    ENGLAND_AND_WALES = "england-and-wales"
    SCOTLAND = "scotland"
    GB_UNION = "gb-union"


class ContactKind(StrEnum):
    """What a listed address is for, in the SEC Party Operations Contact List's words."""

    MP121 = "mp121"
    OPERATIONS = "operations"
    ESCALATION = "escalation"


class Role(StrEnum):
    """What a member of the ops team may do."""

    READER = "reader"
    OPERATOR = "operator"
    APPROVER = "approver"
    CODE_RECIPIENT = "code_recipient"
    MANAGER = "manager"


@dataclass(frozen=True, slots=True)
class Contact:
    """A listed address of a counterparty. `counts_from`: not relied on for codes before then."""

    email: str
    """Local part as listed, domain as lower-case A-label."""
    kind: ContactKind
    name: str = ""
    valid_from: date | None = None
    counts_from: datetime | None = None
    robot: bool = False


@dataclass(frozen=True, slots=True)
class Counterparty:
    """Another supplier: a party with its names, market participant ids and listed addresses."""

    party: str
    """The name in the contact list; the key of a counterparty everywhere."""
    mpids: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()
    successor_of: frozenset[str] = frozenset()
    """Parties (name or MPID) whose installs it took over."""
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """One of our own ops team."""

    address: str
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what leaves us. All are counts in a period named by the field."""

    codes_per_counterparty_per_day: int = 500
    codes_per_day: int = 5000
    codes_per_device_per_30_days: int = 3
    hours_between_repeats: int = 24
    letters_per_thread_per_day: int = 5
    letters_per_counterparty_per_hour: int = 20
    mail_max_age_days: int = 5
    """A Date header that is older than the arrival by more than this is not fresh."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything a rule may know that is not a fact of the case in hand."""

    company: str
    mailbox: str
    """Our shared address, domain as lower-case A-label."""
    own_names: frozenset[str] = frozenset()
    """Our name, aliases and MPIDs and those of our predecessors, upper case."""
    team: tuple[Member, ...] = ()
    manager: str = ""
    mode: Mode = Mode.OBSERVE
    modes_by_party: Mapping[str, Mode] = field(default_factory=dict)
    colleagues: Colleagues = Colleagues.ANSWER
    accept_spf_only: frozenset[str] = frozenset()
    """Listed addresses for which evidence E2 is enough, each on two persons' word."""
    calendar: Nation = Nation.ENGLAND_AND_WALES
    answer_within_working_days: int = 10
    extra_holidays: tuple[tuple[date, str], ...] = ()
    """Days that count as bank holidays beside the published ones, with their names."""
    remind_on_working_days: tuple[int, ...] = (3, 7, 9)
    inventory_max_age_days: int = 7
    hold_gather_minutes: int = 15
    unknown_wait_minutes: int = 15
    sent_copy: SentCopy = SentCopy.MASKED
    limits: Limits = Limits()

    def mode_for(self, party: str) -> Mode:
        """The mode in force for `party`."""
        return self.modes_by_party.get(party, self.mode)
