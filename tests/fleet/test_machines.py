"""One campaign from several machines: who may do what, and what each finds."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from batch_runner.app.place.database import LedgerDatabase
from batch_runner.app.place.sidecar import Sidecar
from tests.fleet.conftest import Command
from tests.fleet.house import House, cells


def states(sheet: Path) -> set[str]:
    """The words in its status column."""
    return {row["status"] for row in cells(sheet)}


def test_another_machine_goes_on_with_a_campaign_by_its_rows(
    house: House, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same sheet without its sidecar is no new campaign: nothing is bought again."""
    sheet, copy = house.sheet(6), house.sheet(6, machine="two")
    assert command("run", sheet, "--quiet") == 0
    assert states(sheet) == {"succeeded"}
    assert command("run", copy, "--quiet", machine="two") == 0
    assert states(copy) == {"succeeded"}
    assert len(house.accepted()) == 6
    capsys.readouterr()
    assert command("status", copy, "--json", machine="two") == 0
    assert json.loads(capsys.readouterr().out)["states"] == {"succeeded": 6}


def test_a_sheet_like_another_one_is_asked_about(house: House, command: Command) -> None:
    """A few rows in common do not make it the same campaign, nor surely another one."""
    assert command("run", house.sheet(3), "--quiet") == 0
    other = house.sheet(9, machine="two")
    assert command("run", other, "--quiet", machine="two") == 2
    assert len(house.accepted()) == 3
    assert command("run", other, "--quiet", "--new", machine="two") == 0
    assert len(house.accepted()) == 12


def test_commands_need_the_database_of_a_sheet_that_has_one(
    house: House, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without it nothing is begun anew; and nothing beside the sheet says its address."""
    sheet = house.sheet(2)
    url = house.database.replace("postgres@", "postgres:hidden-word@")
    assert command("run", sheet, "--quiet", "--ledger", url, BATCH_RUNNER_LEDGER="") == 0
    sidecar = Sidecar(sheet.with_name(f"{sheet.name}.batch"))
    kept = [path for path in sidecar.folder.rglob("*") if path.suffix in {".json", ".log"}]
    assert len(kept) >= 2
    assert not any("hidden-word" in path.read_text("utf-8") for path in kept)
    for verb in ("run", "status", "sync"):
        capsys.readouterr()
        assert command(verb, sheet, BATCH_RUNNER_LEDGER="") == 2
        assert "--ledger postgresql://" in capsys.readouterr().err
    assert not sidecar.ledger.exists()
    elsewhere = house.database.replace("//postgres@", "//postgres:hidden-word@") + "_gone"
    assert command("status", sheet, "--ledger", elsewhere) == 2
    assert "hidden-word" not in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["run", "worker", "status"])
def test_what_is_missing_is_said(
    verb: str, house: House, command: Command, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Without the extra there is a sentence with the remedy, not a traceback."""
    sheet = house.sheet(1)
    sidecar = sheet.with_name(f"{sheet.name}.batch")
    sidecar.mkdir()
    (sidecar / "fleet.json").write_text(f'{{"campaign": "{"0" * 32}"}}', "utf-8")
    monkeypatch.setitem(sys.modules, "procrastinate", None)
    assert command(*([verb] if verb == "worker" else [verb, sheet])) == 2
    assert "pip install 'batch-runner[fleet]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "again"),
    [
        ("postgresql://u@host/b", "postgresql://u@host/b"),
        ("postgresql://u:hidden@host/b", None),
        ("postgresql://host/b?user=u&password=hidden", None),
        ("postgresql://[host/b", None),
    ],
)
def test_the_next_command_names_a_database_but_no_password(url: str, again: str | None) -> None:
    """What was typed is needed again; a password is never shown on a screen."""
    assert LedgerDatabase(url, typed=True).again == again
    assert LedgerDatabase(url).again is None


def test_a_ledger_in_a_file_stays_where_it_is(house: House, command: Command) -> None:
    """What a sheet has paid is known there: a database is not begun beside it."""
    sheet = house.sheet(2)
    assert command("run", sheet, "--quiet", BATCH_RUNNER_LEDGER="") == 0
    assert command("run", sheet, "--quiet", "--ledger", house.database) == 2
    assert command("run", sheet, "--quiet") == 0  # the variable is meant for other sheets
    assert len(house.accepted()) == 2


