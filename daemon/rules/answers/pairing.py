"""Which code of a text belongs to which device.

A code belongs to the one Device ID of its clause, or to the one right above it. Where a list could be read in two
ways nothing is paired: each of its devices gets a fault that asks for the code on the line of its Device ID.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

from daemon.rules.answers.clauses import Clause
from daemon.rules.answers.codes import Said, Spelled, Wanted
from daemon.rules.identifiers import DeviceId
from daemon.rules.thread import Outcome

UNCLEAR = "it is not clear which code belongs to it: please write each code on the line of its Device ID"
_DOUBTFUL = re.compile(
    r"\b(?:not|wrong|incorrect|ignore|invalid|previous(?:ly)?|old|example|think|maybe|perhaps|possibly|might)\b"
)
_OF_OTHERS = re.compile(r"\b(?:others?|rest|remaining|another|second|third)\b")
Where = Callable[[int], str]


@dataclass(slots=True)
class _Run:
    """Devices, or codes, that follow each other over lines."""

    codes: bool
    members: list[tuple[Clause, DeviceId | None, Spelled | None]] = field(default_factory=list)
    devices: set[DeviceId] = field(default_factory=set)


class Pairing:
    """Gathers what is `said`, and the `orphans`: codes beside no Device ID, with their places.

    `tabled`: the octets of codes that tables of the mail hold, beside their devices.
    """

    def __init__(self, wanted: Wanted, where: Where, tabled: frozenset[bytes]) -> None:
        self.said: list[Said] = []
        self.orphans: list[tuple[str, Spelled]] = []
        self._wanted = wanted
        self._where = where
        self._tabled = tabled

    def pair(self, clauses: list[Clause]) -> None:
        """Pair within clauses; then what is left, between the clauses that have their own pairs."""
        runs: list[_Run] = []
        before: Clause | None = None
        for clause in clauses:
            if before is not None and self._goes_on(before, clause):
                self._within(replace(clause, spots=(*before.spots, *clause.spots)))
            elif clause.is_row or (clause.devices and clause.codes) or (clause.devices and clause.stated):
                self._between(runs)
                runs = []
                self._within(clause)
            elif clause.stated and not clause.codes and runs and not runs[-1].codes:
                runs.pop()  # it is said of the devices right above
            elif clause.codes:
                self._gather(runs, clause, ((None, code) for code in clause.codes if not self._is_tabled(code)))
            elif clause.devices and not self._is_wish(clause):
                self._gather(runs, clause, ((device, None) for device in clause.devices))
            before = clause if clause.spots or clause.stated or before is None else before
        self._between(runs)

    def _goes_on(self, before: Clause, clause: Clause) -> bool:
        """A code in the same line as what was said of one device: "A is not ours, but we have its code: ..."."""
        said = before.stated is not None and len(before.devices) == 1 and not before.codes
        alone = len(clause.codes) == 1 and not clause.devices and clause.line == before.line
        return said and alone and not _OF_OTHERS.search(clause.text.casefold())

    def _is_tabled(self, one: Spelled) -> bool:
        return one.code is not None and one.code.reveal() in self._tabled

    def _is_wish(self, clause: Clause) -> bool:
        """It asks for the code of a device that we did not ask for."""
        return not any(d in self._wanted for d in clause.devices) and clause.asks

    def _gather(
        self, runs: list[_Run], clause: Clause, members: Iterable[tuple[DeviceId | None, Spelled | None]]
    ) -> None:
        for device, code in members:
            if not runs or runs[-1].codes != (code is not None):
                runs.append(_Run(code is not None))
            run = runs[-1]
            if device in run.devices:
                run.members.clear()
                run.devices.clear()
            run.members.append((clause, device, code))
            if device is not None:
                run.devices.add(device)

    def _within(self, clause: Clause) -> None:
        """Pairs in one clause: one device and its code, or as many codes as devices in turn."""
        if not clause.codes:
            return
        kinds = [spot for spot in clause.spots if not (spot.device and spot.spelled)]
        for spot in clause.spots:
            if spot.device is not None and spot.spelled is not None:
                self._say(clause, spot.device, spot.spelled, look=False)
        devices = tuple(dict.fromkeys(spot.device for spot in kinds if spot.device is not None))
        codes = [spot.spelled for spot in kinds if spot.spelled is not None]
        if not codes:
            return
        if len(devices) == 1:
            for code in codes:
                self._say(clause, devices[0], code, look=False)
        elif (
            devices
            and len(kinds) == 2 * len(codes)
            and all((a.device is None) != (b.device is None) for a, b in pairwise(kinds))
        ):
            behind = kinds[0].device is None
            for one, other in zip(kinds[::2], kinds[1::2], strict=True):
                device, code_of = (one.device or other.device), (one.spelled or other.spelled)
                if device is not None and code_of is not None:
                    self._say(clause, device, code_of, look=behind)
        else:
            self._muddle((clause, device) for device in devices)

    def _between(self, runs: list[_Run]) -> None:
        """Pairs over lines: a device and the code right below it, over and over."""
        runs = [run for run in runs if run.members]
        if not any(run.codes for run in runs):
            return
        if runs[0].codes and len(runs) > 1:
            self._codes_first(runs)
            return
        if runs[0].codes:
            self.orphans.extend((self._where(c.line), code) for c, _, code in runs[0].members if code is not None)
            return
        for devices, codes in zip(runs[::2], runs[1::2], strict=False):
            if len(devices.members) == 1:
                clause, device, _ = devices.members[0]
                for code_clause, _, code in codes.members:
                    if device is not None and code is not None:
                        self._say(
                            replace(code_clause, spots=(*clause.spots, *code_clause.spots)), device, code, look=False
                        )
            else:
                self._muddle((clause, device) for clause, device, _ in devices.members)

    def _codes_first(self, runs: list[_Run]) -> None:
        """A code above its device, over and over to the end; anything else could be read in two ways."""
        if len(runs) % 2 == 0 and all(len(run.members) == 1 for run in runs):
            for codes, devices in zip(runs[::2], runs[1::2], strict=True):
                (code_clause, _, code), (clause, device, _) = codes.members[0], devices.members[0]
                if device is not None and code is not None:
                    self._say(replace(code_clause, spots=clause.spots), device, code, look=True)
            return
        self._muddle((clause, device) for run in runs for clause, device, _ in run.members)

    def _muddle(self, devices: Iterable[tuple[Clause, DeviceId | None]]) -> None:
        for clause, device in devices:
            if device is not None and device in self._wanted:
                self.said.append(Said(device, self._where(clause.line), fault=UNCLEAR))

    def _say(self, clause: Clause, device: DeviceId, code: Spelled, *, look: bool) -> None:
        doubt = look or clause.partial or bool(_DOUBTFUL.search(clause.text.casefold()))
        outcome = Outcome.CODE if code.code is not None else ""
        said = Said(device, self._where(clause.line), code, outcome, "", code.fault, doubt or not code.checked)
        self.said.append(said)
