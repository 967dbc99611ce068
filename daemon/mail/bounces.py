"""What a mail system says became of a mail that was sent: out of RFC 3464's fields, or of the words of those without.

It says what it says; whether it is to be believed is for `rules.asking.bounced`. Every search here is bounded.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from daemon.mail import headers
from daemon.mail.body import html_of
from daemon.mail.headers import Field, first
from daemon.mail.message import Bounce, BouncedRecipient, Delivery, Machine, Origin
from daemon.mail.structure import Leaf, Tree
from daemon.mail.text import markup
from daemon.mail.text.charsets import text_of

MAX_RECIPIENTS = 50
MAX_DIAGNOSTIC = 300
_MOST_OCTETS = 256 * 1024
"""Of one part: a report is short, and what it brings back begins soon after its first words."""
_MOST_OF_MAIL = 1024 * 1024
"""Octets in which the report is looked for, and which mail it is about."""
_MOST_WORDS = 16 * 1024
"""Characters of a text in which its words are looked for."""

_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'@]{1,64}@[^\s<>()\[\],;:\"'@/]{1,253}")
_STATUS = re.compile(r"(?<![\w.])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![\w.]|\.[0-9])")
_SMTP_CODE = re.compile(r"(?<![\w.])[45][0-9]{2}[ \-]")
_LINE_END = re.compile(rb"\r\n|\r")
_EMPTY_LINES = re.compile(rb"\n[ \t\n]*\n")
_XTEXT = re.compile(r"\+([0-9A-Fa-f]{2})")
_ACTIONS = {**{action.value: action for action in Delivery}, "expanded": Delivery.RELAYED}
_BY_CLASS = {"2": Delivery.DELIVERED, "4": Delivery.DELAYED, "5": Delivery.FAILED}
_CLASS_OF = {Delivery.FAILED: "5.0.0", Delivery.DELAYED: "4.0.0"}


def read_bounce(raw: bytes, fields: tuple[Field, ...], tree: Tree, origin: Origin) -> Bounce | None:
    """The report in a mail with these header fields and parts; None: it is none, or says not of which mail."""
    if origin.machine is None:
        return None
    report, behind = _report(raw) if _has_report(tree) else (b"", "")
    blocks = _blocks(report)
    recipients = tuple(islice(_reported(blocks), MAX_RECIPIENTS))
    notice, returned = _split(_words(tree)) if not recipients else ("", "")
    recipients = recipients or _told(notice, fields)
    message_id = _original_id(behind or returned) or _answered_id(fields)
    envelope_id = next((_xtext(value) for block in blocks if (value := first(block, "original-envelope-id"))), "")
    if not recipients or not (message_id or envelope_id):
        return None
    return Bounce(
        original_message_id=message_id,
        envelope_id=envelope_id[:500],
        recipients=recipients,
        from_nobody=_from_nobody(fields, origin),
        brings_letter=any(leaf.within is not None and leaf.content.strip() for leaf in tree.leaves) or bool(returned),
    )


def _from_nobody(fields: tuple[Field, ...], origin: Origin) -> bool:
    """A report bears the empty return path, so that none is ever sent about it (RFC 5321 4.5.5).

    The topmost field is the one that our own server wrote.
    """
    paths = [f.value.replace(" ", "") for f in fields if f.name == "return-path"]
    return paths[0] == "<>" if paths else origin.machine is Machine.BOUNCE


# Which mail ─────────────────────────────────────────────────────────────────────────────────────────

_MESSAGE_ID = re.compile(r"^message-id:\s{0,80}(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE)


def _original_id(returned: str) -> str:
    """The Message-ID at the head of what came back: the mail, or its headers alone."""
    match = _MESSAGE_ID.search(returned)
    return match[1] if match else ""


def _answered_id(fields: tuple[Field, ...]) -> str:
    """What the report says that it answers, where it brings nothing back."""
    named = (*headers.message_ids(first(fields, "in-reply-to")), *headers.message_ids(first(fields, "references"))[-1:])
    return next(iter(named), "")


def _xtext(value: str) -> str:
    """RFC 3461 4: `+` and two hex digits stand for an octet; some systems undo that for us, some do not."""
    return _XTEXT.sub(lambda m: chr(int(m[1], 16)), value.strip())


# RFC 3464 ───────────────────────────────────────────────────────────────────────────────────────────

_REPORT_TYPES = ("message/delivery-status", "message/global-delivery-status")
_REPORT = re.compile(rb"^content-type:[ \t]*message/(?:global-)?delivery-status\b", re.IGNORECASE | re.MULTILINE)


def _has_report(tree: Tree) -> bool:
    """A part of the mail itself is one; not of a mail that somebody handed on."""
    return any(leaf.media_type in _REPORT_TYPES and leaf.within is None for leaf in tree.leaves)


def _report(raw: bytes) -> tuple[bytes, str]:
    """(its fields, what stands behind it): read off the bytes, for the standard parser takes the fields for mails."""
    text = _LINE_END.sub(b"\n", raw[:_MOST_OF_MAIL])
    head = _REPORT.search(text)
    begins = _EMPTY_LINES.search(text, head.end()) if head else None
    if begins is None:
        return b"", ""
    ends = text.find(b"\n--", begins.end())
    ends = len(text) if ends < 0 else ends
    return text[begins.end() : ends], text[ends:].decode("utf-8", "replace")


def _blocks(content: bytes) -> list[tuple[Field, ...]]:
    """The groups of fields: the first of the report as a whole, then one a recipient."""
    groups = _EMPTY_LINES.split(content[:_MOST_OCTETS].strip(), MAX_RECIPIENTS + 1)
    return [headers.fields(group) for group in islice(groups, MAX_RECIPIENTS + 1)]


def _reported(blocks: Iterable[tuple[Field, ...]]) -> Iterator[BouncedRecipient]:
    for block in blocks:
        final, original = (_typed_address(first(block, name)) for name in ("final-recipient", "original-recipient"))
        words = _plain(first(block, "diagnostic-code").partition(";")[2] or first(block, "diagnostic-code"))
        status = _status(first(block, "status")) or _status(words)
        action = _action(first(block, "action"), status)
        if (final or original) and action is not None:
            status = status or _CLASS_OF.get(action, "2.0.0")
            yield BouncedRecipient(final or original, original, action, status, words)


def _typed_address(value: str) -> str:
    """The address of `rfc822; ann@x.example`."""
    match = _ADDRESS.search(_xtext(value.partition(";")[2] or value)[:1000])
    return match[0] if match else ""


def _action(value: str, status: str) -> Delivery | None:
    word = re.split(r"[\s(;]", value.strip().lower(), maxsplit=1)[0]
    return _ACTIONS.get(word) or _BY_CLASS.get(status[:1])


def _status(text: str) -> str:
    match = _STATUS.search(text)
    return match[1] if match else ""


def _plain(text: str) -> str:
    return headers.decoded(text)[:MAX_DIAGNOSTIC].strip()


# Words alone ────────────────────────────────────────────────────────────────────────────────────────

_RETURNED = re.compile(
    r"^[ \t>]*(?:-{2,}.{0,20}(?:copy of|original message|below this line|unsent message|returned message|"
    r"message header|mensaje original|nachricht).{0,80}$|(?:return-path|received|message-id|dkim-signature):)",
    re.IGNORECASE | re.MULTILINE,
)
"""Where the words of a report end, and what it brings back begins."""
_DELAYED = re.compile(
    r"not yet been delivered|has(?: not|n't) been delivered yet|(?:been|is|was) delayed|still (?:being )?(?:tr(?:y|ied)|retr)|"
    r"will (?:be|keep|continue)\b.{0,30}\b(?:retr|try|tried)|attempts will continue|could not send (?:message )?for past|"
    r"do not need to resend|temporary (?:error|failure|problem)|no action is required",
    re.IGNORECASE | re.DOTALL,
)
_FAILED = re.compile(
    r"(?:could|can|was|has|have)(?: ?not|n't| not been able)\b.{0,20}\b(?:be )?(?:deliver|sen[dt]|route)|undeliver|"
    r"(?:wasn't|was not|not) able to deliver|unable to deliver|delivery (?:has |to .{1,80} )?fail|failed to deliver|"
    r"permanent(?: fatal)? error|(?:user|mailbox|address|recipient|host|account)\b.{0,40}\b"
    r"(?:unknown|not (?:found|exist|listed|valid)|does(?: not|n't) exist|rejected|disabled|unavailable|is full)|"
    r"(?:unknown|no such|invalid) (?:local |virtual )?(?:user|mailbox|address|recipient)|no mailbox here|giv(?:en|ing) up|"
    r"unzustellbar|konnte nicht zugestellt|non remis|n'a pas pu [êe]tre|no se pudo entregar",
    re.IGNORECASE | re.DOTALL,
)


def _words(tree: Tree) -> str:
    """The texts of the report as one; of HTML what it shows, where there is no plain text."""
    own = [leaf for leaf in tree.leaves if leaf.within is None and not leaf.attached]
    plain = [_text(leaf) for leaf in own if leaf.media_type == "text/plain"]
    shown = [markup.read_html(html_of(leaf)[:_MOST_OCTETS]).text for leaf in own if leaf.media_type == "text/html"]
    return "\n".join(plain or shown)[:_MOST_OCTETS]


def _text(leaf: Leaf) -> str:
    return re.sub(r"\r\n?", "\n", text_of(leaf.content[:_MOST_OCTETS], leaf.charset))


def _split(text: str) -> tuple[str, str]:
    """(the report's own words, what it brings back)."""
    match = _RETURNED.search(text)
    end = match.start() if match else len(text)
    return text[: min(end, _MOST_WORDS)], text[end:]


def _told(notice: str, fields: tuple[Field, ...]) -> tuple[BouncedRecipient, ...]:
    """What a report without fields says of each address in it. Of several only one may be the recipient."""
    listed = _ADDRESS.findall(first(fields, "x-failed-recipients"))
    action = Delivery.DELAYED if _DELAYED.search(notice) else Delivery.FAILED if _FAILED.search(notice) else None
    if action is None:
        return ()
    words = _plain(_telling_line(notice))
    status = _status(notice) or _CLASS_OF[action]
    named = islice(dict.fromkeys(one.rstrip(".") for one in listed or _ADDRESS.findall(notice)), MAX_RECIPIENTS)
    return tuple(BouncedRecipient(address, "", action, status, words) for address in named)


def _telling_line(notice: str) -> str:
    """The line that says why: the one with a server's code, else the first that says it in words."""
    lines = notice.split("\n")
    for sign in (_STATUS, _SMTP_CODE, _FAILED, _DELAYED):
        found = next((line for line in lines if sign.search(line)), "")
        if found:
            return found
    return ""
