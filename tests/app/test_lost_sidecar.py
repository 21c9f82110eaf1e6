"""No ledger but results in the sheet: what the sheet itself shows is not paid again."""

from __future__ import annotations

import shutil

from tests.app.conftest import Cli, NewSheet, Service
from tests.app.sheets import Grid, Sheet

PROMPTS = ["First.", "Second.", "Third."]
ONCE = dict.fromkeys(PROMPTS, 1)


def _forget(sheet: Sheet) -> None:
    shutil.rmtree(sheet.sidecar)


def test_marked_rows_are_adopted(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """The sidecar is lost: each row's task is looked at again, its video comes, nothing is paid."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    before = {row["prompt"]: row["task_id"] for row in sheet.rows()}
    _forget(sheet)

    again = cli("run", sheet)

    assert again.code == 0, again.err
    assert service.bought() == ONCE
    assert {row["prompt"]: row["task_id"] for row in sheet.rows()} == before
    assert all(sheet.shows_its_own_video(row) for row in sheet.rows())
    status = cli("status", sheet, "--json").json
    assert status["states"] == {"succeeded": 3}
    assert status["cost_usd"] > 1


def test_a_row_edited_since_is_new(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """A mark that fits no more says that the row was edited: it is a new job."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    _forget(sheet)

    sheet.edit(lambda grid: grid[2].__setitem__(0, "Second, edited."))
    again = cli("run", sheet)

    assert again.code == 0
    assert service.bought() == {**ONCE, "Second, edited.": 1}
    row = sheet.row("Second, edited.")
    assert row["task_id"] == service.task_of("Second, edited.")


def test_sent_without_an_id_is_held(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """A marked row that shows unknown, running or succeeded but no task id is held as unknown."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    _forget(sheet)

    def without_ids(grid: Grid) -> None:
        head = grid[0]
        for line, status in zip(grid[1:], ["unknown", "running", "succeeded"], strict=True):
            line[head.index("status")] = status
            line[head.index("task_id")] = ""

    sheet.edit(without_ids)
    again = cli("run", sheet)

    assert again.code == 1
    assert service.bought() == ONCE
    assert sheet.column("status") == ["unknown"] * 3
    assert all("resolve" in error for error in sheet.column("error"))


def test_a_failed_row_stays_failed(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """What failed before is not sent again by itself, ledger or not."""
    prompt = "Fails. [sandbox:failed]"
    sheet = new_sheet(kind, [prompt])
    cli("run", sheet)
    _forget(sheet)

    again = cli("run", sheet)

    assert again.code == 1  # news to this ledger
    assert sheet.column("status") == ["failed"]
    assert service.bought() == {prompt: 1}


def _without_marks(sheet: Sheet) -> None:
    def clear(grid: Grid) -> None:
        place = grid[0].index("job")
        for line in grid[1:]:
            line[place] = ""

    sheet.edit(clear)


def test_task_ids_that_nobody_vouches_for_stop_the_run(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """Task ids without job marks: exit 2 before anything is sent, and both ways on are named."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    _forget(sheet)
    _without_marks(sheet)
    before = sheet.path.read_bytes()

    refused = cli("run", sheet)

    assert refused.code == 2
    assert "--adopt" in refused.err
    assert "--ignore-results" in refused.err
    assert service.bought() == ONCE
    assert sheet.path.read_bytes() == before
    assert not sheet.sidecar.exists()


def test_adopt_takes_the_ids_as_they_stand(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """--adopt: these tasks are looked at and fetched, nothing is paid."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    _forget(sheet)
    _without_marks(sheet)

    adopted = cli("run", sheet, "--adopt")

    assert adopted.code == 0, adopted.err
    assert service.bought() == ONCE
    for row in sheet.rows():
        task = row.get("task_id") or row.get("batch_task_id")
        assert task == service.task_of(row["prompt"])


def test_ignore_results_makes_all_anew(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """--ignore-results: the user says that these rows are to be made, and paid, again."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    _forget(sheet)
    _without_marks(sheet)

    anew = cli("run", sheet, "--ignore-results")

    assert anew.code == 0
    assert service.bought() == dict.fromkeys(PROMPTS, 2)


def test_a_copied_row_is_a_row_of_its_own(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """A row copied with its results asks for a video of its own; the first keeps its task."""
    sheet = new_sheet(kind, PROMPTS)
    cli("run", sheet)
    task = service.task_of("First.")

    sheet.edit(lambda grid: [*grid, list(grid[1])])
    again = cli("run", sheet)

    assert again.code == 0
    assert service.bought() == {**ONCE, "First.": 2}
    tasks = sheet.column("task_id")
    assert tasks[0] == task
    assert tasks[3] != task
    assert all(sheet.shows_its_own_video(row) for row in sheet.rows())
