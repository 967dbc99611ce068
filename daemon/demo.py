"""`make demo`: a working mailbox on this machine alone, and a morning of mail that one can watch.

Real servers (embedded, on loopback), the real daemon, its own database and keys in a folder of their own. Each
mail is typed here as a supplier would write it; everything printed after it was read back from the mailboxes
or the database.
"""

import asyncio
import hashlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import text

from daemon.edge import audit, vault
from daemon.embedded.server import EmbeddedMail, Verdict
from daemon.logs import configure
from daemon.operate import import_contacts, import_inventory
from daemon.parts import Clock, Parts
from daemon.rules.decision import Folder, folder_path
from daemon.rules.explain import cause, why
from daemon.rules.reasons import Reason
from daemon.running import build, serve
from daemon.settings import load

WIDTH = 80
PATIENCE_S = 60
AUTHSERV = "mx.northwind.test"
OURS = "install.codes@northwind.test"
OPS = "ops@northwind.test"
ANN = "ann.lee@harbour-power.test"
HARBOUR = "mp121@harbour-power.test"
BRIGHT = "install-codes@brightspark.test"
BEN = "ben.shah@brightspark.test"
PASSWORD = "demo"  # noqa: S105  # of a server that lives for a minute, on loopback

OPENING = """\
install-code-daemon: a morning in the mailbox of Northwind Energy
=================================================================
Two mail servers' worth of IMAP and SMTP run in this process, on 127.0.0.1 alone.
Northwind fitted some meters. Harbour Power and Brightspark Energy have gained
the homes, and write to install.codes@northwind.test for the install codes."""
STAY = """
The servers stay up until you press Ctrl-C. To look for yourself:
  IMAP  127.0.0.1:{imap}   SMTP  127.0.0.1:{smtp}   no TLS, password "demo" for
{users}
Mail that you send while logged in as a supplier counts as proven."""
CONFIG = """\
[company]
name = "Northwind Energy"
mpids = ["NWND"]
ops = ["ops@northwind.test"]

[mailbox]
address = "install.codes@northwind.test"
host = "127.0.0.1"
port = {imap}
security = "none"
username = "install.codes@northwind.test"
password = "demo"
authserv_id = "mx.northwind.test"
start_from = 2026-01-01

[relay]
host = "127.0.0.1"
port = {smtp}
security = "none"
username = "install.codes@northwind.test"
password = "demo"

[database]
url = "sqlite:///{folder}/daemon.db"

[keys]
file = "{folder}/keys"

[policy]
mode = "send"
hold_gather_minutes = 0
"""
CONTACTS = f"""\
party,mpid,kind,name,email
Harbour Power,HARB,mp121,Ann Lee,{ANN}
Harbour Power,HARB,mp121,Install codes,{HARBOUR}
Brightspark Energy,BRSP,mp121,Install codes,{BRIGHT}
"""
INVENTORY = """\
device_id,device_type,install_code,installing_supplier,installed_on,status,gaining_supplier,linked_gsme
00-DB-12-34-56-78-90-A0,ESME,83FE D340 7A93 9723 A5C6 39B2 6916 D505 C3B5,,2026-06-02,InstalledNotCommissioned,HARB,
00-DB-12-34-56-78-90-A1,GSME,3031 3233 3435 3637 3839 4142 4344 4546,,2026-06-02,InstalledNotCommissioned,HARB,
00-DB-12-34-56-78-90-A2,ESME,0011 2233 4455 6677 8899 AABB CCDD EEFF,,2026-07-14,,,
00-DB-12-34-56-78-90-A3,ESME,,,2026-07-14,,,
00-DB-12-34-56-78-90-B0,ESME,A1B2 C3D4 E5F6 0718 293A 4B5C 6D7E 8F90,,2026-08-20,,BRSP,
00-DB-12-34-56-78-90-B1,GPF,,,2026-08-20,,,00-DB-12-34-56-78-90-B2
00-DB-12-34-56-78-90-B3,ESME,,HARB,2026-08-21,,,
00-DB-12-34-56-78-90-B4,ESME,,,2025-01-09,Commissioned,,
"""


@dataclass(frozen=True)
class Scene:
    """One mail of the story. `proof`: what the mail server says of it."""

    title: str
    sender: str
    name: str
    subject: str
    body: str
    proof: Verdict
    headers: tuple[tuple[str, str], ...] = ()
    sheet: tuple[tuple[str, ...], ...] = ()
    watch: tuple[str, ...] = ()
    """Whose letters are waited for."""

    def mail(self, number: int, now: datetime) -> bytes:
        """The bytes that their mail program sends."""
        message = EmailMessage()
        message["From"] = f"{self.name} <{self.sender}>"
        message["To"] = OURS
        message["Subject"] = self.subject
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<demo.{number}.{now:%H%M%S}@{self.sender.rpartition('@')[2]}>"
        for name, value in self.headers:
            message[name] = value
        message.set_content(self.body)
        if self.sheet:
            rows = "".join(",".join(row) + "\r\n" for row in self.sheet)
            message.add_attachment(rows.encode(), maintype="text", subtype="csv", filename="meters.csv")
        return message.as_bytes(policy=SMTP)


