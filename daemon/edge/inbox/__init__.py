"""What the mailbox brought: kept first (`keeping`), claimed, then settled for good.

A mail's place (folder, UIDVALIDITY, UID) is one thing, its content another: the same bytes in a second
place add a place, never a second mail.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from itertools import accumulate
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy import Connection

from daemon.edge.database import chunks, insert_in, micros, moment, run_for_each
from daemon.edge.tables import MAIL_POISONOUS, MAIL_UNSETTLED, MOST_CRASHES, mail, mail_content, place, tally
from daemon.edge.vault import Vault
from daemon.errors import SealBroken
from daemon.mail.message import Evidence
from daemon.rules.decision import Fate
from daemon.rules.gate import Waiver
from daemon.rules.reasons import Reason
from daemon.rules.workdays import local_day

WAIVER = TypeAdapter(Waiver)
MOST_OCTETS = 1024 * 1024
"""Of mails claimed together: what is read of one may take some hundred times its size in memory."""
KEPT, CLAIMED, SETTLED = "kept", "claimed", "settled"


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A claimed mail. `ordered`: a person dragged it to `Requests`; `crashes` counts this claim; `waiver`: approved."""

    id: int
    arrived: datetime
    folder: str
    content: bytes
    crashes: int
    ordered: bool
    from_junk: bool
    cut: bool = False
    waiver: Waiver | None = None


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


# Settling ───────────────────────────────────────────────────────────────────────────────────────────


def claim(connection: Connection, vault: Vault, gen: int, limit: int, junk: frozenset[str]) -> list[KeptMail]:
    """Oldest first, each with one crash more counted; those of no more than MOST_OCTETS together, or a larger one alone.

    A mail that crashed before comes alone, and after all others, so that a run of such mails holds up nobody.
    Claims of an older generation are taken over. A mail with three crashes is left for `poisonous`. One whose
    content is missing or sealed otherwise counts as a crash and is left out, so that it holds up nobody.
    """
    waiting = sa.select(mail.c.id, mail.c.size).where(_claimable(gen)).order_by(mail.c.id)
    rows = connection.execute(waiting.where(mail.c.crashes == 0).limit(limit)).all()
    together = zip(rows, accumulate(row.size for row in rows), strict=True)
    ids = [row.id for row, octets in together if octets <= MOST_OCTETS] or [row.id for row in rows[:1]]
    if not ids:
        ids = [row.id for row in connection.execute(waiting.where(mail.c.crashes > 0).limit(1))]
    if not ids:
        return []
    changes = {"state": CLAIMED, "claimed_gen": gen, "crashes": mail.c.crashes + 1}
    connection.execute(sa.update(mail).where(mail.c.id.in_(ids)).values(**changes))
    return _claimed(connection, vault, ids, junk)


def _claimable(gen: int) -> sa.ColumnElement[bool]:
    taken_over = sa.and_(mail.c.state == CLAIMED, mail.c.claimed_gen != gen)
    return sa.and_(MAIL_UNSETTLED, sa.or_(mail.c.state == KEPT, taken_over), mail.c.crashes < MOST_CRASHES)


def _claimed(connection: Connection, vault: Vault, ids: Sequence[int], junk: frozenset[str]) -> list[KeptMail]:
    columns = [mail.c[name] for name in ("id", "arrived", "raw_sha", "crashes", "ordered", "cut", "waiver")]
    first = (
        sa.select(place.c.folder).where(place.c.mail_id == mail.c.id).order_by(place.c.id).limit(1)
    ).scalar_subquery()
    query = (
        sa.select(*columns, mail_content.c.content, first.label("folder"))
        .select_from(mail.outerjoin(mail_content))
        .where(mail.c.id.in_(ids))
        .order_by(mail.c.id)
    )
    whole, broken = [], []
    for row in connection.execute(query).all():
        try:
            content = vault.open(row.content or b"", table="mail", column="content", row=row.raw_sha)
        except SealBroken:
            broken.append(row.id)
            continue
        whole.append(
            KeptMail(
                id=row.id,
                arrived=moment(row.arrived),
                folder=row.folder,
                content=content,
                crashes=row.crashes,
                ordered=row.ordered,
                from_junk=row.folder in junk and not row.ordered,
                cut=row.cut,
                waiver=None if row.waiver is None else WAIVER.validate_json(row.waiver),
            )
        )
    if broken:
        give_back(connection, broken, uncounted=False)
    return whole


def give_back(connection: Connection, ids: Sequence[int], *, uncounted: bool) -> None:
    """Not settled after all. `uncounted`: a clean stop, so that the claim does not count as a crash."""
    crashes = sa.case((mail.c.crashes > 0, mail.c.crashes - 1), else_=0) if uncounted else mail.c.crashes
    where = (mail.c.id.in_(ids), mail.c.state == CLAIMED)
    connection.execute(sa.update(mail).where(*where).values(state=KEPT, crashes=crashes))


