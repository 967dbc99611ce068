"""What a mail leads to: who is answered, who is held, who hears nothing; chases, withdrawals, the brake, the folder."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from daemon.mail.message import Attachment, Machine, MarkedKind, Reading
from daemon.rules.decide import decide
from daemon.rules.decide.desk import due_from
from daemon.rules.decide.filed import folder_for, folder_of
from daemon.rules.decision import Fate, Folder
from daemon.rules.facts import Facts, Rates, Surroundings
from daemon.rules.meaning import BadLine, Correspondence, MachineMail, Meaning, NotOurs, OpsMail, OwnMail
from daemon.rules.policy import Colleagues, ContactKind, Mode
from daemon.rules.reasons import Reason
from daemon.rules.thread import Outcome, State
from tests.rules import cases, mails
from tests.rules.cases import (
    DUE,
    A,
    B,
    C,
    ask,
    asks,
    decided,
    facts,
    is_left_alone,
    origin,
    policy,
    rows,
    said,
    states,
    thread,
)

DAY = timedelta(days=1)
OBSERVE = policy(mode=Mode.OBSERVE)
CHASE = Correspondence(chase=True)
WITHDRAW = Correspondence(withdraws=True)


# ── what is none of ours ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("meaning", "reason"),
    [
        (NotOurs(), Reason.NOT_OURS),
        (OwnMail(), Reason.OWN_MAIL),
        (OpsMail(), Reason.OPS_MAIL),
        (MachineMail(Machine.BOUNCE, "sign"), Reason.BOUNCE),
        (MachineMail(Machine.AUTO_REPLY, "sign"), Reason.AUTO_REPLY),
        (MachineMail(Machine.RECEIPT, "sign"), Reason.RECEIPT),
        (MachineMail(Machine.ROBOT, "sign"), Reason.ROBOT),
        (Correspondence(), Reason.NOT_OURS),
        (Correspondence(acknowledgement=True), Reason.NOT_OURS),
    ],
)
def test_left_exactly_where_and_as_it_is(meaning: Meaning, reason: Reason) -> None:
    """Machines, ourselves, our own team and other people's matters: counted, and no letter to anybody."""
    decision = decided(meaning)

    assert is_left_alone(decision)
    assert decision.reason is reason
    assert folder_of(decision, None) is None


@pytest.mark.parametrize("machine", Machine)
def test_every_machine_has_its_reason_and_its_sign_is_noted(machine: Machine) -> None:
    """A new kind of machine needs a reason before it can be settled."""
    assert decided(MachineMail(machine, "Auto-Submitted: yes")).notes == ("Auto-Submitted: yes",)


# ── who is answered ─────────────────────────────────────────────────────────────────────────────────


def test_a_listed_contact_s_request_is_answered_in_its_thread() -> None:
    """One letter, to the address that wrote, in reply to its mail, marked, with the new thread's reference."""
    one = facts()
    decision = decide(one, asks(A), policy())
    (plan,) = decision.plans
    (new,) = decision.threads

    assert (decision.fate, decision.reason, decision.joins) == (Fate.DECIDED, Reason.REQUEST, cases.CASE)
    assert (plan.to, plan.party, plan.seq, plan.reference) == (mails.MP121_ADDRESS, "Northern Energy", 1, "IC-00000001")
    assert plan.in_reply_to == one.mail.message_id
    assert plan.references == (one.mail.message_id,)
    assert (plan.mark, plan.mark_reference) == (MarkedKind.ANSWER, "IC-00000001")
    assert (new.case_id, new.mail_id, new.received_at, new.letters_queued) == (cases.CASE, 7, mails.MONDAY, 1)
    assert said(decision).asked_by == ""
    assert not decision.observed
    assert folder_of(decision, None) is Folder.DONE


def test_a_colleague_is_answered_at_the_listed_address_and_named() -> None:
    """The party's mp121 reads who asked; the colleague is not addressed."""
    decision = ask(A, written_by=origin(mails.COLLEAGUE_ADDRESS))

    assert decision.plans[0].to == mails.MP121_ADDRESS
    assert said(decision).asked_by == mails.COLLEAGUE_ADDRESS
    assert rows(decision)[A] == ("CODE", "")
    assert decision.threads[0].asked_by == mails.COLLEAGUE_ADDRESS


