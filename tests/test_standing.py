"""What stands until it is taken back: PAUSE, RESUME, INCIDENT, WAIVE, AWAY, HOLIDAY; on both databases."""

from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from daemon.commanding.desk import NotDone
from daemon.commanding.standing import absences, calendar_days, incidents, pausing, waivers
from daemon.edge import tables as t
from daemon.edge.database import Database, micros
from daemon.edge.outbox import LetterState
from daemon.edge.team import standing_orders
from daemon.edge.threads import deadlines
from daemon.edge.vault import Vault
from daemon.rules.commands.orders import Away, Holiday, Incident, Pause, Resume, Waive
from daemon.rules.facts import Suspension
from daemon.rules.letters import LetterKind, OpsNews
from daemon.rules.policy import Member, Role
from daemon.rules.reasons import Reason
from daemon.rules.thread import Outcome, State
from tests.desks import CAT, RIA, TEAM, OpsTable
from tests.edge.plans import walks
from tests.overseeing import ANN, BEN, PARTY, TO
from tests.sending import code_of, device

FRIDAY = date(2026, 6, 12)


@pytest.fixture
def table(database: Database, vault: Vault) -> OpsTable:
    """Monday 8 June 2026, half past ten in London."""
    return OpsTable(database, vault)


def day(text: str) -> date:
    """`Mon 2026-06-08`, its weekday checked."""
    name, iso = text.split()
    found = date.fromisoformat(iso)
    assert f"{found:%a}" == name
    return found


def pause(what: str = "") -> partial[str]:
    """PAUSE [party|codes]."""
    return partial(pausing.pause, order=Pause(what))


def resume(what: str = "") -> partial[str]:
    """RESUME [party|codes]."""
    return partial(pausing.resume, order=Resume(what))


def stands(table: OpsTable) -> list[tuple[str, str]]:
    """The standing orders, in the order they were given."""
    with table.office.parts.database.read() as connection:
        return [(str(one.kind.value), one.subject) for one in standing_orders.load(connection)]


def agreed(table: OpsTable, by: tuple[str, ...] = (ANN, BEN)) -> str:
    """Enough persons approved the newest proposal to resume."""
    proposal = table.proposal()
    return table.says(lambda desk: pausing.apply_resume(desk, proposal, by))


# PAUSE ──────────────────────────────────────────────────────────────────────────────────────────────


def test_all_letters_wait(table: OpsTable) -> None:
    """To everybody, from this moment; the team hears by whom, and how to take it back."""
    assert (
        table.says(pause(), CAT)
        == "all letters to suppliers wait from now on, until somebody writes RESUME; due dates run on"
    )

    assert table.office.parts.policy.is_paused(PARTY)
    assert Suspension.PAUSED in table.office.parts.surroundings().suspensions
    assert [one.to for one in table.told()] == [ANN, BEN, CAT, RIA]
    assert {one.subject for one in table.told()} == {f"{CAT} paused all letters to suppliers"}
    assert table.detail("paused")["member"] == CAT


def test_letters_with_codes_wait(table: OpsTable) -> None:
    """Other letters still go."""
    assert table.says(pause("codes")).startswith("letters with install codes wait")

    assert not table.office.parts.policy.is_paused(PARTY)
    assert Suspension.PAUSED in table.office.parts.surroundings().suspensions


@pytest.mark.parametrize("name", ["Northern Energy", "northern energy", "NORT", "Northern"])
def test_letters_to_one_supplier_wait(table: OpsTable, name: str) -> None:
    """Named as the contact list names it, by MPID or by an alias; nobody else waits."""
    with table.office.parts.database.write() as connection:
        rows = [
            {"party": PARTY, "kind": kind, "name": word} for kind, word in (("mpid", "NORT"), ("alias", "Northern"))
        ]
        connection.execute(sa.insert(t.party_name), rows)

    assert table.says(pause(name)).startswith("letters to Northern Energy wait")
    assert table.office.parts.policy.is_paused(PARTY)
    assert not table.office.parts.policy.is_paused("Southern Power")
    assert table.office.parts.surroundings().suspensions == frozenset()


