"""Every shipped profile, and cells that it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from batch_runner.core.model import CellValue, ColumnMap, SheetRow, Verdict, iter_errors
from batch_runner.core.profile import Catalogue, Kind, Parameter
from batch_runner.core.rules import judge
from batch_runner.settings.profiles import load_profiles, make_catalogue

MODELS = Path(__file__).parents[2] / "configs" / "models"
CATALOGUE = make_catalogue(load_profiles([MODELS]), {})
LINK = "https://files.example.com/one"
MOST_REPAIRS = 8

Cells = dict[str, CellValue]


def links(count: int) -> str:
    """A cell with so many links."""
    return "\n".join(f"{LINK}{i}" for i in range(count))


def sample(parameter: Parameter) -> CellValue:
    """A value that a parameter takes."""
    if parameter.choices:
        return str(parameter.choices[0])
    values: dict[Kind, CellValue] = {
        Kind.TEXT: "It runs.",
        Kind.INTEGER: parameter.low if parameter.low is not None else 5,
        Kind.BOOLEAN: "yes",
        Kind.IMAGES: links(parameter.min_items or 1),
        Kind.LINKS: links(parameter.min_items or 1),
        Kind.JSON: '[{"index": 1}]',
    }
    return values[parameter.kind]


def _judged(cells: Cells) -> Verdict:
    row = SheetRow(number=7, values=tuple(cells.values()))
    columns = ColumnMap(columns={name: (i,) for i, name in enumerate(cells)})
    return judge(row, columns, CATALOGUE)


def _errors(cells: Cells) -> list[str]:
    return [problem.code for problem in iter_errors(_judged(cells).problems)]


def _completed(model: str, forced: Mapping[str, CellValue]) -> Cells | None:
    """A row that the model takes and that holds these cells; ``None``: there is none."""
    found = _repaired(model, forced)
    if found is None:  # some values are only taken beside an image
        found = _repaired(model, {"image_urls": links(1), **forced})
    return found


def _repaired(model: str, forced: Mapping[str, CellValue]) -> Cells | None:
    """Fill in what is missing and empty what may not be there, as the errors say."""
    profile = CATALOGUE.profiles[model]
    cells: Cells = {"model": model, "prompt": "It runs.", **forced}
    for _ in range(MOST_REPAIRS):
        errors = _errors(cells)
        if not errors:
            return cells
        for parameter in profile.parameters:
            if parameter.name not in forced:
                if f"{parameter.name}_missing" in errors:
                    cells[parameter.name] = sample(parameter)
                elif any(code.startswith(f"{parameter.name}_") for code in errors):
                    cells[parameter.name] = None
    return None


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """The shipped models, no defaults set."""
    return CATALOGUE


@pytest.fixture(scope="session")
def judged() -> Callable[[Cells], Verdict]:
    """Judges a row made of cells by name; they stand in columns in this order."""
    return _judged


@pytest.fixture(scope="session")
def errors() -> Callable[[Cells], list[str]]:
    """The codes of all that keeps a row out."""
    return _errors


@pytest.fixture(scope="session")
def completed() -> Callable[[str, Mapping[str, Any]], Cells | None]:
    """A row that a model takes, around some cells."""
    return _completed
