"""Answers in tables: our CSV filled in, workbooks, tables of a mail's HTML, rows of plain text.

What a cell holds is read off the cell; headings say which columns are none of ours (serials, hubs), and where a
code or an outcome is meant. A code beside its device in cells of their own needs nobody's look.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from daemon.rules.answers import outcomes
from daemon.rules.answers.codes import CHECK_CALLED_SO, MISSING, TWO_CODES, Said, Spelled, Wanted, spelled, with_check
from daemon.rules.answers.columns import HEADING_WITHIN, Columns, heading_of, may_head
from daemon.rules.answers.remarks import Remark, told
from daemon.rules.answers.spots import devices_in_cell, in_cell
from daemon.rules.identifiers import DeviceId
from daemon.rules.sense.forms import HEX, plain
from daemon.rules.sense.scanning import exact
from daemon.rules.thread import Outcome

MAX_EFFORT = 4_000_000
"""Characters of all tables of a mail that are searched, some seconds' work; a row costs `_ROW` at least."""
MAX_UNASKED = 200
"""Devices that we did not ask for, of which a mail's tables are reported."""
AMBIGUOUS = "more than one Device ID stands beside one code"
_ROW = 200
_GAP = re.compile(r"\t+| {2,}|\s*\|\s*|\s*;\s*|,(?! )")

_AGAINST_A_CODE = (Outcome.NOT_INSTALLER, Outcome.NO_CODE_HELD, Outcome.TYPE_HAS_NO_CODE, Outcome.REFUSED)

_CHECK_CELL = re.compile(rf"[(\[]?{CHECK_CALLED_SO}[)\]]?", re.IGNORECASE)

Where = Callable[[int], str]
"""Names a row (from 0) for people."""


@dataclass(slots=True)
class Effort:
    """How much may still be searched; `spent`: not all could be."""

    left: int = MAX_EFFORT
    unasked: int = MAX_UNASKED
    spent: bool = False

    def may(self, characters: int) -> bool:
        """Before a search."""
        self.left -= characters
        self.spent = self.spent or self.left < 0
        return self.left >= 0


@dataclass(frozen=True, slots=True)
class Terms:
    """What a reading of tables goes by. `today`: from when "Friday" is counted."""

    wanted: Wanted
    today: date
    effort: Effort
    in_prose: bool = False
    """The rows are lines of a text: what stands above and below them is said of them, too."""


@dataclass(slots=True)
class _Row:
    """One row while it is read: its cells, its device, what of it is still unread."""

    cells: tuple[str, ...] = field(repr=False)
    device: DeviceId
    partial: bool
    left: list[int]
    aside: list[int]
    """Columns with another heading, of which it is not known what they are for."""
    muddled: tuple[DeviceId, ...] = ()
    """More than one asked device stands in it."""


def cells_of(line: str) -> tuple[str, ...]:
    """The cells of a line of plain text that is set out as a table: a tab, two blanks, a bar, semicolon or comma apart."""
    return tuple(cell for cell in _GAP.split(line.strip()) if cell)


def read_rows(rows: Iterable[tuple[int, Sequence[str]]], terms: Terms, where: Where) -> Iterator[tuple[int, Said]]:
    """(row, what it says) of each row that answers; `rows` with their numbers, a heading among the first of them."""
    columns, seen = Columns(), 0
    beside: tuple[range, ...] = ()
    above: _Row | None = None
    for number, cells in rows:
        if not any(cells):
            continue
        seen += 1
        if (heading := _heading(cells, seen, terms.effort)) is not None:
            columns, beside = heading, heading.side_by_side()
        elif _may_answer(cells, terms):
            for part in _parts(cells, beside):
                row = _device_of(part, columns, terms.wanted)
                found = list(_read(row, columns, where(number), terms)) if row else []
                if row is None and above is not None and columns.devices and not beside:
                    found = [
                        replace(one, look=True) for one in _read(_below(above, part), columns, where(number), terms)
                    ]
                above = row if row and not found else None
                yield from ((number, said) for said in found)


def _heading(row: Sequence[str], seen: int, effort: Effort) -> Columns | None:
    """The columns that this row heads; None: it is no heading. One further down must name devices and codes."""
    if not may_head(row) or (seen > HEADING_WITHIN and not effort.may(_ROW)):
        return None
    found = heading_of(row)
    return found if found and (seen <= HEADING_WITHIN or (found.devices and found.codes)) else None


def _below(row: _Row, cells: tuple[str, ...]) -> _Row:
    """The row of a device that goes on in the next, which names none."""
    left = [i for i, cell in enumerate(cells) if cell.strip()]
    return replace(row, cells=cells, left=left, aside=[])


def _parts(cells: Sequence[str], beside: tuple[range, ...]) -> Iterator[tuple[str, ...]]:
    """The row; where several devices stand side by side, once for each, with the cells of the others emptied."""
    if not beside:
        yield tuple(cells)
    for own in beside:
        others = {column for other in beside if other != own for column in other}
        yield tuple("" if i in others else cell for i, cell in enumerate(cells))


def _read(row: _Row, columns: Columns, where: str, terms: Terms) -> Iterator[Said]:
    if row.device not in terms.wanted:
        terms.effort.unasked -= 1
    spelled = _code_of(row, columns)
    if row.muddled:
        yield from (Said(device, where, fault=AMBIGUOUS) for device in row.muddled if spelled is not None)
        return
    said = _said(row, columns, spelled, where, terms)
    if said is not None:
        yield replace(said, look=said.look or row.partial)


