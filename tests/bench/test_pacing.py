"""Pace: how near to the service's own limit a run comes, on virtual time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.pacing import SCENES, Scene, play

BY_NAME = {scene.name: scene for scene in SCENES}


@pytest.mark.parametrize(
    ("name", "ratio", "requests"),
    [
        ("50 slots found", 1.03, 6.0),
        ("50 slots given, probes: 1/s", 1.03, 6.0),
        ("50 slots given", 1.055, 6.0),
        ("50 slots given, exact estimates", 1.01, 2.1),
        ("50 slots given, all tasks alike", 1.01, 1.06),
    ],
)
def test_slots_are_kept_full_with_few_requests(name: str, ratio: float, requests: float) -> None:
    """A run takes hardly longer than the service needs, and asks little beside its submits."""
    told = play(BY_NAME[name], seed=1)
    assert told["ratio"] < ratio
    assert told["looks"] + told["refused"] < requests


@pytest.mark.parametrize(
    ("name", "ratio", "refused"),
    [
        ("10/s burst 10, not known", 1.08, 0.1),
        ("10/s burst 1, not known", 1.5, 0.06),
        ("slots only, not known, no probes", 1.12, 0.08),
    ],
)
def test_limits_that_nobody_gave_are_found(name: str, ratio: float, refused: float) -> None:
    """The rate and the slots of a service are found with few refusals."""
    told = play(BY_NAME[name], seed=1)
    assert told["ratio"] < ratio
    assert told["refused"] < refused


def test_nothing_is_sent_beyond_slots_that_were_given() -> None:
    """However likely it is that a slot is free: what the user gave is kept to, unless told."""
    scene = Scene(name="", jobs=100, slots=20, given=True, warm=True)
    assert play(scene, seed=1)["refused"] == 0
    assert play(replace(scene, probes=0.0), seed=1)["refused"] == 0
