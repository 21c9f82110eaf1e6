"""Downloads: videos come home, or the next run fetches them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from batch_runner.core.decide import Policy
from batch_runner.core.outcomes import FetchKind, FetchOutcome, PollKind, PollOutcome
from batch_runner.scheduler.gates import Turns
from batch_runner.scheduler.world import Limits

if TYPE_CHECKING:
    from tests.scheduler.conftest import Play, Stage

FAST = Limits(slots=50, rate=50.0)
DEAD = FetchOutcome(kind=FetchKind.LINK_DEAD)


def test_a_dead_link_is_asked_for_anew(stage: Stage, play: Play) -> None:
    """A link that died is replaced by a fresh one from the task, and the video comes."""

    async def story() -> None:
        stage.service.fetches = lambda url: DEAD if url.endswith("/1.mp4") else None
        await stage.sheet(["a"])
        await stage.run(limits=FAST)
        job = (await stage.jobs())["a"]
        assert str(job.state) == "succeeded"
        assert job.urls == ("https://v.example.com/task_1/2.mp4",)
        assert job.video_file is not None
        assert job.error == ""

    play(story)


def test_no_fresh_link_is_a_video_error_and_not_a_failure(stage: Stage, play: Play) -> None:
    """A dead link while the service tells nothing leaves the row paid, for the next run."""

    async def story() -> None:
        def silent_after_the_first_link() -> PollOutcome | None:
            gone = any(task.links for task in stage.service.tasks.values())
            return PollOutcome(kind=PollKind.UNAVAILABLE) if gone else None

        stage.service.look = silent_after_the_first_link
        stage.service.fetches = lambda _url: DEAD
        await stage.sheet(["a"])
        await stage.run(limits=FAST)
        job = (await stage.jobs())["a"]
        assert (str(job.state), job.error_code) == ("succeeded", "video_link_dead")
        stage.service.look = lambda: None
        stage.service.fetches = lambda _url: None
        await stage.run(limits=FAST)
        assert (await stage.jobs())["a"].video_file is not None

    play(story)


def test_a_video_that_cannot_be_had_is_fetched_by_the_next_run(stage: Stage, play: Play) -> None:
    """A failed download leaves the row succeeded with a video error, mended by the next run."""

    async def story() -> None:
        for kind in (
            FetchKind.DAMAGED,
            FetchKind.UNAVAILABLE,
            FetchKind.DISK,
            FetchKind.LINK_DEAD,
        ):
            stage.service.fetches = lambda _url, kind=kind: FetchOutcome(kind=kind)  # type: ignore[misc]
            await stage.sheet(["a"])
            assert await stage.run(limits=FAST) is None
            job = (await stage.jobs())["a"]
            assert str(job.state) == "succeeded"
            assert job.error_code == f"video_{kind}"
            assert job.error.startswith("video")
            assert (await stage.ledger.totals()).video_missing == 1
        stage.service.fetches = lambda _url: None
        await stage.run(limits=FAST)
        job = (await stage.jobs())["a"]
        assert job.video_file is not None
        assert job.error == ""
        assert set(stage.service.paid().values()) == {1}

    play(story)


def test_a_cut_download_is_tried_again(stage: Stage, play: Play) -> None:
    """A download that comes damaged at first succeeds in the same run."""

    async def story() -> None:
        answers = iter([FetchOutcome(kind=FetchKind.DAMAGED)] * 2)
        stage.service.fetches = lambda _url: next(answers, None)
        await stage.sheet(["a"])
        await stage.run(limits=FAST)
        assert len(stage.service.fetched) == 3
        assert (await stage.jobs())["a"].error == ""

    play(story)


def test_done_without_a_link_is_paid_and_asked_again(stage: Stage, play: Play) -> None:
    """A task that is done but shows no link ends as succeeded with an error, never as failed."""

    async def story() -> None:
        linkless = PollOutcome(kind=PollKind.COMPLETED, cost=400_000)
        stage.service.look = lambda: linkless
        await stage.sheet(["a"])
        await stage.run(limits=FAST)
        job = (await stage.jobs())["a"]
        assert (str(job.state), job.error_code, job.cost) == (
            "succeeded",
            "video_missing",
            400_000,
        )
        await stage.run(limits=FAST)  # asked again, in vain
        assert await stage.states() == {"succeeded": 1}
        stage.service.look = lambda: None
        await asyncio.sleep(stage.service.seconds)
        await stage.run(limits=FAST)
        assert (await stage.jobs())["a"].video_file is not None

    play(story)


def test_without_download_rows_end_with_their_links(stage: Stage, play: Play) -> None:
    """With downloads off nothing is fetched; turned on later, the videos come without paying."""

    async def story() -> None:
        await stage.sheet(["a"])
        await stage.run(Policy(download=False), limits=FAST)
        job = (await stage.jobs())["a"]
        assert str(job.state) == "succeeded"
        assert job.urls
        assert stage.service.fetched == []
        await stage.run(limits=FAST)
        assert (await stage.jobs())["a"].video_file is not None
        assert len(stage.service.submits) == 1

    play(story)


def test_a_download_left_behind_is_not_forced_on_a_run_without(stage: Stage, play: Play) -> None:
    """A row that was being fetched ends with its link in a run that downloads nothing."""

    async def story() -> None:
        stage.service.fetches = lambda _url: FetchOutcome(
            kind=FetchKind.UNAVAILABLE, retry_after=9_000.0
        )
        await stage.sheet(["a"])
        await stage.run(limits=Limits(slots=1, rate=1.0, deadline=200.0))
        assert await stage.states() == {"fetching": 1}
        tried = len(stage.service.fetched)
        await stage.run(Policy(download=False), limits=FAST)
        assert await stage.states() == {"succeeded": 1}
        assert len(stage.service.fetched) == tried

    play(story)


def _order(stage: Stage) -> list[str]:
    """The rows in the order in which their videos were asked for."""
    bodies = {task.id: task.body.decode() for task in stage.service.tasks.values()}
    return [bodies[url.split("/")[3]] for url in stage.service.fetched]


def test_links_that_die_first_are_fetched_first(stage: Stage, play: Play) -> None:
    """While downloads wait for their turn, urgency and not arrival decides; unknown comes last."""

    async def story() -> None:
        hours = {"a": None, "b": 9.0, "c": 3.0, "d": 6.0, "e": 1.0}
        stage.service.links_die = {row: h * 3600 for row, h in hours.items() if h is not None}
        await stage.sheet(list(hours))
        await stage.run(Policy(download=False), limits=FAST)
        stage.service.latency = 5.0
        await stage.run(limits=Limits(slots=50, rate=50.0, downloads=1))
        first, *rest = _order(stage)
        assert first in hours  # it found a free place
        assert rest == [row for row in ("e", "c", "d", "b", "a") if row != first]

    play(story)


def test_a_link_that_has_expired_is_not_even_tried(stage: Stage, play: Play) -> None:
    """The task is asked for a fresh one at once; a clock that is wrong costs no more than that."""

    async def story() -> None:
        stage.service.links_die = {"a": 600.0}
        await stage.sheet(["a"])
        await stage.run(Policy(download=False), limits=FAST)
        await asyncio.sleep(3600)
        await stage.run(limits=FAST)  # the fresh one looks just as dead to this clock
        assert [url.rpartition("/")[2] for url in stage.service.fetched] == ["2.mp4"]
        assert (await stage.jobs())["a"].video_file is not None

    play(story)


FULL = FetchOutcome(kind=FetchKind.DISK, message="No space left on device")


def test_a_full_disk_stops_all_downloads_and_buys_nothing_more(stage: Stage, play: Play) -> None:
    """After three in a row nothing is tried or sent; the rest waits, and the next run has it all."""

    async def story() -> None:
        rows = [f"r{n}" for n in range(40)]
        stage.service.fetches = lambda _url: FULL
        await stage.sheet(rows)
        reason = await stage.run(limits=Limits(slots=10, rate=1.0, downloads=1))
        assert reason is not None
        assert reason.code == "not_stored"
        assert "No space left on device" in reason.message
        assert len(stage.service.fetched) == 3
        states = await stage.states()
        assert states["succeeded"] == 3
        assert states["fetching"] == len(stage.service.tasks) - 3 > 0
        assert states["queued"] == 40 - len(stage.service.tasks) > 0
        stage.service.fetches = lambda _url: None
        await stage.run(limits=FAST)
        assert all(job.video_file for job in (await stage.jobs()).values())
        assert set(stage.service.paid().values()) == {1}

    play(story)


def test_a_video_too_large_for_the_disk_stops_nobody_else(stage: Stage, play: Play) -> None:
    """What cannot be stored now and then is that row's trouble alone."""

    async def story() -> None:
        numbers = iter(range(1000))
        stage.service.fetches = lambda _url: FULL if next(numbers) % 3 else None
        await stage.sheet([f"r{n}" for n in range(30)])
        assert await stage.run(limits=Limits(slots=50, rate=50.0, downloads=1)) is None
        jobs = (await stage.jobs()).values()
        assert sum(job.error_code == "video_disk" for job in jobs) == 20
        assert sum(job.video_file is not None for job in jobs) == 10

    play(story)


def test_whoever_stops_waiting_leaves_its_turn_to_the_next(play: Play) -> None:
    """A cancelled wait, also one that was just given its place, holds nothing up."""

    async def story() -> None:
        turns, had = Turns(1), list[int]()

        async def one(n: int) -> None:
            async with turns.turn(None):
                had.append(n)
                await asyncio.sleep(1)

        tasks = [asyncio.create_task(one(n)) for n in range(5)]
        await asyncio.sleep(0.5)
        tasks[1].cancel()
        await asyncio.sleep(0.5)
        tasks[0].cancel()
        tasks[2].cancel()  # its place was given a moment ago, perhaps
        await asyncio.wait(tasks)
        assert had[-2:] == [3, 4]
        async with asyncio.timeout(1), turns.turn(None):
            pass

    play(story)
