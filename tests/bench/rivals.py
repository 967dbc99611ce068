"""What ours is held against, each a process of its own: the naive loop, and the least that this machine can do.

Run as `python -m tests.bench.rivals NAME MAILS FOLDER IMAP_PORT SMTP_PORT`; it answers the first MAILS mails that wait and
says a line of JSON: seconds, CPU seconds, MB. Both look the codes up in a plain table, and have no gate, no
encryption, no audit trail and no handling of errors.
"""

import json
import re
import resource
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from email import message_from_bytes
from email.header import Header
from email.message import EmailMessage
from email.policy import default
from email.utils import formatdate
from pathlib import Path
from smtplib import SMTP

from imapclient import IMAPClient

from tests.bench import mails

DONE = "Done"
FETCH_AT_ONCE, SEND_AT_ONCE = 500, 100
_DEVICE = re.compile(r"\b(?:[0-9A-F]{2}-){7}[0-9A-F]{2}\b")
_TABLES = """
    PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
    CREATE TABLE device (id INTEGER PRIMARY KEY, code TEXT);
    CREATE TABLE job (message_id TEXT PRIMARY KEY, sender TEXT, devices TEXT, state TEXT);
"""


def prepare(folder: Path, devices: int) -> None:
    """The table of codes, and an empty table of jobs."""
    with sqlite3.connect(folder / "rival.db") as database:
        database.executescript(_TABLES)
        rows = ((_number(mails.device(n)), mails.code(n)) for n in range(devices))
        database.executemany("INSERT INTO device VALUES (?, ?)", rows)


def _number(device: str) -> int:
    return int(device.replace("-", ""), 16)


@contextmanager
def _mailbox(port: int) -> Iterator[IMAPClient]:
    with IMAPClient("127.0.0.1", port, ssl=False) as box:
        box.login(mails.MAILBOX, "bench-password")
        if not box.folder_exists(DONE):
            box.create_folder(DONE)
        box.select_folder("INBOX")
        yield box


def _codes(database: sqlite3.Connection, devices: Sequence[str]) -> dict[str, str]:
    marks = ",".join("?" * len(devices))
    found = dict(database.execute(f"SELECT id, code FROM device WHERE id IN ({marks})", [*map(_number, devices)]))
    return {device: found[_number(device)] for device in devices}


# The naive loop ─────────────────────────────────────────────────────────────────────────────────────


def naive(database: sqlite3.Connection, count: int, imap_port: int, smtp_port: int) -> None:
    """One search, fetch, commit, new SMTP link and move for each mail, in the library's modern style."""
    with _mailbox(imap_port) as box:
        for _ in range(count):
            uid = box.search("ALL")[0]
            raw = box.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"]
            mail = message_from_bytes(raw, policy=default)
            body = mail.get_body(("plain",))
            assert body is not None
            devices = list(dict.fromkeys(_DEVICE.findall(body.get_content())))
            job = (str(mail["Message-ID"]), str(mail["From"].addresses[0].addr_spec), ",".join(devices), "sent")
            with SMTP("127.0.0.1", smtp_port) as relay:
                relay.send_message(_modern_reply(job[0], job[1], _codes(database, devices)))
            database.execute("INSERT INTO job VALUES (?, ?, ?, ?)", job)
            database.commit()
            box.move([uid], DONE)


def _modern_reply(answers: str, recipient: str, codes: dict[str, str]) -> EmailMessage:
    reply = EmailMessage()
    reply["From"], reply["To"], reply["Subject"] = mails.MAILBOX, recipient, "Install codes"
    reply["Date"], reply["In-Reply-To"] = formatdate(), answers
    reply.set_content("\n".join(f"{device}  {code}" for device, code in codes.items()))
    cells = "".join(f"<tr><td>{device}</td><td>{code}</td></tr>" for device, code in codes.items())
    reply.add_alternative(f"<table>{cells}</table>", subtype="html")
    sheet = "device_id,install_code\n" + "".join(f"{device},{code}\n" for device, code in codes.items())
    reply.add_attachment(sheet, subtype="csv", filename="codes.csv")
    return reply


