"""The letters in which we ask, chase, query and take back, and the one that brings the answers to our own people."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from email.message import EmailMessage
from itertools import pairwise

import pytest

from daemon.mail.attachments.sheets import read_csv
from daemon.mail.compose import compose, csv_of
from daemon.mail.message import Letter, MarkedKind
from daemon.mail.parse import parse
from daemon.mail.sender.authres import Trust
from daemon.rules import answers
from daemon.rules.asking.subjects import asking_subject
from daemon.rules.letters import AskedRow, Asking, LetterPlan, Result, ResultRow
from daemon.rules.meaning import Correspondence, MachineMail
from daemon.rules.policy import ChaseKind
from daemon.rules.thread import Outcome
from daemon.rules.understand import understand
from daemon.rules.wording import specimens, write
from daemon.rules.wording.answer_words import LONGEST_LETTER, CodeMissing
from daemon.rules.wording.asking_specimens import ASKING, RESULTS
from daemon.rules.wording.asking_words import ASKING_TEMPLATES, LONGEST
from daemon.rules.wording.layout import WIDTH
from daemon.rules.wording.rehearsal import check
from daemon.rules.wording.specimens import device
from tests.letters import WRITTEN_AT, our_words, seal
from tests.rules import mails

WORDS = our_words()
ASKED_ON, DUE, LATER = date(2026, 11, 20), date(2026, 12, 4), date(2026, 12, 7)
CHASES = [name for name in ASKING if name.startswith("chase")]
TRUST = Trust("mx.losing.example")
LATE = re.compile(r"overdue|\blate\b|was due|have not|escalat|failed", re.IGNORECASE)


def asking(name: str, *rows: AskedRow, **changes: object) -> LetterPlan:
    """The specimen with this name, on these rows where there are any."""
    plan = ASKING[name]
    assert isinstance(plan.content, Asking)
    content = replace(plan.content, rows=rows or plan.content.rows, **changes)
    return replace(plan, content=content)


def asked(count: int, **changes: object) -> tuple[AskedRow, ...]:
    """So many devices that were asked for on one day."""
    row = replace(AskedRow(device(0), ASKED_ON, DUE, "IC-7K2M9QXA"), **changes)
    return tuple(replace(row, device_id=device(number)) for number in range(count))


def result(*rows: ResultRow, missing: int = 0) -> LetterPlan:
    """A letter that brings these rows."""
    return replace(RESULTS["result"], content=Result(rows, missing))


def got(
    outcome: Outcome = Outcome.CODE, number: int = 1, note: str = "", supplier: str = "Installing Energy"
) -> ResultRow:
    """One answered device."""
    return ResultRow(device(number), outcome, supplier, ASKED_ON, date(2026, 11, 24), note)


def letter(plan: LetterPlan) -> Letter:
    """The letter with its specimen codes."""
    return write(plan, specimens.codes(plan), WORDS)


def spoken(plan: LetterPlan) -> str:
    """Its text on one line, as it is read aloud."""
    return " ".join(letter(plan).text.split())


def sheet(plan: LetterPlan) -> tuple[tuple[str, ...], ...]:
    """The rows of its sheet, read back from the file that goes out."""
    attached = letter(plan).sheet
    assert attached is not None
    return read_csv(csv_of(attached), attached.name).rows


# What each kind says ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("request", "Please send us the install codes of the 12 devices below by Fri 4 Dec 2026."),
        ("request", "Losing Energy is the registered supplier of the premises where they are installed."),
        ("request", "SEC guidance on commissioning non-commissioned devices (MP121), which allows ten working days"),
        ("request", "fill in the attached file install-code-request-IC-7K2M9QXA.csv and send it back"),
        ("request", "each Device ID and its code as a table or as plain text"),
        ("request", "in groups of four, so that a spreadsheet keeps it as text"),
        ("request", "no MPxN (MPAN or MPRN) and no address, please"),
        ("request", 'NOT-INSTALLER if you did not install it; note "installer:" and the name or MPID'),
        ("request", 'PENDING if you need longer; note "by:" and the day.'),
        ("request", "Our reference: IC-7K2M9QXA. Please keep it in the subject."),
        ("request-one", "Please send us the install code of the device below by Fri 4 Dec 2026."),
        ("request-one", "where it is installed. We understand that you installed it"),
        ("chase-due-tomorrow", "we look forward to your answer for these 3 devices by Fri 4 Dec 2026."),
        ("chase-due-tomorrow", "We asked you for the install codes on Fri 20 Nov 2026"),
        ("chase-due-gathered", "your answer for these 5 devices by the days shown"),
        ("chase-due-gathered", "IC-4TWR81NC: 2 devices Asked for on Mon 23 Nov 2026; answer by Mon 7 Dec 2026."),
        ("chase-due-gathered", "00-DB-12-34-56-78-92-00 Wed 9 Dec 2026"),
        ("chase-overdue", "Please send us the install code of this device, or tell us by when we may expect it."),
        ("chase-overdue", "The answer was due on Fri 4 Dec 2026. If yours has crossed with this mail, thank you"),
        ("chase-overdue-gathered", "The first answer was due on Fri 4 Dec 2026."),
        ("chase-escalation", "or tell us by reply who deals with them and by when."),
        ("chase-escalation", "We asked mp121@installing.example for the install codes on Fri 20 Nov 2026."),
        ("chase-escalation", "We write to you as the listed escalation contact."),
        (
            "query",
            "Thank you for your answer. For these 3 devices we could not use it; please answer for them once more.",
        ),
        ("query", "Whatever else you sent has been taken in"),
        ("query", "00-DB-12-34-56-78-90-A0 line 3 of your mail: the code has 31 digits; a code has 32."),
        ("query", "line 4: a spreadsheet changed the code: please send it as text, in groups of four."),
        ("taken-back", "We withdraw our request for these 2 devices: we no longer need their codes."),
        ("taken-back", "There is nothing for you to do. A code that still reaches us will not be used."),
        (
            "helpdesk",
            "Please tell us whom to write to at Installing Energy for MP121 enquiries, or, where they have no such",
        ),
        ("helpdesk", "finds no such contact of theirs in the SEC Party Operations Contact List"),
        ("result", "Here are 3 install codes that you asked for, and what we were told of 4 devices more."),
        ("result", "3 devices of the same orders are still awaited."),
        ("result", "This letter holds install codes: keep it where only those who commission the devices can read it"),
        ("result", "CODE, Northern Energy: 1 device Asked on Fri 20 Nov 2026, answered on Tue 24 Nov 2026."),
        ("result", "00-DB-12-34-56-78-90-A0 83FE D340 7A93 9723 A5C6 39B2 6916 D505 C3B5"),
        ("result", "They installed it and hold no code, and nobody else is asked."),
        ("result", "order the Device ID of the GSME shown: REQUEST, sent to install.codes@losing.example."),
        ("result", "00-DB-12-34-56-78-93-00 00-DB-12-34-56-78-93-01"),
        ("result", "They will not send a code for the reason shown."),
        ("result", "If you know who did, order it again with that supplier"),
        ("result-one", "Here is 1 install code that you asked for. Nothing else of these orders is still awaited."),
        (
            "result-without",
            "Other suppliers answered for 2 devices, and sent no code. 1 device of the same orders is still",
        ),
        ("result-without", "This letter holds no install code."),
    ],
)
def test_each_letter_says_what_its_reader_must_know(name, said):
    """What is wanted, why, by when, of which devices, and how to answer: in plain words."""
    assert said in spoken({**ASKING, **RESULTS}[name])


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("request", "Install code request: 12 devices [IC-7K2M9QXA]"),
        ("request-one", "Install code request: 1 device [IC-7K2M9QXA]"),
        ("chase-due-tomorrow", "Reminder: install code request, 3 devices, answer by Fri 4 Dec 2026 [IC-7K2M9QXA]"),
        (
            "chase-due-gathered",
            "Reminder: install code request, 5 devices, first answer by Fri 4 Dec 2026 [IC-7K2M9QXA]",
        ),
        ("chase-overdue", "Overdue: install code request, 1 device, due Fri 4 Dec 2026 [IC-7K2M9QXA]"),
        ("chase-overdue-gathered", "Overdue: install code request, 5 devices, first due Fri 4 Dec 2026 [IC-7K2M9QXA]"),
        ("chase-escalation", "Escalation: install code request, 2 devices, due Fri 4 Dec 2026 [IC-7K2M9QXA]"),
        ("query", "Install code request: your answer for 3 devices [IC-7K2M9QXA]"),
        ("taken-back", "No longer needed: our request for 2 devices [IC-7K2M9QXA]"),
        ("helpdesk", "MP121 contact of Installing Energy [IC-7K2M9QXA]"),
        ("result", "[install codes] 3 install codes from Installing Energy and Northern Energy"),
    ],
)
def test_the_subject_says_what_is_wanted(name, subject):
    """Who sees only the list of mails knows what each is about; our reference stands at its end."""
    assert letter({**ASKING, **RESULTS}[name]).subject == subject


@pytest.mark.parametrize(
    ("planned", "subject"),
    [
        ("Install code request: 12 devices", "Install code request: 12 devices [IC-7K2M9QXA]"),
        ("Install code request: 12 devices [IC-7K2M9QXA]", "Install code request: 12 devices [IC-7K2M9QXA]"),
        ("RE: Re: Install code request [IC-7K2M9QXA]", "Re: Install code request [IC-7K2M9QXA]"),
        ("a\r\nBcc: x@y.test", "a Bcc: x@y.test [IC-7K2M9QXA]"),
    ],
)
def test_a_planned_subject_is_kept(planned, subject):
    """A letter in a thread keeps the thread's subject, so that mail programs keep it there."""
    assert letter(replace(ASKING["query"], subject=planned)).subject == subject


