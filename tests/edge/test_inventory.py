"""The record of devices: what an import makes of it, what it refuses, and that no code is ever seen."""

import hashlib
import itertools
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from daemon.edge import audit, inventory
from daemon.edge.database import Database
from daemon.edge.inventory import load as inventory_load
from daemon.edge.inventory import rows as inventory_rows
from daemon.edge.inventory.load import Wish
from daemon.edge.sheets import imports
from daemon.edge.sheets.cells import Fault
from daemon.edge.sheets.imports import Summary
from daemon.edge.vault import Vault
from daemon.errors import ImportRefused, SealBroken, Unavailable
from daemon.rules.identifiers import DeviceId, canonical, crc, grouped, install_code
from tests.edge.test_imports import workbook

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ID = "00-DB-12-34-56-78-90-A0"
OTHER = "FF-DB-12-34-56-78-90-A1"
CODE = "83FED3407A939723A5C639B26916D505"
HEADING = "device_id,device_type,install_code,installing_supplier,installed_on,status,gaining_supplier,linked_gsme"


def load(store: Database, vault: Vault, path: Path, wish: Wish | None = None, now: datetime = NOW) -> Summary:
    """The import, as the command does it."""
    sheet = imports.open_sheet(path, inventory_rows.COLUMNS)
    return inventory_load.load(store, vault, sheet, wish or Wish(), now=now, progress=lambda _: None)


def sheet(folder: Path, *rows: str, heading: str = HEADING) -> Path:
    """An inventory file."""
    path = folder / "inventory.csv"
    path.write_text("\n".join((heading, *rows)) + "\n", "utf-8")
    return path


def records(store: Database, *devices: str) -> dict[str, tuple[object, ...]]:
    """What is held of `devices`, flat."""
    with store.read() as connection:
        found = inventory.lookup(connection, [DeviceId(one) for one in devices])
    return {
        one: (r.device_type, r.installing_supplier, r.status, r.gaining_supplier, r.has_code, r.linked_gsme)
        for one, r in found.items()
    }


def opened(store: Database, vault: Vault, *devices: str) -> dict[str, str]:
    """The codes of `devices` as hex."""
    with store.read() as connection:
        codes = inventory.open_codes(connection, vault, [DeviceId(one) for one in devices])
    return {one: code.reveal().hex().upper() for one, code in codes.items()}


def device(number: int) -> str:
    """An invented device; high numbers have the sign bit."""
    return canonical(f"{(number * 0x9E3779B97F4A7C15) % (1 << 64):016X}")


def code(number: int) -> str:
    """An invented code."""
    return hashlib.sha256(b"%d" % number).hexdigest()[:32].upper()


def counts(summary: Summary) -> tuple[int, int, int, int]:
    """(added, changed, unchanged, gone)."""
    return summary.added, summary.changed, summary.unchanged, summary.gone


# What is taken ──────────────────────────────────────────────────────────────────────────────────────


def test_a_row_becomes_a_record(database, vault, tmp_path) -> None:
    """Every column is kept in its exact form, and the code opens for its device alone."""
    path = sheet(
        tmp_path,
        f"{ID.lower()},esme,{CODE},NWND,03/11/2025,INSTALLED_NOT_COMMISSIONED,Harbour Power,",
        f"{OTHER},GPF,,Old Mill,2025-11-04,,,{ID}",
    )
    summary = load(database, vault, path)

    assert counts(summary) == (2, 0, 0, 0)
    assert records(database, ID, OTHER, device(5)) == {
        ID: ("ESME", "NWND", "InstalledNotCommissioned", "Harbour Power", True, ""),
        OTHER: ("GPF", "Old Mill", "", "", False, ID),
    }
    assert opened(database, vault, ID, OTHER) == {ID: CODE}
    with database.read() as connection:
        days = connection.execute(text("SELECT installed_on FROM device ORDER BY device_id")).scalars().all()
        assert [str(day) for day in days] == ["2025-11-04", "2025-11-03"]
        assert inventory.taken_at(connection) == NOW
        assert inventory.size(connection) == 2


