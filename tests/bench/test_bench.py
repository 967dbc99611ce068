"""The bench itself: its arithmetic on a canned run, its listener and its rivals, and that each mail is answered once."""

import pytest

from tests.bench import mails, ours
from tests.bench.__main__ import rival, wishes
from tests.bench.data import full_folder, large_inventory, large_sheet, many_threads
from tests.bench.far import Refusals, answered
from tests.bench.figures import Case, Drain, Due, Exactness, Folder, Inventory, Latency, Run, Sheet, growth, percentile
from tests.bench.report import aims, report
from tests.bench.world import Line, world

EXACT = Exactness(once=1, lost=0, twice=0)


def drain(count: int, took_s: float, cpu_s: float = 1.0, mb: float = 100.0, exact: Exactness = EXACT) -> Drain:
    """A measured drain."""
    return Drain(count, took_s, cpu_s, mb, exact)


CANNED = Run(
    cases=(
        Case(1_000, 0, ours=drain(1_000, 4), naive=drain(300, 3), floor=drain(1_000, 0.5)),
        Case(10_000, 0, ours=drain(10_000, 50, 25, 240), naive=drain(300, 15), floor=drain(10_000, 5)),
        Case(1_000, 20, ours=drain(1_000, 5), naive=drain(300, 60), floor=drain(1_000, 2)),
    ),
    latency=Latency(tuple(n / 1000 for n in range(1, 101)), EXACT, peak_mb=200),
    busy=Latency((0.07, 0.11, 0.2), EXACT, peak_mb=200),
    refused=drain(500, 70, exact=Exactness(once=499, lost=1, twice=0)),
    inventory=Inventory(10_000_000, took_s=100, meanwhile_s=(0.002, 0.003, 0.08), after_s=(0.004, 0.06, 0.005)),
    due=Due(1_000_000, took_s=(0.019, 0.021, 0.5)),
    sheet=Sheet(50_000, took_s=19, peak_mb=251),
    folder=Folder(30_000, Latency((0.5, 0.7), EXACT, peak_mb=230)),
)


def test_rates_and_ratios() -> None:
    """Mails a second, times naive, share of the floor, CPU for a thousand, and how cost grows with the backlog."""
    few, many, slow = CANNED.cases

    assert many.ours.rate == 200
    assert many.times_naive == 10
    assert many.share_of_floor == 0.1
    assert many.ours.cpu_s_a_1000 == 2.5
    assert growth(few, many) == 1.25
    assert slow.times_naive == 40


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (100, 100), (1, 1), (0, 1)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, value: float) -> None:
    """Nearest rank, also at both ends."""
    assert percentile(list(range(100, 0, -1)), percent) == value


def test_each_aim_is_met_missed_or_not_measured() -> None:
    """The canned run meets some of the first aims and misses others; what was not run is not called met."""
    found = {aim.what: aim.met for aim in aims(CANNED)}

    assert found == {
        "10,000 waiting, times naive": True,
        "10,000 waiting, share of the floor": False,
        "1,000 waiting, 20 ms, times naive": True,
        "cost of a mail at 10,000 / at 1,000": False,
        "CPU s a 1,000 mails, at the most waiting": True,
        "delivery to answer, p50 ms (IDLE)": True,
        "delivery to answer, p50 ms (busy mode)": False,
        "memory of all processes, MB": True,
        "memory at 10,000 / at 1,000": False,
        "import of 10,000,000 devices, rows a second": True,
        "1,000 ids of 10,000,000, median ms": True,
        "1,000,000 open threads, which 500 are due, median ms": False,
        "50,000 devices in one sheet, answered, s": True,
        "50,000 devices in one sheet, memory, MB": False,
        "30,000 in the folder, p50 ms": True,
        "30,000 in the folder, memory / with none": False,
        "10% refused: lost and twice": False,
        "all other runs: lost and twice": True,
    }
    assert {aim.met for aim in aims(Run(CANNED.cases[:1])) if aim.what.startswith(("10,000", "10%", "50,000"))} == {
        None
    }
    assert {aim.met for aim in aims(Run())} == {None}
    assert [aim.what for aim in aims(Run())] == [aim.what for aim in aims(CANNED)]


def test_mails_of_every_run_count() -> None:
    """What was lost where single mails came counts as what was lost of a backlog."""
    run = Run(CANNED.cases, folder=Folder(30_000, Latency((0.5,), Exactness(once=18, lost=2, twice=1))))

    assert [aim.found for aim in aims(run) if aim.what.startswith("all other")] == ["3"]


