"""Every failure that we name, sorted by who must act on it.

DaemonError
├── ConfigError        a person mends the configuration; exit 78, the mailbox untouched
├── ImportRefused      a person mends the file; nothing was imported
├── NoMail             a person names another path: at this one is no mail to read
├── Unavailable        nobody: try again later (network, busy database, relay down)
│   ├── Declined       the caller: a server that is there will not do this one thing; the next may go
│   ├── LoginRefused   ops, by the other route: a password or token is no longer good
│   └── Renumbered     the caller: UIDs in hand name nothing any more, the folder is looked at anew
├── Refused            ops: a server said a final no to this one thing
│   └── MailboxFull    ops make room: what is filed waits, all else goes on
├── Deferred           the outbox: a server said "not now" to this one letter; tried again later
├── OutcomeUnknown     the outbox: sent or not, nobody can say; look for proof before any resend
├── LeaseLost          this instance: another one took over, write nothing more
├── Unreadable         intake: the reader died on this mail; counted, the third time is quarantine
└── SealBroken         ops: a sealed value does not open (altered, swapped, or its key is gone)

A sender's mistake is never an exception: it is a Reason (`rules.decision`).
"""

from dataclasses import dataclass


class DaemonError(Exception):
    """The root of all failures that we name. Its text is for people and never holds a secret."""


class ConfigError(DaemonError):
    """The configuration cannot be used. The text names the key and the remedy."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row of a file that cannot be taken. `line` counts from 1, the heading included."""

    line: int
    reason: str


class ImportRefused(DaemonError):
    """Nothing was imported: `rows` lists every row that stands in the way."""

    def __init__(self, message: str, rows: tuple[BadRow, ...] = ()) -> None:
        super().__init__(message)
        self.rows = rows


class NoMail(DaemonError):
    """There is no mail, or nothing that can be read, at the path given."""


class Unavailable(DaemonError):
    """A server cannot be reached or asks us to come back. Safe to try again later."""

    wait_s: float = 0.0
    """How long the server asks us to stay away; 0: it did not say."""
    got_on = False
    """Whether some of what was to be done was done before: then the trouble is a new one."""

    def __init__(self, words: str = "", *, wait_s: float = 0.0) -> None:
        super().__init__(words)
        self.wait_s = wait_s


class Declined(Unavailable):
    """A server that is there answered no to one command: the same for another mail or folder may go."""


class LoginRefused(Unavailable):
    """A server refuses who we say we are. Tried again slowly, so that no account is locked."""


class Renumbered(Unavailable):
    """A folder's UIDVALIDITY is not the one that our UIDs belong to. `uidvalidity` is the new one."""

    def __init__(self, folder: str, uidvalidity: int) -> None:
        super().__init__(f"the folder {folder!r} was renumbered (its UIDVALIDITY changed); it is looked at anew")
        self.folder = folder
        self.uidvalidity = uidvalidity


class Refused(DaemonError):
    """A server said a final no (RCPT or DATA 5xx, APPEND NO). What is of this one letter is not tried again unasked."""


class MailboxFull(Refused):
    """The mailbox is over its quota (RFC 9208); what is to be put into it waits."""


class Deferred(DaemonError):
    """The relay would not take this one letter now (RCPT or DATA 4xx), or lost it before its first byte."""


class OutcomeUnknown(DaemonError):
    """The connection went after DATA began and before the answer came."""


class LeaseLost(DaemonError):
    """Another instance holds this mailbox now."""


class Unreadable(DaemonError):
    """The child that read this mail died or ran into its limits."""


class SealBroken(DaemonError):
    """A sealed value cannot be opened. Names table, row and key id; never the value."""
