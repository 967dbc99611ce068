"""Personal data that must not be in an install-code mail: seen by kind, never quoted, masked in subjects.

The guidance allows Device IDs only. Everything that is rightly there (Device IDs, codes, references, dates,
telephone numbers) is taken out first: without that, half of all Device IDs look like postcodes.

Source: domain notes §4 (check digits, false-positive rates).
"""

import re

from daemon.rules.sense.forms import BLANK, DEVICE, LOOSE_CODE, lines_of_note, of_note, plain
from daemon.rules.sense.scanning import without_codes, without_identifiers

MAX_SUBJECT = 120
_NEAR = 2
"""Lines from a number within which a word that explains it stands."""
_REMOVED = "[removed]"
_DIGIT = re.compile("[0-9]")
_SIX_DIGITS = re.compile("[0-9]{6}")
"""No MPRN has fewer."""
_BEFORE = r"(?<![\w.+/\-])"
_BEHIND = r"(?![^\W_]|[\-/][0-9A-Za-z]|\.[0-9])"
_SUPPLY_NUMBER = re.compile(
    rf"{_BEFORE}(?:S ?)?[0-9]{{2}}[ \-|]{{0,3}}[0-9]{{3}}[ \-|]{{0,3}}[0-9A-Z]{{3}}[ \-|]{{0,3}}"
    rf"[0-9]{{2}}[ \-|]{{0,3}}[0-9]{{4}}[ \-|]{{0,3}}[0-9]{{4}}[ \-|]{{0,3}}[0-9]{{3}}{_BEHIND}"
)
"""Profile class, time switch, line loss factor, then the 13 digits of the core."""
_MPAN = re.compile(
    rf"{_BEFORE}(?:[0-9]{{13}}|[0-9]{{2}}(?P<gap>[ \-])[0-9]{{4}}(?P=gap)[0-9]{{4}}(?P=gap)[0-9]{{3}}"
    rf"|[0-9]{{2}} [0-9]{{4}} ?[0-9]{{4}} ?[0-9]{{3}}){_BEHIND}"
)
_SHORT = re.compile(rf"{_BEFORE}[0-9]{{6,10}}{_BEHIND}")
_MPRN_WORD = re.compile(r"\b(?:mprns?|mpxns?|mprs?|m number|meter point|gas (?:meter|supply) point)\b", re.IGNORECASE)
_OTHER_WORD = re.compile(
    r"\b(?:tel|telephone|phone|mob|mobile|fax|call|ref|reference|ticket|case|order|incident|account|serial|msn|company|registered|vat|id)\b[^\n]{0,12}\Z",
    re.IGNORECASE,
)
_POSTCODE = re.compile(
    r"(?<![^\W_])(?<![\w][\-/])(?:GIR ?0AA|(?:[A-PR-UWYZ](?:[0-9]{1,2}|[A-HK-Y][0-9](?:[0-9]|[ABEHMNPRV-Y])?|[0-9][A-HJKPS-UW])"
    r" ?[0-9][ABD-HJLNP-UW-Z]{2}))(?![^\W_]|[\-/][0-9A-Za-z])",
    re.IGNORECASE,
)
_STREET = re.compile(
    r"(?<![^\W_])[0-9]{1,4}[A-Za-z]?,? (?:[A-Z][A-Za-z']+ ){1,3}(?:Street|Road|Lane|Avenue|Close|Drive|Crescent|Terrace|Gardens|Grove|Place"
    r"|Court|Way|Hill|Mews|Square|Walk|Row|Park|Green|View|Rise|Parade|Cottages?|St|Rd|Ave|Ln|Cres|Dr)\b"
)
_TELEPHONE = re.compile(r"(?<![\w])(?:\+[0-9]{1,3}|0044|\(?0)[0-9 ()\-.]{8,16}[0-9](?![^\W_])")
_DATE = re.compile(
    r"(?<![0-9])(?:[0-9]{4}[\-/.][0-9]{2}[\-/.][0-9]{2}|[0-9]{1,2}[\-/.][0-9]{1,2}[\-/.][0-9]{2,4}"
    r"|(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))(?![0-9])"
)
_REFERENCE = re.compile(r"(?<![^\W_])IC[\- ][0-9A-Za-z]{8}(?![^\W_])", re.IGNORECASE)
_COMPANY = re.compile(
    r"\b(?:registered (?:office|in|address|number|at|company)|company (?:no|number|reg)|vat (?:no|number|reg)|head office)\b",
    re.IGNORECASE,
)
_COMPANY_WORDS = ("reg", "company", "vat", "head")
"""One of these stands in each of them: to look for that is much faster."""
_SIGN_OFF = re.compile(
    r"[ \t>]*(?:(?:kind|kindest|best|warm|warmest|many)? ?regards|(?:many|with) thanks|thanks(?: again| in advance)?|thank you|"
    r"best wishes|cheers|yours (?:sincerely|faithfully)|kr|br|rgds)[ \t]*[,.!]?[ \t]*",
    re.IGNORECASE,
)
_NEXT_MAIL = re.compile(r"[ \t>]*\*?(?:from|sent|to|subject|date)\s*:", re.IGNORECASE)


