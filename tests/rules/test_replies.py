"""What becomes of a reply to a letter in which we ask, where it answers nothing of what we asked for."""

from dataclasses import replace
from typing import Any

import pytest

from daemon.mail.message import Attachment, MarkedKind, Reading
from daemon.rules.answers import Finding
from daemon.rules.asking.receiving import DOUBTFUL, NOT_CHECKED, beside, corrected, named_besides, receive
from daemon.rules.decision import Fate
from daemon.rules.facts import Facts
from daemon.rules.identifiers import InstallCode
from daemon.rules.meaning import Asked, Correspondence, Meaning, NotOurs
from daemon.rules.reasons import Reason
from daemon.rules.thread import Outcome
from daemon.rules.wanting import AskedParty, WantState
from tests.rules import cases, mails
from tests.rules.cases import A, B, C, D, ask, asks, decided, origin, unproven
from tests.rules.test_decide_threads import thread
from tests.rules.test_inquiring import NORTH, want

REPLY: dict[str, Any] = {"inquired": frozenset({A}), "inquiry": "cd" * 32}


def says(text: str, **changes: Any) -> dict[str, Any]:
    """The facts of a reply with these words."""
    written_by = changes.pop("written_by", origin())
    return REPLY | {"written_by": written_by, "mail": mails.mail(text, written_by=written_by)} | changes


@pytest.mark.parametrize(
    ("meaning", "text", "fate", "reason"),
    [
        (NotOurs(), "Please ring me.", Fate.HELD, Reason.UNREAD_REPLY),
        (Correspondence(), "The customer is still with us.", Fate.HELD, Reason.UNREAD_REPLY),
        (
            Correspondence(needs_thread=True, acknowledgement=True),
            "Thanks. None found.",
            Fate.HELD,
            Reason.UNREAD_REPLY,
        ),
        (Correspondence(withdraws=True), "Sorry, wrong supplier.", Fate.HELD, Reason.UNREAD_REPLY),
        (Correspondence(chase=True), "When can you send the MPAN?", Fate.HELD, Reason.UNREAD_REPLY),
        (NotOurs(), "Thanks, received.", Fate.DECIDED, Reason.ACKNOWLEDGEMENT),
        (NotOurs(), "I am out of the office until Monday.", Fate.DECIDED, Reason.AUTO_REPLY),
        (Correspondence(named=(B,)), "And B.", Fate.DECIDED, Reason.UNREAD_REPLY),
        (Correspondence(brings_codes=True), "Codes.", Fate.HELD, Reason.UNASKED_ANSWER),
    ],
)
def test_a_reply_without_an_answer(meaning: Meaning, text: str, fate: Fate, reason: Reason) -> None:
    """Held for a person, unless it needs nobody; nothing is written to its party."""
    decision = decided(meaning, **says(text))

    assert (decision.fate, decision.reason, decision.plans) == (fate, reason, ())


@pytest.mark.parametrize(
    "more",
    [
        {"tables": (mails.table(("Ours", "no")),)},
        {"forwarded_text": "Hi Priya, those were ripped out last year."},
        {"attachments": (Attachment("codes.pdf", "application/pdf", 9, "ab", Reading.NOT_TEXT),)},
    ],
)
@pytest.mark.parametrize("text", ["Thanks", "I am out of the office until Monday."])
def test_thanks_above_something_else_are_no_receipt(text: str, more: dict[str, Any]) -> None:
    """What is handed on, a table or a document may be the answer: a person reads it."""
    decision = decided(NotOurs(), **REPLY, mail=mails.mail(text, **more))

    assert (decision.fate, decision.reason) == (Fate.HELD, Reason.UNREAD_REPLY)


def test_a_logo_below_thanks_is_nothing() -> None:
    """Nobody reads a mail for it."""
    logo = Attachment("image001.png", "image/png", 9, "ab", Reading.IGNORED)
    assert decided(NotOurs(), **REPLY, mail=mails.mail("Thanks", attachments=(logo,))).reason is Reason.ACKNOWLEDGEMENT


def test_a_request_in_a_reply_is_a_request() -> None:
    """Whoever asks for a code of ours in our own thread is answered."""
    assert ask(B, **REPLY).reason is Reason.REQUEST
    assert decided(asks(B), **says("Please send us the install code of this one.")).plans


