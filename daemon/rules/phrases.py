"""Small turns of phrase that the letters share: days, numbers, notes. Everything comes out as one plain line."""

import re
from datetime import date, datetime

from daemon.mail.compose import one_line as plain
from daemon.rules.sense.personal import safe_subject
from daemon.rules.workdays import LONDON
from daemon.rules.workdays import in_words as day

__all__ = [
    "day",
    "devices",
    "every",
    "it",
    "moment",
    "note_value",
    "plain",
    "safe",
    "sentence",
    "these",
    "things",
]

_NOTE = re.compile(r"(?:installer|device|by): *(.*)", re.DOTALL)


def safe(text: str) -> str:
    """Words of the sender's that we must name (a file, a place in it), with personal data and codes masked."""
    return safe_subject(plain(text))


def sentence(text: str) -> str:
    """One line that ends as a sentence does."""
    line = plain(text)
    return line if not line or line.endswith((".", "?")) else f"{line}."


def note_value(note: str) -> str:
    """What a note says, its machine-readable sign taken off, its day in words."""
    if not note:
        return ""
    match = _NOTE.fullmatch(note)
    value = plain(match[1] if match else note)
    if note.startswith("by:"):
        try:
            return day(date.fromisoformat(value))
        except ValueError:
            return value
    return value


def moment(when: datetime) -> str:
    """Day and time in London."""
    local = when.astimezone(LONDON)
    return f"{day(local)}, {local:%H:%M}"


def number(count: int, thing: str) -> str:
    """1 row, 2,000 rows."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def devices(count: int) -> str:
    """1 device, 2 devices."""
    return number(count, "device")


def things(count: int) -> str:
    """1 device or mail, 2 devices and mails: what is held."""
    return "1 device or mail" if count == 1 else f"{count:,} devices and mails"


def every(count: int) -> str:
    """The device, both devices, all 3 devices."""
    return "the device" if count == 1 else "both devices" if count == 2 else f"all {count:,} devices"


def these(count: int) -> str:
    """This device, these 2 devices."""
    return "this device" if count == 1 else f"these {devices(count)}"


def it(count: int) -> str:
    """It, them."""
    return "it" if count == 1 else "them"
