"""The gate: each condition both ways, when deciding and again when sending."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from daemon.mail.message import Evidence, Machine, MarkedKind, Origin
from daemon.rules.counterparties import AddressBook, identify, names_of, own_names
from daemon.rules.disclosure import (
    Records,
    device_gate,
    failures,
    limits_gate,
    mail_gate,
    send_gate,
)
from daemon.rules.facts import DeviceRecord, Proof, Rates, Surroundings, Suspension, Writer
from daemon.rules.gate import WAIVABLE, Condition, Gate
from daemon.rules.letters import Answer, LetterKind, LetterPlan
from daemon.rules.policy import Colleagues, Contact, ContactKind, Counterparty, Policy
from daemon.rules.reasons import Reason
from daemon.rules.thread import Outcome
from tests.rules import cases, mails
from tests.rules.cases import BOOK, NOW, A, B, C, limits, origin, policy, proof, signature, spf_only, unproven

SECURE = Surroundings(mailbox_secure=True, relay_secure=True)
ROBOTIC = replace(mails.NORTHERN, contacts=(replace(mails.MP121, robot=True),))


def gate(
    written_by: Origin | None = None,
    *,
    by: Policy | None = None,
    book: tuple[Counterparty, ...] = BOOK,
    surroundings: Surroundings = SECURE,
    recipient: str | None = mails.MP121_ADDRESS,
    **of_proof: Any,
) -> tuple[Condition, ...]:
    """The gate for a mail by this writer; all holds unless told otherwise."""
    author = written_by or origin()
    writer = identify(author, AddressBook.of(book), policy(), NOW)
    kept = proof(author, **of_proof)
    return mail_gate(kept, writer, recipient, surroundings=surroundings, policy=by or policy(), now=NOW)


def failed(conditions: tuple[Condition, ...]) -> list[tuple[Gate, Reason | None]]:
    """What does not hold, and the reason of it."""
    return [(c.gate, c.reason) for c in failures(conditions)]


def test_a_proven_contact_s_mail_passes_every_condition() -> None:
    """All of G1 to G8, G11 and G12 are asked, all hold, and each says on what evidence."""
    conditions = gate()

    assert not failures(conditions)
    assert {c.gate for c in conditions} == set(Gate) - {
        Gate.DEVICE_ENTITLED, Gate.WITHIN_LIMITS, Gate.RELAY_TRANSPORT, Gate.NOT_SUSPENDED,
    }  # fmt: skip
    assert all(c.evidence and c.reason is None for c in conditions)


INACTIVE = (replace(mails.NORTHERN, contacts=(replace(mails.MP121, valid_from=date(2026, 6, 9)),)),)
ONE_BAD = [
    (Gate.MAILBOX_TRANSPORT, Reason.MAILBOX_NOT_TRUSTED, {"surroundings": replace(SECURE, mailbox_secure=False)}),
    (Gate.DKIM_ALIGNED, Reason.SPF_ONLY_SENDER, {"written_by": spf_only()}),
    (Gate.DKIM_ALIGNED, Reason.PARTIAL_SIGNATURE, {"written_by": origin(signatures=())}),
    (Gate.DKIM_ALIGNED, Reason.PARTIAL_SIGNATURE, {"written_by": origin(signatures=(signature(body_length=True),))}),
    (
        Gate.DKIM_ALIGNED,
        Reason.PARTIAL_SIGNATURE,
        {"written_by": origin(signatures=(signature(signed=("from", "date")),))},
    ),
    (
        Gate.DKIM_ALIGNED,
        Reason.PARTIAL_SIGNATURE,
        {"written_by": origin(signatures=(signature(expires=mails.MONDAY - timedelta(seconds=1)),))},
    ),
    (Gate.DKIM_ALIGNED, Reason.PARTIAL_SIGNATURE, {"written_by": origin(signatures=(signature("other.example"),))}),
    (Gate.WRITER_LISTED, Reason.UNLISTED_SENDER, {"written_by": origin("a@unlisted.example")}),
    (Gate.WRITER_LISTED, Reason.CONTACT_NOT_ACTIVE, {"book": INACTIVE}),
    (
        Gate.WRITER_LISTED,
        Reason.COLLEAGUE,
        {"written_by": origin(mails.COLLEAGUE_ADDRESS), "by": policy(colleagues=Colleagues.HOLD)},
    ),
    (Gate.NO_MACHINE, Reason.ROBOT, {"written_by": origin(machine=Machine.ROBOT)}),
    (Gate.NO_MACHINE, Reason.ROBOT, {"written_by": origin(machine=Machine.AUTO_REPLY), "book": (ROBOTIC,)}),
    (Gate.NO_MACHINE, Reason.ROBOT, {"written_by": origin(machine=Machine.BOUNCE, mark=MarkedKind.REQUEST)}),
    (Gate.FRESH, Reason.REPLAYED_SIGNATURE, {"signature_reused": True}),
    (Gate.FRESH, Reason.STALE_MAIL, {"written_by": origin(date=None)}),
    (Gate.FRESH, Reason.STALE_MAIL, {"written_by": origin(date=mails.MONDAY - timedelta(days=5, seconds=1))}),
    (Gate.READ_WHOLE, Reason.CANNOT_READ, {"complete": False}),
    (Gate.ONE_LISTED_RECIPIENT, Reason.NO_REPLY_ADDRESS, {"recipient": None}),
    (Gate.ONE_LISTED_RECIPIENT, Reason.FOREIGN_REPLY_TO, {"written_by": origin(reply_to="x@elsewhere.example")}),
]


@pytest.mark.parametrize(("name", "reason", "given"), ONE_BAD, ids=[f"{g.name}-{r}" for g, r, _ in ONE_BAD])
def test_one_thing_amiss_fails_one_condition_by_its_name(name: Gate, reason: Reason, given: dict[str, Any]) -> None:
    """Nothing else fails with it, and nothing makes up for it."""
    conditions = gate(**given)

    assert failed(conditions) == [(name, reason)]
    assert failures(conditions)


@pytest.mark.parametrize(
    ("written_by", "gates"),
    [
        (unproven(), {Gate.DMARC_ALIGNED, Gate.DKIM_ALIGNED}),
        (unproven(dmarc="none"), {Gate.VERDICT_FOUND, Gate.DMARC_ALIGNED, Gate.DKIM_ALIGNED}),
        (origin(None), {Gate.ONE_SENDER, Gate.DMARC_ALIGNED, Gate.DKIM_ALIGNED, Gate.WRITER_LISTED}),
        (origin(ambiguities=("2 Sender fields",)), {Gate.ONE_SENDER}),
        (origin(evidence=Evidence.AMBIGUOUS), {Gate.ONE_SENDER, Gate.DMARC_ALIGNED, Gate.DKIM_ALIGNED}),
        (origin(verdict=mails.verdict(domain="other.example")), {Gate.DMARC_ALIGNED, Gate.DKIM_ALIGNED}),
        (origin(verdict=mails.verdict(dmarc="temperror")), {Gate.DMARC_ALIGNED, Gate.DKIM_ALIGNED}),
    ],
)
def test_an_unproven_sender_fails_wherever_the_proof_is_asked_for(written_by: Origin, gates: set[Gate]) -> None:
    """The class of evidence is held against the verdict that it was read from: neither alone is believed."""
    assert {name for name, _ in failed(gate(written_by))} == gates


HOLDS = {
    "SPF alone, for an address set to allow it": {
        "written_by": spf_only(), "by": policy(accept_spf_only=frozenset({mails.MP121_ADDRESS.upper()})),
    },
    "a colleague": {"written_by": origin(mails.COLLEAGUE_ADDRESS)},
    "another copy of this daemon": {"written_by": origin(machine=Machine.ROBOT, mark=MarkedKind.REQUEST)},
    "a contact listed as a robot": {"written_by": origin(machine=Machine.ROBOT), "book": (ROBOTIC,)},
    "a date in the future": {"written_by": origin(date=mails.MONDAY + timedelta(days=30))},
    "a date five days back": {"written_by": origin(date=mails.MONDAY - timedelta(days=5))},
    "a signature not yet expired": {"written_by": origin(signatures=(signature(expires=mails.MONDAY),))},
    "a signature of the organisation's other name": {
        "written_by": origin(
            verdict=mails.verdict(dkim_pass=(f"mta.{mails.SUPPLIER_DOMAIN}",)),
            signatures=(signature(f"mta.{mails.SUPPLIER_DOMAIN}"), signature("esp.example", body_length=True)),
        )
    },
    "a Reply-To at home": {"written_by": origin(reply_to=f"team@mail.{mails.SUPPLIER_DOMAIN}")},
    "a Reply-To that is listed": {
        "written_by": origin(reply_to="Northern@tickets.example"),
        "book": (
            replace(
                mails.NORTHERN,
                contacts=(*mails.NORTHERN.contacts, Contact("northern@tickets.example", ContactKind.OPERATIONS)),
            ),
        ),
    },
}  # fmt: skip


@pytest.mark.parametrize("given", HOLDS.values(), ids=HOLDS.keys())
def test_what_is_honest_passes(given: dict[str, Any]) -> None:
    """The gate is usable: these all hold with no person."""
    assert failed(gate(**given)) == []


def test_a_whole_signature_beside_a_partial_one_proves_nothing() -> None:
    """A verdict names a domain and not a signature: a forger could add a whole one that fails to a partial one that passes."""
    both = origin(signatures=(signature(), signature(body_length=True)))

    assert failed(gate(both)) == [(Gate.DKIM_ALIGNED, Reason.PARTIAL_SIGNATURE)]


def test_what_a_person_may_waive() -> None:
    """Identity, listing, machines, completeness, recipient and transport are never waived."""
    assert {gate.value.split()[0] for gate in WAIVABLE} == {"G4", "G5", "G8", "G9", "G10"}


# ── the device ──────────────────────────────────────────────────────────────────────────────────────

SUCCESSOR = replace(mails.NORTHERN, successor_of=frozenset({"Old North"}))


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (cases.record(A), None),
        (cases.record(A, installing_supplier="oldc"), None),
        (cases.record(A, installing_supplier=" "), None),
        *[(cases.record(A, status=s), None) for s in ("Pending", "Whitelisted", "InstalledNotCommissioned")],
        *[
            (cases.record(A, status=s), Reason.DEVICE_STATUS)
            for s in (
                "Commissioned",
                "Decommissioned",
                "Withdrawn",
                "Suspended",
                "Recovery",
                "Recovered",
                "pending",
                "?",
            )
        ],
        (cases.record(A, status="Commissioned", has_code=False), Reason.DEVICE_STATUS),
        (cases.record(A, gaining_supplier="NORT"), None),
        (cases.record(A, gaining_supplier="northern energy"), None),
        (cases.record(A, gaining_supplier="Old North"), None),
        (cases.record(A, gaining_supplier="Southern Power"), Reason.OTHER_SUPPLIER_RECORDED),
        (cases.record(A, gaining_supplier="?"), Reason.OTHER_SUPPLIER_RECORDED),
        (cases.record(A, installing_supplier="SOUT"), Reason.GATE_AT_SEND),
        (cases.record(A, has_code=False), Reason.GATE_AT_SEND),
        (cases.record(A, device_type="GPF"), Reason.GATE_AT_SEND),
        (None, Reason.GATE_AT_SEND),
    ],
)
def test_our_device_not_commissioned_and_the_asker_entitled(record: DeviceRecord | None, reason: Reason | None) -> None:
    """G9 by every value of DUIS DeviceStatus, and by every way to name who installed it and who gains it."""
    condition = device_gate(A, record, own_names(policy()), names_of(SUCCESSOR, (SUCCESSOR,)))

    assert (condition.holds, condition.reason) == (reason is None, reason)
    assert condition.evidence.startswith(A)


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("rates", "releases", "reasons"),
    [
        (Rates(), {}, []),
        (Rates(codes_today_to_party=8, codes_today=18), {A: cases.sent(DAY, DAY * 2)}, []),
        (Rates(codes_today_to_party=9), {}, [Reason.DAILY_CAP]),
        (Rates(codes_today=19), {}, [Reason.GLOBAL_CAP]),
        (Rates(), {B: cases.sent(DAY, DAY * 2, DAY * 3)}, [Reason.REPEAT_LIMIT]),
        (Rates(), {A: cases.sent(DAY, party="Southern Power")}, [Reason.ASKED_BY_ANOTHER]),
        (Rates(), {C: cases.sent(DAY, DAY, DAY, party="Southern Power")}, []),
    ],
)
def test_the_limits_count_this_letter_in(rates: Rates, releases: dict[Any, Any], reasons: list[Reason]) -> None:
    """G10 with two codes to send, ten a party and twenty in all a day, three a device in thirty days."""
    by = limits(codes_per_counterparty_per_day=10, codes_per_day=20, codes_per_device_per_30_days=3)
    conditions = limits_gate((A, B), Records({}, releases, rates), "Northern Energy", by)

    assert [reason for _, reason in failed(conditions)] == reasons
    assert {c.gate for c in conditions} == {Gate.WITHIN_LIMITS}


def test_one_code_is_one_code_in_the_evidence() -> None:
    """A person reads it in EVIDENCE, years later perhaps."""
    conditions = limits_gate((A,), Records({}, {A: cases.sent(DAY)}, Rates(codes_today=1)), "Northern Energy", limits())
    shown = [condition.evidence for condition in conditions]

    assert shown[0] == "a device went out 1 time in 30 days before this"
    assert shown[2:] == ["1 code to Northern Energy that day", "2 codes that day in all"]


# ── at send ─────────────────────────────────────────────────────────────────────────────────────────


def plan(outcome: Outcome = Outcome.CODE, **changes: Any) -> LetterPlan:
    """A letter that answers for two devices."""
    fields: dict[str, Any] = {
        "case_id": cases.CASE,
        "kind": LetterKind.ANSWER,
        "seq": 1,
        "to": mails.MP121_ADDRESS,
        "subject": "Codes",
        "content": Answer(rows=(cases.row(A, outcome), cases.row(B, outcome))),
        "party": "Northern Energy",
    }
    return LetterPlan(**(fields | changes))


def at_send(
    letter: LetterPlan,
    written_by: Origin | None = None,
    *,
    book: tuple[Counterparty, ...] = BOOK,
    records: Records | None = None,
    surroundings: Surroundings = SECURE,
    writer: Writer | None = None,
    kept: Proof | None = None,
) -> list[tuple[Gate, Reason | None]]:
    """What fails when this letter is about to be sent."""
    author = written_by or origin()
    who = writer or identify(author, AddressBook.of(book), policy(), NOW)
    on_record = records or Records(cases.records(A, B), {}, Rates())
    return failed(send_gate(letter, kept or proof(author), who, on_record, book, surroundings, policy(), NOW))


def test_at_send_every_condition_is_asked_again() -> None:
    """All fourteen for a letter with codes; who, where to and how for one without."""
    who = identify(origin(), AddressBook.of(BOOK), policy(), NOW)
    records = Records(cases.records(A, B), {}, Rates())
    asked = {
        outcome: send_gate(plan(outcome), proof(origin()), who, records, BOOK, SECURE, policy(), NOW)
        for outcome in (Outcome.CODE, Outcome.PENDING)
    }

    assert {c.gate for c in asked[Outcome.CODE]} == set(Gate)
    assert [g.value.split()[0] for g in dict.fromkeys(c.gate for c in asked[Outcome.PENDING])] == [
        "G1", "G2", "G3", "G4", "G5", "G6", "G12", "G13",
    ]  # fmt: skip
    assert not failures(asked[Outcome.CODE])
    assert not failures(asked[Outcome.PENDING])


GONE = (replace(mails.NORTHERN, contacts=mails.NORTHERN.contacts[1:]), cases.SOUTHERN)
COMMISSIONED = Records(cases.records(A) | {B: cases.record(B, status="Commissioned")}, {}, Rates())


@pytest.mark.parametrize(
    ("given", "gate_failed"),
    [
        ({"records": COMMISSIONED}, Gate.DEVICE_ENTITLED),
        ({"records": Records({A: cases.record(A)}, {}, Rates())}, Gate.DEVICE_ENTITLED),
        ({"records": Records(cases.records(A, B), {}, Rates(codes_today_to_party=499))}, Gate.WITHIN_LIMITS),
        ({"surroundings": replace(SECURE, relay_secure=False)}, Gate.RELAY_TRANSPORT),
        ({"book": GONE}, Gate.ONE_LISTED_RECIPIENT),
        ({"letter": plan(to=cases.SOUTHERN_ADDRESS)}, Gate.ONE_LISTED_RECIPIENT),
        ({"letter": plan(to="attacker@elsewhere.example")}, Gate.ONE_LISTED_RECIPIENT),
        ({"letter": plan(to=mails.COLLEAGUE_ADDRESS)}, Gate.ONE_LISTED_RECIPIENT),
        ({"kept": proof(origin(), complete=False)}, Gate.READ_WHOLE),
        *[({"surroundings": replace(SECURE, suspensions=frozenset({s}))}, Gate.NOT_SUSPENDED) for s in Suspension],
    ],
)
def test_what_changed_since_the_decision_stops_a_code(given: dict[str, Any], gate_failed: Gate) -> None:
    """A device commissioned, a contact struck off, a cap reached, a suspension: asked at the last moment, by name."""
    letter = given.pop("letter", plan())

    assert [name for name, _ in at_send(letter, **given)] == [gate_failed]


def test_a_writer_who_moved_to_another_party_gets_nothing() -> None:
    """An address that the list now gives to another supplier is no recipient for the first one's letter."""
    moved = (replace(cases.SOUTHERN, contacts=mails.NORTHERN.contacts),)

    for outcome in (Outcome.CODE, Outcome.PENDING):
        assert (Gate.WRITER_LISTED, Reason.GATE_AT_SEND) in at_send(plan(outcome), book=moved)


