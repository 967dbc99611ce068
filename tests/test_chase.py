"""The overseeing station: a real database, a scripted relay, a real mailbox, and a clock that tests turn."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from daemon.edge import remembered
from daemon.edge import tables as t
from daemon.edge.database import Database
from daemon.edge.threads import holds
from daemon.edge.vault import Vault
from daemon.errors import LeaseLost, Unavailable
from daemon.report import health
from daemon.rules.letters import OpsNews
from daemon.rules.policy import Mode, Role
from daemon.rules.reasons import Reason
from daemon.rules.thread import State
from tests.overseeing import ANN, BEN, MAILBOX, PARTY, Office
from tests.sending import device
from tests.servers.scripted_smtp import ScriptedSmtp, say


@pytest.fixture
async def office(database: Database, vault: Vault, relay: ScriptedSmtp) -> AsyncIterator[Office]:
    """We hold the mailbox, two operators are on the team, and one counterparty is listed."""
    async with Office.opened(database, vault, relay) as made:
        yield made


# First news ─────────────────────────────────────────────────────────────────────────────────────────


async def test_ops_hear_of_a_hold_once(office: Office) -> None:
    """After a quarter of an hour, each operator by a letter of their own; never again, and it is in the trail."""
    thread = office.request(3)
    assert await office.look() == []

    office.time.on(minutes=15)
    told = await office.look()

    assert [(letter.to, letter.kind) for letter in told] == [(ANN, "held"), (BEN, "held")]
    assert {"Held: 3 devices from Northern Energy: commissioned, removed or suspended, answer by Mon 22 Jun"} == {
        letter.subject for letter in told
    }
    assert office.time.clock.now() == office.thread(thread).items[0].told_ops_at
    office.time.on(hours=1)
    assert await office.look() == []
    assert office.trail() == ["ops-told"]


async def test_the_letters_reach_the_team(office: Office, relay: ScriptedSmtp) -> None:
    """Through the real outbox and the relay, with the devices in it and no code."""
    office.request(2)
    office.time.on(minutes=15)
    await office.look()

    await office.until_quiet()

    assert sorted(taken.recipient for taken in relay.taken) == [ANN, BEN]
    assert all(b"00-DB-12-34-00-00-03-E8" in taken.content for taken in relay.taken)


async def test_holds_are_gathered_by_supplier_and_cause(office: Office) -> None:
    """Three threads held for one cause are one letter with three matters; another cause is another letter."""
    office.with_team(ann=Role.OPERATOR)
    for minutes in (0, 5, 9):
        office.request(1)
        office.time.on(minutes=minutes)
    office.request(1, reason=Reason.REPEAT_LIMIT)
    office.time.on(minutes=1)

    [letter] = await office.look()
    office.time.on(minutes=14)
    [other] = await office.look()

    assert isinstance(letter.plan.content, OpsNews)
    assert [m.reference for m in letter.plan.content.matters] == ["IC-00000001", "IC-00000002", "IC-00000003"]
    assert "sent as often as allowed" in other.subject


async def test_a_held_mail_is_told_with_what_failed(office: Office) -> None:
    """The conditions of the gate that did not hold stand in the letter, asked of today's contact list."""
    office.mail(Reason.UNPROVEN_SENDER)
    office.time.on(minutes=15)

    letter, _ = await office.look()

    assert isinstance(letter.plan.content, OpsNews)
    [matter] = letter.plan.content.matters
    assert matter.what == "Mail held: sender not proven"
    assert any(line.startswith("G4 DMARC pass") and "dmarc=fail" in line for line in matter.evidence)
    assert not any(line.startswith("G6") for line in matter.evidence)


async def test_a_poison_mail_is_told_at_once(office: Office) -> None:
    """No gathering: it may hold a request, and nobody but a person can read it."""
    office.mail(Reason.POISON, "poison", sender=None, subject=None, party=None, proof=None)

    told = await office.look()

    assert [letter.kind for letter in told] == ["quarantine", "quarantine"]
    assert await office.look() == []


