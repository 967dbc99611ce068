"""`check`: proves a configuration against the world, one finding a thing; leaves the mailbox as it is."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from daemon.edge import audit, contacts, inventory
from daemon.edge.database import Database
from daemon.edge.tables import device, mail, mail_content
from daemon.edge.vault import Vault
from daemon.errors import ConfigError, DaemonError, LoginRefused, SealBroken, Unavailable
from daemon.mail.sender.selftest import self_test
from daemon.rules.decision import Folder, folder_path
from daemon.rules.phrases import number
from daemon.rules.policy import Role
from daemon.rules.team.standing import person_of
from daemon.rules.wording.rehearsal import check as check_templates
from daemon.running import mailbox_of, relay_of
from daemon.settings import Settings
from daemon.settings.sections import FILES_ITS_OWN, FILES_UNLESS_TOLD


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `remedy` is empty where all is well."""

    name: str
    well: bool
    text: str
    remedy: str = ""

    @property
    def line(self) -> str:
        """The finding as one line."""
        return (
            f"{'ok' if self.well else 'FAILED':7} {self.name:14} {self.text}{f'; {self.remedy}' if self.remedy else ''}"
        )


def _well(name: str, text: str) -> Finding:
    return Finding(name, well=True, text=text)


def _ill(name: str, text: str, remedy: str = "") -> Finding:
    return Finding(name, well=False, text=text, remedy=remedy)


def check(settings: Settings, now: datetime) -> list[Finding]:
    """Everything, whatever of it fails."""
    return [
        _configuration(settings),
        _guarded("keys", lambda: _keys(settings)),
        *_records(settings, now),
        _guarded("templates", lambda: _templates(settings)),
        _forgeries(settings),
        *asyncio.run(_servers(settings)),
    ]


