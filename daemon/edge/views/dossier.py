"""Everything that is stored about one matter, for a member who asks. Reads only; what it returns holds no code."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy import Connection, RowMapping

from daemon.edge.database import chunks, eui_to_int, int_to_eui, micros, moment
from daemon.edge.outbox import PLAN
from daemon.edge.tables import approval, audit, device, frozen, import_run, item, letter, mail, release, thread
from daemon.edge.vault import Vault
from daemon.errors import SealBroken
from daemon.rules.gate import Condition
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import LetterKind, LetterPlan

_VERDICT = TypeAdapter(tuple[Condition, ...])


@dataclass(frozen=True, slots=True)
class MailIn:
    """A mail that came in. Texts are empty where nothing was kept, or it was not read yet."""

    id: int
    arrived: datetime
    raw_sha: str
    message_id: str
    sender: str
    party: str
    subject: str
    fate: str
    reason: str
    settled_at: datetime | None
    proof: str
    """JSON of `rules.facts.Proof`."""
    evidence: int
    semantic_key: str
    case_id: str
    folder: str
    held_due_sum: str
    told_ops_at: datetime | None


@dataclass(frozen=True, slots=True)
class LetterOut:
    """A letter of ours. `sha256` of the bytes as they go out; empty: not written yet, or kept no more."""

    id: int
    plan: LetterPlan
    message_id: str
    written_at: datetime
    state: str
    attempts: int
    resends: int
    reply: str
    """The relay's last words."""
    finished_at: datetime | None
    verdict: tuple[Condition, ...]
    """The gate's conditions as last asked."""
    sha256: str


