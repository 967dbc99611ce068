"""Leaf by leaf through a mail: which text is read, which attachment by whom, and what became of each."""

import hashlib
import re

from daemon.mail.attachments import compound, containers, protected, sheets
from daemon.mail.attachments.sheets import BadSheet
from daemon.mail.body import MAX_TEXT, Body, html_of
from daemon.mail.message import Attachment, Reading, Source, Table
from daemon.mail.structure import Enclosed, Leaf, Tree, read_tree
from daemon.mail.text import markup
from daemon.mail.text.charsets import text_of

MAX_NESTED_FILES = 3
"""How deep a saved mail in a saved mail, or an archive in winmail.dat, is followed."""
MAX_FILES = 300
_SHEET_TYPES = ("text/csv", "text/tab-separated-values", "application/csv", "text/comma-separated-values")
_ZIP_TYPES = ("application/zip", "application/x-zip-compressed", "application/x-zip")
_XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XLS_TYPES = ("application/vnd.ms-excel", "application/msexcel", "application/x-msexcel", "application/excel")
_IGNORED_TYPES = (
    "text/calendar", "text/vcard", "text/x-vcard", "text/directory", "application/pkcs7-signature",
    "application/x-pkcs7-signature", "application/pgp-signature", "application/pgp-keys", "application/ics",
    "message/delivery-status", "message/disposition-notification", "message/feedback-report", "text/rfc822-headers",
)  # fmt: skip
_STUB_WORDS = 25
_MARKUP = re.compile(rb"<[^<>]*>|&nbsp;")
_IGNORED_NAMES = (".vcf", ".ics", ".p7s")


def read_leaves(tree: Tree, body: Body, depth: int = 0) -> None:
    """All leaves of `tree`, in their order. `depth` counts the files that had to be opened to reach it."""
    for defect in tree.defects:
        body.defect(defect)
    chosen = _chosen(tree)
    for leaf in tree.leaves:
        kind = leaf.media_type
        if leaf.attached or not kind.startswith("text/") or kind in _IGNORED_TYPES or kind in _SHEET_TYPES:
            _read_attachment(leaf, body, depth)
        elif kind == "text/html":
            body.read_html(leaf, text_too=id(leaf) in chosen)
        elif id(leaf) in chosen:
            body.read_text(leaf)


def _chosen(tree: Tree) -> set[int]:
    """The text leaves to read: of each alternative the plain ones, or the HTML where plain is a mere stub."""
    chosen, groups = set(), dict[tuple[int, Enclosed | None], list[Leaf]]()
    for leaf in tree.leaves:
        if leaf.attached or not leaf.media_type.startswith("text/"):
            continue
        if leaf.alternative:
            groups.setdefault((leaf.alternative, leaf.within), []).append(leaf)
        else:
            chosen.add(id(leaf))
    for leaves in groups.values():
        plain = [leaf for leaf in leaves if leaf.media_type == "text/plain"]
        html = [leaf for leaf in leaves if leaf.media_type == "text/html"]
        chosen.update(map(id, html if html and _is_stub(plain, html) else plain or leaves[:1]))
    return chosen


def _is_stub(plain: list[Leaf], html: list[Leaf]) -> bool:
    """Too few words to be what the HTML says ("This mail needs an HTML viewer"); roughly counted."""
    words = sum(len(leaf.content.split(None, _STUB_WORDS)) for leaf in plain)
    return words < _STUB_WORDS and words * 4 < sum(_words_shown(leaf.content[:MAX_TEXT]) for leaf in html)


def _words_shown(html: bytes) -> int:
    return len(_MARKUP.sub(b" ", html[max(0, html.lower().find(b"<body")) :]).split())


# Attachments ────────────────────────────────────────────────────────────────────────────────────────


def _read_attachment(leaf: Leaf, body: Body, depth: int) -> None:
    """Read one part that is no text of the mail, and note what became of it."""
    if len(body.attachments) >= MAX_FILES:
        body.defect(f"it has more than {MAX_FILES} files")
        return
    try:
        if leaf.within is not None and leaf.within.answered:
            reading, why = Reading.IGNORED, ""
        else:
            reading, why = _read_by_type(leaf, body, depth)
    except BadSheet as error:
        reading, why = Reading.UNREADABLE, str(error)
    body.attachments.append(
        Attachment(
            name=leaf.name or leaf.media_type,
            media_type=leaf.media_type[:100],
            size=len(leaf.content),
            sha256=hashlib.sha256(leaf.content).hexdigest(),
            reading=reading,
            why=why,
        )
    )


