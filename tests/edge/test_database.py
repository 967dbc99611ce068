import hashlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from daemon.edge import database as database_module
from daemon.edge import inbox, migrations, outbox
from daemon.edge.database import Database, eui_to_int, int_to_eui, run_for_each
from daemon.edge.tables import mail, mail_content, metadata
from daemon.edge.threads import holds, lately
from daemon.edge.vault import Vault
from daemon.edge.views import dossier, figures
from daemon.errors import Unavailable
from daemon.rules.decision import Fate
from daemon.rules.gate import Gate
from daemon.rules.identifiers import DeviceId
from daemon.rules.letters import LetterKind, LetterPlan, Matter, OpsNews
from tests.servers.postgres import Postgres


def test_migrations_make_the_tables_that_the_code_uses(database: Database) -> None:
    """After all migrations no difference to `tables` is left, and none is pending."""
    with database.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert differences == []
    assert database.pending() is False


def test_what_was_kept_before_large_values_stood_apart_is_moved(
    tmp_path: Path, postgres_cluster: Postgres, vault: Vault
) -> None:
    """Mail, letters and the gate's words as a release before left them: all there, what is sealed opens, what was erased is."""
    for url in (f"sqlite:///{tmp_path / 'before.db'}", postgres_cluster.create()):
        store = Database(url)
        with store.write() as connection:
            migrations.upgrade(connection, "0005")
            _as_before(connection, vault)
        store.migrate()
        with store.write() as connection:
            claimed = inbox.claim(connection, vault, 1, 9, frozenset())
            queued = outbox.load(connection, [1, 2, 3])
            [told] = dossier.letters(connection, vault, ["c2"])
        with store.read() as connection:
            assert list(connection.execute(sa.select(mail_content.c.mail_id)).scalars()) == [1]
            assert holds.last_refusal(connection, "c3") == holds.Refusal(((Gate.NOT_SUSPENDED, "paused"),), "no")
        assert [(one.id, one.content) for one in claimed] == [(1, b"a request")]
        assert [one.content is not None for one in queued] == [False, True, False]
        assert told.sha256 == hashlib.sha256(b"a letter").hexdigest()
        assert [one.gate for one in told.verdict] == [Gate.NOT_SUSPENDED]
        store.close()


def _as_before(connection: sa.Connection, vault: Vault) -> None:
    """Two mails, one of them erased; three letters: queued, tried, and held by the gate."""
    kept = sa.text(
        "INSERT INTO mail (id, raw_sha, arrived, kept_at, size, content, state) VALUES (:id, :sha, 0, 0, 9, :content, :state)"
    )
    content = vault.seal(b"a request", table="mail", column="content", row="5a")
    connection.execute(kept, {"id": 1, "sha": "5a", "content": content, "state": "kept"})
    connection.execute(kept, {"id": 2, "sha": "5b", "content": None, "state": "settled"})
    place = "INSERT INTO place (mail_id, folder, uidvalidity, uid, seen_at) VALUES (1, 'INBOX', 1, 1, 0)"
    connection.execute(sa.text(place))
    queued = sa.text(
        "INSERT INTO letter (id, case_id, kind, seq, message_id, written_at, recipient, party, plan, codes, state, next_at,"
        " verdict, content, reply) VALUES (:id, :case, 'held', 1, :name, 0, 'a@b.example', '', :plan, 0, :state, 0,"
        " :verdict, :content, 'no')"
    )
    news = OpsNews("Held", (Matter("1 device held", "why"),))
    content = vault.seal(b"a letter", table="letter", column="content", row="<l2>")
    for number, state, verdict, sealed in (
        (1, "pending", None, None),
        (2, "deferred", '[{"gate":"G14 nothing suspended","holds":true,"evidence":"as it should be"}]', content),
        (3, "held", '[{"gate":"G14 nothing suspended","holds":false,"evidence":"paused"}]', None),
    ):
        plan = LetterPlan(f"c{number}", LetterKind.HELD, 1, "a@b.example", "Held", news)
        row = {"id": number, "case": plan.case_id, "name": f"<l{number}>", "plan": outbox.PLAN.dump_json(plan).decode()}
        connection.execute(queued, row | {"state": state, "verdict": verdict, "content": sealed})


def test_codes_of_a_day_count_on_after_the_tables_changed(tmp_path: Path, postgres_cluster: Postgres) -> None:
    """What a release before reserved, dropped, or only would have sent: the caps of the day know it as before."""
    letters = sa.text(
        "INSERT INTO letter (id, case_id, kind, seq, message_id, written_at, recipient, party, plan, codes, state, next_at)"
        " VALUES (:id, CAST(:id AS TEXT), 'answer', 1, :name, 0, 'a@b.example', :party, '', 2, :state, 0)"
    )
    codes = sa.text(
        "INSERT INTO release (device_id, party, letter_id, at, day, state) VALUES (:device, :party, :id, 0, :day, :state)"
    )
    today, before = date(2026, 6, 8), date(2026, 6, 7)
    for url in (f"sqlite:///{tmp_path / 'before.db'}", postgres_cluster.create()):
        store = Database(url)
        with store.write() as connection:
            migrations.upgrade(connection, "0006")
            for number, party, state, day in (
                (1, "Harbour", "queued", today),
                (2, "Harbour", "dropped", today),
                (3, "Harbour", "released", before),
                (4, "South", "released", today),
                (5, "South", "", None),
            ):
                values = {"id": number, "party": party, "state": state, "day": None if day is None else day.isoformat()}
                connection.execute(
                    letters, values | {"name": f"<l{number}>", "state": "pending" if day else "observed"}
                )
                for device in range(2 if day else 0):
                    connection.execute(codes, values | {"device": 10 * number + device})
        store.migrate()
        with store.read() as connection:
            assert lately.CodesToday().of(connection, today, "Harbour") == (4, 2)
            assert lately.CodesToday().of(connection, before, "South") == (2, 0)
            assert figures.released_since(connection, before) == {"Harbour": 2, "South": 2}
            assert figures.released_since(connection, today) == {"South": 2}
        store.close()


