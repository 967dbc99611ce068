"""A quarter of a year with forty suppliers, good and bad, under a given clock; and weeks of it in the ordinary suite.

The seed is printed. The same again: `ICD_QUARTER=seed pytest -m trials -k quarter`.
"""

import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from daemon.embedded.server import EmbeddedMail
from tests.journeys.conftest import PASSWORD
from tests.journeys.quarter import DAYS_OFF, TEAM, Traffic
from tests.journeys.suppliers import TEMPERS, forty
from tests.journeys.world import AUTHSERV, US, World, config
from tests.servers.scripted_smtp import ScriptedSmtp

SEEDS = [int(seed) for seed in os.environ.get("ICD_QUARTER", "1").split(",")]


@asynccontextmanager
async def traffic(folder: Path, seed: int, count: int) -> AsyncIterator[Traffic]:
    """An installation with so many counterparties, past its first start."""
    print(f"seed {seed}")  # noqa: T201  # to repeat the trial by
    dice = random.Random(seed)  # noqa: S311  # repeatable, not secret
    async with EmbeddedMail({US: PASSWORD}, authserv_id=AUTHSERV) as mail, ScriptedSmtp() as relay:
        url = f"sqlite:///{folder}/daemon.db"
        toml = config(folder, url, mail.imap_port, relay.port, username=US, password=PASSWORD, team=TEAM)
        world = await World.build(folder, toml)
        suppliers = forty(dice, count)
        rows = (row for one in suppliers for row in one.rows())
        world.import_contacts("\n".join(("party,mpid,kind,name,email,channel", *rows, "")))
        await world.settle_down()
        yield Traffic(world, relay, suppliers, dice)
        await world.close()


def told(story: Traffic) -> str:
    """The story in figures."""
    states = Counter(row.state for row in story.world.rows("SELECT state FROM want"))
    return f"{len(story.sent)} letters, {story.brought} mails, devices: {dict(states)}"


def test_the_days_off_are_what_they_seem() -> None:
    """Each bank holiday of those months stands with its weekday."""
    assert all(f"{day:%A}" == weekday for day, weekday in DAYS_OFF.items())


async def test_a_week_with_five_suppliers(tmp_path: Path) -> None:
    """Every day's rules hold, and nothing that our team wrote of customers leaves."""
    async with traffic(tmp_path, seed=5, count=5) as story:
        await story.go_on(7)
        story.check_leaves_nothing()
        await story.check_rest()


@pytest.mark.trials
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_quarter_with_forty_suppliers(tmp_path: Path, seed: int) -> None:
    """Twelve weeks of orders and six to end them: settled or with our team; each day's rules held on each day."""
    async with traffic(tmp_path, seed, count=40) as story:
        assert {one.temper for one in story.suppliers} == set(TEMPERS)
        try:
            await story.go_on(87)
            await story.go_on(45, orders=False)
            story.check_end()
            await story.check_rest()
        finally:
            print(told(story))  # noqa: T201  # what the trial was worth
