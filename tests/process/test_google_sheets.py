"""A spreadsheet at Google by its link, through a proxy, as in an office: the whole way."""

from __future__ import annotations

import asyncio
import csv
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from tests.process.conftest import COMMAND, IMAGE, Box, Environment

LINK = "https://docs.google.com/spreadsheets/d/1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms/edit#gid=0"
COPY = "google-s74OgvE2upms-0.gsheet.csv"
RESULTS = "google-s74OgvE2upms-0.results.csv"


class Google:
    """Stands for docs.google.com, and is the proxy by which it is reached."""

    def __init__(self, certificates: ssl.SSLContext) -> None:
        self.shown = ""  # the spreadsheet as CSV; blank: one has to log in
        self.proxy = ""
        self._certificates = certificates
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def start(self) -> None:
        """Listen, on a thread and an event loop of its own."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(30)

    def stop(self) -> None:
        """End it."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _serve(self) -> None:
        self._docs = await asyncio.start_server(
            self._answer, "127.0.0.1", 0, ssl=self._certificates
        )
        self._tunnel = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.proxy = f"http://127.0.0.1:{self._tunnel.sockets[0].getsockname()[1]}"

    async def _end(self) -> None:
        self._docs.close()
        self._tunnel.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if self.shown:
            body = self.shown.encode()
            head = f"200 OK\r\nContent-Type: text/csv\r\nContent-Length: {len(body)}"
        else:
            body = b""
            head = "302 Found\r\nLocation: https://accounts.google.com/x\r\nContent-Length: 0"
        writer.write(f"HTTP/1.1 {head}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"CONNECT docs.google.com:443 ")
        port = self._docs.sockets[0].getsockname()[1]
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pipe(reader, to_writer), _pipe(to_reader, writer))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(1 << 16):
            writer.write(piece)
            await writer.drain()
    writer.close()


@pytest.fixture
def google(tmp_path: Path, environment: Environment) -> Iterator[Google]:
    """Google as this computer's programs see it."""
    authority = trustme.CA()
    certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("docs.google.com").configure_cert(certificates)
    authority.cert_pem.write_to_path(str(tmp_path / "trusted.pem"))
    found = Google(certificates)
    found.start()
    environment |= {
        "SSL_CERT_FILE": str(tmp_path / "trusted.pem"),
        "HTTPS_PROXY": found.proxy,
        "BATCH_RUNNER_DATA": str(tmp_path / "data"),
    }
    try:
        yield found
    finally:
        found.stop()


def _sheet(*prompts: str) -> str:
    return "prompt,image_urls\n" + "".join(f"{prompt},{IMAGE}\n" for prompt in prompts)


def test_a_link_is_run_again_and_again(
    google: Google, environment: Environment, sandbox: Callable[..., Box], tmp_path: Path
) -> None:
    """Results go beside a copy; edits at Google are followed; nothing is paid twice; a login is told."""
    box = sandbox("--seconds", "0.1")
    environment["APIMART_BASE_URL"] = box.origin

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "run", LINK],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    google.shown = _sheet("First.", "Second.")
    first = run()
    google.shown = _sheet("Third.", "First.", "Second.")
    second = run()
    google.shown = ""
    third = run()

    assert first.returncode == 0, first.stderr
    assert second.returncode == 0, second.stderr
    assert third.returncode == 2
    assert "Anyone with the link" in third.stderr
    assert (tmp_path / COPY).read_text(encoding="utf-8") == _sheet("Third.", "First.", "Second.")
    with (tmp_path / RESULTS).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["succeeded"] * 3
    assert set(box.times_accepted().values()) == {1}
    assert len(box.accepted()) == 3
