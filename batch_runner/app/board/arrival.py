"""A sheet that comes in by the browser: under a safe name, whole, and never over another file."""

from __future__ import annotations

import contextlib
import os
import secrets
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path

from batch_runner.app.place.sidecar import is_sandbox_copy
from batch_runner.core.errors import SheetError, UsageError
from batch_runner.core.language import phrase
from batch_runner.loader.paths import SHEET_SUFFIXES, is_result_copy

LARGEST = 200 * 1024 * 1024  # bytes of a sheet that is taken
LONGEST = 120  # characters of a name
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(10))}
)
_NEVER = frozenset('<>:"/\\|?*')


def safe_name(given: str) -> str:
    """The name under which a file is kept.

    Raises:
        UsageError: it is no name of a sheet, or one that could mean something else.
    """
    name = unicodedata.normalize("NFC", given).replace("\\", "/").rpartition("/")[2].strip()
    stem, dot, suffix = name.rpartition(".")
    fits = (
        name.isprintable()
        and not _NEVER & set(name)
        and not name.startswith((".", "~", "-"))
        and stem.strip(" .") == stem
        and 0 < len(name) <= LONGEST
        and len(os.fsencode(name)) < 200
        and stem.partition(".")[0].lower() not in _RESERVED
    )
    if not fits or not dot or f".{suffix.lower()}" not in SHEET_SUFFIXES:
        raise UsageError(
            phrase("this is no name that a sheet can have here."),
            code="bad_name",
            hint=phrase(
                "Give it a plain name that ends with {names}.",
                names=", ".join(sorted(SHEET_SUFFIXES)),
            ),
        )
    if is_result_copy(Path(name)) or is_sandbox_copy(Path(name)):
        raise UsageError(
            phrase("{name} is named like a copy that this program makes.", name=name),
            code="bad_name",
            hint=phrase("Give the sheet a name of its own."),
        )
    return name


async def take_sheet(folder: Path, given: str, chunks: AsyncIterator[bytes]) -> Path:
    """Keep a sheet in a folder; what is there already stays.

    Raises:
        UsageError: its name cannot be used, or is taken; or it is too large.
        SheetError: the folder cannot be written.
    """
    target = folder / safe_name(given)
    fresh = folder / f".{secrets.token_hex(8)}.upload.tmp"
    try:
        _check_free(target)
        size = 0
        with fresh.open("xb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > LARGEST:
                    raise UsageError(
                        phrase(
                            "a sheet may have {largest} MB at most here.", largest=LARGEST // 2**20
                        ),
                        code="sheet_too_large",
                        hint=phrase("Copy it into the folder yourself."),
                    )
                file.write(chunk)
        _put(fresh, target)
    except OSError as error:
        raise SheetError(
            phrase("the sheet cannot be kept ({reason}).", reason=error.strerror or error),
            code="folder_not_writable",
            where=str(folder),
            hint=phrase("Free some space, or mend the folder's permissions."),
        ) from error
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
    return target


def _put(fresh: Path, target: Path) -> None:
    """Give the file its name, unless another took that meanwhile."""
    try:
        os.link(fresh, target)
    except FileExistsError:
        _check_free(target)
        raise
    except OSError:  # a file system without links: the name is taken first, then filled
        with target.open("xb") as file:
            file.write(fresh.read_bytes())


def _check_free(target: Path) -> None:
    """See that no file of the name is there, whatever the case of its letters.

    Raises:
        UsageError: one is.
    """
    folded = target.name.casefold()
    if target.exists() or any(one.name.casefold() == folded for one in target.parent.iterdir()):
        raise UsageError(
            phrase(
                "there is a file {target_name} already; nothing was changed.",
                target_name=target.name,
            ),
            code="name_taken",
            hint=phrase("Give the new one another name, or correct the one that is there."),
        )
