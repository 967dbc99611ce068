"""What stands in a mail against sending the codes of the devices that it names: a person must see it first.

A Device ID in the mail of a listed contact is a request, as most such mails say little more. Not so where the mail says that no
code is to go, that a mailbox was broken into, or that the customer is another's; nor, where it asks for no code, what its
writer says as the holder of one, that nothing is to be done, what asks for something else, or mere news.

Read sentence by sentence, in small letters, as wishes are; what is said under a condition, or below every mail of a company, is not.
"""

import re

from daemon.rules.sense.forms import DEVICE
from daemon.rules.sense.sought import Sought

LEAST_SAID = 5
"""Words beside a device in a line that tells something of it, and does not merely list it."""
_WORD = re.compile(r"[a-z']{2,}")
_CODES = r"(?:(?:the|these|those|any|all|its|your|our|install\w*|further|more) )*(?:codes?|keys?)"
_IT = rf"(?:{_CODES}|it|them|these|those|anything(?! (?:confidential|sensitive|personal|you|private))|§)\b"
_SENDING = r"(?:(?:re-?)?send|sending|releas(?:e|ing)|shar(?:e|ing)|disclos(?:e|ing)|issu(?:e|ing)|provid(?:e|ing)|e-?mail(?:ing)?|giv(?:e|ing) out)"
_STANDS_AGAINST = Sought(
    rf"\b(?:do not|don't|should not|shouldn't|stop|cease|refrain from|not to) (?:(?:please|now|yet|ever|again|still|also) )*{_SENDING} (?:us |me |out |over )*{_IT}"
    r"(?! (?:as an?|in (?:an? )?(?:zip|pdf|picture|image|screenshot|separate|one))\b)"
    r"|\b(?:do not|don't|stop|not to) (?:(?:please|now|yet|ever|again) )*(?:act(?:ing)? (?:up)?on|accept(?:ing)?|process(?:ing)?|trust(?:ing)?)\b[^.?!]{0,30}(?:\b(?:mails?|e-?mails?|messages?|requests?|anything)\b|§)"
    rf"|\bonly {_SENDING}\b[^.?!]{{0,60}}\b(?:once|when|after|if)\b|(?:\A|\b(?:please|kindly) )hold (?:(?:on to|onto|off|back)(?: on)? )?{_CODES}"
    r"|\b(?:was|were|been|is|are|got|being|has|have|had) (?:\w+ )?(?:compromised|hacked|breached|spoofed|phished|stolen|broken into)\b"
    r"|\b(?:data|security) (?:breach|incident)\b|\bfraudulent|\bimpersonat"
    r"|\bthey(?:'re| are) now (?:the|their) (?:new )?supplier\b|\b(?:no longer|not) (?:our customer|our supply|with us|(?:the )?(?:registered )?supplier)\b|\bno longer supplied by us\b"
    r"|\b(?:we|i)(?:'ve| have)? (?:now |since )?lost (?:the|this|that|these|those) (?:customer|supply|supplies|site|registration)"
    r"|\bsent (?:us|me|to us)\b[^.?!]{0,60}\b(?:by mistake|in error)\b|(?:\bnot|n't) our (?:meter|device|customer|site|supply)\b"
    r"|\bnothing (?:is )?(?:needed|required) from you\b"
    rf"|\b(?:cannot|can't|unable to|won't|will not|not able to) (?:\w+ )?{_SENDING}\b[^.?!]{{0,20}}\bcodes?\b|\bbefore (?:we|i) (?:can )?{_SENDING} (?:you\b|{_IT})"
    r"|\bstop chasing\b|\byour (?:request|query|enquiry|ticket)\b[^.?!]{0,40}\b(?:was|is|has been|will be) (?:now )?(?:rejected|refused|declined)\b"
)
"""Whatever else the mail asks for."""
_SPEAKS_AS_HOLDER = Sought(
    r"\byou (?:have |had )?asked (?:us|me) (?:for|about)\b|\bno (?:install\w* )?codes? (?:is |are )?held\b"
    r"|\byour (?:request|query|enquiry|ticket|case)\b[^.?!]{0,40}\b(?:was|is|has been|will be) (?:now )?(?:assigned|received|closed|processed|logged|passed)\b"
    rf"|\b(?:we|i)(?:'ve| have)? (?:already |now )?(?:sent|provided|supplied|given) (?:you )?{_CODES}\b|\Are your (?:request|query|enquiry|ticket)\b"
)
_WANTS_NOTHING = Sought(
    r"\b(?:no|nothing) (?:further |more |else )?(?:(?:action|reply|response|answer) )?(?:is )?(?:needed|required|necessary|expected)\b"
    r"|\bfor (?:your |their )?(?:information|records|reference)(?: only)?\b|\bfyi\b(?![^.?!]*\b(?:need|requir|please|send|can|could))"
)
_WANTS_ELSE = Sought(
    r"\b(?:utrns?|disputes?|disputed|(?:de-?|re-?)energi[sz]\w*|damaged|(?:arrange|for) collection|(?:installation|install|fitting|fit) dates?|complaint (?:ref\w*|number)"
    r"|return (?:the |this |these |our )?(?:meters?|devices?|assets?)|(?:delete|erase|remove) (?:all |any |your |our |the )*(?:records?|data|details))\b"
)
_CONDITION = Sought(
    r"\b(?:if|unless|should (?:you|we)|in case|not the intended|otherwise|confidential\w*|recipients?|virus\w*)\b"
)


def stand_against(said: tuple[str, ...], *, asks: bool) -> bool:
    """Whether one of the sentences does. `asks`: the mail asks for codes in words that we know."""
    patterns = (_STANDS_AGAINST,) if asks else (_STANDS_AGAINST, _SPEAKS_AS_HOLDER, _WANTS_NOTHING, _WANTS_ELSE)
    return any(not _CONDITION.found(sentence) for pattern in patterns for sentence in pattern.among(said))


def telling(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The lines that tell something of a device, and do not merely list it."""
    return tuple(line for line in lines if DEVICE.search(line) and _says_more(line))


def _says_more(line: str) -> bool:
    return len(_WORD.findall(DEVICE.sub(" ", line))) >= LEAST_SAID
