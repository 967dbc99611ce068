"""Mails as suppliers' people write them, from their bytes to what becomes of them: what is ordinary is held for nobody."""

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest

from daemon.mail.parse import parse
from daemon.mail.sender.authres import Trust
from daemon.rules.decide import decide
from daemon.rules.decision import Decision, Fate
from daemon.rules.facts import Facts
from daemon.rules.gate import Waiver
from daemon.rules.reasons import Reason
from daemon.rules.thread import Outcome
from daemon.rules.understand import understand
from tests.rules import cases, mails
from tests.rules.cases import A, B, C

DAYS_AGO = {one: cases.sent(timedelta(days=3)) for one in (A, B)}
ANSWERED = cases.facts(home=cases.thread(cases.answered(A), cases.answered(B)), releases=DAYS_AGO)
HELD = cases.facts(home=cases.thread(cases.item(A), cases.item(B)))
DENIED = cases.facts(home=cases.thread(cases.answered(A, Outcome.NOT_INSTALLER)), records=cases.records(B, C))
UNREADABLE = cases.facts(home=cases.thread())
FRESH = cases.facts()
BELOW = """

From: Install codes
Sent: 05 June 2026 14:12
To: MP121
Subject: RE: Install codes

If anything here is wrong or missing, reply to this mail; a colleague will look at it.
"""


def becomes(text: str, before: Facts, *, html: str = "", subject: str = "Install codes") -> Decision:
    """What becomes of a mail with this text; where there is a thread, it answers a letter of ours."""
    message = EmailMessage()
    message["From"] = mails.MP121_ADDRESS
    message["Subject"] = f"RE: {subject}" if before.home else subject
    message["Message-ID"] = "<mail@northern-energy.example>"
    if before.home:
        message["In-Reply-To"] = "<letter@our-company.example>"
    if text or not html:
        message.set_content(text + BELOW * bool(before.home))
    if html and not text:
        message.set_content(html, subtype="html")
    elif html:
        message.add_alternative(html, subtype="html")
    mail = replace(parse(message.as_bytes(), Trust()), origin=cases.origin())
    return decide(replace(before, mail=mail), understand(mail, mails.contact()), cases.policy())


@pytest.mark.parametrize(
    ("before", "text", "coded"),
    [
        (FRESH, f"Hi,\n\nPlease can I have the install codes for {A} and {B}.\n\nThanks\nDave", [A, B]),
        (FRESH, f"I would like to have the install code for {A}. Thanks for the codes you sent last week.", [A]),
        (FRESH, f"Wondering if you have the install code for {A}. The codes received last week all worked.", [A]),
        (FRESH, f"Kindly furnish the install code of {A}. No need to reply until you have it.", [A]),
        (FRESH, f"Install code for {A} please. Southern Power said they don't hold the codes.", [A]),
        (ANSWERED, f"Thank you for the codes.\n\n{C} please as well, thanks\nKaren", [C]),
        (ANSWERED, f"Thanks for these, all commissioned successfully. You missed {C}.", [C]),
        (ANSWERED, "Please can you send these over.", [A, B]),
        (ANSWERED, "Hi, can you resend please, our spam filter ate it.\n\nThanks", [A, B]),
        (ANSWERED, "sorry cant find your email can u send again", [A, B]),
        (ANSWERED, f"{A} joined ok. Could we have {C} as well?", [C]),
    ],
)
def test_what_is_asked_for_is_answered(before: Facts, text: str, coded: list[str]) -> None:
    """Each device, at once, and no other."""
    decision = becomes(text, before)
    assert [one for plan in decision.plans for one in plan.code_devices] == coded
    assert decision.fate is Fate.DECIDED


@pytest.mark.parametrize(
    ("before", "text", "reason"),
    [
        (ANSWERED, "Hi,\n\nThanks\nDave", Reason.ACKNOWLEDGEMENT),
        (ANSWERED, "Hi Jo,\n\nMany thanks\nDave Smith\nOps | Northern Energy\n0113 496 0000", Reason.ACKNOWLEDGEMENT),
        (
            ANSWERED,
            "Thanks, noted.\n\nPlease don't reply to this email, the case is now closed.",
            Reason.ACKNOWLEDGEMENT,
        ),
        (HELD, "Ok thanks, will await your response.", Reason.ACKNOWLEDGEMENT),
        (ANSWERED, f"Thanks, {A} worked.", Reason.ACKNOWLEDGEMENT),
        (ANSWERED, f"Thank you. {A} is now live.", Reason.ACKNOWLEDGEMENT),
        (ANSWERED, f"{A} working, {B} working. Thanks.", Reason.ACKNOWLEDGEMENT),
        (ANSWERED, "Thank you for the swift reply, really helpful. Have a lovely week.", Reason.ACKNOWLEDGEMENT),
        (ANSWERED, "Cheers. Glad to see the new process works so well.", Reason.ACKNOWLEDGEMENT),
        (ANSWERED, "Thank you so much. Hope you're enjoying the sunshine!", Reason.ACKNOWLEDGEMENT),
        (ANSWERED, "👍", Reason.ACKNOWLEDGEMENT),
        (UNREADABLE, "No worries, we have found it ourselves, please ignore.", Reason.WITHDRAWAL),
    ],
)
def test_what_needs_nobody_is_filed(before: Facts, text: str, reason: Reason) -> None:
    """No letter, no hold, and nothing is sent a second time."""
    decision = becomes(text, before)
    assert (decision.fate, decision.reason, decision.plans) == (Fate.DECIDED, reason, ())


