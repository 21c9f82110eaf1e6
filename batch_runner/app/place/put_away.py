"""A finished sheet moves into a folder of done ones, with all that belongs to it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from batch_runner.app.campaign import Campaign
from batch_runner.app.move import move_sidecar
from batch_runner.app.place.database import beside
from batch_runner.app.place.home import sidecar_of
from batch_runner.app.place.ledger_place import ledger_file
from batch_runner.app.run.outcome import DONE, Ending
from batch_runner.core.errors import BatchRunnerError, UsageError
from batch_runner.core.language import phrase

FINISHED = frozenset({"succeeded", "skipped"})


def is_finished(ending: Ending) -> bool:
    """Whether nothing is left to do or to look at in a sheet, and all results stand in it."""
    left = {state for state, number in ending.totals.states.items() if number} - FINISHED
    there = ending.results_in == ending.sheet
    missing = ending.totals.video_missing or ending.totals.unpublished
    return ending.code == DONE and not left and not missing and there


def put_away(campaign: Campaign, folder: Path) -> Path:
    """Move a sheet, its sidecar and the config beside it; gives the sheet's new path.

    The sheet goes first: should the rest be interrupted, nothing is left in the old folder that
    a later run could take for a sheet, and ``batch-runner move`` does what is missing.

    Raises:
        BatchRunnerError: it cannot be moved; it stays where it was.
    """
    sheet, state = campaign.source, campaign.settings.state_dir
    data = campaign.data
    target = next(path for path in _names(folder.resolve(), sheet) if _is_free(path, state, data))
    _move(sheet, target)
    try:
        base = campaign.database
        place = ledger_file if base is None else partial(beside, base)
        move_sidecar(sheet, target, state, data, place)
    except BatchRunnerError:
        target.rename(sheet)
        raise
    for config in (sheet.with_name(f"{sheet.name}.yaml"), sheet.with_name(f"{sheet.stem}.yaml")):
        if campaign.settings.config == config:
            _move(config, target.with_name(f"{target.name}.yaml"))
    return target


def _names(folder: Path, sheet: Path) -> Iterator[Path]:
    """``a.csv``, ``a-2.csv``, ``a-3.csv`` ..."""
    yield folder / sheet.name
    for number in itertools.count(2):
        yield folder / f"{sheet.stem}-{number}{sheet.suffix}"


def _is_free(path: Path, state: Path | None, data: Path) -> bool:
    beside = path.with_name(f"{path.name}.yaml")
    return not any(p.exists() for p in (path, beside, sidecar_of(path, state, data).folder))


def _move(old: Path, new: Path) -> None:
    try:
        new.parent.mkdir(parents=True, exist_ok=True)
        old.rename(new)
    except OSError as error:
        raise UsageError(
            phrase(
                "it cannot be moved to {new} ({reason}).", new=new, reason=error.strerror or error
            ),
            code="cannot_move",
            where=str(old),
            hint=phrase(
                "The folder 'done' must be writable and on the same disk. The sheet stays."
            ),
        ) from error
