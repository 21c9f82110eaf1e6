"""A run listens for the provider's calls: whoever knows an attempt's address may give a hint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from batch_runner.app.run.listen import RunListener
from batch_runner.core.callback import UNGUESSABLE, task_in, token_of
from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import Event
from batch_runner.ledger.ledger import Ledger
from batch_runner.scheduler.calls import Calls
from batch_runner.settings.campaign import Webhook

if TYPE_CHECKING:
    from aiohttp import web

MOST = 256 * 1024  # bytes of a call; a true one has a few hundred
PATIENCE = 10.0  # seconds for a call to come in whole; the provider waits no longer, either
AT_ONCE = 32  # calls that are read at the same time
MOST_EARLY = 1000  # calls that came before the answer to their submit

_OVER = frozenset({Event.READY, Event.FINISHED, Event.TASK_FAILED, Event.REJECTED, Event.DEFERRED})


class Callbacks:
    """Knows by its address which attempt a call is about."""

    def __init__(self, base: str | None) -> None:
        """``base``: where the outside reaches this run; ``None``: it does not listen."""
        self.base = base
        self.calls: Calls | None = None  # where hints go, once the engine is there
        self._jobs: dict[str, int] = {}  # the secret part of the address -> job
        self._early: dict[int, str] = {}  # job -> task, of submits that are not answered yet

    def know(self, job: Job) -> None:
        """This job's attempt may be called about."""
        if job.callback:
            self._jobs[token_of(job.idempotency_key)] = job.id

    def changed(self, job: Job, change: Change) -> None:
        """Follow what happens to jobs."""
        if not job.callback:
            return
        early = self._early.pop(job.id, None)
        if change.event is Event.CLAIMED:
            self.know(job)
        elif change.event is Event.LOST and early is not None and self.calls is not None:
            self.calls.about(job.id, early)
        elif change.event in _OVER:
            self._jobs.pop(token_of(job.idempotency_key), None)

    def hear(self, token: str, content: bytes) -> bool:
        """Take a call; false: nothing here waits for it."""
        job = self._jobs.get(token)
        if job is None or self.calls is None:
            return False
        task = task_in(content)
        if not self.calls.about(job, task) and task and len(self._early) < MOST_EARLY:
            self._early[job] = task
        return True

    def expects(self, token: str) -> bool:
        """Whether an attempt has this address."""
        return token in self._jobs


class _Ear:
    """Listens at one port for all sheets that this process runs at the same time."""

    def __init__(self, webhook: Webhook) -> None:
        self._webhook = webhook
        self._runner: web.AppRunner | None = None
        self._opening = asyncio.Lock()
        self._turn = asyncio.Semaphore(AT_ONCE)
        self.members: list[Callbacks] = []

    async def open(self) -> None:
        """Listen, if nobody does yet.

        Raises:
            OSError: the port or the address cannot be had.
        """
        from aiohttp import web

        async with self._opening:
            if self._runner is not None:
                return
            app = web.Application(client_max_size=MOST)
            # What is above the secret part may have been left out by a proxy.
            app.add_routes(
                [web.post(rf"/{{above:.*}}{{token:{UNGUESSABLE}}}/callback", self._take)]
            )
            runner = web.AppRunner(
                app, access_log=None, shutdown_timeout=1.0, keepalive_timeout=5.0
            )
            await runner.setup()
            try:
                await web.TCPSite(runner, self._webhook.listen, self._webhook.port).start()
            except OSError:
                await runner.cleanup()
                raise
            self._runner = runner

    async def close(self) -> None:
        """Listen no more."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        """One call: 404 where nothing waits for it, and the provider calls no more."""
        from aiohttp import web

        token = request.match_info["token"]
        if not any(member.expects(token) for member in self.members):
            return web.Response(status=404)
        try:
            async with asyncio.timeout(PATIENCE), self._turn:
                content = await request.read()
        except TimeoutError:
            return web.Response(status=408)
        heard = any(member.hear(token, content) for member in self.members)
        return web.Response(status=200 if heard else 404)


_EARS: dict[tuple[str, int], _Ear] = {}
"""Those of this process, by address and port: several sheets may name the same."""


@asynccontextmanager
async def receiving(
    webhook: Webhook | None, listener: RunListener, ledger: Ledger
) -> AsyncIterator[Callbacks]:
    """Within this block calls are taken; a run that cannot listen goes on by looking alone."""
    async with AsyncExitStack() as stack:
        if webhook is None:
            yield Callbacks(None)
            return
        callbacks = Callbacks(webhook.url)
        try:
            await _listen(webhook, callbacks, stack)
        except OSError as error:
            why = error.strerror or error
            message = f"No calls of the provider are heard ({why}); tasks are looked at as ever."
            listener.noticed("webhook_unusable", message)
            yield Callbacks(None)
            return
        for job in [*await ledger.open_jobs(), *await ledger.unknown_jobs()]:
            callbacks.know(job)
        listener.pass_on(callbacks.changed)
        yield callbacks


async def _listen(webhook: Webhook, callbacks: Callbacks, stack: AsyncExitStack) -> None:
    place = (webhook.listen, webhook.port)
    ear = _EARS.setdefault(place, _Ear(webhook))
    ear.members.append(callbacks)

    async def leave() -> None:
        ear.members.remove(callbacks)
        if not ear.members:
            _EARS.pop(place, None)
            await ear.close()

    stack.push_async_callback(leave)
    await ear.open()
