"""What follows from a mail system's report on a letter of ours, and what a forged one can do at most.

The proof is the letter's Message-ID (or its ENVID, which is the same): it derives from a key, so nobody knows it but
who got the letter. A recipient may still report falsely, and reaches: one letter noted as come back, our team told,
what it settled held for a person, one more listed contact of that very party asked. Never a code, never a case closed.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from daemon.mail.message import Bounce, BouncedRecipient, Delivery
from daemon.rules.asking import routing
from daemon.rules.counterparties import same_address
from daemon.rules.letters import Asking, LetterKind, LetterPlan, Matter, OpsNews
from daemon.rules.phrases import devices
from daemon.rules.policy import ContactKind, Counterparty, Policy
from daemon.rules.sense.personal import safe_subject
from daemon.rules.wanting import WAITING, Want, WantEvent

MOST_REPORTS = 10
"""Kept of one letter; whoever sends more of them is a machine gone mad, or worse."""
LATE_AFTER = timedelta(hours=24)
"""A letter that is reported as delayed for so long is told to our team."""
_WORST_FIRST = tuple(Delivery)
_OURS = re.compile(r"<?[a-z2-7]{32}@(?P<domain>[^<>@\s]+?)>?")
"""What `outbox.message_id` makes."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter of ours that a report names."""

    id: int
    plan: LetterPlan
    written_at: datetime
    tried: bool
    """It was handed to the relay at least once, or nearly so: before that nobody can know its Message-ID."""
    over: bool
    """It is refused or held already: our team has what it was to settle."""
    unknown: bool
    """Nobody knew so far whether it went."""
    failed: bool
    """A report has it as come back already."""
    delayed_since: datetime | None
    reports: int
    """How many were kept of it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A report that is believed, as far as it goes."""

    sent: Sent
    said: BouncedRecipient
    certain: bool
    """It speaks of the letter's own recipient; else of where their mail system sent it on, which is evidence alone."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A report that changes nothing; our team hears of it once a day. `why`: a sentence. `named`: letters of ours."""

    why: str
    named: tuple[Sent, ...] = ()


def weigh(bounce: Bounce, found: Sequence[Sent], policy: Policy) -> Heard | Doubtful | None:
    """What a report is worth. `found`: letters of ours that it names; None: it is about somebody else's mail."""
    if not found:
        return Doubtful(_UNKNOWN) if _in_our_name(bounce, policy) else None
    if len(found) > 1:
        return Doubtful("It names two letters of ours as one.", tuple(found))
    if not bounce.from_nobody:
        why = "It names a letter of ours, and did not come as reports of mail systems come: from no sender."
        return Doubtful(why, tuple(found))
    if not found[0].tried:
        return Doubtful("It names a letter of ours that has not been sent.", tuple(found))
    sent = found[0]
    own = [said for said in bounce.recipients if _is_about(said, sent.plan.to)]
    said = min(own or bounce.recipients, key=lambda one: _WORST_FIRST.index(one.action))
    return Heard(sent, said, certain=bool(own))


_UNKNOWN = (
    "It names a letter that could be ours by its Message-ID, and is none: somebody invents reports, or sends mail in our "
    "name. An alarm of ours that came back reads the same."
)


def _in_our_name(bounce: Bounce, policy: Policy) -> bool:
    """It names a Message-ID such as we make, at our domain; mail that people sent by hand bears another."""
    domain = policy.mailbox.rpartition("@")[2].casefold()
    named = (_OURS.fullmatch(name) for name in (bounce.original_message_id, bounce.envelope_id))
    return any(name["domain"].casefold() == domain for name in named if name)


def _is_about(said: BouncedRecipient, to: str) -> bool:
    return same_address(said.address, to) or same_address(said.original, to)


def words(said: BouncedRecipient) -> str:
    """The server's words, masked and short, with the status."""
    told = safe_subject(said.diagnostic)
    return told if said.status in told else f"{told} ({said.status})" if told else said.status