async def test_in_observe_mode_ops_are_told_too(office: Office) -> None:
    """The mode keeps letters from counterparties, not from our own team."""
    office.with_policy(mode=Mode.OBSERVE)
    office.request(1, reason=Reason.OBSERVE_ONLY)
    office.time.on(minutes=15)

    letter, _ = await office.look()

    assert isinstance(letter.plan.content, OpsNews)
    assert letter.plan.content.matters[0].what == "1 device held: observing only; we would have answered CODE"
    assert "pending" in office.states()


async def test_what_is_held_again_is_told_again(office: Office) -> None:
    """The same device, held anew for the same reason within a day, is news once more."""
    thread = office.request(1, reason=Reason.GATE_AT_SEND)
    office.time.on(minutes=15)
    assert len(await office.look()) == 2

    again = office.items(1, 1, State.HELD, reason=Reason.GATE_AT_SEND)
    office.save(thread.with_items(again))
    office.time.on(minutes=15)

    assert len(await office.look()) == 2


async def test_a_refused_answer_is_told_with_the_relays_words(office: Office, relay: ScriptedSmtp) -> None:
    """A 5xx at RCPT: the devices are held, and ops read why, after the ordinary gathering."""
    relay.next("RCPT", say("550 5.1.1 no such mailbox"))
    office.asked(*office.codes(1))
    await office.until_quiet()
    office.time.on(minutes=15)

    letter, _ = await office.look()

    assert isinstance(letter.plan.content, OpsNews)
    [matter] = letter.plan.content.matters
    assert matter.what == "1 device held: our letter was refused"
    assert any("550 5.1.1 no such mailbox" in line for line in matter.evidence)


async def test_a_flood_of_holds_is_told_whole(office: Office) -> None:
    """230 requests held in a quarter of an hour: three letters to each, every matter in one of them."""
    office.with_team(ann=Role.OPERATOR)
    threads_held = [office.request(1) for _ in range(230)]
    office.time.on(minutes=15)

    told = await office.look()

    listed = [
        m.reference for letter in told if isinstance(letter.plan.content, OpsNews) for m in letter.plan.content.matters
    ]
    assert [len(letter.plan.content.matters) for letter in told if isinstance(letter.plan.content, OpsNews)] == [
        100,
        100,
        30,
    ]
    assert sorted(thread.reference for thread in threads_held) == sorted(listed)


async def test_one_request_of_many_devices_is_one_matter(office: Office) -> None:
    """6,000 devices held: one matter that counts them all, and all are marked as told."""
    thread = office.request(6000)
    office.time.on(minutes=15)

    letter, _ = await office.look()

    assert "6,000 devices" in letter.subject
    assert all(item.told_ops_at for item in office.thread(thread).items)


# Nobody is told twice, nobody is forgotten ──────────────────────────────────────────────────────────


async def test_told_and_queued_are_one_commit(office: Office) -> None:
    """Where the letters cannot be queued the hold stays untold, and the next look tells it."""
    office.request(1)
    office.time.on(minutes=15)
    office.parts.gen += 1

    with pytest.raises(LeaseLost):
        await office.chase.once()

    assert office.told() == []
    office.parts.gen -= 1
    assert len(await office.look()) == 2


async def test_a_rebuilt_database_derives_the_same_names(office: Office) -> None:
    """The same holds give the same letters: what was queued before is not queued twice."""
    office.request(2)
    office.mail(Reason.UNPROVEN_SENDER)
    office.time.on(minutes=15)
    first = [letter.plan for letter in await office.look()]
    office.change(t.item, sa.true(), told_ops_at=None)
    office.change(t.mail, t.mail.c.fate == "held", told_ops_at=None)

    assert await office.look() == []
    assert len({(plan.case_id, plan.seq) for plan in first}) == len(first) == 4


