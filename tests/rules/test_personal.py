"""Personal data: seen by kind, masked in subjects; Device IDs and codes are never taken for it."""

import hashlib
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rules.identifiers import canonical, crc
from daemon.rules.sense.personal import MAX_SUBJECT, kinds, mprn_fits, safe_subject

A = "00-DB-12-34-56-78-90-A0"
CODE = "83FED3407A939723A5C639B26916D505"


def grouped(digits: str) -> str:
    """In fours, as we write codes."""
    return " ".join(digits[i : i + 4] for i in range(0, len(digits), 4))


# ── what is seen ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("MPAN 1012345678901", "MPAN"),
        ("2000012345672", "MPAN"),
        ("our DCC test one 1312345678111, check digit wrong", "MPAN"),
        ("mpan: 10 1234 5678 901", "MPAN"),
        ("10-1234-5678-901", "MPAN"),
        ("S 01 801 101 22 6130 5123 456", "MPAN"),
        ("018011012261305123456", "MPAN"),
        ("03 801 A2B 10 1234 5678 901", "MPAN"),
        (f"{A}, 1012345678901, ESME", "MPAN"),
        ("MPAN:1012345678901.", "MPAN"),
        ("MPRN 7412345608", "MPRN"),
        ("gas: 3938424403", "MPRN"),
        ("MPRN: 123456", "MPRN"),
        ("the mprn is 98765432", "MPRN"),
        ("1000999888 (MPRN)", "MPRN"),
        ("The property is 12 High Street, Leeds", "address"),
        ("Customer at LS1 4AP", "address"),
        ("supply address: Flat 2, 7a Mill Lane, ls14ap", "address"),
        ("GIR 0AA", "address"),
        ("SW1A 1AA", "address"),
    ],
)
def test_personal_data_is_seen_by_kind(text, kind):
    """An MPAN, MPRN or address in any usual form is seen, and named by its kind alone."""
    assert kinds(text) == (kind,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"Please send the code for {A}, installed 12/03/2025.",
        f"{A} {grouped(CODE)}",
        "Call me on 020 7090 7755 or +44 7700 900123 or (0113) 496 0000 or 07700900123",
        "Mobile +44 7412345608, desk (0)7412345608",
        "Our ref IC-7KD3M0Q9, your ticket 7412345608",
        "Dates 2025-06-01, 01.06.2025, 20250601 and 1/6/25",
        "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:1000",
        "firmware 10.1234.5678, GBCS 4.3, DUIS 5.4, SMETS2",
        "We ask for 12 codes and 7 more; batch 2026 06",
        "https://portal.example/1012345678901/LS1-4AP",
        "jo.1012345678901@supplier.example",
        "Order 12345678 was placed",
        "the MP121 process, SR 8.11",
        "Kind regards\nPriya Shah\nNorthern Energy, 1 Park Row, Leeds LS1 5AB\nTel 0113 496 0000",
        "Registered office: 1 Park Row, Leeds LS1 5AB. Registered in England No. 01234567",
    ],
)
def test_what_rightly_stands_there_is_no_personal_data(text):
    """Device IDs, codes, telephone numbers, dates, references and a sender's own signature are none."""
    assert kinds(text) == ()


def test_a_signature_inside_a_forwarded_mail_is_skipped_and_the_next_mail_is_not():
    """The office in a signature is nobody's meter; an address in the next forwarded mail is."""
    text = "Please help\nRegards,\nAnn\nLeeds LS1 5AB\n{}From: Bob\nSubject: code\n\nThe customer lives at LS2 7EW"
    assert kinds(text.format("")) == ("address",)
    assert kinds(text.partition("{}")[0]) == ()


def test_kinds_come_together():
    """A mail with all three names all three."""
    assert kinds(f"{A}\nMPAN 1012345678901\nMPRN 7412345608\n12 High Street, Leeds") == ("MPAN", "MPRN", "address")


def test_mprn_check_digits():
    """The published examples check, one with a digit changed does not."""
    assert mprn_fits("3938424403")
    assert mprn_fits("7412345608")
    assert not mprn_fits("7412345618")


