"""`read` and `replay`: how a mail is understood and what would be done, and why. Writes nothing, sends nothing.

Each mail is read by the same child, against the same records and by the same rules as a mail that arrives;
only the last step, writing it down, is left out. So a mail of last year meets today's records.
"""

import mailbox as mail_stores
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from daemon import casework
from daemon.casework import Case
from daemon.edge.inbox import KeptMail
from daemon.edge.reader.pool import Readers
from daemon.errors import NoMail, Unreadable
from daemon.mail import headers
from daemon.mail.message import IncomingMail
from daemon.parts import Parts
from daemon.rules import commands, counterparties, disclosure
from daemon.rules.decide import decide
from daemon.rules.explain import why
from daemon.rules.gate import Condition, Gate
from daemon.rules.meaning import Correspondence, OpsMail
from daemon.rules.reasons import Reason
from daemon.rules.sense.personal import safe_subject
from daemon.rules.wording import write
from daemon.rules.workdays import local_day


@dataclass(frozen=True, slots=True)
class Explained:
    """One mail, explained. All text is masked: no code, no personal data. `letters` are as they would go out."""

    name: str
    arrived: datetime
    subject: str
    sender: str
    standing: str
    party: str
    evidence: str
    verdict: str
    doubts: tuple[str, ...]
    kind: str
    asked: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]
    doubted: tuple[str, ...]
    bad_lines: tuple[tuple[str, str], ...]
    seen: tuple[str, ...]
    attachments: tuple[str, ...]
    defects: tuple[str, ...]
    fate: str
    reason: str
    conditions: tuple[tuple[str, bool, str], ...]
    items: tuple[tuple[str, str, str], ...]
    due: str
    notes: tuple[str, ...]
    letters: tuple[tuple[str, str, str], ...]


async def explain(parts: Parts, readers: Readers, name: str, content: bytes) -> Explained | None:
    """How this mail is understood and what would be done; None where the reader dies of it."""
    try:
        read = await readers.read(content)
    except Unreadable:
        return None
    arrived = arrival_of(content) or read.mail.origin.date or parts.clock.now()
    kept = KeptMail(0, arrived, "", content, 0, ordered=True, from_junk=False)
    case = await parts.read(lambda c: casework.work(c, parts, kept, read))
    return _explained(parts, name, arrived, read.mail, _as_it_arrives(parts, case))


def _as_it_arrives(parts: Parts, case: Case) -> Case:
    """Mail of any age is looked at as one that a person hands in; but nobody did, so that none of it is an order in vain."""
    unasked = decide(replace(case.facts, ordered=False), case.meaning, parts.policy)
    in_vain = case.decision.hold is not None and unasked.hold is None
    return replace(case, decision=unasked) if in_vain else case


def arrival_of(content: bytes) -> datetime | None:
    """The time in the topmost Received line, for mail whose INTERNALDATE is not at hand."""
    top = next((f.value for f in headers.fields(headers.head_of(content)) if f.name == "received"), "")
    return headers.moment(top.rpartition(";")[2])


def _explained(parts: Parts, name: str, arrived: datetime, mail: IncomingMail, case: Case) -> Explained:
    facts, meaning, decision = case.facts, case.meaning, case.decision
    spoken = meaning if isinstance(meaning, Correspondence) else Correspondence()
    items = [item for thread in decision.threads for item in thread.items]
    return Explained(
        name=name,
        arrived=arrived,
        subject=safe_subject(mail.subject),
        sender=mail.origin.sender or "not one plain address",
        standing=facts.writer.standing,
        party=facts.writer.counterparty.party if facts.writer.counterparty else "",
        evidence=f"E{int(mail.origin.evidence)} {mail.origin.evidence.name.lower().replace('_', ' ')}",
        verdict=mail.origin.verdict.note,
        doubts=mail.origin.ambiguities,
        kind=_words(type(meaning).__name__),
        asked=tuple((a.device_id, a.where) for a in spoken.asked),
        left_out=spoken.left_out,
        doubted=tuple(device for device in spoken.doubted if device not in spoken.left_out),
        bad_lines=tuple((line.where, line.why) for line in spoken.bad_lines),
        seen=_seen(spoken) if spoken is meaning else _orders(mail, arrived, case),
        attachments=tuple(
            f"{a.name or a.media_type}: {a.reading}{f' ({a.why})' if a.why else ''}" for a in mail.attachments
        ),
        defects=mail.defects,
        fate=decision.fate,
        reason=decision.reason,
        conditions=tuple((c.gate, c.holds, c.evidence) for c in _conditions(parts, case)),
        items=tuple((i.device_id, f"{i.state} {i.outcome or ''}".strip(), i.reason or "") for i in items),
        due=next((i.due.explain() for i in items), decision.hold.due_sum if decision.hold else ""),
        notes=decision.notes,
        letters=tuple(_letter(parts, plan, observed=decision.observed) for plan in decision.plans),
    )


