"""Rules between parameters, prices, and suggestions, with profiles made here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from batch_runner.core.model import Severity, Verdict
from batch_runner.core.profile import (
    Catalogue,
    Condition,
    Constraint,
    Kind,
    Parameter,
    Price,
    Profile,
    Rate,
    Value,
    estimate,
)

PICTURE = "https://images.example.com/cat.png"
Judged = Callable[..., Verdict]
Fits = Callable[..., dict[str, Any]]


def _codes(verdict: Verdict, severity: Severity = Severity.ERROR) -> list[str]:
    return [p.code for p in verdict.problems if p.severity is severity]


def test_models_of_the_same_sort_are_found_without_a_written_hint(
    catalogue: Catalogue,
    fits: Fits,
    judged: Judged,
) -> None:
    """A user's own model joins the suggestions by what its profile says."""
    plain = replace(
        catalogue.profiles["viduq3"],
        parameters=tuple(
            Parameter(name="duration", kind=Kind.INTEGER, low=3, high=16)
            if p.name == "duration"
            else p
            for p in catalogue.profiles["viduq3"].parameters
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
        profiles=dict(catalogue.profiles) | {p.model: p for p in (plain, longer)},
        default_model="viduq3",
    )
    verdict = judged(fits("viduq3", duration=30), catalogue)
    assert [p.hint for p in verdict.problems] == ["viduq3-long takes it."]


def test_defaults_that_do_not_fit_the_model_are_left_out(
    fits: Fits, judged: Judged, catalogue: Catalogue
) -> None:
    """A default for a parameter that the row's model lacks, or forbids, is no error."""
    settled = replace(catalogue, defaults={"audio": True, "aspect_ratio": "9:16"})
    verdict = judged(fits("viduq3"), settled)
    assert "audio" not in (verdict.request or {"audio": 1})
    framed = judged(fits("viduq3-pro", image_urls=PICTURE), settled)
    assert "aspect_ratio" not in (framed.request or {"aspect_ratio": 1})
    assert framed.problems == ()


def test_ratio_and_frames_exclude_each_other_where_the_provider_says_so(
    fits: Fits, judged: Judged, catalogue: Catalogue
) -> None:
    """With a frame, pro takes its ratio from it: an own ratio is refused, the default left out."""
    without = judged(fits("viduq3-pro", image_urls=PICTURE, prompt=None), catalogue)
    assert without.request is not None
    assert "aspect_ratio" not in without.request
    both = judged(fits("viduq3-pro", image_urls=PICTURE, aspect_ratio="16:9"), catalogue)
    assert _codes(both) == ["aspect_ratio_not_allowed"]
    assert "leave the cell blank" in both.problems[0].hint
    text_only = judged(fits("viduq3-pro", aspect_ratio="9:16"), catalogue)
    assert (text_only.request or {})["aspect_ratio"] == "9:16"
    nothing = judged(fits("viduq3-pro", prompt=None, aspect_ratio="9:16"), catalogue)
    assert _codes(nothing) == ["prompt_missing"]


def test_rules_are_silent_about_what_is_already_wrong(
    fits: Fits, judged: Judged, catalogue: Catalogue
) -> None:
    """A bad image is one error, not also "a prompt is needed without images"."""
    verdict = judged(fits("viduq3-pro", image_urls="cat.png", prompt=None), catalogue)
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


def test_values_allowed_by_another_field(judged: Judged) -> None:
    """A default gives way to the rule, an own cell is refused by it."""
    catalogue = _model(Constraint(when=FHD, allow={"duration": (6,)}))
    default = judged({"prompt": "It runs.", "quality": "fhd"}, catalogue)
    assert (default.request or {})["duration"] == 6
    own = judged({"prompt": "It runs.", "quality": "fhd", "duration": 10}, catalogue)
    assert [p.message for p in own.problems] == [
        "duration is 10; made-up takes 6 when quality is FHD."
    ]
    other = judged({"prompt": "It runs.", "quality": "hd", "duration": 10}, catalogue)
    assert (other.request or {})["duration"] == 10


def test_required_together(judged: Judged) -> None:
    """What a rule asks for is missed only when the rule applies."""
    catalogue = _model(Constraint(when=FHD, require=("sound",), hint="Say yes or no."))
    missing = judged({"prompt": "It runs.", "quality": "FHD"}, catalogue)
    assert [(p.code, p.hint) for p in missing.problems] == [("sound_missing", "Say yes or no.")]
    given = judged({"prompt": "It runs.", "quality": "FHD", "sound": "no"}, catalogue)
    assert (given.request or {})["sound"] is False


def test_fields_are_sent_under_the_providers_names(judged: Judged) -> None:
    """The sheet keeps our names whatever a model calls them."""
    verdict = judged({"prompt": "It runs.", "quality": "fhd"}, _model())
    assert verdict.request == {
        "model": "made-up",
        "prompt": "It runs.",
        "mode": "FHD",
        "duration": 10,
    }


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
    cases: tuple[tuple[Price | None, dict[str, Value]], ...] = (
        (None, {}),
        (by_second, {"quality": "HD", "duration": 5}),
        (by_second, {"quality": "FHD"}),
    )
    for price, values in cases:
        found = estimate(price, values)
        assert (found.low, found.high) == (None, None)


def test_defaults_given_as_text_are_split_like_cells(
    fits: Fits, judged: Judged, catalogue: Catalogue
) -> None:
    """--set image_urls=... may name several pictures."""
    text = "https://a.example/1.png, https://a.example/2.png"
    settled = replace(catalogue, defaults={"image_urls": text})
    verdict = judged(fits("viduq3", image_urls=None), settled)
    assert (verdict.request or {})["image_urls"] == text.split(", ")


def test_pictures_for_a_model_without_any_are_warned_of(judged: Judged) -> None:
    """Also a hyperlinked picture without text is not dropped silently."""
    verdict = judged({"prompt": "It runs.", "image_urls": "https://a.example/1.png"}, _model())
    assert [p.code for p in verdict.problems] == ["image_urls_ignored"]
