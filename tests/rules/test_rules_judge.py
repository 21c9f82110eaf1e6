"""Judging rows by the shipped profiles and by small ones made here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from batch_runner.core.model import Problem, Severity, Verdict
from batch_runner.core.profile import (
    Catalogue,
    Condition,
    Constraint,
    Kind,
    Parameter,
    Price,
    Profile,
    Rate,
    estimate,
)
from batch_runner.core.rules import across, is_job, judge
from batch_runner.settings.profiles import load_profiles

PICTURE = "https://images.example.com/cat.png"
MODELS = Path(__file__).parents[2] / "configs" / "models"
PROFILES = load_profiles([MODELS])


def _fits(profile: Profile, **cells: Any) -> dict[str, Any]:
    """Cells that this profile takes, changed as asked; ``None`` empties one."""
    takes: dict[str, Any] = {"model": profile.model, "prompt": "The cat jumps onto the wall."}
    if any(p.kind is Kind.IMAGES and p.required for p in profile.parameters):
        takes["image_urls"] = PICTURE
    return takes | cells


def _codes(verdict: Verdict, severity: Severity = Severity.ERROR) -> list[str]:
    return [p.code for p in verdict.problems if p.severity is severity]


def _both_sides() -> list[Any]:
    """Every rule of every shipped profile: a value it just takes, one it just refuses."""
    cases = []
    for profile in PROFILES.values():
        for parameter in profile.parameters:
            for taken, refused, code in _sides(parameter):
                label = f"{profile.model}-{parameter.name}-{code}"
                values = (profile, parameter.name, taken, refused, f"{parameter.name}_{code}")
                cases.append(pytest.param(*values, id=label))
    return cases


def _sides(p: Parameter) -> list[tuple[Any, Any, str]]:
    sides: list[tuple[Any, Any, str]] = []
    if p.low is not None:
        sides.append((p.low, p.low - 1, "out_of_range"))
    if p.high is not None:
        sides.append((p.high, p.high + 1, "out_of_range"))
    if p.kind is Kind.INTEGER:
        sides.append(("5", "5.5", "not_a_whole_number"))
    if p.max_length is not None:
        sides.append(("x" * p.max_length, "x" * (p.max_length + 1), "too_long"))
    if p.max_items is not None:
        sides.append(("\n".join([PICTURE] * p.max_items),) * 1 + _too_many(p.max_items))
    if p.kind is Kind.IMAGES:
        sides.append((PICTURE, "cat.png", "not_a_link"))
    if p.kind is Kind.BOOLEAN:
        sides.append(("いいえ", "maybe", "not_yes_or_no"))
    sides.extend((choice, f"{choice}0", "not_offered") for choice in p.choices)
    if p.required:
        fine: Any = PICTURE if p.kind is Kind.IMAGES else "It runs."
        sides.append((fine, None, "missing"))
    return sides


def _too_many(most: int) -> tuple[str, str]:
    return "\n".join([PICTURE] * (most + 1)), "too_many"


@pytest.mark.parametrize(("profile", "name", "taken", "refused", "code"), _both_sides())
def test_every_rule_of_every_profile_holds_on_both_sides(
    line: Callable[..., Any],
    catalogue: Catalogue,
    profile: Profile,
    name: str,
    taken: Any,
    refused: Any,
    code: str,
) -> None:
    """A value at the edge is taken as it is; the next one is refused, at its own cell."""
    fine = judge(*line(_fits(profile, **{name: taken})), catalogue)
    assert _codes(fine) == []
    assert fine.request is not None
    row, columns = line(_fits(profile, **{name: refused}))
    wrong = judge(row, columns, catalogue)
    assert code in _codes(wrong)
    assert wrong.request is None
    problem = next(p for p in wrong.problems if p.code == code)
    assert problem.column == columns.first(name)
    assert problem.row == 7


def test_shipped_profiles_are_the_documented_ones() -> None:
    """The numbers of the provider's pages, stated once more and independently."""
    p = {m: {q.name: q for q in profile.parameters} for m, profile in PROFILES.items()}
    assert sorted(p) == ["viduq3", "viduq3-mix", "viduq3-pro", "viduq3-turbo"]
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


