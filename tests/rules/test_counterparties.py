"""Who is writing, where the answer goes, and which name means which supplier."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from daemon.rules.counterparties import (
    AddressBook,
    called,
    called_to_others,
    identify,
    is_listed,
    means,
    names_of,
    own_names,
    party_address,
    reply_address,
    resolve,
)
from daemon.rules.counterparties.lookalike import looks_alike, skeleton
from daemon.rules.counterparties.providers import FREE_MAIL, is_shared_domain
from daemon.rules.facts import Standing, Writer
from daemon.rules.policy import Contact, ContactKind, Counterparty
from tests.rules import cases, mails
from tests.rules.cases import BOOK, NOW, SOUTHERN, policy

DOMAIN = mails.SUPPLIER_DOMAIN


def who(address: str | None, book: tuple[Counterparty, ...] = BOOK) -> Writer:
    """The writer with this From address."""
    return identify(mails.origin(address), AddressBook.of(book), policy(), NOW)


def party(name: str, *emails: str, **changes: object) -> Counterparty:
    """A party with these mp121 addresses."""
    contacts = tuple(Contact(email=e, kind=ContactKind.MP121, **changes) for e in emails)  # type: ignore[arg-type]
    return Counterparty(party=name, contacts=contacts)


@pytest.mark.parametrize(
    ("address", "standing", "name"),
    [
        (mails.MP121_ADDRESS, Standing.CONTACT, "Northern Energy"),
        (f"MP121@{DOMAIN}", Standing.CONTACT, "Northern Energy"),
        (f"mp121+codes@{DOMAIN}", Standing.COLLEAGUE, "Northern Energy"),
        (f"mp.121@{DOMAIN}", Standing.COLLEAGUE, "Northern Energy"),
        (f"priya.shah@{DOMAIN}", Standing.COLLEAGUE, "Northern Energy"),
        (f"ann@mail.{DOMAIN}", Standing.LISTED_DOMAIN, None),
        ("ann@example", Standing.LISTED_DOMAIN, None),
        (f"ann@{DOMAIN}.evil.test", Standing.LISTED_DOMAIN, None),
        (f"ann@not{DOMAIN}", Standing.UNLISTED, None),
        ("ann@meter-operator.test", Standing.UNLISTED, None),
        (cases.MEMBER, Standing.MEMBER, None),
        (cases.MEMBER.upper(), Standing.MEMBER, None),
        (cases.OURS, Standing.OURSELVES, None),
        ("Install.Codes@our-company.example", Standing.OURSELVES, None),
        (None, Standing.UNLISTED, None),
    ],
)
def test_standing_goes_by_the_exact_address_or_the_exact_domain(
    address: str | None, standing: Standing, name: str | None
) -> None:
    """A listed address is a contact whatever its case; plus and dot make another address; a sub-domain is no colleague."""
    writer = who(address)

    assert (writer.standing, writer.counterparty.party if writer.counterparty else None) == (standing, name)


def test_a_domain_of_two_parties_makes_nobody_a_colleague() -> None:
    """Where contacts of two parties share a domain, an unlisted writer there belongs to neither."""
    shared = (party("One", "a@group.example"), party("Two", "b@group.example"))

    assert who("c@group.example", shared).standing is Standing.LISTED_DOMAIN
    assert who("c@group.example", shared[:1]).standing is Standing.COLLEAGUE


@pytest.mark.parametrize("domain", ["gmail.com", "btinternet.com", "supplier.onmicrosoft.com", "x.service-now.com"])
def test_a_provider_s_domain_makes_nobody_a_colleague(domain: str) -> None:
    """A contact listed at a free-mail or hosting provider brings no strangers along, and is a contact all the same."""
    book = (party("Small", f"small@{domain}"),)

    assert who(f"other@{domain}", book).standing is Standing.UNLISTED
    assert who(f"other@sub.{domain}", book).standing is Standing.UNLISTED
    assert who(f"small@{domain}", book).standing is Standing.CONTACT


def test_a_contact_that_does_not_count_yet_brings_no_colleagues() -> None:
    """Were it otherwise, adding one address by email would let a whole domain in before the 72 hours are over."""
    soon = (party("New", "a@new-power.example", counts_from=NOW + timedelta(hours=1)),)
    since = (party("New", "a@new-power.example", counts_from=NOW),)

    assert who("b@new-power.example", soon).standing is Standing.LISTED_DOMAIN
    assert who("b@new-power.example", since).standing is Standing.COLLEAGUE


def test_an_address_listed_twice_is_read_as_the_one_in_force() -> None:
    """A contact in force goes before the same address listed for a later day, even under another party."""
    book = (party("Later", "x@both.example", valid_from=date(2026, 7, 1)), party("Now", "x@both.example"))
    writer = who("x@both.example", book)

    assert writer.counterparty is not None
    assert writer.counterparty.party == "Now"


def test_providers_are_lower_case_domains() -> None:
    """Every entry is written as addresses come in: lower-case A-labels; a provider's own domain counts as shared."""
    assert all(d == d.lower() and "@" not in d and "." in d and d.isascii() for d in FREE_MAIL)
    assert is_shared_domain("service-now.com")
    assert not is_shared_domain(DOMAIN)