def kinds(text: str) -> tuple[str, ...]:
    """The kinds of personal data in `text` (`MPAN`, `MPRN`, `address`); what stands in a signature is none."""
    text = plain(text)
    bare = without_identifiers(text)
    if not _DIGIT.search(bare):  # all of it has digits
        return ()
    bare = _without_signatures(_filled(bare, text))
    numbers = _unmarked("\n".join(filter(_DIGIT.search, bare.split("\n"))))  # nothing looked for goes over a line's end
    found = []
    if _SUPPLY_NUMBER.search(numbers) or _MPAN.search(numbers):
        found.append("MPAN")
    numbers = _TELEPHONE.sub(";", numbers)
    if _SIX_DIGITS.search(numbers) and _holds_mprn(_TELEPHONE.sub(";", _unmarked(of_note(bare, beside=_NEAR)))):
        found.append("MPRN")
    if _POSTCODE.search(numbers) or _STREET.search(numbers):
        found.append("address")
    return tuple(found)


def _unmarked(text: str) -> str:
    return _REFERENCE.sub(";", _DATE.sub(";", text))


def _holds_mprn(text: str) -> bool:
    return any(_is_mprn(match, text) for match in _SHORT.finditer(text))


def _filled(noted: str, text: str) -> list[str]:
    """The lines up to the last of note, those that were emptied as of none as they stand in `text`."""
    some, whole = noted.split("\n"), text.split("\n")
    end = max(lines_of_note(noted)) + _NEAR + 1
    return [line or words for line, words in zip(some[:end], whole[:end], strict=True)]


def _without_signatures(lines: list[str]) -> str:
    """`lines` without what follows a sign-off up to the next mail in it, and without those on a company's seat."""
    kept: list[str] = []
    signed = company = 0
    may_be_company = _holds_company_word("\n".join(lines))
    for line in lines:
        signed = 0 if ":" in line and _NEXT_MAIL.match(line) else signed
        company = 4 if may_be_company and _COMPANY.search(line) else company - 1
        signed = 25 if _SIGN_OFF.fullmatch(line) else signed - bool(line.strip())
        kept.append("" if signed > 0 or company > 0 else line)
    return "\n".join(kept)


def _holds_company_word(text: str) -> bool:
    lower = text.lower()
    return any(word in lower for word in _COMPANY_WORDS)


def _is_mprn(match: re.Match[str], text: str) -> bool:
    """Digits with a word near that says gas supply point; ten of them that check need none, unless they are a name."""
    before = text[max(0, match.start() - 40) : match.start()]
    if _MPRN_WORD.search(before) or _MPRN_WORD.search(text[match.end() : match.end() + 15]):
        return True
    ten = len(match[0]) == 10 and match[0][0] != "0" and mprn_fits(match[0])
    return ten and not _OTHER_WORD.search(before)


def mprn_fits(number: str) -> bool:
    """Whether the last two digits of an MPRN check the rest (weights n..1, sum mod 11)."""
    body = number[:-2]
    total = sum((len(body) - i) * int(d) for i, d in enumerate(body))
    return total % 11 == int(number[-2:])


# Masking ────────────────────────────────────────────────────────────────────────────────────────────


def safe_subject(text: str) -> str:
    """A subject fit to be kept, shown and sent: one line, no code, no personal data, at most 120 characters."""
    line = plain(text[:2000])
    line = " ".join((line if line.isprintable() else "".join(c if c.isprintable() else " " for c in line)).split())
    line = re.sub(f"{BLANK}+", _REMOVED, without_codes(line))
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\x00{len(kept) - 1}\x00"

    for pattern in (DEVICE, _REFERENCE):
        line = pattern.sub(keep, line)
    line = LOOSE_CODE.sub(_REMOVED, line)
    line = _DATE.sub(keep, line)
    for pattern in (_SUPPLY_NUMBER, _MPAN, _POSTCODE, _STREET):
        line = pattern.sub(_REMOVED, line)
    line = _SHORT.sub(lambda m: _REMOVED if _is_mprn(m, m.string) else m[0], line)
    line = re.sub("\x00([0-9]+)\x00", lambda m: kept[int(m[1])], line)
    return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 1].rstrip() + "…"