def take_back(connection: Connection, gen: int) -> None:
    """What this generation claimed and could not write down, for the database would not take it: nobody has it in hand."""
    ours = sa.select(mail.c.id).where(MAIL_UNSETTLED, mail.c.state == CLAIMED, mail.c.claimed_gen == gen)
    left = list(connection.execute(ours).scalars())
    if left:
        give_back(connection, left, uncounted=True)


def poisonous(connection: Connection, gen: int) -> list[int]:
    """Mails whose reading died three times."""
    free = sa.or_(mail.c.state == KEPT, mail.c.claimed_gen != gen)
    query = sa.select(mail.c.id).where(MAIL_POISONOUS, free).order_by(mail.c.id)
    return list(connection.execute(query).scalars())


def arrived(connection: Connection, mail_id: int) -> datetime:
    """When a kept mail arrived (INTERNALDATE)."""
    return moment(connection.execute(sa.select(mail.c.arrived).where(mail.c.id == mail_id)).scalar_one())


_SETTLE = sa.update(mail).where(mail.c.id == sa.bindparam("of_mail")).values(waiver=sa.null())
"""What is set, its parameters say; an approval is of one decision, and used up by it."""


def settle(connection: Connection, results: Mapping[int, Settled], now: datetime) -> None:
    """Write down the one fate of each mail; of what is none of ours only the hash stays."""
    run_for_each(connection, _SETTLE, [_settled_row(mail_id, result, now) for mail_id, result in results.items()])
    if bare := [mail_id for mail_id, result in results.items() if not result.keep_content]:
        connection.execute(sa.delete(mail_content).where(mail_content.c.mail_id.in_(bare)))
    _count(connection, local_day(now), Counter(result.reason for result in results.values()))


def _settled_row(mail_id: int, result: Settled, now: datetime) -> dict[str, Any]:
    return {
        "of_mail": mail_id,
        "state": SETTLED,
        "fate": result.fate,
        "reason": result.reason,
        "settled_at": micros(now),
        "filed": False,
        "told_ops_at": None,
        "reminded_day": 0,
        **{name: getattr(result, name) for name in _COPIED},
    }


_COPIED = (
    "semantic_key", "message_id", "evidence", "sender", "party", "subject", "proof", "case_id",
    "wanted_folder", "held_due", "held_due_sum",
)  # fmt: skip


def _count(connection: Connection, day: date, mails: Mapping[Reason, int]) -> None:
    rows = [{"day": day, "reason": reason, "mails": more} for reason, more in mails.items()]
    run_for_each(connection, _counting(connection.dialect.name), rows)


@cache
def _counting(dialect: str) -> Any:
    statement = insert_in(dialect, tally)
    more = {"mails": tally.c.mails + statement.excluded.mails}
    return statement.on_conflict_do_update(index_elements=["day", "reason"], set_=more)


def tallies(connection: Connection, day: date) -> dict[str, int]:
    """Settled mails of a London day by reason."""
    query = sa.select(tally.c.reason, tally.c.mails).where(tally.c.day == day).order_by(tally.c.reason)
    return {row.reason: row.mails for row in connection.execute(query)}


def settled_as(connection: Connection, reason: Reason) -> int:
    """How many mails were ever settled for this reason."""
    query = sa.select(sa.func.sum(tally.c.mails)).where(tally.c.reason == reason)
    return int(connection.execute(query).scalar() or 0)


def proof(connection: Connection, mail_id: int) -> str | None:
    """The JSON of the proof that was kept of a mail."""
    return connection.execute(sa.select(mail.c.proof).where(mail.c.id == mail_id)).scalar()


def proofs(connection: Connection, mail_ids: Sequence[int]) -> dict[int, str]:
    """The same of several mails; one without proof is left out."""
    found: dict[int, str] = {}
    for some in chunks(mail_ids):
        query = sa.select(mail.c.id, mail.c.proof).where(mail.c.id.in_(some), mail.c.proof.is_not(None))
        found |= {row.id: row.proof for row in connection.execute(query)}
    return found


# For ops ────────────────────────────────────────────────────────────────────────────────────────────


def oldest_unsettled(connection: Connection) -> datetime | None:
    """When the longest-waiting unsettled mail was kept."""
    value = connection.execute(sa.select(sa.func.min(mail.c.kept_at)).where(MAIL_UNSETTLED)).scalar()
    return None if value is None else moment(value)


def counts(connection: Connection) -> dict[str, int]:
    """Mails by state or fate."""
    label = sa.func.coalesce(mail.c.fate, mail.c.state)
    query = sa.select(label.label("label"), sa.func.count().label("mails")).group_by(label)
    return {row.label: row.mails for row in connection.execute(query)}
