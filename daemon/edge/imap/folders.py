"""Folder names: ours, with "/" between levels and no prefix, and the server's own.

A server may keep a person's folders under a prefix (`INBOX.` at Courier) and part the levels with another
character (RFC 2342). The two spellings map onto each other one to one, so that either can be had from the other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LEVELS = "/"


@dataclass(frozen=True, slots=True)
class Naming:
    """How one server spells folder names. `separator` is empty where it has no hierarchy."""

    prefix: str = ""
    separator: str = LEVELS

    def at_server(self, name: str) -> str:
        """The server's spelling of our `name`."""
        if name.upper() == "INBOX":
            return "INBOX"
        if name.startswith(LEVELS):  # a folder outside the personal prefix, see `in_house`
            return self._swapped(name[1:])
        return self.prefix + self._swapped(name)

    def in_house(self, name: str) -> str:
        """Our spelling of the server's `name`; what lies outside the personal prefix begins with "/".

        So does what would read as such, or as INBOX, without its prefix: then the whole name stands behind the "/".
        """
        if name.upper() == "INBOX":
            return "INBOX"
        short = self._swapped(name.removeprefix(self.prefix))
        odd = short.startswith(LEVELS) or short.upper() == "INBOX"
        return LEVELS + self._swapped(name) if odd or not name.startswith(self.prefix) else short

    def _swapped(self, name: str) -> str:
        """Levels parted the other way. Each of the two characters stands for the other, so nothing gets lost."""
        if not self.separator or self.separator == LEVELS:
            return name
        return name.translate({ord(LEVELS): self.separator, ord(self.separator): LEVELS})


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of LIST: the server's spelling, and the attributes in lower case (RFC 6154)."""

    name: str
    attributes: frozenset[str]
    separator: str

    @property
    def selectable(self) -> bool:
        """Holds mail, rather than other folders alone."""
        return not self.attributes & {"\\noselect", "\\nonexistent"}


@dataclass(frozen=True, slots=True)
class SpecialFolders:
    """The folders that people and their mail programs use, in our spelling. `sent` may not exist yet."""

    sent: str
    junk: tuple[str, ...]
    trash: tuple[str, ...]
    archive: tuple[str, ...]


_COMMON_NAMES = {
    "\\sent": ("sent", "sent items", "sent messages", "sent mail", "[gmail]/sent mail"),
    "\\junk": ("junk", "junk email", "junk e-mail", "spam", "bulk mail", "[gmail]/spam"),
    "\\trash": ("trash", "deleted items", "deleted messages", "bin", "[gmail]/trash", "[gmail]/bin"),
    "\\archive": ("archive", "archives", "archived"),
}


def naming_without_namespace(folders: Sequence[Listed]) -> Naming:
    """What the list of folders gives away where the server does not tell its namespace.

    All folders below INBOX means that INBOX is the prefix.
    """
    separator = next((f.separator for f in folders), LEVELS)
    others = [f.name for f in folders if f.name.upper() != "INBOX"]
    prefix = "INBOX" + separator
    below = bool(others) and bool(separator) and all(name.startswith(prefix) for name in others)
    return Naming(prefix if below else "", separator)


def special_folders(folders: Iterable[Listed], naming: Naming) -> SpecialFolders:
    """Found by attribute (RFC 6154); where a kind has none, by the names that mail programs give."""
    named = [(naming.in_house(f.name), f.attributes) for f in folders if f.selectable]

    def of(kind: str) -> tuple[str, ...]:
        marked = tuple(name for name, attributes in named if kind in attributes)
        return marked or tuple(name for name, _ in named if name.lower() in _COMMON_NAMES[kind])

    return SpecialFolders(
        sent=next(iter(of("\\sent")), "Sent"), junk=of("\\junk"), trash=of("\\trash"), archive=of("\\archive")
    )
