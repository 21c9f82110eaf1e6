"""A server that speaks like S3: moto's, as a process of its own on 127.0.0.1."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Mapping
from html import unescape
from typing import Self
from urllib.parse import quote

PATIENCE = 60.0  # seconds
_numbers = itertools.count(1)
_CREDENTIAL = "testing/20260101/us-east-1/s3/aws4_request"


class S3:
    """Started by ``with``; ``environ`` is what makes clients use it."""

    def __init__(self, log: int = subprocess.DEVNULL) -> None:
        self._log = log
        self.port = 0
        self.bucket = ""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environ(self) -> Mapping[str, str]:
        """Variables that lead clients of S3 here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def start(self) -> None:
        """Begin, with nothing in it; at the same port if it was there before."""
        words = [
            sys.executable,
            "-u",
            "-m",
            "moto.server",
            "-H",
            "127.0.0.1",
            "-p",
            f"{self.port}",
        ]
        self._process = subprocess.Popen(
            words, stdout=self._log, stderr=subprocess.PIPE, env={**os.environ, "no_proxy": "*"}
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if b"Running on http://127.0.0.1:" in line:
                self.port = int(line.rpartition(b":")[2].split()[0].decode().strip("/\x1b[0m"))
                return
        raise AssertionError("the server did not start")

    def stop(self) -> None:
        """End it, and all that it holds."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.communicate()
            self._process = None

    def make_bucket(self) -> None:
        """A bucket that is new, and empty."""
        self.bucket = f"videos-{next(_numbers)}"
        self._ask("PUT", f"/{self.bucket}", b"")

    def objects(self) -> dict[str, bytes]:
        """All that lies in the bucket."""
        text = self._ask("GET", f"/{self.bucket}?list-type=2").decode()
        keys = [unescape(part.split("</Key>")[0]) for part in text.split("<Key>")[1:]]
        return {key: self._ask("GET", f"/{self.bucket}/{quote(key)}") for key in keys}

    def put(self, key: str, content: bytes) -> None:
        """Put something there, as anybody may."""
        self._ask("PUT", f"/{self.bucket}/{quote(key)}", content)

    def uploads(self) -> int:
        """Uploads in several parts that were begun and neither ended nor given up."""
        return self._ask("GET", f"/{self.bucket}?uploads").count(b"<UploadId>")

    def etag(self, key: str) -> str:
        """The hash that the server tells of an object."""
        text = self._ask("GET", f"/{self.bucket}?list-type=2&prefix={quote(key)}").decode()
        return unescape(text.split("<ETag>")[1].split("</ETag>")[0]).strip('"')

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(self.url + path, body, method=method)
        request.add_header("Content-Type", "application/octet-stream")
        request.add_header("Authorization", f"AWS4-HMAC-SHA256 Credential={_CREDENTIAL}")
        with opener.open(request, timeout=PATIENCE) as answer:
            return bytes(answer.read())


class Valve:
    """Lets so many bytes of clients through to a server, then nothing: they wait for ever."""

    def __init__(self, port: int, most: int) -> None:
        self._to = ("127.0.0.1", port)
        self._left = most
        self._lock = threading.Lock()
        self.shut = threading.Event()
        self._open = [socket.create_server(("127.0.0.1", 0))]
        self._threads = [threading.Thread(target=self._accept)]

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._open[0].getsockname()[1]}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._open[0].accept()
            except OSError:
                return
            server = socket.create_connection(self._to)
            self._open += [client, server]
            for work in ((client, server, True), (server, client, False)):
                thread = threading.Thread(target=self._pump, args=work)
                self._threads.append(thread)
                thread.start()

    def _pump(self, source: socket.socket, target: socket.socket, counted: bool) -> None:  # noqa: FBT001
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                with self._lock:
                    self._left -= len(piece) * counted
                    if counted and self._left < 0:
                        self.shut.set()
                        return
                target.sendall(piece)
