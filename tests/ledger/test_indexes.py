"""Big ledgers: what a run asks at its start does not look at every row there ever was."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from batch_runner.core.jobs import ClaimTerms
from batch_runner.ledger import claims, runs, sums, views
from batch_runner.ledger.connection import connect
from batch_runner.ledger.database import Connection
from batch_runner.ledger.schema import migrate

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def claim_with_replay(connection: Connection) -> object:
    """Ask for the next job, unknown ones included."""
    return claims.claim(
        connection, ClaimTerms(now=NOW, key="k", origin="o", account="a", replay=True)
    )


def claim_next(connection: Connection) -> object:
    """Ask for the next job."""
    return claims.claim(connection, ClaimTerms(now=NOW, key="k", origin="o", account="a"))


def plans_of(path: Path, ask: Callable[[Connection], object]) -> list[str]:
    """How SQLite goes about each question, in a fresh ledger."""
    with contextlib.closing(connect(path)) as connection:
        migrate(connection, path)
        asked: list[str] = []
        connection.set_trace_callback(asked.append)
        ask(connection)
        connection.set_trace_callback(None)
        return [
            row["detail"]
            for text in asked
            for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")
        ]


@pytest.mark.parametrize(
    "ask",
    [
        views.open_jobs,
        views.unknown_jobs,
        claim_with_replay,
        lambda connection: runs.recover(connection, 0.0, ""),
    ],
    ids=["open", "unknown", "replay", "recover"],
)
def test_open_jobs_are_found_by_index(tmp_path: Path, ask: Callable[[Connection], object]) -> None:
    """The few jobs that are open are found without a scan of all jobs."""
    plans = plans_of(tmp_path / "ledger.sqlite", ask)
    assert any("jobs_open" in plan for plan in plans)
    assert not [plan for plan in plans if plan in {"SCAN j", "SCAN jobs"}]


def test_the_next_job_is_found_among_those_that_wait(tmp_path: Path) -> None:
    """A claim goes through no job that was sent: the last of a million costs what the first did."""
    plans = plans_of(tmp_path / "ledger.sqlite", claim_next)
    found = [plan for plan in plans if "jobs" in plan]
    assert found
    assert all("jobs_queued" in plan for plan in found)


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda connection: list(views.jobs_in_sheet(connection, 1)), "jobs_place"),
        (views.without_video, "jobs_video"),
        (sums.links_until, "jobs_video"),
        (sums.models, "attempts_duration"),
        (sums.totals, "attempts_cost"),
        (sums.totals, "jobs_trouble"),
        (lambda connection: sums.count_sent(connection, ["a"]), "jobs_hash"),
    ],
    ids=["sheet", "video", "links", "models", "cost", "trouble", "sent"],
)
def test_what_is_asked_of_all_jobs_is_answered_by_an_index(
    tmp_path: Path, ask: Callable[[Connection], object], index: str
) -> None:
    """Nothing of it sorts the jobs, or reads the requests of all of them."""
    plans = plans_of(tmp_path / "ledger.sqlite", ask)
    assert any(index in plan for plan in plans)
    scans = {"SCAN j", "SCAN jobs", "SCAN attempts", "SCAN a", "USE TEMP B-TREE FOR ORDER BY"}
    assert not scans.intersection(plans)
