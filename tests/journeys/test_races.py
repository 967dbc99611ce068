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
        if folder == HELD and since is not None:  # the last of its questions
            await self.meanwhile()
        return answer


@on_dovecot
async def test_what_is_filed_while_its_folder_is_looked_at_is_not_taken_for_gone(world: World) -> None:
    """Intake asks what lies in Held, filing moves a mail in and writes it down: its place is known and stays known."""
    await world.settle_down()
    await world.arrives(written("carl@riverside.test", f"Please send the code of {A5}"))
    await world.intake.once()
    while await world.settling.once():
        pass
    box = world.parts.settings.mailbox
    watched = Watched(Account(box.host, box.port, box.security, box.username or "", box.secret), box.max_mail_bytes)
    watched.meanwhile = world.filing.once
    await Intake(world.parts, watched).once()
    await watched.close()

    assert len(await world.lying(HELD)) == 1
    assert [tuple(row) for row in world.rows("SELECT folder, gone FROM place ORDER BY id DESC LIMIT 1")] == [(HELD, 0)]
