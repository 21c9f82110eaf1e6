"""``report``: which rows and files the gallery's page shows; the page itself is tested in a browser."""

from __future__ import annotations

import json
import re
import sqlite3
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.app.conftest import Cli, NewSheet, Service
from tests.app.sheets import Sheet

PROMPTS = ["First.", "[sandbox:failed] Second.", "Third."]


def rows_of(page: str) -> list[dict[str, Any]]:
    """All rows that a page was told."""
    blocks = re.findall(r'data-block="rows">(.*?)</script>', page, re.DOTALL)
    return [row for block in blocks for row in json.loads(block)]


def page_of(sheet: Sheet) -> str:
    """The page in the sheet's folder."""
    return (sheet.sidecar / "report.html").read_text(encoding="utf-8")


def test_each_row_is_there_with_its_video(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """In the order of the sheet, with links that lead from the page to the file."""
    sheet = new_sheet(kind, PROMPTS, columns={"Client": ["ACME", "</script>", "Ünal"]})
    cli("run", sheet)
    done = cli("report", sheet)
    assert (done.code, done.err) == (0, "")
    rows = rows_of(page_of(sheet))
    assert [row["prompt"] for row in rows] == PROMPTS
    assert [row["state"] for row in rows] == ["succeeded", "failed", "succeeded"]
    assert [row["cells"]["0"] for row in rows] == ["ACME", "</script>", "Ünal"]
    assert (sheet.sidecar / unquote(rows[0]["video"])).resolve() == sheet.videos[0]
    assert (sheet.sidecar / rows[0]["poster"]).is_file()
    assert rows[0]["cost"] > 0
    assert "Not charged" in rows[1]["error"]


def test_a_folder_s_name_may_hold_anything(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Links are percent-encoded, so that a '#' or '?' in a path is a part of it."""
    sheet = new_sheet("csv", ["First."], name="50% #1? 動画")
    cli("run", sheet, "--videos", "vid #1 50%?")
    cli("report", sheet)
    (row,) = rows_of(page_of(sheet))
    assert "#" not in row["video"]
    assert (sheet.sidecar / unquote(row["video"])).is_file()


def test_a_lost_sheet_still_has_its_gallery(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """The ledger alone is enough."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    sheet.path.unlink()
    assert cli("report", sheet).code == 0
    assert [row["prompt"] for row in rows_of(page_of(sheet))] == PROMPTS


def test_what_was_paid_for_a_row_that_was_edited_is_shown(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """As a row without a line; a row that no run has seen is counted, not shown."""
    sheet = new_sheet("csv", ["First.", "Second."])
    cli("run", sheet)
    sheet.edit(lambda grid: grid[2].__setitem__(0, "Second, edited."))
    done = cli("report", sheet)
    assert "1 row is not there" in done.out
    cli("run", sheet)
    cli("report", sheet)
    rows = rows_of(page_of(sheet))
    assert [(row["prompt"], row.get("line")) for row in rows] == [
        ("First.", 2),
        ("Second, edited.", 3),
        ("Second.", None),
    ]


def test_an_earlier_take_is_shown_beside_the_last(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Any
) -> None:
    """A row made twice has two videos: both are paid."""
    sheet = new_sheet("csv", ["First."], columns={"duration": [5]})
    cli("run", sheet)
    configure(sheet, defaults={"resolution": "1080p"})
    assert cli("retry", sheet, "--changed").code == 0
    cli("report", sheet)
    (row,) = rows_of(page_of(sheet))
    (earlier,) = row["takes"]
    assert earlier["n"] == 1
    assert {unquote(one["video"]) for one in (row, earlier)} == {
        f"videos/{video.name}" for video in sheet.videos
    }


def test_an_archive_holds_all_that_the_page_shows(
    cli: Cli, service: Service, new_sheet: NewSheet, tmp_path: Path
) -> None:
    """Every link of the page in the archive leads to a file in it."""
    sheet = new_sheet("csv", PROMPTS)
    cli("run", sheet)
    place = tmp_path / "all.zip"
    assert cli("report", sheet, "--zip", place).code == 0
    with zipfile.ZipFile(place) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        page = archive.read("report.html").decode("utf-8")
    links = {
        unquote(row[name]) for row in rows_of(page) for name in ("video", "poster") if name in row
    }
    assert names == {"report.html", *links}


def test_small_videos_can_be_in_the_page_itself(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Then it needs no other file."""
    sheet = new_sheet("csv", ["First."])
    cli("run", sheet)
    assert cli("report", sheet, "--embed").code == 0
    (row,) = rows_of(page_of(sheet))
    assert row["video"].startswith("data:video/mp4;base64,")
    assert row["poster"].startswith("data:image/jpeg;base64,")


def test_a_ledger_that_names_other_files_gets_none_of_them(
    cli: Cli, service: Service, new_sheet: NewSheet, tmp_path: Path
) -> None:
    """A folder that came with a sheet is not trusted: only what is a video is linked or packed."""
    sheet = new_sheet("csv", ["First."])
    cli("run", sheet)
    secret = tmp_path / "secret.mp4"
    secret.write_text("not a video", encoding="utf-8")
    with sqlite3.connect(sheet.sidecar / "ledger.sqlite") as ledger:
        ledger.execute("UPDATE jobs SET video_file = ?", (str(secret),))
        ledger.execute("UPDATE attempts SET video_file = ?", (str(secret),))
    ledger.close()
    place = tmp_path / "all.zip"
    assert cli("report", sheet, "--zip", place).code == 0
    with zipfile.ZipFile(place) as archive:
        assert not [name for name in archive.namelist() if name.startswith("videos/")]


def test_a_sheet_that_was_never_run_has_no_gallery(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """It is said in a sentence, and nothing is written."""
    sheet = new_sheet(kind, PROMPTS)
    done = cli("report", sheet)
    assert done.code == 2
    assert "never run" in done.err
    assert not sheet.sidecar.exists()


def test_what_is_shared_can_leave_out_what_is_nobody_s_business(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str, tmp_path: Path
) -> None:
    """Neither page nor sheet nor any name in the archive holds prompts, costs or the provider's ids."""
    sheet = new_sheet(kind, PROMPTS, columns={"Client": ["ACME"] * 3})
    cli("run", sheet)
    place = tmp_path / "out.zip"
    done = cli("share", sheet, "--to", place, "--no-prompts", "--no-costs", "--no-ids")
    assert (done.code, done.err) == (0, "")
    with zipfile.ZipFile(place) as archive:
        archive.extractall(tmp_path / "out")
        names = archive.namelist()
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    shared = Sheet(tmp_path / "out" / sheet.path.name)
    told = json.dumps([rows_of(page), shared.grid(), names])
    secrets = [*PROMPTS, "ACME", "https://", *(task["task_id"] for task in service.accepted())]
    assert [one for one in secrets if one in told] == []
    assert "cost" not in told
    assert shared.column("status") == ["succeeded", "failed", "succeeded"]
    assert (tmp_path / "out" / shared.column("video_file")[0]).is_file()


def test_a_shared_sheet_holds_rows_and_results(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """A text that looks like a formula is none in it."""
    sheet = new_sheet(kind, ["First.", "@SUM(1)"])
    cli("run", sheet)
    assert cli("share", sheet).code == 0
    with zipfile.ZipFile("campaign.share.zip") as archive:
        archive.extract(sheet.path.name, "out")
    rows = Sheet(Path("out") / sheet.path.name).rows()
    assert [row["prompt"].lstrip("'") for row in rows] == ["First.", "@SUM(1)"]
    assert [row["task_id"] for row in rows] == sheet.column("task_id")


def test_an_archive_takes_the_place_of_no_other_file(
    cli: Cli, service: Service, new_sheet: NewSheet, tmp_path: Path
) -> None:
    """Not of the sheet, nor of anybody's archive; an earlier one of its own it replaces."""
    sheet = new_sheet("xlsx", ["First."])
    cli("run", sheet)
    before = sheet.path.read_bytes()
    others = tmp_path / "others.zip"
    others.write_bytes(before)
    for place in (sheet.path, others, tmp_path / "nowhere" / "a.zip"):
        assert cli("report", sheet, "--zip", place).code == 2
    assert sheet.path.read_bytes() == others.read_bytes() == before
    for _ in range(2):
        assert cli("share", sheet).code == 0
