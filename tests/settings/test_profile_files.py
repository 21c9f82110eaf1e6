"""Profiles as files: the shipped ones, the user's own, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from batch_runner.core.errors import ConfigError
from batch_runner.settings.find import configs_dir, profile_folders
from batch_runner.settings.profiles import (
    load_catalogue,
    load_profiles,
    make_catalogue,
    read_profile,
)

Write = Callable[..., Path]

SMALL = """\
model: small
title: Small
source: https://docs.example/small
checked: 2026-01-01
parameters:
  prompt: {kind: text, required: true}
"""


def test_the_shipped_profiles_are_found() -> None:
    """From wherever the package lies, its models are at hand, and one is for unnamed rows."""
    catalogue = load_catalogue({})
    assert {"viduq3", "viduq3-mix", "viduq3-pro", "viduq3-turbo"} <= set(catalogue.profiles)
    assert catalogue.default_model is not None
    assert catalogue.default_model in catalogue.profiles
    assert profile_folders()[0] == configs_dir() / "models"


def test_shipped_profiles_carry_source_and_dates() -> None:
    """Rules and prices say where they come from and when that was looked at."""
    for profile in load_profiles([configs_dir() / "models"]).values():
        assert profile.source.startswith("https://docs.apimart.ai/")
        assert profile.checked >= date(2026, 1, 1)
        if profile.price is not None:
            assert profile.price.note
            assert profile.price.source.startswith("https://")
            assert profile.price.low <= profile.price.high


def test_the_vidu_models_have_a_price_for_every_resolution() -> None:
    """No row of these gets by the budget for want of a price."""
    profiles = load_profiles([configs_dir() / "models"])
    for model in ("viduq3", "viduq3-mix", "viduq3-pro", "viduq3-turbo"):
        resolution = profiles[model].parameter("resolution")
        price = profiles[model].price
        assert resolution is not None
        assert price is not None
        priced = {value for rate in price.rates for value in rate.when["resolution"].one_of}
        assert priced == set(resolution.choices)


def test_a_users_own_profile_adds_or_replaces_a_model(write: Write, tmp_path: Path) -> None:
    """No Python is needed for a new model, and the later folder wins, also as the default."""
    shipped = write(SMALL + "default: true\n", "shipped/small.yaml").parent
    own = write(SMALL.replace("title: Small", "title: Mine"), "own/any-name.yaml").parent
    write(SMALL.replace("model: small", "model: other") + "default: true\n", "own/other.yaml")
    profiles = load_profiles([shipped, own, tmp_path / "nowhere"])
    assert profiles["small"].title == "Mine"
    assert make_catalogue(profiles, {}).default_model == "other"
    assert make_catalogue(load_profiles([shipped]), {}).default_model == "small"
    assert make_catalogue({}, {}).default_model is None


def test_two_files_for_one_model_in_a_folder_are_refused(write: Write) -> None:
    """Nobody could know which counts."""
    folder = write(SMALL, "models/a.yaml").parent
    write(SMALL, "models/b.yaml")
    with pytest.raises(ConfigError, match="both describe small") as caught:
        load_profiles([folder])
    assert caught.value.code == "profile_twice"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("title: Small\n", ""), "'title' is missing"),
        (("title:", "titel:"), "Did you mean title?"),
        (("kind: text", "kind: prose"), "must be 'text', 'integer'"),
        (("required: true", "requird: true"), "Did you mean required?"),
        (("checked: 2026-01-01", "checked: soon"), "'checked' must be a valid date"),
        (("required: true", "default: [x]"), "must be a text, a whole number, true or false"),
        (("text, required: true", "choice"), "must list its choices"),
        (("text, required: true", "integer, low: 5, high: 3"), "must have low below high"),
        (("text, required: true", "integer, high: 3, default: 9"), "default that it allows"),
    ],
)
def test_mistakes_in_a_profile_are_named(write: Write, change: tuple[str, str], says: str) -> None:
    """Whoever writes a profile learns file, line, key and what is allowed."""
    path = write(SMALL.replace(*change))
    with pytest.raises(ConfigError) as caught:
        read_profile(path)
    assert says in str(caught.value)
    assert caught.value.where.startswith(str(path))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("rules: [{when: {sound: present}, forbid: [prompt]}]", "speak of 'sound'"),
        ("rules: [{when: {prompt: present}, require: [sound]}]", "speak of 'sound'"),
        ("rules: [{when: {prompt: []}, forbid: [prompt]}]", "must be present, absent"),
        ("rules: [{when: {}, forbid: [prompt]}]", "must say under 'when'"),
        ("rules: [{wen: {prompt: present}}]", "Did you mean when?"),
        (
            "price: {checked: 2026-01-01, source: x, rates: [{when: {sound: true}}]}",
            "speak of 'sound'",
        ),
        ("price: {checked: 2026-01-01, source: x, rates: []}", "'price.rates'"),
        (
            "price: {checked: 2026-01-01, source: x, low: 2, rates: [{per_video: 1}]}",
            "must have low not above high",
        ),
        (
            "price: {checked: 2026-01-01, source: x, rates: [{per_second: cheap}]}",
            "must be an amount in US dollars",
        ),
    ],
)
def test_mistakes_in_rules_and_prices_are_named(write: Write, more: str, says: str) -> None:
    """A rule that could never hold, or a price that means nothing, is not silently kept."""
    with pytest.raises(ConfigError) as caught:
        read_profile(write(SMALL + more + "\n"))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("parameter", "says"),
    [
        ("{kind: text, frames: true}", "of kind images or links to have 'frames'"),
        ("{kind: text, role: first}", "of kind images or links to have 'role'"),
        ("{kind: images, max_items: 7, frames: true}", "one or two images"),
        ("{kind: images, max_items: 2, send_each_as: [a]}", "as many max_items as names"),
        ("{kind: choice, choices: [a], sent: {b: c}}", "what is sent for 'b'"),
        ("{kind: text, sent: {true: c}}", "what is sent for 'true'"),
        ("{kind: boolean, also: [1]}", "of kind integer to have 'also'"),
    ],
)
def test_ways_of_sending_that_make_no_sense_are_named(
    write: Write, parameter: str, says: str
) -> None:
    """A key that would have no effect, or send what nobody can choose, is refused."""
    with pytest.raises(ConfigError) as caught:
        read_profile(write(f"{SMALL}  extra: {parameter}\n"))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("rules: [{exclusive: [[prompt]]}]", "two groups or more"),
        ("rules: [{together: [prompt, prompt]}]", "at_most of together"),
        ("rules: [{when: {prompt: present}}]", "must forbid, require, allow or limit something"),
        ("rules: [{when: {prompt: {most: 2}}, forbid: [prompt]}]", "at_least and at_most"),
        (
            "rules: [{when: {prompt: {at_least: 3, at_most: 2}}, forbid: [prompt]}]",
            "at_least not above at_most",
        ),
    ],
)
def test_rules_that_say_nothing_are_refused(write: Write, more: str, says: str) -> None:
    """Every kind of rule is complete, or its mistake is named."""
    with pytest.raises(ConfigError) as caught:
        read_profile(write(f"{SMALL}{more}\n"))
    assert says in str(caught.value)


def test_a_rule_about_a_value_that_cannot_be_is_refused(write: Write) -> None:
    """A misspelt word in a rule would make it never hold."""
    text = f"{SMALL}  quality: {{kind: choice, choices: [hd, fhd]}}\n"
    rule = "rules: [{when: {quality: uhd}, require: [prompt]}]\n"
    with pytest.raises(ConfigError, match="must not speak of quality uhd"):
        read_profile(write(text + rule))


def test_no_parameter_may_stand_where_results_do(write: Write) -> None:
    """A model cannot read its input from the columns that its results go to."""
    with pytest.raises(ConfigError, match="results stand there"):
        read_profile(write(f"{SMALL}  video_url: {{kind: links}}\n"))
