"""May this code go to this address now? Every condition by name (G1 to G14), asked when deciding and again when sending.

This is the one trust gate. A condition that cannot be shown to hold fails. What a person may waive is in
`gate.WAIVABLE`, and `waived` is the one place where an approval counts.

Source: durability notes §2.1 and §2.2; RFC 8601 and 9989 for the verdict.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from daemon.mail.message import DkimSignature, Evidence, Machine, Origin
from daemon.mail.sender.authres import aligned
from daemon.rules import counterparties
from daemon.rules.counterparties import Names, is_active, is_listed, means, same_address
from daemon.rules.facts import DeviceRecord, Proof, Rates, Release, Standing, Surroundings, Writer
from daemon.rules.gate import WAIVABLE, Condition, Gate, Waiver
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import LetterKind, LetterPlan
from daemon.rules.phrases import number
from daemon.rules.policy import Colleagues, Counterparty, Policy, Role
from daemon.rules.reasons import Reason

DISCLOSABLE_STATUSES = frozenset(("", "Pending", "Whitelisted", "InstalledNotCommissioned"))
TYPES_WITHOUT_CODE = frozenset(("GPF", "CHF"))
LEAVES_NO_DOUBT_WHO = frozenset((Reason.COLLEAGUE, Reason.STALE_MAIL, Reason.CANNOT_READ, Reason.FOREIGN_REPLY_TO))
"""Failures with which the writer is proven all the same, and may be told at a listed address that somebody looks."""
_ASKED_OF_EVERY_LETTER = frozenset(
    (Gate.MAILBOX_TRANSPORT, Gate.ONE_SENDER, Gate.VERDICT_FOUND, Gate.DMARC_ALIGNED, Gate.DKIM_ALIGNED)
)
_SIGNED = frozenset(("from", "subject", "date"))
"""What an aligned signature must cover. Not To: Microsoft 365 leaves it out for every tenant."""


def failures(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Those that do not hold, in the order of the gate."""
    return tuple(condition for condition in conditions if not condition.holds)


def _condition(gate: Gate, holds: bool, evidence: str, reason: Reason) -> Condition:
    return Condition(gate, holds, evidence, None if holds else reason)


def waived(conditions: Iterable[Condition], waiver: Waiver | None) -> tuple[Condition, ...]:
    """`conditions` with those that hold by our team's approval alone; each says by whose.

    That we hold a code and installed the device is a fact, which nobody can waive. A colleague of a contact meets G6;
    that a person looks at their mail is our own setting, which an approval satisfies.
    """
    return tuple(_waived(condition, waiver) for condition in conditions) if waiver else tuple(conditions)


def _waived(condition: Condition, waiver: Waiver) -> Condition:
    fact = condition.reason is Reason.GATE_AT_SEND
    by_gate = condition.gate in WAIVABLE and condition.gate in waiver.gates and not fact
    if condition.holds or not (by_gate or condition.reason is Reason.COLLEAGUE):
        return condition
    return Condition(condition.gate, True, f"{condition.evidence}; approved by {' and '.join(waiver.by)}")


def covers(waiver: Waiver | None, devices: Sequence[DeviceId]) -> bool:
    """Whether the approval is of all these devices; one of a whole mail is of all that it names."""
    return waiver is not None and (not waiver.devices or set(devices) <= set(waiver.devices))


# The mail: G1 to G8, G11, G12 ───────────────────────────────────────────────────────────────────────


def mail_gate(  # noqa: PLR0917  # all that the gate depends on, in the open
    proof: Proof, writer: Writer, recipient: str | None, surroundings: Surroundings, policy: Policy, now: datetime
) -> tuple[Condition, ...]:
    """What must hold of the mail that asks, whatever it asks for. `recipient`: the listed address to answer to."""
    return (
        _mailbox_transport(surroundings),
        _one_sender(proof),
        _verdict_found(proof),
        _dmarc(proof),
        _dkim(proof, writer, policy),
        _listed(writer, policy, now),
        _no_machine(proof, writer),
        _fresh(proof, policy),
        _read_whole(proof),
        _recipient_found(recipient),
        _asks_no_stranger_in(proof, writer),
    )


