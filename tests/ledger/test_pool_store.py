"""Runs of one account tell each other what they use: shares, pauses, what was found, who is gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from batch_runner.core.errors import LedgerError
from batch_runner.core.pace import Found
from batch_runner.core.share import Member
from batch_runner.ledger.pool_store import LEASE, PoolStore, SqlitePoolStore, Told
from batch_runner.ledger.schema import statements
from batch_runner.ledger.spend_schema import STEPS
from batch_runner.ledger.spend_store import FILE, SpendStore

AT = 1_700_000_000.0
ORIGIN = "https://api.example.com"
Open = Callable[..., PoolStore]


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Open]:
    """``pool(account)``: the runs of an account, as a process of its own sees them."""
    SpendStore.open(tmp_path).close()
    opened = []

    def make(account: str = "a", origin: str = ORIGIN) -> PoolStore:
        opened.append(SqlitePoolStore.open(tmp_path / FILE, account, origin))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


def run(name: str, *, in_flight: int = 0, slots: int = 10, sending: bool = True) -> Member:
    """A run that would use 10 slots and 4 submits a second."""
    return Member(
        id=name, rate=4.0, slots=slots, in_flight=in_flight, sending=sending, served_at=0.0
    )


def meet(store: PoolStore, me: Member, at: float = AT) -> Told:
    """Meet the others, without any news of limits."""
    return store.meet(me, at, limited_at=0.0, cool_until=0.0)


def test_a_run_alone_has_everything(pool: Open) -> None:
    """One run, whoever sends for other accounts or services."""
    meet(pool("b"), run("other account"))
    meet(pool("a", "https://other.example.com"), run("other service"))
    told = meet(pool(), run("me"))
    assert (told.share.rate, told.share.slots, told.share.alone) == (4.0, 10, True)


def test_a_second_run_gets_what_the_first_gives_up(pool: Open) -> None:
    """Nothing at first, half as soon as the first has heard of it; the sum is never more."""
    first, second = pool(), pool()
    meet(first, run("one"))
    assert meet(second, run("two")).share.slots == 0
    assert meet(first, run("one", in_flight=7)).share.slots == 5
    assert meet(second, run("two")).share.slots == 3
    meet(first, run("one", in_flight=5))
    told = meet(second, run("two", in_flight=3))
    assert (told.share.slots, told.share.rate, told.share.others) == (5, 2.0, 5)


def test_a_run_that_left_or_died_frees_its_share(pool: Open) -> None:
    """At once where it left in order; after its lease where it was killed, or its clock is off."""
    first, second = pool(), pool()
    meet(first, run("one", in_flight=10))
    assert meet(second, run("two"), AT + LEASE - 1).share.slots == 0
    assert meet(second, run("two"), AT + LEASE + 1).share.alone
    meet(first, run("from the future"), AT + 1000)
    assert meet(second, run("two"), AT + LEASE + 2).share.alone
    meet(first, run("one", in_flight=10), AT + LEASE + 3)
    first.leave("one")
    assert meet(second, run("two"), AT + LEASE + 4).share.alone


def test_a_429_is_heard_of_by_the_others_and_not_by_oneself(pool: Open) -> None:
    """Its time and pause reach whoever meets next; one's own is no news."""
    first, second = pool(), pool()
    first.meet(run("one"), AT, limited_at=AT - 0.1, cool_until=AT + 20)
    heard = meet(second, run("two"), AT + 0.4)
    assert (heard.cool_until, heard.limited_at) == (AT + 20, AT - 0.1)
    own = first.meet(run("one"), AT + 0.4, limited_at=AT - 0.1, cool_until=AT + 20)
    assert own.limited_at is None


def test_what_a_run_found_is_known_to_all_with_its_age(pool: Open) -> None:
    """Rate and slots come back with their age, for this account and service alone."""
    assert pool().found(AT) is None
    pool().remember(12.0, None, AT)
    pool().remember(None, 40.0, AT + 60)
    assert pool().found(AT + 3660) == Found(rate=12.0, slots=40.0, age=3600.0)
    assert pool("b").found(AT) is None
    assert pool("a", "https://other.example.com").found(AT) is None


def test_books_that_cannot_be_used_are_told(pool: Open, tmp_path: Path) -> None:
    """A broken file is an error of its own kind, not a crash."""
    store = pool()
    spoil = sqlite3.connect(tmp_path / FILE)
    spoil.execute("DROP TABLE members")
    spoil.close()
    with pytest.raises(LedgerError) as told:
        meet(store, run("one"))
    assert told.value.code == "pool_unusable"


def test_books_of_an_older_version_learn_of_runs(tmp_path: Path) -> None:
    """Books that were begun before runs told each other keep what they hold, and are used."""
    older = sqlite3.connect(tmp_path / FILE)
    for statement in statements(STEPS[0]):
        older.execute(statement)
    older.execute("INSERT INTO meta VALUES ('salt', 'as it was')")
    older.execute("PRAGMA user_version = 1")
    older.commit()
    older.close()
    books = SpendStore.open(tmp_path)
    assert books.salt == "as it was"
    books.close()
    store = SqlitePoolStore.open(tmp_path / FILE, "a", ORIGIN)
    assert meet(store, run("one")).share.alone
    store.close()
