"""From a path to tables: the way into the loader."""

from __future__ import annotations

from pathlib import Path

from batch_runner.core.model import ReadOptions, Table
from batch_runner.loader.paths import (
    EXCEL_SUFFIXES,
    LINES_SUFFIXES,
    ODS_SUFFIX,
    PARQUET_SUFFIX,
    check_sheet_path,
)
from batch_runner.loader.source import look, stamp

__all__ = ["load", "stamp", "worksheet_names"]


def load(path: Path, options: ReadOptions) -> tuple[Table, ...]:
    """Read a sheet as it is at this moment.

    Args:
        path: The file; links are followed by opening it, but its name stays as given.
        options: What the user settled about reading.

    Returns:
        One table; several only for the worksheet name ``all``.

    Raises:
        SheetError: The file is no sheet, damaged, too large, or has no prompt column.
    """
    check_sheet_path(path)
    source, suffix = look(path), path.suffix.lower()
    if suffix in EXCEL_SUFFIXES:
        from batch_runner.loader.workbook import read_workbook

        return read_workbook(source, options)
    if suffix == ODS_SUFFIX:
        from batch_runner.loader.ods import read_ods

        return read_ods(source, options)
    if suffix in LINES_SUFFIXES:
        from batch_runner.loader.json_lines import read_json_lines

        return (read_json_lines(source, options),)
    if suffix == PARQUET_SUFFIX:
        from batch_runner.loader.parquet import read_parquet

        return (read_parquet(source, options),)
    from batch_runner.loader.csv_file import read_csv

    return (read_csv(source, options),)


def worksheet_names(path: Path) -> tuple[str, ...]:
    """All worksheets of a workbook in their order, hidden ones too; none for a text file.

    Raises:
        SheetError: The file cannot be read, or is no workbook.
    """
    if path.suffix.lower() == ODS_SUFFIX:
        from batch_runner.loader.ods import ods_names

        return ods_names(look(path))
    if path.suffix.lower() not in EXCEL_SUFFIXES:
        return ()
    from batch_runner.core.ooxml import worksheets
    from batch_runner.loader.archive import Archive

    archive = Archive(look(path).read(), path.name)
    return tuple(sheet.name for sheet in worksheets(archive, path.name))
