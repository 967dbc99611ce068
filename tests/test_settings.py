"""A configuration is taken whole, or refused with the key, the fault and the remedy."""

import os
import re
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from daemon import secret_files
from daemon.errors import ConfigError, LoginRefused
from daemon.mail.sender.authres import Profile
from daemon.rules.policy import Limits, Mode, Nation, Policy, Role, SentCopy
from daemon.settings import Settings, load
from daemon.settings.complaints import _model_in
from tests.operating import CONFIG, secret, settings, write_config

ROOT = Path(__file__).parent.parent


def refused(folder: Path, config: str, environ: dict[str, str] | None = None) -> str:
    """What the refusal of `config` says."""
    path = write_config(folder, config)
    with pytest.raises(ConfigError) as refusal:
        load(path, environ or {})
    return str(refusal.value)


# What is taken ──────────────────────────────────────────────────────────────────────────────────────


def test_the_least_configuration_gives_the_documented_defaults(tmp_path) -> None:
    """With the least that must be set, every other key has the default that the policy's own type states."""
    made = settings(tmp_path)
    policy = made.policy()
    plain = Policy(company="Northwind Energy", mailbox="codes@northwind.test")

    assert (made.mailbox.port, made.relay.port) == (993, 465)
    assert Mode.OBSERVE is policy.mode
    assert Limits() == policy.limits
    for name in ("mode", "colleagues", "calendar", "answer_within_working_days", "remind_on_working_days", "sent_copy"):
        assert getattr(plain, name) == getattr(policy, name), name
    for name in ("inventory_max_age_days", "hold_gather_minutes", "unknown_wait_minutes", "extra_holidays"):
        assert getattr(plain, name) == getattr(policy, name), name


def test_gmail_gets_no_copy_for_sent_unless_one_is_asked_for(tmp_path) -> None:
    """It files its own, and may send ours to its recipient once more (pimalaya/himalaya#693)."""
    path = write_config(tmp_path, CONFIG)
    gmail = {"ICD_RELAY__HOST": "smtp.Gmail.com"}
    assert load(path, gmail).policy().sent_copy is SentCopy.NONE
    assert load(path, gmail | {"ICD_POLICY__SENT_COPY": "masked"}).policy().sent_copy is SentCopy.MASKED


def test_the_policy_knows_names_team_and_exceptions(tmp_path) -> None:
    """Own names are those of company, aliases, MPIDs and predecessors; limits, holidays and modes are taken over."""
    more = """
[policy]
mode = "send"
calendar = "scotland"
accept_spf_only = ["codes@Bücher.example"]
[policy.modes]
"Harbour Power" = "observe"
[policy.holidays]
"2026-06-15" = "a proclaimed day"
[policy.limits]
codes_per_day = 7
"""
    policy = settings(tmp_path, CONFIG + more).policy()

    assert {"NORTHWIND ENERGY", "NWND", "OLD MILL ENERGY"} == policy.own_names
    assert Mode.OBSERVE is policy.mode_for("Harbour Power")
    assert Mode.SEND is policy.mode_for("Brightspark")
    assert Nation.SCOTLAND is policy.calendar
    assert {"codes@xn--bcher-kva.example"} == policy.accept_spf_only
    assert ((date(2026, 6, 15), "a proclaimed day"),) == policy.extra_holidays
    assert policy.limits.codes_per_day == 7
    assert Limits().codes_per_counterparty_per_day == policy.limits.codes_per_counterparty_per_day


def test_ops_have_every_role_and_team_members_theirs(tmp_path) -> None:
    """`ops` gives all roles; `team` those named; manager and code recipients join with theirs, each address once."""
    team = """manager = "boss@northwind.test"
code_recipients = ["ANN@northwind.test"]
[[company.team]]
address = "ann@northwind.test"
role = ["operator", "reader"]
[[company.team]]
address = "bob@northwind.test"
role = "approver"
"""
    short = settings(tmp_path).policy().team
    long = settings(tmp_path, CONFIG.replace('ops = ["ops@northwind.test"]', team)).policy()

    assert [frozenset(Role)] == [member.roles for member in short]
    assert {
        "ann@northwind.test": {Role.OPERATOR, Role.READER, Role.CODE_RECIPIENT},
        "bob@northwind.test": {Role.APPROVER},
        "boss@northwind.test": {Role.MANAGER},
    } == {member.address: member.roles for member in long.team}
    assert long.manager == "boss@northwind.test"


