"""Specimen letters, one of each kind: `check` writes them with an operator's templates, and people look at them.

Devices and people are invented; the codes are the published test vectors of the Zigbee specification and of DUIS.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from daemon.mail.message import MarkedKind
from daemon.rules.explain import next_step, why
from daemon.rules.identifiers import DeviceId, InstallCode, device_id
from daemon.rules.letters import (
    Answer,
    AnswerRow,
    Asking,
    LetterKind,
    LetterPlan,
    Matter,
    OpsNews,
    Page,
    Relisted,
    Result,
    Said,
    Transcript,
)
from daemon.rules.meaning import BadLine
from daemon.rules.morning import Act, Answered, DueDay, HeldFor, Morning, Proposed, Waiting
from daemon.rules.policy import Policy
from daemon.rules.reasons import Reason
from daemon.rules.team.approving import on_approve, on_reject
from daemon.rules.team.standing import StandingKind, StandingOrder
from daemon.rules.thread import Outcome
from daemon.rules.wording.asking_specimens import ASKING, RESULTS
from daemon.rules.wording.digest import digest

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
    content = plan.content
    rows = content.rows if isinstance(content, Result) else ()
    ids = plan.code_devices or tuple(row.device_id for row in rows if row.outcome is Outcome.CODE)
    return {one: InstallCode(bytes.fromhex(_VECTORS[i % len(_VECTORS)])) for i, one in enumerate(ids)}


def must_show(plan: LetterPlan) -> tuple[str, ...]:
    """What text and HTML of the letter must hold whatever its wording: the devices it is about."""
    content = plan.content
    if isinstance(content, OpsNews):
        return tuple(one for matter in content.matters for one in matter.devices)
    if isinstance(content, Transcript):
        return tuple(cell for page in content.pages for row in page.rows for cell in row if device_id(cell) == cell)
    if isinstance(content, Relisted):
        return content.new
    if isinstance(content, Asking):
        return (content.asked_of,) if plan.kind is LetterKind.HELPDESK else tuple(row.device_id for row in content.rows)
    if isinstance(content, Result):
        return tuple(row.device_id for row in content.rows)
    if not isinstance(content, Answer):
        return ()
    before = tuple(one for one, _ in content.sent_before)
    return (*(row.device_id for row in content.rows), *content.withdrawn, *content.left_out, *before)


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
        left_out=(device(0x9800),),
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
QUOTED = _answer(Answer((), nothing_found=True, only_quoted=True))
CORRECT = _answer(Answer((), bad_lines=(BadLine("line 1 of your mail", "it has 15 digits; a Device ID has 16"),)))
SENT_BEFORE = _answer(Answer((), sent_before=((device(1), date(2026, 11, 23)), (device(2), date(2026, 11, 23)))))
WITHDRAWN = _answer(Answer((), withdrawn=(device(1), device(2), device(3))))
LEFT_OUT = _answer(Answer((), left_out=(device(1), device(2))))
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
    "only-quoted": QUOTED,
    "correct-a-line": CORRECT,
    "sent-before": SENT_BEFORE,
    "withdrawn": WITHDRAWN,
    "left-out": LEFT_OUT,
    "which-request": WHICH_REQUEST,
}


def _ops(kind: LetterKind, headline: str, *matters: Matter, party: str = "") -> LetterPlan:
    return LetterPlan(
        case_id="00" * 16,
        kind=kind,
        seq=1,
        to="ops@losing.example",
        subject=f"[install codes] {headline}",
        content=OpsNews(headline, matters, party, needed=2 if any(one.on_approve for one in matters) else 0),
        typed="7K2M9QXB",
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
    case_id="00" * 16,
    on_approve=on_approve(Reason.DEVICE_STATUS, Outcome.CODE, PARTY, 3),
    on_reject=on_reject(Reason.DEVICE_STATUS, 3),
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
    mail_id=12,
    on_approve=on_approve(Reason.UNPROVEN_SENDER, None, "", 0),
    on_reject=on_reject(Reason.UNPROVEN_SENDER, 0),
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
OBSERVED = _ops(
    LetterKind.HELD,
    f"Held: 1 device from {PARTY}: observing only, answer by Fri 4 Dec",
    Matter(
        what="1 device held: observing only; we would have answered CODE",
        why=why(Reason.OBSERVE_ONLY),
        due=_DUE,
        reference="IC-7K2M9QXA",
        devices=(device(1),),
        arrived=_ARRIVED,
        due_sum=_DUE_SUM,
        next_step=next_step(Reason.OBSERVE_ONLY),
        case_id="00" * 16,
    ),
    party=PARTY,
)
NOTICE = _ops(
    LetterKind.NOTICE,
    "ann@losing.example and bob@losing.example approved: 3 devices of IC-7K2M9QXA go to Gaining Energy",
    Matter(
        what="Was held: commissioned, removed or suspended",
        why="",
        reference="IC-7K2M9QXA",
        devices=(device(1), device(2), device(3)),
    ),
    party=PARTY,
)
PROPOSAL = _ops(
    LetterKind.PROPOSAL,
    "To confirm: SPF alone is enough for mp121@gaining.example until Fri 4 Dec",
    Matter(
        what="SPF alone is enough for mp121@gaining.example until Fri 4 Dec",
        why="ann@losing.example asked for it. Its mail bears no signature of its own domain, and would be held otherwise.",
        reference="proposal 3",
        proposal_id=3,
        on_approve="Its requests are answered although only the sending server was confirmed (G5), until that day.",
        on_reject="Nothing changes.",
    ),
)
_TODAY = date(2026, 11, 24)
_BOB = "bob@losing.example"


def _digest(morning: Morning) -> LetterPlan:
    content = digest(morning, Policy("Losing Energy", "install.codes@losing.example"))
    return LetterPlan("00" * 16, LetterKind.DIGEST, 1, "ops@losing.example", content.headline, content)


DIGEST = _digest(
    Morning(
        today=_TODAY,
        since=date(2026, 11, 23),
        days=(DueDay(date(2026, 11, 23), 1, 1), DueDay(_TODAY, 2, 1), DueDay(_DUE, 6, 3, 1)),
        held=(HeldFor(Reason.DEVICE_STATUS, 4, 0, date(2026, 11, 23)), HeldFor(Reason.UNPROVEN_SENDER, 0, 1, _DUE)),
        urgent=(
            Waiting("IC-7K2M9QXA", PARTY, Reason.DEVICE_STATUS, date(2026, 11, 23), 1, date(2026, 11, 9)),
            Waiting("IC-4TWR81NC", PARTY, Reason.DEVICE_STATUS, _TODAY, 1, date(2026, 11, 23)),
        ),
        put_off=1,
        proposals=(Proposed("Contact list: 3 added, 1 gone", _BOB, date(2026, 11, 23)),),
        answered=(Answered(Outcome.CODE, 1, late=False), Answered(Outcome.NOT_INSTALLER, 3, late=False)),
        acts=(Act(_BOB, "noted", "IC-7K2M9QXA"),),
        standing=(
            StandingOrder(StandingKind.PAUSE, "codes", date(2026, 11, 23), None, "audit", _BOB, _ARRIVED),
            StandingOrder(StandingKind.AWAY, "cat@losing.example", _TODAY, date(2026, 11, 27), "", _BOB, _ARRIVED),
        ),
        health="last full round 12 s ago, nothing waits too long",
        inventory_on=date(2026, 11, 22),
        contacts_on=date(2026, 11, 2),
        strangers=2,
        audit_seq=10482,
        audit_hash="3fa9c0d27b1e5586" * 4,
    )
)
NO_NEWS = _digest(
    Morning(_TODAY, date(2026, 11, 23), inventory_on=_TODAY, audit_seq=10482, audit_hash="3fa9c0d27b1e5586" * 4)
)


def _transcript(subject: str, transcript: Transcript) -> LetterPlan:
    return LetterPlan("00" * 16, LetterKind.TRANSCRIPT, 1, _BOB, f"Re: {subject}", transcript)


STATUS = _transcript(
    "STATUS IC-7K2M9QXA",
    Transcript(
        (Said("STATUS IC-7K2M9QXA", "how IC-7K2M9QXA from Gaining Energy stands is shown below", done=True),),
        (
            Page(
                "IC-7K2M9QXA: 2 devices",
                rows=(
                    ("Supplier", PARTY),
                    ("Asked by", "mp121@gaining.example"),
                    ("Arrived", "Fri 20 Nov 2026, 10:42"),
                    ("Due", _DUE_SUM),
                ),
            ),
            Page(
                "Devices",
                ("The first 2 are shown.", "", "LIST held shows more."),
                ("Device ID", "State"),
                ((device(1), "answered CODE"), (device(2), "held: commissioned, removed or suspended")),
            ),
        ),
    ),
)
REFUSED = _transcript(
    "Two things",
    Transcript(
        (
            Said(
                "NOTE IC-7K2M9QXA rang them",
                "it would have been done; nothing was, because of another line",
                done=False,
            ),
            Said("STATUS IC-7K2M9QXB", "there is no IC-7K2M9QXB; did you mean IC-7K2M9QXA?", done=False),
        ),
        refused=True,
    ),
)
NEAR_MISS = _transcript("", Transcript((), near_miss="STATUS"))
TRANSCRIPTS = {"status": STATUS, "refused": REFUSED, "near-miss": NEAR_MISS}
OPS = {
    "observed": OBSERVED,
    "digest": DIGEST,
    "no-news": NO_NEWS,
    "notice": NOTICE,
    "proposal": PROPOSAL,
    "held": HELD,
    "held-several": HELD_SEVERAL,
    "reminder": REMINDER,
    "breach": BREACH,
    "quarantine": QUARANTINE,
    "alarm": ALARM,
    **TRANSCRIPTS,
}


def _relisted(*new: str, kept: bool) -> LetterPlan:
    address = "mp121@gaining.example"
    return LetterPlan(
        case_id="00" * 16,
        kind=LetterKind.CHANGED,
        seq=1,
        to=address,
        subject="Your address for install codes at Losing Energy",
        content=Relisted(address, kept, new, counts_from=_ARRIVED),
        party=PARTY,
    )


RELISTED = {
    "relisted": _relisted("codes@gaining.example", kept=False),
    "relisted-beside": _relisted("codes@gaining.example", "desk@elsewhere.example", kept=True),
    "relisted-gone": _relisted(kept=False),
}
BY_NAME = {**ANSWERS, **OPS, **RELISTED, **ASKING, **RESULTS}
LETTERS = tuple(BY_NAME.values())
