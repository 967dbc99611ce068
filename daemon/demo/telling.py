"""How the demo shows mails and letters: lines of 80 columns, codes masked, words of an earlier letter left out."""

import re
from collections.abc import Iterator, Sequence
from email.header import decode_header, make_header
from email.message import Message
from textwrap import wrap

from daemon.demo.company import SEE_CODES
from daemon.demo.story import Scene
from daemon.embedded.stamps import Verdict

WIDTH = 80
LEFT_OUT = "[…]"
_CODE = re.compile(r"\b(?:[0-9A-F]{4} ){7}[0-9A-F]{4}\b")
_MASK = " ".join(["****"] * 8)
_DEVICE = re.compile(r"(?:[0-9A-F]{2}-){7}[0-9A-F]{2}")
_OF_ONE_LETTER = re.compile(r"IC-[0-9A-Z]{8}|\b[0-9A-Z]{4}-[0-9A-Z]{4}\b|\s+")
"""What differs between letters that say the same: references, typed codes, where lines break."""
_SHORT, _LONG = 45, 8
"""A paragraph of few characters is always shown; one of many lines, as a table has, is judged line by line."""


def title(words: str, rule: str = "─") -> str:
    """A heading."""
    return f"\n\n{words}\n{rule * min(WIDTH, len(words))}"


def told(words: str) -> str:
    """What a reader should know, before a scene."""
    return "\n".join(wrap(words, WIDTH)) + "\n"


def marked(mark: str, words: str) -> str:
    """`words` in the second column, the mark before their first line."""
    lines = wrap(words, WIDTH - 11) or [""]
    return "\n".join(f"  {'' if number else mark:<9}{line}".rstrip() for number, line in enumerate(lines))


def masked(words: str) -> str:
    """`words` without a code."""
    return _CODE.sub(_MASK, words)


def mail_shown(scene: Scene) -> str:
    """The mail that arrives, and what our mail server says of it."""
    rows = [f"From: {scene.name} <{scene.sender}>", *wrap(f"Subject: {scene.subject}", WIDTH - 4)]
    rows += [f"{name}: {value}" for name, value in scene.headers]
    rows += ["", *scene.body.splitlines()]
    rows += ["", "[below: our letter, quoted]"] if scene.answers else []
    rows += ["", f"[attached: {scene.file}]"] if scene.sheet else []
    rows += [f"  {', '.join(row)}" for row in scene.sheet]
    shown = "\n".join(f"  > {masked(row)}".rstrip() for row in rows)
    proof = "pass, proven to be theirs" if scene.proof is Verdict.PASS else "FAIL: anybody may have written it"
    return f"{shown}\n\n{marked('PROOF', f'our mail server says: DMARC {proof}')}"


class Letters:
    """The letters as they are shown one after the other."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def shown(self, recipients: Sequence[str], letter: Message) -> str:
        """A letter, and who else has the same."""
        first, *others = recipients
        lines = [*wrap(f"Subject: {subject_of(letter)}", WIDTH - 4), "", *self._shortened(text_of(letter))]
        files = [part.get_filename() for part in letter.walk() if part.get_content_type() == "text/csv"]
        lines += [f"[attached: {name}]" for name in files]
        words = "\n".join(f"  | {line}".rstrip() for line in lines)
        shown = [marked("LETTER", f"to {first}"), words if first in SEE_CODES else masked(words)]
        for other in others:
            shown += ["", marked("LETTER", f"to {other}: the same, in a letter of their own")]
        return "\n" + "\n".join(shown)

    def _shortened(self, body: str) -> Iterator[str]:
        """Its lines, with a mark in the place of those that stood in an earlier letter word for word."""
        shown: list[str] = []
        for words in re.split(r"\n\s*\n", body.strip("\n")):
            lines = words.splitlines()
            if len(lines) >= _LONG:
                left = [LEFT_OUT if self._is_old(line) else line for line in lines]
            else:
                old = self._is_old(words) and len(words) > _SHORT and not _DEVICE.search(words)
                left = [LEFT_OUT] if old else lines
            shown += [*left, ""]
        for number, line in enumerate(shown[:-1]):
            before = next((one for one in reversed(shown[:number]) if one), "")
            after = next((one for one in shown[number:] if one), "")
            if not LEFT_OUT == before == after:
                yield line

    def _is_old(self, words: str) -> bool:
        plain = same_words(words)
        old = plain in self._said
        self._said.add(plain)
        return old


def text_of(letter: Message) -> str:
    """Its text, as a mail program shows it."""
    body = next(part for part in letter.walk() if part.get_content_type() == "text/plain")
    return bytes(body.get_payload(decode=True)).decode("utf-8").replace("\r\n", "\n")


def subject_of(letter: Message) -> str:
    """Its subject in one line."""
    return " ".join(str(make_header(decode_header(letter["Subject"]))).split())


def same_words(words: str) -> str:
    """`words` but for what differs between letters that say the same."""
    return _OF_ONE_LETTER.sub(" ", words).strip()
