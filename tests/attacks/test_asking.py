"""The asking half under attack: answers that are forged, poisoned, replayed, misplaced; letters that must go to nobody else.

By rows of the threat model: 19 replays, 24 stolen references, 27 false answers, 28 our own letters, 32 other addresses,
56 robots, 59 codes where none may be. What is not here stands in journeys/test_receiving.py, journeys/test_bounces.py
(row 26), journeys/test_two_daemons_asking.py (row 56), test_asking.py and test_asking_kills.py.
"""

import sqlite3
import stat
from email import message_from_bytes
from email.utils import format_datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from daemon.edge import tables as t
from daemon.edge import wants
from daemon.embedded.stamps import Verdict, stamped
from daemon.rules.wanting import AskedParty, Want, WantState
from tests.journeys.conftest import MakeWorld, on_dovecot
from tests.journeys.test_receiving import (
    BARE,
    BOB,
    CODE,
    CRC,
    D1,
    D2,
    KEY,
    OTHER,
    TEAM,
    answers,
    letters,
    ordered,
    state,
)
from tests.journeys.world import A1, ANN, AUTHSERV, SOUTH, US, WEST, World, flat, subject_of, text_of, written
from tests.servers.scripted_smtp import ScriptedSmtp, say
from tests.whole.canaries import in_bytes, readable, spellings

pytestmark = on_dovecot
EVE = "eve@evil.test"
TOLD = "differs from what they sent before"


def codes_out(relay: ScriptedSmtp, digits: str = BARE) -> list[str]:
    """Who was sent this code, in whatever spelling."""
    return [one.recipient for one in relay.taken if in_bytes(readable(one.content), spellings(digits))]


def kept(world: World) -> dict[str, bytes | None]:
    """The sealed code of each wanted device, by the last two digits of its ID."""
    rows = world.rows("SELECT device_id, install_code FROM want ORDER BY id")
    return {f"{row.device_id & 0xFF:02X}": row.install_code for row in rows}


def opened(world: World, device: str) -> str:
    """The code that we hold for a wanted device."""
    with world.parts.database.read() as connection:
        (row,) = connection.execute(sa.select(t.want.c.id).where(t.want.c.install_code.is_not(None))).all()
        return wants.open_codes(connection, world.parts.vault, [row.id])[device].reveal().hex().upper()


# False answers (row 27) ─────────────────────────────────────────────────────────────────────────────


async def test_row_27_a_supplier_answers_what_another_was_asked(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """West, asked for D2, answers D1 too, which South was asked: of that nothing is kept, and our team hears of it."""
    world = await ordered(make_world, D1)
    await world.arrives(written(BOB, f"REQUEST NOW\n{D2} WEST\n", subject="order 2", at=world.now))
    await world.settle_down()
    await answers(world, WEST, f"{D1}: {OTHER}\n{D2}: {CODE} {CRC}\n")

    assert state(world) == {"01": "asked", "02": "answered"}
    assert kept(world)["01"] is None
    assert {one.recipient for one in relay.taken if D1 in text_of(one.content)} == {BOB, ANN}
    assert codes_out(relay) == [KEY]
    assert codes_out(relay, OTHER.replace(" ", "")) == []
    assert letters(relay, BOB, "Codes that we did not ask for")


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.SPF_ONLY, None])
@pytest.mark.parametrize("sender", [ANN, "colleague@south.test"])
async def test_row_27_no_proof_no_answer(
    make_world: MakeWorld, relay: ScriptedSmtp, sender: str, verdict: Verdict | None
) -> None:
    """In the name of whoever was asked, or of a colleague of theirs, without DKIM: nothing changes, a person looks."""
    world = await ordered(make_world, D1)
    await answers(world, sender, f"{D1}: {CODE} {CRC}", verdict=verdict)

    assert state(world) == {"01": "asked"}
    assert kept(world) == {"01": None}
    assert codes_out(relay) == []
    assert world.one("SELECT count(*) FROM mail WHERE fate = 'held'") == 1


@pytest.mark.parametrize("sender", ["ann@x.south.test", "ann@south.test.evil.test", EVE])
async def test_row_27_near_them_is_not_them(make_world: MakeWorld, relay: ScriptedSmtp, sender: str) -> None:
    """A proven sub-domain, a domain that begins like theirs, a stranger: none of them was asked."""
    world = await ordered(make_world, D1)
    await answers(world, sender, f"{D1}: {CODE} {CRC}")

    assert state(world) == {"01": "asked"}
    assert codes_out(relay) == []


