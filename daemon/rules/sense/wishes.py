"""What the words of a mail wish: codes, news, a request taken back, or nothing more than to say thank you.

Words are read sentence by sentence, so that a politeness in one does not turn the sense of another. Where two
readings are open, the one that loses no request wins. The patterns are English, as the process is.
They are written in small letters and looked for in case-folded text: three times as fast as a search that ignores case.
"""

import re
from collections import deque

from daemon.rules.sense.forms import DEVICE, NAMED_DEVICE, plain
from daemon.rules.sense.sought import Sought

MAX_WORDS = 20_000
"""Characters read for wishes; what a mail wants stands at its head."""
LEAST_SAID = 5
"""Words in a sentence that says something beside a greeting and a Device ID."""
LEAST_TOLD = 3
"""Words beyond which a sentence beside thanks may tell something."""
_WORD = re.compile(r"[a-z']{2,}")

_TOPIC = (
    r"(?:install(?:ation|er)?s?[ \-]?codes?|installation keys?|install keys?"
    r"|(?:whitelist(?:ing)?|commissioning|pairing|link|han|zigbee) (?:codes?|keys?))"
)
_NOT_A_CODE = (
    r"(?!\s+(?:process|procedure|polic|guid|meeting|workshop|webinar|training|contact|mailbox|inbox|template|forum|working "
    r"group|team|desk|volume|stat|report|project|event|session|call\b|update))"
)
_CODES = Sought(rf"\b{_TOPIC}\b{_NOT_A_CODE}")
_PLAIN_CODES = Sought(
    r"(?=code)(?<!post )(?<!zip )(?<!error )(?<!access )(?<!discount )(?<!qr )(?<!promo )(?<!bar )(?<!pass )(?<!fault )(?<!colour )"
    r"(?<!tariff )(?<!source )(?<!dress )\bcodes?\b"
    r"(?! (?:of|for|to) (?:the |our |your |a )?(?:conduct|practice|meeting|call|door|gate|building|office|car park|webinar|teams|zoom|event|session))",
)
_DEVICE_WORDS = Sought(
    r"\b(?:devices?|esmes?|gsmes?|guids?|eui|smart meters?|meters?|ppmids?|commission\w*|hcalcs|smets ?2?)\b",
)
_SUBJECT_MATTER = Sought(
    rf"\b(?:{_TOPIC}|mp ?121|(?:non|un|not)[ \-]?(?:yet )?commissioned|guids?|eui(?:[ \-]?64)?|esmes?|gsmes?|device ids?|smets ?2)\b",
)
_REQUEST_WORDS = Sought(rf"\b(?:{_TOPIC}|mp ?121|commission\w*)\b")
_SERIAL_WORDS = Sought(r"\b(?:msn|serial(?: numbers?| no)?|meter (?:numbers?|no|ref\w*))\b")
_MP121_REQUEST = Sought(
    r"\bmp ?121\b[^.?!]{0,30}\b(?:requests?|enquir\w+|inquir\w+|quer(?:y|ies))\b|\b(?:requests?|enquir\w+)\b[^.?!]{0,20}\bmp ?121\b",
)
_CODE_REQUEST = Sought(
    rf"(?<!your )\b{_TOPIC}\W{{0,3}}(?:requests?|enquir\w+|inquir\w+|quer(?:y|ies)|needed|required|please|wanted|pls)\b"
    rf"|\b(?:requests?|enquiry|query) (?:for|of|re|regarding|:|-)?\s*(?:an? |the |some |[0-9]+ )?{_TOPIC}\b",
)
_PLAIN_CODE_REQUEST = Sought(
    r"(?<!your )(?<!check the )(?<!check this )(?<!verify the )\bcodes?\W{0,3}(?:please|pls|needed|required|wanted|requests?|enquir\w+|quer(?:y|ies))\b|\Acodes? for\b"
)
"""Asked of the sentences alone that speak of a code at all."""
_ASK = Sought(
    r"\b(?:send|provide|suppl(?:y|ies)|need(?:s|ed|ing)?|requir(?:e|es|ed|ing)|request(?:s|ed|ing)?|share|obtain|get|give|forward"
    r"|return|looking for|after|missing|confirm|advise|retrieve|find|locate|dig out|resend|re-send|await(?:ing)?|outstanding|chas\w+"
    r"|let (?:me|us) (?:have|know)|(?:can|could|may|might|please) (?:i|we) (?:please )?(?:have|get)|do you (?:have|hold)|enquir\w+"
    r"|is there an?|what(?: is|'s) the|source|ask(?:ing)? for|appreciate|grateful|(?<!your )(?<!the )help(?: us| me)?|assist\w*|trying to|unable to|without|want|provision|please action|furnish|(?:would|'d) like|hoping|wonder\w*)\b",
)
_GIVES = Sought(
    r"\b(?:(?:please )?(?:find|see) (?:the )?(?:attached|below|enclosed)\b.{0,40}\bcodes?\b|(?:attached|below|here) (?:is|are) (?:the|our|all)"
    r"|as requested|(?:confirm|acknowledge)(?:ing)? (?:safe )?receipt|thank(?:s| you) for (?:sending|providing|the|your)|(?:have|has|been|now) (?:received|got)|(?<!not )(?<!n't )(?<!never )received (?:the|your|all)"
    r"|codes? (?:is|are) (?:attached|below|as follows)|codes? (?:now |all |safely )?received|you (?:sent|provided|supplied)|received your|in response to your|your (?:install\w* )?codes? request)\b",
)
_GENERAL_ASK = Sought(
    r"\?|\b(?:please|kindly|can you|could you|would you|can we|could we|may we|need(?:s|ed)?|requir(?:e|es|ed)|request(?:s|ed|ing)?"
    r"|grateful|looking for|missing|outstanding|(?<!will )(?<!'ll )await(?:ing)?|provide|furnish|advise|send (?:us|me|over|the|through)|(?:would|'d) like|hoping|wonder\w*|pls|plz|may (?:i|we)|if you could|one more|another one|you(?:'ve| have)? missed)\b",
)
_OF_THE_PROCESS = Sought(
    r"\b(?:contact (?:(?:me|us|him|her|them)\b|(?:\w+ ){0,3}(?:at |on )?<?[\w.\-]+@)|should (?:now )?(?:go|be (?:sent|addressed|directed))|sla)"
    r"|\b(?:send|direct|address|forward|email|submit) (?:all|any|your|our|future|new)\b[^.?!]{0,60}\bto\b",
)
_OTHER_MATTER = Sought(
    r"\b(?:firmware|(?:error|fault|response) codes?|alerts?|alarms?|tamper\w*|prepay\w*|top[ \-]?ups?|tariffs?|meter reads?|readings?"
    r"|credit|debt|refund|outages?|certificates?|cpl|decommission\w*|ota|billing|invoices?)\b",
)
_INSTALLED = Sought(r"\binstall(?:er|ers|ing supplier|ed by)\b")
_MERE_COURTESY = Sought(
    r"\bplease (?:find|see|note|be (?:aware|advised)|contact|direct|refer|accept|do not|don't|ignore|disregard|delete(?! (?:our|my) )|let (?:me|us) "
    r"know if|consider|treat|close|confirm (?:receipt|safe receipt)|ask|try|feel free)\b|\bas (?:you )?requested\b|\bif you (?:need|require)\b"
    r"|\byour request\b|\bno further (?:action|information) (?:is )?(?:needed|required)\b|\banything else\?"
    r"|\b(?:is|was|'s) (?:all|everything|what) (?:that )?(?:we|i) (?:needed|required|asked for)\b|(?:\bnot|n't) (?:think (?:we|i) )?need anything\b",
)
_CHASE = Sought(
    r"\b(?:any (?:updates?|news|progress|joy|luck|response|movement)\b|(?:an?|the) update (?:on|please|regarding|would|for|re)\b"
    r"|update (?:please|on (?:this|the|my|our|below))\b|(?:i|we)(?:'m| am|'re| are) (?:now |just |still )?(?:chasing|following up)\b"
    r"|(?:just|only|again) (?:chasing|following up)\b|\Achas(?:ing|er)\b|\bchaser\b|chasing (?:up|for|on|the|this|our|my|a response)\b"
    r"|follow(?:ing)?[ \-]up (?:on|to|re|regarding|with)\b|(?:i|we)(?:'m| am|'re| are)? (?:still )?(?:yet to|waiting|awaiting)\b"
    r"|still (?:waiting|awaiting) (?:for |on )?(?:a |an |the |your |any )?(?:response|reply|answer|codes?|update|install)"
    r"|still (?:outstanding|not (?:received|had|heard|got)|missing|need(?:ed)?|required)\b|remains? (?:outstanding|unanswered)\b"
    r"|(?:not|never) (?:yet )?(?:received|heard|had|seen|got) (?:back|anything|a |an |any |the |your |from|these|this|them)"
    r"|(?:have|has|had|did)n't (?:yet )?(?:received?|heard?|had|have|seen|got|get) (?:back|anything|an?|the|your|any|from|these|this|them)"
    r"|(?:gentle|friendly|polite|kind|quick|final|first|second|third|1st|2nd|3rd|another) (?:reminder|chaser|chase|request)\b"
    r"|\Areminder\b|reminder (?:that|of|on|re|regarding)\b|when (?:can|could|will|may|might|should) (?:we|i|you|this|these|the)\b"
    r"|(?:have|has) (?:you|anyone|your team) (?:had|got) (?:a|the|any) (?:chance|opportunity|time|look)|(?:did|have) you (?:get|got|had) (?:a chance|round)"
    r"|where (?:are we|we are|you are|are you) (?:with|at|on)\b|(?:what is|what's|whats) the (?:status|latest|progress|eta)\b|status of (?:my|our|the|this|these|below)\b"
    r"|no (?:response|reply|answer) (?:yet|so far|to|has|from|received)|now overdue|(?:is|are|became|become|been) (?:now )?overdue|overdue (?:requests?|responses?|answers?|install|codes?|items?)"
    r"|(?:past|exceeded|passed|beyond|outside|over) (?:the |your |our )?(?:sla|deadline|due date|(?:10|ten)[ \-]working)"
    r"|what(?: is|'s|s) happening (?:with|to|about)\b|\Astill (?:waiting|awaiting|nothing|no (?:reply|answer|news|response))\b"
    r"|(?:deadline|sla|due date) (?:has |is |was )?(?:now )?(?:passed|expired|exceeded|missed|breached)|due (?:yesterday|last week)|escalat(?:e|ing) this)",
)
_CHASE_IN_REPLY = Sought(
    r"\b(?:please|someone|anyone|can you|could you|(?<!thank )you)\b(?! (?:do not|don't|no need))[^.?!]{0,30}\b(?<!do not )(?<!don't )(?<!need to )(?:respond|reply|prioriti[sz]e|expedite)\b(?! to (?!(?:us|me|this|my|our|the)\b))|\b(?:require|need) an? (?:response|reply|answer)\b"
    r"|\b(?:treat|need|needed|require\w*)\b[^.?!]{0,30}\b(?:urgent(?:ly)?|asap)\b|\Abump\b|\betas?\b|\banyone there\b|\Aanyone\b"
    r"|\b(?:have|has|are) (?:these|this|they|the codes?|it) (?:been|gone|on)\b|\bwhen (?:we|i) (?:will|can|could|might) (?:receive|expect|get|have)\b"
    r"|\b(?:was|were|is) due (?:on|by|last|yesterday)\b|\bmissed (?:the|your|our) (?:deadline|sla|due date)\b|\bwe(?:'re| are) (?:now )?on day\b"
    r"|\b(?:provide|give|send)(?: me| us)? (?:an|some|any) updates?\b|\bhow (?:are|is) (?:you|it|this|these|things) (?:getting on|going|progressing|coming)\b"
    r"|\bare (?:these|they|the codes|we|you) (?:now |any |still )?(?:ready|available|closer|nearer)\b|\b(?:please|can you|could you|would you)\b[^.?!]{0,30}\b(?:look into|look at|action) (?:this|these|it|the below|the request)\b"
    r"|\bhas any(?:one|body)\b|\bhave you (?:managed|been able)\b|\Abumping\b|\bconfirm when\b|\bstill (?:require|want)\b|\b(?:advise|confirm|update|know)\b[^.?!]{0,20}\bstatus\b"
    r"|\b(?:need|require) (?:these|this|them|it) (?:by|before|today|asap|urgently)\b|\b(?:can|could|may) (?:we|i|you) (?:please |now )?(?:get|have|send|let us have) (?:these|this|them|it)\b"
    r"|\bjust checking\b|\bchecking in\b|\bdid you (?:receive|get) (?:my|our|the|this)\b",
)
_ONCE_MORE = Sought(
    r"(?<!don't )(?<!not )(?<!need to )\b(?:re-?send|(?:send|mind sending)\b[^.?!]{0,40}\b(?:again|once more))\b"
)
"""In a reply that calls nothing wrong: what came last is lost."""
_CONDITION = Sought(
    r"\b(?:if|unless|should (?:you|we|this|i)|in case|in the event|otherwise|not the intended|where you have already)\b",
)
_DOUBLE = Sought(
    r"\b(?:duplicates?|twice|second|double|chasers?|reminders?|(?:sen[dt]|sending|mailed|ask(?:ed|ing)|request(?:ed|ing)|raised|came|arrived|went)\b[^.?!]{0,40}\bagain)\b"
)
"""What is to be ignored is a copy of a request that stands."""
_NEGATED = Sought(
    r"\b(?:do not|don't|never|cannot|can't|must not|not to|did not|didn't|not (?:want|wish|going)) (?:\w+ )?(?:ignore|disregard|withdraw|cancel)",
)
_PUTS_OFF = Sought(r"\b(?:do not|don't|not to|never|no need to)\b[^.?!]{0,120}\b(?:until|till)\b(?! further)")
"""It is wanted, and not yet."""
_MAIL_WORD = (
    r"(?:e-?mails?|mails?|messages?|requests?|enquir(?:y|ies)|quer(?:y|ies)|list|spreadsheet|submission|ask|ticket)"
)
_WHICH = r"(?:(?:my|our|the|this|that|these|those|all|both|any|of|previous|earlier|last|original|first|below|above|attached|latest|recent|prior|install(?:ation)?|codes?|mp ?121) )"
_WITHDRAW = Sought(
    rf"\b(?:ignore|disregard|discard|withdraw(?:ing)?|cancel(?:ling)?|recall|retract(?:ing)?|rescind) {_WHICH}{{0,6}}{_MAIL_WORD}\b(?! (?:for|about|at) (?:the )?other\b)"
    r"|\b(?:ignore|disregard) (?:this|that|these|those|all|(?:all )?(?:the|my|our) (?:below|above|previous|last|earlier)|the below|below|me)(?= (?:one|ones|as|now|we|i|and|thanks|thank|please|-)|\W*\Z|[,;:\-])"
    r"|\b(?:withdraw|cancel)(?:ling|ing)? (?:this|these|it|all|them|the (?:below|above|following))\b(?! (?:appointment|job|visit|meeting|call))"
    r"|\b(?:requests?|enquir(?:y|ies)|queries) (?:is|are|has been|have been|can be|should be|to be) (?:now )?(?:withdrawn|cancelled|canceled|closed|disregarded|ignored)\b"
    r"|\bno longer (?:\w+ )?(?:need|require|want|looking for)(?:ed|s|d)?\b(?! to)|\bno longer (?:needed|required|necessary)\b"
    r"|\b(?:don't|do not) (?:\w+ )?(?:need|require|want) (?:[^.?!,;]{0,30}\b)?(?:codes?|these|them|this|any ?more|any longer)\b(?! (?:by|via|through|over)\b)"
    r"|\b(?:codes?|requests?|these|they|it|this) (?:is|are) not (?:needed|required|necessary)\b|\b(?:needed|required) any (?:more|longer)\b"
    r"|\b(?:was |were |been )?sent (?:to you )?(?:in error|by mistake)\b|(?:\A|\b(?:please|just|kindly) )(?:ignore|disregard|cancel|withdraw)(?=(?: please)?\W*\Z|,| -| (?:as|since|because|we|thanks|thank|now)\b)"
    r"|\bno need to (?:(?:send|provide|supply|find) (?:(?:us|me|the|any|these|those|install(?:ation)?) ){0,3}codes?|respond|reply|answer|look)\b(?! (?:until|till|before|unless|if|to|all|today|immediately|straight|right)\b)"
    r"|\b(?:do not|don't) send (?:(?:us|me|the|any|these|those|install(?:ation)?) ){0,3}codes?\b(?! (?:to|by|via|in|as|until|before|through|with))"
    r"|\bscrap (?:that|this|my|our)\b|\bplease close\W*\Z|(?<!will )(?<!'ll )(?<!to )\bclose (?:this|the|my|our) (?:request|query|enquiry|ticket|one)\b|\byou (?:can|may) (?:now )?close (?:this|it|these|them)\b|\bso not needed\W*\Z"
    r"|\b(?:sorry|apologies)\b[^.?!]{0,30}\bwrong (?:supplier|person|company|recipient|address|team|mailbox)\b|\bwrong (?:supplier|recipient)\W*\Z"
    r"|\bwould like to recall the message\b",
)
_STILL = Sought(
    r"\bstill (?:do )?(?:need|require|want|await|wait)|\bdo (?:still )?(?:need|require|want)\b|\A\s*(?:just|only)\b"
)
_SEND_IT = Sought(
    r"\b(?:please|kindly|can you|could you) (?:re-?send|send|provide|share|supply)(?: me| us)? (?:it|them|this|these|that|those|both)\b"
)
_TEST = Sought(
    r"\btest(?:ing)? (?:e-?mail|mail|message|only|please (?:ignore|disregard|delete)|do not (?:reply|answer))\b|\bthis is (?:only |just )?a test\b"
)
_TAKES_BACK = Sought(
    r"\b(?:ignore|disregard|withdraw|cancel|(?<!we )(?<!i )(?<!you )(?<!they )(?<!to )remove)\b(?: (?:the|my|our|this|that|please|device|devices|meter|esme|gsme|guid|id|item|requests?"
    r"|query|enquiry|install|codes?|for|of))* \(?",
)
_SOME_OF_A_LIST = (
    r"(?:(?!label|serial)\w+ )?(?:first|second|third|fourth|fifth|last|rows?|lines?|items?|ones|devices?|meters?|esmes?|gsmes?|ppmids?"
    r"|(?:number |no\.? )?[0-9]{1,4}(?:st|nd|rd|th)?)\b(?! (?:reading|serial|number|label|point|e?-?mail|message|request|chaser|reminder|one i sent)|%)"
)
_ALL_BUT = Sought(
    r"\b(?:except(?:ing)?|excluding|apart from|other than|leav(?:e|ing) out|omit(?:ting)?|skip(?:ping)?|ignor(?:e|ing)|disregard(?:ing)?)"
    rf"(?: for)? (?:(?:the|those|these|our|please) )*{_SOME_OF_A_LIST}|\bbut not (?:the|those|these|our) {_SOME_OF_A_LIST}"
    r"|\ball (?:of (?:them|these) )?but (?:for )?(?:the|one|two|three|[0-9]{1,3})\b"
)
_BOTH = Sought(r"\b(?:for both|send both|need both|both (?:the |install )*codes?)\b")
_ALL = Sought(r"\bthe codes?,? please\b|\b(?:codes? )?for all of them\b")
_REPLACES = Sought(
    r"\b(?:correct(?:ed)?|instead|updated|revised|amended|new|right) (?:list|version|ids?|guids?|devices?|one|ones|request|sheet|spreadsheet|file|details|attachment)\b"
    r"|\binstead\b|\b(?:use|see|refer to) (?:this|the (?:below|attached|following)|below|attached)\b|\bshould (?:have )?(?:be|been|read)\b",
)
_THANKS = Sought(
    r"\b(?:thanks|thank you|thankyou|thx|ta|cheers|received|got (?:it|them|this)|much appreciated|perfect|great|brilliant|noted|lovely|tyvm|ok|okay|will do"
    r"|acknowledged?|understood|logged|in hand|no (?:rush|hurry|worries|problem)|(?<!would )(?<!'d )(?<!will )appreciate)\b|👍",
)
_CONFIRMS = Sought(
    r"\b(?:thank\w*[^.?!]{0,60}\b(?:codes?|received|sending|providing|these|response|reply|help|this)|(?:have|has|been|now|safely|successfully|all) (?:received|commissioned|joined|working|arrived)"
    r"|(?:codes?|install codes?)[^.?!]{0,40}\b(?:received|worked|works|arrived|successful\w*)|received (?:the|your|all|these|with thanks)|commissioned (?:successfully|ok|now)"
    r"|found (?:(?:it|them|this|your \w+) )?in (?:(?:the|my|our) )?(?:junk|spam|quarantine))\b",
)
_WORKS = re.compile(
    r"(?: (?:is|are|was|has|have|now|both|all|been))* (?:worked|works|working|live|fine|ok|paired|joined|commissioned|up and running)\b"
)
"""Behind a device in a reply; in a mail of its own a meter that is "live" is one that they gained."""
_NOT_YET = Sought(
    r"\b(?:not|neither|nor|none|never|yet to be|haven't|hasn't|wasn't|isn't|aren't|weren't|didn't|doesn't|don't|won't|cannot|can't|fail\w*)\b"
)
_DENIES = Sought(
    r"\b(?:(?:did not|didn't|have not|haven't|never) install(?:ed)?\b|not (?:the )?install(?:ing|er)\b|not (?:installed|fitted) by us|(?:was|were) installed by (?!us\b|you)"
    r"|no record of|(?<!they )(?<!supplier )(?:do not|don't|cannot|can't|unable to) (?:hold|have|find|locate|trace)[^.?!]{0,40}\b(?:codes?|devices?|meters?|records?|assets?|these|this)|not (?:one of )?our(?:s| (?:device|meter|asset|install)))",
)
_COMPLAINS = Sought(
    r"\b(?:wrong|incorrect\w*|invalid|faulty|mismatch\w*|complain\w*|escalat(?:e[ds]?|ing)|unacceptable|unhappy|disappoint\w+|dissatisf\w+|mistaken?|mistakes"
    r"|not (?:acceptable|good enough|what we asked|(?:the )?(?:right|correct|same))|(?:is|are|was|were|does|do)n't (?:the )?(?:right|correct|match\w*|valid)"
    r"|(?:does|do|did|will|would|could|can|has|have|is|are) ?n(?:o|')t (?:seem to |appear to |been |yet )?(?:work\w*|match\w*|valid\w*|accept\w*|correct|join\w*|pair\w*)"
    r"|(?:cannot|can't|unable to|could not|couldn't|failed to) (?:commission|join|pair|use|read|open|decrypt)"
    r"|(?:codes?|keys?|crc|it|this|that|these|they|those|both|one|answers?|lists?|sheet|file|attachment)\b[^.?!]{0,30}\b(?:fail(?:s|ed|ing)?|reject(?:s|ed)|corrupt\w*|unusable|refused)"
    r"|(?:codes?|keys?) (?:that |which )?you (?:have )?(?:sent|gave|given|supplied|provided)\b[^.?!]{0,60}\b(?:fail(?:s|ed)?|reject(?:s|ed)|refused)|(?:refuse[sd]?|reject(?:s|ed)|(?:won't|will not|would not|wouldn't) (?:take|accept)) (?:it|them|the (?:install )?codes?|both)"
    rf"|{NAMED_DEVICE} (?:still )?(?:did|does|do|wo)(?:n't| not)(?=\W*(?:\Z|[,.;]))|(?:throws?|gives?|shows?|returns?|getting) (?:(?:me|us|an?) )*(?:\w+ )?(?:error|fault)"
    r"|only (?:got|received|had|sent|see)|(?:call|ring|phone|telephone) (?:me|us)|give (?:me|us) a (?:call|ring)|(?:speak|talk) (?:to|with) (?:me|us|you|some\w*|a )|(?:real|actual) (?:person|human))\b",
)
"""Something is wrong with what we sent or said, or a person is to speak to them."""
_OWN_MISTAKE = Sought(
    r"\b(?:(?:i|we)(?:'ve| have| had)? (?:sent|gave|given|quoted|typed|attached|copied|pasted|provided|supplied)|(?:sorry|apologies) (?:for|about|i|we)"
    r"|(?:my|our) (?:mistake|fault|error))\b",
)
_RESERVES = Sought(
    r"\b(?:but|however|unfortunately|although|though|except|apart from|cancel\w*|object(?:s|ed)|elsewhere|lost|left|cannot|not|never|missing|instead|problems?|issues?|errors?|different|another|expired|empty|blank"
    r"|some(?:body|one) else(?:'s)?|garbled|unreadable|confus\w+|twice|a question)\b|n't\b|\bno\b",
)
_SETS_AT_EASE = Sought(
    r"\b(?:no(?:t a)? (?:problems?|worries|issues?|errors?|rush|hurry|further|more|other|need)|not to worry|nothing (?:else|further|more)|(?:do not|don't) (?:worry|(?:reply|respond) to this)"
    r"|(?:if|should|in case)\b[^.?!]{0,40}\b(?:problems?|issues?|errors?)|(?:can't|cannot) thank|(?:not|don't) hesitate|(?:do not|don't)(?: think (?:we|i))? need anything|without (?:any )?(?:problems?|issues?|errors?))\b",
)
_IDLE = Sought(
    r"\b(?:(?:i|we)(?:'ll| will| shall) (?:\w+ )?(?:let|try|pass|forward|add|attempt|close|update|look|come back|get back|be in touch|share|test|commission|book|check|use|load|do)\b"
    r"|(?:i|we)(?:'m| am|'re| are) (?:on|away|out|closed|off|happy|very|so|really|grateful|delighted|pleased)\b|booked\b|found (?:it|them)\b|hope (?:you're|you (?:are|have|had|enjoy)|this|that|all)\b"
    r"|(?:i|we)(?:'ve| have) (?:now |also )?(?:forwarded|passed|added|logged|noted|updated|shared|closed) (?:this|these|them|it|your)\b(?! to the wrong)|sorry for the (?:delay|late|slow)|(?:on|annual) leave\b|out of (?:the )?office\b"
    r"|\A(?:(?:so|very|really) )?(?:glad|good|great|nice|pleased) (?:to|that|it)\b|regards\b|\A(?:have|enjoy) (?:a|an|your|the) \w+|speak (?:soon|later)|(?:ref|reference|ticket|tel|phone|mobile|e-?mail)\b)",
)
"""What they do next, and what else people write below thanks: it asks nobody to do anything."""
_DISCLAIMS = Sought(
    r"\b(?:confidential\w*|recipients?|disclos\w+|privileged|virus\w*|registered (?:in|office|number|company)|liabilit\w+|monitored|do not reply)\b",
)
"""It stands below every mail of a company."""
_ATTACHES = Sought(
    r"\b(?:(?:is|are|see|find|the|per|have|list|sheet|file|spreadsheet|ids?|guids?|devices?|details?) (?:\w+ )?attached(?! to (?!this|my|the e?-?mail))|for the attached\b|attached (?:is|are|list|sheet|file"
    r"|spreadsheet|csv|excel|you|please)|attachments?|enclosed)\b|\battached\W*\Z",
)
_BULK = Sought(
    r"\b(?:unsubscribe|manage (?:your )?(?:email )?preferences|(?:view|read|open) (?:this |it )?(?:email |message )?(?:online|in (?:your |a )?(?:web )?browser)"
    r"|update your preferences|you are receiving this (?:e-?mail|newsletter|message)|mailing list|opt[ \-]out)\b",
)
_ATTACHED = Sought(r"\b(?:attached|attachments?|enclosed)\b")
_WANTED_OF_A_LIST = Sought(
    r"\b(?:send|provide|supply|need(?:ed)?|requir(?:e|ed)|request(?:ed)?|help with|have)\b[^.?!]{0,60}\b(?:attach(?:ed|ments?)|enclosed|list|spreadsheet|scan|pictures?|photos?|screenshots?)\b"
)
_HANDS_OVER = Sought(r"\bplease\b|\battached\b|\?")
_SEE_BELOW = Sought(
    r"\b(?:see|action|provide|send|(?:help|assist) with|look (?:at|into)) (?:(?:the|my|our|this|these|those|please|attached|and) )*(?:\w+ ){0,2}(?:below|beneath)\b"
)
_BELOW = Sought(r"\b(?:below|beneath)\b")
_ANSWERS_ANOTHER = re.compile(r"\b(?:re|aw|sv|antw|fw|fwd|wg|tr)\s*(?:\[[0-9]+\])?\s*:", re.IGNORECASE)


