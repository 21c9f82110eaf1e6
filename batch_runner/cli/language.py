"""``--language``, which every command takes, and the language before anything is told."""

from __future__ import annotations

import os

import click

from batch_runner.core.language import speak

_TOLD = "batch_runner.language"


def speak_as_the_user_does() -> None:
    """Until options and config say more, the environment decides the language."""
    from batch_runner.settings.languages import load_language, user_language

    speak(load_language(user_language(os.environ)))


def told_language() -> str | None:
    """What ``--language`` says in the command at hand."""
    context = click.get_current_context(silent=True)
    return None if context is None else context.meta.get(_TOLD)


def _told(context: click.Context, _option: click.Parameter, told: str | None) -> None:
    if told is None:
        return
    from batch_runner.settings.languages import load_language, settle_language

    context.meta[_TOLD] = told
    speak(load_language(settle_language(told, os.environ)))


LANGUAGE = click.Option(
    ["--language"],
    type=click.Choice(["auto", "en", "ja", "zh"]),
    is_eager=True,  # also errors of the other options are told in it
    expose_value=False,
    callback=_told,
    help="Of sentences; auto: that of your system.",
)
