"""A schedule of its own: one batch file, run again and again, for those without cron."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from batch_runner.app.clock import localiser
from batch_runner.app.sheet.projection import Localise
from batch_runner.core.due import Action, Missed, Times, next_step
from batch_runner.core.errors import BatchRunnerError, ConfigError, LedgerError
from batch_runner.core.language import phrase
from batch_runner.settings.batch import read_batch

LOOK = 30.0  # seconds after which the clock is looked at again: it may be set, and computers sleep


@dataclass(frozen=True, slots=True)
class Plan:
    """When a batch file is to run."""

    times: Times
    missed: Missed
    localise: Localise


def read_plan(path: Path) -> Plan:
    """What a batch file says of its schedule.

    Raises:
        ConfigError: the file is unusable, or has no schedule.
    """
    schedule = read_batch(path).schedule
    if schedule is None:
        raise ConfigError(
            phrase("this batch file has no schedule."),
            code="no_schedule",
            where=str(path),
            hint=phrase("Add one, such as: schedule: {{cron: '0 2 * * *'}}"),
        )
    localise = localiser(schedule.time_zone)
    return Plan(times_of(schedule.cron, localise), Missed(schedule.missed), localise)


def times_of(cron: str, localise: Localise) -> Times:
    """The times of a cron expression, where the clocks show what ``localise`` says.

    As Debian's cron does it: a time that is left out when clocks go forward comes right after, one
    that comes twice when they go back comes once.
    """
    from cronsim import CronSim

    def after(at: datetime) -> datetime:
        return next(CronSim(cron, localise(at))).astimezone(UTC)

    def latest(at: datetime) -> datetime:
        second = timedelta(seconds=1)  # it looks for what is before, and this one may be it
        return next(CronSim(cron, localise(at + second), reverse=True)).astimezone(UTC)

    return Times(after, latest)


class Memory:
    """Up to which time a schedule is dealt with, on disk."""

    def __init__(self, folder: Path, file: Path) -> None:
        """``folder``: of what all sheets of the user share; ``file``: the batch file, resolved."""
        name = hashlib.sha256(str(file).encode()).hexdigest()[:16]
        self.folder = folder / "schedules" / name
        self._path = self.folder / "last.json"
        self._file = file

    def last(self) -> datetime | None:
        """The time; ``None``: it never ran.

        Raises:
            LedgerError: the note cannot be read.
        """
        try:
            return datetime.fromisoformat(json.loads(self._path.read_text("utf-8"))["last"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LedgerError(
                phrase("it cannot be read when the schedule ran last ({reason}).", reason=error),
                code="schedule_memory",
                where=str(self._path),
                hint=phrase("Delete this file, and the schedule goes on from now."),
            ) from error

    def keep(self, at: datetime) -> None:
        """Everything up to this time is dealt with.

        Raises:
            LedgerError: the note cannot be written.
        """
        fresh = self._path.with_suffix(".new")
        note = {"file": str(self._file), "last": at.isoformat()}
        try:
            fresh.write_text(json.dumps(note), "utf-8")
            fresh.replace(self._path)
        except OSError as error:
            raise LedgerError(
                phrase(
                    "it cannot be noted when the schedule ran ({reason}).",
                    reason=error.strerror or error,
                ),
                code="schedule_memory",
                where=str(self._path),
                hint=phrase(
                    "Free some space or mend the folder's permissions: after a restart this run is made again, which pays for nothing twice."
                ),
            ) from error


class Schedule:
    """Waits for its times and runs one thing at each, never two at once."""

    def __init__(
        self,
        read: Callable[[], Plan],
        memory: Memory,
        launch: Callable[[], Awaitable[int]],
        *,
        now: Callable[[], datetime],
        say: Callable[[str], None],
    ) -> None:
        """Prepare.

        Args:
            read: what the batch file says now.
            memory: up to which time everything is dealt with.
            launch: one run, to its end; gives its exit code.
            now: wall time, aware.
            say: told what is done and what comes next.

        Raises:
            ConfigError: the batch file is unusable.
        """
        self._read = read
        self._plan = read()
        self._memory = memory
        self._launch = launch
        self._now = now
        self._say = say
        self._news = asyncio.Event()
        self._stopping = False

    def stop(self) -> None:
        """Begin nothing more; a run that is on is waited for."""
        self._stopping = True
        self._news.set()

    def reload(self) -> None:
        """Use what the batch file says now; if it cannot be used, what it said before."""
        try:
            self._plan = self._read()
        except BatchRunnerError as error:
            self._say(phrase("The schedule stays as it was: {reason}", reason=error))
            return
        self._say(phrase("The batch file was read again."))
        self._news.set()

    async def work(self) -> None:
        """Until it is stopped."""
        last = self._memory.last()
        if last is None:
            last = self._now()
            self._memory.keep(last)
        told: datetime | None = None
        while not self._stopping:
            step = next_step(last, self._now(), self._plan.times, self._plan.missed)
            if step.action is Action.WAIT:
                if step.at != told:
                    self._say(phrase("Next run: {when}.", when=self._shown(step.at)))
                told = step.at
                await self._wait((step.at - self._now()).total_seconds())
                continue
            if step.action is Action.RUN:
                await self._run(self._shown(step.at))
            else:
                self._say(
                    phrase(
                        "The run of {when} was missed and is left out.",
                        when=self._shown(step.at),
                    )
                )
            if not self._stopping:  # what was cut short is begun again after a restart
                last = step.at
                self._remember(last)

    async def _run(self, when: str) -> None:
        self._say(phrase("Run of {when} begins.", when=when))
        try:
            code = await self._launch()
        except OSError as error:  # of the system: no processes, no memory; the next time may do
            self._say(
                phrase(
                    "Run of {when} could not be started: {reason}.",
                    when=when,
                    reason=error.strerror or error,
                )
            )
        else:
            self._say(phrase("Run of {when} ended with exit code {code}.", when=when, code=code))

    def _remember(self, at: datetime) -> None:
        try:
            self._memory.keep(at)
        except LedgerError as error:
            self._say(str(error))  # it goes on by what it has in mind

    def _shown(self, at: datetime) -> str:
        return f"{self._plan.localise(at):%Y-%m-%d %H:%M %Z}"

    async def _wait(self, seconds: float) -> None:
        self._news.clear()
        try:
            async with asyncio.timeout(min(LOOK, seconds)):
                await self._news.wait()
        except TimeoutError:
            pass