def test_the_same_address_in_other_letters_is_not_named_as_somebody_else() -> None:
    """Upper and lower case make no second person."""
    assert said(ask(A, written_by=origin(mails.MP121_ADDRESS.replace("mp121", "MP121")))).asked_by == ""


def test_colleagues_are_held_by_setting_and_told_at_the_listed_address() -> None:
    """The items are held, and the interim answer says by when."""
    decision = ask(A, written_by=origin(mails.COLLEAGUE_ADDRESS), by=policy(colleagues=Colleagues.HOLD))

    assert states(decision)[A] == (State.HELD, Reason.COLLEAGUE)
    assert rows(decision) == {A: ("PENDING", f"by: {DUE}")}
    assert decision.plans[0].to == mails.MP121_ADDRESS


def test_a_request_of_another_copy_of_this_daemon_is_answered_under_its_own_reference() -> None:
    """Marked mail is read as a counterparty's, and its reference goes back."""
    written_by = origin(machine=Machine.ROBOT, mark=MarkedKind.REQUEST, mark_reference="IC-ABCDEFGH")
    decision = ask(A, written_by=written_by)

    assert decision.plans[0].mark_reference == "IC-ABCDEFGH"
    assert decision.threads[0].their_reference == "IC-ABCDEFGH"


def test_personal_data_is_answered_and_asked_not_to_come_again() -> None:
    """The device gets its code; the letter asks for Device IDs only; the subject is kept masked."""
    mail = mails.mail("x", subject="Codes for MPAN 2000012345672")
    decision = decided(asks(A, personal_data=("MPAN",)), mail=mail)

    assert said(decision).personal_data
    assert rows(decision)[A] == ("CODE", "")
    assert "2000012345672" not in decision.plans[0].subject


# ── who is held whole, who hears nothing ────────────────────────────────────────────────────────────

LISTED_LATER = (replace(mails.NORTHERN, contacts=(replace(mails.MP121, valid_from=date(2026, 6, 9)),)),)
ESCALATION_ONLY = (
    replace(mails.NORTHERN, contacts=(replace(mails.NORTHERN.contacts[1], kind=ContactKind.ESCALATION),)),
)
HELD_WHOLE: dict[str, tuple[Reason, dict[str, Any]]] = {
    "a listed address without proof": (Reason.UNPROVEN_SENDER, {"written_by": cases.unproven()}),
    "a listed address, no verdict": (Reason.UNPROVEN_SENDER, {"written_by": cases.unproven(dmarc="none")}),
    "a colleague without proof": (Reason.UNPROVEN_SENDER, {"written_by": cases.unproven(mails.COLLEAGUE_ADDRESS)}),
    "SPF alone": (Reason.SPF_ONLY_SENDER, {"written_by": cases.spf_only()}),
    "two senders": (Reason.AMBIGUOUS_SENDER, {"written_by": origin(None)}),
    "an unlisted address, proven": (Reason.UNLISTED_SENDER, {"written_by": origin("ann@meter-operator.test")}),
    "a free-mail address, proven": (Reason.UNLISTED_SENDER, {"written_by": origin("northern@gmail.com")}),
    "a sub-domain, proven": (Reason.UNLISTED_SENDER, {"written_by": origin(f"a@x.{mails.SUPPLIER_DOMAIN}")}),
    "a sub-domain, unproven": (Reason.UNPROVEN_SENDER, {"written_by": cases.unproven(f"a@x.{mails.SUPPLIER_DOMAIN}")}),
    "a look-alike, unproven": (Reason.LOOKALIKE_DOMAIN, {"written_by": cases.unproven("mp121@northem-energy.example")}),
    "a look-alike, proven": (Reason.LOOKALIKE_DOMAIN, {"written_by": origin("mp121@northem-energy.example")}),
    "a contact for a later day": (Reason.CONTACT_NOT_ACTIVE, {"counterparties": LISTED_LATER}),
    "no address to answer to": (
        Reason.NO_REPLY_ADDRESS,
        {"counterparties": ESCALATION_ONLY, "written_by": origin(mails.COLLEAGUE_ADDRESS)},
    ),
    "a partial signature": (
        Reason.PARTIAL_SIGNATURE,
        {"written_by": origin(signatures=(cases.signature(body_length=True),))},
    ),
    "a replayed signature": (Reason.REPLAYED_SIGNATURE, {"proof": cases.proof(origin(), signature_reused=True)}),
    "the junk folder": (Reason.JUNK_FOLDER, {"proof": cases.proof(origin(), from_junk=True)}),
    "a mailbox read in the open": (
        Reason.MAILBOX_NOT_TRUSTED,
        {"surroundings": Surroundings(mailbox_secure=False, relay_secure=True)},
    ),
    "an unmarked robot": (Reason.ROBOT, {"written_by": origin(machine=Machine.ROBOT)}),
}


