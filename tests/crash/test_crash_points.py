"""A run that ends at any of its points, run again, keeps every promise.

``BATCH_RUNNER_CRASHES=all`` takes every point of every scenario; else those of the money and of the
sheet, once each. ``python -m tests.crash.enumerate_points`` prints the table.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.crash.enumerate_points import LOOKS, Scenario
from tests.crash.harness import Service, Zygote
from tests.crash.points import Stop

ALL = os.environ.get("BATCH_RUNNER_CRASHES") == "all"
SCENARIOS = ["csv", "csv replay", "csv sorted", "xlsx", "xlsx replay", "xlsx sorted"]
SHEET = ("reporter.", "app.", "open(", "os.", "ledger.committed(")
SOME = {"csv": 24, "csv sorted": 12, "xlsx replay": 10}  # points of each, unless all are wanted
STEPS = {  # the least that a run must tell of, or the points have lost their meaning
    "ledger.locked",
    "spend.reserved",
    "spend.committed",
    "ledger.commit(claimed)",
    "ledger.committed(claimed)",
    "provider.submit",
    "provider.submitted",
    "ledger.commit(accepted)",
    "ledger.committed(accepted)",
    "provider.synced",
    "provider.renamed",
    "ledger.committed(stored)",
    "reporter.filled",
    "reporter.synced",
    "reporter.renamed",
    "app.original_kept",
    "ledger.unlocks",
}


def some(stops: list[Stop], name: str) -> list[Stop]:
    """Which points are taken: all, or so many of those that matter in this scenario."""
    if ALL:
        return stops
    steps = [s for s in stops if s.times == 1 and s.point and not LOOKS.match(s.point)]
    if name != "csv":
        steps = [s for s in steps if s.point and s.point.startswith(SHEET)]
    return random.Random(len(steps)).sample(steps, min(SOME[name], len(steps)))


@pytest.mark.parametrize("name", SCENARIOS if ALL else list(SOME))
@pytest.mark.timeout(3000 if ALL else 300)
def test_ended_at_any_point_nothing_is_paid_twice_or_lost(
    name: str, zygote: Zygote, service: Service, folder: Path
) -> None:
    """After each crash the sheet is whole; run again, all is paid once, linked or held, and shown."""
    kind, *ways = name.split()
    scenario = Scenario(
        zygote, service, folder, kind, replay="replay" in ways, turn="sorted" in ways
    )
    stops = scenario.points()
    assert {stop.point for stop in stops} >= STEPS
    for stop in some(stops, name):
        scenario.crash(stop)
    assert scenario.figures.crashes


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.timeout(3000 if ALL else 300)
def test_ended_again_and_again_it_still_comes_to_its_end(
    kind: str, zygote: Zygote, service: Service, folder: Path
) -> None:
    """A run that dies while it mends what the last one left, three times in a row, loses nothing."""
    scenario = Scenario(zygote, service, folder, kind)
    stops, dice = scenario.points(), random.Random(kind)
    for _ in range(200 if ALL else 5):
        scenario.crash(*dice.sample(stops, 3))
    assert scenario.figures.crashes
