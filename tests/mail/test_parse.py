"""Bytes to IncomingMail: bounded work, nothing raised, nothing lost without a word."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from daemon.mail.message import Evidence, IncomingMail
from daemon.mail.parse import parse
from daemon.mail.sender.authres import Trust

OURS = Trust(authserv_id="mx.ours.example")
JSON = TypeAdapter(IncomingMail)
ID = "00-DB-12-34-56-78-90-A0"
HEAD = b"From: ann@listed.example\r\nSubject: codes\r\n"
SAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parent / "samples").glob("*.eml"))]


def multipart(levels: int, parameter: bytes = b"boundary") -> bytes:
    """A text, so many levels down."""
    opened = (
        b'Content-Type: multipart/mixed; %s="b%d"\r\n\r\n--b%d\r\n' % (parameter, level, level)
        for level in range(levels)
    )
    closed = (b"--b%d--\r\n" % level for level in reversed(range(levels)))
    return HEAD + b"".join(opened) + b"Content-Type: text/plain\r\n\r\n" + ID.encode() + b"\r\n" + b"".join(closed)


# Rows 41-43: too much ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("levels", [1, 10, 29])
def test_row_41_ordinary_nesting_is_read(levels):
    """Row 41: parts within parts, as deep as mail gets, are read whole."""
    mail = parse(multipart(levels), OURS)
    assert (mail.new_text, mail.defects) == (ID, ())


@pytest.mark.parametrize(
    "raw",
    [
        multipart(40),
        multipart(900),
        multipart(2_000),
        multipart(10_000),
        multipart(2_000, b"boundary*0"),
        multipart(2_000, b"boundary*"),
        HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n' * 2_000,
        HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 40,
        HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
        HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + b"--x\r\n\r\nhi\r\n" * 50_000 + b"--x--",
        HEAD + b"Content-Type: multipart/mixed; boundary*=us-ascii''x\r\n\r\n" + b"--x\r\n\r\nhi\r\n" * 50_000,
    ],
    ids=[
        "40",
        "900",
        "2000",
        "10000",
        "split",
        "extended",
        "one name",
        "mail in mail",
        "20000 mails",
        "50000 parts",
        "50000 extended",
    ],
)
def test_row_41_nesting_without_end_is_cut(raw):
    """Row 41: what is nested too deep or has too many parts is a defect, and its sender is still known."""
    mail = parse(raw, OURS)
    assert not mail.complete
    assert mail.origin.sender == "ann@listed.example"


@pytest.mark.parametrize("charset", [b"idna", b"undefined", b"utf\x008"])
def test_row_41_a_boundary_in_an_odd_charset_is_none(charset):
    """Row 41: on such a one the standard parser raises; here it parts nothing, and the text is read as it stands."""
    kind = b"Content-Type: multipart/mixed; boundary*=" + charset + b"''%ffb"
    mail = parse(b"From: ann@listed.example\r\n" + kind + b"\r\n\r\n--b\r\n\r\nhello\r\n--b--\r\n", OURS)
    assert "hello" in mail.new_text


@pytest.mark.parametrize(
    "head",
    [
        b"From: " + b"(" * 20_000 + b"ann@listed.example\r\n",
        b"From: ann@listed.example " + b"(" * 20_000 + b")" * 20_000 + b"\r\n",
        b"From: " + b"=?utf-8?q?a?= " * 8_000 + b"<ann@listed.example>\r\n",
        b"From: ann@listed.example\r\n" * 9_000,
        b"From: " + b"<" * 20_000 + b"\r\n",
        b"From: " + b'"\\' * 9_000 + b"\r\n",
    ],
)
def test_row_42_header_bombs_in_from(head):
    """Row 42: brackets, encoded words and repeats without end make a sender that is nobody."""
    assert parse(head + b"\r\nhello", OURS).origin.evidence is Evidence.AMBIGUOUS


@pytest.mark.parametrize(
    "fields",
    [
        b"To: " + b"a" * 200_000 + b"\r\n",
        b"To: " + b"a@b.example," * 16_000 + b"\r\n",
        b"Received: from a (" + b"x" * 200_000 + b"\r\n",
        b"Authentication-Results: x; " + b'a="";' * 30_000 + b"\r\nReceived: from a by b\r\n",
        (b"Authentication-Results: mx.ours.example; " + b"a" * 16_000 + b"\r\n") * 15 + b"Received: from a by b\r\n",
        b"DKIM-Signature: " + b"a=b;" * 50_000 + b"\r\n",
        b"Date: " + b"1 " * 50_000 + b"\r\n",
        b"References: " + b"<" * 200_000 + b"\r\n",
        b"Content-Type: text/plain; " + b'a="' * 50_000 + b"\r\n",
        b"Content-Disposition: attachment; filename*0=" + b"a;filename*1=" * 15_000 + b"\r\n",
        b"Subject: " + b"=?utf-8?b?" * 20_000 + b"\r\n",
        b"X-Y: 1\r\n" * 30_000,
    ],
)
def test_row_42_other_header_bombs(fields):
    """Row 42: any other field may be as long as it likes; the sender stays known, in linear time."""
    mail = parse(b"From: ann@listed.example\r\n" + fields + b"\r\nhello", OURS)
    assert mail.origin.sender == "ann@listed.example"


def test_row_42_a_header_larger_than_the_limit():
    """Row 42: beyond 256 KiB of header the mail is not read, and says so."""
    mail = parse(HEAD + b"X: " + b"a" * 300_000 + b"\r\n\r\nhello", OURS)
    assert mail.defects == ("its header is larger than 256 KiB",)


@pytest.mark.parametrize(
    "body",
    [b"x" * 61 * 2**20, b"\r\n" * 1_100_000, b"x" * (2**21 + 1), b"a\r\n" * 100_001],
    ids=["61 MB", "a million lines", "2 MB", "100,000 lines"],
)
def test_row_43_large_mail_is_read_in_part(body):
    """Row 43: of a mail that is too large the beginning is read, and the cut is noted."""
    mail = parse(HEAD + b"\r\n" + ID.encode() + b"\r\n" + body, OURS)
    assert mail.new_text.startswith(ID)
    assert len(mail.new_text) <= 2 * 1024 * 1024
    assert mail.defects


@pytest.mark.parametrize(
    "character", [">", " ", "a", "0", "(", "<", "-", "=", ":", "\t", "_", "*", '"', "\xa0", "[", "@", "."]
)
@pytest.mark.parametrize("kind", [b"text/plain", b"text/html"])
def test_row_46_a_megabyte_of_one_character(character, kind):
    """Row 46: no pattern takes more than linear time: a megabyte of any one character is read whole."""
    body = (character * 1_000_000).encode()
    mail = parse(HEAD + b"Content-Type: " + kind + b"; charset=utf-8\r\n\r\n" + body + b"\r\n" + body, OURS)
    assert mail.defects == ()


@pytest.mark.parametrize(
    "line",
    [
        "On " + "a 1 " * 200,
        "x <" * 300 + ":",
        "From: a",
        "> ",
        "On 1 wrote",
        "--" * 200,
        "kind regards " * 20,
        "Sent: x",
        "00-" * 300,
        "<b>",
        "a@b <c@d> ",
    ],
)
def test_row_46_a_megabyte_of_one_line(line):
    """Row 46: nor does any line, repeated, that begins like a quotation, a heading or a signature."""
    body = f"{line}\n".encode() * min(90_000, 1_000_000 // len(line))
    assert parse(HEAD + b"\r\n" + body, OURS).defects == ()


def test_row_47_odd_digits_and_dashes_are_kept():
    """Row 47: what stands between digits is left as it is written, for the rules to judge."""
    odd = "00‑DB–12—34\u200b-56-78-90-A0 ٠٠-DB \u202e0A"
    assert parse(HEAD + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + odd.encode(), OURS).new_text == odd


def test_row_50_a_line_break_in_a_subject():
    """Row 50: a subject with an encoded line break is one line, and the mail is read."""
    mail = parse(b"From: a@b.example\r\nSubject: =?utf-8?q?a=0D=0ABcc=3A_x=40y.example?=\r\n\r\nhi", OURS)
    assert (mail.subject, mail.new_text) == ("a Bcc: x@y.example", "hi")


def test_long_lines_are_kept_whole():
    """Two hundred Device IDs in one line are two hundred Device IDs."""
    line = ", ".join(f"00-DB-12-34-56-78-90-{n:02X}" for n in range(200))
    assert parse(HEAD + b"\r\n" + line.encode(), OURS).new_text == line


# What is the same mail ──────────────────────────────────────────────────────────────────────────────

KEYED = (
    b"From: Ann <ann@listed.example>\r\nDate: Mon, 8 Jun 2026 09:12:41 +0100\r\nMessage-ID: <1@listed.example>\r\n"
    b"Subject: codes\r\nContent-Type: text/plain\r\n\r\nPlease send " + ID.encode() + b"\r\n"
)


def key(raw: bytes) -> str:
    """Its semantic key."""
    return parse(raw, OURS).semantic_key


@pytest.mark.parametrize(
    "same",
    [
        b"Received: from a by b\r\nDelivered-To: x@y.example\r\n" + KEYED,
        KEYED.replace(b"\r\n", b"\n"),
        KEYED.replace(b"Ann <ann@listed.example>", b"ann@Listed.example"),
        KEYED.replace(b"\r\n\r\nPlease", b"\r\nContent-Transfer-Encoding: base64\r\n\r\nPlease").replace(
            b"Please send " + ID.encode() + b"\r\n", b"UGxlYXNlIHNlbmQgMDAtREItMTItMzQtNTYtNzgtOTAtQTA=\r\n"
        ),
        KEYED.replace(b"A0\r\n", b"A0   \r\n\r\n"),
        KEYED.replace(b"Subject: codes", b"Subject: =?utf-8?q?codes?="),
    ],
)
def test_the_same_mail_by_another_way(same):
    """Trace headers, line ends, transfer encoding and blanks at line ends do not make another mail."""
    assert key(same) == key(KEYED)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<1@listed", b"<2@listed"),
        (b"ann@listed.example>\r\nDate", b"bob@listed.example>\r\nDate"),
        (b"09:12:41", b"09:12:42"),
        (b"codes", b"code"),
        (b"90-A0", b"90-A1"),
        (b"Please send", b"Pleasesend"),
    ],
)
def test_another_mail_has_another_key(old, new):
    """Message-ID, sender, date, subject and text each make another mail; so does an attachment."""
    assert key(KEYED.replace(old, new, 1)) != key(KEYED)


def test_attachments_and_unreadable_bodies_count():
    """Two mails that differ in a file only, or in a body that could not be walked, are two."""
    form = (
        "From: a@b.example\r\nMessage-ID: <1@b.example>\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhi\r\n"
        "--x\r\nContent-Type: image/png; name=a.png\r\n\r\n{}\r\n--x--\r\n"
    )
    assert key(form.format("one").encode()) != key(form.format("two").encode())
    assert key(multipart(900)) != key(multipart(901))
    assert key(multipart(900)) == key(multipart(900))


# Anything at all ────────────────────────────────────────────────────────────────────────────────────


def whole(raw: bytes) -> IncomingMail:
    """Parse, and cross the pipe and back."""
    mail = parse(raw, OURS)
    assert JSON.validate_json(JSON.dump_json(mail)) == mail
    return mail


@given(st.binary(max_size=2000))
def test_any_bytes(raw):
    """Any bytes are a mail, and come through the pipe unchanged."""
    whole(raw)


FIELDS = st.sampled_from(
    ["Content-Type: multipart/mixed; boundary=b", "Content-Type: multipart/alternative; boundary=b", "Content-Type: text/html; charset=utf-7",
     "Content-Type: message/rfc822", "Content-Type: message/delivery-status", "Content-Type: text/csv; name*=utf-8''%ff.csv",
     "Content-Type: application/ms-tnef; name=winmail.dat", "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: x-uuencode",
     "Content-Transfer-Encoding: quoted-printable", "Content-Disposition: attachment; filename==?utf-7?q?+2AA-?=", "From: a@b.example",
     "From: =?utf-8?b?////?= <a@b.example>", "Subject: =?utf-7?q?+2AA-?=", "Date: Mon, 99 Foo", 'Content-Type: text/plain; charset="\xff"',
     "Content-Type: text", "Content-Type: multipart/mixed", "Content-Type: message/partial; id=1", "--b", "--b--", "", "", "hello", "> x",
     "=FF=zz", "AAAA=", "begin 644 x", "<table><tr><td>x", ID, "\x00", " folded", "From: x", "Sent: y", "To: z"]
)  # fmt: skip


@given(st.lists(FIELDS, max_size=40), st.sampled_from(["\r\n", "\n", "\r"]))
def test_mail_made_of_odd_pieces(lines, end):
    """Header fields and bodies in any order and any line end are read without raising."""
    whole(end.join(lines).encode("latin-1"))


@settings(max_examples=150)
@given(st.sampled_from(SAMPLES), st.randoms(use_true_random=False))
def test_damaged_samples(raw, chance: random.Random):
    """Real mail with pieces cut out, doubled, swapped or overwritten is read without raising."""
    content = bytearray(raw)
    for _ in range(chance.randint(1, 12)):
        at, length = chance.randrange(len(content) or 1), chance.randint(1, 200)
        piece = bytes(content[at : at + length])
        match chance.randrange(4):
            case 0:
                del content[at : at + length]
            case 1:
                content[at:at] = piece
            case 2:
                content[at : at + length] = piece[::-1]
            case _:
                content[at : at + 4] = chance.randbytes(4)
    whole(bytes(content))


@pytest.mark.parametrize("cut", range(0, 100, 7))
def test_truncated_samples(cut):
    """Mail that ends anywhere is read without raising."""
    for raw in SAMPLES:
        whole(raw[: len(raw) * cut // 100])
