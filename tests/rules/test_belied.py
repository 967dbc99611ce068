"""What a person would have a supplier told, held against our own inventory."""

from typing import Any

import pytest

from daemon.rules.counterparties import own_names
from daemon.rules.team.approving import belies
from daemon.rules.thread import Outcome
from tests.rules.cases import A, policy, record

SAYS = "our inventory says that"


@pytest.mark.parametrize(
    ("outcome", "changes", "against"),
    [
        (Outcome.NOT_INSTALLER, {}, f"{SAYS} we installed it, and holds its code"),
        (Outcome.NOT_INSTALLER, {"has_code": False}, f"{SAYS} we installed it"),
        (Outcome.NOT_INSTALLER, {"installing_supplier": "OLDC"}, f"{SAYS} we installed it, and holds its code"),
        (Outcome.NOT_INSTALLER, {"installing_supplier": "SOUT"}, ""),
        (Outcome.NOT_INSTALLER, None, ""),
        (Outcome.NO_CODE_HELD, {}, "our inventory holds its code"),
        (Outcome.NO_CODE_HELD, {"has_code": False}, ""),
        (Outcome.NO_CODE_HELD, {"installing_supplier": "SOUT", "has_code": False}, f"{SAYS} SOUT installed it"),
        (Outcome.NO_CODE_HELD, None, "our inventory does not know this device"),
        (Outcome.TYPE_HAS_NO_CODE, {}, f"{SAYS} it is of type ESME, which has a code"),
        (Outcome.TYPE_HAS_NO_CODE, {"device_type": "GPF"}, ""),
        (Outcome.TYPE_HAS_NO_CODE, {"device_type": ""}, ""),
        (Outcome.TYPE_HAS_NO_CODE, None, ""),
        (Outcome.NEED_MORE, {}, ""),
        (Outcome.PENDING, {}, ""),
        (Outcome.REFUSED, {}, ""),
    ],
)
def test_an_answer_is_held_against_our_inventory(
    outcome: Outcome, changes: dict[str, Any] | None, against: str
) -> None:
    """Each claim that an outcome makes of a device, and what of our record belies it; no record belies most nothing."""
    one = None if changes is None else record(A, **changes)

    assert belies(outcome, one, own_names(policy())) == against
