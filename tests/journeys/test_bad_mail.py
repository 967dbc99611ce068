"""Any mail at all: kept, in one recorded state, told to somebody; and the good mail beside it is answered."""

import base64
import io
import zipfile

import pytest
import sqlalchemy as sa

from daemon.edge.reader import pool as reader
from tests.journeys.conftest import MakeWorld, on_dovecot
from tests.journeys.world import A0, A1, A2, ANN, OPS, SOUTH, World, flat, subject_of, text_of, written
from tests.servers.scripted_smtp import ScriptedSmtp

GOOD = written(SOUTH, f"Please send the code of {A1}", subject="good")


def zipped(name: str, octets: int) -> bytes:
    """A small archive of much."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w") as entry:
        for _ in range(octets >> 20):
            entry.write(bytes(1 << 20))
    return file.getvalue()


def nested(depth: int) -> bytes:
    """A multipart in a multipart in a multipart, as one sender's mail."""
    body = f"Please send the code of {A0}"
    raw = written(ANN, body, subject="nested")
    head, _, text = raw.partition(b"\r\n\r\n")
    kept = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"content-", b"mime-version"))]
    parts = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (number, number) for number in range(depth)
    )
    return b"\r\n".join(kept) + b"\r\nMIME-Version: 1.0\r\n" + parts + b"Content-Type: text/plain\r\n\r\n" + text


def parentheses(count: int) -> bytes:
    """A From of comments in comments."""
    raw = written(ANN, f"Please send the code of {A0}", subject="brackets")
    return raw.replace(b"From: Somebody", b"From: " + b"(" * count + b"\r\n Somebody", 1)


@on_dovecot  # the embedded server cannot show a mail of 2,000 levels
async def test_what_cannot_be_read_whole_is_held_and_good_mail_beside_it_is_answered(
    world: World, relay: ScriptedSmtp
) -> None:
    """Broken sheet, zip bomb, 2,000 levels of MIME, 20,000 brackets in From: each held with a reason, none a crash."""
    bad = {
        "broken sheet": written(
            ANN, "List attached", subject="broken", attachment=("codes.xlsx", b"PK\x03\x04 this is no workbook")
        ),
        "zip bomb": written(ANN, "List attached", subject="bomb", attachment=("c.zip", zipped("c.csv", 200 << 20))),
        "xlsx bomb": written(
            ANN, "Again", subject="xlsx", attachment=("c.xlsx", zipped("xl/worksheets/sheet1.xml", 200 << 20))
        ),
        "nested": nested(2_000),
        "brackets": parentheses(20_000),
    }
    for mail in (*bad.values(), GOOD):
        await world.arrives(mail)
    await world.settle_down()

    rows = world.rows("SELECT fate, reason, crashes, held_due FROM mail ORDER BY id")
    assert [tuple(row) for row in rows[:4]] == [("held", "cannot-read", 1, "2024-03-18")] * 4
    assert tuple(rows[4]) == ("held", "ambiguous-sender", 1, "2024-03-18")
    assert tuple(rows[5])[:2] == ("decided", "request")
    assert len(await world.lying("Install codes/Held")) == 5
    answers = [letter for letter in relay.taken if letter.recipient != OPS]
    assert "3031 3233" in text_of(next(a.content for a in answers if a.recipient == SOUTH))
    assert not any("83FE" in text_of(letter.content) for letter in relay.taken)


async def test_devices_beside_an_unreadable_attachment_get_an_interim_answer(world: World, relay: ScriptedSmtp) -> None:
    """Proven, but not read whole: the device waits for a person, and the sender hears which file we could not read."""
    raw = written(
        ANN, f"Please send the code of {A0} and of those attached", attachment=("rest.xlsx", b"PK no workbook")
    )
    await world.arrives(raw)
    await world.settle_down()

    answer, news = relay.taken
    assert answer.recipient == ANN
    assert "rest.xlsx" in flat(answer.content)
    assert "A colleague is looking into this device" in flat(answer.content)
    assert "83FE" not in text_of(answer.content)
    assert "not read whole" in subject_of(news.content)
    assert [tuple(row) for row in world.rows("SELECT state, reason FROM item")] == [("held", "cannot-read")]


