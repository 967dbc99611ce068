"""The station that asks, and the orders about what was asked: on both databases, under a given clock."""

import csv
import stat
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from daemon.asking import Asking
from daemon.commanding import matters
from daemon.commanding.asking import adopting, again, inquiries, requesting
from daemon.commanding.desk import OpsDesk
from daemon.commanding.looking import evidence, lists, reporting, status
from daemon.edge import audit, contacts, failpoints, remembered, wants
from daemon.edge import tables as t
from daemon.edge.contacts import Listing
from daemon.edge.database import Database
from daemon.edge.outbox import PLAN
from daemon.edge.vault import Vault
from daemon.errors import Unavailable
from daemon.mail.message import Source, Table
from daemon.report import overview
from daemon.rules.asking import ordering
from daemon.rules.commands import orders
from daemon.rules.commands.orders import (
    ChaseNow,
    Close,
    Escalate,
    Evidence,
    ListOf,
    OrderedRow,
    Report,
    Request,
    RequestAgain,
    RequestContact,
    Status,
    Wait,
    Withdraw,
)
from daemon.rules.identifiers import InstallCode
from daemon.rules.letters import LetterKind, LetterPlan
from daemon.rules.policy import ContactKind, Member, Mode, Role
from daemon.rules.wanting import Inquiry, Want, WantEvent
from tests.desks import TEAM, OpsTable
from tests.overseeing import ANN, PARTY, TO
from tests.sending import device

A, B, C = (device(n) for n in (1, 2, 3))
OPERATIONS, BOSS, WEB = "operations@northern-energy.example", "boss@northern-energy.example", "web@portal.example"
CODE = InstallCode(bytes.fromhex("83FED3407A939723A5C639B26916D505"))
LISTED = (
    Listing(2, PARTY, ContactKind.MP121, TO),
    Listing(3, PARTY, ContactKind.OPERATIONS, OPERATIONS),
    Listing(4, PARTY, ContactKind.ESCALATION, BOSS),
    Listing(5, "Portal Gas", ContactKind.MP121, WEB, extra={"channel": "portal"}),
)