def _guarded(name: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except DaemonError as failure:
        return _failed(name, failure)


def _failed(name: str, failure: DaemonError) -> Finding:
    remedies = {
        LoginRefused: f"look at {name}.username and its password",
        Unavailable: f"look at {name}.host, port, security and ca_file, and at the network",
    }
    remedy = next((text for kind, text in remedies.items() if isinstance(failure, kind)), "")
    return _ill(name, str(failure), remedy if name in ("mailbox", "relay") else "")


def _configuration(settings: Settings) -> Finding:
    policy = settings.policy()
    said = f"{policy.company}, {policy.mailbox}, mode {policy.mode}, team of {len(policy.team)}"
    able = len({person_of(member) for member in policy.team if member.may(Role.APPROVER)})
    needed = policy.approvals_needed
    if able < needed:
        said += f"; NOTE: {able} may approve, and policy.approvals_needed is {needed}, so nothing held can be let go by mail"
    return _well("configuration", said + _copies(settings.relay.host.lower()))


def _copies(relay: str) -> str:
    """What stands in Sent beside or in place of our masked copies, where the relay is known for it."""
    if relay not in (*FILES_ITS_OWN, *FILES_UNLESS_TOLD):
        return ""
    how = (
        "; Set-Mailbox -MessageCopyForSMTPClientSubmissionEnabled $false ends that"
        if relay in FILES_UNLESS_TOLD
        else ""
    )
    return f"; NOTE: {relay} files each letter in Sent itself, its codes readable for whoever reads the mailbox{how}"


def _keys(settings: Settings) -> Finding:
    ids = Vault.load(settings.keys.file).key_ids
    return _well("keys", f"{ids[0]} seals, {', '.join(ids)} open{'' if len(ids) > 1 else 's'}")


def _templates(settings: Settings) -> Finding:
    words = settings.words()
    problems = check_templates(words)
    if problems:
        return _ill("templates", "; ".join(problems), "mend or remove it in templates.folder")
    folder = settings.templates.folder
    return _well("templates", f"{len(words.templates)}, with those of {folder} in place of ours" if folder else "ours")


def _forgeries(settings: Settings) -> Finding:
    wrong = self_test(settings.trust())
    if wrong:
        remedy = "look at mailbox.authserv_id, profile and own_hops; no code leaves until this is mended"
        return _ill("forged headers", f"read wrongly: {', '.join(wrong)}", remedy)
    return _well("forged headers", "none is believed, the genuine ones are")


# The database and what is in it ─────────────────────────────────────────────────────────────────────


def _records(settings: Settings, now: datetime) -> list[Finding]:
    try:
        database = Database(settings.database.url)
        if database.file is not None and not database.file.is_file():
            return [_ill("database", f"{database.file} does not exist", "run `migrate`")]
        if database.pending():
            return [_ill("database", "its tables are not of this release's shape", "run `migrate`")]
    except DaemonError as failure:
        return [_ill("database", str(failure), "" if isinstance(failure, ConfigError) else "look at database.url")]
    looks = (("database", _opens), ("contacts", _contacts), ("inventory", _inventory))
    found = [_guarded(name, partial(look, database, settings, now)) for name, look in looks]
    database.close()
    return found


_SEALED = {
    ("device", "install_code"): sa.select(device.c.device_id, device.c.install_code)
    .where(device.c.install_code.is_not(None))
    .limit(1),
    ("mail", "content"): sa.select(mail.c.raw_sha, mail_content.c.content)
    .join(mail_content)
    .order_by(mail.c.id.desc())
    .limit(1),
}
"""By what it is sealed for, something that lies sealed: the newest mail tells whether keys are older than the database."""


def _opens(database: Database, settings: Settings, _now: datetime) -> Finding:
    """It can be written. The key file belongs to it: its trail was written with it, and a code and the newest mail open."""
    with database.write():
        pass
    try:
        vault = Vault.load(settings.keys.file)
        with database.read() as connection:
            samples = [(kind, row) for kind, query in _SEALED.items() for row in connection.execute(query)]
            if not audit.of_these_keys(connection, vault):
                return _ill("database", "it was written with other keys", "give keys.file the keys it had")
        for (table, column), (row, sealed) in samples:
            vault.open(sealed, table=table, column=column, row=row)
    except SealBroken as failure:
        return _ill("database", f"what is sealed in it does not open ({failure})", "give keys.file the keys it had")
    except ConfigError:
        return _well("database", f"{database.dialect}, tables of this release; without keys nothing in it is tried")
    return _well("database", f"{database.dialect}, tables of this release")


def _contacts(database: Database, settings: Settings, now: datetime) -> Finding:
    with database.read() as connection:
        taken, rows = contacts.taken_at(connection), contacts.size(connection)
        parties = {one.party for one in contacts.book(connection)}
    if taken is None or not rows:
        return _ill("contacts", "none: nobody may ask", "run `import contacts FILE`")
    nobody = sorted(set(settings.rulebook.modes) - parties)
    if nobody:
        text = f"policy.modes names {', '.join(nobody)}, which is no party of the contact list: it does nothing"
        return _ill("contacts", text, "write the party as the list has it")
    return _well("contacts", f"{number(rows, 'row')}, imported {age(now, taken)} ago")


def _inventory(database: Database, settings: Settings, now: datetime) -> Finding:
    with database.read() as connection:
        taken, devices = inventory.taken_at(connection), inventory.size(connection)
    if taken is None or not devices:
        return _ill("inventory", "none: nothing can be answered", "run `import inventory FILE`")
    most = settings.policy().inventory_max_age_days
    text = f"{number(devices, 'device')}, imported {age(now, taken)} ago"
    if (now - taken).days >= most:
        return _ill(
            "inventory", f"{text}, and after {most} days no NOT-INSTALLER is sent", "run `import inventory FILE`"
        )
    return _well("inventory", text)


def age(now: datetime, then: datetime) -> str:
    """How long ago, in the one unit that fits."""
    seconds = max(0, int((now - then).total_seconds()))
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}s"
    return number(seconds, "second")


# Servers ────────────────────────────────────────────────────────────────────────────────────────────


async def _servers(settings: Settings) -> list[Finding]:
    return [await _asked("mailbox", _mailbox, settings), await _asked("relay", _relay, settings)]


async def _asked(name: str, ask: Callable[[Settings], Awaitable[Finding]], settings: Settings) -> Finding:
    try:
        return await ask(settings)
    except DaemonError as failure:
        return _failed(name, failure)


async def _mailbox(settings: Settings) -> Finding:
    box, mailbox = settings.mailbox, mailbox_of(settings)
    try:
        folders = await mailbox.list_folders()
        sent = (await mailbox.special_folders()).sent
    finally:
        await mailbox.close()
    folder = "INBOX" if box.folder.upper() == "INBOX" else box.folder
    if folder not in folders:
        some = ", ".join(folders[:20])
        return _ill("mailbox", f"it has no folder {folder}", f"set mailbox.folder to one of: {some}")
    ours = [folder_path(folder) for folder in Folder]
    made = sum(name in folders for name in ours)
    return _well(
        "mailbox",
        f"logged in; {made} of our {len(ours)} folders exist, `run` makes the rest; Sent is {sent or 'made by `run`'}",
    )


async def _relay(settings: Settings) -> Finding:
    relay = relay_of(settings)
    try:
        await relay.check()
    finally:
        await relay.close()
    who = f"logged in as {settings.relay.username}" if settings.relay.username else "greeted, without login"
    return _well("relay", who)
