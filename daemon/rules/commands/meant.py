"""Words that are meant to stop or start something and are no order: their writer must hear that nothing was done.

Silence would leave them in the belief that it was. What is heard is a sentence that begins, behind a "please", an
"urgent" or a greeting, with a word like "stop", and goes on with something of ours: codes, letters, everything, a
supplier. Nothing here is obeyed.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType

from daemon.rules.commands import words
from daemon.rules.commands.orders import Verb
from daemon.rules.commands.words import Unfit, misspelt
from daemon.rules.sense.forms import DEVICE

MOST_READ = 3_000
"""Characters of a mail in which such words are looked for."""
_MOST_BETWEEN = 10
"""Words of a sentence in which a supplier's name counts as what is meant."""
_WORD = re.compile(r"[^\W_](?:[\w'’-]*[^\W_])?")
_ENDS = re.compile(r"(?<=[.!?;,…]) |[!?;…]+| [-–—] |\n")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEADING = _words(
    "hi hello hey dear team all everyone folks bot robot daemon please pls plz kindly urgent urgently important emergency"
    " but external ext alert warning asap immediately now at once right away straight can could would you we i must should need needs want"
    " wants have got like to us lets let's let just and so then also ok okay yes hereby think that i'd we'd"
)
"""Words before the one that counts."""
_VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        **dict.fromkeys(
            ("pause", "stop", "hold", "halt", "freeze", "suspend", "cease", "abort", "block", "disable", "kill"),
            Verb.PAUSE,
        ),
        **dict.fromkeys(
            ("resume", "unpause", "restart", "unfreeze", "unblock", "continue", "reopen", "start", "release"),
            Verb.RESUME,
        ),
        "incident": Verb.INCIDENT,
        **dict.fromkeys(("request", "order"), Verb.REQUEST),
        **dict.fromkeys(("withdraw", "cancel"), Verb.WITHDRAW),
    }
)
"""The order that is meant by a word."""
_SEVERAL = re.compile(
    r"(?:(?:do not|don['’]?t|never) (?:send|answer|release|give|issue)|(?:shut|switch|turn|stand) (?:it |all |everything )?(?:down|off)"
    r"|hold (?:off|back|up)|no more|nothing (?:(?:more|else|further) )?(?:goes|is to go|may go|must go|should go|to))\b",
    re.IGNORECASE,
)
"""More words than one that mean PAUSE."""
_PUT_ON_HOLD = re.compile(r"\A(?:please )?put\b.{1,80}\bon (?:hold|pause)\b", re.IGNORECASE)
_HAS_TO_STOP = re.compile(
    r"\b(?P<whose>codes?|everything|letters)\b(?:.{0,40}\b(?:must|should|needs? to|ha(?:s|ve) to)\b(?: all)? (?:be )?"
    r"(?:stop|paus|halt|suspend|held|frozen)(?!ing)| on hold\b)",
    re.IGNORECASE,
)
"""The same said of what is to stop: "codes must be stopped"."""
_JOINTS = _words(
    "sending giving releasing answering replying issuing handing writing out all any the our of to on for with install"
    " installation outgoing these those more further goes go"
)
_OURS = _words("code codes everything everybody everyone anything letter letters answers daemon bot robot suppliers")
"""What is ours to stop."""
_CODES = frozenset(("code", "codes"))
_AND_NO_MORE = _words(
    "it this that them all now please pls immediately asap at once right away straight today urgently thanks thank you"
    " the mail mails email emails e-mails requests service system mailbox"
)
"""Words that say what is to stop only where the mail says nothing else."""
_ASKED_FOR = _words("code codes device devices attached below following list sheet these guid guids meters meter now")
_ASKING_STATUS = re.compile(
    r"(?:(?:please|can you|could you|what|what['’]?s|whats|is|show|tell|give|send|me|us|the|current|i|need|want)\s+){1,8}"
    r"(?:the )?status(?P<rest>\b.{0,60})",
    re.IGNORECASE,
)


def sentences(text: str) -> Iterator[str]:
    """The sentences of a plain text, and what stands between its commas: paragraph by paragraph, and line by line."""
    text = text[:MOST_READ]
    paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text)]
    for piece in dict.fromkeys((*text.split("\n"), *paragraphs)):
        yield from (part.strip(" ,.:;-*_\"'“”") for part in _ENDS.split(piece) if part.strip())


def meant_to_stop(sentence: str, names: Collection[str]) -> str:
    """The order that a sentence which would stop letters should have been; empty: it is prose.

    `names`: what suppliers are called.
    """
    meant = _meant(sentence, names, alone=False)
    return meant if meant.startswith((Verb.PAUSE, Verb.INCIDENT)) else ""


