"""Every letter written once with the templates in force, before any is sent: what is wrong with them, said at the start."""

from collections.abc import Iterator

from jinja2 import TemplateError, TemplateSyntaxError

from daemon.rules.letters import Answer, Asking, LetterPlan, Result, Transcript
from daemon.rules.wording import TEMPLATES, Words, specimens, write
from daemon.rules.wording.asking_words import ASKING_TEMPLATES

_FAILURES = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)
"""What a template that compiles can still raise."""


def check(words: Words) -> list[str]:
    """What is wrong with the templates, each with its name and where known its line; empty: nothing.

    Every template is compiled, and a specimen of every letter is written with it.
    """
    known = ", ".join(TEMPLATES)
    problems = [
        f"{name}: there is no such template; there are {known}" for name in words.templates if name not in TEMPLATES
    ]
    problems += [f"{name}: this template is missing" for name in TEMPLATES if name not in words.templates]
    problems = problems or list(_broken(words))
    return problems or list(dict.fromkeys(p for plan in specimens.LETTERS for p in _faulty(plan, words)))


def _broken(words: Words) -> Iterator[str]:
    for name in TEMPLATES:
        try:
            words.compiled.get_template(name)
        except TemplateSyntaxError as error:
            yield f"{error.name or name}, line {error.lineno}: {error.message}"


def _faulty(plan: LetterPlan, words: Words) -> Iterator[str]:
    """What goes wrong when `plan` is written: an error, or a table that no longer stands in the letter."""
    codes = specimens.codes(plan)
    try:
        letter = write(plan, codes, words)
    except _FAILURES as error:
        yield f"{_place(error)}: {error}"
        return
    for template, page in ((_speaker(plan), letter.text), ("page.html", letter.html)):
        if any(device not in page for device in specimens.must_show(plan)):
            yield f"{template}: a table of devices is left out"
            return


def _speaker(plan: LetterPlan) -> str:
    if isinstance(plan.content, Transcript):
        return "transcript.txt"
    if isinstance(plan.content, Asking):
        return ASKING_TEMPLATES[plan.kind]
    if isinstance(plan.content, Result):
        return "result.txt"
    return "answer.txt or meanings.txt" if isinstance(plan.content, Answer) else "ops.txt"


def _place(error: BaseException) -> str:
    """The innermost line of a template that `error` came through."""
    place, trace = "a template", error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        place = f"{name}, line {trace.tb_lineno}" if name in TEMPLATES else place
        trace = trace.tb_next
    return place
