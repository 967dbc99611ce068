"""The threat model row by row: which test proves what the row requires. Those that are not named elsewhere stand below.

row  proved by
  1  rules/test_decide_attacks.py::test_row_1_..., mail/test_authres.py::test_rows_1_15_21_...
  2  rules/test_decide_attacks.py::test_rows_2_and_3_..., mail/test_authres.py::test_rows_2_3_...; below: test_row_02_...
  3  mail/test_authres.py::test_row_3_...; below: test_row_03_...
  4  rules/test_decide_attacks.py::test_row_4_..., mail/test_authres.py::test_row_4_...
  5  mail/test_authres.py::test_row_5_..., test_rows_5_6_...; below: test_row_05_...
  6  mail/test_authres.py::test_rows_5_6_...; below: test_row_06_...
  7  mail/test_headers.py (ids "row 7"), rules/test_decide_attacks.py::test_rows_7_to_11_and_18_...; below: test_row_07_...
  8  mail/test_headers.py (ids "row 8"), rules/test_decide_attacks.py::test_rows_7_to_11_and_18_...
  9  mail/test_headers.py (ids "row 9")
 10  mail/test_addresses.py::test_row_10_...
 11  mail/test_headers.py (id "row 11"), mail/test_addresses.py::test_row_10_...; below: test_row_11_...
 12  rules/test_decide_attacks.py::test_row_12_..., mail/test_addresses.py::test_row_12_...
 13  rules/test_counterparties.py::test_row_13_..., rules/test_decide_attacks.py::test_row_13_...
 14  rules/test_decide_attacks.py::test_row_14_..., mail/test_authres.py::test_row_14_...
 15  rules/test_decide_attacks.py::test_rows_15_and_16_...
 16  rules/test_decide_attacks.py::test_rows_15_and_16_... (the header a smuggled mail gets; no smuggle against a test MX)
 17  rules/test_decide_attacks.py::test_row_17_...; below: test_row_17_...
 18  rules/test_decide_attacks.py::test_rows_7_to_11_and_18_...; below: test_row_18_...
 19  rules/test_decide_attacks.py::test_row_19_..., edge/test_inbox.py ("Attack row 19"); below: test_row_19_...
 20  rules/test_decide_attacks.py::test_row_20_... (x= alone: a weak key or t=y is our server's to judge)
 21  rules/test_decide_attacks.py::test_row_21_..., mail/test_authres.py::test_rows_1_15_21_...
 22  rules/test_decide_attacks.py::test_row_22_..., mail/test_origin.py::test_row_22_...
 23  rules/test_decide_attacks.py::test_row_23_...
 24  rules/test_decide_attacks.py::test_row_24_..., edge/test_threads.py ("Attack row 24"); below: test_row_24_...
 25  rules/test_decide_attacks.py::test_rows_24_and_25_...
 26  below: test_row_26_..., test_bouncing.py, journeys/test_bounces.py
 27  rules/test_decide_attacks.py::test_row_27_...
 28  rules/test_decide_attacks.py::test_row_28_..., journeys/test_not_answered.py::test_our_own_letter_that_comes_back_...,
     attacks/test_commands.py::test_row_28_...
 29  rules/test_decide_attacks.py::test_row_29_..., journeys/test_caps.py
 30  rules/test_decide_items.py::test_row_30_..., journeys/test_held.py::test_what_another_supplier_asked_for_is_not_betrayed
 31  rules/test_decide_items.py::test_row_31_...; below: test_row_31_...
 34  attacks/test_commands.py::test_row_34_..., journeys/test_approving.py::test_one_person_with_two_addresses_...
 35  attacks/test_commands.py::test_row_35_..., journeys/test_approving.py::test_what_is_no_approval_...
 36  attacks/test_commands.py::test_row_36_..., journeys/test_approving.py::test_a_used_or_old_letter_...
 37  attacks/test_commands.py::test_row_37_...
 38  attacks/test_commands.py::test_row_38_...
 39  attacks/test_commands.py::test_row_39_...
 40  attacks/test_commands.py::test_row_40_..., journeys/test_approving.py::test_one_bad_line_and_nothing_is_done
 41  mail/test_parse.py::test_row_41_..., mail/test_markup.py::test_row_41_...
 42  mail/test_parse.py::test_row_42_...
 43  mail/test_parse.py::test_row_43_..., journeys/test_bad_mail.py::test_a_mail_above_the_limit_...,
     edge/test_inbox.py::test_large_mails_are_claimed_few_at_a_time
 44  mail/test_attachments.py::test_row_44_..., mail/test_sheets.py::test_rows_44_45_...
 45  mail/test_sheets.py::test_rows_44_45_... (ids "row 45")
 46  mail/test_parse.py::test_row_46_..., rules/test_scanning.py::test_row_46_..., rules/test_personal.py::test_row_46_...;
     below: test_row_46_...
 47  rules/test_scanning.py::test_row_47_..., mail/test_parse.py::test_row_47_...
 48  mail/test_compose.py::test_no_cell_is_ever_a_formula
 49  rules/test_wording.py::test_nothing_of_theirs_becomes_markup, test_a_page_takes_nothing_from_outside; below: test_row_49_...
 50  mail/test_headers.py::test_row_50_..., mail/test_parse.py::test_row_50_..., journeys/test_bad_mail.py::test_hostile_subjects_...
 51  below: test_row_51_...
 52  edge/test_smtp.py::test_no_address_says_a_command_of_its_own, edge/test_imap.py::test_control_characters_never_reach_the_server
 53  mail/test_compose.py::test_any_text_arrives_as_it_was, test_lines_that_mail_servers_trip_over_arrive,
     edge/test_smtp.py::test_what_goes_on_the_wire_ends_once_and_nowhere_before
 54  mail/test_attachments.py::test_row_54_..., rules/test_wording.py::test_a_template_in_their_words_is_not_run
 55  edge/test_inbox.py::test_a_mail_that_crashed_comes_alone (no load of 10,000 mails, no queue by sender: order of arrival)
 56  rules/test_decide.py::test_row_56_..., whole/test_two_daemons.py
 57  edge/test_smtp.py::test_a_stripped_starttls_gets_no_login, test_what_is_injected_before_tls_is_not_believed,
     test_a_certificate_that_proves_nothing_is_refused; edge/test_imap.py::test_a_greeting_as_logged_in_is_not_accepted,
     test_no_starttls_no_password, test_a_strange_certificate_gets_no_password
 59  whole/test_canaries.py, journeys/test_answering.py::test_a_code_is_seen_in_its_letter_alone, test_logs.py
 64  rules/test_decide.py::test_row_64_...
 65  journeys/test_observing.py, journeys/test_shared_mailbox.py (mode `observe` by default; another's mailbox is not told apart)
"""

