"""``models``: what each model takes and costs, of shipped profiles and of the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.conftest import IMAGE, Cli, NewSheet, Service
from tests.app.sheets import write_config

MINE = """\
model: my-model
title: Mine
source: https://docs.example/mine
checked: 2026-01-01
parameters:
  prompt: {kind: text, required: true, max_length: 20}
  image_urls: {kind: images, max_items: 2, send_as: pictures}
  duration: {kind: integer, choices: [5, 10], default: 5, unit: seconds}
  resolution: {kind: choice, choices: [720p, 1080p], default: 720p, send_as: mode, sent: {720p: std}}
rules:
  - {when: {resolution: 1080p}, allow: {duration: [5]}, hint: Shorter is sharper.}
price:
  checked: 2026-01-01
  source: https://docs.example/prices
  rates: [{when: {resolution: 720p}, per_second: 0.1}, {per_video: 1}]
  low: 0.5
"""


@pytest.fixture
def config() -> Path:
    """A config whose folder has a model of the user's own."""
    folder = Path("own")
    (folder / "models").mkdir(parents=True)
    (folder / "models" / "mine.yaml").write_text(MINE, encoding="utf-8")
    place = folder / "campaign.yaml"
    place.write_text(
        "models: models\npoll: {first: 10ms, min: 10ms, max: 50ms}\n", encoding="utf-8"
    )
    return place


def test_all_of_a_model_is_shown(cli: Cli, config: Path) -> None:
    """Rules, prices, dates and sources, for people and for programs, by name and by file."""
    shown = cli("models", "my-model", "--config", config).out
    file = config.parent / "models" / "mine.yaml"

    assert cli("models", file).out == shown
    for said in (
        "Shorter is sharper.",
        "720p is std",
        "2026-01-01",
        "https://docs.example/prices",
    ):
        assert said in shown
    document = cli("models", file, "--json").json
    assert document["checked"] == "2026-01-01"
    duration = document["parameters"][2]
    assert (duration["kind"], duration["choices"], duration["default"]) == ("integer", [5, 10], 5)
    assert document["parameters"][1]["sent_as"] == ["pictures"]
    assert document["rules"][0]["sentences"] == ["duration is 5 when resolution is 1080p."]
    first, second = document["price"]["rates"]
    assert (first["when"], first["usd_per_second"]) == ({"resolution": ["720p"]}, 0.1)
    assert (second["when"], second["usd_per_video"]) == ({}, 1.0)


def test_the_list_names_the_default_and_the_own_ones(cli: Cli, config: Path) -> None:
    """All models, those of the config's folder too, as lines and as one document."""
    assert "my-model" in cli("models", "--config", config).out
    document = cli("models", "--config", config, "--json").json
    names = [model["model"] for model in document["models"]]
    assert document["default"] == "viduq3"
    assert {"viduq3", "my-model"} <= set(names)
    assert "my-model" not in cli("models").out


def test_a_file_that_is_no_profile_is_explained(cli: Cli) -> None:
    """With its line, and what is wrong."""
    Path("wrong.yaml").write_text(MINE.replace("kind: text", "kind: words"), encoding="utf-8")
    refused = cli("models", "wrong.yaml")
    assert refused.code == 2
    assert "wrong.yaml:6" in refused.err
    assert cli("models", "nothing.yaml").code == 2
    assert "viduq3" in cli("models", "viduq").err


def test_an_own_model_and_a_shipped_one_share_a_sheet(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str, config: Path
) -> None:
    """Each row is sent in the fields of its model, and the model is one cell."""
    sheet = new_sheet(kind, ["One.", "Two."], columns={"model": ["my-model", "viduq3"]})

    assert cli("run", sheet, "--config", config).code == 0

    bodies = {task["body"]["model"]: task["body"] for task in service.accepted()}
    assert bodies["viduq3"]["image_urls"] == [IMAGE]
    assert bodies["viduq3"]["resolution"] == "720p"
    assert bodies["my-model"]["pictures"] == [IMAGE]
    assert bodies["my-model"]["mode"] == "std"


def test_a_folder_beside_a_sheet_is_not_trusted(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A config that is taken by itself cannot say what videos cost."""
    sheet = new_sheet("csv", ["One."])
    Path("models").mkdir()
    write_config(sheet, models="models")

    refused = cli("run", sheet)

    assert refused.code == 2
    assert "--config" in refused.err
    assert cli("run", sheet, "--config", "nowhere.yaml").code == 2
    assert service.accepted() == []
