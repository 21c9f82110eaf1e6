"""Sheets at Google: read by their link, and kept as a copy here that is never changed."""

from __future__ import annotations

import asyncio
import filecmp
import tempfile
from pathlib import Path

from batch_runner.core.errors import SheetError
from batch_runner.core.google_link import GoogleSheet, google_sheet
from batch_runner.core.language import phrase

HOSTS = ("docs.google.com", ".googleusercontent.com")
"""Where Google keeps what is exported; a login is elsewhere."""


def link_in(given: Path) -> GoogleSheet | None:
    """What was given, if it is a link to a spreadsheet at Google."""
    return google_sheet(given.as_posix())


def local(given: Path) -> Path:
    """The file that stands for what was given: itself, or the copy of what a link leads to."""
    link = link_in(given)
    return given if link is None else Path(link.copy_name)


async def bring(link: GoogleSheet | None, place: Path) -> None:
    """Bring the copy of what a link leads to up to date; left alone if it is already.

    Raises:
        SheetError: the link shows no table to everybody, or cannot be asked; the copy stays.
    """
    if link is None:
        return
    from batch_runner.provider.linked_table import NoTableError, fetch_table

    with tempfile.TemporaryDirectory(prefix=".batch-runner-", dir=place.parent) as folder:
        fresh = Path(folder, place.name)
        try:
            await fetch_table(link.export, fresh, HOSTS)
        except NoTableError as error:
            raise SheetError(
                phrase("Google does not show this sheet to everybody ({reason}).", reason=error),
                code="link_not_shared",
                where=link.export,
                hint=phrase(
                    "In Google Sheets choose Share > General access > Anyone with the link, Viewer. Or download it there as .xlsx, and run that file."
                ),
            ) from error
        except SheetError as error:
            error.where = link.export
            if await asyncio.to_thread(place.exists):
                error.hint = f"To go on with the copy of last time, run {place.name}."
            raise
        await asyncio.to_thread(_renew, fresh, place)


def _renew(fresh: Path, place: Path) -> None:
    if not place.exists() or not filecmp.cmp(fresh, place, shallow=False):
        fresh.replace(place)
