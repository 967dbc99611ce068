"""A small world for journeys: our mailbox on a real server, a relay that takes letters, suppliers who write.

The stations are the real ones; a journey runs them by hand, round after round until nothing changes, under a clock
that it sets. So a story of two weeks takes a second, and every round ends where a station would wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from daemon.chase import Chase
from daemon.edge import vault
from daemon.edge.imap import Mailbox
from daemon.edge.smtp import Relay
from daemon.embedded.stamps import Verdict, stamped
from daemon.errors import Unavailable
from daemon.filing import Filing
from daemon.intake import Intake
from daemon.mail.message import Envelope
from daemon.operate import import_contacts, import_inventory
from daemon.parts import Clock, Parts
from daemon.running import build, mailbox_of, readers_of, relay_of
from daemon.send import Sending
from daemon.settings import load
from daemon.settle import Settling
from daemon.troubles import Troubles

US, OPS = "codes@north.test", "ops@north.test"
AUTHSERV = "mx.north.test"
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""A Monday morning."""

ANN, SOUTH = "ann@south.test", "mp121@south.test"
WEST = "codes@west.test"
CONTACTS = f"""\
party,mpid,kind,name,email
South Power,SOUT,mp121,Ann,{ANN}
South Power,SOUT,mp121,Desk,{SOUTH}
West Energy,WEST,mp121,Desk,{WEST}
"""
CODES = {
    "00-DB-12-34-56-78-90-A0": "83FED3407A939723A5C639B26916D505",
    "00-DB-12-34-56-78-90-A1": "30313233343536373839414243444546",
    "00-DB-12-34-56-78-90-A2": "00112233445566778899AABBCCDDEEFF",
    "00-DB-12-34-56-78-90-A5": "C0DEC0DEC0DE5EC2E7C0DEC0DE5EC2E7",
}
A0, A1, A2, A5 = CODES
NO_CODE, GPF, THEIRS, COMMISSIONED = (f"00-DB-12-34-56-78-90-{n}" for n in ("A3", "B1", "B3", "B4"))
INVENTORY = "\n".join(
    (
        "device_id,device_type,install_code,installing_supplier,status,gaining_supplier,linked_gsme",
        f"{A0},ESME,{CODES[A0]},,InstalledNotCommissioned,SOUT,",
        f"{A1},GSME,{CODES[A1]},,Pending,,",
        f"{A2},ESME,{CODES[A2]},,,,",
        f"{A5},ESME,{CODES[A5]},,Whitelisted,,",
        f"{NO_CODE},ESME,,,,,",
        f"{GPF},GPF,,,,,00-DB-12-34-56-78-90-B2",
        f"{THEIRS},ESME,,WEST,,,",
        f"{COMMISSIONED},ESME,,,Commissioned,,",
    )
)


def config(folder: Path, database_url: str, imap_port: int, smtp_port: int, *, username: str, password: str, **policy: Any) -> str:
    """A configuration file as an operator would write it, for servers on loopback."""
    rules = {"mode": "send", "hold_gather_minutes": 0} | policy
    return "\n".join(
        (
            "[company]", 'name = "North Energy"', 'mpids = ["NRTH"]', f'ops = ["{OPS}"]',
            "[mailbox]", f'address = "{US}"', 'host = "127.0.0.1"', f"port = {imap_port}", 'security = "none"',
            f'username = "{username}"', f'password = "{password}"', f'authserv_id = "{AUTHSERV}"', "idle = false",
            "[relay]", 'host = "127.0.0.1"', f"port = {smtp_port}", 'security = "none"',
            "[database]", f'url = "{database_url}"',
            "[keys]", f'file = "{folder}/keys"',
            "[policy]", *(f"{name} = {value if isinstance(value, int | list) else f'{chr(34)}{value}{chr(34)}'}" for name, value in rules.items()),
        )
    )  # fmt: skip


def written(
    sender: str,
    body: str,
    *,
    subject: str = "Install codes please",
    at: datetime = START,
    verdict: Verdict | None = Verdict.PASS,
    headers: Mapping[str, str] | None = None,
    attachment: tuple[str, bytes] | None = None,
    message_id: str = "",
) -> bytes:
    """A mail as it comes out of our mail server: its verdict on top, then what the sender's program wrote."""
    message = EmailMessage()
    message["From"] = f"Somebody <{sender}>"
    message["To"] = US
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    digest = abs(hash((sender, body, subject, at)))
    message["Message-ID"] = message_id or f"<{digest:x}@{sender.rpartition('@')[2]}>"
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(body)
    if attachment:
        message.add_attachment(attachment[1], maintype="application", subtype="octet-stream", filename=attachment[0])
    raw = message.as_bytes(policy=SMTP)
    if verdict is None:
        return raw
    return stamped(raw, recipient=US, authserv_id=AUTHSERV, verdict=verdict, arrived=at)


