"""How we are: one line for a probe, and the whole picture for `status`. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from daemon.edge import inbox, outbox, remembered, wants
from daemon.edge.database import Database, moment
from daemon.edge.inbox import keeping
from daemon.edge.outbox import undelivered, unsent
from daemon.edge.tables import lease
from daemon.edge.team import standing_orders
from daemon.edge.threads import holds, still_open
from daemon.edge.wants import inquiry_trail
from daemon.edge.wants.inquiry_trail import Wanted
from daemon.rules.explain import next_step, why
from daemon.rules.overdue import Hold, matter
from daemon.rules.policy import Policy
from daemon.rules.reasons import Reason
from daemon.rules.team.standing import paused
from daemon.rules.wanting import OPEN
from daemon.rules.workdays import LONDON, local_day
from daemon.troubles import FACT

MOST_LISTED = 200
PATIENCE_WITH_RELAY = timedelta(hours=1)
"""A letter may wait so long because a relay asked us to come back (greylisting), and all is well."""
UNTOLD_AFTER = timedelta(minutes=30)
"""Beyond the time for which holds are gathered: nobody was told of it, and somebody should have been."""


# Health ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Health:
    """One line for a probe: well or not, and the reason."""

    well: bool
    line: str


def health(store: Database, now: datetime, max_age_s: int, gather_minutes: int = 15) -> Health:
    """Well when a full round ended lately, nothing waits too long, ops know of every hold, and no alarm stands.

    What PAUSE or INCIDENT keeps back waits by our team's will, and is no fault.
    """
    with store.read() as connection:
        stopped = paused(standing_orders.load(connection), local_day(now))
        last_round = _last_round(connection)
        waits = {
            "oldest unsettled mail": (inbox.oldest_unsettled(connection), timedelta(seconds=max_age_s)),
            "oldest untried letter": (unsent.oldest_untried(connection), timedelta(seconds=max_age_s)),
            "oldest unsent letter": (unsent.oldest_unsent(connection, stopped), PATIENCE_WITH_RELAY),
            "oldest hold that ops were not told of": (
                holds.oldest_untold(connection),
                timedelta(minutes=gather_minutes) + UNTOLD_AFTER,
            ),
        }
        lost = undelivered.count(connection)
        alarms = sorted(name for name, one in (remembered.get(connection, FACT) or {}).items() if one["alarmed"])
    if last_round is None:
        return Health(False, "no full round yet: is `run` going, and can it reach the mailbox?")
    waits = {"last full round": (last_round, timedelta(seconds=max_age_s)), **waits}
    wrong = [line for what, (since, limit) in waits.items() if (line := _too_old(what, since, limit, now))]
    wrong += [f"{lost} letters to our own team reached nobody"] * bool(lost)
    wrong += [f"trouble: {', '.join(alarms)}"] * bool(alarms)
    if wrong:
        return Health(False, "; ".join(wrong))
    return Health(True, f"last full round {_age_s(last_round, now)} s ago, nothing waits too long")


def _too_old(what: str, since: datetime | None, limit: timedelta, now: datetime) -> str:
    if since is None or now - since <= limit:
        return ""
    return f"{what} {_in_words(now - since)} old (limit {_in_words(limit)})"


def _in_words(age: timedelta) -> str:
    """As exact as a reader needs it: 301 s, 45 min, 22 h, 3 days."""
    seconds = int(age.total_seconds())
    for unit, length, least in (("days", 86_400, 2), ("h", 3_600, 2), ("min", 60, 10)):
        if seconds >= least * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _age_s(since: datetime, now: datetime) -> int:
    return max(0, int((now - since).total_seconds()))


def _last_round(connection: Connection) -> datetime | None:
    value = remembered.get(connection, "last_round")
    return None if value is None else datetime.fromisoformat(value)


# Overview ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class OpenThread:
    """An unsettled thread: how many of its devices are held, wait for their turn, or are answered."""

    reference: str
    party: str
    received_at: datetime
    due: date
    held: int
    pending: int
    answered: int


@dataclass(frozen=True, slots=True)
class Holding:
    """What a person must look at. `devices` is 0 for a mail held whole; `name` is "IC-XXXXXXXX" or "mail 12"."""

    name: str
    party: str
    devices: int
    reason: str
    what: str
    """How much is held, why in a few words, and in mode observe what would have been answered."""
    why: str
    next_step: str
    due: date
    due_sum: str
    overdue: bool
    told_ops_at: datetime | None
    sender: str
    subject: str
    arrived: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that `status` shows. No code, no personal data; times in UTC."""

    at: datetime
    mode: str
    modes_by_party: Mapping[str, str]
    holder: str
    """The instance that holds, or last held, the mailbox; empty: none ever did."""
    generation: int
    lease_until: datetime | None
    last_round: datetime | None
    threads_open: int
    threads: tuple[OpenThread, ...]
    """The most urgent ones."""
    items: Mapping[str, int]
    mails: Mapping[str, int]
    letters: Mapping[str, int]
    holds: int
    """Held devices, and mails held whole."""
    holdings: tuple[Holding, ...]
    """The most urgent ones, those of one thread and reason together."""
    holds_untold: int
    breached: int
    oldest_unsettled: datetime | None
    oldest_unsent: datetime | None
    today: Mapping[str, int]
    """Mails settled today in London, by reason."""
    uid_gaps: int
    """Places of the folder that were empty before we looked: moved or deleted by people, or older than the start."""
    troubles: Mapping[str, str]
    """By name: since when, and why."""
    letters_lost: int
    """To our own team, and brought to nobody yet."""
    wanted: Mapping[str, int]
    """Devices whose codes we want of others, by how they stand: what is open, and codes that nobody was given yet."""
    inquiries: tuple[Wanted, ...]
    """What we ask of others, what is due first first."""
    before_start: int = 0
    """Mails of the folder that came before the start, and are left alone unless somebody asks for them."""
    working_mode: str = ""
    """In which mode the last full round was made; `mode` is what the configuration says now."""


