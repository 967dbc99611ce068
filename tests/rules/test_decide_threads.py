"""Threads: what a mail joins, what a chase is told, what is taken back."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from daemon.rules.decide import decide, devices_to_look_up
from daemon.rules.decide.filed import folder_of
from daemon.rules.decision import Fate, Folder
from daemon.rules.facts import Rates
from daemon.rules.meaning import Correspondence
from daemon.rules.reasons import Reason
from daemon.rules.thread import Outcome, State
from tests.rules import cases, mails
from tests.rules.cases import (
    DUE,
    NOW,
    A,
    B,
    C,
    ask,
    asks,
    decided,
    facts,
    is_left_alone,
    policy,
    rows,
    said,
    states,
    thread,
)

DAY = timedelta(days=1)
D = cases.device(4)
CHASE = Correspondence(chase=True)
WITHDRAW = Correspondence(withdraws=True)

# ── threads ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_reply_with_more_devices_joins_its_thread() -> None:
    """New ones are answered there, under the next letter's number; open ones are told by when."""
    home = thread(cases.answered(B), cases.item(C))
    decision = ask(A, C, home=home)

    assert decision.joins == home.case_id
    assert rows(decision) == {A: ("CODE", ""), C: ("PENDING", f"by: {DUE}")}
    assert decision.plans[0].seq == 2
    assert decision.plans[0].references[0] == home.root_message_id
    assert states(decision)[C] == (State.HELD, None)
    assert said(decision).repeat is False


def test_a_device_open_in_another_thread_is_not_opened_twice() -> None:
    """Its row says by when; the new device makes the new thread, whichever is named first."""
    other = thread(cases.item(B))
    for order in ((A, B), (B, A)):
        decision = ask(*order, open_elsewhere={B: other})
        assert rows(decision) == {A: ("CODE", ""), B: ("PENDING", f"by: {DUE}")}
        assert list(states(decision)) == [A]
        assert decision.joins == cases.CASE


def test_a_mail_that_asks_only_for_what_is_open_joins_that_matter() -> None:
    """No second thread comes of it."""
    other = thread(cases.item(A), cases.item(B))
    decision = ask(A, B, open_elsewhere={A: other, B: other})

    assert decision.joins == other.case_id
    assert decision.threads[0].items == other.items
    assert set(rows(decision)) == {A, B}


def test_a_mail_taken_in_on_a_person_s_order_is_judged_anew() -> None:
    """Held items are; items that wait for their turn keep their place; the due date stays the first one."""
    held = replace(cases.item(A, reason=Reason.INVENTORY_STALE), asked_at=NOW - 3 * DAY, reminded_day=3)
    home = thread(held, cases.pending(B, promised_for=date(2026, 6, 10)))
    decision = ask(A, B, home=home, ordered=True)
    (mended, waiting) = decision.threads[0].items

    assert rows(decision) == {A: ("CODE", ""), B: ("PENDING", "by: 2026-06-10")}
    assert (mended.state, mended.asked_at, mended.due) == (State.ANSWERED, held.asked_at, held.due)
    assert waiting == home.items[1]


def test_an_order_repeats_nothing_while_something_in_it_is_open() -> None:
    """What was answered is named with its day; only where all was answered does an order repeat it."""
    sent = {B: cases.sent(2 * DAY)}
    home = thread(cases.item(A, reason=Reason.INVENTORY_STALE), cases.answered(B))
    decision = ask(A, B, home=home, ordered=True, releases=sent)
    assert rows(decision) == {A: ("CODE", "")}
    assert [device for device, _ in said(decision).sent_before] == [B]

    settled = thread(cases.answered(B))
    assert rows(ask(B, home=settled, ordered=True, releases=sent)) == {B: ("CODE", "")}


def test_an_order_that_mends_nothing_sends_no_letter() -> None:
    """Still held: the new cause is written down, and the asker is not told a second time."""
    home = thread(cases.item(A, reason=Reason.INVENTORY_STALE))
    decision = ask(A, home=home, ordered=True, records={A: cases.record(A, status="Suspended")})

    assert decision.plans == ()
    assert states(decision)[A] == (State.HELD, Reason.DEVICE_STATUS)
    assert (decision.fate, decision.reason, decision.joins) == (Fate.DECIDED, Reason.REQUEST, home.case_id)


def test_references_are_bounded_and_each_stands_once() -> None:
    """At most twenty, the newest; the mail's own last."""
    many = tuple(f"<{n}@x.example>" for n in range(40))
    one = facts(mail=mails.mail("x", references=many))
    new = decide(one, asks(A), policy()).threads[0].references

    assert new == (*many[-19:], one.mail.message_id)