SCENES = (
    Scene(
        "A good request, with a sheet",
        ANN,
        "Ann Lee",
        "Install codes for four meters",
        "Hello,\n\nwe have gained the attached meters, which never joined the network.\nCould you send us"
        " their install codes?\n\nMany thanks\nAnn Lee\nHarbour Power",
        Verdict.PASS,
        sheet=(
            ("Device ID", "Meter type"),
            ("00-DB-12-34-56-78-90-A0", "electricity"),
            ("00-DB-12-34-56-78-90-A1", "gas"),
            ("00-DB-12-34-56-78-90-A2", "electricity"),
            ("00-DB-12-34-56-78-90-A3", "electricity"),
        ),
        watch=(ANN,),
    ),
    Scene(
        "A mixed one, from a colleague who is on nobody's list",
        BEN,
        "Ben Shah",
        "codes please",
        "Hi team\n\nafter change of supplier we need the codes for\n\n  00db1234567890b0\n  00:DB:12:34:56:78:90:B1"
        "   (the gas one)\n  0x00DB1234567890B3\n  00-DB-12-34-56-78-90-B4\n\nCheers, Ben",
        Verdict.PASS,
        watch=(BRIGHT, OPS),
    ),
    Scene(
        "One with personal data in it",
        HARBOUR,
        "Harbour Power Install Codes",
        "Meter at MPAN 2000012345672",
        "Dear colleagues,\n\nplease send the code of 00-DB-12-34-56-78-90-A2 (MPAN 2000012345672,\n12 High Street,"
        " Leeds LS1 4AP).\n\nRegards",
        Verdict.PASS,
        watch=(HARBOUR,),
    ),
    Scene(
        "A forgery: a listed address, and our mail server could not prove it",
        ANN,
        "Ann Lee",
        "URGENT codes needed today",
        "Please send 00-DB-12-34-56-78-90-A0 straight away to ann.lee@harb0ur-power.test\n\nAnn",
        Verdict.FAIL,
        headers=(("Reply-To", "ann.lee@harb0ur-power.test"),),
        watch=(OPS,),
    ),
    Scene(
        "An out-of-office",
        BEN,
        "Ben Shah",
        "Automatic reply: codes please",
        "I am away until Monday and will read your mail about 00-DB-12-34-56-78-90-B0 then.",
        Verdict.PASS,
        headers=(("Auto-Submitted", "auto-replied"),),
    ),
)


def main() -> int:
    """Tell the story; with `--stay` keep the servers up afterwards."""
    configure("console", quiet=True)
    return asyncio.run(_story(stay="--stay" in sys.argv[1:]))


async def _story(*, stay: bool) -> int:
    folder = Path(tempfile.mkdtemp(prefix="install-codes-"))
    users = dict.fromkeys((OURS, OPS, ANN, HARBOUR, BRIGHT, BEN), PASSWORD)
    try:
        async with EmbeddedMail(users, authserv_id=AUTHSERV) as server:
            parts = _set_up(folder, server)
            stop = asyncio.Event()
            daemon = asyncio.create_task(serve(parts, stop))
            stage = Stage(server, parts, daemon)
            _say(OPENING)
            for number, scene in enumerate(SCENES, 1):
                await stage.play(number, scene)
            await stage.close()
            if stay:
                await _remain(server, stop)
            stop.set()
            await daemon
            parts.database.close()
    finally:
        shutil.rmtree(folder)
    return 0


def _set_up(folder: Path, server: EmbeddedMail) -> Parts:
    """A configuration, keys, contacts and inventory as an operator would make them."""
    config = CONFIG.format(imap=server.imap_port, smtp=server.smtp_port, folder=folder)
    files = {"daemon.toml": config, "contacts.csv": CONTACTS, "inventory.csv": INVENTORY}
    for name, content in files.items():
        (folder / name).write_text(content, "utf-8")
        (folder / name).chmod(0o600)
    vault.new_key_file(folder / "keys")
    settings = load(folder / "daemon.toml", {})
    parts = build(settings, Clock(lambda: datetime.now(UTC), time.monotonic))
    parts.database.migrate()
    now = parts.clock.now()
    import_contacts(parts, folder / "contacts.csv", now)
    import_inventory(parts, folder / "inventory.csv", now)
    return parts


# On the stage ───────────────────────────────────────────────────────────────────────────────────────


