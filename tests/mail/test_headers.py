"""Header fields as they stand in the bytes, and the attacks that live on reading them in two ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.mail import headers
from daemon.mail.headers import Field
from daemon.mail.message import Evidence
from daemon.mail.sender.origin import Trust, read_origin

TRUST = Trust(authserv_id="mx.ours.example")
VERDICT = (
    b"Authentication-Results: mx.ours.example; dkim=pass header.d=listed.example;"
    b" dmarc=pass header.from=listed.example\r\n"
    b"Received: from out.listed.example (out.listed.example [192.0.2.1]) by mx.ours.example with ESMTPS id 1\r\n"
)
FROM = b"From: Ann <ann@listed.example>\r\n"


def origin(rest: bytes):
    """The origin of a mail that our server proved, with `rest` for the fields below."""
    return read_origin(headers.fields(VERDICT + rest), TRUST)


def test_the_plain_mail_is_proven():
    """Without an attack the very same header proves its sender; so each refusal below is the attack's doing."""
    assert origin(FROM).evidence is Evidence.DKIM_ALIGNED
    assert origin(FROM).sender == "ann@listed.example"


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(FROM + b"From: eve@evil.example\r\n", id="row 7: two From, the listed first"),
        pytest.param(b"From: eve@evil.example\r\n" + FROM, id="row 7: two From, the listed last"),
        pytest.param(b" From: eve@evil.example\r\n" + FROM, id="row 8: leading space at the top"),
        pytest.param(FROM + b" From: eve@evil.example\r\n", id="row 8: leading space, folded into the field above"),
        pytest.param(FROM + b"\tfrom: =?utf-8?q?Eve?= <eve@evil.example>\r\n", id="row 8: behind an encoded word"),
        pytest.param(FROM + b"From : eve@evil.example\r\n", id="row 8: a space before the colon"),
        pytest.param(FROM + b"From\r\n : eve@evil.example\r\n", id="row 8: a folded name"),
        pytest.param(b"From\t: ann@listed.example\r\n", id="row 8: a tab before the colon, alone"),
        pytest.param(b"From\xc2\xa0: ann@listed.example\r\n", id="row 8: a no-break space before the colon"),
        pytest.param(b"Fr\x00om: ann@listed.example\r\n", id="row 11: NUL in the name"),
        pytest.param(FROM + b"X: y\rFrom: eve@evil.example\r\n", id="a bare CR ends a line for some"),
        pytest.param(b"Sender: ann@listed.example\r\n", id="row 9: Sender in place of From"),
        pytest.param(b"Resent-From: ann@listed.example\r\n", id="row 9: Resent-From in place of From"),
        pytest.param(FROM + b"Subject: a\r\nSubject: b\r\n", id="row 18: two Subjects"),
        pytest.param(FROM + b"To: a@b.example\r\nTo: c@d.example\r\n", id="row 18: two To"),
        pytest.param(FROM + b"Date: a\r\nDate: b\r\n", id="row 18: two Dates"),
        pytest.param(FROM + b"Message-ID: <a@b>\r\nMessage-ID: <c@d>\r\n", id="row 18: two Message-IDs"),
        pytest.param(FROM + b"Reply-To: a@b.example\r\nReply-To: c@d.example\r\n", id="row 18: two Reply-To"),
        pytest.param(FROM + b"Subject : b\r\n", id="row 18: a Subject that some do not see"),
        pytest.param(FROM + b"Content-Type: text/plain\r\nContent-Type: text/html\r\n", id="row 18: two Content-Types"),
    ],
)
def test_ambiguous_identity(attack):
    """Rows 7-9, 11, 18: a header that two readers may take differently proves nothing and names nobody."""
    read = origin(attack)
    assert read.evidence is Evidence.AMBIGUOUS
    assert read.sender is None
    assert read.ambiguities


@pytest.mark.parametrize("control", [*range(9), 11, 12, *range(14, 32), 127])
def test_control_characters_in_the_address(control):
    """Row 11: no address with a control character in it is anybody's."""
    read = origin(b"From: ann@listed.example" + bytes([control]) + b".evil.example\r\n")
    assert read.evidence is Evidence.AMBIGUOUS


@pytest.mark.parametrize(
    "folded",
    [
        b"DKIM-Signature: v=1; a=rsa-sha256; h=\r\n From:To:Subject:Date; i=@listed.example; bh=x; b=y\r\n",
        b"DKIM-Signature: v=1; h=to:\r\n\tfrom:subject; d=listed.example; i=ann@listed.example; b=z\r\n",
        b"Received: from x by y\r\n\tfor <a@b.example>; Tue, 1 Jan 2030 00:00:00 +0000\r\n",
    ],
)
def test_honest_folding_raises_no_doubt(folded):
    """A signature whose list of signed fields is folded before "from:" is no From field in disguise."""
    assert origin(folded + FROM).evidence is Evidence.DKIM_ALIGNED


def test_another_sender_field_is_ignored():
    """Row 9: a Sender or Resent-From beside a good From changes nothing."""
    read = origin(FROM + b"Sender: eve@evil.example\r\nResent-From: eve@evil.example\r\n")
    assert (read.sender, read.evidence) == ("ann@listed.example", Evidence.DKIM_ALIGNED)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_line_ends(end):
    """CRLF, LF and bare CR all end a header line, and an empty line ends the header."""
    raw = f"A: 1{end} 2{end}B: 3{end}{end}From: eve@evil.example{end}".encode()
    assert headers.fields(headers.head_of(raw)) == (Field("a", "1 2"), Field("b", "3"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?q?a=C3?= =?utf-8?q?=A9?= b", "aé b"),
        ("=?utf-8?B?w6k=?=  =?UTF-8?Q?_x?=", "é x"),
        ("=?iso-8859-1?Q?caf=E9?= =?utf-8?q?=C3=A9?=", "caféé"),
        ("=?utf-8*en?q?hi?=", "hi"),
        ("=?nonsense?q?hi?=", "hi"),
        ("=?utf-8?b?w6k?=", "é"),
        ("=?utf-8?x?hi?= there", "=?utf-8?x?hi?= there"),
        ("£5 =?utf-8?q?x?=", "£5 x"),
        ("a\tb\x07c", "a b c"),
        ("=?utf-7?q?+2AA-?=x", "?x"),
    ],
)
def test_encoded_words(value, text):
    """RFC 2047 words, neighbours joined before decoding; what is none stays as it was written."""
    assert headers.decoded(value) == text


@pytest.mark.parametrize("subject", ["=?utf-8?q?a=0D=0ABcc:_eve=40evil.example?=", "=?utf-8?b?YQpC?=", "a\u2028b"])
def test_row_50_line_breaks_in_encoded_words(subject):
    """Row 50: no line break comes out of a decoded subject, whatever was encoded in it."""
    assert headers.decoded(subject).splitlines() == [headers.decoded(subject)]


def test_raw_8_bit_is_read_as_windows_wrote_it():
    """Octets that are no UTF-8 are taken for cp1252."""
    assert headers.fields(b"Subject: \xa35\r\n") == (Field("subject", "£5"),)


@given(st.binary(max_size=3000))
def test_any_bytes_have_fields(raw):
    """Whatever the bytes: fields come out, with names that hold nothing unprintable, and text that JSON can carry."""
    for field in headers.fields(headers.head_of(raw)):
        assert field.name.isprintable()
        field.value.encode("utf-8")
        assert "\n" not in headers.decoded(field.value)
