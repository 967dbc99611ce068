"""Filing: the mailbox becomes a picture of the database, whatever happens in between."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes

import pytest
import sqlalchemy as sa

from daemon.edge import failpoints, inbox, outbox
from daemon.edge import tables as t
from daemon.edge.database import Database
from daemon.edge.imap import DONE_KEYWORD, Account, Mailbox
from daemon.edge.inbox import Settled, keeping, whereabouts
from daemon.edge.outbox import attempts
from daemon.edge.vault import Vault
from daemon.errors import Unavailable
from daemon.filing import FOLDERS, Filing
from daemon.mail.message import Place
from daemon.rules.decision import Fate
from daemon.rules.policy import SentCopy
from daemon.rules.reasons import Reason
from daemon.rules.thread import Outcome
from daemon.sealing import envelope_of, judge, set_down
from tests.edge.mailboxes import KINDS, Kind, Rig, dovecots, mail, rig_of
from tests.sending import TO, World
from tests.servers.dovecot import Dovecot, dovecot
from tests.servers.scripted_imap import scripted_imap

HELD, DONE, WAITING = "Install codes/Held", "Install codes/Done", "Install codes/Waiting"
BY_NAME = {kind.name: kind for kind in KINDS}
ALL_KINDS = [kind for kind in KINDS if kind.idles]


@pytest.fixture(scope="module")
def dovecot_of() -> Iterator[Callable[[Kind], Dovecot]]:
    """Dovecots that the tests of this module share, each test with a user of its own."""
    with dovecots() as of:
        yield of


@dataclass
class Desk:
    """A world of letters, a mailbox, and the station between them."""

    world: World
    rig: Rig
    box: Mailbox
    filing: Filing

    async def kept(self, *wanted: str | None, folder: str = "INBOX") -> list[int]:
        """New mails, one for each folder that they are wanted in, kept and settled; their ids."""
        uidvalidity, before = await self.box.all_uids(folder)
        if folder == "INBOX":
            first = len(before)
            await self.rig.deliver(*(mail(first + number) for number in range(len(wanted))))
        return await self.found(folder, uidvalidity, before[-1] if before else 0, wanted)

    async def found(self, folder: str, uidvalidity: int, last: int, wanted: tuple[str | None, ...]) -> list[int]:
        """What intake does with what is new."""
        _, uids = await self.box.new_uids(folder, last)
        raws = sorted(await self.box.fetch(folder, uidvalidity, uids), key=lambda raw: raw.place.uid)
        parts, now = self.world.parts, self.now

        def write(connection: sa.Connection) -> list[int]:
            ids = list(keeping.keep(connection, parts.vault, raws, now))
            for mail_id, target in zip(ids, wanted, strict=True):
                settled = Settled(Fate.DECIDED, Reason.REQUEST, keep_content=True, wanted_folder=target)
                inbox.settle(connection, {mail_id: settled}, now)
            return ids

        return await parts.write(write)

    @property
    def now(self) -> datetime:
        return self.world.parts.clock.now()

    async def quiet(self) -> None:
        """File until there is nothing more to do."""
        while await self.filing.once():
            pass

    async def lying(self, folder: str) -> list[str]:
        """Subjects of the mails in a folder, in the order of their UIDs."""
        uidvalidity, uids = await self.box.all_uids(folder)
        raws = await self.box.fetch(folder, uidvalidity, uids)
        heads = [raw.content.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode() for raw in raws]
        return [head for _, head in sorted(zip((raw.place.uid for raw in raws), heads, strict=True))]

    def places(self, mail_id: int) -> list[tuple[str, int, int]]:
        """Where the database thinks that a mail lies."""
        with self.world.parts.database.read() as connection:
            return [(p.folder, p.uidvalidity, p.uid) for p in whereabouts.places_of(connection, [mail_id])]

    async def truly(self, mail_id: int) -> list[bool]:
        """Of each place that the database knows: whether the mail's bytes are there."""
        with self.world.parts.database.read() as connection:
            size = connection.execute(sa.select(t.mail.c.size).where(t.mail.c.id == mail_id)).scalar()
        found = [await self.box.fetch(folder, validity, [uid]) for folder, validity, uid in self.places(mail_id)]
        return [bool(raws) and len(raws[0].content) == size for raws in found]

    def unfiled(self) -> list[int]:
        """Mails that are still to be filed."""
        query = sa.select(t.mail.c.id).where(t.mail.c.wanted_folder.is_not(None), t.mail.c.filed.is_(False))
        with self.world.parts.database.read() as connection:
            return list(connection.execute(query.order_by(t.mail.c.id)).scalars())

    def accepted(self, letter_id: int, mail_id: int | None = None) -> None:
        """The relay took this letter, frozen as it is on its way out."""
        parts, now = self.world.parts, self.now
        with parts.database.write() as connection:
            set_down(connection, parts, judge(connection, parts, outbox.load(connection, [letter_id]), now), now)
            attempts.finish(connection, letter_id, outbox.LetterState.ACCEPTED, now)
            if mail_id is not None:
                connection.execute(sa.update(t.letter).where(t.letter.c.id == letter_id).values(mail_id=mail_id))

    def copied(self) -> list[bool]:
        """Of each letter: whether its copy is in Sent, as far as the database knows."""
        with self.world.parts.database.read() as connection:
            return list(connection.execute(sa.select(t.letter.c.sent_filed).order_by(t.letter.c.id)).scalars())


