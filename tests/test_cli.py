"""The commands as operators and their scripts meet them: words, exit codes, JSON, and no secret anywhere."""

import io
import json
import os
import re
import stat
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from daemon import report
from daemon.__main__ import app
from daemon.console import showing
from daemon.edge import migrations
from daemon.edge.database import Database
from daemon.edge.lease import Lease
from daemon.edge.wants.inquiry_trail import Wanted
from daemon.rules.wanting import WantState
from tests.operating import CONFIG, secret, write_config

pytestmark = pytest.mark.usefixtures("log_as_before")
CODES = ("83FED3407A939723A5C639B26916D505", "30313233343536373839414243444546")
CONTACTS = "party,kind,email\nHarbour Power,mp121,mp121@harbour.test\n"
INVENTORY = f"""device_id,install_code,status,installing_supplier
00-DB-12-34-56-78-90-A0,{CODES[0]},Pending,
00-DB-12-34-56-78-90-A1,{CODES[1]},Commissioned,Unheard Of Ltd
"""


def invoke(folder: Path, *arguments: str) -> Result:
    """One command on the configuration in `folder`."""
    return CliRunner().invoke(app, ["--config", str(folder / "daemon.toml"), *arguments])


@pytest.fixture
def installed(tmp_path, migrated_file) -> Path:
    """A folder with configuration, keys and tables."""
    write_config(tmp_path)
    assert invoke(tmp_path, "keys", "new").exit_code == 0
    (tmp_path / "daemon.db").write_bytes(migrated_file.read_bytes())
    (tmp_path / "contacts.csv").write_text(CONTACTS, "utf-8")
    (tmp_path / "inventory.csv").write_text(INVENTORY, "utf-8")
    return tmp_path


def test_from_an_empty_folder_to_a_first_status(tmp_path) -> None:
    """The steps of the README, each in a process of its own; what they write nobody else may read, and no code is in it."""
    write_config(tmp_path)
    (tmp_path / "contacts.csv").write_text(CONTACTS, "utf-8")
    (tmp_path / "inventory.csv").write_text(INVENTORY, "utf-8")

    def command(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "daemon", "--config", "daemon.toml", *arguments],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        return done.stdout

    said = [
        command("keys", "new"),
        command("migrate"),
        command("import", "contacts", "contacts.csv"),
        command("import", "inventory", "inventory.csv"),
        command("audit", "verify"),
    ]
    status = json.loads(command("status", "--json"))

    assert "keep a copy of it" in said[0]
    assert said[1] == "the tables are of this release's shape now\n"
    assert "added 1, changed 0, unchanged 0, gone 0" in said[2]
    assert "1 code of commissioned devices not kept" in said[3]
    assert "suppliers that the contact list does not know: Unheard Of Ltd" in said[3]
    assert said[4].startswith("2 entries, head ")
    assert (status["mode"], status["threads_open"], status["holds"]) == ("observe", 0, 0)

    (tmp_path / "inventory.csv").unlink()
    for path in tmp_path.iterdir():
        octets = path.read_bytes()
        assert not any(code.encode() in octets or bytes.fromhex(code) in octets for code in CODES), path
    for name in ("keys", "daemon.db"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


# Exit codes ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "command",
    [["run"], ["check"], ["health"], ["status"], ["migrate"], ["import", "contacts", "x"], ["audit", "verify"], ["keys", "new"], ["read", "x"], ["replay", "x"]],
)  # fmt: skip
def test_a_wrong_configuration_ends_with_78(tmp_path, command) -> None:
    """Every command refuses a wrong configuration alike: exit 78, the key and the remedy on stderr, nothing on stdout."""
    write_config(tmp_path, CONFIG.replace("host =", "hots =", 1))
    done = invoke(tmp_path, *command)

    assert (done.exit_code, done.stdout) == (78, "")
    assert "mailbox.hots: no such key; did you mean mailbox.host?" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["daemon.toml", "password"]


