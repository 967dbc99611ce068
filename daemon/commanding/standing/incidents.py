"""INCIDENT: freeze one supplier, tell everybody, and put together what passed between it and us."""

from datetime import datetime, timedelta

from daemon.commanding.desk import OpsDesk
from daemon.commanding.standing.pausing import party_called, since
from daemon.edge.contacts import party_history
from daemon.edge.team import standing_orders
from daemon.mail.message import Evidence
from daemon.rules.commands.orders import Incident
from daemon.rules.counterparties.providers import is_shared_domain
from daemon.rules.explain import cause
from daemon.rules.letters import Matter, Page
from daemon.rules.policy import Counterparty
from daemon.rules.reasons import Reason
from daemon.rules.team.standing import StandingKind, StandingOrder, headline
from daemon.rules.workdays import LONDON, in_words

_LOOKED_BACK = timedelta(days=30)
_MOST = 200
_PROOF = {
    Evidence.AMBIGUOUS: "sender unclear",
    Evidence.UNPROVEN: "not proven",
    Evidence.SPF_ONLY: "proven by SPF alone",
    Evidence.DKIM_ALIGNED: "proven, signed",
}


def incident(desk: OpsDesk, order: Incident) -> str:
    """Nothing goes to the supplier any more until several persons say otherwise; the evidence is shown."""
    party = party_called(desk, order.party)
    desk.pages += _evidence(desk, party)
    stands = standing_orders.load(desk.connection)
    known = next((o for o in stands if o.kind is StandingKind.INCIDENT and o.subject == party.party), None)
    if known is not None:
        return f"{party.party} is frozen already, {since(known)}; the evidence as of now is below"
    one = StandingOrder(StandingKind.INCIDENT, party.party, desk.today, None, "", desk.member.address, desk.now)
    standing_orders.put(desk.connection, one)
    desk.changed_standing = True
    desk.record("incident", f"party:{party.party}")
    told = Matter(
        what=headline(one),
        why=f"No letter goes to {party.party} from now on, with or without codes. Its mail is still read and its due "
        "dates run on.",
        next_step=f"Ask {desk.member.address} what happened. EVIDENCE and a reference shows any one request; INCIDENT "
        f"{party.party} shows all evidence again. RESUME {party.party} is put to the approvers.",
    )
    desk.tell_team(headline(one), (told,), party=party.party)
    return f"nothing goes to {party.party} any more, and the team knows; the evidence of the last 30 days is below"


def _evidence(desk: OpsDesk, party: Counterparty) -> list[Page]:
    """What it asked for, what it was sent, who wrote, what waits: of the last 30 days; never a code."""
    began = desk.now - _LOOKED_BACK
    return [
        _asked(desk, party.party, began),
        _sent(desk, party.party, began),
        _writers(desk, party, began),
        _waiting(desk, party.party),
    ]


def _at(moment: datetime) -> str:
    local = moment.astimezone(LONDON)
    return f"{in_words(local.date())}, {local:%H:%M}"


def _page(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]], nothing: str) -> Page:
    lines = (f"Only the first {_MOST} are shown.",) if len(rows) > _MOST else ()
    return Page(title, lines, columns, tuple(rows[:_MOST])) if rows else Page(title, (nothing,))


def _asked(desk: OpsDesk, party: str, began: datetime) -> Page:
    found = party_history.asked_for(desk.connection, party, began, _MOST + 1)
    rows = [(_at(o.at), o.device, o.reference, o.by, f"{o.state} {o.outcome}".strip()) for o in found]
    columns = ("Asked", "Device", "Reference", "By", "Now")
    return _page(f"What {party} asked for in the last 30 days", columns, list(rows), "It asked for nothing.")


def _sent(desk: OpsDesk, party: str, began: datetime) -> Page:
    found = party_history.codes_sent(desk.connection, party, began, _MOST + 1)
    words = {"released": "sent", "queued": "not gone yet", "dropped": "did not go"}
    rows = [(_at(one.at), one.device, one.to, words.get(one.state, one.state)) for one in found]
    columns = ("When", "Device", "To", "Code")
    return _page(f"Codes for {party} in the last 30 days", columns, list(rows), "No code was sent, and none is queued.")


def _writers(desk: OpsDesk, party: Counterparty, began: datetime) -> Page:
    domains = {contact.email.rpartition("@")[2] for contact in party.contacts}
    own = {domain for domain in domains if not is_shared_domain(domain)}
    found = party_history.writers(desk.connection, party.party, own, began, _MOST + 1)
    rows = [
        (
            one.address,
            _PROOF[one.evidence] if one.evidence is not None else "not read",
            cause(Reason(one.reason)) if one.reason else "",
            f"{one.mails:,}",
            _at(one.last),
        )
        for one in found
    ]
    columns = ("Address", "Sender", "What became of it", "Mails", "Last")
    return _page(f"Who wrote as {party.party}", columns, list(rows), "Nobody wrote.")


def _waiting(desk: OpsDesk, party: str) -> Page:
    found = party_history.waiting(desk.connection, party, _MOST + 1)
    rows = [(one.name, one.what, f"{one.count:,}", in_words(one.due) if one.due else "") for one in found]
    columns = ("Matter", "What", "How many", "Due")
    return _page(f"What waits of {party} now", columns, list(rows), "Nothing waits.")
