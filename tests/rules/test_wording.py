"""The words of every letter: what it says for each outcome, and what it never says."""

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.mail.message import MarkedKind
from daemon.rules.letters import Answer, AnswerRow, LetterKind, LetterPlan, Matter, OpsNews
from daemon.rules.meaning import BadLine
from daemon.rules.thread import Outcome
from daemon.rules.wording import TEMPLATES, layout, specimens, write
from daemon.rules.wording.answer_words import LONGEST_GROUP, LONGEST_LETTER, CodeMissing
from daemon.rules.wording.layout import WIDTH
from daemon.rules.wording.rehearsal import check
from daemon.rules.wording.specimens import device
from tests.letters import our_words, seal

WORDS = our_words()
EVERY_LETTER = pytest.mark.parametrize("name", list(specimens.BY_NAME))


def plan_of(name: str) -> LetterPlan:
    """The specimen with this name."""
    return specimens.BY_NAME[name]


def answer(*rows: AnswerRow) -> LetterPlan:
    """A letter that answers with these rows."""
    return replace(specimens.CODES, content=Answer(rows))


def spoken(plan: LetterPlan) -> str:
    """The text on one line, as it is read aloud."""
    return " ".join(write(plan, specimens.codes(plan), WORDS).text.split())


def row(outcome: Outcome, note: str = "", number: int = 1) -> AnswerRow:
    """One row of an answer."""
    return AnswerRow(device(number), outcome, note)