def test_the_subject_can_be_had_before_the_letter():
    """Who plans a letter keeps the very subject that goes out."""
    plan = ASKING["chase-overdue-gathered"]
    assert isinstance(plan.content, Asking)
    assert letter(plan).subject == f"{asking_subject(plan.kind, plan.content)} [IC-7K2M9QXA]"


def test_without_a_date_ten_working_days_are_asked_for():
    """A request that names no day names the guidance's."""
    assert "of the 12 devices below within ten working days." in spoken(asking("request", expected=None))


# Chasing ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rung", ["", ChaseKind.DUE_TOMORROW.value])
def test_nobody_is_called_late_before_the_day(rung):
    """A chase that is not of a late rung says when the answer is expected, and nothing of lateness or escalation."""
    plan = asking("chase-due-gathered", rung=rung)
    assert not LATE.search(spoken(plan).replace("NEED-MORE", ""))
    assert not LATE.search(letter(plan).subject)


def test_each_rung_is_firmer():
    """First a reminder that asks for nothing, then what is wanted and what comes next, then somebody who must act."""
    gentle, firm, firmest = (spoken(ASKING[f"chase-{kind}"]) for kind in ("due-tomorrow", "overdue", "escalation"))
    assert "there is nothing else to do" in gentle
    assert "we shall have to escalate" in firm
    assert "please see that we get an answer" in firmest
    assert "escalat" not in gentle