class Room:
    """The desk, the station, and what they lead to. It begins on Monday, 8 June 2026, half past ten in London."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.table = OpsTable(database, vault)
        self.office = self.table.office
        self.parts = self.office.parts
        self.asking = Asking(self.parts)
        self.lists(*LISTED)

    def lists(self, *listings: Listing) -> None:
        """The whole contact list from now on."""
        with self.parts.database.write() as connection:
            contacts.replace_all(connection, listings)

    def orders(self, *rows: tuple[str, str], now: bool = False) -> str:
        """REQUEST with these rows: device and supplier."""
        made = tuple(OrderedRow(f"line {n}", one, to) for n, (one, to) in enumerate(rows, 2))
        return self.table.says(partial(requesting.request, order=Request(now, made)))

    async def look(self, when: str = "") -> list[LetterPlan]:
        """One look of the station at that London day and time, with the mailbox read; the letters that it queued."""
        if when:
            self.office.until(when)
        with self.parts.database.write() as connection:
            now = self.parts.clock.now()
            remembered.put(connection, "last_round", now.isoformat(), now)
        before = len(self.letters())
        await self.asking.once()
        return self.letters()[before:]

    async def asked(self, *devices: str) -> Inquiry:
        """Ordered on Monday, asked of Northern Energy on Tuesday at nine."""
        self.orders(*((one, PARTY) for one in devices))
        (plan,) = await self.look("Tue 2026-06-09 09:00")
        return self.inquiry(plan.reference)

    def letters(self) -> list[LetterPlan]:
        """All that were queued, in order."""
        with self.parts.database.read() as connection:
            return [
                PLAN.validate_json(p)
                for p in connection.execute(sa.select(t.letter.c.plan).order_by(t.letter.c.id)).scalars()
            ]

    def wants(self) -> list[Want]:
        """All devices that were ordered."""
        with self.parts.database.read() as connection:
            ids = connection.execute(sa.select(t.want.c.device_id).order_by(t.want.c.id)).scalars().all()
            found = wants.latest_for(connection, [device(n & 0xFFFFFFFF) for n in ids])
        return sorted(found.values(), key=lambda want: want.id)

    def states(self) -> list[str]:
        """Where each of them stands."""
        return [want.state.value for want in self.wants()]

    def inquiry(self, reference: str) -> Inquiry:
        """The inquiry of that reference."""
        with self.parts.database.read() as connection:
            found = wants.inquiry_of_reference(connection, reference)
        assert found is not None
        return found

    def answered(self, one: Want) -> None:
        """Its party answered with a code."""
        with self.parts.database.write() as connection:
            wants.change(connection, [one.move(WantEvent.ANSWER, answered_at=self.parts.clock.now())])
            wants.keep_code(connection, self.parts.vault, one, CODE)


@pytest.fixture
def room(database: Database, vault: Vault) -> Room:
    """On both databases."""
    return Room(database, vault)


def to(letters: list[LetterPlan]) -> list[tuple[str, str]]:
    """Kind and recipient of each."""
    return [(one.kind.value, one.to) for one in letters]


# Asking ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_orders_wait_for_their_time_and_go_as_one_letter(room: Room) -> None:
    """Two orders by different names of one supplier: nothing on Monday, one letter on Tuesday at nine, none after."""
    room.orders((A, PARTY))
    room.orders((B, "NORTHERN ENERGY"))
    assert await room.look() == []
    assert room.states() == ["ordered", "ordered"]

    (plan,) = await room.look("Tue 2026-06-09 09:00")
    assert (plan.kind, plan.to, plan.party) == (LetterKind.REQUEST, TO, PARTY)
    assert [row.device_id for row in plan.content.rows] == [A, B]
    assert await room.look("Tue 2026-06-09 12:00") == []
    inquiry = room.inquiry(plan.reference)
    assert (inquiry.to, inquiry.letters_queued, len(inquiry.message_ids)) == (TO, 1, 1)
    assert inquiry.subject == "Install code request: 2 devices"
    one = room.wants()[0]
    assert (one.state, one.case_id, one.asked[0].party) == ("asked", plan.case_id, PARTY)
    assert one.due is not None
    assert one.due.end.isoformat() == "2026-06-23"
    assert one.late_from is not None
    assert one.late_from.isoformat() == "2026-06-24", "Scotland has a holiday on Monday, 15 June 2026"


async def test_an_order_after_the_sending_time_waits_for_tomorrow(room: Room) -> None:
    """Nine o'clock is over: it is not sent at once, though the day's office hours go on; REQUEST NOW is."""
    await room.look()
    room.orders((A, PARTY))
    assert await room.look("Mon 2026-06-08 16:00") == []
    room.orders((B, PARTY), now=True)
    (plan,) = await room.look()
    assert [row.device_id for row in plan.content.rows] == [B]
    (plan,) = await room.look("Tue 2026-06-09 09:01")
    assert [row.device_id for row in plan.content.rows] == [A]


async def test_a_crash_between_two_letters_repeats_none(room: Room) -> None:
    """The first letter stands with its devices; the next look asks the other supplier alone."""
    room.lists(*LISTED, Listing(6, "Southern Power", ContactKind.MP121, "codes@southern-power.example"))
    room.orders((A, PARTY), (B, "Southern Power"))
    failpoints.arm("after-asked:fail")
    try:
        with pytest.raises(Unavailable):
            await room.look("Tue 2026-06-09 09:00")
    finally:
        failpoints.arm("")
    room.orders((C, PARTY))
    await room.look()

    assert to(room.letters()) == [("request", TO), ("request", "codes@southern-power.example")]
    assert room.states() == ["asked", "asked", "ordered"]


@pytest.mark.parametrize("changes", [{"mode": Mode.OBSERVE}, {"paused": frozenset({PARTY})}])
async def test_what_is_not_sent_stays_ordered(room: Room, changes: dict[str, Any]) -> None:
    """In mode observe, and while paused; it goes at the first sending time after that."""
    before = room.parts.configured
    room.office.with_policy(**changes)
    room.orders((A, PARTY))
    assert await room.look("Tue 2026-06-09 09:00") == []
    room.parts.configured = before
    assert await room.look("Tue 2026-06-09 10:00") == []
    assert to(await room.look("Wed 2026-06-10 09:00")) == [("request", TO)]


async def test_nothing_is_asked_by_a_clock_that_jumped(room: Room) -> None:
    """Its due dates would be wrong; REQUEST NOW waits too."""
    room.orders((A, PARTY), now=True)
    room.office.time.jump(days=3)

    assert await room.look() == []
    assert room.states() == ["ordered"]


async def test_nobody_to_write_to_is_told_once_and_tried_again(room: Room) -> None:
    """A supplier without an address: ops hear of it once; a new contact list, and it is asked at the next sending time."""
    room.lists(Listing(2, PARTY, ContactKind.ESCALATION, BOSS))
    room.orders((A, PARTY), (B, "Nowhere Gas"))
    told = await room.look("Tue 2026-06-09 09:00")
    assert {one.kind for one in told} == {LetterKind.NOTICE}
    assert {one.subject for one in told} == {"No contact for Northern Energy: 1 device waits"}
    assert room.states() == ["waiting-contact", "waiting-contact"]
    assert await room.look("Wed 2026-06-10 09:00") == []

    room.lists(*LISTED, Listing(6, "Nowhere Gas", ContactKind.OPERATIONS, "ops@nowhere.example"))
    assert to(await room.look("Thu 2026-06-11 09:00")) == [("request", TO), ("request", "ops@nowhere.example")]


async def test_the_helpdesk_is_asked_on_a_members_word(room: Room) -> None:
    """Once a day, for a supplier for whom devices wait, by its name alone: no device stands in the letter."""
    ask = partial(requesting.contact, order=RequestContact("nowhere gas"))
    assert "please ask it by hand" in room.table.refuses(ask)
    room.office.with_policy(helpdesk="helpdesk@secas.example")
    assert "no device waits for a contact of that supplier, nor for any other" in room.table.refuses(ask)
    room.orders((A, "Nowhere Gas"))

    assert room.table.says(ask) == "helpdesk@secas.example is asked whom to write to at Nowhere Gas"
    assert "today already" in room.table.refuses(ask)
    (plan,) = room.letters()
    assert (plan.kind, plan.to, plan.content.rows) == (LetterKind.HELPDESK, "helpdesk@secas.example", ())


async def test_a_web_page_is_filled_in_by_hand(room: Room) -> None:
    """Ops get the sheet and a reference; the device is with them, and its party counts as asked."""
    room.orders((A, "Portal Gas"))
    told = await room.look("Tue 2026-06-09 09:00")

    assert {one.subject for one in told} == {"To ask by hand: 1 device of Portal Gas"}
    assert told[0].content.with_sheet
    (one,) = room.wants()
    assert (one.state, [a.party for a in one.asked]) == ("with-ops", ["Portal Gas"])
    reference = told[0].content.matters[0].reference
    close = partial(matters.close, order=Close("they sent it by letter", reference))
    assert "is closed (1 device)" in room.table.says(close)
    assert room.states() == ["closed"]


# The receipt ────────────────────────────────────────────────────────────────────────────────────────


def test_the_receipt_says_what_happens_with_each_supplier(room: Room) -> None:
    """To which address and when; or why not, and what would work."""
    room.office.with_policy(modes_by_party={"Silent Gas": Mode.OBSERVE})
    room.lists(*LISTED, Listing(6, "Silent Gas", ContactKind.MP121, "codes@silent.example"))
    rows = [(device(n), to) for n, to in enumerate((PARTY, "Portal Gas", "Silent Gas", "Nowhere Gas"), 10)]
    said = room.orders(*rows, (A, ""), (A, PARTY))

    assert said == "5 devices are ordered; 1 row cannot be taken, for the reasons below"
    happens = {row[0]: row[2] for row in room.table.pages[0].rows}
    assert happens[PARTY] == f"{TO} is asked Tue 9 Jun 2026, 09:00"
    assert "own web page" in happens["Portal Gas"]
    assert "the mode is observe" in happens["Silent Gas"]
    assert "nobody of that name is listed" in happens["Nowhere Gas"]
    assert room.table.pages[2].rows == (("line 6", A, "no supplier is named"),)
    assert "nothing is ordered: 1 row cannot" in room.orders((device(10), PARTY))
    assert "no device is named" in room.table.refuses(partial(requesting.request, order=Request()))


def test_a_name_that_nobody_is_listed_by_is_answered_with_the_nearest(room: Room) -> None:
    """A typing error is shown at once, with what puts it right; the device waits all the same."""
    room.orders((A, "Northen Enrgy"))

    (row,) = room.table.pages[0].rows
    assert row[2].startswith(
        "nobody of that name is listed, so it waits. Did you mean Northern Energy? Then WITHDRAW it"
    )
    assert room.states() == ["waiting-contact"]


def test_a_device_that_somebody_asks_of_us_is_one_matter(room: Room) -> None:
    """It is not asked for as well: the receipt names the thread, which a person must decide first."""
    thread = room.office.request()
    with room.parts.database.write() as connection:
        connection.execute(sa.delete(t.device))
    room.orders((thread.items[0].device_id, PARTY))

    ((_, _, why),) = room.table.pages[0].rows
    assert why.startswith(f"Northern Energy asks us for it in {thread.reference}: one matter")
    assert room.states() == []


# Chasing ────────────────────────────────────────────────────────────────────────────────────────────


async def test_nobody_is_chased_while_a_mail_lies_unread(room: Room) -> None:
    """Their answer may stand in it; nor where the mailbox was not looked at lately. Then once that day."""
    await room.asked(A)
    room.office.change(t.mail, sa.true(), state="kept")
    assert await room.look("Tue 2026-06-23 09:00") == []
    room.office.change(t.mail, sa.true(), state="settled")
    room.office.until("Tue 2026-06-23 10:00")
    await room.asking.once()
    assert len(room.letters()) == 1

    assert to(await room.look()) == [("chase", TO)]
    assert await room.look("Tue 2026-06-23 16:00") == []
    assert room.wants()[0].rung == "due-tomorrow 9"


@pytest.mark.parametrize("when", ["Tue 2026-06-23 07:59", "Tue 2026-06-23 18:00", "Mon 2026-06-22 09:00"])
async def test_nobody_is_chased_outside_office_hours_or_chase_days(room: Room, when: str) -> None:
    """A Monday is no chase day, before eight and after six nobody works."""
    await room.asked(A)

    assert await room.look(when) == []


@pytest.mark.parametrize("changes", [{"mode": Mode.OBSERVE}, {"paused": frozenset({PARTY})}])
async def test_a_pause_and_mode_observe_stop_the_chase(room: Room, changes: dict[str, Any]) -> None:
    """No letter, no rung used."""
    await room.asked(A)
    room.office.with_policy(**changes)

    assert await room.look("Tue 2026-06-23 09:00") == []
    assert room.wants()[0].rung == ""


async def test_chase_by_order(room: Room) -> None:
    """Before the day it only reminds, after it it calls late; not twice in a day, and the ladder keeps quiet that day."""
    inquiry = await room.asked(A, B)
    order = partial(inquiries.chase, order=ChaseNow(inquiry.reference))
    assert room.table.says(order) == f"{TO} is reminded of 2 devices of {inquiry.reference} now"
    assert "chased today already" in room.table.refuses(order)
    assert (room.letters()[-1].content.rung, room.states()) == ("due-tomorrow", ["asked", "asked"])

    room.office.until("Thu 2026-06-25 08:30")
    room.table.says(order)
    assert (room.letters()[-1].content.rung, room.states()) == ("overdue", ["overdue", "overdue"])
    assert await room.look("Thu 2026-06-25 09:00") == []


async def test_escalate_by_order(room: Room) -> None:
    """The escalation contact is written to now, in the thread; what is asked of us cannot be escalated."""
    inquiry = await room.asked(A)
    said = room.table.says(partial(inquiries.escalate, order=Escalate(inquiry.reference)))

    assert said == f"{BOSS} is asked to see to 1 device of {inquiry.reference} now"
    plan = room.letters()[-1]
    assert (plan.kind, plan.to, plan.content.rung, plan.seq) == (LetterKind.CHASE, BOSS, "escalation", 2)
    assert plan.in_reply_to == inquiry.message_ids[0]
    assert room.states() == ["escalated"]
    theirs = room.office.request()
    assert "no inquiry of ours" in room.table.refuses(partial(inquiries.escalate, order=Escalate(theirs.reference)))


async def test_wait_holds_back_what_was_foretold(room: Room) -> None:
    """Ops hear of an escalation the working day before, and put it off; it is foretold anew before it comes."""
    inquiry = await room.asked(A)
    for day in ("Tue 2026-06-23", "Thu 2026-06-25"):
        await room.look(f"{day} 09:00")
    told = await room.look("Mon 2026-06-29 09:00")
    assert {one.subject for one in told} == {"On Tue 30 Jun 2026 we escalate to Northern Energy: 1 device"}

    wait = partial(matters.wait, order=Wait(room.parts.clock.now().date().replace(month=7, day=1), inquiry.reference))
    assert "is not chased" in room.table.says(wait)
    assert await room.look("Tue 2026-06-30 09:00") == []
    await room.look("Wed 2026-07-01 09:00")
    assert all(one.to != BOSS for one in room.letters())


async def test_withdraw_tells_whoever_was_asked(room: Room) -> None:
    """One line to the address that was asked; what nobody was asked for goes quietly; a second time there is nothing."""
    inquiry = await room.asked(A)
    room.orders((B, PARTY))
    order = partial(inquiries.withdraw, order=Withdraw(A, "customer left"))

    assert f"{TO} is told in one line" in room.table.says(order)
    plan = room.letters()[-1]
    assert (plan.kind, plan.to, plan.reference) == (LetterKind.TAKEN_BACK, TO, inquiry.reference)
    assert "customer" not in PLAN.dump_json(plan).decode()
    assert "it is withdrawn" in room.table.refuses(order)
    assert "nobody owed us" in room.table.says(partial(inquiries.withdraw, order=Withdraw(B, "a mistake")))
    assert "never ordered" in room.table.refuses(partial(inquiries.withdraw, order=Withdraw(C, "a mistake")))
    assert room.states() == ["withdrawn", "withdrawn"]


async def test_request_again_says_what_it_cannot_do(room: Room) -> None:
    """Never ordered, nothing came, nothing named, nobody to write to: nothing changes, and what would work is said."""
    inquiry = await room.asked(A, B)
    room.answered(room.wants()[0])

    def refused(**what: Any) -> str:
        return room.table.refuses(partial(again.request_again, order=RequestAgain(**what)))

    assert "was never ordered; REQUEST" in refused(devices=(C,))
    assert f"no code came for {B}: it is asked" in refused(devices=(A, B))
    assert "which devices?" in refused()
    assert "line 2 is no Device ID" in refused(devices=(A,), rows=(OrderedRow("line 2", "the others too"),))
    assert "is no inquiry of ours" in refused(ref="IC-7F3K2Q9D")
    room.lists(Listing(2, PARTY, ContactKind.ESCALATION, BOSS))
    assert "has no address that we may write to" in refused(devices=(A,))
    room.lists(Listing(5, "Portal Gas", ContactKind.MP121, WEB))
    assert f"{PARTY} is not in the contact list any more" in refused(devices=(A,))
    assert room.states() == ["answered", "asked"]

    room.lists(*LISTED)
    room.office.with_policy(paused=frozenset({PARTY}))
    assert "are paused; RESUME" in refused(devices=(A,))
    room.office.with_policy(paused=frozenset())
    said = room.table.says(partial(again.request_again, order=RequestAgain(ref=inquiry.reference)))
    assert (
        f"{TO} is told now that the code of 1 device of {inquiry.reference} does not work, and asked for it again"
        in said
    )
    assert "no code came in" in refused(ref=inquiry.reference)
    assert room.states() == ["asked", "queried"]
    room.table.says(partial(status.status, order=Status(inquiry.reference)))
    assert f"its code does not work, said {ANN}; they were asked again" in str(room.table.pages)


async def test_close_takes_back_a_letter_that_had_not_gone(room: Room) -> None:
    """Nothing of it is open any more, and nobody is chased; a second CLOSE says how it ended."""
    inquiry = await room.asked(A, B)
    order = partial(matters.close, order=Close("settled by telephone", inquiry.reference))

    said = room.table.says(order)
    assert f"{inquiry.reference} is closed (2 devices)" in said
    assert "a letter that had not gone yet will not go" in said
    assert "nothing of" in room.table.refuses(order)
    assert await room.look("Tue 2026-06-23 09:00") == []


async def test_status_of_an_inquiry(room: Room) -> None:
    """Its devices and what happened, without a code."""
    inquiry = await room.asked(A)
    said = room.table.says(partial(status.status, order=Status(inquiry.reference)))

    assert said == f"how {inquiry.reference}, which we asked of Northern Energy, stands is shown below"
    head, devices, happened = room.table.pages
    assert ("Stands", "1 device asked") in head.rows
    assert devices.rows == ((A, "asked", "Tue 23 Jun 2026", ""),)
    assert happened.lines == (f"Tue 9 Jun 2026, 09:00: our request to {TO}: pending",)


async def test_status_shows_what_we_ask(room: Room) -> None:
    """All of it in a row, what mode observe leaves ordered too; and one device with whom it was asked of."""
    show = partial(status.status, order=Status())
    room.table.says(show)
    assert all(row[0] != "We ask" for row in room.table.pages[0].rows)
    inquiry = await room.asked(A, B)
    room.orders((C, "Portal Gas"))
    room.table.says(show)
    assert ("We ask", "1 device ordered, 1 supplier", "2 devices asked, 1 supplier") in room.table.pages[0].rows

    said = room.table.says(partial(status.status, order=Status(device=A)))
    assert said == f"how {A} stands, which we want the code of, is shown below"
    rows = room.table.pages[0].rows
    assert ("Supplier", PARTY, inquiry.reference) in rows
    assert ("Asked", f"{PARTY}, Tue 9 Jun 2026") in rows


async def test_lists_show_what_we_ask_too(room: Room) -> None:
    """What is open of it, what is late, and what waits for a person: a contact is missing, or it is back with ops."""

    def rows(which: orders.Listing) -> set[tuple[str, ...]]:
        room.table.says(partial(lists.list_of, order=ListOf(which)))
        return {row for page in room.table.pages for row in page.rows}

    inquiry = await room.asked(A, B)
    room.orders((C, "Nobody Energy"))
    await room.look()
    asked = (inquiry.reference, "Tue 23 Jun 2026", PARTY, "2 devices asked")
    nobody = ("", "", "Nobody Energy", "1 device waiting for a contact")

    assert rows(orders.Listing.OPEN) == {asked, nobody}
    assert rows(orders.Listing.HELD) == {nobody}
    assert rows(orders.Listing.OVERDUE) == set()


async def test_what_was_asked_by_hand_is_chased_from_its_own_day(room: Room) -> None:
    """ADOPT: no request goes; the ladder counts from each row's own day. A row without day, or a stranger's, is named."""
    sheet = Table(
        Source.CSV,
        "old.csv",
        (
            ("device_id", "losing_supplier", "asked_on", "MPAN"),
            (A, PARTY, "2026-05-26", "2000012345672"),
            (B, PARTY, "", ""),
            (C, "Nowhere Gas", "2026-05-26", ""),
            (device(4), PARTY, "2026-06-26", ""),
        ),
    )
    said = room.table.says(lambda desk: adopting.adopt(_with_sheet(desk, sheet)))

    assert said == "1 device is adopted, and chased when due; 3 rows cannot be taken, for the reasons below"
    ((reference, party, count, asked, due),) = room.table.pages[0].rows
    assert (party, count, asked, due) == (PARTY, "1", "Tue 26 May 2026", "Tue 9 Jun 2026")
    assert room.table.pages[1].title == "Not adopted"
    assert [row[2].split(":")[0] for row in room.table.pages[1].rows] == [
        "asked_on is missing",
        "nobody called Nowhere Gas is listed; CONTACTS first",
        "it was not asked on Fri 26 Jun 2026, which is still to come",
    ], "in the order of the sheet"
    (plan,) = await room.look("Tue 2026-06-09 09:00")
    assert (plan.kind, plan.to, plan.reference, plan.in_reply_to) == (LetterKind.CHASE, TO, reference, "")


def _with_sheet(desk: OpsDesk, sheet: Table) -> OpsDesk:
    """The same desk, the sheet attached to the mail in hand."""
    facts = desk.case.facts
    desk.case = replace(desk.case, facts=replace(facts, mail=replace(facts.mail, tables=(sheet,))))
    return desk


# Codes ──────────────────────────────────────────────────────────────────────────────────────────────

CARA = "cara@losing.example"


async def test_codes_go_to_the_code_recipients_with_what_is_missing(room: Room) -> None:
    """Letter and mark are one commit; the plan holds no code, only which want's it will carry."""
    await room.asked(A, B)
    room.office.with_policy(team=(*TEAM, Member(CARA, frozenset({Role.CODE_RECIPIENT}))))
    room.answered(room.wants()[0])
    (plan,) = await room.look()

    assert (plan.kind, plan.to, plan.party) == (LetterKind.RESULT, CARA, "")
    assert (plan.content.missing, plan.result_wants) == (1, (room.wants()[0].id,))
    assert room.wants()[0].handed_over
    assert await room.look() == []


