"""The mailbox at real servers, with and without what they may lack."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from imapclient import IMAPClient

from daemon.edge.imap import DONE_KEYWORD, Account, Mailbox
from daemon.edge.imap.link import CUT_BYTES
from daemon.errors import LoginRefused, MailboxFull, Refused, Renumbered, Unavailable
from daemon.mail.message import Place
from tests.edge.mailboxes import KINDS, PASSWORD, Kind, Rig, dovecots, mail, rig_of
from tests.servers import certificates
from tests.servers.dovecot import Dovecot, dovecot
from tests.servers.ports import free_port
from tests.servers.scripted_imap import USUAL, scripted_imap

HELD = "Install codes/Held"
MIXED = [kind for kind in KINDS if kind.name in ("dovecot", "embedded")]


@pytest.fixture(scope="module")
def dovecot_of() -> Iterator[Callable[[Kind], Dovecot]]:
    """Dovecots that the tests of this module share, each test with a user of its own."""
    with dovecots() as of:
        yield of


@pytest.fixture(params=KINDS, ids=str)
async def rig(request: pytest.FixtureRequest, dovecot_of: Callable[[Kind], Dovecot]) -> AsyncIterator[Rig]:
    """A new mailbox at each kind of server."""
    async with rig_of(request.param, dovecot_of) as one:
        yield one


@pytest.fixture(params=MIXED, ids=str)
async def either(request: pytest.FixtureRequest, dovecot_of: Callable[[Kind], Dovecot]) -> AsyncIterator[Rig]:
    """A new mailbox at a full Dovecot, and at a full embedded server."""
    async with rig_of(request.param, dovecot_of) as one:
        yield one


@pytest.fixture
async def at_dovecot(dovecot_of: Callable[[Kind], Dovecot]) -> AsyncIterator[Rig]:
    """A new mailbox at a full Dovecot."""
    async with rig_of(KINDS[0], dovecot_of) as one:
        yield one


# ── looking ─────────────────────────────────────────────────────────────────────────────────────────


async def test_only_uids_above_the_last_are_new(rig):
    """`last+1:*` names the newest mail even when it is not above `last`; it is not taken for new."""
    box = rig.mailbox()
    await rig.deliver(mail(1), mail(2))
    uidvalidity, uids = await box.new_uids("INBOX", 0)
    assert len(uids) == 2
    assert await box.new_uids("INBOX", uids[1]) == (uidvalidity, [])
    assert await box.new_uids("INBOX", uids[1] + 50) == (uidvalidity, [])
    await rig.deliver(mail(3))
    assert await box.new_uids("INBOX", uids[1]) == (uidvalidity, [uids[1] + 1])
    assert await box.all_uids("INBOX") == (uidvalidity, [*uids, uids[1] + 1])


async def test_a_fetch_gives_the_bytes_and_changes_nothing(rig):
    """What is fetched is what was delivered, down to the byte, and the mail stays unread and new for people."""
    box = rig.mailbox()
    odd = mail(1, body="no end of line,\ttabs\r\n.dot\r\n\r\n" + "ü" * 50)
    await rig.deliver(odd, mail(2))
    uidvalidity, uids = await box.new_uids("INBOX", 0)
    raws = await box.fetch("INBOX", uidvalidity, uids)
    assert [raw.content.endswith(sent) for raw, sent in zip(raws, (odd, mail(2)), strict=True)] == [True, True]
    assert [raw.place for raw in raws] == [Place("INBOX", uidvalidity, uid) for uid in uids]
    assert all(raw.arrived.tzinfo is UTC and not raw.cut for raw in raws)
    assert await rig.flags_in("INBOX") == {uid: set() for uid in uids}
    assert (await rig.by_hand(lambda client: client.select_folder("INBOX")))[b"RECENT"] == 2


async def test_arrival_is_the_servers_time_in_utc(dovecot_of):
    """INTERNALDATE comes back as the moment that it names, whatever zone it was written in."""
    async with rig_of(KINDS[5], dovecot_of) as rig:
        moment = datetime(2026, 6, 1, 23, 59, 58, tzinfo=UTC)
        await rig.deliver(mail(1), arrived=moment)
        await rig.deliver(mail(2), arrived=datetime(2026, 6, 3, 12, tzinfo=UTC))
        box = rig.mailbox()
        uidvalidity, uids = await box.all_uids("INBOX")
        assert (await box.fetch("INBOX", uidvalidity, uids))[0].arrived == moment
        assert (await box.all_uids("INBOX", date(2026, 6, 2)))[1] == uids[1:]


async def test_a_mail_expunged_elsewhere_is_left_out(rig):
    """A UID that a person expunged after our look is no empty mail: it is not among what was fetched."""
    box = rig.mailbox()
    await rig.deliver(mail(1), mail(2), mail(3))
    uidvalidity, uids = await box.new_uids("INBOX", 0)

    def expunge(client: IMAPClient) -> None:
        client.select_folder("INBOX")
        client.delete_messages([uids[1]])
        client.expunge()

    await rig.by_hand(expunge)
    raws = await box.fetch("INBOX", uidvalidity, [*uids, uids[2] + 9])
    assert [raw.place.uid for raw in raws] == [uids[0], uids[2]]


async def test_a_huge_mail_comes_cut(either):
    """Of a mail above the limit its beginning is fetched, marked as cut; the others come whole."""
    big = mail(1, body="line of sixty-four octets, to be repeated very often, as it is.\r\n" * 12000)
    await either.deliver(mail(0), big, mail(2))
    box = either.mailbox(max_mail_bytes=100_000)
    uidvalidity, uids = await box.new_uids("INBOX", 0)
    raws = sorted(await box.fetch("INBOX", uidvalidity, uids), key=lambda raw: raw.place.uid)
    assert [raw.cut for raw in raws] == [False, True, False]
    assert len(raws[1].content) == CUT_BYTES
    assert b"Subject: mail 1" in raws[1].content


async def test_a_thousand_mails_come_in_groups(either):
    """1,000 mails are all fetched, in groups of at most 500, each once."""
    batch = [mail(number) for number in range(1000)]

    def fill(client: IMAPClient) -> None:
        for start in range(0, 1000, 250):
            client.multiappend("INBOX", batch[start : start + 250])

    await either.by_hand(fill)
    box = either.mailbox()
    uidvalidity, uids = await box.new_uids("INBOX", 0)
    groups = [group async for group in box.fetch_groups("INBOX", uidvalidity, uids)]
    assert [len(group) for group in groups] == [500, 500]
    assert [raw.place.uid for group in groups for raw in group] == uids
    assert {hashlib.sha256(raw.content).digest() for group in groups for raw in group} == {
        hashlib.sha256(one).digest() for one in batch
    }


async def test_message_ids_are_told_exactly(rig):
    """SEARCH finds what is like a Message-ID; only a mail that has exactly it counts."""
    box = rig.mailbox()
    await rig.deliver(mail(11), mail(2))
    assert await box.has_message_id("INBOX", "<m11@south.test>")
    assert not await box.has_message_id("INBOX", "<m1@south.test>")
    assert not await box.has_message_id("INBOX", "m11@south.test")
    asked = [f"<m{number}@south.test>" for number in range(60)]
    assert await box.with_message_ids("INBOX", asked) == {"<m11@south.test>", "<m2@south.test>"}


# ── folders ─────────────────────────────────────────────────────────────────────────────────────────


async def test_our_folders_are_made_once_and_subscribed(rig):
    """Missing folders are created where people's programs look for them; a second call changes nothing."""
    box = rig.mailbox()
    await box.ensure_folders([HELD, "Install codes/Übergabe"])
    await box.ensure_folders([HELD, "Install codes/Übergabe"])
    assert {HELD, "Install codes/Übergabe", "INBOX", "Sent"} <= set(await box.list_folders())
    listed = await rig.by_hand(lambda client: [name for _, _, name in client.list_folders()])
    subscribed = await rig.by_hand(lambda client: [name for _, _, name in client.list_sub_folders()])
    for folder in (HELD, "Install codes/Übergabe"):
        assert listed.count(rig.spelled(folder)) == subscribed.count(rig.spelled(folder)) == 1


