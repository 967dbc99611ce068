"""CONTACTS and INVENTORY by mail: real attachments, what they would change, what is refused, what is applied."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import xlsxwriter

from daemon.casework import Case
from daemon.commanding import sheets
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.console.importing import import_contacts, import_inventory
from daemon.edge import contacts, inventory, outbox
from daemon.edge import tables as t
from daemon.edge.inventory.load import Wish
from daemon.edge.outbox import PLAN, LetterState, attempts
from daemon.edge.team import proposals
from daemon.errors import ImportRefused
from daemon.gatekeeper import Go, rule
from daemon.mail.message import IncomingMail
from daemon.mail.parse import parse
from daemon.parts import Parts
from daemon.rules.decision import Decision, Fate
from daemon.rules.facts import Facts, Proof, Standing, Writer
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import LetterKind, LetterPlan, OpsNews, Page, Relisted
from daemon.rules.meaning import OpsMail
from daemon.rules.policy import Counterparty, Mode
from daemon.rules.reasons import Reason
from daemon.rules.wording import write
from tests import operating
from tests.journeys.world import written
from tests.operating import CONFIG, NOW

OPS, BOB = "ops@northwind.test", "bob@northwind.test"
HEADING = "party,mpid,kind,name,email,valid_from,phone,successor_of,robot"
HARBOUR = "Harbour Power,HRBP,mp121,Desk,mp121@harbour.test,,,,"
BRIGHT = "Brightspark,BRSP,mp121,Ben,ben@bright.test,,,,"
OTHERS = tuple(f"Party {n},,mp121,,desk@party{n}.test,,,," for n in range(98))
CODE, OTHER_CODE = "83FED3407A939723A5C639B26916D505", "30313233343536373839414243444546"
A0, A1, A2 = (f"00-DB-12-34-56-78-90-A{n}" for n in range(3))
DEVICES = "device_id,device_type,install_code,status,gaining_supplier"
STOCK = (f"{A0},ESME,{CODE},Pending,HRBP", f"{A1},ESME,,Commissioned,")

Attached = tuple[str, bytes]


def csv(*rows: str, heading: str = HEADING, name: str = "contacts.csv") -> Attached:
    """A CSV file."""
    return name, "\r\n".join((heading, *rows)).encode()


def devices(*rows: str, heading: str = DEVICES) -> Attached:
    """An inventory as CSV."""
    return csv(*rows, heading=heading, name="devices.csv")


def xlsx(*tables: Sequence[str], name: str = "contacts.xlsx") -> Attached:
    """A workbook: of each sheet its rows, a comma between cells; one that begins with `=` is a formula."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for rows in tables:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                for column, cell in enumerate(row.split(",")):
                    sheet.write(number, column, cell)
    return name, out.getvalue()


