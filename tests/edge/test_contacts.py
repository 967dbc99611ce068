"""The contact list: replaced whole or not at all, and what would make it ambiguous is refused."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from daemon.console.importing import import_contacts
from daemon.edge import audit, contacts
from daemon.edge.database import Database
from daemon.edge.inventory.load import Wish
from daemon.edge.sheets.imports import Summary
from daemon.errors import ImportRefused
from daemon.parts import Parts
from daemon.rules.policy import Channel, Contact, ContactKind, Counterparty
from tests import operating
from tests.edge.test_imports import workbook
from tests.operating import CONFIG, NOW

HEADING = "party,mpid,kind,name,email,valid_from,alias,successor_of,phone,delivery,certificate,channel,robot"
HARBOUR = "Harbour Power,HRBP,mp121,Desk,mp121@harbour.test,,,,,,,,"


@pytest.fixture
def parts(tmp_path, database, vault) -> Parts:
    """Northwind's parts, on both kinds of database."""
    return operating.parts(tmp_path, database, vault)


@pytest.fixture
def lite(tmp_path, sqlite_url, vault) -> Parts:
    """Northwind's parts on SQLite, for what no database has a say in."""
    return operating.parts(tmp_path, Database(sqlite_url), vault)


def sheet(folder: Path, *rows: str, heading: str = HEADING) -> Path:
    """A contact list."""
    path = folder / "contacts.csv"
    path.write_text("\n".join((heading, *rows)) + "\n", "utf-8")
    return path


def counts(summary: Summary) -> tuple[int, int, int, int]:
    """(added, changed, unchanged, gone)."""
    return summary.added, summary.changed, summary.unchanged, summary.gone


def book(parts: Parts) -> tuple[Counterparty, ...]:
    """The list as rules see it."""
    with parts.database.read() as connection:
        return contacts.book(connection)


def refused(parts: Parts, path: Path, wish: Wish | None = None) -> ImportRefused:
    """How the list is refused."""
    with pytest.raises(ImportRefused) as refusal:
        import_contacts(parts, path, NOW, wish)
    return refusal.value


def test_rows_become_counterparties(parts, tmp_path) -> None:
    """Names, MPIDs and predecessors of all rows of a party come together; addresses are kept in their exact form."""
    path = sheet(
        tmp_path,
        "Harbour Power,HRBP;HGS,MP121,Desk,MP121@Bücher.example,05/01/2026,Harbour,Old Lamp;OLMP,020 1,TLS,,Mail,",
        "Harbour  Power,HRB2,operations,,ops@harbour.test,,,,,,,,yes",
        "Brightspark,,escalation,Ben,ben@brightspark.test,,,,,,,,no",
    )
    assert counts(import_contacts(parts, path, NOW)) == (3, 0, 0, 0)

    assert book(parts) == (
        Counterparty("Brightspark", contacts=(Contact("ben@brightspark.test", ContactKind.ESCALATION, "Ben"),)),
        Counterparty(
            "Harbour Power",
            mpids=frozenset({"HRBP", "HGS", "HRB2"}),
            aliases=frozenset({"Harbour"}),
            successor_of=frozenset({"Old Lamp", "OLMP"}),
            contacts=(
                Contact("MP121@xn--bcher-kva.example", ContactKind.MP121, "Desk", valid_from=date(2026, 1, 5)),
                Contact("ops@harbour.test", ContactKind.OPERATIONS, robot=True),
            ),
        ),
    )


def test_a_portal_is_known_as_one(lite, tmp_path) -> None:
    """In the list in force and in one that is only proposed; who says nothing takes mail."""
    portal = HARBOUR.removesuffix(",,") + ",Portal,"
    import_contacts(lite, sheet(tmp_path, portal, "Harbour Power,,operations,,ops@harbour.test,,,,,,,,"), NOW)
    with lite.database.read() as connection:
        proposed = contacts.book_of(contacts.listed(connection))

    for (party,) in (book(lite), proposed):
        assert {c.email: c.channel for c in party.contacts} == {
            "mp121@harbour.test": Channel.PORTAL,
            "ops@harbour.test": Channel.MAIL,
        }


def test_a_list_replaces_the_one_before(parts, tmp_path) -> None:
    """What the new list does not name is gone, with its names; what counts is told."""
    others = [f"Party {n},,mp121,,desk@party{n}.test,,,,,,,," for n in range(98)]
    old = sheet(tmp_path, HARBOUR, "Old Firm,OLDF,mp121,,desk@old.test,,,,,,,,", *others)
    import_contacts(parts, old, NOW)
    changed = HARBOUR.replace("Desk", "New desk").replace("HRBP", "HRB2")
    new = sheet(tmp_path, changed, "New Firm,,mp121,,desk@new.test,,,,,,,,", *others)

    assert counts(import_contacts(parts, new, NOW + timedelta(days=1))) == (1, 1, 98, 1)
    found = {party.party: party for party in book(parts)}
    assert "Old Firm" not in found
    assert found["Harbour Power"].mpids == {"HRB2"}
    assert found["Harbour Power"].contacts[0].name == "New desk"
    with parts.database.read() as connection:
        assert contacts.taken_at(connection) == NOW + timedelta(days=1)
        assert contacts.size(connection) == 100


