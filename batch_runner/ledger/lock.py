"""One run a sheet: a lock that dies with its holder, and a note that says who holds it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from batch_runner.core.errors import LedgerError, LockedError
from batch_runner.core.language import phrase

LOCK = "run.lock"
HOLDER = "run.holder.json"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds (or held) the lock, as its note says."""

    pid: int
    host: str
    since: datetime

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since:%Y-%m-%d %H:%M %Z}"


@contextmanager
def hold(sidecar: Path, *, host: str, pid: int, at: datetime) -> Iterator[None]:
    """Hold the lock of a sidecar folder for as long as the block runs.

    The operating system takes the lock back when the process ends, however it ends, so no lock
    is ever stale. The holder's note is only read to tell people who it is; what it says never
    decides anything, and it stays behind after a crash.

    Args:
        sidecar: the folder; it is made if it is not there.
        host: this machine's name, for the note.
        pid: this process, for the note.
        at: when the run began, aware.

    Raises:
        LockedError: another run holds it (exit 75).
        LedgerError: the folder takes no lock (read-only, or a file system without locks).
    """
    from filelock import FileLock, Timeout

    # Not per thread: it is one lock of the process, whichever thread releases it.
    lock = FileLock(sidecar / LOCK, thread_local=False)
    try:
        sidecar.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout:
        raise _locked(sidecar) from None
    except OSError as error:
        raise LedgerError(
            phrase("this folder cannot be locked ({reason}).", reason=error.strerror or error),
            code="lock_unusable",
            where=str(sidecar),
            hint=phrase(
                "It must be writable and on a disk with file locks, or set BATCH_RUNNER_STATE, or 'state:' in the config, to a folder that is. Nothing was submitted."
            ),
        ) from error
    sys.audit("batch_runner.ledger.locked")
    try:
        _leave_note(sidecar / HOLDER, {"host": host, "pid": pid, "since": at.isoformat()})
        yield
    finally:
        sys.audit("batch_runner.ledger.unlocks")
        lock.release()


def _leave_note(path: Path, note: dict[str, object]) -> None:
    """Write the note whole: a reader at the same moment sees the old one or the new one."""
    fresh = path.with_name(f"{path.name}.new")
    try:
        fresh.write_text(json.dumps(note), encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise LedgerError(
            phrase("this folder cannot be written ({reason}).", reason=error.strerror or error),
            code="lock_unusable",
            where=str(path.parent),
            hint=phrase("Free some space or mend its permissions; nothing was submitted."),
        ) from error


def _locked(sidecar: Path) -> LockedError:
    holder = holder_of(sidecar)
    return LockedError(
        phrase("another run holds this sheet.")
        if holder is None
        else phrase("another run holds this sheet ({holder}).", holder=holder),
        code="locked",
        where=str(sidecar),
        hint=phrase("Wait for it or stop it; 'batch-runner status SHEET' shows how it goes."),
    )


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time without its zone")
    return at


def holder_of(sidecar: Path) -> Holder | None:
    """What the note says; ``None`` where it cannot be read (it is not written yet)."""
    try:
        told = json.loads((sidecar / HOLDER).read_text(encoding="utf-8"))
        since = datetime.fromisoformat(told["since"])
        return Holder(pid=int(told["pid"]), host=str(told["host"]), since=_aware(since))
    except (OSError, ValueError, KeyError, TypeError):
        return None
