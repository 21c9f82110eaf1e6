"""The published schema of profiles: editors say what the program says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from batch_runner.core.errors import ConfigError
from batch_runner.settings.find import configs_dir
from batch_runner.settings.profiles import read_profile
from batch_runner.settings.schema_file import PROFILE_FILE_NAME, profile_schema

HEAD = "model: small\ntitle: Small\nsource: https://docs.example/small\nchecked: 2026-01-01\n"
SCHEMA = Draft202012Validator(json.loads(profile_schema()))


class _Loader(yaml.SafeLoader):
    """As editors read YAML: a date is a text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith("timestamp")]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _errors(text: str) -> list[str]:
    return [error.message for error in SCHEMA.iter_errors(yaml.load(text, Loader=_Loader))]


def test_the_committed_schema_of_profiles_is_the_generated_one() -> None:
    """Whoever changes what profiles may say writes it anew."""
    committed = (configs_dir() / PROFILE_FILE_NAME).read_text(encoding="utf-8")
    assert committed == profile_schema(), "write it anew, as settings/schema_file.py says"


def test_every_shipped_profile_fits_it() -> None:
    """What the program reads, an editor does not complain about."""
    for path in sorted((configs_dir() / "models").glob("*.yaml")):
        assert _errors(path.read_text(encoding="utf-8")) == [], path.name


@pytest.mark.parametrize(
    "rest",
    [
        "parameters: {prompt: {kind: words}}",
        "parameters: {prompt: {}}",
        "parameters: {prompt: {kind: text, longest: 5}}",
        "parameters: {}",
        "parameters: {prompt: {kind: text}}\nrules: [{when: {prompt: {more: 1}}, forbid: [prompt]}]",
        "parameters: {prompt: {kind: text}}\nrules: [{when: {prompt: []}, forbid: [prompt]}]",
        "parameters: {prompt: {kind: text}}\nprice: {checked: 2026-01-01, source: x, rates: []}",
        "parameters: {prompt: {kind: text}}\nresult: video",
    ],
)
def test_what_is_no_profile_fits_neither_schema_nor_program(tmp_path: Path, rest: str) -> None:
    """Unknown keys and kinds, nothing said, and conditions of no known form."""
    path = tmp_path / "small.yaml"
    path.write_text(HEAD + rest, encoding="utf-8")

    assert _errors(HEAD + rest)
    with pytest.raises(ConfigError):
        read_profile(path)


def test_numbers_are_no_words_to_choose_from(tmp_path: Path) -> None:
    """A set of numbers under the wrong kind is told in words, with the right kind."""
    path = tmp_path / "small.yaml"
    path.write_text(f"{HEAD}parameters: {{duration: {{kind: choice, choices: [5, 10]}}}}")

    with pytest.raises(ConfigError, match="kind integer"):
        read_profile(path)
