"""REQUEST: what our team orders is checked row by row, kept, and named in the receipt. The station `asking` asks for it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from daemon import inquirywork
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.edge import inventory, outbox, wants
from daemon.edge.wants import inquiry_trail
from daemon.mail.message import IncomingMail, Reading, Source
from daemon.rules import counterparties
from daemon.rules.asking import inquiring, ordering, routing
from daemon.rules.asking.ordering import Checked, Known, Order, Receipt, Refused
from daemon.rules.asking.routing import Mail, Portal
from daemon.rules.commands import order_rows
from daemon.rules.commands.orders import OrderedRow, Request, RequestContact
from daemon.rules.letters import Asking, LetterKind, LetterPlan, Page
from daemon.rules.phrases import devices as devices_in_words
from daemon.rules.phrases import it, moment, safe
from daemon.rules.policy import Counterparty, Mode
from daemon.rules.wanting import Want, WantState

MOST_ACCEPTED, MOST_REFUSED = 200, 500
"""Rows that the receipt names one by one; of the rest it says how many there are."""


def request(desk: OpsDesk, order: Request) -> str:
    """Take the order. Bad rows are refused one by one and named; nothing is kept of a mail that was not read whole."""
    mail = desk.mail
    must_be_whole(mail)
    rows = [*order_rows.with_pasted(order.rows, mail.tables), *order_rows.sheet_rows(mail.tables)]
    if not rows:
        raise NotDone(_nothing_found(mail))
    _, receipt = weighed(desk, rows, urgent=order.now)
    wants.add(desk.connection, receipt.wants)
    desk.record("ordered", f"mail:{desk.mail_id}", devices=len(receipt.wants), refused=len(receipt.refused))
    desk.pages += _receipt(desk, receipt, order)
    return _said(receipt)


def weighed(desk: OpsDesk, rows: Iterable[OrderedRow], *, urgent: bool) -> tuple[Checked, Receipt]:
    """The rows that can be read, and what becomes of each against our records."""
    rows = list(rows)
    found = ordering.checked(rows, desk.today)
    given = Order(desk.member.address, desk.mail_id, desk.now, urgent)
    receipt = ordering.weigh(found, _known(desk, found), desk.book, desk.parts.policy, given)
    return found, replace(receipt, refused=in_order(receipt.refused, rows))


def in_order(refused: Iterable[Refused], rows: Iterable[OrderedRow]) -> tuple[Refused, ...]:
    """The refused rows as they stand in the order, whatever they were refused for."""
    place = {row.where: number for number, row in enumerate(rows)}
    return tuple(sorted(refused, key=lambda one: place[one.where]))


def must_be_whole(mail: IncomingMail) -> None:
    """Half an order would look like a whole one. Raises NotDone."""
    if not mail.complete:
        raise NotDone(f"your mail could not be read whole ({_unread(mail)}), so nothing of it was done; send it again")


def _unread(mail: IncomingMail) -> str:
    unread = [f"{safe(a.name)}: {a.why}" for a in mail.attachments if a.reading is Reading.UNREADABLE]
    return [*mail.defects, *unread][0]


def _nothing_found(mail: IncomingMail) -> str:
    """What is missing, and what would work."""
    sheets = [table.name for table in mail.tables if table.source in (Source.CSV, Source.XLSX, Source.HTML)]
    if sheets:
        return f"{safe(sheets[0])} has no columns device_id and losing_supplier; head them so, and send it again"
    return (
        "no device is named; write one device and its supplier a line below it, for instance "
        "00-DB-12-34-56-78-90-A0 NORT, or attach a sheet with the columns device_id and losing_supplier"
    )


def _known(desk: OpsDesk, found: Checked) -> Known:
    devices = [row.device for row in found.rows]
    latest = wants.latest_for(desk.connection, devices)
    cases = list({want.case_id for want in latest.values() if want.case_id})
    inquiries = wants.inquiries(desk.connection, cases)
    return Known(
        records=inventory.lookup(desk.connection, devices),
        wants=latest,
        references={case: inquiry.reference for case, inquiry in inquiries.items()},
        crossed=inquiry_trail.crossed(desk.connection, devices),
    )


def contact(desk: OpsDesk, order: RequestContact) -> str:
    """The SECAS Helpdesk is asked whom to write to at a supplier for which devices wait; once a day."""
    helpdesk = desk.parts.policy.helpdesk
    if not helpdesk:
        raise NotDone("no address of the SECAS Helpdesk is set ([policy] helpdesk); please ask it by hand")
    waiting = {w.party for w in wants.to_ask(desk.connection) if w.state is WantState.WAITING_CONTACT}
    party = next((name for name in sorted(waiting) if name.casefold() == order.party.casefold()), "")
    if not party:
        others = f"only for one of {', '.join(sorted(waiting)[:5])}" if waiting else "nor for any other"
        raise NotDone(f"no device waits for a contact of that supplier, {others}")
    name = desk.parts.vault.derive("helpdesk", party, desk.today.isoformat()).hex()
    asking = Asking((), asked_of=party)
    plan = LetterPlan(name, LetterKind.HELPDESK, 1, helpdesk, "", asking)
    mailbox = desk.parts.settings.mailbox.address
    if not outbox.queue(desk.connection, desk.parts.vault, [plan], mailbox=mailbox, now=desk.now):
        raise NotDone(f"the Helpdesk was asked for a contact of {party} today already")
    desk.record("helpdesk-asked", f"party:{party}")
    return f"{helpdesk} is asked whom to write to at {party}"


# The receipt ────────────────────────────────────────────────────────────────────────────────────────


def _said(receipt: Receipt) -> str:
    taken, refused = len(receipt.wants), len(receipt.refused)
    if not taken:
        return f"nothing is ordered: {_rows(refused)} cannot be taken, for the reasons below"
    left = f"; {_rows(refused)} cannot be taken, for the reasons below" if refused else ""
    return f"{devices_in_words(taken)} {'is' if taken == 1 else 'are'} ordered{left}"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _receipt(desk: OpsDesk, receipt: Receipt, order: Request) -> Iterator[Page]:
    if receipt.wants:
        plans = _Plans(desk, now=order.now)
        counts = Counter(want.party for want in receipt.wants)
        rows = tuple((party, f"{count:,}", plans.of(party, count)) for party, count in sorted(counts.items()))
        yield Page("What is asked for, and when", (), ("Supplier", "Devices", "What happens"), rows)
        yield _accepted(receipt.wants)
    if receipt.refused:
        yield refused_page(receipt.refused, "Not ordered")


def _accepted(ordered: Sequence[Want]) -> Page:
    rows = tuple(
        (want.device_id, want.party, "waits for a contact" if want.state is WantState.WAITING_CONTACT else "")
        for want in ordered[:MOST_ACCEPTED]
    )
    return Page("Ordered", _more(len(ordered), MOST_ACCEPTED), ("Device ID", "Supplier", "Remark"), rows)


def refused_page(refused: Sequence[Refused], title: str) -> Page:
    """The rows that were not taken, each with the reason."""
    rows = tuple((one.where, one.device or "", one.why) for one in refused[:MOST_REFUSED])
    return Page(title, _more(len(refused), MOST_REFUSED), ("Where", "Device ID", "Why"), rows)


def _more(count: int, shown: int) -> tuple[str, ...]:
    return (f"The first {shown} are shown, and {count - shown:,} more are not.",) if count > shown else ()


class _Plans:
    """What happens with the devices of each party, in words; as things stand now."""

    def __init__(self, desk: OpsDesk, *, now: bool) -> None:
        self._desk = desk
        self._when = "at once" if now else moment(inquiring.next_sending(desk.now, desk.parts.policy))
        self._dead = inquirywork.dead(desk.connection, desk.now)
        self._book = {party.party: party for party in desk.book}

    def of(self, name: str, count: int) -> str:
        """Of so many devices of the party of this name; it may be listed nowhere."""
        policy, party = self._desk.parts.policy, self._book.get(name)
        if party is None:
            return self._unlisted(name, count)
        if policy.mode_for(name) is Mode.OBSERVE:
            return "the mode is observe, so nothing is sent until it is send"
        if policy.is_paused(name):
            return (
                "letters to them are paused: our request waits for RESUME, and goes at the next sending time after it"
            )
        return self._way(party, self._when)

    def _unlisted(self, name: str, count: int) -> str:
        waiting = "it waits" if count == 1 else "they wait"
        if near := counterparties.nearest(name, self._desk.book):
            return (
                f"nobody of that name is listed, so {waiting}. Did you mean {near}? Then WITHDRAW {it(count)} and order {it(count)} "
                f"of {near}; else send the contact list with {name} in it (CONTACTS)"
            )
        helpdesk = "the SECAS Helpdesk"
        finds = (
            f"REQUEST CONTACT {name} asks {helpdesk}" if self._desk.parts.policy.helpdesk else f"{helpdesk} knows it"
        )
        return f"nobody of that name is listed, so {waiting}: send the contact list with it (CONTACTS); {finds}"

    def _way(self, party: Counterparty, when: str) -> str:
        match routing.address(party, self._desk.now, dead=self._dead):
            case Mail(to):
                return f"{to} is asked {when}"
            case Portal():
                return f"they take requests on their own web page: you get the sheet for it {when}"
            case _:
                return (
                    "no address of theirs is in force, so our request waits: send the contact list with one (CONTACTS)"
                )
