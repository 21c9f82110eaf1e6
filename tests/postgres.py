"""A PostgreSQL server of the tests' own: made in a folder, on a port of this computer, thrown away.

The programs are Debian's (``apt-get install postgresql``); the server refuses to run as root, so
where tests do, it runs as the user ``postgres``.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

PATIENCE = 60.0  # seconds for a server to start or stop
USER = "postgres"


def programs() -> Path | None:
    """The folder with the newest server's programs; ``None``: there is none."""
    found = shutil.which("initdb")
    folders = [
        *Path("/usr/lib/postgresql").glob("*/bin"),
        *([Path(found).parent] if found else []),
    ]
    sound = [folder for folder in folders if (folder / "postgres").exists()]
    return max(sound, key=_version, default=None)


def _version(folder: Path) -> int:
    number = folder.parent.name
    return int(number) if number.isdigit() else 0


class Server:
    """A server that can be stopped, killed and started again; its data stays."""

    def __init__(self, bin_folder: Path, *settings: str) -> None:
        """``settings``: of the server, as ``name=value``; by default what no test misses is off."""
        self._bin = bin_folder
        self._settings = settings or ("fsync=off",)  # no test cuts the power
        # Not below pytest's folders: those of root are closed to others, and a socket's path is short.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._data = self.folder / "data"
        self._user = USER if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(self.folder, self._user, self._user)
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._run("initdb", "-D", self._data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def dsn(self, database: str = USER) -> str:
        """The address of one of its databases."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def make_database(self, name: str) -> str:
        """A fresh, empty database; its address."""
        self.drop_database(name)
        self._sql(f'CREATE DATABASE "{name}"')
        return self.dsn(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(str(self._bin / "postgres"), "-D", str(self._data), "-k", str(self.folder)),
                    *("-p", str(self.port), "-c", "listen_addresses=127.0.0.1"),
                    *("-c", "shared_buffers=64MB"),
                    *(word for setting in self._settings for word in ("-c", setting)),
                ],
                user=self._user,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + PATIENCE
        while not self._answers():
            if time.monotonic() > until or self._process.poll() is not None:
                raise TimeoutError((self.folder / "log").read_text(errors="replace"))
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it as an administrator does who does not wait: connections are cut off."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """As a crash does: nothing is tidied up."""
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(PATIENCE)

    def _answers(self) -> bool:
        asked = ("-h", "127.0.0.1", "-p", str(self.port), "-q")
        return subprocess.run([self._bin / "pg_isready", *asked], check=False).returncode == 0

    def _sql(self, statement: str) -> None:
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", USER, "-q")
        self._run("psql", *where, "-c", statement)

    def _run(self, program: str, *words: str | Path) -> None:
        done = subprocess.run(
            [self._bin / program, *words],
            user=self._user,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