async def test_an_empty_team_leaves_no_hold_told(office: Office) -> None:
    """With nobody to tell, the station is in trouble, the hold stays untold, and health says so."""
    office.with_policy(team=(), manager="")
    office.request(1)
    office.time.on(minutes=15)

    with pytest.raises(Unavailable, match="nobody is listed"):
        await office.chase.once()

    office.time.on(hours=1)
    with office.parts.database.write() as connection:
        remembered.put(connection, "last_round", office.time.clock.now().isoformat(), office.time.clock.now())
        assert holds.oldest_untold(connection) is not None
    state = health(office.parts.database, office.time.clock.now(), 300)
    assert not state.well
    assert "hold that ops were not told of" in state.line


async def test_news_that_the_relay_refuses_lie_in_the_mailbox(office: Office, relay: ScriptedSmtp) -> None:
    """All of the team's addresses refused: the news, the relay's words first, are put where the team works. Once."""
    relay.always("RCPT", say("550 5.7.1 not from you"))
    office.request(1)
    office.time.on(minutes=15)
    await office.look()
    await office.until_quiet()
    office.time.on(minutes=1)  # such words are asked twice
    await office.until_quiet()

    await office.look()
    await office.look()

    [subject] = await office.inbox()
    assert subject.startswith("[install codes] Not sent to the team: Held: 1 device from Northern Energy")
    [stored] = await office.shared.mails(MAILBOX)
    assert b"not from you" in stored.content
    assert "ops-told-otherwise" in office.trail()


async def test_news_that_nobody_takes_are_tried_again(office: Office, relay: ScriptedSmtp) -> None:
    """The mailbox away too: nothing is marked, health is not well, and the next look brings them."""
    relay.always("RCPT", say("550 5.7.1 not from you"))
    office.request(1)
    office.time.on(minutes=15)
    await office.look()
    await office.until_quiet()
    office.time.on(minutes=1)  # such words are asked twice
    await office.until_quiet()
    working, office.mailbox = office.mailbox, office.no_mailbox()
    await office.look()

    now = office.time.clock.now()
    with office.parts.database.write() as connection:
        remembered.put(connection, "last_round", now.isoformat(), now)
    assert "2 letters to our own team reached nobody" in health(office.parts.database, now, 300).line
    office.mailbox = working
    await office.look()
    assert len(await office.inbox()) == 1
    assert health(office.parts.database, now, 300).well


async def test_one_refused_member_is_no_alarm(office: Office, relay: ScriptedSmtp) -> None:
    """Somebody has the news: the other's refusal is in the trail, and nothing is put into the mailbox."""
    relay.next("RCPT", say("550 5.1.1 left the company"))
    office.request(1)
    office.time.on(minutes=15)
    await office.look()
    await office.until_quiet()

    await office.look()

    assert await office.inbox() == []
    assert sorted(office.states()) == ["accepted", "rejected"]
    assert "member-not-reached" in office.trail()


# Reminders and alarms ───────────────────────────────────────────────────────────────────────────────


async def test_a_hold_is_reminded_of_and_then_an_alarm(office: Office) -> None:
    """Day by day at half past nine: told, reminded on working days 3, 7 and 9, one alarm, then silence."""
    office.with_team(ann=Role.OPERATOR)
    office.request(1)
    office.time.on(minutes=15)
    seen = {}
    for _ in range(25):
        for letter in await office.look():
            seen[f"{office.time.clock.now():%a %d %b}"] = letter.kind, letter.subject.partition(":")[0]
        office.time.on(days=1)

    assert seen == {
        "Mon 08 Jun": ("held", "Held"),
        "Thu 11 Jun": ("reminder", "Still waiting"),
        "Wed 17 Jun": ("reminder", "Still waiting"),
        "Fri 19 Jun": ("reminder", "Still waiting"),
        "Tue 23 Jun": ("breach", "OVERDUE"),
    }


