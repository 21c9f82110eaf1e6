"""Figures for Prometheus, read back by its own library's parser."""

from __future__ import annotations

import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from batch_runner.app.metrics import meter
from tests.app.conftest import Cli, Configure, NewSheet, Serve, Service

Read = Callable[[Path], dict[str, float]]


@pytest.fixture
def read() -> Read:
    """``read(file)``: name and labels but the sheet's -> value."""

    def parse(path: Path) -> dict[str, float]:
        found = {}
        for family in text_string_to_metric_families(path.read_text(encoding="utf-8")):
            assert family.documentation, family.name
            for sample in family.samples:
                labels = [value for name, value in sample.labels.items() if name != "sheet"]
                found[" ".join([sample.name.removeprefix("batch_runner_"), *labels])] = (
                    sample.value
                )
        return found

    return parse


def test_the_end_of_a_run_in_figures(
    cli: Cli, serve: Serve, new_sheet: NewSheet, read: Read, tmp_path: Path
) -> None:
    """Rows by state, money, 429s, times and ages stand in the file that was named."""
    service = serve("429=2")
    target = tmp_path / "batch.prom"
    sheet = new_sheet("csv", ["One.", "Two.", "Three. [sandbox:failed]"])
    assert cli("run", sheet, "--metrics", target).code == 1
    found = read(target)
    assert found["rows succeeded"] == 2
    assert found["rows failed"] == 1
    assert found["rows queued"] == 0
    assert found["cost_usd_total"] == pytest.approx(0.8)
    refused = service.answers("POST /v1/videos/generations")["429"]
    assert found["submits_limited_total"] == refused > 0
    assert found["events_total accepted"] == 3
    assert found["events_total task_failed"] == 1
    assert (found["run_active"], found["run_exit_code"]) == (0, 1)
    assert found["run_started_timestamp_seconds"] <= found["run_ended_timestamp_seconds"]
    assert found["last_progress_timestamp_seconds"] <= found["run_ended_timestamp_seconds"]
    assert "last_success_timestamp_seconds" not in found
    assert "tasks_in_flight" not in found  # nothing is at work any more
    assert not list(tmp_path.glob(".batch.prom*"))


def test_names_follow_open_metrics(
    cli: Cli, service: Service, new_sheet: NewSheet, tmp_path: Path
) -> None:
    """Its strict parser takes the same text: counters end in _total, no name comes twice."""
    target = tmp_path / "batch.prom"
    cli("run", new_sheet("csv", ["One."]), "--metrics", target)
    lines = target.read_text(encoding="utf-8").splitlines()
    # There the name of a counter's family lacks the ending that its samples have.
    renamed = [
        line.replace("_total ", " ", 1) if line.startswith(("# HELP", "# TYPE")) else line
        for line in lines
    ]
    text = "\n".join([*renamed, "# EOF\n"])
    families = list(openmetrics.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
    assert {family.name.startswith("batch_runner_") for family in families} == {True}
    assert {family.type for family in families} == {"gauge", "counter", "summary"}


def test_each_sheet_has_a_file_of_its_own_in_a_folder(
    cli: Cli, service: Service, new_sheet: NewSheet, read: Read, tmp_path: Path
) -> None:
    """Sheets of one name in two folders, too; and everybody may read them."""
    folder = tmp_path / "textfiles"
    folder.mkdir()
    sheets = [new_sheet("csv", [text], name=text) for text in ("one", "two")]
    assert cli("run", *sheets, "--metrics", folder).code == 0
    files = sorted(folder.iterdir())
    assert [file.name[:16] for file in files] == ["batch_runner_one", "batch_runner_two"]
    assert {file.suffix for file in files} == {".prom"}
    for file in files:
        assert read(file)["rows succeeded"] == 1
        assert read(file)["last_success_timestamp_seconds"] > 0
        if sys.platform != "win32":
            assert stat.S_IMODE(file.stat().st_mode) == 0o644


@pytest.mark.parametrize("name", ["none/batch.prom", "batch.txt", "none"])
def test_a_place_that_is_none_is_refused_before_anything_is_sent(
    cli: Cli, service: Service, new_sheet: NewSheet, name: str
) -> None:
    """A slip is told while it costs nothing."""
    done = cli("run", new_sheet("csv", ["One."]), "--metrics", name)
    assert done.code == 2
    assert "ends in .prom" in done.err
    assert service.accepted() == []


def test_a_file_that_cannot_be_written_ends_no_run(
    cli: Cli, service: Service, new_sheet: NewSheet, tmp_path: Path
) -> None:
    """It is said once; the videos are made all the same."""
    folder = tmp_path / "taken"
    folder.mkdir()
    sheet = new_sheet("csv", ["One."])
    assert cli("run", sheet, "--metrics", folder).code == 0
    (file,) = folder.iterdir()
    file.unlink()
    file.mkdir()  # nothing can be put in its place
    sheet.edit(lambda grid: [*grid, ["Two.", "https://images.example.com/2.png"]])
    done = cli("run", sheet, "--metrics", folder)
    assert done.code == 0
    assert done.err.count("No metrics:") == 1
    assert list(folder.iterdir()) == [file]


def test_a_config_from_the_sheets_folder_writes_no_file(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """Only one that was named may say where; the environment may as well."""
    sheet = new_sheet("csv", ["One."])
    configure(sheet, metrics="batch.prom")
    refused = cli("run", sheet)
    assert refused.code == 2
    assert "may not set 'metrics'" in refused.err
    assert cli("run", sheet, "--config", sheet.path.with_suffix(".yaml")).code == 0
    assert Path("batch.prom").is_file()


def test_figures_are_there_while_it_runs(
    cli: Cli,
    serve: Serve,
    new_sheet: NewSheet,
    read: Read,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In flight, limits and the run itself, at every moment in a file that is whole."""
    monkeypatch.setattr(meter, "EVERY", 0.05)
    serve(seconds=(1.0, 1.0))
    target = tmp_path / "batch.prom"
    seen: list[dict[str, float]] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.01):
            if target.exists():
                seen.append(read(target))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        sheet = new_sheet("csv", ["One.", "Two."])
        assert cli("run", sheet, "--metrics", target, "--concurrency", 2).code == 0
    finally:
        over.set()
        watcher.join()
    at_work = [one for one in seen if one.get("tasks_in_flight") == 2 and one["rows running"] == 2]
    assert at_work
    assert {one["slots_limit"] for one in at_work} == {2}
    assert {one["provider_up"] for one in at_work} == {1}
    assert {one["run_active"] for one in at_work} == {1}
    oldest = [one.get("oldest_task_accepted_timestamp_seconds") for one in at_work]
    assert any(oldest)  # the answers to the submits may come after the first of these looks
    assert all(one["poll_lag_seconds"] >= 0 for one in at_work)
