"""What each device of a request is answered, or why a person must look: product §3, item by item."""

import sys
from dataclasses import replace
from datetime import date, timedelta
from types import FrameType
from typing import Any

import pytest

from daemon.rules.decide import decide
from daemon.rules.decide.judge import Allowance, docket
from daemon.rules.decision import Fate
from daemon.rules.facts import DeviceRecord, Rates
from daemon.rules.identifiers import DeviceId
from daemon.rules.policy import Limits, Mode, Policy
from daemon.rules.reasons import Reason
from daemon.rules.thread import Outcome, State
from tests.rules import cases, mails
from tests.rules.cases import (
    BOOK,
    DUE,
    NOW,
    A,
    B,
    C,
    D,
    ask,
    asks,
    device,
    facts,
    limits,
    policy,
    record,
    rows,
    said,
    states,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HELD = ("PENDING", f"by: {DUE}")
DOTTED = replace(
    cases.SOUTHERN, party="Two Codes Ltd", mpids=frozenset({"TWOA", "TWOB"}), aliases=frozenset(), contacts=()
)
WIDE = (*BOOK, DOTTED)


@pytest.mark.parametrize(
    ("one", "outcome", "note"),
    [
        (record(A), "CODE", ""),
        *[(record(A, device_type=t), "CODE", "") for t in ("ESME", "GSME", "HCALCS", "PPMID", "IHD", "CAD", "")],
        *[(record(A, status=s), "CODE", "") for s in ("Pending", "Whitelisted", "InstalledNotCommissioned")],
        (record(A, gaining_supplier="NORT"), "CODE", ""),
        (record(A, installing_supplier="OLDC"), "CODE", ""),
        (None, "NOT-INSTALLER", ""),
        (record(A, installing_supplier="SOUT"), "NOT-INSTALLER", "installer: SOUT (Southern Power)"),
        (record(A, installing_supplier="southern"), "NOT-INSTALLER", "installer: SOUT (Southern Power)"),
        (record(A, installing_supplier="Two Codes Ltd"), "NOT-INSTALLER", "installer: Two Codes Ltd"),
        (record(A, installing_supplier="TWOB"), "NOT-INSTALLER", "installer: TWOB (Two Codes Ltd)"),
        (record(A, installing_supplier="Gone Energy"), "NOT-INSTALLER", "installer: Gone Energy"),
        (
            record(A, installing_supplier="SOUT", status="Commissioned"),
            "NOT-INSTALLER",
            "installer: SOUT (Southern Power)",
        ),
        (record(A, installing_supplier="NORT"), "NOT-INSTALLER", "installer: NORT (yourselves)"),
        (record(A, has_code=False), "NO-CODE-HELD", ""),
        (record(A, has_code=False, status="Pending"), "NO-CODE-HELD", ""),
        (record(A, device_type="CHF"), "TYPE-HAS-NO-CODE", ""),
        (record(A, device_type="GPF", linked_gsme=B), "TYPE-HAS-NO-CODE", f"device: {B}"),
        (record(A, device_type="GPF", installing_supplier="SOUT", status="Commissioned"), "TYPE-HAS-NO-CODE", ""),
    ],
)
def test_answered_with_no_person(one: DeviceRecord | None, outcome: str, note: str) -> None:
    """CODE, NOT-INSTALLER, NO-CODE-HELD and TYPE-HAS-NO-CODE, with the note that another daemon can read."""
    decision = ask(A, records={A: one} if one else {}, counterparties=WIDE)

    assert rows(decision) == {A: (outcome, note)}
    assert states(decision) == {A: (State.ANSWERED, Reason.ANSWERED)}
    assert decision.plans[0].code_devices == ((A,) if outcome == "CODE" else ())


def test_an_mpid_of_two_goes_out_as_recorded() -> None:
    """A party with two MPIDs is named by the one that our inventory names."""
    named = rows(ask(A, records={A: record(A, installing_supplier="TWOA")}, counterparties=WIDE))[A][1]

    assert named == "installer: TWOA (Two Codes Ltd)"


OLD = NOW - timedelta(days=7, seconds=1)
HOLDS = {
    Reason.DEVICE_STATUS: {"records": {A: record(A, status="Commissioned", has_code=False)}},
    Reason.OTHER_SUPPLIER_RECORDED: {"records": {A: record(A, gaining_supplier="SOUT")}},
    Reason.ASKED_BY_ANOTHER: {"asked_by_others": frozenset({A})},
    Reason.REPEAT_LIMIT: {"releases": {A: cases.sent(25 * HOUR, 5 * DAY, 29 * DAY)}},
    Reason.GLOBAL_CAP: {"rates": Rates(codes_today=5000)},
    Reason.CAP_BREAKS_DUE_DATE: {"rates": Rates(codes_waiting_for_party=14 * 500)},
    Reason.INVENTORY_STALE: {"records": {}, "inventory_taken_at": OLD},
    Reason.CANNOT_READ: {"proof": cases.proof(cases.origin(), complete=False)},
    Reason.STALE_MAIL: {"proof": cases.proof(cases.origin(date=None))},
    Reason.FOREIGN_REPLY_TO: {"proof": cases.proof(cases.origin(reply_to="x@elsewhere.example"))},
}


@pytest.mark.parametrize(("reason", "given"), HOLDS.items(), ids=HOLDS.keys())
def test_held_for_a_person(reason: Reason, given: dict[str, object]) -> None:
    """Each cause of a hold: the item is HELD from now on, ops are untold, and the due date is ten working days."""
    decision = ask(A, **given)
    (item,) = decision.threads[0].items

    assert (item.state, item.reason, item.held_at, item.told_ops_at) == (State.HELD, reason, NOW, None)
    assert item.due.end == date(2026, 6, 22)
    assert decision.plans[0].code_devices == ()


def test_row_30_held_items_look_alike() -> None:
    """Attack 30: by the letter nobody can tell one cause from another: same words, same date, nothing beside."""
    letters = {said(ask(A, **given)) for given in HOLDS.values()}  # type: ignore[arg-type]

    assert len(HOLDS) == 10
    assert {(answer.rows, answer.capped_at, answer.repeat) for answer in letters} == {
        (tuple(cases.said(ask(A, **HOLDS[Reason.DEVICE_STATUS])).rows), 0, False)  # type: ignore[arg-type]
    } | {(answer.rows, 0, True) for answer in letters if answer.repeat}
    assert {rows(ask(A, **given))[A] for given in HOLDS.values()} == {HELD}  # type: ignore[arg-type]


def test_outcomes_mix_within_one_mail() -> None:
    """One letter, in the order of the mail; what is held waits alone."""
    mixed = {A: record(A), B: record(B, status="Suspended"), C: record(C, device_type="CHF")}
    decision = ask(D, B, A, C, records=mixed)

    assert list(rows(decision).items()) == [
        (D, ("NOT-INSTALLER", "")),
        (B, HELD),
        (A, ("CODE", "")),
        (C, ("TYPE-HAS-NO-CODE", "")),
    ]
    assert states(decision)[B] == (State.HELD, Reason.DEVICE_STATUS)


# ── stale inventory ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("taken", [None, OLD])
def test_no_untrue_no_out_of_an_old_inventory(taken: object) -> None:
    """Never imported, or too old: a no is held; a code, and a type that has none, stay true."""
    on_record = {A: record(A), B: record(B, installing_supplier="SOUT"), C: record(C, has_code=False)}
    on_record[D] = record(D, device_type="GPF")
    decision = ask(A, B, C, D, device(9), records=on_record, inventory_taken_at=taken)

    assert [state for state, _ in states(decision).values()] == [
        State.ANSWERED, State.HELD, State.HELD, State.ANSWERED, State.HELD,
    ]  # fmt: skip
    assert {reason for state, reason in states(decision).values() if state is State.HELD} == {Reason.INVENTORY_STALE}


def test_an_inventory_of_exactly_the_limit_still_counts() -> None:
    """Seven days is not more than seven days."""
    assert rows(ask(A, records={}, inventory_taken_at=NOW - timedelta(days=7)))[A] == ("NOT-INSTALLER", "")


# ── other suppliers ─────────────────────────────────────────────────────────────────────────────────


def test_row_31_a_device_that_another_got_or_asked_for_is_held() -> None:
    """Attack 31: released to another party within 30 days, or open with it: held; ours to answer no all the same."""
    elsewhere = {A: cases.sent(29 * DAY, party="Southern Power")}

    assert states(ask(A, releases=elsewhere))[A] == (State.HELD, Reason.ASKED_BY_ANOTHER)
    assert states(ask(A, asked_by_others=frozenset({A})))[A] == (State.HELD, Reason.ASKED_BY_ANOTHER)
    assert rows(ask(A, asked_by_others=frozenset({A}), records={}))[A] == ("NOT-INSTALLER", "")
    assert rows(ask(A, asked_by_others=frozenset({B})))[A] == ("CODE", "")


# ── asked again ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("ago", "outcome", "repeat"),
    [
        ([], "CODE", False),
        ([24 * HOUR], "CODE", True),
        ([25 * HOUR, 9 * DAY], "CODE", True),
        ([25 * HOUR, 2 * DAY, 9 * DAY], "PENDING", True),
    ],
)
def test_first_answer_and_at_most_two_repeats_a_day_apart(ago: list[timedelta], outcome: str, repeat: bool) -> None:
    """In a mail of its own: the third repeat within 30 days is held."""
    decision = ask(A, releases={A: cases.sent(*ago)} if ago else {})

    assert rows(decision)[A][0] == outcome
    assert said(decision).repeat is repeat


