"""Alarms: once, by a route that the trouble does not touch, and "recovered" once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from daemon.edge import remembered
from daemon.edge.database import Database
from daemon.edge.vault import Vault
from daemon.errors import LoginRefused, Unavailable
from daemon.rules.policy import Role
from daemon.troubles import FACT, Troubles
from tests.overseeing import ANN, BEN, Office
from tests.servers.scripted_smtp import DROP, ScriptedSmtp, say

DOWN = Unavailable("mailbox at 127.0.0.1:993: connection refused")


@pytest.fixture
async def office(database: Database, vault: Vault, relay: ScriptedSmtp) -> AsyncIterator[Office]:
    """We hold the mailbox, and two operators are on the team."""
    async with Office.opened(database, vault, relay) as made:
        yield made


def subjects(relay: ScriptedSmtp) -> list[str]:
    """The subjects of what went by the relay, to whom."""
    lines = [line for taken in relay.taken for line in taken.content.split(b"\r\n") if line.startswith(b"Subject: ")]
    return [line.decode().removeprefix("Subject: ") for line in lines]


async def test_a_trouble_that_lasts_is_told_once_and_so_is_its_end(office: Office, relay: ScriptedSmtp) -> None:
    """Nothing for a quarter of an hour, one letter to each, silence while it lasts, one letter when it is over."""
    for _ in range(15):
        await office.troubles.met("mailbox", DOWN)
        office.time.on(minutes=1)
    assert subjects(relay) == []

    for _ in range(50):
        await office.troubles.met("mailbox", DOWN)
        office.time.on(minutes=1)
    assert subjects(relay) == ["[install codes] The mailbox cannot be read"] * 2

    await office.troubles.over("mailbox")
    await office.troubles.over("mailbox")
    assert subjects(relay)[2:] == ["[install codes] Recovered: The mailbox cannot be read"] * 2
    assert sorted(taken.recipient for taken in relay.taken) == [ANN, ANN, BEN, BEN]


async def test_troubles_met_at_once_are_all_written_down(office: Office) -> None:
    """Stations that fail in the same moment do not overwrite each other's trouble, however their writes are held up."""
    names = {f"station-{number}" for number in range(12)}
    parts = office.parts
    held = parts.database.raw()
    held.cursor().execute(
        "BEGIN IMMEDIATE" if parts.database.dialect == "sqlite" else "LOCK TABLE fact IN EXCLUSIVE MODE"
    )
    meetings = [asyncio.create_task(office.troubles.met(name, DOWN)) for name in names]
    await asyncio.wait(meetings, timeout=0.3)  # all of them wait for the lock
    held.rollback()
    await asyncio.gather(*meetings)
    held.close()

    assert names == set(await parts.read(lambda c: remembered.get(c, FACT)))


async def test_a_short_trouble_is_no_news(office: Office, relay: ScriptedSmtp) -> None:
    """A line that breaks and comes back bothers nobody, however often."""
    for _ in range(20):
        await office.troubles.met("mailbox", DOWN)
        office.time.on(minutes=10)
        await office.troubles.over("mailbox")

    assert relay.taken == []
    assert await office.inbox() == []


async def test_a_refused_login_is_told_at_once(office: Office, relay: ScriptedSmtp) -> None:
    """Waiting mends no password."""
    await office.troubles.met("mailbox", LoginRefused("the mail server refused the login: password expired"))

    assert len(relay.taken) == 2
    assert all(b"password expired" in taken.content and b"Renew" not in taken.content for taken in relay.taken)
    assert all(b"renew the" in b" ".join(taken.content.split()) for taken in relay.taken)


async def test_a_login_that_was_good_before_is_wrong_once_it_is_refused_twice(
    office: Office, relay: ScriptedSmtp
) -> None:
    """Hosted servers refuse one now and then in a bad moment: five minutes later it is good again, and nobody was bothered."""
    refused = LoginRefused("the mail server refused the login: LOGIN failed.")
    for _ in range(5):
        await office.troubles.over("mailbox")
        await office.troubles.met("mailbox", refused)
    await office.troubles.over("mailbox")
    assert relay.taken == []

    await office.troubles.met("mailbox", refused)
    await office.troubles.met("mailbox", refused)
    assert subjects(relay) == ["[install codes] The mailbox cannot be read"] * 2


