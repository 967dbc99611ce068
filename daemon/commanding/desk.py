"""One command mail on the desk: who ordered, by which letter of ours, and what comes of it.

Everything happens in the caller's transaction, each mail in a savepoint of its own: where one line cannot be done the
savepoint is rolled back, and with it every effect of the lines before it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from daemon.casework import Case
from daemon.edge import outbox, threads
from daemon.edge.audit import Entry
from daemon.edge.team import standing_orders
from daemon.edge.team.tokens import OwnLetter
from daemon.mail.message import IncomingMail
from daemon.parts import Parts
from daemon.rules.counterparties import AddressBook
from daemon.rules.letters import LetterKind, LetterPlan, Matter, OpsNews, Page
from daemon.rules.overdue import addressed, hears
from daemon.rules.policy import Counterparty, Member
from daemon.rules.team.standing import StandingKind, StandingOrder
from daemon.rules.thread import MailThread
from daemon.rules.workdays import local_day

TOKEN_LIVES = timedelta(hours=72)


class NotDone(Exception):
    """An order that is not obeyed. Its words say why and what would work.

    `letters` are sent all the same: a fresh one to reply to. `alarm`: the team must hear of it, for it may be an attack.
    `pages` stand below the transcript: what is wrong, where that takes more than a line.
    """

    def __init__(
        self, words: str, letters: Iterable[LetterPlan] = (), alarm: str = "", pages: Iterable[Page] = ()
    ) -> None:
        super().__init__(words)
        self.letters = tuple(letters)
        self.alarm = alarm
        self.pages = tuple(pages)


@dataclass(slots=True)
class OpsDesk:
    """A command mail in hand. Handlers read and write through `connection`, and say what they did."""

    connection: Connection
    parts: Parts
    now: datetime
    member: Member
    case: Case
    """The mail itself and the facts about it."""
    address_book: AddressBook
    letter: OwnLetter | None
    """The letter of ours that it replies to; it may have been written to somebody else."""
    entries: list[Entry] = field(default_factory=list)
    """For the audit trail; written once all lines are done."""
    pages: list[Page] = field(default_factory=list)
    """What reading commands show, below the transcript."""
    instead: list[LetterPlan] = field(default_factory=list)
    """Sent where the mail is refused: a fresh letter to reply to."""
    alarms: list[str] = field(default_factory=list)
    """Told to the team where the mail is refused."""
    faults: list[Page] = field(default_factory=list)
    """Shown where the mail is refused: what is wrong with it, at length."""
    changed_standing: bool = False
    """A standing order changed: the policy in force is to be read anew."""

    @property
    def mail(self) -> IncomingMail:
        """What the member wrote."""
        return self.case.facts.mail

    @property
    def book(self) -> tuple[Counterparty, ...]:
        """The other suppliers, as listed."""
        return self.address_book.parties

    @property
    def mail_id(self) -> int:
        """Its row."""
        return self.case.facts.mail_id

    @property
    def today(self) -> date:
        """The day in London."""
        return local_day(self.now)

    def record(self, what: str, subject: str, **detail: object) -> None:
        """Put it into the audit trail, with who ordered it and by which mail."""
        said = {"member": self.member.address, "mail": self.mail_id, **detail}
        self.entries.append(Entry(self.now, what, subject, said))

    # Matters ────────────────────────────────────────────────────────────────────────────────────────

    def ref(self, given: str) -> str:
        """What the order is about: as given, else the one matter of the letter replied to. Raises NotDone."""
        if given:
            return given
        matters = (
            self.letter.plan.content.matters if self.letter and isinstance(self.letter.plan.content, OpsNews) else ()
        )
        named = list(dict.fromkeys(matter.reference for matter in matters if matter.reference))
        if len(named) == 1:
            return named[0]
        if named:
            raise NotDone(f"that letter is about {len(named)} matters; name one, for instance {named[0]}")
        raise NotDone("name the matter, for instance IC-7F3K2Q9D, or reply to our letter about it")

    def thread(self, ref: str) -> MailThread:
        """The thread of a reference. Raises NotDone."""
        case = threads.owner_of_reference(self.connection, ref)
        if case is None:
            raise NotDone(f"there is no {ref}; LIST open shows the references")
        return threads.load(self.connection, [case])[case]

    def in_force(self, *kinds: StandingKind) -> list[StandingOrder]:
        """Our team's standing orders of these kinds that hold today."""
        found = standing_orders.load(self.connection)
        return [order for order in found if order.kind in kinds and order.in_force(self.today)]

    # Letters ────────────────────────────────────────────────────────────────────────────────────────

    def queue(self, plans: Iterable[LetterPlan]) -> None:
        """Queue letters to our own team under their derived names."""
        parts = self.parts
        outbox.queue(self.connection, parts.vault, list(plans), mailbox=parts.settings.mailbox.address, now=self.now)

    def tell_team(self, headline: str, matters: Iterable[Matter] = (), *, party: str = "") -> None:
        """Who did what, to the whole team at once: for releases, changes of contacts, pauses and alarms."""
        name = self.parts.vault.derive("ops", "notice", str(self.mail_id), headline).hex()
        news = OpsNews(headline, tuple(matters), party=party)
        self.queue(to_team(name, LetterKind.NOTICE, news, self.parts))


def to_team(case_id: str, kind: LetterKind, news: OpsNews, parts: Parts) -> tuple[LetterPlan, ...]:
    """One letter for each of those who hear of such news."""
    return addressed(case_id, kind, news, hears(parts.policy, kind))
