"""Months of traffic with many suppliers under a given clock, and what must hold on each of their days."""

import random
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes

from daemon.edge import wants
from daemon.rules.identifiers import DeviceId
from daemon.rules.wanting import WAITING, WantState
from daemon.rules.workdays import LONDON
from tests.edge.rows import open_wants
from tests.journeys.counterparty import Letter
from tests.journeys.suppliers import TEMPERS, Reaction, Supplier, code_of
from tests.journeys.world import World, written
from tests.servers.scripted_smtp import ScriptedSmtp
from tests.whole.canaries import in_bytes, readable, secret_spellings

OLA, KEY = "ola@north.test", "keys@north.test"
TEAM = {OLA: "operator", KEY: "code_recipients"}
DAYS_OFF = {
    date(2024, 3, 29): "Friday",
    date(2024, 4, 1): "Monday",
    date(2024, 5, 6): "Monday",
    date(2024, 5, 27): "Monday",
}
"""Good Friday, Easter Monday, the early May and the spring bank holiday; Scotland has no other ones in those months."""
MPAN, CUSTOMER, STREET = "2000012345672", "Bloggs", "High Street"
SLOTS = (time(8, 15), time(9, 5), time(12, 30), time(16, 45))
"""When the stations look on a working day; by the clock in London."""
DAY_OFF_SLOTS = (time(11),)
SETTLED = {WantState.ANSWERED, WantState.CLOSED, WantState.WITHDRAWN}
OURS = {WantState.WITH_OPS, WantState.WAITING_CONTACT}
"""Our team has it, and was told."""
LAST_RUNG = 16
"""Working days after which nobody waits any more; some are added for the next chase day."""


def is_day_off(day: date) -> bool:
    """Saturday, Sunday or a bank holiday."""
    return day.weekday() >= 5 or day in DAYS_OFF


def working_days(start: date, end: date) -> int:
    """Of the days after `start` up to `end`."""
    return sum(not is_day_off(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))


@dataclass
class Sent:
    """A letter of ours, with the moment in which it went."""

    at: datetime
    letter: Letter

    @property
    def local(self) -> datetime:
        """In London."""
        return self.at.astimezone(LONDON)

    @property
    def to(self) -> str:
        """To whom."""
        return self.letter.taken.recipient

    @property
    def chases(self) -> bool:
        """It is a rung of the ladder, and no query of a faulty line."""
        return self.letter.subject.startswith(("Reminder", "Overdue", "Escalation"))

    @property
    def is_asking(self) -> bool:
        """It asks, or chases: what goes on working days alone."""
        return self.letter.kind == "request" or self.chases


