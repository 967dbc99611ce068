"""Which words go out: a plan and its codes to a Letter. No decisions, and no file is read here.

The words stand in templates (sandboxed jinja2) that are handed in as values, so that a supplier may put its
own in the place of ours. A template gets plain single lines, counts and marks that stand for tables; only the
frame, `page.html`, ever sees an install code, in a cell of a table.
"""

import re
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined, TemplateRuntimeError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from daemon.mail.message import Letter, Mark
from daemon.rules.asking.subjects import asking_subject
from daemon.rules.identifiers import DeviceId, InstallCode
from daemon.rules.letters import Answer, Asking, Digest, LetterPlan, Relisted, Result, Transcript
from daemon.rules.phrases import devices, every, it, plain, these
from daemon.rules.wording import layout
from daemon.rules.wording.answer_words import Fault, Group, SentBefore, Written, answer_words
from daemon.rules.wording.asking_words import ASKING_TEMPLATES, asking_words
from daemon.rules.wording.digest_words import digest_words
from daemon.rules.wording.ops_words import ops_words
from daemon.rules.wording.relisted_words import relisted_words
from daemon.rules.wording.result_words import result_words
from daemon.rules.wording.transcript_words import transcript_words

TEMPLATES = (
    "answer.txt",
    "chase.txt",
    "closing.txt",
    "digest.txt",
    "helpdesk.txt",
    "meanings.txt",
    "ops.txt",
    "page.html",
    "query.txt",
    "relisted.txt",
    "replying.txt",
    "request.txt",
    "result.txt",
    "transcript.txt",
    "withdrawal.txt",
)
"""The closed list. `answer.txt` takes in `meanings.txt` (what each outcome means); where we ask, `replying.txt` says
how to answer; letters to other suppliers end with `closing.txt`.
"""
OPS_PREFIX = "[install codes]"
MAX_SUBJECT = 150
_REPLY = re.compile(r"(?:(?:re|aw|sv|antw)\s*(?:[\[(][0-9]{1,3}[\])])?\s*:\s*)+", re.IGNORECASE)
_TURNS: Mapping[str, Callable[[int], str]] = MappingProxyType(
    {"devices": devices, "every": every, "these": these, "it": it}
)
"""What templates may call, each with a count."""
_OWN_VALUES = frozenset((layout.Block, layout.Table, layout.Column, layout.Particulars, Group, Fault, SentBefore))
"""Frozen values of plain fields, which is what templates are filled with."""


@dataclass(frozen=True, eq=False)
class Words:
    """The words of our letters: every template by its name, and whom they speak for.

    Not slotted, and equal to itself alone: the compiled templates are kept with it.
    """

    templates: Mapping[str, str] = field(repr=False)
    company: str
    mailbox: str = ""
    """The shared address, named to our own team."""

    @cached_property
    def compiled(self) -> ImmutableSandboxedEnvironment:
        """The environment in which the templates are compiled, each once."""
        environment = _Sandbox(
            loader=FunctionLoader(self._source),
            undefined=StrictUndefined,
            autoescape=lambda name: bool(name and name.endswith(".html")),
            finalize=_something,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,  # a plain dict: there are few, and each stays
        )
        environment.filters["folded"] = _folded  # for any line but a cell, which may hold a code
        environment.globals |= {
            **_TURNS,
            "company": plain(self.company),
            "mailbox": plain(self.mailbox),
        }
        return environment

    def _source(self, name: str) -> tuple[str, str, None] | None:
        # The name doubles as the file name, so that a failure can be told with its line.
        return (self.templates[name], name, None) if name in self.templates else None


