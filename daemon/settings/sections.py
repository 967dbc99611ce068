"""The sections of the configuration file: every key with its type, its default and what it may hold.

A message begins with the key where a whole section is at fault ("security: ..."); else pydantic names it.
"""

from datetime import date, time
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import sqlalchemy as sa
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

from daemon import secret_files
from daemon.errors import LoginRefused
from daemon.mail.sender.authres import Profile
from daemon.rules.policy import (
    LADDER,
    OWED_WORKING_DAYS,
    ChaseKind,
    Colleagues,
    ContactKind,
    Limits,
    Member,
    Mode,
    Nation,
    Role,
    SentCopy,
    Weekday,
)
from daemon.settings.values import (
    Address,
    Addresses,
    Beginning,
    CaFile,
    ContactColumn,
    Count,
    FolderPath,
    InventoryColumn,
    Line,
    Lines,
    Mpid,
    Security,
    SendingTime,
    TimeOfDay,
    is_loopback,
    listed,
)

_LIMITS = Limits()
LEAST_LOOK_MS = 20
"""Asking a mail server for news more often than this gains nothing that a person could see."""
FILES_ITS_OWN = ("smtp.gmail.com", "smtp.googlemail.com")
"""Relays that put each letter into Sent and cannot be told not to. A copy beside it was seen to be sent to its recipient
again (pimalaya/himalaya#693). Exchange Online files one too, unless the mailbox is set not to (`filing` looks first).
"""
FILES_UNLESS_TOLD = ("smtp.office365.com",)
_ROLES = {
    "reader": Role.READER,
    "operator": Role.OPERATOR,
    "approver": Role.APPROVER,
    "code_recipients": Role.CODE_RECIPIENT,
    "manager": Role.MANAGER,
}


