"""Results into a CSV file, where every byte that is not ours stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from batch_runner.core.celltext import number_text, safe_text
from batch_runner.core.errors import SheetError
from batch_runner.core.model import OutCell, Problem, Severity, Table, WritePlan
from batch_runner.reporter.csv_text import Edit, Records, SourceText, quoted, unquoted

_Cells = Mapping[int, OutCell]


def edit_csv(source: bytes, table: Table, plan: WritePlan) -> tuple[bytes, tuple[Problem, ...]]:
    """Put results into a CSV file's bytes.

    Args:
        source: the file as it was when ``table`` was read from it.
        table: says the encoding and the delimiter.
        plan: what to write, by record number; quoted line breaks do not count.

    Returns:
        The new bytes, and a problem for each row that has more fields than the header: what
        stands in its last ones is the user's, so nothing is written there.

    Raises:
        SheetError: the bytes are not laid out as ``table`` says; nothing is guessed.
    """
    try:
        text = SourceText(source, table.encoding or "utf-8")
    except UnicodeDecodeError as error:
        raise _not_as_read(table) from error
    editor = _Editor(text, table)
    wanted: dict[int, _Cells] = {**plan.cells, plan.header_row: _header_cells(plan)}
    edits: list[Edit] = []
    problems: list[Problem] = []
    rest = set(wanted)
    for number, (start, end) in enumerate(editor.records, start=1):
        if number not in wanted:
            continue
        rest.discard(number)
        fields = editor.records.fields(start, end)
        if number == plan.header_row:
            editor.learn_header(fields, plan)
        elif len(fields) > editor.width:
            problems.append(_too_many_fields(number))
            continue
        take = _removals if plan.remove else editor.edits
        edits.extend(take(fields, wanted[number]))
    if rest:
        raise _not_as_read(table)
    return text.edited(edits), tuple(problems)


class _Editor:
    """What it takes to turn cells into edits of one file."""

    def __init__(self, text: SourceText, table: Table) -> None:
        self._text = text
        self._table = table
        self._delimiter = table.delimiter or ","
        self.records = Records(text.text, self._delimiter)
        self.width = 0  # fields of the header record, ours included

    def learn_header(self, fields: list[tuple[int, int]], plan: WritePlan) -> None:
        """Check that this is the header that was read, and see how wide it will be."""
        present = [_folded(value) for value in self._values(fields)]
        if _trimmed(present) != _trimmed([_folded(text) for text in self._table.headers]):
            raise _not_as_read(self._table)
        self.width = max(len(fields), *(place + 1 for place in plan.headers), 0)

    def edits(self, fields: list[tuple[int, int]], cells: _Cells) -> list[Edit]:
        """The edits for one record: changed fields, and what is appended."""
        present = self._values(fields)
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
            added += [""] * (self.width - len(fields) - len(added))
            end = fields[-1][1]
            text = "".join(self._delimiter + quoted(value, self._delimiter) for value in added)
            edits.append(Edit(start=end, end=end, text=text))
        return edits

    def _values(self, fields: list[tuple[int, int]]) -> list[str]:
        return [unquoted(self._text.text[start:end]) for start, end in fields]

    def _value(self, cell: OutCell) -> str:
        if cell.value is None:
            return ""
        if isinstance(cell.value, str):
            return self._text.encodable(safe_text(cell.value, csv=True))
        return number_text(cell.value)


def _removals(fields: list[tuple[int, int]], cells: _Cells) -> list[Edit]:
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
        message="The line has more fields than the header, so its results are not written into it.",
        hint="Put quotes around a text that holds the delimiter.",
    )


def _not_as_read(table: Table) -> SheetError:
    return SheetError(
        "The file is laid out otherwise than it was read, so no result can be placed safely.",
        code="layout_unclear",
        hint="Set 'encoding', 'delimiter' and 'header_row' in the config, and save the sheet once.",
        where=str(table.path),
    )
