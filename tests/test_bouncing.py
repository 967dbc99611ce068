"""Reports on our letters: what follows from each, of a letter once; and what a forger can do, which is next to nothing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from daemon import bouncing, inquirywork
from daemon.bouncing import Reported
from daemon.casework import Case
from daemon.edge import audit, contacts, wants
from daemon.edge import tables as t
from daemon.edge.contacts import Listing
from daemon.edge.database import Database
from daemon.edge.outbox import PLAN, LetterState, attempts, bounces, undelivered
from daemon.edge.vault import Vault
from daemon.mail.message import Bounce, BouncedRecipient, Delivery, Machine
from daemon.rules.asking.bounced import MOST_REPORTS
from daemon.rules.asking.inquiring import ToAsk
from daemon.rules.asking.ladder import Chase
from daemon.rules.decision import Decision, Fate
from daemon.rules.facts import Facts, Proof, Standing, Writer
from daemon.rules.letters import Answer, LetterPlan
from daemon.rules.meaning import MachineMail, Meaning, OpsMail
from daemon.rules.policy import ChaseKind, ContactKind
from daemon.rules.reasons import Reason
from daemon.rules.thread import Outcome
from daemon.rules.wanting import Want, WantEvent
from tests.edge.rows import open_wants
from tests.rules import mails
from tests.sending import MEMBER, PARTY, TO, World, device

DESK, SECOND = "operations@northern-energy.example", "second@northern-energy.example"
LIST = ((ContactKind.MP121, TO), (ContactKind.OPERATIONS, DESK))
NO_USER = "550 5.1.1 no such user"
FORGED_ID = f"<{'a' * 32}@losing.example>"


class Post(World):
    """Letters that went, and mail systems that report of them."""

    def __init__(self, database: Database, vault: Vault) -> None:
        super().__init__(database, vault, port=1)
        self.begin()
        self.listing(*LIST)
        self.mails = 100

    def listing(self, *listed: tuple[ContactKind, str]) -> None:
        """The whole contact list from now on."""
        lines = [Listing(n, PARTY, kind, address) for n, (kind, address) in enumerate(listed, 2)]
        with self.parts.database.write() as connection:
            contacts.replace_all(connection, lines)

    def went(self, letter_id: int, state: LetterState = LetterState.ACCEPTED) -> int:
        """The relay took it, or who knows."""
        with self.parts.database.write() as connection:
            attempts.claim(connection, self.parts.gen, self.time.clock.now(), 200)
            attempts.finish(connection, letter_id, state, self.time.clock.now(), reply="250 taken")
        return letter_id

    def bounce(self, letter_id: int, action: Delivery = Delivery.FAILED, **changes: Any) -> Bounce:
        """A report on this letter as a mail system writes it."""
        row = self.letter(letter_id)
        status = changes.pop("status", {"failed": "5.1.1", "delayed": "4.4.1"}.get(action, "2.0.0"))
        address = changes.pop("address", row["recipient"])
        said = BouncedRecipient(address, changes.pop("original", ""), action, status, changes.pop("words", NO_USER))
        whole = Bounce(row["message_id"], "", (said,), from_nobody=True, brings_letter=False)
        return replace(whole, **changes)

    def hear(
        self, bounce: Bounce | None, meaning: Meaning | None = None, reason: Reason = Reason.BOUNCE
    ) -> Reported | None:
        """A mail arrives that reports this."""
        now = self.time.clock.now()
        self.mails += 1
        with self.parts.database.write() as connection:
            row = {"raw_sha": str(self.mails), "arrived": 0, "kept_at": 0, "size": 1, "state": "settled"}
            number = connection.execute(sa.insert(t.mail).values(**row).returning(t.mail.c.id)).scalar_one()
            origin = mails.origin("mailer-daemon@mx.example", machine=Machine.BOUNCE)
            mail = mails.mail(f"report {number}", written_by=origin, bounce=bounce)
            facts = Facts(
                mail, number, Proof(origin, now, complete=True, signature_reused=False), now,
                Writer(Standing.UNLISTED, ""), contacts.book(connection), self.parts.surroundings(), "", "",
            )  # fmt: skip
            left = Decision(Fate.IGNORED, reason, keep_content=False, moves_mail=False)
            case = Case(facts, meaning or MachineMail(Machine.BOUNCE, "a sign"), left)
            reported = bouncing.hear(connection, self.parts, case)
            audit.append(connection, self.parts.vault, reported.entries if reported else ())
        return reported

    def reports(self, letter_id: int, action: Delivery = Delivery.FAILED, **changes: Any) -> Reason | None:
        """The same of a letter; why the mail is where it is."""
        reported = self.hear(self.bounce(letter_id, action, **changes))
        return reported.decision.reason if reported else None

    def ordered(self, *numbers: int, to: str = TO) -> tuple[int, list[Want]]:
        """Our team ordered these devices, and their party was asked; the letter and the wants."""
        now = self.time.clock.now()
        fresh = [Want(device(n), MEMBER, now, self._mail_once(), losing_supplier=PARTY, party=PARTY) for n in numbers]
        with self.parts.database.write() as connection:
            saved = wants.save(connection, fresh)
            party = next(p for p in contacts.book(connection) if p.party == PARTY)
            inquirywork.ask(connection, self.parts, ToAsk(party, to, tuple(saved)), now)
        return self.went(self.newest("request")), saved

    def _mail_once(self) -> int:
        self._number += 1
        return self._mail()

    def newest(self, kind: str) -> int:
        """The last letter of this kind."""
        query = sa.select(sa.func.max(t.letter.c.id)).where(t.letter.c.kind == kind)
        with self.parts.database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def plans(self, kind: str) -> list[LetterPlan]:
        """All letters of this kind."""
        query = sa.select(t.letter.c.plan).where(t.letter.c.kind == kind).order_by(t.letter.c.id)
        with self.parts.database.read() as connection:
            return [PLAN.validate_json(plan) for plan in connection.execute(query).scalars()]

    def told(self) -> list[str]:
        """The news that the team had of it, each in words."""
        return [
            f"{p.subject}: {p.content.matters[0].why} {p.content.matters[0].next_step}" for p in self.plans("notice")
        ]  # type: ignore[union-attr]

    def wanted(self) -> list[str]:
        """The states of what we want."""
        with self.parts.database.read() as connection:
            return [want.state.value for want in open_wants(connection)]

    def picture(self) -> list[Any]:
        """All that a forger may not change."""
        tables = (t.letter, t.item, t.thread, t.want, t.inquiry, t.release, t.bounce)
        queries = [sa.select(table).order_by(*table.primary_key) for table in tables]
        queries[0] = queries[0].where(t.letter.c.kind != "notice")
        with self.parts.database.read() as connection:
            return [connection.execute(query).all() for query in queries]


@pytest.fixture
def post(database: Database, vault: Vault) -> Post:
    """The post office, on either database."""
    return Post(database, vault)


# Answers ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_answer_that_came_back_is_held_for_a_person(post: Post) -> None:
    """Its devices are held, its letter counts as refused, its codes as released; ops hear of it; nothing goes elsewhere."""
    letter = post.went(post.asked(Outcome.CODE, Outcome.NOT_INSTALLER))
    before = len(post.plans("answer"))

    assert post.reports(letter) is Reason.LETTER_BOUNCED
    assert post.items(letter) == {"held": "refused-by-relay"}
    assert (post.letter(letter)["state"], post.letter(letter)["reply"]) == ("rejected", f"came back: {NO_USER}")
    assert post.releases() == ["released"]
    assert len(post.plans("answer")) == before
    (news,) = post.told()
    assert f"Our answer to {TO} came back" in news
    assert NO_USER in news
    assert "held again (2 devices)" in news
    assert "letter-failed" in post.trail()


def test_a_letter_comes_back_once(post: Post) -> None:
    """However many systems say so: one letter to each of the team, one hold."""
    letter = post.went(post.asked(Outcome.CODE))
    for _ in range(MOST_REPORTS + 3):
        post.reports(letter)
    assert len(post.told()) == 1
    assert len(post.picture()[-1]) == MOST_REPORTS
    assert post.trail().count("letter-failed") == MOST_REPORTS + 3


def test_what_moved_on_since_stays(post: Post) -> None:
    """A later letter told them the same devices, and arrived: the first one's return holds nothing."""
    first = post.went(post.asked(Outcome.CODE))
    plan = PLAN.validate_json(post.letter(first)["plan"])
    post.went(post.queue(replace(plan, seq=2)))
    post.reports(first)
    assert post.items(first) == {"answered": "answered"}


