"""What must hold whatever happened: the invariants of the durability notes (3.6), as one function.

I10 (tokens) and the high-water mark are of releases to come. I2 is the half that this release has: whoever must act
was told. Everything is read from outside: the mailbox over IMAP, the relay's letters, the files, and the database.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from daemon.edge import audit
from daemon.edge.database import int_to_eui
from tests.servers.scripted_smtp import Taken
from tests.whole.canaries import files_below, held_in, in_bytes, message_id, readable, secret_spellings, spellings
from tests.whole.installation import MAILBOX_PASSWORD, RELAY_LOGIN, Installation, Lying
from tests.whole.story import CODES, LISTED, MPAN, OPS, Mail

OF_CODES = {device: spellings(code) for device, code in CODES.items()}
OF_SECRETS = {text: secret_spellings(text) for text in (MPAN, MAILBOX_PASSWORD, RELAY_LOGIN[1])}
GIVEN_FILES = ("keys", "mailbox-password", "relay-password")
"""What an operator put into the folder: the secrets stand there by right."""


@dataclass(frozen=True)
class Picture:
    """All of an installation at one moment, read once."""

    world: Installation
    lying: tuple[Lying, ...]
    taken: tuple[Taken, ...]
    tables: dict[str, list[dict[str, Any]]]

    @classmethod
    def of(cls, world: Installation) -> "Picture":
        """Look at everything; nothing may run meanwhile."""
        names = ("mail", "place", "cursor", "item", "thread", "letter", "frozen", "release", "audit", "lease")
        tables = {name: [dict(row) for row in world.rows(f"SELECT * FROM {name}")] for name in names}
        return cls(world, tuple(world.mailbox()), tuple(world.relay.server.taken), tables)

    @cached_property
    def copies(self) -> dict[str, list[Taken]]:
        """The letters that arrived, by Message-ID."""
        found: dict[str, list[Taken]] = defaultdict(list)
        for taken in self.taken:
            found[message_id(taken.content)].append(taken)
        return found

    @cached_property
    def letters(self) -> dict[str, dict[str, Any]]:
        """The outbox by Message-ID, with what is frozen of each."""
        frozen = {row["letter_id"]: row for row in self.tables["frozen"]}
        return {row["message_id"]: frozen.get(row["id"], {}) | row for row in self.tables["letter"]}

    @cached_property
    def opened(self) -> set[str]:
        """The devices whose codes the audit trail says were opened for a letter."""
        told = (json.loads(row["detail"]) for row in self.tables["audit"] if row["what"] == "codes-opened")
        return {device for detail in told for device in detail["devices"]}

    def entries(self, what: str) -> Counter[str]:
        """How often the audit trail says `what` of each subject."""
        return Counter(row["subject"] for row in self.tables["audit"] if row["what"] == what)


def assert_invariants(world: Installation, mails: Sequence[Mail], generations: int | None = -1) -> Picture:
    """Every invariant, once all is quiet and nothing runs.

    `mails`: all that came in, as they must end. `generations`: how often the mailbox was taken; -1: once a run,
    None: at most so often, for a run may be killed before.
    """
    picture = Picture.of(world)
    _each_mail_in_one_state(picture, mails)
    _somebody_was_told(picture)
    _copies_are_on_record(picture)
    _letters_reach_listed_addresses(picture)
    _codes_are_where_they_belong(picture, mails)
    _secrets_are_nowhere(picture)
    _robots_get_nothing(picture, mails)
    _the_trail_explains(picture)
    _the_mailbox_is_a_picture(picture, mails)
    _nothing_failed_unnamed(picture)
    _generations_rise(picture, world.runs if generations == -1 else generations)
    assert_no_cursor_beyond_what_is_kept(world)
    assert any(row["folder"] == "INBOX" for row in picture.tables["cursor"])
    return picture


def _each_mail_in_one_state(picture: Picture, mails: Sequence[Mail]) -> None:
    """I1: each mail is there once, in the one state that it must be in, with a due date where one is owed."""
    place = {(p["folder"], p["uidvalidity"], p["uid"]): p for p in picture.tables["place"] if not p["gone"]}
    rows = {row["id"]: row for row in picture.tables["mail"]}
    found = Counter()
    for lying in picture.lying:
        if lying.folder == "Sent":
            continue
        where = place.get((lying.folder, lying.uidvalidity, lying.uid))
        assert where is not None, f"not kept: {lying.folder} {lying.uid}"
        row = rows[where["mail_id"]]
        found[message_id(lying.content), row["state"], row["fate"], row["reason"], lying.folder] += 1
        assert (row["held_due"] is not None) == (row["fate"] in ("held", "poison"))
    assert Counter((m.message_id, "settled", *m.fate, m.folder) for m in mails) == found
    expected = {device: state for m in mails for device, state in m.items.items()}
    items = {int_to_eui(row["device_id"]): row["state"] for row in picture.tables["item"]}
    assert expected == items
    assert len(items) == len(picture.tables["item"])
    assert all(row["due_end"] for row in picture.tables["item"])


def _somebody_was_told(picture: Picture) -> None:
    """I2: of everything that is held ops were told, by a letter that the relay took."""
    held = [row for row in picture.tables["item"] if row["state"] == "held"]
    held += [row for row in picture.tables["mail"] if row["fate"] in ("held", "poison")]
    assert all(row["told_ops_at"] for row in held)
    matters = sum(
        len(json.loads(row["plan"])["content"]["matters"])
        for row in picture.tables["letter"]
        if row["kind"] == "held" and row["state"] == "accepted"
    )
    assert matters == len(held)


def _copies_are_on_record(picture: Picture) -> None:
    """I3: one content a letter; more copies than one only where an unknown outcome is on record for each."""
    unknown = picture.entries("letter-unknown")
    for name, copies in picture.copies.items():
        assert len({taken.content for taken in copies}) == 1
        assert len({taken.recipient for taken in copies}) == 1
        assert len(copies) - 1 <= unknown[f"letter:{picture.letters[name]['id']}"]


def _letters_reach_listed_addresses(picture: Picture) -> None:
    """I6: nobody but listed contacts and our own team gets mail, each letter where the outbox says."""
    for name, copies in picture.copies.items():
        letter = picture.letters[name]
        assert copies[0].recipient == letter["recipient"]
        assert letter["recipient"] in (LISTED if letter["party"] else {OPS})


def codes_in(mail: bytes) -> set[str]:
    """The devices whose codes a mail holds, in whatever spelling."""
    text = readable(mail)
    return {device for device, needles in OF_CODES.items() if in_bytes(text, needles)}


def _codes_are_where_they_belong(picture: Picture, mails: Sequence[Mail]) -> None:
    """I4, I5: a code stands in the letter to the listed address of who may have it, and nowhere else at all."""
    allowed = {device for m in mails for device in m.codes}
    answered = set()
    for name, copies in picture.copies.items():
        letter, inside = picture.letters[name], codes_in(copies[0].content)
        assert inside <= allowed
        assert len(inside) == letter["codes"]
        if inside:
            assert letter["recipient"] in LISTED
            verdict = json.loads(letter["verdict"])
            assert verdict
            assert all(condition["holds"] for condition in verdict)
        answered |= inside
    assert answered == allowed
    needles = frozenset(needle for some in OF_CODES.values() for needle in some)
    _absent(picture, needles)
    for lying in picture.lying:
        assert not in_bytes(readable(lying.content), needles), f"a code lies in {lying.folder}"


def _secrets_are_nowhere(picture: Picture) -> None:
    """I5: no password and no supply number in any file, in any letter, in Sent."""
    for needles in OF_SECRETS.values():
        _absent(picture, needles)
        for content in (*(t.content for t in picture.taken), *(m.content for m in picture.lying if m.folder == "Sent")):
            assert not in_bytes(readable(content), needles)


def _absent(picture: Picture, needles: frozenset[bytes]) -> None:
    for path in files_below(picture.world.folder, but=GIVEN_FILES):
        assert not in_bytes(held_in(path), needles), f"a secret stands in {path.name}"
    assert not list((picture.world.folder / "tmp").iterdir())


def _robots_get_nothing(picture: Picture, mails: Sequence[Mail]) -> None:
    """I7: a letter to a counterparty answers a mail that was to be answered, at most one for each."""
    answered = Counter(row["mail_id"] for row in picture.tables["letter"] if row["party"])
    fates = {row["id"]: row["fate"] for row in picture.tables["mail"]}
    assert all(fates[mail_id] == "decided" for mail_id in answered)
    assert set(answered.values()) <= {1}
    assert len(answered) == sum(m.fate[0] == "decided" for m in mails)


def _the_trail_explains(picture: Picture) -> None:
    """I9: the chain verifies; each mail settled once, each letter accepted once, each code opened before it went."""
    with picture.world.database.read() as connection:
        assert audit.verify(connection, picture.world.vault()).broken_at is None
    assert picture.entries("mail-settled") == Counter(f"mail:{row['id']}" for row in picture.tables["mail"])
    assert picture.entries("letter-accepted") == Counter(f"letter:{row['id']}" for row in picture.tables["letter"])
    released = Counter(int_to_eui(row["device_id"]) for row in picture.tables["release"] if row["state"] == "released")
    assert picture.opened >= released.keys()
    assert sum(released.values()) == sum(row["codes"] for row in picture.tables["letter"])


def _the_mailbox_is_a_picture(picture: Picture, mails: Sequence[Mail]) -> None:
    """I11: Sent holds each accepted letter once and nothing else; folders and flags are what the database says."""
    assert {row["state"] for row in picture.tables["letter"]} <= {"accepted"}
    sent = Counter(message_id(lying.content) for lying in picture.lying if lying.folder == "Sent")
    assert sent == Counter(picture.letters.keys())
    assert picture.copies.keys() == picture.letters.keys()
    rows = {row["id"]: row for row in picture.tables["mail"]}
    for place in picture.tables["place"]:
        wanted = rows[place["mail_id"]]["wanted_folder"]
        assert place["gone"] or wanted in (None, place["folder"])
    untouched = {m.message_id for m in mails if m.folder == "INBOX"}
    for lying in picture.lying:
        if message_id(lying.content) in untouched and lying.folder == "INBOX":
            assert "\\Seen" not in lying.flags
            assert "\\Answered" not in lying.flags


def _nothing_failed_unnamed(picture: Picture) -> None:
    """I12: every line of the log is one of ours and none is an error; no reader is left behind."""
    for line in picture.world.said().splitlines():
        assert json.loads(line)["level"] in ("info", "warning"), line


def _generations_rise(picture: Picture, generations: int | None) -> None:
    """I13: one generation each time that the mailbox was taken, and nothing written under another."""
    [lease] = picture.tables["lease"]
    assert lease["gen"] == generations if generations else lease["gen"] <= picture.world.runs
    for table in ("letter", "mail"):
        assert all((row["claimed_gen"] or 0) <= lease["gen"] for row in picture.tables[table])


def assert_no_cursor_beyond_what_is_kept(world: Installation) -> None:
    """I14: whatever lies at or before a cursor has its place; also right after a kill."""
    kept = {(p["folder"], p["uidvalidity"], p["uid"]) for p in world.rows("SELECT * FROM place")}
    cursors = {(row["folder"], row["uidvalidity"]): row["last_uid"] for row in world.rows("SELECT * FROM cursor")}
    for lying in world.mailbox():
        last = cursors.get((lying.folder, lying.uidvalidity))
        if last is not None and lying.uid <= last:
            assert (lying.folder, lying.uidvalidity, lying.uid) in kept


def assert_rest(world: Installation, before: Picture) -> None:
    """I8: after another run and a whole new look at the mailbox nothing was sent and no mail changed its fate."""
    after = Picture.of(world)
    assert len(after.taken) == len(before.taken)
    assert after.letters.keys() == before.letters.keys()
    fates = [{row["id"]: (row["fate"], row["reason"]) for row in p.tables["mail"]} for p in (before, after)]
    assert fates[0] == fates[1]
    assert Counter(m.content for m in after.lying) == Counter(m.content for m in before.lying)


def sqlite_is_whole(world: Installation) -> None:
    """SQLite's own check of its file."""
    with world.database.read() as connection:
        assert connection.execute(sa.text("PRAGMA integrity_check")).scalar() == "ok"
        assert not connection.execute(sa.text("PRAGMA foreign_key_check")).all()
