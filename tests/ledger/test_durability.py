"""What a method did is on disk when it returns, whatever happens around it."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from batch_runner.core.errors import LedgerError
from batch_runner.ledger.commit import GroupCommit, InlineCommit
from batch_runner.ledger.connection import SqliteConnection, connect
from batch_runner.ledger.database import Connection
from batch_runner.ledger.sqlite import SqliteLedger
from tests.ledger.conftest import Book

WORK_UNTIL_KILLED = """
import asyncio, itertools, sys
from dataclasses import replace
from pathlib import Path
from batch_runner.core.jobs import Change
from batch_runner.core.lifecycle import Event
from batch_runner.ledger.sqlite import SqliteLedger
from tests.ledger.conftest import BASIS, ORIGIN, START, TERMS, spec
from tests.ledger.spooled import reading

async def submit(ledger, n):
    # The child says what it did before and after each step, as a provider would know it.
    claim = await ledger.claim(replace(TERMS, key=f"child-{n}"))
    print("sent", claim.job.row_hash, claim.job.idempotency_key, flush=True)
    await ledger.record(claim.job, Change(job=claim.job.id, attempt=claim.job.attempt,
                                          event=Event.ACCEPTED, at=START, task_id=f"task-{n}"))
    print("kept", claim.job.row_hash, f"task-{n}", flush=True)

async def main():
    ledger = SqliteLedger.for_run(Path(sys.argv[1]))
    scope, _ = await ledger.scope("", BASIS)
    rows = [spec(n, f"row {n}") for n in range(2, 5000)]
    await ledger.enrol(scope, reading(rows, START, basis=BASIS, origin=ORIGIN))
    await ledger.start_run(START, host="child", pid=1, version="0")
    numbers = itertools.count()
    async def one_after_another():
        while True:
            await submit(ledger, next(numbers))
    await asyncio.gather(*(one_after_another() for _ in range(8)))

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("lines", [1, 40, 201])
def test_kill_9_loses_nothing_that_was_kept(tmp_path: Path, lines: int) -> None:
    """After kill -9 in full work every kept task id is there, and every sent row is known."""
    path = tmp_path / "ledger.sqlite"
    said: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-c", WORK_UNTIL_KILLED, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as child:
        assert child.stdout is not None
        said += [child.stdout.readline() for _ in range(lines)]
        child.send_signal(signal.SIGKILL)
        said += child.stdout.readlines()
    words = [line.split() for line in said if line.endswith("\n")]
    sent = {f"{row} {n}" for verb, row, n, _ in words if verb == "sent"}
    kept = {f"{row} {n}": task for verb, row, n, task in words if verb == "kept"}
    assert sent
    assert kept or lines == 1
    book = Book(path)
    book.start()
    jobs = {job.row_hash: job for job in book.do(book.ledger.jobs_of_scope(1))}
    assert {row: jobs[row].task_id for row in kept} == kept
    assert {str(jobs[row].state) for row in sent} <= {"running", "unknown"}
    assert all(jobs[row].state == "queued" for row in jobs.keys() - sent if not jobs[row].attempt)
    queued_again = book.claim().job
    assert queued_again is not None
    assert queued_again.row_hash not in sent
    book.ledger.close()


def counter(path: Path) -> SqliteConnection:
    """A database with one table to write into."""
    connection = connect(path)
    connection.execute("CREATE TABLE IF NOT EXISTS numbers (n INTEGER PRIMARY KEY)")
    return connection


def add(connection: Connection, n: int) -> int:
    """One unit of work; fails if the number is there already."""
    connection.execute("INSERT INTO numbers VALUES (?)", (n,))
    return n


def numbers(path: Path) -> list[int]:
    """What another process sees."""
    connection = connect(path, read_only=True)
    try:
        return [row["n"] for row in connection.execute("SELECT n FROM numbers ORDER BY n")]
    finally:
        connection.close()


@pytest.fixture(params=[True, False], ids=["brief", "long"])
def brief(request: pytest.FixtureRequest) -> bool:
    """Whether units run in the loop's own thread."""
    return bool(request.param)


def test_a_result_is_seen_by_others_when_it_is_given(tmp_path: Path, *, brief: bool) -> None:
    """No result is handed out before the commit that holds it."""
    path = tmp_path / "db"
    commit = GroupCommit(counter(path))

    async def story() -> None:
        async def one(n: int) -> None:
            assert await commit.do(lambda c: add(c, n), brief=brief) == n
            assert n in numbers(path)

        await asyncio.gather(*(one(n) for n in range(50)))

    asyncio.run(story())
    commit.close()
    assert numbers(path) == list(range(50))


def test_a_unit_that_fails_is_rolled_back_alone(tmp_path: Path, *, brief: bool) -> None:
    """Of a group only the failing unit leaves no trace, and only its caller hears of it."""
    path = tmp_path / "db"
    commit = GroupCommit(counter(path))

    def half_done(connection: Connection) -> None:
        add(connection, 1000)
        raise KeyError("half done")

    async def story() -> list[object]:
        good = [commit.do(partial(add, n=n), brief=brief) for n in range(20)]
        bad = commit.do(half_done, brief=brief)
        return await asyncio.gather(*good, bad, return_exceptions=True)

    *good, bad = asyncio.run(story())
    commit.close()
    assert good == list(range(20))
    assert isinstance(bad, KeyError)
    assert numbers(path) == list(range(20))


