"""The container of .xls files (MS-CFB), looked at just enough to know that its reader comes to an end.

The reader follows chains of sectors; a chain that bites its own tail keeps it going for ever.
"""

import struct

SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAX_OCTETS = 7 * 1024 * 1024
"""So much the 109 table sectors of a plain header cover."""
_LAST = 0xFFFFFFFA
"""Sector numbers end here; what is higher means the end of a chain, or a sector without one (MS-CFB 2.1)."""


def is_sound(content: bytes) -> bool:
    """Whether its chains all end. False too for what is no such container, or a larger one."""
    if not content.startswith(SIGNATURE) or not 1536 <= len(content) <= MAX_OCTETS:
        return False
    (shift,) = struct.unpack_from("<H", content, 30)
    (tables,) = struct.unpack_from("<I", content, 44)
    small_at, _ = struct.unpack_from("<II", content, 60)
    if shift not in (9, 12) or tables > 109:
        return False
    sectors = _entries(content, struct.unpack_from(f"<{tables}I", content, 76), 1 << shift)
    if _bites_its_tail(sectors):
        return False
    return not _bites_its_tail(_entries(content, _chain(sectors, small_at), 1 << shift))


def _entries(content: bytes, numbers: tuple[int, ...], size: int) -> tuple[int, ...]:
    """The table that stands in the sectors `numbers`: of each sector the next in its chain."""
    parts = [content[(number + 1) * size : (number + 2) * size] for number in numbers]
    return tuple(entry for part in parts for (entry,) in struct.iter_unpack("<I", part[: len(part) // 4 * 4]))


def _chain(sectors: tuple[int, ...], at: int) -> tuple[int, ...]:
    found = []
    while at < len(sectors):
        found.append(at)
        at = sectors[at]
    return tuple(found)


def _bites_its_tail(sectors: tuple[int, ...]) -> bool:
    """A sector that two others lead to, or a ring."""
    followed = [entry for entry in sectors if entry < _LAST]
    if len(set(followed)) < len(followed):
        return True
    starts = set(range(len(sectors))).difference(followed)
    return sum(len(_chain(sectors, at)) for at in starts) < len(sectors)