class Office:
    """Our team at work on one database: what is sent in, what is answered, what it leads to."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.now = NOW
        self.pages: tuple[Page, ...] = ()
        self.entries: list[tuple[str, str, dict[str, Any]]] = []

    def mail(self, *attachments: Attached) -> IncomingMail:
        """A member's mail with these files, as read by the child."""
        raw = written(OPS, "CONTACTS\n", at=NOW, attachment=attachments[0] if attachments else None)
        mail = parse(raw, self.parts.settings.trust())
        for other in attachments[1:]:
            more = parse(written(OPS, "CONTACTS\n", attachment=other), self.parts.settings.trust())
            tables, files = (*mail.tables, *more.tables), (*mail.attachments, *more.attachments)
            mail = replace(mail, tables=tables, attachments=files)
        return mail

    def send(self, order: Any, *attachments: Attached, mail: IncomingMail | None = None) -> str:
        """Obey an order with these files; what the transcript says, and `pages`."""
        return self._obey(order, mail or self.mail(*attachments))

    def refused(self, order: Any, *attachments: Attached, mail: IncomingMail | None = None) -> str:
        """Why it is not done. Nothing is proposed then."""
        before = self.count("proposal")
        with pytest.raises(NotDone) as refusal:
            self._obey(order, mail or self.mail(*attachments))
        assert self.count("proposal") == before
        self.pages = refusal.value.pages
        return str(refusal.value)

    def confirm(self) -> str:
        """The latest proposal is approved by two."""
        with self.parts.database.write() as connection:
            number = connection.execute(sa.select(sa.func.max(t.proposal.c.id))).scalar_one()
            proposal = proposals.load(connection, self.parts.vault, number)
            assert proposal is not None
            apply = sheets.apply_contacts if proposal.kind == "contacts" else sheets.apply_inventory
            desk = self._desk(connection, self.mail())
            said = apply(desk, proposal, (OPS, BOB))
            proposals.end(connection, number, done=True)
        self._keep(desk)
        return said

    def _obey(self, order: Any, mail: IncomingMail) -> str:
        with self.parts.database.write() as connection:
            desk = self._desk(connection, mail)
            said: str = order(desk)
        self._keep(desk)
        return said

    def _keep(self, desk: OpsDesk) -> None:
        self.pages = tuple(desk.pages)
        self.entries = [(entry.what, entry.subject, dict(entry.detail or {})) for entry in desk.entries]

    def _desk(self, connection: sa.Connection, mail: IncomingMail) -> OpsDesk:
        parts = self.parts
        member = parts.policy.team[0]
        book = contacts.address_book(connection)
        proof = Proof(mail.origin, self.now, complete=mail.complete, signature_reused=False)
        writer = Writer(Standing.MEMBER, OPS, member=member)
        facts = Facts(mail, 7, proof, self.now, writer, book.parties, parts.surroundings(), "", "")
        left_alone = Decision(Fate.IGNORED, Reason.OPS_MAIL, keep_content=False, moves_mail=False)
        return OpsDesk(connection, parts, self.now, member, Case(facts, OpsMail(), left_alone), book, None)

    # What is there ─────────────────────────────────────────────────────────────────────────────────

    def count(self, table: str) -> int:
        """How many rows a table has."""
        with self.parts.database.read() as connection:
            return int(connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one())

    def book(self) -> dict[str, Counterparty]:
        """The contact list in force."""
        with self.parts.database.read() as connection:
            return {party.party: party for party in contacts.book(connection)}

    def letters(self, kind: LetterKind) -> list[LetterPlan]:
        """The letters of a kind, in the order in which they were queued."""
        with self.parts.database.read() as connection:
            query = sa.select(t.letter.c.plan).where(t.letter.c.kind == kind).order_by(t.letter.c.id)
            return [PLAN.validate_json(plan) for plan in connection.execute(query).scalars()]

    def news(self, kind: LetterKind) -> OpsNews:
        """The content of the latest letter of a kind."""
        content = self.letters(kind)[-1].content
        assert isinstance(content, OpsNews)
        return content

    def everything(self) -> str:
        """All that was said, to look for what must not be in it."""
        with self.parts.database.read() as connection:
            plans = list(connection.execute(sa.select(t.letter.c.plan)).scalars())
        return f"{self.pages}{self.entries}{plans}"


@pytest.fixture
def office(tmp_path: Path, database: Any, vault: Any) -> Office:
    """Northwind with a hundred suppliers and two devices, on both kinds of database."""
    parts = operating.parts(tmp_path, database, vault, CONFIG + '[policy]\nmode = "send"\n')
    made = Office(parts)
    listed = "\n".join((HEADING, HARBOUR, BRIGHT, *OTHERS))
    (tmp_path / "contacts.csv").write_text(listed, "utf-8")
    import_contacts(parts, tmp_path / "contacts.csv", NOW - timedelta(days=10))
    (tmp_path / "devices.csv").write_text("\n".join((DEVICES, *STOCK)), "utf-8")
    import_inventory(parts, tmp_path / "devices.csv", NOW - timedelta(days=10), Wish())
    return made


# CONTACTS ───────────────────────────────────────────────────────────────────────────────────────────

MOVED = HARBOUR.replace("mp121@harbour", "codes@harbour")
NAMED = BRIGHT.replace("Ben", "Bea")
EAST = "East Gas,EAST,mp121,,codes@east.test,,,,"


