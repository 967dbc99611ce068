"""What the words of one row of a table answer: its outcome, and the note beside it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from daemon.rules.answers import outcomes
from daemon.rules.answers.codes import Wanted
from daemon.rules.answers.days import day_in
from daemon.rules.answers.spots import spots
from daemon.rules.identifiers import DeviceId
from daemon.rules.thread import Outcome

_WISH = re.compile(r"\b(?:please|required?|requested|needed|wanted|outstanding|missing|provide)\b|\?")
_NOTE = 2
"""Words of a note: with more of them it says something, where its row holds nothing else."""
_NOTHING = re.compile(r"[\W_]*|n/?a|none|null|nil|yes|y|ok|okay", re.IGNORECASE)
_PAIR = re.compile(r"\b(?P<key>installer|device|by)\s*[:=]\s*(?P<value>[^;|\n]{1,60})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Remark:
    """A cell with words. `meant`: its column is for outcomes or codes; `headed`: for them, or for notes."""

    text: str
    meant: bool
    headed: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What the words of a row answer. `outcome` None: they are filled in, and cannot be read."""

    outcome: Outcome | None
    note: str = ""
    look: bool = False


def told(remarks: Sequence[Remark], device: DeviceId, today: date, *, notes: bool = False) -> Told | None:
    """What the remarks beside `device` say together; None: no word of an answer. `notes`: some words of a note are one."""
    filled = [one for one in remarks if not _NOTHING.fullmatch(one.text)]
    named = {outcome for one in filled if (outcome := outcomes.canonical(one.text)) is not None}
    words = [one.text for one in filled if outcomes.canonical(one.text) is None]
    if len(named) > 1:
        return Told(None, look=True)
    if named:
        outcome = named.pop()
        return Told(outcome, _note(outcome, words, device, today))
    return _in_words(words, device, today, look=not any(one.headed for one in remarks)) or _unread(filled, notes=notes)


def _in_words(words: list[str], device: DeviceId, today: date, *, look: bool) -> Told | None:
    """Outcomes in their own words; cells that say different things are none."""
    found = [one for text in words if (one := outcomes.stated(text, today)) is not None]
    if not found and (joined := outcomes.stated(" - ".join(words), today)) is not None:
        found = [joined]
    if not found:
        return None
    if len({one.outcome for one in found}) > 1:
        return Told(None, look=True)
    first = next((one for one in found if one.note), found[0])
    return Told(first.outcome, first.note or _note(first.outcome, words, device, today), look or first.look)


def _unread(filled: list[Remark], *, notes: bool) -> Told | None:
    """Something stands where an answer is meant, and is no wish for one."""
    unread = [one.text for one in filled if one.meant or (notes and one.headed and len(one.text.split()) > _NOTE)]
    return Told(None, look=True) if unread and not any(_WISH.search(text.casefold()) for text in unread) else None


# Notes ──────────────────────────────────────────────────────────────────────────────────────────────


def _note(outcome: Outcome, words: list[str], device: DeviceId, today: date) -> str:
    """What stands beside an outcome, in the form that machines read where there is one; empty: nothing of use."""
    pairs = {match["key"].lower(): match["value"].strip() for text in words for match in _PAIR.finditer(text)}
    if outcome is Outcome.NOT_INSTALLER:
        return _installer(pairs.get("installer", ""), words)
    if outcome is Outcome.PENDING:
        days = (day_in(text.casefold(), today) for text in (pairs.get("by", ""), *words))
        day = next(filter(None, days), None)
        return f"by: {day.isoformat()}" if day else ""
    if outcome is Outcome.TYPE_HAS_NO_CODE:
        others = (_device(text) for text in (pairs.get("device", ""), *words))
        return next((f"device: {other}" for other in others if other is not None and other != device), "")
    if outcome in (Outcome.REFUSED, Outcome.NEED_MORE):
        return _reason(words, today) or outcomes.for_people(" - ".join(words))
    return ""


def _installer(value: str, words: list[str]) -> str:
    names = [outcomes.supplier_name(value), *(outcomes.installer(text)[0] for text in words)]
    names += [outcomes.supplier_name(text) for text in words if outcomes.is_name(text)]
    name = next(filter(None, names), "")
    return f"installer: {name}" if name else ""


def _device(text: str) -> DeviceId | None:
    """The one Device ID of a remark."""
    found = {spot.device for spot in spots(text[:500], Wanted(())) if spot.device is not None}
    return found.pop() if len(found) == 1 else None


def _reason(words: list[str], today: date) -> str:
    """One of the fixed reasons of a refusal."""
    found = (outcomes.stated(text, today) for text in words)
    told_by = next((one.note for one in found if one is not None and one.outcome is Outcome.REFUSED), "")
    return told_by or ("not confirmed" if any("not confirmed" in text.casefold() for text in words) else "")
