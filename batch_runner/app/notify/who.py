"""Who is told, also of a run that could not begin."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from batch_runner.app.place.sidecar import config_owner
from batch_runner.core.errors import BatchRunnerError
from batch_runner.settings.notify import Notify, named_by
from batch_runner.settings.resolve import resolve


def who_is_told(sheet: Path, options: Mapping[str, object], environ: Mapping[str, str]) -> Notify:
    """Who wants to know of this sheet's runs; as much of it as can be read."""
    try:
        return resolve(config_owner(Path(os.path.realpath(sheet))), options, environ).notify
    except BatchRunnerError:
        pass  # told already; it may be the very thing that they are to hear of
    try:
        return named_by(options, environ, Notify())
    except BatchRunnerError:
        return Notify()
