"""Sentences as suppliers' people write them, and what they mean to us."""

from dataclasses import replace

import pytest

from daemon.mail.message import Attachment, IncomingMail, Machine, MarkedKind, Reading, Source
from daemon.rules.facts import Writer
from daemon.rules.meaning import Correspondence, MachineMail, Meaning, NotOurs, OpsMail, OwnMail
from daemon.rules.sense.near_misses import LETTERS, SHORTENED
from daemon.rules.understand import understand
from tests.rules import mails
from tests.rules.mails import mail, sheet, table

A, B, C = "00-DB-12-34-56-78-90-A0", "BC-33-AC-FF-FE-FA-55-3D", "00-DB-12-34-56-78-90-A2"
CODE = "83FE D340 7A93 9723 A5C6 39B2 6916 D505"
PICTURE = Attachment("screen.png", "image/png", 80_000, "0" * 64, Reading.NOT_TEXT, "a picture")
LOCKED = Attachment("list.zip", "application/zip", 900, "1" * 64, Reading.UNREADABLE, "it is locked with a password")


def read(one: IncomingMail, writer: Writer | None = None) -> Correspondence:
    """The meaning of a mail that must be a counterparty's."""
    meaning = understand(one, writer or mails.contact())
    assert isinstance(meaning, Correspondence), meaning
    return meaning


def asked(meaning: Meaning) -> list[str]:
    """The devices that it asks for, in order."""
    assert isinstance(meaning, Correspondence), meaning
    return [one.device_id for one in meaning.asked]


# ── requests ────────────────────────────────────────────────────────────────────────────────────────

REQUESTS = [
    f"Hi team,\n\nPlease can you provide the install code for the below device?\n\n{A}\n\nMany thanks",
    f"Good morning,\n\nWe are the gaining supplier for {A} and require the installation code to commission it.",
    f"Hi\n\nCould you dig out the code for GUID {A.lower()} please. Customer has been with us since May.",
    f"Please see below device which needs the install code\nESME: {A}\nInstalled 12/03/2025",
    f"Under MP121 we request the install code of {A}. We are the registered supplier.",
    f"{A}",
    f"Device ID: {A.replace('-', '')}",
    f"install code needed asap for {A.replace('-', ':')} - meter exchange otherwise on 14/07",
    f"Morning, I'm after an install code for 0x{A.replace('-', '')}, can you help?",
    f"Grateful if you could share the code for {A.replace('-', ' ')}",
    f"Please provide install code for {A.replace('-', '–')} (typed in Word, apologies)",
    f"Kindly supply the install codes for the non-commissioned device {A}. Please chase your back office if needed.",
    f"The customer is still waiting for their smart service, so please send the install code for {A}",
    f"Please find below one request.\n\nGUID           Type   Installed\n{A}  ESME   01.02.2025",
    f"Your records show that you installed this one; we did not install it. Please provide the code. {A}",
    f"No rush at all, whenever you get round to it: code for {A}? Ta",
    f"Please ignore the formatting, Outlook is playing up. Install code for {A} please.",
    f"Thanks for your help last time! Could we have the install code for {A} too?",
    f"Hi Install Codes team, one more for you {A}. The DUIS response was E5",
    f"No need to send the MPAN back, just the install code for {A} please.",
    f"Please do not send the codes by post. We need the install code for {A}.",
    f"Please ignore the label on the meter; the ID is {A}, install code please",
    f"Has anyone looked at {A}? Not commissioned since the install",
    f"We've recently taken over supply and the meter isn't communicating. Would you let me have the code for {A}?",
    f"I can't find the install code for {A} on our side, do you have it?",
    f"We understand you are the installing supplier for {A}. Kindly provide its code as per SEC guidance.",
    f"We do not want to replace the meter, so please send the install code for {A}.",
    f"Sorry for the late request. {A} has not been commissioned, no WAN at install. Code please",
]


@pytest.mark.parametrize("text", REQUESTS)
def test_a_request_asks_for_its_device_and_is_nothing_else(text):
    """However it is put, a first request is read as one: not as a chase, a withdrawal or thanks."""
    meaning = read(mail(text, subject="Install code request"))
    assert asked(meaning) == [A]
    assert not meaning.withdraws
    assert not meaning.acknowledgement
    assert not meaning.chase
    assert not meaning.brings_codes
    assert not meaning.bad_lines
    assert not meaning.needs_thread


def test_devices_stand_once_each_in_their_order_with_their_place():
    """A device named twice is asked once, at its first place, and the place is as the writer sees it."""
    meaning = read(
        mail(
            f"Please provide codes for\n{B}\n{A}\n{B.lower()}",
            subject=f"Install code {C}",
            tables=(sheet(("Device ID",), ("AA-BB-CC-DD-EE-FF-00-11",), (A,), first_line=1),),
        )
    )
    assert [(a.device_id, a.where) for a in meaning.asked] == [
        (C, "the subject"),
        (B, "line 2"),
        (A, "line 3"),
        ("AA-BB-CC-DD-EE-FF-00-11", "requests.xlsx, sheet S, line 2"),
    ]


def test_forwarded_text_asks_and_quoted_text_does_not():
    """What a colleague hands on is read; what is quoted below a reply never makes a request."""
    handed_on = read(
        mail("Can you help with this one?", subject="FW: MP121", forwarded_text=f"Install code please\n{A}")
    )
    quoting = understand(
        mail("Great, thank you!", subject=f"RE: install code {A}", reply=True, quoted_text=f"> code for {A}"),
        mails.contact(),
    )
    assert [(a.device_id, a.where) for a in handed_on.asked] == [(A, "line 2 of the forwarded mail")]
    assert asked(quoting) == []
    assert isinstance(quoting, Correspondence)
    assert quoting.acknowledgement


def test_the_subject_of_an_answer_asks_for_nothing():
    """Where a mail program lost the threading headers, "RE:" still tells an earlier subject from a new one."""
    meaning = read(mail("Thanks, received", subject=f"RE: install code for {A}"))
    assert asked(meaning) == []
    assert meaning.acknowledgement


def test_a_list_under_the_sign_off_is_still_a_request():
    """Where the list stands below the regards it is read all the same."""
    meaning = read(mail("Please send install codes for the list below.", signature_text=f"Regards\nAnn\n{A}"))
    assert asked(meaning) == [A]


# ── requests without a usable Device ID ─────────────────────────────────────────────────────────────

WISHES = [
    "Please can you send us the install code for the meter at the property below, the customer moved in last week.",
    "MPAN 1012345678901\nThis meter was never commissioned. Install code?",
    "Could you provide the installation codes for meter serial E6S10012345678 please",
    "We need install codes for 12 meters, list to follow",
    "Hi, who do I speak to about getting an install code please?",
    "We have gained this customer. MPRN 7412345608. Please provide the install code.",
    "MP121 request: serial number 19L1234567",
    "MP121 - MPAN 10 1234 5678 901 is not commissioned",
    "Install codes required please, see attached",
    "Please share codes for the meters we gained from you in May",
    "Unable to commission the meter without its install code. MSN 21E1234567",
    "I am trying to obtain an install-code for our new customer",
]


