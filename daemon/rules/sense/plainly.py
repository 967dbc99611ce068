"""Whether a mail asks plainly for all that it names: else a person reads it before any code goes.

What can stand against a request has no end of words, and what makes one has few. So somebody must ask, and each sentence
and each remark in a list that tells something of a Device ID must ask itself, where others are asked for. Nothing is plain
under a condition, at another time, in another way, on another's behalf, as an example, nor beside a word on one of several.
"""

import re
from collections.abc import Iterator, Sequence

from daemon.rules.sense.cautions import gains
from daemon.rules.sense.forms import DEVICE, SPOT
from daemon.rules.sense.scanning import exact
from daemon.rules.sense.sought import Sought, either
from daemon.rules.sense.wishes import names_code, sentences

LEAST_TOLD = 4
"""Words beside labels from which on a sentence tells something."""
LEAST_REMARKED = 2
"""The same of what stands in a line of a list."""
LEAST_SPEECH = 3
"""Words between quotation marks from which on they are what somebody says, and no name."""
SHORT_LINE = 50
"""Characters below which a line was not wrapped: what follows begins anew."""
HEAD_OF_QUOTED = 2_000
"""Characters of what is quoted in which the writer of what was handed on is named."""

# What asks for a code ────────────────────────────────────────────────────────────────────────────────

_GET = (
    r"(?:send|sending|provide|providing|supply|supplying|share|sharing|give|giving|forward|return|retrieve|furnish|get|getting|grab|obtain|have|receive|know|release|issue|confirm|advise|action"
    r"|assist|help|check|find|dig|digging|look|locate|fill|populate|pop|re-?send|chase|respond|reply|request)"
)
_BARE_CODE = r"(?:(?:an? |the |[0-9]+ (?:x )?)?(?:install(?:ation)? )?codes?)"
_BEGS = (
    r"\b(?:please|pls|plz|plse|kindly|ple?as)\b|\b(?:may|might) (?:we|i)\b"
    r"|\b(?:can|could) (?:we|i) (?:\w+ )?(?:trouble|bother|ask|have|get|grab|request)\b"
    rf"|\b(?:can|could|would|will) (?:you|we|i|u|it|someone|somebody|anyone|anybody|your team)\b[^.?!]{{0,60}}\b{_GET}\b"
    r"|(?:\A|\band )(?:(?:just|kindly) )?(?:send|provide|supply|share|forward) (?:us|me|over|the|these|both|all|through)\b"
)
_LACKS = (
    r"\b(?:we|i|you|u)(?:'d| would|'re| are|'m| am|'ve| have)? (?:\w+ )?(?:need|require|want|like|love|appreciate|after|looking for|request|requesting|missing|missed|seeking|chasing)\b"
    r"(?! to (?:let|know|hear|confirm|tell|inform|advise))"
    r"|\bneed(?:s|ed|ing)?\b[^.?!]{0,40}\bcodes?\b|\bcodes?\b[^.?!]{0,40}\b(?:needed|required|wanted|outstanding|missing)\b"
    r"|(?<!will )\b(?:not|never)\b[^.?!]{0,40}\b(?:commission\w*|connect\w*|join\w*|pair\w*|communicat\w*|urgent|reply|heard|looked)\b|n't (?:connect|join|pair|communicate|commission)"
)
_NAMES_WHAT = (
    rf"(?:\A|[,:\-] ?){_BARE_CODE} (?:for|of)\b|\A\W*{_BARE_CODE}\W*(?:\Z|{SPOT})|: *install codes?\b"
    r"|\brequest(?:ing)? (?:for|the|an?|install|codes?|that|you|these|this)\b|\bcodes? (?:enquir\w+|quer\w+|requests?)\b|\A\W*(?:install )?requests?\W*\Z"
)
_WISHES = (
    r"\b(?:we|i) (?:\w+ )?(?:wish to|ask (?:for|that|you)|would (?:need|require))\b|\bwriting to (?:ask|request|enquire)\b|\bpossible to (?:get|have|obtain|send|receive|share|provide)\b"
    r"|\b(?:stuck|waiting|nothing) without\b|\btrying to (?:get|obtain|find|source|track|locate)\b|\bin (?:need|search) of\b|\b(?:thankful|pleased|glad|happy) to (?:receive|have|get)\b|\bneed ics?\b"
)
_HOPES = (
    r"\b(?:any (?:chance|joy|luck|news|updates?|progress)|do you (?:have|hold|know)|is there an?|grateful|appreciated?|obliged|wonder(?:ing|ed)?|would (?:like to )?ask (?:you )?for|hoping"
    r"|look(?:ing)? forward|await\w*|would be (?:great|good|lovely)|let (?:us|me) have|following up|follow up|chasing|chaser|reminder|still outstanding|overdue)\b"
)
_HANDS_OVER = r"\b(?:as usual|next batch|one more|another one|two more|[0-9]+ more|see (?:below|table)|attached)\b"
_ASKS = Sought(f"{_BEGS}|{_LACKS}|{_NAMES_WHAT}|{_WISHES}|{_HOPES}|{_HANDS_OVER}")
_POLITE = Sought(
    r"\bplease (?:note|be (?:aware|advised|assured)|let (?:me|us) know if|accept|do not hesitate|don't hesitate|feel free|(?:consider|treat|regard) (?:my|our|the|that) (?:\w+ )?(?:e-?mail|mail|message|request)"
    r"|see the subject|diarise|arrange)\b|\blook(?:ing)? forward to hearing\b"
    r"|\b(?:please|kindly|could you|can you)(?: please| kindly)? (?:confirm|clarify|explain|tell (?:us|me)) "
    rf"(?!(?:(?:of|me|us|the|an?|your|these|this|both|all) )*(?:install|codes?|keys?|{SPOT}|following|below|device))"
)
"""It asks for no code, as polite as it is."""

