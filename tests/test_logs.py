"""The log shows what happened, and no secret, whatever a library or a failure throws at it."""

import io
import json
import logging
import subprocess
import sys

import pytest
import structlog

from daemon import logs

CODE = "83FED3407A939723A5C639B26916D505"


pytestmark = pytest.mark.usefixtures("log_as_before")


def lines(capsys) -> list[dict[str, object]]:
    """What was logged as JSON."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_an_event_is_a_line_of_json(capsys) -> None:
    """Event, level, time in UTC and values; nothing on stdout, which belongs to the commands."""
    logs.configure("json")
    structlog.get_logger().info("settled", mail=12, fate="decided")
    (line,) = lines(capsys)

    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "settled", "level": "info", "mail": 12, "fate": "decided"}


@pytest.mark.parametrize(
    "told",
    [
        CODE,
        CODE.lower(),
        "83FE D340 7A93 9723 A5C6 39B2 6916 D505",
        "83FE-D340-7A93-9723-A5C6-39B2-6916-D505",
        "83:FE:D3:40:7A:93:97:23:A5:C6:39:B2:69:16:D5:05",
        f"{CODE}C3B5",
        f"code {CODE}.",
        {"a": [CODE]},
        ("x", CODE),
        ValueError(CODE),
        "MPAN 2000012345672 here",
        "2000012345672",
        "012345678902000012345672"[3:],
    ],
)
@pytest.mark.parametrize("form", ["json", "console"])
def test_codes_and_supply_numbers_are_masked(capsys, form, told) -> None:
    """Whatever the value they are in, and in the event itself."""
    logs.configure(form)
    structlog.get_logger().warning(f"it says {told}", why=told)
    shown = capsys.readouterr().err

    assert logs.MASK in shown or "\\u2022" in shown
    assert not {"D505", "d505", "D5:05", "2345672"} & {
        part for part in ("D505", "d505", "D5:05", "2345672") if part in shown
    }


@pytest.mark.parametrize("told", ["00-DB-12-34-56-78-90-A0", "IC-0ABCDEFG", "a" * 64, "mx.northwind.test"])
def test_what_is_no_secret_is_shown(capsys, told) -> None:
    """Device IDs, references, hashes and names are what a log is for."""
    logs.configure("json")
    structlog.get_logger().info("seen", what=told)

    assert [line["what"] for line in lines(capsys)] == [told]


@pytest.mark.parametrize("name", ["password", "token", "code", "content"])
def test_values_named_like_secrets_are_masked(capsys, name) -> None:
    """A value is masked for its name alone, nested or not."""
    logs.configure("json")
    structlog.get_logger().info("login", **{name: "hunter2"}, more={name: "hunter2"})

    assert "hunter2" not in capsys.readouterr().err


def test_a_failure_is_its_type_and_place(capsys) -> None:
    """No text and no local of an unexpected failure is logged, ours or a library's."""
    logs.configure("json")
    secret = "hunter2"
    try:
        raise ValueError(f"bad {secret}")
    except ValueError:
        structlog.get_logger().exception("our own fault")
        logging.getLogger("imapclient").exception("a library's fault")
    told = lines(capsys)

    assert [line["failure"] for line in told] == ["ValueError", "ValueError"]
    assert all("test_logs.py" in str(line["place"]) for line in told)
    assert secret not in str(told)


def test_libraries_are_heard_from_warning_upwards(capsys) -> None:
    """A library's debug log prints whole letters; with `quiet` we keep still too."""
    logs.configure("json", quiet=True)
    logging.getLogger("somelibrary.mail").debug("letter")
    logging.getLogger("somelibrary.mail").info("letter")
    logging.getLogger("somelibrary.mail").warning("dropped %s", "x", extra={"letter": "whole"})
    structlog.get_logger().info("ours")

    told = lines(capsys)
    assert [line["event"] for line in told] == ["dropped x"]
    assert "whole" not in str(told)


@pytest.mark.parametrize("trouble", [OSError(28, "no space left"), ValueError("I/O operation on closed file")])
def test_a_line_that_cannot_be_written_stops_no_work(monkeypatch, trouble) -> None:
    """The disk is full, or nobody reads the pipe any more."""

    class Broken(io.StringIO):
        def write(self, _text: str) -> int:
            raise trouble

    monkeypatch.setattr(sys, "stderr", Broken())
    logs.configure("json")
    structlog.get_logger().error("settled", mail=12)


def test_what_nobody_caught_shows_no_value() -> None:
    """The process ends with exit 1 and one line: type and place; core dumps are off and new files are ours alone."""
    program = (
        "import os, resource, threading\n"
        "from daemon import logs\n"
        "logs.harden()\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE), oct(os.umask(0)))\n"
        "def fail(): raise ValueError('hunter2')\n"
        "t = threading.Thread(target=fail); t.start(); t.join()\n"
        "secret = 'hunter2'\n"
        "raise RuntimeError(secret)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stdout == "(0, 0) 0o77\n"
    assert [line.split(" at ")[0] for line in done.stderr.splitlines()] == [
        "unexpected failure: ValueError",
        "unexpected failure: RuntimeError",
    ]
    assert "hunter2" not in done.stderr
