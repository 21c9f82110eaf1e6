"""Storing an API key, after seeing that it works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from batch_runner.app.money.accounts import check_destination, checked_key, checked_name, store_key
from batch_runner.app.place.places import synced_by
from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase
from batch_runner.core.outcomes import Balance
from batch_runner.provider.client import HttpProvider
from batch_runner.settings.origins import BUILT_IN_ORIGINS
from batch_runner.settings.resolve import resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A key that was kept."""

    where: str
    balance: Balance


async def store_tested(
    key: str, account: str, base_url: str | None, environ: Mapping[str, str]
) -> Stored:
    """Test a key by asking for the balance, which is free, then keep it.

    Raises:
        ConfigError: it is no key, or the provider refuses it.
    """
    name = checked_name(account)
    key = checked_key(key, "what was typed")
    settings = resolve(Path.cwd() / "none.csv", {"base_url": base_url}, environ)
    check_destination(settings.base_url, settings.base_url_from, BUILT_IN_ORIGINS)
    async with HttpProvider(
        origin=settings.base_url, key=key, dialect=settings.dialect
    ) as provider:
        balance = await provider.balance()
    if balance.key_refused:
        raise ConfigError(
            phrase("{base_url} refuses this key.", base_url=settings.base_url),
            code="key_refused",
            hint=phrase("Copy it again from the provider's console; nothing was stored."),
        )
    return Stored(where=store_key(name, key), balance=balance)


def shared_env_file(folder: Path, environ: Mapping[str, str]) -> str | None:
    """Why a ``.env`` in this folder is no place for a key; ``None``: there is no trouble."""
    env = folder / ".env"
    if not env.is_file():
        return None
    synced = synced_by(env.resolve(), environ)
    if synced is not None:
        return f"{env} lies in a synchronised folder ({synced}): keys in it leave this computer."
    if env.stat().st_mode & 0o044:
        return f"{env} can be read by other users of this computer: keys in it are not safe."
    return None