def test_an_unknown_supplier_is_not_paused(table: OpsTable) -> None:
    """The nearest is named; where none is near, what would work."""
    assert table.refuses(pause("Nothern Energi")).endswith("did you mean Northern Energy?")
    assert "write its MPID" in table.refuses(pause("Zzz"))
    assert stands(table) == []


def test_what_is_paused_already_says_since_when(table: OpsTable) -> None:
    """Nothing changes, nobody is told again, and its first order goes on standing."""
    table.says(pause("codes"), CAT)
    table.office.time.on(hours=2)

    assert table.says(pause("codes")) == (
        f"letters with install codes wait already, since Mon 8 Jun 2026, 10:30, on the word of {CAT}"
    )
    assert len(table.told()) == len(TEAM)
    assert stands(table) == [("pause", "codes")]


# RESUME ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_reply_to_ones_own_letter_about_the_pause_takes_it_back(table: OpsTable) -> None:
    """At once; the team hears of it; the letter is used up."""
    table.says(pause("codes"), CAT)
    letter = table.letter_to(BEN)

    assert table.says(resume(), BEN, letter) == "letters with install codes go again"

    assert stands(table) == []
    assert table.office.parts.policy.paused == frozenset()
    assert table.told()[-1].subject == f"{BEN} let letters with install codes go again"
    assert table.detail("resumed")["by"] == [BEN]
    assert table.refuses(resume(), BEN, letter) == "nothing is paused"
    assert table.rows(sa.select(t.approval.c.token, t.approval.c.member)) == [(letter.message_id, BEN)]


def test_what_waited_is_due_at_once(table: OpsTable) -> None:
    """Not when the gate would have looked again; a letter that a relay put off keeps its time."""
    first, second = (table.office.asked(Outcome.CODE) for _ in range(2))
    later = table.office.time.clock.now() + timedelta(minutes=1)
    for letter, reply in ((first, None), (second, "451 come back later")):
        table.office.change(t.letter, t.letter.c.id == letter, state="deferred", reply=reply, next_at=micros(later))
    table.says(pause("codes"), CAT)
    table.says(resume(), BEN, table.letter_to(BEN))

    due = dict(table.rows(sa.select(t.letter.c.id, t.letter.c.next_at)))
    assert (due[first], due[second]) == (micros(table.office.time.clock.now()), micros(later))


def test_the_letter_proves_the_pause_that_it_is_about_and_no_other(table: OpsTable) -> None:
    """A reply without a name means that pause; one that names another is put to the approvers."""
    table.says(pause("codes"))
    codes = table.letter_to(ANN)
    table.says(pause(PARTY))

    assert "(proposal 1)" in table.says(resume(PARTY), ANN, codes)
    assert stands(table) == [("pause", "codes"), ("pause", PARTY)]
    assert table.says(resume(), ANN, codes) == (
        f"letters with install codes go again; still paused: letters to {PARTY}"
    )


@pytest.mark.parametrize("case", ["none", "another's", "stale", "an earlier pause's", "a hold's"])
def test_without_such_a_letter_the_approvers_are_asked(table: OpsTable, case: str) -> None:
    """A new mail, somebody else's letter, one of three days ago, of an earlier pause, about something else."""
    table.says(pause("codes"))
    letter = table.letter_to(BEN if case == "another's" else ANN)
    if case == "stale":
        table.office.time.on(hours=72, seconds=1)
    if case == "an earlier pause's":
        table.says(resume(), ANN, letter)
        table.office.time.on(minutes=1)
        table.says(pause("codes"))
    if case == "a hold's":
        letter = replace(letter, plan=replace(letter.plan, kind=LetterKind.HELD))

    said = table.says(resume("codes"), ANN, None if case == "none" else letter)

    assert (
        said
        == "the approvers are asked whether letters with install codes may go again (proposal 1); until then they wait"
    )
    assert stands(table) == [("pause", "codes")]
    assert [one.to for one in table.told(LetterKind.PROPOSAL)] == [ANN, BEN]
    assert agreed(table) == "letters with install codes go again"
    assert table.office.parts.policy.paused == frozenset()


