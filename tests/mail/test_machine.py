"""Mail that no person wrote, and people who only look like machines."""

import pytest

from daemon.mail import headers
from daemon.mail.message import Machine
from daemon.mail.sender.machine import machine_of, machine_of_part


def kind_of(head: str) -> Machine | None:
    """Which machine a header block is by."""
    fields = headers.fields(head.encode())
    subject = headers.decoded(headers.first(fields, "subject"))
    found = machine_of(fields, headers.first(fields, "content-type"), headers.first(fields, "from"), subject)
    return found[0] if found else None


ANN = "From: Ann <ann@listed.example>\nReturn-Path: <ann@listed.example>\n"


@pytest.mark.parametrize(
    ("head", "machine"),
    [
        ('Content-Type: multipart/report; report-type="delivery-status"; boundary=x\n', Machine.BOUNCE),
        ("Content-Type: multipart/report;\n\tboundary=x;\n\tREPORT-TYPE=disposition-notification\n", Machine.RECEIPT),
        ("Content-Type: multipart/report; report-type=feedback-report\n", Machine.ROBOT),
        ("Content-Type: multipart/report\n", Machine.BOUNCE),
        ("Content-Type: message/delivery-status\n", Machine.BOUNCE),
        ("Auto-Submitted: auto-replied\n", Machine.AUTO_REPLY),
        ("Auto-Submitted: auto-replied (vacation)\n", Machine.AUTO_REPLY),
        ("Auto-Submitted: auto-generated; owner-email=a@b\n", Machine.ROBOT),
        ("Auto-Submitted: auto-notified\n", Machine.ROBOT),
        ("Auto-Submitted: auto-generated\nSubject: Automatic reply: codes\n", Machine.AUTO_REPLY),
        ("X-Failed-Recipients: a@b.example\n", Machine.BOUNCE),
        ("X-Autoreply: yes\n", Machine.AUTO_REPLY),
        ("X-Autorespond: x\n", Machine.AUTO_REPLY),
        ("X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent\n", Machine.AUTO_REPLY),
        ("Precedence: auto_reply\n", Machine.AUTO_REPLY),
        ("Precedence: junk\n", Machine.AUTO_REPLY),
        ("Subject: Automatic reply: Install codes\n", Machine.AUTO_REPLY),
        ("Subject: Automatische Antwort: Install codes\n", Machine.AUTO_REPLY),
        ("Subject: =?utf-8?q?R=C3=A9ponse_automatique?= : codes\n", Machine.AUTO_REPLY),
        ("Subject: Out of Office: Install codes\n", Machine.AUTO_REPLY),
        ("Subject: Out of office until Monday\n", Machine.AUTO_REPLY),
        ("Subject: I am on annual leave\n", Machine.AUTO_REPLY),
        ("Subject: Undeliverable: Install codes\n", Machine.BOUNCE),
        ("Subject: Delivery Status Notification (Failure)\n", Machine.BOUNCE),
        ("Subject: Returned mail: see transcript for details\n", Machine.BOUNCE),
        ("Subject: failure notice\n", Machine.BOUNCE),
        ("Subject: Read: Install codes\n", Machine.RECEIPT),
    ],
)
def test_machines_behind_a_persons_address(head, machine):
    """RFC marks, vendors' headers and the beginnings of subjects give a machine away, whoever's address it bears."""
    assert kind_of(ANN + head) is machine


@pytest.mark.parametrize(
    "head",
    [
        "From: MAILER-DAEMON@mx.example\n",
        "From: Mail Delivery System <bounce-7@mx.example>\n",
        "From: Postmaster <postmaster@mx.example>\n",
        "Return-Path: <>\nFrom: ann@listed.example\n",
        "Return-Path: < >\nFrom: ann@listed.example\n",
    ],
)
def test_mail_systems_and_empty_return_paths(head):
    """A mail system's address or the empty reverse path make it a bounce."""
    assert kind_of(head) is Machine.BOUNCE


@pytest.mark.parametrize(
    "head",
    [
        "Subject: RE: Automatic reply: Install codes\n",
        "Subject: Re: Priya is out of the office\n",
        "Subject: Out of office codes for site 12\n",
        "Subject: FW: Undeliverable: Install codes\n",
        "Subject: Auto trader meter\n",
        "Subject: Reading: meters\n",
        "Subject: Warning: meters not commissioned\n",
        "Auto-Submitted: no\n",
        "Precedence: bulk\nList-Id: <ops.listed.example>\nList-Unsubscribe: <mailto:x@y.example>\n",
        "Precedence: list\n",
        "X-Auto-Response-Suppress: All\n",
        "Content-Type: multipart/mixed; boundary=report-type\n",
    ],
)
def test_people_stay_people(head):
    """A person who answers below an automatic reply, or writes through a list, is no machine."""
    assert kind_of(ANN + head) is None


def test_a_part_gives_it_away():
    """A report part means a machine in whatever it is wrapped; a mail attached whole does not."""
    assert machine_of_part("message/delivery-status") == (Machine.BOUNCE, "a part of type message/delivery-status")
    assert machine_of_part("message/rfc822") is None
    assert machine_of_part("text/plain") is None
