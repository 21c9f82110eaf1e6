"""The list of further variants beside a sheet: ``output: {variants: rows}``."""

from __future__ import annotations

from dataclasses import dataclass

from batch_runner.core.outcolumns import OUT_COLUMNS

LISTING = ("worksheet", "row", "key", "variant", *OUT_COLUMNS)
"""Its columns: by this header a list of ours is known, whatever became of the ledger."""

LISTING_SUFFIX = ".variants.csv"
"""How its name ends, after the sheet's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a line of it says of a variant."""

    worksheet: str
    job: str
    task_id: str
    status: str


def delimiter_of(header: str) -> str | None:
    """What parts the cells of a list of ours; ``None``: this is the header of another file.

    A spreadsheet program may have saved it with another delimiter, or with quotes.
    """
    bare = header.strip().replace('"', "")
    return next((mark for mark in ",;\t" if bare == mark.join(LISTING)), None)