def test_all_pauses_are_taken_back_together_but_no_incident(table: OpsTable) -> None:
    """RESUME alone, out of nothing: every pause, once confirmed; a second approval of the same finds nothing."""
    table.says(pause())
    table.says(pause("codes"))
    table.says(partial(incidents.incident, order=Incident(PARTY)))
    table.says(resume())

    assert agreed(table) == (
        "all letters to suppliers and letters with install codes go again; still paused: letters to Northern Energy"
    )
    assert stands(table) == [("incident", PARTY)]
    proposal = table.proposal()
    assert "does not stand any more" in table.refuses(
        lambda desk: pausing.apply_resume(desk, replace(proposal, payload=proposal.payload[:1]), (ANN, BEN))
    )


def test_a_confirmed_resume_ends_no_later_pause(table: OpsTable) -> None:
    """Paused, proposed, taken back, paused anew: the old proposal is spent."""
    table.says(pause("codes"))
    letter = table.letter_to(ANN)
    table.says(resume("codes"))
    table.says(resume(), ANN, letter)
    table.office.time.on(minutes=1)
    table.says(pause("codes"))
    proposal = table.proposal()

    assert "does not stand any more" in table.refuses(lambda desk: pausing.apply_resume(desk, proposal, (ANN, BEN)))
    assert stands(table) == [("pause", "codes")]


def test_two_pauses_of_one_moment_are_told_of_once(table: OpsTable) -> None:
    """Since when and on whose word is said once where it is the same."""
    table.says(pause("codes"))
    table.says(pause(""))
    table.says(resume())

    assert table.letter_to(BEN, LetterKind.PROPOSAL).plan.content.matters[0].why.count("on the word of") == 1


def test_what_cannot_be_resumed(table: OpsTable) -> None:
    """Nothing paused; something else paused; a single thread, which nothing pauses."""
    assert table.refuses(resume()) == "nothing is paused"
    table.says(pause("codes"))
    assert "letters to Northern Energy are not paused by themselves" in table.refuses(resume(PARTY))
    assert "What waits: Letters with install codes" in table.refuses(resume(PARTY))
    assert "nothing is paused on IC-7F3K2Q9D alone" in table.refuses(resume("IC-7F3K2Q9D"))


def test_a_supplier_that_left_the_list_can_be_resumed(table: OpsTable) -> None:
    """By the name under which it was paused."""
    table.says(pause(PARTY))
    table.office.listed("codes@southern.example", party="Southern Power")

    assert table.says(resume(PARTY.upper()), ANN, table.letter_to(ANN)) == f"letters to {PARTY} go again"


# INCIDENT ───────────────────────────────────────────────────────────────────────────────────────────


def incident(table: OpsTable, who: str = CAT) -> str:
    """INCIDENT, of the one supplier."""
    return table.says(partial(incidents.incident, order=Incident(PARTY)), who)


def test_an_incident_freezes_the_supplier_and_shows_what_passed(table: OpsTable) -> None:
    """Devices, when, to which address, who wrote on what proof, what waits: of 30 days, and never a code."""
    sent = table.office.asked(Outcome.CODE)
    table.finish(sent, LetterState.ACCEPTED)
    thread = table.office.request(2)
    mail_id = table.office.mail(Reason.UNPROVEN_SENDER, evidence=1)
    table.office.mail(Reason.UNPROVEN_SENDER, evidence=1, party=None, sender="ann@northern-energy.example")
    table.office.mail(Reason.UNLISTED_SENDER, evidence=3, party=None, sender="x@elsewhere.example")

    assert (
        incident(table)
        == f"nothing goes to {PARTY} any more, and the team knows; the evidence of the last 30 days is below"
    )

    asked, codes, wrote, waits = table.pages
    assert asked.title == "What Northern Energy asked for in the last 30 days"
    assert sorted(row[1:] for row in asked.rows) == [
        (device(1000), "IC-00000001", TO, "answered CODE"),
        (device(2000), "IC-00000002", TO, "held CODE"),
        (device(2001), "IC-00000002", TO, "held CODE"),
    ]
    assert codes.rows == (("Mon 8 Jun 2026, 10:30", device(1000), TO, "sent"),)
    assert sorted(row[:4] for row in wrote.rows) == [
        ("ann@northern-energy.example", "not proven", "sender not proven", "1"),
        (TO, "not proven", "sender not proven", "1"),
    ]
    assert waits.rows == (
        (thread.reference, "held devices", "2", "Mon 22 Jun 2026"),
        (f"mail {mail_id}", "held mail", "1", "Mon 22 Jun 2026"),
    )
    shown = str(table.pages).replace(" ", "").upper()
    assert not [n for n in (1000, 2000, 2001) if code_of(device(n)).hex().upper() in shown]
    assert table.office.parts.policy.is_paused(PARTY)
    assert {one.subject for one in table.told()} == {f"INCIDENT: {CAT} froze {PARTY}"}


