"""A device whose code we want of another supplier, and MOVES: the only way between its states when we ask.

It is ordered by our team and asked for with the next letter to its party. The answer brings a code, or a query (it was
faulty), a promise, or another party to ask. What stays away is overdue, escalated, and at last with our team.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from daemon.rules.identifiers import DeviceId
from daemon.rules.thread import IllegalMove, Outcome
from daemon.rules.workdays import DueDate


class WantState(StrEnum):
    """Where a wanted device stands."""

    ORDERED = "ordered"
    """Our team ordered it; it goes out with the next letter to its party."""
    WAITING_CONTACT = "waiting-contact"
    """Its party is not listed, or has no address that we may write to."""
    ASKED = "asked"
    ANSWERED = "answered"
    """Its code is here, sealed; the team's code recipients get it."""
    QUERIED = "queried"
    """Their answer was faulty, and they were told which line."""
    PROMISED = "promised"
    MOVED_ON = "moved-on"
    """It was not they; the next party is asked with the next letter."""
    OVERDUE = "overdue"
    """Past its due date, and chased."""
    ESCALATED = "escalated"
    """Chased at the escalation contact."""
    WITH_OPS = "with-ops"
    """Our own team has it: nothing more that we could do by ourselves."""
    WITHDRAWN = "withdrawn"
    """Our team took it back."""
    CLOSED = "closed"
    """Over, with a reason."""


class WantEvent(StrEnum):
    """What can happen to it."""

    ASK = "ask"
    NO_CONTACT = "no-contact"
    ANSWER = "answer"
    QUERY = "query"
    PROMISE = "promise"
    MOVE_ON = "move-on"
    LATE = "late"
    ESCALATE = "escalate"
    HAND_OVER = "hand-over"
    WITHDRAW = "withdraw"
    CLOSE = "close"


_WAITING = (
    WantState.ASKED, WantState.QUERIED, WantState.PROMISED, WantState.OVERDUE, WantState.ESCALATED,
)  # fmt: skip
"""Some party was asked and has not settled it."""
_OPEN = (WantState.ORDERED, WantState.WAITING_CONTACT, WantState.MOVED_ON, WantState.WITH_OPS, *_WAITING)
_ASKED_ONCE = (WantState.WAITING_CONTACT, WantState.MOVED_ON, WantState.WITH_OPS, *_WAITING)
"""Some party may have been asked, be it not the present one."""
WAITING, OPEN = frozenset(_WAITING), frozenset(_OPEN)

MOVES: Mapping[tuple[WantState, WantEvent], WantState] = MappingProxyType(
    {
        (WantState.ORDERED, WantEvent.ASK): WantState.ASKED,
        (WantState.ORDERED, WantEvent.NO_CONTACT): WantState.WAITING_CONTACT,
        (WantState.WAITING_CONTACT, WantEvent.ASK): WantState.ASKED,
        (WantState.MOVED_ON, WantEvent.ASK): WantState.ASKED,
        (WantState.MOVED_ON, WantEvent.NO_CONTACT): WantState.WAITING_CONTACT,
        (WantState.WAITING_CONTACT, WantEvent.NO_CONTACT): WantState.WAITING_CONTACT,
        (WantState.WITH_OPS, WantEvent.ASK): WantState.ASKED,
        # what a party that was asked may do, one that was asked before the present one too: it may think again
        **{(state, WantEvent.ANSWER): WantState.ANSWERED for state in _ASKED_ONCE},
        **{(state, WantEvent.MOVE_ON): WantState.MOVED_ON for state in _ASKED_ONCE},
        (WantState.ASKED, WantEvent.QUERY): WantState.QUERIED,
        (WantState.QUERIED, WantEvent.QUERY): WantState.QUERIED,
        (WantState.PROMISED, WantEvent.QUERY): WantState.QUERIED,
        (WantState.OVERDUE, WantEvent.QUERY): WantState.OVERDUE,
        (WantState.ESCALATED, WantEvent.QUERY): WantState.ESCALATED,
        (WantState.WITH_OPS, WantEvent.QUERY): WantState.WITH_OPS,
        (WantState.ASKED, WantEvent.PROMISE): WantState.PROMISED,
        (WantState.QUERIED, WantEvent.PROMISE): WantState.PROMISED,
        (WantState.PROMISED, WantEvent.PROMISE): WantState.PROMISED,
        (WantState.OVERDUE, WantEvent.PROMISE): WantState.OVERDUE,
        (WantState.ESCALATED, WantEvent.PROMISE): WantState.ESCALATED,
        (WantState.WITH_OPS, WantEvent.PROMISE): WantState.WITH_OPS,
        # time passes
        (WantState.ASKED, WantEvent.LATE): WantState.OVERDUE,
        (WantState.QUERIED, WantEvent.LATE): WantState.OVERDUE,
        (WantState.PROMISED, WantEvent.LATE): WantState.OVERDUE,
        **{(state, WantEvent.ESCALATE): WantState.ESCALATED for state in _WAITING},
        (WantState.WITH_OPS, WantEvent.ESCALATE): WantState.WITH_OPS,
        **{(state, WantEvent.HAND_OVER): WantState.WITH_OPS for state in _OPEN},
        # another answer than the first came: a person must choose
        (WantState.ANSWERED, WantEvent.HAND_OVER): WantState.WITH_OPS,
        # our own team
        **{(state, WantEvent.WITHDRAW): WantState.WITHDRAWN for state in _OPEN},
        **{(state, WantEvent.CLOSE): WantState.CLOSED for state in _OPEN},
        (WantState.ANSWERED, WantEvent.CLOSE): WantState.CLOSED,
        (WantState.WITHDRAWN, WantEvent.CLOSE): WantState.CLOSED,
    }
)
"""(state, event) -> state. A pair that is not here is illegal."""