def test_news_is_asked_for_often_of_a_server_of_our_own(tmp_path) -> None:
    """A host of many counts commands; what is set counts for each."""
    google = CONFIG.replace("[relay]", 'profile = "google"\n[relay]')

    assert settings(tmp_path).mailbox.busy_look_s == 0.25
    assert settings(tmp_path, google).mailbox.busy_look_s == 0
    assert settings(tmp_path, google.replace("[relay]", "busy_look_ms = 40\n[relay]")).mailbox.busy_look_s == 0.04
    assert settings(tmp_path, CONFIG.replace("[relay]", "busy_look_ms = 0\n[relay]")).mailbox.busy_look_s == 0


def test_the_environment_wins_over_the_file(tmp_path) -> None:
    """`ICD_SECTION__KEY` overrides the file, lists take commas, and a password replaces a password file."""
    path = write_config(tmp_path)
    environ = {
        "ICD_MAILBOX__PASSWORD": "from the environment",
        "ICD_MAILBOX__PORT": "1993",
        "ICD_COMPANY__MPIDS": "NWND, NWGA",
        "ICD_POLICY__LIMITS__CODES_PER_DAY": "3",
        "ICD_POLICY__REMIND_ON_WORKING_DAYS": "2,4",
        "ICD_POLICY__MODES": '{"Harbour Power": "send"}',
        "ICD_MAILBOX__IDLE": "false",
    }
    made = load(path, environ)

    assert made.mailbox.secret() == "from the environment"
    assert made.mailbox.port == 1993
    assert not made.mailbox.idle
    assert made.company.mpids == ("NWND", "NWGA")
    assert made.policy().limits.codes_per_day == 3
    assert made.policy().remind_on_working_days == (2, 4)
    assert Mode.SEND is made.policy().mode_for("Harbour Power")


def test_other_names_of_the_environment_are_left_alone(tmp_path) -> None:
    """A name without `__`, or without our prefix, means nothing to us, whatever it holds."""
    path = write_config(tmp_path)

    assert load(path, {}) == load(path, {"ICD_CONFIG": "x", "ICD_MAILBOX": "{}", "MAILBOX__HOST": "evil.test"})


@pytest.mark.parametrize(
    ("written", "begins"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-07-01", datetime(2026, 6, 30, 23, tzinfo=UTC)),
        ('"2026-07-01"', datetime(2026, 6, 30, 23, tzinfo=UTC)),
        ("2026-07-01T10:00:00", datetime(2026, 7, 1, 9, tzinfo=UTC)),
        ("2026-07-01T10:00:00Z", datetime(2026, 7, 1, 10, tzinfo=UTC)),
    ],
)
def test_start_from_is_a_time_in_london(tmp_path, written, begins) -> None:
    """A day means its first minute in London, in summer too; a time without zone is London's."""
    config = CONFIG.replace("[relay]", f"start_from = {written}\n[relay]")

    assert begins == settings(tmp_path, config).mailbox.start_from


def test_trust_is_what_the_mailbox_section_says(tmp_path) -> None:
    """The reader of verdicts gets server id, profile, own hops and our address."""
    config = CONFIG.replace('authserv_id = "mx.northwind.test"', 'profile = "m365"\nown_hops = ["mx1.northwind.test"]')
    trust = settings(tmp_path, config).trust()

    assert (trust.profile, trust.authserv_id, trust.own_hops) == (Profile.M365, "", ("mx1.northwind.test",))
    assert trust.mailbox == "codes@northwind.test"


@pytest.mark.parametrize(
    ("security", "mailbox", "relay"), [("tls", 993, 465), ("starttls", 143, 587), ("none", 143, 25)]
)
def test_ports_go_with_the_kind_of_security(tmp_path, security, mailbox, relay) -> None:
    """Where no port is set it is the usual one of the protocol for that security."""
    config = re.sub(r'host = ".*"', f'host = "localhost"\nsecurity = "{security}"', CONFIG)
    made = settings(tmp_path, config)

    assert (mailbox, relay) == (made.mailbox.port, made.relay.port)


