"""Orders that only look: what a member reads of one matter, of all, of the team, and the evidence. Never a code."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from daemon.casework import Case
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.commanding.looking import evidence as evidence_pages
from daemon.commanding.looking import help_page, lists, our_team, reporting
from daemon.commanding.looking import status as status_pages
from daemon.commanding.pages import hashed
from daemon.edge import audit, contacts
from daemon.edge import tables as t
from daemon.edge.database import Database, eui_to_int, micros
from daemon.edge.outbox import LetterState
from daemon.edge.team import notes, proposals, standing_orders, tokens
from daemon.edge.team.proposals import ProposalKind
from daemon.edge.vault import Vault
from daemon.embedded.server import EmbeddedMail
from daemon.rules.commands.orders import Evidence, Help, Listing, ListOf, Report, Status, Team
from daemon.rules.decision import Decision, Fate
from daemon.rules.facts import Facts, Proof, Standing, Writer
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import Answer, AnswerRow, LetterKind, LetterPlan, Matter, OpsNews, Page, Said, Transcript
from daemon.rules.meaning import OpsMail
from daemon.rules.phrases import things
from daemon.rules.policy import Member, Mode, Role
from daemon.rules.reasons import Reason
from daemon.rules.team.standing import StandingKind, StandingOrder
from daemon.rules.thread import MailThread, Outcome, State
from daemon.rules.wording import write
from tests.journeys.world import (
    A0,
    AUTHSERV,
    CODES,
    COMMISSIONED,
    OPS,
    SOUTH,
    US,
    World,
    config,
    flat,
    subject_of,
    written,
)
from tests.overseeing import ANN, BEN, PARTY, TO, Office
from tests.rules import mails
from tests.sending import WORDS, code_of, device
from tests.servers.scripted_smtp import ScriptedSmtp, say

ORDERED_BY = 7_000
"""The row of the command mail."""


class Reader:
    """A member at the desk: each order in a transaction of its own, its pages kept."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.said = ""
        self.pages: list[Page] = []
        self.entries: list[tuple[str, str]] = []

    def asks(self, order: Any, *, letter: tokens.OwnLetter | None = None) -> str:
        """What all that it is shown says, on one line; codes are looked for in every page."""
        with self.office.parts.database.write() as connection:
            desk = self._desk(connection, letter)
            self.said = order(desk)
        self.pages = desk.pages
        self.entries = [(entry.what, entry.subject) for entry in desk.entries]
        self._holds_no_code(str((self.said, desk.pages, desk.entries)) + self.letter())
        return " ".join(f"{self.said} {self.letter()}".split())

    def refused(self, order: Any) -> str:
        """Why it is not done."""
        with pytest.raises(NotDone) as refusal:
            self.asks(order)
        return str(refusal.value)

    def letter(self) -> str:
        """The transcript as it is written."""
        content = Transcript((Said("AN ORDER", self.said, done=True),), tuple(self.pages))
        plan = LetterPlan("00" * 16, LetterKind.TRANSCRIPT, 1, ANN, "Re: an order", content)
        return write(plan, None, WORDS).text

    def rows(self, title: str) -> dict[str, tuple[str, ...]]:
        """The rows of the one page whose title begins so, by their first cell."""
        (page,) = [page for page in self.pages if page.title.startswith(title)]
        return {row[0]: row[1:] for row in page.rows}

    def _desk(self, connection: sa.Connection, letter: tokens.OwnLetter | None) -> OpsDesk:
        parts, now = self.office.parts, self.office.time.clock.now()
        mail = mails.mail("AN ORDER")
        proof = Proof(mail.origin, now, complete=True, signature_reused=False)
        member = next(member for member in parts.policy.team if member.address == ANN)
        book = contacts.address_book(connection)
        facts = Facts(
            mail,
            ORDERED_BY,
            proof,
            now,
            Writer(Standing.MEMBER, ANN, member=member),
            book.parties,
            parts.surroundings(),
            "",
            "",
        )
        left_alone = Decision(Fate.IGNORED, Reason.OPS_MAIL, keep_content=False, moves_mail=False)
        return OpsDesk(connection, parts, now, member, Case(facts, OpsMail(), left_alone), book, letter)

    def _holds_no_code(self, shown: str) -> None:
        digits = "".join(shown.split()).upper()
        with self.office.parts.database.read() as connection:
            known = connection.execute(sa.select(t.device.c.device_id)).scalars()
            codes = [code_of(device(number & 0xFFFFFFFF)).hex().upper() for number in known]
        assert codes, "there must be a canary"
        assert not [code for code in codes if code in digits]


