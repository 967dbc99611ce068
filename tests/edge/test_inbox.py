"""Mail as it is kept, claimed and settled; on both databases."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from daemon.edge import inbox
from daemon.edge.database import Database
from daemon.edge.inbox import KeptMail, Settled, keeping, seen_before, whereabouts
from daemon.edge.inbox.keeping import Cursor
from daemon.edge.tables import mail, mail_content, place
from daemon.edge.vault import Vault
from daemon.mail.message import Evidence, Place, RawMail
from daemon.rules.decision import Fate
from daemon.rules.reasons import Reason
from tests.edge.plans import walks
from tests.edge.rows import NOW, raw

JUNK = frozenset({"Junk"})
REQUESTS = "Install codes/Requests"


def keep(database: Database, vault: Vault, *batch: RawMail, ordered: bool = False) -> tuple[int, ...]:
    """Keep these mails in one transaction."""
    with database.write() as connection:
        return keeping.keep(connection, vault, batch, NOW, ordered=ordered)


def claim(database: Database, vault: Vault, gen: int = 1, limit: int = 10) -> list[KeptMail]:
    """Claim in one transaction."""
    with database.write() as connection:
        return inbox.claim(connection, vault, gen, limit, JUNK)


def settle(database: Database, mail_id: int, fate: Fate = Fate.DECIDED, **changes: object) -> None:
    """Settle one mail in one transaction."""
    fields: dict[str, object] = {"reason": Reason.REQUEST, "keep_content": True} | changes
    with database.write() as connection:
        inbox.settle(connection, {mail_id: Settled(fate=fate, **fields)}, NOW)  # type: ignore[arg-type]


def row(database: Database, mail_id: int) -> sa.RowMapping:
    """The row of a mail."""
    with database.read() as connection:
        return connection.execute(sa.select(mail).where(mail.c.id == mail_id)).mappings().one()


def stored(database: Database, mail_id: int) -> bytes | None:
    """The sealed content of a mail; None: it is erased."""
    query = sa.select(mail_content.c.content).where(mail_content.c.mail_id == mail_id)
    with database.read() as connection:
        return connection.execute(query).scalar()


def places(database: Database) -> list[tuple[int, str, int, int, bool]]:
    """All places: mail, folder, UIDVALIDITY, UID, gone."""
    columns = (place.c.mail_id, place.c.folder, place.c.uidvalidity, place.c.uid, place.c.gone)
    with database.read() as connection:
        return [tuple(found) for found in connection.execute(sa.select(*columns).order_by(place.c.id))]  # type: ignore[misc]


# Keeping ────────────────────────────────────────────────────────────────────────────────────────────


def test_keeping_again_changes_nothing(database: Database, vault: Vault) -> None:
    """A batch that is fetched twice is one mail a content, at one place, and only the first time new."""
    batch = (raw("a", uid=1), raw("b", uid=2))
    first = keep(database, vault, *batch)

    assert keep(database, vault, *batch) == ()
    assert [(first[0], "INBOX", 7, 1, False), (first[1], "INBOX", 7, 2, False)] == places(database)


def test_the_same_bytes_elsewhere_are_a_second_place(database: Database, vault: Vault) -> None:
    """Within one batch, or later in another folder: a place more, never a second mail."""
    [first] = keep(database, vault, raw("a", uid=1), raw("a", uid=2))

    assert keep(database, vault, raw("a", uid=9, folder="Archive")) == ()
    assert [(first, "INBOX", 1), (first, "INBOX", 2), (first, "Archive", 9)] == [
        (found[0], found[1], found[3]) for found in places(database)
    ]


def test_content_is_sealed_at_rest(database: Database, vault: Vault) -> None:
    """What lies in the database does not show the mail, and a claim brings its bytes back."""
    content = bytes(range(256)) * 4
    [mail_id] = keep(database, vault, raw(content=content))

    sealed = stored(database, mail_id)
    assert sealed is not None
    assert content[:16] not in sealed
    assert [content] == [kept.content for kept in claim(database, vault)]


def test_nothing_to_keep(database: Database, vault: Vault) -> None:
    """An empty batch is no fault."""
    assert keep(database, vault) == ()
    assert keep(database, vault, ordered=True) == ()


def test_a_cursor_moves_on(database: Database) -> None:
    """Each folder has one, which the next look begins at."""
    with database.write() as connection:
        assert keeping.cursor_of(connection, "INBOX") is None
        keeping.set_cursor(connection, Cursor("INBOX", 7, 5))
        keeping.set_cursor(connection, Cursor("Junk", 3, 1))
        keeping.set_cursor(connection, Cursor("INBOX", 8, 2))

    with database.read() as connection:
        assert keeping.cursor_of(connection, "INBOX") == Cursor("INBOX", 8, 2)
        assert keeping.cursor_of(connection, "Junk") == Cursor("Junk", 3, 1)


def test_a_new_uidvalidity_ends_the_old_places(database: Database, vault: Vault) -> None:
    """UIDs of another epoch name nothing; the mails found anew get their place, and none is new."""
    ids = keep(database, vault, raw("a", uid=1), raw("b", uid=2))
    with database.write() as connection:
        whereabouts.end_epoch(connection, "INBOX", 8)
        assert whereabouts.known_uids(connection, "INBOX", 8) == set()

    assert keep(database, vault, raw("a", uid=10, uidvalidity=8)) == ()
    with database.read() as connection:
        assert whereabouts.known_uids(connection, "INBOX", 8) == {10}
        assert whereabouts.known_uids(connection, "INBOX", 7) == set()
        assert whereabouts.places_of(connection, ids) == [Place("INBOX", 8, 10)]


def test_an_epoch_that_comes_back_is_taken_in_again(database: Database, vault: Vault) -> None:
    """A server restored from a backup shows its old UIDVALIDITY: what lies at a UID now is what is known there."""
    [first, second] = keep(database, vault, raw("a", uid=1), raw("b", uid=2))
    with database.write() as connection:
        whereabouts.end_epoch(connection, "INBOX", 8)

    assert keep(database, vault, raw("a", uid=1), raw("a", uid=2)) == ()
    assert [(first, 1, False), (first, 2, False)] == [(found[0], found[3], found[4]) for found in places(database)]
    assert second


def test_what_people_take_away_is_gone_and_nothing_else(database: Database, vault: Vault) -> None:
    """A place that is gone is asked for no more; the mail is kept all the same."""
    keep(database, vault, raw("a", uid=1), raw("b", uid=2), raw("c", uid=1, folder="Junk"))
    with database.write() as connection:
        whereabouts.mark_gone(connection, "INBOX", 7, [1, 99])

    with database.read() as connection:
        assert whereabouts.known_uids(connection, "INBOX", 7) == {2}
        assert whereabouts.known_among(connection, "INBOX", 7, [1, 2, 3]) == {2}
        assert whereabouts.known_uids(connection, "Junk", 7) == {1}
    assert len(claim(database, vault)) == 3


@pytest.mark.parametrize(("uids", "last", "gaps"), [((), 0, 0), ((4, 5, 6), 6, 0), ((4, 7, 8), 9, 3), ((9,), 9, 0)])
def test_gaps_are_counted(database: Database, vault: Vault, uids: tuple[int, ...], last: int, gaps: int) -> None:
    """UIDs between the first and the last kept which nobody ever saw: moved or deleted before we looked."""
    keep(database, vault, *(raw(str(uid), uid=uid) for uid in uids))
    with database.write() as connection:
        whereabouts.mark_gone(connection, "INBOX", 7, uids[:1])
        keeping.set_cursor(connection, Cursor("INBOX", 7, last))

    with database.read() as connection:
        assert keeping.uid_gaps(connection, "INBOX") == gaps


# Claiming ───────────────────────────────────────────────────────────────────────────────────────────


def test_claims_come_oldest_first_and_are_counted(database: Database, vault: Vault) -> None:
    """A claim counts as a crash until the mail is settled, and nobody else of our generation gets it."""
    ids = keep(database, vault, *(raw(str(n), uid=n) for n in range(1, 6)))

    first = claim(database, vault, limit=2)

    assert [(ids[0], 1), (ids[1], 1)] == [(kept.id, kept.crashes) for kept in first]
    assert [ids[2], ids[3], ids[4]] == [kept.id for kept in claim(database, vault)]
    assert claim(database, vault) == []


def test_a_newer_generation_takes_over(database: Database, vault: Vault) -> None:
    """What a dead instance had in hand comes to its successor after what is new, one by one, the crash counted."""
    ids = keep(database, vault, raw("a", uid=1), raw("b", uid=2), raw("c", uid=3))
    claim(database, vault, gen=1, limit=2)

    assert [(ids[2], 1)] == [(kept.id, kept.crashes) for kept in claim(database, vault, gen=2)]
    assert [(ids[0], 2)] == [(kept.id, kept.crashes) for kept in claim(database, vault, gen=2)]
    assert [(ids[1], 2)] == [(kept.id, kept.crashes) for kept in claim(database, vault, gen=2)]


def test_a_mail_that_crashed_comes_alone(database: Database, vault: Vault) -> None:
    """So that a bomb takes no good mail with it, and a run of bombs holds none up: by itself, after the others."""
    ids = keep(database, vault, *(raw(str(n), uid=n) for n in range(1, 5)))
    claim(database, vault)
    with database.write() as connection:
        inbox.give_back(connection, [ids[2]], uncounted=False)
        inbox.give_back(connection, [ids[0], ids[1], ids[3]], uncounted=True)

    assert [ids[0], ids[1], ids[3]] == [kept.id for kept in claim(database, vault)]
    assert [ids[2]] == [kept.id for kept in claim(database, vault)]


def test_large_mails_are_claimed_few_at_a_time(database: Database, vault: Vault) -> None:
    """A hundred mails of the largest size in one batch would take all memory; a mail over the bound comes alone."""
    large = "x" * (inbox.MOST_OCTETS // 2)
    ids = keep(
        database, vault, raw("a" + large * 3, uid=1), raw("b" + large, uid=2), raw("c", uid=3), raw("d" + large, uid=4)
    )

    assert [ids[0]] == [kept.id for kept in claim(database, vault)]
    assert list(ids[1:3]) == [kept.id for kept in claim(database, vault)]
    assert list(ids[3:]) == [kept.id for kept in claim(database, vault)]


def test_the_third_crash_makes_it_poison(database: Database, vault: Vault) -> None:
    """Two crashes are an accident; after the third it is claimed no more, once it is in nobody's hands."""
    [mail_id] = keep(database, vault, raw())
    poisonous = []
    for _ in range(3):
        assert [mail_id] == [kept.id for kept in claim(database, vault)]
        with database.write() as connection:
            poisonous.append(inbox.poisonous(connection, 1))
            inbox.give_back(connection, [mail_id], uncounted=False)

    assert poisonous == [[], [], []]
    assert claim(database, vault) == []
    with database.read() as connection:
        assert inbox.poisonous(connection, 1) == [mail_id]


