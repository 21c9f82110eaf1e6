"""Commands on machines that share a database, in this process; workers in their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from batch_runner.cli.main import cli
from tests.fleet.house import House, house_at

Command = Callable[..., int]


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    """A sandbox whose tasks take no time, and an empty database."""
    with house_at(tmp_path, database, "--seconds", "0.1-0.2") as made:
        yield made


@pytest.fixture
def command(house: House, monkeypatch: pytest.MonkeyPatch) -> Command:
    """``command("run", sheet, machine="two")``: the exit code of a command on a machine."""

    def run(*words: str | Path, machine: str = "one", **more: str) -> int:
        for name in ("APIMART_BASE_URL", "BATCH_RUNNER_LEDGER"):
            monkeypatch.delenv(name, raising=False)
        for name, value in house.environment(machine, **more).items():
            if value != os.environ.get(name):
                monkeypatch.setenv(name, value)
        return cli([str(word) for word in words])

    return run