@pytest.mark.parametrize(("reason", "given"), HELD_WHOLE.values(), ids=HELD_WHOLE.keys())
def test_held_whole_and_no_letter_to_anybody(reason: Reason, given: dict[str, Any]) -> None:
    """No thread, no letter, no thread joined; ops have the due date with its sum, and the failed conditions."""
    decision = ask(A, **given, home=thread(cases.item(A)))

    assert (decision.fate, decision.reason) == (Fate.HELD, reason)
    assert decision.threads == decision.plans == ()
    assert decision.joins == ""
    assert decision.hold is not None
    assert decision.hold.due == date(2026, 6, 22)
    assert decision.hold.due_sum.endswith("= Mon 22 Jun 2026")
    assert decision.keep_content
    assert folder_of(decision, None) is Folder.HELD
    assert reason is Reason.JUNK_FOLDER or any(not c.holds for c in decision.verdict)


def test_a_stranger_without_proof_hears_nothing() -> None:
    """No backscatter: the mail is left where it is, and ops are not troubled."""
    decision = ask(A, written_by=cases.unproven("ann@meter-operator.test"))

    assert is_left_alone(decision)
    assert decision.reason is Reason.STRANGER


@pytest.mark.parametrize(
    "wish",
    [
        {"wants_codes": True},
        {"brings_codes": True},
        {"bad_lines": (BadLine("l", "w"),)},
        {"chase": True},
        {"withdraws": True},
    ],
)
def test_whatever_a_proven_stranger_wants_is_held(wish: dict[str, Any]) -> None:
    """A person decides whether this is a supplier that our list does not know."""
    assert decided(Correspondence(**wish), written_by=origin("ann@meter-operator.test")).fate is Fate.HELD


@pytest.mark.parametrize("address", ["ann@meter-operator.test", None, "mp121@northem-energy.example"])
def test_a_stranger_who_wants_nothing_is_none_of_ours(address: str | None) -> None:
    """Thanks from nobody we know are nobody's work."""
    decision = decided(Correspondence(acknowledgement=True), written_by=origin(address))

    assert is_left_alone(decision)
    assert decision.reason is Reason.NOT_OURS


@pytest.mark.parametrize("given", [{"written_by": cases.unproven()}, {"proof": cases.proof(origin(), from_junk=True)}])
def test_unproven_thanks_are_left_where_they_lie(given: dict[str, Any]) -> None:
    """They change no thread and trouble nobody; an unproven chase is held."""
    home = thread(cases.item(A))

    assert is_left_alone(decided(Correspondence(acknowledgement=True), **given, home=home))
    assert decided(Correspondence(acknowledgement=True, chase=True), **given, home=home).fate is Fate.HELD


@pytest.mark.parametrize(
    ("meaning", "fate"),
    [
        (Correspondence(chase=True), Fate.HELD),
        (asks(A, withdraws=True), Fate.HELD),
        (Correspondence(wants_codes=True), Fate.HELD),
        (Correspondence(acknowledgement=True), Fate.IGNORED),
        (asks(A), Fate.DECIDED),
    ],
)
def test_an_old_mail_makes_held_items_of_its_devices_and_nothing_else(meaning: Correspondence, fate: Fate) -> None:
    """A proven contact's mail with an old date: devices are held with an interim answer, all else is held whole."""
    decision = decided(meaning, proof=cases.proof(origin(date=mails.MONDAY - 9 * DAY)), home=thread(cases.item(B)))

    assert decision.fate is fate
    assert bool(decision.plans) is (fate is Fate.DECIDED)


