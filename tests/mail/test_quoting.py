"""New, quoted, handed on, signature: by the words and marks that mail programs leave."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.mail.text import quoting
from daemon.mail.text.quoting import Manner, Split, manner_of, split

NEW, OLD = "00-DB-00-00-00-00-00-01", "00-DB-00-00-00-00-00-02"
OUTLOOK = "From: Install Codes <c@ours.example>\nSent: 05 June 2026 16:02\nTo: Ann\nSubject: RE: codes\n\n"


def kinds(text: str, manner: Manner = Manner.REPLY) -> dict[str, str]:
    """Which kind of text each of the two devices stands in."""
    result = split(text, manner)
    found = {}
    for name in ("new", "quoted", "signature", "forwarded"):
        text = "\n".join(getattr(result, name))
        found |= {device: name for device in (NEW, OLD) if device in text}
    return found


@pytest.mark.parametrize(
    "layout",
    [
        "{new}\n\n> {old}\n",
        "{new}\n\nOn Mon, 8 Jun 2026 at 09:12, Ann <a@b.example> wrote:\n> {old}\n",
        "{new}\n\nOn Mon, 8 Jun 2026 at 09:12, Ann <a@b.example>\nwrote:\n\n> {old}\n",
        "{new}\n\nOn 8 Jun 2026, at 09:12, Ann <a@b.example> wrote:\n\n{old}\n",
        "{new}\n\nAm 08.06.2026 um 09:12 schrieb Ann <a@b.example>:\n> {old}\n",
        "{new}\n\nLe lun. 8 juin 2026 à 09:12, Ann <a@b.example> a écrit :\n> {old}\n",
        "{new}\nAnn Smith <a@b.example> wrote:\n> {old}\n",
        "{new}\n\n-----Original Message-----\n{old}\n",
        "{new}\n\n" + OUTLOOK + "{old}\n",
        "{new}\n\n________________________________\n" + OUTLOOK + "{old}\n",
        "{new}\n\n*From:* Install Codes\n*Sent:* 5 June\n*To:* Ann\n*Subject:* codes\n\n{old}\n",
        "{new}\n\nVon: Ann\nGesendet: Montag\nAn: Ops\nBetreff: codes\n\n{old}\n",
        "{new}\n\nFrom: Ann\nDate: Monday\nTo: Ops\n\n{old}\n",
        "> {old}\n\n{new}\n",
        "On 8 Jun 2026, Ann wrote:\n> {old}\n> bye\n\n{new}\n",
        "> first\n{new}\n> {old}\n",
        "\xa0> {old}\n{new}\n",
        "{new}\n\nOn Mon, 8 Jun 2026, Ann wrote:\n> ---------- Forwarded message ---------\n> From: x\n> {old}\n",
        "{new}\n\n" + OUTLOOK + "---------- Forwarded message ---------\n{old}\n",
        "{new}\n\n> ---------- Forwarded message ---------\n> From: x\n> {old}\n",
    ],
)
def test_a_reply_has_new_and_quoted_text(layout):
    """Whatever the program: the device of the new text is new, that of the history is quoted."""
    assert kinds(layout.format(new=NEW, old=OLD)) == {NEW: "new", OLD: "quoted"}


@pytest.mark.parametrize(
    ("text", "woven"),
    [
        ("Hi\n> a\none\n> b\n>\n\ntwo\n", ["> a", "one", "> b", ">", "", "two", ""]),
        ("> a\n\none", ["> a", "", "one"]),
        ("one\n\nOn 8 Jun 2026, Ann wrote:\n> a\n\n> b\n", []),
        ("one\n" + OUTLOOK + "a\n", []),
        ("one\n", []),
    ],
)
def test_what_is_typed_between_quoted_lines_is_known_by_its_place(text, woven):
    """It is new like all else; where nothing is typed between them, or nothing is marked, nothing is noted."""
    assert split(text, Manner.REPLY).woven == woven


@pytest.mark.parametrize(
    ("manner", "layout"),
    [
        (Manner.FORWARD, OUTLOOK + "{new}\n"),
        (Manner.FORWARD, "Please see below.\n\n" + OUTLOOK + "{new}\n"),
        (Manner.FORWARD, "-----Original Message-----\n" + OUTLOOK + "{new}\n"),
        (Manner.FORWARD, "---------- Forwarded message ---------\nFrom: A <a@b.example>\nDate: x\nSubject: y\nTo: z\n\n\n{new}\n"),
        (Manner.FORWARD, "-------- Forwarded Message --------\nSubject: \tx\nDate: \ty\nFrom: \tz\n\n{new}\n"),
        (Manner.FORWARD, "Begin forwarded message:\n\nFrom: a\nSubject: b\nDate: c\n\n{new}\n"),
        (Manner.FORWARD, "> Begin forwarded message:\n>\n> From: a\n> Subject: b\n>\n> {new}\n"),
        (Manner.FORWARD, "----- Forwarded by Ann/ORG on 08/06/2026 09:12 -----\n{new}\n"),
        (Manner.FRESH, "See below.\n\n" + OUTLOOK + "{new}\n"),
        (Manner.FRESH, "To you from our field team:\n-----Original Message-----\n{new}\n"),
        (Manner.FOLLOW_UP, "\n" + OUTLOOK + "{new}\n"),
        (Manner.REPLY, "One more:\n---------- Forwarded message ---------\nFrom: a\n\nsee below\n\n" + OUTLOOK + "{new}\n"),
        (Manner.REPLY, "One more:\n---------- Forwarded message ---------\nFrom: a\nDate: b\nTo: c\n\n{new}\n"),
    ],
)  # fmt: skip
def test_what_is_handed_on_is_for_us(manner, layout):
    """A forward is read; so is what stands below a header block in a mail that answers nothing."""
    assert kinds(layout.format(new=NEW), manner) == {NEW: "forwarded"}


def test_what_a_forwarded_mail_quotes_stays_quoted():
    """Marked lines and attributions within a forward are quoted as anywhere; its heading is set aside."""
    text = f"---------- Forwarded message ---------\nFrom: a\nDate: b\n\n{NEW}\n\nOn 1 Jun 2026 Bob wrote:\n> {OLD}\n"
    assert kinds(text, Manner.FORWARD) == {NEW: "forwarded", OLD: "quoted"}


def test_what_somebody_quotes_is_not_handed_on():
    """Below an attribution even a forward is quoted, under any subject."""
    text = f"{NEW}\n\nOn Mon, 8 Jun 2026, Ann wrote:\n> ---------- Forwarded message ---------\n> {OLD}\n"
    for manner in Manner:
        assert kinds(text, manner) == {NEW: "new", OLD: "quoted"}


def test_an_attribution_takes_no_line_from_above():
    """The writer's own line directly above "On ... wrote:" stays theirs."""
    result = split("Please add it\nOn Fri, 5 Jun 2026, Ann <a@b.example> wrote:\n> x", Manner.REPLY)
    assert result.new == ["Please add it"]


