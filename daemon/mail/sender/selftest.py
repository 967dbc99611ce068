"""Forged and genuine header blocks, read as our configuration reads them: asked at every start.

A wrong `authserv_id` or profile opens the one door that everything rests on. So before a mailbox is opened, the
reader must refuse each forgery of our own server's verdict, and must believe the genuine one. So too with the marks
by which our server vouches for its own users, who command us.
"""

from dataclasses import dataclass

from daemon.mail import headers
from daemon.mail.message import Evidence
from daemon.mail.sender.authres import Profile, Trust
from daemon.mail.sender.origin import read_origin

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
    verdicts = [sample.name for sample in _samples(trust) if _believed(sample, trust) is not sample.genuine]
    logins = [sample.name for sample in _login_samples(trust) if _vouched(sample, trust) is not sample.genuine]
    return (*verdicts, *logins)


def _believed(sample: _Sample, trust: Trust) -> bool:
    origin = read_origin(headers.fields(sample.head.encode()), trust)
    return origin.evidence is Evidence.DKIM_ALIGNED


def _vouched(sample: _Sample, trust: Trust) -> bool:
    return bool(read_origin(headers.fields(sample.head.encode()), trust).internal)


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


# Our own users ──────────────────────────────────────────────────────────────────────────────────────

_MARK = "X-MS-Exchange-Organization-AuthAs: Internal\r\n"
_MAPI = (
    "Received: from AM0PR01MB0001.eurprd01.prod.outlook.com ([fe80::1]) by AM0PR01MB0001.eurprd01.prod.outlook.com"
    " ([fe80::1%5]) with mapi id 15.20.1.1; Tue, 24 Nov 2026 10:00:00 +0000\r\n"
)
_EDGE = (
    "Received: from mx.sender.example (192.0.2.7) by AM0EUR01FT001.mail.protection.outlook.com (10.0.0.1)"
    " with Microsoft SMTP Server; Tue, 24 Nov 2026 10:00:01 +0000\r\n"
)
_LOGIN = "auth=pass smtp.auth=ann@supplier.example"


def _login_samples(trust: Trust) -> list[_Sample]:
    return _tenant_samples(trust) if trust.profile is Profile.M365 else _server_samples(trust)


def _tenant_samples(trust: Trust) -> list[_Sample]:
    outside = _received(trust, "mx.sender.example")
    return [
        _Sample("a mark of a user of our tenant", _MARK + _MAPI + _FROM, genuine=True),
        _Sample("such a mark on a mail from outside", outside + _MARK + _FROM),
        _Sample("such a mark from outside, the tenant's hops forged", _EDGE + _MARK + _MAPI + _FROM),
        _Sample("such a mark without any hop", _MARK + _FROM),
        _Sample("two such marks", _MARK + _MAPI + _MARK + _FROM),
        _Sample("a mark of a stranger", _MARK.replace("Internal", "Anonymous") + _MAPI + _FROM),
        _Sample("such a mark on a mail sent for another", _MARK + _MAPI + "Sender: eve@supplier.example\r\n" + _FROM),
    ]


def _server_samples(trust: Trust) -> list[_Sample]:
    """Google says no `auth=pass`: there a genuine one is none either."""
    outside, login = _received(trust, "laptop.example"), _verdict(trust, trust.authserv_id, _LOGIN)
    failed, other = _verdict(trust, trust.authserv_id, _REFUSED), _verdict(trust, "mx.evil.example", _LOGIN)
    speaks = trust.profile is Profile.GENERIC
    return [
        _Sample("a login of one of our users", _join(trust, outside, login) + _FROM, genuine=speaks),
        _Sample(
            "a login below our server's own verdict", _join(trust, outside, failed) + _foreign_hop() + login + _FROM
        ),
        _Sample("a login where our server saw none", outside + _foreign_hop() + login + _FROM),
        _Sample("a login that another server saw", _join(trust, outside, other) + _FROM),
        _Sample("a login of somebody else", _join(trust, outside, login) + _FROM.replace("ann@", "bob@")),
        _Sample("the mark of another kind of server", _MARK + outside + _FROM),
    ]