@pytest.mark.parametrize("make", [csv, lambda *rows: xlsx((HEADING, *rows))], ids=["csv", "xlsx"])
def test_a_list_is_answered_with_the_differences(office, make) -> None:
    """Added, changed with from and to, gone; a new address for a known supplier first; nothing is changed yet."""
    said = office.send(sheets.contacts, make(MOVED, NAMED, EAST, *OTHERS))

    assert said == (
        "it would change this: 2 added, 1 changed, 1 gone, 98 unchanged; nothing is changed until 2 of you approve"
        " proposal 1, by reply to our letter"
    )
    (page,) = office.pages
    assert page.lines == ("NEW ADDRESS for Harbour Power, whom we know: codes@harbour.test.",)
    assert page.rows == (
        ("changed", "Brightspark, mp121: ben@bright.test", "name: Ben -> Bea"),
        ("added", "Harbour Power, mp121: codes@harbour.test", "name: Desk; MPID: HRBP"),
        ("added", "East Gas, mp121: codes@east.test", "MPID: EAST"),
        ("gone", "Harbour Power, mp121: mp121@harbour.test", ""),
    )
    assert "East Gas" not in office.book()


def test_whoever_confirms_reads_what_an_attacker_would_want(office) -> None:
    """The subject and the first line of the letter say that a known supplier gets a new address."""
    office.send(sheets.contacts, csv(MOVED.replace("codes@harbour.test", "a@evil.test"), BRIGHT, *OTHERS))

    (plan,) = office.letters(LetterKind.PROPOSAL)
    text = " ".join(write(plan, None, office.parts.words).text.split())
    assert plan.subject.endswith("; a new address for Harbour Power")
    first, *_ = office.news(LetterKind.PROPOSAL).matters[0].evidence
    assert first == ("NEW ADDRESS for Harbour Power, whom we know: a@evil.test, at a domain that it had no address at")
    assert "What changes NEW ADDRESS for Harbour Power" in text
    assert "count for codes 72 hours later" in text


def test_new_and_changed_addresses_wait_and_the_others_do_not(office) -> None:
    """72 hours from the confirmation; an unchanged row is as it was, also one that waits since an earlier change."""
    office.send(sheets.contacts, csv(MOVED, NAMED, *OTHERS))
    office.confirm()
    first = office.now + timedelta(hours=72)
    office.now += timedelta(hours=1)
    office.send(sheets.contacts, csv(MOVED, NAMED.replace(",,,,", ",2027-01-05,,,"), *OTHERS, EAST))
    assert "98 unchanged" not in office.confirm()

    found = {p.party: p.contacts[0] for p in office.book().values()}
    assert found["Harbour Power"].counts_from == first
    assert found["Brightspark"].counts_from == found["East Gas"].counts_from == office.now + timedelta(hours=72)
    assert found["Brightspark"].valid_from is not None
    assert found["Party 1"].counts_from is None


def test_the_addresses_listed_until_then_are_told(office) -> None:
    """A letter without a code goes to the old address and nowhere else, and the gate lets it go."""
    office.send(sheets.contacts, csv(MOVED, BRIGHT, *OTHERS))
    assert office.letters(LetterKind.CHANGED) == []
    office.confirm()

    (plan,) = office.letters(LetterKind.CHANGED)
    assert (plan.to, plan.party, plan.code_devices) == ("mp121@harbour.test", "Harbour Power", ())
    assert plan.content == Relisted(
        "mp121@harbour.test", False, ("codes@harbour.test",), office.now + timedelta(hours=72)
    )
    text = " ".join(write(plan, None, office.parts.words).text.split())
    assert "another address in place of mp121@harbour.test for the install codes that Harbour Power asks us for" in text
    assert "No install code goes to the new address before Fri 27 Nov 2026, 09:30." in text
    assert ruled(office, plan) is Go.SEND
    assert ruled(office, replace(plan, to="codes@harbour.test")) is Go.HOLD
    assert ruled(office, replace(plan, kind=LetterKind.ANSWER)) is Go.HOLD
    assert ruled(office, replace(plan, party="")) is Go.HOLD


