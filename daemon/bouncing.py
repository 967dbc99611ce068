"""A mail system reports what became of a letter of ours: noted with the letter; what it was to settle goes on.

In the transaction in which the report is settled. What it is worth and what follows stands in `rules.asking.bounced`.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from daemon import inquirywork
from daemon.casework import Case
from daemon.commanding.desk import to_team
from daemon.edge import contacts, outbox, threads, wants
from daemon.edge.audit import Entry
from daemon.edge.inbox import whereabouts
from daemon.edge.outbox import LetterState, attempts, bounces
from daemon.mail.message import Bounce, Delivery
from daemon.parts import Parts
from daemon.rules import counterparties
from daemon.rules.asking import bounced
from daemon.rules.asking.bounced import Became, Doubtful, Elsewhere, Heard
from daemon.rules.decide.filed import folder_for
from daemon.rules.decide.turns import held_after_send
from daemon.rules.decision import Decision, Fate, folder_path
from daemon.rules.letters import Answer, Asking, LetterKind, OpsNews
from daemon.rules.meaning import MachineMail
from daemon.rules.reasons import Reason
from daemon.rules.thread import Outcome
from daemon.rules.workdays import local_day

_LEFT_ALONE = (Reason.BOUNCE, Reason.AUTO_REPLY, Reason.ROBOT)
"""How a report is decided where nothing is known of letters; one that came before, or before our start, is not looked at."""


@dataclass(frozen=True, slots=True)
class Reported:
    """What becomes of the report itself, and entries for the audit trail."""

    decision: Decision
    entries: tuple[Entry, ...]


def hear(connection: Connection, parts: Parts, case: Case) -> Reported | None:
    """Use what `case`'s mail reports of a letter of ours; None: it reports nothing of any."""
    bounce = case.facts.mail.bounce
    if bounce is None or not isinstance(case.meaning, MachineMail) or case.decision.reason not in _LEFT_ALONE:
        return None
    names = (bounce.original_message_id, f"<{bounce.envelope_id.strip('<>')}>")
    found = bounces.find(connection, names)
    match bounced.weigh(bounce, found, parts.policy):
        case Heard() as heard:
            return _heard(connection, parts, case, bounce, heard)
        case Doubtful() as doubtful:
            return _doubted(connection, parts, case, doubtful)
        case None:
            return None


# Not believed ───────────────────────────────────────────────────────────────────────────────────────


def _doubted(connection: Connection, parts: Parts, case: Case, doubtful: Doubtful) -> Reported:
    """It stays where and as it is, nothing changes, and the team hears of it: once a day, however many there are."""
    news = bounced.doubted(doubtful, case.facts.writer.address, case.facts.proof.arrived)
    _tell(connection, parts, ("doubtful-bounce", local_day(case.facts.now).isoformat()), news, case.facts.now)
    decision = Decision(
        Fate.IGNORED, Reason.DOUBTFUL_BOUNCE, keep_content=False, moves_mail=False, notes=(doubtful.why,)
    )
    return Reported(decision, ())


def _tell(connection: Connection, parts: Parts, name: tuple[str, ...], news: OpsNews, now: datetime) -> None:
    """To the whole team, under a derived name: told once, however often this runs."""
    plans = to_team(parts.vault.derive("ops", *name).hex(), LetterKind.NOTICE, news, parts)
    outbox.queue(connection, parts.vault, plans, mailbox=parts.settings.mailbox.address, now=now)


# Believed ───────────────────────────────────────────────────────────────────────────────────────────


def _heard(connection: Connection, parts: Parts, case: Case, bounce: Bounce, heard: Heard) -> Reported:
    now = case.facts.now
    if bounced.is_news(heard):
        bounces.note(connection, heard, case.facts.mail_id, now)
        _follow(connection, parts, heard, now)
    return Reported(_decision(heard, bounce), tuple(_entries(heard, case.facts.mail_id, now)))


def _decision(heard: Heard, bounce: Bounce) -> Decision:
    """It is kept and filed; one that brings a letter with codes back lies apart."""
    failed = heard.said.action is Delivery.FAILED and heard.certain
    return Decision(
        Fate.DECIDED,
        Reason.LETTER_BOUNCED if failed else Reason.DELIVERY_REPORT,
        keep_content=True,
        moves_mail=True,
        holds_codes=bounce.brings_letter and bool(heard.sent.plan.promised_codes),
        notes=(f"letter {heard.sent.id}: {heard.said.action}",),
    )


