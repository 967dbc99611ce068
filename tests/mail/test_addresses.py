"""One plain address or nothing."""

import pytest

from daemon.mail import addresses


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("ann@listed.example", ("ann@listed.example", "")),
        ("Ann <ann@Listed.Example>", ("ann@listed.example", "Ann")),
        ('"Shah, Ann" <Ann.Shah@listed.example>', ("Ann.Shah@listed.example", "Shah, Ann")),
        ("=?utf-8?q?Ann?= <ann@listed.example>", ("ann@listed.example", "=?utf-8?q?Ann?=")),
        ("ann@listed.example <ann@listed.example>", ("ann@listed.example", "ann@listed.example")),
        ("Ann <ann@bücher.example>", ("ann@xn--bcher-kva.example", "Ann")),
        ("<ann+codes@listed.example.>", ("ann+codes@listed.example", "")),
    ],
)
def test_one_plain_mailbox(value, found):
    """Plain forms are read; the domain becomes a lower-case A-label, the local part stays as it was written."""
    assert addresses.mailbox(value) == found


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Ann",
        "ann@localhost",
        "ann@listed.example, eve@evil.example",
        "<ann@listed.example>, <eve@evil.example>",
        "Listed: ann@listed.example;",
        "<@evil.example:ann@listed.example>",
        "<ann@listed.example@evil.example>",
        "ann@listed.example <eve@evil.example> x",
        "<ann@listed.example>eve@evil.example",
        "<ann@listed.example><eve@evil.example>",
        "<<ann@listed.example>>",
        '"ann"@listed.example',
        "ann\\@listed.example@evil.example",
        "ann@listed.example(eve@evil.example)",
        "ann(comment)@listed.example",
        "(ann@listed.example) <eve@evil.example>",
        "=?utf-8?q?ann=40listed.example?=@evil.example",
        "=?utf-8?q?ann=40listed.example=3E?=",
        "ann@[192.0.2.1]",
        "ann@listed.example;eve@evil.example",
        "ann@listed.example\x00.evil.example",
        "a..nn@listed.example",
        f"{'a' * 65}@listed.example",
        f"ann@{'a' * 300}.example",
        "(" * 20_000,
        "ann@-listed.example",
    ],
)
def test_row_10_anything_else_is_nobody(value):
    """Row 10: groups, routes, comments, quoted local parts, two addresses, trailing text: no address at all."""
    assert addresses.mailbox(value) is None


def test_row_12_the_display_name_is_only_a_name():
    """Row 12: a listed address in the display name is not the sender's address."""
    assert addresses.mailbox('"mp121@listed.example" <eve@evil.example>') == (
        "eve@evil.example",
        "mp121@listed.example",
    )


@pytest.mark.parametrize("domain", ["listеd.example", "lısted.example", "ｌisted.example.evil", "listed.examplе"])
def test_row_13_homographs_are_other_domains(domain):
    """Row 13: a letter of another script gives another A-label, never the listed domain."""
    assert addresses.a_label(domain) != "listed.example"


def test_addresses_of_a_list():
    """Every plain address of To and Cc, in order, names and groups left out; at most fifty."""
    assert addresses.addresses(['"A, B" <a@x.example>, c@x.example', "Team: d@x.example;"]) == (
        "a@x.example",
        "c@x.example",
        "d@x.example",
    )
    assert len(addresses.addresses([", ".join(f"a{n}@x.example" for n in range(500))])) == 50