@pytest.mark.parametrize("text", WISHES)
def test_a_wish_for_codes_without_a_device_id_is_correspondence(text):
    """An MPAN, a serial or an address instead of the Device ID: the words still ask, so that NEED-MORE goes out."""
    meaning = read(mail(text))
    assert meaning.wants_codes
    assert not meaning.asked
    assert not meaning.withdraws


PLAIN_WISHES = [
    ("codes please", "please send the code of 00-DB-12-34-56-78-90-ZZ and 1.2E+15. MPAN 2000012345672\nMaya"),
    ("codes please", "please send the code for 1.2E+15"),
    ("codes please", "please send the codes for\n00-DB-12-34-56-78-90\n00-DB-12-34-56-78-90-A0-11"),
    ("codes", "can we have the code for 00DB1234567890AO"),
    ("code please", "please send the code for MPAN 2000012345672"),
    ("code please", "MPAN 2000012345672"),
    ("code for serial 21P1234567", ""),
]
"""They say "code" and never "install code"; what stands where the Device ID should shows that a meter is meant."""


@pytest.mark.parametrize(("subject", "text"), PLAIN_WISHES)
@pytest.mark.parametrize("writer", [mails.contact(), mails.stranger()], ids=["contact", "stranger"])
def test_a_plain_code_of_something_that_stands_for_a_meter_is_an_install_code(subject, text, writer):
    """An MPAN, a serial number or a Device ID gone wrong, whoever writes."""
    meaning = read(mail(text, subject=subject), writer)
    assert meaning.wants_codes
    assert not meaning.asked


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("codes please", ""),
        ("Good morning", "Could you send us the codes please?"),
        ("", "We still need the code, thanks"),
    ],
)
def test_a_code_of_nothing_in_particular_is_an_install_code_where_a_listed_supplier_asks(subject, text):
    """They wrote to a mailbox for install codes and wait for an answer; of a stranger it may be any code."""
    assert read(mail(text, subject=subject)).wants_codes
    assert read(mail(text, subject=subject), mails.colleague()).wants_codes
    assert understand(mail(text, subject=subject), mails.stranger()) == NotOurs()


LISTED_WISHES = [
    mail("please see attached list", subject="codes", attachments=(PICTURE,)),
    mail("please send them", subject="codes", attachments=(replace(PICTURE, name="list.doc"),)),
    mail("Could you provide for the attached?", subject="Meters", attachments=(PICTURE,)),
    mail("We need these for the meters on the list.", subject="Hello", attachments=(replace(PICTURE, name="a.pdf"),)),
    mail("", subject="Install codes"),
    mail("", subject="Codes"),
    mail("please see attached list", subject="codes"),
    mail("please send them", subject="codes"),
    mail("FYI, please action", subject="FW: codes"),
    mail("Bonjour, il nous faut les codes du compteur MPAN 2000012345672.", subject="Codes d'installation"),
    mail("please could you send the whitelist key for the electricity meter serial 21E5123456", subject="Meter keys"),
    mail("Can you let us have the commissioning code of the meter we gained?", subject="Hi"),
]


@pytest.mark.parametrize("one", LISTED_WISHES, ids=lambda one: f"{one.subject}: {one.new_text[:20]}")
def test_a_listed_supplier_who_plainly_wants_codes_is_heard(one):
    """Whatever they call them, and though all that would say more cannot be read, or nothing does."""
    assert read(one).wants_codes
    assert read(one, mails.colleague()).wants_codes


LISTED_ORDINARY = [
    ("Meters", "Please find attached our invoice for the meters."),
    ("Meter operators forum", "Could you let me know if you are coming? Agenda attached."),
    ("Smart meter workshop", "Please see the attached slides."),
    ("Codes", "Thanks, all codes received, see attached picture of the label."),
    ("Codes", "Please find attached the codes for the devices that you asked for."),
    ("Photo", "Our new office, see the attached picture!"),
    ("Contact", "Please send all code requests for meters to codes@northern.example, list of contacts attached."),
]


@pytest.mark.parametrize(("subject", "text"), LISTED_ORDINARY)
def test_a_file_in_people_s_mail_is_no_wish(subject, text):
    """Only what is asked of it, or a code, makes it one."""
    meaning = understand(mail(text, subject=subject, attachments=(PICTURE,)), mails.contact())
    assert not (isinstance(meaning, Correspondence) and meaning.wants_codes), meaning


BELOW = [
    ("RE: install codes required", "Hi Northwind, see below please"),
    ("RE: meter", "Please see the request below."),
    ("RE: install codes", "Can you help with the one below?"),
    ("Install code", "Can you help with the install code below?"),
    ("RE: meter", "Could you please action the email below"),
]


@pytest.mark.parametrize(("subject", "text"), BELOW)
def test_who_points_at_the_mail_below_wants_codes_and_nothing_is_taken_from_there(subject, text):
    """A colleague's mail quoted below makes no request; that it was not taken is told."""
    quoting = f"> Hi Maya, could you get the code for {A}\n> Sam"
    meaning = read(mail(text, subject=subject, reply=subject.startswith("RE"), quoted_text=quoting))
    assert meaning.wants_codes
    assert meaning.quotes_devices
    assert not meaning.asked


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for the codes below",
        "Please find below our answer, the codes are as follows",
        "Both of the below are now commissioned",
    ],
)
def test_thanks_and_answers_point_at_nothing(text):
    """They speak of what is quoted, and ask for nothing of it."""
    meaning = understand(
        mail(text, subject="RE: install codes", reply=True, quoted_text=f"> {A}"),
        mails.contact(),
    )
    assert not (isinstance(meaning, Correspondence) and meaning.wants_codes), meaning


@pytest.mark.parametrize(
    "text",
    [
        "I am leaving Northern on Friday, please contact jane@northern.example from now on",
        "Thank you for your email. I am currently on annual leave. If your enquiry is about install codes please contact j@northern.example.",
        "I am on leave until 26 January. For install codes contact Jane at jane@northern.example.",
    ],
)
@pytest.mark.parametrize("subject", ["Install codes", "Re: codes A"])
def test_who_is_away_or_leaves_asks_for_nothing(subject, text):
    """Also where nothing marks it as an automatic reply."""
    meaning = understand(mail(text, subject=subject), mails.contact())
    assert not (isinstance(meaning, Correspondence) and (meaning.wants_codes or meaning.chase or meaning.asked))


