"""Videos that go elsewhere: to where they are kept, and to where their lasting links lead."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from batch_runner.core.jobs import Job
from batch_runner.core.outcomes import Kept
from batch_runner.core.publishing import Published
from batch_runner.scheduler.breaker import NOT_STORED
from batch_runner.scheduler.world import Limits

if TYPE_CHECKING:
    from tests.scheduler.conftest import Play, Stage

FAST = Limits(slots=50, rate=50.0)
ONE_BY_ONE = Limits(slots=1, rate=50.0)
DOWN = Kept(trouble="the service is down")
BASE = "https://cdn.example.com/"


@dataclass
class Publishing:
    """Publishes as long as nothing is wrong, and counts its tries."""

    trouble: str = ""
    base: str = BASE
    tried: list[str] = field(default_factory=list)

    async def publish(self, job: Job) -> Published:
        """As scripted."""
        self.tried.append(job.row_hash)
        link = "" if self.trouble else f"{BASE}{job.row_hash}"
        return Published(link=link, trouble=self.trouble)


def test_what_came_and_was_not_kept_is_put_there_by_the_next_run(stage: Stage, play: Play) -> None:
    """Without another download; the row says why until then."""

    async def story() -> None:
        stage.shelf.keeps = lambda: DOWN
        await stage.sheet(["a"])
        assert await stage.run(limits=FAST) is None
        job = (await stage.jobs())["a"]
        assert (str(job.state), job.error_code, job.video_file) == (
            "succeeded",
            "video_storage",
            None,
        )
        assert "the service is down" in job.error
        stage.shelf.keeps = lambda: None
        assert await stage.run(limits=FAST) is None
        job = (await stage.jobs())["a"]
        assert (job.error, job.video_file is None) == ("", False)
        assert len(stage.service.fetched) == 1
        assert len(stage.service.tasks) == 1

    play(story)


def test_a_place_that_takes_nothing_stops_the_buying_and_no_download(
    stage: Stage, play: Play
) -> None:
    """After a few in a row; what was bought by then is brought here before its links die."""

    async def story() -> None:
        asked = 0

        def refuse() -> Kept:
            nonlocal asked
            asked += 1
            return DOWN

        stage.shelf.keeps = refuse
        await stage.sheet([f"row {n}" for n in range(20)])
        reason = await stage.run(limits=Limits(slots=6, rate=50.0, downloads=1))
        assert reason is not None
        assert reason.code == "not_stored"
        assert "the service is down" in reason.message
        bought = len(stage.service.tasks)
        assert bought < 20
        assert len(stage.service.fetched) == bought
        assert asked == NOT_STORED
        stage.shelf.keeps = lambda: None
        assert await stage.run(limits=FAST) is None
        assert await stage.states() == {"succeeded": 20}
        assert all(job.video_file for job in (await stage.jobs()).values())
        assert set(stage.service.paid().values()) == {1}

    play(story)


def test_one_that_is_refused_now_and_then_stops_nothing(stage: Stage, play: Play) -> None:
    """Only several in a row are a trouble of all rows."""

    async def story() -> None:
        answers = iter([DOWN, DOWN, None] * 4)
        stage.shelf.keeps = lambda: next(answers)
        await stage.sheet([f"row {n}" for n in range(12)])
        assert await stage.run(limits=ONE_BY_ONE) is None
        assert (await stage.ledger.totals()).video_missing == 8

    play(story)


def test_what_is_not_published_is_tried_a_few_times_and_by_the_next_run(
    stage: Stage, play: Play
) -> None:
    """All is made and stored all the same; each row says that its link does not last yet."""

    async def story() -> None:
        stage.publisher = Publishing(trouble="no bucket")
        await stage.sheet([f"row {n}" for n in range(8)])
        assert await stage.run(limits=ONE_BY_ONE) is None
        assert len(stage.publisher.tried) == NOT_STORED
        totals = await stage.ledger.totals()
        assert (totals.states, totals.unpublished) == ({"succeeded": 8}, 8)
        assert all("no bucket" in job.error for job in (await stage.jobs()).values())
        stage.publisher = Publishing()
        assert await stage.run(limits=FAST) is None
        assert len(stage.publisher.tried) == 8
        assert {job.link for job in (await stage.jobs()).values()} == {
            f"{BASE}row {n}" for n in range(8)
        }
        assert (await stage.ledger.totals()).unpublished == 0
        stage.publisher = Publishing()
        assert await stage.run(limits=FAST) is None
        assert stage.publisher.tried == []
        assert len(stage.service.fetched) == 8

    play(story)
