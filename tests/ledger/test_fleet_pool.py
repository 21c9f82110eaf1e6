"""Runs and workers on several machines share what an account bears, whatever their clocks show."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from batch_runner.core.pace import Found
from batch_runner.core.share import Member
from batch_runner.ledger.pool_store import PoolStore, Told
from batch_runner.ledger.postgres.fleet import Fleet

ORIGIN = "https://api.example.com"
FAST, SLOW = 9_000_000_000.0, 1_000.0  # what the clocks of two machines show at this moment


@pytest.fixture
def pools(database: str) -> Iterator[tuple[PoolStore, PoolStore]]:
    """The runs of an account, as two machines see them."""
    fleets = [asyncio.run(Fleet.open(database)) for _ in range(2)]
    yield fleets[0].pool("a", ORIGIN), fleets[1].pool("a", ORIGIN)
    for fleet in fleets:
        fleet.close()


def meet(store: PoolStore, name: str, at: float, in_flight: int = 0) -> Told:
    """A run that would use 10 slots and 4 submits a second meets the others."""
    me = Member(id=name, rate=4.0, slots=10, in_flight=in_flight, sending=True, served_at=at - 1)
    return store.meet(me, at, limited_at=0.0, cool_until=0.0)


def test_machines_divide_what_an_account_bears(pools: tuple[PoolStore, PoolStore]) -> None:
    """They see each other though their clocks differ by far, and one that left frees its share."""
    here, there = pools
    assert meet(here, "one", FAST).share.alone
    assert meet(there, "two", SLOW).share.slots == 0
    assert meet(here, "one", FAST, in_flight=7).share.slots == 5
    assert meet(there, "two", SLOW).share.slots == 3
    here.leave("one")
    assert meet(there, "two", SLOW).share.alone


def test_a_429_pauses_all_machines(pools: tuple[PoolStore, PoolStore]) -> None:
    """Told as a time of the clock of whoever hears it."""
    here, there = pools
    me = Member(id="one", rate=4.0, slots=10, in_flight=0, sending=True, served_at=FAST)
    here.meet(me, FAST, limited_at=FAST - 0.1, cool_until=FAST + 20)
    heard = meet(there, "two", SLOW)
    assert 0 < heard.cool_until - SLOW <= 20
    assert heard.limited_at is not None
    assert heard.limited_at < SLOW


def test_what_one_machine_found_all_know(pools: tuple[PoolStore, PoolStore]) -> None:
    """Rate and slots, with their age."""
    here, there = pools
    assert there.found(SLOW) is None
    here.remember(12.0, 40.0, FAST)
    found = there.found(SLOW)
    assert found is not None
    assert (found.rate, found.slots) == (12.0, 40.0)
    assert isinstance(found, Found)
    assert 0 <= found.age < 60
