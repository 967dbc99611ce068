"""TEAM: who may do what, who is away, and whether there are enough to approve."""

from datetime import date

from daemon.commanding.desk import OpsDesk
from daemon.edge.team import standing_orders
from daemon.rules.commands.orders import Team
from daemon.rules.letters import Page
from daemon.rules.phrases import day
from daemon.rules.policy import Member, Role
from daemon.rules.team.standing import StandingKind, StandingOrder, person_of

_MAY = (
    (Role.READER, "read"),
    (Role.OPERATOR, "act"),
    (Role.APPROVER, "approve"),
    (Role.CODE_RECIPIENT, "be sent codes"),
    (Role.MANAGER, "manage"),
)


def team(desk: OpsDesk, _: Team) -> str:
    """Who may do what, who is away, and whether there are enough to approve."""
    policy = desk.parts.policy
    away = {one.subject.casefold(): one for one in _absences(desk)}
    rows = tuple(_member_row(member, away.get(member.address.casefold()), desk.today) for member in policy.team)
    manager = (f"Alarms go to {policy.manager} too.",) if policy.manager else ()
    needed = policy.approvals_needed
    who = "1 person needs" if needed == 1 else f"{needed} different persons need"
    lines = (f"To let go what is held, {who} to approve.", *manager, *_warnings(desk))
    desk.pages.append(Page("Our team", lines, ("Who", "May"), rows))
    return "who may do what is shown below"


def _absences(desk: OpsDesk) -> list[StandingOrder]:
    """Those of today and those to come: who plans a week needs both."""
    found = standing_orders.load(desk.connection)
    return [one for one in found if one.kind is StandingKind.AWAY and (one.last is None or one.last >= desk.today)]


def _member_row(member: Member, away: StandingOrder | None, today: date) -> tuple[str, str]:
    may = ", ".join(word for role, word in _MAY if member.may(role)) or "nothing"
    begins = f"from {day(away.first)} to" if away and away.first > today else "until"
    until = f"; away {begins} {day(away.last)}" if away and away.last else "; away" if away else ""
    name = f"{member.name}, " if member.name else ""
    return f"{name}{member.address}", f"{may}{until}"


def _warnings(desk: OpsDesk) -> tuple[str, ...]:
    policy = desk.parts.policy
    able = [member for member in policy.team if member.may(Role.APPROVER)]
    people = {person_of(member) for member in able}
    here = {person_of(member) for member in able if member.address not in policy.away}
    if len(people) < policy.approvals_needed:
        only = "1 person" if len(people) == 1 else f"{len(people)} persons"
        return (f"WARNING: only {only} can approve, so nothing that is held can be let go by mail.",)
    if len(here) < policy.approvals_needed:
        is_here = "is" if len(here) == 1 else "are"
        return (f"WARNING: only {len(here)} of the {len(people)} who can approve {is_here} here today.",)
    return ()
