"""What a mail means: one of a closed union. A new kind fails the type check until `decide` handles it."""

from dataclasses import dataclass

from daemon.mail.message import Machine
from daemon.rules.identifiers import DeviceId
from daemon.rules.reasons import Reason


@dataclass(frozen=True, slots=True)
class Asked:
    """A device that the mail asks for, and where it stands ("line 3", "requests.xlsx, sheet S, line 7")."""

    device_id: DeviceId
    where: str


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that we could not use. `where` as its writer sees it, `why` with what would work."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Correspondence:
    """A counterparty's mail; one may hold requests, answers and a chase at once."""

    asked: tuple[Asked, ...] = ()
    """Each device once, in the order of the mail."""
    chase: bool = False
    """It asks where an answer is."""
    withdraws: bool = False
    """It takes requests back: those named, or with no device named, all open ones of its thread."""
    acknowledgement: bool = False
    """Thanks, received: nothing to do."""
    complains: bool = False
    """It says that something is wrong, or wants a person: of what we sent, where it belongs to a thread of ours."""
    brings_codes: bool = False
    """It holds install codes: an answer to something, or a mistake; never quoted, never logged."""
    answered: tuple[DeviceId, ...] = ()
    """Devices that it answers: a code stands with each, or another outcome."""
    nothing_attached: bool = False
    """It speaks of an attachment, names no device, and nothing came with it."""
    bad_lines: tuple[BadLine, ...] = ()
    personal_data: tuple[str, ...] = ()
    """Kinds of personal data seen (`MPAN`, `MPRN`, `address`), never the data."""
    leaves_open: bool = False
    """It says something, and no words that we know say what is wanted of the devices that it names."""
    wants_codes: bool = False
    """Its words ask for install codes, whether or not a Device ID was found."""
    quotes_devices: bool = False
    """It wants codes, and Device IDs stand in the mail that it quotes alone: nothing is taken from there."""
    references: tuple[str, ...] = ()
    """`IC-XXXXXXXX` references found in mark, subject or new text."""
    left_out: tuple[DeviceId, ...] = ()
    """Devices that it names beside others and says are not wanted, or done with: they get no code."""
    doubted: tuple[DeviceId, ...] = ()
    """Devices that are not wanted by a clause or a row alone, in no sentence that takes a request back: of one that is open,
    and where nothing else is asked, a person must see what is meant."""
    no_plain_request: bool = False
    """Something in it stands against sending codes; or it names devices, and tells something or wants something else."""
    leaves_some_out: bool = False
    """It says that some of what it lists is not wanted, and not by Device ID: a person must see which."""
    named: tuple[DeviceId, ...] = ()
    """Devices that a mail which answers us names beside that, and asks for in no words."""
    needs_thread: bool = False
    """Nothing in it speaks of install codes ("Any update?"), or nothing in it is understood: it is ours only where it
    belongs to a thread of ours."""
    of_what_is_open: bool = False
    """It chases in a mail of its own, and speaks of nothing else: it means whatever of theirs is open."""


@dataclass(frozen=True, slots=True)
class MachineMail:
    """Written by no person: recorded, never answered."""

    kind: Machine
    sign: str


@dataclass(frozen=True, slots=True)
class OwnMail:
    """Our own letter come back, or our own address as its sender."""


@dataclass(frozen=True, slots=True)
class OpsMail:
    """From a member of our team: `commanding` reads whether it is an order, or people's mail."""


@dataclass(frozen=True, slots=True)
class NotOurs:
    """Newsletters, people's conversations: left exactly where and as it is."""

    reason: Reason = Reason.NOT_OURS


Meaning = Correspondence | MachineMail | OwnMail | OpsMail | NotOurs
