"""Where the API key may stand: another variable, or a file that is exchanged while it is used."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.conftest import KEY, Cli, NewSheet, Service

POLL = "poll: {first: 10ms, min: 10ms, max: 20ms}\n"


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], Path]:
    """``config(text)``: a config to be named by --config."""

    def write(text: str) -> Path:
        path = tmp_path / "named.yaml"
        path.write_text(POLL + text, encoding="utf-8")
        return path

    return write


def test_another_variable_may_hold_the_key(
    cli: Cli,
    service: Service,
    new_sheet: NewSheet,
    config: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """provider.key_env names the variable; unset, it is told and nothing is sent."""
    named, sheet = config("provider: {key_env: STUDIO_KEY}"), new_sheet("csv", ["One."])
    refused = cli("run", sheet, "--config", named)
    assert refused.code == 2
    assert "STUDIO_KEY" in refused.err
    monkeypatch.setenv("STUDIO_KEY", "sk-studio")
    monkeypatch.delenv("APIMART_API_KEY")
    assert cli("run", sheet, "--config", named).code == 0


def test_a_file_may_hold_the_key(
    cli: Cli,
    service: Service,
    new_sheet: NewSheet,
    config: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """provider.key_file is read from the config's folder; a missing one is named, exit 2."""
    monkeypatch.delenv("APIMART_API_KEY")
    named, sheet = config("provider: {key_file: my.key}"), new_sheet("csv", ["One."])
    refused = cli("run", sheet, "--config", named)
    assert refused.code == 2
    assert str(tmp_path / "my.key") in refused.err
    (tmp_path / "my.key").write_text(f"{KEY}\n", encoding="utf-8")
    assert cli("run", sheet, "--config", named).code == 0
    assert KEY.encode() not in b"".join(
        path.read_bytes() for path in sheet.path.parent.rglob("*") if path.is_file()
    )


def test_a_config_beside_the_sheet_may_not_name_a_key(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """The sheet's folder may come from anybody: exit 2, nothing sent."""
    sheet = new_sheet("csv", ["One."])
    sheet.path.with_name("campaign.yaml").write_text("provider: {key_file: /etc/passwd}")
    refused = cli("run", sheet)
    assert refused.code == 2
    assert "may not set 'provider'" in refused.err
    assert service.accepted() == []


def test_an_exchanged_key_is_read_again_once(
    cli: Cli,
    serve: Callable[..., Service],
    new_sheet: NewSheet,
    config: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Refused in mid-run, the file's new key goes on: all rows done, the limit kept, each paid once."""
    monkeypatch.delenv("APIMART_API_KEY")
    service = serve(seconds=(0.2, 0.2))
    named, sheet = config("provider: {key_file: my.key}"), new_sheet("csv", list("ABCDE"))
    key = tmp_path / "my.key"
    key.write_text("sk-old", encoding="utf-8")

    def exchange() -> None:
        while not service.answers("POST /v1/videos/generations"):
            pass
        key.write_text("sk-new", encoding="utf-8")
        service.misbehave("key-replaced=1")

    owner = threading.Thread(target=exchange)
    owner.start()
    limited = cli("run", sheet, "--config", named, "--limit", "4", "--concurrency", "1")
    owner.join()

    assert "The API key was refused. Its file holds another one by now" in limited.err
    assert sum(service.bought().values()) == 4
    assert len({task["account"] for task in service.accepted()}) == 2
    service.misbehave()
    key.write_text("sk-third", encoding="utf-8")
    service.misbehave("key-refused")
    refused = cli("run", sheet, "--config", named)
    assert refused.code == 3
    assert "tried once" not in refused.err  # the file holds what was refused
    service.misbehave()
    assert cli("run", sheet, "--config", named).code == 0
    assert sorted(service.bought().values()) == [1] * 5
