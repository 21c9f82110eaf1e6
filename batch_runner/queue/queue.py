"""Three calls: tell workers of a campaign, make a schedule's time come once, hear of both.

A word waits in the queue of the worker that it is for, and is gone once it was heard; what it asks
for begins then. So no word is at work for longer than a moment: the queue runs nothing twice, tries
nothing again by itself, and ends without waiting. Who is alive is the ledger's to know.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from procrastinate import App
from procrastinate.exceptions import AlreadyEnqueued, ProcrastinateException
from procrastinate.jobs import Status

from batch_runner.core.errors import LedgerError
from batch_runner.core.language import phrase
from batch_runner.queue.pool import app_at
from batch_runner.queue.schema import install

CAMPAIGN = "campaign"
TIME = "time"
LOOK = 10.0  # seconds between two looks, where nobody is told (a PgBouncer passes no NOTIFY on)
GONE = 60.0  # seconds without a sign of life after which words of a queue's reader are dropped
FIRST_REST, LONGEST_REST = 1.0, 30.0  # seconds until a database is tried again

for _name in ("procrastinate", "psycopg.pool"):  # what they have to say, `noticed` is told
    logging.getLogger(_name).addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """Whom the words are for. What is called returns at once; it may begin tasks of its own."""

    worker: str
    campaign: Callable[[str], None]  # there may be something to do in this campaign
    schedules: Sequence[str] = ()  # the names of those that this worker may run
    time: Callable[[str, datetime], None] = lambda _schedule, _at: None  # a schedule's, for us
    noticed: Callable[[str], None] = lambda _sentence: None  # the database is away, or back


async def tell(dsn: str, campaign: str, workers: Iterable[str]) -> None:
    """Tell workers of a campaign; one that has not heard the last word yet needs no second one.

    Raises:
        LedgerError: the database cannot be used. Workers look by themselves, too.
    """
    async with _opened(dsn) as app:
        for worker in workers:
            word = app.configure_task(
                CAMPAIGN, queue=_queue("worker", worker), queueing_lock=f"{campaign}@{worker}"
            )
            try:
                await word.defer_async(campaign=campaign)
            except AlreadyEnqueued:
                continue


async def come(dsn: str, schedule: str, at: datetime) -> bool:
    """A time of a schedule has come: of all that say so, one is believed.

    One of those that listen for the schedule hears of it. Whole seconds count.

    Returns:
        Whether this was the first word of it.

    Raises:
        LedgerError: the database cannot be used.
    """
    seconds = int(at.timestamp())
    async with _opened(dsn) as app:
        word = app.configure_task(
            TIME,
            queue=_queue("schedule", schedule),
            task_kwargs={"schedule": schedule, "timestamp": seconds},
        )
        job = await app.job_manager.defer_periodic_job(
            job=word.job, periodic_id=_digest(schedule), defer_timestamp=seconds
        )
        return job is not None


async def forget(dsn: str, workers: Iterable[str]) -> None:
    """Drop what dead workers were told.

    Raises:
        LedgerError: the database cannot be used.
    """
    async with _opened(dsn) as app:
        for worker in workers:
            for job in await app.job_manager.list_jobs_async(queue=_queue("worker", worker)):
                if job.id is not None and job.status == Status.TODO.value:
                    await app.job_manager.cancel_job_by_id_async(job.id, delete_job=True)


async def listen(dsn: str, ears: Ears, *, look: float = LOOK) -> None:
    """Hear until cancelled; a database that goes away is waited for, for ever.

    ``look``: seconds between two looks for what nobody was told of.
    """
    rest, away = FIRST_REST, False
    while True:
        begun = asyncio.get_running_loop().time()
        try:
            async with _opened(dsn) as app:
                if away:
                    ears.noticed(phrase("The database answers again."))
                away = False
                await _hear(app, ears, look)
        except LedgerError as error:
            if not away:
                ears.noticed(str(error))
            away = True
        # procrastinate ends, without a word, where one of its signs of life was not written.
        held = asyncio.get_running_loop().time() - begun > LONGEST_REST
        rest = FIRST_REST if held else min(LONGEST_REST, rest * 2)
        await asyncio.sleep(rest)


async def _hear(app: App, ears: Ears, look: float) -> None:
    @app.task(name=CAMPAIGN)
    async def told(campaign: str) -> None:
        ears.campaign(campaign)

    @app.task(name=TIME)
    async def has_come(schedule: str, timestamp: int) -> None:
        ears.time(schedule, datetime.fromtimestamp(timestamp, UTC))

    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=GONE):
        if job.id is not None:  # its reader died in the moment of reading
            await app.job_manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)
    await app.run_worker_async(
        queues=[
            _queue("worker", ears.worker),
            *(_queue("schedule", one) for one in ears.schedules),
        ],
        name=ears.worker,
        fetch_job_polling_interval=look,
        delete_jobs="always",
        install_signal_handlers=False,
        stalled_worker_timeout=GONE,
    )


@asynccontextmanager
async def _opened(dsn: str) -> AsyncIterator[App]:
    app = app_at(dsn)
    try:
        await install(dsn)
        async with app.open_async():
            yield app
    except (ProcrastinateException, psycopg.Error) as error:
        raise LedgerError(
            phrase(
                "the database cannot tell workers of each other ({reason}).",
                reason=type(error.__cause__ or error).__name__,
            ),
            code="queue_unusable",
            hint=phrase("It is tried again; workers look by themselves meanwhile."),
        ) from error


def _queue(kind: str, name: str) -> str:
    """A queue's name; short, since PostgreSQL cuts names of channels off."""
    return f"{kind}_{_digest(name)}"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:24]
