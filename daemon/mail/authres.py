"""What our own mail server proved: Authentication-Results, read strictly (RFC 8601).

Only the topmost header in our server's name counts, and only where our server put it; a header further
down may be the sender's own writing. Any doubt is no verdict.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from publicsuffixlist import PublicSuffixList

from daemon.mail.addresses import a_label
from daemon.mail.headers import Field
from daemon.mail.message import Verdict

_SUFFIXES = PublicSuffixList(only_icann=False)
_RESULT = re.compile(r"([A-Za-z][A-Za-z0-9-]*)(?:/\d+)?=([A-Za-z0-9]+)")
_PROPERTY = re.compile(r"([A-Za-z][A-Za-z0-9-]*\.[A-Za-z][A-Za-z0-9_-]*|reason|action|compauth)=(\"[^\"]*\"|[^\s;\"]+)")
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
    return _SUFFIXES.privatesuffix(domain) or domain


def aligned(signer: str, sender: str) -> bool:
    """Relaxed DMARC alignment: one organisation (RFC 9989)."""
    return organisation(signer) == organisation(sender)


def parse(value: str) -> Results | None:
    """A header value by the grammar of RFC 8601; None on any doubt. `server` is empty in Microsoft's form."""
    bare = _without_comments(value)
    if bare is None:
        return None
    segments = [segment.strip() for segment in _split(bare)]
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


def _without_comments(value: str) -> str | None:
    """`value` with comments made blanks; None when brackets or quotes do not close or are escaped."""
    out, depth, quoted = [], 0, False
    for character in value:
        if character == "\\":
            return None
        if character == '"' and depth == 0:
            quoted = not quoted
        elif character == "(" and not quoted:
            depth += 1
        elif character == ")" and not quoted:
            depth -= 1
            if depth < 0:
                return None
            out.append(" ")
            continue
        if depth == 0:
            out.append(character)
    return None if depth or quoted else "".join(out)


def _split(value: str) -> list[str]:
    return re.split(r";(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", value) if '"' in value else value.split(";")


def _result(segment: str) -> tuple[str, str, dict[str, str]] | None:
    head, *rest = segment.split(None, 1)
    match = _RESULT.fullmatch(head)
    if match is None:
        return None
    text = rest[0] if rest else ""
    found = list(_PROPERTY.finditer(text))
    if _PROPERTY.sub(" ", text).strip():
        return None
    names = [m[1].lower() for m in found]
    if len(set(names)) != len(names):
        return None
    return match[1].lower(), match[2].lower(), {m[1].lower(): m[2].strip('"') for m in found}


NO_VERDICT = Verdict(dmarc="none", header_from="", dkim_pass=(), spf="none", note="")


def _none(why: str) -> Verdict:
    return Verdict(dmarc="none", header_from="", dkim_pass=(), spf="none", note=why)


def read_verdict(fields: tuple[Field, ...], trust: Trust) -> Verdict:
    """The verdict of our own server on this mail, or `none` with the reason."""
    if trust.profile is not Profile.M365 and not trust.authserv_id:
        return _none("no authserv_id is configured")
    own_end = _end_of_own(fields, trust)
    if own_end is None:
        return _none("no Received line shows how our own server took it in")
    ours = [f for f in fields[:own_end] if f.name == "authentication-results"]
    if not ours:
        return _none("our own server left no Authentication-Results header")
    top = parse(ours[0].value)
    if top is None or ours[0].odd:
        return _none("the topmost Authentication-Results header does not follow the grammar")
    if top.server != _expected(trust):
        return _none(f"the topmost Authentication-Results header is not by {_expected(trust) or 'our tenant'}")
    if _contradicted(top, fields, ours[0], trust):
        return _none("two Authentication-Results headers in our server's name contradict each other")
    return _verdict(top)


def _expected(trust: Trust) -> str:
    return "" if trust.profile is Profile.M365 else trust.authserv_id.lower()


def _contradicted(top: Results, fields: tuple[Field, ...], believed: Field, trust: Trust) -> bool:
    others = (f for f in fields if f.name == "authentication-results" and f is not believed)
    parsed = [parse(f.value) for f in others]
    same = [p for p in parsed if p is not None and p.server == _expected(trust)]
    return any(_verdict(p) != _verdict(top) for p in same)


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


# Where our own server's writing ends ────────────────────────────────────────────────────────────────

_FROM = re.compile(r"^from\s+(\S+)(?:\s+\(([^()]*(?:\([^()]*\))?[^()]*)\))?", re.IGNORECASE)
_BY = re.compile(r"\bby\s+([A-Za-z0-9.:_-]+)", re.IGNORECASE)
_LOCAL = re.compile(r"\[(?:127\.[0-9.]+|(?:IPv6:)?::1)\]", re.IGNORECASE)
_MICROSOFT = (".outlook.com", ".office365.com", ".exchangelabs.com")


def _end_of_own(fields: tuple[Field, ...], trust: Trust) -> int | None:
    """How many fields, from the top, our own server wrote; None when it cannot be told."""
    received = [i for i, f in enumerate(fields) if f.name == "received"]
    outside = next((i for i in received if not _internal(fields[i].value, trust)), None)
    if outside is None or trust.profile is Profile.GENERIC:
        return outside
    by = _BY.search(fields[outside].value)
    host = by[1].lower() if by else ""
    if trust.profile is Profile.M365:
        return outside if host.endswith(".protection.outlook.com") or host.endswith(".outlook.com") else None
    if host != trust.authserv_id.lower():
        return None
    return next((i for i in received if i > outside), len(fields))


def _internal(received: str, trust: Trust) -> bool:
    """A hop inside our own system: loopback, LMTP from ourselves, one of our relays, or no `from` at all."""
    came = _FROM.match(received)
    if came is None:
        return trust.profile is not Profile.GENERIC or " lmtp" in received.lower()
    host, remark = came[1].lower(), came[2] or ""
    if trust.profile is Profile.M365 and host.endswith(_MICROSOFT):
        by = _BY.search(received)
        return bool(by and by[1].lower().endswith(_MICROSOFT))
    if _LOCAL.search(remark) or _LOCAL.fullmatch(host):
        return True
    return host in {hop.lower() for hop in trust.own_hops}
