"""When orders go, to whom, in which letters; what ops hear of those that cannot go; what the code recipients get."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from daemon.mail.message import MarkedKind
from daemon.rules.asking import asking_news, inquiring, ladder, routing
from daemon.rules.asking.inquiring import Round
from daemon.rules.letters import Asking, LetterKind
from daemon.rules.policy import Channel, ChaseKind, Contact, ContactKind, Counterparty, Member, Mode, Role
from daemon.rules.reasons import Reason
from daemon.rules.thread import Outcome
from daemon.rules.wanting import AskedParty, Inquiry, Want, WantState
from daemon.rules.workdays import LONDON
from tests.rules import cases, mails
from tests.rules.cases import BOOK, MEMBER, SOUTHERN_ADDRESS, A, B, C

NORTH, SOUTH = "Northern Energy", "Southern Power"
PORTAL = Counterparty(
    "Portal Gas", contacts=(Contact("web@portal.example", ContactKind.MP121, channel=Channel.PORTAL),)
)
SILENT = Counterparty("Silent Gas", contacts=(Contact("boss@silent.example", ContactKind.ESCALATION),))
ALL = (*BOOK, PORTAL, SILENT)


def at(text: str) -> datetime:
    """That London day and time: `Mon 2026-06-08 09:30`."""
    name, day, clock = text.split()
    moment = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=LONDON)
    assert f"{moment:%a}" == name
    return moment.astimezone(UTC)


NOW = at("Tue 2026-06-09 09:00")
INQUIRY = Inquiry("ab" * 32, "IC-7F3K2Q9D", NORTH, mails.MP121_ADDRESS, "", (), NOW)


def want(device: Any = A, party: str = NORTH, **changes: Any) -> Want:
    """Ordered on Monday, 8 June 2026, in the morning."""
    fields: dict[str, Any] = {
        "device_id": device,
        "ordered_by": MEMBER,
        "ordered_at": at("Mon 2026-06-08 10:00"),
        "order_mail_id": 3,
        "losing_supplier": party,
        "party": party,
        "id": 1,
    }
    return Want(**(fields | changes))


def sorted_out(*wants: Want, now: datetime = NOW, **changes: Any) -> Round:
    """What goes now."""
    rules = {name: changes.pop(name) for name in ("asked_today", "dead") if name in changes}
    return inquiring.sorted_out(wants, ALL, now, cases.policy(**changes), **rules)


# When ───────────────────────────────────────────────────────────────────────────────────────────────

SENDING = [
    ("Mon 2026-06-08 08:59", "", "Mon 2026-06-08 09:00"),
    ("Mon 2026-06-08 09:00", "Mon 2026-06-08 09:00", "Mon 2026-06-08 09:00"),
    ("Mon 2026-06-08 09:01", "Mon 2026-06-08 09:00", "Tue 2026-06-09 09:00"),
    ("Mon 2026-06-08 17:59", "Mon 2026-06-08 09:00", "Tue 2026-06-09 09:00"),
    ("Mon 2026-06-08 18:00", "", "Tue 2026-06-09 09:00"),
    ("Fri 2026-06-05 20:00", "", "Mon 2026-06-08 09:00"),
    ("Sat 2026-06-06 12:00", "", "Mon 2026-06-08 09:00"),
    # Scotland's holiday for the World Cup, of 15 June 2026: whoever is written to may be off
    ("Mon 2026-06-15 12:00", "", "Tue 2026-06-16 09:00"),
    # Christmas Day and the substitute for Boxing Day
    ("Thu 2026-12-24 09:30", "Thu 2026-12-24 09:00", "Tue 2026-12-29 09:00"),
    ("Fri 2026-12-25 09:30", "", "Tue 2026-12-29 09:00"),
    ("Mon 2026-12-28 09:30", "", "Tue 2026-12-29 09:00"),
    # Good Friday, Easter Monday
    ("Thu 2026-04-02 18:30", "", "Tue 2026-04-07 09:00"),
    # summer time ends on Sunday, 25 October 2026: nine o'clock on the wall before and after
    ("Fri 2026-10-23 09:30", "Fri 2026-10-23 09:00", "Mon 2026-10-26 09:00"),
    ("Mon 2026-10-26 09:00", "Mon 2026-10-26 09:00", "Mon 2026-10-26 09:00"),
]


@pytest.mark.parametrize(("now", "sends", "following"), SENDING)
def test_when_gathered_orders_go(now: str, sends: str, following: str) -> None:
    """At nine on a working day, later on it where we were down, never in the evening or on a day off."""
    policy = cases.policy()

    assert inquiring.sending_time(at(now), policy) == (at(sends) if sends else None)
    assert inquiring.next_sending(at(now), policy) == at(following)


def test_what_was_ordered_before_the_sending_time_goes() -> None:
    """Later orders wait for tomorrow; what moved on, or waited for a contact, goes; REQUEST NOW waits for nothing."""
    late = at("Tue 2026-06-09 09:30")
    before, after = want(A), want(B, ordered_at=at("Tue 2026-06-09 09:10"))
    moved = want(C, state=WantState.MOVED_ON, ordered_at=late, asked=(AskedParty(SOUTH, late),))

    (letter,) = sorted_out(before, after, moved, now=late).letters
    assert letter.wants == (before, moved)
    evening = at("Tue 2026-06-09 21:00")
    urgent = want(B, urgent=True, ordered_at=evening)
    (letter,) = sorted_out(before, urgent, now=evening).letters
    assert letter.wants == (urgent,)


# Whom ───────────────────────────────────────────────────────────────────────────────────────────────


def test_one_letter_a_party() -> None:
    """Whatever the supplier was called when it was ordered, and however many orders there were."""
    found = sorted_out(want(A, "NORT"), want(B, SOUTH), want(C, "northern energy"))

    assert [(one.to, inquiring.devices_of(one.wants)) for one in found.letters] == [
        (mails.MP121_ADDRESS, (A, C)),
        (SOUTHERN_ADDRESS, (B,)),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": Mode.OBSERVE},
        {"modes_by_party": {NORTH: Mode.OBSERVE}},
        {"paused": frozenset({NORTH})},
        {"paused": frozenset({""})},
        {"asked_today": frozenset({NORTH})},
    ],
)
def test_who_is_not_asked(changes: dict[str, Any]) -> None:
    """Not in mode observe, not while paused, not a second time at one sending time; the device stays ordered."""
    assert sorted_out(want(), **changes) == Round()


def test_a_pause_of_codes_does_not_stop_our_own_questions() -> None:
    """No code stands in them."""
    assert len(sorted_out(want(), paused=frozenset({"codes"})).letters) == 1


def test_nobody_is_asked_twice() -> None:
    """The next party was asked before, under its MPID: a circle, and with our team."""
    asked = (AskedParty("NORT", NOW, Outcome.NOT_INSTALLER), AskedParty(SOUTH, NOW, Outcome.NOT_INSTALLER))
    found = sorted_out(want(state=WantState.MOVED_ON, asked=asked))

    assert found.letters == ()
    assert [(w.state, w.reason) for w in found.circles] == [
        (WantState.WITH_OPS, "its next party would be Northern Energy, which was asked before")
    ]


def test_who_cannot_be_written_to() -> None:
    """Not listed, or without an address: it waits and is told of once. On a web page only: by hand."""
    found = sorted_out(want(A, "Nowhere Gas"), want(B, "Silent Gas"), want(C, "Portal Gas"))

    assert [(one.party, one.listed, one.wants[0].state) for one in found.unreached] == [
        ("Nowhere Gas", False, WantState.WAITING_CONTACT),
        ("Silent Gas", True, WantState.WAITING_CONTACT),
    ]
    assert [(one.party, one.contact.email) for one in found.by_hand] == [(PORTAL, "web@portal.example")]
    assert sorted_out(*(one.wants[0] for one in found.unreached)) == Round()


def test_a_dead_address_is_passed_over() -> None:
    """What comes back for good goes to the next listed contact."""
    (letter,) = sorted_out(want(), dead={mails.MP121_ADDRESS}).letters

    assert letter.to == f"operations@{mails.SUPPLIER_DOMAIN}"


# Letters ────────────────────────────────────────────────────────────────────────────────────────────


def asked(device: Any = A, **changes: Any) -> Want:
    """Asked of Northern Energy on Tuesday, 9 June 2026."""
    return replace(routing.asked(want(device), mails.NORTHERN, INQUIRY.case_id, NOW, cases.policy()), **changes)


def test_the_letter_that_asks() -> None:
    """Device IDs and the day expected; marked for another copy of this daemon, with our reference."""
    plan = inquiring.request(INQUIRY, [asked(A), asked(B)])

    assert (plan.kind, plan.seq, plan.to, plan.party) == (LetterKind.REQUEST, 1, mails.MP121_ADDRESS, NORTH)
    assert (plan.mark, plan.mark_reference, plan.reference) == (MarkedKind.REQUEST, "IC-7F3K2Q9D", "IC-7F3K2Q9D")
    assert isinstance(plan.content, Asking)
    assert plan.content.expected == date(2026, 6, 23)
    assert [row.device_id for row in plan.content.rows] == [A, B]
    assert plan.subject == "Install code request: 2 devices"


def test_a_chase_is_a_reply_in_the_thread() -> None:
    """Each device with its inquiry, its days and what was promised; the address asked before is named."""
    begun = inquiring.with_letter(INQUIRY, "<one@our-company.example>")
    owed = (asked(A), asked(B, promised_for=date(2026, 6, 30)))
    step = ladder.Chase(NORTH, "boss@north.example", ChaseKind.ESCALATION, owed, owed)
    plan = inquiring.chase(step, begun, {begun.case_id: begun})

    assert (plan.kind, plan.seq, plan.to, plan.mark) == (LetterKind.CHASE, 2, "boss@north.example", MarkedKind.CHASE)
    assert (plan.in_reply_to, plan.references) == ("<one@our-company.example>", ("<one@our-company.example>",))
    assert isinstance(plan.content, Asking)
    assert (plan.content.rung, plan.content.asked_of) == ("escalation", mails.MP121_ADDRESS)
    first, second = plan.content.rows
    assert (first.asked_on, first.due, first.reference) == (date(2026, 6, 9), date(2026, 6, 23), "IC-7F3K2Q9D")
    assert second.promised_for == date(2026, 6, 30)


def test_taking_back_bears_a_mark_of_its_own() -> None:
    """By it another copy of this daemon knows that it must read the mail, for all that a machine wrote it."""
    plan = inquiring.taken_back(inquiring.with_letter(INQUIRY, "<one@x.example>"), asked(), mails.MP121_ADDRESS)

    assert (plan.kind, plan.mark, plan.seq) == (LetterKind.TAKEN_BACK, MarkedKind.WITHDRAWAL, 2)


# Results ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_result_names_who_answered() -> None:
    """The party whose answer was the code, be it not the last one asked; its days; what is missing of the order."""
    history = (AskedParty(NORTH, NOW, Outcome.CODE), AskedParty(SOUTH, NOW + timedelta(days=1)))
    one = want(asked=history, answered_at=NOW + timedelta(days=2), party=SOUTH, state=WantState.ANSWERED)
    result = inquiring.result([one], 4)

    (row,) = result.rows
    assert (row.supplier, row.asked_on, row.answered_on, row.want_id) == (NORTH, date(2026, 6, 9), date(2026, 6, 11), 1)
    assert result.missing == 4


def test_code_recipients_are_those_and_nobody_else() -> None:
    """No other role includes it; whoever is away is left out while somebody else is there."""
    team = (
        Member("a@our-company.example", frozenset({Role.CODE_RECIPIENT})),
        Member("b@our-company.example", frozenset({Role.CODE_RECIPIENT, Role.READER})),
        Member("m@our-company.example", frozenset({Role.MANAGER})),
    )
    policy = cases.policy(team=team)

    assert inquiring.code_recipients(policy) == ("a@our-company.example", "b@our-company.example")
    away = replace(policy, away=frozenset({"a@our-company.example"}))
    assert inquiring.code_recipients(away) == ("b@our-company.example",)
    nobody = replace(policy, away=frozenset({"a@our-company.example", "b@our-company.example"}))
    assert len(inquiring.code_recipients(nobody)) == 2


# News ───────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_foretold_can_be_put_off_inquiry_by_inquiry() -> None:
    """One letter for all suppliers, each inquiry with its reference and the word that gives it more time."""
    tomorrow = date(2026, 6, 26)
    south = replace(INQUIRY, case_id="cd" * 32, reference="IC-4TWR81NC", party=SOUTH)
    seen = [
        ladder.Foresight(NORTH, tomorrow, (asked(A), asked(B))),
        ladder.Foresight(SOUTH, tomorrow, (asked(C, case_id=south.case_id),)),
    ]
    news = asking_news.foretold(seen, {INQUIRY.case_id: INQUIRY, south.case_id: south}, {})

    assert news.headline == "On Fri 26 Jun 2026 we escalate to 2 suppliers: 3 devices"
    assert [matter.reference for matter in news.matters] == ["IC-7F3K2Q9D", "IC-4TWR81NC"]
    assert "WAIT IC-7F3K2Q9D until" in news.matters[0].next_step


def test_evidence_is_in_order() -> None:
    """What went and what came, oldest first, London time."""
    went = asking_news.Happened(NOW, asking_news.letter_went("request", "a@b.example", "accepted", "250 Ok"))
    came = asking_news.Happened(
        NOW - timedelta(hours=1), asking_news.mail_came(7, "c@d.example", asking_news.ReadAs(None))
    )

    assert asking_news.in_order([went, came]) == (
        "Tue 9 Jun 2026, 08:00: mail 7 from c@d.example: not read yet",
        "Tue 9 Jun 2026, 09:00: our request to a@b.example: taken by the mail server (250 Ok)",
    )


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (asking_news.ReadAs(Reason.ANSWER_RECEIVED, ((WantState.ANSWERED, 2),)), "the code of 2 devices"),
        (
            asking_news.ReadAs(Reason.ANSWER_RECEIVED, ((WantState.PROMISED, 1),), faulty=3, unsure=4),
            "a promise for 1 device; an answer for 3 devices that could not be used; words that may be about 4 devices more",
        ),
        (asking_news.ReadAs(Reason.UNREAD_REPLY), "a reply in which no answer could be made out"),
        (asking_news.ReadAs(Reason.ACKNOWLEDGEMENT), "a receipt, without an answer"),
        (asking_news.ReadAs(Reason.CLOSED_BY_OPS), "a reply that one of us has read"),
        (asking_news.ReadAs(Reason.FOREIGN_REPLY_TO), "a reply that one of us must read"),
    ],
)
def test_what_they_wrote_is_told_to_them_by_day(read: asking_news.ReadAs, words: str) -> None:
    """What each mail was taken for, never a word of it, nor why we hold it."""
    assert asking_news.they_wrote([(NOW, read)]) == (f"Tue 9 Jun 2026: {words}",)