def test_what_is_older_than_thirty_days_is_left_out(table: OpsTable) -> None:
    """Only what waits is shown, however old."""
    table.finish(table.office.asked(Outcome.CODE), LetterState.ACCEPTED)
    table.office.mail(Reason.UNPROVEN_SENDER)
    table.office.time.on(days=31)
    incident(table)

    assert [page.rows for page in table.pages[:3]] == [(), (), ()]
    assert [page.lines for page in table.pages[:2]] == [
        ("It asked for nothing.",),
        ("No code was sent, and none is queued.",),
    ]
    assert len(table.pages[3].rows) == 1


def test_an_incident_ends_on_the_approvers_word_alone(table: OpsTable) -> None:
    """No single reply ends it; a second INCIDENT shows the evidence as of then, and changes nothing."""
    incident(table)
    assert incident(table, ANN).startswith(
        f"{PARTY} is frozen already, since Mon 8 Jun 2026, 10:30, on the word of {CAT}"
    )
    assert len(table.pages) == 4
    assert len(table.told()) == len(TEAM)

    assert "(proposal 1)" in table.says(resume(PARTY), ANN, table.letter_to(ANN))
    assert table.office.parts.policy.is_paused(PARTY)
    assert agreed(table) == f"letters to {PARTY} go again"
    assert not table.office.parts.policy.is_paused(PARTY)


def test_an_unknown_supplier_has_no_incident(table: OpsTable) -> None:
    """As with PAUSE."""
    order = partial(incidents.incident, order=Incident("Northrn Energy"))
    assert table.refuses(order).endswith("did you mean Northern Energy?")


# WAIVE ──────────────────────────────────────────────────────────────────────────────────────────────


def waive(address: str, until: date) -> partial[str]:
    """WAIVE address until day."""
    return partial(waivers.waive, order=Waive(address, until))


def test_a_waiver_is_proposed_counts_once_agreed_and_ends_by_itself(table: OpsTable) -> None:
    """The address as it is listed; in force to its last day; the team is told by whom."""
    assert table.says(waive(TO.upper(), FRIDAY)) == (
        f"the approvers are asked to accept mail from {TO} on SPF alone (proposal 1)"
    )
    assert table.office.parts.policy.accept_spf_only == frozenset()
    proposal = table.proposal()
    said = table.says(lambda desk: waivers.apply_waive(desk, proposal, (ANN, BEN)))

    assert said.startswith(f"until Fri 12 Jun 2026, mail from {TO} is answered")
    assert table.office.parts.policy.accept_spf_only == frozenset({TO})
    assert table.told()[0].subject == f"{ANN} and {BEN} waived the signature check for {TO} until Fri 12 Jun 2026"
    table.office.time.on(days=4)
    assert table.office.parts.policy.accept_spf_only == frozenset({TO})
    table.office.time.on(days=1)
    assert table.office.parts.policy.accept_spf_only == frozenset()


def test_what_cannot_be_waived(table: OpsTable) -> None:
    """An address that is not listed, a day that is over, more than 90 days, what the configuration accepts already."""
    assert "does not stand in the contact list" in table.refuses(waive("x@northern-energy.example", FRIDAY))
    assert "is over" in table.refuses(waive(TO, day("Sun 2026-06-07")))
    assert "until 2026-09-06" in table.refuses(waive(TO, day("Mon 2026-09-07")))
    assert "(proposal 1)" in table.says(waive(TO, day("Sun 2026-09-06")))
    table.office.with_policy(accept_spf_only=frozenset({TO}))
    assert "already, by the configuration" in table.refuses(waive(TO, FRIDAY))


