"""What other suppliers answer, read item by item; nothing is guessed, and no code is ever shown."""

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.mail.message import IncomingMail, Machine, MarkedKind, Source, Table
from daemon.rules import answers
from daemon.rules.answers import Finding, outcomes
from daemon.rules.identifiers import DeviceId, crc
from daemon.rules.letters import Answer, Asking, LetterPlan
from daemon.rules.thread import Outcome
from daemon.rules.wording import specimens, write
from daemon.rules.wording.asking_specimens import ASKING
from tests.growth import grows_evenly
from tests.letters import our_words
from tests.rules import answer_mails, mails
from tests.rules.answer_mails import (
    ASKED,
    BARE_X,
    BARE_Y,
    BARE_Z,
    CODES,
    CRC_X,
    SPECIMENS,
    TODAY,
    A,
    B,
    C,
    D,
    E,
    Specimen,
    X,
    Y,
    Z,
    marked,
    outlook,
    received,
    short,
)

HTML_ANSWER = (
    "<p>Hi</p><div style='border:none;border-top:solid #E1E1E1 1.0pt'><p><b>From:</b> us@our-company.example<br>"
    "<b>Sent:</b> Monday<br><b>To:</b> you<br><b>Subject:</b> codes</p></div>"
)
OUR_LETTERS = {name: write(plan, None, our_words()) for name, plan in ASKING.items()}
OUR_ANSWERS = [name for name, plan in specimens.BY_NAME.items() if isinstance(plan.content, Answer)]


def read(mail: IncomingMail, asked: tuple[DeviceId, ...] = ASKED) -> tuple[Finding, ...]:
    """The findings of a mail that came on Tuesday 9 June 2026."""
    return answers.read(mail, asked, TODAY)


def asked_in(plan: LetterPlan) -> tuple[DeviceId, ...]:
    """The devices that a letter of ours asks for."""
    assert isinstance(plan.content, Asking)
    return tuple(dict.fromkeys(row.device_id for row in plan.content.rows))


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda one: one.name)
def test_an_answer_is_read_as_its_writer_means_it(specimen: Specimen):
    """Each way of answering gives just the findings that a person would take from it."""
    found = answers.read(specimen.mail, specimen.asked, TODAY)

    assert sorted(map(short, found)) == sorted(specimen.found)
    assert not found or answers.speaks_of(specimen.mail, specimen.asked)


def test_places_are_named_as_their_writer_sees_them():
    """A place is a line of the mail, of what is quoted or handed on, a row of a table, a line of a file."""
    places = {
        f"\n\n{A}: {X}": "line 1 of their mail",
        f"Hi\n\nCode for {A}\n{X}": "line 4 of their mail",
        f"See below{outlook(answer_mails.LETTER.replace(A, f'{A}   {X}'))}": "line 13 of what they quote",
    }
    assert {text: read(received(text))[0].where for text in places} == places
    file = answer_mails.csv(f"{B},,,", f"{A},CODE,{X},", name="codes.csv")
    assert read(received("Attached", files=(file,)))[0].where == "codes.csv, line 3"
    pasted = received(html=answer_mails.table(("Device ID", "Code"), (A, X)))
    assert read(pasted)[0].where == "table 1 of their mail, row 2"


# Our own words ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("dash", [" - ", "-", " – ", ": ", ""])
def test_what_stands_between_a_device_and_their_words_is_not_shown(dash):
    """The words begin with a word."""
    assert outcomes.for_people(f"{dash}can you confirm the day?") == "can you confirm the day?"


