import hashlib
import json
import mailbox
from pathlib import Path

import pytest
from typer.testing import CliRunner

from daemon.__main__ import app
from daemon.console.replay import mails_in
from daemon.edge import vault
from daemon.embedded.stamps import Verdict
from daemon.errors import NoMail
from tests.journeys.world import A0, ANN, COMMISSIONED, CONTACTS, INVENTORY, START, US, config, written

pytestmark = pytest.mark.usefixtures("log_as_before")
RUN = CliRunner()


def _installation(folder: Path, database_url: str) -> list[str]:
    """A configuration whose servers do not exist: explaining a mail must not need them."""
    toml = folder / "daemon.toml"
    toml.write_text(config(folder, database_url, 1, 2, username=US, password="x"), "utf-8")
    toml.chmod(0o600)
    vault.new_key_file(folder / "keys")
    for kind, content in (("contacts", CONTACTS), ("inventory", INVENTORY)):
        (folder / f"{kind}.csv").write_text(content, "utf-8")
        done = RUN.invoke(app, ["--config", str(toml), "import", kind, str(folder / f"{kind}.csv")])
        assert done.exit_code == 0
    return ["--config", str(toml)]


def _state(database_url: str) -> str:
    path = Path(database_url.removeprefix("sqlite:///"))
    files = sorted(path.parent.glob(path.name + "*"))
    return hashlib.sha256(b"".join(f.read_bytes() for f in files if not f.name.endswith(("-shm", ".lock")))).hexdigest()


def test_read_explains_a_mail_and_changes_nothing(tmp_path: Path, sqlite_url: str) -> None:
    """`read` shows who, proof, meaning, every condition and the masked letter; no byte of the database changes."""
    options = _installation(tmp_path, sqlite_url)
    mail = tmp_path / "one.eml"
    mail.write_bytes(written(ANN, f"Please send the codes of {A0} and {COMMISSIONED}"))
    before = _state(sqlite_url)

    done = RUN.invoke(app, [*options, "read", str(mail)])

    assert done.exit_code == 0
    assert f"from     {ANN} (contact of South Power)" in done.output
    assert "gate     FAILS  G9 our device, and the asker is entitled: " + COMMISSIONED in done.output
    assert "G13 sent over a trusted channel" in done.output
    assert f"would write to {ANN}" in done.output
    assert "83FE" not in done.output
    assert _state(sqlite_url) == before


def test_read_names_what_may_not_be_wanted(tmp_path: Path, sqlite_url: str) -> None:
    """A device that a clause takes back, where nothing else is asked: it is shown, as are those plainly left out."""
    options = _installation(tmp_path, sqlite_url)
    for body, shown in (
        (f"{A0} - ignore", f"in doubt {A0}"),
        (f"Please send the code of {COMMISSIONED}. {A0} is no longer needed.", f"left out {A0}"),
    ):
        mail = tmp_path / "one.eml"
        mail.write_bytes(written(ANN, body))
        assert shown in RUN.invoke(app, [*options, "read", str(mail)]).output


def test_replay_sums_up_a_whole_mailbox_and_changes_nothing(tmp_path: Path, sqlite_url: str) -> None:
    """`replay` takes an mbox, a Maildir or a folder of .eml; as JSON, a line a mail; no byte of the database changes."""
    options = _installation(tmp_path, sqlite_url)
    mails = [written(ANN, f"Please send {A0}"), written(ANN, f"Send {A0}", verdict=Verdict.FAIL, at=START)]
    box = mailbox.mbox(tmp_path / "old.mbox")
    maildir = mailbox.Maildir(tmp_path / "old")
    (tmp_path / "emls").mkdir()
    for number, raw in enumerate(mails):
        box.add(raw)
        maildir.add(raw)
        (tmp_path / "emls" / f"{number}.eml").write_bytes(raw)
    box.close()
    before = _state(sqlite_url)

    for path in ("old.mbox", "old", "emls"):
        done = RUN.invoke(app, [*options, "replay", "--json", str(tmp_path / path)])
        lines = [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]

        assert sorted(line["reason"] for line in lines) == ["request", "unproven-sender"], path
    assert _state(sqlite_url) == before


@pytest.mark.parametrize(
    ("body", "headers", "ends"),
    [
        ("Our new tariffs are out now.", {}, "ignored: not-ours"),
        ("I am away until Monday.", {"Auto-Submitted": "auto-replied"}, "ignored: auto-reply"),
        (f"Thank you for the code of {A0}.", {}, "ignored: not-ours"),
    ],
)
def test_mail_that_would_be_left_alone_is_not_called_an_order(
    tmp_path: Path, sqlite_url: str, body: str, headers: dict[str, str], ends: str
) -> None:
    """Nobody dragged a replayed mail anywhere: of what is none of ours it is not said that it would be held."""
    options = _installation(tmp_path, sqlite_url)
    (tmp_path / "one.eml").write_bytes(written(ANN, body, subject="News", headers=headers))

    done = RUN.invoke(app, [*options, "replay", str(tmp_path / "one.eml")])

    assert f"     1  {ends}" in done.output
    assert "in vain" not in done.output


def test_a_folder_is_read_however_its_mails_are_named(tmp_path: Path) -> None:
    """.EML counts too, and a folder of such a name is no mail."""
    (tmp_path / "kept.eml").mkdir()
    (tmp_path / "kept.eml" / "ONE.EML").write_bytes(b"From: a@b.test\r\n\r\nx")
    assert [name for name, _ in mails_in(tmp_path)] == ["ONE.EML"]


def test_a_mail_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that says which, never a traceback."""
    (tmp_path / "one.eml").write_bytes(b"From: a@b.test\r\n\r\nx")

    def denied(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(NoMail, match=r"cannot read .*one\.eml \(Permission denied\)"):
        list(mails_in(tmp_path))


def test_a_path_that_is_not_there_is_named(tmp_path: Path, sqlite_url: str) -> None:
    """A missing file ends in one line that says what may be given, and exit 1."""
    options = _installation(tmp_path, sqlite_url)

    done = RUN.invoke(app, [*options, "replay", str(tmp_path / "nothing")])

    assert done.exit_code == 1
