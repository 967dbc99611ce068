"""Mails that name a device and may not ask for its code: a person reads them before anything goes."""

from dataclasses import replace

import pytest

from daemon.rules.decision import Fate
from daemon.rules.gate import Waiver
from daemon.rules.reasons import Reason
from daemon.rules.team import approving
from daemon.rules.thread import State
from tests.rules import cases
from tests.rules.cases import A, B, C, D
from tests.rules.test_ordinary_mail import FRESH, HELD, becomes

BREACH = "We had a security breach last night: please ignore any requests from our mailbox until further notice."


@pytest.mark.parametrize(
    "text",
    [
        # nothing is to go, or not so, or not yet
        f"Hi, do not send codes by email, please upload to our portal: {A}",
        f"Please stop sending us codes for {A}.",
        f"Install code for {A}: please do not release any codes until our investigation ends.",
        f"Please hold the codes for {A} until Monday.",
        f"Please only send the code for {A} once the customer consents.",
        f"Please don't send codes for the gas meter yet, only {A}.",
        f"Please dont send the code for {A}.",
        f"Attention! Do please not send the code of {A}.",
        f"Never send install codes by unencrypted email again, as you did for {A}.",
        f"You must not send the code for {A} to us.",
        f"Don't give out {A}.",
        f"Do not hand over the code for {A}.",
        f"Code for {A}? Please don't answer until we have checked with the customer.",
        f"Please send the code for {A}. Ignore all requests from Ann.",
        f"We suspect tampering: the code for {A} must not be released.",
        f"The code for {A}, please note, is not to be released.",
        f"Please note {A} should not be sent until after 1 July.",
        f"Install code for {A}. No codes to be sent by email.",
        f"No code please for {A}.",
        f"Nobody should get the code for {A}.",
        f"Install code for {A}, not to be sent before 1 July.",
        f"Install code for {A}. We don't want the codes by email.",
        f"Under no circumstances is the code for {A} to leave you.",
        f"For {A} we have the code. Please nothing send.",
        f"Please give the code of {A} not out.",
        f"The code for {A} should only be released with the customer's consent.",
        f"Codes should be uploaded to our portal, that of {A} too.",
        f"We can only accept codes by portal, that of {A} too.",
        f"Could you please hold fire on {A} and its code.",
        f"Can you pause the request for the code of {A}?",
        f"We need the code for {A}, but please wait until I confirm the switch.",
        f"Please send the code for {A} after 1 July, not before.",
        f"Please ring me before you give out the code for {A}.",
        f"Please check with us before releasing {A}, whose code we asked for.",
        f"Please revoke the code for {A}.",
        f"Please can you remove our request for the code of {A}.",
        f"The code for {A} must not be sent before the bank holiday.",
        # what they cannot vouch for
        f"We have a data breach involving {A}.",
        f"URGENT: our mailbox was compromised. Do not act on mails from Ann about {A}.",
        f"Send the code for {A}, its display was stolen.",
        f"Our mailbox has been read by an unauthorised person, who may ask for the code of {A}.",
        f"We had a cyber attack. Somebody may need the code for {A}.",
        f"Someone pretending to be from Northern Energy wants the code of {A}.",
        f"We are aware of phishing for install codes, that of {A} for example.",
        f"A mail was sent in our name that requests the code of {A}.",
        f"The request for the code of {A} is suspicious.",
        f"The request for the code of {A} was not sent by us.",
        f"Ann requested the code of {A} and was not authorised to do so.",
        f"Can you check the code for {A}, we're not sure it is ours.",
        # the customer is another's
        f"Please send the codes for {A} to Southern Power, they are now the supplier.",
        f"We have lost this customer to Southern Power, so {A} should go to them.",
        f"You have sent us the code for {A} by mistake; it isn't our meter.",
        f"Re the code needed for {A}: we do not supply this property.",
        f"The customer has left us to Southern Power. Code of {A} required.",
        f"The customer is going back to Southern Power. Code of {A} required.",
        f"The customer at {A} cancelled the switch, so no need of its code.",
        f"The switch was cancelled. You may need the code of {A}.",
        f"The customer objected. Please look at the code of {A}.",
        f"Who asked for the code of {A}?",
        f"Can you explain why you sent the code for {A} to the wrong company?",
        f"{A} is not one of our sites, why do you send its code?",
        f"{A} is with Southern Power now.",
        f"Install code for {A} please. Correction: the meter is with Southern Power now.",
        f"{A} is now supplied by Southern Power.",
        f"{A} went over to Octavia Energy last month.",
        f"{A} belongs to Octavia Energy now. The code is of use to them.",
        f"{A} has been taken on by Octavia Energy. Please deal with them about the code.",
        f"The customer at {A} has gone to Octavia Energy.",
        f"The customer at {A} has since left. Please keep the code.",
        f"{A} lost on 3 June.",
        f"Please send the code for {A} to Southern Power, who have the customer now.",
        f"The gain of {A} fell through, please stop.",
        f"We are the losing supplier for {A}, the gaining supplier will ask you for the code.",
        # in another way than we send
        f"Please use encrypted email for {A}.",
        f"Please send the install code for {A} in a password protected file.",
        f"Install code for {A} please, via Egress only.",
        f"Could you put the code for {A} on our SFTP?",
        f"Please send {A} by post.",
        f"Could you encrypt the code for {A} before sending?",
        # said of what stands above it
        f"Install codes please:\n{A}\n{B}\n\nThese should not be disclosed to anybody.",
        f"Codes for {A} and {B}. They are not to be sent out.",
        f"Install code for {A} please.\n\nNot to be released.",
        f"We will need the code for {A} next month, not now.",
        f"Test of our new system. Install code request for {A}. Please do not action.",
        # for nobody who may have it, or by nobody who may ask
        f"The police ask for the install code of {A}.",
        f"The customer wants his install code for {A}.",
        f"Did you send the install code for {A} to anyone else?",
        f"Ann, who asked for the code of {A}, has left.",
        f"Ann who requested {A} no longer works here. Its code is not for her.",
        f"Ann asked for the code of {A} without authority.",
        f"Someone called your helpdesk about the code of {A} claiming to be us.",
        f"Has anybody else requested the code of {A}? We think it is fraud.",
        # they speak as those who are asked
        f"You will get a request for the install code of {A} from Southern Power, please help them.",
        f"Southern Power will contact you about the install code for {A}.",
        f"Hi, you asked us for the install code of {A}. Please allow 10 working days.",
        f"Please stop chasing us about {A}. We have sent the code twice.",
        f"Can you provide proof that {A} is yours before we send you its code?",
        f"We cannot release the code for {A} without a signed letter.",
        f"RE your query {A}: no code held.",
        f"Thank you for your request for the install code of {A}. Please complete our form.",
        f"Your request for the install code of {A} is with our metering team.",
        f"Please confirm that you need the code for {A} and we will release it.",
        f"We'd need your form for the code of {A} before we can process it.",
        f"Please use our portal to request codes. Your request for {A} was rejected.",
        # nothing is to be done
        f"FYI the below devices were commissioned yesterday, no action needed.\n{A}\n{B}",
        f"As per our call, {A} has the fault. We asked the manufacturer for the code, so nothing needed from you.",
        # something else is wanted
        f"Please return the meter {A} to our depot.",
        f"Can you provide the UTRN for {A}?",
        f"Please could you provide the installation date of {A}?",
        f"Could you please provide the serial number of {A}?",
        f"Please find the warranty claim for {A}.",
        f"Who can I call about {A}?",
        f"The customer needs help to pair a CAD with {A}.",
        f"Please attend site to repair {A}.",
        # it tells
        f"Notification: device {A} will be disconnected on 14/06.",
        f"Your ticket 12345 ({A}) has been assigned to Dave.",
        f"We have two devices. One, {A}, works. The other, {B}, does not join the HAN.",
    ],
)
def test_nothing_goes_before_a_person_has_read_what_stands_against_it(text: str) -> None:
    """Not even that a colleague looks into it; once it was approved, it is answered."""
    decision = becomes(text, FRESH, subject="Device")
    assert (decision.fate, decision.reason, decision.plans) == (Fate.HELD, Reason.NO_PLAIN_REQUEST, ())
    approved = becomes(text, replace(FRESH, waiver=Waiver((), ("ann@us.test",))), subject="Device")
    assert any(A in plan.code_devices for plan in approved.plans)


