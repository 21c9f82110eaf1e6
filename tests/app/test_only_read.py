"""Sheets of kinds that are only read: results go into a copy, the same command goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
import yaml
from pyarrow.parquet import read_table, write_table

from tests.app.conftest import IMAGE, Cli, Service
from tests.app.sheets import FAST, OUT
from tests.loader.ods_files import grid, save_ods

Rows = list[dict[str, Any]]

RESULTS = {
    "ods": "shots.results.xlsx",
    "jsonl": "shots.results.jsonl",
    "ndjson": "shots.results.ndjson",
    "parquet": "shots.results.parquet",
}


def _save(path: Path, rows: Rows) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    if path.suffix == ".ods":
        save_ods(path, {"Shots": grid([names, *([row.get(n) for n in names] for row in rows)])})
    elif path.suffix == ".parquet":
        write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _read(path: Path) -> Rows:
    if path.suffix == ".xlsx":
        book = openpyxl.load_workbook(path)
        head, *lines = book["Shots"].iter_rows(values_only=True)
        book.close()
        return [dict(zip(map(str, head), line, strict=True)) for line in lines]
    if path.suffix == ".parquet":
        return list(read_table(path).to_pylist())
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(params=list(RESULTS))
def sheet(request: pytest.FixtureRequest) -> Path:
    """A sheet of each such kind, without anything in it yet; a config that polls fast."""
    Path("shots.yaml").write_text(yaml.safe_dump(FAST), encoding="utf-8")
    return Path(f"shots.{request.param}")


@pytest.fixture
def results(sheet: Path) -> Callable[[], Rows]:
    """What its copy shows."""
    return lambda: _read(Path(RESULTS[sheet.suffix[1:]]))


def _rows(prompts: Sequence[str], **more: object) -> Rows:
    return [{"prompt": prompt, "image_urls": IMAGE, **more} for prompt in prompts]


def test_results_go_into_a_copy(
    cli: Cli, service: Service, sheet: Path, results: Callable[[], Rows]
) -> None:
    """The sheet keeps every byte; the copy has its fields and ours; where it is, is said."""
    _save(sheet, _rows(["First.", "Second."], sku=7))
    before = sheet.read_bytes()

    done = cli("run", sheet)

    assert done.code == 0, done.err
    assert sheet.read_bytes() == before
    name = RESULTS[sheet.suffix[1:]]
    assert f"results go into a copy of it: {name}" in done.out + done.err
    assert list(results()[0]) == ["prompt", "image_urls", "sku", *OUT]
    assert [row["prompt"] for row in results()] == ["First.", "Second."]
    assert [row["status"] for row in results()] == ["succeeded"] * 2
    assert [row["cost_usd"] for row in results()] == [0.4] * 2
    assert all(Path(row["video_file"]).is_file() for row in results())


def test_the_same_command_goes_on_and_follows_edits(
    cli: Cli, service: Service, sheet: Path, results: Callable[[], Rows]
) -> None:
    """Rows that are done are not paid again, wherever they stand by now; new ones are made."""
    _save(sheet, _rows(["First.", "Second."]))
    cli("run", sheet)
    _save(sheet, _rows(["New.", "Second.", "First."]))

    assert cli("run", sheet).code == 0
    assert cli("run", sheet).code == 0

    assert service.bought() == {"First.": 1, "Second.": 1, "New.": 1}
    assert [row["prompt"] for row in results()] == ["New.", "Second.", "First."]
    assert [row["status"] for row in results()] == ["succeeded"] * 3


def test_a_mistake_is_told_with_its_place(cli: Cli, service: Service, sheet: Path) -> None:
    """By line and field where columns go by names, by cell where they have letters."""
    _save(sheet, _rows(["First."], duration=5) + _rows(["Second."], duration=99))

    checked = cli("check", sheet)

    place = f"{sheet}!Shots!C3" if sheet.suffix == ".ods" else f"{sheet}:2, field duration"
    assert checked.code == 1
    assert checked.out.startswith(f"{place}: error: duration is 99")


def test_lost_ledger_buys_nothing_again(
    cli: Cli, service: Service, sheet: Path, results: Callable[[], Rows]
) -> None:
    """With results but no ledger it is refused; the results, run as a sheet, are looked up."""
    _save(sheet, _rows(["First."]))
    cli("run", sheet)
    Path(f"{sheet}.batch").rename("lost")

    refused = cli("run", sheet)
    copy = Path(RESULTS[sheet.suffix[1:]])
    other = copy.rename(f"shots-2{copy.suffix}")
    again = cli("run", other)

    assert refused.code == 2
    assert f"shots-2{copy.suffix}" in refused.err
    assert again.code == 0, again.err
    assert service.bought() == {"First.": 1}


def test_undoing_and_rewriting(
    cli: Cli, service: Service, sheet: Path, results: Callable[[], Rows]
) -> None:
    """There is nothing of ours in it to take out; sync writes the copy again; the copy is no sheet."""
    _save(sheet, _rows(["First."]))
    cli("run", sheet)
    copy = Path(RESULTS[sheet.suffix[1:]])
    copy.unlink()

    assert cli("restore", sheet).code == 0
    assert cli("sync", sheet).code == 0
    assert results()[0]["status"] == "succeeded"
    named = cli("run", copy)
    assert named.code == 2
    assert str(sheet) in named.err


def test_a_rehearsal_keeps_away_from_real_results(cli: Cli, sheet: Path) -> None:
    """In the sandbox sheet and results are copies of their own."""
    _save(sheet, _rows(["First."]))

    assert cli("run", sheet, "--sandbox").code == 0

    assert not Path(RESULTS[sheet.suffix[1:]]).exists()
    copy = Path(RESULTS[sheet.suffix[1:]].replace("shots", "shots.sandbox"))
    assert _read(copy)[0]["status"] == "succeeded"


def test_rows_to_mend_become_a_sheet_that_can_be_run(
    cli: Cli, service: Service, sheet: Path
) -> None:
    """As CSV, or as a workbook where it is one; another kind is refused before anything is sent."""
    _save(sheet, _rows(["First."], duration=5) + _rows(["Second."], duration=99))
    kind = "xlsx" if sheet.suffix == ".ods" else "csv"
    refused = cli("run", sheet, "--failed-to", f"mend{sheet.suffix}")

    assert refused.code == 2
    assert service.accepted() == []
    assert cli("run", sheet, "--failed-to", f"mend.{kind}").code == 1
    checked = cli("check", f"mend.{kind}")
    assert "99" in checked.out
    assert "1 row: 1 invalid" in checked.out


def test_a_lost_sheet_is_not_made_up(cli: Cli, service: Service, sheet: Path) -> None:
    """There is no first state of it to write results into; where they are is said."""
    _save(sheet, _rows(["First."]))
    cli("run", sheet)

    refused = cli("report", sheet, "--sheet-out", f"again{sheet.suffix}")

    assert refused.code == 2
    assert "sync" in refused.err
