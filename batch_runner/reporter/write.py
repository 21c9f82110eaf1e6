"""Results into the user's file: as it was read, atomically, or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from batch_runner.core.errors import SheetBusyError, SheetChangedError, SheetError
from batch_runner.core.language import phrase
from batch_runner.core.model import FileStamp, Form, Problem, Table, WritePlan
from batch_runner.reporter.busy import busy_error, check_not_open, check_writable
from batch_runner.reporter.csv_file import CsvEdit
from batch_runner.reporter.json_lines import lines_with_results
from batch_runner.reporter.replace import replace_file

Notice = Callable[[Problem], None]

CHUNK = 1 << 18  # bytes of a text file that are read at a time: what is held is twenty times that


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
        notice: told what could not be written where, and what else is worth knowing.

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
    if in_place:
        _check_changeable(tables[0])
    _check_free(place, named)
    tell = partial(_tell, notice=notice)
    text = tables[0].worksheet is None and tables[0].form is Form.CELLS
    edit = CsvEdit(tables[0], plans[0]) if text else None
    if edit is not None:
        fill: Callable[[Path], None] = partial(_put_text, sheet, tables[0], edit, tell)
    elif tables[0].form in _BY_NAME:
        fill = partial(_BY_NAME[tables[0].form], sheet, tables[0], plans[0])
    else:
        fill = partial(_put_workbook, sheet, tables, plans, tell, keep_signature=in_place)

    def last_check() -> None:
        if in_place and edit is not None and not edit.changed:
            raise _NothingNewError
        if before_replace is not None:
            before_replace()
        _check_free(place, named)
        if in_place:
            _check_stamp(sheet, _stamp(sheet), tables[0].stamp)

    try:
        return replace_file(place, fill, like=sheet, last_check=last_check)
    except _NothingNewError:
        return tables[0].stamp


class _NothingNewError(Exception):
    """The file shows all of it already."""


def _put_text(
    sheet: Path,
    table: Table,
    edit: CsvEdit,
    tell: Callable[[Sequence[Problem]], None],
    out: Path,
) -> None:
    with _opened(sheet, table.stamp) as file, out.open("wb") as new:
        new.writelines(edit.edited(iter(partial(file.read, CHUNK), b"")))
    tell(edit.problems)


def _put_lines(sheet: Path, table: Table, plan: WritePlan, out: Path) -> None:
    with _opened(sheet, table.stamp) as file, out.open("wb") as new:
        new.writelines(lines_with_results(file, table, plan))


def _put_frame(sheet: Path, table: Table, plan: WritePlan, out: Path) -> None:
    # Heavy, and installed only where it is needed.
    from batch_runner.reporter.parquet import write_frame

    with _opened(sheet, table.stamp) as file:
        write_frame(file, table, plan, out)


_BY_NAME = {Form.LINES: _put_lines, Form.FRAME: _put_frame}


def _put_workbook(
    sheet: Path,
    tables: Sequence[Table],
    plans: Sequence[WritePlan],
    tell: Callable[[Sequence[Problem]], None],
    out: Path,
    *,
    keep_signature: bool,
) -> None:
    # A CSV never needs it.
    from batch_runner.reporter.xlsx_file import write_workbook

    try:
        with _opened(sheet, tables[0].stamp) as file:
            problems = write_workbook(file, plans, out, keep_signature=keep_signature)
    except (SheetError, SheetBusyError) as error:
        error.where = "!".join(part for part in (str(tables[0].path), error.where) if part)
        raise
    tell(problems)


def _tell(problems: Sequence[Problem], notice: Notice | None) -> None:
    for problem in problems:
        if notice is not None:
            notice(problem)


def _check_free(place: Path, named: Path) -> None:
    # A program that opened the file through a link puts its lock beside the link.
    for path in dict.fromkeys((place, named)):
        check_not_open(path)
    check_writable(place)


@contextmanager
def _opened(sheet: Path, stamp: FileStamp) -> Iterator[BinaryIO]:
    """The file that was read before, and no other; it stays the same until the block ends."""
    try:
        with sheet.open("rb") as file:
            _check_stamp(sheet, FileStamp.of(os.fstat(file.fileno())), stamp)
            yield file
            _check_stamp(sheet, FileStamp.of(os.fstat(file.fileno())), stamp)
    except FileNotFoundError as error:
        raise _gone(sheet) from error
    except OSError as error:
        raise busy_error(sheet, error) from error


def _stamp(sheet: Path) -> FileStamp:
    try:
        return FileStamp.of(sheet.stat())
    except FileNotFoundError as error:
        raise _gone(sheet) from error


def _check_stamp(sheet: Path, present: FileStamp, expected: FileStamp) -> None:
    if present != expected:
        raise SheetChangedError(
            phrase("The sheet was saved by somebody since it was read."),
            code="sheet_changed",
            hint=phrase("It is read again before results are written."),
            where=str(sheet),
        )


def _check_changeable(table: Table) -> None:
    if table.form is not Form.CELLS:
        raise SheetError(
            phrase("Files of the kind '{suffix}' are only read.", suffix=table.path.suffix),
            code="sheet_only_read",
            hint=phrase("Results go into a copy of it."),
            where=str(table.path),
        )


def _gone(sheet: Path) -> SheetChangedError:
    return SheetChangedError(
        phrase("The sheet is no longer there."),
        code="sheet_gone",
        hint=phrase("Put it back; its results are safe in the ledger."),
        where=str(sheet),
    )
