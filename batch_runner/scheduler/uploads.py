"""Pictures of the next rows are brought to the provider before it is the rows' turn.

An upload is free, so one whose end is not known is simply repeated. Nothing here decides what is
sent: a claim hands out only rows whose pictures have links.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from batch_runner.core.jobs import Change, Job
from batch_runner.core.language import phrase
from batch_runner.core.lifecycle import Event
from batch_runner.core.outcomes import UploadKind, UploadOutcome
from batch_runner.core.pace import backoff
from batch_runner.core.ports import Pictures
from batch_runner.core.uploads import LIFE, PICTURE_REFUSED, NoPicture, Upload, Waiting
from batch_runner.core.wording import picture_refused
from batch_runner.scheduler.crew import Crew, key_refused
from batch_runner.scheduler.halt import StopReason

AT_ONCE = 6  # uploads
AHEAD = 16  # rows whose pictures are brought before it is their turn; with many slots, more
MOST_AHEAD = 200


Launch = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
"""Starts some work that ends with the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What uploads need of the run around them."""

    brought: Callable[[], None]  # told when a row may have become ready
    idle: Callable[[], None]  # told when nothing more becomes ready by itself
    holds: Callable[[], bool]  # whether no picture is wanted now: nothing may be sent


class Uploads:
    """Looks ahead in the queue and uploads what is missing, each picture once."""

    def __init__(self, crew: Crew, pictures: Pictures, around: Around) -> None:
        self._crew = crew
        self._pictures = pictures
        self._around = around
        self._launch: Launch = asyncio.create_task
        self._woken = asyncio.Event()
        self._asked_for = True  # the queue is to be looked at
        self._seen = False  # some row has pictures to upload
        self._at_work: dict[str, asyncio.Task[None]] = {}
        self._tries: Counter[str] = Counter()
        self._again_at: dict[str, float] = {}  # picture -> loop time of its next try
        self._cool_until = 0.0  # loop time before which the provider wants no uploads
        self._unusable: dict[str, NoPicture] = {}
        self._given_up: set[str] = set()  # not tried any more in this run
        self._stuck: set[int] = set()  # jobs that wait for one of these

    @property
    def busy(self) -> bool:
        """Whether rows that wait for pictures may still become ready by themselves."""
        return not self._around.holds() and bool(
            self._asked_for or self._at_work or self._again_at
        )

    def claimed(self, *, waits: bool) -> None:
        """A claim was made; ``waits``: it found nothing but rows that wait for pictures."""
        if waits or self._seen:
            self._seen = self._asked_for = True
            self.poke()

    def poke(self) -> None:
        """What held uploads back may be over."""
        self._woken.set()

    async def bring(self, launch: Launch) -> None:
        """Upload what the next rows need, until it is cancelled; each upload is launched."""
        self._launch = launch
        try:
            while True:
                self._woken.clear()
                if self._asked_for and self._may_upload:
                    self._asked_for = False
                    await self._look_ahead()
                await self._wait()
        finally:
            for task in self._at_work.values():
                task.cancel()

    @property
    def _may_upload(self) -> bool:
        crew = self._crew
        held = crew.halt.holds_submits or crew.health.down.is_set() or self._around.holds()
        return not held and self._loop_time() >= self._cool_until

    async def _wait(self) -> None:
        """Until something happens, or a picture may be tried again."""
        now = self._loop_time()
        times = [*self._again_at.values(), self._cool_until]
        until = min((at for at in times if at > now), default=None)
        try:
            async with asyncio.timeout_at(until):
                await self._woken.wait()
        except TimeoutError:
            self._asked_for = True

    async def _look_ahead(self) -> None:
        """Begin uploads for the next rows, as many as may be made at once."""
        slots = min(self._crew.throttle.pace.slots, MOST_AHEAD)
        most = max(AHEAD, int(2 * slots)) + len(self._stuck)
        terms = self._crew.terms()
        found = await self._crew.ledger.waiting_for_pictures(terms, most)
        wanted = {key for waiting in found for key in waiting.missing}
        self._again_at = {key: at for key, at in self._again_at.items() if key in wanted}
        for waiting in found:
            self._seen = True
            await self._begin(waiting)
        if not self.busy:
            self._around.idle()

    async def _begin(self, waiting: Waiting) -> None:
        """Begin the uploads that one row waits for."""
        if self._given_up.intersection(waiting.missing):
            self._stuck.add(waiting.job.id)
        for key in waiting.missing:
            flaw = self._unusable.get(key)
            if flaw is not None:
                await self._refuse(waiting.job, flaw)
                self._asked_for = True  # others come nearer
                self._around.brought()
                return
            begun = key in self._at_work or key in self._given_up
            due = self._again_at.get(key, 0.0) <= self._loop_time()
            if not begun and due and len(self._at_work) < AT_ONCE:
                self._again_at.pop(key, None)
                self._at_work[key] = self._launch(self._bring(key))

    async def _refuse(self, job: Job, flaw: NoPicture) -> None:
        """A row whose picture cannot be used; the others go on."""
        change = Change(
            job=job.id,
            attempt=job.attempt,
            event=Event.INVALIDATED,
            at=self._crew.now(),
            error_code=flaw.code,
            error=flaw.message,
        )
        await self._crew.record(job, change)

    async def _bring(self, key: str) -> None:
        """One picture, from where it is to the provider."""
        try:
            picture = await self._pictures.picture(key)
            if isinstance(picture, NoPicture):
                self._not_had(key, picture)
                return
            terms = self._crew.terms()
            outcome = await self._crew.provider.upload(picture.content, picture.name)
            if outcome.kind is UploadKind.DONE:
                kept = Upload(
                    picture=key,
                    origin=terms.origin,
                    account=terms.account,
                    link=outcome.link,
                    until=terms.now + LIFE,
                )
                await self._crew.ledger.keep_upload(kept)
                self._tries.pop(key, None)
            else:
                self._heed(key, outcome, picture.called)
        finally:
            self._at_work.pop(key, None)
            self._asked_for = True
            self._around.brought()
            self.poke()

    def _not_had(self, key: str, flaw: NoPicture) -> None:
        if flaw.passing:
            self._later(key, flaw.message)
        else:
            self._unusable[key] = flaw

    def _heed(self, key: str, outcome: UploadOutcome, called: str) -> None:
        """What it means that a picture was not taken."""
        crew = self._crew
        if outcome.kind is UploadKind.REFUSED:
            text = picture_refused(called, outcome.message)
            self._unusable[key] = NoPicture(code=PICTURE_REFUSED, message=text)
        elif outcome.kind is UploadKind.LIMITED:
            pause = outcome.retry_after or backoff(1, crew.jitter())
            self._cool_until = max(self._cool_until, self._loop_time() + pause)
        elif outcome.kind is UploadKind.KEY_REFUSED:
            crew.halt.leave(key_refused(outcome.message))
        elif outcome.kind is UploadKind.NO_BALANCE:
            message = phrase("the balance is used up: {message}", message=outcome.message)
            crew.halt.stop_submits(StopReason(code="no_balance", message=message))
        else:
            crew.health.uploaded(reachable=outcome.reachable)
            self._later(key, phrase("{what}: {why}", what=called, why=outcome.message))

    def _later(self, key: str, why: str) -> None:
        """Try it once more, or no more in this run."""
        down = self._crew.health.down.is_set()  # that is waited out; it says nothing of this one
        self._tries[key] += not down
        if self._tries[key] < self._crew.policy.max_tries:
            wait = backoff(self._tries[key], self._crew.jitter())
            self._again_at[key] = self._loop_time() + wait
        else:
            self._given_up.add(key)
            text = phrase(
                "A picture could not be uploaded, so its rows are not sent by this run: {why}",
                why=why,
            )
            self._crew.listener.noticed("picture_not_uploaded", text)

    @staticmethod
    def _loop_time() -> float:
        return asyncio.get_running_loop().time()
