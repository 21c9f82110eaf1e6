"""``--where`` over the rows of one worksheet."""

from __future__ import annotations

from collections.abc import Callable

from batch_runner.core.controls import column_finder
from batch_runner.core.errors import SheetError
from batch_runner.core.language import phrase
from batch_runner.core.model import ColumnMap, SheetRow, Table, address
from batch_runner.core.outcolumns import OutColumns
from batch_runner.core.text import quoted
from batch_runner.core.where import Where


def condition_of(
    table: Table, where: Where | None, columns: ColumnMap, out: OutColumns
) -> Callable[[SheetRow], bool] | None:
    """Whether a row of it may be sent; ``None``: nobody asked.

    Raises:
        SheetError: it names a column that the sheet does not have, or one of results.
    """
    if where is None:
        return None
    try:
        return where.bind(column_finder(table.headers, columns, out.places))
    except LookupError as error:
        raise SheetError(
            phrase(
                "the condition {text} cannot be asked: {reason}",
                text=quoted(where.text),
                reason=error.args[0],
            ),
            code="where_column",
            where=address(table.path.name, table.worksheet, table.header_row, None),
            hint=phrase("It is set by --where or filter.where."),
        ) from None