@pytest.mark.parametrize(
    "text",
    [
        f"It was not me who asked for {A}.",
        f"We're not responsible for {A}.",
        f"Don't bother with {A}.",
        f"{A} lost to Southern Power on 1 June.",
        f"The switch of {A} was an erroneous transfer.",
        f"ET raised for {A}.",
        f"We did not install {A}.",
    ],
)
def test_what_asks_for_nothing_and_denies_something_is_no_request(text: str) -> None:
    """Whatever its subject names. What was not installed by them may be what they ask for: it is not dropped, either."""
    decision = becomes(text, FRESH)
    assert (decision.fate, decision.plans) == (Fate.HELD, ())


@pytest.mark.parametrize("before", [FRESH, HELD])
def test_what_is_still_wanted_is_not_taken_back(before) -> None:
    """Beside what is taken back, and not by Device ID."""
    decision = becomes(f"The attached are no longer required but we still need {A}.", before)
    assert (decision.fate, decision.reason, decision.threads) == (Fate.HELD, Reason.NO_PLAIN_REQUEST, ())


@pytest.mark.parametrize(
    "text",
    [
        f"Please send the code for {A}. Please do not send it as an image or in a zip file.",
        f"Please send the code for {A}. Do not reply to this mailbox, use gaining@northern.example.",
        f"Please send code for {A}. The customer was not with us until May.",
        f"We're not the supplier that installed {A}. Please provide the code.",
        f"Please provide the code for {A}. We have lost this customer's paperwork.",
        f"Southern Power won't provide the codes, so please send that of {A}.",
        f"No action needed on {B}, all sorted, but can I get the code for {A}?",
        f"Please send the code for {A} with the others. Please do not send it separately.",
        f"Please wait no longer and send the code for {A}!",
        f"Before sending the engineer we need the code for {A}.",
        f"The customer left us a message that {A} isn't smart. Code please.",
        f"Your request for GUIDs is clear: {A}. You never sent us the code.",
        f"Code for {A} please.\n\nDo not act on emails asking for money. Report fraudulent emails to us.",
        f"Code for {A} please.\n\nBe aware of phishing and impersonation scams, which can be sent by criminals.",
        f"Please can you send the install code for {A}. Northern Energy is now the supplier at this property.",
        f"Install code needed for {A}. We are now the supplier since 1 May.",
        f"Please send code for {A}. The customer was not supplied by us until May.",
        f"Please send code for {A}. If you are not the intended recipient do not disclose it.",
        f"Code for {A} please.\n\nThis email is confidential. You must not share the codes or any part of it.",
        f"Please provide the code for {A}; we sent the codes for the others yesterday.",
        f"Can you send the code for {A} before we send an engineer out on Monday?",
        f"Please send the install code for {A}. No action needed for the others.",
        f"We cannot commission {A} without the install code. Please send.",
        f"Please don't send {B} again, only {A}.",
        f"Install code for {A} please. Southern Power said they don't hold the codes.",
        f"FYI we need {A} by Friday.",
        f"For info, our reference is 12345. Please provide install code for {A}.",
        f"Did you get our request for {A}?",
        f"Below is the device that we gained this week:\n{A}",
        f"{A} came to us from Southern Power, code please.",
        f"Please send the code for {A}. It was with Southern Power until May and is with us now.",
        f"The customer at {A} has left Southern Power for us. Please provide the install code.",
        f"Customer moved to a new house, {A} is the meter there. Install code please.",
        f"Our engineer went to site for {A} and could not commission it. Code please.",
        f"The customer's appointment at {A} was moved to Friday, so we need the code by then.",
        f"{A} lost WAN in May, install code needed to re-join.",
        f"{A} is now with our field team, code please.",
        f"{A} belongs to a customer who switched to us. Install code please.",
        f"Our records show Northern Energy is the registered supplier of {A}. Please provide code.",
        f"Northern Energy are the new supplier for {A}; code please.",
        f"Could you supply it now please, {A} is urgent.",
        f"South Power is the registered supplier of the premises where {A} is installed. Code please.",
        f"{A} is now with Northern Energy, code please.",
        f"The devices have not been commissioned; for that we need their install codes. {A}",
        f"The last code you gave us was encrypted in a zip, we could open it. Now please {A}.",
        f"Customer cancelled, rebooked for 12 June: {A}, code please.",
        f"Code for {A} please.\n\nPlease do not send personal data to this mailbox unless encrypted.",
        f"Code for {A} please.\n\nTo send us personal data securely please use our secure portal.",
        f"Code for {A} please.\n\nBeware of emails claiming to be from us. Emails are not encrypted.",
        f"Hi, Ann has left so please reply to me. Code for {A} please.",
        f"Our engineer needs the install code for {A}.",
        f"Good afternoon\n\nESME {A}\n\nKind regards\nJohn Smith\nSmart Operations Analyst, Northern Energy Ltd",
    ],
)
def test_a_request_is_answered_whatever_else_it_says(text: str) -> None:
    """Words that look alike stand against nothing."""
    decision = becomes(text, FRESH, subject="Device")
    assert [one for plan in decision.plans for one in plan.code_devices] == [A]