# ── read whole ──────────────────────────────────────────────────────────────────────────────────────

BROKEN = Attachment("list.xlsx", "application/x", 9, "00", Reading.UNREADABLE, "it is locked with a password")
PICTURE = Attachment("scan.png", "image/png", 9, "00", Reading.NOT_TEXT, "it is a picture")
LOGO = Attachment("logo.png", "image/png", 9, "00", Reading.IGNORED)


def with_attachments(*several: Attachment, **changes: Any) -> dict[str, Any]:
    """A mail with these."""
    return {"mail": mails.mail("x", attachments=several, **changes)}


def test_an_unreadable_sheet_holds_the_devices_and_is_named() -> None:
    """The list may hold more than we see: no code goes out on half a reading."""
    decision = ask(A, **with_attachments(BROKEN, LOGO))

    assert states(decision)[A] == (State.HELD, Reason.CANNOT_READ)
    assert rows(decision) == {A: ("PENDING", f"by: {DUE}")}
    assert said(decision).unreadable == (BadLine("list.xlsx", "it is locked with a password"),)


def test_a_picture_is_named_and_holds_nothing() -> None:
    """Screenshots come with honest requests every day."""
    decision = ask(A, **with_attachments(PICTURE, LOGO))

    assert rows(decision)[A] == ("CODE", "")
    assert said(decision).unreadable == (BadLine("scan.png", "it is a picture"),)


def test_what_came_back_is_told_though_two_letters_went() -> None:
    """They have no answer of it: the letters since were about other things."""
    home = thread(cases.item(A, reason=Reason.REFUSED_BY_RELAY))
    third = ask(A, home=home, rates=Rates(letters_on_thread_24h=2))

    assert rows(third) == {A: ("PENDING", f"by: {DUE}")}
    assert ask(A, home=home, rates=Rates(letters_on_thread_24h=5)).reason is Reason.LOOP_BRAKE


@pytest.mark.parametrize("meaning", [Correspondence(wants_codes=True), Correspondence(bad_lines=(BadLine("l", "w"),))])
def test_codes_wanted_and_no_device_named(meaning: Correspondence) -> None:
    """NEED-MORE: where the ID stands, what could not be used; the thread waits for their reply, settled meanwhile."""
    decision = decided(meaning, **with_attachments(BROKEN))

    assert (decision.fate, decision.reason) == (Fate.DECIDED, Reason.NEED_MORE)
    assert said(decision).nothing_found
    assert said(decision).bad_lines == meaning.bad_lines
    assert said(decision).unreadable[0].where == "list.xlsx"
    assert decision.threads[0].settled


def test_a_protected_message_is_never_opened_and_its_sender_is_told() -> None:
    """With a wish in words: NEED-MORE, saying why."""
    decision = decided(Correspondence(wants_codes=True), **with_attachments(links_to_protected=True))

    assert "do not open links" in said(decision).unreadable[0].why


@pytest.mark.parametrize("given", [with_attachments(BROKEN), with_attachments(links_to_protected=True)])
def test_nothing_but_what_cannot_be_read_is_held(given: dict[str, Any]) -> None:
    """A listed contact's mail of which we understand nothing may be a request."""
    decision = decided(Correspondence(), **given)

    assert (decision.fate, decision.reason) == (Fate.HELD, Reason.CANNOT_READ)
    assert decision.plans == ()


# ── codes brought to us ─────────────────────────────────────────────────────────────────────────────


def test_codes_that_nobody_asked_for_are_held_and_filed_apart() -> None:
    """No letter, no thread; the mail goes where mail with codes is kept."""
    decision = decided(Correspondence(brings_codes=True, wants_codes=True))

    assert (decision.fate, decision.reason, decision.plans) == (Fate.HELD, Reason.UNASKED_ANSWER, ())
    assert folder_of(decision, None) is Folder.ANSWERS


