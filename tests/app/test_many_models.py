"""Sheets with several models, a model of the user's own, and models that come with an upgrade."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from batch_runner.settings.find import user_config_dir
from tests.app.conftest import IMAGE, Cli, NewSheet, Service

ROOT = Path(__file__).parents[2]
FIRST_MODELS = ("viduq3", "viduq3-mix", "viduq3-pro", "viduq3-turbo")
OWN = """\
model: house-model-1
title: Our own
aliases: [ours]
source: https://docs.example/house
checked: 2026-11-01
parameters:
  prompt: {kind: text, required: true, max_length: 40}
  image_urls: {kind: images, max_items: 1, send_each_as: [still]}
  resolution: {kind: choice, choices: [720p, 1080p], sent: {720p: 1, 1080p: 2}, send_as: tier}
  house_style: {kind: choice, choices: [noir, pastel]}
rules:
  - when: {house_style: noir}
    allow: {resolution: [1080p]}
price:
  checked: 2026-11-01
  source: https://docs.example/prices
  rates: [{per_video: 0.25}]
"""


def test_a_sheet_may_mix_models(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """Each row goes out in its own model's fields, and comes back into its own row."""
    models = ["viduq3", "kling-v3", "doubao-seedance-2.0", "MiniMax-Hailuo-2.3", "wan2.7-r2v"]
    prompts = [f"With {model}." for model in models]
    sheet = new_sheet(kind, prompts, columns={"model": models})

    ended = cli("run", sheet)

    assert ended.code == 0, ended.err
    assert sheet.column("status") == ["succeeded"] * len(models)
    assert all(row["task_id"] == service.task_of(row["prompt"]) for row in sheet.rows())
    bodies = {task["body"]["model"]: task["body"] for task in service.accepted()}
    assert list(bodies) == models or set(bodies) == set(models)
    assert bodies["viduq3"]["resolution"] == "720p"
    assert bodies["kling-v3"]["mode"] == "std"
    assert bodies["doubao-seedance-2.0"]["size"] == "16:9"
    assert bodies["MiniMax-Hailuo-2.3"]["first_frame_image"] == IMAGE
    assert bodies["wan2.7-r2v"]["image_with_roles"] == [{"url": IMAGE, "role": "reference_image"}]


def test_a_profile_of_ones_own_is_all_that_a_new_model_needs(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """A file in the user's folder: the model is listed, checked, priced and sent by it."""
    folder = user_config_dir() / "models"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(OWN, encoding="utf-8")
    sheet = new_sheet(
        kind,
        ["Noir.", "Pastel."],
        columns={"model": ["ours"] * 2, "House style": ["noir", "Pastel"]},
    )

    listed, shown = cli("models"), cli("models", "ours")
    checked = cli("check", sheet, "--json")
    ended = cli("run", sheet, "--budget", "0.50")

    assert "house-model-1" in listed.out
    assert "resolution is 1080p when house_style is noir" in shown.out
    assert "$0.25 a video" in shown.out
    assert checked.code == 0, checked.err
    assert ended.code == 0, ended.err
    first, second = (service.accepted()[i]["body"] for i in (0, 1))
    assert {first["house_style"], second["house_style"]} == {"noir", "pastel"}
    assert first["still"] == IMAGE
    assert first["model"] == "house-model-1"


@pytest.fixture
def first_release(tmp_path: Path) -> Path:
    """The program as it was when it knew the first models only."""
    home = tmp_path / "first"
    shutil.copytree(
        ROOT / "batch_runner",
        home / "batch_runner",
        ignore=shutil.ignore_patterns("__pycache__", ".mypy_cache"),
    )
    models = home / "configs" / "models"
    models.mkdir(parents=True)
    for name in FIRST_MODELS:
        shutil.copy(ROOT / "configs" / "models" / f"{name}.yaml", models)
    return home


def test_models_that_come_later_buy_nothing_again(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str, first_release: Path
) -> None:
    """Columns of the user's that a new model happens to know do not make finished rows new ones."""
    theirs = {
        "Watermark": ["Acme", "no", ""],
        "Negative prompt": ["blur", "", "text"],
        "Shot type": ["close", "wide", "single"],
        "First frame image": ["a note", "", "see folder 3"],
        "Size": ["16:9", "XL", ""],
        "Mode": ["std", "", "fast"],
    }
    sheet = new_sheet(kind, ["First.", "Second.", "Third."], columns=theirs)

    def first(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "batch_runner", *map(str, words)],
            env={**os.environ, "PYTHONPATH": str(first_release)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert len(first("models").stdout.splitlines()) == len(FIRST_MODELS)
    before = first("run", sheet.path)
    assert before.returncode == 0, before.stderr
    tasks = sheet.column("task_id")

    counted = cli("check", sheet, "--json")
    again, once_more = cli("run", sheet), cli("run", sheet)

    assert service.bought() == {"First.": 1, "Second.": 1, "Third.": 1}
    assert again.code == once_more.code == 0, again.err
    assert counted.json["differing"] == 0
    assert sheet.column("task_id") == tasks
    assert sheet.column("status") == ["succeeded"] * 3
    shutil.rmtree(sheet.sidecar)
    lost = cli("run", sheet)
    assert lost.code == 0, lost.err
    assert service.bought() == {"First.": 1, "Second.": 1, "Third.": 1}
