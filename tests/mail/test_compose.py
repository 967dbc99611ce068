"""The bytes of a letter: other people's parsers read back what was written, whatever was written."""

import csv
import email
import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.mail.compose import _OCTETS_AT_A_TIME, MAX_REFERENCES, _check, compose, csv_of
from daemon.mail.message import Letter, Mark, MarkedKind, Sheet

ROWS = (
    ("device_id", "outcome", "install_code", "note"),
    ("00-DB-12-34-56-78-90-A0", "CODE", "83FE D340 7A93 9723 A5C6 39B2 6916 D505", "check: C3B5"),
    ("00-DB-12-34-56-78-90-A1", "NOT-INSTALLER", "", "installer: LOSE"),
)
LETTER = Letter(
    to="mp121@gaining.example",
    subject="Re: Codes [IC-7K2M9QXA]",
    text="Dear all,\n\nhere they are.\n",
    html="<p>Dear all,</p>\n<p>here they are.</p>\n",
    sheet=Sheet("install-codes-IC-7K2M9QXA.csv", ROWS),
    mark=Mark(MarkedKind.ANSWER, "IC-7K2M9QXA"),
    in_reply_to="<b@gaining.example>",
    references=("<a@gaining.example>", "<b@gaining.example>"),
)
HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Install-Code-Message",
    "Install-Code-Reference",
    "Content-Language",
    "MIME-Version",
    "Content-Type",
]


def seal(
    letter: Letter, *, name: str = "Losing Energy install codes", message_id: str = "<x1@losing.example>"
) -> bytes:
    """The bytes of `letter` from the same mailbox at the same time."""
    envelope = compose(
        letter,
        sender="codes@losing.example",
        sender_name=name,
        message_id=message_id,
        written_at=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
    )
    return envelope.content


def read(raw: bytes) -> EmailMessage:
    """The mail as the modern parser of the standard library reads it."""
    message = email.message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def bodies(raw: bytes) -> tuple[str, str, list[list[str]]]:
    """Text, HTML and the sheet's rows, read back."""
    message = read(raw)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    sheets = list(message.iter_attachments())
    rows = [row for part in sheets for row in csv.reader(io.StringIO(part.get_content().removeprefix("\ufeff")))]
    return text.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n"), rows


def test_a_letter_reads_back_whole():
    """Another parser finds the headers of the contract, the text, the HTML and the sheet exactly as they were."""
    raw = seal(LETTER)
    message = read(raw)
    assert message.keys() == HEADERS
    assert message["From"] == "Losing Energy install codes <codes@losing.example>"
    assert message["To"] == "mp121@gaining.example"
    assert message["Subject"] == LETTER.subject
    assert message["Date"].datetime == datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    assert message["Message-ID"] == "<x1@losing.example>"
    assert message["In-Reply-To"] == "<b@gaining.example>"
    assert message["References"] == "<a@gaining.example> <b@gaining.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["Install-Code-Message"] == "answer; version=1"
    assert message["Install-Code-Reference"] == "IC-7K2M9QXA"
    assert bodies(raw) == (LETTER.text, LETTER.html, [list(row) for row in ROWS])
    assert not any(part.defects for part in message.walk())


def test_the_older_parser_reads_the_same_structure():
    """multipart/mixed of (alternative of text and HTML) and the sheet, by the classic parser too."""
    message = email.message_from_bytes(seal(LETTER))
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "text/csv"]
    sheet = message.get_payload()[1]
    assert sheet.get_filename() == "install-codes-IC-7K2M9QXA.csv"
    assert sheet.get_content_disposition() == "attachment"
    assert sheet.get_payload(decode=True) == csv_of(Sheet("", ROWS))


def test_without_a_sheet_or_a_mark_neither_is_there():
    """A letter to our own team is text and HTML alone, unmarked."""
    message = read(seal(replace(LETTER, sheet=None, mark=None, in_reply_to="", references=())))
    assert message.get_content_type() == "multipart/alternative"
    assert set(message.keys()) == set(HEADERS) - {
        "In-Reply-To",
        "References",
        "Install-Code-Message",
        "Install-Code-Reference",
    }


def test_the_same_arguments_give_the_same_bytes():
    """Every attempt sends the same bytes; another Message-ID gives another boundary."""
    assert seal(LETTER) == seal(replace(LETTER))
    boundaries = {read(seal(LETTER, message_id=f"<{n}@x.test>")).get_boundary() for n in range(3)}
    assert len(boundaries) == 3


# Bytes on the wire ──────────────────────────────────────────────────────────────────────────────────

wire = st.text(
    alphabet=st.one_of(st.sampled_from("\r\n\x00\u2028\u202e \t.=?-\ud800é€😀من<>:"), st.characters()), max_size=300
)


def assert_fit_for_the_wire(raw: bytes) -> None:
    """RFC 5321 and 5322: CRLF alone ends lines, none is over 998 octets, all is ASCII, none is a lone dot."""
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    assert raw.isascii()
    assert b"." not in lines
    assert not any(line.startswith(b"From ") for line in lines)
    assert raw.endswith(b"\r\n")


