"""OpenDocument spreadsheets: which worksheet is meant, and its table. They are only read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from batch_runner.core.errors import SheetError
from batch_runner.core.language import phrase
from batch_runner.core.model import FileStamp, Form, ReadOptions, Table, address
from batch_runner.core.ooxml import Worksheet
from batch_runner.loader.archive import Archive
from batch_runner.loader.ods_scan import scan_tables
from batch_runner.loader.scan import Scan
from batch_runner.loader.source import Source
from batch_runner.loader.workbook import check_extent, tables_of, unreadable
from batch_runner.loader.worksheet import Grid

CONTENT = "content.xml"
_ENCRYPTED = "manifest:encryption-data"


def read_ods(source: Source, options: ReadOptions) -> tuple[Table, ...]:
    """Read the worksheet that is meant, or all that hold prompts for the name ``all``.

    Raises:
        SheetError: The file is encrypted, damaged or too large; the worksheet is missing;
            none or several hold prompts.
    """
    grids = {grid.sheet: grid for grid in _grids(source)}
    tables = tables_of(source, tuple(grids), grids.__getitem__, options)
    return tuple(replace(table, form=Form.FOREIGN) for table in tables)


def every_cell(path: Path, stamp: FileStamp) -> Iterator[Grid]:
    """All worksheets, with or without prompts.

    Args:
        path: the file.
        stamp: of the state that is meant.

    Raises:
        SheetError: It cannot be read.
        SheetChangedError: It is in another state by now.
    """
    yield from _grids(Source(path=path, stamp=stamp))


def _grids(source: Source) -> Iterator[Grid]:
    where = source.path.name
    data = source.read()
    archive = Archive(data, where)
    _check_open(archive, where)
    scans = scan_tables(archive.chunks(CONTENT), where)
    for name, scan in scans.items():
        check_extent(scan, address(where, name, None, None))
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as engine:
            for sheet in _listed(engine):
                yield Grid(
                    sheet=sheet,
                    cells=engine.get_sheet_by_name(sheet.name),
                    scan=scans.get(sheet.name, Scan()),
                )
    except (CalamineError, ValueError) as error:
        raise unreadable(error, where) from error


def ods_names(source: Source) -> tuple[str, ...]:
    """All worksheets in their order, hidden ones too.

    Raises:
        SheetError: The file cannot be read.
    """
    archive = Archive(source.read(), source.path.name)
    return tuple(scan_tables(archive.chunks(CONTENT), source.path.name))


def _listed(engine: CalamineWorkbook) -> tuple[Worksheet, ...]:
    return tuple(
        Worksheet(
            name=one.name, hidden=one.visible is not SheetVisibleEnum.Visible, part="", index=index
        )
        for index, one in enumerate(engine.sheets_metadata)
    )


def _check_open(archive: Archive, where: str) -> None:
    manifest = "META-INF/manifest.xml"
    if manifest in archive:
        text = b"".join(archive.chunks(manifest))
        if _ENCRYPTED.encode() in text:
            raise SheetError(
                phrase("The spreadsheet is protected by a password."),
                code="encrypted",
                hint=phrase("Save it in LibreOffice without a password."),
                where=where,
            )
