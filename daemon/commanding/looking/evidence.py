"""EVIDENCE: everything about one matter in one mail, for a security officer or the regulator. Never a code."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from daemon.casework import PROOF
from daemon.commanding.asking import inquiries
from daemon.commanding.desk import NotDone, OpsDesk
from daemon.commanding.pages import (
    Row,
    at,
    devices_page,
    fate_of,
    find_mail,
    find_thread,
    hashed,
    notes_pages,
    number_in,
    present,
)
from daemon.edge import wants
from daemon.edge.contacts import CONTACTS
from daemon.edge.inventory import INVENTORY
from daemon.edge.views import dossier
from daemon.edge.views.dossier import Entry, LetterOut, MailIn
from daemon.gatekeeper import gate_of_mail
from daemon.mail.message import Evidence as Proven
from daemon.rules.commands.orders import Evidence
from daemon.rules.explain import cause
from daemon.rules.facts import Proof
from daemon.rules.gate import Condition
from daemon.rules.letters import Page
from daemon.rules.phrases import day, number
from daemon.rules.policy import Policy
from daemon.rules.reasons import Reason
from daemon.rules.thread import MailThread
from daemon.rules.wanting import Inquiry, Want

MOST_ENTRIES = 300
"""Of the audit trail; `audit export` has them all."""
MOST_WORDS = 1000
"""Of the detail of one entry."""
_CLASSES = {
    Proven.AMBIGUOUS: "E0, its sender can be read in more than one way",
    Proven.UNPROVEN: "E1, nothing proves its sender",
    Proven.SPF_ONLY: "E2, its sender is proven by SPF alone",
    Proven.DKIM_ALIGNED: "E3, its sender is proven by an aligned DKIM signature",
}


def evidence(desk: OpsDesk, order: Evidence) -> str:
    """Everything about one matter."""
    ref = desk.ref(order.ref)
    mail_id = number_in(ref, "mail")
    if ref.startswith("proposal "):
        raise NotDone(f"EVIDENCE is about a request or a mail; STATUS {ref} shows how it stands")
    if (inquiry := inquiries.called(desk, ref)) is not None:
        return _of_inquiry(desk, inquiry)
    thread = None if mail_id is not None else find_thread(desk, ref)
    mails = [find_mail(desk, mail_id)] if mail_id is not None else []
    if thread is not None:
        mails = dossier.mails(desk.connection, case_id=thread.case_id, mail_id=thread.mail_id)
    letters = dossier.letters(desk.connection, desk.parts.vault, _cases(desk, thread, mails))
    desk.pages += [
        Page(f"Evidence on {ref}, {at(desk.now)}", rows=_head(desk, thread, mails, letters)),
        *([devices_page(thread)] if thread else []),
        *(page for mail in mails for page in _mail_pages(desk, mail)),
        *(page for one in letters for page in _letter_pages(one)),
        *_people_pages(desk, thread, mails, ref),
        _policy_page(desk, thread.party if thread else mails[0].party),
        _trail_page(_trail(desk, thread, mails, letters)),
    ]
    return _shown(desk, ref, f"case:{thread.case_id}" if thread else f"mail:{mails[0].id}")


def _shown(desk: OpsDesk, ref: str, about: str) -> str:
    desk.record("evidence-shown", about)
    return f"the evidence on {ref} is shown below"


def _cases(desk: OpsDesk, thread: MailThread | None, mails: Sequence[MailIn]) -> set[str]:
    """The cases whose letters belong to it; a mail that began no thread has one of its own name all the same."""
    if thread is not None:
        return {thread.case_id}
    derive = desk.parts.vault.derive
    return {derive("case", mail.semantic_key, str(mail.evidence)).hex() for mail in mails if mail.semantic_key}


def _trail(
    desk: OpsDesk, thread: MailThread | None, mails: Sequence[MailIn], letters: Sequence[LetterOut]
) -> list[Entry]:
    """What the audit trail has of a request or a mail."""
    devices = {device for one in letters for device in one.plan.code_devices}
    subjects = [
        *([f"case:{thread.case_id}"] if thread else []),
        *(f"mail:{mail.id}" for mail in mails),
        *(f"letter:{one.id}" for one in letters),
        *(f"device:{device}" for device in sorted(devices)),
    ]
    return _of_these(dossier.trail(desk.connection, subjects), {one.id for one in letters})


def _of_these(found: Iterable[Entry], openings: Collection[int | str]) -> list[Entry]:
    """Of the codes that were opened those for these letters, or for the folder: others are another matter's.

    `code-opened` is of one device: for the folder, and in trails of old for letters, too. `codes-opened` is of a letter.
    """
    return [one for one in found if one.what != "code-opened" or _opened_for(one) in openings]


def _opened_for(entry: Entry) -> int | str:
    """The letter's number; else where to."""
    detail: Mapping[str, int | str] = json.loads(entry.detail)
    return detail.get("letter") or detail["to"]


