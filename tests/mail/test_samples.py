"""Mail as people and systems write it, each beside the reading that a person would expect of it."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from daemon.mail.message import IncomingMail
from daemon.mail.parse import parse
from daemon.mail.sender.origin import Trust

SAMPLES = Path(__file__).parent / "samples"
OURS = Trust(authserv_id="mx.ours.example")
NAMES = sorted(path.stem for path in SAMPLES.glob("*.eml"))
TEXTS = {"new": "new_text", "quoted": "quoted_text", "signature": "signature_text", "forwarded": "forwarded_text"}


def read_as(mail: IncomingMail) -> dict[str, Any]:
    """A mail in the terms of the expectations."""
    origin, mark = mail.origin, mail.origin.mark
    return {
        "sender": origin.sender,
        "display_name": origin.display_name,
        "evidence": origin.evidence.name,
        "machine": origin.machine.value if origin.machine else None,
        "mark": mark.kind.value if mark else None,
        "reference": mark.reference if mark else None,
        "subject": mail.subject,
        "in_reply_to": list(mail.in_reply_to),
        "new_text": mail.new_text,
        "quoted_text": mail.quoted_text,
        "signature_text": mail.signature_text,
        "forwarded_text": mail.forwarded_text,
        "defects": list(mail.defects),
        "complete": mail.complete,
        "links_to_protected": mail.links_to_protected,
    }


def test_every_sample_has_its_expectation():
    """No sample stands without the reading that is expected of it, and none of the two is an orphan."""
    assert NAMES
    assert sorted(path.stem for path in SAMPLES.glob("*.toml")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_sample(name):
    """A sample reads as its expectation says; a mail is a person's, and whole, unless it says otherwise."""
    wanted = {"machine": None, "defects": []} | tomllib.loads((SAMPLES / f"{name}.toml").read_text("utf-8"))
    mail = parse((SAMPLES / f"{name}.eml").read_bytes(), OURS)
    read = read_as(mail)

    for kind, field in TEXTS.items():
        assert [part for part in wanted.pop(f"{kind}_has", []) if part not in read[field]] == []
        assert [part for part in wanted.pop(f"{kind}_lacks", []) if part in read[field]] == []
    tables = [{"first_line": 1} | table for table in wanted.pop("tables", [])]
    assert [
        {"source": t.source.value, "name": t.name, "rows": list(map(list, t.rows)), "first_line": t.first_line}
        for t in mail.tables
    ] == tables
    attachments = [{"why": ""} | file for file in wanted.pop("attachments", [])]
    assert [{"name": a.name, "reading": a.reading.value, "why": a.why} for a in mail.attachments] == attachments
    plain = {key: value for key, value in wanted.items() if key != "about"}
    assert {key: read[key] for key in plain} == plain
