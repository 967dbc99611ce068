"""Replies that answer nothing and need nobody: thanks, "we look into it", the receipt of a ticket system.

Told by what is left when such words are taken away, not by what stands in them: "Thanks. None found." is no receipt.
"""

import re

from daemon.rules.answers import outcomes
from daemon.rules.sense import wishes

_GREETING = re.compile(
    r"\A\s*(?i:hi|hello|hey|dear|good (?:morning|afternoon|evening|day))\b"
    r"(?:(?:[^\S\n]+[\w'’.-]+|(?:[^\S\n]+[^\W\d_a-z][\w'’.-]*){0,3})[^\S\n]*(?:,|[!:.-]*[^\S\n]*(?=\n|\Z))|(?i: there| all)?[ !.:-]+)"
)
"""The words behind it are a name, up to a comma or the end of the line: one, or up to three with capitals."""
_SIGNED = re.compile(
    r"(?:\A|(?<=[.,!] ))(?:(?:kind|kindest|best|warm|many|with|yours) )*(?:regards|wishes|sincerely|faithfully)\b"
    r"(?! (?:to|your|our|the|this|that|these|those)\b).{0,80}\Z"
)
_CONTACTED = re.compile(r"(?i:\bcontacting)(?: [A-Z][\w&'’-]*){1,4}")
_LONGEST_NAME = 3
"""Words."""
_ASKED_OF_ALL = re.compile(
    r"\bplease allow (?:us )?(?:up to |at least )?(?:[0-9]{1,2}|two|five|ten) (?:working |business )?days\b(?: for (?:a|an|our|your) (?:full )?(?:response|reply|answer))?"
    r"|\bplease (?:quote|use|keep|include|retain) (?:(?:this|the|your|our|above|unique|following|it) )*"
    r"(?:in the subject|(?:ref(?:erence)?|ticket|case|incident)\b)[^?]{0,80}\Z"
)
"""What a service desk asks of everybody: patience, and its number in the subject."""
_TICKET = re.compile(r"\b[a-z]{1,8}-?[0-9]{4,12}\b")
"""The number of their ticket."""
_WORD = re.compile(r"[^\W\d_]+")
_SAYS_NOTHING = re.compile(
    r"a|about|acknowledge[ds]?|acknowledging|aim|all|am|an|and|any|appreciated|are|as|asap|assigned|at|back|be|been|being|brilliant|business|by|can"
    r"|case|chas(?:e|ing)|checking|cheers|codes?|colleagues?|come|coming|contacting|copied|course|created|days?|deal|dealing|delay|department|desk|due|emails?|engineers?|enquir(?:y|ies)|field|five|for"
    r"|forward(?:ed|ing)?|from|get(?:ting)?|good|got|grateful|great|hand|has|have|having|hear|helpdesk|hours?|i|in|inbox|industry|install|into"
    r"|investigat(?:e|ing)|is|it|just|know|later|let|ll|logged|look(?:ed|ing)?|lovely|m|mails?|many|messages?|metering|mp|much|my|nice|noted?|now|number"
    r"|of|ok|okay|on|one|our|over|pass(?:ed|ing)?|patience|perfect|possible|process(?:ing)?|quer(?:y|ies)|queue|raised|re|read"
    r"|receipt|receiv(?:e|ed|ing)|ref(?:erence)?|regarding|relevant|repl(?:y|ies)|requests?|respond|response|right|s|safely?|service"
    r"|shall|shortly|sla|smart|so|some(?:body|one)|soon|sorry|still|support|ta|teams?|ten|thank(?:s|ed|fully|ing|you)?|that|the|them|then|these|this|those|thx"
    r"|tickets?|time|to|today|tomorrow|touch|two|under|understood|up|updates?|us|ve|very|was|we|week|well|will|with|within|work(?:ing)?|writing|you|your"
)
"""Words that a receipt is made of: a mail with any other word in it says something."""
_ASKS_OR_TELLS = re.compile(r"\?|\b(?:get|be|come) back to (?:us|me)\b|\b(?:with|to|by|from) (?:us|me)\b")


_OF_ABSENCE = re.compile(
    r"absen(?:t|ce)|access|after|afternoon|annual|auto(?:mat(?:ic|ed))?|available|away|before|currently|further|holiday|if|leave|limited|maternity|no"
    r"|may|morning|next|nd|notice|office|out|paternity|please|rd|return(?:ing|s)?|st|th|till?|unavailable|until|while"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|june|july|august|(?:sept|nov|dec)ember|october"
)
"""Words that only an out-of-office adds to a receipt."""
_URGENT = re.compile(
    r"\b(?:in|for|if|should)\b[^,;]{0,40}\b(?:urgen\w+|emergenc\w+|my absence)\b.{0,20}"
    r"\b(?:contact|call|ring|e-?mail|write to|speak to|reach)\b[^,;]{0,80}\Z"
)
"""Whom to turn to meanwhile."""


def is_receipt(text: str, names: frozenset[str] = frozenset()) -> bool:
    """Whether `text`, what its writer says in a reply, is thanks or a receipt and nothing else. No text: it is none.

    `names`: words of the writer's name and company, in small letters, with which people sign.
    """
    return bool(wishes.sentences(text)) and not any(_tells(sentence, names) for sentence in _left(text))


def only_thanks(text: str, signature: str) -> bool:
    """Whether `text` is a greeting and nothing else, and the signature below it begins with thanks and a name."""
    lines = [line.strip() for line in signature.split("\n") if line.strip()][:2]
    short = all(len(line.split()) <= _LONGEST_NAME and not line.endswith((".", "?")) for line in lines[1:])
    return not any(_left(text)) and bool(lines) and is_receipt(lines[0]) and short


def _left(text: str) -> list[str]:
    """Its sentences without greeting and signature."""
    opened = _CONTACTED.sub("contacting", _GREETING.sub("", text))
    return [_ASKED_OF_ALL.sub("", _SIGNED.sub("", sentence)) for sentence in wishes.sentences(opened)]


def _tells(sentence: str, names: frozenset[str]) -> bool:
    telling = _telling(sentence)
    return bool(_ASKS_OR_TELLS.search(sentence)) or not names.issuperset(telling)


def _telling(sentence: str) -> list[str]:
    """Its words of which no receipt is made."""
    return [word for word in _WORD.findall(_TICKET.sub(" ", sentence)) if _SAYS_NOTHING.fullmatch(word) is None]


def needs_nobody(text: str, names: frozenset[str] = frozenset()) -> bool:
    """A receipt or an out-of-office, and nothing else."""
    return is_receipt(text, names) or is_absence(text)


def names_of(writer: str, address: str, *companies: str) -> frozenset[str]:
    """The words with which somebody signs, by what stands in From and by what the company is called."""
    local = address.partition("@")[0]
    return frozenset(_WORD.findall(" ".join((writer, local, *companies)).casefold()))


def is_absence(text: str) -> bool:
    """It is an out-of-office that bears no mark of one, asks us nothing and says nothing besides."""
    if not outcomes.absent(text) or wishes.asks_anything(wishes.sentences(text)):
        return False
    left = [_URGENT.sub("", sentence) for sentence in _left(text)]
    words = (word for sentence in left for word in _telling(sentence))
    return not any(map(_ASKS_OR_TELLS.search, left)) and all(map(_OF_ABSENCE.fullmatch, words))
