"""One mail on the desk: gather the facts and decide. Writes nothing.

Used by `settle`, which writes the result down, and by `read` and `replay`, which stop here.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import TypeAdapter
from sqlalchemy import Connection

from daemon.edge import inbox, inventory, remembered, threads
from daemon.edge.inbox import KeptMail
from daemon.edge.reader_frames import ReadMail
from daemon.edge.threads import CodesToday
from daemon.mail.message import Evidence, IncomingMail
from daemon.parts import Parts
from daemon.rules import counterparties
from daemon.rules.decide import decide, devices_to_look_up, home_of
from daemon.rules.decision import Decision, Fate
from daemon.rules.facts import Facts, Proof, Writer
from daemon.rules.identifiers import reference
from daemon.rules.meaning import Correspondence, Meaning
from daemon.rules.policy import Counterparty
from daemon.rules.reasons import Reason
from daemon.rules.understand import understand

PROOF = TypeAdapter(Proof)
RELEASE_MEMORY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Case:
    """A mail with its meaning, the facts about it, and what was decided."""

    facts: Facts
    meaning: Meaning
    decision: Decision


def signature_digests(mail: IncomingMail) -> tuple[str, ...]:
    """What is remembered of a mail's DKIM signatures, so that a replay under a new face is known."""
    return tuple(hashlib.sha256(s.signature.encode()).hexdigest() for s in mail.origin.signatures)


def case_id(parts: Parts, mail: IncomingMail) -> str:
    """The name of the case that this mail begins: the same after a rebuild of the database.

    The class of proof is part of it, so that a forgery seen first cannot take the genuine mail's name.
    """
    return parts.vault.derive("case", mail.semantic_key, str(int(mail.origin.evidence))).hex()


def work(
    connection: Connection,
    parts: Parts,
    kept: KeptMail,
    read: ReadMail,
    book: tuple[Counterparty, ...],
    *,
    codes: CodesToday | None = None,
) -> Case:
    """Hold a mail against our records and decide. Writes nothing. `codes`: as counted for the transaction in hand."""
    facts, meaning = gather(connection, parts, kept, read, book, codes=codes)
    mail = facts.mail
    if kept.ordered:
        return Case(facts, meaning, decide(facts, meaning, parts.policy))
    if kept.arrived < start_from(connection, parts):
        return Case(facts, meaning, _left_alone(Reason.BEFORE_START))
    if inbox.find_same(connection, mail.semantic_key, mail.origin.evidence, kept.id) is not None:
        return Case(facts, meaning, _left_alone(Reason.DUPLICATE))
    return Case(facts, meaning, decide(facts, meaning, parts.policy))


def start_from(connection: Connection, parts: Parts) -> datetime:
    """The moment before which mail is left alone: as configured, else that of the first start."""
    set_by_hand: datetime | None = parts.settings.mailbox.start_from
    if set_by_hand is not None:
        return set_by_hand
    known = remembered.get(connection, "start_from")
    return parts.clock.now() if known is None else datetime.fromisoformat(known)


def _left_alone(reason: Reason) -> Decision:
    return Decision(fate=Fate.IGNORED, reason=reason, keep_content=False, moves_mail=False)


def gather(
    connection: Connection,
    parts: Parts,
    kept: KeptMail,
    read: ReadMail,
    book: tuple[Counterparty, ...],
    *,
    codes: CodesToday | None = None,
) -> tuple[Facts, Meaning]:
    """The facts that bear on a mail, with what it means."""
    now, mail = parts.clock.now(), read.mail
    writer = counterparties.identify(mail.origin, book, parts.policy, now)
    meaning = understand(mail, writer, read.sense)
    case = case_id(parts, mail)
    digests = signature_digests(mail)
    facts = Facts(
        mail=mail,
        mail_id=kept.id,
        proof=Proof(
            origin=mail.origin,
            arrived=kept.arrived,
            complete=mail.complete,
            signature_reused=inbox.reused(connection, digests, mail.semantic_key),
            from_junk=kept.from_junk,
        ),
        now=now,
        writer=writer,
        counterparties=book,
        surroundings=parts.surroundings(),
        case_id=case,
        reference=_free_reference(connection, case),
        ordered=kept.ordered,
    )
    if isinstance(meaning, Correspondence) and writer.counterparty is not None:
        facts = _with_history(connection, facts, meaning, writer, codes)
    return facts, meaning


def _with_history(
    connection: Connection, facts: Facts, meaning: Correspondence, writer: Writer, codes: CodesToday | None
) -> Facts:
    party = writer.counterparty
    if party is None:
        return facts
    mail = facts.mail
    ids = tuple(dict.fromkeys((*mail.in_reply_to, *mail.references)))
    begun = threads.load(connection, [facts.case_id]).get(facts.case_id)
    home = begun or threads.find_home(connection, party.party, ids, meaning.references)
    # Of what is unproven nothing but its sender is judged; a forger's list of a hundred thousand devices is not looked up.
    devices = devices_to_look_up(meaning, home) if mail.origin.evidence >= Evidence.SPF_ONLY else ()
    wants_all = not meaning.asked and (meaning.chase or meaning.withdraws)
    facts = replace(
        facts,
        home=home,
        open_elsewhere=threads.open_elsewhere(
            connection, party.party, devices, home.case_id if home else facts.case_id
        ),
        open_threads=threads.open_threads(connection, party.party) if wants_all else (),
        records=inventory.lookup(connection, devices),
        inventory_taken_at=inventory.taken_at(connection),
        releases=threads.releases(connection, devices, facts.now - RELEASE_MEMORY),
        asked_by_others=threads.asked_by_others(connection, party.party, devices),
    )
    about = home_of(facts, meaning, party) or next(reversed(facts.open_threads), None)
    case = about.case_id if about else facts.case_id
    return replace(facts, rates=threads.rates(connection, party.party, case, facts.now, codes=codes))


def _free_reference(connection: Connection, case: str) -> str:
    """The reference of a new thread for `case`: its first eight characters that no other case has."""
    raw = bytes.fromhex(case)
    for attempt in range(6):
        name = reference(raw, attempt)
        owner = threads.owner_of_reference(connection, name)
        if owner is None or owner == case:
            return name
    raise RuntimeError("six collisions of a derived reference")
