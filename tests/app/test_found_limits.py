"""Limits that were found: kept for the next run over the same sheet and service."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from batch_runner.app.found import found_limits, remember_limits
from batch_runner.core.pace import Found, Pace
from batch_runner.ledger.sqlite import SqliteLedger

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ORIGIN = "https://api.example.com"


def test_what_a_run_found_is_known_to_the_next_with_its_age(tmp_path: Path) -> None:
    """Rate and slots come back with their age, for this service alone; given ones are no find."""

    async def story() -> None:
        ledger = SqliteLedger.for_command(tmp_path / "ledger.sqlite")
        try:
            assert await found_limits(ledger, ORIGIN, NOW) is None
            found = Pace(rate=12.0, slots=40.0, limited=True, slots_known=True)
            await remember_limits(ledger, ORIGIN, found, NOW)
            given = Pace(rate=1.0, slots=2.0, rate_cap=1.0, slots_cap=2.0, limited=True)
            await remember_limits(ledger, ORIGIN, given, NOW)
            later = await found_limits(ledger, ORIGIN, NOW + timedelta(hours=1))
            assert later == Found(rate=12.0, slots=40.0, age=3600.0)
            assert await found_limits(ledger, "https://other.example.com", NOW) is None
        finally:
            ledger.close()

    asyncio.run(story())
