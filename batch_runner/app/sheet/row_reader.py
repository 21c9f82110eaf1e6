"""The way of each row of a worksheet: what it asks for, who it is, and into the spool with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from batch_runner.app.sheet.album import Album
from batch_runner.app.sheet.joining import Joining, fitting
from batch_runner.app.sheet.multiply import (
    as_listed,
    as_variant,
    doubts,
    fields_of,
    how_many,
    passage_of,
    shown_of,
    supplements,
)
from batch_runner.app.sheet.row_identity import Identifier, Seen, key_of, with_key
from batch_runner.app.sheet.row_spec import make_spec
from batch_runner.app.templates.names import VideoNames
from batch_runner.app.templates.values import RowTemplates
from batch_runner.core.columns import CONTROLS
from batch_runner.core.controls import Gate, Passage
from batch_runner.core.decisions import DECISION
from batch_runner.core.file_names import same_place
from batch_runner.core.identity import RowIdentity
from batch_runner.core.misnamed import MOST_ROWS, misnamed
from batch_runner.core.model import (
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
from batch_runner.core.values import KEY
from batch_runner.core.variants import Variants
from batch_runner.ledger.spool import Spool


class Rank(IntEnum):
    """In which order problems are told, if they weigh the same."""

    SHEET = 0
    COLUMN = 1
    ROW = 2
    ACROSS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReader:
    """Leads each row through the rules, and spools what it asks for."""

    table: Table
    catalogue: Catalogue
    hidden_rows: bool  # whether hidden and filtered rows run
    columns: ColumnMap
    identifier: Identifier
    templates: RowTemplates | None  # for what rows do not say themselves
    gate: Gate
    joining: Joining  # which rows are taken as one
    variants: Variants  # how many videos a row gets that does not say it itself
    album: Album  # finds pictures that are not on the web
    names: VideoNames | None  # what videos are called, where the config says so
    out: OutColumns
    rows: Spool

    def read(self) -> int:
        """Take in all rows that are jobs; how many of them are hidden."""
        key, hidden = self.columns.first(KEY), 0
        if key is not None:
            for row, _ in self._jobs():
                self.rows.count_key(key_of(row, key))
        first: list[SheetRow] = []
        models: set[str] = set()
        for row, before in self._jobs():
            passage = self.gate.look(row)
            told: dict[Problem, None] = {}  # what is wrong with several variants is said once
            pictures = self.album.of_row(row, self.columns, self._supplement(row))
            seen = Seen(row, before, pictures.contents)
            parts = supplements(self.variants, passage, pictures.supplement)
            for variant, part in enumerate(parts, start=1):
                verdict = judge(row, self.columns, self.catalogue, part)
                if key is not None:
                    same = self.rows.rows_with_key(key_of(row, key))
                    verdict = with_key(row, key, verdict, same)
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

    def _take(
        self, seen: Seen, verdict: Verdict, passage: Passage, variant: int
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
        identity = as_variant(self.identifier.identity(seen, shown), variant, shown)
        identity = as_listed(identity, self.rows.listed)
        name = ""
        if self.names is not None and verdict.request is not None and not excused:
            verdict, name = self._named(self.names, row, verdict, identity)
        spec = make_spec(verdict, identity, passage, self.table.fields)
        fields = fields_of(verdict, identity, count, self.variants, profile)
        first = variant == 1
        if name or fields:
            spec = replace(spec, file_name=name, fields=fields)
        self.rows.add(
            spec,
            shown_of(identity, shown),
            unmarked=first and not identity.shown_job and self.identifier.shows_task(row),
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

    def _look_across(self, first: Sequence[SheetRow], models: Collection[str]) -> None:
        """What only shows when rows are seen together."""
        named = [p for p in self.catalogue.profiles.values() if p.model in models]
        add = self.rows.findings.add
        for problem in misnamed(
            self.table.headers, first, self.columns, named, self.identifier.ours
        ):
            add(problem, Rank.COLUMN)
        for problem in across(self.rows.requests()):
            add(problem, Rank.ACROSS)
