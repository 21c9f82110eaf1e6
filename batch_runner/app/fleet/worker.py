"""A worker: takes jobs of all campaigns of its service and account, until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from batch_runner.app.fleet.employment import LOOK, Employment, Hired
from batch_runner.app.fleet.member import WORKER, Member, joined
from batch_runner.app.fleet.timetable import Timetable
from batch_runner.app.run.control import Signals
from batch_runner.app.run.outcome import DONE
from batch_runner.core.errors import LedgerError
from batch_runner.core.language import phrase
from batch_runner.ledger.postgres import campaigns
from batch_runner.queue.queue import Ears, listen
from batch_runner.scheduler.halt import Halt, StopReason

REST = 60.0  # seconds until something is tried again that went wrong

_OVER = StopReason(code="campaign_over", message="its run has ended, or pauses")
_CHANGED = StopReason(code="campaign_changed", message="its run asks for something else")


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Where a worker works, and as who."""

    url: str = field(repr=False)  # of the database
    origin: str  # of the service
    hired: Hired
    timetables: Sequence[Timetable] = ()


async def work(post: Post, signals: Signals) -> int:
    """Work until a signal ends it, or nothing is left and it does not stay; the exit code.

    Raises:
        ConfigError: the database's address cannot be used.
        LedgerError: the database cannot be used, from the start.
    """
    halt = Halt()
    begun = False
    for timetable in post.timetables:
        halt.on_change(timetable.child.end)
    with signals.ending(halt):
        while not halt.leaving:
            try:
                async with joined(post.url, WORKER, post.origin) as member:
                    begun = True
                    await _Shift(post, member, signals, halt).work()
                if not member.lost.is_set() and not post.hired.stays:
                    break
            except LedgerError as error:
                if not begun:
                    raise
                post.hired.say(str(error))
                await _rest(halt)
        for timetable in post.timetables:
            await timetable.end()
    return signals.code or DONE


async def _rest(halt: Halt) -> None:
    over = asyncio.Event()
    halt.on_change(over.set)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(REST):
            await over.wait()


class _Shift:
    """For as long as the others take this worker for alive."""

    def __init__(self, post: Post, member: Member, signals: Signals, halt: Halt) -> None:
        self._post = post
        self._member = member
        self._signals = signals
        self._halt = halt
        self._news = asyncio.Event()
        self._at_work: dict[str, Employment] = {}
        self._resting: dict[str, float] = {}  # campaign -> loop time before which it is let be
        self._tasks: set[asyncio.Task[None]] = set()
        halt.on_change(self._news.set)

    async def work(self) -> None:
        """Take part in every campaign that there is work in."""
        ears = Ears(
            worker=self._member.token,
            campaign=self._told,
            schedules=[one.name for one in self._post.timetables],
            time=self._has_come,
            noticed=self._post.hired.say,
        )
        helpers = [
            asyncio.create_task(work)
            for work in (
                self._guarded(self._member.beat()),
                self._guarded(self._member.rescue(self._rescued)),
                listen(self._post.url, ears),
                *(one.keep() for one in self._post.timetables),
            )
        ]
        try:
            await self._serve()
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)

    async def _serve(self) -> None:
        while not self._is_over:
            self._news.clear()
            await self._look()
            if not self._tasks and not self._post.hired.stays:
                break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._news.wait()
        lost = StopReason(
            code="taken_for_dead",
            message=phrase("the others took this worker for dead; it begins again."),
        )
        for employment in self._at_work.values():
            employment.halt.leave(self._halt.reason or lost)
        if self._tasks:
            await asyncio.wait(self._tasks)
        if self._member.lost.is_set():
            self._post.hired.say(lost.message)

    @property
    def _is_over(self) -> bool:
        return self._halt.leaving or self._member.lost.is_set()

    async def _look(self) -> None:
        """Begin what is to be worked on, and end what is over."""
        found = await self._member.fleet.ask(campaigns.active, self._post.origin)
        active = {campaign.id: campaign for campaign in found}
        for name, employment in self._at_work.items():
            if name not in active:
                employment.halt.stop_submits(_OVER)
            elif active[name] != employment.campaign:  # it goes on at once, as is asked for now
                employment.halt.leave(_CHANGED)
        now = asyncio.get_running_loop().time()
        for name, campaign in active.items():
            if name not in self._at_work and self._resting.get(name, 0.0) <= now:
                employment = self._at_work[name] = Employment(campaign=campaign)
                task = asyncio.create_task(self._employ(employment))
                self._tasks.add(task)
                task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._news.set()

    async def _employ(self, employment: Employment) -> None:
        campaign, loop = employment.campaign, asyncio.get_running_loop()
        try:
            with self._signals.ending(employment.halt):
                reason = await employment.work(self._member, self._post.hired)
            why = None if reason in {None, _OVER, _CHANGED} else reason.message
        except Exception as error:  # noqa: BLE001 - it ends this campaign here, and no other one
            why = str(error) or type(error).__name__
        if why is not None:
            self._resting[campaign.id] = loop.time() + REST
            if not self._is_over:
                self._post.hired.say(f"{campaign.sheet}: {why}")
        del self._at_work[campaign.id]

    def _told(self, campaign: str) -> None:
        """Somebody says that there is work in a campaign."""
        self._resting.pop(campaign, None)
        if (employment := self._at_work.get(campaign)) is not None:
            employment.told.set()
        self._news.set()

    def _has_come(self, schedule: str, at: datetime) -> None:
        """A time of a schedule, which is this worker's to keep."""
        for timetable in self._post.timetables:
            if timetable.name == schedule and not self._is_over:
                timetable.has_come(at)

    def _rescued(self) -> None:
        for employment in self._at_work.values():
            employment.told.set()

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """What ends a sign of life ends the shift."""
        try:
            await work
        except LedgerError as error:
            self._post.hired.say(str(error))
        self._member.lost.set()
        self._news.set()