def ruled(office: Office, plan: LetterPlan) -> Go:
    """What the gate says of a letter at send."""
    with office.parts.database.write() as connection:
        connection.execute(sa.update(t.letter).values(state="cancelled"))
        plan = replace(plan, seq=plan.seq + 1 + office.count("letter"))
        outbox.queue(connection, office.parts.vault, [plan], mailbox=office.parts.policy.mailbox, now=NOW)
        (queued,) = attempts.claim(connection, 1, NOW, 1)
        (ruling,) = rule(connection, office.parts, [queued], NOW)
    return ruling.go


@pytest.mark.parametrize(
    ("paused", "mode", "go", "state"),
    [
        (frozenset({"Harbour Power"}), Mode.SEND, Go.WAIT, LetterState.PENDING),
        (frozenset({""}), Mode.SEND, Go.WAIT, LetterState.PENDING),
        (frozenset({"codes"}), Mode.SEND, Go.SEND, LetterState.PENDING),
        (frozenset(), Mode.OBSERVE, Go.CANCEL, LetterState.OBSERVED),
    ],
    ids=["the supplier is paused", "all is paused", "codes are paused", "observe"],
)
def test_where_nothing_may_be_sent_the_old_address_hears_nothing(office, paused, mode, go, state) -> None:
    """A pause puts the letter off; in mode observe it is kept to be seen, and never sent."""
    office.parts.configured = replace(office.parts.configured, paused=paused, mode=mode)
    office.send(sheets.contacts, csv(MOVED, BRIGHT, *OTHERS))
    office.confirm()

    with office.parts.database.read() as connection:
        query = sa.select(t.letter.c.state).where(t.letter.c.kind == LetterKind.CHANGED)
        assert connection.execute(query).scalars().all() == [state]
    assert ruled(office, office.letters(LetterKind.CHANGED)[0]) is go


def test_the_team_is_told_at_once_who_changed_what(office) -> None:
    """Who proposed, who approved, what changed; and the audit trail has the counts and the file, no address."""
    name, content = csv(MOVED, BRIGHT, *OTHERS)
    mail = office.mail((name, content))
    office.send(sheets.contacts, mail=mail)
    assert office.confirm() == (
        "the contact list is changed: 1 added, none changed, 1 gone, 99 unchanged; new and changed addresses count for"
        " codes from Fri 27 Nov 2026, 09:30"
    )

    news = office.news(LetterKind.NOTICE)
    assert news.headline == "Contact list changed: 1 added, none changed, 1 gone, 99 unchanged"
    assert news.matters[0].why == (
        f"{OPS} proposed it, {OPS} and {BOB} approved. New and changed addresses count for codes from"
        " Fri 27 Nov 2026, 09:30. Earlier addresses told of it: 1"
    )
    (entry,) = office.entries
    assert entry[:2] == ("contacts-changed", "proposal:1")
    assert entry[2]["file_sha"] == mail.attachments[0].sha256
    assert (entry[2]["added"], entry[2]["gone"], entry[2]["approved_by"]) == (1, 1, [OPS, BOB])
    assert "harbour" not in str(entry[2])
    with office.parts.database.read() as connection:
        assert contacts.taken_at(connection) == office.now


def test_a_list_that_changed_meanwhile_is_not_overwritten(office, tmp_path) -> None:
    """An import between proposal and confirmation: the sheet must be sent anew, and nothing changes."""
    office.send(sheets.contacts, csv(MOVED, BRIGHT, *OTHERS))
    (tmp_path / "newer.csv").write_text("\n".join((HEADING, HARBOUR, BRIGHT, EAST, *OTHERS)), "utf-8")
    import_contacts(office.parts, tmp_path / "newer.csv", NOW)

    with pytest.raises(NotDone, match="our contacts changed since that was proposed; please send the sheet anew"):
        office.confirm()
    assert office.book()["Harbour Power"].contacts[0].email == "mp121@harbour.test"
    assert office.letters(LetterKind.CHANGED) == []


