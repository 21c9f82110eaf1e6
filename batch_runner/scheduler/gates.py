"""The limits: tasks in flight, submits and looks a second, downloads. One object owns one limit."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from types import TracebackType
from typing import Self

from batch_runner.core import pace
from batch_runner.core.pace import Pace
from batch_runner.core.share import Share

NO_SHARE = 1.0  # seconds after which a run without a share looks again; news of one wake it
MOST_ALIKE = 100  # runs that one answer may speak for
TIMER = 0.005  # seconds; where submits or looks are nearer than this, no timer of a loop is fine enough


class Slot:
    """One task in flight, from the claim to its end at the provider."""

    def __init__(self, release: Callable[[], None]) -> None:
        self._release: Callable[[], None] | None = release

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._release is not None:
            release, self._release = self._release, None
            release()


class Throttle:
    """Slots, rate and cool-down of submits, shaped by what the provider answers."""

    def __init__(self, start: Pace, *, on_free: Callable[[], None]) -> None:
        self.pace = start
        self.in_flight = 0
        self.accepted = 0  # tasks the provider holds, as far as we know
        self._on_free = on_free
        self._next_at = 0.0  # loop time of the next submit by rate
        self._spent = 0.0  # what the last submit took of the rate, in seconds
        self._cool_until = 0.0
        self._heeded_at = 0.0  # when a 429 was last heeded
        self.own_429_at: float | None = None  # when one of ours was last heeded
        self.served_at = 0.0  # loop time at which a slot was last taken
        self.share: Share | None = None  # what other runs of the account leave; None: all

    def take(self) -> Slot:
        """Occupy a slot; also beyond the limit, for tasks that run already."""
        self.in_flight += 1
        self.served_at = asyncio.get_running_loop().time()
        return Slot(self._free)

    def _free(self) -> None:
        self.in_flight -= 1
        self._on_free()

    @property
    def full(self) -> bool:
        """Whether no slot is left."""
        slots = int(self.pace.slots)
        return self.in_flight >= (slots if self.share is None else min(slots, self.share.slots))

    @property
    def rate(self) -> float:
        """Submits a second; 0: none before the share changes."""
        return self.pace.rate if self.share is None else min(self.pace.rate, self.share.rate)

    def delay(self, now: float) -> float:
        """Seconds until the next submit may be made."""
        if self.rate <= 0.0:
            return NO_SHARE
        early = TIMER if self._spent < TIMER else 0.0
        wait = max(self._next_at - now - early, self._cool_until - now)
        return wait if wait > 1e-6 else 0.0  # less than that may not move a clock at all

    def spend(self, now: float) -> None:
        """A submit is made now."""
        self._spent = 1.0 / self.rate
        self._next_at = max(now, self._next_at) + self._spent

    def refund(self) -> None:
        """The submit that was spent last was not made after all."""
        self._next_at -= self._spent
        self._spent = 0.0

    def believe(self, *, rate: float | None = None, slots: int | None = None) -> None:
        """Use limits that the user gives now; ``None`` leaves one as it is."""
        self.pace = pace.given(self.pace, rate=rate, slots=slots)
        if rate is not None:
            self._next_at -= self._spent  # the rest of the old distance counts no more
            self._spent = 0.0
        self._on_free()

    def was_accepted(self) -> None:
        """A task was taken.

        Each run hears of every 429, but of its own tasks only. Theirs are taken to fare alike, or
        the limits of many runs would sink at all refusals and rise at a few answers.
        """
        self.accepted += 1
        others = 0 if self.share is None else self.share.others
        for _ in range(min(MOST_ALIKE, 1 + round(others / max(1, self.in_flight)))):
            self.pace = pace.accepted(self.pace)

    def has_ended(self) -> None:
        """A task ended at the provider."""
        self.accepted = max(0, self.accepted - 1)

    def was_limited(
        self, sent_at: float, retry_after: float | None, jitter: float, *, ended: float
    ) -> float:
        """A 429: every submit waits. Returns the seconds.

        One that was sent before the last one was heeded says nothing new, so it neither slows
        more nor doubles the pause; but a time that it names is kept. ``ended``: how many tasks
        are likely over, though nobody saw it yet.
        """
        now = asyncio.get_running_loop().time()
        if sent_at < self._heeded_at:
            named = pace.cool_down(self.pace, retry_after, jitter) if retry_after else 0.0
        else:
            self.pace = pace.limited(self.pace, self._accepted_by_all, int(ended))
            self._heeded_at = self.own_429_at = now
            named = pace.cool_down(self.pace, retry_after, jitter)
        self._cool_until = max(self._cool_until, now + named)
        return self._cool_until - now

    @property
    def _accepted_by_all(self) -> int:
        return self.accepted + (0 if self.share is None else self.share.others)

    @property
    def cooling(self) -> float:
        """Seconds until submits may go on after a 429."""
        return max(0.0, self._cool_until - asyncio.get_running_loop().time())

    def divide(self, share: Share, *, cooling: float, limited_ago: float | None) -> None:
        """Use what other runs of the account leave, and heed what they were told.

        Args:
            share: this run's part.
            cooling: seconds until anybody may submit.
            limited_ago: seconds since another run's 429 that was not heard of yet.
        """
        now = asyncio.get_running_loop().time()
        self._cool_until = max(self._cool_until, now + cooling)
        if limited_ago is not None and now - limited_ago > self._heeded_at:
            self._heeded_at = now - limited_ago
            self.pace = pace.limited(self.pace, self.accepted + share.others)
        self.share = None if share.alone else share
        self._on_free()

    def probe_refused(self, retry_after: float | None, jitter: float) -> None:
        """A submit beyond the slots came too early: nothing is learned of the limits by it."""
        if retry_after is not None:
            until = asyncio.get_running_loop().time()
            until += pace.cool_down(self.pace, retry_after, jitter)
            self._cool_until = max(self._cool_until, until)


class LookGate:
    """At most so many looks a second, in order of asking; a 429 pauses all of them."""

    def __init__(self, rate: Callable[[], float]) -> None:
        self._rate = rate  # looks a second, as it is now
        self._next_at = 0.0
        self._paused_until = 0.0

    async def wait(self) -> None:
        """Wait for one's turn; whoever was paused while waiting takes another one."""
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            turn = max(now, self._next_at, self._paused_until)
            apart = 1.0 / self._rate()
            self._next_at = turn + apart
            if turn - now > (TIMER if apart < TIMER else 0.0):
                await asyncio.sleep(turn - now)
            if turn >= self._paused_until:
                return

    @property
    def behind(self) -> float:
        """Seconds that a look asked for now would wait for its turn."""
        now = asyncio.get_running_loop().time()
        return max(0.0, self._next_at - now, self._paused_until - now)

    def pause(self, seconds: float) -> None:
        """Nobody looks for a while."""
        now = asyncio.get_running_loop().time()
        self._paused_until = max(self._paused_until, now + seconds)


class Turns:
    """A semaphore whose waiters are served by urgency instead of by arrival."""

    def __init__(self, places: int) -> None:
        """``places``: how many may have their turn at the same time."""
        self._free = places
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._arrival = itertools.count()

    @asynccontextmanager
    async def turn(self, due: datetime | None) -> AsyncIterator[None]:
        """Wait for a place; ``due``: when it will be too late, ``None``: nobody knows, so last."""
        await self._take(math.inf if due is None else due.timestamp())
        try:
            yield
        finally:
            self._give()

    async def _take(self, due: float) -> None:
        if self._free:
            self._free -= 1
            return
        place = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (due, next(self._arrival), place))
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancel():  # it was given at the same moment
                self._give()
            raise

    def _give(self) -> None:
        while self._waiting:
            place = heapq.heappop(self._waiting)[2]
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
