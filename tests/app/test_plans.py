"""A plan says what would be done, has an id, and a run may be held to it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.app.conftest import Cli, Configure, NewSheet, Service
from tests.app.sheets import Sheet

PROMPTS = ["Line 2.", "Line 3.", "Line 4.", "Line 5."]


def plan_of(cli: Cli, sheet: Sheet, *options: str) -> str:
    """The id of the plan that a run would be."""
    return str(cli("run", sheet, "--dry-run", "--json", *options).json["plan"]["id"])


def test_a_plan_is_one_document_for_programs(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Rows by state and by model, costs with the price's date, what the filter leaves out, an id."""
    sheet = new_sheet(
        "csv",
        PROMPTS,
        columns={
            "duration": [5, 5, 99, 5],
            "skip": ["", "", "", "yes"],
            "model": ["viduq3", "viduq3-mix", "viduq3", "viduq3"],
        },
    )

    plan = cli("run", sheet, "--dry-run", "--json", "--only", "2-5").json["plan"]
    checked = cli("check", sheet, "--json").json

    assert checked["plan"] == {**plan, "seconds": checked["plan"]["seconds"]}
    assert (plan["rows"], plan["new"], plan["submits"], plan["invalid"]) == (4, 2, 2, 1)
    assert plan["left_out"] == {"rows": 1, "by": {"skip": 1}}
    assert [part["model"] for part in plan["models"]] == ["viduq3", "viduq3-mix"]
    assert all(part["priced_on"] for part in plan["models"])
    highs = [part["estimated_usd"]["high"] for part in plan["models"]]
    assert plan["estimated_usd"]["high"] == pytest.approx(sum(highs))
    assert len(checked["problems"]) == 1
    assert service.accepted() == []


