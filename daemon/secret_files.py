"""Files that hold a secret: read only where nobody else may read them."""

import os
import stat
from pathlib import Path

MAX_OCTETS = 64 * 1024


class Exposed(ValueError):
    """Why a secret file is not used, with the remedy; never its content."""


def check(path: Path) -> None:
    """Raise Exposed where others than the daemon may read `path`.

    The group may read a file that another user owns: that is how an orchestrator mounts secrets for a
    process that does not run as root. A file of our own needs no group.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise Exposed(f"cannot read {path} ({error.strerror}); make it, readable by the daemon alone") from None
    if not stat.S_ISREG(status.st_mode):
        raise Exposed(f"{path} is no regular file")
    group_counts = status.st_uid == os.geteuid()
    if status.st_mode & (stat.S_IRWXO | (stat.S_IRWXG if group_counts else stat.S_IWGRP)):
        raise Exposed(f"others may read {path}; run: chmod 600 {path}")


def read(path: Path) -> str:
    """The one line of text that `path` holds, without the line's end. Raises Exposed."""
    check(path)
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MAX_OCTETS).rstrip("\r\n")
    except OSError as error:
        raise Exposed(unreadable(path, error)) from None
    except UnicodeDecodeError:
        raise Exposed(f"cannot read {path} (it is no text in UTF-8)") from None
    if not text:
        raise Exposed(f"{path} is empty")
    return text


def unreadable(path: Path, error: OSError) -> str:
    """Why a file cannot be read, and who must be able to: in a container the owner is easily another."""
    return f"cannot read {path} ({error.strerror}); it must be readable by this process, uid {os.geteuid()}"
