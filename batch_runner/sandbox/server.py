"""The sandbox as a server on this machine."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from batch_runner.sandbox.accepted import AcceptedLog
from batch_runner.sandbox.faults import FaultBoard
from batch_runner.sandbox.gate import count, guard
from batch_runner.sandbox.limits import Bucket
from batch_runner.sandbox.options import SandboxOptions
from batch_runner.sandbox.routes import (
    account,
    calls,
    control,
    files,
    films,
    submit,
    tasks,
    uploads,
)
from batch_runner.sandbox.world import WORLD, World

_BODY_LIMIT = 4 << 20  # bytes; uploads have a limit of their own
_PORTS = range(1, 65_536)


class Sandbox:
    """A running look-alike of the API: ``async with Sandbox(options) as box: box.origin``.

    ``clock`` gives Unix seconds; task times and links go by it.
    """

    def __init__(self, options: SandboxOptions, clock: Callable[[], float] = time.time) -> None:
        self.options = options
        self.origin = ""  # "http://127.0.0.1:PORT" once it runs
        self._clock = clock
        self._log: AcceptedLog | None = None
        self._world: World | None = None
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        """Read the state and listen.

        Raises:
            ValueError: the log in the state folder is damaged.
            OSError: the state folder cannot be used, or the port is taken.
        """
        self._log = AcceptedLog(self.options.state / "accepted.jsonl")
        self._world = World(
            options=self.options,
            clock=self._clock,
            log=self._log,
            board=FaultBoard(self.options.faults, self.options.seed),
            bucket=Bucket(self.options.rate, self.options.burst),
        )
        self._runner = web.AppRunner(
            _application(self._world), access_log=None, shutdown_timeout=1.0
        )
        try:
            await self._runner.setup()
            port = await _listen(self._runner, self.options)
        except BaseException:
            await self._close()
            raise
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        self.origin = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening and let go of the log."""
        await self._close()

    async def _close(self) -> None:
        if self._world is not None:
            await calls.give_up(self._world)
        if self._runner is not None:
            await self._runner.cleanup()
        if self._log is not None:
            self._log.close()


async def _listen(runner: web.AppRunner, options: SandboxOptions) -> int:
    """Listen where the options say; the port is kept, so that the next start has it again."""
    note = options.state / "port"
    port = options.port
    if not port and note.exists():
        text = note.read_text(encoding="ascii").strip()
        port = int(text) if text.isdigit() and int(text) in _PORTS else 0
    try:
        await web.TCPSite(runner, options.host, port).start()
    except OSError as error:
        if options.port or error.errno != errno.EADDRINUSE:
            raise
        await web.TCPSite(runner, options.host, 0).start()
    found = int(runner.addresses[0][1])
    note.write_text(f"{found}\n", encoding="ascii")
    return found


def _application(world: World) -> web.Application:
    app = web.Application(middlewares=[count, guard], client_max_size=_BODY_LIMIT)
    app[WORLD] = world
    app.add_routes(
        [
            web.post("/v1/videos/generations", submit.submit),
            web.get("/v1/tasks/{task_id}", tasks.look),
            web.get("/v1/balance", account.balance),
            web.get("/v1/user/balance", account.balance),
            web.get("/v1/usage", account.usage),
            web.get("/v1/models", account.models),
            web.post("/v1/uploads/images", uploads.upload),
            web.get(r"/files/video/{task_id}/{number:\d+}-{expires:\d+}.mp4", films.serve_video),
            web.get("/files/thumbnail/{task_id}.jpg", files.serve_thumbnail),
            web.get("/files/upload/{name}", files.serve_upload),
            web.get("/sandbox/log", control.log),
            web.get("/sandbox/requests", control.requests),
            web.post("/sandbox/faults", control.replace_faults),
        ]
    )
    return app
