"""A table read row by row: which devices it asks for, which it answers, which rows cannot be used.

With a heading row, the columns under it say what a cell is: serials and MPANs beside the Device IDs are left
alone, and a row whose answer columns are filled asks for nothing. Without one, every cell is looked at.
A sheet of 50,000 rows is ordinary: the usual forms of a Device ID are read without a search.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from daemon.mail.message import Source, Table
from daemon.rules.identifiers import DeviceId
from daemon.rules.sense.cells import (
    devices_in,
    is_answer,
    is_over,
    is_unwanted,
    is_worth_a_search,
    may_hold_code,
    why_unusable,
)
from daemon.rules.sense.headings import LABEL, NEARLY_LABEL, OTHER, Heading, heading_name, heading_of
from daemon.rules.sense.near_misses import Fault
from daemon.rules.sense.scanning import Found, exact, holds_code, scan

MAX_FAULTS = 200
MAX_SEARCHED = 4_000_000
"""Characters of all tables of a mail that are searched, some seconds' work. Cells that hold just a Device ID are not."""
TOO_MUCH = "it holds more text than we search; please send the Device IDs in a sheet or file of their own"
_HEADING_WITHIN = 15
LONGEST_SECTION = 60
"""Characters of a row that heads those below it."""
_HEADING_EFFORT = 20
"""Whether a cell is a heading costs as much as a search of so many characters."""


@dataclass(slots=True)
class Listed:
    """What a table says. Rows count from 0, in the table."""

    asked: list[tuple[DeviceId, int]] = field(default_factory=list)
    answered: list[DeviceId] = field(default_factory=list)
    beside: list[DeviceId] = field(default_factory=list)
    """Devices in columns that are not asked for (a hub beside its meters); gathered for tables of a mail's text."""
    left_out: list[DeviceId] = field(default_factory=list)
    """Those asked for whose row says that they are not wanted."""
    faults: list[Fault] = field(default_factory=list)
    brings_codes: bool = False
    for_devices: bool = False
    """It has a column that is headed as one for Device IDs."""


class _Exhausted(Exception):
    """The tables of this mail were searched long enough."""


@dataclass(slots=True)
class Effort:
    """How many characters may still be searched, whoever sent them: this work holds up everybody's mail."""

    left: int = MAX_SEARCHED

    def spend(self, characters: int) -> None:
        """Before a search. Raises _Exhausted."""
        self.left -= characters
        if self.left < 0:
            raise _Exhausted


def read_table(table: Table, *, asking: bool = False, effort: Effort | None = None) -> Listed:
    """All that `table` asks, answers and has wrong. `asking`: the mail's words ask for codes.

    A table is read whole or not at all: where `effort` (one for all tables of a mail) does not suffice, it is one fault.
    """
    try:
        return _read(table, effort or Effort(), asking=asking)
    except _Exhausted:
        return Listed(faults=[Fault(0, TOO_MUCH, "")], for_devices=True)


def _read(table: Table, effort: Effort, *, asking: bool) -> Listed:
    if table.source is Source.TEXT:
        return _read_text(table, effort, asking=asking)
    in_text = table.source in (Source.HTML, Source.FORWARDED)
    reader = _read_all(table, effort, in_text=in_text, headless=_is_form(table))
    if reader.heading is None or reader.devices:
        return reader.finish()
    return _read_anyway(table, reader, effort)


def _read_all(table: Table, effort: Effort, *, in_text: bool, headless: bool) -> "_Reader":
    reader = _Reader(effort, in_text=in_text, headless=headless)
    for number, row in enumerate(table.rows):
        reader.read(number, row)
    return reader


def _is_form(table: Table) -> bool:
    """Labels on the left, values on the right: its first row heads nothing."""
    return any(
        len(row) in (2, 3) and LABEL.search(heading_name(row[0])) and len(row[1]) >= 16 and devices_in(row[1])
        for row in table.rows[:_HEADING_WITHIN]
    )


