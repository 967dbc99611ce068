"""An old list and a new one: what comes, what changes, what goes; and who hears that a supplier's addresses changed."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rules.identifiers import DeviceId
from daemon.rules.policy import Contact, ContactKind, Counterparty
from daemon.rules.team.differences import Differences, Record, counted, differences
from daemon.rules.team.relisting import moves, warnings
from daemon.rules.wording.difference_words import contact_lines, contact_table, device_lines, device_table

RECORDS = st.dictionaries(st.sampled_from(["name", "phone", "status"]), st.sampled_from(["", "a", "b"]))
LISTS = st.dictionaries(st.integers(0, 12), RECORDS, max_size=10)


def applied(old: Mapping[int, Record], found: Differences[int]) -> dict[int, Record]:
    """The old list with the differences made in it."""
    kept = {key: record for key, record in old.items() if key not in found.gone}
    return kept | {one.key: one.becomes for one in found.changed} | dict(found.added)


def bare(entries: Mapping[int, Record]) -> dict[int, dict[str, str]]:
    """A list without its empty cells, which say nothing."""
    return {key: {name: words for name, words in record.items() if words} for key, record in entries.items()}


@given(LISTS, LISTS)
def test_the_differences_make_the_new_list_of_the_old(old, new) -> None:
    """Applied to the old list they give the new one, and each entry is counted once."""
    found = differences(old, new)

    assert bare(applied(old, found)) == bare(new)
    assert len(found.added) + len(found.changed) + found.unchanged == len(new)
    assert len(found.gone) + len(found.changed) + found.unchanged == len(old)


@given(LISTS)
def test_a_list_does_not_differ_from_itself(entries) -> None:
    """Nothing is added, changed or gone."""
    assert not differences(entries, entries)


@given(LISTS, LISTS)
def test_every_changed_entry_names_a_column_that_differs(old, new) -> None:
    """From and to, and they are not the same."""
    for one in differences(old, new).changed:
        assert one.fields
        assert all(was != becomes for _, was, becomes in one.fields)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ({}, {}, "none added, none changed, none gone, none unchanged"),
        ({1: {}}, {1: {"name": ""}}, "none added, none changed, none gone, 1 unchanged"),
        ({1: {"name": "Ann"}}, {1: {"name": "Bob"}, 2: {}}, "1 added, 1 changed, none gone, none unchanged"),
        ({1: {}, 2: {}}, {2: {"name": "Bob"}}, "none added, 1 changed, 1 gone, none unchanged"),
        ({key: {} for key in range(1500)}, {}, "none added, none changed, 1,500 gone, none unchanged"),
    ],
)
def test_differences_are_counted_in_words(old, new, words) -> None:
    """A missing cell and an empty one say the same."""
    assert counted(differences(old, new)) == words


# In words ───────────────────────────────────────────────────────────────────────────────────────────

ANN = ("South Power", "mp121", "ann@south.test")
DESK = ("South Power", "operations", "desk@south.test")
NEW = ("West Energy", "mp121", "codes@west.test")


def test_contacts_are_shown_with_what_changes() -> None:
    """Changed with from and to, added with what they say, gone."""
    old = {ANN: {"name": "Ann", "phone": "020 7946 0101"}, DESK: {"name": "Desk"}}
    new = {ANN: {"name": "Bob"}, NEW: {"name": "West desk", "successor_of": "OLMP"}}

    assert contact_table(differences(old, new)) == (
        ("changed", "South Power, mp121: ann@south.test", "name: Ann -> Bob; phone: 020 7946 0101 -> nothing"),
        ("added", "West Energy, mp121: codes@west.test", "name: West desk; successor of: OLMP"),
        ("gone", "South Power, operations: desk@south.test", ""),
    )
    assert contact_lines(differences(old, new), 1)[1:] == ("and 2 more",)


def test_a_code_or_personal_data_in_a_cell_is_masked() -> None:
    """Whatever a sheet holds, no table or letter repeats it."""
    code, mpan = "83FED3407A939723A5C639B26916D505", "2000012345672"
    found = differences({}, {ANN: {"name": code, "phone": mpan}})

    assert contact_table(found)[0][2] == "name: [removed]; phone: [removed]"


A0, A1, A2 = (DeviceId(f"00-DB-12-34-56-78-90-A{n}") for n in range(3))


def test_changes_of_devices_are_gathered_the_gravest_first() -> None:
    """What could let a code out is said before what could not; a status that opens the gate has a line of its own."""
    old = {A0: {"status": "Commissioned", "installed_on": ""}, A1: {"gaining_supplier": "SOUT", "install_code": "held"}}
    new = {
        A0: {"status": "Pending", "installed_on": "2026-01-05"},
        A1: {"gaining_supplier": "WEST", "install_code": "another one"},
        A2: {"install_code": "held"},
    }

    assert list(device_lines(differences(old, new))) == [
        f"CODES COULD GO OUT AGAIN for 1 device by a new status, for instance {A0}",
        f"gaining supplier: 1 device, for instance {A1}: SOUT -> WEST",
        f"install code: 1 device, for instance {A1}: held -> another one",
        f"status: 1 device, for instance {A0}: Commissioned -> Pending",
        f"installed on: 1 device, for instance {A0}: nothing -> 2026-01-05",
        "added: 1 device, 1 of them with a code",
    ]
    assert device_table(differences(old, new))[0] == (
        "changed",
        A0,
        "status: Commissioned -> Pending; installed on: nothing -> 2026-01-05",
    )


# Whose addresses come and go ────────────────────────────────────────────────────────────────────────


def party(name: str, *addresses: str, mpid: str = "", took_over: str = "") -> Counterparty:
    """A supplier with these addresses."""
    return Counterparty(
        party=name,
        mpids=frozenset({mpid} - {""}),
        successor_of=frozenset({took_over} - {""}),
        contacts=tuple(Contact(address, ContactKind.MP121) for address in addresses),
    )


SOUTH = party("South Power", "ann@south.test", "desk@south.test", mpid="SOUT")
WEST = party("West Energy", "codes@west.test", mpid="WEST")
BOOK = (SOUTH, WEST)
KNOWN = "NEW ADDRESS for South Power"
FAR = ", at a domain that it had no address at"


@pytest.mark.parametrize(
    ("new", "told", "warned"),
    [
        ((SOUTH, WEST), {}, []),
        ((SOUTH, WEST, party("East", "a@east.test")), {}, []),
        (
            (party("South Power", "ann@south.test", "new@south.test", mpid="SOUT"), WEST),
            {"ann@south.test": True, "desk@south.test": False},
            [f"{KNOWN}, whom we know: new@south.test"],
        ),
        (
            (party("South Power", "ann@south.test", "desk@south.test", "a@evil.test"), WEST),
            {"ann@south.test": True, "desk@south.test": True},
            [f"{KNOWN}, whom we know: a@evil.test{FAR}"],
        ),
        ((party("South Power", "ANN@south.test"), WEST), {"desk@south.test": False}, []),
        (
            (party("Sunny Power", "a@evil.test", mpid="SOUT"), WEST),
            {"ann@south.test": False, "desk@south.test": False},
            [f"{KNOWN} (through Sunny Power), whom we know: a@evil.test{FAR}"],
        ),
        ((party("Sunny Power", "ann@south.test", "desk@south.test", mpid="SOUT"), WEST), {}, []),
        (
            (SOUTH, WEST, party("Evil", "a@evil.test", took_over="sout")),
            {"ann@south.test": True, "desk@south.test": True},
            [f"{KNOWN} (through Evil), whom we know: a@evil.test{FAR}"],
        ),
        (
            (party("West Energy", "codes@west.test", mpid="WEST", took_over="South Power"),),
            {"ann@south.test": False, "desk@south.test": False},
            [f"{KNOWN} (through West Energy), whom we know: codes@west.test{FAR}"],
        ),
        (
            (SOUTH,),
            {"codes@west.test": False},
            ["1 OF 2 SUPPLIERS WOULD GO, and could ask for nothing any more. Is the sheet complete?"],
        ),
    ],
    ids=[
        "the same",
        "a new supplier",
        "one address replaced",
        "one address beside the others",
        "one address gone, another spelled anew",
        "a new name for an old MPID",
        "renamed, the same addresses",
        "somebody says they took over",
        "taken over",
        "a supplier gone",
    ],
)
def test_who_is_told_and_what_is_warned_of(new, told, warned) -> None:
    """An address new for a known supplier is told to all that it had; one that goes, to itself; True: it is still listed."""
    found = moves(BOOK, new)

    assert {address: address in move.kept for move in found for address in move.told} == told
    assert list(warnings(found)) == warned


def test_many_new_addresses_do_not_hide_the_strange_one() -> None:
    """Those at new domains come first, and the rest is counted."""
    old = tuple(party(f"Party {n:02}", f"a@party{n}.test") for n in range(60))
    new = tuple(party(f"Party {n:02}", f"b@{'evil' if n == 59 else f'party{n}'}.test") for n in range(60))

    found = warnings(moves(old, new), most=5)
    assert found[0] == f"NEW ADDRESS for Party 59, whom we know: b@evil.test{FAR}"
    assert found[5:] == ("NEW ADDRESSES for suppliers we know: 55 more",)


def test_who_took_over_long_ago_is_no_news() -> None:
    """A successor that could ask before may still: nobody is told, nothing is warned of."""
    heir = party("West Energy", "codes@west.test", took_over="SOUT")

    assert list(warnings(moves((SOUTH, heir), (SOUTH, heir)))) == []
    assert all(not move.told for move in moves((SOUTH, heir), (SOUTH, heir)))
