"""Devices that a mail names and does not want: no code goes out for them, and their writer reads that."""

import pytest

from daemon.mail.message import IncomingMail, Source
from daemon.rules.decision import Fate
from daemon.rules.gate import Gate, Waiver
from daemon.rules.meaning import Correspondence
from daemon.rules.reasons import Reason
from daemon.rules.understand import understand
from tests.growth import grows_evenly
from tests.rules import cases, mails
from tests.rules.mails import mail, sheet, table

A, B, C = (f"00-DB-12-34-56-78-91-0{n}" for n in "ABC")
SUBJECTS = ("Install codes", "codes", "Install code request")


def read(one: IncomingMail) -> Correspondence:
    """The meaning of a contact's mail."""
    meaning = understand(one, mails.contact())
    assert isinstance(meaning, Correspondence), meaning
    return meaning


LEFT_OUT = [
    (f"Please send codes for {A} but not {B}.", [B]),
    (f"Please send codes for {A}, not {B}, not {C}", [B, C]),
    (f"The list is below. Not {B} as that one is now commissioned.\n\n{A}\n{B}", [B]),
    (f"Codes for {A} please. We do not need {B} any more.", [B]),
    (f"Codes for {A} please. We don't require {B} nor {C}.", [B, C]),
    (f"Please send the code for {A}. No need to send {B} or {C}.", [B, C]),
    (f"We no longer need {B}, but please send {A}.", [B]),
    (f"Please send codes for {A}, leave out {B} and {C}.", [B, C]),
    (f"Please send codes for all but the last:\n{A}\n{B}\nexcept {B}", [B]),
    (f"Please send the codes:\n{A}\n{B} - not needed\n{C} - commissioned", [B, C]),
    (f"{B}: please ignore\n{A}: code please", [B]),
    (f"Please send the code for {A}; hold off on {B} until further notice.", [B]),
    (f"Code for {A} please. {B} can wait.", [B]),
    (f"Code for {A} please. {B} is on hold.", [B]),
    (f"We already have the code for {B}, only {A} is missing.", [B]),
    (f"We received {B} - thanks. {A} is outstanding.", [B]),
    (f"We received {B} and {A} is still outstanding.", [B]),
    (f"Thanks, {B} worked fine. Still need {A}.", [B]),
    (f"Thank you for the code for {B}. Please can we have {A}?", [B]),
    (f"The code for {B} has been received. Please send {A}", [B]),
    (f"Install code for {A} please. {B} and {C} have been commissioned.", [B, C]),
    (f"Install code for {A} please.\n\n{B}\n{C}\nhave already been removed.", [B, C]),
    (f"Code for {A} please. {B}, which was exchanged in May, has been removed.", [B]),
    (f"Please disregard {B}; the customer has left. We still want {A}.", [B]),
    (f"The customer at {B} has left so it is no longer required, please provide {A}", [B]),
    (f"Please cancel {B} and send {A} instead", [B]),
    (f"Instead of {B} please send {A}", [B]),
    (f"Replace {B} by {A} in our request, typo.", [B]),
    (f"Sorry, in my last mail I wrote {B}, it should be {A}.", [B]),
    (f"Install code for {A} only. You already sent us {B} so that one is done.", [B]),
    (f"We've managed to commission {B} ourselves so just need {A} now.", [B]),
    (f"Please send {A}. {B} we have already.", [B]),
    (f"Please send {A}. {B} we don't need.", [B]),
    (f"I have got {B} already, please send {A}.", [B]),
    (f"Thanks for {B}, which worked. Please send {A}.", [B]),
    (f"{B} was a typo, please use {A}.", [B]),
    (f"Install code for {A} please. The customer at {B} has moved out, so please cancel that one.", [B]),
    (f"Install code for {A} please. We won't be needing {B}.", [B]),
    (f"Install code for {A} please. {B} won't be needed.", [B]),
    (f"Install code for {A} please. {B} does not need a code.", [B]),
    (f"Install code for {A} please. {B} no longer applies.", [B]),
    (f"Install code for {A} please.\n{B}: cancelled.", [B]),
    (f"Install code for {A} please. Please take {B} off the list.", [B]),
    (f"Install code for {A} please. You can close {B}.", [B]),
    (f"Install codes please:\n\n{A}\n{B} - duplicate", [B]),
    (f"Install codes please:\n\n{A}\n{B} (lost customer)", [B]),
    (f"Install codes please:\n\n{A} ESME open\n{B} GSME closed", [B]),
    (f"Codes needed:\n{A}\nCancelled:\n{B}\n{C}", [B, C]),
    (f"Already received:\n\n{B}\n\nInstall codes please for:\n\n{A}", [B]),
]


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize(("text", "left_out"), LEFT_OUT)
def test_what_its_clause_says_is_not_wanted_is_left_out(text, left_out, subject):
    """The other devices of the mail are asked for all the same."""
    meaning = read(mail(text, subject=subject))
    assert [one.device_id for one in meaning.asked] == [A]
    assert list(meaning.left_out) == left_out
    assert not meaning.withdraws


