"""How old things are, for those who watch from afar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from batch_runner.ledger.database import Connection
from batch_runner.ledger.rows import MAY_BE_OPEN, to_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """Moments that say whether things go on."""

    oldest_task: datetime | None  # when the oldest task still at work was accepted
    last_success: datetime | None  # when a run ended last with everything done


def vitals(connection: Connection) -> Vitals:
    """The moments; each by an index or from the few rows of runs."""
    row = connection.execute(
        f"""SELECT (SELECT min(a.accepted_at) FROM jobs j
                       JOIN attempts a ON a.job = j.id AND a.n = j.attempt
                       WHERE j.{MAY_BE_OPEN} AND j.state = 'running') AS oldest_task,
                   (SELECT max(ended_at) FROM runs WHERE exit = 0) AS last_success"""  # noqa: S608
    ).fetchone()
    return Vitals(
        oldest_task=to_time(row["oldest_task"]), last_success=to_time(row["last_success"])
    )