def is_first_failure(heard: Heard) -> bool:
    """Here we learn that the letter did not arrive: of one letter once."""
    return heard.certain and heard.said.action is Delivery.FAILED and not heard.sent.failed


def is_news(heard: Heard) -> bool:
    """It is kept: not one of too many; how it ended is kept always."""
    return heard.sent.reports < MOST_REPORTS or is_first_failure(heard)


def is_late(heard: Heard, now: datetime) -> bool:
    """It is reported as delayed, and was so for the first time more than a day ago."""
    since = heard.sent.delayed_since
    return heard.said.action is Delivery.DELAYED and since is not None and now - since > LATE_AFTER


def to_our_team(plan: LetterPlan) -> bool:
    """The letter went to a member of ours."""
    return not plan.party and plan.kind is not LetterKind.HELPDESK


# Letters in which we ask ────────────────────────────────────────────────────────────────────────────


class Elsewhere(Enum):
    """Why a letter that asks is not sent to another contact."""

    THEY_HAVE_IT = "they have it"
    """The next contact got such a letter already."""
    NOBODY = "nobody"
    """No other contact takes mail."""


def is_asked_again(plan: LetterPlan) -> bool:
    """It goes to the next contact of its party; what answers, what carries codes, never does."""
    return isinstance(plan.content, Asking) and plan.kind in (LetterKind.REQUEST, LetterKind.CHASE)


def next_address(
    plan: LetterPlan, party: Counterparty | None, now: datetime, *, dead: Collection[str], had: Collection[str]
) -> str | Elsewhere:
    """The listed address that is asked in the place of `plan.to`: of its kind, else of the kind that stands in for it.

    `dead`: addresses whose mail comes back; `had`: those that got the same letter, or a later one.
    """
    if party is None:
        return Elsewhere.NOBODY
    kind = next((c.kind for c in party.contacts if same_address(c.email, plan.to)), ContactKind.MP121)
    found = routing.addresses(party, (kind,), now, dead={*dead, plan.to})
    if not found:
        return Elsewhere.NOBODY
    known = {address.casefold() for address in had}
    return Elsewhere.THEY_HAVE_IT if found[0].casefold() in known else found[0]


def handed_over(plan: LetterPlan, awaited: Iterable[Want]) -> list[Want]:
    """`awaited` once our team has them, for nobody is left to write to."""
    reason = f"our letter to {plan.to} came back, and {plan.party} lists no other contact that takes mail"
    return [want.move(WantEvent.HAND_OVER, reason=reason) for want in awaited]


def awaited(plan: LetterPlan, wanted: Iterable[Want]) -> list[Want]:
    """Those of `wanted` that this letter asked its party for, and that the party still owes us."""
    return [want for want in wanted if want.party == plan.party and want.state in WAITING]


# What our team hears ────────────────────────────────────────────────────────────────────────────────

_KINDS = {
    LetterKind.ANSWER: "answer",
    LetterKind.REQUEST: "request",
    LetterKind.CHASE: "reminder",
    LetterKind.QUERY: "question on their answer",
    LetterKind.TAKEN_BACK: "withdrawal",
    LetterKind.HELPDESK: "question to the SECAS Helpdesk",
    LetterKind.CHANGED: "note on the changed contact list",
}
_LIST = "Check the address in the contact list, and send the list with the right one (CONTACTS)"


@dataclass(frozen=True, slots=True)
class Became:
    """What was done about a letter that came back."""

    held: int = 0
    """Devices that are held again."""
    asked_at: str = ""
    """The address that was written to in its place."""
    elsewhere: Elsewhere | None = None
    with_team: int = 0
    """Devices that our team has from now on."""


