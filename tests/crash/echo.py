"""A rude service: whatever is asked of it, the answer holds the headers it was asked with."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

FAILED = {"status": "failed", "progress": 100}
LINK = "http://videos.example.com/film.mp4"


class Echo(BaseHTTPRequestHandler):
    """API and proxy in one; what a submit is answered, its prompt says: ``[status:shape]``."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[str]] = []
    told: ClassVar[list[str]] = []  # what a hook was sent, headers and all

    def do_GET(self) -> None:
        """The balance, a look at a task, or, as a proxy, a video."""
        if self.path.startswith("/v1/tasks/"):
            self._look(self.path.split("/")[3].partition("?")[0])
        elif self.path.startswith("/v1/balance"):
            self._answer(200, {"success": False, "message": self._secrets()})
        else:
            self._answer(403, {"error": self._secrets()})

    def do_POST(self) -> None:
        """Take, or refuse, what is to be made."""
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/hook"):
            self.told.append(f"{self._secrets()}\n{content.decode()}")
            self._answer(500, self._secrets())
            return
        body = json.loads(content)
        status, _, shape = body["prompt"].rpartition("[")[2].rstrip("]").partition(":")
        if shape == "task":
            self._answer(200, {"code": 200, "data": [{"task_id": f"task_{status}"}]})
        elif shape == "text":
            self._answer(int(status), self._secrets())
        else:
            error = {"code": shape or "x", "message": self._secrets(), "type": self._secrets()}
            self._answer(int(status), {"error": error, "request_id": self._secrets()})

    def do_CONNECT(self) -> None:
        """Refuse a tunnel."""
        self._answer(502, self._secrets())

    def _look(self, task: str) -> None:
        data: dict[str, object] = {"id": task, "status": self._secrets(), "progress": 3}
        if task == "task_failed":
            error = {"code": self._secrets(), "message": self._secrets(), "type": "task_failed"}
            data = {**FAILED, "id": task, "error": error}
        elif task == "task_done":
            links = [{"url": [LINK], "expires_at": 4_000_000_000}]
            data = {"id": task, "status": "completed", "result": {"videos": links}, "cost": 0.1}
        elif task == "task_gone":
            self._answer(
                400, {"error": {"code": 400, "message": f"Invalid task ID {self._secrets()}"}}
            )
            return
        self._answer(200, {"code": 200, "data": data})

    def _secrets(self) -> str:
        return " ".join(f"{name}: {value}" for name, value in self.headers.items())

    def _answer(self, status: int, body: object) -> None:
        self.asked.append(f"{self.command} {self.path} {self._secrets()}")
        # As PHP writes JSON: slashes escaped.
        text = body if isinstance(body, str) else json.dumps(body).replace("/", "\\/")
        content = text.encode()
        self.send_response(status, self._secrets()[:200])
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Oneapi-Request-Id", self._secrets())
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@contextmanager
def echoing() -> Iterator[str]:
    """The service at work; its origin."""
    Echo.asked.clear()
    Echo.told.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
