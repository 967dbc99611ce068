"""`make demo`: a working mailbox on this machine alone, and two weeks of mail that one can watch.

Real servers (embedded, on loopback), the real daemon, its own database and keys in a folder of their own. Each
mail is typed as a person would write it (`story`); all that is printed after it was read back from the mailboxes or
the database. The days are given: the clock runs as any does, and is moved between scenes.
"""

import argparse
import asyncio
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import text

from daemon.console.importing import import_contacts, import_inventory
from daemon.demo import company, story, telling
from daemon.demo.story import Day, Part, Scene
from daemon.edge import audit, vault
from daemon.edge.database import int_to_eui
from daemon.embedded.server import EmbeddedMail
from daemon.logs import configure
from daemon.parts import Clock, Parts
from daemon.rules.decision import Fate, Folder, folder_path
from daemon.rules.explain import cause, why
from daemon.rules.reasons import Reason
from daemon.running import build, serve
from daemon.settings import load

PATIENCE_S = 60.0
LOOK_EVERY_S = 0.05
_BUSY = (
    "SELECT 1 FROM mail WHERE state <> 'settled'",
    "SELECT 1 FROM letter WHERE state NOT IN ('accepted', 'observed')",
    "SELECT 1 FROM item WHERE state = 'held' AND told_ops_at IS NULL",
    "SELECT 1 FROM mail WHERE fate = 'held' AND case_id IS NULL AND told_ops_at IS NULL",
    "SELECT 1 FROM want WHERE state = 'answered' AND NOT handed_over",
)
"""While one of these finds something, letters are still to come."""
_UNFILED = (
    "SELECT 1 FROM mail WHERE wanted_folder IS NOT NULL AND NOT filed",
    "SELECT 1 FROM letter WHERE NOT sent_filed",
)
_WANT_SAID = {
    "ordered": "to be asked of {party}",
    "asked": "asked of {party}",
    "promised": "{party} is looking for it",
    "answered": "CODE, from {party}",
}


class Days:
    """The story's clock: it runs as any does, and can be moved on. Both hands move, so that it is no jump to anybody."""

    def __init__(self) -> None:
        self._began_s, self._skipped_s = time.monotonic(), 0.0

    def elapsed_s(self) -> float:
        """Seconds since the story began."""
        return time.monotonic() - self._began_s + self._skipped_s

    def now(self) -> datetime:
        """The time in the story."""
        return story.BEGIN + timedelta(seconds=self.elapsed_s())

    def move_to(self, at: datetime) -> None:
        """Let time go by until `at`."""
        self._skipped_s += (at - self.now()).total_seconds()


def main() -> int:
    """Tell the story; with `--stay` keep the servers up afterwards."""
    asked = argparse.ArgumentParser(
        prog="make demo", description="Two weeks of mail in ten seconds, on this machine alone."
    )
    asked.add_argument("--stay", action="store_true", help="keep the servers up afterwards, to write to it yourself")
    stay = asked.parse_args().stay
    configure("console", quiet=True)
    try:
        return asyncio.run(_story(stay=stay))
    except BrokenPipeError:  # whoever reads has seen enough: `make demo | less`, and q
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more
        return 0


async def _story(*, stay: bool) -> int:
    folder, days = Path(tempfile.mkdtemp(prefix="install-codes-")), Days()
    users = dict.fromkeys(company.USERS, company.PASSWORD)
    try:
        async with EmbeddedMail(users, authserv_id=company.AUTHSERV, now=days.now) as server:
            parts = _set_up(folder, server, days)
            stop = asyncio.Event()
            daemon = asyncio.create_task(serve(parts, stop))
            try:
                _say(story.OPENING)
                await Stage(server, parts, daemon, days, folder).play_all()
                if not stay:
                    _say(story.AFTERWARDS)
                else:
                    _say(company.how_to_connect(server.imap_port, server.smtp_port))
                    await stop.wait()
            finally:
                stop.set()
                await daemon
                parts.database.close()
    finally:
        shutil.rmtree(folder)
    return 0


def _set_up(folder: Path, server: EmbeddedMail, days: Days) -> Parts:
    """A configuration, keys, contacts and inventory as an operator would make them."""
    config = company.CONFIG.format(imap=server.imap_port, smtp=server.smtp_port, folder=folder)
    for name, content in (
        ("daemon.toml", config),
        ("contacts.csv", company.CONTACTS),
        ("inventory.csv", company.INVENTORY),
    ):
        (folder / name).write_text(content, "utf-8")
        (folder / name).chmod(0o600)
    vault.new_key_file(folder / "keys")
    parts = build(load(folder / "daemon.toml", {}), Clock(days.now, days.elapsed_s))
    parts.database.migrate()
    import_contacts(parts, folder / "contacts.csv", days.now())
    import_inventory(parts, folder / "inventory.csv", days.now())
    return parts