def test_a_configuration_that_may_not_be_read_is_told(tmp_path, monkeypatch) -> None:
    """As where root alone may read what a container mounts: exit 78, and who must be able to read it."""
    write_config(tmp_path)

    def denied(_path: Path, *_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", denied)
    done = invoke(tmp_path, "health")

    assert done.exit_code == 78
    assert f"daemon.toml (Permission denied); it must be readable by this process, uid {os.geteuid()}" in done.stderr


def test_run_refuses_without_a_mailbox(tmp_path) -> None:
    """No mailbox is guessed: `run` says what to set, and exits 78."""
    write_config(tmp_path, CONFIG[: CONFIG.index("[mailbox]")] + CONFIG[CONFIG.index("[relay]") :])
    done = invoke(tmp_path, "run")

    assert done.exit_code == 78
    assert "mailbox: missing; set [mailbox] address, host, username, password_file and authserv_id" in done.stderr


def test_tables_that_are_not_there_are_named(tmp_path) -> None:
    """A command on a database without tables names the one that makes them."""
    write_config(tmp_path)
    invoke(tmp_path, "keys", "new")
    done = invoke(tmp_path, "status")

    assert done.exit_code == 78
    assert "run `migrate`" in done.stderr


@pytest.mark.parametrize("command", ["run", "check", "health", "status", "migrate"])
def test_a_file_that_is_no_database_is_told(tmp_path, command) -> None:
    """`database.url` names the wrong file, or a damaged one: one line that says so, never a traceback."""
    write_config(tmp_path)
    invoke(tmp_path, "keys", "new")
    (tmp_path / "daemon.db").write_bytes(b"no database at all" * 100)
    done = invoke(tmp_path, command)

    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert "database: file is not a database; if database.url names the right file" in done.output


@pytest.mark.parametrize("command", [["run"], ["check"], ["status"], ["migrate"], ["import", "contacts", "x"]])
def test_tables_of_a_newer_release_are_told(installed, command) -> None:
    """After a step back to the release before: nothing is changed, and `migrate` is not what helps."""
    database = Database(f"sqlite:///{installed / 'daemon.db'}")
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    done = invoke(installed, *command)

    assert done.exit_code == (1 if command == ["check"] else 78)
    assert isinstance(done.exception, SystemExit)
    assert "of a newer release than this program; start that release again" in done.output
    assert "run `migrate`" not in done.output


def test_migrate_twice_does_nothing_the_second_time(installed) -> None:
    """`migrate` says whether there was anything to do."""
    assert invoke(installed, "migrate").stdout == "the tables are of this release's shape already\n"


def test_migrate_changes_no_tables_under_an_instance_at_work(tmp_path) -> None:
    """One of the release before could not write what its relay said into the new tables: stop it first."""
    write_config(tmp_path)
    database = Database(f"sqlite:///{tmp_path / 'daemon.db'}")
    with database.write() as connection:
        migrations.upgrade(connection, "0005")
    old = Lease(database, "codes@losing.example", "old")
    assert old.acquire() == 1
    refused = invoke(tmp_path, "migrate")

    assert (refused.exit_code, refused.stdout, database.pending()) == (78, "", True)
    assert "stop it first" in refused.stderr
    old.release()
    assert invoke(tmp_path, "migrate").exit_code == 0
    assert database.pending() is False
    database.close()


def test_health_before_the_tables_names_the_remedy(installed) -> None:
    """On a database without tables a probe reads what to run, not what SQL said: 1, as for all that is not well."""
    (installed / "daemon.db").unlink()
    done = invoke(installed, "health")

    assert (done.exit_code, done.stderr) == (1, "")
    assert done.stdout == "database: its tables are not of this release's shape; run `migrate`\n"


def test_health_is_one_line_and_an_exit_code(installed) -> None:
    """A probe gets its reason in one line."""
    done = invoke(installed, "health")

    assert (done.exit_code, done.stdout.count("\n")) == (1, 1)
    assert "no full round yet" in done.stdout


def test_check_ends_with_1_where_something_fails(installed) -> None:
    """Each finding has its line or its object; one that fails makes the exit code 1."""
    config = (installed / "daemon.toml").read_text("utf-8")
    secret(installed / "daemon.toml", re.sub(r'host = "[a-z.]+"', 'host = "127.0.0.1"\nport = 1', config))
    done, as_json = invoke(installed, "check"), invoke(installed, "check", "--json")

    assert (done.exit_code, as_json.exit_code) == (1, 1)
    assert re.search(
        r"^ok +configuration .*NOTE: 1 may approve, and policy.approvals_needed is 2", done.stdout, re.MULTILINE
    )
    assert re.search(r"^ok +keys +k1 seals", done.stdout, re.MULTILINE)
    assert re.search(r"^FAILED +contacts +none: nobody may ask; run `import contacts FILE`$", done.stdout, re.MULTILINE)
    assert [finding["well"] for finding in json.loads(as_json.stdout)].count(False) == 4


# Imports ────────────────────────────────────────────────────────────────────────────────────────────


def test_bad_rows_are_listed_and_the_sum_comes_last(installed) -> None:
    """Every bad row has its line on stderr, then why nothing was done; exit 1, and no code is shown."""
    (installed / "inventory.csv").write_text(INVENTORY + f"x,,,\n{CODES[0]},,,\n", "utf-8")
    done = invoke(installed, "import", "inventory", str(installed / "inventory.csv"))

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "line 4: device_id is no Device ID (16 hexadecimal digits, as in 00-DB-12-34-56-78-90-A0)",
        "line 5: device_id has 32 hexadecimal digits; 16 are needed",
        "2 rows cannot be taken; nothing was imported",
    ]