def test_sooner_than_a_day_is_counted_and_gets_no_letter() -> None:
    """Two minutes or 23 hours later: nothing goes out, nothing changes, and the mail is filed."""
    decision = ask(A, releases={A: cases.sent(23 * HOUR)})

    assert (decision.fate, decision.reason) == (Fate.DECIDED, Reason.ASKED_TOO_SOON)
    assert decision.plans == decision.threads == ()


def test_beside_other_rows_the_device_sent_lately_is_named_with_its_day() -> None:
    """The code is not in the letter; the reader learns when it went."""
    decision = ask(A, B, releases={A: cases.sent(23 * HOUR)})

    assert rows(decision) == {B: ("CODE", "")}
    assert said(decision).sent_before == ((A, date(2026, 6, 7)),)
    assert decision.plans[0].code_devices == (B,)


def test_a_plain_answer_is_not_repeated_within_a_day_on_its_thread() -> None:
    """NOT-INSTALLER asked again on the thread that said so today: no letter; tomorrow it is said again."""
    home = cases.thread(cases.answered(A, Outcome.NOT_INSTALLER))
    again = {"home": home, "records": {}}

    assert ask(A, **again, rates=Rates(letters_on_thread_24h=1)).reason is Reason.ASKED_TOO_SOON
    assert rows(ask(A, **again)) == {A: ("NOT-INSTALLER", "")}
    assert said(ask(A, **again)).repeat is True