class Section(BaseModel):
    """A table of the file: what is not a known key is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class TeamMember(Section):
    """One member of our ops team. `name`: two addresses of one name are one person."""

    address: Address
    name: str = ""
    role: Annotated[
        tuple[Literal["reader", "operator", "approver", "code_recipients", "manager"], ...], BeforeValidator(listed)
    ]


class Company(Section):
    """Who we are. `ops` is the short form of `team`: every address with all roles."""

    name: Line
    mpids: Annotated[tuple[Mpid, ...], BeforeValidator(listed), Field(min_length=1)]
    aliases: Lines = ()
    predecessors: Lines = ()
    manager: Address | None = None
    code_recipients: Addresses = ()
    team: tuple[TeamMember, ...] = ()
    ops: Addresses = ()

    @model_validator(mode="after")
    def _somebody_is_told(self) -> Self:
        if self.ops and self.team:
            raise ValueError("ops: ops and team are both set; keep one of them")
        able = [m for m in self.members() if m.roles & {Role.OPERATOR, Role.APPROVER}]
        if not able:
            raise ValueError(
                "ops: nobody would be told of what is held; set ops = [addresses], or give a team member the role operator"
            )
        return self

    def members(self) -> tuple[Member, ...]:
        """The team, each address once with all its roles."""
        roles: dict[str, tuple[str, set[Role]]] = {}
        for where, role in self._roles():
            roles.setdefault(where.casefold(), (where, set()))[1].add(role)
        names = {member.address.casefold(): member.name for member in self.team}
        return tuple(Member(where, frozenset(held), names.get(key, "")) for key, (where, held) in roles.items())

    def _roles(self) -> list[tuple[str, Role]]:
        named = [(m.address, _ROLES[role]) for m in self.team for role in m.role]
        named += [(where, role) for where in self.ops for role in Role]
        named += [(where, Role.CODE_RECIPIENT) for where in self.code_recipients]
        return named + ([(self.manager, Role.MANAGER)] if self.manager else [])


class Link(Section):
    """What mailbox and relay have in common: where, how protected, who logs in."""

    usual_ports: ClassVar[dict[str, int]]

    host: Line
    port: int = Field(ge=1, le=65535)
    security: Security = Security.TLS
    username: Line | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    ca_file: CaFile | None = None

    @model_validator(mode="before")
    @classmethod
    def _usual_port(cls, values: Any) -> Any:
        """The port that belongs to the kind of security, where none is set."""
        if not isinstance(values, dict) or "port" in values:
            return values
        return values | {"port": cls.usual_ports.get(values.get("security", "tls"), cls.usual_ports["tls"])}

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.security is Security.NONE and not is_loopback(self.host):
            raise ValueError(
                f'security: "none" would send plain text to {self.host}, which is not this machine; use "tls" or "starttls"'
            )
        if self.password is not None and self.password_file is not None:
            raise ValueError("password: password and password_file are both set; keep one of them")
        if self.password is not None and not self.password.get_secret_value():
            raise ValueError("password: it is empty; set it, or better password_file and no password")
        given = self.password is not None or self.password_file is not None
        if given != (self.username is not None):
            raise ValueError("username: username and password_file (or password) go together; set both, or neither")
        if self.password_file is not None:
            try:
                secret_files.read(self.password_file)
            except secret_files.Exposed as fault:
                raise ValueError(f"password_file: {fault}") from None
        return self

    def secret(self) -> str:
        """The password, read anew each time, so that a rotated file counts at the next login. Raises LoginRefused."""
        if self.password_file is None:
            return self.password.get_secret_value() if self.password else ""
        try:
            return secret_files.read(self.password_file)
        except secret_files.Exposed as fault:
            raise LoginRefused(f"password_file: {fault}") from None


class Mailbox(Link):
    """The shared mailbox."""

    usual_ports: ClassVar[dict[str, int]] = {"tls": 993, "starttls": 143, "none": 143}

    address: Address
    folder: Line = "INBOX"
    poll_seconds: int = Field(default=60, ge=1, le=3600)
    idle: bool = True
    busy_look_ms: int | None = Field(default=None, ge=0, le=5000)
    """None: 250, but 0 at a host of many, who counts commands."""
    start_from: Beginning = None
    authserv_id: str = ""
    profile: Profile = Profile.GENERIC
    own_hops: Lines = ()
    max_mail_bytes: int = Field(default=25 * 1024 * 1024, ge=1024 * 1024)

    @property
    def busy_look_s(self) -> float:
        """How often the next mail is asked for soon after one, in seconds; 0: never, the server tells."""
        usual_ms = 250 if self.profile is Profile.GENERIC else 0
        return (usual_ms if self.busy_look_ms is None else self.busy_look_ms) / 1000

    @field_validator("busy_look_ms")
    @classmethod
    def _gentle(cls, value: int | None) -> int | None:
        if value is not None and 0 < value < LEAST_LOOK_MS:
            raise ValueError(f"should be 0, or {LEAST_LOOK_MS} to 5000: oftener would only burden the mail server")
        return value

    @model_validator(mode="after")
    def _provable(self) -> Self:
        if self.username is None:
            raise ValueError("username: missing; set username and password_file")
        if self.profile is Profile.M365 and self.authserv_id:
            raise ValueError('authserv_id: does nothing with profile = "m365"; remove it')
        if self.profile is not Profile.M365 and not self.authserv_id:
            raise ValueError(
                "authserv_id: set it to the first word of the Authentication-Results header that your own server puts "
                "on mail; without it no sender is ever proven"
            )
        return self


class Relay(Link):
    """Where letters go out."""

    usual_ports: ClassVar[dict[str, int]] = {"tls": 465, "starttls": 587, "none": 25}

    connections: int = Field(default=3, ge=1, le=32)


class DatabaseSection(Section):
    """Where everything is kept."""

    url: str = Field(default="sqlite:////var/lib/install-code-daemon/daemon.db", repr=False)
    lease_seconds: int = Field(default=30, ge=3, le=300)

    @model_validator(mode="after")
    def _known(self) -> Self:
        try:
            backend = sa.make_url(self.url).get_backend_name()
        except (sa.exc.ArgumentError, ValueError):
            backend = ""
        if backend not in ("sqlite", "postgresql"):
            raise ValueError("url: use sqlite:////path/to/file.db or postgresql://user@host/name")
        return self


class Keys(Section):
    """The key file of the vault."""

    file: Path


class LimitsSection(Section):
    """Bounds on what leaves us; see rules.policy.Limits."""

    codes_per_counterparty_per_day: Count = _LIMITS.codes_per_counterparty_per_day
    codes_per_day: Count = _LIMITS.codes_per_day
    codes_per_device_per_30_days: Count = _LIMITS.codes_per_device_per_30_days
    hours_between_repeats: Count = _LIMITS.hours_between_repeats
    letters_per_thread_per_day: Count = _LIMITS.letters_per_thread_per_day
    letters_per_counterparty_per_hour: Count = _LIMITS.letters_per_counterparty_per_hour
    mail_max_age_days: Count = _LIMITS.mail_max_age_days


class RungSection(Section):
    """One step of the chase ladder; see rules.policy.Rung."""

    day: int = Field(ge=1, le=90)
    kind: ChaseKind
    to: Annotated[tuple[ContactKind, ...], BeforeValidator(listed)] = ()
    needed_by_day: int | None = Field(default=None, ge=1, le=90)

    @property
    def days(self) -> tuple[int, int]:
        """Its working day for what is needed by a day, and for everything else."""
        return self.needed_by_day or self.day, self.day

    @model_validator(mode="after")
    def _whole(self) -> Self:
        first, last = self.days
        if first > last:
            raise ValueError(
                "needed_by_day: what is needed by a day is chased sooner, not later; give a day before day"
            )
        if (self.kind is ChaseKind.HAND_OVER) == bool(self.to):
            raise ValueError(
                "to: remove it; what is handed over goes to our own ops team"
                if self.to
                else 'to: name the contacts that get the letter, as in ["mp121"]'
            )
        if self.kind.calls_late and first <= OWED_WORKING_DAYS:
            raise ValueError(f"day: nobody is late before {OWED_WORKING_DAYS} working days are over; give a later day")
        if self.kind is ChaseKind.DUE_TOMORROW and last > OWED_WORKING_DAYS:
            raise ValueError(f"day: after {OWED_WORKING_DAYS} working days it is overdue; give an earlier day")
        return self


class PolicySection(Section):
    """How the daemon behaves towards counterparties and ops."""

    mode: Mode = Mode.OBSERVE
    modes: dict[Line, Mode] = Field(default_factory=dict)
    colleagues: Colleagues = Colleagues.ANSWER
    accept_spf_only: Addresses = ()
    calendar: Nation = Nation.ENGLAND_AND_WALES
    holidays: dict[date, Line] = Field(default_factory=dict)
    answer_within_working_days: int = Field(default=10, ge=1, le=60)
    remind_on_working_days: Annotated[tuple[Count, ...], BeforeValidator(listed)] = (3, 7, 9)
    inventory_max_age_days: Count = 7
    hold_gather_minutes: int = Field(default=15, ge=0, le=24 * 60)
    unknown_wait_minutes: Count = 15
    sent_copy: SentCopy = SentCopy.MASKED
    digest_at: TimeOfDay = time(7, 30)
    ladder: tuple[RungSection, ...] = tuple(
        RungSection(day=rung.day, kind=rung.kind, to=rung.to, needed_by_day=rung.needed_by_day) for rung in LADDER
    )
    chase_days: Annotated[tuple[Weekday, ...], BeforeValidator(listed), Field(min_length=1)] = (
        Weekday.TUESDAY,
        Weekday.THURSDAY,
    )
    chase_calendar: Nation = Nation.GB_UNION
    ask_at: SendingTime = time(9)
    helpdesk: Address | None = None
    hand_over_folder: FolderPath | None = None
    approvals_needed: int = Field(default=2, ge=1, le=5)
    limits: LimitsSection = LimitsSection()

    @model_validator(mode="after")
    def _reminders_in_time(self) -> Self:
        days = (*self.remind_on_working_days, self.answer_within_working_days)
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError("remind_on_working_days: list the days in order, each before answer_within_working_days")
        return self

    @model_validator(mode="after")
    def _ladder_leads_to_ops(self) -> Self:
        last = [rung.kind is ChaseKind.HAND_OVER for rung in self.ladder]
        if not last or last != [False] * (len(last) - 1) + [True]:
            raise ValueError(
                'ladder: one rung has the kind "hand-over", and it is the last: what nobody answers ends with ops'
            )
        for number, (lower, upper) in enumerate(pairwise(self.ladder), 2):
            if any(later <= earlier for earlier, later in zip(lower.days, upper.days, strict=True)):
                raise ValueError(f"ladder: rung {number} comes no later than the one before it; list the days in order")
            if upper.kind.firmness < lower.kind.firmness:
                raise ValueError(
                    f"ladder: rung {number} ({upper.kind}) is gentler than the one before it ({lower.kind})"
                )
        return self


class Health(Section):
    """How we watch ourselves."""

    tick_seconds: int = Field(default=30, ge=1, le=300)
    alarm_after_minutes: Count = 15
    max_age_seconds: int = Field(default=300, ge=10)


class Log(Section):
    """How the log is written."""

    format: Literal["json", "console"] = "json"


class ReaderSection(Section):
    """The children that read mail, and their limits."""

    children: int = Field(default=2, ge=1, le=64)
    memory_mib: int = Field(default=512, ge=128)
    cpu_seconds: int = Field(default=10, ge=1)


class ContactsSection(Section):
    """How a contact list of another make is read."""

    columns: dict[Line, ContactColumn] = Field(default_factory=dict)


class InventorySection(Section):
    """How an inventory of another make is read."""

    columns: dict[Line, InventoryColumn] = Field(default_factory=dict)


class Templates(Section):
    """Letter templates of our own."""

    folder: FolderPath | None = None
