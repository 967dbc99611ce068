"""The database in our own words: the tables and nothing else.

Times are UTC microseconds since 1970 (BIGINT): exact, ordered, and the same on SQLite and PostgreSQL.
Sealed columns hold `vault.seal` output, whose AAD names table, column and row key ("mail" and "letter" for those beside).
A device id is its EUI-64 as a signed 64-bit number: the primary key of ten million rows.

What is written once and large stands beside the rows that every step changes: SQLite writes a changed row whole.
What is due is found by partial indexes. Their conditions stand here as constants (`ITEM_HELD`), their words
written into the SQL: SQLite uses a partial index only where the query repeats its condition literally.
"""

from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Moment = sa.BigInteger
_Day = sa.Date


def _id() -> sa.Column[int]:
    return sa.Column("id", _Id, primary_key=True, autoincrement=True)


def _is(column: sa.Column[str], *words: str) -> sa.ColumnElement[bool]:
    """`column` is one of `words`, written as literals and never bound."""
    literals = [sa.literal_column(f"'{word}'", column.type) for word in words]
    return column == literals[0] if len(literals) == 1 else column.in_(literals)


def _partial(name: str, *columns: sa.Column[Any], where: sa.ColumnElement[bool]) -> None:
    sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)


# ── mail ────────────────────────────────────────────────────────────────────────────────────────────