@pytest.mark.parametrize("name", CHASES)
def test_every_letter_stays_courteous(name):
    """No chase shouts, blames or threatens, however late it is."""
    assert not re.search(
        r"!|must\b|fail|breach|unacceptable|immediately|demand|ignor", spoken(ASKING[name]), re.IGNORECASE
    )
    assert re.search(r"\bplease\b|thank you", spoken(ASKING[name]), re.IGNORECASE)


def test_a_device_that_is_not_due_is_not_called_late_with_those_that_are():
    """In a gathered letter each inquiry has its own day, and only the first is said to have passed."""
    text = spoken(ASKING["chase-overdue-gathered"])
    assert text.count("was due") == 1
    assert "answer by Mon 7 Dec 2026" in text


def test_what_is_missing_longest_comes_first():
    """Inquiries stand in the order in which they were asked, however the rows come."""
    rows = (*asked(1, asked_on=date(2026, 11, 24), reference="IC-BBBBBBBB"), *asked(1, reference="IC-AAAAAAAA"))
    text = spoken(asking("chase-overdue", *rows))
    assert text.index("IC-AAAAAAAA: 1 device") < text.index("IC-BBBBBBBB: 1 device")


@pytest.mark.parametrize(("reference", "named"), [("IC-7K2M9QXA", False), ("IC-AAAAAAAA", True)])
def test_the_reference_of_one_inquiry_is_named_where_it_is_another(reference, named):
    """One inquiry needs no heading of its own, unless the letter goes by another reference."""
    assert ("IC-AAAAAAAA: 1 device" in spoken(asking("chase-overdue", *asked(1, reference=reference)))) == named


