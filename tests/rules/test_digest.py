"""When the digest comes, who gets it, and what it says of the figures."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from daemon.rules.letters import AgeBar, Digest, LetterKind, LetterPlan
from daemon.rules.morning import Act, Answered, DueDay, Heard, HeldFor, Morning, Proposed, Sought, Waiting
from daemon.rules.policy import Member, Nation, Policy, Role
from daemon.rules.reasons import Reason
from daemon.rules.team.standing import StandingKind, StandingOrder
from daemon.rules.thread import Outcome
from daemon.rules.wanting import WantState
from daemon.rules.wording import digest, specimens, write
from daemon.rules.wording.rehearsal import check
from tests.letters import our_words

POLICY = Policy("Losing Energy", "codes@losing.example")
TODAY = date(2026, 6, 9)
"""A Tuesday."""
FRIDAY, MONDAY = date(2026, 6, 5), date(2026, 6, 8)
WORDS = our_words()
WELL = {"health": "last full round 12 s ago, nothing waits too long", "inventory_on": MONDAY, "contacts_on": MONDAY}


def at(text: str) -> datetime:
    """`Mon 2026-06-08 07:30` by the clocks in London."""
    name, _, rest = text.partition(" ")
    local = datetime.fromisoformat(rest).replace(tzinfo=ZoneInfo("Europe/London"))
    assert f"{local:%a}" == name
    return local.astimezone(UTC)


def morning(**changes: Any) -> Morning:
    """A Tuesday on which all is well, and what is said besides."""
    return Morning(**({"today": TODAY, "since": MONDAY, "audit_seq": 42, "audit_hash": "ab" * 32} | WELL | changes))


def made(**changes: Any) -> Digest:
    """The digest of that morning."""
    return digest.digest(morning(**changes), POLICY)


def letter(content: Digest) -> tuple[str, str]:
    """Its text on one line, and its HTML."""
    plan = LetterPlan("00" * 16, LetterKind.DIGEST, 1, "jo@losing.example", content.headline, content)
    both = write(plan, None, WORDS)
    return " ".join(both.text.split()), both.html


def waiting(due: date, reason: Reason = Reason.DEVICE_STATUS, **changes: Any) -> Waiting:
    """One thing that a person must look at."""
    fields = {"reference": "IC-7K2M9QXA", "party": "South Power", "devices": 3, "told_on": MONDAY} | changes
    return Waiting(reason=reason, due=due, **fields)


# When ───────────────────────────────────────────────────────────────────────────────────────────────

DAYS = [
    ("before its time", "Tue 2026-06-09 07:29", None, False),
    ("on the minute", "Tue 2026-06-09 07:30", None, True),
    ("at noon, after a start", "Tue 2026-06-09 12:00", "2026-06-08", True),
    ("said already", "Tue 2026-06-09 07:30", "2026-06-09", False),
    ("said already, at night", "Tue 2026-06-09 23:59", "2026-06-09", False),
    ("past midnight", "Wed 2026-06-10 00:01", "2026-06-09", False),
    ("Saturday", "Sat 2026-06-06 09:00", "2026-06-05", False),
    ("Sunday", "Sun 2026-06-07 09:00", None, False),
    ("Good Friday", "Fri 2026-04-03 09:00", None, False),
    ("Easter Monday", "Mon 2026-04-06 09:00", None, False),
    ("the day after Easter", "Tue 2026-04-07 07:30", "2026-04-02", True),
    ("Christmas Day", "Fri 2026-12-25 09:00", None, False),
    ("Boxing Day is a Saturday: its substitute", "Mon 2026-12-28 09:00", None, False),
    ("between the years", "Tue 2026-12-29 07:30", "2026-12-24", True),
    ("New Year's Day", "Fri 2027-01-01 09:00", None, False),
    ("winter time: 07:30 London is 07:30 UTC", "Mon 2026-10-26 07:30", "2026-10-23", True),
    ("a minute before, in winter time", "Mon 2026-10-26 07:29", "2026-10-23", False),
    ("summer time: 07:30 London is 06:30 UTC", "Mon 2026-03-30 07:30", "2026-03-27", True),
    ("a minute before, in summer time", "Mon 2026-03-30 07:29", "2026-03-27", False),
    ("five days of downtime: today's alone", "Wed 2026-06-10 08:00", "2026-06-03", True),
    ("downtime that ends on a weekend: none before Monday", "Sat 2026-06-13 08:00", "2026-06-05", False),
]


@pytest.mark.parametrize(("when", "said", "comes"), [row[1:] for row in DAYS], ids=[row[0] for row in DAYS])
def test_it_comes_once_each_working_morning(when: str, said: str | None, *, comes: bool) -> None:
    """By London's clocks and our calendar; only today's is ever due, and never a second time."""
    now = at(when)
    found = digest.due(now, date.fromisoformat(said) if said else None, POLICY)

    assert found == (now.astimezone(ZoneInfo("Europe/London")).date() if comes else None)


def test_the_time_is_a_setting_and_can_be_off() -> None:
    """At another time, by another calendar, with a holiday of our own, or never."""
    now = at("Mon 2026-01-05 09:15")
    second_of_january = at("Fri 2026-01-02 09:15")

    assert digest.due(now, None, replace(POLICY, digest_at=time(9, 16))) is None
    assert digest.due(now, None, replace(POLICY, digest_at=time(9, 15))) == now.date()
    assert digest.due(now, None, replace(POLICY, digest_at=None)) is None
    assert digest.due(now, None, replace(POLICY, extra_holidays=((now.date(), "a proclamation"),))) is None
    assert digest.due(second_of_january, None, POLICY) is not None
    assert digest.due(second_of_january, None, replace(POLICY, calendar=Nation.SCOTLAND)) is None


@pytest.mark.parametrize(
    ("today", "said", "since"),
    [
        ("2026-06-09", None, "2026-06-08"),
        ("2026-06-09", "2026-06-08", "2026-06-08"),
        ("2026-06-08", None, "2026-06-05"),
        ("2026-04-07", "2026-04-02", "2026-04-02"),
        ("2026-06-10", "2026-06-03", "2026-06-03"),
        ("2026-06-09", "2030-01-01", "2026-06-08"),
    ],
)
def test_it_tells_of_all_since_the_last_one(today: str, said: str | None, since: str) -> None:
    """On Monday of the weekend too, and after downtime of all of it; a day said by a wrong clock changes nothing."""
    said_on = date.fromisoformat(said) if said else None

    assert digest.told_from(date.fromisoformat(today), said_on, POLICY) == date.fromisoformat(since)


def test_every_member_who_is_here_gets_their_own() -> None:
    """The manager too; not who is away, nor an address that codes go to and that may read nothing."""
    roles = {
        "ann": Role.OPERATOR,
        "bob": Role.APPROVER,
        "cat": Role.READER,
        "boss": Role.MANAGER,
        "hsm": Role.CODE_RECIPIENT,
    }
    team = tuple(Member(f"{name}@losing.example", frozenset({role})) for name, role in roles.items())
    policy = replace(POLICY, team=team, away=frozenset({"bob@losing.example"}))
    everybody_away = replace(policy, away=frozenset(member.address for member in team))

    plans = digest.letters(made(), "ab", policy)

    assert [(plan.to.partition("@")[0], plan.seq) for plan in plans] == [("ann", 1), ("cat", 2), ("boss", 3)]
    assert {(plan.kind, plan.case_id, plan.party) for plan in plans} == {(LetterKind.DIGEST, "ab", "")}
    assert len(digest.letters(made(), "ab", everybody_away)) == 4


# What it says ───────────────────────────────────────────────────────────────────────────────────────


def test_nothing_to_say_is_one_line() -> None:
    """And the audit chain's head, to be kept."""
    content = made()
    text, html = letter(content)

    assert content.nothing
    assert content.headline == "Tue 9 Jun: nothing is open, held or wrong"
    assert text.startswith("Nothing is open, held or wrong. Audit trail at entry 42: abababababababab. ")
    assert "abababababababab" in html
    assert "<h2" not in html
    assert "ababababababababab" not in text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"days": (DueDay(TODAY, 2, 0),)}, "nothing to do today; 2 open"),
        ({"days": (DueDay(MONDAY, 2, 0), DueDay(TODAY, 9, 3, 1))}, "nothing to do today; 12 open, 2 overdue"),
        ({"urgent": (waiting(TODAY),), "days": (DueDay(TODAY, 3, 3),)}, "1 thing to do today; 3 open"),
        ({"urgent": (waiting(TODAY),) * 3, "days": (DueDay(TODAY, 9, 9),)}, "3 things to do today; 9 open"),
        (
            {"urgent": (waiting(TODAY),) * 200, "days": (DueDay(TODAY, 900, 900),)},
            "200 or more things to do today; 900 open",
        ),
        ({"well": False}, "1 thing to do today; something is wrong with the service"),
        ({"inventory_on": None}, "1 thing to do today"),
        ({"inventory_on": date(2026, 6, 2)}, "nothing is open, held or wrong"),
        ({"inventory_on": date(2026, 6, 1)}, "1 thing to do today"),
        ({"strangers": 1}, "nothing to do today"),
        ({"unseen": 4}, "nothing to do today"),
    ],
)
def test_the_subject_says_it_all(changes: dict[str, Any], says: str) -> None:
    """How much there is to do, how much is open and overdue, and whether something is wrong."""
    assert made(**changes).headline == f"Tue 9 Jun: {says}"


