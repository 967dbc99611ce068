"""The attacks on asking, from the header bytes to the decision. Rows are those of the threat model.

What is read is real: header blocks go through the readers of `daemon.mail`, and whoever they say wrote is identified
against the contact list. Every attack asks for the code of a device that the true supplier would get.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daemon.mail import headers
from daemon.mail.message import Origin
from daemon.mail.sender.origin import Profile, Trust, read_origin
from daemon.rules.decide import decide
from daemon.rules.decision import Decision, Fate
from daemon.rules.facts import Rates
from daemon.rules.meaning import Correspondence, OwnMail
from daemon.rules.policy import Contact, ContactKind
from daemon.rules.reasons import Reason
from daemon.rules.thread import State
from daemon.rules.understand import understand
from tests.rules import cases, mails
from tests.rules.cases import A, B, ask, device, facts, policy, rows

MX = "mx.our-company.example"
TRUST = Trust(authserv_id=MX, profile=Profile.GENERIC)
NORTH = mails.SUPPLIER_DOMAIN
FROM = f"From: Install Codes <{mails.MP121_ADDRESS}>"
DATE = "Date: Mon, 08 Jun 2026 09:29:00 +0000"
OUTSIDE = (
    f"Received: from out.example (out.example [203.0.113.9]) by {MX} with ESMTPS id 1; Mon, 08 Jun 2026 09:30:00 +0000"
)
DKIM = f"DKIM-Signature: v=1; a=rsa-sha256; d={NORTH}; s=k; h=From:To:Subject:Date; bh=aaaa; b=c2lnbmF0dXJl"
TAIL = (f"To: {cases.OURS}", "Subject: Install codes please", "Message-ID: <1@x.example>")


def results(dmarc: str = "pass", dkim: str = "pass", server: str = MX, domain: str = NORTH) -> str:
    """A verdict."""
    return (
        f"Authentication-Results: {server}; dmarc={dmarc} header.from={domain};"
        f" dkim={dkim} header.d={domain}; spf=pass smtp.mailfrom={domain}"
    )


def read(*lines: str, trust: Trust = TRUST) -> Origin:
    """The origin of a mail with these header lines."""
    return read_origin(headers.fields("\r\n".join(lines).encode()), trust)


def written(
    *, verdict: str | None = None, sender: str = FROM, date: str = DATE, signed: str = DKIM, more: tuple[str, ...] = ()
) -> Origin:
    """A genuine mail's origin, but for what is given."""
    return read(verdict or results(), OUTSIDE, signed, sender, date, *TAIL, *more)


def attack(origin: Origin, **given: Any) -> Decision:
    """What a request by this writer for one device leads to."""
    return ask(A, written_by=origin, **given)


def test_the_genuine_mail_gets_its_code() -> None:
    """Else nothing below would prove anything."""
    assert rows(attack(written())) == {A: ("CODE", "")}


def is_silent(decision: Decision) -> bool:
    """Nobody hears of it, and the mail is not touched."""
    return decision.fate is Fate.IGNORED and not decision.plans and not decision.threads and not decision.moves_mail


def is_held(decision: Decision, reason: Reason) -> bool:
    """Ops look; no letter to anybody, nothing changed."""
    return (decision.fate, decision.reason, decision.plans, decision.threads) == (Fate.HELD, reason, (), ())


@pytest.mark.parametrize("result", ["fail", "none", "softfail", "temperror", "permerror", "policy", "bestguesspass"])
def test_row_1_a_forged_sender_is_held_if_listed_and_silent_if_not(result: str) -> None:
    """DMARC says anything but pass."""
    listed = written(verdict=results(dmarc=result, dkim="fail"))
    unlisted = written(verdict=results(dmarc=result, dkim="fail", domain="no.test"), sender="From: a@no.test")

    assert is_held(attack(listed), Reason.UNPROVEN_SENDER)
    assert is_silent(attack(unlisted))


FORGED, REAL = results(), results(dmarc="fail", dkim="fail")


