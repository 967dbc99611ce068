"""What a mail brings packed: zip archives, Outlook's winmail.dat; and what is never opened here, and why."""

import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from tnefparse import TNEF

from daemon.mail.attachments import archives
from daemon.mail.attachments.sheets import BadSheet
from daemon.mail.message import Reading
from daemon.mail.structure import clean_name

MAX_TNEF_OCTETS = 20 * 1024 * 1024
MAX_TNEF_FILES = 50
MAX_TNEF_WORK = 2**32
LOGO_OCTETS = 40 * 1024
_NO_FILES = ("thumbs.db", ".ds_store", "desktop.ini")
_DAMAGED = (
    struct.error,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    AssertionError,
    RecursionError,
    NameError,
)
"""What the reader of winmail.dat raises on files that it does not understand."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A file in a container."""

    name: str
    content: bytes = field(repr=False)


def unzipped(content: bytes) -> Iterator[Packed]:
    """The files of an archive, one after the other. Raises BadSheet."""
    try:
        with archives.opened(content) as archive:
            for member in archive.infolist():
                if not _of_no_account(member):
                    yield Packed(clean_name(member.filename), archives.unpack(archive, member))
    except archives.BadArchive as error:
        raise BadSheet(str(error)) from None


def _of_no_account(member: zipfile.ZipInfo) -> bool:
    """A folder, or what Windows and macOS leave behind."""
    name = member.filename.lower()
    return member.is_dir() or "__macosx/" in name or name.rpartition("/")[2] in _NO_FILES


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What Outlook put into a winmail.dat. `html` and `text` are empty where it holds no body."""

    files: tuple[Packed, ...]
    html: bytes = field(repr=False)
    text: bytes = field(repr=False)


def untnef(content: bytes) -> Unpacked:
    """The content of a winmail.dat (MS-OXTNEF). Raises BadSheet."""
    if len(content) > MAX_TNEF_OCTETS or _objects(content) * len(content) > MAX_TNEF_WORK:
        raise BadSheet(
            f"an Outlook container (winmail.dat) of more than {MAX_TNEF_OCTETS // 2**20} MB, or of too many parts"
        )
    try:
        container = TNEF(content)
        files = tuple(Packed(clean_name(_name(a)), bytes(a.data or b"")) for a in container.attachments)
        unpacked = Unpacked(files, _octets(container.htmlbody), _octets(container.body))
    except _DAMAGED:
        raise BadSheet("a damaged Outlook container (winmail.dat)") from None
    if len(files) > MAX_TNEF_FILES:
        raise BadSheet(f"an Outlook container (winmail.dat) of more than {MAX_TNEF_FILES} files")
    return unpacked


def _objects(content: bytes) -> int:
    """How many objects it says to hold; each costs its reader a copy of all that follows."""
    count, at = 0, 6
    while at + 11 < len(content):
        at += 11 + int.from_bytes(content[at + 5 : at + 9], "little")
        count += 1
    return count


def _name(attachment: object) -> str:
    name = attachment.long_filename()  # type: ignore[attr-defined]  # tnefparse brings no types
    return name if isinstance(name, str) else str(name or b"", "utf-8", "replace")


def _octets(body: object) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode("utf-8", "replace") if isinstance(body, str) else b""


# What is not opened ─────────────────────────────────────────────────────────────────────────────────

_LOCKED = "it is sealed (S/MIME or PGP), and nobody is here to open it"
_ARCHIVE = "a kind of archive or saved mail that is not opened here; a zip archive or the mail itself would be"
_OTHER_SHEET = "another kind of spreadsheet; save it as .xlsx or CSV"
_DOCUMENT = "a document; device lists are read from CSV and Excel files, or from the mail itself"
_PICTURE = "a picture; text in pictures cannot be read"
_ELSEWHERE = "a mail whose content lies elsewhere"
_UNREADABLE = (
    ((".p7m", ".pgp", ".gpg", ".asc"), ("application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"), _LOCKED),
    ((".xlsb", ".ods", ".numbers"), ("application/vnd.oasis.opendocument.spreadsheet",), _OTHER_SHEET),
    ((".7z", ".rar", ".gz", ".tar", ".tgz", ".msg", ".zipx"), ("application/x-7z-compressed", "application/vnd.ms-outlook"), _ARCHIVE),
    ((), ("message/partial", "message/external-body"), _ELSEWHERE),
)  # fmt: skip
_DOCUMENTS = (".pdf", ".doc", ".docx", ".docm", ".odt", ".rtf", ".ppt", ".pptx", ".one", ".pages")
_DOCUMENT_TYPES = (
    "application/pdf",
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml",
)
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".webp")


def not_opened(kind: str, name: str, size: int, *, shown_inline: bool) -> tuple[Reading, str]:
    """What becomes of a file that nobody reads: it counts as a gap where it must hold a list or a message."""
    for endings, kinds, why in _UNREADABLE:
        if name.endswith(endings) or kind in kinds:
            return Reading.UNREADABLE, why
    if kind.startswith("image/") or name.endswith(_PICTURES):
        logo = shown_inline or size < LOGO_OCTETS
        return (Reading.IGNORED, "") if logo else (Reading.NOT_TEXT, _PICTURE)
    if kind.startswith(_DOCUMENT_TYPES) or name.endswith(_DOCUMENTS):
        return Reading.NOT_TEXT, _DOCUMENT
    return Reading.IGNORED, ""