@pytest.mark.parametrize(
    ("before", "text", "reason"),
    [
        (DENIED, f"Our system shows you as the supplier of {A} at that date. Could you check again?", "not-understood"),
        (ANSWERED, f"Thanks for the codes. The customer at {A} has now moved out.", "not-understood"),
        (ANSWERED, "We only got one of the two codes, please check.", "complaint"),
        (ANSWERED, "Hi,\n\nThanks\nThe second one fails.\nDave", "not-understood"),
        (ANSWERED, "Thanks. Southern say it is yours.", "not-understood"),
        (ANSWERED, f"Thanks, {A} worked but {B} didn't.", "complaint"),
        (ANSWERED, f"Thanks, {A} worked. {B} throws error 42.", "complaint"),
        (ANSWERED, f"Thanks. {A} ok, {B} nope.", "not-understood"),
        (ANSWERED, f"{B} doesn't pair. Can you check the code please?", "complaint"),
        (ANSWERED, "The codes do not work, please resend.", "complaint"),
        (
            ANSWERED,
            f"The install code you sent for {A} is rejected by the meter, please check and resend.",
            "complaint",
        ),
        (ANSWERED, f"We tried the code for {A} and the meter refuses it. Is it right?", "complaint"),
        (ANSWERED, "Don't resend please, we found them but the second fails.", "not-understood"),
        (ANSWERED, "Please send again but encrypted.", "no-plain-request"),
        (ANSWERED, "Thanks. Please reply to Ann in future.", "not-understood"),
        (ANSWERED, "Thanks for the codes. Please delete our data.", "not-understood"),
        (FRESH, f"Thanks for the codes you sent last week.\n\nInstall codes: {A}, {B}", "some-not-wanted"),
        (FRESH, f"Install codes: {A}, {B}\nThanks for the codes you sent last week.", "some-not-wanted"),
        (FRESH, f"{A}\n{B}\nThanks for the codes you sent last week.", "some-not-wanted"),
        (FRESH, f"{A}, {B}. Thanks for the codes you sent last week.", "some-not-wanted"),
        (FRESH, f"We have no record of these devices.\n\n{A}", "some-not-wanted"),
    ],
)
def test_what_somebody_must_see_is_held(before: Facts, text: str, reason: str) -> None:
    """It is neither dropped nor answered once more with what it speaks of."""
    decision = becomes(text, before)
    assert (decision.fate, decision.reason) == (Fate.HELD, reason)
    assert not any(plan.code_devices for plan in decision.plans)


def asked_for(remark: str) -> str:
    """A request with a table, whose second row bears `remark` where the code is to stand."""
    rows = "".join(f"<tr><td>{one}</td><td>{said}</td></tr>" for one, said in ((A, ""), (B, remark)))
    table = f"<table><tr><th>Device ID</th><th>Install code</th></tr>{rows}</table>"
    return f"<p>Please send the install codes for these.</p>{table}"


@pytest.mark.parametrize(("remark", "held"), [("", False), ("TBC", False), ("Not found in SMI", True), ("done", True)])
def test_a_row_that_bears_an_answer_beside_a_request_is_seen(remark: str, held: bool) -> None:
    """The others are answered at once; that one may be wanted, and a person looks."""
    decision = becomes("See the table", FRESH, html=asked_for(remark))
    assert [one for plan in decision.plans for one in plan.code_devices] == ([A] if held else [A, B])
    assert decision.reason is (Reason.SOME_NOT_WANTED if held else Reason.REQUEST)


LISTED = f"<p>Install codes please</p><p>{A}<br><s>{B}</s></p>"
STRUCK_ROW = f"<table><tr><th>Device ID</th><th>Fuel</th></tr><tr><td>{A}</td><td>gas</td></tr><tr><td><s>{B}</s></td><td>gas</td></tr></table>"


@pytest.mark.parametrize("text", ["", f"Install codes please\n\n{A}\n{B}"])
@pytest.mark.parametrize("html", [LISTED, f"<p>Install codes please</p>{STRUCK_ROW}"])
def test_what_is_struck_through_is_not_asked_for(text: str, html: str) -> None:
    """Whether or not the mail says all of it once more as plain text; its writer reads that it is left out."""
    decision = becomes(text, FRESH, html=html)
    assert [one for plan in decision.plans for one in plan.code_devices] == [A]
    assert cases.said(decision).left_out == (B,)


def test_where_all_is_struck_through_a_person_looks() -> None:
    """Nothing is sent for what its writer crossed out."""
    decision = becomes("", FRESH, html=f"<p><s>Install codes please {A}</s></p><p>Sorted now</p>")
    assert (decision.fate, decision.plans) == (Fate.HELD, ())


@pytest.mark.parametrize(
    "between",
    [
        "The ones below have been commissioned, thank you, for information only:",
        "Completed - no action needed",
        "Codes received",
    ],
)
def test_of_two_tables_one_may_be_done_with(between: str) -> None:
    """Which, no rule can know: a person looks, and both are asked for where nothing of the kind is said."""

    def sent(words: str) -> list[str]:
        first, second = (f"<table><tr><th>Device ID</th></tr><tr><td>{one}</td></tr></table>" for one in (A, B))
        decision = becomes("", FRESH, html=f"<p>Install codes please for:</p>{first}<p>{words}</p>{second}")
        return [one for plan in decision.plans for one in plan.code_devices]

    assert sent(between) == []
    assert sent("And for these, which have never been commissioned:") == [A, B]


def test_once_it_is_approved_it_is_looked_at_no_more() -> None:
    """An approval ends the doubt, as every other."""
    approved = replace(FRESH, waiver=Waiver((), ("ann@our-company.example",)), ordered=True)
    assert becomes("See the table", approved, html=asked_for("done")).fate is Fate.DECIDED