@pytest.mark.parametrize(
    "text",
    [
        "00-DB-12-34-56-78-90-ZZ",
        "Hi, 00-DB-12-34-56-78-90-ZZ please",
        "00-DB-12-34-56-78-90",
        "00_DB_12_34_56_78_90_A0",
    ],
)
def test_a_device_id_gone_wrong_is_named_though_it_stands_alone(text):
    """As one that is right asks for its code without a word (see REQUESTS)."""
    assert [bad.where for bad in read(mail(text)).bad_lines] == ["line 1"]
    assert understand(mail(text), mails.stranger()) == NotOurs()


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Install codes", "GUID 00DB12-3456-7891-28"),
        ("Device code", "device 00DB12345678912 (15 digits)"),
        ("codes", "00DB1234 56789128"),
    ],
)
def test_what_may_be_a_device_id_is_named_where_a_code_is_spoken_of(subject, text):
    """It is unlike anything else only because of the words beside it."""
    assert [bad.where for bad in read(mail(text, subject=subject)).bad_lines] == ["line 1"]


@pytest.mark.parametrize(
    ("subject", "attachment"),
    [
        ("Install code request", PICTURE),
        ("Install codes", PICTURE),
        ("MP121 codes", LOCKED),
        ("Commissioning - install codes May", PICTURE),
    ],
)
def test_a_list_in_a_picture_or_a_locked_file_is_a_wish(subject, attachment):
    """The subject names install codes and the list cannot be read: it is a request all the same."""
    meaning = read(mail("Please see attached.", subject=subject, attachments=(attachment,)))
    assert meaning.wants_codes


def test_what_cannot_be_read_is_never_passed_over():
    """A supplier's protected message or locked archive may hold a request, whatever its words."""
    protected = read(mail("You have received a protected message.", links_to_protected=True))
    locked = read(mail("FYI", attachments=(LOCKED,)))
    assert not protected.needs_thread
    assert not locked.needs_thread


@pytest.mark.parametrize(
    "text",
    [
        "We need 5 install codes, list attached.",
        "Please could we have the install codes for the attached?",
        "Install codes required please. The attached list has the GUIDs.",
        "Codes please for the devices in the attachment.",
        "Could you send the install codes? The GUIDs are attached to this mail.",
    ],
)
def test_an_attachment_that_did_not_come_is_missed(text):
    """They forgot it, or a gateway took it off: they are told, and not that we found no Device ID in it."""
    assert read(mail(text)).nothing_attached
    assert not read(mail(text, attachments=(PICTURE,))).nothing_attached
    assert not read(mail(f"{text}\n{A}")).nothing_attached


@pytest.mark.parametrize(
    "text",
    ["We need install codes for 12 meters, list to follow", "Install code please, the meter is attached to the wall"],
)
def test_what_is_not_said_to_be_attached_is_not_missed(text):
    """Other words for other things."""
    assert not read(mail(text)).nothing_attached


# ── chases ──────────────────────────────────────────────────────────────────────────────────────────

CHASES = [
    "Any update on the below please?",
    "Hi, just chasing this one.",
    "We are still waiting for the install codes.",
    "Our request is now overdue, please respond.",
    "This is a gentle reminder that we have not had a reply.",
    "When can we expect the codes?",
    "Have you had a chance to look at this?",
    "Following up on my mail of last week.",
    "I still haven't received anything from you on this.",
    "Can you confirm where we are with this?",
    "What's the latest?",
    "2nd request - please respond",
    "We have had no response to date; the ten working days have passed",
    "It is past the 10 working days, please advise",
    "CHASER: install codes",
    "These remain outstanding, could you look into it",
    "Did you get a chance to find these?",
    "I am escalating this as it is overdue.",
    "Status of our request?",
    "please can someone respond to this",
    "We need this urgently",
    "Bump",
    "Could you let me know when we will receive these?",
    "Hello? Anyone?",
    "This was due on Friday",
    "You've missed the deadline",
    "Can you give me an ETA please?",
    "Have these been sent?",
    "Just checking in on this",
    "Did you receive my email?",
    "Please see my email below, we require a response",
    "Please provide an update.",
    "Are these ready yet?",
    "How are you getting on with these?",
    "Please can you look into this urgently.",
    "Has anyone picked this up?",
    "Have you managed to find these?",
    "Please can you action the below.",
    "Can you confirm when these will be sent?",
    "We need these by Friday, please confirm.",
    "Please can you send these over.",
    "Please can you advise on the status.",
    "We still require these.",
]


@pytest.mark.parametrize("text", CHASES)
def test_a_chase_is_read_as_one(text):
    """Somebody who asks where the answer is chases, in a reply to mail about install codes."""
    meaning = read(
        mail(text, subject="RE: Install code request", reply=True, quoted_text=f"Please send the code for {A}")
    )
    assert meaning.chase
    assert not meaning.asked
    assert not meaning.acknowledgement
    assert not meaning.withdraws
    assert not meaning.needs_thread


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("codes", "any update?"),
        ("chasing", "Hi, chasing the answer to our request of 13 January"),
        ("Our request", "Is there any news on our request?"),
        ("Reminder", "2nd reminder - please respond"),
        ("codes", "Still waiting. This is not acceptable."),
        ("RE: codes", "Hi, when will we get the code?"),
        ("Hello", "What is happening with our request from last week?"),
    ],
)
def test_a_chase_in_a_mail_of_its_own_means_what_is_open(subject, text):
    """It names nothing, and answers no mail of ours: whether anything is open is known to our records."""
    assert read(mail(text, subject=subject)).of_what_is_open


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("RE: data", "Any news?"),
        ("Complaint", "The customer is unhappy, when will you refund them?"),
        ("Outage", "Any update on the outage?"),
    ],
)
def test_a_chase_of_another_matter_means_nothing_that_is_open(subject, text):
    """It goes on with a conversation of people, or names what else there is to wait for."""
    meaning = understand(mail(text, subject=subject), mails.contact())
    assert isinstance(meaning, NotOurs) or (meaning.needs_thread and not meaning.of_what_is_open)


def test_a_chase_names_its_devices_and_our_reference():
    """A chase with devices asks for them; our reference in subject or text is found, O read as 0."""
    meaning = read(mail(f"Any update on {A}? Your ref IC-7KD3M0Q9", subject="RE: codes [ic-ABCDEFGH]", reply=True))
    assert asked(meaning) == [A]
    assert meaning.chase
    assert meaning.references == ("IC-ABCDEFGH", "IC-7KD3M0Q9")


NO_CHASES = [
    f"Please provide the code for {A}. If we have not heard anything in ten days we will escalate.",
    f"Install code for {A} please. Please chase the installer on your side.",
    f"Code for {A}. We look forward to hearing from you within 10 working days.",
    f"The customer has had no smart service for months. Please provide the install code: {A}",
]


@pytest.mark.parametrize("text", NO_CHASES)
def test_a_first_request_is_no_chase(text):
    """What might be chased later, or by others, is not being chased now."""
    meaning = read(mail(text))
    assert asked(meaning) == [A]
    assert not meaning.chase


