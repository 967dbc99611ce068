"""What stands until it is taken back: PAUSE and RESUME, INCIDENT, WAIVE, AWAY, HOLIDAY."""

from collections.abc import Sequence
from datetime import date, timedelta

from daemon.commanding.calendar_days import holiday
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.commanding.incidents import incident
from daemon.commanding.pausing import apply_resume, pause, resume
from daemon.commanding.proposing import propose
from daemon.edge.team import standing_orders
from daemon.edge.team.proposals import Proposal, ProposalKind
from daemon.rules.commands.orders import Away, Waive
from daemon.rules.counterparties import same_address
from daemon.rules.decision import LetterKind, LetterPlan, Matter, OpsNews
from daemon.rules.policy import Contact, Counterparty, Member
from daemon.rules.team.standing import StandingKind, StandingOrder, approvers_left, called, person_of
from daemon.rules.workdays import in_words

__all__ = ["apply_resume", "apply_waive", "away", "holiday", "incident", "pause", "resume", "waive"]

_LONGEST_WAIVER = timedelta(days=90)
_SPF_ALONE = "mail from {address} is answered, codes included, where only its sending server is proven (SPF)"


# WAIVE ──────────────────────────────────────────────────────────────────────────────────────────────


def waive(desk: OpsDesk, order: Waive) -> str:
    """Propose that SPF alone is enough for a listed address until that day."""
    party, contact = _listed(desk, order.address)
    _check_waiver(desk, contact.email, order.until)
    title = f"Accept mail from {contact.email} on SPF alone until {in_words(order.until)}"
    matter = Matter(
        what=title,
        why=f"{desk.member.address} asks for it. It is a listed address of {party.party}.",
        on_approve=f"Until that day, {_SPF_ALONE.format(address=contact.email)}; all other checks stay in force.",
        on_reject="Nothing changes: such mail is held.",
    )
    payload = {"address": contact.email, "until": order.until.isoformat()}
    number = propose(desk, ProposalKind.WAIVE, title, payload, matter)
    return f"the approvers are asked to accept mail from {contact.email} on SPF alone (proposal {number})"


def _listed(desk: OpsDesk, address: str) -> tuple[Counterparty, Contact]:
    found = ((p, c) for p in desk.book for c in p.contacts if same_address(c.email, address))
    one = next(found, None)
    if one is None:
        raise NotDone(f"{address} does not stand in the contact list; only a listed address can have a waiver")
    return one


def _check_waiver(desk: OpsDesk, address: str, until: date) -> None:
    if until < desk.today:
        raise NotDone(f"{in_words(until)} is over; give the last day of the waiver")
    if until - desk.today > _LONGEST_WAIVER:
        latest = desk.today + _LONGEST_WAIVER
        raise NotDone(f"a waiver lasts {_LONGEST_WAIVER.days} days at most: WAIVE {address} until {latest}")
    if any(same_address(address, one) for one in desk.parts.configured.accept_spf_only):
        raise NotDone(f"mail from {address} is accepted on SPF alone already, by the configuration")


def apply_waive(desk: OpsDesk, proposal: Proposal, by: tuple[str, ...]) -> str:
    """It was confirmed. Raises NotDone where the address is no longer listed, or the day is over."""
    until = date.fromisoformat(proposal.payload["until"])
    party, contact = _listed(desk, proposal.payload["address"])
    _check_waiver(desk, contact.email, until)
    words = f"agreed by {' and '.join(by)}"
    one = StandingOrder(StandingKind.WAIVE, contact.email, desk.today, until, words, proposal.member, desk.now)
    standing_orders.put(desk.connection, one)
    desk.changed_standing = True
    desk.record("waived", f"address:{contact.email}", until=until.isoformat(), by=list(by))
    said = f"until {in_words(until)}, {_SPF_ALONE.format(address=contact.email)}"
    headline = f"{' and '.join(by)} waived the signature check for {contact.email} until {in_words(until)}"
    why = f"{proposal.member} asked for it. From now on, {said}. Then the check is back by itself."
    desk.tell_team(headline, (Matter(what=headline, why=why),), party=party.party)
    return said


# AWAY ───────────────────────────────────────────────────────────────────────────────────────────────


def away(desk: OpsDesk, order: Away) -> str:
    """A member hears nothing and is not counted upon for some days; somebody else than the writer is told so."""
    if order.last < desk.today or order.last < order.first:
        raise NotDone(f"those days are over, or their last is before their first ({order.first} to {order.last})")
    absent = _absent(desk, order.who)
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
    days = (
        f"on {in_words(order.first)}"
        if order.first == order.last
        else f"from {in_words(order.first)} to {in_words(order.last)}"
    )
    _tell_the_absent(desk, absent, days)
    return f"{who} hears nothing from here {days}{_too_few(desk, order)}"


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
