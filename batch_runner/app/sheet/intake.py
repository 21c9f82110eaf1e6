"""From a table to the jobs its rows ask for: who each row is, and what it would send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from batch_runner.app.sheet.album import NO_RULES, Album, PictureRules
from batch_runner.app.sheet.condition import condition_of
from batch_runner.app.sheet.joining import Joining, joining_of
from batch_runner.app.sheet.row_identity import Identifier
from batch_runner.app.sheet.row_reader import Rank, RowReader
from batch_runner.app.templates.names import bind_names
from batch_runner.app.templates.sources import Columns
from batch_runner.app.templates.values import ValueTemplate, bind
from batch_runner.core.cellrefs import MAX_COLUMN
from batch_runner.core.columns import map_columns
from batch_runner.core.controls import VARIANTS, Gate, split_controls
from batch_runner.core.decisions import DECISION
from batch_runner.core.errors import ConfigError, SheetError
from batch_runner.core.identity import Basis, former_columns
from batch_runner.core.language import phrase
from batch_runner.core.model import (
    ColumnMap,
    Problem,
    ReadOptions,
    Severity,
    Table,
    address,
    iter_errors,
)
from batch_runner.core.outcolumns import More, OutColumns, plan_columns
from batch_runner.core.profile import Catalogue
from batch_runner.core.recipe import hashed_columns
from batch_runner.core.variants import ONE, Variants
from batch_runner.core.where import Where
from batch_runner.ledger.spool import Spool
from batch_runner.loader.listing import read_listing
from batch_runner.reporter.copies import listing_path

if TYPE_CHECKING:
    from batch_runner.app.templates.language import Compiled  # heavy: it brings Jinja


def _no_pictures() -> Problem:
    return Problem(
        code="preview_needs_workbook",
        severity=Severity.NOTICE,
        message=phrase(
            "This kind of file holds no pictures, so 'output: preview' has no effect here."
        ),
        hint=phrase("Save the sheet as .xlsx to see them."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the ledger remembers of one worksheet."""

    basis: Basis | None = None
    out_columns: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """By what a table is read: the same for all worksheets of a run."""

    options: ReadOptions
    catalogue: Catalogue
    out_configured: Mapping[str, str]
    out_prefix: str
    where: Where | None = None  # only rows of which this holds
    hidden_rows: bool = True  # whether hidden and filtered rows run
    preview: bool = False  # whether a picture of each video is wanted
    pictures: PictureRules = NO_RULES
    variants: Variants = ONE  # how many videos a row gets that does not say it itself
    variant_rows: bool = False  # further ones are listed beside the sheet, not in columns
    templates: tuple[ValueTemplate, ...] = ()  # for what rows do not say themselves
    video_name: Compiled | None = None  # the template by which videos are called


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """One worksheet, understood."""

    table: Table  # without its rows, which are no longer needed
    columns: ColumnMap
    out: OutColumns
    joining: Joining  # which rows were taken as one
    basis: Basis
    rows: Spool  # those that are jobs, and all that is wrong with them and the sheet
    hidden: int  # rows to run that are hidden or filtered out
    decisions: int | None = None  # the column of the user's decisions
    known_as: str = ""  # the worksheet's name in the ledger: an earlier one, if it was renamed