def test_random_identifiers_are_never_taken_for_personal_data():
    """Two thousand random EUI-64s and codes, in the usual forms, cause no false alarm (untreated it is every second)."""
    for number in range(2_000):
        octets = hashlib.sha256(str(number).encode()).digest()
        eui, code = octets[:8].hex(), octets[8:24]
        text = f"{canonical(eui)} {eui} {eui.upper()}\n{code.hex()} {grouped(code.hex().upper())}\n{(code + crc(code)).hex()}"
        assert kinds(text) == ()


# ── masking ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("subject", "masked"),
    [
        ("Install code request", "Install code request"),
        (f"Install code {A}", f"Install code {A}"),
        ("MPAN 1012345678901 install code", "MPAN [removed] install code"),
        ("Code for 10 1234 5678 901 please", "Code for [removed] please"),
        ("S018011012261305123456", "[removed]"),
        ("MPRN 7412345608", "MPRN [removed]"),
        ("12 High Street, LS1 4AP", "[removed], [removed]"),
        (f"code {CODE} for {A}", f"code [removed] for {A}"),
        (f"code {grouped(CODE)}", "code [removed]"),
        ("code 83FE_D340_7A93_9723_A5C6_39B2_6916_D505", "code [removed]"),
        (f"code {CODE[:24]}", "code [removed]"),
        (f"{CODE}C3B5", "[removed]"),
        ("RE: [IC-7KD3M0Q9] 12/06/2026", "RE: [IC-7KD3M0Q9] 12/06/2026"),
        ("a\r\nBcc: x@y.example", "a Bcc: x@y.example"),
        ("\u202eedoc llatsni\u202c \x1b[31mred\x07", "edoc llatsni [31mred"),
        ("two\u2028lines\u0085and\ta tab", "two lines and a tab"),
        ("MPAN 10123\u200b45678901", "MPAN [removed]"),
        ("", ""),
        ("£5 off – naïve café №1", "£5 off - naïve café №1"),
    ],
)
def test_a_subject_is_made_safe(subject, masked):
    """Personal data and codes are gone, Device IDs, references and dates stay, and it is one plain line."""
    assert safe_subject(subject) == masked


@given(text=st.text())
def test_any_subject_becomes_one_short_printable_line(text):
    """Whatever the subject: at most 120 characters, no control, format or bidi character, no lone surrogate."""
    safe = safe_subject(text)
    assert len(safe) <= MAX_SUBJECT
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in safe)
    assert safe_subject(safe) == safe or len(safe) == MAX_SUBJECT


@given(
    octets=st.binary(min_size=16, max_size=16),
    separator=st.sampled_from(["", " ", "-", ":", ".", "_", "/", "–", "\u00a0", "\u200b"]),
    size=st.sampled_from([2, 4, 8, 32]),
    around=st.sampled_from(["", "code ", f"{A} ", "re: ", "1012345678901 "]),
)
def test_no_code_survives_in_a_subject(octets, separator, size, around):
    """A code in a subject, however grouped, is gone: no eight digits of it in a row are left."""
    digits = octets.hex().upper()
    written = separator.join(digits[i : i + size] for i in range(0, 32, size))
    left = re.sub("[^0-9A-F]", "", safe_subject(f"{around}{written} thanks").replace(A, "").upper())
    assert not any(digits[i : i + 8] in left for i in range(25))


def test_a_long_subject_is_cut_and_says_so():
    """What is cut ends in an ellipsis."""
    assert safe_subject("word " * 60).endswith("…")
    assert len(safe_subject("word " * 60)) <= MAX_SUBJECT


@pytest.mark.parametrize(
    "unit", ["a", "0", "1 ", "-", " ", "\n", "@", "A1 ", "1 High ", "12 High Street ", "S0", "07700 ", "regards\n"]
)
def test_row_46_a_megabyte_of_one_pattern_is_searched(unit):
    """Row 46: no pattern for personal data goes back over what it has read."""
    text = unit * (1_000_000 if len(unit) == 1 else 100_000)
    assert isinstance(kinds(text), tuple)
    assert len(safe_subject(text)) <= MAX_SUBJECT