def test_what_is_most_urgent_comes_first_and_only_a_few() -> None:
    """A trouble of ours, then by due date; what is proposed counts as due today; seven are listed, the rest counted."""
    content = made(
        well=False,
        troubles=("relay since Mon 8 Jun 2026, 20:31: login refused",),
        urgent=(waiting(FRIDAY), waiting(TODAY), *(waiting(date(2026, 6, 10)),) * 6),
        proposals=(Proposed("Contact list: 3 added", "bob@losing.example", MONDAY),),
        inventory_on=None,
    )

    assert [one.by for one in content.todo] == ["Now", "Overdue", "Today", "Today", "Today", "Tomorrow", "Tomorrow"]
    assert "relay since Mon 8 Jun 2026, 20:31: login refused" in content.todo[0].what
    assert content.todo[3].what == "Contact list: 3 added (from bob@losing.example, Mon 8 Jun)"
    assert content.todo[4].what == "Our inventory was never imported"
    assert content.more == 4
    assert "4 more wait, less urgent; LIST held shows all." in letter(content)[0]


@pytest.mark.parametrize(
    ("one", "do"),
    [
        (waiting(TODAY), "reply APPROVE or REJECT to our letter of Mon 8 Jun"),
        (waiting(TODAY, told_on=TODAY), "reply APPROVE or REJECT to our letter of today"),
        (waiting(TODAY, told_on=FRIDAY), "send APPROVE IC-7K2M9QXA to get a fresh letter to decide by"),
        (waiting(TODAY, told_on=None), "send APPROVE IC-7K2M9QXA to get a fresh letter to decide by"),
        (waiting(TODAY, Reason.OBSERVE_ONLY), "answer by hand, then send CLOSE IC-7K2M9QXA and why"),
        (
            waiting(TODAY, Reason.KEPT_BACK),
            "RESUME lets its letter go, CLOSE IC-7K2M9QXA takes it back; STATUS shows what is stopped",
        ),
        (waiting(TODAY, Reason.POISON, reference="mail 9"), "open it with care; REPLAY mail 9 reads it once more"),
        (
            waiting(TODAY, Reason.AMBIGUOUS_SENDER, reference="mail 9"),
            "STATUS mail 9 says what to do; CLOSE mail 9 and why, once done",
        ),
    ],
)
def test_each_thing_says_what_to_do(one: Waiting, do: str) -> None:
    """What to reply, while our letter still counts; else how to get another, or what settles it."""
    assert made(urgent=(one,)).todo[0].do == do