def _mailbox_transport(surroundings: Surroundings) -> Condition:
    evidence = "verified TLS, or loopback by setting" if surroundings.mailbox_secure else "an unprotected connection"
    return _condition(Gate.MAILBOX_TRANSPORT, surroundings.mailbox_secure, evidence, Reason.MAILBOX_NOT_TRUSTED)


def _one_sender(proof: Proof) -> Condition:
    origin = proof.origin
    plain = origin.sender is not None and not origin.ambiguities and proof.evidence is not Evidence.AMBIGUOUS
    evidence = "one plain From address" if plain else "; ".join(origin.ambiguities) or "no plain From address"
    return _condition(Gate.ONE_SENDER, plain, evidence, Reason.AMBIGUOUS_SENDER)


def _verdict_found(proof: Proof) -> Condition:
    verdict = proof.origin.verdict
    found = bool(verdict.header_from) or verdict.dmarc != "none"
    return _condition(Gate.VERDICT_FOUND, found, verdict.note, Reason.UNPROVEN_SENDER)


def _dmarc(proof: Proof) -> Condition:
    verdict, domain = proof.origin.verdict, proof.origin.domain
    passes = verdict.dmarc == "pass" and verdict.header_from == domain != "" and proof.evidence >= Evidence.SPF_ONLY
    evidence = f"dmarc={verdict.dmarc} for {verdict.header_from or 'no domain'}; From says {domain or 'none'}"
    return _condition(Gate.DMARC_ALIGNED, passes, evidence, Reason.UNPROVEN_SENDER)


def _dkim(proof: Proof, writer: Writer, policy: Policy) -> Condition:
    """An aligned signature that passed and covers what we rely on; or SPF alone, for addresses set to allow it."""
    if proof.evidence is Evidence.SPF_ONLY:
        accepted = any(same_address(writer.address, one) for one in policy.accept_spf_only)
        evidence = "SPF alone, accepted for this address by setting" if accepted else "SPF alone; no aligned signature"
        return _condition(Gate.DKIM_ALIGNED, accepted, evidence, Reason.SPF_ONLY_SENDER)
    if proof.evidence is not Evidence.DKIM_ALIGNED:
        return _condition(Gate.DKIM_ALIGNED, False, "no aligned DKIM signature passed", Reason.UNPROVEN_SENDER)
    signer = whole_signature(proof.origin, proof.arrived)
    evidence = f"signed by {signer}" if signer else "an aligned signature is partial or expired, or none was read"
    return _condition(Gate.DKIM_ALIGNED, bool(signer), evidence, Reason.PARTIAL_SIGNATURE)


def whole_signature(origin: Origin, arrived: datetime | None) -> str:
    """The domain whose aligned signature covers what we rely on; empty: one that may have passed does not, or none was read.

    `arrived` None: not known, so a signature that expires counts as expired.
    """
    own = _aligned_signatures(origin)
    return own[0].domain if own and all(s.domain and _covers(s, arrived) for s in own) else ""


def _aligned_signatures(origin: Origin) -> list[DkimSignature]:
    """Those that may be the one that passed: a verdict names a domain, not which of its signatures it means.

    One whose domain we cannot read may be it, too.
    """
    passed = (s for s in origin.signatures if not s.domain or s.domain in origin.verdict.dkim_pass)
    return [s for s in passed if not s.domain or aligned(s.domain, origin.domain)]


def _covers(signature: DkimSignature, arrived: datetime | None) -> bool:
    """No `l=` (text may have been appended), not expired on arrival, and From, Subject and Date are signed."""
    expired = signature.expires is not None and (arrived is None or signature.expires < arrived)
    return not signature.body_length and not expired and set(signature.signed) >= _SIGNED