def is_answer(subject: str) -> bool:
    """Its subject answers another ("RE: ..."), also where the headers that would say so are lost."""
    return bool(re.match(r"\s*(?:re|aw|sv|antw)\s*(?:\[[0-9]+\])?\s*:", subject, re.IGNORECASE))


def own_subject(subject: str) -> str:
    """What the writer put before an earlier subject ("CHASER - RE: ..."); the whole of a new one."""
    return _ANSWERS_ANOTHER.split(plain(subject), maxsplit=1)[0].strip(" -:")


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of `text` in plain small letters, its line wraps undone, of its first 20,000 characters."""
    paragraphs = re.split(r"\n[ >]*\n", _folded(text))
    joined = (" ".join(paragraph.split()) for paragraph in paragraphs)
    ended = (p.replace(". ", ".\n").replace("? ", "?\n").replace("! ", "!\n") for p in joined)
    return tuple(sentence for paragraph in ended for sentence in paragraph.split("\n") if sentence)


def lines(text: str) -> tuple[str, ...]:
    """The lines of the same, as they were written."""
    return tuple(line.strip() for line in _folded(text).split("\n"))


def _folded(text: str) -> str:
    return plain(text[:MAX_WORDS]).casefold().replace("’", "'").replace("‘", "'")


def asks_for_codes(said: tuple[str, ...], *, of_devices: bool) -> bool:
    """Install codes are asked for. `of_devices`: the mail is about devices, so that a plain "code" is one."""
    named = {*_CODES.among(said), *(_PLAIN_CODES.among(said) if of_devices else ())}
    asking = {*_CODE_REQUEST.among(said), *_MP121_REQUEST.among(said), *filter(_asks, named)}
    return any(map(_is_ours_to_answer, asking))


def _asks(sentence: str) -> bool:
    return bool(_ASK.found(sentence) or _PLAIN_CODE_REQUEST.found(sentence))


def _is_ours_to_answer(sentence: str) -> bool:
    """A sentence that asks for codes gives none, takes nothing back, and does not say how such mail is to be sent."""
    if _GIVES.found(sentence) and "?" not in sentence:
        return False
    return not (_WITHDRAW.found(sentence) or _OF_THE_PROCESS.found(sentence))


def names_matter(text: str) -> bool:
    """It speaks of install codes, or of what only this process speaks of."""
    return bool(_SUBJECT_MATTER.found(_folded(text)))


def names_code(text: str) -> bool:
    """It speaks of a code, and not of one that is plainly of another kind."""
    return bool(_PLAIN_CODES.found(_folded(text)))


def names_request(text: str) -> bool:
    """It names install codes, MP121 or commissioning: with a meter's number beside it, that is a request."""
    return bool(_REQUEST_WORDS.found(_folded(text)))