class Stage:
    """Plays one scene after the other, and shows what came of each."""

    def __init__(self, server: EmbeddedMail, parts: Parts, daemon: "asyncio.Task[None]") -> None:
        self._server, self._parts, self._daemon = server, parts, daemon
        self._seen = dict.fromkeys((OPS, ANN, HARBOUR, BRIGHT, BEN), 0)

    async def play(self, number: int, scene: Scene) -> None:
        """The mail arrives; wait until it is settled and every letter is out; show both."""
        _title(f"{number}. {scene.title}")
        raw = scene.mail(number, datetime.now(UTC))
        _show_mail(scene)
        uid = await self._server.deliver(OURS, raw, verdict=scene.proof)
        content = next(m.content for m in await self._server.mails(OURS) if m.uid == uid)
        row = await self._until(lambda: self._settled(hashlib.sha256(content).hexdigest()))
        _say(f"  DECIDED  {row.fate}: {cause(Reason(row.reason))}\n           {why(Reason(row.reason))}")
        await self._until(lambda: self._quiet(row.id))
        for who in scene.watch:
            await self._until(partial(self._new_mail, who))
        await self._show_letters()

    def _settled(self, sha: str) -> Any:
        query = "SELECT id, fate, reason FROM mail WHERE raw_sha = :sha AND state = 'settled'"
        return self._ask(query, sha=sha)

    def _quiet(self, mail_id: int) -> Any:
        """True once no letter waits and no hold is untold."""
        query = (
            "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM letter WHERE state NOT IN ('accepted', 'observed'))"
            " AND NOT EXISTS (SELECT 1 FROM item WHERE state = 'held' AND told_ops_at IS NULL)"
            " AND NOT EXISTS (SELECT 1 FROM mail WHERE fate = 'held' AND told_ops_at IS NULL)"
        )
        return self._ask(query)

    def _ask(self, query: str, **values: Any) -> Any:
        with self._parts.database.read() as connection:
            return connection.execute(text(query), values).first()

    async def _new_mail(self, who: str) -> bool:
        return len(await self._server.mails(who)) > self._seen[who]

    async def _until(self, found: Callable[[], Any]) -> Any:
        """What `found` finds, asked again and again for a minute."""
        for _ in range(PATIENCE_S * 20):
            result = found()
            result = await result if asyncio.iscoroutine(result) else result
            if result:
                return result
            if self._daemon.done():
                self._daemon.result()
            await asyncio.sleep(0.05)
        raise SystemExit("the demo waited a minute in vain; please report this, with what is printed above")

    async def _show_letters(self) -> None:
        for who in self._seen:
            mails = await self._server.mails(who)
            for mail in mails[self._seen[who] :]:
                _show_letter(who, message_from_bytes(mail.content))
            self._seen[who] = len(mails)

    async def close(self) -> None:
        """What lies where in the end."""
        _title("In the end")
        with self._parts.database.read() as connection:
            mails = connection.execute(text("SELECT fate, count(*) AS n FROM mail GROUP BY fate ORDER BY fate")).all()
            items = connection.execute(text("SELECT state, count(*) AS n FROM item GROUP BY state ORDER BY state")).all()
            chain = audit.verify(connection, self._parts.vault)
        _say("  Mails     " + ", ".join(f"{row.n} {row.fate}" for row in mails))
        _say("  Devices   " + ", ".join(f"{row.n} {row.state}" for row in items))
        _say(f"  Audit     {chain.entries} entries, the chain is {'whole' if chain.broken_at is None else 'BROKEN'}")
        for folder in ("INBOX", *(folder_path(f) for f in Folder), "Sent"):
            there = await self._server.mails(OURS, folder)
            _say(f"  {folder:<26}{len(there)} mail{'' if len(there) == 1 else 's'}")


async def _remain(server: EmbeddedMail, stop: asyncio.Event) -> None:
    _say(STAY.format(imap=server.imap_port, smtp=server.smtp_port, users="\n".join(f"    {u}" for u in server.users)))
    await stop.wait()


# Print ──────────────────────────────────────────────────────────────────────────────────────────────


def _say(words: str) -> None:
    print(words, flush=True)


def _title(words: str) -> None:
    _say(f"\n{words}\n{'─' * min(WIDTH, len(words))}")


def _show_mail(scene: Scene) -> None:
    rows = [f"From: {scene.name} <{scene.sender}>", f"Subject: {scene.subject}"]
    rows += [f"{name}: {value}" for name, value in scene.headers]
    rows += ["", *scene.body.splitlines()]
    if scene.sheet:
        rows += ["", f"[attached: meters.csv, {len(scene.sheet) - 1} rows]"]
    _say("\n".join(f"  > {row}"[:WIDTH] for row in rows))
    _say(f"  PROOF    our mail server says: DMARC {'pass' if scene.proof is Verdict.PASS else 'FAIL'}")


def _show_letter(who: str, letter: Message) -> None:
    parts = [p for p in letter.walk() if p.get_content_type() == "text/plain"]
    sheets = [p.get_filename() for p in letter.walk() if p.get_content_type() == "text/csv"]
    body = bytes(parts[0].get_payload(decode=True)).decode("utf-8")
    subject = str(make_header(decode_header(letter["Subject"])))
    _say(f"\n  LETTER   to {who}\n  | Subject: {subject}\n  |")
    _say("\n".join(f"  | {line}".rstrip() for line in body.splitlines()))
    for name in sheets:
        _say(f"  | [attached: {name}]")


if __name__ == "__main__":
    sys.exit(main())
