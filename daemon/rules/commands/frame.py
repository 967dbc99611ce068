"""What stands around the orders of a mail: a greeting above, a closing and the writer's name below, footers."""

import re

from daemon.mail.message import Origin
from daemon.rules.commands.orders import Verb

_GREETING = re.compile(
    r"(?:(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|morning|afternoon)\b[\w .'’&/]{0,30}|team(?= ?[,!:-])|all|everyone|folks)[ ,!.:-]*",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:(?:many|with|kind|kindest|best|warm|warmest|all the) )?(?:thanks|thank you|thx|ta|regards|best|wishes|cheers)\b.{0,60}"
    r"|(?:please|pls|kr|br|rgds|yours (?:sincerely|faithfully|truly)|sincerely)[ ,.!]*"
    r"|(?:sent from (?:my|outlook|yahoo|mail)\b|get outlook for\b|sent (?:via|with)\b).{0,200}|[-_=*~ ]{2,}",
    re.IGNORECASE,
)
_FOOTER = re.compile(
    r"\b(?:confidential|privileged|intended|disclaimer|recipient|virus|registered|think before|external|this e-?mail|this message|all rights)\b",
    re.IGNORECASE,
)


def greets(line: str) -> bool:
    """Whether a line only greets: "Hi," or "Team,"."""
    return bool(_GREETING.fullmatch(line))


def closes(raw: str, line: str, signed: frozenset[str]) -> bool:
    """Whether the orders end at a line (`raw` stripped, `line` tidied): a closing, a rule, or a name of `signed`."""
    if raw == "--" or _CLOSING.fullmatch(raw) or _CLOSING.fullmatch(line):
        return True
    spoken = re.findall(r"\w+", line.lower())
    return 0 < len(spoken) <= 4 and signed.issuperset(spoken)


def is_footer(line: str) -> bool:
    """Whether a line speaks as the footers of companies do."""
    return bool(_FOOTER.search(line))


def names_of(origin: Origin) -> frozenset[str]:
    """The words of the writer's name, with which they may sign."""
    local = (origin.sender or "").rpartition("@")[0]
    spoken = {word for word in re.findall(r"\w+", f"{origin.display_name} {local}".lower()) if not word.isdigit()}
    return frozenset(spoken - {verb.lower() for verb in Verb})
