"""Reading the list of further variants that we wrote beside a sheet."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from batch_runner.core.celltext import plain_text
from batch_runner.core.errors import SheetError
from batch_runner.core.language import phrase
from batch_runner.core.listing import LISTING, LISTING_SUFFIX, Listed, delimiter_of

_HEADER = 1_000  # characters; more than any header of ours has


def is_listing(path: Path) -> bool:
    """Whether this is a list of ours; never a link, which may lead anywhere."""
    return path.name.lower().endswith(LISTING_SUFFIX) and _delimiter(path) is not None


def read_listing(path: Path) -> Iterator[Listed]:
    """What it says, line by line; nothing, if it is not there or no list of ours.

    Raises:
        SheetError: it cannot be read to its end.
    """
    delimiter = _delimiter(path)
    if delimiter is None:
        return
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            lines = csv.reader(file, delimiter=delimiter)
            next(lines)
            for line in lines:
                cells = dict(zip(LISTING, map(plain_text, line), strict=False))
                if cells.get("job"):
                    yield Listed(
                        worksheet=cells["worksheet"],
                        job=cells["job"],
                        task_id=cells["task_id"],
                        status=cells["status"],
                    )
    except (OSError, csv.Error) as error:
        raise SheetError(
            phrase("this list of variants cannot be read ({reason}).", reason=error),
            code="listing_unreadable",
            where=str(path),
            hint=phrase(
                "It tells which variants are paid already. Mend it, or move it away if they may be made anew."
            ),
        ) from error


def _delimiter(path: Path) -> str | None:
    try:
        if path.is_symlink() or not path.is_file():
            return None
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            return delimiter_of(file.readline(_HEADER))
    except OSError:
        return None
