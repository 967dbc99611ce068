"""The MIME tree of a mail as a flat run of leaves, within bounds; whatever is odd becomes a defect.

The standard parser is used in its old form (compat32), which hardly ever raises on what a sender wrote and is
sixteen times faster than the new one (measured on real mail). It recurses with the depth of the tree, so
the depth and number of parts are bounded by a look at the raw bytes first.
"""

import base64
import binascii
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import feedparser, policy
from email.errors import InvalidBase64LengthDefect
from email.message import Message
from types import FunctionType
from typing import Any

from daemon.mail import headers

MAX_MAIL_OCTETS = 60 * 1024 * 1024
MAX_MAIL_LINES = 1_000_000
READ_OF_TOO_LARGE = 256 * 1024
MAX_DEPTH = 30
MAX_PARTS = 200
_BOUNDARY = re.compile(rb"boundary(?:\*[0-9]{0,3}\*?)?\s*=\s*\"?(?:[\w-]*'[\w-]*')?([^\s\";]{1,200})", re.IGNORECASE)
_CHARSET = re.compile(r'[^;="\\]*;\s*charset=("?)([A-Za-z0-9._-]+)\1\s*', re.IGNORECASE | re.ASCII)
"""A Content-Type as most are, with nothing behind its type but this: the standard reading goes letter by letter."""
_TOO_DEEP = "its parts are nested too deep"
_TOO_MANY = f"it has more than {MAX_PARTS} parts"
_DAMAGED = "a part of it is damaged"


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A mail within the mail. `answered`: the mail that the outer one answers, which is a way of quoting it."""

    subject: str
    answered: bool


@dataclass(frozen=True, slots=True)
class Leaf:
    """One part that holds no others. `name` is clean for people; `within` a mail that was handed on, or none."""

    media_type: str
    charset: str
    name: str
    content: bytes = field(repr=False)
    attached: bool = True
    inline_id: bool = False
    """It has a Content-ID: an HTML part shows it in its text."""
    within: Enclosed | None = None
    alternative: int = 0
    """The number of the multipart/alternative it is a choice of; 0: none."""


@dataclass(slots=True)
class Tree:
    """The leaves of a mail in reading order, and what was cut off."""

    answers: tuple[str, ...] = ()
    """The Message-IDs that the mail says it answers."""
    leaves: list[Leaf] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    alternatives: int = 0

    def defect(self, text: str) -> None:
        """Note it once."""
        if text not in self.defects:
            self.defects.append(text)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the tree a part stands."""

    depth: int = 0
    within: Enclosed | None = None
    alternative: int = 0


def read_tree(raw: bytes, answers: tuple[str, ...] = (), within: Enclosed | None = None) -> Tree:
    """The leaves of `raw`. Never raises for what a sender wrote."""
    tree = Tree(answers)
    if len(raw) > MAX_MAIL_OCTETS:
        tree.defect(f"larger than {MAX_MAIL_OCTETS // 2**20} MB: only its beginning was read")
        raw = raw[:READ_OF_TOO_LARGE]
    elif len(raw) > 2 * MAX_MAIL_LINES < raw.count(b"\n") + raw.count(b"\r"):
        tree.defect(f"it has more than {MAX_MAIL_LINES:,} lines: only its beginning was read")
        raw = raw[:READ_OF_TOO_LARGE]
    if why := _out_of_bounds(raw):
        tree.defect(why)
        return tree
    if headers.ends_oddly(raw.lstrip(b"\r\n")):
        tree.defect("its line ends are damaged")
    try:
        _walk(_parsed(headers.plainly_headed(raw.lstrip(b"\r\n"))), tree, _Place(within=within))
    except RecursionError:
        tree.leaves.clear()
        tree.defect(_TOO_DEEP)
    return tree


class _Part(Message):
    """Its type is made out once: the parser asks for it, and we do, many times.

    Where its boundary is in a charset that Python knows and will not read it by, there is none.
    """

    _made_of: tuple[int, str] = (-1, "")
    _kind = ""

    def get_content_type(self) -> str:
        """As the standard one, whose answer holds as long as no field comes in."""
        made_of = (len(self), self.get_default_type())
        if made_of != self._made_of:
            self._made_of, self._kind = made_of, super().get_content_type()
        return self._kind

    def get_boundary(self, failobj: Any = None) -> Any:
        """As the standard one, which the parser asks and which would raise out of it."""
        try:
            return super().get_boundary(failobj)
        except (ValueError, LookupError, TypeError):
            return failobj


class _Boundary:
    """A line that parts a multipart: what the standard parser, before Python 3.13, spells and compiles a pattern for.

    Every mail has boundaries of its own, so that this was a seventh of what it takes to read one.
    """

    _BEHIND = re.compile(r"(?P<end>--)?[ \t]*(?P<linesep>\r\n|\r|\n)?$")

    def __init__(self, separator: str) -> None:
        self._separator = separator

    def __radd__(self, _before: str) -> "_Boundary":
        return self

    def __add__(self, _behind: str) -> "_Boundary":
        return self

    def match(self, line: str) -> re.Match[str] | None:
        """The boundary that `line` is, if it is one."""
        return self._BEHIND.match(line, len(self._separator)) if line.startswith(self._separator) else None


class _Patterns:
    """In the place of `re`, of which the parser's own code uses this much."""

    escape = _Boundary

    @staticmethod
    def compile(boundary: _Boundary) -> _Boundary:
        """It is what it is to be."""
        return boundary