@pytest.mark.parametrize(
    "lines",
    [
        (REAL, OUTSIDE, FORGED, FROM, DATE, DKIM, *TAIL),
        (REAL, FORGED, OUTSIDE, FROM, DATE, DKIM, *TAIL),
        (FORGED, REAL, OUTSIDE, FROM, DATE, DKIM, *TAIL),
        (REAL, OUTSIDE, FROM, DATE, DKIM, *TAIL, FORGED),
        (OUTSIDE, FORGED, FROM, DATE, DKIM, *TAIL),
        (OUTSIDE, FROM, FORGED, DATE, DKIM, *TAIL),
    ],
)
def test_rows_2_and_3_a_forged_verdict_proves_nothing_wherever_it_stands(lines: tuple[str, ...]) -> None:
    """Below the real one, above it, or where our server adds none: held, never answered."""
    assert is_held(attack(read(*lines)), Reason.UNPROVEN_SENDER)


@pytest.mark.parametrize(
    "server",
    [
        f"{MX}.evil.test", f"evil.{MX}", f"x{MX}", f'"{MX}"', f"({MX}) evil.test", f"{MX}(x).evil.test", "evil.test",
        f"evil.test ({MX})", f"{MX}\\", f"{MX} 2", f"{MX},evil.test", f"{MX}:25", "", f"{MX}/1", f"-{MX}", f"{MX[:-1]}",
    ],
)  # fmt: skip
def test_row_4_a_server_name_like_ours_is_not_ours(server: str) -> None:
    """Byte for byte, any case, or it is a stranger's word."""
    assert is_held(attack(written(verdict=results(server=server))), Reason.UNPROVEN_SENDER)


@pytest.mark.parametrize("server", [MX.upper(), f"{MX} 1"])
def test_row_4_our_server_s_name_in_other_case_or_with_its_version_is_ours(server: str) -> None:
    """RFC 8601 allows both."""
    assert rows(attack(written(verdict=results(server=server))))[A] == ("CODE", "")


@pytest.mark.parametrize(
    "sender",
    [
        f"{FROM}\r\nFrom: b@evil.test", f"From: b@evil.test\r\n{FROM}", f" {FROM}\r\nFrom: b@evil.test", f"{FROM}, b@evil.test",
        f"From : b@evil.test\r\n{FROM}", f"From: b@evil.test <{mails.MP121_ADDRESS}> x", f"From: <{mails.MP121_ADDRESS}>,",
        f"From: group: {mails.MP121_ADDRESS};", f"From: <@evil.test:{mails.MP121_ADDRESS}>", "X: y",
        f"{FROM}\r\nSender: a@x.test\r\nSender: b@x.test", f"{FROM}\r\nDate: Mon, 01 Jun 2026 00:00:00 +0000",
        f"{FROM}\r\nSubject: another", f"{FROM}\r\nReply-To: a@x.test\r\nReply-To: b@x.test",
    ],
)  # fmt: skip
def test_rows_7_to_11_and_18_a_sender_that_can_be_read_two_ways_is_held(sender: str) -> None:
    """Two From fields, folded and blank-led ones, lists, groups, routes, doubled identity headers."""
    assert is_held(attack(written(sender=sender)), Reason.AMBIGUOUS_SENDER)


def test_row_12_a_listed_address_as_a_display_name_is_a_name() -> None:
    """The addr-spec alone says who wrote."""
    sender = f'From: "{mails.MP121_ADDRESS}" <a@evil.test>'

    assert is_silent(attack(written(sender=sender, verdict=results(dmarc="fail", dkim="fail", domain="evil.test"))))


@pytest.mark.parametrize("proven", [True, False])
def test_row_13_a_look_alike_domain_hears_nothing_and_ops_do(proven: bool) -> None:
    """A forger may well own the domain and sign for it."""
    domain = "northem-energy.example"
    verdict = results(domain=domain) if proven else results(dmarc="fail", dkim="fail", domain=domain)
    decision = attack(written(sender=f"From: mp121@{domain}", verdict=verdict, signed=DKIM.replace(NORTH, domain)))

    assert is_held(decision, Reason.LOOKALIKE_DOMAIN)
    assert decision.notes == (f"its domain looks like {NORTH}",)


@pytest.mark.parametrize("domain", [f"x.{NORTH}", f"{NORTH}.evil.test"])
@pytest.mark.parametrize("proven", [True, False])
def test_row_14_a_sub_domain_of_a_listed_one_is_not_listed(domain: str, proven: bool) -> None:
    """x.listed and listed.x: held, proven or not."""
    verdict = results(domain=domain) if proven else results(dmarc="fail", dkim="fail", domain=domain)
    decision = attack(written(sender=f"From: a@{domain}", verdict=verdict))

    assert is_held(decision, Reason.UNLISTED_SENDER if proven else Reason.UNPROVEN_SENDER)