async def test_without_anybody_to_be_sent_codes_ops_hear_of_it_once_a_day(room: Room) -> None:
    """The code stays sealed and is not handed over until somebody is listed."""
    await room.asked(A)
    room.answered(room.wants()[0])
    told = await room.look()
    assert {one.subject for one in told} == {"Nobody may be sent the codes that were answered since Tue 9 Jun 2026"}
    assert await room.look() == []
    assert not room.wants()[0].handed_over

    room.office.with_policy(team=(*TEAM, Member(CARA, frozenset({Role.CODE_RECIPIENT}))))
    assert to(await room.look()) == [("result", CARA)]


async def test_a_hand_over_folder_takes_the_place_of_the_letter(room: Room, tmp_path: Path) -> None:
    """A whole file for its owner alone, once; each opening is in the audit trail, no code is."""
    await room.asked(A)
    rulebook = room.parts.settings.rulebook.model_copy(update={"hand_over_folder": tmp_path / "codes"})
    room.parts.settings = room.parts.settings.model_copy(update={"rulebook": rulebook})
    room.answered(room.wants()[0])
    with pytest.raises(Unavailable, match="takes no file"):
        await room.look()
    assert not room.wants()[0].handed_over
    (tmp_path / "codes").mkdir()

    assert await room.look() == []
    (file,) = (tmp_path / "codes").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    heading, row = list(csv.reader(file.read_text("utf-8").splitlines()))
    assert dict(zip(heading, row, strict=True))["install_code"] == "83FE D340 7A93 9723 A5C6 39B2 6916 D505"
    assert room.wants()[0].handed_over
    trail = room.office.trail()
    assert sum("code-opened" in line for line in trail) == 1
    assert "83FE" not in str(trail)


