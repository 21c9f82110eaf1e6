"""The way of each row of a worksheet: what it asks for, who it is, and into the spool with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from batch_runner.app.sheet.album import Album
from batch_runner.app.sheet.joining import Joining, fitting
from batch_runner.app.sheet.multiply import (
    as_variant,
    doubts,
    fields_of,
    how_many,
    passage_of,
    shown_of,
    supplements,
)
from batch_runner.app.sheet.row_spec import make_spec
from batch_runner.app.templates.names import VideoNames
from batch_runner.app.templates.values import RowTemplates
from batch_runner.core.columns import CONTROLS
from batch_runner.core.controls import Gate, Passage
from batch_runner.core.decisions import DECISION
from batch_runner.core.file_names import same_place
from batch_runner.core.identity import RowIdentity, digest
from batch_runner.core.misnamed import MOST_ROWS, misnamed
from batch_runner.core.model import (
    NO_PICTURES,
    ColumnMap,
    Problem,
    SheetRow,
    Table,
    Verdict,
    iter_errors,
)
from batch_runner.core.outcolumns import OutColumns, shown_results
from batch_runner.core.profile import Catalogue
from batch_runner.core.rules import across, fingerprint, is_job, judge
from batch_runner.core.supplement import NOTHING, Supplement
from batch_runner.core.text import cell_text
from batch_runner.core.values import KEY, canonical_cells
from batch_runner.core.variants import Variants
from batch_runner.ledger.spool import Spool


class Rank(IntEnum):
    """In which order problems are told, if they weigh the same."""

    SHEET = 0
    COLUMN = 1
    ROW = 2
    ACROSS = 3


@dataclass(frozen=True, slots=True)
class _Seen:
    """A row, how earlier runs saw it, and what stands for the content of its local pictures."""

    row: SheetRow
    before: SheetRow
    contents: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReader:
    """Leads each row through the rules, and spools what it asks for."""

    table: Table
    catalogue: Catalogue
    hidden_rows: bool  # whether hidden and filtered rows run
    columns: ColumnMap
    hashed: ColumnMap  # the columns that a row's hash is of
    before: ColumnMap  # those by which earlier runs hashed the rows
    templates: RowTemplates | None  # for what rows do not say themselves
    gate: Gate
    joining: Joining  # which rows are taken as one
    variants: Variants  # how many videos a row gets that does not say it itself
    album: Album  # finds pictures that are not on the web
    pasted_before: bool  # whether pictures on cells counted in earlier runs
    names: VideoNames | None  # what videos are called, where the config says so
    out: OutColumns
    rows: Spool

    def read(self) -> int:
        """Take in all rows that are jobs; how many of them are hidden."""
        key, hidden = self.columns.first(KEY), 0
        if key is not None:
            for row, _ in self._jobs():
                self.rows.count_key(_key(row, key))
        first: list[SheetRow] = []
        models: set[str] = set()
        for row, before in self._jobs():
            passage = self.gate.look(row)
            told: dict[Problem, None] = {}  # what is wrong with several variants is said once
            pictures = self.album.of_row(row, self.columns, self._supplement(row))
            seen = _Seen(row, before, pictures.contents)
            parts = supplements(self.variants, passage, pictures.supplement)
            for variant, part in enumerate(parts, start=1):
                verdict = judge(row, self.columns, self.catalogue, part)
                if key is not None:
                    verdict = self._with_key(row, key, verdict)
                of_this = passage_of(passage, variant)
                told.update(dict.fromkeys(self._take(seen, verdict, of_this, variant)))
                models.add(verdict.model)
            for problem in told:
                self.rows.findings.add(problem, Rank.ROW)
            hidden += row.hidden
            if len(first) < MOST_ROWS:
                first.append(row)
        self.rows.complete()
        self._look_across(first, models)
        return hidden

    def _jobs(self) -> Iterator[tuple[SheetRow, SheetRow]]:
        """The rows that ask for a video, each with how earlier runs saw it."""
        makers = self.templates.makers if self.templates else frozenset()
        rows = (row for row in self.table.rows if self.hidden_rows or not row.hidden)
        for row, before in self.joining.rows(rows, self.rows):
            if is_job(row, self.columns, makers):
                yield row, before

    def _supplement(self, row: SheetRow) -> Supplement:
        """What is known of a row beside its cells."""
        made = self.templates.supplement(row) if self.templates else NOTHING
        if self.joining.now is not None:
            made = fitting(row, self.columns, self.catalogue, made)
        return made

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

    def _take(
        self, seen: _Seen, verdict: Verdict, passage: Passage, variant: int
    ) -> tuple[Problem, ...]:
        """Spool one of a row's variants; gives all that is wrong with it."""
        row = seen.row
        count = how_many(self.variants, passage)
        profile = self.catalogue.find(verdict.model)
        wrong = tuple(doubts(row, self.variants, count, profile))
        if wrong:
            verdict = replace(verdict, request=None, problems=(*verdict.problems, *wrong))
        if any(iter_errors(passage.problems)):
            verdict = replace(verdict, request=None)
        excused = passage.left_out in CONTROLS  # nobody has to mend what is not to run
        problems = () if excused else verdict.problems
        verdict = replace(verdict, problems=(*problems, *passage.problems))
        shown = shown_results(row, self.out)
        if passage.decision:
            shown[DECISION] = passage.decision
        identity = as_variant(self._identity(seen, shown), variant, shown)
        name = ""
        if self.names is not None and verdict.request is not None and not excused:
            verdict, name = self._named(self.names, row, verdict, identity)
        spec = make_spec(verdict, identity, passage, self.table.fields)
        fields = fields_of(verdict, identity, count, self.variants, profile)
        first = variant == 1
        self.rows.add(
            replace(spec, file_name=name or spec.file_name, fields=fields),
            shown_of(identity, shown),
            unmarked=first and not identity.shown_job and self._shows_task(row),
            request=None if excused or not first else fingerprint(verdict),
        )
        return verdict.problems

    def _named(
        self, names: VideoNames, row: SheetRow, verdict: Verdict, identity: RowIdentity
    ) -> tuple[Verdict, str]:
        """The verdict and what its video is called, or what is wrong about that."""
        name = names.name(row, verdict, identity.row_hash)
        if isinstance(name, str):
            name += f"_v{identity.variant}" if identity.variant > 1 else ""
            holder = self.rows.names.of(same_place(name), row.number)
            if holder == row.number:
                return verdict, name
            name = names.taken(row, name, holder)
        return replace(verdict, request=None, problems=(*verdict.problems, name)), ""

    def _identity(self, seen: _Seen, shown: Mapping[str, str]) -> RowIdentity:
        row, before, contents = seen.row, seen.before, seen.contents
        hashed, ours = self.hashed, self._ours
        row_hash = digest(canonical_cells(row, hashed, contents))
        if before.pictures and not self.pasted_before:
            before = replace(before, pictures=NO_PICTURES)
        same = self.before == hashed and before is row
        former = row_hash if same else digest(canonical_cells(before, self.before, contents))
        key = self.columns.first(KEY)
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
        """Columns that tell nothing of what the row is: results, and what is decided about them."""
        decisions = self.gate.columns.columns.get(DECISION, ())
        return frozenset((*self.out.places.values(), *decisions))

    def _look_across(self, first: Sequence[SheetRow], models: Collection[str]) -> None:
        """What only shows when rows are seen together."""
        named = [p for p in self.catalogue.profiles.values() if p.model in models]
        add = self.rows.findings.add
        for problem in misnamed(self.table.headers, first, self.columns, named, self._ours):
            add(problem, Rank.COLUMN)
        for problem in across(self.rows.requests()):
            add(problem, Rank.ACROSS)


def _key(row: SheetRow, column: int) -> str:
    return cell_text(row.value(column)).strip()
