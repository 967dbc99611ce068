"""CSV and Excel files of honest people, and files that are made to do harm."""

import email
import io
import struct
import zipfile
import zlib
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from daemon.mail.attachments import compound, sheets
from daemon.mail.attachments.sheets import BadSheet, cell_text, read_csv, read_xls, read_xlsx
from daemon.mail.message import Source

ID = "00-DB-12-34-56-78-90-A0"


def workbook(*rows_of_sheets: dict[tuple[int, int], object]) -> bytes:
    """A workbook: of each sheet its cells, (row, column) -> value."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for rows in rows_of_sheets:
            sheet = book.add_worksheet()
            for (row, column), value in rows.items():
                sheet.write(row, column, value)
    return out.getvalue()


def changed(workbook_: bytes, **parts: bytes | None) -> bytes:
    """A workbook in which some members are replaced; the keyword is the end of a member's name, `_` for `.`."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook_)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            key = member.filename.rpartition("/")[2].replace(".", "_")
            new.writestr(member.filename, parts.get(key) or old.read(member))
    return out.getvalue()


def sheet_xml(cells: str, head: str = "") -> bytes:
    """The member that holds a sheet."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<worksheet xmlns="http://schemas.openxmlformats.org/'
        f'spreadsheetml/2006/main"><sheetData>{cells}</sheetData></worksheet>'
    ).encode()


ONE = workbook({(0, 0): "x"})


# CSV ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "rows", "first_line"),
    [
        (b"a,b\r\nc,d\r\n", (("a", "b"), ("c", "d")), 1),
        (b"\xef\xbb\xbfa;b\nc;d", (("a", "b"), ("c", "d")), 1),
        (b"sep=|\r\na|b,c\r\n", (("a", "b,c"),), 2),
        (b'\xef\xbb\xbf"sep=;"\r\na;b\r\n', (("a", "b"),), 2),
        ("\ufeffa\tb\r\nc\td\r\n".encode("utf-16"), (("a", "b"), ("c", "d")), 1),
        ("a,b\r\n".encode("utf-16-le"), (("a", "b"),), 1),
        ("é;£\r\n".encode("cp1252"), (("é", "£"),), 1),
        (b'"x, y",b\r\n" a ","c\r\nd"\r\n', (("x, y", "b"), ("a", "c\nd")), 1),
        (f"{ID}\r\n{ID}\r\n".encode(), ((ID,), (ID,)), 1),
        (b"note, with comma;x\nnone;y\nz;w", (("note, with comma", "x"), ("none", "y"), ("z", "w")), 1),
        (b"a\x00b,c\r\n", (("ab", "c"),), 1),
        (b"", (), 1),
        (b"sep=,", (), 2),
    ],
)
def test_csv(content, rows, first_line):
    """Any delimiter of four, Excel's `sep=`, byte order marks, charsets, quotes: cells as text."""
    table = read_csv(content, "a.csv")
    assert (table.source, table.rows, table.first_line) == (Source.CSV, rows, first_line)


def test_csv_in_its_declared_charset():
    """A charset that the part declares is tried first."""
    assert read_csv("ж,b".encode("koi8-r"), "a.csv", "koi8-r").rows == (("ж", "b"),)


@pytest.mark.parametrize(
    "content",
    [
        b"x\n" * (sheets.MAX_ROWS + 1),
        b"," * (sheets.MAX_COLUMNS + 1),
        (b"," * 1999 + b"\n") * 1100,
        b'"' + b"x" * 1_100_000,
        b"x" * (sheets.MAX_CSV_OCTETS + 1),
    ],
    ids=["rows", "columns", "cells", "one field", "octets"],
)
def test_csv_beyond_the_limits(content):
    """A file that is too large in any way is refused whole, never read in part."""
    with pytest.raises(BadSheet):
        read_csv(content, "a.csv")


@given(st.binary(max_size=400))
def test_any_bytes_as_csv(content):
    """Whatever the bytes, there are rows or a reason."""
    with suppress(BadSheet):
        assert all(isinstance(cell, str) for row in read_csv(content, "a.csv").rows for cell in row)


# Excel ──────────────────────────────────────────────────────────────────────────────────────────────


def test_workbook():
    """Every filled sheet is a table that starts at its first filled row; empty sheets and charts are none."""
    content = workbook({(2, 1): "Device ID", (3, 1): ID, (3, 2): 7}, {}, {(0, 0): "note"})
    first, second = read_xlsx(content, "a.xlsx")
    assert (first.name, first.first_line, first.rows) == ("a.xlsx, sheet Sheet1", 3, (("Device ID", ""), (ID, "7")))
    assert (second.name, second.rows) == ("a.xlsx, sheet Sheet3", (("note",),))


