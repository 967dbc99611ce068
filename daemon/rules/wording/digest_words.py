"""The digest in words: its pages out of the figures, and a Digest as its template gets it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from statistics import median
from types import MappingProxyType

from daemon.rules.asking.asking_news import how_it_stands
from daemon.rules.explain import cause
from daemon.rules.letters import Digest, Page
from daemon.rules.morning import Act, Answered, Morning
from daemon.rules.phrases import devices, number, plain, safe, sentence
from daemon.rules.team.standing import CODES, StandingKind, StandingOrder
from daemon.rules.thread import Outcome
from daemon.rules.wanting import WantState
from daemon.rules.wording import layout
from daemon.rules.wording.answer_words import Written
from daemon.rules.wording.layout import Bar, Chart, Column, Particulars, Set, Table

_WEEK = timedelta(days=7)
_SOON = timedelta(days=14)
"""Holidays are told so long before."""
MOST_ABOUT = 4
"""References named of what one member did alike."""
_DID: Mapping[str, str] = MappingProxyType(
    {
        "waits": "put off",
        "evidence-shown": "saw the evidence of",
        "code-kept": "gave the code of",
        "incident": "froze",
        "resumed": "let go again",
    }
)
"""What members did, where the audit trail's word for it does not read well."""
_TOLD_OTHERWISE = frozenset({"command-answered", "command-refused"})


def short(day: date) -> str:
    """Tue 3 Mar."""
    return f"{day:%a} {day.day} {day:%b}"


def things(some_devices: int, mails: int) -> str:
    """3 devices and 1 mail."""
    parts = [devices(some_devices)] if some_devices else []
    parts += [number(mails, "mail")] if mails else []
    return " and ".join(parts)


# Pages ──────────────────────────────────────────────────────────────────────────────────────────────


def news(morning: Morning) -> tuple[Page, ...]:
    """The pages that have something to say."""
    period = "yesterday" if morning.since == morning.today - timedelta(days=1) else f"since {short(morning.since)}"
    pages = (
        Page("Overdue", tuple(_overdue(morning))),
        Page("Due in the next seven days", rows=tuple(_due(morning))),
        Page("Held, and why", rows=tuple(_held(morning))),
        Page(f"Answered {period}", tuple(_answered(morning.answered))),
        Page("What we ask of others", rows=tuple(_sought(morning))),
        Page(f"What the team did {period}", tuple(_acts(morning.acts))),
        Page("In force", tuple(_in_force(morning))),
        Page(f"Worth knowing, {period}", tuple(_strange(morning))),
    )
    return tuple(page for page in pages if page.lines or page.rows)


def _overdue(morning: Morning) -> Iterator[str]:
    late = [day for day in morning.days if day.due < morning.today]
    if late:
        said = things(sum(day.devices for day in late), sum(day.mails for day in late))
        oldest = min(day.due for day in late)
        yield f"{said} past the due date, the oldest since {short(oldest)}"
        fresh = [day for day in late if day.due >= morning.since]
        if fresh:
            yield f"new since the last digest: {things(sum(d.devices for d in fresh), sum(d.mails for d in fresh))}"
    if morning.unseen:
        yield (
            f"{number(morning.unseen, 'answer')} to be given by hand, as the mode is observe: their date has passed, and "
            "we do not see what you send; CLOSE takes them off"
        )


def _due(morning: Morning) -> Iterator[tuple[str, ...]]:
    for day in morning.days:
        if morning.today <= day.due < morning.today + _WEEK:
            held = "" if not day.held else ", held" if day.held == day.devices else f", {day.held:,} of them held"
            both = [f"{devices(day.devices)}{held}"] if day.devices else []
            both += [f"{number(day.mails, 'mail')}, held"] if day.mails else []
            yield "Today" if day.due == morning.today else short(day.due), "; ".join(both)


def _held(morning: Morning) -> Iterator[tuple[str, ...]]:
    for one in sorted(morning.held, key=lambda one: (one.earliest, one.reason)):
        yield things(one.devices, one.mails), f"{cause(one.reason)}, the first due {short(one.earliest)}"
    if morning.put_off:
        yield f"{morning.put_off:,} of these", "put off by one of you (WAIT), so not under To do"


def _answered(answers: tuple[Answered, ...]) -> Iterator[str]:
    if not answers:
        return
    by_outcome = Counter(one.outcome for one in answers)
    kinds = ", ".join(f"{by_outcome[outcome]:,} {outcome}" for outcome in Outcome if by_outcome[outcome])
    yield f"{devices(len(answers))}: {kinds}"
    days = [one.working_days for one in answers]
    middle = f"{median(days):.1f}".removesuffix(".0")
    after = f"after {middle} working {'day' if middle == '1' else 'days'} (median), the slowest after {max(days)}"
    yield after if max(days) else "all on the day they were asked for"
    late = sum(one.late for one in answers)
    if late:
        yield f"{late:,} of them later than the due date"


_HEARD: Mapping[WantState, str] = MappingProxyType(
    {
        WantState.ANSWERED: "Codes came",
        WantState.CLOSED: "No code held",
        WantState.PROMISED: "Promised",
        WantState.QUERIED: "Faulty, asked again",
        WantState.MOVED_ON: "Not theirs",
        WantState.WITH_OPS: "Came to you",
    }
)


