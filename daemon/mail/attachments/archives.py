"""Zip archives within limits that hold before anything is unpacked, read by one reader alone.

Two readers of one archive may see two contents; so what is handed on is never the archive, only what we
unpacked from it.
"""

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

MAX_UNPACKED = 50 * 1024 * 1024
MAX_MEMBERS = 1000
MAX_RATIO = 100
_MAX_DIRECTORY = 512 * 1024
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
)


class BadArchive(Exception):
    """Why an archive cannot be read, in words for its sender."""


@contextmanager
def opened(content: bytes) -> Iterator[zipfile.ZipFile]:
    """The archive, checked by its declared sizes. Raises BadArchive."""
    if _directory_octets(content) > _MAX_DIRECTORY:
        raise BadArchive(f"it holds more than {MAX_MEMBERS:,} files")
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except _DAMAGED:
        raise BadArchive("it is no regular archive, or it is damaged") from None
    with archive:
        _check(archive, len(content))
        yield archive


def _directory_octets(content: bytes) -> int:
    """The size of the list of members by the end record; 0 where there is none (APPNOTE 4.3.16)."""
    at = content.rfind(b"PK\x05\x06")
    return int.from_bytes(content[at + 12 : at + 16], "little") if at >= 0 else 0


def _check(archive: zipfile.ZipFile, packed: int) -> None:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise BadArchive(f"it holds more than {MAX_MEMBERS:,} files")
    if len({member.filename for member in members}) < len(members):
        raise BadArchive("it holds two files of one name")
    total = sum(member.file_size for member in members)
    if total > MAX_UNPACKED or total > MAX_RATIO * max(packed, 1024):
        raise BadArchive("it unpacks to far more than it seems to hold")
    if any(member.flag_bits & 1 for member in members):
        raise BadArchive("it is locked with a password")


def unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The content of one member, never more than it declares. Raises BadArchive."""
    try:
        with archive.open(member) as file:
            return file.read(member.file_size + 1)[: member.file_size]
    except _DAMAGED:
        raise BadArchive("it is damaged") from None
