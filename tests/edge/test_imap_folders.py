"""How folder names are spelled, and which folders are special."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.edge.imap.folders import Listed, Naming, naming_without_namespace, special_folders

SLASH, COURIER, PREFIXED, FLAT = Naming(), Naming("INBOX.", "."), Naming("Mail/", "/"), Naming("", "")
NAMINGS = (SLASH, COURIER, PREFIXED, Naming("", "."), Naming("", "\\"), FLAT)


def listed(*names: str, separator: str = "/", **attributes: str) -> list[Listed]:
    """Lines of LIST; `attributes` by name."""
    return [Listed(n, frozenset(filter(None, attributes.get(n, "").split())), separator) for n in names]


@pytest.mark.parametrize(
    ("naming", "name", "spelled"),
    [
        (SLASH, "Install codes/Held", "Install codes/Held"),
        (COURIER, "Install codes/Held", "INBOX.Install codes.Held"),
        (COURIER, "inbox", "INBOX"),
        (COURIER, "a.b/c", "INBOX.a/b.c"),
        (COURIER, "/shared/x", "shared.x"),
        (PREFIXED, "Sent", "Mail/Sent"),
        (FLAT, "Install codes/Held", "Install codes/Held"),
    ],
)
def test_names_as_the_server_spells_them(naming, name, spelled):
    """Levels and prefix follow the server; INBOX is the same everywhere."""
    assert naming.at_server(name) == spelled


@example(SLASH, "/")
@example(COURIER, "INBOX..x")
@example(COURIER, "INBOX.inbox")
@given(st.sampled_from(NAMINGS), st.text(st.characters(codec="utf-8"), min_size=1))
def test_no_two_folders_get_one_name(naming, spelled):
    """Whatever a server calls a folder, our name for it leads back to that folder and to no other."""
    assert naming.at_server(naming.in_house(spelled)) == ("INBOX" if spelled.upper() == "INBOX" else spelled)


@pytest.mark.parametrize(
    ("folders", "naming"),
    [
        (listed("INBOX", "INBOX.Sent", "INBOX.Trash", separator="."), COURIER),
        (listed("INBOX", "Sent", "INBOX.x", separator="."), Naming("", ".")),
        (listed("INBOX"), SLASH),
        (listed("INBOX", separator=""), FLAT),
        ([], SLASH),
    ],
)
def test_a_prefix_that_is_not_told_is_seen(folders, naming):
    """Without NAMESPACE (RFC 2342) a list where all lies below INBOX gives the prefix away."""
    assert naming_without_namespace(folders) == naming


def test_attributes_go_before_names():
    """A folder that is marked as Sent is Sent, even beside one that is called so."""
    found = special_folders(
        listed("Sent", "Gesendet", "Papierkorb", "Spam", "Bin", Gesendet="\\sent", Papierkorb="\\trash"), SLASH
    )
    assert (found.sent, found.trash, found.junk, found.archive) == ("Gesendet", ("Papierkorb",), ("Spam",), ())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Sent Items", "sent"),
        ("Junk Email", "junk"),
        ("Deleted Items", "trash"),
        ("Archive", "archive"),
        ("[Gmail]/Sent Mail", "sent"),
    ],
)
def test_names_that_mail_programs_give(name, kind):
    """Without attributes, Outlook's and Gmail's names are known; a folder that holds no mail is none."""
    found = getattr(special_folders(listed(name), SLASH), kind)
    assert found in (name, (name,))
    barred = special_folders([Listed(name, frozenset({"\\noselect"}), "/")], SLASH)
    assert getattr(barred, kind) in ("Sent", ())
