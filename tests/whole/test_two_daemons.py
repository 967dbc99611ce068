"""Attack row 56: two copies of the daemon face to face, and robots without manners: no loop, ever."""

import re
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import SMTP
from email.utils import format_datetime

import pytest

from daemon.embedded.stamps import Verdict, stamped
from tests.servers.scripted_smtp import Taken
from tests.whole.conftest import Make
from tests.whole.installation import Installation
from tests.whole.process import Running
from tests.whole.story import AUTHSERV, GOOD, OPS, code_of, device, now, written

MOST = 2
"""Automatic mails a side and case."""
ROUNDS = 6


def reimport(world: Installation, other: Installation, party: str) -> None:
    """Its only counterparty is `other`."""
    listed(world, f"{party},mp121,{other.address}\n")


def listed(world: Installation, rows: str) -> None:
    """The whole contact list from now on."""
    (world.folder / "contacts.csv").write_text(f"party,kind,email\n{rows}", "utf-8")
    assert world.command("import", "contacts", str(world.folder / "contacts.csv"), "--confirm") == 0, world.said()


class Post:
    """Brings every letter that the relay took to the mailbox it is for, as the exchanger of that side."""

    def __init__(self, *worlds: Installation) -> None:
        self.worlds = {world.address: world for world in worlds}
        self.relay = worlds[0].relay
        self._brought = 0

    def bring(self) -> list[Taken]:
        """Deliver what is new; those letters."""
        fresh = self.relay.server.taken[self._brought :]
        self._brought += len(fresh)
        for letter in fresh:
            self.hand_over(letter.recipient, letter.content)
        return fresh

    def hand_over(self, recipient: str, content: bytes) -> None:
        """One mail, with the verdict that its sender is proven."""
        if recipient in self.worlds:
            raw = stamped(content, recipient=recipient, authserv_id=AUTHSERV, verdict=Verdict.PASS, arrived=now())
            self.worlds[recipient].deliver(raw)

    def between(self) -> Counter[tuple[str, str]]:
        """Letters to a counterparty so far, by sender and case (the root of the thread in their References)."""
        found: Counter[tuple[str, str]] = Counter()
        for letter in self.relay.server.taken:
            if letter.recipient in self.worlds:
                mail = message_from_bytes(letter.content)
                found[letter.sender, (mail["References"] or mail["Message-ID"]).split()[0]] += 1
        return found


@pytest.fixture
def pair(on_sqlite: Make) -> tuple[Installation, Installation]:
    """North and South, each the only counterparty of the other; both hold the same kind of records."""
    north = on_sqlite()
    south = on_sqlite(company={"name": "South Power", "mpids": ["SOUT"], "ops": [OPS]})
    reimport(north, south, "South Power")
    reimport(south, north, "North Energy")
    return north, south


def quiet(worlds: list[tuple[Installation, Running]]) -> None:
    """Wait until neither has anything to do."""
    for world, running in worlds:
        world.until_quiet(running)


def go_round(post: Post, running: list[tuple[Installation, Running]]) -> int:
    """Letters to and fro until nobody writes any more; how many rounds that took."""
    for number in range(ROUNDS):
        quiet(running)
        if not any(letter.recipient in post.worlds for letter in post.bring()):
            return number
    pytest.fail(f"still writing after {ROUNDS} rounds: {post.between()}")


def asked(sender: str, to: str, name: str, wanted: str = GOOD, **how: object) -> bytes:
    """A request that a person, or another copy of the daemon, wrote at `sender`."""
    return written(name, sender, f"Please send the code of {wanted}", to=to, at=now(), **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {
            "Install-Code-Message": "request; version=1",
            "Install-Code-Reference": "IC-7X7X7X7X",
            "Auto-Submitted": "auto-generated",
        },
    ],
    ids=["from a person", "marked"],
)
def test_two_copies_settle_a_request_and_fall_silent(
    pair: tuple[Installation, Installation], headers: dict[str, str]
) -> None:
    """Each asks the other at once: an answer each, read by the other copy, and no letter more."""
    north, south = pair
    north.deliver(asked(south.address, north.address, "one", headers=headers))
    south.deliver(asked(north.address, south.address, "two", headers=headers))
    post = Post(north, south)
    running = [(north, north.run()), (south, south.run())]
    go_round(post, running)
    for _, one in running:
        one.stop()

    assert {north.address, south.address} == {sender for sender, _ in post.between()}
    assert max(post.between().values()) <= MOST
    assert sum(post.between().values()) == 2  # an answer each


