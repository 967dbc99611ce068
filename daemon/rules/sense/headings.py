"""The row that heads a table: which columns hold Device IDs, answers, remarks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from daemon.rules.sense.cells import SHORTEST, devices_in, is_over, is_unwanted

_STRONG = re.compile(
    r"\b(?:guids?|eui(?: ?64)?s?|device ?ids?|device identifiers?|mac(?: address)?"
    r"|(?:esme|gsme|ppmid|hcalcs|ihd|cad|meter|asset|electric\w*|elec|gas|chf|gpf|comms hub) (?:device )?ids?)\b"
    r"|\A(?:esme|gsme|ppmid|hcalcs)\Z"
)
_WEAK = re.compile(
    r"\b(?:devices?|meters?|esmes?|gsmes?|ppmids?|hcalcs|ihds?|assets?|ids?|identifiers?|electric\w*|gas)\b"
)
OTHER = re.compile(
    r"\b(?:mpan|mprn|mpxn|mpr|serial|msn|user|party|request|originator|sender|counter|contact)\b"
    r"|\b(?:install(?:ation|er)?|hex) ?codes?\b|\A(?:codes?|outcome|answers?|results?|response|reply)\Z"
)
_NOT_WEAK = re.compile(
    r"\b(?:type|status|date|time|model|make|manufacturer|name|supplier|reading|numbers?|no|nr|point|postcode|address"
    r"|code|codes|firmware|version|count|qty|quantity|variant|region|ref|reference|sn|notes?|comments?|installed)\b"
)
_HUB = re.compile(r"\b(?:chf|gpf|hub|communications|comms|proxy|linked|associated|related|old|removed|replaced)\b")
_ANSWER = re.compile(
    r"\b(?:install(?:ation|er)?|hex) ?codes?\b|\Acodes?\Z|\b(?:outcome|answers?|results?|response|reply)\b"
)
_REMARK = re.compile(
    r"\A\Z|\b(?:status|comments?|notes?|remarks?|actions?|codes?|outcome|answers?|results?|response|reply|requests?)\b"
)
_OF_THE_ROW = re.compile(
    r"\A(?:(?:current|our|your|general|any|other|additional) )?(?:(?:install(?:ation)? )?codes? |(?:mp ?121 )?requests? )?"
    r"(?:status|comments?|notes?|remarks?|actions?)?(?: (?:or|and) (?:comments?|notes?|remarks?))?\Z"
)
"""A column that says how it stands with the row itself, and not with a visit, a switch or a network."""
_WHETHER_WANTED = re.compile(r"\A(?:(?:install(?:ation)? )?codes? )?(?:still )?(?:required|needed|wanted)(?: y n)?\Z")
_WHETHER_IT_CAME = re.compile(r"\A(?:date )?(?:install(?:ation)? )?codes? (?:already )?received(?: y n| date| on)?\Z")
_NO = frozenset(("no", "n", "false"))
_IT_CAME = re.compile(r"(?:y|yes|true|received)\b(?! but| not)|[0-9]{1,4}[/.\- ]", re.IGNORECASE)
LABEL = re.compile(
    r"\b(?:guids?|eui(?: ?64)?|device ?id|device identifier|meter id|(?:esme|gsme|ppmid|hcalcs) (?:device )?id)\b"
)
NEARLY_LABEL = re.compile(
    r"guid|eui|(?:device|meter|[eg]sme|ppmid|hcalcs)[^a-z0-9]{0,3}(?:device[^a-z0-9]{0,3})?id", re.IGNORECASE
)
"""Stands in every cell that `LABEL` finds a label in, and is found much faster."""
_LONGEST_NAME = 80
"""Characters above which a cell is no heading."""
_SIX_DIGITS = re.compile(r"(?:[^0-9]*[0-9]){6}")


@dataclass(frozen=True, slots=True)
class Heading:
    """The columns that matter. Where none is strictly for Device IDs, other content in them is no fault."""

    devices: tuple[int, ...]
    answers: tuple[int, ...]
    strict: frozenset[int]
    remarks: tuple[int, ...]
    wanted: tuple[int, ...]
    """Whether a row is wanted stands in these."""
    of_the_row: frozenset[int]
    """Those of `remarks` in which "done" is said of the row itself."""
    came: tuple[int, ...]
    """Whether its code was received, or when, stands in these."""

    def leaves_out(self, row: Sequence[str]) -> bool:
        """The row says that its devices are not wanted."""
        for column in self.remarks:  # any() costs three times as much
            cell = row[column] if len(row) > column else ""
            if cell and (is_unwanted(cell) or (column in self.of_the_row and is_over(cell))):
                return True
        if self.came and any(len(row) > i and _IT_CAME.match(row[i].strip()) for i in self.came):
            return True
        return bool(self.wanted) and any(len(row) > i and row[i].strip().lower() in _NO for i in self.wanted)


def heading_of(row: Sequence[str]) -> Heading | None:
    """The columns that this row heads; None: it is no heading."""
    if any(_SIX_DIGITS.match(cell) for cell in row if len(cell) <= _LONGEST_NAME):
        return None
    names = [heading_name(cell) for cell in row]
    headed = [i for i, name in enumerate(names) if name and (_STRONG.match(name) or not OTHER.search(name))]
    strong = [i for i in headed if _STRONG.search(names[i])]
    strict = [i for i in strong if not _HUB.search(names[i])]
    weak = [i for i in headed if i not in strong and _is_weak(names[i])]
    strict = strict or ([] if weak else strong)
    if not strict and not (weak and sum(map(bool, names)) > 1):
        return None
    if any(_SIX_DIGITS.match(cell) or (len(cell) >= SHORTEST and devices_in(cell)) for cell in row):
        return None
    answers = tuple(i for i, name in enumerate(names) if i not in strict and _ANSWER.search(name))
    devices = tuple(sorted((*strict, *weak)))
    remarks = tuple(i for i, name in enumerate(names) if i not in devices and _REMARK.search(name))
    wanted = tuple(i for i, name in enumerate(names) if _WHETHER_WANTED.search(name))
    return Heading(
        devices=devices,
        answers=answers,
        strict=frozenset(strict),
        remarks=tuple(sorted({*remarks, *wanted})),
        wanted=wanted,
        of_the_row=frozenset(i for i in remarks if _OF_THE_ROW.match(names[i])),
        came=tuple(i for i, name in enumerate(names) if _WHETHER_IT_CAME.match(name)),
    )


def _is_weak(name: str) -> bool:
    return bool(_WEAK.search(name)) and not _HUB.search(name) and not _NOT_WEAK.search(name)


def heading_name(cell: str) -> str:
    """A heading in lower-case words; empty for what is too long to be one."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", cell.strip()) if len(cell) <= _LONGEST_NAME else ""
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))
