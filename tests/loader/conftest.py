from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import openpyxl
import pytest
from openpyxl import Workbook

from batch_runner.core.model import ReadOptions, Table
from batch_runner.loader.load import load

ReadCsv = Callable[..., Table]
SaveBook = Callable[[Workbook], Path]
Rewrite = Callable[[Path, Mapping[str, Callable[[str], str]]], Path]


@pytest.fixture
def read_csv(tmp_path: Path) -> ReadCsv:
    """Write bytes as a sheet and load it."""

    def read(data: bytes, *, name: str = "sheet.csv", **options: object) -> Table:
        path = tmp_path / name
        path.write_bytes(data)
        (table,) = load(path, ReadOptions(**options))  # type: ignore[arg-type]
        return table

    return read


@pytest.fixture
def book() -> Workbook:
    """A workbook with a header and one row in its only worksheet, Sheet."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.append(["prompt", "image_urls", "duration"])
    sheet.append(["a cat runs", "https://example.com/cat.png", 5])
    return workbook


@pytest.fixture
def save(tmp_path: Path) -> SaveBook:
    """Save a workbook as campaign.xlsx."""

    def save_book(workbook: Workbook) -> Path:
        path = tmp_path / "campaign.xlsx"
        workbook.save(path)
        return path

    return save_book


@pytest.fixture
def rewrite() -> Rewrite:
    """Change parts of a saved workbook, as other programs would have written them."""

    def change(path: Path, parts: Mapping[str, Callable[[str], str]]) -> Path:
        out = io.BytesIO()
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            for name in old.namelist():
                data = old.read(name)
                if name in parts:
                    changed = parts[name](data.decode())
                    assert changed.encode() != data, f"{name} was not changed"
                    data = changed.encode()
                new.writestr(name, data)
        path.write_bytes(out.getvalue())
        return path

    return change
