"""Money of the user's own budgets, reserved in their books before a claim is made."""

from __future__ import annotations

from batch_runner.core.jobs import ClaimTerms
from batch_runner.core.spend import Refused, Reservation
from batch_runner.ledger.database import Connection, Row


def refused(
    connection: Connection, row: Row, attempt: int | None, terms: ClaimTerms
) -> Refused | None:
    """Reserve in the user's books what this send may cost; or what forbids it.

    A replay is not asked about: it holds its money since it was sent first.
    """
    if terms.reserve is None:
        return None
    key, sends = terms.key, 0
    if attempt is not None:
        key, sends = connection.execute(
            "SELECT key, sends FROM attempts WHERE job = ? AND n = ?", (row["id"], attempt)
        ).fetchone()
    return terms.reserve(
        Reservation(
            key=key,
            at=terms.now,
            model=row["model"],
            micros=row["estimate_high"] or 0,
            sends=sends + 1,
        )
    )
