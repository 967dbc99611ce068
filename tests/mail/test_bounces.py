"""What mail systems report, in their own shapes: Postfix, Exim, Exchange, Google, qmail, Sendmail and plain words."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from daemon.mail.bounces import MAX_DIAGNOSTIC, MAX_RECIPIENTS
from daemon.mail.message import Bounce, BouncedRecipient, Delivery, IncomingMail, Machine
from daemon.mail.parse import parse
from daemon.mail.sender.authres import Trust

OURS = Trust(authserv_id="mx.north.example")
JSON = TypeAdapter(IncomingMail)
US, TO = "codes@north.example", "mp121@south.example"
NAME = "mzxw6ytboi2dgnbrgqztinjwg44dsmbr@north.example"
ID = f"<{NAME}>"
HEADERS = f"""\
Received: from north.example (north.example [192.0.2.1]) by mx.south.example; Mon, 8 Jun 2026 09:30:00 +0000
From: North Energy <{US}>
To: {TO}
Subject: Install codes
Message-ID: {ID}
Date: Mon, 8 Jun 2026 09:30:00 +0000
In-Reply-To: <older@south.example>
"""
LETTER = f"{HEADERS}Content-Type: text/plain; charset=utf-8\n\nPlease find the install code below.\n"

POSTFIX = f"""\
Return-Path: <>
From: MAILER-DAEMON@mx.south.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {US}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B1/mx"
Message-Id: <20260608093001.1@mx.south.example>

This is a MIME-encapsulated message.

--B1/mx
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.south.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<{TO}>: host mail.south.example[192.0.2.9] said: 550 5.1.1
    <{TO}>: Recipient address rejected: User unknown (in reply to RCPT TO command)

--B1/mx
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.south.example
Original-Envelope-Id: {NAME}
X-Postfix-Queue-ID: 4XYZ
X-Postfix-Sender: rfc822; {US}
Arrival-Date: Mon,  8 Jun 2026 09:30:00 +0000 (UTC)

Final-Recipient: rfc822; {TO}
Original-Recipient: rfc822;{TO}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mail.south.example
Diagnostic-Code: smtp; 550 5.1.1 <{TO}>: Recipient address
    rejected: User unknown

--B1/mx
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

{HEADERS}
--B1/mx--
"""
POSTFIX_DELAY = (
    POSTFIX.replace("Undelivered Mail Returned to Sender", "Delayed Mail (still being retried)")
    .replace("Action: failed\nStatus: 5.1.1", "Action: delayed\nStatus: 4.4.1")
    .replace("smtp; 550 5.1.1 <", "X-Postfix; connect to mail.south.example[192.0.2.9]:25: timed out <")
)
POSTFIX_DELIVERED = (
    POSTFIX.replace("Undelivered Mail Returned to Sender", "Successful Mail Delivery Report")
    .replace("Action: failed\nStatus: 5.1.1", "Action: delivered\nStatus: 2.0.0")
    .replace("smtp; 550 5.1.1 <", "x; delivered to mailbox <")
)
EXIM = f"""\
Return-path: <>
Received: from Debian-exim by mx.south.example with local id 1abc; Mon, 08 Jun 2026 09:30:01 +0000
X-Failed-Recipients: {TO}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.south.example>
To: {US}
References: {ID}
Content-Type: multipart/report; report-type=delivery-status; boundary=1780911001-eximdsn-5
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender

--1780911001-eximdsn-5
Content-type: text/plain; charset=us-ascii

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {TO}
    host mail.south.example [192.0.2.9]
    SMTP error from remote mail server after RCPT TO:<{TO}>:
    550 No such user here

--1780911001-eximdsn-5
Content-type: message/delivery-status

Reporting-MTA: dns; mx.south.example

Action: failed
Final-Recipient: rfc822;{TO}
Status: 5.0.0
Remote-MTA: dns; mail.south.example
Diagnostic-Code: smtp; 550 No such user here

--1780911001-eximdsn-5
Content-type: message/rfc822

{LETTER}
--1780911001-eximdsn-5--
"""
EXIM_TEXT = f"""\
Return-path: <>
X-Failed-Recipients: {TO}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.south.example>
To: {US}
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {TO}
    SMTP error from remote mail server after RCPT TO:<{TO}>:
    host mail.south.example [192.0.2.9]: 550 No such user here

