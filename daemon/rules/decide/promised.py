"""What every letter of ours promises: "reply to this mail; a colleague will look at it". Which mails are owed that look?

Plain thanks are not, nor what asks in words that we know. In mode observe people read and answer by hand.
"""

from daemon.rules.answers import receipts
from daemon.rules.decide.desk import Desk
from daemon.rules.identifiers import DeviceId
from daemon.rules.thread import Outcome, State


def is_due(desk: Desk) -> bool:
    """A mail in which we found nothing says something all the same, to a thread of ours."""
    mail = desk.facts.mail
    says_anything = mail.new_text.strip() or mail.forwarded_text.strip() or mail.tables or mail.attachments
    return bool(says_anything) and not desk.observed and not desk.facts.findings


def is_mere_thanks(desk: Desk) -> bool:
    """A greeting, thanks and a name: the thanks are read as the beginning of a signature."""
    mail = desk.facts.mail
    more = mail.forwarded_text.strip() or mail.tables or mail.attachments
    return not more and receipts.only_thanks(mail.new_text, mail.signature_text)


def leaves_open(desk: Desk) -> bool:
    """A reply says something of devices that were answered, and of no other, and asks for nothing that we know."""
    meaning, mail = desk.meaning, desk.facts.mail
    if not _answered_before(desk).issuperset(one.device_id for one in meaning.asked):
        return False
    replies = desk.home is not None and bool(mail.in_reply_to or mail.references)
    known = meaning.wants_codes or meaning.chase or desk.automatic or desk.observed
    return meaning.leaves_open and replies and not known


def complains_to_us(desk: Desk) -> bool:
    """Of what we sent: in a thread of ours, of a device answered before, or where it asks for no code.

    Whoever asks for the first time says what is wrong with the meter.
    """
    meaning = desk.meaning
    first = meaning.asked or meaning.wants_codes or meaning.bad_lines
    about_us = desk.home is not None or not first or bool(_answered_before(desk))
    return meaning.complains and about_us and not (meaning.withdraws or desk.observed or desk.facts.findings)


def passes_some_by(desk: Desk) -> bool:
    """Rows of what it asks for bear an answer in words, to nothing that we asked: nobody else would look at them.

    Nor are they looked at again where the mail was approved.
    """
    if desk.facts.waiver is not None:
        return False
    meaning, known = desk.meaning, desk.home.by_device() if desk.home else {}
    asks = meaning.asked or meaning.wants_codes
    answers_us = meaning.brings_codes or desk.facts.findings
    return bool(asks and not answers_us and not desk.observed and set(meaning.answered) - known.keys())


def is_mere_complaint(desk: Desk) -> bool:
    """It asks for nothing beside: a code that is said to be wrong is not sent once more for that."""
    meaning = desk.meaning
    news = {one.device_id for one in meaning.asked} - _answered_before(desk)
    wants = news or meaning.wants_codes or meaning.chase or meaning.brings_codes or meaning.bad_lines
    return complains_to_us(desk) and not wants


def _answered_before(desk: Desk) -> frozenset[DeviceId]:
    """The devices it names that stand in its thread, or whose code they have from us."""
    known = desk.home.by_device() if desk.home else {}
    theirs = {d for d, sent in desk.facts.releases.items() if any(one.party == desk.party.party for one in sent)}
    return frozenset(one.device_id for one in desk.meaning.asked if one.device_id in known or one.device_id in theirs)


def quotes_us(desk: Desk) -> bool:
    """The codes in it are those that we sent, quoted without a mark: each stands with a device of which we sent it here."""
    known = desk.home.by_device() if desk.home else {}
    items = [known.get(device) for device in desk.meaning.answered]
    return bool(items) and all(
        item is not None and item.state is State.ANSWERED and item.outcome is Outcome.CODE for item in items
    )
