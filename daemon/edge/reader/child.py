"""What runs in a reader's child: a few mails at a time through `parse` and `sense`, behind limits it cannot undo.

Started as `python -I -m daemon.edge.reader.child` by the `pool`, with which it speaks in `frames`.
"""

import codecs
import encodings.aliases
import math
import os
import pkgutil
import resource
import sys
import time
from typing import BinaryIO

from daemon.edge.reader.confine import confine
from daemon.edge.reader.frames import (
    FAILED,
    FRAME,
    LAST,
    MAIL,
    OUT_OF_MEMORY,
    READ,
    READY,
    ReadMail,
    as_json,
    brief_of,
)
from daemon.mail.parse import parse
from daemon.mail.sender.authres import organisation
from daemon.mail.sender.origin import Trust
from daemon.rules.sense import sense


def main() -> None:
    """Take the brief, close the doors, read mail until the pipe ends."""
    incoming, outgoing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not speak between our frames
    brief = brief_of(_receive(incoming)[1])
    _warm_up(brief.trust)
    confine(brief.memory_mib)
    _send(outgoing, READY, b"")
    while mails := _receive_mails(incoming):
        _grant_cpu(brief.cpu_seconds)
        kind, answer = _read(mails, brief.trust)
        _send(outgoing, kind, answer)
        if kind == FAILED:
            return


def _read(mails: list[bytes], trust: Trust) -> tuple[bytes, bytes]:
    """The mails as JSON; or where our own code failed: never a word of a mail, nor of an error's text."""
    try:
        return READ, as_json(tuple(_read_mail(content, trust) for content in mails))
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BaseException as error:  # noqa: BLE001 -- some readers raise what is no Exception; this child ends with it
        return FAILED, _place(error).encode("ascii", "replace")


def _read_mail(content: bytes, trust: Trust) -> ReadMail:
    mail = parse(content, trust)
    return ReadMail(mail, sense(mail))


def _place(error: BaseException) -> str:
    """The kind of an error and the innermost of our own lines that it passed."""
    place, step = "", error.__traceback__
    while step is not None:
        name = step.tb_frame.f_globals.get("__name__", "")
        if name.startswith("daemon."):
            place = f" at {name}:{step.tb_lineno}"
        step = step.tb_next
    return type(error).__name__ + place


def _receive_mails(incoming: BinaryIO) -> list[bytes]:
    """The mails to read together; none at the end of the pipe."""
    mails = []
    while True:
        kind, content = _receive(incoming)
        if kind not in (MAIL, LAST):
            return []
        mails.append(content)
        if kind == LAST:
            return mails


def _receive(incoming: BinaryIO) -> tuple[bytes, bytes]:
    """The next frame's kind and content; nothing at the end of the pipe."""
    head = incoming.read(FRAME.size)
    if len(head) < FRAME.size:
        return b"", b""
    kind, size = FRAME.unpack(head)
    content = incoming.read(size)
    return (kind, content) if len(content) == size else (b"", b"")


def _send(outgoing: BinaryIO, kind: bytes, content: bytes) -> None:
    outgoing.write(FRAME.pack(kind, len(content)))
    outgoing.write(content)
    outgoing.flush()


def _warm_up(trust: Trust) -> None:
    """Load everything that would be loaded at first use: no file can be opened later."""
    # Those without an alias too: UTF-8 with a byte order mark, as Excel saves a CSV, is one of them.
    for name in {*encodings.aliases.aliases.values(), *(m.name for m in pkgutil.iter_modules(encodings.__path__))}:
        try:
            codecs.lookup(name)
        except LookupError:
            continue  # of another system (mbcs, oem)
    organisation("example.org")
    as_json(_read_mail(b"From: a@b.example\nContent-Type: text/html\n\n<p>\xe9</p>", trust))


def _grant_cpu(seconds: int) -> None:
    """The kernel counts CPU time over the whole life of a process; what is read together gets `seconds` more."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + seconds, hard))


if __name__ == "__main__":
    main()
