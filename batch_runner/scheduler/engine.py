"""The one visible loop of a run.

While there is something to send, a free slot and no reason to stop: send the next. Everything
that was accepted is seen to its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import datetime
from functools import partial
from typing import Any

from batch_runner.core.decide import Policy
from batch_runner.core.jobs import Change, Claim, ClaimKind
from batch_runner.core.language import phrase
from batch_runner.core.lifecycle import Event
from batch_runner.core.pace import Pace, looks_rate
from batch_runner.scheduler.breaker import Breaker
from batch_runner.scheduler.controls import Controls
from batch_runner.scheduler.crew import Crew
from batch_runner.scheduler.deadline import keep_deadline
from batch_runner.scheduler.flight import Sending, send_next
from batch_runner.scheduler.follow import ended_unseen
from batch_runner.scheduler.gates import LookGate, Throttle, Turns
from batch_runner.scheduler.halt import Halt, StopReason
from batch_runner.scheduler.health import Health
from batch_runner.scheduler.probes import Probes
from batch_runner.scheduler.sharing import Sharing
from batch_runner.scheduler.taking_over import Launch, fetch_missing, keep_up, take_over
from batch_runner.scheduler.uploads import Around, Uploads
from batch_runner.scheduler.world import Limits, World

GRACE = 10.0  # seconds that answers to POSTs already sent are waited for when leaving
NOT_BOOKED = -1  # settles that no claim can have seen
RECHECK = 30.0  # seconds after which a wait for a wall-clock time is looked at again


class Engine:
    """Runs all jobs of a ledger that may run now."""

    def __init__(self, world: World, policy: Policy, limits: Limits, halt: Halt) -> None:
        self._world = world
        self._limits = limits
        self._halt = halt
        self._woken = asyncio.Event()
        self._flights: set[asyncio.Task[None]] = set()
        self._dry = False  # the last claim found nothing that may be sent now
        self._later: datetime | None = None  # when something queued may be sent again
        self._over_budget = False  # until a task in flight turns out cheaper than reserved
        self._why_over = ""
        self._settles = 0  # how often money may have become free
        self._failure: Exception | None = None  # the first one; ends the run
        self._throttle = Throttle(
            Pace.start(limits.rate, limits.slots, limits.found), on_free=self._wake
        )
        self._crew = Crew(
            ledger=world.ledger,
            provider=world.provider,
            shelf=world.shelf,
            publisher=world.publisher,
            listener=world.listener,
            policy=policy,
            throttle=self._throttle,
            looks=LookGate(lambda: limits.looks or looks_rate(self._throttle.pace)),
            downloads=Turns(limits.downloads),
            puts=asyncio.Semaphore(limits.downloads),
            halt=halt,
            health=Health(
                world.provider,
                halt,
                world.listener,
                patience=limits.patience,
                on_back=self._wake,
            ),
            breaker=Breaker(halt),
            now=world.now,
            jitter=world.jitter,
            terms=world.terms,
            learned={},
            right={},
            watched={},
            hurry=asyncio.Event(),
            urgent=lambda: not self._probes.wanted,
            sending=set(),
            kept=self._kept,
            answered=self._wake,
            elsewhere=world.elsewhere,
        )
        self._probes = Probes(
            self._throttle,
            limits.probes,
            ended_unseen=lambda: ended_unseen(self._crew),
            on_answer=self._wake,
        )
        around = Around(brought=self._brought, idle=self._wake, holds=lambda: self._over_budget)
        self._uploads = Uploads(self._crew, world.pictures, around)
        halt.on_change(self._wake)
        self.controls = Controls(self._crew)
        self.sharing = Sharing(self._crew, self._nothing_left)

    def _wake(self) -> None:
        self._woken.set()
        self._uploads.poke()

    def _brought(self) -> None:
        """Rows that waited for pictures may be ready."""
        if not self._over_budget:
            self._dry = False
        self._wake()

    def _more(self) -> None:
        """Others may have left something to send, or spent less than was held for them."""
        self._dry = False
        self._wake()

    def _kept(self, change: Change) -> None:
        """A change is durable: is there anything (more) to send because of it?"""
        lost_for_now = change.event is Event.LOST and self._crew.policy.replay
        again = lost_for_now or change.event in {Event.DEFERRED, Event.RETRIED}
        settled = change.hold is not None  # it may hold less than before
        self._settles += settled
        if again or (settled and self._over_budget):
            self._dry = False
            self._wake()

    async def run(self, models: frozenset[str] = frozenset()) -> StopReason | None:
        """Work until nothing is left to do or something ends the run early.

        ``models``: those whose task times the ledger may already know.

        Returns:
            Why it stopped early; ``None``: it came to its end.

        Raises:
            Exception: what a flight, the ledger or ``before_claim`` raised, as it was raised.
                Answers to POSTs on their way were waited for first, and kept.
        """
        for model in models:
            self._crew.learned[model] = list(await self._world.ledger.durations(model))
        async with asyncio.TaskGroup() as group:
            launch = partial(self._launch, group)
            linking = self.controls.calls.link(self._throttle.take, launch)
            bringing = self._uploads.bring(lambda work: group.create_task(self._guard(work)))
            helping = [self._crew.health.watch(self._world.jitter), linking, bringing]
            if (others := self._world.others) is not None:
                helping.append(keep_up(self._crew, others, launch, self._more))
            if (seconds := self._limits.deadline) is not None:
                helping.append(keep_deadline(self._crew, seconds, self._nothing_left))
            helpers = [group.create_task(self._guard(work)) for work in helping]
            await self._guard(self._work(launch))
            await self._drain()
            for helper in helpers:
                helper.cancel()
        if self._failure is not None:
            raise self._failure
        return self._halt.reason

    async def _work(self, launch: Launch) -> None:
        await take_over(self._crew, launch)
        await fetch_missing(self._crew, launch)
        await self._feed(launch)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        """Do some work; its failure ends the run in order, not by cutting off what is paid for.

        A task group would cancel all other flights at once, in the midst of their POSTs.
        """
        try:
            await work
        except Exception as error:  # noqa: BLE001 - raised again by run, after the answers
            self._failure = self._failure or error
            self._halt.leave(
                StopReason(
                    code="error", message=phrase("the run broke off: {reason}", reason=error)
                )
            )

    async def _feed(self, launch: Launch) -> None:
        while not self._halt.submits_stopped:
            if self._idle:
                if await self._is_over():
                    return
            elif self._may_send():
                await self._send(launch)
            else:
                await self._wait(self._delay())

    @property
    def _idle(self) -> bool:
        done = self._dry and self._later is None
        return done and not self._flights and not self._uploads.busy

    async def _is_over(self) -> bool:
        """Whether there is no more to come, here and elsewhere; else it was waited for news."""
        others = self._world.others
        if others is not None and await others.leave_more():
            if self._idle:
                await self._wait(None)
            return False
        if self._over_budget:
            why = self._why_over or phrase("the next row could exceed the budget.")
            self._halt.stop_submits(StopReason(code="budget", message=why))
        return True

    async def _send(self, launch: Launch) -> None:
        settles = NOT_BOOKED
        if self._over_budget:  # what became free is known to the books only once it is booked
            settles = self._settles
            await self._world.book()
        await self._world.before_claim()
        if self._may_send():  # as the world is after that wait
            self._throttle.spend(self._loop_time())
            self._dry = False
            probe = self._throttle.full
            slot = self._throttle.take()
            sending = self._sending(probe=probe, settles=settles)
            launch(send_next(self._crew, slot, sending))

    def _may_send(self) -> bool:
        return not self._halt.holds_submits and self._delay() == 0.0

    def _nothing_left(self) -> bool:
        """Whether, as far as is known, everything was sent."""
        sent = self._dry and self._later is None and not self._over_budget
        return sent and not self._uploads.busy

    def _delay(self) -> float | None:
        """Seconds until the next send may be tried; ``None``: only an event can tell."""
        if self._crew.health.down.is_set():
            return RECHECK
        if self._halt.paused or (self._dry and self._later is None):
            return None
        wait = self._probes.until_next() if self._throttle.full else 0.0
        if wait is None:
            return None
        if self._dry and self._later is not None:
            # A wall clock may be set; it is asked again soon enough.
            wait = max(wait, min(RECHECK, (self._later - self._world.now()).total_seconds()))
        return max(0.0, wait, self._throttle.delay(self._loop_time()))

    def _sending(self, *, probe: bool, settles: int) -> Sending:
        claimed = partial(self._claimed, settles=settles)
        if not probe:
            return Sending(claimed=claimed)
        self._probes.begin()
        return Sending(claimed=claimed, probed=self._probes.answered)

    def _claimed(self, claim: Claim, *, settles: int) -> None:
        """What a claim gave; ``settles``: how many had settled when the books were last made up."""
        self._over_budget = claim.kind is ClaimKind.OVER_BUDGET
        self._why_over = claim.why
        self._later = claim.not_before
        self._dry = claim.job is None
        if self._dry:
            self._throttle.refund()
            self._probes.came_to_nothing()
        self._uploads.claimed(waits=claim.kind is ClaimKind.PICTURES)
        if self._over_budget:
            # What became free since then was not in the books yet: it is asked once more.
            self._dry = self._settles == settles
        if self._nothing_left():
            self._crew.hurry_up()

    async def _drain(self) -> None:
        """See what was accepted to its end; when told to leave, only answers on their way."""
        leave_at: float | None = None
        while self._flights:
            if self._halt.leaving and leave_at is None:
                leave_at = self._loop_time() + GRACE
            if leave_at is not None and (not self._crew.sending or self._loop_time() >= leave_at):
                for flight in self._flights:
                    flight.cancel()
                return
            await self._wait(None if leave_at is None else leave_at - self._loop_time())

    def _launch(self, group: asyncio.TaskGroup, work: Coroutine[Any, Any, None]) -> None:
        task = group.create_task(self._guard(work))
        self._flights.add(task)
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flights.discard(task)
        self._wake()

    async def _wait(self, seconds: float | None) -> None:
        """Until something happens, or the time is over."""
        self._woken.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            pass

    @staticmethod
    def _loop_time() -> float:
        return asyncio.get_running_loop().time()