def test_wrong_supplier_takes_back_no_request_of_theirs() -> None:
    """They speak of our request: the only open one of theirs stays open."""
    open_one = thread(cases.item(B))
    decision = decided(Correspondence(withdraws=True), **says("Sorry, wrong supplier.", open_threads=(open_one,)))

    assert (decision.reason, decision.threads) == (Reason.UNREAD_REPLY, ())


@pytest.mark.parametrize(
    "text",
    [
        "We are still waiting for the MPAN that we asked for.",
        "When can we expect your answer to our question?",
        "No reply received to our question: is this genuine?",
    ],
)
def test_a_question_about_our_request_chases_none_of_theirs(text: str) -> None:
    """A person reads it, whatever is open of theirs elsewhere."""
    chase = Correspondence(chase=True, needs_thread=True, of_what_is_open=True)
    decision = decided(chase, **says(text, open_threads=(thread(cases.item(B)),)))

    assert (decision.fate, decision.reason, decision.plans) == (Fate.HELD, Reason.UNREAD_REPLY, ())


@pytest.mark.parametrize(
    ("text", "fate", "reason"),
    [
        ("We need the serial number.", Fate.HELD, Reason.UNPROVEN_SENDER),
        ("Thanks, received.", Fate.IGNORED, Reason.ACKNOWLEDGEMENT),
    ],
)
def test_a_reply_that_nobody_proved_is_held_too(text: str, fate: Fate, reason: Reason) -> None:
    """Their signature may be broken, and they may have said what matters."""
    given = says(text, written_by=unproven(), inquired=None)
    decision = decided(NotOurs(), **given)

    assert (decision.fate, decision.reason) == (fate, reason)


def test_another_copy_of_this_daemon_is_no_person() -> None:
    """Its marked mails are read by their mark, and what settles nothing is left."""
    written_by = origin(mark=MarkedKind.ANSWER)
    decision = decided(NotOurs(), **says("Nothing.", written_by=written_by))

    assert decision.fate is Fate.IGNORED


def answering(text: str) -> Facts:
    """A mail that answers of B; A was settled before, B and C are open."""
    wanted = {one: want(one, NORTH) for one in (B, C)}
    findings = (Finding(B, "line 1", Outcome.NOT_INSTALLER),)
    return cases.facts(mail=mails.mail(text), wanted=wanted, findings=findings, inquired=frozenset({A, B, C}))


def wants_beside(text: str, **meaning: Any) -> Correspondence:
    """What a mail that answers of B wants beside that."""
    said = beside(Correspondence(**meaning), answering(text))
    assert isinstance(said, Correspondence)
    return said


def test_a_correction_takes_no_request_of_theirs_back() -> None:
    """They speak of what they sent us; our team hears of the device that they name again."""
    text = f"Please disregard the code for {A}, wrong meter. {B} is not ours."
    assert not wants_beside(text, withdraws=True).withdraws
    assert named_besides(answering(text)) == (A,)
    assert named_besides(answering(f"{B} and {C} are not ours.")) == ()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"state": WantState.ANSWERED}, True),
        ({"state": WantState.CLOSED}, True),
        ({"state": WantState.WITHDRAWN}, False),
        ({"state": WantState.ANSWERED, "party": "Southern Power"}, False),
    ],
)
def test_what_may_be_corrected(changes: dict[str, Any], told: bool) -> None:
    """What they had answered themselves."""
    settled = {A: replace(want(A, NORTH), **changes)}
    assert corrected(answering("Sorry."), settled) == ((A,) if told else ())


def test_what_stands_against_sending_is_nothing_to_a_mere_answer() -> None:
    """Nothing is asked, so nobody need look; a warning that the mailbox is not to be trusted is looked at all the same."""
    assert not wants_beside(f"Not our devices: {B}", no_plain_request=True).no_plain_request
    warning = f"{B} is not ours. Our mailbox was hacked, please do not trust any emails from us."
    assert wants_beside(warning, no_plain_request=True).no_plain_request
    asked = {"asked": (Asked(D, "line 2"),), "wants_codes": True}
    assert wants_beside(f"{B} is not ours. {D}", no_plain_request=True, **asked).no_plain_request


