"""From what is ordered to letters: who is asked now, in which letter, what is handed over. Values in, values out.

Orders are gathered: one letter a party and sending time. What a party was asked for once it is never asked for again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from daemon.mail.message import MarkedKind
from daemon.rules import counterparties
from daemon.rules.asking import ladder, routing
from daemon.rules.asking.routing import Book, Mail, NoAddress, Portal
from daemon.rules.asking.subjects import asking_subject
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import AskedRow, Asking, LetterKind, LetterPlan, Result, ResultRow
from daemon.rules.overdue import OFFICE_UNTIL
from daemon.rules.policy import Contact, Counterparty, Mode, Policy, Role
from daemon.rules.thread import Outcome
from daemon.rules.wanting import Inquiry, Want, WantEvent, WantState
from daemon.rules.workdays import LONDON, Calendar, local_day

# When ───────────────────────────────────────────────────────────────────────────────────────────────


def is_sending_day(day: date, policy: Policy) -> bool:
    """A working day here and, by the more lenient calendar, at whoever is written to."""
    return Calendar.of(policy).is_working_day(day) and routing.chase_calendar(policy).is_working_day(day)


def sending_time(now: datetime, policy: Policy) -> datetime | None:
    """Today's sending time, where it has come and the day's office hours are not over; None: nothing goes now."""
    at = datetime.combine(local_day(now), policy.ask_at, LONDON)
    late = now.astimezone(LONDON).time() >= max(OFFICE_UNTIL, (at + timedelta(minutes=30)).time())
    return at if is_sending_day(local_day(now), policy) and now >= at and not late else None


def next_sending(now: datetime, policy: Policy) -> datetime:
    """When an order of this moment goes out."""
    at = datetime.combine(local_day(now), policy.ask_at, LONDON)
    while at < now or not is_sending_day(at.date(), policy):
        at = datetime.combine(at.date() + timedelta(days=1), policy.ask_at, LONDON)
    return at


# Whom ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ToAsk:
    """One party, the listed address that is written to, and for which devices."""

    party: Counterparty
    to: str
    wants: tuple[Want, ...]


@dataclass(frozen=True, slots=True)
class ByHand:
    """A party that takes requests on a web page of its own: our team asks there."""

    party: Counterparty
    contact: Contact
    wants: tuple[Want, ...]


@dataclass(frozen=True, slots=True)
class Unreached:
    """Nobody can be written to for these. `listed`: the party is, and has no address in force."""

    party: str
    listed: bool
    wants: tuple[Want, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """What one look at the orders leads to. Wants of `letters` and `by_hand` as they were, the others as they are then."""

    letters: tuple[ToAsk, ...] = ()
    by_hand: tuple[ByHand, ...] = ()
    unreached: tuple[Unreached, ...] = ()
    """That our team was not told of yet."""
    circles: tuple[Want, ...] = ()
    """With our team: their next party was asked before, under whatever name."""


@dataclass(slots=True)
class _Sorting:
    """What is found so far."""

    letters: list[ToAsk] = field(default_factory=list)
    by_hand: list[ByHand] = field(default_factory=list)
    unreached: list[Unreached] = field(default_factory=list)
    circles: list[Want] = field(default_factory=list)


def sorted_out(
    wants: Iterable[Want],
    book: Book,
    now: datetime,
    policy: Policy,
    *,
    asked_today: Collection[str] = (),
    dead: Collection[str] = (),
) -> Round:
    """Who is asked now. REQUEST NOW goes at once, to its next party in office hours; the rest at its sending time, what
    was ordered before it.

    A party that is paused, or for which the mode sends nothing, is not asked: its devices stay as they are.
    `asked_today`: parties that had the letter of this sending time. `dead`: addresses whose mail comes back.
    """
    at, found = sending_time(now, policy), _Sorting()
    by_party: dict[str, list[Want]] = {}
    for want in wants:
        if _at_once(want, now, policy) or (
            at is not None and (want.state is not WantState.ORDERED or want.ordered_at <= at)
        ):
            by_party.setdefault(want.party, []).append(want)
    merged: dict[str, list[Want]] = {}
    for name, theirs in by_party.items():
        party = counterparties.resolve(name, book)
        if party is None:
            found.unreached += _unreached(name, theirs, listed=False)
        else:
            merged.setdefault(party.party, []).extend(theirs)
    for party in book:
        if party.party in merged and not _is_quiet(party.party, policy):
            theirs = [w for w in merged[party.party] if w.urgent or party.party not in asked_today]
            _sort_party(party, theirs, book, now, dead, found)
    return Round(tuple(found.letters), tuple(found.by_hand), tuple(found.unreached), tuple(found.circles))


def _at_once(want: Want, now: datetime, policy: Policy) -> bool:
    """REQUEST NOW is a person's word, and goes at any hour; to its next party it goes in office hours."""
    return want.urgent and (want.state is WantState.ORDERED or ladder.may_chase(now, policy))


def _is_quiet(party: str, policy: Policy) -> bool:
    return policy.is_paused(party) or policy.mode_for(party) is Mode.OBSERVE