@pytest.mark.parametrize("meaning", [asks(A, brings_codes=True), Correspondence(chase=True, brings_codes=True)])
def test_what_else_the_mail_wants_is_done_beside_that(meaning: Correspondence) -> None:
    """One mail may bring codes, ask for codes and chase: it is answered, held and filed apart."""
    decision = decided(meaning, home=thread(cases.item(B)))

    assert (decision.fate, decision.reason) == (Fate.HELD, Reason.UNASKED_ANSWER)
    assert len(decision.plans) == 1
    assert decision.hold is not None
    assert folder_of(decision, None) is Folder.ANSWERS


def test_mail_with_codes_is_filed_apart_whoever_wrote_it() -> None:
    """Held for its sender, it still holds codes."""
    decision = decided(Correspondence(brings_codes=True), written_by=cases.unproven())

    assert decision.reason is Reason.UNPROVEN_SENDER
    assert folder_of(decision, None) is Folder.ANSWERS


def test_our_own_letter_quoted_without_a_mark_brings_no_codes() -> None:
    """Each code in it stands with a device whose code we sent on this thread; it is filed where codes are kept."""
    home = thread(cases.answered(B), cases.answered(C, Outcome.NOT_INSTALLER))
    quoting = asks(A, brings_codes=True, answered=(B,))
    decision = decided(quoting, home=home)

    assert (decision.fate, decision.reason, rows(decision)) == (Fate.DECIDED, Reason.REQUEST, {A: ("CODE", "")})
    assert folder_of(decision, home) is Folder.ANSWERS
    thanks = Correspondence(acknowledgement=True, brings_codes=True, answered=(B,))
    assert decided(thanks, home=home).reason is Reason.ACKNOWLEDGEMENT
    for others in ((), (B, C), (B, A)):
        assert decided(replace(quoting, answered=others), home=home).reason is Reason.UNASKED_ANSWER
    assert decided(quoting).reason is Reason.UNASKED_ANSWER


# ── thanks ──────────────────────────────────────────────────────────────────────────────────────────


def test_thanks_are_filed_with_their_thread() -> None:
    """No letter, no change, the thread's own folder."""
    home = thread(cases.pending(A))
    decision = decided(Correspondence(acknowledgement=True), home=home)

    assert (decision.fate, decision.reason, decision.joins) == (Fate.DECIDED, Reason.ACKNOWLEDGEMENT, home.case_id)
    assert decision.threads == decision.plans == ()
    assert decision.keep_content
    assert folder_of(decision, home) is Folder.WAITING


def test_whoever_forgot_the_attachment_is_told() -> None:
    """Beside what we need of them."""
    answer = said(decided(Correspondence(wants_codes=True, nothing_attached=True)))

    assert [line.where for line in answer.unreadable] == ["the attachment that you mention"]


# ── what our letters promise: a colleague will look at a reply ──────────────────────────────────────


@pytest.mark.parametrize(
    ("meaning", "reason"),
    [
        (Correspondence(needs_thread=True), Reason.NOT_UNDERSTOOD),
        (Correspondence(complains=True), Reason.COMPLAINT),
        (asks(A, complains=True), Reason.COMPLAINT),
    ],
)
def test_a_reply_that_is_no_plain_thanks_is_held_for_a_person(meaning: Correspondence, reason: Reason) -> None:
    """With its thread; no letter goes, and no code for a device whose code is said to be wrong."""
    home = thread(cases.answered(A))
    decision = decided(meaning, home=home, releases={A: cases.sent(2 * DAY)})

    assert (decision.fate, decision.reason, decision.joins) == (Fate.HELD, reason, home.case_id)
    assert decision.threads == decision.plans == ()
    assert decision.hold is not None
    assert folder_of(decision, home) is Folder.HELD


