"""What our own mail server proved: Authentication-Results, read strictly (RFC 8601).

Only the topmost header in our server's name counts, and only where our server put it; a header further
down may be the sender's own writing. Any doubt is no verdict.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import dropwhile, takewhile

from publicsuffixlist import PublicSuffixList

from daemon.mail.addresses import a_label
from daemon.mail.headers import MAX_VALUE, Field
from daemon.mail.message import Verdict

_RESULT = re.compile(r"([A-Za-z][A-Za-z0-9-]*)(?:/[0-9]+)?=([A-Za-z0-9]+)")
_PROPERTY = re.compile(r"([A-Za-z][A-Za-z0-9-]*\.[A-Za-z][A-Za-z0-9_-]*|reason|action|compauth)=(\"[^\"]*\"|[^\s;\"]+)")
_WORD = re.compile(r'(?:[^\s"]|"[^"]*")+')
_MEANS_SOMETHING = re.compile(r'([\\"();])')
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+^_`{|}~.-]+")
MAX_RESULTS = 30


class Profile(StrEnum):
    """Whose habits our mail server has."""

    GENERIC = "generic"
    """The verdict stands above the Received line by which the mail came in from outside."""
    GOOGLE = "google"
    """The verdict stands just below that Received line."""
    M365 = "m365"
    """The verdict bears no server id; Microsoft's own Received lines must stand around it."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What we know of our own mail server, by which its verdict is told from a forged one."""

    authserv_id: str = ""
    profile: Profile = Profile.GENERIC
    own_hops: tuple[str, ...] = ()
    """Host names of our own relays; a Received line from one of them does not come from outside."""
    mailbox: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """One parsed header: who speaks, and method -> (result, properties) of each result."""

    server: str
    results: tuple[tuple[str, str, dict[str, str]], ...]

    def one(self, method: str) -> tuple[str, dict[str, str]] | None:
        """The single result of `method`; None when there is none or more than one."""
        found = [(result, properties) for name, result, properties in self.results if name == method]
        return found[0] if len(found) == 1 else None


def organisation(domain: str) -> str:
    """The organisational domain: one label below the public suffix."""
    return _suffixes().privatesuffix(domain) or domain


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(only_icann=False)  # read from a file where it is first asked


def aligned(signer: str, sender: str) -> bool:
    """Relaxed DMARC alignment: one organisation (RFC 9989)."""
    return signer == sender or organisation(signer) == organisation(sender)


def parse(value: str) -> Results | None:
    """A header value by the grammar of RFC 8601; None on any doubt. `server` is empty in Microsoft's form."""
    segments = _segments(value)
    if segments is None:
        return None
    server = ""
    if "=" not in segments[0]:
        words = segments.pop(0).split()
        if not words or not _TOKEN.fullmatch(words[0]) or words[1:] not in ([], ["1"]):
            return None
        server = words[0].lower()
    results = [_result(segment) for segment in segments if segment and segment.lower() != "none"]
    if len(results) > MAX_RESULTS or any(result is None for result in results):
        return None
    return Results(server, tuple(result for result in results if result is not None))


def _segments(value: str) -> list[str] | None:
    """`value` cut at its semicolons, comments left out; None where brackets or quotes do not close, or are escaped."""
    segments, depth, quoted = [""], 0, False
    for piece in _MEANS_SOMETHING.split(value):
        if piece == "\\":
            return None
        if piece == '"' and depth == 0:
            quoted = not quoted
        elif piece == "(" and not quoted:
            depth += 1
            segments[-1] += " "
            continue
        elif piece == ")" and not quoted:
            depth -= 1
            if depth < 0:
                return None
            continue
        if depth == 0 and piece == ";" and not quoted:
            segments.append("")
        elif depth == 0:
            segments[-1] += piece
    return None if depth or quoted else [segment.strip() for segment in segments]


