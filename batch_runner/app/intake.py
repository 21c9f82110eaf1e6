"""From a table to the jobs its rows ask for: who each row is, and what it would send."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from batch_runner.core.columns import map_columns
from batch_runner.core.errors import ConfigError, SheetError
from batch_runner.core.identity import Basis, RowIdentity, digest, former_columns
from batch_runner.core.jobs import Adoption, RowSpec
from batch_runner.core.misnamed import misnamed
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
from batch_runner.core.outcolumns import OutColumns, job_mark, plan_columns, shown_results
from batch_runner.core.profile import Catalogue, Profile
from batch_runner.core.rules import across, is_job, judge
from batch_runner.core.text import cell_text
from batch_runner.core.values import canonical_cells

KEY = "key"

_NO_PICTURES = Problem(
    code="preview_needs_workbook",
    severity=Severity.NOTICE,
    message="A CSV file holds no pictures, so 'output: preview' has no effect here.",
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
    hidden_rows: bool = True  # whether hidden and filtered rows run
    preview: bool = False  # whether a picture of each video is wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """One worksheet, understood."""

    table: Table  # without its rows, which are no longer needed
    columns: ColumnMap
    out: OutColumns
    basis: Basis
    specs: tuple[RowSpec, ...]
    shown: Mapping[int, Mapping[str, str]]  # line -> what our columns show there
    problems: tuple[Problem, ...]  # of all rows and of the sheet
    hidden: int  # rows to run that are hidden or filtered out
    unmarked: tuple[int, ...]  # lines that show a task id but no job mark
    known_as: str = ""  # the worksheet's name in the ledger: an earlier one, if it was renamed


def take_in(table: Table, rules: Rulebook, memory: Memory) -> Intake:
    """Understand one table.

    Raises:
        SheetError: columns are missing, doubled or mapped to headers that are not there.
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
    in_workbook = table.worksheet is not None
    out = plan_columns(
        table,
        memory.out_columns or {},
        rules.out_configured,
        prefix=rules.out_prefix,
        preview=rules.preview and in_workbook,
    )
    _check_apart(table, columns, out)
    rows = [
        row for row in table.rows if is_job(row, columns) and (rules.hidden_rows or not row.hidden)
    ]
    keys = _Keys.of(rows, columns)
    verdicts = [keys.judged(row, judge(row, columns, rules.catalogue)) for row in rows]
    before = former_columns(table.headers, columns, memory.basis)
    shown = {row.number: seen for row in table.rows if (seen := shown_results(row, out))}
    ours = frozenset(out.places.values())
    specs = tuple(
        _spec(verdict, _identity(row, columns, before, ours, shown))
        for row, verdict in zip(rows, verdicts, strict=True)
    )
    per_row = (problem for verdict in verdicts for problem in verdict.problems)
    return Intake(
        table=replace(table, rows=()),
        columns=columns,
        out=out,
        basis=Basis.of(table.headers, columns),
        specs=specs,
        shown=shown,
        problems=(
            *table.notices,
            *column_problems,
            *out.notices,
            *(() if in_workbook or not rules.preview else (_NO_PICTURES,)),
            *misnamed(table.headers, rows, columns, _in_use(verdicts, rules.catalogue), ours),
            *per_row,
            *across(verdicts),
        ),
        hidden=sum(row.hidden for row in rows),
        unmarked=_unmarked(table, rows, out, shown),
    )


def _in_use(verdicts: Sequence[Verdict], catalogue: Catalogue) -> list[Profile]:
    """The models that rows name."""
    names = {verdict.model for verdict in verdicts}
    return [profile for profile in catalogue.profiles.values() if profile.model in names]


def _check_apart(table: Table, columns: ColumnMap, out: OutColumns) -> None:
    """Results never go where the rows' own data is, whatever a config says."""
    data = {place: name for name, places in columns.columns.items() for place in places}
    for name, place in out.places.items():
        if place in data:
            raise ConfigError(
                f"output.columns puts {name} into a column that holds {data[place]}.",
                code="column_used_twice",
                where=address(table.path.name, table.worksheet, table.header_row, place),
                hint="Name another column, or none: then one is added.",
            )