def test_an_empty_reply_and_one_outside_our_threads_are_left_alone() -> None:
    """Nothing of ours is answered, or nothing is said. While we observe, people read and answer by hand."""
    unclear = Correspondence(needs_thread=True)
    home = thread(cases.item(A))

    assert is_left_alone(decided(unclear))
    assert is_left_alone(decided(unclear, home=home, mail=mails.mail(" \n")))
    assert is_left_alone(decided(unclear, home=home, by=OBSERVE))
    assert is_left_alone(decided(unclear, home=thread(cases.item(A), party="Southern Power")))


@pytest.mark.parametrize("more", [{"chase": True}, {"wants_codes": True}])
def test_a_complaint_that_asks_for_more_is_answered_and_held(more: dict[str, Any]) -> None:
    """What can be told is told; a person looks at what is said to be wrong."""
    decision = decided(Correspondence(complains=True, **more), home=thread(cases.item(A)))

    assert (decision.fate, decision.reason, len(decision.plans)) == (Fate.HELD, Reason.COMPLAINT, 1)


def test_a_complaint_beside_a_new_request_delays_no_answer() -> None:
    """The new device gets its code; the mail is held beside that."""
    decision = decided(asks(A, B, complains=True), home=thread(cases.answered(A)), releases={A: cases.sent(DAY / 2)})

    assert (decision.fate, decision.reason) == (Fate.HELD, Reason.COMPLAINT)
    assert rows(decision)[B] == ("CODE", "")


def test_a_complaint_that_would_be_unsaid_is_held_all_the_same() -> None:
    """Two letters on the thread today: no third, and no silence."""
    decision = decided(
        Correspondence(complains=True, chase=True), home=thread(cases.item(A)), rates=Rates(letters_on_thread_24h=2)
    )

    assert (decision.fate, decision.reason, decision.plans) == (Fate.HELD, Reason.COMPLAINT, ())


def test_a_reply_that_says_something_of_a_device_answered_is_looked_at() -> None:
    """It asks for nothing that we know, and its code went out today: not counted away. What asks again is."""
    home, sent = thread(cases.answered(A)), {A: cases.sent(DAY / 2)}
    reply = mails.mail("x", reply=True)
    unclear = asks(A, leaves_open=True)

    assert decided(unclear, home=home, releases=sent, mail=reply).reason is Reason.NOT_UNDERSTOOD
    assert decided(unclear, home=home, releases=sent).reason is Reason.ASKED_TOO_SOON
    assert ask(A, home=home, releases=sent, mail=reply).reason is Reason.ASKED_TOO_SOON
    assert decided(unclear, mail=reply).reason is Reason.REQUEST


def test_a_first_request_is_no_complaint_whatever_it_says_of_the_meter() -> None:
    """They ask because the meter does not work."""
    assert ask(A).reason is decided(asks(A, complains=True)).reason is Reason.REQUEST
    assert decided(Correspondence(wants_codes=True, complains=True)).reason is Reason.NEED_MORE


# ── a person's order ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("meaning", "given", "reason"),
    [
        (NotOurs(), {}, Reason.ORDERED_IN_VAIN),
        (Correspondence(acknowledgement=True), {}, Reason.ORDERED_IN_VAIN),
        (Correspondence(acknowledgement=True), {"home": thread(cases.item(A))}, Reason.ORDERED_IN_VAIN),
        (MachineMail(Machine.AUTO_REPLY, "sign"), {}, Reason.AUTO_REPLY),
        (OpsMail(), {}, Reason.OPS_MAIL),
        (asks(A), {"written_by": cases.unproven("a@no.test")}, Reason.STRANGER),
        (asks(A), {"releases": {A: cases.sent(DAY / 2)}}, Reason.ASKED_TOO_SOON),
    ],
)
def test_an_order_that_would_change_nothing_is_held_with_its_reason(
    meaning: Meaning, given: dict[str, Any], reason: Reason
) -> None:
    """Whoever dragged it to `Requests` hears why nothing came of it; without their order it is left alone, or filed."""
    decision = decided(meaning, ordered=True, **given)

    assert (decision.fate, decision.reason) == (Fate.HELD, reason)
    assert decision.hold is not None
    assert decision.hold.reason is reason
    assert (decision.keep_content, folder_of(decision, None)) == (True, Folder.HELD)
    assert decided(meaning, **given).fate is not Fate.HELD