def names_devices(text: str) -> bool:
    """It speaks of meters or devices."""
    return bool(_DEVICE_WORDS.found(_folded(text)))


def names_serial(text: str) -> bool:
    """It speaks of a meter's serial number."""
    return bool(_SERIAL_WORDS.found(_folded(text)))


def asks_anything(said: tuple[str, ...]) -> bool:
    """Any question or request at all, courtesies apart."""
    return any(_GENERAL_ASK.found(_MERE_COURTESY.sub(" ", sentence)) for sentence in said)


def titles_request(subject: str, said: tuple[str, ...]) -> bool:
    """A subject that names install codes over words that ask, or hand something over to be read."""
    if not (_CODES.found(_folded(subject)) and _HANDS_OVER.in_any(said)):
        return False
    return not _OF_THE_PROCESS.found(" ".join(said))


def wants_of_list(said: tuple[str, ...]) -> bool:
    """It asks for something of what is attached."""
    return asks_anything(said) and _WANTED_OF_A_LIST.in_any(said)


def points_below(said: tuple[str, ...]) -> bool:
    """It asks its reader to look at what stands below it, and says no thanks for that."""
    pointing = _SEE_BELOW.in_any(said) or (asks_anything(said) and _BELOW.in_any(said))
    return pointing and not _GIVES.in_any(said) and not reports(said)