# What we ask ────────────────────────────────────────────────────────────────────────────────────────


def _of_inquiry(desk: OpsDesk, inquiry: Inquiry) -> str:
    """The same of what we ask: who ordered it, what went and came, who was given the codes."""
    theirs = wants.of_inquiry(desk.connection, inquiry.case_id)
    mails = dossier.mails(desk.connection, case_id=inquiry.case_id)
    asked = dossier.letters(desk.connection, desk.parts.vault, [inquiry.case_id])
    given = dossier.results(desk.connection, desk.parts.vault, [w.id for w in theirs], inquiry.asked_at)
    letters = [*asked, *given]
    subjects = [
        f"case:{inquiry.case_id}",
        *(f"mail:{number}" for number in {*(mail.id for mail in mails), *(w.order_mail_id for w in theirs)}),
        *(f"letter:{one.id}" for one in letters),
        *(f"device:{w.device_id}" for w in theirs),
    ]
    trail = _of_these(dossier.trail(desk.connection, subjects), {*(one.id for one in letters), "folder"})
    desk.pages += [
        Page(f"Evidence on {inquiry.reference}, {at(desk.now)}", rows=_inquiry_head(desk, inquiry, theirs, mails, letters)),
        inquiries.devices_page(theirs),
        *(page for mail in mails for page in _mail_pages(desk, mail)),
        *(page for one in letters for page in _letter_pages(one)),
        *_people_pages(desk, None, mails, inquiry.reference),
        _policy_page(desk, inquiry.party),
        _trail_page(trail),
    ]  # fmt: skip
    return _shown(desk, inquiry.reference, f"case:{inquiry.case_id}")


def _inquiry_head(
    desk: OpsDesk, inquiry: Inquiry, theirs: Sequence[Want], mails: Sequence[MailIn], letters: Sequence[LetterOut]
) -> tuple[Row, ...]:
    orders = dict.fromkeys((w.ordered_by, w.order_mail_id, w.ordered_at) for w in theirs)
    return present(
        (
            ("Asked of", f"{inquiry.party}, {inquiry.to}", _exactly(inquiry.asked_at)),
            ("Ordered by", *(f"{member} in mail {mail}, {_exactly(when)}" for member, mail, when in orders)),
            ("Traffic", _traffic(mails, letters)),
            ("Due", *dict.fromkeys(w.due.explain() for w in theirs if w.due)),
            ("Contacts", *_import_words(desk, CONTACTS)),
        )
    )


# The matter ─────────────────────────────────────────────────────────────────────────────────────────


def _head(
    desk: OpsDesk, thread: MailThread | None, mails: Sequence[MailIn], letters: Sequence[LetterOut]
) -> tuple[Row, ...]:
    lists = [("Contacts", CONTACTS), ("Inventory", INVENTORY)]
    known = [(name, *_import_words(desk, kind)) for name, kind in lists]
    if thread is None:
        return present((("Traffic", _traffic(mails, letters)), ("Due", mails[0].held_due_sum), *known))
    return present(
        (
            ("Supplier", thread.party),
            ("Asked by", thread.asked_by),
            ("Answers to", thread.reply_to),
            ("Traffic", _traffic(mails, letters)),
            ("Due", *dict.fromkeys(item.due.explain() for item in thread.items)),
            *known,
        )
    )


