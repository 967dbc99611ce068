"""Station: a working morning came: the figures are gathered, and the digest is queued to every member who is here.

The letters and the mark "said today" are one commit: a crash leaves both or neither.
"""

import asyncio
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy import Connection

from daemon.edge import audit, contacts, inventory, outbox, remembered
from daemon.edge.audit import Entry
from daemon.edge.failpoints import failpoint
from daemon.edge.views import morning
from daemon.edge.wants import inquiry_trail
from daemon.parts import Parts
from daemon.report import Health, health, troubles
from daemon.rules.letters import Digest, LetterKind
from daemon.rules.morning import Morning, Sought
from daemon.rules.reasons import Reason
from daemon.rules.wanting import WantState
from daemon.rules.wording import digest
from daemon.rules.workdays import Calendar, local_day

log = structlog.get_logger()

_SAID = "digest_on"
"""The day of the last digest."""


class Mornings:
    """The digest, once a working morning."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._began = parts.clock.now()

    async def once(self) -> bool:
        """Queue today's digest if it is due."""
        parts = self._parts
        now = parts.clock.now()
        if parts.clock.suspect() or await parts.read(lambda c: self._due(c, now)) is None:
            return False
        state = await asyncio.to_thread(
            health,
            parts.database,
            now,
            parts.settings.health.max_age_seconds,
            parts.policy.hold_gather_minutes,
        )
        if not state.well and self._just_begun(now):
            return False
        known = await parts.read(lambda c: self._known(c, now, state))
        letters = await parts.write(lambda c: self._queue(c, now, digest.digest(known, parts.policy)))
        if letters:
            failpoint("after-digest")
            parts.wakes.send.ring()
        return False

    def _just_begun(self, now: datetime) -> bool:
        """After a start all is late for a moment, and the first round puts it right: no digest tells of that."""
        return now - self._began < timedelta(seconds=self._parts.settings.health.max_age_seconds)

    def _due(self, connection: Connection, now: datetime) -> date | None:
        return digest.due(now, _said(connection), self._parts.policy)

    def _known(self, connection: Connection, now: datetime, state: Health) -> Morning:
        """Everything that the digest may tell."""
        policy, today = self._parts.policy, local_day(now)
        since = digest.told_from(today, _said(connection), policy)
        entries = morning.trail(connection, since, today)
        held, put_off = morning.held(connection, today)
        mails = morning.settled(connection, since, today)
        seq, head = morning.head(connection)
        return Morning(
            today=today,
            since=since,
            days=morning.days(connection, today),
            held=held,
            urgent=morning.urgent(connection, digest.urgent_by(today, policy), today, digest.MOST_LOOKED_AT),
            put_off=put_off,
            unseen=morning.unseen(connection, today),
            proposals=morning.proposed(connection),
            answered=morning.answered(connection, entries, Calendar.of(policy)),
            sought=_sought(connection),
            heard=morning.heard(connection, entries),
            acts=morning.acts(connection, entries),
            standing=self._parts.standing,
            well=state.well,
            health=state.line,
            troubles=tuple(f"{name} {words}" for name, words in troubles(connection).items()),
            inventory_on=_day(inventory.taken_at(connection)),
            contacts_on=_day(contacts.taken_at(connection)),
            strangers=mails.get(Reason.STRANGER, 0),
            unproven_orders=mails.get(Reason.UNPROVEN_COMMAND, 0),
            audit_seq=seq,
            audit_hash=head,
        )

    def _queue(self, connection: Connection, now: datetime, content: Digest) -> int:
        """Queue the letters under derived names, and note the day; the number of letters. 0: another was quicker."""
        parts, day = self._parts, self._due(connection, now)
        if day is None:
            return 0
        name = parts.vault.derive("ops", LetterKind.DIGEST, day.isoformat()).hex()
        plans = digest.letters(content, name, parts.policy)
        outbox.queue(connection, parts.vault, plans, mailbox=parts.settings.mailbox.address, now=now)
        remembered.put(connection, _SAID, day.isoformat(), now)
        detail = {"kind": LetterKind.DIGEST, "day": day.isoformat(), "letters": len(plans)}
        audit.append(connection, parts.vault, [Entry(now, "ops-told", f"notice:{name}", detail)])
        log.info("digest queued", letters=len(plans), to_do=len(content.todo) + content.more)
        return len(plans)


def _said(connection: Connection) -> date | None:
    value = remembered.get(connection, _SAID)
    return None if value is None else date.fromisoformat(value)


def _sought(connection: Connection) -> tuple[Sought, ...]:
    standing = inquiry_trail.standing(connection)
    return tuple(Sought(state, *standing[state]) for state in WantState if state in standing)


def _day(when: datetime | None) -> date | None:
    return None if when is None else local_day(when)
