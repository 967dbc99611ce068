"""ADOPT: what our team asked by hand before this service did, each device with its own day; it is chased from here on."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time

from daemon import inquirywork
from daemon.commanding.asking.requesting import in_order, must_be_whole, refused_page, weighed
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.edge import wants
from daemon.rules.asking import routing
from daemon.rules.asking.ordering import Refused
from daemon.rules.asking.routing import Mail, Portal
from daemon.rules.commands import order_rows
from daemon.rules.letters import Page
from daemon.rules.phrases import day
from daemon.rules.phrases import devices as devices_in_words
from daemon.rules.policy import Counterparty
from daemon.rules.wanting import Inquiry, Want, WantState
from daemon.rules.workdays import LONDON

_NOON = time(12)


def adopt(desk: OpsDesk) -> str:
    """Take the sheet: no letter goes now; the ladder goes on from the day on which each was asked."""
    must_be_whole(desk.mail)
    rows = order_rows.sheet_rows(desk.mail.tables)
    if not rows:
        raise NotDone("attach a CSV or Excel sheet with the columns device_id, losing_supplier and asked_on")
    found, receipt = weighed(desk, rows, urgent=False)
    days = {row.device: (row.where, row.asked_on) for row in found.rows}
    dated: dict[tuple[str, date], list[Want]] = {}
    refused = list(receipt.refused)
    for want in receipt.wants:
        where, asked_on = days[want.device_id]
        if want.state is WantState.WAITING_CONTACT:
            refused.append(Refused(where, f"nobody called {want.party} is listed; CONTACTS first", want.device_id))
        elif asked_on is None:
            refused.append(Refused(where, "asked_on is missing: the day on which you asked", want.device_id))
        else:
            dated.setdefault((want.party, asked_on), []).append(want)
    shown = [_adopted(desk, party, asked_on, theirs) for (party, asked_on), theirs in sorted(dated.items())]
    _show(desk, shown, in_order(refused, rows))
    return _said(sum(map(len, dated.values())), len(refused))


def _adopted(desk: OpsDesk, name: str, asked_on: date, theirs: list[Want]) -> tuple[str, ...]:
    """One inquiry for what a party was asked for on one day; its row on the page."""
    party = next(one for one in desk.book if one.party == name)
    at = datetime.combine(asked_on, _NOON, LONDON).astimezone(UTC)
    inquiry = _inquiry(desk, party, at)
    changed = [routing.asked(want, party, inquiry.case_id, at, desk.parts.policy) for want in theirs]
    wants.save_inquiry(desk.connection, inquiry)
    wants.add(desk.connection, changed)
    desk.record("adopted", f"case:{inquiry.case_id}", party=name, asked_on=asked_on.isoformat(), devices=len(changed))
    due = changed[0].due
    return inquiry.reference, name, f"{len(changed):,}", day(asked_on), day(due.end) if due else ""


def _inquiry(desk: OpsDesk, party: Counterparty, at: datetime) -> Inquiry:
    case_id = desk.parts.vault.derive("adopted", party.party, at.isoformat(), str(desk.mail_id)).hex()
    match routing.address(party, desk.now, dead=inquirywork.dead(desk.connection, desk.now)):
        case Mail(to):
            address = to
        case Portal(contact):
            address = contact.email
        case _:
            address = ""
    bare = Inquiry(case_id, "", party.party, address, "Asked by hand", (), at)
    return replace(bare, reference=inquirywork.free_reference(desk.connection, case_id))


def _show(desk: OpsDesk, shown: list[tuple[str, ...]], refused: Iterable[Refused]) -> None:
    if shown:
        desk.pages.append(Page("Adopted", (), ("Reference", "Supplier", "Devices", "Asked", "Due"), tuple(shown)))
    if left := tuple(refused):
        desk.pages.append(refused_page(left, "Not adopted"))


def _said(taken: int, refused: int) -> str:
    rows = "1 row" if refused == 1 else f"{refused:,} rows"
    if not taken:
        return f"nothing is adopted: {rows} cannot be taken, for the reasons below"
    left = f"; {rows} cannot be taken, for the reasons below" if refused else ""
    return f"{devices_in_words(taken)} {'is' if taken == 1 else 'are'} adopted, and chased when due{left}"