# What is said ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row(Outcome.CODE)], "Here is the install code for the device you asked for."),
        (
            [row(Outcome.CODE), row(Outcome.CODE, number=2)],
            "Here are the install codes for both devices you asked for.",
        ),
        ([row(Outcome.CODE)], "00-DB-12-34-56-78-00-01 83FE D340 7A93 9723 A5C6 39B2 6916 D505 C3B5 The code is 32"),
        (
            [row(Outcome.CODE), row(Outcome.NO_CODE_HELD, number=2), row(Outcome.NO_CODE_HELD, number=3)],
            "Here is the install code for 1 of the 3 devices you asked for; below is what we can say of the others.",
        ),
        (
            [row(Outcome.NOT_INSTALLER, "installer: LOSE")],
            "We did not install this device. Our records name LOSE as the",
        ),
        (
            [row(Outcome.NOT_INSTALLER, "installer: GAIN (yourselves)")],
            "Our records name you as the Installing Supplier, as GAIN; please look in your own records.",
        ),
        ([row(Outcome.NOT_INSTALLER)], "our records do not name the supplier who did"),
        (
            [row(Outcome.NOT_INSTALLER, "installer: LOSE"), row(Outcome.NOT_INSTALLER, number=2)],
            "00-DB-12-34-56-78-00-01 LOSE 00-DB-12-34-56-78-00-02 not known",
        ),
        ([row(Outcome.NO_CODE_HELD)], "our records hold no install code for it"),
        ([row(Outcome.TYPE_HAS_NO_CODE, f"device: {device(7)}")], "Did you mean the gas meter (GSME)"),
        ([row(Outcome.TYPE_HAS_NO_CODE, f"device: {device(7)}")], f"{device(1)} {device(7)}"),
        ([row(Outcome.TYPE_HAS_NO_CODE)], "please send us the Device ID of the GSME"),
        ([row(Outcome.NEED_MORE, "is it a PPMID?")], f"{device(1)} is it a PPMID?"),
        ([row(Outcome.PENDING, "by: 2026-12-04")], "You will have our answer by Fri 4 Dec 2026; there is no need"),
        (
            [row(Outcome.PENDING, "by: 2026-12-04"), row(Outcome.PENDING, "by: 2026-12-07", 2)],
            f"{device(1)} Fri 4 Dec 2026 {device(2)} Mon 7 Dec 2026",
        ),
        ([row(Outcome.PENDING)], "Our answer is overdue, for which we are sorry: our team has been reminded"),
        (
            [row(Outcome.PENDING, "by: 2026-12-04"), row(Outcome.PENDING, number=2)],
            f"and it follows as soon as we have it. Device ID Answer by {device(1)} Fri 4 Dec 2026 {device(2)} overdue",
        ),
        ([row(Outcome.REFUSED, "our records show it as removed")], f"{device(1)} our records show it as removed"),
    ],
)
def test_each_outcome_is_said_in_plain_words(rows, said):
    """Of each of the seven outcomes the letter says what it means for the device."""
    assert said in spoken(answer(*rows))


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_the_outcomes_present_are_explained(outcome):
    """A letter with one outcome explains that one and no other."""
    signs = {
        Outcome.CODE: "Zigbee CRC",
        Outcome.NOT_INSTALLER: "did not install",
        Outcome.NO_CODE_HELD: "hold no install code",
        Outcome.TYPE_HAS_NO_CODE: "GPF",
        Outcome.NEED_MORE: "need to know more",
        Outcome.PENDING: "is looking into",
        Outcome.REFUSED: "cannot send a code",
    }
    text = spoken(answer(row(outcome)))
    assert [o for o, sign in signs.items() if sign in text] == [outcome]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (Answer((row(Outcome.CODE),), repeat=True), "Once more, here is the install code"),
        (Answer((row(Outcome.PENDING),), chase=True), "Thank you for your reminder."),
        (Answer((row(Outcome.CODE),), asked_by="jo@gaining.example"), "jo@gaining.example wrote to us"),
        (Answer((row(Outcome.CODE),), personal_data=True), "Please send Device IDs only"),
        (
            Answer((row(Outcome.PENDING, "by: 2026-12-04"),), capped_at=1500),
            "We send one supplier at most 1,500 install codes a day. Yours follow in the order in which you asked",
        ),
        (Answer((), withdrawn=(device(1),)), "we have withdrawn your request for this device"),
        (Answer((), sent_before=((device(1), date(2026, 11, 23)),)), "We answered this device on Mon 23 Nov 2026"),
        (
            Answer((), sent_before=((device(1), date(2026, 11, 23)),)),
            "please ask again, a day after it at the earliest: we repeat it, or a colleague looks into it.",
        ),
        (Answer((), bad_lines=(BadLine("line 3", "it has 15 digits"),)), "- line 3: it has 15 digits."),
        (Answer((), unreadable=(BadLine("scan.pdf", "it is a picture"),)), "- scan.pdf: it is a picture."),
        (Answer((), nothing_found=True), "It is printed on the label of the device, beside the barcode"),
        (Answer((), nothing_found=True), "fill in the attached file device-ids-IC-7K2M9QXA.csv and send it back"),
    ],
)
def test_what_else_must_be_said_is_said(content, said):
    """Repeats, chases, colleagues, personal data, caps, withdrawals, bad lines and files each have their sentence."""
    assert said in spoken(replace(specimens.CODES, content=content))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("held", "Please look at the matter below by Fri 4 Dec 2026."),
        (
            "held",
            "drag the mail from where it lies (Install codes/Held, or where it arrived while the mode is observe) to Install codes/Requests",
        ),
        ("held", "APPROVE (or APPROVE 1, or APPROVE except 2): done as soon as 2 of you have sent it."),
        ("held", "If your mail program cannot reply, send APPROVE 7K2M-9QXB in a new mail."),
        ("held", "You waive that our records allow it for this device and supplier (G9)."),
        ("held", "2. 00-DB-12-34-56-78-00-02"),
        ("observed", "write by hand from install.codes@losing.example"),
        ("observed", "reply to this letter with CLOSE and why"),
        ("proposal", "APPROVE: done as soon as 2 of you have sent it."),
        ("held", "Fri 20 Nov 2026 + 10 working days (england-and-wales) = Fri 4 Dec 2026"),
        ("held-several", "2. Mail held: sender not proven"),
        ("held-several", "Checks failed G4 DMARC pass for the sender's domain: fail (p=reject)"),
        ("reminder", "still waits for one of you. The answer is due on Fri 4 Dec 2026."),
        ("breach", "Please answer this today: the answer was due on Fri 4 Dec 2026"),
        ("quarantine", "it could not be read automatically"),
        ("alarm", "relay mail.losing.example:587: connection refused."),
        ("alarm", "Nothing is lost"),
    ],
)
def test_ops_letters_say_what_why_by_when_and_what_to_do(kind, said):
    """A letter to our own team holds the matter, its due date with its sum, and what a person can do now."""
    assert said in spoken(plan_of(kind))


