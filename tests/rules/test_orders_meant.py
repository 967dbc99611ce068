"""What our team means to stop or start, and says in other words than an order's, or in the subject: never silence.

Today is Monday, 8 June 2026, as in `test_commands`.
"""

import pytest

from daemon.mail.parse import parse
from daemon.rules.commands import meant, order_rows
from daemon.rules.commands.orders import Approve, Contacts, Incident, Inventory, Pause, Request, Status
from daemon.rules.sense.forms import plain
from daemon.rules.wording import specimens, write
from tests.letters import our_words
from tests.rules.test_commands import (
    DEVICE,
    DISCLAIMER,
    GSME,
    NAMES,
    REF,
    SILENCE,
    TRUST,
    Effect,
    Fault,
    Near,
    check,
    raw,
    read,
    row,
)  # fmt: skip

PAUSED: list[tuple[str, str, Effect]] = [
    ("PAUSE codes", "", (Pause("codes"),)),
    ("PAUSE", "see subject", (Pause(),)),
    ("PAUSE NOW!", "As per subject.\n\nThanks\nJo", (Pause(),)),
    ("PAUSE Northern Energy", "Jo Smith\nOperations Analyst | Our Company", (Pause("Northern Energy"),)),
    ("PAUSE", DISCLAIMER, (Pause(),)),
    ("PAUSE", "Sent from my iPhone", (Pause(),)),
    ("INCIDENT NORT", "", (Incident("NORT"),)),
    ("STATUS", "", (Status(),)),
    ("CONTACTS", "", (Contacts(),)),
    ("INVENTORY", "Regards\nJo", (Inventory(),)),
    ("REQUEST", f"{DEVICE} NORT\n{GSME} Brightspark\n", (Request(rows=(row(1, DEVICE, "NORT"), row(2, GSME, "Brightspark"))),)),
    ("REQUEST NOW", "", (Request(now=True),)),
    ("PAUSE codes", "STATUS", (Status(), Fault("begin the text with PAUSE codes"))),
    ("Stop the codes", "PAUSE", (Pause(),)),
    ("STATUS", "PAUSE", (Pause(),)),
    # not obeyed: its writer is told so
    ("pause codes", "", Near("PAUSE codes")),
    ("Stop", "", Near("PAUSE")),
    ("STOP", "Northern Energy has been phished, more in a minute", Near("PAUSE")),
    ("URGENT: PAUSE codes", "", Near("PAUSE codes")),
    ("PAUSE codes", "Jim is on it.", Near("PAUSE codes")),
    ("INCIDENT", "Northern Energy has lost its mailbox", Near("INCIDENT")),
    ("REQUEST", "Hi,\n\nhere they are\n\nThanks", Near("REQUEST")),
    ("RESUME codes", "", Near("RESUME codes")),
    (f"APPROVE {REF}", "", Near(f"APPROVE {REF}")),
    (f"APPROVE {REF}", "Looking into it\n", Near(f"APPROVE {REF}")),
    (f"CHASE {REF}", "", Near(f"CHASE {REF}")),
    # people's mail
    ("REQUEST FOR LEAVE", "Please see the form", SILENCE),
    ("INCIDENT AT THE DEPOT", "Pictures below", SILENCE),
    ("REPORT", "The figures of May are on the share", SILENCE),
    ("Stop press", "The canteen is closed", SILENCE),
    ("Fwd: PAUSE codes", "", SILENCE),
    ("RE: STOP", "Yes", SILENCE),
    ("Hold music", "", SILENCE),
]  # fmt: skip


@pytest.mark.parametrize(("subject", "text", "expected"), PAUSED, ids=[f"{s} | {t[:30]!r}" for s, t, _ in PAUSED])
def test_an_order_in_the_subject_of_a_new_mail(subject, text, expected):
    """Over an empty text what shows, stops or asks is obeyed; over any other its writer hears that nothing was done."""
    check(read(raw(text, subject=subject)), expected)