@pytest.fixture
async def office(database: Database, vault: Vault, relay: ScriptedSmtp) -> AsyncIterator[Office]:
    """We hold the mailbox; Ann and Ben may approve; one supplier is listed, and one device of ours is known."""
    async with Office.opened(database, vault, relay) as made:
        made.with_policy(team=tuple(Member(a, frozenset({Role.APPROVER}), n) for a, n in ((ANN, "Ann"), (BEN, "Ben"))))
        made._install([device(999_999)])
        yield made


@pytest.fixture
def ann(office: Office) -> Reader:
    """A member who asks."""
    return Reader(office)


def status(ref: str = "", one: DeviceId | None = None) -> Any:
    """STATUS of this."""
    return lambda desk: status_pages.status(desk, Status(ref, one))


def listed(which: Listing) -> Any:
    """LIST that."""
    return lambda desk: lists.list_of(desk, ListOf(which))


def evidence(ref: str = "") -> Any:
    """EVIDENCE of this."""
    return lambda desk: evidence_pages.evidence(desk, Evidence(ref))


def imported(office: Office, kind: str, days_ago: int = 0) -> None:
    """A list was imported so many days ago."""
    at = micros(office.time.clock.now() - timedelta(days=days_ago))
    with office.parts.database.write() as connection:
        connection.execute(sa.insert(t.import_run).values(kind=kind, at=at, file_sha="ab" * 32, rows=12))


def stands(
    office: Office, kind: StandingKind, subject: str, last: date | None = None, first: date | None = None
) -> None:
    """Ben ordered that."""
    now = office.time.clock.now()
    order = StandingOrder(kind, subject, first or now.date(), last, "", BEN, now)
    with office.parts.database.write() as connection:
        standing_orders.put(connection, order)
        office.parts.standing = standing_orders.load(connection)


# HELP ───────────────────────────────────────────────────────────────────────────────────────────────


def test_help_fits_a_phone_and_names_what_can_be_written(ann: Reader) -> None:
    """Every verb of this release, in at most 35 lines."""
    shown = ann.asks(lambda desk: help_page.help_(desk, Help()))

    assert all(verb in shown for verb in ("STATUS", "LIST", "APPROVE", "REJECT", "EVIDENCE", "PAUSE", "TEAM", "AWAY"))
    assert len(ann.pages[0].lines) <= 35