async def test_a_day_brings_one_reminder_whatever_comes_late(office: Office) -> None:
    """What becomes due later on the same day waits for the next working day's letter."""
    office.with_team(ann=Role.OPERATOR)
    first, second = office.request(1), office.request(1)
    office.time.on(minutes=15)
    await office.look()
    office.change(t.item, t.item.c.case_id == second.case_id, told_ops_at=None)
    office.until("Thu 2026-06-11 09:00")
    told = await office.look()  # the second thread is told for the first time, and counts as reminded

    assert sorted(letter.kind for letter in told) == ["held", "reminder"]
    office.change(t.item, t.item.c.case_id == second.case_id, reminded_day=0)
    assert await office.look() == []
    office.until("Fri 2026-06-12 08:00")
    [letter] = await office.look()
    assert isinstance(letter.plan.content, OpsNews)
    assert [second.reference] == [m.reference for m in letter.plan.content.matters]
    assert first.reference != second.reference


async def test_after_downtime_there_is_one_letter(office: Office) -> None:
    """Down from Monday until Thursday of the next week: the seventh day's reminder, and the third never."""
    office.with_team(ann=Role.OPERATOR)
    office.request(1)
    office.time.on(minutes=15)
    await office.look()
    office.until("Thu 2026-06-18 10:00")

    assert [letter.kind for letter in await office.look()] == ["reminder"]
    office.time.on(hours=3)
    assert await office.look() == []


async def test_a_hold_first_told_late_is_not_reminded_of_in_the_same_breath(office: Office) -> None:
    """Down for a week before ops were told: the news, and the next reminder on the ninth day."""
    office.with_team(ann=Role.OPERATOR)
    office.request(1)
    office.until("Wed 2026-06-17 10:00")
    assert [letter.kind for letter in await office.look()] == ["held"]

    office.until("Thu 2026-06-18 10:00")
    assert await office.look() == []
    office.until("Fri 2026-06-19 10:00")
    assert [letter.kind for letter in await office.look()] == ["reminder"]


async def test_an_alarm_reaches_readers_and_the_manager_too(office: Office) -> None:
    """A breach is everybody's matter."""
    office.with_team(ann=Role.OPERATOR, dee=Role.READER)
    office.with_policy(manager="boss@losing.example")
    office.mail(Reason.UNLISTED_SENDER)
    office.time.on(minutes=15)
    assert [letter.to for letter in await office.look()] == [ANN]

    office.until("Tue 2026-06-23 00:00")
    told = await office.look()

    assert [(address, "breach") for address in (ANN, "dee@losing.example", "boss@losing.example")] == [
        (letter.to, letter.kind) for letter in told
    ]
    assert office.trail()[-1] == "ops-alarmed"


async def test_a_settled_hold_is_no_more_spoken_of(office: Office) -> None:
    """Withdrawn, or answered by a release: no reminder, no alarm."""
    thread = office.request(1)
    office.time.on(minutes=15)
    await office.look()
    office.save(thread.with_items(office.items(1, 1, State.WITHDRAWN)))

    for _ in range(20):
        office.time.on(days=1)
        assert await office.look() == []


async def test_a_clock_that_jumped_chases_nobody(office: Office) -> None:
    """Thirty days forward in a second: no reminder, no alarm, no turn; ops hear of the clock itself."""
    office.request(1)
    office.time.on(minutes=15)
    assert len(await office.look()) == 2
    waiting = office.request(2, State.PENDING)
    office.time.jump(days=30)

    assert await office.look() == []
    assert office.state_of(waiting) == ["pending", "pending"]
    office.time.on(minutes=20)
    await office.look()
    assert any(b"clock" in taken.content for taken in office.taken)


# Turns under the cap ────────────────────────────────────────────────────────────────────────────────


