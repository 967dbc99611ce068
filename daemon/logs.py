"""The log: one line an event, JSON or for a person; no secret gets in, and no traceback shows a value.

An unexpected failure is logged by its type and its place alone: its text and its locals may hold a code or mail.
"""

import logging
import os
import re
import resource
import sys
import threading
import traceback
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_CODE = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}[ :\-]?){15}[0-9A-Fa-f]{2}(?:[ :\-]?[0-9A-Fa-f]{4})?(?![0-9A-Za-z])"
)
_SUPPLY_NUMBER = re.compile(r"(?<![0-9A-Za-z-])[0-9]{13}(?:[0-9]{8})?(?![0-9A-Za-z-])")
_SHORTEST_SECRET = 13
"""A supply number's thirteen digits: a shorter text holds neither one nor a code."""
_SECRET_NAMES = ("password", "secret", "token", "install_code", "code", "content", "body")
MASK = "•••"


def harden() -> None:
    """No core dump, files readable by ourselves alone, and failures that nobody caught shown without values."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    sys.excepthook = _uncaught
    threading.excepthook = lambda failed: _uncaught(failed.exc_type, failed.exc_value, failed.exc_traceback)


def configure(form: Literal["json", "console"], *, quiet: bool = False) -> None:
    """Log to stderr from now on. Libraries, and with `quiet` we too, are heard from WARNING upwards."""
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        place_of_failure,
        redacted,
    ]
    last: Processor = structlog.processors.JSONRenderer(ensure_ascii=False) if form == "json" else _for_a_person()
    ours = logging.WARNING if quiet else logging.INFO
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(allow=()), *common],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.WARNING)
    structlog.configure(
        processors=[*common, last],
        logger_factory=_OurLogger(handler),
        wrapper_class=structlog.make_filtering_bound_logger(ours),
        cache_logger_on_first_use=False,
    )


def _for_a_person() -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=lambda *_: None)


class _OurLogger:
    """Writes our own lines where the libraries' go, past what only theirs need: it is half of what a line costs."""

    def __init__(self, handler: "logging.StreamHandler[TextIO]") -> None:
        self._handler = handler

    def __call__(self, *_: Any) -> "_OurLogger":
        return self

    def msg(self, line: str) -> None:
        """A line that cannot be written (a full disk, a pipe that nobody reads any more) stops no work."""
        self._handler.acquire()
        try:
            self._handler.stream.write(f"{line}\n")
            self._handler.flush()
        except (OSError, ValueError):
            pass
        finally:
            self._handler.release()

    info = warning = error = msg


# Nothing secret ─────────────────────────────────────────────────────────────────────────────────────


def redacted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Values without what looks like an install code or a supply number, and without what is named a secret."""
    return {key: MASK if key in _SECRET_NAMES else masked(value) for key, value in event.items()}


def masked(value: Any) -> Any:
    """Text without codes and supply numbers, within lists and mappings too."""
    if isinstance(value, str):
        if len(value) < _SHORTEST_SECRET:
            return value
        return _SUPPLY_NUMBER.sub(MASK, _CODE.sub(MASK, value))
    if isinstance(value, dict):
        return {key: MASK if key in _SECRET_NAMES else masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(inner) for inner in value]
    return value if isinstance(value, int | float | None) else masked(str(value))


def place_of_failure(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """`exc_info` turned into the failure's type and place."""
    info = event.pop("exc_info", None)
    error = (
        info
        if isinstance(info, BaseException)
        else info[1]
        if isinstance(info, tuple)
        else sys.exception()
        if info
        else None
    )
    if error is not None:
        event["failure"], event["place"] = type(error).__name__, place(error)
    return event


def place(error: BaseException) -> str:
    """Where `error` was raised: the innermost line of ours that it came through, else the innermost of all."""
    frames = [(code.co_filename, line, code.co_name) for code, line in _steps(error.__traceback__)]
    ours = [frame for frame in frames if "/daemon/" in frame[0]]
    if not frames:
        return "unknown"
    file, line, name = (ours or frames)[-1]
    return f"{'/'.join(file.split('/')[-3:])}:{line} in {name}"


def _steps(trace: TracebackType | None) -> Iterable[tuple[Any, int]]:
    return ((frame.f_code, line) for frame, line in traceback.walk_tb(trace))


def _uncaught(kind: type[BaseException], error: BaseException | None, _trace: TracebackType | None) -> None:
    where = place(error) if error is not None else "unknown"
    print(f"unexpected failure: {kind.__name__} at {where}; please report it", file=sys.stderr)  # noqa: T201  # the log may be what failed
