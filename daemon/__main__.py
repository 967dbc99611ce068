"""The command line; the one place that looks at the clock."""

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter
from typer.core import TyperGroup

from daemon import logs, report
from daemon.edge import audit as trail
from daemon.edge import vault
from daemon.edge.database import Database, file_system
from daemon.edge.inventory.load import Wish
from daemon.edge.sheets.imports import Summary
from daemon.errors import ConfigError, DaemonError, ImportRefused, NoMail, Unavailable
from daemon.parts import Clock, Parts
from daemon.settings import Settings, load

DONE, FOUND_WRONG, CONFIGURATION = 0, 1, 78
"""Exit codes; 78 is EX_CONFIG of sysexits.h."""
_VOLATILE = frozenset({"tmpfs", "ramfs"})
_OTHER_SHAPE = "database: its tables are not of this release's shape; run `migrate`"


class _Commands(TyperGroup):
    """Every failure that we name ends in one message on stderr and its exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ImportRefused as refused:
            _complain("\n".join((*(f"line {row.line}: {row.reason}" for row in refused.rows), str(refused))))
            raise typer.Exit(FOUND_WRONG) from None
        except ConfigError as fault:
            _complain(str(fault))
            raise typer.Exit(CONFIGURATION) from None
        except DaemonError as failure:
            _complain(str(failure))
            raise typer.Exit(FOUND_WRONG) from None


def _complain(text: str) -> None:
    print(text, file=sys.stderr)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Runs an energy supplier's shared install-code mailbox. Exit codes: 0 done, 1 found wrong, 2 no such command, 78 configuration.",
)
import_commands = typer.Typer(
    no_args_is_help=True, help="Take in the contact list or the inventory: all of a file, or nothing."
)
auditing = typer.Typer(no_args_is_help=True, help="The trail of every decision, release and opening of a code.")
keys = typer.Typer(no_args_is_help=True, help="The key file by which codes and mail are sealed.")
app.add_typer(import_commands, name="import")
app.add_typer(auditing, name="audit")
app.add_typer(keys, name="keys")

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Take the good rows; list and leave out the bad ones.")]
Confirm = Annotated[bool, typer.Option("--confirm", help="Yes, more than 2% of what is held may go.")]
Sheet = Annotated[Path, typer.Argument(metavar="FILE", help="CSV or XLSX.", readable=False)]


@app.callback()
def _config(
    context: typer.Context,
    config: Annotated[
        Path,
        typer.Option("--config", envvar="ICD_CONFIG", metavar="FILE", help="The configuration (TOML).", readable=False),
    ] = Path("daemon.toml"),
) -> None:
    logs.configure("console", quiet=True)
    context.obj = config


def _settings(context: typer.Context) -> Settings:
    return load(context.obj, os.environ)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  # the one clock


def _clock() -> Clock:
    return Clock(_now, time.monotonic)


@contextmanager
def _parts(context: typer.Context) -> Iterator[Parts]:
    """The parts, on a database of this release's shape."""
    from daemon.running import build  # noqa: PLC0415  # the servers' libraries cost half a second; a probe does without

    parts = build(_settings(context), _clock())
    try:
        _refuse_other_shape(parts.database)
        yield parts
    finally:
        parts.database.close()


def _refuse_other_shape(database: Database) -> None:
    if database.pending():
        raise ConfigError(_OTHER_SHAPE)


@contextmanager
def _parts_to_write(context: typer.Context) -> Iterator[Parts]:
    """The parts, with the keys that the database was written with: what others sealed `run` could not open."""
    from daemon.running import refuse_other_keys  # noqa: PLC0415  # as in `_parts`

    with _parts(context) as parts:
        refuse_other_keys(parts)
        yield parts


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database.url)
    try:
        yield database
    finally:
        database.close()


# The daemon itself ──────────────────────────────────────────────────────────────────────────────────


@app.command()
def run(context: typer.Context) -> None:
    """Work until SIGTERM. A second instance on the same database waits warm and takes over."""
    from daemon import running  # noqa: PLC0415  # as in `_parts`

    settings = _settings(context)
    logs.configure(settings.log.format)
    raise typer.Exit(running.run(settings, _clock()))


