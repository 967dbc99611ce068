"""The same servers as those of the whole daemon's other tests."""

from tests.whole.conftest import (
    imap,
    numbers,
    on_postgresql,
    on_sqlite,
    postgres_template,
    relay,
    shared_relay,
    template,
    zygote,
)

__all__ = [
    "imap",
    "numbers",
    "on_postgresql",
    "on_sqlite",
    "postgres_template",
    "relay",
    "shared_relay",
    "template",
    "zygote",
]
