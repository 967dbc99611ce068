"""What an operator does on the command line: the imports of contacts and inventory, and what came of them in words."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from daemon.edge import audit, contacts
from daemon.edge.contacts import rows as contact_rows
from daemon.edge.contacts.rows import ContactList
from daemon.edge.inventory import load as inventory_load
from daemon.edge.inventory import rows as inventory_rows
from daemon.edge.inventory.load import Wish
from daemon.edge.sheets import imports
from daemon.edge.sheets.imports import Sheet, Summary
from daemon.parts import Parts
from daemon.rules.counterparties import means, own_names, resolve
from daemon.rules.phrases import number

MAX_NAMED = 20


def silent(_rows: int) -> None:
    """No progress shown."""


def import_contacts(parts: Parts, file: Path, now: datetime, wish: Wish | None = None) -> Summary:
    """Make the file the whole contact list. Raises ImportRefused, with nothing changed."""
    wish = wish or Wish()
    columns = replace(contact_rows.COLUMNS, mapped=parts.settings.contacts.columns)
    sheet = imports.open_sheet(file, columns)
    taken = contact_rows.read(sheet, parts.policy)
    sheet.faults.settle(skip_bad=wish.skip_bad)
    if not taken.listings:
        raise imports.nothing_to_take(sheet, taken.own)
    with parts.database.write() as connection:
        summary = _contact_summary(connection, sheet, taken)
        held = contacts.size(connection)
        imports.refuse_many_gone(sheet, summary.gone, held, confirm=wish.confirm, noun="contact row")
        contacts.replace_all(connection, taken.listings)
        contacts.taken(connection, sheet.sha, summary.rows, now)
        audit.append(connection, parts.vault, [imports.audited(contacts.CONTACTS, sheet, summary, now)])
    return summary


def _contact_summary(connection: Connection, sheet: Sheet, taken: ContactList) -> Summary:
    changes = contacts.compare(connection, taken.listings)
    return Summary(
        rows=len(taken.listings),
        added=changes.added,
        changed=changes.changed,
        unchanged=changes.unchanged,
        gone=changes.gone,
        skipped=sheet.faults.sorted(),
        ignored=sheet.ignored,
        own=taken.own,
    )


def import_inventory(
    parts: Parts, file: Path, now: datetime, wish: Wish | None = None, progress: Callable[[int], None] = silent
) -> Summary:
    """Take the file into our record of devices. Raises ImportRefused, with nothing changed."""
    columns = replace(inventory_rows.COLUMNS, mapped=parts.settings.inventory.columns)
    sheet = imports.open_sheet(file, columns)
    return inventory_load.load(parts.database, parts.vault, sheet, wish or Wish(), now=now, progress=progress)


# In words ───────────────────────────────────────────────────────────────────────────────────────────


def told(kind: str, summary: Summary) -> Iterator[str]:
    """What an import did, line by line."""
    yield f"{kind}: {number(summary.rows, 'row')} taken"
    yield (
        f"  added {summary.added:,}, changed {summary.changed:,}, "
        f"unchanged {summary.unchanged:,}, gone {summary.gone:,}"
    )  # fmt: skip
    if summary.skipped:
        yield f"  {number(len(summary.skipped), 'bad row')} left out"
    if summary.own:
        yield f"  {number(summary.own, 'row')} about ourselves left out"
    if summary.codes_dropped:
        yield f"  {number(summary.codes_dropped, 'code')} of commissioned devices not kept"
    if summary.ignored:
        yield f"  columns that mean nothing here: {_some(summary.ignored)}"


def strangers(parts: Parts, summary: Summary) -> Iterator[str]:
    """A line about suppliers of an inventory that are neither us nor in the contact list, if there are any."""
    with parts.database.read() as connection:
        book = contacts.book(connection)
    ours = own_names(parts.policy)
    unknown = sorted(s for s in summary.suppliers if not means(s, ours) and resolve(s, book) is None)
    if unknown:
        yield f"  suppliers that the contact list does not know: {_some(unknown)}"


def _some(names: tuple[str, ...] | list[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(name[:40] for name in names[:MAX_NAMED] if name.isprintable()) + more
