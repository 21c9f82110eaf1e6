"""One worksheet's cells and what the scan found, put together as a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from itertools import chain, islice, repeat

from python_calamine import CalamineSheet

from batch_runner.core.language import phrase
from batch_runner.core.model import (
    NO_LINKS,
    NO_PICTURES,
    CellValue,
    ColumnMap,
    Problem,
    ReadOptions,
    Severity,
    SheetRow,
    Table,
    address,
)
from batch_runner.core.ooxml import Worksheet
from batch_runner.core.values import PICTURES
from batch_runner.loader.header import (
    SEARCHED,
    check_header_row,
    empty_sheet,
    find_header,
    has_prompts,
    header_notice,
    header_texts,
    map_headers,
    no_prompt,
    read_columns,
)
from batch_runner.loader.media import Media
from batch_runner.loader.pasted import Parts
from batch_runner.loader.scan import Place, Scan
from batch_runner.loader.source import Source
from batch_runner.loader.streamed import StreamedRows

_MIDNIGHT = time()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A worksheet as the engine gives it: line 0 is row 1, column 0 is A."""

    sheet: Worksheet
    cells: CalamineSheet
    scan: Scan
    pictures: Mapping[Place, Parts] = field(default_factory=dict)  # that lie on cells, or in them

    def __len__(self) -> int:
        """The number of lines."""
        return 0 if self.cells.end is None else self.cells.end[0] + 1

    def lines(self) -> Iterator[list[CellValue]]:
        """All lines from the first on."""
        margin: list[CellValue] = [None] * (self.cells.start or (0, 0))[1]
        for line in self.cells.iter_rows():
            yield [*margin, *map(_typed, line)]

    def head(self, options: ReadOptions) -> list[list[CellValue]]:
        """The lines among which the header is."""
        return list(islice(self.lines(), max(SEARCHED, options.header_row or 0)))

    def headers(self, options: ReadOptions) -> tuple[str, ...]:
        """The texts of the line that is taken as header; none in an empty worksheet."""
        head = self.head(options)
        found = find_header(head, options)
        inside = found is not None and 0 <= found < len(head)
        return header_texts(head[found]) if found is not None and inside else ()

    def has_prompts(self, options: ReadOptions) -> bool:
        """Whether a column of prompts is in it."""
        return has_prompts(self.headers(options), options)


def build_table(source: Source, grid: Grid, options: ReadOptions) -> Table:
    """The table of one worksheet.

    Raises:
        SheetError: It is empty, has no line ``header_row``, or no column of prompts.
    """
    name = grid.sheet.name
    where = address(source.path.name, name, None, None)
    check_header_row(options, len(grid), where)
    head = grid.head(options)
    found = find_header(head, options)
    if found is None:
        raise empty_sheet(where)
    headers = header_texts(head[found])
    if not has_prompts(headers, options):
        raise no_prompt(headers, options, where)
    mapped = read_columns(headers, options)
    pictures = _pictures(grid, map_headers(headers, options))
    beside = _Beside(problems=_problems(grid, mapped), links=_links(grid), pictures=pictures)
    unsaved_headers = tuple(beside.problems.get(found + 1, ()))
    return Table(
        path=source.path,
        worksheet=name,
        header_row=found + 1,
        headers=headers,
        rows=StreamedRows(lambda: _rows(grid, found + 1, beside)),
        width=max(grid.scan.columns, grid.scan.other_columns),
        stamp=source.stamp,
        notices=(*header_notice(found, 0, options), *unsaved_headers),
        media=Media(source) if beside.pictures else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beside:
    """What there is beside the values of cells; by row."""

    problems: Mapping[int, Sequence[Problem]]
    links: Mapping[int, Mapping[int, str]]
    pictures: Mapping[int, Mapping[int, Parts]]


def _rows(grid: Grid, start: int, beside: _Beside) -> Iterator[SheetRow]:
    problems, links, pictures = beside.problems, beside.links, beside.pictures
    # Formulas without a stored value, and pictures, may stand below the last line that has any.
    last = max(max(problems, default=0), max(pictures, default=0))
    below: Iterator[list[CellValue]] = repeat([], max(0, last - len(grid)))
    lines = islice(chain(grid.lines(), below), start, None)
    for number, values in enumerate(lines, start=start + 1):
        for column in pictures.get(number, ()):
            if (number, column) in grid.scan.faults or (number, column) in grid.scan.named:
                values[column : column + 1] = [None]  # what stands there stands for the picture
        while values and values[-1] is None:
            values.pop()
        if values or number in problems or number in pictures:
            yield SheetRow(
                number=number,
                values=tuple(values),
                links=links.get(number, NO_LINKS),
                pictures=pictures.get(number, NO_PICTURES),
                hidden=number in grid.scan.hidden,
                problems=tuple(problems.get(number, ())),
            )


def _typed(value: CellValue) -> CellValue:
    """A cell as the engine gives it: blank texts are ``None``, whole numbers integers.

    A moment at midnight is what a plain date is stored as.
    """
    if isinstance(value, str):  # as blank_to_none, for very many of them
        return value if value and not value.isspace() else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, datetime) and value.time() == _MIDNIGHT:
        return value.date()
    return value


def _links(grid: Grid) -> dict[int, dict[int, str]]:
    """Row -> column -> link; a link on an area counts for every cell of it that is in use."""
    links: dict[int, dict[int, str]] = defaultdict(dict)
    for area, target in grid.scan.wide_links:
        for row in range(area.top, min(area.bottom, len(grid)) + 1):
            for column in range(area.left, min(area.right + 1, grid.scan.columns)):
                links[row][column] = target
    for (row, column), target in grid.scan.links.items():
        links[row][column] = target
    return links


def _pictures(grid: Grid, columns: ColumnMap) -> dict[int, dict[int, Parts]]:
    """Row -> column -> pictures, in columns that are for pictures."""
    taking = {place for name in PICTURES for place in columns.columns.get(name, ())}
    pictures: dict[int, dict[int, Parts]] = defaultdict(dict)
    for (row, column), parts in grid.pictures.items():
        if column in taking:
            pictures[row][column] = parts
    return pictures


def _problems(grid: Grid, mapped: Collection[int]) -> dict[int, list[Problem]]:
    """Row -> what its cells lack; an error only where the job reads the cell."""
    scan = grid.scan
    problems: dict[int, list[Problem]] = defaultdict(list)
    for row, column in sorted(scan.unsaved):
        problem = Problem(
            code="formula_without_value",
            message=phrase("The formula in this cell has no stored result."),
            hint=phrase(
                "Open the workbook in Excel or LibreOffice, let it calculate, and save it."
            ),
            severity=Severity.ERROR if column in mapped else Severity.NOTICE,
            row=row,
            column=column,
        )
        problems[row].append(problem)
    for (row, column), fault in sorted(scan.faults.items()):
        if (row, column) in grid.pictures:
            continue
        problem = Problem(
            code="cell_error",
            message=phrase("This cell holds {fault} instead of a value.", fault=fault),
            hint=phrase("Correct its formula, or put the value itself there."),
            severity=Severity.ERROR if column in mapped else Severity.NOTICE,
            row=row,
            column=column,
        )
        problems[row].append(problem)
    return problems
