"""Copies beside the sheet: where results go when the sheet is busy, and the sheet as it was."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from batch_runner.core.errors import SheetChangedError
from batch_runner.core.google_link import COPY_SUFFIX
from batch_runner.core.language import phrase
from batch_runner.core.listing import LISTING_SUFFIX
from batch_runner.core.model import FileStamp
from batch_runner.durable import sync_folder
from batch_runner.reporter.busy import as_busy

_WRITTEN_AS = {".ods": ".xlsx"}
"""Kinds of files that can be read, but not written: what results are written as."""


def results_path(sheet: Path) -> Path:
    """Where results go while the sheet itself cannot be written: ``<stem>.results.<ext>``.

    Beside it; where its folder is read-only, under the same name in the sidecar.
    """
    suffix = _WRITTEN_AS.get(sheet.suffix.lower(), sheet.suffix)
    return sheet.with_name(f"{_stem(sheet)}.results{suffix}")


def listing_path(sheet: Path) -> Path:
    """Where further variants are listed, if they are to have no columns."""
    return sheet.with_name(_stem(sheet) + LISTING_SUFFIX)


def _stem(sheet: Path) -> str:
    copied = sheet.name.endswith(COPY_SUFFIX)
    return sheet.name.removesuffix(COPY_SUFFIX) if copied else sheet.stem


def excerpt_suffix(sheet: Path) -> str:
    """What rows of a sheet are written as when they become a sheet of their own."""
    kind = sheet.suffix.lower()
    return {".jsonl": ".csv", ".ndjson": ".csv", ".parquet": ".csv"}.get(
        kind, _WRITTEN_AS.get(kind, sheet.suffix)
    )


def original_path(sheet: Path, sidecar: Path) -> Path:
    """Where the sheet as it was before our first change is kept."""
    return sidecar / f"original{sheet.suffix.lower()}"


def keep_original(sheet: Path, sidecar: Path) -> Path:
    """Keep the sheet as it is before our first change to it; once, never overwritten.

    Args:
        sheet: the user's file.
        sidecar: the folder that gets ``original.<ext>``; made if it is missing.

    Returns:
        The path of the copy, whether made now or earlier.

    Raises:
        SheetChangedError: the sheet was saved while it was copied; try again.
        SheetBusyError: it cannot be read, or the copy cannot be written.
    """
    original = original_path(sheet, sidecar)
    if original.exists():
        return original
    with as_busy(sidecar):
        sidecar.mkdir(parents=True, exist_ok=True)
    with as_busy(sheet), sheet.open("rb") as file:
        before = os.fstat(file.fileno())

        def check() -> None:
            with as_busy(sheet):
                present = sheet.stat()
            if FileStamp.of(before) != FileStamp.of(present):
                raise SheetChangedError(
                    phrase("The sheet was saved while it was being copied."),
                    code="sheet_changed",
                    hint=phrase("Run again."),
                    where=str(sheet),
                )

        with as_busy(original):
            _write_once(original, file, before.st_mode & 0o777 | 0o600, last_check=check)
    return original


def copy_once(source: Path, places: Iterable[Path]) -> Path:
    """Copy a file to the first of these places where nothing is; atomically and durably.

    Raises:
        SheetBusyError: it cannot be read, or the copy cannot be written.
    """
    place = next(one for one in places if not os.path.lexists(one))
    with as_busy(source), source.open("rb") as content:
        mode = source.stat().st_mode & 0o777 | 0o600
        with as_busy(place):
            _write_once(place, content, mode)
    return place


def _write_once(
    place: Path, content: BinaryIO, mode: int, last_check: Callable[[], None] = lambda: None
) -> None:
    """Write a file atomically and durably, unless it is there already.

    Bit by bit: a sheet may be larger than what a run is to hold in memory. ``last_check`` is
    called when all is copied, and may raise to stop it.
    """
    handle, name = tempfile.mkstemp(prefix=f".{place.name}.", suffix=".tmp", dir=place.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(content, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        last_check()
        if not place.exists():
            temporary.replace(place)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(place.parent)