def test_request_is_complete_and_in_stable_order(
    line: Callable[..., Any], catalogue: Catalogue
) -> None:
    """Defaults are made explicit, so that what is sent, and its price, never depend on others."""
    verdict = judge(*line({"image_urls": PICTURE, "prompt": " It runs.\r\nFast. "}), catalogue)
    assert list((verdict.request or {}).items()) == [
        ("model", "viduq3"),
        ("prompt", "It runs.\nFast."),
        ("image_urls", [PICTURE]),
        ("duration", 5),
        ("resolution", "720p"),
        ("aspect_ratio", "16:9"),
    ]
    assert (verdict.estimate.low, verdict.estimate.high) == (400_000, 500_000)


def test_all_problems_of_a_row_come_at_once(
    line: Callable[..., Any], catalogue: Catalogue
) -> None:
    """Four wrong cells give four errors, each at its column."""
    cells = {"prompt": "", "image_urls": "x.png", "duration": 99, "resolution": "4k"}
    verdict = judge(*line(cells), catalogue)
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
        ({"image_urls": "cat.png"}, "image_urls_not_a_link", "give that link"),
    ],
)
def test_hints_name_what_would_work(
    line: Callable[..., Any], catalogue: Catalogue, cells: dict[str, Any], code: str, hint: str
) -> None:
    """Who is refused is told which model or form would do."""
    verdict = judge(*line(_fits(PROFILES["viduq3"], **cells)), catalogue)
    problem = next(p for p in verdict.problems if p.code == code)
    assert hint in problem.hint


def test_models_of_the_same_sort_are_found_without_a_written_hint(
    line: Callable[..., Any],
) -> None:
    """A user's own model joins the suggestions by what its profile says."""
    plain = replace(
        PROFILES["viduq3"],
        parameters=tuple(
            Parameter(name="duration", kind=Kind.INTEGER, low=3, high=16)
            if p.name == "duration"
            else p
            for p in PROFILES["viduq3"].parameters
        ),
    )
    longer = replace(
        plain,
        model="viduq3-long",
        parameters=tuple(
            replace(p, high=60) if p.name == "duration" else p for p in plain.parameters
        ),
    )
    catalogue = Catalogue(
        profiles=dict(PROFILES) | {p.model: p for p in (plain, longer)}, default_model="viduq3"
    )
    verdict = judge(*line(_fits(plain, duration=30)), catalogue)
    assert [p.hint for p in verdict.problems] == ["viduq3-long takes it."]


def test_a_message_says_what_is_allowed(line: Callable[..., Any], catalogue: Catalogue) -> None:
    """Every refused value is shown beside what the model takes."""
    cells = {"duration": "5.5", "resolution": "8k", "aspect_ratio": "5:4"}
    verdict = judge(*line(_fits(PROFILES["viduq3"], **cells)), catalogue)
    assert [p.message for p in verdict.problems] == [
        'duration is "5.5"; viduq3 takes a whole number from 3 to 16 seconds.',
        'resolution is "8k"; viduq3 takes 540p, 720p, 1080p.',
        'aspect_ratio is "5:4"; viduq3 takes 16:9, 9:16, 4:3, 3:4, 1:1.',
    ]


def test_ratio_that_became_a_time_is_read_back_with_a_notice(
    line: Callable[..., Any], catalogue: Catalogue
) -> None:
    """16:09 o'clock is 16:9, and its owner is told."""
    verdict = judge(*line(_fits(PROFILES["viduq3"], aspect_ratio=time(16, 9))), catalogue)
    assert (verdict.request or {})["aspect_ratio"] == "16:9"
    assert _codes(verdict, Severity.NOTICE) == ["ratio_from_time"]


def test_model_cell_beats_default_beats_catalogue(line: Callable[..., Any]) -> None:
    """The row's own model wins; aliases and case are understood."""
    profiles = dict(PROFILES)
    profiles["viduq3-pro"] = replace(profiles["viduq3-pro"], aliases=("Vidu Pro",))
    catalogue = Catalogue(profiles=profiles, default_model="viduq3")
    settled = replace(catalogue, defaults={"model": "viduq3-turbo"})
    prompt = {"prompt": "It runs.", "model": None}
    assert judge(*line(prompt), catalogue).model == "viduq3"
    assert judge(*line(prompt), settled).model == "viduq3-turbo"
    assert judge(*line(prompt | {"model": "ＶＩＤＵＱ３-mix"}), settled).model == "viduq3-mix"
    assert judge(*line(prompt | {"model": "vidu pro"}), settled).model == "viduq3-pro"
    nothing = judge(*line(prompt), Catalogue(profiles=profiles))
    assert _codes(nothing) == ["model_missing"]