@pytest.mark.parametrize("meanwhile", ["unlisted", "over"])
def test_a_waiver_that_came_too_late_is_not_given(table: OpsTable, meanwhile: str) -> None:
    """Between the proposal and the second approval the address was taken off the list, or the day went by."""
    table.says(waive(TO, FRIDAY))
    proposal = table.proposal()
    if meanwhile == "unlisted":
        table.office.listed("other@northern-energy.example")
    else:
        table.office.time.on(days=5)

    table.refuses(lambda desk: waivers.apply_waive(desk, proposal, (ANN, BEN)))
    assert stands(table) == []


# AWAY ───────────────────────────────────────────────────────────────────────────────────────────────


def away(who: str, first: str, last: str) -> partial[str]:
    """AWAY who from first to last."""
    return partial(absences.away, order=Away(who, day(first), day(last)))


def test_a_member_is_away_from_the_first_day_to_the_last(table: OpsTable) -> None:
    """Nothing reaches them then; nobody else is told."""
    table.office.with_policy(team=(*TEAM, Member("dee@losing.example", frozenset({Role.APPROVER}))))
    said = table.says(away("me", "Tue 2026-06-09", "Fri 2026-06-12"), BEN)

    assert said == f"{BEN} hears nothing from here from Tue 9 Jun 2026 to Fri 12 Jun 2026"
    gone = []
    for _ in range(6):
        gone.append(BEN in table.office.parts.policy.away)
        table.office.time.on(days=1)
    assert gone == [False, True, True, True, True, False]
    assert table.told() == []
    assert table.detail("away") | {"mail": 0} == {
        "member": BEN, "mail": 0, "first": "2026-06-09", "last": "2026-06-12",
    }  # fmt: skip


@pytest.mark.parametrize("who", ["cat", CAT, "Cat Cole", "cole"])
def test_somebody_else_is_told_that_they_were_put_down_as_away(table: OpsTable, who: str) -> None:
    """Nobody is silenced without knowing it."""
    assert table.says(away(who, "Mon 2026-06-08", "Mon 2026-06-08")) == (
        f"{CAT} hears nothing from here on Mon 8 Jun 2026"
    )
    [told] = table.told()
    assert (told.to, told.subject) == (CAT, f"{ANN} put you down as away on Mon 8 Jun 2026")


def test_an_absence_that_another_takes_the_place_of_is_named(table: OpsTable) -> None:
    """One is kept of each member; who is back early says so with a day that is over soon."""
    table.says(away("me", "Tue 2026-06-16", "Fri 2026-06-19"), CAT)

    assert table.says(away("me", "Mon 2026-06-08", "Mon 2026-06-08"), CAT) == (
        f"{CAT} hears nothing from here on Mon 8 Jun 2026, in place of what was put down before "
        "(from Tue 16 Jun 2026 to Fri 19 Jun 2026)"
    )


def test_all_addresses_of_one_person_are_away(table: OpsTable) -> None:
    """And a shared name needs the address."""
    phone = Member("ann.phone@losing.example", frozenset({Role.APPROVER}), "Ann Archer")
    other = Member("zoe@losing.example", frozenset({Role.APPROVER}), "Zoe Archer")
    table.office.with_policy(team=(*TEAM, phone, other))

    assert f"name the address: {ANN}, {phone.address}, {other.address}" in table.refuses(
        away("archer", "Mon 2026-06-08", "Tue 2026-06-09")
    )
    table.says(away("ann", "Mon 2026-06-08", "Tue 2026-06-09"))
    assert table.office.parts.policy.away == {ANN, phone.address}


def test_too_few_approvers_left_are_named(table: OpsTable) -> None:
    """It is done all the same: people are ill whether or not anybody approves."""
    one = table.says(away("ben", "Mon 2026-06-08", "Tue 2026-06-09"))
    assert one.endswith("; mind that 1 of those who may approve is left then, and 2 must")
    none = table.says(away("me", "Tue 2026-06-09", "Fri 2026-06-12"))
    assert "nobody is left then who may approve" in none
    assert "left" not in table.says(away("cat", "Mon 2026-06-15", "Tue 2026-06-16"))


def test_who_cannot_be_away(table: OpsTable) -> None:
    """A stranger to the team, and days that are over."""
    assert f"the team: {ANN}, {BEN}, {CAT}, {RIA}" in table.refuses(away("zoe", "Mon 2026-06-08", "Tue 2026-06-09"))
    assert "are over" in table.refuses(away("me", "Mon 2026-06-01", "Sun 2026-06-07"))


