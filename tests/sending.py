"""A small world for the sending station: real database, real vault, one counterparty, requests already decided.

Also run in a forked process (`drive`), which a failpoint may kill.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from daemon.casework import PROOF
from daemon.edge import audit, contacts, failpoints, outbox, threads
from daemon.edge import tables as t
from daemon.edge.contacts import Listing
from daemon.edge.database import Database, eui_to_int, micros, moment
from daemon.edge.lease import Lease
from daemon.edge.outbox import LetterState
from daemon.edge.smtp import Relay, RelayAccount
from daemon.edge.vault import Vault
from daemon.mail.message import DkimSignature, MarkedKind
from daemon.parts import Clock, Parts
from daemon.rules.facts import Proof
from daemon.rules.identifiers import DeviceId, canonical
from daemon.rules.letters import Answer, AnswerRow, LetterKind, LetterPlan, Matter, OpsNews
from daemon.rules.policy import ContactKind, Mode
from daemon.rules.reasons import Reason
from daemon.rules.thread import Item, MailThread, Outcome, State
from daemon.rules.workdays import Calendar, local_day
from daemon.send import Sending
from daemon.settings import Settings
from tests.rules import mails

NOW = datetime(2026, 6, 8, 9, 30, tzinfo=UTC)
MAILBOX = "codes@losing.example"
PARTY = "Northern Energy"
TO = mails.MP121_ADDRESS
MEMBER = "jo@losing.example"


class Time:
    """A clock that tests turn: `on` lets time pass, `jump` sets the wall clock wrong."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now
        self._elapsed_s = 0.0
        self.clock = Clock(lambda: self._now, lambda: self._elapsed_s)

    def on(self, **passed: float) -> None:
        """Let this much time pass."""
        self._now += timedelta(**passed)
        self._elapsed_s += timedelta(**passed).total_seconds()

    def jump(self, **by: float) -> None:
        """The wall clock is set, and no time passes."""
        self._now += timedelta(**by)


def settings() -> Settings:
    """A supplier whose relay and mailbox are on this machine."""
    return Settings.model_validate(
        {
            "company": {"name": "Losing Energy", "mpids": ["LOSE"], "ops": [MEMBER]},
            "mailbox": {
                "address": MAILBOX,
                "host": "127.0.0.1",
                "security": "none",
                "username": MAILBOX,
                "password": "unused",
                "authserv_id": "mx.losing.example",
            },
            "relay": {"host": "127.0.0.1", "security": "none"},
            "keys": {"file": "/nowhere"},
            "policy": {"mode": "send"},
        }
    )


WORDS = settings().words()


def code_of(device: DeviceId) -> bytes:
    """The invented install code of an invented device."""
    return hashlib.sha256(device.encode()).digest()[:16]


def device(number: int) -> DeviceId:
    """An invented device."""
    return canonical(f"00DB1234{number:08X}")


