"""Many workers claim at once: no job twice, and never more than the account and the budget bear."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from batch_runner.core.errors import LedgerError
from batch_runner.core.jobs import Change, ClaimKind, Job
from batch_runner.core.lifecycle import Event
from batch_runner.ledger.postgres import campaigns, workers
from batch_runner.ledger.postgres.bucket import Bounds
from tests.ledger.conftest import TERMS
from tests.ledger.fleet_workers import Crew, Hand, play, tell

TEXTS = [f"row {n}" for n in range(60)]
NAMES = ("one", "two", "three", "four")


async def _work(crew: Crew, hand: Hand, under_way: Counter[str], most: list[int]) -> list[Job]:
    """Claim, be accepted, finish; until nothing is left. ``most``: tasks at work at a time."""
    done = []
    while (claim := await crew.claim(hand)).kind is not ClaimKind.EMPTY:
        if claim.job is None:
            continue
        under_way["now"] += 1
        most.append(under_way["now"])
        job = await tell(hand, claim.job, Event.ACCEPTED, task_id=claim.job.idempotency_key)
        await asyncio.sleep(0)
        under_way["now"] -= 1
        done.append(await tell(hand, job, Event.FINISHED, cost=100, hold=100))
    return done


def test_no_job_is_handed_out_twice_and_no_slot_too_many(fleet_database: str) -> None:
    """Four workers with three claims at a time each, on an account that bears five tasks."""

    async def story() -> None:
        with closing(await Crew.gather(fleet_database, TEXTS, *NAMES)) as crew:
            crew.bounds = Bounds(rate=1e6, slots=5)
            under_way, most = Counter[str](), list[int]()
            works = [_work(crew, hand, under_way, most) for hand in crew.hands for _ in range(3)]
            done = [job for jobs in await asyncio.gather(*works) for job in jobs]
            assert Counter(job.row_hash for job in done) == dict.fromkeys(TEXTS, 1)
            assert {job.attempt for job in done} == {1}
            assert max(most) <= 5
            (left,) = await _row(crew, "SELECT count(*) FROM flights WHERE account = ?")
            assert left == 0

    play(story())


def test_the_budget_holds_for_all_together(fleet_database: str) -> None:
    """What one reserved counts for the others at once."""

    async def story() -> None:
        with closing(await Crew.gather(fleet_database, TEXTS, *NAMES)) as crew:
            claims = [crew.claim(hand, cap=5200) for hand in crew.hands for _ in range(8)]
            kinds = Counter(claim.kind for claim in await asyncio.gather(*claims))
            assert kinds == {ClaimKind.JOB: 10, ClaimKind.OVER_BUDGET: 22}

    play(story())


def test_the_rate_holds_for_all_together(fleet_database: str) -> None:
    """Each claim has its turn by the rate, so many claims take their time, whoever makes them."""

    async def story() -> None:
        with closing(await Crew.gather(fleet_database, TEXTS[:12], *NAMES)) as crew:
            crew.bounds = Bounds(rate=20.0, slots=100)
            (begun,) = await _row(crew, "SELECT seconds() FROM (SELECT CAST(? AS TEXT)) AS x")
            await asyncio.gather(
                *(_work(crew, hand, Counter(), []) for hand in crew.hands for _ in range(2))
            )
            (turn,) = await _row(crew, "SELECT next_at FROM limits WHERE account = ?")
            assert turn - begun >= 12 / 20.0

    play(story())


def test_a_pause_that_one_was_told_holds_for_all(fleet_database: str) -> None:
    """After a 429 nobody of the account claims, until the pause is over."""

    async def story() -> None:
        with closing(await Crew.gather(fleet_database, TEXTS[:3], "one", "two")) as crew:
            one, two = crew.hands
            assert (await crew.claim(one)).job is not None
            await crew.fleet.change(
                lambda c: c.execute(
                    "UPDATE limits SET cool_until = seconds() + 100 WHERE account = ?",
                    (one.desk.account,),
                )
            )
            claim = await crew.claim(two)
            assert claim.kind is ClaimKind.LATER
            assert claim.not_before is not None
            assert 90 < (claim.not_before - TERMS.now).total_seconds() <= 100
            two.ledger.join(replace(two.desk, account="another"), lambda: crew.bounds)
            assert (await crew.claim(two)).job is not None

    play(story())


def test_a_worker_whose_clock_is_wrong_waits_as_long_as_any(fleet_database: str) -> None:
    """A job that may be sent again in a minute is so by every clock, days off as they may be."""

    async def story() -> None:
        with closing(await Crew.gather(fleet_database, TEXTS[:1], "one")) as crew:
            (one,) = crew.hands
            job = await crew.take(one)
            fast = TERMS.now + timedelta(days=9)
            deferred = Change(
                job=job.id,
                attempt=job.attempt,
                event=Event.DEFERRED,
                at=fast,
                not_before=fast + timedelta(seconds=60),
            )
            await one.ledger.record(job, deferred)
            slow = TERMS.now - timedelta(days=9)
            claim = await one.ledger.claim(replace(TERMS, now=slow, key="another"))
            assert claim.kind is ClaimKind.LATER
            assert claim.not_before is not None
            assert 50 < (claim.not_before - slow).total_seconds() <= 60

    play(story())


def test_who_was_silent_claims_nothing(fleet_database: str) -> None:
    """Until it beats again; once it was removed, never again."""

    async def story() -> None:
        with closing(await Crew.gather(fleet_database, TEXTS[:3], "one")) as crew:
            (one,) = crew.hands
            await crew.silence(one)
            assert (await crew.claim(one)).kind is ClaimKind.LATER
            assert await crew.fleet.change(workers.beat, one.token)
            assert (await crew.claim(one)).job is not None
            await crew.die(one)
            assert not await crew.fleet.change(workers.beat, one.token)
            with pytest.raises(LedgerError) as caught:
                await crew.claim(one)
            assert caught.value.code == "lease_lost"

    play(story())


def test_workers_leave_a_campaign_alone_that_is_not_active(fleet_database: str) -> None:
    """Once its run has stopped; the run itself goes on with what it has begun."""

    async def story() -> None:
        with closing(await Crew.gather(fleet_database, TEXTS[:3], "one")) as crew:
            (one,) = crew.hands
            await crew.fleet.change(campaigns.set_active, crew.campaign, active=False)
            assert (await crew.claim(one)).kind is ClaimKind.EMPTY
            await crew.fleet.change(
                lambda c: c.execute(
                    "UPDATE workers SET role = 'run' WHERE token = ?", (one.token,)
                )
            )
            assert (await crew.claim(one)).job is not None

    play(story())


async def _row(crew: Crew, sql: str) -> Any:
    """The one row that the shared tables have of the crew's account."""
    account = crew.hands[0].desk.account
    return await crew.fleet.ask(lambda c: c.execute(sql, (account,)).fetchone())