# The floor ──────────────────────────────────────────────────────────────────────────────────────────


def floor(database: sqlite3.Connection, count: int, imap_port: int, smtp_port: int) -> None:
    """Everything in batches: FETCH, one commit before and one after, pipelined SMTP on one link, one MOVE."""
    with _mailbox(imap_port) as box, SMTP("127.0.0.1", smtp_port) as relay:
        relay.ehlo()
        assert relay.sock is not None
        relay.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        uids = box.search("ALL")[:count]
        jobs = [job for some in _chunks(uids, FETCH_AT_ONCE) for job in _read(box, some)]
        database.executemany("INSERT INTO job VALUES (?, ?, ?, 'kept')", jobs)
        database.commit()
        for some in _chunks(jobs, SEND_AT_ONCE):
            _send_together(relay.sock, [_plain_reply(m, to, _codes(database, d.split(","))) for m, to, d in some])
        database.execute("UPDATE job SET state = 'sent'")
        database.commit()
        box.move(uids, DONE)


def _chunks(values: Sequence, size: int) -> Iterator[Sequence]:  # type: ignore[type-arg]
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _read(box: IMAPClient, uids: Sequence[int]) -> Iterator[tuple[str, str, str]]:
    for data in box.fetch(uids, ["BODY.PEEK[]"]).values():
        mail = message_from_bytes(data[b"BODY[]"])
        part = mail.get_payload(0)
        text = part.get_payload(decode=True).decode()  # type: ignore[union-attr]  # a multipart, by how it was made
        sender = str(mail["From"]).partition("<")[2].rstrip(">")
        yield str(mail["Message-ID"]), sender, ",".join(dict.fromkeys(_DEVICE.findall(text)))


_REPLY = """\
From: <{ours}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nDate: {date}\r\nIn-Reply-To: {answers}\r\nMIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary="=_m"\r\n\r\n--=_m\r\nContent-Type: multipart/alternative; boundary="=_a"\r\n\r
--=_a\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--=_a\r\nContent-Type: text/html\r\n\r\n{html}\r\n--=_a--\r
--=_m\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename="codes.csv"\r\n\r\n{sheet}\r\n--=_m--\r
"""


def _plain_reply(answers: str, recipient: str, codes: dict[str, str]) -> tuple[str, bytes]:
    content = _REPLY.format(
        ours=mails.MAILBOX,
        to=recipient,
        subject=Header("Install codes").encode(),
        date=formatdate(),
        answers=answers,
        text="\r\n".join(f"{device}  {code}" for device, code in codes.items()),
        html="\r\n".join(f"<tr><td>{device}</td><td>{code}</td></tr>" for device, code in codes.items()),
        sheet="\r\n".join(f"{device},{code}" for device, code in codes.items()),
    )
    return recipient, content.encode()


def _send_together(line: socket.socket, letters: Sequence[tuple[str, bytes]]) -> None:
    """All commands of all letters in one go, the replies read afterwards; our listener bears it."""
    said = [
        f"MAIL FROM:<{mails.MAILBOX}>\r\nRCPT TO:<{to}>\r\nDATA\r\n".encode() + content + b".\r\n"
        for to, content in letters
    ]
    line.sendall(b"".join(said))
    replies, heard = 4 * len(letters), b""
    while heard.count(b"\r\n") < replies:
        heard += line.recv(65536)
    assert heard.count(b"\r\n250 2.0.0 Ok: queued") == len(letters)


RIVALS: dict[str, Callable[[sqlite3.Connection, int, int, int], None]] = {"naive": naive, "floor": floor}


def main(argv: list[str]) -> None:
    """Do the work, and say what it took."""
    name, count, folder, imap_port, smtp_port = argv
    with sqlite3.connect(Path(folder) / "rival.db") as database:
        database.executescript("PRAGMA synchronous=FULL")
        began_s, began_cpu_s = time.monotonic(), time.process_time()
        RIVALS[name](database, int(count), int(imap_port), int(smtp_port))
        took_s, cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
    mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"took_s": took_s, "cpu_s": cpu_s, "peak_mb": mb}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