# HOLIDAY ────────────────────────────────────────────────────────────────────────────────────────────


def holiday(when: str, name: str = "Coronation") -> partial[str]:
    """HOLIDAY day name."""
    return partial(calendar_days.holiday, order=Holiday(day(when), name))


def due_dates(table: OpsTable) -> list[tuple[date, str]]:
    """Of every item: when it is due, and over which days that counts."""
    return table.rows(sa.select(t.item.c.due_end, t.item.c.due_skipped).order_by(t.item.c.id))


def test_a_holiday_two_days_ahead_moves_open_deadlines(table: OpsTable) -> None:
    """Held and waiting devices and held mails; what was answered and what was promised stay; ops see from when to when."""
    held = table.office.request(2)
    promised = table.office.request(1, State.PENDING)
    settled = table.office.request(1, State.ANSWERED)
    mail_id = table.office.mail(Reason.UNPROVEN_SENDER)

    said = table.says(holiday("Wed 2026-06-10"))

    assert said == (
        "Wed 10 Jun 2026 is no working day: Coronation; the due dates of 3 devices and 1 mail move "
        "(if that is wrong, write: HOLIDAY 2026-06-10 none)"
    )
    moved = (day("Tue 2026-06-23"), '[["2026-06-10", "Coronation"]]')
    assert due_dates(table) == [moved, moved, moved, (day("Mon 2026-06-22"), "[]")]
    assert (
        table.office.thread(held).items[0].due.explain().endswith("over Wed 10 Jun 2026 Coronation = Tue 23 Jun 2026")
    )
    assert table.office.thread(promised).items[0].promised_for == promised.items[0].promised_for
    assert table.office.thread(settled) == settled
    row = sa.select(t.mail.c.held_due, t.mail.c.held_due_sum).where(t.mail.c.id == mail_id)
    [(end, words)] = table.rows(row)
    assert end == day("Tue 2026-06-23")
    assert "over Wed 10 Jun 2026 Coronation" in words
    [page] = table.pages
    assert page.rows == (
        ("IC-00000001", PARTY, "2", "Mon 22 Jun 2026", "Tue 23 Jun 2026"),
        ("IC-00000002", PARTY, "1", "Mon 22 Jun 2026", "Tue 23 Jun 2026"),
        (f"mail {mail_id}", PARTY, "", "Mon 22 Jun 2026", "Tue 23 Jun 2026"),
    )
    told = table.told()[0].plan.content
    assert isinstance(told, OpsNews)
    assert told.matters[0].evidence[0] == f"IC-00000001, {PARTY}: from Mon 22 Jun 2026 to Tue 23 Jun 2026"
    detail = table.detail("calendar-changed")
    assert (detail["devices"], detail["mails"], detail["working_day"]) == (3, 1, False)


def test_a_holiday_that_nothing_counts_over_moves_nothing(table: OpsTable) -> None:
    """Before its start, after its end: the transcript says so, and the team still hears of the day."""
    table.office.request()
    assert "no due date moves (if" in table.says(holiday("Tue 2026-06-23"))
    assert "no due date moves (if" in table.says(holiday("Mon 2026-06-08"))
    assert table.pages == []
    assert due_dates(table) == [(day("Mon 2026-06-22"), "[]")]
    assert len(table.told()) == 2 * len(TEAM)


def test_two_holidays_in_one_mail_add_up(table: OpsTable) -> None:
    """The second is counted with the first, though the policy in force is read anew only afterwards."""
    table.office.request()
    both = (holiday("Wed 2026-06-10", "One"), holiday("Thu 2026-06-11", "Two"))
    table.says(lambda desk: "; ".join(order(desk) for order in both))

    assert due_dates(table) == [(day("Wed 2026-06-24"), '[["2026-06-10", "One"], ["2026-06-11", "Two"]]')]


def test_across_christmas(table: OpsTable) -> None:
    """Christmas Eve announced: it counts over the days that are published too, each named in the sum."""
    table.office.until("Mon 2026-12-14 09:30")
    thread = table.office.request()
    table.says(holiday("Thu 2026-12-24", "Christmas Eve"))

    due = table.office.thread(thread).items[0].due
    assert due.end == day("Thu 2026-12-31")
    assert due.skipped[0] == (day("Thu 2026-12-24"), "Christmas Eve")
    assert len(due.skipped) == 3


