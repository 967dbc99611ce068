"""The table of moves: every pair of state and event, the illegal ones too."""

from itertools import product

import pytest

from daemon.rules.reasons import Reason
from daemon.rules.thread import MOVES, OPEN, Event, IllegalMove, State
from tests.rules.cases import A, B, item, thread

N, A_, H, P, W, X = State.NEW, State.ANSWERED, State.HELD, State.PENDING, State.WITHDRAWN, State.CLOSED
EXPECTED = {
    N: {Event.ANSWER: A_, Event.HOLD: H, Event.DEFER: P},
    H: {Event.ANSWER: A_, Event.HOLD: H, Event.DEFER: P, Event.WITHDRAW: W, Event.CLOSE: X},
    P: {Event.ANSWER: A_, Event.HOLD: H, Event.DEFER: P, Event.WITHDRAW: W, Event.CLOSE: X},
    A_: {Event.ANSWER: A_, Event.HOLD: H, Event.DEFER: P, Event.CLOSE: X},
    W: {Event.ANSWER: A_, Event.HOLD: H, Event.DEFER: P, Event.CLOSE: X},
    X: {},
}
"""Product §2, written down a second time on purpose."""


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_pair_of_state_and_event(state: State, event: Event) -> None:
    """A legal pair leads where the product says; any other raises and names both."""
    target = EXPECTED[state].get(event)
    if target is not None:
        assert item(A, state).move(event).state is target
        return
    with pytest.raises(IllegalMove, match=f"{event} does not fit an item that is {state}"):
        item(A, state).move(event)


def test_the_table_holds_nothing_else() -> None:
    """As many moves as are expected, and nobody can add one at run time."""
    assert len(MOVES) == sum(map(len, EXPECTED.values()))
    with pytest.raises(TypeError):
        MOVES[X, Event.ANSWER] = A_  # type: ignore[index]


def test_a_move_changes_what_is_named_and_nothing_else() -> None:
    """The item itself stays as it was."""
    before = item(A, State.HELD, note="x")
    after = before.move(Event.ANSWER, reason=Reason.ANSWERED)

    assert (before.state, before.reason) == (State.HELD, None)
    assert (after.state, after.reason, after.note, after.due) == (State.ANSWERED, Reason.ANSWERED, "x", before.due)


@pytest.mark.parametrize("state", State)
def test_open_items_keep_a_thread_unsettled(state: State) -> None:
    """New, held and pending are open."""
    assert item(A, state).open is (state in {N, H, P}) is (state in OPEN)
    assert thread(item(A, State.ANSWERED), item(B, state)).settled is (state not in OPEN)


def test_a_thread_without_items_is_settled() -> None:
    """It waits for nothing of ours."""
    assert thread().settled


def test_changed_items_stand_where_they_stood_and_new_ones_at_the_end() -> None:
    """The order of the mail is kept."""
    one = thread(item(A), item(B))
    changed = one.with_items([item(B, State.ANSWERED), item(B, State.WITHDRAWN), item(A, State.CLOSED)])

    assert [(i.device_id, i.state) for i in changed.items] == [(A, State.CLOSED), (B, State.WITHDRAWN)]
    assert list(thread(item(A)).with_items([item(B)]).by_device()) == [A, B]
    assert [i.state for i in one.items] == [State.HELD, State.HELD]
