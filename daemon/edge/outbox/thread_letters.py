"""The letters of one thread, as our team asks for them: the last that went, those that never did."""

from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import moment
from daemon.edge.outbox import PLAN, WAITING, LetterState
from daemon.edge.tables import LETTER_WAITING, audit, letter, mail
from daemon.rules.letters import LetterPlan

ENDED = (LetterState.ACCEPTED, LetterState.REJECTED, LetterState.HELD)


@dataclass(frozen=True, slots=True)
class Ended:
    """A letter to a counterparty that went, or will not go."""

    id: int
    plan: LetterPlan
    state: LetterState
    at: datetime
    mail_id: int | None
    """The mail that it answers."""
    due: date | None


def last_ended(connection: Connection, case_id: str) -> Ended | None:
    """The last letter of the thread that was accepted, refused or held; None: there is none."""
    where = (letter.c.case_id == case_id, letter.c.party != "", letter.c.state.in_(ENDED))
    query = sa.select(letter).where(*where).order_by(letter.c.seq.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    ended = row["finished_at"] or row["written_at"]
    return Ended(
        row["id"],
        PLAN.validate_json(row["plan"]),
        LetterState(row["state"]),
        moment(ended),
        row["mail_id"],
        row["due"],
    )


def waiting(connection: Connection, case_id: str) -> int:
    """How many letters of the thread still have to go, or may have gone."""
    query = sa.select(sa.func.count()).select_from(letter).where(letter.c.case_id == case_id, LETTER_WAITING)
    return int(connection.execute(query).scalar_one())


def untried(connection: Connection, case_id: str) -> list[LetterPlan]:
    """The letters of the thread that nobody has begun to send: just those that `attempts.cancel` takes back."""
    where = (letter.c.case_id == case_id, letter.c.state.in_(WAITING), letter.c.attempts == 0, letter.c.resends == 0)
    plans = connection.execute(sa.select(letter.c.plan).where(*where).order_by(letter.c.seq)).scalars()
    return [PLAN.validate_json(plan) for plan in plans]


def last_event(connection: Connection, case_id: str) -> datetime | None:
    """When the thread last moved: a letter that ended, a mail that was settled, an entry in the audit trail."""
    latest = (
        sa.select(sa.func.max(letter.c.finished_at)).where(letter.c.case_id == case_id),
        sa.select(sa.func.max(mail.c.settled_at)).where(mail.c.case_id == case_id),
        sa.select(sa.func.max(audit.c.at)).where(audit.c.subject == f"case:{case_id}"),
    )
    found = [connection.execute(query).scalar() for query in latest]
    return max((moment(value) for value in found if value is not None), default=None)