@pytest.mark.parametrize("way", ["marks", "outlook", "unmarked", "below", "handed on", "html", "html quoted", "sheet"])
@pytest.mark.parametrize("name", OUR_LETTERS)
def test_our_own_letter_come_back_answers_nothing(name, way):
    """However a mail program quotes what we wrote, chased, queried or took back, no word of it becomes an answer."""
    letter = OUR_LETTERS[name]
    rows = letter.sheet.rows if letter.sheet else ()
    sheet = ("sheet.csv", "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in rows).encode())
    mail = {
        "marks": lambda: received(f"Thanks{marked(letter.text)}"),
        "outlook": lambda: received(f"Noted.{outlook(letter.text)}"),
        "unmarked": lambda: received(letter.text),
        "below": lambda: received(f"Thanks, will do.\n\n{letter.text}"),
        "handed on": lambda: received(outlook(letter.text).strip(), subject="FW: codes"),
        "html": lambda: received(html=letter.html),
        "html quoted": lambda: received(html=f"{HTML_ANSWER}{letter.html}"),
        "sheet": lambda: received("Please see attached", files=(sheet,)),
    }[way]()
    assert read(mail, (*asked_in(ASKING[name]), *ASKED)) == ()


@pytest.mark.parametrize("name", OUR_ANSWERS)
def test_two_copies_of_this_daemon_understand_each_other(name):
    """What one copy answers is what the other finds, device by device, with its note; its codes are checked."""
    plan = specimens.BY_NAME[name]
    assert isinstance(plan.content, Answer)
    letter = write(plan, specimens.codes(plan), our_words())
    rows = letter.sheet.rows if letter.sheet else ()
    sheet = ("codes.csv", "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in rows).encode())
    mark = (("Install-Code-Message", "answer; version=1"), ("Auto-Submitted", "auto-generated"))
    mail = received(letter.text, html=letter.html, files=(sheet,), headers=mark)
    found = read(mail, tuple(row.device_id for row in plan.content.rows))

    machine_read = (Outcome.NOT_INSTALLER, Outcome.PENDING, Outcome.TYPE_HAS_NO_CODE)
    assert [(one.device, one.outcome) for one in found] == [(row.device_id, row.outcome) for row in plan.content.rows]
    assert [one.note for one in found if one.outcome in machine_read] == [
        row.note for row in plan.content.rows if row.outcome in machine_read
    ]
    assert not any(one.needs_look or one.fault for one in found)
    assert all(one.checked for one in found if one.outcome is Outcome.CODE)


@pytest.mark.parametrize("name", OUR_ANSWERS)
def test_without_its_mark_and_sheet_an_answer_still_says_nothing_untrue(name):
    """Of a copy's answer whose text alone arrives, no device gets another outcome than it was given."""
    plan = specimens.BY_NAME[name]
    assert isinstance(plan.content, Answer)
    letter = write(plan, specimens.codes(plan), our_words())
    given_outcomes = {row.device_id: row.outcome for row in plan.content.rows}
    found = read(received(letter.text), tuple(given_outcomes))

    assert {one.device: one.outcome for one in found if not one.needs_look}.items() <= given_outcomes.items()


# Who wrote it ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("machine", [Machine.BOUNCE, Machine.AUTO_REPLY, Machine.RECEIPT])
def test_machines_answer_nothing(machine):
    """A bounce that brings our mail back, an out-of-office and a receipt hold no answer."""
    mail = mails.mail(f"{A}: {X}", written_by=mails.origin(machine=machine))
    assert read(mail) == ()
    assert not answers.speaks_of(mail, ASKED)


@pytest.mark.parametrize("kind", [MarkedKind.REQUEST, MarkedKind.CHASE])
def test_what_a_copy_asks_is_no_answer(kind):
    """A request or a chase of another copy of this daemon answers nothing, whatever stands in it."""
    assert read(mails.mail(f"{A}: {X}", written_by=mails.origin(mark=kind))) == ()


def test_nothing_asked_nothing_answered():
    """Where we ask for nothing no mail answers; a code in it is told of as one that nobody asked for."""
    mail = received(f"{A}: {X}")
    assert [short(one) for one in read(mail, ())] == ["A: CODE unasked"]
    assert not answers.speaks_of(mail, ())


# Never shown ────────────────────────────────────────────────────────────────────────────────────────


def digits_shown(found: Finding) -> str:
    """All that a finding shows, its Device IDs taken out."""
    shown = f"{found!r} {found.where} {found.fault} {found.note}"
    for device in re.findall(r"(?:[0-9A-F]{2}-){7}[0-9A-F]{2}", shown):
        shown = shown.replace(device, "")
    return re.sub(r"[\s\-:]", "", shown).upper()


def shows_code(found: Finding) -> bool:
    """Whether six digits in a row of any specimen's code show."""
    pieces = {bare[i : i + 6] for bare in (BARE_X, BARE_Y, BARE_Z) for i in range(27)}
    return any(piece in digits_shown(found) for piece in pieces)


@pytest.mark.parametrize("specimen", SPECIMENS, ids=lambda one: one.name)
def test_no_finding_shows_a_code(specimen: Specimen):
    """Neither the repr nor a place, a fault or a note shows digits of a code, right or wrong."""
    assert not any(shows_code(one) for one in answers.read(specimen.mail, specimen.asked, TODAY))


@pytest.mark.parametrize(
    "mail",
    [
        received("Attached", files=(answer_mails.csv(f"{A},CODE,{X},", name=f"{BARE_X}.csv"),)),
        received("Attached", files=(answer_mails.csv(f"{A},NEED-MORE,,is it {X[:30]} or {BARE_Y[:18]}?"),)),
        received(f"Please confirm which code is right for {A}: is it {BARE_X[:18]} or 2000 0123 4567 2?"),
        received(f"{A} was installed by {BARE_X[:12]} {BARE_Y[:12]}"),
        received("Attached", files=(answer_mails.csv(f"{A},NOT-INSTALLER,,installer: {BARE_X[:24]}"),)),
    ],
)
def test_a_code_in_an_odd_place_is_not_shown(mail):
    """A code in a file's name, in a note, in a question or in the place of an installer's name shows nowhere."""
    found = read(mail)
    assert found
    assert not any(shows_code(one) for one in found)
    assert "2000012345672" not in "".join(map(digits_shown, found))


def test_a_code_that_nobody_asked_for_is_not_kept():
    """It is reported without the code, so that nothing can use it."""
    (found,) = read(received(f"{E}: {X} {CRC_X}"))
    assert (found.unasked, found.code, found.outcome) == (True, None, Outcome.CODE)


# Never raised, never guessed ────────────────────────────────────────────────────────────────────────

PIECES = st.sampled_from(
    [
        A, B, C, D, E, A.lower(), B.replace("-", ""), C.replace("-", ":"), "...-E7", "ending 91-A2", "xx-55-3D", X, Y, Z, BARE_X,
        BARE_Y.lower(), BARE_Z[:30], f"{X} {CRC_X}", f"{BARE_X}0000", "3.01313E+31", "1.2E+15", X[:19], X[20:], "CODE", "NOT-INSTALLER",
        "PENDING", "by: 2026-06-12", "installer: LOSE", "not our install", "we hold no code", "please contact LOSE", "the rest", "all of these",
        "the following:", "but", "is", "for", ":", ".", "?", "\n", "\n\n", "\t", "   ", "> ", "-----Original Message-----", "From: a@b.example",
        "Sent: today", "On Monday, Ann wrote:", "\u2028", "\x0c", "\u202e", "Z:00DB1234567890E7$I:", "|", ",", ";", "if", "by Friday", "12/06",
    ]
)  # fmt: skip
TEXTS = (
    st.lists(PIECES, max_size=30).map(" ".join) | st.lists(PIECES, max_size=30).map("\n".join) | st.text(max_size=200)
)
CELLS = st.lists(PIECES | st.text(max_size=20), min_size=1, max_size=6).map(tuple)
TABLES = st.builds(
    Table, st.sampled_from(list(Source)), st.just("codes.csv"), st.lists(CELLS, max_size=8).map(tuple), st.just(1)
)


def holds(mail: IncomingMail, device: DeviceId, octets: bytes) -> bool:
    """Whether the code stands in one text or table of the mail that also names the device, or is of a mail that may."""
    texts = [mail.new_text, mail.forwarded_text, mail.quoted_text, mail.signature_text, mail.subject]
    texts += [" ".join(row) for table in mail.tables for row in table.rows]
    texts += ["\n".join(" ".join(row) for row in table.rows) for table in mail.tables]
    code = octets.hex().upper()
    return any(code in re.sub("[^0-9A-F]", "", text.upper()) for text in texts)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, TEXTS, TEXTS, st.lists(TABLES, max_size=2), st.sampled_from([ASKED, (A,), (), (A, B, C, D)]))
def test_nothing_raises_and_every_code_stands_in_the_mail(new, quoted, forwarded, tables, asked):
    """Whatever is written: no error, each device once, each code one that stands there, where a fault is no answer."""
    mail = mails.mail(new, tables=tuple(tables), quoted_text=quoted, forwarded_text=forwarded, reply=True)
    found = read(mail, asked)

    assert len({one.device for one in found}) == len(found)
    assert not found or not asked or answers.speaks_of(mail, asked)
    for one in found:
        assert one.unasked == (one.device not in asked)
        assert (one.code is not None) == (one.outcome is Outcome.CODE and not one.unasked)
        assert not (one.fault and (one.outcome or one.code) and not one.unasked)
        assert one.outcome or one.fault or one.needs_look or one.unasked
        assert one.code is None or holds(mail, one.device, one.code.reveal())
        assert not shows_code(one)


@settings(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from((A, B, C, E)), st.binary(min_size=16, max_size=16)), min_size=1, max_size=6))
def test_a_code_is_given_to_no_device_but_the_one_beside_it(pairs):
    """Rows of any codes: a device has its own row's code, or a fault where rows disagree; never another's."""
    rows = tuple((device, octets.hex().upper()) for device, octets in pairs)
    found = {one.device: one for one in read(mails.mail(tables=(mails.sheet(("Device ID", "Install code"), *rows),)))}
    for device in {device for device, _ in pairs} & set(ASKED):
        own = {octets for other, octets in pairs if other == device}
        others = {octets for other, octets in pairs if other != device}
        one = found[device]
        zeros = any(re.fullmatch("[0-9]+0{12}", octets.hex()) for octets in own)
        assert (one.code is not None) == (len(own) == 1 and not own & others and not zeros)
        assert one.code is None or one.code.reveal() in own


