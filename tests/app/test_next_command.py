"""What comes next is said as a command that works as it is typed."""

from __future__ import annotations

import io
import shlex
from pathlib import Path

import pytest

from tests.app.conftest import Cli, NewSheet, Result, Service

LOST = "Lost. [sandbox:accept-then-drop]"


def _next(result: Result) -> list[str]:
    (line,) = (line for line in result.out.splitlines() if line.startswith("Next: "))
    return shlex.split(line.removeprefix("Next: "))[1:]


def test_with_a_config_of_its_own(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """A named config says where the ledger is and what the columns are: it is named again."""
    sheet = new_sheet("csv", ["One.", LOST])
    sheet.edit(lambda grid: grid[0].__setitem__(0, "Story"))
    config = Path("our settings.yaml")
    config.write_text("columns: {prompt: Story}\nstate: elsewhere\npoll: {min: 10ms}\n")

    done = cli("run", sheet, "--config", config)

    assert done.code == 1
    assert _next(done) == ["resolve", sheet.path.name, "--config", str(config)]
    listed = cli(*_next(done))
    assert listed.code == 1
    settled = cli("resolve", sheet, "--config", config, "--row", "3", "--give-up")
    assert settled.code == 0
    assert cli(*_next(settled)).code in {0, 1}
    assert cli("status", sheet, "--config", config, "--json").json["rows"] == 2
    assert len(service.accepted()) == 2


def test_with_an_origin_of_its_own(
    cli: Cli, service: Service, new_sheet: NewSheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An origin given by option is given again: without it the next run would be refused."""
    monkeypatch.delenv("APIMART_BASE_URL")
    service.misbehave("402-after=1")
    sheet = new_sheet("csv", ["One.", "Two."])

    stopped = cli("run", sheet, "--base-url", service.origin)

    assert stopped.code == 3
    service.misbehave()
    assert cli(*_next(stopped)).code == 0
    assert service.bought() == {"One.": 1, "Two.": 1}


def test_with_a_worksheet_and_an_account(
    cli: Cli, service: Service, new_sheet: NewSheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Worksheet and account stay the same, too."""
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-of-a-client\n"))
    cli("setup", "--account", "client")
    service.misbehave("402-after=0")
    sheet = new_sheet("xlsx", ["One."])

    stopped = cli("run", sheet, "--sheet", "Sheet", "--account", "client")

    assert _next(stopped) == [
        "run",
        "campaign.xlsx",
        "--sheet",
        "Sheet",
        "--account",
        "client",
    ]
    service.misbehave()
    assert cli(*_next(stopped)).code == 0
