"""What a mail asks for in so many words goes out; of all else that it names, a person reads first."""

import pytest

from daemon.rules.decision import Decision, Fate
from daemon.rules.reasons import Reason
from daemon.rules.sense import plainly
from tests.growth import grows_evenly
from tests.rules.cases import A, B, C
from tests.rules.test_ordinary_mail import ANSWERED, FRESH, HELD, becomes

FORWARDED = """

---------- Forwarded message ---------
From: Field support <field@{domain}>
Date: Mon, 8 Jun 2026 at 08:05
Subject: codes
To: <mp121@northern-energy.example>

Hi, please send the install code for {device}. Thanks.
"""


def codes(decision: Decision) -> list[str]:
    """The devices whose codes go out at once."""
    return [one for plan in decision.plans for one in plan.code_devices]


@pytest.mark.parametrize(
    "text",
    [
        # nobody asks
        f"Customer switching to yourselves on 9 December. Devices {A}, {B}. Please confirm you'll take over from us.",
        f"Thanks for your request. We've looked into {A} and {B} and weren't the installing supplier for either.",
        f"Oh wonderful, another month and you send us codes for {A} which is long scrapped. Keep up the good work.",
        f"Who holds install codes for these? I suspect Southern.\n\n{A}\n{B}",
        f"Please treat my email of 10:14 as not sent.\n\n{A}\n{B}",
        # one is asked for, and another is told of
        f"Please send the code for {A}. It's the same street as {B}, which you sent us in October.",
        f"Code for {A} & {B} please. Actually hold fire on {B}, I think it might be one of Southern's.",
        f"Can you send the code for {A}? And is {B} still waiting on your field team's visit?",
        f"Please let me have the code for the following.\n\n{A}\n\nThe one next door ({B}) turned out to be a SMETS1.",
        # a remark in a list
        f"Install codes for these three please\n\n{A}\n{B} (customer objected - still with you I think?)\n{C}",
        f"pls send\n{A}\n{B} <- nope this gone, tennant moved supplier\n\nthx",
        # one of several
        f"Codes for these please:\n\n{A}\n{B}\n\nWith the exception of the first - we found it in the end.",
        f"Please send codes for {A} and {B}.\n\nThe latter was rejected by CSS this morning.",
        f"Please send install codes for:\n\n{A}\n{B}\n\nMany thanks,\nLucy\n\nPS - just seen the second one cancelled.",
        # under a condition, later, for another, another way
        f"If the customer agrees to stay we will be needing the install code for {A}. They'll tell us on Friday.",
        f"On 14 December we go live for {A} and {B} and will need the install codes then.",
        f"We'll need {A} once the switch is done. Please send codes when you get a moment.",
        f"On behalf of Southern Power please send us the install codes for {A}, we will pass on.",
        f"Please give the codes for {A} to our partner, they're doing the commissioning.",
        f"Please text the install code for {A} to my mobile as I can't get at my emails.",
        f"Do you have whatsapp? Could you send me the install code for {A} there?",
        f"Do you guys want the install codes for {A}? If so let me know.",
        # as an example, or wrongly
        f'Attendees will see a sample mail: "Please supply the install code for {A}". Would someone like to attend?',
        f"Under the new process one would write “install code for {A} please”. What are your thoughts on that?",
        f"Code for {A} please.\n\nOops, wrong one!! its {B}",
        # another's request
        "Any idea what this is about?" + FORWARDED.format(domain="western-metering.example", device=A),
    ],
)
def test_what_is_not_asked_for_plainly_is_read_by_a_person(text: str) -> None:
    """No code before that, not even of what is asked for plainly beside it: the two must be told apart."""
    decision = becomes(text, FRESH, subject="Meters")
    assert (decision.fate, decision.reason, codes(decision)) == (Fate.HELD, Reason.NO_PLAIN_REQUEST, [])


