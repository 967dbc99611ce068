"""What is known on a working morning: the figures of which the digest is made. Values only.

`since` is the first day that they tell of, `today` the first that they do not.
"""

from dataclasses import dataclass
from datetime import date

from daemon.rules.reasons import Reason
from daemon.rules.team.standing import StandingOrder
from daemon.rules.thread import Outcome
from daemon.rules.wanting import WantState


@dataclass(frozen=True, slots=True)
class DueDay:
    """What is open and falls due on one day: devices, how many of them are held, and mails held whole."""

    due: date
    devices: int
    held: int
    mails: int = 0

    @property
    def open(self) -> int:
        """Devices and mails together."""
        return self.devices + self.mails


@dataclass(frozen=True, slots=True)
class HeldFor:
    """How much is held for one reason, and when the first of it falls due."""

    reason: Reason
    devices: int
    mails: int
    earliest: date


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a person must look at: the devices of one thread held for one reason, or (`devices` 0) a mail held whole."""

    reference: str
    party: str
    reason: Reason
    due: date
    devices: int
    told_on: date | None
    """The day of our letter about it; None: none went yet."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a member ordered and others have not confirmed yet."""

    title: str
    member: str
    on: date


@dataclass(frozen=True, slots=True)
class Act:
    """What a member did: `what` as the audit trail has it, `about` a reference, a mail, a party or an address."""

    member: str
    what: str
    about: str


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer for one device that the relay took: the working days that it took us, and whether it was late."""

    outcome: Outcome
    working_days: int
    late: bool


@dataclass(frozen=True, slots=True)
class Sought:
    """So many devices that we ask others for stand so, of so many suppliers."""

    state: WantState
    devices: int
    parties: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What a supplier's answers made of so many devices that we asked for."""

    party: str
    state: WantState
    devices: int


@dataclass(frozen=True, slots=True)
class Morning:
    """Everything that the digest may tell. Of what waits for a person `urgent` has no more than the query's limit."""

    today: date
    since: date
    days: tuple[DueDay, ...] = ()
    held: tuple[HeldFor, ...] = ()
    urgent: tuple[Waiting, ...] = ()
    put_off: int = 0
    """Held devices and mails of which a member said WAIT."""
    unseen: int = 0
    """Held for the mode alone, and past the due date: people answer those by hand, and we do not see that they did."""
    proposals: tuple[Proposed, ...] = ()
    answered: tuple[Answered, ...] = ()
    sought: tuple[Sought, ...] = ()
    heard: tuple[Heard, ...] = ()
    acts: tuple[Act, ...] = ()
    standing: tuple[StandingOrder, ...] = ()
    well: bool = True
    health: str = ""
    troubles: tuple[str, ...] = ()
    inventory_on: date | None = None
    """The day of the last import; None: there was none."""
    contacts_on: date | None = None
    strangers: int = 0
    """Mails of unknown senders, which get no answer."""
    unproven_orders: int = 0
    """Orders in a member's name that nobody proved to be theirs."""
    audit_seq: int = 0
    audit_hash: str = ""
