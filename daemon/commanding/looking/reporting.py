"""REPORT: the last thirty days in figures."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from statistics import median

from daemon.commanding.asking.inquiries import standing
from daemon.commanding.desk import OpsDesk
from daemon.commanding.pages import Row, present
from daemon.edge import wants
from daemon.edge.outbox import LetterState
from daemon.edge.threads import holds
from daemon.edge.views import figures, morning
from daemon.rules.asking.asking_news import how_it_stands
from daemon.rules.commands.orders import Report
from daemon.rules.explain import cause
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import Answer, LetterPlan, Page
from daemon.rules.phrases import day, number, things
from daemon.rules.reasons import Reason
from daemon.rules.thread import Outcome
from daemon.rules.wanting import Want, WantState
from daemon.rules.workdays import LONDON, Calendar, local_day

DAYS = 30
_NOT_TAKEN = (LetterState.REJECTED, LetterState.UNKNOWN, LetterState.HELD)
_WORDS = {
    LetterState.REJECTED: "refused by the relay",
    LetterState.UNKNOWN: "nobody can say whether they arrived",
    LetterState.HELD: "held back",
}


def report(desk: OpsDesk, _: Report) -> str:
    """What came, what was answered and how fast, what was held, which codes left us; what we asked of others."""
    first = desk.today - timedelta(days=DAYS - 1)
    since = datetime.combine(first, datetime.min.time(), LONDON)
    title = f"The last {DAYS} days: {day(first)} to {day(desk.today)}"
    desk.pages += [
        Page(title, rows=_answering(desk, since)),
        *_asking(desk, since),
        *_table("Mail, by what became of it", ("Mails", "What"), _mails(figures.mails_since(desk.connection, first))),
        *_table("Codes sent", ("Codes", "To"), _counted(figures.released_since(desk.connection, first))),
        *_table("What our team did", ("Times", "What"), _counted(_done(desk, since))),
    ]
    return f"the figures of the last {DAYS} days are shown below"


def _table(title: str, columns: tuple[str, str], rows: tuple[Row, ...]) -> list[Page]:
    return [Page(title, (), columns, rows)] if rows else []


def _counted(counts: Mapping[str, int]) -> tuple[Row, ...]:
    return tuple((f"{count:,}", name) for name, count in counts.items())


def _mails(by_reason: Mapping[str, int]) -> tuple[Row, ...]:
    most_first = sorted(by_reason.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple((f"{count:,}", cause(Reason(reason))) for reason, count in most_first)


def _done(desk: OpsDesk, since: datetime) -> dict[str, int]:
    return {what.replace("-", " "): times for what, times in figures.ordered_since(desk.connection, since).items()}


# Answering ──────────────────────────────────────────────────────────────────────────────────────────


def _answering(desk: OpsDesk, since: datetime) -> tuple[Row, ...]:
    requests, asked = figures.asked_since(desk.connection, since)
    answers = figures.answers_since(desk.connection, since)
    outcomes, first_answers = _outcomes(answers), _first_answers(answers)
    clocks = figures.clocks(desk.connection, [case for case, _ in first_answers])
    late = sum(answered > clocks[key][1] for key, answered in first_answers.items() if key in clocks)
    overdue = figures.open_between(desk.connection, date.min, desk.today - timedelta(days=1))
    held = holds.counts(desk.connection, desk.today)
    new = figures.held_since(desk.connection, since)
    return present(
        (
            ("Requests", f"{requests:,}, for {number(asked, 'device')}"),
            ("Answered", *(f"{count:,} {outcome}" for outcome, count in outcomes), "" if outcomes else "none"),
            ("Time taken", *_time_taken(desk, first_answers, clocks)),
            ("Too late", f"{number(late, 'device')} answered after {'its' if late == 1 else 'their'} due date" if late else "none answered"),
            ("Overdue", f"{number(overdue, 'device')} still open" if overdue else "none open"),
            ("Held now", things(held.held) if held.held else "nothing", f"{number(new, 'device')} held within these days" if new else ""),
            ("Letters", *_letters(desk, since)),
        )
    )  # fmt: skip


def _outcomes(answers: list[tuple[LetterPlan, datetime]]) -> list[tuple[Outcome, int]]:
    """Devices by what was said of them; what is only put off is no answer."""
    counts: Counter[Outcome] = Counter(
        row.outcome
        for plan, _ in answers
        if isinstance(plan.content, Answer)
        for row in plan.content.rows
        if row.outcome is not Outcome.PENDING
    )
    return [(outcome, counts[outcome]) for outcome in Outcome if counts[outcome]]


def _first_answers(answers: list[tuple[LetterPlan, datetime]]) -> dict[tuple[str, DeviceId], date]:
    """The London day on which each device of a case was first answered; repeats left out."""
    found: dict[tuple[str, DeviceId], date] = {}
    for plan, sent in answers:
        if isinstance(plan.content, Answer) and not plan.content.repeat:
            for row in plan.content.rows:
                if row.outcome is not Outcome.PENDING:
                    found.setdefault((plan.case_id, row.device_id), local_day(sent))
    return found


def _time_taken(
    desk: OpsDesk,
    answered: Mapping[tuple[str, DeviceId], date],
    clocks: Mapping[tuple[str, DeviceId], tuple[date, date]],
) -> tuple[str, ...]:
    calendar = Calendar.of(desk.parts.policy)
    spans = Counter((clocks[key][0], on) for key, on in answered.items() if key in clocks)
    return _spans_in_words(calendar, spans)


def _spans_in_words(calendar: Calendar, spans: Mapping[tuple[date, date], int]) -> tuple[str, ...]:
    """`spans`: from which day to which, and of how many devices."""
    days = [taken for (start, on), n in spans.items() for taken in [calendar.working_days_between(start, on)] * n]
    if not days:
        return ()
    return (f"half within {_working_days(median(days))}, all within {_working_days(max(days))}",)


def _working_days(days: float) -> str:
    """1 working day, 2.5 working days."""
    return f"{days:g} working day{'' if days == 1 else 's'}"


def _letters(desk: OpsDesk, since: datetime) -> tuple[str, ...]:
    counts = figures.letters_since(desk.connection, since)
    sent = counts.get((True, LetterState.ACCEPTED), 0)
    bad = (f"{counts[True, state]:,} {_WORDS[state]}" for state in _NOT_TAKEN if counts.get((True, state)))
    return (f"{sent:,} sent to suppliers", *bad)


# Asking ─────────────────────────────────────────────────────────────────────────────────────────────


def _asking(desk: OpsDesk, since: datetime) -> list[Page]:
    """What we asked of others and what came of it; nothing where we never asked."""
    ordered = figures.wanted_since(desk.connection, since)
    inquiries, parties = figures.inquiries_since(desk.connection, since)
    codes = wants.answered_since(desk.connection, since)
    rows = (
        ("Ordered", number(ordered, "device") if ordered else ""),
        ("Asked", f"{number(inquiries, 'request')} to {number(parties, 'supplier')}" if inquiries else ""),
        ("Codes came", f"for {number(len(codes), 'device')}" if codes else "", *_time_they_took(desk, codes)),
        ("Else heard", *_other_answers(desk, since)),
        ("Open now", *standing(desk)[1:]),
    )
    shown = present(rows)
    return [Page("What we asked of others", rows=shown)] if shown else []


def _time_they_took(desk: OpsDesk, codes: Iterable[Want]) -> tuple[str, ...]:
    """From the letter in which the supplier that answered was asked."""
    spans = Counter((local_day(w.asked[-1].at), local_day(w.answered_at)) for w in codes if w.asked and w.answered_at)
    return _spans_in_words(Calendar.of(desk.parts.policy), spans)


def _other_answers(desk: OpsDesk, since: datetime) -> tuple[str, ...]:
    """Devices by what answers without a code made of them."""
    days = morning.trail(desk.connection, local_day(since), desk.today + timedelta(days=1))
    counts: Counter[WantState] = Counter()
    for heard in morning.heard(desk.connection, days):
        counts[heard.state] += heard.devices
    del counts[WantState.ANSWERED]
    return tuple(f"{number(counts[state], 'device')} {how_it_stands(state)}" for state in WantState if counts[state])
