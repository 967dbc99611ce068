"""Header fields as they stand in the bytes: every physical and logical line, read without raising.

The identity of a mail is decided on these, not on a parser's view of them: parsers differ on doubled,
folded and indented fields, and forgers live on the difference.
"""

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from daemon.mail.text.charsets import text_of

MAX_HEADER_OCTETS = 256 * 1024
MAX_VALUE = 16 * 1024
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_HEAD_END = re.compile(rb"\n\r{0,2}\n")
_HEAD_END_OF_CR = re.compile(rb"\r\r")
_CONTENT_FIELD = re.compile(rb"content-[!-9;-~]+:", re.IGNORECASE)
_DISGUISED = re.compile(r"[ \t]+from[ \t]*:((?:=\?[^?\s]*\?[bq]\?[^?]*\?=|[^:;=])*@.*)", re.IGNORECASE)
_ENCODED = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_BETWEEN_ENCODED = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,500}>")
_NOT_OF_A_NAME = re.compile(r"[^!-~]")


@dataclass(frozen=True, slots=True)
class Field:
    """One logical field: `name` in lower case, `value` unfolded, `odd` when it can be read in two ways."""

    name: str
    value: str
    odd: bool = False


def head_of(raw: bytes) -> bytes:
    """The header block of a mail: up to the first empty line."""
    return raw[: _head_octets(raw)[0]]


def plainly_headed(raw: bytes) -> bytes:
    """`raw` with nothing in its header block but the plain fields that say how its body is to be read.

    Other readers stop at a line that they do not know and take the rest of the block for the text: what a forger adds
    to a signed mail in such a line would be read as its writer's words.
    """
    end, body = _head_octets(raw)
    kept, keeping = [], False
    for line in _LINE_END.split(raw[:end]):
        if line[:1] not in (b" ", b"\t"):
            keeping = line[:1] in (b"c", b"C") and bool(_CONTENT_FIELD.match(line))
        if keeping and line:
            kept.append(line)
    return b"\r\n".join((*kept, b"", raw[body:]))


def ends_oddly(raw: bytes) -> bool:
    """Whether its header block ends as some gateways leave it (CR CR LF), where others see no end at all."""
    end, body = _head_octets(raw)
    return raw[end:body].endswith(b"\n\r\r\n")


def _head_octets(raw: bytes) -> tuple[int, int]:
    """(where the header block ends, where the body begins); CR alone ends a line only in a mail that knows no other."""
    reach = min(len(raw), 4 * MAX_HEADER_OCTETS)
    pattern = _HEAD_END if raw.find(b"\n", 0, reach) >= 0 else _HEAD_END_OF_CR
    match = pattern.search(raw, 0, reach)
    if match is None:
        return reach, reach
    return match.start() - (raw[match.start() - 1 : match.start()] == b"\r"), match.end()


def fields(head: bytes) -> tuple[Field, ...]:
    """All fields of a header block, top to bottom; at most the first 256 KiB."""
    return tuple(_fields(head[:MAX_HEADER_OCTETS]))


def first(fields_: tuple[Field, ...], name: str) -> str:
    """The value of the topmost field of that name (lower case); empty where there is none."""
    for field in fields_:
        if field.name == name:
            return field.value
    return ""


def _fields(head: bytes) -> Iterator[Field]:
    name, odd, parts = "", False, [""]
    for text in _lines(head):
        if text.startswith((" ", "\t")):
            if disguised := _disguised(text):
                yield disguised
            parts.append(text.strip())
            continue
        if name:
            yield Field(name, " ".join(parts).strip()[:MAX_VALUE], odd)
        before, colon, after = text.partition(":")
        name = _NOT_OF_A_NAME.sub("", before).lower()
        odd = not colon or name != before.lower()
        parts = [after.strip()]
    if name:
        yield Field(name, " ".join(parts).strip()[:MAX_VALUE], odd)


def _lines(head: bytes) -> list[str]:
    """Its lines as text, every control character kept (they are a sign)."""
    if head.isascii():
        return head.decode("ascii").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return list(map(_line_text, _LINE_END.split(head)))


def _line_text(line: bytes) -> str:
    """Raw 8-bit is UTF-8, or else Windows'."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _disguised(line: str) -> Field | None:
    """An indented line that some readers take for a From field of its own.

    Not one that goes on with a list of field names, as the folded `h=` of a signature does.
    """
    match = _DISGUISED.match(line[:MAX_VALUE])
    return Field("from", match[1].strip(), odd=True) if match else None


def decoded(value: str) -> str:
    """Encoded words decoded, controls made blanks; a word that cannot be decoded stays as it is (RFC 2047)."""
    if "=?" not in value:
        return plain(value)
    return plain("".join(_pieces(_BETWEEN_ENCODED.sub(r"\1", value[:MAX_VALUE]))))


def _pieces(value: str) -> Iterator[str]:
    """The text between encoded words, and the words; neighbours in one charset may share a character."""
    position, octets, charset = 0, b"", ""
    for match in _ENCODED.finditer(value):
        word, named = _octets(match[2], match[3]), match[1].partition("*")[0]
        if octets and (match.start() > position or named.lower() != charset.lower()):
            yield text_of(octets, charset)
            octets = b""
        yield value[position : match.start()]
        octets, charset = (octets + word, named) if word is not None else (octets, charset)
        if word is None:
            yield text_of(octets, charset) + match[0]
            octets = b""
        position = match.end()
    yield text_of(octets, charset)
    yield value[position:]


def _octets(encoding: str, text: str) -> bytes | None:
    raw = text.encode("utf-8", "replace")
    if encoding in "qQ":
        return quopri.decodestring(raw.replace(b"_", b" "), header=False)
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except (binascii.Error, ValueError):
        return None


def plain(text: str) -> str:
    """`text` with every control character and line break made one blank."""
    return " ".join(_CONTROL.sub(" ", text).split())


def message_ids(value: str) -> tuple[str, ...]:
    """The Message-IDs in a field, in order, angle brackets included; at most 100."""
    return tuple(_MESSAGE_ID.findall(value)[:100]) if value else ()


def moment(value: str) -> datetime | None:
    """The time in a Date field or at the end of a Received line, in UTC; None where it is none."""
    try:
        date = parsedate_to_datetime(value[:200])
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
