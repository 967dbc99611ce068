"""Which replies to a letter of ours need nobody: thanks and receipts, and nothing that says more."""

import pytest

from daemon.rules.answers.receipts import is_absence, is_receipt


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, received.",
        "Hi Ann,\n\nThank you for your email.\n\nKind regards\nPriya Shah\nMetering",
        "Received with thanks, we are working on it.",
        "Your request has been logged under ticket 12345 and passed to the team.",
        "Thank you for your email. We will respond within 10 working days.",
        "Hi, sorry for the delay, still on it. Kind regards, Priya",
        "Noted, will look into this and come back to you shortly.",
        "OK",
    ],
)
def test_a_receipt(text: str) -> None:
    """It stops nothing, and nobody need read it."""
    assert is_receipt(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Thanks. None found.",
        "Thanks, we sent the codes on Monday.",
        "Received, but these are not valid IDs.",
        "Thank you, is this genuine?",
        "These are with us still, thanks.",
        "Please get back to us.",
        "Thanks for your mail. We have no such devices.",
        "Thank you. You want the metering department.",
        "They were sent last week.",
        "Wir schauen nach.",
        "Thanks, Priya has left the company.",
        "The customer is still with us.",
    ],
)
def test_more_than_a_receipt(text: str) -> None:
    """A word that no receipt is made of may be the answer: a person reads it."""
    assert not is_receipt(text)


@pytest.mark.parametrize(
    ("text", "away"),
    [
        ("I am out of the office until 26 January. In urgent cases please contact the service desk.", True),
        ("I was on annual leave. Can you confirm the MPAN?", False),
        ("We sent the codes on Monday.", False),
    ],
)
def test_an_absence(text: str, away: bool) -> None:  # a row of the table
    """An out-of-office without its mark, unless it asks us something."""
    assert is_absence(text) is away
