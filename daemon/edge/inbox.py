"""What the mailbox brought: kept first, claimed, then settled for good.

A mail's place (folder, UIDVALIDITY, UID) is one thing, its content another: the same bytes in a second
place add a place, never a second mail.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import chunks, insert, micros, moment
from daemon.edge.tables import cursor, mail, place, signature, tally
from daemon.edge.vault import Vault
from daemon.mail.message import Evidence, Place, RawMail
from daemon.rules.decision import Fate
from daemon.rules.reasons import Reason
from daemon.rules.workdays import local_day

MOST_CRASHES = 3
KEPT, CLAIMED, SETTLED = "kept", "claimed", "settled"


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a folder is kept without a gap."""

    folder: str
    uidvalidity: int
    last_uid: int


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A claimed mail. `ordered`: a person dragged it to `Requests`; `crashes` counts this claim."""

    id: int
    arrived: datetime
    folder: str
    content: bytes
    crashes: int
    ordered: bool
    from_junk: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """What is written of a mail when it is settled. None columns stay empty."""

    fate: Fate
    reason: Reason
    keep_content: bool
    semantic_key: str | None = None
    message_id: str | None = None
    evidence: Evidence | None = None
    sender: str | None = None
    party: str | None = None
    subject: str | None = None
    proof: str | None = None
    case_id: str | None = None
    wanted_folder: str | None = None
    held_due: date | None = None
    held_due_sum: str | None = None


@dataclass(frozen=True, slots=True)
class HeldMail:
    """A mail held whole, for ops."""

    id: int
    sender: str
    party: str
    subject: str
    arrived: datetime
    reason: Reason
    due: date
    due_sum: str
    settled_at: datetime
    reminded_day: int


@dataclass(frozen=True, slots=True)
class ToFile:
    """A mail that lies elsewhere than filing wants it."""

    mail_id: int
    place: Place
    wanted_folder: str
    answered: bool


# Keeping ────────────────────────────────────────────────────────────────────────────────────────────


def keep(
    connection: Connection,
    vault: Vault,
    batch: Sequence[RawMail],
    now: datetime,
    *,
    ordered: bool = False,
) -> tuple[int, ...]:
    """Keep `batch` and its places; the ids of mails that are new or were ordered to be read again.

    `ordered`: the batch was dragged to `Requests`, which is a person's order to take it in.
    """
    shas = [hashlib.sha256(raw.content).hexdigest() for raw in batch]
    known = _by_sha(connection, shas)
    fresh = []
    for raw, sha in zip(batch, shas, strict=True):
        if sha not in known:
            known[sha] = _insert_mail(connection, vault, raw, sha, now)
            fresh.append(known[sha])
    places = [_place_row(known[sha], raw.place, now) for raw, sha in zip(batch, shas, strict=True)]
    if places:
        connection.execute(insert(connection, place).on_conflict_do_nothing(), places)
    if ordered:
        again = [known[sha] for sha in shas if known[sha] not in fresh]
        _take_in_again(connection, vault, dict(zip(shas, batch, strict=True)), again)
        fresh.extend(again)
    return tuple(dict.fromkeys(fresh))


def _by_sha(connection: Connection, shas: Sequence[str]) -> dict[str, int]:
    query = sa.select(mail.c.raw_sha, mail.c.id).where(mail.c.raw_sha.in_(shas))
    return {row.raw_sha: row.id for row in connection.execute(query)}


def _insert_mail(connection: Connection, vault: Vault, raw: RawMail, sha: str, now: datetime) -> int:
    values = {
        "raw_sha": sha,
        "arrived": micros(raw.arrived),
        "kept_at": micros(now),
        "size": len(raw.content),
        "content": vault.seal(raw.content, table="mail", column="content", row=sha),
        "state": KEPT,
    }
    return int(connection.execute(sa.insert(mail).values(**values).returning(mail.c.id)).scalar_one())


def _place_row(mail_id: int, where: Place, now: datetime) -> dict[str, object]:
    return {
        "mail_id": mail_id,
        "folder": where.folder,
        "uidvalidity": where.uidvalidity,
        "uid": where.uid,
        "seen_at": micros(now),
        "gone": False,
    }


def _take_in_again(
    connection: Connection, vault: Vault, raws: dict[str, RawMail], ids: Sequence[int]
) -> None:
    """Dragged to `Requests`: settle it anew, its first arrival kept; content that was erased is put back."""
    query = sa.select(mail.c.id, mail.c.raw_sha).where(mail.c.id.in_(ids), mail.c.state == SETTLED)
    for row in connection.execute(query).all():
        content = vault.seal(raws[row.raw_sha].content, table="mail", column="content", row=row.raw_sha)
        values = {"state": KEPT, "crashes": 0, "fate": None, "content": content, "ordered": True}
        connection.execute(sa.update(mail).where(mail.c.id == row.id).values(**values))


def cursor_of(connection: Connection, folder: str) -> Cursor | None:
    """How far `folder` is kept; None: never looked at."""
    row = connection.execute(sa.select(cursor).where(cursor.c.folder == folder)).mappings().first()
    return Cursor(**row) if row else None


def set_cursor(connection: Connection, position: Cursor) -> None:
    """Move the cursor; called in the transaction that kept what lies before it."""
    values = {"uidvalidity": position.uidvalidity, "last_uid": position.last_uid}
    statement = insert(connection, cursor).values(folder=position.folder, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["folder"], set_=values))


def known_uids(connection: Connection, folder: str, uidvalidity: int) -> set[int]:
    """The UIDs of `folder` that are kept and, as far as we know, still there."""
    query = sa.select(place.c.uid).where(
        place.c.folder == folder, place.c.uidvalidity == uidvalidity, place.c.gone.is_(False)
    )
    return set(connection.execute(query).scalars())


def mark_gone(connection: Connection, folder: str, uidvalidity: int, uids: Iterable[int]) -> None:
    """Note that people moved or expunged these; nothing else changes."""
    for some in chunks(list(uids)):
        where = (place.c.folder == folder, place.c.uidvalidity == uidvalidity, place.c.uid.in_(some))
        connection.execute(sa.update(place).where(*where).values(gone=True))


def end_epoch(connection: Connection, folder: str, uidvalidity: int) -> None:
    """UIDVALIDITY changed to this: every older place of the folder names nothing any more."""
    where = (place.c.folder == folder, place.c.uidvalidity != uidvalidity)
    connection.execute(sa.update(place).where(*where).values(gone=True))


# Settling ───────────────────────────────────────────────────────────────────────────────────────────


def claim(connection: Connection, vault: Vault, gen: int, limit: int, junk: frozenset[str]) -> list[KeptMail]:
    """Oldest first, each with one crash more counted; a mail that crashed before comes alone.

    Claims of an older generation are taken over. A mail with three crashes is left for `poisonous`.
    """
    waiting = _claimable(gen)
    query = sa.select(mail.c.id, mail.c.crashes).where(waiting).order_by(mail.c.id).limit(limit)
    rows = connection.execute(query).all()
    crashed = [row.id for row in rows if row.crashes]
    ids = crashed[:1] if crashed else [row.id for row in rows]
    if not ids:
        return []
    changes = {"state": CLAIMED, "claimed_gen": gen, "crashes": mail.c.crashes + 1}
    connection.execute(sa.update(mail).where(mail.c.id.in_(ids)).values(**changes))
    return _claimed(connection, vault, ids, junk)


def _claimable(gen: int) -> sa.ColumnElement[bool]:
    taken_over = sa.and_(mail.c.state == CLAIMED, mail.c.claimed_gen != gen)
    return sa.and_(
        mail.c.state != SETTLED, sa.or_(mail.c.state == KEPT, taken_over), mail.c.crashes < MOST_CRASHES
    )


def _claimed(connection: Connection, vault: Vault, ids: Sequence[int], junk: frozenset[str]) -> list[KeptMail]:
    columns = (mail.c.id, mail.c.arrived, mail.c.raw_sha, mail.c.content, mail.c.crashes, mail.c.ordered)
    first = (
        sa.select(place.c.folder).where(place.c.mail_id == mail.c.id).order_by(place.c.id).limit(1)
    ).scalar_subquery()
    query = sa.select(*columns, first.label("folder")).where(mail.c.id.in_(ids)).order_by(mail.c.id)
    return [
        KeptMail(
            id=row.id,
            arrived=moment(row.arrived),
            folder=row.folder,
            content=vault.open(row.content, table="mail", column="content", row=row.raw_sha),
            crashes=row.crashes,
            ordered=row.ordered,
            from_junk=row.folder in junk and not row.ordered,
        )
        for row in connection.execute(query)
    ]


def give_back(connection: Connection, ids: Sequence[int], *, uncounted: bool) -> None:
    """Not settled after all. `uncounted`: a clean stop, so that the claim does not count as a crash."""
    crashes = sa.case((mail.c.crashes > 0, mail.c.crashes - 1), else_=0) if uncounted else mail.c.crashes
    where = (mail.c.id.in_(ids), mail.c.state == CLAIMED)
    connection.execute(sa.update(mail).where(*where).values(state=KEPT, crashes=crashes))


def poisonous(connection: Connection, gen: int) -> list[int]:
    """Mails whose reading died three times."""
    free = sa.or_(mail.c.state == KEPT, mail.c.claimed_gen != gen)
    query = sa.select(mail.c.id).where(mail.c.state != SETTLED, mail.c.crashes >= MOST_CRASHES, free)
    return list(connection.execute(query).scalars())


def settle(connection: Connection, mail_id: int, result: Settled, now: datetime) -> None:
    """Write down the one fate of a mail; of what is none of ours only the hash stays."""
    values = {
        "state": SETTLED,
        "fate": result.fate,
        "reason": result.reason,
        "settled_at": micros(now),
        "filed": False,
        **{name: getattr(result, name) for name in _COPIED},
    }
    if not result.keep_content:
        values["content"] = None
    connection.execute(sa.update(mail).where(mail.c.id == mail_id).values(**values))
    _count(connection, local_day(now), result.reason)


_COPIED = (
    "semantic_key", "message_id", "evidence", "sender", "party", "subject", "proof", "case_id",
    "wanted_folder", "held_due", "held_due_sum",
)  # fmt: skip


def _count(connection: Connection, day: date, reason: Reason) -> None:
    statement = insert(connection, tally).values(day=day, reason=reason, mails=1)
    more = {"mails": tally.c.mails + 1}
    connection.execute(statement.on_conflict_do_update(index_elements=["day", "reason"], set_=more))


def tallies(connection: Connection, day: date) -> dict[str, int]:
    """Settled mails of a London day by reason."""
    query = sa.select(tally.c.reason, tally.c.mails).where(tally.c.day == day).order_by(tally.c.reason)
    return {row.reason: row.mails for row in connection.execute(query)}


def find_same(connection: Connection, semantic_key: str, evidence: Evidence, mail_id: int) -> int | None:
    """A settled mail that says the same with the same class of proof; None: there is none."""
    query = sa.select(mail.c.id).where(
        mail.c.semantic_key == semantic_key,
        mail.c.evidence == int(evidence),
        mail.c.id != mail_id,
        mail.c.state == SETTLED,
    )
    return connection.execute(query.limit(1)).scalar()


def remember_signatures(
    connection: Connection, digests: Sequence[str], semantic_key: str, now: datetime
) -> None:
    """Note that these DKIM signatures came with this mail; the first mail keeps them."""
    rows = [{"digest": d, "semantic_key": semantic_key, "seen_at": micros(now)} for d in dict.fromkeys(digests)]
    if rows:
        connection.execute(insert(connection, signature).on_conflict_do_nothing(), rows)


def reused(connection: Connection, digests: Sequence[str], semantic_key: str) -> bool:
    """Whether one of these signatures came with another mail before."""
    query = sa.select(signature.c.digest).where(
        signature.c.digest.in_(digests), signature.c.semantic_key != semantic_key
    )
    return bool(digests) and connection.execute(query.limit(1)).first() is not None


def proof(connection: Connection, mail_id: int) -> str | None:
    """The JSON of the proof that was kept of a mail."""
    return connection.execute(sa.select(mail.c.proof).where(mail.c.id == mail_id)).scalar()


# For ops ────────────────────────────────────────────────────────────────────────────────────────────


def held_mails(connection: Connection, *, untold: bool = False) -> list[HeldMail]:
    """Mails held whole; `untold`: only those that ops have not been told of."""
    query = sa.select(mail).where(mail.c.fate == Fate.HELD, mail.c.held_due.is_not(None))
    if untold:
        query = query.where(mail.c.told_ops_at.is_(None))
    return [
        HeldMail(
            id=row.id,
            sender=row.sender or "",
            party=row.party or "",
            subject=row.subject or "",
            arrived=moment(row.arrived),
            reason=Reason(row.reason),
            due=row.held_due,
            due_sum=row.held_due_sum or "",
            settled_at=moment(row.settled_at),
            reminded_day=row.reminded_day,
        )
        for row in connection.execute(query.order_by(mail.c.id))
    ]


def told_ops(connection: Connection, ids: Sequence[int], now: datetime) -> None:
    """Ops have been told of these held mails."""
    connection.execute(sa.update(mail).where(mail.c.id.in_(ids)).values(told_ops_at=micros(now)))


def reminded(connection: Connection, ids: Sequence[int], day: int) -> None:
    """Ops have been reminded of these held mails on that working day."""
    connection.execute(sa.update(mail).where(mail.c.id.in_(ids)).values(reminded_day=day))


def oldest_unsettled(connection: Connection) -> datetime | None:
    """When the longest-waiting unsettled mail was kept."""
    value = connection.execute(sa.select(sa.func.min(mail.c.kept_at)).where(mail.c.state != SETTLED)).scalar()
    return None if value is None else moment(value)


def counts(connection: Connection) -> dict[str, int]:
    """Mails by state or fate."""
    label = sa.func.coalesce(mail.c.fate, mail.c.state)
    query = sa.select(label.label("label"), sa.func.count().label("mails")).group_by(label)
    return {row.label: row.mails for row in connection.execute(query)}


# For filing ─────────────────────────────────────────────────────────────────────────────────────────


def to_file(connection: Connection, limit: int) -> list[ToFile]:
    """Mails whose folder is not the wanted one, with each place they still have."""
    query = (
        sa.select(mail.c.id, mail.c.wanted_folder, mail.c.fate, place.c.folder, place.c.uidvalidity, place.c.uid)
        .join(place, place.c.mail_id == mail.c.id)
        .where(mail.c.wanted_folder.is_not(None), mail.c.filed.is_(False), place.c.gone.is_(False))
        .order_by(mail.c.wanted_folder, mail.c.id)
        .limit(limit)
    )
    return [
        ToFile(row.id, Place(row.folder, row.uidvalidity, row.uid), row.wanted_folder, row.fate == Fate.DECIDED)
        for row in connection.execute(query)
    ]


def want_folder(connection: Connection, case_id: str, folder: str) -> None:
    """File every mail of a thread in `folder`."""
    where = (mail.c.case_id == case_id, sa.func.coalesce(mail.c.wanted_folder, "") != folder)
    connection.execute(sa.update(mail).where(*where).values(wanted_folder=folder, filed=False))


def moved(connection: Connection, old: Sequence[ToFile], new: Sequence[Place | None], now: datetime) -> None:
    """Note where mails went (None: not known); their old places are gone."""
    for item, target in zip(old, new, strict=True):
        mark_gone(connection, item.place.folder, item.place.uidvalidity, [item.place.uid])
        if target is not None:
            row = _place_row(item.mail_id, target, now)
            connection.execute(insert(connection, place).on_conflict_do_nothing(), [row])
    done(connection, [item.mail_id for item in old])


def done(connection: Connection, ids: Sequence[int]) -> None:
    """Nothing is left to file of these."""
    connection.execute(sa.update(mail).where(mail.c.id.in_(ids)).values(filed=True))
