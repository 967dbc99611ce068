"""Bytes to text without ever failing: the declared charset, then UTF-8, then what Windows writes."""

import codecs

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HARMLESS = ("ascii", "us-ascii", "iso-8859-1", "latin-1", "iso8859-1")


def text_of(raw: bytes, charset: str | None = None) -> str:
    """`raw` as text with LF line ends. A charset that lies or does not exist is passed over."""
    text = _decoded(raw, charset)
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _decoded(raw: bytes, charset: str | None) -> str:
    for bom, name in _BOMS:
        if raw.startswith(bom):
            return raw.decode(name, "replace")
    declared = (charset or "").strip("'\" ").lower()
    for name in (declared if declared not in _HARMLESS else "", "utf-8"):
        text = _strictly(raw, name)
        if text is not None:
            return text
    return raw.decode("cp1252", "replace")


def _strictly(raw: bytes, charset: str) -> str | None:
    try:
        return raw.decode(charset) if charset else None
    except (LookupError, ValueError):
        return None
