"""Where the ledger of a sheet is kept: beside it, or at home if its folder is synchronised.

A database that a synchroniser copies while it is written is soon damaged, and two computers would
each write their own. So there each computer keeps a ledger of its own in the user's data folder.
``campaign.json`` in the sidecar holds the id by which it is found again, whatever the folder is
renamed to or moved to.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import socket
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from batch_runner.app.clock import now
from batch_runner.app.place import places
from batch_runner.app.place.sidecar import LEDGER, SUFFIX, Sidecar
from batch_runner.core.errors import LedgerError
from batch_runner.core.language import phrase
from batch_runner.ledger.files import write_whole
from batch_runner.ledger.lock import hold
from batch_runner.ledger.schema import copy_ledger

ID_FILE = "campaign.json"
_COPIES = "campaign*.json"  # conflict copies of it, too
_ID = re.compile(r"[0-9a-f]{32}")
_NOTE = "The ledger is kept in each computer's own data folder, under this id. Leave this file."
MOVED = "ledger.moved.sqlite"
"""What a ledger that an earlier version kept in a synchronised folder is called once it is moved."""


def sidecar_of(sheet: Path, state: Path | None, data: Path) -> Sidecar:
    """The sidecar of a (resolved) sheet: beside it, or in the state folder that was set."""
    name = f"{sheet.name}{SUFFIX}"
    return sidecar_at(sheet.parent / name, data) if state is None else Sidecar(state / name)


def sidecar_at(folder: Path, data: Path) -> Sidecar:
    """The sidecar that lies there, with the place of its ledger."""
    known = _ids(folder)
    if not known:
        return Sidecar(folder)
    homes = [_home(data, one) for one in known]
    return Sidecar(folder, next((home for home in homes if (home / LEDGER).exists()), homes[0]))


def _home(data: Path, campaign: str) -> Path:
    return data / "ledgers" / campaign


def _ids(folder: Path) -> list[str]:
    """The ids that a sidecar has; more than one if two computers began at the same time."""
    found = []
    for path in sorted(folder.glob(_COPIES), key=lambda path: (path.name != ID_FILE, path.name)):
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):  # cut off, or foreign
            told = json.loads(path.read_text(encoding="utf-8"))["id"]
            if _ID.fullmatch(told):
                found.append(told)
    return found


def settle(
    sidecar: Sidecar, data: Path, environ: Mapping[str, str], say: Callable[[str], None]
) -> Sidecar:
    """The sidecar with its ledger where it is safe; done before a run, and only by one at a time.

    Raises:
        LedgerError: the ledger of an earlier version cannot be moved.
        LockedError: a run is on.
    """
    synchroniser = places.synced_by(sidecar.folder.parent, environ)
    if sidecar.local is None and synchroniser is None:
        return sidecar
    with _alone(data):
        (sidecar.folder / f"{ID_FILE}.new").unlink(missing_ok=True)  # a killed run's
        sidecar = sidecar_at(sidecar.folder, data)
        if sidecar.local is not None:
            return sidecar
        campaign = secrets.token_hex(16)
        home = _home(data, campaign)
        with _unusable(home):
            home.mkdir(parents=True, mode=0o700)
        sidecar.folder.mkdir(parents=True, exist_ok=True)
        old = sidecar.folder / LEDGER
        if old.exists():
            _move(old, home / LEDGER)
        with _unusable(sidecar.folder):
            write_whole(sidecar.folder / ID_FILE, json.dumps({"id": campaign, "note": _NOTE}))
            if old.exists():
                old.replace(old.with_name(MOVED))
    say(
        phrase(
            "The sheet lies in a folder that is synchronised ({synchroniser}): its ledger is kept safe in {home}; other computers see what was sent.",
            synchroniser=synchroniser,
            home=home,
        )
    )
    return Sidecar(sidecar.folder, home)


def _move(old: Path, new: Path) -> None:
    """Copy a ledger whole, with what its write-ahead log holds, and see that it is sound.

    The old file is given up only after the copy is in place.
    """
    at = now()
    with hold(old.parent, host=socket.gethostname(), pid=os.getpid(), at=at):
        try:
            copy_ledger(old, new)
        except sqlite3.Error as error:
            raise LedgerError(
                phrase(
                    "the ledger cannot be moved out of the synchronised folder ({reason}).",
                    reason=error,
                ),
                code="ledger_not_moved",
                where=str(old),
                hint=phrase(
                    "It is the only record of what was paid: put back a copy of the file, or set BATCH_RUNNER_STATE; nothing was submitted."
                ),
            ) from error


def machine_of(data: Path) -> str:
    """An id of this computer (and user) that stays when the computer gets another name."""
    path = data / "machine.json"
    with _alone(data), _unusable(path):
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):  # not there yet
            known = json.loads(path.read_text(encoding="utf-8"))["id"]
            if re.fullmatch(r"[0-9a-f]{16}", known):
                return str(known)
        made = secrets.token_hex(8)
        write_whole(path, json.dumps({"id": made}))
        return made


@contextlib.contextmanager
def _alone(data: Path) -> Iterator[None]:
    """One process of this user at a time, for the moment that it takes to make an id."""
    from filelock import FileLock

    with _unusable(data):
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(data / "ids.lock", timeout=30)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _unusable(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # a lock that is not had in time is one, too
        raise LedgerError(
            phrase(
                "the ledger's place cannot be made ({reason}).", reason=error.strerror or error
            ),
            code="home_unusable",
            where=str(place),
            hint=phrase(
                "Mend the folder's permissions or free some space, or set BATCH_RUNNER_DATA to another folder; nothing was submitted."
            ),
        ) from error
