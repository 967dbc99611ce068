"""The parts of a mail: cut where the standard parser cuts, on every Python alike."""

import re
from email import policy
from email.feedparser import FeedParser
from email.message import Message

from hypothesis import given
from hypothesis import strategies as st

from daemon.mail import structure

_BOUNDARIES = ("b", "--", "a.b", "x--", "=_1(2)", "b b")
_OWN = "@"
"""That of the mail itself."""
_ENDS = ("\n", "\r\n", "\r", "")
_LINES = st.one_of(
    st.builds("{}{}{}{}{}".format, st.sampled_from(("--", "-", " --")), st.sampled_from((_OWN, *_BOUNDARIES)),
              st.sampled_from(("", "--", "x")), st.sampled_from(("", " \t", "\x0c")), st.sampled_from(_ENDS)),
    st.sampled_from(_BOUNDARIES).map('Content-Type: multipart/mixed; boundary="{}"\n'.format),
    st.sampled_from(("\n", "\r\n", "Content-Type: text/plain\n", "Content-Type: message/rfc822\n", "words\n", "no end")),
)  # fmt: skip


def _shape(part: Message) -> object:
    payload = part.get_payload()
    held = [_shape(p) for p in payload] if isinstance(payload, list) else payload
    return part.items(), held, part.preamble, part.epilogue, [type(d) for d in part.defects]


@given(st.sampled_from(_BOUNDARIES), st.lists(_LINES, max_size=25))
def test_parts_are_cut_as_by_the_standard_parser(boundary: str, lines: list[str]) -> None:
    """Whatever stands on its lines."""
    raw = f'Content-Type: multipart/mixed; boundary="{boundary}"\n\n{"".join(lines).replace(_OWN, boundary)}'
    standard = FeedParser(policy=policy.compat32)
    standard.feed(raw)
    assert _shape(structure._parsed(raw.encode())) == _shape(standard.close())


def test_a_boundary_makes_no_pattern() -> None:
    """To compile one takes longer than to read all the rest of a mail's tree."""
    raw = b'Content-Type: multipart/mixed; boundary="%s"\n\n--%s\n\nA\n--%s--\n'
    structure._parsed(raw % ((b"known",) * 3))
    known = dict(re._cache)  # type: ignore[attr-defined]  # there is no public way to see what was compiled
    assert len(structure._parsed(raw % ((b"never seen before",) * 3)).get_payload()) == 1
    assert dict(re._cache) == known  # type: ignore[attr-defined]
