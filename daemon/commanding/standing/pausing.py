"""PAUSE keeps letters back, RESUME lets them go: the first is anybody's who may act, the second an act of trust."""

from collections.abc import Sequence

from daemon.commanding.approving.proposing import propose
from daemon.commanding.desk import TOKEN_LIVES, NotDone, OpsDesk
from daemon.edge.outbox import unsent
from daemon.edge.team import standing_orders, tokens
from daemon.edge.team.proposals import Proposal, ProposalKind
from daemon.rules.commands.orders import Pause, Resume
from daemon.rules.counterparties import nearest, resolve, same_address
from daemon.rules.letters import Matter
from daemon.rules.policy import Counterparty
from daemon.rules.team.standing import (
    CODES,
    StandingKind,
    StandingOrder,
    headline,
    is_about,
    person_of,
    whose_letters,
)
from daemon.rules.workdays import LONDON, in_words

_KEEPING_BACK = (StandingKind.PAUSE, StandingKind.INCIDENT)


def party_called(desk: OpsDesk, name: str) -> Counterparty:
    """The listed supplier of that name, alias or MPID. Raises NotDone, which names the nearest."""
    found = resolve(name, desk.book)
    if found is None:
        near = nearest(name, desk.book)
        hint = f"; did you mean {near}?" if near else "; write its MPID, or its name as the contact list has it"
        raise NotDone(f"the contact list has no supplier called {name}{hint}")
    return found


def since(order: StandingOrder) -> str:
    """Since when it stands, and on whose word."""
    moment = order.at.astimezone(LONDON)
    return f"since {in_words(moment.date())}, {moment:%H:%M}, on the word of {order.member}"


# PAUSE ──────────────────────────────────────────────────────────────────────────────────────────────


def pause(desk: OpsDesk, order: Pause) -> str:
    """Letters wait from now on; what the relay has in hand at this moment may still go."""
    subject = _subject(desk, order.what)
    stands = _standing(desk, StandingKind.PAUSE, subject)
    if stands is not None:
        return f"{whose_letters(subject)} wait already, {since(stands)}"
    one = StandingOrder(StandingKind.PAUSE, subject, desk.today, None, "", desk.member.address, desk.now)
    standing_orders.put(desk.connection, one)
    desk.changed_standing = True
    desk.record("paused", f"pause:{subject or 'all'}")
    told = Matter(
        what=headline(one),
        why=f"{_capital(whose_letters(subject))} wait from now on; due dates run on, and you are reminded as before.",
        next_step="To let them go again, an approver replies RESUME to this letter within three days. RESUME in a mail of "
        "its own is put to all approvers.",
    )
    desk.tell_team(headline(one), (told,), party=subject if subject not in ("", CODES) else "")
    return f"{whose_letters(subject)} wait from now on, until somebody writes RESUME; due dates run on"


def _subject(desk: OpsDesk, what: str) -> str:
    """Whom or what a pause is of, as the policy names it. Raises NotDone."""
    return what if what in ("", CODES) else party_called(desk, what).party


def _standing(desk: OpsDesk, kind: StandingKind, subject: str) -> StandingOrder | None:
    orders = standing_orders.load(desk.connection)
    return next((one for one in orders if one.kind is kind and one.subject == subject), None)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


# RESUME ─────────────────────────────────────────────────────────────────────────────────────────────


def resume(desk: OpsDesk, order: Resume) -> str:
    """Take pauses back: at once on the proof of the member's own letter about them, else once approvers confirm it."""
    if order.what.upper().startswith("IC-"):
        words = f"nothing is paused on {order.what} alone: a pause is of all letters, of codes or of a supplier"
        raise NotDone(f"{words}, and RESUME takes one of these back")
    meant = _meant(desk, order.what)
    if all(_proven(desk, one) for one in meant):
        _burn(desk, meant)
        return _taken_back(desk, meant, (desk.member.address,))
    what = _in_words(meant)
    title = f"Let {what} go again"
    matter = Matter(
        what=title,
        why=f"{desk.member.address} asks for it. {_why(meant)}",
        on_approve=f"{_capital(what)} that wait go out at once, each after all its checks.",
        on_reject="They go on waiting.",
    )
    payload = [{"kind": one.kind, "subject": one.subject, "at": one.at.isoformat()} for one in meant]
    number = propose(desk, ProposalKind.RESUME, title, payload, matter)
    return f"the approvers are asked whether {what} may go again (proposal {number}); until then they wait"