def test_what_changes_is_called_so_in_every_letter_about_it():
    """Whoever is asked second, and gets a letter of another kind, is not told that a check failed."""
    (matter,) = specimens.PROPOSAL.content.matters
    second = OpsNews("Ann approved", (replace(matter, evidence=("added: 2 devices",)),), needed=2, approved_by=("ann",))
    page = spoken(replace(specimens.HELD, content=second))
    assert "What changes added: 2 devices" in page
    assert "Checks failed" not in page


def test_what_several_matters_share_is_said_once():
    """Matters of one cause: why and what to do stand before them, not with each; of several causes, with each."""
    alike, other = (plan.content.matters[0] for plan in (specimens.HELD, specimens.HELD_SEVERAL))
    several = spoken(replace(specimens.HELD, content=OpsNews("Held", (alike, alike, alike))))
    mixed = spoken(replace(specimens.HELD, content=OpsNews("Held", (alike, other, alike))))
    assert [page.count(alike.why) for page in (several, mixed)] == [1, 2]
    assert [page.count(alike.next_step) for page in (several, mixed)] == [1, 2]
    assert several.index(alike.next_step) < several.index("1. ")


def test_many_devices_of_a_matter_are_counted_not_listed():
    """Ops read the first dozen Device IDs of a hold and how many more there are."""
    matter = Matter(what="500 devices held", why="why", devices=tuple(device(n) for n in range(500)))
    plan = replace(specimens.HELD, content=OpsNews("Held", (matter,)))
    text = write(plan, None, WORDS).text
    assert len(re.findall(r"00-DB-12", text)) == 12
    assert "and 488 more" in text


# What is never said ─────────────────────────────────────────────────────────────────────────────────


@EVERY_LETTER
def test_a_letter_reads_aloud(name):
    """No letter prints None, an empty bracket, a double blank, a blank before a stop, or a line too long."""
    letter = write(plan_of(name), specimens.codes(plan_of(name)), WORDS)
    for page in (letter.text, letter.html):
        assert not re.search(
            r"None|Undefined|\(\)|\[\]|\{|\x02|\x03| [.,;:]( |$)|!", re.sub(r"<!DOC.*|(?s:<style.*?</style>)", "", page)
        )
    words = letter.text.split("\n\n")
    assert "" not in words
    assert not re.search(r"\S {2}\S", letter.text)
    assert max(map(len, letter.text.split("\n"))) <= WIDTH + 3
    assert letter.text.count("\n\n\n") == 0
    assert all(line == line.rstrip() for line in letter.text.split("\n"))


@EVERY_LETTER
def test_text_and_page_say_the_same(name):
    """Every word of the text stands in the HTML too, in the same order; the bars of a chart are drawn by each in its way."""
    letter = write(plan_of(name), specimens.codes(plan_of(name)), WORDS)
    page = re.sub(r"(?s)<(title|style).*?</\1>|<[^>]*>", " ", letter.html)
    for sign, plain in (("&#39;", "'"), ("&#34;", '"'), ("&amp;", "&"), ("&nbsp;", " "), ("&#9632;", " ")):
        page = page.replace(sign, plain)

    def said(words: str) -> list[str]:
        return [word for word in words.split() if not re.fullmatch("-+|[#=]+", word)]

    assert said(page) == said(letter.text)


