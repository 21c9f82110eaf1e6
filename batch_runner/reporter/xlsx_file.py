"""Results into a workbook, with nothing of it lost.

The worksheet part streams by and our cells are put in; beside it only what they need is touched:
its relationships (links), the styles (appended to), a table that grows, the drawing that holds
its pictures. Every other part is copied as the packed bytes it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from batch_runner.core.errors import SheetError
from batch_runner.core.language import phrase
from batch_runner.core.model import Problem, WritePlan
from batch_runner.core.ooxml import Worksheet, relations, relations_part
from batch_runner.reporter import notices
from batch_runner.reporter.links_patch import (
    MAX_LINKS,
    Links,
    OldLinks,
    links_edits,
    old_links,
)
from batch_runner.reporter.pictures_patch import (
    MAX_PICTURES,
    Pictures,
    put_pictures,
    replaced,
    shown_pictures,
)
from batch_runner.reporter.relations_patch import with_relations
from batch_runner.reporter.sheet_cells import CellWriter
from batch_runner.reporter.sheet_frame import column_styles, framed, hidden_columns, spans
from batch_runner.reporter.sheet_rows import RowsPatch
from batch_runner.reporter.sheet_stream import whole_rows
from batch_runner.reporter.sheet_survey import Survey, survey
from batch_runner.reporter.sheet_wanted import covered, wanted_cells
from batch_runner.reporter.tables_patch import (
    Growth,
    filter_edits,
    grown_filter_name,
    grown_table,
    table_area,
)
from batch_runner.reporter.workbook_parts import Book
from batch_runner.reporter.xml_bytes import Edit, edited
from batch_runner.reporter.zip_copy import Package


def write_workbook(
    source: BinaryIO,
    plans: Sequence[WritePlan],
    out: Path,
    *,
    max_links: int = MAX_LINKS,
    keep_signature: bool = False,
) -> tuple[Problem, ...]:
    """Write a copy of a workbook with results in it.

    Args:
        source: the workbook, opened.
        plans: what to put into which worksheet.
        out: where the result goes; overwritten.
        max_links: hyperlinks that one worksheet may have, those of the user included.
        keep_signature: refuse a workbook whose signature would become invalid.

    Returns:
        What its owner should know: links that are plain text, a protected sheet ...

    Raises:
        SheetError: it is no whole workbook, or has no such worksheet, or one that is laid out
            so that no result can be placed safely.
        SheetBusyError: it is signed, and no plan says that the signature may be broken.
    """
    with closing(Book(Package(source, ""))) as book:
        problems = notices.signature(book.package, plans, keep=keep_signature)
        for plan in plans:
            problems += _fill(book, plan, max_links)
        changes = book.changes()
        with out.open("wb") as file:
            book.package.write(file, changes)
    return tuple(problems)


def shown_marks(path: Path, worksheet: str | None) -> Mapping[tuple[int, int], str]:
    """The pictures of ours on a worksheet: row and column -> mark.

    Raises:
        SheetError: it is no whole workbook, or has no such worksheet.
        OSError: it cannot be read.
    """
    with path.open("rb") as file, closing(Book(Package(file, ""))) as book:
        part = _named(book, worksheet).part
        shown = shown_pictures(book, part, survey(book.stream(part), worksheet or ""))
        return {(one.row, one.column): one.mark for one in shown}


def _fill(book: Book, plan: WritePlan, max_links: int) -> list[Problem]:
    """Put a plan into its worksheet."""
    sheet = _named(book, plan.worksheet)
    part = sheet.part
    where = plan.worksheet or ""
    around = survey(book.stream(part), where)
    wanted = wanted_cells(plan)
    old = old_links(around, wanted)
    links = Links(room=max(0, max_links - old.kept))
    found = spans(around)
    columns = frozenset(column for cells in wanted.values() for column in cells)
    writer = CellWriter(plan, around.prefix, book.styles, links, column_styles(found, columns))
    shown = shown_pictures(book, part, around)
    gone = replaced(shown, wanted, plan)
    pictures = Pictures(plan=plan, room=MAX_PICTURES - len(shown) + len(gone))
    rows = RowsPatch(wanted, writer.write, around.prefix, where, pictures.dressed)
    edits = _grow(book, plan, sheet, around)

    def content() -> Iterator[bytes]:
        yield framed(around, plan, wanted)
        batches = () if around.rowless else whole_rows(book.stream(part), around, where)
        yield from rows.patched(batches)
        yield f"</{around.prefix}sheetData>".encode()
        # Only now it is known which cells have links and pictures.
        ends = [
            *_link_up(book, part, around, links, old),
            *put_pictures(book, part, around, pictures, gone),
        ]
        yield edited(around.tail, [*edits, *ends])

    book.replace(part, content())
    if rows.formulas_gone:
        book.drop_calculation_order()
    return [
        *notices.protection(around),
        *notices.columns_shown(hidden_columns(found, plan), plan.header_row),
        *notices.formulas_kept(rows.kept),
        *notices.under_merges(covered(wanted, around)),
        *notices.links_refused(links.refused),
        *notices.pictures_refused(pictures.refused, MAX_PICTURES),
    ]


def _named(book: Book, name: str | None) -> Worksheet:
    found = next((one for one in book.worksheets if one.name == name), None)
    if found is None:
        raise SheetError(
            phrase("The workbook has no worksheet '{name}' to write into.", name=name),
            code="workbook_not_writable",
            hint=phrase("Run again: the sheet is read anew."),
        )
    return found


def _link_up(book: Book, part: str, around: Survey, links: Links, old: OldLinks) -> list[Edit]:
    """Give the links their relationships; what the worksheet's end has to say of them."""
    ids: list[str] = []
    if links.added or old.unused:
        listing = relations_part(part)
        present = book.text(listing) if listing in book else None
        kind = f"{around.office}/hyperlink"
        text, ids = with_relations(present, kind, links.targets, unused=old.unused, external=True)
        book.put(listing, text)
    return links_edits(around, links, old, ids)


def _grow(book: Book, plan: WritePlan, sheet: Worksheet, around: Survey) -> list[Edit]:
    """Let a table, or the worksheet's own filter, take in the columns that are added."""
    growth = Growth.of(plan)
    if growth is None:
        return []
    names = [one.target for one in relations(book, sheet.part, "").values() if one.kind == "table"]
    tables = {name: book.text(name) for name in names if name in book.package}
    places = {name: place for name, part in tables.items() if (place := table_area(part))}
    for name, part in tables.items():
        others = [place for other, place in places.items() if other != name]
        grown = grown_table(part, growth, others)
        if grown is not None:
            book.put(name, grown)
    edits, before, after = filter_edits(around, growth)
    if before is not None and after is not None:
        named = grown_filter_name(book.text(book.workbook), sheet.index, before, after)
        if named is not None:
            book.put(book.workbook, named)
    return edits
