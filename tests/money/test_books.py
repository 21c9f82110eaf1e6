"""The user's books: leaks are found and freed, killed runs are caught up with, spend adds it up."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.spend import Cap, Charge, Payer, Reservation, Source, Span
from batch_runner.ledger.lock import hold
from batch_runner.ledger.spend_store import SpendStore
from tests.money.conftest import Cli, NewSheet, Service, Sheet

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
PAYER = Payer(account="me", origins=("https://a.example",))


def _wish(key: str, micros: int = 500_000, sends: int = 1) -> Reservation:
    return Reservation(key=key, at=NOW, model="m", micros=micros, sends=sends)


def _charge(key: str, amount: int, *, sends: int = 1) -> Charge:
    return Charge(
        key=key,
        at=NOW.timestamp(),
        sends=sends,
        model="m",
        origin=PAYER.origins[0],
        account="me",
        amount=amount,
        cost=amount,
        accepted=True,
    )


def _cap(micros: int) -> Cap:
    return Cap(span=Span.DAY, micros=micros, since=MIDNIGHT)


@pytest.fixture
def store(tmp_path: Path) -> SpendStore:
    """Books of their own."""
    made = SpendStore.open(tmp_path / "own")
    made.close()
    return SpendStore.open(tmp_path / "own")


def _leak(books: Path, sheet: Sheet, service: Service, key: str = "sk-of-the-user") -> None:
    """What a run leaves that is killed between its reservation and its claim."""
    from batch_runner.app.money.accounts import fingerprint

    opened = SpendStore.open(books)
    (source,) = [s for s in opened.sources() if s.ledger.parent == sheet.sidecar]
    payer = Payer(account=fingerprint(key, opened.salt), origins=(service.origin,))
    wish = Reservation(key="leaked", at=datetime.now(UTC), model="m", micros=500_000, sends=1)
    assert opened.reserve(source, payer, wish, ()) is None
    opened.close()


def test_a_leaked_reservation_is_freed_by_its_own_sheet(
    cli: Cli, service: Service, new_sheet: NewSheet, books: Path
) -> None:
    """A crash between reservation and claim costs nothing once the sheet runs again."""
    sheet = new_sheet(["One.", "Two."], budget={"day_usd": 0.95})
    assert cli("run", sheet, "--limit", "1").code == 0
    _leak(books, sheet, service)

    assert cli("run", sheet).code == 0
    assert service.bought() == {"One.": 1, "Two.": 1}


CHILD = """
import os, sys
point, nth, *words = sys.argv[1:]
left = int(nth)

def hook(event, _):
    global left
    if event == point:
        left -= 1
        if not left:
            os._exit(137)

from batch_runner.cli.main import cli
sys.addaudithook(hook)
sys.exit(cli(words))
"""


@pytest.mark.parametrize(
    ("point", "nth"),
    [
        ("batch_runner.spend.reserved", 1),  # reserved, and not claimed
        ("batch_runner.spend.reserved", 2),
        ("batch_runner.provider.submit", 1),  # claimed, and not sent: held as unknown
    ],
)
def test_a_crash_leaks_a_reservation_and_never_a_submit(
    cli: Cli, service: Service, new_sheet: NewSheet, point: str, nth: int
) -> None:
    """Killed in between for real, the same command goes on within the budget, nothing twice."""
    sheet = new_sheet(["One.", "Two."], budget={"day_usd": 0.95}, limits={"concurrency": 1})
    words = [sys.executable, "-c", CHILD, point, str(nth), "run", str(sheet.path)]
    killed = subprocess.run(words, capture_output=True, text=True, check=False)
    assert killed.returncode == 137, killed.stderr

    again = cli("run", sheet)

    assert max(service.bought().values(), default=0) <= 1
    if point == "batch_runner.spend.reserved":
        assert again.code == 0
        assert service.bought() == {"One.": 1, "Two.": 1}
    else:
        assert again.code == 3  # it may have been sent: its money stays reserved
        assert cli("resolve", sheet, "--all", "--resend").code == 0
        assert cli("run", sheet).code == 0


def test_a_leaked_reservation_is_freed_by_another_sheet_unless_its_run_is_on(
    cli: Cli, service: Service, new_sheet: NewSheet, books: Path
) -> None:
    """Who holds the lock may be about to claim; a lock nobody holds shows that nobody is."""
    sheet = new_sheet(["One."], name="one")
    other = new_sheet(["Two."], name="two", budget={"day_usd": 0.95})
    assert cli("run", sheet).code == 0
    _leak(books, sheet, service)

    with hold(sheet.sidecar, host="here", pid=1, at=NOW):
        assert cli("run", other).code == 3
    assert cli("run", other).code == 0


def test_what_a_killed_run_spent_unbooked_is_found(
    cli: Cli, service: Service, new_sheet: NewSheet, books: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ledgers are the truth: a sheet with a budget of the day looks through them first."""
    killed = new_sheet(["One.", "Two."], name="killed")
    monkeypatch.setenv("BATCH_RUNNER_DATA", str(books.with_name("unseen")))
    assert cli("run", killed).code == 0
    monkeypatch.setenv("BATCH_RUNNER_DATA", str(books))
    opened = SpendStore.open(books)  # as its run left them: begun, and nothing booked
    opened.source(killed.sidecar / "ledger.sqlite", "campaign", str(killed.path))
    opened.close()

    other = new_sheet(["Three."], name="other", budget={"day_usd": 1.0})

    assert cli("run", other).code == 3
    assert "Three." not in service.bought()


