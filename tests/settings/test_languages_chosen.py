"""Which language is spoken: option, environment, config, and what the system says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from batch_runner.core.errors import ConfigError
from batch_runner.settings.languages import user_language
from batch_runner.settings.resolve import resolve

Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("environ", "code"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "POSIX"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "jam_JM"}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "zh_CN.GB18030"}, "zh"),
        ({"LANG": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "ja"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN", "LC_ALL": "ja_JP"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": ""}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "BATCH_RUNNER_LANGUAGE": "zh"}, "zh"),
        ({"LANG": "ja_JP.UTF-8", "BATCH_RUNNER_LANGUAGE": "auto"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "BATCH_RUNNER_LANGUAGE": "tlh"}, "ja"),
    ],
)
def test_the_system_says_it(environ: dict[str, str], code: str) -> None:
    """The locale decides where nobody says more; what is no language of ours is English."""
    assert user_language(environ) == code


def test_option_beats_environment_beats_config(sheet: Path, write: Write) -> None:
    """The strongest layer that says something settles the language; ``auto`` is the locale."""
    config = {"config": write("language: ja")}
    here = {"BATCH_RUNNER_LANGUAGE": "zh", "LANG": "ja_JP.UTF-8"}
    assert resolve(sheet, {}, {}).language == "en"
    assert resolve(sheet, config, {}).language == "ja"
    assert resolve(sheet, config, here).language == "zh"
    assert resolve(sheet, {**config, "language": "en"}, here).language == "en"
    assert resolve(sheet, {**config, "language": "auto"}, here).language == "ja"


def test_a_variable_that_is_no_language_is_refused(sheet: Path) -> None:
    """The sentence names the variable and what it may be."""
    with pytest.raises(ConfigError, match="BATCH_RUNNER_LANGUAGE must be one of auto, en, ja, zh"):
        resolve(sheet, {}, {"BATCH_RUNNER_LANGUAGE": "tlh"})
