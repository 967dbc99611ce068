"""WAIVE: the signature check is left out for one listed address, for some days."""

from datetime import date, timedelta

from daemon.commanding.approving.proposing import propose
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.edge.team import standing_orders
from daemon.edge.team.proposals import Proposal, ProposalKind
from daemon.rules.commands.orders import Waive
from daemon.rules.counterparties import same_address
from daemon.rules.letters import Matter
from daemon.rules.policy import Contact, Counterparty
from daemon.rules.team.standing import StandingKind, StandingOrder
from daemon.rules.workdays import in_words

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
