"""CSV and TSV files, read as they stream by. Cells are texts as they stand, or ``None``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from batch_runner.core.errors import SheetError
from batch_runner.core.language import phrase
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
    has_prompts,
    header_notice,
    header_texts,
    no_prompt,
)
from batch_runner.loader.source import Source
from batch_runner.loader.streamed import StreamedRows

MAX_COLUMNS = 16_384
"""As many as a worksheet can have."""

_NULS = "\0\0\0"
_END = f'{_NULS}"'
"""A line put behind the last one: it comes back as it is, unless a quote was never closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A file whose dialect is settled."""

    source: Source
    encoding: str
    delimiter: str

    def records(self) -> Iterator[list[str]]:
        """All records, from the file's start.

        Raises:
            SheetError: A quote is never closed.
            SheetChangedError: Somebody saved the file meanwhile.
        """
        where = self.source.path.name
        with self.source.opened() as file:
            text = io.TextIOWrapper(file, encoding=self.encoding, newline="")
            found = records(chain(text, (_END,)), self.delimiter)
            try:
                for number, record in enumerate(found, start=1):
                    if record and record[-1].endswith((_NULS, _END)):
                        if record != [_END]:
                            raise _never_closed(number, where)
                        break
                    yield record
            except UnicodeError as error:  # all of it was of this encoding a moment ago
                raise self.source.changed() from error
            except csv.Error as error:
                raise _unparsable(error, where) from error
            finally:
                text.detach()  # the file is not ours to close


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extent:
    """What a first pass shows."""

    head: Sequence[Sequence[str]]  # the first records
    header: Sequence[str]  # the record that the config says is the header
    records: int
    width: int  # fields of the widest

    @classmethod
    def of(cls, text: _Text, first: int, options: ReadOptions) -> _Extent:
        """Walk the records; what stands before ``first`` (0-based) is none of the table's."""
        head: list[list[str]] = []
        header: list[str] = []
        number = width = 0
        for number, record in enumerate(text.records(), start=1):
            if number <= SEARCHED:
                head.append(record)
            if number == options.header_row:
                header = record
            if len(record) > width and number > first:
                width = len(record)
                if width > MAX_COLUMNS:
                    raise _too_wide(number, width, text.source.path.name)
        return cls(head=head, header=header, records=number, width=width)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """What a line's number of fields is measured by."""

    headers: tuple[str, ...]
    fields: int  # of the header line
    essential: frozenset[int]  # the columns of prompt and images
    gap: range  # unnamed columns that were right of the header before we appended ours


def read_csv(source: Source, options: ReadOptions) -> Table:
    """Read a text file as one table; its rows stream from the file whenever they are asked for.

    Raises:
        SheetError: Encoding or delimiter cannot be told, a quote is never closed, or there is
            no prompt column.
        SheetChangedError: Somebody saved the file meanwhile.
    """
    where = source.path.name
    encoding, guessed = find_encoding(source, options.encoding)
    stated = stated_delimiter(source, encoding)
    delimiter, told = _delimiter(source, encoding, stated, options)
    text = _Text(source=source, encoding=encoding, delimiter=delimiter)
    first = 1 if stated else 0  # the line 'sep=;' itself is never the header
    extent = _Extent.of(text, first, options)
    check_header_row(options, extent.records, where)
    found = find_header([*[()] * first, *extent.head[first:]], options)
    if found is None:
        raise empty_sheet(where)
    header = extent.header if options.header_row is not None else extent.head[found]
    headers = header_texts(header)
    if not has_prompts(headers, options):
        raise no_prompt(headers, options, where)
    layout = _Layout(
        headers=headers,
        fields=len(header),
        essential=essential_columns(headers, options),
        gap=unnamed_before_ours(headers),
    )
    return Table(
        path=source.path,
        worksheet=None,
        header_row=found + 1,
        headers=headers,
        rows=StreamedRows(lambda: _rows(text, found + 1, layout)),
        width=extent.width,
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
    sign = find_delimiter(source, encoding, options)
    if sign == ("\t" if source.path.suffix.lower() == ".tsv" else ","):
        return sign, ()
    name = phrase("a tab") if sign == "\t" else f"'{sign}'"
    notice = Problem(
        code="delimiter_guessed",
        message=phrase("The fields are taken to be separated by {name}.", name=name),
        hint=phrase("If that is wrong, set 'delimiter' in the config."),
        severity=Severity.NOTICE,
    )
    return sign, (notice,)


def _too_wide(number: int, width: int, where: str) -> SheetError:
    return SheetError(
        phrase(
            "Line {number} has {width} fields; at most {max_columns} are read.",
            number=number,
            width=width,
            max_columns=MAX_COLUMNS,
        ),
        code="too_many_columns",
        hint=phrase("Is the delimiter right? It can be set by 'delimiter' in the config."),
        where=where,
    )


def _never_closed(number: int, where: str) -> SheetError:
    # It takes in all that follows, so it began in the last record.
    return SheetError(
        phrase("A quotation mark opened in line {number} is never closed.", number=number),
        code="quote_not_closed",
        hint=phrase('Close it, or write a quotation mark within a text twice ("").'),
        where=f"{where}!{number}",
    )


def _unparsable(error: csv.Error, where: str) -> SheetError:
    return SheetError(
        phrase("The file cannot be read ({reason}).", reason=str(error).strip().rstrip(".")),
        code="csv_damaged",
        hint=phrase("Open it in a spreadsheet program and save it anew as 'CSV UTF-8'."),
        where=where,
    )


def _rows(text: _Text, start: int, layout: _Layout) -> Iterator[SheetRow]:
    for number, record in enumerate(islice(text.records(), start, None), start=start + 1):
        values = list(map(blank_to_none, record))
        while values and values[-1] is None:
            values.pop()
        if values:
            problems = _ragged(number, values, len(record), layout)
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
            message=phrase(
                "Line {number} has more fields than the header, which has {header}.",
                number=number,
                header=header,
            ),
            hint=phrase("A text that holds the delimiter has to stand in quotation marks."),
            row=number,  # of the whole line: nobody knows which of its cells are shifted
        )
        return (problem,)
    missing = min((column for column in layout.essential if column >= fields), default=None)
    if missing is None:
        return ()
    problem = Problem(
        code="too_few_fields",
        message=phrase(
            "Line {number} has {fields} fields and ends before column {column} ('{header}').",
            number=number,
            fields=fields,
            column=column_letter(missing),
            header=layout.headers[missing],
        ),
        hint=phrase("A text with a line end in it has to stand in quotation marks."),
        severity=Severity.WARNING,
        row=number,
    )
    return (problem,)
