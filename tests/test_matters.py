"""What members do with one matter: NOTE, WAIT, CLOSE, RESEND, REPLAY; on both databases."""

from datetime import date, timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from daemon.commanding import matters, resending
from daemon.edge import outbox, threads
from daemon.edge import tables as t
from daemon.edge.database import Database
from daemon.edge.inbox import kept_mail
from daemon.edge.outbox import LetterState, thread_letters
from daemon.edge.team import notes
from daemon.edge.team.tokens import OwnLetter
from daemon.edge.vault import Vault
from daemon.rules.commands.orders import Close, Note, Replay, Resend, Wait
from daemon.rules.gate import Gate
from daemon.rules.letters import Answer, LetterKind, LetterPlan, Matter, OpsNews
from daemon.rules.policy import Mode
from daemon.rules.reasons import Reason
from daemon.rules.team.standing import StandingKind, StandingOrder
from daemon.rules.thread import Event, Outcome, State
from tests.desks import OpsTable
from tests.overseeing import ANN, BEN, MONDAY, PARTY, TO
from tests.servers.scripted_smtp import ScriptedSmtp

SEALED = b"sealed"


@pytest.fixture
def table(database: Database, vault: Vault) -> OpsTable:
    """Monday 8 June 2026, half past ten in London."""
    return OpsTable(database, vault)


def about(ref: str, member: str = ANN, *more: str) -> OwnLetter:
    """Our letter about these matters, as a reply to it brings it."""
    news = OpsNews("Held", tuple(Matter("A device", "a reason", reference=one) for one in (ref, *more)))
    plan = LetterPlan("ab" * 32, LetterKind.HELD, 1, member, "Held", news)
    return OwnLetter("<ours@losing.example>", member, MONDAY, plan)


# NOTE ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_note_is_kept_sealed_with_its_matter(table: OpsTable) -> None:
    """Its words stand in no column and no audit entry; whoever reads the matter finds them with their writer."""
    thread = table.office.request()
    said = table.says(partial(matters.note, order=Note("rang Priya, she calls back", thread.reference)))

    assert said == "your note is kept with IC-00000001; EVIDENCE IC-00000001 shows it"
    with table.office.parts.database.read() as connection:
        (kept,) = notes.of(connection, table.office.parts.vault, thread.reference)
        assert notes.of(connection, table.office.parts.vault, "IC-00000002") == ()
    assert (kept.member, kept.words) == (ANN, "rang Priya, she calls back")
    [(sealed,)] = table.rows(sa.select(t.note.c.words))
    assert b"Priya" not in bytes(sealed)
    assert "Priya" not in str(table.detail("noted")) + repr(kept)


def test_a_reply_names_the_matter(table: OpsTable) -> None:
    """NOTE as a reply is about what our letter is about; where that is two things, one must be named."""
    first, second = table.office.request(), table.office.request()
    order = partial(matters.note, order=Note("a word"))

    assert "kept with IC-00000001" in table.says(order, letter=about(first.reference))
    assert "2 matters; name one" in table.refuses(order, letter=about(first.reference, ANN, second.reference))
    assert "name the matter" in table.refuses(order)


@pytest.mark.parametrize(
    ("ref", "why"),
    [
        ("IC-7F3K2Q9D", "there is no IC-7F3K2Q9D; LIST open"),
        ("mail 4711", "there is no mail 4711; LIST held"),
        ("proposal 3", "decided by APPROVE or REJECT"),
    ],
)
def test_what_does_not_exist_has_no_notes(table: OpsTable, ref: str, why: str) -> None:
    """The refusal names the nearest thing that works, for each order on a matter."""
    for order in (
        partial(matters.note, order=Note("x", ref)),
        partial(matters.wait, order=Wait(date(2026, 6, 12), ref)),
        partial(matters.close, order=Close("x", ref)),
        partial(matters.replay, order=Replay(ref)),
    ):
        assert why in table.refuses(order)
    assert table.rows(sa.select(t.note)) == []


