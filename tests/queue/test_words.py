"""What workers are told over a real PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from procrastinate import App, PsycopgConnector
from procrastinate.schema import SchemaManager

from batch_runner.core.errors import LedgerError
from batch_runner.queue.queue import come, forget, tell
from batch_runner.queue.schema import SCHEMA, install
from tests.postgres import Server
from tests.queue.conftest import Listener, listening

NIGHT = datetime(2026, 11, 26, 2, tzinfo=UTC)


def waiting(dsn: str, schema: str = SCHEMA) -> int:
    """Words that nobody heard yet, and whatever else is left of words."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(f"SELECT count(*) FROM {schema}.procrastinate_jobs").fetchone()
    assert row is not None
    return int(row[0])


def test_many_processes_install_the_tables_at_once_beside_the_users_own(database: str) -> None:
    """Whoever comes first installs, nobody fails; the user's own queue is not met."""

    async def scenario() -> None:
        async with App(connector=PsycopgConnector(conninfo=database)).open_async() as theirs:
            await theirs.schema_manager.apply_schema_async()
            await asyncio.gather(*(install(database) for _ in range(6)))
            await install(database)
            await theirs.configure_task("campaign", queue="any").defer_async(campaign="theirs")
            worker = Listener(name="w1")
            async with listening(database, worker):
                await tell(database, "ours", ["w1"])
                await worker.hears(worker.campaigns)
            assert worker.campaigns == ["ours"]

    asyncio.run(scenario())
    assert (waiting(database), waiting(database, "public")) == (0, 1)


def test_tables_of_an_older_version_are_brought_up_to_date(database: str) -> None:
    """Steps that an earlier procrastinate did not know are made up for, once."""
    steps = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    old = [step for step in steps if step.name < "03.01"]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        connection.execute(f"SET search_path TO {SCHEMA}")
        connection.execute("CREATE TABLE steps (name text PRIMARY KEY)")
        for step in old:
            connection.execute(step.read_bytes())
            connection.execute("INSERT INTO steps VALUES (%s)", (step.name,))

    async def scenario() -> None:
        await asyncio.gather(*(install(database) for _ in range(4)))
        worker = Listener(name="w1")
        async with listening(database, worker):
            await tell(database, "c", ["w1"])
            await worker.hears(worker.campaigns)

    asyncio.run(scenario())
    with psycopg.connect(database) as connection:
        done = connection.execute(f"SELECT name FROM {SCHEMA}.steps ORDER BY name").fetchall()
    assert [name for (name,) in done] == [step.name for step in steps]


def test_a_worker_hears_its_own_words_once_and_leaves_nothing_behind(database: str) -> None:
    """However often it is told before it listens, and however long names are."""
    names = ["w" * 200 + "1", "w" * 200 + "2"]

    async def scenario() -> None:
        workers = [Listener(name=name) for name in names]
        for _ in range(3):
            await tell(database, "c1", names)
        await tell(database, "c2", names[:1])
        async with listening(database, *workers):
            await workers[0].hears(workers[0].campaigns, 2)
            await workers[1].hears(workers[1].campaigns)
        assert workers[0].campaigns == ["c1", "c2"]
        assert workers[1].campaigns == ["c1"]

    asyncio.run(scenario())
    assert waiting(database) == 0


def test_words_come_without_notifications_too(database: str) -> None:
    """Behind a PgBouncer nobody is notified: a worker looks by itself."""

    async def scenario() -> None:
        await install(database)
        async with await psycopg.AsyncConnection.connect(database) as connection:
            await connection.execute(
                f"ALTER TABLE {SCHEMA}.procrastinate_jobs DISABLE TRIGGER"
                " procrastinate_jobs_notify_queue_job_inserted_v1"
            )
        worker = Listener(name="w1")
        async with listening(database, worker, look=0.2):
            await tell(database, "first", ["w1"])
            await worker.hears(worker.campaigns)
            await tell(database, "second", ["w1"])
            await worker.hears(worker.campaigns, 2)

    asyncio.run(scenario())


def test_a_time_comes_once_however_many_workers_say_so(database: str) -> None:
    """Of three workers that keep a schedule one hears of each of its times, and only once."""

    async def scenario() -> None:
        news, heard = asyncio.Event(), list[tuple[str, datetime]]()
        workers = [Listener(name=f"w{n}", times=heard, news=news) for n in range(3)]
        async with listening(database, *workers, schedule="nightly"):
            for night in (NIGHT, NIGHT + timedelta(days=1)):
                said = [come(database, "nightly", night) for _ in workers]
                assert sorted(await asyncio.gather(*said)) == [False, False, True]
            await workers[0].hears(heard, 2)
        assert heard == [("nightly", NIGHT), ("nightly", NIGHT + timedelta(days=1))]
        assert not await come(database, "nightly", NIGHT + timedelta(days=1))
        assert await come(database, "weekly", NIGHT)

    asyncio.run(scenario())


def test_what_dead_workers_were_told_is_dropped(database: str) -> None:
    """Nobody will ever hear it."""

    async def scenario() -> None:
        await tell(database, "c", ["dead", "living"])
        await forget(database, ["dead"])

    asyncio.run(scenario())
    assert waiting(database) == 1


def test_a_worker_hears_again_after_a_crash_of_the_database(own_postgres: Server) -> None:
    """It says once that the database is away, waits, and goes on; senders are told at once."""
    server = own_postgres
    dsn = server.dsn()

    async def scenario() -> None:
        worker = Listener(name="w1")
        async with listening(dsn, worker):
            await tell(dsn, "before", ["w1"])
            await worker.hears(worker.campaigns)
            await asyncio.to_thread(server.kill)
            with pytest.raises(LedgerError) as caught:
                await tell(dsn, "lost", ["w1"])
            assert caught.value.code == "queue_unusable"
            await worker.hears(worker.notices)
            await asyncio.to_thread(server.start)
            await worker.hears(worker.notices, 2)
            await tell(dsn, "after", ["w1"])
            await worker.hears(worker.campaigns, 2)
        assert worker.campaigns == ["before", "after"]

    asyncio.run(scenario())
