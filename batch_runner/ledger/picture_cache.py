"""What was found out about pictures: a file of this user's, so that nothing is looked at twice.

Losing it costs time and nothing else; where it cannot be used, everything is looked at anew.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from batch_runner.core.model import FileStamp
from batch_runner.core.picture import Flaw, Picture

NAME = "pictures.sqlite"
VERSION = 1

_TABLES = """
CREATE TABLE files (
    path TEXT PRIMARY KEY,
    stamp TEXT NOT NULL,      -- JSON: what the file looked like
    sha256 TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE pictures (
    sha256 TEXT PRIMARY KEY,
    facts TEXT NOT NULL       -- JSON
) STRICT, WITHOUT ROWID;
CREATE TABLE looks (
    link TEXT PRIMARY KEY,
    at REAL NOT NULL,
    flaws TEXT NOT NULL       -- JSON
) STRICT, WITHOUT ROWID;
"""


class PictureCache:
    """Remembers by path, by content and by link; never raises."""

    def __init__(self, folder: Path | None) -> None:
        """``folder``: the user's own data folder; ``None``: nothing is remembered."""
        self._connection = None if folder is None else _open(folder / NAME)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def sha256(self, path: Path, stamp: FileStamp | None) -> str | None:
        """What a file held when it looked like this; ``None`` for the stamp: whenever it was."""
        found = self._one("SELECT stamp, sha256 FROM files WHERE path = ?", str(path))
        if found is None or (stamp is not None and found[0] != json.dumps(asdict(stamp))):
            return None
        return str(found[1])

    def remember_file(self, path: Path, stamp: FileStamp, sha256: str) -> None:
        """This is what a file holds."""
        told = (str(path), json.dumps(asdict(stamp)), sha256)
        self._do("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", told)

    def picture(self, sha256: str) -> Picture | None:
        """What is known of a picture."""
        found = self._one("SELECT facts FROM pictures WHERE sha256 = ?", sha256)
        return None if found is None else Picture(**json.loads(found[0]))

    def remember_picture(self, sha256: str, picture: Picture) -> None:
        """This is what a picture is like."""
        told = (sha256, json.dumps(asdict(picture)))
        self._do("INSERT OR REPLACE INTO pictures VALUES (?, ?)", told)

    def flaws(self, link: str, since: float) -> tuple[Flaw, ...] | None:
        """What a look at a link showed, if it was looked at since then (unix seconds)."""
        found = self._one("SELECT at, flaws FROM looks WHERE link = ?", link)
        if found is None or found[0] < since:
            return None
        return tuple(Flaw(**flaw) for flaw in json.loads(found[1]))

    def remember_look(self, link: str, at: float, flaws: Sequence[Flaw]) -> None:
        """This is what a look at a link showed."""
        told = (link, at, json.dumps([asdict(flaw) for flaw in flaws]))
        self._do("INSERT OR REPLACE INTO looks VALUES (?, ?, ?)", told)

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Keep all that is remembered within this block together: one write instead of many."""
        self._do("BEGIN", ())
        try:
            yield
        finally:
            self._do("COMMIT", ())

    def _one(self, question: str, about: str) -> tuple[Any, ...] | None:
        if self._connection is None:
            return None
        try:
            found: tuple[Any, ...] | None = self._connection.execute(question, (about,)).fetchone()
        except (sqlite3.Error, UnicodeError):
            return None
        return found

    def _do(self, statement: str, told: tuple[object, ...]) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error, UnicodeError):
                self._connection.execute(statement, told)


def _open(path: Path) -> sqlite3.Connection | None:
    """The file, made if it is not there; ``None``: it cannot be used."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            path, timeout=2.0, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error):
        return None
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0:
            connection.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
        if version in {0, VERSION}:
            return connection
    except sqlite3.Error:
        pass
    connection.close()
    return None
