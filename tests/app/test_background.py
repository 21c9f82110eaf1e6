"""What goes on beside the work ends with it, but nothing is left half done."""

from __future__ import annotations

import asyncio
import threading

import pytest

from batch_runner.app.run.background import Background
from batch_runner.scheduler.halt import Halt


def test_what_is_being_done_at_the_end_is_done_to_its_end() -> None:
    """A write that is on in a thread when the run ends is over before anything else is written."""
    done: list[str] = []

    async def story() -> None:
        begun, may_end = asyncio.Event(), threading.Event()

        async def write() -> None:
            begun.set()
            await asyncio.to_thread(may_end.wait)
            done.append("written")

        background = Background(Halt())
        background.every(0.0, write)
        background.every(3600.0, write)
        async with background:
            await begun.wait()
            asyncio.get_running_loop().call_later(0.05, may_end.set)
        done.append("over")

    asyncio.run(story())
    assert done == ["written", "over"]


def test_a_failure_beside_the_work_ends_the_run_and_is_told() -> None:
    """It stops the submits at once, and is raised when the work has ended in order."""
    halt = Halt()

    async def story() -> None:
        told = asyncio.Event()
        halt.on_change(told.set)

        async def fail() -> None:
            raise OSError("no room")

        background = Background(halt)
        background.every(0.0, fail)
        async with background:
            await told.wait()

    with pytest.raises(OSError, match="no room"):
        asyncio.run(story())
    assert halt.leaving
    assert "no room" in (halt.reason.message if halt.reason else "")