def test_a_follow_up_with_words_of_its_own_quotes_what_is_below():
    """A mail that answers another under a new subject is a reply once something new stands in it."""
    assert kinds(f"{NEW}\n\n{OUTLOOK}{OLD}\n", Manner.FOLLOW_UP) == {NEW: "new", OLD: "quoted"}


@pytest.mark.parametrize(
    "text",
    [
        f"On site we found {NEW}\nplease advise, Ann <a@b.example> wrote:\n> x\n",
        f"Please add {NEW}\nOn Fri, 5 Jun 2026, Ann <a@b.example> wrote:\n> {OLD}\n",
        f"On site 12 is {NEW}, as Ann <a@b.example> wrote:\n> x\n",
        f"{NEW}\n\nAnn <a@b.example>\nwrote:\n> {OLD}\n",
        f"From: Northern Energy\nDevice: {NEW}\n",
        f"On the day that she wrote:\n{NEW}\n",
        f"From: the meter room\n\n{NEW}\n",
        "x" * 5000 + f" {NEW} wrote:",
    ],
)
def test_new_text_that_looks_like_quoting(text):
    """A device above an attribution, or below what only resembles one, stays new."""
    assert kinds(text)[NEW] == "new"


@pytest.mark.parametrize(
    ("above", "signature"),
    [
        ("Please.\n\n", "Kind regards,\n\nAnn Smith\n12 Harbour Road\nLS1 4AP"),
        ("Please.\n", "-- \nAnn"),
        ("Please.\n", "--\nAnn"),
        ("Please.\n\n", "Thanks\n\nKind regards\nAnn"),
        ("Please.\n\n", "Many thanks,\nAnn"),
        ("Please.\n\n", "Sent from my iPhone"),
        ("Please.\n\n", "Get Outlook for iOS<https://aka.ms/x>"),
    ],
)
def test_signatures(above, signature):
    """A sign-off near the end, the delimiter or a phone's remark begin the signature; of two sign-offs the upper."""
    result = split(above + signature, Manner.FRESH)
    assert "\n".join(result.signature) == signature
    assert "\n".join(result.new).strip() == "Please."


