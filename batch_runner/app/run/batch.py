"""What one command runs: its sheets, and what they have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from batch_runner.app.place.find_sheets import Wanted, each_once, expanded, find_sheets
from batch_runner.core.errors import UsageError
from batch_runner.core.language import phrase
from batch_runner.settings.batch import BATCH_SUFFIXES, BatchConfig, read_batch

AT_ONCE = 4  # sheets, unless it is said otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The sheets of one command."""

    sheets: Sequence[Wanted]
    several: bool = True  # whatever their number: more than one sheet could have been meant
    left: Sequence[Path] = ()  # spreadsheets in folders that are of a kind that cannot be read
    at_once: int = AT_ONCE
    options: Mapping[str, object] = field(default_factory=dict)  # as if given on the command line
    budget: int | None = None  # micro-dollars for all of them in this run
    done: Path | None = None  # folder that takes finished sheets

    def options_for(self, wanted: Wanted, typed: Mapping[str, object]) -> dict[str, object]:
        """The options of one sheet: those that were typed, else what the batch says."""
        named = {} if wanted.config is None else {"config": wanted.config}
        return {**self.options, **named, **typed}


def batch_of(given: Sequence[Path], data: Path) -> Batch:
    """The sheets that paths, folders, patterns, or one batch file stand for.

    ``data``: the folder of what all sheets of the user share.

    Raises:
        UsageError: a batch file is named beside other things.
        ConfigError: the batch file is unusable.
        SheetError: a folder cannot be read or is not there.
    """
    files = [path for path in given if path.suffix.lower() in BATCH_SUFFIXES]
    if not files:
        found = [find_sheets(path, data) for path in given]
        sheets = each_once(one for some in found for one in some.wanted())
        single = len(given) == 1 and (
            [one.path for one in sheets] == list(given) or found[0].link is not None
        )
        left = [path for some in found for path in some.unreadable]
        return Batch(sheets=sheets, several=not single, left=left)
    if len(given) > 1:
        raise UsageError(
            phrase("{file} lists sheets; it is named alone.", file=files[0].name),
            code="batch_beside_others",
            hint=phrase("Put the other sheets into it, or run them by a command of their own."),
        )
    return _from_file(files[0], read_batch(files[0]), data)


def _from_file(path: Path, config: BatchConfig, data: Path) -> Batch:
    def place(name: str) -> Path:
        return path.parent / expanded(Path(name))

    wanted: list[Wanted] = []
    left: list[Path] = []
    for entry in config.sheets:
        named = entry.config or config.config
        beside = None if named is None else place(named)
        found = find_sheets(Path(entry.path), data, path.parent)
        wanted += found.wanted(beside)
        left += found.unreadable
    rate, deadline = config.limits.rate, config.deadline
    options = {
        "concurrency": config.limits.concurrency,
        "rate": None if rate is None else f"{rate:.9f}/s",
        "deadline": None if deadline is None else f"{deadline:.3f}s",
    }
    return Batch(
        sheets=each_once(wanted),
        left=left,
        at_once=config.at_once,
        options={name: value for name, value in options.items() if value is not None},
        budget=config.budget.run_usd,
        done=None if config.done is None else place(config.done),
    )