def take_in(table: Table, rules: Rulebook, memory: Memory) -> Intake:
    """Understand one table.

    Raises:
        SheetError: columns are missing, doubled or mapped to headers that are not there.
        SheetChangedError: it was saved by somebody meanwhile.
    """
    found, column_problems = map_columns(
        table.headers, rules.options.columns, rules.options.parameters
    )
    for problem in iter_errors(column_problems):
        raise _column_error(table, problem)
    out = plan_columns(
        table,
        memory.out_columns or {},
        rules.out_configured,
        prefix=rules.out_prefix,
        more=More(
            preview=rules.preview and table.in_workbook,
            variants=_most(table, found, rules.variants),
            further=not rules.variant_rows,
        ),
    )
    _check_places(table, found, out)
    columns, controls = split_controls(found)
    reader = _reader(table, rules, memory, columns, controls, out)
    reader.rows.findings.fields = table.fields
    no_pictures = () if table.in_workbook or not rules.preview else (_no_pictures(),)
    for problem in (*table.notices, *column_problems, *out.notices, *no_pictures):
        reader.rows.findings.add(problem, Rank.SHEET)
    try:
        hidden = reader.read()
    finally:
        reader.album.close()
    joined = reader.joining.now
    grouped_by = None if joined is None else table.headers[joined.by] or None
    return Intake(
        table=replace(table, rows=()),
        columns=columns,
        out=out,
        joining=reader.joining,
        basis=Basis.of(table.headers, reader.identifier.hashed, grouped_by),
        rows=reader.rows,
        hidden=hidden,
        decisions=controls.first(DECISION),
    )


def _column_error(table: Table, problem: Problem) -> SheetError:
    row = problem.row or table.header_row
    return SheetError(
        problem.message,
        code=problem.code,
        hint=problem.hint,
        where=address(table.path.name, table.worksheet, row, problem.column),
    )


def _reader(
    table: Table,
    rules: Rulebook,
    memory: Memory,
    columns: ColumnMap,
    controls: ColumnMap,
    out: OutColumns,
) -> RowReader:
    """Who leads the rows of this worksheet."""
    sheet = Columns(
        headers=table.headers,
        columns=columns,
        defaults=rules.catalogue.defaults,
        ours={place: name for name, place in out.places.items()},
        where=address(table.path.name, table.worksheet, table.header_row, None),
    )
    templates = bind(rules.templates, sheet)
    hashed = hashed_columns(table.headers, columns, templates.sources if templates else ())
    makers = templates.makers if templates else frozenset[int]()
    rows = Spool()
    rows.listed.fill(read_listing(listing_path(table.path)), table.worksheet or "")
    return RowReader(
        table=table,
        catalogue=rules.catalogue,
        hidden_rows=rules.hidden_rows,
        columns=columns,
        gate=Gate(columns=controls, where=condition_of(table, rules.where, columns, out)),
        identifier=Identifier(
            headers=table.headers,
            hashed=hashed,
            before=former_columns(table.headers, hashed, memory.basis),
            pasted_before=memory.basis is None or memory.basis.pasted,
            out=out,
            decisions=controls.columns.get(DECISION, ()),
        ),
        variants=rules.variants,
        templates=templates,
        joining=joining_of(
            rules.options.group_by, memory.basis, table.headers, columns, makers, sheet.where
        ),
        names=bind_names(rules.video_name, sheet),
        album=Album(rules.pictures, table.media, rows.pictures),
        out=out,
        rows=rows,
    )


def _most(table: Table, columns: ColumnMap, variants: Variants) -> int:
    """How many variants a row of this sheet has at most."""
    gate = Gate(columns=split_controls(columns)[1])
    if variants.grid or gate.columns.first(VARIANTS) is None:
        return variants.count
    return max((gate.count(row, []) or variants.count for row in table.rows), default=1)


def _check_places(table: Table, columns: ColumnMap, out: OutColumns) -> None:
    """Results never go where the rows' own data is, whatever a config says, and have room."""
    if max(out.places.values()) >= MAX_COLUMN:
        raise SheetError(
            phrase(
                "The sheet is in use up to its last columns: there is no room for {count} more.",
                count=len(out.added),
            ),
            code="worksheet_full",
            where=address(table.path.name, table.worksheet, table.header_row, MAX_COLUMN - 1),
            hint=phrase("Delete columns on the right that are not needed."),
        )
    data = {place: name for name, places in columns.columns.items() for place in places}
    for name, place in out.places.items():
        if place in data:
            raise ConfigError(
                phrase(
                    "output.columns puts {name} into a column that holds {data}.",
                    name=name,
                    data=data[place],
                ),
                code="column_used_twice",
                where=address(table.path.name, table.worksheet, table.header_row, place),
                hint=phrase("Name another column, or none: then one is added."),
            )