def meant_to_order(sentence: str, names: Collection[str], *, alone: bool, listed: bool) -> str:
    """The same of whatever stops, starts, asks or takes back.

    `alone`: the mail says nothing else. `listed`: devices stand in the mail or in a sheet of it.
    """
    spoken, verb, rest = _opened(sentence)
    if verb is Verb.REQUEST:
        first = next((word for word in map(str.lower, rest) if word not in _JOINTS), "now")
        return verb.value if listed and first in _ASKED_FOR else ""
    if verb is Verb.WITHDRAW:
        lone = len(spoken) == 1 and spoken[0].isupper()
        return verb.value if lone or DEVICE.search(sentence) or words.holds_ref(sentence) else ""
    if alone and spoken == ["CONTACT"]:
        return Verb.CONTACTS.value
    return _meant(sentence, names, alone=alone) or (_asked_status(sentence) if alone else "")


def _meant(sentence: str, names: Collection[str], *, alone: bool) -> str:
    _, verb, rest = _opened(sentence)
    if _PUT_ON_HOLD.match(sentence):
        verb, rest = Verb.PAUSE, [word for word in _WORD.findall(sentence) if word.lower() not in ("please", "put")]
    if verb is None and (passive := _HAS_TO_STOP.search(sentence)):
        return f"{Verb.PAUSE} {'codes' if passive['whose'].lower() in _CODES else ''}".strip()
    if verb is None or verb not in (Verb.PAUSE, Verb.RESUME, Verb.INCIDENT):
        return ""
    if verb is Verb.RESUME and (ref := _ref(rest)):
        return f"{Verb.APPROVE} {ref}"
    meant = _whose(sentence, rest, names)
    if meant is not None:
        return f"{verb} {meant}".strip() if verb is not Verb.INCIDENT or meant != "codes" else verb.value
    return verb.value if _says_no_more(sentence, rest, alone=alone) else ""


def _opened(sentence: str) -> tuple[list[str], Verb | None, list[str]]:
    """(the words behind a "please", the order that their first means, the words behind it)."""
    spoken = _WORD.findall(sentence[:MOST_READ])
    at = next((i for i, word in enumerate(spoken) if word.lower() not in _LEADING), len(spoken))
    spoken = spoken[at:]
    if several := _SEVERAL.match(" ".join(spoken[:4])):
        return spoken, Verb.PAUSE, spoken[len(several[0].split()) :]
    first = spoken[0].lower().replace("-", "") if spoken else ""
    slip = not first.startswith("paus") and misspelt(first) == Verb.PAUSE
    return spoken, _VERBS.get(first) or (Verb.PAUSE if slip or first == "paus" else None), spoken[1:]


def _whose(sentence: str, rest: Sequence[str], names: Collection[str]) -> str | None:
    """A supplier's name, "codes", or empty for everything; None: nothing of ours is named."""
    named = named_in(sentence, names) if len(rest) <= _MOST_BETWEEN else ""
    if named:
        return named
    said = [word.lower() for word in rest[:_MOST_BETWEEN] if word.lower() not in _JOINTS]
    if not said or said[0] not in _OURS:
        return _called(said[0], names) if said else None
    called = next(filter(None, (_called(word, names) for word in said[1:])), None)
    return called or ("codes" if said[0] in _CODES else "")


def named_in(sentence: str, names: Collection[str]) -> str:
    """The supplier whose name stands in a sentence, the longest; an MPID counts in capitals alone; empty: none."""
    as_written = f" {' '.join(_WORD.findall(sentence))} "
    small = as_written.lower()
    for name in sorted(names, key=lambda name: (-len(name), name)):
        spoken = f" {' '.join(_WORD.findall(name))} "
        if spoken.strip() and (spoken in as_written if name.isupper() else spoken.lower() in small):
            return name
    return ""


def _called(word: str, names: Collection[str]) -> str | None:
    """A supplier that is called by its MPID, or by the first word of its name."""
    said = (name for name in names if name.lower() == word or (len(word) >= 5 and name.lower().startswith(f"{word} ")))
    return min(said, key=len, default=None)


def _says_no_more(sentence: str, rest: Sequence[str], *, alone: bool) -> bool:
    """A word in capitals, or a lone mail, that says nothing but to stop."""
    loud = any(word.isupper() and word.lower().replace("-", "") in _VERBS for word in _WORD.findall(sentence))
    repeated = next((word for word in _WORD.findall(sentence) if word.lower() not in _LEADING), "")
    return (alone or loud) and all(word.lower() in _AND_NO_MORE or word == repeated for word in rest)


def _ref(rest: Sequence[str]) -> str:
    try:
        return words.take_ref(" ".join(rest))[0]
    except Unfit:
        return ""


def _asked_status(sentence: str) -> str:
    asked = _ASKING_STATUS.fullmatch(sentence)
    if asked is None:
        return ""
    ref = _ref(asked["rest"].split())
    return f"{Verb.STATUS} {ref}".strip() if ref or not asked["rest"].strip(" ?.!") else ""
