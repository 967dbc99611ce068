"""The words that every match of a pattern holds, and that a search which looks for them first finds the same."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rules import wishes
from daemon.rules.forms import BLANK, DEVICE, blanked, of_note, own
from daemon.rules.scanning import _part, _search, scan, without_codes, without_identifiers
from daemon.rules.sought import Sought, words_of

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
    assert scan(text) == _search(own(of_note(text)))
    assert without_identifiers(text) == DEVICE.sub(blanked, without_codes(own(of_note(text))))
    assert all(parted.rest.split("\n")[line].strip(BLANK) == "" for line in parted.alone)


def test_a_wrapped_device_id_is_found_where_one_of_its_lines_has_no_digit():
    """The line beside one that is of note is of note."""
    assert scan("our meter\n00-DB-12-34-56-78-90-\nAB\nplease\n").devices == ("00-DB-12-34-56-78-90-AB",)
