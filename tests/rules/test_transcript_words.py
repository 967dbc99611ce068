"""The answer to a command mail: what became of each line, and what was asked for, as text and as a page."""

import html
import re
from dataclasses import replace

import pytest

from daemon.edge.outbox import PLAN
from daemon.rules.letters import LetterPlan, Page, Said, Transcript
from daemon.rules.wording import specimens, write
from daemon.rules.wording.layout import WIDTH
from daemon.rules.wording.rehearsal import check
from daemon.rules.wording.specimens import device
from tests.letters import our_words

WORDS = our_words()
DONE = Said("PAUSE codes", "letters with codes wait until you RESUME", done=True)
HASH = " ".join(["0123abcd"] * 8)


def plan(*said: Said, pages: tuple[Page, ...] = (), refused: bool = False, subject: str = "Re: Hello") -> LetterPlan:
    """The answer to these lines."""
    return replace(specimens.STATUS, content=Transcript(said, pages, refused=refused), subject=subject)


def text(one: LetterPlan) -> str:
    """The letter's text."""
    return write(one, None, WORDS).text


def spoken(one: LetterPlan) -> str:
    """The same on one line."""
    return " ".join(text(one).split())


# Lines ──────────────────────────────────────────────────────────────────────────────────────────────


def test_one_line_that_was_done_is_answered_in_a_sentence():
    """The line as written, then what it did, with a capital and a full stop."""
    assert text(plan(DONE)).startswith(
        "You wrote: PAUSE codes\nLetters with codes wait until you RESUME.\n\nSent by the install code daemon"
    )


def test_several_lines_that_were_done_are_counted_first():
    """The first sentence says that all is done."""
    assert spoken(plan(DONE, DONE)).startswith("All 2 lines were done. You wrote: PAUSE codes")


@pytest.mark.parametrize("lines", [1, 2])
def test_a_refused_mail_says_first_that_nothing_was_done(lines):
    """Before anything else; of several lines also why one keeps the others back."""
    said = [Said("CLOSE IC-7K2M9QXA", "say why", done=False)] * lines
    shown = spoken(plan(*said, refused=True))

    assert shown.startswith("Nothing was done")
    assert ("the lines of a mail are done together or not at all" in shown) == (lines > 1)
    assert "You wrote: CLOSE IC-7K2M9QXA Say why." in shown


def test_a_column_in_which_nothing_stands_is_left_out():
    """Its heading, too; one with a single word stays."""
    rows = ((device(1), "", "x"), (device(2), "", ""))
    page = Page("Devices", (), ("Device ID", "Remark", "Note"), rows)
    shown = text(plan(DONE, pages=(page,)))

    assert "Remark" not in shown
    assert "Device ID                 Note\n" in shown


def test_whoever_is_shown_approve_hears_that_it_is_for_all():
    """They may have meant some of it; of an order in full nothing more is said."""
    alone = replace(specimens.NEAR_MISS, content=Transcript((), near_miss="APPROVE"))
    some = replace(specimens.NEAR_MISS, content=Transcript((), near_miss="APPROVE except 2"))

    assert "APPROVE alone is for all that the letter shows" in spoken(alone)
    assert "\n\nAPPROVE except 2\n\nIt counts in a reply" in text(some)
    assert "for all that" not in spoken(some)


def test_a_near_miss_is_one_line_of_help():
    """Nothing was done, first of all; then the line that would work, alone; and no page of what can be written."""
    assert spoken(specimens.NEAR_MISS).startswith("NOTHING WAS DONE. Did you mean STATUS?")
    assert "\n\nSTATUS\n\n" in text(specimens.NEAR_MISS)
    assert "You wrote" not in spoken(specimens.NEAR_MISS)
    assert "EVIDENCE" not in spoken(specimens.NEAR_MISS)


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        ("the mail is closed", "The mail is closed."),
        ("ann@losing.example is away", "ann@losing.example is away."),
        ("IC-7K2M9QXA waits", "IC-7K2M9QXA waits."),
        ("did you mean IC-7K2M9QXA?", "Did you mean IC-7K2M9QXA?"),
        ("mail 12 is closed", "Mail 12 is closed."),
        ("- # odd \\", "Odd."),
    ],
)
def test_a_result_reads_as_a_sentence(result, shown):
    """With a capital unless it begins with an address or a reference, and no sign of the layout."""
    assert f"PAUSE codes\n{shown}\n" in text(plan(Said("PAUSE codes", result, done=True)))