def test_who_joined_our_team_meanwhile_is_no_counterparty(office) -> None:
    """Rows are checked again by the rules of the day on which they are applied."""
    office.send(sheets.contacts, csv(HARBOUR, BRIGHT, "East Gas,,mp121,,eve@northwind.test,,,,", *OTHERS))
    (member, *_) = office.parts.configured.team
    joined = replace(member, address="eve@northwind.test")
    office.parts.configured = replace(office.parts.configured, team=(member, joined))

    with pytest.raises(NotDone, match="rows of that sheet can no longer be taken"):
        office.confirm()


def test_a_list_without_many_suppliers_says_so_loudly(office) -> None:
    """More than 2% gone: that stands before all else in the letter."""
    office.send(sheets.contacts, csv(HARBOUR, BRIGHT, *OTHERS[:95]))

    first, *_ = office.news(LetterKind.PROPOSAL).matters[0].evidence
    assert first == "3 OF 100 SUPPLIERS WOULD GO, and could ask for nothing any more. Is the sheet complete?"
    assert office.send(sheets.contacts, csv(HARBOUR, BRIGHT, *OTHERS[:96]))
    assert "SUPPLIERS WOULD GO" not in str(office.news(LetterKind.PROPOSAL))


def test_the_same_list_proposes_nothing(office) -> None:
    """No differences: it says so."""
    said = office.send(sheets.contacts, csv(HARBOUR, BRIGHT, *OTHERS))

    assert said == "contacts.csv says what our contact list says already, so nothing is to be confirmed"
    assert office.count("proposal") == 0
    assert office.letters(LetterKind.PROPOSAL) == []


def test_headings_of_an_operators_own_are_understood(tmp_path, database, vault) -> None:
    """The columns that the configuration maps, and others that mean nothing are told."""
    mapping = '[contacts.columns]\n"SEC Party" = "party"\n"Contact Type" = "kind"\n"E-Mail Address" = "email"\n'
    office = Office(operating.parts(tmp_path, database, vault, CONFIG + mapping))
    office.send(
        sheets.contacts, xlsx(("SEC party,Contact type,Region,E-mail address", "Harbour,MP121,x,a@harbour.test"))
    )

    assert office.pages[0].lines == ("Columns that mean nothing here: Region.",)
    office.confirm()
    assert office.book()["Harbour"].contacts[0].email == "a@harbour.test"


def test_a_long_table_is_cut_and_says_so(office) -> None:
    """200 rows are shown, twenty in the letter; the counts are those of all."""
    more = tuple(f"New {n},,mp121,,desk@new{n}.test,,,," for n in range(250))
    office.send(sheets.contacts, csv(HARBOUR, BRIGHT, *OTHERS, *more))

    assert len(office.pages[0].rows) == 200
    assert office.pages[0].lines == ("The first 200 are shown, and 50 more are not.",)
    assert office.news(LetterKind.PROPOSAL).matters[0].evidence[-1] == "and 230 more"


# What is refused ────────────────────────────────────────────────────────────────────────────────────


