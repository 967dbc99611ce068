"""Device IDs, install codes and references: public vectors, forms, and that a code never shows."""

import copy
import hashlib
import pickle
import string
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rules.identifiers import (
    CROCKFORD,
    BadCode,
    InstallCode,
    canonical,
    crc,
    device_id,
    grouped,
    install_code,
    reference,
)

VECTORS = [
    ("83FED3407A93", "2B70"),
    ("83FED3407A939723", "97FC"),
    ("83FED3407A939738", "C552"),
    ("1122334455667788", "4AF7"),
    ("83FED3407A939723A5C639FF", "4C12"),
    ("83FED3407A939723A5C639B26916D505", "C3B5"),
    ("00112233445566778899AABBCCDDEEFF", "528F"),
    ("30313233343536373839414243444546", "F596"),
]
"""Domain notes §2: code and its check in wire order."""
PLAIN = "83FED3407A939723A5C639B26916D505"
ID = "00-DB-12-34-56-78-90-A0"


@pytest.mark.parametrize(("code", "check"), VECTORS)
def test_the_zigbee_check_of_public_codes(code: str, check: str) -> None:
    """CRC-16/X-25, little-endian."""
    assert crc(bytes.fromhex(code)).hex().upper() == check


def test_the_check_of_the_standard_s_nine_digits() -> None:
    """The catalogue value of CRC-16/IBM-SDLC for "123456789" is 0x906E."""
    assert crc(b"123456789") == bytes.fromhex("6E90")


@given(st.binary(max_size=40))
def test_the_check_is_the_standard_s_bit_by_bit(octets: bytes) -> None:
    """The shift register of the standard: polynomial 0x1021 mirrored, all ones before and turned round after."""
    register = 0xFFFF
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = (register >> 1) ^ (0x8408 if register & 1 else 0)

    assert crc(octets) == (register ^ 0xFFFF).to_bytes(2, "little")


@pytest.mark.parametrize(("code", "check"), [v for v in VECTORS if len(v[0]) == 32])
def test_a_code_is_read_with_and_without_its_check(code: str, check: str) -> None:
    """Both forms are the same code, and it goes out in groups of four without the check."""
    bare, checked = install_code(code), install_code(code + check)

    assert bare == checked
    assert bare.reveal() == bytes.fromhex(code)
    assert grouped(bare).replace(" ", "") == code
    assert [len(part) for part in grouped(bare).split(" ")] == [4] * 8


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.lower(), f"0x{PLAIN}", "-".join(PLAIN[i : i + 4] for i in range(0, 32, 4)),
        ":".join(PLAIN[i : i + 2] for i in range(0, 32, 2)), f"  {PLAIN[:16]}\n{PLAIN[16:]} ", f"{PLAIN} C3 B5",
    ],
)  # fmt: skip
def test_the_forms_in_which_people_write_a_code(text: str) -> None:
    """Case, blanks, hyphens, colons and 0x are free."""
    assert install_code(text) == install_code(PLAIN)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it has 0 hexadecimal digits"),
        (PLAIN[:-1], "it has 31 hexadecimal digits"),
        ("83FED3407A939738C552", "it has 20 hexadecimal digits"),
        (ID, "it has 16 hexadecimal digits"),
        (PLAIN + "C3B", "it has 35 hexadecimal digits"),
        (PLAIN + "B5C3", "does not fit"),
        (PLAIN + "4195", "does not fit"),
        (PLAIN[:-1] + "G", "other than hexadecimal"),
        (PLAIN[:-1] + "٣", "other than hexadecimal"),
    ],
)
def test_what_is_no_code_says_why_and_never_what(text: str, why: str) -> None:
    """The message names the fault; no run of its digits is in it."""
    with pytest.raises(BadCode, match=why) as caught:
        install_code(text)
    shown = "".join(traceback.format_exception_only(caught.value)).upper()
    assert all(text[i : i + 6].upper() not in shown for i in range(len(text) - 5))


def test_nothing_shows_a_code_but_reveal() -> None:
    """No repr, str, format, f-string, list, exception, pickle, copy or hash."""
    code = install_code(PLAIN)
    shown = [repr(code), str(code), f"{code}", f"{code:>40}", f"{[code]!r}", str(ValueError(code)), "%s" % code]  # noqa: UP031

    assert all(PLAIN[:6].lower() not in text.lower() and "install code" in text for text in shown)
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy, hash, vars):
        with pytest.raises(TypeError):
            attempt(code)  # type: ignore[operator]


