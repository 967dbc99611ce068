"""Settings of asking and chasing: a ladder is taken whole, or refused in words."""

import re
import tomllib
from datetime import time
from pathlib import Path

import pytest

from daemon.errors import ConfigError
from daemon.rules.policy import ChaseKind, ContactKind, Nation, Policy, Rung, Weekday
from daemon.settings import load
from tests.operating import CONFIG, settings, write_config

ROOT = Path(__file__).parent.parent
OPS = '\n[[policy.ladder]]\nday = 16\nkind = "hand-over"\n'


def rung(day: int, kind: str, more: str = 'to = ["mp121"]') -> str:
    """One rung as an operator writes it."""
    return f'\n[[policy.ladder]]\nday = {day}\nkind = "{kind}"\n{more}\n'


def policy(folder: Path, more: str) -> Policy:
    """The policy of the least configuration and `more`."""
    return settings(folder, CONFIG + more).policy()


def refused(folder: Path, more: str) -> str:
    """What the refusal says."""
    path = write_config(folder, CONFIG + more)
    with pytest.raises(ConfigError) as refusal:
        load(path, {})
    return str(refusal.value)


def test_the_defaults_are_those_of_the_policy(tmp_path) -> None:
    """Nothing set: days 9 (5), 11, 13, 16; Tuesday and Thursday; nine o'clock; every nation's holidays; no helpdesk."""
    made, plain = policy(tmp_path, ""), Policy(company="x", mailbox="x@y.test")

    for name in ("ladder", "chase_days", "chase_calendar", "ask_at", "helpdesk"):
        assert getattr(made, name) == getattr(plain, name), name
    assert [(r.day, r.needed_by_day, r.kind.value, [*r.to]) for r in made.ladder] == [
        (9, 5, "due-tomorrow", ["mp121"]),
        (11, None, "overdue", ["mp121", "operations"]),
        (13, None, "escalation", ["escalation"]),
        (16, None, "hand-over", []),
    ]
    assert (made.chase_days, made.ask_at) == ((Weekday.TUESDAY, Weekday.THURSDAY), time(9))
    assert Nation.GB_UNION is made.chase_calendar


def test_the_ladder_in_the_example_is_the_default(tmp_path) -> None:
    """config/daemon.toml shows it commented out; with the marks taken off it says the same."""
    example = (ROOT / "config/daemon.toml").read_text("utf-8")
    shown = example[example.index("# [[policy.ladder]]") : example.index("# [policy.modes]")]

    assert (
        policy(tmp_path, "\n" + re.sub(r"(?m)^# ?", "", shown)).ladder == Policy(company="x", mailbox="x@y.test").ladder
    )
    assert len(tomllib.loads(re.sub(r"(?m)^# ?", "", shown))["policy"]["ladder"]) == 4


def test_a_ladder_of_one_s_own_takes_the_place_of_all(tmp_path) -> None:
    """Kinds and contacts by their names, several rungs of one kind."""
    own = rung(11, "overdue") + rung(12, "overdue", 'to = ["operations", "escalation"]') + OPS

    assert policy(tmp_path, own).ladder == (
        Rung(11, ChaseKind.OVERDUE, (ContactKind.MP121,)),
        Rung(12, ChaseKind.OVERDUE, (ContactKind.OPERATIONS, ContactKind.ESCALATION)),
        Rung(16, ChaseKind.HAND_OVER),
    )


def test_the_other_settings_are_taken_over(tmp_path) -> None:
    """Days, calendar, time, helpdesk, and a folder that exists; the environment says them as well."""
    folder = tmp_path / "codes"
    folder.mkdir()
    more = f"""
[policy]
chase_days = ["monday"]
chase_calendar = "scotland"
ask_at = "13:30"
helpdesk = "help@Bücher.example"
hand_over_folder = "{folder}"
"""
    made = settings(tmp_path, CONFIG + more)
    environ = {"ICD_POLICY__CHASE_DAYS": "friday,monday", "ICD_POLICY__ASK_AT": "08:15"}
    surroundings = load(write_config(tmp_path), environ).policy()

    assert (made.policy().chase_days, made.policy().ask_at) == ((Weekday.MONDAY,), time(13, 30))
    assert (made.policy().chase_calendar, made.policy().helpdesk) == (Nation.SCOTLAND, "help@xn--bcher-kva.example")
    assert made.rulebook.hand_over_folder == folder
    assert (surroundings.chase_days, surroundings.ask_at) == ((Weekday.FRIDAY, Weekday.MONDAY), time(8, 15))


