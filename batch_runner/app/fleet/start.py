"""What a worker is started with: the database, the service, and its own key."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from batch_runner.app.clock import now
from batch_runner.app.fleet.employment import Hired
from batch_runner.app.fleet.timetable import Timetable
from batch_runner.app.fleet.worker import Post
from batch_runner.app.money.keys import key_for
from batch_runner.app.place.database import VARIABLE
from batch_runner.app.run.child import Child
from batch_runner.app.run.pool import Most
from batch_runner.app.timetable.schedule import Memory
from batch_runner.core.errors import UsageError
from batch_runner.core.language import phrase
from batch_runner.queue.queue import come
from batch_runner.settings.find import user_data_dir
from batch_runner.settings.resolve import resolve

_AGAIN = ("config", "base_url", "account")  # options that runs of batch files need, too


def post_of(
    options: Mapping[str, object],
    environ: Mapping[str, str],
    *,
    batches: Sequence[Path],
    most: Most,
    stays: bool,
    say: Callable[[str], None],
) -> Post:
    """Where a worker works, and as who.

    Args:
        options: ``ledger``, ``config``, ``base_url`` and ``account`` as typed.
        environ: the environment.
        batches: batch files that it runs at their times.
        most: what it may use of one campaign's limits.
        stays: whether it waits for more, when nothing is left to do.
        say: told what happens.

    Raises:
        UsageError: no database is named, or the origin is none.
        ConfigError: there is no key, it may not be sent there, or a batch file is unusable.
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
    again = [
        word
        for name in _AGAIN
        if options.get(name)
        for word in (f"--{name.replace('_', '-')}", str(options[name]))
    ]
    kept = [
        Timetable(
            file=file,
            memory=Memory(user_data_dir(environ) / "fleet", file),
            come=partial(come, url),
            child=Child(("run", str(file), "--quiet", *again), {**environ, VARIABLE: url}),
            now=now,
            say=say,
        )
        for file in (path.resolve() for path in batches)
    ]
    return Post(url=url, origin=settings.base_url, hired=hired, timetables=kept)