def test_three_dead_processes_make_it_poison(database: Database, vault: Vault) -> None:
    """The count stands before the mail is read, so a process that dies of it needs to write nothing."""
    [mail_id] = keep(database, vault, raw())
    for gen in (1, 2, 3):
        assert [mail_id] == [kept.id for kept in claim(database, vault, gen=gen)]

    with database.read() as connection:
        assert inbox.poisonous(connection, 3) == []
        assert inbox.poisonous(connection, 4) == [mail_id]


def test_a_clean_stop_counts_no_crash(database: Database, vault: Vault) -> None:
    """However often the daemon is restarted in good order, no mail becomes poison by it."""
    [mail_id] = keep(database, vault, raw())
    for _ in range(5):
        claim(database, vault)
        with database.write() as connection:
            inbox.give_back(connection, [mail_id], uncounted=True)

    assert row(database, mail_id)["crashes"] == 0


def test_a_settled_mail_is_not_given_back(database: Database, vault: Vault) -> None:
    """A late "give back" of what was settled meanwhile does not bring it to life again."""
    [mail_id] = keep(database, vault, raw())
    claim(database, vault)
    settle(database, mail_id)

    with database.write() as connection:
        inbox.give_back(connection, [mail_id], uncounted=False)

    assert row(database, mail_id)["state"] == "settled"
    assert claim(database, vault) == []


