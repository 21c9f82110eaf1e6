"""Sending again: only what was certainly not accepted, or is wanted anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch_runner.core.decide import Policy
from batch_runner.core.outcomes import PollKind, SubmitKind, SubmitOutcome

if TYPE_CHECKING:
    from tests.scheduler.conftest import Play, Stage

LIMITED = SubmitOutcome(kind=SubmitKind.LIMITED, http_status=429, code="http_429")
NOT_SENT = SubmitOutcome(kind=SubmitKind.NOT_SENT, code="not_sent")
LOST = SubmitOutcome(kind=SubmitKind.UNKNOWN, code="timeout", message="no answer in 180 s")


def rows(n: int) -> list[str]:
    """So many different rows."""
    return [f"row {i:03}" for i in range(n)]


def test_a_lost_answer_is_unknown_and_never_sent_again(stage: Stage, play: Play) -> None:
    """A row whose answer was lost is held in this run and in the next, with its reservation."""

    async def accepted_but_lost() -> SubmitOutcome:
        stage.service.accept(b"row 001", "lost")
        return LOST

    async def story() -> None:
        stage.service.faults = {2: accepted_but_lost}
        await stage.sheet(rows(4))
        assert await stage.run() is None
        assert await stage.run() is None
        assert await stage.states() == {"succeeded": 3, "unknown": 1}
        assert set(stage.service.paid().values()) == {1}
        assert (await stage.ledger.totals()).held == 3 * 400_000 + 500_000

    play(story)


def test_a_replay_sends_the_same_key_and_pays_once(stage: Stage, play: Play) -> None:
    """With idempotency: replay the lost row is sent again in this run, and paid once."""

    async def story() -> None:
        service = stage.service
        service.honours_keys = True

        async def accepted_but_lost() -> SubmitOutcome:
            _, key, body = service.submits[1]
            service.accept(body, key)
            return LOST

        service.faults = {2: accepted_but_lost}
        await stage.sheet(rows(4))
        assert await stage.run(Policy(replay=True)) is None
        assert await stage.states() == {"succeeded": 4}
        assert set(service.paid().values()) == {1}
        assert len({key for _, key, body in service.submits if body == b"row 001"}) == 1

    play(story)


def test_a_replay_waits_for_what_is_in_progress(stage: Stage, play: Play) -> None:
    """409 in progress with Retry-After is asked again in the same run, not before its time."""

    async def story() -> None:
        busy = SubmitOutcome(
            kind=SubmitKind.IN_PROGRESS, http_status=409, code="in_progress", retry_after=20.0
        )
        stage.service.faults = {1: LOST, 2: busy}
        await stage.sheet(["a"])
        assert await stage.run(Policy(replay=True)) is None
        times = [at for at, _, _ in stage.service.submits]
        assert len(times) == 3
        assert times[2] >= times[1] + 20.0
        assert await stage.states() == {"succeeded": 1}

    play(story)


def test_rows_certainly_not_accepted_go_out_again_under_the_same_key(
    stage: Stage, play: Play
) -> None:
    """A connection that never opened is no new attempt."""

    async def story() -> None:
        stage.service.faults = {1: NOT_SENT}
        await stage.sheet(["a"])
        await stage.run()
        keys = {key for _, key, _ in stage.service.submits}
        assert (len(stage.service.submits), len(keys)) == (2, 1)
        assert (await stage.jobs())["a"].attempt == 1

    play(story)


def test_sends_of_one_row_are_bounded(stage: Stage, play: Play) -> None:
    """A row that is never taken stays queued after its tries, and the next run tries again."""

    async def story() -> None:
        busy = SubmitOutcome(kind=SubmitKind.UNAVAILABLE, code="get_channel_failed")
        stage.service.every = lambda: busy
        await stage.sheet(["a"])
        assert await stage.run(Policy(max_tries=3)) is None
        assert len(stage.service.submits) == 3
        assert await stage.states() == {"queued": 1}
        stage.service.every = lambda: None
        await stage.run(Policy(max_tries=3))
        assert await stage.states() == {"succeeded": 1}

    play(story)


def test_a_failed_task_gets_a_new_attempt_under_a_new_key(stage: Stage, play: Play) -> None:
    """retry.failed_tasks: 1 buys a failed row once more and then lets it fail."""

    async def story() -> None:
        failed = PollKind.FAILED
        stage.service.outcomes = {"a": [failed], "b": [failed, failed]}
        await stage.sheet(["a", "b", "c"])
        assert await stage.run(Policy(failed_tasks=1)) is None
        assert stage.service.paid() == {b"a": 2, b"b": 2, b"c": 1}
        assert len({key for _, key, _ in stage.service.submits}) == 5
        jobs = await stage.jobs()
        assert {name: str(job.state) for name, job in jobs.items()} == {
            "a": "succeeded",
            "b": "failed",
            "c": "succeeded",
        }
        assert jobs["b"].attempt == 2

    play(story)


def test_a_failed_task_is_not_bought_again_unasked(stage: Stage, play: Play) -> None:
    """By default a failed row stays failed, also in the next run."""

    async def story() -> None:
        stage.service.outcomes = {"a": [PollKind.FAILED]}
        await stage.sheet(["a"])
        await stage.run()
        await stage.run()
        assert stage.service.paid() == {b"a": 1}
        assert await stage.states() == {"failed": 1}
        assert (await stage.ledger.totals()).held == 0

    play(story)
