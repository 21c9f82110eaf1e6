"""How changes become durable in SQLite: at once, or many in one fsync.

Every unit of work is a function of the connection. A unit that fails is rolled back alone;
the others of its group are kept. A result is given out only after the commit that holds it. A
unit may be run twice (the first time without a trace), so what it does elsewhere must be keyed.

The steps that matter if the process dies there are told to ``sys.audit``, which costs next to
nothing while nobody listens; so are those of other modules, all as ``batch_runner.<area>.<step>``.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import sys
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any, TypeVar

from batch_runner.core.language import speak, spoken
from batch_runner.ledger.committer import Touches, Work
from batch_runner.ledger.connection import BUSY_TIMEOUT, SqliteConnection

T = TypeVar("T")


class InlineCommit:
    """One commit a unit, in the caller's thread: for short commands and for virtual time."""

    def __init__(self, connection: SqliteConnection) -> None:
        self._connection = connection

    async def do(
        self,
        work: Work[T],
        *,
        touches: Touches = Touches.MANY,  # noqa: ARG002 - all alike
        brief: bool = False,  # noqa: ARG002
    ) -> T:
        """Run one unit in a transaction of its own."""
        return in_transaction(self._connection, work)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class ReadOnly:
    """Questions only: each sees one state of the ledger; a write fails."""

    def __init__(self, connection: SqliteConnection) -> None:
        self._connection = connection

    async def do(
        self,
        work: Work[T],
        *,
        touches: Touches = Touches.MANY,  # noqa: ARG002 - all alike
        brief: bool = False,  # noqa: ARG002
    ) -> T:
        """Ask."""
        self._connection.execute("BEGIN")
        try:
            return work(self._connection)
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def in_transaction(connection: SqliteConnection, work: Work[T]) -> T:
    """Run ``work`` and commit, or leave no trace of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        _commit(connection)
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def _commit(connection: SqliteConnection) -> None:
    sys.audit("batch_runner.ledger.commit")
    connection.execute("COMMIT")
    sys.audit("batch_runner.ledger.committed")


class _Unit:
    """A unit of work on its way to the disk."""

    __slots__ = ("brief", "error", "future", "loop", "result", "work")

    def __init__(self, work: Work[Any], loop: asyncio.AbstractEventLoop, *, brief: bool) -> None:
        self.work = work
        self.loop = loop
        self.brief = brief
        self.future: asyncio.Future[Any] = loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None

    def deliver(self) -> None:
        """Hand the outcome to whoever still waits (it may have been cancelled)."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class GroupCommit:
    """All that is asked for during one commit goes into the next, and shares its fsync.

    Natural batching: no linger, so a single change is as fast as the disk. A unit is queued the
    moment ``do`` is called, so cancelling the caller never undoes it.

    Only the commit, which waits for the disk, leaves the event loop's thread for one of its own;
    brief units run right here: two busy threads that hand each statement to one another spend
    more on that than on the statement. What may take longer goes to the other thread as a whole,
    and so does everything while another process writes or a unit fails.

    For one event loop at a time.
    """

    def __init__(self, connection: SqliteConnection) -> None:
        self._connection = connection
        self._thread = ThreadPoolExecutor(
            1, "ledger-writer", initializer=speak, initargs=(spoken(),)
        )
        self._waiting: list[_Unit] = []
        self._at_work: Future[None] | None = None  # what the other thread does
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self._patience(0.0)

    async def do(
        self,
        work: Work[T],
        *,
        touches: Touches = Touches.MANY,  # noqa: ARG002 - one writer at a time in any case
        brief: bool = False,
    ) -> T:
        """Queue one unit and wait until it is durable."""
        if self._closed:
            raise sqlite3.ProgrammingError("the ledger is closed")
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._settle()  # what was begun in a loop that is no more
            self._loop = loop
        unit = _Unit(work, loop, brief=brief)
        if not self._waiting and self._at_work is None:
            loop.call_soon(self._turn)
        self._waiting.append(unit)
        result: T = await unit.future
        return result

    def close(self) -> None:
        """Write all that is queued, end the thread, close the connection."""
        self._closed = True
        self._settle()
        self._thread.shutdown()
        self._connection.close()

    def _turn(self) -> None:
        """Let all that waits become durable together."""
        if not self._waiting or self._at_work is not None:
            return
        batch, self._waiting = self._waiting, []
        begun = all(unit.brief for unit in batch) and self._run_here(batch)
        work = self._thread.submit(self._end if begun else self._whole, batch)
        self._at_work = work
        work.add_done_callback(partial(self._call_back, batch))

    def _call_back(self, batch: list[_Unit], work: Future[None]) -> None:
        # A loop that was closed meanwhile has nobody left who waits; the work is durable.
        with contextlib.suppress(RuntimeError):
            batch[0].loop.call_soon_threadsafe(self._done, batch, work)

    def _done(self, batch: list[_Unit], work: Future[None]) -> None:
        failure = work.exception()
        for unit in batch:
            unit.error = unit.error or failure
            unit.deliver()
        if self._at_work is work:
            self._at_work = None
            # After those who were just woken: what they ask for goes into the same commit.
            batch[0].loop.call_soon(self._turn)

    def _settle(self) -> None:
        """Wait for what is on its way and write what is queued, without the help of a loop."""
        if self._at_work is not None:
            wait([self._at_work])
            self._at_work = None
        batch, self._waiting = self._waiting, []
        if batch:
            self._whole(batch)
            with contextlib.suppress(RuntimeError):
                batch[0].loop.call_soon_threadsafe(_deliver, batch)

    def _run_here(self, batch: list[_Unit]) -> bool:
        """Run the group in a transaction that is left open; ``False``: there is no trace of it."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for unit in batch:
                unit.result = unit.work(self._connection)
        except Exception:  # noqa: BLE001 - met again, and told, when the other thread runs it
            self._roll_back()
            return False
        return True

    def _end(self, batch: list[_Unit]) -> None:
        """Commit what was run."""
        try:
            _commit(self._connection)
        except sqlite3.Error as error:
            self._fail(batch, error)

    def _whole(self, batch: list[_Unit]) -> None:
        """Run and commit; waits while another process (resolve, report) writes."""
        self._patience(BUSY_TIMEOUT)
        try:
            if self._run_here(batch):
                _commit(self._connection)
            else:
                self._one_by_one(batch)
        except sqlite3.Error as error:
            self._fail(batch, error)
        finally:
            self._patience(0.0)

    def _one_by_one(self, batch: list[_Unit]) -> None:
        """Run the group again with each unit apart, so that one that fails is alone in it."""
        self._connection.execute("BEGIN IMMEDIATE")
        for unit in batch:
            self._run(unit)
        _commit(self._connection)

    def _run(self, unit: _Unit) -> None:
        self._connection.execute("SAVEPOINT unit")
        try:
            unit.result = unit.work(self._connection)
        except Exception as error:  # noqa: BLE001 - raised again where the unit was asked for
            unit.error = error
            self._connection.execute("ROLLBACK TO unit")
        self._connection.execute("RELEASE unit")

    def _fail(self, batch: list[_Unit], error: sqlite3.Error) -> None:
        """Nothing of the group is durable, so nobody may go on as if it were."""
        for unit in batch:
            unit.error = error
        self._roll_back()

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _patience(self, seconds: float) -> None:
        """How long a statement waits for another process; the loop's thread never does."""
        self._connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")


def _deliver(batch: list[_Unit]) -> None:
    for unit in batch:
        unit.deliver()
