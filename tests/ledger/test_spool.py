"""What a sheet asks for, on its way into the ledger: in order, whole, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.identity import KnownJob
from batch_runner.core.jobs import RowSpec
from batch_runner.core.lifecycle import State
from batch_runner.core.model import OutCell, Problem, Severity, Thumbnail
from batch_runner.ledger.spool import BATCH, Spool
from tests.ledger.conftest import spec
from tests.ledger.spooled import spooled

TEXTS = st.text(st.characters(codec="utf-8"), max_size=9)
CELLS = st.builds(
    OutCell,
    value=st.none() | TEXTS | st.integers(-9, 9) | st.floats(allow_nan=False),
    link=st.none() | TEXTS,
    picture=st.none()
    | st.builds(
        Thumbnail,
        mark=TEXTS,
        path=st.just(Path("p") / "a.jpg"),
        width=st.integers(1, 9),
        height=st.integers(1, 9),
    ),
)


def known(row: RowSpec, **more: object) -> KnownJob:
    """The job that a row is."""
    one = row.identity
    made = KnownJob(
        id=100 + one.row,
        row_hash=one.row_hash,
        whole_hash=one.whole_hash,
        key=one.key,
        task_id=None,
        row=one.row,
    )
    return replace(made, **more)  # type: ignore[arg-type]


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(2, 2000), max_size=1200), st.randoms())
def test_rows_come_back_as_they_were_in_the_order_of_the_sheet(
    lines: set[int], dice: object
) -> None:
    """However many there are and however they came, none is lost or changed."""
    rows = [spec(line, f"text {line}") for line in lines]
    dice.shuffle(rows)  # type: ignore[attr-defined]
    found = [candidate.spec for candidate in spooled(rows).candidates()]
    assert found == sorted(rows, key=lambda row: row.identity.row)


@pytest.mark.parametrize("count", [0, 1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH])
def test_any_number_of_rows_is_taken(count: int) -> None:
    """None, and just as many as are written together."""
    rows = [spec(line, f"text {line}") for line in range(2, count + 2)]
    assert len(spooled(rows)) == count


def test_a_row_knows_whether_its_job_asked_for_the_same() -> None:
    """Only what was asked before can be the same today; a row that breaks a rule asks nothing."""
    rows = [spec(2, "a"), spec(3, "b"), spec(4, "c"), spec(5, "d", body=None)]
    spool = spooled(rows)
    for row, asked in zip(rows, (b"a", b"other", None, None), strict=True):
        spool.place(row.identity, known(row, state=State.SUCCEEDED, asked=asked))
    same = [c.job.same for c in spool.candidates() if c.job is not None]
    assert same == [True, False, False, False]
    assert list(spool.jobs()) == [(2, 102), (3, 103), (4, 104), (5, 105)]
    spool.forget_jobs()
    assert [c.job for c in spool.candidates()] == [None] * 4


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.integers(2, 99), st.dictionaries(st.integers(0, 9), CELLS)))
def test_cells_to_be_written_come_back_as_they_were(
    cells: dict[int, dict[int, OutCell]],
) -> None:
    """Texts, numbers, links and pictures; in the order of the lines, whatever the order before."""
    spool = Spool()
    for row, columns in cells.items():
        spool.cells.put(row, columns)
    assert dict(spool.cells) == cells
    assert (list(spool.cells), len(spool.cells)) == (sorted(cells), len(cells))
    assert spool.cells.get(1) is None
    spool.cells.clear()
    assert not spool.cells


def test_what_was_written_is_what_the_row_shows() -> None:
    """Our columns beside those just written keep what they show."""
    spool = Spool()
    spool.add(spec(2, "a"), {"status": "queued", "job": "0123"})
    spool.complete()
    spool.cells.put(2, {7: OutCell(value="running")})
    spool.cells.written({7: "status"}, lambda cell: str(cell.value))
    assert spool.cells.shown_at(2) == {"status": "running", "job": "0123"}
    assert spool.cells.shown_at(3) == {}


def test_problems_are_told_by_place_or_the_worst_first() -> None:
    """In the order of the sheet for who mends it; the gravest first for who wants to run it."""
    spool = Spool()
    told = [
        Problem(code="late", message="m", row=9, column=1, severity=Severity.WARNING),
        Problem(code="sheet", message="m", severity=Severity.NOTICE),
        Problem(code="right", message="m", row=2, column=3, severity=Severity.WARNING),
        Problem(code="wrong", message="m", row=9, column=0),
    ]
    for problem in told:
        spool.findings.add(problem, rank=2)
    assert [problem.code for problem in spool.findings] == ["sheet", "right", "wrong", "late"]
    assert [p.code for p in spool.findings.worst(3)] == ["wrong", "right", "late"]
    assert len(spool.findings) == 4
