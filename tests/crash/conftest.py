"""A warm process and a sandbox, shared by all tests of a process of pytest's."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.harness import Service, Zygote

# Processes are forked, limited and killed the POSIX way.
collect_ignore_glob = ["test_*.py"] if sys.platform == "win32" else []
MEMORY = Path("/dev/shm")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is one: what a dead process wrote stays there as well."""
    if not os.access(MEMORY, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as made:
        yield Path(made)


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """Runs commands in forks of a process that has everything loaded."""
    with Zygote(tmp_path_factory.mktemp("zygote")) as made:
        yield made


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A quick sandbox in a process of its own."""
    with Service(tmp_path_factory.mktemp("service"), "--seconds", "0") as made:
        yield made
