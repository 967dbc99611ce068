"""The daemon as the first process of its namespace, as in a container: a signal that it does not handle is lost there."""

import os
from pathlib import Path

from tests.whole.conftest import Make
from tests.whole.process import children
from tests.whole.story import morning, now

OWN_NAMESPACE = ("unshare", "--pid", "--fork", *(() if os.geteuid() == 0 else ("--map-root-user",)))


def test_it_works_and_ends_well_as_the_first_process(on_sqlite: Make) -> None:
    """Mail is answered, SIGTERM ends it, and none of its readers is left."""
    world = on_sqlite()
    world.deliver(morning(world.address, now())[0].raw)
    with world.under(*OWN_NAMESPACE) as first:
        names = Path(f"/proc/{first}/status").read_text("utf-8").split("NSpid:")[1].splitlines()[0].split()
        assert names == [str(first), "1"]
        readers = children(first)
        assert readers
    assert '"event": "stopped"' in world.said()
    assert [row["state"] for row in world.rows("SELECT state FROM letter")] == ["accepted"]
    assert not any(Path(f"/proc/{reader}").exists() for reader in readers)