def overview(connection: Connection, policy: Policy, mailbox: str, now: datetime, folder: str = "INBOX") -> Overview:
    """The whole picture at this moment. `mailbox` is the address that the lease is for."""
    today = local_day(now)
    held = holds.counts(connection, today)
    holder, generation, until = _lease(connection, mailbox)
    return Overview(
        at=now,
        mode=policy.mode,
        modes_by_party={party: str(mode) for party, mode in policy.modes_by_party.items()},
        holder=holder,
        generation=generation,
        lease_until=until,
        last_round=_last_round(connection),
        threads_open=still_open.open_count(connection),
        threads=tuple(_open_thread(row) for row in still_open.open_summary(connection, MOST_LISTED)),
        items=still_open.counts(connection),
        mails=inbox.counts(connection),
        letters=outbox.counts(connection),
        holds=held.held,
        holdings=tuple(_holding(hold, today) for hold in holds.most_urgent(connection, MOST_LISTED)),
        holds_untold=held.untold,
        breached=held.breached,
        oldest_unsettled=inbox.oldest_unsettled(connection),
        oldest_unsent=unsent.oldest_unsent(connection),
        today=inbox.tallies(connection, today),
        uid_gaps=keeping.uid_gaps(connection, folder),
        troubles=troubles(connection),
        letters_lost=undelivered.count(connection),
        wanted=_wanted(connection),
        inquiries=tuple(inquiry_trail.open_summary(connection, OPEN, MOST_LISTED)),
        before_start=_before_start(connection, folder),
        working_mode=str(remembered.get(connection, "working_mode") or ""),
    )


def troubles(connection: Connection) -> dict[str, str]:
    """What does not work, by name: since when, and why."""
    known = remembered.get(connection, FACT) or {}
    return {name: f"since {_in_london(one['since'])}: {one['why']}" for name, one in known.items()}


def _in_london(stored: str) -> str:
    return f"{datetime.fromisoformat(stored).astimezone(LONDON):%a %-d %b %Y, %H:%M}"


def _wanted(connection: Connection) -> dict[str, int]:
    counts = {str(state): devices for state, (devices, _) in inquiry_trail.standing(connection).items()}
    to_hand_over = len(wants.to_hand_over(connection))
    return counts | ({"to hand over": to_hand_over} if to_hand_over else {})


def _before_start(connection: Connection, folder: str) -> int:
    """Those that were listed at the first look, and those of that very day, which were looked at one by one."""
    listed: Mapping[str, int] = remembered.get(connection, "before_start") or {}
    return listed.get(folder, 0) + inbox.settled_as(connection, Reason.BEFORE_START)


def _open_thread(row: sa.RowMapping) -> OpenThread:
    return OpenThread(
        reference=row["reference"],
        party=row["party"],
        received_at=moment(row["received_at"]),
        due=row["due"],
        held=int(row["held"]),
        pending=int(row["pending"]),
        answered=int(row["answered"]),
    )


def _lease(connection: Connection, mailbox: str) -> tuple[str, int, datetime | None]:
    row = connection.execute(sa.select(lease).where(lease.c.mailbox == mailbox)).first()
    return (row.holder, row.gen, moment(row.expires)) if row else ("", 0, None)


def _holding(hold: Hold, today: date) -> Holding:
    return Holding(
        name=hold.reference or f"mail {hold.mail_id}",
        party=hold.party,
        devices=len(hold.devices),
        reason=hold.reason,
        what=matter(hold).what,
        why=why(hold.reason),
        next_step=next_step(hold.reason),
        due=hold.due,
        due_sum=hold.due_sum,
        overdue=today > hold.due,
        told_ops_at=hold.told_ops_at,
        sender=hold.sender,
        subject=hold.subject,
        arrived=hold.arrived,
    )