class _Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox; what is ours, all of it there to be read, is handed out without its search for what is not."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """A plain dict, where jinja2 looks every name up in a chain, for every letter: what is here is here for good."""
        return {**self.globals, **(d or {})}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """As the sandbox does it, but that the fields of our own values need no look."""
        if type(obj) in _OWN_VALUES and attribute in obj.__slots__:
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)


def _something(value: Any) -> Any:
    """`value`, unless there is none: a letter never reads None."""
    if value is None:
        raise TemplateRuntimeError("a value that is None was to be printed")
    return value


@lru_cache(maxsize=1024)
def _folded(words: str | tuple[str, ...]) -> Markup:
    """A line for a page, or several that are to stay apart, on short lines; nothing in them is markup."""
    lines = (words,) if isinstance(words, str) else words
    return Markup("\n<br>".join([layout.folded(str(escape(line))) for line in lines]))  # noqa: S704  # escaped just here


def write(plan: LetterPlan, codes: Mapping[DeviceId, InstallCode] | None, words: Words) -> Letter:
    """The letter that `plan` asks for. `codes` None: masked, as for our own copies and reports.

    Raises CodeMissing where `codes` lacks one that the plan promises.
    """
    if isinstance(plan.content, Answer):
        return _letter(plan, words, "answer.txt", answer_words(plan, plan.content, codes), _answer_subject(plan))
    if isinstance(plan.content, Asking):
        written = asking_words(plan, plan.content)
        return _letter(plan, words, ASKING_TEMPLATES[plan.kind], written, _asking_subject(plan, plan.content))
    if isinstance(plan.content, Result):
        return _letter(plan, words, "result.txt", result_words(plan.content, codes), _ops_subject(plan))
    if isinstance(plan.content, Relisted):
        return _letter(plan, words, "relisted.txt", relisted_words(plan, plan.content), plain(plan.subject))
    if isinstance(plan.content, Transcript):
        return _letter(plan, words, "transcript.txt", transcript_words(plan.content), _transcript_subject(plan))
    if isinstance(plan.content, Digest):
        return _letter(plan, words, "digest.txt", digest_words(plan.content), _ops_subject(plan))
    return _letter(plan, words, "ops.txt", ops_words(plan, plan.content), _ops_subject(plan))


def _letter(plan: LetterPlan, words: Words, template: str, written: Written, subject: str) -> Letter:
    spoken = words.compiled.get_template(template).render(written.values, reference=plain(plan.reference))
    blocks = layout.blocks(spoken, written.tables)
    return Letter(
        to=plan.to,
        subject=subject,
        text=layout.text(blocks),
        html=words.compiled.get_template("page.html").render(blocks=blocks, subject=subject),
        sheet=written.sheet,
        mark=Mark(plan.mark, plan.mark_reference or plan.reference or None) if plan.mark else None,
        in_reply_to=plan.in_reply_to,
        references=plan.references,
    )


def _answer_subject(plan: LetterPlan) -> str:
    """Theirs, `Re:` and our reference each once."""
    sign = f"[{plan.reference}]" if plan.reference else ""
    theirs = _REPLY.sub("", plain(plan.subject), count=1) if _REPLY.match(plain(plan.subject)) else plain(plan.subject)
    theirs = plain(theirs.replace(sign, " ")) if sign else theirs
    return " ".join(part for part in ("Re:", _shortened(theirs or "your request for install codes"), sign) if part)


def _asking_subject(plan: LetterPlan, asking: Asking) -> str:
    """As planned, else what the letter wants; our reference once. A reply to a mail of theirs keeps its subject."""
    if _REPLY.match(plain(plan.subject)):
        return _answer_subject(plan)
    sign = f"[{plan.reference}]" if plan.reference else ""
    ours = plain(plan.subject.replace(sign, " ")) if sign else plain(plan.subject)
    return f"{_shortened(ours or asking_subject(plan.kind, asking))} {sign}".rstrip()


def _transcript_subject(plan: LetterPlan) -> str:
    """Theirs, `Re:` and our prefix each once."""
    theirs = _REPLY.sub("", plain(plan.subject), count=1) if _REPLY.match(plain(plan.subject)) else plain(plan.subject)
    prefix = "" if OPS_PREFIX in theirs else OPS_PREFIX
    return " ".join(part for part in ("Re:", prefix, _shortened(theirs or "your orders")) if part)


def _ops_subject(plan: LetterPlan) -> str:
    """Ours, with the words by which a mail client can sort."""
    bare = plain(plan.subject).removeprefix(OPS_PREFIX).strip()
    return f"{OPS_PREFIX} {_shortened(bare)}"


def _shortened(line: str) -> str:
    return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 1].rstrip() + "…"


# Overridden templates ───────────────────────────────────────────────────────────────────────────────
