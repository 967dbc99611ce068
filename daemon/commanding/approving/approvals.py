"""Letters to decide by: whose they are, whether they still count, and their use, once for each thing in them.

A reply to a member's own letter is the proof that they approve (durability notes §2.3): only they were sent it, its
Message-ID cannot be guessed, it counts for three days, and what it approved is written down before it is done.
"""

from collections.abc import Sequence
from dataclasses import replace

from daemon.commanding.approving.proposing import for_approvers
from daemon.commanding.desk import TOKEN_LIVES, NotDone, OpsDesk
from daemon.edge import threads
from daemon.edge.team import proposals, tokens
from daemon.edge.team.proposals import Proposal
from daemon.edge.team.tokens import OwnLetter
from daemon.edge.threads import holds
from daemon.rules import counterparties, overdue
from daemon.rules.commands.orders import Rows
from daemon.rules.letters import LetterKind, LetterPlan, Matter, OpsNews
from daemon.rules.overdue import Hold, Notice
from daemon.rules.policy import Member, Role
from daemon.rules.team import approving
from daemon.rules.team.approving import HeldRow
from daemon.rules.team.standing import person_of


def own_letter(desk: OpsDesk, ref: str, typed: str) -> OwnLetter:
    """The letter that proves this member's say: written to them, and not too long ago. Raises NotDone."""
    letter = desk.letter
    if typed:
        letter = tokens.find_typed(desk.connection, desk.member.address, typed, desk.now - TOKEN_LIVES)
        if letter is None:
            raise NotDone("that code is not one of a letter to you of the last three days", fresh(desk, ref))
    if letter is None:
        new = fresh(desk, ref)
        way = "one is on its way to you" if new else "name its reference, for instance APPROVE IC-7F3K2Q9D, to get one"
        raise NotDone(f"approving is done by reply to your own letter about it; {way}", new)
    if not counterparties.same_address(letter.recipient, desk.member.address):
        alarm = f"{desk.member.address} tried to approve with a letter written to {letter.recipient}"
        raise NotDone("that letter was written to somebody else; please reply to your own", _anew(desk, letter), alarm)
    if desk.now - letter.written_at > TOKEN_LIVES:
        new = _anew(desk, letter)
        raise NotDone(f"that letter is more than three days old; {_way(new)}", new)
    return letter


def _way(new: Sequence[LetterPlan]) -> str:
    return "a fresh one is on its way to you" if new else "nothing of it waits any more"


def rows_meant(letter: OwnLetter, ref: str, which: Rows) -> tuple[HeldRow, ...]:
    """The rows of a letter that an order means, `ref` narrowing them. Raises NotDone where there are none."""
    content = letter.plan.content
    rows = approving.rows_of(content) if isinstance(content, OpsNews) else ()
    if not rows:
        raise NotDone(
            "the letter that you reply to has nothing in it to decide; reply to the one about what is held, or name its "
            "reference, for instance APPROVE IC-7F3K2Q9D"
        )
    if ref:
        rows = tuple(row for row in rows if row.matter.reference == ref)
    meant = approving.chosen(rows, which)
    if not meant:
        raise NotDone(_no_such_row(rows, ref, which))
    return meant


def _no_such_row(rows: Sequence[HeldRow], ref: str, which: Rows) -> str:
    numbers = [row.number for row in rows]
    unknown = [str(number) for number in (*which.only, *which.but) if number not in numbers]
    if not numbers:
        return f"the letter that you reply to is not about {ref}"
    if not unknown:
        return "that leaves out every row of the letter, so nothing is left to decide"
    there = f"rows {numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else f"row {numbers[0]} alone"
    return f"there is no row {', '.join(unknown)} in the letter that you reply to; it has {there}"


def burn(desk: OpsDesk, letter: OwnLetter, what: str) -> dict[str, str]:
    """Use the letter up for `what`; who has approved it so far. Raises NotDone where it was used up before."""
    person = person_of(desk.member)
    burnt = tokens.burn(desk.connection, letter.message_id, what, desk.member.address, person, desk.now, desk.mail_id)
    if not burnt:
        raise NotDone("you approved that with this very letter before; it counts once")
    return _approved_by(desk, what)


def _approved_by(desk: OpsDesk, what: str) -> dict[str, str]:
    """Who approved `what`: each person, and the address they did it from. Whoever may approve no more does not count."""
    able = {m.address: m for m in desk.parts.policy.team if m.may(Role.APPROVER)}
    found: list[Member] = []
    for address in tokens.approved_from(desk.connection, what):
        member = able.get(address)
        if member is not None and not any(_one_person(member, other) for other in found):
            found.append(member)
    return {person_of(member): member.address for member in found}


