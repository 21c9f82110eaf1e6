"""The sheet is open in a spreadsheet program, or cannot be written: results wait beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.conftest import Cli, NewSheet, Service
from tests.app.sheets import Grid, Sheet

PROMPTS = ["First.", "Second."]


@pytest.mark.parametrize("lock", ["~${name}", ".~lock.{name}#"])
def test_results_wait_in_a_copy_and_are_merged(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str, lock: str
) -> None:
    """Open: the results go to .results, which is said; closed, the next run merges them."""
    sheet = new_sheet(kind, PROMPTS)
    before = sheet.path.read_bytes()
    open_mark = sheet.path.with_name(lock.format(name=sheet.path.name))
    open_mark.write_bytes(b"")
    copy = Sheet(sheet.path.with_name(f"campaign.results.{kind}"))

    done = cli("run", sheet)

    assert done.code == 0
    assert sheet.path.read_bytes() == before
    assert copy.path.name in done.out
    assert "open" in done.err
    assert done.err.count(copy.path.name) == 1
    assert copy.column("status") == ["succeeded"] * 2
    assert copy.column("prompt") == PROMPTS

    open_mark.unlink()
    merged = cli("run", sheet)

    assert merged.code == 0
    assert sheet.column("status") == ["succeeded"] * 2
    assert all(sheet.shows_its_own_video(row) for row in sheet.rows())
    assert not copy.path.exists()
    assert len(service.accepted()) == 2


def test_a_read_only_sheet_is_left_alone(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """A sheet its owner made read-only is not replaced; the results stand beside it."""
    sheet = new_sheet(kind, PROMPTS)
    before = sheet.path.read_bytes()
    sheet.path.chmod(0o444)

    done = cli("run", sheet)

    assert done.code == 0
    assert sheet.path.read_bytes() == before
    assert Sheet(sheet.path.with_name(f"campaign.results.{kind}")).column("status") == [
        "succeeded",
        "succeeded",
    ]
    assert "read-only" in done.err


def test_in_a_read_only_folder_results_wait_with_the_ledger(
    cli: Cli,
    service: Service,
    new_sheet: NewSheet,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """With a state folder all is done; the results stand there, and go into the sheet later."""
    monkeypatch.setenv("BATCH_RUNNER_STATE", str(tmp_path / "state"))
    sheet = new_sheet(kind, PROMPTS)
    folder = sheet.path.parent
    before = sheet.path.read_bytes()
    folder.chmod(0o555)
    try:
        done = cli("run", sheet)
    finally:
        folder.chmod(0o755)

    (copy,) = (tmp_path / "state").rglob(f"campaign.results.{kind}")
    assert done.code == 0, done.err
    assert str(copy) in done.err
    assert sheet.path.read_bytes() == before
    assert Sheet(copy).column("status") == ["succeeded", "succeeded"]
    assert cli("run", sheet).code == 0
    assert sheet.column("status") == ["succeeded", "succeeded"]
    assert not copy.exists()


def test_edits_made_while_the_results_waited_stay(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """What the user saved meanwhile is kept, and the results find their rows in it."""
    sheet = new_sheet(kind, PROMPTS, columns={"Note": ["", ""]})
    open_mark = sheet.path.with_name(f"~${sheet.path.name}")
    open_mark.write_bytes(b"")
    cli("run", sheet)

    def edited(grid: Grid) -> Grid:
        return [grid[0], [*grid[2][:2], "looks good"], grid[1]]

    sheet.edit(edited)
    open_mark.unlink()

    assert cli("run", sheet).code == 0
    assert sheet.column("prompt") == ["Second.", "First."]
    assert sheet.column("Note") == ["looks good", ""]
    assert all(sheet.shows_its_own_video(row) for row in sheet.rows())
    assert len(service.accepted()) == 2
