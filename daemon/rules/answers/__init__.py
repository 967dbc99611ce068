"""What another supplier's mail answers about the devices that we asked for, item by item. Nothing is guessed.

The mail's own text, what is handed on in it, its tables and sheets are read; of what it quotes only what was added to the
lines of asked devices. What all of them say of one device is held together, and what cannot be right together is a fault.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

from daemon.mail.message import IncomingMail, Machine, MarkedKind, Source, Table
from daemon.rules.answers import outcomes as answer_outcomes
from daemon.rules.answers import quoted as answer_quoted
from daemon.rules.answers.codes import TWO_CODES, Said, Spelled, Wanted
from daemon.rules.answers.columns import upright
from daemon.rules.answers.pairing import UNCLEAR
from daemon.rules.answers.prose import Budget, Prose, Reader, Remarked, Where
from daemon.rules.answers.spots import spots
from daemon.rules.answers.statements import Loose, Reach
from daemon.rules.answers.tables import Effort, Terms, read_rows
from daemon.rules.identifiers import DeviceId, InstallCode
from daemon.rules.sense import wishes
from daemon.rules.sense.forms import LOOSE_CODE, plain
from daemon.rules.thread import Outcome

MAX_UNCLEAR = 20
"""Devices that a code without a Device ID may belong to, and that are asked about again."""
CONTRADICTED = "a code stands for it, and also an answer that there is none"
SHARED = "the same code stands for another device too"
_SILENT = (Machine.BOUNCE, Machine.AUTO_REPLY, Machine.RECEIPT)
_IN_MAIL = (Source.HTML, Source.FORWARDED)
_STRONG = (Outcome.NOT_INSTALLER, Outcome.NO_CODE_HELD, Outcome.TYPE_HAS_NO_CODE, Outcome.REFUSED)
_DIGITS = re.compile(
    r"[0-9A-Fa-f]{2}(?:[\-: ./]?[0-9A-Fa-f]{2}){3}|[eE]\+?[0-9]{2}|\u2026|\.\.|\bending\b|\blast \w+\b|\b[xX]{2}"
)
"""Stands in whatever names a device, whole or in part, and in every code, a mangled one too."""
_ANSWERING = re.compile(
    r"\b(?:not|n't|none|never|no|cannot|unable|neither|contact|speak|ask|try|approach|refer|direct|install\w*|fitted|gpfs?|gas prox\w+|chfs?|hubs?|codes?|confirm|clarify|verify|check\w*|search\w*|advise"
    r"|provide|send|supply|let us|tell us|mpans?|mprns?|mpxns?|serials?|msns?|postcodes?|ssd|proof|evidence|information|details?|commissioned|removed|exchanged|replaced|scrapped|decommissioned|refused|pending|will|'ll|shall|should|follow|hope|aim|expect|plan|intend"
    r"|eta|look\w*|investigat\w+|progress|hand|tbc|await\w*|waiting|review|raised|logged|passed|chasing|being|order|different|another|need\w*|require\w*|nothing|lost|unknown|declin\w+|until|get back|come back)\b"
)
"""A word of this stands in every sentence that answers."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a mail answers about one device. Where there is a `fault`, there is neither code nor outcome.

    `outcome` None without a fault: something is answered that a person must read (`needs_look`).
    """

    device: DeviceId
    where: str
    """The place for people: "line 3 of their mail", "codes.csv, line 4"; never a digit of a code."""
    outcome: Outcome | None = None
    code: InstallCode | None = field(default=None, repr=False)
    """For CODE, where the device was asked for."""
    checked: bool = False
    """The code's CRC stood beside it, and fits."""
    needs_look: bool = False
    """A person must see it before it counts: a code of free text without its CRC, or words with two readings."""
    note: str = ""
    """`installer: MPID or name`, `device: ID`, `by: YYYY-MM-DD`; for REFUSED `commissioned`, `removed`, `not confirmed`."""
    fault: str = ""
    """Why it cannot be used, in words for a query to them; never a digit of a code."""
    vague: bool = False
    """It stands in words that name no device; they may be about it."""
    remark: bool = False
    """Something (`note`) is said of it, beside what the mail answers, that is no answer we know."""
    unasked: bool = False
    """We did not ask for this device: reported, never used; its code is not kept."""


