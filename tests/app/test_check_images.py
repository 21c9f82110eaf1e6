"""``check --images``: pictures are looked at before anything is paid for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO

import pytest
from PIL import Image

from tests.app.conftest import Cli, Configure, NewSheet


def _picture(width: int, height: int) -> bytes:
    out = BytesIO()
    Image.linear_gradient("L").resize((width, height)).save(out, "PNG")
    return out.getvalue()


FILES = {"/fine.png": _picture(256, 256), "/small.png": _picture(90, 90), "/page": b"<html>"}


class _Album(BaseHTTPRequestHandler):
    """A web server with pictures."""

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization")))  # type: ignore[attr-defined]
        if self.path == "/inside":
            self._send(302, b"", location="http://10.0.0.1/private.png")
        elif self.path == "/hotlink.png":
            self._send(403, b"")
        elif self.path in FILES:
            self._send(200, FILES[self.path])
        else:
            self._send(404, b"")

    def _send(self, status: int, content: bytes, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture
def album(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    """A server on this machine; being the API's own host, it may be asked."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Album) as server:
        server.asked = []  # type: ignore[attr-defined]
        monkeypatch.setenv("APIMART_BASE_URL", f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def at(album: ThreadingHTTPServer) -> Callable[[str], str]:
    """The address of a file of the album."""
    return lambda path: f"http://127.0.0.1:{album.server_address[1]}{path}"


def test_every_bad_picture_is_named_at_its_cell(
    cli: Cli,
    album: ThreadingHTTPServer,
    at: Callable[[str], str],
    new_sheet: NewSheet,
    kind: str,
) -> None:
    """Gone, protected, too small, no picture, in a private network: each is said, none is paid."""
    paths = [
        "/fine.png",
        "/small.png",
        "/page",
        "/gone.png",
        "/hotlink.png",
        "/inside",
        "/fine.png",
    ]
    links = [at(path) for path in paths]
    sheet = new_sheet(
        kind, [f"Row {i}." for i in range(len(paths))], columns={"image_urls": links}
    )

    plain, looked = cli("check", sheet, "--json"), cli("check", sheet, "--images", "--json")

    assert plain.code == 0
    assert looked.code == 1
    found = {p["row"]: (p["column"], p["code"]) for p in looked.json["problems"]}
    assert found == {
        3: ("B", "image_too_small"),
        4: ("B", "image_not_a_picture"),
        5: ("B", "image_unreachable"),
        6: ("B", "image_forbidden"),
        7: ("B", "image_refused"),
    }
    asked = album.asked  # type: ignore[attr-defined]
    assert sorted(path for path, _ in asked) == sorted(set(paths))
    assert {key for _, key in asked} == {None}


def test_pictures_that_are_in_order_are_no_problem(
    cli: Cli, album: ThreadingHTTPServer, at: Callable[[str], str], new_sheet: NewSheet
) -> None:
    """A sheet with good pictures only passes."""
    sheet = new_sheet("csv", ["It runs."], columns={"image_urls": [at("/fine.png")]})
    looked = cli("check", sheet, "--images")
    assert looked.code == 0, looked.out
    assert "No problems found" in looked.out


def test_local_addresses_are_not_asked(
    cli: Cli,
    album: ThreadingHTTPServer,
    at: Callable[[str], str],
    new_sheet: NewSheet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A cell cannot make the program ask this machine or its network."""
    monkeypatch.delenv("APIMART_BASE_URL")
    sheet = new_sheet("csv", ["It runs."], columns={"image_urls": [at("/fine.png")]})
    looked = cli("check", sheet, "--images", "--json")
    assert [p["code"] for p in looked.json["problems"]] == ["image_refused"]
    assert album.asked == []  # type: ignore[attr-defined]


def test_pictures_that_were_in_order_are_not_asked_for_again(
    cli: Cli, album: ThreadingHTTPServer, at: Callable[[str], str], new_sheet: NewSheet
) -> None:
    """Checked again, only what was wrong is looked at: it may be mended by now."""
    links = [at("/fine.png"), at("/small.png")]
    sheet = new_sheet("csv", ["It runs.", "It jumps."], columns={"image_urls": links})
    cli("check", sheet, "--images")
    cli("check", sheet, "--images")
    asked = [path for path, _ in album.asked]  # type: ignore[attr-defined]
    assert sorted(asked) == ["/fine.png", "/small.png", "/small.png"]


def test_pictures_that_a_template_names_are_looked_at_too(
    cli: Cli,
    album: ThreadingHTTPServer,
    at: Callable[[str], str],
    new_sheet: NewSheet,
    configure: Configure,
) -> None:
    """Wherever the link of a picture comes from, it is what would be sent."""
    sheet = new_sheet(
        "csv",
        ["It runs.", "It jumps."],
        columns={"image_urls": ["", ""], "sku": ["fine", "small"]},
    )
    configure(sheet, templates={"image_urls": at("/{{ sku }}.png")})
    looked = cli("check", sheet, "--images", "--json")
    errors = [p for p in looked.json["problems"] if p["severity"] == "error"]
    assert [(p["row"], p["code"]) for p in errors] == [(3, "image_too_small")]
