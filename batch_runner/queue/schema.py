"""The queue's tables: procrastinate's, in a schema of our own.

The user's own procrastinate tables, if there are any, live in another schema and are not met.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import psycopg
from procrastinate.schema import SchemaManager

SCHEMA = "batch_runner_queue"
_LOCK = 0x62722D7175657565  # one installs, the others wait: any number that nobody else takes


async def install(dsn: str) -> None:
    """Make or bring up to date the tables; safe to do twice, and by many at once.

    Raises:
        psycopg.Error: the database cannot be reached, or does not allow it.
    """
    async with await psycopg.AsyncConnection.connect(
        dsn, autocommit=True, prepare_threshold=None, connect_timeout=10
    ) as connection:
        if not await _missing(connection):
            return
        while await _step(connection):
            pass


async def _missing(connection: psycopg.AsyncConnection) -> Sequence[str]:
    """The steps that this version of procrastinate needs and the tables did not see, in order."""
    steps = sorted(path.name for path in _folder().glob("*.sql"))
    if not await _is_there(connection):
        return steps
    seen = await connection.execute("SELECT name FROM batch_runner_queue.steps")
    done = {name for (name,) in await seen.fetchall()}
    return [step for step in steps if step not in done]


async def _is_there(connection: psycopg.AsyncConnection) -> bool:
    """Asked of the catalogue's table: ``to_regclass`` may answer from before a lock was given."""
    found = await connection.execute(
        "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", (SCHEMA,)
    )
    return await found.fetchone() is not None


async def _step(connection: psycopg.AsyncConnection) -> bool:
    """All at once where there is nothing yet, else the next step; whether there was any."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        missing = await _missing(connection)
        if not missing:
            return False
        fresh = not await _is_there(connection)
        if fresh:
            await connection.execute(f"CREATE SCHEMA {SCHEMA}")
        await connection.execute(f"SET LOCAL search_path TO {SCHEMA}")
        if fresh:
            await connection.execute(SchemaManager.get_schema())
            await connection.execute("CREATE TABLE steps (name text PRIMARY KEY)")
        else:
            missing = missing[:1]
            text = (_folder() / missing[0]).read_text("utf-8")
            await connection.execute(text.encode())
        async with connection.cursor() as cursor:
            await cursor.executemany("INSERT INTO steps VALUES (%s)", [(one,) for one in missing])
        return True


def _folder() -> Path:
    return Path(SchemaManager.get_migrations_path())
