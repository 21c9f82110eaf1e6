"""Submits beyond slots that look full: one of them asks about all slots at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from batch_runner.scheduler.gates import Throttle

RATE = 1.0  # a second that may be refused
LIKELY = 0.5  # tasks that are likely over, though nobody saw it, at which one is tried


class Probes:
    """When one may be tried; one that comes too early costs a 429."""

    def __init__(
        self,
        throttle: Throttle,
        rate: float | None,
        *,
        ended_unseen: Callable[[], float],
        on_answer: Callable[[], None],
    ) -> None:
        """Prepare.

        Args:
            throttle: the slots.
            rate: those that may be refused, a second; ``None``: 1 where slots are to be found out.
            ended_unseen: how many tasks are likely over, though nobody saw it.
            on_answer: told when the next one may be tried.
        """
        self._throttle = throttle
        self._wanted = rate
        self._ended_unseen = ended_unseen
        self._on_answer = on_answer
        self._out = False  # one is on its way
        self._at = 0.0  # loop time before which there is no further one

    @property
    def wanted(self) -> bool:
        """Whether submits may find out which slots are free, instead of looks.

        Without being told to, never beyond slots that the user gave.
        """
        if self._throttle.share is not None:
            return False  # a slot that is free may be another run's
        return self._throttle.pace.searching if self._wanted is None else self._wanted > 0

    def until_next(self) -> float | None:
        """Seconds until one may be tried; ``None``: nobody can tell."""
        if not self.wanted or self._out:
            return None
        likely = self._ended_unseen() >= LIKELY
        return max(0.0 if likely else self._rest, self._at - self._now())

    def begin(self) -> None:
        """One is on its way."""
        self._out = True

    def came_to_nothing(self) -> None:
        """There was nothing to send."""
        self._out = False

    def answered(self, taken: bool) -> None:  # noqa: FBT001 - a callback with one answer
        """It was taken, or refused."""
        self._out = False
        self._at = self._now() + (0.0 if taken else self._rest)
        self._on_answer()

    @property
    def _rest(self) -> float:
        return 1.0 / (self._wanted or RATE)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