def brings_or_directs(said: tuple[str, ...]) -> bool:
    """It hands codes over, or says where such mail is to go, or who is to be asked."""
    return any(pattern.in_any(said) for pattern in (_GIVES, _OF_THE_PROCESS))


def asks_to_do(said: tuple[str, ...]) -> bool:
    """One of its sentences asks for something to be sent, found or done."""
    return any(_ASK.found(_MERE_COURTESY.sub(" ", sentence)) for sentence in said)


def hands_over(said: tuple[str, ...]) -> bool:
    """It speaks of something attached."""
    return _ATTACHED.in_any(said)


def is_other_matter(text: str) -> bool:
    """It is about something else that devices have (firmware, readings), and names no code, no installer and no commissioning."""
    words = _folded(text)
    ours = (_REQUEST_WORDS, _PLAIN_CODES, _INSTALLED)
    return not any(pattern.found(words) for pattern in ours) and _OTHER_MATTER.found(words)


def chases(said: tuple[str, ...], *, reply: bool) -> bool:
    """It asks where an answer is, or for it once more; in a reply, many a word does."""
    patterns = (_CHASE, _CHASE_IN_REPLY) if reply else (_CHASE,)
    if reply and not complains(said):
        patterns = (*patterns, _ONCE_MORE)
    return any(not _CONDITION.found(s) for pattern in patterns for s in pattern.among(said))