def test_a_plan_is_a_table_for_people(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """Check and --dry-run show the same table, and the id that --plan takes."""
    sheet = new_sheet("xlsx", PROMPTS, columns={"model": ["viduq3", "viduq3-mix"] * 2})

    shown = [cli("check", sheet).out, cli("run", sheet, "--dry-run").out]

    for text in shown:
        assert "viduq3-mix  2" in text
        assert f"Plan {plan_of(cli, sheet)}" in text


def test_what_is_wrong_with_a_sheet_is_listed_one_by_one(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Check --json of several sheets is one whole document, whatever is wrong with which."""
    good, bad = new_sheet("csv", PROMPTS), new_sheet("csv", ["x"], name="bad")
    gone = Sheet(Path("gone.csv"))

    checked = cli("check", good, bad, gone, "--json")

    assert checked.code == 2
    assert [one.get("error", {}).get("code") for one in checked.json["sheets"]] == [
        None,
        None,
        "sheet_missing",
    ]


def test_the_same_plan_has_the_same_id(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """Sorting, other columns, pace and account do not change it; rows, requests and service do."""
    sheet = new_sheet(kind, PROMPTS, columns={"note": ["a", "b", "c", "d"]})
    first = plan_of(cli, sheet)

    sheet.edit(lambda grid: [grid[0], *reversed(grid[1:])])
    sheet.edit(lambda grid: [[c if c != "b" else "x" for c in line] for line in grid])
    configure(sheet, limits={"concurrency": 3}, retry={"failed_tasks": 1})
    assert plan_of(cli, sheet) == first

    others = {
        plan_of(cli, sheet, "--set", "duration=8"),
        plan_of(cli, sheet, "--limit", "2"),
        plan_of(cli, sheet, "--base-url", "http://127.0.0.1:9"),
    }
    sheet.edit(lambda grid: [[c if c != "Line 3." else "New." for c in line] for line in grid])
    others.add(plan_of(cli, sheet))
    assert len({first, *others}) == 5


def test_a_run_is_held_to_its_plan(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """Another plan leaves with 2 and says what differs; the right one runs."""
    sheet = new_sheet("csv", PROMPTS)
    agreed = plan_of(cli, sheet)

    other = cli("run", sheet, "--plan", agreed, "--set", "duration=8")
    assert other.code == 2
    assert "the same rows, but other requests" in other.err
    sheet.edit(lambda grid: [*grid, ["One more.", *grid[1][1:]]])
    more = cli("run", sheet, "--plan", agreed)
    assert more.code == 2
    assert "5 videos instead of 4" in more.err
    assert service.accepted() == []
    sheet.edit(lambda grid: grid[:-1])

    assert cli("run", sheet, "--plan", agreed).code == 0
    assert service.bought() == dict.fromkeys(PROMPTS, 1)
    assert cli("run", sheet, "--plan", agreed).code == 0  # nothing is left of it
    assert len(service.accepted()) == 4


def test_a_plan_that_was_broken_off_goes_on_by_the_same_command(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """What is left of it is sent, never more than it had, also where a limit chooses."""
    sheet = new_sheet("csv", PROMPTS)
    agreed = plan_of(cli, sheet, "--limit", "3")
    configure(sheet, budget={"run_usd": 0.5})  # enough for one
    assert cli("run", sheet, "--limit", "3", "--plan", agreed).code == 3
    assert len(service.accepted()) == 1
    configure(sheet)

    assert cli("run", sheet, "--limit", "3", "--plan", agreed).code == 0

    assert service.bought() == dict.fromkeys(PROMPTS[:3], 1)
    assert cli("run", sheet, "--limit", "3", "--plan", agreed).code == 0
    assert len(service.accepted()) == 3


def test_a_plan_is_of_one_ledger(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """Where the ledger is lost, what was made is not bought again in the name of its plan."""
    sheet = new_sheet("csv", PROMPTS)
    agreed = plan_of(cli, sheet, "--limit", "2")
    assert cli("run", sheet, "--limit", "2", "--plan", agreed).code == 0
    shutil.rmtree(sheet.sidecar)

    assert cli("run", sheet, "--limit", "2", "--plan", agreed).code == 2

    assert len(service.accepted()) == 2


@pytest.mark.parametrize("text", ["", "12", "4-zzzzzzzz-00000000", "--yes"])
def test_what_is_no_plan_id_is_refused(
    cli: Cli, service: Service, new_sheet: NewSheet, text: str
) -> None:
    """Exit 2, with an example of one."""
    sheet = new_sheet("csv", PROMPTS)
    assert cli("run", sheet, f"--plan={text}").code == 2
    assert service.accepted() == []


@pytest.mark.parametrize("how", ["option", "config"])
def test_nothing_is_sent_above_what_nobody_confirmed(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, how: str
) -> None:
    """Off a terminal it is refused, --yes or not; below, and in a rehearsal, it just runs."""
    sheet = new_sheet("csv", PROMPTS)
    options = ["--confirm-above", "1"] if how == "option" else []
    if how == "config":
        configure(sheet, budget={"confirm_above_usd": 1})

    refused = cli("run", sheet, "--yes", *options)
    assert refused.code == 2
    assert "somebody has to confirm" in refused.err
    assert service.accepted() == []

    assert cli("run", sheet, "--limit", "1", *options).code == 0
    assert len(service.accepted()) == 1


def test_sheets_of_a_command_are_confirmed_together(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """The sheet that brings the sum above it is refused, the ones before it run."""
    sheets = [new_sheet("csv", PROMPTS[:2], name=name) for name in ("a", "b")]

    both = cli("run", *sheets, "--at-once", "1", "--confirm-above", "1.5")

    assert both.code == 2
    assert len(service.accepted()) == 2


def test_lines_without_a_row_are_said(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """--only 99 is no run that silently does nothing."""
    sheet = new_sheet("csv", PROMPTS)
    for command in (["run", sheet], ["check", sheet], ["retry", sheet, "--rows=99"]):
        only = [] if command[0] == "retry" else ["--only", "99,200-300"]
        refused = cli(*command, *only)
        assert refused.code == 2
        assert "no row to run at" in refused.err
    some = cli("run", sheet, "--only", "2,99")
    assert some.code == 0
    assert "no row to run at line 99" in some.err
    assert service.bought() == {"Line 2.": 1}
