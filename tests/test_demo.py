"""The demo tells its story, and the story shows what it promises."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import aiosmtplib
import pytest
from imapclient import IMAPClient

from daemon.demo import company, story, telling
from daemon.demo.story import Day, Scene
from daemon.rules.identifiers import grouped, install_code
from tests.conftest import Once

RUN = [sys.executable, "-m", "daemon.demo"]
DEVICE = r"(?:[0-9A-F]{2}-){7}[0-9A-F]{2}"
HELD = "0011 2233 4455 6677 8899 AABB CCDD EEFF"
"""The code of the device that two approve."""
ANSWERED = {
    grouped(install_code(code))
    for scene in story.WE_ASK
    if isinstance(scene, Scene)
    for code in re.findall(r"(?:[0-9A-F]{4} ){7}[0-9A-F]{4}", f"{scene.body} {scene.sheet}")
}
OURS = set(re.findall(r"(?:[0-9A-F]{4} ){7}[0-9A-F]{4}", company.INVENTORY))


@pytest.fixture(scope="module")
def told(once: Once) -> str:
    """What the demo prints; it ends by itself with exit 0, and has nothing to complain of."""

    def tell(folder: Path) -> None:
        done = subprocess.run(RUN, capture_output=True, text=True, timeout=100, check=False)
        (folder / "done.json").write_text(json.dumps((done.stderr, done.returncode, done.stdout)), "utf-8")

    *ended, said = json.loads((once("told", tell) / "done.json").read_text("utf-8"))
    assert ended == ["", 0]
    return str(said)


@pytest.fixture(scope="module")
def scenes(told: str) -> dict[str, str]:
    """What is printed below each title, in the order of the story."""
    titles = [step.title for step in story.STORY] + ["In the end"]
    cut = re.split(rf"\n\n\n(?:[0-9]+\. )?({'|'.join(map(re.escape, titles))})\n[─═]+", told)
    assert cut[1::2] == titles
    return dict(zip(cut[1::2], cut[2::2], strict=True))


def letters(words: str) -> list[tuple[str, str]]:
    """The letters of a scene: to whom, and what."""
    cut = re.split(r"\n  LETTER   to (\S+@[^\s:]+)", words)
    return list(zip(cut[1::2], cut[2::2], strict=True))


def flat(words: str) -> str:
    """`words` in one line, without what stands before each line of a letter."""
    return " ".join(words.replace("\n  |", " ").split())


def test_it_fits_a_terminal(told: str) -> None:
    """80 columns, whatever a mail says; and at the end a hint how to go on."""
    assert [line for line in told.splitlines() if len(line) > 80] == []
    assert "make demo ARGS=--stay" in told


def test_codes_are_shown_in_letters_to_whom_they_belong_alone(told: str, scenes: dict[str, str]) -> None:
    """A code of ours stands in a letter to a supplier, one that we were sent in a letter to our code recipients."""
    assert len(ANSWERED) == 3
    rest = told
    for to, words in [letter for scene in scenes.values() for letter in letters(scene)]:
        found = (
            OURS
            if to in (company.MAYA, company.HARBOUR, company.BRIGHT)
            else ANSWERED
            if to == company.FITTERS
            else set()
        )
        rest = rest.replace(words, re.sub("|".join(found) or "$^", "", words))
    assert [code for code in OURS | ANSWERED if code in rest or code.replace(" ", "") in told] == []
    assert all(code in told for code in ANSWERED | {HELD})
    assert telling.masked(f"x {HELD} y") == "x **** **** **** **** **** **** **** **** y"


def test_a_device_is_held_and_told(scenes: dict[str, str]) -> None:
    """A mixed request is answered as far as it can be; both approvers hear what is held, why, and what to reply."""
    words = scenes["A mixed one, from a colleague who is on nobody's list"]
    (bright, answer), (ann, held), (bob, same) = letters(words)

    assert (bright, ann, bob) == (company.BRIGHT, company.ANN, company.BOB)
    assert "held: another gaining supplier recorded" in words
    assert "Still to come (1)" in answer
    assert "- APPROVE: done as soon as 2 of you have sent it." in held
    assert same.startswith(": the same")


def test_a_forged_approval_is_refused_and_told_to_the_team(scenes: dict[str, str]) -> None:
    """What the mail server cannot prove is not obeyed: no device moves, and everybody in the team hears of it."""
    words = scenes["A forged approval"]

    assert "> APPROVE" in words
    assert "DMARC FAIL" in words
    assert re.search(DEVICE, words) is None
    assert [to for to, _ in letters(words)] == [company.ANN, company.BOB, company.FITTERS]
    assert "was not obeyed" in flat(words)


def test_two_approve_by_reply_and_the_code_goes_to_the_listed_address(scenes: dict[str, str]) -> None:
    """The first approval is noted and sends nothing; the second sends the code to one address, and the team hears."""
    first, second = scenes["Ann approves, by reply"], scenes["Bob approves, too"]

    assert re.search(rf"DECIDED.*\n +{DEVICE}", first) is None
    assert [to for to, _ in letters(first)] == [company.ANN, company.BOB]
    assert "is noted; it is done when one more" in flat(first)
    assert [to for to, words in letters(second) if HELD in words] == [company.BRIGHT]
    assert f"{company.ANN} and {company.BOB} approved" in second


def test_a_rejected_forgery_and_a_robot_get_no_answer(scenes: dict[str, str]) -> None:
    """Neither the forged supplier nor the out-of-office gets a letter; the first is held, and closed by a reply."""
    forged = scenes["A forged request: a listed name, an answer wanted elsewhere"]

    assert [to for to, _ in letters(forged)] == [company.ANN, company.BOB]
    assert "is closed; nobody was answered" in scenes["Bob rejects it"]
    assert [to for to, _ in letters(scenes["Bob rejects it"])] == [company.BOB]
    assert letters(scenes["An out-of-office"]) == []


def test_personal_data_is_repeated_to_nobody(scenes: dict[str, str]) -> None:
    """Of meter point numbers and the address, in a request or in our own order, no letter has anything."""
    said = " ".join(words for scene in scenes.values() for _, words in letters(scene))
    numbers = re.findall(r"20000123[0-9]{5}", repr(story.STORY))

    assert len(set(numbers)) == 4
    assert [word for word in (*numbers, "High Street", "LS1 4AP") if word in said] == []


def test_an_order_becomes_a_request_at_its_time(scenes: dict[str, str]) -> None:
    """The receipt names what is ordered, when it goes, and the row that is refused; next morning the supplier is asked."""
    receipt = scenes["Ann orders codes that we need ourselves"]
    ((to, asked),) = letters(scenes["Wednesday 14 January 2026, 09:00: the sending time"])

    assert "3 devices are ordered; 1 row cannot be taken" in receipt
    assert "orders.csv, row 5" in receipt
    assert to == company.BRIGHT
    assert len(re.findall(DEVICE, asked)) == 3
    assert "by Wed 28 Jan 2026" in flat(asked)


def test_a_partial_answer_is_chased_and_the_rest_handed_over(scenes: dict[str, str]) -> None:
    """Two codes go on, the third is chased on a later day and goes on when it comes: nothing is awaited then."""
    ((first, some),) = letters(scenes["Brightspark answers in part"])
    ((chased, reminder),) = letters(scenes["Tuesday 27 January 2026, 09:00: nine working days later"])
    ((last, rest),) = letters(scenes["Brightspark sends the rest"])

    assert (first, chased, last) == (company.FITTERS, company.BRIGHT, company.FITTERS)
    assert "1 device of the same orders is still awaited" in flat(some)
    assert len(re.findall(DEVICE, some)) == 2
    assert re.findall(DEVICE, reminder) == re.findall(DEVICE, rest) == ["00-DB-12-34-56-78-90-C2"]
    assert "Subject: Reminder" in reminder
    assert "Nothing else of these orders is still awaited" in flat(rest)


def test_the_end_is_in_order(scenes: dict[str, str]) -> None:
    """All devices are answered, the audit trail is whole."""
    end = scenes["In the end"]

    assert re.search(r"Devices asked of us +8 answered\n", end)
    assert re.search(r"Devices that we asked for +3 answered\n", end)
    assert re.search(r"Audit trail +\d+ entries, whole\n", end)


def test_the_days_are_those_that_they_say() -> None:
    """Each title names the weekday and the time to which the clock is moved, London's winter time."""
    days = [step for step in story.STORY if isinstance(step, Day)]

    assert len(days) == 2
    assert all(day.title.startswith(f"{day.at:%A %-d %B %Y, %H:%M}") for day in days)
    assert any(f"{story.BEGIN:%A %-d %B %Y}" in step.title for step in story.STORY)


