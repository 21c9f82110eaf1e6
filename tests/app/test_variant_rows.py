"""Further variants as rows of a list beside the sheet: made once, never lost, nobody's overwritten."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.app.conftest import Cli, Configure, NewSheet, Service
from tests.app.sheets import Grid, Sheet

PROMPTS = ["First.", "Second."]
ROWS = {"variants": "rows"}


def listing_of(sheet: Sheet) -> Path:
    """Where its list is."""
    return sheet.path.with_name(f"{sheet.path.stem}.variants.csv")


def listed(sheet: Sheet) -> list[dict[str, str]]:
    """The lines of its list."""
    with listing_of(sheet).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def numbered(sheet: Sheet) -> list[str]:
    """The headers of columns for further variants."""
    return [str(name) for name in sheet.grid()[0] if str(name).endswith(("_2", "_3"))]


def test_further_variants_are_lines_of_a_list(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """The sheet has the first ones and no column more; the list the others; a run again buys nothing."""
    sheet = new_sheet(kind, PROMPTS)
    configure(sheet, variants=3, output=ROWS)

    for _ in range(2):
        ran = cli("run", sheet)
        assert ran.code == 0, ran.err

    assert service.bought() == dict.fromkeys(PROMPTS, 3)
    assert numbered(sheet) == []
    assert sheet.column("status") == ["succeeded"] * 2
    lines = listed(sheet)
    assert [(line["row"], line["variant"]) for line in lines] == [
        ("2", "2"), ("2", "3"), ("3", "2"), ("3", "3"),
    ]  # fmt: skip
    assert {line["status"] for line in lines} == {"succeeded"}
    shown = [line["task_id"] for line in lines] + sheet.column("task_id")
    assert sorted(shown) == sorted(task["task_id"] for task in service.accepted())
    assert all((sheet.path.parent / line["video_file"]).is_file() for line in lines)
    assert listing_of(sheet).read_bytes().startswith(b"\xef\xbb\xbf")


def test_the_best_one_stands_in_the_sheet_and_the_first_in_the_list(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """Keep 2 changes their places; without the ledger both are known still."""
    sheet = new_sheet("csv", PROMPTS, columns={"decision": ["", ""]})
    configure(sheet, variants=2, output=ROWS)
    cli("run", sheet)
    first, second = sheet.row("First.")["task_id"], listed(sheet)[0]["task_id"]

    sheet.edit(lambda grid: grid[1].__setitem__(grid[0].index("decision"), "keep 2"))
    assert cli("run", sheet).code == 0

    for _ in range(2):
        assert sheet.row("First.")["task_id"] == second
        assert (listed(sheet)[0]["variant"], listed(sheet)[0]["task_id"]) == ("1", first)
        (sheet.sidecar / "ledger.sqlite").unlink()
        again = cli("run", sheet)
        assert again.code == 0, again.err
    assert service.bought() == dict.fromkeys(PROMPTS, 2)


@pytest.mark.parametrize("then", ["rows", "columns"])
def test_without_its_ledger_nothing_in_the_list_is_bought_again(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str, then: str
) -> None:
    """The marks in the list tell of each variant, also of equal rows sorted anew, in either mode."""
    sheet = new_sheet(kind, [*PROMPTS, "Second."])
    configure(sheet, variants=2, output=ROWS)
    cli("run", sheet)
    before = {task["task_id"] for task in service.accepted()}
    (sheet.sidecar / "ledger.sqlite").unlink()

    def turned(grid: Grid) -> Grid:
        return [grid[0], *reversed(grid[1:])]

    sheet.edit(turned)
    configure(sheet, variants=2, output={"variants": then})
    again = cli("run", sheet)

    assert again.code == 0, again.err
    assert {task["task_id"] for task in service.accepted()} == before
    assert len(service.accepted()) == 6
    if then == "rows":
        assert {line["status"] for line in listed(sheet)} == {"succeeded"}


def test_a_list_that_a_spreadsheet_program_saved_tells_as_much(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """With semicolons, as Excel saves in half of Europe."""
    sheet = new_sheet("csv", PROMPTS)
    configure(sheet, variants=2, output=ROWS)
    cli("run", sheet)
    lines = listed(sheet)
    with listing_of(sheet).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(lines)
    (sheet.sidecar / "ledger.sqlite").unlink()

    assert cli("run", sheet).code == 0

    assert service.bought() == dict.fromkeys(PROMPTS, 2)


def test_the_setting_may_change_and_nothing_is_bought_again(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """Rows to columns puts the list away; back, the columns stay, and both are current."""
    sheet = new_sheet(kind, PROMPTS)
    configure(sheet, variants=2, output=ROWS)
    cli("run", sheet)
    was = [line["task_id"] for line in listed(sheet)]

    configure(sheet, variants=2)
    assert cli("run", sheet).code == 0
    assert sheet.column("task_id_2") == was
    assert not listing_of(sheet).exists()
    assert (sheet.sidecar / "variants-1.csv").is_file()

    configure(sheet, variants=3, output=ROWS)
    assert cli("redo", sheet, "2/2").code == 0
    assert cli("run", sheet).code == 0
    assert sheet.column("task_id_2")[0] != was[0]
    assert "status_3" not in sheet.grid()[0]
    assert [line["task_id"] for line in listed(sheet) if line["variant"] == "2"] == sheet.column(
        "task_id_2"
    )
    assert service.bought() == {"First.": 4, "Second.": 3}


def test_what_no_row_asks_for_any_more_stays_in_the_list(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """Fewer variants, the ledger lost, more variants: those that were made are known."""
    sheet = new_sheet("csv", PROMPTS)
    configure(sheet, variants=2, output=ROWS)
    cli("run", sheet)
    configure(sheet, variants=1, output=ROWS)
    assert cli("run", sheet).code == 0
    assert [line["row"] for line in listed(sheet)] == ["", ""]
    configure(sheet, variants=2, output=ROWS)
    (sheet.sidecar / "ledger.sqlite").unlink()

    assert cli("run", sheet).code == 0

    assert service.bought() == dict.fromkeys(PROMPTS, 2)


@pytest.mark.parametrize("text", ["sku,variant\ns1,blue\n", ""])
def test_a_file_of_somebody_else_stays_and_nothing_is_sent(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, text: str
) -> None:
    """A file that has the list's name and is none is said; exit 2."""
    sheet = new_sheet("csv", PROMPTS)
    configure(sheet, variants=2, output=ROWS)
    listing_of(sheet).write_text(text, encoding="utf-8")

    refused = cli("run", sheet)

    assert refused.code == 2
    assert "campaign.variants.csv" in refused.err
    assert listing_of(sheet).read_text(encoding="utf-8") == text
    assert service.accepted() == []