async def test_special_folders_are_found(rig):
    """Sent, junk, trash and archive are found by attribute, or by the names that programs give them."""
    special = await rig.mailbox().special_folders()
    assert (special.sent, special.junk, special.trash, special.archive) == ("Sent", ("Junk",), ("Trash",), ("Archive",))


@pytest.mark.parametrize("name", ["bad\r\nA1 LOGOUT", "bad\0", "bad\x7f", "bad\x85"])
async def test_control_characters_never_reach_the_server(name, at_dovecot):
    """A name that would be a command of its own is refused before a byte of it is sent (CVE-2025-15366)."""
    box = at_dovecot.mailbox()
    for call in (
        box.ensure_folders([name]),
        box.new_uids(name, 0),
        box.append(name, mail(1)),
        box.has_message_id("INBOX", name),
        box.append("INBOX", mail(1), [name]),
    ):
        with pytest.raises(Refused, match="not handed to the mail server"):
            await call


# ── changing ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_move_tells_where_each_mail_went(rig):
    """The places that a move returns hold the mails; where the server cannot move they stay, marked."""
    box = rig.mailbox()
    await box.ensure_folders([HELD])
    await rig.deliver(mail(1), mail(2), mail(3))
    uidvalidity, uids = await box.new_uids("INBOX", 0)
    before = {raw.place.uid: raw.content for raw in await box.fetch("INBOX", uidvalidity, uids)}
    places = await box.move("INBOX", uidvalidity, [uids[2], uids[0], uids[2] + 40], HELD)
    assert places[2] is None
    for uid, place in zip((uids[2], uids[0]), places, strict=False):
        assert place is not None
        assert place.folder == (HELD if rig.kind.moves else "INBOX")
        assert [raw.content for raw in await box.fetch(place.folder, place.uidvalidity, [place.uid])] == [before[uid]]
    if rig.kind.moves:
        assert (await box.all_uids("INBOX"))[1] == [uids[1]]
    else:
        flags = await rig.flags_in("INBOX")
        assert flags == {uids[0]: {DONE_KEYWORD}, uids[1]: set(), uids[2]: {DONE_KEYWORD}}