def test_a_later_letter_that_did_not_go_told_them_nothing(post: Post) -> None:
    """So the first one's return holds the device."""
    first = post.went(post.asked(Outcome.CODE))
    plan = PLAN.validate_json(post.letter(first)["plan"])
    post.went(post.queue(replace(plan, seq=2)), LetterState.REJECTED)
    post.reports(first)
    assert post.items(first) == {"held": "refused-by-relay"}


def test_what_waits_for_its_turn_waits_on(post: Post) -> None:
    """PENDING was told, and its turn comes all the same."""
    letter = post.went(post.asked(Outcome.PENDING))
    post.reports(letter)
    assert post.items(letter) == {"pending": "answered"}
    assert "Check the address in the contact list" in post.told()[0]


def test_what_was_only_promised_is_not_held(post: Post) -> None:
    """The letter said PENDING, and the device was settled since without another letter."""
    letter = post.went(post.asked(Outcome.PENDING))
    post.change(t.item, t.item.c.state == "pending", state="answered")
    post.reports(letter)
    assert post.items(letter) == {"answered": "answered"}


def test_a_letter_of_which_nobody_knew_goes_no_second_time(post: Post) -> None:
    """Unknown, and now it came back: it is not sent again to an address that refuses it."""
    letter = post.went(post.asked(Outcome.CODE), LetterState.UNKNOWN)
    post.reports(letter)
    assert post.letter(letter)["state"] == "rejected"
    assert post.releases() == ["queued"]  # it counts on, for it may have been read on its way


