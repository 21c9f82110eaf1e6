"""One row, many models: changing the model is changing one cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from batch_runner.core.misnamed import misnamed
from batch_runner.core.model import ColumnMap, Severity, SheetRow, Verdict
from batch_runner.core.profile import Catalogue
from batch_runner.core.rules import is_job, judge
from batch_runner.core.values import canonical_cells

ONE, TWO = "https://files.example.com/1.png", "https://files.example.com/2.png"
PLAIN = {"prompt": "It runs.", "aspect_ratio": "9:16", "resolution": "720p", "audio": "yes"}
FRAMED = {"prompt": "It runs.", "first_frame_image": ONE, "last_frame_image": TWO}

Judged = Callable[[dict[str, Any]], Verdict]


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("viduq3-pro", {"aspect_ratio": "9:16", "resolution": "720p", "audio": True}),
        ("kling-v3", {"aspect_ratio": "9:16", "mode": "std", "audio": True}),
        ("seedance-2.0", {"size": "9:16", "resolution": "720p", "generate_audio": True}),
        ("doubao-seedance-1-5-pro", {"aspect_ratio": "9:16", "audio": True}),
        ("wan2.6", {"aspect_ratio": "9:16", "resolution": "720p", "audio": True}),
        ("wan3.0-video", {"size": "9:16", "resolution": "720P", "audio": True}),
        ("pixverse-v6", {"size": "9:16", "resolution": "720p", "audio": True}),
        ("flux-3-video", {"aspect_ratio": "9:16", "resolution": "hd", "audio": True}),
        ("veo3.1-fast-official", {"aspect_ratio": "9:16", "generate_audio": True}),
        ("grok-imagine-1.5-video-apimart", {"size": "9:16", "quality": "720p"}),
        ("kling-video-o1", {"aspect_ratio": "9:16", "mode": "std"}),
    ],
)
def test_the_same_cells_become_the_fields_of_each_model(
    judged: Judged, model: str, says: Mapping[str, object]
) -> None:
    """Ratio, quality and sound are said once; each model gets them under its own names."""
    request = judged({"model": model, **PLAIN}).request
    assert request is not None
    assert {name: request.get(name) for name in says} == says
    assert not {"size", "mode", "quality", "generate_audio"} & (request.keys() - says.keys())


@pytest.mark.parametrize(
    ("model", "says"),
    [
        ("viduq3-pro", {"image_urls": [ONE, TWO]}),
        ("kling-v3", {"image_urls": [ONE, TWO]}),
        ("MiniMax-Hailuo-02", {"first_frame_image": ONE, "last_frame_image": TWO}),
        ("MiniMax-H3", {"first_frame_image": ONE, "last_frame_image": TWO}),
        ("veo3.1-fast", {"image_urls": [ONE, TWO]}),
        ("pixverse-v6", {"first_frame_image": ONE, "last_frame_image": TWO}),
        (
            "doubao-seedance-2.0",
            {
                "image_with_roles": [
                    {"url": ONE, "role": "first_frame"},
                    {"url": TWO, "role": "last_frame"},
                ]
            },
        ),
    ],
)
def test_frames_in_columns_of_their_own_fit_every_model(
    judged: Judged, model: str, says: Mapping[str, object]
) -> None:
    """First and last frame reach each model in its own shape: list, text fields or roles."""
    request = judged({"model": model, **FRAMED}).request
    assert request is not None
    images = {"image_urls", "first_frame_image", "last_frame_image", "image_with_roles"}
    assert {name: value for name, value in request.items() if name in images} == says


def test_frames_may_also_stand_under_image_urls(judged: Judged) -> None:
    """Where a model has nothing but frames, one column of images will do."""
    request = judged(
        {"model": "MiniMax-Hailuo-02", "prompt": "It runs.", "image_urls": f"{ONE}\n{TWO}"}
    ).request
    assert request is not None
    assert (request["first_frame_image"], request["last_frame_image"]) == (ONE, TWO)
    assert "image_urls" not in request


def test_a_last_frame_may_join_an_image(judged: Judged) -> None:
    """One image and a last frame beside it are the first and the last frame."""
    cells = {"model": "viduq3-pro", "prompt": "x", "image_urls": ONE, "last_frame_image": TWO}
    verdict = judged(cells)
    assert verdict.problems == ()
    assert (verdict.request or {})["image_urls"] == [ONE, TWO]


@pytest.mark.parametrize(
    ("cells", "code", "column"),
    [
        ({"image_urls": ONE, "first_frame_image": TWO}, "frames_twice", "first_frame_image"),
        (
            {"image_urls": f"{ONE}\n{TWO}", "last_frame_image": TWO},
            "frames_twice",
            "last_frame_image",
        ),
        ({"last_frame_image": TWO}, "first_frame_image_missing", "first_frame_image"),
        (
            {"first_frame_image": f"{ONE}\n{TWO}"},
            "first_frame_image_too_many",
            "first_frame_image",
        ),
        ({"first_frame_image": "cat.png"}, "image_urls_not_a_link", "first_frame_image"),
    ],
)
def test_frames_that_make_no_sense_are_named_at_their_cell(
    judged: Judged, cells: dict[str, str], code: str, column: str
) -> None:
    """Whichever column the frames come from, the error points there, and nothing is sent."""
    given = {
        "model": "viduq3-pro",
        "prompt": "It runs.",
        "image_urls": None,
        "first_frame_image": None,
        "last_frame_image": None,
        **cells,
    }
    verdict = judged(given)
    assert verdict.request is None
    assert [(p.code, p.column) for p in verdict.problems] == [(code, list(given).index(column))]


def test_what_a_model_cannot_do_is_said_at_the_cell(judged: Judged) -> None:
    """A cell that another model has no use for is warned of; one that it refuses is an error."""
    cells = {"model": "viduq3", "image_urls": ONE, **PLAIN, "first_frame_image": TWO}
    ignored = judged(cells)
    assert ignored.request is not None
    assert {p.code: p.column for p in ignored.problems} == {
        "audio_ignored": list(cells).index("audio"),
        "first_frame_image_ignored": list(cells).index("first_frame_image"),
    }
    refused = judged({**cells, "model": "MiniMax-H3", "first_frame_image": None})
    assert [p.code for p in refused.problems if p.severity is Severity.ERROR] == [
        "resolution_not_offered"
    ]


def test_the_words_of_an_api_are_understood_too(judged: Judged) -> None:
    """Who writes pro where others write 1080p gets the same video."""
    words = ("1080p", "pro", "PRO", 1080)
    requests = [judged({"model": "kling-v3", "prompt": "x", "resolution": w}) for w in words]
    assert [(r.request or {}).get("mode") for r in requests] == ["pro"] * len(words)


def test_a_default_of_the_settings_gives_way_to_the_row(catalogue: Catalogue) -> None:
    """Of ways that exclude each other the row's own wins; a default is left out silently."""
    settled = replace(catalogue, defaults={"image_urls": (ONE,)})
    row = SheetRow(number=2, values=("It runs.", TWO, "MiniMax-H3"))
    columns = ColumnMap(columns={"prompt": (0,), "first_frame_image": (1,), "model": (2,)})
    verdict = judge(row, columns, settled)
    assert verdict.request is not None
    assert verdict.problems == ()
    assert verdict.request["first_frame_image"] == TWO
    assert "image_urls" not in verdict.request


