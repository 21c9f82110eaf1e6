"""A clock that jumps, and the video service in memory, written against the port."""

from __future__ import annotations

import asyncio
import itertools
import selectors
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from batch_runner.core.jobs import Change, Job
from batch_runner.core.outcomes import (
    Balance,
    FetchKind,
    FetchOutcome,
    Kept,
    PollKind,
    PollOutcome,
    SubmitKind,
    SubmitOutcome,
    UploadKind,
    UploadOutcome,
)
from batch_runner.core.uploads import NoPicture, PictureFile

T = TypeVar("T")

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class _NoWaiting(selectors.DefaultSelector):
    """Never sleeps: where nothing is ready, the clock is moved to the next timer instead."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise RuntimeError("the loop would wait for ever: nothing is due and nobody comes")
        self._loop.clock += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in which an hour passes as soon as everybody waits for it."""

    def __init__(self) -> None:
        self.clock = 0.0
        super().__init__(_NoWaiting(self))

    def time(self) -> float:
        """Virtual seconds."""
        return self.clock


def in_virtual_time(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end; fails if it would hang or if it takes a year."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_within_a_year(main()))


async def _within_a_year(main: Coroutine[Any, Any, T]) -> T:
    async with asyncio.timeout(365 * 86400):
        return await main


def wall() -> datetime:
    """Wall time that goes with the loop's clock."""
    return START + timedelta(seconds=asyncio.get_running_loop().time())


@dataclass
class Task:
    """One accepted piece of work in the service."""

    id: str
    key: str
    body: bytes
    accepted: float  # loop time
    seconds: float
    outcome: PollKind = PollKind.COMPLETED
    links: int = 0  # links given so far


Fault = SubmitOutcome | Callable[[], Awaitable[SubmitOutcome]]


@dataclass
class Service:
    """The provider in memory, written against the port, with faults by script."""

    seconds: float = 60.0  # how long a task takes
    latency: float = 0.2
    slots: int = 10_000  # more tasks at work than this: 429
    cost: int | None = 400_000
    faults: dict[int, Fault] = field(default_factory=dict)  # nth submit (from 1) -> its answer
    every: Callable[[], SubmitOutcome | None] = lambda: None  # asked at each submit
    outcomes: dict[str, list[PollKind]] = field(default_factory=dict)  # body -> ends of its tasks
    look: Callable[[], PollOutcome | None] = lambda: None  # asked at each look
    fetches: Callable[[str], FetchOutcome | None] = lambda _url: None  # asked at each download
    uploaded: Callable[[bytes], UploadOutcome | None] = lambda _: None  # asked at each upload
    uploads: list[tuple[float, bytes]] = field(default_factory=list)  # time, content
    reachable: Callable[[], bool] = lambda: True
    honours_keys: bool = False
    tells_cost: bool = True
    links_die: dict[str, float] = field(default_factory=dict)  # body -> loop time
    tasks: dict[str, Task] = field(default_factory=dict)
    submits: list[tuple[float, str, bytes]] = field(default_factory=list)  # time, key, body
    looks: list[tuple[float, str]] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    probes: int = 0
    busiest: int = 0  # most tasks at work at once
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def at_work(self) -> int:
        """Tasks that are not done yet."""
        now = asyncio.get_running_loop().time()
        return sum(now < task.accepted + task.seconds for task in self.tasks.values())

    def paid(self) -> Counter[bytes]:
        """Tasks accepted by body: what was paid for."""
        return Counter(task.body for task in self.tasks.values())

    def accept(self, body: bytes, key: str) -> SubmitOutcome:
        """Take the work, as a real service may do even if its answer is lost."""
        known = next((t for t in self.tasks.values() if t.key == key), None)
        if known is not None and self.honours_keys:
            return SubmitOutcome(kind=SubmitKind.ACCEPTED, task_id=known.id, replayed=True)
        ends = self.outcomes.get(body.decode(), [])
        task = Task(
            id=f"task_{next(self._ids)}",
            key=key,
            body=body,
            accepted=asyncio.get_running_loop().time(),
            seconds=self.seconds,
            outcome=ends.pop(0) if ends else PollKind.COMPLETED,
        )
        self.tasks[task.id] = task
        self.busiest = max(self.busiest, self.at_work())
        return SubmitOutcome(kind=SubmitKind.ACCEPTED, task_id=task.id)

    async def submit(self, body: bytes, key: str) -> SubmitOutcome:
        """Answer as scripted, else take the work."""
        self.submits.append((asyncio.get_running_loop().time(), key, body))
        fault = self.faults.pop(len(self.submits), None)
        await asyncio.sleep(self.latency)
        if fault is not None:
            return fault if isinstance(fault, SubmitOutcome) else await fault()
        answer = self.every()
        if answer is not None:
            return answer
        if self.at_work() >= self.slots:
            return SubmitOutcome(kind=SubmitKind.LIMITED, http_status=429)
        return self.accept(body, key)

    async def poll(self, task_id: str) -> PollOutcome:
        """Tell how far a task is."""
        now = asyncio.get_running_loop().time()
        self.looks.append((now, task_id))
        await asyncio.sleep(self.latency)
        answer = self.look()
        if answer is not None:
            return answer
        task = self.tasks.get(task_id)
        if task is None:
            return PollOutcome(kind=PollKind.NOT_FOUND, message="Invalid task ID")
        if now < task.accepted + task.seconds:
            return PollOutcome(kind=PollKind.PENDING, status="processing")
        if task.outcome is not PollKind.COMPLETED:
            return PollOutcome(kind=task.outcome, message="upstream error", cost=0)
        task.links += 1
        return PollOutcome(
            kind=PollKind.COMPLETED,
            urls=(f"https://v.example.com/{task_id}/{task.links}.mp4",),
            expires_at=self._dies_at(task),
            cost=self.cost if self.tells_cost else None,
            actual_time=task.seconds,
        )

    def _dies_at(self, task: Task) -> datetime | None:
        dies = self.links_die.get(task.body.decode())
        return None if dies is None else START + timedelta(seconds=dies)

    async def upload(self, content: bytes, name: str) -> UploadOutcome:
        """Answer as scripted, else keep the picture."""
        self.uploads.append((asyncio.get_running_loop().time(), content))
        await asyncio.sleep(self.latency)
        answer = self.uploaded(content)
        if answer is not None:
            return answer
        link = f"https://u.example.com/{len(self.uploads)}/{name}"
        return UploadOutcome(kind=UploadKind.DONE, link=link)

    async def fetch(self, url: str, target: Path, part: Path) -> FetchOutcome:  # noqa: ARG002
        """Give a video without any bytes."""
        self.fetched.append(url)
        await asyncio.sleep(self.latency)
        answer = self.fetches(url)
        if answer is not None:
            return answer
        return FetchOutcome(kind=FetchKind.SAVED, path=target.with_suffix(".mp4"), size=9)

    async def balance(self) -> Balance:
        """Say whether anybody is there."""
        self.probes += 1
        await asyncio.sleep(self.latency)
        return Balance(remaining=None, reachable=self.reachable())


@dataclass
class Album:
    """Pictures by key: each is its own key, unless it is said to be something else."""

    instead: dict[str, NoPicture] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def picture(self, key: str) -> PictureFile | NoPicture:
        """The picture of this key."""
        self.asked.append(key)
        return self.instead.get(key) or PictureFile(
            content=key.encode(), name=f"{key}.png", called="cat.png"
        )


@dataclass
class VideoShelf:
    """Names videos by job; nothing is written."""

    keeps: Callable[[], Kept | None] = lambda: None  # asked at each video that came
    came: dict[int, FetchOutcome] = field(default_factory=dict)

    async def place(self, job: Job) -> Path:
        """One path an attempt."""
        return Path("videos") / f"{job.row}_{job.id}_{job.attempt}"

    async def part(self, job: Job) -> Path:
        """One path a task."""
        return Path("videos") / f"{job.task_id}.part"

    async def at_hand(self, job: Job) -> FetchOutcome | None:
        """What came and could not be kept."""
        return self.came.get(job.id)

    async def keep(self, job: Job, came: FetchOutcome) -> Kept:
        """As scripted, else under its path with slashes."""
        assert came.path is not None
        answer = self.keeps()
        if answer is not None:
            self.came[job.id] = came
            return answer
        return Kept(name=came.path.as_posix())

    async def settled(self, job: Job) -> None:
        """Forget what came."""
        self.came.pop(job.id, None)


@dataclass
class Heard:
    """Remembers what a run told."""

    changes: list[tuple[Job, Change]] = field(default_factory=list)
    notices: list[tuple[str, str]] = field(default_factory=list)

    def changed(self, job: Job, change: Change) -> None:
        """Remember a change."""
        self.changes.append((job, change))

    def noticed(self, code: str, message: str) -> None:
        """Remember a notice."""
        self.notices.append((code, message))
