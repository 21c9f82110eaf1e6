"""The user saves the sheet while it runs: edits stay, results find their rows, nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.app.conftest import IMAGE, PATIENCE, Cli, Configure, NewSheet, Serve, Service
from tests.app.sheets import Grid, Sheet

PROMPTS = [f"Row {n}." for n in range(1, 7)]
SLOWLY = {"rate": "100/s", "concurrency": 2}


def _while_it_runs(
    cli: Cli, sheet: Sheet, service: Service, change: Callable[[Grid], Grid], after: int = 2
) -> int:
    """Run, and save the sheet changed once so many rows were accepted; gives the exit code."""
    over = threading.Event()

    def edit() -> None:
        for _ in range(int(PATIENCE / 0.02)):
            # Only once our columns stand in it: as a user would see and save the sheet.
            if len(service.accepted()) >= after and "job" in sheet.grid()[0]:
                sheet.edit(change)
                return
            if over.wait(0.02):
                break
        raise AssertionError("the run was over before the edit")

    with ThreadPoolExecutor(1) as pool:
        editing = pool.submit(edit)
        code = int(cli("run", sheet, "--save-every", "100ms").code)
        over.set()
        editing.result(PATIENCE)
    return code


@pytest.fixture
def slow(serve: Serve) -> Service:
    """A service whose tasks take long enough for an edit in between."""
    return serve(seconds=(0.5, 0.5))


def test_sorted_noted_and_widened_meanwhile(
    cli: Cli, slow: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """Sorted, commented on, and with a new column: every result is in its row, every edit stays."""
    sheet = new_sheet(kind, PROMPTS, columns={"Note": [""] * 6})
    configure(sheet, limits=SLOWLY)

    def change(grid: Grid) -> Grid:
        lines = [["New", *line] for line in reversed(grid[1:])]
        for n, line in enumerate(lines):
            line[0], line[3] = f"new {n}", f"note {n}"
        return [["Extra", *grid[0]], *lines]

    assert _while_it_runs(cli, sheet, slow, change) == 0
    assert slow.bought() == dict.fromkeys(PROMPTS, 1)
    assert sheet.column("prompt") == PROMPTS[::-1]
    assert sheet.column("Extra") == [f"new {n}" for n in range(6)]
    assert sheet.column("Note") == [f"note {n}" for n in range(6)]
    assert [row["task_id"] for row in sheet.rows()] == [slow.task_of(p) for p in PROMPTS[::-1]]
    assert all(sheet.shows_its_own_video(row) for row in sheet.rows())


def test_queued_rows_follow_the_sheet(
    cli: Cli, slow: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """Before its submit a deleted row leaves and an edited one is replaced; a new one waits."""
    sheet = new_sheet(kind, PROMPTS)
    configure(sheet, limits=SLOWLY)

    def change(grid: Grid) -> Grid:
        edited = ["Row 4, edited.", *grid[4][1:]]
        return [*grid[:4], edited, grid[6], ["Row 7, new.", IMAGE]]

    assert _while_it_runs(cli, sheet, slow, change) == 0
    first = ["Row 1.", "Row 2.", "Row 3.", "Row 4, edited.", "Row 6."]
    assert slow.bought() == dict.fromkeys(first, 1)
    assert sheet.row("Row 7, new.")["job"] == ""
    assert sheet.row("Row 4, edited.")["status"] == "succeeded"

    assert cli("run", sheet).code == 0
    assert slow.bought() == dict.fromkeys([*first, "Row 7, new."], 1)
    assert all(sheet.shows_its_own_video(row) for row in sheet.rows())


def test_a_row_edited_after_it_was_sent(
    cli: Cli, slow: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """A late result of the old text does not go into the edited row; its cost stays counted."""
    sheet = new_sheet("csv", PROMPTS[:2])
    configure(sheet, limits=SLOWLY)

    def change(grid: Grid) -> Grid:
        return [grid[0], ["Row 1, edited.", *grid[1][1:]], grid[2]]

    _while_it_runs(cli, sheet, slow, change)
    assert cli("run", sheet).code == 0

    assert slow.bought() == {"Row 1.": 1, "Row 2.": 1, "Row 1, edited.": 1}
    assert sheet.row("Row 1, edited.")["task_id"] == slow.task_of("Row 1, edited.")
    assert all(sheet.shows_its_own_video(row) for row in sheet.rows())
    status = cli("status", sheet, "--json").json
    assert status["cost_usd"] == pytest.approx(slow.charged())


def test_results_appear_while_it_runs(
    cli: Cli, serve: Serve, new_sheet: NewSheet, configure: Configure
) -> None:
    """Long before the end the first finished rows show their links, the others that they wait."""
    slow = serve(seconds=(0.2, 0.2))
    sheet = new_sheet("xlsx", PROMPTS)
    configure(sheet, limits={"rate": "100/s", "concurrency": 1}, save_every="50ms")
    seen: list[list[str]] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            seen.append(sheet.column("status"))

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        code = cli("run", sheet).code
        over.set()
        watching.result(PATIENCE)

    assert code == 0
    assert any("succeeded" in shown and "queued" in shown for shown in seen)
    assert any("running" in shown for shown in seen)
    # Whenever it was read, it was whole.
    assert all(len(shown) == len(PROMPTS) for shown in seen)
    assert len(slow.accepted()) == 6
