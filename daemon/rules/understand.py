"""A mail and its writer to one Meaning: machines first, then ourselves, then our team, then counterparties.

Who wrote it is read off the writer; whether that is proved is decided later. The work is in `sense`, which a child
does; what is left for `understand`, beside our records, takes no time.
"""

from dataclasses import replace

from daemon.mail.message import IncomingMail, Machine, MarkedKind
from daemon.rules.facts import Standing, Writer
from daemon.rules.meaning import MachineMail, Meaning, NotOurs, OpsMail, OwnMail
from daemon.rules.sense import Sense, sense

_KNOWN = (Standing.CONTACT, Standing.COLLEAGUE, Standing.LISTED_DOMAIN)
_LISTED = (Standing.CONTACT, Standing.COLLEAGUE)


def understand(mail: IncomingMail, writer: Writer, made_out: Sense | None = None) -> Meaning:
    """What `mail` means to us. `made_out`: its sense, where that was made out before."""
    machine = mail.origin.machine
    if machine is Machine.ROBOT and writer.standing is Standing.OURSELVES:
        return OwnMail()
    if machine is not None and not _speaks_for_people(mail, writer):
        return MachineMail(machine, mail.origin.machine_sign)
    if writer.standing is Standing.OURSELVES:
        return OwnMail()
    if writer.standing is Standing.MEMBER:
        return OpsMail()
    return _settled(made_out or sense(mail), mail, writer)


def _speaks_for_people(mail: IncomingMail, writer: Writer) -> bool:
    """A machine that is read all the same: another copy of this daemon, or a contact listed as a robot."""
    if mail.origin.machine is Machine.ROBOT and writer.contact is not None and writer.contact.robot:
        return True
    marked = mail.origin.mark is not None and mail.origin.machine in (Machine.ROBOT, Machine.AUTO_REPLY)
    return marked and writer.standing in _LISTED


def _settled(made_out: Sense, mail: IncomingMail, writer: Writer) -> Meaning:
    """The meaning for us, who know the writer; NotOurs where the mail is not about install codes."""
    meaning, mark = made_out.says, mail.origin.mark
    if mark is not None and mark.kind is MarkedKind.ANSWER:
        return meaning
    if writer.standing not in _KNOWN:
        return meaning if made_out.requests else NotOurs()
    if made_out.plain_wish and writer.standing in _LISTED:
        meaning = replace(meaning, wants_codes=True)
    listed = writer.standing in _LISTED
    replies = listed and bool(mail.in_reply_to or mail.references or meaning.references)
    if made_out.bulk and not (meaning.asked or meaning.bad_lines or mark or replies):
        return NotOurs()
    if meaning.asked or meaning.wants_codes or meaning.brings_codes or meaning.bad_lines or mark:
        return meaning
    unread = not mail.complete or mail.links_to_protected
    warns = meaning.no_plain_request and listed
    known = (
        meaning.chase
        or meaning.withdraws
        or meaning.acknowledgement
        or (meaning.complains and listed)
        or unread
        or warns
    )
    if not (known or replies):
        return NotOurs()
    return replace(meaning, needs_thread=not (known and (unread or made_out.about_codes or warns)))
