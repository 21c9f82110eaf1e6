"""Batch files at their times, once over all machines that have them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from batch_runner.app.timetable.schedule import LOOK, Memory, read_plan
from batch_runner.core.due import Action, next_step
from batch_runner.core.errors import BatchRunnerError
from batch_runner.core.language import phrase
from batch_runner.settings.batch import read_batch


class Launched(Protocol):
    """A run that can be started, and asked to leave."""

    async def run(self) -> int:
        """To its end; gives the exit code."""
        ...

    def end(self) -> None:
        """Ask the run that is on, if any, to leave in order."""
        ...


@dataclass(kw_only=True)
class Timetable:
    """One batch file that this worker keeps, beside others that do.

    Each of them says when a time has come; the database believes the first one, and one of all
    that listen hears of it and runs the file. Machines know a file as the same by the name that its
    schedule bears; without one, only the workers of one machine share it.
    """

    file: Path  # resolved
    memory: Memory
    come: Callable[[str, datetime], Awaitable[bool]]  # tells the database that a time has come
    child: Launched
    now: Callable[[], datetime]
    say: Callable[[str], None]
    name: str = field(init=False)
    _runs: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        """Read the file.

        Raises:
            ConfigError: it is unusable, or has no schedule.
        """
        read_plan(self.file)
        schedule = read_batch(self.file).schedule
        named = None if schedule is None else schedule.name
        self.memory.folder.mkdir(parents=True, exist_ok=True)
        self.name = named or f"{socket.gethostname()}:{self.file}"

    async def keep(self) -> None:
        """Say when its times have come, until cancelled."""
        while True:
            wait = await self.look()
            await asyncio.sleep(min(LOOK, wait))

    async def look(self) -> float:
        """Say it if one has; gives the seconds until the next look is worth it.

        A file that cannot be used just now, or a database that is away, is tried again.
        """
        try:
            plan = read_plan(self.file)
            last = self.memory.last()
            if last is None:
                last = self.now()
                self.memory.keep(last)
            step = next_step(last, self.now(), plan.times, plan.missed)
            if step.action is Action.WAIT:
                return max(0.0, (step.at - self.now()).total_seconds())
            if step.action is Action.RUN:
                await self.come(self.name, step.at)
            self.memory.keep(step.at)
        except BatchRunnerError as error:
            self.say(str(error))
            return LOOK
        return 0.0

    def has_come(self, at: datetime) -> None:
        """This machine is the one that runs it now."""
        when = f"{self._localised(at):%Y-%m-%d %H:%M %Z}"
        if self._runs is not None and not self._runs.done():
            self.say(
                phrase("The run before is still on: the one of {when} is left out.", when=when)
            )
            return
        self._runs = asyncio.create_task(self._run(when))

    async def end(self) -> None:
        """Wait for a run that is on."""
        if self._runs is not None:
            await self._runs

    async def _run(self, when: str) -> None:
        self.say(phrase("Run of {when} begins.", when=when))
        code = await self.child.run()
        self.say(phrase("Run of {when} ended with exit code {code}.", when=when, code=code))

    def _localised(self, at: datetime) -> datetime:
        try:
            return read_plan(self.file).localise(at)
        except BatchRunnerError:
            return at
