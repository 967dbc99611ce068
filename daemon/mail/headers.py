"""Header fields as they stand in the bytes: every physical and logical line, read without raising.

The identity of a mail is decided on these, not on a parser's view of them: parsers differ on doubled,
folded and indented fields, and forgers live on the difference.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header

MAX_HEADER_OCTETS = 256 * 1024
MAX_VALUE = 16 * 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Field:
    """One logical field: `name` in lower case, `value` unfolded, `odd` when it can be read in two ways."""

    name: str
    value: str
    odd: bool = False


def head_of(raw: bytes) -> bytes:
    """The header block of a mail: up to the first empty line."""
    match = re.search(rb"\r\n\r\n|\n\n|\r\r(?!\n)", raw[: 4 * MAX_HEADER_OCTETS])
    return raw[: match.start()] if match else raw[: 4 * MAX_HEADER_OCTETS]


def fields(head: bytes) -> tuple[Field, ...]:
    """All fields of a header block, top to bottom; at most the first 256 KiB."""
    return tuple(_fields(head[:MAX_HEADER_OCTETS]))


def _fields(head: bytes) -> Iterator[Field]:
    name, parts = "", []
    for line in _LINE_END.split(head):
        text = line.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode("utf-8")
        if text[:1] in (" ", "\t"):
            if disguised := _disguised(text):
                yield disguised
            parts.append(text.strip())
            continue
        if name:
            yield Field(name, " ".join(parts)[:MAX_VALUE])
        name, parts = "", []
        before, colon, after = text.partition(":")
        if colon and before == before.rstrip() and before:
            name, parts = before.lower(), [after.strip()]
        elif before.strip():
            yield Field(before.strip().lower(), after.strip()[:MAX_VALUE], odd=True)
    if name:
        yield Field(name, " ".join(parts)[:MAX_VALUE])


def _disguised(line: str) -> Field | None:
    """An indented line that some readers take for a From field of its own."""
    match = re.match(r"[ \t]+from[ \t]*:(.*@.*)", line, re.IGNORECASE)
    return Field("from", match[1].strip()[:MAX_VALUE], odd=True) if match else None


def decoded(value: str) -> str:
    """Encoded words decoded, controls made blanks; the raw text where that fails (RFC 2047)."""
    if "=?" not in value:
        return plain(value)
    try:
        pieces = decode_header(value)
        text = "".join(p if isinstance(p, str) else _bytes(p, charset) for p, charset in pieces)
    except (HeaderParseError, ValueError, LookupError, AssertionError):
        text = value
    return plain(text)


def _bytes(piece: bytes, charset: str | None) -> str:
    try:
        return piece.decode(charset or "utf-8", "replace")
    except LookupError:
        return piece.decode("latin-1")


def plain(text: str) -> str:
    """`text` with every control character and line break made one blank."""
    return " ".join(_CONTROL.sub(" ", text).split())


def message_ids(value: str) -> tuple[str, ...]:
    """The Message-IDs in a field, in order, angle brackets included; at most 100."""
    return tuple(re.findall(r"<[^<>\s]{1,500}>", value)[:100])
