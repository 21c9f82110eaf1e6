"""Another service of the same shape, by nothing but a config."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

import batch_runner.sandbox
from tests.app.conftest import KEY, Cli, NewSheet

FAST = {"poll": {"first": "10ms", "min": "10ms", "max": "50ms"}, "limits": {"rate": "100/s"}}
VIDEO = Path(batch_runner.sandbox.__file__).parent / "media" / "sample.mp4"
API = {
    "submit": "/open/make",
    "task": "/open/jobs/{id}/state",
    "balance": "/open/wallet",
    "fields": {
        "task_id": "data.job.no",
        "status": "data.job.phase",
        "url": ["data.job.files.link", "data.job.remark"],
        "cost": "data.job.points",
        "error": "data.job.remark",
    },
    "words": {"completed": ["DONE"], "failed": ["BROKEN"]},
    "cost_per_usd": 100,
}


class _Gateway(BaseHTTPRequestHandler):
    """Takes a request under names of its own; what is asked of it, it remembers."""

    protocol_version = "HTTP/1.1"
    server: _Service

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["Authorization"], body))
        number = f"no-{len(self.server.asked)}"
        self.server.jobs[number] = body["prompt"]
        self._answer({"code": "success", "data": {"job": {"no": number, "phase": "WAITING"}}})

    def do_GET(self) -> None:
        if self.path == "/films/1.mp4":
            self._send(VIDEO.read_bytes(), "video/mp4")
        elif self.path == "/open/wallet":
            self._answer({"code": "success", "success": True, "remain_balance": 5})
        else:
            number = self.path.removeprefix("/open/jobs/").split("/")[0]
            self.server.looks.append(self.path.partition("?")[0])
            self._answer({"code": "success", "data": {"job": self._state(number)}})

    def _state(self, number: str) -> dict[str, Any]:
        if self.server.jobs[number] == "Breaks.":
            return {"no": number, "phase": "BROKEN", "remark": "the film tore", "points": 0}
        if self.server.looks.count(self.path.partition("?")[0]) < 2:
            return {"no": number, "phase": "DEVELOPING", "remark": ""}
        link = f"http://{self.headers['Host']}/films/1.mp4"
        return {"no": number, "phase": "done", "remark": link, "files": [], "points": "25"}

    def _answer(self, document: object) -> None:
        self._send(json.dumps(document).encode(), "application/json")

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


class _Service(ThreadingHTTPServer):
    """The gateway and its memory."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Gateway)
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.jobs: dict[str, str] = {}
        self.looks: list[str] = []

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def gateway() -> Iterator[_Service]:
    """A service that is not APIMart."""
    with _Service() as service:
        thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield service
        service.shutdown()
        thread.join()


def test_a_service_with_other_paths_fields_and_words_works(
    cli: Cli, gateway: _Service, new_sheet: NewSheet, kind: str
) -> None:
    """Submitted, looked at, downloaded, priced and refused, all in the words of the config."""
    sheet = new_sheet(kind, ["Runs.", "Breaks."])
    config = Path("elsewhere.yaml")
    config.write_text(yaml.safe_dump({**FAST, "provider": {"api": API}}), encoding="utf-8")
    options = ("--config", config, "--base-url", gateway.origin)

    ended, again = cli("run", sheet, *options), cli("run", sheet, *options)

    assert ended.code == 1, ended.err
    assert again.code == 0, again.err
    assert [(path, key) for path, key, _ in gateway.asked] == [("/open/make", f"Bearer {KEY}")] * 2
    runs, breaks = sheet.row("Runs."), sheet.row("Breaks.")
    assert runs["status"] == "succeeded"
    assert gateway.jobs[runs["task_id"]] == "Runs."
    assert float(runs["cost_usd"]) == 0.25
    assert (sheet.path.parent / runs["video_file"]).read_bytes() == VIDEO.read_bytes()
    assert breaks["status"] == "failed"
    assert "the film tore" in breaks["error"]
    assert set(gateway.looks) == {f"/open/jobs/{number}/state" for number in gateway.jobs}


def test_a_config_that_lies_beside_the_sheet_may_not_say_where_requests_go(
    cli: Cli, gateway: _Service, new_sheet: NewSheet
) -> None:
    """Paths and fields, as the origin, come only from a config that the user named."""
    sheet = new_sheet("csv", ["Runs."])
    sheet.path.with_suffix(".yaml").write_text(
        yaml.safe_dump({"provider": {"api": API}}), encoding="utf-8"
    )
    refused = cli("run", sheet, "--base-url", gateway.origin)
    assert refused.code == 2
    assert "--config" in refused.err
    assert gateway.asked == []