def test_only_the_device_id_is_needed(database, vault, tmp_path) -> None:
    """A list of our devices alone is an inventory."""
    load(database, vault, sheet(tmp_path, ID, heading="Device ID"))

    assert records(database, ID) == {ID: ("", "", "", "", False, "")}


def test_a_workbook_is_an_inventory_too(database, vault, tmp_path) -> None:
    """XLSX goes the same way, its days and codes as a person typed them."""
    path = workbook(
        tmp_path / "inventory.xlsx",
        [["Install Code", "Device ID", "Installed On"], [f"{CODE[:4]} " + CODE[4:], ID, "03/11/2025"]],
    )
    load(database, vault, path)

    assert opened(database, vault, ID) == {ID: CODE}


CODE_FORMS = [
    CODE,
    CODE.lower(),
    grouped(install_code(CODE)),
    grouped(install_code(CODE)).replace(" ", "-"),
    f"0x{CODE}",
    f" {CODE} ",
    CODE + crc(bytes.fromhex(CODE)).hex(),
    grouped(install_code(CODE)) + " C3B5",
]


@pytest.mark.parametrize("form", CODE_FORMS)
def test_codes_in_every_form(form) -> None:
    """A code counts in plain, grouped and prefixed form, with its CRC where that fits."""
    assert inventory_rows.code_of(form) == bytes.fromhex(CODE)


@pytest.mark.parametrize(
    ("form", "number"),
    [
        ("00-DB-12-34-56-78-90-A0", 0x00DB1234567890A0),
        ("00db1234567890a0", 0x00DB1234567890A0),
        ("0x00DB1234567890A0", 0x00DB1234567890A0),
        ("00:DB:12:34:56:78:90:A0", 0x00DB1234567890A0),
        ("00 DB 12 34 56 78 90 A0", 0x00DB1234567890A0),
        (" 00-DB-12-34-56-78-90-A0 ", 0x00DB1234567890A0),
        ("80-00-00-00-00-00-00-00", -(1 << 63)),
        ("FF-FF-FF-FF-FF-FF-FF-FF", -1),
    ],
)
def test_device_ids_in_every_form(form, number) -> None:
    """Every textual form of a Device ID is one signed number."""
    assert inventory_rows.number_of(form) == number


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("", ""),
        ("Pending", "Pending"),
        ("installed not commissioned", "InstalledNotCommissioned"),
        ("INSTALLED_NOT_COMMISSIONED", "InstalledNotCommissioned"),
        ("InstalledNotCommissioned", "InstalledNotCommissioned"),
        ("COMMISSIONED", "Commissioned"),
        ("NOT_APPLICABLE", ""),
        ("Recovered", "Recovered"),
    ],
)
def test_statuses_are_kept_in_duis_spelling(written, kept) -> None:
    """DUIS spellings are exact; those of other systems are mapped onto them."""
    assert inventory_rows.status_of(written) == kept


# Again and again ────────────────────────────────────────────────────────────────────────────────────


def test_the_same_file_again_changes_nothing(database, vault, tmp_path) -> None:
    """An unchanged row is not written again: its sealed code stays the same octets."""
    path = sheet(tmp_path, f"{ID},ESME,{CODE},,2025-11-03,Pending,,", f"{OTHER},ESME,,,,,,")
    load(database, vault, path)
    with database.read() as connection:
        sealed = connection.execute(text("SELECT install_code FROM device WHERE install_code IS NOT NULL")).scalar()

    later = NOW + timedelta(days=1)
    assert counts(load(database, vault, path, now=later)) == (0, 0, 2, 0)
    with database.read() as connection:
        again = connection.execute(text("SELECT install_code FROM device WHERE install_code IS NOT NULL")).scalar()
        assert bytes(sealed) == bytes(again)
        assert inventory.taken_at(connection) == later