# ── the brake ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rates", "braked"),
    [
        (Rates(letters_on_thread_24h=4, letters_to_party_1h=19), False),
        (Rates(letters_on_thread_24h=5), True),
        (Rates(letters_to_party_1h=20), True),
    ],
)
def test_a_person_who_writes_without_end_is_braked_and_held(rates: Rates, braked: bool) -> None:
    """Five letters a thread and day, twenty a party and hour; then a person of ours looks."""
    decision = ask(B, home=thread(cases.item(A)), rates=rates)

    assert (decision.reason is Reason.LOOP_BRAKE) is braked
    assert (decision.fate is Fate.HELD) is braked
    assert bool(decision.plans) is not braked


MARKED = origin(machine=Machine.ROBOT, mark=MarkedKind.CHASE)


@pytest.mark.parametrize("written_by", [MARKED, origin(mark=MarkedKind.CHASE)])
def test_row_56_automatic_mail_gets_two_letters_a_case_and_day(written_by: Any) -> None:
    """Attack 56: the third is counted, and nothing comes of it; it troubles nobody."""
    home = thread(cases.item(A))
    second = decided(CHASE, written_by=written_by, home=home, rates=Rates(letters_on_thread_24h=1))
    third = decided(CHASE, written_by=written_by, home=home, rates=Rates(letters_on_thread_24h=2))

    assert len(second.plans) == 1
    assert (third.fate, third.reason, third.plans, third.threads) == (Fate.IGNORED, Reason.LOOP_BRAKE, (), ())


@pytest.mark.parametrize(
    "meaning",
    [CHASE, asks(A), asks(A, chase=True)],
    ids=["chase", "asked again", "chase by device"],
)
def test_row_56_a_robot_without_manners_gets_two_letters_without_news(meaning: Correspondence) -> None:
    """Attack 56: it looks like a person; the third letter that would say the same again is not written."""
    home = thread(cases.item(A, State.HELD))
    second = decided(meaning, home=home, rates=Rates(letters_on_thread_24h=1))
    third = decided(meaning, home=home, rates=Rates(letters_on_thread_24h=2))

    assert len(second.plans) == 1
    assert (third.fate, third.reason, third.plans, third.threads) == (Fate.DECIDED, Reason.ASKED_TOO_SOON, (), ())
    assert third.joins == home.case_id


@pytest.mark.parametrize("meaning", [Correspondence(wants_codes=True), Correspondence(bad_lines=(BadLine("l", "w"),))])
def test_what_could_not_be_read_twice_goes_to_a_person(meaning: Correspondence) -> None:
    """They were asked for more twice within a day; a third letter helps nobody, silence would lose the request."""
    decision = decided(meaning, home=thread(), rates=Rates(letters_on_thread_24h=2))

    assert (decision.fate, decision.reason, decision.plans) == (Fate.HELD, Reason.SAID_TWICE, ())


def test_a_person_s_chase_under_the_brake_is_held() -> None:
    """Somebody waits for words."""
    decision = decided(CHASE, home=thread(cases.item(A)), rates=Rates(letters_on_thread_24h=5))

    assert (decision.fate, decision.reason) == (Fate.HELD, Reason.LOOP_BRAKE)


def test_an_automatic_request_under_the_brake_is_held_and_not_lost() -> None:
    """Twenty letters went to them this hour: the twenty-first request waits for a person."""
    decision = ask(
        A, written_by=origin(machine=Machine.ROBOT, mark=MarkedKind.REQUEST), rates=Rates(letters_to_party_1h=20)
    )

    assert (decision.fate, decision.reason) == (Fate.HELD, Reason.LOOP_BRAKE)


@pytest.mark.parametrize("more", [{"brings_codes": True}, {"wants_codes": True}, {"bad_lines": (BadLine("l", "w"),)}])
def test_an_automatic_chase_that_holds_more_is_held_under_the_brake(more: dict[str, Any]) -> None:
    """Codes, a wish, or lines that we could not read: not a chase alone, so not counted away."""
    decision = decided(
        replace(CHASE, **more), written_by=MARKED, home=thread(cases.item(A)), rates=Rates(letters_on_thread_24h=2)
    )

    assert (decision.fate, decision.reason) == (Fate.HELD, Reason.LOOP_BRAKE)


