"""A relay's no: of one letter, or of all of ours."""

import pytest

from daemon.rules.refusals import Nos, Whose, of_letter, of_us, whose

NORTH = Nos("north.test")
BLOCKED = "RCPT: 554 5.7.1 <{}>: Client host blocked, see queue 4WxYz{}"

OF_LETTER = [
    "RCPT: 550 5.1.1 no such user",
    "RCPT: 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found",
    "RCPT: 550 5.2.1 mailbox disabled",
    "RCPT: 452 4.2.2 mailbox full",
    "RCPT: 450 4.2.1 the user receives mail at a rate that prevents more",
    "MAIL: 552 5.3.4 too big",
    "after the letter: 552 message exceeds the size limit",
]
OF_US = [
    # Exchange Online: a day's recipients (MicrosoftDocs/OfficeDocs-Support#1150), the right to send, a tenant's threshold.
    "after the letter: 554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed",
    "after the letter: 554 5.2.252 SendAsDenied; codes@north.test not allowed to send as box@north.test",
    "RCPT: 550 5.1.90 Your message can't be sent because you've reached your daily limit",
    "RCPT: 550 5.7.705 Access denied, tenant has exceeded threshold",
    "after the letter: 550 5.7.233 Your tenant exceeded its daily limit for external recipients",
    "after the letter: 421 4.4.2 Message submission rate for this client has exceeded the configured limit",
    # Gmail, Postfix, and a relay with a full disk
    "after the letter: 550 5.4.5 Daily user sending limit exceeded",
    "RCPT: 421 4.7.0 Try again later, closing connection",
    "RCPT: 450 4.7.1 Error: too many recipients from mail.north.test",
    "RCPT: 553 5.1.8 Sender address rejected: Domain not found",
    "DATA: 452 4.3.1 Insufficient system storage",
]
NOBODY_CAN_SAY = [
    "RCPT: 554 5.7.1 Client host blocked",
    "RCPT: 550 go away",
    "after the letter: 554 5.7.1 looks like spam",
    "RCPT: 451 4.7.1 Greylisted, come back in 300 seconds",
    "after the letter: 432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
]
A_BROKEN_LINK = "the relay dropped the link at RCPT"


@pytest.mark.parametrize("words", OF_LETTER)
def test_what_its_status_says_of_a_letter_is_of_that_letter(words: str) -> None:
    """It is believed at once, and however many companies hear it, it says nothing of us."""
    nos = NORTH.heard("a@west.test", words).heard("b@south.test", words)
    assert whose(nos, words, first=True) is Whose.LETTER
    assert not nos.against_us


@pytest.mark.parametrize("words", OF_US)
def test_what_is_said_of_us_needs_no_second_letter(words: str) -> None:
    """The next letter would hear it too: the first is kept."""
    nos = NORTH.heard("a@west.test", words)
    assert whose(nos, words, first=False) is Whose.RELAY
    assert nos.last == words
    assert of_us(words)


@pytest.mark.parametrize("words", NOBODY_CAN_SAY)
def test_what_may_be_of_either_is_asked_twice(words: str) -> None:
    """Once it is doubted; said to the same letter again, while no other company heard it, it is of that letter."""
    nos = NORTH.heard("a@west.test", words)
    assert whose(nos, words, first=True) is Whose.DOUBTED
    assert whose(nos.heard("a@west.test", words), words, first=False) is Whose.LETTER
    assert not of_us(words)
    assert not of_letter(words)


def test_what_no_relay_said_is_of_the_letter_that_cannot_be_said() -> None:
    """It has no code; a link that breaks has none either, and where it breaks for two companies that is of us."""
    assert whose(NORTH, "an address that cannot be said in SMTP", first=True) is Whose.LETTER
    nos = NORTH.heard("a@west.test", A_BROKEN_LINK)
    assert not nos.against_us
    assert nos.heard("b@south.test", A_BROKEN_LINK).against_us


def test_the_same_words_to_two_companies_are_of_us() -> None:
    """Though addresses and the names of queues in them differ; other words count apart."""
    first, second = BLOCKED.format("a@west.test", 1), BLOCKED.format("b@south.test", 2)
    nos = NORTH.heard("a@west.test", first).heard("b@south.test", "RCPT: 554 5.7.1 virus found")
    assert whose(nos, first, first=False) is Whose.LETTER
    nos = nos.heard("b@south.test", second)
    assert whose(nos, first, first=False) is Whose.RELAY
    assert nos.last == second


@pytest.mark.parametrize(("taken", "stands"), [("c@east.test", False), ("ops@north.test", True)])
def test_a_letter_for_another_company_that_is_taken_ends_it(taken: str, stands: bool) -> None:
    """One that stays in the house does not: a relay may have something against what leaves it alone."""
    first, second = BLOCKED.format("a@west.test", 1), BLOCKED.format("b@south.test", 2)
    nos = NORTH.heard("a@west.test", first).heard("b@south.test", second).taken(taken)
    assert bool(nos.against_us) is stands