def _sort_party(  # noqa: PLR0917  # a step of `sorted_out`
    party: Counterparty, wants: list[Want], book: Book, now: datetime, dead: Collection[str], found: _Sorting
) -> None:
    again = [w for w in wants if any(counterparties.resolve(a.party, book) == party for a in w.asked)]
    circle = f"its next party would be {party.party}, which was asked before"
    found.circles += [w.move(WantEvent.HAND_OVER, reason=circle) for w in again]
    fresh = tuple(w for w in wants if w not in again) if again else tuple(wants)
    if not fresh:
        return
    match routing.address(party, now, dead=dead):
        case Mail(to):
            found.letters.append(ToAsk(party, to, fresh))
        case Portal(contact):
            found.by_hand.append(ByHand(party, contact, fresh))
        case NoAddress():
            found.unreached += _unreached(party.party, fresh, listed=True)


def _unreached(party: str, wants: Iterable[Want], *, listed: bool) -> list[Unreached]:
    """Those that wait from now on; whoever waited already was told of."""
    news = [w.move(WantEvent.NO_CONTACT) for w in wants if w.state is not WantState.WAITING_CONTACT]
    return [Unreached(party, listed, tuple(news))] if news else []


# Letters ────────────────────────────────────────────────────────────────────────────────────────────


def request(inquiry: Inquiry, wants: Sequence[Want]) -> LetterPlan:
    """The letter that asks for `wants`, each as it is once asked."""
    expected = min(want.due.end for want in wants if want.due)
    asking = Asking(tuple(AskedRow(want.device_id) for want in wants), expected=expected)
    return _plan(inquiry, LetterKind.REQUEST, asking, inquiry.to, MarkedKind.REQUEST)


def chase(
    chased: ladder.Chase, inquiry: Inquiry, inquiries: Mapping[str, Inquiry], wrote: tuple[str, ...] = ()
) -> LetterPlan:
    """The letter of a rung, in the thread of the inquiry that has waited longest; it lists all that is missing.

    `wrote`: what they wrote so far, a line a mail.
    """
    rows = tuple(_asked_row(want, inquiries) for want in chased.wants)
    asking = Asking(rows, rung=chased.kind.value, asked_of=inquiry.to, wrote=wrote, said=chased.saying)
    return _plan(inquiry, LetterKind.CHASE, asking, chased.to, MarkedKind.CHASE)


def taken_back(inquiry: Inquiry, want: Want, to: str) -> LetterPlan:
    """One line: we need it no more."""
    asking = Asking((_asked_row(want, {inquiry.case_id: inquiry}),))
    return _plan(inquiry, LetterKind.TAKEN_BACK, asking, to, MarkedKind.WITHDRAWAL)


def with_letter(inquiry: Inquiry, message_id: str) -> Inquiry:
    """`inquiry` once its next letter is queued under this Message-ID."""
    return replace(inquiry, letters_queued=inquiry.letters_queued + 1, message_ids=(*inquiry.message_ids, message_id))


def _plan(inquiry: Inquiry, kind: LetterKind, asking: Asking, to: str, mark: MarkedKind) -> LetterPlan:
    thread = (*inquiry.message_ids, *inquiry.references)
    return LetterPlan(
        case_id=inquiry.case_id,
        kind=kind,
        seq=inquiry.letters_queued + 1,
        to=to,
        subject=asking_subject(kind, asking),
        content=asking,
        party=inquiry.party,
        reference=inquiry.reference,
        in_reply_to=inquiry.message_ids[-1] if inquiry.message_ids else "",
        references=thread[-10:],
        mark=mark,
        mark_reference=inquiry.reference,
    )


def _asked_row(want: Want, inquiries: Mapping[str, Inquiry]) -> AskedRow:
    inquiry = inquiries.get(want.case_id)
    return AskedRow(
        want.device_id,
        asked_on=local_day(want.asked[-1].at) if want.asked else None,
        due=want.due.end if want.due else None,
        reference=inquiry.reference if inquiry else "",
        promised_for=want.promised_for,
    )


# Results ────────────────────────────────────────────────────────────────────────────────────────────


def code_recipients(policy: Policy) -> tuple[str, ...]:
    """Who is sent codes: those who are here, else all of them."""
    able = [m.address for m in policy.team if m.may(Role.CODE_RECIPIENT)]
    return tuple([a for a in able if a not in policy.away] or able)


def result(wants: Sequence[Want], missing: int) -> Result:
    """What `wants` brought, codes apart; `missing`: devices of the same orders that are still awaited."""
    return Result(tuple(_result_row(want) for want in wants), missing)


def _result_row(want: Want) -> ResultRow:
    answered = next((a for a in reversed(want.asked) if a.outcome is Outcome.CODE), None)
    asked = answered or (want.asked[-1] if want.asked else None)
    return ResultRow(
        want.device_id,
        Outcome.CODE,
        supplier=asked.party if asked else want.party,
        asked_on=local_day(asked.at) if asked else None,
        answered_on=local_day(want.answered_at or want.ordered_at),
        note=want.note,
        want_id=want.id,
    )


def devices_of(wants: Iterable[Want]) -> tuple[DeviceId, ...]:
    """Their devices, in order."""
    return tuple(want.device_id for want in wants)
