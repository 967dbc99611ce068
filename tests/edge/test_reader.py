"""The children that read mail: what they cannot reach, what ends them, and that the next mail is read."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from daemon.edge.reader import pool as reader
from daemon.edge.reader.frames import Brief, ReadMail, as_json, brief_of
from daemon.edge.reader.pool import Limits, Readers, _batches
from daemon.errors import Unavailable, Unreadable
from daemon.mail.message import Evidence
from daemon.mail.parse import parse
from daemon.mail.sender.authres import Profile
from daemon.mail.sender.origin import Trust
from daemon.rules.sense import sense

ID = "00-DB-12-34-56-78-90-A0"
SAMPLES = sorted(Path(__file__).parents[1].glob("mail/samples/*.eml"))
HEAD = b"From: ann@listed.example\r\nSubject: codes\r\n"
GOOD = HEAD + b"\r\n" + ID.encode() + b"\r\n"
SLOW = HEAD + b"Content-Type: text/html\r\n\r\n" + b"<y>" * 1990 + b"</x>" * 1_900_000
"""End tags of nothing at a great depth: many seconds of work for the parser of HTML, in little memory."""


@pytest.fixture
async def readers() -> AsyncIterator[Callable[..., Readers]]:
    """Makes pools and closes them at the end."""
    made: list[Readers] = []

    def make(children: int = 1, trust: Trust | None = None, **limits: float) -> Readers:
        made.append(Readers(trust or Trust(), children, Limits(**limits)))
        return made[-1]

    yield make
    for pool in made:
        await pool.close()


def children() -> dict[int, str]:
    """Our living children, and the command line of each."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            status = (path / "status").read_text()
            if f"PPid:\t{os.getpid()}\n" in status and "State:\tZ" not in status:
                found[int(path.name)] = (path / "cmdline").read_text()
        except OSError:
            continue
    return {pid: line for pid, line in found.items() if "daemon.edge.reader.child" in line}