# STATUS ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_status_says_how_all_stands(office: Office, ann: Reader) -> None:
    """What is open, held, overdue and due soon, the oldest, the last mail and letter, pauses, the age of both lists."""
    imported(office, "contacts", 1)
    imported(office, "inventory", 9)
    office.asked(Outcome.CODE)
    await office.until_quiet()
    late = office.request(2, due=office.due_from(date(2026, 5, 20)))
    office.request(1, State.PENDING)
    office.request(1, due=office.due_from(date(2026, 5, 26)))
    office.mail(Reason.UNPROVEN_SENDER)
    stands(office, StandingKind.PAUSE, "codes")
    stands(office, StandingKind.INCIDENT, "West Energy")

    ann.asks(status())

    assert ann.rows("Status, Mon 8 Jun 2026, 10:30") == {
        "Mode": ("send",),
        "Stopped": (
            "letters with codes: paused by ben@losing.example Mon 8 Jun 2026",
            "West Energy: frozen by ben@losing.example Mon 8 Jun 2026",
        ),
        "Open": ("3 requests with 4 open devices", "1 of them waits for its turn"),
        "Held": ("4 devices and mails", "your team was not told of 4 yet"),
        "Overdue": ("2 of what is held",),
        "Due soon": ("1 device by Wed 10 Jun 2026",),
        "Oldest": (f"{late.reference}, {PARTY}, Mon 8 Jun 2026, 10:30",),
        "Last look": ("none yet",),
        "Last mail": ("read Mon 8 Jun 2026, 10:30",),
        "Last letter": ("sent Mon 8 Jun 2026, 10:30",),
        "Trouble": ("none",),
        "Contacts": ("of Sun 7 Jun 2026, 10:30 (yesterday)", "1 address of 1 supplier"),
        "Inventory": ("of Sat 30 May 2026, 10:30 (9 days ago)", "6 devices", "older than 7 days: a no is held"),
    }
    assert ann.rows("Most urgent")[late.reference] == (
        "Thu 4 Jun, overdue",
        PARTY,
        "2 devices held: commissioned, removed or suspended",
    )


def test_status_of_a_quiet_house(ann: Reader) -> None:
    """Nothing open is said as such, and there is no list."""
    ann.asks(status())

    rows = ann.rows("Status")
    assert (rows["Held"], rows["Overdue"], rows["Due soon"]) == (("nothing",), ("nothing",), ("nothing",))
    assert "Oldest" not in rows
    assert rows["Inventory"] == ("never imported", "1 device", "older than 7 days: a no is held")
    assert len(ann.pages) == 1


async def test_status_of_a_request_shows_each_device_and_each_letter(office: Office, ann: Reader) -> None:
    """Whose, by when with its sum, what became of each device, what was sent and when, and what was noted."""
    office.asked(Outcome.CODE, Outcome.NO_CODE_HELD)
    await office.until_quiet()
    with office.parts.database.write() as connection:
        words = "rang Jane, MPAN 2000012345678, code 83FED3407A939723A5C639B26916D505"
        notes.add(connection, office.parts.vault, "IC-00000001", words, BEN, office.time.clock.now())

    shown = ann.asks(status("IC-00000001"))

    assert ann.rows("IC-00000001: 2 devices")["Due"] == (
        "Mon 8 Jun 2026 + 10 working days (england-and-wales) = Mon 22 Jun 2026",
    )
    assert ann.rows("Devices") == {device(1000): ("answered CODE",), device(1001): ("answered NO-CODE-HELD",)}
    assert ann.rows("Our letters") == {
        "8 Jun 2026": (f"answer to {TO}, with 1 code", "taken by the relay Mon 8 Jun 2026, 10:30")
    }
    assert "rang Jane, MPAN [removed], code [removed]" in shown
    assert ann.said == "how IC-00000001 from Northern Energy stands is shown below"


def test_status_of_a_held_request_says_why_and_that_reminders_wait(office: Office, ann: Reader) -> None:
    """The cause of each hold; that its supplier is paused; that a member said WAIT."""
    thread = office.request(1)
    office.change(t.item, t.item.c.case_id == thread.case_id, wait_until=date(2026, 6, 12))
    stands(office, StandingKind.PAUSE, PARTY)

    ann.asks(status(thread.reference))

    assert ann.rows("Devices") == {thread.items[0].device_id: ("held: commissioned, removed or suspended",)}
    assert ann.rows(thread.reference)["Reminders"] == ("none before Fri 12 Jun 2026",)
    assert ann.rows(thread.reference)["Supplier"] == (PARTY, "its letters wait: paused")


def test_status_of_a_mail_says_what_became_of_it_and_what_to_do(office: Office, ann: Reader) -> None:
    """A mail held whole: who, why, by when, the next step."""
    number = office.mail(Reason.UNPROVEN_SENDER)

    shown = ann.asks(status(f"mail {number}"))

    assert ann.rows(f"mail {number}")["Became"] == ("held: sender not proven",)
    assert "our mail server did not confirm that it came from there" in shown
    assert "Do not reply to it." in shown


