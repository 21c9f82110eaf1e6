"""A sheet that was renamed, moved or copied: nothing is bought again behind its owner's back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.app.conftest import Cli, NewSheet, Service
from tests.app.sheets import Sheet, write_config

PROMPTS = ["First.", "Second.", "Third."]
ONCE = dict.fromkeys(PROMPTS, 1)


def _renamed(sheet: Sheet, to: str, *, results: bool = True) -> Sheet:
    """The sheet under another name; ``results``: with what it shows."""
    if not results:
        sheet.edit(lambda grid: [line[:2] for line in grid])
    new = Sheet(sheet.path.with_name(to + sheet.path.suffix))
    sheet.path.replace(new.path)
    write_config(new)
    return new


def test_a_renamed_sheet_is_recognised(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """Another folder's ledger knows the rows: exit 2, it is named, and how to go on."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    new = _renamed(sheet, "spring", results=False)

    refused = cli("run", new)

    assert refused.code == 2
    assert f"batch-runner move {sheet.path.name} {new.path.name}" in refused.err.replace("'", "")
    assert "--new" in refused.err
    assert service.bought() == ONCE
    assert not new.sidecar.exists()


def test_after_move_it_goes_on(cli: Cli, service: Service, new_sheet: NewSheet, kind: str) -> None:
    """move: the ledger and the videos follow, paths in the sheet are right, only news is sent."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    new = _renamed(sheet, "spring")
    new.edit(lambda grid: [*grid, ["Fourth.", grid[1][1]]])

    moved = cli("move", sheet, new)
    done = cli("run", new)

    assert moved.code == done.code == 0, done.err
    assert service.bought() == {**ONCE, "Fourth.": 1}
    assert not sheet.sidecar.exists()
    assert all(row["video_file"].startswith(f"{new.sidecar.name}/") for row in new.rows())
    assert all(new.shows_its_own_video(row) for row in new.rows())


def test_move_into_another_folder(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """A sheet put elsewhere takes its folder along by the same command."""
    sheet = new_sheet("xlsx", PROMPTS)
    cli("run", sheet)
    Path("archive").mkdir()
    new = Sheet(Path("archive", sheet.path.name).absolute())
    sheet.path.replace(new.path)

    assert cli("move", sheet, new).code == 0
    assert cli("run", new).code == 0

    assert service.bought() == ONCE
    assert all(new.shows_its_own_video(row) for row in new.rows())


def test_new_means_new(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """--new: it is another campaign, all its rows are made for it."""
    sheet = new_sheet("csv", PROMPTS)
    cli("run", sheet)
    new = _renamed(sheet, "spring", results=False)

    done = cli("run", new, "--new")

    assert done.code == 0
    assert service.bought() == dict.fromkeys(PROMPTS, 2)


def test_a_copy_beside_its_original_is_asked_about(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """A copy of the whole sheet beside it would buy all again: exit 2 first."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    copy = Sheet(sheet.path.with_name(f"copy.{kind}"))
    shutil.copy(sheet.path, copy.path)

    assert cli("run", copy).code == 2
    assert service.bought() == ONCE


def test_a_sibling_that_shares_a_row_is_a_sheet_of_its_own(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """One row in common with a sheet beside it makes no copy."""
    cli("run", new_sheet("xlsx", PROMPTS))
    sibling = new_sheet("xlsx", ["First.", "Other.", "Another."], name="sibling")

    assert cli("run", sibling).code == 0
    assert service.bought()["First."] == 2


def test_a_link_is_the_sheet_it_leads_to(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """Run by a link or by its name, it is one sheet with one folder."""
    sheet = new_sheet(kind, PROMPTS)
    link = Sheet(sheet.path.with_name(f"link.{kind}"))
    link.path.symlink_to(sheet.path)
    cli("run", sheet)

    assert cli("run", link).code == 0
    assert service.bought() == ONCE
    assert not link.sidecar.exists()
    assert link.path.is_symlink()


def test_move_refuses_what_makes_no_sense(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """A sheet that is not there, one that never ran, or one with a folder of its own: exit 2."""
    sheet, other = new_sheet("csv", PROMPTS), new_sheet("csv", ["Other."], name="other")
    cli("run", sheet)
    assert cli("move", sheet, "nowhere.csv").code == 2
    assert cli("move", other, sheet).code == 2
    cli("run", other)

    refused = cli("move", sheet, other)

    assert refused.code == 2
    assert other.sidecar.name in refused.err
    assert sheet.sidecar.exists()


def test_a_ledger_in_a_state_folder_follows_by_move_too(
    cli: Cli, service: Service, new_sheet: NewSheet, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """With BATCH_RUNNER_STATE the folder stays where it is; move makes the paths right."""
    monkeypatch.setenv("BATCH_RUNNER_STATE", str(Path("state").absolute()))
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    Path("archive").mkdir()
    new = Sheet(Path("archive", sheet.path.name).absolute())
    sheet.path.replace(new.path)

    assert cli("move", sheet, new).code == 0
    new_sheet(kind, ["Another campaign of the same name."])
    assert cli("run", new).code == 0

    assert service.bought() == ONCE
    assert all(new.shows_its_own_video(row) for row in new.rows())
    assert cli("run", sheet).code == 2  # the name is taken in that state folder
    assert service.bought() == ONCE
