"""The budget holds: reserved at the highest price before a submit, settled by what was charged."""

from __future__ import annotations

import pytest

from tests.app.conftest import Cli, Configure, NewSheet, Service

PROMPTS = ["One.", "Two.", "Three.", "Four."]
# Five seconds of the default model: charged 0.40, at the most 0.50 by its profile.
CHARGED, HIGHEST = 0.40, 0.50


def test_a_budget_stops_in_time_and_goes_on_when_raised(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """--budget covers all runs of the sheet: exit 3 before it is overshot, more money goes on."""
    sheet = new_sheet(kind, PROMPTS)

    first = cli("run", sheet, "--budget", "1.00")

    assert first.code == 3
    assert "budget" in first.out
    sent = len(service.accepted())
    assert sent == 2  # a third could bring it to 0.40 + 0.40 + 0.50
    assert sheet.column("status").count("queued") == 2
    assert cli("run", sheet, "--budget", "1.00").code == 3
    assert len(service.accepted()) == 2
    assert cli("run", sheet, "--budget", "1.75").code == 0
    assert service.bought() == dict.fromkeys(PROMPTS, 1)
    assert service.charged() == pytest.approx(4 * CHARGED)


def test_nothing_is_sent_that_could_cost_more_than_is_left(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A budget below the highest price of one row sends none, though it might cost less."""
    sheet = new_sheet("csv", PROMPTS)

    stopped = cli("run", sheet, "--budget", str(HIGHEST - 0.01))

    assert stopped.code == 3
    assert service.accepted() == []
    assert sheet.column("status") == ["queued"] * 4


def test_the_budget_of_one_run_is_fresh_in_the_next(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """budget.run_usd lets each run spend so much, until all is done."""
    sheet = new_sheet("xlsx", PROMPTS)
    configure(sheet, budget={"run_usd": 0.95})

    codes = [cli("run", sheet).code for _ in range(2)]

    assert codes == [3, 0]
    assert service.bought() == dict.fromkeys(PROMPTS, 1)


def test_the_smaller_of_two_budgets_holds(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """A run's own budget does not lift that of the whole sheet."""
    sheet = new_sheet("csv", PROMPTS)
    configure(sheet, budget={"run_usd": 100, "total_usd": 0.5})

    assert cli("run", sheet).code == 3
    assert len(service.accepted()) == 1


def test_refunded_work_gives_its_money_back(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A failed task is refunded, so it does not count against the budget."""
    failing = ["Fails. [sandbox:failed]", "Fails too. [sandbox:failed]"]
    sheet = new_sheet("csv", [*failing, "Works."])

    done = cli("run", sheet, "--budget", str(HIGHEST))

    assert done.code == 1
    assert sheet.column("status") == ["failed", "failed", "succeeded"]


def test_what_is_unknown_keeps_its_reservation(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A row that may have been paid counts at its highest price."""
    sheet = new_sheet("csv", ["Lost. [sandbox:accept-then-drop]", "Next."])

    stopped = cli("run", sheet, "--budget", str(2 * HIGHEST - 0.01))

    assert stopped.code == 3
    assert len(service.accepted()) == 1


def test_max_cost_refuses_before_anything_is_sent(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """--max-cost below the high estimate: exit 2, nothing submitted; at it: all runs."""
    sheet = new_sheet(kind, PROMPTS)
    before = sheet.path.read_bytes()

    refused = cli("run", sheet, "--max-cost", str(4 * HIGHEST - 0.01))

    assert refused.code == 2
    assert "$2.00" in refused.err
    assert service.accepted() == []
    assert sheet.path.read_bytes() == before
    assert not sheet.sidecar.exists()
    assert cli("run", sheet, "--max-cost", str(4 * HIGHEST)).code == 0


def test_max_cost_prices_only_what_would_be_sent(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A filtered or finished row costs nothing, so it does not count."""
    sheet = new_sheet("csv", PROMPTS)

    assert cli("run", sheet, "--max-cost", "1.00", "--limit", "2").code == 0
    assert cli("run", sheet, "--max-cost", "1.00").code == 0
    assert len(service.accepted()) == 4


def test_max_cost_is_for_all_sheets_of_the_command(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Two sheets that keep below it each, but not together: one runs, the other is refused."""
    first = new_sheet("csv", PROMPTS[:2], name="first")
    second = new_sheet("csv", PROMPTS[2:], name="second")

    refused = cli("run", first, second, "--max-cost", str(3 * HIGHEST))

    assert refused.code == 2
    assert "sheets before it $1.00" in refused.err
    assert len(service.accepted()) == 2
    assert cli("run", first, second, "--max-cost", str(2 * HIGHEST)).code == 0
    assert len(service.accepted()) == 4


def test_a_price_nobody_knows_fits_no_budget(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A model without a price and a budget: exit 2 and the model is named."""
    folder = new_sheet("csv", ["Free."], columns={"model": ["toy"]})
    profiles = folder.path.parent.parent / "home" / "batch-runner" / "models"
    profiles.mkdir(parents=True)
    (profiles / "toy.yaml").write_text(
        "model: toy\ntitle: Toy\nsource: https://toy.example\nchecked: 2026-01-01\n"
        "parameters:\n  prompt: {kind: text, required: true}\n"
    )

    refused = cli("run", folder, "--budget", "5")

    assert refused.code == 2
    assert "toy" in refused.err
    assert service.accepted() == []
    assert cli("run", folder).code == 0