def test_what_is_said_beside_an_answer_changes_nothing() -> None:
    """Our team hears of it, whatever was promised; of what went on to another party nothing is said."""
    asked = (AskedParty(NORTH, cases.NOW),)
    states = {A: WantState.ASKED, B: WantState.PROMISED, C: WantState.MOVED_ON}
    wanted = {one: want(one, NORTH, id=n, state=state, asked=asked) for n, (one, state) in enumerate(states.items(), 1)}
    findings = tuple(Finding(one, "line 1", note="nothing on file", needs_look=True, remark=True) for one in wanted)
    received = receive(cases.facts(wanted=wanted, findings=findings), cases.policy())

    assert (received.changed, received.remarked) == ((), dict.fromkeys((A, B), "nothing on file"))


@pytest.mark.parametrize(
    ("checked", "look", "note"),
    [(True, True, DOUBTFUL), (False, True, NOT_CHECKED), (True, False, ""), (False, False, "")],
)
def test_what_a_code_is_compared_for(checked: bool, look: bool, note: str) -> None:
    """Its digits, or whose it is: nobody is told that it came without the check that fits."""
    wanted = {A: want(A, NORTH, id=1, state=WantState.ASKED, asked=(AskedParty(NORTH, cases.NOW),))}
    finding = Finding(A, "line 1", Outcome.CODE, InstallCode(bytes(16)), checked, needs_look=look)
    received = receive(cases.facts(wanted=wanted, findings=(finding,)), cases.policy())
    assert [one.note for one in received.changed] == [note]


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("Our mailbox was hacked last week. A: code.", WantState.WITH_OPS),
        ("Mails in our name were sent by fraudsters. A: code.", WantState.WITH_OPS),
        ("If you suspect a fraud, please ring us. A: code.", WantState.ANSWERED),
    ],
)
def test_a_code_beside_a_warning_is_not_taken(words: str, state: WantState) -> None:
    """Whoever was broken into cannot vouch for what comes from there: a person speaks to them, and the code is not kept."""
    wanted = {A: want(A, NORTH, id=1, state=WantState.ASKED, asked=(AskedParty(NORTH, cases.NOW),))}
    finding = Finding(A, "line 1", Outcome.CODE, InstallCode(bytes(16)), checked=True)
    received = receive(cases.facts(mail=mails.mail(words), wanted=wanted, findings=(finding,)), cases.policy())

    assert [one.state for one in received.changed] == [state]
    assert bool(received.codes) == (state is WantState.ANSWERED)


def test_a_question_in_an_answer_chases_nothing() -> None:
    """A mail that asks in passing "has this been commissioned yet?" asks for the state of no request, while none of theirs is open."""
    given: dict[str, Any] = says("A: code. Commissioned yet?", findings=(Finding(A, "line 1", Outcome.PENDING),))
    assert decided(Correspondence(chase=True), **given).plans == ()
    assert decided(Correspondence(chase=True), **given, open_threads=(thread(cases.item(B)),)).plans


@pytest.mark.parametrize(
    ("outcome", "look", "note", "states"),
    [
        (Outcome.NEED_MORE, True, "of which supply?", ["promised", "queried", "with-ops"]),
        (Outcome.NEED_MORE, False, "of which supply?", ["promised", "queried", "with-ops"]),
        (Outcome.NOT_INSTALLER, True, "", ["promised", "queried", "with-ops"]),
        (Outcome.REFUSED, True, "we cannot", ["promised", "queried", "with-ops"]),
        (Outcome.NO_CODE_HELD, False, "", ["closed", "closed", "closed"]),
        (Outcome.NO_CODE_HELD, True, "", ["promised", "queried", "with-ops"]),
        (Outcome.PENDING, True, "by: 2026-06-19", ["promised", "promised", "promised"]),
    ],
)
def test_words_about_nothing_in_particular(outcome: Outcome, look: bool, note: str, states: list[str]) -> None:
    """A question or a doubtful no takes nothing with it that was promised or came with a fault; a sure word and a day do."""
    asked = (AskedParty(NORTH, cases.NOW),)
    standing = {A: WantState.PROMISED, B: WantState.QUERIED, C: WantState.ASKED}
    wanted = {
        one: want(one, NORTH, id=number, state=state, asked=asked)
        for number, (one, state) in enumerate(standing.items(), 1)
    }
    findings = tuple(Finding(one, "line 1", outcome, note=note, needs_look=look, vague=True) for one in wanted)
    received = receive(cases.facts(wanted=wanted, findings=findings), cases.policy())

    after = {one.device_id: one.state.value for one in received.changed}
    assert [after.get(one, standing[one].value) for one in wanted] == states
    assert received.untouched == tuple(one for one in wanted if one not in after)