@pytest.mark.parametrize(
    ("text", "coded"),
    [
        (f"{A}\n{B}", [A, B]),
        (f"Could I trouble you for the code for {A}?", [A]),
        (f"I'm trying to get hold of the install code for {A}. Are you the right people to ask?", [A]),
        (f"He'll need the install code for {A} by then, can you oblige?", [A]),
        (f"Seven this week:\n\n{A}\n{B}\n\nHave a good weekend when it comes!", [A, B]),
        (f"Is it possible to get the code of {A}?", [A]),
        (f"Our engineer is stuck without the code for {A}. Help!", [A]),
        (f"We would need the install code for device {A} in order to pair the IHD.", [A]),
        (f"Good day, we wish to obtain the installation code for {A}.", [A]),
        (f"I am writing to ask for the install code of {A}, installed by yourselves in 2021.", [A]),
        (f"Pursuant to our obligations we ask that you disclose the installation code of {A}.", [A]),
        (f"Can somebody send me {A}'s install code", [A]),
        (f"hi\ncodes pls for\n{A}\n{B}\nta", [A, B]),
        (f"We've got {A} and {B} and nobody here has the codes. If you were the installer please send them.", [A, B]),
        (f"Our attempt for {A} failed because we do not have the install codes. Please send these across.", [A]),
        (f"Any chance of the code? The device ID is {A}.", [A]),
        (f"Device GUID {A}\nRequested by: Northern Energy\nRole: Gaining Supplier\nInfo required: Install Code", [A]),
        (f"Codes please.\n\nDevice | Fuel | Status\n{A} | E | Pending\n{B} | G | Whitelisted", [A, B]),
        (f"Install codes please:\n1) ESME {A} - gained 3/11\n2) GSME {B} - gained 7/11", [A, B]),
        (f"Could you send codes for {A} and {B}? Should you not hold one of them, please tell us.", [A, B]),
        (f"Please send the code for {A}.\n\nThanks\nAnn\n\nPS please copy in Lee.", [A]),
        (f"{A} is not on our HAN yet and never commissioned.", [A]),
        ("See below, please help." + FORWARDED.format(domain="northern-energy.example", device=A), [A]),
        ("See below, please help." + FORWARDED.format(domain="field.northern-energy.example", device=A), [A]),
    ],
)
def test_what_is_asked_for_plainly_is_answered(text: str, coded: list[str]) -> None:
    """However briefly, and whatever is told beside it."""
    decision = becomes(text, FRESH, subject="Meters")
    assert (decision.fate, codes(decision)) == (Fate.DECIDED, coded)


def test_what_is_left_out_by_its_device_id_leaves_the_rest_plain() -> None:
    """Its clause is understood: what else the mail says is read without it."""
    assert codes(becomes(f"Please don't send {B} again, only {A}.", FRESH)) == [A]


@pytest.mark.parametrize(
    ("text", "coded"),
    [("Please resend both codes.", [A, B]), ("Please resend the codes, except the second one.", [])],
)
def test_a_chase_that_means_a_part_is_read_by_a_person(text: str, coded: list[str]) -> None:
    """It names no device, and its thread holds several."""
    decision = becomes(text, ANSWERED)
    assert (decision.fate, codes(decision)) == (Fate.DECIDED if coded else Fate.HELD, coded)


def test_a_doubt_of_what_waits_holds_it() -> None:
    """What is still to go out on the thread waits for a person, too."""
    decision = becomes(f"{A} may belong to Eastern, not sure yet.", HELD)
    assert (decision.fate, decision.reason) == (Fate.HELD, Reason.NO_PLAIN_REQUEST)


def test_a_confirmed_receipt_asks_for_nothing() -> None:
    """It was answered by a letter that asked for Device IDs."""
    decision = becomes("Hi there, just to confirm safe receipt of the codes. Have a lovely weekend!", ANSWERED)
    assert decision.plans == ()


@pytest.mark.parametrize("piece", ["please ", f"{A} told you ", "\nps ", '"', "if you one of them ", "the first one "])
def test_the_work_grows_with_the_mail(piece: str) -> None:
    """And no faster."""

    def work(size: int) -> bool:
        text = piece * size
        return plainly.asks_for_all("", (text.strip(),), text, text)

    assert grows_evenly(work, 1_000)