@dataclass
class Traffic:
    """The story as it goes on. `lost`: of the mails on their way, the share that never arrives."""

    world: World
    relay: ScriptedSmtp
    suppliers: list[Supplier]
    dice: random.Random
    lost: float = 0.05
    sent: list[Sent] = field(default_factory=list)
    coming: list[tuple[datetime, bytes]] = field(default_factory=list)
    ordered: int = 0
    brought: int = 0

    async def go_on(self, days: int, *, orders: bool = True) -> None:
        """Let so many calendar days pass."""
        for _ in range(days):
            day = self.world.now.astimezone(LONDON).date() + timedelta(days=1)
            if not is_day_off(day) and orders:
                self._orders_of(day)
            for slot in DAY_OFF_SLOTS if is_day_off(day) else SLOTS:
                await self._look(datetime.combine(day, slot, LONDON).astimezone(UTC))
            self.check_day(day)

    async def _look(self, moment: datetime) -> None:
        """What came until this moment is there, the stations look, and suppliers get what went out."""
        self.world.move_to(moment)
        due = sorted((mail for mail in self.coming if mail[0] <= moment), key=lambda mail: mail[0])
        self.coming = [mail for mail in self.coming if mail[0] > moment]
        for at, raw in due:
            await self.world.arrives(raw, at=at)
        self.brought += len(due)
        await self.world.settle_down()
        fresh = [Sent(moment, Letter(taken)) for taken in self.relay.taken[len(self.sent) :]]
        self.sent += fresh
        for one in fresh:
            self._reach(one)

    def _reach(self, sent: Sent) -> None:
        """The letter reaches its supplier, who does what is in its nature; now and then a mail is lost."""
        who = next((one for one in self.suppliers if any(sent.to == a for _, a, _ in one.contacts)), None)
        if who is None or self.dice.random() < self.lost:
            return
        on = Reaction(who, sent.letter, sent.at, self.dice)
        self.coming += [mail for mail in TEMPERS[who.temper](on) if self.dice.random() >= self.lost]

    # Our own team ───────────────────────────────────────────────────────────────────────────────────

    def _orders_of(self, day: date) -> None:
        """What our team writes before nine: a sheet with more in it than we may know, now and then a word by hand."""
        rows = [self._row(day) for _ in range(self.dice.randint(2, 14))]
        heading = "MPAN,Customer,device_id,losing_supplier,Supply address,needed_by"
        sheet = "\r\n".join((heading, *rows, "")).encode()
        urgent = "REQUEST NOW" if self.dice.random() < 0.1 else "REQUEST"
        self._says(day, f"{urgent}\n", attachment=("orders.csv", sheet))
        if self.dice.random() < 0.3:
            other = self.dice.choice(self.suppliers).name
            self._says(
                day, f"REQUEST\n{self._device()} {other}\n{self._device()} {other} {MPAN} Mrs {CUSTOMER}, 1 {STREET}\n"
            )
        if self.dice.random() < 0.2 and (wanted := self._some_open()):
            self._says(day, f"WITHDRAW {wanted} customer left\n")

    def _row(self, day: date) -> str:
        who = self.dice.choice(self.suppliers)
        name = self.dice.choice((who.name, who.mpid)) if self.dice.random() > 0.01 else "Nowhere Energy"
        needed = f"{day + timedelta(days=self.dice.randint(10, 30))}" if self.dice.random() < 0.2 else ""
        return f'{MPAN},Mrs {CUSTOMER},{self._device()},{name},"1 {STREET}, AB1 2CD",{needed}'

    def _device(self) -> DeviceId:
        self.ordered += 1
        return DeviceId(
            f"00-DB-AA-00-00-{self.ordered >> 16:02X}-{self.ordered >> 8 & 255:02X}-{self.ordered & 255:02X}"
        )

    def _some_open(self) -> DeviceId | None:
        with self.world.parts.database.read() as connection:
            found = [want.device_id for want in wants.waiting(connection)]
        return self.dice.choice(found) if found else None

    def _says(self, day: date, words: str, **more: object) -> None:
        at = datetime.combine(day, time(8, self.dice.randrange(15)), LONDON).astimezone(UTC)
        self.coming.append((at, written(OLA, words, subject="order", at=at, **more)))  # type: ignore[arg-type]

    # What must hold ─────────────────────────────────────────────────────────────────────────────────

    def check_day(self, day: date) -> None:
        """At the end of each day."""
        today = [one for one in self.sent if one.local.date() == day]
        asking = [one for one in today if one.is_asking]
        assert not (asking and is_day_off(day)), (day, [one.letter.subject for one in asking])
        assert all(time(8) <= one.local.time() < time(18) for one in asking)
        chased = [one for one in today if one.chases]
        assert max(Counter(one.to for one in chased).values(), default=0) <= 1, day
        self._check_rounds(chased, day)
        assert [one.letter.subject for one in today if one.letter.kind == "answer"] == [], "nobody has asked us"
        self._check_chased(chased, day)
        self._check_wants(day)
        assert self.world.rows("SELECT id, reason FROM mail WHERE fate = 'poison' OR crashes > 1") == []

    def _check_rounds(self, chased: list[Sent], day: date) -> None:
        """All chases of a supplier go at once; later on that day only what came back goes, to another of its addresses."""
        of_supplier = defaultdict(list)
        for one in chased:
            of_supplier[self._supplier(one.to).name].append(one)
        for name, letters in of_supplier.items():
            first = min(one.at for one in letters)
            in_round = [one for one in letters if one.at == first]
            came_back = [one for one in in_round if not self._supplier(one.to).takes_mail(one.to)]
            assert len(letters) - len(in_round) <= len(came_back), (day, name, [(one.at, one.to) for one in letters])

    def _supplier(self, address: str) -> Supplier:
        return next(one for one in self.suppliers if any(a == address for _, a, _ in one.contacts))

    def _check_chased(self, chased: list[Sent], day: date) -> None:
        """Nothing is chased that was settled in time, or escalated that our team did not see coming."""
        devices = [device for one in chased for device in one.letter.devices]
        with self.world.parts.database.read() as connection:
            found = wants.latest_for(connection, devices)
        assert all(want.state in {*WAITING, *SETTLED, *OURS} for want in found.values())
        for one in chased:
            for device in one.letter.devices:
                answered = found[device].answered_at
                assert answered is None or answered >= one.at, (device, one.letter.subject)
        ahead = [one for one in self.sent if one.local.date() < day and " we escalate " in one.letter.subject]
        foretold = {device for one in ahead for device in one.letter.devices}
        escalated = {device for device, want in found.items() if want.rung_on == day and "escalation" in want.rung}
        assert escalated <= foretold, (day, escalated - foretold)

    def _check_wants(self, day: date) -> None:
        """Every device is settled, with our team, or within its time."""
        with self.world.parts.database.read() as connection:
            still = open_wants(connection)
        for want in still:
            if want.state in OURS:
                continue
            begun = want.asked[-1].at if want.state in WAITING else want.ordered_at
            age = working_days(begun.astimezone(LONDON).date(), day)
            if want.state in WAITING:
                assert age <= LAST_RUNG + 1, (day, want)
                assert want.state is not WantState.OVERDUE or age > 10, (day, want)
            elif want.state is WantState.ORDERED:
                assert age <= 1, (day, want)

    def check_end(self) -> None:
        """When nobody has ordered anything for weeks."""
        counts = Counter(row.state for row in self.world.rows("SELECT state FROM want"))
        assert set(counts) <= {*SETTLED, *OURS}, counts
        assert self.world.rows("SELECT id FROM want WHERE state = 'answered' AND NOT handed_over") == []
        self.check_leaves_nothing()

    def check_leaves_nothing(self) -> None:
        """Neither a code nor a customer's data; and no two letters bear one name."""
        names = [str(message_from_bytes(one.letter.taken.content)["Message-ID"]).strip() for one in self.sent]
        assert len(set(names)) == len(names)
        self._check_codes()
        self._check_personal_data()

    def _check_codes(self) -> None:
        """Codes stand in letters to the code recipients, and nowhere else that left us."""
        codes = {code_of(DeviceId(device)).reveal().hex().upper() for device in self._all_devices()}
        seen = 0
        for one in self.sent:
            text = re.sub(rb"[\s:\-]", b"", readable(one.letter.taken.content)).decode("latin-1").upper()
            found = {hit[1] for hit in re.finditer(r"(?=([0-9A-F]{32}))", text)} & codes
            assert not found or one.to == KEY, (one.to, one.letter.subject)
            seen += len(found)
        assert seen >= self.world.one("SELECT count(*) FROM want WHERE state = 'answered' AND handed_over")

    def _all_devices(self) -> Iterator[str]:
        for one in self.sent:
            yield from one.letter.devices

    def _check_personal_data(self) -> None:
        """What our team wrote of its customers is in no byte that left us, and in none of the database's files."""
        needles = {spelling for text in (MPAN, CUSTOMER, STREET) for spelling in secret_spellings(text)}
        for one in self.sent:
            assert in_bytes(readable(one.letter.taken.content), needles) == [], one.letter.subject
        file = self.world.parts.database.file
        assert file is not None
        with sqlite3.connect(file) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for path in file.parent.glob(f"{file.name}*"):
            assert in_bytes(path.read_bytes(), needles) == []

    async def check_rest(self) -> None:
        """Another look changes nothing."""
        before, letters = self.world._picture(), len(self.relay.taken)
        await self.world.settle_down()
        assert self.world._picture() == before
        assert len(self.relay.taken) == letters