# ── look-alikes ─────────────────────────────────────────────────────────────────────────────────────

LISTED = "brightspark-energy.co.uk"
ALIKE = [
    "brlghtspark-energy.co.uk", "br1ghtspark-energy.co.uk", "brightspark-energy.co.uk.", "brightspark-enengy.co.uk",
    "brightspark-energy.com", "brightspark-energy.uk", "brightspark-energy.org.uk", "brightspark-energy.net",
    "brightsparkenergy.co.uk", "bright-spark-energy.co.uk", "brightspark--energy.co.uk", "brightsparc-energy.co.uk",
    "brightspark-energys.co.uk", "brightspark-enery.co.uk", "brightspark-eenergy.co.uk", "brihgtspark-energy.co.uk",
    "bri9htspark-energy.co.uk", "8rightspark-energy.co.uk", "brightspark-energy.co.uk".replace("e", "3", 1),
    "brightspark-energy.c0.uk", "brightspark-energy.co.vk", "brightsparks-energy.co.uk", "brightspak-energy.co.uk",
    "briqhtspark-energy.co.uk", "brightspark-energv.co.uk", "brightspark-enerqy.co.uk", "brightspqrk-energy.co.uk",
    "brightspark-erergy.co.uk", "drightspark-energy.co.uk", "brightspark-enrgy.co.uk", "brighttspark-energy.co.uk",
    "brightspark-energy.co.uk".replace("a", "à"), "brightspark-energy.co.uk".replace("e", "é", 1),
    "brightspark-energy.co.uk".replace("a", "а"), "brightspark-energy.co.uk".replace("o", "о"),
    "brightspark-energy.co.uk".replace("p", "р"), "brightspark-energy.co.uk".replace("e", "е"),
    "brightspark-energy.co.uk".replace("i", "і"), "brightspark-energy.co.uk".replace("y", "у"),
    "brightspark-energy.co.uk".replace("c", "с"), "brightspark-energy.co.uk".replace("s", "ѕ"),
    "brightspark-energy.co.uk".replace("h", "һ"), "brightspark-energy.co.uk".replace("o", "ο"),
    "brightspark-energy.co.uk".replace("a", "α"), "brightspark-energy.co.uk".replace("i", "ı"),
    "ｂrightspark-energy.co.uk", "brightspark‑energy.co.uk", "brightsparkk-energy.co.uk", "brightspark-energy.cc.uk",
    "brightspank-energy.co.uk",
]  # fmt: skip


def a_label(domain: str) -> str:
    """The domain as it would come in: an A-label where Punycode can write it."""
    labels = [d if d.isascii() else "xn--" + d.encode("punycode").decode() for d in domain.rstrip(".").split(".")]
    return ".".join(labels)


@pytest.mark.parametrize("domain", [d for d in ALIKE if a_label(d) != LISTED])
def test_row_13_a_look_alike_of_a_listed_domain_is_seen(domain: str) -> None:
    """Attack 13: figures for letters, other alphabets, two letters off, another ending."""
    assert looks_alike(a_label(domain), LISTED)


@pytest.mark.parametrize(
    "domain", ["octopus.energy", "edfenergy.com", "darkspark-power.co.uk", "meter-news.example", "xn--zzzzz.example"]
)
def test_other_companies_do_not_look_alike(domain: str) -> None:
    """Ordinary domains of the trade are not taken for it, nor is a label that no IDNA can read."""
    assert not looks_alike(domain, LISTED)


@pytest.mark.parametrize(
    ("one", "other"),
    [("rnodern.example", "modern.example"), ("vvest.example", "west.example"), ("c1ear.example", "clear.example")],
)
def test_pairs_and_figures_have_one_skeleton(one: str, other: str) -> None:
    """`rn` is read as m, `vv` as w, 1 as l."""
    assert skeleton(one) == skeleton(other)


def test_a_domain_is_not_its_own_look_alike() -> None:
    """Nor is a short name under another ending, which is another company."""
    assert not looks_alike(LISTED, LISTED)
    assert not looks_alike("abc.organic", "abc.com")
    assert looks_alike("abcd.organic", "abcd.com")


def test_the_writer_at_a_look_alike_bears_the_domain_it_borrows() -> None:
    """Ops are to read whose name is borrowed; a free-mail address borrows nobody's."""
    assert who("mp121@northem-energy.example").looks_like == DOMAIN
    assert who("northern-energy@gmail.com").looks_like == ""


# ── where the answer goes ───────────────────────────────────────────────────────────────────────────

OPERATIONS = Contact(email="ops@p.example", kind=ContactKind.OPERATIONS)
CODES = Contact(email="codes@p.example", kind=ContactKind.MP121)
ESCALATION = Contact(email="boss@p.example", kind=ContactKind.ESCALATION)


