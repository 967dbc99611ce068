"""What the columns of a table are for, by its headings: above them, or down its left side."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise, zip_longest

from daemon.rules.sense.cells import devices_in
from daemon.rules.sense.headings import heading_name

HEADING_WITHIN = 15
"""Rows among which the first heading stands."""
LONGEST = 60
"""Characters of a heading."""
Row = tuple[int, Sequence[str]]
"""Its number, and its cells."""
_LONG_NUMBER = re.compile(r"(?:[0-9A-Fa-f][\-: .]?){7}[0-9A-Fa-f]|[0-9]{6}")

_DEVICE = re.compile(
    r"\b(?:guids?|eui(?: ?64)?|(?:device|meter|asset|esme|gsme|ppmid|hcalcs|electric\w*|elec|gas) (?:device )?(?:ids?|identifiers?|guids?))\b"
    r"|\A(?:devices?|meters?|esme|gsme|ppmid|hcalcs|ids?|assets?)\Z"
)
_CODE = re.compile(
    r"\b(?:install\w* ?(?:codes?|keys?)|hex codes?|link key|(?:device|meter|esme|gsme|ppmid|hcalcs|electric\w*|elec|gas) codes?)\b"
    r"|\A(?:codes?|ic|ics|keys?|codes? hex)\Z"
)
_CHECK = re.compile(r"\b(?:crc|check(?: ?sum| digits?)?)\b")
_INSTALLER = re.compile(
    r"\A(?:installed by|installer|install(?:ing|ation) (?:supplier|party|company)|supplier at install(?:ation)?)\Z"
)
_OUTCOME = re.compile(r"\b(?:outcome|results?|answers?|response|reply|installed by us|held)\b|\Astatus\Z")
_NOTE = re.compile(
    r"\b(?:notes?|comments?|remarks?|reason|installer|install(?:ing|ation) supplier|supplier|by when|due|eta|expected|further info\w*)\b"
)


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns are for; `other` are none of ours. All empty: no heading was seen."""

    devices: frozenset[int] = frozenset()
    codes: frozenset[int] = frozenset()
    checks: frozenset[int] = frozenset()
    outcomes: frozenset[int] = frozenset()
    installers: frozenset[int] = frozenset()
    notes: frozenset[int] = frozenset()
    other: frozenset[int] = frozenset()

    def side_by_side(self) -> tuple[range, ...]:
        """The columns of each device where several stand in a row, each with its code behind it; else none."""
        pairs = sorted([*((i, "device") for i in self.devices), *((i, "code") for i in self.codes)])
        if len(pairs) < 4 or [kind for _, kind in pairs] != ["device", "code"] * (len(pairs) // 2):
            return ()
        starts = [i for i, _ in pairs[::2]]
        ranges = [range(start, end) for start, end in pairwise((*starts, starts[-1] + starts[1] - starts[0]))]
        each = self.outcomes | self.notes | self.installers
        if each.isdisjoint(ranges[0]):  # what stands behind the last is said of all
            ranges[-1] = range(starts[-1], max(i for i in self.codes | self.checks) + 1)
        return tuple(ranges)


def may_head(row: Sequence[str]) -> bool:
    """Whether it is worth a look: no cell is long, or a number."""
    return all(map(_is_short, row))


def heading_of(row: Sequence[str]) -> Columns | None:
    """The columns that a row heads of which `may_head` holds; None: it is no heading."""
    names = [heading_name(cell) for cell in row]
    roles = [_role(name) for name in names]
    if not ("devices" in roles or "codes" in roles) or sum(map(bool, names)) < 2:
        return None
    if "devices" not in roles:
        roles = ["" if role == "other" else role for role in roles]
    return Columns(**{role: frozenset(i for i, r in enumerate(roles) if r == role) for role in set(roles) - {""}})


def _role(name: str) -> str:
    if not name:
        return ""
    if _INSTALLER.search(name):
        return "installers"
    if re.search(r"\b(?:by|expect\w*)\b", name):
        return "notes"
    for role, pattern in (
        ("checks", _CHECK),
        ("codes", _CODE),
        ("devices", _DEVICE),
        ("outcomes", _OUTCOME),
        ("notes", _NOTE),
    ):
        if pattern.search(name) and not (role == "devices" and re.search(r"\b(?:hub|chf|gpf|linked|type)\b", name)):
            return role
    return "other"


def _is_short(cell: str) -> bool:
    return len(cell) <= LONGEST and not _LONG_NUMBER.search(cell)


# Headings down the side ─────────────────────────────────────────────────────────────────────────────


def upright(rows: Iterable[Row]) -> Iterator[Row]:
    """`rows` as they are; of a table whose headings stand at the left, one device below the other, made a device a row."""
    rest = iter(rows)
    first = list(islice(rest, HEADING_WITHIN))
    if "codes" not in _labels(first) or not any(_names_device(cells) for _, cells in first):
        return chain(first, rest)
    every = [*first, *rest]
    records = list(_records(every))
    return chain.from_iterable(map(_turned, records)) if _are_plain(records) else iter(every)


def _labels(rows: Iterable[Row]) -> list[str]:
    return [_role(heading_name(cells[0])) for _, cells in rows if cells and _is_label(cells[0])]


def _are_plain(records: list[list[Row]]) -> bool:
    """A code can only belong to its own record's device: each has its answer, and none has it above its device."""
    each = [_labels(record) for record in records]
    if not all({"codes", "outcomes", "notes"}.intersection(labels) for labels in each):
        return False
    return len(each) == 1 or "codes" not in each[0][: each[0].index("devices")]


def _is_label(cell: str) -> bool:
    return bool(cell) and _is_short(cell)


def _names_device(cells: Sequence[str]) -> bool:
    return (
        len(cells) > 1
        and _is_label(cells[0])
        and _role(heading_name(cells[0])) == "devices"
        and len(cells[1]) >= 16
        and bool(devices_in(cells[1]))
    )


def _records(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows from one that names devices to the next."""
    record: list[Row] = []
    for row in rows:
        if record and _names_device(row[1]) and any(_names_device(cells) for _, cells in record):
            yield record
            record = []
        record.append(row)
    yield record


def _turned(record: list[Row]) -> Iterator[Row]:
    number = next((number for number, cells in record if _names_device(cells)), record[0][0])
    for column in zip_longest(*(cells for _, cells in record), fillvalue=""):
        yield number, column
