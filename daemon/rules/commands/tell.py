"""What APPROVE, REJECT and ANSWER say: which rows, which outcome, which of the fixed reasons."""

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from daemon.rules.commands import words
from daemon.rules.commands.orders import Approve, Reject, RejectReason, Rows, Tell
from daemon.rules.commands.words import Unfit
from daemon.rules.identifiers import BadCode, DeviceId, install_code
from daemon.rules.sense import scanning
from daemon.rules.sense.forms import DEVICE
from daemon.rules.sense.written_days import BadDay, coming, take_day
from daemon.rules.thread import Outcome

SPECIMEN = "00-DB-12-34-56-78-90-A0"
REASONS = "removed, commissioned, not confirmed, or ask again"
_NAME = re.compile(r"[\w .,&'’()/+-]{1,80}")


# APPROVE and REJECT ─────────────────────────────────────────────────────────────────────────────────


def approve(rest: str) -> Approve:
    """`[ref] [typed code] [rows]`, in any order. Raises Unfit."""
    ref, rows, typed, text = "", None, "", rest
    while text:
        before = text
        text = words.without_filler(text)
        if not typed:
            typed, text = words.take_typed(text)
        if not ref:
            ref, text = words.take_ref(text)
        if rows is None:
            rows, text = words.take_rows(text)
        if text == before:
            raise Unfit(
                "I cannot tell what of it is approved: send APPROVE alone, or with row numbers: APPROVE except 3, 7"
            )
    return Approve(ref, rows or Rows(), typed)


def reject(rest: str) -> Reject:
    """`[ref] [rows] [reason]`; without a reason it drops what was proposed. Raises Unfit."""
    ref, text = words.take_ref(rest)
    rows, text = words.take_rows(words.without_filler(text))
    if not ref:
        ref, text = words.take_ref(text)
    if not text.strip(" .,;:-"):
        return Reject(ref, rows or Rows())
    return Reject(ref, rows or Rows(), reject_reason(text).value)


_NOT = r"(?:not|never|no longer|n['’]t|cannot|un)"
_REASONS: Mapping[RejectReason, re.Pattern[str]] = MappingProxyType(
    {
        RejectReason.NOT_CONFIRMED: re.compile(
            rf"\b(?:\w{{0,8}}{_NOT})[ -]?(?:(?:be|been|yet|us|you|it|we|to) ){{0,3}}confirm(?:ed)?\b", re.IGNORECASE
        ),
        RejectReason.ASK_AGAIN: re.compile(r"\b(?:re-?)?ask\b|\bneeds?[ -]more\b", re.IGNORECASE),
        RejectReason.REMOVED: re.compile(r"\b(?:removed|removal|taken (?:out|off)|uninstalled)\b", re.IGNORECASE),
        RejectReason.COMMISSIONED: re.compile(r"(?<![\w-])commissioned\b", re.IGNORECASE),
    }
)
_DENIED = re.compile(
    rf"{_NOT}[ -](?:\w{{1,20}} ){{0,2}}(?:removed|removal|taken|uninstalled|commissioned)\b", re.IGNORECASE
)


def reject_reason(text: str) -> RejectReason:
    """The one of the fixed reasons that `text` names, in whatever other words. Raises Unfit."""
    named = [reason for reason, pattern in _REASONS.items() if pattern.search(text)]
    if len(named) == 1 and not _DENIED.search(text):
        return named[0]
    which = "more than one of the reasons" if len(named) > 1 else "none of the reasons that can be sent"
    raise Unfit(
        f"it gives {which}; these work: {REASONS}; for instance REJECT removed. REJECT alone drops what was proposed, or closes a mail held whole"
    )


# ANSWER ─────────────────────────────────────────────────────────────────────────────────────────────

_DEVICE_WORD = re.compile(r"(?:device(?: id)?|guid|eui(?:-64)?|meter)[ :#]+", re.IGNORECASE)
_OUTCOME = re.compile(
    r"(?:is |has |as |with )?(code|not[ _-]?installer|no[ _-]?code[ _-]?held|type[ _-]?has[ _-]?no[ _-]?code|need[ _-]?more|pending"
    r"|refused)(?![A-Za-z])[ :,.;=-]*",
    re.IGNORECASE,
)
_OUTCOMES = MappingProxyType({outcome.replace("-", ""): outcome for outcome in Outcome})
_CODE_JOINTS = re.compile(r"\b(?:check|crc|is|with|and|the)\b|[._/,|()=#]+", re.IGNORECASE)
OUTCOMES = "CODE, NOT-INSTALLER, NO-CODE-HELD, TYPE-HAS-NO-CODE, NEED-MORE, PENDING or REFUSED"


