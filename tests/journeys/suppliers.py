"""Suppliers with a temper each: what they do when a letter of ours reaches them, on which later day, and how they put it."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from daemon.embedded.stamps import Verdict
from daemon.rules.identifiers import DeviceId, InstallCode, crc, grouped
from tests.journeys.counterparty import Letter, bounce, posted
from tests.rules.answer_mails import csv, marked, outlook, table, xlsx

Mail = tuple[datetime, bytes]
"""When it reaches our mailbox, and what."""
Words = dict[str, Any]
"""A mail as `answer_mails.message` takes it."""


def code_of(device: DeviceId) -> InstallCode:
    """The code of a device, as everybody in the story would answer it."""
    return InstallCode(sha256(device.encode()).digest()[:16])


def spelled(device: DeviceId) -> tuple[str, str]:
    """Its code in groups of four, and its check digits."""
    code = code_of(device)
    return grouped(code), crc(code.reveal()).hex().upper()


@dataclass
class Supplier:
    """One of the forty. `contacts`: kind, address and channel; `next_name`: the supplier whom it names as the installer."""

    name: str
    mpid: str
    temper: str
    contacts: tuple[tuple[str, str, str], ...]
    next_name: str = ""
    chased: int = 0
    told: set[DeviceId] = field(default_factory=set)

    @property
    def desk(self) -> str:
        """Where most of its mail comes from."""
        return next(address for _, address, _ in self.contacts)

    def takes_mail(self, address: str) -> bool:
        """Letters to this address of it do not come back."""
        return not (self.temper == "gone" or (self.temper == "bad_address" and address.startswith("mp121@")))

    def rows(self) -> Iterator[str]:
        """Its lines in the contact list."""
        for kind, address, channel in self.contacts:
            yield f"{self.name},{self.mpid},{kind},Desk,{address},{channel}"


def supplier(number: int, temper: str) -> Supplier:
    """The one of this number."""
    domain = f"supplier{number:02}.test"
    channel = "portal" if temper == "portal" else "mail"
    contacts = [("mp121", f"mp121@{domain}", channel)]
    contacts += (
        []
        if temper == "gone"
        else [("operations", f"ops@{domain}", channel), ("escalation", f"boss@{domain}", channel)]
    )
    return Supplier(f"Supplier {number:02}", f"S{number:03}", temper, tuple(contacts))


# How they put it ────────────────────────────────────────────────────────────────────────────────────


def _sheet(devices: Sequence[DeviceId]) -> Words:
    return {"text": "Please see attached.", "files": (csv(*(f"{d},CODE,{spelled(d)[0]}," for d in devices)),)}


def _checked(devices: Sequence[DeviceId]) -> Words:
    lines = "\n".join(f"{d}: {' '.join(spelled(d))}" for d in devices)
    return {"text": f"Hi,\n\nas requested:\n\n{lines}\n\nKind regards\nPriya"}


def _prose(devices: Sequence[DeviceId]) -> Words:
    return {"text": "Hello,\n\n" + "\n".join(f"The install code for {d} is {spelled(d)[0]}" for d in devices)}


def _pasted(devices: Sequence[DeviceId]) -> Words:
    rows = [("Device ID", "Install code"), *((d, spelled(d)[0]) for d in devices)]
    return {"text": "", "html": f"<p>Hi, please see below</p>{table(*rows)}<p>Thanks</p>"}


def _book(devices: Sequence[DeviceId]) -> Words:
    return {"text": "Codes attached.", "files": (xlsx(["GUID", "IC"], *([d, spelled(d)[0]] for d in devices)),)}


def _labels(devices: Sequence[DeviceId]) -> Words:
    lines = (f"Z:{d.replace('-', '')}$I:{code_of(d).reveal().hex().upper()}{spelled(d)[1]}" for d in devices)
    return {"text": "From the labels:\n" + "\n".join(lines)}


def _forwarded(devices: Sequence[DeviceId]) -> Words:
    head = "-----Original Message-----\nFrom: Metering\nSent: 8 March 2024\nTo: Priya\nSubject: codes\n"
    lines = "\n".join(f"{d}: {' '.join(spelled(d))}" for d in devices)
    return {"text": f"FYI\n\n{head}\n{lines}", "subject": "FW: codes"}


FORMS: tuple[Callable[[Sequence[DeviceId]], Words], ...] = (
    _sheet, _checked, _prose, _pasted, _book, _labels, _forwarded,
)  # fmt: skip


def _faulty(devices: Sequence[DeviceId], dice: random.Random) -> Words:
    def wrong(device: DeviceId) -> str:
        code = code_of(device).reveal().hex().upper()
        return dice.choice(
            (code[:30], f"{code}{'00FF' if spelled(device)[1] != '00FF' else '00FE'}", "3.01313E+31", "CODE")
        )

    return {"text": "Please see attached.", "files": (csv(*(f"{d},CODE,{wrong(d)}," for d in devices)),)}


REFUSALS = (
    "We are unable to share the code for {0}.",
    "{0} was removed in January.",
    "We cannot release the code for {0} as it has already been commissioned.",
)
RUDE = (
    "This is the third time you people bother us. Stop it.",
    "For heaven's sake, we do have other work to do here!",
    "Are you a robot? I want to speak to a human being.",
)
RECEIPTS = (
    "Thanks, received.",
    "Your request has been logged under ticket 12345 and passed to the team.",
    "Thank you for your email. We will respond within 10 working days.",
    "Hi, sorry for the delay, still on it. Kind regards, Priya",
)
AWAY = "I am out of the office until further notice. In urgent cases please contact the service desk."


# What they do ───────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Reaction:
    """One letter in the hands of one supplier: the mails that come of it."""

    who: Supplier
    letter: Letter
    at: datetime
    dice: random.Random

    def later(
        self, written: Words, low: float, high: float, *, sender: str = "", verdict: Verdict = Verdict.PASS
    ) -> Mail:
        """A mail between `low` and `high` days from now; it may lie on a day off."""
        at = self.at + timedelta(days=self.dice.uniform(low, high))
        quoted = self.dice.choice((str, str, marked, outlook))
        words = dict(written)
        if words.get("text") and "html" not in words and quoted is not str:
            words["text"] += quoted("\n".join(("Please send us the install codes of", *self.letter.devices)))
        words.setdefault("subject", f"RE: {self.letter.subject}")
        return at, posted(self.letter, sender or self.who.desk, words, at, verdict)

    def codes(self, devices: Iterable[DeviceId]) -> Words:
        """All these answered, in one of the forms."""
        found = tuple(devices)
        self.who.told.update(found)
        return self.dice.choice(FORMS)(found)

    @property
    def left(self) -> tuple[DeviceId, ...]:
        """What it has not answered yet."""
        return tuple(device for device in self.letter.devices if device not in self.who.told)

    @property
    def chased(self) -> bool:
        """The letter reminds, or asks once more."""
        return self.letter.kind == "chase"


def prompt(on: Reaction) -> Iterator[Mail]:
    """All at once, within three days."""
    if on.left:
        yield on.later(on.codes(on.left), 0.05, 3)


def slow(on: Reaction) -> Iterator[Mail]:
    """Only when it is chased."""
    if on.chased and on.left:
        yield on.later(on.codes(on.left), 0.2, 4)


def in_parts(on: Reaction) -> Iterator[Mail]:
    """Half of it now, of the other half what is left after each chase."""
    if on.left:
        yield on.later(on.codes(on.left[: (len(on.left) + 1) // 2]), 0.1, 4)


def careless(on: Reaction) -> Iterator[Mail]:
    """A faulty answer first, a right one to our query."""
    if not on.left:
        return
    if on.chased:
        yield on.later(on.codes(on.left), 0.1, 2)
    else:
        yield on.later(_faulty(on.left, on.dice), 0.1, 4)


def hopeless(on: Reaction) -> Iterator[Mail]:
    """Faulty each time."""
    if on.left:
        yield on.later(_faulty(on.left, on.dice), 0.1, 2)


def rude(on: Reaction) -> Iterator[Mail]:
    """Insults first, then a refusal."""
    yield on.later({"text": on.dice.choice(RUDE)}, 0.01, 1)
    if on.chased and on.left:
        said = "\n".join(on.dice.choice(REFUSALS).format(device) for device in on.left)
        on.who.told.update(on.left)
        yield on.later({"text": said}, 1, 2)


def away(on: Reaction) -> Iterator[Mail]:
    """An automatic reply to each letter; a colleague answers within the ten days, or after."""
    yield on.later({"text": AWAY, "headers": (("Auto-Submitted", "auto-replied"),)}, 0, 0.01)
    if on.left:
        colleague = f"sam@{on.who.desk.rpartition('@')[2]}"
        yield on.later(on.codes(on.left), 5, 20, sender=colleague)


def desk_robot(on: Reaction) -> Iterator[Mail]:
    """Receipts without end that do not say they come from a machine."""
    yield on.later({"text": on.dice.choice(RECEIPTS)}, 0, 0.2)


def silent(_on: Reaction) -> Iterator[Mail]:
    """Nothing, ever; or the letters were lost on the way."""
    yield from ()


def bad_address(on: Reaction) -> Iterator[Mail]:
    """Its first address takes no mail; the second answers."""
    if not on.who.takes_mail(on.letter.taken.recipient):
        yield on.at + timedelta(minutes=20), bounce(on.letter, on.at)
    elif on.left:
        yield on.later(on.codes(on.left), 0.5, 4, sender=on.letter.taken.recipient)


def gone(on: Reaction) -> Iterator[Mail]:
    """No address of it takes mail."""
    yield on.at + timedelta(minutes=20), bounce(on.letter, on.at)


def refers(on: Reaction) -> Iterator[Mail]:
    """It was not the installer, and says who was."""
    if on.left:
        devices = on.left
        on.who.told.update(devices)
        said = "\n".join(
            f"We were not the installing supplier for {d}. Please contact {on.who.next_name}." for d in devices
        )
        yield on.later({"text": said}, 0.2, 6)


def knows_nobody(on: Reaction) -> Iterator[Mail]:
    """It was not the installer, and does not know who was."""
    if on.left:
        on.who.told.update(on.left)
        yield on.later({"text": "We were not the installing supplier for any of these devices."}, 0.2, 9)


def keeps_nothing(on: Reaction) -> Iterator[Mail]:
    """No codes are held; one is a gas proxy; of one it wants to know more."""
    for number, device in enumerate(on.left):
        on.who.told.add(device)
        words = (
            f"Unfortunately we do not hold an install code for {device}.",
            f"{device} is a GPF, the GSME is 00-15-5F-00-{on.dice.randrange(256):02X}-88-21-4F.",
            f"Please confirm the supply start date for {device}.",
        )[number % 3]
        yield on.later({"text": words}, 0.5, 8)


def promises(on: Reaction) -> Iterator[Mail]:
    """By a day that it names; it keeps its word half of the time."""
    if on.chased or not on.left:
        yield from prompt(on)
        return
    day = on.at + timedelta(days=on.dice.randint(3, 12))
    lines = "\n".join(f"We will send the code for {device} by {day:%d/%m/%Y}." for device in on.left)
    yield on.later({"text": lines}, 0.1, 2)
    if on.dice.random() < 0.5:
        yield on.later(on.codes(on.left), 12, 13)


def twice(on: Reaction) -> Iterator[Mail]:
    """The same answer twice, once more after days."""
    if on.left:
        words = on.codes(on.left)
        yield on.later(words, 0.1, 2)
        yield on.later(words, 2, 6)


def forged(on: Reaction) -> Iterator[Mail]:
    """Somebody else answers in its name, with codes that are none; it itself answers when it is chased."""
    wrong = "\n".join(f"{device}: {'0F' * 16}" for device in on.letter.devices)
    yield on.later({"text": wrong}, 0.1, 3, verdict=Verdict.FAIL)
    yield from slow(on)


def portal(_on: Reaction) -> Iterator[Mail]:
    """It takes no mail at all; our own team asks it on its web page."""
    raise AssertionError("a letter went to a supplier that takes requests on its web page alone")
    yield


TEMPERS: dict[str, Callable[[Reaction], Iterator[Mail]]] = {
    one.__name__: one
    for one in (
        prompt, slow, in_parts, careless, hopeless, rude, away, desk_robot, silent, bad_address, gone, refers,
        knows_nobody, keeps_nothing, promises, twice, forged, portal,
    )
}  # fmt: skip


def forty(dice: random.Random, count: int = 40) -> list[Supplier]:
    """As many suppliers, each temper as often as the next; who refers names one of the others, now and then its own referrer."""
    tempers = dice.sample([*TEMPERS], len(TEMPERS)) * (count // len(TEMPERS) + 1)
    found = [supplier(number, temper) for number, temper in enumerate(tempers[:count], 1)]
    for one in found:
        one.next_name = dice.choice([other for other in found if other is not one]).name
    return found
