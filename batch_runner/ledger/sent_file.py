"""The files in which computers that share a sheet tell each other what they send.

Each computer writes one of its own, ``sent-<computer>.jsonl`` in the sidecar, and only adds to
it, so that whatever synchronises the folder never has two versions to choose from. All are read,
one's own and conflict copies too: they know more than a ledger that was lost.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from batch_runner.core.sent import Line, Sent, fold, from_text, to_text
from batch_runner.durable import sync_folder
from batch_runner.ledger.files import readable

PATTERN = "sent-*.jsonl"
TICK = 1e-6  # seconds between two lines, whatever the clock says

Stamp = frozenset[tuple[str, int, int]]


class SentFiles:
    """All such files of one sidecar; this computer adds to its own."""

    def __init__(self, folder: Path, machine: str) -> None:
        self.folder = folder
        self._own = folder / f"sent-{machine}.jsonl"
        self._latest = 0.0  # of all lines read or written: no clock that is off may reorder them
        self._begun = False

    def stamp(self) -> Stamp:
        """What changes when another computer's file does; cheap.

        Raises:
            LedgerError: the folder cannot be read.
        """
        seen = set()
        with readable(self.folder):
            for path in self.folder.glob(PATTERN):
                with contextlib.suppress(FileNotFoundError):  # just being replaced
                    found = path.stat()
                    seen.add((path.name, found.st_mtime_ns, found.st_size))
        return frozenset(one for one in seen if one[0] != self._own.name)

    def read(self) -> Mapping[str, Sent]:
        """What all files tell, by idempotency key.

        Raises:
            LedgerError: one of them cannot be read (it may not be on this computer yet).
        """
        lines = list(read_lines(self.folder))
        self._latest = max([self._latest, *(line.at for line in lines)])
        return fold(lines)

    def moment(self, now: float) -> float:
        """The time for the next line: later than all lines known so far."""
        self._latest = max(now, self._latest + TICK)
        return self._latest

    def add(self, lines: Iterable[Line]) -> None:
        """Add lines to this computer's file, durably.

        The file is opened for each: some synchronisers pass on only what is closed.

        Raises:
            OSError: they cannot be written.
        """
        text = "".join(f"{to_text(line)}\n" for line in lines)
        if not text:
            return
        sys.audit("batch_runner.sent.tells")
        new = not self._own.exists()
        with self._own.open("ab+") as file:
            file.write(f"\n{text}".encode() if self._is_torn(file) else text.encode())
            file.flush()
            os.fsync(file.fileno())
        if new:
            sync_folder(self.folder)
        sys.audit("batch_runner.sent.told")

    def _is_torn(self, file: BinaryIO) -> bool:
        """Whether a run that died left half a line at the end."""
        first, self._begun = not self._begun, True
        if not first or not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def read_lines(folder: Path) -> Iterable[Line]:
    """All lines of a sidecar's files that can be understood.

    Raises:
        LedgerError: a file cannot be read.
    """
    for path in sorted(folder.glob(PATTERN)):
        content = b""
        with readable(path), contextlib.suppress(FileNotFoundError):  # just being replaced
            content = path.read_bytes()
        for text in content.decode(errors="replace").split("\n"):
            line = from_text(text)
            if line is not None:
                yield line
