"""The digest station: figures as the stations left them, one letter a member and morning, on both databases."""

from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from daemon.edge import audit, remembered
from daemon.edge import tables as t
from daemon.edge.audit import Entry
from daemon.edge.database import Database
from daemon.edge.team import standing_orders
from daemon.edge.vault import Vault
from daemon.edge.views import morning
from daemon.mornings import Mornings
from daemon.rules.letters import Digest, LetterPlan
from daemon.rules.reasons import Reason
from daemon.rules.team.standing import StandingKind, StandingOrder
from daemon.rules.thread import Outcome, State
from daemon.rules.workdays import local_day
from daemon.settings.sections import PolicySection
from tests.edge.plans import walks
from tests.journeys.world import text_of
from tests.overseeing import ANN, BEN, Office
from tests.servers.scripted_smtp import ScriptedSmtp


class Morning(Office):
    """An office that gets a digest."""

    mornings: Mornings

    def round_ended(self) -> None:
        """Intake looked at every folder just now."""
        now = self.time.clock.now()
        with self.parts.database.write() as connection:
            remembered.put(connection, "last_round", now.isoformat(), now)

    async def digests(self, when: str = "") -> list[LetterPlan]:
        """Let time pass until then and look, several times; the digests that were queued."""
        if when:
            self.until(when)
        self.round_ended()
        before = len(self.told())
        for _ in range(3):
            await self.mornings.once()
        return [told.plan for told in self.told()[before:] if told.kind == "digest"]

    async def days(self, first: str, days: int) -> list[str]:
        """From that day on, look every hour; the days on which a digest came."""
        self.until(f"{first} 00:30")
        came: list[str] = []
        for _ in range(days * 24):
            came += [f"{local_day(self.time.clock.now()):%a %-d %b}" for _ in await self.digests()]
            self.time.on(hours=1)
        return came


@pytest.fixture
async def office(database: Database, vault: Vault, relay: ScriptedSmtp) -> AsyncIterator[Morning]:
    """Monday 8 June 2026, half past ten in London; a team of two; lists imported that morning."""
    async with Morning.opened(database, vault, relay) as made:
        made.mornings = Mornings(made.parts)
        with database.write() as connection:
            runs = [
                {"kind": kind, "at": 1_780_911_000_000_000, "file_sha": "0", "rows": 1}
                for kind in ("contacts", "inventory")
            ]
            connection.execute(sa.insert(t.import_run), runs)
        yield made


def content_of(plans: list[LetterPlan]) -> Digest:
    """What the letters say, all of them the same."""
    (content,) = {plan.content for plan in plans}
    assert isinstance(content, Digest)
    return content


def shown(content: Digest) -> dict[str, tuple[str, ...]]:
    """Its pages by title."""
    return {page.title: (*page.lines, *map(" | ".join, page.rows)) for page in content.pages}


# When ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_one_letter_a_member_and_working_morning(office: Morning) -> None:
    """Over a weekend and Easter; each at the first look after half past seven."""
    office.with_team(ann=next(iter(office.parts.policy.team[0].roles)))

    came = await office.days("Wed 2026-06-10", 7)

    assert came == ["Wed 10 Jun", "Thu 11 Jun", "Fri 12 Jun", "Mon 15 Jun", "Tue 16 Jun"]


async def test_a_restart_right_after_it_was_queued_sends_no_second(office: Morning) -> None:
    """That it was said outlives the process; so do the names of its letters."""
    assert [plan.to for plan in await office.digests("Tue 2026-06-09 07:30")] == [ANN, BEN]
    office.mornings = Mornings(office.parts)

    assert await office.digests() == []
    with office.parts.database.write() as connection:  # even if the mark were lost
        connection.execute(sa.delete(t.fact).where(t.fact.c.name == "digest_on"))
    assert await office.digests() == []


async def test_five_days_of_downtime_bring_one_that_tells_of_them_all(office: Morning) -> None:
    """One digest, from the day of the last one on."""
    office.asked(Outcome.CODE)
    await office.digests("Tue 2026-06-09 07:30")
    office.until("Tue 2026-06-09 12:00")
    await office.until_quiet()
    office.until("Tue 2026-06-16 09:00")
    office.mornings = Mornings(office.parts)

    content = content_of(await office.digests())

    assert shown(content)["Answered since Tue 9 Jun"] == (
        "1 device: 1 CODE",
        "after 1 working day (median), the slowest after 1",
    )


async def test_a_clock_that_jumped_sends_nothing(office: Morning) -> None:
    """Nobody knows which morning it is."""
    office.time.jump(days=1)

    assert await office.digests() == []


async def test_after_a_start_the_first_round_is_waited_for(office: Morning) -> None:
    """A daemon that was down for the night does not tell that its last round is old; one that cannot look tells it."""
    office.until("Tue 2026-06-09 07:30")
    office.mornings = Mornings(office.parts)
    await office.mornings.once()
    assert office.told() == []

    office.time.on(minutes=6)
    await office.mornings.once()

    assert [told.subject.partition(": ")[2] for told in office.told()] == [
        "1 thing to do today; something is wrong with the service"
    ] * 2


