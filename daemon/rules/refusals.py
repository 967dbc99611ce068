"""What a relay's no to one letter says of all the others: nothing, or that the relay has something against us.

A relay that blocks us may say so to each letter, at RCPT or after it (Postfix puts off until RCPT what it has against our
machine or sender: smtpd_delay_reject). Handed back letter by letter that would be a whole outbox refused in a minute.
"""

import re
from dataclasses import dataclass, replace
from enum import Enum

SEVERAL = 2
"""Companies that were told the same, and none anything better."""

_STATUS = re.compile(r"\b([245]\d\d)(?: ([245]\.\d{1,3}\.\d{1,3})\b)?")
_OF_LETTER = frozenset(("5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1", "5.2.2", "5.2.3", "5.3.4"))
"""The address is wrong, its mailbox is closed or full, or the letter is too big (RFC 3463; 5.1.10: Exchange Online)."""
_TOO_BIG = "552"
_OF_US = frozenset(("5.1.7", "5.1.8", "5.1.90", "5.1.92", "5.4.5", "5.7.57", "5.7.60", "5.7.232", "5.7.233", "4.3.1"))
"""RFC 3463: the sender's address (1.7, 1.8), a system out of room (3.1), congestion (4.5, Gmail's daily
limit). Exchange Online: limits of a day (1.90, 1.92, 7.232, 7.233), not the sender's right (7.57, 7.60); 5.7.7nn are
those of a tenant. Source: Microsoft, "Email non-delivery reports and SMTP errors in Exchange Online".
"""
_OF_TENANT = re.compile(r"5\.7\.7\d\d")
_OF_RECIPIENT = ("4.1.", "4.2.")
_NOT_OUR_PACE = (*_OF_RECIPIENT, "4.3.2")
"""Links too many (Exchange Online): the relay gets fewer, which `edge.smtp` sees to."""
_CLOSING = "421"
"""RFC 5321 4.2.2: the service is not available, whatever was said last."""
_WORDS_OF_US = ("submissionquotaexceeded", "sendasdenied", "outboundspam")
"""In Exchange Online's `554 5.2.0 STOREDRV.Submission.Exception:...` (MicrosoftDocs/OfficeDocs-Support#1150 for the first)."""
_PACE = re.compile(r"\b(?:rates?|throttl\w*|too (?:many|much|fast)|limits?|quota)\b")


class Whose(Enum):
    """Whom a final no concerns."""

    LETTER = "letter"
    DOUBTED = "doubted"
    """Nobody can say yet: it is asked once more, a little later."""
    RELAY = "relay"
    """All of ours: the letter is kept, and the relay is in trouble."""


@dataclass(frozen=True, slots=True)
class Nos:
    """What a relay said no to, in which words, since it last took a letter for another company."""

    ours: str
    """Our own domain: a letter that stays in the house says nothing of those that leave it."""
    said: frozenset[tuple[str, str]] = frozenset()
    """Words, and the domain of the recipient; none where they are said of us."""
    last: str = ""
    """What was said against us last, as it was said."""

    def heard(self, recipient: str, words: str) -> "Nos":
        """With one no more, unless it concerns that letter alone."""
        if of_letter(words):
            return self
        alike = _alike(words)
        now = replace(self, said=self.said | {(alike, "" if of_us(words) else _domain(recipient))})
        return replace(now, last=words) if alike in now.against_us else now

    def leaves(self, recipient: str) -> bool:
        """Whether a letter to `recipient` leaves the house."""
        return _domain(recipient) != self.ours

    def taken(self, recipient: str) -> "Nos":
        """After a letter that was taken."""
        return Nos(self.ours) if self.leaves(recipient) else self

    @property
    def against_us(self) -> frozenset[str]:
        """The words that were said of us, or to several companies and to none anything better."""
        told: dict[str, set[str]] = {}
        for words, domain in self.said:
            told.setdefault(words, set()).add(domain)
        return frozenset(words for words, domains in told.items() if "" in domains or len(domains) >= SEVERAL)


def whose(nos: Nos, words: str, *, first: bool) -> Whose:
    """Whom this final no concerns, `nos` holding it already; `first`: the letter was not tried before.

    What may concern all is asked twice, so that the first of many is no exception.
    """
    if of_letter(words) or not _status(words)[1]:  # no relay said it: the letter cannot be said in SMTP
        return Whose.LETTER
    if _alike(words) in nos.against_us:
        return Whose.RELAY
    return Whose.DOUBTED if first else Whose.LETTER


def of_letter(words: str) -> bool:
    """Whether a no concerns, by its status, this letter or its recipient alone; a link that breaks says nothing of whom."""
    status, code = _status(words)
    return status in _OF_LETTER or code == _TOO_BIG or status.startswith(_OF_RECIPIENT)


def of_us(words: str) -> bool:
    """Whether a no is said of us, or of the relay itself, so that the next letter would hear it too."""
    status, code = _status(words)
    if code.startswith("4"):
        paced = _PACE.search(words.lower()) is not None and not status.startswith(_NOT_OUR_PACE)
        return code == _CLOSING or status in _OF_US or paced
    folded = words.lower()
    return status in _OF_US or _OF_TENANT.fullmatch(status) is not None or any(one in folded for one in _WORDS_OF_US)


def _status(words: str) -> tuple[str, str]:
    """The enhanced status code (RFC 3463) and the reply code; empty where there is none."""
    found = _STATUS.search(words)
    return ("", "") if found is None else (found[2] or "", found[1])


def _alike(words: str) -> str:
    """`words` without what differs from letter to letter: addresses, numbers, names of queues and machines."""
    status, code = _status(words)
    plain = (w for w in words.lower().split() if not any(c.isdigit() or c in "@<>" for c in w))
    return " ".join((code, status, *plain))


def _domain(recipient: str) -> str:
    return recipient.rpartition("@")[2].casefold()
