"""Our own letters to members of the team, as the proof that a command needs: whose they are, how old, used or not.

The Message-ID of such a letter derives from a key, so nobody can guess it; a reply to it comes from somebody who has
the letter. It counts for the address that it was written to, for what it is about, and once for each thing in it.
Source: durability notes §2.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import insert, micros, moment
from daemon.edge.outbox import PLAN
from daemon.edge.tables import approval, letter
from daemon.edge.vault import Vault
from daemon.rules.identifiers import CROCKFORD
from daemon.rules.letters import LetterPlan

TYPED_LENGTH = 8


@dataclass(frozen=True, slots=True)
class OwnLetter:
    """A letter of ours to a member of the team."""

    message_id: str
    recipient: str
    written_at: datetime
    plan: LetterPlan


def find(connection: Connection, message_ids: Sequence[str]) -> OwnLetter | None:
    """The latest of our letters to the team among these Message-IDs."""
    where = (letter.c.message_id.in_(list(message_ids)[:50]), letter.c.party == "")
    return _latest(connection, where)


def find_typed(connection: Connection, recipient: str, typed: str, since: datetime) -> OwnLetter | None:
    """The letter to `recipient`, written since then, that bears this typed code; None: there is none."""
    where = (letter.c.recipient == recipient, letter.c.party == "", letter.c.written_at >= micros(since))
    rows = connection.execute(sa.select(letter).where(*where).order_by(letter.c.id.desc()).limit(500)).mappings()
    found = (_own(row) for row in rows)
    return next((one for one in found if one.plan.typed and one.plan.typed == typed), None)


def _latest(connection: Connection, where: Sequence[sa.ColumnElement[bool]]) -> OwnLetter | None:
    row = connection.execute(sa.select(letter).where(*where).order_by(letter.c.id.desc()).limit(1)).mappings().first()
    return None if row is None else _own(row)


def _own(row: sa.RowMapping) -> OwnLetter:
    return OwnLetter(
        message_id=row["message_id"],
        recipient=row["recipient"],
        written_at=moment(row["written_at"]),
        plan=PLAN.validate_json(row["plan"]),
    )


def with_typed(vault: Vault, plan: LetterPlan) -> LetterPlan:
    """The letter with the code that stands for a reply to it: 40 bits, for a mail program that loses the thread."""
    digest = vault.derive("typed", plan.case_id, plan.kind, str(plan.seq), plan.to)
    return replace(plan, typed="".join(CROCKFORD[octet % 32] for octet in digest[:TYPED_LENGTH]))


# Burning ────────────────────────────────────────────────────────────────────────────────────────────


def burn(  # noqa: PLR0917  # the columns of a row
    connection: Connection, token: str, what: str, member: str, person: str, now: datetime, mail_id: int
) -> bool:
    """Use a letter up for one thing in it, before anything is done; False: it was used for that before."""
    values = {"token": token, "object": what, "member": member, "person": person, "at": micros(now), "mail_id": mail_id}
    statement = insert(connection, approval).values(**values).on_conflict_do_nothing().returning(approval.c.token)
    return connection.execute(statement).first() is not None  # PostgreSQL's driver counts no rows of such an INSERT


def approved_from(connection: Connection, what: str) -> list[str]:
    """The addresses from which this was approved, each once, in order."""
    query = sa.select(approval.c.member).where(approval.c.object == what)
    return list(dict.fromkeys(connection.execute(query.order_by(approval.c.at, approval.c.token)).scalars()))