def test_defaults_fill_blanks_and_never_beat_a_cell(
    line: Callable[..., Any], catalogue: Catalogue
) -> None:
    """A campaign's default stands where the cell is blank, images included."""
    settled = replace(
        catalogue, defaults={"duration": "8", "image_urls": (PICTURE,), "resolution": 1080}
    )
    verdict = judge(*line({"prompt": "It runs.", "resolution": "540p"}), settled)
    assert verdict.request is not None
    assert verdict.request["duration"] == 8
    assert verdict.request["resolution"] == "540p"
    assert verdict.request["image_urls"] == [PICTURE]


def test_defaults_that_do_not_fit_the_model_are_left_out(
    line: Callable[..., Any], catalogue: Catalogue
) -> None:
    """A default for a parameter that the row's model lacks, or forbids, is no error."""
    settled = replace(catalogue, defaults={"audio": True, "aspect_ratio": "9:16"})
    verdict = judge(*line(_fits(PROFILES["viduq3"])), settled)
    assert "audio" not in (verdict.request or {"audio": 1})
    framed = judge(*line(_fits(PROFILES["viduq3-pro"], image_urls=PICTURE)), settled)
    assert "aspect_ratio" not in (framed.request or {"aspect_ratio": 1})
    assert framed.problems == ()


def test_a_default_out_of_range_is_said_to_be_a_default(
    line: Callable[..., Any], catalogue: Catalogue
) -> None:
    """The row is refused, and the hint leads to the config instead of the cell."""
    verdict = judge(
        *line(_fits(PROFILES["viduq3"])), replace(catalogue, defaults={"duration": 99})
    )
    assert verdict.problems[0].column is None
    assert "default of the config or of --set" in verdict.problems[0].hint


def test_ratio_and_frames_exclude_each_other_where_the_provider_says_so(
    line: Callable[..., Any], catalogue: Catalogue
) -> None:
    """With a frame, pro takes its ratio from it: an own ratio is refused, the default left out."""
    pro = PROFILES["viduq3-pro"]
    without = judge(*line(_fits(pro, image_urls=PICTURE, prompt=None)), catalogue)
    assert without.request is not None
    assert "aspect_ratio" not in without.request
    both = judge(*line(_fits(pro, image_urls=PICTURE, aspect_ratio="16:9")), catalogue)
    assert _codes(both) == ["aspect_ratio_not_allowed"]
    assert "leave the cell blank" in both.problems[0].hint
    text_only = judge(*line(_fits(pro, aspect_ratio="9:16")), catalogue)
    assert (text_only.request or {})["aspect_ratio"] == "9:16"
    nothing = judge(*line(_fits(pro, prompt=None, aspect_ratio="9:16")), catalogue)
    assert _codes(nothing) == ["prompt_missing"]


def test_rules_are_silent_about_what_is_already_wrong(
    line: Callable[..., Any], catalogue: Catalogue
) -> None:
    """A bad image is one error, not also "a prompt is needed without images"."""
    pro = PROFILES["viduq3-pro"]
    verdict = judge(*line(_fits(pro, image_urls="cat.png", prompt=None)), catalogue)
    assert _codes(verdict) == ["image_urls_not_a_link"]


def _model(*constraints: Constraint, **more: Any) -> Catalogue:
    """A catalogue of one made-up model."""
    profile = Profile(
        model="made-up",
        title="",
        source="",
        checked=date(2026, 1, 1),
        parameters=(
            Parameter(name="prompt", kind=Kind.TEXT, required=True),
            Parameter(
                name="quality",
                kind=Kind.CHOICE,
                choices=("HD", "FHD"),
                default="HD",
                send_as="mode",
            ),
            Parameter(name="duration", kind=Kind.INTEGER, choices=(6, 10), default=10),
            Parameter(name="sound", kind=Kind.BOOLEAN),
        ),
        constraints=constraints,
        **more,
    )
    return Catalogue(profiles={"made-up": profile}, default_model="made-up")


FHD = {"quality": Condition(one_of=("FHD",))}


def test_values_allowed_by_another_field(line: Callable[..., Any]) -> None:
    """A default gives way to the rule, an own cell is refused by it."""
    catalogue = _model(Constraint(when=FHD, allow={"duration": (6,)}))
    default = judge(*line({"prompt": "It runs.", "quality": "fhd"}), catalogue)
    assert (default.request or {})["duration"] == 6
    own = judge(*line({"prompt": "It runs.", "quality": "fhd", "duration": 10}), catalogue)
    assert [p.message for p in own.problems] == [
        "duration is 10; made-up takes 6 when quality is FHD."
    ]
    other = judge(*line({"prompt": "It runs.", "quality": "hd", "duration": 10}), catalogue)
    assert (other.request or {})["duration"] == 10


