"""Sheets with templates, taken in as a run would."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from batch_runner.app.campaign import open_campaign
from batch_runner.app.sheet.intake import Intake, Memory, take_in
from batch_runner.core.jobs import RowSpec
from batch_runner.core.model import Severity
from batch_runner.loader.load import load

IMAGE = "https://images.example.com/cat.png"

TakeIn = Callable[..., Intake]


@pytest.fixture
def take(tmp_path: Path) -> TakeIn:
    """``take(csv, config, memory, **options)``: the sheet as a run understands it."""

    def _take(
        sheet: str,
        config: Mapping[str, Any] | None = None,
        memory: Memory | None = None,
        **options: object,
    ) -> Intake:
        path = tmp_path / "sheet.csv"
        path.write_text(sheet, encoding="utf-8")
        # JSON is YAML.
        path.with_suffix(".yaml").write_text(json.dumps(config or {}), encoding="utf-8")
        campaign = open_campaign(path, options, {"BATCH_RUNNER_DATA": str(tmp_path / "data")})
        (table,) = load(path, campaign.rules.options)
        return take_in(table, campaign.rules, memory or Memory())

    return _take


def specs(intake: Intake) -> dict[int, RowSpec]:
    """The rows that are jobs, by their lines."""
    return {c.spec.identity.row: c.spec for c in intake.rows.candidates()}


def requests(intake: Intake) -> dict[int, dict[str, Any]]:
    """What the valid rows ask for, by their lines."""
    return {
        row: json.loads(spec.body) for row, spec in specs(intake).items() if spec.body is not None
    }


def prompts(intake: Intake) -> dict[int, str]:
    """The prompts of the valid rows, by their lines."""
    return {row: asked["prompt"] for row, asked in requests(intake).items()}


def errors(intake: Intake) -> list[tuple[str, int | None, int | None]]:
    """Code, line and column of all that keeps a row out."""
    found = (p for p in intake.rows.findings if p.severity is Severity.ERROR)
    return [(problem.code, problem.row, problem.column) for problem in found]


def hashes(intake: Intake) -> dict[int, str]:
    """The row hashes, by their lines."""
    return {row: spec.identity.row_hash for row, spec in specs(intake).items()}


def known_as(intake: Intake) -> dict[int, str]:
    """The hashes by which the ledger of an earlier run looks for the rows."""
    return {row: spec.identity.match_hash for row, spec in specs(intake).items()}
