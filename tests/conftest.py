"""What holds for all tests: English sentences whatever the locale is, and one database server."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest

from tests.postgres import Server, programs
from tests.s3 import S3

os.environ["LC_ALL"] = "C.UTF-8"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever may take longest begins first: no worker is left alone with it at the end."""

    def allowed(item: pytest.Item) -> float:
        mark = item.get_closest_marker("timeout")
        return float(mark.args[0]) if mark is not None and mark.args else 0.0

    items.sort(key=allowed, reverse=True)


def _server() -> Server:
    found = programs()
    if found is not None:
        return Server(found)
    if os.environ.get("BATCH_RUNNER_REQUIRE_ALL") == "1":
        pytest.fail("PostgreSQL is missing: apt-get install postgresql")
    pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A real PostgreSQL server, one for all tests of a process; none may stop it."""
    with _server() as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[Server]:
    """Another one, for a test that stops or kills it."""
    with _server() as server:
        yield server


@pytest.fixture
def database(postgres: Server) -> Iterator[str]:
    """The address of an empty database of the test's own."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres.make_database(name)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    """A real server that speaks like S3, one for all tests of a process; none may stop it."""
    with S3() as server:
        yield server


@pytest.fixture
def s3(s3_server: S3, monkeypatch: pytest.MonkeyPatch) -> S3:
    """That server, with an empty bucket, and an environment that leads to it."""
    for name, value in s3_server.environ.items():
        monkeypatch.setenv(name, value)
    s3_server.make_bucket()
    return s3_server