def test_required_together(line: Callable[..., Any]) -> None:
    """What a rule asks for is missed only when the rule applies."""
    catalogue = _model(Constraint(when=FHD, require=("sound",), hint="Say yes or no."))
    missing = judge(*line({"prompt": "It runs.", "quality": "FHD"}), catalogue)
    assert [(p.code, p.hint) for p in missing.problems] == [("sound_missing", "Say yes or no.")]
    given = judge(*line({"prompt": "It runs.", "quality": "FHD", "sound": "no"}), catalogue)
    assert (given.request or {})["sound"] is False


def test_fields_are_sent_under_the_providers_names(line: Callable[..., Any]) -> None:
    """The sheet keeps our names whatever a model calls them."""
    verdict = judge(*line({"prompt": "It runs.", "quality": "fhd"}), _model())
    assert verdict.request == {
        "model": "made-up",
        "prompt": "It runs.",
        "mode": "FHD",
        "duration": 10,
    }


def test_cells_a_model_cannot_use_are_warned_of(
    line: Callable[..., Any], catalogue: Catalogue
) -> None:
    """A filled cell is never dropped silently; a blank one is nothing to talk about."""
    cells = {"audio": "yes", "style": None, "key": "A1"}
    verdict = judge(*line(_fits(PROFILES["viduq3"], **cells)), catalogue)
    assert verdict.request is not None
    assert _codes(verdict, Severity.WARNING) == ["audio_ignored"]


def test_reading_problems_of_mapped_cells_are_included(
    line: Callable[..., Any], catalogue: Catalogue
) -> None:
    """An unreadable cell keeps the row out, and is not also called missing."""
    unread = Problem(code="formula_without_value", message="No value.", row=7, column=1)
    elsewhere = Problem(code="formula_without_value", message="No value.", row=7, column=9)
    cells = _fits(PROFILES["viduq3"], prompt=None)
    verdict = judge(*line(cells, problems=(unread, elsewhere)), catalogue)
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


def test_identical_requests_are_warned_of_across_rows(
    line: Callable[..., Any], catalogue: Catalogue
) -> None:
    """However they are written, two rows that ask for the same video are named."""
    row, columns = line(_fits(PROFILES["viduq3"], duration="5"))
    same, _ = line(_fits(PROFILES["viduq3"], duration=5.0))
    other, _ = line(_fits(PROFILES["viduq3"], duration=6))
    lines = [row, replace(same, number=9), replace(other, number=10)]
    problems = across([judge(r, columns, catalogue) for r in lines])
    assert [(p.code, p.row, p.severity) for p in problems] == [
        ("identical_row", 9, Severity.WARNING)
    ]
    assert "row 7" in problems[0].message


def test_invalid_rows_are_never_identical(line: Callable[..., Any], catalogue: Catalogue) -> None:
    """What is not sent is not paid twice either."""
    row, columns = line({"prompt": None, "image_urls": None})
    assert across([judge(r, columns, catalogue) for r in (row, replace(row, number=8))]) == ()


def _price(*rates: Rate) -> Price:
    return Price(
        checked=date(2026, 1, 1),
        source="",
        rates=rates,
        low=Decimal("0.8"),
        high=Decimal("1.25"),
    )


def test_estimates_take_the_first_fitting_rate() -> None:
    """Low and high come from the rate, whole micro-dollars, the high one never too low."""
    price = _price(Rate(when=FHD, per_second=100_001), Rate(per_video=3))
    assert estimate(price, {"quality": "FHD", "duration": 5}).high == 625_007
    assert estimate(price, {"quality": "FHD", "duration": 5}).low == 400_004
    assert estimate(price, {"quality": "HD", "duration": 5}).high == 4


def test_unknown_prices_stay_unknown() -> None:
    """No price, no fitting rate or no duration: nothing is made up."""
    by_second = _price(Rate(when=FHD, per_second=1))
    for price, values in (
        (None, {}),
        (by_second, {"quality": "HD", "duration": 5}),
        (by_second, {"quality": "FHD"}),
    ):
        found = estimate(price, values)
        assert (found.low, found.high) == (None, None)
