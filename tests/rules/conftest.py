"""Rows and catalogues for the rules' tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from batch_runner.core.model import CellValue, ColumnMap, SheetRow, Verdict
from batch_runner.core.profile import Catalogue, Kind
from batch_runner.core.rules import judge
from batch_runner.settings.profiles import load_profiles, make_catalogue

MODELS = Path(__file__).parents[2] / "configs" / "models"

Line = tuple[SheetRow, ColumnMap]


def _line(cells: Mapping[str, CellValue], **more: Any) -> Line:
    """A row at line 7 whose columns are the given names, in order."""
    row = SheetRow(number=7, values=tuple(cells.values()), **more)
    return row, ColumnMap(columns={name: (i,) for i, name in enumerate(cells)})


@pytest.fixture(scope="session")
def line() -> Callable[..., Line]:
    """Makes a row and its columns from cells by name."""
    return _line


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The shipped models, no defaults set."""
    return make_catalogue(load_profiles([MODELS]), {})


@pytest.fixture(scope="session")
def judged() -> Callable[..., Verdict]:
    """Judges a row made of cells by name."""

    def _judged(cells: Mapping[str, CellValue], by: Catalogue, **more: Any) -> Verdict:
        return judge(*_line(cells, **more), by)

    return _judged


@pytest.fixture(scope="session")
def fits(catalogue: Catalogue) -> Callable[..., dict[str, Any]]:
    """Cells that a model takes, changed as asked; ``None`` empties one."""

    def _fits(model: str, /, **cells: Any) -> dict[str, Any]:
        takes: dict[str, Any] = {"model": model, "prompt": "The cat jumps onto the wall."}
        parameters = catalogue.profiles[model].parameters
        if any(p.kind is Kind.IMAGES and p.required for p in parameters):
            takes["image_urls"] = "https://images.example.com/cat.png"
        return takes | cells

    return _fits