# WAIT ───────────────────────────────────────────────────────────────────────────────────────────────


def wait(ref: str, day: str) -> partial[str]:
    """WAIT until `Mon 2026-06-15`."""
    name, iso = day.split()
    until = date.fromisoformat(iso)
    assert f"{until:%a}" == name
    return partial(matters.wait, order=Wait(until, ref))


async def told_on(table: OpsTable, days: int) -> dict[str, list[str]]:
    """The kinds of letters to the team by day, over so many days at 09:30 in London."""
    found: dict[str, list[str]] = {}
    for _ in range(days):
        if kinds := sorted({one.kind for one in await table.office.look()}):
            found[f"{table.office.time.clock.now():%a %-d %b}"] = kinds
        table.office.time.on(days=1)
    return found


async def test_nobody_is_reminded_before_the_day_and_the_alarm_comes_all_the_same(table: OpsTable) -> None:
    """Held on Monday 8 June: the reminder of day 3 falls due on the day that was said, the later ones as ever."""
    table.office.with_policy(hold_gather_minutes=0)
    thread = table.office.request(2)
    await table.office.look()
    said = table.says(wait(thread.reference, "Mon 2026-06-15"))

    assert said == ("nobody is reminded of IC-00000001 before Mon 15 Jun 2026; its clock runs on (due Mon 22 Jun 2026)")
    assert await told_on(table, 16) == {
        "Mon 15 Jun": ["reminder"],
        "Wed 17 Jun": ["reminder"],
        "Fri 19 Jun": ["reminder"],
        "Tue 23 Jun": ["breach"],
    }


async def test_a_wait_past_the_due_date_silences_reminders_alone(table: OpsTable) -> None:
    """A held thread and a held mail: no reminder, one alarm each, and the transcript says so beforehand."""
    table.office.with_policy(hold_gather_minutes=0)
    thread, mail_id = table.office.request(), table.office.mail(Reason.UNPROVEN_SENDER)
    await table.office.look()

    for ref in (thread.reference, f"mail {mail_id}"):
        assert "mind that it is due before then, on Mon 22 Jun" in table.says(wait(ref, "Tue 2026-06-30"))
    assert await told_on(table, 18) == {"Tue 23 Jun": ["breach"]}


def test_a_wait_is_of_this_hold_and_outlives_other_changes(table: OpsTable) -> None:
    """The thread saved anew keeps it; the same device held again later is reminded of as ever."""
    thread = table.office.request(2)
    table.says(wait(thread.reference, "Fri 2026-06-12"))
    until = sa.select(t.item.c.wait_until).order_by(t.item.c.id)

    table.office.save(table.office.thread(thread))
    assert table.rows(until) == [(date(2026, 6, 12),)] * 2

    now = table.office.thread(thread)
    again = now.items[0].move(Event.HOLD, held_at=table.office.time.clock.now() + timedelta(hours=1))
    table.office.save(now.with_items([again]))
    assert table.rows(until) == [(None,), (date(2026, 6, 12),)]


def test_what_cannot_wait(table: OpsTable) -> None:
    """Nothing held, a mail that was decided, a day that is not to come."""
    pending, held = table.office.request(1, State.PENDING), table.office.request()
    mail_id = table.office.mail(Reason.REQUEST, "decided")

    assert "nothing of IC-00000001 is held" in table.refuses(wait(pending.reference, "Fri 2026-06-12"))
    assert "is not held: it was settled on Mon 8 Jun 2026 (a request)" in table.refuses(
        wait(f"mail {mail_id}", "Fri 2026-06-12")
    )
    assert "is not after today" in table.refuses(wait(held.reference, "Mon 2026-06-08"))


# CLOSE ──────────────────────────────────────────────────────────────────────────────────────────────


def close(ref: str, reason: str = "sent by hand") -> partial[str]:
    """CLOSE ref reason."""
    return partial(matters.close, order=Close(reason, ref))


