"""Domains that a person could take for each other.

By look (a skeleton after Unicode UTS 39, with the habits of forgers beside it), by at most two letters, or
by the same name under another ending. Nothing is decided on it but that somebody of ours is told.
"""

import unicodedata
from functools import lru_cache

from daemon.mail.sender.authres import organisation

_LETTERS = str.maketrans("аеорсухіјѕԁɡһӏвкмнтгοανι", "aeopcyxijsdghlbkmhtroavi")
"""Cyrillic and Greek letters that look Latin; a subset of UTS 39 confusables.txt for lower case."""
_FIGURES = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "3": "e", "8": "b", "9": "g", "|": "l", "-": ""})
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"))
MOST_LETTERS_APART = 2
SHORTEST_NAME = 4
"""A name this short under two endings is two companies."""


def looks_alike(one: str, other: str) -> bool:
    """Whether `one` can be taken for `other`; both lower-case A-labels. A domain is not alike itself."""
    if one == other:
        return False
    left, right = skeleton(one), skeleton(other)
    return left == right or _same_name(one, other) or _within(left, right, MOST_LETTERS_APART)


@lru_cache(maxsize=2048)
def skeleton(domain: str) -> str:
    """What is left of a domain when everything that looks the same is written the same."""
    text = ".".join(map(_unicode, domain.split(".")))
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    bare = bare.translate(_FIGURES)
    for pair, single in _PAIRS:
        bare = bare.replace(pair, single)
    return bare


def _unicode(label: str) -> str:
    """What an A-label shows, by plain Punycode: a label that no rule allows can still deceive."""
    try:
        return label[4:].encode("ascii").decode("punycode") if label.startswith("xn--") else label
    except UnicodeError:
        return label


def _same_name(one: str, other: str) -> bool:
    """brightspark.com for brightspark.co.uk."""
    left, right = (skeleton(organisation(domain).partition(".")[0]) for domain in (one, other))
    return left == right and len(left) >= SHORTEST_NAME


def _within(one: str, other: str, most: int) -> bool:
    """Whether at most `most` letters must be added, dropped or changed (Levenshtein)."""
    if abs(len(one) - len(other)) > most:
        return False
    previous = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        current = [i]
        for j, b in enumerate(other, 1):
            current.append(min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (a != b)))
        if min(current) > most:
            return False
        previous = current
    return previous[-1] <= most
