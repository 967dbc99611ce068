"""Every reason in words for people: the cause in a few words, why it is so, and what to do next.

One table, so that a letter to ops, `status` and `read` never say different things of the same reason.
"""

from dataclasses import dataclass

from daemon.rules.reasons import Reason

_BY_HAND = "Answer it by hand from the shared mailbox: the mail lies in Install codes/Held; then say CLOSE."
_ANEW = "then drag the mail to Install codes/Requests, and it is decided anew with its first due date"
_CHECK_SENDER = "Ring the supplier on a number you already have, not one from the mail, and ask whether it is theirs."


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a reason. `next_step` is empty where nobody has to do anything."""

    cause: str
    """A few words for a headline, after "held: "."""
    why: str
    next_step: str = ""


_SAID: dict[Reason, Said] = {
    # Acted on
    Reason.REQUEST: Said("a request", "It asks for install codes."),
    Reason.CHASE: Said("a chase", "It asks where our answer is."),
    Reason.WITHDRAWAL: Said("a withdrawal", "It takes a request back."),
    Reason.NEED_MORE: Said("more is needed", "It asks for install codes, and names no Device ID that we can answer."),
    Reason.ACKNOWLEDGEMENT: Said("an acknowledgement", "It says thank you, or that something was received."),
    Reason.ANSWER_RECEIVED: Said("an answer to us", "It answers what we asked this supplier for."),
    Reason.LETTER_BOUNCED: Said(
        "a letter that came back", "A mail system reports that a letter of ours did not arrive."
    ),
    Reason.DELIVERY_REPORT: Said("a delivery report", "A mail system reports how a letter of ours fares on its way."),
    Reason.COMMAND: Said("a command", "A member of our own team ordered something, and was answered."),
    # None of ours, or never answered
    Reason.NOT_OURS: Said("not ours", "It is not about install codes."),
    Reason.BEFORE_START: Said("before the start", "It came before the start date, and is left alone unless asked for."),
    Reason.DUPLICATE: Said("a duplicate", "The same mail came before and was dealt with."),
    Reason.BOUNCE: Said("a bounce", "A mail system wrote it to say that a mail was not delivered."),
    Reason.DOUBTFUL_BOUNCE: Said(
        "a doubtful bounce",
        "It reports that a letter of ours was not delivered, and is not believed: nothing changed because of it.",
    ),
    Reason.AUTO_REPLY: Said("an automatic reply", "It is an automatic reply, out-of-office or the like."),
    Reason.RECEIPT: Said("a receipt", "It is a read or delivery receipt."),
    Reason.ROBOT: Said("a robot", "A machine wrote it."),
    Reason.OWN_MAIL: Said("our own mail", "It bears our own address as its sender."),
    Reason.OPS_MAIL: Said("our own team", "A member of our own team wrote it."),
    Reason.UNPROVEN_COMMAND: Said(
        "an order that nobody proved",
        "It reads as an order of one of our team, and nothing proves that they wrote it, so it was not obeyed.",
    ),
    Reason.STRANGER: Said("a stranger", "Its sender is neither listed nor proven, so it gets no answer."),
    # A mail that a person must look at
    Reason.LOOP_BRAKE: Said(
        "too many letters to this supplier",
        "So many letters went to this supplier lately that we have stopped answering for now.",
        "See in the mailbox whether two automatic systems write to each other. If a person is waiting, approve it.",
    ),
    Reason.AMBIGUOUS_SENDER: Said(
        "sender unclear",
        "Its sender can be read in more than one way, so nobody can say who wrote it. That is rare in honest mail.",
        "Do not answer it. If you expected it, ask the supplier, at its listed address, to write again.",
    ),
    Reason.UNPROVEN_SENDER: Said(
        "sender not proven",
        "It bears a listed address or domain, but our mail server did not confirm that it came from there (no DMARC pass).",
        f"Do not reply to it. {_CHECK_SENDER} If it is, their mail team should mend their DKIM signature; "
        "meanwhile send the answer to the listed address by hand. Where G3 stands among the failed checks the fault is "
        "ours: have whoever looks after this service see to mailbox.authserv_id.",
    ),
    Reason.LOOKALIKE_DOMAIN: Said(
        "sender's domain looks like a supplier's",
        "Its sender's domain is not listed, and can be taken for one that is. That is how a false request would come.",
        f"Do not answer it. {_CHECK_SENDER} If it is not theirs, tell your security team.",
    ),
    Reason.FOREIGN_REPLY_TO: Said(
        "wants the answer somewhere else",
        "It asks for the answer at an address that is not its sender's. We answer listed addresses only.",
        f"{_CHECK_SENDER} If it is, answer the listed address by hand; if not, tell your security team.",
    ),
    Reason.SPF_ONLY_SENDER: Said(
        "sender proven in part only",
        "Only the sending server was confirmed (SPF). No signature of the sender's own domain (DKIM) was.",
        f"{_CHECK_SENDER} If they cannot sign their mail, your configuration can accept this one address "
        f"(WAIVE, or policy.accept_spf_only); {_ANEW}. Or approve this one mail.",
    ),
    Reason.UNLISTED_SENDER: Said(
        "sender not in the contact list",
        "Its sender is proven, but stands in nobody's entry of the contact list, so we may not send it codes.",
        "Look the company up in the SEC Party Operations Contact List, or ask the SECAS Helpdesk. If the address is there, "
        f"import the new list, {_ANEW}. If it is not a supplier, tell them so or leave it.",
    ),
    Reason.COLLEAGUE: Said(
        "written by a colleague of a contact",
        "A colleague of a listed contact wrote it, and our setting is to hold such mail (policy.colleagues).",
        f"{_CHECK_SENDER} If it is, approve it: the answer goes to the listed contact.",
    ),
    Reason.CONTACT_NOT_ACTIVE: Said(
        "contact not yet valid",
        "The address that wrote is in the contact list, but not yet valid.",
        f"Check the date in the list. Correct and import it if it is wrong, {_ANEW}.",
    ),
    Reason.NO_REPLY_ADDRESS: Said(
        "no address to answer to",
        "The supplier has no MP121 or operations address in the contact list, and answers go to no other.",
        f"Find its address (SECAS Helpdesk), add it to the contact list and import that; {_ANEW}.",
    ),
    Reason.PARTIAL_SIGNATURE: Said(
        "signature covers only part",
        "Its signature covers only part of the mail, or had expired when it came: words may have been added to it.",
        f"{_CHECK_SENDER} If every device in it is theirs, approve it.",
    ),
    Reason.STALE_MAIL: Said(
        "an old mail, or undated",
        "It was written long before it arrived, or has no usable date: it may be an old mail that somebody sent again.",
        f"{_CHECK_SENDER} If they still want the answer, approve it, or ask them to send a new mail.",
    ),
    Reason.REPLAYED_SIGNATURE: Said(
        "signature seen before",
        "Its signature came with another mail before: somebody may have sent an old mail again with changes.",
        f"Do not answer it. {_CHECK_SENDER} If it is not theirs, tell your security team.",
    ),
    Reason.CANNOT_READ: Said(
        "not read whole",
        "Something in it that may hold Device IDs could not be read: a locked or broken attachment, a link, or too long.",
        "Open it yourself. If it asks for codes, ask the sender for the Device IDs in text or CSV, or answer by hand.",
    ),
    Reason.JUNK_FOLDER: Said(
        "found in Junk",
        "A person or a filter had put it into Junk or Deleted Items before we saw it.",
        "If it is genuine, approve it, or drag it to Install codes/Requests: it is decided anew with its first due date.",
    ),
    Reason.POISON: Said(
        "cannot be processed",
        "Our program failed on it three times and has set it aside, unread. Other mail is not affected.",
        "Open it with care, in Install codes/Quarantine. If it asks for codes, answer by hand and say CLOSE; REPLAY has it "
        "read once more. Please report it to whoever looks after this service.",
    ),
    Reason.UNASKED_ANSWER: Said(
        "brings install codes",
        "It brings install codes that this service did not ask this supplier for, or of which it could not make out whose they are.",
        "The codes are not in our records: where you asked for them yourself, take them from the mail, which lies in Install "
        "codes/Answers, or where it arrived while the mode is observe; then say CLOSE. If they are not for us, tell the "
        "sender and delete the mail.",
    ),
    Reason.COMPLAINT: Said(
        "says that something is wrong",
        "It says that something is wrong with what we sent, or that they want to speak to a person. Nothing was told them about that.",
        f"Read it. If a code is in doubt, hold our record against the device's own papers, and correct it with INVENTORY. {_BY_HAND}",
    ),
    Reason.WARNING: Said(
        "word that no code is to go",
        "It says that no code is to be sent, or what stands against that (a mailbox broken into, a customer lost to another supplier), "
        "and asks for nothing: there is nothing in it to approve.",
        "Read it now. PAUSE and the supplier's name keeps back all letters to them, INCIDENT and the name shows besides what they "
        f"were sent lately. {_BY_HAND}",
    ),
    Reason.SAID_TWICE: Said(
        "two letters to them today already",
        "Two letters on this matter went to them within a day. This mail names no Device ID that we can use, or holds what we "
        "cannot read, and a third letter by itself would hardly help.",
        "Read it, and tell them by hand what is missing; or approve it, and our letter goes all the same.",
    ),
    Reason.NOT_UNDERSTOOD: Said(
        "a reply that we do not understand",
        "It answers a letter of ours, and this service cannot tell what it wants. Each of our letters promises that a colleague "
        "looks at a reply.",
        f"Read it. {_BY_HAND}",
    ),
    Reason.ORDERED_IN_VAIN: Said(
        "taken in by hand, and nothing made of it",
        "One of you put it into Install codes/Requests, and this service finds nothing in it that it could do: no Device ID, "
        "or none that is news, and no words that it knows.",
        f"Ask its sender for the Device IDs in text or CSV, or order what you want in a mail of your own. {_BY_HAND}",
    ),
    Reason.UNREAD_REPLY: Said(
        "a reply that we could not make out",
        "It replies to a letter in which we ask for install codes, and we could not make out what it says of them. "
        "The devices stay asked for, and our chases go on; they say that this reply came.",
        "Read it (in Install codes/Held), and answer it by hand from the shared mailbox, with Device IDs only; then say CLOSE. "
        "What they then send in the same thread is taken in by itself. To put our chases off, send WAIT, the reference in its "
        "subject and a day; WITHDRAW and a Device ID takes a device back.",
    ),
    Reason.MAILBOX_NOT_TRUSTED: Said(
        "mailbox connection not protected",
        "The mailbox was not read over a protected connection, so nothing that came with it can be relied on.",
        f"Have whoever looks after this service mend the connection (mailbox.security); {_ANEW}.",
    ),
    # Devices that a person must look at
    Reason.INVENTORY_STALE: Said(
        "our inventory is too old",
        "The answer would be a no, and our inventory is too old to be sure of it.",
        f"Import a fresh inventory; {_ANEW}. Or approve it, if you know that the answer is true.",
    ),
    Reason.DEVICE_STATUS: Said(
        "commissioned, removed or suspended",
        "By our inventory the device is commissioned, removed or suspended, so its code should not be needed.",
        f"Check the device in the Smart Metering Inventory. If our record is wrong, import a correct one; {_ANEW}. "
        "If it is right, reject it and say which.",
    ),
    Reason.OTHER_SUPPLIER_RECORDED: Said(
        "another gaining supplier recorded",
        "Our inventory names another gaining supplier than the one that asks.",
        "Check who has the customer now (registration data). If it is the one that asks, correct the inventory and import it; "
        f"{_ANEW}. Or approve it, if the record lags behind; reject it (not confirmed), if it is right.",
    ),
    Reason.ASKED_BY_ANOTHER: Said(
        "asked for by two suppliers",
        "Another supplier asked for the same device, or was sent its code, within the last 30 days.",
        "Check which of them has the customer now (registration data); approve that one, and reject the other (not confirmed).",
    ),
    Reason.SOME_NOT_WANTED: Said(
        "some of its list is not wanted",
        'The mail says that some of the devices it names are not wanted ("all but the last", "ignore row 3"), and not by Device ID; or '
        'it may take back what is open ("it was removed"), and does not say so plainly; or rows of its list bear an answer of their own.',
        "Read the mail. Approve those that are wanted (APPROVE except 3, 7), and say CLOSE of the others.",
    ),
    Reason.NO_PLAIN_REQUEST: Said(
        "no plain request for a code",
        "The mail does not plainly ask for codes: it says that none is to be sent, or what stands against that (a mailbox broken into, a "
        "customer lost to another supplier); or it names devices, and wants something else or only tells something.",
        "Read the mail. Where codes are wanted and nothing stands against it, approve it; else answer by hand from the shared mailbox "
        "(it lies in Install codes/Held) and say CLOSE. PAUSE and the name of a supplier stops all letters with codes to them.",
    ),
    Reason.REPEAT_LIMIT: Said(
        "sent as often as allowed",
        "Its code went to this supplier as often as the limit for 30 days allows.",
        "Ask the supplier why the code did not help: the wrong device, or mail that does not arrive? Then approve or reject it.",
    ),
    Reason.CAP_BREAKS_DUE_DATE: Said(
        "daily limit would break the due date",
        "Under the daily limit of codes its turn would come after its due date.",
        "Ask the supplier whether they really need so many at once. If so, approve it: the codes go out at once.",
    ),
    Reason.GLOBAL_CAP: Said(
        "today's limit for all suppliers reached",
        "The day's limit of codes to all suppliers together is reached. That is unusual: make sure that nobody is harvesting.",
        "Look at who asked for what today (STATUS). If all is well, approve it.",
    ),
    Reason.REFUSED_BY_RELAY: Said(
        "our letter was refused",
        "A mail server refused our answer for good, or sent it back, so the supplier has none yet.",
        "Check the supplier's address in the contact list against the server's words. Correct and import it, "
        f"{_ANEW}; or approve it, to try again.",
    ),
    Reason.GATE_AT_SEND: Said(
        "something changed before sending",
        "Between deciding and sending something changed (contact, inventory or a limit), so the code was not sent.",
        f'See under "Checks failed" what no longer holds. Put it right if it is an error of ours; {_ANEW}.',
    ),
    Reason.OUTCOME_UNKNOWN: Said(
        "nobody can say whether it arrived",
        "The line broke while our answer was being sent, and it was sent again as often as is allowed.",
        "Ask the supplier whether the answer arrived. If not, approve it: the answer is sent once more.",
    ),
    Reason.KEPT_BACK: Said(
        "letters are stopped",
        "Its answer is decided and its letter waits: letters are paused or frozen (PAUSE, INCIDENT), or the daemon itself "
        "stopped those with codes and told you why. Its due date runs on.",
        "STATUS shows what is stopped, and by whom. RESUME lets the letter go, after all its checks; CLOSE takes it back "
        "for good, and the supplier is told nothing.",
    ),
    Reason.OBSERVE_ONLY: Said(
        "observing only",
        "It came while the mode was observe: the answer was worked out and written down, and nothing was sent.",
        "Answer it by hand, as you did before: nothing was moved, and the mail lies where it arrived. When you trust what "
        "is decided here, let your engineer set policy.mode to send; what came before is not sent then.",
    ),
    # Waits, or changed nothing
    Reason.DAILY_CAP: Said("waits for its turn", "It waits for its turn under the daily limit."),
    Reason.ASKED_TOO_SOON: Said(
        "asked again too soon",
        "It was answered within the last day, and asked for again.",
        "If our answer did not arrive, RESEND and its reference repeats it; then say CLOSE.",
    ),
    Reason.ANSWERED: Said("answered", "It was answered."),
    Reason.CLOSED_BY_OPS: Said("closed", "A member of our team closed it."),
    Reason.WITHDRAWN_BY_ASKER: Said("withdrawn", "The asker took it back."),
}


def cause(reason: Reason) -> str:
    """A few words that name the cause, for a headline."""
    return _SAID[reason].cause


def why(reason: Reason) -> str:
    """A sentence or two that say why."""
    return _SAID[reason].why


def next_step(reason: Reason) -> str:
    """What a person does about a hold for this reason; each ends in something that settles it."""
    return _SAID[reason].next_step or _BY_HAND