def test_closing_ends_what_is_open(table: OpsTable) -> None:
    """Held and waiting devices are closed with the reason ops, the mail is done, and a note says why."""
    thread = table.office.request(2)
    pending = table.office.items(9, 1, State.PENDING)
    table.office.save(thread.with_items(pending))
    table.office.change(t.mail, t.mail.c.id == thread.mail_id, wanted_folder="Install codes/Held", filed=True)

    said = table.says(close(thread.reference))

    assert said == (
        "IC-00000001 is closed (3 devices); Northern Energy hears nothing more about it; "
        "1 device had been promised an answer, so please see that they get one"
    )
    assert table.office.state_of(thread) == ["closed"] * 3
    assert {item.reason for item in table.office.thread(thread).items} == {Reason.CLOSED_BY_OPS}
    assert table.rows(sa.select(t.thread.c.settled)) == [(True,)]
    row = sa.select(t.mail.c.wanted_folder, t.mail.c.filed).where(t.mail.c.id == thread.mail_id)
    assert table.rows(row) == [("Install codes/Done", False)]
    with table.office.parts.database.read() as connection:
        (kept,) = notes.of(connection, table.office.parts.vault, thread.reference)
    assert kept.words == "Closed: sent by hand"
    assert "sent by hand" not in str(table.detail("closed"))


async def test_nobody_is_reminded_of_what_is_closed(table: OpsTable) -> None:
    """No reminder, no alarm."""
    table.office.with_policy(hold_gather_minutes=0)
    thread, mail_id = table.office.request(), table.office.mail(Reason.UNPROVEN_SENDER)
    await table.office.look()
    table.says(close(thread.reference))
    table.says(close(f"mail {mail_id}"))

    assert await told_on(table, 18) == {}


def test_a_letter_that_nobody_tried_is_taken_back_with_what_it_would_have_said(table: OpsTable) -> None:
    """Its code counts no more; a letter that was tried stays, for it may have arrived."""
    table.office.asked(Outcome.CODE, Outcome.NOT_INSTALLER)
    tried = table.office.asked(Outcome.CODE)
    table.office.change(t.letter, t.letter.c.id == tried, state="deferred", attempts=2)

    assert table.says(close("IC-00000001")).endswith("; a letter that had not gone yet will not go")
    assert "nothing of IC-00000002 is open" in table.refuses(close("IC-00000002"))

    assert table.office.states() == ["cancelled", "deferred"]
    assert table.office.releases() == ["dropped", "queued"]
    states = table.rows(sa.select(t.item.c.state).order_by(t.item.c.id))
    assert states == [("closed",), ("closed",), ("answered",)]


def test_closing_says_that_a_tried_letter_may_still_arrive(table: OpsTable) -> None:
    """One device held, and a letter on its way about another."""
    letter = table.office.asked(Outcome.CODE)
    table.office.change(t.letter, t.letter.c.id == letter, state="unknown", attempts=1)
    case = table.office.letter(letter)["case_id"]
    with table.office.parts.database.read() as connection:
        thread = threads.load(connection, [case])[case]
    table.office.save(thread.with_items(table.office.items(9, 1, State.HELD)))

    assert table.says(close("IC-00000001")).endswith("; a letter that was tried already may still arrive")


def test_what_is_settled_is_not_closed_again(table: OpsTable) -> None:
    """It says since when, and what became of the devices; the second CLOSE of two is told the same."""
    answered = table.office.asked(Outcome.CODE)
    table.finish(answered, LetterState.ACCEPTED)
    thread = table.office.request()
    table.says(close(thread.reference))

    assert table.refuses(close("IC-00000001")) == (
        "nothing of IC-00000001 has been open since Mon 8 Jun 2026: 1 device answered"
    )
    assert "nothing of IC-00000002 has been open since Mon 8 Jun 2026: 1 device closed" in table.refuses(
        close(thread.reference)
    )