def test_a_chase_about_something_else_needs_a_thread_of_ours():
    """'Any update?' on a subject that has nothing of install codes counts only in a thread of ours."""
    meaning = read(
        mail("Any update on this?", subject="RE: Christmas lunch", reply=True, quoted_text="Turkey or nut roast?")
    )
    assert meaning.chase
    assert meaning.needs_thread


# ── withdrawals ─────────────────────────────────────────────────────────────────────────────────────

WITHDRAWALS = [
    "Please ignore my previous request.",
    "Please disregard the below email, wrong supplier.",
    "Please withdraw our request for these - customer has switched away again.",
    "Please disregard, we have found the codes.",
    "Please cancel, meters have been exchanged.",
    "You can close this, thanks.",
    "Cancel please.",
    "Please disregard.  We no longer need these codes.",
    "We no longer require the install code, the customer has left.",
    "The install code is no longer needed as the meter has been exchanged.",
    "Please withdraw this request.",
    "I would like to withdraw our request for the install codes",
    "Please cancel my request, we have found the code",
    "Apologies, this was sent in error.",
    "Hi, ignore my last email please, I had the wrong GUID",
    "Please cancel these, thanks",
    "These codes are not required any more",
    "Our request can be closed, it was sent to you by mistake",
    "Ignore the below please",
    "Sorted now thanks, no need to send the code",
    "Please ignore",
    "Scrap that, wrong supplier",
    "You can close this request",
    "Please do not send the code",
    "Please discard our previous mail",
    "Thanks but we no longer need it",
]


@pytest.mark.parametrize("text", WITHDRAWALS)
def test_a_request_is_taken_back(text):
    """Whoever takes the whole request back withdraws it, and asks and chases nothing."""
    meaning = read(mail(text, subject="RE: Install codes", reply=True, quoted_text=f"Please send the code for {A}"))
    assert meaning.withdraws
    assert not meaning.chase
    assert not meaning.acknowledgement
    assert not meaning.asked


@pytest.mark.parametrize(
    "text",
    [
        f"Please withdraw our request for {A}.",
        f"We no longer need these:\n{A}",
        f"Please ignore {A} in my previous request, customer lost.",
    ],
)
def test_a_device_is_taken_back_by_name(text):
    """A withdrawal that names devices takes back just these."""
    meaning = read(mail(text, reply=True))
    assert meaning.withdraws
    assert asked(meaning) == [A]


NO_WITHDRAWALS = [
    "Please ignore the formatting of the sheet.",
    "Ignore device 3 for now, the others are urgent.",
    "Please do not ignore this request again.",
    "If you have already responded, please disregard this email.",
    "Please disregard this reminder if you have sent the codes.",
    "If you are not the intended recipient please delete this email and disregard its contents.",
    "Please ignore the signature, I am on my phone",
    "You do not need to reply by post.",
    "We don't need the MPAN in your answer.",
    "Apologies for the duplicate, please ignore.",
    "Please ignore my earlier chaser, the request itself stands.",
    "Please disregard the first row of the sheet",
    "The engineer cancelled the appointment.",
    "Please cancel this appointment with the customer",
    "Thanks, I'll close the ticket.",
    "Please cancel any previous requests for other sites.",
    "No need to reply until you have all of them.",
]


@pytest.mark.parametrize("text", NO_WITHDRAWALS)
def test_nothing_is_taken_back_by_a_turn_of_phrase(text):
    """To ignore a detail, a condition or a disclaimer takes nothing back."""
    meaning = understand(mail(f"{text}\n\nAny update?", subject="RE: Install codes", reply=True), mails.contact())
    assert isinstance(meaning, Correspondence)
    assert not meaning.withdraws


def test_a_corrected_list_is_a_request_and_no_withdrawal():
    """'Ignore my previous email, the correct list is below' asks for the list."""
    text = f"Please ignore my previous email, the correct list is below. Please provide the install codes.\n\n{A}\n{B}"
    meaning = read(mail(text, reply=True))
    assert asked(meaning) == [A, B]
    assert not meaning.withdraws


def test_some_devices_are_taken_back_and_others_asked():
    """One device taken back in a mail that asks for another: the other is asked, nothing else is taken back."""
    meaning = read(mail(f"We no longer need {A}.\n\nPlease send the install code for {B}.", reply=True))
    assert asked(meaning) == [B]
    assert not meaning.withdraws


# ── thanks, reports, answers ────────────────────────────────────────────────────────────────────────

THANKS = [
    "Thanks, received.",
    "Thank you very much for your help!",
    "Received with thanks.",
    "Great, cheers",
    "Noted, thank you.",
    "Hi, thanks for your mail, I'll look into it and come back to you.",
    "Perfect, both commissioned",
    "Many thanks for the codes, both devices are now commissioned.",
    "Thank you for your email, your request has been logged and we will respond within 10 working days.",
    "Ok thanks, will await your response.",
    "Codes received, thank you very much for your help.",
    "Thanks, that is all we needed.",
    "Appreciate the quick reply.",
    "No rush on these, whenever you can.",
    "Thanks, I'll close the ticket.",
]


@pytest.mark.parametrize("text", THANKS)
def test_thanks_are_thanks_and_nothing_else(text):
    """A thank-you in a reply about install codes is an acknowledgement."""
    meaning = read(mail(text, subject="RE: Install codes", reply=True, quoted_text=f"{A}"))
    assert meaning.acknowledgement
    assert not meaning.asked
    assert not meaning.chase
    assert not meaning.wants_codes
    assert not meaning.withdraws


@pytest.mark.parametrize(
    "text",
    [
        f"Many thanks, we have received the install code for {A}.",
        f"Thank you for sending the code for {A}, now commissioned successfully.",
        f"We did not install {A}, please contact the installing supplier.",
        f"{A} was not installed by us, we have no record of this device.",
    ],
)
def test_a_report_asks_for_none_of_the_devices_it_names(text):
    """Thanks for a code, or 'not installed by us', names a device and asks nothing: no code goes out again."""
    meaning = read(mail(text, subject="RE: Install codes", reply=True))
    assert meaning in (Correspondence(needs_thread=True), Correspondence(acknowledgement=True))


COMPLAINTS = [
    "This is wrong. We are the gaining supplier since December.",
    "Please call me, something is wrong with your answer.",
    "Which colleague is looking? Can you escalate please? This is a complaint.",
    f"The code of {A} is wrong, it fails the CRC check. Please look into it.",
    "Thanks, but the code does not work",
    "Thanks! The codes don't seem to work.",
    "Received, thank you. One of the codes was rejected by the DCC.",
    "The GSME would not accept the code you sent",
    "The install code doesn't match the label",
    "Many thanks for the codes. Unfortunately we could not commission the ESME with it.",
    "Thank you, not what we asked for.",
    "Could someone ring me on the number below?",
    "I'd like to speak to somebody about this",
    "We are very disappointed with this answer",
    "For this device we could not use it; please answer for it once more.",
]
"""The last is a copy of this daemon, that got a faulty code."""


