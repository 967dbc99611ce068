"""The one strict reading of an address field: one plain mailbox, or nothing.

Stricter than RFC 5322 on purpose: what two readers could take for two addresses is refused (groups,
routes, comments, quoted local parts, text after the bracket). An "@" in a display name is common in
honest mail and allowed where the address itself is plain.
"""

import re
from collections.abc import Iterable
from itertools import islice

import idna

_LOCAL = r"[A-Za-z0-9!#$%&'*+/^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/^_`{|}~-]+)*"
_ADDRESS = re.compile(rf"({_LOCAL})@([^\s@<>()\[\]\\,;:\"]{{1,253}})")
_DISPLAY = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^"<>,;:()\\])*')
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_WORDS = re.compile(r"[^\s<>(),;:\"]+")
MAX_ADDRESS = 1000
MAX_LIST = 16_384


def mailbox(value: str) -> tuple[str, str] | None:
    """(address, display name) of a field that holds exactly one plain mailbox; None when there is any doubt.

    The domain comes back as a lower-case A-label, the local part as written.
    """
    value = value.strip()
    if not value or len(value) > MAX_ADDRESS or _CONTROL.search(value):
        return None
    display, address = "", value
    if value.endswith(">"):
        display, _, rest = value.rpartition("<")
        address = rest[:-1]
        if not _DISPLAY.fullmatch(display):
            return None
    spec = addr_spec(address)
    return None if spec is None else (spec, display.strip().strip('"'))


def addr_spec(text: str) -> str | None:
    """`text` as local@domain with the domain as a lower-case A-label; None where it is no plain address."""
    match = _ADDRESS.fullmatch(text)
    if match is None or len(match[1]) > 64:
        return None
    domain = a_label(match[2])
    return f"{match[1]}@{domain}" if domain else None


def a_label(domain: str) -> str | None:
    """A domain name in lower-case ASCII (RFC 5890); None where it is none."""
    domain = domain.rstrip(".").lower()
    if len(domain) > 253:
        return None
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError:
            return None
    return domain if len(domain) <= 253 and _DOMAIN.fullmatch(domain) else None


def addresses(values: Iterable[str]) -> tuple[str, ...]:
    """Every plain address found in To and Cc fields, for information only; at most 50."""
    text = ", ".join(islice(values, 20))[:MAX_LIST]
    found = (addr_spec(word) for word in _WORDS.findall(text) if "@" in word)
    return tuple(islice((spec for spec in found if spec), 50))
