"""Judging one row by the shipped profiles."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from batch_runner.core.model import Severity, Verdict
from batch_runner.core.profile import Catalogue
from batch_runner.settings.profiles import load_profiles

PICTURE = "https://images.example.com/cat.png"
Judged = Callable[..., Verdict]
Fits = Callable[..., dict[str, Any]]
MODELS = Path(__file__).parents[2] / "configs" / "models"
PROFILES = load_profiles([MODELS])


def _codes(verdict: Verdict, severity: Severity = Severity.ERROR) -> list[str]:
    return [p.code for p in verdict.problems if p.severity is severity]


def test_shipped_profiles_are_the_documented_ones() -> None:
    """The numbers of the provider's pages, stated once more and independently."""
    models = ("viduq3", "viduq3-mix", "viduq3-pro", "viduq3-turbo")
    p = {m: {q.name: q for q in PROFILES[m].parameters} for m in models}
    spans = {m: (q["duration"].low, q["duration"].high) for m, q in p.items()}
    assert spans == {
        "viduq3": (3, 16),
        "viduq3-mix": (1, 16),
        "viduq3-pro": (1, 16),
        "viduq3-turbo": (1, 16),
    }
    assert {q["duration"].default for q in p.values()} == {5}
    assert p["viduq3"]["resolution"].choices == ("540p", "720p", "1080p")
    assert p["viduq3-mix"]["resolution"].choices == ("720p", "1080p")
    assert {q["resolution"].default for q in p.values()} == {"720p"}
    assert {q["aspect_ratio"].choices for q in p.values()} == {
        ("16:9", "9:16", "4:3", "3:4", "1:1")
    }
    assert {m: q["prompt"].max_length for m, q in p.items()} == {
        "viduq3": 5000,
        "viduq3-mix": 5000,
        "viduq3-pro": 2000,
        "viduq3-turbo": 2000,
    }
    assert {m: q["image_urls"].max_items for m, q in p.items()} == {
        "viduq3": 7,
        "viduq3-mix": 7,
        "viduq3-pro": 2,
        "viduq3-turbo": 2,
    }


def test_request_is_complete_and_in_stable_order(judged: Judged, catalogue: Catalogue) -> None:
    """Defaults are made explicit, so that what is sent, and its price, never depend on others."""
    verdict = judged({"image_urls": PICTURE, "prompt": " It runs.\r\nFast. "}, catalogue)
    assert list((verdict.request or {}).items()) == [
        ("model", "viduq3"),
        ("prompt", "It runs.\nFast."),
        ("image_urls", [PICTURE]),
        ("duration", 5),
        ("resolution", "720p"),
        ("aspect_ratio", "16:9"),
    ]
    assert (verdict.estimate.low, verdict.estimate.high) == (400_000, 500_000)


def test_all_problems_of_a_row_come_at_once(judged: Judged, catalogue: Catalogue) -> None:
    """Four wrong cells give four errors, each at its column."""
    cells = {"prompt": "", "image_urls": "x.png", "duration": 99, "resolution": "4k"}
    verdict = judged(cells, catalogue)
    found = {p.code: p.column for p in verdict.problems}
    assert found == {
        "prompt_missing": 0,
        "image_urls_not_a_link": 1,
        "duration_out_of_range": 2,
        "resolution_not_offered": 3,
    }


@pytest.mark.parametrize(
    ("cells", "code", "hint"),
    [
        ({"duration": 2}, "duration_out_of_range", "viduq3-mix makes videos of 1 and 2 seconds."),
        (
            {"model": "viduq3-mix", "resolution": "540P"},
            "resolution_not_offered",
            "540p is not offered by viduq3-mix; viduq3 makes it.",
        ),
        ({"image_urls": None}, "image_urls_missing", "viduq3-pro and viduq3-turbo need no image."),
        ({"model": "viduq33"}, "model_unknown", "Did you mean viduq3"),
        ({"image_urls": "cat.png"}, "image_urls_not_a_link", "its path from the sheet"),
    ],
)
def test_hints_name_what_would_work(
    fits: Fits, judged: Judged, catalogue: Catalogue, cells: dict[str, Any], code: str, hint: str
) -> None:
    """Who is refused is told which model or form would do."""
    verdict = judged(fits("viduq3", **cells), catalogue)
    problem = next(p for p in verdict.problems if p.code == code)
    assert hint in problem.hint


def test_a_message_says_what_is_allowed(fits: Fits, judged: Judged, catalogue: Catalogue) -> None:
    """Every refused value is shown beside what the model takes."""
    cells = {"duration": "5.5", "resolution": "8k", "aspect_ratio": "5:4"}
    verdict = judged(fits("viduq3", **cells), catalogue)
    assert [p.message for p in verdict.problems] == [
        'duration is "5.5"; viduq3 takes a whole number from 3 to 16 seconds.',
        'resolution is "8k"; viduq3 takes 540p, 720p, 1080p.',
        'aspect_ratio is "5:4"; viduq3 takes 16:9, 9:16, 4:3, 3:4, 1:1.',
    ]


def test_ratio_that_became_a_time_is_read_back_with_a_notice(
    fits: Fits, judged: Judged, catalogue: Catalogue
) -> None:
    """16:09 o'clock is 16:9, and its owner is told."""
    verdict = judged(fits("viduq3", aspect_ratio=time(16, 9)), catalogue)
    assert (verdict.request or {})["aspect_ratio"] == "16:9"
    assert _codes(verdict, Severity.NOTICE) == ["ratio_from_time"]