def test_a_promise_for_all_is_said_in_words():
    """What they promised is remembered: once in words where it holds for all."""
    text = spoken(asking("chase-overdue", *asked(2, promised_for=LATER)))
    assert "You told us to expect them by Mon 7 Dec 2026." in text
    assert "Promised for" not in text


def test_who_was_asked_is_named_to_others_alone():
    """The address that was asked stands in a letter to another one; it is not told of itself in the third person."""
    assert "We asked you for it on" in spoken(ASKING["chase-overdue"])
    elsewhere = replace(ASKING["chase-overdue"], to="operations@installing.example")
    assert "We asked mp121@installing.example for it on Fri 20 Nov 2026" in spoken(elsewhere)


# Devices in text, HTML and sheet ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", [name for name in ASKING if name != "helpdesk"])
def test_every_device_stands_in_text_and_page(name):
    """No device that a letter is about is left out."""
    written = letter(ASKING[name])
    for one in specimens.must_show(ASKING[name]):
        assert written.text.count(one) == 1
        assert written.html.count(one) == 1


@pytest.mark.parametrize("name", ["request", *CHASES, "query"])
def test_the_sheet_is_there_to_be_filled_in(name):
    """A line for each device that is wanted and for no other, its ID filled in and the rest empty, through a CSV file."""
    heading, *lines = sheet(ASKING[name])
    assert heading == ("device_id", "outcome", "install_code", "note")
    assert sorted(lines) == sorted((one, "", "", "") for one in specimens.must_show(ASKING[name]))


@pytest.mark.parametrize("name", ["taken-back", "helpdesk"])
def test_where_nothing_is_to_be_filled_in_there_is_no_sheet(name):
    """A letter that wants no codes attaches nothing."""
    assert letter(ASKING[name]).sheet is None


@pytest.mark.parametrize("name", ["request", "chase-overdue", "chase-escalation", "query", "taken-back"])
@pytest.mark.parametrize("count", [500, 501])
def test_more_than_five_hundred_stand_in_the_sheet_alone(name, count):
    """The letter shows up to 500 devices; with one more it names the sheet, which has them all."""
    written = letter(asking(name, *asked(count)))
    shown = len(set(re.findall("00-DB-12-[0-9A-F-]+", written.text)))
    assert shown == (count if count <= 500 else 0)
    assert len(set(re.findall("00-DB-12-[0-9A-F-]+", written.html))) == shown
    long = f"The list is long: all {count} are in the attached file"
    assert (long in " ".join(written.text.split())) == (count > 500)
    if count > 500 or name != "taken-back":
        assert written.sheet is not None
        assert len(written.sheet.rows) == 1 + count


def test_a_long_query_says_in_its_sheet_what_is_wrong():
    """Where the letter has no room for the faults, each stands beside its device, in a column of its own."""
    heading, first, *_ = sheet(asking("query", *asked(LONGEST + 1, fault="line 3 of their mail: the code is missing")))
    assert heading == ("device_id", "outcome", "install_code", "note", "what_is_wrong")
    assert first == (device(0), "", "", "", "line 3 of your mail: the code is missing.")


def test_the_helpdesk_is_told_no_device():
    """A letter to the Helpdesk names the party alone, even where rows came along."""
    written = letter(asking("helpdesk", *asked(LONGEST + 1)))
    assert "00-DB" not in written.text + written.html + written.subject
    assert written.sheet is None


