"""The time that a whole run may take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from batch_runner.core.language import phrase
from batch_runner.scheduler.crew import Crew
from batch_runner.scheduler.halt import StopReason


async def keep_deadline(crew: Crew, seconds: float, nothing_left: Callable[[], bool]) -> None:
    """Stop sending in time for what is usual, then leave."""
    medians = [known[len(known) // 2] for known in crew.learned.values() if known]
    usual = max(medians, default=0.0)
    reason = StopReason(code="deadline", message=phrase("the time for this run is over."))
    early = max(0.0, seconds - usual)
    await asyncio.sleep(early)
    if not nothing_left():
        crew.halt.stop_submits(reason)
    await asyncio.sleep(seconds - early)
    crew.halt.leave(reason)