@pytest.mark.parametrize("action", [Delivery.DELIVERED, Delivery.RELAYED, Delivery.DELAYED])
def test_a_report_proves_that_an_unknown_letter_went(post: Post, action: Delivery) -> None:
    """No second copy is sent."""
    letter = post.went(post.asked(Outcome.CODE), LetterState.UNKNOWN)
    assert post.reports(letter, action) is Reason.DELIVERY_REPORT
    assert post.letter(letter)["state"] == "accepted"
    assert post.releases() == ["released"]
    assert post.trail()[-2:] == [f"letter-{action}", "letter-accepted"]


def test_a_letter_that_was_refused_is_not_told_twice(post: Post) -> None:
    """The relay refused it, and ops have it: a report adds a note."""
    letter = post.went(post.asked(Outcome.CODE), LetterState.REJECTED)
    post.reports(letter)
    assert (post.told(), post.items(letter)) == ([], {"answered": "answered"})


def test_a_returned_letter_with_codes_lies_apart(post: Post) -> None:
    """The mail brings the codes back into our mailbox; with its headers alone it is done with."""
    letter = post.went(post.asked(Outcome.CODE))
    whole, headers = (post.hear(post.bounce(letter, brings_letter=brings)) for brings in (True, False))
    assert whole is not None
    assert headers is not None
    assert (whole.decision.holds_codes, headers.decision.holds_codes) == (True, False)


# On its way ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("action", [Delivery.DELAYED, Delivery.DELIVERED, Delivery.RELAYED])
def test_other_news_are_noted_and_change_nothing(post: Post, action: Delivery) -> None:
    """The letter stays as it is, and nobody is told."""
    letter = post.went(post.asked(Outcome.CODE))
    before = post.picture()[:-1]
    assert post.reports(letter, action) is Reason.DELIVERY_REPORT
    assert (before, post.told()) == (post.picture()[:-1], [])
    assert post.trail()[-1] == f"letter-{action}"


