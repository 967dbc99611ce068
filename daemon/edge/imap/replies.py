"""What we read out of a server's answers ourselves: moved and appended UIDs, and groups to fetch."""

import re
from collections.abc import Iterable, Iterator, Sequence

GROUP_BYTES = 8 << 20
GROUP_MAILS = 500

_CODE = re.compile(rb"(\d+) ([\d:,]+)(?: ([\d:,]+))?")


def uid_set(text: bytes, most: int) -> list[int]:
    """`304,319:320` as numbers, in order; empty where it names more than `most`, or is no set of UIDs."""
    numbers: list[int] = []
    for part in text.split(b","):
        ends = part.split(b":")
        if len(ends) > 2 or not all(end.isdigit() for end in ends):
            return []
        first, last = int(ends[0]), int(ends[-1])
        step = 1 if last >= first else -1
        if abs(last - first) + 1 + len(numbers) > most:
            return []
        numbers.extend(range(first, last + step, step))
    return numbers


def copied(codes: Iterable[bytes | None], asked: Sequence[int]) -> tuple[int, dict[int, int]]:
    """COPYUID (RFC 4315): the target's UIDVALIDITY, and where each UID went. Nothing where the server told nothing."""
    validity, where, wanted = 0, {}, set(asked)
    for code in codes:
        found = _CODE.fullmatch(code or b"")
        if found and found[3]:
            old, new = uid_set(found[2], len(asked)), uid_set(found[3], len(asked))
            if len(old) == len(new):
                validity = int(found[1])
                where.update(dict(zip(old, new, strict=True)))
    return validity, {old: new for old, new in where.items() if old in wanted}


def appended(codes: Iterable[bytes | None]) -> tuple[int, int] | None:
    """APPENDUID (RFC 4315): UIDVALIDITY and UID of the one mail appended; None where the server told nothing."""
    for code in codes:
        found = _CODE.fullmatch(code or b"")
        if found and found[2].isdigit() and not found[3]:
            return int(found[1]), int(found[2])
    return None


def appended_all(codes: Iterable[bytes | None], count: int) -> tuple[int, range] | None:
    """APPENDUID of `count` mails appended in one go (RFC 4315): UIDVALIDITY, and their UIDs, which follow each other.

    None where the server told nothing, or something else.
    """
    for code in codes:
        found = _CODE.fullmatch(code or b"")
        if found and not found[3]:
            uids = uid_set(found[2], count)
            if uids and uids == list(range(uids[0], uids[0] + count)):
                return int(found[1]), range(uids[0], uids[0] + count)
    return None


def groups(sizes: Iterable[tuple[int, int]]) -> Iterator[list[int]]:
    """UIDs in groups that fit GROUP_BYTES and GROUP_MAILS, in the given order; a larger mail comes alone."""
    group: list[int] = []
    total = 0
    for uid, size in sizes:
        if group and (total + size > GROUP_BYTES or len(group) == GROUP_MAILS):
            yield group
            group, total = [], 0
        group.append(uid)
        total += size
    if group:
        yield group