def reply(letter: bytes, sender: str, number: int, text: str, *, threaded: bool = True) -> bytes:
    """What a robot without manners writes back: no Auto-Submitted, no Precedence, nothing that gives it away."""
    theirs = message_from_bytes(letter)
    mail = EmailMessage()
    mail["From"], mail["To"] = f"Install codes <{sender}>", theirs["From"]
    mail["Subject"] = "Re: " + " ".join(str(theirs["Subject"]).split())
    mail["Date"] = format_datetime(now())
    mail["Message-ID"] = f"<robot-{number}@{sender.rpartition('@')[2]}>"
    if threaded:
        mail["In-Reply-To"] = theirs["Message-ID"]
        mail["References"] = " ".join(f"{theirs['References'] or ''} {theirs['Message-ID']}".split())
    mail.set_content(text)
    return mail.as_bytes(policy=SMTP)


def thanks(letter: Message) -> str:
    """A receipt that does not say it is one."""
    return "Thank you for your mail. It has been passed to the team, who will come back to you.\n" + _quoted(letter)


def echo(letter: Message) -> str:
    """Our own words, sent back as if they were new."""
    return _text(letter)


def asks_again(letter: Message) -> str:
    """The same request, whatever we answer."""
    return f"Please send the install code of {_device(letter)}.\n" + _quoted(letter)


def chases(letter: Message) -> str:
    """A chase after every letter."""
    found = re.search(r"IC-[0-9A-Z]{8}", str(letter["Subject"]))
    return f"Any update on {found[0] if found else 'our request'}? We still wait for the code of {_device(letter)}.\n"


def chases_in_short(letter: Message) -> str:
    """A chase that names nothing."""
    return "Any update on this?\n" + _quoted(letter)


def withdraws(letter: Message) -> str:
    """It takes back what it asked, again and again."""
    return f"Please ignore our request for {_device(letter)}, it was sent in error.\n"


def asks_without_a_device(_letter: Message) -> str:
    """A request that we can only ask back about."""
    return "Please send the install code for the meter with serial number E6S12345678.\n"


Manner = Callable[[Message], str]
MANNERS = (thanks, echo, asks_again, chases, chases_in_short, withdraws, asks_without_a_device)


def robots_listed(world: Installation, status: str) -> dict[str, tuple[Manner, str]]:
    """A robot of each manner, by address, listed as a counterparty, with a device of ours that it asks for."""
    robots = {
        f"codes@{manner.__name__.replace('_', '-')}.test": (manner, device(0x200 + number))
        for number, manner in enumerate(MANNERS)
    }
    listed(world, "".join(f"{manner.__name__},mp121,{robot}\n" for robot, (manner, _) in robots.items()))
    rows = "".join(f"{ours},ESME,{code_of(ours)},{status}\n" for _, ours in robots.values())
    (world.folder / "inventory.csv").write_text(f"device_id,device_type,install_code,status\n{rows}", "utf-8")
    assert world.command("import", "inventory", str(world.folder / "inventory.csv")) == 0, world.said()
    return robots


@pytest.mark.parametrize(
    ("status", "threaded"),
    [
        ("Pending", True),
        ("Commissioned", True),
        pytest.param("Pending", False, marks=pytest.mark.trials),
        pytest.param("Commissioned", False, marks=pytest.mark.trials),
    ],
    ids=["answered, in its thread", "held, in its thread", "answered, anew", "held, anew"],
)
def test_robots_without_manners_get_two_letters(on_sqlite: Make, status: str, threaded: bool) -> None:
    """Whatever they write back to each of our letters, they soon hear no more: two letters to each at the most."""
    world = on_sqlite()
    robots = robots_listed(world, status)
    world.deliver(*(asked(robot, world.address, "first", ours) for robot, (_, ours) in robots.items()))
    post = Post(world)
    running = world.run()
    heard: Counter[str] = Counter()
    for number in range(ROUNDS):
        world.until_quiet(running)
        letters = [letter for letter in post.bring() if letter.recipient in robots]
        heard.update(letter.recipient for letter in letters)
        for letter in letters:
            manner, _ = robots[letter.recipient]
            text = manner(message_from_bytes(letter.content))
            post.hand_over(world.address, reply(letter.content, letter.recipient, number, text, threaded=threaded))
        if not letters:
            break
    running.stop()

    assert heard.keys() == robots.keys()
    assert {robot: times for robot, times in heard.items() if times > MOST} == {}


def _device(letter: Message) -> str:
    found = re.search(r"(?:[0-9A-F]{2}-){7}[0-9A-F]{2}", _text(letter))
    return found[0] if found else GOOD


def _text(letter: Message) -> str:
    parts = [part for part in letter.walk() if part.get_content_type() == "text/plain"]
    return parts[0].get_payload(decode=True).decode()  # type: ignore[union-attr]


def _quoted(letter: Message) -> str:
    return "\nOn Monday you wrote:\n" + "".join(f"> {line}\n" for line in _text(letter).splitlines())