def test_a_list_that_takes_out_much_needs_a_word(parts, tmp_path) -> None:
    """A list without more than 2% of the rows held is taken on confirmation alone."""
    import_contacts(parts, sheet(tmp_path, HARBOUR, HARBOUR.replace("mp121", "operations")), NOW)
    short = sheet(tmp_path, HARBOUR)

    assert "1 of 2 contact rows (50.0%) would go; nothing was imported" in str(refused(parts, short))
    assert len(book(parts)[0].contacts) == 2
    assert counts(import_contacts(parts, short, NOW, Wish(confirm=True))) == (0, 0, 1, 1)


def test_our_own_rows_are_left_out(parts, tmp_path) -> None:
    """The list of all parties names us too, and those that we took over: such rows are counted, and no counterparty."""
    path = sheet(
        tmp_path,
        HARBOUR,
        "Northwind Energy,,mp121,,codes@northwind.test,,,,,,,,",
        "Northwind,NWND,operations,,ops@northwind.test,,,,,,,,",
        "Old Mill  energy,OMIL,mp121,,desk@oldmill.test,,,,,,,,",
    )
    summary = import_contacts(parts, path, NOW)

    assert (summary.rows, summary.own) == (1, 3)
    assert [party.party for party in book(parts)] == ["Harbour Power"]


def test_a_list_of_another_make_is_mapped(tmp_path, database, vault) -> None:
    """The headings of the SEC Party list are named once in the configuration; its other columns are told of."""
    mapping = '[contacts.columns]\n"SEC Party" = "party"\n"Contact Type" = "kind"\n"E-Mail Address" = "email"\n'
    parts = operating.parts(tmp_path, database, vault, CONFIG + mapping)
    rows = [["Sec party", "Contact type", "Role", "Email address"], ["Harbour", "MP121", "x", "a@harbour.test"]]
    summary = import_contacts(parts, workbook(tmp_path / "list.xlsx", rows), NOW)

    assert summary.ignored == ("Role",)
    assert book(parts)[0].contacts[0].email == "a@harbour.test"


