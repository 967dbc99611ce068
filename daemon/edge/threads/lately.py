"""What left us lately to each of the parties whose mail is decided in one transaction."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import among, micros
from daemon.edge.tables import ITEM_PENDING, LETTER_NEVER_SENT, item, letter
from daemon.edge.threads import CodesToday, rates
from daemon.rules.decision import LetterPlan
from daemon.rules.facts import Rates
from daemon.rules.workdays import local_day

_MANY = sa.func.count().label("many")
_WAITING_BY_PARTY = (
    sa.select(item.c.party, _MANY).where(item.c.party.in_(among("parties")), ITEM_PENDING).group_by(item.c.party)
)
_WRITTEN_BY_PARTY = (
    sa.select(letter.c.party, _MANY)
    .where(letter.c.party.in_(among("parties")), letter.c.written_at > sa.bindparam("an_hour_ago"))
    .group_by(letter.c.party)
)
_UNSENT_BY_PARTY = _WRITTEN_BY_PARTY.where(LETTER_NEVER_SENT)


def _lately(connection: Connection, parties: Sequence[str], now: datetime) -> dict[str, Rates]:
    """What `rates` says of each of `parties`, but for codes and any one thread."""
    values = {"parties": parties, "an_hour_ago": micros(now - timedelta(hours=1))}
    waiting, written, unsent = (
        {row.party: row.many for row in connection.execute(counting, values)}
        for counting in (_WAITING_BY_PARTY, _WRITTEN_BY_PARTY, _UNSENT_BY_PARTY)
    )
    return {
        party: Rates(
            codes_waiting_for_party=waiting.get(party, 0),
            letters_to_party_1h=written.get(party, 0) - unsent.get(party, 0),
        )
        for party in parties
    }


class Lately:
    """The rates of those parties: counted together, then kept by who decides the next of their mails."""

    def __init__(self, connection: Connection, parties: Sequence[str], now: datetime) -> None:
        """`parties`: those that the mails are from."""
        self._codes = CodesToday()
        self._counted = _lately(connection, parties, now) if parties else {}

    def queued(self, plan: LetterPlan) -> None:
        """This letter goes to its party, too."""
        self._codes.add(plan.party, len(plan.code_devices))
        if counted := self._counted.get(plan.party):
            self._counted[plan.party] = replace(counted, letters_to_party_1h=counted.letters_to_party_1h + 1)

    def forget(self, party: str) -> None:
        """Items of `party` moved otherwise: it is to be counted anew."""
        self._counted.pop(party, None)

    def of(self, connection: Connection, party: str, case_id: str, now: datetime, *, begun: bool) -> Rates:
        """The rates of `party`; of a case that is not `begun` nothing need be asked."""
        if begun:
            return rates(connection, party, case_id, now, codes=self._codes)
        if party not in self._counted:
            self._counted[party] = rates(connection, party, case_id, now, codes=self._codes)
        today, to_party = self._codes.of(connection, local_day(now), party)
        counted = self._counted[party]
        return Rates(today, to_party, counted.codes_waiting_for_party, 0, counted.letters_to_party_1h)
