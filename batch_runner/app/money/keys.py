"""Which API key a run sends with, and whether it may go to the service that was named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from batch_runner.app.money.accounts import ENVIRONMENT, check_destination, checked_key, find_key
from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase
from batch_runner.settings.origins import BUILT_IN_ORIGINS
from batch_runner.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Key:
    """An API key."""

    text: str = field(repr=False)
    file: Path | None = None  # where it was read, if a config names a file

    def again(self) -> Key | None:
        """What its file holds by now, where that is another key: it may have been exchanged."""
        fresh = None if self.file is None else _read(self.file)
        return None if fresh is None or fresh.text == self.text else fresh


def key_for(settings: Settings, account: str | None, environ: Mapping[str, str]) -> Key:
    """The key to use: that of the account named, the environment's, the config's, the stored one.

    Raises:
        ConfigError: there is none, it cannot be a key, or it may not be sent to this origin.
    """
    key = _find(settings, account, environ)
    if key.file is None:  # else one config, named by the user, says both
        check_destination(settings.base_url, settings.base_url_from, BUILT_IN_ORIGINS)
    return key


def _find(settings: Settings, account: str | None, environ: Mapping[str, str]) -> Key:
    variable = settings.key_env or ENVIRONMENT
    if account is None and (given := environ.get(variable, "").strip()):
        return Key(checked_key(given, variable))
    if account is None and settings.key_file is not None:
        return _read(settings.key_file)
    if account is None and settings.key_env is not None:
        raise ConfigError(
            phrase(
                "the variable {variable}, which is to hold the API key, is not set.",
                variable=variable,
            ),
            code="no_key",
            where=str(settings.config),
            hint=phrase("Set it, or leave provider.key_env out of the config."),
        )
    return Key(find_key(environ, account))


def _read(path: Path) -> Key:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigError(
            phrase("the file with the API key cannot be read ({reason}).", reason=reason),
            code="key_file_unusable",
            where=str(path),
            hint=phrase("provider.key_file names a text file with nothing but the key in it."),
        ) from error
    return Key(checked_key(text, str(path)), path)
