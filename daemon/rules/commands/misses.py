"""A line that is nearly an order: it gets one line of help, and is never obeyed."""

import re

from daemon.rules.commands import words
from daemon.rules.commands.grammar import Setting, parse
from daemon.rules.commands.orders import Verb
from daemon.rules.commands.words import Opening, Unfit, misspelt
from daemon.rules.sense import scanning
from daemon.rules.sense.forms import DEVICE

MOST_WORDS = 4
_DECIDING = frozenset((Verb.APPROVE, Verb.REJECT))
_BEFORE = re.compile(
    r"yes|yep|yeah|ok|okay|i|we|please|pls|kindly|can|could|you|to|just|happy|hi|hello|all|fine|sure|agreed"
    r"|lets|let's|let|us|go|ahead|and|it|is|it's|good|looks|thanks|do|hereby",
    re.IGNORECASE,
)
"""Words before a verb that leave it an approval in its writer's mind: "ok approve"."""


def near_miss(line: str, setting: Setting, *, alone: bool, sheet: bool) -> str:
    """The order that a tidied first line nearly was; empty: it is prose. `alone`: the mail says nothing else.

    `sheet`: one is attached.
    """
    said = words.without_thanks(line).rstrip(" .,:;!")
    spoken = said.split()
    if not spoken or len(said) > 200:
        return ""
    opening = words.opening(said)
    heard = alone or setting.reply
    if opening is not None:
        asked = opening.question and opening.lone and heard
        brings = sheet and alone and len(spoken) <= MOST_WORDS and opening.verb in (Verb.CONTACTS, Verb.INVENTORY)
        return opening.verb.value if asked or brings else ""
    if verb := misspelt(spoken[0]):
        meant = (heard and _short(verb, spoken, setting)) or is_marked(said) or _loud(spoken)
        return in_full(Verb(verb), said.partition(" ")[2], setting) if meant else ""
    return _behind_others(spoken, said, setting) if heard or is_marked(said) else ""


def in_full(verb: Verb, rest: str, setting: Setting) -> str:
    """The order with what its writer said behind the verb: whoever meant "approve all but 2" must not be shown the way
    to approve all. The verb alone where the rest is no part of an order, or may not be shown.
    """
    try:
        parse(Opening(verb, words.without_manners(rest.strip(" .,:;!?-")), loud=True), setting)
    except Unfit:
        return verb.value
    line = words.shown(f"{verb} {words.without_manners(rest)}".strip(" .,:;!?-"), verb, fits=True)
    return verb.value if words.REMOVED in line else line


def is_marked(text: str) -> bool:
    """A reference, a device or rows stand in it, as in no ordinary sentence."""
    return words.holds_ref(text) or bool(DEVICE.search(text) or scanning.holds_code(text))


def _short(verb: str, spoken: list[str], setting: Setting) -> bool:
    """One word; or a few, in a reply that decides ("Approved by Jim")."""
    return len(spoken) == 1 or (setting.reply and verb in _DECIDING and len(spoken) <= MOST_WORDS)


def _loud(spoken: list[str]) -> bool:
    return spoken[0].isupper() and len(spoken) <= MOST_WORDS


def _behind_others(spoken: list[str], said: str, setting: Setting) -> str:
    """The order in "ok approve", "I approve", "please chase IC-7F3K2Q9D"."""
    plain = [re.sub(r"[^\w']", "", word).lower() for word in spoken[:8]]
    at = next((i for i, word in enumerate(plain) if not _BEFORE.fullmatch(word)), len(plain))
    if not 0 < at < len(plain):
        return ""
    word = plain[at].upper()
    verb = word if word in Verb.__members__ else misspelt(word)
    decides = verb in _DECIDING and len(spoken) <= at + MOST_WORDS
    return in_full(Verb(verb), " ".join(spoken[at + 1 :]), setting) if verb and (decides or is_marked(said)) else ""
