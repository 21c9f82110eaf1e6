"""XLSX and XLSM files: which worksheet is meant, and its table."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from python_calamine import CalamineError, CalamineWorkbook

from batch_runner.core.cellrefs import MAX_COLUMN, MAX_ROW
from batch_runner.core.errors import BatchRunnerError, SheetError
from batch_runner.core.headers import nearest
from batch_runner.core.language import phrase, plural, series
from batch_runner.core.model import ReadOptions, Table, address
from batch_runner.core.ooxml import Worksheet, relations, worksheets
from batch_runner.loader.archive import DAMAGE, Archive
from batch_runner.loader.header import empty_sheet, no_prompt
from batch_runner.loader.pasted import pasted_pictures
from batch_runner.loader.reduced import only_worksheets
from batch_runner.loader.scan import Scan, scan_worksheet
from batch_runner.loader.source import Source
from batch_runner.loader.worksheet import Grid, build_table

ALL = "all"
"""The worksheet name that stands for every worksheet with prompts."""

MAX_CELLS = 40_000_000
"""Cells between A1 and the last one in use; the engine makes room for all of them at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """An opened workbook."""

    where: str
    archive: Archive
    engine: CalamineWorkbook


def read_workbook(source: Source, options: ReadOptions) -> tuple[Table, ...]:
    """Read the worksheet that is meant, or all that hold prompts for the name ``all``.

    Raises:
        SheetError: The workbook is encrypted, damaged or too large; the worksheet is missing;
            none or several hold prompts.
    """
    where = source.path.name
    data = source.read()
    archive = Archive(data, where)
    listed = worksheets(archive, where)
    archive.verify(apart=[sheet.part for sheet in listed])
    if not listed:
        raise SheetError(
            phrase("The workbook has no worksheet."), code="no_worksheet", where=where
        )
    with _open_engine(data, archive, where) as engine:
        book = _Book(where=where, archive=archive, engine=engine)
        return tables_of(source, listed, partial(_grid, book), options)


def tables_of(
    source: Source,
    listed: Sequence[Worksheet],
    grid: Callable[[Worksheet], Grid],
    options: ReadOptions,
) -> tuple[Table, ...]:
    """The tables of the worksheets that are meant; ``grid`` gives the cells of one.

    Raises:
        SheetError: The worksheet is missing; none or several hold prompts.
    """
    where = source.path.name
    given = options.worksheet or ()
    names = (given,) if isinstance(given, str) else given
    if names and ALL not in names:
        sheets = dict.fromkeys(_named(listed, name, where) for name in names)
        return tuple(build_table(source, grid(sheet), options) for sheet in sheets)
    grids = _with_prompts(where, listed, grid, options)
    if len(grids) > 1 and not names:
        raise _several(source, grids, options)
    return tuple(build_table(source, found, options) for found in grids)


def _open_engine(data: bytes, archive: Archive, where: str) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(data))
    except (CalamineError, ValueError) as error:
        try:
            reduced = only_worksheets(data, archive, where)
            return CalamineWorkbook.from_filelike(io.BytesIO(reduced))
        except (CalamineError, *DAMAGE):
            raise unreadable(error, where) from error


def _grid(book: _Book, sheet: Worksheet) -> Grid:
    """The cells of one worksheet; scanned first, so that its extent is known to be sane."""
    links = relations(book.archive, sheet.part, book.where)
    where = address(book.where, sheet.name, None, None)
    scan = scan_worksheet(lambda: book.archive.chunks(sheet.part), links, where)
    check_extent(scan, where)
    pictures = pasted_pictures(book.archive, links, scan, where)
    try:
        cells = book.engine.get_sheet_by_name(sheet.name)
        return Grid(sheet=sheet, cells=cells, scan=scan, pictures=pictures)
    except (CalamineError, ValueError) as error:
        raise unreadable(error, where) from error


def unreadable(error: Exception, where: str) -> SheetError:
    """The error for a workbook that the table engine gives up on."""
    return SheetError(
        phrase("The workbook holds something that cannot be read ({reason}).", reason=error),
        code="workbook_unreadable",
        hint=phrase("Open it in Excel or LibreOffice and save it as a new .xlsx file."),
        where=where,
    )


def check_extent(scan: Scan, where: str) -> None:
    """Refuse a worksheet whose cells nobody has room for.

    Raises:
        SheetError: it reaches too far.
    """
    inside = scan.rows <= MAX_ROW and scan.columns <= MAX_COLUMN
    if inside and scan.rows * scan.columns <= MAX_CELLS:
        return
    raise SheetError(
        phrase(
            "The worksheet reaches to row {rows} and has {columns} columns in use, more than can be read.",
            rows=scan.rows,
            columns=scan.columns,
        ),
        code="worksheet_too_large",
        hint=phrase(
            "Cell {farthest} holds something: if that is a slip, clear it.", farthest=scan.farthest
        ),
        where=where,
    )


def _named(listed: Sequence[Worksheet], wanted: str, where: str) -> Worksheet:
    for same in (str, lambda name: name.strip().casefold()):
        found = [sheet for sheet in listed if same(sheet.name) == same(wanted)]
        if found:
            return found[0]
    names = [sheet.name for sheet in listed]
    near = nearest(wanted, names)
    raise SheetError(
        phrase("The workbook has no worksheet named '{wanted}'.", wanted=wanted),
        code="worksheet_missing",
        hint=phrase("Nearest: {names}.", names=_quoted(near))
        if near
        else phrase("It has: {names}.", names=_quoted(names)),
        where=where,
    )


def _with_prompts(
    where: str,
    listed: Sequence[Worksheet],
    grid: Callable[[Worksheet], Grid],
    options: ReadOptions,
) -> tuple[Grid, ...]:
    """The worksheets that hold prompts; hidden ones only where no visible one does."""
    seen: list[Grid] = []
    for hidden in (False, True):
        grids = [grid(sheet) for sheet in listed if sheet.hidden is hidden]
        found = tuple(one for one in grids if one.has_prompts(options))
        if found:
            return found
        seen += grids
    raise _none(where, seen, options)


def _none(where: str, grids: Sequence[Grid], options: ReadOptions) -> BatchRunnerError:
    texts = {grid.sheet.name: grid.headers(options) for grid in grids if grid.headers(options)}
    if not texts:
        return empty_sheet(where)
    if len(texts) == 1:
        ((name, headers),) = texts.items()
        return no_prompt(headers, options, address(where, name, None, None))
    shown = "; ".join(f"'{name}' ({_quoted(headers[:8])})" for name, headers in texts.items())
    return SheetError(
        phrase("No worksheet has a column of prompts. Their headers are: {shown}.", shown=shown),
        code="no_prompt_column",
        hint=phrase(
            "Name the column 'prompt', or say under 'columns' in the config which one it is."
        ),
        where=where,
    )


def _several(source: Source, grids: Sequence[Grid], options: ReadOptions) -> SheetError:
    counts = {g.sheet.name: len(build_table(source, g, options).rows) for g in grids}
    shown = series(
        plural("'{name}' ({count} row)", "'{name}' ({count} rows)", count, name=name)
        for name, count in counts.items()
    )
    return SheetError(
        phrase("Several worksheets hold prompts: {shown}.", shown=shown),
        code="several_worksheets",
        hint=phrase("Choose one by --sheet NAME, or take them all by --sheet all."),
        where=source.path.name,
    )


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
