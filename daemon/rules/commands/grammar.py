"""One line to one order, verb by verb. What is not exactly the grammar raises Unfit, with words that would work.

Forgiving in small things (case, "the", "for", full stops, blanks); never in what is meant.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from daemon.rules.commands import orders, words
from daemon.rules.commands.asking import request, withdraw
from daemon.rules.commands.meant import named_in
from daemon.rules.commands.orders import Listing, Order, Verb
from daemon.rules.commands.tell import approve, reject, tell
from daemon.rules.commands.words import Opening, Unfit
from daemon.rules.identifiers import DeviceId
from daemon.rules.sense import personal, scanning
from daemon.rules.sense.forms import DEVICE, plain
from daemon.rules.sense.written_days import BadDay, coming, holds_day, take_day, with_both_months

MAX_WORDS = 500
EXAMPLE = "IC-7F3K2Q9D"
FREE_TEXT = frozenset((Verb.NOTE, Verb.CLOSE, Verb.REJECT, Verb.HOLIDAY, Verb.WITHDRAW))
"""Verbs whose words may go on in the next line."""
_ASKABLE = frozenset((Verb.HELP, Verb.STATUS, Verb.LIST, Verb.EVIDENCE, Verb.TEAM, Verb.REPORT))
"""Verbs that may end in a question mark: they change nothing."""
_DATED = frozenset((Verb.WAIT, Verb.WAIVE, Verb.AWAY, Verb.HOLIDAY))
_DECIDING = frozenset((Verb.APPROVE, Verb.REJECT))
_NAMING = frozenset((Verb.PAUSE, Verb.RESUME, Verb.INCIDENT, Verb.CHASE, Verb.ESCALATE))


@dataclass(frozen=True, slots=True)
class Setting:
    """What a line is read by: the day, whether the mail answers one of our letters, the names of suppliers."""

    today: date
    reply: bool
    names: Collection[str] = ()

    def day_ahead(self) -> str:
        """A day for an example."""
        return (
            (self.today + timedelta(days=14)).isoformat() if self.today < date.max - timedelta(days=14) else "tomorrow"
        )


def parse(said: Opening, setting: Setting) -> Order:
    """The order. Raises Unfit."""
    if said.question and (said.verb not in _ASKABLE or (said.lone and said.verb is not Verb.HELP)):
        raise Unfit("it ends in a question mark, so nothing was done; send it without")
    if said.verb not in FREE_TEXT:
        said = Opening(said.verb, words.without_manners(said.rest), said.loud)
    try:
        return _GRAMMAR[said.verb](said, setting)
    except BadDay as fault:
        raise Unfit(f"{fault}; write the day like {setting.day_ahead()}") from None


def is_attempt(said: Opening, setting: Setting) -> bool:
    """Whether a line that is no order is meant for one, so that its writer should hear of the fault.

    Words in capitals, a verb alone, a reference, a device, rows or a day where the verb takes them: an attempt.
    Anything else that begins with such a word is prose, and prose gets silence.
    """
    verb, rest = said.verb, said.rest
    if said.lone:
        return not said.question
    if said.loud or words.holds_ref(rest) or DEVICE.search(rest) or scanning.holds_code(rest):
        return True
    if verb in _DECIDING and (setting.reply or words.ROW_WORDS.search(rest)):
        return True
    if verb in _NAMING and words.nearest(rest, setting.names):
        return True
    return verb in _DATED and holds_day(rest)


# Reading ────────────────────────────────────────────────────────────────────────────────────────────


def _alone(order: Order) -> Callable[[Opening, Setting], Order]:
    def grammar(said: Opening, _: Setting) -> Order:
        if said.rest:
            raise Unfit(f"{said.verb} stands alone on its line: {said.verb}")
        return order

    return grammar


def _help(said: Opening, _: Setting) -> Order:
    if said.rest and said.rest.upper() not in Verb.__members__:
        raise Unfit("HELP stands alone on its line: HELP")
    return orders.Help()


def _status(said: Opening, _: Setting) -> Order:
    ref, after = words.take_ref(said.rest)
    if not after:
        return orders.Status(ref)
    device = _device(words.without_filler(said.rest))
    if ref or device is None:
        raise Unfit(f"STATUS stands alone, or before one reference or Device ID: STATUS {EXAMPLE}")
    return orders.Status(device=device)


def _device(text: str) -> DeviceId | None:
    bare = re.sub(r"\A(?:device(?: id)?|guid|meter)[ :#]+", "", text, flags=re.IGNORECASE)
    return scanning.whole_cell(bare) if DEVICE.fullmatch(bare) else None


_LIST_FILLER = re.compile(
    r"\b(?:the|all|of|what|whats|is|items?|requests?|ones?|matters?|mails?|that|are)\b|[’']s\b", re.IGNORECASE
)


def _list(said: Opening, _: Setting) -> Order:
    which = " ".join(_LIST_FILLER.sub(" ", said.rest).split()).lower()
    names = [one.value for one in Listing]
    if which in names:
        return orders.ListOf(Listing(which))
    near = words.nearest(which, names)
    raise Unfit(f"LIST what? {f'LIST {near} would work' if near else 'LIST held, LIST open or LIST overdue'}")


def _about(make: Callable[[str], Order]) -> Callable[[Opening, Setting], Order]:
    """Verbs with a reference and nothing else; without one, what the letter replied to is about."""

    def grammar(said: Opening, _: Setting) -> Order:
        ref, after = words.take_ref(said.rest)
        after = re.sub(r"\A(?:it|this|that)(?: one| letter| mail)?\b", "", after, flags=re.IGNORECASE)
        if after.strip(" .,"):
            raise Unfit(f"{said.verb} takes one reference and nothing else: {said.verb} {EXAMPLE}")
        return make(ref)

    return grammar


# Acts on matters ────────────────────────────────────────────────────────────────────────────────────

_PROSE = re.compile(
    r"(?:that|the|to|of|is|was|are|behind|down|up|off|out|enough|call|your|my|for|by|with)\b", re.IGNORECASE
)
"""How prose goes on that begins with "note" or "close"."""


def _note(said: Opening, setting: Setting) -> Order:
    ref, text = _ref_and_text(said, setting)
    return orders.Note(text, ref)


def _close(said: Opening, setting: Setting) -> Order:
    ref, text = _ref_and_text(said, setting)
    return orders.Close(text, ref)


def _ref_and_text(said: Opening, setting: Setting) -> tuple[str, str]:
    """(reference, words to keep). Raises Unfit where either is missing, or the line reads as prose."""
    ref, text = words.take_ref(said.rest)
    example = f"{said.verb} {'' if setting.reply else f'{EXAMPLE} '}dealt with by telephone"
    if not ref and not setting.reply:
        raise Unfit(f"say which matter it is about: {example}")
    if not ref and not said.loud and _PROSE.match(text):
        raise Unfit(f"I cannot tell whether it is meant for me; in capitals it would be: {example}")
    if not text.strip(" .,;:-"):
        raise Unfit(f"words are missing behind it: {example}")
    if len(text) > MAX_WORDS:
        raise Unfit(f"it has more than {MAX_WORDS} characters; please shorten it")
    return ref, words.without_secrets(text)


_SAYING = re.compile(r"\bsaying\b[ :,;\"'“-]*", re.IGNORECASE)
_PARTS = re.compile(r"[\W_]+")
_LETTER = re.compile(r"[A-Za-z]")
_LONG_HEX = re.compile(r"[0-9A-Fa-f]{32}")
_HEX_PART = re.compile(r"(?=[0-9A-Fa-f]*[0-9])[0-9A-Fa-f]+|[A-F]{2,}")
"""A word that may be a piece of a code."""
_MOST_OF_A_CODE = 28
"""Digits in such words, however far apart: more than a Device ID and a date, and a code of which a piece looks like a word."""
_MPAN_DIGITS = 13
_NUMBER = re.compile(r"[0-9](?:[\W_]{0,4}[0-9]){8}")
"""Nine digits with no letter between them: a telephone number or an MPRN."""
_TELEPHONE = re.compile(
    r"\b(?:tel|telephone|phone|mob|mobile|fax|ring|call)\b[^0-9]{0,16}[0-9](?:[\W_]{0,4}[0-9]){4}", re.IGNORECASE
)


def _chase(said: Opening, setting: Setting) -> Order:
    """`[ref] [SAYING words]`: the words go to the supplier, so nothing may stand in them that no letter carries."""
    saying = _SAYING.search(said.rest)
    if saying is None:
        return _about(orders.ChaseNow)(said, setting)
    found = _about(orders.ChaseNow)(Opening(said.verb, said.rest[: saying.start()].strip(), said.loud), setting)
    text = said.rest[saying.end() :].strip(" \"'”")
    if not text:
        raise Unfit(f"words are missing behind SAYING: CHASE {EXAMPLE} SAYING we took the customer over on 3 December")
    if len(text) > MAX_WORDS:
        raise Unfit(f"it has more than {MAX_WORDS} characters; please shorten it")
    if words.without_secrets(text) != text or personal.kinds(text) or _may_tell_numbers(text):
        raise Unfit(
            "its words may hold an install code, an MPxN, an address or a telephone number, which no letter may carry; "
            "say it without, with one Device ID at most and few other digits"
        )
    return orders.ChaseNow(found.ref, text) if isinstance(found, orders.ChaseNow) else found


def _may_tell_numbers(text: str) -> bool:
    """Whether its digits, whatever stands between them, may be a code, an MPxN or a telephone number."""
    text = plain(text)
    parts = [part for part in _PARTS.split(text) if _HEX_PART.fullmatch(part)]
    if _LONG_HEX.search(_PARTS.sub("", text)) or sum(map(len, parts)) >= _MOST_OF_A_CODE:
        return True
    rest = DEVICE.sub(lambda match: " ; " if _LETTER.search(match[0]) else match[0], text)
    return sum(map(str.isdecimal, rest)) >= _MPAN_DIGITS or bool(_NUMBER.search(rest) or _TELEPHONE.search(rest))


def runs_on(said: Opening) -> bool:
    """Its words may go on in the next line."""
    return said.verb in FREE_TEXT or (said.verb is Verb.CHASE and _SAYING.search(said.rest) is not None)


def _wait(said: Opening, setting: Setting) -> Order:
    ref, after = words.take_ref(said.rest)
    after = re.sub(r"\A(?:with (?:it|this) )?(?:until|till|til|to|for)\b *", "", after, flags=re.IGNORECASE)
    found = take_day(after, setting.today)
    if found is None or found[1]:
        raise Unfit(
            f"WAIT needs a day and nothing else: WAIT {'' if setting.reply else f'{EXAMPLE} '}until {setting.day_ahead()}"
        )
    day = coming(found[0], setting.today)
    if day == setting.today:
        raise BadDay("that is today")
    return orders.Wait(day, ref)


# What stands until it is taken back ─────────────────────────────────────────────────────────────────


def _key(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()


def _party(said: Opening, setting: Setting) -> str:
    """The words for a supplier, as written. Raises Unfit where the names are known and it is none of them.

    In small letters a name must be a known one: "Resume attached" is prose.
    """
    name = said.rest.strip(" .,:;-")
    if _key(name) in map(_key, setting.names) and name:
        return name
    begun = (one for one in setting.names if len(_key(name)) > 2 and _key(one).startswith(_key(name)))
    near = words.nearest(name, setting.names) or next(begun, "") or named_in(name, setting.names)
    if near:
        raise Unfit(f"the contact list has no supplier of that name; one alone on its line, as in: {said.verb} {near}")
    if setting.names or not said.loud or not re.fullmatch(r"[\w .,&'’()/+-]{1,80}", name):
        wider = f"; {said.verb} alone means all letters" if said.verb is not Verb.INCIDENT else ""
        raise Unfit(
            f"the contact list has no supplier of that name; behind {said.verb} stands its MPID or its name, as listed{wider}"
        )
    return name


_EVERYTHING = frozenset(
    (
        "",
        "all",
        "everything",
        "everybody",
        "everyone",
        "letters",
        "all letters",
        "all suppliers",
        "sending",
        "all sending",
    )
)
_AT_ONCE = re.compile(
    r"(?:\A|[ ,.!;-]+)(?:now|right now|immediately|at once|asap|a\.s\.a\.p|straight away|right away|urgently|urgent|please|pls)"
    r"[ .,!]*\Z",
    re.IGNORECASE,
)
"""How people press; a pause takes effect at once."""


def _what(said: Opening, setting: Setting) -> str:
    """Empty: all. "codes", or a supplier."""
    what = said.rest.strip(" .,").lower()
    if what in _EVERYTHING:
        return ""
    return "codes" if what in ("code", "codes", "the codes", "all codes", "install codes") else _party(said, setting)


def _pause(said: Opening, setting: Setting) -> Order:
    rest = said.rest
    for _ in range(3):
        rest = _AT_ONCE.sub("", rest)
    return orders.Pause(_what(Opening(said.verb, rest, said.loud), setting))


def _resume(said: Opening, setting: Setting) -> Order:
    ref, after = words.take_ref(said.rest)
    return orders.Resume(ref) if ref and not after else orders.Resume(_what(said, setting))


def _incident(said: Opening, setting: Setting) -> Order:
    if said.lone:
        raise Unfit("INCIDENT needs the supplier's MPID or name: INCIDENT NORT")
    return orders.Incident(_party(said, setting))


_ADDRESS = re.compile(r"<?(?:mailto:)?([^\s<>@,;:()\"]{1,64}@[^\s<>@,;:()\"]{1,190}\.[^\s<>@,;:()\"]{1,60})>?[ ,:-]*")


def _waive(said: Opening, setting: Setting) -> Order:
    match = _ADDRESS.match(words.without_filler(said.rest))
    after = words.without_filler(said.rest)[match.end() :] if match else ""
    found = take_day(re.sub(r"\A(?:until|till|to)\b *", "", after, flags=re.IGNORECASE), setting.today)
    if match is None or found is None or found[1]:
        raise Unfit(f"WAIVE needs an address and its last day: WAIVE ann@supplier.example until {setting.day_ahead()}")
    return orders.Waive(match[1], coming(found[0], setting.today))


_TO = re.compile(r"(?:-|to|till|til|until|and|through) ?", re.IGNORECASE)
_FROM = re.compile(r"(?:from|on) ", re.IGNORECASE)


def _away(said: Opening, setting: Setting) -> Order:
    """`[who] [from] day [to day]`, or `[who] until day`."""
    example = f"AWAY me from {setting.day_ahead()} to {setting.day_ahead()}"
    starts = [0, *(m.end() for m in re.finditer(" ", said.rest[:100]))]
    for start in starts:
        who, text = said.rest[:start].strip(" ,:"), with_both_months(_FROM.sub("", said.rest[start:], count=1))
        if days := _span(text, setting.today):
            if not re.fullmatch(r"[\w .'’@+-]{0,80}", who):
                break
            return orders.Away(who or "me", *days)
    raise Unfit(f"AWAY needs a name, its first day and its last: {example}")


_LONG = 183
"""Days: "from 6 Feb to 2 Feb" is a slip, and nobody is silenced for a year by one."""
_YEAR = re.compile(r"\b(?:20)?[0-9]{2}\s*\Z")


def _span(text: str, today: date) -> tuple[date, date] | None:
    """(first, last) where `text` is days and nothing else."""
    until = re.match(r"(?:until|till|til) ", text, re.IGNORECASE)
    first = (today, text) if until else take_day(text, today)
    if first is None:
        return None
    if not first[1]:
        return coming(first[0], today), first[0]
    joint = _TO.match(first[1])
    last = take_day(first[1][joint.end() :], first[0]) if joint else None
    if last is None or last[1]:
        return None
    if last[0] < first[0]:
        raise BadDay("its last day is before its first")
    if (last[0] - first[0]).days > _LONG and not _YEAR.search(first[1]):
        raise BadDay(f"from {first[0]} to {last[0]} is more than half a year; if it is meant, give its year too")
    return coming(first[0], today), coming(last[0], today, most=2 * 366)


def _holiday(said: Opening, setting: Setting) -> Order:
    found = take_day(words.without_filler(said.rest), setting.today)
    name = found[1].strip(" :,.-") if found else ""
    if found is None or not name or len(name) > 100:
        raise Unfit(f"HOLIDAY needs the day and its name: HOLIDAY {setting.day_ahead()} Bank holiday")
    return orders.Holiday(coming(found[0], setting.today, most=3 * 366), words.without_secrets(name))


# The rest ───────────────────────────────────────────────────────────────────────────────────────────


_GRAMMAR: Mapping[Verb, Callable[[Opening, Setting], Order]] = MappingProxyType(
    {
        Verb.HELP: _help,
        Verb.STATUS: _status,
        Verb.LIST: _list,
        Verb.REPORT: _alone(orders.Report()),
        Verb.EVIDENCE: _about(orders.Evidence),
        Verb.TEAM: _alone(orders.Team()),
        Verb.APPROVE: lambda said, _: approve(said.rest),
        Verb.REJECT: lambda said, _: reject(words.without_manners(said.rest)),
        Verb.ANSWER: lambda said, setting: tell(said.rest, setting.today),
        Verb.NOTE: _note,
        Verb.WAIT: _wait,
        Verb.CLOSE: _close,
        Verb.RESEND: _about(orders.Resend),
        Verb.REPLAY: _about(orders.Replay),
        Verb.PAUSE: _pause,
        Verb.RESUME: _resume,
        Verb.INCIDENT: _incident,
        Verb.WAIVE: _waive,
        Verb.AWAY: _away,
        Verb.HOLIDAY: _holiday,
        Verb.CONTACTS: _alone(orders.Contacts()),
        Verb.INVENTORY: _alone(orders.Inventory()),
        Verb.REQUEST: lambda said, _: request(said),
        Verb.CHASE: _chase,
        Verb.ESCALATE: _about(orders.Escalate),
        Verb.WITHDRAW: lambda said, _: withdraw(said),
        Verb.ADOPT: _alone(orders.Adopt()),
    }
)
