"""The first day: a starter sheet, the models, the key; each leads to the next."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import openpyxl
import pytest

from tests.app.conftest import KEY, Cli, NewSheet, Serve, Service
from tests.app.sheets import Sheet, write_config

OTHER_KEY = "sk-another-key-of-a-client-9876543210"


@pytest.mark.parametrize("name", ["first.xlsx", "first.csv", "first.tsv"])
def test_a_starter_sheet_runs_as_it_is(cli: Cli, service: Service, name: str) -> None:
    """Init makes a sheet that check finds no error in and run takes; it never overwrites one."""
    sheet = Sheet(Path(name).absolute())

    made = cli("init", name)

    assert made.code == 0
    assert f"batch-runner check {name}" in made.out
    write_config(sheet)
    assert cli("check", sheet).code == 0
    assert cli("run", sheet).code == 0
    assert len(service.accepted()) == 2
    assert len(sheet.videos) == 2
    before = sheet.path.read_bytes()
    assert cli("init", name).code == 2
    assert sheet.path.read_bytes() == before


def test_a_starter_workbook_offers_what_there_is(cli: Cli, service: Service) -> None:
    """Dropdowns for model, resolution and ratio, a note on each header, the ratio kept as text."""
    cli("init")

    page = openpyxl.load_workbook("campaign.xlsx").worksheets[0]
    head = [cell.value for cell in page[1]]
    offered = {
        page.cell(1, columns.min_col).value
        for choice in page.data_validations.dataValidation
        for columns in choice.sqref.ranges
    }
    assert offered >= {"model", "resolution", "aspect_ratio"}
    assert all(cell.comment is not None for cell in page[1])
    assert page.cell(2, head.index("aspect_ratio") + 1).number_format == "@"


def test_a_starter_sheet_for_one_model(cli: Cli, service: Service) -> None:
    """--model makes it for that model; a mistyped one is answered with the nearest."""
    assert cli("init", "mix.csv", "--model", "viduq3-mix").code == 0
    assert Sheet(Path("mix.csv")).column("model") == ["viduq3-mix"] * 2

    refused = cli("init", "other.csv", "--model", "viduq3-mx")

    assert refused.code == 2
    assert "viduq3-mix" in refused.err
    assert not Path("other.csv").exists()


def test_models_are_listed_and_explained(cli: Cli) -> None:
    """Models lists all; models NAME shows every parameter with its bounds, default and price."""
    listed, one = cli("models"), cli("models", "viduq3")

    assert listed.code == one.code == 0
    assert "viduq3-mix" in listed.out
    assert "(default)" in listed.out
    for word in ("prompt", "5000", "image_urls", "3 to 16", "default 5", "720p", "16:9", "seed"):
        assert word in one.out
    assert "$0.08 a second" in one.out
    refused = cli("models", "vidu-q3")
    assert refused.code == 2
    assert "viduq3" in refused.err


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh machine: no key in the environment; one comes on standard input."""
    monkeypatch.delenv("APIMART_API_KEY")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{OTHER_KEY}\n"))


def _key_files(home: Path) -> list[Path]:
    return sorted(path for path in home.rglob("*") if path.is_file())


def test_setup_stores_a_key_that_run_uses(
    cli: Cli, service: Service, new_sheet: NewSheet, home: Path, typed: None
) -> None:
    """Tested, stored so that only its owner can read it, never shown; then run needs no more."""
    stored = cli("setup")

    assert stored.code == 0
    assert "The key works; balance $10,000.00." in stored.out
    assert OTHER_KEY not in stored.out + stored.err
    (kept,) = _key_files(home)
    assert str(kept) in stored.out
    assert kept.read_text() == f"{OTHER_KEY}\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert cli("run", new_sheet("csv", ["One."])).code == 0
    assert len(service.accepted()) == 1


def test_accounts_are_told_apart(
    cli: Cli,
    service: Service,
    new_sheet: NewSheet,
    typed: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """--account NAME: that key is used, even where the environment has another."""
    assert cli("setup", "--account", "client-a").code == 0
    monkeypatch.setenv("APIMART_API_KEY", KEY)

    one = cli("run", new_sheet("csv", ["Mine."]))
    other = cli("run", new_sheet("csv", ["Theirs."], name="other"), "--account", "client-a")

    assert one.code == other.code == 0
    assert "client-a" in other.out
    assert len({task["account"] for task in service.accepted()}) == 2
    refused = cli("run", new_sheet("csv", ["X."], name="third"), "--account", "client-b")
    assert refused.code == 2
    assert "client-b" in refused.err


def test_a_refused_key_is_not_stored(cli: Cli, serve: Serve, home: Path, typed: None) -> None:
    """The provider refuses it: exit 2, nothing is kept."""
    serve("key-refused")

    refused = cli("setup")

    assert refused.code == 2
    assert "refuses this key" in refused.err
    assert OTHER_KEY not in refused.err
    assert _key_files(home) == []


@pytest.mark.parametrize("text", ["\n", "two words\n", "sk-\x00\n", "schlüssel\n"])
def test_what_is_no_key_is_not_sent(
    cli: Cli, service: Service, home: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A blank or a text that no header can hold: exit 2 without asking the provider."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))

    assert cli("setup").code == 2
    assert _key_files(home) == []
    assert not service.answers("GET /v1/balance")


def test_setup_warns_of_a_shared_env_file(
    cli: Cli, service: Service, typed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A .env that lies in a synchronised folder is no place for keys, and that is said."""
    folder = Path("OneDrive - Company")
    folder.mkdir()
    monkeypatch.chdir(folder)
    Path(".env").write_text("A=1\n")

    stored = cli("setup")

    assert stored.code == 0
    assert "synchronised" in stored.err


def test_help_shows_an_example_for_every_command(cli: Cli) -> None:
    """--help lists the commands; each one's help has an example to copy."""
    listed = cli("--help")

    assert listed.code == 0
    for name in ("run", "check", "status", "retry", "resolve", "move", "init", "models", "setup"):
        assert name in listed.out
        told = cli(name, "--help")
        assert told.code == 0
        assert f"batch-runner {name}" in told.out
