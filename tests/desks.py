"""A member at the ops desk: each order in a transaction of its own, on a real database, with what it leads to."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from daemon.casework import Case
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.edge import audit, contacts
from daemon.edge import tables as t
from daemon.edge.database import Database
from daemon.edge.outbox import LetterState, attempts
from daemon.edge.team import proposals, standing_orders, tokens
from daemon.edge.team.proposals import Proposal
from daemon.edge.vault import Vault
from daemon.rules.decision import Decision, Fate
from daemon.rules.facts import Facts, Proof, Standing, Writer
from daemon.rules.letters import LetterKind, Page
from daemon.rules.meaning import OpsMail
from daemon.rules.policy import Member, Role
from daemon.rules.reasons import Reason
from tests.overseeing import ANN, BEN, TO, Office, Told
from tests.rules import mails

CAT, RIA = "cat@losing.example", "ria@losing.example"
TEAM = (
    Member(ANN, frozenset({Role.APPROVER}), "Ann Archer"),
    Member(BEN, frozenset({Role.APPROVER}), "Ben Barnes"),
    Member(CAT, frozenset({Role.OPERATOR}), "Cat Cole"),
    Member(RIA, frozenset({Role.READER}), "Ria Rand"),
)
Handler = Callable[[OpsDesk], str]


class OpsTable:
    """The desk of the ops team: members give orders, and what stands counts from then on."""

    def __init__(self, database: Database, vault: Vault, port: int = 1) -> None:
        nowhere: Any = SimpleNamespace(port=port, taken=[], host="127.0.0.1", imap_port=1)
        self.office = Office(database, vault, nowhere, nowhere)
        self.office.begin()
        self.office.listed(TO)
        self.office.with_policy(team=TEAM)
        self.desk: OpsDesk | None = None
        self._mails = 100

    def says(self, order: Handler, who: str = ANN, letter: tokens.OwnLetter | None = None) -> str:
        """What the transcript says of it."""
        office = self.office
        with office.parts.database.write() as connection:
            self.desk = self._desk(connection, who, letter)
            said = order(self.desk)
            audit.append(connection, office.parts.vault, self.desk.entries)
        if self.desk.changed_standing:
            with office.parts.database.read() as connection:
                office.parts.standing = standing_orders.load(connection)
        return said

    def refuses(self, order: Handler, who: str = ANN, letter: tokens.OwnLetter | None = None) -> str:
        """Why it is not done; nothing of it stays."""
        with pytest.raises(NotDone) as refusal:
            self.says(order, who, letter)
        return str(refusal.value)

    def _desk(self, connection: sa.Connection, who: str, letter: tokens.OwnLetter | None) -> OpsDesk:
        parts, now = self.office.parts, self.office.time.clock.now()
        self._mails += 1
        mail_id = _ops_mail(connection, self._mails)
        mail = mails.mail("AN ORDER")
        member = next(member for member in parts.policy.team if member.address == who)
        book = contacts.address_book(connection)
        proof = Proof(mail.origin, now, complete=True, signature_reused=False)
        writer = Writer(Standing.MEMBER, who, member=member)
        facts = Facts(mail, mail_id, proof, now, writer, book.parties, parts.surroundings(), "", "")
        left_alone = Decision(Fate.IGNORED, Reason.OPS_MAIL, keep_content=False, moves_mail=False)
        return OpsDesk(connection, parts, now, member, Case(facts, OpsMail(), left_alone), book, letter)

    # Looking ────────────────────────────────────────────────────────────────────────────────────────

    @property
    def pages(self) -> list[Page]:
        """What the last order showed."""
        assert self.desk is not None
        return self.desk.pages

    def told(self, kind: LetterKind = LetterKind.NOTICE) -> list[Told]:
        """The letters of this kind to the team."""
        return [one for one in self.office.told() if one.kind == kind]

    def letter_to(self, who: str, kind: LetterKind = LetterKind.NOTICE) -> tokens.OwnLetter:
        """The newest letter of this kind to that member, as the proof that a reply to it brings."""
        query = sa.select(t.letter.c.message_id).where(t.letter.c.recipient == who, t.letter.c.kind == kind)
        with self.office.parts.database.read() as connection:
            message_id = connection.execute(query.order_by(t.letter.c.id.desc()).limit(1)).scalar_one()
            found = tokens.find(connection, [message_id])
        assert found is not None
        return found

    def proposal(self) -> Proposal:
        """The newest proposal."""
        with self.office.parts.database.read() as connection:
            number = connection.execute(sa.select(sa.func.max(t.proposal.c.id))).scalar_one()
            found = proposals.load(connection, self.office.parts.vault, number)
        assert found is not None
        return found

    def detail(self, what: str) -> dict[str, Any]:
        """What the newest entry of that name in the audit trail says."""
        with self.office.parts.database.read() as connection:
            assert audit.verify(connection, self.office.parts.vault).broken_at is None
            return [row["detail"] for row in audit.export(connection) if row["what"] == what][-1]

    def rows(self, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
        """What the database says."""
        with self.office.parts.database.read() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def finish(self, letter_id: int, state: LetterState, **more: Any) -> None:
        """A letter ended so, a moment ago."""
        with self.office.parts.database.write() as connection:
            attempts.finish(connection, letter_id, state, self.office.time.clock.now(), **more)


def _ops_mail(connection: sa.Connection, number: int) -> int:
    """The row of the command mail."""
    values = {
        "raw_sha": f"ops-{number}",
        "arrived": 0,
        "kept_at": 0,
        "size": 1,
        "state": "settled",
        "fate": "decided",
        "reason": "command",
        "settled_at": 0,
    }
    mail_id = int(connection.execute(sa.insert(t.mail).values(**values).returning(t.mail.c.id)).scalar_one())
    connection.execute(sa.insert(t.mail_content).values(mail_id=mail_id, content=b"sealed"))
    return mail_id
