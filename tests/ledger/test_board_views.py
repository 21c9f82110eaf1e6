"""What somebody who watches is shown of a ledger: pages, happenings, tempo."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from sqlite3 import Connection

import pytest

from batch_runner.core.lifecycle import Event
from batch_runner.ledger import board
from batch_runner.ledger.connection import connect
from batch_runner.ledger.schema import migrate
from tests.ledger.conftest import START, Book


def _rows(book: Book, shows: str | None, after: int, most: int) -> list[int | None]:
    return [job.row for job in book.do(book.ledger.page(shows, (1, after, 1), most))]


def test_pages_follow_each_other_without_gap_or_repeat(book: Book) -> None:
    """In the order of the sheet, each from where the one before ended."""
    book.sheet("a", "b", "c", "d", "e")
    assert _rows(book, None, 0, 2) == [2, 3]
    assert _rows(book, None, 3, 2) == [4, 5]
    assert _rows(book, None, 5, 2) == [6]
    assert _rows(book, None, 6, 2) == []


def test_a_page_of_a_state_shows_what_the_sheet_calls_so(book: Book) -> None:
    """What is being sent or fetched shows as running, as everywhere."""
    book.sheet("a", "b", "c")
    book.start()
    book.take()
    book.record(book.take(), Event.ACCEPTED, task_id="t")
    assert _rows(book, "running", 0, 9) == [2, 3]
    assert _rows(book, "queued", 0, 9) == [4]
    assert _rows(book, "failed", 0, 9) == []


def test_the_newest_happening_comes_first(book: Book) -> None:
    """No more than asked for, each with the name of its row."""
    book.sheet("a", "b")
    book.start()
    job = book.take()
    book.record(job, Event.ACCEPTED, task_id="t")
    found = book.do(book.ledger.happenings(2))
    assert [(one.event, one.name, one.job) for one in found] == [
        ("accepted", "2", job.id),
        ("claimed", "2", job.id),
    ]


def test_the_tempo_counts_what_is_not_too_old(book: Book) -> None:
    """Accepted, ended, and limited by 429, since a moment."""
    book.sheet("a", "b", "c")
    book.start()
    book.record(book.take(), Event.ACCEPTED, task_id="t1")
    book.later(minutes=5)
    limited = {"http_status": 429}
    book.record(book.take(), Event.DEFERRED, detail=limited, not_before=book.at)
    job = book.record(book.take(), Event.ACCEPTED, task_id="t2")
    book.record(job, Event.TASK_FAILED, error_code="failed", error="failed")
    minute = book.do(book.ledger.tempo(book.at - timedelta(minutes=1)))
    assert minute == board.Tempo(accepted=1, ended=1, limited=1)
    assert book.do(book.ledger.tempo(START)).accepted == 2


@pytest.mark.parametrize(
    "ask",
    [
        lambda connection: board.page(connection, None, (1, 5, 1), 100),
        lambda connection: board.page(connection, "failed", (1, 5, 1), 100),
    ],
    ids=["all", "failed"],
)
def test_a_page_is_found_by_index_and_never_sorted(
    tmp_path: Path, ask: Callable[[Connection], object]
) -> None:
    """A page deep in a million rows costs what the first one costs."""
    path = tmp_path / "ledger.sqlite"
    with contextlib.closing(connect(path)) as connection:
        migrate(connection, path)
        asked: list[str] = []
        connection.set_trace_callback(asked.append)
        ask(connection)
        connection.set_trace_callback(None)
        plans = [
            row["detail"]
            for text in asked
            for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")
        ]
    assert any("j USING INDEX jobs_place" in plan for plan in plans), plans
    assert "USE TEMP B-TREE FOR ORDER BY" not in plans  # at most the variants of a row are sorted
