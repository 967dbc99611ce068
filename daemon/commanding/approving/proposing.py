"""What is done only once it is confirmed: each approver gets their own letter, and a reply to it is the proof."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from daemon.commanding.desk import NotDone, OpsDesk
from daemon.edge.team import proposals
from daemon.edge.team.proposals import ProposalKind
from daemon.edge.team.tokens import with_typed
from daemon.parts import Parts
from daemon.rules.letters import LetterKind, LetterPlan, Matter, OpsNews
from daemon.rules.overdue import addressed
from daemon.rules.policy import Role
from daemon.rules.team.standing import person_of


def propose(desk: OpsDesk, kind: ProposalKind, title: str, payload: Any, matter: Matter) -> int:
    """Keep what is proposed and write to whoever may confirm it; its number.

    `payload` is JSON that the room of `kind` reads again when it is confirmed. `matter` says what and why, and in
    `on_approve` and `on_reject` what a reply does; its `proposal_id` is filled in here. Raises NotDone where nobody
    may approve: it would wait in vain.
    """
    if not any(member.may(Role.APPROVER) for member in desk.parts.policy.team):
        raise NotDone("nobody on the team may approve it; whoever looks after this service names them ([company] team)")
    number = proposals.add(desk.connection, desk.parts.vault, kind, title, payload, desk.member.address, desk.now)
    news = OpsNews(
        title,
        (replace(matter, proposal_id=number, reference=matter.reference or f"proposal {number}"),),
        needed=desk.parts.policy.approvals_needed,
    )
    # With its time: after a database was restored the same number is given once more, and old letters prove nothing of it.
    name = desk.parts.vault.derive("ops", "proposal", str(number), desk.now.isoformat()).hex()
    desk.queue(for_approvers(name, LetterKind.PROPOSAL, news, desk.parts))
    desk.record("proposed", f"proposal:{number}", kind=kind)
    return number


def for_approvers(
    case_id: str, kind: LetterKind, news: OpsNews, parts: Parts, but: Collection[str] = ()
) -> tuple[LetterPlan, ...]:
    """A letter to decide by for each approver, with its own code to type. `but`: persons who need none.

    Where whoever else may approve is away, they get it all the same: nobody could decide otherwise.
    """
    policy = parts.policy
    able = [m.address for m in policy.team if m.may(Role.APPROVER) and person_of(m) not in but]
    here = [address for address in able if address not in policy.away] or able
    return tuple(with_typed(parts.vault, plan) for plan in addressed(case_id, kind, news, here))