import dataclasses
import json
import logging
from email import message_from_bytes

import pytest
from structlog.testing import capture_logs

from daemon.mail.message import Evidence, IncomingMail, Source, Table
from daemon.mail.parse import parse
from daemon.mail.sender.origin import Profile, Trust
from daemon.rules.decision import Fate
from daemon.rules.reasons import Reason
from daemon.rules.sense.listing import MAX_SEARCHED, TOO_MUCH
from daemon.rules.understand import understand
from tests.journeys.world import A0, A1, A2, ANN, COMMISSIONED, WEST, World, flat, text_of, written
from tests.rules import cases, mails
from tests.rules.cases import A, ask
from tests.servers.scripted_smtp import ScriptedSmtp

MX = "mx.our-company.example"
OWN = Trust(MX, Profile.GENERIC, own_hops=("relay.our-company.example",))
GOOGLE = Trust("mx.google.com", Profile.GOOGLE)
NORTH = mails.SUPPLIER_DOMAIN
OUTSIDE = (
    f"Received: from out.example (out.example [203.0.113.9]) by {MX} with ESMTPS id 1; Mon, 08 Jun 2026 09:30:00 +0000"
)
FORGED_HOP = (
    "Received: from a.example (a.example [203.0.113.1]) by b.example with ESMTP; Mon, 08 Jun 2026 09:29:30 +0000"
)
PASS = f"Authentication-Results: {MX}; dmarc=pass header.from={NORTH}; dkim=pass header.d={NORTH}"
SPF = f"Authentication-Results: {MX}; spf=pass smtp.mailfrom={NORTH}; dmarc=pass header.from={NORTH}"
SIGNED = f"DKIM-Signature: v=1; d={NORTH}; s=k; h=From:To:Subject:Date; bh=aa; b=c2lnbmF0dXJl"
WRITTEN = (
    f"From: Install Codes <{mails.MP121_ADDRESS}>",
    f"To: {cases.OURS}",
    "Subject: Install codes please",
    "Date: Mon, 08 Jun 2026 09:29:00 +0000",
    "Message-ID: <1@x.example>",
)
embedded = pytest.mark.parametrize("account", ["embedded"], indirect=True)