def _meant(desk: OpsDesk, what: str) -> list[StandingOrder]:
    """The pauses to take back: those named, else the one that the letter replied to is about, else all. Raises NotDone."""
    stand = [one for one in standing_orders.load(desk.connection) if one.kind in _KEEPING_BACK]
    if not stand:
        raise NotDone("nothing is paused")
    if what:
        known = next((one.subject for one in stand if one.subject.casefold() == what.casefold()), None)
        subject = _subject(desk, what) if known is None else known
        found = [one for one in stand if one.subject == subject]
    else:
        pauses = [one for one in stand if one.kind is StandingKind.PAUSE]
        found = [one for one in stand if _is_about(desk, one)] or pauses
    if not found:
        of = "; ".join(dict.fromkeys(_capital(whose_letters(one.subject)) for one in stand))
        named = whose_letters(subject) if what else "letters"
        raise NotDone(
            f"{named} are not paused by themselves. What waits: {of}. Name what you mean, for instance RESUME "
            f"{stand[0].subject}".rstrip()
        )
    return found


def _is_about(desk: OpsDesk, one: StandingOrder) -> bool:
    return desk.letter is not None and is_about(desk.letter.plan, desk.letter.written_at, one)


def _proven(desk: OpsDesk, one: StandingOrder) -> bool:
    """The member replies to their own, fresh letter about this pause. An incident needs more persons than one."""
    if one.kind is StandingKind.INCIDENT or desk.letter is None or not _is_about(desk, one):
        return False
    own = same_address(desk.letter.recipient, desk.member.address)
    return own and desk.now - desk.letter.written_at <= TOKEN_LIVES


def _burn(desk: OpsDesk, meant: Sequence[StandingOrder]) -> None:
    """Burn first, act second."""
    for one in meant:
        what = f"resume:{one.kind}:{one.subject}:{one.at.isoformat()}"
        token = desk.letter.message_id if desk.letter else ""
        person = person_of(desk.member)
        if not tokens.burn(desk.connection, token, what, desk.member.address, person, desk.now, desk.mail_id):
            raise NotDone("that letter was used for this before; it counts once")


def apply_resume(desk: OpsDesk, proposal: Proposal, by: tuple[str, ...]) -> str:
    """It was confirmed: take back the very pauses that were meant, and no later ones. Raises NotDone."""
    wanted = {(one["kind"], one["subject"], one["at"]) for one in proposal.payload}
    stand = standing_orders.load(desk.connection)
    meant = [one for one in stand if (one.kind.value, one.subject, one.at.isoformat()) in wanted]
    if not meant:
        raise NotDone("what was to be taken back does not stand any more; STATUS shows what is paused")
    return _taken_back(desk, meant, by)


def _taken_back(desk: OpsDesk, meant: Sequence[StandingOrder], by: tuple[str, ...]) -> str:
    for one in meant:
        standing_orders.drop(desk.connection, one.kind, one.subject)
        desk.record("resumed", f"{one.kind}:{one.subject or 'all'}", by=list(by))
    unsent.due_at_once(desk.connection, desk.now)
    desk.changed_standing = True
    who, what = " and ".join(by), _in_words(meant)
    parties = {one.subject for one in meant}
    told = Matter(
        what=f"{who} let {what} go again",
        why=f"What waited goes out now, each letter after all its checks. {_why(meant)}",
    )
    desk.tell_team(told.what, (told,), party=parties.pop() if len(parties) == 1 and not parties & {"", CODES} else "")
    return f"{what} go again{_still_paused(desk)}"


def _in_words(meant: Sequence[StandingOrder]) -> str:
    return " and ".join(dict.fromkeys(whose_letters(one.subject) for one in meant))


def _why(meant: Sequence[StandingOrder]) -> str:
    said = {StandingKind.PAUSE: "They have been paused", StandingKind.INCIDENT: "They have been frozen for an incident"}
    return " ".join(dict.fromkeys(f"{said[one.kind]} {since(one)}." for one in meant))


def _still_paused(desk: OpsDesk) -> str:
    """What goes on waiting all the same."""
    left = [one for one in standing_orders.load(desk.connection) if one.kind in _KEEPING_BACK]
    return f"; still paused: {_in_words(left)}" if left else ""
