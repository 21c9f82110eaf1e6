"""A sheet says itself which rows run and which first; ``--where`` chooses by its columns."""

from __future__ import annotations

import pytest

from tests.app.conftest import Cli, Configure, NewSheet, Service
from tests.app.sheets import Cell

PROMPTS = ["Line 2.", "Line 3.", "Line 4.", "Line 5."]


def test_rows_that_are_not_enabled_are_left_out(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """They are skipped, mistakes in them are nobody's business, and later they may run."""
    sheet = new_sheet(
        kind, PROMPTS, columns={"enabled": ["yes", "no", None, "no"], "duration": [5, 5, 5, 99]}
    )

    assert cli("run", sheet, "--strict").code == 0
    assert service.bought() == {"Line 2.": 1, "Line 4.": 1}
    assert sheet.column("status") == ["succeeded", "skipped", "succeeded", "skipped"]
    assert cli("check", sheet).code == 0

    sheet.edit(lambda grid: [[c if c != "no" else "yes" for c in line] for line in grid])
    assert cli("run", sheet).code == 1  # line 5 lasts too long

    assert service.bought() == {"Line 2.": 1, "Line 3.": 1, "Line 4.": 1}
    assert sheet.column("status") == ["succeeded", "succeeded", "succeeded", "invalid"]


def test_a_word_that_is_no_answer_is_the_rows_mistake(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Such a row is invalid and not paid; the others run."""
    sheet = new_sheet("csv", PROMPTS[:2], columns={"skip": ["perhaps", ""]})

    assert cli("run", sheet).code == 1

    assert service.bought() == {"Line 3.": 1}
    assert sheet.column("status") == ["invalid", "succeeded"]
    assert "skip is" in sheet.row("Line 2.")["error"]


@pytest.mark.parametrize(
    ("priorities", "order"),
    [
        (["low", "", "high", "2"], ["Line 4.", "Line 5.", "Line 3.", "Line 2."]),
        ([3, 1, 1, 2], ["Line 3.", "Line 4.", "Line 5.", "Line 2."]),
    ],
)
def test_priority_is_the_order_of_submission(
    cli: Cli,
    service: Service,
    new_sheet: NewSheet,
    configure: Configure,
    priorities: list[Cell],
    order: list[str],
) -> None:
    """The first come first, equal ones by line; a limit takes the most urgent, and buys none twice."""
    sheet = new_sheet("csv", PROMPTS, columns={"priority": priorities})
    configure(sheet, limits={"concurrency": 1})

    assert cli("run", sheet, "--limit", "2").code == 0
    assert [task["body"]["prompt"] for task in service.accepted()] == order[:2]
    assert cli("run", sheet).code == 0

    assert [task["body"]["prompt"] for task in service.accepted()] == order


def test_control_columns_never_buy_again(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """A finished row stays finished when its priority or its tick changes, or the columns come."""
    sheet = new_sheet("xlsx", PROMPTS)
    cli("run", sheet)

    def add(grid: list[list[Cell]]) -> list[list[Cell]]:
        return [
            ["priority", "enabled", *grid[0]],
            *([n, "yes", *line] for n, line in enumerate(grid[1:])),
        ]

    sheet.edit(add)
    assert cli("run", sheet).code == 0
    sheet.edit(lambda grid: [[c if c != "yes" else "no" for c in line] for line in grid])
    assert cli("run", sheet).code == 0

    assert service.bought() == dict.fromkeys(PROMPTS, 1)
    assert sheet.column("status") == ["succeeded"] * 4


def test_where_chooses_by_columns(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """As an option it wins over the config's; the rest is skipped and runs without it."""
    sheet = new_sheet("csv", PROMPTS, columns={"Market": ["de", "jp", "de", "us"]})
    configure(sheet, filter={"where": "Market == 'us'"})

    assert cli("run", sheet, "--where", "market in ['de', 'jp'] and Market != 'jp'").code == 0
    assert service.bought() == {"Line 2.": 1, "Line 4.": 1}
    assert sheet.column("status") == ["succeeded", "skipped", "succeeded", "skipped"]
    assert cli("run", sheet).code == 0
    assert service.bought() == {"Line 2.": 1, "Line 4.": 1, "Line 5.": 1}


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("Markt == 'us'", "Nearest: 'Market'"),
        ("Market == us", "no column 'us'"),
        ("Market = 'us'", "write =="),
        ("Market.str.match('.*')", "calls nothing but"),
    ],
)
def test_a_condition_that_cannot_be_asked_sends_nothing(
    cli: Cli, service: Service, new_sheet: NewSheet, condition: str, says: str
) -> None:
    """Exit 2, with the nearest header or what to write instead."""
    sheet = new_sheet("csv", PROMPTS, columns={"Market": ["de"] * 4})

    refused = cli("run", sheet, "--where", condition)

    assert refused.code == 2
    assert says in refused.err
    assert not service.accepted()