def test_status_of_a_device_shows_requests_inventory_and_releases(office: Office, ann: Reader) -> None:
    """Every request for it, what our inventory says, to whom its code went; that a code is held, never which."""
    first = office.request(1)
    one = first.items[0].device_id
    second = replace(
        office.request(1, party="West Energy"), items=(replace(first.items[0], state=State.PENDING, reason=None),)
    )
    office.save(second)
    letter = office.asked(Outcome.CODE)
    with office.parts.database.write() as connection:
        release = {"device_id": eui_to_int(one), "party": PARTY, "letter_id": letter, "at": 0}
        connection.execute(sa.insert(t.release).values(**release, state="released"))

    ann.asks(status(one=one))

    assert ann.rows(str(one)) == {
        "Type": ("ESME",),
        "Installed by": ("us",),
        "Status": ("not commissioned",),
        "Code": ("held",),
    }
    assert set(ann.rows("Requests")) == {first.reference, second.reference}
    assert ann.rows("Requests")[first.reference] == (
        "Northern Energy, Mon 8 Jun 2026: held: commissioned, removed or suspended",
    )
    assert ann.rows("Its code") == {"1 Jan 1970": ("to Northern Energy: sent",)}


def test_status_of_a_proposal(office: Office, ann: Reader) -> None:
    """What was proposed, by whom, and that it waits; never what it holds."""
    with office.parts.database.write() as connection:
        payload = {"code": code_of(device(999_999)).hex()}
        vault, now = office.parts.vault, office.time.clock.now()
        number = proposals.add(connection, vault, ProposalKind.WAIVE, "SPF will do", payload, BEN, now)

    ann.asks(status(f"proposal {number}"))

    assert ann.rows(f"proposal {number}")["State"] == ("waits to be approved",)
    assert "there is no proposal 999" in ann.refused(status("proposal 999"))


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (status("IC-00000002"), "there is no IC-00000002; did you mean IC-00000001?"),
        (status("IC-ZZZZZZZZ"), "there is no IC-ZZZZZZZZ; LIST open shows what is open"),
        (status("mail 99999"), "there is no mail 99999; the latest is mail 1"),
        (status(one=device(999_998)), f"the nearest in our inventory is {device(999_999)}"),
        (status(one=DeviceId("FF-FF-FF-FF-FF-FF-FF-FF")), "our inventory does not have it"),
        (evidence("IC-00000002"), "did you mean IC-00000001?"),
        (evidence("mail 99999"), "there is no mail 99999"),
        (evidence("proposal 1"), "STATUS proposal 1 shows how it stands"),
        (evidence(), "name the matter, for instance IC-7F3K2Q9D, or reply to our letter about it"),
    ],
)
def test_what_is_not_there_is_answered_with_the_nearest_thing(
    office: Office, ann: Reader, order: Any, why: str
) -> None:
    """An unknown reference, mail or device is refused, with what would work."""
    office.request(1)

    assert why in ann.refused(order)


# LIST ───────────────────────────────────────────────────────────────────────────────────────────────


def test_lists_show_the_most_urgent_first(office: Office, ann: Reader) -> None:
    """Held, open and overdue, each with what belongs there and nothing else."""
    held = office.request(2)
    late = office.request(1, State.PENDING, due=office.due_from(date(2026, 5, 20)))
    mail = f"mail {office.mail(Reason.UNLISTED_SENDER)}"

    ann.asks(listed(Listing.HELD))
    assert list(ann.rows("What is held")) == [held.reference, mail]
    ann.asks(listed(Listing.OVERDUE))
    assert ann.rows("What is overdue") == {
        late.reference: ("Thu 4 Jun, overdue", PARTY, "1 device waiting for its turn")
    }
    ann.asks(listed(Listing.OPEN))
    assert list(ann.rows("What is open")) == [late.reference, held.reference, mail]
    assert ann.pages[0].columns == ("Reference", "Due", "Supplier", "What and why")