def test_a_thing_names_its_reference_whose_it_is_and_why() -> None:
    """Past its date it says since when; of a mail without a party no party is named."""
    late, mail = made(
        urgent=(waiting(FRIDAY), waiting(TODAY, Reason.UNLISTED_SENDER, reference="mail 9", party="", devices=0))
    ).todo

    assert late.what == "IC-7K2M9QXA: South Power, 3 devices, commissioned, removed or suspended; was due Fri 5 Jun"
    assert mail.what == "mail 9: 1 mail, sender not in the contact list"


@pytest.mark.parametrize(
    ("policy", "by"),
    [
        (POLICY, "2026-06-18"),
        (replace(POLICY, remind_on_working_days=()), "2026-06-10"),
        (replace(POLICY, remind_on_working_days=(1, 9)), "2026-06-22"),
    ],
)
def test_what_was_reminded_of_is_for_today(policy: Policy, by: str) -> None:
    """A hold that is three working days old is for today: it is due seven working days on. With no reminders: by tomorrow."""
    assert digest.urgent_by(TODAY, policy) == date.fromisoformat(by)


def test_bars_count_towards_the_deadline() -> None:
    """Asked today: 0; due today: 10; past its date: late, whatever its age. Weekends are no days."""
    shown = digest.bars(
        (
            DueDay(FRIDAY, 4, 3),
            DueDay(TODAY, 2, 1, 1),
            DueDay(date(2026, 6, 15), 5, 0),
            DueDay(date(2026, 6, 23), 6, 2),
            DueDay(date(2026, 9, 1), 1, 0),
        ),
        TODAY,
        POLICY,
    )

    assert [bar.label for bar in shown] == [*map(str, range(11)), "late"]
    assert {bar.label: (bar.held, bar.waiting) for bar in shown if bar.held or bar.waiting} == {
        "late": (3, 1),
        "10": (2, 1),
        "6": (0, 5),
        "0": (2, 5),
    }
    assert digest.bars((), TODAY, POLICY) == ()


