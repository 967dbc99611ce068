"""Bytes to text without ever failing: the declared charset, then UTF-8, then what Windows writes."""

import codecs
from functools import lru_cache

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HARMLESS = frozenset(("ascii", "iso8859-1"))
"""Declared by mailers that write something else; cp1252 holds all of both."""
_REFUSED = frozenset(("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem", "unicode-escape",
                      "raw-unicode-escape"))  # fmt: skip
"""Python's own, no charsets of mail; some take quadratic time."""


def text_of(raw: bytes, charset: str | None = None) -> str:
    """`raw` as text with LF line ends. A charset that lies or does not exist is passed over."""
    text = _decoded(raw, charset)
    if "\x00" in text:
        text = text.replace("\x00", "")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Halves of surrogate pairs, which UTF-7 can spell, are nothing that JSON could carry.
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def _decoded(raw: bytes, charset: str | None) -> str:
    for bom, name in _BOMS:
        if raw.startswith(bom):
            return raw.decode(name, "replace")
    for name in (_usable((charset or "").strip("'\" ").lower()[:60]), "utf-8"):
        text = _strictly(raw, name)
        if text is not None:
            return text
    return raw.decode("cp1252", "replace")


@lru_cache(maxsize=256)
def _usable(declared: str) -> str:
    """The name of the codec to try first; empty: none."""
    try:
        name = codecs.lookup(declared).name
    except (LookupError, ValueError, OSError):
        return ""
    return "" if name in _HARMLESS or name in _REFUSED else name


def _strictly(raw: bytes, charset: str) -> str | None:
    try:
        return raw.decode(charset) if charset else None
    except (LookupError, ValueError):
        return None