def cpu_seconds_of(pid: int) -> float:
    """What a process has spent so far."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def gone(pid: int) -> None:
    """Returns when the loop has seen that the child ended."""
    while pid in children():  # noqa: ASYNC110 -- it is a process that is waited for
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)


async def test_a_mail_comes_back_as_it_was_read(readers):
    """The child reads with the trust that it was given, and the mail comes through the pipe whole."""
    head = (
        b"Authentication-Results: mx.ours.example; dkim=pass header.d=listed.example; dmarc=pass header.from=listed.example\r\n"
        b"Received: from a (a [192.0.2.1]) by mx.ours.example with ESMTP\r\n"
    )
    pool = readers(trust=Trust(authserv_id="mx.ours.example"))
    mail = (await pool.read(head + GOOD)).mail
    assert (mail.new_text, mail.origin.sender, mail.origin.evidence) == (
        ID,
        "ann@listed.example",
        Evidence.DKIM_ALIGNED,
    )


async def test_what_a_mail_says_is_made_out_in_the_child(readers):
    """The search through a stranger's words, which may take seconds, is the child's work; a large table comes along."""
    sheet = b"Device ID\r\n" + b"".join(b"00-DB-12-34-56-78-%02X-%02X\r\n" % divmod(n, 256) for n in range(1500))
    mail = HEAD + b"Content-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\n" + sheet
    read = await readers().read(mail)
    assert (len(read.sense.says.asked), read.sense.says.asked[0].device_id) == (1500, "00-DB-12-34-56-78-00-00")
    assert len(read.mail.tables[0].rows) == 1501
    assert (await readers().read(GOOD)).sense == sense(parse(GOOD, Trust()))


def test_what_crosses_the_pipe_arrives_as_it_was():
    """A brief with everything in it, and each of the sample mails with what it says."""
    trust = Trust("mx.ours.example", Profile.M365, ("a.ours.example", "b.ours.example"), "codes@ours.example")
    assert brief_of(as_json(Brief(trust, 256, 3))) == Brief(trust, 256, 3)
    read = tuple(ReadMail(mail, sense(mail)) for mail in (parse(path.read_bytes(), Trust()) for path in SAMPLES))
    assert len(read) > 30
    assert TypeAdapter(tuple[ReadMail, ...]).validate_json(as_json(read)) == read


def test_a_child_loads_only_what_it_needs():
    """Nothing of the database, of keys, of templates or of settings, and none of what checks data on our side."""
    script = "import sys, daemon.edge.reader.child; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True).stdout
    assert not {"sqlalchemy", "cryptography", "jinja2", "pydantic", "holidays", "asyncio"} & set(loaded.split())


async def test_many_mails_at_once(readers):
    """Two children read forty mails, each of which gets its own answer."""
    pool = readers(children=2)
    await pool.start()
    mails = await asyncio.gather(*(pool.read(GOOD + str(n).encode()) for n in range(40)))
    assert [read.mail.new_text for read in mails] == [f"{ID}\n{n}" for n in range(40)]
    assert len(children()) == 2


async def test_mails_are_read_some_at_a_time_and_come_back_in_order(readers):
    """Each gets its own answer, small or large, however many are handed over together."""
    pool = readers(children=2)
    for number in (0, 1, 2, 3, 45):
        mails = [GOOD + str(n).encode() + b" x" * (n % 7 == 6) * 100_000 for n in range(number)]
        read = await pool.read_each(mails)
        assert [one.mail.new_text.split(" x")[0] for one in read] == [f"{ID}\n{n}" for n in range(number)]


@pytest.mark.parametrize(
    ("sizes", "most", "batches"),
    [
        ([], 3, []),
        ([1], 1, [[1]]),
        ([1, 1, 1, 1], 3, [[1, 1, 1], [1]]),
        ([1, 2, 300_000, 3, 4], 10, [[1, 2], [300_000], [3, 4]]),
        ([200_000, 50_000, 50_000], 10, [[200_000, 50_000], [50_000]]),
    ],
)
def test_a_large_mail_goes_alone(sizes, most, batches):
    """No more octets are handed over at a time than are soon read, unless one mail has them."""
    together = _batches([b"x" * size for size in sizes], most)
    assert [[len(mail) for mail in some] for some in together] == batches


async def test_a_mail_that_ends_its_child_costs_no_other_its_reading(readers, monkeypatch):
    """What was handed over with it is read again, one by one, and it alone is Unreadable."""
    monkeypatch.setattr(reader, "_MOST_OCTETS_TOGETHER", 10 * len(SLOW))
    pool = readers(cpu_seconds=1, wall_seconds=300)
    first, slow, *others = await pool.read_each([GOOD + b"0", SLOW, GOOD + b"1", GOOD + b"2"])
    assert [one.mail.new_text for one in (first, *others)] == [f"{ID}\n{n}" for n in range(3)]
    assert (type(slow), str(slow)) == (Unreadable, "it ran out of CPU time")


async def test_no_mail_is_blamed_where_several_took_too_long_together(readers):
    """They share the limits of one; each has all of them when it is read anew."""
    pool = readers(wall_seconds=5)
    await pool.start()
    (pid,) = children()
    os.kill(pid, signal.SIGSTOP)
    read = await pool.read_each([GOOD] * 4)
    assert [one.mail.new_text for one in read] == [ID] * 4
    assert pid not in children()


@pytest.mark.parametrize("size", [0, 1, 70_000, 5_000_000])
async def test_any_size_of_mail(readers, size):
    """An empty mail, and one larger than the pipe, cross it."""
    mail = (await readers().read(b"Subject: x\r\n\r\n" + b"a\r\n" * (size // 3))).mail
    assert mail.subject == "x"


async def test_a_cpu_bomb_ends_its_child_and_nothing_else(readers):
    """Beyond its CPU seconds a child is killed; that mail is Unreadable, without a word of it in the error."""
    pool = readers(cpu_seconds=1, wall_seconds=300)
    with pytest.raises(Unreadable, match=r"^it ran out of CPU time$") as error:
        await pool.read(SLOW)
    assert error.value.__cause__ is None
    assert (await pool.read(GOOD)).mail.new_text == ID


async def test_cpu_seconds_count_for_each_mail_alone(readers):
    """A child that has read for longer than one mail may take goes on reading."""
    pool = readers(cpu_seconds=1, wall_seconds=300)
    busy = HEAD + b"\r\n" + b"From: a\r\n" * 20_000
    await pool.read(busy)
    (child,) = children()
    while cpu_seconds_of(child) <= 1:
        await pool.read(busy)
    assert list(children()) == [child]


async def test_a_memory_bomb_ends_its_child_and_nothing_else(readers):
    """A mail that needs more memory than is allowed is Unreadable, and the next one is read."""
    pool = readers(memory_mib=96)
    with pytest.raises(Unreadable):
        await pool.read(HEAD + b"\r\n" + b"x" * 50_000_000)
    assert (await pool.read(GOOD)).mail.new_text == ID


async def test_a_hung_child_is_killed(readers):
    """Beyond the time on the wall the child is killed, though it burns no CPU at all."""
    pool = readers(wall_seconds=0.5)
    await pool.start()
    (pid,) = children()
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(Unreadable, match=r"longer than 0\.5 s"):
        await pool.read(GOOD)
    assert pid not in children()
    assert (await readers().read(GOOD)).mail.new_text == ID


async def test_a_child_that_dies_while_idle_costs_no_mail(readers):
    """A child that was killed between two mails is replaced; no mail is blamed for it."""
    pool = readers()
    await pool.start()
    (pid,) = children()
    os.kill(pid, signal.SIGKILL)
    await gone(pid)
    assert (await pool.read(GOOD)).mail.new_text == ID


async def test_a_cancelled_read_takes_its_child_along(readers):
    """Who stops waiting leaves no child with half an answer: the next mail gets its own."""
    pool = readers()
    await pool.start()
    before = set(children())
    task = asyncio.create_task(pool.read_each([GOOD, SLOW]))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not before & set(children())
    assert (await pool.read(GOOD)).mail.new_text == ID


async def test_nothing_is_left_behind(readers):
    """After close no child lives, a mail in hand is nobody's fault, and no further one is read."""
    pool = readers(children=2)
    await pool.start()
    reading = asyncio.create_task(pool.read_each([SLOW, GOOD]))
    await asyncio.sleep(0.2)
    await pool.close()
    assert children() == {}
    with pytest.raises(Unavailable):
        await reading
    with pytest.raises(Unavailable):
        await pool.read(GOOD)
    await pool.close()