async def test_row_27_junk_holds_and_answers_nothing(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """What their own filter or ours put into Junk may only be held."""
    world = await ordered(make_world, D1)
    world.pass_time(minutes=90)
    await world.arrives(written(ANN, f"{D1}: {CODE} {CRC}", subject="Re: x", at=world.now), "Junk")
    await world.settle_down()

    assert state(world) == {"01": "asked"}
    assert codes_out(relay) == []


async def test_row_27_a_second_code_overwrites_nothing(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Poison or correction, nobody can tell: the first stays, the second is not kept, and our team is to ask."""
    world = await ordered(make_world, D1, D2)
    await answers(world, ANN, f"{D1}: {CODE} {CRC}")
    await answers(world, SOUTH, f"Correction for {D1}: {OTHER}")

    assert opened(world, D1) == BARE
    assert state(world) == {"01": "answered", "02": "asked"}
    assert letters(relay, BOB, TOLD)
    assert codes_out(relay, OTHER.replace(" ", "")) == []


async def test_row_27_two_codes_at_once(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Two mails of one batch contradict each other: the first counts, the other is told."""
    world = await ordered(make_world, D1, D2)
    world.pass_time(minutes=5)
    await world.arrives(written(ANN, f"{D1}: {CODE} {CRC}", subject="Re: a", at=world.now))
    await world.arrives(written(SOUTH, f"{D1}: {OTHER}", subject="Re: b", at=world.now))
    await world.settle_down()

    assert opened(world, D1) == BARE
    assert letters(relay, BOB, TOLD)


async def test_row_27_check_digits_of_another_code(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """36 digits whose CRC belongs to another code are no code; neither is one code for two devices."""
    world = await ordered(make_world, D1, D2)
    await answers(world, ANN, f"{D1}: {OTHER} {CRC}")
    assert state(world) == {"01": "queried", "02": "asked"}
    await answers(world, ANN, f"{D1}: {CODE} {CRC}\n{D2}: {CODE} {CRC}")
    assert state(world) == {"01": "queried", "02": "queried"}
    assert kept(world) == {"01": None, "02": None}
    assert codes_out(relay) == []


async def test_an_unchecked_code_says_so_where_it_is_read(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Out of free words, without its CRC: the letter itself warns, and not its sheet alone."""
    world = await ordered(make_world, D1)
    await answers(world, ANN, f"Hello, the code for {D1} is {CODE}, kind regards")

    (result,) = letters(relay, KEY)
    assert "without check digits" in flat(result.content)


# Replays, references, quotes (rows 19, 24, 28) ──────────────────────────────────────────────────────


def by_another_way(raw: bytes, world: World, path: str = "") -> bytes:
    """The same signed mail handed in once more, `path` in place of its Message-ID."""
    _, own = raw.split(b"DKIM-Signature", 1)
    own = b"DKIM-Signature" + own
    if path:
        number = message_from_bytes(own)["Message-ID"].encode()
        own = own.replace(number, path.encode())
    world.pass_time(minutes=5)
    return stamped(own, recipient=US, authserv_id=AUTHSERV, verdict=Verdict.PASS, arrived=world.now)


@pytest.mark.parametrize("path", ["", "<new@south.test>"])
async def test_row_19_an_answer_that_is_replayed(make_world: MakeWorld, relay: ScriptedSmtp, path: str) -> None:
    """Taken back and ordered anew; their old mail comes once more, as it was or under a new Message-ID: it counts once."""
    world = await ordered(make_world, D1)
    raw = written(ANN, f"{D1}: we need more information, please send its MPAN first.", subject="Re: x", at=world.now)
    await world.arrives(raw)
    await world.settle_down()
    assert state(world) == {"01": "with-ops"}
    await world.arrives(written(BOB, f"WITHDRAW {D1} mistake\n", subject="x", at=world.now))
    await world.settle_down()
    await world.arrives(written(BOB, f"REQUEST NOW\n{D1} SOUT\n", subject="order 2", at=world.now))
    await world.settle_down()
    before = len(relay.taken)
    await world.arrives(by_another_way(raw, world, path))
    await world.settle_down()

    assert [row.state for row in world.rows("SELECT state FROM want ORDER BY id")] == ["withdrawn", "asked"]
    assert world.one("SELECT count(*) FROM audit WHERE what = 'answer-received'") == 1
    assert [one for one in relay.taken[before:] if one.recipient != BOB] == []


async def test_row_19_an_answer_that_is_delivered_twice(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Mail systems deliver twice: nobody gets two letters for it."""
    world = await ordered(make_world, D1, D2)
    raw = written(ANN, f"{D1}: {BARE[:30]}\n{D2}: {CODE} {CRC}\n", subject="Re: x", at=world.now)
    await world.arrives(raw)
    await world.arrives(by_another_way(raw, world))
    await world.settle_down()

    assert len(letters(relay, ANN, "30 digits")) == 1
    assert [row.reason for row in world.rows("SELECT reason FROM mail ORDER BY id")][1:] == [
        "answer-received",
        "duplicate",
    ]
    assert letters(relay, BOB, "answered") == []


async def test_row_19_what_was_written_long_ago_answers_nothing(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """An old genuine mail that somebody kept, sent to us now: a person looks."""
    world = await ordered(make_world, D1)
    old = format_datetime(world.now.replace(year=2023))
    raw = written(ANN, f"{D1}: {CODE} {CRC}", subject="Re: x", at=world.now, verdict=None)
    raw = raw.replace(f"Date: {format_datetime(world.now)}".encode(), f"Date: {old}".encode())
    await world.arrives(stamped(raw, recipient=US, authserv_id=AUTHSERV, verdict=Verdict.PASS, arrived=world.now))
    await world.settle_down()

    assert state(world) == {"01": "asked"}
    assert codes_out(relay) == []
    assert world.one("SELECT fate FROM mail ORDER BY id DESC LIMIT 1") == "held"


async def test_row_24_our_reference_in_another_hand(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """West has our letter to South: its reference and its Message-ID open nothing."""
    world = await ordered(make_world, D1)
    (request,) = letters(relay, ANN)
    message_id = message_from_bytes(request.content)["Message-ID"]
    world.pass_time(minutes=5)
    headers = {"In-Reply-To": message_id, "References": message_id}
    subject = f"Re: {subject_of(request.content)}"
    await world.arrives(written(WEST, f"{D1}: {CODE} {CRC}", subject=subject, at=world.now, headers=headers))
    await world.settle_down()

    assert state(world) == {"01": "asked"}
    assert codes_out(relay) == []
    assert world.one("SELECT case_id FROM mail ORDER BY id DESC LIMIT 1") is None


async def test_row_28_our_own_words_answer_nothing(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Our letter quoted below a mere thank-you, or come back as it was: nothing is answered, and nobody written to."""
    world = await ordered(make_world, D1)
    (request,) = letters(relay, ANN)
    quoted = "\n".join(f"> {line}" for line in text_of(request.content).splitlines())
    await answers(world, ANN, f"Thank you, we have your mail.\n\nOn Mon, 4 Mar 2024 at 09:00, <{US}> wrote:\n{quoted}")
    before = len(relay.taken)
    await world.arrives(request.content)
    await world.settle_down()

    assert state(world)["01"] in {"asked", "promised"}
    assert len(relay.taken) == before
    assert [one.recipient for one in relay.taken if one.recipient not in {BOB, KEY}] == [ANN]


# Mixed mails ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("words", ["We need {} as well.", "Also {}", "{}"])
async def test_no_request_is_lost_beside_an_answer(make_world: MakeWorld, relay: ScriptedSmtp, words: str) -> None:
    """What they want with another device is not clear from their words: it is not answered, and our team reads of it."""
    world = await ordered(make_world, D1)
    await answers(world, ANN, f"{D1}: {CODE} {CRC}\n\n{words.format(A1)}\n")

    assert state(world) == {"01": "answered"}
    heard = [one for one in relay.taken if one.recipient in {ANN, BOB} and A1 in text_of(one.content)]
    assert heard


async def test_no_request_is_lost_in_our_thread(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """A reply that lists devices, and nothing else, is no answer: our team reads of it, once."""
    world = await ordered(make_world, D1)
    message_id = message_from_bytes(letters(relay, ANN)[0].content)["Message-ID"]
    await answers(world, ANN, f"{A1} GSME\n", headers={"In-Reply-To": message_id})

    (news,) = letters(relay, BOB, "They name 1 device more")
    assert A1 in text_of(news.content)
    assert state(world) == {"01": "asked"}


# Robots (row 56), other addresses (row 32) ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("how", ["auto-replied", "auto-generated"])
async def test_row_56_a_machine_s_mail_stops_nothing(make_world: MakeWorld, relay: ScriptedSmtp, how: str) -> None:
    """Out-of-office with codes in it, a ticket system that quotes our letter: no state changes, no letter goes."""
    world = await ordered(make_world, D1)
    before = len(relay.taken)
    body = f"Ticket 4711 is logged.\n{D1}: {CODE} {CRC}\nNot installed by us.\n"
    await answers(world, ANN, body, headers={"Auto-Submitted": how})

    assert state(world) == {"01": "asked"}
    assert len(relay.taken) == before


async def test_row_32_nobody_is_written_to_at_an_address_of_theirs(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """An answer names an address, a Reply-To, a company of the forger's: only listed addresses ever get a letter."""
    world = await ordered(make_world, D1, D2)
    body = f"We did not install {D1}. Please contact {EVE}.\nFor {D2} please contact Evil Energy at {EVE}."
    await answers(world, ANN, body, headers={"Reply-To": EVE})
    world.pass_time(days=1)
    await world.settle_down()

    assert {one.recipient for one in relay.taken} <= {ANN, SOUTH, BOB, KEY}


async def test_row_32_a_delisted_address_gets_nothing(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Struck from the list between order and sending: the letter is held, and our team hears of it."""
    world = await make_world(team=TEAM)
    await world.settle_down()
    await world.arrives(written(BOB, f"REQUEST NOW\n{D1} WEST\n", subject="order", at=world.now))
    for once in (world.intake.once, world.settling.once, world.asking.once):
        await once()
    world.import_contacts("party,mpid,kind,name,email\nWest Energy,WEST,mp121,New,new@west.test\n")
    await world.settle_down()

    assert WEST not in {one.recipient for one in relay.taken}
    assert letters(relay, BOB, "Between deciding and sending something changed")


async def test_a_party_s_name_is_its_whole_name(make_world: MakeWorld) -> None:
    """`South` is not `South Power`, `%` and `_` are letters, and what they note names no party."""
    world = await make_world(team=TEAM)
    names = ("South", "South Power", "S_uth", "S%", 'So"uth', "so\\uth")
    with world.parts.database.write() as connection:
        (mail_id,) = connection.execute(
            sa.insert(t.mail)
            .values(raw_sha="x", arrived=0, kept_at=0, size=1, state="settled", fate="decided", reason="command")
            .returning(t.mail.c.id)
        ).one()
        for number, name in enumerate(names):
            asked = (AskedParty(name, world.now, note='"party":"West Energy"'),)
            device = f"00-DB-99-88-77-66-55-{number:02X}"
            one = Want(device, BOB, world.now, mail_id, name, state=WantState.ASKED, party=name, asked=asked)  # type: ignore[arg-type]
            wants.add(connection, [one])
        found = {name: [w.party for w in wants.of_party(connection, name).values()] for name in (*names, "West Energy")}

    assert found == {name: [name] for name in names} | {"West Energy": []}


# Codes to nobody else (row 59) ──────────────────────────────────────────────────────────────────────


async def test_row_59_a_code_on_its_whole_way(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Answered, handed over, asked about, told in the digest: it stands in its mail and its letter, and in no other byte."""
    world = await make_world(team=TEAM, sent_copy="full", digest_at="07:30")
    await world.settle_down()
    with capture_logs() as logs:
        await world.arrives(written(BOB, f"REQUEST NOW\n{D1} SOUT\n{D2} SOUT\n", subject="order", at=world.now))
        await world.settle_down()
        await answers(world, ANN, f"{D1}: {CODE} {CRC}\n{D2}: {BARE[:30]}\n")
        await answers(world, ANN, f"{D2}: {CODE} 0000\n")
        (reference,) = {row.reference for row in world.rows("SELECT reference FROM inquiry")}
        orders = f"STATUS {D1}\nSTATUS {reference}\nEVIDENCE {reference}\nLIST open\nREPORT\n"
        await world.arrives(written(BOB, orders, subject="looks", at=world.now))
        await world.settle_down()
        world.pass_time(days=1)
        await world.settle_down()
    needles = spellings(BARE)

    assert codes_out(relay) == [KEY]
    assert len(relay.taken) > 6
    assert in_bytes(str(logs).encode(), needles) == []
    file = world.parts.database.file
    assert file is not None
    for path in file.parent.glob(f"{file.name}*"):
        assert in_bytes(path.read_bytes(), needles) == [], path.name
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert in_bytes(file.read_bytes(), needles) == []
    assert in_bytes(repr(world.overview()).encode(), needles) == []
    sent = [mail.content for mail in await world.lying("Sent")]
    assert len(sent) > 5
    assert [subject_of(one) for one in sent if in_bytes(readable(one), needles)] == []


async def test_row_59_who_is_no_code_recipient_any_more(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Struck while the letter waited: they get nothing, our team hears of it, and whoever stands there now gets the codes."""
    world = await ordered(make_world, D1)
    await world.arrives(written(ANN, f"{D1}: {CODE} {CRC}", subject="Re: x", at=world.now))
    for once in (world.intake.once, world.settling.once, world.asking.once):
        await once()
    await world.restart(lambda toml: toml.replace(KEY, "new@north.test"))
    await world.settle_down()

    assert codes_out(relay) == ["new@north.test"]
    assert letters(relay, BOB, "Between deciding and sending something changed")
    world.pass_time(days=1)
    await world.settle_down()
    assert codes_out(relay) == ["new@north.test"]


async def test_row_59_a_code_recipient_whom_the_relay_refuses(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Told once, not tried again and again; another recipient gets what this one could not."""
    world = await ordered(make_world, D1)
    relay.always("RCPT", say("550 5.1.1 no such user"))
    await answers(world, ANN, f"{D1}: {CODE} {CRC}")
    relay.always("RCPT", None)
    world.pass_time(hours=1)
    await world.settle_down()
    assert codes_out(relay) == []
    assert world.one("SELECT count(*) FROM letter WHERE kind = 'result'") == 1
    brought = [mail.content for mail in await world.lying("INBOX")]
    assert not any(in_bytes(readable(one), spellings(BARE)) for one in brought)

    await world.restart(lambda toml: toml.replace(KEY, "new@north.test"))
    await world.settle_down()
    assert codes_out(relay) == ["new@north.test"]


async def test_row_59_the_folder_is_for_its_owner_alone(
    make_world: MakeWorld, relay: ScriptedSmtp, tmp_path: Path
) -> None:
    """The sheet is its owner's, and no letter carries the code; while the folder takes nothing, asking goes on."""
    folder = tmp_path / "hand over"
    folder.mkdir()
    world = await make_world(team=TEAM, hand_over_folder=str(folder))
    await world.settle_down()
    await world.arrives(written(BOB, f"REQUEST NOW\n{D1} SOUT\n", subject="order", at=world.now))
    await world.settle_down()
    folder.rename(tmp_path / "away")
    await answers(world, ANN, f"{D1}: {CODE} {CRC}")
    await world.arrives(written(BOB, f"REQUEST NOW\n{D2} WEST\n", subject="order 2", at=world.now))
    await world.settle_down()
    assert letters(relay, WEST, D2), "asking goes on"

    (tmp_path / "away").rename(folder)
    world.pass_time(minutes=5)
    await world.settle_down()
    (sheet,) = folder.iterdir()
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600
    assert in_bytes(sheet.read_bytes(), spellings(BARE))
    assert codes_out(relay) == []


# Twice, or not at all ───────────────────────────────────────────────────────────────────────────────


async def test_two_orders_of_one_batch_are_one_want(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Two members order the same device at the same moment: it is asked for once, and the second is told so."""
    world = await make_world(team=TEAM | {"cat@north.test": "operator"})
    await world.settle_down()
    for who in (BOB, "cat@north.test"):
        await world.arrives(written(who, f"REQUEST NOW\n{D1} SOUT\n{D1} WEST\n", subject="order", at=world.now))
    await world.settle_down()

    assert state(world) == {"01": "asked"}
    assert len(letters(relay, ANN, D1)) == 1
    assert letters(relay, "cat@north.test", "already") or letters(relay, "cat@north.test", "has been asked")


async def test_what_a_counterparty_calls_an_installer_is_in_no_log(make_world: MakeWorld) -> None:
    """They name a person as the installer: our team reads it, the log and the audit trail do not hold it."""
    world = await ordered(make_world, D1)
    with capture_logs() as logs:
        await answers(world, ANN, f"{D1}: we are not the installer, please ask Ada Bloggs.")

    assert state(world) == {"01": "waiting-contact"}
    assert "Bloggs" not in str(logs)
    assert not [row for row in world.rows("SELECT subject, detail FROM audit") if "Bloggs" in str(row)]


async def test_a_thousand_refusals_are_one_matter(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Whoever answers a long sheet with the same excuse in every row floods nobody: a short letter lists the devices."""
    wanted = [f"00-DB-99-88-77-66-{n >> 8:02X}-{n & 255:02X}" for n in range(1000)]
    world = await ordered(make_world, *wanted)
    rows = "".join(f"{device},NEED-MORE,,which meter\r\n" for device in wanted)
    sheet = f"device_id,outcome,install_code,note\r\n{rows}".encode()
    await answers(world, ANN, "See the attached file.", attachment=("answers.csv", sheet))

    (news,) = letters(relay, BOB, "answered: 1 for you to look at")
    assert "1,000 devices are with you now" in flat(news.content)
    assert len(news.content) < 250_000
