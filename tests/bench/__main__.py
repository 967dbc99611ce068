"""`make bench`: measure, print the table of our aims, and say which were met. See --help."""

import argparse
import json
import subprocess
import sys

from tests.bench import data, mails, ours, rivals
from tests.bench.figures import Case, Drain, Latency, Run
from tests.bench.report import BUSY_LOOK_MS, report
from tests.bench.world import ROOT, Line, World, world

NAIVE_MAILS = 300
"""The naive loop answers its first 300 with all waiting: what a mail costs it hardly changes later."""
REFUSE_EVERY = 10


def rival(name: str, place: World, waiting: int, count: int) -> Drain:
    """What a rival takes for the first `count` of so many waiting mails."""
    place.fill(waiting)
    rivals.prepare(place.folder, waiting * mails.DEVICES_A_MAIL)
    arguments = [name, count, place.folder, place.imap_port, place.smtp_port]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.rivals", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        timeout=3600,
    )
    found = json.loads(done.stdout)
    return Drain(count, **found, exact=ours.exactness(place, range(count)))


def case(waiting: int, delay_ms: float) -> Case:
    """One backlog over one line, by all three, one after the other."""
    line = Line(delay_ms=delay_ms / 2)
    with world(line) as place:
        least = rival("floor", place, waiting, waiting)
    with world(line) as place:
        naive = rival("naive", place, waiting, min(NAIVE_MAILS, waiting))
    with world(line) as place:
        mine = ours.drain(place, waiting)
    return Case(waiting, delay_ms, mine, naive, least)


PARTS = ("mails", "slow", "latency", "refused", "inventory", "threads", "sheet", "folder")


def wishes(argv: list[str]) -> argparse.Namespace:
    """What is to be measured."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=" ".join(PARTS))
    parser.add_argument("--mails", type=int, nargs="+", default=[1000, 10_000], help="backlogs without delay")
    parser.add_argument("--slow", type=int, default=1000, help="backlog over a line of 20 ms; 0: none")
    parser.add_argument("--latency", type=int, default=50, help="mails that come one by one; 0: none")
    parser.add_argument("--refused", type=int, default=500, help="backlog with every tenth refused at first; 0: none")
    parser.add_argument("--inventory", type=int, default=1_000_000, help="devices to import (10000000); 0: none")
    parser.add_argument("--threads", type=int, default=1_000_000, help="open threads; 0: none")
    parser.add_argument("--sheet", type=int, default=50_000, help="devices in one sheet; 0: none")
    parser.add_argument("--folder", type=int, default=30_000, help="mails in one folder; 0: none")
    wish = parser.parse_args(argv)
    for part in set(PARTS) - set(wish.only):
        setattr(wish, part, [] if part == "mails" else 0)
    return wish


def measure(wish: argparse.Namespace) -> Run:
    """All that was wished for, one thing at a time."""
    cases = [case(waiting, 0) for waiting in wish.mails]
    cases += [case(wish.slow, 20)] if wish.slow else []
    return Run(
        tuple(cases),
        latency=_latency(wish.latency, 0) if wish.latency else None,
        busy=_latency(wish.latency, BUSY_LOOK_MS) if wish.latency else None,
        refused=_refused(wish.refused) if wish.refused else None,
        inventory=data.large_inventory(wish.inventory) if wish.inventory else None,
        due=data.many_threads(wish.threads) if wish.threads else None,
        sheet=data.large_sheet(wish.sheet) if wish.sheet else None,
        folder=data.full_folder(wish.folder) if wish.folder else None,
    )


def _latency(count: int, busy_look_ms: int) -> Latency:
    with world(Line()) as place:
        return ours.latency(place, count, busy_look_ms)


def _refused(count: int) -> Drain:
    with world(Line(refuse_every=REFUSE_EVERY)) as place:
        return ours.drain(place, count, tick_seconds=1)


def main() -> None:
    """Measure and report."""
    sys.stdout.write(report(measure(wishes(sys.argv[1:]))) + "\n")


if __name__ == "__main__":
    main()
