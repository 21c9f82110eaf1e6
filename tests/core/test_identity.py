"""A row is found by what is in it, wherever it stands, and keeps the job it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from batch_runner.core.identity import (
    Basis,
    KnownJob,
    RowIdentity,
    digest,
    former_columns,
    match,
)
from batch_runner.core.model import ColumnMap


@dataclass
class Orders:
    """Rows and jobs in memory, in the orders that matching asks for."""

    rows: Sequence[RowIdentity]
    jobs: Sequence[KnownJob]
    found: dict[int, int] = field(default_factory=dict)  # line -> job

    def match(self) -> dict[int, int]:
        """Pair by pair, each noted before the next."""
        left = [job for row, job in match(_Rows(self), _Jobs(self)) if self.note(row, job)]
        assert {job.id for job in left} == {job.id for job in self.jobs} - {*self.found.values()}
        return self.found

    def note(self, row: RowIdentity | None, job: KnownJob) -> bool:
        """Whether the job is left without a row."""
        if row is not None:
            self.found[row.row] = job.id
        return row is None


@dataclass
class _Rows:
    of: Orders

    def keyed(self) -> Iterable[RowIdentity]:
        keyed = [row for row in self.of.rows if row.key is not None]
        return sorted(keyed, key=lambda row: (row.key or "", row.row))

    def unplaced(self) -> Iterable[RowIdentity]:
        unplaced = [row for row in self.of.rows if row.row not in self.of.found]
        return sorted(unplaced, key=lambda row: (row.match_hash, row.row))


@dataclass
class _Jobs:
    of: Orders

    def keyed(self) -> Iterable[KnownJob]:
        keyed = [job for job in self.of.jobs if job.key is not None]
        return sorted(keyed, key=lambda job: (job.key or "", job.row is None, -job.id))

    def unplaced(self) -> Iterable[KnownJob]:
        unplaced = [job for job in self.of.jobs if job.id not in self.of.found.values()]
        return sorted(unplaced, key=lambda job: (job.row_hash, job.id))


def matched(rows: Sequence[RowIdentity], jobs: Sequence[KnownJob]) -> dict[int, int]:
    """Which row (by line) is which job (by id)."""
    return Orders(rows, jobs).match()


texts = st.sampled_from("abcd")
sheets = st.lists(st.tuples(texts, texts), max_size=12)  # (own cells, all other cells)


def line(
    row: int, own: str, whole: str, task: str | None = None, key: str | None = None
) -> RowIdentity:
    """A row as the loader would hash it."""
    return RowIdentity(row=row, row_hash=own, whole_hash=own + whole, shown_task=task, key=key)


def enrolled(rows: list[RowIdentity], *, sent: bool) -> list[KnownJob]:
    """The jobs a first run makes of rows; all of them sent, or none."""
    return [
        KnownJob(
            id=100 + n,
            row_hash=row.row_hash,
            whole_hash=row.whole_hash,
            key=row.key,
            task_id=f"task_{100 + n}" if sent else None,
            row=row.row,
        )
        for n, row in enumerate(rows)
    ]


def first_sheet(cells: list[tuple[str, str]]) -> list[RowIdentity]:
    """Rows from line 2 on."""
    return [line(n, own, whole) for n, (own, whole) in enumerate(cells, start=2)]


@given(sheets)
def test_an_untouched_sheet_matches_row_by_row(cells: list[tuple[str, str]]) -> None:
    """Nothing changed: each row is its own job, also among equal ones."""
    rows = first_sheet(cells)
    jobs = enrolled(rows, sent=False)
    assert matched(rows, jobs) == {job.row: job.id for job in jobs}


@given(st.data(), sheets)
def test_finished_rows_keep_their_jobs_through_any_editing(
    data: st.DataObject, cells: list[tuple[str, str]]
) -> None:
    """Sorted, inserted, deleted: whatever row shows a task is matched with that task's job."""
    rows = first_sheet(cells)
    jobs = enrolled(rows, sent=True)
    shown = [replace(row, shown_task=job.task_id) for row, job in zip(rows, jobs, strict=True)]
    kept = data.draw(st.permutations([row for row in shown if data.draw(st.booleans())]))
    new = [line(0, own, whole) for own, whole in data.draw(sheets)]
    mixed = data.draw(st.permutations([*kept, *new]))
    now = [replace(row, row=n) for n, row in enumerate(mixed, start=2)]
    found = matched(now, jobs)
    by_task = {job.task_id: job.id for job in jobs}
    for row in now:
        if row.shown_task is not None:
            assert found[row.row] == by_task[row.shown_task]


