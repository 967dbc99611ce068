"""Device IDs, codes and near misses in text: every form found, nothing guessed."""

import hashlib
import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from daemon.rules.identifiers import canonical, crc
from daemon.rules.sense import near_misses, scanning
from daemon.rules.sense.forms import plain
from daemon.rules.sense.scanning import exact, holds_code, references, scan, whole_cell

A = "00-DB-12-34-56-78-90-A0"
OTHER = "00-DB-12-34-56-78-91-A2"


def pairs(digits: str, separator: str) -> str:
    """Hex digits in twos."""
    return separator.join(digits[i : i + 2] for i in range(0, len(digits), 2))


def fours(digits: str, separator: str) -> str:
    """Hex digits in fours."""
    return separator.join(digits[i : i + 4] for i in range(0, len(digits), 4))


FORMS: dict[str, Callable[[str], str]] = {
    "hyphens": lambda d: pairs(d, "-"),
    "bare": lambda d: d,
    "0x": lambda d: f"0x{d}",
    "colons": lambda d: pairs(d, ":"),
    "dots": lambda d: pairs(d, "."),
    "spaced pairs": lambda d: pairs(d, " "),
    "spaced hyphens": lambda d: pairs(d, " - "),
    "fours, spaces": lambda d: fours(d, " "),
    "fours, hyphens": lambda d: fours(d, "-"),
    "fours, colons": lambda d: fours(d, ":"),
    "fours, dots": lambda d: fours(d, "."),
    "en dashes": lambda d: pairs(d, "–"),
    "non-breaking hyphens": lambda d: pairs(d, "\u2011"),
    "minus signs": lambda d: pairs(d, "\u2212"),
    "NBSP": lambda d: pairs(d, "\u00a0"),
    "zero-width spaces": "\u200b".join,
    "soft hyphens": lambda d: fours(d, "\u00ad"),
    "byte order mark": lambda d: f"\ufeff{d}",
    "wrapped at a hyphen": lambda d: f"{pairs(d[:10], '-')}-\n{pairs(d[10:], '-')}",
    "wrapped and indented": lambda d: f"{pairs(d[:4], '-')}-\n    {pairs(d[4:], '-')}",
}
eui = st.binary(min_size=8, max_size=8).map(bytes.hex)
case = st.sampled_from([str.lower, str.upper, str.title])


def is_plainly_an_id(digits: str) -> bool:
    """Not a placeholder, and with a letter: sixteen decimal digits have a test of their own."""
    return re.search("[a-f]", digits) is not None and digits != "f" * 16


# ── every form is found ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=12)
@given(digits=eui, cased=case)
@example(digits="00db1234567890a0", cased=str.upper)
def test_any_device_id_is_found_in_any_form(form, digits, cased):
    """Whatever the EUI-64, the form and the case, it is found once, in its canonical form, with no fault."""
    assume(is_plainly_an_id(digits))
    written = FORMS[form](cased(digits))
    for text in (written, f"Code for {written}, please.", f"(GUID:{written})", f"Hi\n\n{written}\t{'ESME'}\n"):
        found = scan(text)
        assert found.devices == (canonical(digits),)
        assert not found.holds_code
        assert not found.faults


@given(digits=st.lists(eui.filter(is_plainly_an_id), min_size=2, max_size=6))
def test_lists_keep_their_order_and_lines(digits):
    """Device IDs one a line are found in order, each on its line."""
    found = scan("\n".join(pairs(d, "-") for d in digits))
    assert [(s.line, s.device) for s in found.sightings] == [(n, canonical(d)) for n, d in enumerate(digits)]


@pytest.mark.parametrize(
    ("digits", "form"),
    [
        ("1234567890123456", "bare"),
        ("1234567890123456", "hyphens"),
        ("0012345678901230", "bare"),
        ("1234567890123450", "colons"),
    ],
)
def test_decimal_device_ids_are_found_where_no_spreadsheet_can_have_changed_them(digits, form):
    """Sixteen decimal digits are a Device ID when all sixteen are kept: a leading zero or last digit shows it."""
    assert scan(FORMS[form](digits)).devices == (canonical(digits),)


