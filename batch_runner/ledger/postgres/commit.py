"""How changes become durable in PostgreSQL: each in a transaction, several at the same time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import psycopg

from batch_runner.core.errors import LedgerError
from batch_runner.core.language import phrase, speak, spoken
from batch_runner.ledger.committer import Touches, Work
from batch_runner.ledger.postgres.address import Address
from batch_runner.ledger.postgres.connection import PostgresConnection
from batch_runner.ledger.postgres.link import Link
from batch_runner.ledger.postgres.trouble import Patience, told

T = TypeVar("T")

THREADS = 4  # connections of a process: no coroutine holds one while it waits for anything else
PATIENT = 600.0  # seconds that a run waits for a database which is away
LEAVING = 10.0  # seconds, once it is to end


class PostgresCommit:
    """Units in a few threads, each with a connection of its own.

    A unit is queued the moment ``do`` is called; cancelling the caller does not undo it.
    """

    def __init__(
        self,
        address: Address,
        opening: Callable[[], PostgresConnection],
        *,
        campaign: int | None = None,
        threads: int = THREADS,
        patience: float = PATIENT,
    ) -> None:
        """``campaign``: whose units do not meet, by its number; ``opening`` makes a connection."""
        self._address = address
        self._leaving = threading.Event()
        self._links: list[Link] = []
        self._own = threading.local()
        self._make_link = partial(
            Link,
            opening,
            campaign,
            Patience(
                seconds=lambda: LEAVING if self._leaving.is_set() else patience,
                clock=time.monotonic,
                sleep=time.sleep,
            ),
        )
        self._threads = ThreadPoolExecutor(
            threads, "ledger", initializer=speak, initargs=(spoken(),)
        )

    async def do(
        self,
        work: Work[T],
        *,
        touches: Touches = Touches.MANY,
        brief: bool = False,  # noqa: ARG002 - no unit holds up the loop
    ) -> T:
        """Run one unit and wait until it is durable."""
        unit = asyncio.wrap_future(self.begin(work, touches))
        unit.add_done_callback(_heard)
        return await asyncio.shield(unit)

    def begin(self, work: Work[T], touches: Touches) -> Future[T]:
        """The same for a thread that is no event loop's.

        The future raises:
            LedgerError: the database cannot be used, or it was closed.
            Exception: what the unit raises.
        """
        if self._leaving.is_set():
            raise LedgerError(phrase("the ledger is closed."), code="ledger_closed")
        return self._threads.submit(self._run, work, touches)

    def close(self) -> None:
        """Finish all that was begun, and let the connections go."""
        self._leaving.set()
        self._threads.shutdown()
        for link in self._links:
            link.close()

    def _run(self, work: Work[T], touches: Touches) -> T:
        try:
            link: Link = self._own.link
        except AttributeError:
            link = self._own.link = self._make_link()
            self._links.append(link)
        try:
            return link.run(work, touches)
        except psycopg.Error as error:
            raise told(error, self._address) from error


def _heard(unit: asyncio.Future[Any]) -> None:
    """Its failure was told, should whoever asked be gone."""
    if not unit.cancelled():
        unit.exception()