def read(mail: IncomingMail, asked: Collection[DeviceId], today: date) -> tuple[Finding, ...]:
    """What `mail` answers about the devices in `asked`, and which others it brings codes for; each device once.

    `today`: the day on which it arrived, from which "Friday" is counted.
    """
    if not _may_answer(mail):
        return ()
    return _Reading(mail, Wanted(asked), today).findings()


def speaks_of(mail: IncomingMail, asked: Collection[DeviceId]) -> bool:
    """Whether `mail` may answer something; False: `read` finds nothing in it. Costs little."""
    if not asked or not _may_answer(mail):
        return False
    cells = (cell for table in mail.tables for row in table.rows for cell in row)
    texts = (mail.subject, mail.new_text, mail.forwarded_text, mail.quoted_text, mail.signature_text)
    if any(_DIGITS.search(plain(text)) for text in texts) or any(_DIGITS.search(plain(cell)) for cell in cells):
        return True
    files = (cell for table in mail.tables if table.source is Source.TEXT for row in table.rows for cell in row)
    words = "\n".join((mail.new_text, mail.forwarded_text, *files))
    return bool(_ANSWERING.search(words.casefold().replace("’", "'")))


def _may_answer(mail: IncomingMail) -> bool:
    """No robot's bounce or receipt does, and no request or chase of another copy of this daemon."""
    if mail.origin.mark is not None:
        return mail.origin.mark.kind is MarkedKind.ANSWER
    return mail.origin.machine not in _SILENT


