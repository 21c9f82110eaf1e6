"""Killed from outside at random and at the worst moments, under faults.

``BATCH_RUNNER_KILLS`` is how often; ``python -m tests.crash.kill_loop`` prints the table.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.crash.kill_loop import ENDED, loop

KILLS = int(os.environ.get("BATCH_RUNNER_KILLS", "3"))  # of each signal
SEED = int(os.environ.get("BATCH_RUNNER_SEED", "1"))


@pytest.mark.parametrize("number", ENDED, ids=lambda number: number.name)
@pytest.mark.timeout(120 + 10 * KILLS)
def test_nothing_is_paid_twice_lost_or_torn(number: signal.Signals, folder: Path) -> None:
    """Drops, 502 after accept, 429, cut answers and downloads, a slow disk, and kills in between."""
    figures = loop(KILLS, number, folder, SEED)
    assert (figures.duplicates, figures.lost, figures.torn, figures.unwell) == (0, 0, 0, [])
    assert figures.kills >= KILLS
