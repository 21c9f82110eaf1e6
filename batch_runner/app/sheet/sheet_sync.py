"""One sheet during a run: rows in, results out, each as the file is at that very moment."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from batch_runner.app.sheet.converting import Converter
from batch_runner.app.sheet.desk import Desk
from batch_runner.app.sheet.held import Held
from batch_runner.app.sheet.intake import Intake
from batch_runner.app.sheet.listing import Listing
from batch_runner.app.sheet.picture_store import keep_pasted
from batch_runner.app.sheet.previews import PreviewCells
from batch_runner.app.sheet.projection import differing, project, seen_as
from batch_runner.app.sheet.reading import enrol_midway, read_sheet
from batch_runner.core.errors import SheetBusyError, SheetChangedError, SheetError
from batch_runner.core.jobs import Job
from batch_runner.core.language import phrase
from batch_runner.core.lifecycle import State
from batch_runner.core.model import FileStamp, Problem, Table, WritePlan, address
from batch_runner.core.outcolumns import PREVIEW, width_of
from batch_runner.ledger.picture_places import PicturePlace
from batch_runner.loader.source import stamp
from batch_runner.reporter.busy import is_open
from batch_runner.reporter.copies import results_path
from batch_runner.reporter.write import write

GLANCE = 0.01  # seconds between two looks at the file; many rows may be sent in them
TRIES = 5  # at writing a sheet that somebody saves at the same moment
UNREADABLE_PAUSE = 1.0  # seconds; programs save by renaming, so a file may be gone for a moment
OPEN_PAUSE = 1.0  # seconds between two looks whether the sheet was closed
MANY = 10_000  # jobs that changed; beyond, all rows are compared as they stream by
RESULTS_COPY = "results_copy"  # the ledger's note of results that wait beside the sheet


class SheetSync:
    """Follows the user's edits and writes results where the rows are now."""

    def __init__(self, desk: Desk, intakes: tuple[Intake, ...], scopes: list[int]) -> None:
        self._desk = desk
        self._lock = asyncio.Lock()
        self._converter = Converter(desk.sidecar)
        self._listing = Listing(desk)
        self._hold(intakes, scopes)
        self._told_busy = False
        self._fresh_until = 0.0  # loop time before which the file is not looked at again
        self._untouched: set[int] = set()  # lines with something that the last write left alone
        self._told: set[tuple[str, int | None, int | None]] = set()
        self.results_in: Path | None = None  # where the results are, if not in the sheet

    def _hold(self, intakes: tuple[Intake, ...], scopes: list[int]) -> None:
        self._held = [
            Held(scope=scope, intake=intake) for intake, scope in zip(intakes, scopes, strict=True)
        ]
        self._stamp: FileStamp = intakes[0].table.stamp
        self._touched: set[int] | None = None  # None: every row is to be compared
        if self._desk.previews is not None:
            self._desk.previews.forget()

    def touched(self, job: int) -> None:
        """A job changed, so its row may have to."""
        if self._touched is not None:
            self._touched.add(job)

    async def follow(self) -> None:
        """If the file was saved by somebody, let the queued jobs follow it.

        Raises:
            SheetError: it cannot be read (any more).
        """
        now = asyncio.get_running_loop().time()
        if now < self._fresh_until:
            return
        if self._is_fresh():
            self._fresh_until = now + GLANCE
            return
        async with self._lock:
            await self._refresh()

    def _is_fresh(self) -> bool:
        try:
            return stamp(self._desk.sheet) == self._stamp
        except OSError:
            return False

    async def _refresh(self) -> None:
        for left in reversed(range(TRIES)):
            if self._is_fresh():
                return
            desk = self._desk
            try:
                intakes = await read_sheet(desk.sheet, desk.rules, desk.ledger)
                await asyncio.to_thread(keep_pasted, intakes, None, desk.pictures)
            except (SheetError, SheetChangedError):
                if not left:
                    raise
                await desk.sleep(UNREADABLE_PAUSE)
                continue
            at = desk.now()
            sys.audit("batch_runner.app.sheet_read_again")
            scopes = await enrol_midway(intakes, desk.ledger, origin=desk.origin, at=at)
            self._hold(intakes, scopes)
            return

    def picture(self, key: str) -> PicturePlace | None:
        """Where a picture is that a row names; ``None``: none does any more."""
        found = (held.intake.rows.pictures.find(key) for held in self._held)
        return next((place for place in found if place is not None), None)

    async def write(self, *, at_end: bool = False) -> None:
        """Put what is new into the rows, wherever they stand now.

        Raises:
            SheetError: the sheet cannot be read.
            SheetBusyError: neither the sheet nor a copy beside it can be written.
        """
        async with self._lock:
            for _ in range(TRIES):
                await self._refresh()
                if at_end or self._desk.output is not None:
                    self._touched = None
                if await self._write_once(at_end=at_end):
                    if not self.beside:
                        await self._listing.put_away()
                    return
            raise SheetBusyError(
                phrase("it was saved by somebody else each time results were to be written."),
                code="sheet_keeps_changing",
                where=str(self._desk.sheet),
                hint=phrase("The results are kept; run again when it is at rest."),
            )

    def take_pictures_from(self, origin: str) -> None:
        """From now on pictures of the videos may be asked for; the API is at this origin."""
        if self._desk.previews is not None:
            self._desk.previews.origin = origin

    async def wait_closed(self, leave: Callable[[], bool]) -> None:
        """While somebody has the sheet open, wait; then bring the results into it.

        ``leave`` is asked again and again whether to leave them in the copy beside it.
        """
        while self.beside and not leave():
            if await asyncio.to_thread(is_open, self._desk.sheet):
                await self._desk.sleep(OPEN_PAUSE)
            else:
                await self.write(at_end=True)
                return

    @property
    def beside(self) -> bool:
        """Whether results wait in a copy beside the sheet."""
        return self._desk.output is None and self.results_in is not None

    async def _write_once(self, *, at_end: bool) -> bool:
        """Whether the sheet (or a copy) shows everything now."""
        touched, self._touched = self._touched, set()
        if touched is None or touched:
            await self._listing.write(at_end=at_end)
        plans = [await self._plan(held, touched, at_end=at_end) for held in self._held]
        if not any(plans):
            return True
        await self._announce_columns()
        tables = [held.intake.table for held in self._held]
        output = self._desk.output
        try:
            written = await asyncio.to_thread(self._put, tables, plans, output)
        except SheetChangedError:
            self._touched = None
            return False
        except SheetBusyError as busy:
            self._touched = None
            await self._write_beside(busy, at_end=at_end)
            return True
        self.results_in = output
        if output is None:
            sys.audit("batch_runner.app.sheet_written")
            await self._took(written, plans)
            obeyed = [job for held in self._held for job in held.settled(self._untouched)]
            await self._desk.ledger.cells_obeyed(obeyed)
            await self._forget_copy()
        return True

    async def _plan(self, held: Held, touched: set[int] | None, *, at_end: bool) -> WritePlan:
        out, table, cells = held.intake.out, held.intake.table, held.intake.rows.cells
        among = None if touched is None or len(touched) > MANY else touched
        previews = await self._previews(held, among)

        def compare(job: Job) -> None:
            assert job.row is not None
            present = cells.shown_at(job.row)
            if job.state is State.SKIPPED and present.get("status") not in {None, "", "queued"}:
                return
            wanted = project(job, self._desk.localise, at_end=at_end)
            new = differing({**wanted, **previews.get(job.id, {})}, present)
            places = out.places  # a variant that joined during the run has none yet
            written = {places[name]: cell for name, cell in new.items() if name in places}
            written |= held.obeyed(job, present)
            if written:
                cells.put(job.row, written)

        cells.clear()
        held.heeded.clear()
        await self._desk.ledger.visit(held.scope, among, compare)
        return WritePlan(
            worksheet=table.worksheet,
            header_row=table.header_row,
            headers=out.added if cells else {},
            cells=cells,
            status_column=out.places["status"],
            preview_column=out.places.get(PREVIEW),
            widths={place: width_of(name) for name, place in out.places.items()},
            style=self._desk.style,
            grow_tables=self._desk.grow_tables,
            break_signature=self._desk.break_signature,
        )

    async def _previews(self, held: Held, among: set[int] | None) -> PreviewCells:
        place, previews = held.intake.out.places.get(PREVIEW), self._desk.previews
        name, cells = held.intake.table.worksheet, held.intake.rows.cells
        if place is None or previews is None or name is None:
            return {}
        jobs: list[Job] = []
        await self._desk.ledger.visit(held.scope, among, jobs.append)
        await previews.look(self._desk.sheet, name, place, cells.note)
        return await previews.cells([job for job in jobs if job.place == 1], cells.shown_at)

    async def _announce_columns(self) -> None:
        """The ledger knows our columns before the sheet has them: they are ours after a crash."""
        if self._desk.output is None:
            for held in self._held:
                await self._desk.ledger.save_out_columns(held.scope, held.intake.out.names)

    async def _took(self, written: FileStamp, plans: list[WritePlan]) -> None:
        """The sheet is as we wrote it: remember what it shows, and that it was us."""
        self._stamp = written
        for i, (held, plan) in enumerate(zip(self._held, plans, strict=True)):
            # A whole sheet of them takes its time, which the tasks in flight need not wait for.
            await asyncio.to_thread(held.intake.rows.cells.written, held.names, seen_as)
            added = {} if plan.headers else held.intake.out.added
            out = replace(held.intake.out, added=added)
            table = replace(held.intake.table, stamp=written)
            if plan.headers:
                table = table.with_headers(plan.headers)
            self._held[i] = replace(held, intake=replace(held.intake, out=out, table=table))

    async def _write_beside(self, busy: SheetBusyError, *, at_end: bool) -> None:
        """The sheet cannot be written: all results go into a copy beside it, or in the sidecar."""
        copy = results_path(self._desk.sheet)
        if busy.code == "folder_read_only":
            copy = self._desk.sidecar / copy.name
        place = copy.name if copy.parent == self._desk.sheet.parent else str(copy)
        plans = [await self._plan(held, None, at_end=at_end) for held in self._held]
        tables = [held.intake.table for held in self._held]
        await self._desk.ledger.set_meta(RESULTS_COPY, place)
        await asyncio.to_thread(self._put, tables, plans, copy)
        self.results_in = copy
        if not self._told_busy:
            self._told_busy = True
            self._desk.notice(
                busy.code,
                f"{busy.message} Results go to {place} until the sheet can be written. "
                f"{busy.hint}".strip(),
            )

    def _put(
        self, tables: Sequence[Table], plans: Sequence[WritePlan], target: Path | None
    ) -> FileStamp:
        self._untouched.clear()
        return write(self._converter.writable(tables), plans, target, notice=self._tell)

    def _tell(self, problem: Problem) -> None:
        """What is worth knowing about a write, once a run."""
        self._untouched.add(problem.row or 0)
        told = (problem.code, problem.row, problem.column)
        if told not in self._told:
            self._told.add(told)
            place = address("", None, problem.row, problem.column)
            text = f"{place}: {problem.message}" if place else problem.message
            self._desk.notice(problem.code, f"{text} {problem.hint}".strip())

    async def _forget_copy(self) -> None:
        """The sheet shows it all: results that waited beside it are merged now."""
        name = await self._desk.ledger.meta(RESULTS_COPY)
        if name:
            (self._desk.sheet.parent / name).unlink(missing_ok=True)
            await self._desk.ledger.set_meta(RESULTS_COPY, "")