# What makes it less than plain ───────────────────────────────────────────────────────────────────────

_UNDER_A_CONDITION = Sought(
    r"\b(?:if|once|when|until|till|as soon as|should|in case|unless|provided|after) (?:the|our|their|his|her|this|that|we|they|he|she|it|i|my|customer|everything)\b"
    r"(?! (?:possible|not|have(?: it| them| one)?\W*\Z|hold (?:it|them)|is possible|helps|would|could|can|please))"
    r"|\bin (?:that|this|which) (?:event|case)\b"
)
_LATER = Sought(
    r"(?:(?<!\bhe )(?<!she )(?<!they )\b(?:will|would(?! (?:need|require))|shall|may|might)|(?<!\bhe)(?<!she)(?<!they)'ll|'d(?! (?:need|require))) (?:(?:then|also|probably|likely|soon|only) )*(?:need|require|request|want|be (?:needed|required|requested|asking|requesting|after|needing|wanting|in touch))\b"
    r"|(?:\bwill|'ll) (?:\w+ )?ask\b|\b(?:going to|gonna|about to|plan(?:ning)? to|intend to) (?:need|require|request|ask|want)\b|\bbe after\b"
)
_NOT_FOR_THEM = Sought(
    r"\bon behalf of\b|\bpass (?:it|them|these|this) on\b|\bto our (?:\w+ )?(?:partner|agent|contractor|mop|landlord|installer|meter)\w*\b|(?:'ve|\bhave|\bhas|'s) (?:been )?asked (?:us|me|if|whether)\b"
)
_NOT_BY_MAIL = Sought(
    r"\b(?:by phone|over the phone|my mobile|(?:text|ring|rang|phone|call) (?:me|us|it|them|the (?:install )?codes?))\b"
)
_NOT_WANTED = Sought(
    r"\b(?:do not|don't|dont|not to|never|no need|not) (?:\w+ )?(?:send|reply|respond|release|action|act|provide|share|issue|supply|do|want|need|require|ask|asking|request|requesting|bother)\b"
    r"(?! (?:to me|in a|more than|until you|directly|(?:it |them )?separately))"
    r"|\bdid(?:n't| not) (?:ask|request|want|need)\b|\bnever (?:asked|requested)\b|\bdo you (?:\w+ )?(?:want|need|require)\b|\b(?:you|u) (?:guys )?still (?:want|need)\b|\brather (?:you|than)\b|\binstead\b|\bmeant\b"
)
_ASKS_ELSE = Sought(
    r"\bstatus of\b|\b(?:whom?|which supplier) (?:would|do|does|should|can|could|is|are|asked|installed|holds?|owns?|fitted)\b|\bwhose (?:is|are)\b|\bwhat (?:was|are your|date|proof)\b"
    r"|\b(?:have|has) (?:you|anyone|anybody)\b[^.?!]{0,30}\b(?:given|released|sent|shared|passed)\b|\bnot given\b|\bdate (?:on|when|that)\b"
)
_SPOILS = either(_UNDER_A_CONDITION, _LATER, _NOT_FOR_THEM, _NOT_BY_MAIL, _NOT_WANTED, _ASKS_ELSE)
"""A sentence with one of these asks for nothing that can be sent at once."""
_FOR_SHOW = Sought(
    r"\b(?:for example|sample|dummy|illustrat\w+|hypothetical\w*|template|training|draft|say we|test (?:mail|email|message|please))\b"
)
_TO_ANOTHER_PLACE = Sought(r"\b(?:whatsapp|sms|telegram|(?:personal|private) (?:e-?mail|mail|address))\b")
_WENT_WRONG = Sought(
    r"\b(?:oops|(?:scratch|scrap|strike|ignore|forget) (?:that|it)|never ?mind|wrong (?:one|id|device|number|customer)|on second thoughts?|changed (?:my|our|his|her|their) minds?|erroneous\w*|in error|by mistake)\b"
)
_WHICH = r"(?: (?:ones?|two|three|devices?|meters?|ids?|items?|rows?|entry))?"
_SAID_OF_IT = (
    r"(?=\W*(?:\Z|[.,;:!?]| -)|\s+(?:is|was|has|had|isn't|wasn't|hasn't|came|went|can|should|needs?|doesn't|belongs?|turned|cancelled|we|will|won't|are|were|have"
    r"|(?:in|on) (?:that|the|this|my|our) list|of (?:these|those|them))\b)(?! (?:is|are|was) (?:an? |the |for )?(?:gas|elec\w*|esme|gsme|ppmid|ihd))"
)
_OF_ONE_OF_SEVERAL = Sought(
    rf"\bthe (?:former|latter)\b|\bthe (?:first|second|third|fourth|fifth|last|other|bottom|top){_WHICH}\b{_SAID_OF_IT}"
    r"|(?<!\bon )\b(?:that|this) one(?:'s)?\b(?! too| also| please| as well)|\bone of (?:them|these|those)\b|\bexcept(?:ion of)?\b"
)
_CASTS_DOUBT = either(_FOR_SHOW, _TO_ANOTHER_PLACE, _WENT_WRONG, _OF_ONE_OF_SEVERAL)
"""Wherever one of these stands in the mail, what it asks for is not to be taken as it is written."""
_OF_THOSE_ASKED = Sought(r"\b(?:if|should|in case) (?:you|any|one|not|there)\b")
"""What is said of one of several if those who are asked did not install it, or hold nothing, takes nothing back."""
_COURTEOUS = Sought(
    r"\b(?:have a (?:good|great|nice|lovely)|hope (?:you|this|all|that)|best wishes|many thanks|take care)\b"
)
"""It tells nothing of the matter."""
_LEAVES_NO_REQUEST = Sought(r"\?|\b(?:not|never|no|nobody|nothing|lost|left|gone|will|would)\b|n't\b|'ll\b")
"""What is told under a subject that names codes asks for them, but not with one of these."""