@pytest.mark.parametrize("text", COMPLAINTS)
def test_a_reply_that_says_that_something_is_wrong_is_a_complaint_and_no_thanks(text):
    """Or that wants a person. Whatever else it is, it is not filed as thanks."""
    meaning = read(mail(text, subject="RE: Install codes", reply=True, quoted_text=A))
    assert meaning.complains
    assert not meaning.acknowledgement


@pytest.mark.parametrize(
    "text",
    [
        f"I sent you the wrong ID yesterday; it is {A}",
        f"Sorry for the wrong attachment before, the device is {A}",
        f"My mistake, the ID is wrong. It is {A}",
        f"Please call us if anything is unclear. {A}",
        f"Correct me if I'm wrong, but I think you installed {A}",
    ],
)
def test_whoever_mends_their_own_mistake_does_not_complain(text):
    """Nor whoever speaks of what may be."""
    assert asked(read(mail(text, reply=True))) == [A]
    assert not read(mail(text, reply=True)).complains


NOT_UNDERSTOOD = [
    "We need it by Friday, engineer booked.",
    "We disagree: you did install this device.",
    "Your records are out of date",
    "We received somebody else's code",
    "Received, the list is empty",
    "Thanks, but there were two meters at that address",
    "Thank you. The gas meter is not in your list",
    "OK, however the customer has two fuels",
    "Ours has been with you since 2019",
    "Thanks. Who is the Installing Supplier then?",
    "Received, although one is missing",
    "Our customer is not Mr Smith",
    "Thanks. Southern say it is yours.",
    "Many thanks. We asked for the GSME, this is the GPF.",
    "Thank you. Our address has changed to codes2@northern-energy.example.",
    "Received, thanks. Two of the three worked.",
    "Thanks. We received these twice.",
    "Thanks. We are told by Southern that it is yours.",
    "Thank you for the codes. We are still short of one.",
    "Thanks. We will have to exchange the meter as you have none.",
    "Many thanks. I hope you can find the third one.",
    "Thanks. I have a question about these.",
    "We would appreciate it if somebody explained the delay.",
]


@pytest.mark.parametrize("text", NOT_UNDERSTOOD)
@pytest.mark.parametrize("more", ["", "\n\nTo unsubscribe from our news, click here."])
def test_a_reply_that_we_make_nothing_of_is_kept_for_its_thread(text, more):
    """Where it answers a letter of ours, which promised that somebody looks, somebody will; of an unlisted writer never."""
    one = mail(f"{text}{more}", subject="RE: Meter", reply=True)
    meaning = read(one)
    assert meaning.needs_thread
    assert not meaning.acknowledgement
    assert understand(one, mails.stranger()) == NotOurs()
    assert understand(mail(text, subject="Meter"), mails.contact()) == NotOurs()


@pytest.mark.parametrize(
    ("text", "leaves_open"),
    [
        (f"Hi team, {A} is the meter at the old house", True),
        (f"Our engineer says {A} stands at another address", True),
        (f"Which of our customers is {A} for?", True),
        (f"Hi Northern, {A} please. Thanks", False),
        (f"Please resend {A}, it seems lost", False),
        (f"We need {A} by Friday as the engineer is booked", False),
        (A, False),
        ("The meter at the old house is the other one", False),
    ],
)
def test_what_a_mail_says_of_a_device_may_be_left_open(text, leaves_open):
    """A name alone, or words that ask, are known; without a device there is nothing that we could take for a request."""
    assert read(mail(text, reply=True)).leaves_open is leaves_open


CONTENT = [
    "Perfect, no problems at all, all commissioned",
    "Great, thanks. No further action needed",
    "Thanks for the quick turnaround, can't thank you enough!",
    "Thanks, I'll let you know if there are any issues.",
    "Thanks. Please do not hesitate to contact me.",
    "Noted. This email is confidential and must not be copied by anyone but the intended recipient.",
    "Brilliant - both worked first time.",
    "Codes received and working",
    "Both have now commissioned",
    "Thank you. We will be in touch if anything is wrong.",
    "Thanks, we'll try these on Monday and come back to you.",
    "Thanks. Please don't hesitate to contact us if you need anything.",
    "Thanks, noted.\n\nPlease don't reply to this email, the case is now closed our end.",
    "Thank you for the codes. I don't think we need anything else.",
    "Thanks for your email. I've forwarded this to the relevant team.",
    "Thanks. The engineer is booked for Tuesday.",
]


@pytest.mark.parametrize("text", CONTENT)
def test_plain_thanks_and_good_news_need_nobody(text):
    """Nothing in it takes the thanks back: turns of phrase and a company's small print do not."""
    meaning = read(mail(text, subject="RE: Install codes", reply=True, quoted_text=A))
    assert meaning.acknowledgement
    assert not meaning.complains


def test_a_complaint_about_install_codes_need_not_be_a_reply():
    """A listed contact is heard; whoever is not listed, or complains of something else, is not."""
    one = mail("The install code you sent on Monday is wrong.", subject="Wrong install code")
    assert read(one).complains
    assert not read(one).needs_thread
    assert understand(one, mails.stranger()) == NotOurs()
    assert read(mail("The invoice is wrong.", subject="Invoice")).needs_thread


@pytest.mark.parametrize(
    "text",
    [
        f"Thanks for the code for {B}. Could you also provide the one for {A}?",
        f"Thank you for your reply. We still need {A}.",
        f"Thanks. The code for {A} did not work, please check and resend.",
        f"Received with thanks. Another one for you - {A}.",
        f"Thank you - these have worked. May I have {A} too.",
        f"Thanks for these, all commissioned successfully. Next one: {A}",
        f"Thank you for the codes. If you could send {A} too that would be great.",
        f"Thanks, I'll close the ticket. Also need {A} please.",
    ],
)
def test_thanks_with_a_wish_are_a_request(text):
    """A courtesy before a wish hides nothing."""
    meaning = read(mail(text, subject="RE: Install codes", reply=True))
    assert A in asked(meaning)
    assert not meaning.acknowledgement


@pytest.mark.parametrize(
    "text",
    [
        f"{A}: {CODE}",
        f"Hi, please find below the install code.\n\nDevice ID: {A}\nInstall code: {CODE}",
        f"{A}\n{CODE.replace(' ', '')}\n\n{B}\n{CODE.replace(' ', '-')}",
        f"{A}\n{B}\n\n{CODE}\n83FED3407A939723A5C639B26916D505C3B5",
        f"the code for {A} is 83FED3407A939723\nA5C639B26916D505",
    ],
)
def test_answers_are_not_requests(text):
    """A device with its code beside or below it is answered; no half of a code is taken for a device."""
    meaning = read(mail(text, subject="RE: Install codes", reply=True))
    assert meaning.brings_codes
    assert asked(meaning) == []
    assert A in meaning.answered