@pytest.mark.parametrize(("reason", "fate"), [(Reason.UNPROVEN_SENDER, "held"), (Reason.POISON, "poison")])
def test_a_mail_held_whole_is_closed(table: OpsTable, reason: Reason, fate: str) -> None:
    """Held or set aside: decided, closed by ops, filed; once."""
    mail_id = table.office.mail(reason, fate, wanted_folder="Install codes/Held", filed=True)

    assert table.says(close(f"mail {mail_id}")) == f"mail {mail_id} is closed; nobody was answered"

    row = sa.select(t.mail.c.fate, t.mail.c.reason, t.mail.c.wanted_folder).where(t.mail.c.id == mail_id)
    assert table.rows(row) == [("decided", "closed-by-ops", "Install codes/Done")]
    assert f"mail {mail_id} is not held: it was settled on Mon 8 Jun 2026 (closed)" in table.refuses(
        close(f"mail {mail_id}")
    )


# RESEND ─────────────────────────────────────────────────────────────────────────────────────────────


def resend(ref: str) -> partial[str]:
    """RESEND ref."""
    return partial(resending.resend, order=Resend(ref))


def applied(table: OpsTable) -> str:
    """Enough persons approved the newest proposal."""
    proposal = table.proposal()
    return table.says(lambda desk: resending.apply_resend(desk, proposal, (ANN, BEN)))


def newest(table: OpsTable) -> LetterPlan:
    """The newest letter to the supplier."""
    [(plan,)] = table.rows(
        sa.select(t.letter.c.plan).where(t.letter.c.party != "").order_by(t.letter.c.id.desc()).limit(1)
    )
    return outbox.PLAN.validate_json(plan)


def test_a_letter_without_codes_goes_again_at_once(table: OpsTable) -> None:
    """A new number and so a new Message-ID, the same address; it says that it says the same again."""
    first = table.office.asked(Outcome.NOT_INSTALLER)
    table.finish(first, LetterState.ACCEPTED)

    said = table.says(resend("IC-00000001"))

    assert said == f"our letter of Mon 8 Jun 2026 on IC-00000001 goes to {TO} once more"
    plan = newest(table)
    assert (plan.seq, plan.to, plan.waiver) == (2, TO, None)
    assert isinstance(plan.content, Answer)
    assert plan.content.repeat
    assert table.office.states() == ["accepted", "pending"]
    ids = table.rows(sa.select(t.letter.c.message_id, t.letter.c.mail_id))
    assert ids[0][0] != ids[1][0]
    assert ids[0][1] == ids[1][1] is not None
    assert table.told() == []


def test_a_letter_with_codes_is_proposed_first(table: OpsTable) -> None:
    """Nothing goes before others agree; then with the repeat limit waived for its devices, and the team is told."""
    first = table.office.asked(Outcome.CODE, Outcome.CODE)
    table.finish(first, LetterState.ACCEPTED)

    said = table.says(resend("IC-00000001"))

    assert said == "the letter carries 2 install codes, so the approvers are asked first (proposal 1)"
    assert table.office.states() == ["accepted", "pending", "pending"]
    assert [one.to for one in table.told(LetterKind.PROPOSAL)] == [ANN, BEN]
    content = table.told(LetterKind.PROPOSAL)[0].plan.content
    assert isinstance(content, OpsNews)
    assert "You waive the limits on repeats and on a day's codes for it (G10); all" in content.matters[0].on_approve
    assert content.matters[0].devices == (), "a proposal is one row, decided whole"

    assert "once more" in applied(table)
    waiver = newest(table).waiver
    assert waiver is not None
    assert (waiver.gates, waiver.by, waiver.devices) == (
        (Gate.WITHIN_LIMITS,),
        (ANN, BEN),
        newest(table).code_devices,
    )
    assert table.told()[0].subject == f"{ANN} and {BEN} let the last letter on IC-00000001 go once more"
    assert table.detail("resent")["by"] == [ANN, BEN]