def test_skipped_rows_are_listed_too(installed) -> None:
    """With --skip-bad the good rows are taken and the others still named."""
    (installed / "contacts.csv").write_text(CONTACTS + "Bright,mp121,nowhere\n", "utf-8")
    done = invoke(installed, "import", "contacts", "--skip-bad", str(installed / "contacts.csv"))

    assert done.exit_code == 0
    assert "line 3: email 'nowhere' is no email address" in done.stderr
    assert done.stdout == "contacts: 1 row taken\n  added 1, changed 0, unchanged 0, gone 0\n  1 bad row left out\n"


def test_bad_rows_are_named_where_too_much_would_go_because_of_them(installed) -> None:
    """Left out with --skip-bad, they may be the reason."""
    path = installed / "contacts.csv"
    invoke(installed, "import", "contacts", str(path))
    path.write_text(
        CONTACTS.replace("Harbour Power", "Brook Power").replace("@", " at ") + "Bright,mp121,b@bright.test\n", "utf-8"
    )
    done = invoke(installed, "import", "contacts", "--skip-bad", str(path))

    assert (done.exit_code, done.stdout) == (1, "")
    assert "line 2: email" in done.stderr
    assert "would go; nothing was imported" in done.stderr


def test_replace_and_confirm(installed) -> None:
    """A complete inventory that would take out much is taken with --confirm, and refused without."""
    path = installed / "inventory.csv"
    invoke(installed, "import", "inventory", str(path))
    path.write_text("\n".join(INVENTORY.splitlines()[:2]), "utf-8")
    refused = invoke(installed, "import", "inventory", "--replace", str(path))
    taken = invoke(installed, "import", "inventory", "--replace", "--confirm", str(path))

    assert refused.exit_code == 1
    assert "1 of 2 devices (50.0%) would go; nothing was imported" in refused.stderr
    assert "added 0, changed 0, unchanged 1, gone 1" in taken.stdout


def test_the_example_inventory_can_be_imported(installed) -> None:
    """config/inventory.example.csv is an inventory that is taken as it stands."""
    example = Path(__file__).parent.parent / "config/inventory.example.csv"

    assert "added 4" in invoke(installed, "import", "inventory", str(example)).stdout


# The trail and the keys ─────────────────────────────────────────────────────────────────────────────


def test_an_altered_trail_is_found_out(installed) -> None:
    """`audit verify` ends with 1 and the entry where an entry was altered; the head and the count are shown."""
    invoke(installed, "import", "contacts", str(installed / "contacts.csv"))
    whole = json.loads(invoke(installed, "audit", "verify", "--json").stdout)
    store = Database(f"sqlite:///{installed}/daemon.db")
    with store.write() as connection:
        connection.execute(text("UPDATE audit SET subject = 'inventory'"))
    store.close()
    broken = invoke(installed, "audit", "verify")

    assert (whole["entries"], whole["broken_at"], len(whole["head"])) == (1, None, 64)
    assert broken.exit_code == 1
    assert "BROKEN at entry 1" in broken.stdout