def read(*head: str, trust: Trust = OWN, body: str = "the words that were signed", end: str = "\r\n") -> IncomingMail:
    """A mail with these header lines, read."""
    return parse(end.join((*head, "", body, "")).encode(), trust)


def reason(mail: IncomingMail) -> Reason:
    """Why a request in this mail, for a device that its sender would get, is not answered with a code."""
    decision = ask(A, written_by=mail.origin, mail=mail)
    assert decision.fate is Fate.HELD
    assert not decision.plans
    return decision.reason


def test_the_genuine_mail_is_proven() -> None:
    """Else nothing below would prove anything."""
    mail = read(PASS, OUTSIDE, SIGNED, *WRITTEN)

    assert mail.origin.evidence is Evidence.DKIM_ALIGNED
    assert mail.new_text == "the words that were signed"
    assert ask(A, written_by=mail.origin, mail=mail).plans[0].code_devices == (A,)


def test_row_02_a_second_verdict_in_googles_run_adds_nothing() -> None:
    """What stands below Google's own header is the sender's: a signature that only it tells of is none."""
    outside = OUTSIDE.replace(MX, "mx.google.com")
    real, forged = (
        SPF.replace(MX, "mx.google.com"),
        f"Authentication-Results: mx.google.com; dkim=pass header.d={NORTH}",
    )

    assert reason(read(outside, real, forged, SIGNED, *WRITTEN, trust=GOOGLE)) is Reason.UNPROVEN_SENDER
    assert reason(read(outside, real, SIGNED, *WRITTEN, trust=GOOGLE)) is Reason.SPF_ONLY_SENDER


@pytest.mark.parametrize(
    "said",
    ["x with lmtp", "with lmtp by", "[127.0.0.1] helo= by z", "x (relay.our-company.example [203.0.113.2]) by q"],
)
def test_row_03_a_host_that_says_by_is_no_hop_of_ours(said: str) -> None:
    """Whatever the other side calls itself, its line is where the mail came in, and a verdict below it is forged."""
    outside = OUTSIDE.replace("from out.example (", f"from {said} (")

    assert reason(read(outside, PASS, FORGED_HOP, SIGNED, *WRITTEN)) is Reason.UNPROVEN_SENDER


def test_row_05_a_verdict_that_is_cut_off_is_none() -> None:
    """At sixteen thousand characters `header.d=listed.evil.test` would become `header.d=listed`."""
    value = f"{MX}; dmarc=pass header.from={NORTH}; spf=pass smtp.mailfrom=Q; dkim=pass header.d={NORTH}"
    verdict = f"Authentication-Results: {value.replace('Q', 'q' * (16 * 1024 - len(value) + 1))}.evil.test"

    assert reason(read(verdict, OUTSIDE, SIGNED, *WRITTEN)) is Reason.UNPROVEN_SENDER


@pytest.mark.parametrize("mark", ["\x1f", "\x1c", "\x85", "\u2028", "\x00", "\u00a0"])
def test_row_06_a_control_character_in_a_signers_name_parts_no_words(mark: str) -> None:
    """d=listed<US>x.y=z.evil.test is one name of the forger's, not the listed one and a property."""
    verdict = f"{SPF}; dkim=pass header.d={NORTH}{mark}x.y=z.evil.test"

    assert reason(read(verdict, OUTSIDE, SIGNED, *WRITTEN)) is Reason.UNPROVEN_SENDER