@pytest.mark.parametrize("how", ["swapped", "missing"])
def test_a_broken_seal_holds_up_nobody(database: Database, vault: Vault, how: str) -> None:
    """Swapped, altered or missing content counts as a crash of its mail alone; the third makes it poison."""
    broken, good = keep(database, vault, raw("a", uid=1), raw("b", uid=2))
    swapped, of_broken = stored(database, good), mail_content.c.mail_id == broken
    with database.write() as connection:
        if how == "swapped":
            connection.execute(sa.update(mail_content).where(of_broken).values(content=swapped))
        else:
            connection.execute(sa.delete(mail_content).where(of_broken))

    claims = [[kept.id for kept in claim(database, vault)] for _ in range(3)]

    assert claims == [[good], [], []]
    with database.read() as connection:
        assert inbox.poisonous(connection, 1) == [broken]


# Ordered by a person ────────────────────────────────────────────────────────────────────────────────


def test_dragged_to_requests_it_is_decided_anew(database: Database, vault: Vault) -> None:
    """Even a mail of which only the hash was left: content back, first arrival kept, everything said of it undone."""
    first = raw("a", uid=1)
    [mail_id] = keep(database, vault, first)
    claim(database, vault)
    settle(database, mail_id, Fate.IGNORED, reason=Reason.NOT_OURS, keep_content=False)
    assert stored(database, mail_id) is None

    again = raw("a", uid=1, folder=REQUESTS, arrived=NOW + timedelta(days=3))
    assert keep(database, vault, again, ordered=True) == (mail_id,)

    [kept] = claim(database, vault)
    assert (kept.id, kept.content, kept.arrived, kept.ordered) == (mail_id, b"a", NOW, True)


