"""The line between two shells: real sockets, for the owner only, and never in a run's way."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from batch_runner.app.ctl import place as places
from batch_runner.app.ctl import serve
from batch_runner.app.ctl.ask import ask
from batch_runner.app.ctl.orders import Action, Order
from batch_runner.app.ctl.place import NOTE, SOCKET, read_note
from batch_runner.app.ctl.serve import MOST, listening

posix = pytest.mark.skipif(sys.platform == "win32", reason="there are no such sockets")
PAUSE = Order(action=Action.PAUSE)


class Run:
    """A run as far as orders go: it notes them and says so."""

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.notices: list[str] = []

    async def obey(self, order: Order) -> dict[str, object]:
        """Note an order."""
        self.orders.append(order)
        return {"ok": True, "say": f"did {order.action}"}

    def notice(self, code: str, _message: str) -> None:
        """Note a notice."""
        self.notices.append(code)


def while_listening(sidecar: Path, run: Run, work: Callable[[], Awaitable[None]]) -> None:
    """Do something while the run listens."""

    async def both() -> None:
        async with listening(sidecar, run.obey, run.notice):
            await work()

    asyncio.run(both())


async def asked(sidecar: Path, order: Order = PAUSE) -> dict[str, Any] | None:
    """What another process would be answered."""
    return await asyncio.to_thread(ask, sidecar, order)


@pytest.fixture
def run() -> Run:
    """One run."""
    return Run()


@pytest.fixture
def sidecar(tmp_path: Path) -> Path:
    """A folder with a short path."""
    folder = tmp_path / "s.batch"
    folder.mkdir()
    return folder


def test_an_order_is_done_and_answered(sidecar: Path, run: Run) -> None:
    """What one side sends, the other does and says; afterwards nothing is left behind."""

    async def work() -> None:
        assert await asked(sidecar) == {"ok": True, "say": "did pause"}

    while_listening(sidecar, run, work)
    assert run.orders == [PAUSE]
    assert run.notices == []
    assert list(sidecar.iterdir()) == []
    assert ask(sidecar, PAUSE) is None


@posix
def test_only_the_owner_may_connect(sidecar: Path, run: Run) -> None:
    """Socket and note are readable and writable by their owner and by nobody else."""

    async def work() -> None:
        for name in (SOCKET, NOTE):
            assert stat.S_IMODE((sidecar / name).stat().st_mode) == 0o600

    while_listening(sidecar, run, work)


@posix
def test_a_long_path_gets_a_short_socket(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a socket's path would be too long, it lies in a private folder, and the note says so."""
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/tmp")
    sidecar = tmp_path / ("long-" * 20) / "campaign.xlsx.batch"
    sidecar.mkdir(parents=True)

    async def work() -> None:
        found = read_note(sidecar)
        assert found is not None
        assert found.socket is not None
        assert found.socket.parent != sidecar
        assert stat.S_IMODE(found.socket.parent.stat().st_mode) == 0o700
        assert (await asked(sidecar) or {})["ok"]

    while_listening(sidecar, run, work)
    assert run.orders == [PAUSE]


@posix
def test_a_folder_that_others_may_enter_is_not_used(tmp_path: Path) -> None:
    """Somebody who made the private folder first, open to all, gets no socket into it."""
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with pytest.raises(PermissionError):
        places.make_private(folder)


@posix
def test_a_killed_run_leaves_nothing_in_the_way(sidecar: Path, run: Run) -> None:
    """Its socket is there, dead: who asks is told that nobody is, and the next run listens."""
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(sidecar / SOCKET))
    dead.close()
    places.leave_note(sidecar, places.Place(socket=sidecar / SOCKET))
    assert ask(sidecar, PAUSE) is None

    async def work() -> None:
        assert await asked(sidecar) == {"ok": True, "say": "did pause"}

    while_listening(sidecar, run, work)


