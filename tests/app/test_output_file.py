"""--output: results into a copy; the sheet itself, and everybody's other files, stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.conftest import Cli, NewSheet, Service
from tests.app.sheets import OUT, Sheet

PROMPTS = ["First.", "Second."]


def test_the_results_go_into_the_copy(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """The sheet keeps every byte; the copy has its rows and the results; run again it is renewed."""
    sheet = new_sheet(kind, PROMPTS)
    before = sheet.path.read_bytes()
    Path("out").mkdir()
    copy = Sheet(Path("out", f"done.{kind}").absolute())

    done = cli("run", sheet, "--output", copy)

    assert done.code == 0, done.err
    assert sheet.path.read_bytes() == before
    assert list(copy.rows()[0]) == ["prompt", "image_urls", *OUT]
    assert copy.column("status") == ["succeeded"] * 2
    assert copy.column("prompt") == PROMPTS
    assert str(copy.path) in done.out
    sheet.edit(lambda grid: [*grid, ["Third.", grid[1][1]]])
    assert cli("run", sheet, "--output", copy).code == 0
    assert copy.column("status") == ["succeeded"] * 3
    assert service.bought() == {"First.": 1, "Second.": 1, "Third.": 1}


def test_later_the_sheet_may_have_them_too(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """A run without --output writes what is done into the sheet; nothing is paid again."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet, "--output", f"copy.{kind}")

    assert cli("run", sheet).code == 0
    assert sheet.column("status") == ["succeeded"] * 2
    assert all(sheet.shows_its_own_video(row) for row in sheet.rows())
    assert len(service.accepted()) == 2


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("mine.{kind}", "exists"),
        ("campaign.{kind}", "the sheet itself"),
        ("./sub/../campaign.{kind}", "the sheet itself"),
        ("results.txt", "must end in"),
        ("nowhere/out.{kind}", "folder"),
    ],
)
def test_no_file_of_somebody_else_is_overwritten(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str, output: str, reason: str
) -> None:
    """A foreign file, the sheet, another kind or no folder: exit 2, nothing is sent or changed."""
    sheet = new_sheet(kind, PROMPTS)
    before = sheet.path.read_bytes()
    Path("sub").mkdir()
    mine = Path(f"mine.{kind}")
    mine.write_bytes(b"mine")

    refused = cli("run", sheet, "--output", output.format(kind=kind))

    assert refused.code == 2
    assert reason in refused.err
    assert service.accepted() == []
    assert mine.read_bytes() == b"mine"
    assert sheet.path.read_bytes() == before
    assert not sheet.sidecar.exists()


def test_two_sheets_do_not_share_one_output(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """The second of two sheets does not overwrite the results of the first."""
    one, two = new_sheet("csv", ["One."]), new_sheet("csv", ["Two."], name="other")

    both = cli("run", one, two, "--output", "out.csv")

    assert both.code == 2
    assert Sheet(Path("out.csv")).column("prompt") == ["One."]


def test_the_copy_is_no_sheet(cli: Cli, service: Service, new_sheet: NewSheet, kind: str) -> None:
    """Named directly, the copy is refused and the real sheet is named."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet, "--output", f"copy.{kind}")

    refused = cli("run", f"copy.{kind}")

    assert refused.code == 2
    assert str(sheet.path) in refused.err
    assert len(service.accepted()) == 2
