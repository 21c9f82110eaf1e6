"""Whose a job is: workers that die, come back late, begin and end; no task is lost or paid twice."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

import pytest

from batch_runner.core.errors import LedgerError
from batch_runner.core.lifecycle import Event, State
from batch_runner.ledger.postgres import campaigns, workers
from tests.ledger.conftest import ORIGIN
from tests.ledger.fleet_workers import Crew, looked_at, play, tell


def test_a_dead_workers_jobs_go_on_with_another(fleet_database: str) -> None:
    """What it was sending is unknown; its task at work is looked at by another one."""

    async def story() -> None:
        with closing(await Crew.gather(fleet_database, ["a", "b"], "one", "two")) as crew:
            one, two = crew.hands
            sending, taken = await crew.take(one), await crew.take(one)
            await tell(one, taken, Event.ACCEPTED, task_id="t")
            assert await two.ledger.adopt(10) == []
            await crew.die(one)
            assert (await looked_at(crew, sending.id)).state is State.UNKNOWN
            (adopted,) = await two.ledger.adopt(10)
            assert (adopted.id, adopted.task_id) == (taken.id, "t")
            ended = await tell(two, adopted, Event.FINISHED)
            assert ended.state is State.SUCCEEDED

    play(story())


def test_a_late_answer_keeps_its_task(fleet_database: str) -> None:
    """A worker that was taken for dead tells the task all the same; it may do nothing more."""

    async def story() -> None:
        with closing(await Crew.gather(fleet_database, ["a"], "one", "two")) as crew:
            one, two = crew.hands
            job = await crew.take(one)
            await crew.die(one)
            late = await tell(one, job, Event.ACCEPTED, task_id="t")
            assert (late.state, late.task_id) == (State.RUNNING, "t")
            assert (await tell(one, job, Event.ACCEPTED, task_id="t")).task_id == "t"
            with pytest.raises(LedgerError) as caught:
                await tell(one, late, Event.FINISHED)
            assert caught.value.code == "lease_lost"
            (adopted,) = await two.ledger.adopt(10)
            assert adopted.task_id == "t"

    play(story())


@pytest.mark.parametrize("event", [Event.DEFERRED, Event.REJECTED])
def test_a_late_no_settles_what_was_unknown(fleet_database: str, event: Event) -> None:
    """Nothing was accepted, so nobody has to find that out by hand, and nothing is held for it."""

    async def story() -> None:
        with closing(await Crew.gather(fleet_database, ["a"], "one", "two")) as crew:
            one, two = crew.hands
            job = await crew.take(one)
            await crew.die(one)
            assert (await looked_at(crew, job.id)).state is State.UNKNOWN
            await tell(one, job, event, error="no")
            assert (await two.ledger.totals()).held == 0
            again = await crew.take(two)
            assert (again.attempt, again.idempotency_key) != (job.attempt, job.idempotency_key)
            with pytest.raises(LedgerError):
                await tell(one, job, event, error="no")
            assert (await looked_at(crew, job.id)).state is State.SUBMITTING

    play(story())


def test_a_late_answer_that_knows_nothing_changes_nothing(fleet_database: str) -> None:
    """A worker that was taken for dead and lost its answer has nothing to add."""

    async def story() -> None:
        with closing(await Crew.gather(fleet_database, ["a"], "one")) as crew:
            (one,) = crew.hands
            job = await crew.take(one)
            await crew.die(one)
            with pytest.raises(LedgerError):
                await tell(one, job, Event.LOST)
            assert (await looked_at(crew, job.id)).state is State.UNKNOWN

    play(story())


def test_a_question_takes_over_nothing(fleet_database: str) -> None:
    """Whoever only counts or shows what is at work leaves it to those who will see to it."""

    async def story() -> None:
        with closing(await Crew.gather(fleet_database, ["a", "b"], "one", "two")) as crew:
            one, two = crew.hands
            running, done = await crew.take(one), await crew.take(one)
            await tell(one, running, Event.ACCEPTED, task_id="t")
            done = await tell(one, done, Event.ACCEPTED, task_id="u")
            await tell(one, done, Event.UNOBTAINABLE, error_code="video_gone")
            await crew.die(one)
            assert [job.id for job in await two.ledger.open_jobs()] == [running.id]
            assert [job.id for job in await two.ledger.without_video()] == [done.id]
            assert [job.id for job in await two.ledger.adopt(10)] == [running.id]
            assert [job.id for job in await two.ledger.adopt_videos(10)] == [done.id]

    play(story())


def test_a_new_run_leaves_living_workers_alone(fleet_database: str) -> None:
    """What another one is sending right now is not unknown because a run begins."""

    async def story() -> None:
        with closing(await Crew.gather(fleet_database, ["a", "b"], "one", "two", "run")) as crew:
            one, two, run = crew.hands
            living, dead = await crew.take(one), await crew.take(two)
            await crew.silence(two)
            await crew.fleet.change(workers.bury, 0.0)
            await run.ledger.start_run(datetime.now(UTC), host="here", pid=1, version="0")
            assert (await looked_at(crew, living.id)).state is State.SUBMITTING
            assert (await looked_at(crew, dead.id)).state is State.UNKNOWN

    play(story())


def test_a_worker_that_ends_gives_all_back(fleet_database: str) -> None:
    """Its tasks at work go on with another at once, and its slots stay theirs."""

    async def story() -> None:
        with closing(await Crew.gather(fleet_database, ["a", "b"], "one", "two")) as crew:
            one, two = crew.hands
            sending, taken = await crew.take(one), await crew.take(one)
            await tell(one, taken, Event.ACCEPTED, task_id="t")
            assert await one.ledger.release(datetime.now(UTC)) == 2
            await crew.fleet.change(workers.leave, one.token)
            assert (await looked_at(crew, sending.id)).state is State.UNKNOWN
            assert [job.id for job in await two.ledger.adopt(10)] == [taken.id]

    play(story())


def test_videos_still_to_be_had_are_shared_out(fleet_database: str) -> None:
    """One worker fetches each, and another where that one dies."""

    async def story() -> None:
        with closing(await Crew.gather(fleet_database, ["a"], "one", "two")) as crew:
            one, two = crew.hands
            job = await crew.take(one)
            job = await tell(one, job, Event.ACCEPTED, task_id="t")
            await tell(one, job, Event.UNOBTAINABLE, error_code="video_gone")
            (mine,) = await two.ledger.adopt_videos(10)
            assert await one.ledger.adopt_videos(10) == []
            await crew.die(two)
            assert await one.ledger.adopt_videos(10) == [mine]

    play(story())


def test_one_run_writes_a_sheet(fleet_database: str) -> None:
    """A second one is told who does; it may once the first has ended or died."""

    async def story() -> None:
        with closing(await Crew.gather(fleet_database, [], "one", "two")) as crew:
            one, two = crew.hands
            hold = (campaigns.hold, crew.campaign)
            assert await crew.fleet.change(*hold, one.token) is None
            assert await crew.fleet.change(*hold, one.token) is None
            other = await crew.fleet.change(*hold, two.token)
            assert other is not None
            assert other.host == "one"
            await crew.silence(one)
            assert await crew.fleet.change(*hold, two.token) is None
            await crew.fleet.change(campaigns.let_go, crew.campaign, two.token)
            assert await crew.fleet.ask(campaigns.writer, crew.campaign) is None

    play(story())


def test_a_campaign_is_found_by_its_sheet_and_rows(fleet_database: str) -> None:
    """By the name of the file and what it knows of the rows; another sheet of that name is none."""

    async def story() -> None:
        with closing(await Crew.gather(fleet_database, ["p", "q", "r"])) as crew:
            asked = ("sheet.csv", ORIGIN, ["p", "r", "new"])
            found = {one.id: known for one, known in await crew.fleet.ask(campaigns.find, *asked)}
            assert found[crew.campaign] == 2
            strange = ("sheet.csv", ORIGIN, ["of another sheet"])
            assert await crew.fleet.ask(campaigns.find, *strange) == []
            await crew.fleet.change(campaigns.rename, crew.campaign, "other.csv")
            assert crew.campaign not in {
                one.id for one, _ in await crew.fleet.ask(campaigns.find, *asked)
            }
            await crew.fleet.change(campaigns.set_active, crew.campaign, active=True)
            active = await crew.fleet.ask(campaigns.active, ORIGIN)
            assert [one.sheet for one in active if one.id == crew.campaign] == ["other.csv"]

    play(story())