async def test_a_child_that_cannot_start_is_no_mails_fault(readers):
    """Where the limits are none that a child can take on, Unavailable is raised, not Unreadable."""
    with pytest.raises(Unavailable):
        await readers(memory_mib=2**60).start()


async def test_row_62_a_child_has_nothing_to_give_away(readers, monkeypatch):
    """Row 62: empty environment, no argument of ours, no descriptor but its pipes, no core file, calls filtered."""
    monkeypatch.setenv("ICD_KEYS__FILE", "/run/secrets/keys")
    pool = readers()
    await pool.start()
    assert (await pool.read(GOOD)).mail.new_text == ID
    ((pid, command),) = children().items()
    process = Path(f"/proc/{pid}")
    assert process.joinpath("environ").read_bytes() == b""
    assert command.split("\0")[1:] == ["-I", "-m", "daemon.edge.reader.child", ""]
    assert process.joinpath("cwd").readlink() == Path("/")
    assert {d.name for d in process.joinpath("fd").iterdir()} == {"0", "1", "2", "3"}
    assert {d.readlink().as_posix().partition(":")[0] for d in process.joinpath("fd").iterdir()} <= {
        "pipe",
        "socket",
        "/dev/null",
    }
    limits = process.joinpath("limits").read_text()
    assert [line.split()[-3:-1] for line in limits.splitlines() if "core file" in line] == [["0", "0"]]
    assert "Seccomp:\t2" in process.joinpath("status").read_text()
    assert "daemon.edge.vault" not in command


EXPLOITS = {
    "open a file": "open('/etc/hostname')",
    "list a folder": "os.listdir('/')",
    "write a file": "os.open('/tmp/x', os.O_CREAT | os.O_WRONLY)",
    "open a socket": "socket.socket()",
    "start a program": "os.posix_spawn('/bin/true', ['true'], {})",
    "become a program": "os.execv('/bin/true', ['true'])",
    "fork": "os.fork()",
    "signal the parent": "os.kill(os.getppid(), 0)",
    "limit the parent": "resource.prlimit(os.getppid(), resource.RLIMIT_CPU)",
    "raise its own memory": "resource.setrlimit(resource.RLIMIT_AS, (2**40, 2**40))",
    "read the parent's memory": "ctypes_call(310, os.getppid(), None, 0, None, 0, 0)",
    "trace the parent": "ctypes_call(101, 16, os.getppid(), 0, 0)",
}
STUB = """
import ctypes, os, resource, socket
from daemon.edge.reader.confine import confine
library = ctypes.CDLL(None, use_errno=True)
def ctypes_call(*arguments):
    if library.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")
confine(512)
try:
    {attack}
    os._exit(1)
except (OSError, ValueError):
    os._exit(0)
"""


@pytest.mark.parametrize("attack", EXPLOITS)
async def test_row_62_a_taken_over_child_reaches_nothing(attack):
    """Row 62: code that runs in a confined child cannot open, connect, start, signal, trace or free itself."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", STUB.format(attack=EXPLOITS[attack]), env={}, stderr=asyncio.subprocess.DEVNULL
    )
    assert await process.wait() == 0


async def test_the_stub_would_succeed_if_it_were_let():
    """The same stub, unconfined, opens its file: so it is the confinement that stops it above."""
    stub = STUB.format(attack=EXPLOITS["open a file"]).replace("confine(512)", "")
    process = await asyncio.create_subprocess_exec(sys.executable, "-I", "-c", stub, env={})
    assert await process.wait() == 1
