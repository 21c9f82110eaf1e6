"""What cannot be used is refused with 2 before anything is submitted, and leaves no trace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.app.conftest import IMAGE, Cli, Configure, NewSheet, Serve, Service
from tests.app.sheets import Sheet

CAT = ["A cat runs."]


def test_without_a_key_nothing_is_begun(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No key: exit 2, what to do is said, and neither sheet nor folder is touched."""
    monkeypatch.delenv("APIMART_API_KEY")
    sheet = new_sheet(kind, CAT)
    before = sheet.path.read_bytes()

    refused = cli("run", sheet)

    assert refused.code == 2
    assert "batch-runner setup" in refused.err
    assert "APIMART_API_KEY" in refused.err
    assert service.accepted() == []
    assert sheet.path.read_bytes() == before
    assert not sheet.sidecar.exists()


def test_a_sheet_without_prompts_is_refused(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """No prompt column: exit 2 with the file named."""
    sheet = new_sheet(kind, CAT)
    sheet.save([["title", "price"], ["a", "1"]])

    refused = cli("run", sheet)

    assert refused.code == 2
    assert sheet.path.name in refused.err
    assert "prompt" in refused.err
    assert service.accepted() == []
    assert not sheet.sidecar.exists()


def test_a_sheet_without_room_is_refused_before_it_costs(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """No column is left for results: exit 2, the sheet is named, and nothing is sent or changed."""
    sheet = new_sheet(kind, CAT)
    sheet.edit(lambda grid: [[*grid[0], *[""] * 16_381, "last"], *grid[1:]])
    before = sheet.path.read_bytes()

    refused = cli("run", sheet)

    assert refused.code == 2
    assert "no room" in refused.err
    assert sheet.path.name in refused.err
    assert service.accepted() == []
    assert sheet.path.read_bytes() == before


def test_a_missing_sheet_is_named_with_the_nearest(cli: Cli, new_sheet: NewSheet) -> None:
    """A mistyped name gets the one that is there."""
    new_sheet("csv", CAT)

    refused = cli("run", "campain.csv")

    assert refused.code == 2
    assert "campaign.csv" in refused.err


@pytest.mark.parametrize("name", ["campaign.results.csv", "~$campaign.csv", ".campaign.csv"])
def test_copies_are_no_sheets(cli: Cli, service: Service, new_sheet: NewSheet, name: str) -> None:
    """A result copy or a lock file named directly: exit 2, and the real sheet is named."""
    sheet = new_sheet("csv", CAT)
    Path(name).write_bytes(sheet.path.read_bytes())

    refused = cli("run", name)

    assert refused.code == 2
    assert "campaign.csv" in refused.err
    assert service.accepted() == []
    assert not Path(f"{name}.batch").exists()


def test_an_unknown_setting_is_refused_with_the_nearest(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """A mistyped config key would silently not count; it is named, and so is the right one."""
    sheet = new_sheet("csv", CAT)
    configure(sheet, budgett={"total_usd": 1})

    refused = cli("run", sheet)

    assert refused.code == 2
    assert "campaign.yaml" in refused.err
    assert "budgett" in refused.err
    assert "Did you mean budget?" in refused.err
    assert not sheet.sidecar.exists()


@pytest.mark.parametrize(
    "options",
    [
        ["--limit", "none"],
        ["--limit", "0"],
        ["--budget", "much"],
        ["--max-cost", "-1"],
        ["--rate", "60"],
        ["--only", "5-3"],
        ["--set", "duration"],
        ["--set", "durations=8"],
        ["--base-url", "http://example.com"],
        ["--adopt", "--ignore-results"],
        ["--concurrency", "0"],
        ["--pilot", "0"],
        ["--save-every", "soon"],
        ["--account", "../x"],
        ["--config", "none.yaml"],
        ["--nonsense"],
    ],
)
def test_a_wrong_option_is_refused(
    cli: Cli, service: Service, new_sheet: NewSheet, options: list[str]
) -> None:
    """Exit 2, the option is named, nothing is submitted or left behind."""
    sheet = new_sheet("csv", CAT)

    refused = cli("run", sheet, *options)

    assert refused.code == 2
    assert options[-1].partition("=")[0].lstrip("-") in refused.err
    assert service.accepted() == []
    assert not sheet.sidecar.exists()


def test_results_never_go_where_the_rows_are_read_from(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str, configure: Configure
) -> None:
    """A config that puts the status into the prompts' column is refused; the cell is named."""
    sheet = new_sheet(kind, CAT)
    configure(sheet, output={"columns": {"status": "prompt"}})

    refused = cli("run", sheet)

    assert refused.code == 2
    assert "A1" in refused.err
    assert service.accepted() == []


def test_a_wrong_command_gets_the_nearest(cli: Cli) -> None:
    """A mistyped command is answered with the one that exists."""
    refused = cli("stauts", "campaign.csv")

    assert refused.code == 2
    assert "status" in refused.err


def test_the_jobs_of_another_service_are_not_mixed(
    cli: Cli, serve: Serve, new_sheet: NewSheet, kind: str
) -> None:
    """A ledger whose jobs went elsewhere: exit 2 unless a trusted config says it is the same."""
    first = serve(name="first")
    sheet = new_sheet(kind, CAT)
    cli("run", sheet)
    second = serve(name="second")
    sheet.edit(lambda grid: [*grid, ["A dog.", IMAGE]])

    refused = cli("run", sheet)

    assert refused.code == 2
    assert first.origin in refused.err
    assert second.origin in refused.err
    assert second.accepted() == []
    same = Path("same.yaml")
    same.write_text(f"provider: {{same_service: ['{first.origin}', '{second.origin}']}}\n")
    assert cli("run", sheet, "--config", same).code == 0
    assert second.bought() == {"A dog.": 1}


def test_a_config_beside_the_sheet_cannot_send_the_key_elsewhere(
    cli: Cli,
    service: Service,
    new_sheet: NewSheet,
    configure: Configure,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A sheet may come from anybody: an origin in the config that lies beside it is refused."""
    monkeypatch.delenv("APIMART_BASE_URL")
    sheet = new_sheet("csv", CAT)
    configure(sheet, provider={"base_url": service.origin})

    refused = cli("run", sheet)

    assert refused.code == 2
    assert "'provider'" in refused.err
    assert sum(service.answers("GET /v1/balance").values()) == 0
    assert not sheet.sidecar.exists()


def test_a_key_of_the_environment_needs_a_spoken_origin(
    cli: Cli, service: Service, new_sheet: NewSheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even a config named by --config does not send the key to a foreign origin; an option does."""
    monkeypatch.delenv("APIMART_BASE_URL")
    sheet = new_sheet("csv", CAT)
    config = Path("named.yaml")
    config.write_text(f"provider: {{base_url: '{service.origin}'}}\n")

    refused = cli("run", sheet, "--config", config)

    assert refused.code == 2
    assert "--base-url" in refused.err
    assert service.accepted() == []
    assert cli("run", sheet, "--base-url", service.origin).code == 0


def test_one_bad_sheet_does_not_keep_the_others(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Of several sheets each is tried; the exit code is the worst of them."""
    good = new_sheet("csv", CAT)
    bad = Sheet(Path("bad.csv").absolute())
    bad.save([["title"], ["x"]])

    both = cli("run", bad, good)

    assert both.code == 2
    assert good.column("status") == ["succeeded"]


def test_an_origin_that_took_nothing_binds_nobody(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """After a mistyped origin, which surely took nothing, the right one is as good as ever."""
    sheet = new_sheet(kind, CAT)
    mistyped = cli("run", sheet, "--base-url", "http://127.0.0.1:1", "--deadline", "500ms")

    right = cli("run", sheet)

    assert mistyped.code == 3
    assert right.code == 0, right.err
    assert service.bought() == {CAT[0]: 1}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no such files")
def test_what_is_no_file_is_refused_and_not_waited_for(cli: Cli, service: Service) -> None:
    """A pipe under a sheet's name, a link to itself, a link to nothing: exit 2, at once."""
    os.mkfifo("pipe.csv")
    Path("loop.csv").symlink_to("loop.csv")
    Path("gone.csv").symlink_to("nowhere.csv")

    for name in ("pipe.csv", "loop.csv", "gone.csv"):
        for command in ("run", "check", "status"):
            refused = cli(command, name)
            assert refused.code == 2
            assert name in refused.err