def test_codes_are_equal_by_their_octets_alone() -> None:
    """And to nothing that is no code."""
    assert install_code(PLAIN) != install_code("0" * 32)
    assert install_code(PLAIN) != bytes.fromhex(PLAIN)
    with pytest.raises(ValueError, match="16 octets"):
        InstallCode(b"short")


@given(octets=st.binary(min_size=16, max_size=16), flip=st.integers(0, 143))
def test_any_code_comes_back_and_any_flipped_bit_is_caught(octets: bytes, flip: int) -> None:
    """What we write is read as the same code; with its check, one bit wrong is always seen."""
    whole = octets + crc(octets)
    spoilt = bytearray(whole)
    spoilt[flip // 8] ^= 1 << flip % 8

    assert install_code(grouped(InstallCode(octets))).reveal() == octets
    assert install_code(whole.hex()).reveal() == octets
    with pytest.raises(BadCode):
        install_code(spoilt.hex())


# ── device ids ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        ID, ID.lower(), ID.replace("-", ""), ID.replace("-", ":"), ID.replace("-", " "), "0x00db1234567890a0",
        "00DB 1234 5678 90A0", "00DB-1234-5678-90A0", "00DB.1234.5678.90A0", f"  {ID}\t", ID.replace("-", "\u00a0"),
    ],
)  # fmt: skip
def test_every_form_of_a_device_id_has_one_canonical_form(text: str) -> None:
    """Domain notes §1: hyphenated, bare, 0x, colons, blanks, fours; either case."""
    assert device_id(text) == ID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00-DB-12-34-56-78-90",
        f"{ID}-00",
        "00-DB-12-34-56-78-90-G0",
        PLAIN,
        "1.2E+15",
        "2000012345672",
        "٠" * 16,
        "0x",
    ],
)
def test_what_is_no_device_id(text: str) -> None:
    """Too short, too long, other letters, a code, a mangled number, an MPAN, foreign digits."""
    assert device_id(text) is None


def test_an_id_with_ff_fe_in_it_is_an_id() -> None:
    """Some makers derive theirs from a MAC address."""
    assert device_id("bc33acfffefa553d") == "BC-33-AC-FF-FE-FA-55-3D"


@given(digits=st.text(string.hexdigits, min_size=16, max_size=16), separator=st.sampled_from(["", "-", ":", " ", "."]))
def test_a_canonical_id_is_its_own_form(digits: str, separator: str) -> None:
    """Whatever stands between its pairs."""
    one = canonical(digits)
    pairs = separator.join(digits[i : i + 2] for i in range(0, 16, 2))

    assert device_id(pairs) == device_id(one) == one
    assert len(one) == 23
    assert one == one.upper()


# ── references ──────────────────────────────────────────────────────────────────────────────────────


def test_a_reference_is_the_case_id_s_own_beginning() -> None:
    """Eight characters of Crockford's alphabet, most significant first."""
    assert reference(bytes(32)) == "IC-00000000"
    assert reference(b"\xff" * 32) == "IC-ZZZZZZZZ"
    assert reference(bytes.fromhex("00443214c7") + bytes(27)) == "IC-01234567"


def _by_hand(five_octets: str) -> str:
    bits = f"{int(five_octets, 16):040b}"
    return "".join(CROCKFORD[int(bits[i : i + 5], 2)] for i in range(0, 40, 5))


@given(case=st.binary(min_size=32, max_size=32))
def test_six_references_lie_in_one_case_id_and_no_seventh(case: bytes) -> None:
    """After a collision the next eight are taken; none holds a letter that is easily misread."""
    six = [reference(case, attempt) for attempt in range(6)]

    assert [name[3:] for name in six] == [_by_hand(case[5 * n : 5 * n + 5].hex()) for n in range(6)]
    assert not set("".join(name[3:] for name in six)) & set("ILOU")
    with pytest.raises(ValueError, match="no more characters"):
        reference(case, 6)


def test_references_of_many_cases_differ() -> None:
    """Forty bits: in ten thousand cases no two alike."""
    names = {reference(hashlib.sha256(str(n).encode()).digest()) for n in range(10_000)}

    assert len(names) == 10_000