def test_a_cancelled_caller_undoes_nothing(tmp_path: Path, *, brief: bool) -> None:
    """What was begun becomes durable, though nobody waits for it any more."""
    path = tmp_path / "db"
    commit = GroupCommit(counter(path))

    async def story() -> None:
        waiting = asyncio.ensure_future(commit.do(lambda c: add(c, 7), brief=brief))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(story())
    commit.close()
    assert numbers(path) == [7]


def test_when_a_group_cannot_be_committed_all_of_it_hears(tmp_path: Path, *, brief: bool) -> None:
    """A commit that fails is nobody's success; the ledger can be used again afterwards."""
    path = tmp_path / "db"
    connection = counter(path)
    connection.execute(
        "CREATE TABLE child (n INTEGER REFERENCES numbers (n) DEFERRABLE INITIALLY DEFERRED)"
    )
    commit = GroupCommit(connection)

    async def story() -> list[object]:
        def orphan(connection: Connection) -> None:
            connection.execute("INSERT INTO child VALUES (99)")

        return await asyncio.gather(
            commit.do(orphan, brief=brief),
            *(commit.do(partial(add, n=n), brief=brief) for n in range(5)),
            return_exceptions=True,
        )

    answers = asyncio.run(story())
    told = [n for n, answer in enumerate(answers[1:]) if not isinstance(answer, sqlite3.Error)]
    assert isinstance(answers[0], sqlite3.IntegrityError)
    assert numbers(path) == told
    asyncio.run(commit.do(lambda c: add(c, 50)))
    commit.close()
    assert 50 in numbers(path)


def test_while_another_process_writes_only_the_change_waits(tmp_path: Path) -> None:
    """A ledger that is locked for a moment holds up its own answer, not the whole loop."""
    path = tmp_path / "db"
    commit = GroupCommit(counter(path))
    other = connect(path)
    other.execute("BEGIN IMMEDIATE")

    async def story() -> int:
        kept = asyncio.ensure_future(commit.do(partial(add, n=3), brief=True))
        for _ in range(20):  # the loop goes round meanwhile
            await asyncio.sleep(0)
        assert not kept.done()
        other.execute("COMMIT")
        return await kept

    assert asyncio.run(story()) == 3
    other.close()
    commit.close()


def test_a_loop_that_ends_leaves_nothing_half_done(tmp_path: Path, *, brief: bool) -> None:
    """What was asked for in a loop that is gone is durable, and the next loop can go on."""
    path = tmp_path / "db"
    commit = GroupCommit(counter(path))

    async def leave() -> None:
        begun = [
            asyncio.ensure_future(commit.do(partial(add, n=n), brief=brief)) for n in range(9)
        ]
        await asyncio.sleep(0)
        begun.append(asyncio.ensure_future(commit.do(partial(add, n=9), brief=brief)))
        await asyncio.sleep(0)
        for one in begun:
            one.cancel()

    asyncio.run(leave())
    assert asyncio.run(commit.do(partial(add, n=10), brief=brief)) == 10
    assert numbers(path) == list(range(11))
    commit.close()


def test_one_commit_a_unit_rolls_back_too(tmp_path: Path) -> None:
    """Without a thread the promise is the same."""
    path = tmp_path / "db"
    commit = InlineCommit(counter(path))
    asyncio.run(commit.do(lambda c: add(c, 1)))
    with pytest.raises(sqlite3.IntegrityError):
        asyncio.run(commit.do(lambda c: (add(c, 2), add(c, 1))))
    commit.close()
    assert numbers(path) == [1]


def test_a_closed_ledger_says_so(tmp_path: Path) -> None:
    """Asking after the end is an error, not a wait for ever."""
    ledger = SqliteLedger.for_run(tmp_path / "ledger.sqlite")
    ledger.close()
    with pytest.raises(LedgerError) as told:
        asyncio.run(ledger.totals())
    assert told.value.code == "ledger_io"


def test_every_change_is_synced_to_the_disk(tmp_path: Path) -> None:
    """A ledger is written through a log with full sync: a power cut takes no commit back."""
    connection = connect(tmp_path / "ledger.sqlite")
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
    connection.close()


def test_reading_beside_a_run_sees_what_is_kept_and_writes_nothing(file_book: Book) -> None:
    """Looking at a ledger needs no lock, sees one state of it, and cannot change it."""
    file_book.sheet("a", "b")
    file_book.take()
    looking = SqliteLedger.for_reading(file_book.path)
    assert file_book.do(looking.totals()).states == {"running": 1, "queued": 1}
    with pytest.raises(LedgerError):
        file_book.do(looking.set_meta("x", "y"))
    looking.close()
