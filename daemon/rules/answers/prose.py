"""Answers in the text of a mail: its rows set out as a table, its codes, its statements, each with its device."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from daemon.rules.answers import outcomes
from daemon.rules.answers.clauses import Clause, clauses_of
from daemon.rules.answers.codes import Said, Spelled
from daemon.rules.answers.pairing import Pairing
from daemon.rules.answers.statements import Loose, Statements
from daemon.rules.answers.tables import Terms, cells_of, read_rows
from daemon.rules.identifiers import DeviceId
from daemon.rules.sense.forms import one_kind_of_line_break

MAX_TEXT = 500_000
"""Characters of a text in which devices and codes are looked for."""
MAX_WORDS = 200_000
"""Characters of a mail that are read for words; what it answers stands at its head."""
Where = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Remarked:
    """Words that are no answer we know, fit to be shown, and their place."""

    where: str
    words: str = ""


@dataclass(slots=True)
class Prose:
    """What one text says. `orphans`: codes beside no Device ID, with their places."""

    said: list[Said] = field(default_factory=list)
    named: dict[DeviceId, None] = field(default_factory=dict)
    """Asked devices that it names."""
    loose: list[Loose] = field(default_factory=list)
    orphans: list[tuple[str, Spelled]] = field(default_factory=list)
    remarks: dict[DeviceId, Remarked] = field(default_factory=dict)
    """Asked devices of which it says something that is no answer we know."""
    of_the_rest: Remarked | None = None
    """What it says so of "the others"."""


_OF_THE_REST = re.compile(
    r"\b(?:(?:the|our|your|all|any) (?:others|rest|remaining|remainder|other (?:one|two|three|four|device|meter|code)s?)|others(?! to\b))\b"
)
_NAMES_ONLY = re.compile(
    r"\b(?:devices?|ids?|guids?|eui|meters?|esme|gsme|ppmid|hcalcs|electric(?:ity)?|gas|no|number|install\w*|codes?|for|the|is|of|and|hi|re|your|request)\b"
)


def _tells(clause: Clause) -> bool:
    """Two words at least that are no mere label."""
    return len(re.findall("[a-z]{2,}", _NAMES_ONLY.sub("", clause.text.casefold()))) > 1


@dataclass(slots=True)
class Budget:
    """Characters that may still be read for words."""

    words: int = MAX_WORDS

    def may(self, text: str) -> bool:
        """Before a clause is read."""
        self.words -= len(text)
        return self.words >= 0


@dataclass(frozen=True, slots=True)
class Reader:
    """How the texts of one mail are read. `tabled`: the octets of codes that tables of its text hold."""

    terms: Terms
    budget: Budget
    tabled: frozenset[bytes] = field(repr=False, default=frozenset())
    words: bool = True
    """False: no statement of this mail counts (an out-of-office)."""

    def read(self, text: str, where: Where) -> Prose:
        """All that `text` answers."""
        text = one_kind_of_line_break(text[:MAX_TEXT])
        prose = Prose()
        rows = self._read_rows(text, where, prose)
        clauses = [self._with_words(clause) for clause in clauses_of(text, self.terms.wanted, rows)]
        for clause in clauses:
            prose.named.update((d, None) for d in clause.devices if d in self.terms.wanted)
        pairing = Pairing(self.terms.wanted, where, self.tabled)
        pairing.pair(clauses)
        statements = Statements(self.terms.wanted, self.terms.today, where)
        statements.attach(clauses)
        prose.said += [*pairing.said, *statements.said]
        prose.orphans, prose.loose = pairing.orphans, statements.loose
        for clause in clauses:
            if clause.stated is None and _tells(clause):
                self._remark(clause, where(clause.line), prose)
        return prose

    def _remark(self, clause: Clause, where: str, prose: Prose) -> None:
        devices = [device for device in clause.devices if device in self.terms.wanted]
        remarked = Remarked(where, outcomes.for_people(clause.text))
        if _OF_THE_REST.search(clause.text.casefold()):
            prose.of_the_rest = prose.of_the_rest or remarked
        elif len(devices) == 1 and not clause.codes and self.words:
            prose.remarks.setdefault(devices[0], remarked)

    def _read_rows(self, text: str, where: Where, prose: Prose) -> set[int]:
        """The lines that are rows of a table in plain text, read as such."""
        lines = ((number, cells_of(line)) for number, line in enumerate(text.split("\n")) if len(line) < 2000)
        set_out = [(number, cells) for number, cells in lines if len(cells) > 1]
        found = list(read_rows(set_out, replace(self.terms, in_prose=True), where)) if set_out else []
        prose.said.extend(said for _, said in found)
        prose.named.update((said.device, None) for _, said in found if said.device in self.terms.wanted)
        return {number for number, _ in found}

    def _with_words(self, clause: Clause) -> Clause:
        if clause.is_row or not self.words or not re.search("[a-z]", clause.text, re.IGNORECASE):
            return clause
        if not self.budget.may(clause.text):
            return clause
        return replace(clause, stated=outcomes.stated(clause.text, self.terms.today))
