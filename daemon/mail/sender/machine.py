"""Who wrote it, when it was no person: bounces, auto-replies, receipts, robots.

Signs in the order of their certainty, as measured on real mail: the RFC marks first (RFC 3464, 3834, 8098),
then what old and odd systems leave. List-* headers and Precedence bulk or list are no sign: much honest
mail has them. A subject counts only at its very beginning: a person answering "Re: ... is out of office"
is a person.
"""

import re

from daemon.mail.headers import Field
from daemon.mail.message import Machine

_REPORTS = {
    "delivery-status": Machine.BOUNCE,
    "disposition-notification": Machine.RECEIPT,
    "feedback-report": Machine.ROBOT,
}
_DAEMONS = re.compile(
    r"(mailer-daemon|mail-daemon|mdaemon|postmaster|double-bounce|autoreply|auto-reply)@?", re.IGNORECASE
)
_VENDOR_FIELDS = frozenset(
    (
        "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-autoreply-from", "x-mail-autoreply",
        "x-ms-exchange-generated-message-source", "x-vacation", "x-amazon-auto-reply", "x-zendesk-auto-reply",
    )
)  # fmt: skip
_BOUNCE_SUBJECT = re.compile(
    r"(undeliver(able|ed)( mail)?\b|delivery (status notification|failure|has failed)|returned mail\b|"
    r"mail delivery (failed|failure|system)|failure notice\b|message could not be delivered|non remis|"
    r"unzustellbar|mail system error|warning: (could not send|message .* delayed)|delivery notification)",
    re.IGNORECASE,
)
_AUTO_SUBJECT = re.compile(
    r"(automatic reply|auto(matic)?[- ]?(reply|response|responder|answer)\b|autoreply|auto:|"
    r"out[- ]of[- ](the[- ])?office\b(?=\s*($|:|-|re\b|auto|reply|message|notification|until|from))|"
    r"automatische (antwort|e-?mail)|abwesenheit|r[ée]ponse automatique|absence du bureau|risposta automatica|"
    r"respuesta autom[áa]tica|resposta autom[áa]tica|automatisch antwoord|automatiskt svar|autosvar|"
    r"i am (currently )?(out of (the )?office|on (annual )?leave)|vacation (reply|response)|on annual leave\b)",
    re.IGNORECASE,
)
_RECEIPT_SUBJECT = re.compile(r"(read|delivered|gelesen|lu)\s?: .*", re.IGNORECASE)


def machine_of(fields: tuple[Field, ...], content_type: str, sender: str, subject: str) -> tuple[Machine, str] | None:
    """The kind of machine and the sign that gave it away; None: a person, as far as can be told.

    `content_type` is the raw top-level field, `sender` the From field as it stands, `subject` decoded.
    """
    first = {f.name: f.value.strip() for f in reversed(fields)}
    by_subject = _by_subject(subject)
    submitted = _by_auto_submitted(first.get("auto-submitted", ""))
    if submitted and submitted[0] is Machine.ROBOT and by_subject:
        submitted = by_subject  # Exchange calls its out-of-office replies auto-generated
    return (
        _by_content_type(content_type.lower())
        or submitted
        or _by_fields(first)
        or by_subject
        or _by_sender(first, sender)
    )


def machine_of_part(media_type: str) -> tuple[Machine, str] | None:
    """The machine that sends parts of this type, whatever holds them (Notes, old gateways); None: any writer may."""
    kind, _, report = media_type.partition("/")
    return (_REPORTS[report], f"a part of type {media_type}") if kind == "message" and report in _REPORTS else None


def _by_content_type(content_type: str) -> tuple[Machine, str] | None:
    if content_type.startswith("message/delivery-status"):
        return Machine.BOUNCE, "message/delivery-status"
    if not content_type.startswith("multipart/report"):
        return None
    report = re.search(r"report-type\s*=\s*\"?([a-z-]+)", content_type)
    kind = _REPORTS.get(report[1], Machine.BOUNCE) if report else Machine.BOUNCE
    return kind, f"multipart/report {report[1] if report else ''}".strip()


def _by_auto_submitted(value: str) -> tuple[Machine, str] | None:
    word = value.partition(";")[0].partition("(")[0].strip().lower()
    if not word or word == "no":
        return None
    return (Machine.AUTO_REPLY if word == "auto-replied" else Machine.ROBOT), f"Auto-Submitted: {word[:30]}"


def _by_fields(first: dict[str, str]) -> tuple[Machine, str] | None:
    if "x-failed-recipients" in first:
        return Machine.BOUNCE, "X-Failed-Recipients"
    if vendor := next((name for name in _VENDOR_FIELDS if name in first), None):
        return Machine.AUTO_REPLY, vendor
    if first.get("precedence", "").lower() in ("auto_reply", "junk"):
        return Machine.AUTO_REPLY, f"Precedence: {first['precedence'].lower()}"
    if "autoresponder" in first.get("delivered-to", "").lower():
        return Machine.AUTO_REPLY, "Delivered-To: Autoresponder"
    return None


def _by_subject(subject: str) -> tuple[Machine, str] | None:
    text = subject.strip()
    if _AUTO_SUBJECT.match(text):
        return Machine.AUTO_REPLY, "subject of an auto-reply"
    if _BOUNCE_SUBJECT.match(text):
        return Machine.BOUNCE, "subject of a bounce"
    if _RECEIPT_SUBJECT.fullmatch(text):
        return Machine.RECEIPT, "subject of a receipt"
    return None


def _by_sender(first: dict[str, str], sender: str) -> tuple[Machine, str] | None:
    if first.get("return-path", "").replace(" ", "") == "<>":
        return Machine.BOUNCE, "empty Return-Path"
    address = sender.rpartition("<")[2].strip("<> ")
    if _DAEMONS.match(address) or sender.strip().lower().startswith(("mail delivery sub", "mail delivery sys")):
        return Machine.BOUNCE, "sent by a mail system"
    return None