def test_a_mail_without_an_id_is_answered_all_the_same() -> None:
    """The letter then refers to the thread's root, which is as empty."""
    decision = decide(facts(mail=mails.mail("x", message_id="")), asks(A), policy())

    assert decision.plans[0].references == ()


# ── chases ──────────────────────────────────────────────────────────────────────────────────────────


def test_no_day_that_has_passed_is_promised() -> None:
    """Past its due date an open item is told as overdue; a promise that was not kept falls back on the due date."""
    home = thread(cases.item(A), cases.pending(B, promised_for=date(2026, 6, 10)))
    late = decided(CHASE, home=home, now=cases.at(23))
    between = decided(CHASE, home=home, now=cases.at(12))

    assert rows(late) == {A: ("PENDING", ""), B: ("PENDING", "")}
    assert rows(between) == {A: ("PENDING", f"by: {DUE}"), B: ("PENDING", f"by: {DUE}")}


def test_what_waits_in_another_thread_is_told_as_waiting() -> None:
    """Its code went to them before; asked for once too often since, it is held, and asking again repeats nothing."""
    home = thread(cases.item(A), cases.answered(B))
    other = thread(cases.item(B, due=cases.item(A).due), case_id="ef" * 32)
    decision = decided(CHASE, home=home, open_elsewhere={B: other}, releases={B: cases.sent(3 * DAY)})

    assert rows(decision) == {A: ("PENDING", f"by: {DUE}"), B: ("PENDING", f"by: {DUE}")}
    assert said(decision).sent_before == ()


def test_a_chase_gets_the_state_of_its_items_and_no_code_while_any_is_open() -> None:
    """Open: by when. Answered: the answer, or for a code the day it went. Taken back or closed: nothing."""
    home = thread(
        cases.item(A),
        cases.answered(B),
        cases.answered(C, Outcome.NOT_INSTALLER, "installer: SOUT"),
        cases.item(cases.D, State.WITHDRAWN),
    )
    releases = {B: (*cases.sent(40 * DAY), *cases.sent(3 * DAY), *cases.sent(DAY, party="Southern Power"))}
    decision = decided(CHASE, home=home, releases=releases)

    assert (decision.reason, decision.joins) == (Reason.CHASE, home.case_id)
    assert rows(decision) == {A: ("PENDING", f"by: {DUE}"), C: ("NOT-INSTALLER", "installer: SOUT")}
    assert said(decision).sent_before == ((B, date(2026, 6, 5)),)
    assert decision.plans[0].code_devices == ()
    assert decision.threads[0].items == home.items


def test_words_that_mean_something_in_a_thread_alone_mean_nothing_outside_one() -> None:
    """The words "any update?" are a chase under our letter, and people's own matter elsewhere."""
    meaning = replace(CHASE, needs_thread=True)

    assert is_left_alone(decided(meaning))
    assert decided(meaning, home=thread(cases.item(A))).reason is Reason.CHASE


@pytest.mark.parametrize(("paused", "told"), [("codes", 1), (cases.BOOK[0].party, 0), ("", 0)])
def test_a_chase_of_what_waits_for_resume(paused: str, told: int) -> None:
    """By when, while letters without codes go; else the chase is only counted: that letter would go beside the answer."""
    decision = decided(CHASE, policy(paused=frozenset({paused})), home=thread(cases.item(A, reason=Reason.KEPT_BACK)))

    assert len(decision.plans) == told
    assert (decision.fate, decision.reason, decision.threads == ()) == (Fate.DECIDED, Reason.CHASE, not told)


def test_a_code_beside_a_chase_of_what_waits_is_looked_at() -> None:
    """Though the chase itself is only counted."""
    home = thread(cases.item(A, reason=Reason.KEPT_BACK))
    paused = policy(paused=frozenset({cases.BOOK[0].party}))
    decision = decided(replace(CHASE, brings_codes=True), paused, home=home)

    assert (decision.fate, decision.reason) == (Fate.HELD, Reason.UNASKED_ANSWER)


def test_who_drags_what_waits_for_resume_is_not_told_that_nothing_was_found() -> None:
    """Its answer is decided; RESUME lets it go."""
    home = thread(cases.item(A, reason=Reason.KEPT_BACK))
    paused = policy(paused=frozenset({cases.BOOK[0].party}))

    assert decided(CHASE, paused, home=home, ordered=True).fate is Fate.DECIDED


def test_what_is_decided_and_waits_is_not_decided_again() -> None:
    """Not even where a person drags the mail to Requests: the code would go twice."""
    home = thread(cases.item(A, reason=Reason.KEPT_BACK), cases.item(B))
    decision = ask(A, B, home=home, ordered=True)

    assert rows(decision) == {A: ("PENDING", f"by: {DUE}"), B: ("CODE", "")}


