"""A pattern that first looks for words which every match holds: most sentences hold none, and that is told fast.

To look for thirty words costs a tenth of what the pattern costs that begins with any of them; and where one of the
words stands, only those ways through the pattern are tried that need it, and there alone if they begin with it. The words
are read off the pattern itself, so that they cannot come to differ from it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]  # the one reading of patterns that is Python's own
from typing import Any

_WITHOUT_WIDTH = (_constants.AT, _constants.ASSERT, _constants.ASSERT_NOT)
_LETTER_OF_WORDS = re.compile("[g-z]")
"""No Device ID has one."""
_Words = tuple[str, ...]


class _Way:
    """One way through a pattern; compiled where it is first tried, for most are never."""

    def __init__(self, state: _parser.State, parts: Sequence[Any]) -> None:
        needs = _needs(parts)
        self.words: _Words = needs[0] if needs else ("",)
        """One of these stands in each match; the empty one where nothing can be said."""
        self.also: _Words = needs[1] if len(needs) > 1 else ()
        """And one of these beside it; none: nothing more can be said."""
        self.begins = bool(needs) and set(self.words) == _beginnings(parts)
        """Each match begins with such a word."""
        self._parsed = _parser.SubPattern(state, list(parts))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        compiled: re.Pattern[str] = _compiler.compile(self._parsed)
        return compiled

    def stands(self, text: str, word: str) -> bool:
        """Whether it stands in `text`, which holds `word`; where it begins so, with that word."""
        if not _holds_one(text, self.also):
            return False
        if not self.begins:
            return self._pattern.search(text) is not None
        match = self._pattern.match
        at = text.find(word)
        while at >= 0 and not match(text, at):
            at = text.find(word, at + 1)
        return at >= 0


@lru_cache(maxsize=1)  # a dozen patterns are looked for in what one mail says
def _in_words(texts: tuple[str, ...]) -> str:
    """All `texts` that hold a word: a list of Device IDs is as long as what is said of it."""
    return "\n".join(filter(_LETTER_OF_WORDS.search, texts))


class Sought:
    """A pattern that minds case, with what is used of `re.Pattern`; read where it is first asked for."""

    def __init__(self, pattern: str) -> None:
        self.source = pattern

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """All of it, compiled."""
        return re.compile(self.source)

    @cached_property
    def words(self) -> _Words:
        """One of these stands in each match; none: nothing of that kind can be said."""
        return words_of(self.source)

    @cached_property
    def _ways(self) -> dict[str, list[_Way]]:
        """By a word that each match holds; by the empty one where nothing can be said."""
        parsed = _parser.parse(self.source)
        by_word: dict[str, list[_Way]] = {}
        for way in (_Way(parsed.state, parts) for parts in _ways(list(parsed))):
            for word in way.words:
                by_word.setdefault(word, []).append(way)
        return by_word

    def found(self, text: str) -> bool:
        """Whether it stands anywhere in `text`."""
        return _stands(text, self._ways.items())

    def among(self, texts: Sequence[str]) -> list[str]:
        """Those of `texts` in which it stands."""
        ways = self._ways_in(texts)
        return [text for text in texts if _stands(text, ways)] if ways else []

    def in_any(self, texts: Sequence[str]) -> bool:
        """Whether it stands in one of `texts`."""
        ways = self._ways_in(texts)
        return bool(ways) and any(_stands(text, ways) for text in texts)

    def _ways_in(self, texts: Sequence[str]) -> list[tuple[str, list[_Way]]]:
        """Those by words that stand in one of `texts`. Most words stand in none, which is asked of all together."""
        together = _in_words(tuple(texts)) if self._of_words else "\n".join(texts)
        return [way for way in self._ways.items() if way[0] in together]

    @cached_property
    def _of_words(self) -> bool:
        return all(map(_LETTER_OF_WORDS.search, self._ways))

    def sub(self, replacement: str, text: str) -> str:
        """As `re.Pattern.sub`."""
        return self.pattern.sub(replacement, text) if _holds_one(text, self.words) else text

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """As `re.Pattern.finditer`."""
        return self.pattern.finditer(text) if _holds_one(text, self.words) else iter(())


def either(*patterns: Sought) -> Sought:
    """One pattern that stands where any of these does: the words of all are looked for once."""
    return Sought("|".join(pattern.source for pattern in patterns))


def _stands(text: str, by_word: Iterable[tuple[str, list[_Way]]]) -> bool:
    tried = None
    for word, ways in by_word:  # any() costs three times as much
        if word in text:
            for way in ways:
                if way is not tried and way.stands(text, word):
                    return True
                tried = None if way.begins else way  # it stands under each of its words, mostly one after the other
    return False


def _holds_one(text: str, words: _Words) -> bool:
    for word in words:
        if word in text:
            return True
    return not words


def words_of(pattern: str) -> _Words:
    """Words, one of which stands in whatever `pattern` matches; none where nothing of that kind can be said."""
    return next(iter(_needs(_parser.parse(pattern))), ())


def _ways(parts: Sequence[Any]) -> list[Sequence[Any]]:
    """The alternatives, where `parts` are nothing but a choice between some; else `parts`."""
    wide = [number for number, (part, _) in enumerate(parts) if part not in _WITHOUT_WIDTH]
    if len(wide) != 1 or parts[wide[0]][0] is not _constants.BRANCH:
        return [parts]
    before, (_, (_, branches)), behind = parts[: wide[0]], parts[wide[0]], parts[wide[0] + 1 :]
    return [way for branch in branches for way in _ways([*before, *branch, *behind])]


def _needs(parts: Iterable[Any]) -> list[_Words]:
    """Of each of these, one word stands in whatever the run of `parts` matches; first those that say most."""
    found: list[set[str]] = []
    run = ""
    for part, detail in (*parts, (None, None)):
        if part is _constants.LITERAL:
            run += chr(detail)
            continue
        if run:
            found.append({run})
            run = ""
        inner = _needed_within(part, detail)
        if inner:
            found.append(inner)
    return [tuple(sorted(_shortest(words))) for words in sorted(found, key=_weight, reverse=True)]


def _needed_within(part: Any, detail: Any) -> set[str] | None:
    if part is _constants.SUBPATTERN:
        return _needed(detail[3])
    if part in (_constants.MAX_REPEAT, _constants.MIN_REPEAT) and detail[0] > 0:
        return _needed(detail[2])
    if part is _constants.BRANCH:
        each = [_needed(branch) for branch in detail[1]]
        return set().union(*filter(None, each)) if all(each) else None
    return None


def _needed(parts: Iterable[Any]) -> set[str] | None:
    return set(next(iter(_needs(parts)), ())) or None


def _beginnings(parts: Iterable[Any]) -> set[str]:
    """With one of these begins whatever the run of `parts` matches; none: that cannot be said."""
    run = ""
    for part, detail in parts:
        if part is _constants.LITERAL:
            run += chr(detail)
        elif run:
            break
        elif part is _constants.SUBPATTERN:
            return _beginnings(detail[3])
        elif part is _constants.BRANCH:
            each = [_beginnings(branch) for branch in detail[1]]
            return set().union(*each) if all(each) else set()
        elif part not in _WITHOUT_WIDTH:
            return set()
    return {run} if run else set()


def _shortest(words: Iterable[str]) -> set[str]:
    """Those that hold no other: where the longer one stands, the shorter one does."""
    every = set(words)
    return {word for word in every if not any(other in word for other in every - {word})}


def _weight(words: set[str]) -> tuple[int, int]:
    """Long words, and few of them."""
    return min(map(len, words)), -len(words)