async def test_off_is_off(office: Morning) -> None:
    """`digest_at = "off"`."""
    office.with_policy(digest_at=None)

    assert await office.days("Wed 2026-06-10", 2) == []


# What it says ───────────────────────────────────────────────────────────────────────────────────────


async def test_an_empty_house_gets_one_line(office: Morning) -> None:
    """With the head of the audit trail as it is at that moment."""
    with office.parts.database.write() as connection:
        audit.append(connection, office.parts.vault, [Entry(office.time.clock.now(), "import", "contacts")])
    with office.parts.database.read() as connection:
        seq, head = morning.head(connection)

    plans = await office.digests("Tue 2026-06-09 07:30")
    content = content_of(plans)

    assert (content.nothing, content.headline) == (True, "Tue 9 Jun: nothing is open, held or wrong")
    assert (content.audit_seq, content.audit_hash) == (seq, head[:16])
    assert office.trail()[-1] == "ops-told"


async def test_the_figures_are_what_the_stations_left(office: Morning) -> None:
    """Held, put off, waiting, overdue, proposed, answered; by the real sending and overseeing stations."""
    office.with_limits(codes_per_counterparty_per_day=2)
    office.asked(Outcome.CODE, Outcome.CODE, Outcome.NOT_INSTALLER)
    office.asked(Outcome.NEED_MORE)
    old, due_today = (office.due_from(day) for day in (date(2026, 5, 22), date(2026, 5, 26)))
    late = office.request(2, due=old)
    office.request(1, due=due_today)
    office.request(3, State.PENDING)
    asleep = office.request(1, due=due_today, reason=Reason.REPEAT_LIMIT)
    observed = office.request(1, due=old, reason=Reason.OBSERVE_ONLY)
    whole = office.mail(Reason.UNPROVEN_SENDER, held_due=date(2026, 6, 10))
    office.change(t.item, t.item.c.case_id == asleep.case_id, wait_until=date(2026, 6, 12))
    await office.until_quiet()
    office.until("Mon 2026-06-08 16:00")
    await office.look()
    await office.until_quiet()

    content = content_of(await office.digests("Tue 2026-06-09 07:30"))

    assert content.headline == "Tue 9 Jun: 3 things to do today; 8 open, 2 overdue"
    assert [(one.by, one.what.partition(":")[0], one.do) for one in content.todo] == [
        ("Overdue", late.reference, "reply APPROVE or REJECT to our letter of Mon 8 Jun"),
        ("Today", "IC-00000004", "reply APPROVE or REJECT to our letter of Mon 8 Jun"),
        ("Tomorrow", f"mail {whole}", "reply APPROVE or REJECT to our letter of Mon 8 Jun"),
    ]
    assert observed.reference not in str(content)
    assert {bar.label: (bar.held, bar.waiting) for bar in content.bars if bar.held or bar.waiting} == {
        "1": (0, 3),
        "9": (1, 0),
        "10": (2, 0),
        "late": (2, 0),
    }
    assert shown(content) | {"The service": ()} == {
        "Overdue": (
            "2 devices past the due date, the oldest since Mon 8 Jun",
            "new since the last digest: 2 devices",
            "1 answer to be given by hand, as the mode is observe: their date has passed, and we do not see what you send; CLOSE takes them off",
        ),
        "Due in the next seven days": ("Today | 2 devices, held", "Wed 10 Jun | 1 mail, held"),
        "Held, and why": (
            "3 devices | commissioned, removed or suspended, the first due Mon 8 Jun",
            "1 device | sent as often as allowed, the first due Tue 9 Jun",
            "1 mail | sender not proven, the first due Wed 10 Jun",
            "1 of these | put off by one of you (WAIT), so not under To do",
        ),
        "Answered yesterday": ("4 devices: 2 CODE, 1 NOT-INSTALLER, 1 NEED-MORE", "all on the day they were asked for"),
        "The service": (),
    }