# What tells something ────────────────────────────────────────────────────────────────────────────────

_WORD = re.compile(r"[a-z']{2,}")
_LABELS = re.compile(
    r"\b(?:esmes?|gsmes?|ppmids?|ihds?|cads?|hcalcs|elec\w*|gas|(?:smart )?meters?|devices?|guids?|eui(?:-?64)?|ids?|types?|status(?:es)?|refs?|no|number|fuel|dual|serials?|msn|mpans?|mprns?"
    r"|install(?:ation|ed|er)?|codes?|non|not|yet|un|commissioned|installednotcommissioned|pending|whitelisted|property|premises|sites?|job|ssd|make|model|manufacturer|postcode|address"
    r"|please|pls|plz|thanks|thank you|hi|hello|hey|dear|all|team|good (?:morning|afternoon|evening)|and|the|for|of|both|ours"
    r"|jan\w*|feb\w*|mar(?:ch)?|apr\w*|may|june?|july?|aug\w*|sept?\w*|oct\w*|nov\w*|dec\w*)\b"
)
_DIGIT = re.compile("[0-9]")
_IN_A_LIST = re.compile(rf"[\W\d]*{SPOT}|[^{SPOT}]{{0,20}}: *{SPOT}")
_SPEECH = re.compile(r"[\"“]([^\"“”]{10,400})[\"”]")
_AFTERTHOUGHT = re.compile(
    r"(?:\A|\n)[ *]*(?:p\.? ?s\b|pps\b|edit\b|update\b|correction\b|n\.?b\b)[^\n]*(?:\n[^\n]+)*", re.IGNORECASE
)
_FROM = re.compile(r"^[>* ]*From:[^\n]*?@([\w.\-]+)", re.MULTILINE)