async def test_a_move_never_expunges_what_people_deleted(rig):
    """A mail that a person has marked as deleted survives every way in which we move others."""
    box = rig.mailbox()
    await box.ensure_folders([HELD])
    await rig.deliver(mail(1), mail(2))
    uidvalidity, uids = await box.new_uids("INBOX", 0)

    def delete(client: IMAPClient) -> None:
        client.select_folder("INBOX")
        client.delete_messages([uids[0]])

    await rig.by_hand(delete)
    await box.move("INBOX", uidvalidity, [uids[1]], HELD)
    assert (await rig.flags_in("INBOX"))[uids[0]] == {"\\Deleted"}


async def test_a_move_of_many_comes_in_batches(either):
    """1,200 mails are moved, and each one's new place is told."""

    def fill(client: IMAPClient) -> None:
        for start in range(0, 1200, 300):
            client.multiappend("INBOX", [mail(number) for number in range(start, start + 300)])

    await either.by_hand(fill)
    box = either.mailbox()
    await box.ensure_folders([HELD])
    uidvalidity, uids = await box.new_uids("INBOX", 0)
    places = await box.move("INBOX", uidvalidity, uids, HELD)
    assert (await box.all_uids("INBOX"))[1] == []
    assert sorted(place.uid for place in places) == (await box.all_uids(HELD))[1]


async def test_a_human_move_leaves_nothing_to_move(rig):
    """A mail that a person moved away first is gone for us: no error, no new place."""
    box = rig.mailbox()
    await box.ensure_folders([HELD])
    await rig.deliver(mail(1), mail(2))
    uidvalidity, uids = await box.new_uids("INBOX", 0)

    def take(client: IMAPClient) -> None:
        client.select_folder("INBOX")
        client.copy([uids[0]], rig.spelled("Archive"))
        client.delete_messages([uids[0]])
        client.expunge()

    await rig.by_hand(take)
    assert await box.move("INBOX", uidvalidity, [uids[0]], HELD) == [None]
    assert len((await box.all_uids("Archive"))[1]) == 1


async def test_flags_are_added_and_no_other_is_touched(rig):
    """The Answered flag is set where it is wanted; unread mail stays unread, a gone UID is passed over."""
    box = rig.mailbox()
    await rig.deliver(mail(1), mail(2))
    uidvalidity, uids = await box.new_uids("INBOX", 0)
    await box.add_flags("INBOX", uidvalidity, [uids[0], uids[1] + 30], ["\\Answered"])
    assert await rig.flags_in("INBOX") == {uids[0]: {"\\Answered"}, uids[1]: set()}