def test_whoever_has_read_enough_may_go() -> None:
    """Its reader gone (`make demo | less`, and q) it ends at once, with nothing to complain of."""
    with subprocess.Popen(RUN, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        assert demo.stderr is not None
        assert demo.stdout.readline().startswith("install-code-daemon")
        demo.stdout.close()
        assert (demo.wait(60), demo.stderr.read()) == (0, "")


def test_an_option_that_it_does_not_know_is_refused() -> None:
    """It says which there are, and does not tell its story meanwhile."""
    done = subprocess.run([*RUN, "--sty"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--stay" in done.stderr


def test_staying_it_answers_whoever_connects() -> None:
    """With `--stay` it prints how to connect; what ann sends by that way is answered; Ctrl-C ends it with exit 0."""
    with subprocess.Popen([*RUN, "--stay"], stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        try:
            lines = []
            for line in demo.stdout:
                lines.append(line)
                if "last day of the story" in line:
                    break
            found = re.search(r"IMAP  127\.0\.0\.1:(\d+)    SMTP  127\.0\.0\.1:(\d+)", "".join(lines))
            assert found is not None
            assert "Ctrl-C" in "".join(lines)
            assert [line for line in lines if len(line) > 81] == []
            subjects = _ask_for_help(int(found[1]), int(found[2]))
            assert any(b"Re: [install codes] what can you do" in subject for subject in subjects)
            demo.send_signal(signal.SIGINT)
            assert demo.wait(20) == 0
        finally:
            demo.kill()


def _ask_for_help(imap_port: int, smtp_port: int) -> list[bytes]:
    """Send HELP as ann's mail program would, on today's date; the subjects in her mailbox once there is one more."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = company.ANN, company.OURS, "what can you do"
    message["Date"], message["Message-ID"] = format_datetime(datetime.now(UTC)), "<help@northwind.test>"  # noqa: TID251  # a person's program
    message.set_content("HELP\n")
    with IMAPClient("127.0.0.1", imap_port, ssl=False, timeout=20) as box:
        box.login(company.ANN, company.PASSWORD)
        box.select_folder("INBOX")
        box.idle()
        asyncio.run(
            aiosmtplib.send(
                message,
                hostname="127.0.0.1",
                port=smtp_port,
                username=company.ANN,
                password=company.PASSWORD,
                start_tls=False,
            )
        )
        assert box.idle_check(timeout=20)
        box.idle_done()
        fetched = box.fetch(box.search(), ["BODY.PEEK[HEADER.FIELDS (SUBJECT)]"])
    return [bytes(data[b"BODY[HEADER.FIELDS (SUBJECT)]"]) for data in fetched.values()]
