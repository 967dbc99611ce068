"""A small world for journeys: our mailbox on a real server, a relay that takes letters, suppliers who write.

The stations are the real ones; a journey runs them by hand, round after round until nothing changes, under a clock
that it sets. So a story of two weeks takes a second, and every round ends where a station would wait.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from imapclient import IMAPClient

from daemon.asking import Asking
from daemon.chase import Chase
from daemon.console.importing import import_contacts, import_inventory
from daemon.edge import vault
from daemon.edge.imap import Mailbox
from daemon.edge.inventory.load import Wish
from daemon.edge.smtp import Relay
from daemon.embedded.stamps import Verdict, stamped
from daemon.errors import Unavailable
from daemon.filing import Filing
from daemon.intake import Intake
from daemon.mail.message import Envelope
from daemon.mornings import Mornings
from daemon.parts import Clock, Parts
from daemon.report import Overview, overview
from daemon.running import build, mailbox_of, readers_of, relay_of
from daemon.send import Sending
from daemon.settings import Settings, load
from daemon.settle import Settling
from daemon.troubles import Troubles

US, OPS = "codes@north.test", "ops@north.test"
AUTHSERV = "mx.north.test"
START = datetime(2024, 3, 4, 9, 0, tzinfo=UTC)
"""A Monday morning, long enough ago: Dovecot gives no mail a time of arrival that is still to come."""

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


def config(
    folder: Path,
    database_url: str,
    imap_port: int,
    smtp_port: int,
    *,
    username: str,
    password: str,
    mailbox: Sequence[str] = (),
    reader: Sequence[str] = ("children = 1",),
    more: Sequence[str] = (),
    team: Mapping[str, str] | None = None,
    **policy: Any,
) -> str:
    """A configuration file as an operator would write it, for servers on loopback.

    `mailbox` are further lines of `[mailbox]`, `reader` those of `[reader]`, `more` whole sections at the end;
    `team` are addresses with their role, in place of one `ops`; `policy` is `[policy]`.
    """
    rules = {"mode": "send", "hold_gather_minutes": 0, "digest_at": "off"} | policy
    return "\n".join(
        (
            "[company]", 'name = "North Energy"', 'mpids = ["NRTH"]', *(() if team else (f'ops = ["{OPS}"]',)),
            "[mailbox]", f'address = "{US}"', 'host = "127.0.0.1"', f"port = {imap_port}", 'security = "none"',
            f'username = "{username}"', f'password = "{password}"', f'authserv_id = "{AUTHSERV}"', "idle = false",
            *mailbox,
            "[relay]", 'host = "127.0.0.1"', f"port = {smtp_port}", 'security = "none"',
            "[database]", f'url = "{database_url}"',
            "[reader]", *reader,
            "[keys]", f'file = "{folder}/keys"',
            "[policy]", *(f"{name} = {value if isinstance(value, int | list) else f'{chr(34)}{value}{chr(34)}'}" for name, value in rules.items()),
            *more,
            *(f'[[company.team]]\naddress = "{who}"\nrole = "{role}"' for who, role in (team or {}).items()),
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
    digest = hashlib.sha256(repr((sender, body, subject, at)).encode()).hexdigest()
    message["Message-ID"] = message_id or f"<{digest[:20]}@{sender.rpartition('@')[2]}>"
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(body)
    if attachment:
        message.add_attachment(attachment[1], maintype="application", subtype="octet-stream", filename=attachment[0])
    raw = message.as_bytes(policy=SMTP)
    if verdict is None:
        return raw
    return stamped(raw, recipient=US, authserv_id=AUTHSERV, verdict=verdict, arrived=at)


@dataclass(frozen=True, slots=True)
class Lying:
    """A mail as it lies in a folder; `flags` without Recent, which is no flag of the mail."""

    uid: int
    flags: frozenset[str]
    content: bytes

    @property
    def subject(self) -> str:
        return str(message_from_bytes(self.content)["Subject"])


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
    """Those that reached somebody, by the relay or by the mailbox."""
    home: Path = Path()
    make_readers: Callable[[Settings], Any] = readers_of
    """Where its readers come from: children of its own, or a `ReadingRoom`."""
    _moment: list[datetime] = field(default_factory=list)

    @classmethod
    async def build(
        cls, folder: Path, toml: str, *, now: datetime = START, make_readers: Callable[[Settings], Any] = readers_of
    ) -> "World":
        """A fresh installation: keys, tables, contacts, inventory, and the lease taken."""
        moment = [now]
        settings, parts = _opened(folder, toml, moment)
        world = cls(parts, mailbox_of(settings), mailbox_of(settings), relay_of(settings), now, home=folder)
        world._moment, world.make_readers = moment, make_readers
        if parts.database.pending():
            parts.database.migrate()
        world.import_contacts(CONTACTS)
        world.import_inventory(INVENTORY)
        await world._start()
        return world

    async def restart(self, change: Callable[[str], str] = str) -> None:
        """Stop, let somebody edit the configuration, start again at the same moment."""
        await self.close()
        settings, self.parts = _opened(self.home, change((self.home / "daemon.toml").read_text("utf-8")), self._moment)
        self.mailbox, self.hands, self.relay = mailbox_of(settings), mailbox_of(settings), relay_of(settings)
        await self._start()

    async def _start(self) -> None:
        gen = self.parts.lease.acquire()
        assert gen is not None
        self.parts.gen = gen
        self.readers = self.make_readers(self.parts.settings)
        await self.readers.start()
        self.filing_box = mailbox_of(self.parts.settings)
        self.troubles = Troubles(self.parts, self._by_relay, self._by_mailbox)
        self.intake = Intake(self.parts, self.mailbox)
        self.settling = Settling(self.parts, self.readers)
        self.filing = Filing(self.parts, self.filing_box)
        self.sending = Sending(self.parts, self.relay, self.filing.has_sent)
        self.chase = Chase(self.parts, self.troubles)
        self.mornings = Mornings(self.parts)
        self.asking = Asking(self.parts)

    async def _by_relay(self, envelope: Envelope) -> None:
        async def unmarked() -> None:
            """An alarm has no row to mark."""

        await self.relay.send(envelope, unmarked)
        self.alarms.append(envelope)

    async def _by_mailbox(self, envelope: Envelope) -> None:
        await self.filing_box.append(self.parts.settings.mailbox.folder, envelope.content)
        self.alarms.append(envelope)

    async def close(self) -> None:
        """Everything closed, the lease given up."""
        self.parts.lease.release()
        await self.readers.close()
        for box in (self.mailbox, self.hands, self.filing_box):
            await box.close()
        await self.relay.close()
        self.parts.database.close()

    # What an operator does ─────────────────────────────────────────────────────────────────────────

    def import_contacts(self, text: str) -> None:
        """`import contacts`, whatever goes by it."""
        (self.home / "contacts.csv").write_text(text, "utf-8")
        import_contacts(self.parts, self.home / "contacts.csv", self.now, Wish(confirm=True))

    def import_inventory(self, text: str) -> None:
        """`import inventory`."""
        (self.home / "inventory.csv").write_text(text, "utf-8")
        import_inventory(self.parts, self.home / "inventory.csv", self.now, Wish())

    # What happens ──────────────────────────────────────────────────────────────────────────────────

    def pass_time(self, **delta: float) -> None:
        """Let time go by, for the wall clock and the steady one alike."""
        self.now += timedelta(**delta)
        self._moment[0] = self.now

    def move_to(self, day: datetime) -> None:
        """Let time go by until `day`."""
        self.pass_time(seconds=(day - self.now).total_seconds())

    async def arrives(self, raw: bytes, folder: str = "INBOX", *, at: datetime | None = None) -> None:
        """A mail arrives now, as INTERNALDATE tells."""
        await self.hands.append(folder, raw, (), at or self.now)

    async def settle_down(self, rounds: int = 12) -> None:
        """Run every station until a whole round of them changes nothing more."""
        self.parts.lease.renew()
        for _ in range(rounds):
            before = self._picture()
            for name, once in (
                ("mailbox", self.intake.once),
                ("settling", self.settling.once),
                ("relay", self.sending.once),
                ("filing", self.filing.once),
                ("overseeing", self.chase.once),
                ("overseeing", self.mornings.once),
                ("asking", self.asking.once),
            ):
                try:
                    while await once():
                        pass
                except Unavailable as trouble:
                    await self.troubles.met(name, trouble)
                else:
                    await self.troubles.over(name)
            if self._picture() == before:
                return
        raise AssertionError(f"still busy after {rounds} rounds")

    def _picture(self) -> list[Any]:
        """All that the stations change, but for the times of their last look."""
        queries = (
            "SELECT id, state, fate, filed, wanted_folder, crashes, told_ops_at, reminded_day FROM mail",
            "SELECT id, state, stage, sent_filed, resends FROM letter",
            "SELECT id, state, reason, told_ops_at, reminded_day FROM item",
            "SELECT mail_id, folder, uidvalidity, uid, gone FROM place",
            "SELECT id, state, party, rung, foretold_for, handed_over FROM want",
        )
        return [self.rows(query) for query in queries]

    # What a person does in the shared mailbox ──────────────────────────────────────────────────────

    async def by_hand(self, act: Callable[[IMAPClient], Any]) -> Any:
        """What a person's mail program does; a connection of its own."""
        box = self.parts.settings.mailbox

        def run() -> Any:
            with IMAPClient(box.host, box.port, ssl=False) as program:
                program.login(box.username, box.secret())
                return act(program)

        return await asyncio.to_thread(run)

    async def drag(self, source: str, target: str, subject: str = "") -> int:
        """Drag the mails of `source` with this subject (empty: all) to `target`; how many there were."""
        uids = [mail.uid for mail in await self.lying(source) if not subject or mail.subject == subject]

        def act(program: IMAPClient) -> None:
            program.select_folder(source)
            program.move(uids, target)

        if uids:
            await self.by_hand(act)
        return len(uids)

    async def expunge(self, folder: str) -> None:
        """Empty a folder for good."""

        def act(program: IMAPClient) -> None:
            program.select_folder(folder)
            program.delete_messages(program.search())
            program.expunge()

        await self.by_hand(act)

    async def lying(self, folder: str) -> list[Lying]:
        """The mails that lie in a folder, looked at without a trace."""

        def act(program: IMAPClient) -> list[Lying]:
            program.select_folder(folder, readonly=True)
            found = program.fetch(program.search(), ["FLAGS", "BODY.PEEK[]"]) if program.search() else {}
            return [
                Lying(uid, frozenset(f.decode() for f in data[b"FLAGS"]) - {"\\Recent"}, data[b"BODY[]"])
                for uid, data in sorted(found.items())
            ]

        lying: list[Lying] = await self.by_hand(act)
        return lying

    async def folder(self, name: str) -> list[Message]:
        """The mails that lie in a folder."""
        uidvalidity, uids = await self.hands.all_uids(name)
        return [message_from_bytes(raw.content) for raw in await self.hands.fetch(name, uidvalidity, uids)]

    # What the database says ────────────────────────────────────────────────────────────────────────

    def rows(self, query: str, **values: Any) -> list[Any]:
        """What the database says."""
        with self.parts.database.read() as connection:
            return list(connection.execute(sa.text(query), values).all())

    def one(self, query: str, **values: Any) -> Any:
        """The single value that the database says."""
        with self.parts.database.read() as connection:
            return connection.execute(sa.text(query), values).scalar()

    def overview(self) -> Overview:
        """What `status` shows."""
        with self.parts.database.read() as connection:
            return overview(connection, self.parts.policy, US, self.now)


def _opened(folder: Path, toml: str, moment: list[datetime]) -> tuple[Settings, Parts]:
    """The parts by this configuration, under the clock `moment`; with keys, where there are none yet."""
    if not (folder / "keys").exists():
        vault.new_key_file(folder / "keys")
    (folder / "daemon.toml").write_text(toml, "utf-8")
    (folder / "daemon.toml").chmod(0o600)
    settings = load(folder / "daemon.toml", {})

    def elapsed_s() -> float:
        return (moment[0] - START).total_seconds()

    return settings, build(settings, Clock(lambda: moment[0], elapsed_s))


def text_of(content: bytes) -> str:
    """The plain text of a letter."""
    parts = [p for p in message_from_bytes(content).walk() if p.get_content_type() == "text/plain"]
    return parts[0].get_payload(decode=True).decode()


def flat(content: bytes) -> str:
    """The plain text of a letter on one line, so that a sentence is found wherever its lines break."""
    return " ".join(text_of(content).split())


def subject_of(content: bytes) -> str:
    """The decoded subject of a letter."""
    return " ".join(str(make_header(decode_header(message_from_bytes(content)["Subject"]))).split())