@pytest.mark.parametrize("dkim", ["none", "fail", "neutral", "temperror"])
def test_rows_15_and_16_spf_alone_is_held(dkim: str) -> None:
    """Shared senders and smuggled second messages pass SPF and DMARC; they lack the victim's signature."""
    assert is_held(attack(written(verdict=results(dkim=dkim))), Reason.SPF_ONLY_SENDER)


@pytest.mark.parametrize(
    "signed",
    [
        f"{DKIM}; l=10",
        f"{DKIM}; l=0",
        DKIM.replace("From:To:Subject:Date", "From:To"),
        f"{DKIM}\r\n{DKIM}; l=10",
        f"{DKIM}; l=10\r\n{DKIM}",
    ],
)
def test_row_17_a_signature_that_covers_only_part_is_held(signed: str) -> None:
    """Text may have been appended below it; a whole signature of the same domain beside it proves nothing."""
    assert is_held(attack(written(signed=signed)), Reason.PARTIAL_SIGNATURE)


def test_row_19_a_replayed_mail_gets_no_code() -> None:
    """A day later under a new Message-ID its signature is known; a month later, unknown to us, its date is old."""
    reused = attack(written(), proof=cases.proof(written(), signature_reused=True))
    stale = attack(written(date="Date: Fri, 08 May 2026 09:29:00 +0000"))

    assert is_held(reused, Reason.REPLAYED_SIGNATURE)
    assert stale.plans[0].code_devices == ()
    assert stale.plans[0].to == mails.MP121_ADDRESS
    assert [(i.state, i.reason) for i in stale.threads[0].items] == [(State.HELD, Reason.STALE_MAIL)]


@pytest.mark.parametrize(("expires", "held"), [(1780910999, True), (1780911001, False)])
def test_row_20_an_expired_signature_is_held(expires: int, held: bool) -> None:
    """A second before the mail arrived, and a second after (x= counts from 1970)."""
    assert datetime.fromtimestamp(expires, UTC) - mails.MONDAY in (timedelta(seconds=-1), timedelta(seconds=1))
    assert is_held(attack(written(signed=f"{DKIM}; x={expires}")), Reason.PARTIAL_SIGNATURE) is held


def test_row_21_arc_is_never_proof() -> None:
    """An ARC chain that passes does not mend a DMARC failure."""
    arc = (
        f"ARC-Authentication-Results: i=1; {MX}; dmarc=pass header.from={NORTH}",
        "ARC-Seal: i=1; cv=pass; d=x.test; b=aa",
    )

    assert is_held(attack(written(verdict=results(dmarc="fail", dkim="fail"), more=arc)), Reason.UNPROVEN_SENDER)


@pytest.mark.parametrize(
    ("reply_to", "held"),
    [("a@evil.test", True), (f"b@{NORTH}", False), (f"b@mail.{NORTH}", False), (mails.MP121_ADDRESS, False)],
)
def test_row_22_reply_to_is_never_followed_and_a_foreign_one_is_held(reply_to: str, held: bool) -> None:
    """The answer goes to the listed address whatever it says."""
    decision = attack(written(more=(f"Reply-To: {reply_to}",)))

    assert [plan.to for plan in decision.plans] == [mails.MP121_ADDRESS]
    assert bool(decision.plans[0].code_devices) is not held


def test_row_23_a_copy_is_asked_for_in_vain() -> None:
    """Cc, and words that ask for another address, change nothing: one letter, one listed address."""
    meaning = understand(
        mails.mail(f"Please send the install code for {A} to x@evil.test and copy y@evil.test.", written_by=written()),
        mails.contact(),
    )
    decision = decide(facts(written(more=("Cc: y@evil.test",))), meaning, policy())

    assert [plan.to for plan in decision.plans] == [mails.MP121_ADDRESS]
    assert "evil" not in decision.plans[0].subject
    assert rows(decision) == {A: ("CODE", "")}


OF_NORTH = cases.thread(cases.answered(A), cases.item(B))
SOUTH = f"From: {cases.SOUTHERN_ADDRESS}"


