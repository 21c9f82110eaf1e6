"""Trouble of all rows is told at once, each kind once, and never in a run's way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from batch_runner.app.notify import troubles
from batch_runner.app.notify.troubles import TroubleTeller
from batch_runner.app.run.listen import RunListener
from batch_runner.app.run.run_log import LogFile, RunLog
from batch_runner.settings.notify import Notify, Web
from tests.notify.conftest import Endpoint, talking

Start = Callable[..., Endpoint]


@pytest.fixture
def run_listener(tmp_path: Path) -> Iterator[RunListener]:
    """A run's listener with a log of its own."""
    file = LogFile(path=tmp_path / "run.log", most_bytes=1000, kept=1)
    with RunLog(file, 1, (), lambda: datetime(2026, 11, 25, tzinfo=UTC)) as log:
        yield RunListener(log, show=lambda _message: None)


def hear(run_listener: RunListener, notify: Notify, told: set[str], *notices: str) -> None:
    """A run in which these notices come, one after another."""

    async def run() -> None:
        teller = TroubleTeller(notify, "campaign.csv", run_listener, told)
        for code in notices:
            teller.hear(code, f"it is {code}.")
        await teller.rest()

    asyncio.run(run())


def test_each_kind_of_trouble_is_told_once(endpoint: Start, run_listener: RunListener) -> None:
    """An outage that comes and goes is no storm of messages; what is no trouble is not told."""
    server = endpoint()
    notify = Notify(targets=(Web(url=server.url),))
    told: set[str] = set()
    notices = ("limited", "provider_down", "provider_back", "ctl", "provider_down")
    hear(run_listener, notify, told, *notices)
    codes = sorted(post["trouble"]["code"] for post in server.posts)
    assert codes == ["provider_back", "provider_down"]
    assert {post["event"] for post in server.posts} == {"trouble"}

    hear(
        run_listener, notify, told, "provider_down", "key_refused"
    )  # the next sheet of the command
    assert [post["trouble"]["code"] for post in server.posts[2:]] == ["key_refused"]


def test_a_deaf_endpoint_is_given_a_moment_only(
    run_listener: RunListener, monkeypatch: pytest.MonkeyPatch, quick: None
) -> None:
    """At the run's end nobody waits for what is still being told of its middle."""
    monkeypatch.setattr(troubles, "REST", 0.2)

    async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def run(port: int) -> None:
        notify = Notify(targets=(Web(url=f"http://127.0.0.1:{port}/"),), timeout=3600.0)
        teller = TroubleTeller(notify, "campaign.csv", run_listener, set())
        teller.hear("no_balance", "the balance is used up.")
        await teller.rest()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with talking(silent) as port:
        asyncio.run(run(port))
