"""What is finished is never bought again, whatever is changed around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tests.app.conftest import IMAGE, Cli, Configure, NewSheet, Service
from tests.app.sheets import OUT, Grid

PROMPTS = ["First.", "Second.", "Third."]
ONCE = dict.fromkeys(PROMPTS, 1)


def _sorted(grid: Grid) -> Grid:
    return [grid[0], *reversed(grid[1:])]


def _inserted(grid: Grid) -> Grid:
    return [grid[0], [""] * len(grid[0]), *grid[1:]]


def _deleted(grid: Grid) -> Grid:
    return [grid[0], *grid[2:]]


def _title_above(grid: Grid) -> Grid:
    return [["Spring campaign"], [], *grid]


def _noted(grid: Grid) -> Grid:
    return [
        [f"new {i}" if c == 2 else v for c, v in enumerate(line)] for i, line in enumerate(grid)
    ]


def _columns_swapped(grid: Grid) -> Grid:
    return [[line[2], line[1], line[0], *line[3:]] for line in grid]


def _results_cleared(grid: Grid) -> Grid:
    return [grid[0], *([*line[:3], *[""] * len(OUT)] for line in grid[1:])]


def _results_removed(grid: Grid) -> Grid:
    return [line[:3] for line in grid]


def _spaced(grid: Grid) -> Grid:
    return [grid[0], *([f"  {line[0]} ", *line[1:]] for line in grid[1:])]


@pytest.mark.parametrize(
    "change",
    [
        _sorted,
        _inserted,
        _deleted,
        _title_above,
        _noted,
        _columns_swapped,
        _results_cleared,
        _results_removed,
        _spaced,
    ],
)
def test_edits_around_a_row_buy_nothing(
    cli: Cli,
    service: Service,
    new_sheet: NewSheet,
    kind: str,
    change: Callable[[Grid], Grid],
) -> None:
    """Rows may be sorted, inserted above, deleted and noted beside: nothing is bought again."""
    sheet = new_sheet(kind, PROMPTS, columns={"Note": ["a", "b", "c"]})
    cli("run", sheet)

    sheet.edit(change)
    again = cli("run", sheet)

    assert again.code == 0, again.err
    assert service.bought() == ONCE
    grid = sheet.grid()
    top = next(i for i, line in enumerate(grid) if "prompt" in line)
    head = grid[top]
    for line in grid[top + 1 :]:
        prompt = str(line[head.index("prompt")] or "").strip()
        if prompt:
            assert line[head.index("task_id")] == service.task_of(prompt)


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        (["--set", "duration=8"], {}),
        (["--set", "model=viduq3-mix"], {}),
        ([], {"defaults": {"duration": 8, "aspect_ratio": "9:16"}}),
        ([], {"defaults": {"seed": 7}}),
        ([], {"output": {"time_zone": "Asia/Tokyo"}}),
        (["--no-download"], {}),
        (["--videos", "elsewhere"], {}),
        (["--concurrency", "2", "--rate", "600/min"], {}),
    ],
)
def test_settings_buy_nothing_again(
    cli: Cli,
    service: Service,
    new_sheet: NewSheet,
    configure: Configure,
    options: Sequence[str],
    settings: dict[str, Any],
) -> None:
    """A default, an option or the config changed: what is finished stays as it is."""
    sheet = new_sheet("csv", PROMPTS)
    cli("run", sheet)
    before = sheet.column("task_id")

    configure(sheet, **settings)
    again = cli("run", sheet, *options)

    assert again.code == 0
    assert service.bought() == ONCE
    assert sheet.column("task_id") == before


def test_changed_settings_are_counted_and_bought_only_on_demand(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """Check says how many finished rows would differ; retry --changed buys exactly those."""
    sheet = new_sheet(kind, PROMPTS, columns={"duration": [4, "", ""]})
    cli("run", sheet)
    old = {row["prompt"]: row for row in sheet.rows()}

    counted = cli("check", sheet, "--set", "duration=8", "--json")
    bought = cli("retry", sheet, "--changed", "--set", "duration=8")

    assert counted.json["differing"] == 2
    assert bought.code == 0
    assert service.bought() == {"First.": 1, "Second.": 2, "Third.": 2}
    assert [task["body"]["duration"] for task in service.accepted()] == [4, 5, 5, 8, 8]
    keys = [task["idempotency_key"] for task in service.accepted()]
    assert len(set(keys)) == 5
    assert sheet.row("First.") == old["First."]
    new = sheet.row("Second.")
    assert new["task_id"] != old["Second."]["task_id"]
    assert new["video_file"] != old["Second."]["video_file"]
    assert len(sheet.videos) == 5  # what was paid before is kept
    assert sum(map(float, sheet.column("cost_usd"))) == pytest.approx(service.charged())


def test_a_status_column_of_the_users_stays_theirs(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """Their own Status is neither written nor read as ours; ours is batch_status, said once."""
    own = ["approved", "failed", "draft"]
    sheet = new_sheet(kind, PROMPTS, columns={"Status": own})

    first = cli("run", sheet)
    again = cli("run", sheet)

    assert first.code == again.code == 0
    assert "batch_status" in first.err
    assert "batch_status" not in again.err
    assert sheet.column("Status") == own
    assert sheet.column("batch_status") == ["succeeded"] * 3
    assert service.bought() == ONCE


def test_renamed_headers_are_the_same_rows(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """Headers renamed, and mapped by columns: the rows are what they were."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)

    def renamed(grid: Grid) -> None:
        grid[0][0], grid[0][1] = "Story", "Photo"

    sheet.edit(renamed)
    configure(sheet, columns={"prompt": "Story", "image_urls": "Photo"})
    again = cli("run", sheet)

    assert again.code == 0
    assert service.bought() == ONCE


def test_a_key_column_named_later_takes_over(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """key: switched on later knows the rows by what they hold, once; then by their key alone."""
    sheet = new_sheet(kind, PROMPTS, columns={"SKU": ["s1", "s2", "s3"]})
    cli("run", sheet)
    configure(sheet, key="SKU")

    assert cli("run", sheet).code == 0
    sheet.edit(lambda grid: grid[1].__setitem__(0, "First, edited."))
    again = cli("run", sheet)

    assert again.code == 0
    assert service.bought() == ONCE
    assert sheet.row("First, edited.")["task_id"] == service.task_of("First.")


def test_an_edited_row_is_a_new_job_and_its_old_cost_counts(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """Edited, a row is made anew and paid once; what it cost before stays counted."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)

    sheet.edit(lambda grid: grid[2].__setitem__(0, "Second, edited."))
    again = cli("run", sheet)

    assert again.code == 0
    assert service.bought() == {**ONCE, "Second, edited.": 1}
    assert sheet.row("Second, edited.")["task_id"] == service.task_of("Second, edited.")
    assert sheet.row("First.")["task_id"] == service.task_of("First.")
    status = cli("status", sheet, "--json").json
    assert status["rows"] == 3
    assert status["cost_usd"] == pytest.approx(service.charged())
    assert sum(map(float, sheet.column("cost_usd"))) < service.charged()


def test_a_new_row_is_sent_and_only_that(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """A row put in between two finished ones is the only one that is sent."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)

    sheet.edit(lambda grid: [*grid[:2], ["Between.", IMAGE], *grid[2:]])
    again = cli("run", sheet)

    assert again.code == 0
    assert service.bought() == {**ONCE, "Between.": 1}
    assert sheet.column("prompt") == ["First.", "Between.", "Second.", "Third."]
    assert sheet.column("status") == ["succeeded"] * 4
