"""From a table to the jobs its rows ask for: who each row is, and what it would send."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from batch_runner.app.sheet.row_spec import make_spec
from batch_runner.core.cellrefs import MAX_COLUMN
from batch_runner.core.columns import CONTROLS, map_columns
from batch_runner.core.controls import Gate, Passage, column_finder, split_controls
from batch_runner.core.errors import ConfigError, SheetError
from batch_runner.core.identity import Basis, RowIdentity, digest, former_columns
from batch_runner.core.misnamed import MOST_ROWS, misnamed
from batch_runner.core.model import (
    ColumnMap,
    Problem,
    ReadOptions,
    Severity,
    SheetRow,
    Table,
    Verdict,
    address,
    iter_errors,
)
from batch_runner.core.outcolumns import OutColumns, plan_columns, shown_results
from batch_runner.core.profile import Catalogue
from batch_runner.core.rules import across, fingerprint, is_job, judge
from batch_runner.core.text import cell_text, quoted
from batch_runner.core.values import canonical_cells
from batch_runner.core.where import Where
from batch_runner.ledger.spool import Spool

KEY = "key"

_NO_PICTURES = Problem(
    code="preview_needs_workbook",
    severity=Severity.NOTICE,
    message="This kind of file holds no pictures, so 'output: preview' has no effect here.",
    hint="Save the sheet as .xlsx to see them.",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """One worksheet, understood."""

    table: Table  # without its rows, which are no longer needed
    columns: ColumnMap
    out: OutColumns
    basis: Basis
    rows: Spool  # those that are jobs, and all that is wrong with them and the sheet
    hidden: int  # rows to run that are hidden or filtered out
    known_as: str = ""  # the worksheet's name in the ledger: an earlier one, if it was renamed


class _Rank(IntEnum):
    """In which order problems are told, if they weigh the same."""

    SHEET = 0
    COLUMN = 1
    ROW = 2
    ACROSS = 3


def take_in(table: Table, rules: Rulebook, memory: Memory) -> Intake:
    """Understand one table.

    Raises:
        SheetError: columns are missing, doubled or mapped to headers that are not there.
        SheetChangedError: somebody saved the sheet meanwhile.
    """
    columns, column_problems = map_columns(
        table.headers, rules.options.columns, rules.options.parameters
    )
    for problem in iter_errors(column_problems):
        raise SheetError(
            problem.message,
            code=problem.code,
            hint=problem.hint,
            where=address(
                table.path.name, table.worksheet, problem.row or table.header_row, problem.column
            ),
        )
    out = plan_columns(
        table,
        memory.out_columns or {},
        rules.out_configured,
        prefix=rules.out_prefix,
        preview=rules.preview and table.in_workbook,
    )
    _check_places(table, columns, out)
    columns, controls = split_controls(columns)
    reader = _Reader(
        table=table,
        rules=rules,
        columns=columns,
        before=former_columns(table.headers, columns, memory.basis),
        gate=Gate(columns=controls, where=_condition(table, rules.where, columns, out)),
        out=out,
        rows=Spool(),
    )
    reader.rows.findings.fields = table.fields
    no_pictures = () if table.in_workbook or not rules.preview else (_NO_PICTURES,)
    for problem in (*table.notices, *column_problems, *out.notices, *no_pictures):
        reader.rows.findings.add(problem, _Rank.SHEET)
    hidden = reader.read()
    return Intake(
        table=replace(table, rows=()),
        columns=columns,
        out=out,
        basis=Basis.of(table.headers, columns),
        rows=reader.rows,
        hidden=hidden,
    )


def _condition(
    table: Table, where: Where | None, columns: ColumnMap, out: OutColumns
) -> Callable[[SheetRow], bool] | None:
    if where is None:
        return None
    try:
        return where.bind(column_finder(table.headers, columns, out.places))
    except LookupError as error:
        raise SheetError(
            f"the condition {quoted(where.text)} cannot be asked: {error.args[0]}",
            code="where_column",
            where=address(table.path.name, table.worksheet, table.header_row, None),
            hint="It is set by --where or filter.where.",
        ) from None


def _check_places(table: Table, columns: ColumnMap, out: OutColumns) -> None:
    """Results never go where the rows' own data is, whatever a config says, and have room."""
    if max(out.places.values()) >= MAX_COLUMN:
        raise SheetError(
            f"The sheet is in use up to its last columns: there is no room for {len(out.added)} more.",
            code="worksheet_full",
            where=address(table.path.name, table.worksheet, table.header_row, MAX_COLUMN - 1),
            hint="Delete columns on the right that are not needed.",
        )
    data = {place: name for name, places in columns.columns.items() for place in places}
    for name, place in out.places.items():
        if place in data:
            raise ConfigError(
                f"output.columns puts {name} into a column that holds {data[place]}.",
                code="column_used_twice",
                where=address(table.path.name, table.worksheet, table.header_row, place),
                hint="Name another column, or none: then one is added.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Leads each row through the rules, and spools what it asks for."""

    table: Table
    rules: Rulebook
    columns: ColumnMap
    before: ColumnMap  # the columns by which earlier runs hashed the rows
    gate: Gate
    out: OutColumns
    rows: Spool

    def read(self) -> int:
        """Take in all rows that are jobs; how many of them are hidden."""
        key, hidden = self.columns.first(KEY), 0
        if key is not None:
            for row in self._jobs():
                self.rows.count_key(_key(row, key))
        first: list[SheetRow] = []
        models: set[str] = set()
        for row in self._jobs():
            verdict = judge(row, self.columns, self.rules.catalogue)
            if key is not None:
                verdict = self._with_key(row, key, verdict)
            self._take(row, verdict, self.gate.look(row))
            hidden += row.hidden
            models.add(verdict.model)
            if len(first) < MOST_ROWS:
                first.append(row)
        self.rows.complete()
        self._look_across(first, models)
        return hidden

    def _jobs(self) -> Iterator[SheetRow]:
        hidden_too = self.rules.hidden_rows
        for row in self.table.rows:
            if is_job(row, self.columns) and (hidden_too or not row.hidden):
                yield row

    def _with_key(self, row: SheetRow, column: int, verdict: Verdict) -> Verdict:
        """The verdict, with what is wrong about the row's key."""
        key = _key(row, column)
        count = self.rows.rows_with_key(key)
        if key and count == 1:
            return verdict
        message = (
            f"the key {key!r} stands in {count} rows; each row needs its own."
            if key
            else "the key is blank; each row needs its own."
        )
        problem = Problem(
            code="key_repeated" if key else "key_blank",
            message=message,
            row=row.number,
            column=column,
        )
        return replace(verdict, request=None, problems=(*verdict.problems, problem))

    def _take(self, row: SheetRow, verdict: Verdict, passage: Passage) -> None:
        if any(iter_errors(passage.problems)):
            verdict = replace(verdict, request=None)
        excused = passage.left_out in CONTROLS  # nobody has to mend what is not to run
        problems = () if excused else verdict.problems
        verdict = replace(verdict, problems=(*problems, *passage.problems))
        shown = shown_results(row, self.out)
        identity = self._identity(row, shown)
        self.rows.add(
            make_spec(verdict, identity, passage, self.table.fields),
            shown,
            unmarked=not identity.shown_job and self._shows_task(row),
            request=None if excused else fingerprint(verdict),
        )
        for problem in verdict.problems:
            self.rows.findings.add(problem, _Rank.ROW)

    def _identity(self, row: SheetRow, shown: Mapping[str, str]) -> RowIdentity:
        columns, ours = self.columns, self._ours
        row_hash = digest(canonical_cells(row, columns))
        former = row_hash if self.before == columns else digest(canonical_cells(row, self.before))
        key = columns.first(KEY)
        whole = (
            (str(i), text)
            for i, value in enumerate(row.values)
            if i not in ours and (text := cell_text(value).strip())
        )
        return RowIdentity(
            row=row.number,
            row_hash=row_hash,
            whole_hash=digest(whole),
            key=None if key is None else _key(row, key) or None,
            former_hash=None if former == row_hash else former,
            shown_task=shown.get("task_id"),
            shown_job=shown.get("job"),
            shown_status=shown.get("status"),
        )

    def _shows_task(self, row: SheetRow) -> bool:
        """Whether a task id stands in it, whosever column it is in."""
        headers = enumerate(self.table.headers)
        places = {i for i, text in headers if text.strip().lower() == "task_id"}
        if "task_id" in self.out.places:
            places.add(self.out.places["task_id"])
        return any(cell_text(row.value(i)).strip() for i in places)

    @property
    def _ours(self) -> frozenset[int]:
        return frozenset(self.out.places.values())

    def _look_across(self, first: Sequence[SheetRow], models: Collection[str]) -> None:
        """What only shows when rows are seen together."""
        named = [p for p in self.rules.catalogue.profiles.values() if p.model in models]
        add = self.rows.findings.add
        for problem in misnamed(self.table.headers, first, self.columns, named, self._ours):
            add(problem, _Rank.COLUMN)
        for problem in across(self.rows.requests()):
            add(problem, _Rank.ACROSS)


def _key(row: SheetRow, column: int) -> str:
    return cell_text(row.value(column)).strip()