class _Reading:
    """One mail, read once. Codes are held for as long as the reading takes."""

    def __init__(self, mail: IncomingMail, wanted: Wanted, today: date) -> None:
        self._mail = mail
        self._wanted = wanted
        self._terms = Terms(wanted, today, Effort())
        self._said: list[Said] = []
        self._remarks: dict[DeviceId, Remarked] = {}
        self._tabled: set[bytes] = set()

    def findings(self) -> tuple[Finding, ...]:
        """What the whole mail says."""
        self._read_tables()
        if not (self._said and self._mail.origin.mark is not None):
            self._read_texts()
        by_device: dict[DeviceId, list[Said]] = {}
        for said in self._said:
            by_device.setdefault(said.device, []).append(said)
        shared = _shared(by_device)
        merged = (_merged(device, said, self._wanted, shared) for device, said in by_device.items())
        found = tuple(one for one in merged if one is not None)
        if found:
            left = [(device, said) for device, said in self._remarks.items() if device not in by_device]
            found += tuple(Finding(d, said.where, note=said.words, needs_look=True, remark=True) for d, said in left)
        return tuple(replace(one, needs_look=True) for one in found) if self._terms.effort.spent else found

    # Tables ─────────────────────────────────────────────────────────────────────────────────────────

    def _read_tables(self) -> None:
        tables = [table for table in self._mail.tables if table.source is not Source.TEXT]
        files = [table for table in tables if table.source is Source.CSV]
        for table in files if self._mail.origin.mark is not None and files else tables:
            rows = read_rows(upright(enumerate(table.rows)), self._terms, _place(table))
            for _, said in rows:
                self._said.append(said)
                if table.source in _IN_MAIL and said.spelled is not None and said.spelled.code is not None:
                    self._tabled.add(said.spelled.code.reveal())

    # Texts ──────────────────────────────────────────────────────────────────────────────────────────

    def _read_texts(self) -> None:
        mail = self._mail
        away = answer_outcomes.absent(f"{mail.subject}\n{mail.new_text}")
        reader = Reader(self._terms, Budget(), frozenset(self._tabled), words=not away)
        subject = reader.read(wishes.own_subject(mail.subject), lambda _: "the subject")
        quoted = answer_quoted.read(mail.quoted_text, mail.woven_text, reader)
        own = reader.read(quoted.without_typed(mail.new_text), lambda line: f"line {line + 1} of their mail")
        below = reader.read(mail.signature_text, lambda _: "the end of their mail")
        handed_on = reader.read(mail.forwarded_text, lambda line: f"line {line + 1} of the forwarded mail")
        files = [
            reader.read("\n".join(" ".join(row) for row in table.rows), _place(table))
            for table in mail.tables
            if table.source is Source.TEXT
        ]
        proses = (subject, own, below, handed_on, *files)
        for prose in (*proses, quoted.prose):
            self._said.extend(prose.said)
        self._place_orphans(proses)
        for prose in (own, handed_on, *files, quoted.prose):
            for loose in prose.loose:
                self._place_loose(loose, prose, whole_mail=prose is own)
        for prose in (own, handed_on, quoted.prose):
            rest = dict.fromkeys(self._wanted.devices, prose.of_the_rest) if prose.of_the_rest else {}
            self._remarks = {**rest, **prose.remarks, **self._remarks}

    def _place_orphans(self, proses: Collection[Prose]) -> None:
        """Codes beside no Device ID belong to the one device that the mail can be about; else it is asked again."""
        codes = [orphan for prose in proses for orphan in prose.orphans]
        if not codes:
            return
        devices = self._about(proses) or self._wanted_by_name(proses)
        for where, code in codes:
            if len(devices) == 1:
                outcome = Outcome.CODE if code.code is not None else ""
                self._said.append(Said(devices[0], where, code, outcome, "", code.fault, look=True))
            elif len(devices) <= MAX_UNCLEAR:
                self._said.extend(Said(device, where, fault=UNCLEAR) for device in devices)

    def _wanted_by_name(self, proses: Collection[Prose]) -> list[DeviceId]:
        """Where all that it names is answered already, a code may still be of any of them, or of those not named."""
        answered = {said.device for said in self._said} - {device for prose in proses for device in prose.named}
        return [device for device in self._wanted.devices if device not in answered]

    def _about(self, proses: Collection[Prose]) -> list[DeviceId]:
        """The asked devices that the mail can be about: those it names, else those of its subject or of what it quotes."""
        answered = {said.device for said in self._said}
        named = {device for prose in proses for device in prose.named}
        if named:
            return [device for device in self._wanted.devices if device in named - answered]
        for text in (self._mail.subject, answer_quoted.first_level(self._mail.quoted_text)):
            around = {spot.device for spot in spots(text[:100_000], self._wanted) if spot.device in self._wanted}
            if around:
                return [device for device in self._wanted.devices if device in around]
        return list(self._wanted.devices)

    def _place_loose(self, loose: Loose, prose: Prose, *, whole_mail: bool) -> None:
        """A statement that names no device, and the devices that the rest of the mail leaves for it."""
        found = {said.device for said in self._said}
        devices, look = self._reached(loose, prose, found)
        if not prose.named and loose.reach in (Reach.ABOVE, Reach.UNSAID):
            receipt = loose.stated.outcome is Outcome.PENDING and not loose.stated.note
            if not whole_mail or receipt:
                return
        for device in devices:
            stated = loose.stated
            doubt, vague = look or stated.look, not prose.named and len(devices) > 1
            said = Said(device, loose.where, None, stated.outcome, stated.note, look=doubt, vague=vague)
            self._said.append(said)

    def _reached(self, loose: Loose, prose: Prose, found: set[DeviceId]) -> tuple[list[DeviceId], bool]:
        """(the devices of a loose statement, whether that is doubtful)."""
        rest = [device for device in self._wanted.devices if device not in found and device not in loose.but]
        if loose.reach in (Reach.REST, Reach.EXCEPT):
            return rest, False
        if prose.named:
            named = [device for device in prose.named if device not in found]
            return named, loose.reach is Reach.UNSAID and len(named) > 1
        around = {spot.device for spot in spots(self._mail.subject, self._wanted)} & set(rest)
        if around and loose.reach is Reach.UNSAID:
            return [device for device in rest if device in around], len(around) > 1
        return rest, loose.reach is Reach.UNSAID and len(rest) > 1


