"""``--failed-to``: only the rows to mend, as a sheet of the same kind that can be run itself."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from batch_runner.core.outcolumns import OUT_COLUMNS
from tests.app.conftest import Cli, NewSheet, Service
from tests.app.sheets import Cell, Grid, Sheet

ROWS = ["Fine.", "Fails. [sandbox:failed]", "Lost. [sandbox:accept-then-drop]", "Wrong."]
MORE: dict[str, list[Cell]] = {"duration": [5, 5, 5, 99], "Team": ["=1+1", 'b, "c"', "d", "猫\n2"]}


@pytest.fixture
def sheet(new_sheet: NewSheet, kind: str) -> Sheet:
    """One row of each kind, with a column of the user's own."""
    return new_sheet(kind, ROWS, columns=MORE)


def test_the_rows_to_mend_are_a_sheet_of_their_own(
    cli: Cli, service: Service, sheet: Sheet, kind: str
) -> None:
    """Failed and invalid rows with all of the user's columns, what is wrong beside them, and no more."""
    done = cli("run", sheet, "--failed-to", f"mend.{kind}")
    assert done.code == 1
    assert f"Rows to mend: 2, in mend.{kind}" in done.err
    head, *lines = Sheet(Path(f"mend.{kind}")).grid()
    assert head == ["prompt", "image_urls", "duration", "Team", "to mend"]
    assert [line[0] for line in lines] == ["Fails. [sandbox:failed]", "Wrong."]
    assert [str(line[2]) for line in lines] == ["5", "99"]
    assert [line[3] for line in lines] == ['b, "c"', "猫\n2"]
    assert str(lines[0][4]).startswith("failed: ")
    assert str(lines[1][4]).startswith("invalid: ")


def test_mended_it_can_be_run_itself(cli: Cli, service: Service, sheet: Sheet, kind: str) -> None:
    """The rows that were never paid are made from it, once, under our own columns' plain names."""
    cli("run", sheet, "--failed-to", f"mend.{kind}")
    mended = Sheet(Path(f"mend.{kind}"))

    def mend(grid: Grid) -> None:
        for line in grid[1:]:
            line[0], line[2] = f"Mended {line[2]}.", 5

    mended.edit(mend)
    assert cli("run", mended).code == 0
    assert service.bought()["Mended 5."] == service.bought()["Mended 99."] == 1
    assert service.bought()["Fine."] == 1
    assert mended.grid()[0][4:] == ["to mend", *OUT_COLUMNS]


def test_the_next_run_writes_it_anew(cli: Cli, service: Service, sheet: Sheet, kind: str) -> None:
    """Cron names the same file each night: it holds what is to be mended now, also if that is nothing."""
    command = ("run", sheet, "--failed-to", f"mend.{kind}")
    cli(*command)

    def mend(grid: Grid) -> None:
        grid[2][0], grid[4][2] = "Well.", 5

    sheet.edit(mend)
    cli(*command)
    assert Sheet(Path(f"mend.{kind}")).grid() == [
        ["prompt", "image_urls", "duration", "Team", "to mend"]
    ]


def test_nobody_elses_file_is_written_over(
    cli: Cli, service: Service, sheet: Sheet, kind: str
) -> None:
    """The sheet itself, another file, another kind, no folder: refused before anything is sent."""
    Path(f"mine.{kind}").write_bytes(b"mine")
    other = "xlsx" if kind == "csv" else "csv"
    for name in (sheet.path.name, f"mine.{kind}", f"mend.{other}", f"none/mend.{kind}"):
        done = cli("run", sheet, "--failed-to", name)
        assert done.code == 2
        assert "--failed-to" in done.err
    assert Path(f"mine.{kind}").read_bytes() == b"mine"
    assert service.accepted() == []


def test_texts_stay_texts_in_a_workbook(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """What looks like a formula becomes none; links of pictures are kept."""
    sheet = new_sheet("xlsx", ["Fails. [sandbox:failed]"], columns={"Note": ["x"]})
    book = openpyxl.load_workbook(sheet.path)
    page = book.worksheets[0]
    page["B2"].value = "photo"
    page["B2"].hyperlink = "https://images.example.com/cat.png"
    page["C2"].value = '=HYPERLINK("https://evil.example")'
    page["C2"].data_type = "s"
    book.save(sheet.path)
    book.close()
    cli("run", sheet, "--failed-to", "mend.xlsx")
    book = openpyxl.load_workbook("mend.xlsx")
    page = book.worksheets[0]
    assert page["B2"].hyperlink.target == "https://images.example.com/cat.png"
    assert (page["C2"].data_type, page["C2"].value[:5]) == ("s", "=HYPE")
    book.close()