------ This is a copy of the message, including all the headers. ------

Return-path: <{US}>
{LETTER}
"""
EXIM_WARNING = f"""\
Return-path: <>
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.south.example>
To: {US}
References: {ID}
Subject: Warning: message 1abc-000 delayed 24 hours

This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on mx.south.example.

The message identifier is:     1abc-000
The subject of the message is: Install codes
The address to which the message has not yet been delivered is:

  {TO}
    Delay reason: mailbox is locked

No action is required on your part. Delivery attempts will continue for
some time, and this warning may be repeated at intervals.
"""
EXCHANGE = f"""\
Return-Path: <>
From: <postmaster@southpower.onmicrosoft.example>
To: <{US}>
Date: Mon, 8 Jun 2026 09:30:02 +0000
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="28db3a5e-7b15"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: en-GB
Message-ID: <b1e3@XYZ.eurprd01.prod.exchange.example>
In-Reply-To: {ID}
References: {ID}
Auto-Submitted: auto-replied
Subject: Undeliverable: Install codes
MIME-Version: 1.0

--28db3a5e-7b15
Content-Type: multipart/alternative; differences=Content-Type; boundary="c2"

--c2
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Your message to {TO.replace("=", "=3D")} couldn't be delivered.
mp121 wasn't found at south.example.

Original Message Details
Message ID: {ID}

Error: 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup

--c2
Content-Type: text/html; charset="us-ascii"

<html><body><p>Your message to {TO} couldn't be delivered.</p></body></html>
--c2--

--28db3a5e-7b15
Content-Type: message/delivery-status

Reporting-MTA: dns;VI1.eurprd01.prod.exchange.example
Received-From-MTA: dns;mail.north.example
Arrival-Date: Mon, 8 Jun 2026 09:30:00 +0000

Final-Recipient: rfc822;{TO.upper()}
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup

--28db3a5e-7b15
Content-Type: message/rfc822

{HEADERS}Content-Type: multipart/alternative; boundary="of-ours"
MIME-Version: 1.0

--28db3a5e-7b15--
"""
GOOGLE = f"""\
Return-Path: <>
To: {US}
From: Mail Delivery Subsystem <mailer-daemon@googlemail.example>
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
References: {ID}
In-Reply-To: {ID}
X-Failed-Recipients: {TO}
Message-ID: <6845.mail@google.example>
Date: Mon, 08 Jun 2026 02:30:03 -0700 (PDT)
MIME-Version: 1.0
Content-Type: multipart/report; boundary="0000g"; report-type=delivery-status

--0000g
Content-Type: multipart/related; boundary="0000r"

--0000r
Content-Type: text/plain; charset="UTF-8"

** Address not found **

Your message wasn't delivered to {TO} because the address couldn't be found.

The response from the remote server was:
550 5.1.1 The email account that you tried to reach does not exist.

--0000r
Content-Type: image/png; name="icon.png"
Content-Disposition: attachment; filename="icon.png"
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--0000r--

--0000g
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.example
Received-From-MTA: dns; {US}
Arrival-Date: Mon, 08 Jun 2026 02:30:02 -0700 (PDT)
X-Original-Message-ID: {ID}

Final-Recipient: rfc822; {TO}
Action: failed
Status: 5.1.1
Remote-MTA: dns; aspmx.google.example. (192.0.2.8, the server for the domain south.example.)
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try
 550-5.1.1 double-checking the recipient's email address for typos
Last-Attempt-Date: Mon, 08 Jun 2026 02:30:03 -0700 (PDT)

--0000g
Content-Type: message/rfc822

{LETTER}
--0000g--
"""
QMAIL = f"""\
Return-Path: <>
Received: (qmail 4711 invoked for bounce); 8 Jun 2026 09:30:04 -0000
Date: 8 Jun 2026 09:30:04 -0000
From: MAILER-DAEMON@mx.south.example
To: {US}
Subject: failure notice

Hi. This is the qmail-send program at mx.south.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{TO}>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <{US}>
{LETTER}
"""
SENDMAIL = f"""\
Return-Path: <>
From: Mail Delivery Subsystem <MAILER-DAEMON@mx.south.example>
To: <{US}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="x589U4/mx"
Content-Transfer-Encoding: 8bit
Subject: Returned mail: see transcript for details
Auto-Submitted: auto-generated (failure)