def test_a_code_answers_the_device_it_follows_and_no_other():
    """With fewer codes than devices each code answers the device just above it; the rest is asked for."""
    told = read(mail(f"Device: {A}\nType: ESME\nInstall code: {CODE}\n\nThe other one: {B}", reply=True))
    wished = read(mail(f"{A}\n{CODE}\n\nPlease send the install code for {B} too.", reply=True))
    assert asked(told) == [B]
    assert asked(wished) == [B]


def test_one_mail_may_answer_ask_and_chase():
    """An answer for one device, a request for another and a chase in one mail are all read."""
    text = f"Code for {A}: {CODE}\n\nPlease send us the install code for {B}.\n\nAny update on our request of Monday?"
    meaning = read(mail(text, reply=True))
    assert meaning.brings_codes
    assert meaning.chase
    assert asked(meaning) == [B]


# ── not ours ────────────────────────────────────────────────────────────────────────────────────────

ORDINARY = [
    ("Operations lunch", "Hi Jo, are you free on Thursday to meet about the audit? Best, Priya"),
    ("RE: Working group", "Yes, count me in for the working group, thanks for organising."),
    ("May newsletter", "Our May newsletter: register for the install codes webinar.\n\nUnsubscribe here."),
    ("Industry news", "Please see our update on MP121. To unsubscribe click below."),
    ("Contact list", "Please update the install code contact list with my new phone number."),
    ("Forecast", "Volumes for 2023 2024 2025 2026 as discussed."),
    ("Meeting", "Could we meet on Tuesday to discuss the install code process?"),
    ("Out and about", "I have a new phone: 07700 900123. Postcode for parcels is LS1 4AP."),
    ("Invoice 1234567890123", "Please pay the attached invoice by 30/06/2026."),
    ("Holiday cover", "Priya is away, please contact me for install code queries."),
    ("New contact", "From 1 July please send all install code requests to codes@northern.example"),
    ("Site visit", "Can you provide a visitor access code for the building?"),
    ("Error codes", f"What does error code E5 mean for device {A}?"),
    ("Firmware", f"Device {A} failed its firmware update, please check."),
    ("Erroneous transfer", "Please confirm the erroneous transfer for MPAN 1012345678901."),
    ("Complaint", "The customer is unhappy, when will you refund them?"),
    ("Codes", "Your discount code is SUMMER26. Please use it before Friday."),
    ("Thursday", "Could you send me the code for the Teams meeting please? I can't get in."),
    ("Car park", "Please can I have the code for the gate, I'll be there at 9."),
]


@pytest.mark.parametrize(("subject", "text"), ORDINARY)
@pytest.mark.parametrize(
    "writer", [mails.colleague(), mails.contact(), mails.stranger()], ids=["colleague", "contact", "stranger"]
)
def test_ordinary_mail_is_none_of_ours(subject, text, writer):
    """Newsletters, lunches and talk about the process stay where they are, whoever writes them."""
    meaning = understand(mail(text, subject=subject), writer)
    assert meaning == NotOurs() or (isinstance(meaning, Correspondence) and meaning.needs_thread), meaning


@pytest.mark.parametrize(
    "one",
    [
        mail(f"please send {A}", subject="codes"),
        mail(f"We need {A}", subject="request"),
        mail("Codes please", subject="codes", tables=(sheet(("GUID",), (A,), (B,)),)),
        mail("List attached", subject="list", tables=(sheet(("GUID",), (A,)),)),
    ],
    ids=["code", "asks", "codes and a sheet", "a headed sheet"],
)
def test_an_unlisted_writer_who_plainly_asks_for_devices_is_heard(one):
    """A Device ID in full beside a wish or a code, or a list headed as one of Device IDs."""
    assert asked(understand(one, mails.stranger()))[0] == A


@pytest.mark.parametrize("text", [*REQUESTS[:5], *WISHES[:3]])
def test_an_unlisted_writer_who_asks_for_codes_is_heard(text):
    """Whether a stranger is answered is decided by proof; that codes are asked for is understood."""
    assert isinstance(understand(mail(text), mails.stranger()), Correspondence)
    assert isinstance(understand(mail(text), mails.listed_domain()), Correspondence)


@pytest.mark.parametrize(
    "text",
    [
        "Ticket 00db1234567890a0 was closed.",
        "Any update?",
        "Build 83fed3407a939723a5c639b26916d505 passed.",
        "Thanks, received",
        "Please ignore my previous email",
    ],
)
def test_a_stranger_with_a_long_number_means_nothing_to_us(text):
    """Sixteen hex digits alone, thanks or a chase of an unlisted writer are none of ours."""
    assert understand(mail(text, reply=True), mails.stranger()) == NotOurs()


# ── machines, ourselves, our team ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("machine", list(Machine))
@pytest.mark.parametrize(
    "writer", [mails.contact(), mails.stranger(), mails.member()], ids=["contact", "stranger", "member"]
)
def test_a_machine_is_recorded_and_never_read(machine, writer):
    """An out-of-office that quotes a request, a bounce or a receipt is a machine's, whoever it comes from."""
    one = mail(f"Please send the install code for {A}", written_by=mails.origin(machine=machine))
    assert understand(one, writer) == MachineMail(machine, "Auto-Submitted: auto-generated")


def test_another_copy_of_this_daemon_is_read_from_a_listed_supplier_alone():
    """The mark lets a machine's request be read, from a contact or colleague; from anybody else it is a machine's."""
    one = mail(
        "Install codes, please.",
        written_by=mails.origin(machine=Machine.ROBOT, mark=MarkedKind.REQUEST, mark_reference="IC-7KD3M0Q9"),
        tables=(sheet(("device_id", "outcome", "install_code", "note"), (A, "", "", ""), (B, "", "", "")),),
    )
    meaning = read(one)
    assert asked(meaning) == [A, B]
    assert meaning.wants_codes
    assert meaning.references == ("IC-7KD3M0Q9",)
    assert asked(understand(one, mails.colleague())) == [A, B]
    for writer in (mails.stranger(), mails.listed_domain(), mails.member()):
        assert isinstance(understand(one, writer), MachineMail)


def test_the_mark_makes_no_bounce_readable():
    """A bounce or receipt stays a machine's mail even with the mark."""
    for machine in (Machine.BOUNCE, Machine.RECEIPT):
        one = mail(A, written_by=mails.origin(machine=machine, mark=MarkedKind.REQUEST))
        assert isinstance(understand(one, mails.contact()), MachineMail)


def test_a_marked_answer_asks_for_nothing():
    """What another copy answers names devices without codes, and is no request for them."""
    one = mail(
        f"{B} was not installed by us.",
        written_by=mails.origin(machine=Machine.ROBOT, mark=MarkedKind.ANSWER, mark_reference="IC-7KD3M0Q9"),
        tables=(
            sheet(
                ("device_id", "outcome", "install_code", "note"),
                (A, "CODE", CODE, ""),
                (B, "NOT-INSTALLER", "", "installer: BGAS"),
                (C, "PENDING", "", "by: 2026-07-01"),
            ),
        ),
    )
    assert read(one) == Correspondence(brings_codes=True, references=("IC-7KD3M0Q9",))