@pytest.mark.parametrize("line", ["# APPROVE", "- APPROVE", "---", "APPROVE \\", "\x020\x03 APPROVE", "a\n\n# b"])
def test_a_line_of_theirs_is_no_layout(line):
    """What a member wrote makes no heading, list, rule or table of ours."""
    letter = write(plan(Said(line, "it did", done=True)), None, WORDS)

    assert "<h2" not in letter.html
    assert "<ul" not in letter.html
    assert letter.text.startswith("You wrote:")
    assert "\nIt did.\n" in letter.text


# Pages ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_page_shows_lines_then_its_table():
    """A title, paragraphs kept apart by an empty line, a table under its headings."""
    page = Page("Held", ("one", "two", "", "three"), ("Device ID", "State"), ((device(1), "held"), (device(2), "held")))

    assert "Held\n\none\ntwo\n\nthree\n\nDevice ID                 State\n00-DB-12-34-56-78-00-01   held\n" in text(
        plan(DONE, pages=(page,))
    )


def test_rows_without_columns_are_names_with_what_they_say():
    """One below the other, a value of several lines under its first."""
    page = Page("Status", rows=(("Mode", "send"), ("Trouble", "relay", "mailbox")))

    assert "Status\n\nMode      send\nTrouble   relay\n          mailbox\n" in text(plan(DONE, pages=(page,)))


def test_pages_of_one_letter_keep_their_own_tables():
    """Also where a page without a table, or one just like it, stands between."""
    first, second = Page("A", rows=(("x", "1"),)), Page("C", rows=(("x", "2"),))
    shown = spoken(plan(DONE, pages=(first, Page("B", ("words",)), first, second)))

    assert "A x 1 B words A x 1 C x 2" in shown


@pytest.mark.parametrize(
    ("cells", "exact"),
    [
        ((device(1), device(2)), True),
        (("IC-7K2M9QXA", "mail 12"), True),
        (("G4 holds", "G12 FAILS"), True),
        ((device(1), ""), True),
        ((device(1), "a word"), False),
        (("South Power", "West Energy"), False),
    ],
)
def test_what_is_read_character_by_character_is_set_so(cells, exact):
    """A column of Device IDs, references or conditions is exact and never broken; any other is prose."""
    page = Page("A", (), ("First", "Last"), tuple((cell, "x y") for cell in cells))

    assert ('class="exact"' in write(plan(DONE, pages=(page,)), None, WORDS).html) == exact


def test_a_long_word_does_not_widen_a_phone():
    """A Message-ID and a hash may be broken where they stand last; a first column keeps its words whole."""
    page = Page("A", (), ("First", "Last"), (("a word", f"<{'x' * 80}@losing.example>"),))
    facts = Page("B", rows=(("SHA-256", HASH), ("Message-ID", "x" * 90)))
    shown = write(plan(DONE, pages=(page, facts)), None, WORDS).html

    assert len(re.findall('<td class="(?:words long|value)"', shown)) == 3
    assert ".long, .value { overflow-wrap:anywhere;" in shown


# The letter ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("subject", "ours"),
    [
        ("Re: STATUS", "Re: [install codes] STATUS"),
        ("Re: RE: AW: STATUS", "Re: [install codes] STATUS"),
        ("Re: [install codes] Held: 1 device", "Re: [install codes] Held: 1 device"),
        ("Re: Re: [install codes] Held: 1 device", "Re: [install codes] Held: 1 device"),
        ("Re: ", "Re: [install codes] your orders"),
    ],
)
def test_the_subject_is_theirs_with_our_prefix_once(subject, ours):
    """So that a mail program keeps it with what they wrote, and can sort it."""
    assert write(plan(DONE, subject=subject), None, WORDS).subject == ours


@pytest.mark.parametrize("name", list(specimens.TRANSCRIPTS))
def test_text_and_page_say_the_same(name):
    """Word for word, no line too wide, and it survives the outbox."""
    one = specimens.TRANSCRIPTS[name]
    letter = write(one, None, WORDS)
    page = html.unescape(re.sub(r"(?s)<(title|style).*?</\1>|<[^>]*>", " ", letter.html))

    assert page.split() == letter.text.split()
    assert max(map(len, letter.text.split("\n"))) <= WIDTH
    assert (letter.sheet, letter.mark) == (None, None)
    assert PLAN.validate_json(PLAN.dump_json(one)) == one


def test_an_own_template_that_leaves_a_table_out_is_named():
    """Whoever replaces `transcript.txt` hears what is missing before any letter is written."""
    assert check(our_words(transcript_txt="Hello")) == ["transcript.txt: a table of devices is left out"]