@pytest.mark.parametrize("deadline", range(1, 61))
def test_a_chart_is_small_whatever_the_deadline(deadline: int) -> None:
    """At most 14 bars, every day of the clock in one of them, and the due day in the last before `late`."""
    policy = replace(POLICY, answer_within_working_days=deadline)
    shown = digest.bars((DueDay(TODAY, 1, 0), DueDay(MONDAY, 1, 1)), TODAY, policy)

    assert len(shown) <= 14
    assert (shown[-2].waiting, shown[-1].held) == (1, 1)
    assert shown[-2].label.rpartition("-")[2] == str(deadline)


def test_pages_say_what_there_is_and_nothing_else() -> None:
    """Each figure in plain words."""
    content = made(
        days=(DueDay(FRIDAY, 1, 1), DueDay(MONDAY, 2, 2, 1), DueDay(TODAY, 3, 1), DueDay(date(2026, 6, 15), 4, 4)),
        held=(HeldFor(Reason.DEVICE_STATUS, 3, 0, FRIDAY), HeldFor(Reason.UNPROVEN_SENDER, 0, 1, MONDAY)),
        put_off=2,
        unseen=3,
        answered=(
            Answered(Outcome.CODE, 1, late=False),
            Answered(Outcome.CODE, 12, late=True),
            Answered(Outcome.NOT_INSTALLER, 2, late=False),
        ),
        acts=(
            Act("bob@l", "noted", "IC-A"),
            Act("bob@l", "noted", "IC-B"),
            Act("ann@l", "waits", "mail 4"),
            Act("ann@l", "command-answered", "mail 7"),
        ),
        strangers=2,
        unproven_orders=1,
    )

    shown = {page.title: (*page.lines, *map(" | ".join, page.rows)) for page in content.pages}
    assert shown == {
        "Overdue": (
            "3 devices and 1 mail past the due date, the oldest since Fri 5 Jun",
            "new since the last digest: 2 devices and 1 mail",
            "3 answers to be given by hand, as the mode is observe: their date has passed, and we do not see what you send; CLOSE takes them off",
        ),
        "Due in the next seven days": ("Today | 3 devices, 1 of them held", "Mon 15 Jun | 4 devices, held"),
        "Held, and why": (
            "3 devices | commissioned, removed or suspended, the first due Fri 5 Jun",
            "1 mail | sender not proven, the first due Mon 8 Jun",
            "2 of these | put off by one of you (WAIT), so not under To do",
        ),
        "Answered yesterday": (
            "3 devices: 2 CODE, 1 NOT-INSTALLER",
            "after 2 working days (median), the slowest after 12",
            "1 of them later than the due date",
        ),
        "What the team did yesterday": ("bob@l: noted IC-A, IC-B", "ann@l: put off mail 4"),
        "Worth knowing, yesterday": (
            "1 order in the name of one of you, not proven and not obeyed; if it was you, write from your own address",
            "2 mails of unknown senders, left unanswered",
        ),
        "The service": (
            "All is well: last full round 12 s ago, nothing waits too long",
            "Inventory of Mon 8 Jun (1 day old), contact list of Mon 8 Jun (1 day old)",
        ),
    }


def test_what_we_ask_of_others_is_told_and_what_of_it_waits_for_people_is_to_do() -> None:
    """What came, supplier by supplier and without a code; how the rest stands; what nobody but the team can move."""
    content = made(
        sought=(
            Sought(WantState.WAITING_CONTACT, 1, 1),
            Sought(WantState.ASKED, 5, 2),
            Sought(WantState.WITH_OPS, 2, 1),
        ),
        heard=(Heard("North", WantState.ANSWERED, 3), Heard("South", WantState.ANSWERED, 1)),
    )

    assert content.headline.endswith("2 things to do today; 8 asked of others")
    assert [one.what for one in content.todo] == [
        "1 device that we ask others for is waiting for a contact",
        "2 devices that we ask others for are with you",
    ]
    (page,) = (page for page in content.pages if page.title == "What we ask of others")
    assert page.rows == (
        ("Codes came", "3 devices by North; 1 device by South"),
        ("1 device", "waiting for a contact, 1 supplier"),
        ("5 devices", "asked, 2 suppliers"),
        ("2 devices", "with you, 1 supplier"),
    )