def test_a_chase_after_all_was_answered_gets_the_answers_again() -> None:
    """Our letter missed its reader: codes and all, within the limits."""
    home = thread(cases.answered(A), cases.answered(B, Outcome.NOT_INSTALLER), cases.item(C, State.WITHDRAWN))
    decision = decided(CHASE, home=home, releases={A: cases.sent(3 * DAY)}, records=cases.records(A))

    assert rows(decision) == {A: ("CODE", ""), B: ("NOT-INSTALLER", "")}
    assert said(decision).repeat


def test_a_chase_that_crossed_our_answer_is_just_counted() -> None:
    """The answer went an hour ago."""
    home = thread(cases.answered(A), cases.answered(B, Outcome.NO_CODE_HELD))
    given = {"releases": {A: cases.sent(DAY / 24)}, "records": {A: cases.record(A), B: cases.record(B, has_code=False)}}
    decision = decided(CHASE, home=home, rates=Rates(letters_on_thread_24h=1), **given)

    assert decision.reason is Reason.ASKED_TOO_SOON
    assert decision.plans == ()
    assert folder_of(decision, home) is Folder.DONE


def test_a_chase_of_no_thread_gets_the_state_of_all_that_is_open() -> None:
    """In the newest of their threads."""
    old, new = thread(cases.item(A), cases.answered(B), case_id="11" * 32), thread(cases.item(C), case_id="22" * 32)
    decision = decided(CHASE, open_threads=(old, new))

    assert rows(decision) == {A: ("PENDING", f"by: {DUE}"), C: ("PENDING", f"by: {DUE}")}
    assert decision.joins == new.case_id


def test_a_chase_in_a_thread_without_devices_is_about_what_is_open() -> None:
    """We once asked there for more, and they asked anew elsewhere."""
    decision = decided(CHASE, home=thread(), open_threads=(thread(cases.item(A), case_id="11" * 32),))

    assert rows(decision) == {A: ("PENDING", f"by: {DUE}")}


@pytest.mark.parametrize("home", [None, thread(), thread(cases.item(A, State.WITHDRAWN))])
def test_a_chase_of_nothing_is_asked_which_request_it_means(home: Any) -> None:
    """We have nothing open of theirs: name the devices, or our reference."""
    decision = decided(CHASE, home=home)

    assert decision.reason is Reason.NEED_MORE
    assert said(decision).which_request


def test_a_chase_that_names_devices_is_about_those() -> None:
    """A device that we never heard of is a request; one that is open is told by when."""
    home = thread(cases.item(A), cases.item(B))
    decision = decided(asks(A, C, chase=True), home=home)

    assert decision.reason is Reason.CHASE
    assert rows(decision) == {A: ("PENDING", f"by: {DUE}"), C: ("CODE", "")}


def test_an_ordered_chase_judges_what_is_held_anew() -> None:
    """A person dragged it to Requests."""
    home = thread(cases.item(A), cases.answered(B))
    decision = decided(CHASE, home=home, ordered=True)

    assert rows(decision)[A] == ("CODE", "")


def test_what_must_be_looked_up() -> None:
    """The devices named; for a chase that names none, those of its thread; else none."""
    home = thread(cases.item(A), cases.answered(B))

    assert devices_to_look_up(asks(C, chase=True), home) == (C,)
    assert devices_to_look_up(CHASE, home) == (A, B)
    assert devices_to_look_up(CHASE, None) == ()
    assert devices_to_look_up(Correspondence(withdraws=True), home) == ()


# ── withdrawals ─────────────────────────────────────────────────────────────────────────────────────


def test_ignore_my_mail_takes_back_what_is_open_and_is_confirmed() -> None:
    """Held and waiting items of its thread; what was answered stays answered."""
    home = thread(cases.item(A), cases.pending(B), cases.answered(C))
    decision = decided(WITHDRAW, home=home)

    assert (decision.fate, decision.reason) == (Fate.DECIDED, Reason.WITHDRAWAL)
    assert states(decision) == {
        A: (State.WITHDRAWN, Reason.WITHDRAWN_BY_ASKER),
        B: (State.WITHDRAWN, Reason.WITHDRAWN_BY_ASKER),
        C: (State.ANSWERED, None),
    }
    assert said(decision).withdrawn == (A, B)
    assert decision.threads[0].settled
    assert folder_of(decision, home) is Folder.DONE