def _listed(writer: Writer, policy: Policy, now: datetime) -> Condition:
    party = writer.counterparty
    if party is None:
        return _condition(Gate.WRITER_LISTED, False, "not in the contact list", Reason.UNLISTED_SENDER)
    if writer.standing is Standing.COLLEAGUE and policy.colleagues is Colleagues.HOLD:
        evidence = f"a colleague at {party.party}; colleagues are held by setting"
        return _condition(Gate.WRITER_LISTED, False, evidence, Reason.COLLEAGUE)
    in_force = writer.contact is None or is_active(writer.contact, now)
    evidence = f"{writer.standing} of {party.party}" if in_force else "listed, but not yet in force"
    return _condition(Gate.WRITER_LISTED, in_force, evidence, Reason.CONTACT_NOT_ACTIVE)


def _no_machine(proof: Proof, writer: Writer) -> Condition:
    """A person; or another copy of this daemon, or a contact listed as a robot. A bounce is never any of these."""
    origin = proof.origin
    copy_of_us = origin.mark is not None and origin.machine in (Machine.ROBOT, Machine.AUTO_REPLY)
    listed_robot = writer.contact is not None and writer.contact.robot and origin.machine is Machine.ROBOT
    holds = origin.machine is None or copy_of_us or listed_robot
    evidence = "a person, as far as can be told" if origin.machine is None else origin.machine_sign
    return _condition(Gate.NO_MACHINE, holds, evidence, Reason.ROBOT)


def _fresh(proof: Proof, policy: Policy) -> Condition:
    """Written not long before it came, and its signatures never seen with another mail.

    A date in the future is tolerated: clocks are wrong more often than forgers are careless.
    """
    if proof.signature_reused:
        evidence = "its signature came with another mail before"
        return _condition(Gate.FRESH, False, evidence, Reason.REPLAYED_SIGNATURE)
    date = proof.origin.date
    oldest = proof.arrived - timedelta(days=policy.limits.mail_max_age_days)
    arrived = proof.arrived.date().isoformat()
    evidence = "no usable Date" if date is None else f"dated {date.date().isoformat()}, arrived {arrived}"
    return _condition(Gate.FRESH, date is not None and date >= oldest, evidence, Reason.STALE_MAIL)


def _read_whole(proof: Proof) -> Condition:
    evidence = "read whole" if proof.complete else "something in it was cut off or could not be read"
    return _condition(Gate.READ_WHOLE, proof.complete, evidence, Reason.CANNOT_READ)


def _recipient_found(recipient: str | None) -> Condition:
    evidence = recipient or "no mp121 or operations address in force"
    return _condition(Gate.ONE_LISTED_RECIPIENT, recipient is not None, evidence, Reason.NO_REPLY_ADDRESS)


def _asks_no_stranger_in(proof: Proof, writer: Writer) -> Condition:
    """A Reply-To is never followed; one at another company, listed nowhere, is a forger's habit."""
    reply_to = proof.origin.reply_to
    home = reply_to is None or aligned(reply_to.rpartition("@")[2], proof.origin.domain)
    contacts = writer.counterparty.contacts if writer.counterparty else ()
    known = home or any(same_address(c.email, reply_to or "") for c in contacts)
    evidence = "no Reply-To at another company" if known else "Reply-To at another company"
    return _condition(Gate.ONE_LISTED_RECIPIENT, known, evidence, Reason.FOREIGN_REPLY_TO)


# The device: G9 and G10 ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Records:
    """What our records say of the devices in question."""

    devices: Mapping[DeviceId, DeviceRecord]
    releases: Mapping[DeviceId, tuple[Release, ...]]
    """Of the last 30 days, all parties; the letter in hand not counted."""
    rates: Rates
    """The letter in hand not counted."""


def is_ours(record: DeviceRecord, ours: Names) -> bool:
    """Whether we installed the device: an empty `installing_supplier` means us."""
    return not record.installing_supplier.strip() or means(record.installing_supplier, ours)


def device_gate(device: DeviceId, record: DeviceRecord | None, ours: Names, asker: Names) -> Condition:
    """G9: our device, not commissioned, its code held, and the asker entitled as far as records say."""
    holds = Condition(Gate.DEVICE_ENTITLED, True, f"{device}: ours, code held, not commissioned")
    return device_fault(device, record, ours, asker) or holds


