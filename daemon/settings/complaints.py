"""What is wrong with a configuration, in words: the key, the fault, the remedy; never the value."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

MISSING_SECTIONS = {
    "company": "set [company] name, mpids and ops",
    "mailbox": "set [mailbox] address, host, username, password_file and authserv_id; no mailbox is ever guessed",
    "relay": "set [relay] host, username and password_file",
    "keys": "set [keys] file, and make the file with `keys new`",
    "company.mpids": 'set it to the MPIDs that are ours, as in ["NWND"]',
}
_NOT_YET = {
    "oauth": "OAuth2 is not in this release; log in with username and password_file",
    "retention": "retention is not in this release; nothing is erased for its age",
    "mode": "the mode draft is not in this release",
    "modes": "the mode draft is not in this release",
}
"""What the product is to have, and this release has not: by the key that an operator would set for it."""
_PLAIN = {
    "bool_parsing": "should be true or false",
    "bool_type": "should be true or false",
    "int_parsing": "should be a whole number",
    "int_type": "should be a whole number",
    "int_from_float": "should be a whole number",
    "string_type": "should be text in quotes",
    "list_type": 'should be a list, as in ["one", "two"]',
    "tuple_type": 'should be a list, as in ["one", "two"]',
    "datetime_from_date_parsing": "should be a day, as in 2026-01-31",
    "date_from_datetime_parsing": "should be a day, as in 2026-01-31",
    "dict_type": "should be a section of its own",
    "model_type": "should be a section of its own",
    "model_attributes_type": "should be a section of its own",
}  # fmt: skip


def complaint(root: type[BaseModel], details: Iterable[ErrorDetails]) -> str:
    """One line a fault, each once."""
    return "\n".join(dict.fromkeys(_line(root, error) for error in details))


def _line(root: type[BaseModel], error: ErrorDetails) -> str:
    path = tuple(error["loc"])
    key = dotted(path)
    match error["type"]:
        case "missing":
            return f"{key}: missing; {MISSING_SECTIONS.get(key, f'set {key}')}"
        case "extra_forbidden":
            return f"{key}: no such key; {_NOT_YET.get(str(path[-1])) or _nearest(root, path)}"
        case "enum" if path[0] == "policy" and path[1] in _NOT_YET:
            return f"{key}: {_lowered(error['msg'])}; {_NOT_YET[str(path[1])]}"
        case "value_error":
            text = str(error.get("ctx", {}).get("error", error["msg"]))
            whole_section = _model_at(root, path) is not None
            return f"{key}.{text}" if key and whole_section else f"{key}: {text}" if key else text
        case kind:
            return f"{key}: {_PLAIN.get(kind, _lowered(error['msg']))}"


def dotted(path: Iterable[str | int]) -> str:
    """A key as people write it: `company.team[2].address`, counted from 1."""
    out = ""
    for step in path:
        if isinstance(step, int):
            out += f"[{step + 1}]"
        elif step != "[key]":
            out += f".{step}" if out else str(step)
    return out


def _lowered(message: str) -> str:
    return message.removeprefix("Input ").replace("Input ", "")


def _nearest(root: type[BaseModel], path: tuple[str | int, ...]) -> str:
    model = _model_at(root, path[:-1])
    known = sorted(field.alias or name for name, field in model.model_fields.items()) if model else []
    typed = str(path[-1])
    near = difflib.get_close_matches(typed.lower(), known, n=1, cutoff=0.6)
    if near:
        return f"did you mean {dotted((*path[:-1], near[0]))}?"
    return f"remove it, or use one of: {', '.join(known)}" if known else "remove it"


def _model_at(model: type[BaseModel], path: Iterable[str | int]) -> type[BaseModel] | None:
    current: type[BaseModel] | None = model
    for step in path:
        if isinstance(step, int):
            continue
        field = _field(current, step) if current else None
        current = _model_in(field.annotation) if field else None
    return current


def _field(model: type[BaseModel], name: str) -> FieldInfo | None:
    fields = model.model_fields
    return fields.get(name) or next((field for field in fields.values() if field.alias == name), None)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def unknown_names(environ: Mapping[str, str], prefix: str, sections: Iterable[str]) -> list[str]:
    """A line for each environment name `PREFIX + SECTION__KEY` whose section does not exist."""
    known = list(sections)
    lines = []
    for name in environ:
        section = name[len(prefix) :].partition("__")[0].lower()
        if section not in known:
            near = difflib.get_close_matches(section, known, n=1, cutoff=0.6)
            hint = f"did you mean {prefix}{near[0].upper()}__...?" if near else f"sections are {', '.join(known)}"
            lines.append(f"{name}: no such section; {hint}")
    return lines