def test_a_mail_never_seen_before_can_be_ordered_too(database: Database, vault: Vault) -> None:
    """Exchange may hand out other bytes after a drag: the order holds for the mail that is new by its bytes."""
    [mail_id] = keep(database, vault, raw("a", folder=REQUESTS), ordered=True)

    assert [(mail_id, True)] == [(kept.id, kept.ordered) for kept in claim(database, vault)]


def test_an_order_clears_no_crash_of_a_mail_in_hand(database: Database, vault: Vault) -> None:
    """A mail that waits or is being read keeps its count: dragging a bomb about makes it no fresh mail."""
    [mail_id] = keep(database, vault, raw("a", uid=1))
    claim(database, vault)
    keep(database, vault, raw("a", uid=1, folder=REQUESTS), ordered=True)

    found = row(database, mail_id)
    assert (found["state"], found["crashes"], found["ordered"]) == ("claimed", 1, True)


@pytest.mark.parametrize(("folder", "ordered", "junk"), [("INBOX", False, False), ("Junk", False, True)])
def test_mail_from_junk_is_known_as_such(
    database: Database, vault: Vault, folder: str, *, ordered: bool, junk: bool
) -> None:
    """Where it was first seen counts, wherever it lies now; a person's order takes it out of Junk for good."""
    [mail_id] = keep(database, vault, raw("a", uid=1, folder=folder), ordered=ordered)
    keep(database, vault, raw("a", uid=2, folder="Archive"))

    assert [(folder, junk)] == [(kept.folder, kept.from_junk) for kept in claim(database, vault)]

    keep(database, vault, raw("a", uid=1, folder=REQUESTS), ordered=True)
    with database.write() as connection:
        inbox.give_back(connection, [mail_id], uncounted=True)
    assert [kept.from_junk for kept in claim(database, vault)] == [False]


