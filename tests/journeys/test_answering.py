"""Requests that are answered: what a supplier asks, what it reads, where its mail lies afterwards."""

import csv
import io
import re
from email import message_from_bytes
from pathlib import Path

import pytest
import xlsxwriter

from tests.journeys.world import (
    A0,
    A1,
    A2,
    ANN,
    CODES,
    COMMISSIONED,
    GPF,
    NO_CODE,
    OPS,
    SOUTH,
    THEIRS,
    World,
    flat,
    subject_of,
    text_of,
    written,
)
from tests.servers.scripted_smtp import ScriptedSmtp

A0_SHOWN = "83FE D340 7A93 9723 A5C6 39B2 6916 D505"
MPAN = "1012345678907"
"""A number of the right length whose check digit is right."""


def sheet_of(content: bytes) -> list[dict[str, str]]:
    """The CSV part of a letter, row by row."""
    parts = [p for p in message_from_bytes(content).walk() if p.get_content_type() == "text/csv"]
    return list(csv.DictReader(io.StringIO(parts[0].get_payload(decode=True).decode("utf-8-sig"))))


def database_files(folder: Path) -> bytes:
    """All that the database has written, its log included."""
    return b"".join(path.read_bytes() for path in folder.glob("daemon.db*"))


async def test_a_good_request_is_answered_and_filed(world: World, relay: ScriptedSmtp) -> None:
    """A listed, proven contact gets the code at its own address; the mail moves to Done, a masked copy to Sent."""
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await world.settle_down()

    (letter,) = relay.taken
    assert letter.recipient == ANN
    assert A0_SHOWN in text_of(letter.content)
    assert await world.lying("INBOX") == []
    (mail,) = await world.lying("Install codes/Done")
    assert {"\\Answered"} == mail.flags, "people see that it was answered, and whether one of them read it"
    (copy,) = await world.folder("Sent")
    assert b"83FE" not in copy.as_bytes()
    assert copy["Message-ID"] == message_from_bytes(letter.content)["Message-ID"]
    assert world.one("SELECT state FROM item") == "answered"


async def test_the_answer_stands_in_the_senders_own_thread(world: World, relay: ScriptedSmtp) -> None:
    """It replies to their mail, by subject and by reference, and says which request of ours it is about."""
    raw = written(
        ANN, f"Please send the code of {A0}", subject="Codes for Mon's installs", message_id="<q1@south.test>"
    )
    await world.arrives(raw)
    await world.settle_down()

    answer = message_from_bytes(relay.taken[0].content)
    assert answer["In-Reply-To"] == "<q1@south.test>"
    assert "<q1@south.test>" in answer["References"]
    assert re.fullmatch(r"Re: Codes for Mon's installs \[IC-[0-9A-Z]{8}\]", subject_of(relay.taken[0].content))
    assert answer["Auto-Submitted"] == "auto-generated"


async def test_a_mixed_request_from_a_colleague_is_answered_at_the_listed_address(
    world: World, relay: ScriptedSmtp
) -> None:
    """Each device gets its own answer in one letter to the party's MP121 contact, and it names the colleague."""
    wanted = (A1, NO_CODE, GPF, THEIRS, COMMISSIONED)
    await world.arrives(written("bob@south.test", "Hi, may we have the codes of\n\n" + "\n".join(wanted)))
    await world.settle_down()

    (letter,) = [t for t in relay.taken if t.recipient != OPS]
    assert letter.recipient == ANN, "the first MP121 contact of the list"
    assert [row["outcome"] for row in sheet_of(letter.content)] == [
        "CODE",
        "NO-CODE-HELD",
        "TYPE-HAS-NO-CODE",
        "NOT-INSTALLER",
        "PENDING",
    ]
    assert "bob@south.test wrote to us" in flat(letter.content)
    assert "Our records name WEST (West Energy) as the Installing Supplier" in flat(letter.content)
    assert "00-DB-12-34-56-78-90-B2" in text_of(letter.content), "the gas meter behind the GPF"
    assert not [t for t in relay.taken if t.recipient == "bob@south.test"]
    assert len(await world.lying("Install codes/Held")) == 1, "one device waits for a person"
    assert not await world.lying("Install codes/Done")


