"""The gate as values: its conditions by name and number, what was found of each, and what a person waived. See `disclosure`."""

from dataclasses import dataclass
from enum import StrEnum

from daemon.rules.identifiers import DeviceId
from daemon.rules.reasons import Reason


class Gate(StrEnum):
    """The conditions under which a code may leave, by name and number (see `disclosure`)."""

    MAILBOX_TRANSPORT = "G1 mailbox read over a trusted channel"
    ONE_SENDER = "G2 exactly one plain sender"
    VERDICT_FOUND = "G3 our own server's verdict found"
    DMARC_ALIGNED = "G4 DMARC pass for the sender's domain"
    DKIM_ALIGNED = "G5 aligned DKIM signature"
    WRITER_LISTED = "G6 writer listed, or colleague of a contact"
    NO_MACHINE = "G7 not written by a machine"
    FRESH = "G8 fresh, and signed for this mail alone"
    DEVICE_ENTITLED = "G9 our device, and the asker is entitled"
    WITHIN_LIMITS = "G10 within the limits"
    READ_WHOLE = "G11 read whole"
    ONE_LISTED_RECIPIENT = "G12 one listed recipient"
    RELAY_TRANSPORT = "G13 sent over a trusted channel"
    NOT_SUSPENDED = "G14 nothing suspended"


WAIVABLE = frozenset({Gate.DMARC_ALIGNED, Gate.DKIM_ALIGNED, Gate.FRESH, Gate.DEVICE_ENTITLED, Gate.WITHIN_LIMITS})
"""What a person may waive when approving; nothing else ever is."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of the gate: does it hold, and on what evidence (words for people, no secrets)."""

    gate: Gate
    holds: bool
    evidence: str
    reason: Reason | None = None
    """Where it fails: the reason that is recorded."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """What persons of ours waived by approving: these conditions, for these devices; bound to the letter that bears it."""

    gates: tuple[Gate, ...]
    by: tuple[str, ...]
    """The members' addresses."""
    devices: tuple[DeviceId, ...] = ()
    """Empty: the mail was approved whole, and all devices in it."""