def test_a_delay_is_told_once_it_lasts_for_more_than_a_day(post: Post) -> None:
    """Once a letter, and a delivery that fails at last is told as such."""
    letter = post.went(post.asked(Outcome.CODE))
    post.reports(letter, Delivery.DELAYED)
    post.time.on(hours=24)
    post.reports(letter, Delivery.DELAYED)
    assert post.told() == []
    for _ in range(3):
        post.time.on(hours=4)
        post.reports(letter, Delivery.DELAYED)
    assert [news.partition(":")[0] for news in post.told()] == [f"Our answer to {TO} is still on its way"]
    assert post.items(letter) == {"answered": "answered"}
    post.reports(letter)
    assert len(post.told()) == 2


def test_a_flood_of_warnings_hides_no_failure(post: Post) -> None:
    """Ten reports of a letter are kept, and how it ended."""
    letter = post.went(post.asked(Outcome.CODE))
    for _ in range(MOST_REPORTS + 5):
        post.reports(letter, Delivery.DELAYED)
    post.reports(letter)
    assert len(post.picture()[-1]) == MOST_REPORTS + 1
    assert post.items(letter) == {"held": "refused-by-relay"}


# Letters in which we ask ────────────────────────────────────────────────────────────────────────────


def test_a_request_goes_to_the_next_listed_contact(post: Post) -> None:
    """mp121, then operations, in the same inquiry; the clock of its devices runs on, and ops hear of it."""
    letter, _ = post.ordered(1, 2)
    post.reports(letter)
    first, again = post.plans("request")
    assert (again.to, again.content, again.case_id, again.seq) == (DESK, first.content, first.case_id, 2)
    assert post.wanted() == ["asked", "asked"]
    assert f"the same request goes to {DESK}" in post.told()[0]
    with post.parts.database.read() as connection:
        (inquiry,) = wants.inquiries(connection, [first.case_id]).values()
    assert inquiry.message_ids == tuple(post.letter(n)["message_id"] for n in (letter, post.newest("request")))


def test_where_no_contact_is_left_the_devices_are_with_our_team(post: Post) -> None:
    """Neither address takes mail: nobody is written to a third time."""
    letter, _ = post.ordered(1)
    post.reports(letter)
    post.reports(post.went(post.newest("request")))
    assert [plan.to for plan in post.plans("request")] == [TO, DESK]
    assert post.wanted() == ["with-ops"]
    assert "no other contact that takes mail, so what it asks for is with you now (1 device)" in post.told()[-1]


def test_an_address_that_refused_a_letter_is_not_tried_for_thirty_days(post: Post) -> None:
    """Whatever letter it was; and afterwards it is."""
    post.listing((ContactKind.MP121, TO), (ContactKind.MP121, SECOND), (ContactKind.OPERATIONS, DESK))
    other, _ = post.ordered(5, to=SECOND)
    post.reports(other, address=SECOND.upper())
    post.time.on(days=29)
    letter, _ = post.ordered(1)
    post.reports(letter)
    assert post.plans("request")[-1].to == DESK
    with post.parts.database.read() as connection:
        month_ago = post.time.clock.now() - timedelta(days=30)
        assert bounces.dead(connection, month_ago) == {TO, SECOND}
        assert bounces.dead(connection, month_ago + timedelta(days=2)) == {TO}


def chase(post: Post, *to: str) -> list[int]:
    """One rung, a letter to each of these addresses; the letters."""
    with post.parts.database.write() as connection:
        owed = tuple(wants.waiting(connection, PARTY))
        for address in to:
            step = Chase(PARTY, address, ChaseKind.OVERDUE, owed, ())
            inquirywork.chase(connection, post.parts, step, post.time.clock.now())
    newest = post.newest("chase")
    return [post.went(newest - n) for n in reversed(range(len(to)))]


def test_a_chase_that_their_other_contact_has_is_not_sent_again(post: Post) -> None:
    """mp121 and operations were both written to; one of them comes back."""
    post.ordered(1)
    first, _ = chase(post, TO, DESK)
    post.reports(first)
    assert [plan.to for plan in post.plans("chase")] == [TO, DESK]
    assert "their other contact has the same reminder" in post.told()[0]
    assert post.wanted() == ["asked"]