async def test_a_csv_sheet_is_answered_row_by_row(world: World, relay: ScriptedSmtp) -> None:
    """The order of the sheet is kept; a mangled ID is named by its line; other columns are never repeated."""
    rows = ("MPAN,Device ID,Customer", f"{MPAN},{A0},Mr Smith", f"{MPAN},1.2E+15,Mr Jones", f"{MPAN},{A2},Ms Hall")
    sheet = "\r\n".join(rows).encode("utf-8-sig")  # as Excel saves it
    await world.arrives(written(SOUTH, "Please find the list attached.", attachment=("codes needed.csv", sheet)))
    await world.settle_down()

    (letter,) = relay.taken
    assert letter.recipient == SOUTH
    assert [row["device_id"] for row in sheet_of(letter.content)] == [A0, A2]
    assert "codes needed.csv, line 3" in flat(letter.content)
    for word in (MPAN, "Smith", "Jones", "Hall"):
        assert word not in letter.content.decode()
    assert "Please send Device IDs only" in flat(letter.content)


async def test_an_excel_sheet_is_answered(world: World, relay: ScriptedSmtp, tmp_path: Path) -> None:
    """XLSX is read as CSV is."""
    path = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet("June")
        for number, row in enumerate((("Meter", "GUID"), ("one", A0), ("two", A1))):
            page.write_row(number, 0, row)
    await world.arrives(
        written(SOUTH, "Install codes for the attached, please", attachment=("list.xlsx", path.read_bytes()))
    )
    await world.settle_down()

    (letter,) = relay.taken
    assert [(r["device_id"], r["outcome"]) for r in sheet_of(letter.content)] == [(A0, "CODE"), (A1, "CODE")]


