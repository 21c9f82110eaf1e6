"""The attempts of many jobs at once, as far as somebody who looks at videos asks for them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from batch_runner.ledger.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One attempt at a row's video."""

    n: int
    task_id: str | None
    video_file: str | None  # relative to the sheet's folder, with /
    cost: int | None  # micro-dollars
    duration: float | None  # seconds at the provider
    error: str


def takes(connection: Connection, jobs: Sequence[int]) -> Mapping[int, Sequence[Take]]:
    """Job -> its attempts in order, for those of these jobs that were sent."""
    rows = connection.execute(
        """SELECT job, n, task_id, video_file, cost, duration, error FROM attempts
           WHERE job IN (SELECT CAST(value AS BIGINT) FROM json_each(?)) ORDER BY job, n""",
        (json.dumps(list(jobs)),),
    )
    found: dict[int, list[Take]] = defaultdict(list)
    for row in rows:
        values = dict(row)
        found[values.pop("job")].append(Take(**values))
    return found


def in_sheet(connection: Connection) -> Sequence[int]:
    """The jobs that stood in the sheet when it was read last, in its order."""
    rows = connection.execute("SELECT id FROM jobs WHERE row IS NOT NULL ORDER BY scope, row, id")
    return [row["id"] for row in rows]


def sent_before(connection: Connection) -> Sequence[int]:
    """Jobs that were sent and whose rows are edited or gone since."""
    rows = connection.execute("SELECT id FROM jobs WHERE row IS NULL AND attempt > 0 ORDER BY id")
    return [row["id"] for row in rows]
