"""Specimens of the letters in which we ask other suppliers, and of those that bring what they answered to our own people."""

from dataclasses import replace
from datetime import date

from daemon.mail.message import MarkedKind
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import AskedRow, Asking, LetterKind, LetterPlan, Result, ResultRow
from daemon.rules.policy import ChaseKind
from daemon.rules.thread import Outcome

_SUPPLIER, _THEIR_ADDRESS = "Installing Energy", "mp121@installing.example"
_ASKED_ON, _DUE = date(2026, 11, 20), date(2026, 12, 4)


def _device(number: int) -> DeviceId:
    """An invented Device ID."""
    return DeviceId(f"00-DB-12-34-56-78-{number >> 8:02X}-{number & 255:02X}")


def _asking(kind: LetterKind, asking: Asking, to: str = _THEIR_ADDRESS) -> LetterPlan:
    mark = {LetterKind.REQUEST: MarkedKind.REQUEST, LetterKind.CHASE: MarkedKind.CHASE}.get(kind)
    helpdesk = kind is LetterKind.HELPDESK
    return LetterPlan(
        case_id="00" * 16,
        kind=kind,
        seq=1,
        to=to,
        subject="",
        content=asking,
        party="" if helpdesk else _SUPPLIER,
        reference="IC-7K2M9QXA",
        mark=mark,
        mark_reference="IC-7K2M9QXA" if mark else "",
    )


def _asked(
    count: int, first: int = 0x90A0, reference: str = "IC-7K2M9QXA", on: date = _ASKED_ON
) -> tuple[AskedRow, ...]:
    due = _DUE if on == _ASKED_ON else date(2026, 12, 7)
    return tuple(AskedRow(_device(first + i), on, due, reference) for i in range(count))


def _chase(rung: ChaseKind, *rows: AskedRow, to: str = _THEIR_ADDRESS, wrote: tuple[str, ...] = ()) -> LetterPlan:
    return _asking(LetterKind.CHASE, Asking(rows, rung=rung.value, asked_of=_THEIR_ADDRESS, wrote=wrote), to)


REQUEST = _asking(LetterKind.REQUEST, Asking(tuple(AskedRow(_device(0x90A0 + i)) for i in range(12)), expected=_DUE))
ONE_REQUEST = _asking(LetterKind.REQUEST, Asking((AskedRow(_device(0x90A0)),), expected=_DUE))
_PROMISED = replace(_asked(1, 0x9200)[0], promised_for=date(2026, 12, 9))
_WROTE = (
    "Mon 23 Nov 2026: a promise for 1 device; an answer for 1 device that could not be used",
    "Mon 30 Nov 2026: a reply in which no answer could be made out",
)
_GATHERED = (*_asked(2), _PROMISED, *_asked(2, 0x9300, "IC-4TWR81NC", date(2026, 11, 23)))
QUERY = _asking(
    LetterKind.QUERY,
    Asking(
        (
            AskedRow(_device(0x90A0), fault="line 3 of their mail: the code has 31 digits; a code has 32"),
            AskedRow(
                _device(0x90A1),
                fault="codes.xlsx, sheet Sheet1, line 4: a spreadsheet changed the code: please send it as text, in groups of four",
            ),
            AskedRow(_device(0x90A2), fault="codes.xlsx, sheet Sheet1, line 5: its check digits do not fit"),
        )
    ),
)
ASKING = {
    "request": REQUEST,
    "request-one": ONE_REQUEST,
    "chase-due-tomorrow": _chase(ChaseKind.DUE_TOMORROW, *_asked(3)),
    "chase-due-gathered": _chase(ChaseKind.DUE_TOMORROW, *_GATHERED),
    "chase-overdue": _chase(ChaseKind.OVERDUE, *_asked(1)),
    "chase-overdue-gathered": _chase(ChaseKind.OVERDUE, *_GATHERED),
    "chase-escalation": _chase(ChaseKind.ESCALATION, *_asked(2), to="escalations@installing.example"),
    "chase-escalation-written": _chase(
        ChaseKind.ESCALATION, *_asked(2), to="escalations@installing.example", wrote=_WROTE
    ),
    "chase-escalation-gathered": _chase(ChaseKind.ESCALATION, *_GATHERED, to="escalations@installing.example"),
    "query": QUERY,
    "taken-back": _asking(LetterKind.TAKEN_BACK, Asking(_asked(2))),
    "helpdesk": _asking(LetterKind.HELPDESK, Asking((), asked_of=_SUPPLIER), to="helpdesk@secas.example"),
}


def _result(rows: tuple[ResultRow, ...], missing: int, headline: str) -> LetterPlan:
    return LetterPlan(
        "00" * 16,
        LetterKind.RESULT,
        1,
        "codes@losing.example",
        headline,
        Result(rows, missing),
        reference="IC-7K2M9QXA",
    )


def _got(outcome: Outcome, *notes: str, first: int, supplier: str = _SUPPLIER) -> tuple[ResultRow, ...]:
    days = (_ASKED_ON, date(2026, 11, 24))
    return tuple(
        ResultRow(_device(first + i), outcome, supplier, *days, note, first + i) for i, note in enumerate(notes)
    )


RESULTS = {
    "result": _result(
        (
            *_got(Outcome.CODE, "", "", first=0x90A0),
            *_got(Outcome.CODE, "", first=0x9100, supplier="Northern Energy"),
            *_got(Outcome.NO_CODE_HELD, "", first=0x9200),
            *_got(Outcome.TYPE_HAS_NO_CODE, f"device: {_device(0x9301)}", first=0x9300),
            *_got(Outcome.REFUSED, "removed", first=0x9400),
            *_got(Outcome.NOT_INSTALLER, "", first=0x9500),
        ),
        missing=3,
        headline="3 install codes from Installing Energy and Northern Energy",
    ),
    "result-one": _result(
        _got(Outcome.CODE, "", first=0x90A0), missing=0, headline="1 install code from Installing Energy"
    ),
    "result-unchecked": _result(
        _got(
            Outcome.CODE,
            "",
            *["came in free text without check digits: compare with their mail before use"] * 2,
            first=0x90A0,
        ),
        missing=0,
        headline="3 install codes from Installing Energy",
    ),
    "result-without": _result(
        _got(Outcome.NO_CODE_HELD, "", "", first=0x9200),
        missing=1,
        headline="Installing Energy holds no code for 2 devices",
    ),
}
