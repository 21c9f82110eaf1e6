"""Batch files at their times: once over all machines that keep them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from batch_runner.app.fleet.timetable import Timetable
from batch_runner.app.timetable.schedule import Memory
from batch_runner.queue.queue import Ears, come, listen
from tests.fleet.conftest import Command
from tests.fleet.house import House, cells

MIDNIGHT = datetime(2026, 11, 26, tzinfo=UTC)


class Runs:
    """What was started, on whichever machine."""

    def __init__(self) -> None:
        self.machines: list[str] = []
        self.news = asyncio.Event()

    async def wait_for(self, many: int) -> None:
        """Until there were so many."""
        async with asyncio.timeout(60):
            while len(self.machines) < many:
                self.news.clear()
                await self.news.wait()


class Launcher:
    """A run that is over at once."""

    def __init__(self, machine: str, runs: Runs) -> None:
        self._machine = machine
        self._runs = runs

    async def run(self) -> int:
        """Note it."""
        self._runs.machines.append(self._machine)
        self._runs.news.set()
        return 0

    def end(self) -> None:
        """It is over."""


def test_each_time_is_run_once_by_one_of_three_machines(tmp_path: Path, database: str) -> None:
    """All three say that it has come; a machine that says so late starts nothing more."""

    async def story() -> None:
        runs, clock = Runs(), [MIDNIGHT]
        kept = []
        for machine in ("one", "two", "three"):
            folder = tmp_path / machine
            folder.mkdir()
            file = folder / "nightly.yaml"
            file.write_text(
                "sheets: [campaign.csv]\n"
                "schedule: {cron: '0 2 * * *', time_zone: UTC, name: nightly}\n",
                "utf-8",
            )
            kept.append(
                Timetable(
                    file=file,
                    memory=Memory(folder, file),
                    come=partial(come, database),
                    child=Launcher(machine, runs),
                    now=lambda: clock[0],
                    say=lambda _line: None,
                )
            )
        ears = [
            Ears(
                worker=str(place),
                campaign=lambda _campaign: None,
                schedules=[one.name],
                time=lambda _name, at, one=one: one.has_come(at),  # type: ignore[misc]
            )
            for place, one in enumerate(kept)
        ]
        tasks = [asyncio.create_task(listen(database, each)) for each in ears]
        assert [await one.look() for one in kept] == [7200.0] * 3  # the first look only waits
        for night in range(1, 4):
            clock[0] = MIDNIGHT + timedelta(days=night - 1, hours=2, seconds=3)
            for one in kept:
                await one.look()
            await runs.wait_for(night)
        assert await kept[0].look() == pytest.approx(86_397.0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert len(runs.machines) == 3

    asyncio.run(story())


def test_a_worker_runs_a_batch_file_at_its_time(house: House, command: Command) -> None:
    """The command as a whole: the time that passed while nobody ran is made up for by one run."""
    sheet = house.sheet(2)
    batch = sheet.with_name("often.yaml")
    batch.write_text(
        f"sheets: [{sheet.name}]\nschedule: {{cron: '* * * * *', name: often}}\n", "utf-8"
    )
    home = Path(house.environment("worker0")["BATCH_RUNNER_DATA"]) / "fleet"
    memory = Memory(home, batch.resolve())
    memory.folder.mkdir(parents=True)
    memory.keep(datetime.now(UTC) - timedelta(minutes=5))
    worker = house.worker("--schedule", str(batch))
    house.until(lambda: {row.get("status") for row in cells(sheet)} == {"succeeded"})
    worker.terminate()
    assert worker.wait(60) == 143
    assert len(house.accepted()) == 2