def _result(segment: str) -> tuple[str, str, dict[str, str]] | None:
    """(method, result, properties) of one segment, `dkim=pass header.d=a.example`; None on any doubt."""
    head, *rest = _WORD.findall(segment)
    match = _RESULT.fullmatch(head)
    found = [_PROPERTY.fullmatch(word) for word in rest]
    if match is None or not all(found):
        return None
    properties = {m[1].lower(): m[2].strip('"') for m in found if m}
    if len(properties) != len(found):
        return None
    return match[1].lower(), match[2].lower(), properties


def _none(why: str) -> Verdict:
    return Verdict(dmarc="none", header_from="", dkim_pass=(), spf="none", note=why)


def read_verdict(found: Results | str) -> Verdict:
    """The verdict of our own server on a mail of which this is `believed`, or `none` with the reason."""
    return _none(found) if isinstance(found, str) else _verdict(found)


def believed(fields: tuple[Field, ...], trust: Trust) -> Results | str:
    """What our own server says of this mail, or why nothing is believed."""
    if trust.profile is not Profile.M365 and not trust.authserv_id:
        return "no authserv_id is configured"
    zone = _own_zone(fields, trust)
    if zone is None:
        return "no Received line shows how our own server took it in"
    said = {f: _parsed(f) for f in fields if f.name == "authentication-results"}
    below = dropwhile(lambda f: f.name != "authentication-results", zone)
    hop = takewhile(lambda f: f.name != "received", below)  # what one server wrote at one time
    parsed = [said[f] for f in hop if f.name == "authentication-results"]
    if trust.profile is Profile.GOOGLE:
        parsed = parsed[:1]  # below it stands what the sender wrote
    if not parsed:
        return "our own server left no Authentication-Results header"
    top = parsed[0]
    if top is None:
        return "the topmost Authentication-Results header does not follow the grammar"
    if top.server != _expected(trust):
        return f"the topmost Authentication-Results header is not by {_expected(trust) or 'our tenant'}"
    ours = [p for p in parsed if p is not None and p.server == top.server]
    united = Results(top.server, tuple(result for p in ours for result in p.results))
    if trust.profile is not Profile.M365 and _contradicted(united, said.values()):
        return "two Authentication-Results headers in our server's name contradict each other"
    return united


def _parsed(field: Field) -> Results | None:
    """A header's results; None too where it was cut off, or holds a control character that may part words for us alone."""
    whole = not field.odd and len(field.value) < MAX_VALUE
    return parse(field.value) if whole and field.value.replace("\t", " ").isprintable() else None


def _expected(trust: Trust) -> str:
    return "" if trust.profile is Profile.M365 else trust.authserv_id.lower()


def _contradicted(united: Results, parsed: Iterable[Results | None]) -> bool:
    """Whether a header in our server's name, wherever it stands, says what our server did not (it strips such)."""
    return any(
        result not in united.results
        for p in parsed if p is not None and p.server == united.server
        for result in p.results
    )  # fmt: skip


def _verdict(top: Results) -> Verdict:
    dmarc, spf = top.one("dmarc"), top.one("spf")
    signers = [
        properties.get("header.d") or properties.get("header.i", "").rpartition("@")[2]
        for method, result, properties in top.results
        if method == "dkim" and result == "pass"
    ]
    header_from = a_label(dmarc[1].get("header.from", "")) if dmarc else None
    return Verdict(
        dmarc=dmarc[0] if dmarc else "none",
        header_from=header_from or "",
        dkim_pass=tuple(filter(None, (a_label(s) for s in signers))),
        spf=spf[0] if spf else "none",
        note=f"Authentication-Results of {top.server or 'our Microsoft 365 tenant'}",
    )


# What our own server wrote ──────────────────────────────────────────────────────────────────────────