@given(st.data(), sheets)
def test_matching_pairs_each_at_most_once_and_only_equals(
    data: st.DataObject, cells: list[tuple[str, str]]
) -> None:
    """No job is given to two rows, none to a row of other content, and none is left lying.

    As many equal rows as there are equal jobs are matched: not one too many is bought.
    """
    jobs = enrolled(first_sheet(cells), sent=data.draw(st.booleans()))
    now = first_sheet(data.draw(sheets))
    found = matched(now, jobs)
    assert len(set(found.values())) == len(found)
    hash_of = {job.id: job.row_hash for job in jobs}
    assert all(hash_of[found[row.row]] == row.row_hash for row in now if row.row in found)
    equal = Counter(row.row_hash for row in now) & Counter(job.row_hash for job in jobs)
    assert len(found) == equal.total()


def test_equal_rows_are_told_apart_by_the_task_they_show() -> None:
    """Of equal rows the one that shows a task is that task's, even if the others fit better."""
    jobs = enrolled([line(2, "a", "x"), line(3, "a", "y")], sent=True)
    rows = [line(2, "a", "x", task="task_101"), line(3, "a", "y", task="task_100")]
    assert matched(rows, jobs) == {2: 101, 3: 100}


def test_equal_rows_are_told_apart_by_the_whole_line() -> None:
    """Without a task shown, the cells that are not ours decide."""
    jobs = enrolled([line(2, "a", "x"), line(3, "a", "y")], sent=False)
    assert matched([line(2, "a", "y"), line(3, "a", "x")], jobs) == {2: 101, 3: 100}


def test_equal_rows_are_told_apart_by_order_at_last() -> None:
    """Rows that are equal in every cell take the jobs in order, those in the sheet first."""
    jobs = enrolled([line(2, "a", "x"), line(3, "a", "x"), line(4, "a", "x")], sent=False)
    jobs[0] = replace(jobs[0], row=None)
    assert matched([line(7, "a", "z"), line(9, "a", "z")], jobs) == {7: 101, 9: 102}
    assert matched([line(n, "a", "z") for n in (7, 8, 9, 10)], jobs) == {7: 101, 8: 102, 9: 100}


def test_a_copied_row_is_a_new_job() -> None:
    """A row that was copied with all its results gets no second share in the same job."""
    jobs = enrolled([line(2, "a", "x")], sent=True)
    rows = [line(2, "a", "x", task="task_100"), line(3, "a", "x", task="task_100")]
    assert matched(rows, jobs) == {2: 100}


def test_a_row_that_comes_back_has_its_old_job() -> None:
    """A row deleted in one run and back in the next is not bought again."""
    jobs = [replace(job, row=None) for job in enrolled([line(2, "a", "x")], sent=True)]
    assert matched([line(5, "a", "other")], jobs) == {5: 100}


def test_keys_switched_on_later_find_the_jobs_made_without() -> None:
    """Jobs enrolled before keys were used are matched by their former hash, once."""
    jobs = enrolled([line(2, "old", "x"), line(3, "old", "y")], sent=True)
    rows = [
        replace(line(2, "new 1", "y", task="task_101", key="k1"), former_hash="old"),
        replace(line(3, "new 2", "x", task="task_100", key="k2"), former_hash="old"),
    ]
    assert matched(rows, jobs) == {2: 101, 3: 100}


def test_another_key_is_another_job() -> None:
    """A row of the same content under another key never takes the job of the first."""
    jobs = enrolled([line(2, "a", "x", key="k1"), line(3, "a", "x", key="k2")], sent=True)
    assert matched([line(2, "a", "x", key="k3")], jobs[:1]) == {}
    rows = [line(2, "a", "x", key="k2"), line(3, "a", "x", key="k1"), line(4, "a", "x", key="k9")]
    assert matched(rows, jobs) == {2: 101, 3: 100}


