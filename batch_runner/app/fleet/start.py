"""What a worker is started with: the database, the service, and its own key."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from batch_runner.app.fleet.employment import Hired
from batch_runner.app.fleet.worker import Post
from batch_runner.app.money.keys import key_for
from batch_runner.app.place.database import VARIABLE
from batch_runner.core.errors import UsageError
from batch_runner.core.language import phrase
from batch_runner.settings.resolve import resolve


def post_of(
    options: Mapping[str, object],
    environ: Mapping[str, str],
    *,
    most: int | None,
    stays: bool,
    say: Callable[[str], None],
) -> Post:
    """Where a worker works, and as who.

    Args:
        options: ``ledger``, ``config``, ``base_url`` and ``account`` as typed.
        environ: the environment.
        most: tasks in flight of one campaign that it may have.
        stays: whether it waits for more, when nothing is left to do.
        say: told what happens.

    Raises:
        UsageError: no database is named, or the origin is none.
        ConfigError: there is no key, or it may not be sent there.
    """
    url = str(options.get("ledger") or "") or environ.get(VARIABLE, "").strip()
    if not url:
        raise UsageError(
            phrase("no database is named."),
            code="no_ledger",
            hint=phrase(
                "Say which, by --ledger postgresql://... or in the variable {variable}.",
                variable=VARIABLE,
            ),
        )
    account = options.get("account")
    settings = resolve(Path(os.devnull), options, environ)  # beside it no config lies
    key = key_for(settings, None if account is None else str(account), environ)
    hired = Hired(key=key.text, most=most, stays=stays, say=say)
    return Post(url=url, origin=settings.base_url, hired=hired)
