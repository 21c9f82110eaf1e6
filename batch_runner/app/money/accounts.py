"""API keys: where they are found, how they are kept, and the fingerprint a ledger may hold."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from batch_runner.core.errors import ConfigError, UsageError
from batch_runner.core.language import phrase

ENVIRONMENT = "APIMART_API_KEY"
DEFAULT = "default"
SERVICE = "batch-runner"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def find_key(environ: Mapping[str, str], account: str | None) -> str:
    """The API key to use: that of the account named, else the environment's, else the stored.

    Raises:
        ConfigError: there is none, or it cannot be a key.
    """
    if account is None and environ.get(ENVIRONMENT, "").strip():
        return checked_key(environ[ENVIRONMENT], ENVIRONMENT)
    name = checked_name(account or DEFAULT)
    key = load_key(name)
    if key is None:
        raise ConfigError(
            phrase("there is no API key.")
            if account is None
            else phrase("there is no API key for the account {account!r}.", account=account),
            code="no_key",
            hint=phrase(
                "Run 'batch-runner setup' once, or set APIMART_API_KEY. To try without a key: add --sandbox."
            ),
        )
    return checked_key(key, f"the key stored as {name!r}")


def checked_key(key: str, where: str) -> str:
    """A key without outer blanks.

    Raises:
        ConfigError: it holds what no HTTP header may hold.
    """
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(
            phrase("this is no API key: it is blank or holds blanks or special characters."),
            code="bad_key",
            where=where,
            hint=phrase("Copy it again from the provider's console."),
        )
    return key


def checked_name(name: str) -> str:
    """An account's name.

    Raises:
        UsageError: it could not be a file's name.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            phrase("an account cannot be called {name!r}.", name=name),
            code="bad_account",
            hint=phrase("Use letters, digits, dots, dashes and underscores."),
        )
    return name


def check_destination(origin: str, given_by: str, built_in: Collection[str]) -> None:
    """A key only goes where its owner sent it.

    Raises:
        ConfigError: the origin is not the provider's own and stands in a file only.
    """
    if origin not in built_in and given_by == "config":
        raise ConfigError(
            phrase(
                "the API key is not sent to {origin}, which only a config file names.",
                origin=origin,
            ),
            code="origin_not_trusted",
            hint=phrase("If that is meant, say it yourself: --base-url {origin}", origin=origin),
        )


def fingerprint(key: str, salt: str) -> str:
    """What a ledger keeps of a key: enough to know it again, useless to anybody else."""
    return hmac.new(salt.encode(), key.encode(), hashlib.sha256).hexdigest()[:16]


def keys_folder() -> Path:
    """The user's own config folder."""
    import platformdirs

    return Path(platformdirs.user_config_dir(SERVICE, appauthor=False))


def _key_file(name: str) -> Path:
    return keys_folder() / "keys" / f"{name}.key"


def load_key(name: str) -> str | None:
    """A stored key, from the system's key store or the owner-only file."""
    found = _from_keyring(name)
    if found is not None:
        return found
    path = _key_file(name)
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(encoding="utf-8").strip() or None
    return None


def store_key(name: str, key: str) -> str:
    """Keep a key where only its owner can read it; says where that is."""
    if _to_keyring(name, key):
        _key_file(name).unlink(missing_ok=True)
        return "the system's key store"
    path = _key_file(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    # Created owner-only: at no moment can others read it.
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{key}\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return str(path)


def _from_keyring(name: str) -> str | None:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return None
    try:
        return keyring.get_password(SERVICE, name)
    except keyring.errors.KeyringError:
        return None  # no usable key store on this system: the file is the place


def _to_keyring(name: str, key: str) -> bool:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return False
    try:
        keyring.set_password(SERVICE, name, key)
        # Some key stores take everything and keep nothing.
        return keyring.get_password(SERVICE, name) == key
    except keyring.errors.KeyringError:
        return False
