"""What a reader and its children say to each other: the kinds of frames, the brief, and what was read.

All of it is JSON by the standard library: pydantic, by which our side checks it, would be a fifth of a child's memory.
"""

import json
import struct
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from daemon.mail.message import IncomingMail
from daemon.mail.sender.authres import Profile
from daemon.mail.sender.origin import Trust
from daemon.rules.sense import Sense

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


def as_json(value: object) -> bytes:
    """Data of ours (frozen dataclasses with slots, tuples, texts, numbers, moments) as JSON."""
    return _JSON.encode(value).encode()


def _as_plain(value: Any) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return {name: getattr(value, name) for name in value.__slots__}


_JSON = json.JSONEncoder(default=_as_plain, ensure_ascii=False, check_circular=False, separators=(",", ":"))


def brief_of(text: bytes) -> Brief:
    """The brief that `as_json` wrote."""
    said = json.loads(text)
    trust = said.pop("trust")
    trust |= {"profile": Profile(trust["profile"]), "own_hops": tuple(trust["own_hops"])}
    return Brief(trust=Trust(**trust), **said)