@EVERY_LETTER
def test_a_page_takes_nothing_from_outside(name):
    """The HTML holds no picture, script, link or address to fetch."""
    page = write(plan_of(name), specimens.codes(plan_of(name)), WORDS).html
    assert not re.search(r"<img|<script|<link|<a |src=|href=|url\(|https?:", page)


@pytest.mark.parametrize("name", list(specimens.ANSWERS))
def test_an_answer_travels_as_it_is(name):
    """Text and page have short lines: a relay finds nothing to break, and a person who looks at the source can read it."""
    assert b"quoted-printable" not in seal(plan_of(name), WORDS)


@pytest.mark.parametrize("name", list(specimens.ANSWERS))
def test_a_masked_letter_holds_no_digit_of_a_code(name):
    """Written without codes, a letter shows stars in text, HTML and sheet, its checks included, and says so."""
    plan = plan_of(name)
    letter = write(plan, None, WORDS)
    rows = [cell for one in letter.sheet.rows for cell in one] if letter.sheet else []
    whole = "\n".join((letter.text, letter.html, *rows))
    for code in specimens.codes(plan).values():
        digits = code.reveal().hex().upper()
        assert not any(digits[i : i + 4] in whole for i in range(0, 32, 4) if not digits[i : i + 4].isdigit())
    assert not any(check in whole for check in ("C3B5", "528F", "F596"))
    assert ("the install codes are masked" in " ".join(letter.text.split())) == bool(plan.code_devices)
    assert ("**** ****" in letter.text) == bool(plan.code_devices)


def test_ops_letters_never_carry_a_code():
    """Even where codes are at hand, and one slipped into a subject, a letter to ops shows none and attaches nothing."""
    matter = replace(specimens.HELD.content.matters[0], subject="83FED3407A939723A5C639B26916D505 for Jane")
    plan = replace(specimens.HELD, content=OpsNews("Held", (matter,)))
    letter = write(plan, specimens.codes(specimens.CODES), WORDS)
    assert letter.sheet is None
    assert "83FED3407A93" not in letter.text + letter.html
    assert "for Jane" in letter.text


def test_what_they_sent_is_masked_where_it_must_be_named():
    """The name of a file of theirs is given without the supply number that stands in it."""
    content = Answer((), unreadable=(BadLine("MPAN 2000012345678 labels.pdf", "it is a picture"),), personal_data=True)
    letter = write(replace(specimens.CODES, content=content), None, WORDS)
    assert "2000012345678" not in letter.text + letter.html
    assert "labels.pdf: it is a picture." in letter.text


def test_a_promised_code_that_is_missing_stops_the_letter():
    """No letter goes out with an empty place where it promises a code."""
    with pytest.raises(CodeMissing, match=device(0x90A1)):
        write(specimens.CODES, {device(0x90A0): specimens.codes(specimens.CODES)[device(0x90A0)]}, WORDS)


# The sheet ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_sheet_has_the_fixed_columns_and_the_order_of_their_mail():
    """Each row is device_id, outcome, install_code, note; notes are machine-readable."""
    content = Answer(
        (
            row(Outcome.NOT_INSTALLER, "installer: LOSE"),
            row(Outcome.CODE, number=2),
            row(Outcome.PENDING, "by: 2026-12-04", 3),
        )
    )
    plan = replace(specimens.CODES, content=content)
    sheet = write(plan, specimens.codes(plan), WORDS).sheet
    assert sheet is not None
    assert sheet.name == "install-codes-IC-7K2M9QXA.csv"
    assert sheet.rows == (
        ("device_id", "outcome", "install_code", "note"),
        (device(1), "NOT-INSTALLER", "", "installer: LOSE"),
        (device(2), "CODE", "83FE D340 7A93 9723 A5C6 39B2 6916 D505", "check: C3B5"),
        (device(3), "PENDING", "", "by: 2026-12-04"),
    )


