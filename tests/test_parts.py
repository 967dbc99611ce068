"""The policy in force: what is configured, and what our team ordered that stands today."""

from dataclasses import replace
from datetime import date

from daemon.edge.database import Database
from daemon.edge.vault import Vault
from daemon.rules.team.standing import CODES, StandingKind, StandingOrder
from tests.sending import MEMBER, NOW, TO, World

TODAY = NOW.date()


def order(kind: StandingKind, subject: str, last: date | None = None) -> StandingOrder:
    """It stands from today on."""
    return StandingOrder(kind, subject, TODAY, last, "because", MEMBER, NOW)


def test_orders_count_from_the_moment_they_are_read_to_the_end_of_their_days(database: Database, vault: Vault) -> None:
    """Between two changes the policy is the same object; a new order, a new day and a new configuration show at once."""
    world = World(database, vault, port=1)
    parts = world.parts
    assert parts.policy is parts.configured

    parts.standing = (order(StandingKind.WAIVE, TO, TODAY),)
    waived = parts.policy
    assert waived.accept_spf_only == {TO}
    assert parts.policy is waived

    parts.standing = (*parts.standing, order(StandingKind.PAUSE, CODES))
    assert (parts.policy.accept_spf_only, parts.policy.paused) == ({TO}, {CODES})

    world.time.on(days=1)
    assert (parts.policy.accept_spf_only, parts.policy.paused) == (frozenset(), {CODES})
    world.time.jump(days=-1)
    assert parts.policy.accept_spf_only == {TO}

    parts.configured = replace(parts.configured, company="Another")
    assert (parts.policy.company, parts.policy.accept_spf_only) == ("Another", {TO})

    parts.standing = ()
    assert parts.policy is parts.configured