def test_a_marked_chase_chases():
    """The chase of another copy is one, with the devices it lists."""
    one = mail(
        "Still missing:",
        written_by=mails.origin(machine=Machine.ROBOT, mark=MarkedKind.CHASE, mark_reference="IC-7KD3M0Q9"),
        tables=(sheet(("device_id", "outcome", "install_code", "note"), (A, "", "", "")),),
    )
    meaning = read(one)
    assert meaning.chase
    assert asked(meaning) == [A]


def test_a_contact_listed_as_a_robot_is_read():
    """A supplier's ticket system, listed as a robot, asks like a person; its auto-replies stay unread."""
    request = f"Please provide the install code for {A}"
    assert asked(understand(mail(request, written_by=mails.origin(machine=Machine.ROBOT)), mails.robot())) == [A]
    away = mail(request, written_by=mails.origin(machine=Machine.AUTO_REPLY))
    assert isinstance(understand(away, mails.robot()), MachineMail)


def test_ourselves_and_our_team_ask_for_nothing():
    """Our own address, our own letter come back, and a member of our team are no counterparties."""
    request = f"Please send the install code for {A}"
    own_letter = mail(request, written_by=mails.origin(machine=Machine.ROBOT, mark=MarkedKind.ANSWER))
    assert understand(mail(request), mails.ourselves()) == OwnMail()
    assert understand(own_letter, mails.ourselves()) == OwnMail()
    assert understand(mail(request), mails.member()) == OpsMail()


# ── tables ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_column_of_device_ids_is_read_and_its_neighbours_left_alone():
    """Serials, MPANs and hub ids beside the Device IDs are not asked for; that MPANs came is noted."""
    rows = (
        ("Site", "Device GUID", "MPAN", "Serial", "Comms Hub GUID"),
        ("1", A, "1012345678901", "E6S1001234567890", C),
        ("2", B.lower().replace("-", ""), "1012345678902", "00DB12345678900", C),
    )
    text = "Install codes please\n\n" + "\n".join("\n".join(row) for row in rows)
    meaning = read(mail(text, tables=(table(*rows),)))
    assert [(a.device_id, a.where) for a in meaning.asked] == [(A, "table 1, row 2"), (B, "table 1, row 3")]
    assert meaning.personal_data == ("MPAN",)
    assert not meaning.bad_lines


def test_a_hub_that_is_also_listed_is_asked_for():
    """What stands beside the devices in the mail's table and is asked for in its sheet is asked for."""
    in_mail = table(("Device ID", "Comms Hub ID"), (A, C))
    attached = sheet(("Device ID",), (C,))
    assert asked(read(mail(f"Install codes please\n{A}\n{C}", tables=(in_mail, attached)))) == [A, C]


@pytest.mark.parametrize(
    "heading",
    [
        "Device ID", "DEVICE_ID", "deviceId", "GUID", "EUI", "EUI-64", "Device GUID", "ESME", "GSME", "ESME ID", "GSME GUID",
        "Meter GUID", "Device Identifier", "Device ID (GUID)", "Electricity Device ID", "Meter ID", "SMETS2 Device GUID", "Device Id:",
    ],
)  # fmt: skip
def test_a_heading_is_known_by_any_of_its_names(heading):
    """Whatever the column of Device IDs is called, what is not one in it is named, and other columns are not read."""
    rows = ((heading, "Other"), (A, C), ("not known yet 1", C))
    meaning = read(mail("Install codes please", tables=(sheet(*rows),)))
    assert asked(meaning) == [A]
    assert [bad.where for bad in meaning.bad_lines] == ["requests.xlsx, sheet S, line 3"]


def test_rows_with_an_answer_ask_for_nothing():
    """A filled code or outcome answers its row; 'required', 'TBC' or an empty cell there asks."""
    rows = (
        ("Device ID", "Install code", "Outcome"),
        (A, CODE, ""),
        ("00-DB-12-34-56-78-90-B0", "", "NOT-INSTALLER"),
        ("00-DB-12-34-56-78-90-B1", "", "we did not install this one"),
        ("00-DB-12-34-56-78-90-C0", "", ""),
        ("00-DB-12-34-56-78-90-C1", "required", ""),
        ("00-DB-12-34-56-78-90-C2", "TBC", "awaiting"),
        ("00-DB-12-34-56-78-90-C3", "not yet received", "chased 12/5"),
    )
    meaning = read(mail("See attached", tables=(sheet(*rows),)))
    assert asked(meaning) == [f"00-DB-12-34-56-78-90-C{n}" for n in range(4)]
    assert meaning.brings_codes


def test_a_form_with_a_code_answers():
    """Labels at the left: where a code stands among the values, its device is not asked for."""
    rows = (("Device ID", A), ("Type", "ESME"), ("Install code", CODE), ("Device ID", B), ("Install code", ""))
    meaning = read(mail("See below", tables=(sheet(*rows),)))
    assert (asked(meaning), meaning.answered, meaning.brings_codes) == ([B], (A,), True)


def test_without_a_heading_every_cell_is_read():
    """A bare list, with remarks or more columns, is read cell by cell; several ids in one cell are all found."""
    rows = (("1", A, "flat 2"), ("2", f"{B} / {C}", ""), ("3", "aa:bb:cc:dd:ee:ff:00:11", "gas"))
    meaning = read(mail("codes please", tables=(sheet(*rows, name="list.csv"),)))
    assert asked(meaning) == [A, B, C, "AA-BB-CC-DD-EE-FF-00-11"]
    assert [a.where for a in meaning.asked] == ["list.csv, line 1", *["list.csv, line 2"] * 2, "list.csv, line 3"]


def test_both_meters_of_a_row_are_asked():
    """ESME and GSME columns both hold Device IDs; 'N/A' in one of them is no fault."""
    rows = (("ESME GUID", "GSME GUID"), (A, B), (C, "N/A"))
    meaning = read(mail("Install codes please", tables=(table(*rows),)))
    assert [(a.device_id, a.where) for a in meaning.asked] == [
        (A, "table 1, row 2"),
        (B, "table 1, row 2"),
        (C, "table 1, row 3"),
    ]
    assert not meaning.bad_lines


def test_a_form_of_labels_and_values_is_no_headed_table():
    """Labels on the left and values on the right: the Device ID is found, the serial under it is no fault."""
    rows = (("Device ID", A), ("Serial", "E6S1001234567890"), ("MPAN", "1012345678901"))
    meaning = read(mail("Install code please", tables=(table(*rows),)))
    assert asked(meaning) == [A]
    assert not meaning.bad_lines


