"""Rows with a key of the user's own: the key says which job they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from batch_runner.core.jobs import ClaimKind, RowSpec
from batch_runner.core.lifecycle import Event, State
from tests.ledger.conftest import spec

if TYPE_CHECKING:
    from tests.ledger.conftest import Book


def keyed(text: str, key: str = "k1", **more: Any) -> RowSpec:
    """Row 2 with this text, known by its key."""
    plain = spec(2, text)
    return replace(plain, identity=replace(plain.identity, key=key), **more)


def test_an_edited_finished_row_is_not_bought_again(book: Book) -> None:
    """It keeps its job and its result."""
    first = book.enrol([keyed("a")])
    job = book.record(book.take(), Event.ACCEPTED, task_id="t1")
    book.record(job, Event.FINISHED, urls=("u",), cost=1, hold=1)
    assert book.enrol([keyed("a, edited")]) == first
    assert book.claim().kind is ClaimKind.EMPTY


def test_an_edited_failed_row_is_tried_again(book: Book) -> None:
    """Correcting the row is all it takes; untouched it stays failed."""
    first = book.enrol([keyed("a")])
    job = book.record(book.take(), Event.ACCEPTED, task_id="t1")
    book.record(job, Event.TASK_FAILED, cost=0, hold=0, error="no")
    book.enrol([keyed("a")])
    assert book.claim().kind is ClaimKind.EMPTY
    assert book.enrol([keyed("a, corrected")]) == first
    again = book.take()
    assert (again.attempt, again.body, again.error) == (2, b"a, corrected", "")


def test_the_filter_also_holds_for_edited_failed_rows(book: Book) -> None:
    """A row that the filter leaves out stays failed."""
    book.enrol([keyed("a")])
    job = book.record(book.take(), Event.ACCEPTED, task_id="t1")
    book.record(job, Event.TASK_FAILED, cost=0, hold=0, error="no")
    book.enrol([keyed("a, corrected", wanted=False)])
    assert book.claim().kind is ClaimKind.EMPTY
    assert book.job("a, corrected").state is State.FAILED
