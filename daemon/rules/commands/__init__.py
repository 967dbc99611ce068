"""A mail of our own team to the orders in it, line by line. Strict: what is not exactly an order is never obeyed.

Only what its writer wrote now is read: nothing quoted, handed on, attached or under their name. The first word of
the first line decides: a verb, or it is people's mail and gets silence. Of a new mail without words the subject is that
line. Words that are meant to stop or start something get one line of help. Source: product notes §5, durability §2.3.
"""

from collections.abc import Collection
from datetime import date, datetime

from daemon.mail.message import Evidence, IncomingMail, Origin
from daemon.rules.commands.grammar import Setting
from daemon.rules.commands.orders import CommandMail
from daemon.rules.commands.reader import Reader
from daemon.rules.disclosure import whole_signature


def read(mail: IncomingMail, today: date, *, names: Collection[str] = (), reply: bool = False) -> CommandMail:
    """What a member's mail orders. Never raises.

    `names`: what suppliers are called. `reply`: it answers one of our letters; a new mail is more likely prose, and
    must name what it is about.
    """
    return Reader(mail, Setting(today, reply, names)).run()


def from_shared_address(mail: IncomingMail) -> bool:
    """Whether a mail that came from the shared address itself is meant for an order."""
    return bool(read(mail, _ANY_DAY, reply=bool(mail.in_reply_to)).lines)


_ANY_DAY = date(2000, 1, 1)


# Who wrote it ───────────────────────────────────────────────────────────────────────────────────────


def proven_member(origin: Origin, arrived: datetime | None = None) -> tuple[bool, str]:
    """(whether our own server proved that the From address wrote it, the evidence in words).

    A DMARC pass with an aligned signature that covers what we rely on, or a logged-in user of our own server.
    `arrived` None: a signature that expires counts as expired. Source: durability notes §2.3.
    """
    if origin.sender is None or origin.ambiguities:
        return False, "; ".join(origin.ambiguities) or "no plain From address"
    if origin.internal:
        return True, origin.internal
    if origin.evidence is Evidence.DKIM_ALIGNED:
        signer = whole_signature(origin, arrived)
        return bool(signer), f"signed by {signer}" if signer else "an aligned signature is partial or expired"
    if origin.evidence is Evidence.SPF_ONLY:
        return False, "SPF alone; no aligned signature"
    said = f"DMARC {origin.verdict.dmarc}; {origin.verdict.note}"
    return False, f"our own mail server did not confirm it ({said})"
