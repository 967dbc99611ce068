"""Whoever wants our team's authority without having it: rows 28 and 34 to 40 of the threat model, and what a member alone may try.

Each test is a whole journey: mails arrive, and what counts is what left us, what stands and what the trail says.
"""

import re
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from daemon.embedded.stamps import Verdict, stamped
from tests.journeys.conftest import MakeWorld, on_dovecot
from tests.journeys.test_approving import BOB, CAT, CODE, READER, asks, letters, reply, says, state, team_world
from tests.journeys.world import A0, A1, ANN, AUTHSERV, CODES, CONTACTS, THEIRS, US, WEST, World, flat, text_of, written
from tests.servers.scripted_smtp import ScriptedSmtp

pytestmark = on_dovecot
OTHER = "0F0E 0D0C 0B0A 0908 0706 0504 0302 0100"
UNKNOWN = "00-DB-12-34-56-78-90-C7"


async def orders(world: World, member: str, words: str, **more: object) -> None:
    """A member writes a new mail, and everything that follows happens."""
    world.pass_time(minutes=5)
    await world.arrives(written(member, words, subject="to the daemon", at=world.now, **more))
    await world.settle_down()


def standing(world: World) -> list[str]:
    """What stands, each as "kind subject"."""
    return [f"{kind} {subject}".strip() for kind, subject in world.rows("SELECT kind, subject FROM standing_order")]


def trail(world: World) -> str:
    """The whole audit trail as text."""
    return repr(world.rows("SELECT what, subject, detail FROM audit ORDER BY seq"))


def sent_codes(relay: ScriptedSmtp, code: str = CODE) -> list[str]:
    """Who was sent this code."""
    return [one.recipient for one in relay.taken if code in text_of(one.content)]


# Row 28: the shared address ─────────────────────────────────────────────────────────────────────────


async def test_row_28_whoever_writes_as_the_shared_mailbox_orders_nothing(
    make_world: MakeWorld, relay: ScriptedSmtp
) -> None:
    """Proven or not, it is nobody in particular: one letter a day to the team, and nothing stands."""
    world = await team_world(make_world)
    await orders(world, US, "PAUSE codes\n")
    await orders(world, US, "PAUSE\n")
    assert not standing(world)
    assert len(letters(relay, BOB, "Please write from your own address")) == 1
    assert not letters(relay, US)


# Row 34: one member alone ───────────────────────────────────────────────────────────────────────────


async def test_row_34_a_name_set_for_one_address_makes_no_second_person(
    make_world: MakeWorld, relay: ScriptedSmtp
) -> None:
    """Bob has a name in the configuration, his +tag has none: still one person."""
    alias = "bob+phone@north.test"
    world = await team_world(make_world, {BOB: "approver", alias: "approver", CAT: "approver"})
    await world.restart(lambda toml: toml.replace(f'address = "{BOB}"', f'address = "{BOB}"\nname = "Bob Bell"'))
    await asks(world)
    mine, other = letters(relay, BOB)[-1], letters(relay, alias)[-1]
    await says(world, BOB, mine, "APPROVE")
    await says(world, alias, other, "APPROVE")
    assert state(world) == [("held", "CODE")]