async def test_an_appended_mail_lies_where_it_says(rig):
    """APPEND keeps bytes, flags and date; its place is told."""
    box = rig.mailbox()
    when = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    place = await box.append("Sent", mail(7), ["\\Seen"], when)
    assert place is not None
    (raw,) = await box.fetch("Sent", place.uidvalidity, [place.uid])
    assert (raw.content, raw.arrived, raw.place) == (mail(7), when, place)
    assert await rig.flags_in("Sent") == {place.uid: {"\\Seen"}}


async def test_mails_appended_in_one_go_lie_where_it_says(rig):
    """All are there in their order, and where the server tells their places, these are they; or none is there."""
    box = rig.mailbox()
    when = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    await box.append("Sent", mail(1), ["\\Seen"], when)
    told = await box.append_all("Sent", [(mail(number), when) for number in (2, 3, 4)], ["\\Seen"])
    uidvalidity, uids = await box.all_uids("Sent")
    raws = await box.fetch("Sent", uidvalidity, uids)
    if told is None:
        assert len(uids) == 1
    else:
        assert [raw.content for raw in raws] == [mail(number) for number in (1, 2, 3, 4)]
        assert told in {(uidvalidity, range(uids[1], uids[3] + 1)), (0, range(0))}


async def test_renumbering_stops_every_use_of_an_old_uid(at_dovecot):
    """After UIDVALIDITY changed no mail is fetched, flagged or moved by a UID of before."""
    rig, box = at_dovecot, at_dovecot.mailbox()
    await box.ensure_folders([HELD])
    await rig.deliver(mail(1))
    old, uids = await box.new_uids("INBOX", 0)
    await asyncio.to_thread(
        rig.dovecot.doveadm, "mailbox", "update", "-u", rig.user, "--uid-validity", str(old + 5), "INBOX"
    )
    for call in (
        box.fetch("INBOX", old, uids),
        box.move("INBOX", old, uids, HELD),
        box.add_flags("INBOX", old, uids, ["\\Answered"]),
    ):
        with pytest.raises(Renumbered) as news:
            await call
        assert (news.value.folder, news.value.uidvalidity) == ("INBOX", old + 5)
    uidvalidity, now = await box.all_uids("INBOX")
    assert uidvalidity == old + 5
    assert await rig.flags_in("INBOX") == {uid: set() for uid in now}
    assert len(now) == 1


# ── waiting, and the line ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("ask_every_s", [0.0, 0.05], ids=["told", "asking"])
async def test_idle_sees_new_mail(rig, ask_every_s):
    """A mail that comes in while we wait ends the wait: told of it, where the server has IDLE, or asking."""
    box = rig.mailbox()
    await box.new_uids("INBOX", 0)
    asks = ask_every_s or (0.0 if rig.kind.idles else 0.05)
    waiting = asyncio.create_task(box.idle("INBOX", 60, asks))
    await rig.deliver(mail(1))
    async with asyncio.timeout(30):
        assert await waiting is True
    assert len((await box.new_uids("INBOX", 0))[1]) == 1


async def test_asking_is_over_after_the_given_time_and_mail_that_leaves_is_no_news(either):
    """What filing moves away while we ask starts no new look."""
    box, other = either.mailbox(), either.mailbox()
    await either.deliver(mail(1))
    uidvalidity, uids = await box.new_uids("INBOX", 0)
    waiting = asyncio.create_task(box.idle("INBOX", 1.0, 0.05))
    await other.ensure_folders([HELD])
    await other.move("INBOX", uidvalidity, uids, HELD)
    assert await waiting is False
    assert (await box.new_uids("INBOX", 0))[1] == []


async def test_idle_sees_what_came_since_the_last_look(either):
    """A mail that came between the look and the wait is news, though it comes in one piece with the first answer."""
    box = either.mailbox()
    await box.new_uids("INBOX", 0)
    await either.deliver(mail(1))
    async with asyncio.timeout(30):  # the wait itself is longer: it must not be waited out
        assert await box.idle("INBOX", 60) is True


async def test_idle_sees_what_came_while_we_fetched(either):
    """A mail that came while others were being fetched was told beside another answer; it is news all the same."""
    box = either.mailbox()
    await either.deliver(mail(1))
    uidvalidity, uids = await box.new_uids("INBOX", 0)
    await either.deliver(mail(2))
    assert len(await box.fetch("INBOX", uidvalidity, uids)) == 1
    async with asyncio.timeout(30):  # as above
        assert await box.idle("INBOX", 60) is True
    _, uids = await box.new_uids("INBOX", 0)
    assert len(uids) == 2
    assert await box.idle("INBOX", 0.1) is False