def test_workbook_with_a_chart_sheet_and_a_hidden_one():
    """A chart sheet does not spoil its workbook; a hidden sheet is read like another."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        data = book.add_worksheet("Data")
        data.write(0, 0, 1)
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=Data!$A$1:$A$1"})
        book.add_chartsheet("Chart").set_chart(chart)
        hidden = book.add_worksheet("Hidden")
        hidden.write(0, 0, ID)
        hidden.hide()
    assert [(t.name, t.rows) for t in read_xlsx(out.getvalue(), "a")] == [
        ("a, sheet Data", (("1",),)),
        ("a, sheet Hidden", ((ID,),)),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.0, "5"),
        (5, "5"),
        (0.5, "0.5"),
        (-3.0, "-3"),
        (1312345678111.0, "1312345678111"),
        (999999999999999.0, "999999999999999"),
        (1234567890123456.0, "1.23457E+15"),
        (1234567890123456, "1.23457E+15"),
        (1.2e300, "1.20000E+300"),
        (float("inf"), "INF"),
        (True, "TRUE"),
        (date(2026, 6, 8), "2026-06-08"),
        (datetime(2026, 6, 8), "2026-06-08"),
        (datetime(2026, 6, 8, 9, 30), "2026-06-08T09:30:00"),
        (time(9, 30), "09:30:00"),
        (timedelta(hours=30), "1 day, 6:00:00"),
        ("  x ", "x"),
        ("", ""),
    ],
)
def test_cells(value, text):
    """Numbers as a person sees them; one that a spreadsheet has shortened shows that it was."""
    assert cell_text(value) == text


def test_a_large_workbook_is_read_whole():
    """Fifty thousand devices are within the limits."""
    content = workbook(
        {(n, 0): f"00-DB-12-34-56-{n >> 16:02X}-{n >> 8 & 255:02X}-{n & 255:02X}" for n in range(50_000)}
    )
    (table,) = read_xlsx(content, "a.xlsx")
    assert len(table.rows) == len(set(table.rows)) == 50_000


# Files made to do harm (rows 44 and 45) ─────────────────────────────────────────────────────────────


def bomb_of_zeros() -> bytes:
    """Forty megabytes that pack into nearly nothing."""
    return changed(ONE, sheet1_xml=sheet_xml("<row/>" + " " * 40_000_000))


def bomb_of_two_corners() -> bytes:
    """1.4 KB that span seventeen billion cells."""
    return workbook({(0, 0): 1, (1_048_575, 16_383): 1})


def corners(first: str, last: str) -> bytes:
    """A sheet of two cells."""
    return changed(ONE, sheet1_xml=sheet_xml(f"<row>{first}</row><row>{last}</row>"))


def overlapping() -> bytes:
    """One compressed block, listed five hundred times."""
    packed = zlib.compress(b"0" * 2_000_000, 9)[2:-4]
    crc = zlib.crc32(b"0" * 2_000_000)
    local = (
        struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(packed), 2_000_000, 1, 0) + b"a" + packed
    )
    listed = b"".join(
        struct.pack(
            "<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, crc, len(packed), 2_000_000, 3, 0, 0, 0, 0, 0, 0
        )
        + f"{n:03}".encode()
        for n in range(500)
    )
    return local + listed + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 500, 500, len(listed), len(local), 0)


def many_members() -> bytes:
    """More files than an archive may hold."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for n in range(1001):
            archive.writestr(f"{n}", b"")
    return out.getvalue()


def lying_about_its_size() -> bytes:
    """Its lists say 100 octets; its compressed block holds forty million."""
    packed = zlib.compress(b" " * 40_000_000, 9)[2:-4]
    crc = zlib.crc32(b" " * 100)
    name = b"xl/worksheets/sheet1.xml"
    local = (
        struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(packed), 100, len(name), 0) + name + packed
    )
    listed = (
        struct.pack(
            "<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, crc, len(packed), 100, len(name), 0, 0, 0, 0, 0, 0
        )
        + name
    )
    return local + listed + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(listed), len(local), 0)


def directory_of_half_a_million() -> bytes:
    """A list of members far longer than it says."""
    listed = (
        struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) * 300_000
    )
    return listed + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(listed), 0, 0)


def twice_the_same_name() -> bytes:
    """Of which two readers may take different ones."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", b"1")
        archive.writestr("xl/workbooc.xml", b"2")
    return out.getvalue().replace(b"workbooc", b"workbook")


LAUGHS = '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
ENTITY_CELL = '<row r="1"><c r="A1" t="inlineStr"><is><t>&b;</t></is></c></row>'
A1, FAR = '<c r="A1"><v>1</v></c>', '<c r="XFD1048576"><v>1</v></c>'


def declaring_sixty_megabytes() -> bytes:
    """Its one member says that it unpacks to sixty megabytes, of seven hundred kilobytes that it packs."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x", b"0" * 700_000)
    content, at = out.getvalue(), out.getvalue().rindex(b"PK\x01\x02")
    return content[: at + 24] + struct.pack("<I", 60_000_000) + content[at + 28 :]