async def test_personal_data_is_answered_and_never_repeated(
    world: World, relay: ScriptedSmtp, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The devices are answered, the subject masked; the MPAN and the address stand in no letter, log or database file."""
    canaries = (MPAN, "14 Acacia", "SW1A 1AA")
    body = f"Customer at 14 Acacia Road, London SW1A 1AA, MPAN {MPAN}: please send the code of {A0}"
    await world.arrives(written(ANN, body, subject=f"Install code for MPAN {MPAN}"))
    await world.settle_down()

    (letter,) = relay.taken
    assert A0_SHOWN in text_of(letter.content)
    assert "Please send Device IDs only" in flat(letter.content)
    with world.parts.database.write() as connection:
        connection.exec_driver_sql("ANALYZE")  # so that the file is written
    database = database_files(tmp_path)
    said = capsys.readouterr()
    copies = b"".join(mail.content for mail in await world.lying("Sent"))
    for canary in canaries:
        assert canary not in subject_of(letter.content)
        assert canary.encode() not in letter.content
        assert canary not in text_of(letter.content)
        assert canary.encode() not in database
        assert canary not in said.out + said.err
        assert canary.encode() not in copies


async def test_a_code_is_seen_in_its_letter_alone(
    world: World, relay: ScriptedSmtp, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither database nor log nor mailbox shows it, in any of its spellings."""
    await world.arrives(written(ANN, f"Please send the code of {A0}"))
    await world.settle_down()

    assert A0_SHOWN in text_of(relay.taken[0].content)
    mailbox = b""
    for folder in ("INBOX", "Sent", "Install codes/Done"):
        mailbox += b"".join(mail.content for mail in await world.lying(folder))
    files = database_files(tmp_path)
    said = "".join(capsys.readouterr())
    for spelling in (CODES[A0], CODES[A0].lower(), A0_SHOWN):
        assert spelling.encode() not in mailbox + files
        assert spelling not in said
    assert bytes.fromhex(CODES[A0]) not in mailbox + files


async def test_no_device_id_at_all_is_told_where_it_stands(world: World, relay: ScriptedSmtp) -> None:
    """NEED-MORE: where the Device ID is printed, a sheet to fill in, and nothing of the mail repeated."""
    await world.arrives(written(ANN, "Could we have the install code for the meter with serial E6S12345678922 please?"))
    await world.settle_down()

    (letter,) = relay.taken
    assert "We found none in your mail" in flat(letter.content)
    assert "printed on the label" in flat(letter.content)
    assert "E6S12345678922" not in letter.content.decode()
    assert len(await world.lying("Install codes/Done")) == 1


async def test_their_reply_with_the_device_ids_is_answered_in_the_same_thread(
    world: World, relay: ScriptedSmtp
) -> None:
    """Asked for more, they reply with the ID above our quoted letter: one thread, one reference, answered."""
    await world.arrives(written(ANN, "Could we have the install code for meter E6S12345678922 please?"))
    await world.settle_down()
    question = relay.taken[0].content
    world.pass_time(minutes=20)
    ours = message_from_bytes(question)
    quoted = "\n".join(f"> {line}" for line in text_of(question).splitlines())
    reply = written(
        ANN,
        f"Sorry, it is {A0}\n\nOn Mon, 4 Mar 2024, Install code team wrote:\n{quoted}",
        subject=f"Re: {subject_of(question)}",
        at=world.now,
        headers={"In-Reply-To": ours["Message-ID"], "References": ours["Message-ID"]},
    )
    await world.arrives(reply)
    await world.settle_down()

    assert A0_SHOWN in text_of(relay.taken[1].content)
    assert world.one("SELECT count(*) FROM thread") == 1
    assert subject_of(question) == subject_of(relay.taken[1].content)


async def test_a_device_that_the_mail_does_not_want_gets_no_code(world: World, relay: ScriptedSmtp) -> None:
    """It is left out, and one letter says so."""
    await world.arrives(written(ANN, f"Please send the code for {A0} but not {A1}.", subject="Two more"))
    await world.settle_down()

    (letter,) = [t for t in relay.taken if t.recipient == ANN]
    assert [(row["device_id"], row["outcome"]) for row in sheet_of(letter.content)] == [(A0, "CODE")]
    assert "As we read your mail, you want no code for this device, so we send none." in flat(letter.content)
    assert A1 in text_of(letter.content)


async def test_what_is_open_is_not_taken_back_by_a_turn_of_phrase(world: World, relay: ScriptedSmtp) -> None:
    """A person looks at it: the open request stands, and no code of that mail goes meanwhile."""
    await world.arrives(written(ANN, f"Please send the code of {COMMISSIONED}", message_id="<q1@south.test>"))
    await world.settle_down()
    words = f"Please send the code for {A0}. {COMMISSIONED} has been commissioned now."
    await world.arrives(written(ANN, words, subject="One more", message_id="<q2@south.test>"))
    await world.settle_down()

    assert "83FE D340" not in "".join(text_of(letter.content) for letter in relay.taken)
    assert {tuple(row) for row in world.rows("SELECT device_id IS NOT NULL, state FROM item")} == {(1, "held")}
    assert {mail.subject for mail in await world.lying("Install codes/Held")} >= {"One more"}
    assert any("some of its list is not wanted" in flat(letter.content) for letter in relay.taken)


async def test_a_chase_in_a_mail_of_its_own_is_told_what_is_open(world: World, relay: ScriptedSmtp) -> None:
    """It answers no mail of ours and names nothing; a supplier of which nothing is open is left alone."""
    await world.arrives(written(ANN, "any update?", subject="codes", message_id="<q0@south.test>"))
    await world.settle_down()
    assert not relay.taken
    await world.arrives(written(ANN, f"Please send the code of {COMMISSIONED}", message_id="<q1@south.test>"))
    await world.settle_down()
    before = len([t for t in relay.taken if t.recipient == ANN])
    await world.arrives(written(ANN, "any update?", subject="codes", message_id="<q2@south.test>"))
    await world.settle_down()

    (letter,) = [t for t in relay.taken if t.recipient == ANN][before:]
    assert [(row["device_id"], row["outcome"]) for row in sheet_of(letter.content)] == [(COMMISSIONED, "PENDING")]
    assert "Thank you for your reminder" in flat(letter.content)


async def test_a_reply_that_says_more_than_thanks_reaches_the_team(world: World, relay: ScriptedSmtp) -> None:
    """As our letter promises: a complaint, and what we do not understand, are held and told; thanks trouble nobody."""
    await world.arrives(written(ANN, f"Please send the install code of {A0}"))
    await world.settle_down()
    ours = message_from_bytes(relay.taken[0].content)["Message-ID"]
    for number, words in enumerate(
        ("Thanks, received.", f"The code of {A0} is wrong, please look into it.", "Our customer has two meters there.")
    ):
        world.pass_time(hours=1)
        headers = {"In-Reply-To": ours, "References": ours}
        reply = written(ANN, words, subject=f"Re: codes {number}", at=world.now, headers=headers)
        await world.arrives(reply)
        await world.settle_down()

    told = [subject_of(one.content) for one in relay.taken[1:]]
    assert ["says that something is wrong" in told[0], "a reply that we do not understand" in told[1]] == [True, True]
    assert {one.recipient for one in relay.taken[1:]} == {"ops@north.test"}
    assert len(told) == len(await world.lying("Install codes/Held")) == 2
    assert world.rows("SELECT count(DISTINCT case_id) AS n, count(*) AS mails FROM mail") == [(1, 4)]
