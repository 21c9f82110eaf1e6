"""Ledgers of every released version open, keep what they know, and submit nothing by that."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest

from batch_runner.core.errors import LedgerError
from batch_runner.core.lifecycle import State
from batch_runner.ledger import schema
from batch_runner.ledger.connection import connect
from batch_runner.ledger.sqlite import SqliteLedger
from tests.ledger.conftest import Book

RELEASED = Path(__file__).parent / "released"


def released(version: int, path: Path) -> Path:
    """A ledger as that version left it when it was killed in the midst of a run."""
    script = (RELEASED / f"v{version}.sqlite.sql").read_text(encoding="utf-8")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


def layout(path: Path) -> dict[str, str]:
    """Every table, index and trigger as it was made."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return dict(
            connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        )


def test_every_version_has_its_released_ledger() -> None:
    """Whoever adds a version adds a ledger of it to this test."""
    names = {path.name for path in RELEASED.iterdir()}
    assert names == {f"v{n}.sqlite.sql" for n in range(1, schema.VERSION + 1)}


@pytest.mark.parametrize("version", range(1, schema.VERSION + 1))
def test_a_released_ledger_opens_and_loses_nothing(tmp_path: Path, version: int) -> None:
    """Every state, task and cost is there; what was being sent is unknown, and only that."""
    book = Book(released(version, tmp_path / "ledger.sqlite"))
    assert book.job("submitting").state is State.SUBMITTING
    book.start()
    states = {job.row_hash: job.state for job in book.do(book.ledger.jobs_of_scope(1))}
    assert states == {
        "succeeded": State.SUCCEEDED,
        "failed": State.FAILED,
        "running": State.RUNNING,
        "fetching": State.FETCHING,
        "unknown": State.UNKNOWN,
        "submitting": State.UNKNOWN,
        "deferred": State.QUEUED,
        "no video": State.SUCCEEDED,
        "invalid": State.INVALID,
        "skipped": State.SKIPPED,
        "queued": State.QUEUED,
    }
    assert [job.task_id for job in book.do(book.ledger.open_jobs())] == ["task_3", "task_4"]
    assert [job.task_id for job in book.do(book.ledger.without_video())] == ["task_8"]
    assert book.job("succeeded").cost == 400_000
    assert book.held() == 3 * 400_000 + 3 * 500
    assert {book.take().row_hash, book.take().row_hash} == {"deferred", "queued"}
    assert book.claim().job is None
    book.ledger.close()


@pytest.mark.parametrize("version", range(1, schema.VERSION + 1))
def test_a_migrated_ledger_is_like_a_new_one(tmp_path: Path, version: int) -> None:
    """However old, after opening it has the very tables of a fresh ledger."""
    old = released(version, tmp_path / "old.sqlite")
    fresh = tmp_path / "fresh.sqlite"
    for path in (old, fresh):
        SqliteLedger.for_command(path).close()
    assert layout(old) == layout(fresh)


def test_a_newer_ledger_is_refused_and_left_alone(tmp_path: Path) -> None:
    """A ledger of a later program is not opened, for a run or for a look."""
    path = released(schema.VERSION, tmp_path / "ledger.sqlite")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    for way in (SqliteLedger.for_run, SqliteLedger.for_command, SqliteLedger.for_reading):
        with pytest.raises(LedgerError) as told:
            way(path)
        assert told.value.code == "ledger_newer"
        assert "Update batch-runner" in told.value.hint


def step_to(script: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> sqlite3.Connection:
    """A released ledger, opened by a program that has one step more."""
    released(schema.VERSION, path)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, script))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    return connect(path)


def test_a_migration_first_makes_a_whole_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy holds all, also what still lies in the write-ahead log."""
    path, version = tmp_path / "ledger.sqlite", schema.VERSION
    connection = step_to("ALTER TABLE jobs ADD COLUMN note TEXT;", path, monkeypatch)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("UPDATE jobs SET task_id = 'only in the log' WHERE id = 3")
    schema.migrate(connection, path)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == version + 1
    connection.execute("SELECT note FROM jobs")
    connection.close()
    copy = tmp_path / f"ledger.sqlite.v{version}.bak"
    with contextlib.closing(sqlite3.connect(copy)) as kept:
        assert kept.execute("SELECT task_id FROM jobs WHERE id = 3").fetchone() == (
            "only in the log",
        )
        assert kept.execute("PRAGMA user_version").fetchone() == (version,)


def test_a_migration_that_fails_leaves_the_old_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All steps or none: a ledger is never between two versions."""
    path, version = tmp_path / "ledger.sqlite", schema.VERSION
    broken = "ALTER TABLE jobs ADD COLUMN note TEXT;\nALTER TABLE nowhere ADD COLUMN x TEXT;"
    connection = step_to(broken, path, monkeypatch)
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(connection, path)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == version
    with pytest.raises(sqlite3.OperationalError):
        connection.execute("SELECT note FROM jobs")
    connection.close()


def test_an_older_ledger_is_not_changed_by_looking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading shows it as it would be, and leaves it as it is."""
    path = tmp_path / "ledger.sqlite"
    step_to("ALTER TABLE jobs ADD COLUMN note TEXT;", path, monkeypatch).close()
    before = path.read_bytes()
    ledger = SqliteLedger.for_reading(path)
    assert asyncio.run(ledger.totals()).rows == 11
    ledger.close()
    assert path.read_bytes() == before
    assert list(tmp_path.glob("*.bak")) == []


def test_what_is_no_ledger_is_refused(tmp_path: Path) -> None:
    """A damaged file, a strange database and an empty one are told in a sentence."""
    damaged = tmp_path / "damaged.sqlite"
    damaged.write_bytes(b"not a database at all, " * 100)
    strange = tmp_path / "strange.sqlite"
    with contextlib.closing(sqlite3.connect(strange)) as connection:
        connection.execute("CREATE TABLE meta (x)")
    for path in (damaged, strange, tmp_path):
        with pytest.raises(LedgerError) as told:
            SqliteLedger.for_command(path)
        assert told.value.code == "ledger_unusable"
    connect(tmp_path / "empty.sqlite").close()
    with pytest.raises(LedgerError) as told:
        SqliteLedger.for_reading(tmp_path / "empty.sqlite")
    assert told.value.code == "ledger_empty"


def test_a_campaign_keeps_its_id_and_salt(book: Book) -> None:
    """They are made once and never again."""
    names = ("campaign", "salt")
    before = [book.do(book.ledger.meta(name)) for name in names]
    book.reopen()
    assert [book.do(book.ledger.meta(name)) for name in names] == before
    assert None not in before
    assert book.do(book.ledger.meta("other")) is None
