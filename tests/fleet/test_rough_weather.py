"""A campaign whose workers are killed and whose database is restarted keeps every promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fleet.proof import Plan, prove
from tests.postgres import Server


@pytest.mark.timeout(300)
def test_killed_workers_and_a_killed_database_cost_nothing(
    tmp_path: Path, own_postgres: Server
) -> None:
    """Each attempt is accepted once, nothing is lost, limits hold, the sheet shows the ledger."""
    plan = Plan(rows=80, workers=2, kill_every=4.0, restart_every=9.0, rate=10, slots=15)
    figures = prove(tmp_path, own_postgres, plan)
    assert figures.rows == plan.rows
    assert figures.exit in {0, 1}  # 1: rows are unknown, or failed as the sandbox was told to
    assert figures.kills > 0
    assert (figures.duplicates, figures.lost, figures.differing) == (0, 0, 0)
    assert figures.at_once <= plan.slots
    assert figures.in_window <= plan.rate * 6  # of 5 s: a busy machine sends some of it late