def _read_by_type(leaf: Leaf, body: Body, depth: int) -> tuple[Reading, str]:
    kind, name = leaf.media_type, leaf.name.lower()
    if kind in _IGNORED_TYPES or name.endswith(_IGNORED_NAMES):
        return Reading.IGNORED, ""
    if protected.is_wrapper(kind, name):
        body.protected = True
        return Reading.UNREADABLE, protected.WHY
    if kind == "application/ms-tnef" or name == "winmail.dat":
        return _read_tnef(leaf, body, depth)
    if kind in _ZIP_TYPES or name.endswith(".zip"):
        return _read_zip(leaf, body, depth)
    if name.endswith((".eml", ".mht")):
        return _read_saved_mail(leaf, body, depth)
    if name.endswith((".html", ".htm")) or kind == "text/html":
        return _read_page(leaf, body)
    if kind in _SHEET_TYPES or name.endswith((".csv", ".tsv")):
        body.add_table(sheets.read_csv(leaf.content, leaf.name or "sheet", leaf.charset))
        return Reading.READ, ""
    if kind.startswith(_XLSX_TYPE) or kind in _XLS_TYPES or name.endswith((".xlsx", ".xlsm", ".xls")):
        return _read_workbook(leaf, body)
    if kind == "text/plain" or name.endswith((".txt", ".log")):
        return _read_text_file(leaf, body)
    return containers.not_opened(kind, name, len(leaf.content), shown_inline=leaf.inline_id)


def _read_workbook(leaf: Leaf, body: Body) -> tuple[Reading, str]:
    """Many systems call a CSV file or a web page .xls, so the content decides."""
    content, name = leaf.content, leaf.name or "workbook"
    if content.startswith(b"PK"):
        tables = sheets.read_xlsx(content, name)
    elif content.startswith(compound.SIGNATURE):
        tables = sheets.read_xls(content, name)
    elif content.lstrip()[:1] == b"<":
        return _read_page(leaf, body)
    elif leaf.name.lower().endswith((".xlsx", ".xlsm")) or b"\x00" in content[:200].removeprefix(b"\xff\xfe")[::2]:
        raise BadSheet("it is no regular Excel workbook, or it is damaged")
    else:
        tables = (sheets.read_csv(content, name, leaf.charset),)
    for table in tables:
        body.add_table(table)
    return Reading.READ, ""


def _read_text_file(leaf: Leaf, body: Body) -> tuple[Reading, str]:
    if len(leaf.content) > 2 * MAX_TEXT:
        raise BadSheet(f"a text file of more than {2 * MAX_TEXT // 2**20} MB")
    _add_lines(text_of(leaf.content, leaf.charset), leaf.name or "text file", body)
    return Reading.READ, ""


def _add_lines(text: str, name: str, body: Body) -> None:
    body.add_table(Table(Source.TEXT, name, tuple((line.strip(),) for line in text.split("\n"))))


def _read_page(leaf: Leaf, body: Body) -> tuple[Reading, str]:
    html = html_of(leaf)
    page = markup.read_html(html)
    if protected.links_in(html):
        body.protected = True
        return Reading.UNREADABLE, protected.WHY
    if not page.whole:
        raise BadSheet("a web page with too many elements")
    label = leaf.name or "page"
    for number, rows in enumerate(page.tables, 1):
        body.add_table(Table(Source.HTML, f"{label}, table {number}", rows))
    _add_lines(markup.without_struck(markup.without_markers(page.text)), label, body)
    return Reading.READ, ""


def _read_saved_mail(leaf: Leaf, body: Body, depth: int) -> tuple[Reading, str]:
    """A mail that was saved as a file and attached: handed on for us to read."""
    _deeper(depth)
    read_leaves(read_tree(leaf.content, within=leaf.within or Enclosed("", answered=False)), body, depth + 1)
    return Reading.READ, ""


def _read_zip(leaf: Leaf, body: Body, depth: int) -> tuple[Reading, str]:
    """The files in an archive; an archive inside it is not opened."""
    _deeper(depth)
    for file in containers.unzipped(leaf.content):
        if file.name.lower().endswith(".zip"):
            raise BadSheet("it holds another archive")
        _read_attachment(_file_leaf(file, leaf, f"{leaf.name}: "), body, depth + 1)
    return Reading.READ, ""


def _read_tnef(leaf: Leaf, body: Body, depth: int) -> tuple[Reading, str]:
    """What Outlook packed into winmail.dat: its files, and its text where the mail has none."""
    _deeper(depth)
    unpacked = containers.untnef(leaf.content)
    for file in unpacked.files:
        _read_attachment(_file_leaf(file, leaf, ""), body, depth + 1)
    if unpacked.html:
        page = Leaf("text/html", "", "", unpacked.html, attached=False, within=leaf.within)
        body.read_html(page, text_too=not any(map(str.strip, body.new)))
    elif unpacked.text and not any(map(str.strip, body.new)):
        body.read_text(Leaf("text/plain", "", "", unpacked.text, attached=False, within=leaf.within))
    return Reading.READ, ""


def _file_leaf(file: containers.Packed, holder: Leaf, prefix: str) -> Leaf:
    return Leaf("application/octet-stream", "", f"{prefix}{file.name}", file.content, within=holder.within)


def _deeper(depth: int) -> None:
    if depth >= MAX_NESTED_FILES:
        raise BadSheet("it is packed in too many layers")
