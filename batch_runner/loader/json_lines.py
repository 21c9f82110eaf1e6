"""JSON Lines: an object a line, read as they stream by. What is named in any of them is a column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batch_runner.core.errors import SheetError
from batch_runner.core.json_line import object_in
from batch_runner.core.language import phrase, plural
from batch_runner.core.model import Form, ReadOptions, SheetRow, Table
from batch_runner.loader.fields import MAX_FIELDS, check_fields, row_of
from batch_runner.loader.source import Source
from batch_runner.loader.streamed import StreamedRows

MAX_LINE = 16 << 20
"""Bytes of one line, of which all are held at once."""

_MOST_TOLD = 5  # lines that are named in one message
_EXAMPLE = '{"prompt": "...", "image_urls": ["https://..."]}'


def read_json_lines(source: Source, options: ReadOptions) -> Table:
    """Read a file as one table; its rows stream from the file whenever they are asked for.

    Raises:
        SheetError: Lines are no JSON objects, or no field holds prompts.
        SheetChangedError: Somebody saved the file meanwhile.
    """
    where = source.path.name
    names = _names(source, where)
    check_fields(names, options, where)
    return Table(
        path=source.path,
        worksheet=None,
        header_row=0,
        headers=names,
        rows=StreamedRows(lambda: _rows(source, names)),
        width=len(names),
        stamp=source.stamp,
        form=Form.LINES,
    )


def _lines(source: Source) -> Iterator[tuple[int, bytes]]:
    with source.opened() as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            yield number, line


def _names(source: Source, where: str) -> tuple[str, ...]:
    """All names in the order in which they come; every line is looked at."""
    names: dict[str, None] = {}
    faults: list[tuple[int, str]] = []
    for number, line in _lines(source):
        if len(line) > MAX_LINE:
            faults.append((number, f"it has more than {MAX_LINE >> 20} MB"))
            break
        try:
            fields = object_in(line)
        except ValueError as error:
            faults.append((number, str(error)))
            continue
        for name in fields or ():
            names.setdefault(name)
        if len(names) > MAX_FIELDS:
            break  # which is refused
    if faults:
        raise _unreadable(faults, where)
    if not names:
        raise SheetError(
            phrase("The file holds no object."),
            code="empty_sheet",
            hint=phrase("Each line is a video, such as {example}.", example=_EXAMPLE),
            where=where,
        )
    return tuple(names)


def _unreadable(faults: Sequence[tuple[int, str]], where: str) -> SheetError:
    told = "; ".join(
        phrase("line {line}: {fault}", line=line, fault=fault)
        for line, fault in faults[:_MOST_TOLD]
    )
    left = len(faults) - _MOST_TOLD
    more = phrase("; and {more} more", more=left) if left > 0 else ""
    return SheetError(
        plural(
            "{count} line cannot be read ({told}).",
            "{count} lines cannot be read ({told}).",
            len(faults),
            told=told + more,
        ),
        code="line_unreadable",
        hint=phrase("Each line has to be one whole object, such as {example}.", example=_EXAMPLE),
        where=f"{where}:{faults[0][0]}",
    )


def _rows(source: Source, names: Sequence[str]) -> Iterator[SheetRow]:
    for number, line in _lines(source):
        fields = object_in(line)
        row = row_of(number, map(fields.get, names)) if fields else None
        if row is not None:
            yield row