def test_the_trail_is_exported_line_by_line(installed) -> None:
    """Each entry is a line of JSON, oldest first."""
    invoke(installed, "import", "contacts", str(installed / "contacts.csv"))
    invoke(installed, "import", "inventory", str(installed / "inventory.csv"))
    entries = [json.loads(line) for line in invoke(installed, "audit", "export").stdout.splitlines()]

    assert [(entry["seq"], entry["what"], entry["subject"]) for entry in entries] == [
        (1, "import", "contacts"),
        (2, "import", "inventory"),
    ]


def test_keys_are_never_overwritten(installed) -> None:
    """`keys new` on a key file that exists is refused, and the file stays as it was."""
    before = (installed / "keys").read_bytes()
    done = invoke(installed, "keys", "new")

    assert done.exit_code == 78
    assert "never overwritten" in done.stderr
    assert (installed / "keys").read_bytes() == before


@pytest.mark.parametrize(("kind", "noted"), [("tmpfs", True), ("ext4", False)])
def test_keys_that_a_boot_would_erase_are_noted(tmp_path, monkeypatch, kind, noted) -> None:
    """`/run/secrets` on a machine without mounts there: after its next boot nothing sealed would open."""
    write_config(tmp_path)
    monkeypatch.setattr("daemon.__main__.file_system", lambda _folder: kind)
    done = invoke(tmp_path, "keys", "new")

    assert done.exit_code == 0
    assert (f"NOTE: {tmp_path} is kept in memory and empty after a boot" in done.stdout) is noted


def test_rotated_keys_open_what_the_old_ones_sealed(installed) -> None:
    """After `keys rotate` the same inventory is unchanged: its codes still open."""
    invoke(installed, "import", "inventory", str(installed / "inventory.csv"))
    rotated = invoke(installed, "keys", "rotate")
    again = invoke(installed, "import", "inventory", str(installed / "inventory.csv"))

    assert "k2 seals from the next start" in rotated.stdout
    assert "copy the file anew" in rotated.stdout
    assert "added 0, changed 0, unchanged 2" in again.stdout


@pytest.mark.parametrize("command", [["run"], ["import", "contacts", "contacts.csv"], ["import", "inventory", "x"]])
def test_keys_of_another_database_write_nothing(installed, monkeypatch, command) -> None:
    """The database was put back and `keys new` made another file: what it sealed would be lost, so nothing is done with it."""
    monkeypatch.chdir(installed)
    invoke(installed, "import", "inventory", "inventory.csv")
    own = (installed / "keys").read_bytes()
    (installed / "keys").unlink()
    invoke(installed, "keys", "new")
    before = (installed / "daemon.db").read_bytes()
    refused = invoke(installed, *command)

    assert (refused.exit_code, refused.stdout) == (78, "")
    assert "the database was written with other keys; put back the key file that it had" in refused.stderr
    verified = invoke(installed, "audit", "verify")
    assert verified.exit_code == 1
    assert "BROKEN at entry 1\nkeys.file: the database was written with other keys" in verified.stdout
    assert (installed / "daemon.db").read_bytes() == before
    (installed / "keys").write_bytes(own)
    assert invoke(installed, "audit", "verify").exit_code == 0


def test_keys_that_cannot_be_written_or_read_are_told(installed, monkeypatch) -> None:
    """In a folder mounted read-only nothing is added, and no traceback: the file is as it was. Each case has its own remedy."""
    before = (installed / "keys").read_bytes()

    def read_only(*_: object) -> int:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patched:
        patched.setattr("daemon.edge.vault.os.open", read_only)
        rotated = invoke(installed, "keys", "rotate")
    assert (rotated.exit_code, (installed / "keys").read_bytes()) == (78, before)
    assert "keys.new: Read-only file system; no key was added" in rotated.stderr

    (installed / "keys").write_bytes(b"\xff\xfe\x00")
    assert "is no key file; put back the copy of yours" in invoke(installed, "status").stderr
    (installed / "keys").unlink()
    assert "keys does not exist; make it with `keys new`" in invoke(installed, "status").stderr
    (installed / "keys").mkdir()
    assert (
        f"(Is a directory); it must be readable by this process, uid {os.geteuid()}"
        in invoke(installed, "status").stderr
    )


# Mail explained ─────────────────────────────────────────────────────────────────────────────────────