This is a MIME-encapsulated message

--x589U4/mx

The original message was received at Mon, 8 Jun 2026 09:30:00 GMT

   ----- The following addresses had permanent fatal errors -----
<{TO}>
    (reason: 550 5.7.1 Mail from you is not wanted here)

--x589U4/mx
Content-Type: message/delivery-status

Original-Envelope-Id: {NAME.replace("@", "+40")}
Reporting-MTA: dns; mx.south.example
Arrival-Date: Mon, 8 Jun 2026 09:30:00 GMT

Original-Recipient: rfc822;{TO}
Final-Recipient: RFC822; front.desk@inner.south.example
X-Actual-Recipient: RFC822; front.desk@inner.south.example
Action: failed
Status: 5.7.1
Diagnostic-Code: SMTP; 550 5.7.1 Mail from you is not wanted here

--x589U4/mx
Content-Type: message/rfc822

{LETTER}
--x589U4/mx--
"""
SENDMAIL_TEXT = f"""\
Return-Path: <>
From: Mail Delivery Subsystem <MAILER-DAEMON@mx.south.example>
To: {US}
Subject: Returned mail: User unknown

The original message was received at Mon, 8 Jun 2026 09:30:00 GMT

   ----- The following addresses had permanent fatal errors -----
<{TO}>

   ----- Transcript of session follows -----
... while talking to mail.south.example.:
>>> RCPT To:<{TO}>
<<< 550 5.1.1 <{TO}>... User unknown

   ----- Original message follows -----
{LETTER}
"""
GERMAN = f"""\
Return-Path: <>
From: Postmaster <postmaster@sued.example>
To: {US}
Subject: Unzustellbar: Install codes

Ihre Nachricht konnte nicht zugestellt werden an: {TO}
Grund: Postfach voll

-----Ursprüngliche Nachricht-----
Message-ID: {ID}
"""
HTML = f"""\
Return-Path: <>
From: Mail Administrator <postmaster@south.example>
To: {US}
Subject: Delivery Failure
In-Reply-To: {ID}
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<html><body><p>Delivery failed: the recipient <b>{TO}</b> does not exist (5.1.1).</p></body></html>
"""
FAILED = {
    "postfix": (POSTFIX, "5.1.1", "Recipient address rejected: User unknown"),
    "exim": (EXIM, "5.0.0", "550 No such user here"),
    "exim, text alone": (EXIM_TEXT, "5.0.0", "550 No such user here"),
    "exchange": (EXCHANGE, "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound"),
    "google": (GOOGLE, "5.1.1", "550-5.1.1 The email account"),
    "qmail": (QMAIL, "5.1.1", "no mailbox here by that name. (#5.1.1)"),
    "sendmail": (SENDMAIL, "5.7.1", "Mail from you is not wanted here"),
    "sendmail, text alone": (SENDMAIL_TEXT, "5.1.1", "User unknown"),
    "german": (GERMAN, "5.0.0", "konnte nicht zugestellt"),
    "html alone": (HTML, "5.1.1", "does not exist"),
}
DELAYED = {"postfix": (POSTFIX_DELAY, "4.4.1"), "exim, text alone": (EXIM_WARNING, "4.0.0")}
ENDS = {"CRLF": "\r\n", "LF": "\n", "CR": "\r", "an empty line first": "\n"}


def read(text: str, ends: str = "CRLF") -> Bounce | None:
    """What is reported, out of the bytes as the mailbox has them."""
    first = b"\n" if ends == "an empty line first" else b""
    mail = parse(first + text.replace("\n", ENDS[ends]).encode(), OURS)
    assert JSON.validate_json(JSON.dump_json(mail)) == mail  # it crosses the reader's pipe
    return mail.bounce


def reported(text: str, ends: str = "CRLF") -> Bounce:
    """The same of a mail that reports something."""
    found = read(text, ends)
    assert found is not None
    return found


def about_us(bounce: Bounce) -> BouncedRecipient:
    """What it says of the address that we wrote to."""
    return next(r for r in bounce.recipients if TO in (r.address.lower(), r.original))


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("kind", FAILED)
def test_a_failure_is_read_whatever_system_reports_it(kind: str, ends: str) -> None:
    """The letter, the address, that it failed, the status and the server's words; in every kind of line end."""
    text, status, words = FAILED[kind]
    bounce = reported(text, ends)
    said = about_us(bounce)

    assert (bounce.original_message_id, bounce.from_nobody) == (ID, True)
    assert (said.action, said.status) == (Delivery.FAILED, status)
    assert words in said.diagnostic


