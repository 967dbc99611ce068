"""What a letter to another supplier is headed by where nobody planned its subject."""

from collections.abc import Sequence
from datetime import date

from daemon.rules.letters import Asking, LetterKind
from daemon.rules.phrases import day, devices, plain
from daemon.rules.policy import ChaseKind


def asking_subject(kind: LetterKind, asking: Asking) -> str:
    """What the letter wants, in a line; our reference apart."""
    count = devices(len(asking.rows))
    match kind:
        case LetterKind.CHASE:
            dues = [row.due for row in asking.rows if row.due]
            return f"{_tone(asking.rung)}: install code request, {count}{_when(asking.rung, dues)}"
        case LetterKind.QUERY:
            return f"Install code request: your answer for {count}"
        case LetterKind.TAKEN_BACK:
            return f"No longer needed: our request for {count}"
        case LetterKind.HELPDESK:
            return f"MP121 contact of {plain(asking.asked_of)}"
        case _:
            return f"Install code request: {count}"


def _tone(rung: str) -> str:
    if rung == ChaseKind.ESCALATION:
        return "Escalation"
    return "Overdue" if rung == ChaseKind.OVERDUE else "Reminder"


def _when(rung: str, dues: Sequence[date]) -> str:
    if not dues:
        return ""
    first = "first " if len(set(dues)) > 1 else ""
    late = rung in (ChaseKind.OVERDUE, ChaseKind.ESCALATION)
    return f", {first}{'due' if late else 'answer by'} {day(min(dues))}"
