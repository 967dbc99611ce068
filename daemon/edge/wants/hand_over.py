"""The folder into which answered codes are handed over, where an operator mounts one: whole files, for its owner alone."""

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path

from daemon.errors import Unavailable


def put(folder: Path, name: str, rows: Sequence[Sequence[str]]) -> None:
    """A CSV file under its name, written over where it is there already. Raises Unavailable.

    Whoever watches the folder never sees half of one: it is written under a hidden name, synced, and then renamed.
    """
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    hidden = folder / f".{name}.part"
    try:
        hidden.unlink(missing_ok=True)
        file = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(file, "wb") as out:
            out.write(text.getvalue().encode())
            out.flush()
            os.fsync(out.fileno())
        hidden.replace(folder / name)
        _sync(folder)
    except OSError as error:
        raise Unavailable(f"the hand-over folder {folder} takes no file ({error.strerror})") from None


def _sync(folder: Path) -> None:
    """That the name itself outlives a power cut."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(held)
    finally:
        os.close(held)
