"""The search for what must not be found: codes, supply numbers and passwords, in every spelling we can think of."""

import base64
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from functools import cache
from pathlib import Path

_GLUE = (" ", "-", ":", "\u00a0")


def spellings(code: str) -> frozenset[bytes]:
    """How the 32 hex digits `code` may stand in a file: raw, hex, grouped, base64; of either case."""
    octets = bytes.fromhex(code)
    texts = set()
    for digits in (code.upper(), code.lower()):
        texts.add(digits)
        for size in (2, 4, 8):
            groups = [digits[n : n + size] for n in range(0, len(digits), size)]
            texts |= {glue.join(groups) for glue in _GLUE}
    found = {text.encode() for text in texts}
    return frozenset(found | {octets} | _in_base64([octets, *found]))


def _in_base64(values: Iterable[bytes]) -> set[bytes]:
    """What of each value shows in base64, wherever it begins within a group of three octets."""
    cores = set()
    for value in values:
        for shift in range(3):
            whole = base64.b64encode(b"\0" * shift + value).rstrip(b"=")
            core = whole[-(-shift * 4 // 3) : -1]
            cores |= {core, core.translate(bytes.maketrans(b"+/", b"-_"))}
    return cores


def secret_spellings(text: str) -> frozenset[bytes]:
    """How a password or a supply number may stand in a file."""
    found = {text.encode(), text.encode("utf-16-le")}
    if text.isdigit():
        found |= {glue.join((text[:2], text[2:6], text[6:10], text[10:])).encode() for glue in _GLUE}
    return frozenset(found | _in_base64([text.encode()]))


def readable(mail: bytes) -> bytes:
    """A mail as it is, and every part of it decoded, for encodings hide what is in them."""
    parts = [part.get_payload(decode=True) for part in message_from_bytes(mail).walk() if not part.is_multipart()]
    return b"\n".join((mail, *(part for part in parts if isinstance(part, bytes))))


def in_bytes(content: bytes, needles: Iterable[bytes]) -> list[bytes]:
    """Those of `needles` that occur, also across the line breaks that encodings of mail put in."""
    texts = {content, content.replace(b"\r\n", b"").replace(b"\n", b""), content.replace(b"=\r\n", b"")}
    wanted = frozenset(needles)
    long = _long(wanted)
    if all(_blocks(long).isdisjoint(_in_blocks(text)) for text in texts):
        wanted -= long
    heads = {needle[:4] for needle in wanted}  # a third as many, and mostly none stands there
    present = {head for head in heads if any(head in text for text in texts)}
    return [needle for needle in wanted if needle[:4] in present and any(needle in text for text in texts)]


_BLOCK = 8


@cache
def _long(needles: frozenset[bytes]) -> frozenset[bytes]:
    """Those that, wherever they stand in a text, fill one of its blocks of eight octets."""
    return frozenset(needle for needle in needles if len(needle) >= 2 * _BLOCK - 1)


@cache
def _blocks(needles: frozenset[bytes]) -> frozenset[int]:
    """What such a block may then hold: most texts have none of these, which is told 17 times faster than by search."""
    pieces = {needle[start : start + _BLOCK] for needle in needles for start in range(_BLOCK)}
    return frozenset(int.from_bytes(piece, sys.byteorder) for piece in pieces)


def _in_blocks(text: bytes) -> memoryview:
    return memoryview(text)[: len(text) // _BLOCK * _BLOCK].cast("Q")


def files_below(folder: Path, *, but: Iterable[str] = ()) -> Iterator[Path]:
    """Every file, however deep, but those of these names."""
    left_out = set(but)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in left_out:
            yield path


def held_in(path: Path) -> bytes:
    """What a file holds; one of SQLite's is read by another process.

    SQLite's locks are a process's, and it loses them all where it closes any other handle of the file: with a look of
    ours still open, the next daemon would take itself for the first and cut short the memory that we share (SIGBUS).
    """
    if not path.name.startswith("daemon.db"):
        return path.read_bytes()
    return subprocess.run(["cat", path], check=True, capture_output=True).stdout


def message_id(mail: bytes) -> str:
    """The Message-ID that a mail bears."""
    found = re.search(rb"(?im)^Message-ID:\s*(<[^>]+>)", mail)
    return found[1].decode() if found else ""