def _may_answer(cells: Sequence[str], terms: Terms) -> bool:
    """Whether it is worth reading: of fifty thousand rows that name devices of others only some are reported."""
    if len(cells) < 2 or max(map(len, cells)) < 4:
        return False
    named = [device for cell in cells if len(cell) in (16, 23) and (device := exact(cell)) is not None]
    if named and terms.effort.unasked <= 0 and not any(device in terms.wanted for device in named):
        return False
    return terms.effort.may(_ROW + sum(map(len, cells)))


# One row ────────────────────────────────────────────────────────────────────────────────────────────


def _device_of(cells: tuple[str, ...], columns: Columns, wanted: Wanted) -> _Row | None:
    """The row with its one device: an asked one before any other, one in its own column before one elsewhere."""
    found: list[tuple[int, DeviceId, bool]] = []
    for number, cell in enumerate(cells):
        if cell and number not in columns.other and number not in columns.checks:
            held = devices_in_cell(cell, wanted, expected=number in columns.devices)
            found.extend((number, device, partial) for device, partial in held)
    named = [one for one in found if one[0] in columns.devices] or found
    asked = [one for one in named if one[1] in wanted] or [one for one in found if one[1] in wanted]
    whole = [one for one in asked if not one[2]] or asked
    chosen = whole or named
    if not chosen:
        return None
    at, device, partial = chosen[0]
    left = [i for i, cell in enumerate(cells) if cell.strip() and i != at and i not in columns.other]
    aside = [i for i, cell in enumerate(cells) if cell.strip() and i in columns.other]
    devices = tuple(dict.fromkeys(one[1] for one in whole))
    return _Row(cells, device, partial, left, aside, devices if len(devices) > 1 else ())


def _code_of(row: _Row, columns: Columns) -> Spelled | None:
    """The code of the row, which is taken out of it; columns that are meant for codes count before others."""
    read: list[tuple[int, Spelled]] = []
    for number in row.left:
        meant = number in columns.codes or (number in columns.devices and bool(columns.codes))
        one = in_cell(row.cells[number], expected=meant)
        if one is not None:
            read.append((number, one))
    good = [one for one in read if one[1].code is not None]
    if not good and (joined := _in_pieces(row)) is not None:
        return joined
    chosen = good or [one for one in read if one[0] in columns.codes] or read
    if not chosen:
        return None
    row.left = [number for number in row.left if number not in {n for n, _ in read}]
    first = chosen[0][1]
    if any(one.code != first.code for _, one in good):
        return Spelled(fault=TWO_CODES)
    return _checked(row, columns, first)


def _in_pieces(row: _Row) -> Spelled | None:
    """The code of a row that stands in several cells, one beside the other, and alone there."""
    pieces = [
        n for n in sorted((*row.left, *row.aside)) if re.fullmatch(rf"(?:{HEX}{{4}} ?)+", plain(row.cells[n]).strip())
    ]
    digits = "".join(plain(row.cells[n]) for n in pieces).replace(" ", "")
    if len(pieces) < 2 or len(digits) not in (32, 36) or pieces != list(range(pieces[0], pieces[0] + len(pieces))):
        return None
    row.left = [n for n in row.left if n not in pieces]
    return spelled(digits)


def _checked(row: _Row, columns: Columns, one: Spelled) -> Spelled:
    """The code held against a check in a cell of its own, or in a note ("check: ...")."""
    for number in tuple(row.left):
        cell = plain(row.cells[number]).strip()
        named = _CHECK_CELL.fullmatch(cell)
        value = with_check(one, named["check"] if named else cell)
        if named or number in columns.checks or (value.checked and not one.checked):
            row.left.remove(number)
            one = value if not one.fault else one
    return one


def _said(row: _Row, columns: Columns, spelled: Spelled | None, where: str, terms: Terms) -> Said | None:
    """What the row answers; None: nothing is filled in."""
    answer = told(_remarks(row, columns), row.device, terms.today, notes=not terms.in_prose)
    if spelled is not None and spelled.code is not None:
        against = answer is not None and answer.outcome in _AGAINST_A_CODE
        return Said(
            row.device, where, spelled, answer.outcome if answer and against and answer.outcome else Outcome.CODE
        )
    if answer is not None and answer.outcome is not Outcome.CODE and (spelled is None or answer.outcome is not None):
        settled = spelled is None or answer.outcome is Outcome.TYPE_HAS_NO_CODE
        return Said(row.device, where, None, answer.outcome or "", answer.note, look=answer.look or not settled)
    if spelled is not None:
        return Said(row.device, where, spelled, fault=spelled.fault)
    if answer is not None:
        return Said(row.device, where, fault=MISSING)
    return None if terms.in_prose else _said_aside(row, columns, where, terms.today)


def _said_aside(row: _Row, columns: Columns, where: str, today: date) -> Said | None:
    """What a row says that leaves its columns for answers empty: who installed it, or words in a column of their own."""
    name = next(filter(None, (outcomes.supplier_name(row.cells[n]) for n in row.left if n in columns.installers)), "")
    if name:
        return Said(row.device, where, None, Outcome.NOT_INSTALLER, f"installer: {name}")
    answer = told(
        [Remark(plain(row.cells[n]).strip(), meant=False, headed=False) for n in row.aside], row.device, today
    )
    return Said(row.device, where, None, answer.outcome or "", answer.note, look=True) if answer is not None else None


def _remarks(row: _Row, columns: Columns) -> list[Remark]:
    """The cells of the row that were not read yet."""
    meant, notes = columns.outcomes | columns.codes, columns.notes | columns.installers
    headed = meant | notes
    left = (number for number in row.left if number not in columns.checks)
    return [Remark(plain(row.cells[n]).strip(), n in meant, n in headed) for n in left]
