"""What a mail exchanger writes above a mail that it takes in: its verdict on the sender, and how the mail came."""

import hashlib
from datetime import datetime
from email.utils import format_datetime
from enum import StrEnum

from daemon.mail import addresses, headers


class Verdict(StrEnum):
    """What the exchanger found out about the sender."""

    PASS = "pass"  # noqa: S105  # a DMARC result
    """DMARC passes, with an aligned DKIM signature."""
    SPF_ONLY = "spf-only"
    """DMARC passes by SPF alone."""
    FAIL = "fail"
    """Somebody wrote in another's name."""


def stamped(raw: bytes, *, recipient: str, authserv_id: str, verdict: Verdict, arrived: datetime) -> bytes:
    """`raw` as the exchanger `authserv_id` hands it to the mailbox of `recipient`."""
    domain = from_domain(raw)
    host = "mail.forger.test" if verdict is Verdict.FAIL else f"mail.{domain}"
    trace = (
        f"Return-Path: <bounces@{domain}>\r\n"
        f"Delivered-To: {recipient}\r\n"
        f"Authentication-Results: {authserv_id}; {_results(verdict, domain)}\r\n"
        f"Received: from {host} ({host} [192.0.2.7])\r\n"
        f"\tby {authserv_id} with ESMTPS for <{recipient}>; {format_datetime(arrived)}\r\n"
    )
    signature = _signature(raw, domain) if verdict is Verdict.PASS else b""
    return trace.encode() + signature + raw


def from_domain(raw: bytes) -> str:
    """The domain of the From address; `unknown.test` where there is none."""
    found = (addresses.mailbox(f.value) for f in headers.fields(raw) if f.name == "from")
    return next((box[0].rpartition("@")[2] for box in found if box), "unknown.test")


def _results(verdict: Verdict, domain: str) -> str:
    if verdict is Verdict.FAIL:
        return f"dmarc=fail header.from={domain}; dkim=none; spf=fail smtp.mailfrom={domain}"
    dkim = f"dkim=pass header.d={domain}" if verdict is Verdict.PASS else "dkim=none"
    return f"dmarc=pass header.from={domain}; {dkim}; spf=pass smtp.mailfrom={domain}"


def _signature(raw: bytes, domain: str) -> bytes:
    """A DKIM-Signature of the usual form. Its `b=` differs with the content; nobody here verifies it."""
    if any(f.name == "dkim-signature" for f in headers.fields(raw)):
        return b""
    digest = hashlib.sha256(raw).hexdigest()
    names = "from:to:subject:date:message-id"
    return f"DKIM-Signature: v=1; a=rsa-sha256; d={domain}; s=m; h={names}; bh={digest[:32]}; b={digest}\r\n".encode()
