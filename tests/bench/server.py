"""A service that costs next to nothing: the other end of every measurement, in its own process.

It speaks just enough HTTP/1.1 on a bare protocol, so that what is measured is the client. Tasks
end at once, or after times drawn from a log-normal distribution; a limit of tasks in flight and
a bucket of submits a second answer 429.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import math
import random
import sys
import time
from dataclasses import dataclass, field

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
_AT_WORK = '{"code":200,"data":{"id":"TASK","status":"processing"}}'
_DONE = (
    '{"code":200,"data":{"id":"TASK","status":"completed","progress":100,"cost":0.4,'
    '"actual_time":0,"result":{"videos":[{"url":["https://v.example.com/TASK.mp4"],'
    '"expires_at":2000000000}]}}}'
)
_ACCEPTED = '{"code":200,"data":[{"status":"submitted","task_id":"task_%d"}]}'


@dataclass
class Service:
    """What the service holds."""

    median: float  # seconds a task takes; 0: done at once
    sigma: float
    slots: int  # tasks in flight; 0: no limit
    video: bytes
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    ends: dict[int, float] = field(default_factory=dict)
    ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    submits: int = 0
    looks: int = 0
    refused: int = 0

    def submit(self) -> bytes:
        """Take a task, or refuse it."""
        number, now = next(self.ids), time.monotonic()
        if self.slots:
            self.ends = {n: end for n, end in self.ends.items() if end > now}
            if len(self.ends) >= self.slots:
                self.refused += 1
                return _limited()
        self.submits += 1
        if self.median:
            seconds = self.median * math.exp(self.dice.gauss(0, self.sigma))
            self.ends[number] = now + seconds
        return _json(_ACCEPTED % number)

    def look(self, task: str) -> bytes:
        """How far a task is."""
        self.looks += 1
        end = self.ends.get(int(task.removeprefix("task_")), 0.0)
        done = end <= time.monotonic()
        return _json((_DONE if done else _AT_WORK).replace("TASK", task))

    def answer(self, method: str, path: str) -> bytes:
        """One request's answer."""
        path = path.partition("?")[0]
        if method == "POST":
            return self.submit()
        if path.startswith("/v1/tasks/"):
            return self.look(path[10:])
        if path.endswith(".mp4"):
            return _OK % (b'video/mp4\r\nETag: "v"', len(self.video)) + self.video
        if path == "/told":
            told = {"submits": self.submits, "looks": self.looks, "refused": self.refused}
            return _json(json.dumps(told))
        return _json('{"code":200,"data":{"remain_balance":1000000,"unlimited_quota":false}}')


def _json(text: str) -> bytes:
    body = text.encode()
    return _OK % (b"application/json", len(body)) + body


def _limited() -> bytes:
    body = b'{"error":{"code":429,"type":"rate_limit_error","message":"too many"}}'
    head = b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\n"
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


class _Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._left = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._left += data
        while (end := self._left.find(b"\r\n\r\n")) >= 0:
            head = self._left[:end].decode("latin-1")
            length = _length(head)
            if len(self._left) < end + 4 + length:
                return
            self._left = self._left[end + 4 + length :]
            method, path, _ = head.split(" ", 2)
            self._transport.write(self._service.answer(method, path))


def _length(head: str) -> int:
    lowered = head.lower()
    start = lowered.find("\r\ncontent-length:")
    if start < 0:
        return 0
    return int(lowered[start + 17 :].partition("\r\n")[0])


def video_of(size: int) -> bytes:
    """A file of this size that passes for a whole MP4."""
    head = (20).to_bytes(4, "big") + b"ftypisom\0\0\0\0isom"
    index = (8).to_bytes(4, "big") + b"moov"
    left = max(8, size - len(head) - len(index))
    return head + index + left.to_bytes(4, "big") + b"mdat" + b"\0" * (left - 8)


async def _serve(given: argparse.Namespace) -> None:
    service = Service(
        median=given.median, sigma=given.sigma, slots=given.slots, video=video_of(given.video)
    )
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Connection(service), "127.0.0.1", 0, backlog=4096, reuse_address=True
    )
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    """Serve until terminated; the origin is the first line of standard output."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--median", type=float, default=0.0)
    parser.add_argument("--sigma", type=float, default=0.3)
    parser.add_argument("--slots", type=int, default=0)
    parser.add_argument("--video", type=int, default=100_000)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