def test_a_changed_digit_is_found_by_the_check():
    """A code with its check is right in all its digits, or a fault."""
    good = CODES["1"].reveal()
    for place in range(16):
        typed = bytes(octet ^ (0x10 if i == place else 0) for i, octet in enumerate(good)) + crc(good)
        (found,) = read(received(f"{A}: {typed.hex().upper()}"))
        assert (found.code, found.outcome) == (None, None)
        assert found.fault


# Too much ───────────────────────────────────────────────────────────────────────────────────────────


def device(number: int) -> DeviceId:
    """An invented Device ID."""
    digits = f"{number:016X}"
    return DeviceId("-".join(digits[i : i + 2] for i in range(0, 16, 2)))


def test_a_sheet_of_a_hundred_thousand_rows_is_read_row_by_row():
    """Rows of others are passed by, ours among them are found, and only some hundred strangers are told of."""
    foreign = [(device(0xA0 << 48 | i), "CODE", f"{i:032X}", "") for i in range(100_000)]
    heading, ours = ("device_id", "outcome", "install_code", "note"), (B.replace("-", ""), "CODE", X, "")
    found = read(mails.mail(tables=(mails.sheet(heading, *foreign, ours),)))

    assert short(found[-1]) == "B: CODE 1"
    assert sum(one.unasked for one in found) == 200
    assert grows_evenly(lambda size: read(mails.mail(tables=(mails.sheet(heading, *foreign[:size], ours),))), 40_000)


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("31B3 7EFF 2B2F 98F4 4826 965F 8B23 E", 29),
        ("31b3 7eff 2b2f 98f4 4826 965f 8b23 e", 29),
        ("ABCD 7EFF 2B2F 98F4 4826 965F 8B23 E7", 30),
        ("31B3 7EFF 2B2F 98F4 4826 965F 8B23 be careful with it", 28),
        ("31B3 7EFF 2B2F 98F4 4826 965F 8B23 a bad one", 28),
    ],
)
def test_every_digit_of_a_short_code_is_counted(written, count):
    """Letters written as the code is are of it; a word beside it is none of it."""
    (found,) = read(mails.mail(f"{A} {written}"))
    assert found.fault == f"the code has {count} digits; a code has 32"


