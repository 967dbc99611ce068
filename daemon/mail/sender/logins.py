"""Whether our own mail server vouches that a logged-in user of ours wrote a mail. Any doubt is no."""

import re

from daemon.mail.headers import Field
from daemon.mail.sender.authres import FROM_HOST, MICROSOFT, Profile, Results, Trust, by_host

_AUTH_AS = "x-ms-exchange-organization-authas"
_MAPI = re.compile(r"\bwith mapi\b")
"""The first hop of what was written in a mailbox of the tenant, by whatever program."""
_MICROSOFT_DOOR = ".protection.outlook.com"


def logged_in(fields: tuple[Field, ...], trust: Trust, sender: str, found: Results | str) -> str:
    """In words: how our own server vouches that a logged-in user of ours wrote as `sender`; empty: it does not.

    Mail that never left our own server bears no DKIM signature as a rule. Microsoft 365 marks it in a header that it
    strips from mail of others, and that counts only where every hop lies within Microsoft's own transport. Other
    servers say `auth=pass` with the login's address (RFC 8601 2.7.4), which must be the From address itself.
    `found` is what `believed` says of the mail.
    """
    if trust.profile is Profile.M365:
        return _within_tenant(fields)
    return _login_of(found, trust, sender) if trust.profile is Profile.GENERIC else ""


def _within_tenant(fields: tuple[Field, ...]) -> str:
    marks = [f for f in fields if f.name == _AUTH_AS]
    hops = [f.value.lower() for f in fields if f.name == "received"]
    internal = len(marks) == 1 and not marks[0].odd and marks[0].value.lower() == "internal"
    if not internal or not hops or not _MAPI.search(hops[-1]) or not all(map(_microsoft_hop, hops)):
        return ""
    return "sent by a logged-in user within our Microsoft 365 tenant (AuthAs: Internal, no hop outside)"


def _microsoft_hop(received: str) -> bool:
    """From one host of Microsoft's to another, with no edge between that takes mail in or hands it out."""
    came = FROM_HOST.match(received)
    within = came is not None and came[1].endswith(MICROSOFT) and by_host(received).endswith(MICROSOFT)
    return within and _MICROSOFT_DOOR not in received


def _login_of(found: Results | str, trust: Trust, sender: str) -> str:
    login = None if isinstance(found, str) else found.one("auth")
    if login is None or login[0] != "pass":
        return ""
    user = login[1].get("smtp.auth") or login[1].get("smtp.mailfrom", "")
    if user.casefold() != sender.casefold():
        return ""
    return f"sent by a logged-in user of {trust.authserv_id} (auth=pass {user})"
