"""What stands in a mail against sending the codes of the devices that it names: a person must see it first.

A Device ID in the mail of a listed contact is a request, as most such mails say little more. Not so where the mail says that no
code is to go, that a mailbox was broken into, or that the customer is another's; nor, where it asks for no code, what its
writer says as the holder of one, that nothing is to be done, what asks for something else, what denies something of a
device, or mere news.

Read sentence by sentence, in small letters, as wishes are; what is said under a condition, or below every mail of a company, is not.
"""

import re

from daemon.rules.sense.forms import DEVICE, NAMED_DEVICE, SPOT
from daemon.rules.sense.sought import Sought, either

SHORTEST_NAME = 4
"""Letters of a domain below which it is not looked for as a company's name."""
_CODES = r"(?:(?:the|these|those|any|all|its|your|our|install\w*|further|more) )*(?:codes?|keys?)"
_IT = rf"(?:(?:{_CODES}|it|them|these|those|anything(?! (?:confidential|sensitive|personal|you|private)))\b|{NAMED_DEVICE})"
_SENDING = r"(?:(?:re-?)?send|sending|releas(?:e|ing)|shar(?:e|ing)|disclos(?:e|ing)|issu(?:e|ing)|provid(?:e|ing)|e-?mail(?:ing)?|giv(?:e|ing)(?: out)?|hand(?:ing)? (?:out|over))"
_SENT = r"(?:sent|released|shared|disclosed|issued|provided|supplied|e-?mailed|given|passed|answered|processed|acted)"
_NOT = (
    r"(?:do not|don't|dont|do please not|should not|shouldn't|not to|stop|cease|refrain from|(?<!you )(?<!they )never)"
)
_AS_IT_IS_SENT = r"(?! (?:separately|twice|as an?|in (?:an? )?(?:zip|pdf|picture|image|screenshot|separate|one))\b)"
_NAMED = rf"(?:\b(?:codes?|keys?|requests?)\b|{NAMED_DEVICE})"
_PLEASE = r"(?:\A|\b(?:please|kindly|(?:can|could|would) you) )(?:(?:please|just|also|now) )*"
_CUSTOMER = r"\b(?:customers?|consumers?|tenants?|accounts?|supply|site|they)"
_NOT_TO_GO = Sought(
    rf"\b{_NOT} (?:(?:please|now|yet|ever|again|still|also) )*{_SENDING} (?:us |me |out |over )*{_IT}{_AS_IT_IS_SENT}"
    r"|\b(?:do not|don't|stop|not to) (?:(?:please|now|yet|ever|again) )*(?:act(?:ing)? (?:up)?on|accept(?:ing)?|process(?:ing)?|trust(?:ing)?)\b[^.?!]{0,30}(?:\b(?:mails?|e-?mails?|messages?|requests?|anything)\b|§)"
    rf"|\b(?:must not|mustn't|may not) (?:re-?send|send|release|issue|e-?mail) (?:us |me |out |over )*{_IT}{_AS_IT_IS_SENT}"
    r"|\b(?:ignore|disregard) (?:any|all) (?:\w+ ){0,2}(?:requests?|mails?|e-?mails?|messages?) from\b|\b(?:do not|don't) (?:answer|respond|reply|do anything)\b[^.?!]{0,20}\b(?:until|till) (?!you\b)"
    rf"|{_NAMED}[^.?!]{{0,60}}\b(?:(?:must|should|may|can)(?: ?not|n't| never)|(?:is|are)(?: not|n't) to) be {_SENT}\b{_AS_IT_IS_SENT}"
    rf"|\bno (?:\w+ )?(?:codes?|keys?) (?:(?:should|must|may|can|are|shall) )?(?:to )?be {_SENT}\b|\bno (?:install\w* )?codes?,? please\b|\b(?:nobody|no[ \-]one) (?:should|must|may|is to)\b|\bnot (?:to )?be {_SENT} (?:before|until|till)\b|\b(?:do not|don't) want {_IT} (?:by|via|through|over)\b"
    rf"|\bunder no circumstances\b[^.?!]{{0,60}}{_NAMED}|\b(?:nothing send|send (?:out )?nothing)\b|\bplease (?:give|send)\b[^.?!]{{0,60}}\bnot(?: out| by [\w\-]+)?\W*\Z"
    rf"|\bonly (?:be )?(?:{_SENDING}|{_SENT})\b[^.?!]{{0,60}}\b(?:once|when|after|if|with)\b|\b(?:please|be) upload(?:ed)?\b|(?:\A|\b(?:please|kindly) )hold (?:(?:on to|onto|off|back)(?: on)? )?{_CODES}"
    rf"|{_PLEASE}(?:a?wait(?! no\b)|do nothing|keep back|pause|suspend|withhold|(?:hold|hang) (?:off|back|fire|on)|put\b[^.?!]{{0,60}}\bon hold|leave\b[^.?!]{{0,40}}\b(?:for now|alone))\b|\bnot before\b(?! time)"
    rf"|\bbefore (?:(?:you|we|i) (?:can )?)?{_SENDING} (?:us |me |out |over )*(?:you\b|{_IT})|\bbefore (?:we|i) can process\b|\bonly accept {_IT} (?:by|via|through|over)\b"
    r"|\brevok(?:e|ing)\b|\b(?:remove|delete|drop|stop|pause|suspend) (?:our|my|this|the) (?:\w+ )?(?:requests?|process)\b"
)
"""Nothing is to be sent, or not so, or not yet."""
_NOT_TO_BE_TRUSTED = Sought(
    r"\b(?:was|were|been|is|are|got|being|has|have|had) (?:\w+ )?(?:compromised|hacked|breached|spoofed|phished|stolen|broken into)\b"
    r"|\b(?:data|security|gdpr) (?:breach|incident)\b|\bcyber[ \-]?attack|\bransomware\b|\bfraudulent|\bimpersonat(?:ed|ing)\b|\bpretend(?:s|ed|ing) to be\b|\b(?:mails?|messages?|requests?|sent|ask\w*|writ\w+)\b[^.?!]{0,40}\bin (?:our|my) name\b|\b(?:(?<!be )aware|victims?) of\b[^.?!]{0,20}\b(?:phishing|frauds?|scams?)|\bis (?:a )?(?:fake|bogus|suspicious|not genuine)\b|\b(?:been|was|were|got) [^.?!]{0,30}\bby (?:an? )?(?:unauthori[sz]ed|fraudsters?|scammers?|hackers?|criminals?)\b|\b(?:was|were|is|are)(?: not|n't) authori[sz]ed to (?:do|ask|request|make|receive)\b"
    r"|\b(?:e-?mails?|mails?|messages?|requests?)\b[^.?!]{0,60}\b(?:was|were|is|are|did|has|have)(?: not|n't) (?:\w+ )?(?:from|by) (?:me|us|our|any)\b"
    r"|\bnot sure (?:if |whether |that )?(?:it|this|that|they|these)(?:'s| is| are|'re) (?:ours?|right|correct)\b"
)
"""Who writes cannot vouch for what comes from there."""
_OF_ANOTHERS_CUSTOMER = Sought(
    r"\b(?:no longer|not) (?:our customer|our supply|with us|(?:the )?(?:registered )?supplier)\b(?! (?:until|till|before|when|at the time|who|that|which)\b)|\bno longer supplied by us\b"
    r"|\b(?:we|i) (?:do not|don't|no longer|will not|won't|have not|haven't) (?:suppl(?:y|ied)|be(?:come)? the supplier|(?:have )?the supply)\b(?! (?:until|till|before))"
    r"|\b(?:we|i)(?:'ve| have)? (?:now |since )?lost (?:the|this|that|these|those) (?:customer|supply|supplies|site|registration)\b(?!')"
    rf"|{_CUSTOMER}\b[^.?!]{{0,60}}\b(?:(?:left|leaving|leaves) us\b(?! (?:with|an?)\b)|(?:moved|gone?|goes|going|switched|returned|returning) (?:back to (?!(?:us|normal|bed|work|the)\b)|to (?:you\b|an?other\b|other\b|a different\b)))"
    r"|\b(?:cancelled|cancelling|withdrew|stopped) (?:the|this|their) (?:switch|contract|transfer|registration|gain)\b|\b(?:switch|contract|transfer|registration|gain) (?:is|was|has been|is being) (?:now )?(?:cancelled|withdrawn|objected)|\b(?:customer(?:'s| has)? objected|we object)\b|\Awho (?:asked|requested)\b"
    r"|\bsent (?:us|me|to us)\b[^.?!]{0,60}\b(?:by mistake|in error)\b|\byou(?:'ve| have)? sent\b[^.?!]{0,60}\b(?:in)?to the wrong\b|(?:\bnot|n't) (?:one of )?our (?:meter|device|customer|site|supply|supplie)s?\b"
)
"""Another has the customer, or the meter is none of theirs."""
_OTHERS = (
    r"(?!(?:us|we|me|i|you|your|our|my|the|an?|no|this|that|these|those|one|site|work|sleep|normal|live|smart|pre\w*|credit|pay\w*|dcc|mpan|mprn|error|fault\w*"
    r"|single|dual|economy|import|export|hospital|bed|court|new|next|today|tomorrow|(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|(?:sept|nov|dec)ember|october)\b)[a-z]"
)
"""What follows is a name, and of neither of us."""
_WENT_TO_OTHERS = Sought(
    rf"\b(?:is|are|'s) (?:now |currently )?(?:with|supplied by|served by) {_OTHERS}[^.?!]{{0,40}}\bnow\b|\b(?:is|are) now (?:with|supplied by|served by|owned by|registered (?:to|with)) {_OTHERS}"
    rf"|\bbelongs? to {_OTHERS}|\b(?:stay(?:s|ed|ing)? with|taken (?:on|over) by) {_OTHERS}|\b(?:handed|passed) {NAMED_DEVICE} (?:over |on )?to {_OTHERS}|(?<!\bwe )(?<!\bi )(?<!\byou )\b(?:looks? after|supplies|owns?) (?:it|them|this(?: one)?) now\b|\bwho (?:now )?(?:has|have) (?:the|this) (?:customer|supply|site|meter)\b"
    rf"|(?:{_CUSTOMER}\b|{NAMED_DEVICE})[^.?!]{{0,60}}\b(?:moved|gone|went|switched|transferred|churned|lost) (?:(?:over|across|back) )*(?:away\b|elsewhere\b|to {_OTHERS})"
    r"|\bthey(?:'re| are) (?:now )?(?:the|their) (?:new |current |registered )*supplier\b"
)
"""It is with a company that is named, or goes there."""
_LEFT_THEM = Sought(
    rf"\b(?:customers?|consumers?|tenants?) (?:at|of|for|on) {NAMED_DEVICE} (?:has|have) (?:(?:since|now|already|just) )*left\b(?! (?:an?|the|his|her|their)\b|[^.?!]*\bus\b)"
    rf"|{NAMED_DEVICE} (?:was |is |has been )?(?:now )?lost\b(?! (?:w?han|wan|comms|contact|signal|connect\w*|power|its|the)\b)|\bcustomers?(?:'s| has| have)? (?:now )?cancelled(?=\W*\Z|, (?:ta|thanks|so|please)\b)"
    r"|\b(?:gain|switch|transfer|contract)\b[^.?!]{0,30}\bfell through\b|\bwe(?:'re| are| were) (?:the )?losing\b|\bwe only (?:held|had|supplied) (?:it|them|this|the (?:customer|supply|site)) (?:until|till)\b"
)
"""Wherever it went."""
_GUARDED = (
    r"(?<!was )(?<!were )(?<!is )(?<!are )(?<!not )(?:encrypt(?:ed|ion)|password[ \-]protect(?:ed)?|sftp|egress|(?:in the|by|via) post"
    r"|secure (?:e-?mail|mail|portal|link|file|transfer|message))\b"
)
_IN_ANOTHER_WAY = Sought(
    rf"(?:{_IT}|\bsend (?:(?:us|me) )?again\b)[^.?!]{{0,60}}\b{_GUARDED}|\b(?:use|via|through|by|over|need|require) (?:an? )?(?:\w+ )?{_GUARDED}[^.?!]{{0,40}}(?:\bcodes?\b|{NAMED_DEVICE})"
    rf"|\b(?:encrypt|password[ \-]protect) {_IT}|\b(?:cannot|can't|unable to) (?:accept|receive) {_CODES}"
)
"""No letter of ours goes out encrypted, by post, or over a server of theirs."""
_NOT_OUT = Sought(
    rf"\A(?:these|those|both)\b[^.?!]{{0,30}}\b(?:(?:must|should|may|can)(?: ?not|n't| never)|(?:is|are)(?: not|n't) to) be {_SENT}\b|\A(?:they|all) are not to be (?:sent|released|issued)\b"
    rf"|\Anot (?:to )?be {_SENT}\W*\Z|{_NAMED}[^.?!]{{0,60}}\bnot for (?:release|disclosure)\b|\bbut not this (?:week|month)\b|,? not now\W*\Z"
    r"|\b(?:do not|don't) action\b|\Adraft\b|\btraining (?:example|exercise|mail|request)s?\b"
)
"""Said of what a list above it holds, or of the mail itself."""
_FOR_NO_SUPPLIER = Sought(
    rf"\b(?:send|give|e-?mail|provide|forward|pass) (?:him|her|(?:the|our|your|an?) (?:customer|consumer|tenant|landlord|occupier|homeowner)) {_CODES}"
    rf"|\b(?:police|landlord|tenants?|solicitors?|court|homeowner|occupier|neighbour|third party)\b[^.?!]{{0,20}}\b(?:asks?|asked|wants?|needs?|requests?|requested) (?:us |me )?(?:for )?{_CODES}"
    rf"|\b(?:wants?|needs?|asks? for|asked for) (?:his|her) (?:own )?(?:install\w* )?codes?\b|\b{_SENT} to (?:an?|any) third part"
    r"|\b(?:did|have) you\b[^.?!]{0,60}\b(?:sen[dt]|given?|shared?|released?|provided?)\b[^.?!]{0,60}\bto any(?:one|body)\b|\b(?:has|have|did) any(?:one|body) else\b|\bwhom? (?:else )?(?:did|have) you (?:give|given|sen[dt])\b"
)
"""Somebody who is no supplier asks for the code through them, or they ask who has it."""
_BY_NO_RIGHT = Sought(
    r"\bwho (?:had |has )?(?:asked|requested|sent)\b[^.?!]{0,60}\b(?:has left|left|no longer|dismissed|suspended)\b|\b(?:was|were)(?: not|n't) (?:me|us) who (?:asked|requested|wrote)\b"
    r"|\b(?:asked|requested)\b[^.?!]{0,60}\bwithout (?:any |our |my )?(?:authority|authori[sz]ation|permission|approval|consent)\b|\b(?:some(?:body|one)|person|caller|who)\b[^.?!]{0,100}\b(?:claim(?:s|ed|ing)|purport(?:s|ed|ing)) to be\b"
    r"|\b(?:it|this|that|they|request)(?:'s| is| was| may be| could be| might be)(?: an?)? (?:frauds?|scams?|phishing)\b|\bsuspect(?:ed|ing)? (?:an? )?(?:fraud|scam)\b|\b(?:criminal|police|fraud) investigation\b"
)
"""Who asked before has left, or had no right to ask."""
_HELD_BY_THEM = Sought(
    r"\bnothing (?:is )?(?:needed|required) from you\b"
    rf"|\bthank(?:s| you) for your (?:requests?|enquiry|query)\b[^.?!]{{0,40}}{NAMED_DEVICE}|\byour (?:request|query|enquiry)\b[^.?!]{{0,40}}{NAMED_DEVICE} (?:is|are) (?:now |currently )?(?:with|being|under)\b"
    rf"|\b(?:we|i|unfortunately)(?:'re|'m| are| am)? (?:cannot|can't|unable to|won't|will not|not able to) (?:\w+ )?{_SENDING}\b[^.?!]{{0,20}}\bcodes?\b|\bwe(?:'ll| will| can| shall) (?:then )?release\b"
    r"|(?<!\bwe )(?<!\bi )\bwill (?:be )?(?:contact(?:ing)?|ask(?:ing)?|approach(?:ing)?) you\b|\byou(?:'ll| will| may) (?:also |soon )?(?:get|receive) (?:an?|their|another) (?:\w+ )?(?:request|enquiry)\b|\byou (?:have )?(?:received|got|had) our (?:install\w* )?codes?\b"
    r"|\bstop chasing\b|\byour (?:request|query|enquiry|ticket)\b[^.?!]{0,40}\b(?:was|is|has been|will be) (?:now )?(?:rejected|refused|declined)\b"
)
"""They speak as those who are asked."""
_SPEAKS_AS_HOLDER = Sought(
    r"\byou (?:have |had )?asked (?:us|me) (?:for|about)\b|\bno (?:install\w* )?codes? (?:is |are )?held\b"
    r"|\byour (?:request|query|enquiry|ticket|case)\b[^.?!]{0,40}\b(?:was|is|has been|will be) (?:now )?(?:assigned|received|closed|processed|logged|passed)\b"
    rf"|\b(?:we|i)(?:'ve| have)? (?:already |now )?(?:sent|provided|supplied|given) (?:you )?{_CODES}\b|\Are your (?:request|query|enquiry|ticket)\b"
)
_WANTS_NOTHING = Sought(
    r"\b(?:no|nothing) (?:further |more |else )?(?:(?:action|reply|response|answer) )?(?:is )?(?:needed|required|necessary|expected)\b"
    r"|\bfor (?:your |their )?(?:information|records|reference)(?: only)?\b|\bfyi\b(?![^.?!]*\b(?:need|requir|please|send|can|could))"
)
_LEAVES = Sought(
    r"\b(?:churned|cos loss|lost to (?!us\b)|away from us|erroneous(?:ly)? (?:transfer|switch|gain)|ets? (?:has been |was |is )?raised\b)"
)
_SAYS_NO = Sought(r"\b(?:not|never|no longer|nobody|nothing)\b|n't\b")
_MAKES_A_REQUEST = Sought(
    r"commission|join|\b(?:pair\w*|connect\w*|communicat\w*|work\w*|wan|signal|codes?|keys?|smart|live|visible|show\w*|yet|urgent|sure|access|available|heard|had|received?|repl\w+|answer\w*|respond\w*|responses?|han|reach\w*|install\w*|fit(?:ted)?)\b"
)
"""Beside these a "not" tells why a code is asked for, or that it has not come."""
_WANTS_ELSE = Sought(
    r"\b(?:utrns?|cads?|subject access|dsar|disputes?|disputed|(?:de-?|re-?)energi[sz]\w*|damaged|(?:arrange|for) collection|(?:installation|install|fitting|fit) dates?|complaint (?:ref\w*|number)"
    r"|return (?:the |this |these |our )?(?:meters?|devices?|assets?)|(?:delete|erase|remove) (?:all |any |your |our |the )*(?:records?|data|details)|warrant(?:y|ies)"
    r"|(?:\Awho|(?:tell (?:me|us)|advise|confirm|know) who) (?:can|do|should|is|are)\b|(?:send|provide|supply|confirm|advise)\b[^.?!]{0,40}\b(?:serial numbers?|reads?|readings?|ihds?|displays?|invoices?|manufacturer|firmware)"
    r"|(?:please|kindly|can you|could you) (?:please )?(?:appoint|attend|investigate|collect|explain|repair|replace|exchange|commission|update(?! (?:me|us|on))|pair|visit|test))\b"
)
_WARNS = either(_NOT_TO_BE_TRUSTED, _BY_NO_RIGHT)
_STANDS_AGAINST = either(
    _NOT_TO_GO,
    _NOT_OUT,
    _IN_ANOTHER_WAY,
    _FOR_NO_SUPPLIER,
    _OF_ANOTHERS_CUSTOMER,
    _WENT_TO_OTHERS,
    _LEFT_THEM,
    _HELD_BY_THEM,
)
_WANTS_NONE = either(_SPEAKS_AS_HOLDER, _WANTS_NOTHING, _WANTS_ELSE, _LEAVES)
_GAINS = Sought(
    r"\b(?<!you )(?<!you've )(?<!you have )(?<!erroneous )(?:gained|(?<!be )gaining)\b|\b(?:switched|moved|came|come|transferred|churned) (?:over )?to us\b|\bjoined us\b"
    r"|\b(?:we|i)(?:'ve| have)? (?:took|taken) (?:\w+ )?over\b|\bnew customer\b|\b(?:we are|we're) (?:now )?the (?:new |current )?supplier\b"
)
_CONDITION = Sought(
    r"\b(?:bank details|money|payments?|report (?:any|fraud\w*|phishing|suspicious)|if|unless|should (?:you|we)|in case|not the intended|otherwise|confidential\w*|recipients?|virus\w*)\b"
)