# REPORT, EVIDENCE and the overview ──────────────────────────────────────────────────────────────────


def page_of(room: Room, title: str) -> dict[str, tuple[str, ...]]:
    """The rows of the one page whose title begins so, by their first cell."""
    (found,) = [page for page in room.table.pages if page.title.startswith(title)]
    return {row[0]: row[1:] for row in found.rows}


async def test_the_report_sums_what_we_asked(room: Room) -> None:
    """Ordered, asked, how fast the codes came, what else was said, and how the rest stands; nothing where we never asked."""

    def show(desk: OpsDesk) -> str:
        return reporting.report(desk, Report())

    room.table.says(show)
    assert not [page for page in room.table.pages if page.title == "What we asked of others"]
    await room.asked(A, B, C)
    one, two, _ = room.wants()
    room.office.until("Thu 2026-06-11 09:00")
    room.answered(one)
    promised = {"party": PARTY, "changed": {two.device_id: "promised", one.device_id: "answered"}}
    with room.parts.database.write() as connection:
        wants.change(connection, [two.move(WantEvent.PROMISE)])
        audit.append(
            connection, room.parts.vault, [audit.Entry(room.parts.clock.now(), "answer-received", "mail:1", promised)]
        )
    room.table.says(show)

    assert page_of(room, "What we asked of others") == {
        "Ordered": ("3 devices",),
        "Asked": ("1 request to 1 supplier",),
        "Codes came": ("for 1 device", "half within 2 working days, all within 2 working days"),
        "Else heard": ("1 device promised",),
        "Open now": ("1 device asked, 1 supplier", "1 device promised, 1 supplier"),
    }
    room.office.until("Mon 2026-07-13 09:00")
    room.table.says(show)
    assert set(page_of(room, "What we asked of others")) == {"Open now"}