def test_an_older_send_told_late_does_not_end_a_newer_reservation(store: SpendStore) -> None:
    """Books that learn late that a send was refused keep what its next send has reserved."""
    source = store.source(Path("/ledger"), "c", "sheet")
    assert store.reserve(source, PAYER, _wish("a"), ()) is None
    store.book(source, [_charge("a", 0)], 1)
    assert store.held(PAYER, MIDNIGHT) == 0
    assert store.reserve(source, PAYER, _wish("a", sends=2), ()) is None
    store.book(source, [_charge("a", 0)], 2)
    assert store.held(PAYER, MIDNIGHT) == 500_000
    store.book(source, [_charge("a", 400_000, sends=2)], 3)
    assert store.held(PAYER, MIDNIGHT) == 400_000
    store.close()


def test_many_at_once_never_pass_the_budget(tmp_path: Path) -> None:
    """Eight processes' worth of connections reserve at the same time; the sum stays below."""
    opened = [SpendStore.open(tmp_path / "own") for _ in range(8)]
    sources = [s.source(Path(f"/ledger{i}"), str(i), "sheet") for i, s in enumerate(opened)]
    given: list[str] = []

    def reserve(store: SpendStore, source: Source) -> None:
        for n in range(10):
            key = f"{source.id}-{n}"
            if store.reserve(source, PAYER, _wish(key), [_cap(10_000_000)]) is None:
                given.append(key)

    threads = [
        threading.Thread(target=reserve, args=pair) for pair in zip(opened, sources, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(given) == 20
    assert opened[0].held(PAYER, MIDNIGHT) == 10_000_000
    for one in opened:
        one.close()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["reserve", "book", "free"]),
            st.integers(0, 3),
            st.integers(0, 900_000),
            st.integers(1, 3),
        ),
        max_size=25,
    )
)
def test_the_quarters_add_up_to_the_charges(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int, int]]
) -> None:
    """Whatever happens in whatever order, the quick sums are the true sums, within the budget."""
    store = SpendStore.open(tmp_path_factory.mktemp("books"))
    source = store.source(Path("/ledger"), "c", "sheet")
    for step, key, micros, sends in steps:
        if step == "reserve":
            before = store.held(PAYER, MIDNIGHT)
            refused = store.reserve(
                source, PAYER, _wish(str(key), micros, sends), [_cap(1_500_000)]
            )
            assert refused is None or store.held(PAYER, MIDNIGHT) == before
        elif step == "book":
            store.book(source, [_charge(str(key), micros, sends=sends)], sends)
        else:
            store.free(source)
        with store.transaction() as connection:
            (true,) = connection.execute("SELECT coalesce(sum(amount), 0) FROM charges").fetchone()
        assert store.held(PAYER, MIDNIGHT) == true
        assert store.held(PAYER, NOW + timedelta(days=1)) == 0
    store.close()


def test_spend_tells_what_all_sheets_spent(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """By day or month, by sheet or model, for people and for programs; unknown is said apart."""
    assert "Nothing was spent" in cli("spend").out
    first = new_sheet(["One.", "Two."], name="first")
    lost = new_sheet(["Three.", "Lost. [sandbox:accept-then-drop]"], name="lost")
    cli("run", first)
    cli("run", lost)

    told = cli("spend").out
    by_sheet = list(csv.DictReader(io.StringIO(cli("spend", "--by", "sheet", "--csv").out)))
    monthly = list(csv.DictReader(io.StringIO(cli("spend", "--month", "--csv").out)))
    by_model = cli("spend", "--by", "model").out

    assert "In all $1.20; up to $0.50 more may be charged." in told
    assert {row["group"]: row["charged_usd"] for row in by_sheet} == {
        str(first.path): "0.8",
        str(lost.path): "0.4",
    }
    (month,) = monthly
    assert (month["videos"], month["charged_usd"], month["pending_usd"]) == ("3", "1.2", "0.5")
    assert len(month["period"]) == len("2026-11")
    assert "viduq3" in by_model


def test_a_balance_below_the_estimate_is_said_before_the_start(
    cli: Cli, serve: Callable[..., Service], new_sheet: NewSheet
) -> None:
    """It warns, runs as far as the money goes, and says nothing where it will do."""
    serve(balance=0.95)
    sheet = new_sheet(["One.", "Two.", "Three."])

    short = cli("run", sheet)
    enough = cli("run", new_sheet(["Four."], name="four"), "--dry-run")

    assert "Warning: the balance is $0.95" in short.err
    assert short.code == 3
    assert "Warning" not in enough.err