def test_a_plain_answer_given_lately_stands_beside_news() -> None:
    """Where a letter goes anyway it is whole; and no code is claimed to have been sent."""
    home = cases.thread(cases.answered(A, Outcome.NOT_INSTALLER))
    decision = ask(A, B, home=home, records=cases.records(B), rates=Rates(letters_on_thread_24h=1))

    assert rows(decision) == {A: ("NOT-INSTALLER", ""), B: ("CODE", "")}
    assert said(decision).sent_before == ()


@pytest.mark.parametrize("now_on_record", [{}, {A: record(A, has_code=False)}])
def test_a_no_that_our_own_code_letter_belies_is_held(now_on_record: dict[DeviceId, DeviceRecord]) -> None:
    """We sent the code once, and our records now say that we never had it: a person looks."""
    home = cases.thread(cases.answered(A))

    assert states(ask(A, home=home, records=now_on_record))[A] == (State.HELD, Reason.INVENTORY_STALE)


def test_what_was_settled_and_is_asked_for_again_is_due_anew() -> None:
    """Else a repeat that is held a month later would be overdue at once."""
    old = replace(cases.answered(A), asked_at=NOW - 40 * DAY)
    held = ask(A, home=cases.thread(old), records={A: record(A, status="Commissioned")}).threads[0].items[0]

    assert (held.state, held.asked_at, held.due.end) == (State.HELD, mails.MONDAY, date(2026, 6, 22))


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.CLOSED])
def test_what_was_taken_back_or_closed_can_be_asked_for_again(state: State) -> None:
    """It is answered like any other."""
    assert rows(ask(A, home=cases.thread(cases.item(A, state)))) == {A: ("CODE", "")}