@pytest.mark.parametrize(
    "text",
    ["1234567890123450", "1234567890123456.0", "0.1234567890123456", "1234 5678 9012 3456", "01 02 03 04 05 06 07 08"],
)
def test_decimal_digits_that_may_be_something_else_are_asked_about(text):
    """A rounded number, a fraction, a card number or a row of numbers is a fault, never a device."""
    found = scan(text)
    assert not found.devices
    assert len(found.faults) == 1


@pytest.mark.parametrize(
    "text",
    [
        f"REF001-{A}", f"Device-{A}-", f"'{A}", f'="{A}"', f"<{A}>", f"[{A}]", f"ID={A};", f"{A}.", f"{A}/", f"id_{A}", f"{A}\r",
        f"<b>{A}</b>", f"*{A}*", f"GUID:{A}", f"({A})", f"•{A}", f"1. {A}", f"1.{A}", f"{A}: ESME", f"{A}?", f"“{A}”",
    ],
)  # fmt: skip
def test_what_stands_around_a_device_id_hides_nothing(text):
    """Punctuation, list marks and prefixes beside a Device ID do not hide it."""
    assert scan(text).devices == (A,)


# ── what is none ────────────────────────────────────────────────────────────────────────────────────

CODE_FORMS: dict[str, Callable[[str], str]] = {
    "bare": lambda d: d,
    "0x": lambda d: f"0x{d}",
    **{f"fours {s!r}": (lambda d, s=s: fours(d, s)) for s in ("-", " ", ":", ".", " - ", "–", "\u00a0")},
    **{f"pairs {s!r}": (lambda d, s=s: pairs(d, s)) for s in ("-", " ", ":", ".")},
    "eights": lambda d: " ".join(d[i : i + 8] for i in range(0, len(d), 8)),
    "wrapped after three groups": lambda d: f"{fours(d[:12], ' ')}\n{fours(d[12:], ' ')}",
    "wrapped after five groups": lambda d: f"{fours(d[:20], ' ')}\n{fours(d[20:], ' ')}",
    "wrapped at a hyphen": lambda d: f"{fours(d[:16], '-')}-\n{fours(d[16:], '-')}",
}


@pytest.mark.parametrize("form", CODE_FORMS)
@settings(max_examples=15)
@given(octets=st.binary(min_size=16, max_size=16), cased=case, checked=st.booleans())
def test_no_part_of_a_code_is_ever_a_device(form, octets, cased, checked):
    """An install code, with its check or without, in any form, is seen as a code and yields no device and no fault."""
    digits = cased((octets + crc(octets) if checked else octets).hex())
    for text in (CODE_FORMS[form](digits), f"Code: {CODE_FORMS[form](digits)}."):
        found = scan(text)
        assert found.devices == ()
        assert found.holds_code
        assert holds_code(text)


@given(octets=st.binary(min_size=16, max_size=16), separator=st.sampled_from(["", " ", "-"]))
def test_a_code_wrapped_in_its_middle_beside_its_device_is_a_code(octets, separator):
    """A narrow column breaks a code in two halves of the very shape of a Device ID: beside a device they are a code."""
    digits = octets.hex()
    assume(is_plainly_an_id(digits[:16]) and is_plainly_an_id(digits[16:]))
    halves = [fours(half, separator) if separator else half for half in (digits[:16], digits[16:])]
    found = scan(f"{A}  {halves[0]}\n{halves[1]}\n")
    assert found.devices == (A,)
    assert found.holds_code


@pytest.mark.parametrize(
    "above", [f"{A}\n", f"Device: {A}\n", f"{A.replace('-', '')} \n", f"{A}\n\n", f"GUID {A}\n    "]
)
@given(octets=st.binary(min_size=16, max_size=16), checked=st.booleans())
def test_a_code_wrapped_in_its_middle_below_its_device_is_a_code(above, octets, checked):
    """Two lines of four groups right below a Device ID that is written otherwise: no half is a Device ID, nor told of as one."""
    digits = (octets + crc(octets) if checked else octets).hex()
    assume(digits[:4] != digits[16:20])
    found = scan(f"{above}{fours(digits[:16], ' ')}\n{fours(digits[16:], ' ')}\n\n{OTHER}\n")
    assert found.devices == (A, OTHER)
    assert found.holds_code