def doubted(doubtful: Doubtful, reporter: str, arrived: datetime) -> OpsNews:
    """A report that is not believed: why, who sent it, and which letters it names."""
    title = "A report that a letter of ours was not delivered is not believed"
    step = "Nothing was changed because of it. It lies in the mailbox, unread; if you did not expect it, tell your security team"
    named = tuple(f"our {_kind(one.plan)} to {one.plan.to}: {one.plan.subject}" for one in doubtful.named)
    parties = {one.plan.party for one in doubtful.named}
    matter = Matter(
        what=title,
        why=doubtful.why,
        arrived=arrived,
        sender=reporter,
        reference=", ".join(dict.fromkeys(one.plan.reference for one in doubtful.named if one.plan.reference)),
        evidence=named,
        evidence_title="Letters named",
        next_step=step,
    )
    return OpsNews(title, (matter,), party=parties.pop() if len(parties) == 1 else "")


def came_back(heard: Heard, became: Became) -> OpsNews:
    """A letter that did not arrive: which, to whom, the server's words, what was done, what is to be done."""
    plan = heard.sent.plan
    title = f"Our {_kind(plan)} to {plan.to} came back"
    return OpsNews(title, (_matter(heard, title, _came_back(heard), _next_step(plan, became)),), party=plan.party)


def is_delayed(heard: Heard) -> OpsNews:
    """A letter that has been on its way for more than a day."""
    plan = heard.sent.plan
    title = f"Our {_kind(plan)} to {plan.to} is still on its way"
    why = f"For more than a day a mail system has not been able to deliver it, and still tries: {words(heard.said)}."
    step = "Nothing to do yet: another report follows if it is given up. If it is urgent, ring them"
    return OpsNews(title, (_matter(heard, title, why, step),), party=plan.party)


def further(heard: Heard) -> OpsNews:
    """A letter that arrived, and did not reach everybody to whom their own mail system sent it on."""
    plan = heard.sent.plan
    title = f"Our {_kind(plan)} to {plan.to} did not reach everybody there"
    why = (
        "A mail system reports that it was not delivered to another address than the one that we wrote to: one to which "
        f'their own system sends it on, most likely. It said: "{words(heard.said)}". Nothing was changed because of it.'
    )
    step = "If they do not answer, ring them and ask who reads this address"
    return OpsNews(title, (_matter(heard, title, why, step),), party=plan.party)


def member_unreached(heard: Heard) -> OpsNews:
    """A letter to a member of our own team that came back."""
    to = heard.sent.plan.to
    title = f"Our letters to {to} come back"
    step = (
        "Check this address under [company] in the configuration. What nobody else of the team had lies in the mailbox"
    )
    return OpsNews(title, (_matter(heard, title, _came_back(heard), step),))


def _kind(plan: LetterPlan) -> str:
    return _KINDS.get(plan.kind, "letter")


def _came_back(heard: Heard) -> str:
    party = f" of {heard.sent.plan.party}" if heard.sent.plan.party else ""
    return f'It was not delivered to this address{party}, and will not be tried again. The mail system said: "{words(heard.said)}".'


def _matter(heard: Heard, what: str, why: str, step: str) -> Matter:
    plan = heard.sent.plan
    return Matter(what=what, why=why, reference=plan.reference, subject=plan.subject, next_step=step)


def _next_step(plan: LetterPlan, became: Became) -> str:
    if became.asked_at:
        return f"Nothing in a hurry: the same {_kind(plan)} goes to {became.asked_at}. {_LIST}"
    if became.elsewhere is Elsewhere.THEY_HAVE_IT:
        return f"Nothing in a hurry: their other contact has the same {_kind(plan)}. {_LIST}"
    if became.with_team:
        return (
            f"{plan.party} lists no other contact that takes mail, so what it asks for is with you now "
            f"({devices(became.with_team)}): find an address (the SECAS Helpdesk helps), send the list with it (CONTACTS) and "
            "order anew, or WITHDRAW"
        )
    if became.held:
        return (
            f"{_LIST}. What it was to settle is held again ({devices(became.held)}); the letter in which you decide it "
            "follows. Nothing goes to another address by itself"
        )
    return _LIST
