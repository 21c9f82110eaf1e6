"""Parquet files as sheets."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow.parquet import write_table

from batch_runner.core.errors import SheetError
from batch_runner.core.model import ReadOptions
from batch_runner.loader.load import load

IMAGE = "https://example.com/cat.png"


def test_values_of_every_type_become_cells(tmp_path: Path) -> None:
    """Lists and structures are JSON, whole numbers integers, what is not there is blank."""
    path = tmp_path / "shots.parquet"
    at = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    columns = {
        "prompt": ["One.", "  ", None],
        "image_urls": [[IMAGE, IMAGE], [], None],
        "duration": [5.0, 5.5, float("nan")],
        "price": [Decimal("1.50"), Decimal(2), None],
        "day": [date(2026, 1, 2), None, None],
        "at": pa.array([at, None, None], pa.timestamp("ms", "UTC")),
        "far": pa.array([10**15, None, None], pa.timestamp("s")),
        "text": [b"plain", b"\xff\xfe", None],
        "more": [{"a": 1}, None, None],
        "word": pa.array(["x", "y", None]).dictionary_encode(),
    }
    write_table(pa.table(columns), path)

    (table,) = load(path, ReadOptions())

    assert table.headers == tuple(columns)
    first, second = table.rows
    assert first.number == 1
    assert first.values[:5] == ("One.", f'["{IMAGE}", "{IMAGE}"]', 5, 1.5, date(2026, 1, 2))
    assert first.values[5] == at
    assert isinstance(first.values[6], str)
    assert first.values[7:] == ("plain", '{"a": 1}', "x")
    assert second.values == (*(None,) * 2, 5.5, 2, None, None, None, "<2 bytes>", None, "y")


@pytest.mark.parametrize("data", [b"", b"PAR1", b"prompt,image_urls\n", b"PAR1" + b"x" * 50])
def test_what_is_no_parquet_file_is_refused(tmp_path: Path, data: bytes) -> None:
    """An empty, cut or foreign file gets a sentence."""
    path = tmp_path / "shots.parquet"
    path.write_bytes(data)

    with pytest.raises(SheetError) as refused:
        load(path, ReadOptions())

    assert refused.value.code == "damaged"


def test_without_pyarrow_the_command_that_installs_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an extra: whoever has not installed it is told how."""
    path = tmp_path / "shots.parquet"
    write_table(pa.table({"prompt": ["One."]}), path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)

    with pytest.raises(SheetError) as refused:
        load(path, ReadOptions())

    assert refused.value.code == "pyarrow_missing"
    assert "pip install pyarrow" in refused.value.hint