def test_a_writer_struck_off_the_list_gets_nothing() -> None:
    """Neither a code nor a plain answer."""
    codes = dict(at_send(plan(), book=(cases.SOUTHERN,)))
    words = dict(at_send(plan(Outcome.PENDING), book=(cases.SOUTHERN,)))

    assert {Gate.WRITER_LISTED, Gate.ONE_LISTED_RECIPIENT, Gate.DEVICE_ENTITLED} >= set(codes) > set()
    assert set(words) == {Gate.WRITER_LISTED, Gate.ONE_LISTED_RECIPIENT}


@pytest.mark.parametrize(
    "kept",
    [
        proof(origin(), complete=False),
        proof(origin(date=None)),
        proof(origin(reply_to="x@elsewhere.example")),
    ],
)
def test_an_interim_answer_passes_where_its_reason_is_no_doubt_about_who_wrote(kept: Proof) -> None:
    """Held items are told PENDING; were that letter held too, nobody would hear anything."""
    assert at_send(plan(Outcome.PENDING), kept=kept) == []
    assert at_send(plan(), kept=kept) != []


def test_no_letter_at_all_answers_an_unproven_mail() -> None:
    """Whatever it would say."""
    assert at_send(plan(Outcome.PENDING), unproven()) != []
    assert at_send(plan(Outcome.PENDING), spf_only()) == [(Gate.DKIM_ALIGNED, Reason.SPF_ONLY_SENDER)]
