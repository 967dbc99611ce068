"""Where kept mails lie, and where they are to be filed: the picture in folders of what the database knows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import chunks, insert_in, micros, run_for_each
from daemon.edge.tables import MAIL_UNFILED, mail, place
from daemon.mail.message import Place
from daemon.rules.decision import Fate


@dataclass(frozen=True, slots=True)
class ToFile:
    """One place of a mail that is to be filed in `wanted_folder`; it may lie there already."""

    mail_id: int
    raw_sha: str
    place: Place
    wanted_folder: str


# Where they lie ─────────────────────────────────────────────────────────────────────────────────────


def keep(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    """A place that we thought gone (a UIDVALIDITY that came back) names what lies there now."""
    run_for_each(connection, _keeping(connection.dialect.name), rows)


@cache
def _keeping(dialect: str) -> Any:
    statement = insert_in(dialect, place)
    changes = {name: statement.excluded[name] for name in ("mail_id", "gone")}
    return statement.on_conflict_do_update(index_elements=["folder", "uidvalidity", "uid"], set_=changes)


def place_row(mail_id: int, where: Place, now: datetime) -> dict[str, object]:
    """A place as `keep` takes it."""
    return {
        "mail_id": mail_id,
        "folder": where.folder,
        "uidvalidity": where.uidvalidity,
        "uid": where.uid,
        "seen_at": micros(now),
        "gone": False,
    }


def known_uids(connection: Connection, folder: str, uidvalidity: int) -> set[int]:
    """The UIDs of `folder` that are kept and, as far as we know, still there."""
    query = sa.select(place.c.uid).where(
        place.c.folder == folder, place.c.uidvalidity == uidvalidity, place.c.gone.is_(False)
    )
    return set(connection.execute(query).scalars())


def known_among(connection: Connection, folder: str, uidvalidity: int, uids: Iterable[int]) -> set[int]:
    """Those of `uids` that are kept; costs what is asked for, whatever else the folder holds."""
    found: set[int] = set()
    for some in chunks(list(uids)):
        where = (place.c.folder == folder, place.c.uidvalidity == uidvalidity, place.c.uid.in_(some))
        found |= set(connection.execute(sa.select(place.c.uid).where(*where, place.c.gone.is_(False))).scalars())
    return found


def mark_gone(connection: Connection, folder: str, uidvalidity: int, uids: Iterable[int]) -> None:
    """Note that people moved or expunged these; nothing else changes."""
    for some in chunks(list(uids)):
        where = (place.c.folder == folder, place.c.uidvalidity == uidvalidity, place.c.uid.in_(some))
        connection.execute(sa.update(place).where(*where).values(gone=True))


def end_epoch(connection: Connection, folder: str, uidvalidity: int) -> None:
    """UIDVALIDITY changed to this: every older place of the folder names nothing any more."""
    where = (place.c.folder == folder, place.c.uidvalidity != uidvalidity)
    connection.execute(sa.update(place).where(*where).values(gone=True))


# Where they are to be filed ──────────────────────────────────────────────────────────────────────────


def to_file(connection: Connection, limit: int) -> list[ToFile]:
    """Every place that the first `limit` mails to be filed still have; a mail of which none is known waits."""
    has_place = sa.exists().where(place.c.mail_id == mail.c.id, place.c.gone.is_(False))
    some = sa.select(mail.c.id).where(MAIL_UNFILED, has_place).order_by(mail.c.wanted_folder, mail.c.id).limit(limit)
    query = (
        sa.select(mail.c.id, mail.c.raw_sha, mail.c.wanted_folder, place.c.folder, place.c.uidvalidity, place.c.uid)
        .join(place, place.c.mail_id == mail.c.id)
        .where(mail.c.id.in_(some), place.c.gone.is_(False))
        .order_by(mail.c.wanted_folder, mail.c.id, place.c.id)
    )
    return [
        ToFile(row.id, row.raw_sha, Place(row.folder, row.uidvalidity, row.uid), row.wanted_folder)
        for row in connection.execute(query)
    ]


_WANT_FOLDER = (
    sa.update(mail)
    .where(
        mail.c.case_id == sa.bindparam("of_case"),
        mail.c.wanted_folder != sa.bindparam("folder"),
        sa.func.coalesce(mail.c.fate, "").not_in((Fate.HELD, Fate.POISON)),
    )
    .values(wanted_folder=sa.bindparam("folder"), filed=False)
)


def want_folder(connection: Connection, case_id: str, folder: str) -> None:
    """File every mail of a thread in `folder`, but those that ops must look at, which stay where ops find them.

    One that was left in its place (`wanted_folder` empty: in mode `observe`) stays there too.
    """
    connection.execute(_WANT_FOLDER, {"of_case": case_id, "folder": folder})


def moved(connection: Connection, old: Sequence[ToFile], new: Sequence[Place | None], now: datetime) -> None:
    """Note where mails went (None: not known); their old places are gone."""
    pairs = list(zip(old, new, strict=True))
    left: dict[tuple[str, int], list[int]] = {}
    for item, target in pairs:
        if target != item.place:
            left.setdefault((item.place.folder, item.place.uidvalidity), []).append(item.place.uid)
    for (folder, uidvalidity), uids in left.items():
        mark_gone(connection, folder, uidvalidity, uids)
    keep(connection, [place_row(item.mail_id, target, now) for item, target in pairs if target is not None])


def filed(connection: Connection, items: Sequence[ToFile]) -> None:
    """Nothing is left to file of these, unless they are wanted elsewhere since."""
    wanted: dict[str, list[int]] = {}
    for item in items:
        wanted.setdefault(item.wanted_folder, []).append(item.mail_id)
    for folder, ids in wanted.items():
        where = (mail.c.id.in_(ids), mail.c.wanted_folder == folder)
        connection.execute(sa.update(mail).where(*where).values(filed=True))


def places_of(connection: Connection, mail_ids: Sequence[int]) -> list[Place]:
    """Where these mails lie, as far as we know."""
    query = sa.select(place.c.folder, place.c.uidvalidity, place.c.uid).where(
        place.c.mail_id.in_(mail_ids), place.c.gone.is_(False)
    )
    return [Place(row.folder, row.uidvalidity, row.uid) for row in connection.execute(query)]
