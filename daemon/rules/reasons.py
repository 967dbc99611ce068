"""The closed list of reasons: why a mail or an item is where it is.

Reasons are stored, logged and shown; a word once released is never changed.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why. The comment of each group says what it is said of."""

    # A mail that was acted on
    REQUEST = "request"
    CHASE = "chase"
    WITHDRAWAL = "withdrawal"
    NEED_MORE = "need-more"
    ACKNOWLEDGEMENT = "acknowledgement"
    ANSWER_RECEIVED = "answer-received"
    """It answers what we asked."""
    LETTER_BOUNCED = "letter-bounced"
    """A mail system reports that a letter of ours did not arrive; it is noted with the letter."""
    DELIVERY_REPORT = "delivery-report"
    """A mail system reports of a letter of ours that it is delayed, delivered or handed on."""
    COMMAND = "command"
    """A member of our team ordered something; the transcript says what became of it."""

    # A mail that is none of ours, or never answered
    NOT_OURS = "not-ours"
    BEFORE_START = "before-start"
    DUPLICATE = "duplicate"
    BOUNCE = "bounce"
    DOUBTFUL_BOUNCE = "doubtful-bounce"
    """It reports of a letter of ours, and is not believed: nothing changes, and ops are told."""
    AUTO_REPLY = "auto-reply"
    RECEIPT = "receipt"
    ROBOT = "robot"
    OWN_MAIL = "own-mail"
    OPS_MAIL = "ops-mail"
    UNPROVEN_COMMAND = "unproven-command"
    """It reads as an order of our team's, and nothing proves that one of them wrote it: not obeyed, and they are told."""
    STRANGER = "stranger"
    """Neither listed nor proven: silence, so that nobody gets mail for what a forger wrote."""
    LOOP_BRAKE = "loop-brake"

    # A mail that a person must look at
    AMBIGUOUS_SENDER = "ambiguous-sender"
    UNPROVEN_SENDER = "unproven-sender"
    SPF_ONLY_SENDER = "spf-only-sender"
    UNLISTED_SENDER = "unlisted-sender"
    COLLEAGUE = "colleague"
    CONTACT_NOT_ACTIVE = "contact-not-active"
    NO_REPLY_ADDRESS = "no-reply-address"
    PARTIAL_SIGNATURE = "partial-signature"
    STALE_MAIL = "stale-mail"
    REPLAYED_SIGNATURE = "replayed-signature"
    CANNOT_READ = "cannot-read"
    JUNK_FOLDER = "junk-folder"
    POISON = "poison"
    UNASKED_ANSWER = "unasked-answer"
    """It brings install codes, and asking is not what this release does: a person takes it from here."""
    UNREAD_REPLY = "unread-reply"
    """It replies to a letter in which we ask, and what it says is neither an answer that we know nor a mere receipt."""
    MAILBOX_NOT_TRUSTED = "mailbox-not-trusted"
    LOOKALIKE_DOMAIN = "lookalike-domain"
    """Its domain can be taken for a listed one: its sender hears nothing, ops do."""
    FOREIGN_REPLY_TO = "foreign-reply-to"
    """It asks for the answer at an address that is not its sender's."""

    # An item that a person must look at
    INVENTORY_STALE = "inventory-stale"
    DEVICE_STATUS = "device-status"
    OTHER_SUPPLIER_RECORDED = "other-supplier-recorded"
    ASKED_BY_ANOTHER = "asked-by-another"
    REPEAT_LIMIT = "repeat-limit"
    CAP_BREAKS_DUE_DATE = "cap-breaks-due-date"
    GLOBAL_CAP = "global-cap"
    REFUSED_BY_RELAY = "refused-by-relay"
    GATE_AT_SEND = "gate-at-send"
    OUTCOME_UNKNOWN = "outcome-unknown"
    OBSERVE_ONLY = "observe-only"
    """The mode sends nothing: a person answers by hand."""

    # An item that waits, or that changed nothing
    DAILY_CAP = "daily-cap"
    ASKED_TOO_SOON = "asked-too-soon"
    ANSWERED = "answered"
    CLOSED_BY_OPS = "closed-by-ops"
    WITHDRAWN_BY_ASKER = "withdrawn-by-asker"