def _entries(heard: Heard, mail_id: int, now: datetime) -> list[Entry]:
    """What EVIDENCE shows beside the letter."""
    said, sent = heard.said, heard.sent
    detail = {
        "mail": mail_id,
        "status": said.status,
        "words": bounced.words(said),
        "certain": heard.certain,
        "case": sent.plan.case_id,
    }
    entries = [Entry(now, f"letter-{said.action}", f"letter:{sent.id}", detail)]
    if _proves_that_it_went(heard):
        entries.append(Entry(now, "letter-accepted", f"letter:{sent.id}", {"why": "a delivery report names it"}))
    return entries


def _follow(connection: Connection, parts: Parts, heard: Heard, now: datetime) -> None:
    """What changes because of it: of one letter once."""
    sent, failed = heard.sent, heard.said.action is Delivery.FAILED
    if _proves_that_it_went(heard):
        attempts.finish(connection, sent.id, LetterState.ACCEPTED, now, reply="a delivery report proves that it went")
    if bounced.is_late(heard, now):
        _tell(connection, parts, ("delayed", str(sent.id)), bounced.is_delayed(heard), now)
    if failed and not heard.certain:
        _tell(connection, parts, ("further", sent.plan.party, local_day(now).isoformat()), bounced.further(heard), now)
    if bounced.is_first_failure(heard) and not sent.over:
        _came_back(connection, parts, heard, now)


def _proves_that_it_went(heard: Heard) -> bool:
    return heard.sent.unknown and not (heard.certain and heard.said.action is Delivery.FAILED)


def _came_back(connection: Connection, parts: Parts, heard: Heard, now: datetime) -> None:
    plan = heard.sent.plan
    bounces.came_back(connection, heard.sent, f"came back: {bounced.words(heard.said)}", now)
    if bounced.to_our_team(plan):
        wants.handed_back(connection, plan.case_id, plan.result_wants)
        name = ("unreached", plan.to, local_day(now).isoformat())
        _tell(connection, parts, name, bounced.member_unreached(heard), now)
        return
    became = Became()
    if isinstance(plan.content, Answer):
        became = Became(held=_hold(connection, parts, heard, plan.content, now))
    elif isinstance(plan.content, Asking) and bounced.is_asked_again(plan):
        became = _ask_again(connection, parts, heard, plan.content, now)
    _tell(connection, parts, ("came-back", str(heard.sent.id)), bounced.came_back(heard, became), now)


def _hold(connection: Connection, parts: Parts, heard: Heard, answer: Answer, now: datetime) -> int:
    """What the letter had settled is held for a person, and goes to no other address; how many devices.

    What a later letter told them, or what moved on since, stays.
    """
    case_id = heard.sent.plan.case_id
    thread = threads.load(connection, [case_id]).get(case_id)
    if thread is None:
        return 0
    since = bounces.told_since(connection, heard.sent)
    told = [row.device_id for row in answer.rows if row.outcome is not Outcome.PENDING and row.device_id not in since]
    changed = held_after_send(thread, told, Reason.REFUSED_BY_RELAY, now, parts.policy)
    if changed.items == thread.items:
        return 0
    threads.save(connection, [changed])
    whereabouts.want_folder(connection, case_id, folder_path(folder_for(changed)))
    return sum(new != old for new, old in zip(changed.items, thread.items, strict=True))


def _ask_again(connection: Connection, parts: Parts, heard: Heard, asking: Asking, now: datetime) -> Became:
    """The same letter to the party's next contact; where there is none, the devices are with our team."""
    plan = heard.sent.plan
    wanted = wants.open_for(connection, [row.device_id for row in asking.rows])
    owed = bounced.awaited(plan, wanted.values())
    inquiry = wants.inquiries(connection, [plan.case_id]).get(plan.case_id)
    if not owed or inquiry is None:
        return Became()
    party = counterparties.resolve(plan.party, contacts.book(connection))
    dead = inquirywork.dead(connection, now) | bounces.dead(connection, now - inquirywork.DEAD_FOR)
    to = bounced.next_address(plan, party, now, dead=dead, had=bounces.had(connection, heard.sent))
    if isinstance(to, str):
        again = replace(plan, to=to, seq=inquiry.letters_queued + 1)
        inquirywork.queue(connection, parts, inquiry, again, now)
        return Became(asked_at=to)
    if to is Elsewhere.NOBODY:
        wants.change(connection, bounced.handed_over(plan, owed))
        return Became(elsewhere=to, with_team=len(owed))
    return Became(elsewhere=to)