def test_two_devices_below_another_are_devices():
    """One maker's IDs begin alike, more than two lines are a list, and so are two below other words."""
    one, other, third = (fours(f"00db12345678{end}", " ") for end in ("90e7", "91a2", "92ff"))
    assert len(scan(f"{A}\n{one}\n{other}\n").devices) == 3
    apart = fours("90b3d51f30010099", " ")
    assert len(scan(f"{A}\n{one}\n{apart}\n{third}\n").devices) == 4
    assert len(scan(f"Please send the codes of\n{one}\n{apart}\n").devices) == 2
    assert len(scan(f"Please answer ops.desk@north.test\n{one}\n{apart}\n").devices) == 2


@given(octets=st.binary(min_size=1, max_size=40).filter(lambda o: len(o) not in (8, 16, 18)))
@example(octets=bytes(range(20)))
@example(octets=bytes(range(32)))
def test_hex_of_any_other_length_is_no_device(octets):
    """Hashes and other runs of hex digits, bare or in pairs, are no Device ID and hold none."""
    for text in (
        octets.hex(),
        pairs(octets.hex(), "-"),
        pairs(octets.hex(), ":"),
        pairs(octets.hex(), " "),
        fours(octets.hex(), "-"),
    ):
        assert scan(text).devices == ()


@given(text=st.text(alphabet=st.characters(exclude_characters="0123456789", exclude_categories=["Nd", "Nl", "No"])))
@example(text="AAAΑΑΕΟΟАААЕЕОСѕ")
def test_text_without_digits_holds_nothing(text):
    """Words alone, of any alphabet, yield no code and no fault; a Device ID of letters only needs its hyphens."""
    assume(not re.search(r"[0-9A-Fa-f]{2}.{0,3}[0-9A-Fa-f]{2}", plain(text)))
    assert scan(text) == scanning.Found()


@given(text=st.text())
def test_nothing_raises_and_all_that_is_found_stands_there(text):
    """Any text at all can be scanned; what is found has its digits in the text in their order."""
    digits = re.sub("[^0-9A-F]", "", plain(text).upper())
    for device in scan(text).devices:
        assert device.replace("-", "") in digits


@pytest.mark.parametrize(
    "text",
    [
        "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:1000",
        "90b3d51f30010000:00db1234567890a0:1",
        "90-B3-D5-1F-30-01-00-00:\n00-DB-12-34-56-78-90-A0:1000",
        "550e8400-e29b-41d4-a716-446655440000",
        "<00DB1234567890A0@mail.supplier.example>",
        "ab12cd34ef567890+00DB1234567890A0@supplier.example",
        "https://portal.example/?id=00DB1234567890A0&x=00-DB-12-34-56-78-90-A0",
        "www.portal.example/00DB1234567890A0",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "ABCD 1234 5678 9ABC DEF0  1234 5678 9ABC DEF0 1234",
        "[cid:image001.png@01DB1234.567890A0]",
    ],
)
def test_other_identifiers_hold_no_device(text):
    """RequestIDs, UUIDs, Message-IDs, addresses, links, hashes and fingerprints are none of ours."""
    assert scan(text).devices == ()


# ── attack row 47: forty strings ────────────────────────────────────────────────────────────────────

