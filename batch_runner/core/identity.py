"""Who a row is: its hash, and which known job it belongs to, wherever it stands now.

A row is found by what is in it, never by its position, so that rows may be sorted, inserted
and deleted between runs and during one. Defaults, profiles and options are not part of a row:
changing them makes nothing that is finished run again.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol, TypeVar

from batch_runner.core.lifecycle import State
from batch_runner.core.model import ColumnMap
from batch_runner.core.values import SOURCE

T = TypeVar("T")

MARK_LENGTH = 12
"""Hex digits of the row hash that the ``job`` column shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowIdentity:
    """What tells one row from all others."""

    row: int  # 1-based line as it stands now
    row_hash: str  # hex digest of the row's own mapped cells
    whole_hash: str  # hex digest of all cells of the line that are not ours
    key: str | None = None  # the user's own id, if the config names such a column
    former_hash: str | None = None  # the hash by the columns as mapped in earlier runs, if other
    shown_task: str | None = None  # what the row's out columns show at present
    shown_job: str | None = None
    shown_status: str | None = None
    variant: int = 1  # which of the row's videos; each is a job of its own

    @property
    def spot(self) -> tuple[int, int]:
        """Its line, and which of the line's variants it is."""
        return self.row, self.variant

    @property
    def match_hash(self) -> str:
        """The hash by which the ledger of earlier runs knows this row."""
        return self.former_hash or self.row_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownJob:
    """As much of a job of the ledger as matching needs, and choosing after it."""

    id: int
    row_hash: str
    whole_hash: str
    key: str | None
    task_id: str | None
    row: int | None  # where it stood last; None: no longer in the sheet
    state: State = State.QUEUED
    attempt: int = 0  # 0 until first sent
    error_code: str = ""
    asked: bytes | None = None  # what its row asked for last, where that has ended
    take: str | None = None  # another take that was asked for, as the ledger keeps it
    variant: int = 1
    best: int = 1  # which of its row's variants shows in the main columns


class RowsToMatch(Protocol):
    """A sheet's rows, however many, in the orders that matching needs."""

    def keyed(self) -> Iterable[RowIdentity]:
        """Those with a key, in the order of the keys, the variants, then of the lines."""
        ...

    def unplaced(self) -> Iterable[RowIdentity]:
        """Those without a job so far, in the order of ``match_hash``, then of the lines."""
        ...


class JobsToMatch(Protocol):
    """A ledger's jobs, likewise."""

    def keyed(self) -> Iterable[KnownJob]:
        """Those with a key, in the same order; of one key those in the sheet first."""
        ...

    def unplaced(self) -> Iterable[KnownJob]:
        """Those without a row so far, in the order of ``row_hash``, then of their ids."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """By which columns a sheet's rows were hashed, and which headers it had then."""

    columns: Mapping[str, tuple[str, ...]]  # our name -> header texts
    headers: tuple[str, ...]
    group_by: str | None = None  # the header by which rows were joined
    pasted: bool = True  # whether pictures that lie on cells counted; they did not at first

    def to_json(self) -> str:
        """For the ledger."""
        data = {"columns": dict(self.columns), "headers": self.headers, "pasted": self.pasted}
        return json.dumps(data | ({"group_by": self.group_by} if self.group_by else {}))

    @classmethod
    def from_json(cls, text: str) -> Basis:
        """The inverse of :meth:`to_json`."""
        data = json.loads(text)
        columns = {name: tuple(headers) for name, headers in data["columns"].items()}
        return cls(
            columns=columns,
            headers=tuple(data["headers"]),
            group_by=data.get("group_by"),
            pasted=data.get("pasted") is True,
        )

    @classmethod
    def of(cls, headers: Sequence[str], columns: ColumnMap, group_by: str | None = None) -> Basis:
        """The basis of a sheet as it is mapped now."""
        named = {
            name: tuple(headers[i] for i in found if i < len(headers))
            for name, found in columns.columns.items()
        }
        return cls(columns=named, headers=tuple(headers), group_by=group_by)


