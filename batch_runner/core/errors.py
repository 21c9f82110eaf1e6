"""The errors a user can act on.

::

    BatchRunnerError            exit 2 unless it says otherwise; one plain sentence and a remedy
    ├── UsageError              the command itself is off
    ├── ConfigError             a setting or profile is off; names the file and the key
    ├── SheetError              the sheet cannot be used; names file, worksheet, cell
    ├── SheetBusyError               the sheet can't be written now: results go beside it (not fatal)
    ├── SheetChangedError            the sheet was saved by somebody while we wrote (not fatal: again)
    ├── LedgerError             the ledger cannot be used
    ├── BrokenOffError               exit 3: a run that had begun could not go on
    └── LockedError                  exit 75: another run holds this sheet

Each carries a stable ``code`` (snake_case), a message for people and a hint what to do.
"""

from __future__ import annotations

from typing import ClassVar

from batch_runner.core.language import joined


class BatchRunnerError(Exception):
    """Base of all errors that end in a sentence, not a traceback."""

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, code: str, hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hint = hint
        self.where = where  # file, or campaign.xlsx!Sheet1!D7

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return joined(text, self.hint)


class UsageError(BatchRunnerError):
    """The command or its options are unusable."""


class ConfigError(BatchRunnerError):
    """A config file, profile or environment variable is unusable."""


class SheetError(BatchRunnerError):
    """The sheet is unusable as it is."""


class SheetBusyError(BatchRunnerError):
    """The sheet cannot be replaced now (open in Excel, read-only ...)."""


class SheetChangedError(BatchRunnerError):
    """The sheet on disk is no longer the one that was read."""


class LedgerError(BatchRunnerError):
    """The ledger is damaged, from a newer version, or of another campaign."""


class BrokenOffError(BatchRunnerError):
    """A run that had begun could not go on; what was accepted is kept."""

    exit_code: ClassVar[int] = 3


class LockedError(BatchRunnerError):
    """Another process works on this sheet."""

    exit_code: ClassVar[int] = 75
    idle: float | None = None  # seconds since its last progress, where that is known