NORMALISED = [
    *(A.replace("-", dash) for dash in "‐‑‒–—―−﹘﹣－\u2043\u02d7"),
    *(A.replace("-", space) for space in "\u00a0\u2007\u2009\u202f\u3000\t"),
    *(A.replace("-", f"-{mark}") for mark in "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f"),
]
NEVER_GUESSED = [
    "٠٠-DB-12-34-56-78-90-A0", "00DB123456789٠A0", "００-ＤＢ-12-34-56-78-90-A0", "００ＤＢ１２３４５６７８９０Ａ０", "۰۰DB1234567890A0",
    "००DB1234567890A0", "𝟎𝟎DB1234567890A0", "⁰⁰DB1234567890A0", "00DВ1234567890A0", "00-DB-12-34-56-78-90-А0", "ΟΟDB1234567890A0",
    "\u202e0A-09-87-65-43-21-BD-00", "00\u202eDB1234567890A0", "\u2067" + A, "00-DB-12-34-56-78-90-\u202bA0", "0\u0332" + A[1:], "OODB1234567890A0",
    "00-DB-l2-34-56-78-90-A0", "00-DB-12-34-56-78-9O-A0", "00-DB-12-34-56-78-90-AØ", "①0DB1234567890A0",
]  # fmt: skip


@pytest.mark.parametrize("text", NORMALISED)
def test_row_47_odd_dashes_blanks_and_invisible_marks_are_made_plain(text):
    """Row 47: what Outlook puts between digits every day is normalised without a word."""
    found = scan(f"Code for {text} please")
    assert found.devices == (A,)
    assert not found.faults


@pytest.mark.parametrize("text", NEVER_GUESSED)
def test_row_47_foreign_digits_and_turned_text_are_never_guessed(text):
    """Row 47: digits of other alphabets, look-alike letters and text that turns are faults, and never a device."""
    found = scan(f"Code for {text} please")
    assert found.devices == ()
    assert [fault.line for fault in found.faults] == [0]
    assert text not in found.faults[0].why


def test_row_47_has_forty_strings():
    """The two lists together are the forty strings of row 47, and more."""
    assert len(NORMALISED) + len(NEVER_GUESSED) >= 40


# ── nearly one ──────────────────────────────────────────────────────────────────────────────────────

MANGLED = [
    "00_DB_12_34_56_78_90_B1", "00/DB/12/34/56/78/90/B1", "00\\DB\\12\\34\\56\\78\\90\\B1", "00~DB~12~34~56~78~90~B1", "00|DB|12|34|56|78|90|B1",
    "00,DB,12,34,56,78,90,B1", "00DB12-3456-7890-B1", "00DB-12345678-90B1", "00DB1234 567890B1", "00-DB-1234-5678-90-B1", "00 -DB-12-34-56-78-90-B1",
    "00-DB-12-34-56-78 90-B1", "0 0 D B 1 2 3 4 5 6 7 8 9 0 B 1", "00-DB-1234-567-90-B1", "DB1234567890B1", "0x00DB1234567890B", "GUID00DB1234567890B1",
    "12345678901234", "9.87654E15", "9,87654e+15", "00DB1234567890B", "00DB1234567890B 1", "00DB1234567890BG", "#######",
]  # fmt: skip
"""What people and spreadsheets make of a Device ID."""
SOMETHING_ELSE = [
    "Tel 020 7946 0958, mobile 07700 900123", "Dad 020 7946 0958", "call Ed on 07700 900123", "or call 00441234567890", "MPAN 10 1234 5678 901",
    "a 10 1234 5678 901", "MPRN 7412345608", "serial E6E10012345678", "E6S10012345678", "Error codes E5, E57, E21, E62, E63, E10", "E5 12/03/2025 10:15:22",
    "12/03/2025 10:15 - 14/03/2025 11:30", "as of 20260612101530", "ref AB123456 20250612", "INV-2025-00123456", "PO 4500123456", "1,234,567.89 and 12.345.678,90",
    "sort code 20-12-34 account 12345678", "2001:db8:85a3:0:0:8a2e", "Flat 12B, 14 Bedford Road, CB1 2AB", "a bad 12 34 56 78 91 28", "##########################",
    "### Please reply above this line ###", "1,2,3,4,5,6,7,8,9,10,11,12", "Page1 of E15", "55.9533,-3.1883",
]  # fmt: skip
"""What stands in ordinary mail beside them."""


