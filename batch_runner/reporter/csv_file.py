"""Results into a CSV file, where every byte that is not ours stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from batch_runner.core.celltext import number_text, safe_text
from batch_runner.core.errors import SheetError
from batch_runner.core.language import phrase
from batch_runner.core.model import OutCell, Problem, Severity, Table, WritePlan
from batch_runner.reporter.csv_text import (
    Edit,
    Records,
    SourceText,
    Span,
    quoted,
    unquoted,
    whole_records,
)

_Cells = Mapping[int, OutCell]


class CsvEdit:
    """Puts results into a CSV file as it streams by."""

    def __init__(self, table: Table, plan: WritePlan) -> None:
        """Prepare.

        Args:
            table: how the file was read; says the encoding and the delimiter.
            plan: what to write, by record number; quoted line breaks do not count.
        """
        self.problems: list[Problem] = []  # rows with more fields than the header: left alone
        self.changed = False  # whether the new bytes differ from the old ones
        self._table = table
        self._plan = plan
        self._delimiter = table.delimiter or ","
        self._width = 0  # fields of the header record, ours included
        self._seen = 0  # records that the plan names

    def edited(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The file's bytes with the results in them.

        Args:
            chunks: the file as it was when the table was read from it.

        Raises:
            SheetError: the bytes are not laid out as the table says; nothing is guessed.
        """
        number = 0
        try:
            for text, spans in whole_records(
                chunks, self._table.encoding or "utf-8", self._delimiter
            ):
                part = _Part(text, self._delimiter)
                edits: list[Edit] = []
                for number, span in enumerate(spans, start=number + 1):  # noqa: B020 - goes on
                    edits.extend(self._record(part, span, number))
                self.changed |= bool(edits)
                yield text.edited(edits)
        except UnicodeDecodeError as error:
            raise _not_as_read(self._table) from error
        if self._seen < len(self._plan.cells) + (self._plan.header_row not in self._plan.cells):
            raise _not_as_read(self._table)

    def _record(self, part: _Part, span: Span, number: int) -> Iterable[Edit]:
        header = number == self._plan.header_row
        cells = _header_cells(self._plan) if header else self._plan.cells.get(number)
        if cells is None:
            return ()
        self._seen += 1
        fields = part.fields(span)
        if header:
            self._learn_header(part, fields)
        elif len(fields) > self._width:
            self.problems.append(_too_many_fields(number))
            return ()
        return (
            _removals(fields, cells)
            if self._plan.remove
            else part.edits(fields, cells, self._width)
        )

    def _learn_header(self, part: _Part, fields: list[Span]) -> None:
        """Check that this is the header that was read, and see how wide it will be."""
        present = [_folded(value) for value in part.values(fields)]
        if _trimmed(present) != _trimmed([_folded(text) for text in self._table.headers]):
            raise _not_as_read(self._table)
        self._width = max(len(fields), *(place + 1 for place in self._plan.headers), 0)


class _Part:
    """Some whole records of the file."""

    def __init__(self, text: SourceText, delimiter: str) -> None:
        self._text = text
        self._records = Records(text.text, delimiter)
        self._delimiter = delimiter

    def fields(self, span: Span) -> list[Span]:
        """Where the fields of a record are."""
        return self._records.fields(*span)

    def edits(self, fields: list[Span], cells: _Cells, width: int) -> list[Edit]:
        """The edits for one record: changed fields, and what is appended up to the width."""
        present = self.values(fields)
        edits: list[Edit] = []
        added: list[str] = []
        for place, cell in sorted(cells.items()):
            value = self._value(cell)
            if place < len(fields):
                if value != present[place]:
                    start, end = fields[place]
                    edits.append(Edit(start=start, end=end, text=quoted(value, self._delimiter)))
            elif value:
                added += [""] * (place - len(fields) - len(added))
                added.append(value)
        if added:
            # As wide as the header: not every reader of CSV takes shorter lines.
            added += [""] * (width - len(fields) - len(added))
            end = fields[-1][1]
            text = "".join(self._delimiter + quoted(value, self._delimiter) for value in added)
            edits.append(Edit(start=end, end=end, text=text))
        return edits

    def values(self, fields: list[Span]) -> list[str]:
        """What stands in fields."""
        return [unquoted(self._text.text[start:end]) for start, end in fields]

    def _value(self, cell: OutCell) -> str:
        if cell.value is None:
            return ""
        if isinstance(cell.value, str):
            return self._text.encodable(safe_text(cell.value, csv=True))
        return number_text(cell.value)


def _removals(fields: list[Span], cells: _Cells) -> list[Edit]:
    """The edits that take our columns out of one record, each with one delimiter."""
    gone = [place for place in sorted(cells) if place < len(fields)]
    edits = []
    for place in gone:
        start, end = fields[place]
        if place:
            start = fields[place - 1][1]
        elif len(fields) > 1:
            end = fields[1][0]
        edits.append(Edit(start=start, end=end, text=""))
    return edits


def _header_cells(plan: WritePlan) -> _Cells:
    return {place: OutCell(value=text) for place, text in plan.headers.items()}


def _folded(header: str) -> str:
    return " ".join(header.split())


def _trimmed(texts: Iterable[str]) -> list[str]:
    kept = list(texts)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _too_many_fields(number: int) -> Problem:
    return Problem(
        code="too_many_fields",
        severity=Severity.WARNING,
        row=number,
        message=phrase(
            "The line has more fields than the header, so its results are not written into it."
        ),
        hint=phrase("Put quotes around a text that holds the delimiter."),
    )


def _not_as_read(table: Table) -> SheetError:
    return SheetError(
        phrase(
            "The file is laid out otherwise than it was read, so no result can be placed safely."
        ),
        code="layout_unclear",
        hint=phrase(
            "Set 'encoding', 'delimiter' and 'header_row' in the config, and save the sheet once."
        ),
        where=str(table.path),
    )
