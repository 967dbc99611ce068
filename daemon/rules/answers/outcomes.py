"""What words answer about a device: not ours, no code held, no code for its type, more needed, later, refused.

Words are read clause by clause, in small letters, Device IDs and codes taken out (`#` stands for them). Where a clause
can be read in two ways, a person is to look; a question, a condition and an out-of-office answer nothing.
"""

import re
from dataclasses import dataclass
from datetime import date

from daemon.rules.answers.days import day_in
from daemon.rules.sense import personal
from daemon.rules.thread import Outcome

MAX_CLAUSE = 600
"""Characters of one clause that are read."""
_THINGS = r"(?:devices?|meters?|guids?|esmes?|gsmes?|assets?|install\w*|ones?)"
_CODES = r"(?:(?:install(?:ation|er)? |hex )?(?:codes?|keys?)|ic)"
_CANNOT = r"(?:can ?not|can't|could not|couldn't|unable to|not able to|are not able to|will not|won't)"
_NO = r"(?:do not|don't|does not|doesn't|did not|didn't|have not|haven't|no longer|never)"

_NOT_INSTALLER = re.compile(
    rf"\bnot[ -](?:the |an? |our |one of our )?(?:original )?install(?:ing|ation|er)(?: supplier| party)?\b(?! codes?\b)"
    rf"|\b(?:weren't|wasn't|aren't|isn't|neither) (?:the |our |an? |one of our )?(?:original )?(?:install\w*|ours)\b"
    rf"|\b(?:did not|didn't|have not|haven't|never|had not|hadn't) (?:actually |originally |ourselves )?(?:install|fit)(?:ed|ted)?\b"
    rf"|\bnot (?:install|fit)(?:ed|ted) by (?:us|our\b|ourselves)|\bnot (?:one of )?our(?:s\b| (?:{_THINGS}|mpid|customer|supply|job|site))"
    rf"|\b(?:were|was|are|is) not (?:an? )?(?:install|{_THINGS}) of ours\b|\bnot us\b|\b(?:nothing|not anything) to do with us\b"
    rf"|\b(?:install|fit)(?:ed|ted) by (?!us\b|our\b|ourselves|the (?:engineer|fitter|installer)|an? )|\binstalled under (?:mpid|another|a different)"
    rf"|\binstall(?:er|(?:ing|ation) supplier)(?: (?:is|was|shows as|showing as|appears to be|should be|would be|looks to be) | ?[:=] ?)(?!us\b|not\b|unknown)\w"
    rf"|\bnone (?:of (?:these|those|them|the|your)\b[^.]{{0,60}}?)?\b(?:were|was|are|is|have been) (?:ours|our\b|(?:install|fit)(?:ed|ted) by us)"
    rf"|\bnone (?:of (?:these|those|them|the|your)\b[^.]{{0,60}}?)?\bours\b|\b(?:different|another) supplier installed"
)
_CONTACT = re.compile(
    r"\b(?:please|kindly|you(?:'ll| will| may| might)? (?:need|want|have|like) to|you should|pls|suggest|best to) (?:\w+ )?(?:contact(?:ing)?|try(?:ing)?|speak(?:ing)? (?:to|with)|ask(?:ing)?|approach(?:ing)?"
    r"|refer to|(?:re-?)?direct (?:\w+ ){0,4}to|raise (?:\w+ ){0,3}with|send (?:\w+ ){0,4}to|forward (?:\w+ ){0,4}to)\b"
    r"|\A\W*(?:so |then |perhaps |maybe )?(?:try|ask|contact|approach|speak (?:to|with))\b"
)
_ON_RECORD = re.compile(r"\b(?:records|systems?) (?:names?|shows?)\b")
_UNKNOWN = re.compile(
    rf"\b(?:no (?:record|trace|sign)|{_CANNOT} (?:find|locate|trace|see)|{_NO} (?:recogni[sz]e|hold any record|have any record|have a record))\b"
    rf"[^.#]{{0,40}}?(?:\b(?:{_THINGS}|this|these|them|it)\b|#)"
)
_NO_CODE = re.compile(
    rf"\b(?:holds?|have|has|got|find|found|see) no (?:\w+ )?{_CODES}\b|\bno {_CODES} (?:is |are |was |were |currently )?(?:held|available|on (?:record|file|our|the)|found|recorded|stored|exists?|in (?:our|the)|for\b|present)"
    rf"|\A\W*no {_CODES}(?: held| available| found)?\W*\Z|\bno record of (?:an? |the |any )?{_CODES}"
    rf"|\b(?:{_CANNOT}|{_NO}) (?:\w+ ){{0,2}}(?:hold|held|have|got|find|found|locate|trace|retrieve|obtain|see|possess|source)\b[^.]{{0,30}}?\b{_CODES}\b"
    rf"|\b{_CODES} (?:for # )?(?:is|are|was|were|has been|have been) (?:\w+ )?(?:not |no longer )(?:held|available|known|recorded|retained|on (?:file|record))"
    rf"|\b(?:codes?|keys?) (?:not (?:held|available|found|known|on file)|unavailable|(?:has been |was |were |is )?lost|unknown)\b"
    rf"|\bwithout an? {_CODES}\b|\bnone held\b|\b(?:{_NO}) (?:hold|have) (?:this|these|those|them|it|any|one)\b"
)
_TYPE = re.compile(
    r"(?:\b(?:is|are|was|were|be|being|it's|as)|[#=:-]) (?:actually )?(?:an? |the |all |for (?:an? |the ))?(?:gpfs?|gas proxy(?: functions?)?|chfs?|comms? hubs?|communications hubs?)\b"
    rf"|\b(?:gpfs?|gas prox\w+(?: functions?)?|chfs?|comms? hubs?|communications hubs?)\b[^.]{{0,40}}?\b(?:do not|don't|does not|doesn't|no|without|never)\b[^.]{{0,25}}?\b{_CODES}"
    rf"|\b(?:this|that|device) type (?:has|have|does not have|doesn't have)(?: no| an?)? {_CODES}|\A\W*#?\W*(?:gpf|gas proxy(?: function)?|chf|comms? hub)\W*\Z"
)
_GSME = re.compile(r"\b(?:gsme|gas (?:smart )?meter|correct (?:device|id|guid))\b[^.#]{0,40}#")
_NEED = re.compile(
    r"\b(?:please|kindly|(?:can|could|would) you|need you to|require you to|you to|pls)(?: also| please)? (?:confirm|clarify|verify|check|advise|provide|send|supply|let us (?:know|have)|tell us)\b"
    r"[^.]{0,80}?\b(?:mpans?|mprns?|mpxns?|serial|msn|address|postcode|guids?|device ids?|which|who|what|whether|that you|you are|more (?:info\w*|details?)|further (?:info\w*|details?|evidence)"
    r"|proof|evidence|registered|registration|supply start|ssd|dates?|gain\w*|correct|type|esme|gsme|contact|authori\w+|id)\b"
    r"|\bneed to know more\b|\b(?:need|require|requires) (?:some )?(?:more|further|additional) (?:info\w*|details?|evidence)|\b(?:more|further|additional) (?:info\w*|details?) (?:is |are )?(?:needed|required)"
    r"|\A\W*(?:more (?:info\w*|details?) (?:needed|required)|need more(?: info\w*)?)\W*\Z|\A\W*(?:please|pls) (?:confirm|clarify|verify)\b(?! (?:safe )?receipt| (?:once|when|that you have received|this (?:works|helps)|if (?:this|they)|the codes? work))"
)
_ASKS_BACK = re.compile(
    r"\b(?:which|what(?:'s| is| are)?|whose|do you (?:have|know|hold)|have you(?: got)?|is there|(?:can|could|may) (?:we|i) have)\b"
    r"[^.]{0,60}\b(?:mpans?|mprns?|mpxns?|serials?|msns?|address(?:es)?|postcodes?|supply start|ssd|meter numbers?|proof|evidence)\b[^.]*\?"
)
"""A question for what would let them find the device, or trust us."""
_ONLY_AFTER = re.compile(
    r"\b(?:until|unless|once|when|as soon as|before|subject to) you (?:\w+ ){0,2}?(?:confirm|provide|send|supply|tell|clarify|verify|prove)\b(?! (?:safe )?receipt)"
)
_NEVERMORE = re.compile(r"\binstall(?:ation)? codes?\b")
_REFUSED = re.compile(
    rf"\b(?:{_CANNOT}|not (?:authori[sz]ed|permitted|allowed) to|refuse to|decline to|declin\w+ to|must not|may not) (?:\w+ ){{0,2}}(?:release|share|disclose|provide|send|supply|give|issue)\b|\Arefused\b"
    r"|\b(?:do not|don't|never|no longer) (?:\w+ )?(?:release|share|disclose|provide|send|supply|give|issue)\b[^.]{0,30}\b(?:codes?|keys?|these|those|them|this|such|sensitive|security)\b[^.]{0,30}\b(?:by|via|over|through|without|outside)\b"
)
_NOTICE = re.compile(
    r"\byou (?:must|may|should|are) not\b|\bintended recipients?\b|\b(?:e-?mail|message|communication) (?:and any attachments? )?(?:is|are|may be|contains?)\b"
)
"""What companies write below every mail."""
_COMMISSIONED = re.compile(
    r"(?:\b(?<!not )(?<!non )(?:is|are|was|were|has been|have been|already|now|shows? as|showing as|status is|status:|it's)|[#:-]) (?:already |now |been |shown as |successfully )?commissioned\b|\A\W*#?\W*(?:already )?commissioned\W*\Z"
)
_REMOVED = re.compile(
    r"(?:\b(?:is|are|was|were|has been|have been|already|since|now)|[#:-]) (?:already |now |since |been )?(?:removed|decommissioned|exchanged|replaced|scrapped)\b|\A\W*#?\W*(?:removed|decommissioned|meter removed)\W*\Z"
)
_LATER = re.compile(
    r"\b(?:we|i|team|they|colleagues?|back office|who|you)(?:'ll| will| shall| are going to| hope to| aim to| expect to| should(?: be able to)?| plan to| intend to| can (?:send|provide))\b[^.]{0,50}?\b(?:send|sent|provide|respond|reply|get back|come back|revert|update"
    r"|answer|be in touch|let you (?:know|have)|supply|return|have|follow|forward|get|share|receive|complete|look)\b"
    r"|(?:\A|[,;:(\-] ?|\b(?:so|and|then) )(?:will|shall|should(?: be able to)?|hop(?:e|ing) to|aim(?:ing)? to|expect(?:ing)? to) (?:then )?(?:have|send|get|provide|forward|supply|share|come back|reply|respond|revert|update|let you know)\b"
    r"|\b(?:to|will|shall|should) (?:follow|be (?:sent|provided|supplied|with you|returned|answered|available|ready))\b|\b(?:eta|get back|come back) \b|\beta\b"
)
_BY_DAY = re.compile(r"[\W#]*#[\W#]*(?:by|on|not before|expected|expect it)\b")
"""A device, and a day beside it: "# by 20 january"."""
_OF_YOU = re.compile(
    r"\b(?:your (?:answers?|reply|replies|response)|please (?:send|reply|answer|provide|respond|let)|(?:is|was|were|are|fell|fall|falls) due|we (?:expect|need|require|ask))\b"
)
"""It says what we should do, or what they wait for."""
_IN_HAND = re.compile(
    r"\b(?:(?:is|are|'s|'re) (?:currently |now |just )?(?:checking|searching|looking)|looking (?:into|for|at)|investigat\w+|in progress|in hand|pending|tbc|to be confirmed|still (?:checking|searching|looking|waiting|trying)|await(?:ing)?|waiting (?:for|on)|under (?:review|investigation)"
    r"|(?:raised|logged) (?:\w+ ){0,3}with|passed (?:\w+ ){0,3}to|chasing|being (?:looked|investigated|checked|worked|chased)|to follow|will follow|on order)\b"
)
_CONDITION = re.compile(
    r"\b(?:if|unless|whether|should (?:you|we|this|it|any)|in case|in the event|otherwise|once|when|where you)\b|\bplease answer\b"
)
_ABSENT = re.compile(
    r"\b(?:out of (?:the )?office|annual leave|on leave|away from (?:my desk|the office)|automatic reply|automated (?:reply|response|acknowledge\w+)|auto-?reply|maternity|limited access to)\b"
)
_RECEIVED = re.compile(
    r"\b(?:within|in|up to|aim to|target|sla)\b[^.]{0,30}\b(?:[0-9]+|ten|five|two|three) ?(?:working|business)? ?days?\b|\bin due course\b|\bas soon as (?:possible|we can|i can)\b|\basap\b|\bshortly\b"
)
_CANONICAL = {outcome.value: outcome for outcome in Outcome}
_OUTCOME_NAMES = re.compile("|".join(_CANONICAL))
_LEADING = re.compile(rf"[\W_]*({'|'.join(name for name in _CANONICAL if name != 'CODE')})\b")
_WORD = r"[A-Z](?:[\w&'\-]|\.(?=[A-Z]))*"
"""A dot may stand within it: E.ON."""
_NAME = rf"{_WORD}(?: (?:{_WORD}|&|of(?= [A-Z])|and(?= [A-Z]))){{0,4}}"
_NAMED = re.compile(
    r"(?i:\b(?:(?:records|system)s? (?:names?|shows?)|contact(?:ing)?|speak(?:ing)? (?:to|with)|try(?:ing)?|approach(?:ing)?|ask(?:ing)?|refer to|direct(?:ed)?(?: \w+){0,4}? to|redirect(?:ed)?(?: \w+){0,4}? to|raise(?: \w+){0,3}? with"
    r"|send(?: \w+){0,4}? to|forward(?: \w+){0,4}? to|(?:installed|fitted|done|completed) by|installed under|(?:install(?:ing|ation) supplier|installer|it|this|that|these|they|supplier)"
    r" (?:is|was|were|are|shows as|showing as|appears to be|looks to be|should be|would be|will be|=)(?: actually)?|(?:installing supplier|installer) ?[:=\-]|belongs? to|(?:is|are) with|by))"
    rf" ?(?i:(?:the |supplier |mpid |party |market participant |id |- |: ?)*)(?P<name>{_NAME})(?P<more>(?: ?/ ?| or ){_NAME})?"
)
_DOER = re.compile(rf"(?<![\w.])(?P<name>{_NAME}) (?:has |have |had )?(?:installed|fitted|did)\b(?! not|n't)")
"""Whoever did it, named before the verb."""
_NO_NAMES = frozenset(
    ("US", "YOU", "THE", "OUR", "YOUR", "I", "WE", "SECAS", "DCC", "ME", "THEM", "THIS", "THAT", "A", "AN", "NOT", "GPF", "CHF", "GSME", "ESME", "ID", "IT", "PLEASE",
     "INSTALLING", "SUPPLIER", "LOSING", "GAINING", "REGISTERED", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY", "TOMORROW", "END", "NO", "THEY", "SOMEBODY", "SOMEONE", "UNKNOWN", "UNSURE", "UNCLEAR", "TBC", "N/A", "NA", "NONE", "OTHER", "ANOTHER", "PREVIOUS", "ELECTRICITY", "GAS", "COMMS", "COMMUNICATIONS", "MPID")
)  # fmt: skip
_NUMBER = re.compile(r"(?<![^\W_])(?=[^\W_]*[0-9])[0-9A-Za-z]{4,}(?![^\W_])")
_GAP = re.compile(r" (?=[?.!,;:](?:\s|\Z))")
_TIDY = re.compile(r"[^\w &/.'’()\-]")


@dataclass(frozen=True, slots=True)
class Stated:
    """What a clause answers. `device_note`: its last Device ID is the one that should be asked for instead."""

    outcome: Outcome
    note: str = ""
    look: bool = False
    device_note: bool = False


def canonical(text: str) -> Outcome | None:
    """The outcome that a text names in our own words, however it is written ("not_installer")."""
    return _CANONICAL.get("-".join(re.findall("[A-Z]+", text.upper()))) if len(text) < 30 else None


def absent(text: str) -> bool:
    """It is an out-of-office, or the receipt of a ticket system, which answers nothing."""
    return bool(_ABSENT.search(text[:5000].casefold()))


def stated(clause: str, today: date) -> Stated | None:
    """What `clause` answers, of a device that it names or that stands near; None: nothing."""
    clause = clause[:MAX_CLAUSE]
    text = clause.casefold().replace("’", "'")
    if (exactly := canonical(text)) is not None and exactly is not Outcome.CODE:
        return Stated(exactly)
    if len(_OUTCOME_NAMES.findall(clause)) > 1:
        return None
    if (named := _LEADING.match(clause)) is not None and not _CONDITION.search(text):
        return _by_name(Outcome(named[1]), clause[named.end() :], today)
    question = text.rstrip().endswith("?")
    if _ONLY_AFTER.search(text):
        return Stated(Outcome.NEED_MORE, for_people(clause))
    asks_back = _NEED.search(text) or (question and _ASKS_BACK.search(text))
    if _CONDITION.search(text) or (question and not asks_back):
        return None
    found = None if question else _settling(text, clause)
    if found is not None:
        return found
    if asks_back and not _NEVERMORE.search(text):
        return Stated(Outcome.NEED_MORE, for_people(clause))
    return _promise(text, today)


def _by_name(outcome: Outcome, rest: str, today: date) -> Stated | None:
    """One of our own words, with what stands behind it."""
    text = rest.casefold().replace("’", "'")
    match outcome:
        case Outcome.NOT_INSTALLER:
            return _with_installer(rest, look=False)
        case Outcome.PENDING:
            by = day_in(text, today)
            return Stated(outcome, f"by: {by.isoformat()}" if by else "")
        case Outcome.TYPE_HAS_NO_CODE:
            return Stated(outcome, device_note="#" in rest)
        case Outcome.NEED_MORE | Outcome.REFUSED:
            found = _settling(text, rest)
            fixed = found.note if found and outcome is found.outcome is Outcome.REFUSED and not found.look else ""
            return Stated(outcome, fixed or for_people(rest.strip(" :;,.()-#")))
        case _:
            return Stated(outcome)


def _settling(text: str, clause: str) -> Stated | None:
    """An answer that ends the matter with them."""
    if _TYPE.search(text):
        return Stated(Outcome.TYPE_HAS_NO_CODE, device_note=bool(_GSME.search(text)))
    if _NOT_INSTALLER.search(text):
        return _with_installer(clause, look=False)
    if _COMMISSIONED.search(text):
        return Stated(Outcome.REFUSED, "commissioned")
    if _REMOVED.search(text):
        return Stated(Outcome.REFUSED, "removed")
    if _NO_CODE.search(text):
        return Stated(Outcome.NO_CODE_HELD)
    if _CONTACT.search(text) and installer(clause) != ("", False):
        return _with_installer(clause, look=True)
    if _UNKNOWN.search(text):
        return Stated(Outcome.NOT_INSTALLER, look=True)
    if _REFUSED.search(text) and "until" not in text and not _NOTICE.search(text):
        return Stated(Outcome.REFUSED, for_people(clause), look=True)
    return None


def _with_installer(clause: str, *, look: bool) -> Stated:
    name, several = installer(clause)
    doer = _DOER.search(clause) if not name and not several else None
    if doer is not None and (name := supplier_name(doer["name"])):
        look = True  # "Sadly Castle Gas fitted them": where a name begins is not sure
    return Stated(Outcome.NOT_INSTALLER, f"installer: {name}" if name else "", look or several)


def _promise(text: str, today: date) -> Stated | None:
    """Later: by a day, or somebody is at work on it. Nothing that every receipt says."""
    later = _LATER.search(text) or _IN_HAND.search(text) or _BY_DAY.match(text) or "until" in text
    if _OF_YOU.search(text) or not later:
        return None
    by = day_in(text, today)
    if by is not None:
        return Stated(Outcome.PENDING, f"by: {by.isoformat()}")
    if _IN_HAND.search(text) and not _RECEIVED.search(text):
        return Stated(Outcome.PENDING)
    return None


def supplement(clause: str) -> str:
    """The note that a clause adds to an answer just given: who the installer is. Empty: none."""
    text = clause[:MAX_CLAUSE].casefold()
    if _CONDITION.search(text) or not any(p.search(text) for p in (_CONTACT, _NOT_INSTALLER, _ON_RECORD)):
        return ""
    name, several = installer(clause[:MAX_CLAUSE])
    return f"installer: {name}" if name and not several else ""


def names_meter(clause: str) -> bool:
    """It says which Device ID is the gas meter's."""
    return bool(_GSME.search(clause[:MAX_CLAUSE].casefold()))


def installer(clause: str) -> tuple[str, bool]:
    """(the supplier whom a clause names as the installer, whether it names more than one)."""
    names: dict[str, None] = {}
    for match in _NAMED.finditer(clause):
        name = supplier_name(match["name"])
        if name:
            names.setdefault(name)
            if match["more"] and supplier_name(match["more"].strip(" /").removeprefix("or ")):
                return "", True
    return (next(iter(names)), False) if len(names) == 1 else ("", len(names) > 1)


def supplier_name(text: str) -> str:
    """`text` as the name or MPID of a supplier; empty: it can be none."""
    name = re.sub(r"['’]s\Z", "", " ".join(_TIDY.sub(" ", text).split()).strip(" .-'/"))
    first = name.split(" ")[0].upper() if name else ""
    if not 2 <= len(name) <= 40 or first in _NO_NAMES or "@" in text:
        return ""
    return "" if re.search(r"[0-9]{4}|[0-9A-Fa-f]{8}|[0-9A-Fa-f]{4} [0-9A-Fa-f]{4}", name) else name


def is_name(text: str) -> bool:
    """A cell that holds the name of a supplier, or an MPID, and nothing else."""
    return re.fullmatch(_NAME, text) is not None and bool(supplier_name(text))


def for_people(text: str) -> str:
    """What they write, fit to be shown: personal data, codes and long numbers masked, at most 120 characters."""
    named = text[:MAX_CLAUSE].lstrip(" -–—:,;").replace(" # ", " the device ").replace("#", "")
    return _NUMBER.sub("…", personal.safe_subject(_GAP.sub("", named).strip()))