@pytest.mark.parametrize("kind", DELAYED)
def test_a_delay_is_no_failure(kind: str) -> None:
    """A warning that they still try."""
    text, status = DELAYED[kind]
    bounce = reported(text)

    assert (bounce.original_message_id, about_us(bounce).action, about_us(bounce).status) == (
        ID, Delivery.DELAYED, status,
    )  # fmt: skip


@pytest.mark.parametrize(("word", "action"), [("relayed", Delivery.RELAYED), ("expanded", Delivery.RELAYED)])
def test_good_news_are_told_apart(word: str, action: Delivery) -> None:
    """Delivered, handed on, sent to all of a list."""
    assert about_us(reported(POSTFIX_DELIVERED)).action is Delivery.DELIVERED
    assert about_us(reported(POSTFIX_DELIVERED.replace("delivered\n", f"{word}\n"))).action is action


def test_the_action_is_the_word_that_counts() -> None:
    """Given up for a temporary cause is given up (RFC 3464 2.3.4); a status speaks where no action is given."""
    expired = POSTFIX.replace("Status: 5.1.1", "Status: 4.4.7")
    assert (about_us(reported(expired)).action, about_us(reported(expired)).status) == (Delivery.FAILED, "4.4.7")
    assert about_us(reported(expired.replace("Action: failed\n", ""))).action is Delivery.DELAYED


def test_the_envelope_id_names_the_letter_where_nothing_came_back() -> None:
    """Our ENVID as it was said, and as some systems leave it encoded (RFC 3461 4)."""
    bare = POSTFIX[: POSTFIX.index("--B1/mx\nContent-Description: Undelivered")] + "--B1/mx--\n"
    assert (reported(bare).original_message_id, reported(bare).envelope_id) == ("", NAME)
    assert reported(bare.replace(NAME, NAME.replace("@", "+40"))).envelope_id == NAME


def test_where_their_system_sent_it_on_is_told_from_where_we_wrote_to() -> None:
    """The address that failed, and the one that we used, stand apart."""
    (said,) = reported(SENDMAIL).recipients
    assert (said.address, said.original) == ("front.desk@inner.south.example", TO)


@pytest.mark.parametrize("kind", ["exim", "google", "sendmail", "exim, text alone", "qmail"])
def test_a_letter_that_came_back_whole_is_known(kind: str) -> None:
    """It may hold codes."""
    assert reported(FAILED[kind][0]).brings_letter


@pytest.mark.parametrize("kind", ["postfix", "exchange"])
def test_headers_alone_are_no_letter(kind: str) -> None:
    """What we ask for (RET=HDRS)."""
    assert not reported(FAILED[kind][0]).brings_letter


@pytest.mark.parametrize("kind", FAILED)
def test_a_return_path_of_somebody_is_seen(kind: str) -> None:
    """The topmost field counts, which our own server wrote; one below it is the writer's own."""
    text = FAILED[kind][0]
    forged = "Return-Path: <eve@evil.example>\n" + text
    assert not reported(forged).from_nobody


def test_without_any_return_path_it_must_read_as_a_report() -> None:
    """A server that writes none is not taken for a forger."""
    assert reported(POSTFIX.replace("Return-Path: <>\n", "")).from_nobody
    assert not reported(EXIM_TEXT.replace("Return-path: <>\n", "")).from_nobody


SILENT = {
    "out of office": "I am on leave. mp121@south.example could not be reached.\n",
    "with our letter below": f"I am out of the office until Monday.\n\n-----Original Message-----\nMessage-ID: {ID}\n",
    "read": "Your message was read on Monday.\n",
}


