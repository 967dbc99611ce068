"""Station: keep what the mailbox holds.

Every mail is kept, bytes and place, before anything is made of it. New UIDs are asked for at every look; the
whole folder is held against what we know at start and every ten minutes, because people move mail about and
servers renumber it. The cursor moves after the commit that keeps what lies before it, and never past a mail that
is still there and could not be fetched. Such a mail keeps back no other, nor does a folder that does not open; the
team is told.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from daemon.edge import remembered
from daemon.edge.failpoints import failpoint
from daemon.edge.imap import Mailbox
from daemon.edge.inbox import keeping, whereabouts
from daemon.edge.inbox.keeping import Cursor
from daemon.errors import Declined, LoginRefused, Renumbered, Unavailable
from daemon.mail.message import RawMail
from daemon.parts import Parts
from daemon.rules.decision import FOLDERS, Folder, folder_path
from daemon.troubles import UNFETCHED

log = structlog.get_logger()

LONGEST_IDLE_S = 60.0
BUSY = timedelta(minutes=1)
"""So long after a mail the next is asked for often: mail comes in working hours, and after mail."""
A_DAY = timedelta(days=1)
"""SINCE goes by the server's own days; what arrived before the start all the same is told by its time."""
RECONCILE_EVERY = timedelta(minutes=10)
SWEEP_EVERY = timedelta(hours=1)
SUSPECTS = 500
"""After a fetch that failed, so many mails are fetched one by one: as many as one group holds."""
MOST_FAULTS = 3
"""Mails in a row that cannot be fetched one by one: then it is not the mails."""


