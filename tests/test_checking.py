"""`check` proves each thing by itself, says what to do about what fails, and leaves the mailbox as it is."""

import asyncio
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import text

from daemon.console import importing
from daemon.console.checking import Finding, _configuration, age, check
from daemon.edge import vault as vaults
from daemon.edge.database import Database
from daemon.edge.inbox import keeping
from daemon.edge.vault import Vault
from daemon.embedded.server import EmbeddedMail
from daemon.mail.message import Place, RawMail
from daemon.settings import Settings, load
from tests import operating
from tests.operating import CONFIG, NOW

ADDRESS = "codes@northwind.test"
NAMES = [
    "configuration",
    "keys",
    "database",
    "contacts",
    "inventory",
    "templates",
    "forged headers",
    "mailbox",
    "relay",
]
EXAMPLES = Path(__file__).parent.parent / "config"


def config(server: EmbeddedMail) -> str:
    """A configuration for the servers of this process."""
    imap = f'host = "127.0.0.1"\nport = {server.imap_port}\nsecurity = "none"'
    smtp = f'host = "127.0.0.1"\nport = {server.smtp_port}\nsecurity = "none"'
    own = CONFIG.replace('host = "imap.northwind.test"', imap).replace('host = "smtp.northwind.test"', smtp)
    return own.replace("[keys]", f'username = "{ADDRESS}"\npassword_file = "{{folder}}/password"\n[keys]')


def set_up(folder: Path, text_of_it: str, *, lists: bool = True) -> Settings:
    """Keys, tables and, if wanted, both lists."""
    settings = load(operating.write_config(folder, text_of_it), {})
    vaults.new_key_file(folder / "keys")
    store = Database(settings.database.url)
    store.migrate()
    if lists:
        parts = operating.parts(folder, store, Vault.load(folder / "keys"), text_of_it)
        importing.import_contacts(parts, EXAMPLES / "contacts.example.csv", NOW - timedelta(days=3))
        importing.import_inventory(parts, EXAMPLES / "inventory.example.csv", NOW - timedelta(hours=5))
    store.close()
    return settings


async def found(settings: Settings) -> dict[str, Finding]:
    """Every finding by its name."""
    return {finding.name: finding for finding in await asyncio.to_thread(check, settings, NOW)}


async def test_a_sound_installation_passes_and_its_mailbox_is_untouched(tmp_path) -> None:
    """Everything is ok, both logins are real, and mail, flags and folders are as before."""
    async with EmbeddedMail({ADDRESS: "hunter2"}, authserv_id="mx.northwind.test") as server:
        await server.deliver(ADDRESS, b"From: a@b.test\r\nSubject: x\r\n\r\nx\r\n")
        settings = set_up(tmp_path, config(server))
        before = await server.mails(ADDRESS)
        findings = await found(settings)

        assert [name for name in findings if findings[name].well] == NAMES
        assert findings["contacts"].text == "4 rows, imported 3 days ago"
        assert findings["inventory"].text == "4 devices, imported 5 hours ago"
        assert "0 of our 6 folders exist" in findings["mailbox"].text
        assert await server.mails(ADDRESS) == before
        assert "0 of our 6 folders exist" in (await found(settings))["mailbox"].text
        assert server.sent == []


async def test_what_fails_is_told_beside_what_is_well(tmp_path) -> None:
    """A wrong password, a folder that is not there, missing lists: each has its remedy, and none hides another."""
    async with EmbeddedMail({ADDRESS: "hunter2"}, authserv_id="mx.northwind.test") as server:
        settings = set_up(tmp_path, config(server), lists=False)
        operating.secret(tmp_path / "password", "wrong")
        findings = await found(settings)

    assert [name for name, finding in findings.items() if not finding.well] == [
        "contacts",
        "inventory",
        "mailbox",
        "relay",
    ]
    assert findings["contacts"].remedy == "run `import contacts FILE`"
    assert findings["inventory"].remedy == "run `import inventory FILE`"
    assert findings["mailbox"].remedy == "look at mailbox.username and its password"
    assert findings["relay"].remedy == "look at relay.username and its password"
    assert not any("wrong" in finding.line for finding in findings.values())


async def test_a_folder_that_is_not_there_is_named(tmp_path) -> None:
    """The folder to read must exist; the folders that do are named."""
    async with EmbeddedMail({ADDRESS: "hunter2"}, authserv_id="mx.northwind.test") as server:
        settings = set_up(tmp_path, config(server).replace("[relay]", 'folder = "Requests"\n[relay]'))
        finding = (await found(settings))["mailbox"]

    assert not finding.well
    assert "it has no folder Requests; set mailbox.folder to one of: INBOX" in finding.line


@pytest.fixture
def offline(tmp_path) -> str:
    """A configuration whose servers cannot be reached."""
    return CONFIG.replace('host = "imap.northwind.test"', 'host = "127.0.0.1"\nport = 1').replace(
        'host = "smtp.northwind.test"', 'host = "127.0.0.1"\nport = 1'
    )