def test_a_title_above_and_a_second_heading_below_are_understood():
    """Rows above the heading, a repeated heading, blank rows and a total are no bad lines."""
    rows = (
        ("Install code requests", ""),
        ("", ""),
        ("Device ID", "Region"),
        (A, "North"),
        ("Device ID", "Region"),
        (B, "South"),
        ("Total: 2", ""),
    )
    meaning = read(mail("Please provide", tables=(sheet(*rows),)))
    assert asked(meaning) == [A, B]
    assert not meaning.bad_lines


def test_a_device_id_broken_in_a_narrow_cell_is_read():
    """In a column of Device IDs a line break inside a cell breaks nothing."""
    rows = (("Device ID", "Type"), ("00-DB-12-34-\n56-78-90-A0", "ESME"), ("BC33ACFF\nFEFA553D", "GSME"))
    assert asked(read(mail("codes please", tables=(table(*rows),)))) == [A, B]


def test_ids_outside_the_headed_column_are_found_when_it_holds_none():
    """A heading over the wrong column loses no request."""
    rows = (("Device ID", ""), ("ESME", A), ("GSME", B))
    assert asked(read(mail("codes please", tables=(sheet(*rows),)))) == [A, B]


def test_a_text_file_is_read_line_by_line():
    """A list in a .txt file counts its lines, and a broken Device ID in it is joined."""
    lines = tuple((line,) for line in ("Requests", A, "BC-33-AC-FF-", "FE-FA-55-3D"))
    one = table(*lines, name="list.txt", source=Source.TEXT)
    meaning = read(mail("install codes please", tables=(one,)))
    assert [(a.device_id, a.where) for a in meaning.asked] == [(A, "list.txt, line 2"), (B, "list.txt, line 3")]


# ── bad lines ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("cell", "part"),
    [
        ("1.2E+15", "spreadsheet"),
        ("1.23457E+15", "spreadsheet"),
        ("1,23E+15", "spreadsheet"),
        ("1234567890123450", "spreadsheet"),
        ("1234567890123456.0", "spreadsheet"),
        ("12345678901234", "leading zeros"),
        ("1012345678901", "MPAN"),
        ("00DB1234567890A", "15 digits"),
        ("00DB1234567890A01", "17 digits"),
        ("00DB1234567890AO", "letter O"),
        ("00-DB-12-34-56-78-9O-A0", "letter O"),
        ("00-DB-12-34-56-78-90", "14 digits"),
        ("00-DB-12-34-56-78-90-A0-11", "18 digits"),
        ("٠٠DB1234567890A0", "plain digits"),
        ("ESME-19L123456", "not a Device ID"),
        ("", "missing"),
        ("0000000000000000", "placeholder"),
    ],
)
def test_a_bad_cell_is_named_with_what_is_wrong(cell, part):
    """Each row that cannot be used is named by its line, with what would work; nothing is guessed."""
    rows = (("Device ID", "Type", "Region"), (A, "ESME", "North"), (cell, "ESME", "North"))
    meaning = read(mail("Install codes please", tables=(sheet(*rows),)))
    assert asked(meaning) == [A]
    assert [bad.where for bad in meaning.bad_lines] == ["requests.xlsx, sheet S, line 3"]
    assert part in meaning.bad_lines[0].why


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("1.23457E+15", "spreadsheet"),
        ("00DB1234567890A", "15 digits"),
        ("00-DB-12-34-56-78-9O-A0", "letter O"),
        ("00DB 1234 5678 9OA0", "letter O"),
        ("00-DB-12-34-56-78-9G-A0", "something other"),
        ("00-DB-12-34-56-78-90-A0-11", "9 pairs"),
        ("4929 1234 5678 9012", "hyphens"),
        ("ＤＢ-00-12-34-56-78-90-A0", "plain digits"),
    ],
)
def test_a_bad_line_of_text_is_named(line, part):
    """In free text too, what was meant as a Device ID and is none is named by its line, and asked for by none."""
    meaning = read(mail(f"Please provide the install codes for\n{line}\n{A}"))
    assert asked(meaning) == [A]
    assert [bad.where for bad in meaning.bad_lines] == ["line 2"]
    assert part in meaning.bad_lines[0].why


def test_all_that_is_wrong_in_a_line_is_named():
    """Two that went wrong in two ways are two to be mended; of one way it is said once."""
    text = "Please send the codes for 00-DB-12-34-56-78-90-ZZ, 00-DB-12-34-56-78-90-QQ and 1.2E+15"
    [bad] = read(mail(text)).bad_lines
    assert (bad.where, bad.why) == ("line 1", f"{LETTERS}; and another one: {SHORTENED}")


def test_no_bad_line_quotes_what_stood_there():
    """What is said of a bad line never repeats it: it may be an MPAN."""
    rows = (("Device ID",), ("1012345678901",), ("00DB1234567890AO",), ("1.23457E+15",))
    for bad in read(mail("codes please", tables=(sheet(*rows),))).bad_lines:
        assert not any(row[0] in bad.why for row in rows[1:])


def test_bad_lines_are_bounded():
    """Ten thousand bad rows are not ten thousand lines of a letter."""
    rows = (("Device ID",), *((f"1.2345{n % 10}E+15",) for n in range(10_000)))
    assert len(read(mail("codes please", tables=(sheet(*rows),))).bad_lines) == 200


def test_in_mail_about_other_things_a_long_number_is_no_bad_line():
    """A number with an exponent in an ordinary conversation is nobody's Device ID."""
    meaning = understand(
        mail("Any news? The meter reads 1.5E+15 kWh.", subject="RE: data", reply=True), mails.contact()
    )
    assert isinstance(meaning, Correspondence)
    assert not meaning.bad_lines


# ── what is no request at all ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "line",
    [
        "RequestID 90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:1000",
        "trace 550e8400-e29b-41d4-a716-446655440000",
        "Message-ID: <00DB1234567890A0@mail.northern-energy.example>",
        "https://portal.example/case/00DB1234567890A0?x=1",
        "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "fingerprint e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "SHA256 " + ":".join(["AB"] * 32),
        "balance 0.1234567890123456",
    ],
)
def test_other_identifiers_are_not_devices(line):
    """A RequestID, UUID, Message-ID, link, hash or fraction in a request adds no device to it."""
    meaning = read(mail(f"Please send the install code for {A}\n\n{line}"))
    assert asked(meaning) == [A]


# ── size ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("headed", [True, False])
def test_a_sheet_of_fifty_thousand_rows_is_read_whole(headed):
    """A cleared backlog comes as one sheet; every row of it is read."""
    rows = [
        (f"00-DB-12-34-56-{n >> 8:02X}-90-{n & 255:02X}", "1012345678901", "E6S10012345", "no WAN at the time")
        for n in range(50_000)
    ]
    heading = [("Device ID", "MPAN", "Serial", "Remark")] if headed else []
    meaning = read(mail("Install codes please", tables=(sheet(*heading, *rows),)))
    assert len(meaning.asked) == 50_000
    assert meaning.asked[-1].where == f"requests.xlsx, sheet S, line {50_000 + headed}"
    assert meaning.personal_data == ("MPAN",)