def test_an_empty_list_is_said_in_a_sentence(ann: Reader) -> None:
    """No table without rows."""
    ann.asks(listed(Listing.OVERDUE))

    assert (ann.said, ann.pages) == ("nothing is overdue", [])


@pytest.mark.parametrize(
    ("which", "more"),
    [
        (Listing.HELD, "103 devices and mails are held in all"),
        (Listing.OPEN, "103 requests are open in all"),
        (Listing.OVERDUE, "103 devices are overdue in all"),
    ],
)
def test_a_long_list_shows_a_hundred_and_says_how_many_more(
    office: Office, ann: Reader, which: Listing, more: str
) -> None:
    """At most a hundred rows, and the number there are in all."""
    for _ in range(103):
        office.request(1, due=office.due_from(date(2026, 5, 20)))

    shown = ann.asks(listed(which))

    assert len(ann.pages[0].rows) == 100
    assert f"The 100 most urgent are shown; {more}." in shown


@pytest.mark.parametrize(("count", "words"), [(1, "1 device or mail"), (2, "2 devices and mails")])
def test_what_is_held_is_counted_in_words(count: int, words: str) -> None:
    """One of either is one."""
    assert things(count) == words


# TEAM ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_team_and_how_many_must_approve(office: Office, ann: Reader) -> None:
    """Who may do what, and who is away until when."""
    stands(office, StandingKind.AWAY, BEN, date(2026, 6, 19))

    shown = ann.asks(lambda desk: our_team.team(desk, Team()))

    assert ann.rows("Our team") == {
        f"Ann, {ANN}": ("read, act, approve",),
        f"Ben, {BEN}": ("read, act, approve; away until Fri 19 Jun 2026",),
    }
    assert "To let go what is held, 2 different persons need to approve." in shown
    assert "WARNING: only 1 of the 2 who can approve is here today." in shown


def test_the_team_shows_who_will_be_away(office: Office, ann: Reader) -> None:
    """Before their first day, with both days; what is over is not shown."""
    stands(office, StandingKind.AWAY, BEN, date(2026, 6, 19), first=date(2026, 6, 17))
    stands(office, StandingKind.AWAY, ANN, date(2026, 6, 1), first=date(2026, 6, 1))
    ann.asks(lambda desk: our_team.team(desk, Team()))

    away = "read, act, approve; away from Wed 17 Jun 2026 to Fri 19 Jun 2026"
    assert ann.rows("Our team") == {f"Ann, {ANN}": ("read, act, approve",), f"Ben, {BEN}": (away,)}


@pytest.mark.parametrize(
    ("team", "warned"),
    [
        ((("ann", Role.APPROVER, "Ann"), ("ben", Role.APPROVER, "Ben")), False),
        ((("ann", Role.APPROVER, "Ann"), ("ben", Role.MANAGER, "Ben")), False),
        ((("ann", Role.APPROVER, "Ann"), ("ben", Role.OPERATOR, "Ben")), True),
        ((("ann", Role.APPROVER, "Ann"), ("ben", Role.APPROVER, "Ann")), True),
    ],
)
def test_a_team_too_small_to_approve_is_warned(office: Office, ann: Reader, team: Any, *, warned: bool) -> None:
    """Two addresses of one name are one person."""
    office.with_policy(team=tuple(Member(f"{w}@losing.example", frozenset({r}), n) for w, r, n in team))

    shown = ann.asks(lambda desk: our_team.team(desk, Team()))

    assert ("WARNING: only 1 person can approve" in shown) == warned


