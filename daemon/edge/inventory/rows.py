"""One row of an inventory file, checked: text in, exact values out. Written for tens of thousands of rows a second.

A code lives here as bare octets between the cell and its seal, and no message ever shows one.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, get_args

from daemon.edge.database import eui_to_int
from daemon.edge.sheets import cells
from daemon.edge.sheets.cells import Fault, is_mangled, shown
from daemon.edge.sheets.imports import Columns, Faults
from daemon.rules.identifiers import BadCode, device_id, install_code
from daemon.settings.values import InventoryColumn

COLUMNS = Columns(
    "inventory",
    known=get_args(InventoryColumn),
    needed=("device_id",),
)
TYPES = ("ESME", "GSME", "GPF", "CHF", "HCALCS", "PPMID", "IHD", "CAD")
TYPES_WITHOUT_CODE = ("GPF", "CHF")
COMMISSIONED = "Commissioned"
STATUSES = (
    "Pending",
    "Whitelisted",
    "InstalledNotCommissioned",
    COMMISSIONED,
    "Decommissioned",
    "Withdrawn",
    "Suspended",
    "Recovery",
    "Recovered",
)
_ID = re.compile(r"[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){7}")
_CODE = re.compile(r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{4}(?: [0-9A-Fa-f]{4}){7}")
_STATUS = {name.casefold(): name for name in STATUSES} | {"": "", "notapplicable": ""}
_TYPE = {name: name for name in TYPES} | {"": ""}
_SIGN = 1 << 63
_TOP = 1 << 64
_REMEMBERED = 20_000


class Device(NamedTuple):
    """A checked row. None: the file has no such column, so that what we hold stays as it is."""

    number: int
    """The EUI-64 as a signed 64-bit number."""
    line: int
    device_type: str | None
    install_code: bytes | None
    """16 octets; empty: the cell is empty."""
    installing_supplier: str | None
    installed_on: str | None
    """ISO day; empty: the cell is empty."""
    status: str | None
    gaining_supplier: str | None
    linked_gsme: int | None
    """0: the cell is empty."""


def number_of(cell: str) -> int:
    """The Device ID in a cell, as a signed number. Raises Fault."""
    if _ID.fullmatch(cell):
        number = int(cell.replace("-", ""), 16)
        return number - _TOP if number >= _SIGN else number
    found = device_id(cell)
    if found is None:
        raise Fault(_what_is_wrong(cell.strip()))
    return eui_to_int(found)


def _what_is_wrong(cell: str) -> str:
    if not cell:
        return "device_id is empty"
    if is_mangled(cell):
        return f"device_id {shown(cell)} was turned into a number by a spreadsheet; format that column as text and fill it again"
    digits = re.sub(r"[\s:.\-]", "", cell)
    if re.fullmatch(r"[0-9A-Fa-f]+", digits):
        return f"device_id has {len(digits)} hexadecimal digits; 16 are needed"
    return "device_id is no Device ID (16 hexadecimal digits, as in 00-DB-12-34-56-78-90-A0)"


def code_of(cell: str) -> bytes:
    """The 16 octets in a cell; empty for an empty cell. Raises Fault."""
    if _CODE.fullmatch(cell):
        octets = bytes.fromhex(cell)
    elif not cell or cell.isspace():
        return b""
    else:
        octets = _odd_code(cell)
    if octets.count(octets[0]) == len(octets):
        raise Fault("install_code is one digit pair over and over: a placeholder, no code")
    return octets


def _odd_code(cell: str) -> bytes:
    if is_mangled(cell):
        raise Fault("install_code was turned into a number by a spreadsheet; format that column as text")
    try:
        return install_code(cell).reveal()
    except BadCode as fault:
        raise Fault(f"install_code: {fault}") from None


def status_of(cell: str) -> str:
    """A DUIS DeviceStatus; other systems' spellings (INSTALLED_NOT_COMMISSIONED) are mapped. Raises Fault."""
    status = _STATUS.get(re.sub(r"[\s_\-]", "", cell).casefold())
    if status is None:
        raise Fault(f"status {shown(cell)} is none of {', '.join(STATUSES)}; empty means not commissioned")
    return status