# Settling ───────────────────────────────────────────────────────────────────────────────────────────


def test_of_what_is_none_of_ours_only_the_hash_stays(database: Database, vault: Vault) -> None:
    """No content, no sender, no subject: newsletters and people's talk are not ours to keep."""
    [mail_id] = keep(database, vault, raw())
    settle(database, mail_id, Fate.IGNORED, reason=Reason.NOT_OURS, keep_content=False, semantic_key="5e")

    found = row(database, mail_id)
    assert (found["fate"], found["reason"], found["semantic_key"]) == ("ignored", "not-ours", "5e")
    assert {None} == {found[name] for name in ("sender", "subject", "message_id", "proof", "wanted_folder")}
    assert stored(database, mail_id) is None


def test_settling_is_counted_by_reason_and_london_day(database: Database, vault: Vault) -> None:
    """The tallies of a day are what `status` shows."""
    for n, reason in enumerate((Reason.REQUEST, Reason.BOUNCE, Reason.REQUEST), 1):
        [mail_id] = keep(database, vault, raw(str(n), uid=n))
        settle(database, mail_id, reason=reason)

    with database.read() as connection:
        assert inbox.tallies(connection, NOW.date()) == {"bounce": 1, "request": 2}
        assert inbox.tallies(connection, NOW.date() + timedelta(days=1)) == {}
        assert inbox.counts(connection) == {"decided": 3}


def test_a_mail_held_again_is_untold_again(database: Database, vault: Vault) -> None:
    """Whatever ops were told of its first hold, the second is news to them."""
    [mail_id] = keep(database, vault, raw("a", uid=1))
    held = {"reason": Reason.JUNK_FOLDER, "held_due": date(2026, 6, 22), "held_due_sum": "sum"}
    settle(database, mail_id, Fate.HELD, **held)
    with database.write() as connection:
        connection.execute(sa.update(mail).values(told_ops_at=1, reminded_day=9))
    keep(database, vault, raw("a", uid=1, folder=REQUESTS), ordered=True)
    claim(database, vault)
    settle(database, mail_id, Fate.HELD, **held)

    assert (row(database, mail_id)["told_ops_at"], row(database, mail_id)["reminded_day"]) == (None, 0)


def test_a_duplicate_goes_where_the_first_one_goes(database: Database, vault: Vault) -> None:
    """Its folder and its thread are the first one's, so that nobody answers by hand what is answered."""
    first, second = keep(database, vault, raw("a", uid=1), raw("b", uid=2))
    said = {"semantic_key": "5e", "evidence": Evidence.DKIM_ALIGNED}
    settle(database, first, case_id="c" * 64, wanted_folder="Install codes/Done", **said)
    settle(database, second, Fate.IGNORED, reason=Reason.DUPLICATE, keep_content=False, **said)

    with database.write() as connection:
        seen_before.follow(connection, second, "5e", Evidence.DKIM_ALIGNED)
        now = [item.wanted_folder for item in whereabouts.to_file(connection, 9)]
        whereabouts.want_folder(connection, "c" * 64, "Install codes/Held")
        later = [item.wanted_folder for item in whereabouts.to_file(connection, 9)]

    assert (now, later) == (["Install codes/Done"] * 2, ["Install codes/Held"] * 2)