def _read_anyway(table: Table, headed: "_Reader", effort: Effort) -> Listed:
    """The headed columns hold no Device ID: look everywhere, and keep the faults of rows where nothing is found."""
    strict, listed = headed.finish(), _read_all(table, effort, in_text=False, headless=True).finish()
    found = {row for _, row in listed.asked}
    faults = {f.line: f for f in (*listed.faults, *strict.faults) if f.line not in found}
    listed.faults = [faults[line] for line in sorted(faults)]
    listed.brings_codes = listed.brings_codes or strict.brings_codes
    listed.for_devices = strict.for_devices
    return listed


def _read_text(table: Table, effort: Effort, *, asking: bool) -> Listed:
    """A text file: one line a row, and a Device ID may be broken over two."""
    text = "\n".join(" ".join(row) for row in table.rows)
    effort.spend(len(text))
    found = scan(text)
    asked, answered = pair(found, asking=asking)
    return Listed(asked, answered, faults=list(found.faults), brings_codes=found.holds_code)


def pair(found: Found, *, asking: bool) -> tuple[list[tuple[DeviceId, int]], list[DeviceId]]:
    """(asked with their lines, answered): a device is answered by a code on its line, or one that follows it closely.

    Where nothing is asked for, as many codes as devices answer them all, however they stand.
    """
    codes = {s.line for s in found.sightings if s.device is None}
    answered = {s.device for s in found.sightings if s.line in codes}
    reach = 1 if asking else 3
    for before, after in itertools.pairwise(found.sightings):
        if after.device is None and after.line - before.line <= reach:
            answered.add(before.device)
    if codes and not asking and sum(s.device is None for s in found.sightings) >= len(set(found.devices)):
        answered.update(found.devices)
    asked = [(s.device, s.line) for s in found.sightings if s.device is not None and s.device not in answered]
    return asked, [device for device in found.devices if device in answered]


# Rows ───────────────────────────────────────────────────────────────────────────────────────────────