BAD_ROWS = [
    (",,mp121,,a@b.test,,,,,,,,", "party is empty"),
    ("Bright,,,,a@b.test,,,,,,,,", "kind is empty"),
    ("Bright,,mp122,,a@b.test,,,,,,,,", "kind 'mp122' is none of mp121, operations, escalation"),
    ("Bright,,mp121,,,,,,,,,,", "email is empty"),
    ("Bright,,mp121,,a at b.test,,,,,,,,", "email 'a at b.test' is no email address"),
    ("Bright,,mp121,,Ann <a@b.test>,,,,,,,,", "email 'Ann <a@b.test>' is no email address"),
    ("Bright,,mp121,,a@b.test; c@d.test,,,,,,,,", "is no email address"),
    ("Bright,,mp121,,a@b,,,,,,,,", "is no email address"),
    ("Bright,BRI,mp121,,a@b.test,,,,,,,,nope", "robot 'nope' is none of yes, no"),
    ("Bright,B1,mp121,,a@b.test,,,,,,,,", "mpid 'B1' is none: it has 4 letters or digits"),
    ("Bright,B12,mp121,,a@b.test,,,,,,,,", "mpid 'B12' is none"),
    ("Bright,,mp121,,a@b.test,soon,,,,,,,", "valid_from 'soon' is no day"),
    ("Bright,,mp121,,a@b.test,,,,,fax,,,", "delivery 'fax' is none of tls, smime, pgp, zip"),
    ("Bright,,mp121,,a@b.test,,,,,,,pigeon,", "channel 'pigeon' is none of mail, portal"),
    (f"{'B' * 300},,mp121,,a@b.test,,,,,,,,", "party has more than 254 characters"),
    ('"Bri\nght",,mp121,,a@b.test,,,,,,,,', "party has control characters or a line break"),
    ("Bright,,mp121,,MP121@harbour.test,,,,,,,,", "email MP121@harbour.test is listed for 'Harbour Power' on line 2 too"),
    ("HARBOUR POWER,,operations,,a@b.test,,,,,,,,", "'HARBOUR POWER' shares a name, alias or MPID with 'Harbour Power' on line 2"),
    ("Bright,HRBP,mp121,,a@b.test,,,,,,,,", "party 'Bright' shares a name, alias or MPID with 'Harbour Power'"),
    ("Bright,,mp121,,a@b.test,,hrbp,,,,,,", "party 'Bright' shares a name, alias or MPID with 'Harbour Power'"),
    ("Bright,,mp121,,a@b.test,,Harbour-Power,,,,,,", "party 'Bright' shares a name, alias or MPID"),
    ("Harbour Power,,mp121,,mp121@Harbour.test,,,,,,,,", "stands on line 2 already, of the same kind"),
    ("Bright,,mp121,,Codes@northwind.test,,,,,,,,", "is our own mailbox: answering it would be a loop"),
    ("Bright,,mp121,,ops@northwind.test,,,,,,,,", "belongs to our own team"),
    ("Bright,,mp121,,a@b.test,,,,,,,,,extra", "it has more cells than the heading"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS)
def test_a_bad_row_stops_the_import_and_is_named(lite, tmp_path, row, reason) -> None:
    """One bad row, and the list stays as it was: the row's line and the reason are told."""
    import_contacts(lite, sheet(tmp_path, "Before,,mp121,,desk@before.test,,,,,,,,"), NOW)
    fault = refused(lite, sheet(tmp_path, HARBOUR, row), Wish(confirm=True))

    told = {bad.line: bad.reason for bad in fault.rows}
    assert reason in told.get(3, told.get(4, ""))
    assert [party.party for party in book(lite)] == ["Before"]
    with lite.database.read() as connection:
        assert audit.verify(connection, lite.vault).entries == 1
    lite.database.close()


def test_all_that_is_wrong_with_a_row_is_named(lite, tmp_path) -> None:
    """So that it is mended in one go: cells by themselves, and what clashes with other rows."""
    wrong = ",B1,mp122,,a at b.test,soon,,,,,,,"
    (bad,) = refused(lite, sheet(tmp_path, wrong)).rows
    assert [fault.split()[0] for fault in bad.reason.split("; and ")] == [
        "party",
        "kind",
        "email",
        "valid_from",
        "mpid",
    ]

    clash = "HARBOUR POWER,,mp121,,ops@northwind.test,,,,,,,,"
    bad = refused(lite, sheet(tmp_path, HARBOUR, clash)).rows[-1]
    assert "shares a name" in bad.reason
    assert "belongs to our own team" in bad.reason
    lite.database.close()


def test_the_same_address_in_two_parties_belongs_to_neither(parts, tmp_path) -> None:
    """With --skip-bad neither of the two rows is taken: nobody can say whose address it is."""
    rows = [HARBOUR, "Bright,,mp121,,MP121@harbour.test,,,,,,,,", "Third,,mp121,,desk@third.test,,,,,,,,"]
    summary = import_contacts(parts, sheet(tmp_path, *rows), NOW, Wish(skip_bad=True))

    assert [row.line for row in summary.skipped] == [2, 3]
    assert [party.party for party in book(parts)] == ["Third"]


def test_one_address_may_be_of_several_kinds_of_one_party(parts, tmp_path) -> None:
    """A small supplier has one desk for everything."""
    rows = [HARBOUR.replace("mp121,Desk", f"{kind},Desk") for kind in ("mp121", "operations", "escalation")]
    import_contacts(parts, sheet(tmp_path, *rows), NOW)

    assert [contact.kind for contact in book(parts)[0].contacts] == list(ContactKind)


def test_a_list_of_ourselves_alone_is_refused(parts, tmp_path) -> None:
    """It says why its row is none."""
    path = sheet(tmp_path, "Northwind Energy,,mp121,,codes@northwind.test,,,,,,,,")

    assert "can be taken (1 row about ourselves: a contact list is of other suppliers)" in str(refused(parts, path))


def test_an_empty_list_is_refused(parts, tmp_path) -> None:
    """A heading alone would forbid everybody to ask."""
    import_contacts(parts, sheet(tmp_path, HARBOUR), NOW)

    assert "no row that can be taken" in str(refused(parts, sheet(tmp_path), Wish(confirm=True)))
    assert len(book(parts)) == 1


def test_an_import_leaves_its_trace_in_the_audit_trail(parts, tmp_path) -> None:
    """The trail says which file changed how much, and no address."""
    import_contacts(parts, sheet(tmp_path, HARBOUR), NOW)

    with parts.database.read() as connection:
        (entry,) = audit.export(connection)
    assert (entry["what"], entry["subject"], entry["detail"]["added"]) == ("import", "contacts", 1)
    assert "@" not in str(entry)


def test_the_example_can_be_imported(parts) -> None:
    """config/contacts.example.csv is a list that is taken as it stands."""
    example = Path(__file__).parents[2] / "config/contacts.example.csv"

    assert import_contacts(parts, example, NOW).rows == 4
