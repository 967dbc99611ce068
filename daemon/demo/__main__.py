"""`make demo`: a working mailbox on this machine alone, and a morning of mail that one can watch.

Real servers (embedded, on loopback), the real daemon, its own database and keys in a folder of their own. Each
mail is typed as a supplier would write it (`embedded/story.py`); all that is printed after it was read back from
the mailboxes or the database.
"""

import asyncio
import hashlib
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from functools import partial
from pathlib import Path
from textwrap import wrap
from typing import Any

from sqlalchemy import text

from daemon.console.importing import import_contacts, import_inventory
from daemon.demo import story
from daemon.demo.story import Scene
from daemon.edge import audit, vault
from daemon.edge.database import int_to_eui
from daemon.embedded.server import EmbeddedMail, Verdict
from daemon.logs import configure
from daemon.parts import Clock, Parts
from daemon.rules.decision import Fate, Folder, folder_path
from daemon.rules.explain import cause, why
from daemon.rules.reasons import Reason
from daemon.running import build, serve
from daemon.settings import load

WIDTH = 80
PATIENCE_S = 60.0
LOOK_EVERY_S = 0.05


def main() -> int:
    """Tell the story; with `--stay` keep the servers up afterwards."""
    configure("console", quiet=True)
    return asyncio.run(_story(stay="--stay" in sys.argv[1:]))


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # the story happens today


async def _story(*, stay: bool) -> int:
    folder = Path(tempfile.mkdtemp(prefix="install-codes-"))
    try:
        async with EmbeddedMail(dict.fromkeys(story.USERS, story.PASSWORD), authserv_id=story.AUTHSERV) as server:
            parts = _set_up(folder, server)
            stop = asyncio.Event()
            daemon = asyncio.create_task(serve(parts, stop))
            _say(story.OPENING)
            stage = Stage(server, parts, daemon)
            for number, scene in enumerate(story.SCENES, 1):
                await stage.play(number, scene)
            await stage.close()
            if stay:
                _say(story.how_to_connect(server.imap_port, server.smtp_port))
                await stop.wait()
            stop.set()
            await daemon
            parts.database.close()
    finally:
        shutil.rmtree(folder)
    return 0


def _set_up(folder: Path, server: EmbeddedMail) -> Parts:
    """A configuration, keys, contacts and inventory as an operator would make them."""
    config = story.CONFIG.format(imap=server.imap_port, smtp=server.smtp_port, folder=folder)
    for name, content in (
        ("daemon.toml", config),
        ("contacts.csv", story.CONTACTS),
        ("inventory.csv", story.INVENTORY),
    ):
        (folder / name).write_text(content, "utf-8")
        (folder / name).chmod(0o600)
    vault.new_key_file(folder / "keys")
    parts = build(load(folder / "daemon.toml", {}), Clock(_now, time.monotonic))
    parts.database.migrate()
    import_contacts(parts, folder / "contacts.csv", _now())
    import_inventory(parts, folder / "inventory.csv", _now())
    return parts


