"""Turns under the cap, and what goes back to a person after a letter that did not go."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from daemon.rules.decide.turns import held_after_send, kept_back, let_go, take_turn
from daemon.rules.decision import Decision, Fate
from daemon.rules.facts import DeviceRecord, Rates, TurnFacts
from daemon.rules.identifiers import DeviceId
from daemon.rules.policy import Counterparty, Limits, Mode, Policy
from daemon.rules.reasons import Reason
from daemon.rules.thread import Item, MailThread, Outcome, State
from tests.rules import cases, mails
from tests.rules.cases import BOOK, A, B, C, D, pending, rows, said, states, thread

TUESDAY = cases.NOW + timedelta(days=1)
PROMISE = date(2026, 6, 9)


def waiting(*devices: DeviceId) -> MailThread:
    """A thread in which these wait for their turn, and one is answered."""
    items = [pending(d, promised_for=PROMISE, reason=Reason.DAILY_CAP) for d in devices]
    return thread(cases.answered(D), *items)


def turn(of: MailThread, by: Policy | None = None, **changes: Any) -> Decision | None:
    """What Tuesday gives to that thread."""
    fields: dict[str, Any] = {
        "now": TUESDAY,
        "counterparties": BOOK,
        "records": cases.records(A, B, C, D),
        "inventory_taken_at": TUESDAY - timedelta(days=1),
    }
    return take_turn(of, TurnFacts(**(fields | changes)), by or cases.policy())


def given(of: MailThread, by: Policy | None = None, **changes: Any) -> Decision:
    """The same, where something is given."""
    decision = turn(of, by, **changes)
    assert decision is not None
    return decision


def test_the_day_s_number_goes_out_and_the_rest_waits_untold() -> None:
    """Two a day: two codes in one letter under the next number; the third keeps its place and its promise."""
    decision = given(waiting(A, B, C), cases.limits(codes_per_counterparty_per_day=2))
    (plan,) = decision.plans

    assert rows(decision) == {A: ("CODE", ""), B: ("CODE", "")}
    assert (plan.seq, plan.to, plan.in_reply_to) == (2, mails.MP121_ADDRESS, "<root@northern-energy.example>")
    assert states(decision)[C] == (State.PENDING, Reason.DAILY_CAP)
    assert [i.promised_for for i in decision.threads[0].items] == [None, None, None, PROMISE]
    assert (decision.fate, decision.reason, decision.joins) == (
        Fate.DECIDED,
        Reason.DAILY_CAP,
        decision.threads[0].case_id,
    )
    assert said(decision).capped_at == 0


def test_nothing_moves_where_nothing_is_left_or_nothing_waits() -> None:
    """No letter, no change."""
    full = Rates(codes_today_to_party=2)

    assert turn(waiting(A), cases.limits(codes_per_counterparty_per_day=2), rates=full) is None
    assert turn(waiting()) is None
    assert turn(thread(cases.item(A))) is None


def test_those_who_wait_do_not_stand_behind_themselves() -> None:
    """The count of who waits is that of the whole line, this thread included."""
    assert rows(given(waiting(A), rates=Rates(codes_waiting_for_party=7)))[A] == ("CODE", "")


@pytest.mark.parametrize(
    ("record", "told", "state"),
    [
        (None, ("NOT-INSTALLER", ""), (State.ANSWERED, Reason.ANSWERED)),
        (cases.record(A, has_code=False), ("NO-CODE-HELD", ""), (State.ANSWERED, Reason.ANSWERED)),
        (cases.record(A, status="Commissioned"), None, (State.HELD, Reason.DEVICE_STATUS)),
        (cases.record(A, gaining_supplier="SOUT"), None, (State.HELD, Reason.OTHER_SUPPLIER_RECORDED)),
    ],
)
def test_each_is_judged_anew_on_its_day(
    record: DeviceRecord | None, told: tuple[str, str] | None, state: tuple[State, Reason]
) -> None:
    """What our records say now counts; a hold is not told again, for its asker waits already."""
    decision = given(waiting(A), records={A: record} if record else {})

    assert states(decision)[A] == state
    assert [rows(decision)[A]] == [told] if told else decision.plans == ()
    assert decision.threads[0].letters_queued == (2 if told else 1)


def test_a_code_that_went_to_another_meanwhile_is_held() -> None:
    """Another party's open request alone is not: whoever waits for a turn asked first."""
    releases = {A: cases.sent(timedelta(hours=1), party="Southern Power")}

    assert states(given(waiting(A), releases=releases))[A] == (State.HELD, Reason.ASKED_BY_ANOTHER)


def test_a_code_that_went_to_them_meanwhile_is_not_sent_again() -> None:
    """By another thread, an hour ago: the item is settled without a letter."""
    decision = given(waiting(A), releases={A: cases.sent(timedelta(hours=1), now=TUESDAY)})

    assert states(decision)[A] == (State.ANSWERED, Reason.ANSWERED)
    assert decision.plans == ()


