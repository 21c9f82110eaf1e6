"""The main job: rows in, videos out, links back in the same rows."""

from __future__ import annotations

import openpyxl
import pytest

from tests.app.conftest import Cli, NewSheet, Service
from tests.app.sheets import OUT

PROMPTS = ["A cat runs along a wall.", "狗在雪地里奔跑。", "猫が跳ぶ。"]


def test_every_row_gets_its_video_and_its_link(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """One command: all videos are made, downloaded and linked in their rows, and nothing else changes."""
    sheet = new_sheet(
        kind, PROMPTS, columns={"duration": [3, "", 8], "Note": ["001", "=1+1 ", ""]}
    )
    before, bytes_before = sheet.grid(), sheet.path.read_bytes()

    done = cli("run", sheet)

    assert done.code == 0, done.err
    assert sheet.grid()[0] == [*before[0], *OUT]
    assert [line[: len(before[0])] for line in sheet.grid()] == before
    rows = sheet.rows()
    for number, row in enumerate(rows, start=2):
        assert row["status"] == "succeeded"
        assert row["task_id"] == service.task_of(row["prompt"])
        assert row["video_url"].startswith(service.origin)
        assert row["error"] == ""
        assert row["video_file"] == f"{sheet.sidecar.name}/videos/{number}_{row['job'][:8]}.mp4"
        assert sheet.shows_its_own_video(row)
    assert sum(float(row["cost_usd"]) for row in rows) == pytest.approx(service.charged())
    assert [task["body"].get("duration") for task in service.accepted()] == [3, 5, 8]
    assert (sheet.sidecar / f"original.{kind}").read_bytes() == bytes_before


def test_again_nothing_is_bought_and_nothing_is_written(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """The same command again finds everything done and leaves the file alone, byte for byte."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    after = sheet.path.read_bytes()

    again = cli("run", sheet)

    assert again.code == 0
    assert len(service.accepted()) == len(PROMPTS)
    assert sheet.path.read_bytes() == after


def test_links_in_a_workbook_can_be_clicked(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """In Excel both the provider's link and the local file open by a click."""
    sheet = new_sheet("xlsx", PROMPTS)

    cli("run", sheet)

    page = openpyxl.load_workbook(sheet.path).worksheets[0]
    head = [cell.value for cell in page[1]]
    for name in ("video_url", "video_file"):
        for line in range(2, 2 + len(PROMPTS)):
            cell = page.cell(line, head.index(name) + 1)
            assert cell.hyperlink is not None
            assert cell.hyperlink.target == cell.value


def test_equal_rows_are_two_videos_and_stay_apart(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """Two rows that say the same are two jobs; sorted, each keeps its own task."""
    sheet = new_sheet(kind, ["Twin.", "Twin.", "Other."], columns={"Note": ["a", "b", "c"]})
    cli("run", sheet)
    task_of = {row["Note"]: row["task_id"] for row in sheet.rows()}
    assert len(set(task_of.values())) == 3

    sheet.edit(lambda grid: [grid[0], *reversed(grid[1:])])
    again = cli("run", sheet)

    assert again.code == 0
    assert service.bought() == {"Twin.": 2, "Other.": 1}
    assert {row["Note"]: row["task_id"] for row in sheet.rows()} == task_of


def test_rows_without_prompt_and_image_are_left_alone(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """A total or a note below the rows is no job, and our columns stay blank there."""
    sheet = new_sheet(
        kind,
        ["A cat runs.", ""],
        columns={"image_urls": ["https://a.example/1.png", ""], "Note": ["", "Total 1"]},
    )

    done = cli("run", sheet)

    assert done.code == 0
    assert len(service.accepted()) == 1
    assert [sheet.column(name)[1] for name in OUT] == [""] * len(OUT)


def test_without_download_only_the_links_come(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """--no-download leaves the videos where they are; the rows succeed with their links."""
    sheet = new_sheet("csv", PROMPTS)

    done = cli("run", sheet, "--no-download")

    assert done.code == 0
    assert sheet.column("status") == ["succeeded"] * 3
    assert all(sheet.column("video_url"))
    assert sheet.column("video_file") == ["", "", ""]
    assert sheet.videos == []


def test_videos_go_where_they_are_wanted(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """--videos puts them into another folder, and video_file leads there from the sheet."""
    sheet = new_sheet("xlsx", PROMPTS[:1])

    cli("run", sheet, "--videos", "films/spring")

    (name,) = sheet.column("video_file")
    assert name.startswith("films/spring/2_")
    assert (sheet.path.parent / name).read_bytes()[4:8] == b"ftyp"
