"""sync: results into the sheet whenever the user wants them there; nothing is ever sent."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from batch_runner.ledger.lock import hold
from tests.app.conftest import Cli, NewSheet, Service

PROMPTS = ["First.", "Second."]


@pytest.mark.parametrize("command", ["sync", "run"])
def test_results_that_an_older_save_removed_come_back(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str, command: str
) -> None:
    """The ledger knows them; nothing is sent again, also by a run with nothing else to do."""
    sheet = new_sheet(kind, PROMPTS)
    before = sheet.path.read_bytes()
    cli("run", sheet)
    sheet.path.write_bytes(before)

    done = cli(command, sheet)

    assert done.code == 0, done.err
    assert sheet.column("status") == ["succeeded", "succeeded"]
    assert len(service.accepted()) == 2


def test_a_copy_beside_an_open_sheet_is_merged(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """As soon as the sheet is closed, its results go into it and the copy goes away."""
    sheet = new_sheet("xlsx", PROMPTS)
    owner = sheet.path.with_name(f"~${sheet.path.name}")
    owner.write_bytes(b"somebody")
    cli("run", sheet)
    copy = sheet.path.with_name("campaign.results.xlsx")
    assert copy.exists()
    owner.unlink()

    done = cli("sync", sheet)

    assert done.code == 0, done.err
    assert sheet.column("status") == ["succeeded", "succeeded"]
    assert not copy.exists()


def test_new_rows_are_not_sent(cli: Cli, service: Service, new_sheet: NewSheet, kind: str) -> None:
    """They wait for the next run, and run then."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    sheet.edit(lambda grid: [*grid, ["Third.", *grid[1][1:2]]])

    assert cli("sync", sheet).code == 0
    assert len(service.accepted()) == 2
    assert cli("run", sheet).code == 0
    assert len(service.accepted()) == 3


def test_a_sheet_that_runs_or_never_ran_is_left_alone(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """75 while a run holds it, 2 if there is nothing to write."""
    sheet = new_sheet("csv", PROMPTS)
    assert cli("sync", sheet).code == 2
    cli("run", sheet)
    with hold(sheet.sidecar, host="here", pid=1, at=datetime.now(UTC)):
        assert cli("sync", sheet).code == 75