async def test_idle_ends_by_itself(either):
    """Without news the wait is over after the given time, and the connection goes on working."""
    box = either.mailbox()
    assert await box.idle("INBOX", 0.1) is False
    assert (await box.new_uids("INBOX", 0))[1] == []


async def test_interrupt_frees_a_waiting_call(rig):
    """A stop does not wait for the end of a wait; the next call connects anew."""
    box = rig.mailbox()
    await box.connect()
    waiting = asyncio.create_task(box.idle("INBOX", 60))
    await asyncio.sleep(0.1)
    box.interrupt()
    with pytest.raises(Unavailable, match="connection was lost"):
        await waiting
    assert (await box.new_uids("INBOX", 0))[1] == []


async def test_a_cancelled_wait_frees_the_thread(either):
    """A task that is cancelled in a wait does not keep the next call waiting."""
    box = either.mailbox()
    await box.connect()
    waiting = asyncio.create_task(box.idle("INBOX", 60))
    await asyncio.sleep(0.1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(30):  # half the wait: a thread that is still in it would answer too late
        with suppress(Unavailable):  # the first call may meet the line that is being dropped
            await box.new_uids("INBOX", 0)
        assert (await box.new_uids("INBOX", 0))[1] == []


async def test_a_line_that_breaks_is_told_and_mended(either):
    """The server dies in the middle of a wait: Unavailable, and the next call finds the mail of before."""
    box = either.mailbox()
    await either.deliver(mail(1))
    await box.connect()
    waiting = asyncio.create_task(box.idle("INBOX", 60))
    await asyncio.sleep(0.1)
    await either.break_the_line()
    with pytest.raises(Unavailable):
        await waiting
    assert len((await box.new_uids("INBOX", 0))[1]) == 1


async def test_calls_wait_for_each_other(either):
    """Two tasks may ask at once; their answers do not mix."""
    box = either.mailbox()
    await box.ensure_folders([HELD])
    await either.deliver(mail(1), mail(2))
    looks = [box.all_uids(folder) for folder in ("INBOX", HELD) * 8]
    found = [len(uids) for _, uids in await asyncio.gather(*looks)]
    assert found == [2, 0] * 8


async def test_a_server_that_is_not_there_is_unavailable():
    """Nobody listens: Unavailable, naming the server."""
    port = free_port()
    box = Mailbox(Account("127.0.0.1", port, "none", "a", lambda: "b"))
    with pytest.raises(Unavailable, match=f"127.0.0.1:{port}"):
        await box.connect()
    await box.close()


async def test_a_wrong_password_is_a_refused_login(either):
    """The server's own words are told, the password is not."""
    box = either.mailbox(either.account(password="wrong-geheim"))
    with pytest.raises(LoginRefused, match=r"(?i)refused the login: .*auth") as told:
        await box.connect()
    assert "geheim" not in str(told.value)


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_tls_with_a_named_authority(security, at_dovecot):
    """Over TLS and STARTTLS the mailbox works when the authority is the one that we were given."""
    server = at_dovecot.dovecot
    port = server.imaps_port if security == "tls" else server.imap_port
    box = at_dovecot.mailbox(at_dovecot.account(security=security, port=port, ca_file=server.ca))
    await at_dovecot.deliver(mail(1))
    assert len((await box.new_uids("INBOX", 0))[1]) == 1
    waiting = asyncio.create_task(box.idle("INBOX", 50))
    await at_dovecot.deliver(mail(2))
    assert await waiting is True


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_strange_certificate_gets_no_password(security, at_dovecot, tmp_path):
    """A certificate of another authority ends the connection before the login."""
    server = at_dovecot.dovecot
    port = server.imaps_port if security == "tls" else server.imap_port
    other = certificates.make(tmp_path)
    asked = []
    account = Account(server.host, port, security, at_dovecot.user, lambda: asked.append(1) or PASSWORD, other.ca)
    with pytest.raises(Unavailable, match="certificate verify failed"):
        await at_dovecot.mailbox(account).connect()
    assert asked == []


async def test_a_full_mailbox_refuses_and_goes_on_reading():
    """APPEND over the quota is MailboxFull, in the server's words; what lies there can still be read."""
    with dovecot(quota_kib=20) as server:
        user, password = next(iter(server.users.items()))
        box = Mailbox(Account(server.host, server.imap_port, "none", user, lambda: password))
        server.deliver(user, mail(1))
        with pytest.raises(MailboxFull, match="OVERQUOTA"):
            await box.append("Sent", mail(2, body="x" * 70 + ("\r\n" + "x" * 70) * 600))
        uidvalidity, uids = await box.new_uids("INBOX", 0)
        assert len(await box.fetch("INBOX", uidvalidity, uids)) == 1
        await box.close()


async def test_a_refused_append_is_refused(at_dovecot):
    """A NO for another reason than room is Refused, so that it is not taken for a full mailbox."""
    with pytest.raises(Refused, match="TRYCREATE") as told:
        await at_dovecot.mailbox().append("No such folder", mail(1))
    assert not isinstance(told.value, MailboxFull)


# ── what no decent server does ──────────────────────────────────────────────────────────────────────

SIZES = b"* 1 FETCH (UID 5 RFC822.SIZE 9)\r\nTAG OK done\r\n"
DATE = b'INTERNALDATE "24-Nov-2026 10:00:00 +0000"'


def scripted_box(port: int, security: str = "none") -> Mailbox:
    """A mailbox at a scripted server."""
    return Mailbox(Account("127.0.0.1", port, security, "box", lambda: "geheim", timeout_s=5))


@pytest.mark.parametrize(
    "body",
    [
        b"* 1 FETCH (UID 5 %b FLAGS () BODY[] NIL)\r\nTAG OK done\r\n" % DATE,
        b'* 1 FETCH (UID 5 %b FLAGS () BODY[] "")\r\nTAG OK done\r\n' % DATE,
        b"* 1 FETCH (UID 6 %b FLAGS () BODY[] {9}\r\nX: other\n)\r\nTAG OK done\r\n" % DATE,
        b"* 1 FETCH (UID 5 FLAGS (\\Seen))\r\nTAG OK done\r\n",
        b"TAG OK done\r\n",
    ],
    ids=["NIL", "empty", "another UID", "flags only", "nothing"],
)
async def test_no_mail_is_made_of_an_empty_answer(body):
    """NIL, an empty string, another mail or nothing at all: left out, to be looked at again (D2)."""
    async with scripted_imap(**{"UID FETCH 5 (UID RFC822": SIZES, "UID FETCH": body}) as s:
        box = scripted_box(s.port)
        assert await box.fetch("INBOX", 7, [5]) == []
        await box.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"* 1 FETCH (UID 5 BODY[] {500}\r\nFrom: secret-sender@x\r\n",
        b"* 1 FETCH (UID 5 ((( secret-sender@x\r\nTAG OK done\r\n",
        b"* BYE secret-sender@x\r\n",
        b"secret-sender@x is not IMAP\r\n",
        b"",
        b"TAG NO [SERVERBUG] try later\r\n",
    ],
    ids=["cut literal", "no grammar", "bye", "not IMAP", "hang up", "NO"],
)
async def test_a_broken_answer_is_unavailable_and_quotes_no_mail(answer):
    """Whatever the line brings, it leaves as Unavailable, without a word of mail, and the next call reconnects."""
    replies = {"UID FETCH": answer}
    async with scripted_imap(**replies) as s:
        box = Mailbox(Account("127.0.0.1", s.port, "none", "box", lambda: "geheim", timeout_s=0.5))
        for _ in range(2):
            with pytest.raises(Unavailable) as told:
                await box.fetch("INBOX", 7, [5])
            assert "secret-sender" not in str(told.value)
        assert sum(b"LOGIN" in line for line in s.heard) == 2
        await box.close()


