"""``log:`` says where the log of runs goes, and how much of it is kept."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from tests.app.conftest import Cli, Configure, NewSheet, Service
from tests.app.sheets import FAST


def test_a_log_stays_within_its_size(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """A full file is put aside, the oldest goes, and each is whole lines of JSON."""
    sheet = new_sheet("csv", [f"Line {n}." for n in range(30)])
    configure(sheet, log={"size": "4kB", "files": 2})

    for _ in range(8):
        assert cli("run", sheet).code == 0

    logs = sorted(sheet.sidecar.glob("run.log*"))
    assert [path.name for path in logs] == ["run.log", "run.log.1", "run.log.2"]
    for path in logs:
        assert all(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def test_a_folder_may_hold_the_logs_of_several_sheets(
    cli: Cli, service: Service, new_sheet: NewSheet, tmp_path: Path
) -> None:
    """Each has its name there, and none is in the sidecars."""
    sheets = [new_sheet("csv", ["One."], name=name) for name in ("a", "b")]
    config = tmp_path / "settings" / "team.yaml"
    config.parent.mkdir()
    config.write_text(yaml.safe_dump({**FAST, "log": {"folder": "logs"}}), encoding="utf-8")

    assert cli("run", *sheets, "--config", config).code == 0

    logs = sorted((config.parent / "logs").iterdir())
    assert [path.name for path in logs] == ["a.csv.log", "b.csv.log"]
    assert not any((sheet.sidecar / "run.log").exists() for sheet in sheets)


def test_a_config_that_just_lies_there_sends_no_log_elsewhere(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """A sheet's folder may come from anybody: it is refused, with the way to say so."""
    sheet = new_sheet("csv", ["One."])
    configure(sheet, log={"folder": "/somewhere"})

    refused = cli("run", sheet)

    assert refused.code == 2
    assert "may not set 'log.folder'" in refused.err
    assert service.accepted() == []
