"""Install codes and Device IDs in what another supplier answers: where each stands, and what is wrong with it.

Nothing here ever prints a code or a digit of one; what is wrong with a code is said in words.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from daemon.rules.identifiers import BadCode, DeviceId, InstallCode, crc, install_code
from daemon.rules.sense.forms import HEX

CHECK_FAILS = "its check digits do not fit: perhaps a typing error"
NOT_HEX = "the code holds something other than the digits 0-9 and the letters A-F (a letter O for a 0?)"
MANGLED = "a spreadsheet changed the code: please send it as text, in groups of four"
TWO_CODES = "two different codes stand for it"
MISSING = "the code is missing"
JOINTS = re.compile(r"[\s\-:._|/\x1f]")
SCIENTIFIC = re.compile(r"(?<![\w.,])[0-9](?:[.,][0-9]{1,16})?[eE]\+?([0-9]{1,3})(?![\w.,][0-9]|\w)")

CHECK_CALLED_SO = (
    r"\b(?:zigbee )?(?:crc(?:-?16)?|check(?:sum| ?digits?)?)[ \t]{0,2}(?:is\b|[=:\-])?[ \t]{0,2}(?:0[xX])?"
    rf"(?P<check>{HEX}{{2}} ?{HEX}{{2}})(?![0-9A-Za-z])"
)
"""A code's check with its name: "CRC C3B5", "check: c3b5"."""


@dataclass(frozen=True, slots=True)
class Spelled:
    """A code as it was written: `code`, or `fault`. `checked`: its CRC stood there, and fits."""

    code: InstallCode | None = field(default=None, repr=False)
    checked: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What one place of a mail says of one device. `look`: a person should see it before it counts."""

    device: DeviceId
    where: str
    spelled: Spelled | None = None
    outcome: str = ""
    note: str = ""
    fault: str = ""
    look: bool = False
    vague: bool = False
    """Its words name no device, and may be about several."""


class Wanted:
    """The devices that were asked for; also by the last digits of their IDs."""

    def __init__(self, asked: Collection[DeviceId]) -> None:
        self.devices = dict.fromkeys(asked)
        self._tails: dict[int, dict[str, DeviceId | None]] = {}

    def __contains__(self, device: object) -> bool:
        return device in self.devices

    def by_tail(self, digits: str) -> DeviceId | None:
        """The one device whose ID ends so; None: there is none, or more than one."""
        length = len(digits)
        if not 2 <= length < 16:
            return None
        if length not in self._tails:
            self._tails[length] = tails = {}
            for device in self.devices:
                tail = device.replace("-", "")[-length:]
                tails[tail] = None if tail in tails else device
        return self._tails[length].get(digits.upper())

    def without_zeros(self, digits: str) -> DeviceId | None:
        """The one device whose ID is `digits` with leading zeros lost."""
        device = self.by_tail(digits) if len(digits) >= 10 else None
        return device if device and not device.replace("-", "")[: -len(digits)].strip("0") else None


# One code ───────────────────────────────────────────────────────────────────────────────────────────


def spelled(text: str) -> Spelled:
    """What a text says that can be nothing but a code, right or wrong."""
    digits = JOINTS.sub("", text)
    digits = digits[2:] if digits[:2] in ("0x", "0X") else digits
    if SCIENTIFIC.fullmatch(text.strip()):
        return Spelled(fault=MANGLED)
    if not re.fullmatch(f"{HEX}+", digits):
        return Spelled(fault=NOT_HEX)
    if len(digits) not in (32, 36):
        count = len(digits) if len(digits) <= 100 else "more than 100"
        return Spelled(fault=f"the code has {count} digits; a code has 32")
    if len(digits) == 32 and digits.isdecimal() and re.search(r"0{12,}\Z", digits):
        return Spelled(fault=MANGLED)
    try:
        return Spelled(install_code(digits), checked=len(digits) == 36)
    except BadCode:
        return Spelled(fault=CHECK_FAILS)


def with_check(one: Spelled, check: str) -> Spelled:
    """`one` held against a check that stands apart from it."""
    check = check.replace(" ", "")
    if one.code is None or not re.fullmatch(f"{HEX}{{4}}", check):
        return one
    fits = crc(one.code.reveal()).hex() == check.lower()
    return Spelled(one.code, checked=True) if fits else Spelled(fault=CHECK_FAILS)
