"""What a reader and its children say to each other: the kinds of frames, the brief, and what was read."""

import struct
from dataclasses import dataclass

from pydantic import TypeAdapter

from daemon.mail.message import IncomingMail
from daemon.mail.origin import Trust
from daemon.rules.understand import Sense

FRAME = struct.Struct(">cQ")
"""Before each message in either direction: its kind, and how many octets follow."""
BRIEF, MAIL, LAST, READY, READ, FAILED = b"b", b"m", b"l", b"r", b"a", b"f"
"""Mails are handed over some at a time, the last of them as LAST, and answered together, in their order, as READ."""
OUT_OF_MEMORY = 3
"""The exit status of a child that met its memory limit in a way it could tell."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What a child is told before its first mail."""

    trust: Trust
    memory_mib: int
    cpu_seconds: int


@dataclass(frozen=True, slots=True)
class ReadMail:
    """A mail as a child read it, and what it says."""

    mail: IncomingMail
    sense: Sense


BRIEFS = TypeAdapter(Brief)
ANSWERS = TypeAdapter(tuple[ReadMail, ...])
