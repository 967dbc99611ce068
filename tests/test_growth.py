"""The measure of growth tells what is proportional from what compares each with all."""

from tests.growth import grows_evenly


def test_what_is_proportional_grows_evenly() -> None:
    """Each looked at once, or dearer by a constant."""
    assert grows_evenly(lambda size: sum(number % 7 for number in range(size * 500)), 4_000)


def test_what_compares_each_with_all_does_not() -> None:
    """Four times as many cost sixteen times as much."""
    assert not grows_evenly(lambda size: sum(1 for one in range(size) for other in range(size) if one == other), 4_000)