async def test_the_relays_own_trouble_is_told_in_the_mailbox(office: Office, relay: ScriptedSmtp) -> None:
    """One mail in the shared mailbox, for the relay is not asked to tell of itself."""
    relay.always("CONNECT", DROP)
    await office.troubles.met("relay", Unavailable("the relay hung up"))
    office.time.on(minutes=15)
    await office.troubles.met("relay", Unavailable("the relay hung up"))

    assert await office.inbox() == ["[install codes] Letters do not go out"]
    assert relay.connections == 0


async def test_where_the_first_route_fails_the_other_is_taken(office: Office, relay: ScriptedSmtp) -> None:
    """The relay refuses our team, or is down as well: the mailbox has it."""
    relay.always("RCPT", say("550 5.7.1 no"))
    await office.troubles.met("settling", LoginRefused("one"))
    relay.always("CONNECT", DROP)
    await office.troubles.met("filing", LoginRefused("two"))

    assert await office.inbox() == [
        "[install codes] Mail is kept, but not worked on",
        "[install codes] Mail is not filed into its folders",
    ]


async def test_what_reached_nobody_is_tried_again(office: Office, relay: ScriptedSmtp) -> None:
    """Both routes dead: no alarm counts as given, and the next failure tries once more."""
    relay.always("CONNECT", DROP)
    working, office.mailbox = office.mailbox, office.no_mailbox()
    await office.troubles.met("mailbox", LoginRefused("refused"))

    office.mailbox = working
    await office.troubles.met("mailbox", LoginRefused("refused"))
    await office.troubles.met("mailbox", LoginRefused("refused"))

    assert len(await office.inbox()) == 1


async def test_one_server_down_is_one_alarm(office: Office, relay: ScriptedSmtp) -> None:
    """Two stations that fail for the same cause do not say so twice; another cause is told."""
    office.with_team(ann=Role.OPERATOR)
    for name in ("mailbox", "filing"):
        await office.troubles.met(name, DOWN)
    await office.troubles.met("overseeing", Unavailable("database: locked"))
    office.time.on(minutes=15)
    for name in ("mailbox", "filing"):
        await office.troubles.met(name, DOWN)
    await office.troubles.met("overseeing", Unavailable("database: locked"))

    assert subjects(relay) == ["[install codes] The mailbox cannot be read", "[install codes] Holds are not chased"]


async def test_a_trouble_that_changes_its_words_is_told_once(office: Office, relay: ScriptedSmtp) -> None:
    """First refused, then timed out, then refused again: it is the same trouble to those who wait."""
    office.with_team(ann=Role.OPERATOR)
    for n in range(40):
        await office.troubles.met("mailbox", Unavailable(f"mailbox: failure number {n}"))
        office.time.on(minutes=1)

    assert len(relay.taken) == 1


async def test_a_trouble_is_remembered_over_restarts(office: Office, relay: ScriptedSmtp) -> None:
    """A daemon that dies every minute tells of it after a quarter of an hour, once, and of the end too."""
    office.with_team(ann=Role.OPERATOR)
    for _ in range(40):
        reborn = Troubles(office.parts, office.by_relay, office.by_mailbox)
        await reborn.met("mailbox", DOWN)
        office.time.on(minutes=1)
    assert len(relay.taken) == 1

    await Troubles(office.parts, office.by_relay, office.by_mailbox).over("mailbox")

    assert len(relay.taken) == 2
    with office.parts.database.read() as connection:
        assert remembered.get(connection, FACT) == {}


async def test_readers_and_the_manager_hear_alarms(office: Office, relay: ScriptedSmtp) -> None:
    """An alarm is for everybody on the team."""
    office.with_team(ann=Role.OPERATOR, dee=Role.READER)
    office.with_policy(manager="boss@losing.example")

    await office.troubles.met("mailbox", LoginRefused("refused"))

    assert {ANN, "dee@losing.example", "boss@losing.example"} == {taken.recipient for taken in relay.taken}