class Intake:
    """The mailbox's folders -> the kept mails. Holds one connection of its own."""

    def __init__(self, parts: Parts, mailbox: Mailbox) -> None:
        self._parts = parts
        self._mailbox = mailbox
        self._settings = parts.settings.mailbox
        self._start: datetime | None = None
        self._reconciled: datetime | None = None
        self._swept: datetime | None = None
        self._sound = False
        self._kept_at: datetime | None = None
        self._idles_not = False
        self._suspects: dict[tuple[str, int], set[int]] = {}
        """By folder and UIDVALIDITY, the UIDs that are fetched one by one."""
        self._stuck: dict[str, int] = {}
        """By folder, the first UID that is there, and was not to be had at the last look."""
        self._why_stuck = ""
        self._noted: str | None = None
        """What was remembered of that last."""

    async def once(self) -> bool:
        """Look at every folder that is due; then wait for news, where IDLE is on."""
        sound, self._sound = self._sound, False
        now = self._parts.clock.now()
        start = await self._start_from(now)
        whole, sweep = _due(self._reconciled, RECONCILE_EVERY, now), _due(self._swept, SWEEP_EVERY, now)
        if not sound or whole or sweep:  # what waits comes before what takes long, or may fail again
            await self._collect(self._settings.folder, start, whole=False)
        if not sound:  # at start, and after any fault: a folder that somebody deleted would be one
            await self._mailbox.ensure_folders(FOLDERS)
        if sweep:
            await self._sweep(start, now)
        await self._collect(folder_path(Folder.REQUESTS), None, whole=whole)
        await self._collect(self._settings.folder, start, whole=whole)  # last: IDLE goes on from this look
        self._reconciled = now if whole else self._reconciled
        await self._parts.write(lambda c: self._note_round(c, now))
        await self._note_stuck(now)
        self._sound = True
        return self._settings.idle and not self._idles_not and await self._wait()

    def _note_round(self, connection: Connection, now: datetime) -> None:
        """And in which mode: the configuration may say another since this instance was started."""
        remembered.put(connection, "working_mode", str(self._parts.policy.mode), now)
        remembered.put(connection, "last_round", now.isoformat(), now)

    async def _wait(self) -> bool:
        """For news of the inbox: told by the server, or, soon after a mail, asking for the next. False: it will not tell."""
        seconds, now = min(LONGEST_IDLE_S, self._settings.poll_seconds), self._parts.clock.now()
        busy = self._kept_at is not None and now - self._kept_at < BUSY
        try:
            await self._mailbox.idle(self._settings.folder, seconds, self._settings.busy_look_s if busy else 0.0)
        except Declined as no:
            log.warning("for an hour we look at every tick, as if mailbox.idle were false", why=str(no))
            self._idles_not = True
        return not self._idles_not

    async def _start_from(self, now: datetime) -> datetime:
        """The moment before which mail is left alone: as configured, or that of the first start."""
        if self._start is not None:
            return self._start
        start: datetime | None = self._settings.start_from
        if start is None:
            start = await self._parts.write(lambda c: _first_start(c, now))
        self._start = start
        return start

    async def _sweep(self, start: datetime, now: datetime) -> None:
        """Mail that people or filters moved away before we saw it: it may only be held, yet never lost."""
        special = await self._mailbox.special_folders()
        side = (*special.junk, *special.trash, *special.archive)
        await self._parts.write(lambda c: remembered.put(c, "side_folders", list(side), now))
        own = (folder for folder in FOLDERS if folder != folder_path(Folder.REQUESTS))
        self._swept, self._idles_not = now, False
        for folder in (*side, *own):
            if not await self._looked_into(folder, start):  # once more: of what came together each mail comes alone now
                await self._looked_into(folder, start)

    async def _looked_into(self, folder: str, start: datetime) -> bool:
        """A folder that we may not open, or that breaks the line each time, keeps no mail from us that lies elsewhere."""
        try:
            await self._collect(folder, start, whole=True)
        except Unavailable as trouble:
            if _of_all(trouble):
                raise
            log.warning("a folder could not be looked into", folder=folder, why=str(trouble))
            return False
        return True

    async def _note_stuck(self, now: datetime) -> None:
        """Remember which mail cannot be had, for whoever tells the team; where none, that it is so."""
        self._why_stuck = self._why_stuck if self._stuck else ""
        words = _in_words(self._stuck, self._why_stuck)
        if words != self._noted:
            await self._parts.write(lambda c: remembered.put(c, UNFETCHED, words, now))
            self._noted = words

    async def _collect(self, folder: str, start: datetime | None, *, whole: bool) -> None:
        """Keep what is new in `folder`. `start` None: a person dragged it there, so its age is no matter."""
        cursor = await self._parts.read(lambda c: keeping.cursor_of(c, folder))
        uidvalidity, uids = await self._mailbox.new_uids(folder, cursor.last_uid if cursor else 0)
        reach = uids[-1] if uids else 0
        if cursor is None or cursor.uidvalidity != uidvalidity:
            await self._parts.write(lambda c: whereabouts.end_epoch(c, folder, uidvalidity))
            cursor, whole = Cursor(folder, uidvalidity, 0), True
        if whole:
            uids = await self._reconcile(folder, uidvalidity, start)
        have = (
            await self._parts.read(lambda c: whereabouts.known_among(c, folder, uidvalidity, uids)) if uids else set()
        )
        stuck = await self._keep(cursor, [uid for uid in uids if uid not in have], ordered=start is None)
        reached = max(cursor.last_uid, reach if stuck is None else min(reach, stuck - 1))
        if reached > cursor.last_uid or whole:
            await self._parts.write(lambda c: keeping.set_cursor(c, Cursor(folder, uidvalidity, reached)))
        if reached > cursor.last_uid:
            failpoint("after-cursor")

    async def _reconcile(self, folder: str, uidvalidity: int, start: datetime | None) -> list[int]:
        """Every UID of `folder` that is for us to know; what has gone since is noted."""
        # Before the server is asked: what filing moves in meanwhile is not there yet, and not gone.
        have = await self._parts.read(lambda c: whereabouts.known_uids(c, folder, uidvalidity))
        _, there = await self._mailbox.all_uids(folder)
        ours = there
        if there and start is not None:
            _, ours = await self._mailbox.all_uids(folder, (start - A_DAY).date())
        gone, now = have - set(there), self._parts.clock.now()

        def note(connection: Connection) -> None:
            whereabouts.mark_gone(connection, folder, uidvalidity, gone)
            _note_before_start(connection, folder, len(there) - len(ours), now)

        await self._parts.write(note)
        return ours

    async def _keep(self, cursor: Cursor, uids: Sequence[int], *, ordered: bool) -> int | None:
        """Fetch and keep; the first UID that came without a body and is still there, to be fetched again."""
        missing: set[int] = set(uids)
        async for raws in self._fetched(cursor, uids):
            await self._keep_group(cursor.folder, raws, ordered=ordered)
            missing -= {raw.place.uid for raw in raws}
        self._stuck.pop(cursor.folder, None)
        self._suspects.pop((cursor.folder, cursor.uidvalidity), None)
        if not missing:
            return None
        _, there = await self._mailbox.all_uids(cursor.folder)
        stuck = missing & set(there)
        if stuck:
            self._stuck[cursor.folder] = min(stuck)
            self._suspects[cursor.folder, cursor.uidvalidity] = stuck
        return min(stuck, default=None)

    async def _fetched(self, cursor: Cursor, uids: Sequence[int]) -> AsyncIterator[Sequence[RawMail]]:
        """In groups, but those one by one that were in hand when a group did not come: one mail may be the cause."""
        folder, uidvalidity = cursor.folder, cursor.uidvalidity
        suspects = self._suspects.get((folder, uidvalidity), set())
        left = sorted(set(uids) - suspects)
        try:
            async for raws in self._mailbox.fetch_groups(folder, uidvalidity, left):
                yield raws
                came = {raw.place.uid for raw in raws}
                left = [uid for uid in left if uid not in came]
        except Unavailable as trouble:
            if not _of_all(trouble):
                self._suspects[folder, uidvalidity] = suspects | set(left[:SUSPECTS])
            raise
        async for mail in self._one_by_one(folder, uidvalidity, sorted(suspects & set(uids))):
            yield mail

    async def _one_by_one(self, folder: str, uidvalidity: int, uids: Iterable[int]) -> AsyncIterator[Sequence[RawMail]]:
        faults = 0
        for uid in uids:
            try:
                raws = await self._mailbox.fetch(folder, uidvalidity, [uid])
            except Unavailable as trouble:
                faults += 1
                if _of_all(trouble) or faults == MOST_FAULTS:
                    raise
                self._why_stuck = str(trouble)
            else:
                faults = 0
                yield raws

    async def _keep_group(self, folder: str, raws: Sequence[RawMail], *, ordered: bool) -> None:
        now = self._parts.clock.now()
        failpoint("before-keep")
        await self._parts.write(lambda c: keeping.keep(c, self._parts.vault, raws, now, ordered=ordered))
        failpoint("after-keep")
        log.info("kept", folder=folder, mails=len(raws))
        self._kept_at = now
        self._parts.wakes.settle.ring()