def tell(rest: str, today: date) -> Tell:
    """`device OUTCOME [rest]`. Raises Unfit, whose words never hold a digit of a code."""
    device, text = _device(rest)
    found = _OUTCOME.match(text)
    if found is None:
        raise Unfit(f"behind the Device ID stands no outcome: {OUTCOMES}; for instance {_example('NO-CODE-HELD')}")
    outcome = _OUTCOMES[re.sub("[ _-]", "", found[1]).upper()]
    return _told(device, outcome, text[found.end() :].strip(), today)


def _example(outcome: str) -> str:
    return f"ANSWER {SPECIMEN} {outcome}"


def _device(text: str) -> tuple[DeviceId, str]:
    """(the Device ID that `text` begins with, what follows). Raises Unfit."""
    text = words.without_filler(text)
    if word := _DEVICE_WORD.match(text):
        text = text[word.end() :]
    match = DEVICE.match(text)
    device = scanning.whole_cell(match[0]) if match else None
    if match is None or device is None:
        first = _OUTCOME.split(text)[0] if match is None else match[0]
        why = scanning.what_is_wrong(first[:80])
        raise Unfit(f"behind ANSWER stands no Device ID: {why}; for instance {_example('NO-CODE-HELD')}")
    return device, text[match.end() :].lstrip(" :,.;=-")


def _told(device: DeviceId, outcome: Outcome, text: str, today: date) -> Tell:
    match outcome:
        case Outcome.CODE:
            return _code(device, text)
        case Outcome.NOT_INSTALLER:
            return Tell(device, outcome, _installer(text))
        case Outcome.TYPE_HAS_NO_CODE:
            return Tell(device, outcome, _linked(text))
        case Outcome.PENDING:
            return Tell(device, outcome, _by(text, today))
        case Outcome.REFUSED:
            return Tell(device, outcome, _refused(text))
        case Outcome.NO_CODE_HELD | Outcome.NEED_MORE:
            if text:
                raise Unfit(f"{outcome} stands alone: {_example(outcome.value)}")
            return Tell(device, outcome)


def _code(device: DeviceId, text: str) -> Tell:
    try:
        return Tell(device, Outcome.CODE, code=install_code(_CODE_JOINTS.sub(" ", text)))
    except BadCode as fault:
        raise Unfit(
            f"the install code cannot be right: {fault}; send ANSWER, the Device ID, CODE and the code"
        ) from None


def _installer(text: str) -> str:
    if not text:
        return ""
    name = re.sub(r"\A(?:installer|it was|it is|try|ask|see)\b[ :]*", "", text, flags=re.IGNORECASE)
    if not _NAME.fullmatch(name) or words.without_secrets(name) != name:
        raise Unfit(f"behind NOT-INSTALLER stands an MPID or a name alone: {_example('NOT-INSTALLER NORT')}")
    return f"installer: {name}"


def _linked(text: str) -> str:
    if not text:
        return ""
    bare = re.sub(r"\A(?:device|gsme|the|is|use|see)\b[ :]*", "", text, flags=re.IGNORECASE)
    device = scanning.whole_cell(bare)
    if device is None:
        raise Unfit(f"behind TYPE-HAS-NO-CODE stands the GSME's Device ID alone: {scanning.what_is_wrong(bare[:80])}")
    return f"device: {device}"


def _by(text: str, today: date) -> str:
    try:
        found = take_day(re.sub(r"\A(?:by|until|till|from|on)\b[ :]*", "", text, flags=re.IGNORECASE), today)
        if found is None or found[1]:
            raise BadDay("say by which day, and nothing else")
        return f"by: {coming(found[0], today).isoformat()}"
    except BadDay as fault:
        raise Unfit(f"{fault}; for instance {_example('PENDING 24 December')}") from None


def _refused(text: str) -> str:
    reason = reject_reason(text)
    if reason is RejectReason.ASK_AGAIN:
        raise Unfit(f"to ask them for more, send {_example('NEED-MORE')}")
    return reason.value.replace("-", " ")