def withdrawals(said: tuple[str, ...]) -> tuple[str, ...]:
    """The sentences that take a request back, or a device out of one."""
    taking_back = {*_WITHDRAW.among(said), *filter(_takes_back_device, _TAKES_BACK.among(said))}
    return tuple(
        s
        for s in said
        if s in taking_back and not any(pattern.found(s) for pattern in (_CONDITION, _NEGATED, _DOUBLE, _PUTS_OFF))
    )


def taken_back_in(sentence: str) -> str:
    """The parts of a withdrawing sentence that say so and name something, or the whole of it: more may stand in it."""
    parts = [part for part in _parts_of(sentence) if _WITHDRAW.found(part) and DEVICE.search(part)]
    return "\n".join(parts) or ("" if still_wants(sentence) else sentence)


def still_wants(sentence: str) -> bool:
    """A part of it says that what it names is wanted all the same, whatever another part takes back."""
    return any(_STILL.found(part) and DEVICE.search(part) and not _WITHDRAW.found(part) for part in _parts_of(sentence))


def _parts_of(sentence: str) -> list[str]:
    return re.split(r"[,;]\s|\bbut\b", sentence)


def leaves_some_out(said: tuple[str, ...]) -> bool:
    """Some of a list are not wanted, by their place or kind."""
    return any(not _NEGATED.found(sentence) for sentence in _ALL_BUT.among(said))


