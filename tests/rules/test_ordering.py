"""Orders of our team as people write them, row by row: what is taken, what is refused and in which words."""

from datetime import date, timedelta
from typing import Any

import pytest

from daemon.mail.message import Source, Table
from daemon.rules.asking import ordering
from daemon.rules.asking.ordering import Checked, Crossed, Known, Order, Receipt
from daemon.rules.commands import order_rows
from daemon.rules.commands.orders import OrderedRow
from daemon.rules.facts import DeviceRecord
from daemon.rules.thread import Outcome
from daemon.rules.wanting import AskedParty, Want, WantState
from tests.growth import grows_evenly
from tests.rules import cases
from tests.rules.cases import BOOK, MEMBER, NOW, A, B, device

TODAY = date(2026, 6, 8)
NORTH, SOUTH = "Northern Energy", "Southern Power"
MPAN = "2000012345672"


def weighed(rows: Any, known: Known | None = None, **policy: Any) -> Receipt:
    """What becomes of these rows."""
    order = Order(MEMBER, 7, NOW, urgent=False)
    return ordering.weigh(ordering.checked(rows, TODAY), known or Known(), BOOK, cases.policy(**policy), order)


def lines(text: str) -> tuple[OrderedRow, ...]:
    """The rows in the lines of a mail, the first of them line 2."""
    return order_rows.text_rows(list(enumerate(text.strip().split("\n"), 2)))


def sheet(*rows: tuple[str, ...], source: Source = Source.CSV) -> list[OrderedRow]:
    """The rows of a sheet."""
    return order_rows.sheet_rows([Table(source, "orders.csv", rows)])


def want(**changes: Any) -> Want:
    """What we ordered of Northern Energy last week."""
    fields: dict[str, Any] = {
        "device_id": A,
        "ordered_by": MEMBER,
        "ordered_at": NOW - timedelta(days=7),
        "order_mail_id": 3,
        "losing_supplier": NORTH,
        "party": NORTH,
        "id": 1,
    }
    return Want(**(fields | changes))


def record(device_type: str = "ESME", installer: str = "", **changes: Any) -> DeviceRecord:
    """Our record of the first device."""
    fields: dict[str, Any] = {"status": "", "gaining_supplier": "", "has_code": True}
    return DeviceRecord(A, device_type, installer, **(fields | changes))


# How rows are written ───────────────────────────────────────────────────────────────────────────────

DAY = date(2026, 6, 19)
WRITTEN = [
    (f"{A} NORT", (NORTH, "", None)),
    (f"{A} northern energy", (NORTH, "", None)),
    (f"{A}, Northern Energy", (NORTH, "", None)),
    (f"{A} - NORT", (NORTH, "", None)),
    (f"{A}: NORT", (NORTH, "", None)),
    (f"{A}   NORT   SOUT   2026-06-19", (NORTH, SOUTH, DAY)),
    (f"{A};NORT;;19/06/2026", (NORTH, "", DAY)),
    (f"{A} NORT SOUT", (NORTH, SOUTH, None)),
    (f"{A} Northern Energy Southern Power 2026-06-19", (NORTH, SOUTH, DAY)),
    (f"{A} NORT needed by 19/06/2026", (NORTH, "", DAY)),
    (f"{A} NORT needed by Friday 19 June", (NORTH, "", DAY)),
    (f"{A} Northern Energy by 19 June please", (NORTH, "", DAY)),
    (f"{A} NORT (needed by 19 June)", (NORTH, "", DAY)),
    (f"{A} NORT, urgent please", (NORTH, "", None)),
    (f"{A} Thanks", ("Thanks", "", None)),
    (f"* {A} NORT", (NORTH, "", None)),
    (f"1. {A} NORT", (NORTH, "", None)),
    (f"{A} NORT thanks!", (NORTH, "", None)),
    (f"{A} Nowhere Gas needed by 19 June", ("Nowhere Gas", "", DAY)),
    (f"{A} Taken by Storm", ("Taken by Storm", "", None)),
    (f"{A.replace('-', '').lower()} | NORT", (NORTH, "", None)),
    (f"{A.replace('-', ':')} NORT", (NORTH, "", None)),
    (f"{A} NORT {MPAN}", (NORTH, "", None)),
    (f"{A} Northern Energy Scotland", ("Northern Energy Scotland", "", None)),
    (f"{A} Nowhere Gas", ("Nowhere Gas", "", None)),
    (f"{A},NORT,,,{MPAN},12 High Street", (NORTH, "", None)),
]


@pytest.mark.parametrize(("line", "meant"), WRITTEN)
def test_a_row_of_text(line: str, meant: tuple[str, str, date | None]) -> None:
    """Device, supplier, and where written the installer and a day; a longer name than one we know is another supplier."""
    (one,) = weighed(lines(line)).wants

    assert one.device_id == A
    assert (one.losing_supplier, one.installing_supplier, one.needed_by) == meant