async def test_what_members_did_and_what_stands(office: Morning) -> None:
    """Yesterday's acts by the audit trail, today's not yet; orders that stand; strangers and orders nobody proved."""
    thread = office.request(1, State.PENDING)
    noon = office.time.clock.now()
    vault = office.parts.vault
    order = StandingOrder(StandingKind.PAUSE, "codes", local_day(noon), None, "a drill", ANN, noon)
    entries = [
        Entry(noon, "noted", f"case:{thread.case_id}", {"member": ANN, "mail": 9}),
        Entry(noon, "replayed", "mail:4", {"member": ANN, "mail": 9}),
        Entry(noon, "paused", "pause:Harbour Power", {"member": BEN, "mail": 9}),
        Entry(noon, "paused", "pause:all", {"member": BEN, "mail": 9}),
        Entry(noon, "incident", "party:Harbour Power", {"member": BEN, "mail": 9}),
        Entry(noon, "away", f"member:{ANN}", {"member": BEN, "mail": 9}),
        Entry(noon, "command-answered", "mail:9", {"member": ANN, "mail": 9}),
        Entry(noon, "mail-settled", "mail:9", {"why": 'about a "member": none'}),
        Entry(noon + timedelta(days=1), "noted", "mail:5", {"member": BEN}),
    ]
    with office.parts.database.write() as connection:
        audit.append(connection, vault, [Entry(noon - timedelta(days=1), "noted", "mail:1", {"member": BEN}), *entries])
        standing_orders.put(connection, order)
        tallies = [
            {"day": day, "reason": reason, "mails": 2}
            for day in (date(2026, 6, 8), date(2026, 6, 9))
            for reason in (Reason.STRANGER, Reason.UNPROVEN_COMMAND)
        ]
        connection.execute(sa.insert(t.tally), tallies)
    await office.parts.refresh()

    pages = shown(content_of(await office.digests("Tue 2026-06-09 07:30")))

    assert pages["What the team did yesterday"] == (
        f"{ANN}: noted {thread.reference}; replayed mail 4",
        f"{BEN}: paused letters to Harbour Power, all letters to suppliers; froze Harbour Power; away {ANN}",
    )
    assert pages["In force"] == (f"Paused: all letters with codes, since Mon 8 Jun, by {ANN}: a drill; RESUME ends it",)
    assert pages["Worth knowing, yesterday"] == (
        "2 orders in the name of one of you, not proven and not obeyed; if it was you, write from your own address",
        "2 mails of unknown senders, left unanswered",
    )


async def test_a_day_is_found_in_the_trail_by_halving(office: Morning) -> None:
    """The entries of a London day, whatever lies before and after; none of a day on which nothing happened."""
    first = datetime.fromisoformat("2026-06-01T00:00+01:00")
    with office.parts.database.write() as connection:
        for number in range(40):
            at = first + timedelta(hours=6 * number)
            audit.append(connection, office.parts.vault, [Entry(at, "noted", f"mail:{number}", {"member": ANN})])

    with office.parts.database.read() as connection:

        def found(since: date, until: date) -> list[str]:
            return [act.about for act in morning.acts(connection, morning.trail(connection, since, until))]

        assert found(date(2026, 6, 2), date(2026, 6, 3)) == ["mail 4", "mail 5", "mail 6", "mail 7"]
        assert len(found(date(2026, 5, 1), date(2026, 7, 1))) == 40
        assert found(date(2026, 5, 1), date(2026, 6, 1)) == []
        assert found(date(2026, 7, 1), date(2026, 7, 2)) == []


async def test_promises_and_repeats_are_no_answers(office: Morning) -> None:
    """PENDING tells by when, and a repeat was counted when it was first given."""
    office.asked(Outcome.PENDING)
    repeat = office.asked(Outcome.NO_CODE_HELD)
    plan = office.letter(repeat)["plan"].replace('"repeat":false', '"repeat":true')
    office.change(t.letter, t.letter.c.id == repeat, plan=plan)
    await office.until_quiet()

    assert [
        title for title in shown(content_of(await office.digests("Tue 2026-06-09 07:30"))) if "Answered" in title
    ] == []


async def test_the_letter_goes_out_by_the_relay(office: Morning) -> None:
    """Like any other letter to the team: sealed, sent, with text and HTML."""
    office.request(2, due=office.due_from(date(2026, 5, 22)))
    office.until("Mon 2026-06-08 16:00")
    await office.look()
    await office.until_quiet()
    office.taken.clear()
    await office.digests("Tue 2026-06-09 07:30")
    await office.until_quiet()

    assert [taken.recipient for taken in office.taken] == [ANN, BEN]
    text = " ".join(text_of(office.taken[0].content).split())
    assert text.startswith("To do today, most urgent first Overdue IC-00000001: ")
    assert "late 2 ##" in text
    assert b"text/html" in office.taken[0].content


def test_it_walks_over_no_table(office: Morning) -> None:
    """Of a million open things only indexes are read, and of what is settled nothing."""
    office.request(1)
    office.request(1, State.PENDING)
    office.mail(Reason.UNPROVEN_SENDER)
    today = date(2026, 6, 9)
    for look in (
        lambda c: morning.days(c, today),
        lambda c: morning.unseen(c, today),
        lambda c: morning.held(c, today),
        lambda c: morning.urgent(c, date(2026, 6, 30), today, 200),
        lambda c: morning.answered(c, (1, 100), None),
        lambda c: morning.heard(c, (1, 100)),
        lambda c: morning.acts(c, (1, 100)),
    ):
        assert walks(office.parts.database, look) == []


# The setting ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "at"), [("07:30", time(7, 30)), ("off", None), (time(6, 5), time(6, 5)), ("18:00:00", time(18))]
)
def test_a_time_or_off(value: object, at: time | None) -> None:
    """As text, or as TOML's own kind of time."""
    assert PolicySection.model_validate({"digest_at": value}).digest_at == at


@pytest.mark.parametrize("value", ["7:30", "25:00", "07:30:15", "07:30+01:00", 730, True, "morning", ""])
def test_another_value_is_refused_in_words(value: object) -> None:
    """With an example of what works."""
    with pytest.raises(ValidationError, match='should be a time such as "07:30", or "off"'):
        PolicySection.model_validate({"digest_at": value})
