"""The numbers and lists that the rules go by. Rules never see a host or a password."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from types import MappingProxyType


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
    NONE = "none"
    """The relay files one itself."""


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


class Channel(StrEnum):
    """How a contact takes requests."""

    MAIL = "mail"
    PORTAL = "portal"
    """A web page of theirs: a person of ours must fill it in."""


class Weekday(StrEnum):
    """A day on which people work, Monday first."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"


class ChaseKind(StrEnum):
    """What a rung of the chase ladder does, gentlest first."""

    DUE_TOMORROW = "due-tomorrow"
    """Nothing is late yet: it reminds of the due date."""
    OVERDUE = "overdue"
    ESCALATION = "escalation"
    """Ops see it a working day ahead, and can say WAIT."""
    HAND_OVER = "hand-over"
    """No letter to the party: our own team takes it over."""

    @property
    def firmness(self) -> int:
        """Its place in the order, from 0."""
        return list(ChaseKind).index(self)

    @property
    def calls_late(self) -> bool:
        """Its letter says that they are late."""
        return self in (ChaseKind.OVERDUE, ChaseKind.ESCALATION)


class Role(StrEnum):
    """What a member of the ops team may do."""

    READER = "reader"
    OPERATOR = "operator"
    APPROVER = "approver"
    CODE_RECIPIENT = "code_recipient"
    MANAGER = "manager"


_INCLUDED_IN: Mapping[Role, tuple[Role, ...]] = MappingProxyType(
    {
        Role.READER: (Role.OPERATOR, Role.APPROVER, Role.MANAGER),
        Role.OPERATOR: (Role.APPROVER, Role.MANAGER),
        Role.APPROVER: (Role.MANAGER,),
    }
)
"""The roles that may do whatever this one may."""


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
    channel: Channel = Channel.MAIL


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
    name: str = ""
    """Two addresses of one name are one person, who cannot approve twice."""

    def may(self, role: Role) -> bool:
        """Whether this member has `role`, or one that includes it: a manager may all that the others may but be sent
        codes, and whoever may act may read.
        """
        return bool(self.roles & {role, *_INCLUDED_IN.get(role, ())})


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


OWED_WORKING_DAYS = 10
"""How long another supplier may take: the guidance's number, which is not ours to shorten."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the chase ladder."""

    day: int
    """Reached on this working day after the party was asked, by the chase calendar."""
    kind: ChaseKind
    to: tuple[ContactKind, ...] = ()
    """Contacts that get the letter, one letter each."""
    needed_by_day: int | None = None
    """In the place of `day`, for what our team needs by a day; None: the same."""

    @property
    def name(self) -> str:
        """What is noted of a device for which it was used."""
        return f"{self.kind} {self.day}"

    def reached_on(self, needed_by: date | None) -> int:
        """Its working day, for a device that is needed by then."""
        return self.day if needed_by is None or self.needed_by_day is None else self.needed_by_day


LADDER = (
    Rung(9, ChaseKind.DUE_TOMORROW, (ContactKind.MP121,), needed_by_day=5),
    Rung(11, ChaseKind.OVERDUE, (ContactKind.MP121, ContactKind.OPERATIONS)),
    Rung(13, ChaseKind.ESCALATION, (ContactKind.ESCALATION,)),
    Rung(16, ChaseKind.HAND_OVER),
)


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
    digest_at: time | None = time(7, 30)
    """When the digest of a working morning goes, by the clock on London's walls; None: never."""
    ladder: tuple[Rung, ...] = LADDER
    """How a party that does not answer is chased: days rising, kinds never gentler, the last one a hand-over."""
    chase_days: tuple[Weekday, ...] = (Weekday.TUESDAY, Weekday.THURSDAY)
    chase_calendar: Nation = Nation.GB_UNION
    """Whose bank holidays count before another supplier is called late."""
    ask_at: time = time(9)
    """When gathered requests go on a working day, by the clock on London's walls."""
    helpdesk: str = ""
    """Who is asked for the contact of a party that has none listed; empty: nobody."""
    approvals_needed: int = 2
    """Different persons who must approve before what was held goes out, or a proposal is done."""
    paused: frozenset[str] = frozenset()
    """Parties whose letters wait; "codes": letters with codes to anybody; "": all letters to counterparties."""
    away: frozenset[str] = frozenset()
    """Addresses of members who are away today."""
    limits: Limits = Limits()

    def is_paused(self, party: str) -> bool:
        """Letters to `party` wait, with or without codes."""
        return bool(self.paused & {"", party})

    def mode_for(self, party: str) -> Mode:
        """The mode in force for `party`."""
        return self.modes_by_party.get(party, self.mode)