@pytest.mark.parametrize("kind", SILENT)
def test_an_automatic_reply_reports_nothing(kind: str) -> None:
    """It comes from nobody and names our letter all the same."""
    head = f"Return-Path: <>\nFrom: {TO}\nTo: {US}\nSubject: Automatic reply: Install codes\nAuto-Submitted: auto-replied\n"
    named = "" if "Message-ID" in SILENT[kind] else f"In-Reply-To: {ID}\n"
    assert read(f"{head}{named}\n{SILENT[kind]}") is None


def test_a_person_reports_nothing() -> None:
    """Words of a bounce in a person's mail, be they quoted."""
    head = f"Return-Path: <{TO}>\nFrom: {TO}\nTo: {US}\nSubject: Re: Install codes\nIn-Reply-To: {ID}\n"
    assert read(f"{head}\nYour mail to {TO} could not be delivered: 550 5.1.1 user unknown.\n") is None


def test_a_report_that_names_no_mail_is_none() -> None:
    """Nothing to hold it against."""
    assert read(re.sub(r"Message-ID: <mz.*|Original-Envelope-Id: .*\n|References: .*\n", "", POSTFIX)) is None


def test_a_report_is_known_by_its_part_alone() -> None:
    """Notes and old gateways send it as an ordinary mail with parts."""
    text = POSTFIX.replace("multipart/report; report-type=delivery-status", "multipart/mixed")
    text = text.replace("Auto-Submitted: auto-replied\n", "").replace("Undelivered Mail", "Mail")
    mail = parse(text.encode(), OURS)
    assert (mail.origin.machine, mail.bounce is not None) == (Machine.BOUNCE, True)


def test_what_stands_in_a_report_that_is_handed_on_is_not_reported() -> None:
    """A person who forwards a bounce as an attachment."""
    outer = f"Return-Path: <{TO}>\nFrom: {TO}\nTo: {US}\nSubject: FW: this came\nContent-Type: message/rfc822\n\n"
    assert read(outer + POSTFIX) is None


def test_a_robot_that_hands_a_report_on_reports_nothing() -> None:
    """An automatic reply with somebody's bounce in it."""
    head = f"Return-Path: <>\nFrom: {TO}\nTo: {US}\nSubject: Automatic reply: FW\nAuto-Submitted: auto-replied\n"
    assert read(f"{head}Content-Type: message/rfc822\n\n{POSTFIX}") is None


def test_what_came_back_counts_before_what_is_answered() -> None:
    """Some systems file their report under another mail of the conversation."""
    text = POSTFIX.replace("Auto-Submitted:", "In-Reply-To: <another@north.example>\nAuto-Submitted:", 1)
    assert reported(text).original_message_id == ID


def test_limits() -> None:
    """Ten thousand recipients, and words without end: as many as are kept, as long as is kept, and one line."""
    block = (
        f"\nFinal-Recipient: rfc822; {TO}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; {'x' * 2000}\x07y\n"
    )
    text = POSTFIX.replace(
        "\n--B1/mx\nContent-Description: Undelivered", block * 10_000 + "\n--B1/mx\nContent-Description: U"
    )
    bounce = reported(text, "LF")
    assert len(bounce.recipients) <= MAX_RECIPIENTS
    assert max(len(r.diagnostic) for r in bounce.recipients) <= MAX_DIAGNOSTIC
    assert all(r.diagnostic.isprintable() for r in bounce.recipients)


def test_a_report_is_looked_for_once() -> None:
    """A megabyte of lines that each begin one: the first counts, and the others cost no look of their own."""
    lines = "Content-Type: message/delivery-status\n" * 30_000
    assert read(POSTFIX.replace("This is a MIME-encapsulated message.\n\n", lines), "LF") is None


@settings(max_examples=150)
@given(st.data())
def test_no_damage_to_a_report_raises(data: st.DataObject) -> None:
    """Cut, doubled and overwritten anywhere: it is read as something, and crosses the pipe."""
    raw = bytearray(data.draw(st.sampled_from([text for text, _, _ in FAILED.values()])).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(start, min(len(raw), start + 200)))
        raw[start:end] = data.draw(st.one_of(st.binary(max_size=20), st.just(bytes(raw[start:end]) * 2)))
    mail = parse(bytes(raw), OURS)
    assert JSON.validate_json(JSON.dump_json(mail)) == mail