@on_dovecot
async def test_a_mail_above_the_limit_is_held_by_its_beginning(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Larger than `max_mail_bytes`: only its beginning is taken in, its devices wait for a person, ops are told."""
    world = await make_world(mailbox=("max_mail_bytes = 1048576",))
    await world.settle_down()
    filler = base64.encodebytes(bytes(2 << 20))
    await world.arrives(written(ANN, f"Please send the code of {A0}", attachment=("photos.bin", filler)))
    await world.arrives(GOOD)
    await world.settle_down()

    assert world.one("SELECT size FROM mail WHERE cut") < 1 << 20
    assert world.one("SELECT reason FROM item WHERE state = 'held'") == "cannot-read"
    answers = {letter.recipient: flat(letter.content) for letter in relay.taken}
    assert "A colleague is looking into this device" in answers[ANN]
    assert "3031 3233" in answers[SOUTH]
    assert "Something in it that may hold Device IDs could not be read" in answers[OPS]


@pytest.mark.parametrize("together", [False, True], ids=["alone", "with others"])
async def test_a_mail_that_kills_its_reader_three_times_is_set_aside(
    make_world: MakeWorld, relay: ScriptedSmtp, monkeypatch: pytest.MonkeyPatch, together: bool
) -> None:
    """Quarantined and told to ops at once, whatever time news are gathered for; the others are answered, and not counted."""
    if together:
        monkeypatch.setattr(reader, "_MOST_OCTETS_TOGETHER", 1 << 30)
    world = await make_world(reader=("children = 1", "memory_mib = 128"), hold_gather_minutes=15)
    await world.settle_down()
    rows = b"\r\n".join(b'"%s"' % (b"x," * 40) for _ in range(120_000))
    await world.arrives(written(ANN, "List attached", subject="poison", attachment=("list.csv", rows)))
    await world.arrives(GOOD)
    await world.settle_down()

    assert [tuple(row) for row in world.rows("SELECT fate, crashes FROM mail ORDER BY id")] == [
        ("poison", 3),
        ("decided", 1),
    ]
    assert [mail.subject for mail in await world.lying("Install codes/Quarantine")] == ["poison"]
    assert {SOUTH, OPS} == {letter.recipient for letter in relay.taken}
    (news,) = [letter.content for letter in relay.taken if letter.recipient == OPS]
    assert subject_of(news).startswith("[install codes] Set aside: 1 mail")
    assert "Install codes/Quarantine" in flat(news)
    assert world.one("SELECT held_due FROM mail WHERE fate = 'poison'") == "2024-03-18"


async def test_hostile_subjects_and_names_do_no_harm(world: World, relay: ScriptedSmtp) -> None:
    """CR LF in an encoded subject, a bell, a right-to-left mark: answered, and no header of ours is theirs."""
    subject = "=?utf-8?q?codes=0D=0ABcc:_eve@evil.test=0D=0A=07=E2=80=AE?="
    raw = written(ANN, f"Please send the code of {A0}").replace(
        b"Subject: Install codes please", b"Subject: " + subject.encode()
    )
    await world.arrives(raw)
    await world.settle_down()

    (letter,) = relay.taken
    assert letter.recipient == ANN
    assert b"\nBcc:" not in letter.content
    assert not {"\x07", "\u202e"} & set(subject_of(letter.content))


async def test_our_own_fault_with_one_mail_of_a_batch_sets_aside_that_mail_alone(
    world: World, relay: ScriptedSmtp
) -> None:
    """Mails are settled together; where one is too much for us, one by one: those before and behind it are answered."""
    trap = f"CREATE TRIGGER trap BEFORE INSERT ON thread WHEN NEW.reply_to = '{SOUTH}' BEGIN SELECT RAISE(ABORT, 'no'); END"
    with world.parts.database.write() as connection:
        connection.execute(sa.text(trap))
    first, last = (written(ANN, f"Please send the code of {device}", subject=device) for device in (A0, A1))
    for mail in (first, written(SOUTH, f"Please send the code of {A2}", subject="second"), last):
        await world.arrives(mail)
    await world.settle_down()

    rows = world.rows("SELECT fate, crashes FROM mail ORDER BY id")
    assert [tuple(row) for row in rows] == [("decided", 1), ("poison", 3), ("decided", 1)]
    assert {ANN, OPS} == {letter.recipient for letter in relay.taken}


async def test_two_mails_of_a_batch_about_one_device_get_its_code_once(world: World, relay: ScriptedSmtp) -> None:
    """What an earlier mail of the batch wrote is known to the later one, though both were looked up together."""
    for subject in ("first", "second"):
        await world.arrives(written(ANN, f"Please send the code of {A0}", subject=subject))
    await world.arrives(written(ANN, f"Please send the code of {A1}", subject="third"))
    await world.settle_down()

    assert world.one("SELECT count(*) FROM release") == 2
    assert world.one("SELECT count(DISTINCT case_id) FROM item") == 2
