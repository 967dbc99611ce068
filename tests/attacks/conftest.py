"""The worlds of the journeys, to be attacked."""

from tests.journeys.conftest import account, make_world, reading_room, shared_dovecot, world

__all__ = ["account", "make_world", "reading_room", "shared_dovecot", "world"]