def test_what_stands_is_told_while_it_stands() -> None:
    """Pauses, incidents, waivers, aways; a holiday two weeks ahead; nothing whose last day is over."""
    noon = at("Mon 2026-06-08 12:00")

    def order(kind: StandingKind, subject: str, last: date | None = None, words: str = "") -> StandingOrder:
        return StandingOrder(kind, subject, MONDAY, last, words, "bob@l", noon)

    content = made(
        standing=(
            order(StandingKind.PAUSE, "", words="a fire drill"),
            order(StandingKind.PAUSE, "codes"),
            order(StandingKind.PAUSE, "West Energy"),
            order(StandingKind.INCIDENT, "South Power", words="forged mail"),
            order(StandingKind.WAIVE, "codes@west.test", date(2026, 6, 12)),
            order(StandingKind.AWAY, "ann@l", TODAY),
            order(StandingKind.AWAY, "cat@l", MONDAY),
            order(StandingKind.HOLIDAY, "2026-06-15", words="a proclamation"),
            order(StandingKind.HOLIDAY, "2026-12-15", words="too far"),
            order(StandingKind.HOLIDAY, "2026-06-01", words="over"),
        )
    )

    assert content.pages[0].lines == (
        "Paused: all letters to suppliers, since Mon 8 Jun, by bob@l: a fire drill; RESUME ends it",
        "Paused: all letters with codes, since Mon 8 Jun, by bob@l; RESUME ends it",
        "Paused: letters to West Energy, since Mon 8 Jun, by bob@l; RESUME ends it",
        "Incident: South Power is frozen since Mon 8 Jun, by bob@l: forged mail",
        "Waived until Fri 12 Jun: mail of codes@west.test counts with SPF alone, since Mon 8 Jun, by bob@l",
        "Away until Tue 9 Jun: ann@l",
        "Mon 15 Jun is no working day: a proclamation",
    )


def test_words_of_members_are_masked() -> None:
    """What a member gave as a reason may hold what must not be repeated."""
    pause = StandingOrder(
        StandingKind.PAUSE,
        "codes",
        MONDAY,
        None,
        "83FED3407A939723A5C639B26916D505 leaked",
        "bob@l",
        at("Mon 2026-06-08 12:00"),
    )
    text, html = letter(made(standing=(pause,)))

    assert "83FE" not in text + html


# Text and HTML ──────────────────────────────────────────────────────────────────────────────────────


def test_text_and_html_say_the_same() -> None:
    """Every thing to do, page and bar stands in both."""
    content = specimens.DIGEST.content
    assert isinstance(content, Digest)
    text, html = letter(content)

    for one in content.todo:
        assert one.what.partition(":")[0] in text
        assert one.what.partition(":")[0] in html
    for page in content.pages:
        assert page.title in text
        assert page.title in html
    for shown in (text, html):
        assert "the answer is due on working day 10" in shown
        assert "held: a person decides" in shown
    assert "#" in text


def test_the_chart_draws_one_mark_a_thing_in_two_shades() -> None:
    """The numbers stand before the bars; a long bar is shortened, a short one never vanishes."""
    small = replace(made(), bars=(AgeBar("9", 2, 3), AgeBar("10", 0, 0), AgeBar("late", 1, 0)))
    large = replace(made(), bars=(AgeBar("9", 1, 48_000), AgeBar("late", 0, 0)))

    text, _ = letter(small)
    assert "9 5 ##=== 10 . " in text
    assert "late 1 #" in text
    text, html = letter(large)
    assert f"48,001 #{'=' * 23}" in text
    assert 'width="179"' in html


def test_html_needs_nothing_from_outside_and_no_style_sheet() -> None:
    """No picture, script or link; colours stand on the cells, for programs that read no style."""
    html = letter(made(days=(DueDay(TODAY, 3, 1),)))[1]

    assert not any(mark in html for mark in ("<img", "<script", "http", "url("))
    assert 'bgcolor="#c2410c"' in html
    assert 'bgcolor="#3b82c4"' in html


def test_an_override_that_fails_is_named() -> None:
    """`check` writes the digest with an operator's template too."""
    assert "digest.txt, line 1: 'nonsense' is undefined" in check(our_words(digest_txt="{{ nonsense }}"))