def device_fault(device: DeviceId, record: DeviceRecord | None, ours: Names, asker: Names) -> Condition | None:
    """G9 where it fails; None: it holds. The same question for whoever asks it of many devices."""

    def fault(reason: Reason, evidence: str) -> Condition:
        return Condition(Gate.DEVICE_ENTITLED, False, f"{device}: {evidence}", reason)

    if record is None or not is_ours(record, ours):
        return fault(Reason.GATE_AT_SEND, "not a device that we installed")
    if record.device_type in TYPES_WITHOUT_CODE:
        return fault(Reason.GATE_AT_SEND, "its type has no code")
    if record.status not in DISCLOSABLE_STATUSES:
        return fault(Reason.DEVICE_STATUS, f"its status is {record.status}")
    if not record.has_code:
        return fault(Reason.GATE_AT_SEND, "no code is held")
    if record.gaining_supplier.strip() and not means(record.gaining_supplier, asker):
        return fault(Reason.OTHER_SUPPLIER_RECORDED, "our records name another gaining supplier")
    return None


def to_others(releases: Sequence[Release], party: str) -> bool:
    """Whether a code went to somebody else within the time remembered."""
    return bool(releases) and any(release.party != party for release in releases)


def limits_gate(devices: Sequence[DeviceId], records: Records, party: str, policy: Policy) -> tuple[Condition, ...]:
    """G10: the repeats of each device and the codes of the day, these included."""
    limits, rates = policy.limits, records.rates
    of_party = rates.codes_today_to_party + len(devices)
    of_all = rates.codes_today + len(devices)
    known = [releases for d in devices if (releases := records.releases.get(d))]
    repeats = max(map(len, known), default=0)
    elsewhere = any(to_others(releases, party) for releases in known)
    return (
        _condition(
            Gate.WITHIN_LIMITS,
            repeats < limits.codes_per_device_per_30_days,
            f"a device went out {number(repeats, 'time')} in 30 days before this",
            Reason.REPEAT_LIMIT,
        ),
        _condition(
            Gate.WITHIN_LIMITS,
            not elsewhere,
            f"{'a' if elsewhere else 'no'} code of these went to another party within 30 days",
            Reason.ASKED_BY_ANOTHER,
        ),
        _condition(
            Gate.WITHIN_LIMITS,
            of_party <= limits.codes_per_counterparty_per_day,
            f"{number(of_party, 'code')} to {party} that day",
            Reason.DAILY_CAP,
        ),
        _condition(
            Gate.WITHIN_LIMITS,
            of_all <= limits.codes_per_day,
            f"{number(of_all, 'code')} that day in all",
            Reason.GLOBAL_CAP,
        ),
    )


# The letter: G12 to G14, and the whole gate again ───────────────────────────────────────────────────


def _goes_to_its_party(plan: LetterPlan, writer: Writer) -> Condition:
    party = writer.counterparty
    holds = party is not None and party.party == plan.party
    evidence = f"its writer belongs to {plan.party}" if holds else f"its writer is no longer one of {plan.party}"
    return _condition(Gate.WRITER_LISTED, holds, evidence, Reason.GATE_AT_SEND)


def _listed_recipient(plan: LetterPlan, writer: Writer, now: datetime) -> Condition:
    holds = writer.counterparty is not None and is_listed(plan.to, writer.counterparty, now)
    evidence = f"{plan.to} is {'' if holds else 'not '}a listed address of {plan.party} in force"
    return _condition(Gate.ONE_LISTED_RECIPIENT, holds, evidence, Reason.GATE_AT_SEND)


def _relay_transport(surroundings: Surroundings) -> Condition:
    evidence = "verified TLS, or loopback by setting" if surroundings.relay_secure else "an unprotected connection"
    return _condition(Gate.RELAY_TRANSPORT, surroundings.relay_secure, evidence, Reason.GATE_AT_SEND)


