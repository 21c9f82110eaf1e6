"""A computer dies in a run; another one that shares the folder goes on, and then the first again.

``BATCH_RUNNER_CRASHES=all`` takes every point; ``python -m tests.crash.two_computers`` prints the
table.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.crash.enumerate_points import LOOKS
from tests.crash.harness import Service, Zygote
from tests.crash.test_crash_points import ALL
from tests.crash.two_computers import LATE, Two

STEPS = {"sent.tells", "sent.told", "ledger.committed(claimed)", "provider.submit"}
MATTER = ("sent.", "ledger.committed(", "provider.", "open(lease", "open(campaign.json", "os.")
SOME = 12


@pytest.mark.timeout(3000 if ALL else 120)
def test_whoever_goes_on_pays_nothing_twice_and_loses_nothing(
    zygote: Zygote, service: Service, folder: Path
) -> None:
    """Ended anywhere, with the sheet or the videos late: each row is bought once by both together."""
    two, dice = Two(zygote, service, folder), random.Random(1)
    stops = two.points()
    assert {stop.point for stop in stops} >= STEPS
    matter = [s for s in stops if s.point and s.point.startswith(MATTER)]
    some = [s for s in matter if s.times == 1 and not LOOKS.match(s.point or "")]
    for stop in stops if ALL else dice.sample(some, SOME):
        two.crash(stop, dice.choice(list(LATE)))
    assert two.figures.crashes