@dataclass(frozen=True, slots=True)
class AskedParty:
    """A party that was asked for the device, and what it said. No party is ever asked twice for one device."""

    party: str
    at: datetime
    outcome: Outcome | None = None
    """None: nothing yet."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Want:
    """One device whose code we want."""

    device_id: DeviceId
    ordered_by: str
    """The member's address."""
    ordered_at: datetime
    order_mail_id: int
    """The mail that ordered it."""
    losing_supplier: str
    """As resolved: the name of a counterparty; or as written, where nobody of that name is listed."""
    installing_supplier: str = ""
    needed_by: date | None = None
    urgent: bool = False
    """REQUEST NOW: it waits for no sending time."""
    state: WantState = WantState.ORDERED
    party: str = ""
    """Whom we ask now, or shall ask next."""
    case_id: str = ""
    """The inquiry that it is asked in."""
    asked: tuple[AskedParty, ...] = ()
    due: DueDate | None = None
    """By when we expect the answer of `party`."""
    late_from: date | None = None
    """Their due date by the most lenient calendar: nobody is called late before it has passed."""
    promised_for: date | None = None
    rung: str = ""
    """The last rung of the chase ladder that was used for `party`, by its name."""
    foretold_for: date | None = None
    """The day from which ops know that it will be escalated: they were told the working day before."""
    rung_on: date | None = None
    """The day on which it was last chased."""
    wait_until: date | None = None
    """No chase before that day, as a member said."""
    note: str = ""
    reason: str = ""
    """Why it is with ops, withdrawn or closed, in words."""
    answered_at: datetime | None = None
    answer_mail_id: int | None = None
    handed_over: bool = False
    """The code recipients have its code."""
    id: int = 0
    """Its row; 0: not kept yet."""

    @property
    def asked_back(self) -> bool:
        """Its present party asked something, and our team has it: on their word it is asked for once more."""
        answered = self.asked[-1] if self.asked else None
        return (
            self.state is WantState.WITH_OPS
            and answered is not None
            and answered.party == self.party
            and answered.outcome is Outcome.NEED_MORE
        )

    @property
    def open(self) -> bool:
        """Not yet settled."""
        return self.state in OPEN

    def move(self, event: WantEvent, **changes: Any) -> "Want":
        """A changed copy in the state that MOVES gives. Raises IllegalMove."""
        try:
            state = MOVES[self.state, event]
        except KeyError:
            raise IllegalMove(f"{event} does not fit a device that is {self.state}") from None
        return replace(self, state=state, **changes)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One letter thread in which we ask one party for devices."""

    case_id: str
    reference: str
    party: str
    to: str
    """The listed address that was asked first."""
    subject: str
    message_ids: tuple[str, ...]
    """Of our letters in it, oldest first."""
    asked_at: datetime
    letters_queued: int = 0
    references: tuple[str, ...] = ()
    """Message-IDs of their mails in it."""
