"""Every reason is reached: by a decision, or by a station that is named here."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from daemon.mail.message import Attachment, Machine, MarkedKind, Reading
from daemon.rules.decide import decide
from daemon.rules.decide.turns import held_after_send
from daemon.rules.decision import Decision
from daemon.rules.explain import cause, next_step, why
from daemon.rules.facts import Rates, Surroundings
from daemon.rules.meaning import Correspondence, MachineMail, Meaning, NotOurs, OpsMail, OwnMail
from daemon.rules.policy import Colleagues, ContactKind, Limits, Mode, Policy
from daemon.rules.reasons import Reason
from daemon.rules.thread import State
from tests.rules import cases, mails
from tests.rules.cases import A, B, asks, facts, origin, policy, proof, thread

DAY = timedelta(days=1)
COMMISSIONED = {A: cases.record(A, status="Commissioned")}
OTHER = {A: cases.record(A, gaining_supplier="SOUT")}
BROKEN = mails.mail("x", attachments=(Attachment("a.zip", "x/y", 1, "0", Reading.UNREADABLE, "locked"),))
ONE_A_DAY = policy(limits=Limits(codes_per_counterparty_per_day=1))
LATER = (replace(mails.NORTHERN, contacts=(replace(mails.MP121, counts_from=cases.NOW + DAY),)),)
NO_ADDRESS = (replace(mails.NORTHERN, contacts=(replace(mails.MP121, kind=ContactKind.ESCALATION),)),)
THIRTY = {A: cases.sent(2 * DAY, 3 * DAY, 4 * DAY)}
IN_THE_OPEN = Surroundings(mailbox_secure=False, relay_secure=True)

Given = tuple[Meaning, dict[str, Any], Policy]


def given(meaning: Meaning | None = None, by: Policy | None = None, **of_facts: Any) -> Given:
    """A request for one device, unless told otherwise."""
    return meaning or asks(A), of_facts, by or policy()


DECIDED: dict[Reason, Given] = {
    Reason.REQUEST: given(),
    Reason.SOME_NOT_WANTED: given(asks(A, B, leaves_some_out=True)),
    Reason.NO_PLAIN_REQUEST: given(asks(A, no_plain_request=True)),
    Reason.WARNING: given(Correspondence(no_plain_request=True)),
    Reason.CHASE: given(Correspondence(chase=True), home=thread(cases.item(A))),
    Reason.WITHDRAWAL: given(Correspondence(withdraws=True), home=thread(cases.item(A))),
    Reason.NEED_MORE: given(Correspondence(wants_codes=True)),
    Reason.ACKNOWLEDGEMENT: given(Correspondence(acknowledgement=True), home=thread(cases.item(A))),
    Reason.NOT_OURS: given(NotOurs()),
    Reason.BOUNCE: given(MachineMail(Machine.BOUNCE, "")),
    Reason.AUTO_REPLY: given(MachineMail(Machine.AUTO_REPLY, "")),
    Reason.RECEIPT: given(MachineMail(Machine.RECEIPT, "")),
    Reason.ROBOT: given(MachineMail(Machine.ROBOT, "")),
    Reason.OWN_MAIL: given(OwnMail()),
    Reason.OPS_MAIL: given(OpsMail()),
    Reason.STRANGER: given(written_by=cases.unproven("a@no.test")),
    Reason.LOOP_BRAKE: given(rates=Rates(letters_to_party_1h=20)),
    Reason.AMBIGUOUS_SENDER: given(written_by=origin(None)),
    Reason.UNPROVEN_SENDER: given(written_by=cases.unproven()),
    Reason.SPF_ONLY_SENDER: given(written_by=cases.spf_only()),
    Reason.UNLISTED_SENDER: given(written_by=origin("a@no.test")),
    Reason.COLLEAGUE: given(by=policy(colleagues=Colleagues.HOLD), written_by=origin(mails.COLLEAGUE_ADDRESS)),
    Reason.CONTACT_NOT_ACTIVE: given(counterparties=LATER),
    Reason.NO_REPLY_ADDRESS: given(counterparties=NO_ADDRESS, written_by=origin(mails.COLLEAGUE_ADDRESS)),
    Reason.PARTIAL_SIGNATURE: given(written_by=origin(signatures=())),
    Reason.STALE_MAIL: given(written_by=origin(date=None)),
    Reason.REPLAYED_SIGNATURE: given(proof=proof(origin(), signature_reused=True)),
    Reason.CANNOT_READ: given(mail=BROKEN),
    Reason.JUNK_FOLDER: given(proof=proof(origin(), from_junk=True)),
    Reason.UNASKED_ANSWER: given(Correspondence(brings_codes=True)),
    Reason.COMPLAINT: given(Correspondence(complains=True), home=thread(cases.item(A))),
    Reason.SAID_TWICE: given(Correspondence(wants_codes=True), home=thread(), rates=Rates(letters_on_thread_24h=2)),
    Reason.NOT_UNDERSTOOD: given(Correspondence(needs_thread=True), home=thread(cases.item(A))),
    Reason.ORDERED_IN_VAIN: given(NotOurs(), ordered=True),
    Reason.UNREAD_REPLY: given(NotOurs(), inquired=frozenset({A}), inquiry="cd" * 32),
    Reason.MAILBOX_NOT_TRUSTED: given(surroundings=IN_THE_OPEN),
    Reason.LOOKALIKE_DOMAIN: given(written_by=origin("a@northem-energy.example")),
    Reason.FOREIGN_REPLY_TO: given(written_by=origin(reply_to="a@no.test")),
    Reason.INVENTORY_STALE: given(records={}, inventory_taken_at=None),
    Reason.DEVICE_STATUS: given(records=COMMISSIONED),
    Reason.OTHER_SUPPLIER_RECORDED: given(records=OTHER),
    Reason.ASKED_BY_ANOTHER: given(asked_by_others=frozenset({A})),
    Reason.REPEAT_LIMIT: given(releases=THIRTY),
    Reason.CAP_BREAKS_DUE_DATE: given(by=ONE_A_DAY, rates=Rates(codes_waiting_for_party=14)),
    Reason.GLOBAL_CAP: given(rates=Rates(codes_today=5000)),
    Reason.OBSERVE_ONLY: given(by=policy(mode=Mode.OBSERVE)),
    Reason.DAILY_CAP: given(asks(A, B), by=ONE_A_DAY),
    Reason.ASKED_TOO_SOON: given(releases={A: cases.sent(DAY / 2)}),
    Reason.ANSWERED: given(),
    Reason.WITHDRAWN_BY_ASKER: given(Correspondence(withdraws=True), home=thread(cases.item(A))),
}
ELSEWHERE = {
    Reason.BEFORE_START: "casework, by the mail's arrival",
    Reason.DUPLICATE: "casework, by its semantic key",
    Reason.POISON: "settle, after three crashes",
    Reason.ANSWER_RECEIVED: "receiving, for a mail that answers us",
    Reason.LETTER_BOUNCED: "bouncing, for a report that a letter did not arrive",
    Reason.DELIVERY_REPORT: "bouncing, for any other report of a letter",
    Reason.DOUBTFUL_BOUNCE: "bouncing, for a report that is not believed",
    Reason.COMMAND: "commanding, for a mail that orders something",
    Reason.UNPROVEN_COMMAND: "commanding, where nothing proves who ordered it",
    Reason.KEPT_BACK: "the gate at send, for a letter that waits while letters are stopped",
    Reason.CLOSED_BY_OPS: "commanding, for CLOSE and for REJECT of a mail held whole",
}
AFTER_SEND = (Reason.REFUSED_BY_RELAY, Reason.GATE_AT_SEND, Reason.OUTCOME_UNKNOWN)


def reasons_of(decision: Decision) -> set[Reason | None]:
    """Every reason that a decision records."""
    return {decision.reason, *(item.reason for one in decision.threads for item in one.items)}


@pytest.mark.parametrize("reason", DECIDED)
def test_a_mail_leads_to_this_reason(reason: Reason) -> None:
    """With the facts beside it."""
    meaning, of_facts, by = DECIDED[reason]

    assert reason in reasons_of(decide(facts(**of_facts), meaning, by))


@pytest.mark.parametrize("reason", AFTER_SEND)
def test_a_letter_that_did_not_go_leads_to_this_reason(reason: Reason) -> None:
    """Said by the sending station."""
    held = held_after_send(thread(cases.answered(A)), [A], reason, cases.NOW, policy()).items[0]

    assert (held.state, held.reason) == (State.HELD, reason)


def test_no_reason_is_out_of_reach() -> None:
    """A new one needs a test here, or a station that says it."""
    assert set(DECIDED) | set(ELSEWHERE) | set(AFTER_SEND) == set(Reason)
    assert not set(DECIDED) & set(ELSEWHERE)


def test_every_reason_has_words() -> None:
    """For ops, `status` and `read`."""
    assert all(cause(reason) and why(reason).endswith(".") and next_step(reason) for reason in Reason)


def test_the_mark_of_a_machine_is_no_reason() -> None:
    """A marked request is a request."""
    written_by = origin(machine=Machine.ROBOT, mark=MarkedKind.REQUEST)

    assert decide(facts(written_by), asks(A), policy()).reason is Reason.REQUEST
