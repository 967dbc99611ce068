"""OpsNews as its template gets it: the matters numbered, each with its particulars. Never a code."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from daemon.mail.message import Sheet
from daemon.rules.letters import LetterKind, LetterPlan, Matter, OpsNews
from daemon.rules.phrases import day, moment, plain, safe, sentence
from daemon.rules.team.approving import HeldRow, rows_of
from daemon.rules.wording import layout
from daemon.rules.wording.answer_words import Written
from daemon.rules.wording.layout import Particulars

MOST_DEVICES = 12
"""Device IDs shown of one matter; the sheet that comes with the letter has them all."""
_EVIDENCE: Mapping[LetterKind, str] = MappingProxyType(
    {LetterKind.PROPOSAL: "What changes", LetterKind.NOTICE: "What changed"}
)
"""What a matter's evidence is called, where it is no list of failed checks."""
SHEET_HEADING = ("row", "reference", "supplier", "device_id")


@dataclass(frozen=True, slots=True)
class NumberedMatter:
    """One matter as the template shows it."""

    number: int
    what: str
    why: str
    next_step: str
    table: str


def ops_words(plan: LetterPlan, news: OpsNews) -> Written:
    """The values of `ops.txt`."""
    rows = rows_of(news)
    numbers = _numbers(rows) if len(rows) > 1 else {}
    particulars = tuple(
        Particulars(tuple(_rows(plan.kind, matter, news.party, numbers.get(index, ()))))
        for index, matter in enumerate(news.matters)
    )
    matters = tuple(
        NumberedMatter(
            number,
            plain(matter.what),
            sentence(matter.why),
            sentence(matter.next_step),
            layout.mark(number - 1) if particulars[number - 1].rows else "",
        )
        for number, matter in enumerate(news.matters, 1)
    )
    due = [matter.due for matter in news.matters if matter.due]
    values = {
        "kind": plan.kind.value,
        "headline": plain(news.headline),
        "matters": matters,
        "due": day(min(due)) if due else "",
        "several_days": len(set(due)) > 1,
        "rows": len(rows),
        "needed": news.needed,
        "approved_by": " and ".join(news.approved_by),
        "still_needed": news.needed - len(news.approved_by),
        "decided_by": _few_names(news.decided_by),
        "typed": f"{plan.typed[:4]}-{plan.typed[4:]}" if plan.typed else "",
        **_decisions(rows),
    }
    return Written(values, particulars, _sheet(news, rows))


def _few_names(addresses: Sequence[str]) -> str:
    shown = [*addresses[:3], *(["others"] if len(addresses) > 3 else [])]
    return " or ".join(filter(None, (", ".join(shown[:-1]), shown[-1]))) if shown else ""


def _numbers(rows: Sequence[HeldRow]) -> dict[int, tuple[int, ...]]:
    """The numbers of each matter's rows, by the matter's place in the letter."""
    found: dict[int, tuple[int, ...]] = {}
    for row in rows:
        found[row.place] = (*found.get(row.place, ()), row.number)
    return found


def _decisions(rows: Sequence[HeldRow]) -> dict[str, Any]:
    """What a reply to the letter may say."""
    answerable = next((row.device for row in rows if row.device), "")
    rejects = {row.matter.on_reject for row in rows if row.matter.on_reject}
    return {
        "approvable": any(row.matter.on_approve for row in rows),
        "rejectable": bool(rejects),
        "proposals": any(row.matter.proposal_id for row in rows),
        "held_devices": any(row.device and row.matter.on_reject for row in rows),
        "held_mails": any(row.matter.mail_id for row in rows),
        "example_device": answerable,
        "example_ref": next((row.matter.reference for row in rows if row.matter.reference), ""),
    }


def _sheet(news: OpsNews, rows: Sequence[HeldRow]) -> Sheet | None:
    """All devices, where the letter does not show each of them; beside those to decide the numbers of their rows."""
    if not news.with_sheet and all(len(matter.devices) <= MOST_DEVICES for matter in news.matters):
        return None
    if not rows:
        lines = [("", matter.reference, news.party, device) for matter in news.matters for device in matter.devices]
        return Sheet("devices.csv", (SHEET_HEADING, *lines))
    return Sheet(
        "held.csv",
        (SHEET_HEADING, *((str(row.number), row.matter.reference, news.party, row.device or "") for row in rows)),
    )


def _rows(
    kind: LetterKind, matter: Matter, party: str, numbers: Sequence[int]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What stands beside each name; nothing for what is not known. `numbers`: of its rows, where there are several."""
    arrived = "Since" if kind is LetterKind.ALARM else "Arrived"
    beside = (
        ("Row", (str(numbers[0]) if numbers and not matter.devices else "",)),
        ("Answer by", (day(matter.due) if matter.due else "",)),
        ("Counted", (plain(matter.due_sum),)),
        ("Supplier", (plain(party),)),
        ("From", (plain(matter.sender),)),
        ("Subject", (_unlinked(safe(matter.subject)),)),
        (arrived, (moment(matter.arrived) if matter.arrived else "",)),
        ("Reference", (plain(matter.reference),)),
        ("Devices", _few(matter, numbers)),
        (
            plain(matter.evidence_title)
            or _EVIDENCE.get(LetterKind.PROPOSAL if matter.proposal_id else kind, "Checks failed"),
            tuple(plain(line) for line in matter.evidence),
        ),
        ("If approved", (plain(matter.on_approve),)),
        ("If rejected", (plain(matter.on_reject),)),
    )
    return ((name, lines) for name, lines in beside if any(lines))


def _unlinked(words: str) -> str:
    """Words of a stranger's, with nothing in them that a mail program makes a link of."""
    return re.sub(r"(?<=\w)(?:://|[.@](?=[^\W\d_]))", lambda match: f"[{match[0]}]", words)


def _few(matter: Matter, numbers: Sequence[int]) -> tuple[str, ...]:
    shown, left = matter.devices[:MOST_DEVICES], matter.devices[MOST_DEVICES:]
    lines = [f"{number}. {device}" for number, device in zip(numbers, shown, strict=False)] if numbers else shown
    if not left:
        return tuple(lines)
    where = f", rows {numbers[MOST_DEVICES]} to {numbers[-1]}" if numbers else ""
    return (*lines, f"and {len(left):,} more{where}: see the sheet")