def test_text_with_headings_is_read_as_a_sheet() -> None:
    """Pasted out of a CSV, the columns in another order: by their headings."""
    receipt = weighed(lines(f"mpan,losing supplier,device id\n{MPAN},NORT,{A}\n{MPAN},SOUT,{B}"))

    assert [(w.device_id, w.party) for w in receipt.wants] == [(A, NORTH), (B, SOUTH)]
    assert MPAN not in repr(receipt)


@pytest.mark.parametrize(
    "headings",
    [
        ("device_id", "losing_supplier", "installing_supplier", "needed_by"),
        ("Device ID", "Losing Supplier", "Installing Supplier", "Needed By"),
        ("GUID", "Old supplier", "Installer", "Required by"),
        ("EUI-64", "Supplier MPID", "Installed by", "Deadline"),
        ("deviceId", "losingSupplier", "installingSupplier", "neededBy"),
        ("ESME ID", "Previous supplier name", "Original Supplier", "Due by date"),
    ],
)
def test_headings_as_people_write_them(headings: tuple[str, ...]) -> None:
    """The four columns in any of the usual spellings, below a title, with columns that mean nothing here."""
    title, cells = ("Orders for June",), (A, "NORT", "SOUT", "2026-06-19")
    (one,) = weighed(sheet(title, ("MPAN", *headings), (MPAN, *cells))).wants

    assert (one.party, one.installing_supplier, one.needed_by) == (NORTH, SOUTH, DAY)


def test_a_sheet_without_our_columns_has_no_rows() -> None:
    """No supplier, no device, or two columns that may both be the supplier: nobody guesses."""
    assert sheet(("device_id", "mpan"), (A, MPAN)) == []
    assert sheet(("losing_supplier",), ("NORT",)) == []
    assert sheet(("device_id", "supplier", "old supplier"), (A, "NORT", "SOUT")) == []
    assert sheet(("device_id", "losing_supplier"), (A, "NORT"), source=Source.HTML) == []


PASTED = [
    ((("Device ID", "Losing supplier"), (A, "NORT"), (B, "SOUT")), ""),
    ((("MPAN", "Supplier", "GUID"), (MPAN, "NORT", A), (MPAN, "SOUT", B)), ""),
    (((A, "NORT"), (B, "SOUT", "NORT", "2026-06-19")), ""),
    (((A, "NORT"), (B, "SOUT")), f"{A}\nNORT\n{B}\nSOUT"),
    (((A, "Northern Energy"), (B, "Southern Power")), f"{A}\nNorthern Energy\n{B}\nSouthern Power"),
    (((A, "NORT"), (B, "SOUT")), f"{A}\tNORT\n{B}\tSOUT"),
    (((A, "NORT"),), f"{A}\n\nNORT\n\n{B} SOUT"),
    (((B, "SOUT"),), f"{A} NORT"),
]


@pytest.mark.parametrize(("cells", "text"), PASTED)
def test_a_table_pasted_into_the_mail(cells: tuple[tuple[str, ...], ...], text: str) -> None:
    """With headings or in our order, beside a text part that holds it as rows, as cells, or not at all: each device once."""
    rows = order_rows.with_pasted(lines(text) if text else (), [Table(Source.HTML, "table 1", cells)])
    receipt = weighed([row for row in rows if row.device])

    assert sorted((w.device_id, w.party) for w in receipt.wants) == [(A, NORTH), (B, SOUTH)]
    assert receipt.refused == ()


def test_of_a_pasted_table_every_bad_row_is_named() -> None:
    """By the table and the row; a table that is no order has none."""
    cells = ((A, "NORT"), ("1.2E+15", "NORT"), (B, ""))
    refused = weighed(order_rows.with_pasted((), [Table(Source.HTML, "table 1", cells)])).refused
    assert [one.where for one in refused] == ["table 1, row 2", "table 1, row 3"]
    strange = (("Device ID", "Customer"), (A, "Ada Bloggs"))
    assert order_rows.with_pasted((), [Table(Source.HTML, "table 1", strange)]) == []
    assert order_rows.with_pasted((), [Table(Source.FORWARDED, "table 1", cells)]) == []


# What is refused ────────────────────────────────────────────────────────────────────────────────────

IN_TEXT = [
    ("1.2E+15 NORT", "a spreadsheet changed this number"),
    ("00-DB-12-34-56-78-90 NORT", "has 14"),
    (f"{MPAN} NORT", "this looks like an MPAN"),
    (f"{A}", "no supplier is named"),
    (f"{A} OURS", "the supplier named is ourselves"),
    (f"{A} NORT, , soon", "a day in it cannot be read"),
    (f"{A} NORT needed by the end of the week", "a day in it cannot be read"),
    (f"{A} NORT who lost it in May", "more than a name"),
    (f"{A} NORT needed soon", "more than a name"),
    (f"{A} is the meter next door", "more than a name"),
    (f"{A} Ada Bloggs 12 High Street", "more than a name"),
    (f"{A} Ada Bloggs {MPAN} Bloggs", "more than a name"),
    (f"{A} Ada.Bloggs@home.example", "more than a name"),
    (f"{A}, {'very ' * 20}long", "more than a name"),
]