_COMMENT = re.compile(r"\([^()]*\)")
_LMTP = re.compile(r"\bwith\s+(?:utf8)?lmtps?a?\b", re.IGNORECASE)
FROM_HOST = re.compile(r"from\s+(\S+)\s*", re.IGNORECASE)
_BY = re.compile(r"\bby\s+([A-Za-z0-9.:_-]+)", re.IGNORECASE)
_SAID = re.compile(r"\b(?:helo|ehlo|ident)[= ]\S*", re.IGNORECASE)
_LITERAL = re.compile(r"\[([0-9A-Fa-f.:]+|IPv6:[0-9A-Fa-f.:]+)\]", re.IGNORECASE)
_NAMED = re.compile(r"\(([A-Za-z0-9.-]+)\s+\[")
"""Postfix and Sendmail: the name that our server found for the address, which counts more than what was said."""
_LOOPBACK = re.compile(r"127\.[0-9.]+|(?:ipv6:)?::1", re.IGNORECASE)
MICROSOFT = (".outlook.com", ".office365.com", ".exchangelabs.com")
_MICROSOFT_EDGE = ".mail.protection.outlook.com"
_GOOGLE_RUN = ("received-spf", "return-path", "delivered-to", "x-received", "x-gm-", "x-google-", "arc-")
_MAX_RECEIVED = 1000
"""How much of a Received line is looked at."""


def _own_zone(fields: tuple[Field, ...], trust: Trust) -> tuple[Field, ...] | None:
    """The fields that nobody but our own server can have written; None when they cannot be told.

    Generic and Microsoft: those above the Received line by which the mail came in from outside. Google: the
    run of its own fields directly below that line.
    """
    received = [i for i, f in enumerate(fields) if f.name == "received"]
    outside = next((i for i in received if not _internal(fields[i].value[:_MAX_RECEIVED], trust)), None)
    if outside is None:
        return None
    host = by_host(fields[outside].value[:_MAX_RECEIVED])
    if trust.profile is Profile.GENERIC:
        return fields[:outside]
    if trust.profile is Profile.M365:
        return fields[:outside] if host.endswith(MICROSOFT) else None
    if host != trust.authserv_id.lower():
        return None
    run = takewhile(
        lambda f: f.name == "authentication-results" or f.name.startswith(_GOOGLE_RUN), fields[outside + 1 :]
    )
    return tuple(run)


def by_host(received: str) -> str:
    """The host that took the mail in, by its own Received line; empty where it is not said."""
    match = _BY.search(_COMMENT.sub(" ", received))
    return match[1].lower() if match else ""


def _internal(received: str, trust: Trust) -> bool:
    """A hop inside our own system: over LMTP or loopback, from one of our relays, or with no `from` at all.

    The host after `from` is what the other side said of itself, mostly; the address in brackets is what our
    server saw.
    """
    came = FROM_HOST.match(received)
    if came is None:
        return trust.profile is not Profile.GENERIC or bool(_LMTP.search(received))
    host = came[1].lower()
    if trust.profile is Profile.M365 and by_host(received).endswith(MICROSOFT):
        return host.endswith(MICROSOFT) and not by_host(received).endswith(_MICROSOFT_EDGE)
    said, _, own = received[came.end() :].rpartition(" by ")  # what it said of itself may hold a "by" too
    if _LMTP.search(_COMMENT.sub(" ", own)):
        return True
    remark = said
    if _LOOPBACK.fullmatch(_seen_address(host, remark)):
        return True
    named = _NAMED.findall(remark)
    return (named[-1].lower() if named else host) in {hop.lower() for hop in trust.own_hops}


def _seen_address(host: str, remark: str) -> str:
    """The address literal that our server noted for the other side; empty when there is none."""
    noted = _LITERAL.findall(_SAID.sub(" ", remark))
    if noted:
        return str(noted[-1])
    # Exim puts the address first, and what the other side said into the remark.
    alone = _LITERAL.fullmatch(host)
    return alone[1] if alone and "helo=" in remark else ""
