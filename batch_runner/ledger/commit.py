"""How changes become durable: at once, or many in one fsync.

Every unit of work is a function of the connection. A unit that fails is rolled back alone;
the others of its group are kept. A result is given out only after the commit that holds it. A
unit may be run twice (the first time without a trace), so what it does elsewhere must be keyed.

The steps that matter if the process dies there are told to ``sys.audit``, which costs next to
nothing while nobody listens; so are those of other modules, all as ``batch_runner.<area>.<step>``.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class Committer(Protocol):
    """Runs units of work, each durable before its result is seen."""

    async def do(self, work: Work[T]) -> T:
        """Run one unit; raises what it raises."""
        ...

    def close(self) -> None:
        """Finish all that was begun, then close the connection."""
        ...


class InlineCommit:
    """One commit a unit, in the caller's thread: for short commands and for virtual time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def do(self, work: Work[T]) -> T:
        """Run one unit in a transaction of its own."""
        return in_transaction(self._connection, work)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class ReadOnly:
    """Questions only: each sees one state of the ledger; a write fails."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def do(self, work: Work[T]) -> T:
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


def in_transaction(connection: sqlite3.Connection, work: Work[T]) -> T:
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


def _commit(connection: sqlite3.Connection) -> None:
    sys.audit("batch_runner.ledger.commit")
    connection.execute("COMMIT")
    sys.audit("batch_runner.ledger.committed")


class _Unit:
    """A unit of work on its way through the writer thread."""

    __slots__ = ("error", "future", "loop", "result", "work")

    def __init__(self, work: Work[Any], loop: asyncio.AbstractEventLoop) -> None:
        self.work = work
        self.loop = loop
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
    """One writer thread; all that queued up during one commit goes into the next.

    Natural batching: no linger, so a single change is as fast as the disk, and many at once
    share its fsync. A unit is queued the moment ``do`` is called, so cancelling the caller
    never undoes it.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._queue: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="ledger-writer", daemon=True)
        self._thread.start()

    async def do(self, work: Work[T]) -> T:
        """Queue one unit and wait until it is durable."""
        if not self._thread.is_alive():
            raise sqlite3.ProgrammingError("the ledger is closed")
        unit = _Unit(work, asyncio.get_running_loop())
        self._queue.put(unit)
        result: T = await unit.future
        return result

    def close(self) -> None:
        """Write all that is queued, end the thread, close the connection."""
        self._queue.put(None)
        self._thread.join()
        self._connection.close()

    def _write(self) -> None:
        while (first := self._queue.get()) is not None:
            batch: list[_Unit] = [first]
            last = False
            while not self._queue.empty():
                unit = self._queue.get()
                if unit is None:
                    last = True
                    break
                batch.append(unit)
            self._commit(batch)
            _deliver(batch)
            if last:
                return

    def _commit(self, batch: list[_Unit]) -> None:
        try:
            if not self._all_at_once(batch):
                self._one_by_one(batch)
        except sqlite3.Error as error:
            # Nothing of the group is durable, so nobody may go on as if it were.
            for unit in batch:
                unit.error = error
            self._roll_back()

    def _all_at_once(self, batch: list[_Unit]) -> bool:
        """Run and commit the group; if any of it fails there is no trace of it, and no answer."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for unit in batch:
                unit.result = unit.work(self._connection)
        except Exception:  # noqa: BLE001 - met again, and told, when the units are run apart
            self._roll_back()
            return False
        _commit(self._connection)
        return True

    def _one_by_one(self, batch: list[_Unit]) -> None:
        """Run the group again with each unit apart, so that one that fails is alone in it."""
        self._connection.execute("BEGIN IMMEDIATE")
        for unit in batch:
            self._run(unit)
        _commit(self._connection)

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _run(self, unit: _Unit) -> None:
        self._connection.execute("SAVEPOINT unit")
        try:
            unit.result = unit.work(self._connection)
        except Exception as error:  # noqa: BLE001 - raised again where the unit was asked for
            unit.error = error
            self._connection.execute("ROLLBACK TO unit")
        self._connection.execute("RELEASE unit")


def _deliver(batch: list[_Unit]) -> None:
    """One wake-up of each event loop for the whole group."""
    loops = {id(unit.loop): unit.loop for unit in batch}
    for key, loop in loops.items():
        units = [unit for unit in batch if id(unit.loop) == key]
        # A loop that was closed meanwhile has nobody left who waits; the work is durable.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_deliver_all, units)


def _deliver_all(units: list[_Unit]) -> None:
    for unit in units:
        unit.deliver()
