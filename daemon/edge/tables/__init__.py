"""The database in our own words: the tables and nothing else.

Times are UTC microseconds since 1970 (BIGINT): exact, ordered, and the same on SQLite and PostgreSQL.
Sealed columns hold `vault.seal` output, whose AAD names table, column and row key ("mail" and "letter" for those beside).
A device id is its EUI-64 as a signed 64-bit number: the primary key of ten million rows.

What is written once and large stands beside the rows that every step changes: SQLite writes a changed row whole.
What is due is found by partial indexes. Their conditions stand here as constants (`ITEM_HELD`), their words
written into the SQL: SQLite uses a partial index only where the query repeats its condition literally.
"""

from daemon.edge.tables.asking import WANT_OPEN, WANT_TO_ASK, WANT_TO_HAND_OVER, WANT_WAITING, inquiry, want
from daemon.edge.tables.columns import metadata
from daemon.edge.tables.letters import (
    BOUNCE_FAILED,
    LETTER_LOST,
    LETTER_NEVER_SENT,
    LETTER_UNFILED,
    LETTER_WAITING,
    bounce,
    frozen,
    letter,
    release,
)
from daemon.edge.tables.mail_in import (
    MAIL_HELD,
    MAIL_POISONOUS,
    MAIL_UNFILED,
    MAIL_UNSETTLED,
    MAIL_UNTOLD,
    MOST_CRASHES,
    cursor,
    mail,
    mail_content,
    place,
    signature,
    tally,
)
from daemon.edge.tables.orders import approval, note, proposal, standing_order
from daemon.edge.tables.ourselves import audit, fact, lease
from daemon.edge.tables.records import contact, device, import_run, party_name
from daemon.edge.tables.threads import ITEM_HELD, ITEM_OPEN, ITEM_PENDING, ITEM_UNTOLD, THREAD_OPEN, item, thread

__all__ = [
    "BOUNCE_FAILED",
    "ITEM_HELD",
    "ITEM_OPEN",
    "ITEM_PENDING",
    "ITEM_UNTOLD",
    "LETTER_LOST",
    "LETTER_NEVER_SENT",
    "LETTER_UNFILED",
    "LETTER_WAITING",
    "MAIL_HELD",
    "MAIL_POISONOUS",
    "MAIL_UNFILED",
    "MAIL_UNSETTLED",
    "MAIL_UNTOLD",
    "MOST_CRASHES",
    "THREAD_OPEN",
    "WANT_OPEN",
    "WANT_TO_ASK",
    "WANT_TO_HAND_OVER",
    "WANT_WAITING",
    "approval",
    "audit",
    "bounce",
    "contact",
    "cursor",
    "device",
    "fact",
    "frozen",
    "import_run",
    "inquiry",
    "item",
    "lease",
    "letter",
    "mail",
    "mail_content",
    "metadata",
    "note",
    "party_name",
    "place",
    "proposal",
    "release",
    "signature",
    "standing_order",
    "tally",
    "thread",
    "want",
]