def _traffic(mails: Sequence[MailIn], letters: Sequence[LetterOut]) -> str:
    return f"{number(len(mails), 'mail')} in, {number(len(letters), 'letter')} out"


def _import_words(desk: OpsDesk, kind: str) -> tuple[str, ...]:
    last = dossier.last_import(desk.connection, kind)
    if last is None:
        return ("never imported",)
    return (f"as of {at(last.at)}, {number(last.rows, 'row')}", f"SHA-256 {hashed(last.file_sha)}")


# Mails in ───────────────────────────────────────────────────────────────────────────────────────────


def _mail_pages(desk: OpsDesk, mail: MailIn) -> list[Page]:
    proof = PROOF.validate_json(mail.proof) if mail.proof else None
    became = f"{mail.fate}: {cause(Reason(mail.reason))}" if mail.reason else "not read yet"
    rows = present(
        (
            ("From", mail.sender),
            ("Arrived", _exactly(mail.arrived)),
            ("Message-ID", mail.message_id),
            ("SHA-256", hashed(mail.raw_sha)),
            ("Verdict", *(_verdict_words(proof) if proof else ("none kept",))),
            ("Became", became, _exactly(mail.settled_at) if mail.settled_at else ""),
            ("Team told", _exactly(mail.told_ops_at) if mail.told_ops_at else ""),
        )
    )
    title = f"In: mail {mail.id}"
    return [Page(title, rows=rows), *([_asked_now(desk, mail, proof)] if proof else [])]


