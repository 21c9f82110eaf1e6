"""Further variants as rows of a list beside the sheet, where the user wants no columns for them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from batch_runner.app.sheet.desk import Desk
from batch_runner.app.sheet.projection import Localise, project
from batch_runner.core.errors import SheetBusyError, UsageError
from batch_runner.core.jobs import Job
from batch_runner.core.language import phrase
from batch_runner.core.listing import LISTING
from batch_runner.core.model import CellValue
from batch_runner.loader.listing import is_listing
from batch_runner.loader.paths import SHEET_SUFFIXES
from batch_runner.reporter.copies import copy_once, listing_path
from batch_runner.reporter.listing import write_listing

NOTED = "variants_listing"
"""The ledger's note of the list that it wrote."""


def check_listing(sheet: Path, noted: str | None) -> None:
    """A list of variants never goes over a file that is not this sheet's list.

    ``noted``: the list that its ledger wrote, by name.

    Raises:
        UsageError: somebody else's file stands there, or another sheet's list.
    """
    place = listing_path(sheet)
    if place.is_symlink() or (place.exists() and not is_listing(place)):
        message = phrase("this file is no list of variants of ours, and the list was to go there.")
    elif place.exists() and noted != place.name and (twin := _twin(sheet)) is not None:
        message = phrase("this may be the list of variants of {twin}.", twin=twin.name)
    else:
        return
    raise UsageError(
        message,
        code="bad_listing",
        where=str(place),
        hint=phrase(
            "Move it away, rename the sheet, or set output.variants to columns. Nothing was submitted."
        ),
    )


def _twin(sheet: Path) -> Path | None:
    """Another sheet of this name, whose list would have the same name as well."""
    others = (sheet.with_suffix(suffix) for suffix in sorted(SHEET_SUFFIXES))
    return next((one for one in others if one != sheet and one.exists()), None)


class Listing:
    """Keeps the list as the ledger is, if one is wanted; puts it away if not."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._place = listing_path(desk.sheet)
        self._noted = False  # whether the ledger knows of it
        self._settled = False  # whether nothing is left to be put away
        self._told = False

    async def write(self, *, at_end: bool) -> None:
        """Write it whole; what stands in the way is said, and the run goes on."""
        desk = self._desk
        if not desk.rules.variant_rows:
            return
        try:
            await self._note()
            names = {scope: name for name, scope in (await desk.ledger.scopes()).items()}
            await desk.ledger.further(lambda jobs: self._write(jobs, names, at_end=at_end))
        except (SheetBusyError, UsageError) as error:
            if not self._told:
                self._told = True
                desk.notice(error.code, f"{self._place.name}: {error.message} {error.hint}")

    def _write(self, jobs: Iterator[Job], names: Mapping[int, str], *, at_end: bool) -> None:
        first = next(jobs, None)
        if first is None and not self._place.exists():
            return
        every = itertools.chain([] if first is None else [first], jobs)
        lines = (line_of(job, names, self._desk.localise, at_end=at_end) for job in every)
        write_listing(self._place, lines, like=self._desk.sheet)

    async def _note(self) -> None:
        """Before the first write: one that another ledger wrote is kept, too."""
        noted = await self._desk.ledger.meta(NOTED)
        await asyncio.to_thread(check_listing, self._desk.sheet, noted)
        if self._noted:
            return
        if noted != self._place.name:
            if self._place.exists():
                await asyncio.to_thread(copy_once, self._place, self._kept())
            await self._desk.ledger.set_meta(NOTED, self._place.name)
        self._noted = True

    def _kept(self) -> Iterator[Path]:
        return (self._desk.sidecar / f"variants-{n}.csv" for n in itertools.count(1))

    async def put_away(self) -> None:
        """The sheet shows all variants in columns: an old list would tell what was, not what is."""
        if self._settled or self._desk.rules.variant_rows:
            return
        self._settled = True
        if await self._desk.ledger.meta(NOTED) != self._place.name or not is_listing(self._place):
            return
        kept = next(place for place in self._kept() if not place.exists())
        with contextlib.suppress(OSError):
            await asyncio.to_thread(shutil.move, self._place, kept)
            await self._desk.ledger.set_meta(NOTED, "")
            self._desk.notice(
                "listing_put_away",
                phrase(
                    "Variants show in columns of the sheet again; the list {name} is in {place} now.",
                    name=self._place.name,
                    place=kept,
                ),
            )


def line_of(
    job: Job, names: Mapping[int, str], localise: Localise, *, at_end: bool
) -> Sequence[CellValue]:
    """A variant as a line of the list."""
    results = project(replace(job, variant=1, best=1), localise, at_end=at_end)
    cells: dict[str, CellValue] = {name: cell.value for name, cell in results.items()}
    cells |= {"worksheet": names.get(job.scope), "row": job.row, "key": job.key}
    cells |= {"variant": job.variant}
    return [cells[name] for name in LISTING]