@pytest.mark.parametrize(("line", "why"), IN_TEXT)
def test_a_bad_row(line: str, why: str) -> None:
    """It is named with its line and what is wrong, it holds up no other, and nothing of a person is repeated."""
    receipt = weighed(lines(f"{line}\n{B} NORT"))

    assert [w.device_id for w in receipt.wants] == [B]
    (refused,) = receipt.refused
    assert refused.where == "line 2"
    assert why in refused.why
    for personal in (MPAN, "Bloggs", "High Street"):
        assert personal not in repr(receipt)


IN_RECORDS = [
    (Known(records={A: record()}), "in our own inventory: we installed it, and we hold its code"),
    (Known(records={A: record(has_code=False)}), "but we hold no code for it"),
    (Known(records={A: record(installer="OURS")}), "in our own inventory"),
    (Known(records={A: record("GPF", "NORT", linked_gsme=B)}), f"a GPF, which has no install code; its GSME is {B}"),
    (Known(records={A: record("CHF")}), "a CHF, which has no install code; order its GSME"),
    (Known(crossed={A: Crossed(SOUTH, "IC-7F3K2Q9D")}), "Southern Power asks us for it in IC-7F3K2Q9D: one matter"),
    (Known(wants={A: want()}), f"{MEMBER} ordered it on Mon 1 Jun 2026 already"),
    (Known(wants={A: want()}), "has not been asked yet; WITHDRAW it to ask somebody else"),
    (
        Known(
            wants={A: want(state=WantState.OVERDUE, case_id="c", asked=(AskedParty(NORTH, NOW - timedelta(days=6)),))},
            references={"c": "IC-7F3K2Q9D"},
        ),
        "Northern Energy has been asked for it since Tue 2 Jun 2026 in IC-7F3K2Q9D; it is overdue",
    ),
    (Known(wants={A: want(state=WantState.ANSWERED, answered_at=NOW)}), "answered with its code on Mon 8 Jun 2026"),
    (
        Known(wants={A: want(state=WantState.CLOSED, asked=(AskedParty(NORTH, NOW, Outcome.NO_CODE_HELD),))}),
        "Northern Energy was asked on Mon 8 Jun 2026, and answered NO-CODE-HELD",
    ),
]


@pytest.mark.parametrize(("known", "why"), IN_RECORDS)
def test_what_our_records_say_of_it(known: Known, why: str) -> None:
    """Ours, of a type without code, asked for already, or asked of us: refused, and says where it stands."""
    receipt = weighed(lines(f"{A} NORT"), known)

    assert receipt.wants == ()
    assert why in receipt.refused[0].why


@pytest.mark.parametrize(
    "known",
    [
        Known(records={A: record(installer="SOUT")}),
        Known(wants={A: want(state=WantState.WITHDRAWN, asked=(AskedParty(NORTH, NOW),))}),
        Known(wants={A: want(state=WantState.CLOSED, asked=(AskedParty(SOUTH, NOW, Outcome.NOT_INSTALLER),))}),
    ],
)
def test_what_may_be_ordered_again(known: Known) -> None:
    """A device that another supplier installed, one taken back before, one that somebody else had not."""
    assert weighed(lines(f"{A} NORT"), known).refused == ()


def test_a_device_twice_in_a_mail_counts_once() -> None:
    """The second row is named with the first one's line, and with whether it says the same."""
    receipt = weighed(lines(f"{A} NORT\n{A} nort\n{A} SOUT"))

    assert [w.party for w in receipt.wants] == [NORTH]
    assert [r.why for r in receipt.refused] == [
        "it stands on line 2 already",
        "it stands on line 2 already, with another supplier",
    ]


def test_whom_an_order_goes_to() -> None:
    """The losing supplier; where that is ourselves the installing one; an unknown one waits for a contact."""
    receipt = weighed(lines(f"{A}, OURS, SOUT\n{B}, Nowhere Gas"))

    assert [(w.party, w.state) for w in receipt.wants] == [
        (SOUTH, WantState.ORDERED),
        ("Nowhere Gas", WantState.WAITING_CONTACT),
    ]
    assert [(w.ordered_by, w.order_mail_id, w.ordered_at) for w in receipt.wants] == [(MEMBER, 7, NOW)] * 2


def test_fifty_thousand_rows_are_taken() -> None:
    """A backlog in one sheet, with its MPANs and its two suppliers: all of it, and a row costs no more for the others."""
    heading = ("MPAN", "device_id", "losing_supplier", "needed_by")
    rows = [(MPAN, device(n), ("NORT", "Southern Power")[n % 2], "2026-06-19") for n in range(1, 50_001)]
    assert len(weighed(sheet(heading, *rows)).wants) == 50_000
    assert grows_evenly(lambda size: weighed(sheet(heading, *rows[:size])), 20_000)


def test_nothing_found_is_nothing_ordered() -> None:
    """No rows, no wants."""
    assert ordering.checked((), TODAY) == Checked((), ())
