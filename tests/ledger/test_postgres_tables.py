"""The ledger's tables and words in PostgreSQL: the same as in SQLite, made once, telling no secret."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from batch_runner.core.errors import ConfigError, LedgerError
from batch_runner.core.lifecycle import Event
from batch_runner.ledger.connection import connect
from batch_runner.ledger.postgres import campaigns
from batch_runner.ledger.postgres.fleet import Fleet
from batch_runner.ledger.postgres.migrate import schema_of
from batch_runner.ledger.postgres.translate import to_postgres
from batch_runner.ledger.schema import VERSION, migrate
from tests.ledger.conftest import Book, spec

OPENS = """
import asyncio, sys
from batch_runner.ledger.postgres.fleet import Fleet

async def main(url, campaign):
    fleet = await Fleet.open(url)
    sys.stdin.readline()
    ledger = await fleet.ledger(campaign)
    print(await ledger.meta("campaign"))
    ledger.close()
    fleet.close()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("SELECT a FROM t WHERE b = ? AND c > ?", "SELECT a FROM t WHERE b = %s AND c > %s"),
        ("VALUES (:row, :row_hash)", "VALUES (%(row)s, %(row_hash)s)"),
        ("a LIKE 'video%' AND b % 2 = ?", "a LIKE 'video%%' AND b %% 2 = %s"),
        ("a = '?' AND b = ':c' AND d = 'it''s %?'", "a = '?' AND b = ':c' AND d = 'it''s %%?'"),
        ("FROM jobs j INDEXED BY jobs_video WHERE a", "FROM jobs j WHERE a"),
        ("SELECT value FROM json_each(?)", "SELECT value FROM json_values(%s)"),
        ("SELECT a::text, $1", "SELECT a::text, $1"),
    ],
)
def test_statements_are_translated(ours: str, theirs: str) -> None:
    """Values, percent signs and the few other words; never what stands in quotes."""
    assert to_postgres(ours) == theirs


def test_each_table_has_the_columns_it_has_in_sqlite(
    tmp_path: Path, fleet_database: str, fleet_book: Book
) -> None:
    """No step of one database is missing in the other; only who has a job is PostgreSQL's own."""
    path = tmp_path / "ledger.sqlite"
    with contextlib.closing(connect(path)) as lite:
        migrate(lite, path)
        there = {
            (table["name"], column["name"])
            for table in lite.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            for column in lite.execute(f"PRAGMA table_info({table['name']})")
        }
        indexes = {
            row["name"]
            for row in lite.execute(
                "SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE%INDEX%'"
            )
        }
    with contextlib.closing(psycopg.connect(fleet_database)) as connection:
        where = (schema_of(str(fleet_book.path)),)
        columns = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = %s",
            where,
        ).fetchall()
        made = connection.execute(
            "SELECT indexname FROM pg_indexes WHERE schemaname = %s", where
        ).fetchall()
    assert set(columns) == there | {("jobs", "owner")}
    assert indexes <= {name for (name,) in made}


def test_two_processes_make_a_campaign_at_once(database: str) -> None:
    """Each finds it whole, and it is made once."""

    async def made() -> str:
        fleet = await Fleet.open(database)
        campaign = await fleet.change(campaigns.make, "sheet.csv", "o")
        fleet.close()
        return campaign

    async def version() -> int:
        fleet = await Fleet.open(database)
        row = await fleet.ask(lambda c: c.execute("SELECT version FROM campaigns").fetchone())
        fleet.close()
        return int(row["version"])

    campaign = asyncio.run(made())
    command = [sys.executable, "-c", OPENS, database, campaign]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with (
        subprocess.Popen(command, **pipes) as one,  # type: ignore[call-overload]
        subprocess.Popen(command, **pipes) as other,  # type: ignore[call-overload]
    ):
        told = [process.communicate("\n")[0].strip() for process in (one, other)]
    assert told == [campaign, campaign]
    assert asyncio.run(version()) == VERSION


def test_a_later_version_is_left_alone(database: str) -> None:
    """Tables of a newer program are not touched by an older one, which says so."""

    async def grow() -> str:
        fleet = await Fleet.open(database)
        campaign = await fleet.change(campaigns.make, "sheet.csv", "o")
        await fleet.change(lambda c: c.execute("UPDATE campaigns SET version = 99"))
        try:
            await fleet.ledger(campaign)
        except LedgerError as error:
            return error.code
        finally:
            fleet.close()
        return ""

    assert asyncio.run(grow()) == "ledger_newer"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cret-word@127.0.0.1:1/there?connect_timeout=2",
        "postgresql://me:s3cret-word@[127.0.0.1/there",
        "postgresql://me:s3cret-word@127.0.0.1/there?nonsense=s3cret-word",
        "host=127.0.0.1 password=s3cret-word",
    ],
)
def test_no_error_tells_the_password(url: str) -> None:
    """Whether the address cannot be read or the server not be reached."""
    with pytest.raises((ConfigError, LedgerError)) as caught:
        asyncio.run(Fleet.open(url, at_first=0.0))
    shown = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert "s3cret-word" not in "".join(f"{one}{one!r}" for one in shown if one)
    assert str(caught.value)


def test_text_with_a_character_that_no_database_takes_is_kept(book: Book) -> None:
    """A zero byte in a cell or an answer neither loses a row nor breaks a question about it."""
    told = "the \0 server"
    book.enrol([spec(2, "a"), spec(3, "b", body=None, problem=told, problem_code="wrong")])
    assert book.job("b").error.replace("\N{REPLACEMENT CHARACTER}", "\0") == told
    job = book.take()
    book.record(job, Event.DEFERRED, raw=told, detail={"http_status": 429, "x": told})
    (kept,) = book.do(book.ledger.attempts(job.id))
    assert (kept.raw or "").replace("\N{REPLACEMENT CHARACTER}", "\0") == told
    assert book.do(book.ledger.tempo(book.at)).limited == 1