def test_a_mail_is_explained(installed) -> None:
    """`read` and `replay` say what would be done and why; a path that is not there is refused."""
    mail = installed / "request.eml"
    mail.write_bytes(
        b"From: Ann <ann@stranger.test>\r\nTo: codes@northwind.test\r\nSubject: Install code\r\n"
        b"Date: Tue, 24 Nov 2026 09:00:00 +0000\r\nMessage-ID: <1@stranger.test>\r\n\r\n"
        b"Please send the install code of 00-DB-12-34-56-78-90-A0\r\n"
    )
    read = invoke(installed, "read", str(mail))
    as_json = json.loads(invoke(installed, "read", "--json", str(mail)).stdout)
    replayed = invoke(installed, "replay", str(installed))

    assert read.exit_code == 0
    assert "00-DB-12-34-56-78-90-A0" in read.stdout
    assert as_json["sender"] == "ann@stranger.test"
    assert f"     1  {as_json['fate']}: {as_json['reason']}" in replayed.stdout
    assert invoke(installed, "replay", str(installed / "nowhere")).exit_code == 1
    assert "because  " in read.stdout


@pytest.mark.parametrize("command", ["import contacts", "import inventory", "read", "replay"])
def test_a_file_that_may_not_be_read_is_told_in_a_line(installed, monkeypatch, command) -> None:
    """Why, and exit code 1 as for any other file that cannot be taken: it is no misuse of the command."""
    file = installed / "x.eml"
    file.write_bytes(b"From: a@b.test\r\n\r\nx\r\n")
    opened = io.open

    def denied(path: object, *rest: object, **named: object) -> object:
        if str(path) == str(file):
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *rest, **named)  # type: ignore[call-overload]

    monkeypatch.setattr("io.open", denied)
    monkeypatch.setattr("builtins.open", denied)
    monkeypatch.setattr("os.access", lambda *_, **__: False)
    done = invoke(installed, *command.split(), str(file))

    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "(Permission denied)" in done.stderr


def test_a_folder_without_mail_is_refused(installed) -> None:
    """Nothing to explain is told, never passed over in silence."""
    (installed / "empty").mkdir()
    for command in ("read", "replay"):
        done = invoke(installed, command, str(installed / "empty"))
        assert done.exit_code == 1
        assert "empty holds no mail" in done.stderr


@pytest.mark.parametrize("name", ["daemon.toml", "daemon.db", "contacts.csv"])
def test_a_file_that_is_no_mail_is_refused(installed, name) -> None:
    """It is not called a mail that is none of ours."""
    for command in ("read", "replay"):
        done = invoke(installed, command, str(installed / name))
        assert (done.exit_code, done.stdout) == (1, "")
        assert f"{name} holds no mail" in done.stderr


# Status in words ────────────────────────────────────────────────────────────────────────────────────

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def holding(number: int, *, overdue: bool = False) -> report.Holding:
    """Something that a person must look at."""
    return report.Holding(
        name=f"IC-0000000{number}",
        party="Harbour Power and Light of the Northern Isles",
        devices=number,
        reason=f"cause-{number % 2}",
        what=f"{number} devices held: commissioned, removed or suspended",
        why="The device is commissioned in our records, although the asker says that it was never connected.",
        next_step="Look at the inventory, then answer by hand.",
        due=date(2026, 12, 4),
        due_sum="",
        overdue=overdue,
        told_ops_at=None,
        sender="ann@harbour.test",
        subject="x",
        arrived=AT,
    )


def overview(**changed: object) -> report.Overview:
    """The picture of a busy day, but for what is `changed`."""
    thread = report.OpenThread("IC-00000001", "Harbour Power", AT, date(2026, 12, 4), 1, 2, 3)
    values = {
        "at": AT,
        "mode": "observe",
        "modes_by_party": {"Harbour Power": "send"},
        "holder": "host:1",
        "generation": 1,
        "lease_until": AT + timedelta(seconds=30),
        "last_round": AT - timedelta(seconds=4),
        "threads_open": 25,
        "threads": (thread,) * 20,
        "items": {"answered": 1200, "held": 12, "pending": 0},
        "mails": {f"kind-{n}": n for n in range(1, 12)},
        "letters": {"accepted": 3},
        "holds": 12,
        "holdings": tuple(holding(n % 9, overdue=n == 0) for n in range(12)),
        "holds_untold": 2,
        "breached": 1,
        "oldest_unsettled": AT - timedelta(minutes=3),
        "oldest_unsent": None,
        "today": {},
        "uid_gaps": 3,
        "troubles": {"relay": "since 2026-11-24T08:00:00+00:00: relay smtp.northwind.test:465: connection refused"},
        "letters_lost": 1,
        "wanted": {"asked": 30, "overdue": 2, "to hand over": 1},
        "inquiries": (
            Wanted("IC-0000000A", "Harbour Power and Light of the North Sea", WantState.WAITING_CONTACT, 3, None),
        )
        + (Wanted("IC-0000000B", "Harbour Power", WantState.ASKED, 2, date(2026, 12, 8)),) * 11,
    }
    return report.Overview(**(values | changed))