NOTHING_WANTED = [
    f"{A} has been commissioned now, no action needed.",
    f"{A} has been removed from site.",
    f"FYI {A} was exchanged yesterday.",
    f"Hold off on {A} until further notice please.",
    f"Please do NOT send the code for {A}.",
    f"Please delete the code of {A} from your records.",
    f"Do you need the code for {A}? We have it.",
    f"Test mail, please ignore. {A}",
    f"This is just a test.\n\n{A}",
    f"We no longer need these:\n\n{A}",
]


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("text", NOTHING_WANTED)
def test_where_nothing_is_wanted_nothing_is_asked(text, subject):
    """Plain words take back; what a clause alone says is for a person, and takes nothing back."""
    meaning = read(mail(text, subject=subject))
    assert meaning.withdraws is not (meaning.doubted == (A,))
    assert [one.device_id for one in meaning.asked] == [A]


WANTED = [
    f"{A} is not commissioned. Please send the code.",
    f"{A} has not been commissioned, code please",
    f"{A} was never commissioned",
    f"Not commissioned:\n{A}",
    f"Please send the code so that {A} can be commissioned.",
    f"We need the code before {A} is commissioned.",
    f"If {A} has been removed please tell us, else send the code.",
    f"Has {A} been commissioned? If not please send the code",
    f"Meter {A} was exchanged last week. Please send us the install code.",
    f"{A} was commissioned by the previous supplier but dropped off, please send the code",
    f"Codes for {A} please. The old meter has been removed.",
    f"Please send the code for {A} as the previous one was replaced",
    f"{A} not working, please send install code",
    f"{A} is a device of yours; the code you gave us does not work.",
    f"You did not send the code for {A}",
    f"Did you not send the code for {A}?",
    f"Why have you not sent {A}?",
    f"We have not received the code for {A}",
    f"The code for {A} has not been received",
    f"Sorry to chase again but {A} has still not been received",
    f"You have received our request for {A} already",
    f"We have received a request for {A} from our field team, please send the code",
    f"We have {A} on our portfolio, not commissioned. Please send the code",
    f"There is no code for {A} in your answer",
    f"Do you hold a code for {A}?",
    f"Please don't forget {A}!",
    f"Please do not ignore {A} again",
    f"We do not want to replace {A}, so please send its code.",
    f"Not sure if this is yours: {A}",
    f"Please treat {A} as urgent, the rest can wait.",
    f"I already have {A} in my list as outstanding, please send it",
    f"{A} is working but not joined to the HAN",
    f"{A}: received code is wrong",
    f"For {A} we do not need the MPAN, only the code",
    f"The install code we received for {A} does not work, please resend.",
    f"We have already asked for {A}; please reply",
    f"{A} was installed and commissioned by you but the HAN was lost. Code please.",
    f"Please ignore my last mail, the right list is:\n{A}",
    f"{A} will be removed next week unless we get the code",
    f"It is not the ESME but the GSME {A} we need",
    f"Please check {A} and send us the code. This one is not a test.",
    f"Removed from our portal by mistake, code needed:\n{A}",
    f"Received complaint from customer, code please:\n{A}",
    f"Code please: {A} - received code is wrong",
    f"Code please.\n\nDevice ID\nCode received\n{A}\nNo",
    f"Code please: {A} GSME removed meter's replacement",
]