def _in_words(stuck: Mapping[str, int], why: str) -> str:
    if not stuck:
        return ""
    where = ", ".join(f"UID {uid} in {folder}" for folder, uid in sorted(stuck.items()))
    said = f" ({why})" if why else ""
    return (
        f"a mail is there and the mail server does not hand it over: {where}{said}. All others are read. Look at it with a "
        "mail program; once it is dealt with, move it to a folder of your own"
    )


def _of_all(trouble: Unavailable) -> bool:
    """Whether it would be met at the next mail or folder as well."""
    return isinstance(trouble, LoginRefused | Renumbered) or trouble.wait_s > 0


def _due(last: datetime | None, every: timedelta, now: datetime) -> bool:
    return last is None or now - last >= every


def _first_start(connection: Connection, now: datetime) -> datetime:
    known = remembered.get(connection, "start_from")
    if known is None:
        now = now.replace(microsecond=0)  # as INTERNALDATE tells the time
        remembered.put(connection, "start_from", now.isoformat(), now)
        return now
    return datetime.fromisoformat(known)


def _note_before_start(connection: Connection, folder: str, mails: int, now: datetime) -> None:
    """Listed once, for `status`: how much older mail lies in `folder`, and is left alone."""
    listed = remembered.get(connection, "before_start") or {}
    if folder not in listed:
        remembered.put(connection, "before_start", {**listed, folder: mails}, now)
