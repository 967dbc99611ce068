"""A small world for the overseeing station: held devices and mails, waiting items, and a team to be told.

Letters go through the real outbox, the real sending station and a scripted relay; the other route is a real mailbox.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any, Self

import sqlalchemy as sa

from daemon.casework import PROOF
from daemon.chase import Chase
from daemon.edge import tables as t
from daemon.edge import threads
from daemon.edge.database import Database, micros
from daemon.edge.imap import Account, Mailbox
from daemon.edge.outbox import PLAN
from daemon.edge.vault import Vault
from daemon.embedded.server import EmbeddedMail
from daemon.mail.message import Envelope, Evidence
from daemon.rules.facts import Proof
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import LetterPlan
from daemon.rules.policy import Member, Role
from daemon.rules.reasons import Reason
from daemon.rules.thread import Item, MailThread, Outcome, State
from daemon.rules.workdays import Calendar, DueDate, local_day
from daemon.troubles import Troubles
from tests.rules import mails
from tests.sending import MAILBOX, PARTY, TO, Time, World, device
from tests.servers.ports import free_port
from tests.servers.scripted_smtp import ScriptedSmtp

MONDAY = datetime(2026, 6, 8, 9, 30, tzinfo=UTC)
"""8 June 2026, half past ten in London; ten working days on is Monday 22 June."""
ANN, BEN = "ann@losing.example", "ben@losing.example"
PASSWORD = "pass word"


@dataclass(frozen=True, slots=True)
class Told:
    """One letter to the team, as its plan says."""

    to: str
    kind: str
    subject: str
    plan: LetterPlan


class Office(World):
    """What the station works on, and the team's desks."""

    def __init__(self, database: Database, vault: Vault, relay: ScriptedSmtp, shared: EmbeddedMail) -> None:
        super().__init__(database, vault, relay.port, time=Time(MONDAY))
        self.shared = shared
        self.taken = relay.taken
        self.mailbox = Mailbox(
            Account(shared.host, shared.imap_port, "none", MAILBOX, lambda: PASSWORD, None, timeout_s=5)
        )
        self.troubles = Troubles(self.parts, self.by_relay, self.by_mailbox)
        self.chase = Chase(self.parts, self.troubles)
        self.with_policy(team=tuple(Member(address, frozenset({Role.OPERATOR})) for address in (ANN, BEN)))

    @classmethod
    @asynccontextmanager
    async def opened(cls, database: Database, vault: Vault, relay: ScriptedSmtp) -> AsyncIterator[Self]:
        """Its mailbox is held, and one counterparty is listed; closed at the end."""
        async with EmbeddedMail({MAILBOX: PASSWORD}) as shared:
            made = cls(database, vault, relay, shared)
            made.begin()
            made.listed(TO)
            yield made
            await made.close()

    async def by_relay(self, envelope: Envelope) -> None:
        """As `running` builds it."""

        async def nothing() -> None:
            pass

        await self.relay.send(envelope, nothing)

    async def by_mailbox(self, envelope: Envelope) -> None:
        """As `running` builds it."""
        await self.mailbox.append("INBOX", envelope.content)

    def no_mailbox(self) -> Mailbox:
        """A mailbox on a port where nobody listens."""
        return Mailbox(Account("127.0.0.1", free_port(), "none", MAILBOX, lambda: PASSWORD, None, timeout_s=5))

    async def close(self) -> None:
        """Give back what is open."""
        await self.relay.close()
        await self.mailbox.close()

    async def look(self) -> list[Told]:
        """One look of the station; the letters to the team that it queued."""
        before = len(self.told())
        while await self.chase.once():
            pass
        return self.told()[before:]

    def until(self, text: str) -> None:
        """Let time pass until that London day and time: `Mon 2026-06-08 09:30`."""
        name, day, clock = text.split()
        moment = datetime.fromisoformat(f"{day}T{clock}+01:00")
        assert f"{moment:%a}" == name
        self.time.on(seconds=(moment - self.time.clock.now()).total_seconds())

    # Setting the scene ──────────────────────────────────────────────────────────────────────────────

    def items(self, number: int, count: int, state: State, **changes: Any) -> tuple[Item, ...]:
        """That many devices, asked for now."""
        now = self.time.clock.now()
        fields: dict[str, Any] = {
            "due": Calendar.of(self.parts.policy).due(local_day(now), 10),
            "asked_at": now,
            "state": state,
            "outcome": Outcome.CODE,
        }
        if state is State.HELD:
            fields |= {"reason": Reason.DEVICE_STATUS, "held_at": now}
        if state is State.PENDING:
            fields |= {"reason": Reason.DAILY_CAP, "promised_for": local_day(now) + timedelta(days=1)}
        return tuple(Item(device_id=device(number * 1000 + n), **(fields | changes)) for n in range(count))

    def request(self, count: int = 1, state: State = State.HELD, *, party: str = PARTY, **changes: Any) -> MailThread:
        """A request of so many devices, all in that state."""
        self._number += 1
        number, mail_id = self._number, self._mail()
        thread = self._thread(mail_id, self.items(number, count, state, **changes), party, self.time.clock.now())
        self._install([item.device_id for item in thread.items])
        with self.parts.database.write() as connection:
            threads.save(connection, [thread])
        return thread

    def due_from(self, start: date) -> DueDate:
        """Ten working days after that day."""
        return Calendar.of(self.parts.policy).due(start, 10)

    def mail(self, reason: Reason, fate: str = "held", *, content: bytes | None = None, **changes: Any) -> int:
        """A mail that was held whole, or set aside unread; its id."""
        self._number += 1
        now = self.time.clock.now()
        due = Calendar.of(self.parts.policy).due(local_day(now), 10)
        forged = mails.origin(
            evidence=Evidence.UNPROVEN, verdict=mails.verdict("fail", mails.SUPPLIER_DOMAIN), date=now
        )
        values = {
            "raw_sha": f"{self._number:064x}",
            "arrived": micros(now),
            "kept_at": micros(now),
            "settled_at": micros(now),
            "size": 1,
            "state": "settled",
            "fate": fate,
            "reason": reason,
            "sender": TO,
            "party": PARTY,
            "subject": "Install codes",
            "held_due": due.end,
            "held_due_sum": due.explain(),
            "proof": PROOF.dump_json(Proof(forged, now, complete=True, signature_reused=False)).decode(),
        } | changes
        with self.parts.database.write() as connection:
            mail_id = int(connection.execute(sa.insert(t.mail).values(**values).returning(t.mail.c.id)).scalar_one())
            if content is not None:
                connection.execute(sa.insert(t.mail_content).values(mail_id=mail_id, content=content))
        return mail_id

    def with_team(self, **roles: Role) -> None:
        """Another team from now on."""
        members = tuple(Member(f"{name}@losing.example", frozenset({role})) for name, role in roles.items())
        self.with_policy(team=members)

    def with_limits(self, **changes: int) -> None:
        """Other limits from now on."""
        self.with_policy(limits=replace(self.parts.policy.limits, **changes))

    def save(self, thread: MailThread) -> None:
        """Write a thread down as it is now."""
        with self.parts.database.write() as connection:
            threads.save(connection, [thread])

    @staticmethod
    def codes(count: int) -> tuple[Outcome, ...]:
        """That many codes, for `asked`."""
        return (Outcome.CODE,) * count

    # Looking ────────────────────────────────────────────────────────────────────────────────────────

    def told(self) -> list[Told]:
        """Every letter to the team, in the order they were queued."""
        query = sa.select(t.letter).where(t.letter.c.party == "").order_by(t.letter.c.id)
        with self.parts.database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [Told(r["recipient"], r["kind"], r["subject"], r["plan"]) for r in map(_plan, rows)]

    def answers(self) -> list[tuple[str, list[DeviceId]]]:
        """Every letter to a supplier: its state, and the devices whose codes it carries."""
        query = sa.select(t.letter.c.state, t.letter.c.plan).where(t.letter.c.party != "").order_by(t.letter.c.id)
        with self.parts.database.read() as connection:
            return [(row.state, list(PLAN.validate_json(row.plan).code_devices)) for row in connection.execute(query)]

    def thread(self, one: MailThread) -> MailThread:
        """The thread as it is now."""
        with self.parts.database.read() as connection:
            return threads.load(connection, [one.case_id])[one.case_id]

    def state_of(self, one: MailThread) -> list[str]:
        """The states of a thread's items, with the reason of those held."""
        return [
            f"{i.state}: {i.reason}" if i.state is State.HELD else str(i.state.value) for i in self.thread(one).items
        ]

    async def inbox(self) -> list[str]:
        """The subjects of what lies in the shared mailbox."""
        stored = await self.shared.mails(MAILBOX)
        return [str(message_from_bytes(one.content, policy=policy.default)["Subject"]) for one in stored]


def _plan(row: sa.RowMapping) -> dict[str, Any]:
    plan = PLAN.validate_json(row["plan"])
    return {"recipient": row["recipient"], "kind": row["kind"], "subject": plan.subject, "plan": plan}