@pytest.mark.parametrize("verb", ["CONTACTS", "INVENTORY", "ADOPT"])
def test_a_sheet_sent_with_kind_words_is_not_passed_over(verb):
    """The order stands in the subject, in capitals: its writer hears that the text must begin with it."""
    sheet = (("new.csv", "csv", f"device_id,losing_supplier\n{DEVICE},NORT\n"),)
    check(read(raw("Please find attached the new one.\n\nJo", subject=verb, attached=sheet)), Near(verb))
    check(read(raw("Please find attached the new one.\n\nJo", subject=verb)), SILENCE)
    check(read(raw("Please find attached the new one.\n\nJo", subject=verb.title(), attached=sheet)), SILENCE)


def test_a_request_in_the_subject_takes_its_sheet():
    """Nothing in the text, and the sheet beside it."""
    sheet = (("orders.csv", "csv", f"device_id,losing_supplier\n{DEVICE},NORT\n"),)
    check(read(raw("", subject="REQUEST NOW", attached=sheet)), (Request(now=True),))
    check(read(raw("", subject="Request", attached=sheet)), Near("REQUEST"))
    check(read(raw("Please request the attached", attached=sheet)), Near("REQUEST"))


CELLS = f"<table><tr><td>{DEVICE}</td><td>NORT</td></tr><tr><td>{GSME}</td><td>Brightspark</td></tr></table>"


@pytest.mark.parametrize(
    "content",
    [
        raw(html=f"<p>REQUEST</p>{CELLS}<p>Thanks<br>Jo</p>"),
        raw(html=CELLS, subject="REQUEST"),
        raw(f"REQUEST\n\n{DEVICE}\n\nNORT\n\n{GSME}\n\nBrightspark\n\n", html=f"<p>REQUEST</p>{CELLS}"),
        raw(f"REQUEST\n{DEVICE}\nNORT\n{GSME}\nBrightspark\n", html=f"<p>REQUEST</p>{CELLS}"),
        raw(f"REQUEST\n\n{DEVICE}\tNORT\n\n{GSME}\tBrightspark\n", html=f"<p>REQUEST</p>{CELLS}"),
    ],
)
def test_a_request_takes_the_table_pasted_below_it(content):
    """Whatever a mail program made of it in the text part: each row of the table, once."""
    (line,) = read(content).lines
    assert isinstance(line.order, Request)
    rows = order_rows.with_pasted(line.order.rows, parse(content, TRUST).tables)
    assert [(one.device, one.losing) for one in rows] == [(DEVICE, "NORT"), (GSME, "Brightspark")]


MEANT: list[tuple[str, str]] = [
    ("STOP", "PAUSE"),
    ("stop", "PAUSE"),
    ("Please stop!", "PAUSE"),
    ("STOP STOP STOP", "PAUSE"),
    ("HOLD everything", "PAUSE"),
    ("Emergency stop", "PAUSE"),
    ("shut it down", "PAUSE"),
    ("Please PAUSE Northern Energy", "PAUSE Northern Energy"),
    ("URGENT: PAUSE everything", "PAUSE"),
    ("Team, PAUSE codes", "PAUSE codes"),
    ("Hi bot please pause the codes", "PAUSE codes"),
    ("puase codes", "PAUSE codes"),
    ("pause northern energy immediately, phishing suspected", "PAUSE Northern Energy"),
    ("Stop sending codes to Northern!", "PAUSE Northern Energy"),
    ("Stop sending codes to everyone!", "PAUSE codes"),
    ("Stop letting Northern Energy have our codes", "PAUSE Northern Energy"),
    ("Can you please stop NORT", "PAUSE NORT"),
    ("freeze brightspark", "PAUSE Brightspark"),
    ("Do not send anything to Northern Energy", "PAUSE Northern Energy"),
    ("Don’t release any codes", "PAUSE codes"),
    ("No more codes please", "PAUSE codes"),
    ("Nothing goes to Northern Energy from now on", "PAUSE Northern Energy"),
    ("Put Northern Energy on hold please", "PAUSE Northern Energy"),
    ("All codes must be stopped now", "PAUSE codes"),
    ("We need to stop the codes", "PAUSE codes"),
    ("Hi,\nNorthern have been hacked. Please\nstop all codes until further notice.\nJo", "PAUSE codes"),
    ("Hi all,\n\nthis is bad.\n\nPAUSE\n\nJo", "PAUSE"),
    ("There was an attack.\n\nIncident at Northern Energy", "INCIDENT Northern Energy"),
    ("UNPAUSE", "RESUME"),
    ("Please release the codes", "RESUME codes"),
    (f"RELEASE {REF}", f"APPROVE {REF}"),
    ("CANCEL", "WITHDRAW"),
    (f"Please cancel {DEVICE}", "WITHDRAW"),
    (f"Please order the codes below\n{DEVICE} NORT", "REQUEST"),
    (f"Hi,\n\nplease see below.\n\nREQUEST\n{DEVICE} NORT", "REQUEST"),
    (f"{DEVICE} NORT", "REQUEST"),
    ("CONTACT", "CONTACTS"),
    ("what is the status?", "STATUS"),
    (f"What’s the status of {REF}?", f"STATUS {REF}"),
]