def test_what_was_not_read_to_its_end_is_looked_at():
    """Where a sheet's rows are more than are searched, a person looks: what was not read might contradict."""
    rows = [(A, "CODE", X, "words " * 30)] * 30_000
    assert [short(one) for one in read(mails.mail(tables=(mails.sheet(*rows),)))] == ["A: CODE 1 look"]


@pytest.mark.parametrize(
    "unit",
    [
        ".", "x", "*", "a", "1", "AAAA ", "AB-", "bad ", "> ", "\t", "  ", "1E+35 ", "a: ", "AAAA AAAA\n", "AAAA AAAA AAAA AAAA\n", "\n",
        "On a wrote:\n", "From: a\n", "please can you confirm ", "we were not the ", "contact Lose or ", "installed by The ", "contact A & ",
        "Z:00DB1234567890A0$M:", "we will send by 12/06 ", "ending ", "a  b  ", "|", f"{A} ", f"{A}\n", "...91-A2\n", "no record of the ",
        "O3FE D340 7A93 9723 A5C6 39B2 6916 D505 ", f"{BARE_X}\n", "cannot ", "the gsme ", "none of ", "Aa ",
    ],
)  # fmt: skip
def test_no_text_takes_long(unit):
    """A hundred thousand characters of anything, new or quoted, are read one after the other: no search goes back."""

    def reading(size):
        text = unit * (size // len(unit))
        read(mails.mail(text))
        read(mails.mail("hi", quoted_text=text))

    assert grows_evenly(reading, 100_000)


def test_thousands_of_devices_are_matched_without_comparing_all_with_all():
    """Five thousand devices and their codes, line by line: each gets its own."""
    asked = tuple(device(0xA0 << 48 | i) for i in range(5_000))
    mail = mails.mail("\n".join(f"{one}\n{i + 1:032X}" for i, one in enumerate(asked)))
    found = read(mail, asked)
    assert [int.from_bytes(one.code.reveal()) for one in found if one.code] == list(range(1, 5_001))


def test_a_machine_table_is_believed_before_its_plain_text():
    """The text that repeats a table cell below cell neither contradicts it nor makes its codes a matter to look at."""
    both = next(one for one in SPECIMENS if one.name == "the same table in text and HTML")
    assert not any(one.needs_look for one in read(both.mail))
    text_only = replace(both.mail, tables=())
    assert all(one.needs_look for one in read(text_only))
