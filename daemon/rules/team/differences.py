"""An old list and a new one -> what comes, what changes, what goes. Each entry is a record: words by the name of a column."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
Record = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Changed(Generic[K]):
    """An entry that both lists have, and that says something else in the new one."""

    key: K
    was: Record
    becomes: Record

    @property
    def fields(self) -> tuple[tuple[str, str, str], ...]:
        """Each column that differs, with its old and its new words; one that a list lacks says nothing."""
        names = dict.fromkeys((*self.was, *self.becomes))
        pairs = ((name, self.was.get(name, ""), self.becomes.get(name, "")) for name in names)
        return tuple((name, old, new) for name, old, new in pairs if old != new)


@dataclass(frozen=True, slots=True)
class Differences(Generic[K]):
    """What a new list does to the old one, each part in the order of the list it stands in."""

    added: Mapping[K, Record]
    changed: tuple[Changed[K], ...]
    gone: Mapping[K, Record]
    unchanged: int

    def __bool__(self) -> bool:
        """There are any."""
        return bool(self.added or self.changed or self.gone)

    @property
    def touched(self) -> frozenset[K]:
        """What is new or says something new."""
        return frozenset({*self.added, *(one.key for one in self.changed)})


def differences(old: Mapping[K, Record], new: Mapping[K, Record]) -> Differences[K]:
    """What makes `new` of `old`. An empty cell and a missing one say the same."""
    both = [key for key in new if key in old]
    pairs = (Changed(key, old[key], new[key]) for key in both)
    changed = tuple(pair for pair in pairs if pair.fields)
    return Differences(
        added={key: record for key, record in new.items() if key not in old},
        changed=changed,
        gone={key: record for key, record in old.items() if key not in new},
        unchanged=len(both) - len(changed),
    )


def counted(found: Differences[K], *, gone: bool = True) -> str:
    """`2 added, 1 changed, none gone, 97 unchanged`; what is gone is not named where nothing can be."""
    numbers = (
        (len(found.added), "added"),
        (len(found.changed), "changed"),
        *([(len(found.gone), "gone")] if gone else []),
        (found.unchanged, "unchanged"),
    )
    return ", ".join(f"{number or 'none':{',' if number else ''}} {word}" for number, word in numbers)
