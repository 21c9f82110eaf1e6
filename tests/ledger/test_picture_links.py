"""Pictures to upload in the ledger: a row is claimed with links that live, and never without."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from batch_runner.core.jobs import ClaimKind, RowSpec
from batch_runner.core.lifecycle import Event, State
from batch_runner.core.uploads import LIFE, Upload, key_of_file, placeholder
from batch_runner.ledger.uploads import WINDOW
from tests.ledger.conftest import ORIGIN, spec

if TYPE_CHECKING:
    from tests.ledger.conftest import Book

CAT, DOG = key_of_file("a" * 64), key_of_file("b" * 64)


def with_pictures(row: int, text: str, *keys: str) -> RowSpec:
    """A row that asks for a text and pictures."""
    body = json.dumps({"prompt": text, "image_urls": [placeholder(key) for key in keys]})
    return spec(row, text, body=body.encode())


def upload(book: Book, key: str, link: str = "", **other: str) -> None:
    """A picture was uploaded just now."""
    place = {"origin": ORIGIN, "account": "me", **other}
    kept = Upload(
        picture=key,
        link=link or f"https://u.example.com/{key[5:9]}",
        until=book.at + LIFE,
        **place,
    )
    book.do(book.ledger.keep_upload(kept))


def waiting(book: Book, most: int = 9) -> dict[str, tuple[str, ...]]:
    """Which rows wait for which pictures."""
    found = book.do(book.ledger.waiting_for_pictures(book.terms_now, most))
    return {one.job.row_hash: one.missing for one in found}


def test_a_row_is_sent_with_its_links_and_keeps_what_it_asked_for(book: Book) -> None:
    """The attempt has the exact bytes with links; the job still names the pictures by content."""
    book.enrol([with_pictures(2, "a", CAT, DOG)])
    assert book.claim().kind is ClaimKind.PICTURES
    assert waiting(book) == {"a": (CAT, DOG)}
    upload(book, CAT)
    assert waiting(book) == {"a": (DOG,)}
    assert book.claim().kind is ClaimKind.PICTURES
    upload(book, DOG)
    assert waiting(book) == {}

    job = book.take()

    links = ["https://u.example.com/aaaa", "https://u.example.com/bbbb"]
    assert json.loads(job.body)["image_urls"] == links
    (attempt,) = book.do(book.ledger.attempts(job.id))
    assert attempt.body == job.body
    book.record(job, Event.ACCEPTED, task_id="t")
    book.record(job, Event.FINISHED)
    assert book.do(book.ledger.differing()) == []


@pytest.mark.parametrize("other", [{"origin": "https://other.example.com"}, {"account": "you"}])
def test_a_link_of_another_service_or_account_is_no_link(
    book: Book, other: dict[str, str]
) -> None:
    """Who sees an upload is the account it was made by."""
    book.enrol([with_pictures(2, "a", CAT)])
    upload(book, CAT, **other)
    assert book.claim().kind is ClaimKind.PICTURES


@pytest.mark.parametrize(("hours", "sent"), [(69.9, True), (70.1, False), (72.1, False)])
def test_a_link_that_is_about_to_die_is_no_link(book: Book, hours: float, sent: bool) -> None:  # noqa: FBT001
    """The provider reads pictures when it comes to the task, not when it accepts it."""
    book.enrol([with_pictures(2, "a", CAT)])
    upload(book, CAT)
    book.later(hours=hours)
    assert (book.claim().job is not None) is sent
    assert bool(waiting(book)) is not sent


def test_rows_behind_one_that_waits_are_sent(book: Book) -> None:
    """A picture that does not come up holds up its own row only."""
    book.enrol([with_pictures(2, "a", CAT), spec(3, "b"), with_pictures(4, "c", DOG)])
    upload(book, DOG)
    assert [book.take().row_hash for _ in range(2)] == ["b", "c"]
    assert book.claim().kind is ClaimKind.PICTURES


def test_a_claim_goes_through_a_bounded_number_of_rows_that_wait(book: Book) -> None:
    """However many rows wait for pictures, a claim looks at the first of them only."""
    many = [with_pictures(n, f"row {n}", CAT) for n in range(2, WINDOW + 2)]
    book.enrol([*many, spec(WINDOW + 2, "last")])
    assert book.claim().kind is ClaimKind.PICTURES
    assert len(waiting(book, most=5)) == 5


def test_the_same_bytes_are_sent_again_while_their_links_live(book: Book) -> None:
    """A row that was not accepted keeps key and bytes, even if its picture was uploaded anew."""
    book.enrol([with_pictures(2, "a", CAT)])
    upload(book, CAT, "https://u.example.com/one")
    first = book.take(key="k1")
    book.record(first, Event.DEFERRED, hold=0)
    upload(book, CAT, "https://u.example.com/two")
    again = book.take(key="k2")
    assert (again.idempotency_key, again.attempt, again.body) == ("k1", 1, first.body)


def test_a_send_whose_links_die_is_a_new_attempt(book: Book) -> None:
    """Bytes that name a dead picture are not sent again: new links, new key."""
    book.enrol([with_pictures(2, "a", CAT)])
    upload(book, CAT, "https://u.example.com/one")
    book.later(hours=60)
    book.record(book.take(key="k1"), Event.DEFERRED, hold=0)
    book.later(hours=12)
    upload(book, CAT, "https://u.example.com/two")
    again = book.take(key="k2")
    assert (again.idempotency_key, again.attempt) == ("k2", 2)
    assert json.loads(again.body)["image_urls"] == ["https://u.example.com/two"]


@pytest.mark.parametrize(("hours", "sent"), [(1, True), (11, False)])
def test_an_unknown_is_replayed_only_while_its_links_live(
    book: Book,
    hours: float,
    sent: bool,  # noqa: FBT001
) -> None:
    """The same key with dead pictures could only be accepted to fail."""
    book.enrol([with_pictures(2, "a", CAT)])
    upload(book, CAT)
    book.later(hours=60)
    first = book.take()
    book.record(first, Event.LOST, error="unknown", error_code="timeout")
    book.later(hours=hours)
    claim = book.claim(replay=True)
    assert (claim.job is not None) is sent
    if claim.job is not None:
        assert claim.job.body == first.body


def test_a_row_whose_picture_was_exchanged_asks_for_the_new_one(book: Book) -> None:
    """A queued job follows its row, placeholders included."""
    book.enrol([with_pictures(2, "a", CAT)])
    book.enrol([with_pictures(2, "a", DOG)])
    assert waiting(book) == {"a": (DOG,)}
    book.enrol([spec(2, "a")])
    assert waiting(book) == {}
    assert book.take().body == b"a"


def test_a_picture_that_cannot_be_had_makes_its_row_invalid(book: Book) -> None:
    """Without an attempt; the next reading of the sheet may mend it."""
    book.enrol([with_pictures(2, "a", CAT)])
    (one,) = book.do(book.ledger.waiting_for_pictures(book.terms_now, 1))
    book.record(one.job, Event.INVALIDATED, error="gone", error_code="picture_gone")
    assert book.job("a").state is State.INVALID
    book.later(seconds=1)
    book.enrol([with_pictures(2, "a", CAT)])
    assert (book.job("a").state, book.job("a").error) == (State.QUEUED, "")


def test_what_is_to_wait_is_not_uploaded_for(book: Book) -> None:
    """Rows that this run leaves out, or that are deferred, ask for no upload yet."""
    book.enrol([with_pictures(2, "a", CAT)])
    upload(book, CAT)
    later = book.at + timedelta(hours=71, minutes=30)
    book.record(book.take(), Event.DEFERRED, hold=0, not_before=later)
    book.later(hours=71)
    assert waiting(book) == {}
    book.later(hours=1)
    assert waiting(book) == {"a": (CAT,)}