# REPORT ─────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_report_sums_thirty_days(office: Office, ann: Reader, relay: ScriptedSmtp) -> None:
    """Requests, answers by outcome, time to answer, what was late, codes by supplier, letters that did not go."""
    office.asked(Outcome.CODE, Outcome.CODE, Outcome.NO_CODE_HELD)
    await office.until_quiet()
    office.time.on(days=1)
    office.asked(Outcome.CODE)
    office.asked(Outcome.NOT_INSTALLER, due_in=0)
    await office.until_quiet()
    relay.always("RCPT", say("550 5.1.1 no such user"))
    office.asked(Outcome.CODE)
    await office.until_quiet()
    office.request(1, due=office.due_from(date(2026, 5, 20)))

    ann.asks(lambda desk: reporting.report(desk, Report()))

    assert ann.rows("The last 30 days: Mon 11 May 2026 to Tue 9 Jun 2026") == {
        "Requests": ("5, for 7 devices",),
        "Answered": ("3 CODE", "1 NOT-INSTALLER", "1 NO-CODE-HELD"),
        "Time taken": ("half within 0 working days, all within 1 working day",),
        "Too late": ("1 device answered after its due date",),
        "Overdue": ("1 device still open",),
        "Held now": ("2 devices and mails", "2 devices held within these days"),
        "Letters": ("3 sent to suppliers", "1 refused by the relay"),
    }
    assert ann.rows("Codes sent") == {"3": (PARTY,)}


def test_the_report_counts_mails_and_what_the_team_did(office: Office, ann: Reader) -> None:
    """By what became of the mails; by the word of the audit trail; older ones do not count."""
    with office.parts.database.write() as connection:
        for day, reason, count in (
            (date(2026, 6, 8), Reason.REQUEST, 2),
            (date(2026, 5, 9), Reason.REQUEST, 40),
            (date(2026, 6, 1), Reason.STRANGER, 5),
        ):
            connection.execute(sa.insert(t.tally).values(day=day, reason=reason, mails=count))
        by = {"member": BEN}
        now, before = office.time.clock.now(), office.time.clock.now() - timedelta(days=31)
        entries = [audit.Entry(before, "noted", "mail:1", by), audit.Entry(now, "code-kept", "device:x", by)]
        audit.append(connection, office.parts.vault, [*entries, audit.Entry(now, "mail-settled", "mail:1")])
    ann.asks(lambda desk: reporting.report(desk, Report()))

    assert ann.rows("What our team did") == {"1": ("code kept",)}
    assert list(ann.rows("Mail, by what became of it").items()) == [("5", ("a stranger",)), ("2", ("a request",))]


async def test_the_report_counts_first_answers_of_its_days(office: Office, ann: Reader) -> None:
    """An answer of last month is not in it; a repeat makes the first answer neither later nor quicker."""
    office.asked(Outcome.CODE)
    await office.until_quiet()
    office.time.on(days=30)
    row = AnswerRow(device(1000), Outcome.CODE)
    repeat = LetterPlan(f"{1:064x}", LetterKind.ANSWER, 2, TO, "Again", Answer((row,), repeat=True), party=PARTY)
    letter = office.queue(repeat)
    now = micros(office.time.clock.now())
    office.change(t.letter, t.letter.c.id == letter, state="accepted", finished_at=now)

    ann.asks(lambda desk: reporting.report(desk, Report()))

    figures = ann.rows("The last 30 days")
    assert figures["Answered"] == ("1 CODE",)
    assert "Time taken" not in figures
    assert figures["Too late"] == ("none answered",)


# EVIDENCE ───────────────────────────────────────────────────────────────────────────────────────────