def wants_both(said: tuple[str, ...]) -> bool:
    """It asks for the codes of both devices, whatever else it says of one."""
    return _BOTH.in_any(said)


def wants_all(said: tuple[str, ...]) -> bool:
    """It asks for the codes of all that it names."""
    return wants_both(said) or _ALL.in_any(said)


def is_test(said: tuple[str, ...]) -> bool:
    """It was written to see whether mail arrives."""
    return _TEST.in_any(said)


def asks_for_it(said: tuple[str, ...]) -> bool:
    """It asks for what it does not name once more ("please send it")."""
    return _SEND_IT.in_any(said)


def _takes_back_device(sentence: str) -> bool:
    return any(DEVICE.match(sentence, verb.end()) for verb in _TAKES_BACK.finditer(sentence))


def replaces(said: tuple[str, ...]) -> bool:
    """It puts something in the place of what it takes back."""
    return _REPLACES.in_any(said)


def thanks(said: tuple[str, ...]) -> bool:
    """It says thank you or received, briefly."""
    return sum(len(s.split()) for s in said) < 80 and _THANKS.in_any(said)


def reports(said: tuple[str, ...]) -> bool:
    """It reports on what it names, and asks nothing: codes that came and worked, or devices that are not theirs."""
    return not asks_anything(said) and bool(reporting(said, reply=False))


