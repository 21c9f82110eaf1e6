"""Pictures on the web that are fetched and uploaded, and those that are too large as they are."""

from __future__ import annotations

import io
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PIL import Image

from batch_runner.core.picture import LARGEST_UPLOAD
from tests.app.conftest import Cli, Configure, NewSheet, Service
from tests.app.pictured import picture

HOST = "http://album.example.com"
FILES = {
    f"{HOST}/fine.png": picture(1),
    f"{HOST}/small.png": picture(2, size=(90, 90)),
    f"{HOST}/page": b"<html>",
}


class _Album(BaseHTTPRequestHandler):
    """A web server with pictures, some of which it shows to nobody."""

    def do_GET(self) -> None:
        content = FILES.get(self.path)
        self.server.asked[self.path] += 1  # type: ignore[attr-defined]
        self.send_response(200 if content else 403)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture
def album() -> Iterator[ThreadingHTTPServer]:
    """A server on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Album) as server:
        server.asked = Counter()  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def noise(size: int) -> bytes:
    """A picture with many bytes."""
    image = Image.effect_noise((size, size), 200).convert("RGB")
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=0)
    return out.getvalue()


def test_pictures_on_the_web_are_fetched_and_uploaded(
    cli: Cli,
    service: Service,
    album: ThreadingHTTPServer,
    new_sheet: NewSheet,
    configure: Configure,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once for equal links; what cannot be had or used makes its row invalid, others are sent."""
    # Asked through a proxy, a name that nobody here can resolve leads to the album.
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{album.server_address[1]}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    paths = ["fine.png", "fine.png", "small.png", "page", "hotlink.png"]
    links = [f"{HOST}/{path}" for path in paths]
    sheet = new_sheet("csv", [f"Row {n}." for n in range(5)], columns={"image_urls": links})
    configure(sheet, images={"fetch": True})

    assert cli("run", sheet, "--yes").code == 1

    assert sheet.column("status") == ["succeeded"] * 2 + ["invalid"] * 3
    errors = sheet.column("error")
    assert "90x90 pixels" in errors[2]
    assert "no picture" in errors[3]
    assert "refuses to show it" in errors[4]
    sent = {link for task in service.accepted() for link in task["body"]["image_urls"]}
    (link,) = sent
    assert (service.state / "uploads" / link.rpartition("/")[2]).read_bytes() == picture(1)
    assert set(album.asked.values()) == {1}  # type: ignore[attr-defined]


def test_a_picture_too_large_is_scaled_down_if_the_config_allows_it(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """Without it the cell says so; with it a smaller one is uploaded."""
    Path("large.png").write_bytes(noise(2700))
    sheet = new_sheet("csv", ["One."], columns={"image_urls": ["large.png"]})
    plain = cli("check", sheet, "--json")
    assert [p["code"] for p in plain.json["problems"]] == ["image_too_large"]
    configure(sheet, images={"shrink": True})
    assert cli("check", sheet).code == 0

    assert cli("run", sheet, "--yes").code == 0

    (link,) = service.accepted()[0]["body"]["image_urls"]
    stored = (service.state / "uploads" / link.rpartition("/")[2]).read_bytes()
    assert 1000 < len(stored) <= LARGEST_UPLOAD
    assert Image.open(io.BytesIO(stored)).size == (2700, 2700)


def test_links_of_shared_folders_get_a_hint(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """They are pages and not pictures; nothing is held up by it."""
    link = "https://www.dropbox.com/s/abc/cat.png?dl=0"
    sheet = new_sheet("csv", ["One."], columns={"image_urls": [link]})
    checked = cli("check", sheet, "--json")
    (problem,) = checked.json["problems"]
    assert (problem["code"], problem["severity"]) == ("image_share_link", "warning")
    assert "raw=1" in problem["hint"]
    assert checked.code == 0


def test_private_addresses_are_not_fetched_for_a_cell(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """The row is invalid with the reason, and nothing was asked or sent."""
    sheet = new_sheet("csv", ["One."], columns={"image_urls": ["http://10.0.0.1/x.png"]})
    configure(sheet, images={"fetch": True})
    assert cli("run", sheet, "--yes").code == 1
    assert sheet.column("status") == ["invalid"]
    assert "private or local address" in sheet.rows()[0]["error"]
    assert service.bought() == Counter()
