"""The budgets of the day and month hold over all sheets of one user and key."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from batch_runner.settings.find import user_config_dir
from tests.money.conftest import Cli, NewSheet, Serve, Service

HIGHEST, CHARGED = 0.50, 0.40  # USD for five seconds of the default model
MORE = ["Five.", "Six.", "Seven.", "Eight."]
FOUR = ["One.", "Two.", "Three.", "Four."]


@pytest.mark.parametrize("span", ["day", "month"])
def test_one_budget_for_all_sheets(
    cli: Cli, service: Service, new_sheet: NewSheet, span: str
) -> None:
    """What one sheet spent, another has no more: exit 3 with a sentence, and it can be resumed."""
    budget = {f"{span}_usd": 1.75}
    first = new_sheet(FOUR[:3], name="first", budget=budget)
    second = new_sheet(MORE, name="second", budget=budget)

    assert cli("run", first).code == 0  # 1.20
    stopped = cli("run", second)

    assert stopped.code == 3
    assert f"budget of the {span}, $1.75 for all sheets" in stopped.out
    assert second.column("status") == ["succeeded", *["queued"] * 3]
    assert sum(service.bought().values()) == 4
    new_sheet(MORE, name="second", budget={f"{span}_usd": 10})
    assert cli("run", second).code == 0


def test_a_sheet_without_such_a_budget_counts_too(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """It is not stopped itself, but what it spends is gone for those that have one."""
    free = new_sheet(FOUR, name="free")
    limited = new_sheet(["Fifth."], name="limited", budget={"day_usd": 2.0})

    assert cli("run", free).code == 0
    assert cli("run", limited).code == 3
    assert "Fifth." not in service.bought()


def test_another_key_has_a_budget_of_its_own(
    cli: Cli, service: Service, new_sheet: NewSheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The budget is that of one account."""
    sheet = new_sheet(FOUR[:1], budget={"day_usd": 0.5})
    other = new_sheet(FOUR[1:2], name="other", budget={"day_usd": 0.5})
    assert cli("run", sheet).code == 0

    assert cli("run", other).code == 3
    monkeypatch.setenv("APIMART_API_KEY", "sk-of-somebody-else")

    assert cli("run", other).code == 0


def test_parallel_submits_cannot_overshoot(cli: Cli, serve: Serve, new_sheet: NewSheet) -> None:
    """200 at once, and no more is ever reserved than the budget allows."""
    service = serve(seconds=(0.3, 0.3))
    prompts = [f"Row {n}." for n in range(60)]
    sheet = new_sheet(
        prompts,
        budget={"day_usd": 10 * HIGHEST},
        limits={"concurrency": 200, "rate": "1000/s"},
    )

    stopped = cli("run", sheet, "--no-download")

    assert stopped.code == 3
    spent = sum(service.bought().values())
    # Settled work makes room: what is charged and one more at the highest price fit just so.
    assert spent >= 10
    assert spent * CHARGED <= 10 * HIGHEST < spent * CHARGED + HIGHEST


@pytest.mark.parametrize("concurrency", [1, 2, 4])
def test_what_was_charged_less_than_reserved_is_spent_on_the_next_row(
    cli: Cli, service: Service, new_sheet: NewSheet, concurrency: int
) -> None:
    """A run uses its budget up: it does not stop while settled work has made room."""
    limits = {"concurrency": concurrency, "rate": "100/s"}
    sheet = new_sheet(FOUR, budget={"day_usd": 3 * CHARGED + HIGHEST}, limits=limits)

    assert cli("run", sheet).code == 0
    assert set(service.bought().values()) == {1}


def test_refunded_and_refused_work_gives_its_money_back(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A failed task and a refused request hold nothing once that is known."""
    prompts = ["Fails. [sandbox:failed]", "Refused. [sandbox:500-build]", "Works."]
    sheet = new_sheet(prompts, budget={"day_usd": HIGHEST})

    done = cli("run", sheet)

    assert done.code == 1
    assert sheet.column("status") == ["failed", "failed", "succeeded"]


def test_what_is_unknown_keeps_its_reservation(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A row that may have been paid counts at its highest price, for other sheets as well."""
    lost = new_sheet(["Lost. [sandbox:accept-then-drop]"], name="lost", budget={"day_usd": 0.99})
    other = new_sheet(["Next."], name="other", budget={"day_usd": 0.99})
    assert cli("run", lost).code == 1

    assert cli("run", other).code == 3
    assert cli("resolve", lost, "--all", "--resend").code == 0
    assert cli("run", other).code == 0


def test_books_that_cannot_be_used_stop_only_whom_they_must(
    cli: Cli, service: Service, new_sheet: NewSheet, books: Path
) -> None:
    """With a budget of the day: exit 2 and nothing is sent; without: it is said and goes on."""
    books.mkdir()
    (books / "spend.sqlite").write_bytes(b"no database " * 1000)
    limited = new_sheet(FOUR[:1], name="limited", budget={"day_usd": 5})
    free = new_sheet(FOUR[1:2], name="free")

    refused = cli("run", limited)
    done = cli("run", free)

    assert refused.code == 2
    assert "spend.sqlite" in refused.err
    assert done.code == 0
    assert "goes on without them" in done.err
    assert service.bought() == {"Two.": 1}
    (books / "spend.sqlite").unlink()
    assert cli("run", limited).code == 0


def test_books_of_a_newer_program_are_left_alone(
    cli: Cli, service: Service, new_sheet: NewSheet, books: Path
) -> None:
    """A version this program does not know is refused, not written."""
    sheet = new_sheet(FOUR[:1])
    cli("run", sheet)
    with sqlite3.connect(books / "spend.sqlite") as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()

    refused = cli("run", new_sheet(FOUR[1:2], name="other", budget={"day_usd": 5}))

    assert refused.code == 2
    assert "version 99" in refused.err


def test_a_rehearsal_spends_no_real_budget(
    cli: Cli, service: Service, new_sheet: NewSheet, books: Path
) -> None:
    """Toy money stays in the rehearsal's own books."""
    sheet = new_sheet(FOUR[:1], budget={"day_usd": 0.5})

    assert cli("run", sheet, "--sandbox").code == 0
    assert not books.exists()
    assert cli("run", sheet).code == 0


def test_a_moved_or_copied_sheet_is_counted_once(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """The same purchase seen in two ledgers is one purchase."""
    sheet = new_sheet(FOUR[:2])
    cli("run", sheet)
    copy = sheet.path.with_name("archive") / sheet.path.name
    copy.parent.mkdir()
    shutil.copy(sheet.path, copy)
    shutil.copytree(sheet.sidecar, copy.with_name(f"{copy.name}.batch"))

    assert cli("run", copy).code == 0
    assert "In all $0.80." in cli("spend").out


def test_a_row_of_unknown_price_is_never_sent_under_a_budget(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A model without a price and a budget of the day: exit 2, the model is named."""
    sheet = new_sheet(["Free."], columns={"model": ["toy"]}, budget={"day_usd": 5})
    folder = user_config_dir() / "models"
    folder.mkdir(parents=True)
    (folder / "toy.yaml").write_text(
        "model: toy\nparameters:\n  prompt: {kind: text, required: true}\n"
        "  image_urls: {kind: images}\n"
    )

    refused = cli("run", sheet)

    assert refused.code == 2
    assert "toy" in refused.err
    assert not service.bought()
