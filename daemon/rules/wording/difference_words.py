"""Differences of contacts and of devices in words: rows of a table, and the few lines that whoever confirms must read.

Never a code: of one the records say no more than whether there is one. Personal data in a cell is masked.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from daemon.rules.disclosure import DISCLOSABLE_STATUSES
from daemon.rules.identifiers import DeviceId
from daemon.rules.phrases import devices, safe
from daemon.rules.team.differences import Changed, Differences, Record

Row = tuple[str, str, str]
Key = tuple[str, str, str]
"""Supplier, kind, address."""
COLUMNS = ("Change", "Entry", "What it says")
_GRAVEST = ("gaining_supplier", "install_code", "status", "installing_supplier", "linked_gsme", "device_type")
_SAID: Mapping[str, str] = MappingProxyType({"mpid": "MPID", "linked_gsme": "linked GSME"})


def contact_table(found: Differences[Key]) -> tuple[Row, ...]:
    """Every row that differs: changed, added, gone."""
    return (
        *(("changed", _contact(one.key), _changes(one)) for one in found.changed),
        *(("added", _contact(key), _record(record)) for key, record in found.added.items()),
        *(("gone", _contact(key), "") for key in found.gone),
    )


def device_table(found: Differences[DeviceId]) -> tuple[Row, ...]:
    """Every device that differs: changed, added."""
    return (
        *(("changed", one.key, _changes(one)) for one in found.changed),
        *(("added", key, _record(record)) for key, record in found.added.items()),
    )


def contact_lines(found: Differences[Key], most: int) -> tuple[str, ...]:
    """The same, a line each, as many as a letter bears."""
    lines = [f"{change}: {entry}{f' ({what})' if what else ''}" for change, entry, what in contact_table(found)]
    more = len(lines) - most
    return (*lines[:most], *([f"and {more:,} more"] if more > 0 else []))


def device_lines(found: Differences[DeviceId]) -> Iterator[str]:
    """The changes of devices, gathered by what changes, the gravest first, each with an example."""
    opened = [one for one in found.changed if _opens(one)]
    if opened:
        yield f"CODES COULD GO OUT AGAIN for {devices(len(opened))} by a new status, for instance {opened[0].key}"
    by_column: dict[str, list[tuple[DeviceId, str, str]]] = {}
    for one in found.changed:
        for column, old, new in one.fields:
            by_column.setdefault(column, []).append((one.key, old, new))
    for column in sorted(by_column, key=lambda name: _GRAVEST.index(name) if name in _GRAVEST else len(_GRAVEST)):
        device, old, new = by_column[column][0]
        yield f"{_called(column)}: {devices(len(by_column[column]))}, for instance {device}: {_from_to(old, new)}"
    if found.added:
        with_code = sum(bool(record.get("install_code")) for record in found.added.values())
        yield f"added: {devices(len(found.added))}, {with_code:,} of them with a code"


def _opens(one: Changed[DeviceId]) -> bool:
    was, becomes = one.was.get("status", ""), one.becomes.get("status", "")
    return was not in DISCLOSABLE_STATUSES and becomes in DISCLOSABLE_STATUSES


def _contact(key: Key) -> str:
    party, kind, email = key
    return f"{safe(party)}, {kind}: {email}"


def _changes(one: Changed[Key] | Changed[DeviceId]) -> str:
    return "; ".join(f"{_called(column)}: {_from_to(old, new)}" for column, old, new in one.fields)


def _from_to(old: str, new: str) -> str:
    return f"{safe(old) or 'nothing'} -> {safe(new) or 'nothing'}"


def _record(record: Record) -> str:
    return "; ".join(f"{_called(column)}: {safe(words)}" for column, words in record.items() if words)


def _called(column: str) -> str:
    return _SAID.get(column, column.replace("_", " "))