def test_row_07_a_second_from_behind_what_is_read_makes_the_sender_ambiguous() -> None:
    """A header block of 300 KB may hold anything in its end."""
    filling = [f"X-{n}: {'a' * 900}" for n in range(320)]
    mail = read(PASS, OUTSIDE, SIGNED, *WRITTEN, *filling, "From: eve@evil.test")

    assert mail.origin.evidence is Evidence.AMBIGUOUS
    assert reason(mail) is Reason.AMBIGUOUS_SENDER


@pytest.mark.parametrize("octet", [*range(9), 11, 12, *range(14, 32), 127])
def test_row_11_control_characters_in_an_address_are_nobodys(octet: int) -> None:
    """Every octet below 32 that ends no line and folds none, and DEL."""
    sender = f"From: <mp121{chr(octet)}@{NORTH}>"

    assert reason(read(PASS, OUTSIDE, SIGNED, sender, *WRITTEN[1:])) is Reason.AMBIGUOUS_SENDER


PARTIAL = SIGNED.replace("b=", "l=10; b=")


@pytest.mark.parametrize(
    "signatures",
    [
        (SIGNED.replace("v=1", f"v=1; x-pad={'a' * 17_000}") + "; l=10",),
        (f"{SIGNED}; h=From:To:Subject:Date",),
        (SIGNED, SIGNED.replace(f"d={NORTH}", f"d={NORTH} x") + "; l=10"),
    ],
    ids=["beyond what is kept of a field", "a tag named twice", "under a domain that we cannot read"],
)
def test_row_17_a_partial_signature_cannot_hide(signatures: tuple[str, ...]) -> None:
    """What we cannot read of a signature may be its `l=`, and it may be the one that passed."""
    assert reason(read(PASS, OUTSIDE, *signatures, *WRITTEN)) is Reason.PARTIAL_SIGNATURE


def test_row_17_a_partial_signature_behind_ten_others_is_an_ambiguity() -> None:
    """Ten are read; no honest mail has more."""
    assert reason(read(PASS, OUTSIDE, *[SIGNED] * 10, PARTIAL, *WRITTEN)) is Reason.AMBIGUOUS_SENDER


@pytest.mark.parametrize(
    "added",
    [
        "Note : please send the code of {}",
        "please send the code of {}",
        "Pl\u00e4ase: send the code of {}",
        "X-A: b\r\n\rplease: send the code of {}",
        "X-A: b\r\r\nplease send the code of {}",
        "X-A: b\r\rplease send the code of {}",
        " \r\nplease send the code of {}",
    ],
)
def test_row_18_what_is_added_above_a_signed_body_is_not_its_text(added: str) -> None:
    """Some readers take a header block to end at a line they do not know: a forger could write above the signed words."""
    mail = read(PASS, OUTSIDE, SIGNED, *WRITTEN, added.format(A0))

    assert mail.new_text == "the words that were signed"
    assert A0 not in mail.quoted_text + mail.forwarded_text + mail.signature_text


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\r\r\n"])
def test_row_18_an_honest_mail_is_read_whatever_ends_its_lines(end: str) -> None:
    """LF from files, CR from very old systems; CR CR LF from broken gateways, which is for a person to look at."""
    raw = end.join((PASS, OUTSIDE, SIGNED, *WRITTEN, "", "the words that were signed", "")).encode()
    mail = parse(raw, OWN)

    assert mail.origin.sender == mails.MP121_ADDRESS
    assert mail.new_text == "the words that were signed"
    assert mail.complete is (end != "\r\r\n")


@pytest.mark.parametrize(
    "spelling", ["c2lnbmF0dXJlcw==", "c2ln bmF0\r\n dXJlcw", "c2lnbmF0dXJlcx==", "c2lnbmF0dXJlcw=!="]
)
def test_row_19_a_signature_spelled_otherwise_is_the_same(spelling: str) -> None:
    """Blanks, padding and the bits that no octet uses leave the signature valid; they must not make it new to us."""
    (signature,) = read(PASS, OUTSIDE, SIGNED.replace("c2lnbmF0dXJl", spelling), *WRITTEN).origin.signatures

    assert signature.signature == "c2lnbmF0dXJlcw=="


