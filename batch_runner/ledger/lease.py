"""Leases beside a sheet that several computers see: ``lease-<computer>.json``, one for each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from batch_runner.core.lease import Lease
from batch_runner.ledger.files import readable, write_whole

PATTERN = "lease-*.json"


def write_lease(folder: Path, lease: Lease) -> None:
    """Say that this computer is at work.

    Raises:
        OSError: it cannot be written.
    """
    write_whole(_file(folder, lease.machine), lease.to_text())


def end_lease(folder: Path, machine: str) -> None:
    """A computer is no longer at work; conflict copies of its lease go, too, and half of one."""
    for path in folder.glob(f"lease-{machine}*.json*"):
        path.unlink(missing_ok=True)


def read_leases(folder: Path) -> Iterator[Lease]:
    """All leases that can be understood.

    Raises:
        LedgerError: the folder cannot be read.
    """
    with readable(folder):
        paths = sorted(folder.glob(PATTERN))
    for path in paths:
        with readable(path), contextlib.suppress(FileNotFoundError):  # it may go at this moment
            lease = Lease.from_text(path.read_text(encoding="utf-8", errors="replace"))
            if lease is not None:
                yield lease


def _file(folder: Path, machine: str) -> Path:
    return folder / f"lease-{machine}.json"