@pytest.mark.parametrize("count", [LONGEST_LETTER, LONGEST_LETTER + 1])
def test_a_long_result_stands_in_its_sheet_alone(count):
    """More codes than a letter shows are named by their file, which has every one."""
    plan = result(*(got(number=number) for number in range(count)))
    written = letter(plan)
    assert len(re.findall("00-DB-12", written.html)) == (count if count <= LONGEST_LETTER else 0)
    assert len(sheet(plan)) == 1 + count


# Codes ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_sheet_of_a_result_has_all_that_is_known():
    """Device, outcome, code, supplier, both days and a note, in the order of the answers."""
    plan = result(got(), got(Outcome.NO_CODE_HELD, 2), got(Outcome.TYPE_HAS_NO_CODE, 3, f"device: {device(4)}"))
    assert letter(plan).sheet is not None
    assert sheet(plan) == (
        ("device_id", "outcome", "install_code", "supplier", "asked_on", "answered_on", "note"),
        (
            device(1),
            "CODE",
            "83FE D340 7A93 9723 A5C6 39B2 6916 D505",
            "Installing Energy",
            "2026-11-20",
            "2026-11-24",
            "check: C3B5",
        ),
        (device(2), "NO-CODE-HELD", "", "Installing Energy", "2026-11-20", "2026-11-24", ""),
        (device(3), "TYPE-HAS-NO-CODE", "", "Installing Energy", "2026-11-20", "2026-11-24", f"device: {device(4)}"),
    )


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_no_cell_is_a_formula(sign):
    """A supplier's name or note that a spreadsheet would run goes out as text."""
    plan = result(got(Outcome.REFUSED, note=f"{sign}1+1", supplier=f"{sign}HYPERLINK(1)"))
    _, line = sheet(plan)
    assert (line[3], line[6]) == (f"'{sign}HYPERLINK(1)", f"'{sign}1+1")


@pytest.mark.parametrize("name", list(RESULTS))
def test_a_masked_result_holds_no_digit_of_a_code(name):
    """Written without codes, a result shows bullets in text, HTML and sheet, its checks included, and says so."""
    plan = RESULTS[name]
    written = write(plan, None, WORDS)
    cells = [cell for row in written.sheet.rows for cell in row] if written.sheet else []
    whole = "\n".join((written.text, written.html, *cells))
    promised = bool(specimens.codes(plan))
    assert not re.search("83FE|D340|7A93|C3B5|AABB|528F|F596", whole)
    assert ("**** ****" in written.text) == promised
    assert ("the install codes are masked" in " ".join(written.text.split())) == promised


def test_a_promised_code_that_is_missing_stops_the_letter():
    """No result goes out with an empty place where it promises a code."""
    plan = result(got(number=1), got(number=2))
    with pytest.raises(CodeMissing, match=device(2)):
        write(plan, {device(1): specimens.codes(plan)[device(1)]}, WORDS)


@pytest.mark.parametrize("name", list(ASKING))
def test_no_letter_to_a_supplier_ever_holds_a_code(name):
    """Even where codes are at hand, none stands in what we ask."""
    code = specimens.codes(RESULTS["result-one"])[device(0x90A0)]
    codes = dict.fromkeys((row.device_id for row in asking(name).content.rows), code)
    written = write(ASKING[name], codes, WORDS)
    assert not re.search(
        "83FE|0011 2233|3031 3233", written.text + written.html + repr(written.sheet and written.sheet.rows)
    )


def test_personal_data_and_codes_in_a_fault_are_masked():
    """A file's name of theirs is given without the supply number or the code that stands in it; what is wrong stays whole."""
    fault = f"MPAN 2000012345678 83FED3407A939723A5C639B26916D505 {'long ' * 30}.csv, line 2: the code has 31 digits; a code has 32"
    text = spoken(asking("query", AskedRow(device(1), fault=fault)))
    assert not re.search("2000012345678|83FED340", text)
    assert "the code has 31 digits; a code has 32." in text