async def test_evidence_of_a_request_holds_everything(office: Office, ann: Reader) -> None:
    """Mails and letters with their hashes, our server's verdict, every condition, the relay's words, the audit entries."""
    imported(office, "contacts")
    letter = office.asked(Outcome.CODE, Outcome.NO_CODE_HELD)
    await office.until_quiet()
    as_of_old = ({"letter": letter + 1, "party": "West Energy"}, {"letter": letter, "party": PARTY})
    now, subject = office.time.clock.now(), f"device:{device(1000)}"
    with office.parts.database.write() as connection:
        entries = [audit.Entry(now, "code-opened", subject, detail) for detail in as_of_old]
        audit.append(connection, office.parts.vault, entries)
    row = office.letter(letter)
    sealed = office.parts.vault.open(row["content"], table="letter", column="content", row=row["message_id"])

    shown = ann.asks(evidence("IC-00000001"))

    assert ann.rows("Evidence on IC-00000001")["Traffic"] == ("1 mail in, 1 letter out",)
    verdict = ann.rows("In: mail 1")["Verdict"]
    assert verdict[0] == "E3, its sender is proven by an aligned DKIM signature"
    assert verdict[1] == "DMARC pass for northern-energy.example, signed by northern-energy.example, SPF pass"
    assert "".join(ann.rows("In: mail 1")["SHA-256"][0].split()) == f"{1:064x}"
    out = ann.rows(f"Out: letter {letter}")
    assert "".join(out["SHA-256"][0].split()) == hashlib.sha256(sealed).hexdigest()
    assert out["Message-ID"] == (row["message_id"],)
    assert out["Relay said"] == (row["reply"],)
    asked = list(ann.rows(f"The gate for letter {letter}, as last asked"))
    assert {name.partition(" ")[0] for name in asked} == {f"G{n}" for n in range(1, 15)}
    assert {name.partition(" ")[2] for name in asked} == {"holds"}
    assert "G4 holds" in ann.rows("The gate for mail 1, asked again today")
    assert "10 working days (england-and-wales) = Mon 22 Jun 2026" in shown
    assert ann.rows("Numbers in force")["Approvals"] == ("2 different persons",)
    trail = ann.rows("Audit trail")
    assert [cells[0] for cells in trail.values()] == [
        f"codes-opened, letter:{letter}",
        f"letter-accepted, letter:{letter}",
        f"code-opened, device:{device(1000)}",
    ]
    assert [cells[2] for cells in trail.values() if cells[0].startswith("code")] == [
        f"devices: {device(1000)}; party: {PARTY}",
        f"letter: {letter}; party: {PARTY}",
    ]
    with office.parts.database.read() as connection:
        kept = {str(r.seq): r.hash for r in connection.execute(sa.select(t.audit))}
    assert all("".join(cells[-1].split()) == kept[seq] for seq, cells in trail.items())
    assert ann.entries == [("evidence-shown", f"case:{1:064x}")]


def test_evidence_of_a_forged_mail_shows_what_failed(office: Office, ann: Reader) -> None:
    """A mail held whole: the class of proof, our server's verdict, and the conditions that fail."""
    number = office.mail(Reason.UNPROVEN_SENDER)

    ann.asks(evidence(f"mail {number}"))

    assert ann.rows(f"In: mail {number}")["Verdict"][:2] == (
        "E1, nothing proves its sender",
        "DMARC fail for northern-energy.example, no signature passed, SPF fail",
    )
    gate = ann.rows(f"The gate for mail {number}, asked again today")
    assert {"G4 FAILS", "G5 FAILS", "G1 holds"} <= set(gate)


def test_evidence_says_who_approved_and_what_was_noted(office: Office, ann: Reader) -> None:
    """Each approval with its person, device, moment and mail; a note with personal data masked."""
    thread = office.request(1)
    one = thread.items[0].device_id
    now = office.time.clock.now()
    other = office.mail(Reason.OPS_MAIL, "ignored")
    with office.parts.database.write() as connection:
        what = f"{thread.case_id}|{one}|{now.isoformat()}"
        tokens.burn(connection, "<token@losing.example>", what, BEN, "ben", now, other)
        tokens.burn(connection, "<other@losing.example>", f"{'ff' * 32}|{one}|x", BEN, "ben", now, other)
        notes.add(connection, office.parts.vault, thread.reference, "lives at SW1A 1AA", BEN, now)

    shown = ann.asks(evidence(thread.reference))

    assert [len(page.rows) for page in ann.pages if page.title == "Approved"] == [1]
    assert ann.rows("Approved") == {BEN: (one, f"2026-06-08 09:30:00 UTC, by mail {other}")}
    assert "lives at [removed]" in shown
    assert "token@" not in shown


