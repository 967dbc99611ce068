"""The words that every match of a pattern holds, and that a search which looks for them first finds the same."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rules.sense import wishes
from daemon.rules.sense.forms import BLANK, DEVICE, blanked, lines_of_note, of_note, own, plain
from daemon.rules.sense.near_misses import may_hold_any
from daemon.rules.sense.scanning import _part, _search, scan, without_codes, without_identifiers
from daemon.rules.sense.sought import Sought, words_of

PATTERNS = {name: found for name, found in vars(wishes).items() if isinstance(found, Sought)}


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"codes?", ("code",)),
        (r"\b(?:send|give)\b", ("give", "send")),
        (r"\b(?:send|suppl(?:y|ies))\b", ("end", "uppl")),
        (r"(?:a|b)?install", ("install",)),
        (r"(?:very )*good", ("good",)),
        (r"x|[0-9]", ()),
        (r"(?=here)there", ("there",)),
        (r"(?!not)want|unwanted", ("want",)),
    ],
)
def test_words_are_those_of_which_each_match_holds_one(pattern, words):
    """What may be left out counts for nothing; where one way through holds no word, none is looked for."""
    assert words_of(pattern) == words


@pytest.mark.parametrize("name", PATTERNS)
@given(data=st.data())
def test_a_sought_pattern_finds_what_the_pattern_finds(name, data):
    """Of texts that match, and of others, each search gives the same as the bare pattern."""
    one = PATTERNS[name]
    text = data.draw(st.from_regex(one.pattern) | st.text(), label="text")
    assert one.found(text) == bool(one.pattern.search(text))
    assert [m.span() for m in one.finditer(text)] == [m.span() for m in one.pattern.finditer(text)]
    assert one.sub(" ", text) == one.pattern.sub(" ", text)
    texts = ["", text, "no.", text]
    assert one.among(texts) == [each for each in texts if one.pattern.search(each)]
    assert one.in_any(texts) == any(map(one.pattern.search, texts))


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?:very )?good",
        r"(?:x|)bc",
        r"\b(?:send|post)(?:ed)?\b",
        r"\Achas(?:ing|er)",
        r"(?<=a )word",
        r"go(?=od)\w+",
        r"\bour\b|\byour\b",
    ],
)
@given(data=st.data())
def test_where_a_pattern_begins_with_its_word_it_is_tried_there_alone(pattern, data):
    """An optional beginning, a choice with nothing in it, or what must stand before: each is found as ever."""
    text = " ".join(
        data.draw(
            st.lists(st.from_regex(pattern) | st.sampled_from(("good", "xbc", "a word", "resend", "your")), max_size=3)
        )
    )
    assert Sought(pattern).found(text) == bool(re.search(pattern, text))


@pytest.mark.parametrize("separator", ["-", ":", " ", ""])
def test_a_device_id_without_a_digit_is_found_among_words(separator):
    """Lines without a digit are looked at where such an ID can stand in them."""
    token = separator.join(["AB", "CD", "EF", "AB", "CD", "EF", "AB", "CD"])
    text = f"Dear colleagues,\n\nplease send the code of\n{token}\nwhich we cannot find.\n"
    assert [re.sub("-", "", device) for device in scan(text).devices] == ["ABCDEFABCDEFABCD"]


USUAL = "00-DB-12-34-56-78-90-A0"
BESIDE = (
    "",
    "devices:",
    "be-",
    "ab-cd-",
    "so-be-it-to-us-we-go-by",
    "ab-cz-ab-cz-ab-cz-ab-cz",
    "code: ",
    USUAL,
    USUAL + "-",
)


@given(
    st.lists(
        st.sampled_from((*BESIDE, "0123456789ABCDEF", "11-22-33-44-", "1234", "dead beef", "no. 7", "FF-" * 7 + "FF"))
    )
)
def test_a_device_id_alone_on_its_line_is_read_as_one_that_is_searched_for(lines):
    """What stands beside such a line decides whether it is one, and the rest is found as ever."""
    text = "\n".join(lines)
    parted = _part(text)
    assert scan(text) == _search(own(of_note(text, beside=1)))
    assert without_identifiers(text) == DEVICE.sub(blanked, without_codes(own(of_note(text, beside=1))))
    assert all(parted.rest.split("\n")[line].strip(BLANK) == "" for line in parted.alone)


PIECES = (
    "0",
    "12",
    "A",
    "bC",
    "O",
    "l",
    "|",
    "x",
    "z",
    "-",
    ":",
    ".",
    " ",
    " - ",
    "-\n",
    "\n    ",
    "А",
    "\u0301",
    "\u0663",
    "1.2E+15",
)
joined = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
nearly = st.tuples(
    st.sampled_from(
        (
            "00DB1234567890",
            "00-DB-12-34-56-78-",
            "00:DB:12:34:56:",
            "00DB 1234 5678 ",
            "00 DB 12 34 56 78 ",
            "AB-CD-EF-AB-CD-",
        )
    ),
    joined,
).map("".join)


@given(joined | nearly)
def test_where_nothing_may_stand_a_search_finds_nothing(text):
    """Texts are passed over by what all Device IDs, codes and near misses have."""
    text = plain(text)
    found = _search(own(text))
    assert may_hold_any(text) or not (found.sightings or found.faults or DEVICE.search(without_codes(text)))


def test_most_texts_are_passed_over():
    """Telephone numbers, postcodes and words in plain or typographical dress are no reason to search."""
    assert not may_hold_any("Office: 1 High Street, Anytown, AN1 1YT.\nTel. 01234 567890, we’ll gladly call you back.")


LETTERS_ALONE = re.compile(
    r"[0-9A-Fa-f]{2}(?:[0-9A-Fa-f]{8}|[-:. ]{1,3}(?:[0-9A-Fa-f]{2}[-:. ]{1,3}){2}|[0-9A-Fa-f]{2}[-:. ]{1,3}[0-9A-Fa-f]{4})"
)


@given(
    st.lists(
        joined | nearly | st.sampled_from(("ab-cd-ef-", "ABCDEFABCD", "abcd: abcd", "a?b", "é", "")), max_size=6
    ).map("\n".join)
)
def test_a_line_is_of_note_for_a_digit_a_foreign_character_or_letters_that_may_be_an_id(text):
    """What its kinds of characters say of each line is what the line says."""
    lines = enumerate(text.split("\n"))
    assert lines_of_note(text) == [
        number for number, line in lines if re.search("[0-9]", line) or not line.isascii() or LETTERS_ALONE.search(line)
    ]


def test_a_wrapped_device_id_is_found_where_one_of_its_lines_has_no_digit():
    """The line beside one that is of note is of note."""
    assert scan("our meter\n00-DB-12-34-56-78-90-\nAB\nplease\n").devices == ("00-DB-12-34-56-78-90-AB",)
