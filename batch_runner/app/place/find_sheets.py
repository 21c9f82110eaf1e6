"""Which sheets a command means: paths, folders, patterns, and batch files that list such."""

from __future__ import annotations

import asyncio
import contextlib
import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_runner.app.place.home import sidecar_at
from batch_runner.app.place.ledger_place import LedgerFile, reading
from batch_runner.app.place.output_file import outputs_of
from batch_runner.app.place.sidecar import SUFFIX, is_sandbox_copy
from batch_runner.core.errors import LedgerError, SheetError
from batch_runner.core.google_link import GoogleSheet, google_sheet
from batch_runner.core.language import phrase
from batch_runner.loader.paths import SHEET_SUFFIXES, advice_for, is_result_copy


@dataclass(frozen=True, slots=True)
class Wanted:
    """A sheet that is to run, and the config that goes with it, if one is named."""

    path: Path
    config: Path | None = None
    link: GoogleSheet | None = None  # what it is the copy of


@dataclass(frozen=True, slots=True)
class Found:
    """What a path stands for."""

    sheets: Sequence[Path]
    unreadable: Sequence[Path] = ()  # spreadsheets of kinds that cannot be read
    link: GoogleSheet | None = None  # what the only sheet is the copy of

    def wanted(self, config: Path | None = None) -> Iterator[Wanted]:
        """These sheets, each with this config."""
        return (Wanted(sheet, config, self.link) for sheet in self.sheets)


def find_sheets(given: Path, data: Path, folder: Path = Path()) -> Found:
    """The sheets that a path stands for, by name; itself, if it is neither folder nor pattern.

    Args:
        given: the path; of a link to a spreadsheet at Google, the sheet is the copy of it.
        data: the folder of what all sheets of the user share.
        folder: where the path begins, if it is relative, and where copies are.

    Raises:
        SheetError: a pattern's folder is not there.
    """
    if (link := google_sheet(given.as_posix())) is not None:
        return Found([folder / link.copy_name], link=link)
    given = folder / expanded(given)
    if given.is_dir():
        try:
            return _sheets_among(given.iterdir(), data)
        except OSError as error:
            raise SheetError(
                phrase("this folder cannot be read ({reason}).", reason=error.strerror or error),
                code="folder_unreadable",
                where=str(given),
                hint=phrase("Mend its permissions, or name the sheets themselves."),
            ) from error
    if given.exists() or not glob.has_magic(str(given)):
        return Found([given])
    root = next(folder for folder in given.parents if not glob.has_magic(str(folder)))
    if not root.is_dir():
        raise SheetError(
            phrase("there is no such folder."),
            code="folder_missing",
            where=str(root),
            hint=phrase("It is where {given} was to be looked for.", given=given),
        )
    return _sheets_among(root.glob(str(given.relative_to(root))), data)


def each_once(wanted: Iterable[Wanted]) -> list[Wanted]:
    """Without those that came before, under whatever name."""
    found: dict[str, Wanted] = {}
    for (
        one
    ) in wanted:  # realpath: a link that leads to itself is refused later, like what is missing
        found.setdefault(os.path.realpath(one.path), one)
    return list(found.values())


def _sheets_among(paths: Iterable[Path], data: Path) -> Found:
    """What a folder or pattern takes: sheets, and nothing that was made beside one."""
    files = sorted(paths)
    sheets = [
        path
        for path in files
        if path.suffix.lower() in SHEET_SUFFIXES
        and path.is_file()
        and not is_result_copy(path)
        and not is_sandbox_copy(path)
    ]
    copies = asyncio.run(_copies_in({path.parent for path in sheets}, data))
    return Found(
        [path for path in sheets if os.path.realpath(path) not in copies],
        [path for path in files if advice_for(path) is not None],
    )


async def _copies_in(folders: Iterable[Path], data: Path) -> set[str]:
    """Files that --output made of the sheets of these folders."""
    copies: set[str] = set()
    for folder in folders:
        for sidecar in folder.glob(f"*{SUFFIX}"):
            # A damaged ledger is told by the run of its own sheet, and stops no other.
            place = LedgerFile(sidecar_at(sidecar, data).ledger)
            with contextlib.suppress(LedgerError):
                async with reading(place) as ledger:
                    copies |= await outputs_of(ledger)
    return copies


def expanded(given: Path) -> Path:
    """A path with its ``~`` resolved; as it is where that names no user, as in ``~$sheet.xlsx``."""
    try:
        return given.expanduser()
    except RuntimeError:
        return given
