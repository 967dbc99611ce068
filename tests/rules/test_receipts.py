"""Which replies to a letter of ours need nobody: thanks and receipts, and nothing that says more."""

import pytest

from daemon.rules.answers.receipts import is_absence, is_receipt, names_of


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
        "Hi there! Received, thanks.",
        "hi ann\nThanks",
        "Dear Ms Priya Shah\n\nReceived.\n\nWith kind regards, Bo",
        "Received, thanks. Logged as INC0012345.",
        "Hi, thanks for this. I have passed it to the smart team.",
        "Noted, someone will get back to you.",
        "Received. Our SLA is 10 working days.",
        "Thank you for contacting Northern Energy. Your request has been received and passed to the relevant team.",
        "Your request has been logged as INC0123456. Please quote this reference in any further correspondence.",
        "A ticket has been created for your request: #REQ-88213. We aim to respond within 5 working days.",
        "Hi, please allow 10 working days for a response. Thanks",
        "Hi, our field team is checking these for us, will let you know.",
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
        "With regards to your request, please contact SECAS",
        "Thank you for contacting Northern Energy. Try Southern Power.",
        "With regards to your request, we need the MPAN",
        "With regards to your request, the customer is still with us",
        "With regards to your email, this looks like phishing",
        "Regards your request, please contact SECAS",
        "Hi\nWrong department\nThanks",
        "Hi\nUse portal please\nThanks",
        "Hi Wrong department\nThanks",
        "Hi wrong department, thanks",
        "Received by us, thanks",
        "Please quote the MPAN number.",
        "Please respond with the request number.",
        "Your ticket INC0123456 has been closed.",
        "Thanks.\n\nCastle Gas",
    ],
)
def test_more_than_a_receipt(text: str) -> None:
    """A word that no receipt is made of may be the answer: a person reads it."""
    assert not is_receipt(text)


def test_a_name_below_a_receipt() -> None:
    """The writer's own, or their company's; any other may be the answer."""
    names = names_of("Sam Carter", "metering.desk@north.test", "Northern Energy", "North")
    for signed in ("Sam", "sam carter", "Metering Desk", "Northern Energy Service Desk", "Sam, North"):
        assert is_receipt(f"Thanks, received.\n\n{signed}", names)
    assert not is_receipt("Thanks, received.\n\nCastle Gas", names)
    assert not is_receipt("Sam, North has no codes", names)


@pytest.mark.parametrize(
    ("text", "away"),
    [
        ("I am out of the office until 26 January. In urgent cases please contact the service desk.", True),
        ("I am out of the office until Monday 15 June with no access to email.", True),
        ("I was on annual leave. Can you confirm the MPAN?", False),
        ("We sent the codes on Monday.", False),
        ("I am out of the office until further notice.", True),
        (
            "Hi Ann,\n\nThank you for your email. I am on annual leave from 3 May, returning on Monday 10th May.\n\nKind regards\nBo",
            True,
        ),
        ("I am out of the office until Monday. We do not hold these codes, contact Castle Gas.", False),
        ("I am out of the office until Monday, we do not hold these codes.", False),
        ("I am out of the office until Monday. Portal only from now on.", False),
        ("Automatic reply: I have left, write to jane@supplier.example", False),
        ("I am on leave. For urgent matters contact Castle Gas, who hold these codes.", False),
    ],
)
def test_an_absence(text: str, away: bool) -> None:  # a row of the table
    """An out-of-office without its mark, unless it asks us something."""
    assert is_absence(text) is away