def asks_for_all(subject: str, said: tuple[str, ...], own: str, below: str) -> bool:
    """A mail asks plainly for each Device ID in its words. `said`: its sentences; `below`: what is under its signature."""
    said = tuple(map(_spotted, (*said, *sentences(_afterthoughts(below)))))
    spoilt = _SPOILS.among(said)
    if any(SPOT in sentence for sentence in spoilt) or _cast_doubt(said):
        return False
    if not (any(_asks(one) for one in said if one not in spoilt) or _asks_by_subject(subject, said)):
        return False
    named = [sentence for sentence in said if SPOT in sentence]
    aside = [sentence for sentence in named if _tells(sentence, LEAST_TOLD) and not _asks(sentence)]
    if aside and len(aside) < len(named):
        return False
    return not any(_tells(line, LEAST_REMARKED) and not _asks_in_line(line) for line in _remarked(own))


def casts_doubt(said: tuple[str, ...]) -> bool:
    """A mail that asks for what it does not name says that it does not want all of it, nor as it is sent."""
    return _cast_doubt(tuple(map(_spotted, said)))


def is_anothers(handed_on: str, quoted: str, sender: str | None) -> bool:
    """What is handed on was written by somebody of another company: what that one asks for is not theirs."""
    first = _FROM.search(quoted[:HEAD_OF_QUOTED]) if handed_on.strip() else None
    if first is None:
        return False
    one, other = first[1].casefold(), (sender or "").rpartition("@")[2].casefold()
    return not (one == other or one.endswith(f".{other}") or other.endswith(f".{one}"))


def _cast_doubt(said: Sequence[str]) -> bool:
    return not all(map(_OF_THOSE_ASKED.found, _CASTS_DOUBT.among(said)))


def _asks(sentence: str) -> bool:
    """A sentence that nothing spoils asks for a code."""
    return _ASKS.found(_POLITE.sub(" ", sentence)) or gains(sentence)


def _asks_in_line(line: str) -> bool:
    return _asks(line) and not _SPOILS.found(line)


def _asks_by_subject(subject: str, said: tuple[str, ...]) -> bool:
    """No sentence asks: none tells anything, or none that could not stand under a subject that names codes."""
    telling = tuple(one for one in said if _tells(one, LEAST_TOLD) and not _COURTEOUS.found(one))
    return not telling or (names_code(subject) and not _LEAVES_NO_REQUEST.in_any(telling))


def _tells(sentence: str, least: int) -> bool:
    """It says something beside labels; a question does so in few words."""
    if len(sentence) <= least:
        return False
    words = len(_WORD.findall(_LABELS.sub(" ", sentence)))
    return words >= least or (words >= LEAST_REMARKED and sentence.endswith("?"))


def _spotted(sentence: str) -> str:
    """A sentence with what somebody is quoted to say taken out, and its Device IDs set apart."""
    if '"' in sentence or "“" in sentence:
        sentence = _SPEECH.sub(lambda said: " sample " if len(said[1].split()) >= LEAST_SPEECH else said[0], sentence)
    return DEVICE.sub(SPOT, sentence) if _DIGIT.search(sentence) else sentence


def _afterthoughts(below: str) -> str:
    return "\n\n".join(match[0] for match in _AFTERTHOUGHT.finditer(below))


def _remarked(text: str) -> Iterator[str]:
    """The lines of lists that hold more than a Device ID; no sentence that goes on from the line before."""
    within, before = False, ""
    for line in map(str.strip, text.split("\n")):
        begins_anew = within or len(before) < SHORT_LINE or before.endswith(":")
        spotted = SPOT if exact(line) else _spotted(line)
        within = begins_anew and SPOT in spotted and _IN_A_LIST.match(spotted) is not None
        if within and spotted != SPOT:
            yield from (sentence for sentence in sentences(spotted) if SPOT in sentence)
        before = line