def test_a_failed_write_leaves_nothing(database: Database) -> None:
    """An exception inside `write` rolls the whole transaction back."""

    def write_and_fail() -> None:
        with database.write() as connection:
            connection.execute(sa.text("INSERT INTO fact (name, value, at) VALUES ('x', '1', 0)"))
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()

    with database.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM fact")).scalar() == 0


def test_all_writes_to_a_file_go_by_one_connection(tmp_path: Path) -> None:
    """Whatever is read meanwhile, and by whichever thread: what belongs to the connection is still there."""
    store = Database(f"sqlite:///{tmp_path / 'one.db'}")

    def count() -> None:
        with store.read(), store.write() as connection:
            connection.execute(sa.text("CREATE TEMP TABLE IF NOT EXISTS mine (x)"))
            connection.execute(sa.text("INSERT INTO mine VALUES (1)"))

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(count) for _ in range(8)]:
            done.result()

    with store.write() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM mine")).scalar() == 8
    store.close()


@pytest.mark.parametrize("together", [2, 3, 6])
def test_rows_that_the_driver_writes_alone_are_as_sqlalchemy_writes_them(
    database: Database, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days, truth values, words of an enumeration and nothing at all; in an INSERT, of however many, and in an UPDATE."""
    monkeypatch.setattr(database_module, "TOGETHER", together)
    values = {"arrived": 1 << 50, "kept_at": 0, "size": 1, "state": Fate.HELD, "cut": True, "proof": None}
    days = [date(2026, 6, 8), None, date(2024, 2, 29), None, date(1999, 12, 31)]
    with database.write() as connection:
        plain = [values | {"raw_sha": f"{n}", "held_due": day} for n, day in enumerate(days)]
        connection.execute(sa.insert(mail), plain)
        run_for_each(connection, sa.insert(mail), plain)
        run_for_each(connection, sa.insert(mail), [])
        changed = sa.update(mail).where(mail.c.id == sa.bindparam("of")).values(proof=sa.bindparam("with"))
        run_for_each(connection, changed, [{"of": 2, "with": "b"}, {"of": 1, "with": "a"}])
    with database.read() as connection:
        rows = [dict(row) for row in connection.execute(sa.select(mail).order_by(mail.c.id)).mappings()]
    assert [row["proof"] for row in rows] == ["a", "b", *[None] * 8]
    assert [row["held_due"] for row in rows] == days * 2
    alike = [row | {"id": 0, "proof": None} for row in rows]
    assert alike[5:] == alike[:5]


def test_a_statement_that_binds_more_than_its_rows_is_refused(database: Database) -> None:
    """Its value would be that of whoever built the statement first."""
    bound = sa.update(mail).where(mail.c.id == sa.bindparam("of")).values(proof="always")
    with pytest.raises((KeyError, sa.exc.ProgrammingError)), database.write() as connection:
        run_for_each(connection, bound, [{"of": 1}])


@pytest.mark.parametrize("device", ["00-00-00-00-00-00-00-00", "FF-FF-FF-FF-FF-FF-FF-FF", "80-00-00-00-00-00-00-01"])
def test_a_device_id_survives_as_a_number(device: str) -> None:
    """A Device ID and its signed 64-bit number stand for each other."""
    assert device == int_to_eui(eui_to_int(DeviceId(device)))


def test_a_database_without_tables_is_unavailable_on_both_kinds(tmp_path: Path, postgres_cluster: Postgres) -> None:
    """Before `migrate` a question ends in one sentence, not in a driver's failure."""
    for url in (f"sqlite:///{tmp_path / 'empty.db'}", postgres_cluster.create()):
        store = Database(url)
        with pytest.raises(Unavailable, match="table"), store.read() as connection:
            connection.execute(sa.text("SELECT 1 FROM fact"))
        store.close()


def test_a_damaged_file_is_unavailable(tmp_path: Path) -> None:
    """A broken page is the database's fault, and never that of the mail that was being settled."""
    file = tmp_path / "daemon.db"
    store = Database(f"sqlite:///{file}")
    store.migrate()
    store.close()
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))

    store = Database(f"sqlite:///{file}")
    with pytest.raises(Unavailable, match="put back a copy"), store.read() as connection:
        connection.execute(sa.text("SELECT * FROM mail"))
    store.close()


def test_an_input_or_output_error_names_the_likeliest_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk SQLite cannot make the files beside the database, and says no more than that."""
    fault = sqlite3.OperationalError("disk I/O error")
    fault.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE

    def full(*_: object) -> None:
        raise fault

    monkeypatch.setattr("daemon.edge.database._prepare_sqlite", full)
    with pytest.raises(Unavailable, match=r"^database: disk I/O error; is the disk full\?$"):
        Database(f"sqlite:///{tmp_path / 'full.db'}").pending()