async def test_each_day_has_its_number(office: Office) -> None:
    """Five wait, two go a day: in order of arrival, from midnight in London, one letter a thread and day."""
    office.with_limits(codes_per_counterparty_per_day=2)
    first = office.request(3, State.PENDING)
    office.time.on(minutes=1)
    second = office.request(2, State.PENDING)

    by_day = []
    for _ in range(4):
        await office.look()
        by_day.append([devices for _, devices in office.answers()])
        await office.until_quiet()
        office.time.on(days=1)

    d = [item.device_id for item in (*first.items, *second.items)]
    assert by_day[0] == [d[:2]]
    assert by_day[1][1:] == [[d[2]], [d[3]]]
    assert by_day[2][3:] == [[d[4]]]
    assert by_day[3] == by_day[2]
    assert office.state_of(first) == ["answered"] * 3
    assert {state for state, _ in office.answers()} == {"accepted"}
    assert "turn-taken" in office.trail()


async def test_the_number_is_used_once_a_day(office: Office) -> None:
    """However often the station looks, and whoever else was given codes today."""
    office.with_limits(codes_per_counterparty_per_day=2)
    office.asked(*office.codes(1))
    thread = office.request(3, State.PENDING)

    await office.look()
    await office.look()

    assert office.state_of(thread) == ["answered", "pending", "pending"]


async def test_what_would_break_its_due_date_is_held(office: Office) -> None:
    """On the due date itself, with the day's number used up: a person must look, and is told."""
    office.with_limits(codes_per_counterparty_per_day=1)
    thread = office.request(2, State.PENDING)
    office.until("Mon 2026-06-22 10:00")

    await office.look()

    assert office.state_of(thread) == ["answered", f"held: {Reason.CAP_BREAKS_DUE_DATE}"]
    office.time.on(minutes=15)
    assert {"held"} == {letter.kind for letter in await office.look()}


async def test_a_due_date_breaks_with_the_number_used_up(office: Office) -> None:
    """Today's number went to others, and the due date is today: held; what falls due tomorrow waits on."""
    office.with_limits(codes_per_counterparty_per_day=1)
    thread = office.request(1, State.PENDING)
    office.until("Tue 2026-06-09 10:00")
    later = office.request(1, State.PENDING)
    office.until("Mon 2026-06-22 10:00")
    office.asked(*office.codes(1))
    office.change(t.letter, t.letter.c.codes > 0, codes_day=office.time.clock.now().date())

    await office.look()

    assert office.state_of(thread) == [f"held: {Reason.CAP_BREAKS_DUE_DATE}"]
    assert office.state_of(later) == ["pending"]


async def test_a_supplier_that_left_the_list_gets_nothing(office: Office) -> None:
    """Its waiting devices are held, not answered to an address that is listed no more."""
    thread = office.request(2, State.PENDING)
    office.listed("codes@southern.example", party="Southern Power")

    await office.look()

    assert office.answers() == []
    assert set(office.state_of(thread)) == {f"held: {Reason.NO_REPLY_ADDRESS}"}


async def test_going_back_to_observe_sends_nothing_that_waits(office: Office) -> None:
    """What waited under the cap is held for a person, and no letter goes."""
    thread = office.request(2, State.PENDING)
    office.with_policy(mode=Mode.OBSERVE)

    await office.look()
    await office.until_quiet()

    assert office.state_of(thread) == [f"held: {Reason.OBSERVE_ONLY}"] * 2
    assert {"observed"} >= {state for state, _ in office.answers()}


async def test_mails_follow_their_thread(office: Office) -> None:
    """When the last device has had its turn, filing is asked to move the request to Done."""
    thread = office.request(1, State.PENDING)
    with office.parts.database.write() as connection:
        connection.execute(sa.update(t.mail).values(wanted_folder="Install codes/Waiting"))

    await office.look()

    with office.parts.database.read() as connection:
        query = sa.select(t.mail.c.wanted_folder).where(t.mail.c.id == thread.mail_id)
        assert connection.execute(query).scalar() == "Install codes/Done"
    assert office.answers() == [("pending", [device(1000)])]
    assert office.time.clock.now() - thread.received_at < timedelta(days=1)
    assert thread.party == PARTY
