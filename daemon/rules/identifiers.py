"""Device IDs, install codes and references; nothing here ever prints a code."""

import hmac
import re
from binascii import crc_hqx
from typing import Any, NewType, NoReturn

DeviceId = NewType("DeviceId", str)
"""An EUI-64 in its one canonical form: upper case, hyphenated pairs (`00-DB-12-34-56-78-90-A0`)."""

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_OCTETS = 16


class InstallCode:
    """A 128-bit install code. No repr, str, format, pickle or copy shows it; `reveal` alone does.

    Source: GBCS key data item: 16 octets, its Zigbee CRC apart.
    """

    __slots__ = ("_octets",)

    def __init__(self, octets: bytes) -> None:
        if len(octets) != _CODE_OCTETS:
            raise ValueError("an install code has 16 octets")
        self._octets = octets

    def reveal(self) -> bytes:
        """The 16 octets. Call it only where the code is sealed, or written into the one letter it is for."""
        return self._octets

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InstallCode) and hmac.compare_digest(self._octets, other._octets)

    __hash__ = None  # type: ignore[assignment]  # a hash would be a fingerprint of the code

    def __repr__(self) -> str:
        return "<install code>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "<install code>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("an install code is never pickled or copied")


def grouped(code: InstallCode) -> str:
    """The code as people and spreadsheets keep it: upper-case hex in groups of four."""
    return code.reveal().hex(" ", 2).upper()


def crc(octets: bytes) -> bytes:
    """The Zigbee check of a code: CRC-16/X-25, little-endian (83FE...D505 gives C3B5)."""
    # The library has the same polynomial, each octet the other way round: so are its input and what comes out.
    register = crc_hqx(octets.translate(_MIRRORED), 0xFFFF) ^ 0xFFFF
    return register.to_bytes(2, "big").translate(_MIRRORED)


_MIRRORED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))


class BadCode(ValueError):
    """Why a text is no install code, in words for people; never the text itself."""


def install_code(text: str) -> InstallCode:
    """The code in `text`: 32 hex digits, or 36 with a CRC that fits; spaces, hyphens and colons are free.

    Raises BadCode, whose text names the fault and never the digits.
    """
    digits = re.sub(r"[\s\-:]", "", text)
    digits = digits[2:] if digits[:2] in ("0x", "0X") else digits
    if not re.fullmatch(r"[0-9A-Fa-f]*", digits):
        raise BadCode("it holds something other than hexadecimal digits")
    if len(digits) not in (32, 36):
        raise BadCode(f"it has {len(digits)} hexadecimal digits; 32 are needed, or 36 with its check")
    octets = bytes.fromhex(digits)
    if len(octets) > _CODE_OCTETS and crc(octets[:_CODE_OCTETS]) != octets[_CODE_OCTETS:]:
        raise BadCode("its check (the last four digits) does not fit the rest")
    return InstallCode(octets[:_CODE_OCTETS])


def canonical(digits: str) -> DeviceId:
    """A Device ID from exactly 16 hex digits."""
    upper = digits.upper()
    return DeviceId("-".join(upper[i : i + 2] for i in range(0, 16, 2)))


def device_id(text: str) -> DeviceId | None:
    """The Device ID that `text` alone spells (hyphens, colons, spaces, `0x`, either case), or None."""
    digits = re.sub(r"[\s\-:.]", "", text)
    digits = digits[2:] if digits[:2] in ("0x", "0X") else digits
    return canonical(digits) if re.fullmatch(r"[0-9A-Fa-f]{16}", digits) else None


def reference(case_id: bytes, attempt: int = 0) -> str:
    """`IC-` and 8 Crockford base32 characters of the case id; after a collision, the n-th next 8."""
    number = int.from_bytes(case_id, "big")
    bits = len(case_id) * 8
    shift = bits - 40 * (attempt + 1)
    if shift < 0:
        raise ValueError("the case id has no more characters")
    eight = (number >> shift) & (1 << 40) - 1
    return "IC-" + "".join(CROCKFORD[(eight >> 5 * i) & 31] for i in reversed(range(8)))