def digest(items: Iterable[tuple[str, str]]) -> str:
    """A stable digest of named texts, in the order given."""
    text = json.dumps(list(items), ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def former_columns(headers: Sequence[str], now: ColumnMap, basis: Basis | None) -> ColumnMap:
    """The columns by which these rows were hashed before, seen in the sheet of today.

    A column that the *user* added to the sheet counts: filling it edits a row. A column that
    was there already and is mapped only since a setting or profile changed does not count:
    settings never make a finished row run again.
    """
    if basis is None:
        return now
    places: dict[str, list[int]] = defaultdict(list)
    for index, header in enumerate(headers):
        places[header].append(index)
    columns: dict[str, tuple[int, ...]] = {}
    for name, found in now.columns.items():
        if name in basis.columns:
            continue
        fresh = tuple(i for i in found if headers[i] not in basis.headers)
        if fresh:
            columns[name] = fresh
    _call_as_before(columns, basis, places)
    for name, texts in basis.columns.items():
        before = tuple(i for text in dict.fromkeys(texts) for i in places.get(text, ()))
        added = tuple(i for i in now.columns.get(name, ()) if headers[i] not in basis.headers)
        if before or added:
            columns[name] = tuple(sorted({*before, *added}))
    return ColumnMap(columns=columns)


def _call_as_before(
    columns: dict[str, tuple[int, ...]], basis: Basis, places: Mapping[str, list[int]]
) -> None:
    """Let new columns of templates go by the names of those that are gone: they may be the same.

    A header was renamed, and the template with it. Whether it was shows the hash: the rows
    match only where the cells are the same.
    """
    gone = (
        name
        for name, texts in basis.columns.items()
        if name.startswith(SOURCE) and not any(text in places for text in texts)
    )
    fresh = [name for name in columns if name.startswith(SOURCE)]
    for before, now in zip(gone, fresh, strict=False):
        columns[before] = columns.pop(now)


def match(
    rows: RowsToMatch, jobs: JobsToMatch
) -> Iterator[tuple[RowIdentity, KnownJob] | tuple[None, KnownJob]]:
    """Which row is which job, pair by pair; at last the jobs without a row. The rest is new.

    A row with a key is the job of that key, whatever else was edited in it. All others, and
    rows whose key is new, are found by their hash among the jobs that never had a key. Equal
    rows are told apart first by the task id they already show, then by their whole line, then
    by order.

    Both sides come in order, so only rows that are equal are held at a time. Each pair has to
    be noted before the next is asked for: what is ``unplaced`` depends on it.
    """
    for _, same_rows, same_jobs in _groups(
        groupby(rows.keyed(), lambda row: (row.key or "", row.variant)),
        groupby(jobs.keyed(), lambda job: (job.key or "", job.variant)),
    ):
        if same_rows:
            yield same_rows[0], same_jobs[0]
    for _, same_rows, same_jobs in _groups(
        groupby(rows.unplaced(), lambda row: (row.match_hash, row.variant)),
        groupby(jobs.unplaced(), lambda job: (job.row_hash, job.variant)),
    ):
        found = _pair(same_rows, same_jobs)
        for row in same_rows:
            if row.row in found:
                yield row, found[row.row]
        taken = frozenset(job.id for job in found.values())
        for job in same_jobs:
            if job.id not in taken:
                yield None, job


_Name = tuple[str, int]
_Groups = Iterator[tuple[_Name, Iterator[T]]]


def _groups(
    rows: _Groups[RowIdentity], jobs: _Groups[KnownJob]
) -> Iterator[tuple[_Name, list[RowIdentity], list[KnownJob]]]:
    """For each group of jobs, in order: the rows of the same name."""
    name, same = next(rows, (None, None))
    for wanted, same_jobs in jobs:
        while name is not None and name < wanted:
            name, same = next(rows, (None, None))
        here = list(same) if same is not None and name == wanted else []
        yield wanted, here, list(same_jobs)


_Trait = tuple[Callable[[RowIdentity], object], Callable[[KnownJob], object]]

# What a row and a job must have in common, the surest first; None is nothing in common.
_CRITERIA: tuple[_Trait, ...] = (
    (lambda row: row.shown_task, lambda job: job.task_id),
    (lambda row: row.key, lambda job: job.key),
    (lambda row: (row.whole_hash, row.row), lambda job: (job.whole_hash, job.row)),
    (lambda row: row.whole_hash, lambda job: job.whole_hash),
    (lambda _row: True, lambda job: True if job.row is not None else None),
    (lambda _row: True, lambda _job: True),
)


def _pair(rows: Sequence[RowIdentity], jobs: Sequence[KnownJob]) -> dict[int, KnownJob]:
    """Line -> job: equal rows paired with equal jobs, the surest criterion first."""
    if len(rows) == len(jobs) == 1:
        return {rows[0].row: jobs[0]} if _may_be(rows[0], jobs[0]) else {}
    open_rows, open_jobs = list(rows), list(jobs)
    found: dict[int, KnownJob] = {}
    for of_row, of_job in _CRITERIA:
        alike: dict[object, list[KnownJob]] = defaultdict(list)
        for job in reversed(open_jobs):  # so that the oldest is the last, quickly taken
            alike[of_job(job)].append(job)
        for row in open_rows:
            trait = of_row(row)
            candidates = alike.get(trait, []) if trait is not None else []
            last_first = reversed(range(len(candidates)))
            place = next((i for i in last_first if _may_be(row, candidates[i])), None)
            if place is not None:
                found[row.row] = candidates.pop(place)
        taken = frozenset(job.id for job in found.values())
        open_rows = [row for row in open_rows if row.row not in found]
        open_jobs = [job for job in open_jobs if job.id not in taken]
        if not open_rows or not open_jobs:
            break
    return found


def _may_be(row: RowIdentity, job: KnownJob) -> bool:
    return row.key is None or job.key is None or row.key == job.key
