"""The bench, run small: only what is lost by far is a failure, since every machine differs."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("resource", reason="processor time of children is asked of a POSIX system")

from tests.bench.__main__ import throughput


def test_no_speed_is_lost_by_far(tmp_path: Path) -> None:
    """Journal and whole run take no more than a few times the CPU of a loop that keeps nothing."""
    lines = list(throughput(1_000, 1, tmp_path, names=("journal", "engine")))
    assert len(lines) == 2
    assert [line.measured for line in lines if line.gross] == []