def test_every_bad_row_is_named_and_nothing_is_proposed(office) -> None:
    """Mixed parties, twice the same, our own people, a formula for an address: line and reason of each."""
    rows = (
        HARBOUR,
        "Bright,HRBP,mp121,,x@bright.test,,,,",
        "Third,,mp121,,mp121@harbour.test,,,,",
        "Fourth,,mp121,,codes@northwind.test,,,,",
        "Fifth,,mp121,,=HYPERLINK(1),,,,",
        "Sixth,,mp121,,six@six.test,,,,",
        "Sixth,,mp121,,SIX@six.test,,,,",
        f"Seventh,,mp121,{CODE},seven@seven.test,,,,",
    )
    said = office.refused(sheets.contacts, csv(*rows))

    assert said == (
        "7 rows of contacts.csv cannot be taken (lines 2, 3, 4, 5, 6 and more), so nothing is proposed; mend what is"
        " listed below and send the whole sheet again"
    )
    (page,) = office.pages
    told = dict(page.rows)
    assert list(told) == ["2", "3", "4", "5", "6", "8", "9"]
    assert "is listed for" in told["2"]
    assert "shares a name, alias or MPID" in told["3"]
    assert "our own mailbox" in told["5"]
    assert "is no email address" in told["6"]
    assert "on line 7 already" in told["8"]
    assert told["9"] == "name holds what looks like an install code; is it in the wrong column?"
    assert CODE not in office.everything()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ((), "no sheet is attached; attach it as a CSV or Excel file whose first row is, for instance, party,mpid,"),
        ((csv("x,y", heading="a,b"),), "the first row has no column party"),
        ((csv(f"{A0},{CODE}", heading=f"{A1},{CODE}"),), "Found: 00-DB"),
        ((csv("x", heading="party,kind,mail"),), "the first row has no column email"),
        ((csv(HARBOUR, heading=HEADING.replace("phone", "phon")),), "means nothing here; did you mean phone?"),
        ((csv(HARBOUR, heading=HEADING.replace("phone", "email")),), "two columns of this contacts file are email"),
        ((csv(HARBOUR), csv(BRIGHT, name="more.csv")), "2 such sheets (contacts.csv and more.csv)"),
        ((xlsx((HEADING, HARBOUR), (HEADING, BRIGHT)),), "2 such sheets (contacts.xlsx, sheet Sheet1 and"),
        ((csv(),), "has no row that can be taken"),
        ((("contacts.pdf", b"%PDF-1.4"),), "no sheet is attached (contacts.pdf: not CSV or Excel); attach it as"),
        ((devices(*STOCK),), "the first row has no column party"),
        ((("contacts.csv", b""),), "Found: nothing; attach it as"),
        ((csv(heading="a"), csv(heading="b")), "none of the attached sheets has the headings"),
        ((csv(*OTHERS * 60),), "has 5,880 rows, by mail at most 5,000 are taken; `import contacts FILE`"),
        ((("contacts.xlsx", b"PK\x03\x04 no workbook"),), "could not be read whole"),
    ],
    ids=[
        "none", "other headings", "no headings", "one missing", "misspelt", "twice", "two files", "two sheets",
        "no rows", "no sheet", "an inventory", "empty", "two others", "too many", "broken",
    ],
)  # fmt: skip
def test_a_sheet_that_is_wrong_as_a_whole(office, files, words) -> None:
    """Refused in one sentence that says what is missing and what would work."""
    said = office.refused(sheets.contacts, *files)

    assert words in said.replace("(not shown)", "00-DB")
    assert CODE not in said


def test_a_mail_that_was_cut_is_no_list(office) -> None:
    """A defect of the mail: half a list would take out the other half."""
    mail = replace(office.mail(csv(HARBOUR, BRIGHT, *OTHERS)), defects=("the mail is larger than we take in",))

    said = office.refused(sheets.contacts, mail=mail)
    assert said == (
        "your mail could not be read whole (the mail is larger than we take in); send it again, or else"
        " `import contacts FILE` on the command line takes any file"
    )


def test_other_sheets_are_passed_over_and_told(office) -> None:
    """A workbook may begin with explanations; that they were not read is said."""
    office.send(sheets.contacts, xlsx(("Read me first", "please"), (HEADING, MOVED, BRIGHT, *OTHERS)))

    assert office.pages[0].lines[-1] == "Not read, for want of these headings: contacts.xlsx, sheet Sheet1."


def test_a_table_in_the_text_is_no_sheet(office) -> None:
    """What stands in the mail's own words, or in what it quotes, changes no list."""
    html = f"<table><tr>{''.join(f'<td>{h}</td>' for h in HEADING.split(','))}</tr></table>"

    assert "no sheet is attached" in office.refused(sheets.contacts, ("list.html", html.encode()))


# INVENTORY ──────────────────────────────────────────────────────────────────────────────────────────


def held(office: Office) -> Mapping[DeviceId, Any]:
    """What we know of the three devices."""
    with office.parts.database.read() as connection:
        return inventory.lookup(connection, [DeviceId(one) for one in (A0, A1, A2)])


def code(office: Office, device: str) -> str:
    """The code held for a device."""
    with office.parts.database.read() as connection:
        opened = inventory.open_codes(connection, office.parts.vault, [DeviceId(device)])
        return "".join(octets.reveal().hex().upper() for octets in opened.values())