CHASES = [
    f"Did you forget the code for {A}? We are still waiting.",
    f"We still await {A}. Do you need anything from us for {A}?",
    f"{A} is on hold until we have the install code",
    f"Did you skip {A}?",
    f"Why did you leave out {A}?",
    f"Could you drop me the code for {A}?",
    f"If no code comes we shall remove {A}. Please send the code.",
    f"Is {A} not needed? Please send code for {A}",
    f"Would you like {A} as csv? codes please",
    f"You sent {B} but not {A}.",
    f"We received the code for {B} but not {A}",
    f"We got {B}, not {A}",
]


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("text", CHASES)
def test_a_chase_takes_nothing_back(text, subject):
    """What it says is missing is asked for; what came is not asked for again."""
    meaning = read(mail(text, subject=subject))
    assert [one.device_id for one in meaning.asked] == [A]
    assert A not in meaning.left_out
    assert not meaning.withdraws
    assert A not in meaning.doubted


def test_what_a_clause_alone_may_mean_is_for_a_person():
    """Not wanted to be forgotten: no rule knows that."""
    meaning = read(mail(f"We don't want {A} to be forgotten. Please send its code."))
    assert not meaning.withdraws
    assert meaning.doubted == (A,)


BOTH_WANTED = [
    f"We have got {A} to commission on Monday and {B} on Tuesday. Codes please.",
    f"Please send codes for {A} and {B}. {A} is live on our system.",
    f"{A} was commissioned by you in 2023, {B} by you in 2024; the codes please.",
    f"Engineer has removed {B} and fitted {A}, please send codes for both.",
    f"Apart from {A} we also need {B}.",
    f"You sent the code of {B} instead of {A}. Please send the right one.",
    f"Please can I have the install codes for {A} and {B}. Thank you.",
    f"Can we have the codes for {A} and {B} please.",
    f"May we have the install codes for {A} and {B}. The old meters have been removed.",
    f"Can we have the install code for {A} please. Please also send the one for {B}.",
    f"We cannot commission until we have the install codes for {A} and {B}.",
    f"Once we have the install codes for {A} and {B} we can commission. Please send.",
    f"Before we remove {A} and {B} we would like to try commissioning them; please send the install codes.",
    f"ESME {A} and GSME {B} were replaced on 12 April by your engineer but not commissioned. Please provide codes.",
    f"Codes please.\n{A} - ESME\n{B}\nOne was commissioned briefly but dropped off.",
    f"We commission {A} and {B} on Monday, codes please.",
    f"We have not been able to commission {A}. Codes for it and {B} please.",
    f"Codes please for {A}, {B}, we have already tried the portal.",
    f"Please send the install codes of {A} and {B}; if {B} is not yours please ignore that one.",
]


@pytest.mark.parametrize("text", BOTH_WANTED)
def test_of_two_that_are_wanted_none_is_left_out(text):
    """Whatever is said of one of them."""
    meaning = read(mail(text))
    assert {one.device_id for one in meaning.asked} == {A, B}
    assert not meaning.withdraws
    assert (meaning.left_out, meaning.doubted) == ((), ())


def test_where_both_are_asked_for_and_one_is_not_needed_a_person_looks():
    """None is dropped, and none is sent."""
    meaning = read(mail(f"We do not need {A} urgently but {B} is urgent. Please send both codes"))
    assert {one.device_id for one in meaning.asked} == {A, B}
    assert meaning.leaves_some_out


