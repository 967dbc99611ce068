"""What a decision is: the fate of a mail, changed threads, letters to write. Values only."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from daemon.rules.gate import Condition
from daemon.rules.letters import LetterPlan
from daemon.rules.reasons import Reason
from daemon.rules.thread import MailThread


class Fate(StrEnum):
    """What became of a mail; each mail ends in exactly one."""

    DECIDED = "decided"
    HELD = "held"
    IGNORED = "ignored"
    POISON = "poison"


class Folder(StrEnum):
    """Where a mail that we handled is filed, under `Install codes/`."""

    WAITING = "Waiting"
    HELD = "Held"
    DONE = "Done"
    ANSWERS = "Answers"
    QUARANTINE = "Quarantine"
    REQUESTS = "Requests"


def folder_path(folder: Folder) -> str:
    """Its full name in the mailbox, `/` between levels."""
    return f"Install codes/{folder}"


FOLDERS = tuple(folder_path(folder) for folder in Folder)


@dataclass(frozen=True, slots=True)
class MailHold:
    """A mail held whole, because of its sender or because it cannot be read; no thread may come of it."""

    reason: Reason
    due_sum: str
    due: date


@dataclass(frozen=True, slots=True)
class Decision:
    """What one mail leads to. `threads` are new or changed ones, whole; `plans` the letters to queue."""

    fate: Fate
    reason: Reason
    keep_content: bool
    """False: its bytes are erased; of a mail that is none of ours (not moved either) only the hash is kept."""
    moves_mail: bool
    """False: it stays where and as it is."""
    threads: tuple[MailThread, ...] = ()
    plans: tuple[LetterPlan, ...] = ()
    observed: bool = False
    """The mode sends nothing: `plans` are kept to be seen, and never sent."""
    hold: MailHold | None = None
    verdict: tuple[Condition, ...] = ()
    """The conditions of the gate that concern the mail, each with its evidence."""
    holds_codes: bool = False
    """Install codes stand in the mail: it is filed apart, and kept no longer than codes are."""
    joins: str = ""
    """The case id of the thread the mail belongs to; empty: none."""
    notes: tuple[str, ...] = field(default=())
    """Lines for the audit trail and `read`: what was seen and why it led here."""