def _not_suspended(surroundings: Surroundings) -> Condition:
    """A letter with codes waits for this one; it is not held."""
    evidence = ", ".join(sorted(surroundings.suspensions)) or "nothing is suspended"
    return _condition(Gate.NOT_SUSPENDED, not surroundings.suspensions, evidence, Reason.GATE_AT_SEND)


def send_gate(  # noqa: PLR0917  # all that the gate depends on, in the open
    plan: LetterPlan,
    proof: Proof,
    writer: Writer,
    records: Records,
    book: tuple[Counterparty, ...],
    surroundings: Surroundings,
    policy: Policy,
    now: datetime,
) -> tuple[Condition, ...]:
    """The whole gate for a letter to a counterparty, as it stands at this moment.

    `writer` is read anew against today's `book`. A letter without codes is asked who its writer is and where it
    goes; one with codes, everything.
    """
    of_mail = mail_gate(proof, writer, plan.to, surroundings, policy, now)
    of_letter = (
        _goes_to_its_party(plan, writer),
        _listed_recipient(plan, writer, now),
        _relay_transport(surroundings),
    )
    devices = plan.code_devices
    waiver = plan.waiver if covers(plan.waiver, devices) else None
    if not devices:
        return waived((*(c for c in of_mail if c.gate in _ASKED_OF_EVERY_LETTER), *of_letter), waiver)
    limits = limits_gate(devices, records, plan.party, policy)
    entitled = _devices_gate(devices, writer, records, book, policy)
    return waived((*of_mail, *of_letter, entitled, *limits, _not_suspended(surroundings)), waiver)


def _devices_gate(
    devices: Sequence[DeviceId], writer: Writer, records: Records, book: tuple[Counterparty, ...], policy: Policy
) -> Condition:
    """G9 for all devices of a letter: the first that fails, what nobody may waive before all else."""
    ours = counterparties.own_names(policy)
    asker = counterparties.names_of(writer.counterparty, book) if writer.counterparty else frozenset()
    faults = [fault for d in devices if (fault := device_fault(d, records.devices.get(d), ours, asker)) is not None]
    if faults:
        return next((fault for fault in faults if fault.reason is Reason.GATE_AT_SEND), faults[0])
    return Condition(Gate.DEVICE_ENTITLED, True, f"{len(devices)} of ours, codes held, not commissioned")


# Letters that answer nobody ─────────────────────────────────────────────────────────────────────────


def asking_gate(
    plan: LetterPlan, book: tuple[Counterparty, ...], surroundings: Surroundings, policy: Policy, now: datetime
) -> tuple[Condition, ...]:
    """A letter in which we ask: it can hold no code, and goes to a listed address of its party, or to the Helpdesk."""
    if plan.kind is LetterKind.HELPDESK:
        listed = bool(policy.helpdesk) and same_address(plan.to, policy.helpdesk)
        to = _condition(Gate.ONE_LISTED_RECIPIENT, listed, f"{plan.to}, the Helpdesk by setting", Reason.GATE_AT_SEND)
        return (to, _relay_transport(surroundings))
    party = next((one for one in book if one.party == plan.party), None)
    listed = party is not None and is_listed(plan.to, party, now)
    evidence = f"{plan.to} is {'' if listed else 'not '}a listed address of {plan.party} in force"
    to = _condition(Gate.ONE_LISTED_RECIPIENT, listed, evidence, Reason.GATE_AT_SEND)
    return (to, _relay_transport(surroundings))


def result_gate(plan: LetterPlan, surroundings: Surroundings, policy: Policy) -> tuple[Condition, ...]:
    """Codes that others gave us go to our own code recipients alone."""
    able = [m for m in policy.team if m.may(Role.CODE_RECIPIENT) and same_address(m.address, plan.to)]
    evidence = f"{plan.to} is {'' if able else 'not '}one of our code recipients"
    to = _condition(Gate.ONE_LISTED_RECIPIENT, bool(able) and not plan.party, evidence, Reason.GATE_AT_SEND)
    return (to, _relay_transport(surroundings), _not_suspended(surroundings))