@dataclass(frozen=True, slots=True)
class Released:
    """A code that was promised to a party: queued, released or dropped."""

    device_id: DeviceId
    party: str
    at: datetime
    state: str
    case_id: str


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's approval. `what` as kept: whose hold, which device, since when."""

    at: datetime
    member: str
    what: str
    mail_id: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the audit trail, as kept."""

    seq: int
    at: datetime
    what: str
    subject: str
    detail: str
    hash: str


@dataclass(frozen=True, slots=True)
class Import:
    """A list as it was imported."""

    at: datetime
    file_sha: str
    rows: int


# Mails and letters ──────────────────────────────────────────────────────────────────────────────────

_MAIL = (
    mail.c.id, mail.c.arrived, mail.c.raw_sha, mail.c.message_id, mail.c.sender, mail.c.party, mail.c.subject,
    mail.c.fate, mail.c.reason, mail.c.settled_at, mail.c.proof, mail.c.evidence, mail.c.semantic_key, mail.c.case_id,
    mail.c.wanted_folder, mail.c.held_due_sum, mail.c.told_ops_at,
)  # fmt: skip


def mails(connection: Connection, *, case_id: str = "", mail_id: int = 0) -> list[MailIn]:
    """The mails of a thread, and the mail of that number, oldest first. Never the content."""
    found: dict[int, MailIn] = {}
    for where in (mail.c.case_id == case_id if case_id else None, mail.c.id == mail_id if mail_id else None):
        if where is not None:
            found |= {row["id"]: _mail(row) for row in connection.execute(sa.select(*_MAIL).where(where)).mappings()}
    return [found[number] for number in sorted(found)]


def _mail(row: RowMapping) -> MailIn:
    return MailIn(
        id=row["id"],
        arrived=moment(row["arrived"]),
        raw_sha=row["raw_sha"],
        message_id=row["message_id"] or "",
        sender=row["sender"] or "",
        party=row["party"] or "",
        subject=row["subject"] or "",
        fate=row["fate"] or "",
        reason=row["reason"] or "",
        settled_at=_maybe(row["settled_at"]),
        proof=row["proof"] or "",
        evidence=row["evidence"] or 0,
        semantic_key=row["semantic_key"] or "",
        case_id=row["case_id"] or "",
        folder=row["wanted_folder"] or "",
        held_due_sum=row["held_due_sum"] or "",
        told_ops_at=_maybe(row["told_ops_at"]),
    )


def _maybe(value: int | None) -> datetime | None:
    return None if value is None else moment(value)


_LETTER = sa.select(letter, frozen.c.verdict, frozen.c.content).select_from(letter.outerjoin(frozen))


def letters(connection: Connection, vault: Vault, case_ids: Iterable[str]) -> list[LetterOut]:
    """The letters of these cases, oldest first."""
    query = _LETTER.where(letter.c.case_id.in_(list(case_ids))).order_by(letter.c.id)
    return [_letter(row, vault) for row in connection.execute(query).mappings()]


def results(connection: Connection, vault: Vault, wants: Collection[int], since: datetime) -> list[LetterOut]:
    """The letters that were to carry the codes of these wants to our own code recipients, oldest first."""
    written = (letter.c.party == "", letter.c.written_at >= micros(since), letter.c.kind == LetterKind.RESULT)
    rows = connection.execute(_LETTER.where(*written).order_by(letter.c.id)).mappings()
    return [_letter(row, vault) for row in rows if not set(wants).isdisjoint(_result_wants(row))]


def _result_wants(row: RowMapping) -> tuple[int, ...]:
    return PLAN.validate_json(row["plan"]).result_wants


def _letter(row: RowMapping, vault: Vault) -> LetterOut:
    return LetterOut(
        id=row["id"],
        plan=PLAN.validate_json(row["plan"]),
        message_id=row["message_id"],
        written_at=moment(row["written_at"]),
        state=row["state"],
        attempts=row["attempts"],
        resends=row["resends"],
        reply=row["reply"] or "",
        finished_at=_maybe(row["finished_at"]),
        verdict=_VERDICT.validate_json(row["verdict"] or "[]"),
        sha256=_digest(row, vault),
    )


def _digest(row: RowMapping, vault: Vault) -> str:
    if row["content"] is None:
        return ""
    try:
        content = vault.open(row["content"], table="letter", column="content", row=row["message_id"])
    except SealBroken:
        return ""
    return hashlib.sha256(content).hexdigest()


def releases(connection: Connection, one: DeviceId) -> list[Released]:
    """Every code of a device that was ever promised, the latest first."""
    query = (
        sa.select(release, letter.c.case_id)
        .join(letter, letter.c.id == release.c.letter_id)
        .where(release.c.device_id == eui_to_int(one))
        .order_by(release.c.at.desc())
    )
    return [
        Released(int_to_eui(row.device_id), row.party, moment(row.at), row.state, row.case_id)
        for row in connection.execute(query)
    ]


# Who did what ───────────────────────────────────────────────────────────────────────────────────────


def approvals(connection: Connection, hold: str) -> list[Approval]:
    """Who approved what is held under this name (a case id, or "mail:12"), in order."""
    query = sa.select(approval).where(approval.c.object.startswith(f"{hold}|", autoescape=True))
    return [
        Approval(moment(row.at), row.member, row.object, row.mail_id)
        for row in connection.execute(query.order_by(approval.c.at, approval.c.token, approval.c.object))
    ]


def trail(connection: Connection, subjects: Sequence[str]) -> list[Entry]:
    """The audit entries about these subjects, in order."""
    found: list[Entry] = []
    for some in chunks(list(dict.fromkeys(subjects))):
        rows = connection.execute(sa.select(audit).where(audit.c.subject.in_(some)))
        found += [Entry(r.seq, moment(r.at), r.what, r.subject, r.detail, r.hash) for r in rows]
    return sorted(found, key=lambda entry: entry.seq)


def last_import(connection: Connection, kind: str) -> Import | None:
    """The list of that kind that is in force; None: none was ever imported."""
    query = sa.select(import_run).where(import_run.c.kind == kind).order_by(import_run.c.id.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else Import(moment(row.at), row.file_sha, row.rows)


# Finding ────────────────────────────────────────────────────────────────────────────────────────────


def cases_with(connection: Connection, one: DeviceId) -> list[str]:
    """The case ids of all threads in which a device ever stood, the latest first."""
    query = (
        sa.select(item.c.case_id)
        .join(thread, thread.c.case_id == item.c.case_id)
        .where(item.c.device_id == eui_to_int(one))
        .order_by(thread.c.received_at.desc())
    )
    return list(connection.execute(query).scalars())


def reference_of(connection: Connection, case_id: str) -> str:
    """The reference of a case; empty: no thread bears this name."""
    return connection.execute(sa.select(thread.c.reference).where(thread.c.case_id == case_id)).scalar() or ""


def references_like(connection: Connection, start: str) -> list[str]:
    """References that begin so, at most 50."""
    query = sa.select(thread.c.reference).where(thread.c.reference.startswith(start, autoescape=True))
    return list(connection.execute(query.order_by(thread.c.reference).limit(50)).scalars())


def neighbours(connection: Connection, one: DeviceId) -> list[DeviceId]:
    """The Device IDs of our inventory next below and next above."""
    number = eui_to_int(one)
    below = sa.select(sa.func.max(device.c.device_id)).where(device.c.device_id < number)
    above = sa.select(sa.func.min(device.c.device_id)).where(device.c.device_id > number)
    found = (connection.execute(query).scalar() for query in (below, above))
    return [int_to_eui(value) for value in found if value is not None]


def last_mail_id(connection: Connection) -> int:
    """The number of the latest mail; 0: none came yet."""
    return connection.execute(sa.select(sa.func.max(mail.c.id))).scalar() or 0
