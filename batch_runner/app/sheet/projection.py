"""What a job looks like in its row: from the ledger's truth to result cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from batch_runner.core.celltext import plain_text, starts_formula
from batch_runner.core.identity import MARK_LENGTH
from batch_runner.core.jobs import Job
from batch_runner.core.lifecycle import State, shown
from batch_runner.core.model import MICROS, OutCell
from batch_runner.core.outcolumns import VARIANT_COLUMNS
from batch_runner.core.variants import column_name

Localise = Callable[[datetime], datetime]

BLANK = OutCell(value=None)


def project(job: Job, localise: Localise, *, at_end: bool) -> Mapping[str, OutCell]:
    """The result cells of a job; ``at_end``: nothing is being sent any more.

    Eight of a row's best video, or its only one; of its other variants seven, under numbered names.

    The ``job`` mark says "this row may have been sent". While a run is on, every row that it
    may send bears it, since the sheet lags behind the ledger; afterwards only those that were.
    """
    word = shown(job.state)
    url = job.link
    unsent = job.state in {State.INVALID, State.SKIPPED} or (
        at_end and job.state is State.QUEUED and job.attempt == 0
    )
    file = _path(job.video_file)
    cells = {
        "status": OutCell(value=str(word)),
        "video_url": OutCell(value=url, link=url) if url else BLANK,
        "video_file": OutCell(value=file, link=file) if file else BLANK,
        "task_id": OutCell(value=job.task_id),
        "cost_usd": OutCell(value=None if job.cost is None else job.cost / MICROS),
        "error": OutCell(value=job.error or None),
        "finished_at": OutCell(value=_time(job.finished_at, localise)),
        "job": OutCell(value=None if unsent else job.row_hash[:MARK_LENGTH]),
    }
    if job.place == 1:
        return cells
    return {column_name(name, job.place): cells[name] for name in VARIANT_COLUMNS}


def _path(file: str | None) -> str | None:
    """A path that no spreadsheet program takes for a formula, and that is still a path."""
    return f"./{file}" if file and starts_formula(file) else file


def _time(at: datetime | None, localise: Localise) -> str | None:
    return None if at is None else localise(at).isoformat(timespec="seconds")


def seen_as(cell: OutCell) -> str:
    """A cell as the sheet shows it: its text, or which picture it is."""
    return cell.picture.mark if cell.picture is not None else plain_text(cell.value)


def differing(cells: Mapping[str, OutCell], present: Mapping[str, str]) -> Mapping[str, OutCell]:
    """Only the cells that the sheet does not show already."""
    return {name: cell for name, cell in cells.items() if seen_as(cell) != present.get(name, "")}
