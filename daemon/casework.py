"""One mail on the desk: gather the facts and decide. Of a mail nothing is written here.

Used by `settle`, which writes the result down, and by `read` and `replay`, which stop here. At the end stands what a
day later, or a person's word, leads to in a thread (`turn_facts`, `write_turn`).
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Connection

from daemon.edge import contacts, inventory, outbox, remembered, threads, wants
from daemon.edge.inbox import KeptMail, seen_before, whereabouts
from daemon.edge.inbox.heard_of import Names, heard_of
from daemon.edge.outbox import LetterState, releases
from daemon.edge.reader.frames import ReadMail
from daemon.edge.threads import lately
from daemon.edge.threads.lately import Lately
from daemon.mail.message import Evidence, IncomingMail
from daemon.parts import Parts
from daemon.rules import answers, counterparties, disclosure
from daemon.rules.asking import receiving
from daemon.rules.counterparties import AddressBook
from daemon.rules.decide import decide, devices_to_look_up, home_of
from daemon.rules.decide.filed import folder_for
from daemon.rules.decision import Decision, Fate, folder_path
from daemon.rules.facts import DeviceRecord, Facts, Proof, TurnFacts, Writer
from daemon.rules.gate import Waiver
from daemon.rules.identifiers import DeviceId, reference
from daemon.rules.meaning import Correspondence, MachineMail, Meaning, NotOurs, OpsMail, OwnMail
from daemon.rules.reasons import Reason
from daemon.rules.thread import MailThread, State
from daemon.rules.understand import understand
from daemon.rules.wanting import Want
from daemon.rules.workdays import local_day

N = TypeVar("N", bound=str)
PROOF = TypeAdapter(Proof)
RELEASE_MEMORY = timedelta(days=30)
_MAY_ANSWER = disclosure.LEAVES_NO_DOUBT_WHO - {Reason.STALE_MAIL}
"""Failures with which a mail answers us all the same. One that was written long ago may be an old one, sent once more."""


@dataclass(frozen=True, slots=True)
class Case:
    """A mail with its meaning, the facts about it, and what was decided."""

    facts: Facts
    meaning: Meaning
    decision: Decision

    @property
    def may_lead_on(self) -> bool:
        """It may be an order of our team, an answer to us, or a report of a letter; any other is done once it is decided."""
        match self.meaning:
            case Correspondence() | NotOurs():
                return bool(self.facts.wanted) or self.facts.inquired is not None
            case MachineMail():
                return self.facts.mail.bounce is not None
            case OpsMail() | OwnMail():
                return True


Worked = tuple[KeptMail, Case]
Write = Callable[[Sequence[Worked]], None]


@dataclass(slots=True)
class Round:
    """What the mails of one transaction have in common: asked once, and kept by what is decided meanwhile.

    Decisions wait, and are written together: at the end, and before the database is asked what one of them may have
    changed. Of most mails nothing is asked: they are news.
    """

    write: Write
    book: AddressBook
    start: datetime
    """Mail that arrived before is left alone."""
    inventory_taken_at: datetime | None
    may_be_answered: bool
    """Some party was asked for something."""
    lately: Lately
    cases: Mapping[tuple[str, Evidence], str]
    """The case that each mail would begin, by its semantic key and class of proof."""
    records: dict[DeviceId, DeviceRecord] = field(default_factory=dict)
    looked_up: frozenset[DeviceId] = frozenset()
    """The devices of which `records` holds what we have."""
    unheard: set[str] = field(default_factory=set)
    """Devices, digests, semantic keys, cases and references of which nothing is written: nothing need be asked of them."""
    wanted: dict[str, Mapping[DeviceId, Want]] = field(default_factory=dict)
    """By party; only what leads on changes it, and then the round ends."""
    unwritten: list[Worked] = field(default_factory=list)

    def wanted_of(self, connection: Connection, party: str) -> Mapping[DeviceId, Want]:
        """What `party` may still answer us."""
        if self.may_be_answered and party not in self.wanted:
            self.wanted[party] = wants.of_party(connection, party)
        return self.wanted.get(party, {})

    def heard(self, names: Sequence[N]) -> tuple[N, ...]:
        """Those of `names` of which the database may know something: it knows whatever was decided before."""
        found = tuple(name for name in names if name not in self.unheard)
        if found:
            self.catch_up()
        return found

    def catch_up(self) -> None:
        """Write what was decided and waits."""
        decided, self.unwritten = self.unwritten, []
        if decided:
            self.write(decided)

    def decided(self, kept: KeptMail, case: Case) -> None:
        """It waits to be written; of its names something is known from now on."""
        mail, decision = case.facts.mail, case.decision
        self.unwritten.append((kept, case))
        for plan in () if decision.observed else decision.plans:
            self.unheard.difference_update(plan.code_devices)
            self.lately.queued(plan)
        for thread in decision.threads:
            if thread.case_id not in self.unheard or any(item.state is State.PENDING for item in thread.items):
                self.catch_up()
                self.lately.forget(thread.party)
            self.unheard -= {thread.case_id, thread.reference, *thread.by_device()}
        self.unheard -= {mail.semantic_key, *signature_digests(mail)}


def a_round(connection: Connection, parts: Parts, reads: Sequence[ReadMail], write: Write) -> Round:
    """What is to be known of `reads` together; a few queries, however many there are. `write`: what was decided."""
    mails, now = [read.mail for read in reads], parts.clock.now()
    book = contacts.address_book(connection)
    writers = (counterparties.identify(mail.origin, book, parts.policy, now) for mail in mails)
    parties = {writer.counterparty.party for writer in writers if writer.counterparty is not None}
    named = {(mail.semantic_key, mail.origin.evidence): mail for mail in mails}
    one = Round(
        write=write,
        book=book,
        start=start_from(connection, parts),
        inventory_taken_at=inventory.taken_at(connection),
        may_be_answered=wants.any_answerable(connection),
        lately=Lately(connection, sorted(parties), now),
        cases={key: case_id(parts, mail) for key, mail in named.items()},
    )
    # Of what is unproven nothing but its sender is judged; a forger's list of a hundred thousand devices is not looked up.
    proven = (read for read in reads if read.mail.origin.evidence >= Evidence.SPF_ONLY)
    devices = list(dict.fromkeys(asked.device_id for read in proven for asked in read.sense.says.asked))
    digests = list(dict.fromkeys(digest for mail in mails for digest in signature_digests(mail)))
    keys = [mail.semantic_key for mail in mails]
    cases = list(one.cases.values())
    references = [reference(bytes.fromhex(case), 0) for case in cases]
    one.records = inventory.lookup(connection, devices)
    names = Names(devices, keys, digests, cases, references)
    one.unheard = {*devices, *keys, *digests, *cases, *references}
    one.unheard -= heard_of(connection, names, now - RELEASE_MEMORY)
    one.looked_up = frozenset(devices)
    return one


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
    *,
    among: Round | None = None,
) -> Case:
    """Hold a mail against our records and decide. Writes nothing. `among`: the transaction in hand."""
    among = among or a_round(connection, parts, [read], lambda _: None)
    facts, meaning = gather(connection, parts, kept, read, among=among)
    mail = facts.mail
    if kept.ordered:
        return Case(facts, meaning, decide(facts, meaning, parts.policy))
    if kept.arrived < among.start:
        return Case(facts, meaning, _left_alone(Reason.BEFORE_START))
    if among.heard([mail.semantic_key]) and seen_before.find_same(
        connection, mail.semantic_key, mail.origin.evidence, kept.id
    ):
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
    *,
    among: Round,
) -> tuple[Facts, Meaning]:
    """The facts that bear on a mail, with what it means."""
    now, mail = parts.clock.now(), read.mail
    writer = counterparties.identify(mail.origin, among.book, parts.policy, now)
    meaning = understand(mail, writer, read.sense)
    case = among.cases[mail.semantic_key, mail.origin.evidence]
    digests = among.heard(signature_digests(mail))
    facts = Facts(
        mail=mail,
        mail_id=kept.id,
        proof=Proof(
            origin=mail.origin,
            arrived=kept.arrived,
            complete=mail.complete,
            signature_reused=seen_before.reused(connection, digests, mail.semantic_key),
            from_junk=kept.from_junk,
        ),
        now=now,
        writer=writer,
        counterparties=among.book.parties,
        surroundings=parts.surroundings(),
        case_id=case,
        reference=_free_reference(connection, case, among),
        ordered=kept.ordered,
        waiver=kept.waiver,
    )
    facts = _with_answers(connection, facts, meaning, parts, among)
    meaning = receiving.beside(meaning, facts)
    if isinstance(meaning, Correspondence) and writer.counterparty is not None:
        facts = _with_history(connection, facts, meaning, writer, among)
    return facts, meaning


def _with_answers(connection: Connection, facts: Facts, meaning: Meaning, parts: Parts, among: Round) -> Facts:
    """What the mail answers of what we asked its party for; nothing where its writer is not proven."""
    party, now = facts.writer.counterparty, facts.now
    if party is None or not isinstance(meaning, Correspondence | NotOurs):
        return facts
    before = _before(facts.mail, meaning)
    if not (among.may_be_answered or any(before)):
        return facts
    inquiry = wants.find_inquiry(connection, party.party, *before) if any(before) else None
    facts = replace(facts, inquiry=inquiry.case_id if inquiry else "")
    recipient = counterparties.reply_address(facts.writer, now)
    gate = disclosure.mail_gate(facts.proof, facts.writer, recipient, facts.surroundings, parts.policy, now)
    if facts.proof.from_junk or any(one.reason not in _MAY_ANSWER for one in disclosure.failures(gate)):
        return facts
    if inquiry is not None:
        devices = (want.device_id for want in wants.of_inquiry(connection, inquiry.case_id))
        facts = replace(facts, inquired=frozenset(devices))
    wanted = among.wanted_of(connection, party.party)
    crossed = isinstance(meaning, Correspondence) and any(asked.device_id in wanted for asked in meaning.asked)
    if not wanted or not (crossed or answers.speaks_of(facts.mail, wanted)):
        return facts
    return replace(facts, wanted=wanted, findings=answers.read(facts.mail, wanted, local_day(facts.proof.arrived)))


def _before(mail: IncomingMail, meaning: Meaning) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of what the mail belongs to: Message-IDs, references."""
    ids = tuple(dict.fromkeys((*mail.in_reply_to, *mail.references)))
    return ids, meaning.references if isinstance(meaning, Correspondence) else ()


