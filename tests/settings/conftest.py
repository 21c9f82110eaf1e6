"""Config files and sheets for the settings' tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """A sheet in a folder of its own; what it holds does not matter to settings."""
    path = tmp_path / "campaign.xlsx"
    path.write_bytes(b"")
    return path


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file and gives its path."""

    def _write(text: str | bytes, name: str = "given.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
        return path

    return _write