@pytest.mark.parametrize(
    ("text", "reason", "now_held"),
    [
        ("Please do not release any codes, our mailbox was compromised.", Reason.WARNING, {A, B}),
        (f"We have lost the customer of {A}.", Reason.NO_PLAIN_REQUEST, {A}),
        (f"Thanks. {C} was stolen.", Reason.NO_PLAIN_REQUEST, set()),
    ],
)
def test_what_waits_for_its_turn_waits_for_a_person(text: str, reason: Reason, now_held: set[str]) -> None:
    """It would go by itself, else; what the mail does not speak of is left in its place."""
    waiting = cases.facts(home=cases.thread(cases.pending(A), cases.pending(B), cases.answered(D)))
    decision = becomes(text, waiting)
    assert (decision.fate, decision.reason, decision.plans) == (Fate.HELD, reason, ())
    items = [item for thread in decision.threads for item in thread.items if item.state is State.HELD]
    assert {item.device_id for item in items} == now_held
    assert {item.reason for item in items} <= {Reason.NO_PLAIN_REQUEST}


@pytest.mark.parametrize("before", [FRESH, HELD])
@pytest.mark.parametrize("subject", ["Install codes", "Device"])
def test_what_is_put_off_is_not_taken_back(before, subject: str) -> None:
    """It is wanted later, so a person keeps it."""
    decision = becomes(f"Don't send the code for {A} until after the bank holiday.", before, subject=subject)
    assert (decision.fate, decision.plans, decision.threads) == (Fate.HELD, (), ())