def test_a_note_of_theirs_is_masked_for_our_own_people_too():
    """Nothing that ties a device to a consumer stands in a result."""
    plan = result(got(Outcome.REFUSED, note="ask for MPAN 2000012345678"))
    assert "2000012345678" not in letter(plan).text + letter(plan).html + repr(sheet(plan))


# On the other side ──────────────────────────────────────────────────────────────────────────────────


def understood(plan: LetterPlan, kind: MarkedKind | None) -> Correspondence:
    """What another copy of this daemon reads in the sealed letter."""
    marked = replace(plan, mark=kind, mark_reference="IC-7K2M9QXA", in_reply_to="<request-1@losing.example>")
    meaning = understand(parse(seal(marked, WORDS), TRUST), mails.contact())
    assert isinstance(meaning, Correspondence)
    return meaning


@pytest.mark.parametrize("name", ["request", "request-one"])
def test_another_copy_reads_a_request(name):
    """It finds every device and a wish for codes, and nothing else."""
    meaning = understood(ASKING[name], MarkedKind.REQUEST)
    assert [one.device_id for one in meaning.asked] == list(specimens.must_show(ASKING[name]))
    assert meaning.wants_codes
    assert not any((meaning.chase, meaning.withdraws, meaning.brings_codes, meaning.bad_lines, meaning.personal_data))


@pytest.mark.parametrize("name", [*CHASES, "query"])
def test_another_copy_reads_a_chase(name):
    """It finds every missing device, and that it is asked where the answer is."""
    meaning = understood(ASKING[name], MarkedKind.CHASE)
    assert {one.device_id for one in meaning.asked} == set(specimens.must_show(ASKING[name]))
    assert meaning.chase
    assert not any((meaning.withdraws, meaning.brings_codes, meaning.bad_lines, meaning.personal_data))


@pytest.mark.parametrize("count", [1, 2, LONGEST + 1])
def test_another_copy_reads_what_is_taken_back(count):
    """It withdraws just the devices that are named, in the letter or in its sheet."""
    meaning = understood(asking("taken-back", *asked(count)), MarkedKind.CHASE)
    assert meaning.withdraws
    assert {one.device_id for one in meaning.asked} == {device(number) for number in range(count)}


def test_without_a_mark_another_copy_takes_a_letter_for_a_machines():
    """So every letter that another copy is to act on has to be marked by who plans it."""
    assert isinstance(understand(parse(seal(ASKING["taken-back"], WORDS), TRUST), mails.contact()), MachineMail)


def reply(plan: LetterPlan, text: str, attached: bytes = b"") -> tuple[answers.Finding, ...]:
    """What we read in a person's reply to the letter."""
    message = EmailMessage()
    message["From"] = "mp121@installing.example"
    message["Subject"] = f"RE: {letter(plan).subject}"
    message["In-Reply-To"] = "<specimen@losing.example>"
    message.set_content(text)
    if attached:
        message.add_attachment(attached, maintype="text", subtype="csv", filename="codes.csv")
    return answers.read(parse(message.as_bytes(), TRUST), specimens.must_show(plan), date(2026, 11, 24))


QUOTING: dict[str, Callable[[str], str]] = {
    "marked": lambda text: "On Fri, 20 Nov 2026 at 10:00, Losing Energy wrote:\n" + re.sub("(?m)^", "> ", text),
    "headed": lambda text: (
        f"{'_' * 32}\nFrom: Losing Energy <a@losing.example>\nSent: Friday\nTo: MP121\nSubject: x\n\n{text}"
    ),
    "not shown as quoted": lambda text: text,
}


@pytest.mark.parametrize("quoting", list(QUOTING))
@pytest.mark.parametrize("name", [name for name in ASKING if name != "helpdesk"])
def test_our_own_words_are_no_answer(name, quoting):
    """A reply that only brings our letter back, however its mail program shows that, answers nothing."""
    assert reply(ASKING[name], f"Received, thanks.\n\n{QUOTING[quoting](letter(ASKING[name]).text)}") == ()


