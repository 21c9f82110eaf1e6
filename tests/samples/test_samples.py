from __future__ import annotations

import csv
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest

from batch_runner.core.columns import map_columns
from batch_runner.core.controls import Gate, split_controls
from batch_runner.core.model import Problem, ReadOptions, SheetRow, Verdict
from batch_runner.core.rules import across, fingerprint, is_job, judge
from batch_runner.loader.load import load
from batch_runner.settings.profiles import load_profiles, make_catalogue
from batch_runner.settings.read import read_config

SAMPLES = Path(__file__).parents[2] / "samples"
PROFILES = SAMPLES.parent / "configs" / "models"
MAKER = Path(__file__).with_name("make_samples.py")


def read_csv(name: str) -> list[list[str]]:
    """A sample CSV as rows of texts, header first."""
    with (SAMPLES / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def read_workbook(path: Path) -> list[list[str]]:
    """The first worksheet of a workbook, its cells as the CSV spells them."""
    sheet = openpyxl.load_workbook(path).worksheets[0]
    rows = sheet.iter_rows(values_only=True)
    return [["" if cell is None else str(cell) for cell in row] for row in rows]


def test_workbook_and_csv_hold_the_same_rows() -> None:
    """The campaign is one and the same in both formats: 12 rows."""
    table = read_csv("campaign.csv")
    assert read_workbook(SAMPLES / "campaign.xlsx") == table
    assert len(table) == 1 + 12


def test_maker_makes_the_committed_workbook(tmp_path: Path) -> None:
    """The script beside this test still makes the workbook that is committed."""
    subprocess.run([sys.executable, str(MAKER), str(tmp_path)], check=True)
    assert read_workbook(tmp_path / "campaign.xlsx") == read_workbook(SAMPLES / "campaign.xlsx")


def test_workbook_is_dressed_as_by_a_marketer() -> None:
    """The workbook has what a write-back could lose: notes, dropdowns, filter, links, a chart."""
    book = openpyxl.load_workbook(SAMPLES / "campaign.xlsx")
    sheet = book["Campaign"]
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == "A1:J13"
    assert len(sheet.data_validations.dataValidation) == 3
    assert sum(cell.comment is not None for cell in sheet[1]) == 4
    assert any(cell.hyperlink for (cell,) in sheet["C2:C13"])
    assert {cell.number_format for (cell,) in sheet["G2:G13"]} == {"@"}
    with zipfile.ZipFile(SAMPLES / "campaign.xlsx") as packed:
        assert any(name.startswith("xl/charts/chart") for name in packed.namelist())


def test_budget_formulas_have_their_values() -> None:
    """The second worksheet's formulas carry the values that a spreadsheet would show."""
    path = SAMPLES / "campaign.xlsx"
    formulas = openpyxl.load_workbook(path)["Budget"]
    values = openpyxl.load_workbook(path, data_only=True)["Budget"]
    table = read_csv("campaign.csv")
    for line in range(2, 6):
        seconds = sum(int(row[4]) for row in table[1:] if row[0] == values[f"A{line}"].value)
        assert str(formulas[f"C{line}"].value).startswith("=SUMIF(")
        assert values[f"C{line}"].value == seconds
    assert values["D6"].value == pytest.approx(0.12 * sum(int(row[4]) for row in table[1:]))


@pytest.mark.parametrize("name", ["campaign.csv", "mistakes.csv"])
def test_sample_csv_opens_in_excel(name: str) -> None:
    """Each sample CSV begins with a BOM, so that Excel shows Japanese and Chinese as they are."""
    assert (SAMPLES / name).read_bytes().startswith(b"\xef\xbb\xbf")


def test_campaign_speaks_three_languages() -> None:
    """The prompts hold kana, and Chinese without kana, beside English."""
    prompts = [row[1] for row in read_csv("campaign.csv")[1:]]
    kana = [text for text in prompts if any("぀" <= char <= "ヿ" for char in text)]
    han = [text for text in prompts if any("一" <= char <= "鿿" for char in text)]
    assert len(kana) == 2
    assert len(set(han) - set(kana)) == 3


def test_sample_addresses_belong_to_nobody() -> None:
    """Every image of the campaign lies on a domain reserved for examples."""
    for row in read_csv("campaign.csv")[1:]:
        for address in row[2].split():
            assert address.startswith("https://images.example.com/")


def test_config_is_harmless() -> None:
    """The config is one that may be taken by itself: defaults, limits, a budget, the pace."""
    config = read_config(SAMPLES / "campaign.yaml", trusted=False)
    said = config.model_dump(exclude_unset=True)
    assert set(said) == {"defaults", "limits", "budget", "retry", "save_every"}
    assert said["defaults"]["aspect_ratio"] == "16:9"


def judge_sample(name: str) -> tuple[list[tuple[SheetRow, Verdict | None]], tuple[Problem, ...]]:
    """Every row of a sample with its verdict, None for no job; and what shows across rows."""
    catalogue = make_catalogue(load_profiles([PROFILES]), {})
    (table,) = load(SAMPLES / name, ReadOptions(parameters=catalogue.parameters))
    columns, problems = map_columns(table.headers, {}, catalogue.parameters)
    assert problems == ()
    judged = [
        (row, judge(row, columns, catalogue) if is_job(row, columns) else None)
        for row in table.rows
    ]
    verdicts = [verdict for _, verdict in judged if verdict]
    asked = [(mark, v.row) for v in verdicts if (mark := fingerprint(v)) is not None]
    return judged, tuple(across(sorted(asked)))


@pytest.mark.parametrize("name", ["campaign.csv", "campaign.xlsx"])
def test_campaign_has_no_problem_at_all(name: str) -> None:
    """Every row of the campaign is a valid request, without so much as a warning."""
    judged, across_rows = judge_sample(name)
    verdicts = [verdict for _, verdict in judged if verdict]
    assert len(verdicts) == 12
    assert [v.problems for v in verdicts if v.problems] == []
    assert all(v.request for v in verdicts)
    assert across_rows == ()


def test_every_mistake_is_found() -> None:
    """Each row of the sheet of mistakes is judged as its own note says."""
    judged, across_rows = judge_sample("mistakes.csv")
    repeated = {problem.row for problem in across_rows}
    for row, verdict in judged:
        note = str(row.value(8))
        if note.startswith("Not a mistake"):
            assert verdict is None
            continue
        assert verdict is not None
        harmless = note.startswith("Right") or note.endswith(("a warning", "a notice"))
        assert (verdict.request is not None) == harmless, note
        if not note.startswith(("Right", "Twice")):
            assert verdict.problems, note
    assert len(repeated) == 1


def test_every_mistake_is_explained() -> None:
    """Each row of the sheet of mistakes says in its own words what is wrong with it."""
    headers, *rows = read_csv("mistakes.csv")
    assert all(row[headers.index("Notes")] for row in rows)
    assert max(len(row[headers.index("prompt")]) for row in rows) > 5000


def test_json_lines_hold_rows_without_mistakes() -> None:
    """Each line of the sample asks for a video."""
    catalogue = make_catalogue(load_profiles([PROFILES]), {})
    (table,) = load(SAMPLES / "shots.jsonl", ReadOptions(parameters=catalogue.parameters))
    columns, problems = map_columns(table.headers, {}, catalogue.parameters)
    assert not problems
    assert all(judge(row, columns, catalogue).request for row in table.rows)
    assert len(table.rows) == 3


def test_variants_sample_asks_for_five_videos_of_two_rows() -> None:
    """The sample for variants is clean: three and two videos, and one row that is left out."""
    table = load(SAMPLES / "variants.csv", ReadOptions())[0]
    catalogue = make_catalogue(load_profiles([PROFILES]), {})
    columns, problems = map_columns(table.headers, {}, catalogue.parameters)
    columns, controls = split_controls(columns)
    gate = Gate(columns=controls)
    wanted = [(gate.look(row).variants, gate.look(row).left_out) for row in table.rows]
    assert problems == ()
    assert wanted == [(3, ""), (2, ""), (None, "decision")]
    assert all(judge(row, columns, catalogue).problems == () for row in table.rows)


def test_a_sheet_of_many_models_is_right_for_each() -> None:
    """Every row of the sample asks a model of its own for a video."""
    catalogue = make_catalogue(load_profiles([PROFILES]), {})
    (table,) = load(SAMPLES / "models.csv", ReadOptions(parameters=catalogue.parameters))
    columns, problems = map_columns(table.headers, {}, catalogue.parameters)
    assert not problems
    verdicts = [judge(row, columns, catalogue) for row in table.rows]
    assert [verdict.problems for verdict in verdicts] == [()] * 8
    assert len({verdict.model for verdict in verdicts}) == 8


def test_the_config_of_another_service_is_valid() -> None:
    """It can be copied as it stands."""
    config = read_config(SAMPLES / "other-service.yaml", trusted=True)
    assert config.provider.api.to_core().task == "/v1/video/{id}"
