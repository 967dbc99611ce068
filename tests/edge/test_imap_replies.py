"""What we read out of a server's answers ourselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.edge.imap.replies import GROUP_BYTES, GROUP_MAILS, appended, appended_all, copied, groups, uid_set


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (b"5", [5]),
        (b"304,319:320", [304, 319, 320]),
        (b"3:1", [3, 2, 1]),
        (b"1:4294967295", []),
        (b"1,", []),
        (b"a", []),
        (b"1:2:3", []),
        (b"", []),
    ],
)
def test_sets_of_uids(text, numbers):
    """Ranges either way round; more than was asked for, or no set at all, is nothing."""
    assert uid_set(text, 10) == numbers


@pytest.mark.parametrize(
    ("codes", "where"),
    [
        ([b"38505 304,319:320 3956:3958"], (38505, {304: 3956, 319: 3957, 320: 3958})),
        ([b"7 304 1", b"7 319 2"], (7, {304: 1, 319: 2})),
        ([b"7 304:305 1"], (0, {})),
        ([b"7 999 1"], (7, {})),
        ([None], (0, {})),
        ([], (0, {})),
        ([b"garbage"], (0, {})),
    ],
)
def test_copyuid(codes, where):
    """Each UID that was asked for with its new one; what does not fit the question is not believed (RFC 4315)."""
    assert copied(codes, [304, 319, 320]) == where


@pytest.mark.parametrize(
    ("codes", "place"), [([b"38505 3955"], (38505, 3955)), ([b"1 2:3"], None), ([b"1 2 3"], None), ([], None)]
)
def test_appenduid(codes, place):
    """UIDVALIDITY and UID of one mail, or nothing (RFC 4315)."""
    assert appended(codes) == place


@pytest.mark.parametrize(
    ("codes", "places"),
    [
        ([b"7 304:306"], (7, range(304, 307))),
        ([b"7 304,305:306"], (7, range(304, 307))),
        ([b"7 304,306:307"], None),
        ([b"7 306:304"], None),
        ([b"7 304:307"], None),
        ([b"7 304"], None),
        ([b"7 1:3 304:306"], None),
        ([b"7 1:4294967295"], None),
        ([None], None),
        ([], None),
    ],
)
def test_appenduid_of_three_mails(codes, places):
    """UIDVALIDITY and three UIDs that follow each other, or nothing (RFC 4315)."""
    assert appended_all(codes, 3) == places


@given(st.binary(max_size=60))
def test_no_answer_is_an_accident(code):
    """Whatever stands in a response code, reading it raises nothing and makes no long list."""
    validity, where = copied([code], [1, 2, 3])
    assert set(where) <= {1, 2, 3}
    assert appended([code]) is None or b" " in code
    assert appended_all([code], 3) is None or b" " in code
    assert validity >= 0


@given(st.lists(st.integers(min_value=1, max_value=2 * GROUP_BYTES), max_size=60))
def test_groups_are_bounded_and_whole(sizes):
    """Every mail is in one group, in order; none is above the bounds, but for a mail that is so alone."""
    made = list(groups(enumerate(sizes)))
    assert [uid for group in made for uid in group] == list(range(len(sizes)))
    for group in made:
        assert len(group) == 1 or sum(sizes[uid] for uid in group) <= GROUP_BYTES


def test_groups_of_small_mails():
    """Small mails come 500 at a time."""
    assert [len(group) for group in groups((uid, 10) for uid in range(1200))] == [GROUP_MAILS, GROUP_MAILS, 200]