@pytest.mark.parametrize(
    ("contacts", "writer", "address"),
    [
        ((OPERATIONS, CODES, ESCALATION), ESCALATION, "boss@p.example"),
        ((OPERATIONS, CODES, ESCALATION), None, "codes@p.example"),
        ((OPERATIONS, ESCALATION), None, "ops@p.example"),
        ((ESCALATION,), None, None),
        ((OPERATIONS, replace(CODES, valid_from=date(2026, 6, 9))), None, "ops@p.example"),
        ((OPERATIONS, replace(CODES, valid_from=date(2026, 6, 8))), None, "codes@p.example"),
        ((OPERATIONS, replace(CODES, counts_from=NOW + timedelta(seconds=1))), None, "ops@p.example"),
        ((OPERATIONS, replace(ESCALATION, counts_from=NOW + timedelta(seconds=1))), 1, "ops@p.example"),
        ((), None, None),
    ],
)
def test_one_listed_address_is_answered(
    contacts: tuple[Contact, ...], writer: Contact | int | None, address: str | None
) -> None:
    """The one that wrote, else mp121, else operations; only those in force; an escalation contact only if it wrote."""
    wrote = contacts[writer] if isinstance(writer, int) else writer
    one = Counterparty("P", contacts=contacts)

    assert reply_address(Writer(Standing.CONTACT, "who@p.example", one, wrote), NOW) == address


def test_nobody_is_answered_who_belongs_to_nobody() -> None:
    """A writer without a party has no address to be answered at."""
    assert reply_address(Writer(Standing.UNLISTED, "x@y.example"), NOW) is None


def test_a_recipient_must_be_listed_for_that_party_and_in_force() -> None:
    """Another party's address, and one for a later day, are no recipients."""
    later = replace(SOUTHERN, contacts=(replace(SOUTHERN.contacts[0], valid_from=date(2026, 6, 9)),))

    assert is_listed(cases.SOUTHERN_ADDRESS, SOUTHERN, NOW)
    assert not is_listed(mails.MP121_ADDRESS, SOUTHERN, NOW)
    assert not is_listed(cases.SOUTHERN_ADDRESS, later, NOW)
    assert party_address(later, NOW) is None


# ── names ───────────────────────────────────────────────────────────────────────────────────────────

GRAND = Counterparty("Grand Power plc", mpids=frozenset({"GRAN", "GRAX"}), successor_of=frozenset({"Middle Power"}))
MIDDLE = Counterparty("Middle Power", mpids=frozenset({"MIDD"}), successor_of=frozenset({"LITT", "Grand Power plc"}))
LITTLE = Counterparty("Little Power", mpids=frozenset({"LITT"}), aliases=frozenset({"Little & Co."}))
FAMILY = (LITTLE, MIDDLE, GRAND, SOUTHERN)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("southern power", "Southern Power"),
        ("SOUT", "Southern Power"),
        ("  Southern ", "Southern Power"),
        ("little & co", "Little Power"),
        ("LITT", "Little Power"),
        ("nobody", None),
        ("  ", None),
        ("&", None),
    ],
)
def test_a_name_alias_or_mpid_finds_its_party(name: str, found: str | None) -> None:
    """Case, blanks and punctuation make no difference; nothing finds nobody."""
    party = resolve(name, FAMILY)

    assert (party.party if party else None) == found


def test_a_name_no_party_bears_finds_the_one_that_took_it_over() -> None:
    """An inventory goes on naming a supplier that is gone; its successor stands in."""
    party = resolve("Middle Power", (GRAND,))

    assert party is GRAND


def test_a_party_answers_for_its_predecessors_and_theirs() -> None:
    """The chain is followed to its end, a circle in it does no harm, and no successor is claimed."""
    assert all(
        means(name, names_of(GRAND, FAMILY)) for name in ("grand power PLC", "GRAX", "Middle Power", "MIDD", "LITT")
    )
    assert not means("Southern", names_of(GRAND, FAMILY))
    assert not means("Grand Power plc", names_of(LITTLE, FAMILY))
    assert not means("", names_of(LITTLE, FAMILY))


def test_a_predecessor_that_no_list_knows_is_a_name_all_the_same() -> None:
    """A party read against an empty list still answers for those that it names itself."""
    assert means("middle power", names_of(GRAND, ()))
    assert not means("LITT", names_of(GRAND, ()))


def test_we_answer_for_our_own_names() -> None:
    """Our name and MPIDs and those of predecessors, in any case."""
    names = own_names(policy())

    assert means("oldc", names)
    assert means("Our Company", names)
    assert not means("NORT", names)


def test_a_supplier_is_named_by_mpid_and_name() -> None:
    """The MPID first, for machines; with two MPIDs nobody can tell which a name means; the one told is told so."""
    named, nobody = called_to_others(FAMILY), frozenset[str]()

    assert called("Southern", named, nobody) == called("sout", named, nobody) == "SOUT (Southern Power)"
    assert called("Grand  Power\nplc", named, nobody) == "Grand Power plc"
    assert called("Nobody we know", named, nobody) == "Nobody we know"
    assert called("Southern", named, names_of(SOUTHERN, FAMILY)) == "SOUT (yourselves)"
