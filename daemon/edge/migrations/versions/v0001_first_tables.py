"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    for make in (
        _mail,
        _place,
        _cursor,
        _signature,
        _tally,
        _thread,
        _item,
        _letter,
        _release,
        _contact,
        _party_name,
        _device,
        _import_run,
        _lease,
        _audit,
        _fact,
    ):
        make()


def _mail() -> None:
    op.create_table(
        "mail",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("raw_sha", sa.String(length=64), nullable=False, comment="SHA-256 of the bytes as fetched"),
        sa.Column("semantic_key", sa.String(length=64), nullable=True, comment="null until read"),
        sa.Column("message_id", sa.Text(), nullable=True, comment="null until read"),
        sa.Column(
            "sender",
            sa.Text(),
            nullable=True,
            comment="From addr-spec of mail that concerns us; null until read, or not ours",
        ),
        sa.Column("party", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True, comment="masked"),
        sa.Column("arrived", sa.BigInteger(), nullable=False, comment="INTERNALDATE"),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("cut", sa.Boolean(), server_default=sa.false(), nullable=False, comment="only its beginning is kept"),
        sa.Column("content", sa.LargeBinary(), nullable=True, comment="sealed; erased when it is none of ours"),
        sa.Column("state", sa.String(length=12), nullable=False, comment="kept, claimed, settled"),
        sa.Column("claimed_gen", sa.BigInteger(), nullable=True),
        sa.Column("crashes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ordered", sa.Boolean(), server_default=sa.false(), nullable=False, comment="dragged to Requests"),
        sa.Column(
            "fate", sa.String(length=12), nullable=True, comment="decided, held, ignored, poison; null until settled"
        ),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("evidence", sa.Integer(), nullable=True, comment="0-3, the class of proof of the sender"),
        sa.Column("proof", sa.Text(), nullable=True, comment="JSON of rules.facts.Proof, for the gate at send"),
        sa.Column("case_id", sa.String(length=64), nullable=True, comment="the thread it belongs to"),
        sa.Column("wanted_folder", sa.Text(), nullable=True, comment="where filing puts it; null: leave it alone"),
        sa.Column("filed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("held_due", sa.Date(), nullable=True, comment="due date of a mail held whole"),
        sa.Column("held_due_sum", sa.Text(), nullable=True),
        sa.Column("told_ops_at", sa.BigInteger(), nullable=True),
        sa.Column("reminded_day", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
    )
    op.create_index("ix_mail_case_id", "mail", ["case_id"], unique=False)
    op.create_index(
        "ix_mail_held_reminded",
        "mail",
        ["reminded_day", "held_due"],
        unique=False,
        sqlite_where=sa.text("fate IN ('held', 'poison')"),
        postgresql_where=sa.text("fate IN ('held', 'poison')"),
    )
    op.create_index("ix_mail_message_id", "mail", ["message_id"], unique=False)
    op.create_index("ix_mail_raw_sha", "mail", ["raw_sha"], unique=False)
    op.create_index("ix_mail_semantic_key", "mail", ["semantic_key"], unique=False)
    op.create_index(
        "ix_mail_unfiled",
        "mail",
        ["wanted_folder", "id"],
        unique=False,
        sqlite_where=sa.text("wanted_folder IS NOT NULL AND filed IS 0"),
        postgresql_where=sa.text("wanted_folder IS NOT NULL AND filed IS false"),
    )
    op.create_index(
        "ix_mail_unsettled",
        "mail",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state IN ('kept', 'claimed')"),
        postgresql_where=sa.text("state IN ('kept', 'claimed')"),
    )
    op.create_index(
        "ix_mail_untold",
        "mail",
        ["settled_at"],
        unique=False,
        sqlite_where=sa.text("fate IN ('held', 'poison') AND told_ops_at IS NULL"),
        postgresql_where=sa.text("fate IN ('held', 'poison') AND told_ops_at IS NULL"),
    )


def _place() -> None:
    op.create_table(
        "place",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("mail_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("gone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_place_mail_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
        sa.UniqueConstraint("folder", "uidvalidity", "uid", name=op.f("uq_place_folder_uidvalidity_uid")),
    )
    op.create_index(op.f("ix_place_mail_id"), "place", ["mail_id"], unique=False)


def _cursor() -> None:
    op.create_table(
        "cursor",
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False, comment="all up to here are kept, none left out"),
        sa.PrimaryKeyConstraint("folder", name=op.f("pk_cursor")),
    )


def _signature() -> None:
    op.create_table(
        "signature",
        sa.Column("digest", sa.String(length=64), nullable=False, comment="SHA-256 of a DKIM b= value"),
        sa.Column("semantic_key", sa.String(length=64), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_signature")),
    )


def _tally() -> None:
    op.create_table(
        "tally",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "reason", name=op.f("pk_tally")),
    )


def _thread() -> None:
    op.create_table(
        "thread",
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("reference", sa.String(length=11), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("reply_to", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="masked"),
        sa.Column("root_message_id", sa.Text(), nullable=False),
        sa.Column("message_refs", sa.Text(), nullable=False, comment="Message-IDs, blank between"),
        sa.Column("their_reference", sa.String(length=11), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("mail_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("letters_queued", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_thread_mail_id")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_thread")),
        sa.UniqueConstraint("reference", name=op.f("uq_thread_reference")),
    )
    op.create_index(
        "ix_thread_open_party",
        "thread",
        ["party"],
        unique=False,
        sqlite_where=sa.text("settled IS 0"),
        postgresql_where=sa.text("settled IS false"),
    )
    op.create_index("ix_thread_root_message_id", "thread", ["root_message_id"], unique=False)


def _item() -> None:
    op.create_table(
        "item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("due_start", sa.Date(), nullable=False),
        sa.Column("due_days", sa.Integer(), nullable=False),
        sa.Column("due_end", sa.Date(), nullable=False),
        sa.Column("due_skipped", sa.Text(), nullable=False, comment="JSON [[day, name], ...]"),
        sa.Column("due_nation", sa.String(length=20), nullable=False),
        sa.Column("promised_for", sa.Date(), nullable=True),
        sa.Column("held_at", sa.BigInteger(), nullable=True),
        sa.Column("told_ops_at", sa.BigInteger(), nullable=True),
        sa.Column("reminded_day", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["thread.case_id"], name=op.f("fk_item_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint("case_id", "device_id", name=op.f("uq_item_case_id_device_id")),
    )
    op.create_index(
        "ix_item_held_end",
        "item",
        ["reminded_day", "due_end"],
        unique=False,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "ix_item_held_start",
        "item",
        ["reminded_day", "due_start"],
        unique=False,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "ix_item_open_device",
        "item",
        ["device_id"],
        unique=False,
        sqlite_where=sa.text("state IN ('held', 'pending')"),
        postgresql_where=sa.text("state IN ('held', 'pending')"),
    )
    op.create_index(
        "ix_item_open_due",
        "item",
        ["due_end"],
        unique=False,
        sqlite_where=sa.text("state IN ('held', 'pending')"),
        postgresql_where=sa.text("state IN ('held', 'pending')"),
    )
    op.create_index(
        "ix_item_pending",
        "item",
        ["party", "asked_at"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_item_untold",
        "item",
        ["held_at"],
        unique=False,
        sqlite_where=sa.text("state = 'held' AND told_ops_at IS NULL"),
        postgresql_where=sa.text("state = 'held' AND told_ops_at IS NULL"),
    )


def _letter() -> None:
    op.create_table(
        "letter",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False, comment="its Date header, fixed when queued"),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False, comment="empty: to our own ops team"),
        sa.Column("plan", sa.Text(), nullable=False, comment="JSON of rules.decision.LetterPlan"),
        sa.Column(
            "mail_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="the mail it answers",
        ),
        sa.Column("codes", sa.Integer(), nullable=False, comment="how many codes it carries"),
        sa.Column("due", sa.Date(), nullable=True, comment="the earliest due date of its rows: order of the queue"),
        sa.Column(
            "state",
            sa.String(length=12),
            nullable=False,
            comment="pending, sending, accepted, deferred, rejected, unknown, held, cancelled, observed",
        ),
        sa.Column("stage", sa.String(length=8), nullable=True, comment="started, dot; of the attempt in hand"),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("resends", sa.Integer(), server_default="0", nullable=False, comment="after an unknown outcome"),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("claimed_gen", sa.BigInteger(), nullable=True),
        sa.Column("verdict", sa.Text(), nullable=True, comment="JSON of the gate's conditions as last asked"),
        sa.Column("content", sa.LargeBinary(), nullable=True, comment="sealed bytes, frozen before the first attempt"),
        sa.Column("reply", sa.Text(), nullable=True, comment="the relay's last words"),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("sent_filed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_letter_mail_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("case_id", "kind", "seq", name=op.f("uq_letter_case_id_kind_seq")),
        sa.UniqueConstraint("message_id", name=op.f("uq_letter_message_id")),
    )
    op.create_index(
        "ix_letter_lost",
        "letter",
        ["party", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('rejected', 'held', 'cancelled') AND party = '' AND sent_filed IS 0"),
        postgresql_where=sa.text("state IN ('rejected', 'held', 'cancelled') AND party = '' AND sent_filed IS false"),
    )
    op.create_index("ix_letter_party_written", "letter", ["party", "written_at"], unique=False)
    op.create_index(
        "ix_letter_unfiled",
        "letter",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'accepted' AND sent_filed IS 0"),
        postgresql_where=sa.text("state = 'accepted' AND sent_filed IS false"),
    )
    op.create_index(
        "ix_letter_waiting",
        "letter",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'deferred', 'sending', 'unknown')"),
        postgresql_where=sa.text("state IN ('pending', 'deferred', 'sending', 'unknown')"),
    )


def _release() -> None:
    op.create_table(
        "release",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("letter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when it was queued"),
        sa.Column("day", sa.Date(), nullable=False, comment="London day of `at`, for the caps"),
        sa.Column("state", sa.String(length=10), nullable=False, comment="queued, released, dropped"),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"], name=op.f("fk_release_letter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
    )
    op.create_index("ix_release_day", "release", ["day"], unique=False)
    op.create_index("ix_release_device_id_at", "release", ["device_id", "at"], unique=False)
    op.create_index(op.f("ix_release_letter_id"), "release", ["letter_id"], unique=False)
    op.create_index("ix_release_party_day", "release", ["party", "day"], unique=False)


def _contact() -> None:
    op.create_table(
        "contact",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("counts_from", sa.BigInteger(), nullable=True),
        sa.Column("robot", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column(
            "extra", sa.Text(), server_default="{}", nullable=False, comment="JSON: phone, delivery, channel, ..."
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("party", "kind", "email", name=op.f("uq_contact_party_kind_email")),
    )


def _party_name() -> None:
    op.create_table(
        "party_name",
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False, comment="mpid, alias, successor_of"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("party", "kind", "name", name=op.f("pk_party_name")),
    )


def _device() -> None:
    op.create_table(
        "device",
        sa.Column(
            "device_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("device_type", sa.String(length=8), server_default="", nullable=False),
        sa.Column("installing_supplier", sa.Text(), server_default="", nullable=False),
        sa.Column("installed_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(length=24), server_default="", nullable=False),
        sa.Column("gaining_supplier", sa.Text(), server_default="", nullable=False),
        sa.Column("linked_gsme", sa.BigInteger(), nullable=True),
        sa.Column("install_code", sa.LargeBinary(), nullable=True, comment="sealed"),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device")),
    )


def _import_run() -> None:
    op.create_table(
        "import_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False, comment="contacts, inventory"),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("file_sha", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )


def _lease() -> None:
    op.create_table(
        "lease",
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("gen", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mailbox", name=op.f("pk_lease")),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="mail:12, letter:3, case:..., device:..."),
        sa.Column("detail", sa.Text(), nullable=False, comment="JSON; never a code, never personal data"),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_subject", "audit", ["subject"], unique=False)


def _fact() -> None:
    op.create_table(
        "fact",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False, comment="JSON: start_from, last_round, alarms, self_test, ..."),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_fact")),
    )