@pytest.mark.parametrize(
    ("mode", "until", "noted"), [("observe", 30, True), ("send", 30, False), ("", 30, False), ("observe", -1, False)]
)
def test_status_tells_a_mode_that_is_not_in_force_yet(mode, until, noted) -> None:
    """`policy.mode` was set to send, and `run` not started anew: it goes on observing, whatever the file says."""
    lease = AT + timedelta(seconds=until)
    shown = showing.as_text(overview(mode="send", working_mode=mode, lease_until=lease))
    assert ("NOTE: it works in mode observe until `run` is started anew." in shown) is noted


def test_status_counts_one_as_one() -> None:
    """One mail, one place."""
    shown = showing.as_text(overview(before_start=1, uid_gaps=1))
    assert "\n          1 mail from before the start, left alone\n" in shown
    assert "\n          1 place of the mailbox found empty: moved or erased before we looked\n" in shown


def test_status_fits_80_columns() -> None:
    """However long names and reasons are, no line is longer than a terminal is wide, and the worst stands first."""
    shown = showing.as_text(overview())

    assert max(map(len, shown.splitlines())) <= 80
    assert shown.index("TROUBLE relay") < shown.index("Threads") < shown.index("Held      12, 1 PAST THEIR DUE DATE")
    for words in (
        "Harbour Power: send",
        "host:1 holds the mailbox",
        "Last full round 4 seconds ago",
        "ops not told yet of 2",
    ):
        assert words in " ".join(shown.split())
    for words in (
        "1,200 answered",
        "oldest mail not settled: 3 minutes old",
        "OVERDUE",
        "and 2 more; --json",
        "and 15 more",
        "We ask    30 asked, 2 overdue, 1 to hand over",
        "  IC-0000000A  not asked yet         3  waiting-contact  Harbour Power",
        "  IC-0000000B  Tue 08 Dec 2026       2  asked            Harbour Power",
        "and 2 more; --json",
    ):
        assert words in shown


def test_status_explains_each_cause_once() -> None:
    """Every hold has its line; why and what to do follow the first hold of a cause alone."""
    shown = " ".join(showing.as_text(overview()).split())

    assert shown.count(" devices held: commissioned, removed or suspended") == showing.MOST
    assert shown.count("Look at the inventory, then answer by hand.") == 2


def test_status_of_a_quiet_day() -> None:
    """Where there is nothing to tell, that is told."""
    quiet = overview(
        holder="", lease_until=None, last_round=None, threads=(), threads_open=0, holds=0, holdings=(), breached=0,
        holds_untold=0, troubles={}, letters_lost=0, oldest_unsettled=None, uid_gaps=0, items={}, mails={}, letters={},
        modes_by_party={}, wanted={}, inquiries=(),
    )  # fmt: skip

    assert showing.as_text(quiet).splitlines() == [
        "Mode observe. No instance ever ran. No full round yet.",
        "",
        "Threads   0 open",
        "Devices   none",
        "Mail      none",
        "Letters   none",
        "Today     none",
        "",
        "Held      nothing",
    ]


def test_every_command_says_what_it_does() -> None:
    """Help is there for every command, one sentence each, and names the exit codes."""
    top = CliRunner().invoke(app, ["--help"]).stdout
    commands = ("run", "check", "health", "status", "migrate", "import", "audit", "keys", "read", "replay")

    assert "78 configuration" in " ".join(top.split())
    for command in commands:
        assert re.search(rf"^  {command} +[A-Z]", top, re.MULTILINE), command
    assert "--replace" in CliRunner().invoke(app, ["import", "inventory", "--help"]).stdout
