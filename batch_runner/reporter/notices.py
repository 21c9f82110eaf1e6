"""What a workbook's owner should know about a write: said once, never in the way."""

from __future__ import annotations

from collections.abc import Sequence

from batch_runner.core.cellrefs import Area
from batch_runner.core.errors import SheetBusyError
from batch_runner.core.language import phrase
from batch_runner.core.model import Problem, Severity, WritePlan
from batch_runner.reporter.links_patch import MAX_LINKS
from batch_runner.reporter.sheet_survey import Survey
from batch_runner.reporter.zip_copy import Package

_SIGNATURES = "_xmlsignatures/"
_NAMED = 5  # rows that are named one by one
_TRUE = frozenset({"1", "true"})


def signature(package: Package, plans: Sequence[WritePlan], *, keep: bool) -> list[Problem]:
    """Look for a digital signature of the whole workbook: any change makes it invalid.

    A signature of its macros is another thing, and stays valid.

    Raises:
        SheetBusyError: there is one, and it is to be kept.
    """
    if not any(name.startswith(_SIGNATURES) for name in package.names()):
        return []
    message = phrase(
        "The workbook is digitally signed, and any change makes its signature invalid."
    )
    if keep and not any(plan.break_signature for plan in plans):
        raise SheetBusyError(
            message,
            code="workbook_signed",
            hint=phrase(
                "Remove the signature in Excel, or set 'output: break_signature: true' in the config."
            ),
        )
    return [Problem(code="signature_broken", severity=Severity.WARNING, message=message)]


def protection(around: Survey) -> list[Problem]:
    """Say that a protected sheet is written all the same."""
    found = around.after(b"sheetProtection")
    if found is None or found.get("sheet") not in _TRUE:
        return []
    return [
        Problem(
            code="sheet_protected",
            severity=Severity.NOTICE,
            message=phrase(
                "The worksheet is protected against changes by hand; results are written into it."
            ),
        )
    ]


def links_refused(count: int) -> list[Problem]:
    """Say how many links are plain text."""
    if not count:
        return []
    return [
        Problem(
            code="too_many_links",
            severity=Severity.WARNING,
            message=phrase(
                "Excel takes {max_links} links in a worksheet, so {count} more are plain text.",
                max_links=MAX_LINKS,
                count=count,
            ),
            hint=phrase("They can be copied into a browser."),
        )
    ]


def pictures_refused(count: int, most: int) -> list[Problem]:
    """Say how many pictures are left out."""
    if not count:
        return []
    return [
        Problem(
            code="too_many_pictures",
            severity=Severity.WARNING,
            message=phrase(
                "A worksheet gets {most} pictures, so {count} more are left out.",
                most=most,
                count=count,
            ),
        )
    ]


def columns_shown(columns: Sequence[int], header_row: int) -> list[Problem]:
    """Say which hidden columns are shown, since results stand there now."""
    return [
        Problem(
            code="hidden_column_shown",
            severity=Severity.NOTICE,
            row=header_row,
            column=column,
            message=phrase("This column was hidden; it is shown now that results stand in it."),
        )
        for column in columns
    ]


def formulas_kept(cells: Sequence[tuple[int, int]]) -> list[Problem]:
    """Say where nothing was written, since the formula there is needed."""
    return [
        Problem(
            code="formula_kept",
            severity=Severity.WARNING,
            row=row,
            column=column,
            message=phrase("This cell holds a formula that stays, so nothing is written here."),
            hint=phrase(
                "Clear the column, or name another one under 'output: columns:' in the config."
            ),
        )
        for row, column in cells
    ]


def under_merges(areas: Sequence[tuple[Area, Sequence[int]]]) -> list[Problem]:
    """Say which results stand unseen under merged cells, and where they can be read."""
    return [
        Problem(
            code="under_merged_cells",
            severity=Severity.WARNING,
            row=area.top,
            column=area.left,
            message=phrase(
                "The results of {rows} are under the merged cells {area}, so not all of them show.",
                rows=_rows(rows),
                area=area,
            ),
            hint=phrase(
                "Unmerge these cells, or see 'batch-runner status SHEET --row {rows}'.",
                rows=rows[0],
            ),
        )
        for area, rows in areas
    ]


def _rows(rows: Sequence[int]) -> str:
    """Some rows in words; how many more where they are many."""
    named = ", ".join(map(str, rows[:_NAMED]))
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return f"row{'s' if len(rows) > 1 else ''} {named}{more}"