SPANS, SWELLS, ENTITIES = "it spans", "it unpacks to far more", "it holds entity definitions"
TOO_MANY, NO_BOOK, NO_ZIP = "it holds more than 1,000 files", "it is no regular Excel", "it is no regular archive"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        pytest.param(bomb_of_two_corners, SPANS, id="two far corners"),
        pytest.param(lambda: corners(A1, "<c s='1'\n r = 'xfd1048576' ><v>1</v></c>"), SPANS, id="spelled otherwise"),
        pytest.param(lambda: corners(A1, FAR.replace("<c", "<x:c")), SPANS, id="with a prefix"),
        pytest.param(lambda: corners(A1, '<c r="A1048576"><v>1</v></c>'), SPANS, id="a million rows"),
        pytest.param(lambda: corners(A1, '<c r="ZZZZZZZ1"><v>1</v></c>'), SPANS, id="a column that does not exist"),
        pytest.param(lambda: corners(A1, '<c r="T190000"><v>1</v></c>'), SPANS, id="too many cells"),
        pytest.param(bomb_of_zeros, SWELLS, id="forty megabytes of blanks"),
        pytest.param(declaring_sixty_megabytes, SWELLS, id="sixty megabytes"),
        pytest.param(overlapping, SWELLS, id="overlapping members"),
        pytest.param(many_members, TOO_MANY, id="a thousand and one members"),
        pytest.param(directory_of_half_a_million, TOO_MANY, id="a list without end"),
        pytest.param(twice_the_same_name, "it holds two files of one name", id="two members of one name"),
        pytest.param(lying_about_its_size, NO_BOOK, id="a member larger than it says"),
        pytest.param(lambda: changed(ONE, sheet1_xml=sheet_xml(ENTITY_CELL, LAUGHS)), ENTITIES, id="row 45: a billion laughs"),
        pytest.param(lambda: changed(ONE, workbook_xml=sheet_xml("", OUTSIDE)), ENTITIES, id="row 45: an external entity"),
        pytest.param(lambda: changed(ONE, sharedStrings_xml=sheet_xml("", OUTSIDE).decode().encode("utf-16")), ENTITIES, id="row 45: in UTF-16"),
        pytest.param(lambda: ONE[: len(ONE) // 2], NO_ZIP, id="half a file"),
        pytest.param(lambda: b"PK\x03\x04", NO_ZIP, id="a stub"),
        pytest.param(lambda: b"", NO_ZIP, id="nothing"),
        pytest.param(lambda: b"Device ID,Type\n", NO_ZIP, id="text"),
        pytest.param(lambda: changed(ONE, workbook_xml=b"<workbook/>"), "it is an Excel workbook without", id="no sheets"),
        pytest.param(lambda: compound.SIGNATURE + bytes(2000), NO_BOOK, id="an old container"),
    ],
)  # fmt: skip
def test_rows_44_45_harmful_workbooks(make, why):
    """Rows 44, 45: each is refused for what it is before the reader sees it, in words for its sender."""
    with pytest.raises(BadSheet, match=why):
        read_xlsx(make(), "a.xlsx")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        compound.SIGNATURE,
        compound.SIGNATURE + bytes(5000),
        compound.SIGNATURE + b"\xff" * 5000,
        b"\x09\x08\x10\x00" * 900,
    ],
)
def test_broken_workbooks_of_old(content):
    """A broken .xls is refused in words, though its reader may panic."""
    with pytest.raises(BadSheet):
        read_xls(content, "a.xls")


OF_OLD = next(
    part.get_payload(decode=True)
    for part in email.message_from_bytes((Path(__file__).parent / "samples" / "xls_of_old.eml").read_bytes()).walk()
    if part.get_filename()
)
TABLE = (int.from_bytes(OF_OLD[76:80], "little") + 1) * 512


@pytest.mark.parametrize("links", [{0: 0}, {0: 1, 1: 0}, {3: 5}, {20: 21, 21: 22, 22: 20}])
def test_a_workbook_of_old_that_goes_round_in_circles(links):
    """A chain of sectors that bites its own tail would keep the reader for ever: it never gets there."""
    assert read_xls(OF_OLD, "a.xls")[0].rows[0] == ("Device ID", "Type", "Installed")
    content = bytearray(OF_OLD)
    for sector, following in links.items():
        content[TABLE + 4 * sector : TABLE + 4 * sector + 4] = following.to_bytes(4, "little")
    with pytest.raises(BadSheet):
        read_xls(bytes(content), "a.xls")


def test_a_far_cell_that_is_empty_harms_nobody():
    """Formats laid over whole columns leave empty cells at the far end; they count for nothing."""
    content = corners(A1, '<c r="A1048576" s="3"/>')
    assert read_xlsx(content, "a")[0].rows == (("1",),)


@given(st.data())
def test_damaged_workbooks(data):
    """Whatever octets of a workbook are changed: tables or a reason, nothing else."""
    content = bytearray(ONE)
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(BadSheet):
        assert all(table.source is Source.XLSX for table in read_xlsx(bytes(content), "a"))
