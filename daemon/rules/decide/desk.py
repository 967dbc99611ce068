"""One proven mail of a counterparty on the desk, with the thread and the items that it begins."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

from daemon.rules.facts import Facts
from daemon.rules.gate import Condition
from daemon.rules.identifiers import DeviceId
from daemon.rules.meaning import Correspondence
from daemon.rules.policy import Counterparty, Mode, Policy
from daemon.rules.reasons import Reason
from daemon.rules.sense.personal import safe_subject
from daemon.rules.thread import Item, MailThread, State
from daemon.rules.workdays import Calendar, DueDate, local_day

MAX_REFERENCES = 20


@dataclass(frozen=True, slots=True)
class Desk:
    """A mail whose writer is proven, with all that is needed to work on it."""

    facts: Facts
    meaning: Correspondence
    policy: Policy
    party: Counterparty
    recipient: str
    """The one listed address that the answer goes to."""
    due: DueDate
    verdict: tuple[Condition, ...]
    home: MailThread | None
    """The thread of this party that the mail belongs to."""
    hold: Reason | None = None
    """Whatever it asks for is held for this, and its asker told that somebody looks."""

    @property
    def observed(self) -> bool:
        """The mode sends this party nothing."""
        return self.policy.mode_for(self.party.party) is Mode.OBSERVE

    @property
    def automatic(self) -> bool:
        """A machine wrote it: another copy of this daemon, or a contact listed as a robot."""
        origin = self.facts.proof.origin
        return origin.machine is not None or origin.mark is not None

    @property
    def lately_answered(self) -> bool:
        """A letter went out on this thread within the last day."""
        return self.facts.rates.letters_on_thread_24h > 0


def due_from(arrived: datetime, policy: Policy) -> DueDate:
    """The due date of what a mail asks: from the London day on which our server took it in, whatever its Date says."""
    return _due(Calendar.of(policy), local_day(arrived), policy.answer_within_working_days)


@lru_cache(maxsize=64)
def _due(calendar: Calendar, arrived: date, working_days: int) -> DueDate:
    """Reckoned once for all the mails of a day."""
    return calendar.due(arrived, working_days)


def new_thread(desk: Desk) -> MailThread:
    """The thread that this mail begins, without items yet."""
    facts = desk.facts
    return MailThread(
        case_id=facts.case_id,
        reference=facts.reference,
        party=desk.party.party,
        reply_to=desk.recipient,
        asked_by=facts.writer.address,
        subject=safe_subject(facts.mail.subject),
        root_message_id=facts.mail.message_id,
        references=facts.mail.references[-MAX_REFERENCES:],
        received_at=facts.proof.arrived,
        mail_id=facts.mail_id,
    )


def asked_for(desk: Desk, device: DeviceId, before: Item | None) -> Item:
    """The item of a device: new, or as it stands; one that was settled and is asked for again is due anew."""
    arrived = desk.facts.proof.arrived
    if before is None or before.state is State.CLOSED:
        return Item(device_id=device, due=desk.due, asked_at=arrived)
    return before if before.open else replace(before, due=desk.due, asked_at=arrived)
