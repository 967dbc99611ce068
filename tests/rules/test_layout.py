"""How lines are broken, and how the rows of a table are set into the page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rules.wording.layout import WIDTH, Block, Column, Table, blocks, mark, text, wrap
from tests.letters import our_words

EXACT, WORDS, LAST = ("<x>", "|", "</x>"), ("<w>", " ", "</w>"), ("<l>", " ", "</l>")
CODE = "83FE D340 7A93 9723 A5C6 39B2 6916 D505"


def word_by_word(words: str, first: str, rest: str) -> list[str]:
    """The lines as they come about when one word after the other is put where there is still room."""
    lines = [first]
    for number, word in enumerate(words.split(" ")):
        if number and len(lines[-1]) + 1 + len(word) > WIDTH:
            lines.append(rest + word)
        else:
            lines[-1] += f" {word}" if number else word
    return [line.rstrip() for line in lines]


@given(
    st.lists(st.sampled_from([0, 1, 2, 9, 30, 71, 72, 73, 200]).map("x".__mul__), max_size=12).map(" ".join),
    st.sampled_from(["", "- ", "a title   ", "p" * 71, "p" * 72, "p" * 90]),
)
def test_a_line_takes_as_many_words_as_it_holds(words, first):
    """Whatever stands before it: a line ends where the next word would pass column 72, and a longer word stands alone."""
    assert wrap(words, first, " " * len(first)) == word_by_word(words, first, " " * len(first))


@pytest.mark.parametrize(
    ("words", "kind", "lines"),
    [
        ("one  line ", "paragraph", ("one line",)),
        ("two\nlines", "paragraph", ("two lines",)),
        ("broken\\\nhere", "paragraph", ("broken", "here")),
        ("nothing follows\\", "paragraph", ("nothing follows",)),
        ("# a heading", "heading", ("a heading",)),
        ("#1 is no heading", "paragraph", ("#1 is no heading",)),
        ("- an item", "list", ("an item",)),
        ("-1 is no item", "paragraph", ("-1 is no item",)),
        ("-- neither", "paragraph", ("-- neither",)),
    ],
)
def test_what_a_line_begins_with_says_what_it_is(words, kind, lines):
    """A sign counts with its blank alone; behind --- it stands in small print."""
    assert blocks(words, ()) == (Block(kind, lines),)
    assert blocks(f"---\n\n{words}", ()) == (Block(kind, lines, small=kind != "heading"),)


def test_words_that_have_no_room_beside_the_other_cells_stand_below_them():
    """Else they are a pillar of single words."""
    table = Table(
        (Column("Change"), Column("Entry"), Column("What it says")),
        (("added", "x" * 52, "MPID: FOOE"), ("gone", "y", "")),
    )
    shown = text(blocks(mark(0), (table,)))

    assert shown == (f"Change   Entry\n         What it says\nadded    {'x' * 52}\n         MPID: FOOE\ngone     y\n")


def test_a_short_last_cell_stays_in_its_row():
    """The check of a code, whose heading alone is wider than what is left."""
    row = ("00-DB-12-34-56-78-90-A0", CODE, "C3B5")
    table = Table((Column("Device ID", exact=True), Column("Install code", exact=True), Column("Check")), (row,))

    assert text(blocks(mark(0), (table,))).split("\n")[1] == "   ".join(row)


def test_a_mark_is_its_table():
    """Alone on its line, wherever it stands among others."""
    table = Table((Column("A"),), (("x",),))
    assert [block.kind for block in blocks(f"one\n{mark(0)}\ntwo\n\n{mark(0)}", (table,))] == [
        "paragraph",
        "table",
        "paragraph",
        "table",
    ]
    assert text(blocks(mark(0), (table,))) == "A\nx\n"


def test_each_cell_stands_in_its_frame():
    """A code may be broken in the middle, words may be broken in the last cell of a row, and nothing is markup."""
    columns = (Column("A", exact=True), Column("B"), Column("C", exact=True), Column("D"))
    rows = ((CODE, CODE, "7", "a<b"), ("1", "", "&", "d"))
    first, second = (
        f"<tr>\n<x>83FE D340 7A93 9723|A5C6 39B2 6916 D505</x>\n<w>{CODE}</w>\n<x>7</x>\n<l>a&lt;b</l>\n</tr>\n",
        "<tr>\n<x>1</x>\n<w></w>\n<x>&amp;</x>\n<l>d</l>\n</tr>\n",
    )
    assert str(Table(columns, rows).rows_in(EXACT, WORDS, LAST)) == first + second
    assert str(Table(columns[:3], (("1", "2", "3"),)).rows_in(EXACT, WORDS, LAST)).count("<l>") == 0
    assert str(Table(columns, ()).rows_in(EXACT, WORDS, LAST)) == ""


cells = st.text(alphabet=st.sampled_from("<>&'\"ab 7\u00e9%{}"), max_size=12) | st.just(CODE)


@given(st.lists(st.tuples(cells, cells, cells), max_size=4), st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_a_page_that_goes_through_the_cells_itself_says_the_same(rows, exact):
    """An operator's own page may ask for the cells of the rows one by one, as ours once did."""
    table = Table(tuple(Column("A", exact=is_exact) for is_exact in exact), tuple(rows))
    own = (
        "{% for block in blocks %}{% for row in block.table.grid() %}<tr>\n{% for is_exact, parts in row %}"
        "{% if is_exact %}<x>{{ parts[0] }}{% for more in parts[1:] %}|{{ more }}{% endfor %}</x>\n"
        "{% else %}<w>{{ parts[0] }}</w>\n{% endif %}{% endfor %}</tr>\n{% endfor %}{% endfor %}"
    )
    page = our_words(page_html=own).compiled.get_template("page.html").render(blocks=(Block("table", table=table),))
    assert page == str(table.rows_in(EXACT, WORDS, WORDS))
