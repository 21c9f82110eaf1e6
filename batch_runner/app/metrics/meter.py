"""Measures a run while it is on, and writes what it finds now and then."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

from batch_runner.app.metrics.figures import Figures
from batch_runner.app.metrics.textfile import file_of, write_figures
from batch_runner.app.run.listen import RunListener
from batch_runner.core.jobs import Change, Job
from batch_runner.core.language import phrase
from batch_runner.ledger.ledger import Ledger
from batch_runner.scheduler.controls import Controls

EVERY = 15.0  # seconds; Prometheus usually asks each 15 to 60


class Meter:
    """Figures of one run into one file; without a target it does nothing at all."""

    def __init__(
        self, target: Path | None, sheet: Path, ledger: Ledger, listener: RunListener
    ) -> None:
        self._path = None if target is None else file_of(target, sheet)
        self._sheet, self._ledger, self._listener = sheet, ledger, listener
        self._controls: Controls | None = None
        self._events: Counter[str] = Counter()
        self._tasks = 0
        self._seconds = 0.0
        self._writing: asyncio.Task[None] | None = None
        self._due = asyncio.Event()  # set where it is worth writing before the time
        self._told = False  # that it cannot be written
        if self._path is not None:
            listener.pass_on(self.heard)

    def watch(self, controls: Controls) -> None:
        """From now on the engine's gauges are read as well."""
        self._controls = controls
        self._due.set()

    def heard(self, _job: Job, change: Change) -> None:
        """Count something that happened to a job."""
        self._events[change.event] += 1
        if change.duration is not None:
            self._tasks += 1
            self._seconds += change.duration

    async def __aenter__(self) -> Self:
        if self._path is not None:
            self._writing = asyncio.ensure_future(self._keep_writing(self._path))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._path is None or self._writing is None:
            return
        self._writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._writing
        self._controls = None
        if error is None:  # else the ledger may be what broke
            await self._write(self._path)

    async def _keep_writing(self, path: Path) -> None:
        while True:
            self._due.clear()
            await self._write(path)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await self._due.wait()

    async def _write(self, path: Path) -> None:
        figures = await self._figures()
        try:
            await asyncio.to_thread(write_figures, path, figures)
        except OSError as error:
            if not self._told:
                why = error.strerror or error
                self._listener.noticed(
                    "no_metrics",
                    phrase("No metrics: {path} cannot be written ({why}).", path=path, why=why),
                )
            self._told = True

    async def _figures(self) -> Figures:
        run = await self._ledger.last_run()
        assert run is not None  # this one
        return Figures(
            sheet=str(self._sheet),
            totals=await self._ledger.totals(),
            vitals=await self._ledger.vitals(),
            run=run,
            gauges=None if self._controls is None else self._controls.gauges(),
            events=dict(self._events),
            limited=self._listener.tally.limited,
            tasks=self._tasks,
            task_seconds=self._seconds,
        )
