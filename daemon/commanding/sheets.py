"""CONTACTS and INVENTORY: a sheet by mail, answered with what it would change, and applied once it is confirmed.

The rows are checked as the command line's imports check them, when they are proposed and again when they are applied.
A list that changed in between is not overwritten: the sheet must be sent anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from daemon.commanding import attached
from daemon.commanding.approving.proposing import propose
from daemon.commanding.attached import shown
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.edge import inventory as inventory_record
from daemon.edge import outbox
from daemon.edge.contacts import rows as contact_rows
from daemon.edge.contacts import update as contact_update
from daemon.edge.inventory import rows as inventory_rows
from daemon.edge.inventory import update as inventory_update
from daemon.edge.outbox import LetterState
from daemon.edge.sheets import cells
from daemon.edge.sheets.imports import Sheet, but_ourselves, spelled
from daemon.edge.team.proposals import Proposal, ProposalKind
from daemon.mail.message import IncomingMail
from daemon.rules.counterparties import means, own_names, resolve
from daemon.rules.letters import LetterKind, LetterPlan, Matter, Relisted
from daemon.rules.phrases import devices as devices_in_words
from daemon.rules.phrases import moment, safe, sentence
from daemon.rules.policy import Mode
from daemon.rules.team import relisting
from daemon.rules.team.differences import Differences, counted
from daemon.rules.wording.difference_words import COLUMNS, contact_lines, contact_table, device_lines, device_table

COOLING = timedelta(hours=72)
"""An address that is new or changed by mail is not relied on for codes before then."""
MOST_CONTACTS = 5_000
MOST_DEVICES = 20_000
"""Rows taken by mail: they are compared while nothing else is settled, some two seconds for so many."""
_MOST_LINES = 20
"""Differences that the letter to whoever confirms them lists one by one."""
_UNDONE = "Nothing changes, and what the sheet held is erased."


# CONTACTS ───────────────────────────────────────────────────────────────────────────────────────────


def contacts(desk: OpsDesk) -> str:
    """Propose the attached sheet as the whole contact list, and show what it changes. Raises NotDone."""
    columns = replace(contact_rows.COLUMNS, mapped=desk.parts.settings.contacts.columns)
    sheet = attached.opened(desk, columns, MOST_CONTACTS, "party,mpid,kind,name,email")
    update = contact_update.weighed(desk.connection, sheet.sheet, desk.parts.policy)
    attached.refuse_bad(sheet, sheet.sheet.faults.sorted())
    if not update.listings:
        raise NotDone(f"{sheet.name} has no row that can be taken{but_ourselves(update.own)}")
    if not update.found:
        return f"{sheet.name} says what our contact list says already, so nothing is to be confirmed"
    warnings, counts = relisting.warnings(update.moves), counted(update.found)
    matter = Matter(
        what=_title(f"New contact list: {counts}", update),
        why=f"{desk.member.address} sent it as {sheet.name}. It takes the place of the whole list",
        evidence=(*warnings, *contact_lines(update.found, _MOST_LINES)),
        on_approve="The list is replaced at once. New and changed addresses count for codes 72 hours later. Where a"
        " supplier gets a new address, those that it had are told.",
        on_reject=_UNDONE,
    )
    number = propose(desk, ProposalKind.CONTACTS, matter.what, sheet.payload(update.before), matter)
    own = (f"{update.own:,} rows about ourselves are left out.",) if update.own else ()
    lines = (*map(sentence, warnings), *own, *sheet.remarks())
    desk.pages.append(shown(f"What {sheet.name} changes", lines, COLUMNS, contact_table(update.found)))
    return _proposed(desk, number, counts)


def _title(what: str, update: contact_update.Update) -> str:
    """The subject of the letter: an address that a supplier did not have is what nobody must overlook."""
    gaining = [move.party for move in update.moves if move.added]
    if not gaining:
        return what
    return (
        f"{what}; a new address for {safe(gaining[0]) if len(gaining) == 1 else f'{len(gaining):,} suppliers we know'}"
    )


def apply_contacts(desk: OpsDesk, proposal: Proposal, by: tuple[str, ...]) -> str:
    """Make the proposed list the contact list, and tell the addresses that were listed. Raises NotDone."""
    sheet = attached.kept(proposal.payload)
    update = contact_update.weighed(desk.connection, sheet, desk.parts.policy)
    _still_fits(proposal, sheet, update.before)
    counts_from = desk.now + COOLING
    contact_update.take(desk.connection, update, sheet.sha, counts_from=counts_from, now=desk.now)
    told = _tell_listed(desk, proposal, update, counts_from)
    counts = counted(update.found)
    done = _Done(proposal, sheet, by, update.found)
    _note(desk, done, rows=len(update.listings), told=told)
    words = (
        f"New and changed addresses count for codes from {moment(counts_from)}. Earlier addresses told of it: {told:,}"
    )
    evidence = (*relisting.warnings(update.moves), *contact_lines(update.found, _MOST_LINES))
    _tell_team(desk, done, f"Contact list changed: {counts}", words, evidence)
    return (
        f"the contact list is changed: {counts}; new and changed addresses count for codes from {moment(counts_from)}"
    )


def _tell_listed(desk: OpsDesk, proposal: Proposal, update: contact_update.Update, counts_from: datetime) -> int:
    """Write to the addresses that were listed until now; how many. Where the mode sends nothing, it is kept to be seen."""
    parts, count, told = desk.parts, 0, 0
    name = parts.vault.derive("relisted", str(proposal.id)).hex()
    for move in update.moves:
        quiet = parts.policy.mode_for(move.party) is Mode.OBSERVE
        for address in move.told:
            count, told = count + 1, told + (not quiet)
            news = Relisted(address, kept=address in move.kept, new=move.added, counts_from=counts_from)
            plan = LetterPlan(
                case_id=name,
                kind=LetterKind.CHANGED,
                seq=count,
                to=address,
                subject=f"Your address for install codes at {parts.policy.company}",
                content=news,
                party=move.party,
            )
            outbox.queue(
                desk.connection,
                parts.vault,
                [plan],
                mailbox=parts.settings.mailbox.address,
                now=desk.now,
                state=LetterState.OBSERVED if quiet else LetterState.PENDING,
            )
    return told


# INVENTORY ──────────────────────────────────────────────────────────────────────────────────────────


def inventory(desk: OpsDesk) -> str:
    """Propose the attached sheet as an update of our record of devices, and show what it changes. Raises NotDone."""
    columns = replace(inventory_rows.COLUMNS, mapped=desk.parts.settings.inventory.columns)
    sheet = attached.opened(desk, columns, MOST_DEVICES, "device_id,device_type,install_code,status,gaining_supplier")
    update = inventory_update.weighed(desk.connection, desk.parts.vault, sheet.sheet)
    attached.refuse_bad(sheet, sheet.sheet.faults.sorted())
    if not update.devices:
        raise NotDone(f"{sheet.name} has no row that can be taken")
    if not update.found:
        return f"{sheet.name} says what our inventory says already, so nothing is to be confirmed"
    counts = counted(update.found, gone=False)
    matter = Matter(
        what=f"Inventory update: {counts}",
        why=f"{desk.member.address} sent it as {sheet.name}. Devices that it does not name stay as they are",
        evidence=tuple(device_lines(update.found)),
        on_approve="These devices are updated at once.",
        on_reject=_UNDONE,
    )
    number = propose(desk, ProposalKind.INVENTORY, matter.what, sheet.payload(update.before), matter)
    lines = (*_remarks(desk, update), *sheet.remarks())
    desk.pages.append(shown(f"What {sheet.name} changes", lines, COLUMNS, device_table(update.found)))
    return _proposed(desk, number, counts)


def _remarks(desk: OpsDesk, update: inventory_update.Update) -> Iterator[str]:
    yield _age(desk, update)
    if update.codes_dropped:
        yield f"Codes of commissioned devices are not kept: {update.codes_dropped:,} in this sheet."
    ours = own_names(desk.parts.policy)
    unknown = sorted(s for s in update.suppliers if not means(s, ours) and resolve(s, desk.book) is None)
    if unknown:
        more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
        yield f"Suppliers that the contact list does not know: {', '.join(map(safe, unknown[:10]))}{more}."


def _age(desk: OpsDesk, update: inventory_update.Update) -> str:
    """How old the inventory is after it: a few devices brought up to date make no old inventory fresh."""
    if update.complete:
        return "The sheet names every device that we hold, so it makes the inventory fresh."
    taken = inventory_record.taken_at(desk.connection)
    since = f"still counts as of {moment(taken)}" if taken else "still counts as never taken"
    return (
        f"The inventory {since}, for the sheet names {devices_in_words(update.devices)} of the"
        f" {inventory_record.size(desk.connection) + len(update.found.added):,} that we then hold."
    )


def apply_inventory(desk: OpsDesk, proposal: Proposal, by: tuple[str, ...]) -> str:
    """Take the proposed sheet into our record of devices. Raises NotDone."""
    sheet = attached.kept(proposal.payload)
    update = inventory_update.weighed(desk.connection, desk.parts.vault, sheet)
    _still_fits(proposal, sheet, update.before)
    age = _age(desk, update)
    inventory_update.take(desk.connection, desk.parts.vault, update, sheet.sha, desk.now)
    counts = counted(update.found, gone=False)
    done = _Done(proposal, sheet, by, update.found)
    _note(desk, done, rows=update.devices, codes_dropped=update.codes_dropped)
    _tell_team(desk, done, f"Inventory updated: {counts}", age, tuple(device_lines(update.found)))
    return f"the inventory is updated: {counts}"


def brings_codes(mail: IncomingMail) -> bool:
    """Whether install codes stand in a sheet of this mail, or a column for them: it is filed and kept as such mail is."""
    headings = (cell for table in mail.tables for row in table.rows[:1] for cell in row)
    if any(spelled(cell) == "installcode" for cell in headings):
        return True
    return any(cells.holds_code(cell) for table in mail.tables for row in table.rows for cell in row)


# Both ───────────────────────────────────────────────────────────────────────────────────────────────


def _proposed(desk: OpsDesk, number: int, counts: str) -> str:
    needed = desk.parts.policy.approvals_needed
    who = "one of you approves" if needed == 1 else f"{needed} of you approve"
    return f"it would change this: {counts}; nothing is changed until {who} proposal {number}, by reply to our letter"


def _still_fits(proposal: Proposal, sheet: Sheet, before: str) -> None:
    """Raise NotDone where our list, or what we take for a sound row, is not what it was when this was proposed."""
    if before != proposal.payload["before"]:
        raise NotDone(f"our {proposal.kind} changed since that was proposed; please send the sheet anew")
    if sheet.faults.rows:
        raise NotDone("rows of that sheet can no longer be taken; please send it anew, and see which")


@dataclass(frozen=True, slots=True)
class _Done:
    """A proposal that was confirmed: by whom, and what it changed."""

    proposal: Proposal
    sheet: Sheet
    by: tuple[str, ...]
    found: Differences[Any]


def _note(desk: OpsDesk, done: _Done, **numbers: int) -> None:
    """For the audit trail: the file, and how much it changed; no address of a contact."""
    found, kind = done.found, done.proposal.kind
    desk.record(
        f"{kind}-changed",
        f"proposal:{done.proposal.id}",
        proposed_by=done.proposal.member,
        approved_by=list(done.by),
        file_sha=done.sheet.sha,
        added=len(found.added),
        changed=len(found.changed),
        gone=len(found.gone),
        unchanged=found.unchanged,
        **numbers,
    )


def _tell_team(desk: OpsDesk, done: _Done, title: str, words: str, evidence: tuple[str, ...]) -> None:
    why = f"{done.proposal.member} proposed it, {' and '.join(done.by)} approved. {words}"
    desk.tell_team(title, (Matter(what=title, why=why, reference=f"proposal {done.proposal.id}", evidence=evidence),))