WRONG = [
    ("no rung", "[policy]\nladder = []", 'policy.ladder: one rung has the kind "hand-over", and it is the last'),
    ("no hand-over", rung(11, "overdue"), 'policy.ladder: one rung has the kind "hand-over", and it is the last'),
    ("a hand-over in between", OPS + rung(17, "overdue"), 'policy.ladder: one rung has the kind "hand-over"'),
    ("two hand-overs", rung(12, "hand-over", "") + OPS, 'policy.ladder: one rung has the kind "hand-over"'),
    ("days out of order", rung(13, "overdue") + rung(12, "escalation") + OPS, "policy.ladder: rung 2 comes no later than the one before it"),
    ("two on one day", rung(12, "overdue") + rung(12, "escalation") + OPS, "policy.ladder: rung 2 comes no later"),
    ("the last one first", rung(16, "overdue") + OPS, "policy.ladder: rung 2 comes no later"),
    ("needed days out of order", rung(4, "due-tomorrow") + rung(8, "due-tomorrow", 'to = ["mp121"]\nneeded_by_day = 4') + OPS, "policy.ladder: rung 2 comes no later"),
    ("firmness that falls", rung(11, "escalation") + rung(12, "overdue") + OPS, "policy.ladder: rung 2 (overdue) is gentler than the one before it (escalation)"),
    ("an unknown kind", rung(11, "threat") + OPS, "policy.ladder[1].kind: should be 'due-tomorrow', 'overdue', 'escalation' or 'hand-over'"),
    ("an unknown contact", rung(11, "overdue", 'to = ["boss"]') + OPS, "policy.ladder[1].to[1]: should be 'mp121', 'operations' or 'escalation'"),
    ("nobody to write to", rung(11, "overdue", "") + OPS, "policy.ladder[1].to: name the contacts that get the letter"),
    ("a hand-over to them", rung(16, "hand-over"), "policy.ladder[1].to: remove it; what is handed over goes to our own ops team"),
    ("late too soon", rung(10, "overdue") + OPS, "policy.ladder[1].day: nobody is late before 10 working days are over"),
    ("late too soon where needed", rung(12, "overdue", 'to = ["mp121"]\nneeded_by_day = 6') + OPS, "policy.ladder[1].day: nobody is late before 10"),
    ("a reminder of what is late", rung(11, "due-tomorrow") + OPS, "policy.ladder[1].day: after 10 working days it is overdue"),
    ("needed later", rung(9, "due-tomorrow", 'to = ["mp121"]\nneeded_by_day = 10') + OPS, "policy.ladder[1].needed_by_day: what is needed by a day is chased sooner"),
    ("day nought", rung(0, "due-tomorrow") + OPS, "policy.ladder[1].day: should be greater than or equal to 1"),
    ("no day", '[[policy.ladder]]\nkind = "hand-over"', "policy.ladder[1].day: missing"),
    ("a misspelled key", OPS + "dya = 3", "policy.ladder[1].dya: no such key; did you mean policy.ladder[1].day?"),
    ("a Saturday", '[policy]\nchase_days = ["saturday"]', "policy.chase_days[1]: should be 'monday'"),
    ("no chase day", "[policy]\nchase_days = []", "policy.chase_days: "),
    ("an unknown calendar", '[policy]\nchase_calendar = "wales"', "policy.chase_calendar: should be 'england-and-wales'"),
    ("no time", '[policy]\nask_at = "off"', 'policy.ask_at: should be a time such as "09:00"'),
    ("a time with seconds", '[policy]\nask_at = "09:00:30"', 'policy.ask_at: should be a time such as "09:00"'),
    ("a helpdesk without address", '[policy]\nhelpdesk = "SECAS"', "policy.helpdesk: is no email address"),
    ("a folder that is not there", '[policy]\nhand_over_folder = "/nowhere"', "policy.hand_over_folder: the folder /nowhere does not exist"),
]  # fmt: skip


@pytest.mark.parametrize(("more", "words"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_wrong_ladder_is_refused_in_words(tmp_path, more, words) -> None:
    """Each fault stops the start, naming the rung, what is wrong and what would be right."""
    assert words in refused(tmp_path, "\n" + more)