@pytest.mark.parametrize("name", ["request", *CHASES, "query"])
def test_our_sheet_filled_in_answers_every_device(name):
    """Codes in groups of four and outcomes with their notes, as the letter asks for them, are read without a person."""
    plan = ASKING[name]
    attached = letter(plan).sheet
    assert attached is not None
    first, *others = attached.rows[1:]
    filled = [(first[0], "CODE", "83FE D340 7A93 9723 A5C6 39B2 6916 D505", "check: C3B5")]
    filled += [(row[0], "NOT-INSTALLER", "", "installer: LOSE") for row in others]
    content = csv_of(replace(attached, rows=(attached.rows[0], *filled)))
    found = {one.device: one for one in reply(plan, "Please see the attached file.", content)}
    assert set(found) == set(specimens.must_show(plan))
    assert not any(one.fault or one.needs_look for one in found.values())
    assert (found[first[0]].outcome, found[first[0]].checked) == (Outcome.CODE, True)
    assert {found[row[0]].note for row in others} <= {"installer: LOSE"}


# Templates ──────────────────────────────────────────────────────────────────────────────────────────


def test_every_kind_of_asking_has_its_template():
    """Each kind that asks another supplier, or the Helpdesk, speaks by a template of its own."""
    content = {plan.kind for plan in ASKING.values()}
    assert content == set(ASKING_TEMPLATES)
    assert len(set(ASKING_TEMPLATES.values())) == len(ASKING_TEMPLATES)


@pytest.mark.parametrize(
    ("name", "source", "problem"),
    [
        ("request_txt", "Hello", "request.txt: a table of devices is left out"),
        ("chase_txt", "Hello {{ nonsense }}", "chase.txt, line 1: 'nonsense' is undefined"),
        ("query_txt", "Hello", "query.txt: a table of devices is left out"),
        ("withdrawal_txt", "Hello", "withdrawal.txt: a table of devices is left out"),
        ("helpdesk_txt", "Hello", "helpdesk.txt: a table of devices is left out"),
        ("replying_txt", "Hello\n{% endif %}", "replying.txt, line 2: Encountered unknown tag 'endif'."),
        ("result_txt", "Hello", "result.txt: a table of devices is left out"),
        ("result_txt", "Hello\n{{ batches[9].table }}", "result.txt, line 2: tuple object has no element 9"),
    ],
)
def test_a_broken_override_is_named(name, source, problem):
    """Whatever is wrong with an operator's template for these letters, `check` names the template and the fault."""
    assert any(found.startswith(problem) for found in check(our_words(**{name: source})))


@pytest.mark.parametrize("name", [*ASKING, *RESULTS])
def test_a_letter_can_be_sealed(name):
    """Each becomes bytes that can be sent, its lines no longer than a screen."""
    plan = {**ASKING, **RESULTS}[name]
    written = letter(plan)
    assert max(map(len, written.text.split("\n"))) <= WIDTH + 3
    assert compose(
        written, sender="a@losing.example", sender_name="Codes", message_id="<1@losing.example>", written_at=WRITTEN_AT
    ).content


def test_a_letter_of_no_known_party_is_still_civil():
    """Without a name it begins with Hello."""
    for name in ("request", "chase-overdue", "query", "taken-back"):
        assert letter(replace(ASKING[name], party="")).text.startswith("Hello,\n\n")


def test_outcomes_go_in_the_order_of_use():
    """In a result the codes come first, whatever the order of the answers."""
    text = spoken(result(got(Outcome.REFUSED, 1), got(Outcome.CODE, 2), got(Outcome.NO_CODE_HELD, 3)))
    places = [text.index(f"{outcome}, Installing Energy") for outcome in ("CODE", "REFUSED", "NO-CODE-HELD")]
    assert all(first < second for first, second in pairwise(places))


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.CODE])
def test_a_result_says_what_to_do_for_every_other_outcome(outcome):
    """Each outcome without a code has a sentence on what comes next."""
    text = spoken(result(got(outcome)))
    assert re.search(r"answered on Tue 24 Nov 2026\. [A-Z]", text)
    assert "This letter holds no install code." in text