def test_the_list_of_another_sheet_stays(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """Two sheets of one name and two kinds: the second is told so before anything is sent."""
    first, second = new_sheet("csv", PROMPTS), new_sheet("xlsx", ["Third."])
    for sheet in (first, second):
        configure(sheet, variants=2, output=ROWS)
    assert cli("run", first).code == 0

    refused = cli("run", second)

    assert refused.code == 2
    assert "campaign.csv" in refused.err
    assert service.bought() == dict.fromkeys(PROMPTS, 2)


def test_a_list_is_never_a_sheet(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """A folder leaves it out; named itself, the sheet's name is given; a real sheet of that name runs."""
    sheet = new_sheet(kind, PROMPTS)
    configure(sheet, variants=2, output=ROWS)
    cli("run", sheet)

    assert cli("run", sheet.path.parent).code == 0
    named = cli("run", listing_of(sheet))
    assert named.code == 2
    assert sheet.path.name in named.err
    own = new_sheet("csv", ["Third."], name="shop.variants")
    assert cli("run", own).code == 0

    assert service.bought() == {"First.": 2, "Second.": 2, "Third.": 1}


def test_cells_of_the_list_are_no_formulas(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """A key that a spreadsheet program would calculate stands there as text."""
    sheet = new_sheet("csv", ["First."], columns={"SKU": ["=1+1"]})
    configure(sheet, key="SKU", variants=2, output=ROWS)

    assert cli("run", sheet).code == 0

    assert [line["key"] for line in listed(sheet)] == ["'=1+1"]


def test_a_listed_variant_of_which_nobody_knows_is_held(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """Sent, the answer lost, then the ledger: its mark in the list keeps it from being sent again."""
    sheet = new_sheet("csv", ["Lost. [sandbox:accept-then-drop]"])
    configure(sheet, variants=2, output=ROWS)
    assert cli("run", sheet).code == 1
    sent = len(service.accepted())
    (sheet.sidecar / "ledger.sqlite").unlink()

    assert cli("run", sheet).code == 1

    assert [line["status"] for line in listed(sheet)] == ["unknown"]
    assert len(service.accepted()) == sent


def test_a_rehearsal_leaves_the_list_of_the_sheet_alone(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """It has a list of its own, beside its copy of the sheet."""
    sheet = new_sheet("csv", PROMPTS)
    configure(sheet, variants=2, output=ROWS)
    for _ in range(2):
        assert cli("run", sheet, "--sandbox").code == 0
    assert not listing_of(sheet).exists()
    assert len(listed(Sheet(sheet.path.with_name("campaign.sandbox.csv")))) == 2
    assert service.accepted() == []


def test_the_list_moves_with_its_sheet(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """A renamed sheet goes on with the list under its own new name; none is left behind."""
    sheet = new_sheet("csv", PROMPTS)
    configure(sheet, variants=2, output=ROWS)
    cli("run", sheet)
    before = listed(sheet)
    new = Sheet(sheet.path.rename(sheet.path.with_name("renamed.csv")))

    assert cli("move", sheet, new).code == 0

    assert [line["task_id"] for line in listed(new)] == [line["task_id"] for line in before]
    assert not listing_of(sheet).exists()
    configure(new, variants=2, output=ROWS)
    assert cli("run", new).code == 0
    assert service.bought() == dict.fromkeys(PROMPTS, 2)
