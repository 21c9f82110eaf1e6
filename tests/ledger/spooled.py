"""A sheet as the ledger is given it, made from plain rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from batch_runner.core.identity import Basis
from batch_runner.core.jobs import RowSpec
from batch_runner.ledger.enrol import Reading
from batch_runner.ledger.spool import Spool


def spooled(specs: Sequence[RowSpec]) -> Spool:
    """The rows on their way into the ledger."""
    rows = Spool()
    for spec in specs:
        one = spec.identity
        shown = {"task_id": one.shown_task, "job": one.shown_job, "status": one.shown_status}
        rows.add(spec, {name: text for name, text in shown.items() if text is not None})
    rows.complete()
    return rows


def reading(
    specs: Sequence[RowSpec], at: datetime, *, basis: Basis, origin: str, midway: bool = False
) -> Reading:
    """A worksheet as it was read; whether a row is wanted or adopts something, it says itself."""
    by_spot = {spec.identity.spot: spec for spec in specs}
    return Reading(
        rows=spooled(specs),
        mark=lambda candidate: by_spot[candidate.spec.identity.spot],
        at=at,
        basis=basis,
        origin=origin,
        midway=midway,
    )