def _sought(morning: Morning) -> Iterator[tuple[str, ...]]:
    """What was answered to us, without a code; then how all of it stands."""
    for state in WantState:
        said = [f"{devices(one.devices)} by {one.party}" for one in morning.heard if one.state is state]
        if said:
            yield _HEARD.get(state, "Still late"), "; ".join(said)
    for one in morning.sought:
        yield devices(one.devices), f"{how_it_stands(one.state)}, {number(one.parties, 'supplier')}"


def _acts(acts: tuple[Act, ...]) -> Iterator[str]:
    """A line a member."""
    by_member: dict[str, dict[str, list[str]]] = {}
    for act in acts:
        if act.what not in _TOLD_OTHERWISE:
            by_member.setdefault(act.member, {}).setdefault(act.what, []).append(act.about)
    for member, done in by_member.items():
        yield f"{member}: {'; '.join(_did(what, about) for what, about in done.items())}"


def _did(what: str, about: list[str]) -> str:
    named = list(dict.fromkeys(one for one in about if one))
    more = [f"{len(named) - MOST_ABOUT} more"] if len(named) > MOST_ABOUT else []
    return " ".join(
        part for part in (_DID.get(what, what.replace("-", " ")), ", ".join(named[:MOST_ABOUT] + more)) if part
    )


def _in_force(morning: Morning) -> Iterator[str]:
    for order in morning.standing:
        if order.kind is StandingKind.HOLIDAY:
            day = date.fromisoformat(order.subject)
            if morning.today <= day <= morning.today + _SOON:
                yield f"{short(day)} is no working day: {safe(order.words)}"
        elif order.in_force(morning.today):
            yield _stands(order)


def _stands(order: StandingOrder) -> str:
    until = f" until {short(order.last)}" if order.last else ""
    why = f": {safe(order.words)}" if order.words else ""
    since = f"since {short(order.first)}, by {order.member}{why}"
    match order.kind:
        case StandingKind.PAUSE:
            what = {"": "all letters to suppliers", CODES: "all letters with codes"}.get(
                order.subject, f"letters to {order.subject}"
            )
            return f"Paused{until}: {what}, {since}; RESUME ends it"
        case StandingKind.INCIDENT:
            return f"Incident: {order.subject} is frozen {since}"
        case StandingKind.WAIVE:
            return f"Waived{until}: mail of {order.subject} counts with SPF alone, {since}"
        case _:
            return f"Away{until}: {order.subject}"


def _strange(morning: Morning) -> Iterator[str]:
    if morning.unproven_orders:
        yield (
            f"{number(morning.unproven_orders, 'order')} in the name of one of you, not proven and not obeyed; "
            "if it was you, write from your own address"
        )
    if morning.strangers:
        yield f"{number(morning.strangers, 'mail')} of unknown senders, left unanswered"


def service(morning: Morning) -> Page:
    """How the service itself is; always the last page."""
    how = f"All is well: {morning.health}" if morning.well else f"NOT WELL: {morning.health}"
    lists = (("Inventory", morning.inventory_on), ("contact list", morning.contacts_on))
    ages = ", ".join(f"{name} {_aged(taken, morning.today)}" for name, taken in lists)
    return Page("The service", (how, *morning.troubles, ages))


def _aged(taken: date | None, today: date) -> str:
    if taken is None:
        return "never imported"
    days = (today - taken).days
    age = f"{number(days, 'day')} old" if days else "today"
    return f"of {short(taken)} ({age})"


# For the template ───────────────────────────────────────────────────────────────────────────────────


def digest_words(content: Digest) -> Written:
    """The values of `digest.txt`."""
    sets: list[Set] = []

    def marked(one: Set | None) -> str:
        if one is None:
            return ""
        sets.append(one)
        return layout.mark(len(sets) - 1)

    values = {
        "headline": plain(content.headline),
        "nothing": content.nothing,
        "todo": marked(_todo(content)),
        "more": content.more,
        "chart": marked(_chart(content)),
        "open": sum(bar.held + bar.waiting for bar in content.bars),
        "pages": tuple(
            {"title": plain(page.title), "lines": tuple(map(_line, page.lines)), "table": marked(_table(page))}
            for page in content.pages
        ),
        "audit_seq": content.audit_seq,
        "audit_hash": plain(content.audit_hash),
    }
    return Written(values, tuple(sets))


def _line(words: str) -> str:
    """A sentence in which nothing is taken for a sign of the layout."""
    line = sentence(words).rstrip("\\")
    return line[:1].upper() + line[1:] if line.partition(" ")[0].isalpha() else line


def _todo(content: Digest) -> Particulars | None:
    rows = tuple((plain(one.by), tuple(_line(words) for words in (one.what, one.do) if words)) for one in content.todo)
    return Particulars(rows) if rows else None


def _chart(content: Digest) -> Chart | None:
    if not content.bars:
        return None
    *before, late = (Bar(plain(bar.label), bar.held, bar.waiting) for bar in content.bars)
    deadline = Bar(late.label, late.dark, late.light, f"the answer is due on working day {content.deadline}")
    return Chart((*before, deadline), dark="held: a person decides", light="waiting for its turn")


def _table(page: Page) -> Table | Particulars | None:
    """Without columns the first cell of a row names what the other says."""
    rows: Iterable[tuple[str, ...]] = (tuple(plain(cell) for cell in row) for row in page.rows)
    if not page.rows:
        return None
    if not page.columns:
        return Particulars(tuple((row[0], row[1:]) for row in rows))
    return Table(tuple(Column(plain(title)) for title in page.columns), tuple(rows))