def test_many_equal_rows_are_matched_in_no_time() -> None:
    """Ten thousand identical rows (ten thousand takes of one idea) need no quadratic search."""
    rows = [line(n, "a", "x") for n in range(2, 10_002)]
    jobs = enrolled(rows, sent=True)
    moved = [replace(row, row=row.row + 20_000) for row in rows]
    assert len(matched(moved, jobs)) == 10_000


@given(st.lists(st.tuples(st.text(), st.text())), st.lists(st.tuples(st.text(), st.text())))
def test_a_digest_tells_all_texts_apart(
    a: list[tuple[str, str]], b: list[tuple[str, str]]
) -> None:
    """Different named texts never share a digest, whatever characters they hold."""
    assert (digest(a) == digest(b)) == (a == b)


def test_a_digest_of_a_lone_surrogate_is_no_crash() -> None:
    """Broken text, as a damaged workbook may hold it, is hashed as well."""
    assert digest([("prompt", "\ud800")]) != digest([("prompt", "?")])


def columns(**places: tuple[int, ...]) -> ColumnMap:
    """Our name -> columns."""
    return ColumnMap(columns=places)


def test_a_basis_survives_the_ledger() -> None:
    """What the ledger keeps of a basis is all of it."""
    basis = Basis.of(["Prompt", "Bild", "x"], columns(prompt=(0,), image_urls=(1, 9)))
    assert basis.columns == {"prompt": ("Prompt",), "image_urls": ("Bild",)}
    assert Basis.from_json(basis.to_json()) == basis


def test_without_a_basis_the_columns_are_those_of_now() -> None:
    """The first run has no former columns."""
    now = columns(prompt=(0,))
    assert former_columns(["prompt"], now, None) is now


def test_a_column_mapped_later_by_a_setting_does_not_count() -> None:
    """A column that was there before and is used only now makes no finished row run again."""
    basis = Basis.of(["prompt", "Seed"], columns(prompt=(0,)))
    now = columns(prompt=(0,), seed=(1,))
    assert former_columns(["prompt", "Seed"], now, basis).columns == {"prompt": (0,)}


def test_a_column_that_the_user_added_counts() -> None:
    """Filling a new column edits the row."""
    basis = Basis.of(["prompt"], columns(prompt=(0,)))
    now = columns(prompt=(0,), seed=(1,))
    assert former_columns(["prompt", "seed"], now, basis).columns == {"prompt": (0,), "seed": (1,)}


def test_a_column_that_is_no_longer_mapped_still_counts() -> None:
    """A setting that stops using a column makes no finished row run again."""
    basis = Basis.of(["prompt", "seed"], columns(prompt=(0,), seed=(1,)))
    now = columns(prompt=(0,))
    assert former_columns(["prompt", "seed"], now, basis).columns == {"prompt": (0,), "seed": (1,)}


def test_moved_and_renamed_columns_are_the_same() -> None:
    """Columns are known by their headers; a renamed one is the new place of what it means."""
    basis = Basis.of(["prompt", "seed"], columns(prompt=(0,), seed=(1,)))
    moved = former_columns(["seed", "prompt"], columns(prompt=(1,), seed=(0,)), basis)
    assert moved.columns == {"prompt": (1,), "seed": (0,)}
    renamed = former_columns(["Idea", "seed"], columns(prompt=(0,), seed=(1,)), basis)
    assert renamed.columns == {"prompt": (0,), "seed": (1,)}


def test_doubled_headers_are_all_kept() -> None:
    """Several columns of one header are seen again as several."""
    headers = ["prompt", "image", "image"]
    now = columns(prompt=(0,), image_urls=(1, 2))
    assert former_columns(headers, now, Basis.of(headers, now)) == now


def test_a_key_finds_its_job_whatever_else_was_edited() -> None:
    """A row with a key stays the job of that key; rows without one are found by their cells."""
    jobs = enrolled([line(2, "a", "x", key="k1"), line(3, "b", "x", key="k2")], sent=True)
    rows = [line(2, "b", "y", key="k1"), line(3, "something else", "y", key="k2")]
    assert matched(rows, jobs) == {2: jobs[0].id, 3: jobs[1].id}
