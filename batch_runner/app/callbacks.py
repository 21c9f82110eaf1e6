"""A run listens for the provider's calls: whoever knows an attempt's address may give a hint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from batch_runner.app.listen import RunListener
from batch_runner.core.callback import UNGUESSABLE, task_in, token_of
from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import Event
from batch_runner.ledger.sqlite import SqliteLedger
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
        self._turn = asyncio.Semaphore(AT_ONCE)

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

    async def take(self, request: web.Request) -> web.Response:
        """One call: 404 where nothing waits for it, and the provider calls no more."""
        from aiohttp import web

        job = self._jobs.get(request.match_info["token"])
        if job is None or self.calls is None:
            return web.Response(status=404)
        try:
            async with asyncio.timeout(PATIENCE), self._turn:
                content = await request.read()
        except TimeoutError:
            return web.Response(status=408)
        task = task_in(content)
        if not self.calls.about(job, task) and task and len(self._early) < MOST_EARLY:
            self._early[job] = task
        return web.Response(status=200)


@asynccontextmanager
async def receiving(
    webhook: Webhook | None, listener: RunListener, ledger: SqliteLedger
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
    from aiohttp import web

    app = web.Application(client_max_size=MOST)
    path = rf"/{{above:.*}}{{token:{UNGUESSABLE}}}/callback"  # a proxy may leave its own part out
    app.add_routes([web.post(path, callbacks.take)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, keepalive_timeout=5.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, webhook.listen, webhook.port).start()
