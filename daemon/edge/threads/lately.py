"""What left us lately, which the limits bound: to one party, and to all whose mail is decided in one transaction."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge.database import among, micros
from daemon.edge.tables import (
    ITEM_PENDING,
    LETTER_NEVER_SENT,
    item,
    letter,
)
from daemon.rules.facts import Rates
from daemon.rules.letters import LetterPlan
from daemon.rules.workdays import local_day


class CodesToday:
    """The codes of a day, queued ones included, by party: counted once, then kept by who queues them.

    For the mails of one transaction: to count anew for each of them costs more with each code that left that day.
    """

    def __init__(self) -> None:
        self._day: date | None = None
        self._by_party: dict[str, int] = {}
        self._all = 0

    def add(self, party: str, codes: int) -> None:
        """So many were queued to `party` in this transaction."""
        self._by_party[party] = self._by_party.get(party, 0) + codes
        self._all += codes

    def of(self, connection: Connection, day: date, party: str) -> tuple[int, int]:
        """Codes of `day`: to everybody, and to `party`."""
        if day != self._day:
            self._day, self._by_party = day, _codes_by_party(connection, day)
            self._all = sum(self._by_party.values())
        return self._all, self._by_party.get(party, 0)


# Counted for every batch, and so off the letters, out of an index alone: there are ten times as many codes.
_RESERVED = (
    sa.select(letter.c.party, sa.func.sum(letter.c.codes).label("codes"))
    .where(letter.c.codes_day == sa.bindparam("of_day"))
    .group_by(letter.c.party)
)


def _codes_by_party(connection: Connection, day: date) -> dict[str, int]:
    return {row.party: row.codes for row in connection.execute(_RESERVED, {"of_day": day})}


_COUNT = sa.select(sa.func.count())
_PENDING = _COUNT.select_from(item).where(item.c.party == sa.bindparam("of_party"), ITEM_PENDING)
_ON_THREAD = _COUNT.select_from(letter).where(
    letter.c.case_id == sa.bindparam("of_case"),
    # Not by the index of what was written to a party: of a case there are few.
    letter.c.party.concat("") == sa.bindparam("of_party"),
    letter.c.written_at > sa.bindparam("a_day_ago"),
    sa.not_(LETTER_NEVER_SENT),
)
_TO_PARTY = _COUNT.select_from(letter).where(
    letter.c.party == sa.bindparam("of_party"), letter.c.written_at > sa.bindparam("an_hour_ago")
)
_WAITING_AND_SENT = sa.select(
    _PENDING.scalar_subquery(),
    _ON_THREAD.scalar_subquery(),
    _TO_PARTY.scalar_subquery() - _TO_PARTY.where(LETTER_NEVER_SENT).scalar_subquery(),
)


def rates(connection: Connection, party: str, case_id: str, now: datetime, *, codes: CodesToday | None = None) -> Rates:
    """What left us lately, queued letters included. `codes`: counted already."""
    values = {
        "of_party": party,
        "of_case": case_id,
        "a_day_ago": micros(now - timedelta(days=1)),
        "an_hour_ago": micros(now - timedelta(hours=1)),
    }
    counted = (codes or CodesToday()).of(connection, local_day(now), party)
    return Rates(*counted, *connection.execute(_WAITING_AND_SENT, values).one())


# Of many parties ───────────────────────────────────────────────────────────────────────────────────


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
    """The rates of the parties of one transaction: counted together, then kept by who decides the next of their mails."""

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
