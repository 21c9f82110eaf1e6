"""Each variant of a row is one job for ever, whatever becomes of rows and numbers."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.identity import RowIdentity
from batch_runner.core.jobs import RowSpec
from batch_runner.core.lifecycle import Event
from batch_runner.core.takes import derived_seed
from batch_runner.core.variants import (
    MOST,
    Variants,
    named,
    parse_variants,
    seed_of_variant,
    split_name,
    variant_hash,
)
from tests.ledger.conftest import Book, spec

SHEETS = st.lists(
    st.dictionaries(st.sampled_from("abcd"), st.integers(1, 4), min_size=1), min_size=2, max_size=6
)


def specs_of(counts: dict[str, int], *, keyed: bool) -> list[RowSpec]:
    """A sheet: a row for each text, with so many variants."""
    return [
        spec(
            row,
            text,
            identity=RowIdentity(
                row=row,
                row_hash=variant_hash(text, variant),
                whole_hash=text,
                key=text if keyed else None,
                variant=variant,
            ),
        )
        for row, (text, count) in enumerate(counts.items(), start=2)
        for variant in range(1, count + 1)
    ]


@given(sheets=SHEETS, keyed=st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_variant_is_the_same_job_whenever_it_is_asked_for(
    sheets: list[dict[str, int]], *, keyed: bool
) -> None:
    """Rows sorted, removed and put back, numbers raised and lowered: nothing is enrolled twice."""
    with tempfile.TemporaryDirectory() as folder:
        book = Book(Path(folder) / "ledger.sqlite")
        known: dict[str, int] = {}
        for counts in sheets:
            book.enrol(specs_of(counts, keyed=keyed))
            jobs = book.do(book.ledger.jobs_of_scope(1))
            here = {job.row_hash: job.id for job in jobs if job.row is not None}
            wanted = {variant_hash(t, v) for t, n in counts.items() for v in range(1, n + 1)}
            assert set(here) == wanted
            assert all(known.setdefault(mark, job) == job for mark, job in here.items())
            assert len(jobs) == len(known)
        book.ledger.close()


def test_the_best_one_goes_back_when_it_leaves_the_sheet(book: Book) -> None:
    """Of a row that lost its best variant the first one shows in the main columns."""
    book.enrol(specs_of({"a": 3}, keyed=False))
    second = book.job(variant_hash("a", 2))
    book.do(book.ledger.choose_best(second.id))
    assert [book.job(variant_hash("a", v)).place for v in (1, 2, 3)] == [2, 1, 3]

    book.enrol(specs_of({"a": 1}, keyed=False))

    assert book.job("a").place == 1


def test_a_variant_is_sent_with_its_own_fields(book: Book) -> None:
    """What it adds to the request is in the bytes, and the row's own request is remembered."""
    row, other = specs_of({"a": 2}, keyed=False)
    book.enrol(
        [
            spec(2, "a", identity=row.identity, body=b'{"prompt":"a"}'),
            spec(2, "a", identity=other.identity, body=b'{"prompt":"a"}', fields='{"seed": 7}'),
        ]
    )
    book.start()

    bodies = [book.take().body for _ in range(2)]

    assert bodies == [b'{"prompt":"a"}', b'{"prompt":"a","seed":7}']
    for job in list(book.do(book.ledger.jobs_of_scope(1))):
        done = book.record(job, Event.ACCEPTED, task_id=f"task_{job.id}")
        book.record(done, Event.FINISHED)
    assert book.do(book.ledger.differing()) == []


@given(
    mark=st.text("0123456789abcdef", min_size=64, max_size=64),
    own=st.one_of(st.none(), st.integers(0, 1000)),
    low=st.integers(0, 5),
    span=st.integers(MOST, 10_000),
)
def test_seeds_are_in_range_and_never_come_twice(
    mark: str, own: int | None, low: int, span: int
) -> None:
    """Counted up from the row's own they all differ, and the model takes each of them."""
    start = None if own is None else min(max(own, low), low + span)
    found = [seed_of_variant(mark, v, start, low, low + span) for v in range(1, MOST + 1)]
    if start is None:
        assert found == [derived_seed(mark, 1, low, low + span)] * MOST  # marks tell them apart
    else:
        assert found[0] is None
        seeds = [start, *(seed for seed in found if seed is not None)]
        assert len(set(seeds)) == MOST
        assert all(low <= seed <= low + span for seed in seeds)


@pytest.mark.parametrize("who", ["5", "s1", "a/b", "5/0x", "/2"])
def test_a_name_without_a_number_is_a_row(who: str) -> None:
    """A slash may be part of a key."""
    assert split_name(who) == (who, None)
    assert split_name(named(who, 3)) == (who, 3) or not who.strip("/2")


def test_a_grid_counts_its_combinations() -> None:
    """The last parameter changes fastest; too many are refused."""
    grid = parse_variants({"a": [1, 2], "b": ["x", "y", "z"]})
    assert grid.count == 6
    assert list(grid.combinations())[:2] == [{"a": 1, "b": "x"}, {"a": 1, "b": "y"}]
    assert Variants().count == 1
    with pytest.raises(ValueError, match="1 to 20"):
        parse_variants({"a": list(range(11)), "b": [1, 2]})