@pytest.mark.parametrize(
    "text", ["Ann, who asked, has left.", "Customer cancelled, ta", "Thanks. Cx has gone elsewhere."]
)
def test_what_stands_against_what_is_held_is_seen(text: str) -> None:
    """Beside thanks, too."""
    assert becomes(text, HELD).fate is Fate.HELD


@pytest.mark.parametrize(
    ("subject", "text", "reason"),
    [
        ("Security notice", "Please be aware that our shared mailbox was compromised last night.", Reason.WARNING),
        (
            "Install codes",
            "Please be aware that our shared mailbox was compromised last night.",
            Reason.NO_PLAIN_REQUEST,
        ),
        ("Security notice", BREACH, Reason.NO_PLAIN_REQUEST),
        ("Install codes", BREACH, Reason.NO_PLAIN_REQUEST),
    ],
)
def test_a_warning_that_names_no_device_is_seen(subject: str, text: str, reason: Reason) -> None:
    """From a listed contact, in a mail of its own; what else it takes back, too. It is approved only where it asks for
    something besides, or takes it back.
    """
    decision = becomes(text, FRESH, subject=subject)
    assert (decision.fate, decision.reason) == (Fate.HELD, reason)
    assert (approving.waives(reason) is None) == (reason is Reason.WARNING)
    assert becomes("Our newsletter: meters and more.", FRESH, subject=subject).fate is Fate.IGNORED


@pytest.mark.parametrize(
    "text",
    [
        f"{A} was installed by yourselves in 2019 and has never been commissioned.",
        f"{A} didn't connect on the day.",
        f"{A} - not urgent, next week is fine.",
        f"I have not had a reply on {A}.",
        f"Have you not looked at {A}?",
    ],
)
def test_what_is_wrong_with_a_device_or_did_not_come_asks_for_its_code(text: str) -> None:
    """Under a subject that names codes."""
    decision = becomes(text, FRESH)
    assert [one for plan in decision.plans for one in plan.code_devices] == [A]


def test_a_subject_that_names_codes_asks_for_them() -> None:
    """Who tells something of a device under it wants the code."""
    assert becomes(f"The customer at {A} has complained on 12 May.", FRESH).fate is Fate.DECIDED
    assert becomes(f"The customer at {A} has complained on 12 May.", FRESH, subject="Gain").fate is Fate.HELD


@pytest.mark.parametrize(
    "text",
    [
        f"Customer switched to us on 12th. Device: {A}",
        f"Hello, {A} was gained from you in May.",
        f"New customer of ours, meter fitted by you. {A}",
        f"We took over {A} from Southern Power in May.",
    ],
)
def test_a_gain_asks_for_the_code_whatever_the_subject(text: str) -> None:
    """That the customer is theirs by now is why anybody asks; that another gained it is not."""
    decision = becomes(text, FRESH, subject="Device")
    assert [one for plan in decision.plans for one in plan.code_devices] == [A]
    assert becomes(f"You gained the customer of {A} in May.", FRESH, subject="Device").fate is Fate.HELD