def test_lines_to_correct_follow_in_the_sheet_to_be_filled_in():
    """A line for each that we could not use, beside answers without a code, and the letter says so."""
    content = Answer((row(Outcome.NO_CODE_HELD),), bad_lines=(BadLine("line 4", "it has 15 digits"),))
    letter = write(replace(specimens.CODES, content=content), None, WORDS)
    assert letter.sheet is not None
    assert letter.sheet.rows[-1] == ("", "", "", "line 4: it has 15 digits")
    assert "fill in the attached file" in letter.text


def test_nobody_is_asked_to_send_codes_back_to_us():
    """Where the sheet holds codes, what is to be corrected is asked for in a reply, and the sheet has no line for it."""
    content = Answer((row(Outcome.CODE),), bad_lines=(BadLine("line 4", "it has 15 digits"),))
    plan = replace(specimens.CODES, content=content)
    letter = write(plan, specimens.codes(plan), WORDS)
    assert letter.sheet is not None
    assert [cells[1] for cells in letter.sheet.rows[1:]] == ["CODE"]
    assert "You can reply with the Device IDs." in letter.text
    assert "fill in" not in letter.text


def test_a_chase_for_nothing_is_asked_which_request_it_means():
    """One question, and what would answer it."""
    letter = write(specimens.WHICH_REQUEST, None, WORDS)
    assert "Which one do you mean?" in " ".join(letter.text.split())
    assert "could not use" not in letter.text


@pytest.mark.parametrize(
    "content", [Answer((), withdrawn=(device(1),)), Answer((), unreadable=(BadLine("a.pdf", "x"),))]
)
def test_no_sheet_where_there_is_nothing_to_list(content):
    """A confirmation brings no empty attachment."""
    assert write(replace(specimens.CODES, content=content), None, WORDS).sheet is None


@pytest.mark.parametrize("count", [LONGEST_LETTER, LONGEST_LETTER + 1])
def test_a_long_list_stands_in_the_sheet_only(count):
    """Beyond 200 devices the letter names the sheet, keeps short groups, and the sheet has every row."""
    rows = [row(Outcome.CODE, number=n) for n in range(count - LONGEST_GROUP)]
    rows += [row(Outcome.NO_CODE_HELD, number=9000 + n) for n in range(LONGEST_GROUP)]
    plan = answer(*rows)
    letter = write(plan, specimens.codes(plan), WORDS)
    shown = len(re.findall("00-DB-12", letter.html))
    assert shown == (count if count == LONGEST_LETTER else LONGEST_GROUP)
    assert ("The list is long: all 181 are in the attached file" in " ".join(letter.text.split())) == (
        count > LONGEST_LETTER
    )
    assert letter.sheet is not None
    assert len(letter.sheet.rows) == 1 + count


# Headers of the letter ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Codes please", "Re: Codes please [IC-7K2M9QXA]"),
        ("RE: Re: AW: Codes please", "Re: Codes please [IC-7K2M9QXA]"),
        ("Re[2]: Codes", "Re: Codes [IC-7K2M9QXA]"),
        ("Codes [IC-7K2M9QXA]", "Re: Codes [IC-7K2M9QXA]"),
        ("Request for codes", "Re: Request for codes [IC-7K2M9QXA]"),
        ("", "Re: your request for install codes [IC-7K2M9QXA]"),
        ("Re:", "Re: your request for install codes [IC-7K2M9QXA]"),
        ("a\r\nBcc: x@y.test", "Re: a Bcc: x@y.test [IC-7K2M9QXA]"),
    ],
)
def test_the_subject_has_re_and_our_reference_once(theirs, ours):
    """Theirs is kept, so that mail clients thread it; `Re:` and the reference each stand there once."""
    assert write(replace(specimens.CODES, subject=theirs), None, WORDS).subject == ours


