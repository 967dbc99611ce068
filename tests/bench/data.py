"""Does size hurt? A large inventory, a million threads, a large sheet, a full folder.

Rows imported a second while others look up, how long it takes to find the few threads that are due, how long one
request of fifty thousand devices takes, and what a new mail waits for in a folder of thirty thousand.
"""

import io
import os
import random
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

import sqlalchemy as sa
import xlsxwriter

from daemon.edge import inventory, tables
from daemon.edge.database import Database, eui_to_int, micros
from daemon.edge.threads import holds
from daemon.embedded.stamps import Verdict, stamped
from daemon.rules import overdue
from daemon.rules.identifiers import DeviceId
from daemon.rules.policy import Policy
from daemon.rules.reasons import Reason
from daemon.rules.workdays import Calendar, local_day
from tests.bench import mails, ours
from tests.bench.figures import Due, Folder, Inventory, Sheet
from tests.bench.world import Installation, Line, World, now, until, world

LOOKED_UP, DUE = 1_000, 500
_LONG_AGO = datetime(2019, 6, 3, tzinfo=UTC)


# A large inventory ──────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Reader:
    """Looks up a thousand devices again and again, in a thread; how long each time took."""

    store: Database
    rows: int
    took_s: list[float] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        """Until `over`, with a rest in between."""
        chance = random.Random(3)  # noqa: S311  # which devices are looked up
        while not self.over.wait(0.05):
            self.took_s.append(self.look(chance)[0])

    def look(self, chance: random.Random) -> tuple[float, int]:
        """Seconds for one look, and how many were found."""
        wanted = [DeviceId(mails.device(number)) for number in chance.sample(range(self.rows), LOOKED_UP)]
        began_s = time.monotonic()
        with self.store.read() as connection:
            found = inventory.lookup(connection, wanted)
        return time.monotonic() - began_s, len(found)


def large_inventory(rows: int) -> Inventory:
    """Import so many rows by the command, while the daemon runs and a thousand devices are looked up again and again."""
    with world(Line()) as place, ours.running(place, 1) as installation:
        with (installation.folder / "inventory.csv").open("w", encoding="utf-8") as file:
            file.writelines(mails.inventory(rows))
        installation.start()
        store = Database(f"sqlite:///{installation.folder}/daemon.db")
        reader = Reader(store, rows)
        thread = threading.Thread(target=reader.work)
        thread.start()
        began_s = time.monotonic()
        try:
            installation.command("import", "inventory", "inventory.csv")
        finally:
            took_s = time.monotonic() - began_s
            reader.over.set()
            thread.join()
        looks = [reader.look(random.Random(seed)) for seed in range(20)]  # noqa: S311  # as above
        store.close()
        assert all(found == LOOKED_UP for _, found in looks), "devices are missing after the import"
        return Inventory(rows, took_s, tuple(reader.took_s), tuple(s for s, _ in looks))


# A million threads ──────────────────────────────────────────────────────────────────────────────────


def many_threads(count: int) -> Due:
    """So many open threads, of which 500 want a reminder today: how long the chase station looks for them."""
    today = local_day(now())
    with world(Line()) as place:
        Installation(place).prepare(1)
        store = Database(f"sqlite:///{place.folder}/daemon.db")
        policy = Policy(company="North Energy", mailbox=mails.MAILBOX)
        _fill_threads(store, count, today)
        bands = overdue.bands(today, Calendar.of(policy), policy)
        took_s = []
        for _ in range(11):
            began_s = time.monotonic()
            with store.read() as connection:
                found = holds.due(connection, bands, today)
            took_s.append(time.monotonic() - began_s)
        store.close()
        assert len(found) == DUE, f"{len(found)} threads are due"
        return Due(count, tuple(took_s))