@pytest.mark.parametrize("text", MANGLED)
def test_what_was_plainly_meant_for_a_device_id_is_a_fault_of_its_line(text):
    """Beside a good one above it, and alone; nothing is read out of it."""
    beside, alone = scan(f"Please send the codes for\n{A}\n{text}\n\nThanks"), scan(text)
    assert (beside.devices, [fault.line for fault in beside.faults]) == ((A,), [2])
    assert (alone.devices, [fault.line for fault in alone.faults]) == ((), [0])


@pytest.mark.parametrize("text", SOMETHING_ELSE)
def test_numbers_of_ordinary_mail_are_no_fault(text):
    """Telephone and supply numbers, dates, serials, references, sums and addresses."""
    assert scan(f"{A}\n{text}") == scan(f"{A}\nnothing")


# ── attack row 46: no pattern takes more than linear time ───────────────────────────────────────────


@pytest.mark.parametrize(
    "unit", ["a", "0", "-", " ", "\n", "@", "a-", "aa-", "aa ", "aaaa ", "aaaa\n", "http://", "0x", "\u202e", "1.", "é", "a@", "IC-", "1E+", "'", "00_", "0, ", "DB 00 ", "1 a ", "#####\n"]
)  # fmt: skip
def test_row_46_a_megabyte_of_one_pattern_is_scanned(unit):
    """Row 46: a megabyte of any one thing ends; a pattern that went back over it would not within the test's time."""
    text = unit * (1_000_000 if len(unit) == 1 else 100_000)
    assert scan(text).devices == ()
    assert references(text) == ()


# ── cells ───────────────────────────────────────────────────────────────────────────────────────────


@given(digits=eui, cased=case)
def test_a_whole_cell_is_read_in_any_form(digits, cased):
    """A cell meant for a Device ID is read however it is grouped or broken; the fast reading agrees."""
    assume(is_plainly_an_id(digits))
    for written in (form(cased(digits)) for form in FORMS.values()):
        assert whole_cell(written) == canonical(digits)
        assert exact(written) in (None, canonical(digits))
    assert whole_cell(f"{digits[:7]}\n{digits[7:]}") == canonical(digits)
    assert exact(cased(digits)) == exact(pairs(cased(digits), "-")) == canonical(digits)


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "0" * 16,
        "F" * 16,
        "1234567890123450",
        "1.234567890123456",
        "2026-06-01 10:15:30.12x",
        "00DB1234567890A",
        "ESME",
    ],
)
def test_a_cell_that_is_no_device_id_is_not_made_one(cell):
    """Placeholders, numbers that a spreadsheet rounded, times and fragments are no Device ID in a cell either."""
    assert exact(cell) is None
    assert whole_cell(cell) is None


# ── references ──────────────────────────────────────────────────────────────────────────────────────


def test_references_are_found_in_their_canonical_form():
    """Ours are found in any case, O read as 0, I and L as 1, each once; what has a U is none."""
    text = "Re: [IC-7KD3M0Q9] and ic-7kd3moq9, IC ABCDEFG1, IC-ABCDEFGL; not IC-UUUUUUUU, PIC-12345678, IC-123456789"
    assert references(text) == ("IC-7KD3M0Q9", "IC-ABCDEFG1")


# ── faults keep what they quote to themselves ───────────────────────────────────────────────────────


def derived(count: int) -> Iterator[bytes]:
    """Octets without a pattern, the same each run."""
    return (hashlib.sha256(str(n).encode()).digest() for n in range(count))


def test_a_fault_shows_its_token_to_nobody():
    """What stood there may be personal: it is in no repr and in no reason."""
    found = scan("00DB1234567890AO and 1.23457E+15\n00DB1234567890A")
    assert found.faults
    for fault in found.faults:
        assert fault.token not in repr(fault)
        assert fault.token not in fault.why


def test_random_codes_cause_no_near_miss():
    """A mail full of codes is no mail full of faults."""
    text = "\n".join(fours(octets[:16].hex(), " ") for octets in derived(2_000))
    found = scan(text)
    assert len(found.sightings) == 2_000
    assert not found.devices
    assert not found.faults


def test_the_reasons_name_no_sender_text():
    """Every reason is a fixed sentence."""
    assert near_misses.wrong_length(15) == "it has 15 digits; a Device ID has 16"
