"""Which devices the statements of a text are about: those of their clause, those listed right above, or those below."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum, auto

from daemon.rules.answers import outcomes
from daemon.rules.answers.clauses import Clause
from daemon.rules.answers.codes import Said, Wanted
from daemon.rules.answers.days import day_in
from daemon.rules.answers.outcomes import Stated
from daemon.rules.identifiers import DeviceId
from daemon.rules.thread import Outcome

_ALL = re.compile(
    r"\b(?:all|any|none|neither|both|each|every|either|these|those|them|they|devices|meters|installs|guids|codes"
    r"|(?:the|of|your) (?:above|below|list\w*|request|attached|email|query|enquiry))\b"
)
_REST = re.compile(r"\b(?:remaining|remainder|the rest|others?|outstanding ones?)\b")
_FOLLOWING = re.compile(r":\W*\Z|\b(?:following|below|listed)\b")
_EXCEPT = re.compile(r"\b(?:except|apart from|other than|excluding|besides|with the exception)\b")
_NEAR, _FAR = 6, 1_000_000
"""Clauses from a statement to the list below it, at most; and from one below which there is none."""
Where = Callable[[int], str]


class Reach(Enum):
    """Which devices a statement is about that names none."""

    ABOVE = auto()
    """All: those listed in the text, or where none is, all that were asked for."""
    REST = auto()
    UNSAID = auto()
    EXCEPT = auto()


@dataclass(slots=True)
class Loose:
    """A statement whose devices the rest of the mail must tell. `but`: devices that it leaves out."""

    where: str
    stated: Stated
    reach: Reach
    but: tuple[DeviceId, ...] = ()


class Statements:
    """Gathers what is `said` in words, and the `loose` statements that name no device."""

    def __init__(self, wanted: Wanted, today: date, where: Where) -> None:
        self.said: list[Said] = []
        self.loose: list[Loose] = []
        self._wanted = wanted
        self._today = today
        self._where = where
        self._run: dict[DeviceId, bool] = {}
        """Asked devices right above that have no answer yet, and whether only their ends stood there."""
        self._heading: Stated | None = None
        """A statement about the devices that are listed below it."""
        self._listing = False
        """The list below it has begun."""
        self._last: list[int] = []
        """The sayings that the last statement made, to which the next clause may add a note."""

    def attach(self, clauses: list[Clause]) -> None:
        """Find the devices of every statement."""
        below_lists = _kinds(clauses)
        lists = _lists_below(clauses)
        for number, clause in enumerate(clauses):
            if self._listing and not (clause.devices and not clause.codes):
                self._heading, self._listing = None, False
            if clause.is_row or clause.codes:
                self._run, self._heading, self._last = {}, None, []
                if clause.stated is not None and clause.devices and clause.stated.outcome is not Outcome.PENDING:
                    self._of_devices(clause, clause.stated)
            elif clause.devices:
                self._named(clause)
            elif clause.stated is not None:
                self._unnamed(clause, clause.stated, lists=lists[number], sure=below_lists or not lists[number])
            else:
                self._other(clause)

    def _named(self, clause: Clause) -> None:
        asked = [device for device in clause.devices if device in self._wanted]
        if clause.stated is not None:
            self._heading, self._listing, self._run = None, False, {}
            self._of_devices(clause, clause.stated)
        elif self._heading is not None and len(clause.text.split()) <= 10:
            self._listing = True
            about = self._heading
            stated = replace(about, note=_detail(clause, about, self._today) or about.note)
            for device in asked[:1] if stated.outcome is Outcome.TYPE_HAS_NO_CODE and stated.note else asked:
                self._say(clause, device, stated)
        elif self._last and outcomes.names_meter(clause.text):
            self._add_note(f"device: {clause.devices[-1]}", Outcome.TYPE_HAS_NO_CODE)
        elif not clause.asks:
            self._heading, self._last = None, []
            self._run |= dict.fromkeys(asked, clause.partial)

    def _of_devices(self, clause: Clause, stated: Stated) -> None:
        devices = list(clause.devices)
        if _EXCEPT.search(clause.text.casefold()):
            self.loose.append(Loose(self._where(clause.line), stated, Reach.EXCEPT, tuple(devices)))
            return
        if stated.device_note and len(devices) > 1:
            stated = replace(stated, note=f"device: {devices.pop()}")
        elif stated.device_note and self._run:
            stated = replace(stated, note=f"device: {devices[-1]}")
            devices = list(self._run)
        self._last = []
        for device in devices:
            if device in self._wanted:
                self._say(clause, device, stated)

    def _unnamed(self, clause: Clause, stated: Stated, *, lists: bool, sure: bool) -> None:
        """`lists`: devices are listed below; `sure`: it can only be about those above, where any are."""
        if stated.note and self._add_note(stated.note, stated.outcome):
            return
        text = clause.text.casefold()
        self._last = []
        if _REST.search(text):
            self._loosen(clause, stated, Reach.REST)
        elif lists and (_FOLLOWING.search(text) or not self._run):
            other = self._heading is not None and self._heading.outcome is not stated.outcome
            self._heading = replace(stated, look=stated.look or other)
        elif self._run:
            several = len(self._run) > 1 and not _ALL.search(text)
            for device, partial in self._run.items():
                self._say(clause, device, stated, look=several or partial or not sure)
        else:
            self._loosen(clause, stated, Reach.ABOVE if _ALL.search(text) else Reach.UNSAID)
        self._run = {}

    def _loosen(self, clause: Clause, stated: Stated, reach: Reach) -> None:
        self.loose.append(Loose(self._where(clause.line), stated, reach))

    def _other(self, clause: Clause) -> None:
        """Words that answer nothing themselves: they may name the installer of what was just answered."""
        note = outcomes.supplement(clause.text) if self._last or self.loose or self._heading else ""
        if note:
            self._add_note(note, Outcome.NOT_INSTALLER)
        if len(clause.text.split()) > 6:
            self._run, self._last = {}, []

    def _add_note(self, note: str, outcome: Outcome) -> bool:
        """Add `note` to what the clause before answered, where it lacks one; whether it did."""
        if self._heading is not None:
            lacks = self._heading.outcome is outcome and not self._heading.note
            self._heading = replace(self._heading, note=note) if lacks else self._heading
            return lacks
        lacking = [n for n in self._last if self.said[n].outcome == outcome and not self.said[n].note]
        for number in lacking:
            self.said[number] = replace(self.said[number], note=note)
        loose = self.loose[-1] if self.loose and not self._last else None
        if loose is not None and loose.stated.outcome is outcome and not loose.stated.note:
            loose.stated = replace(loose.stated, note=note)
            return True
        return bool(lacking)

    def _say(self, clause: Clause, device: DeviceId, stated: Stated, *, look: bool = False) -> None:
        self._last.append(len(self.said))
        doubt = look or stated.look or clause.partial
        self.said.append(Said(device, self._where(clause.line), None, stated.outcome, stated.note, look=doubt))


def _is_list(clause: Clause) -> bool:
    return bool(clause.devices) and not clause.codes and clause.stated is None


def _kinds(clauses: list[Clause]) -> bool:
    """Whether the text goes list, statement, list, statement to its end: each is about what stands above it."""
    order = [
        "list" if _is_list(clause) else "words"
        for clause in clauses
        if _is_list(clause) or (clause.stated and not clause.devices)
    ]
    return bool(order) and order[0] == "list" and order[-1] == "words"


def _lists_below(clauses: list[Clause]) -> list[bool]:
    """For each clause whether devices are listed below it: at most some clauses away, and no other answer between."""
    lists, distance = [], _FAR
    for clause in reversed(clauses):
        lists.append(distance <= _NEAR)
        if clause.devices or clause.codes or clause.is_row:
            distance = 0 if _is_list(clause) and not clause.asks else _FAR
        distance += 1
    return lists[::-1]


def _detail(clause: Clause, stated: Stated, today: date) -> str:
    """What stands beside a device of a list, as the note of the statement above the list."""
    rest = clause.text.replace("#", " ").strip(" :;,=-")
    if stated.outcome is Outcome.NOT_INSTALLER and outcomes.is_name(rest):
        return f"installer: {outcomes.supplier_name(rest)}"
    if stated.outcome is Outcome.PENDING and (day := day_in(rest.casefold(), today)) is not None:
        return f"by: {day.isoformat()}"
    if stated.outcome is Outcome.TYPE_HAS_NO_CODE and len(clause.devices) == 2:
        return f"device: {clause.devices[1]}"
    return ""
