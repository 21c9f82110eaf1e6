"""How often those who share an account look at each other."""

from __future__ import annotations

import pytest

from batch_runner.app.run.pool import MEET, pause_among

LEASE = 30.0


@pytest.mark.parametrize("members", [1, 2, 10, 100, 300])
def test_many_look_at_each_other_less_often(members: int) -> None:
    """Together they look some thirty times a second at most."""
    assert members / max(pause_among(members, LEASE), MEET) <= 34


@pytest.mark.parametrize("members", [1, 100, 10_000])
def test_however_many_there_are_each_stays_a_member(members: int) -> None:
    """It may miss a look, and the one after, before it is taken for gone."""
    assert 2 * pause_among(members, LEASE) < LEASE


def test_a_few_are_not_slowed_down() -> None:
    """What one is told, ten others know as soon as ever."""
    assert pause_among(10, LEASE) < MEET