async def test_the_evidence_on_an_inquiry_holds_everything(room: Room) -> None:
    """Who ordered it, every letter with the gate's conditions, who was given the codes, and the audit entries."""
    room.office.with_policy(team=(*TEAM, Member(CARA, frozenset({Role.CODE_RECIPIENT}))))
    inquiry = await room.asked(A, B)
    room.answered(room.wants()[0])
    (result,) = await room.look()
    ids = dict(room.table.rows(sa.select(t.letter.c.kind, t.letter.c.id)))
    now = room.parts.clock.now()
    opened = [
        audit.Entry(now, "code-opened", f"device:{A}", detail)
        for detail in ({"letter": ids["result"], "to": CARA}, {"to": "folder"}, {"letter": 999, "party": "West Energy"})
    ]
    with room.parts.database.write() as connection:
        audit.append(connection, room.parts.vault, opened)
    said = room.table.says(partial(evidence.evidence, order=Evidence(inquiry.reference)))

    assert (said, result.kind) == (f"the evidence on {inquiry.reference} is shown below", LetterKind.RESULT)
    head = page_of(room, "Evidence on")
    assert head["Asked of"][0] == f"{PARTY}, {TO}"
    assert head["Ordered by"][0].startswith(f"{ANN} in mail ")
    assert head["Traffic"] == ("0 mails in, 2 letters out",)
    assert [title for page in room.table.pages if (title := page.title).startswith("Out: ")] == [
        f"Out: letter {ids['request']}",
        f"Out: letter {ids['result']}",
    ]
    out = page_of(room, f"Out: letter {ids['result']}")
    assert (out["Kind"], out["To"]) == (("result, with 1 code",), (CARA,))
    trail = [cells for cells in page_of(room, "Audit trail").values() if "code-opened" in cells[0]]
    assert [cells[2] for cells in trail] == [f"letter: {ids['result']}; to: {CARA}", "to: folder"]
    assert "83FE" not in str(room.table.pages)
    assert room.table.detail("evidence-shown")["member"] == ANN