@pytest.mark.parametrize(
    "text", [f"Thanks\n\nThe devices:\n{NEW}", f"Sent from my iPad\n{NEW}", "Thanks\n" + "line\n" * 40]
)
def test_no_signature_hides_a_request(text):
    """Below "Thanks" at the top stands the mail, not a signature."""
    assert split(text, Manner.FRESH).signature == []


@pytest.mark.parametrize(
    ("subject", "answers", "manner"),
    [
        ("Install codes", False, Manner.FRESH),
        ("Install codes", True, Manner.FOLLOW_UP),
        ("RE: Install codes", False, Manner.REPLY),
        ("AW: codes", True, Manner.REPLY),
        ("[EXTERNAL] Re: codes", True, Manner.REPLY),
        ("Re[2]: codes", True, Manner.REPLY),
        ("FW: RE: codes", True, Manner.FORWARD),
        ("Fwd: codes", False, Manner.FORWARD),
        ("[EXT] WG: codes", False, Manner.FORWARD),
        ("Request: codes", False, Manner.FRESH),
        ("Forward planning", False, Manner.FRESH),
    ],
)
def test_manner(subject, answers, manner):
    """The subject says what a mail does to another; without a word there In-Reply-To does."""
    assert manner_of(subject, answers=answers) is manner


@given(
    st.lists(
        st.sampled_from(["00", "AB-", "f", "9", "-", ":", ".", " ", "\u2010", "00\u2015", "é", "g", "?", "\n"]),
        max_size=40,
    )
)
@example(["00\u2015"] * 8)
@example(["AB-"] * 8)
@example(["00"] * 8)
def test_lines_that_are_passed_over_hold_no_device_id(pieces):
    """Lines are passed over by their characters alone where the pattern finds nothing in them."""
    text = "".join(pieces)
    held = any(quoting._DEVICE_LIKE.search(line) for line in text.split("\n"))
    assert quoting._holds_device_like(text) == held


MARKS = st.sampled_from(
    ["> x", ">> y", "On 1 Jan 2026, A <a@b.example> wrote:", "-----Original Message-----", "From: a", "Sent: b", "To: c",
     "---------- Forwarded message ---------", "> Begin forwarded message:", "-- ", "Kind regards", "", "text", NEW, "\xa0> z", "wrote:"]
)  # fmt: skip


@given(st.lists(MARKS, max_size=60), st.sampled_from(Manner))
def test_no_line_is_lost(lines, manner):
    """Every line ends in just one of the four kinds, whatever stands around it."""
    result: Split = split("\n".join(lines), manner)
    out = [*result.new, *result.quoted, *result.signature, *result.forwarded]
    assert sum(NEW in line for line in out) == lines.count(NEW)
    assert len(out) == max(1, len(lines))


HEADINGS = st.sampled_from(
    ["start of FORWARDED message", "begin forwarded message:", "__ Original Message __", "-- forwarded by me", "On 1 Jan", "Ann", "x:",
     "*Von:* Ann", "Betreff: b", "\xa0 > y", " ", "a" * 1001, "a" * 1001 + ":"]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(MARKS | HEADINGS, max_size=40), st.sampled_from(Manner))
def test_nothing_begins_at_a_line_that_is_not_of_note(lines, manner):
    """Asking every line what begins there finds no more than asking those of note does."""
    text = "\n".join(lines)
    found = split(text, manner)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quoting, "_of_note", lambda text: bytearray(b"\1" * (text.count("\n") + 1)))
        assert split(text, manner) == found
