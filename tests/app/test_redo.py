"""Another take of a row: wished for once, paid once, and the take before it is never lost."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.app.conftest import Cli, NewSheet, Service
from tests.app.sheets import Cell, Grid, Sheet

PROMPTS = ["First.", "Second.", "Third."]
FAILS = "Second. [sandbox:fails-from-2]"


def decide(sheet: Sheet, line: int, word: Cell) -> None:
    """Somebody writes a decision beside a row."""

    def change(grid: Grid) -> None:
        grid[line - 1][grid[0].index("decision")] = word

    sheet.edit(change)


def with_decisions(new_sheet: NewSheet, kind: str, words: Sequence[Cell] = ("", "", "")) -> Sheet:
    """A sheet with a column for decisions."""
    return new_sheet(kind, PROMPTS, columns={"decision": words})


def takes(cli: Cli, sheet: Sheet, row: int) -> list[dict[str, Any]]:
    """What ``status --row`` tells of a row's takes."""
    (job,) = cli("status", sheet, "--row", row, "--json").json["jobs"]
    found: list[dict[str, Any]] = job["attempts"]
    return found


def test_a_redo_makes_another_video_and_keeps_the_first(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """The row shows the new take; both files stay, both costs count, a new seed is recorded."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    before = {row["prompt"]: row for row in sheet.rows()}

    again = cli("redo", sheet, "3", "--note", "softer light")

    assert again.code == 0, again.err
    assert service.bought() == {"First.": 1, "Second.": 2, "Third.": 1}
    row = sheet.row("Second.")
    assert sheet.shows_its_own_video(row)
    assert row["status"] == "succeeded"
    assert row["video_file"] != before["Second."]["video_file"]
    assert (sheet.path.parent / before["Second."]["video_file"]).exists()
    assert float(row["cost_usd"]) == pytest.approx(2 * float(before["Second."]["cost_usd"]))
    assert sheet.row("First.") == before["First."]
    first, second = takes(cli, sheet, 3)
    assert first["seed"] is None
    assert first["video_file"] == before["Second."]["video_file"]
    assert first["video_url"] == before["Second."]["video_url"]
    assert isinstance(second["seed"], int)
    assert service.accepted()[-1]["body"]["seed"] == second["seed"]
    assert (second["note"], second["shown"], first["shown"]) == ("softer light", True, False)
    told = cli("status", sheet, "--row", "3").out
    assert "Takes:" in told
    assert "softer light" in told
    assert cli("check", sheet, "--json").json["differing"] == 0


def test_each_redo_has_a_seed_of_its_own_and_a_given_one_is_believed(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Further takes differ; --seed is sent as given; a row's own seed stays unless --new-seed."""
    sheet = new_sheet("csv", PROMPTS, columns={"seed": ["", "", 5]})
    cli("run", sheet)

    for _ in range(2):
        assert cli("redo", sheet, "2").code == 0
    assert cli("redo", sheet, "2", "--seed", "42").code == 0
    assert cli("redo", sheet, "4").code == 0
    assert cli("redo", sheet, "4", "--new-seed").code == 0

    seeds = [task["body"].get("seed") for task in service.accepted()[3:]]
    assert len({*seeds[:2], 42}) == 3
    assert seeds[2:4] == [42, 5]
    assert seeds[4] not in {None, 5}


@pytest.mark.parametrize("word", ["redo", "Redo seed 7", "やり直し", "重做 1 seed=7", "重新生成"])
def test_a_decision_cell_is_obeyed_once_and_emptied(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str, word: str
) -> None:
    """Run makes another take of the row, blanks the cell, and buys nothing more the next time."""
    sheet = with_decisions(new_sheet, kind)
    cli("run", sheet)
    decide(sheet, 3, word)

    planned = cli("run", sheet, "--dry-run")
    assert "1 once more" in planned.out + planned.err
    assert cli("run", sheet).code == 0

    assert service.bought()["Second."] == 2
    assert sheet.column("decision") == ["", "", ""]
    assert cli("run", sheet).code == 0
    assert service.bought() == {"First.": 1, "Second.": 2, "Third.": 1}


def test_a_row_that_asks_for_a_redo_before_it_was_made_is_made_once(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """The first video is what such a cell gets; it is emptied."""
    sheet = with_decisions(new_sheet, kind, ["redo", "", ""])

    for _ in range(2):
        assert cli("run", sheet).code == 0

    assert service.bought() == dict.fromkeys(PROMPTS, 1)
    assert sheet.column("decision") == ["", "", ""]


def test_skipped_and_rejected_rows_are_not_made_and_kept_ones_not_bought_again(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """Skip and reject hold as long as they stand there; keep guards against --changed."""
    sheet = with_decisions(new_sheet, kind, ["跳过", "不採用", "採用"])

    assert cli("run", sheet).code == 0
    assert sheet.column("status") == ["skipped", "skipped", "succeeded"]
    assert sheet.column("decision") == ["跳过", "不採用", "採用"]
    assert cli("retry", sheet, "--changed", "--set", "duration=8").code == 0

    assert service.bought() == {"Third.": 1}


def test_a_decision_nobody_knows_is_a_warning(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """A column of that name may be the user's own: what it says is ignored, and said."""
    sheet = with_decisions(new_sheet, kind, ["approved by Bo", "", ""])

    checked = cli("check", sheet)
    ran = cli("run", sheet)

    assert checked.code == ran.code == 0
    assert "C2: warning" in checked.out + checked.err
    assert sheet.column("decision") == ["approved by Bo", "", ""]
    assert service.bought() == dict.fromkeys(PROMPTS, 1)


def test_a_redo_that_fails_leaves_the_take_before_it_in_its_row(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """Link, file and task are those of the good take, the error says what happened; exit is 1."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    before = sheet.row("Second.")
    service.misbehave("failed")

    again = cli("redo", sheet, "3", "--json")

    assert again.code == 1
    assert again.json["new"] == {"failed": 1}
    row = sheet.row("Second.")
    assert row["error"].startswith("redo failed, the video before it stays: ")
    for name in ("status", "video_url", "video_file", "task_id", "finished_at"):
        assert row[name] == before[name]
    assert sheet.shows_its_own_video(row)
    assert takes(cli, sheet, 3)[1]["error"]

    service.misbehave()
    assert cli("run", sheet).code == 0  # it was told; nothing is to be done
    assert service.bought()["Second."] == 2
    assert cli("redo", sheet, "3").code == 0
    assert [take["n"] for take in takes(cli, sheet, 3)] == [1, 2, 3]
    assert sheet.row("Second.")["error"] == ""
    assert sheet.row("Second.")["task_id"] != before["task_id"]


def test_rows_that_cannot_be_made_anew_are_refused_all_at_once(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Unknown rows and rows that were never made are named with the reason; nothing is sent."""
    sheet = new_sheet("csv", ["Fine.", "Lost. [sandbox:accept-then-drop]"])
    assert cli("run", sheet).code == 1
    sheet.edit(lambda grid: [*grid, ["New.", grid[1][1]]])

    refused = cli("redo", sheet, "2-4")
    nobody = cli("redo", sheet, "99")

    assert refused.code == nobody.code == 2
    assert "row 3" in refused.err
    assert "'batch-runner resolve' first" in refused.err
    assert "row 4: it was not made yet" in refused.err
    assert "no row" in nobody.err
    assert len(service.accepted()) == 2


def test_a_redo_is_planned_and_holds_to_the_budget(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """--max-cost and the sheet's budget count takes as any other video; the wish waits."""
    sheet = with_decisions(new_sheet, "csv")
    cli("run", sheet)
    spent = service.charged()
    decide(sheet, 2, "redo")

    dear = cli("run", sheet, "--max-cost", "0.001")
    over = cli("run", sheet, "--budget", f"{spent + 0.001:.4f}")

    assert dear.code == 2
    assert over.code == 3
    assert sheet.column("decision")[0] == "redo"
    assert sheet.row("First.")["video_file"]
    assert cli("run", sheet).code == 0
    assert service.bought()["First."] == 2
    assert sheet.column("decision")[0] == ""


@pytest.mark.parametrize("word", ["", "keep", "skip"])
def test_a_redo_taken_back_before_it_was_sent_is_not_made(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str, word: str
) -> None:
    """While its budget does not let it go, another word in the cell takes the wish back."""
    sheet = with_decisions(new_sheet, kind)
    cli("run", sheet)
    before = sheet.row("First.")
    decide(sheet, 2, "redo")
    assert cli("run", sheet, "--budget", f"{service.charged() + 0.001:.4f}").code == 3
    decide(sheet, 2, word)

    assert cli("run", sheet).code == 0

    assert service.bought() == dict.fromkeys(PROMPTS, 1)
    assert sheet.row("First.") == {**before, "decision": word}


def test_rows_are_named_by_their_keys_too(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Any
) -> None:
    """A redo knows a row by the user's own id."""
    sheet = new_sheet("csv", PROMPTS, columns={"SKU": ["s1", "s2", "s3"]})
    configure(sheet, key="SKU")
    cli("run", sheet)

    assert cli("redo", sheet, "s3,2").code == 0

    assert service.bought() == {"First.": 2, "Second.": 1, "Third.": 2}


def test_the_same_redo_after_an_interruption_buys_nothing_twice(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A redo that stopped early is gone on with by the same command; a finished one is a new wish."""
    sheet = new_sheet("csv", PROMPTS)
    cli("run", sheet)
    room = float(sheet.row("First.")["cost_usd"]) * 1.5
    stopped = cli("redo", sheet, "2-4", "--budget", f"{service.charged() + room:.4f}")
    assert stopped.code == 3

    assert cli("redo", sheet, "2-4").code == 0
    assert service.bought() == dict.fromkeys(PROMPTS, 2)
    assert cli("redo", sheet, "2-4").code == 0
    assert service.bought() == dict.fromkeys(PROMPTS, 3)


def test_a_decision_that_cannot_be_emptied_is_obeyed_once(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A formula of the user's stays where it is, and buys one more take, not one each run."""
    sheet = with_decisions(new_sheet, "xlsx")
    cli("run", sheet)
    book = openpyxl.load_workbook(sheet.path)
    page = book.worksheets[0]
    page["C2"] = '="re"&"do"'
    book.save(sheet.path)
    stored(sheet.path, "C2", "redo")

    for _ in range(3):
        cli("run", sheet)

    assert service.bought() == {**dict.fromkeys(PROMPTS, 1), "First.": 2}
    kept = openpyxl.load_workbook(sheet.path)
    assert kept.worksheets[0]["C2"].value == '="re"&"do"'
    kept.close()
    book.close()


def stored(path: Path, cell: str, value: str) -> None:
    """Put the stored result of a formula into a workbook, as a spreadsheet program does."""
    fresh = path.with_name("stored.tmp")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(fresh, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                place = re.search(
                    rb'<c r="%b"([^>]*)>(<f>.*?</f>)<v ?/?>(</v>)?' % cell.encode(), data
                )
                assert place is not None, data
                put = b'<c r="%b" t="str">%b<v>%b</v>' % (cell.encode(), place[2], value.encode())
                data = data.replace(place[0], put)
            new.writestr(name, data)
    fresh.replace(path)