def _exactly(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _verdict_words(proof: Proof) -> tuple[str, ...]:
    """What our own server said of the sender, and what that proves."""
    verdict = proof.origin.verdict
    signed = f"signed by {', '.join(verdict.dkim_pass)}" if verdict.dkim_pass else "no signature passed"
    found = f"DMARC {verdict.dmarc} for {verdict.header_from or 'no domain'}, {signed}, SPF {verdict.spf}"
    return (_CLASSES[proof.evidence], found, verdict.note, *proof.origin.ambiguities)


def _asked_now(desk: OpsDesk, mail: MailIn, proof: Proof) -> Page:
    """The gate for the mail, asked of today's contact list."""
    gate = gate_of_mail(proof, desk.address_book, desk.parts, desk.now)
    return _gate_page(f"The gate for mail {mail.id}, asked again today", gate)


def _gate_page(title: str, gate: Iterable[Condition]) -> Page:
    rows = tuple(
        (f"{condition.gate.partition(' ')[0]} {'holds' if condition.holds else 'FAILS'}", _found(condition))
        for condition in sorted(gate, key=lambda condition: int(condition.gate.partition(" ")[0][1:]))
    )
    return Page(title, (), ("Gate", "Condition and evidence"), rows)


def _found(condition: Condition) -> str:
    return f"{condition.gate.partition(' ')[2]}: {condition.evidence}"


# Letters out ────────────────────────────────────────────────────────────────────────────────────────


def _letter_pages(one: LetterOut) -> list[Page]:
    codes = len(one.plan.promised_codes)
    waiver = one.plan.waiver
    rows = present(
        (
            ("Kind", f"{one.plan.kind}, with {number(codes, 'code')}" if codes else one.plan.kind.value),
            ("To", one.plan.to),
            ("Written", _exactly(one.written_at)),
            ("Message-ID", one.message_id),
            ("SHA-256", hashed(one.sha256) if one.sha256 else "not written yet, or its bytes are kept no more"),
            ("Became", fate_of(one)),
            ("At", _exactly(one.finished_at) if one.finished_at else ""),
            ("Relay said", one.reply),
            ("Tries", f"{one.attempts}{f', and {one.resends} more after no answer' if one.resends else ''}"),
            ("Approved by", *(waiver.by if waiver else ())),
            ("They waived", *(waiver.gates if waiver else ())),
        )
    )
    asked = [_gate_page(f"The gate for letter {one.id}, as last asked", one.verdict)] if one.verdict else []
    return [Page(f"Out: letter {one.id}", rows=rows), *asked]


# People, policy, trail ──────────────────────────────────────────────────────────────────────────────


def _people_pages(desk: OpsDesk, thread: MailThread | None, mails: Sequence[MailIn], ref: str) -> list[Page]:
    """Who approved, and what was noted. What else members did stands in the trail."""
    holds = [*([thread.case_id] if thread else []), *(f"mail:{mail.id}" for mail in mails)]
    rows = tuple(
        (one.member, _approved(one.what), f"{_exactly(one.at)}, by mail {one.mail_id}")
        for hold in holds
        for one in dossier.approvals(desk.connection, hold)
    )
    return [*([Page("Approved", rows=rows)] if rows else []), *notes_pages(desk, ref)]


def _approved(what: str) -> str:
    """What an approval is of: the device, or the mail held whole."""
    name, device, _ = what.split("|")
    return device or name.replace(":", " ")


def _policy_page(desk: OpsDesk, party: str) -> Page:
    policy, limits = desk.parts.policy, desk.parts.policy.limits
    return Page("Numbers in force", rows=(*_policy_rows(policy, party), (
        "Limits",
        f"{limits.codes_per_counterparty_per_day:,} codes to a supplier a day, {limits.codes_per_day:,} in all",
        f"a device's code {limits.codes_per_device_per_30_days} times in 30 days, {limits.hours_between_repeats} hours apart",
        f"{limits.letters_per_thread_per_day} letters a request a day, {limits.letters_per_counterparty_per_hour} a supplier an hour",
        f"a mail at most {number(limits.mail_max_age_days, 'day')} old",
    )))  # fmt: skip


def _policy_rows(policy: Policy, party: str) -> tuple[Row, ...]:
    return (
        ("Mode", policy.mode_for(party)),
        ("Answer in", f"{policy.answer_within_working_days} working days ({policy.calendar})"),
        (
            "Extra holidays",
            *(f"{day(when)} {name}" for when, name in policy.extra_holidays),
            *_none(policy.extra_holidays),
        ),
        ("Approvals", f"{policy.approvals_needed} different persons" if policy.approvals_needed > 1 else "1 person"),
        ("Colleagues", f"of listed contacts: {policy.colleagues}"),
        ("SPF alone", *sorted(policy.accept_spf_only), *_none(policy.accept_spf_only)),
        ("Inventory", f"a no needs one of at most {number(policy.inventory_max_age_days, 'day')}"),
        ("Paused", *(name or "all letters" for name in sorted(policy.paused)), *_none(policy.paused)),
    )


def _none(things: Sequence[object] | frozenset[str]) -> tuple[str, ...]:
    return () if things else ("none",)


def _trail_page(entries: Sequence[Entry]) -> Page:
    """The audit entries, each with its number and its link of the chain."""
    shown = entries[:MOST_ENTRIES]
    more = len(entries) - len(shown)
    lines = (
        "Each hash is keyed and covers the entry before it; `install-code-daemon audit verify` checks the whole chain.",
        *(
            [f"The first {MOST_ENTRIES} are shown; `install-code-daemon audit export` has {more:,} more."]
            if more
            else []
        ),
    )
    rows = tuple(
        (str(one.seq), f"{one.what}, {one.subject}", _exactly(one.at), *_detail(one.detail), hashed(one.hash))
        for one in shown
    )
    return Page("Audit trail", lines, rows=rows)


def _detail(detail: str) -> tuple[str, ...]:
    said = ((name, value) for name, value in json.loads(detail).items() if value not in ("", [], None))
    words = "; ".join(f"{name}: {', '.join(map(str, v)) if isinstance(v, list) else v}" for name, v in said)
    return (words if len(words) <= MOST_WORDS else f"{words[:MOST_WORDS]}…",) if words else ()