def test_a_chase_that_names_nothing_is_told_what_is_open_of_its_party() -> None:
    """It answers no mail of ours; where nothing is open it is people's mail."""
    chase = Correspondence(chase=True, needs_thread=True, of_what_is_open=True)
    decision = decided(chase, open_threads=(thread(cases.item(A)),))

    assert decision.reason is Reason.CHASE
    assert rows(decision) == {A: (Outcome.PENDING, f"by: {DUE}")}
    assert is_left_alone(decided(chase))
    assert is_left_alone(decided(replace(chase, of_what_is_open=False), open_threads=(thread(cases.item(A)),)))


def test_where_only_the_quoted_mail_names_devices_the_letter_says_so() -> None:
    """Nothing is taken from there, and nobody is told that there was none."""
    answer = said(decided(Correspondence(wants_codes=True, quotes_devices=True)))

    assert (answer.nothing_found, answer.only_quoted) == (True, True)


def test_devices_named_are_taken_back_wherever_they_are_open() -> None:
    """One confirmation for several threads; what is not named goes on."""
    one, two = thread(cases.item(A), cases.item(C), case_id="11" * 32), thread(cases.item(B), case_id="22" * 32)
    decision = decided(asks(A, B, withdraws=True), open_elsewhere={A: one, B: two})

    assert said(decision).withdrawn == (A, B)
    assert [[i.state for i in t.items] for t in decision.threads] == [[State.WITHDRAWN, State.HELD], [State.WITHDRAWN]]
    assert len(decision.plans) == 1


def test_what_is_left_out_beside_a_request_is_taken_back_where_it_is_open() -> None:
    """The letter that answers the others says of each: withdrawn, or that no code is sent for it."""
    home, other = thread(cases.item(B), case_id="11" * 32), thread(cases.item(C), case_id="22" * 32)
    decision = decided(asks(A, left_out=(B, C, D)), home=home, open_elsewhere={C: other}, records=cases.records(A, B))

    assert rows(decision).keys() == {A}
    assert (said(decision).withdrawn, said(decision).left_out) == ((B, C), (D,))
    assert {t.case_id: [i.state for i in t.items] for t in decision.threads} == {
        home.case_id: [State.WITHDRAWN, State.ANSWERED],
        other.case_id: [State.WITHDRAWN],
    }
    assert [plan.code_devices for plan in decision.plans] == [(A,)]


def test_a_device_named_that_is_not_open_is_asked_about() -> None:
    """It may be a request in the same breath: it is neither lost nor answered, and its asker reads so."""
    decision = decided(asks(A, B, C, withdraws=True), home=thread(cases.item(A), cases.answered(C)))

    assert said(decision).withdrawn == (A,)
    assert said(decision).left_out == (B,)


def test_a_device_named_that_is_nowhere_open_is_asked_about_in_a_thread_of_its_own() -> None:
    """Another party's code letter for it is no answer of ours to them."""
    decision = decided(asks(A, withdraws=True), releases={A: cases.sent(DAY, party="Southern Power")})

    assert said(decision).left_out == (A,)
    assert said(decision).withdrawn == ()


def test_a_device_that_its_thread_does_not_know_is_asked_about_there() -> None:
    """All else was answered: the question is put in the thread that the mail answers."""
    home = thread(cases.answered(A))
    decision = decided(asks(B, withdraws=True), home=home)

    assert said(decision).left_out == (B,)
    assert decision.joins == home.case_id


@pytest.mark.parametrize("meaning", [WITHDRAW, asks(A, withdraws=True)])
def test_taking_back_what_was_answered_needs_no_words(meaning: Correspondence) -> None:
    """Nothing is open: the mail is filed."""
    decision = decided(meaning, home=thread(cases.answered(A)))

    assert (decision.fate, decision.reason, decision.plans) == (Fate.DECIDED, Reason.WITHDRAWAL, ())


def test_one_open_thread_is_meant_and_of_two_neither() -> None:
    """With no device named and no thread: their only open one, else we ask which."""
    one, two = thread(cases.item(A), case_id="11" * 32), thread(cases.item(B), case_id="22" * 32)

    assert said(decided(WITHDRAW, open_threads=(one,))).withdrawn == (A,)
    for several in ((), (one, two)):
        asked = decided(WITHDRAW, open_threads=several)
        assert asked.reason is Reason.NEED_MORE
        assert all(item.open for t in asked.threads for item in t.items)


def test_what_was_answered_long_ago_without_a_thread_is_asked_about() -> None:
    """Its code went to them, and they take back a request that is not open."""
    decision = decided(asks(A, withdraws=True), releases={A: cases.sent(DAY)})

    assert decision.reason is Reason.NEED_MORE
