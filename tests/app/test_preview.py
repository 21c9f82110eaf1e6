"""The preview column: a picture in each finished row of a workbook, for those who asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl

from tests.app.conftest import Cli, Configure, NewSheet, Service
from tests.app.sheets import OUT, Sheet

PROMPTS = ["First.", "[sandbox:failed] Second.", "Third."]


def pictures(sheet: Sheet) -> dict[int, str]:
    """Line -> name of the picture that stands in its last column."""
    page: Any = openpyxl.load_workbook(sheet.path).worksheets[0]
    last = page.max_column - 1
    anchors = [image.anchor for image in page._images]
    assert all(anchor._from.col == last for anchor in anchors)
    return {anchor._from.row + 1: anchor.pic.nvPicPr.cNvPr.name for anchor in anchors}


def swap(path: Path) -> None:
    """Exchange the first and the last row, as a sort does that takes no pictures along."""
    book = openpyxl.load_workbook(path)
    page = book.worksheets[0]
    for column in range(1, page.max_column + 1):
        first, last = page.cell(2, column), page.cell(4, column)
        first.value, last.value = last.value, first.value
    book.save(path)


def test_each_finished_row_shows_its_picture(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """In a ninth column; run again, the sheet stays as it is, byte for byte."""
    sheet = new_sheet("xlsx", PROMPTS)
    configure(sheet, output={"preview": True})
    cli("run", sheet)
    assert list(sheet.rows()[0])[-9:] == [*OUT, "preview"]
    assert sorted(pictures(sheet)) == [2, 4]
    before = sheet.path.read_bytes()
    cli("run", sheet)
    assert sheet.path.read_bytes() == before


def test_pictures_follow_their_rows(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """A row that moved gets its picture where it stands; nothing is asked for a second time."""
    sheet = new_sheet("xlsx", PROMPTS)
    configure(sheet, output={"preview": True})
    cli("run", sheet)
    shown = pictures(sheet)
    swap(sheet.path)
    cli("run", sheet)
    assert pictures(sheet) == {2: shown[4], 4: shown[2]}
    assert len(service.accepted()) == len(PROMPTS)


def test_another_attempt_brings_another_picture(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """The picture of the video before it goes."""
    sheet = new_sheet("xlsx", ["First."], columns={"duration": [5]})
    configure(sheet, output={"preview": True})
    cli("run", sheet)
    (first,) = pictures(sheet).values()
    configure(sheet, output={"preview": True}, defaults={"resolution": "1080p"})
    assert cli("retry", sheet, "--changed").code == 0
    (second,) = pictures(sheet).values()
    assert first != second


def test_it_can_be_wished_for_later_and_goes_with_restore(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """Finished rows get pictures while their links live; no longer wished for, they can go, too."""
    sheet = new_sheet("xlsx", PROMPTS)
    cli("run", sheet)
    configure(sheet, output={"preview": True})
    cli("run", sheet)
    assert sorted(pictures(sheet)) == [2, 4]
    assert len(service.accepted()) == len(PROMPTS)
    configure(sheet)
    assert cli("restore", sheet).code == 0
    assert pictures(sheet) == {}
    assert list(sheet.rows()[0]) == ["prompt", "image_urls"]


def test_a_csv_file_says_that_it_shows_none(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """The setting has no effect there, and that is said before anything is paid."""
    sheet = new_sheet("csv", ["First."])
    configure(sheet, output={"preview": True})
    assert "no effect" in cli("check", sheet).out
    cli("run", sheet)
    assert "preview" not in sheet.rows()[0]