async def test_an_old_inventory_fails(tmp_path, offline) -> None:
    """From an inventory beyond its age no NOT-INSTALLER is sent, which an operator has to know."""
    settings = set_up(tmp_path, offline + "[policy]\ninventory_max_age_days = 1\n")
    store = Database(settings.database.url)
    with store.write() as connection:
        connection.execute(text("UPDATE import_run SET at = at - 86400000000 WHERE kind = 'inventory'"))
    store.close()
    finding = (await found(settings))["inventory"]

    assert not finding.well
    assert finding.text == "4 devices, imported 29 hours ago, and after 1 days no NOT-INSTALLER is sent"


@pytest.mark.parametrize(
    ("relay", "told"),
    [
        ("smtp.office365.com", "readable for whoever reads the mailbox; Set-Mailbox -MessageCopyForSMTP"),
        ("smtp.gmail.com", "NOTE: smtp.gmail.com files each letter in Sent itself"),
    ],
)
def test_a_relay_that_files_codes_in_the_clear_is_named(tmp_path, offline, relay, told) -> None:
    """Masked copies are ours alone: what the host puts into Sent shows what went out."""
    settings = set_up(tmp_path, offline)
    elsewhere = settings.model_copy(update={"relay": settings.relay.model_copy(update={"host": relay})})
    assert "files each letter" not in _configuration(settings).text
    assert told in _configuration(elsewhere).text


async def test_a_mode_for_nobody_fails(tmp_path, offline) -> None:
    """A party that [policy.modes] misspells would keep the mode of all; the list's own spelling passes."""
    modes = '[policy.modes]\n"Harbour Power" = "observe"\n"Harbor Power" = "observe"\n'
    finding = (await found(set_up(tmp_path, offline + modes)))["contacts"]

    assert not finding.well
    assert finding.text == "policy.modes names Harbor Power, which is no party of the contact list: it does nothing"


async def test_keys_of_another_database_are_found_out(tmp_path, offline) -> None:
    """A key file that opens nothing of what is sealed is found before a letter needs it."""
    settings = set_up(tmp_path, offline)
    (tmp_path / "keys").unlink()
    vaults.new_key_file(tmp_path / "keys")
    finding = (await found(settings))["database"]

    assert (finding.well, finding.text) == (False, "it was written with other keys")
    assert finding.remedy == "give keys.file the keys it had"


async def test_keys_older_than_the_database_are_found_out(tmp_path, offline) -> None:
    """A copy of the key file from before `keys rotate`: the trail is its own, and the newest mail does not open."""
    settings = set_up(tmp_path, offline)
    older = (tmp_path / "keys").read_bytes()
    vaults.rotate(tmp_path / "keys")
    store = Database(settings.database.url)
    with store.write() as connection:
        raw = RawMail(Place("INBOX", 1, 1), NOW, b"From: a@b.test\r\n\r\nx\r\n")
        keeping.keep(connection, Vault.load(tmp_path / "keys"), [raw], NOW)
    store.close()
    assert (await found(settings))["database"].well
    (tmp_path / "keys").write_bytes(older)
    finding = (await found(settings))["database"]

    assert not finding.well
    assert "sealed with key 'k2', which is not in the key file" in finding.text


async def test_a_database_that_cannot_be_written_fails(tmp_path, offline, monkeypatch) -> None:
    """As where root looked at it, and left files beside it that are root's: `run` would wait for ever."""
    settings = set_up(tmp_path, offline)
    fault = sqlite3.OperationalError("attempt to write a readonly database")
    fault.sqlite_errorcode = sqlite3.SQLITE_READONLY

    def read_only(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("write", True):
            raise sa.exc.OperationalError("BEGIN IMMEDIATE", None, fault)
        connection.exec_driver_sql("BEGIN")

    monkeypatch.setattr("daemon.edge.database._begin_sqlite", read_only)
    finding = (await found(settings))["database"]

    assert not finding.well
    assert "those beside it (-wal, -shm) and their folder must be this process's to write" in finding.text


async def test_without_keys_the_database_is_not_blamed(tmp_path, offline) -> None:
    """What fails is said once, where it is to be mended."""
    settings = set_up(tmp_path, offline)
    (tmp_path / "keys").chmod(0o644)
    findings = await found(settings)

    assert (findings["keys"].well, findings["database"].well) == (False, True)
    assert "without keys nothing in it is tried" in findings["database"].text


async def test_before_the_first_steps_each_is_named(tmp_path, offline) -> None:
    """Without keys and tables, `check` names the commands that make them, and makes nothing itself."""
    findings = await found(load(operating.write_config(tmp_path, offline), {}))

    assert "make it with `keys new`" in findings["keys"].text
    assert (findings["database"].well, findings["database"].remedy) == (False, "run `migrate`")
    assert not (tmp_path / "daemon.db").exists()
    assert "Connection refused" in findings["mailbox"].text
    assert "look at relay.host" in findings["relay"].remedy


async def test_a_broken_template_is_named(tmp_path, offline) -> None:
    """A template of one's own that does not compile is told with its name and line."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "closing.txt").write_text("Yours\n{{ company", "utf-8")
    settings = load(operating.write_config(tmp_path, offline + f'[templates]\nfolder = "{folder}"\n'), {})
    finding = (await found(settings))["templates"]

    assert not finding.well
    assert "closing.txt, line 2" in finding.text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (7200, "2 hours"),
        (172_800, "2 days"),
    ],
)
def test_ages_in_the_unit_that_fits(seconds, words) -> None:
    """An age reads as a person would say it."""
    assert age(NOW + timedelta(seconds=seconds), NOW) == words