def test_a_place_in_the_line_that_the_due_date_does_not_allow_is_held() -> None:
    """Told by now that its turn comes in time; the number was lowered since."""
    late = replace(pending(A), due=replace(cases.item(A).due, end=PROMISE))
    decision = given(thread(late), cases.limits(codes_per_counterparty_per_day=1), rates=Rates(codes_today_to_party=1))

    assert states(decision)[A] == (State.HELD, Reason.CAP_BREAKS_DUE_DATE)


OPERATIONS = mails.NORTHERN.contacts[1]


@pytest.mark.parametrize(
    ("book", "to"),
    [
        (BOOK, mails.MP121_ADDRESS),
        ((replace(mails.NORTHERN, contacts=(OPERATIONS,)),), OPERATIONS.email),
        ((replace(mails.NORTHERN, contacts=()),), None),
        ((cases.SOUTHERN,), None),
        ((), None),
    ],
)
def test_the_letter_goes_to_who_is_listed_today(book: tuple[Counterparty, ...], to: str | None) -> None:
    """The address as before, else the party's own; with none left the items are held."""
    decision = given(waiting(A), counterparties=book)

    assert [plan.to for plan in decision.plans] == ([to] if to else [])
    assert states(decision)[A] == ((State.ANSWERED, Reason.ANSWERED) if to else (State.HELD, Reason.NO_REPLY_ADDRESS))


def test_under_observe_the_turn_is_written_down_and_held() -> None:
    """The mode was set back meanwhile."""
    decision = given(waiting(A), cases.policy(mode=Mode.OBSERVE, limits=Limits()))

    assert decision.observed
    assert rows(decision) == {A: ("CODE", "")}
    assert states(decision)[A] == (State.HELD, Reason.OBSERVE_ONLY)


# ── a letter that did not go ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("reason", [Reason.REFUSED_BY_RELAY, Reason.GATE_AT_SEND, Reason.OUTCOME_UNKNOWN])
def test_what_a_lost_letter_had_answered_is_held_and_untold(reason: Reason) -> None:
    """A device that was taken back since, one that waits, and one that is not there are left as they are."""
    told = replace(cases.answered(A), told_ops_at=cases.NOW, reminded_day=9)
    before = thread(told, cases.item(B, State.WITHDRAWN), pending(C), cases.answered(D, Outcome.NOT_INSTALLER))
    after = held_after_send(before, (A, B, C, cases.device(9)), reason, TUESDAY, cases.policy())
    held: Item = after.by_device()[A]

    assert (held.state, held.reason, held.held_at, held.told_ops_at, held.reminded_day) == (
        State.HELD, reason, TUESDAY, None, 0,
    )  # fmt: skip
    assert held.outcome is Outcome.CODE
    assert after.items[1:] == before.items[1:]


# ── a letter that waits ─────────────────────────────────────────────────────────────────────────────


def test_what_is_answered_by_a_letter_that_waits_is_open_until_it_goes() -> None:
    """Nobody is told anew, for they stopped the letters themselves; then it is answered as if it had never waited."""
    before = thread(cases.answered(A), cases.item(B, State.WITHDRAWN), cases.answered(D, Outcome.NOT_INSTALLER))
    kept = kept_back(before, (A, B, cases.device(9)), TUESDAY)
    held = kept.by_device()[A]

    assert (held.state, held.reason, held.held_at, held.told_ops_at) == (
        State.HELD, Reason.KEPT_BACK, TUESDAY, TUESDAY,
    )  # fmt: skip
    assert (held.outcome, held.due) == (Outcome.CODE, before.items[0].due)
    assert kept.items[1:] == before.items[1:]
    assert kept_back(kept, (A,), cases.NOW) == kept
    assert let_go(kept, (A, B, D)) == before.with_items([replace(before.items[0], reason=Reason.ANSWERED)])


def test_only_what_waits_is_let_go() -> None:
    """What is held for another reason since stays held; what waited in a letter that is refused is held for that."""
    kept = kept_back(thread(cases.answered(A)), (A,), TUESDAY)
    refused = held_after_send(kept, (A,), Reason.REFUSED_BY_RELAY, TUESDAY, cases.policy())

    assert (refused.items[0].reason, refused.items[0].told_ops_at) == (Reason.REFUSED_BY_RELAY, None)
    assert let_go(refused, (A,)) == refused


def test_what_is_held_after_a_holiday_was_made_is_due_by_it():
    """It was answered when the holiday moved what was open; its letter came back, and its clock runs by that calendar."""
    by = cases.policy(extra_holidays=((date(2026, 6, 15), "Proclaimed"),))
    held = held_after_send(thread(cases.answered(A)), (A,), Reason.REFUSED_BY_RELAY, TUESDAY, by).items[0]

    assert cases.item(A).due.end == date(2026, 6, 22)
    assert held.due.end == date(2026, 6, 23)