def test_a_chase_goes_on_where_it_went_to_one_address(post: Post) -> None:
    """The next contact is reminded in its place."""
    post.ordered(1)
    (letter,) = chase(post, TO)
    post.reports(letter)
    assert [plan.to for plan in post.plans("chase")] == [TO, DESK]


def test_what_was_settled_meanwhile_is_asked_of_nobody(post: Post) -> None:
    """Our team took it back: the letter's return is told, and nothing follows."""
    letter, saved = post.ordered(1)
    with post.parts.database.write() as connection:
        (one,) = wants.open_for(connection, [saved[0].device_id]).values()
        wants.save(connection, [one.move(WantEvent.WITHDRAW)])
    post.reports(letter)
    assert len(post.plans("request")) == 1
    assert len(post.told()) == 1


def test_what_moved_on_to_another_party_is_not_asked_again(post: Post) -> None:
    """They said that it was not they, and then their first letter comes back."""
    letter, saved = post.ordered(1)
    with post.parts.database.write() as connection:
        (one,) = wants.open_for(connection, [saved[0].device_id]).values()
        wants.save(connection, [one.move(WantEvent.MOVE_ON, party="West Energy", case_id="")])
    post.reports(letter)
    assert len(post.plans("request")) == 1
    assert post.wanted() == ["moved-on"]


# Our own team ───────────────────────────────────────────────────────────────────────────────────────


def test_news_that_came_back_are_brought_by_another_way(post: Post) -> None:
    """A member's address is dead: their letter counts as lost, and is put into the mailbox as any lost one is."""
    letter = post.went(post.news())
    post.change(t.letter, t.letter.c.id == letter, sent_filed=True)
    post.reports(letter)
    with post.parts.database.read() as connection:
        (lost,) = undelivered.find(connection)
    assert (lost.addresses, lost.letter_ids, lost.reached) == ((MEMBER,), (letter,), False)
    assert f"Our letters to {MEMBER} come back" in post.told()[0]


def test_a_member_who_cannot_be_reached_is_told_of_once_a_day(post: Post) -> None:
    """Else each letter about it would come back, and make the next."""
    for letter in [post.went(post.news()) for _ in range(3)]:
        post.reports(letter)
    assert len(post.told()) == 1
    post.reports(post.went(post.newest("notice")))
    assert len(post.told()) == 1


# Forged ─────────────────────────────────────────────────────────────────────────────────────────────

FORGED: dict[str, dict[str, Any]] = {
    "a letter that we never wrote": {"original_message_id": FORGED_ID},
    "an envelope that we never sent": {"original_message_id": "", "envelope_id": FORGED_ID.strip("<>")},
    "from somebody": {"from_nobody": False},
}


@pytest.mark.parametrize("kind", FORGED)
def test_row_26_a_forged_report_changes_nothing_but_an_alarm(post: Post, kind: str) -> None:
    """Attack row 26: a hundred of them bring one letter to the team that day, and stay where they lie."""
    letter = post.went(post.asked(Outcome.CODE))
    post.ordered(1)
    before = post.picture()
    for _ in range(100):
        assert post.reports(letter, **FORGED[kind]) is Reason.DOUBTFUL_BOUNCE
    assert post.picture() == before
    assert len(post.told()) == 1
    post.time.on(days=1)
    reported = post.hear(post.bounce(letter, **FORGED[kind]))
    assert len(post.told()) == 2
    assert reported is not None
    assert not reported.decision.moves_mail
    assert not reported.decision.keep_content


def test_row_26_a_letter_that_has_not_been_sent_cannot_come_back(post: Post) -> None:
    """Attack row 26: nobody can know its Message-ID."""
    letter = post.asked(Outcome.CODE)
    assert post.reports(letter) is Reason.DOUBTFUL_BOUNCE
    assert post.states()[0] == "pending"


