"""A sandbox on a real port for each test, and a caller that speaks plain HTTP to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from batch_runner.sandbox.options import SandboxOptions, parse_fault
from batch_runner.sandbox.server import Sandbox

IMAGE = "https://images.example.com/cat.png"


@dataclass
class Clock:
    """The sandbox's clock, turned by hand."""

    now: float = 1_790_000_000.0

    def __call__(self) -> float:
        """Unix seconds."""
        return self.now


@dataclass(frozen=True)
class Reply:
    """One whole answer."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.data)

    @property
    def task_id(self) -> str:
        """The id that an accepting answer names, in either shape."""
        data = self.json["data"]
        return str(data[0]["task_id"] if isinstance(data, list) else data["id"])


@dataclass
class Caller:
    """A client that does nothing clever: one call, one request."""

    session: aiohttp.ClientSession
    box: Sandbox
    clock: Clock
    log: Path
    auth: dict[str, str] = field(default_factory=lambda: {"Authorization": "Bearer good-key"})

    async def call(self, method: str, path: str, **more: Any) -> Reply:
        """One request to a path of the sandbox, or to a whole URL."""
        url = path if path.startswith("http") else self.box.origin + path
        headers = {**self.auth, **more.pop("headers", {})}
        async with self.session.request(method, url, headers=headers, **more) as response:
            return Reply(response.status, response.headers, await response.read())

    async def submit(
        self, prompt: str = "A cat runs.", key: str | None = None, **body: Any
    ) -> Reply:
        """Submit a good viduq3 request, changed by ``body``; None leaves a field out."""
        headers = {"Idempotency-Key": key} if key else {}
        whole = {"model": "viduq3", "prompt": prompt, "image_urls": [IMAGE], **body}
        whole = {name: value for name, value in whole.items() if value is not None}
        return await self.call("POST", "/v1/videos/generations", json=whole, headers=headers)

    async def look(self, task_id: str) -> Reply:
        """Look at a task."""
        return await self.call("GET", f"/v1/tasks/{task_id}")

    async def link(self, task_id: str) -> str:
        """The video link that a look at a finished task gives."""
        data = (await self.look(task_id)).json["data"]
        return str(data["result"]["videos"][0]["url"][0])

    def accepted(self) -> list[Any]:
        """What the log on disk says at this moment."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


Scenario = Callable[[Caller], Awaitable[None]]


@pytest.fixture
def clock() -> Clock:
    """The clock of all sandboxes of a test."""
    return Clock()


@pytest.fixture
def play(tmp_path: Path, clock: Clock) -> Callable[..., None]:
    """``play(scenario, *faults, **options)``: run a scenario against a fresh process's state.

    Called again within a test, it is the same sandbox restarted.
    """

    def run(scenario: Scenario, *faults: str, **options: Any) -> None:
        asyncio.run(_session(scenario, faults, {"seconds": (0.0, 0.0), **options}))

    async def _session(
        scenario: Scenario, faults: tuple[str, ...], options: dict[str, Any]
    ) -> None:
        asked = SandboxOptions(
            state=tmp_path / "state", faults=tuple(map(parse_fault, faults)), **options
        )
        async with Sandbox(asked, clock) as box, aiohttp.ClientSession() as session:
            await scenario(Caller(session, box, clock, asked.state / "accepted.jsonl"))

    return run
