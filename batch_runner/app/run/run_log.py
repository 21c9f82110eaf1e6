"""The log of a run: JSON lines in a file that is rotated, the key never in it."""

from __future__ import annotations

import json
import logging
import logging.handlers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from batch_runner.core.redact import redact

LOG_PAUSE = 0.5  # seconds that a line may wait

_json = json.JSONEncoder(ensure_ascii=False, default=str).encode


class _File(logging.handlers.RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802
        """A log that cannot be written is no secret; called while the error is handled."""
        raise  # noqa: PLE0704


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """Where a log goes, and how much of it is kept."""

    path: Path
    most_bytes: int  # beyond which a new file is begun
    kept: int  # full files beside it


class RunLog:
    """Written to disk once a moment, not once a line: a run may have thousands a second.

    A killed run loses the lines of its last moment; the ledger has what happened. A record
    of the standard library's logging costs more than the line, so one holds all lines of a moment.
    """

    def __init__(
        self,
        file: LogFile,
        run: int,
        secrets: tuple[str, ...],
        now: Callable[[], datetime],
        echo: Callable[[str], None] | None = None,
    ) -> None:
        """Open it.

        Args:
            file: where it goes.
            run: of the ledger; stands in each line.
            secrets: what must stand in none.
            now: the time of a line.
            echo: told each line at once, as it is written.
        """
        self._file = _File(
            file.path,
            maxBytes=file.most_bytes,
            backupCount=file.kept,
            encoding="utf-8",
            errors="replace",
        )
        self._run = run
        self._secrets = secrets
        self._now = now
        self._echo = echo
        self._lines: list[str] = []
        self._due = now()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.write_out()
        finally:
            self._file.close()

    def happened(self, event: str, fields: Mapping[str, object]) -> None:
        """Something that happened; fields that are ``None`` are left out."""
        now = self._line("info", event, fields)
        if now >= self._due:
            self._due = now + timedelta(seconds=LOG_PAUSE)
            self.write_out()

    def warned(self, event: str, fields: Mapping[str, object]) -> None:
        """Something that people must see: it is not kept waiting."""
        self._line("warning", event, fields)
        self.write_out()

    def _line(self, level: str, event: str, fields: Mapping[str, object]) -> datetime:
        now = self._now()
        line = {
            "time": now.isoformat(timespec="milliseconds"),
            "run": self._run,
            "level": level,
            "event": event,
            **{name: value for name, value in fields.items() if value is not None},
        }
        text = redact(_json(line), self._secrets)
        self._lines.append(text)
        if self._echo is not None:
            self._echo(text)
        return now

    def write_out(self) -> None:
        """Put all lines there are on disk.

        Raises:
            OSError: the disk does not take them.
        """
        if not self._lines:
            return
        lines, self._lines = self._lines, []
        self._file.emit(logging.makeLogRecord({"msg": "\n".join(lines)}))