def _conditions(parts: Parts, case: Case) -> Iterator[Condition]:
    """The whole gate: of the mail, of every device asked for, and of the letter that would carry codes."""
    facts, decision = case.facts, case.decision
    yield from decision.verdict
    party, book = facts.writer.counterparty, facts.counterparties
    if party is not None and isinstance(case.meaning, Correspondence):
        ours, asker = counterparties.own_names(parts.policy), counterparties.names_of(party, book)
        for asked in case.meaning.asked:
            yield disclosure.device_gate(asked.device_id, facts.records.get(asked.device_id), ours, asker)
    records = disclosure.Records(facts.records, facts.releases, facts.rates)
    around = (book, facts.surroundings, parts.policy, facts.now)
    for plan in decision.plans:
        for condition in disclosure.send_gate(plan, facts.proof, facts.writer, records, *around):
            if condition not in decision.verdict and condition.gate is not Gate.DEVICE_ENTITLED:
                yield condition


def _letter(parts: Parts, plan: Any, *, observed: bool) -> tuple[str, str, str]:
    letter = write(plan, None, parts.words)
    return (f"{letter.to}{' (not sent: observe)' if observed else ''}", letter.subject, letter.text)


def _seen(spoken: Correspondence) -> tuple[str, ...]:
    signs = {
        "a chase": spoken.chase,
        "takes a request back": spoken.withdraws,
        "thanks only": spoken.acknowledgement,
        "brings install codes": spoken.brings_codes,
        "asks for codes": spoken.wants_codes,
        **{f"personal data: {kind}": True for kind in spoken.personal_data},
    }
    return tuple(name for name, seen in signs.items() if seen)


def _orders(mail: IncomingMail, arrived: datetime, case: Case) -> tuple[str, ...]:
    """What a member of our team orders in it, line by line. Nothing is looked up and nothing is done."""
    if not isinstance(case.meaning, OpsMail):
        return ()
    reply = bool(mail.in_reply_to)
    ordered = commands.read(mail, local_day(arrived), reply=reply)
    proven, evidence = commands.proven_member(mail.origin, arrived)
    said = [f"orders: {line.text}" if line.order else f"cannot be obeyed: {line.fault}" for line in ordered.lines]
    said += [f"nearly {ordered.near_miss}"] if ordered.near_miss else []
    return (*said, f"{'proven' if proven else 'NOT PROVEN'}: {evidence}") if said else ("no order",)


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def as_text(one: Explained) -> str:
    """The explanation for a terminal."""
    lines = [
        f"{one.name}",
        f"  from     {one.sender} ({one.standing}{f' of {one.party}' if one.party else ''})",
        f"  subject  {one.subject}",
        f"  proof    {one.evidence}: {one.verdict}",
        *[f"  doubt    {doubt}" for doubt in one.doubts],
        f"  means    {', '.join((one.kind, *one.seen))}",
        *[f"  asks for {device}  ({where})" for device, where in one.asked],
        *[f"  left out {device}  (it says that it is not wanted)" for device in one.left_out],
        *[f"  in doubt {device}  (a clause may say that it is not wanted)" for device in one.doubted],
        *[f"  bad line {where}: {fault}" for where, fault in one.bad_lines],
        *[f"  attached {text}" for text in one.attachments],
        *[f"  defect   {text}" for text in one.defects],
        *[
            f"  gate     {'holds' if holds else 'FAILS'}  {gate}: {evidence}"
            for gate, holds, evidence in one.conditions
        ],
        f"  decided  {one.fate}: {one.reason}",
        f"  because  {why(Reason(one.reason))}",
        *[f"  item     {device}  {state}{f' ({reason})' if reason else ''}" for device, state, reason in one.items],
        *([f"  due      {one.due}"] if one.due else []),
        *[f"  note     {note}" for note in one.notes],
    ]
    for to, subject, text in one.letters:
        lines += ["", f"  would write to {to}: {subject}", *[f"    | {line}" for line in text.splitlines()]]
    return "\n".join(lines)


def mails_in(path: Path) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every mail in an mbox file, a Maildir, a folder of .eml files, or one .eml file."""
    try:
        yield from _mails_in(path)
    except OSError as error:
        raise NoMail(f"cannot read {error.filename or path} ({error.strerror})") from None


def _mails_in(path: Path) -> Iterator[tuple[str, bytes]]:
    if not path.exists():
        raise NoMail(f"{path} does not exist; give an .eml file, a folder of them, an mbox or a Maildir")
    if path.is_dir() and (path / "cur").is_dir():
        store: Any = mail_stores.Maildir(path, create=False)
        yield from ((key, store.get_bytes(key)) for key in sorted(store.keys()))
    elif path.is_dir():
        files = (file for file in sorted(path.rglob("*")) if file.suffix.lower() == ".eml" and file.is_file())
        yield from ((file.name, file.read_bytes()) for file in files)
    elif path.read_bytes()[:5] == b"From ":
        box = mail_stores.mbox(path, create=False)
        yield from ((f"{path.name} #{n}", box.get_bytes(key)) for n, key in enumerate(box.keys(), 1))
    elif _is_mail(content := path.read_bytes()):
        yield path.name, content


def _is_mail(content: bytes) -> bool:
    """It begins with a mail's headers: of any other file nothing can be said."""
    return any(field.name in _OF_EVERY_MAIL for field in headers.fields(headers.head_of(content)))


_OF_EVERY_MAIL = frozenset({"from", "to", "date", "subject", "received", "message-id"})
"""One of them at least."""


def summary(several: list[Explained | None]) -> Counter[str]:
    """How many mails ended how."""
    return Counter("unreadable" if one is None else f"{one.fate}: {one.reason}" for one in several)
