"""`status` in 80 columns: what matters first, nothing that a person need not know."""

import textwrap
from collections.abc import Iterator, Mapping

from daemon.console.checking import age
from daemon.report import Holding, Overview
from daemon.rules.phrases import number

WIDTH = 80
MOST = 10
_INDENT = "    "


def as_text(picture: Overview) -> str:
    """The whole picture for a terminal."""
    return "\n".join(line.rstrip() for line in _lines(picture))


def _lines(picture: Overview) -> Iterator[str]:
    modes = "".join(f"; {party}: {mode}" for party, mode in picture.modes_by_party.items())
    yield from _wrapped(f"Mode {picture.mode}{modes}. {_held_by(picture)} {_last_round(picture)}")
    if _at_work(picture) and picture.working_mode not in ("", picture.mode):
        yield from _wrapped(f"NOTE: it works in mode {picture.working_mode} until `run` is started anew.")
    for name, trouble in picture.troubles.items():
        yield from _wrapped(f"TROUBLE {name}: {trouble}")
    if picture.letters_lost:
        yield from _wrapped(f"TROUBLE {picture.letters_lost} letters to our own team reached nobody.")
    yield ""
    yield from _table(picture)
    yield ""
    yield from _holds(picture)
    if picture.threads:
        yield ""
        yield from _threads(picture)
    if picture.inquiries:
        yield ""
        yield from _inquiries(picture)


def _held_by(picture: Overview) -> str:
    if not picture.holder or picture.lease_until is None:
        return "No instance ever ran."
    return f"{picture.holder} {'holds' if _at_work(picture) else 'last held'} the mailbox."


def _at_work(picture: Overview) -> bool:
    return picture.lease_until is not None and picture.lease_until > picture.at


def _last_round(picture: Overview) -> str:
    return f"Last full round {age(picture.at, picture.last_round)} ago." if picture.last_round else "No full round yet."


def _table(picture: Overview) -> Iterator[str]:
    yield f"Threads   {picture.threads_open:,} open"
    yield from _counts("Devices", picture.items)
    if picture.wanted:
        yield from _counts("We ask", picture.wanted)
    yield from _counts("Mail", picture.mails)
    yield from _counts("Letters", picture.letters)
    yield from _counts("Today", picture.today)
    for what, since in (("mail not settled", picture.oldest_unsettled), ("letter not sent", picture.oldest_unsent)):
        if since is not None:
            yield f"          oldest {what}: {age(picture.at, since)} old"
    if picture.before_start:
        yield f"          {number(picture.before_start, 'mail')} from before the start, left alone"
    if picture.uid_gaps:
        yield f"          {number(picture.uid_gaps, 'place')} of the mailbox found empty: moved or erased before we looked"


def _counts(title: str, counts: Mapping[str, int]) -> Iterator[str]:
    text = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "none"
    yield from textwrap.wrap(f"{title:9} {text}", WIDTH, subsequent_indent=" " * 10)


def _holds(picture: Overview) -> Iterator[str]:
    if not picture.holds:
        yield "Held      nothing"
        return
    untold = f", ops not told yet of {picture.holds_untold:,}" if picture.holds_untold else ""
    breached = f", {picture.breached:,} PAST THEIR DUE DATE" if picture.breached else ""
    yield f"Held      {picture.holds:,}{breached}{untold}"
    explained: set[str] = set()
    for hold in picture.holdings[:MOST]:
        yield from _hold(hold)
        if hold.reason not in explained:
            yield from _wrapped(f"{hold.why} {hold.next_step}", _INDENT)
        explained.add(hold.reason)
    if len(picture.holdings) > MOST:
        yield f"  and {len(picture.holdings) - MOST} more; --json shows them"


def _hold(hold: Holding) -> Iterator[str]:
    late = " OVERDUE" if hold.overdue else ""
    yield from _wrapped(
        f"  {hold.name:12} due {hold.due:%a %d %b %Y}{late}  {hold.party or hold.sender or 'nobody known'}"
    )
    yield from _wrapped(hold.what, _INDENT)


def _threads(picture: Overview) -> Iterator[str]:
    yield "Open      due              held  pending  answered  party"
    for thread in picture.threads[:MOST]:
        line = f"  {thread.reference:12} {thread.due:%a %d %b %Y} {thread.held:6} {thread.pending:8} {thread.answered:9}  {thread.party}"
        yield line[:WIDTH]
    if picture.threads_open > MOST:
        yield f"  and {picture.threads_open - MOST:,} more"


def _inquiries(picture: Overview) -> Iterator[str]:
    yield "We ask    due             devices  state            supplier"
    for one in picture.inquiries[:MOST]:
        due = f"{one.due:%a %d %b %Y}" if one.due else "not asked yet"
        yield f"  {one.reference:12} {due:15} {one.devices:7}  {one.state:15}  {one.party}"[:WIDTH]
    if len(picture.inquiries) > MOST:
        yield f"  and {len(picture.inquiries) - MOST:,} more; --json shows them"


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent or _INDENT, break_on_hyphens=False
    )
