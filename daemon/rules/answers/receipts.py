"""Replies that answer nothing and need nobody: thanks, "we look into it", the receipt of a ticket system.

Told by what is left when such words are taken away, not by what stands in them: "Thanks. None found." is no receipt.
"""

import re

from daemon.rules import wishes
from daemon.rules.answers import outcomes

_GREETING = re.compile(
    r"\A(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day))(?: [\w'.-]+){0,3}[ ,!.:-]+(?=\S|\Z)"
    r"|\A(?:hi|hello|hey|dear)\b[\w' .-]{0,40}\Z"
)
_SIGNED = re.compile(
    r"(?:\A|(?<=[.,!] ))(?:(?:kind|kindest|best|warm|many|with|yours) )*(?:regards|wishes|sincerely|faithfully)\b.{0,80}\Z"
)
_WORD = re.compile(r"[^\W\d_]+")
_SAYS_NOTHING = re.compile(
    r"a|about|acknowledge[ds]?|acknowledging|all|am|an|and|any|appreciated|are|as|asap|at|back|be|been|being|brilliant|business|by|can"
    r"|case|cheers|colleagues?|come|coming|copied|course|days?|deal|dealing|delay|department|desk|due|emails?|enquir(?:y|ies)|five|for"
    r"|forward(?:ed|ing)?|from|get(?:ting)?|good|got|grateful|great|hand|has|have|having|hear|helpdesk|hours?|i|in|inbox|into"
    r"|investigat(?:e|ing)|is|it|just|later|ll|logged|look(?:ed|ing)?|lovely|m|mails?|many|messages?|mp|much|my|nice|noted?|now|number"
    r"|of|ok|okay|on|one|our|over|pass(?:ed|ing)?|patience|perfect|possible|process(?:ing)?|quer(?:y|ies)|queue|raised|re|read"
    r"|receipt|receiv(?:e|ed|ing)|ref(?:erence)?|regarding|repl(?:y|ies)|requests?|respond|response|right|s|safely?|service"
    r"|shall|shortly|so|soon|sorry|still|support|ta|teams?|ten|thank(?:s|ed|fully|ing|you)?|that|the|them|these|this|those|thx"
    r"|tickets?|time|to|today|tomorrow|touch|two|under|understood|up|ve|very|was|we|week|well|will|with|within|work(?:ing)?|writing|you|your"
)
"""Words that a receipt is made of: a mail with any other word in it says something."""
_ASKS_OR_TELLS = re.compile(r"\?|\b(?:get|be|come) back to (?:us|me)\b|\bwith (?:us|me)\b")


def is_receipt(text: str) -> bool:
    """Whether `text`, what its writer says in a reply, is thanks or a receipt and nothing else. No text: it is none."""
    said = wishes.sentences(text)
    left = (_SIGNED.sub("", _GREETING.sub("", sentence)) for sentence in said)
    return bool(said) and not any(_tells(sentence) for sentence in left)


def _tells(sentence: str) -> bool:
    if _ASKS_OR_TELLS.search(sentence):
        return True
    return any(_SAYS_NOTHING.fullmatch(word) is None for word in _WORD.findall(sentence))


def needs_nobody(text: str) -> bool:
    """A receipt or an out-of-office, and nothing else."""
    return is_receipt(text) or is_absence(text)


def is_absence(text: str) -> bool:
    """It is an out-of-office that bears no mark of one, and asks us nothing."""
    return outcomes.absent(text) and not wishes.asks_anything(wishes.sentences(text))
