"""Workbooks of several worksheets."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from tests.app.conftest import IMAGE, Cli, Service
from tests.app.sheets import Sheet

Pages = dict[str, list[str]]


@pytest.fixture
def book() -> Path:
    """A workbook with two worksheets of rows and one of notes."""
    path = Path("campaign.xlsx").absolute()
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for name, prompts in {"Spring": ["S1.", "S2."], "Autumn": ["A1."]}.items():
        page = made.create_sheet(name)
        page.append(["prompt", "image_urls"])
        for prompt in prompts:
            page.append([prompt, IMAGE])
    made.create_sheet("Notes").append(["Budget", 100])
    made.save(path)
    path.with_suffix(".yaml").write_text("poll: {first: 10ms, min: 10ms, max: 50ms}\n")
    return path


def _statuses(path: Path, name: str) -> list[object]:
    page = openpyxl.load_workbook(path)[name]
    head = [cell.value for cell in page[1]]
    if "status" not in head:
        return []
    return [page.cell(row, head.index("status") + 1).value for row in range(2, page.max_row + 1)]


def test_several_need_to_be_told_apart(cli: Cli, service: Service, book: Path) -> None:
    """Two worksheets with prompts: exit 2 with their names and row counts, nothing is sent."""
    refused = cli("run", book)

    assert refused.code == 2
    assert "'Spring' (2 rows)" in refused.err
    assert "'Autumn' (1 row" in refused.err
    assert "Notes" not in refused.err
    assert "--sheet" in refused.err
    assert service.accepted() == []
    assert not Sheet(book).sidecar.exists()


def test_one_is_named(cli: Cli, service: Service, book: Path) -> None:
    """--sheet NAME runs that one and leaves the others as they are."""
    assert cli("run", book, "--sheet", "Autumn").code == 0

    assert service.bought() == {"A1.": 1}
    assert _statuses(book, "Autumn") == ["succeeded"]
    assert _statuses(book, "Spring") == []


def test_all_are_taken(cli: Cli, service: Service, book: Path) -> None:
    """--sheet all runs every worksheet with prompts; again, nothing is bought."""
    codes = [cli("run", book, "--sheet", "all").code for _ in range(2)]

    assert codes == [0, 0]
    assert service.bought() == {"S1.": 1, "S2.": 1, "A1.": 1}
    assert _statuses(book, "Spring") == ["succeeded"] * 2
    assert _statuses(book, "Autumn") == ["succeeded"]
    assert [cell.value for cell in openpyxl.load_workbook(book)["Notes"][1]] == ["Budget", 100]


def test_a_limit_counts_over_all_of_them(cli: Cli, service: Service, book: Path) -> None:
    """--limit means so many videos, not so many a worksheet."""
    assert cli("run", book, "--sheet", "all", "--limit", "2").code == 0
    assert len(service.accepted()) == 2


def test_one_after_the_other(cli: Cli, service: Service, book: Path) -> None:
    """Each worksheet has a memory of its own; a run over one does not forget the other."""
    cli("run", book, "--sheet", "Spring")
    cli("run", book, "--sheet", "Autumn")

    again = cli("run", book, "--sheet", "all")

    assert again.code == 0
    assert service.bought() == {"S1.": 1, "S2.": 1, "A1.": 1}


def test_a_renamed_worksheet_is_the_same(cli: Cli, service: Service, book: Path) -> None:
    """It is recognised by its rows: nothing is bought again, and a new row finds its place."""
    cli("run", book, "--sheet", "all")
    made = openpyxl.load_workbook(book)
    made["Spring"].title = "Spring 2027"
    made["Spring 2027"].append(["S3.", IMAGE])
    made.save(book)

    again = cli("run", book, "--sheet", "all")

    assert again.code == 0
    assert service.bought() == {"S1.": 1, "S2.": 1, "S3.": 1, "A1.": 1}
    assert _statuses(book, "Spring 2027") == ["succeeded"] * 3


def test_a_worksheet_that_is_not_there_is_named(cli: Cli, service: Service, book: Path) -> None:
    """A mistyped worksheet: exit 2, and the ones that are there."""
    refused = cli("run", book, "--sheet", "Sprung")

    assert refused.code == 2
    assert "Spring" in refused.err
    assert service.accepted() == []


def test_errors_name_the_worksheet(cli: Cli, service: Service, book: Path) -> None:
    """A bad cell is named with file, worksheet and address."""
    made = openpyxl.load_workbook(book)
    made["Spring"]["C1"], made["Spring"]["C3"] = "duration", 99
    made.save(book)

    checked = cli("check", book, "--sheet", "all")

    assert checked.code == 1
    assert "campaign.xlsx!Spring!C3: error" in checked.out


def test_a_config_may_list_some(cli: Cli, service: Service, book: Path) -> None:
    """Those that are named run together, and no other; a name that is none is told."""
    config = book.with_suffix(".yaml")
    fast = config.read_text(encoding="utf-8")
    config.write_text(f"{fast}sheet: [Autumn, Winter]\n", encoding="utf-8")
    refused = cli("run", book)
    config.write_text(f"{fast}sheet: [Autumn, spring]\n", encoding="utf-8")

    assert cli("run", book).code == 0

    assert refused.code == 2
    assert "'Winter'" in refused.err
    assert service.bought() == {"S1.": 1, "S2.": 1, "A1.": 1}
    assert _statuses(book, "Autumn") == ["succeeded"]
    assert _statuses(book, "Spring") == ["succeeded"] * 2