async def test_a_greeting_as_logged_in_is_not_accepted():
    """PREAUTH would let a man in the middle skip STARTTLS: refused before a password is sent."""
    async with scripted_imap(greeting=b"* PREAUTH welcome\r\n") as s:
        for security in ("none", "starttls"):
            with pytest.raises(Unavailable, match="PREAUTH"):
                await scripted_box(s.port, security).connect()
        assert not any(b"geheim" in line for line in s.heard)


async def test_no_starttls_no_password():
    """A server (or somebody in between) that does not offer STARTTLS gets no password."""
    async with scripted_imap() as s:
        with pytest.raises(Unavailable, match="does not offer STARTTLS"):
            await scripted_box(s.port, "starttls").connect()
        assert not any(b"LOGIN" in line for line in s.heard)


async def test_the_password_is_masked_in_the_servers_words():
    """A server that repeats the password in its refusal does not bring it into our log."""
    async with scripted_imap(LOGIN=b"TAG NO [AUTHENTICATIONFAILED] geheim is wrong\r\n") as s:
        with pytest.raises(LoginRefused) as told:
            await scripted_box(s.port).connect()
    assert str(told.value).endswith("[AUTHENTICATIONFAILED] ••• is wrong")


@pytest.mark.parametrize(
    "words",
    [
        b"[UNAVAILABLE] busy",  # RFC 5530
        b"[ALERT] Too many simultaneous connections. (Failure)",  # Gmail (zone-eu/wildduck#35)
        b"[OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)",
        b"Server Unavailable. 15",  # Exchange (lefcha/imapfilter#146)
    ],
)
async def test_a_login_refused_for_the_moment_is_no_wrong_password(words):
    """Such words ask us to come back, and raise no alarm about the password."""
    async with scripted_imap(LOGIN=b"TAG NO %b\r\n" % words) as s:
        with pytest.raises(Unavailable) as told:
            await scripted_box(s.port).connect()
    assert not isinstance(told.value, LoginRefused)