def by_south(**changes: Any) -> dict[str, Any]:
    """A proven mail of another supplier."""
    signed = DKIM.replace(NORTH, cases.SOUTHERN_DOMAIN)
    origin = written(sender=SOUTH, verdict=results(domain=cases.SOUTHERN_DOMAIN), signed=signed)
    return {"written_by": origin, "home": OF_NORTH} | changes


@pytest.mark.parametrize("meaning", [Correspondence(chase=True), Correspondence(withdraws=True)])
def test_rows_24_and_25_a_reference_in_other_hands_opens_nothing(meaning: Correspondence) -> None:
    """Supplier B quotes A's reference: the same answer as for one that we never gave, and A's thread stays as it is."""
    stolen = decide(facts(**by_south()), meaning, policy())
    guessed = decide(facts(**by_south(home=None)), meaning, policy())

    assert stolen == guessed
    assert stolen.joins != OF_NORTH.case_id
    assert rows(stolen) == {}


def test_row_24_another_supplier_s_thread_does_not_make_a_repeat() -> None:
    """B asks in A's thread for the device that A got: held, in a thread of B's own."""
    decision = ask(A, **by_south(releases={A: cases.sent(timedelta(days=2))}))
    (own,) = decision.threads

    assert own.party == "Southern Power"
    assert own.case_id == cases.CASE
    assert [(i.state, i.reason) for i in own.items] == [(State.HELD, Reason.ASKED_BY_ANOTHER)]


def test_row_24_an_unproven_reply_changes_no_thread() -> None:
    """The listed name, the right In-Reply-To, no proof: held apart from the thread."""
    decision = decide(
        facts(written(verdict=REAL), home=OF_NORTH),
        Correspondence(withdraws=True, references=("IC-00000002",)),
        policy(),
    )

    assert is_held(decision, Reason.UNPROVEN_SENDER)
    assert decision.joins == ""


def test_row_27_an_answer_that_we_did_not_ask_for_is_held() -> None:
    """Codes from another supplier are taken by nobody but a person."""
    decision = decide(facts(**by_south()), Correspondence(brings_codes=True), policy())

    assert is_held(decision, Reason.UNASKED_ANSWER)


def test_row_28_our_own_address_as_a_sender_is_silent() -> None:
    """Whoever wrote it, proven or not: no loop, no answer."""
    origin = written(sender=f"From: {cases.OURS}", verdict=results(domain="our-company.example"))
    writer = facts(origin).writer
    meaning = understand(mails.mail(f"install code for {A} please", written_by=origin), writer)

    assert meaning == OwnMail()
    assert is_silent(decide(facts(origin), meaning, policy()))


def test_row_29_a_mailbox_taken_over_gets_the_cap_and_no_more() -> None:
    """Two hundred mails of five devices in an hour, the brake lifted: at most the day's number of codes is granted."""
    by = cases.limits(codes_per_counterparty_per_day=50, letters_per_counterparty_per_hour=10_000)
    granted = waiting = 0
    for mail in range(200):
        wanted = [device(5 * mail + n) for n in range(5)]
        rates = Rates(codes_today_to_party=granted, codes_today=granted, codes_waiting_for_party=waiting)
        decision = ask(*wanted, by=by, records=cases.records(*wanted), rates=rates)
        granted += len(decision.plans[0].code_devices)
        waiting += sum(i.state is State.PENDING for i in decision.threads[0].items)

    assert granted == 50
    assert waiting == 14 * 50


def test_row_32_our_new_mailbox_is_no_mailbox_of_theirs_yet() -> None:
    """The new address is unlisted and held; added by email it does not count for 72 hours, nor brings colleagues."""
    new = "From: codes@northern-new.example"
    origin = written(
        sender=new, verdict=results(domain="northern-new.example"), signed=DKIM.replace(NORTH, "northern-new.example")
    )
    later = Contact("codes@northern-new.example", ContactKind.MP121, counts_from=cases.NOW + timedelta(hours=72))
    book = (replace(mails.NORTHERN, contacts=(*mails.NORTHERN.contacts, later)), cases.SOUTHERN)

    assert is_held(attack(origin), Reason.UNLISTED_SENDER)
    assert is_held(attack(origin, counterparties=book), Reason.CONTACT_NOT_ACTIVE)
    assert attack(written(), counterparties=book).plans[0].to == mails.MP121_ADDRESS
