"""Forged and genuine header blocks, read as our configuration reads them: asked at every start.

A wrong `authserv_id` or profile opens the one door that everything rests on. So before a mailbox is opened, the
reader must refuse each forgery of our own server's verdict, and must believe the genuine one.
"""

from dataclasses import dataclass

from daemon.mail import headers
from daemon.mail.authres import Profile, Trust
from daemon.mail.message import Evidence
from daemon.mail.origin import read_origin

_FROM = (
    "From: Ann <ann@supplier.example>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@supplier.example>\r\n"
)
_BELIEVED = "dkim=pass header.d=supplier.example; spf=pass smtp.mailfrom=supplier.example; dmarc=pass header.from=supplier.example"
_REFUSED = "dkim=none; spf=fail smtp.mailfrom=evil.example; dmarc=fail header.from=supplier.example"


@dataclass(frozen=True, slots=True)
class _Sample:
    name: str
    head: str
    genuine: bool = False


def self_test(trust: Trust) -> tuple[str, ...]:
    """Names of the samples that were read wrongly; empty: all is well.

    Without an `authserv_id` (profiles generic and google) nothing is ever believed, and nothing can be tested.
    """
    if trust.profile is not Profile.M365 and not trust.authserv_id:
        return ()
    return tuple(sample.name for sample in _samples(trust) if _believed(sample, trust) is not sample.genuine)


def _believed(sample: _Sample, trust: Trust) -> bool:
    origin = read_origin(headers.fields(sample.head.encode()), trust)
    return origin.evidence is Evidence.DKIM_ALIGNED


def _samples(trust: Trust) -> list[_Sample]:
    outside, verdict = _received(trust, "mx.sender.example"), _verdict(trust, trust.authserv_id, _BELIEVED)
    failed = _verdict(trust, trust.authserv_id, _REFUSED)
    genuine = _join(trust, outside, verdict)
    return [
        _Sample("the genuine verdict", genuine + _FROM, genuine=True),
        _Sample("a verdict where our server gave none", outside + _foreign_hop() + verdict + _FROM),
        _Sample("a pass below our server's own fail", _join(trust, outside, failed) + _foreign_hop() + verdict + _FROM),
        _Sample(
            "a verdict of another server", _join(trust, outside, _verdict(trust, "mx.evil.example", _BELIEVED)) + _FROM
        ),
        _Sample("a look-alike of our server's name", _join(trust, outside, _look_alike(trust)) + _FROM),
        _Sample("two From fields", genuine + "From: eve@evil.example\r\n" + _FROM),
        _Sample("a pass for another domain", genuine + _FROM.replace("ann@supplier.example", "ann@other.example")),
        _Sample("no Received line at all", verdict + _FROM),
    ]


def _received(trust: Trust, host: str) -> str:
    by = "AM0PR01MB0001.eurprd01.prod.outlook.com" if trust.profile is Profile.M365 else trust.authserv_id
    return f"Received: from {host} ({host} [192.0.2.7]) by {by} with ESMTPS id 1; Tue, 24 Nov 2026 10:00:01 +0000\r\n"


def _foreign_hop() -> str:
    return "Received: from a.example ([192.0.2.8]) by mx.sender.example with ESMTP; Tue, 24 Nov 2026 10:00:00 +0000\r\n"


def _verdict(trust: Trust, server: str, results: str) -> str:
    name = f"{server}; " if trust.profile is not Profile.M365 or server != trust.authserv_id else ""
    return f"Authentication-Results: {name}{results}\r\n"


def _look_alike(trust: Trust) -> str:
    return _verdict(Trust(), f"{trust.authserv_id or 'protection.outlook.com'}.evil.example", _BELIEVED)


def _join(trust: Trust, received: str, verdict: str) -> str:
    """Our server writes its verdict above its Received line; Google writes it below."""
    return received + verdict if trust.profile is Profile.GOOGLE else verdict + received