mail = sa.Table(
    "mail",
    metadata,
    _id(),
    sa.Column("raw_sha", sa.String(64), nullable=False, comment="SHA-256 of the bytes as fetched"),
    sa.Column("semantic_key", sa.String(64), comment="null until read"),
    sa.Column("message_id", sa.Text, comment="null until read"),
    sa.Column("sender", sa.Text, comment="From addr-spec of mail that concerns us; null until read, or not ours"),
    sa.Column("party", sa.Text),
    sa.Column("subject", sa.Text, comment="masked"),
    sa.Column("arrived", _Moment, nullable=False, comment="INTERNALDATE"),
    sa.Column("kept_at", _Moment, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("cut", sa.Boolean, nullable=False, server_default=sa.false(), comment="only its beginning is kept"),
    sa.Column("state", sa.String(12), nullable=False, comment="kept, claimed, settled"),
    sa.Column("claimed_gen", sa.BigInteger),
    sa.Column("crashes", sa.Integer, nullable=False, server_default="0"),
    sa.Column("ordered", sa.Boolean, nullable=False, server_default=sa.false(), comment="dragged to Requests"),
    sa.Column("fate", sa.String(12), comment="decided, held, ignored, poison; null until settled"),
    sa.Column("reason", sa.String(40)),
    sa.Column("settled_at", _Moment),
    sa.Column("evidence", sa.Integer, comment="0-3, the class of proof of the sender"),
    sa.Column("proof", sa.Text, comment="JSON of rules.facts.Proof, for the gate at send"),
    sa.Column("case_id", sa.String(64), comment="the thread it belongs to"),
    sa.Column("wanted_folder", sa.Text, comment="where filing puts it; null: leave it alone"),
    sa.Column("filed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("held_due", _Day, comment="due date of a mail held whole"),
    sa.Column("held_due_sum", sa.Text),
    sa.Column("told_ops_at", _Moment),
    sa.Column("reminded_day", sa.Integer, nullable=False, server_default="0"),
    sa.Column("wait_until", _Day, comment="no reminder before that day, as a member said"),
    sa.Column("waiver", sa.Text, comment="JSON of rules.decision.Waiver: approved whole; it is read and decided anew"),
    sa.Index("ix_mail_semantic_key", "semantic_key"),
    sa.Index("ix_mail_raw_sha", "raw_sha"),
    sa.Index("ix_mail_message_id", "message_id"),
    sa.Index("ix_mail_case_id", "case_id"),
)

MAIL_UNSETTLED = _is(mail.c.state, "kept", "claimed")
MOST_CRASHES = 3
MAIL_POISONOUS = sa.and_(MAIL_UNSETTLED, mail.c.crashes >= sa.literal_column(str(MOST_CRASHES)))
"""Its reading died so often that it is not tried again."""
MAIL_UNFILED = sa.and_(mail.c.wanted_folder.is_not(None), mail.c.filed.is_(False))
MAIL_HELD = _is(mail.c.fate, "held", "poison")
"""Ops must look at it, and its clock runs."""
MAIL_UNTOLD = sa.and_(MAIL_HELD, mail.c.told_ops_at.is_(None))

_partial("ix_mail_unsettled", mail.c.id, where=MAIL_UNSETTLED)
_partial("ix_mail_poisonous", mail.c.id, where=MAIL_POISONOUS)
_partial("ix_mail_unfiled", mail.c.wanted_folder, mail.c.id, where=MAIL_UNFILED)
_partial("ix_mail_held_reminded", mail.c.reminded_day, mail.c.held_due, where=MAIL_HELD)
_partial("ix_mail_untold", mail.c.settled_at, where=MAIL_UNTOLD)

mail_content = sa.Table(
    "mail_content",
    metadata,
    sa.Column("mail_id", _Id, sa.ForeignKey("mail.id"), primary_key=True, autoincrement=False),
    sa.Column("content", sa.LargeBinary, nullable=False, comment="sealed; the row is deleted when it is none of ours"),
)

place = sa.Table(
    "place",
    metadata,
    _id(),
    sa.Column("mail_id", _Id, sa.ForeignKey("mail.id"), nullable=False, index=True),
    sa.Column("folder", sa.Text, nullable=False),
    sa.Column("uidvalidity", sa.BigInteger, nullable=False),
    sa.Column("uid", sa.BigInteger, nullable=False),
    sa.Column("seen_at", _Moment, nullable=False),
    sa.Column("gone", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("folder", "uidvalidity", "uid"),
)

cursor = sa.Table(
    "cursor",
    metadata,
    sa.Column("folder", sa.Text, primary_key=True),
    sa.Column("uidvalidity", sa.BigInteger, nullable=False),
    sa.Column("last_uid", sa.BigInteger, nullable=False, comment="all up to here are kept, none left out"),
)

signature = sa.Table(
    "signature",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True, comment="SHA-256 of a DKIM b= value"),
    sa.Column("semantic_key", sa.String(64), nullable=False),
    sa.Column("seen_at", _Moment, nullable=False),
)

tally = sa.Table(
    "tally",
    metadata,
    sa.Column("day", _Day, primary_key=True),
    sa.Column("reason", sa.String(40), primary_key=True),
    sa.Column("mails", sa.Integer, nullable=False),
)

# ── threads ─────────────────────────────────────────────────────────────────────────────────────────

thread = sa.Table(
    "thread",
    metadata,
    sa.Column("case_id", sa.String(64), primary_key=True),
    sa.Column("reference", sa.String(11), nullable=False, unique=True),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("reply_to", sa.Text, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, comment="masked"),
    sa.Column("root_message_id", sa.Text, nullable=False),
    sa.Column("message_refs", sa.Text, nullable=False, comment="Message-IDs, blank between"),
    sa.Column("their_reference", sa.String(11), nullable=False),
    sa.Column("received_at", _Moment, nullable=False),
    sa.Column("mail_id", _Id, sa.ForeignKey("mail.id"), nullable=False),
    sa.Column("letters_queued", sa.Integer, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False),
    sa.Index("ix_thread_root_message_id", "root_message_id"),
)

THREAD_OPEN = thread.c.settled.is_(False)

_partial("ix_thread_open_party", thread.c.party, where=THREAD_OPEN)

item = sa.Table(
    "item",
    metadata,
    _id(),
    sa.Column("case_id", sa.String(64), sa.ForeignKey("thread.case_id"), nullable=False),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("device_id", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("outcome", sa.String(20)),
    sa.Column("reason", sa.String(40)),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("asked_at", _Moment, nullable=False),
    sa.Column("due_start", _Day, nullable=False),
    sa.Column("due_days", sa.Integer, nullable=False),
    sa.Column("due_end", _Day, nullable=False),
    sa.Column("due_skipped", sa.Text, nullable=False, comment="JSON [[day, name], ...]"),
    sa.Column("due_nation", sa.String(20), nullable=False),
    sa.Column("promised_for", _Day),
    sa.Column("held_at", _Moment),
    sa.Column("told_ops_at", _Moment),
    sa.Column("reminded_day", sa.Integer, nullable=False, server_default="0"),
    sa.Column("wait_until", _Day, comment="no reminder before that day, as a member said"),
    sa.UniqueConstraint("case_id", "device_id"),
    sa.Index("ix_item_device_id", "device_id"),
)

ITEM_OPEN = _is(item.c.state, "held", "pending")
ITEM_HELD = _is(item.c.state, "held")
ITEM_UNTOLD = sa.and_(ITEM_HELD, item.c.told_ops_at.is_(None))
ITEM_PENDING = _is(item.c.state, "pending")

_partial("ix_item_open_device", item.c.device_id, where=ITEM_OPEN)
_partial("ix_item_open_due", item.c.due_end, where=ITEM_OPEN)
_partial("ix_item_held_start", item.c.reminded_day, item.c.due_start, where=ITEM_HELD)
_partial("ix_item_held_end", item.c.reminded_day, item.c.due_end, where=ITEM_HELD)
_partial("ix_item_untold", item.c.held_at, where=ITEM_UNTOLD)
_partial("ix_item_pending", item.c.party, item.c.asked_at, where=ITEM_PENDING)

# ── outbox ──────────────────────────────────────────────────────────────────────────────────────────

letter = sa.Table(
    "letter",
    metadata,
    _id(),
    sa.Column("case_id", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("message_id", sa.Text, nullable=False, unique=True),
    sa.Column("written_at", _Moment, nullable=False, comment="its Date header, fixed when queued"),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("party", sa.Text, nullable=False, comment="empty: to our own ops team"),
    sa.Column("plan", sa.Text, nullable=False, comment="JSON of rules.decision.LetterPlan"),
    sa.Column("mail_id", _Id, sa.ForeignKey("mail.id"), comment="the mail it answers"),
    sa.Column("codes", sa.Integer, nullable=False, comment="how many codes it carries"),
    sa.Column("codes_day", _Day, comment="London day on whose caps its codes count; null: none do"),
    sa.Column("due", _Day, comment="the earliest due date of its rows: order of the queue"),
    sa.Column(
        "state",
        sa.String(12),
        nullable=False,
        comment="pending, sending, accepted, deferred, rejected, unknown, held, cancelled, observed",
    ),
    sa.Column("stage", sa.String(8), comment="started, dot; of the attempt in hand"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("resends", sa.Integer, nullable=False, server_default="0", comment="after an unknown outcome"),
    sa.Column("next_at", _Moment, nullable=False),
    sa.Column("claimed_gen", sa.BigInteger),
    sa.Column("reply", sa.Text, comment="the relay's last words"),
    sa.Column("finished_at", _Moment),
    sa.Column("sent_filed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("case_id", "kind", "seq"),
    sa.Index("ix_letter_party_written", "party", "written_at"),
)

LETTER_WAITING = _is(letter.c.state, "pending", "deferred", "sending", "unknown")
"""It still has to go, or somebody must find out whether it went."""
LETTER_UNFILED = sa.and_(_is(letter.c.state, "accepted"), letter.c.sent_filed.is_(False))
LETTER_LOST = sa.and_(
    _is(letter.c.state, "rejected", "held", "cancelled"), _is(letter.c.party, ""), letter.c.sent_filed.is_(False)
)
"""To our own team, and it will not go by the relay: it must reach them by another way."""

LETTER_NEVER_SENT = _is(letter.c.state, "cancelled", "observed", "held")
_WITH_CODES = letter.c.codes_day.is_not(None)
_partial("ix_letter_codes_day", letter.c.codes_day, letter.c.party, letter.c.codes, where=_WITH_CODES)
_partial("ix_letter_waiting", letter.c.next_at, where=LETTER_WAITING)
_partial("ix_letter_unfiled", letter.c.id, where=LETTER_UNFILED)
_partial("ix_letter_lost", letter.c.party, letter.c.id, where=LETTER_LOST)
_partial("ix_letter_never_sent", letter.c.party, letter.c.written_at, where=LETTER_NEVER_SENT)

frozen = sa.Table(
    "frozen",
    metadata,
    sa.Column("letter_id", _Id, sa.ForeignKey("letter.id"), primary_key=True, autoincrement=False),
    sa.Column("verdict", sa.Text, comment="JSON of the gate's conditions as last asked"),
    sa.Column("content", sa.LargeBinary, comment="sealed bytes, before the first attempt; null: the gate let none go"),
)

release = sa.Table(
    "release",
    metadata,
    _id(),
    sa.Column("device_id", sa.BigInteger, nullable=False),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("letter_id", _Id, sa.ForeignKey("letter.id"), nullable=False, index=True),
    sa.Column("at", _Moment, nullable=False, comment="when it was queued"),
    sa.Column("state", sa.String(10), nullable=False, comment="queued, released, dropped"),
    sa.Index("ix_release_device_id_at", "device_id", "at"),
)

bounce = sa.Table(
    "bounce",
    metadata,
    _id(),
    sa.Column("letter_id", _Id, sa.ForeignKey("letter.id"), nullable=False, index=True),
    sa.Column("mail_id", _Id, sa.ForeignKey("mail.id"), nullable=False, comment="the report"),
    sa.Column("at", _Moment, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False, comment="of our letter"),
    sa.Column("action", sa.String(10), nullable=False, comment="failed, delayed, delivered, relayed"),
    sa.Column("status", sa.String(11), nullable=False, comment="RFC 3463"),
    sa.Column(
        "certain", sa.Boolean, nullable=False, comment="said of the letter's own recipient, not of where it went on"
    ),
    sa.Column("words", sa.Text, nullable=False, comment="the server's, masked"),
    sa.UniqueConstraint("letter_id", "mail_id"),
)

BOUNCE_FAILED = sa.and_(_is(bounce.c.action, "failed"), bounce.c.certain.is_(True))
"""The letter did not arrive, and its address takes no mail of ours."""

_partial("ix_bounce_failed", bounce.c.at, where=BOUNCE_FAILED)

# ── what our team orders ────────────────────────────────────────────────────────────────────────────

approval = sa.Table(
    "approval",
    metadata,
    sa.Column("token", sa.Text, primary_key=True, comment="Message-ID of the member's own letter: burnt by this row"),
    sa.Column("object", sa.Text, primary_key=True, comment="what was approved, and since when it is held"),
    sa.Column("member", sa.Text, nullable=False, comment="whose letter it was"),
    sa.Column("person", sa.Text, nullable=False, comment="one person may have several addresses"),
    sa.Column("at", _Moment, nullable=False),
    sa.Column("mail_id", _Id, sa.ForeignKey("mail.id"), nullable=False, comment="the mail that said APPROVE"),
    sa.Index("ix_approval_object", "object"),
)

proposal = sa.Table(
    "proposal",
    metadata,
    _id(),
    sa.Column("kind", sa.String(12), nullable=False, comment="contacts, inventory, waive, resend, resume, code"),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False, comment="sealed JSON; may hold codes"),
    sa.Column("member", sa.Text, nullable=False, comment="who proposed it"),
    sa.Column("at", _Moment, nullable=False),
    sa.Column("state", sa.String(10), nullable=False, comment="open, done, dropped"),
)

standing_order = sa.Table(
    "standing_order",
    metadata,
    sa.Column("kind", sa.String(12), primary_key=True, comment="pause, incident, holiday, away, waive"),
    sa.Column("subject", sa.Text, primary_key=True, comment="a party, an address, a day; see rules.standing"),
    sa.Column("first", _Day, nullable=False),
    sa.Column("last", _Day, comment="null: until it is taken back"),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("member", sa.Text, nullable=False),
    sa.Column("at", _Moment, nullable=False),
)

note = sa.Table(
    "note",
    metadata,
    _id(),
    sa.Column("ref", sa.Text, nullable=False, comment="IC-XXXXXXXX or mail 12"),
    sa.Column("at", _Moment, nullable=False),
    sa.Column("member", sa.Text, nullable=False),
    sa.Column("words", sa.LargeBinary, nullable=False, comment="sealed: people write what they like"),
    sa.Index("ix_note_ref", "ref"),
)

# ── when we ask ─────────────────────────────────────────────────────────────────────────────────────

inquiry = sa.Table(
    "inquiry",
    metadata,
    sa.Column("case_id", sa.String(64), primary_key=True),
    sa.Column("reference", sa.String(11), nullable=False, unique=True),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("recipient", sa.Text, nullable=False, comment="the listed address that was asked first"),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("message_ids", sa.Text, nullable=False, comment="of our letters, blank between"),
    sa.Column("message_refs", sa.Text, nullable=False, comment="Message-IDs of their mails, blank between"),
    sa.Column("asked_at", _Moment, nullable=False),
    sa.Column("letters_queued", sa.Integer, nullable=False),
    sa.Index("ix_inquiry_party", "party"),
)

want = sa.Table(
    "want",
    metadata,
    _id(),
    sa.Column("device_id", sa.BigInteger, nullable=False),
    sa.Column("ordered_by", sa.Text, nullable=False),
    sa.Column("ordered_at", _Moment, nullable=False),
    sa.Column("order_mail_id", _Id, sa.ForeignKey("mail.id"), nullable=False),
    sa.Column("losing_supplier", sa.Text, nullable=False),
    sa.Column("installing_supplier", sa.Text, nullable=False),
    sa.Column("needed_by", _Day),
    sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("party", sa.Text, nullable=False, comment="whom we ask now, or next"),
    sa.Column("case_id", sa.String(64), nullable=False, server_default="", comment="the inquiry; empty: not yet asked"),
    sa.Column("asked", sa.Text, nullable=False, comment="JSON of the parties asked so far"),
    sa.Column("due", sa.Text, comment="JSON of rules.workdays.DueDate"),
    sa.Column("due_end", _Day),
    sa.Column("late_from", _Day),
    sa.Column("promised_for", _Day),
    sa.Column("rung", sa.String(32), nullable=False, server_default=""),
    sa.Column("rung_on", _Day, comment="the day on which it was last chased"),
    sa.Column("foretold_for", _Day, comment="the day for which our team was told that it will be escalated"),
    sa.Column("wait_until", _Day),
    sa.Column("note", sa.Text, nullable=False, server_default=""),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("install_code", sa.LargeBinary, comment="sealed; what they answered"),
    sa.Column("answer_mail_id", _Id, sa.ForeignKey("mail.id")),
    sa.Column("answered_at", _Moment),
    sa.Column(
        "handed_over", sa.Boolean, nullable=False, server_default=sa.false(), comment="the code recipients have it"
    ),
    sa.Index("ix_want_device_id", "device_id"),
    sa.Index("ix_want_case_id", "case_id"),
)

WANT_OPEN = _is(
    want.c.state,
    "ordered", "waiting-contact", "asked", "queried", "promised", "moved-on", "overdue", "escalated", "with-ops",
)  # fmt: skip
WANT_TO_ASK = _is(want.c.state, "ordered", "moved-on", "waiting-contact")
WANT_WAITING = _is(want.c.state, "asked", "queried", "promised", "overdue", "escalated")
"""Some party was asked, and may be chased."""
WANT_TO_HAND_OVER = sa.and_(_is(want.c.state, "answered"), want.c.handed_over.is_(False))

sa.Index("uq_want_open_device", want.c.device_id, unique=True, sqlite_where=WANT_OPEN, postgresql_where=WANT_OPEN)
_partial("ix_want_to_ask", want.c.party, want.c.ordered_at, where=WANT_TO_ASK)
_partial("ix_want_waiting", want.c.party, want.c.late_from, where=WANT_WAITING)
_partial("ix_want_to_hand_over", want.c.answered_at, where=WANT_TO_HAND_OVER)

# ── what we know ────────────────────────────────────────────────────────────────────────────────────

contact = sa.Table(
    "contact",
    metadata,
    _id(),
    sa.Column("party", sa.Text, nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("valid_from", _Day),
    sa.Column("counts_from", _Moment),
    sa.Column("robot", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("extra", sa.Text, nullable=False, server_default="{}", comment="JSON: phone, delivery, channel, ..."),
    sa.UniqueConstraint("party", "kind", "email"),
)

party_name = sa.Table(
    "party_name",
    metadata,
    sa.Column("party", sa.Text, primary_key=True),
    sa.Column("kind", sa.String(12), primary_key=True, comment="mpid, alias, successor_of"),
    sa.Column("name", sa.Text, primary_key=True),
)

device = sa.Table(
    "device",
    metadata,
    sa.Column("device_id", _Id, primary_key=True, autoincrement=False),
    sa.Column("device_type", sa.String(8), nullable=False, server_default=""),
    sa.Column("installing_supplier", sa.Text, nullable=False, server_default=""),
    sa.Column("installed_on", _Day),
    sa.Column("status", sa.String(24), nullable=False, server_default=""),
    sa.Column("gaining_supplier", sa.Text, nullable=False, server_default=""),
    sa.Column("linked_gsme", sa.BigInteger),
    sa.Column("install_code", sa.LargeBinary, comment="sealed"),
)

import_run = sa.Table(
    "import_run",
    metadata,
    _id(),
    sa.Column("kind", sa.String(12), nullable=False, comment="contacts, inventory"),
    sa.Column("at", _Moment, nullable=False),
    sa.Column("file_sha", sa.String(64), nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
)

# ── ourselves ───────────────────────────────────────────────────────────────────────────────────────

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("mailbox", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("gen", sa.BigInteger, nullable=False),
    sa.Column("expires", _Moment, nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", _Id, primary_key=True, autoincrement=False),
    sa.Column("at", _Moment, nullable=False),
    sa.Column("what", sa.String(32), nullable=False),
    sa.Column("subject", sa.Text, nullable=False, comment="mail:12, letter:3, case:..., device:..."),
    sa.Column("detail", sa.Text, nullable=False, comment="JSON; never a code, never personal data"),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Index("ix_audit_subject", "subject"),
)

fact = sa.Table(
    "fact",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.Text, nullable=False, comment="JSON: start_from, last_round, alarms, self_test, ..."),
    sa.Column("at", _Moment, nullable=False),
)