@pytest.mark.parametrize(("text", "line"), MEANT, ids=[text[:60] for text, _ in MEANT])
def test_what_would_stop_or_start_something_is_never_met_with_silence(text, line):
    """What cannot be obeyed gets the line that would work."""
    check(read(raw(text)), Near(line))


BESIDE: list[tuple[str, Effect]] = [
    ("STATUS\n\nPlease stop all codes", (Status(), Fault("begin the text with PAUSE codes"))),
    (f"APPROVE {REF}\n\nBut hold the codes for Northern Energy.", (Approve(REF), Fault("PAUSE Northern Energy"))),
    ("PAUSE codes\n\nPlease stop all codes to Northern Energy", (Pause("codes"),)),
    (f"APPROVE {REF}\n\nHold on with the rest, I will look at it.", (Approve(REF),)),
    (f"APPROVE {REF}\n\nThanks\nStop all codes", (Approve(REF),)),
]


@pytest.mark.parametrize(("text", "expected"), BESIDE)
def test_words_beside_an_order_that_would_stop_letters(text, expected):
    """Nothing is done before it is clear what is meant; where a pause is ordered, that is clear."""
    check(read(raw(text)), expected)


@pytest.mark.parametrize(
    "text",
    [
        "Hold on, I am looking",
        "Hold the line please",
        "Stop by my desk when you are in",
        "Please stop sending me these newsletters",
        "Release notes attached",
        "Cancel the meeting on Friday",
        "Order pizza for everybody",
        "Start without me",
        "Hold all the meetings of today",
        "Nothing.",
        "Nothing to add",
        "Jim stopped everything yesterday",
        "They want us to stop all codes",
        "We paused Northern Energy yesterday",
        "I will be on hold with Northern Energy until noon",
        "Can you stop by?\n\nJim has the codes",
        "Contact",
        "What is the status of the van?",
        "Jim,\n\nwhat is the status? Ann waits for the invoice.",
        "Please continue\n\nwith the list of Monday",
        f"Do you know {DEVICE}?",
    ],
)
def test_people_go_on_writing_to_each_other(text):
    """The same words in people's mail are none of ours."""
    check(read(raw(text)), SILENCE)


def test_no_letter_of_ours_reads_as_an_order_to_stop():
    """A letter quoted without a mark gets its reader no help that they did not want."""
    texts = (write(plan, specimens.codes(plan), our_words()).text for plan in specimens.LETTERS)
    said = (one for text in texts for part in plain(text).split("\n\n") for one in meant.sentences(part))
    assert [one for one in said if meant.meant_to_stop(one, NAMES)] == []