def _fill_threads(store: Database, count: int, today: date) -> None:
    at = micros(now())
    with store.write() as connection:
        mail = {"raw_sha": "0" * 64, "arrived": at, "kept_at": at, "size": 1, "state": "settled", "fate": "decided"}
        connection.execute(sa.insert(tables.mail), mail)
    for first in range(0, count, 20_000):
        numbers = range(first, min(first + 20_000, count))
        with store.write() as connection:
            connection.execute(sa.insert(tables.thread), [_thread_row(n, at) for n in numbers])
            connection.execute(sa.insert(tables.item), [_item_row(n, count, at, today) for n in numbers])


def _thread_row(number: int, at: int) -> dict[str, object]:
    return {
        "case_id": f"{number:064x}", "reference": f"IC-{number:08}", "party": f"Party {number % mails.PARTIES}",
        "reply_to": "a@b.test", "asked_by": "a@b.test", "subject": "codes", "root_message_id": f"<{number}@b.test>",
        "message_refs": "", "their_reference": "", "received_at": at, "mail_id": 1, "letters_queued": 0, "settled": False,
    }  # fmt: skip


def _item_row(number: int, count: int, at: int, today: date) -> dict[str, object]:
    """Held since today; every so many since before the third working day."""
    due = number % max(1, count // DUE) == 0 and number < DUE * max(1, count // DUE)
    start = today - timedelta(days=8) if due else today
    return {
        "case_id": f"{number:064x}", "party": f"Party {number % mails.PARTIES}",
        "device_id": eui_to_int(DeviceId(mails.device(number))), "state": "held", "reason": Reason.DEVICE_STATUS, "note": "",
        "asked_at": at, "due_start": start, "due_days": 10, "due_end": start + timedelta(days=14), "due_skipped": "[]",
        "due_nation": "england-and-wales", "held_at": at, "told_ops_at": at, "reminded_day": 0,
    }  # fmt: skip


# One large sheet ────────────────────────────────────────────────────────────────────────────────────


def large_sheet(devices: int) -> Sheet:
    """One request with so many devices in a workbook: from delivery to its answer; memory until its copy is filed."""
    with world(Line()) as place, ours.running(place, devices) as installation:
        watch = ours.Watch(installation.start())
        until(lambda: "last_round" in ours.facts(installation), "first look", 60)
        began_s = time.monotonic()
        place.server.deliver(mails.MAILBOX, _with_sheet(devices, now()), sender="bounces@post.test")
        until(lambda: place.taken() > 0, "an answer", 600, watch.look)
        until(lambda: ours.left(installation) == 0, "its copy in Sent", 600, watch.look)
        return Sheet(devices, place.letters()[0].at_s - began_s, watch.peak_mb)


def _with_sheet(devices: int, at: datetime) -> bytes:
    workbook = io.BytesIO()
    with xlsxwriter.Workbook(workbook, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Devices")
        sheet.write_column(0, 0, ["Device ID", *map(mails.device, range(devices))])
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ann <ann@p00.test>", mails.MAILBOX, "Install codes, all of them"
    mail["Date"], mail["Message-ID"] = format_datetime(at), mails.message_id(0)
    mail.set_content("Please send us the install codes for the devices in the attached sheet.\n")
    mail.add_attachment(
        workbook.getvalue(),
        maintype="application",
        subtype="vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        filename="devices.xlsx",
    )
    raw = mail.as_bytes(policy=policy.SMTP)
    return stamped(raw, recipient=mails.MAILBOX, authserv_id=mails.AUTHSERV, verdict=Verdict.PASS, arrived=at)


# A full folder ──────────────────────────────────────────────────────────────────────────────────────


def full_folder(count: int, new: int = 20) -> Folder:
    """So many old mails lie in INBOX and stay there: what a new one waits for its answer, and what it costs."""
    with world(Line()) as place:
        _fill_old(place, count)
        return Folder(count, ours.latency(place, new))


def _fill_old(place: World, count: int) -> None:
    """Mail from before the start, which is left alone."""
    place.fill(0)
    for number in range(count):
        path = place.inbox / "cur" / f"{int(_LONG_AGO.timestamp())}.M{number:06}P1.old:2,S"
        path.write_bytes(mails.request(number, _LONG_AGO))
        os.utime(path, (_LONG_AGO.timestamp(),) * 2)
        place.give(path)
