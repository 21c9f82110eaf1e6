"""Few connections, which work behind PgBouncer, too: nothing of a session outlives a transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
import psycopg_pool
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from batch_runner.queue.schema import SCHEMA

MOST = 2  # connections of a pool; whoever listens has one beside it
PATIENCE = 3.0  # seconds that a statement waits for a connection
REACH = 10  # seconds that a connection waits for the server


class _Pool(psycopg_pool.AsyncConnectionPool[psycopg.AsyncConnection[Any]]):
    """Each transaction works in the queue's own schema."""

    @asynccontextmanager
    async def connection(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - its own name for it
    ) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        async with super().connection(timeout) as connection:
            await connection.execute(f"SET LOCAL search_path TO {SCHEMA}")
            yield connection


class _Words(JobManager):
    """A word that was heard and cannot be crossed off stays, until its reader counts as gone."""

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: FBT001
        with suppress(ConnectorException):
            await super().finish_job(job, status, delete_job)


def app_at(dsn: str) -> App:
    """Procrastinate over the queue's tables; to be opened with ``open_async``."""
    connector = PsycopgConnector(
        pool_factory=_Pool,
        conninfo=dsn,
        min_size=1,
        max_size=MOST,
        timeout=PATIENCE,
        kwargs={"prepare_threshold": None, "connect_timeout": REACH},
    )
    app = App(connector=connector)
    app.job_manager = _Words(connector)
    return app