@settings(max_examples=150)
@given(
    st.fixed_dictionaries({"subject": wire, "name": wire, "file": wire, "reference": wire}), st.lists(wire, max_size=3)
)
def test_no_header_can_be_added_or_broken(theirs, known):
    """Row 50 and 52: whatever stands in a subject, a name, a file name or an id, the headers stay those we wrote."""
    letter = replace(
        LETTER,
        subject=theirs["subject"],
        sheet=Sheet(theirs["file"], ROWS),
        in_reply_to=known[0] if known else "",
        references=tuple(known),
        mark=Mark(MarkedKind.ANSWER, theirs["reference"]),
    )
    raw = seal(letter, name=theirs["name"])
    assert_fit_for_the_wire(raw)
    head = raw.split(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if not line.startswith(b" ")]
    assert [n for n in names if n not in HEADERS] == []
    assert len(set(names)) == len(names)
    assert all(line.strip() for line in head.split(b"\r\n"))
    assert max(map(len, head.split(b"\r\n"))) <= 998
    message = email.message_from_bytes(raw)
    said = f"{make_header(decode_header(message['Subject']))}{make_header(decode_header(message['From']))}"
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]", said)
    assert email.utils.parseaddr(message["From"])[1] == "codes@losing.example"
    assert bodies(raw)[0] == LETTER.text


@pytest.mark.parametrize(
    "content",
    [b"a\nb\r\n", b"\na\r\n", b"a\rb\r\n", b"a\r\r\n", b"a\r\n\n", b"a\r\n" + b"x" * 999 + b"\r\n", b"a\r\nb"],
)
def test_what_is_not_fit_for_the_wire_stops_the_letter(content):
    """A bare CR or LF, a line over 998 octets, an end without CRLF: a bug of ours, and nothing is sent."""
    with pytest.raises(ValueError, match="in a letter"):
        _check(content)


def test_the_longest_line_is_fit_for_the_wire():
    """998 octets and CRLF (RFC 5322 2.1.1), and a letter that is long."""
    _check((b"x" * 998 + b"\r\n") * 5000)


@settings(max_examples=150)
@given(wire, wire)
def test_any_text_arrives_as_it_was(text, html):
    """Whatever the words hold arrives, line by line, less what no letter may hold (controls, half characters)."""
    raw = seal(replace(LETTER, text=text, html=html))
    assert_fit_for_the_wire(raw)
    read_text, read_html, rows = bodies(raw)
    for got, given_text in ((read_text, text), (read_html, html)):
        expected = re.sub("\r\n|[\r\u2028\u2029]", "\n", given_text)
        expected = re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "", expected)
        assert got == expected.rstrip("\n") + "\n"
    assert rows == [list(row) for row in ROWS]


@pytest.mark.parametrize(
    "line",
    [
        ".",
        "..",
        "From here on",
        "--",
        "--x1",
        "a line with a blank at its end ",
        "x" * 5000,
        "é" * 900,
        "€5 = five",
        "\t",
    ],
)
def test_lines_that_mail_servers_trip_over_arrive(line):
    """Row 53: a lone dot, a mailbox separator, the look of a boundary, a very long line."""
    text = f"before\n{line}\nafter\n"
    raw = seal(replace(LETTER, text=text))
    assert_fit_for_the_wire(raw)
    assert bodies(raw)[0] == text


def test_a_boundary_in_the_text_ends_nothing():
    """Even who knew the boundary could not close a part with it."""
    boundary = read(seal(LETTER)).get_boundary()
    text = f"a\n--{boundary}--\nb\n--{boundary[:-1]}a--\nc\n"
    assert bodies(seal(replace(LETTER, text=text)))[0] == text


# Headers ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Codes",
        "Re: " + "a word and another " * 30,
        "Re: Zähler für München – bitte",
        "Re: 😀😀😀 " * 20,
        "Re: مرحبا بالعالم",
        "Re: =?utf-8?q?not_encoded?= really",
        "Re: " + "x" * 1000,
        'Re: 100% "quoted" (comment) <tag>; a, b',
    ],
)
def test_subjects_read_back(subject):
    """Any language, any length, and what only looks encoded: the subject arrives as it is, on short lines."""
    raw = seal(replace(LETTER, subject=subject))
    assert read(raw)["Subject"] == " ".join(subject.split())
    assert max(map(len, raw.split(b"\r\n\r\n")[0].split(b"\r\n"))) <= 78