def test_budgets_of_one_computer_are_refused(
    house: House, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """A budget that could not hold over all machines is not taken for one that does."""
    sheet = house.sheet(2)
    sheet.with_name(f"{sheet.name}.yaml").write_text("budget: {day_usd: 5}\n", "utf-8")
    assert command("run", sheet) == 2
    assert "budget.day_usd" in capsys.readouterr().err
    assert not (house.folder / "service" / "accepted.jsonl").read_text("utf-8")


def test_workers_make_all_of_it_but_none_of_another_account(
    house: House, command: Command
) -> None:
    """A worker with another key leaves it alone; one with this key works, and ends by itself."""
    sheet = house.sheet(8)
    stranger = house.worker("--once", APIMART_API_KEY="sk-another")
    worker = house.worker()
    assert command("run", sheet, "--quiet") == 0
    assert states(sheet) == {"succeeded"}
    assert len({task["account"] for task in house.accepted()}) == 1
    assert set(house.times_accepted().values()) == {1}
    worker.send_signal(signal.SIGTERM)
    assert (worker.wait(60), stranger.wait(60)) == (143, 0)
    with closing(psycopg.connect(house.database)) as connection:
        assert connection.execute("SELECT count(*) FROM batch_runner.workers").fetchone() == (0,)


def test_a_stopped_run_stops_its_workers_and_another_machine_waits_its_turn(
    house: House, command: Command
) -> None:
    """While it runs no other writes the sheet; Ctrl-C ends it everywhere, and it can be gone on."""
    sheet = house.sheet(300)
    run = house.start("run", str(sheet), "--yes", "--rate", "10/s")
    house.worker()
    house.until(lambda: len(house.accepted()) > 5)
    assert command("run", house.sheet(300, machine="two"), "--quiet", machine="two") == 75
    run.send_signal(signal.SIGTERM)
    assert run.wait(60) == 143
    with closing(psycopg.connect(house.database)) as connection:
        assert connection.execute("SELECT active FROM batch_runner.campaigns").fetchone() == (
            False,
        )
    assert len(house.accepted()) < 300


def test_a_sheet_that_was_renamed_goes_on_with_its_campaign(
    house: House, command: Command
) -> None:
    """By 'move', or put away by a batch file: its videos, its ledger and its name go along."""
    sheet = house.sheet(2)
    assert command("run", sheet, "--quiet") == 0
    renamed = sheet.rename(sheet.with_name("spring.csv"))
    assert command("move", sheet, renamed) == 0
    assert command("run", renamed, "--quiet") == 0
    batch = sheet.with_name("all.yaml")
    batch.write_text("sheets: [spring.csv]\ndone: done\n", "utf-8")
    assert command("run", batch, "--quiet") == 0
    away = sheet.parent / "done" / "spring.csv"
    assert command("run", away, "--quiet") == 0
    assert all((away.parent / row["video_file"]).is_file() for row in cells(away))
    copy = house.sheet(2, machine="two", name="spring.csv")
    assert command("run", copy, "--quiet", machine="two") == 0
    assert len(house.accepted()) == 2


def test_a_pause_holds_for_the_workers_too(house: House, command: Command) -> None:
    """Once what was being made is done, nothing is on its way anywhere, until it is resumed."""
    sheet = house.sheet(300)
    run = house.start("run", str(sheet), "--yes", "--rate", "10/s")
    house.worker()
    house.until(lambda: len(house.accepted()) > 10)
    assert command("ctl", sheet, "pause") == 0

    def rests() -> bool:
        with closing(psycopg.connect(house.database)) as connection:
            told = connection.execute(
                """SELECT count(*) FILTER (WHERE active), (SELECT count(*) FROM
                   batch_runner.flights) FROM batch_runner.campaigns"""
            ).fetchone()
        return told == (0, 0)

    house.until(rests)
    before = len(house.accepted())
    assert rests()
    assert command("ctl", sheet, "resume") == 0
    house.until(lambda: len(house.accepted()) > before)
    assert command("ctl", sheet, "drain") == 0
    assert run.wait(60) == 3


def test_a_killed_run_is_gone_on_with_on_its_machine(house: House, command: Command) -> None:
    """Its lease is waited for, not complained of; what it left is done, and nothing twice."""
    sheet = house.sheet(20)
    run = house.start("run", str(sheet), "--yes", "--rate", "10/s")
    house.until(lambda: len(house.accepted()) > 5)
    run.kill()
    run.wait()
    assert command("run", sheet, "--quiet") in {0, 1}  # 1: what it was sending is unknown
    assert states(sheet) <= {"succeeded", "unknown"}
    assert set(house.times_accepted().values()) == {1}


def test_videos_that_a_worker_cannot_store_wait_for_the_next_run(
    house: House, command: Command
) -> None:
    """A run dies, its worker sees all tasks to their end, and a run elsewhere fetches the videos."""
    run = house.start("run", str(house.sheet(12)), "--yes", "--rate", "10/s")
    house.worker()
    house.until(lambda: len(house.accepted()) > 3)
    run.kill()
    run.wait()
    with closing(psycopg.connect(house.database, autocommit=True)) as connection:
        connection.execute("UPDATE batch_runner.workers SET until = 0 WHERE role = 'run'")
        (name,) = connection.execute("SELECT id FROM batch_runner.campaigns").fetchone() or ("",)
        at_work = f"""SELECT count(*) FROM "campaign_{name}".jobs
                      WHERE state IN ('queued', 'submitting', 'running') OR owner IS NOT NULL"""
        house.until(lambda: connection.execute(at_work).fetchone() == (0,))
    sheet = house.sheet(12, machine="two")
    assert command("run", sheet, "--quiet", machine="two") in {0, 1}  # 1: one was being sent
    assert states(sheet) <= {"succeeded", "unknown"}
    assert all(row["video_file"] for row in cells(sheet) if row["status"] == "succeeded")
    assert set(house.times_accepted().values()) == {1}
