"""REQUEST AGAIN: codes that came from a supplier do not work, so it is asked for them once more."""

from collections.abc import Sequence

from daemon import inquirywork
from daemon.commanding.asking import inquiries
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.edge import wants
from daemon.rules import counterparties
from daemon.rules.asking import again as rules
from daemon.rules.asking import ordering
from daemon.rules.asking.asking_news import how_it_stands
from daemon.rules.commands import order_rows
from daemon.rules.commands.orders import RequestAgain
from daemon.rules.identifiers import DeviceId
from daemon.rules.phrases import devices as devices_in_words
from daemon.rules.phrases import it
from daemon.rules.policy import ContactKind
from daemon.rules.wanting import Want, WantState


def request_again(desk: OpsDesk, order: RequestAgain) -> str:
    """One letter an inquiry, in the thread in which they answered; what they send then is handed over as ever."""
    theirs = _of_reference(desk, order.ref) if order.ref else _of_devices(desk, _devices(desk, order))
    by_inquiry: dict[str, list[Want]] = {}
    for want in theirs:
        by_inquiry.setdefault(want.case_id, []).append(want)
    return "; ".join(_asked(desk, case_id, some, order.why) for case_id, some in by_inquiry.items())


def _devices(desk: OpsDesk, order: RequestAgain) -> list[DeviceId]:
    """Those of its line, of the lines below it, and of a table pasted into the mail."""
    rows = order_rows.with_pasted(order.rows, desk.mail.tables)
    below = [(row, ordering.device_of(row)) for row in rows]
    bad = next((row.where for row, device in below if device is None), "")
    if bad:
        raise NotDone(f"{bad} is no Device ID; put one on each line below REQUEST AGAIN, and nothing else")
    found = [*order.devices, *(device for _, device in below if device is not None)]
    if not found:
        raise NotDone("which devices? REQUEST AGAIN and their Device IDs, or the reference of an inquiry of ours")
    return list(dict.fromkeys(found))


def _of_devices(desk: OpsDesk, devices: Sequence[DeviceId]) -> list[Want]:
    newest = wants.latest_for(desk.connection, devices)
    for device in devices:
        want = newest.get(device)
        if want is None:
            raise NotDone(f"{device} was never ordered; REQUEST and its supplier order it")
        if want.state is not WantState.ANSWERED:
            raise NotDone(f"no code came for {device}: it is {how_it_stands(want.state)}")
    return [newest[device] for device in devices]


def _of_reference(desk: OpsDesk, ref: str) -> list[Want]:
    inquiry = inquiries.called(desk, ref)
    if inquiry is None:
        raise NotDone(f"{ref} is no inquiry of ours; STATUS {ref} shows what it is")
    answered = [w for w in wants.of_inquiry(desk.connection, inquiry.case_id) if w.state is WantState.ANSWERED]
    if not answered:
        raise NotDone(f"no code came in {ref}, or all were asked for again; STATUS {ref} shows how it stands")
    return answered


def _asked(desk: OpsDesk, case_id: str, answered: Sequence[Want], why: str) -> str:
    inquiry = wants.inquiries(desk.connection, [case_id])[case_id]
    party = counterparties.resolve(inquiry.party, desk.book)
    if party is None:
        raise NotDone(f"{inquiry.party} is not in the contact list any more; send one with it (CONTACTS) first")
    inquiries.must_be_writable(desk, party.party)
    to = inquiries.address(desk, party.party, ContactKind.MP121)
    both = [
        rules.asked_again(w, desk.member.address, desk.mail_id, why, party, desk.now, desk.parts.policy)
        for w in answered
    ]
    queried = [fresh for _, fresh in both]
    wants.change(desk.connection, [closed for closed, _ in both])
    wants.add(desk.connection, queried)
    inquirywork.queue(desk.connection, desk.parts, inquiry, rules.letter(inquiry, queried, to), desk.now)
    desk.record("requested-again", f"case:{case_id}", devices=[w.device_id for w in queried])
    return (
        f"{to} is told now that {'the code' if len(queried) == 1 else 'the codes'} of {devices_in_words(len(queried))} of "
        f"{inquiry.reference} {'does' if len(queried) == 1 else 'do'} not work, and asked for {it(len(queried))} again"
    )