def _one_person(one: Member, other: Member) -> bool:
    """By the name that is set for both, or by their addresses without +tag: a name set for one alone makes no other."""
    return person_of(one) == person_of(other) or person_of(replace(one, name="")) == person_of(replace(other, name=""))


def check_current(desk: OpsDesk, letter: OwnLetter, hold: Hold) -> None:
    """That the letter is about this very hold, not an earlier one of the same thing, for which it waived something else.

    A hold that begins in the future is of a clock that has been set right since. Raises NotDone.
    """
    if letter.written_at < hold.held_at.replace(microsecond=0) <= desk.now:
        ref = hold.reference or f"mail {hold.mail_id}"
        raise NotDone(f"{ref} was held anew after that letter; a fresh one is on its way to you", fresh(desk, ref))


def enough(desk: OpsDesk, by: dict[str, str]) -> bool:
    """Whether as many different persons have approved as must."""
    return len(by) >= desk.parts.policy.approvals_needed


def still_needed(desk: OpsDesk, by: dict[str, str], what: str) -> str:
    """In words: noted, and how many more must."""
    missing = desk.parts.policy.approvals_needed - len(by)
    more = "one more of you" if missing == 1 else f"{missing} more of you"
    return f"your approval of {what} is noted; it is done when {more} approve{'s' if missing == 1 else ''}"


# Further letters ───────────────────────────────────────────────────────────────────────────────


def ask_others(desk: OpsDesk, letter: OwnLetter, matters: Sequence[Matter], by: dict[str, str]) -> None:
    """Whoever has not approved yet gets a letter of their own."""
    needed = desk.parts.policy.approvals_needed
    title = f"{' and '.join(by.values())} approved; {needed - len(by)} more must approve: {matters[0].what}"
    content = letter.plan.content
    party = content.party if isinstance(content, OpsNews) else ""
    news = OpsNews(title, tuple(matters), party, needed=needed, approved_by=tuple(by.values()))
    name = desk.parts.vault.derive("ops", "second", letter.message_id, str(desk.mail_id), title).hex()
    desk.queue(for_approvers(name, LetterKind.HELD, news, desk.parts, but=by))


def _anew(desk: OpsDesk, letter: OwnLetter) -> tuple[LetterPlan, ...]:
    """What that letter is about, as it stands today, in letters to this member; none where nothing of it waits."""
    content = letter.plan.content
    if not isinstance(content, OpsNews):
        return ()
    waiting = tuple(m for m in content.matters if m.proposal_id and waiting_proposal(desk, m.proposal_id))
    proposed = _to_member(desk, replace(content, matters=waiting)) if waiting else ()
    return (*proposed, *fresh(desk, *(m.reference for m in content.matters if not m.proposal_id)))


def waiting_proposal(desk: OpsDesk, number: int) -> Proposal | None:
    """The proposal of that number, while it can be decided."""
    proposal = proposals.load(desk.connection, desk.parts.vault, number)
    waits = proposal is not None and proposal.open and desk.now - proposal.at <= TOKEN_LIVES
    return proposal if waits else None


def fresh(desk: OpsDesk, *refs: str) -> tuple[LetterPlan, ...]:
    """A letter to this member about what is held under `refs`; none where nothing is."""
    found = [hold for ref in dict.fromkeys(refs) for hold in held_under(desk, ref)]
    if not found:
        return ()
    news = overdue.news(Notice(LetterKind.HELD, tuple(found)), desk.parts.policy, desk.today)
    return _to_member(desk, news)


def _to_member(desk: OpsDesk, news: OpsNews) -> tuple[LetterPlan, ...]:
    name = desk.parts.vault.derive("ops", "fresh", desk.member.address, str(desk.mail_id), news.headline).hex()
    plan = LetterPlan(name, LetterKind.HELD, 1, desk.member.address, news.headline, news)
    return (tokens.with_typed(desk.parts.vault, plan),)


def held_under(desk: OpsDesk, ref: str) -> list[Hold]:
    """What is held of a thread or mail; nothing where `ref` names none."""
    if ref.startswith("mail "):
        one = holds.of_mail(desk.connection, int(ref.removeprefix("mail ")))
        return [one] if one else []
    case = threads.owner_of_reference(desk.connection, ref) if ref else None
    return holds.of_case(desk.connection, case) if case else []