@app.command()
def check(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Prove the configuration: keys, database, both lists, templates, both logins. Touches no mail."""
    from daemon.console import checking  # noqa: PLC0415  # as in `_parts`

    findings = checking.check(_settings(context), _now())
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        print("\n".join(finding.line for finding in findings))
    raise typer.Exit(DONE if all(finding.well for finding in findings) else FOUND_WRONG)


@app.command()
def health(context: typer.Context) -> None:
    """One line for a probe: exit 0 and well, or exit 1 and why not."""
    settings = _settings(context)
    with _database(settings) as database:
        gather = settings.rulebook.hold_gather_minutes
        try:
            found = report.health(database, _now(), settings.health.max_age_seconds, gather)
        except Unavailable:
            if not database.pending():  # only now: a probe asks no more than it must
                raise
            found = report.Health(False, _OTHER_SHAPE)
    print(found.line)
    raise typer.Exit(DONE if found.well else FOUND_WRONG)


@app.command()
def status(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Open threads, what is held and why, mail and letters."""
    from daemon.console import showing  # noqa: PLC0415  # as in `_parts`

    with _parts(context) as parts, parts.database.read() as connection:
        mailbox = parts.settings.mailbox
        picture = report.overview(connection, parts.policy, mailbox.address, _now(), mailbox.folder)
    if as_json:
        print(TypeAdapter(report.Overview).dump_json(picture, indent=2).decode())
    else:
        print(showing.as_text(picture))


@app.command()
def migrate(context: typer.Context) -> None:
    """Bring the database's tables to this release's shape. `run` does it too, once no other instance works."""
    from daemon.edge.lease import worker  # noqa: PLC0415  # as in `_parts`

    with _database(_settings(context)) as database:
        pending = database.pending()
        if pending and (who := worker(database)):
            raise ConfigError(
                f"an instance ({who}) works with these tables; stop it first, for it cannot with the new ones"
            )
        database.migrate()
    print("the tables are of this release's shape" + (" now" if pending else " already"))


# Imports ────────────────────────────────────────────────────────────────────────────────────────────


@import_commands.command("contacts")
def import_contacts(
    context: typer.Context, file: Sheet, *, skip_bad: SkipBad = False, confirm: Confirm = False
) -> None:
    """Make FILE the whole contact list: what it does not name may no longer ask."""
    from daemon.console import importing  # noqa: PLC0415  # as in `_parts`

    with _parts_to_write(context) as parts:
        wish = Wish(skip_bad=skip_bad, confirm=confirm)
        summary = importing.import_contacts(parts, file, _now(), wish)
        _show(summary, importing.told("contacts", summary))


@import_commands.command("inventory")
def import_inventory(
    context: typer.Context,
    file: Sheet,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="FILE is complete: a device that it does not name goes.")
    ] = False,
    skip_bad: SkipBad = False,
    confirm: Confirm = False,
) -> None:
    """Take FILE into the record of devices: new ones are added, known ones brought up to date."""
    from daemon.console import importing  # noqa: PLC0415  # as in `_parts`

    with _parts_to_write(context) as parts:
        wish = Wish(replace=replace, skip_bad=skip_bad, confirm=confirm)
        summary = importing.import_inventory(parts, file, _now(), wish, _Progress())
        _show(summary, (*importing.told("inventory", summary), *importing.strangers(parts, summary)))


class _Progress:
    """How far an import is, on a terminal alone, at most four times a second."""

    def __init__(self) -> None:
        self._began = self._last = time.monotonic()

    def __call__(self, rows: int) -> None:
        now = time.monotonic()
        if sys.stderr.isatty() and now - self._last > 0.25:
            self._last = now
            print(f"\r{rows:,} rows, {rows / (now - self._began):,.0f} a second ", end="", file=sys.stderr, flush=True)


def _show(summary: Summary, words: Iterable[str]) -> None:
    if sys.stderr.isatty():
        print("\r" + " " * 50, end="\r", file=sys.stderr)
    for row in summary.skipped:
        _complain(f"line {row.line}: {row.reason}")
    for line in words:
        print(line)


# Mail explained ─────────────────────────────────────────────────────────────────────────────────────