@pytest.mark.parametrize(
    "name", ["Losing Energy", 'Say "hi", Ltd. \\ Co', "Énergie Perdue – équipe", "=?utf-8?q?x?=", "(odd) @ name"]
)
def test_display_names_read_back(name):
    """The sender's name arrives as it is, and the address beside it is ours."""
    sender = read(seal(LETTER, name=name))["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == (name, "codes@losing.example")


def test_no_name_leaves_the_address_alone():
    """An empty name is no empty pair of quotes."""
    assert b"\r\nFrom: <codes@losing.example>\r\n" in b"\r\n" + seal(LETTER, name=" \r\n ")


def test_references_are_bounded_and_end_with_the_parent():
    """The first and the last twenty ids, the parent last, each once and on its own line (RFC 5322 3.6.4)."""
    ids = tuple(f"<{n}@x.test>" for n in range(40))
    raw = seal(replace(LETTER, references=(*ids, *ids), in_reply_to="<7@x.test>"))
    chain = read(raw)["References"].split()
    assert len(chain) == MAX_REFERENCES
    assert chain[0] == "<0@x.test>"
    assert chain[-2:] == ["<39@x.test>", "<7@x.test>"]
    assert len(set(chain)) == MAX_REFERENCES


@pytest.mark.parametrize(
    "bad", ["no brackets", "<with blank@x>", "<a@b>\r\nBcc: <x@y>", "<é@x.test>", "<a@b><c@d>", "<>"]
)
def test_an_id_that_is_none_is_left_out(bad):
    """An id out of their mail that is not plain goes into no header."""
    message = read(seal(replace(LETTER, in_reply_to=bad, references=(bad,))))
    assert message["In-Reply-To"] is None
    assert message["References"] is None


@pytest.mark.parametrize("to", ["", "a@b.test, c@d.test", "Ann <a@b.test>", "a@b.test\r\nBcc: c@d.test", "a b@c.test"])
def test_just_one_plain_recipient(to):
    """A letter has one recipient, or none is composed; the message of the failure does not repeat the text."""
    with pytest.raises(ValueError, match=r"^not a plain address$"):
        seal(replace(LETTER, to=to))


@pytest.mark.parametrize("message_id", ["", "x", "<a b>", "<a@b>\r\nX: y"])
def test_a_message_id_must_be_one(message_id):
    """No letter goes out under a name that is no Message-ID."""
    with pytest.raises(ValueError, match=r"^not a Message-ID$"):
        seal(LETTER, message_id=message_id)


@pytest.mark.parametrize(
    ("name", "read_as"),
    [("a.csv", "a.csv"), ("größe.csv", "größe.csv"), ('a"b/c\r\n.csv', "a-b-c .csv"), ("", "sheet.csv")],
)
def test_file_names_read_back(name, read_as):
    """Names in any language (RFC 2231); quotes, paths and line ends make no trouble."""
    message = read(seal(replace(LETTER, sheet=Sheet(name, ROWS))))
    assert [part.get_filename() for part in message.iter_attachments()] == [read_as]


# The sheet ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("00-DB-12-34-56-78-90-A0", "00-DB-12-34-56-78-90-A0"),
        ("83FE D340 7A93", "83FE D340 7A93"),
        ("", ""),
        ("a, b", '"a, b"'),
        ('say "x"', '"say ""x"""'),
        ("two\nlines", '"two lines"'),
        ("=HYPERLINK(1)", '"\'=HYPERLINK(1)"'),
        ("+1", '"\'+1"'),
        ("-1", '"\'-1"'),
        ("@SUM(1)", '"\'@SUM(1)"'),
        ("\t=1", '"\'=1"'),
        ("\r=1", '"\'=1"'),
        (" =1", '"\'=1"'),
        ("\uff1d1", '"\'\uff1d1"'),
    ],
)
def test_no_cell_is_ever_a_formula(cell, written):
    """Row 48: a cell that a spreadsheet could run begins with an apostrophe; commas, quotes and line ends are tamed."""
    assert csv_of(Sheet("x.csv", ((cell, "z"),))) == f"\ufeff{written},z\r\n".encode()


@pytest.mark.parametrize("more", range(-2, 3))
def test_a_large_sheet_arrives_whole(more):
    """It is encoded in pieces: wherever they meet, its lines are full but for the last, and it reads back."""
    octets = 2 * _OCTETS_AT_A_TIME + more
    sheet = Sheet("a.csv", (("x" * 100, "y" * 100),) * 500 + (("z" * (octets - 3 - 500 * 203 - 2),),))
    assert len(csv_of(sheet)) == octets
    raw = seal(replace(LETTER, sheet=sheet))
    (part,) = read(raw).iter_attachments()
    assert part.get_payload(decode=True) == csv_of(sheet)
    lines = raw.partition(b"Encoding: base64\r\n\r\n")[2].partition(b"\r\n\r\n--")[0].split(b"\r\n")
    assert {len(line) for line in lines[:-1]} == {76}


@settings(max_examples=100)
@given(st.lists(st.tuples(wire, wire), min_size=1, max_size=5))
def test_rows_and_columns_stay(rows):
    """Whatever the cells hold, a spreadsheet sees as many rows and columns as were written, and no formula."""
    text = csv_of(Sheet("x.csv", tuple(rows))).decode("utf-8-sig")
    back = list(csv.reader(io.StringIO(text, newline="")))
    assert [len(row) for row in back] == [2] * len(rows)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in back for cell in row)