def type_of(cell: str) -> str:
    """A DUIS DeviceType. Raises Fault."""
    device_type = _TYPE.get(cell.strip().upper())
    if device_type is None:
        raise Fault(f"device_type {shown(cell)} is none of {', '.join(TYPES)}")
    return device_type


def day_of(cell: str) -> str:
    """The day of the installation. Raises Fault."""
    return cells.day(cell, "installed_on")


def supplier_of(cell: str) -> str:
    """An MPID or a name, as written. Raises Fault."""
    return cells.line(cell, "a supplier's name")


def linked_of(cell: str) -> int:
    """The Device ID of the linked GSME; 0 for an empty cell. Raises Fault."""
    if not cell or cell.isspace():
        return 0
    try:
        return number_of(cell)
    except Fault as fault:
        raise Fault(str(fault).replace("device_id", "linked_gsme", 1)) from None


class _Known(dict[str, str]):
    """Cells met before and their values: columns of few different values are checked once each."""

    def __init__(self, check: Callable[[str], str]) -> None:
        super().__init__()
        self._check = check

    def __missing__(self, cell: str) -> str:
        value = self._check(cell)
        if len(self) < _REMEMBERED:
            self[cell] = value
        return value


class Checker:
    """Rows of one file in the order of its columns, to Devices. What cannot be taken goes to `faults`."""

    def __init__(self, present: Sequence[str], faults: Faults) -> None:
        self._faults = faults
        place = {name: i for i, name in enumerate(present)}
        self.spoiled: list[tuple[int, int]] = []
        """(line, number) of rows that cannot be taken although their Device ID can be read."""
        self._id = place["device_id"]
        self._type, self._code = place.get("device_type"), place.get("install_code")
        self._installer, self._day = place.get("installing_supplier"), place.get("installed_on")
        self._status, self._gaining = place.get("status"), place.get("gaining_supplier")
        self._linked = place.get("linked_gsme")
        self._types, self._days, self._statuses = _Known(type_of), _Known(day_of), _Known(status_of)
        self._suppliers = _Known(supplier_of)

    @property
    def suppliers(self) -> frozenset[str]:
        """The different suppliers named so far (the first many)."""
        return frozenset(filter(None, self._suppliers.values()))

    def check(self, line: int, row: Sequence[str]) -> Device | None:
        """The row, or None with its faults noted."""
        number = None
        try:
            number = number_of(row[self._id])
            return self._device(number, line, row)
        except Fault as fault:
            self._faults.add(line, cells.together(self._all_faults(row)) or str(fault))
        if number is not None:
            self.spoiled.append((line, number))
        return None

    def _all_faults(self, row: Sequence[str]) -> Iterator[str]:
        """What is wrong with each cell by itself; asked only of a row that cannot be taken."""
        readers: tuple[tuple[int | None, Callable[[str], object]], ...] = (
            (self._id, number_of),
            (self._code, code_of),
            (self._type, type_of),
            (self._installer, supplier_of),
            (self._day, day_of),
            (self._status, status_of),
            (self._gaining, supplier_of),
            (self._linked, linked_of),
        )
        for place, read in readers:
            try:
                if place is not None:
                    read(row[place])
            except Fault as fault:
                yield str(fault)

    def _device(self, number: int, line: int, row: Sequence[str]) -> Device:
        code = None if self._code is None else code_of(row[self._code])
        kind = None if self._type is None else self._types[row[self._type]]
        if code and kind in TYPES_WITHOUT_CODE:
            raise Fault(f"a {kind} has no install code; is this row about another device?")
        return Device(
            number,
            line,
            kind,
            code,
            None if self._installer is None else self._suppliers[row[self._installer]],
            None if self._day is None else self._days[row[self._day]],
            None if self._status is None else self._statuses[row[self._status]],
            None if self._gaining is None else self._suppliers[row[self._gaining]],
            None if self._linked is None else linked_of(row[self._linked]),
        )