@app.command()
def read(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.eml", readable=False)],
    *,
    as_json: AsJson = False,
) -> None:
    """How a mail is understood, what would be done and why. Writes and sends nothing."""
    fates = _explain(context, file, as_json=as_json)
    raise typer.Exit(FOUND_WRONG if fates["unreadable"] else DONE)


@app.command("replay")
def replay_path(
    context: typer.Context,
    path: Annotated[
        Path, typer.Argument(metavar="PATH", readable=False, help="An mbox, a Maildir, or a folder of .eml files.")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Old mail through today's rules. Writes and sends nothing."""
    fates = _explain(context, path, as_json=as_json)
    if not as_json:
        print()
        for fate, mails in sorted(fates.items()):
            print(f"{mails:6,}  {fate}")


def _explain(context: typer.Context, path: Path, *, as_json: bool) -> Counter[str]:
    """Print every mail at `path`, explained. How many mails ended how."""
    with _parts(context) as parts:
        return asyncio.run(_explain_all(parts, path, as_json=as_json))


async def _explain_all(parts: Parts, path: Path, *, as_json: bool) -> Counter[str]:
    from daemon import running  # noqa: PLC0415  # as in `_parts`
    from daemon.console import replay  # noqa: PLC0415  # as in `_parts`

    fates: Counter[str] = Counter()
    readers = running.readers_of(parts.settings)
    await readers.start()
    try:
        for name, content in replay.mails_in(path):
            one = await replay.explain(parts, readers, name, content)
            fates += replay.summary([one])
            if as_json:
                print(json.dumps(asdict(one) if one else {"name": name, "fate": "unreadable"}, default=str))
            else:
                print(
                    replay.as_text(one) if one else f"{name}\n  the reader died of it; three times, and it is set aside"
                )
    finally:
        await readers.close()
    if not fates:
        raise NoMail(f"{path} holds no mail; give an .eml file, a folder of them, an mbox or a Maildir")
    return fates


# The trail and the keys ─────────────────────────────────────────────────────────────────────────────


@auditing.command("verify")
def audit_verify(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Walk the whole chain: exit 0 where it is whole, 1 where an entry was altered, dropped or moved."""
    from daemon import running  # noqa: PLC0415  # as in `_parts`

    with _parts(context) as parts, parts.database.read() as connection:
        chain = trail.verify(connection, parts.vault)
        ours = trail.of_these_keys(connection, parts.vault)
    whole = chain.broken_at is None
    if as_json:
        print(json.dumps(asdict(chain)))
    else:
        print(f"{chain.entries:,} {'entry' if chain.entries == 1 else 'entries'}, head {chain.head}")
        print("the chain is whole" if whole else f"BROKEN at entry {chain.broken_at}")
        if not ours:
            print(running.OTHER_KEYS)
    raise typer.Exit(DONE if whole else FOUND_WRONG)


@auditing.command("export")
def audit_export(context: typer.Context) -> None:
    """Every entry, oldest first, a line of JSON each."""
    with _parts(context) as parts, parts.database.read() as connection:
        for entry in trail.export(connection):
            print(json.dumps(entry, ensure_ascii=False))


@keys.command("new")
def keys_new(context: typer.Context) -> None:
    """Make the key file of the configuration; never overwrites one. Keep a copy apart from the database."""
    path = _settings(context).keys.file
    vault.new_key_file(path)
    print(f"made {path}; keep a copy of it apart from the database's backups: without it nothing sealed opens again")
    if file_system(path.absolute().parent) in _VOLATILE:
        print(
            f"NOTE: {path.parent} is kept in memory and empty after a boot; name a folder on a disk in keys.file, and move it there"
        )


@keys.command("rotate")
def keys_rotate(context: typer.Context) -> None:
    """Put a new key first. What was sealed with the others still opens; restart `run` to seal with the new one."""
    path = _settings(context).keys.file
    key_id = vault.rotate(path)
    print(f"{path}: {key_id} seals from the next start of `run` on; the other keys still open; copy the file anew")


def _stopped(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(DONE)


def main() -> None:
    """The command `install-code-daemon`."""
    # As process 1 of a container a signal without a handler is dropped; `run` puts its own in this one's place.
    signal.signal(signal.SIGTERM, _stopped)
    logs.harden()
    app(prog_name="install-code-daemon")


if __name__ == "__main__":
    main()
