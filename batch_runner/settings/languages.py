"""Which language the user reads, and the sentences of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache

from batch_runner.core.errors import ConfigError
from batch_runner.core.language import ENGLISH, Language, phrase, series
from batch_runner.settings.find import configs_dir

LANGUAGES = ("en", "ja", "zh")
AUTO = "auto"
VARIABLE = "BATCH_RUNNER_LANGUAGE"

_LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that says something decides, as everywhere


def settle_language(told: str, environ: Mapping[str, str]) -> str:
    """One of the languages; ``auto`` is the one of the user's locale, English where it is none."""
    if told != AUTO:
        return told
    locale = next(filter(None, (environ.get(name, "") for name in _LOCALE)), "")
    code = locale[:2].lower()  # ja_JP.UTF-8, zh_TW: traditional readers read simplified, too
    return code if code in LANGUAGES and not locale[2:3].isalpha() else ENGLISH.code


def told_by_environment(environ: Mapping[str, str]) -> str | None:
    """What the variable says, if it says something.

    Raises:
        ConfigError: it is no language that we have.
    """
    told = environ.get(VARIABLE, "").strip().lower()
    if told and told not in {AUTO, *LANGUAGES}:
        raise ConfigError(
            phrase(
                "{variable} must be one of {names}.",
                variable=VARIABLE,
                names=series((AUTO, *LANGUAGES)),
            ),
            code="bad_language",
        )
    return told or None


def user_language(environ: Mapping[str, str]) -> str:
    """What the environment alone says; a variable that makes no sense is told of later."""
    with suppress(ConfigError):
        return settle_language(told_by_environment(environ) or AUTO, environ)
    return settle_language(AUTO, environ)


@cache
def load_language(code: str) -> Language:
    """A language with all its sentences; English has none but its own."""
    if code == ENGLISH.code:
        return ENGLISH
    from batch_runner.settings.yaml_file import read_yaml

    document = read_yaml(configs_dir() / "languages" / f"{code}.yaml", trusted=True)
    return Language(code=code, sentences=document.data)