# ── caps ────────────────────────────────────────────────────────────────────────────────────────────

DEVICES = [device(n) for n in range(100, 140)]


def test_over_the_cap_codes_go_in_order_of_arrival_and_the_rest_is_told_its_day() -> None:
    """Ten a day: ten codes, then ten for each day after, each with its date; the daily number is named."""
    decision = ask(*DEVICES[:25], by=limits(codes_per_counterparty_per_day=10), records=cases.records(*DEVICES))
    told = list(rows(decision).values())

    assert told == [("CODE", "")] * 10 + [("PENDING", "by: 2026-06-09")] * 10 + [("PENDING", "by: 2026-06-10")] * 5
    assert said(decision).capped_at == 10
    assert states(decision)[DEVICES[10]] == (State.PENDING, Reason.DAILY_CAP)


def test_what_was_sent_and_what_waits_comes_first() -> None:
    """Seven went today: three are left. Twelve wait: nothing is left today, and the first new one is two days off."""
    by = limits(codes_per_counterparty_per_day=10)
    some = {"by": by, "records": cases.records(*DEVICES)}
    after_seven = ask(*DEVICES[:4], **some, rates=Rates(codes_today_to_party=7))
    behind_twelve = ask(DEVICES[0], **some, rates=Rates(codes_waiting_for_party=12))

    assert [outcome for outcome, _ in rows(after_seven).values()] == ["CODE", "CODE", "CODE", "PENDING"]
    assert rows(behind_twelve)[DEVICES[0]] == ("PENDING", "by: 2026-06-10")


def test_a_turn_after_the_due_date_is_held() -> None:
    """One a day from Monday 8 June: the due Monday 22 June is the fifteenth; the sixteenth needs a person."""
    decision = ask(*DEVICES[:17], by=limits(codes_per_counterparty_per_day=1), records=cases.records(*DEVICES))
    reasons = [reason for _, reason in states(decision).values()]

    assert reasons == [Reason.ANSWERED] + [Reason.DAILY_CAP] * 14 + [Reason.CAP_BREAKS_DUE_DATE] * 2
    assert rows(decision)[DEVICES[14]] == ("PENDING", "by: 2026-06-22")
    assert rows(decision)[DEVICES[16]] == HELD


def test_the_global_cap_holds() -> None:
    """Codes to all parties together: what is over it needs a person, for that is not ordinary."""
    decision = ask(A, B, C, by=limits(codes_per_day=10), rates=Rates(codes_today=8))

    assert [reason for _, reason in states(decision).values()] == [Reason.ANSWERED, Reason.ANSWERED, Reason.GLOBAL_CAP]
    assert states(decision)[C][0] is State.HELD


@pytest.mark.parametrize("number", [0, -1])
def test_a_cap_of_nothing_lets_nothing_out(number: int) -> None:
    """An operator who sets it to 0 has every code held."""
    assert states(ask(A, by=limits(codes_per_counterparty_per_day=number)))[A][1] is Reason.CAP_BREAKS_DUE_DATE


