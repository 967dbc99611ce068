"""One kept mail by its number, as our team names it: how it was settled, and its way back to the desk."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import moment
from daemon.edge.inbox import KEPT, SETTLED
from daemon.edge.tables import mail, mail_content
from daemon.rules.decision import Fate
from daemon.rules.reasons import Reason


@dataclass(frozen=True, slots=True)
class MailRow:
    """What is known of it. `fate` and `reason` are None until it is settled."""

    id: int
    fate: Fate | None
    reason: Reason | None
    settled_at: datetime | None
    case_id: str
    """The thread that it belongs to; empty: none."""
    has_content: bool

    @property
    def held(self) -> bool:
        """A person must look at it: held whole, or set aside unread."""
        return self.fate in (Fate.HELD, Fate.POISON)


_HAS_CONTENT = sa.exists().where(mail_content.c.mail_id == mail.c.id)


def look(connection: Connection, mail_id: int) -> MailRow | None:
    """The mail of that number; None: there is none."""
    columns = (mail.c.id, mail.c.state, mail.c.fate, mail.c.reason, mail.c.settled_at, mail.c.case_id)
    query = sa.select(*columns, _HAS_CONTENT.label("has_content")).where(mail.c.id == mail_id)
    row = connection.execute(query).first()
    if row is None:
        return None
    settled = row.state == SETTLED and row.fate is not None
    return MailRow(
        id=row.id,
        fate=Fate(row.fate) if settled else None,
        reason=Reason(row.reason) if settled else None,
        settled_at=moment(row.settled_at) if row.settled_at is not None else None,
        case_id=row.case_id or "",
        has_content=row.has_content,
    )


def reopen(connection: Connection, mail_id: int) -> bool:
    """Have it read and decided once more, as if a person had dragged it to `Requests`; whether it can be.

    Its first arrival is kept, so its clock runs on. What was erased cannot be read again.
    """
    values = {"state": KEPT, "crashes": 0, "fate": None, "ordered": True, "wait_until": None}
    where = (mail.c.id == mail_id, mail.c.state == SETTLED, _HAS_CONTENT)
    return connection.execute(sa.update(mail).where(*where).values(**values)).rowcount == 1