# What is refused ────────────────────────────────────────────────────────────────────────────────────

MAILBOX = CONFIG[CONFIG.index("[mailbox]") : CONFIG.index("[relay]")]
WRONG = [
    ("a missing mailbox", (MAILBOX, ""), "mailbox: missing; set [mailbox] address, host"),
    ("a misspelled key", ("username =", "usrname ="), "mailbox.usrname: no such key; did you mean mailbox.username?"),
    ("a misspelled section", ("[relay]", "[rely]"), "rely: no such key; did you mean relay?"),
    ("a key of no kind", ("[relay]", "[relay]\nfrobnicate = 1"), "relay.frobnicate: no such key; remove it, or use one of:"),
    ("a misspelled nested key", ("[relay]", "[policy.limits]\ncodes_per_dy = 1\n[relay]"), "did you mean policy.limits.codes_per_day?"),
    ("no TOML", ("[relay]", "[relay"), "no valid TOML"),
    ("a bad address", ("codes@northwind.test", "codes at northwind"), "mailbox.address: is no email address"),
    ("an address with a display name", ('"ops@northwind.test"', '"Ann <ops@northwind.test>"'), "company.ops[1]: is no email address"),
    ("a quoted address", ('"ops@northwind.test"', "'\"a b\"@northwind.test'"), "company.ops[1]: is no"),
    ("nobody to tell", ('ops = ["ops@northwind.test"]', ""), "company.ops: nobody would be told"),
    ("a team of readers", ('ops = ["ops@northwind.test"]', '[[company.team]]\naddress = "a@b.test"\nrole = "reader"'), "company.ops: nobody would be told"),
    ("ops and team", ("[mailbox]", '[[company.team]]\naddress = "a@b.test"\nrole = "operator"\n[mailbox]'), "company.ops: ops and team are both set"),
    ("an unknown role", ('ops = ["ops@northwind.test"]', '[[company.team]]\naddress = "a@b.test"\nrole = "king"'), "company.team[1].role[1]: should be 'reader'"),
    ("the mailbox itself in the team", ('"ops@northwind.test"', '"Codes@northwind.test"'), "company.team: the mailbox's own address"),
    ("a long MPID", ('"NWND"', '"NWNDX"'), "company.mpids[1]: an MPID has 4 letters or digits"),
    ("no MPID", ('["NWND"]', "[]"), "company.mpids: "),
    ("plain text to another host", ("[relay]", 'security = "none"\n[relay]'), 'mailbox.security: "none" would send plain text to imap.northwind.test'),
    ("an unknown security", ("[relay]", 'security = "ssl"\n[relay]'), "mailbox.security: should be 'tls', 'starttls' or 'none'"),
    ("a password and a file", ("[relay]", 'password = "x"\n[relay]'), "mailbox.password: password and password_file are both set"),
    ("no MPID", ('mpids = ["NWND"]', ""), 'company.mpids: missing; set it to the MPIDs that are ours, as in ["NWND"]'),
    ("an empty password", ('password_file = "{folder}/password"', 'password = ""'), "mailbox.password: it is empty; set it"),
    ("a password file that is not there", ("/password", "/passwort"), "mailbox.password_file: cannot read"),
    ("a login without password", ('password_file = "{folder}/password"', ""), "mailbox.username: username and password_file"),
    ("no login", ('username = "codes@northwind.test"\npassword_file = "{folder}/password"', ""), "mailbox.username: missing; set username and password_file"),
    ("no authserv_id", ('authserv_id = "mx.northwind.test"', ""), "mailbox.authserv_id: set it to the first word"),
    ("an authserv_id at Microsoft", ("[relay]", 'profile = "m365"\n[relay]'), "mailbox.authserv_id: does nothing with profile"),
    ("a CA file that is not there", ("[relay]", 'ca_file = "/nowhere/ca.pem"\n[relay]'), "mailbox.ca_file: the file /nowhere/ca.pem does not exist"),
    ("a port out of range", ("[relay]", "port = 70000\n[relay]"), "mailbox.port: should be less than or equal to 65535"),
    ("text for a number", ("[relay]", 'poll_seconds = "soon"\n[relay]'), "mailbox.poll_seconds: should be a whole number"),
    ("a look too often", ("[relay]", "busy_look_ms = 5\n[relay]"), "mailbox.busy_look_ms: should be 0, or 20 to 5000"),
    ("a fraction", ("[relay]", "[policy]\nhold_gather_minutes = 2.5\n[relay]"), "policy.hold_gather_minutes: should be a whole number"),
    ("no list", ('["NWND"]', "7"), "company.mpids: should be a list"),
    ("a number for a text", ('"imap.northwind.test"', "7"), "mailbox.host: should be text in quotes"),
    ("no section", ("[relay]", "policy = 1\n[relay]"), "mailbox.policy: no such key"),
    ("a wrong date", ("[relay]", '[policy.holidays]\n"2026-02-30" = "never"\n[relay]'), "policy.holidays.2026-02-30: "),
    ("a word for a day", ("[relay]", 'start_from = "soon"\n[relay]'), "mailbox.start_from: should be a day, as in 2026-01-31"),
    ("a word for a holiday", ("[relay]", '[policy.holidays]\n"today" = "x"\n[relay]'), "policy.holidays.today: should be a day, as in 2026-01-31"),
    ("a wrong mode", ("[relay]", '[policy]\nmode = "draft"\n[relay]'), "policy.mode: should be 'observe' or 'send'; the mode draft is not in this release"),
    ("a section of another release", ("[relay]", '[oauth]\nprovider = "google"\n[relay]'), "oauth: no such key; OAuth2 is not in this release"),
    ("an OAuth login", ("[relay]", "oauth = true\n[relay]"), "mailbox.oauth: no such key; OAuth2 is not in this release"),
    ("a time to keep", ("[relay]", "[retention]\nraw_mail = 180\n[relay]"), "retention: no such key; retention is not in this release"),
    ("a wrong mode for a party", ("[relay]", '[policy.modes]\n"Harbour" = "sned"\n[relay]'), "policy.modes.Harbour: should be 'observe' or 'send'"),
    ("reminders after the end", ("[relay]", "[policy]\nremind_on_working_days = [3, 10]\n[relay]"), "policy.remind_on_working_days: list the days in order"),
    ("reminders out of order", ("[relay]", "[policy]\nremind_on_working_days = [7, 3]\n[relay]"), "policy.remind_on_working_days: list the days in order"),
    ("a limit of nothing", ("[relay]", "[policy.limits]\ncodes_per_day = 0\n[relay]"), "policy.limits.codes_per_day: should be greater than or equal to 1"),
    ("a database of another make", ("sqlite:///{folder}/daemon.db", "mysql://x/y"), "database.url: use sqlite:"),
    ("no database address", ("sqlite:///{folder}/daemon.db", "daemon.db"), "database.url: use sqlite:"),
    ("a template folder that is not there", ("[relay]", '[templates]\nfolder = "/nowhere"\n[relay]'), "templates.folder: the folder /nowhere does not exist"),
    ("an unknown column", ("[relay]", '[contacts.columns]\n"Firm" = "partty"\n[relay]'), "contacts.columns.Firm: should be 'party'"),
    ("control characters", ('"Northwind Energy"', '"Northwind\\u0007"'), "company.name: holds control characters"),
    ("an empty name", ('"Northwind Energy"', '" "'), "company.name: is empty"),
    ("a key that does nothing yet", ("[relay]", 'oauth = "microsoft"\n[relay]'), "mailbox.oauth: no such key"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_wrong_key_is_named_with_its_remedy(tmp_path, change, words) -> None:
    """Each fault stops the start, naming the key, what is wrong and what would be right."""
    assert change[0] in CONFIG

    assert words in refused(tmp_path, CONFIG.replace(*change, 1))


def test_a_file_that_is_not_there_is_named(tmp_path) -> None:
    """A missing configuration is no empty one."""
    with pytest.raises(ConfigError, match=r"daemon\.toml does not exist"):
        load(tmp_path / "daemon.toml", {})


def test_a_file_from_another_editor_is_taken_or_told(tmp_path) -> None:
    """The mark that some editors put before UTF-8 does no harm; of another encoding it is said what to do."""
    path = write_config(tmp_path)
    text = path.read_text("utf-8").replace("\n", "\r\n")
    path.write_bytes(text.encode("utf-8-sig"))
    assert load(path, {}).company.name == "Northwind Energy"

    path.write_bytes(text.encode("utf-16"))
    with pytest.raises(ConfigError, match="save it as UTF-8"):
        load(path, {})


def test_all_faults_are_told_at_once(tmp_path) -> None:
    """One round of mending is enough: every fault has its line, those of the environment too."""
    told = refused(tmp_path, CONFIG.replace("host =", "hots ="), {"ICD_MAILBX__HOST": "x", "ICD_POLICY__MODE": "sent"})

    assert "ICD_MAILBX__HOST: no such section; did you mean ICD_MAILBOX__...?" in told
    assert "mailbox.hots: no such key; did you mean mailbox.host?" in told
    assert "relay.hots: no such key; did you mean relay.host?" in told
    assert "policy.mode: should be" in told


@pytest.mark.parametrize("key", ["MAILBOX__USRNAME", "POLICY__LIMITS__CODES", "COMPANY__MPIDS"])
def test_a_wrong_name_in_the_environment_is_refused(tmp_path, key) -> None:
    """A typing error in the environment passes no more silently than one in the file."""
    assert key.replace("__", ".").lower() in refused(tmp_path, CONFIG, {f"ICD_{key}": "far too long"})


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
@pytest.mark.parametrize("inline", ["mailbox", "database"])
def test_a_secret_that_others_may_read_is_refused(tmp_path, mode, inline) -> None:
    """A configuration that holds a password itself must be its owner's alone; the message shows no password."""
    config = (
        CONFIG.replace('password_file = "{folder}/password"', 'password = "hunter2"')
        if inline == "mailbox"
        else CONFIG.replace("sqlite:///{folder}/daemon.db", "postgresql://icd:hunter2@db.test/icd")
    )
    path = write_config(tmp_path, config)
    path.chmod(mode)

    with pytest.raises(ConfigError) as refusal:
        load(path, {})

    assert f"chmod 600 {path}" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_a_file_without_secrets_may_be_read_by_others(tmp_path) -> None:
    """A configuration whose secrets stand elsewhere is no secret."""
    path = write_config(tmp_path)
    path.chmod(0o644)

    assert load(path, {}).mailbox.address == "codes@northwind.test"


@pytest.mark.parametrize(
    ("mode", "well"), [(0o600, True), (0o400, True), (0o640, False), (0o604, False), (0o644, False)]
)
def test_a_password_file_is_its_owners_alone(tmp_path, mode, well) -> None:
    """Of a file of our own neither group nor others may read."""
    path = secret(tmp_path / "password", "hunter2\n")
    path.chmod(mode)

    if well:
        assert secret_files.read(path) == "hunter2"
    else:
        with pytest.raises(secret_files.Exposed, match=f"chmod 600 {path}"):
            secret_files.read(path)


def test_an_orchestrators_group_may_read_its_secret(tmp_path) -> None:
    """A secret of another user that we read as its group is how orchestrators mount it; others still may not."""
    path = secret(tmp_path / "password", "hunter2\n")
    try:
        os.chown(path, 12345, -1)
    except PermissionError:
        pytest.skip("only root can give a file away")
    path.chmod(0o440)
    assert secret_files.read(path) == "hunter2"

    path.chmod(0o444)
    with pytest.raises(secret_files.Exposed):
        secret_files.read(path)


@pytest.mark.parametrize(("content", "words"), [("", "is empty"), ("\n", "is empty")])
def test_an_empty_password_file_is_refused(tmp_path, content, words) -> None:
    """An empty secret is a deployment that went wrong, not an empty password."""
    with pytest.raises(secret_files.Exposed, match=words):
        secret_files.read(secret(tmp_path / "password", content))


def test_a_rotated_password_file_counts_at_the_next_login(tmp_path) -> None:
    """The file is read anew each time; gone, it is a refused login, after which the daemon tries again."""
    made = settings(tmp_path)
    assert made.mailbox.secret() == "hunter2"

    secret(tmp_path / "password", "hunter3")
    assert made.mailbox.secret() == "hunter3"

    (tmp_path / "password").unlink()
    with pytest.raises(LoginRefused, match="password_file"):
        made.mailbox.secret()


def test_no_password_is_shown(tmp_path) -> None:
    """Neither the settings' text nor a refusal shows a password, wherever it was typed."""
    config = CONFIG.replace('password_file = "{folder}/password"', 'password = "hunter2"')
    made = settings(tmp_path, config)
    wrong = refused(
        tmp_path, config.replace('host = "imap', 'prot = "hunter2"\nhost = "imap').replace('"hunter2"', "77788899", 1)
    )

    assert "hunter2" not in repr(made)
    assert "hunter2" not in str(made)
    assert "77788899" not in wrong
    assert "hunter2" not in wrong


# Templates ──────────────────────────────────────────────────────────────────────────────────────────


def test_own_templates_take_the_place_of_the_packaged(tmp_path) -> None:
    """A file in the template folder replaces the packaged one of that name; the others stay."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "closing.txt").write_text("Yours, the desk", "utf-8")
    own = settings(tmp_path, CONFIG + f'\n[templates]\nfolder = "{folder}"\n').words().templates
    packaged = settings(tmp_path).words().templates

    assert own["closing.txt"] == "Yours, the desk"
    assert packaged["answer.txt"] == own["answer.txt"]
    assert packaged["closing.txt"] != "Yours, the desk"


def test_a_template_of_no_known_name_is_refused(tmp_path) -> None:
    """A misspelled template would change nothing, silently."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "clsing.txt").write_text("", "utf-8")
    made = settings(tmp_path, CONFIG + f'\n[templates]\nfolder = "{folder}"\n')

    with pytest.raises(ConfigError, match=r"clsing\.txt replaces nothing; templates are answer\.txt"):
        made.words()


# The documentation ──────────────────────────────────────────────────────────────────────────────────


def keys_of(model: type[BaseModel], path: str = "") -> dict[str, Any]:
    """Every key that `model` takes, dotted, with its default."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        key = f"{path}{field.alias or name}"
        inner = _model_in(field.annotation)
        if inner is not None:
            found |= keys_of(inner, f"{key}.")
        else:
            found[key] = field.get_default(call_default_factory=True)
    return found


def documented() -> str:
    """config/daemon.toml with every commented key in force."""
    return (ROOT / "config/daemon.toml").read_text("utf-8")


def test_every_setting_is_documented() -> None:
    """Each key of every section stands in config/daemon.toml, in its section, with a word about it."""
    section, keys = "", set()
    for line in documented().splitlines():
        bare = line.removeprefix("# ")
        if heading := re.match(r"\[+([a-z_.]+)\]+", bare):
            section = heading[1]
            keys.add(section)
        elif key := re.match(r"([a-z0-9_]+) = ", bare):
            keys.add(f"{section}.{key[1]}")

    assert set() == set(keys_of(Settings)) - keys


def test_the_example_is_a_configuration_that_works(tmp_path) -> None:
    """With its two password files in place, config/daemon.toml as it stands is taken."""
    secret(tmp_path / "mailbox-password", "x")
    secret(tmp_path / "relay-password", "x")
    path = secret(tmp_path / "daemon.toml", documented().replace("/run/secrets", str(tmp_path)))

    assert load(path, {}).policy().company == "Northwind Energy"


def test_the_documented_defaults_are_the_defaults() -> None:
    """A commented key that shows a plain default shows the one in force."""
    defaults = keys_of(Settings)
    section, compared = "", 0
    for line in documented().splitlines():
        bare = line.removeprefix("# ")
        if heading := re.match(r"\[+([a-z_.]+)\]+", bare):
            section = "" if bare.startswith("[[") else heading[1]  # a row of a list shows no default of its own
        elif line.startswith("# ") and (key := re.match(r"([a-z0-9_]+) = ([^#]+)", bare)):
            default = defaults.get(f"{section}.{key[1]}")
            if isinstance(default, str | int | tuple):
                shown = tomllib.loads(f"it = {key[2]}")["it"]
                assert (list(default) if isinstance(default, tuple) else default) == shown, f"{section}.{key[1]}"
                compared += 1

    assert compared > 30
