"""What a run tells other runs of its account, and what it takes from them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from batch_runner.core.pace import Pace
from batch_runner.core.share import Share
from batch_runner.scheduler.crew import Crew


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a run would use alone, and what it uses."""

    rate: float  # submits a second
    slots: int  # tasks in flight
    in_flight: int
    sending: bool  # whether it has more to send
    served_ago: float  # seconds since it last took a slot
    cooling: float  # seconds until it may submit after a 429
    limited_ago: float | None  # seconds since its own last 429 that said something


class Sharing:
    """One run's side of the division."""

    def __init__(self, crew: Crew, nothing_left: Callable[[], bool]) -> None:
        self._throttle = crew.throttle
        self._halt = crew.halt
        self._nothing_left = nothing_left

    @property
    def pace(self) -> Pace:
        """The limits as they are found by now."""
        return self._throttle.pace

    @property
    def given(self) -> tuple[float | None, int | None]:
        """Rate and slots as the user gave them, by now; ``None``: to be found out."""
        pace = self._throttle.pace
        return (
            pace.rate_cap if pace.rate_given else None,
            int(pace.slots_cap) if pace.slots_given else None,
        )

    def use(self) -> Use:
        """What is to be told."""
        throttle, now = self._throttle, asyncio.get_running_loop().time()
        own = throttle.own_429_at
        return Use(
            rate=throttle.pace.rate,
            slots=int(throttle.pace.slots),
            in_flight=throttle.in_flight,
            sending=not (self._halt.submits_stopped or self._halt.paused or self._nothing_left()),
            served_ago=now - throttle.served_at,
            cooling=throttle.cooling,
            limited_ago=None if own is None else now - own,
        )

    def take(self, share: Share, *, cooling: float, limited_ago: float | None) -> None:
        """Use this share from now on; see :meth:`Throttle.divide`."""
        self._throttle.divide(share, cooling=cooling, limited_ago=limited_ago)