async def test_capabilities_are_asked_for_after_the_login():
    """What was offered before the login does not count: here MOVE was, and is not any more."""
    greeting = b"* OK [CAPABILITY IMAP4rev1 MOVE UIDPLUS] ready\r\n"
    before = b"* CAPABILITY IMAP4rev1 MOVE UIDPLUS\r\nTAG OK done\r\n"
    after = b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"
    replies = {"UID STORE": b"TAG OK done\r\n", "UID SEARCH": b"* SEARCH 5\r\nTAG OK done\r\n"}
    async with scripted_imap(greeting=greeting, CAPABILITY=(before, after), **replies) as s:
        box = scripted_box(s.port)
        assert await box.move("INBOX", 7, [5], HELD) == [Place("INBOX", 7, 5)]
        assert not any(b"MOVE" in line or b"EXPUNGE" in line for line in s.heard)
        await box.close()


async def test_a_folder_opened_read_only_is_not_moved_from():
    """A server that opens the folder read-only gets no MOVE; the station comes back later."""
    read_only = USUAL["SELECT"].replace(b"READ-WRITE", b"READ-ONLY")
    async with scripted_imap(SELECT=read_only, UID_MOVE=b"TAG OK done\r\n") as s:
        with pytest.raises(Unavailable):
            await scripted_box(s.port).move("INBOX", 7, [5], HELD)
        assert not any(b"MOVE" in line for line in s.heard)


async def test_a_server_that_names_no_permanent_flags_keeps_any():
    """Without PERMANENTFLAGS every flag is taken to stay (RFC 3501)."""
    async with scripted_imap(UID_STORE=b"TAG OK done\r\n") as s:
        box = scripted_box(s.port)
        await box.add_flags("INBOX", 7, [5], ["\\Answered", "$Ours"])
        assert any(b"STORE 5 +FLAGS.SILENT (\\Answered $Ours)" in line for line in s.heard)
        await box.close()


async def test_a_flag_that_would_not_stay_is_not_sent():
    """A folder that takes no new keywords gets those flags alone that it keeps."""
    select = USUAL["SELECT"].replace(b"TAG", b"* OK [PERMANENTFLAGS (\\Answered \\Seen)] x\r\nTAG")
    async with scripted_imap(SELECT=select, UID_STORE=b"TAG OK done\r\n") as s:
        box = scripted_box(s.port)
        await box.add_flags("INBOX", 7, [5], ["\\answered", "$Ours"])
        await box.add_flags("INBOX", 7, [5], ["$Ours"])
        stored = [line.partition(b"STORE ")[2].strip() for line in s.heard if b"STORE" in line]
        assert stored == [b"5 +FLAGS.SILENT (\\answered)"]
        await box.close()


@pytest.mark.parametrize(
    "code", [b"[COPYUID 9 5 4000000000:1]", b"[COPYUID 9 5,6 1]", b"[COPYUID 9 6 1]", b"[COPYUID 9 x y]", b"[COPYUID]"]
)
async def test_a_strange_copyuid_tells_no_place(code):
    """A COPYUID that does not fit what was asked is not believed, nor does it fill the memory."""
    async with scripted_imap(UID_MOVE=b"* OK %b moved\r\nTAG OK done\r\n" % code) as s:
        box = scripted_box(s.port)
        assert await box.move("INBOX", 7, [5], HELD) == [None]
        await box.close()