class _Parser(feedparser.FeedParser):
    """The standard one; its code, where it would compile, asks `_Patterns`."""

    if sys.version_info < (3, 13):
        _parsegen = FunctionType(
            feedparser.FeedParser._parsegen.__code__,  # type: ignore[attr-defined]  # noqa: SLF001  # there is no other way in
            {**vars(feedparser), "re": _Patterns},
        )


def _parsed(raw: bytes) -> Message:
    parser = _Parser(_Part, policy=policy.compat32)
    parser.feed(raw.decode("ascii", "surrogateescape"))
    return parser.close()


def _out_of_bounds(raw: bytes) -> str:
    """Why the standard parser must not see it; empty: it may."""
    if len(headers.head_of(raw.lstrip(b"\r\n"))) > headers.MAX_HEADER_OCTETS:
        return "its header is larger than 256 KiB"
    boundaries = set(_boundaries(raw))
    if len(boundaries) > MAX_PARTS:
        return _TOO_DEEP
    parts = 0
    for boundary in boundaries:
        parts += raw.count(b"--" + boundary)
        if parts > 4 * MAX_PARTS:
            return _TOO_MANY
    return ""


def _boundaries(raw: bytes) -> Iterator[bytes]:
    """Whatever is said to be one. The word is looked for first: a pattern that ignores case goes by every octet."""
    lower = raw.lower()
    at = lower.find(b"boundary")
    while at >= 0:
        said = _BOUNDARY.match(raw, at)
        if said:
            yield said[1]
        at = lower.find(b"boundary", said.end() if said else at + 1)


def _walk(message: Message, tree: Tree, place: _Place) -> None:
    if place.depth > MAX_DEPTH:
        tree.defect(_TOO_DEEP)
        return
    kind = message.get_content_type()
    if kind in ("message/rfc822", "message/global"):
        _walk_enclosed(message, kind, tree, place)
    elif not message.is_multipart() or kind.startswith("message/"):
        _add_leaf(message, kind, tree, place)
    else:
        if kind == "multipart/alternative":
            tree.alternatives += 1
            place = _Place(place.depth, place.within, tree.alternatives)
        inner = _Place(place.depth + 1, place.within, place.alternative)
        for part in _parts(message):
            _walk(part, tree, inner)


def _parts(message: Message) -> list[Message]:
    """The parts of a multipart. A `Message`'s own look at a text raises on some charsets, and is not asked."""
    payload = message.get_payload() if message.is_multipart() else []
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def _walk_enclosed(message: Message, kind: str, tree: Tree, place: _Place) -> None:
    """The mail within, unpacked first where somebody encoded it (RFC 2046 forbids it, Notes does it)."""
    inner = next(iter(_parts(message)), None)
    if inner is None:
        _add_leaf(message, kind, tree, place)
        return
    if str(message.get("content-transfer-encoding", "")).strip().lower() == "base64" and not inner.keys():
        inner = _unpacked(inner)
    _walk(inner, tree, _Place(place.depth + 1, enclosed(inner, tree.answers, place.within)))


def _unpacked(packed: Message) -> Message:
    try:
        raw = base64.b64decode(_content(packed))
    except (binascii.Error, ValueError):
        return packed
    return packed if _out_of_bounds(raw) else _parsed(raw)


def enclosed(inner: Message, answers: tuple[str, ...], outer: Enclosed | None = None) -> Enclosed:
    """What there is to say of a mail within a mail. What stands in a quoted one is quoted too."""
    identity = headers.message_ids(str(inner.get("message-id", ""))[: headers.MAX_VALUE])
    answered = any(name in answers for name in identity) or (outer is not None and outer.answered)
    return Enclosed(headers.decoded(str(inner.get("subject", "")))[:1000], answered)


def _add_leaf(message: Message, kind: str, tree: Tree, place: _Place) -> None:
    if len(tree.leaves) >= MAX_PARTS:
        tree.defect(_TOO_MANY)
        return
    if kind.startswith("multipart/"):
        kind = "text/plain"  # its boundary is missing: whatever it holds is read as it stands
    content_type, disposition = (str(message.get(name, "")) for name in ("content-type", "content-disposition"))
    # Most parts have no name: the word stands in no field of theirs.
    name = _name(message) if "name" in f"{disposition} {content_type}".lower() else ""
    tree.leaves.append(
        Leaf(
            media_type=kind,
            charset=_charset(message, content_type),
            name=name,
            content=_content(message),
            attached=disposition.strip().lower().startswith("attachment") or bool(name),
            inline_id="content-id" in message,
            within=place.within,
            alternative=place.alternative,
        )
    )
    if any(isinstance(defect, InvalidBase64LengthDefect) for defect in message.defects):
        tree.defect(_DAMAGED)


def _content(message: Message) -> bytes:
    payload = message.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _charset(message: Message, content_type: str) -> str:
    if not content_type:
        return ""
    if plainly := _CHARSET.fullmatch(content_type):
        return plainly[2].lower()
    try:
        return message.get_content_charset() or ""
    except (ValueError, LookupError, TypeError):
        return ""


def _name(message: Message) -> str:
    """The file name without path, controls or excess length."""
    try:
        name = message.get_filename() or ""
    except (ValueError, LookupError, TypeError):
        name = ""
    return clean_name(headers.decoded(str(name)))


def clean_name(name: str) -> str:
    """A file name for people: its last part, without controls, at most 120 characters, its ending kept."""
    name = re.split(r"[\\/]", headers.plain(name))[-1].strip()
    name = name.encode("utf-8", "replace").decode("utf-8")
    return name if len(name) <= 120 else f"{name[:100]}…{name[-19:]}"