def test_evidence_follows_the_letter_that_is_replied_to(office: Office, ann: Reader) -> None:
    """A reply needs no reference."""
    thread = office.request(1)
    told = LetterPlan("aa" * 32, LetterKind.HELD, 1, ANN, "Held", office_news(thread))
    letter = tokens.OwnLetter("<held@losing.example>", ANN, office.time.clock.now(), told)

    ann.asks(evidence(), letter=letter)

    assert ann.pages[0].title.startswith(f"Evidence on {thread.reference}")


def office_news(thread: MailThread) -> Any:
    """A letter about one thread."""
    return OpsNews("Held", (Matter("1 device held", "why", reference=thread.reference),))


def test_evidence_of_a_letter_whose_bytes_are_gone(office: Office, ann: Reader) -> None:
    """Erased by its retention, or broken: said, and no reason to fail."""
    letter = office.asked(Outcome.NO_CODE_HELD)

    ann.asks(evidence("IC-00000001"))
    assert ann.rows(f"Out: letter {letter}")["Kind"] == ("answer",), "it has no code to speak of"
    assert ann.rows(f"Out: letter {letter}")["SHA-256"] == ("not written yet, or its bytes are kept no more",)
    with office.parts.database.write() as connection:
        connection.execute(sa.insert(t.frozen).values(letter_id=letter, content=b"broken"))
    ann.asks(evidence("IC-00000001"))
    assert ann.rows(f"Out: letter {letter}")["SHA-256"] == ("not written yet, or its bytes are kept no more",)


def test_in_mode_observe_it_is_said_that_nothing_was_sent(office: Office, ann: Reader) -> None:
    """STATUS of a request whose answer was only worked out."""
    office.asked(Outcome.CODE, letter_state=LetterState.OBSERVED)
    office.with_policy(mode=Mode.OBSERVE)

    ann.asks(status("IC-00000001"))

    assert ann.rows("Our letters")["8 Jun 2026"][1] == "not sent: the mode is observe"
    ann.asks(status())
    assert ann.rows("Status")["Mode"] == ("observe",)


# By mail ────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_member_reads_the_evidence_of_a_real_request_by_mail(
    tmp_path: Path, sqlite_url: str, relay: ScriptedSmtp
) -> None:
    """From the mailbox to the relay: a request is answered, EVIDENCE names both mails and their bytes, and no code."""
    async with EmbeddedMail({US: "pass north"}, authserv_id=AUTHSERV) as shared:
        toml = config(tmp_path, sqlite_url, shared.imap_port, relay.port, username=US, password="pass north")
        world = await World.build(tmp_path, toml)
        await world.settle_down()
        asked = written(SOUTH, f"Please send the codes of {A0} and {COMMISSIONED}")
        await world.arrives(asked)
        await world.settle_down()
        answer = next(letter for letter in relay.taken if letter.recipient == SOUTH)
        reference = world.one("SELECT reference FROM thread")
        world.pass_time(minutes=1)
        order = f"EVIDENCE {reference}\nSTATUS\nSTATUS {A0}\nTEAM\nREPORT\nLIST held\nHELP\n"
        await world.arrives(written(OPS, order, subject="What do we have?", at=world.now))
        await world.settle_down()
        await world.close()

    (shown,) = [letter.content for letter in relay.taken if "What do we have" in subject_of(letter.content)]
    words = flat(shown)
    assert subject_of(shown) == "Re: [install codes] What do we have?"
    assert "All 7 lines were done." in words
    assert hashed(hashlib.sha256(asked).hexdigest()) in words
    assert hashed(hashlib.sha256(answer.content).hexdigest()) in words
    assert f"{COMMISSIONED} held: commissioned, removed or suspended" in words
    assert "mail-settled, mail:1" in words
    digits = "".join(shown.decode().split()).upper()
    assert not any(code in digits for code in CODES.values())