class World:
    """What the station works on, and what tests look at afterwards."""

    def __init__(self, database: Database, vault: Vault, port: int, *, time: Time | None = None) -> None:
        self.time = time or Time()
        made = settings()
        self.parts = Parts(
            settings=made,
            configured=made.policy(),
            words=WORDS,
            database=database,
            vault=vault,
            lease=Lease(database, MAILBOX, "test"),
            clock=self.time.clock,
        )
        self.relay = Relay(RelayAccount("127.0.0.1", port, "none", connections=4, timeout_s=5.0, dot_timeout_s=0.5))
        self.sent_folder: set[str] | None = set()
        """Message-IDs that a look into Sent finds; None: the mailbox is away."""
        self.looks = 0
        self.station = Sending(self.parts, self.relay, self.proof_of)
        self._number = 0
        self._open: sa.Connection | None = None

    async def proof_of(self, message_id: str) -> bool:
        """A look into Sent."""
        self.looks += 1
        if self.sent_folder is None:
            raise failpoints.Unavailable("the mailbox is away")
        return message_id in self.sent_folder

    def begin(self) -> None:
        """Take the mailbox: a new generation."""
        gen = self.parts.lease.acquire()
        assert gen is not None
        self.parts.gen = gen

    async def until_quiet(self) -> None:
        """Send until nothing is due."""
        while await self.station.once():
            pass

    # Setting the scene ──────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What is set up in the block goes into one transaction."""
        with self.parts.database.write() as self._open:
            yield
        self._open = None

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        if self._open is not None:
            yield self._open
            return
        with self.parts.database.write() as connection:
            yield connection

    def listed(self, *addresses: str, party: str = PARTY) -> None:
        """The whole contact list from now on."""
        listings = [Listing(n, party, ContactKind.MP121, address) for n, address in enumerate(addresses, 2)]
        with self.parts.database.write() as connection:
            contacts.replace_all(connection, listings)

    def with_policy(self, **changes: Any) -> None:
        """Another policy from now on."""
        self.parts.configured = replace(self.parts.policy, **changes)

    def asked(
        self,
        *outcomes: Outcome,
        state: State = State.ANSWERED,
        due_in: int = 10,
        answer: Answer | None = None,
        letter_state: LetterState = LetterState.PENDING,
    ) -> int:
        """A request that was decided, one device an outcome; the id of the letter that answers it."""
        self._number += 1
        devices = [device(self._number * 1000 + n) for n in range(len(outcomes))]
        self._install([d for d, outcome in zip(devices, outcomes, strict=True) if outcome is Outcome.CODE])
        mail_id = self._mail()
        due = Calendar.of(self.parts.policy).due(local_day(NOW), due_in)
        rows = tuple(AnswerRow(d, outcome) for d, outcome in zip(devices, outcomes, strict=True))
        items = tuple(
            Item(d, due, NOW, State.PENDING if outcome is Outcome.PENDING else state, outcome, Reason.ANSWERED)
            for d, outcome in zip(devices, outcomes, strict=True)
        )
        thread = self._thread(mail_id, items)
        plan = LetterPlan(
            case_id=thread.case_id,
            kind=LetterKind.ANSWER,
            seq=1,
            to=TO,
            subject=thread.subject,
            content=answer or Answer(rows),
            party=PARTY,
            reference=thread.reference,
            in_reply_to=thread.root_message_id,
            mark=MarkedKind.ANSWER,
            mark_reference=thread.reference,
        )
        with self._write() as connection:
            threads.save(connection, [thread])
        return self.queue(plan, mail_id=mail_id, due_in=due_in, state=letter_state)

    def news(self, to: str = MEMBER) -> int:
        """A letter to our own team."""
        self._number += 1
        matter = Matter(what="A device is held", why="a person must look")
        plan = LetterPlan(f"{self._number:064x}", LetterKind.HELD, 1, to, "Held", OpsNews("Held", (matter,)))
        return self.queue(plan)

    def queue(self, plan: LetterPlan, *, due_in: int = 10, **options: Any) -> int:
        """Queue one letter; its id."""
        with self._write() as connection:
            due = (NOW + timedelta(days=due_in)).date()
            [letter_id] = outbox.queue(
                connection, self.parts.vault, [plan], mailbox=MAILBOX, now=NOW, due=due, **options
            )
        return letter_id

    def _thread(self, mail_id: int, items: tuple[Item, ...], party: str = PARTY, at: datetime = NOW) -> MailThread:
        number = self._number
        return MailThread(
            case_id=f"{number:064x}",
            reference=f"IC-{number:08d}",
            party=party,
            reply_to=TO,
            asked_by=TO,
            subject="Install codes",
            root_message_id=f"<request-{number}@northern-energy.example>",
            references=(),
            received_at=at,
            mail_id=mail_id,
            items=items,
            letters_queued=1,
        )

    def _install(self, devices: Sequence[DeviceId]) -> None:
        rows = [
            {
                "device_id": eui_to_int(one),
                "device_type": "ESME",
                "install_code": self.parts.vault.seal(
                    code_of(one), table="device", column="install_code", row=eui_to_int(one)
                ),
            }
            for one in devices
        ]
        if rows:
            with self._write() as connection:
                connection.execute(sa.insert(t.device), rows)

    def _mail(self) -> int:
        signature = DkimSignature(
            mails.SUPPLIER_DOMAIN,
            f"sig{self._number}",
            ("from", "subject", "date", "to"),
            body_length=False,
            expires=None,
        )
        proof = Proof(mails.origin(signatures=(signature,), date=NOW), NOW, complete=True, signature_reused=False)
        row = {
            "raw_sha": f"{self._number:064x}",
            "arrived": micros(NOW),
            "kept_at": micros(NOW),
            "size": 1,
            "state": "settled",
            "proof": PROOF.dump_json(proof).decode(),
            "case_id": f"{self._number:064x}",
        }
        with self._write() as connection:
            return int(connection.execute(sa.insert(t.mail).values(**row).returning(t.mail.c.id)).scalar_one())

    # Looking ────────────────────────────────────────────────────────────────────────────────────────

    def change(self, table: sa.Table, where: sa.ColumnElement[bool], **values: Any) -> None:
        """Alter rows behind the daemon's back."""
        with self.parts.database.write() as connection:
            connection.execute(sa.update(table).where(where).values(**values))

    def letter(self, letter_id: int) -> sa.RowMapping:
        """The row of a letter, with what is frozen of it."""
        query = sa.select(t.letter, t.frozen.c.verdict, t.frozen.c.content).select_from(t.letter.outerjoin(t.frozen))
        with self.parts.database.read() as connection:
            return connection.execute(query.where(t.letter.c.id == letter_id)).mappings().one()

    def states(self) -> list[str]:
        """The states of all letters, in the order they were queued."""
        with self.parts.database.read() as connection:
            return list(connection.execute(sa.select(t.letter.c.state).order_by(t.letter.c.id)).scalars())

    def wait_s(self, letter_id: int) -> float:
        """Seconds from now until the letter is looked at again."""
        return (moment(self.letter(letter_id)["next_at"]) - self.time.clock.now()).total_seconds()

    def items(self, letter_id: int) -> dict[str, str | None]:
        """The states of the letter's items, with the reason."""
        case = self.letter(letter_id)["case_id"]
        with self.parts.database.read() as connection:
            [thread] = threads.load(connection, [case]).values()
        return {item.state.value: item.reason.value if item.reason else None for item in thread.items}

    def trail(self) -> list[str]:
        """What the audit trail says, in order; broken chains fail the test."""
        with self.parts.database.read() as connection:
            assert audit.verify(connection, self.parts.vault).broken_at is None
            return [row["what"] for row in audit.export(connection)]

    def releases(self) -> list[str]:
        """The states of all codes that were promised."""
        with self.parts.database.read() as connection:
            return list(connection.execute(sa.select(t.release.c.state).order_by(t.release.c.id)).scalars())

    def observe(self) -> None:
        """The mode sends nothing from now on."""
        self.with_policy(mode=Mode.OBSERVE)


def drive(url: str, keys: tuple[bytes, bytes], port: int, armed: str) -> None:
    """In a process of its own: take the mailbox and send until nothing is due, or until a failpoint kills it."""
    failpoints.arm(armed)
    database = Database(url)
    world = World(database, Vault({"k1": keys[0]}, keys[1]), port)
    world.begin()
    asyncio.run(_drive(world))
    database.close()


async def _drive(world: World) -> None:
    await world.until_quiet()
    await world.relay.close()


def free_lease(url: str) -> None:
    """As if the dead holder's lease had run out."""
    database = Database(url)
    with database.write() as connection:
        connection.execute(sa.update(t.lease).values(expires=0))
    database.close()


def files_of(database: Database) -> list[Path]:
    """Every file of an SQLite database."""
    assert database.file is not None
    return sorted(database.file.parent.glob(database.file.name + "*"))
