"""CSV and TSV files: bytes in, a table out. Cells are texts as they stand, or ``None``."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from batch_runner.core.errors import SheetError
from batch_runner.core.model import (
    CellValue,
    Problem,
    ReadOptions,
    Severity,
    SheetRow,
    Table,
    column_letter,
)
from batch_runner.core.outcolumns import unnamed_before_ours
from batch_runner.loader.delimiter import (
    find_delimiter,
    records,
    settled_delimiter,
    stated_delimiter,
)
from batch_runner.loader.encoding import find_encoding
from batch_runner.loader.header import (
    SEARCHED,
    blank_to_none,
    check_header_row,
    empty_sheet,
    essential_columns,
    find_header,
    header_notice,
    header_texts,
    map_headers,
    no_prompt,
)
from batch_runner.loader.source import Source

MAX_COLUMNS = 16_384
"""As many as a worksheet can have."""

_Line = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """What a line's number of fields is measured by."""

    headers: tuple[str, ...]
    fields: int  # of the header line
    essential: frozenset[int]  # the columns of prompt and images
    gap: range  # unnamed columns that were right of the header before we appended ours


def read_csv(source: Source, options: ReadOptions) -> Table:
    """Read a text file as one table.

    Raises:
        SheetError: Encoding or delimiter cannot be told, a quote is never closed, or there is
            no prompt column.
    """
    where = source.path.name
    encoding, guessed = find_encoding(source.data, options.encoding, where)
    stated = stated_delimiter(source.data, encoding)
    delimiter, told = _delimiter(source, encoding, stated, options)
    counts = [len(record) for record in records(source.data, encoding, delimiter)]
    lines = _parse(source.data, encoding, delimiter, counts, where)
    check_header_row(options, len(lines), where)
    # The line 'sep=;' itself is never the header.
    found = find_header([(), *lines[1:SEARCHED]] if stated else lines, options)
    if found is None:
        raise empty_sheet(where)
    headers = header_texts(lines[found])
    columns = map_headers(headers, options)
    if columns.first("prompt") is None:
        raise no_prompt(headers, options, where)
    layout = _Layout(
        headers=headers,
        fields=counts[found],
        essential=essential_columns(columns),
        gap=unnamed_before_ours(headers),
    )
    first = 1 if stated else 0
    return Table(
        path=source.path,
        worksheet=None,
        header_row=found + 1,
        headers=headers,
        rows=tuple(_rows(lines, counts, found + 1, layout)),
        width=max(counts[first:]),
        stamp=source.stamp,
        notices=(*guessed, *told, *header_notice(found, first, options)),
        encoding=encoding,
        delimiter=delimiter,
    )


def _delimiter(
    source: Source, encoding: str, stated: str | None, options: ReadOptions
) -> tuple[str, tuple[Problem, ...]]:
    """The delimiter, and a notice where it was found out and is not the usual one."""
    if options.delimiter is not None:
        return settled_delimiter(options.delimiter, source.path.name), ()
    if stated is not None:
        return stated, ()
    tabs = source.path.suffix.lower() == ".tsv"
    sign = find_delimiter(source.data, encoding, options, tab_first=tabs)
    if sign == ("\t" if tabs else ","):
        return sign, ()
    name = "a tab" if sign == "\t" else f"'{sign}'"
    notice = Problem(
        code="delimiter_guessed",
        message=f"The fields are taken to be separated by {name}.",
        hint="If that is wrong, set 'delimiter' in the config.",
        severity=Severity.NOTICE,
    )
    return sign, (notice,)


def _parse(
    data: bytes, encoding: str, delimiter: str, counts: Sequence[int], where: str
) -> list[_Line]:
    """All records as texts, each as wide as the widest; short ones are filled with ``""``."""
    width = max(counts, default=0)
    if width > MAX_COLUMNS:
        raise SheetError(
            f"Line {counts.index(width) + 1} has {width} fields; at most {MAX_COLUMNS} are read.",
            code="too_many_columns",
            hint="Is the delimiter right? It can be set by 'delimiter' in the config.",
            where=where,
        )
    if not width:
        return []
    try:
        frame = pd.read_csv(
            io.BytesIO(data),
            encoding=encoding,
            sep=delimiter,
            header=None,
            names=range(width),
            index_col=False,
            dtype=str,
            keep_default_na=False,
            na_filter=False,
            skip_blank_lines=False,
            low_memory=False,
            engine="c",
        )
    except pd.errors.ParserError as error:
        raise _unparsable(error, len(counts), where) from error
    return list(zip(*(frame[column].tolist() for column in frame.columns), strict=True))


def _unparsable(error: pd.errors.ParserError, last: int, where: str) -> SheetError:
    if "EOF inside string" not in str(error):
        return SheetError(
            f"The file cannot be read ({str(error).strip().rstrip('.')}).",
            code="csv_damaged",
            hint="Open it in a spreadsheet program and save it anew as 'CSV UTF-8'.",
            where=where,
        )
    # A quote that is never closed takes in all that follows, so it began in the last record.
    return SheetError(
        f"A quotation mark opened in line {last} is never closed.",
        code="quote_not_closed",
        hint='Close it, or write a quotation mark within a text twice ("").',
        where=f"{where}!{last}",
    )


def _rows(
    lines: Sequence[_Line], counts: Sequence[int], start: int, layout: _Layout
) -> Iterator[SheetRow]:
    for index in range(start, len(lines)):
        values = [blank_to_none(text) for text in lines[index]]
        while values and values[-1] is None:
            values.pop()
        if values:
            number = index + 1
            problems = _ragged(number, values, counts[index], layout)
            yield SheetRow(number=number, values=tuple(values), problems=problems)


def _ragged(
    number: int, values: Sequence[CellValue], fields: int, layout: _Layout
) -> tuple[Problem, ...]:
    """A line with fields beyond the header, or one that ends before its prompt or images."""
    beyond = len(values) > layout.fields or any(
        values[column] is not None for column in layout.gap if column < len(values)
    )
    if beyond:
        header = layout.gap.start if layout.gap else layout.fields
        problem = Problem(
            code="too_many_fields",
            message=f"Line {number} has more fields than the header, which has {header}.",
            hint="A text that holds the delimiter has to stand in quotation marks.",
            row=number,  # of the whole line: nobody knows which of its cells are shifted
        )
        return (problem,)
    missing = min((column for column in layout.essential if column >= fields), default=None)
    if missing is None:
        return ()
    problem = Problem(
        code="too_few_fields",
        message=f"Line {number} has {fields} fields and ends before column "
        f"{column_letter(missing)} ('{layout.headers[missing]}').",
        hint="A text with a line end in it has to stand in quotation marks.",
        severity=Severity.WARNING,
        row=number,
    )
    return (problem,)