@pytest.mark.parametrize("make", [devices, lambda *rows: xlsx((DEVICES, *rows))], ids=["csv", "xlsx"])
def test_an_update_is_answered_with_the_differences_and_applied(office, make) -> None:
    """Only what the sheet names changes; codes are sealed, and stand in no word that anybody gets."""
    said = office.send(sheets.inventory, make(f"{A0},ESME,{OTHER_CODE},Pending,BRSP", f"{A2},GSME,{CODE},,HRBP"))

    assert said.startswith("it would change this: 1 added, 1 changed, none unchanged; nothing is changed until")
    assert office.pages[0].rows == (
        ("changed", A0, "gaining supplier: HRBP -> BRSP; install code: held -> another one"),
        ("added", A2, "device type: GSME; gaining supplier: HRBP; install code: held"),
    )
    assert code(office, A0) == CODE
    assert office.confirm() == "the inventory is updated: 1 added, 1 changed, none unchanged"
    assert (code(office, A0), code(office, A2)) == (OTHER_CODE, CODE)
    assert held(office)[DeviceId(A0)].gaining_supplier == "BRSP"
    assert held(office)[DeviceId(A1)].status == "Commissioned"
    seen = office.everything()
    assert CODE not in seen
    assert OTHER_CODE not in seen
    assert office.entries[0][0] == "inventory-changed"


def test_codes_lie_sealed_while_they_wait(office) -> None:
    """Neither the proposal nor the device's row has a code in the clear, and what was proposed is erased once done."""
    office.send(sheets.inventory, devices(f"{A2},ESME,{OTHER_CODE},,"))
    with office.parts.database.read() as connection:
        payload = connection.execute(sa.select(t.proposal.c.payload)).scalar_one()
    assert OTHER_CODE.encode() not in payload
    assert bytes.fromhex(OTHER_CODE) not in payload

    office.confirm()
    with office.parts.database.read() as connection:
        assert connection.execute(sa.select(t.proposal.c.payload)).scalar_one() == b""
        sealed = connection.execute(sa.select(t.device.c.install_code)).scalars().all()
    assert all(bytes.fromhex(OTHER_CODE) not in (one or b"") for one in sealed)


def test_a_part_makes_no_old_inventory_fresh(office) -> None:
    """A few devices by mail: "not ours" is still held where the inventory is too old; the answer says so."""
    office.send(sheets.inventory, devices(f"{A2},ESME,,,"))
    assert office.pages[0].lines[0] == (
        "The inventory still counts as of Sat 14 Nov 2026, 09:30, for the sheet names 1 device of the 3 that we then"
        " hold."
    )
    office.confirm()
    with office.parts.database.read() as connection:
        assert inventory.taken_at(connection) == NOW - timedelta(days=10)


def test_a_sheet_that_names_all_devices_makes_it_fresh(office) -> None:
    """Who has nothing but mail can keep the inventory fresh: by a sheet that leaves no device out."""
    office.send(sheets.inventory, devices(*STOCK, f"{A2},ESME,,,"))
    assert "so it makes the inventory fresh" in office.pages[0].lines[0]
    office.confirm()
    with office.parts.database.read() as connection:
        assert inventory.taken_at(connection) == office.now


def test_codes_of_commissioned_devices_are_dropped(office) -> None:
    """Whoever commissions a device needs its code no more, nor do we."""
    office.send(sheets.inventory, devices(f"{A0},ESME,{CODE},Commissioned,", f"{A2},ESME,{CODE},Commissioned,"))
    assert "Codes of commissioned devices are not kept: 2 in this sheet." in office.pages[0].lines
    office.confirm()

    assert (code(office, A0), code(office, A2)) == ("", "")


def test_what_would_open_the_gate_is_said_first(office) -> None:
    """A commissioned device that is to be none, and suppliers whom nobody knows."""
    office.send(sheets.inventory, devices(f"{A1},ESME,,Pending,Evil Ltd"))

    first, *_ = office.news(LetterKind.PROPOSAL).matters[0].evidence
    assert first == f"CODES COULD GO OUT AGAIN for 1 device by a new status, for instance {A1}"
    assert "Suppliers that the contact list does not know: Evil Ltd." in office.pages[0].lines


