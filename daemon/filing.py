"""Station: make folders, flags and Sent agree with the database.

The database is the truth, the mailbox a picture of it: every step may be repeated, the lowest priority of all. A
mail is moved by every place that it has. What a person moved away in the meantime is let go. While the mailbox is
full the picture waits, and everything else goes on. What the server will not do with one mail it may do with the next.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

import structlog
from sqlalchemy import Connection

from daemon.edge.failpoints import failpoint
from daemon.edge.imap import Mailbox
from daemon.edge.inbox import whereabouts
from daemon.edge.inbox.whereabouts import ToFile
from daemon.edge.outbox import Queued, sent_copies
from daemon.errors import Declined, MailboxFull, Refused, Renumbered, SealBroken, Unavailable
from daemon.mail.compose import compose
from daemon.mail.message import Place
from daemon.mail.sender.authres import Profile
from daemon.parts import Parts
from daemon.rules.decision import FOLDERS
from daemon.rules.letters import Result
from daemon.rules.policy import SentCopy
from daemon.rules.wording import write
from daemon.sealing import envelope_of

log = structlog.get_logger()

_Copy = tuple[Queued, bytes]
MAILS, LETTERS = 500, 100
"""In one round: mails to move, and letters to file in Sent."""
TOGETHER_OCTETS = 4 * 1024 * 1024
"""Of copies that are handed to the server in one go."""
COPIES_WAIT = timedelta(minutes=1)
"""How long copies for Sent let letters go first that others wait for."""
RELAYS_COPY_AFTER = timedelta(minutes=2)
"""So long a host of many may take until the copy that it files in Sent itself lies there, and none of ours is wanted."""
MOST_NOS = 3
"""Mails in a row that the server will not move: then it is not the mails."""
MOST_LOOKS = 100
MOST_UIDS = 1 << 32


class Filing:
    """The database -> the mailbox's folders. Holds one connection of its own."""

    def __init__(self, parts: Parts, mailbox: Mailbox) -> None:
        self._parts = parts
        self._mailbox = mailbox
        self._sent_name = ""
        self._looks: deque[tuple[int, int, int]] = deque(maxlen=MOST_LOOKS)
        """Earlier looks at Sent: the newest letter then queued, UIDVALIDITY, and the UID that was next."""
        self._no: Declined | None = None
        """What the server would not do in this round, with a mail that it would not do it with."""
        self._apart = False
        """Copies go one by one: handing over many at once broke the line."""
        self._copies: tuple[int, range] = 0, range(0)
        """UIDVALIDITY of Sent, and UIDs in a row: the copies that we made last, all of them written down."""

    async def once(self) -> bool:
        """One batch of each kind; True while there may be more. Raises Unavailable where the mailbox is full."""
        self._no = None
        try:
            sent = await self._folders()
            mails, letters = await self._parts.read(self._to_do)
            await self._file_mails(mails)
            await self._file_letters(letters, sent)
        except MailboxFull as full:
            raise Unavailable(f"{str(full).rstrip('. ')}. What is to be filed waits until there is room") from None
        if self._no is not None:
            raise self._no
        return len({mail.mail_id for mail in mails}) == MAILS or len(letters) == LETTERS

    def _to_do(self, connection: Connection) -> tuple[list[ToFile], list[Queued]]:
        """Mails to move, by each of their places, and letters to copy."""
        return whereabouts.to_file(connection, MAILS), self._to_copy(connection)

    async def has_sent(self, message_id: str) -> bool:
        """Whether Sent holds this Message-ID: some relays file what they send (proof of an unknown outcome)."""
        return await self._mailbox.has_message_id(await self._folders(), message_id)

    async def _folders(self) -> str:
        """Every folder of ours is there, and Sent, whose name is returned."""
        if not self._sent_name:
            self._sent_name = (await self._mailbox.special_folders()).sent
        await self._mailbox.ensure_folders((*FOLDERS, self._sent_name))
        return self._sent_name

    # Mails ─────────────────────────────────────────────────────────────────────────────────────────

    async def _file_mails(self, items: Sequence[ToFile]) -> None:
        """Move them to where they are wanted."""
        left: set[int] = set()
        for (folder, _, target), group in groupby(sorted(items, key=_way), key=_way):
            together = list(group)
            if folder != target:
                left |= await self._move(together, target)
        done = [item for item in items if item.mail_id not in left]
        if done:
            await self._parts.write(lambda c: whereabouts.filed(c, done))
            failpoint("after-filed")

    async def _move(self, items: Sequence[ToFile], target: str) -> set[int]:
        """Move mails that lie in one folder. The ids of those that stay: the server will not, or intake must find them anew."""
        folder, uidvalidity = items[0].place.folder, items[0].place.uidvalidity
        try:
            places = await self._mailbox.move(folder, uidvalidity, [item.place.uid for item in items], target)
        except Renumbered as news:
            await self._forget(news)
            return {item.mail_id for item in items}
        except Declined as no:
            return await self._move_each(items, target, no)
        failpoint("after-move")
        if None in places:
            places = await self._found_again(items, places, target)
        now = self._parts.clock.now()
        await self._parts.write(lambda c: whereabouts.moved(c, items, places, now))
        failpoint("after-moved")
        log.info("filed", source=folder, folder=target, mails=len(items))
        return set()

    async def _move_each(self, items: Sequence[ToFile], target: str, no: Declined) -> set[int]:
        """After a no to all of them: one by one, for it may be meant for one."""
        if len(items) == 1:
            self._no = no
            return {items[0].mail_id}
        stay: set[int] = set()
        nos = 0
        for item in items:
            stays = await self._move([item], target)
            stay |= stays
            nos = nos + 1 if stays else 0
            if nos == MOST_NOS:
                raise no
        return stay

    async def _found_again(
        self, items: Sequence[ToFile], places: Sequence[Place | None], target: str
    ) -> list[Place | None]:
        """`places`, completed by mails in `target` that we did not know to be there, told by their bytes.

        A move that was cut off before it was written down looks, the second time, like a mail that a person took
        away; and a server without UIDPLUS never tells where a mail went. What is not found was taken away.
        """
        uidvalidity, there = await self._mailbox.all_uids(target)
        known = await self._parts.read(lambda c: whereabouts.known_uids(c, target, uidvalidity))
        known |= {place.uid for place in places if place is not None}
        strange = [uid for uid in there if uid not in known][-MAILS:]
        found: dict[str, Place] = {}
        async for group in self._mailbox.fetch_groups(target, uidvalidity, strange):
            found |= {hashlib.sha256(raw.content).hexdigest(): raw.place for raw in group}
        return [place or found.get(item.raw_sha) for item, place in zip(items, places, strict=True)]

    # Letters ───────────────────────────────────────────────────────────────────────────────────────

    async def _file_letters(self, letters: Sequence[Queued], sent: str) -> None:
        """Flag what was answered, and put a copy of each accepted letter into Sent."""
        if not letters:
            return
        await self._flag_answered([q.mail_id for q in letters if q.mail_id is not None and q.plan.party])
        failpoint("after-flag")
        if self._parts.policy.sent_copy is SentCopy.NONE:
            await self._parts.write(lambda c: sent_copies.sent_filed(c, [q.id for q in letters]))
            return
        there = await self._copied_already(letters, sent)
        made, done, refusal = await self._append([q for q in letters if q.message_id not in there], sent)
        failpoint("after-append")
        ids = [q.id for q in letters if q.message_id in there] + done
        await self._parts.write(lambda c: sent_copies.sent_filed(c, ids))
        self._note_copies(made)
        failpoint("after-sent-filed")
        if refusal is not None:
            raise refusal if isinstance(refusal, MailboxFull) else Unavailable(f"a copy for Sent: {refusal}")

    def _to_copy(self, connection: Connection) -> list[Queued]:
        """The letters to copy now; none where they may wait: the station that sends rings when it is done."""
        now = self._parts.clock.now()
        if sent_copies.copies_may_wait(connection, now, COPIES_WAIT):
            return []
        hosted = self._parts.settings.mailbox.profile is not Profile.GENERIC
        went_by = now - RELAYS_COPY_AFTER if hosted else None
        bare = self._parts.policy.sent_copy is not SentCopy.FULL
        return sent_copies.to_file_in_sent(connection, LETTERS, went_by, bare=bare)

    async def _copied_already(self, letters: Sequence[Queued], sent: str) -> frozenset[str]:
        """The Message-IDs of those that Sent holds: some relays file what they send, and we may have been cut off."""
        places = await self._to_search(sent, min(q.id for q in letters))
        if not places:
            return frozenset()
        return await self._mailbox.with_message_ids(sent, [q.message_id for q in letters], places.start)

    async def _to_search(self, sent: str, letter_id: int) -> range:
        """The UIDs in Sent among which a copy of this letter or a later one may lie.

        None lies below the UID that was next before they were queued, nor among the copies of other letters that we
        made last: so the search does not grow with what is filed already, and mostly there is nothing to search.
        """
        uidvalidity, next_uid = await self._mailbox.next_uid(sent)
        newest = await self._parts.read(sent_copies.newest)  # after the UID: what is queued later is sent later still
        below = (uid for before, epoch, uid in reversed(self._looks) if before < letter_id and epoch == uidvalidity)
        from_uid = next(below, 1)
        epoch, copies = self._copies
        if epoch == uidvalidity and from_uid in copies:
            from_uid = copies.stop
        if next_uid is not None:
            self._looks.append((newest, uidvalidity, next_uid))
        return range(from_uid, MOST_UIDS if next_uid is None else next_uid)

    def _note_copies(self, made: Sequence[tuple[int, range]]) -> None:
        for uidvalidity, uids in made:
            epoch, before = self._copies
            follows = epoch == uidvalidity and before.stop == uids.start
            self._copies = uidvalidity, range(before.start if follows else uids.start, uids.stop)

    async def _append(
        self, letters: Sequence[Queued], sent: str
    ) -> tuple[list[tuple[int, range]], list[int], Refused | None]:
        """Where copies were put, as far as it is told; the ids of the letters that have theirs now; the last refusal.

        That stops no other letter.
        """
        copies = await asyncio.to_thread(lambda: [(queued, self._copy(queued)) for queued in letters])
        made: list[tuple[int, range]] = []
        done: list[int] = []
        for some in () if self._apart else _together(copies):
            places = await self._append_all(some, sent)
            if places is None:
                break
            made.append(places)
            done += [queued.id for queued, _ in some]
        one_by_one, refusal = await self._append_each(copies[len(done) :], sent)
        self._apart = False
        return made, done + one_by_one, refusal

    async def _append_all(self, copies: Sequence[_Copy], sent: str) -> tuple[int, range] | None:
        """All in one go, and where they lie; None where the server would not, for one of them or in general."""
        try:
            mails = [(content, queued.written_at) for queued, content in copies]
            return await self._mailbox.append_all(sent, mails, ["\\Seen"])
        except (Refused, Declined):
            return None
        except Unavailable:
            self._apart = True
            raise

    async def _append_each(self, copies: Sequence[_Copy], sent: str) -> tuple[list[int], Refused | None]:
        done: list[int] = []
        refusal: Refused | None = None
        for queued, content in copies:
            try:
                await self._mailbox.append(sent, content, ["\\Seen"], queued.written_at)
            except MailboxFull as full:
                return done, full
            except (Refused, Declined) as no:
                refusal = Refused(str(no))
            else:
                done.append(queued.id)
        return done, refusal

    def _copy(self, queued: Queued) -> bytes:
        """What Sent shows of a letter: the bytes that went out, or the same letter with its codes masked.

        Codes that others gave us are for our code recipients alone: they never lie where the whole team reads.
        """
        parts = self._parts
        if parts.policy.sent_copy is SentCopy.FULL and not isinstance(queued.plan.content, Result):
            try:
                return envelope_of(parts, queued).content
            except SealBroken as broken:
                log.warning("the copy in Sent shows no codes", letter=queued.id, why=str(broken))
        masked = compose(
            write(queued.plan, None, parts.words),
            sender=parts.settings.mailbox.address,
            sender_name=parts.policy.company,
            message_id=queued.message_id,
            written_at=queued.written_at,
        )
        return masked.content

    async def _flag_answered(self, mail_ids: Sequence[int]) -> None:
        places = await self._parts.read(lambda c: whereabouts.places_of(c, mail_ids))
        for (folder, uidvalidity), group in groupby(sorted(places, key=_folder), key=_folder):
            await self._flag(folder, uidvalidity, [place.uid for place in group])

    async def _flag(self, folder: str, uidvalidity: int, uids: Sequence[int]) -> None:
        try:
            await self._mailbox.add_flags(folder, uidvalidity, uids, ["\\Answered"])
        except Renumbered as news:
            await self._forget(news)
        except Declined as no:
            log.warning("what was answered is not flagged", folder=folder, why=str(no))

    async def _forget(self, news: Renumbered) -> None:
        """The places that we knew in a renumbered folder name nothing any more; intake finds the mails again."""
        await self._parts.write(lambda c: whereabouts.end_epoch(c, news.folder, news.uidvalidity))


def _together(copies: Sequence[_Copy]) -> Iterator[Sequence[_Copy]]:
    """In runs of so many octets that one command may carry them."""
    first, octets = 0, 0
    for number, (_, content) in enumerate(copies):
        octets += len(content)
        if octets > TOGETHER_OCTETS:
            yield copies[first : number + 1]
            first, octets = number + 1, 0
    if first < len(copies):
        yield copies[first:]


def _way(item: ToFile) -> tuple[str, int, str]:
    return item.place.folder, item.place.uidvalidity, item.wanted_folder


def _folder(place: Place) -> tuple[str, int]:
    return place.folder, place.uidvalidity