class _Reader:
    """Takes the rows in order. What needs a search is gathered and searched once, at the end."""

    def __init__(self, effort: Effort, *, in_text: bool, headless: bool = False) -> None:
        self._effort = effort
        self.heading: Heading | None = None
        self.devices: list[tuple[DeviceId, int]] = []
        self._in_text = in_text
        self._headless = headless
        self._filled = 0
        self._answered_rows: set[int] = set()
        self._unwanted_rows: set[int] = set()
        self._section_over = False
        """The last row that stood alone says of those below it that they are not wanted."""
        self._loose: list[tuple[int, str]] = []
        self._listed = Listed()

    def read(self, number: int, row: Sequence[str]) -> None:
        """Take one row in."""
        if not any(row):
            return
        self._filled += 1
        if self.heading is None:
            no_heading = self._headless or self._filled > _HEADING_WITHIN or exact(row[0].strip()) is not None
            heading = None if no_heading else heading_of(row)
            if heading is None:
                self._read_cells(number, row)
            else:
                self.heading = heading
            return
        self._read_row(number, row, self.heading)

    def _read_row(self, number: int, row: Sequence[str], heading: Heading) -> None:
        if max(map(len, row)) >= 32 and any(may_hold_code(cell) and self._holds_code(cell) for cell in row):
            self._listed.brings_codes = True
            self._answered_rows.add(number)
        elif any(len(row) > i and row[i] and is_answer(row[i]) for i in heading.answers):
            self._answered_rows.add(number)
        if self._section_over or heading.leaves_out(row):
            self._unwanted_rows.add(number)
        found = False
        odd: list[int] = []
        for column in heading.devices:
            cell = row[column].strip() if len(row) > column else ""
            device = exact(cell)
            if device is not None:
                self.devices.append((device, number))
                found = True
            elif cell:
                odd.append(column)
        if odd or not found:
            self._read_odd(number, row, odd, heading, found=found)
        if self._in_text:
            beside = (exact(cell.strip()) for i, cell in enumerate(row) if i not in heading.devices)
            self._listed.beside.extend(device for device in beside if device is not None)

    def _holds_code(self, cell: str) -> bool:
        self._effort.spend(len(cell))
        return holds_code(cell)

    def _read_odd(self, number: int, row: Sequence[str], odd: list[int], heading: Heading, *, found: bool) -> None:
        """A row with something else in a column of Device IDs, or nothing in all of them."""
        if self._is_new_heading(row):
            return
        self._note_section(row)
        unusable = []
        for column in odd:
            self._effort.spend(len(row[column]))
            devices = devices_in(row[column])
            self.devices.extend((device, number) for device in devices)
            found = found or bool(devices)
            if not devices and column in heading.strict:
                unusable.append(row[column])
        if not found and not odd and heading.strict and sum(bool(cell.strip()) for cell in row) > 1:
            unusable.append("")
        if number not in self._answered_rows and len(self._listed.faults) < MAX_FAULTS:
            reasons = (why_unusable(cell, row, found=found) for cell in unusable)
            self._listed.faults.extend(Fault(number, why, "") for why in list(filter(None, reasons))[:1])

    def _is_new_heading(self, row: Sequence[str]) -> bool:
        """A second heading further down, perhaps with other columns: it holds from here on."""
        if not NEARLY_LABEL.search("\n".join(row)):
            return False
        self._effort.spend(_HEADING_EFFORT * len(row))
        heading = heading_of(row)
        if heading is None or not any(LABEL.search(heading_name(row[i])) for i in heading.strict):
            return False
        self.heading = heading
        return True

    def _read_cells(self, number: int, row: Sequence[str]) -> None:
        """A row under no heading; in a form, one that is labelled as something else holds nothing of ours."""
        if self._headless and len(row) in (2, 3) and OTHER.search(heading_name(row[0])):
            if may_hold_code(row[1]) and self._holds_code(row[1]):
                self._listed.brings_codes = True
                self._answered_rows.update(number for _, number in self.devices[-1:])
            return
        found = False
        for cell in map(str.strip, row):
            device = exact(cell)
            if device is not None:
                self.devices.append((device, number))
                found = True
            elif is_worth_a_search(cell):
                self._loose.append((number, cell))
        if not found:
            self._note_section(row)
        if self._section_over or any(is_unwanted(cell) or is_over(cell) for cell in row if cell[:1].isalpha()):
            self._unwanted_rows.add(number)

    def _note_section(self, row: Sequence[str]) -> None:
        """A row of one cell, in which no device can stand, heads those below it: "Outstanding", "Received"."""
        filled = [cell for cell in row if cell]
        if len(filled) == 1 and len(filled[0]) <= LONGEST_SECTION and not is_worth_a_search(filled[0]):
            self._section_over = is_unwanted(filled[0]) or is_over(filled[0])

    def finish(self) -> Listed:
        """What all rows together say."""
        self._search_loose()
        listed = self._listed
        listed.for_devices = bool(self.heading and self.heading.strict)
        for device, row in self.devices:
            if row in self._answered_rows:
                listed.answered.append(device)
            else:
                listed.asked.append((device, row))
                if row in self._unwanted_rows:
                    listed.left_out.append(device)
        listed.faults.sort(key=lambda fault: fault.line)
        return listed

    def _search_loose(self) -> None:
        """All cells that are not plainly a Device ID, searched as one text; a row with a code answers."""
        if not self._loose:
            return
        rows = [number for number, _ in self._loose]
        self._effort.spend(sum(len(cell) for _, cell in self._loose))
        found = scan("\n".join(" ".join(cell.split()) for _, cell in self._loose))
        for sighting in found.sightings:
            if sighting.device is None:
                self._listed.brings_codes = True
                self._answered_rows.add(rows[sighting.line])
            else:
                self.devices.append((sighting.device, rows[sighting.line]))
        self.devices.sort(key=lambda entry: entry[1])
        with_device = {row for _, row in self.devices}
        for fault in found.faults:
            row = rows[fault.line]
            if row not in self._answered_rows and (fault.sure or row not in with_device):
                self._listed.faults.append(Fault(row, fault.why, fault.token, fault.sure))