def test_row_26_two_letters_in_one_report_are_not_believed(post: Post) -> None:
    """Attack row 26: the Message-ID of one, the envelope of another."""
    one, other = (post.went(post.asked(Outcome.CODE)) for _ in range(2))
    assert post.reports(one, envelope_id=post.letter(other)["message_id"].strip("<>")) is Reason.DOUBTFUL_BOUNCE


def test_row_26_another_recipient_is_evidence_and_no_proof(post: Post) -> None:
    """Attack row 26: it went on to somebody there who is gone. Noted, told once a day, and nothing changes."""
    letter = post.went(post.asked(Outcome.CODE))
    before = post.picture()[:-1]
    for address in ("gone@northern-energy.example", "eve@evil.example"):
        assert post.reports(letter, address=address) is Reason.DELIVERY_REPORT
    assert post.picture()[:-1] == before
    assert [news.partition(":")[0] for news in post.told()] == [f"Our answer to {TO} did not reach everybody there"]
    assert "evil" not in post.told()[0]
    with post.parts.database.read() as connection:
        assert bounces.dead(connection, post.time.clock.now() - timedelta(days=1)) == frozenset()


def test_the_address_that_we_used_counts_where_the_report_names_both(post: Post) -> None:
    """Their system sent it on, and says so: the letter did not arrive."""
    letter = post.went(post.asked(Outcome.CODE))
    assert post.reports(letter, address="desk@inner.example", original=TO) is Reason.LETTER_BOUNCED


def test_row_26_the_worst_that_a_recipient_can_do(post: Post) -> None:
    """Attack row 26: a supplier that got our letters reports each as failed, again and again.

    Their own devices are held for a person and their own contacts asked; no code, and no letter to anybody else.
    """
    answer = post.went(post.asked(Outcome.CODE))
    request, _ = post.ordered(1, 2)
    for _ in range(20):
        post.reports(answer)
        post.reports(request)
        post.reports(post.went(post.newest("request")))
    assert len(post.plans("answer")) == 1
    assert [plan.to for plan in post.plans("request")] == [TO, DESK]
    assert len(post.told()) == 3
    assert {"held", "with-ops"} == {*post.items(answer), *post.wanted()}


def test_bounces_of_other_people_s_mail_are_left_alone(post: Post) -> None:
    """What people sent by hand, and mail that others sent in our name, bear other Message-IDs."""
    letter = post.went(post.asked(Outcome.CODE))
    for name in ("<CAF+x7@mail.gmail.example>", "<4711@losing.example>", f"<{'a' * 32}@elsewhere.example>", ""):
        assert post.hear(post.bounce(letter, original_message_id=name)) is None
    assert post.told() == []


def test_only_a_machine_s_mail_reports(post: Post) -> None:
    """A member's mail that holds a bounce is a member's; what came before our start, or came before, is not looked at."""
    letter = post.went(post.asked(Outcome.CODE))
    bounce = post.bounce(letter)
    assert post.hear(bounce, OpsMail()) is None
    assert post.hear(bounce, reason=Reason.BEFORE_START) is None
    assert post.hear(bounce, reason=Reason.DUPLICATE) is None
    assert post.hear(None) is None
    assert post.items(letter) == {"answered": "answered"}


def test_what_a_server_says_is_masked(post: Post) -> None:
    """A code, an MPAN or an address in its words is in no letter, no table, no audit entry."""
    letter = post.went(post.asked(Outcome.CODE))
    secret = "83FE D340 7A93 9723 A5C6 39B2 6916 D505"
    post.reports(letter, words=f"550 5.7.1 content {secret} refused for 1200012345678")
    with post.parts.database.read() as connection:
        dump = str([connection.execute(sa.select(table)).all() for table in (t.bounce, t.letter, t.audit)])
    assert "83FE" not in dump
    assert "1200012345678" not in dump
    assert "content [removed] refused" in post.told()[0]


def test_a_question_that_came_back_is_told(post: Post) -> None:
    """Of letters that settle nothing: an answer without devices, a note on the list."""
    letter = post.went(post.asked(Outcome.CODE, answer=Answer((), which_request=True)))
    post.reports(letter)
    assert "Check the address in the contact list" in post.told()[0]
    assert post.items(letter) == {"answered": "answered"}
