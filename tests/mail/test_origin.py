"""Marks, signatures, dates and addresses that go with a sender."""

from datetime import UTC, datetime

import pytest

from daemon.mail import headers
from daemon.mail.message import Mark, MarkedKind, Origin
from daemon.mail.sender.origin import Trust, read_origin


def origin(head: str) -> Origin:
    """The origin by these fields."""
    return read_origin(headers.fields(head.encode()), Trust(authserv_id="mx.ours.example"))


@pytest.mark.parametrize(
    ("head", "mark"),
    [
        ("Install-Code-Message: request; version=1\nInstall-Code-Reference: ic-0abc1234\n", Mark(MarkedKind.REQUEST, "IC-0ABC1234")),
        ("Install-Code-Message: Answer;version = 1\n", Mark(MarkedKind.ANSWER, None)),
        ("Install-Code-Message: chase; version=1\nInstall-Code-Reference: IC-0ABC123U\n", Mark(MarkedKind.CHASE, None)),
        ("Install-Code-Message: request; version=2\n", None),
        ("Install-Code-Message: order; version=1\n", None),
        ("Install-Code-Reference: IC-0ABC1234\n", None),
    ],
)  # fmt: skip
def test_marks_of_another_copy(head, mark):
    """A mark is read where kind and version are ours; a reference that is none is left out."""
    assert origin(head).mark == mark


def test_a_dkim_signature_is_read_not_verified():
    """Domain, signature, signed fields, `l=` and `x=` of each signature, at most ten."""
    head = (
        "DKIM-Signature: v=1; a=rsa-sha256; d=Listed.example; s=s1; l=120; x=1781000000;\n"
        " h=From:To:\n  Subject; bh=abc=; b=AbC\n  dEg==\n"
    )
    (signature,) = origin(head).signatures
    assert signature.domain == "listed.example"
    assert signature.signature == "AbCdEg=="
    assert signature.signed == ("from", "to", "subject")
    assert signature.body_length
    assert signature.expires == datetime(2026, 6, 9, 10, 13, 20, tzinfo=UTC)
    assert len(origin("DKIM-Signature: d=a.example; b=x\n" * 40).signatures) == 10


@pytest.mark.parametrize("tags", ["", "=;=;", "d=;b", "x=99999999999999", "x=-1", "h=::", "d=(("])
def test_a_broken_signature_is_an_empty_one(tags):
    """A signature of any shape is read without raising, and without a date where there is none."""
    (signature,) = origin(f"DKIM-Signature: {tags}\n").signatures
    assert (signature.domain, signature.expires) == ("", None)


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("Mon, 8 Jun 2026 09:12:41 +0100", datetime(2026, 6, 8, 8, 12, 41, tzinfo=UTC)),
        ("8 Jun 2026 09:12 GMT", datetime(2026, 6, 8, 9, 12, tzinfo=UTC)),
        ("Mon, 8 Jun 2026 09:12:41 -0000", datetime(2026, 6, 8, 9, 12, 41, tzinfo=UTC)),
        ("yesterday", None),
        ("Mon, 99 Jun 2026 09:12:41 +0100", None),
        ("Mon, 8 Jun 9999 23:59:59 -9959", None),
        ("1 " * 5000, None),
    ],
)
def test_dates(value, date):
    """A date becomes UTC; what is none is None."""
    assert origin(f"Date: {value}\n").date == date


def test_row_22_a_reply_to_is_only_noted():
    """Row 22: Reply-To is read beside the sender, never in its place."""
    read = origin("From: ann@listed.example\nReply-To: Eve <eve@evil.example>\nTo: a@x.example\nCc: b@x.example\n")
    assert (read.sender, read.reply_to, read.to) == (
        "ann@listed.example",
        "eve@evil.example",
        ("a@x.example", "b@x.example"),
    )
