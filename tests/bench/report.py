"""The figures in words: the table, our aims and whether each was met, and the limits that were set."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.figures import Case, Drain, Exactness, Run, growth, percentile

LONG, SHORT = 10_000, 1_000
SLOW_MS = 20.0
BUSY_LOOK_MS = 40
LIMITS = (
    "SQLite with synchronous=FULL, marks around DATA, the whole gate, sealed content, the audit trail: all on",
    "Dovecot (Maildir, mail_fsync=never) and the listener on the same machine, over loopback",
    "codes and letters a day: lifted; connections: 16 (it ships with 3); everything else as it ships",
    f"IDLE: busy_look_ms = 0; busy mode: {BUSY_LOOK_MS}; all else as it ships",
    "naive: its first 300 mails with all waiting; floor: no gate, no sealing, no audit, no errors, one link",
    "with refusals a letter comes again after its minute, so that the run cannot take less than one",
)


@dataclass(frozen=True, slots=True)
class Aim:
    """Something to reach. `met` None: not measured in this run."""

    what: str
    aim: str
    found: str
    met: bool | None


def report(run: Run) -> str:
    """All of it, as Markdown."""
    return "\n".join((*_table(run), "", *_aims_table(aims(run)), "", "Limits set:", *(f"- {one}" for one in LIMITS)))


def _table(run: Run) -> Iterator[str]:
    yield "| waiting | round trip | who | mails/s | x naive | of floor | CPU s a 1,000 | peak MB | once / lost / twice |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for case in run.cases:
        for who, drain in (("ours", case.ours), ("naive", case.naive), ("floor", case.floor)):
            yield _row(case, who, drain)
    if run.refused:
        yield f"| {run.refused.mails:,} | 0 ms, 10% refused | ours | {run.refused.rate:.1f} | | | {_costs(run.refused)} |"
    for mode, latency in (("IDLE alone", run.latency), ("busy mode", run.busy)):
        if latency:
            p50, p99 = (latency.percentile_ms(percent) for percent in (50, 99))
            yield ""
            yield f"Delivery to answer, {mode} ({len(latency.waits_s)} mails): p50 {p50:.0f} ms, p99 {p99:.0f} ms"
    if run.inventory:
        yield ""
        yield (
            f"1,000 ids looked up in the midst of the import ({len(run.inventory.meanwhile_s)} times): "
            f"median {_median_ms(run.inventory.meanwhile_s):.1f} ms, worst {1000 * max(run.inventory.meanwhile_s):.1f} ms"
        )


def _row(case: Case, who: str, drain: Drain) -> str:
    ratios = f"{drain.rate / case.naive.rate:.1f} | {drain.rate / case.floor.rate:.0%}"
    return f"| {case.waiting:,} | {case.delay_ms:g} ms | {who} | {drain.rate:.1f} | {ratios} | {_costs(drain)} |"


def _costs(drain: Drain) -> str:
    exact = drain.exact
    return f"{drain.cpu_s_a_1000:.2f} | {drain.peak_mb:.0f} | {exact.once:,} / {exact.lost} / {exact.twice}"


def _aims_table(found: tuple[Aim, ...]) -> Iterator[str]:
    yield "| aim | first | found | met |"
    yield "|---|---|---|---|"
    for aim in found:
        met = "not measured" if aim.met is None else "yes" if aim.met else "NO"
        yield f"| {aim.what} | {aim.aim} | {aim.found} | {met} |"


def aims(run: Run) -> tuple[Aim, ...]:
    """Our first aims, each with what this run found."""
    cases = {(case.waiting, case.delay_ms): case for case in run.cases}
    few, many, slow = cases.get((SHORT, 0)), cases.get((LONG, 0)), cases.get((SHORT, SLOW_MS))
    return (
        _aim("10,000 waiting, times naive", "8", many and many.times_naive, at_least=8),
        _aim("10,000 waiting, share of the floor", "15%", many and 100 * many.share_of_floor, at_least=15, unit="%"),
        _aim("1,000 waiting, 20 ms, times naive", "40", slow and slow.times_naive, at_least=40),
        _aim("cost of a mail at 10,000 / at 1,000", "1.1", few and many and growth(few, many), at_most=1.1),
        _aim("CPU s a 1,000 mails, at the most waiting", "3", _widest(run, "cpu_s_a_1000"), at_most=3),
        _aim("delivery to answer, p50 ms (IDLE)", "600", run.latency and run.latency.percentile_ms(50), at_most=600),
        _aim("delivery to answer, p50 ms (busy mode)", "100", run.busy and run.busy.percentile_ms(50), at_most=100),
        _aim("memory of all processes, MB", "250", _widest(run, "peak_mb"), at_most=250),
        _aim("memory at 10,000 / at 1,000", "1.1", few and many and many.ours.peak_mb / few.ours.peak_mb, at_most=1.1),
        *_size_aims(run),
        _aim("10% refused: lost and twice", "0", _inexact(run.refused and run.refused.exact), at_most=0),
        _aim("all other runs: lost and twice", "0", _all_inexact(run), at_most=0),
    )


def _size_aims(run: Run) -> tuple[Aim, ...]:
    """Those of the size of the data. Every row names its size, for another size is another aim."""
    inventory, due, sheet, folder = run.inventory, run.due, run.sheet, run.folder
    rows, threads = f"{inventory.rows if inventory else 10_000_000:,}", f"{due.threads if due else 1_000_000:,}"
    devices, old = f"{sheet.devices if sheet else 50_000:,}", f"{folder.old if folder else 30_000:,}"
    flat = folder and run.latency and folder.found.peak_mb / run.latency.peak_mb
    return (
        _aim(
            f"import of {rows} devices, rows a second", "50,000", inventory and inventory.rows_a_second, at_least=50_000
        ),
        _aim(f"1,000 ids of {rows}, median ms", "50", inventory and _median_ms(inventory.after_s), at_most=50),
        _aim(f"{threads} open threads, which 500 are due, median ms", "20", due and _median_ms(due.took_s), at_most=20),
        _aim(f"{devices} devices in one sheet, answered, s", "20", sheet and sheet.took_s, at_most=20),
        _aim(f"{devices} devices in one sheet, memory, MB", "250", sheet and sheet.peak_mb, at_most=250),
        _aim(f"{old} in the folder, p50 ms", "600", folder and folder.found.percentile_ms(50), at_most=600),
        _aim(f"{old} in the folder, memory / with none", "1.1", flat, at_most=1.1),
    )


def _median_ms(took_s: tuple[float, ...]) -> float:
    return 1000 * percentile(took_s, 50)


def _widest(run: Run, figure: str) -> float | None:
    """Of the case with the most mails, without delay."""
    plain = [case for case in run.cases if not case.delay_ms]
    return getattr(max(plain, key=lambda case: case.waiting).ours, figure) if plain else None


def _inexact(exact: Exactness | None) -> float | None:
    return None if exact is None else float(exact.lost + exact.twice)


def _all_inexact(run: Run) -> float | None:
    """Lost and twice of all that was measured but the run with refusals."""
    ones = [case.ours.exact for case in run.cases]
    ones += [found.exact for found in (run.latency, run.busy, run.folder and run.folder.found) if found]
    return float(sum(one.lost + one.twice for one in ones)) if ones else None


def _aim(
    what: str,
    aim: str,
    found: float | None,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    unit: str = "",
) -> Aim:
    sign = "≥" if at_least is not None else "≤"
    if found is None:
        return Aim(what, f"{sign} {aim}", "-", None)
    met = found >= at_least if at_least is not None else at_most is not None and found <= at_most
    return Aim(what, f"{sign} {aim}", f"{_shown(found)}{unit}", met)


def _shown(found: float) -> str:
    """Three digits; a large number whole."""
    return f"{found:,.0f}" if found >= 1000 else f"{found:.3g}"