def test_a_row_with_nothing_but_a_frame_is_a_job_and_known_by_it() -> None:
    """A picture in any picture column asks for a video; its link is part of the row."""
    columns = ColumnMap(columns={"prompt": (0,), "first_frame_image": (1,)})
    linked = [
        SheetRow(number=2, values=(None, "see here"), links={1: link}) for link in (ONE, TWO)
    ]
    assert all(is_job(row, columns) for row in linked)
    assert len({canonical_cells(row, columns) for row in linked}) == 2


HEADERS = ("prompt", "Size", "Mode", "video_url")


@pytest.mark.parametrize(
    ("model", "line", "named"),
    [
        ("doubao-seedance-2.0", ("x", "9:16", "std", ONE), {1: "aspect_ratio"}),
        ("kling-v3", ("x", "9:16", "std", ONE), {2: "resolution"}),
        ("kling-v3-motion-control", ("x", "9:16", "fast", ONE), {}),
        ("doubao-seedance-2.0", ("x", "XL", "std", ONE), {}),
        ("viduq3", ("x", "9:16", "std", ONE), {}),
    ],
)
def test_columns_named_as_the_api_does_are_pointed_out_where_they_are_meant(
    catalogue: Catalogue, model: str, line: tuple[str, ...], named: dict[int, str]
) -> None:
    """A ratio under size is not silently passed over, and a shirt's size is left in peace."""
    columns = ColumnMap(columns={"prompt": (0,)})
    rows = [SheetRow(number=2, values=line)]
    found = misnamed(HEADERS, rows, columns, [catalogue.profiles[model]], ours={3})
    assert {problem.column: problem.hint.split()[3].rstrip(",") for problem in found} == named