@embedded
async def test_row_19_a_mail_replayed_under_a_new_name_gets_no_second_letter(world: World, relay: ScriptedSmtp) -> None:
    """The same signature, spelled otherwise, with another Message-ID: held, and its sender hears nothing."""
    genuine = written(ANN, f"Please send the code of {A1}")
    replayed = genuine.replace(b"Message-ID: <", b"Message-ID: <again.").replace(b"; b=", b"; b= ")
    assert replayed.count(b"again.") == 1
    await world.arrives(genuine)
    await world.settle_down()
    world.pass_time(days=2)
    await world.arrives(replayed)
    await world.settle_down()

    assert [letter.recipient for letter in relay.taken].count(ANN) == 1
    assert world.one("SELECT reason FROM mail WHERE fate = 'held'") == "replayed-signature"


@embedded
async def test_row_24_another_supplier_cannot_read_chase_or_withdraw(world: World, relay: ScriptedSmtp) -> None:
    """West knows the reference and the Message-ID of South's thread: South's item stays, and West learns no device."""
    await world.arrives(written(ANN, f"Please send the code of {COMMISSIONED}"))
    await world.settle_down()
    ours, name = world.rows("SELECT message_id, (SELECT reference FROM thread) FROM letter WHERE kind = 'answer'")[0]
    for words in (f"Please withdraw our request {name}", f"Any update on install code request {name}?"):
        await world.arrives(
            written(WEST, words, subject=f"RE: {name}", headers={"In-Reply-To": ours, "References": ours})
        )
    await world.settle_down()

    assert [tuple(row) for row in world.rows("SELECT state, party FROM item")] == [("held", "South Power")]
    assert all(COMMISSIONED not in text_of(one.content) for one in relay.taken if one.recipient == WEST)


@embedded
async def test_row_26_a_forged_bounce_changes_nothing(world: World, relay: ScriptedSmtp) -> None:
    """A delivery report in the name of a mail system, naming our letter: no letter, no item, no thread is touched, and the team hears."""
    await world.arrives(written(ANN, f"Please send the code of {A0} and {COMMISSIONED}"))
    await world.settle_down()
    before = (
        world.rows("SELECT * FROM thread"),
        world.rows("SELECT * FROM item"),
        world.rows("SELECT * FROM letter WHERE kind <> 'notice'"),
    )
    ours = world.one("SELECT message_id FROM letter WHERE kind = 'answer'")
    headers = {"In-Reply-To": ours, "References": ours, "X-Failed-Recipients": ANN, "Auto-Submitted": "auto-replied"}
    for sender in ("mailer-daemon@south.test", ANN):
        await world.arrives(written(sender, "550 5.1.1 no such user", subject="Undeliverable", headers=headers))
    await world.settle_down()

    assert before == (
        world.rows("SELECT * FROM thread"), world.rows("SELECT * FROM item"), world.rows("SELECT * FROM letter WHERE kind <> 'notice'"),
    )  # fmt: skip


@embedded
async def test_row_31_two_suppliers_in_one_batch_get_one_code_between_them(world: World, relay: ScriptedSmtp) -> None:
    """Both mails are settled in one transaction: the first is answered, the second held, told as any held item is."""
    await world.arrives(written(ANN, f"Please send the code of {A2}"))
    await world.arrives(written(WEST, f"Please send the code of {A2}"))
    await world.settle_down()

    told = {letter.recipient: letter.content for letter in relay.taken}
    assert "0011 2233" in text_of(told[ANN])
    assert "0011 2233" not in text_of(told[WEST])
    assert "A colleague is looking into this device" in flat(told[WEST])
    assert world.one("SELECT reason FROM item WHERE party = 'West Energy'") == "asked-by-another"


def _page(content: bytes) -> str:
    """The HTML of a letter."""
    parts = [part for part in message_from_bytes(content).walk() if part.get_content_type() == "text/html"]
    return b"".join(part.get_payload(decode=True) for part in parts).decode()


