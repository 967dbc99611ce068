"""Specimen letters, one of each kind: `check` writes them with an operator's templates, and people look at them.

Devices and people are invented; the codes are the published test vectors of the Zigbee specification and of DUIS.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from daemon.mail.message import MarkedKind
from daemon.rules.decision import Answer, AnswerRow, BadLine, LetterKind, LetterPlan, Matter, OpsNews
from daemon.rules.explain import next_step, why
from daemon.rules.identifiers import DeviceId, InstallCode
from daemon.rules.reasons import Reason
from daemon.rules.thread import Outcome

PARTY = "Gaining Energy"
_VECTORS = (
    "83FED3407A939723A5C639B26916D505",
    "00112233445566778899AABBCCDDEEFF",
    "30313233343536373839414243444546",
)
_DUE = date(2026, 12, 4)
_DUE_SUM = "Fri 20 Nov 2026 + 10 working days (england-and-wales) = Fri 4 Dec 2026"
_ARRIVED = datetime(2026, 11, 20, 10, 42, tzinfo=UTC)
_BY = f"by: {_DUE}"


def device(number: int) -> DeviceId:
    """An invented Device ID."""
    return DeviceId(f"00-DB-12-34-56-78-{number >> 8 & 255:02X}-{number & 255:02X}")


def codes(plan: LetterPlan) -> Mapping[DeviceId, InstallCode]:
    """A code for each device that `plan` promises one for."""
    ids = plan.code_devices
    return {one: InstallCode(bytes.fromhex(_VECTORS[i % len(_VECTORS)])) for i, one in enumerate(ids)}


def must_show(plan: LetterPlan) -> tuple[str, ...]:
    """What text and HTML of the letter must hold whatever its wording: the devices it is about."""
    content = plan.content
    if isinstance(content, OpsNews):
        return tuple(one for matter in content.matters for one in matter.devices)
    before = tuple(one for one, _ in content.sent_before)
    return (*(row.device_id for row in content.rows), *content.withdrawn, *before)


def _answer(answer: Answer, subject: str = "Install codes please") -> LetterPlan:
    return LetterPlan(
        case_id="00" * 16,
        kind=LetterKind.ANSWER,
        seq=1,
        to="mp121@gaining.example",
        subject=subject,
        content=answer,
        party=PARTY,
        reference="IC-7K2M9QXA",
        in_reply_to="<request-1@gaining.example>",
        references=("<request-1@gaining.example>",),
        mark=MarkedKind.ANSWER,
        mark_reference="IC-7K2M9QXA",
    )


def _rows(outcome: Outcome, *notes: str, first: int = 0x90A0) -> tuple[AnswerRow, ...]:
    return tuple(AnswerRow(device(first + i), outcome, note) for i, note in enumerate(notes))


CODES = _answer(Answer(_rows(Outcome.CODE, "", "", "")))
ONE_CODE = _answer(Answer(_rows(Outcome.CODE, ""), repeat=True, chase=True))
MIXED = _answer(
    Answer(
        rows=(
            *_rows(Outcome.CODE, "", ""),
            *_rows(Outcome.NOT_INSTALLER, "installer: LOSE", "", first=0x9100),
            *_rows(Outcome.NO_CODE_HELD, "", first=0x9200),
            *_rows(Outcome.TYPE_HAS_NO_CODE, f"device: {device(0x9301)}", first=0x9300),
            *_rows(Outcome.PENDING, _BY, first=0x9400),
            *_rows(Outcome.NEED_MORE, "which of your two mails is right?", first=0x9500),
            *_rows(Outcome.REFUSED, "our records show it as removed", first=0x9600),
        ),
        bad_lines=(
            BadLine("line 4 of your mail", "it has 7 pairs of digits; a Device ID has 8"),
            BadLine(
                "requests.xlsx, sheet Sheet1, line 7", "a spreadsheet shortened this number; format the column as text"
            ),
        ),
        unreadable=(BadLine("scan-of-labels.pdf", "it is a picture, and pictures are not read"),),
        personal_data=True,
        asked_by="jo.bloggs@gaining.example",
        sent_before=((device(0x9700), date(2026, 11, 23)),),
    ),
    subject="RE: Re: Change of supplier, 12 devices [IC-7K2M9QXA]",
)
NOT_OURS = _answer(Answer(_rows(Outcome.NOT_INSTALLER, "installer: LOSE", "installer: LOSE")))
UNKNOWN_INSTALLER = _answer(Answer(_rows(Outcome.NOT_INSTALLER, "")))
PENDING = _answer(Answer(_rows(Outcome.PENDING, _BY, _BY), chase=True))
CAPPED = _answer(
    Answer(
        (*_rows(Outcome.CODE, ""), *_rows(Outcome.PENDING, "by: 2026-11-25", _BY, first=0x9400)),
        capped_at=500,
    )
)
NO_CODES = _answer(
    Answer(
        (*_rows(Outcome.NO_CODE_HELD, ""), *_rows(Outcome.TYPE_HAS_NO_CODE, "", first=0x9300)),
        asked_by="jo@gaining.example",
    )
)
NEED_MORE = _answer(Answer((), nothing_found=True, personal_data=True), subject="")
CORRECT = _answer(Answer((), bad_lines=(BadLine("line 1 of your mail", "it has 15 digits; a Device ID has 16"),)))
SENT_BEFORE = _answer(Answer((), sent_before=((device(1), date(2026, 11, 23)), (device(2), date(2026, 11, 23)))))
WITHDRAWN = _answer(Answer((), withdrawn=(device(1), device(2), device(3))))
WHICH_REQUEST = _answer(Answer((), chase=True, which_request=True))
ANSWERS = {
    "codes": CODES,
    "one-code-again": ONE_CODE,
    "mixed": MIXED,
    "not-ours": NOT_OURS,
    "unknown-installer": UNKNOWN_INSTALLER,
    "pending": PENDING,
    "capped": CAPPED,
    "no-codes": NO_CODES,
    "need-more": NEED_MORE,
    "correct-a-line": CORRECT,
    "sent-before": SENT_BEFORE,
    "withdrawn": WITHDRAWN,
    "which-request": WHICH_REQUEST,
}


def _ops(kind: LetterKind, headline: str, *matters: Matter, party: str = "") -> LetterPlan:
    return LetterPlan(
        case_id="00" * 16,
        kind=kind,
        seq=1,
        to="ops@losing.example",
        subject=f"[install codes] {headline}",
        content=OpsNews(headline, matters, party),
    )


_STATUS = Matter(
    what="3 devices held: commissioned, removed or suspended",
    why=why(Reason.DEVICE_STATUS),
    due=_DUE,
    reference="IC-7K2M9QXA",
    devices=(device(1), device(2), device(3)),
    sender="mp121@gaining.example",
    arrived=_ARRIVED,
    due_sum=_DUE_SUM,
    subject="Install codes please",
    next_step=next_step(Reason.DEVICE_STATUS),
)
_SENDER = Matter(
    what="Mail held: sender not proven",
    why=why(Reason.UNPROVEN_SENDER),
    due=_DUE,
    reference="mail 12",
    sender="mp121@gaining.example",
    arrived=_ARRIVED,
    due_sum=_DUE_SUM,
    subject="Codes needed today",
    evidence=(
        "G4 DMARC pass for the sender's domain: fail (p=reject), by mx.losing.example",
        "G5 aligned DKIM signature: no aligned DKIM signature passed",
    ),
    next_step=next_step(Reason.UNPROVEN_SENDER),
)
_HELD_FOR = f"from {PARTY}: commissioned, removed or suspended"
HELD = _ops(LetterKind.HELD, f"Held: 3 devices {_HELD_FOR}, answer by Fri 4 Dec", _STATUS, party=PARTY)
HELD_SEVERAL = _ops(
    LetterKind.HELD, "Held: 2 mails in the name of Gaining Energy: sender not proven, due Fri 4 Dec", _SENDER, _SENDER
)
REMINDER = _ops(LetterKind.REMINDER, f"Still waiting: 3 devices {_HELD_FOR}, answer by Fri 4 Dec", _STATUS, party=PARTY)
BREACH = _ops(LetterKind.BREACH, f"OVERDUE: 3 devices {_HELD_FOR}, was due Fri 4 Dec", _STATUS, party=PARTY)
QUARANTINE = _ops(
    LetterKind.QUARANTINE,
    "Set aside: 1 mail: cannot be processed, due Fri 4 Dec",
    Matter(
        what="Mail held: cannot be processed",
        why=why(Reason.POISON),
        due=_DUE,
        arrived=_ARRIVED,
        due_sum=_DUE_SUM,
        next_step=next_step(Reason.POISON),
    ),
)
ALARM = _ops(
    LetterKind.ALARM,
    "Letters do not go out",
    Matter(
        what="Letters do not go out",
        why="relay mail.losing.example:587: connection refused",
        arrived=_ARRIVED,
        next_step="Nothing is lost: what waits is kept, its clocks run, and work goes on by itself once this is mended.",
    ),
)
OPS = {
    "held": HELD,
    "held-several": HELD_SEVERAL,
    "reminder": REMINDER,
    "breach": BREACH,
    "quarantine": QUARANTINE,
    "alarm": ALARM,
}
LETTERS = (*ANSWERS.values(), *OPS.values())
