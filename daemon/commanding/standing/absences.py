"""AWAY: a member of our team hears nothing and is not counted upon for some days."""

from collections.abc import Sequence
from datetime import date

from daemon.commanding.desk import NotDone, OpsDesk
from daemon.edge.team import standing_orders
from daemon.rules.commands.orders import Away
from daemon.rules.letters import LetterKind, LetterPlan, Matter, OpsNews
from daemon.rules.policy import Member
from daemon.rules.team.standing import StandingKind, StandingOrder, approvers_left, called, person_of
from daemon.rules.workdays import in_words


def away(desk: OpsDesk, order: Away) -> str:
    """A member hears nothing and is not counted upon for some days; somebody else than the writer is told so."""
    if order.last < desk.today or order.last < order.first:
        raise NotDone(f"those days are over, or their last is before their first ({order.first} to {order.last})")
    absent = _absent(desk, order.who)
    before = _put_down_before(desk, absent)
    for member in absent:
        standing_orders.put(
            desk.connection,
            StandingOrder(
                StandingKind.AWAY, member.address, order.first, order.last, "", desk.member.address, desk.now
            ),
        )
        desk.record("away", f"member:{member.address}", first=order.first.isoformat(), last=order.last.isoformat())
    desk.changed_standing = True
    who = " and ".join(member.address for member in absent)
    days = _days(order.first, order.last)
    _tell_the_absent(desk, absent, days)
    return f"{who} hears nothing from here {days}{before}{_too_few(desk, order)}"


def _days(first: date, last: date) -> str:
    return f"on {in_words(first)}" if first == last else f"from {in_words(first)} to {in_words(last)}"


def _put_down_before(desk: OpsDesk, absent: Sequence[Member]) -> str:
    """In words, where these days take the place of others: of each member one absence is kept."""
    names = {member.address for member in absent}
    for one in standing_orders.load(desk.connection):
        theirs = one.kind is StandingKind.AWAY and one.subject in names
        if theirs and one.last is not None and one.last >= desk.today:
            return f", in place of what was put down before ({_days(one.first, one.last)})"
    return ""


def _absent(desk: OpsDesk, who: str) -> tuple[Member, ...]:
    """All addresses of the one person meant. Raises NotDone, which lists who may be meant."""
    team = desk.parts.policy.team
    found = called(desk.member.address if who.casefold() in ("", "me", "i") else who, team)
    if not found:
        raise NotDone(f"nobody on the team is called {who}; the team: {', '.join(m.address for m in team)}")
    if len({person_of(m) for m in found}) > 1:
        raise NotDone(f"{who} may be one of several; name the address: {', '.join(m.address for m in found)}")
    return found


def _tell_the_absent(desk: OpsDesk, absent: Sequence[Member], days: str) -> None:
    """Nobody is silenced without knowing it."""
    if desk.member in absent:
        return
    headline = f"{desk.member.address} put you down as away {days}"
    step = "If that is wrong, write to the shared mailbox: AWAY me, with the right days."
    why = "While you are away you hear nothing from this service."
    news = OpsNews(headline, (Matter(what=headline, why=why, next_step=step),))
    name = desk.parts.vault.derive("ops", "away", str(desk.mail_id), headline).hex()
    desk.queue(
        LetterPlan(name, LetterKind.NOTICE, number, member.address, headline, news)
        for number, member in enumerate(absent, 1)
    )


def _too_few(desk: OpsDesk, order: Away) -> str:
    """A warning where too few are left to approve."""
    policy = desk.parts.policy
    left = approvers_left(policy.team, standing_orders.load(desk.connection), order.first, order.last)
    if len(left) >= policy.approvals_needed:
        return ""
    if not left:
        return (
            "; mind that nobody is left then who may approve, so letters to decide by go to all approvers all the same"
        )
    return f"; mind that {len(left)} of those who may approve {'is' if len(left) == 1 else 'are'} left then, and {policy.approvals_needed} must"