@pytest.mark.parametrize(("joint", "said"), [(", ", "on hold"), (" ", "ignore"), (" ", "on hold"), ("\n", "ignore")])
def test_no_list_takes_long(joint, said):
    """Thousands of devices in lists, and what is said of each: none is compared with all."""
    listed = [f"00DB12345678{n:04X}" for n in range(2_000)]

    def reading(size):
        some = listed[:size]
        text = joint.join(some[: size // 2]) + "\n" + "\n".join(f"{one} {said}" for one in some[size // 2 :])
        understand(mail(text), mails.contact())

    assert grows_evenly(reading, 2_000)


def test_a_clause_alone_never_takes_back_what_is_open():
    """The mail is held, and no thread changes."""
    for meaning in (cases.asks(B, left_out=(A,), doubted=(A,)), cases.asks(A, doubted=(A,))):
        decision = cases.decided(meaning, home=cases.thread(cases.item(A)))
        assert (decision.fate, decision.reason) == (Fate.HELD, Reason.SOME_NOT_WANTED)
        assert (decision.threads, decision.plans) == ((), ())


@pytest.mark.parametrize(
    "given",
    [
        {"written_by": cases.origin(date=None)},
        {"written_by": cases.spf_only(), "waiver": Waiver((Gate.DKIM_ALIGNED,), ("ops",)), "ordered": True},
    ],
)
def test_that_some_are_not_wanted_is_said_whatever_else_holds(given):
    """An approval of the one hold is none of the other."""
    decision = cases.decided(cases.asks(A, B, leaves_some_out=True), **given)
    assert {i.reason for t in decision.threads for i in t.items} == {Reason.SOME_NOT_WANTED}
    assert not any(plan.code_devices for plan in decision.plans)


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("text", WANTED)
def test_a_not_that_is_said_of_something_else_leaves_nothing_out(text, subject):
    """Not commissioned, not sent, not received: that is why it is asked for."""
    meaning = read(mail(text, subject=subject))
    assert [one.device_id for one in meaning.asked] == [A]
    assert not meaning.left_out
    assert not meaning.withdraws


@pytest.mark.parametrize(
    ("text", "some"),
    [
        ("Please send codes for all of the below except the second one.", True),
        ("All but the last please.", True),
        ("Codes please, but not the gas meters.", True),
        ("Please send the codes, ignore rows 2 and 3.", True),
        ("Please skip the ones marked in red, and send the other codes.", True),
        ("Please do not ignore these devices again.", False),
        ("They are installed but not commissioned meters, codes please.", False),
        ("Codes please, but not all devices are on the wall yet.", False),
        ("Please ignore the meter reading in the last column.", False),
        ("I am fairly but not 100% sure. Codes please.", False),
        ("Please ignore my last mail, the right list is:", False),
        ("Please leave nothing out.", False),
    ],
)
def test_what_is_left_out_by_its_place_or_kind_is_for_a_person(text, some):
    """Which of two it is no rule can know; of one device nothing is in doubt."""
    assert read(mail(f"{text}\n\n{A}\n{B}", subject="Install codes")).leaves_some_out is some
    assert not read(mail(f"{text}\n\n{A}", subject="Install codes")).leaves_some_out


@pytest.mark.parametrize(
    ("heading", "remark"),
    [
        ("Comment", "no longer required, customer left"),
        ("Notes", "not needed"),
        ("Install code", "Not required"),
        ("", "please ignore"),
        ("Code required?", "No"),
        ("Remarks", "already received 3 May"),
        ("Status", "Commissioned"),
        ("Status", "now commissioned 3/5"),
        ("Comments", "meter removed"),
        ("Comments", "code received 3/5"),
        ("Status", "Cancelled"),
        ("Status", "CANCELLED 12/05 - customer moved"),
        ("Comment", "cancelled by customer"),
        ("Request status", "Done"),
        ("Status", "Closed"),
        ("Status", "Received"),
        ("Notes", "received from you 12/05"),
        ("Notes", "Got code, ta"),
        ("Comments", "We have this code already"),
        ("Comment", "Duplicate"),
        ("Comments", "dup of row 1"),
        ("Comments", "lost customer"),
        ("Comment", "Customer lost to Southern Power"),
        ("Comments", "not our customer any more"),
        ("Notes", "Customer has gone to Octavia"),
        ("Notes", "CoS loss"),
        ("Comments", "entered in error"),
        ("Comments", "PLEASE IGNORE - sent in error"),
        ("Comment", "meter exchanged, not needed"),
        ("Notes", "do not send - customer objected"),
        ("Comments", "removed from site"),
        ("Action", "Remove"),
        ("Required (Y/N)", "No"),
        ("Code received", "Yes"),
        ("Code received", "12/05/2026"),
    ],
)
def test_a_row_that_says_so_is_left_out(heading, remark):
    """In a sheet, or a table of the mail, of which its plain text says the rest once more."""
    rows = (("Device ID", heading), (A, {"No": "Yes", "Yes": "No"}.get(remark, "")), (B, remark))
    for one in (sheet(*rows), table(*rows)):
        text = "Install codes please\n\n" + "\n".join("\n".join(row) for row in rows if one.source is Source.HTML)
        meaning = read(mail(text, tables=(one,)))
        assert [one.device_id for one in meaning.asked] == [A]
        assert meaning.left_out == (B,)


@pytest.mark.parametrize(
    ("heading", "remark"),
    [
        ("Appointment", "not required"),
        ("Appointment required", "No"),
        ("Comment", "not commissioned"),
        ("Install code", "required"),
        ("Status", "not yet received"),
        ("Notes", "please ignore the serial"),
        ("Status", "InstalledNotCommissioned"),
        ("Status", "On hold"),
        ("Comments", "Already sent request on 3 May"),
        ("Notes", "already have customer's consent"),
        ("Comments", "removed from old supplier"),
        ("Comments", "code never received"),
        ("Status", "no longer commissioned"),
        ("Comment", "Don't send by post"),
        ("Appointment status", "Cancelled"),
        ("Install status", "Complete"),
        ("Switch status", "Completed"),
        ("WAN status", "Resolved"),
        ("Status", "Urgent"),
        ("Comments", "URGENT - site visit booked 14/06"),
        ("Status", "Outstanding"),
        ("Status", "Installation complete"),
        ("Comments", "code received not working"),
        ("Comments", "received blank code"),
        ("Comments", "customer cancelled last appointment, rebooked"),
        ("Comments", "Cancelled job re-raised"),
        ("Comments", "Removed IHD"),
        ("Comments", "exchanged 3 May by you - new meter, this is the new ID"),
        ("Comments", "Sorted by serial number"),
        ("Comments", "gone away"),
        ("Comments", "customer moved to prepay"),
        ("Comments", "lost comms 3/4"),
        ("Comments", "Completed survey"),
        ("Comments", "closed cover, customer in Mon-Fri"),
        ("Notes", "moved to us 3 May"),
        ("Notes", "old meter removed, new one not commissioned"),
        ("Code received", "No"),
    ],
)
def test_a_row_that_says_something_else_is_asked(heading, remark):
    """Another matter is not required, or something was not done."""
    rows = (("Device ID", heading), (A, ""), (B, remark))
    meaning = read(mail("Install codes please", tables=(sheet(*rows),)))
    assert [one.device_id for one in meaning.asked] == [A, B]


@pytest.mark.parametrize("heading", [(), (("Device ID",),)])
def test_a_row_that_stands_alone_speaks_for_those_below_it(heading):
    """Until the next such row."""
    rows = (*heading, ("Received",), (B,), ("Outstanding",), (A,))
    meaning = read(mail("Install codes please", tables=(sheet(*rows),)))
    assert [one.device_id for one in meaning.asked] == [A]
    assert meaning.left_out == (B,)


def test_a_device_of_an_attached_list_is_left_out_by_the_words_above_it():
    """The list is last month's, and the mail says which of it are done."""
    listed = sheet(("Device ID",), (A,), (B,))
    meaning = read(mail(f"Please send the codes of the attached list. {B} is now commissioned.", tables=(listed,)))
    assert [one.device_id for one in meaning.asked] == [A]
    assert meaning.left_out == (B,)