CHANGES = [
    ("device_type", f"{ID},GSME,{CODE},NWND,2025-11-03,Pending,Harbour,"),
    ("install_code", f"{ID},ESME,{code(7)},NWND,2025-11-03,Pending,Harbour,"),
    ("no more code", f"{ID},ESME,,NWND,2025-11-03,Pending,Harbour,"),
    ("installing_supplier", f"{ID},ESME,{CODE},OTHR,2025-11-03,Pending,Harbour,"),
    ("installed_on", f"{ID},ESME,{CODE},NWND,2025-11-04,Pending,Harbour,"),
    ("no more day", f"{ID},ESME,{CODE},NWND,,Pending,Harbour,"),
    ("status", f"{ID},ESME,{CODE},NWND,2025-11-03,Whitelisted,Harbour,"),
    ("gaining_supplier", f"{ID},ESME,{CODE},NWND,2025-11-03,Pending,,"),
    ("linked_gsme", f"{ID},ESME,{CODE},NWND,2025-11-03,Pending,Harbour,{OTHER}"),
]


@pytest.mark.parametrize("row", [c[1] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_a_changed_cell_changes_the_record(sqlite_url, vault, tmp_path, row) -> None:
    """Every column counts when a row is held against what we have, and the newest file wins."""
    store = Database(sqlite_url)
    load(store, vault, sheet(tmp_path, f"{ID},ESME,{CODE},NWND,2025-11-03,Pending,Harbour,"))

    assert counts(load(store, vault, sheet(tmp_path, row))) == (0, 1, 0, 0)
    cells = row.split(",")
    assert records(store, ID) == {ID: (cells[1], cells[3], cells[5], cells[6], bool(cells[2]), cells[7])}
    assert opened(store, vault, ID) == ({ID: cells[2]} if cells[2] else {})
    store.close()


def test_a_column_that_the_file_lacks_stays_as_it_was(database, vault, tmp_path) -> None:
    """A file of statuses alone changes statuses alone: code and the rest are untouched."""
    load(database, vault, sheet(tmp_path, f"{ID},ESME,{CODE},NWND,2025-11-03,Pending,Harbour,{OTHER}"))

    assert counts(load(database, vault, sheet(tmp_path, f"{ID},Whitelisted", heading="device_id,status"))) == (
        0,
        1,
        0,
        0,
    )
    assert records(database, ID) == {ID: ("ESME", "NWND", "Whitelisted", "Harbour", True, OTHER)}
    assert opened(database, vault, ID) == {ID: CODE}


@pytest.mark.parametrize("first", [f"{ID},ESME,{CODE},,,Commissioned,,", f"{ID},ESME,{CODE},,,Pending,,"])
def test_codes_of_commissioned_devices_are_not_kept(database, vault, tmp_path, first) -> None:
    """Neither a new row nor a device that becomes commissioned keeps its code; it is counted where a file brings it."""
    summary = load(database, vault, sheet(tmp_path, first))
    assert summary.codes_dropped == (1 if "Commissioned" in first else 0)

    load(database, vault, sheet(tmp_path, f"{ID},Commissioned", heading="device_id,status"))
    assert records(database, ID) == {ID: ("ESME", "", "Commissioned", "", False, "")}

    again = load(database, vault, sheet(tmp_path, f"{ID},{CODE}", heading="device_id,install_code"))
    assert (again.codes_dropped, counts(again)) == (1, (0, 0, 1, 0))
    assert opened(database, vault, ID) == {}


def test_a_code_sealed_with_a_lost_key_is_sealed_anew(sqlite_url, vault, tmp_path) -> None:
    """A code that no longer opens is replaced by the file's, and opens again."""
    store, lost = Database(sqlite_url), Vault({"old": b"o" * 32}, b"n" * 32)
    path = sheet(tmp_path, f"{ID},ESME,{CODE},,,,,")
    load(store, lost, path)
    with pytest.raises(SealBroken):
        opened(store, vault, ID)

    assert counts(load(store, vault, path)) == (0, 1, 0, 0)
    assert opened(store, vault, ID) == {ID: CODE}
    store.close()


def test_a_code_moved_to_another_row_does_not_open(database, vault, tmp_path) -> None:
    """Whoever swaps two sealed codes in the database makes neither device's code open."""
    load(database, vault, sheet(tmp_path, f"{ID},ESME,{CODE},,,,,", f"{OTHER},ESME,{code(1)},,,,,"))
    with database.write() as connection:
        stolen = connection.execute(text("SELECT install_code FROM device WHERE device_id < 0")).scalar_one()
        connection.execute(text("UPDATE device SET install_code = :code WHERE device_id > 0"), {"code": stolen})

    with pytest.raises(SealBroken, match=r"device\.install_code of row 61"):
        opened(database, vault, ID)
    assert opened(database, vault, OTHER) == {OTHER: code(1)}


# All or nothing ─────────────────────────────────────────────────────────────────────────────────────

BAD_ROWS = [
    (",,,,,,,x", "device_id is empty"),
    ("1.2E+15,,,,,,,", "device_id '1.2E+15' was turned into a number by a spreadsheet"),
    ("00-DB-12-34-56-78-90,,,,,,,", "device_id has 14 hexadecimal digits; 16 are needed"),
    ("2000012345672,,,,,,,", "device_id has 13 hexadecimal digits"),
    ("hello,,,,,,,", "device_id is no Device ID"),
    (f"{OTHER},TOASTER,,,,,,", "device_type 'TOASTER' is none of ESME, GSME"),
    (f"{OTHER},,1234,,,,,", "install_code: it has 4 hexadecimal digits"),
    (f"{OTHER},,{CODE}4195,,,,,", "install_code: its check (the last four digits) does not fit"),
    (f"{OTHER},,{CODE[:-1]}G,,,,,", "install_code: it holds something other than hexadecimal digits"),
    (f"{OTHER},,8.3E+31,,,,,", "install_code was turned into a number"),
    (f"{OTHER},,{'0' * 32},,,,,", "install_code is one digit pair over and over"),
    (f"{OTHER},GPF,{CODE},,,,,", "a GPF has no install code"),
    (f"{OTHER},CHF,{CODE},,,,,", "a CHF has no install code"),
    (f"{OTHER},,,,31.12.2025,,,", "installed_on '31.12.2025' is no day; write 2026-01-31"),
    (f"{OTHER},,,,2025-02-30,,,", "installed_on '2025-02-30' is no day that exists"),
    (f"{OTHER},,,,,Comissioned,,", "status 'Comissioned' is none of Pending, Whitelisted"),
    (f"{OTHER},,,,,,,nonsense", "linked_gsme is no Device ID"),
    (f"{OTHER},,,{'x' * 101},,,,", "a supplier's name has more than 100 characters"),
    (f'{OTHER},,,"a\nb",,,,', "a supplier's name has control characters or a line break"),
    (f"{OTHER},,,,,,,,more", "it has more cells than the heading"),
    (f"{OTHER},{CODE},,,,,,", "device_type (not shown) is none of"),
]


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS)
def test_a_bad_row_stops_the_import_and_is_named(sqlite_url, vault, tmp_path, row, reason) -> None:
    """One bad row, and nothing is imported: its line and the reason are told, and no code is."""
    store = Database(sqlite_url)
    with pytest.raises(ImportRefused) as refusal:
        load(store, vault, sheet(tmp_path, f"{ID},ESME,{CODE},,,,,", row))

    (bad,) = refusal.value.rows
    assert bad.line in (3, 4)
    assert reason in bad.reason
    assert CODE not in f"{refusal.value} {refusal.value.rows}"
    assert "1 row cannot be taken; nothing was imported" in str(refusal.value)
    assert records(store, ID) == {}
    with store.read() as connection:
        assert inventory.taken_at(connection) is None
        assert audit.verify(connection, vault).entries == 0
    store.close()


def test_every_bad_row_is_listed_in_order(database, vault, tmp_path) -> None:
    """All faults of a file are told at once, by line, whichever check found them."""
    rows = [f"{ID},,,,,,,", "nothing,,,,,,,", f"{OTHER},,,,,,,", f"{device(3)},TV,,,,,,", f"{ID},,,,,,,"]
    with pytest.raises(ImportRefused) as refusal:
        load(database, vault, sheet(tmp_path, *rows))

    assert [(row.line, row.reason) for row in refusal.value.rows] == [
        (2, f"device_id {ID} stands on line 6 too"),
        (3, "device_id is no Device ID (16 hexadecimal digits, as in 00-DB-12-34-56-78-90-A0)"),
        (5, "device_type 'TV' is none of ESME, GSME, GPF, CHF, HCALCS, PPMID, IHD, CAD"),
        (6, f"device_id {ID} stands on line 2 too"),
    ]


def test_all_that_is_wrong_with_a_row_is_named(database, vault, tmp_path) -> None:
    """So that it is mended in one go; one row counts once."""
    with pytest.raises(ImportRefused, match="1 row cannot be taken") as refusal:
        load(database, vault, sheet(tmp_path, f"12,TV,{CODE[:6]},,soon,Gone,,"))

    (bad,) = refusal.value.rows
    assert [fault.split()[0] for fault in bad.reason.split("; and ")] == [
        "device_id", "install_code:", "device_type", "installed_on", "status",
    ]  # fmt: skip


def test_skip_bad_takes_the_good_rows(database, vault, tmp_path) -> None:
    """With --skip-bad the good rows count, the bad are listed, and of a device named twice neither row is taken."""
    load(database, vault, sheet(tmp_path, f"{OTHER},ESME,{code(2)},,,,,"))
    rows = [f"{ID},ESME,{CODE},,,,,", f"{OTHER},GSME,,,,,,", f"{OTHER},PPMID,,,,,,", f"{device(1)},ESME,12,,,,,"]
    summary = load(database, vault, sheet(tmp_path, *rows), Wish(skip_bad=True))

    assert counts(summary) == (1, 0, 0, 0)
    assert [row.line for row in summary.skipped] == [3, 4, 5]
    assert records(database, ID, OTHER, device(1)).keys() == {ID, OTHER}
    assert records(database, OTHER)[OTHER][0] == "ESME"


def test_a_file_without_one_good_row_is_refused(database, vault, tmp_path) -> None:
    """Nothing to take is a mistake, even with --skip-bad, and even for a file that is a heading alone."""
    for path in (sheet(tmp_path), sheet(tmp_path, "nothing,,,,,,,")):
        with pytest.raises(ImportRefused, match="no row that can be taken"):
            load(database, vault, path, Wish(skip_bad=True, replace=True, confirm=True))


def test_a_reader_sees_the_old_record_until_the_new_one_is_whole(database, vault, tmp_path) -> None:
    """While a file is read, others still see, and may still write, what was there before."""
    load(database, vault, sheet(tmp_path, f"{ID},ESME,,,,,,"))
    seen = []

    def look(_rows: int) -> None:
        seen.append(records(database, ID)[ID][0])
        with database.write() as connection:
            connection.execute(text("DELETE FROM fact"))

    path = sheet(tmp_path, f"{ID},GSME,,,,,,", *(f"{device(n)},ESME,,,,,," for n in range(1, 20_002)))
    opened_sheet = imports.open_sheet(path, inventory_rows.COLUMNS)
    inventory_load.load(database, vault, opened_sheet, Wish(), now=NOW, progress=look)

    assert seen == ["ESME"] * 3
    assert records(database, ID)[ID][0] == "GSME"


def test_an_import_that_was_overtaken_is_refused(database, vault, tmp_path) -> None:
    """A second import that ends while the first one reads makes the first give up: it compared with an older record."""
    slow, fast = tmp_path / "slow", tmp_path / "fast"
    slow.mkdir()
    fast.mkdir()

    def overtake(_rows: int) -> None:
        load(database, vault, sheet(fast, f"{OTHER},GSME,,,,,,"))

    slow_sheet = imports.open_sheet(sheet(slow, f"{ID},ESME,,,,,,"), inventory_rows.COLUMNS)
    with pytest.raises(ImportRefused, match="another inventory import ended while this one ran"):
        inventory_load.load(database, vault, slow_sheet, Wish(), now=NOW, progress=overtake)
    assert records(database, ID, OTHER).keys() == {OTHER}


def test_a_database_that_goes_away_is_no_half_import(postgres_url, vault, tmp_path) -> None:
    """The server ends our connection in the middle: a failure to be tried again, and the record as it was."""
    store = Database(postgres_url)
    load(store, vault, sheet(tmp_path, f"{ID},ESME,,,,,,"))

    def cut(_rows: int) -> None:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        with store.write() as connection:
            connection.execute(text(f"{others} AND pid <> pg_backend_pid()"))

    path = sheet(tmp_path, *(f"{device(n)},ESME,,,,,," for n in range(1, 20_002)))
    opened_sheet = imports.open_sheet(path, inventory_rows.COLUMNS)
    with pytest.raises(Unavailable, match="database: "):
        inventory_load.load(store, vault, opened_sheet, Wish(), now=NOW, progress=cut)
    with store.read() as connection:
        assert inventory.size(connection) == 1
    store.close()


# What goes ──────────────────────────────────────────────────────────────────────────────────────────


def test_without_replace_nothing_goes(database, vault, tmp_path) -> None:
    """A partial file adds to the record."""
    load(database, vault, sheet(tmp_path, f"{ID},ESME,,,,,,"))

    assert counts(load(database, vault, sheet(tmp_path, f"{OTHER},ESME,,,,,,"))) == (1, 0, 0, 0)
    assert records(database, ID, OTHER).keys() == {ID, OTHER}


@pytest.mark.parametrize(("kept", "confirm"), [(98, False), (97, True), (1, True)])
def test_replace_takes_out_what_the_file_does_not_name(database, vault, tmp_path, kept, confirm) -> None:
    """A complete file takes out the rest: up to 2% of what is held without a word, more on confirmation."""
    rows = [f"{device(n)},ESME,,,,,," for n in range(100)]
    load(database, vault, sheet(tmp_path, *rows))
    path, wish = sheet(tmp_path, *rows[:kept], f"{ID},ESME,,,,,,"), Wish(replace=True, confirm=confirm)

    assert counts(load(database, vault, path, wish)) == (1, 0, kept, 100 - kept)
    assert records(database, ID, *map(device, range(100))).keys() == {ID, *map(device, range(kept))}


def test_a_file_that_takes_out_much_needs_a_word(database, vault, tmp_path) -> None:
    """Without --confirm a complete file that would take out more than 2% is refused, and nothing is changed."""
    rows = [f"{device(n)},ESME,,,,,," for n in range(100)]
    load(database, vault, sheet(tmp_path, *rows))

    with pytest.raises(ImportRefused, match=r"3 of 100 devices \(3\.0%\) would go.*--confirm"):
        load(database, vault, sheet(tmp_path, *rows[:97], f"{ID},ESME,,,,,,"), Wish(replace=True))
    assert records(database, ID, *map(device, range(100))).keys() == set(map(device, range(100)))


def test_a_bad_row_of_a_complete_file_takes_no_device_out(database, vault, tmp_path) -> None:
    """With --replace and --skip-bad, a device whose row is bad stays as it was: the file does name it."""
    load(database, vault, sheet(tmp_path, f"{ID},ESME,{CODE},,,,,", f"{OTHER},ESME,,,,,,"))
    path = sheet(tmp_path, f"{ID},ESME,123,,,,,", f"{OTHER},ESME,,,,,,")
    summary = load(database, vault, path, Wish(replace=True, skip_bad=True))

    assert counts(summary) == (0, 0, 1, 0)
    assert opened(database, vault, ID) == {ID: CODE}


# Traces ─────────────────────────────────────────────────────────────────────────────────────────────


def test_an_import_leaves_its_trace_in_the_audit_trail(database, vault, tmp_path) -> None:
    """Who looks at the trail sees which file changed how much; the chain stays whole."""
    path = sheet(tmp_path, f"{ID},ESME,{CODE},,,Commissioned,,")
    load(database, vault, path)

    with database.read() as connection:
        (entry,) = audit.export(connection)
        assert audit.verify(connection, vault).broken_at is None
    assert (entry["what"], entry["subject"]) == ("import", "inventory")
    assert entry["detail"]["file_sha"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (entry["detail"]["added"], entry["detail"]["codes_dropped"]) == (1, 1)


def test_no_code_reaches_the_disk_unsealed(sqlite_url, vault, tmp_path) -> None:
    """Canary codes of taken, changed, dropped and refused rows are nowhere in the database's files, in no form."""
    store = Database(sqlite_url)
    codes = [code(n) for n in range(3000)]
    load(store, vault, sheet(tmp_path, *(f"{device(n)},ESME,{codes[n]},,,Pending,," for n in range(1000))))
    load(store, vault, sheet(tmp_path, *(f"{device(n)},ESME,{codes[n + 1000]},,,Pending,," for n in range(1000))))
    load(store, vault, sheet(tmp_path, *(f"{device(n)},ESME,{codes[n + 2000]},,,Commissioned,," for n in range(500))))
    with pytest.raises(ImportRefused):
        load(store, vault, sheet(tmp_path, *(f"{device(n)},GPF,{codes[n + 2500]},,,,," for n in range(500))))

    (tmp_path / "inventory.csv").unlink()
    files = [path for path in tmp_path.iterdir() if path.name.startswith("daemon.db")]
    kept = b"".join(path.read_bytes() for path in files)
    assert len(kept) > 100_000
    for one in codes:
        forms = (bytes.fromhex(one), one.encode(), one.lower().encode(), grouped(install_code(one)).encode())
        assert not any(form in kept for form in forms)
    store.close()


def test_no_fault_shows_a_code() -> None:
    """Whatever column a code stands in, and however it is mangled, no message repeats it."""
    checks = (
        inventory_rows.number_of,
        inventory_rows.code_of,
        inventory_rows.status_of,
        inventory_rows.type_of,
        inventory_rows.day_of,
        inventory_rows.linked_of,
    )
    forms = [form[:cut] + tail for form in CODE_FORMS for cut in (28, 30, None) for tail in ("", "Z", " x")]
    told = []
    for check, form in itertools.product(checks, forms):
        try:
            check(form)
        except Fault as fault:
            told.append(str(fault))

    assert len(told) > 100
    digits = [CODE[i : i + 12] for i in range(20)]
    plain = [one.upper().replace(" ", "").replace("-", "").replace(":", "") for one in told]
    assert not [one for one in plain if any(run in one for run in digits)]


@given(st.text(max_size=80))
def test_any_text_is_a_value_or_a_fault(cell) -> None:
    """Whatever stands in a cell, each check ends with a value or a fault, and with nothing else."""
    for check in (inventory_rows.number_of, inventory_rows.code_of, inventory_rows.status_of, inventory_rows.day_of):
        try:
            check(cell)
        except Fault as fault:
            told = str(fault)
        else:
            told = ""
        assert all(c.isprintable() for c in told)


@given(st.integers(0, (1 << 64) - 1), st.sampled_from(("", "-", ":", " ")), st.booleans())
def test_every_device_id_is_read_back(number, separator, upper) -> None:
    """Every EUI-64 in every form is the number by which it is looked up again."""
    digits = f"{number:016X}" if upper else f"{number:016x}"
    cell = separator.join(digits[i : i + 2] for i in range(0, 16, 2))

    assert inventory_rows.number_of(cell) % (1 << 64) == number


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)))
def test_every_day_is_read_in_both_spellings(day) -> None:
    """ISO and British spelling of a day mean the same."""
    assert {inventory_rows.day_of(form) for form in (f"{day}", f"{day:%d/%m/%Y}", f"{day} 00:00:00")} == {str(day)}


def test_many_devices_are_looked_up_at_once(database, vault, tmp_path) -> None:
    """A request with more devices than one statement may carry finds each of them."""
    devices = [device(n) for n in range(12_000)]
    load(database, vault, sheet(tmp_path, *(f"{one},ESME,{code(n)},,,,," for n, one in enumerate(devices))))

    assert records(database, *devices, ID).keys() == set(devices)
    assert opened(database, vault, *devices) == {one: code(n) for n, one in enumerate(devices)}
