"""What a call from the provider does: a look at once, or a task that nobody knew of.

Anybody may call, twice or without end. So nothing that a call says is believed: it leads to a
free look under the usual limits, and what that shows counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from batch_runner.core.again import called_back
from batch_runner.core.lifecycle import State
from batch_runner.core.outcomes import PollKind
from batch_runner.scheduler.crew import Crew
from batch_runner.scheduler.flight import resume
from batch_runner.scheduler.gates import Slot

PAUSE = 5.0  # seconds at least between two looks at a task that calls lead to
MOST_WAITING = 1000  # calls about submits without an answer that are kept

_EXISTS = frozenset({PollKind.PENDING, PollKind.COMPLETED, PollKind.FAILED})


class Calls:
    """Takes calls about the jobs of one run."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._unlinked: asyncio.Queue[tuple[int, str]] = asyncio.Queue(MOST_WAITING)

    def about(self, job: int, task_id: str | None) -> bool:
        """Somebody says that a job's task has ended, and perhaps which one it is.

        Returns:
            Whether that task is looked after; else it may be one that nobody knows of yet.
        """
        task = self._crew.watched.get(job)
        if task is not None and task.called_for is None:
            task.called_for = max(asyncio.get_running_loop().time(), task.calls_from)
            task.calls_from = task.called_for + PAUSE
            task.woken.set()
        elif task is None and task_id is not None and not self._unlinked.full():
            self._unlinked.put_nowait((job, task_id))
        return task is not None

    async def link(
        self, take: Callable[[], Slot], launch: Callable[[Coroutine[Any, Any, None]], None]
    ) -> None:
        """Link tasks to rows of which nobody knew whether they were accepted, and follow them."""
        while True:
            job_id, task_id = await self._unlinked.get()
            job = await self._crew.ledger.job(job_id)
            if job.state is not State.UNKNOWN or job.task_id is not None:
                continue
            if task_id in await self._crew.ledger.task_ids():
                continue  # another row's
            await self._crew.looks.wait()
            if (await self._crew.provider.poll(task_id)).kind not in _EXISTS:
                continue
            job = await self._crew.ledger.job(job_id)
            if job.state is State.UNKNOWN and job.task_id is None:
                job = await self._crew.record(job, called_back(job, task_id, self._crew.now()))
                self._crew.throttle.accepted += 1
                launch(resume(self._crew, job, take()))