def test_what_was_approved_is_not_sent_twice(table: OpsTable) -> None:
    """While the letter is on its way, and when another letter went out since, the approval brings nothing."""
    first = table.office.asked(Outcome.CODE)
    table.finish(first, LetterState.ACCEPTED)
    table.says(resend("IC-00000001"))
    proposal = table.proposal()
    applied(table)

    assert "still on its way" in table.refuses(lambda desk: resending.apply_resend(desk, proposal, (ANN, BEN)))
    [(second,)] = table.rows(sa.select(sa.func.max(t.letter.c.id)).where(t.letter.c.party != ""))
    table.finish(second, LetterState.ACCEPTED)
    assert "another letter went out" in table.refuses(lambda desk: resending.apply_resend(desk, proposal, (ANN, BEN)))


@pytest.mark.parametrize("reason", [Reason.REFUSED_BY_RELAY, Reason.GATE_AT_SEND, Reason.OUTCOME_UNKNOWN])
def test_what_a_failed_letter_had_held_is_answered_again(table: OpsTable, reason: Reason) -> None:
    """The device that went back to held is answered by the new letter; one held for its own sake stays held."""
    first = table.office.asked(Outcome.NO_CODE_HELD, Outcome.NOT_INSTALLER)
    table.finish(first, LetterState.REJECTED)
    case = table.office.letter(first)["case_id"]
    with table.office.parts.database.read() as connection:
        thread = threads.load(connection, [case])[case]
    now = table.office.time.clock.now()
    held = [
        i.move(Event.HOLD, reason=r, held_at=now)
        for i, r in zip(thread.items, (reason, Reason.REPEAT_LIMIT), strict=True)
    ]
    table.office.save(thread.with_items(held))

    table.says(resend("IC-00000001"))

    assert table.office.state_of(thread) == ["answered", "held: repeat-limit"]
    assert isinstance(newest(table).content, Answer)
    assert not newest(table).content.repeat, "it never arrived, so it is no repeat"


def test_when_nothing_can_be_resent(table: OpsTable) -> None:
    """No letter, one on its way, an address no longer listed, mode observe, a mail held whole: each says what works."""
    table.office.request()
    waiting, ended = table.office.asked(Outcome.NOT_INSTALLER), table.office.asked(Outcome.NOT_INSTALLER)
    table.finish(ended, LetterState.ACCEPTED)
    mail_id = table.office.mail(Reason.UNPROVEN_SENDER)

    assert "no letter on IC-00000001 ever went to Northern Energy" in table.refuses(resend("IC-00000001"))
    assert "still on its way" in table.refuses(resend("IC-00000002"))
    assert f"REPLAY mail {mail_id}" in table.refuses(resend(f"mail {mail_id}"))
    table.office.with_policy(mode=Mode.OBSERVE)
    assert "the mode for Northern Energy is observe" in table.refuses(resend("IC-00000003"))
    table.office.with_policy(mode=Mode.SEND)
    table.office.listed("other@northern-energy.example")
    assert f"{TO} is no listed address of Northern Energy" in table.refuses(resend("IC-00000003"))
    assert table.office.letter(waiting)["state"] == "pending"


def test_while_the_supplier_is_paused_it_says_so(table: OpsTable) -> None:
    """The letter is queued and waits."""
    first = table.office.asked(Outcome.NOT_INSTALLER)
    table.finish(first, LetterState.ACCEPTED)
    now = table.office.time.clock.now()
    table.office.parts.standing = (StandingOrder(StandingKind.PAUSE, PARTY, now.date(), None, "", ANN, now),)

    assert table.says(resend("IC-00000001")).endswith("as soon as letters to Northern Energy are no longer paused")


