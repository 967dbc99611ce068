"""What a key of the configuration file may hold: addresses, lists, times, files that exist. Faults in words for people."""

import ipaddress
from datetime import UTC, date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, Field

from daemon.mail.addresses import addr_spec
from daemon.rules.workdays import LONDON


def address(text: str) -> str:
    """`text` as a plain address, domain as lower-case A-label. Raises ValueError in words for people."""
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(f"is no email address ({str(error).rstrip('.')})") from None
    spec = addr_spec(text)
    if spec is None:
        raise ValueError("is no plain email address (name@domain, without quotes or comments)")
    return spec


def is_loopback(host: str) -> bool:
    """Whether `host` is this very machine, so that a connection without TLS is heard by nobody else."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def listed(value: Any) -> Any:
    """A list given as text, as the environment gives it: commas between."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _one_line(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    if not text.isprintable():
        raise ValueError("holds control characters")
    return text.strip()


def _mpid(text: str) -> str:
    if not (text.isascii() and text.isalnum() and len(text) in (3, 4)):
        raise ValueError("an MPID has 4 letters or digits (3 for a gas short code)")
    return text.upper()


def _existing_file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"the file {path} does not exist")
    return path


def _existing_folder(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError(f"the folder {path} does not exist")
    return path


def _begin(value: Any) -> Any:
    """A day alone means its first minute in London; a time without zone is London's."""
    if isinstance(value, str) and len(value) == len("2026-01-31"):
        value = date.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(0), LONDON).astimezone(UTC)
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=LONDON).astimezone(UTC)
    return value


def _time_of_day(value: Any) -> Any:
    """A time as people write it, without zone, to the minute; "off": none."""
    at = None if value == "off" else _to_the_minute(value)
    if at is None and value != "off":
        raise ValueError('should be a time such as "07:30", or "off"')
    return at


def _sending_time(value: Any) -> Any:
    """The same, and there must be one."""
    at = _to_the_minute(value)
    if at is None:
        raise ValueError('should be a time such as "09:00"')
    return at


def _to_the_minute(value: Any) -> time | None:
    try:
        at = value if isinstance(value, time) else time.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return None if at.tzinfo or at != at.replace(second=0, microsecond=0) else at


Address = Annotated[str, AfterValidator(address)]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(listed)]
Line = Annotated[str, AfterValidator(_one_line)]
Lines = Annotated[tuple[Line, ...], BeforeValidator(listed)]
Mpid = Annotated[str, AfterValidator(_mpid)]
Count = Annotated[int, Field(ge=1)]
CaFile = Annotated[Path, AfterValidator(_existing_file)]
FolderPath = Annotated[Path, AfterValidator(_existing_folder)]
Beginning = Annotated[datetime | None, BeforeValidator(_begin)]
TimeOfDay = Annotated[time | None, BeforeValidator(_time_of_day)]
SendingTime = Annotated[time, BeforeValidator(_sending_time)]


ContactColumn = Literal[
    "party", "mpid", "kind", "name", "email", "valid_from",
    "alias", "successor_of", "phone", "delivery", "certificate", "channel", "robot",
]  # fmt: skip
InventoryColumn = Literal[
    "device_id", "device_type", "install_code", "installing_supplier",
    "installed_on", "status", "gaining_supplier", "linked_gsme",
]  # fmt: skip


class Security(StrEnum):
    """How a connection is protected."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"
    """Plain text: to this machine's own loopback address alone."""