def reporting(said: tuple[str, ...], *, reply: bool) -> tuple[str, ...]:
    """The sentences that tell how things went."""
    told = dict.fromkeys((*_CONFIRMS.among(said), *(filter(_works, said) if reply else ())))
    return (*(sentence for sentence in told if not _NOT_YET.found(sentence)), *_DENIES.among(said))


def _works(sentence: str) -> bool:
    """It says so of the last device that it names: "A works, B does not" reports of neither."""
    last = deque(DEVICE.finditer(sentence), maxlen=1)
    return bool(last) and _WORKS.match(sentence, last[0].end()) is not None


def denies(said: tuple[str, ...]) -> bool:
    """It says that devices are not theirs, or that they hold nothing of them."""
    return _DENIES.in_any(said)


def complains(said: tuple[str, ...]) -> bool:
    """It says that something is wrong, or wants a person."""
    excused = (_CONDITION, _DISCLAIMS, _OWN_MISTAKE)
    return any(not any(pattern.found(s) for pattern in excused) for s in _COMPLAINS.among(said))


def contents(said: tuple[str, ...]) -> bool:
    """Thanks, or good news, and no word that takes anything of it back: nobody need look at it."""
    reserved = (_SETS_AT_EASE.sub(" ", s) for s in _RESERVES.among(said) if not _DISCLAIMS.found(s))
    pleased = _CONFIRMS.in_any(said) or thanks(said)
    return pleased and not complains(said) and not any(map(_RESERVES.found, reserved)) and not any(map(_tells, said))


def _tells(sentence: str) -> bool:
    """It is no thanks, no courtesy and nothing that they will do: it may be what nobody looks at otherwise."""
    idle = (_THANKS, _CONFIRMS, _SETS_AT_EASE, _MERE_COURTESY, _DISCLAIMS, _IDLE)
    told = len(_WORD.findall(sentence)) > LEAST_TOLD and not any(pattern.found(sentence) for pattern in idle)
    return told and not _works(sentence)


def leaves_open(said: tuple[str, ...]) -> bool:
    """It says something beside a greeting and Device IDs in a sentence of its own, and asks for nothing that we know."""
    words = (len(_WORD.findall(DEVICE.sub(" ", sentence))) for sentence in said)
    return not _ASK.in_any(said) and any(count >= LEAST_SAID for count in words)


def attaches(said: tuple[str, ...]) -> bool:
    """It says that something is attached."""
    return _ATTACHES.in_any(said)


def is_bulk(text: str) -> bool:
    """It went to many: a newsletter says how to be rid of it."""
    parts = (text,) if len(text) <= MAX_WORDS else (text[-MAX_WORDS:], text[:MAX_WORDS])
    return any(_BULK.found(part.casefold()) for part in parts)