class Stage:
    """Plays one scene after the other, and shows what came of each."""

    def __init__(
        self, server: EmbeddedMail, parts: Parts, daemon: "asyncio.Task[None]", days: Days, folder: Path
    ) -> None:
        self._server, self._parts, self._daemon, self._days, self._folder = server, parts, daemon, days, folder
        self._seen = {user: 0 for user in company.USERS if user != company.OURS}
        self._devices: dict[tuple[str, int], tuple[str, str]] = {}
        self._letters = telling.Letters()

    async def play_all(self) -> None:
        """The whole story, and what lies where in the end."""
        number = 0
        for step in story.STORY:
            match step:
                case Part():
                    _say(telling.title(step.title, "═"))
                case Scene():
                    number += 1
                    await self._play(number, step)
                case Day():
                    await self._pass(step)
        await self._close()

    async def _play(self, number: int, scene: Scene) -> None:
        """The mail arrives; wait until it is settled and every letter is out; show both."""
        letter = await self._answered(scene)
        if letter is not None:
            scene = replace(scene, subject=f"Re: {telling.subject_of(letter)}")
        _say(f"{telling.title(f'{number}. {scene.title}')}\n{telling.told(scene.told)}\n{telling.mail_shown(scene)}")
        thread = (str(letter["Message-ID"]), telling.text_of(letter)) if letter is not None else ()
        raw = scene.mail(number, self._days.now(), *thread)
        uid = await self._server.deliver(company.OURS, raw, verdict=scene.proof)
        content = next(m.content for m in await self._server.mails(company.OURS) if m.uid == uid)
        mail = await self._until(partial(self._settled, hashlib.sha256(content).hexdigest()))
        await self._calm(scene.watch)
        fate = "" if mail.fate == Fate.DECIDED else f"{mail.fate}: "
        _say(telling.marked("DECIDED", f"{fate}{cause(Reason(mail.reason))}"))
        if mail.fate != Fate.DECIDED and mail.case_id is None:
            _say(telling.marked("", why(Reason(mail.reason))))
        await self._show("")

    async def _pass(self, day: Day) -> None:
        """Days go by, and the daemon does by itself what is due."""
        _say(f"{telling.title(day.title)}\n{telling.told(day.told)}")
        self._days.move_to(day.at)
        await asyncio.to_thread(import_inventory, self._parts, self._folder / "inventory.csv", self._days.now())
        self._parts.wakes.ring_all()
        await self._calm(day.watch)
        await self._show("DUE")

    async def _show(self, mark: str) -> None:
        """The devices that moved, and the letters that arrived."""
        moved = self._moved()
        for device, words in moved:
            _say(telling.marked(mark if device is moved[0][0] else "", f"{device}  {words}"))
        new: dict[str, list[tuple[str, Message]]] = {}
        for who in self._seen:
            mails = await self._server.mails(who)
            for letter in [message_from_bytes(mail.content) for mail in mails[self._seen[who] :]]:
                words = telling.same_words(f"{telling.subject_of(letter)} {telling.text_of(letter)}")
                new.setdefault(words, []).append((who, letter))
            self._seen[who] = len(mails)
        for same in new.values():
            _say(self._letters.shown([who for who, _ in same], same[0][1]))

    async def _close(self) -> None:
        """What lies where in the end."""
        await self._until(partial(self._done, _UNFILED))
        _say(telling.title("In the end"))
        counts = (
            ("Mails", "mail", "fate"),
            ("Devices asked of us", "item", "state"),
            ("Devices that we asked for", "want", "state"),
        )
        for what, table, column in counts:
            query = f"SELECT count(*) AS n, {column} AS name FROM {table} GROUP BY name ORDER BY name"
            _say(f"  {what:<27}" + ", ".join(f"{row.n} {row.name}" for row in self._ask(query)))
        with self._parts.database.read() as connection:
            chain = audit.verify(connection, self._parts.vault)
        _say(f"  {'Audit trail':<27}{chain.entries} entries, {'whole' if chain.broken_at is None else 'BROKEN'}")
        for folder in ("INBOX", *(folder_path(f) for f in Folder), "Sent"):
            _say(f"  {folder:<27}{len(await self._server.mails(company.OURS, folder))}")

    # What the mailboxes and the database say ───────────────────────────────────────────────────────

    async def _answered(self, scene: Scene) -> Message | None:
        """The letter that the scene replies to."""
        if scene.answers is None:
            return None
        who, words = scene.answers
        letters = [message_from_bytes(mail.content) for mail in await self._server.mails(who)]
        return [one for one in letters if words in " ".join(telling.text_of(one).split())][-1]

    async def _settled(self, sha: str) -> Any:
        query = "SELECT fate, reason, case_id FROM mail WHERE raw_sha = :sha AND state = 'settled'"
        return next(iter(self._ask(query, sha=sha)), None)

    async def _calm(self, watch: tuple[str, ...]) -> None:
        """Until each of these has a new letter, and no other is still to come."""
        for who in watch:
            await self._until(partial(self._has_mail, who))
        await self._until(partial(self._done, _BUSY))

    async def _done(self, queries: tuple[str, ...]) -> bool:
        return not any(self._ask(query) for query in queries)

    async def _has_mail(self, who: str) -> bool:
        return len(await self._server.mails(who)) > self._seen[who]

    def _moved(self) -> list[tuple[str, str]]:
        """The devices that stand elsewhere than when this was last asked, each with where."""
        now: dict[tuple[str, int], tuple[str, str]] = {}
        now |= {("item", row.id): (int_to_eui(row.device_id), _item_said(row)) for row in self._ask(_ITEMS)}
        now |= {("want", row.id): (int_to_eui(row.device_id), _want_said(row)) for row in self._ask(_WANTS)}
        moved = [found for key, found in now.items() if self._devices.get(key) != found]
        self._devices = now
        return moved

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


_ITEMS = "SELECT id, device_id, state, outcome, reason FROM item ORDER BY id"
_WANTS = "SELECT id, device_id, state, party, rung FROM want ORDER BY id"


def _item_said(row: Any) -> str:
    return str(row.outcome) if row.state == "answered" else f"{row.state}: {cause(Reason(row.reason))}"


def _want_said(row: Any) -> str:
    words = _WANT_SAID.get(row.state, "{state}").format_map(row._mapping)  # noqa: SLF001  # SQLAlchemy's public name
    return f"{words}; chased" if row.rung and row.state != "answered" else words


def _say(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
