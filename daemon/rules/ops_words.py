"""OpsNews as its template gets it: the matters numbered, each with its particulars. Never a code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from daemon.rules import layout
from daemon.rules.answer_words import Written
from daemon.rules.decision import LetterKind, LetterPlan, Matter, OpsNews
from daemon.rules.layout import Particulars
from daemon.rules.phrases import day, plain, safe, sentence
from daemon.rules.workdays import LONDON

MOST_DEVICES = 12
"""Device IDs shown of one matter; the mail itself has them all."""


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
    particulars = tuple(Particulars(tuple(_rows(plan.kind, matter, news.party))) for matter in news.matters)
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
    }
    return Written(values, particulars)


def _rows(kind: LetterKind, matter: Matter, party: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What stands beside each name; nothing for what is not known."""
    if matter.due:
        yield "Answer by", (day(matter.due),)
    if matter.due_sum:
        yield "Counted", (plain(matter.due_sum),)
    if party:
        yield "Supplier", (plain(party),)
    if matter.sender:
        yield "From", (plain(matter.sender),)
    if matter.subject:
        yield "Subject", (_unlinked(safe(matter.subject)),)
    if matter.arrived:
        yield ("Since" if kind is LetterKind.ALARM else "Arrived"), (_moment(matter.arrived),)
    if matter.reference:
        yield "Reference", (plain(matter.reference),)
    if matter.devices:
        yield "Devices", _few(matter)
    if matter.evidence:
        yield "Checks failed", tuple(plain(line) for line in matter.evidence)


def _unlinked(words: str) -> str:
    """Words of a stranger's, with nothing in them that a mail program makes a link of."""
    return re.sub(r"(?<=\w)(?:://|[.@](?=[^\W\d_]))", lambda match: f"[{match[0]}]", words)


def _few(matter: Matter) -> tuple[str, ...]:
    more = len(matter.devices) - MOST_DEVICES
    return (*matter.devices[:MOST_DEVICES], *([f"and {more:,} more"] if more > 0 else []))


def _moment(moment: datetime) -> str:
    """Day and time in London."""
    local = moment.astimezone(LONDON)
    return f"{day(local)}, {local:%H:%M}"
