"""Whether a file may be replaced now, and if not, why: in words for its owner."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batch_runner.core.errors import SheetBusyError
from batch_runner.core.language import phrase
from batch_runner.reporter.open_elsewhere import locks_of, told_by

_WRITE_BITS = 0o222
_LATER = "The results are safe in the ledger and will be written by the next run."

_REASONS = {
    errno.ENOSPC: (
        "disk_full",
        "The disk is full, so results cannot be written.",
        "Free some space.",
    ),
    errno.EDQUOT: (
        "disk_full",
        "The disk quota is used up, so results cannot be written.",
        "Free some space.",
    ),
    errno.EROFS: ("folder_read_only", "The disk is mounted read-only.", "Make it writable."),
    errno.ENOENT: ("folder_missing", "The folder to write into is gone.", "Put it back."),
}


def check_not_open(path: Path) -> None:
    """Refuse a file that a spreadsheet program has open.

    A lock file may be a left-over of a crash; nobody can tell for sure, so it counts.

    Raises:
        SheetBusyError: code ``sheet_open``.
    """
    for lock in locks_of(path):
        told = told_by(lock)
        raise SheetBusyError(
            phrase("The file is open in a spreadsheet program ({told}).", told=told)
            if told
            else phrase("The file is open in a spreadsheet program."),
            code="sheet_open",
            hint=phrase(
                "Close it there; if nobody has it open, a crash left this behind: delete '{lock_name}' beside it.",
                lock_name=lock.name,
            ),
            where=str(path),
        )


def is_open(path: Path) -> bool:
    """Whether a spreadsheet program has this file open, by what it leaves beside it."""
    try:
        check_not_open(path)
    except SheetBusyError:
        return True
    return False


def check_writable(path: Path) -> None:
    """Refuse a file that may not be changed, or whose folder takes no new file.

    Args:
        path: the file itself, links followed; it need not exist yet.

    Raises:
        SheetBusyError: codes ``sheet_read_only``, ``folder_read_only``.
    """
    if path.exists() and not _writable(path):
        raise SheetBusyError(
            phrase("The file is read-only."),
            code="sheet_read_only",
            hint=phrase("Make it writable for yourself."),
            where=str(path),
        )
    if path.parent.exists() and not _writable(path.parent):
        raise SheetBusyError(
            phrase("The folder is read-only, and a safe change needs a new file in it."),
            code="folder_read_only",
            hint=phrase("Make the folder writable for yourself."),
            where=str(path.parent),
        )


@contextmanager
def as_busy(path: Path) -> Iterator[None]:
    """Turn what the system refuses into a sentence: nothing is lost, so it is not fatal.

    Raises:
        SheetBusyError: any ``OSError`` of the block, with a code by its cause.
    """
    try:
        yield
    except OSError as error:
        raise busy_error(path, error) from error


def _writable(path: Path) -> bool:
    # The bits too, since for root every file is writable: read-only is still meant.
    return os.access(path, os.W_OK) and bool(path.stat().st_mode & _WRITE_BITS)


def busy_error(path: Path, error: OSError) -> SheetBusyError:
    """What the system refused, as a sentence for the file's owner."""
    if isinstance(error, PermissionError):
        # On Windows this is what a file that Excel has open answers.
        code, message = "sheet_not_writable", "The file may not be replaced now."
        hint = "Close it if it is open in another program; else check its permissions."
    elif error.errno in _REASONS:
        code, message, hint = _REASONS[error.errno]
    else:
        code, message = "sheet_not_writable", f"The file cannot be written: {error.strerror}."
        hint = _LATER
    return SheetBusyError(message, code=code, hint=hint, where=str(path))
