"""One budget for sheets that run together: it holds, it waits for what may get cheaper, it ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from batch_runner.app.money.run_budget import RunBudget, Seat, seat_at
from batch_runner.core.jobs import Change, Job
from batch_runner.core.lifecycle import Event, State
from batch_runner.core.spend import Reservation
from tests.app.conftest import Cli, NewSheet, Service

NOW = datetime(2026, 11, 23, tzinfo=UTC)
LONGEST = 3600.0


def wish(key: str, micros: int = 50, at: datetime = NOW) -> Reservation:
    """Something to be sent."""
    return Reservation(key=key, at=at, model="m", micros=micros, sends=1)


def happens(seat: Seat, key: str, event: Event, hold: int | None = None) -> None:
    """Something happened to the job of an attempt."""
    job = Job(
        id=1,
        scope=1,
        row=2,
        key=None,
        row_hash="a",
        state=State.RUNNING,
        attempt=1,
        model="m",
        body=b"",
        idempotency_key=key,
    )
    seat.heard(job, Change(job=1, attempt=1, event=event, at=NOW, hold=hold))


def test_what_is_in_flight_may_get_cheaper() -> None:
    """A refusal is passing while a task may end below its reservation, and final afterwards."""
    budget = RunBudget(100)
    one, other = Seat(budget, LONGEST), Seat(budget, LONGEST)
    assert one.reserve(wish("a")) is None
    assert one.reserve(wish("b")) is None
    happens(one, "a", Event.ACCEPTED)
    refused = other.reserve(wish("c"))
    assert refused is not None
    assert refused.passing
    happens(one, "a", Event.READY, hold=40)
    happens(one, "b", Event.TASK_FAILED, hold=0)
    assert other.reserve(wish("c")) is None
    happens(other, "c", Event.LOST)  # it keeps its reservation
    final = one.reserve(wish("d"))
    assert final is not None
    assert not final.passing


def test_nobody_waits_for_what_cannot_come() -> None:
    """Tasks that outlived their deadline, and those of a run that is over, are not waited for."""
    budget = RunBudget(100)
    with seat_at(budget, LONGEST) as one:
        other = Seat(budget, LONGEST)
        assert one is not None
        assert one.reserve(wish("a", 90)) is None
        late = other.reserve(wish("b", at=NOW + timedelta(seconds=LONGEST + 1)))
        assert late is not None
        assert not late.passing
    left = other.reserve(wish("b"))
    assert left is not None
    assert not left.passing


def test_what_is_refused_elsewhere_is_given_back() -> None:
    """A send that another budget forbids takes nothing of this one; the same attempt counts once."""
    budget = RunBudget(100)
    seat = Seat(budget, LONGEST)
    assert seat.reserve(wish("a", 80)) is None
    seat.give_back(wish("a", 80))
    assert seat.reserve(wish("b", 100)) is None
    assert seat.reserve(wish("b", 100)) is None
    assert budget.total == 100


def test_whoever_is_refused_waits_for_what_the_others_give_back(
    cli: Cli, serve: Callable[..., Service], new_sheet: NewSheet
) -> None:
    """Enough for two rows at what they cost, not at what they may cost: both sheets are done."""
    service = serve(seconds=(0.3, 0.3))
    Path("inbox").mkdir()
    for name in "ab":
        new_sheet("csv", [f"The only row of {name}."], name=f"inbox/{name}")
    estimated = cli("check", "inbox/a.csv", "--json").json["estimated_usd"]
    budget = estimated["high"] + estimated["low"]
    Path("nightly.yaml").write_text(
        f"sheets: [inbox]\nbudget: {{run_usd: {budget:.4f}}}\n", encoding="utf-8"
    )
    assert cli("run", "nightly.yaml").code == 0
    assert len(service.accepted()) == 2
    assert service.charged() <= budget
