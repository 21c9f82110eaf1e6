"""A dashboard at work in a thread, over a folder of its own, beside a sandbox that it may run on."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import http.client
import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_runner.app.board.board import Board
from batch_runner.app.board.starts import Starts
from batch_runner.sandbox.options import SandboxOptions, parse_fault
from batch_runner.sandbox.server import Sandbox
from batch_runner.web.door import Password
from batch_runner.web.house import House
from batch_runner.web.server import Offered, serving

PATIENCE = 30.0  # seconds after which a test gives up waiting
IMAGE = "https://images.example.com/cat.png"
HEADERS = ("prompt", "image_urls", "duration")
QUICK = "poll: {first: 0.2s, min: 0.1s, max: 0.3s}\n"


@dataclass(frozen=True)
class Answer:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The document that it is."""
        return json.loads(self.body)


@dataclass
class Visitor:
    """Somebody who talks to the dashboard without a browser; a proper page unless told otherwise."""

    host: str
    path: str = ""
    cookie: str = ""
    csrf: str = ""

    def ask(
        self,
        where: str,
        body: object = None,
        *,
        method: str | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """Ask for a path; with a body it is a change. ``headers``: instead of the usual ones."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        method = method or ("GET" if body is None else "POST")
        usual: dict[str, str | None] = {"Host": self.host, "Cookie": self.cookie or None}
        if method not in {"GET", "HEAD"}:
            usual |= {
                "Origin": f"http://{self.host}",
                "X-CSRF-Token": self.csrf,
                "Content-Type": "application/octet-stream"
                if isinstance(body, bytes)
                else "application/json",
            }
        sent = {name: text for name, text in (usual | dict(headers or {})).items() if text}
        port = int(self.host.rpartition(":")[2])
        with contextlib.closing(
            http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        ) as line:
            line.request(method, where, None if body is None else raw, sent)
            got = line.getresponse()
            return Answer(got.status, dict(got.getheaders()), got.read())

    def private(self, where: str, body: object = None, **more: Any) -> Answer:
        """Ask for something that only those see who were let in."""
        return self.ask(f"{self.path}{where}", body, **more)

    def came_in(self, answer: Answer) -> Visitor:
        """Keep what the door gave."""
        assert answer.status == 200, answer.body
        self.path = answer.json["path"]
        self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        self.csrf = self.private("home").json["csrf"]
        return self


@dataclass
class Dashboard:
    """A dashboard as a test sees it."""

    folder: Path
    house: House
    box: Sandbox
    _loop: asyncio.AbstractEventLoop

    @property
    def host(self) -> str:
        """What its ``Host`` header says."""
        return f"127.0.0.1:{self.house.hosts.port}"

    def link(self) -> str:
        """A link that works once."""
        return f"http://{self.host}/#enter={self.token()}"

    def token(self) -> str:
        """What such a link holds."""
        return self.house.door.invite()

    def visitor(self) -> Visitor:
        """Somebody who was let in."""
        stranger = Visitor(self.host)
        return stranger.came_in(stranger.ask("/enter", {"token": self.token()}))

    def pause(self) -> None:
        """Let a moment pass in which others work."""
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.05), self._loop).result(PATIENCE)

    def ended(self) -> None:
        """Wait until it is to end."""
        asyncio.run_coroutine_threadsafe(self.house.over.wait(), self._loop).result(PATIENCE)

    def hang_up(self) -> None:
        """Break the line of every page that listens."""
        feed = self.house.feed

        def let_go() -> None:
            feed.end()
            self._loop.call_later(0.1, setattr, feed, "_over", False)

        self._loop.call_soon_threadsafe(let_go)

    def sheet(self, name: str, prompts: Sequence[str], *, duration: str = "5") -> Path:
        """A sheet in its folder, with a row for each prompt, that is run quickly."""
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = [(prompt, IMAGE, duration) for prompt in prompts]
            csv.writer(file).writerows([HEADERS, *rows])
        path.with_name(f"{name}.yaml").write_text(QUICK, encoding="utf-8")
        return path

    def id_of(self, path: Path) -> str:
        """The id of a sheet."""
        real = Path(os.path.realpath(path))
        return next(one.id for one in self.house.board.entries() if one.path == real)


def _kill_runs(starts: Starts) -> None:
    """End the runs that a test left on; they outlive their dashboard, as they should."""
    for process, _ in starts._on.values():
        process.kill()
        process.wait()
    assert starts.on == 0


@contextlib.contextmanager
def dashboard(
    root: Path, *faults: str, password: str | None = None, seconds: float = 0.3, **more: Any
) -> Iterator[Dashboard]:
    """A dashboard at work; runs that it starts talk to a sandbox of its own."""
    folder, home = root / "campaigns", root / "home"
    folder.mkdir()
    home.mkdir()
    box = Sandbox(
        SandboxOptions(
            state=root / "service",
            seconds=(seconds, seconds),
            faults=tuple(parse_fault(fault) for fault in faults),
        )
    )
    kept = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "PYTHONPATH", "LANG")
    environ = {name: text for name in kept if (text := os.environ.get(name))} | {
        "HOME": str(home),
        "BATCH_RUNNER_DATA": str(root / "data"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        "APIMART_API_KEY": "sk-browser-test-0123456789",
    }
    ready, over = threading.Event(), asyncio.Event()
    found: list[Dashboard] = []

    async def serve() -> None:
        async with box:
            environ["APIMART_BASE_URL"] = box.origin
            offered = Offered(
                board=Board(places=[folder], options={}, environ=environ),
                port=0,
                password=None if password is None else Password.of(password),
                environ=environ,
                **more,
            )
            async with serving(offered) as house:
                found.append(Dashboard(folder, house, box, asyncio.get_running_loop()))
                ready.set()
                await over.wait()

    failed: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # told by the test, not lost in the thread
            failed.append(error)
            ready.set()
            raise

    thread = threading.Thread(target=work)
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield found[0]
    finally:
        if found:
            _kill_runs(found[0].house.starts)  # else a run would wait for its sandbox for ever
            found[0]._loop.call_soon_threadsafe(over.set)
        thread.join(PATIENCE)
    assert failed == []