async def test_row_34_the_approval_of_who_left_counts_no_more(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Bob approves and is struck from the team: Cat's approval is the first."""
    world = await team_world(make_world)
    await asks(world)
    await says(world, BOB, letters(relay, BOB)[-1], "APPROVE")
    await world.restart(lambda toml: toml.replace(f'address = "{BOB}"', 'address = "new@north.test"'))
    await says(world, CAT, letters(relay, CAT)[-1], "APPROVE")
    assert state(world) == [("held", "CODE")]
    assert not sent_codes(relay)
    await says(world, "new@north.test", letters(relay, "new@north.test")[-1], "APPROVE")
    assert sent_codes(relay) == [WEST]


async def test_row_34_whoever_proposes_is_one_of_the_two_and_no_more(
    make_world: MakeWorld, relay: ScriptedSmtp
) -> None:
    """Bob orders a waiver, and approves it with every letter that he can get."""
    world = await team_world(make_world)
    await orders(world, BOB, f"WAIVE {WEST} until tomorrow\n")
    first = letters(relay, BOB, "Decide by reply")[-1]
    await says(world, BOB, first, "APPROVE")
    await says(world, BOB, first, "APPROVE", message_id="<again@north.test>")
    code = flat(letters(relay, CAT)[-1].content).split("send APPROVE ")[1].split(" ")[0]
    await orders(world, BOB, f"APPROVE {code}\n")
    assert not standing(world)
    await says(world, CAT, letters(relay, CAT)[-1], "APPROVE")
    assert standing(world) == [f"waive {WEST}"]


async def test_row_34_a_typed_code_never_takes_the_place_of_ours(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """ANSWER with a code of one's own, for a device whose code we hold: refused, and ours is what goes."""
    world = await team_world(make_world)
    await asks(world)
    before = world.one("SELECT install_code FROM device WHERE gaining_supplier = 'SOUT'")
    await says(world, BOB, letters(relay, BOB)[-1], f"ANSWER {A0} CODE {OTHER}")
    assert "We hold a code for" in flat(letters(relay, BOB)[-1].content)
    assert world.one("SELECT install_code FROM device WHERE gaining_supplier = 'SOUT'") == before
    await says(world, BOB, letters(relay, BOB, "Decide by reply")[-1], "APPROVE")
    await says(world, CAT, letters(relay, CAT)[-1], "APPROVE")
    assert (sent_codes(relay), sent_codes(relay, OTHER)) == ([WEST], [])


async def test_row_34_a_typed_code_is_taken_on_the_word_of_two(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """What Bob typed reaches neither our inventory nor the asker before Cat confirms it, and no letter to the team."""
    world = await team_world(make_world)
    world.pass_time(days=8)
    await asks(world, ANN, UNKNOWN)
    await says(world, BOB, letters(relay, BOB)[-1], f"ANSWER {UNKNOWN} CODE {OTHER}")
    assert not world.rows("SELECT 1 FROM device WHERE installing_supplier = '' AND device_type = '' AND status = ''")
    assert not sent_codes(relay, OTHER)
    await says(world, BOB, letters(relay, BOB, "Decide by reply")[-1], "APPROVE")
    assert not sent_codes(relay, OTHER), "Bob once more is one person"
    await says(world, CAT, letters(relay, CAT, "Take the install code that")[-1], "APPROVE")
    assert sent_codes(relay, OTHER) == [ANN]
    assert OTHER.replace(" ", "") not in trail(world).upper()


async def test_row_34_a_code_for_what_another_installed_is_refused(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Else the asker would be told NOT-INSTALLER while the team hears that a code went."""
    world = await team_world(make_world, approvals_needed=1)
    world.pass_time(days=8)
    await asks(world, ANN, THEIRS)
    await says(world, BOB, letters(relay, BOB)[-1], f"ANSWER {THEIRS} CODE {OTHER}")
    assert state(world) == [("held", "NOT-INSTALLER")]
    assert "Our records say that WEST installed" in flat(letters(relay, BOB)[-1].content)


async def test_row_34_putting_the_others_down_as_away_loses_no_second_approval(
    make_world: MakeWorld, relay: ScriptedSmtp
) -> None:
    """Bob says that Cat is away: she is told so, and is asked all the same where nobody else may approve."""
    world = await team_world(make_world)
    await orders(world, BOB, f"AWAY {CAT} until 2024-03-20\n")
    assert "put you down as away" in flat(letters(relay, CAT)[-1].content)
    await asks(world)
    await says(world, BOB, letters(relay, BOB, "Decide by reply")[-1], "APPROVE")
    assert state(world) == [("held", "CODE")]
    await says(world, CAT, letters(relay, CAT, f"{BOB} approved")[-1], "APPROVE")
    assert state(world) == [("answered", "CODE")]


async def test_row_34_where_nobody_may_approve_nothing_is_proposed(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """The daemon does not say that somebody is asked when nobody is."""
    world = await team_world(make_world, {BOB: "operator", READER: "reader"})
    sheet = ("list.csv", f"party,mpid,kind,email\nWest Energy,WEST,mp121,{WEST}\n".encode())
    await orders(world, BOB, "CONTACTS\n", attachment=sheet)
    assert "Nobody on the team may approve it" in flat(letters(relay, BOB)[-1].content)
    assert not world.rows("SELECT 1 FROM proposal")


# Row 35: forged from outside ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("verdict", [Verdict.FAIL, None], ids=["fails", "no verdict"])
async def test_row_35_a_forged_order_stands_nowhere(
    make_world: MakeWorld, relay: ScriptedSmtp, verdict: Verdict | None
) -> None:
    """Nothing is done, nobody answers the forger, and the team hears of it once."""
    world = await team_world(make_world)
    for words in ("PAUSE codes\n", f"AWAY {CAT} until 2024-03-20\n", "HOLIDAY 2024-03-12 Feast\n", "STATUS\n"):
        await orders(world, BOB, words, verdict=verdict)
    assert not standing(world)
    assert {one.recipient for one in relay.taken} == {BOB, CAT, READER}
    assert len(letters(relay, BOB)) == len(letters(relay, BOB, "was not obeyed")) == 1


# Row 36: replayed ───────────────────────────────────────────────────────────────────────────────────


async def test_row_36_a_letter_counts_once_however_often_it_is_used(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Twenty-five copies in one batch, each with another Message-ID, are one approval."""
    world = await team_world(make_world)
    await asks(world)
    letter = letters(relay, BOB)[-1]
    for number in range(25):
        await world.arrives(reply(world, BOB, letter, "APPROVE", message_id=f"<{number}@north.test>"))
    await world.settle_down()
    assert state(world) == [("held", "CODE")]
    assert world.one("SELECT count(*) FROM approval") == 1


async def test_row_36_an_order_that_is_dragged_to_requests_is_not_obeyed_again(make_world: MakeWorld) -> None:
    """Whoever sorts the shared mailbox is nobody who may order: the mail of a member counted once."""
    world = await team_world(make_world)
    await orders(world, BOB, "PAUSE codes\n")
    await orders(world, BOB, f"AWAY {CAT} until 2024-03-20\n")
    assert len(standing(world)) == 2
    with world.parts.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM standing_order")
    assert await world.drag("Install codes/Done", "Install codes/Requests") == 2
    await world.settle_down()
    assert not standing(world)
    assert not await world.lying("Install codes/Requests")


async def test_row_36_the_letter_of_an_earlier_hold_approves_no_later_one(
    make_world: MakeWorld, relay: ScriptedSmtp
) -> None:
    """Held, let go, held anew for another reason within three days: who still has the first letter gets a fresh one."""
    world = await team_world(make_world, approvals_needed=1)
    await asks(world)
    old = letters(relay, CAT)[-1]
    await approved_and_held_anew(world, relay)
    world.import_contacts(CONTACTS)
    await says(world, CAT, old, "APPROVE")
    assert state(world) == [("held", "CODE")]
    assert letters(relay, CAT, "was held anew after that letter")
    assert not sent_codes(relay)
    await says(world, CAT, letters(relay, CAT, "Decide by reply")[-1], "APPROVE")
    assert letters(relay, CAT, "is still held: another gaining supplier recorded"), (
        "what the second letter waives is less"
    )
    assert not sent_codes(relay)


async def approved_and_held_anew(world: World, relay: ScriptedSmtp) -> None:
    """Let go while letters to its asker wait, who leaves the contact list meanwhile."""
    await orders(world, CAT, "PAUSE WEST\n")
    pause = letters(relay, BOB, "paused letters to")[-1]
    await says(world, BOB, letters(relay, BOB, "Decide by reply")[-1], "APPROVE")
    for member in (BOB, READER):
        assert "as soon as letters to West Energy are no longer paused" in flat(letters(relay, member)[-1].content)
    assert not sent_codes(relay)
    world.import_contacts(f"party,mpid,kind,name,email\nSouth Power,SOUT,mp121,Ann,{ANN}\n")
    await says(world, BOB, pause, "RESUME")
    assert not standing(world)


async def test_row_36_an_approval_of_a_mail_counts_for_one_decision(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Nobody proves who wrote; two persons vouch for it. Who drags it to `Requests` next day does not vouch once more."""
    world = await team_world(make_world, approvals_needed=1)
    await world.arrives(written(ANN, f"Please send the install code of {A1}", at=world.now, verdict=Verdict.FAIL))
    await world.settle_down()
    await says(world, BOB, letters(relay, BOB)[-1], "APPROVE")
    assert sent_codes(relay, "3031 3233") == [ANN]
    world.pass_time(hours=26)
    assert await world.drag("Install codes/Done", "Install codes/Requests", "Install codes please") == 1
    await world.settle_down()
    assert sent_codes(relay, "3031 3233") == [ANN]
    assert world.rows("SELECT reason FROM mail WHERE fate = 'held'") == [("unproven-sender",)]


# Row 37: handed on ──────────────────────────────────────────────────────────────────────────────────


async def test_row_37_a_letter_of_another_member_is_worth_nothing(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Quoted, handed on, typed off: it counts for the address that it was written to, and the team hears of it."""
    world = await team_world(make_world, approvals_needed=1)
    await asks(world)
    letter = letters(relay, BOB)[-1]
    code = flat(letter.content).split("send APPROVE ")[1].split(" ")[0]
    await says(world, CAT, letter, "APPROVE")
    assert letters(relay, READER, f"{CAT} tried to approve with a letter written to {BOB}")
    await orders(world, CAT, f"APPROVE {code}\n")
    await orders(world, ANN, f"APPROVE {code}\n")
    await says(world, ANN, letter, "APPROVE")
    assert not sent_codes(relay)
    assert code not in trail(world), "not a word of it is kept"
    assert code not in flat(letters(relay, CAT, "is not one of a letter to you")[-1].content)


# Row 38: where no order stands ──────────────────────────────────────────────────────────────────────

_NO_ORDERS = {
    "quoted": "> PAUSE codes\n",
    "quoted twice": ">> PAUSE codes\n",
    "quoted below thanks": "Thanks.\n\n> PAUSE codes\n",
    "below an attribution": "On Monday Bob <bob@north.test> wrote:\nPAUSE codes\n",
    "below a header block": "See below.\n\nFrom: Bob\nSent: Monday\nTo: Us\nSubject: x\n\nPAUSE codes\n",
    "in a forward": "FYI\n\n---------- Forwarded message ---------\nFrom: Ann <a@south.test>\nSubject: x\n\nPAUSE codes\n",
    "under the name": "Thanks for that.\n\n-- \nPAUSE codes\n",
    "after a sentence": "I think we should PAUSE codes\n",
    "second line of prose": "I asked Cat about it.\nPAUSE codes\n",
    "a heading": "Pause\nWe shall have a coffee at eleven, and all are welcome.\n",
    "spelt apart": "P A U S E codes\n",
    "joined": "PAUSEcodes\n",
    "with a question mark": "PAUSE codes?\n",
    "look-alike letters": "РAUSE codes\n",
    "below an original-message line": "Hello.\n-----Original Message-----\nPAUSE codes\n",
}


async def test_row_38_what_is_quoted_attached_or_signed_orders_nothing(make_world: MakeWorld) -> None:
    """Every layout in one day; and in the subject, an attached mail and an attached text."""
    world = await team_world(make_world)
    for name, words in _NO_ORDERS.items():
        await world.arrives(written(BOB, words, subject=f"Re: {name}", at=world.now))
    await world.arrives(written(BOB, "See you.\n", subject="PAUSE codes", at=world.now))
    await world.arrives(written(BOB, "See you.\n", subject="a", at=world.now, attachment=("a.txt", b"PAUSE codes")))
    await world.arrives(_html("<p>See you.</p><blockquote>PAUSE codes</blockquote>", world))
    await world.arrives(_html("<div style='display:none'>PAUSE codes</div><p>See you.</p>", world))
    await world.settle_down()
    assert not standing(world)
    await world.arrives(_html("<p>PAUSE codes</p><blockquote>See you.</blockquote>", world))
    await world.settle_down()
    assert standing(world) == ["pause codes"], "HTML above the quotation is read, where no text came"


def _html(body: str, world: World) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = BOB, US, f"Re: {body[:20]}"
    message["Date"], message["Message-ID"] = world.now, f"<{abs(hash(body))}@north.test>"
    message.set_content(f"<html><body>{body}</body></html>", subtype="html")
    raw = message.as_bytes(policy=SMTP)
    return stamped(raw, recipient=US, authserv_id=AUTHSERV, verdict=Verdict.PASS, arrived=world.now)


# Row 39: echoes ─────────────────────────────────────────────────────────────────────────────────────


async def test_row_39_our_own_letters_come_back_and_order_nothing(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Every letter to the team echoed bare, as a new mail and as a reply, with a member's proof: no line of it runs."""
    world = await team_world(make_world)
    await asks(world)
    for words in ("HELP\n", "STATUS\n", "TEAM\n", "LIST held\n", "PAUSE WEST\n", "INCIDENT SOUT\n", "REPORT\n"):
        await orders(world, BOB, words)
    await orders(world, BOB, f"WAIVE {WEST} until tomorrow\n")
    before = (standing(world), state(world), world.one("SELECT count(*) FROM approval"))
    ours = letters(relay, BOB)
    assert len(ours) > 8
    for number, letter in enumerate(ours):
        world.pass_time(minutes=1)
        echo = text_of(letter.content)
        await world.arrives(written(BOB, echo, subject=f"Out of office {number}", at=world.now))
        message_id = re.search(rb"Message-ID: (<.+?>)", letter.content, re.IGNORECASE)
        assert message_id
        headers = {"In-Reply-To": message_id[1].decode()}
        await world.arrives(written(BOB, echo, subject=f"Re: {number}", at=world.now, headers=headers))
    await world.settle_down(30)
    assert (standing(world), state(world), world.one("SELECT count(*) FROM approval")) == before


async def test_row_39_an_automatic_reply_is_never_an_order(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Auto-Submitted, whatever it says: silence."""
    world = await team_world(make_world, approvals_needed=1)
    await asks(world)
    letter = letters(relay, BOB)[-1]
    count = len(relay.taken)
    await orders(world, BOB, "PAUSE codes\n", headers={"Auto-Submitted": "auto-replied"})
    await orders(
        world,
        BOB,
        "APPROVE\n",
        headers={
            "Auto-Submitted": "auto-replied",
            "In-Reply-To": re.search(rb"Message-ID: (<.+?>)", letter.content, re.IGNORECASE)[1].decode(),  # type: ignore[index]
        },
    )
    assert not standing(world)
    assert (state(world), len(relay.taken)) == ([("held", "CODE")], count)


# Row 40: all or none ────────────────────────────────────────────────────────────────────────────────


async def test_row_40_a_refused_mail_leaves_nothing_behind(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """No standing order, no burnt letter, no proposal, no note, no entry of what was undone, no news of it."""
    world = await team_world(make_world, approvals_needed=1)
    await asks(world)
    letter = letters(relay, BOB)[-1]
    words = (
        f"APPROVE\nPAUSE codes\nWAIVE {WEST} until tomorrow\nHOLIDAY 2024-03-12 Feast\nWAIT IC-00000000 until tomorrow"
    )
    await says(world, BOB, letter, words)
    assert (standing(world), state(world)) == ([], [("held", "CODE")])
    for table in ("approval", "proposal", "note"):
        assert not world.rows(f"SELECT 1 FROM {table}"), table
    assert not {"approved", "paused", "proposed", "released"} & {row[0] for row in world.rows("SELECT what FROM audit")}
    assert len(letters(relay, BOB)) == 2, "the hold, and the transcript"
    await says(world, BOB, letter, "APPROVE")
    assert sent_codes(relay) == [WEST], "the letter was not used up"


# What else ──────────────────────────────────────────────────────────────────────────────────────────


async def test_a_proposal_that_lapsed_is_erased(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """After three days nobody can decide it, so nothing of a sheet with codes is kept; an old letter finds nothing."""
    world = await team_world(make_world)
    sheet = ("inventory.csv", f"device_id,device_type,install_code\n{UNKNOWN},ESME,{OTHER.replace(' ', '')}\n".encode())
    await orders(world, BOB, "INVENTORY\n", attachment=sheet)
    letter = letters(relay, CAT, "Decide by reply")[-1]
    world.pass_time(hours=72)
    await world.settle_down()
    assert world.one("SELECT state FROM proposal") == "open", "at the very hour it still counts"
    world.pass_time(minutes=1)
    await world.settle_down()
    assert world.rows("SELECT state, length(payload) FROM proposal") == [("dropped", 0)]
    await says(world, CAT, letter, "APPROVE")
    assert "more than three days old; nothing of it waits any more" in flat(letters(relay, CAT)[-1].content)


async def test_a_refusal_goes_out_in_fixed_words(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """ANSWER REFUSED says to the supplier what REJECT says, and nothing that a member wrote."""
    world = await team_world(make_world)
    await asks(world)
    await says(world, BOB, letters(relay, BOB)[-1], f"ANSWER {A0} REFUSED not confirmed, they are rogues")
    assert state(world) == [("answered", "REFUSED")]
    said = flat(letters(relay, WEST)[-1].content)
    assert "we could not confirm that you are its registered supplier" in said
    assert "rogues" not in said


async def test_a_code_in_the_wrong_place_is_repeated_nowhere(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Typed where a name, a reason or a day belongs: it stands in no letter to the team and not in the trail."""
    world = await team_world(make_world)
    await asks(world)
    letter, bare = letters(relay, BOB)[-1], CODES[A1]
    for words in (
        f"AWAY {bare} from tomorrow to 2024-03-20",
        f"NOTE the code is {bare}",
        f"WAIVE {bare}@west.test until tomorrow",
        f"INCIDENT {bare}",
        f"CLOSE it was {bare}",
        f"HOLIDAY 2024-03-12 {bare}",
        f"ANSWER {A0} CODE {bare} 00",
        f"APPROVE {bare}",
        f"REJECT {bare} removed",
    ):
        await says(world, BOB, letter, words)
    digits = re.compile("[^0-9A-F]")
    shown = [digits.sub("", text_of(one.content).upper()) for one in relay.taken if one.recipient in (BOB, CAT, READER)]
    assert not [text for text in shown if bare in text]
    assert bare not in trail(world).upper()


@pytest.mark.parametrize("approved_first", [True, False])
async def test_approved_and_taken_back_in_one_batch(
    make_world: MakeWorld, relay: ScriptedSmtp, *, approved_first: bool
) -> None:
    """The asker takes it back while we let it go: what is settled first counts, and nobody else is sent anything."""
    world = await team_world(make_world, approvals_needed=1)
    await asks(world)
    world.pass_time(minutes=5)
    yes = reply(world, BOB, letters(relay, BOB)[-1], "APPROVE")
    no = written(WEST, f"Please cancel our request for {A0}", subject="cancel", at=world.now)
    for raw in (yes, no) if approved_first else (no, yes):
        await world.arrives(raw)
    await world.settle_down()
    assert sent_codes(relay) == [WEST] * approved_first
    assert state(world) == [("answered" if approved_first else "withdrawn", "CODE")]


async def test_what_is_approved_while_paused_waits_and_says_so(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """The team is not told that it goes; and an address that leaves the list meanwhile is sent nothing."""
    world = await team_world(make_world, approvals_needed=1)
    await asks(world)
    await approved_and_held_anew(world, relay)
    assert not sent_codes(relay)
    assert state(world) == [("held", "CODE")]


async def test_one_member_alone_lifts_no_incident(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """RESUME by the news of the incident is put to the approvers, and the same person twice is one."""
    world = await team_world(make_world)
    await orders(world, CAT, "INCIDENT WEST\n")
    await says(world, BOB, letters(relay, BOB, "froze West Energy")[-1], "RESUME WEST")
    await says(world, BOB, letters(relay, BOB, "Decide by reply")[-1], "APPROVE")
    await says(world, BOB, letters(relay, BOB, "Decide by reply")[-1], "APPROVE", message_id="<x@north.test>")
    assert standing(world) == ["incident West Energy"]


async def test_one_order_ten_times_in_a_mail_is_done_once(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """Ten times a large sheet would hold up everybody's mail."""
    world = await team_world(make_world)
    sheet = ("list.csv", f"party,mpid,kind,email\nWest Energy,WEST,mp121,{WEST}\n".encode())
    await orders(world, BOB, "CONTACTS\n" * 10, attachment=sheet)
    assert world.one("SELECT count(*) FROM proposal") == 1
    assert "The same as above, so it is done once" in flat(letters(relay, BOB, "You wrote")[-1].content)


async def test_where_the_mode_is_observe_an_approval_sends_nothing(make_world: MakeWorld, relay: ScriptedSmtp) -> None:
    """And it is not said to have been sent."""
    world = await team_world(make_world, approvals_needed=1, mode="observe")
    await asks(world)
    await says(world, BOB, letters(relay, BOB)[-1], "APPROVE")
    await says(world, BOB, letters(relay, BOB)[-1], f"ANSWER {A0} NO-CODE-HELD")
    assert {one.recipient for one in relay.taken} <= {BOB, CAT, READER}
    assert [kept for kept, _ in state(world)] == ["held"]
