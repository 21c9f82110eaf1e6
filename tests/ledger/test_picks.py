"""Single jobs of the sheet: found by how they are called or what is wrong, and withdrawn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from batch_runner.core.jobs import ClaimKind
from batch_runner.core.lifecycle import Event, State
from tests.ledger.conftest import spec

if TYPE_CHECKING:
    from tests.ledger.conftest import Book


def test_a_withdrawn_row_is_not_sent_by_this_run_but_by_the_next(book: Book) -> None:
    """Saving the sheet meanwhile does not let it in again; a new run does."""
    book.sheet("a", "b")
    change = book.do(book.ledger.withdraw(book.job("a").id, book.at))
    assert change is not None
    assert (change.event, book.job("a").state) == (Event.SKIPPED, State.SKIPPED)
    assert book.job("a").error.startswith("withdrawn: ")
    book.sheet("b", "a", midway=True)
    assert book.job("a").state is State.SKIPPED
    assert book.take().row_hash == "b"
    assert book.claim().kind is ClaimKind.EMPTY

    book.sheet("b", "a")
    assert (book.job("a").state, book.job("a").error) == (State.QUEUED, "")
    assert book.take().row_hash == "a"


def test_what_was_sent_cannot_be_withdrawn(book: Book) -> None:
    """From the claim on it may be paid: its job stays as it is."""
    book.sheet("a")
    job = book.take()
    assert book.do(book.ledger.withdraw(job.id, book.at)) is None
    book.record(job, Event.ACCEPTED, task_id="t1")
    assert book.do(book.ledger.withdraw(job.id, book.at)) is None
    assert book.job("a").state is State.RUNNING
    assert [entry.event for entry in book.do(book.ledger.story(job.id))] == ["claimed", "accepted"]


@pytest.mark.parametrize(
    ("who", "found"),
    [
        ("3", ["beefcafe0001"]),
        ("S2", ["beefcafe0002"]),
        ("beefca", ["beefcafe0001", "beefcafe0002"]),
        ("beefcafe0002", ["beefcafe0002"]),
        ("beef", []),
        ("%", []),
        ("beefc*", []),
        ("99999999999999999999", []),
        ("", []),
        ("²", []),
    ],
)
def test_jobs_are_found_by_line_key_or_mark(book: Book, who: str, found: list[str]) -> None:
    """Nothing that somebody types means more than it says; rows that left are not found."""
    rows = [spec(2, "gone"), spec(3, "beefcafe0001"), spec(4, "beefcafe0002")]
    rows[2] = replace(rows[2], identity=replace(rows[2].identity, key="S2"))
    book.enrol(rows)
    book.enrol(rows[1:])
    assert [job.row_hash for job in book.do(book.ledger.called(who))] == found


def test_rows_to_mend_are_the_failed_and_the_invalid_ones(book: Book) -> None:
    """In the order of the sheet; what is unknown, done or gone is not to be mended."""
    rows = [spec(n, text) for n, text in enumerate(["bad", "fails", "lost", "well", "gone"], 2)]
    rows[0] = replace(rows[0], body=None, problem="no", problem_code="x")
    book.enrol(rows)
    book.record(book.take(), Event.REJECTED, error="no", error_code="input")
    book.record(book.take(), Event.LOST, error="nobody knows")
    book.take()
    book.record(book.take(), Event.REJECTED, error="no", error_code="input")
    book.enrol(rows[:4])
    assert [job.row_hash for job in book.do(book.ledger.to_mend())] == ["bad", "fails"]
