"""The files to start a fleet with say what this version understands."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from batch_runner.cli.main import group

ROOT = Path(__file__).parents[2]
FILES = ROOT / "configs" / "fleet"
KNOWN = {
    "APIMART_API_KEY",
    "BATCH_RUNNER_LEDGER",
    "BATCH_RUNNER_SERVE_PASSWORD",
    "PGPASSWORD",  # libpq's
}


def _compose() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((FILES / "compose.yaml").read_text())["services"]
    return {name: one for name, one in services.items() if one["image"] == "batch-runner"}


def _containers() -> Iterator[dict[str, Any]]:
    for part in yaml.safe_load_all((FILES / "kubernetes.yaml").read_text()):
        pod = part.get("spec", {}).get("template", {}).get("spec", {})
        yield from (one for one in pod.get("containers", ()) if one["image"] == "batch-runner")


def _commands() -> list[list[str]]:
    told = re.findall(r"run --rm sheet (.+)$", (FILES / "compose.yaml").read_text(), re.MULTILINE)
    return [
        *(one["command"] for one in _compose().values()),
        *(one["args"] for one in _containers()),
        *map(shlex.split, told),
    ]


@pytest.mark.parametrize("words", _commands(), ids=shlex.join)
def test_each_container_starts_a_command_that_there_is(words: list[str]) -> None:
    """Every option is one of that command's."""
    if words == ["--help"]:
        return
    with click.Context(group) as context:
        command = group.get_command(context, words[0])
        assert command is not None
        command.make_context(words[0], list(words[1:]), parent=context)


def test_each_container_is_told_what_it_looks_for() -> None:
    """No variable is misspelt, and each process knows the ledger, its password and the key."""
    for name, service in _compose().items():
        assert set(service["environment"]) - {"<<"} <= KNOWN, name
        assert KNOWN - {"BATCH_RUNNER_SERVE_PASSWORD"} <= set(service["environment"]), name
    for container in _containers():
        assert {one["name"] for one in container["env"]} <= KNOWN
        assert {"PGPASSWORD", "APIMART_API_KEY"} <= {one["name"] for one in container["env"]}


def test_no_secret_stands_in_the_files() -> None:
    """Passwords and keys come from elsewhere, and the ledger's address is without one."""
    for place in ("compose.yaml", "kubernetes.yaml"):
        text = (FILES / place).read_text()
        assert re.findall(r"postgresql://(\S+)", text) == ["batch_runner@ledger/batch_runner"]
        assert not re.search(r"(?i)password: *['\"]?(?!\$\{|libpq)\w", text)


def test_the_image_is_built_with_extras_that_there_are() -> None:
    """What the Dockerfile installs, and what it copies."""
    text = (FILES / "Dockerfile").read_text()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    (named,) = re.findall(r'"\.\[(.+?)\]"', text)
    assert set(named.split(",")) <= set(extras)
    copied = [
        word for line in re.findall(r"COPY (.+) \S+$", text, re.MULTILINE) for word in line.split()
    ]
    assert copied
    assert all((ROOT / one).exists() for one in copied)