def test_a_holiday_is_taken_back(table: OpsTable) -> None:
    """With the name "none", before its day comes: every deadline is what it was, and ops are shown that too."""
    thread, mail_id = table.office.request(), table.office.mail(Reason.UNPROVEN_SENDER)
    before = table.rows(sa.select(t.mail.c.held_due, t.mail.c.held_due_sum).where(t.mail.c.id == mail_id))
    table.says(holiday("Wed 2026-06-10"))
    assert table.says(holiday("Wed 2026-06-10", "none")) == (
        "Wed 10 Jun 2026 is a working day again; the due dates of 1 device and 1 mail move"
    )

    assert table.office.thread(thread) == thread
    assert table.rows(sa.select(t.mail.c.held_due, t.mail.c.held_due_sum).where(t.mail.c.id == mail_id)) == before
    assert table.pages[0].rows[0][3:] == ("Tue 23 Jun 2026", "Mon 22 Jun 2026")
    assert table.office.parts.policy.extra_holidays == ()
    assert "none to take back" in table.refuses(holiday("Wed 2026-06-10", "None"))
    assert "is over" in table.refuses(holiday("Fri 2026-06-05", "none"))


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("Fri 2026-06-05", "is over"),
        ("Sat 2026-06-13", "is a Saturday, which is no working day anyway"),
        ("Mon 2026-08-31", "is no working day already"),
    ],
)
def test_which_days_are_refused(table: OpsTable, when: str, why: str) -> None:
    """Past, weekend, known; and one announced twice."""
    assert why in table.refuses(holiday(when))
    table.says(holiday("Wed 2026-06-10"))
    assert "is no working day already: Coronation" in table.refuses(holiday("Wed 2026-06-10", "Again"))


async def test_what_is_overdue_stays_overdue(table: OpsTable) -> None:
    """The alarm that was given stands; its due date does not move, and no second alarm follows."""
    table.office.with_policy(hold_gather_minutes=0)
    thread = table.office.request()
    await table.office.look()
    table.office.until("Tue 2026-06-23 09:30")
    assert {one.kind for one in await table.office.look()} == {"breach"}

    assert "no due date moves" in table.says(holiday("Thu 2026-06-25"))
    after = table.office.thread(thread).items[0]
    assert (after.due, after.reminded_day) == (thread.items[0].due, 99)
    table.office.time.on(days=2)
    assert await table.office.look() == []


def test_thousands_of_deadlines_move_in_a_few_statements(table: OpsTable) -> None:
    """One statement a sum, not one a device; the page shows the first and counts the rest."""
    for _ in range(3):
        table.office.request(700)
        table.office.time.on(days=1)
    counted = []
    engine = table.office.parts.database._writer

    def count(_c: object, _cursor: object, statement: str, *_: object) -> None:
        counted.append(statement)

    sa.event.listen(engine, "before_cursor_execute", count)
    said = table.says(holiday("Fri 2026-06-12"))
    sa.event.remove(engine, "before_cursor_execute", count)

    assert "the due dates of 2,100 devices move" in said
    assert len([one for one in counted if one.startswith("UPDATE item")]) == 3
    assert len(counted) < 60
    assert {end for end, _ in due_dates(table)} == {
        day("Tue 2026-06-23"), day("Wed 2026-06-24"), day("Thu 2026-06-25"),
    }  # fmt: skip


def test_only_the_open_are_looked_through(table: OpsTable) -> None:
    """The index of open items serves the look and the move, so that a million settled ones cost nothing."""
    table.office.request()
    old = table.office.request().items[0].due

    assert walks(table.office.parts.database, lambda c: deadlines.sums_over(c, FRIDAY)) == []
    assert walks(table.office.parts.database, lambda c: deadlines.threads_with(c, old)) == []


def test_every_refusal_leaves_nothing_behind(table: OpsTable) -> None:
    """No standing order, no letter, no entry."""
    for order in (pause("Zzz"), resume(), away("zoe", "Mon 2026-06-08", "Tue 2026-06-09"), holiday("Fri 2026-06-05")):
        with pytest.raises(NotDone):
            table.says(order)
    assert (stands(table), table.told(), table.office.trail()) == ([], [], [])