async def test_the_overview_shows_what_we_ask(room: Room) -> None:
    """Devices by how they stand, codes that nobody was given yet, and each inquiry with its due date."""
    inquiry = await room.asked(A, B)
    room.orders((C, "Portal Gas"))
    room.answered(room.wants()[0])
    with room.parts.database.read() as connection:
        picture = overview(connection, room.parts.policy, "x@losing.example", room.parts.clock.now())

    assert picture.wanted == {"asked": 1, "ordered": 1, "to hand over": 1}
    assert [(one.reference, one.party, one.devices) for one in picture.inquiries] == [
        (inquiry.reference, PARTY, 1),
        ("", "Portal Gas", 1),
    ]


async def test_thousands_of_devices_are_one_letter(room: Room) -> None:
    """A backlog goes as one letter; every device is kept and asked."""
    receipt = _receipt(room, 3_000)
    with room.parts.database.write() as connection:
        wants.add(connection, receipt.wants)
    (plan,) = await room.look("Tue 2026-06-09 09:00")

    assert len(plan.content.rows) == 3_000
    with room.parts.database.read() as connection:
        assert len(wants.waiting(connection, PARTY)) == 3_000


def _receipt(room: Room, count: int) -> ordering.Receipt:
    rows = [OrderedRow(f"row {n}", device(n), PARTY) for n in range(1, count + 1)]
    order = ordering.Order(ANN, 1, room.parts.clock.now(), urgent=False)
    with room.parts.database.write() as connection:
        values = {"id": 1, "raw_sha": "order", "arrived": 0, "kept_at": 0, "size": 1, "state": "settled"}
        connection.execute(sa.insert(t.mail).values(**values))
        book = contacts.book(connection)
    found = ordering.checked(rows, replace(order, mail_id=1).at.date())
    return ordering.weigh(found, ordering.Known(), book, room.parts.policy, order)