async def test_an_approved_repeat_passes_the_gate_beyond_the_limit(
    database: Database, vault: Vault, relay: ScriptedSmtp
) -> None:
    """With a limit of one code in 30 days the repeat goes out on two persons' word, and not without it."""
    table = OpsTable(database, vault, relay.port)
    table.office.with_limits(codes_per_device_per_30_days=1)
    first = table.office.asked(Outcome.CODE)
    await table.office.until_quiet()
    table.says(resend("IC-00000001"))
    applied(table)
    await table.office.until_quiet()

    to_them = [one for one in relay.taken if one.recipient == TO]
    assert table.office.letter(first)["state"] == "accepted"
    assert len(to_them) == 2
    await table.office.close()


# REPLAY ─────────────────────────────────────────────────────────────────────────────────────────────


def replay(ref: str) -> partial[str]:
    """REPLAY ref."""
    return partial(matters.replay, order=Replay(ref))


@pytest.mark.parametrize(
    ("reason", "fate"),
    [(Reason.POISON, "poison"), (Reason.UNPROVEN_SENDER, "held"), (Reason.BEFORE_START, "ignored")],
)
def test_a_mail_is_read_once_more(table: OpsTable, reason: Reason, fate: str) -> None:
    """It is kept anew with no crash counted, as one that a person dragged to Requests; its arrival is not touched."""
    mail_id = table.office.mail(reason, fate, content=SEALED, crashes=3, wait_until=date(2026, 6, 12))

    assert table.says(replay(f"mail {mail_id}")) == (
        f"mail {mail_id} is being read and decided once more, with its first due date"
    )
    columns = (t.mail.c.state, t.mail.c.crashes, t.mail.c.ordered, t.mail.c.fate, t.mail.c.wait_until)
    assert table.rows(sa.select(*columns).where(t.mail.c.id == mail_id)) == [("kept", 0, True, None, None)]
    assert "is being read at this moment" in table.refuses(replay(f"mail {mail_id}"))


def test_a_thread_is_replayed_by_its_mail(table: OpsTable) -> None:
    """What is held in it is judged anew; a thread with nothing held is not touched."""
    held, pending = table.office.request(), table.office.request(1, State.PENDING)
    settled = table.office.asked(Outcome.CODE)
    table.office.change(t.mail, t.mail.c.case_id.is_not(None), fate="decided", reason="request")
    with table.office.parts.database.write() as connection:
        kept = sa.select(t.mail.c.id, sa.literal(SEALED)).where(t.mail.c.case_id.is_not(None))
        connection.execute(sa.insert(t.mail_content).from_select(["mail_id", "content"], kept))

    assert "IC-00000001 is being read" in table.says(replay(held.reference))
    assert "waits for its turn" in table.refuses(replay(pending.reference))
    assert "nothing of IC-00000003 is open" in table.refuses(replay("IC-00000003"))
    with table.office.parts.database.read() as connection:
        states = [kept_mail.look(connection, one) for one in (held.mail_id, pending.mail_id)]
        assert [row.fate if row else "" for row in states] == [None, "decided"]
        assert thread_letters.waiting(connection, table.office.letter(settled)["case_id"]) == 1


@pytest.mark.parametrize(
    ("reason", "fate", "content", "why"),
    [
        (Reason.BEFORE_START, "ignored", None, "its content|drag it to Install codes/Requests"),
        (Reason.COMMAND, "decided", SEALED, "is not held: it was settled on Mon 8 Jun 2026 (a command)"),
        (Reason.NOT_OURS, "ignored", None, "(not ours)"),
        (Reason.REQUEST, "decided", SEALED, "(a request)"),
        (Reason.CLOSED_BY_OPS, "decided", SEALED, "(closed)"),
    ],
)
def test_what_cannot_be_replayed(table: OpsTable, reason: Reason, fate: str, content: bytes | None, why: str) -> None:
    """What was erased cannot be read; what was decided, an order of our own team's above all, is not done again."""
    mail_id = table.office.mail(reason, fate, content=content)

    assert why.rpartition("|")[2] in table.refuses(replay(f"mail {mail_id}"))
    assert table.rows(sa.select(t.mail.c.state).where(t.mail.c.id == mail_id)) == [("settled",)]
