"""What a ledger adds up to; however large it is, an index has the answer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from batch_runner.core.jobs import Totals
from batch_runner.core.lifecycle import State, shown
from batch_runner.ledger.database import Connection
from batch_runner.ledger.rows import (
    MAY_BE_OPEN,
    NEW_TROUBLE,
    UNPUBLISHED,
    WITHOUT_VIDEO,
    to_time,
)


def totals(connection: Connection) -> Totals:
    """The campaign in numbers."""
    states: Counter[str] = Counter()
    for row in connection.execute(
        "SELECT state, count(*) AS n FROM jobs WHERE row IS NOT NULL GROUP BY state"
    ):
        states[shown(State(row["state"]))] += row["n"]
    sums = connection.execute(
        f"""SELECT (SELECT coalesce(sum(cost), 0) FROM attempts WHERE cost IS NOT NULL) AS cost,
                  (SELECT total FROM held) AS held,
                  (SELECT coalesce(sum(estimate_high), 0) FROM jobs INDEXED BY jobs_queued
                   WHERE row IS NOT NULL AND state = 'queued') AS estimated,
                  (SELECT at FROM events ORDER BY id DESC LIMIT 1) AS changed_at,
                  (SELECT created_at FROM jobs WHERE id = (SELECT max(id) FROM jobs))
                      AS grown_at,
                  (SELECT count(*) FROM jobs j INDEXED BY jobs_video WHERE {WITHOUT_VIDEO}
                   AND error_code LIKE 'video%' AND row IS NOT NULL) AS video_missing,
                  (SELECT count(*) FROM jobs WHERE {UNPUBLISHED} AND row IS NOT NULL)
                      AS unpublished,
                  (SELECT count(*) FROM jobs WHERE row IS NOT NULL AND state = 'failed'
                   AND error_code IN ('content_policy', 'bad_input')) AS refused,
                  (SELECT count(*) FROM jobs WHERE row IS NOT NULL AND wanted
                   AND state = 'queued') AS unsent,
                  (SELECT count(*) FROM jobs WHERE variant > 1 AND row IS NOT NULL) AS further,
                  (SELECT count(*) FROM jobs WHERE {NEW_TROUBLE}) AS new_troubles"""  # noqa: S608 - constants
    ).fetchone()
    return Totals(
        rows=sum(states.values()) - sums["further"],
        states=dict(states),
        cost=int(sums["cost"]),
        held=sums["held"],
        estimated=int(sums["estimated"]),
        updated_at=to_time(max(sums["changed_at"] or 0, sums["grown_at"] or 0) or None),
        video_missing=sums["video_missing"],
        unpublished=sums["unpublished"],
        refused=sums["refused"],
        unsent=sums["unsent"],
        new_troubles=sums["new_troubles"],
    )


def price_ratios(connection: Connection, model: str, last: int = 200) -> list[float]:
    """What the last paid tasks of a model cost, as parts of their highest estimate, sorted.

    Only where today's estimate is of the very request that was paid.
    """
    rows = connection.execute(
        """SELECT 1.0 * a.cost / j.estimate_high AS ratio
           FROM attempts a JOIN jobs j ON j.id = a.job AND j.body = a.body
           WHERE a.model = ? AND a.duration IS NOT NULL AND a.cost > 0 AND j.estimate_high > 0
           ORDER BY a.ended_at DESC NULLS LAST LIMIT ?""",
        (model, last),
    )
    return sorted(float(row["ratio"]) for row in rows)


def jobs_sent_since(connection: Connection, at: float) -> int:
    """How many jobs were sent since then, and do not wait to be sent again."""
    (count,) = connection.execute(
        """SELECT count(DISTINCT a.job) FROM attempts a JOIN jobs j ON j.id = a.job
           WHERE a.last_sent_at >= ? AND j.state <> 'queued'""",
        (at,),
    ).fetchone()
    return int(count)


def models(connection: Connection) -> tuple[frozenset[str], frozenset[str]]:
    """The models whose task times are known, and those that are to be used soon."""
    known = connection.execute(
        # From one model to the next by the index; DISTINCT would look at every attempt.
        """WITH RECURSIVE known (model) AS (
               SELECT min(model) FROM attempts WHERE duration IS NOT NULL
               UNION ALL
               SELECT (SELECT min(model) FROM attempts
                       WHERE duration IS NOT NULL AND model > known.model)
               FROM known WHERE model IS NOT NULL)
           SELECT model FROM known WHERE model IS NOT NULL"""
    )
    soon = connection.execute(
        f"""SELECT model FROM (SELECT model FROM jobs WHERE state = 'queued'
                ORDER BY priority, scope, row LIMIT 1000) AS next
            UNION SELECT model FROM jobs WHERE {MAY_BE_OPEN}"""  # noqa: S608 - constants
    )
    return frozenset(row["model"] for row in known), frozenset(row["model"] for row in soon)


def links_until(connection: Connection) -> datetime | None:
    """When the first link to a video dies that is still to be had."""
    (soonest,) = connection.execute(
        f"SELECT min(expires_at) FROM jobs j WHERE {WITHOUT_VIDEO} AND expires_at IS NOT NULL"  # noqa: S608 - constants
    ).fetchone()
    return to_time(soonest)


def count_open(connection: Connection) -> int:
    """Rows of the sheet that are on their way at the provider."""
    (count,) = connection.execute(
        f"""SELECT count(*) FROM jobs WHERE {MAY_BE_OPEN}
            AND state IN ('submitting', 'running', 'fetching') AND row IS NOT NULL"""  # noqa: S608 - constants
    ).fetchone()
    return int(count)


def count_sent(connection: Connection, row_hashes: Sequence[str]) -> int:
    """How many of these row hashes belong to jobs that cost money, or may have."""
    (count,) = connection.execute(
        """SELECT count(*) FROM json_each(?) AS asked WHERE EXISTS
               (SELECT 1 FROM jobs WHERE row_hash = asked.value
                AND (task_id IS NOT NULL OR state IN ('submitting', 'unknown')))""",
        (json.dumps(list(row_hashes)),),
    ).fetchone()
    return int(count)