def warn(said: tuple[str, ...]) -> bool:
    """What comes from there is not to be relied on: whatever the mail is about."""
    return _plainly(_WARNS, said)


def stand_against(said: tuple[str, ...]) -> bool:
    """Something stands against sending what the mail speaks of, whatever else it asks for."""
    return _plainly(_STANDS_AGAINST, said)


def want_none(said: tuple[str, ...]) -> bool:
    """In a mail that asks for no code in words that we know: it wants none of the devices that it names."""
    return _plainly(_WANTS_NONE, said) or any(map(_denies, _SAYS_NO.among(said)))


def _plainly(pattern: Sought, said: tuple[str, ...]) -> bool:
    return any(not _CONDITION.found(sentence) for sentence in pattern.among(said))


def _denies(sentence: str) -> bool:
    """It says no to something, which is neither what is wrong with a device nor what they wait for, and asks nothing."""
    if sentence.endswith("?") or not _names_device(sentence):
        return False
    return not (_MAKES_A_REQUEST.found(sentence) or _CONDITION.found(sentence))


def with_own_name_as_us(said: tuple[str, ...], sender: str | None) -> tuple[str, ...]:
    """The sentences as their writer may mean them: "it is now with Northern Energy", from a domain of that name."""
    domain = (sender or "").rpartition("@")[2].casefold()
    name = re.findall(r"\w", max(domain.split("."), key=len))
    if len(name) < SHORTEST_NAME:
        return said
    own = re.compile(r"\b" + r"\W?".join(name) + r"\b")
    return tuple(own.sub("us", sentence) for sentence in said)


def gains(sentence: str) -> bool:
    """The customer is theirs by now: that is why a code is asked for, and so asks for it."""
    return _GAINS.found(sentence)


def _names_device(line: str) -> bool:
    return SPOT in line or DEVICE.search(line) is not None
