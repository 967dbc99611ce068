"""HTML as a person sees it: lines, quote marks, tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.mail.text.markup import (
    MAX_DEPTH,
    read_html,
    strikes_nothing,
    struck_in,
    surely_has_no_table,
    tables_in,
    without_markers,
    without_struck,
)

ID = "00-DB-12-34-56-78-90-A0"


def text(html: str) -> str:
    """The text of a page without the markers of its tables."""
    return without_markers(read_html(html).text)


@pytest.mark.parametrize(
    ("html", "lines"),
    [
        ("<p>a</p><p>b</p>", ["a", "b"]),
        ("a<br>b<br><br><br>c", ["a", "b", "", "c"]),
        ("<div>a <b>bold</b>\n  word</div>", ["a bold word"]),
        ("<p><span>00-DB</span>-12-34-56-78<span>-90-A0</span></p>", [ID]),
        ("<pre>one\n  two\n</pre>three", ["one", "two", "three"]),
        ("<style>p{}</style><script>x</script><p hidden>x</p><p style='DISPLAY:none'>y</p>z<!-- c -->", ["z"]),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>c", ["> a", "> > b", "c"]),
        ("<div class='yahoo_quoted'><p>a</p></div>", ["> a"]),
        ("<div class='gmail_quote'><div class='gmail_attr'>x</div>y</div>", ["x", "y"]),
        ("<div id='divRplyFwdMsg'><b>From:</b> a</div>b", ["-----Original Message-----", "From: a", "b"]),
        ("<div style='border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt'><p>From: a</p></div>", ["-----Original Message-----", "From: a"]),
        ("<ul><li>a</li><li>b</li></ul>", ["a", "b"]),
        ("\ue0000\ue001", ["0"]),
        ("&#xE000;0&#xE001;&#xE002;", ["0"]),
        ("", [""]),
    ],
)  # fmt: skip
def test_text(html, lines):
    """Blocks are lines, quoting elements are marked, what is hidden is left out, and inline tags cut no word."""
    assert text(html).split("\n") == lines


@pytest.mark.parametrize(
    ("html", "rows"),
    [
        (f"<table><tr><td>Device</td></tr><tr><td>{ID}</td></tr></table>", (("Device",), (ID,))),
        (f"<table><tr><td><p>{ID[:11]}<span>{ID[11:]}</span></p></td><td><p>a</p><p>b</p></td></tr></table>", ((ID, "a b"),)),
        (f"<table><tr><td><p>a</p>b</td><td>{ID}</td></tr></table>", (("a b", ID),)),
        (f"<table><tr><td>x<p>y</p></td><td>p<br>q</td><td>{ID}</td></tr></table>", (("x y", "p q", ID),)),
        (f"<table><tr><td colspan=2>h</td></tr><tr><td rowspan='2'>{ID}</td><td>1</td></tr><tr><td>2</td></tr></table>", (("h", ""), (ID, "1"), (ID, "2"))),
        ("<table><tr><td>MPAN</td><td>n</td></tr><tr><td>1.2E+15</td><td>2</td></tr></table>", (("MPAN", "n"), ("1.2E+15", "2"))),
        (f"<table><thead><tr><th>a</th></tr></thead><tbody><tr><td> {ID} </td></tr><tr><td></td></tr></tbody></table>", (("a",), (ID,))),
        (f"<table><tr><td colspan=-1 rowspan=x>{ID}</td></tr></table>", ((ID,),)),
        (f"<table><tr><td>{ID}</td><td>{'word ' * 40}</td></tr></table>", ((ID, ("word " * 40).strip()),)),
    ],
)  # fmt: skip
def test_tables_of_data(html, rows):
    """A table with Device IDs standing alone, or of several short rows, comes out as its cells, spans filled."""
    page = read_html(f"<p>above</p>{html}")
    assert page.tables == (rows,)
    assert tables_in(page.text) == (0,)


@pytest.mark.parametrize(
    "table",
    [
        f"<table><tr><td>Please send the code for {ID}</td></tr></table>",
        f"<table><tr><td><blockquote>{ID}</blockquote></td></tr></table>",
        f"<table><tr><td>logo</td></tr><tr><td>{'word ' * 30} {ID}</td></tr></table>",
    ],
)
def test_tables_that_lay_out_a_page_are_text(table):
    """A table that frames sentences or a quotation is text like any other."""
    page = read_html(table)
    assert page.tables == ()
    assert ID in page.text


@pytest.mark.parametrize(
    ("html", "left", "struck"),
    [
        (f"<p>a <s>{ID}</s> b</p>", "a  b", ID),
        (f"<p><del>{ID[:9]}<b>{ID[9:]}</b></del></p>", "", ID),
        (f"<strike><p>{ID}</p><p>c</p></strike>d", "\n\nd", f"{ID}\nc"),
        (f"<p>a<span style='color:red; TEXT-DECORATION: underline line-through'>{ID}</span></p>", "a", ID),
        ("<p style='text-decoration:none'>a</p>", "a", ""),
        ("<blockquote><s>a</s></blockquote>", "> ", "a"),
        ("<small>a</small><section>b</section>", "a\nb", ""),
    ],
)
def test_what_is_struck_through_stands_apart(html, left, struck):
    """It is read, and said to be struck."""
    page = read_html(html)
    assert without_struck(page.text) == left
    assert struck_in(page.text) == struck
    assert not strikes_nothing(html) or not struck


@pytest.mark.parametrize(
    ("row", "struck"),
    [
        (f"<tr><td><s>{ID}</s></td><td>gas</td></tr>", ID),
        (f"<tr style='text-decoration:line-through'><td>{ID}</td><td>gas</td></tr>", f"{ID}\ngas"),
        (f"<tr><td style='text-decoration: line-through'>{ID}</td><td></td></tr>", ID),
        (f"<tr style='display:none'><td>{ID}</td><td>gas</td></tr>", ""),
        (f"<tr hidden><td>{ID}</td><td>gas</td></tr>", ""),
        (f"<tr><td><span style='display:none'>{ID}</span></td><td></td></tr>", ""),
    ],
)
def test_a_row_that_is_struck_through_or_hidden_is_no_row(row, struck):
    """What is struck through stands below the marker of its table; what is hidden nowhere."""
    other = ID.replace("A0", "B1")
    page = read_html(
        f"<table><tr><td>Device ID</td><td>Fuel</td></tr><tr><td>{other}</td><td><s>gas</s> elec</td></tr>{row}</table>"
    )
    assert page.tables == ((("Device ID", "Fuel"), (other, "elec")),)
    assert struck_in(page.text) == "\n".join(filter(None, ("gas", struck)))


@pytest.mark.parametrize(
    "how", ["\thidden", " style='font-size :0'", " style='&#100;isplay:none'", " style='visibility :hidden'"]
)
def test_a_hidden_row_needs_no_other_sign(how):
    """Where nothing else of the page is hidden or struck through, however it is spelled."""
    page = read_html(f"<table><tr><td>{ID}</td></tr><tr{how}><td>{ID.replace('A0', 'B1')}</td></tr></table>")
    assert page.tables == (((ID,),),)


def test_a_quoted_table_is_marked_as_quoted():
    """The marker of a table in a blockquote stands behind a quote mark, and the table within a table counts alone."""
    page = read_html(f"<blockquote><table><tr><td><table><tr><td>{ID}</td></tr></table></td></tr></table></blockquote>")
    assert page.text.startswith("> ")
    assert page.tables == (((ID,),),)


@pytest.mark.parametrize("html", ["<div>" * (MAX_DEPTH + 2), "<table><tr><td>" * 5000, "<b>x</b>" * 200_000])
def test_row_41_too_much_markup_is_not_whole(html):
    """Row 41: elements nested without end, or too many of them, are cut and the page says so."""
    assert not read_html(html).whole


@pytest.mark.parametrize(
    "html", ["<div>" * 1500 + "x", "<p>x" * 50_000, "<o:p></o:p>" * 5000, "<!-- " + "<w:x/>" * 1500 + "-->y"]
)
def test_honest_markup_is_whole(html):
    """What Word writes, and deep conversations, are read to the end."""
    assert read_html(html).whole


@given(st.lists(st.sampled_from(["<table>", "<tr>", "<td rowspan=3>", "<td colspan=9>", "</td>", "</table>", "<blockquote>", "</blockquote>",
                                 "<div>", "</div>", "x", ID, "<br>", "<pre>", "\n", "&#0;", "&#xD800;", "<!--", "-->"]), max_size=40))  # fmt: skip
def test_any_soup_is_read(pieces):
    """Whatever the tags: text and tables that JSON can carry, with one marker a table."""
    page = read_html("".join(pieces))
    assert len(tables_in(page.text)) == len(page.tables)
    page.text.encode("utf-8")


@given(
    pieces=st.lists(
        st.sampled_from(
            ("<table>", "<TABLE ", "<ta\ue000ble>", "<\u0130able>", "<tr>", "<td>", "00-DB-12-34-56-78-90-A0", "</table>", "<p>", "<b>",
             "<svg>", "<template>", "<!--", "-->", "<![CDATA[", "a", "\n", ">", "é")
        ),
        max_size=30,
    )
)  # fmt: skip
def test_what_surely_has_no_table_has_none(pieces):
    """Such a page is passed over, beside a text that says the same: nothing in it may be lost, and it is read whole."""
    html = "".join(pieces)
    page = read_html(html)
    assert not surely_has_no_table(html) or (page.whole and not page.tables)


def test_few_tags_are_read_whole_however_they_are_nested():
    """Formatting that is never closed begins anew in every paragraph: nodes grow with the square of the tags."""
    html = f"<p>{''.join(f'<b id={number}>' for number in range(249))}{'<p>x' * 249}"
    assert surely_has_no_table(html)
    assert read_html(html).whole
