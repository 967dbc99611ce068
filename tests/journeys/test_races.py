"""Two stations at one mailbox at the same moment."""

from collections.abc import Awaitable, Callable
from datetime import date

from daemon.edge.imap import Account, Mailbox
from daemon.intake import Intake
from tests.journeys.conftest import on_dovecot
from tests.journeys.world import A5, World, written

HELD = "Install codes/Held"


class Watched(Mailbox):
    """A mailbox at which something happens just after the server said what lies in Held."""

    meanwhile: Callable[[], Awaitable[object]]

    async def all_uids(self, folder: str, since: date | None = None) -> tuple[int, list[int]]:
        answer = await super().all_uids(folder, since)
        if folder == HELD:
            await self.meanwhile()
        return answer


async def look(world: World, meanwhile: Callable[[], Awaitable[object]]) -> None:
    """The first look of another intake; `meanwhile` happens when it hears what lies in Held."""
    box = world.parts.settings.mailbox
    watched = Watched(Account(box.host, box.port, box.security, box.username or "", box.secret), box.max_mail_bytes)
    watched.meanwhile = meanwhile
    await Intake(world.parts, watched).once()
    await watched.close()


@on_dovecot
async def test_what_is_filed_while_its_folder_is_looked_at_is_not_taken_for_gone(world: World) -> None:
    """Intake asks what lies in Held, filing moves a mail in and writes it down: its place is known and stays known."""
    await world.settle_down()
    await world.arrives(written("carl@riverside.test", f"Please send the code of {A5}"))
    await world.intake.once()
    while await world.settling.once():
        pass
    await look(world, world.filing.once)

    assert len(await world.lying(HELD)) == 1
    assert [tuple(row) for row in world.rows("SELECT folder, gone FROM place ORDER BY id DESC LIMIT 1")] == [(HELD, 0)]


@on_dovecot
async def test_what_waits_at_start_is_kept_before_other_folders_are_looked_at(world: World) -> None:
    """A mail in the inbox does not wait until every folder that there is was looked through."""
    await world.arrives(written("carl@riverside.test", f"Please send the code of {A5}"))
    kept: list[int] = []

    async def count() -> None:
        kept.append(len(world.rows("SELECT id FROM mail")))

    await look(world, count)

    assert kept == [1]
