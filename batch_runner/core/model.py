"""The frozen values that travel: from a sheet's cells to a job and back into the row.

Nothing here knows files, HTTP or SQL. Money is whole micro-dollars (1 USD = 1_000_000),
so that sums are exact; times are timezone-aware.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from os import stat_result
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

NO_LINKS: Mapping[int, str] = MappingProxyType({})
"""The links of a row that has none."""

NO_PICTURES: Mapping[int, tuple[str, ...]] = MappingProxyType({})
"""The pictures in a row that has none."""

CellValue = None | str | bool | int | float | datetime | date | time | timedelta
"""A cell as the loader gives it; a blank cell is always ``None``, never ``""`` or NaN."""

MICROS = 1_000_000
"""Micro-dollars in one US dollar."""


class Severity(StrEnum):
    """How much a problem matters: an error keeps the row out, the others never block."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something about one cell, row or sheet that its owner should know."""

    code: str  # stable snake_case word, e.g. "duration_out_of_range"
    message: str  # one plain sentence: what is wrong and what is allowed
    hint: str = ""  # what to do, where that helps
    severity: Severity = Severity.ERROR
    row: int | None = None  # 1-based line of the sheet; None: the whole sheet
    column: int | None = None  # 0-based column; None: the whole row
    field: str | None = None  # the column's name, where columns have no letters

    def named(self, fields: Sequence[str]) -> Problem:
        """The same with its column's name, if these are the names that columns go by."""
        if self.column is None or self.column >= len(fields):
            return self
        return replace(self, field=fields[self.column])


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One line of a table, below the header."""

    number: int  # 1-based line as a spreadsheet program shows it
    values: tuple[CellValue, ...]  # index = column, 0 = A; may be shorter than the headers
    links: Mapping[int, str] = field(default_factory=lambda: NO_LINKS)  # column -> target
    # Column -> pictures that lie on or in its cell, each by its name within the file.
    pictures: Mapping[int, tuple[str, ...]] = field(default_factory=lambda: NO_PICTURES)
    hidden: bool = False  # hidden or filtered out
    problems: tuple[
        Problem, ...
    ] = ()  # what reading it showed: no stored formula value, ragged ...

    def value(self, column: int) -> CellValue:
        """The cell's value, ``None`` right of the row's last cell."""
        return self.values[column] if column < len(self.values) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStamp:
    """What a file looked like when it was read; a different stamp means somebody saved it."""

    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int  # no program can set it, so it gives away an edit that puts mtime back

    @classmethod
    def of(cls, found: stat_result) -> FileStamp:
        """The stamp of a file of which the system says this."""
        return cls(
            size=found.st_size,
            mtime_ns=found.st_mtime_ns,
            inode=found.st_ino,
            ctime_ns=found.st_ctime_ns,
        )


class Form(StrEnum):
    """How a file holds its tables, and so how results come into it, or into a copy of it."""

    CELLS = "cells"  # CSV or workbook: results go into the file itself
    LINES = "lines"  # JSON Lines: an object a line
    FRAME = "frame"  # Parquet: named columns
    FOREIGN = "foreign"  # a workbook whose cells can be read, but not changed without loss


class Media(Protocol):
    """The pictures within a workbook; open from the first read until it is closed."""

    def read(self, part: str, most: int) -> bytes | None:
        """A part's content; ``None``: it has more bytes than ``most``."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One worksheet (or a whole CSV file) as read at one moment."""

    path: Path
    worksheet: str | None  # None for files that hold but one table
    header_row: int  # 1-based; 0 where names are no line of their own
    headers: tuple[str, ...]  # as they stand, outer blanks removed; "" where a header is blank
    rows: Sequence[SheetRow]  # all lines below the header that hold anything, in order
    width: int  # columns in use by the widest line, header included
    stamp: FileStamp
    notices: tuple[Problem, ...] = ()  # guesses made: encoding, delimiter, header row ...
    encoding: str | None = None  # CSV only: codec name, e.g. "utf-8-sig"
    delimiter: str | None = None  # CSV only
    form: Form = Form.CELLS
    media: Media | None = None  # the pictures within a workbook

    @property
    def in_workbook(self) -> bool:
        """Whether it is a worksheet of a workbook that results can be put into."""
        return self.worksheet is not None and self.form is Form.CELLS

    @property
    def fields(self) -> tuple[str, ...]:
        """The names that its columns go by; none where they go by letters."""
        return self.headers if self.form in {Form.LINES, Form.FRAME} else ()

    def with_headers(self, added: Mapping[int, str]) -> Table:
        """The table once more headers (0-based column -> text) stand in it."""
        width = max(self.width, *(place + 1 for place in added))
        headers = [*self.headers, *("" for _ in range(width - len(self.headers)))]
        for place, text in added.items():
            headers[place] = text
        return replace(self, headers=tuple(headers), width=width)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What the user settled about reading; ``None`` means: find out."""

    worksheet: str | tuple[str, ...] | None = None  # a name, several, or "all"
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    columns: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # our name -> their headers
    parameters: frozenset[str] = frozenset()  # every parameter name the known profiles declare
    recipes: tuple[Recipe, ...] = ()  # templates, by the names they use
    group_by: str | None = None  # header by which following rows are joined into the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A template as far as columns are concerned: what it makes, and of which names."""

    parameter: str  # whose value it makes; or "model"
    names: tuple[str, ...] = ()  # that it uses, as written in it
    settled: frozenset[str] = frozenset()  # of these: what a default stands in for, if need be


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMap:
    """Which column holds what: our canonical name -> 0-based columns, in sheet order."""

    columns: Mapping[str, tuple[int, ...]]

    def first(self, name: str) -> int | None:
        """The (first) column of a name, ``None`` if the sheet has none."""
        found = self.columns.get(name)
        return found[0] if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a request may cost, in micro-dollars; ``None`` where the profile has no price."""

    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the rules say of one row: a request to submit, or all that is wrong with it."""

    row: int
    model: str
    request: Mapping[str, object] | None  # the JSON body's fields; None when the row is invalid
    estimate: Estimate
    problems: tuple[Problem, ...] = ()  # errors (then request is None), warnings, notices


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """A small JPEG to show in a cell."""

    mark: str  # tells it from all others; letters and digits
    path: Path
    width: int  # pixels
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutCell:
    """One result cell to write; ``value`` None means: leave blank."""

    value: str | int | float | None
    link: str | None = None  # hyperlink target, where the format has hyperlinks
    picture: Thumbnail | None = None  # stands in the cell, where the format has pictures
    spares_formula: bool = False  # the cell is the user's: what is worked out there stays


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePlan:
    """What to put into one worksheet; nothing outside of it may change."""

    worksheet: str | None
    header_row: int
    headers: Mapping[int, str]  # 0-based column -> header text to write there
    cells: Mapping[int, Mapping[int, OutCell]]  # 1-based row -> 0-based column -> cell
    status_column: int | None = None  # for shading by state
    preview_column: int | None = None  # where pictures are; their rows are made taller
    widths: Mapping[int, int] = field(default_factory=dict)  # of columns to add, in characters
    style: bool = True  # whether our cells get looks of their own: shades, widths, link colour
    grow_tables: bool = True  # whether an Excel table that ends at our columns takes them in
    break_signature: bool = False  # whether a signed workbook may be changed
    remove: bool = False  # the columns named here go: cells, looks, their place in a table

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.headers or self.cells)


def column_letter(column: int) -> str:
    """0 -> A, 25 -> Z, 26 -> AA: the letters of a 0-based column."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def address(
    table_name: str,
    worksheet: str | None,
    row: int | None,
    column: int | None,
    field: str | None = None,
) -> str:
    """A place as users know it: ``campaign.xlsx!Sheet1!D7``, ``campaign.csv!D7``, ``...!7``.

    Where columns go by names: ``campaign.jsonl:7, field prompt``.
    """
    if field is not None:
        line = f"{table_name}:{row}" if table_name and row else table_name or f"row {row}"
        return f"{line}, field {field}"
    cell = ("" if column is None else column_letter(column)) + ("" if row is None else str(row))
    return "!".join(part for part in (table_name, worksheet or "", cell) if part)


def iter_errors(problems: Sequence[Problem]) -> Iterator[Problem]:
    """Only the problems that keep a row out."""
    return (problem for problem in problems if problem.severity is Severity.ERROR)
