"""A schedule of its own: on virtual time, over days and restarts; and one real process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from batch_runner.app.timetable.schedule import Memory, Plan, Schedule, read_plan, times_of
from batch_runner.core.errors import ConfigError, LedgerError
from tests.app.conftest import Cli
from tests.scheduler.simulated import VirtualLoop

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class World:
    """A batch file, a memory on disk, runs that take some time, a clock that jumps."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "nightly.yaml"
        self.memory = Memory(folder, self.file)
        self.memory.folder.mkdir(parents=True)
        self.start = START
        self.runs: list[datetime] = []
        self.said: list[str] = []
        self.takes = timedelta(minutes=10)
        self.write("cron: '0 2 * * *', time_zone: UTC")

    def write(self, schedule: str) -> None:
        """Another schedule in the file."""
        self.file.write_text(f"sheets: [a.csv]\nschedule: {{{schedule}}}\n", "utf-8")

    def now(self) -> datetime:
        """Wall time that goes with the loop's."""
        return self.start + timedelta(seconds=asyncio.get_running_loop().time())

    async def launch(self) -> int:
        """A run."""
        self.runs.append(self.now())
        await asyncio.sleep(self.takes.total_seconds())
        return 0

    def made(self) -> Schedule:
        """The schedule as a fresh process would make it."""
        return Schedule(
            lambda: read_plan(self.file),
            self.memory,
            self.launch,
            now=self.now,
            say=self.said.append,
        )

    def during(self, hours: float, *events: tuple[float, Callable[[Schedule], None]]) -> None:
        """Keep the schedule for some hours; events come at their hour."""

        async def story() -> None:
            schedule = self.made()
            loop = asyncio.get_running_loop()
            for hour, event in events:
                loop.call_at(hour * 3600, event, schedule)
            task = asyncio.ensure_future(schedule.work())
            await asyncio.sleep(hours * 3600)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(story())
        self.start += timedelta(hours=hours)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Eight in the morning, every night at two."""
    return World(tmp_path)


def test_it_runs_each_night_once(world: World) -> None:
    """Three nights, three runs, each at its minute."""
    world.during(72)
    assert [run.strftime("%d %H:%M") for run in world.runs] == [
        "24 02:00",
        "25 02:00",
        "26 02:00",
    ]
    assert "Next run: 2026-11-24 02:00 UTC." in world.said


@pytest.mark.parametrize(
    ("missed", "runs"), [("run", ["26 20:00", "27 02:00"]), ("skip", ["27 02:00"])]
)
def test_nights_without_it_are_made_up_for_by_one_run_or_left_out(
    world: World, missed: str, runs: list[str]
) -> None:
    """Off for three nights: one run at the start, or none, and then the next night's."""
    world.write(f"cron: '0 2 * * *', time_zone: UTC, missed: {missed}")
    world.during(12)
    world.start += timedelta(days=3)
    world.during(12)
    assert [run.strftime("%d %H:%M") for run in world.runs] == runs


def test_a_restart_in_between_runs_nothing_twice(world: World) -> None:
    """Ended after the run and begun again in the same night: it waits for the next."""
    for _ in range(8):
        world.during(6)
    assert [run.strftime("%d %H:%M") for run in world.runs] == ["24 02:00", "25 02:00"]


def test_one_run_at_a_time(world: World) -> None:
    """A run of 26 hours lets the next night pass, which is made up for by one run after it."""
    world.takes = timedelta(hours=26)
    world.during(60)
    assert [run.strftime("%d %H:%M") for run in world.runs] == ["24 02:00", "25 04:00"]


def test_a_run_that_was_cut_short_is_begun_again(world: World) -> None:
    """Stopped in mid-run it waits for it, and the next start goes on with that night."""
    world.during(30, (18.1, Schedule.stop))
    assert len(world.runs) == 1
    world.during(1)
    assert len(world.runs) == 2


def test_news_of_the_file_are_taken_and_mistakes_are_not(world: World) -> None:
    """Read again when told: another hour holds from then on; a mistyped one changes nothing."""

    def earlier(schedule: Schedule) -> None:
        world.write("cron: '0 12 * * *', time_zone: UTC")
        schedule.reload()

    def mistyped(schedule: Schedule) -> None:
        world.write("cron: 'at noon'")
        schedule.reload()

    world.during(36, (1, earlier), (6, mistyped))
    assert [run.strftime("%d %H:%M") for run in world.runs] == ["23 12:00", "24 12:00"]
    assert any("stays as it was" in line and "five fields" in line for line in world.said)


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2026-03-28", ["29 03:00", "30 02:30"]), ("2026-10-24", ["25 02:30", "26 02:30"])],
)
def test_clock_changes_leave_one_run_a_night(day: str, expected: list[str]) -> None:
    """02:30 in Berlin: where it is left out the run comes right after, where it is twice, once."""
    berlin = ZoneInfo("Europe/Berlin")
    times = times_of("30 2 * * *", lambda at: at.astimezone(berlin))
    at = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    found = []
    for _ in expected:
        at = times.after(at)
        assert times.latest(at) == at
        found.append(at.astimezone(berlin).strftime("%d %H:%M"))
    assert found == expected


def test_a_memory_that_cannot_be_read_is_told(world: World) -> None:
    """The file is named, and what to do."""
    (world.memory.folder / "last.json").write_text("no json", "utf-8")
    with pytest.raises(LedgerError, match=r"last\.json.*Delete this file"):
        world.memory.last()


def test_a_file_without_a_schedule_is_refused(tmp_path: Path, cli: Cli) -> None:
    """Exit 2 with an example; so is a mistyped option of run, before any night comes."""
    file = tmp_path / "plain.yaml"
    file.write_text("sheets: [a.csv]\n", "utf-8")
    with pytest.raises(ConfigError, match="no schedule"):
        read_plan(file)
    assert cli("schedule", file).code == 2
    refused = cli("schedule", file, "--quite")
    assert refused.code == 2
    assert "--quiet" in refused.err


def test_plans_have_their_own_zone(world: World) -> None:
    """Two in the morning is that of the zone in the file."""
    world.write("cron: '0 2 * * *', time_zone: Asia/Tokyo")
    plan: Plan = read_plan(world.file)
    assert plan.times.after(START) == datetime(2026, 11, 23, 17, 0, tzinfo=UTC)


def test_a_plain_crontab_line_is_enough(world: World) -> None:
    """Where nothing but the times is to be said, they may stand alone."""
    world.write("cron: '0 2 * * *'")
    in_words = read_plan(world.file).times.after(START)
    world.file.write_text("sheets: [a.csv]\nschedule: 0 2 * * *\n", "utf-8")
    assert read_plan(world.file).times.after(START) == in_words


def test_trouble_of_the_system_ends_no_schedule(world: World) -> None:
    """A run that cannot be started, a memory that cannot be written: told, and the next night comes."""
    good, nights = world.launch, []

    async def launch() -> int:
        nights.append(world.now())
        if len(nights) == 1:
            raise OSError(11, "Resource temporarily unavailable")
        (world.memory.folder / "last.new").mkdir()
        return await good()

    world.launch = launch  # type: ignore[method-assign]
    world.during(50)
    assert [night.strftime("%d %H:%M") for night in nights] == ["24 02:00", "25 02:00"]
    assert any("could not be started: Resource temporarily" in line for line in world.said)
    assert any("cannot be noted when the schedule ran" in line for line in world.said)
