"""An OpenDocument spreadsheet gets its results as a workbook, made anew whenever it was saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from batch_runner.core.model import FileStamp, Form, Table
from batch_runner.loader.ods import every_cell
from batch_runner.loader.source import stamp
from batch_runner.reporter.converted import Sheet, write_converted


class Converter:
    """Keeps the present state of such a spreadsheet as a workbook."""

    def __init__(self, folder: Path) -> None:
        """``folder``: where it is kept."""
        self._place = folder / "converted.xlsx"
        self._of: FileStamp | None = None  # the state of the spreadsheet that it shows

    def writable(self, tables: Sequence[Table]) -> Sequence[Table]:
        """These tables as they stand in a file that results can be put into.

        Raises:
            SheetError: the spreadsheet cannot be read.
            SheetChangedError: it was saved since the tables were read.
            SheetBusyError: the workbook cannot be written.
        """
        first = tables[0]
        if first.form is not Form.FOREIGN:
            return tables
        if self._of != first.stamp:
            sheets = (
                Sheet(
                    name=grid.sheet.name,
                    hidden=grid.sheet.hidden,
                    lines=grid.lines(),
                    links=grid.scan.links,
                    hidden_rows=frozenset(grid.scan.hidden),
                )
                for grid in every_cell(first.path, first.stamp)
            )
            write_converted(self._place, sheets, like=first.path)
            self._of = first.stamp
        mark = stamp(self._place)
        return [replace(table, path=self._place, stamp=mark, form=Form.CELLS) for table in tables]
