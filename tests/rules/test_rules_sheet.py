"""What the rules say about rows as parts of a sheet and of a campaign."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from batch_runner.core.model import Problem, Severity, Verdict
from batch_runner.core.profile import (
    Catalogue,
)
from batch_runner.core.rules import across, fingerprint, is_job, judge

PICTURE = "https://images.example.com/cat.png"
Judged = Callable[..., Verdict]
Fits = Callable[..., dict[str, Any]]


def _codes(verdict: Verdict, severity: Severity = Severity.ERROR) -> list[str]:
    return [p.code for p in verdict.problems if p.severity is severity]


def test_model_cell_beats_default_beats_catalogue(catalogue: Catalogue, judged: Judged) -> None:
    """The row's own model wins; aliases and case are understood."""
    profiles = dict(catalogue.profiles)
    profiles["viduq3-pro"] = replace(profiles["viduq3-pro"], aliases=("Vidu Pro",))
    catalogue = Catalogue(profiles=profiles, default_model="viduq3")
    settled = replace(catalogue, defaults={"model": "viduq3-turbo"})
    prompt = {"prompt": "It runs.", "model": None}
    assert judged(prompt, catalogue).model == "viduq3"
    assert judged(prompt, settled).model == "viduq3-turbo"
    assert judged(prompt | {"model": "ＶＩＤＵＱ３-mix"}, settled).model == "viduq3-mix"
    assert judged(prompt | {"model": "vidu pro"}, settled).model == "viduq3-pro"
    nothing = judged(prompt, Catalogue(profiles=profiles))
    assert _codes(nothing) == ["model_missing"]


def test_defaults_fill_blanks_and_never_beat_a_cell(judged: Judged, catalogue: Catalogue) -> None:
    """A campaign's default stands where the cell is blank, images included."""
    settled = replace(
        catalogue, defaults={"duration": "8", "image_urls": (PICTURE,), "resolution": 1080}
    )
    verdict = judged({"prompt": "It runs.", "resolution": "540p"}, settled)
    assert verdict.request is not None
    assert verdict.request["duration"] == 8
    assert verdict.request["resolution"] == "540p"
    assert verdict.request["image_urls"] == [PICTURE]


def test_a_default_out_of_range_is_said_to_be_a_default(
    fits: Fits, judged: Judged, catalogue: Catalogue
) -> None:
    """The row is refused, and the hint leads to the config instead of the cell."""
    verdict = judged(fits("viduq3"), replace(catalogue, defaults={"duration": 99}))
    assert verdict.problems[0].column is None
    assert "default of the config or of --set" in verdict.problems[0].hint


def test_cells_a_model_cannot_use_are_warned_of(
    fits: Fits, judged: Judged, catalogue: Catalogue
) -> None:
    """A filled cell is never dropped silently; a blank one is nothing to talk about."""
    cells = {"audio": "yes", "style": None, "key": "A1"}
    verdict = judged(fits("viduq3", **cells), catalogue)
    assert verdict.request is not None
    assert _codes(verdict, Severity.WARNING) == ["audio_ignored"]


def test_reading_problems_of_mapped_cells_are_included(
    fits: Fits, judged: Judged, catalogue: Catalogue
) -> None:
    """An unreadable cell keeps the row out, and is not also called missing."""
    unread = Problem(code="formula_without_value", message="No value.", row=7, column=1)
    elsewhere = Problem(code="formula_without_value", message="No value.", row=7, column=9)
    cells = fits("viduq3", prompt=None)
    verdict = judged(cells, catalogue, problems=(unread, elsewhere))
    assert verdict.problems == (unread,)
    assert verdict.request is None


@pytest.mark.parametrize(
    ("cells", "links", "expected"),
    [
        ({"prompt": "It runs.", "image_urls": None}, {}, True),
        ({"prompt": None, "image_urls": PICTURE}, {}, True),
        ({"prompt": None, "image_urls": None}, {1: PICTURE}, True),
        ({"prompt": " \n", "image_urls": " , "}, {}, False),
        ({"prompt": None, "image_urls": None, "duration": 5}, {}, False),
    ],
)
def test_only_rows_with_prompt_or_image_are_jobs(
    line: Callable[..., Any], cells: dict[str, Any], links: dict[int, str], *, expected: bool
) -> None:
    """Totals, notes and empty lines are left alone."""
    assert is_job(*line(cells, links=links)) is expected


def test_a_row_whose_prompt_cannot_be_read_is_a_job(line: Callable[..., Any]) -> None:
    """A formula without a stored value is reported, not skipped as if it were blank."""
    problem = Problem(code="formula_without_value", message="No value.", row=7, column=0)
    assert is_job(*line({"prompt": None}, problems=(problem,)))
    notice = replace(problem, severity=Severity.NOTICE)
    assert not is_job(*line({"prompt": None}, problems=(notice,)))


def seen_together(verdicts: Sequence[Verdict]) -> list[Problem]:
    """What shows across rows."""
    asked = [(fingerprint(verdict), verdict.row) for verdict in verdicts]
    return list(across(sorted((mark, row) for mark, row in asked if mark is not None)))


def test_identical_requests_are_warned_of_across_rows(
    fits: Fits, line: Callable[..., Any], catalogue: Catalogue
) -> None:
    """However they are written, two rows that ask for the same video are named."""
    row, columns = line(fits("viduq3", duration="5"))
    same, _ = line(fits("viduq3", duration=5.0))
    other, _ = line(fits("viduq3", duration=6))
    lines = [row, replace(same, number=9), replace(other, number=10)]
    problems = seen_together([judge(r, columns, catalogue) for r in lines])
    assert [(p.code, p.row, p.severity) for p in problems] == [
        ("identical_row", 9, Severity.WARNING)
    ]
    assert "row 7" in problems[0].message


def test_invalid_rows_are_never_identical(line: Callable[..., Any], catalogue: Catalogue) -> None:
    """What is not sent is not paid twice either."""
    row, columns = line({"prompt": None, "image_urls": None})
    lines = (row, replace(row, number=8))
    assert seen_together([judge(r, columns, catalogue) for r in lines]) == []