def test_what_carries_no_code_needs_no_place_in_the_line() -> None:
    """A no goes out at once, whatever the cap."""
    decision = ask(A, by=limits(codes_per_counterparty_per_day=0), records={})

    assert rows(decision)[A][0] == "NOT-INSTALLER"


def test_the_head_of_the_line_is_served_whatever_waits() -> None:
    """`first_in_line`: those who wait are judged with the whole of the day's number."""
    f = facts(rates=Rates(codes_waiting_for_party=99))
    of = docket(mails.NORTHERN, f, limits(codes_per_counterparty_per_day=1))
    due = cases.item(A).due

    assert Allowance(of, first_in_line=True).grant(due).outcome is Outcome.CODE
    assert Allowance(of, first_in_line=False).grant(due).reason is Reason.CAP_BREAKS_DUE_DATE


# ── observe ─────────────────────────────────────────────────────────────────────────────────────────


def observing(**changes: object) -> Policy:
    """Ours, in mode observe."""
    return policy(mode=Mode.OBSERVE, **changes)


def test_observe_writes_the_letter_down_and_holds_for_a_person() -> None:
    """The plan shows what would have gone; every item is held so that its clock runs; the note of a hold stays."""
    on_record = {A: record(A), B: record(B, status="Suspended")}
    decision = ask(A, B, C, by=observing(), records=on_record)

    assert decision.observed
    assert rows(decision) == {A: ("CODE", ""), B: HELD, C: ("NOT-INSTALLER", "")}
    assert states(decision) == {
        A: (State.HELD, Reason.OBSERVE_ONLY),
        B: (State.HELD, Reason.DEVICE_STATUS),
        C: (State.HELD, Reason.OBSERVE_ONLY),
    }


def test_observe_shows_a_capped_item_with_the_day_it_would_be_told() -> None:
    """It is held, for nobody will give it a turn."""
    decision = ask(A, B, by=observing(limits=Limits(codes_per_counterparty_per_day=1)))

    assert rows(decision)[B] == ("PENDING", "by: 2026-06-09")
    assert states(decision)[B] == (State.HELD, Reason.OBSERVE_ONLY)
    assert decision.threads[0].items[1].promised_for is None
    assert said(decision).capped_at == 1


def test_the_mode_can_be_set_for_one_party() -> None:
    """The others go on as before."""
    by = policy(mode=Mode.SEND, modes_by_party={"Northern Energy": Mode.OBSERVE})

    assert ask(A, by=by).observed
    assert not ask(A, by=by, written_by=cases.origin(cases.SOUTHERN_ADDRESS)).observed


# ── size ────────────────────────────────────────────────────────────────────────────────────────────


def steps(number: int) -> int:
    """How many steps of the interpreter it takes to decide a request for so many devices, half of them open."""
    many = [device(1000 + n) for n in range(number)]
    party = replace(mails.NORTHERN, successor_of=frozenset({"Southern"}))
    on_record = {d: record(d, gaining_supplier="Southern", installing_supplier="OLDC") for d in many}
    home = cases.thread(*map(cases.item, many[: number // 4]))
    elsewhere = cases.thread(*map(cases.item, many[number // 4 : number // 2]), case_id="ee" * 32)
    spread = {i.device_id: elsewhere for i in elsewhere.items}
    one = facts(records=on_record, counterparties=(party, cases.SOUTHERN), home=home, open_elsewhere=spread)
    meaning, by, taken = asks(*many), policy(), 0

    def count(frame: FrameType, event: str, _: object) -> Any:
        nonlocal taken
        frame.f_trace_opcodes = True
        taken += event == "opcode"
        return count

    sys.settrace(count)
    try:
        decision = decide(one, meaning, by)
    finally:
        sys.settrace(None)
    assert len(said(decision).rows) == number
    return taken


def test_the_work_grows_with_the_devices_and_no_faster() -> None:
    """Four times the devices take at most four times the steps, so that 50,000 in one sheet are decided in a second or two."""
    assert steps(800) < 4.4 * steps(200)