@dataclass(frozen=True, slots=True)
class _Keys:
    """The user's own ids, if the config names a column of them."""

    column: int | None
    counts: Counter[str]

    @classmethod
    def of(cls, rows: Sequence[SheetRow], columns: ColumnMap) -> _Keys:
        column = columns.first(KEY)
        if column is None:
            return cls(None, Counter())
        return cls(column, Counter(_key(row, column) for row in rows))

    def judged(self, row: SheetRow, verdict: Verdict) -> Verdict:
        """The verdict, with what is wrong about the row's key."""
        if self.column is None:
            return verdict
        key = _key(row, self.column)
        if key and self.counts[key] == 1:
            return verdict
        message = (
            f"the key {key!r} stands in {self.counts[key]} rows; each row needs its own."
            if key
            else "the key is blank; each row needs its own."
        )
        problem = Problem(
            code="key_repeated" if key else "key_blank",
            message=message,
            row=row.number,
            column=self.column,
        )
        return replace(verdict, request=None, problems=(*verdict.problems, problem))


def _key(row: SheetRow, column: int) -> str:
    return cell_text(row.value(column)).strip()


def _identity(
    row: SheetRow,
    columns: ColumnMap,
    before: ColumnMap,
    ours: frozenset[int],
    shown: Mapping[int, Mapping[str, str]],
) -> RowIdentity:
    row_hash = digest(canonical_cells(row, columns))
    former = row_hash if before == columns else digest(canonical_cells(row, before))
    key = columns.first(KEY)
    seen = shown.get(row.number, {})
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
        shown_task=seen.get("task_id"),
        shown_job=seen.get("job"),
        shown_status=seen.get("status"),
    )


def _spec(verdict: Verdict, identity: RowIdentity) -> RowSpec:
    errors = list(iter_errors(verdict.problems))
    body = (
        None
        if verdict.request is None
        else json.dumps(verdict.request, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )
    )
    return RowSpec(
        identity=identity,
        model=verdict.model,
        body=body,
        estimate=verdict.estimate,
        problem=_problem_text(errors) if body is None else "",
        problem_code=errors[0].code if errors and body is None else "",
        adopt=adoption(identity, anyway=False),
    )


def adoption(identity: RowIdentity, *, anyway: bool) -> Adoption | None:
    """What to make of results that a row shows, should no ledger know it.

    ``anyway``: the user vouches for task ids that stand there without a mark.
    """
    marked = identity.shown_job == job_mark(identity.row_hash)
    if not marked and not (anyway and identity.shown_task):
        return None
    if identity.shown_status == "failed":
        return Adoption.FAILED
    return Adoption.LINK if identity.shown_task else Adoption.HOLD


def _problem_text(errors: Sequence[Problem]) -> str:
    """The error cell of an invalid row: all that is wrong with it, and where."""
    parts = []
    for error in errors:
        place = address("", None, error.row, error.column)
        text = f"{place}: {error.message}" if error.column is not None else error.message
        parts.append(f"{text} {error.hint}".strip())
    return f"invalid: {' '.join(parts)} Not charged. Correct the row and run again."


def _unmarked(
    table: Table,
    rows: Sequence[SheetRow],
    out: OutColumns,
    shown: Mapping[int, Mapping[str, str]],
) -> tuple[int, ...]:
    """Lines with a task id that no job mark vouches for, whoever's column it is in."""
    places = {out.places["task_id"]} if "task_id" in out.places else set()
    places |= {i for i, text in enumerate(table.headers) if text.strip().lower() == "task_id"}
    return tuple(
        row.number
        for row in rows
        if not shown.get(row.number, {}).get("job")
        and any(cell_text(row.value(i)).strip() for i in places)
    )


def worst(problems: Sequence[Problem]) -> Severity | None:
    """The gravest kind among problems."""
    kinds = {problem.severity for problem in problems}
    return next((kind for kind in Severity if kind in kinds), None)