@dataclass
class World:
    """The parts and stations of one instance, run by hand. `now` is the time for everybody."""

    parts: Parts
    mailbox: Mailbox
    hands: Mailbox
    """A person's own connection to the shared mailbox."""
    relay: Relay
    now: datetime = START
    alarms: list[Envelope] = field(default_factory=list)

    @classmethod
    async def build(cls, folder: Path, toml: str, *, now: datetime = START) -> "World":
        """A fresh installation: keys, tables, contacts, inventory, and the lease taken."""
        folder.mkdir(exist_ok=True)
        (folder / "daemon.toml").write_text(toml, "utf-8")
        (folder / "daemon.toml").chmod(0o600)
        (folder / "contacts.csv").write_text(CONTACTS, "utf-8")
        (folder / "inventory.csv").write_text(INVENTORY, "utf-8")
        if not (folder / "keys").exists():
            vault.new_key_file(folder / "keys")
        settings = load(folder / "daemon.toml", {})
        moment = [now]
        parts = build(settings, Clock(lambda: moment[0], lambda: (moment[0] - now).total_seconds()))
        parts.database.migrate()
        import_contacts(parts, folder / "contacts.csv", now)
        import_inventory(parts, folder / "inventory.csv", now)
        world = cls(parts, mailbox_of(settings), mailbox_of(settings), relay_of(settings), now)
        world._moment = moment
        await world._start()
        return world

    _moment: list[datetime] = field(default_factory=list)

    async def _start(self) -> None:
        gen = self.parts.lease.acquire()
        assert gen is not None
        self.parts.gen = gen
        self.readers = readers_of(self.parts.settings)
        await self.readers.start()
        self.filing_box = mailbox_of(self.parts.settings)
        self.troubles = Troubles(self.parts, self._alarm, self._alarm)
        self.intake = Intake(self.parts, self.mailbox)
        self.settling = Settling(self.parts, self.readers)
        self.filing = Filing(self.parts, self.filing_box)
        self.sending = Sending(self.parts, self.relay, self.filing.has_sent)
        self.chase = Chase(self.parts, self.troubles)

    async def _alarm(self, envelope: Envelope) -> None:
        self.alarms.append(envelope)

    async def close(self) -> None:
        """Everything closed, the lease given up."""
        self.parts.lease.release()
        await self.readers.close()
        for box in (self.mailbox, self.hands, self.filing_box):
            await box.close()
        await self.relay.close()
        self.parts.database.close()

    def pass_time(self, **delta: float) -> None:
        """Let time go by, for the wall clock and the steady one alike."""
        self.now += timedelta(**delta)
        self._moment[0] = self.now

    async def arrives(self, raw: bytes, folder: str = "INBOX", *, at: datetime | None = None) -> None:
        """A mail arrives now, as INTERNALDATE tells."""
        await self.hands.append(folder, raw, (), at or self.now)

    async def settle_down(self, rounds: int = 6) -> None:
        """Run every station until a whole round of them changes nothing more."""
        for _ in range(rounds):
            await self.intake.once()
            while await self.settling.once():
                pass
            try:
                while await self.sending.once():
                    pass
            except Unavailable:
                pass
            while await self.filing.once():
                pass
            while await self.chase.once():
                pass

    def rows(self, query: str, **values: Any) -> list[Any]:
        """What the database says."""
        with self.parts.database.read() as connection:
            return list(connection.execute(sa.text(query), values).all())

    def one(self, query: str, **values: Any) -> Any:
        """The single value that the database says."""
        with self.parts.database.read() as connection:
            return connection.execute(sa.text(query), values).scalar()

    async def folder(self, name: str) -> list[Message]:
        """The mails that lie in a folder."""
        uidvalidity, uids = await self.hands.all_uids(name)
        return [message_from_bytes(raw.content) for raw in await self.hands.fetch(name, uidvalidity, uids)]


def text_of(content: bytes) -> str:
    """The plain text of a letter."""
    parts = [p for p in message_from_bytes(content).walk() if p.get_content_type() == "text/plain"]
    return parts[0].get_payload(decode=True).decode()
