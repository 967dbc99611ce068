"""Cut into parts: what the standard parser makes of any mail, and no more than linear work."""

from email import policy
from email.message import Message
from email.parser import BytesParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.mail.mime import cut

DEEP = 200
SAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parent / "samples").glob("*.eml"))]
LINES = st.sampled_from(
    ["Content-Type: multipart/mixed; boundary=b", 'Content-Type: multipart/alternative; boundary="b"',
     'Content-Type: multipart/mixed; boundary="c d"', "Content-Type: multipart/digest; boundary=b--",
     "Content-Type: multipart/digest; boundary=c", 'Content-Type: multipart/mixed; boundary="b\n  c"',
     "Content-Type: multipart/mixed; boundary*=us-ascii''b", "Content-Type: multipart/related; boundary=",
     "Content-Type: multipart/", "Content-Type: message/", "Content-Type: multipart/mixed", "Content-Type: text/plain",
     "Content-Type: message/rfc822", "Content-Type: message/delivery-status", "Content-Type: message/partial; id=1",
     "Content-Type: x", "--b", "--b", "--b--", "--b--", "--b----", "--b \t", "--b-- \t", "--b--x", "--bx", "x--b", " --b",
     "--c", "--c--", "--c d", "--c d--", "--", "----", "--  ", "", "", "", "", "hello", "From me", "From ", "From :", ", : x",
     ":", " folded", "\tx", " ", "no colon", "A: b", "A:", "A:  ", "Content-Type:", "\x0b", "\x0c", "\x85", "\u2028",
     "A\x0b: b", "\xc4: x", "\x00", "--b\x0b", "--\xe4"]
)  # fmt: skip
ENDS = st.sampled_from(["\r\n", "\n", "\r"])
HEADS = st.lists(LINES, max_size=2).map(lambda lines: [*lines, ""])


def tree(message: Message) -> object:
    """All that is read of a mail: fields, the type where none is said, text or parts; of a report's groups nothing is."""
    payload = message.get_payload()
    if isinstance(payload, list):
        reports = message.get_content_type() == "message/delivery-status"
        return (
            list(message.raw_items()),
            message.get_default_type(),
            [] if reports else [tree(part) for part in payload],
        )
    return list(message.raw_items()), message.get_default_type(), message.get_payload(decode=True)


def by_the_standard(raw: bytes) -> object:
    """The tree that the standard parser makes."""
    return tree(BytesParser(policy=policy.compat32).parsebytes(raw))


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_samples_are_cut_as_the_standard_parser_cuts_them(end):
    """Real mail, with any line ends, comes apart into the parts of the standard parser."""
    for sample in SAMPLES:
        raw = sample.replace(b"\r\n", b"\n").replace(b"\n", end)
        assert tree(cut(raw, DEEP)) == by_the_standard(raw)


@settings(max_examples=250, deadline=None)
@given(HEADS, st.lists(LINES, max_size=40), ENDS)
def test_odd_mail_is_cut_as_the_standard_parser_cuts_it(head, lines, end):
    """Fields, boundaries and words in any order: the very same parts."""
    raw = end.join(head + lines).encode()
    assert tree(cut(raw, DEEP)) == by_the_standard(raw)


@settings(max_examples=250, deadline=None)
@given(st.lists(st.tuples(LINES, ENDS | st.just("")), max_size=40))
def test_line_ends_of_every_kind_in_one_mail(lines):
    """So too where each line ends in its own way, or two run together."""
    raw = "".join(line + end for line, end in lines).encode("latin-1", "replace")
    assert tree(cut(raw, DEEP)) == by_the_standard(raw)


def test_words_that_look_like_an_envelope_are_not_lost():
    """A part whose text begins "From now on" with no blank line before it keeps those words."""
    part = cut(b"Content-Type: text/plain\nFrom now on we ask you.\n\nAnn", DEEP)
    assert part.get_payload() == "From now on we ask you.\nAnn"


@pytest.mark.parametrize("charset", [b"idna", b"undefined", b"utf\x008"])
def test_a_boundary_in_an_odd_charset_is_none(charset):
    """A boundary in a charset on which the standard `Message` raises parts nothing: the text is read as it stands."""
    message = cut(b"Content-Type: multipart/mixed; boundary*=" + charset + b"''%ffb\n\n--b\n\nhello\n--b--\n", DEEP)
    assert message.get_payload() == "--b\n\nhello\n--b--\n"


def test_what_lies_too_deep_stays_empty():
    """Parts below the level asked for are there, and hold nothing: no mail makes us recurse without end."""
    message = cut(b"Content-Type: message/rfc822\n\n" * 100_000 + b"hello", 3)
    depth = 0
    while message.is_multipart():
        message, depth = message.get_payload(0), depth + 1
    assert (depth, message.items(), message.get_payload()) == (4, [], None)


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed; boundary=\n\n" + b"-" * 4_000_000,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b" * 1_000_000,
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * 100_000,
        b"A: b\n" + b" x\n" * 1_000_000 + b"\nhello",
    ],
    ids=["one long line", "one line of boundaries", "boundaries in a row", "a folded field"],
)
def test_row_41_work_is_linear(raw):
    """Row 41: no mail makes the search begin again and again."""
    assert len(cut(raw, DEEP).items()) == 1
