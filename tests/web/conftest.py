"""The dashboard's server, talked to without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.house import Dashboard, dashboard


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Dashboard]:
    """A dashboard at work."""
    with dashboard(tmp_path) as one:
        yield one
