"""Devices that a mail names and does not want: those it leaves out, and those of which it says that all is done.

Read clause by clause, by what stands right before or right behind a Device ID or a list of them: "but not ...", "we do not
need ...", "... is on hold"; "... has been removed", "we already have the code for ...". A "not" that stands elsewhere
("not commissioned", "did not install", "did not send") makes a request, and so does a question.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from daemon.rules.identifiers import DeviceId
from daemon.rules.sense.cells import is_over, may_say_it_is_over
from daemon.rules.sense.forms import DEVICE, SPOT, plain
from daemon.rules.sense.scanning import canonical_of
from daemon.rules.sense.sought import Sought

MAX_WORDS = 20_000
"""Characters of a text that are read, as for its wishes."""

# Right before: the first of the devices that it is said of ends the match.
_CODE_OF = r"(?:\s+(?:the|a|an|any|both|all|its|install(?:ation)?|codes?|keys?|for|of|device|meter|esme|gsme|guid|id))*\s*:?\s*"
_OBJECT = (
    r"(?:\s+(?:us|me|you|the|a|an|any|my|our|your|install(?:ation)?|codes?|keys?|requests?|last|previous|earlier|original|row|line"
    r"|records?|for|of|to|on|with|from|out|about|devices?|meters?|esmes?|gsmes?|guids?|ids?|ones?|these|those|this|following|below"
    r"|send(?:ing)?|provid(?:e|ing)|anything|both|either|again|named|called))*\s*:?\s*"
)
_LEFT_OUT_BEFORE = Sought(
    rf"(?<!have )(?<!has )(?<!had )(?<!do )(?<!did )(?<!does )(?<!got )(?<!if )(?<!or )(?<!why )\bnot{_CODE_OF}{SPOT}"
    rf"|\b(?:apart from|other than)(?![^.\n]*\balso\b){_OBJECT}{SPOT}"
    rf"|\b(?:except(?:ing)?|excluding|leaving out|omitting|skipping|rather than|instead of){_OBJECT}{SPOT}"
    rf"|\b(?:do not|don't|does not|doesn't|no longer|did not|didn't|never|will not|won't) (?:\w+ )?(?:need|require|want|request|ask|order)(?:ed|s|ing)?{_OBJECT}{SPOT}"
    r"|\b(?:do not|don't|no need to|not to|need not|needn't) (?:(?:yet|please|also|ever|again|now|still|bother to) )*"
    rf"(?:re-?send|send|provide|share|supply|release|chase|forward){_OBJECT}{SPOT}"
    rf"|\bno (?:further )?(?:need|(?:codes?|action|reply|answer) (?:is |are )?(?:needed|required|necessary|wanted)) (?:for|of|on|with){_OBJECT}{SPOT}"
    rf"|\b(?:not|no longer) (?:needed|required|wanted)(?: are| is)?\s*:\s*{SPOT}"
    rf"|\b(?:hold(?:ing)? (?:off|back)|pause|park|postpone|defer){_OBJECT}{SPOT}|\bput{_OBJECT}{SPOT} (?:back )?on hold"
    rf"|(?<!to )(?<!will )\b(?:take|leave|strike|cross){_OBJECT}{SPOT} (?:out|off (?:the|our|your|my|this))\b"
    r"|(?<!not )(?<!n't )(?<!never )(?<!to )(?<!shall )(?<!will )(?<!did you )\b(?:ignore|disregard|forget|cancel|withdraw|exclude|omit|leave out|bar|close"
    r"|(?<!we )(?<!i )(?<!you )(?<!they )(?:discard|delete|erase|destroy|remove|drop(?! (?:me|us)\b)|scrap|strike|skip|take out|take off))"
    rf"{_OBJECT}{SPOT}"
    rf"|\b(?:want|like|wish|going) to (?:withdraw|cancel|remove){_OBJECT}{SPOT}"
    rf"|\breplace{_OBJECT}{SPOT}(?=\s+(?:by|with)\s)"
)
_OFFERED = Sought(
    rf"\bdo you (?:still |also )?(?:need|want|require) the (?:install )?codes? (?:for|of){_CODE_OF}{SPOT}"
)
_DONE_BEFORE = Sought(
    rf"(?<!you )(?<!you've )\b(?:already|meanwhile) (?:have|has|had|got|hold|received|obtained|found){_CODE_OF}{SPOT}"
    rf"|(?<!you )(?<!you've )\b(?:have|has|'ve|we|i|now|since|safely|thanks,?) (?:now |since |just )?(?:received|obtained){_CODE_OF}{SPOT}"
    rf"|(?:\A|\n)received{_CODE_OF}{SPOT}"
    rf"|\b(?:you|we|i|'ve) (?:have |only |just )*(?:sent|got|received){_CODE_OF}{SPOT}(?=,? (?:but |and )?not\b)"
    rf"|\b(?:have|'ve|has) got{_CODE_OF}{SPOT} already\b"
    rf"|\b(?:we|i)(?:'ve| do| now)? (?:have|got|hold|found) (?:the |its |both |all )?(?:install\w* )?codes? (?:for|of){_CODE_OF}{SPOT}"
    rf"|\bthank(?:s| you) (?:very much |so much |a lot )?for(?: sending| providing)?(?: us)?(?: your)?{_CODE_OF}{SPOT}"
    rf"|\balready (?:sent|provided|supplied|given)(?: (?:us|me|over))?{_CODE_OF}{SPOT}"
    r"|\b(?:have|has|'ve|we|i|engineers?) (?:now |already |since |successfully |just |also )*"
    rf"(?:commissioned|decommissioned|removed|uninstalled|scrapped){_CODE_OF}{SPOT}"
    rf"|\b(?:managed|been able) to commission{_CODE_OF}{SPOT}"
)

# Right behind: the last of the devices that it is said of begins the match.
_BETWEEN = rf"(?:\s+(?:at|in|on|from) [^{SPOT},;\n]{{1,30}}?)?(?:[\s,(]+(?:which|that|this|it|one|these|they|both|now|also|however|code))*"
_LEFT_OUT_BEHIND = Sought(
    rf"{SPOT}{_BETWEEN}[\s\-:(]*(?:is |are |was |were |will be |will )?(?:now |currently )?(?:not|no longer|isn't|aren't) (?:\w+ )?(?:needed|required|wanted|necessary|ours)\b"
    rf"|{SPOT}{_BETWEEN}\s+(?:can|may|should|must|to) (?:now )?(?:wait|be (?:ignored|left out|skipped|dropped|disregarded|removed|deleted|cancelled|withdrawn))\b"
    rf"|{SPOT}[ \-:(]*(?:please )?(?:ignore|disregard|skip|leave out)\b(?! (?:the|any|my|our|your)\b)"
    rf"|{SPOT}[ \-:(]*(?:is |are )?(?:now |currently )?on hold\b(?! (?:until|till|pending|awaiting|while|because|as|for)\b)"
    rf"|{SPOT}{_BETWEEN}\s+(?:won't|will not) be (?:needed|required|wanted)\b|{SPOT}{_BETWEEN}\s+no longer applies\b"
    rf"|{SPOT}{_BETWEEN}\s+(?:does not|doesn't|do not|don't|no longer|won't|will not) (?:need|require)s? (?:(?:an?|the|its|any) )?(?:install\w* )?codes?\b"
    rf"|{SPOT},? (?:we|i) (?:do not|don't|no longer|won't|will not) (?:need|want|require)(?: (?:any ?(?:more|longer)|now))?(?=\W*(?:\Z|[.,;\n]))"
    rf"|{SPOT} *[\-:(]+ *(?:please )?(?:cancel(?:led)?|withdrawn?)(?=\W*(?:\Z|[.,;\n]))"
    rf"|{SPOT}(?:(?!\b(?:if|unless|otherwise|should|not|to)\b|n't\b)[^{SPOT}.;\n]){{0,60}}\b(?:cancel|ignore|skip|disregard|withdraw|leave|forget(?: about)?) (?:that|this|it)(?: one)?\b"
    rf"|{SPOT}[^{SPOT}\n]{{0,40}}\bno (?:further )?(?:action|code|reply|answer)s? (?:is |are )?(?:needed|required|necessary|wanted)\b"
    rf"|{SPOT}{_BETWEEN}\s+(?:is|was) (?:a typo|mistyped|(?:listed|included|added|quoted) (?:in error|by mistake))\b"
    rf"|{SPOT}{_BETWEEN}\s+(?:should|ought to) (?:have )?(?:be|been|read|say) {SPOT}"
)
_DONE = (
    r"(?:commissioned|decommissioned|removed|uninstalled|de-?installed|replaced|exchanged|swapped|scrapped|recovered|destroyed|received"
    r"|resolved|sorted|fixed|done|solved|withdrawn|cancell?ed|working|joined|up and running|ok|okay|fine)"
)
_ADVERBS = r"(?:\s+(?:now|already|since|just|also|all|both|meanwhile|successfully|been|being|fully|safely|finally|subsequently|recently|then|today|yesterday))*"
_NOT_FOR_GOOD = (
    rf"[^{SPOT}.;]{{0,80}}\b(?:but (?:\w+ ){{0,2}}(?:not|never|dropped|failed|fell|lost|cannot|without|(?:is|was|has|have|are|were|ca|wo)n't)"
    r"|(?:not|never) (?:yet |been |fully )*commissioned)\b"
)
"""What was done to it has been undone since, or is why a code is asked for ("was replaced in May but not commissioned")."""
_DONE_BEHIND = Sought(
    rf"{SPOT}{_BETWEEN}(?:\s+(?:is|are|was|were|has|have|had|got)|'s){_ADVERBS}\s+{_DONE}\b(?!\W{{0,3}}(?:no|n|to|but)\b)(?!{_NOT_FOR_GOOD})"
    rf"|{SPOT} *[\-:=(]+ *(?:now |already |all |code )?(?:done|received|sorted|commissioned|removed|decommissioned|resolved|worked|working)\b(?!\W{{0,3}}(?:no|n|but|an?|the|codes?)\b)"
    rf"|{SPOT},? (?:(?:we|i)(?:'ve| have)? already (?:have|got|received|hold)|(?:we|i) (?:have|hold|got|received) already)(?=\W*(?:\Z|[.,;\n]))"
    rf"|{SPOT} (?:now )?(?:worked|works|joined|paired|arrived|received)\b(?! (?:an?|the|no|codes?|but)\b)"
)
_TYPE = r"(?:esmes?|gsmes?|ppmids?|hcalcs|electric\w*|gas)"
_REMARKED = Sought(
    rf"{SPOT}(?: *[\-:=(|]+ *(?:{_TYPE}\W+)?| {_TYPE}\W+)(?P<said>[a-z][^{SPOT}\n]{{2,59}}?)[).\s]*(?=\n|\Z)"
)
_HEADED = Sought(rf"(?m:^)[ *\-]*(?P<said>[a-z][^{SPOT}\n]{{2,59}}?) ?(?P<colon>:?)[ \-*]*\n+[ *\-]*{SPOT}")
"""What stands behind a Device ID to the end of its line, and in the line above a list: read as the remarks of a table are."""
_SOME_ARE_DONE = Sought(
    r"\bfor (?:your |our )?(?:information|reference|records)\b|\bfyi\b|\bno (?:further )?action\b|\b(?:already|codes?) received\b"
    rf"|\b(?:have|has|are|were) (?:now |already |all |since |both |been )*(?!received|working|ok|fine){_DONE}\b"
)
_NOT_SO_FAR = re.compile(
    r"(?:\b(?:if|unless|before|until|till|once|as soon as|when|whether|so that|ensure|in case|not|never|to get|to have|like|want)|n't)\b\s*[^,;\n]*\Z"
)
"""Before a device of which something is said: that it is so is not said."""
_WISHED = re.compile(rf"\b(?:can|could|may|might|shall|should|must|would) \Z|{_NOT_SO_FAR.pattern}")
"""Before "we have the codes for ...": it is not said that they have them ("Can we have the codes for ...")."""
_SO_FAR = 80
"""Characters before a device that are looked at for this."""
_SENTENCE_END = re.compile(
    r"\s(?:(?<!:\n)(?<=\n)[ >]*\n|(?<=[.!?;]\s)\s*|(?<=[,;]\s)(?=but (?:can|could|may|might|would|do) ))"
)
"""An empty line, not below a colon; or blanks behind a full stop. A blank comes first, where a search begins."""
_ON = re.compile(rf"(?:(?:\s|[,/&+]|\band\b|\bor\b|\bnor\b)+{SPOT})*")
_JOINT = re.compile(r"(?:\s|[,/&+]|\band\b|\bor\b|\bnor\b)+")
_JOINT_IN_LINE = re.compile(r"(?: |[,/&+]|\band\b|\bor\b|\bnor\b)+")
_SENT_BEFORE = re.compile(
    rf"\b(?:sent|have|had|has|got|received|provided|supplied)\b[^{SPOT}\n]*{SPOT},?(?: but| and)? ?\Z|\bsent\b[^.\n]*\Z"
)
"""Before "not ..." or "instead of ...": it says what came, not what is wanted."""
_SAID_OF_THE_LAST = re.compile(r"\s*(?:is|are|was|were|has|have|still|remains?)\b")


_Where = Callable[[re.Match[str]], bool]


def _says_it_is_over(match: re.Match[str]) -> bool:
    return is_over(match["said"])


def _heads_what_is_over(match: re.Match[str]) -> bool:
    """It is headed by a colon, or begins a paragraph: the cells of a table may stand one below the other."""
    return bool(match["colon"] or match.start() == 0) and is_over(match["said"])


@dataclass(frozen=True, slots=True)
class Unwanted:
    """What one or several texts say of the devices that they name."""

    left_out: frozenset[DeviceId] = frozenset()
    """Said not to be wanted."""
    done: frozenset[DeviceId] = frozenset()
    """Said to be commissioned, removed, received, or the like."""
    beside: str = ""
    """The texts below the subject, without the clauses that say so."""


def unwanted(subject: str, *texts: str) -> Unwanted:
    """The devices of a mail that are not wanted. Who names such a device twice, once to ask for it, does not want it."""
    left_out: set[DeviceId] = set()
    done: set[DeviceId] = set()
    beside = []
    for text in (subject, *texts):
        for sentence in _SENTENCE_END.split(_folded(text)):
            clauses = _Clauses(sentence)
            if clauses.names_any:
                left_out.update(clauses.left_out())
                done.update(clauses.done())
            beside.append(clauses.beside() if text is not subject else "")
    return Unwanted(frozenset(left_out), frozenset(done - left_out), "\n\n".join(beside))


def some_are_done(said: tuple[str, ...]) -> bool:
    """Something of what it lists is for information, or done with, and not said by Device ID."""
    return _SOME_ARE_DONE.in_any(said) or any(is_over(sentence.rstrip(" .:")) for sentence in said)


def _folded(text: str) -> str:
    words = plain(text[:MAX_WORDS]).casefold().replace(SPOT, " ")
    return words.replace("’", "'").replace("‘", "'")


class _Clauses:
    """One sentence, its Device IDs set apart."""

    def __init__(self, sentence: str) -> None:
        self._devices: list[str] = []
        """As they are written: few are asked for."""
        self._text = DEVICE.sub(self._set_apart, sentence)
        self._asks = self._text.rstrip().endswith("?")
        self._said: list[tuple[int, int]] = []

    def _set_apart(self, match: re.Match[str]) -> str:
        self._devices.append(match[0])
        return SPOT

    @property
    def names_any(self) -> bool:
        """A Device ID stands in it: else nothing can be said of one."""
        return bool(self._devices)

    def left_out(self) -> Iterator[DeviceId]:
        """Those that it says are not wanted; who asks says so only where a code is offered."""
        if self._asks:
            yield from self._before(_OFFERED)
        else:
            yield from self._before(_LEFT_OUT_BEFORE)
            yield from self._behind(_LEFT_OUT_BEHIND)

    def done(self) -> Iterator[DeviceId]:
        """Those of which it says that nothing is left to do; who asks does not say so."""
        if not self._asks:
            yield from self._before(_DONE_BEFORE, unless=_WISHED)
            yield from self._behind(_DONE_BEHIND)
            if may_say_it_is_over(self._text):
                yield from self._before(_HEADED, where=_heads_what_is_over)
                yield from self._behind(_REMARKED, where=_says_it_is_over)

    def beside(self) -> str:
        """What else it says, once all was asked for."""
        if not self._said:
            return self._text
        kept, at = [], 0
        for start, end in sorted(self._said):
            kept.append(self._text[at : max(at, start)])
            at = max(at, end)
        return "".join((*kept, self._text[at:]))

    def _before(
        self, pattern: Sought, *, unless: re.Pattern[str] | None = None, where: _Where | None = None
    ) -> Iterator[DeviceId]:
        for match in filter(where, pattern.finditer(self._text)):
            first = match.start() + match[0].index(SPOT)
            if self._is_remark(match.start(), first) or self._is_of_what_came(match):
                continue
            if unless and unless.search(self._text[max(0, match.start() - _SO_FAR) : match.start()]):
                continue
            listed = _ON.match(self._text, first + 1)
            end = listed.end() if listed else first + 1
            of_the_last = _SAID_OF_THE_LAST.match(self._text, end)
            self._said.append((match.start(), end))
            yield from self._between(first, end - 1 if of_the_last and end > first + 1 else end)

    def _is_remark(self, start: int, first: int) -> bool:
        """What is said at `start` is said of a device of that line, and `first` begins another one."""
        line = self._text.rfind("\n", 0, start) + 1
        return "\n" in self._text[start:first] and SPOT in self._text[line:start]

    def _is_of_what_came(self, match: re.Match[str]) -> bool:
        start = match.start()
        of_two = match[0].startswith(("not", "instead of", "rather than"))
        return of_two and _SENT_BEFORE.search(self._text[max(0, start - _SO_FAR) : start]) is not None

    def _behind(self, pattern: Sought, *, where: _Where | None = None) -> Iterator[DeviceId]:
        for match in filter(where, pattern.finditer(self._text)):
            last = match.start()
            goes_on = self._text[last + 1 :].lstrip(" ").startswith("\n")
            first = self._first_of_list(last, _JOINT if goes_on else _JOINT_IN_LINE)
            if not _NOT_SO_FAR.search(self._text[max(0, first - _SO_FAR) : first]):
                self._said.append((first, match.end()))
                yield from self._between(first, last + 1)

    def _first_of_list(self, last: int, joint: re.Pattern[str]) -> int:
        """Back from one device to the next, as long as nothing but a joint stands between."""
        first = last
        while (before := self._text.rfind(SPOT, 0, first)) >= 0 and joint.fullmatch(self._text, before + 1, first):
            first = before
        return first

    def _between(self, start: int, end: int) -> Iterator[DeviceId]:
        return map(canonical_of, self._devices[self._text.count(SPOT, 0, start) : self._text.count(SPOT, 0, end)])