@pytest.fixture
async def rig(dovecot_of: Callable[[Kind], Dovecot], request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    """A new mailbox; an embedded one, unless the test names a kind."""
    async with rig_of(getattr(request, "param", BY_NAME["embedded"]), dovecot_of) as one:
        yield one


def desk_at(database: Database, vault: Vault, rig: Rig, account: Account | None = None) -> Desk:
    """A desk of one counterparty, whose lease is held."""
    world = World(database, vault, 1)
    world.begin()
    world.listed(TO)
    return Desk(world, rig, rig.mailbox(account), Filing(world.parts, rig.mailbox(account)))


@pytest.fixture
async def desk(sqlite_url: str, vault: Vault, rig: Rig) -> AsyncIterator[Desk]:
    """A desk on SQLite."""
    store = Database(sqlite_url)
    yield desk_at(store, vault, rig)
    store.close()


@pytest.fixture
def armed() -> Iterator[Callable[[str], None]]:
    """Arms failpoints for the length of a test."""
    yield failpoints.arm
    failpoints.arm("")


# ── mails ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rig", ALL_KINDS, ids=str, indirect=True)
async def test_mails_go_where_they_are_wanted_and_no_other_moves(desk):
    """Handled mails move, what is none of ours stays unread where it is; the database knows each new place."""
    ids = await desk.kept(HELD, None, DONE, HELD)
    await desk.quiet()
    if desk.rig.kind.moves:
        assert await desk.lying("INBOX") == ["mail 1"]
        assert await desk.lying(HELD) == ["mail 0", "mail 3"]
        assert await desk.lying(DONE) == ["mail 2"]
    else:
        assert await desk.lying("INBOX") == ["mail 0", "mail 1", "mail 2", "mail 3"]
    assert [await desk.truly(mail_id) for mail_id in ids] == [[True]] * 4
    assert desk.unfiled() == []
    flags = await desk.rig.flags_in("INBOX")
    assert [flags[place[2]] for place in desk.places(ids[1])] == [set()]


async def test_filing_on_both_databases(database, vault, rig):
    """The same picture from SQLite and from PostgreSQL; a second round changes nothing."""
    desk = desk_at(database, vault, rig)
    ids = await desk.kept(HELD, DONE)
    await desk.quiet()
    before = [desk.places(mail_id) for mail_id in ids]
    await desk.quiet()
    assert [desk.places(mail_id) for mail_id in ids] == before
    assert (await desk.lying(HELD), await desk.lying(DONE)) == (["mail 0"], ["mail 1"])


async def test_a_mail_that_is_wanted_elsewhere_later_moves_on(desk):
    """From Waiting to Done, when its thread is settled."""
    (mail_id,) = await desk.kept(WAITING)
    desk.world.change(t.mail, t.mail.c.id == mail_id, case_id="c")
    await desk.quiet()
    await desk.world.parts.write(lambda c: whereabouts.want_folder(c, "c", DONE))
    await desk.quiet()
    assert (await desk.lying(WAITING), await desk.lying(DONE)) == ([], ["mail 0"])
    assert await desk.truly(mail_id) == [True]


def test_a_wish_that_changed_meanwhile_is_not_forgotten(database, vault):
    """A mail that got another wanted folder while it was being moved is still to be filed."""
    world = World(database, vault, 1)
    letter = world.asked(Outcome.NOT_INSTALLER)
    mail_id = world.letter(letter)["mail_id"]
    world.change(t.mail, t.mail.c.id == mail_id, wanted_folder=WAITING)
    with database.write() as connection:
        item = whereabouts.ToFile(mail_id, "", Place("INBOX", 1, 1), WAITING)
        whereabouts.want_folder(connection, world.letter(letter)["case_id"], DONE)
        whereabouts.filed(connection, [item])
        filed = connection.execute(sa.select(t.mail.c.filed).where(t.mail.c.id == mail_id)).scalar()
    assert filed is False


@pytest.mark.parametrize("rig", [BY_NAME["dovecot"], BY_NAME["embedded"]], ids=str, indirect=True)
async def test_every_place_of_a_mail_is_moved(desk):
    """The same mail in two folders: both copies are filed."""
    (mail_id,) = await desk.kept(HELD)
    (raw,) = await desk.box.fetch("INBOX", *await desk.box.all_uids("INBOX"))
    await desk.box.append("Archive", raw.content)
    validity, uids = await desk.box.all_uids("Archive")
    copies = await desk.box.fetch("Archive", validity, uids)
    await desk.world.parts.write(lambda c: keeping.keep(c, desk.world.parts.vault, copies, desk.now))
    await desk.quiet()
    assert (await desk.lying("INBOX"), await desk.lying("Archive")) == ([], [])
    assert await desk.lying(HELD) == ["mail 0", "mail 0"]
    assert await desk.truly(mail_id) == [True, True]


@pytest.mark.parametrize("rig", [BY_NAME["dovecot"], BY_NAME["embedded"]], ids=str, indirect=True)
async def test_a_move_that_was_cut_off_is_found_again(desk, armed):
    """Moved, and not written down: the second time the mails are found in their new folder, by their bytes."""
    ids = await desk.kept(HELD, HELD, HELD)
    armed("after-move:fail")
    with pytest.raises(Unavailable, match="after-move"):
        await desk.filing.once()
    assert (len(await desk.lying(HELD)), desk.unfiled()) == (3, ids)
    await desk.quiet()
    assert [await desk.truly(mail_id) for mail_id in ids] == [[True]] * 3
    assert [desk.places(mail_id)[0][0] for mail_id in ids] == [HELD] * 3
    assert desk.unfiled() == []


async def test_what_a_person_took_away_is_let_go(desk):
    """A mail that a person dragged off first is not looked for again, and stops no other."""
    ids = await desk.kept(HELD, HELD)
    _, uids = await desk.box.all_uids("INBOX")

    def take(client):
        client.select_folder("INBOX")
        client.move([uids[0]], "Archive")

    await desk.rig.by_hand(take)
    await desk.quiet()
    assert [desk.places(mail_id) != [] for mail_id in ids] == [False, True]
    assert (await desk.lying("Archive"), await desk.lying(HELD), desk.unfiled()) == (["mail 0"], ["mail 1"], [])


@pytest.mark.parametrize("rig", [BY_NAME["dovecot"]], ids=str, indirect=True)
async def test_after_renumbering_nothing_moves_until_intake_looked(desk):
    """UIDVALIDITY changed: the old UIDs are forgotten, and the mail is filed once it is found again."""
    (mail_id,) = await desk.kept(HELD)
    validity, _ = await desk.box.all_uids("INBOX")
    command = ("mailbox", "update", "-u", desk.rig.user, "--uid-validity", str(validity + 7), "INBOX")
    await asyncio.to_thread(desk.rig.dovecot.doveadm, *command)
    await desk.quiet()
    assert (await desk.lying("INBOX"), desk.places(mail_id), desk.unfiled()) == (["mail 0"], [], [mail_id])
    await desk.found("INBOX", validity + 7, 0, ())
    await desk.quiet()
    assert (await desk.lying("INBOX"), await desk.lying(HELD), desk.unfiled()) == ([], ["mail 0"], [])


async def test_folders_that_people_delete_are_made_again(desk):
    """A deleted folder of ours is there again after the next round."""
    await desk.quiet()
    assert set(FOLDERS) <= set(await desk.box.list_folders())
    await desk.rig.by_hand(lambda client: client.delete_folder(DONE))
    await desk.kept(DONE)
    await desk.quiet()
    assert await desk.lying(DONE) == ["mail 0"]


@pytest.mark.parametrize("rig", [BY_NAME["dovecot"]], ids=str, indirect=True)
async def test_a_backlog_is_filed_in_rounds(desk):
    """700 handled mails are filed, 500 a round, each known at its new place."""
    validity, _ = await desk.box.all_uids("INBOX")
    await desk.rig.by_hand(lambda client: client.multiappend("INBOX", [mail(number) for number in range(700)]))
    ids = await desk.found("INBOX", validity, 0, (DONE,) * 700)
    assert [await desk.filing.once() for _ in range(2)] == [True, False]
    assert (await desk.box.all_uids("INBOX"))[1] == []
    places = {desk.places(mail_id)[0] for mail_id in ids}
    assert len(places) == 700
    assert {uid for _, _, uid in places} == set((await desk.box.all_uids(DONE))[1])


@pytest.mark.parametrize("rig", [BY_NAME["embedded without MOVE and UIDPLUS"]], ids=str, indirect=True)
async def test_where_nothing_can_move_each_mail_is_marked_once(desk):
    """Without MOVE and UIDPLUS handled mail stays, with a keyword, and is not tried again."""
    (mail_id,) = await desk.kept(HELD)
    await desk.quiet()
    assert [DONE_KEYWORD in flags for flags in (await desk.rig.flags_in("INBOX")).values()] == [True]
    assert (desk.unfiled(), desk.places(mail_id)[0][0]) == ([], "INBOX")


# ── letters ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rig", ALL_KINDS, ids=str, indirect=True)
async def test_sent_shows_each_letter_once_and_masked(desk):
    """Every accepted letter has its copy in Sent, read, under its Message-ID, without its codes."""
    letter = desk.world.asked(Outcome.CODE)
    news = desk.world.news()
    desk.accepted(letter)
    desk.accepted(news)
    await desk.quiet()
    await desk.quiet()
    raws = await desk.box.fetch("Sent", *await desk.box.all_uids("Sent"))
    assert len(raws) == 2
    for letter_id in (letter, news):
        row = desk.world.letter(letter_id)
        assert sum(row["message_id"].encode() in raw.content for raw in raws) == 1
        assert await desk.filing.has_sent(row["message_id"])
    assert not await desk.filing.has_sent("<another@losing.example>")
    assert all("\\Seen" in flags for flags in (await desk.rig.flags_in("Sent")).values())
    assert any("****" in _text(raw.content) for raw in raws)
    assert desk.copied() == [True, True]


async def test_full_copies_are_the_bytes_that_went_out(desk):
    """With sent_copy = full the copy is what the counterparty got, to the byte."""
    desk.world.with_policy(sent_copy=SentCopy.FULL)
    letter = desk.world.asked(Outcome.CODE)
    desk.accepted(letter)
    await desk.quiet()
    with desk.world.parts.database.read() as connection:
        (queued,) = outbox.load(connection, [letter])
    (raw,) = await desk.box.fetch("Sent", *await desk.box.all_uids("Sent"))
    assert raw.content == envelope_of(desk.world.parts, queued).content
    assert "****" not in _text(raw.content)


async def test_a_seal_that_is_broken_shows_no_codes_and_stops_nothing(desk):
    """A letter whose bytes cannot be opened gets a masked copy: one broken seal holds up no other letter."""
    desk.world.with_policy(sent_copy=SentCopy.FULL)
    letter = desk.world.asked(Outcome.CODE)
    desk.accepted(letter)
    desk.world.change(t.frozen, t.frozen.c.letter_id == letter, content=None)
    await desk.quiet()
    (raw,) = await desk.box.fetch("Sent", *await desk.box.all_uids("Sent"))
    assert "****" in _text(raw.content)


@pytest.mark.parametrize("rig", [BY_NAME["dovecot"], BY_NAME["embedded"]], ids=str, indirect=True)
async def test_a_copy_that_was_not_written_down_is_not_made_twice(desk, armed):
    """Put into Sent, and not committed: the second time it is found there by its Message-ID."""
    desk.accepted(desk.world.asked(Outcome.NOT_INSTALLER))
    armed("after-append:fail")
    with pytest.raises(Unavailable, match="after-append"):
        await desk.filing.once()
    assert ((await desk.box.all_uids("Sent"))[1] != [], desk.copied()) == (True, [False])
    await desk.quiet()
    assert (len((await desk.box.all_uids("Sent"))[1]), desk.copied()) == (1, [True])


@pytest.mark.parametrize("rig", [BY_NAME["dovecot"], BY_NAME["embedded"]], ids=str, indirect=True)
async def test_a_copy_that_the_relay_filed_is_found_however_much_was_filed_before(desk):
    """Sent is searched from where it ended when the letter was not yet queued, and the relay's own copy lies behind that."""
    for _ in range(3):
        desk.accepted(desk.world.asked(Outcome.NOT_INSTALLER))
        await desk.quiet()
    letter = desk.world.asked(Outcome.NOT_INSTALLER)
    name = desk.world.letter(letter)["message_id"]
    assert (await desk.filing._to_search("Sent", letter)).start > 1
    await desk.box.append("Sent", f"Message-ID: {name}\r\n\r\nas it went out\r\n".encode())
    desk.accepted(letter)
    await desk.quiet()
    assert (len((await desk.box.all_uids("Sent"))[1]), desk.copied()) == (4, [True] * 4)


@pytest.mark.parametrize("rig", [BY_NAME["dovecot"]], ids=str, indirect=True)
async def test_where_all_that_came_is_ours_there_is_nothing_to_search(desk):
    """Copies that are written down are copies of other letters; what anybody else puts into Sent is searched again."""
    letters = [desk.world.asked(Outcome.NOT_INSTALLER) for _ in range(4)]
    await desk.box.append("Sent", mail(1))
    for letter in letters:
        desk.accepted(letter)
        desk.world.time.on(minutes=1)
        await desk.quiet()
    assert len(await desk.filing._to_search("Sent", letters[0])) == 5  # no look at Sent is older than they are
    for letter in desk.world.asked(Outcome.NOT_INSTALLER), desk.world.asked(Outcome.NOT_INSTALLER):
        desk.accepted(letter)
        await desk.quiet()
        assert len(await desk.filing._to_search("Sent", letter)) == 0
    await desk.box.append("Sent", mail(2))
    assert len(await desk.filing._to_search("Sent", letter)) == 1


@pytest.mark.parametrize("rig", [BY_NAME["dovecot"]], ids=str, indirect=True)
async def test_a_copy_that_was_not_written_down_is_found_behind_those_that_were(desk, armed):
    """What was put into Sent and not committed counts as no copy of ours, however many of them lie before it."""
    desk.accepted(desk.world.asked(Outcome.NOT_INSTALLER))
    await desk.quiet()
    desk.accepted(desk.world.asked(Outcome.NOT_INSTALLER))
    armed("after-append:fail")
    with pytest.raises(Unavailable, match="after-append"):
        await desk.filing.once()
    await desk.quiet()
    assert (len((await desk.box.all_uids("Sent"))[1]), desk.copied()) == (2, [True, True])


@pytest.mark.parametrize("rig", ALL_KINDS, ids=str, indirect=True)
async def test_answered_is_what_was_answered(desk):
    """The request whose answer the relay took is flagged; one that still waits, or of which ops were told, is not."""
    ids = await desk.kept(DONE, WAITING, None)
    letter, waiting = desk.world.asked(Outcome.NOT_INSTALLER), desk.world.asked(Outcome.NOT_INSTALLER)
    desk.accepted(desk.world.news(), ids[2])
    desk.world.change(t.letter, t.letter.c.id == waiting, mail_id=ids[1])
    desk.accepted(letter, ids[0])
    desk.world.time.on(minutes=1)  # the letter that still waits goes first
    await desk.quiet()
    flags = {}
    for mail_id in ids:
        ((folder, _, uid),) = desk.places(mail_id)
        flags[mail_id] = {flag for flag in (await desk.rig.flags_in(folder))[uid] if flag.startswith("\\")}
    assert flags == {ids[0]: {"\\Answered"}, ids[1]: set(), ids[2]: set()}


async def test_copies_let_letters_go_first_for_a_minute(desk):
    """While a letter is to go no copy is made, unless one is late; once none is to go, all are made."""
    first, second = desk.world.asked(Outcome.NOT_INSTALLER), desk.world.asked(Outcome.NOT_INSTALLER)
    desk.accepted(first)
    desk.world.time.on(seconds=59)
    await desk.quiet()
    assert desk.copied() == [False, False]
    desk.world.time.on(seconds=1)
    await desk.quiet()
    assert desk.copied() == [True, False]
    desk.accepted(second)
    await desk.quiet()
    assert desk.copied() == [True, True]


async def test_a_full_mailbox_waits_and_is_filed_later(sqlite_url, vault):
    """Over quota: the station says so, nothing is marked as done; with room again the copy is made."""
    with dovecot(quota_kib=40) as server:
        user, password = next(iter(server.users.items()))
        rig = Rig(BY_NAME["dovecot"], server.host, server.imap_port, user, password, dovecot=server)
        store = Database(sqlite_url)
        desk = desk_at(store, vault, rig)
        server.deliver(user, mail(0, body="x" * 70 + ("\r\n" + "x" * 70) * 520))
        desk.accepted(desk.world.asked(Outcome.NOT_INSTALLER))
        with pytest.raises(Unavailable, match=r"the mailbox is full: .*OVERQUOTA.* waits until there is room"):
            await desk.filing.once()
        assert desk.copied() == [False]

        def make_room(client):
            client.select_folder("INBOX")
            client.delete_messages(client.search("ALL"))
            client.expunge()

        await rig.by_hand(make_room)
        await desk.quiet()
        assert (len((await desk.box.all_uids("Sent"))[1]), desk.copied()) == (1, [True])
        for box in rig.opened:
            await box.close()
        store.close()


@pytest.mark.parametrize(("code", "tries"), [(b"LIMIT", 2), (b"OVERQUOTA", 1)])
async def test_a_copy_that_is_refused_is_told_and_stops_no_other(code, tries, sqlite_url, vault):
    """APPEND NO: the other letters are tried, unless there is no room; the station reports what the server said."""
    folders = "".join(f'* LIST () "/" "{name}"\r\n' for name in ("INBOX", "Sent", *FOLDERS))
    replies = {
        "LIST": folders.encode() + b"TAG OK done\r\n",
        "UID SEARCH": b"* SEARCH\r\nTAG OK done\r\n",
        "APPEND": b"TAG NO [%b] not this one\r\n" % code,
    }
    async with scripted_imap(**replies) as server:
        store = Database(sqlite_url)
        account = Account("127.0.0.1", server.port, "none", "box", lambda: "pw")
        rig = Rig(BY_NAME["embedded"], "127.0.0.1", server.port, "box")
        desk = desk_at(store, vault, rig, account)
        for _ in range(2):
            desk.accepted(desk.world.asked(Outcome.NOT_INSTALLER))
        with pytest.raises(Unavailable, match="not this one"):
            await desk.filing.once()
        assert sum(line.split(b" ")[1] == b"APPEND" for line in server.heard) == tries
        assert desk.copied() == [False, False]
        for box in rig.opened:
            await box.close()
        store.close()


def _text(content: bytes) -> str:
    parts = message_from_bytes(content).walk()
    return "".join(p.get_payload(decode=True).decode() for p in parts if p.get_content_type() == "text/plain")
