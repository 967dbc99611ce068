"""Who or what wrote a mail, and what our own mail server proved of it."""

import base64
import re
from collections import Counter
from datetime import UTC, datetime
from itertools import islice

from daemon.mail import addresses, headers
from daemon.mail.headers import Field
from daemon.mail.message import DkimSignature, Evidence, Mark, MarkedKind, Origin, Verdict
from daemon.mail.sender.authres import Profile, Results, Trust, aligned, believed, read_verdict
from daemon.mail.sender.logins import logged_in
from daemon.mail.sender.machine import machine_of

__all__ = ["Profile", "Trust", "read_origin"]

_AT_MOST_ONE = ("sender", "reply-to", "to", "cc", "subject", "date", "message-id", "content-type")
_MARK = re.compile(r"(request|answer|chase|withdrawal)\s*;\s*version\s*=\s*1", re.IGNORECASE)
_REFERENCE = re.compile(r"IC-[0-9A-HJKMNP-TV-Z]{8}", re.IGNORECASE)
_NO_DIGIT = re.compile(r"[^A-Za-z0-9+/]")
"""Of base 64."""
_SECONDS = re.compile(r"[0-9]{1,11}")
MAX_SIGNATURES = 10


def read_origin(fields: tuple[Field, ...], trust: Trust, *, whole: bool = True) -> Origin:
    """The origin of a mail from its header fields. Never raises; any doubt about the sender is written down.

    `whole` False: the header block goes on beyond the fields that were read.
    """
    sender, display, ambiguities = _sender(fields, whole=whole)
    found = believed(fields, trust)
    verdict = read_verdict(found)
    subject = headers.decoded(headers.first(fields, "subject"))
    machine = machine_of(fields, headers.first(fields, "content-type"), headers.first(fields, "from"), subject)
    reply_to = addresses.mailbox(headers.first(fields, "reply-to"))
    signed = (f.value for f in fields if f.name == "dkim-signature")
    return Origin(
        sender=sender,
        display_name=headers.decoded(display)[:200],
        ambiguities=ambiguities,
        evidence=_evidence(sender, ambiguities, verdict),
        verdict=verdict,
        signatures=tuple(_signature(value) for value in islice(signed, MAX_SIGNATURES)),
        machine=machine[0] if machine else None,
        machine_sign=machine[1] if machine else "",
        mark=_mark(fields),
        reply_to=reply_to[0] if reply_to else None,
        to=addresses.addresses(f.value for f in fields if f.name in ("to", "cc")),
        date=headers.moment(headers.first(fields, "date")),
        internal=_internal(fields, trust, sender, found),
    )


def _internal(fields: tuple[Field, ...], trust: Trust, sender: str | None, found: Results | str) -> str:
    """Whoever sends for another (a Sender that is not From) is logged in as themselves, so nothing is vouched for."""
    if sender is None:
        return ""
    senders = [addresses.mailbox(f.value) for f in fields if f.name == "sender"]
    alike = all(box is not None and box[0].casefold() == sender.casefold() for box in senders)
    return logged_in(fields, trust, sender, found) if alike else ""


def _sender(fields: tuple[Field, ...], *, whole: bool) -> tuple[str | None, str, tuple[str, ...]]:
    """The one plain From, its display name, and every reason why it cannot be relied on (G2)."""
    named = [f for f in fields if f.name == "from"]
    doubts = [] if whole else ["a header block longer than is read"]
    if len(named) != 1:
        doubts.append(f"{len(named)} From fields")
    if any(f.odd for f in named):
        doubts.append("a From field that readers may take differently")
    counts = Counter(f.name for f in fields)
    doubts += [f"{counts[name]} {name.title()} fields" for name in _AT_MOST_ONE if counts[name] > 1]
    doubts += [f"an odd {f.name.title()} field" for f in fields if f.odd and f.name in _AT_MOST_ONE]
    if counts["dkim-signature"] > MAX_SIGNATURES:
        doubts.append(f"more than {MAX_SIGNATURES} signatures")
    found = addresses.mailbox(named[0].value) if named else None
    if named and found is None:
        doubts.append("From is not one plain address")
    if doubts or found is None:
        return None, "", tuple(dict.fromkeys(doubts))[:20]
    return found[0], found[1], ()


def _evidence(sender: str | None, ambiguities: tuple[str, ...], verdict: Verdict) -> Evidence:
    if sender is None or ambiguities:
        return Evidence.AMBIGUOUS
    domain = sender.rpartition("@")[2]
    if verdict.dmarc != "pass" or verdict.header_from != domain:
        return Evidence.UNPROVEN
    signed = any(aligned(signer, domain) for signer in verdict.dkim_pass)
    return Evidence.DKIM_ALIGNED if signed else Evidence.SPF_ONLY


def _signature(value: str) -> DkimSignature:
    """A signature as its header says; one that is cut off or names a tag twice counts as one that covers only part."""
    named = [tag.partition("=") for tag in value.split(";") if tag.strip()]
    tags = {name.strip().lower(): text.strip() for name, _, text in named}
    doubtful = len(tags) < len(named) or len(value) >= headers.MAX_VALUE
    return DkimSignature(
        domain=addresses.a_label(tags.get("d", "")) or "",
        signature=_octets_of(tags.get("b", "")),
        signed=tuple(name.strip().lower() for name in tags.get("h", "").split(":") if name.strip())[:100],
        body_length="l" in tags or doubtful,
        expires=_expiry(tags.get("x", "")),
    )


def _octets_of(text: str) -> str:
    """A signature in the one spelling of its octets: blanks, padding and unused bits make no other signature of it."""
    digits = _NO_DIGIT.sub("", text)
    whole = len(digits) - (len(digits) % 4 == 1)
    octets = base64.b64decode(digits[:whole] + "=" * (-whole % 4))
    return base64.b64encode(octets).decode("ascii")


def _expiry(text: str) -> datetime | None:
    return datetime.fromtimestamp(int(text), UTC) if _SECONDS.fullmatch(text) else None


def _mark(fields: tuple[Field, ...]) -> Mark | None:
    kind = _MARK.fullmatch(headers.first(fields, "install-code-message").strip())
    if kind is None:
        return None
    name = headers.first(fields, "install-code-reference").strip().upper()
    return Mark(MarkedKind(kind[1].lower()), name if _REFERENCE.fullmatch(name) else None)