def test_the_report_shows_the_table_the_aims_and_the_limits() -> None:
    """A row for each of the three in each case, with ratios; the latency; every aim; what was set."""
    text = report(CANNED)

    assert "| 10,000 | 0 ms | ours | 200.0 | 10.0 | 10% | 2.50 | 240 | 1 / 0 / 0 |" in text
    assert "| 1,000 | 20 ms | naive | 5.0 | 1.0 | 1% | 3.33 | 100 | 1 / 0 / 0 |" in text
    assert "IDLE alone (100 mails): p50 50 ms, p99 99 ms" in text
    assert "busy mode (3 mails): p50 110 ms, p99 200 ms" in text
    assert "| 10,000 waiting, share of the floor | ≥ 15% | 10% | NO |" in text
    assert "| import of 10,000,000 devices, rows a second | ≥ 50,000 | 100,000 | yes |" in text
    assert "| 1,000,000 open threads, which 500 are due, median ms | ≤ 20 | 21 | NO |" in text
    assert "in the midst of the import (3 times): median 3.0 ms, worst 80.0 ms" in text
    assert "- codes and letters a day: lifted" in text


def test_a_letter_is_known_by_the_mail_that_it_answers() -> None:
    """The listener reads In-Reply-To from the header alone."""
    head = b"From: <a@b.test>\r\nIn-Reply-To: <request-3@p03.test>\r\n\tmore: x\r\n\r\nIn-Reply-To: <other@b.test>\r\n"

    assert answered(head) == "<request-3@p03.test>"
    assert not answered(b"From: <a@b.test>\r\n\r\nIn-Reply-To: <other@b.test>")


def test_every_so_many_letters_are_refused_once() -> None:
    """Of new letters each third at its first try; never at its second."""
    refusals = Refusals(3)

    assert [refusals.refuse(name) for name in ("a", "b", "c", "c", "d", "e", "f", "f")] == [
        False, False, True, False, False, False, True, False,
    ]  # fmt: skip


def test_mails_weigh_what_was_agreed() -> None:
    """6 KB, ten Device IDs that no other mail has, in text and HTML."""
    raws = [mails.request(number, ours.now()) for number in (0, 7)]

    assert all(6_000 < len(raw) < 6_800 for raw in raws)
    assert [sum(raw.count(device.encode()) for device in mails.devices_of(7)) for raw in raws] == [0, 20]


@pytest.mark.parametrize("name", ["naive", "floor"])
def test_a_rival_answers_what_it_is_told_to(name: str) -> None:
    """The first mails that wait, each once; its figures are those of a process that worked."""
    with world(Line()) as place:
        done = rival(name, place, waiting=20, count=12)

        assert done.exact == Exactness(once=12, lost=0, twice=0)
        assert done.mails == 12
        assert done.took_s > 0
        assert done.cpu_s > 0


def test_every_mail_of_a_run_is_answered_exactly_once() -> None:
    """The daemon as it ships drains its backlog over a slow line, and every letter is what a mail asked for."""
    with world(Line(delay_ms=1)) as place:
        done = ours.drain(place, 50)

        assert done.exact == Exactness(once=50, lost=0, twice=0)
        assert not place.waiting()
        assert done.cpu_s > 0
        assert done.peak_mb > 0


def test_an_answer_that_misses_or_comes_twice_is_seen() -> None:
    """Lost, once and twice are told from what the listener took."""
    with world(Line()) as place:
        lines = [f"1.0\tann@{mails.party(n)}.test\t{mails.message_id(n)}\n" for n in (0, 1, 1)]
        place.letters_file.write_text("".join(lines), "utf-8")

        assert ours.exactness(place, range(3)) == Exactness(once=2, lost=1, twice=1)


def test_what_is_measured_can_be_chosen() -> None:
    """All of it; in other sizes; or a part alone."""
    all_of_it, sized, part = wishes([]), wishes(["--mails", "1000", "--slow", "0"]), wishes(["--only", "sheet"])

    assert (all_of_it.mails, all_of_it.slow, all_of_it.sheet) == ([1000, 10_000], 1000, 50_000)
    assert (sized.mails, sized.slow, sized.latency) == ([1000], 0, 50)
    assert (part.mails, part.latency, part.threads, part.sheet) == ([], 0, 0, 50_000)


def test_an_import_is_measured_while_the_daemon_runs() -> None:
    """Look-ups in the midst of it and after it."""
    inventory = large_inventory(2_000)

    assert inventory.took_s > 0
    assert inventory.meanwhile_s
    assert len(inventory.after_s) == 20


def test_what_is_due_is_looked_for_among_many() -> None:
    """The few that are due are found each time."""
    assert len(many_threads(1_000).took_s) == 11


def test_a_sheet_is_answered_and_its_memory_seen() -> None:
    """From delivery to answer, by the daemon as it ships."""
    sheet = large_sheet(40)

    assert sheet.took_s > 0
    assert sheet.peak_mb > 50


def test_mail_is_answered_beside_a_full_folder() -> None:
    """What lay there before the start is left alone."""
    folder = full_folder(30, new=1)

    assert folder.found.exact == Exactness(once=1, lost=0, twice=0)
    assert folder.found.peak_mb > 50
