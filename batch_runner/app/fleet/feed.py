"""What workers elsewhere do, told to a run as if it did it itself: its sheet, its log, its screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from batch_runner.app.run.listen import RunListener
from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import Event
from batch_runner.ledger.board import Happened
from batch_runner.ledger.ledger import Ledger

MOST = 5000  # lines that are read at a time


class Feed:
    """Reads the ledger's history as it grows; what this run did itself is left out."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._last = 0  # the newest line that was read
        self._own: Counter[tuple[int, int, str]] = Counter()
        self._waiting: Sequence[Happened] = ()
        self._telling = False

    def own(self, job: Job, change: Change) -> None:
        """This run did something to a job."""
        if not self._telling:
            self._own[job.id, change.attempt, change.event] += 1

    async def begin(self) -> None:
        """What happened up to now is known already."""
        newest = await self._ledger.happenings(1)
        self._last = newest[0].id if newest else 0

    async def catch_up(self, listener: RunListener) -> None:
        """Tell of what is new.

        It is told one look later: by then it is known what of it this run did itself.
        """
        ready, self._waiting = self._waiting, await self._read()
        others = [one for one in ready if not self._is_own(one)]
        numbers = sorted({one.job for one in others})
        jobs = {job.id: job for job in await self._ledger.some_jobs(numbers)}
        self._telling = True
        try:
            for one in others:
                if one.job in jobs:
                    listener.changed(jobs[one.job], _change(one))
        finally:
            self._telling = False

    def _is_own(self, one: Happened) -> bool:
        name = (one.job, one.attempt, one.event)
        if self._own[name] <= 0:
            del self._own[name]
            return False
        self._own[name] -= 1
        return True

    async def _read(self) -> Sequence[Happened]:
        lines = await self._ledger.happened_after(self._last, MOST)
        self._last = lines[-1].id if lines else self._last
        return lines


def _change(line: Happened) -> Change:
    told = line.detail
    return Change(
        job=line.job,
        attempt=line.attempt,
        event=Event(line.event),
        at=line.at,
        task_id=told.get("task_id"),
        cost=told.get("cost"),
        video_file=told.get("video_file"),
        request_id=told.get("request_id"),
        error_code=told.get("error_code"),
        error=told.get("error"),
        detail=told,
    )
