"""Rows and catalogues for the rules' tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from batch_runner.core.model import CellValue, ColumnMap, SheetRow
from batch_runner.core.profile import Catalogue
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