def _with_history(connection: Connection, facts: Facts, meaning: Correspondence, writer: Writer, among: Round) -> Facts:
    party = writer.counterparty
    if party is None:
        return facts
    mail = facts.mail
    before = _before(mail, meaning)
    if any(before) or not meaning.asked:  # it may be about anything of its party
        among.catch_up()
    begun = threads.load(connection, among.heard([facts.case_id])).get(facts.case_id)
    home = begun or threads.find_home(connection, party.party, *before)
    home = home or _asked_anew(connection, facts, meaning, party.party, among)
    # Of what is unproven nothing but its sender is judged; a forger's list of a hundred thousand devices is not looked up.
    vouched = mail.origin.evidence >= Evidence.SPF_ONLY or facts.waiver is not None
    devices = devices_to_look_up(meaning, home) if vouched else ()
    heard = among.heard(devices)
    wants_all = not meaning.asked and (meaning.chase or meaning.withdraws)
    home_case = home.case_id if home else facts.case_id
    open_elsewhere = threads.open_elsewhere(connection, party.party, heard, home_case)
    open_threads = threads.open_threads(connection, party.party) if wants_all else ()
    records = _records(connection, devices, among)
    left = releases.of_devices(connection, heard, facts.now - RELEASE_MEMORY)
    asked_by_others = threads.asked_by_others(connection, party.party, heard)
    about = home_of(home, open_elsewhere, meaning, party) or next(reversed(open_threads), None)
    case = about.case_id if about else facts.case_id
    begun_before = bool(among.heard([case]))
    return replace(
        facts,
        home=home,
        open_elsewhere=open_elsewhere,
        open_threads=open_threads,
        records=records,
        inventory_taken_at=among.inventory_taken_at,
        releases=left,
        asked_by_others=asked_by_others,
        rates=among.lately.of(connection, party.party, case, facts.now, begun=begun_before),
    )


