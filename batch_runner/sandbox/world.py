"""All that the routes share: one running service's options, log, faults, links and counts."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from batch_runner.sandbox.accepted import AcceptedLog
from batch_runner.sandbox.faults import FaultBoard, Subject
from batch_runner.sandbox.limits import Bucket
from batch_runner.sandbox.options import SandboxOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link to a video: the ``number``-th of its task, dead from ``expires_at`` on."""

    number: int
    expires_at: int  # Unix seconds


@dataclass(slots=True, kw_only=True)
class World:
    """One running service."""

    options: SandboxOptions
    clock: Callable[[], float]  # Unix seconds
    log: AcceptedLog
    board: FaultBoard
    bucket: Bucket
    links: dict[str, Link] = field(default_factory=dict)  # the present one of each task
    busy: set[tuple[str, str]] = field(default_factory=set)  # account and key being answered
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)  # route, status
    callers: set[asyncio.Task[None]] = field(default_factory=set)  # calls that are to be made

    def key_is_bad(self, subject: Subject | None = None) -> bool:
        """Whether a fault has the key refused now."""
        after = self.board.number("key-refused-after", subject)
        return self.board.number("key-refused", subject) is not None or (
            after is not None and len(self.log.tasks) >= after
        )

    def key_is_exchanged(self, account: str) -> bool:
        """Whether a fault has this key refused, and no other."""
        after = self.board.number("key-replaced")
        if after is None or len(self.log.tasks) < after:
            return False
        first = itertools.islice(self.log.tasks.values(), int(after))
        return account in {task.account for task in first}

    def balance(self, now: float) -> float:
        """USD that are left."""
        return self.options.balance - self.log.spent(now)

    def link(self, task_id: str, now: float) -> Link:
        """A task's present link, a fresh one if that is dead."""
        link = self.links.get(task_id)
        if link is None or link.expires_at <= now:
            number = link.number + 1 if link else 1
            link = Link(number=number, expires_at=int(now + self.options.link_seconds))
            self.links[task_id] = link
        return link

    def retire(self, task_id: str, number: int) -> None:
        """A link was found dead: the next look gets another one."""
        link = self.links.get(task_id)
        if link and link.number == number:
            self.links[task_id] = Link(number=number, expires_at=0)

    async def delay(self, subject: Subject) -> None:
        """Wait as long as the fault ``slow`` says."""
        seconds = self.board.number("slow", subject)
        if seconds:
            await asyncio.sleep(seconds)


WORLD = web.AppKey("world", World)
"""Where an application keeps its world."""
