"""Files that operators bring: any delimiter, encoding, order and spelling; what is wrong with them is said."""

import codecs
from pathlib import Path

import pytest
import xlsxwriter

from daemon.edge.sheets import imports
from daemon.edge.sheets.imports import Columns
from daemon.errors import ImportRefused

COLUMNS = Columns(
    "things", known=("device_id", "installed_on", "note"), needed=("device_id",), mapped={"GUID": "device_id"}
)
HEADING = "device_id,installed_on,note"


def rows(path: Path, columns: Columns = COLUMNS) -> list[tuple[int, dict[str, str]]]:
    """(line, cells by column) of every row."""
    sheet = imports.open_sheet(path, columns)
    return [(line, dict(zip(sheet.present, cells, strict=True))) for line, cells in sheet.rows]


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    """A CSV file."""
    path = folder / "things.csv"
    path.write_bytes(text.encode(encoding))
    return path


def workbook(path: Path, *sheets: list[list[object]]) -> Path:
    """A real workbook."""
    with xlsxwriter.Workbook(str(path)) as book:
        for cells in sheets:
            sheet = book.add_worksheet()
            for number, row in enumerate(cells):
                sheet.write_row(number, 0, row)
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_encodings_and_line_ends(tmp_path, delimiter, encoding, end) -> None:
    """What Excel, its "CSV UTF-8", its "Unicode text" and Unix tools write is read alike."""
    text = end.join(("device_id,note", "a,café", "b,£5")).replace(",", delimiter) + end

    expected = [(2, {"device_id": "a", "note": "café"}), (3, {"device_id": "b", "note": "£5"})]
    assert expected == rows(written(tmp_path, text, encoding))


@pytest.mark.parametrize(
    "heading", ["Device ID,NOTE", "device-id,Note", " DEVICE_ID , note ", '"GUID",note', "guid,NOTE"]
)
def test_headings_in_any_spelling(tmp_path, heading) -> None:
    """Case, blanks, underscores and hyphens of a heading are free, and an operator's own headings are mapped."""
    assert rows(written(tmp_path, f"{heading}\na,b\n")) == [(2, {"device_id": "a", "note": "b"})]


def test_columns_in_any_order_with_others_between(tmp_path) -> None:
    """Columns are found by their headings; others are left unread and told of."""
    path = written(tmp_path, "mpan,note,site,device_id\n2000012345672,n,Leeds,d\n")

    assert rows(path) == [(2, {"note": "n", "device_id": "d"})]
    assert imports.open_sheet(path, COLUMNS).ignored == ("mpan", "site")


def test_lines_are_those_of_the_file(tmp_path) -> None:
    """Blank rows and cells with line breaks do not shift the line numbers that people look for."""
    path = written(tmp_path, f'{HEADING}\na,,\n\n,,\n"b",,"two\nlines"\nc,,\n')

    assert [(line, cells["device_id"]) for line, cells in rows(path)] == [(2, "a"), (6, "b"), (7, "c")]


def test_a_declared_delimiter_is_believed(tmp_path) -> None:
    """Excel's `sep=` line counts as a line, and its delimiter is used."""
    path = written(tmp_path, "sep=;\r\ndevice_id;note\r\na;b,c\r\n")

    assert rows(path) == [(3, {"device_id": "a", "note": "b,c"})]


def test_short_rows_are_filled_up_and_long_ones_are_faults(tmp_path) -> None:
    """A row may end early; one with more cells than the heading has a stray delimiter somewhere."""
    sheet = imports.open_sheet(written(tmp_path, f"{HEADING}\na\nb,2026-01-01,x,y\nc,,,\n"), COLUMNS)

    assert list(sheet.rows) == [(2, ["a", "", ""]), (4, ["c", "", ""])]
    assert [(row.line, row.reason[:31]) for row in sheet.faults.rows] == [(3, "it has more cells than the head")]


def test_what_is_only_called_a_workbook_is_told_so(tmp_path) -> None:
    """Octets of another kind; a CSV file of that name is read all the same."""
    path = tmp_path / "things.xlsx"
    path.write_bytes(b"device_id,note\na,\x81\x8d\n")
    with pytest.raises(ImportRefused, match=r"things\.xlsx is no Excel workbook, whatever it is called"):
        imports.open_sheet(path, COLUMNS)
    path.write_bytes(b"device_id,note\na,b\n")
    assert [line for line, _ in rows(path)] == [2]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n", "no column device_id; this things file needs device_id. Found: a, b"),
        (b"device_id,Device ID\n1,2\n", "two columns of this things file are device_id"),
        (b"device_id,instaled_on\n1,2\n", "'instaled_on' means nothing here; did you mean installed_on?"),
        (b'device_id,note\na,"unclosed\nb,c\n', "line 3: no regular CSV"),
        (b'device_id,note\na,"closed" early\n', "line 2: no regular CSV"),
        (codecs.BOM_UTF16_LE + b"d\x00\x00\xd8", "no regular CSV (not all of it is text)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old (.xls) or locked workbook"),
        (b"PK\x03\x04rubbish", "things.csv: it is"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole(tmp_path, content, words) -> None:
    """What cannot be a sheet of this kind is refused in one sentence that says why."""
    path = tmp_path / "things.csv"
    path.write_bytes(content)

    with pytest.raises(ImportRefused) as refusal:
        rows(path)
    assert words in str(refusal.value)


def test_a_file_that_is_not_there(tmp_path) -> None:
    """A missing file is named."""
    with pytest.raises(ImportRefused, match=r"nowhere\.csv \(No such file"):
        rows(tmp_path / "nowhere.csv")


def test_a_workbook_is_read_as_people_see_it(tmp_path) -> None:
    """Numbers without `.0`, days as days, a mangled id visible; blank rows above do not shift the lines."""
    path = workbook(
        tmp_path / "things.xlsx", [[], ["Note", "Device ID"], [5.0, "00-DB"], ["", ""], [1.2345678e18, "b"]]
    )

    assert rows(path) == [(3, {"note": "5", "device_id": "00-DB"}), (5, {"note": "1.23457E+18", "device_id": "b"})]


def test_the_sheet_with_our_heading_is_taken(tmp_path) -> None:
    """A workbook may begin with a sheet of explanations."""
    path = workbook(tmp_path / "things.xlsx", [["Read me first"]], [["GUID"], ["a"]])

    assert rows(path) == [(2, {"device_id": "a"})]


def test_the_same_content_has_the_same_name(tmp_path) -> None:
    """An import is known by the SHA-256 of the file."""
    import hashlib

    path = written(tmp_path, f"{HEADING}\na,,\n")

    assert imports.open_sheet(path, COLUMNS).sha == hashlib.sha256(path.read_bytes()).hexdigest()


def test_far_too_many_bad_rows_end_the_reading() -> None:
    """A file of another kind does not fill memory with complaints: reading stops at a bound, and says so."""
    faults = imports.Faults()
    for line in range(imports.MAX_BAD_ROWS - 1):
        faults.add(line, "no good")

    with pytest.raises(ImportRefused, match="100,000 rows cannot be taken and reading stopped there"):
        faults.add(0, "no good")