def test_an_inventory_that_changed_meanwhile_is_not_overwritten(office, tmp_path) -> None:
    """Another import of the very devices; one of others does not matter."""
    office.send(sheets.inventory, devices(f"{A0},ESME,,Whitelisted,HRBP", heading=DEVICES.replace("install_", "x_")))
    other = tmp_path / "other.csv"
    other.write_text(f"device_id\n{A2}\n", "utf-8")
    import_inventory(office.parts, other, NOW, Wish())
    office.confirm()
    assert held(office)[DeviceId(A0)].status == "Whitelisted"

    office.send(sheets.inventory, devices(f"{A0},ESME,,Pending,HRBP"))
    other.write_text(f"device_id,gaining_supplier\n{A0},BRSP\n", "utf-8")
    import_inventory(office.parts, other, NOW, Wish())
    with pytest.raises(NotDone, match="our inventory changed since that was proposed"):
        office.confirm()


def test_rows_of_devices_that_cannot_be_taken(office) -> None:
    """Codes in the wrong column, mangled ids, one device twice: each by its line, none with a code."""
    rows = (
        f"{CODE},ESME,,,",
        f"{A0},{CODE},,,",
        f"{A1},ESME,{A1},,",
        f"{A2},ESME,,,{CODE}",
        "1.2E+15,ESME,,,",
        f"{A1},ESME,,,",
        f"{A2},ESME,,=1+1,",
    )
    office.refused(sheets.inventory, devices(*rows))

    told = {line: reason for line, reason in office.pages[0].rows}  # noqa: C416  # the last of a line
    assert list(told) == ["2", "3", "4", "5", "6", "7", "8"]
    assert "32 hexadecimal digits; 16 are needed" in told["2"]
    assert "device_type (not shown) is none of" in told["3"]
    assert "stands on line" in told["7"]
    assert CODE not in str(office.pages)


def test_a_hundred_thousand_rows_are_for_the_command_line(office) -> None:
    """Refused before a row is looked at; nothing else waits for such a mail."""
    rows = tuple(f"00-DB-12-34-56-{n >> 16:02X}-{n >> 8 & 255:02X}-{n & 255:02X},ESME,,," for n in range(100_000))
    said = office.refused(sheets.inventory, devices(*rows))

    assert said == (
        "devices.csv has 100,000 rows, by mail at most 20,000 are taken; `import inventory FILE` on the command line"
        " takes any file"
    )


def test_an_import_that_runs_meanwhile_notices_an_update_by_mail(office, tmp_path) -> None:
    """What a long import was held against is out of date then: it is refused, and what the mail brought stays."""
    office.send(sheets.inventory, devices(f"{A0},ESME,{CODE},Whitelisted,BRSP"))
    (tmp_path / "long.csv").write_text("\n".join((DEVICES, *STOCK)), "utf-8")

    def meanwhile(_rows: int) -> None:
        office.confirm()

    with pytest.raises(ImportRefused, match="another inventory import ended while this one ran"):
        import_inventory(office.parts, tmp_path / "long.csv", NOW, Wish(), progress=meanwhile)
    assert held(office)[DeviceId(A0)].gaining_supplier == "BRSP"


@pytest.mark.parametrize(
    ("files", "brings"),
    [
        ((devices(*STOCK),), True),
        ((devices(f"{A0},ESME,,,"),), True),
        ((csv(HARBOUR),), False),
        ((csv(f"{A0},{CODE[:16]} {CODE[16:]}", heading="device_id,key"),), True),
        ((xlsx(("device_id", A0), ("notes", f"its code is {CODE}")),), True),
        ((), False),
    ],
)
def test_mail_that_brings_codes_is_known(office, files, brings) -> None:
    """By the heading, or by a cell with the look of a code, in whatever sheet and column."""
    assert sheets.brings_codes(office.mail(*files)) is brings


def test_a_formula_counts_as_what_it_shows(office) -> None:
    """A workbook's formula is never worked out; without a kept result the cell is empty, or 0."""
    said = office.refused(sheets.contacts, xlsx((HEADING, "Harbour Power,HRBP,mp121,Desk,=A1&A2,,,,")))

    assert "1 row of contacts.xlsx cannot be taken (line 2)" in said