def test_a_duplicate_has_the_same_words_and_the_same_proof(database: Database, vault: Vault) -> None:
    """A forgery that came first makes no duplicate of the genuine mail, nor does a mail of itself."""
    forged, genuine = keep(database, vault, raw("a", uid=1), raw("b", uid=2))
    settle(database, forged, semantic_key="5e", evidence=Evidence.UNPROVEN)

    with database.read() as connection:
        assert seen_before.find_same(connection, "5e", Evidence.DKIM_ALIGNED, genuine) is None
        assert seen_before.find_same(connection, "5e", Evidence.UNPROVEN, genuine) == forged
        assert seen_before.find_same(connection, "5e", Evidence.UNPROVEN, forged) is None
        assert seen_before.find_same(connection, "other", Evidence.UNPROVEN, genuine) is None


def test_a_signature_belongs_to_the_mail_that_brought_it_first(database: Database) -> None:
    """Attack row 19: the same DKIM signature under another mail is a replay (durability §2.4)."""
    with database.write() as connection:
        seen_before.remember_signatures(connection, [("d1", "first"), ("d2", "first"), ("d1", "first")], NOW)
        seen_before.remember_signatures(connection, [("d2", "second"), ("d3", "second"), ("d3", "third")], NOW)
        seen_before.remember_signatures(connection, [], NOW)

    with database.read() as connection:
        assert seen_before.reused(connection, ["d1", "d2"], "first") is False
        assert seen_before.reused(connection, ["d2"], "second") is True
        assert seen_before.reused(connection, ["d3"], "second") is False
        assert seen_before.reused(connection, [], "first") is False


def test_the_longest_wait_is_seen(database: Database, vault: Vault) -> None:
    """From the moment it was kept until it is settled."""
    with database.read() as connection:
        assert inbox.oldest_unsettled(connection) is None
    [mail_id] = keep(database, vault, raw())
    claim(database, vault)
    with database.read() as connection:
        assert inbox.oldest_unsettled(connection) == NOW
    settle(database, mail_id)
    with database.read() as connection:
        assert inbox.oldest_unsettled(connection) is None


def test_the_mails_of_a_thread_move_together_but_those_on_hold(database: Database, vault: Vault) -> None:
    """A settled thread takes its mails to Done; one that ops must still look at stays where they find it."""
    ids = keep(database, vault, *(raw(str(n), uid=n) for n in range(1, 4)))
    settle(database, ids[0], case_id="case", wanted_folder="Install codes/Waiting")
    settle(database, ids[1], Fate.HELD, case_id="case", wanted_folder="Install codes/Held")
    settle(database, ids[2], case_id="other", wanted_folder="Install codes/Waiting")
    with database.write() as connection:
        connection.execute(sa.update(mail).values(filed=True))
        whereabouts.want_folder(connection, "case", "Install codes/Done")

    assert [row(database, mail_id)["wanted_folder"] for mail_id in ids] == [
        "Install codes/Done",
        "Install codes/Held",
        "Install codes/Waiting",
    ]
    assert [row(database, mail_id)["filed"] for mail_id in ids] == [False, True, True]


def test_no_question_of_every_mail_walks_over_a_table(database: Database, vault: Vault) -> None:
    """With years of mail kept, each of these must still be a look into an index."""
    keep(database, vault, raw("a", uid=1), raw("b", uid=2))
    for look in (
        lambda c: c.execute(sa.select(mail.c.id).where(mail.c.raw_sha.in_(["a", "b"]))),
        lambda c: c.execute(sa.select(mail.c.id).where(inbox._claimable(1)).order_by(mail.c.id).limit(9)),
        lambda c: inbox.poisonous(c, 1),
        lambda c: keeping.cursor_of(c, "INBOX"),
        lambda c: whereabouts.known_uids(c, "INBOX", 7),
        lambda c: whereabouts.known_among(c, "INBOX", 7, [1, 2]),
        lambda c: seen_before.find_same(c, "5e", Evidence.UNPROVEN, 1),
        lambda c: seen_before.reused(c, ["d1"], "5e"),
        lambda c: inbox.proof(c, 1),
        lambda c: whereabouts.to_file(c, 100),
        lambda c: whereabouts.places_of(c, [1, 2]),
        inbox.oldest_unsettled,
    ):
        assert walks(database, look) == []