def test_a_long_subject_keeps_the_reference():
    """However long theirs is, the reference stands at the end."""
    subject = write(replace(specimens.CODES, subject="meter " * 200), None, WORDS).subject
    assert len(subject) < 180
    assert subject.endswith("… [IC-7K2M9QXA]")


@pytest.mark.parametrize("subject", ["[install codes] Held: 3 devices", "Held: 3 devices"])
def test_ops_can_sort_by_subject(subject):
    """The subject of an ops letter begins with the same words, once."""
    assert write(replace(specimens.HELD, subject=subject), None, WORDS).subject == "[install codes] Held: 3 devices"


def test_the_mark_gives_back_the_askers_reference():
    """An answer is marked, with the asker's own reference where they gave one, and names it in small print."""
    letter = write(replace(specimens.CODES, mark_reference="IC-AAAAAAAA"), None, WORDS)
    assert letter.mark is not None
    assert (letter.mark.kind, letter.mark.reference) == (MarkedKind.ANSWER, "IC-AAAAAAAA")
    assert "Our reference: IC-7K2M9QXA (yours: IC-AAAAAAAA)" in letter.text
    assert write(specimens.HELD, None, WORDS).mark is None


# Their words in ours ────────────────────────────────────────────────────────────────────────────────

hostile = st.text(
    alphabet=st.one_of(st.sampled_from("\r\n\x00\x02\x03\u2028\u202e<>&\"'{}%#-=+@ "), st.characters()), max_size=60
)


@settings(max_examples=60)
@given(hostile, hostile, hostile, hostile)
def test_nothing_of_theirs_becomes_markup(party, where, why, note):
    """Names, places and notes are data: no tag, no table mark, no template of theirs takes effect."""
    content = Answer((row(Outcome.REFUSED, note),), bad_lines=(BadLine(where, why),), asked_by=party)
    letter = write(replace(specimens.CODES, content=content, party=party), None, WORDS)
    tags = set(re.findall(r"</?([a-zA-Z0-9]+)", letter.html))
    assert tags <= {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "table",
        "tr",
        "th",
        "td",
        "h2",
        "p",
        "ul",
        "li",
        "br",
        "span",
    }
    assert not re.search("[\x00-\x09\x0b-\x1f\u2028\u202e]", letter.text + letter.html)
    assert letter.text.count(device(1)) == 1


def test_a_template_in_their_words_is_not_run():
    """Braces that a sender wrote go out as braces."""
    letter = write(replace(specimens.CODES, party="{{ 7 * 7 }} <b>Ltd</b>"), None, WORDS)
    assert "Dear {{ 7 * 7 }} <b>Ltd</b> team," in letter.text
    assert "&lt;b&gt;Ltd" in letter.html


def test_a_line_break_alone_is_an_empty_paragraph():
    """A value that ends a line with a backslash where nothing follows breaks no letter."""
    found = layout.blocks("one\n\n\\\n\ntwo", ())
    page = WORDS.compiled.get_template("page.html").render(blocks=found, subject="A subject")
    assert layout.text(found) == "one\n\n\n\ntwo\n"
    assert page.count("<p>") == 3
    assert "<p>\n\n</p>" in page


def test_the_last_cell_of_a_row_may_be_broken_and_no_other():
    """A long word in it would widen the page; cells that say the same are told apart."""
    table = layout.Table((layout.Column("A"), layout.Column("B")), (("same", "same"), ("same", "same")))
    found = layout.blocks(layout.mark(0), (table,))
    page = WORDS.compiled.get_template("page.html").render(blocks=found, subject="A subject")
    cells = re.findall('<td class="(words.*?)">same</td>', page)
    assert ["long" in cell for cell in cells] == [False, True, False, True]
    assert ".long, .value { overflow-wrap:anywhere;" in page


