"""Letter to Envelope: the exact bytes that every attempt sends. Same arguments, same bytes.

Byte templates, not the email package: it is ten to eighty times slower here (performance notes).
The law of this file: no text of anybody's ever reaches a header raw. It is made one plain line, and
what is not printable ASCII becomes an encoded word (RFC 2047) or a percent-encoded value (RFC 2231).
"""

import binascii
import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import quote

from daemon.mail.addresses import addr_spec
from daemon.mail.message import Envelope, Letter, Mark, Sheet

MAX_REFERENCES = 20
"""Message-IDs in References: the first, which began the thread, and the last ones."""
_LINE = 76
_OCTETS_AT_A_TIME = 1000 * _LINE // 4 * 3
"""Of a sheet, encoded together: whole lines."""
_WHOLE_LINES = re.compile(rb"(?:.{0,998}\r\n)*+")
"""Each at most 998 octets and its CRLF; a bare CR may still stand in one."""
_BARE_CR = re.compile(rb"\r[^\n]")
_BOM = "\ufeff".encode()
"""Excel takes a CSV file for a Windows code page unless it begins so."""
_UNFIT = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\ufeff\\ufff0-\\ufffb\\ud800-\\udfff]+"
)
"""Controls, line ends of every kind, direction overrides, half characters: never in a header or a cell."""
_UNFIT_IN_TEXT = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_PLAIN = re.compile(r"[ -~]*")
_UNSAFE_LINES = ("\n.\n", "\nFrom ", "\n--", " \n")
"""What cannot travel as it is: a lone dot, a mailbox's separator, the look of a boundary, a blank at an end."""
_UNSAFE_START = re.compile(rb"\n(?:From |--)")
_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\n"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_SAFE_CELL = re.compile(r"(?:[0-9A-Za-z][ !#-+\--~]*+)?")
"""A cell that can be written as it is; most can. It holds no comma."""
_SAFE_ROW = re.compile(f"{_SAFE_CELL.pattern}(?:,{_SAFE_CELL.pattern})*+")


def compose(letter: Letter, *, sender: str, sender_name: str, message_id: str, written_at: datetime) -> Envelope:
    """The letter as bytes: text and HTML as alternatives, the sheet beside them, one recipient.

    `message_id` in its angle brackets. Raises ValueError where sender, recipient or Message-ID is none:
    these are ours, checked when they came in, so that is a bug and never a sender's doing.
    """
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError("not a Message-ID")
    boundary = hashlib.sha256(message_id.encode("ascii")).hexdigest()[:30]
    head = "\r\n".join(_headers(letter, _address(sender), sender_name, message_id, written_at))
    content = b"".join((head.encode("ascii"), b"\r\n", *_body(letter, boundary)))
    _check(content)
    return Envelope(sender=sender, recipient=letter.to, message_id=message_id, content=content)


def _address(text: str) -> str:
    if addr_spec(text) is None:
        raise ValueError("not a plain address")
    return text


def _check(content: bytes) -> None:
    """Row 53 of the attack list: no bare CR, no bare LF, no line over 998 octets."""
    if not _WHOLE_LINES.fullmatch(content) or _BARE_CR.search(content):
        raise ValueError("a bare CR or LF in a letter, or a line longer than 998 octets")


# Headers ────────────────────────────────────────────────────────────────────────────────────────────


def _headers(letter: Letter, sender: str, sender_name: str, message_id: str, written_at: datetime) -> Iterator[str]:
    yield f"From: {_display(sender_name)}<{sender}>"
    yield f"To: <{_address(letter.to)}>"
    yield f"Subject: {_words(letter.subject, len('Subject: '))}"
    yield f"Date: {format_datetime(written_at)}"
    yield f"Message-ID: {message_id}"
    yield from _threading(letter)
    yield "Auto-Submitted: auto-generated"
    yield "X-Auto-Response-Suppress: All"
    yield from _marks(letter.mark)
    yield "Content-Language: en-GB"
    yield "MIME-Version: 1.0"


def _threading(letter: Letter) -> Iterator[str]:
    """In-Reply-To and References (RFC 5322 3.6.4); an id that is not plain is left out."""
    parent = letter.in_reply_to if _MESSAGE_ID.fullmatch(letter.in_reply_to) else ""
    known = [m for m in letter.references if _MESSAGE_ID.fullmatch(m) and m != parent]
    chain = list(dict.fromkeys([*known, parent] if parent else known))
    if parent:
        yield f"In-Reply-To: {parent}"
    if len(chain) > MAX_REFERENCES:
        chain = [chain[0], *chain[-MAX_REFERENCES + 1 :]]
    if chain:
        yield "References: " + "\r\n ".join(chain)


def _marks(mark: Mark | None) -> Iterator[str]:
    """How another copy of this daemon knows the letter; they correlate, and prove nothing."""
    if mark is None:
        return
    yield f"Install-Code-Message: {mark.kind}; version=1"
    if mark.reference and re.fullmatch(r"[A-Za-z0-9-]{1,40}", mark.reference):
        yield f"Install-Code-Reference: {mark.reference}"


def one_line(text: str) -> str:
    """`text` on one line: controls, line ends, direction overrides and half characters made blanks."""
    fit = text if text.isprintable() else _UNFIT.sub(" ", text)
    return " ".join(fit.split())


def _display(name: str) -> str:
    """A display name before its angle bracket, quoted or encoded; nothing where it is empty."""
    line = one_line(name)[:200]
    if not line:
        return ""
    if _PLAIN.fullmatch(line) and "=?" not in line and len(line) <= 60:
        return '"' + re.sub(r'(["\\])', r"\\\1", line) + '" '
    return _encoded_words(line, len("From: ")) + "\r\n "


def _words(text: str, used: int) -> str:
    """An unstructured value, folded to short lines. `used`: columns taken before it on its first line."""
    line = one_line(text)
    words = line.split(" ")
    if not _PLAIN.fullmatch(line) or "=?" in line or max(map(len, words)) > _LINE - used:
        return _encoded_words(line, used)
    return _folded(words, used)


def _folded(words: list[str], used: int) -> str:
    lines, column = [words[0]], used + len(words[0])
    for word in words[1:]:
        if column + 1 + len(word) > _LINE:
            lines.append(word)
            column = 1 + len(word)
        else:
            lines[-1] += " " + word
            column += 1 + len(word)
    return "\r\n ".join(lines)


def _encoded_words(line: str, used: int) -> str:
    """RFC 2047 words of whole characters, at most 75 octets each and one a line."""
    room = (_LINE - used - len("=?utf-8?b??=")) // 4 * 3
    chunks: list[bytes] = []
    chunk = b""
    for character in line:
        octets = character.encode("utf-8")
        if len(chunk) + len(octets) > room:
            chunks.append(chunk)
            chunk, room = b"", 45
        chunk += octets
    return "\r\n ".join(f"=?utf-8?b?{b64encode(c).decode('ascii')}?=" for c in (*chunks, chunk))


# Body ───────────────────────────────────────────────────────────────────────────────────────────────


def _body(letter: Letter, boundary: str) -> list[bytes]:
    """In pieces, which are put together once: a sheet may have megabytes."""
    texts = (_text_part("plain", letter.text), _text_part("html", letter.html))
    alternative = _multipart("alternative", boundary + "a", texts)
    if letter.sheet is None:
        return alternative
    return _multipart("mixed", boundary + "m", (alternative, _sheet_part(letter.sheet)))


def _multipart(subtype: str, boundary: str, parts: Iterable[Sequence[bytes]]) -> list[bytes]:
    pieces = [f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode("ascii")]
    begin = f"--{boundary}\r\n".encode("ascii")
    for part in parts:
        pieces += (begin, *part, b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode("ascii"))
    return pieces


def _text_part(subtype: str, text: str) -> tuple[bytes, bytes]:
    text = _clean(text)
    plain = _travels_as_it_is(text)
    charset, encoding = ("us-ascii", "7bit") if plain else ("utf-8", "quoted-printable")
    body = text.encode("ascii") if plain else _quoted_printable(text.encode("utf-8"))
    head = f"Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode("ascii"), body.replace(b"\n", b"\r\n")


def _clean(text: str) -> str:
    """`text` with LF line ends, one at its end, and nothing that no letter may hold."""
    if not _is_fit(text):
        text = re.sub("\r\n|\r|\u2028|\u2029", "\n", text)
        text = _UNFIT_IN_TEXT.sub("", text)
    return text.rstrip("\n") + "\n"


def _is_fit(text: str) -> bool:
    """Whether all of it is line ends and what can be printed; most is ASCII, and told apart far sooner as octets."""
    rest = text.encode("utf-8", "surrogatepass").translate(None, _PRINTABLE)
    return rest.decode("utf-8", "surrogatepass").isprintable()


def _travels_as_it_is(text: str) -> bool:
    """Short lines of ASCII without any trap."""
    if not text.isascii() or max(map(len, text.split("\n"))) > _LINE:
        return False
    framed = "\n" + text
    return not any(trap in framed for trap in _UNSAFE_LINES)


def _quoted_printable(octets: bytes) -> bytes:
    """RFC 2045 6.7, LF line ends; besides, no line begins with `From ` or `--`, and none is a lone dot."""
    encoded = b"\n" + binascii.b2a_qp(octets, istext=True)
    return _UNSAFE_START.sub(lambda found: b"\n=%02X%b" % (found[0][1], found[0][2:]), encoded)[1:]


def _sheet_part(sheet: Sheet) -> list[bytes]:
    name = _file_name(sheet.name)
    head = (
        f"Content-Type: text/csv; charset=utf-8; header=present;\r\n name{name}\r\n"
        f"Content-Disposition: attachment;\r\n filename{name}\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    content = csv_of(sheet)
    starts = range(0, len(content), _OCTETS_AT_A_TIME)
    return [head.encode("ascii"), *(_base64(content[start : start + _OCTETS_AT_A_TIME]) for start in starts)]


def _base64(octets: bytes) -> bytes:
    encoded = b64encode(octets)
    return b"\r\n".join([encoded[i : i + _LINE] for i in range(0, len(encoded), _LINE)]) + b"\r\n"


def _file_name(name: str) -> str:
    """The value of a file name parameter with its sign: `="a.csv"`, or `*=utf-8''...` (RFC 2231)."""
    line = re.sub(r'[/\\:*?"<>|]', "-", one_line(name))[:100] or "sheet.csv"
    return f'="{line}"' if _PLAIN.fullmatch(line) else f"*=utf-8''{quote(line, safe='')}"


def csv_of(sheet: Sheet) -> bytes:
    """The sheet as CSV that a spreadsheet opens rightly: BOM, CRLF, no cell that could be a formula (row 48)."""
    return b"".join([_BOM, *[f"{_csv_line(row)}\r\n".encode("utf-8", "replace") for row in sheet.rows]])


def _csv_line(cells: Sequence[str]) -> str:
    line = ",".join(cells)
    is_safe = line.count(",") == len(cells) - 1 and _SAFE_ROW.fullmatch(line)
    return line if is_safe else ",".join(map(_cell, cells))


def _cell(text: str) -> str:
    if _SAFE_CELL.fullmatch(text):
        return text
    line = one_line(text)
    line = "'" + line if text.startswith(_FORMULA) or line.startswith(_FORMULA) else line
    return '"' + line.replace('"', '""') + '"'
