"""What must hold of a campaign after whatever happened: read from the outside, checked in one place."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from batch_runner.app.place.ledger_place import LedgerFile, reading
from batch_runner.app.place.sidecar import Sidecar
from batch_runner.app.sheet.projection import project
from batch_runner.core.celltext import plain_text
from batch_runner.core.jobs import Job
from batch_runner.ledger.views import Attempt
from tests.crash.harness import OUT, Campaign

LEFT_OVER = re.compile(r"\.tmp$|\.part$|\.new$|-wal$|-shm$|^saved-")
KEPT = re.compile(r"(ledger\.sqlite|run\.lock|run\.holder\.json|run\.log|original\.(csv|xlsx))$")


@dataclass(frozen=True)
class Books:
    """Both sides of the money: what the provider took, and what the ledger knows."""

    tasks: Sequence[dict[str, Any]]
    jobs: Sequence[Job]
    attempts: dict[str, tuple[Job, Attempt]]  # by idempotency key
    held: int = 0  # micro-dollars that count against the sheet's budget

    @property
    def duplicates(self) -> int:
        """Tasks accepted beyond one for each attempt."""
        keys = Counter(task["idempotency_key"] for task in self.tasks)
        return sum(n - 1 for n in keys.values())

    @property
    def unasked(self) -> int:
        """Tasks whose attempt the ledger does not know, or of whose body it knows fewer."""
        return sum(task["idempotency_key"] not in self.attempts for task in self.tasks)

    @property
    def lost(self) -> list[str]:
        """Accepted tasks that are neither linked nor held as unknown."""
        return [task["task_id"] for task in self.tasks if not self._is_kept(task)]

    def _is_kept(self, task: dict[str, Any]) -> bool:
        found = self.attempts.get(task["idempotency_key"])
        if found is None:
            return False
        job, attempt = found
        held = job.state == "unknown" and job.attempt == attempt.n
        return held or attempt.task_id == task["task_id"]

    @property
    def unknown(self) -> set[str]:
        """Idempotency keys of the attempts of which nobody knows."""
        return {job.idempotency_key for job in self.jobs if job.state == "unknown"}

    @property
    def on_their_way(self) -> set[str]:
        """Idempotency keys of the attempts that were being sent."""
        return {job.idempotency_key for job in self.jobs if job.state == "submitting"}


def read_books(campaign: Campaign, tasks: Sequence[dict[str, Any]]) -> Books:
    """Both books as they are now."""
    return asyncio.run(read_ledger(Sidecar(campaign.sidecar).ledger, tasks))


async def read_ledger(path: Path, tasks: Sequence[dict[str, Any]]) -> Books:
    """What a ledger knows of the tasks that were accepted."""
    async with reading(LedgerFile(path)) as ledger:
        if ledger is None:
            return Books(tasks, (), {})
        jobs = await ledger.jobs_in_sheet()
        attempts = {a.key: (job, a) for job in jobs for a in await ledger.attempts(job.id)}
        return Books(tasks, jobs, attempts, (await ledger.totals()).held)


def paid_once_and_kept(books: Books) -> None:
    """Promises 1 and 2."""
    assert books.duplicates == 0
    assert books.unasked == 0
    assert books.lost == []


def user_books_agree(home: Path, campaign: Campaign, books: Books) -> None:
    """Promise 7: what the user's own books hold of this sheet is what its ledger holds."""
    (store,) = home.rglob("spend.sqlite")
    with closing(sqlite3.connect(store)) as connection:
        held, reserved = connection.execute(
            """SELECT coalesce(sum(amount), 0), count(*) FILTER (WHERE reserved)
               FROM charges JOIN sources ON sources.id = source WHERE ledger = ?""",
            (str(campaign.ledger),),
        ).fetchone()
    assert (held, reserved) == (books.held, 0)


def sheet_shows_the_ledger(campaign: Campaign, books: Books) -> None:
    """Every result cell is what the ledger's job makes of it."""
    campaign.is_whole()
    head, *lines = campaign.grid()
    for job in books.jobs:
        assert job.row is not None
        line = dict(zip(head, lines[job.row - 2], strict=True))
        made = project(job, lambda at: at, at_end=True)
        for name in OUT:
            wanted, shown = plain_text(made[name].value), plain_text(line[name])
            if name == "finished_at":
                wanted, shown = _utc(wanted), _utc(shown)
            assert shown == wanted, (job.name, name)


def nothing_is_left_behind(campaign: Campaign) -> None:
    """No temporary file stays, and each video belongs to a row."""
    files = {path.relative_to(campaign.folder).as_posix() for path in campaign.files()}
    assert [name for name in files if LEFT_OVER.search(name.rpartition("/")[2])] == []
    linked = {row["video_file"] for row in campaign.rows()} - {""}
    inside = {name for name in files if name.startswith(f"{campaign.sidecar.name}/")}
    assert {name for name in inside if not KEPT.search(name)} == linked
    assert files - inside == {campaign.sheet.name, "campaign.yaml"}
    assert next(campaign.sidecar.glob("original.*")).read_bytes() == campaign.first_bytes
    for row in campaign.rows():
        if row["video_file"]:
            content = (campaign.folder / row["video_file"]).read_bytes()
            assert content[4:8] == b"ftyp"
            assert content.endswith(row["task_id"].encode())  # the sandbox writes it there


def _utc(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(UTC).isoformat() if text else ""
