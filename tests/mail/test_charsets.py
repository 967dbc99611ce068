"""Octets to text, whatever their charset is said to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.mail.text.charsets import text_of


@pytest.mark.parametrize(
    ("raw", "charset", "text"),
    [
        ("é£".encode(), None, "é£"),
        ("é£".encode(), "us-ascii", "é£"),
        ("é£".encode(), "iso-8859-1", "é£"),
        ("é£".encode("cp1252"), "utf-8", "é£"),
        ("é£".encode("cp1252"), "x-unknown", "é£"),
        ("“€”".encode("cp1252"), "iso-8859-1", "“€”"),
        ("ж".encode("koi8-r"), "KOI8-R", "ж"),
        ("é".encode("utf-16"), None, "é"),
        (b"\xef\xbb\xbfa", "ascii", "a"),
        ("日本".encode("iso-2022-jp"), "iso-2022-jp", "日本"),
        (b"a\r\nb\rc\n", None, "a\nb\nc\n"),
        (b"a\x00b", None, "ab"),
        (b"+2AA- x", "utf-7", "? x"),
        (b"abc", "'utf-8'", "abc"),
        (b"ab\\u0041", "unicode_escape", "ab\\u0041"),
        (b"a-b", "punycode", "a-b"),
        (b"abc", "rot13", "abc"),
        (b"abc", "a\x00b", "abc"),
        (b"\x81\xff", "", "\ufffdÿ"),
    ],
)
def test_charsets(raw, charset, text):
    """The declared charset, then UTF-8, then cp1252; Python's own codecs are none, line ends become LF."""
    assert text_of(raw, charset) == text


@given(
    st.binary(max_size=500), st.sampled_from(["utf-7", "utf-16", "hz", "idna", "mbcs", "base64", "utf-32", "", "big5"])
)
def test_any_octets_are_text(raw, charset):
    """Any octets in any charset give text that JSON can carry, without NUL and without CR."""
    text = text_of(raw, charset)
    text.encode("utf-8")
    assert "\x00" not in text
    assert "\r" not in text