class Stage:
    """Plays one scene after the other, and shows what came of each."""

    def __init__(self, server: EmbeddedMail, parts: Parts, daemon: "asyncio.Task[None]") -> None:
        self._server, self._parts, self._daemon = server, parts, daemon
        self._seen = {user: 0 for user in story.USERS if user != story.OURS}

    async def play(self, number: int, scene: Scene) -> None:
        """The mail arrives; wait until it is settled and every letter is out; show both."""
        _title(f"{number}. {scene.title}")
        _show_mail(scene)
        uid = await self._server.deliver(story.OURS, scene.mail(number, _now()), verdict=scene.proof)
        content = next(m.content for m in await self._server.mails(story.OURS) if m.uid == uid)
        mail = await self._until(partial(self._settled, hashlib.sha256(content).hexdigest()))
        self._show_decision(mail)
        await self._until(self._quiet)
        for who in scene.watch:
            await self._until(partial(self._has_mail, who))
        await self._show_letters()

    async def close(self) -> None:
        """What lies where in the end."""
        _title("In the end")
        for what, query in (("Mails", "fate AS name FROM mail"), ("Devices", "state AS name FROM item")):
            rows = self._ask(f"SELECT count(*) AS n, {query} GROUP BY name ORDER BY name")
            _say(f"  {what:<26}" + ", ".join(f"{row.n} {row.name}" for row in rows))
        with self._parts.database.read() as connection:
            chain = audit.verify(connection, self._parts.vault)
        _say(f"  {'Audit trail':<26}{chain.entries} entries, {'whole' if chain.broken_at is None else 'BROKEN'}")
        for folder in ("INBOX", *(folder_path(f) for f in Folder), "Sent"):
            _say(f"  {folder:<26}{len(await self._server.mails(story.OURS, folder))}")

    # What the database says ────────────────────────────────────────────────────────────────────────

    async def _settled(self, sha: str) -> Any:
        query = "SELECT id, fate, reason, case_id FROM mail WHERE raw_sha = :sha AND state = 'settled'"
        return next(iter(self._ask(query, sha=sha)), None)

    async def _quiet(self) -> bool:
        """No letter waits, and no hold is untold."""
        waiting = (
            "SELECT 1 FROM letter WHERE state NOT IN ('accepted', 'observed')",
            "SELECT 1 FROM item WHERE state = 'held' AND told_ops_at IS NULL",
            "SELECT 1 FROM mail WHERE fate = 'held' AND case_id IS NULL AND told_ops_at IS NULL",
        )
        return not any(self._ask(query) for query in waiting)

    async def _has_mail(self, who: str) -> bool:
        return len(await self._server.mails(who)) > self._seen[who]

    def _ask(self, query: str, **values: Any) -> list[Any]:
        with self._parts.database.read() as connection:
            return list(connection.execute(text(query), values).all())

    async def _until(self, found: Callable[[], Awaitable[Any]]) -> Any:
        """What `found` finds, asked again and again for a minute."""
        last = time.monotonic() + PATIENCE_S
        while time.monotonic() < last:
            if result := await found():
                return result
            if self._daemon.done():
                self._daemon.result()
            await asyncio.sleep(LOOK_EVERY_S)
        raise SystemExit("the demo waited a minute in vain; please report this, with what is printed above")

    # Print ─────────────────────────────────────────────────────────────────────────────────────────

    def _show_decision(self, mail: Any) -> None:
        fate = "" if mail.fate == Fate.DECIDED else f"{mail.fate}: "
        _marked("DECIDED", f"{fate}{cause(Reason(mail.reason))}")
        if mail.case_id is None:
            _marked("", why(Reason(mail.reason)))
        query = "SELECT device_id, state, outcome, reason FROM item WHERE case_id = :case ORDER BY id"
        for item in self._ask(query, case=mail.case_id):
            told = item.outcome if item.state == "answered" else f"{item.state}: {cause(Reason(item.reason))}"
            _marked("", f"{int_to_eui(item.device_id)}  {told}")

    async def _show_letters(self) -> None:
        for who in self._seen:
            mails = await self._server.mails(who)
            for mail in mails[self._seen[who] :]:
                _show_letter(who, message_from_bytes(mail.content))
            self._seen[who] = len(mails)


def _say(words: str) -> None:
    print(words, flush=True)


def _title(words: str) -> None:
    _say(f"\n\n{words}\n{'─' * min(WIDTH, len(words))}")


def _marked(mark: str, words: str) -> None:
    """`words` in the second column, the mark before their first line."""
    for number, line in enumerate(wrap(words, WIDTH - 11) or [""]):
        _say(f"  {'' if number else mark:<9}{line}".rstrip())


def _show_mail(scene: Scene) -> None:
    rows = [f"From: {scene.name} <{scene.sender}>", f"Subject: {scene.subject}"]
    rows += [f"{name}: {value}" for name, value in scene.headers]
    rows += ["", *scene.body.splitlines()]
    if scene.sheet:
        rows += ["", f"[attached: meters.csv, {len(scene.sheet) - 1} devices]"]
    _say("\n".join(f"  > {row}".rstrip() for row in rows) + "\n")
    _marked("PROOF", f"our mail server says: DMARC {'pass' if scene.proof is Verdict.PASS else 'FAIL'}")


def _show_letter(who: str, letter: Message) -> None:
    parts = list(letter.walk())
    body = next(bytes(p.get_payload(decode=True)) for p in parts if p.get_content_type() == "text/plain")
    subject = " ".join(str(make_header(decode_header(letter["Subject"]))).split())
    _say("")
    _marked("LETTER", f"to {who}")
    lines = [*wrap(f"Subject: {subject}", WIDTH - 4), "", *body.decode("utf-8").splitlines()]
    lines += [f"[attached: {p.get_filename()}]" for p in parts if p.get_content_type() == "text/csv"]
    _say("\n".join(f"  | {line}".rstrip() for line in lines))


if __name__ == "__main__":
    sys.exit(main())