def _place(table: Table) -> Where:
    """A row as its writer counts: lines in a file, rows in a table of the mail. No code of a file's name stays in it."""
    name = " ".join(LOOSE_CODE.sub("[removed]", plain(table.name)).split())[:100]
    if table.source in _IN_MAIL:
        return lambda row: f"{name} of their mail, row {table.first_line + row}"
    return lambda row: f"{name}, line {table.first_line + row}"


# All that is said of one device ─────────────────────────────────────────────────────────────────────


def _codes(said: Iterable[Said]) -> Iterator[Spelled]:
    return (one.spelled for one in said if one.spelled is not None and one.spelled.code is not None)


def _shared(by_device: dict[DeviceId, list[Said]]) -> frozenset[DeviceId]:
    """The devices whose code stands for another one too."""
    holders: dict[bytes, set[DeviceId]] = {}
    for device, said in by_device.items():
        for one in _codes(said):
            if one.code is not None:
                holders.setdefault(one.code.reveal(), set()).add(device)
    return frozenset(device for devices in holders.values() if len(devices) > 1 for device in devices)


def _merged(device: DeviceId, said: list[Said], wanted: Wanted, shared: frozenset[DeviceId]) -> Finding | None:
    """The one finding of a device; None: nothing that is to be reported."""
    if device not in wanted:
        outcome = Outcome.CODE if any(_codes(said)) else Outcome(said[0].outcome) if said[0].outcome else None
        return Finding(device, said[0].where, outcome, fault=said[0].fault, unasked=True)
    coded = [one for one in said if one.spelled is not None and one.spelled.code is not None]
    if coded:
        return _with_code(device, said, coded, shared)
    if spoilt := [one for one in said if one.fault]:
        settled = [one for one in said if one.outcome and not one.look]
        return Finding(device, spoilt[0].where, fault=spoilt[0].fault, needs_look=bool(settled))
    return _in_words(device, said)


def _with_code(device: DeviceId, said: list[Said], coded: list[Said], shared: frozenset[DeviceId]) -> Finding:
    first = min(coded, key=lambda one: one.look)
    codes = list(_codes(coded))
    if any(code.code != codes[0].code for code in codes):
        return Finding(device, first.where, fault=TWO_CODES)
    if any(one.outcome in _STRONG for one in said):
        return Finding(device, first.where, fault=CONTRADICTED)
    if device in shared:
        return Finding(device, first.where, fault=SHARED, needs_look=True)
    checked = any(code.checked for code in codes)
    doubtful = any(one.fault for one in said) and not checked
    return Finding(device, first.where, Outcome.CODE, codes[0].code, checked, needs_look=first.look or doubtful)


def _in_words(device: DeviceId, said: list[Said]) -> Finding:
    """An answer in words: what is sure before what is not, something before nothing. Two that differ are none."""
    told = [one for one in said if one.outcome] or said
    sure = [one for one in told if not one.look] or told
    outcomes = {one.outcome for one in sure}
    first = next((one for one in sure if one.note), sure[0])
    free = first.outcome in (Outcome.NEED_MORE, Outcome.REFUSED)
    notes = {one.note for one in sure if one.note and not free} or {first.note}
    if len(outcomes) > 1 or not first.outcome:
        return Finding(device, first.where, None, needs_look=True)
    note = first.note if len(notes) < 2 else ""
    look = first.look or len(notes) > 1
    return Finding(device, first.where, Outcome(first.outcome), note=note, needs_look=look, vague=first.vague)
