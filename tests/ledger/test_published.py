"""Links that last: whose they are, and which are still to be had."""

from __future__ import annotations

from pathlib import Path

from batch_runner.core.elsewhere import Step
from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import Event
from batch_runner.core.publishing import Published, after_publishing, link_below
from batch_runner.core.takes import Redo, take_of
from tests.ledger.conftest import Book

BASE = "https://cdn.example.com/"


def _stored(book: Book, file: str) -> Job:
    job = book.take()
    job = book.record(job, Event.ACCEPTED, task_id=f"task of {file}")
    job = book.record(job, Event.READY, urls=(f"https://dies.example.com/{file}",), cost=3)
    return book.record(job, Event.STORED, video_file=file)


def _unpublished(book: Book, base: str = BASE) -> list[str | None]:
    return [job.video_file for job in book.do(book.ledger.unpublished(base))]


def test_a_lasting_link_stays_until_another_take_has_its_own(book: Book) -> None:
    """It goes before the provider's; a take that fails gives the row its old one back."""
    book.sheet("a")
    job = _stored(book, "a.mp4")
    assert job.link == "https://dies.example.com/a.mp4"
    job = book.record(job, Event.PUBLISHED, published=f"{BASE}a.mp4")
    job = book.record(job, Event.RELINKED, urls=("https://dies.example.com/fresh.mp4",))
    assert job.link == f"{BASE}a.mp4"

    book.do(book.ledger.redo(job.id, lambda asked: take_of(asked, Redo(), None), book.at))
    again = book.take()
    assert book.job("a").link == f"{BASE}a.mp4"
    again = book.record(again, Event.ACCEPTED, task_id="another")
    assert again.published is None
    back = book.record(again, Event.TASK_FAILED, error="failed: no. Not charged.")

    assert back.link == f"{BASE}a.mp4"
    assert [one.published for one in book.do(book.ledger.attempts(job.id))] == [
        f"{BASE}a.mp4",
        None,
    ]


def test_what_is_stored_is_published_once_for_each_base(book: Book) -> None:
    """Rows with a link below the base are done; under another base all are asked for anew."""
    book.sheet("a", "b")
    first, _ = _stored(book, "a.mp4"), _stored(book, "b.mp4")
    assert _unpublished(book) == ["a.mp4", "b.mp4"]
    book.record(first, Event.PUBLISHED, published=f"{BASE}a.mp4")
    assert _unpublished(book) == ["b.mp4"]
    assert _unpublished(book, "https://other.example.com/") == ["a.mp4", "b.mp4"]


def test_a_video_that_cannot_be_published_is_said_until_it_is(book: Book) -> None:
    """The row stays succeeded, paid and stored; the next success takes the sentence away."""
    book.sheet("a")
    job = _stored(book, "a.mp4")
    failed = after_publishing(job, Published(trouble="no bucket"), book.at)
    assert failed is not None
    job = book.do(book.ledger.record(job, failed))
    assert job.error.startswith("video not published: ")
    assert "no bucket" in job.error
    assert book.do(book.ledger.totals()).unpublished == 1
    book.reopen()

    done = after_publishing(book.job("a"), Published(link=f"{BASE}a.mp4"), book.at)
    assert done is not None
    job = book.do(book.ledger.record(book.job("a"), done))

    assert (job.error, job.link) == ("", f"{BASE}a.mp4")
    assert book.do(book.ledger.totals()).unpublished == 0
    assert after_publishing(job, Published(), book.at) is None


def test_a_link_is_an_address_whatever_the_file_is_called() -> None:
    """Signs that mean something in an address are written so that they do not."""
    assert link_below("https://x.example.com/v/", "clips/猫 #1?.mp4") == (
        "https://x.example.com/v/clips/%E7%8C%AB%20%231%3F.mp4"
    )


def test_another_computer_of_the_same_sheet_learns_of_it(book: Book, tmp_path: Path) -> None:
    """Published after that one knew of the video: its next look brings the link, once."""
    other = Book(tmp_path / "other.sqlite")
    for one in (book, other):
        one.sheet("a")
    job = _stored(book, "a.mp4")
    other.do(other.ledger.take_in(book.do(book.ledger.attempts_as_sent()), other.at))
    assert other.job("a").link == "https://dies.example.com/a.mp4"
    book.record(job, Event.PUBLISHED, published=f"{BASE}a.mp4")
    told = book.do(book.ledger.attempts_as_sent())
    done = [other.do(other.ledger.take_in(told, other.at)) for _ in range(2)]
    assert done == [{Step.LASTING: 1}, {}]
    assert other.job("a").link == f"{BASE}a.mp4"
    other.ledger.close()
