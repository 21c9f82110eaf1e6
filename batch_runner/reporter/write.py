"""Results into the user's file: as it was read, atomically, or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from batch_runner.core.errors import SheetBusyError, SheetChangedError, SheetError
from batch_runner.core.model import FileStamp, Problem, Table, WritePlan
from batch_runner.reporter.busy import PART_LOST, busy_error, check_not_open, check_writable
from batch_runner.reporter.csv_file import edit_csv
from batch_runner.reporter.replace import replace_file, stamp_of

Notice = Callable[[Problem], None]


def write(
    tables: Sequence[Table],
    plans: Sequence[WritePlan],
    target: Path | None = None,
    *,
    before_replace: Callable[[], None] | None = None,
    notice: Notice | None = None,
) -> FileStamp:
    """Write results into the file that the tables were read from, or into a copy of it.

    Args:
        tables: all worksheets of one file that have results, of one reading; one for CSV.
        plans: what to put into each, in the same order.
        target: where the result goes instead; the file itself is only read then.
        before_replace: called when the new file is ready, before the last look at the old one.
        notice: told what could not be written where, or is lost in a copy.

    Returns:
        The stamp of the file written; the present one if nothing in it would change.

    Raises:
        SheetChangedError: the file is no longer the one that was read; read it again.
        SheetBusyError: it is open elsewhere or cannot be replaced; write a copy instead.
        SheetError: its layout cannot be written safely.
    """
    sheet = Path(os.path.realpath(tables[0].path))
    place = sheet if target is None else Path(os.path.realpath(target))
    named = tables[0].path if target is None else target
    in_place = place == sheet
    if in_place and not any(plans):
        return tables[0].stamp
    _check_free(place, named)
    source = _read(sheet, tables[0].stamp)
    tell = partial(_tell, notice=notice, sheet=sheet if in_place else None)
    if tables[0].worksheet is None:
        content, problems = edit_csv(source, tables[0], plans[0])
        tell(problems)
        if in_place and content == source:
            return tables[0].stamp
        fill: Callable[[Path], None] = partial(_put_bytes, content)
    else:
        fill = partial(_put_workbook, source, tables, plans, tell)

    def last_check() -> None:
        if before_replace is not None:
            before_replace()
        _check_free(place, named)
        if in_place:
            _check_stamp(sheet, _stamp(sheet), tables[0].stamp)

    return replace_file(place, fill, like=sheet, last_check=last_check)


def _put_bytes(content: bytes, out: Path) -> None:
    out.write_bytes(content)


def _put_workbook(
    source: bytes,
    tables: Sequence[Table],
    plans: Sequence[WritePlan],
    tell: Callable[[Sequence[Problem]], None],
    out: Path,
) -> None:
    # openpyxl takes a while to load; a CSV never needs it.
    from batch_runner.reporter.xlsx_file import write_workbook

    try:
        problems = write_workbook(source, plans, out)
    except SheetError as error:
        error.where = error.where or str(tables[0].path)
        raise
    tell(problems)


def _tell(problems: Sequence[Problem], *, notice: Notice | None, sheet: Path | None) -> None:
    """Hand on what is worth knowing; a loss in the sheet itself is not taken."""
    for problem in problems:
        if problem.code == PART_LOST and sheet is not None:
            raise SheetBusyError(
                problem.message,
                code=PART_LOST,
                hint="The sheet is left as it is.",
                where=str(sheet),
            )
        if notice is not None:
            notice(problem)


def _check_free(place: Path, named: Path) -> None:
    # A program that opened the file through a link puts its lock beside the link.
    for path in dict.fromkeys((place, named)):
        check_not_open(path)
    check_writable(place)


def _read(sheet: Path, stamp: FileStamp) -> bytes:
    """The bytes that were read before; no others."""
    try:
        with sheet.open("rb") as file:
            _check_stamp(sheet, stamp_of(os.fstat(file.fileno())), stamp)
            content = file.read()
            _check_stamp(sheet, stamp_of(os.fstat(file.fileno())), stamp)
    except FileNotFoundError as error:
        raise _gone(sheet) from error
    except OSError as error:
        raise busy_error(sheet, error) from error
    return content


def _stamp(sheet: Path) -> FileStamp:
    try:
        return stamp_of(sheet.stat())
    except FileNotFoundError as error:
        raise _gone(sheet) from error


def _check_stamp(sheet: Path, present: FileStamp, expected: FileStamp) -> None:
    if present != expected:
        raise SheetChangedError(
            "The sheet was saved by somebody since it was read.",
            code="sheet_changed",
            hint="It is read again before results are written.",
            where=str(sheet),
        )


def _gone(sheet: Path) -> SheetChangedError:
    return SheetChangedError(
        "The sheet is no longer there.",
        code="sheet_gone",
        hint="Put it back; its results are safe in the ledger.",
        where=str(sheet),
    )
