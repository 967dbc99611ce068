"""One request in one direction, its items, and MOVES: the only way between states."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from daemon.rules.identifiers import DeviceId
from daemon.rules.reasons import Reason
from daemon.rules.workdays import DueDate


class State(StrEnum):
    """Where an item stands when we are asked."""

    NEW = "new"
    """Read, not decided. Never outlives a transaction."""
    ANSWERED = "answered"
    """The asker was told its outcome."""
    HELD = "held"
    """A person of ours must look, or lift what keeps its letter back; the clock runs."""
    PENDING = "pending"
    """Waits for its turn under a cap; the asker was told by when. Nobody need look."""
    WITHDRAWN = "withdrawn"
    """The asker took it back."""
    CLOSED = "closed"
    """Over, with a reason."""


class Event(StrEnum):
    """What can happen to an item."""

    ANSWER = "answer"
    HOLD = "hold"
    DEFER = "defer"
    WITHDRAW = "withdraw"
    CLOSE = "close"


class Outcome(StrEnum):
    """The seven answers, in the words that go out."""

    CODE = "CODE"
    NOT_INSTALLER = "NOT-INSTALLER"
    NO_CODE_HELD = "NO-CODE-HELD"
    TYPE_HAS_NO_CODE = "TYPE-HAS-NO-CODE"
    NEED_MORE = "NEED-MORE"
    PENDING = "PENDING"
    REFUSED = "REFUSED"


MOVES: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (State.NEW, Event.ANSWER): State.ANSWERED,
        (State.NEW, Event.HOLD): State.HELD,
        (State.NEW, Event.DEFER): State.PENDING,
        (State.HELD, Event.ANSWER): State.ANSWERED,
        (State.HELD, Event.HOLD): State.HELD,
        (State.HELD, Event.DEFER): State.PENDING,
        (State.HELD, Event.WITHDRAW): State.WITHDRAWN,
        (State.HELD, Event.CLOSE): State.CLOSED,
        (State.PENDING, Event.ANSWER): State.ANSWERED,
        (State.PENDING, Event.HOLD): State.HELD,
        (State.PENDING, Event.DEFER): State.PENDING,
        (State.PENDING, Event.WITHDRAW): State.WITHDRAWN,
        (State.PENDING, Event.CLOSE): State.CLOSED,
        # asked again: a repeat is an answer too, or a hold where a limit says so
        (State.ANSWERED, Event.ANSWER): State.ANSWERED,
        (State.ANSWERED, Event.HOLD): State.HELD,
        (State.ANSWERED, Event.DEFER): State.PENDING,
        (State.ANSWERED, Event.CLOSE): State.CLOSED,
        # a device taken back can be asked for again
        (State.WITHDRAWN, Event.ANSWER): State.ANSWERED,
        (State.WITHDRAWN, Event.HOLD): State.HELD,
        (State.WITHDRAWN, Event.DEFER): State.PENDING,
        (State.WITHDRAWN, Event.CLOSE): State.CLOSED,
    }
)
"""(state, event) -> state. A pair that is not here is illegal."""

OPEN = frozenset({State.NEW, State.HELD, State.PENDING})


class IllegalMove(Exception):
    """A bug of ours: an event that the item's state does not allow."""


def after(state: State, event: Event) -> State:
    """The state that `event` leads to, as MOVES has it. Raises IllegalMove."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"{event} does not fit an item that is {state}") from None


@dataclass(frozen=True, slots=True)
class Item:
    """One device of one thread. `due` counts from the mail that first asked for it."""

    device_id: DeviceId
    due: DueDate
    asked_at: datetime
    state: State = State.NEW
    outcome: Outcome | None = None
    """The last outcome that the asker was told, or would be told."""
    reason: Reason | None = None
    note: str = ""
    """What goes out beside the outcome; `installer: MPID`, `device: ID`, `by: YYYY-MM-DD`."""
    promised_for: date | None = None
    held_at: datetime | None = None
    told_ops_at: datetime | None = None
    """When ops were last told of this hold; None: not yet."""
    reminded_day: int = 0
    """The highest working day (3, 7, 9) on which ops were reminded; past the due date: 99."""

    @property
    def open(self) -> bool:
        """Not yet settled."""
        return self.state in OPEN

    def move(self, event: Event, **changes: Any) -> "Item":
        """A changed copy in the state that MOVES gives. Raises IllegalMove."""
        return replace(self, state=after(self.state, event), **changes)


@dataclass(frozen=True, slots=True)
class MailThread:
    """One request of one counterparty: a mail, its items, and where our letters on it go."""

    case_id: str
    """HMAC in hex over the root mail's semantic key; the same after a rebuild."""
    reference: str
    party: str
    reply_to: str
    """The one listed address that our letters go to."""
    asked_by: str
    """Who wrote: the listed address itself, or a colleague, who is named and never addressed."""
    subject: str
    """Theirs, with personal data, codes and control characters masked."""
    root_message_id: str
    references: tuple[str, ...]
    """Message-IDs of the mails in it, oldest first, ours not included; at most 20."""
    received_at: datetime
    mail_id: int
    """The row of the mail that began it."""
    items: tuple[Item, ...] = ()
    letters_queued: int = 0
    """Letters that were queued for this thread; the next one's number is one more."""
    their_reference: str = ""
    """The asker's own reference (`Install-Code-Reference`), given back in our answer."""

    @property
    def settled(self) -> bool:
        """All its items are."""
        return not any(item.open for item in self.items)

    def by_device(self) -> dict[DeviceId, Item]:
        """Its items by device; built anew at each call, so keep it while you need it."""
        return {item.device_id: item for item in self.items}

    def with_items(self, changed: Iterable[Item]) -> "MailThread":
        """A copy in which each of `changed` stands in the place of its device's item, new ones at the end."""
        items = self.by_device() | {item.device_id: item for item in changed}
        return replace(self, items=tuple(items.values()))