def _cells(cell: str) -> Table:
    return Table(Source.CSV, "list.csv", ((cell,) * 10,) * (MAX_SEARCHED // (10 * len(cell)) + 1))


def test_row_46_tables_are_searched_so_far_and_no_further() -> None:
    """Understanding is done beside everybody's mail: a sheet beyond the bound is one bad line, read whole or not at all."""
    sheet = _cells(f"{A0} 1")
    meaning = understand(mails.mail("Please send the install codes.", tables=(sheet,)), mails.contact())

    assert meaning.asked == ()
    assert [(line.where, line.why) for line in meaning.bad_lines] == [("list.csv, line 1", TOO_MUCH)]


def test_row_46_the_bound_is_one_for_all_tables_of_a_mail() -> None:
    """Many sheets cost no more than one; a list of plain Device IDs is read all the same, whatever its length."""
    half = dataclasses.replace(_cells(f"{A0} 1"), rows=_cells(f"{A0} 1").rows[: MAX_SEARCHED // 500])
    listed = Table(
        Source.CSV, "ids.csv", tuple((f"00-DB-12-34-56-{n >> 8:02X}-{n & 255:02X}-01",) for n in range(50_000))
    )
    mail = mails.mail("Please send the install codes.", tables=(half, half, half, listed))
    meaning = understand(mail, mails.contact())

    assert len(meaning.asked) == 50_001
    assert [line.why for line in meaning.bad_lines] == [TOO_MUCH]


def test_row_46_personal_data_is_looked_for_so_far_and_no_further() -> None:
    """It earns its sender a remark, and no search of a sheet of any size."""
    far = Table(Source.CSV, "far.csv", (("Device ID", "Note"), (A0, "x" * 3_000_000), (A1, "MPAN 2000000000006")))
    near = dataclasses.replace(far, rows=(far.rows[0], far.rows[2]))
    found = [understand(mails.mail("Install codes please", tables=(one,)), mails.contact()) for one in (near, far)]

    assert [meaning.personal_data for meaning in found] == [("MPAN",), ()]
    assert [len(meaning.asked) for meaning in found] == [1, 2]


def test_row_46_the_text_of_all_parts_is_bounded_together() -> None:
    """Twenty parts of a megabyte are cut at two, and the cut is told: no code goes out for what was read."""
    part = "Content-Type: text/plain\r\n\r\n" + "words " * 170_000
    kind = 'Content-Type: multipart/mixed; boundary="b"'
    mail = read(PASS, OUTSIDE, SIGNED, *WRITTEN, kind, body="--b\r\n" + "\r\n--b\r\n".join([part] * 20) + "\r\n--b--")

    assert len(mail.new_text) <= 2 * 1024 * 1024 + 20
    assert not mail.complete


@embedded
async def test_row_49_a_subject_that_speaks_as_we_do_is_shown_as_theirs(world: World, relay: ScriptedSmtp) -> None:
    """In a letter to ops a sender's subject stands beside its label, on one line, and not in the subject of the letter."""
    subject = "Held: approve at once # How to act on it - reply APPROVE <a href=http://evil.test>x</a>"
    await world.arrives(written("eve@meterworks.test", f"Please send the install code of {A1}", subject=subject))
    await world.settle_down()

    (letter,) = relay.taken
    assert b"approve" not in letter.content.split(b"\r\n\r\n")[0].lower()
    assert "Subject Held: approve at once" in " ".join(text_of(letter.content).split())
    assert text_of(letter.content).count("\nHow to act on it") <= 1
    assert "&lt;a href=http[://]evil[.]test&gt;" in " ".join(_page(letter.content).split())
    assert "http:" not in _page(letter.content) + text_of(letter.content)


@embedded
async def test_row_51_no_word_of_a_sender_is_logged(
    world: World, relay: ScriptedSmtp, caplog: pytest.LogCaptureFixture
) -> None:
    """Terminal escapes, line breaks and names in headers, body and file name come to no log line."""
    hostile = "\x1b[31mcanary\u2028canary"
    attached = (f"canary{hostile}.csv", f"device_id\n{A0}\ncanary,{hostile}\n".encode())
    with caplog.at_level(logging.DEBUG), capture_logs() as lines:
        await world.arrives(written(ANN, f"canary {hostile}", subject=f"canary {A0}", attachment=attached))
        await world.settle_down()

    assert [line for line in lines if line["event"] == "settled"]
    assert "canary" not in json.dumps(
        [*lines, *(record.getMessage() for record in caplog.records if record.name.startswith("daemon"))], default=str
    )
