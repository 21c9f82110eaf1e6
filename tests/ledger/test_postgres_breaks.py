"""A database that breaks off: what was asked is done once, and nothing that was told is lost."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import psycopg
import pytest

from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import Event
from batch_runner.ledger.committer import Touches
from batch_runner.ledger.database import Connection
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.postgres.address import Address
from batch_runner.ledger.postgres.connection import PostgresConnection, connect
from batch_runner.ledger.postgres.fleet import Fleet
from batch_runner.ledger.postgres.link import Link
from batch_runner.ledger.postgres.shared import SCHEMA
from batch_runner.ledger.postgres.trouble import Patience
from tests.ledger.conftest import TERMS, Book, postgres_book
from tests.postgres import Server


class Time:
    """A clock that only sleeping moves on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.slept.append(seconds)
        self.now += seconds

    def patience(self, seconds: float) -> Patience:
        """So long and no longer."""
        return Patience(seconds=lambda: seconds, clock=lambda: self.now, sleep=self.sleep)


class BreaksAtCommit(PostgresConnection):
    """One whose network breaks at a COMMIT: before it arrives, or before its answer does."""

    def __init__(self, raw: psycopg.Connection[Any], *, arrives: bool) -> None:
        super().__init__(raw)
        self._arrives = arrives

    def script(self, sql: str) -> None:
        """Run statements."""
        if sql != "COMMIT":
            super().script(sql)
            return
        if self._arrives:
            super().script(sql)
        self.raw.close()
        raise psycopg.OperationalError("the connection is lost")


@pytest.fixture
def numbers(fleet_book: Book, fleet_database: str) -> Iterator[Callable[[], PostgresConnection]]:
    """Opens connections to a database with a table to write into."""
    opening = partial(connect, Address.of(fleet_database), SCHEMA)
    with contextlib.closing(opening()) as connection:
        connection.script("DROP TABLE IF EXISTS numbers; CREATE TABLE numbers (n INTEGER)")
    yield opening
    with contextlib.closing(opening()) as connection:
        connection.script("DROP TABLE numbers")


def add(connection: Connection) -> int:
    """One unit of work, that can be seen to be done twice."""
    (n,) = connection.execute(
        "INSERT INTO numbers SELECT count(*) FROM numbers RETURNING n"
    ).fetchone()
    return int(n)


def count(opening: Callable[[], PostgresConnection]) -> int:
    """What others see."""
    with contextlib.closing(opening()) as connection:
        row = connection.execute("SELECT count(*) FROM numbers").fetchone()
        assert row is not None
        return int(row[0])


@pytest.mark.parametrize("arrives", [True, False])
def test_a_commit_of_unknown_fate_is_done_once(
    numbers: Callable[[], PostgresConnection], *, arrives: bool
) -> None:
    """Whether it arrived or not: the answer is that of the one that counts, and it is there once."""
    first = iter([BreaksAtCommit(numbers().raw, arrives=arrives)])
    link = Link(lambda: next(first, None) or numbers(), None, Time().patience(60))
    assert link.run(add, Touches.ONE) == 0
    assert link.run(add, Touches.ONE) == 1
    assert count(numbers) == 2
    link.close()


def test_a_lost_database_is_waited_for_each_time_longer(
    numbers: Callable[[], PostgresConnection],
) -> None:
    """Soon at first, then every two seconds; and when it is back, the unit is run."""
    time = Time()
    away = itertools.count(1)

    def opening() -> PostgresConnection:
        if next(away) < 10:
            raise psycopg.OperationalError("connection refused")
        return numbers()

    link = Link(opening, None, time.patience(60))
    assert link.run(add, Touches.ONE) == 0
    assert time.slept == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0]
    link.close()


def test_patience_ends() -> None:
    """A database that does not come back is told of, after the time that was given."""
    time = Time()

    def opening() -> PostgresConnection:
        raise psycopg.OperationalError("connection refused")

    with pytest.raises(psycopg.OperationalError):
        Link(opening, None, time.patience(30)).run(add, Touches.ONE)
    assert time.now == 30


def test_what_is_wrong_for_good_is_not_tried_again(
    numbers: Callable[[], PostgresConnection],
) -> None:
    """A mistake is raised at once, and nothing of its unit is kept."""
    time = Time()
    link = Link(numbers, None, time.patience(60))

    def wrong(connection: Connection) -> None:
        add(connection)
        connection.execute("SELECT nonsense")

    with pytest.raises(psycopg.errors.UndefinedColumn):
        link.run(wrong, Touches.ONE)
    assert time.slept == []
    assert link.run(add, Touches.ONE) == 0
    link.close()


def test_a_server_that_is_killed_loses_and_doubles_nothing(own_postgres: Server) -> None:
    """Killed again and again amid claims and records: each job is sent once and has its task."""
    server = own_postgres
    fleet = asyncio.run(Fleet.open(server.make_database("fleet")))
    book = postgres_book(fleet)
    book.sheet(*(f"row {n}" for n in range(120)))
    book.start()
    sent = asyncio.run(_send_all(book.ledger, server))
    jobs = book.do(book.ledger.jobs_of_scope(1))
    attempts = [book.do(book.ledger.attempts(job.id)) for job in jobs]
    book.ledger.close()
    fleet.close()
    assert Counter(job.id for job in sent) == {job.id: 1 for job in jobs}
    assert all(len(made) == 1 and made[0].sends == 1 for made in attempts)
    assert {job.task_id for job in jobs} == {f"task of {job.idempotency_key}" for job in sent}


async def _send_all(ledger: Ledger, server: Server) -> list[Job]:
    """Claim and record in many coroutines, while the server is killed."""
    keys, sent = itertools.count(1), list[Job]()
    reached = {some: asyncio.Event() for some in (20, 60, 100)}

    async def send() -> None:
        while True:
            claim = await ledger.claim(replace(TERMS, key=f"key-{next(keys)}"))
            if claim.job is None:
                return
            sent.append(claim.job)
            if len(sent) in reached:
                reached[len(sent)].set()
            task = f"task of {claim.job.idempotency_key}"
            await ledger.record(
                claim.job,
                Change(
                    job=claim.job.id,
                    attempt=claim.job.attempt,
                    event=Event.ACCEPTED,
                    at=TERMS.now,
                    task_id=task,
                ),
            )

    async def kill() -> None:
        for event in reached.values():
            await event.wait()
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)

    await asyncio.gather(kill(), *(send() for _ in range(8)))
    return sent