# Overridden templates ───────────────────────────────────────────────────────────────────────────────


def test_the_packaged_templates_are_whole():
    """The packaged templates are just the closed list, and nothing is wrong with them."""
    assert set(WORDS.templates) == set(TEMPLATES)
    assert check(WORDS) == []


def test_a_supplier_may_put_its_own_words():
    """An overridden closing goes into text and HTML alike."""
    words = our_words(closing_txt="Yours sincerely,\\\n{{ company }}, telephone 020 7946 0000")
    letter = write(specimens.CODES, None, words)
    assert check(words) == []
    assert letter.text.endswith("Yours sincerely,\nLosing Energy, telephone 020 7946 0000\n")
    assert "Yours sincerely,\n<br>Losing Energy" in letter.html


@pytest.mark.parametrize(
    ("name", "source", "problem"),
    [
        ("closing_txt", "Bye\n{% if %}", "closing.txt, line 2: Expected an expression, got 'end of statement block'"),
        ("closing_txt", "Bye\n\n{{ nonsense }}", "closing.txt, line 3: 'nonsense' is undefined"),
        ("closing_txt", "{{ none }}", "closing.txt, line 1: a value that is None was to be printed"),
        ("ops_txt", "{{ headline }}\n{{ matters.pop }}", "ops.txt, line 2: 'tuple object' has no attribute 'pop'"),
        ("ops_txt", "{{ 1 / 0 }}", "ops.txt, line 1: division by zero"),
        (
            "meanings_txt",
            "{{ group.outcome + 1 }}",
            'meanings.txt, line 1: can only concatenate str (not "int") to str',
        ),
        ("answer_txt", "Hello,\n{% include 'other.txt' %}", "answer.txt, line 2: other.txt"),
        ("answer_txt", "Hello", "answer.txt or meanings.txt: a table of devices is left out"),
        ("page_html", "<p>Hello</p>", "page.html: a table of devices is left out"),
        ("letter_txt", "Hello", f"letter.txt: there is no such template; there are {', '.join(TEMPLATES)}"),
    ],
)
def test_a_broken_override_is_named_with_its_line(name, source, problem):
    """Whatever is wrong with an operator's template, `check` names the template, the line where there is one, and the fault."""
    assert problem in check(our_words(**{name: source}))


@pytest.mark.parametrize(
    "attack",
    [
        "{{ company.__class__.__mro__ }}",
        "{{ groups.__class__ }}",
        "{{ every.__globals__ }}",
        "{{ company.format.__self__.__class__ }}",
        "{{ '{0.__class__}'.format(company) }}",
        "{{ self._TemplateReference__context.environment }}",
    ],
)
def test_the_sandbox_refuses_to_leave(attack):
    """A template cannot reach into the program that runs it."""
    problems = check(our_words(closing_txt=attack))
    assert problems
    assert all(p.startswith("closing.txt, line 1: ") for p in problems)


def test_a_missing_template_is_named():
    """Without one of the five nothing is written."""
    sources = {name: source for name, source in WORDS.templates.items() if name != "closing.txt"}
    assert check(replace(WORDS, templates=sources)) == ["closing.txt: this template is missing"]


def test_words_keep_their_compiled_templates():
    """Two Words do not share templates, and one Words compiles its own once."""
    other = our_words(closing_txt="Bye")
    assert WORDS.compiled is WORDS.compiled
    assert write(specimens.WITHDRAWN, None, other).text != write(specimens.WITHDRAWN, None, WORDS).text


def test_every_kind_of_letter_has_a_specimen():
    """What `check` writes covers each kind of letter and each outcome."""
    assert {plan.kind for plan in specimens.LETTERS} == set(LetterKind)
    rows = [one for plan in specimens.ANSWERS.values() if isinstance(plan.content, Answer) for one in plan.content.rows]
    assert {one.outcome for one in rows} == set(Outcome)
