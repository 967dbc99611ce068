"""The table of moves when we ask: every pair of state and event, the illegal ones too."""

from datetime import date
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rules.thread import IllegalMove
from daemon.rules.wanting import MOVES, OPEN, WAITING, Want, WantEvent, WantState
from tests.rules import mails
from tests.rules.cases import MEMBER, A

S, E = WantState, WantEvent
OURS = {E.WITHDRAW: S.WITHDRAWN, E.CLOSE: S.CLOSED}
"""What our own team may do with whatever is open."""
FIRST = {E.ASK: S.ASKED, E.NO_CONTACT: S.WAITING_CONTACT, E.HAND_OVER: S.WITH_OPS}
AGAIN = {E.ANSWER: S.ANSWERED, E.MOVE_ON: S.MOVED_ON}
"""What a party may still say that was asked, be it not the present one."""
TIME = {E.ESCALATE: S.ESCALATED, E.HAND_OVER: S.WITH_OPS}
EXPECTED: dict[WantState, dict[WantEvent, WantState]] = {
    S.ORDERED: FIRST | OURS,
    S.WAITING_CONTACT: FIRST | AGAIN | OURS,
    S.MOVED_ON: FIRST | AGAIN | OURS,
    S.ASKED: AGAIN | TIME | OURS | {E.QUERY: S.QUERIED, E.PROMISE: S.PROMISED, E.LATE: S.OVERDUE},
    S.QUERIED: AGAIN | TIME | OURS | {E.QUERY: S.QUERIED, E.PROMISE: S.PROMISED, E.LATE: S.OVERDUE},
    S.PROMISED: AGAIN | TIME | OURS | {E.QUERY: S.QUERIED, E.PROMISE: S.PROMISED, E.LATE: S.OVERDUE},
    S.OVERDUE: AGAIN | TIME | OURS | {E.QUERY: S.OVERDUE, E.PROMISE: S.OVERDUE},
    S.ESCALATED: AGAIN | TIME | OURS | {E.QUERY: S.ESCALATED, E.PROMISE: S.ESCALATED},
    S.WITH_OPS: AGAIN
    | OURS
    | {E.ASK: S.ASKED, E.HAND_OVER: S.WITH_OPS, E.ESCALATE: S.WITH_OPS, E.QUERY: S.WITH_OPS, E.PROMISE: S.WITH_OPS},
    S.ANSWERED: {E.HAND_OVER: S.WITH_OPS, E.CLOSE: S.CLOSED},
    S.WITHDRAWN: {E.CLOSE: S.CLOSED},
    S.CLOSED: {},
}
"""Product §2, written down a second time on purpose."""


def want(state: WantState = S.ORDERED) -> Want:
    """A device in this state."""
    return Want(
        device_id=A,
        ordered_by=MEMBER,
        ordered_at=mails.MONDAY,
        order_mail_id=7,
        losing_supplier="Northern Energy",
        state=state,
    )


@pytest.mark.parametrize(("state", "event"), list(product(S, E)))
def test_every_pair_of_state_and_event(state: WantState, event: WantEvent) -> None:
    """A legal pair leads where the product says; any other raises and names both."""
    target = EXPECTED[state].get(event)
    if target is not None:
        assert want(state).move(event).state is target
        return
    with pytest.raises(IllegalMove, match=f"{event} does not fit a device that is {state}"):
        want(state).move(event)


def test_the_table_holds_nothing_else() -> None:
    """As many moves as are expected, and nobody can add one at run time."""
    assert len(MOVES) == sum(map(len, EXPECTED.values()))
    with pytest.raises(TypeError):
        MOVES[S.CLOSED, E.ANSWER] = S.ANSWERED  # type: ignore[index]


def test_a_move_changes_what_is_named_and_nothing_else() -> None:
    """The device itself stays as it was."""
    before = want(S.ASKED)
    after = before.move(E.PROMISE, promised_for=date(2026, 6, 12))

    assert (before.state, before.promised_for) == (S.ASKED, None)
    assert (after.state, after.promised_for, after.ordered_at) == (S.PROMISED, date(2026, 6, 12), before.ordered_at)


@pytest.mark.parametrize("state", S)
def test_what_is_open_can_always_be_ended_and_handed_over(state: WantState) -> None:
    """Nothing open is out of our team's reach; what is settled waits for nobody; only what was asked is chased."""
    ends = {event for event in (E.WITHDRAW, E.CLOSE, E.HAND_OVER) if (state, event) in MOVES}

    assert want(state).open is (state in OPEN) is (len(ends) == 3)
    assert (state in WAITING) == ((state, E.ESCALATE) in MOVES and state is not S.WITH_OPS)
    assert state not in WAITING or state in OPEN


@given(events=st.lists(st.sampled_from(E), max_size=40))
def test_no_sequence_of_events_leaves_the_table(events: list[WantEvent]) -> None:
    """Whatever happens in whatever order: a known state, unchanged by what does not fit; closed stays closed."""
    one, seen = want(), [S.ORDERED]
    for event in events:
        try:
            one = one.move(event)
        except IllegalMove:
            assert event not in EXPECTED[one.state]
        seen.append(one.state)

    assert all(before is not S.CLOSED or after is S.CLOSED for before, after in pairwise(seen))
    assert set(seen) <= set(EXPECTED)


@given(events=st.lists(st.sampled_from(E), max_size=40))
def test_the_ladder_s_own_events_never_settle_a_device(events: list[WantEvent]) -> None:
    """Time alone answers, withdraws and closes nothing."""
    one = want(S.ASKED)
    for event in events:
        if event in {E.LATE, E.ESCALATE, E.HAND_OVER} and (one.state, event) in MOVES:
            one = one.move(event)

    assert one.open
