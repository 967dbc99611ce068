"""The same mail again, and signatures that came with another mail before."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import among, insert_in, micros, run_for_each
from daemon.edge.inbox import SETTLED
from daemon.edge.tables import mail, signature
from daemon.mail.message import Evidence

_SAME = (
    sa.select(mail.c.id)
    .where(
        mail.c.semantic_key == sa.bindparam("key"),
        mail.c.evidence == sa.bindparam("proof"),
        mail.c.id != sa.bindparam("but_mail"),
        mail.c.state == SETTLED,
    )
    .limit(1)
)


def find_same(connection: Connection, semantic_key: str, evidence: Evidence, mail_id: int) -> int | None:
    """A settled mail that says the same with the same class of proof; None: there is none."""
    values = {"key": semantic_key, "proof": int(evidence), "but_mail": mail_id}
    return connection.execute(_SAME, values).scalar()


def follow(connection: Connection, mail_id: int, semantic_key: str, evidence: Evidence) -> None:
    """A second copy goes where the first one is filed, now and whenever its thread moves on."""
    first = find_same(connection, semantic_key, evidence, mail_id)
    query = sa.select(mail.c.case_id, mail.c.wanted_folder).where(mail.c.id == first)
    if (row := connection.execute(query).mappings().first()) is not None:
        connection.execute(sa.update(mail).where(mail.c.id == mail_id).values(**row))


def remember_signatures(connection: Connection, seen: Iterable[tuple[str, str]], now: datetime) -> None:
    """Note which DKIM signature came with which mail (digest, semantic key); the first mail keeps it."""
    rows = [{"digest": digest, "semantic_key": key, "seen_at": micros(now)} for digest, key in seen]
    run_for_each(connection, _remembering(connection.dialect.name), rows)


@cache
def _remembering(dialect: str) -> Any:
    return insert_in(dialect, signature).on_conflict_do_nothing()


_REUSED = (
    sa.select(signature.c.digest)
    .where(signature.c.digest.in_(among("digests")), signature.c.semantic_key != sa.bindparam("but_key"))
    .limit(1)
)


def reused(connection: Connection, digests: Sequence[str], semantic_key: str) -> bool:
    """Whether one of these signatures came with another mail before."""
    values = {"digests": digests, "but_key": semantic_key}
    return bool(digests) and connection.execute(_REUSED, values).first() is not None
