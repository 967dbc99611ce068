"""A thread and its items as rows, and back."""

import json
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import RowMapping

from daemon.edge.database import eui_to_int, int_to_eui, micros, moment
from daemon.rules.policy import Nation
from daemon.rules.reasons import Reason
from daemon.rules.thread import Item, MailThread, Outcome, State
from daemon.rules.workdays import DueDate


def thread_row(one: MailThread) -> dict[str, Any]:
    """Its row; its items have rows of their own."""
    return {
        "case_id": one.case_id,
        "reference": one.reference,
        "party": one.party,
        "reply_to": one.reply_to,
        "asked_by": one.asked_by,
        "subject": one.subject,
        "root_message_id": one.root_message_id,
        "message_refs": " ".join(one.references),
        "their_reference": one.their_reference,
        "received_at": micros(one.received_at),
        "mail_id": one.mail_id,
        "letters_queued": one.letters_queued,
        "settled": one.settled,
    }


def item_row(one: MailThread, i: Item) -> dict[str, Any]:
    """The row of an item of `one`."""
    return {
        "case_id": one.case_id,
        "party": one.party,
        "device_id": eui_to_int(i.device_id),
        "state": i.state,
        "outcome": i.outcome,
        "reason": i.reason,
        "note": i.note,
        "asked_at": micros(i.asked_at),
        **due_columns(i.due),
        "promised_for": i.promised_for,
        "held_at": None if i.held_at is None else micros(i.held_at),
        "told_ops_at": None if i.told_ops_at is None else micros(i.told_ops_at),
        "reminded_day": i.reminded_day,
    }


@lru_cache(maxsize=256)
def due_columns(due: DueDate) -> Mapping[str, Any]:
    """The five columns of an item that spell its due date; thousands of items share one."""
    return {
        "due_start": due.start,
        "due_days": due.working_days,
        "due_end": due.end,
        "due_skipped": json.dumps([[day.isoformat(), name] for day, name in due.skipped]),
        "due_nation": due.nation,
    }


def thread_of(row: RowMapping, items: tuple[Item, ...]) -> MailThread:
    """The thread that a row and those of its items spell."""
    return MailThread(
        case_id=row["case_id"],
        reference=row["reference"],
        party=row["party"],
        reply_to=row["reply_to"],
        asked_by=row["asked_by"],
        subject=row["subject"],
        root_message_id=row["root_message_id"],
        references=tuple(row["message_refs"].split()),
        received_at=moment(row["received_at"]),
        mail_id=row["mail_id"],
        items=items,
        letters_queued=row["letters_queued"],
        their_reference=row["their_reference"],
    )


@lru_cache(maxsize=256)
def due_date(start: date, days: int, end: date, skipped: str, nation: str) -> DueDate:
    """The due date that the five columns of an item spell; thousands of items share one."""
    over = tuple((date.fromisoformat(day), name) for day, name in json.loads(skipped))
    return DueDate(start, days, end, over, Nation(nation))


def item_of(row: RowMapping) -> Item:
    """The item that a row spells."""
    return Item(
        device_id=int_to_eui(row["device_id"]),
        due=due_date(row["due_start"], row["due_days"], row["due_end"], row["due_skipped"], row["due_nation"]),
        asked_at=moment(row["asked_at"]),
        state=State(row["state"]),
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        reason=None if row["reason"] is None else Reason(row["reason"]),
        note=row["note"],
        promised_for=row["promised_for"],
        held_at=None if row["held_at"] is None else moment(row["held_at"]),
        told_ops_at=None if row["told_ops_at"] is None else moment(row["told_ops_at"]),
        reminded_day=row["reminded_day"],
    )