def _asked_anew(
    connection: Connection, facts: Facts, meaning: Correspondence, party: str, among: Round
) -> MailThread | None:
    """The thread in which just this was answered within the last day: a robot may ask for ever, each time as if anew."""
    asked = [one.device_id for one in meaning.asked]
    unclear = not asked and (meaning.wants_codes or bool(meaning.bad_lines))
    if facts.mail.origin.evidence < Evidence.SPF_ONLY or not (unclear or (asked and among.heard(asked[:1]))):
        return None
    return threads.lately_answered(connection, party, facts.writer.address, asked, facts.now - timedelta(days=1))


def _records(connection: Connection, devices: Sequence[DeviceId], among: Round) -> dict[DeviceId, DeviceRecord]:
    """What we have of `devices`: of most it was looked up with the others'."""
    more = [device for device in devices if device not in among.looked_up]
    found = {device: among.records[device] for device in devices if device in among.records}
    return {**found, **inventory.lookup(connection, more)}


def _free_reference(connection: Connection, case: str, among: Round) -> str:
    """The reference of a new thread for `case`: its first eight characters that no other case has."""
    raw = bytes.fromhex(case)
    for attempt in range(6):
        name = reference(raw, attempt)
        owner = threads.owner_of_reference(connection, name) if among.heard([name]) else None
        if owner is None or owner == case:
            return name
    raise RuntimeError("six collisions of a derived reference")


# A thread moves without a mail ──────────────────────────────────────────────────────────────────────


def turn_facts(
    connection: Connection,
    thread: MailThread,
    devices: Sequence[DeviceId],
    now: datetime,
    waiver: Waiver | None = None,
) -> TurnFacts:
    """What bears on `devices` of a thread when their turn comes, or a person decides."""
    return TurnFacts(
        now=now,
        counterparties=contacts.book(connection),
        records=inventory.lookup(connection, devices),
        inventory_taken_at=inventory.taken_at(connection),
        releases=releases.of_devices(connection, devices, now - RELEASE_MEMORY),
        rates=lately.rates(connection, thread.party, thread.case_id, now),
        waiver=waiver,
    )


def write_turn(connection: Connection, parts: Parts, before: MailThread, decision: Decision, now: datetime) -> None:
    """Write down what such a decision leads to: the thread, its letter, where its mails lie. `before`: as it was."""
    threads.save(connection, decision.threads)
    outbox.queue(
        connection,
        parts.vault,
        decision.plans,
        mailbox=parts.settings.mailbox.address,
        now=now,
        mail_id=before.mail_id,
        due=min((item.due.end for item in before.items if item.open), default=None),
        state=LetterState.OBSERVED if decision.observed else LetterState.PENDING,
    )
    for changed in decision.threads:
        whereabouts.want_folder(connection, changed.case_id, folder_path(folder_for(changed)))
