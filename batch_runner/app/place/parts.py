"""Half-downloaded videos: what they are called, and which of them may go."""

from __future__ import annotations

import asyncio
import hashlib
import re
from pathlib import Path

from batch_runner.ledger.ledger import Ledger

_NAME = re.compile(r"(?P<task>[0-9a-f]{16})((\.notes)?\.part|\.whole\.[a-z0-9]+)")


class PartNames:
    """Names parts by their task: found again after the row was moved, or its link replaced.

    Another campaign that looks at the same task has other names, so two runs never share a part.
    """

    def __init__(self, campaign: str) -> None:
        """``campaign``: its id."""
        self._campaign = campaign

    @classmethod
    async def of(cls, ledger: Ledger) -> PartNames:
        """Those of a ledger's campaign."""
        return cls(await ledger.meta("campaign") or "")

    def name(self, task_id: str) -> str:
        """The file name of a task's part."""
        return f"{self._digest(task_id)}.part"

    def whole(self, task_id: str) -> str:
        """What its video is called, without extension, until it is put elsewhere."""
        return f"{self._digest(task_id)}.whole"

    def _digest(self, task_id: str) -> str:
        return hashlib.sha256(f"{self._campaign}\n{task_id}".encode()).hexdigest()[:16]


async def sweep_parts(folder: Path, ledger: Ledger) -> None:
    """Remove parts that nobody will continue: their video is there, or no longer wanted.

    A video folder may be anybody's: only parts of this ledger's tasks are ours.
    """
    found = await asyncio.to_thread(_parts, folder)
    if not found:
        return
    names = await PartNames.of(ledger)
    waiting = [*await ledger.open_jobs(), *await ledger.without_video()]
    wanted = {names.name(job.task_id) for job in waiting if job.task_id is not None}
    ours = {names.name(task_id) for task_id in await ledger.task_ids()}
    for path, task in found.items():
        if f"{task}.part" in ours - wanted:
            path.unlink(missing_ok=True)


def _parts(folder: Path) -> dict[Path, str]:
    """What looks like a part, or a whole that was to go elsewhere, and what stands for its task."""
    found = (*folder.glob("*.part"), *folder.glob("*.whole.*"))
    paths = {path: _NAME.fullmatch(path.name) for path in found}
    return {path: match["task"] for path, match in paths.items() if match is not None}