def test_a_port_needs_the_token(sidecar: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without such sockets it is a port of this machine, and only who can read the note is heard."""
    monkeypatch.setattr(serve, "socket_places", lambda _sidecar: ())

    async def work() -> None:
        found = read_note(sidecar)
        assert found is not None
        assert found.port
        assert found.token not in repr(found)
        for said in (b"", b"wrong\n", b'{"do": "pause"}\n'):
            reader, writer = await asyncio.open_connection("127.0.0.1", found.port)
            writer.write(said + PAUSE.to_line())
            assert await reader.read() == b""
            writer.close()
        assert run.orders == []
        assert await asked(sidecar) == {"ok": True, "say": "did pause"}

    while_listening(sidecar, run, work)
    assert run.orders == [PAUSE]


@posix
@pytest.mark.parametrize(
    "said",
    [b"\n", b"nonsense\n", b'{"do": "explode"}\n', b"[" * 3000 + b"\n", b"x" * (2 * MOST)],
    ids=["empty", "no-json", "unknown", "nested", "endless"],
)
def test_nonsense_does_nothing(sidecar: Path, run: Run, said: bytes) -> None:
    """It is refused with a sentence, or cut off; the next order is heard as ever."""

    async def work() -> None:
        reader, writer = await asyncio.open_unix_connection(str(sidecar / SOCKET))
        writer.write(said)
        writer.write_eof()
        try:
            answer = await reader.read()
        except ConnectionError:
            answer = b""
        assert not answer or json.loads(answer)["ok"] is False
        writer.close()
        assert run.orders == []
        assert await asked(sidecar) == {"ok": True, "say": "did pause"}

    while_listening(sidecar, run, work)


@posix
def test_somebody_silent_does_not_hold_up_the_end(
    sidecar: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection without a word is cut when the run ends, not waited for."""
    monkeypatch.setattr(serve, "PATIENCE", 3600.0)

    async def work() -> None:
        reader, writer = await asyncio.open_unix_connection(str(sidecar / SOCKET))
        assert await asked(sidecar) == {"ok": True, "say": "did pause"}  # so it was taken before
        silent.append((reader, writer))

    silent: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def both() -> None:
        async with listening(sidecar, run.obey, run.notice):
            await work()
        assert await silent[0][0].read() == b""
        silent[0][1].close()

    asyncio.run(both())


@posix
def test_where_nothing_can_listen_the_run_goes_on(
    sidecar: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so once, and everything else is as ever."""
    (sidecar / "none").touch()
    monkeypatch.setattr(serve, "socket_places", lambda folder: (folder / "none" / "x.sock",))
    worked: list[bool] = []

    async def work() -> None:
        worked.append(True)

    while_listening(sidecar, run, work)
    assert (run.notices, worked) == (["ctl_unusable"], [True])


@posix
@pytest.mark.parametrize(
    "note",
    [
        "",
        "[]",
        "{}",
        '{"socket": 5}',
        '{"socket": "/etc/passwd"}',
        '{"port": "x", "token": "0123456789abcdef"}',
        '{"port": 6379, "token": "0123456789abcdef\\nFLUSHALL"}',
        '{"port": 6379, "token": ""}',
    ],
)
def test_a_note_that_is_no_note_leads_nowhere(sidecar: Path, note: str) -> None:
    """The folder may come from anybody: what is no socket of this user's is not connected to."""
    (sidecar / NOTE).write_text(note, encoding="utf-8")
    assert read_note(sidecar) is None


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root owns everything")
def test_somebody_elses_socket_is_not_used(sidecar: Path) -> None:
    """A note may name any socket of this machine; orders go only to one's own."""
    system = next((p for p in (Path("/run/dbus/system_bus_socket"),) if p.exists()), None)
    if system is None:
        pytest.skip("there is no socket of somebody else here")
    (sidecar / NOTE).write_text(json.dumps({"socket": str(system)}), encoding="utf-8")
    assert read_note(sidecar) is None