def test_the_brake_is_for_letters_alone() -> None:
    """Thanks and what is sent lately need none, and are not held."""
    busy = Rates(letters_on_thread_24h=9, letters_to_party_1h=99)
    home = thread(cases.answered(A))

    assert decided(Correspondence(acknowledgement=True), home=home, rates=busy).reason is Reason.ACKNOWLEDGEMENT
    assert ask(A, home=home, rates=busy, releases={A: cases.sent(DAY / 2)}).reason is Reason.ASKED_TOO_SOON


def test_observe_sends_nothing_and_so_is_not_braked() -> None:
    """Letters that were only written down make no loop."""
    assert ask(A, by=OBSERVE, rates=Rates(letters_to_party_1h=99)).reason is Reason.REQUEST


# ── observe ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("meaning", "given"),
    [
        (Correspondence(wants_codes=True), {}),
        (CHASE, {}),
        (WITHDRAW, {"home": thread(cases.item(A))}),
        (CHASE, {"home": thread(cases.pending(A))}),
    ],
)
def test_what_observe_does_not_say_and_no_item_shows_is_held(meaning: Correspondence, given: dict[str, Any]) -> None:
    """Nobody else would hear that this mail waits for words."""
    decision = decided(meaning, OBSERVE, **given)

    assert decision.observed
    assert len(decision.plans) == 1
    assert (decision.fate, decision.reason) == (Fate.HELD, Reason.OBSERVE_ONLY)
    assert decision.hold is not None
    assert folder_of(decision, None) is Folder.HELD


def test_where_an_item_is_held_the_mail_need_not_be() -> None:
    """Ops are told once."""
    decision = ask(A, by=OBSERVE)

    assert (decision.fate, decision.hold) == (Fate.DECIDED, None)
    assert folder_of(decision, None) is Folder.HELD


# ── due dates, folders, purity ──────────────────────────────────────────────────────────────────────


def test_row_64_the_deadline_counts_from_arrival_whatever_the_date_says() -> None:
    """Attack 64: a Date thirty days on or four days back moves nothing; late on a Sunday in London is that Sunday."""
    for days in (30, -4):
        decision = ask(A, written_by=origin(date=mails.MONDAY + days * DAY))
        assert decision.threads[0].items[0].due.start == date(2026, 6, 8)
        assert decision.threads[0].items[0].due.end == date(2026, 6, 22)
    assert due_from(cases.at(7, 23), policy()).start == date(2026, 6, 8)
    assert due_from(cases.at(7, 22), policy()).start == date(2026, 6, 7)


def test_the_number_of_working_days_is_a_setting() -> None:
    """Five, say."""
    assert due_from(mails.MONDAY, policy(answer_within_working_days=5)).end == date(2026, 6, 15)


@pytest.mark.parametrize(
    ("items", "folder"),
    [
        ((), Folder.DONE),
        ((cases.answered(A), cases.item(B, State.WITHDRAWN)), Folder.DONE),
        ((cases.answered(A), cases.pending(B)), Folder.WAITING),
        ((cases.pending(A), cases.item(B)), Folder.HELD),
    ],
)
def test_a_thread_lies_where_its_state_says(items: tuple[Any, ...], folder: Folder) -> None:
    """Held before waiting before done."""
    assert folder_for(thread(*items)) is folder


def test_quiet_mail_of_no_thread_is_done() -> None:
    """Nothing is left to do with it."""
    assert folder_of(ask(A, releases={A: cases.sent(DAY / 2)}), None) is Folder.DONE


def test_the_same_facts_the_same_decision() -> None:
    """Pure: neither decision nor facts change by deciding."""
    one: Facts = facts(home=thread(cases.item(B)))
    meaning = asks(A, B, C, chase=True)

    assert decide(one, meaning, policy()) == decide(one, meaning, policy())
